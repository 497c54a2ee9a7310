//! Which posts a kontobok shows, read back from it: what a disposal may rest on, and where disposed text remains.

use std::collections::BTreeSet;
use std::path::Path;

use crate::catalogue::CaptureRow;
use crate::model::id::{HolderId, UnitRef};
use crate::model::json;
use crate::model::kontobok::Kontobok;
use crate::ops::error::OpsError;
use crate::ops::kontobok::BOOK;
use crate::ops::snapshot::REQUESTS;
use crate::store::read;

/// The units whose text a kontobok shows; none where its list is gone.
pub(crate) fn shown(root: &Path, capture: &CaptureRow) -> Result<BTreeSet<UnitRef>, OpsError> {
    let holder = HolderId::Capture(capture.id.clone());
    let path = format!("{}/units/{REQUESTS}/{BOOK}", capture.id);
    let bytes = read::unit_file(root, (&holder, Some(&capture.account)), REQUESTS, BOOK).map_err(
        |source| OpsError::File {
            path: path.clone().into(),
            source,
        },
    )?;
    match bytes {
        Some(bytes) => json::from_slice::<Kontobok>(&bytes)
            .map(|book| book.shown.into_iter().collect())
            .map_err(|source| OpsError::Document { path, source }),
        None => Ok(BTreeSet::new()),
    }
}
