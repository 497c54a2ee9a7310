//! The entries of the log, read from the store. One that cannot be read ends what rests on it: it may be the one that counts.

use std::path::Path;

use crate::model::entry::Entry;
use crate::ops::error::{ErrorKind, OpsError};
use crate::store::read;

/// Entry number `seq`, or `None` past the end.
pub(crate) fn entry(root: &Path, seq: u64) -> Result<Option<Entry>, OpsError> {
    let bytes = read::entry(root, seq)?;
    bytes.map(|bytes| parsed(seq, &bytes)).transpose()
}

/// The bytes of entry number `seq` as an entry.
pub(crate) fn parsed(seq: u64, bytes: &[u8]) -> Result<Entry, OpsError> {
    Entry::from_bytes(bytes).map_err(|source| {
        OpsError::part(
            format!("log entry {seq} cannot be read"),
            ErrorKind::Problem,
            source,
        )
    })
}
