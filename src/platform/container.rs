//! Containers: a single file, a folder, a zip, tar or tar.gz, or several of them that are parts of one export. Everything
//! is listed and checked before anything is read; entries are streamed and never extracted; archives inside are not
//! opened (evidence.md §7).

mod listing;
mod shape;

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::model::digest::{DigestPair, DigestStream, Sha256Hex};
use crate::model::ingest::ContainerFacts;
use crate::platform::container::listing::{Listing, gunzip, kind_of};
use crate::platform::error::PlatformError;

pub use crate::platform::container::shape::Shape;

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
    /// The number of the part that holds it.
    part: usize,
    crc: Option<u32>,
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

/// A file or folder that is the container or a part of it.
#[derive(Debug)]
struct Part {
    name: String,
    path: PathBuf,
    /// The file that offsets point into: the part, or the tar unpacked from its gzip.
    backing: PathBuf,
    kind: Kind,
}

/// An open container.
#[derive(Debug)]
pub struct Container {
    name: String,
    parts: Vec<Part>,
    members: Vec<Member>,
    shapes: OnceLock<Vec<Shape>>,
}

impl Container {
    /// Opens the file or folder at `path` and checks every entry. `scratch` is an empty folder for unpacked gzip.
    pub fn open(path: &Path, scratch: &Path, limits: Limits) -> Result<Self, PlatformError> {
        let (part, members) = open_part((0, path), scratch, limits)?;
        Ok(Self {
            name: part.name.clone(),
            parts: vec![part],
            members,
            shapes: OnceLock::new(),
        })
    }

    /// Opens several files or folders that are parts of one export. A file may stand in two parts when it is the same;
    /// `limits` hold for all of them together.
    pub fn open_parts(
        paths: &[PathBuf],
        scratch: &Path,
        limits: Limits,
    ) -> Result<Self, PlatformError> {
        let (mut parts, mut all, mut left) = (Vec::new(), Vec::new(), limits);
        for (number, path) in paths.iter().enumerate() {
            let (part, members) = open_part((number, path), scratch, left)?;
            left.entries = left.entries.saturating_sub(members.len() as u64);
            let bytes = members.iter().map(|member| member.bytes).sum();
            left.bytes = left.bytes.saturating_sub(bytes);
            parts.push(part);
            all.extend(members);
        }
        all.sort_by(|one, other| (&one.name, one.part).cmp(&(&other.name, other.part)));
        let mut container = Self {
            name: parts
                .iter()
                .map(|part| part.name.as_str())
                .collect::<Vec<_>>()
                .join(" + "),
            parts,
            members: all,
            shapes: OnceLock::new(),
        };
        container.join()?;
        Ok(container)
    }

    /// Takes out files that stand in two parts; two files of one name that differ cannot be parts of one export.
    fn join(&mut self) -> Result<(), PlatformError> {
        let mut twice = Vec::new();
        for (index, pair) in self.members.windows(2).enumerate() {
            if pair[0].name != pair[1].name {
                continue;
            }
            if pair[0].bytes != pair[1].bytes || self.digest(index)?.0 != self.digest(index + 1)?.0
            {
                return Err(PlatformError::Unsafe {
                    container: self.name.clone(),
                    reason: format!(
                        "{:?} står i två av filerna med olika innehåll; de är inte delar av en och samma export",
                        pair[0].name
                    ),
                });
            }
            twice.push(index + 1);
        }
        let mut index = 0;
        self.members.retain(|_| {
            index += 1;
            twice.binary_search(&(index - 1)).is_err()
        });
        Ok(())
    }

    /// Name of the file or folder; of several, all their names.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the container is one file that is no archive.
    pub fn is_single(&self) -> bool {
        matches!(self.parts.as_slice(), [part] if part.kind == Kind::Single)
    }

    /// The number of the part that a file lies in.
    pub fn part(&self, member: usize) -> usize {
        self.members.get(member).map_or(0, |member| member.part)
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
        let Some(entry) = self.members.get(member) else {
            return self.name.clone();
        };
        let part = &self.parts[entry.part];
        if part.kind == Kind::Single {
            part.name.clone()
        } else {
            format!("{}: {}", part.name, entry.name)
        }
    }

    /// The file's name for the evidence of a post; `None` where the container, or the part of it, is the file.
    pub fn member_name(&self, member: usize) -> Option<String> {
        let entry = self.members.get(member)?;
        (self.parts[entry.part].kind != Kind::Single).then(|| entry.name.clone())
    }

    /// The file's name where it stands; empty where there is no such file.
    pub(crate) fn name_of(&self, member: usize) -> &str {
        self.members
            .get(member)
            .map_or("", |entry| entry.name.as_str())
    }

    /// What the first bytes of a file say it is.
    pub fn shape(&self, member: usize) -> Result<Shape, PlatformError> {
        if self.shapes.get().is_none() {
            let mut shapes = Vec::with_capacity(self.members.len());
            for member in 0..self.members.len() {
                shapes.push(Shape::of(&self.head(member, shape::LOOK)?));
            }
            // Another thread may have been faster; it saw the same.
            self.shapes.get_or_init(|| shapes);
        }
        let shapes = self.shapes.get().map_or(&[][..], Vec::as_slice);
        Ok(shapes.get(member).copied().unwrap_or(Shape::Other))
    }

    /// The files of the shapes named, by number.
    pub fn of_shape(&self, shapes: &[Shape]) -> Result<Vec<usize>, PlatformError> {
        let mut found = Vec::new();
        for member in 0..self.members.len() {
            if shapes.contains(&self.shape(member)?) {
                found.push(member);
            }
        }
        Ok(found)
    }

    /// The first bytes of a file, at most `most`.
    pub fn head(&self, member: usize, most: u64) -> Result<Vec<u8>, PlatformError> {
        let mut head = Vec::new();
        self.read(member)?
            .take(most)
            .read_to_end(&mut head)
            .map_err(|source| PlatformError::io(self.place(member), source))?;
        Ok(head)
    }

    /// A whole file, refused where it is longer than `most`.
    pub fn whole(&self, member: usize, most: u64) -> Result<Vec<u8>, PlatformError> {
        let bytes = self.head(member, most.saturating_add(1))?;
        if bytes.len() as u64 > most {
            return Err(PlatformError::expected(
                self.place(member),
                format!("högst {most} byte"),
            ));
        }
        Ok(bytes)
    }

    /// Opens a file. Reading fails where the bytes are more, fewer or others than the container says.
    pub fn read(&self, member: usize) -> Result<BufReader<Box<dyn Read>>, PlatformError> {
        let place = self.place(member);
        let Some(entry) = self.members.get(member) else {
            return Err(PlatformError::damaged(
                place,
                "det finns ingen sådan fil i den",
            ));
        };
        let failed = |source| PlatformError::io(place.clone(), source);
        let reader: Box<dyn Read> = match &entry.place {
            Place::File(path) => Box::new(File::open(path).map_err(failed)?),
            Place::Stored { offset } => {
                let mut file = File::open(&self.parts[entry.part].backing).map_err(failed)?;
                file.seek(SeekFrom::Start(*offset)).map_err(failed)?;
                Box::new(file.take(entry.bytes))
            }
            Place::Deflated { offset, packed } => {
                let mut file = File::open(&self.parts[entry.part].backing).map_err(failed)?;
                file.seek(SeekFrom::Start(*offset)).map_err(failed)?;
                Box::new(flate2::read::DeflateDecoder::new(BufReader::new(
                    file.take(*packed),
                )))
            }
        };
        let checked = Checked {
            reader,
            left: entry.bytes,
            crc: entry.crc,
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

    /// Digest of a file of an archive or folder, for evidence; `None` where the container is the file.
    pub(crate) fn evidence_digest(
        &self,
        member: usize,
    ) -> Result<Option<Sha256Hex>, PlatformError> {
        match self.member_name(member) {
            Some(_) => self.digest(member).map(|(sha256, _)| Some(sha256)),
            None => Ok(None),
        }
    }

    /// Name, size and digests of each part; of a folder over the sorted listing of its files in the form of
    /// `sha256sum` (and `sha512sum`), so that anyone can make it again.
    pub fn facts(&self) -> Result<Vec<ContainerFacts>, PlatformError> {
        self.parts
            .iter()
            .enumerate()
            .map(|(number, part)| self.part_facts(number, part))
            .collect()
    }

    fn part_facts(&self, number: usize, part: &Part) -> Result<ContainerFacts, PlatformError> {
        let (digests, bytes) = if part.kind == Kind::Folder {
            let (mut list256, mut list512, mut total) = (String::new(), String::new(), 0);
            for (index, member) in self.members.iter().enumerate() {
                if member.part != number {
                    continue;
                }
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
            let failed = |source| PlatformError::io(&part.name, source);
            digest_of(&mut File::open(&part.path).map_err(failed)?).map_err(failed)?
        };
        Ok(ContainerFacts {
            name: part.name.clone(),
            bytes,
            sha256: digests.sha256,
            sha512: digests.sha512,
        })
    }
}

/// Opens one part and lists its files.
fn open_part(
    (number, path): (usize, &Path),
    scratch: &Path,
    limits: Limits,
) -> Result<(Part, Vec<Member>), PlatformError> {
    let name = path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    );
    let metadata = fs::metadata(path).map_err(|source| PlatformError::io(&name, source))?;
    let mut listing = Listing::new(name.clone(), number, limits);
    let mut part = Part {
        name,
        path: path.to_owned(),
        backing: path.to_owned(),
        kind: Kind::Folder,
    };
    if metadata.is_dir() {
        listing.folder(path)?;
    } else if metadata.is_file() {
        part.kind = kind_of(path, &part.name)?;
        match part.kind {
            Kind::Zip => listing.zip(path)?,
            Kind::Tar => listing.tar(path)?,
            Kind::TarGz => {
                part.backing = scratch.join(format!("unpacked-{number}.tar"));
                gunzip(path, &part.backing, &part.name, limits)?;
                listing.tar(&part.backing)?;
            }
            Kind::Single | Kind::Folder => {
                let place = Place::File(path.to_owned());
                listing.add(&part.name.clone(), (metadata.len(), None), place, None)?;
            }
        }
    } else {
        return Err(listing.refuse("det är varken en fil eller en mapp"));
    }
    Ok((part, listing.members))
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
                return wrong("filen är kortare än arkivet anger");
            }
            if self.crc.is_some_and(|crc| crc != self.sum.sum()) {
                return wrong("filens kontrollsumma är en annan än arkivet anger");
            }
            return Ok(0);
        }
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => return wrong("filen är längre än arkivet anger"),
        }
        if self.crc.is_some() {
            self.sum.update(&buffer[..read]);
        }
        Ok(read)
    }
}
