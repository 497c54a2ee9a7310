//! What can go wrong while the archive is written.

use std::path::{Path, PathBuf};

use crate::evidence::keys::KeyError;
use crate::model::entry::EntryError;
use crate::model::json::JsonError;
use crate::model::time::Instant;

/// Why the archive could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system refused.
    #[error("failed on {}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// Something lies where a new file was to be written.
    #[error("{} already exists with other content; nothing was overwritten", path.display())]
    Exists {
        /// The file or directory.
        path: PathBuf,
    },
    /// `init` was pointed at a directory with something in it.
    #[error("{} is not empty", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// No archive there.
    #[error("{} is not an archive (bevara.toml or store/0=bevara_store_1 is missing)", path.display())]
    NoArchive {
        /// The directory.
        path: PathBuf,
    },
    /// Another writer held the lock for too long.
    #[error("another process holds the archive's lock; waited {seconds} s")]
    Locked {
        /// How long.
        seconds: u64,
    },
    /// The signing key is missing or damaged.
    #[error("failed to use the archive's signing key")]
    Key(#[source] KeyError),
    /// A log entry is damaged or could not be made.
    #[error("log entry {seq}")]
    Entry {
        /// Its number.
        seq: u64,
        /// What is wrong.
        source: EntryError,
    },
    /// The log does not hang together.
    #[error("log entry {seq} does not follow the one before it; run verify")]
    Chain {
        /// Its number.
        seq: u64,
    },
    /// Something would be dated before the last entry.
    #[error("the time {given} lies before the log's last entry ({last})")]
    Backdated {
        /// The time wanted.
        given: Instant,
        /// The last entry's.
        last: Instant,
    },
    /// A document could not be written as JSON.
    #[error("failed to write a document")]
    Json(#[from] JsonError),
    /// A capture was named without its account.
    #[error("the account of capture {capture} is not known")]
    AccountMissing {
        /// The capture.
        capture: String,
    },
    /// A unit holds something that does not belong there.
    #[error("{} does not belong in a unit", path.display())]
    Stray {
        /// The file.
        path: PathBuf,
    },
    /// The random source failed.
    #[error("no random numbers from the operating system: {0}")]
    Random(String),
}

impl StoreError {
    /// An I/O error at `path`.
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}
