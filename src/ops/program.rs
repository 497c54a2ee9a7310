//! This program itself: where its file is, and which build it is.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::app::App;
use crate::model::digest::Sha256Hex;
use crate::model::origin::Origin;
use crate::ops::error::OpsError;

/// The file of this program: it starts itself as a browser's launcher and as a converter.
pub(crate) fn path() -> Result<PathBuf, OpsError> {
    std::env::current_exe().map_err(|source| OpsError::File {
        path: "/proc/self/exe".into(),
        source,
    })
}

/// This program and its clock, for the record.
pub(crate) fn origin(app: &App) -> Result<Origin, OpsError> {
    Ok(Origin {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        sha256: digest()?,
        clock: app.clock.source(),
    })
}

/// The digest of this program's file; read once, for it is large.
fn digest() -> Result<Sha256Hex, OpsError> {
    static DIGEST: OnceLock<Sha256Hex> = OnceLock::new();
    if let Some(digest) = DIGEST.get() {
        return Ok(digest.clone());
    }
    // Not by its path: the file there may have been replaced since this process began.
    let path = Path::new("/proc/self/exe");
    let digest = std::fs::File::open(path).and_then(Sha256Hex::of_reader);
    let digest = digest.map_err(|source| OpsError::File {
        path: path.to_owned(),
        source,
    })?;
    Ok(DIGEST.get_or_init(|| digest).clone())
}
