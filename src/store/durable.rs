//! How bytes become permanent: written to a temporary file, fsynced, renamed without replacing, and the directory
//! fsynced. A crash leaves either nothing or the whole file under its name.
#![expect(
    clippy::disallowed_methods,
    reason = "the rule sends every other module here"
)]

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with, syncfs};

use crate::store::error::StoreError;
use crate::store::fault;

/// Suffix of files that are being written; swept when found.
pub(crate) const TEMPORARY: &str = ".tmp";

/// Writes a new file. The same bytes already there are fine; other bytes are an error and stay.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let temporary = write_temporary(path, bytes, 0o644)?;
    fault::point(path)?;
    match renameat_with(CWD, &temporary, CWD, path, RenameFlags::NOREPLACE) {
        Ok(()) => sync_parent(path),
        Err(rustix::io::Errno::EXIST) => {
            remove_file(&temporary)?;
            let present = fs::read(path).map_err(|source| StoreError::io(path, source))?;
            if present == bytes {
                Ok(())
            } else {
                Err(StoreError::Exists {
                    path: path.to_owned(),
                })
            }
        }
        Err(errno) => Err(StoreError::io(path, errno.into())),
    }
}

/// Writes a file that may be replaced: `log/checkpoint` and `keys/` only.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let temporary = write_temporary(path, bytes, 0o644)?;
    fault::point(path)?;
    fs::rename(&temporary, path).map_err(|source| StoreError::io(path, source))?;
    sync_parent(path)
}

/// Writes a new file that only its owner may read.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let temporary = write_temporary(path, bytes, 0o600)?;
    fault::point(path)?;
    renameat_with(CWD, &temporary, CWD, path, RenameFlags::NOREPLACE)
        .map_err(|errno| StoreError::io(path, errno.into()))?;
    sync_parent(path)
}

/// The same for one that may be replaced: a login.
pub(crate) fn replace_secret(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let temporary = write_temporary(path, bytes, 0o600)?;
    restrict_file(&temporary)?;
    fault::point(path)?;
    fs::rename(&temporary, path).map_err(|source| StoreError::io(path, source))?;
    sync_parent(path)
}

/// Lets only the owner read a file.
pub(crate) fn restrict_file(path: &Path) -> Result<(), StoreError> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        .map_err(|source| StoreError::io(path, source))
}

fn write_temporary(path: &Path, bytes: &[u8], mode: u32) -> Result<PathBuf, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(TEMPORARY);
    let temporary = PathBuf::from(name);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(&temporary)
        .map_err(|source| StoreError::io(&temporary, source))?;
    fault::write(&temporary, bytes, |bytes| file.write_all(bytes))?;
    fault::point(&temporary)?;
    file.sync_all()
        .map_err(|source| StoreError::io(&temporary, source))?;
    Ok(temporary)
}

/// Renames a file or directory to a name that must be free, and makes the change durable on both sides.
pub(crate) fn rename_new(from: &Path, to: &Path) -> Result<(), StoreError> {
    if let Some(parent) = to.parent() {
        create_dirs(parent)?;
    }
    fault::point(to)?;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => {}
        Err(rustix::io::Errno::EXIST | rustix::io::Errno::NOTEMPTY) => {
            return Err(StoreError::Exists {
                path: to.to_owned(),
            });
        }
        Err(errno) => return Err(StoreError::io(from, errno.into())),
    }
    sync_parent(to)?;
    sync_parent(from)
}

/// Makes a directory and what is missing above it, durably.
pub(crate) fn create_dirs(path: &Path) -> Result<(), StoreError> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        create_dirs(parent)?;
    }
    fault::point(path)?;
    match DirBuilder::new().mode(0o755).create(path) {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(source) => Err(StoreError::io(path, source)),
    }
}

/// Lets only the owner into a directory.
pub(crate) fn restrict_dir(path: &Path) -> Result<(), StoreError> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
        .map_err(|source| StoreError::io(path, source))
}

/// Writes a plain file inside a staging folder; durable only after [`sync_filesystem`].
pub(crate) fn write_staged(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(|source| StoreError::io(path, source))?;
    fault::write(path, bytes, |bytes| file.write_all(bytes))
}

/// Flushes everything written to the file system of `dir`: one call for the many small files of an ingest, where an
/// fsync for each would take hours. Since Linux 5.8 it reports write-back errors.
pub(crate) fn sync_filesystem(dir: &Path) -> Result<(), StoreError> {
    fault::point(dir)?;
    let handle = File::open(dir).map_err(|source| StoreError::io(dir, source))?;
    syncfs(&handle).map_err(|errno| StoreError::io(dir, errno.into()))
}

/// Removes a file and makes that durable.
pub(crate) fn remove_file(path: &Path) -> Result<(), StoreError> {
    fault::point(path)?;
    fs::remove_file(path).map_err(|source| StoreError::io(path, source))?;
    sync_parent(path)
}

/// Removes a directory with everything in it and makes that durable. Links are removed, not followed.
pub(crate) fn remove_dir(path: &Path) -> Result<(), StoreError> {
    fault::point(path)?;
    match fs::remove_dir_all(path) {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(StoreError::io(path, source)),
    }
}

fn sync_parent(path: &Path) -> Result<(), StoreError> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fault::point(parent)?;
    File::open(parent)
        .and_then(|dir| dir.sync_all())
        .map_err(|source| StoreError::io(parent, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_bytes_are_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        write_new(&path, b"one").unwrap();
        write_new(&path, b"one").unwrap();
        assert!(matches!(
            write_new(&path, b"two"),
            Err(StoreError::Exists { .. })
        ));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "no temporary file stays"
        );
    }

    #[test]
    fn a_rename_never_replaces() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        create_dirs(&from).unwrap();
        create_dirs(&to).unwrap();
        assert!(matches!(
            rename_new(&from, &to),
            Err(StoreError::Exists { .. })
        ));
        assert!(from.is_dir());
    }
}
