//! Reading back single files of the store, for the catalogue and for operations. A missing unit is no error: it was
//! disposed of, or withheld.

use std::fs;
use std::io;
use std::path::Path;

use crate::model::id::{AccountId, HolderId, UnitNo};
use crate::store::error::StoreError;
use crate::store::log;
use crate::store::stage;

/// The bytes of a log entry, or `None` past the end.
pub fn entry(root: &Path, seq: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let path = log::entry_path(root, seq);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::io(&path, source)),
    }
}

/// The bytes of a file in a unit, or `None` when the unit is gone.
pub fn unit_file(
    root: &Path,
    holder: (&HolderId, Option<&AccountId>),
    unit: UnitNo,
    file: &str,
) -> io::Result<Option<Vec<u8>>> {
    holder_file(root, holder, &format!("units/{unit}/{file}"))
}

/// The bytes of a file in a capture or record, or `None` when it is gone.
pub fn holder_file(
    root: &Path,
    (holder, account): (&HolderId, Option<&AccountId>),
    file: &str,
) -> io::Result<Option<Vec<u8>>> {
    let Some(holder) = stage::holder_path(holder, account.map(AccountId::as_str)) else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a capture without its account",
        ));
    };
    match fs::read(root.join(format!("store/{holder}/{file}"))) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
