//! A read-only view of a store or a package: what `verify` reads. Links and special files are never followed, nothing is
//! written, and neither configuration nor catalogue is needed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Advice, CWD, Mode, OFlags, fadvise, openat};

use crate::model::digest::{DigestPair, DigestStream};

/// Bytes read at a time.
const PIECE: usize = 256 * 1024;
/// Most levels of directories that a view walks down.
const MOST_LEVELS: usize = 32;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewKind {
    /// An archive, or its `store/`.
    Archive,
    /// A package: seal and bag.
    Package,
}

/// A store or a package that is read.
#[derive(Debug)]
pub struct View {
    root: PathBuf,
    handle: OwnedFd,
    kind: ViewKind,
    data: &'static str,
}

/// What lies at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A link, device, socket or pipe.
    Other,
}

/// A path of the tree.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Its size in bytes.
    pub size: u64,
    /// How many names the file has.
    pub links: u64,
}

/// Everything below a view, by path relative to it.
#[derive(Debug, Default)]
pub struct Tree {
    /// Paths whose names are text.
    pub nodes: BTreeMap<String, Node>,
    /// Paths whose names are not UTF-8, or that lie too deep; shown as well as can be.
    pub strange: Vec<String>,
    /// Directories that could not be listed.
    pub unreadable: Vec<(String, io::Error)>,
}

/// Why there is no view.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The directory cannot be opened.
    #[error("failed to open {}", path.display())]
    Open {
        /// The directory.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Neither an archive nor a package.
    #[error("{} is neither an archive (store/) nor a package (SEAL.txt and bag/)", path.display())]
    Neither {
        /// The directory.
        path: PathBuf,
    },
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The operating system refused.
    #[error("{0}")]
    Io(io::Error),
    /// Not a regular file.
    #[error("not a regular file")]
    NotAFile,
    /// Larger than a document of its kind may be.
    #[error("larger than {0} bytes")]
    TooLarge(u64),
    /// Another process changed it meanwhile.
    #[error("changed while it was read")]
    Changed,
}

/// Why a file could not be copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(ReadError),
    /// Its copy cannot be written.
    #[error("failed to write the copy")]
    Write(#[source] io::Error),
}

impl ReadError {
    /// Whether the file is not there.
    pub fn is_missing(&self) -> bool {
        match self {
            Self::Io(error) => error.kind() == io::ErrorKind::NotFound,
            Self::NotAFile | Self::TooLarge(_) | Self::Changed => false,
        }
    }
}

impl View {
    /// Opens an archive, its `store/`, or a package.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let is_directory = |name: &str| {
            fs::symlink_metadata(path.join(name)).is_ok_and(|metadata| metadata.is_dir())
        };
        let is_present = |name: &str| fs::symlink_metadata(path.join(name)).is_ok();
        let (kind, data) = if is_directory("store") {
            (ViewKind::Archive, "store/")
        } else if is_directory("bag") && (is_present("SEAL.txt") || is_present("bag/bagit.txt")) {
            (ViewKind::Package, "bag/data/")
        } else if is_directory("log") && (is_directory("captures") || is_directory("records")) {
            (ViewKind::Archive, "")
        } else {
            fs::metadata(path).map_err(|source| ArchiveError::Open {
                path: path.to_owned(),
                source,
            })?;
            return Err(ArchiveError::Neither {
                path: path.to_owned(),
            });
        };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle =
            openat(CWD, path, flags, Mode::empty()).map_err(|errno| ArchiveError::Open {
                path: path.to_owned(),
                source: errno.into(),
            })?;
        Ok(Self {
            root: path.to_owned(),
            handle,
            kind,
            data,
        })
    }

    /// What is looked at.
    pub fn kind(&self) -> ViewKind {
        self.kind
    }

    /// Where the store's own paths begin, relative to the view: `store/`, `bag/data/` or nothing.
    pub fn data(&self) -> &'static str {
        self.data
    }

    /// Every path that belongs to the store or package. Only names and sizes are read.
    pub fn tree(&self) -> Tree {
        let mut tree = Tree::default();
        let start = if self.kind == ViewKind::Archive {
            self.data.trim_end_matches('/')
        } else {
            ""
        };
        self.walk(start, 0, &mut tree);
        tree
    }

    fn walk(&self, directory: &str, level: usize, tree: &mut Tree) {
        let entries = match fs::read_dir(self.root.join(directory)) {
            Ok(entries) => entries,
            Err(error) => {
                tree.unreadable.push((directory.to_owned(), error));
                return;
            }
        };
        let mut below = Vec::new();
        for entry in entries {
            let found = entry.and_then(|entry| Ok((entry.file_name(), entry.metadata()?)));
            let (name, metadata) = match found {
                Ok(found) => found,
                // What vanishes between listing and asking was never there for this check.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    tree.unreadable.push((directory.to_owned(), error));
                    continue;
                }
            };
            let Some(name) = name.to_str() else {
                tree.strange.push(join(directory, &name.to_string_lossy()));
                continue;
            };
            let path = join(directory, name);
            let kind = if metadata.is_file() {
                NodeKind::File
            } else if metadata.is_dir() {
                NodeKind::Directory
            } else {
                NodeKind::Other
            };
            if kind == NodeKind::Directory {
                below.push(path.clone());
            }
            let node = Node {
                kind,
                size: metadata.len(),
                links: metadata.nlink(),
            };
            tree.nodes.insert(path, node);
        }
        for path in below {
            if level >= MOST_LEVELS {
                tree.strange.push(path);
            } else {
                self.walk(&path, level + 1, tree);
            }
        }
    }

    /// Opens a regular file. No part of the path may be a link.
    fn file(&self, path: &str) -> Result<File, ReadError> {
        let mut current: Option<OwnedFd> = None;
        let mut segments = path.split('/').peekable();
        while let Some(segment) = segments.next() {
            if segment.is_empty() || segment == "." || segment == ".." {
                return Err(ReadError::NotAFile);
            }
            let last = segments.peek().is_none();
            let flags = if last {
                // A pipe must not make the check wait for a writer.
                OFlags::RDONLY | OFlags::NONBLOCK
            } else {
                OFlags::PATH | OFlags::DIRECTORY
            } | OFlags::NOFOLLOW
                | OFlags::CLOEXEC;
            let at = current.as_ref().unwrap_or(&self.handle);
            let opened = openat(at, segment, flags, Mode::empty()).map_err(|errno| {
                if matches!(errno, rustix::io::Errno::LOOP | rustix::io::Errno::NOTDIR) {
                    ReadError::NotAFile
                } else {
                    ReadError::Io(errno.into())
                }
            })?;
            current = Some(opened);
        }
        let file = File::from(current.ok_or(ReadError::NotAFile)?);
        let metadata = file.metadata().map_err(ReadError::Io)?;
        if metadata.is_file() {
            Ok(file)
        } else {
            Err(ReadError::NotAFile)
        }
    }

    /// The bytes of a document of at most `most` bytes.
    pub fn read(&self, path: &str, most: u64) -> Result<Vec<u8>, ReadError> {
        let file = self.file(path)?;
        let mut bytes = Vec::new();
        (&file)
            .take(most + 1)
            .read_to_end(&mut bytes)
            .map_err(ReadError::Io)?;
        if bytes.len() as u64 > most {
            return Err(ReadError::TooLarge(most));
        }
        Ok(bytes)
    }

    /// Copies a file, and gives both digests and the length of what was copied.
    pub fn copy(&self, path: &str, out: &mut dyn Write) -> Result<(DigestPair, u64), CopyError> {
        let mut file = self.file(path).map_err(CopyError::Read)?;
        let before = state(&file).map_err(CopyError::Read)?;
        let mut stream = DigestStream::default();
        let mut piece = vec![0u8; PIECE];
        loop {
            let read = match file.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) => return Err(CopyError::Read(ReadError::Io(error))),
            };
            stream.update(&piece[..read]);
            out.write_all(&piece[..read]).map_err(CopyError::Write)?;
        }
        if state(&file).map_err(CopyError::Read)? != before {
            return Err(CopyError::Read(ReadError::Changed));
        }
        Ok(stream.finish())
    }

    /// Both digests and the length of a file, read in pieces past the page cache.
    pub fn digest(&self, path: &str) -> Result<(DigestPair, u64), ReadError> {
        let mut file = self.file(path)?;
        let before = state(&file)?;
        // What earlier reads left in memory is dropped, so that the medium is tested. Only advice: a file system that
        // does not take it is read all the same.
        if let Err(error) = fadvise(&file, 0, None, Advice::DontNeed) {
            tracing::debug!(%error, "the page cache stays");
        }
        let mut stream = DigestStream::default();
        let mut piece = vec![0u8; PIECE];
        loop {
            let read = file.read(&mut piece).map_err(ReadError::Io)?;
            if read == 0 {
                break;
            }
            stream.update(&piece[..read]);
        }
        if state(&file)? != before {
            return Err(ReadError::Changed);
        }
        Ok(stream.finish())
    }
}

/// Size and time of last change.
fn state(file: &File) -> Result<(u64, i64, i64), ReadError> {
    let metadata = file.metadata().map_err(ReadError::Io)?;
    Ok((metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
}

fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() {
        name.to_owned()
    } else {
        format!("{directory}/{name}")
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "the tests make files of their own"
)]
mod tests {
    use super::*;

    fn store() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("store/keys")).unwrap();
        fs::write(dir.path().join("store/keys/log.vkey"), b"abc").unwrap();
        dir
    }

    #[test]
    fn links_are_listed_and_never_followed() {
        let dir = store();
        std::os::unix::fs::symlink("/etc", dir.path().join("store/outside")).unwrap();
        std::os::unix::fs::symlink("keys/log.vkey", dir.path().join("store/inside")).unwrap();
        let view = View::open(dir.path()).unwrap();
        let tree = view.tree();
        assert_eq!(tree.nodes["store/outside"].kind, NodeKind::Other);
        assert!(!tree.nodes.contains_key("store/outside/hostname"));
        assert!(matches!(
            view.read("store/inside", 10),
            Err(ReadError::NotAFile)
        ));
        assert!(matches!(
            view.read("store/outside/hostname", 10),
            Err(ReadError::NotAFile)
        ));
        assert!(matches!(
            view.read("store/../store/keys/log.vkey", 10),
            Err(ReadError::NotAFile)
        ));
    }

    #[test]
    fn a_document_larger_than_its_bound_is_refused() {
        let dir = store();
        let view = View::open(dir.path()).unwrap();
        assert_eq!(view.read("store/keys/log.vkey", 3).unwrap(), b"abc");
        assert!(matches!(
            view.read("store/keys/log.vkey", 2),
            Err(ReadError::TooLarge(2))
        ));
    }
}
