//! `ingest.json`, unit 000000 of an ingest: which containers were read, what became of their items, and which posts
//! were seen again unchanged.

use serde::{Deserialize, Serialize};

use crate::model::digest::{Sha256Hex, Sha512Hex};
use crate::model::id::UnitRef;
use crate::model::post::{Completeness, Refused};
use crate::model::time::Instant;

/// A file or folder that posts were read from. It is not stored; its name, size and digests are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContainerFacts {
    /// File name.
    pub name: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256 of the file; of a folder over its sorted listing.
    pub sha256: Sha256Hex,
    /// SHA-512 of the same.
    pub sha512: Sha512Hex,
}

/// Items of a container that are no posts, such as WordPress menus: named, so that nothing is passed over in silence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skipped {
    /// The platform's word for them.
    pub what: String,
    /// How many.
    pub count: u64,
}

/// `ingest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngestJson {
    /// Version of this document.
    pub v: String,
    /// What was read.
    pub containers: Vec<ContainerFacts>,
    /// The format recognised.
    pub format: String,
    /// Its version, where told.
    pub format_version: Option<String>,
    /// The importer and its version.
    pub parser: String,
    /// Items that the container holds: parsed and refused.
    pub claimed: u64,
    /// Items read.
    pub parsed: u64,
    /// Posts that were new.
    pub added: u64,
    /// Posts of which a new version was kept.
    pub changed: u64,
    /// Posts that were as before.
    pub unchanged: u64,
    /// Items that could not be read, the first of them.
    pub refused: Vec<Refused>,
    /// How many more there were.
    #[serde(default)]
    pub refused_unlisted: u64,
    /// Items that are no posts.
    pub skipped: Vec<Skipped>,
    /// Repairs made.
    pub repairs: u64,
    /// Members replaced because they may not be kept.
    pub redactions: u64,
    /// How much of the account the container can hold.
    pub completeness: Completeness,
    /// Publication of the oldest post read: what a window reaches back to.
    #[serde(default)]
    pub oldest: Option<Instant>,
    /// Units of posts that were as before.
    pub seen: Vec<UnitRef>,
}

impl IngestJson {
    /// How many items could not be read.
    pub fn refused_count(&self) -> u64 {
        self.refused.len() as u64 + self.refused_unlisted
    }
}
