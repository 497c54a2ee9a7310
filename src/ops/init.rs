//! A new archive: store, genesis, key, first policy, first person.

use std::path::Path;

use crate::clock::Clock;
use crate::model::finding::Finding;
use crate::model::id::{ArchiveId, PersonId};
use crate::ops::error::OpsError;

/// Whose archive.
#[derive(Clone, Debug)]
pub struct NewMunicipality {
    /// Name.
    pub name: String,
    /// Organisation number.
    pub org_nr: String,
    /// Id of a shipped policy, or a file.
    pub policy: String,
    /// Name of the first person.
    pub person: String,
    /// Name of the log; `None`: `bevara/<archive id>`.
    pub origin: Option<String>,
    /// Whether it is a test archive.
    pub test: bool,
}

/// What was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The archive.
    pub archive: ArchiveId,
    /// The log's name.
    pub origin: String,
    /// The first person.
    pub person: PersonId,
    /// What hinders the policy.
    pub findings: Vec<Finding>,
}

/// Makes an archive in `dir`.
pub async fn init(_dir: &Path, _new: NewMunicipality, _clock: Clock) -> Result<Made, OpsError> {
    Err(OpsError::usage("not built", ""))
}
