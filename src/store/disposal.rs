//! The end of a disposal: what was taken out of the store lies in `staging/disposal-<plan>/` until the residue scan has
//! read it, and is then destroyed. Only this file destroys records.

use std::fs::{self, File};
use std::path::PathBuf;

use crate::model::id::RecordId;
use crate::store::error::StoreError;
use crate::store::{Store, durable, lock, stage};

/// The locked folder of a disposal under way.
#[derive(Debug)]
pub struct DisposalFolder {
    dir: PathBuf,
    _lock: File,
}

impl Store {
    pub(crate) fn disposal_dir(&self, plan: &RecordId) -> PathBuf {
        self.root()
            .join(format!("staging/{}{plan}", stage::DISPOSAL))
    }

    /// Opens (or makes) the folder of a plan's disposal; an error when another process executes the same plan.
    pub fn disposal_folder(&self, plan: &RecordId) -> Result<DisposalFolder, StoreError> {
        let dir = self.disposal_dir(plan);
        durable::create_dirs(&dir)?;
        let Some(lock) = lock::try_directory(&dir)? else {
            return Err(StoreError::Locked { seconds: 0 });
        };
        Ok(DisposalFolder { dir, _lock: lock })
    }
}

impl DisposalFolder {
    /// The unit folders taken out so far, sorted.
    pub fn units(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut units = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(|source| StoreError::io(&self.dir, source))? {
            units.push(
                entry
                    .map_err(|source| StoreError::io(&self.dir, source))?
                    .path(),
            );
        }
        units.sort();
        Ok(units)
    }

    /// Destroys everything in the folder and the folder itself.
    pub fn destroy(self) -> Result<(), StoreError> {
        durable::remove_dir(&self.dir)?;
        durable::sync_filesystem(self.dir.parent().unwrap_or(&self.dir))
    }
}
