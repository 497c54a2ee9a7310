//! The writers' lock: one writer at a time, held at most about a second, released by the kernel when a process dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use crate::store::Store;
use crate::store::error::StoreError;

/// How long a writer waits for another.
pub const WAIT: Duration = Duration::from_secs(30);

const STEP: Duration = Duration::from_millis(20);

/// Takes an exclusive lock on the file at `path`, waiting at most `wait`.
pub(crate) fn exclusive(path: &Path, wait: Duration) -> Result<File, StoreError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(|source| StoreError::io(path, source))?;
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if waited < wait => {
                std::thread::sleep(STEP);
                waited += STEP;
            }
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Locked {
                    seconds: wait.as_secs(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(StoreError::io(path, source)),
        }
    }
}

/// Takes a lock on a directory, shared or exclusive, waiting at most `wait`.
fn directory(path: &Path, shared: bool, wait: Duration) -> Result<File, StoreError> {
    let file = File::open(path).map_err(|source| StoreError::io(path, source))?;
    let mut waited = Duration::ZERO;
    loop {
        let tried = if shared {
            file.try_lock_shared()
        } else {
            file.try_lock()
        };
        match tried {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if waited < wait => {
                std::thread::sleep(STEP);
                waited += STEP;
            }
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Locked {
                    seconds: wait.as_secs(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(StoreError::io(path, source)),
        }
    }
}

/// Tries to take an exclusive lock on a directory at once; `None` when somebody else holds it.
pub(crate) fn try_directory(path: &Path) -> Result<Option<File>, StoreError> {
    let file = File::open(path).map_err(|source| StoreError::io(path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(StoreError::io(path, source)),
    }
}

/// Whether somebody holds the lock on a directory; one that is gone is nobody's.
pub(crate) fn is_held(path: &Path) -> Result<bool, StoreError> {
    match File::open(path) {
        // Shared, so that two who only look do not see each other.
        Ok(file) => match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(source)) => Err(StoreError::io(path, source)),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(StoreError::io(path, source)),
    }
}

impl Store {
    /// The right to use the catalogue as long as the file lives: it is not replaced meanwhile.
    pub fn use_catalogue(&self) -> Result<File, StoreError> {
        directory(self.root(), true, WAIT)
    }

    /// The right to replace the catalogue: nobody uses it.
    pub fn own_catalogue(&self) -> Result<File, StoreError> {
        directory(self.root(), false, WAIT)
    }

    /// The right to make a pass of the scheduler, or `None` while another process makes one.
    pub fn pass_lock(&self) -> Result<Option<File>, StoreError> {
        let path = self.root().join("staging/pass.lock");
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(|source| StoreError::io(&path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(StoreError::io(&path, source)),
        }
    }
}
