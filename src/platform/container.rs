//! Containers: a single file, a folder, a zip, tar or tar.gz. Everything is listed and checked before anything is read;
//! entries are streamed and never extracted; archives inside are not opened (evidence.md §7).

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::model::digest::{DigestPair, DigestStream, Sha256Hex};
use crate::model::ingest::ContainerFacts;
use crate::platform::error::PlatformError;
use crate::platform::names::Names;

/// Below this size no ratio is too great.
const RATIO_FREE: u64 = 1024 * 1024;
/// Greatest size of what is unpacked for each byte packed.
const RATIO: u64 = 100;

/// How much a container may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Entries.
    pub entries: u64,
    /// Bytes of all entries, unpacked.
    pub bytes: u64,
}

impl Default for Limits {
    /// A million entries and 200 GiB; a part of a platform's export is at most 50 GB.
    fn default() -> Self {
        Self {
            entries: 1_000_000,
            bytes: 200 * 1024 * 1024 * 1024,
        }
    }
}

/// What a container is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One file that is the export itself.
    Single,
    /// A folder.
    Folder,
    /// A zip archive.
    Zip,
    /// A tar archive.
    Tar,
    /// A tar archive compressed with gzip.
    TarGz,
}

/// A file in a container.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name with `/`; for a single file the file's own name.
    pub name: String,
    /// Its length, unpacked.
    pub bytes: u64,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    /// A file of its own.
    File(PathBuf),
    /// A part of the container's file.
    Stored { offset: u64 },
    /// A compressed part of the container's file.
    Deflated { offset: u64, packed: u64 },
}

/// An open container.
#[derive(Debug)]
pub struct Container {
    name: String,
    path: PathBuf,
    /// The file that offsets point into: the container, or the tar unpacked from its gzip.
    backing: PathBuf,
    kind: Kind,
    members: Vec<Member>,
    crcs: Vec<Option<u32>>,
}

impl Container {
    /// Opens the file or folder at `path` and checks every entry. `scratch` is an empty folder for unpacked gzip.
    pub fn open(path: &Path, scratch: &Path, limits: Limits) -> Result<Self, PlatformError> {
        let name = path.file_name().map_or_else(
            || path.display().to_string(),
            |name| name.to_string_lossy().into_owned(),
        );
        let metadata = fs::metadata(path).map_err(|source| PlatformError::io(&name, source))?;
        let mut container = Self {
            name,
            path: path.to_owned(),
            backing: path.to_owned(),
            kind: Kind::Single,
            members: Vec::new(),
            crcs: Vec::new(),
        };
        let mut listing = Listing::new(container.name.clone(), limits);
        if metadata.is_dir() {
            container.kind = Kind::Folder;
            listing.folder(path)?;
        } else if metadata.is_file() {
            container.kind = kind_of(path, &container.name)?;
            match container.kind {
                Kind::Zip => listing.zip(path)?,
                Kind::Tar => listing.tar(path)?,
                Kind::TarGz => {
                    container.backing = scratch.join("unpacked.tar");
                    gunzip(path, &container.backing, &container.name, limits)?;
                    listing.tar(&container.backing)?;
                }
                Kind::Single | Kind::Folder => {
                    listing.add(
                        &container.name.clone(),
                        (metadata.len(), None),
                        Place::File(path.to_owned()),
                        None,
                    )?;
                }
            }
        } else {
            return Err(listing.refuse("it is neither a file nor a folder"));
        }
        container.members = listing.members;
        container.crcs = listing.crcs;
        Ok(container)
    }

    /// Name of the file or folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is on disk.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its files, sorted by name.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The number of the file named `name`.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.members
            .binary_search_by(|member| member.name.as_str().cmp(name))
            .ok()
    }

    /// The place of a file for messages: `archive.zip: outbox.json`.
    pub fn place(&self, member: usize) -> String {
        match self.members.get(member) {
            Some(member) if self.kind != Kind::Single => format!("{}: {}", self.name, member.name),
            _ => self.name.clone(),
        }
    }

    /// The file's name for the evidence of a post; `None` where the container is the file.
    pub fn member_name(&self, member: usize) -> Option<String> {
        if self.kind == Kind::Single {
            return None;
        }
        self.members.get(member).map(|member| member.name.clone())
    }

    /// Opens a file. Reading fails where the bytes are more, fewer or others than the container says.
    pub fn read(&self, member: usize) -> Result<BufReader<Box<dyn Read>>, PlatformError> {
        let place = self.place(member);
        let Some(entry) = self.members.get(member) else {
            return Err(PlatformError::damaged(place, "there is no such entry"));
        };
        let failed = |source| PlatformError::io(place.clone(), source);
        let reader: Box<dyn Read> = match &entry.place {
            Place::File(path) => Box::new(File::open(path).map_err(failed)?),
            Place::Stored { offset } => {
                let mut file = File::open(&self.backing).map_err(failed)?;
                file.seek(SeekFrom::Start(*offset)).map_err(failed)?;
                Box::new(file.take(entry.bytes))
            }
            Place::Deflated { offset, packed } => {
                let mut file = File::open(&self.backing).map_err(failed)?;
                file.seek(SeekFrom::Start(*offset)).map_err(failed)?;
                Box::new(flate2::read::DeflateDecoder::new(BufReader::new(
                    file.take(*packed),
                )))
            }
        };
        let checked = Checked {
            reader,
            left: entry.bytes,
            crc: self.crcs.get(member).copied().flatten(),
            sum: flate2::Crc::new(),
        };
        Ok(BufReader::with_capacity(64 * 1024, Box::new(checked)))
    }

    /// Digest and length of a file.
    pub fn digest(&self, member: usize) -> Result<(Sha256Hex, u64), PlatformError> {
        let (pair, bytes) = digest_of(&mut self.read(member)?)
            .map_err(|source| PlatformError::io(self.place(member), source))?;
        Ok((pair.sha256, bytes))
    }

    /// Name, size and digests of the container; of a folder over the sorted listing of its files in the form of
    /// `sha256sum` (and `sha512sum`), so that anyone can make it again.
    pub fn facts(&self) -> Result<ContainerFacts, PlatformError> {
        let (digests, bytes) = if self.kind == Kind::Folder {
            let (mut list256, mut list512, mut total) = (String::new(), String::new(), 0);
            for (index, member) in self.members.iter().enumerate() {
                let (pair, bytes) = digest_of(&mut self.read(index)?)
                    .map_err(|source| PlatformError::io(self.place(index), source))?;
                list256.extend([pair.sha256.as_str(), "  ", &member.name, "\n"]);
                list512.extend([pair.sha512.as_str(), "  ", &member.name, "\n"]);
                total += bytes;
            }
            let pair = DigestPair {
                sha256: DigestPair::of(list256.as_bytes()).sha256,
                sha512: DigestPair::of(list512.as_bytes()).sha512,
            };
            (pair, total)
        } else {
            let failed = |source| PlatformError::io(&self.name, source);
            digest_of(&mut File::open(&self.path).map_err(failed)?).map_err(failed)?
        };
        Ok(ContainerFacts {
            name: self.name.clone(),
            bytes,
            sha256: digests.sha256,
            sha512: digests.sha512,
        })
    }
}

fn digest_of(reader: &mut dyn Read) -> io::Result<(DigestPair, u64)> {
    let mut stream = DigestStream::default();
    let mut piece = vec![0_u8; 256 * 1024];
    loop {
        let read = reader.read(&mut piece)?;
        if read == 0 {
            return Ok(stream.finish());
        }
        stream.update(&piece[..read]);
    }
}

/// A reader that gives exactly the bytes announced, or fails.
struct Checked {
    reader: Box<dyn Read>,
    left: u64,
    crc: Option<u32>,
    sum: flate2::Crc,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = self.reader.read(buffer)?;
        let wrong = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidData, what));
        if read == 0 {
            if self.left > 0 {
                return wrong("the entry is shorter than its container says");
            }
            if self.crc.is_some_and(|crc| crc != self.sum.sum()) {
                return wrong("the entry's checksum is another than its container says");
            }
            return Ok(0);
        }
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => return wrong("the entry is longer than its container says"),
        }
        if self.crc.is_some() {
            self.sum.update(&buffer[..read]);
        }
        Ok(read)
    }
}

/// What the first bytes of a file say it is.
fn kind_of(path: &Path, name: &str) -> Result<Kind, PlatformError> {
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
        let inner = head(&mut flate2::read::MultiGzDecoder::new(BufReader::new(file))).map_err(
            |error| PlatformError::damaged(name, format!("not whole gzip data ({error})")),
        )?;
        if is_tar(&inner) {
            return Ok(Kind::TarGz);
        }
        return Err(PlatformError::expected(
            name,
            "a tar archive inside the gzip",
        ));
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
fn gunzip(from: &Path, to: &Path, name: &str, limits: Limits) -> Result<(), PlatformError> {
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
        let read = reader.read(&mut piece).map_err(|error| {
            PlatformError::damaged(name, format!("not whole gzip data ({error})"))
        })?;
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

fn check_amount(unpacked: u64, packed: u64, limits: Limits) -> Result<(), String> {
    if unpacked > limits.bytes {
        return Err(format!("it unpacks to more than {} bytes", limits.bytes));
    }
    if unpacked > RATIO_FREE && unpacked / RATIO > packed {
        return Err("it unpacks to more than 100 times its size".to_owned());
    }
    Ok(())
}

/// The entries of a container while they are listed.
struct Listing {
    container: String,
    limits: Limits,
    names: Names,
    entries: u64,
    total: u64,
    members: Vec<Member>,
    crcs: Vec<Option<u32>>,
}

impl Listing {
    fn new(container: String, limits: Limits) -> Self {
        Self {
            container,
            limits,
            names: Names::default(),
            entries: 0,
            total: 0,
            members: Vec::new(),
            crcs: Vec::new(),
        }
    }

    fn refuse(&self, reason: impl Into<String>) -> PlatformError {
        PlatformError::Unsafe {
            container: self.container.clone(),
            reason: reason.into(),
        }
    }

    /// Counts an entry and checks its name.
    fn entry(&mut self, name: &str) -> Result<String, PlatformError> {
        self.entries += 1;
        if self.entries > self.limits.entries {
            return Err(self.refuse(format!("it has more than {} entries", self.limits.entries)));
        }
        self.names.take(name).map_err(|reason| self.refuse(reason))
    }

    fn add(
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
        self.members.push(Member { name, bytes, place });
        self.crcs.push(crc);
        Ok(())
    }

    /// Sorts the files by name, so that two containers of the same files are read alike.
    fn sort(&mut self) {
        let mut both: Vec<_> = std::mem::take(&mut self.members)
            .into_iter()
            .zip(std::mem::take(&mut self.crcs))
            .collect();
        both.sort_by(|one, other| one.0.name.cmp(&other.0.name));
        (self.members, self.crcs) = both.into_iter().unzip();
    }

    fn folder(&mut self, root: &Path) -> Result<(), PlatformError> {
        let walk = walkdir::WalkDir::new(root).follow_links(false).min_depth(1);
        for entry in walk {
            let entry = entry.map_err(|error| {
                PlatformError::damaged(
                    &self.container,
                    format!("a folder in it cannot be read ({error})"),
                )
            })?;
            let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
            let Some(name) = relative.to_str() else {
                return Err(self.refuse("a file name in it is not UTF-8"));
            };
            let name = name.to_owned();
            let kind = entry.file_type();
            if kind.is_dir() {
                self.entry(&name)?;
            } else if kind.is_file() {
                let bytes = entry
                    .metadata()
                    .map_err(|error| PlatformError::damaged(&self.container, error.to_string()))?
                    .len();
                self.add(
                    &name,
                    (bytes, None),
                    Place::File(entry.path().to_owned()),
                    None,
                )?;
            } else {
                return Err(self.refuse(format!("{name:?} is a link or a special file")));
            }
        }
        self.sort();
        Ok(())
    }

    fn zip(&mut self, path: &Path) -> Result<(), PlatformError> {
        let container = self.container.clone();
        let damaged =
            |error: zip::result::ZipError| PlatformError::damaged(&container, error.to_string());
        let file = File::open(path).map_err(|source| PlatformError::io(&container, source))?;
        let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
        if archive.offset() != 0 {
            return Err(self.refuse("data stands before the first entry"));
        }
        if archive.has_duplicate_names() {
            return Err(self.refuse("a name stands twice"));
        }
        archive
            .validate_header_consistency()
            .map_err(|error| self.refuse(error.to_string()))?;
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(damaged)?;
            let facts = entry.entry();
            let name = facts.name().map_err(damaged)?.into_owned();
            if facts.encrypted() {
                return Err(self.refuse(format!("{name:?} is encrypted")));
            }
            if facts.is_dir() {
                self.entry(&name)?;
                continue;
            }
            let special = facts
                .unix_mode()
                .is_some_and(|mode| !matches!(mode & 0o170_000, 0 | 0o100_000));
            if facts.is_symlink() || special {
                return Err(self.refuse(format!("{name:?} is a link or a special file")));
            }
            let (bytes, packed, crc) = (facts.size(), facts.compressed_size(), facts.crc32());
            let offset = entry.data_start().ok_or_else(|| {
                PlatformError::damaged(&container, format!("{name:?} has no data"))
            })?;
            let method = facts.compression();
            let place = if method == zip::CompressionMethod::Stored && bytes == packed {
                Place::Stored { offset }
            } else if method == zip::CompressionMethod::Deflated {
                Place::Deflated { offset, packed }
            } else {
                return Err(self.refuse(format!("{name:?} is compressed with an unknown method")));
            };
            self.add(&name, (bytes, Some(packed)), place, Some(crc))?;
        }
        self.sort();
        Ok(())
    }

    fn tar(&mut self, path: &Path) -> Result<(), PlatformError> {
        let container = self.container.clone();
        let damaged = |error: io::Error| PlatformError::damaged(&container, error.to_string());
        let file = File::open(path).map_err(|source| PlatformError::io(&container, source))?;
        let length = file.metadata().map_err(damaged)?.len();
        let mut archive = tar::Archive::new(BufReader::new(file));
        for entry in archive.entries_with_seek().map_err(damaged)? {
            let entry = entry.map_err(damaged)?;
            let name = String::from_utf8(entry.path_bytes().into_owned())
                .map_err(|_bytes| self.refuse("a file name in it is not UTF-8"))?;
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
                return Err(self.refuse(format!("{name:?} is a link or a special file")));
            }
            let (offset, bytes) = (entry.raw_file_position(), entry.size());
            if offset.checked_add(bytes).is_none_or(|end| end > length) {
                return Err(PlatformError::damaged(
                    &container,
                    format!("{name:?} ends before its length"),
                ));
            }
            self.add(&name, (bytes, None), Place::Stored { offset }, None)?;
        }
        self.sort();
        Ok(())
    }
}
