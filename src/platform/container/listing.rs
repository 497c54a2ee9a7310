//! Lists what a container holds and refuses what no export of a platform holds, before anything is read.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use crate::platform::container::{Kind, Limits, Member, Place};
use crate::platform::error::PlatformError;
use crate::platform::names::Names;
use crate::platform::refusal;

/// Below this size no ratio is too great.
const RATIO_FREE: u64 = 1024 * 1024;
/// Greatest size of what is unpacked for each byte packed.
const RATIO: u64 = 100;

/// What the first bytes of a file say it is.
pub(super) fn kind_of(path: &Path, name: &str) -> Result<Kind, PlatformError> {
    let failed = |source| PlatformError::io(name, source);
    let head = |reader: &mut dyn Read| -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        reader.take(512).read_to_end(&mut head)?;
        Ok(head)
    };
    let first = head(&mut File::open(path).map_err(failed)?).map_err(failed)?;
    if first.starts_with(b"PK\x03\x04") || first.starts_with(b"PK\x05\x06") {
        return Ok(Kind::Zip);
    }
    if first.starts_with(&[0x1f, 0x8b]) {
        let file = File::open(path).map_err(failed)?;
        let inner = head(&mut flate2::read::MultiGzDecoder::new(BufReader::new(file)))
            .map_err(|error| PlatformError::damaged(name, gzip(&error)))?;
        if is_tar(&inner) {
            return Ok(Kind::TarGz);
        }
        return Err(PlatformError::expected(name, "ett tar-arkiv i gzip-filen"));
    }
    Ok(if is_tar(&first) {
        Kind::Tar
    } else {
        Kind::Single
    })
}

/// Whether a block is a tar header: its checksum holds.
fn is_tar(block: &[u8]) -> bool {
    let Some(stored) = block.get(148..156).filter(|_| block.len() == 512) else {
        return false;
    };
    let text = String::from_utf8_lossy(stored);
    let digits = text.trim_matches(|c| c == '\0' || c == ' ');
    let Ok(expected) = u32::from_str_radix(digits, 8) else {
        return false;
    };
    let sum: u32 = block
        .iter()
        .enumerate()
        .map(|(index, byte)| {
            if (148..156).contains(&index) {
                32
            } else {
                u32::from(*byte)
            }
        })
        .sum();
    sum == expected
}

/// Unpacks gzip into `to`, counting what comes out.
pub(super) fn gunzip(
    from: &Path,
    to: &Path,
    name: &str,
    limits: Limits,
) -> Result<(), PlatformError> {
    let failed = |source| PlatformError::io(name, source);
    let packed = fs::metadata(from).map_err(failed)?.len();
    let file = File::open(from).map_err(failed)?;
    let mut reader = flate2::read::MultiGzDecoder::new(BufReader::new(file));
    let mut out = File::options()
        .write(true)
        .create_new(true)
        .open(to)
        .map_err(failed)?;
    let mut piece = vec![0_u8; 256 * 1024];
    let mut total = 0_u64;
    loop {
        let read = reader
            .read(&mut piece)
            .map_err(|error| PlatformError::damaged(name, gzip(&error)))?;
        if read == 0 {
            return Ok(());
        }
        total += read as u64;
        check_amount(total, packed, limits).map_err(|reason| PlatformError::Unsafe {
            container: name.to_owned(),
            reason,
        })?;
        out.write_all(&piece[..read]).map_err(failed)?;
    }
}

/// What is wrong with gzip data; flate2's words are English and name no place.
fn gzip(error: &io::Error) -> &'static str {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        "gzip-filen slutar för tidigt; hämta filen på nytt"
    } else {
        "gzip-datan går inte att packa upp; hämta filen på nytt"
    }
}

/// The same of zip's directory. What an archive may not hold here is said where it is looked for.
fn zip_error(error: &zip::result::ZipError) -> &'static str {
    if matches!(error, zip::result::ZipError::UnsupportedArchive(_)) {
        "zip-arkivet är packat på ett sätt som inte går att läsa; packa upp det och ta in mappen"
    } else {
        "zip-arkivets innehållsförteckning går inte att läsa eller säger emot filerna; hämta arkivet på nytt"
    }
}

/// The same of tar.
const TAR: &str = "tar-arkivet är avkortat eller felaktigt; hämta arkivet på nytt";
/// The same of a folder.
const FOLDER: &str =
    "en mapp eller fil i den går inte att läsa; kontrollera att du har rätt att läsa allt i den";

fn check_amount(unpacked: u64, packed: u64, limits: Limits) -> Result<(), String> {
    if unpacked > limits.bytes {
        return Err(format!("uppackad är den mer än {} byte", limits.bytes));
    }
    if unpacked > RATIO_FREE && unpacked / RATIO > packed {
        return Err("uppackad är den mer än 100 gånger så stor: en sådan fil kan vara gjord för att fylla disken".to_owned());
    }
    Ok(())
}

/// The entries of a container while they are listed.
#[derive(Debug)]
pub(super) struct Listing {
    container: String,
    part: usize,
    limits: Limits,
    names: Names,
    entries: u64,
    total: u64,
    pub(super) members: Vec<Member>,
}

impl Listing {
    pub(super) fn new(container: String, part: usize, limits: Limits) -> Self {
        Self {
            container,
            part,
            limits,
            names: Names::default(),
            entries: 0,
            total: 0,
            members: Vec::new(),
        }
    }

    pub(super) fn refuse(&self, reason: impl Into<String>) -> PlatformError {
        PlatformError::Unsafe {
            container: self.container.clone(),
            reason: reason.into(),
        }
    }

    /// Counts an entry and checks its name.
    fn entry(&mut self, name: &str) -> Result<String, PlatformError> {
        self.entries += 1;
        if self.entries > self.limits.entries {
            return Err(self.refuse(format!(
                "den har fler än {} filer och mappar",
                self.limits.entries
            )));
        }
        self.names.take(name).map_err(|reason| self.refuse(reason))
    }

    pub(super) fn add(
        &mut self,
        name: &str,
        (bytes, packed): (u64, Option<u64>),
        place: Place,
        crc: Option<u32>,
    ) -> Result<(), PlatformError> {
        let name = self.entry(name)?;
        self.total = self.total.saturating_add(bytes);
        check_amount(self.total, u64::MAX, self.limits).map_err(|reason| self.refuse(reason))?;
        if let Some(packed) = packed {
            check_amount(bytes, packed, self.limits)
                .map_err(|reason| self.refuse(format!("{name:?}: {reason}")))?;
        }
        self.members.push(Member {
            name,
            bytes,
            place,
            part: self.part,
            crc,
        });
        Ok(())
    }

    /// Sorts the files by name, so that two containers of the same files are read alike.
    fn sort(&mut self) {
        self.members.sort_by(|one, other| one.name.cmp(&other.name));
    }

    pub(super) fn folder(&mut self, root: &Path) -> Result<(), PlatformError> {
        let walk = walkdir::WalkDir::new(root).follow_links(false).min_depth(1);
        for entry in walk {
            let entry = entry.map_err(|_error| PlatformError::damaged(&self.container, FOLDER))?;
            let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
            let Some(name) = relative.to_str() else {
                return Err(self.refuse(refusal::NAME_NOT_TEXT));
            };
            let name = name.to_owned();
            let kind = entry.file_type();
            if kind.is_dir() {
                self.entry(&name)?;
            } else if kind.is_file() {
                let bytes = entry
                    .metadata()
                    .map_err(|_error| PlatformError::damaged(&self.container, FOLDER))?
                    .len();
                self.add(
                    &name,
                    (bytes, None),
                    Place::File(entry.path().to_owned()),
                    None,
                )?;
            } else {
                return Err(self.refuse(format!("{name:?} {}", refusal::SPECIAL)));
            }
        }
        self.sort();
        Ok(())
    }

    pub(super) fn zip(&mut self, path: &Path) -> Result<(), PlatformError> {
        let container = self.container.clone();
        let damaged =
            |error: zip::result::ZipError| PlatformError::damaged(&container, zip_error(&error));
        let failed = |source| PlatformError::io(&container, source);
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
        if archive.offset() != 0 {
            return Err(self.refuse("det står data före den första filen i arkivet"));
        }
        if !ends_with_directory(path, length, archive.comment().len()).map_err(failed)? {
            return Err(self.refuse("det står data efter arkivets slut"));
        }
        let mut taken = Vec::new();
        if archive.has_duplicate_names() {
            return Err(self.refuse(refusal::NAME_TWICE));
        }
        archive
            .validate_header_consistency()
            .map_err(|error| self.refuse(zip_error(&error)))?;
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(damaged)?;
            let facts = entry.entry();
            let name = facts.name().map_err(damaged)?.into_owned();
            if facts.encrypted() {
                return Err(self.refuse(format!(
                    "{name:?} är krypterad; packa upp arkivet med lösenordet och ta in mappen"
                )));
            }
            if facts.is_dir() {
                self.entry(&name)?;
                continue;
            }
            let special = facts
                .unix_mode()
                .is_some_and(|mode| !matches!(mode & 0o170_000, 0 | 0o100_000));
            if facts.is_symlink() || special {
                return Err(self.refuse(format!("{name:?} {}", refusal::SPECIAL)));
            }
            let (bytes, packed, crc) = (facts.size(), facts.compressed_size(), facts.crc32());
            let offset = entry.data_start().ok_or_else(|| {
                PlatformError::damaged(&container, format!("{name:?} saknar data"))
            })?;
            let method = facts.compression();
            let place = if method == zip::CompressionMethod::Stored && bytes == packed {
                Place::Stored { offset }
            } else if method == zip::CompressionMethod::Deflated {
                Place::Deflated { offset, packed }
            } else {
                return Err(self.refuse(format!(
                    "{name:?} är packad på ett okänt sätt; packa upp arkivet och ta in mappen"
                )));
            };
            self.add(&name, (bytes, Some(packed)), place, Some(crc))?;
            taken.push((offset, packed));
        }
        // Entries that share their bytes are how a small file claims to hold a great one.
        taken.sort_unstable();
        if taken
            .windows(2)
            .any(|pair| pair[0].0.saturating_add(pair[0].1) > pair[1].0)
        {
            return Err(self.refuse("två filer i arkivet ligger på samma byte"));
        }
        self.sort();
        Ok(())
    }

    pub(super) fn tar(&mut self, path: &Path) -> Result<(), PlatformError> {
        let container = self.container.clone();
        let damaged = |_error: io::Error| PlatformError::damaged(&container, TAR);
        let file = File::open(path).map_err(|source| PlatformError::io(&container, source))?;
        let length = file.metadata().map_err(damaged)?.len();
        let mut archive = tar::Archive::new(BufReader::new(file));
        for entry in archive.entries_with_seek().map_err(damaged)? {
            let entry = entry.map_err(damaged)?;
            let name = String::from_utf8(entry.path_bytes().into_owned())
                .map_err(|_bytes| self.refuse(refusal::NAME_NOT_TEXT))?;
            let kind = entry.header().entry_type();
            if kind.is_dir() {
                // `tar -c .` writes the folder itself first.
                if !matches!(name.as_str(), "." | "./") {
                    self.entry(&name)?;
                }
                continue;
            }
            if kind.is_pax_global_extensions() {
                continue;
            }
            if !kind.is_file() && !kind.is_contiguous() {
                return Err(self.refuse(format!("{name:?} {}", refusal::SPECIAL)));
            }
            let (offset, bytes) = (entry.raw_file_position(), entry.size());
            if offset.checked_add(bytes).is_none_or(|end| end > length) {
                return Err(PlatformError::damaged(
                    &container,
                    format!("{name:?} {}", refusal::UNREADABLE_ENTRY),
                ));
            }
            self.add(&name, (bytes, None), Place::Stored { offset }, None)?;
        }
        self.sort();
        Ok(())
    }
}

/// Whether the directory's end (ZIP APPNOTE 4.3.16) is the end of the file.
fn ends_with_directory(path: &Path, length: u64, comment: usize) -> io::Result<bool> {
    let Some(at) = length.checked_sub(22 + comment as u64) else {
        return Ok(false);
    };
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(at))?;
    let mut signature = [0_u8; 4];
    file.read_exact(&mut signature)?;
    Ok(signature == *b"PK\x05\x06")
}
