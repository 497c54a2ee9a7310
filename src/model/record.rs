//! The permanent descriptions of captures and records: `capture.json` and `record.json`.
//! No name, URL, title or free text stands in either; such things lie in units.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::id::{AccountId, CaptureId, RecordId, UnitNo};
use crate::model::time::Instant;
use crate::model::verdict::{Counts, Reason, Verdict};

/// The store version this program writes.
pub const STORE_VERSION: &str = "1";

/// What kind of capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureKind {
    /// Taken by the browser.
    Page,
    /// Posts from an export or feed.
    Ingest,
    /// Pictures or PDFs a person made.
    Manual,
    /// Ingested posts rendered as a kontobok.
    Rendered,
}

/// Who may see a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessClass {
    /// Öppen.
    Open,
    /// Skyddad.
    Protected,
    /// Sekretess; set by a person.
    Secrecy,
}

/// `capture.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaptureJson {
    /// [`STORE_VERSION`].
    pub v: String,
    /// The capture.
    pub id: CaptureId,
    /// The account.
    pub account: AccountId,
    /// What kind.
    pub kind: CaptureKind,
    /// The occasion it belongs to; captures of one occasion share it.
    pub snapshot_id: String,
    /// When work on it began.
    pub started: Instant,
    /// When it was sealed.
    pub finished: Instant,
    /// Always `complete` for an ingest without refused items, else `partial`.
    pub verdict: Verdict,
    /// Why not complete.
    pub reasons: Vec<Reason>,
    /// Posts seen (page captures).
    pub counts: Option<Counts>,
    /// Programs and versions that made it: `bevara`, `chromium`, `pdfa`, importer …
    pub tools: BTreeMap<String, String>,
    /// Access class of every unit at birth.
    pub access: BTreeMap<UnitNo, AccessClass>,
}

/// What kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// A person's name: `person.json`.
    Person,
    /// A revision of an account: `account.json`.
    Account,
    /// A disposal plan: unit 000000 `plan.json`, unit 000001 `list.json` (readable).
    Plan,
    /// An approval: `approval.json`, and `approval.sig` where signed.
    Approval,
    /// A withdrawal's reason: `withdrawal.json`.
    Withdrawal,
    /// A hold: `hold.json`.
    Hold,
    /// The lifting of a hold: `lift.json`.
    Lift,
    /// A person's decision on a post: `decision.json`.
    Decision,
    /// What a person found out about a post that is gone: `removal.json`.
    Removal,
    /// The scope of an export: `scope.json`.
    Export,
    /// An archive's receipt: `receipt.json` and the file received.
    Receipt,
    /// Why a post was taken off the platform: `takedown.json`, and what it looked like afterwards.
    Takedown,
    /// What was handed over to the registry: `handover.json`.
    Handover,
    /// The diarienummer that came back: `receipt.json`.
    RegistryReceipt,
    /// Gallringsprotokoll: `protocol.json`, `protocol.pdf`.
    Protocol,
    /// What was observed of a capture that failed: `requests.json`, `note.json`.
    Attempt,
    /// Why a snapshot was missed or an account closed without one: `reason.json`.
    Reason,
}

/// `record.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordJson {
    /// [`STORE_VERSION`].
    pub v: String,
    /// The record.
    pub id: RecordId,
    /// What kind.
    pub kind: RecordKind,
    /// When it was made.
    pub created: Instant,
    /// The program's version.
    pub tools: BTreeMap<String, String>,
}
