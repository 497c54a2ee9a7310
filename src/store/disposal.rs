//! The end of a disposal: what was taken out of the store lies in `staging/disposal-<plan>/` until the residue scan has
//! read it, and is then destroyed. Only this file destroys records.

use std::fs::{self, File};
use std::path::PathBuf;

use crate::model::id::RecordId;
use crate::store::error::StoreError;
use crate::store::{Store, durable, lock, stage};

/// Name of the note in a disposal's folder.
const NOTE: &str = "searched.json";

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

    /// Whether a disposal of this plan is under way or was interrupted.
    pub fn has_disposal_folder(&self, plan: &RecordId) -> bool {
        self.disposal_dir(plan).is_dir()
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
            let path = entry
                .map_err(|source| StoreError::io(&self.dir, source))?
                .path();
            if path.is_dir() {
                units.push(path);
            }
        }
        units.sort();
        Ok(units)
    }

    /// What was noted after the search for residue; once it stands, the units need not be there any more.
    pub fn noted(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.dir.join(NOTE);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::io(&path, source)),
        }
    }

    /// Notes the result of the search, which must hold nothing of what was taken out, and destroys every unit taken out.
    pub fn destroy_units(&self, note: &[u8]) -> Result<(), StoreError> {
        if self.noted()?.is_none() {
            durable::write_new(&self.dir.join(NOTE), note)?;
        }
        for unit in self.units()? {
            durable::remove_dir(&unit)?;
        }
        durable::sync_filesystem(&self.dir)
    }

    /// Destroys everything in the folder and the folder itself.
    pub fn destroy(self) -> Result<(), StoreError> {
        durable::remove_dir(&self.dir)?;
        durable::sync_filesystem(self.dir.parent().unwrap_or(&self.dir))
    }
}
