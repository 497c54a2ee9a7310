//! The package's directory while it is made: beside its final name, locked, durable before it is renamed, and gone
//! again when anything fails. It lies outside the archive, so the store's rules do not reach it.
#![expect(
    clippy::disallowed_methods,
    reason = "the one place that writes and removes packages"
)]

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with, syncfs};

use crate::archive::{CopyError, View};
use crate::model::digest::{DigestPair, DigestStream};
use crate::ops::error::OpsError;
use crate::package::bagit::{self, Manifests};

/// Marks the name of a package under way: `.<name>.bevara-<export>`.
const MARK: &str = ".bevara-";

/// A package under way.
#[derive(Debug)]
pub(in crate::ops) struct Target {
    dir: Directory,
    out: PathBuf,
    payload: Manifests,
    tags: Manifests,
    files: u64,
    octets: u64,
}

/// A directory that is removed unless it is kept.
#[derive(Debug)]
pub(in crate::ops) struct Directory {
    path: PathBuf,
    lock: File,
    keep: bool,
}

impl Directory {
    /// Lets it stay.
    pub(in crate::ops) fn keep(mut self) {
        self.keep = true;
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if !self.keep
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            tracing::warn!(folder = %self.path.display(), %error, "an unfinished package could not be removed");
        }
    }
}

/// Refuses a place that is taken or lies inside the archive's own folders.
pub(in crate::ops) fn check(out: &Path, archive: &Path) -> Result<(), OpsError> {
    if fs::symlink_metadata(out).is_ok() {
        return Err(OpsError::usage(
            format!("{} already exists; nothing was overwritten", out.display()),
            "name a directory that does not exist",
        ));
    }
    let parent = parent_of(out);
    let real = parent
        .canonicalize()
        .map_err(|source| file(&parent, source))?;
    let archive = archive
        .canonicalize()
        .map_err(|source| file(archive, source))?;
    let inside = ["store", "staging", "secrets"]
        .iter()
        .any(|name| real.starts_with(archive.join(name)));
    if inside || out.file_name().is_none() {
        return Err(OpsError::usage(
            format!("{} is no place for a package", out.display()),
            "name a new directory outside the archive's own folders",
        ));
    }
    Ok(())
}

fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn file(path: &Path, source: io::Error) -> OpsError {
    OpsError::File {
        path: path.to_owned(),
        source,
    }
}

impl Target {
    /// Makes the directory beside `out`, after removing what a crash left of an earlier export to the same place.
    pub(in crate::ops) fn create(out: &Path, export: &str) -> Result<Self, OpsError> {
        let name = out
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let parent = parent_of(out);
        sweep(&parent, &format!(".{name}{MARK}"))?;
        let path = parent.join(format!(".{name}{MARK}{export}"));
        DirBuilder::new()
            .create(&path)
            .map_err(|source| file(&path, source))?;
        let lock = File::open(&path).map_err(|source| file(&path, source))?;
        let dir = Directory {
            path,
            lock,
            keep: false,
        };
        match dir.lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(file(&dir.path, io::ErrorKind::WouldBlock.into()));
            }
            Err(fs::TryLockError::Error(source)) => return Err(file(&dir.path, source)),
        }
        Ok(Self {
            dir,
            out: out.to_owned(),
            payload: Manifests::default(),
            tags: Manifests::default(),
            files: 0,
            octets: 0,
        })
    }

    /// Where it lies now.
    pub(in crate::ops) fn dir(&self) -> &Path {
        &self.dir.path
    }

    /// Number of files and bytes.
    pub(in crate::ops) fn size(&self) -> (u64, u64) {
        (self.files, self.octets)
    }

    /// `Payload-Oxum`.
    pub(in crate::ops) fn oxum(&self) -> String {
        format!("{}.{}", self.payload.octets(), self.payload.files())
    }

    /// Copies a file of the store, by its path below it, into the payload.
    pub(in crate::ops) fn copy(&mut self, view: &View, name: &str) -> Result<(), OpsError> {
        let from = format!("{}{name}", view.data());
        let path = self.dir.path.join("bag/data").join(name);
        let mut out = create(&path)?;
        let (digests, octets) = view.copy(&from, &mut out).map_err(|error| match error {
            CopyError::Read(error) => OpsError::Problem(format!("{from}: {error}; run verify")),
            CopyError::Write(source) => file(&path, source),
        })?;
        self.note_payload(name, &digests, octets);
        Ok(())
    }

    /// Writes a file of the payload.
    pub(in crate::ops) fn bytes(&mut self, name: &str, bytes: &[u8]) -> Result<(), OpsError> {
        let digests = write(&self.dir.path.join("bag/data").join(name), bytes)?;
        self.note_payload(name, &digests, bytes.len() as u64);
        Ok(())
    }

    fn note_payload(&mut self, name: &str, digests: &DigestPair, octets: u64) {
        self.payload.add(&format!("data/{name}"), digests, octets);
        self.files += 1;
        self.octets += octets;
    }

    fn tag(&mut self, name: &str, bytes: &[u8]) -> Result<(), OpsError> {
        let digests = write(&self.dir.path.join("bag").join(name), bytes)?;
        self.tags.add(name, &digests, bytes.len() as u64);
        self.files += 1;
        self.octets += bytes.len() as u64;
        Ok(())
    }

    /// Writes the bag's own files and returns the digests of its two tag manifests.
    pub(in crate::ops) fn close_bag(&mut self, info: &str) -> Result<[DigestPair; 2], OpsError> {
        self.tag("bagit.txt", bagit::DECLARATION.as_bytes())?;
        self.tag("bag-info.txt", info.as_bytes())?;
        let [sha256, sha512] = std::mem::take(&mut self.payload).render();
        self.tag("manifest-sha256.txt", sha256.as_bytes())?;
        self.tag("manifest-sha512.txt", sha512.as_bytes())?;
        let [sha256, sha512] = std::mem::take(&mut self.tags).render();
        let bag = self.dir.path.join("bag");
        let digests = [
            write(&bag.join("tagmanifest-sha256.txt"), sha256.as_bytes())?,
            write(&bag.join("tagmanifest-sha512.txt"), sha512.as_bytes())?,
        ];
        self.files += 2;
        self.octets += (sha256.len() + sha512.len()) as u64;
        Ok(digests)
    }

    /// Writes a file beside the bag.
    pub(in crate::ops) fn beside(&mut self, name: &str, bytes: &[u8]) -> Result<(), OpsError> {
        write(&self.dir.path.join(name), bytes)?;
        self.files += 1;
        self.octets += bytes.len() as u64;
        Ok(())
    }

    /// Flushes everything and gives the package its name, which must still be free.
    pub(in crate::ops) fn publish(self) -> Result<Directory, OpsError> {
        let Self { mut dir, out, .. } = self;
        syncfs(&dir.lock).map_err(|errno| file(&dir.path, errno.into()))?;
        renameat_with(CWD, &dir.path, CWD, &out, RenameFlags::NOREPLACE)
            .map_err(|errno| file(&out, errno.into()))?;
        dir.path.clone_from(&out);
        let parent = parent_of(&out);
        File::open(&parent)
            .and_then(|handle| handle.sync_all())
            .map_err(|source| file(&parent, source))?;
        Ok(dir)
    }
}

fn create(path: &Path) -> Result<File, OpsError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|source| file(parent, source))?;
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(|source| file(path, source))
}

fn write(path: &Path, bytes: &[u8]) -> Result<DigestPair, OpsError> {
    create(path)?
        .write_all(bytes)
        .map_err(|source| file(path, source))?;
    let mut stream = DigestStream::default();
    stream.update(bytes);
    Ok(stream.finish().0)
}

/// Removes unfinished packages of processes that are gone.
fn sweep(parent: &Path, prefix: &str) -> Result<(), OpsError> {
    for entry in fs::read_dir(parent).map_err(|source| file(parent, source))? {
        let entry = entry.map_err(|source| file(parent, source))?;
        if !entry.file_name().to_string_lossy().starts_with(prefix) {
            continue;
        }
        let path = entry.path();
        let lock = File::open(&path).map_err(|source| file(&path, source))?;
        if lock.try_lock().is_ok() {
            fs::remove_dir_all(&path).map_err(|source| file(&path, source))?;
        }
    }
    Ok(())
}
