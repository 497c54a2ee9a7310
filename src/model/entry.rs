//! Log entries: the one truth of the archive. One JSON object a file, ASCII, keys sorted, LF at the end, hash-chained.
//! `docs/format/store.md` describes every type. Entries carry ids, codes, dates and digests, never a name, URL or text.

mod actor;
mod words;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::account::{AccountStatus, Platform};
use crate::model::cadence::{CadenceRule, Occasion, Slot};
use crate::model::digest::{DigestPair, Sha256Hex};
use crate::model::facts::{FactKind, FactRole, Flag, Outcome, Truth};
use crate::model::id::{
    AccountId, Alias, ArchiveId, CaptureId, HolderId, PersonId, RecordId, UnitRef,
};
use crate::model::json::{self, JsonError};
use crate::model::person::Role;
use crate::model::record::CaptureKind;
use crate::model::time::Instant;
use crate::model::verdict::{Reason, Verdict};

pub use crate::model::entry::actor::Actor;
pub use crate::model::entry::words::{
    ApprovalProof, HoldGround, HoldScope, PoliceReport, RemovalState, TakedownState,
};

/// The digests that bind a sealed capture or record to its log entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// Number of units.
    pub units: u32,
    /// RFC 6962 root over the lines of `capture.sha256` (or `record.sha256`), without LF.
    pub root_sha256: Sha256Hex,
    /// `capture.json` or `record.json`.
    pub json: DigestPair,
    /// `capture.sha256` or `record.sha256`.
    pub list_sha256: DigestPair,
    /// `capture.sha512` or `record.sha512`.
    pub list_sha512: DigestPair,
}

/// One unit that a disposal takes away, with the commitment that stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tombstone {
    /// The unit.
    pub unit: UnitRef,
    /// Digests of its `unit.sha256` and `unit.sha512`: SHA-256 of the former, SHA-512 of the latter.
    pub commitment: DigestPair,
}

/// What an entry says. Serialised with its fields beside the common ones, `type` naming the variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "docs/format/store.md describes every member; names follow the model's types"
)]
pub enum Body {
    Genesis {
        archive: ArchiveId,
        name: String,
        org_nr: String,
        origin: String,
        test: bool,
        store_version: String,
        vkey: String,
    },
    PersonChanged {
        person: PersonId,
        role: Role,
        active: bool,
        ssh_key: Option<String>,
        record: RecordId,
        sealed: Sealed,
    },
    AccountChanged {
        account: AccountId,
        alias: Alias,
        platform: Platform,
        status: AccountStatus,
        opened: NaiveDate,
        closed: Option<NaiveDate>,
        policy_sha256: Sha256Hex,
        cadence: Vec<CadenceRule>,
        record: RecordId,
        sealed: Sealed,
    },
    PolicyChange {
        policy_sha256: Sha256Hex,
        policy: String,
        version: String,
        executable: bool,
        cadence: Vec<CadenceRule>,
        replaces_sha256: Option<Sha256Hex>,
    },
    Capture {
        account: AccountId,
        capture: CaptureId,
        kind: CaptureKind,
        occasion: Occasion,
        verdict: Verdict,
        reasons: Vec<Reason>,
        fills: Vec<Slot>,
        sealed: Sealed,
    },
    CaptureFailed {
        account: AccountId,
        capture: CaptureId,
        occasion: Occasion,
        reasons: Vec<Reason>,
        wanted: Vec<Slot>,
        record: Option<RecordId>,
        sealed: Option<Sealed>,
    },
    Ingest {
        account: AccountId,
        capture: CaptureId,
        claimed: u64,
        parsed: u64,
        added: u64,
        changed: u64,
        unchanged: u64,
        refused: u64,
        sealed: Sealed,
    },
    SnapshotMissed {
        account: AccountId,
        slot: Slot,
        record: Option<RecordId>,
        sealed: Option<Sealed>,
    },
    Classification {
        unit: UnitRef,
        outcome: Option<Outcome>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        police_report: Option<PoliceReport>,
        record: RecordId,
        sealed: Sealed,
    },
    Flag {
        unit: UnitRef,
        flag: Flag,
        answer: Truth,
    },
    /// A post was taken off the platform; its copy here stays.
    Takedown {
        unit: UnitRef,
        state: TakedownState,
        record: RecordId,
        sealed: Sealed,
    },
    RegistryHandover {
        handover: RecordId,
        units: Vec<UnitRef>,
        sealed: Sealed,
    },
    RegistryReceipt {
        receipt: RecordId,
        handover: RecordId,
        units: Vec<UnitRef>,
        sealed: Sealed,
    },
    Plan {
        plan: RecordId,
        digest_sha256: Sha256Hex,
        policy_sha256: Sha256Hex,
        items: u64,
        log_size: u64,
        planner: PersonId,
        replaces: Option<RecordId>,
        sealed: Sealed,
    },
    PlanWithdrawn {
        plan: RecordId,
        replaced_by: Option<RecordId>,
        record: Option<RecordId>,
        sealed: Option<Sealed>,
    },
    Approval {
        plan: RecordId,
        digest_sha256: Sha256Hex,
        approver: PersonId,
        proof: ApprovalProof,
        executable_from: Instant,
        expires: Instant,
        record: RecordId,
        sealed: Sealed,
    },
    HoldPlaced {
        hold: RecordId,
        ground: HoldGround,
        scope: HoldScope,
        account: Option<AccountId>,
        unit: Option<UnitRef>,
        from: Option<NaiveDate>,
        to: Option<NaiveDate>,
        sealed: Sealed,
    },
    HoldLifted {
        hold: RecordId,
        second: PersonId,
        record: RecordId,
        sealed: Sealed,
    },
    /// One post (or one readable list of a plan, then without the post's members): intent and tombstone in one.
    Disposal {
        plan: RecordId,
        approval: Option<RecordId>,
        account: Option<AccountId>,
        kind: Option<FactKind>,
        role: Option<FactRole>,
        month: Option<String>,
        rules: Vec<String>,
        decisions: Vec<String>,
        policy_sha256: Sha256Hex,
        units: Vec<Tombstone>,
    },
    DisposalConfirmed {
        plan: RecordId,
        disposed: u64,
        held_back: u64,
        record: RecordId,
        sealed: Sealed,
    },
    Export {
        export: RecordId,
        seal_sha256: Sha256Hex,
        seal_sha512: crate::model::digest::Sha512Hex,
        log_size: u64,
        captures: Vec<CaptureId>,
        sealed: Sealed,
    },
    Receipt {
        receipt: RecordId,
        export: RecordId,
        sealed: Sealed,
    },
    /// What a person found out about a post that is gone from the platform, or was thought to be.
    RemovalObserved {
        unit: UnitRef,
        state: RemovalState,
        record: RecordId,
        sealed: Sealed,
    },
    Note {
        record: RecordId,
        sealed: Sealed,
    },
}

impl Body {
    /// The capture or record that this entry brings into being, its account where it is a capture, and its digests.
    pub fn holder(&self) -> Option<(HolderId, Option<&AccountId>, &Sealed)> {
        match self {
            Self::Capture {
                account,
                capture,
                sealed,
                ..
            }
            | Self::Ingest {
                account,
                capture,
                sealed,
                ..
            } => Some((HolderId::Capture(capture.clone()), Some(account), sealed)),
            Self::PersonChanged { record, sealed, .. }
            | Self::AccountChanged { record, sealed, .. }
            | Self::Classification { record, sealed, .. }
            | Self::Plan {
                plan: record,
                sealed,
                ..
            }
            | Self::Approval { record, sealed, .. }
            | Self::HoldPlaced {
                hold: record,
                sealed,
                ..
            }
            | Self::HoldLifted { record, sealed, .. }
            | Self::DisposalConfirmed { record, sealed, .. }
            | Self::Export {
                export: record,
                sealed,
                ..
            }
            | Self::Receipt {
                receipt: record,
                sealed,
                ..
            }
            | Self::Takedown { record, sealed, .. }
            | Self::RegistryHandover {
                handover: record,
                sealed,
                ..
            }
            | Self::RegistryReceipt {
                receipt: record,
                sealed,
                ..
            }
            | Self::RemovalObserved { record, sealed, .. }
            | Self::Note { record, sealed } => {
                Some((HolderId::Record(record.clone()), None, sealed))
            }
            Self::CaptureFailed { record, sealed, .. }
            | Self::SnapshotMissed { record, sealed, .. }
            | Self::PlanWithdrawn { record, sealed, .. } => match (record, sealed) {
                (Some(record), Some(sealed)) => {
                    Some((HolderId::Record(record.clone()), None, sealed))
                }
                (Some(_) | None, _) => None,
            },
            Self::Genesis { .. }
            | Self::PolicyChange { .. }
            | Self::Flag { .. }
            | Self::Disposal { .. } => None,
        }
    }

    /// The name of the type as `type` carries it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Genesis { .. } => "genesis",
            Self::PersonChanged { .. } => "person-changed",
            Self::AccountChanged { .. } => "account-changed",
            Self::PolicyChange { .. } => "policy-change",
            Self::Capture { .. } => "capture",
            Self::CaptureFailed { .. } => "capture-failed",
            Self::Ingest { .. } => "ingest",
            Self::SnapshotMissed { .. } => "snapshot-missed",
            Self::Classification { .. } => "classification",
            Self::Flag { .. } => "flag",
            Self::Takedown { .. } => "takedown",
            Self::RegistryHandover { .. } => "registry-handover",
            Self::RegistryReceipt { .. } => "registry-receipt",
            Self::Plan { .. } => "plan",
            Self::PlanWithdrawn { .. } => "plan-withdrawn",
            Self::Approval { .. } => "approval",
            Self::HoldPlaced { .. } => "hold-placed",
            Self::HoldLifted { .. } => "hold-lifted",
            Self::Disposal { .. } => "disposal",
            Self::DisposalConfirmed { .. } => "disposal-confirmed",
            Self::Export { .. } => "export",
            Self::Receipt { .. } => "receipt",
            Self::RemovalObserved { .. } => "removal-observed",
            Self::Note { .. } => "note",
        }
    }
}

/// The closed list of entry types in store version 1 that this program does not write yet. Their bytes are verified and
/// a warning tells that their meaning is not checked.
pub const RESERVED_TYPES: &[&str] = &[
    "redaction",
    "monitoring",
    "fixity-check",
    "anchor",
    "key-rotation",
];

/// A log entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 0 (genesis).
    pub seq: u64,
    /// When it was appended.
    pub time: Instant,
    /// Who did it.
    pub actor: Actor,
    /// Digests of the previous entry's bytes; zeros for genesis.
    pub prev: DigestPair,
    /// What it says; `None` for a type this program does not know.
    pub body: Option<Body>,
    /// The type's name as it stands.
    pub kind: String,
}

/// Why the bytes of a log entry are not a log entry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// Not the JSON expected.
    #[error("not a log entry")]
    Json(#[from] JsonError),
    /// A member is missing or has the wrong form.
    #[error("member \"{0}\" is missing or has the wrong form")]
    Member(&'static str),
    /// The bytes are not one ASCII line.
    #[error("not one line of ASCII that ends with LF")]
    Form,
    /// Written for another major version of the store.
    #[error("store version {0} is not known to this program")]
    Version(String),
}

impl Entry {
    /// The entry's bytes: one ASCII line with sorted keys.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EntryError> {
        let body = self.body.as_ref().ok_or(EntryError::Member("type"))?;
        let value = serde_json::to_value(body).map_err(JsonError::from)?;
        let Value::Object(mut members) = value else {
            return Err(EntryError::Member("type"));
        };
        members.insert("v".to_owned(), Value::from(1));
        members.insert("seq".to_owned(), Value::from(self.seq));
        members.insert("time".to_owned(), Value::from(self.time.to_string()));
        members.insert("actor".to_owned(), Value::from(self.actor.to_string()));
        members.insert(
            "prev_sha256".to_owned(),
            Value::from(self.prev.sha256.as_str()),
        );
        members.insert(
            "prev_sha512".to_owned(),
            Value::from(self.prev.sha512.as_str()),
        );
        Ok(json::to_ascii_line(&Value::Object(members))?.into_bytes())
    }

    /// Reads an entry. Unknown members and duplicate keys are refused; an unknown type gives `body: None`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EntryError> {
        let one_line = bytes.is_ascii()
            && bytes.iter().position(|byte| *byte == b'\n') == bytes.len().checked_sub(1);
        if !one_line {
            return Err(EntryError::Form);
        }
        let Value::Object(mut members) = json::value_from_slice(bytes)? else {
            return Err(EntryError::Form);
        };
        match members.remove("v") {
            Some(Value::Number(number)) if number.as_u64() == Some(1) => {}
            Some(other) => return Err(EntryError::Version(other.to_string())),
            None => return Err(EntryError::Member("v")),
        }
        let seq = members
            .remove("seq")
            .and_then(|value| value.as_u64())
            .ok_or(EntryError::Member("seq"))?;
        let time = text(&mut members, "time")?;
        let actor = text(&mut members, "actor")?;
        let sha256 = text(&mut members, "prev_sha256")?;
        let sha512 = text(&mut members, "prev_sha512")?;
        let kind = members
            .get("type")
            .and_then(Value::as_str)
            .ok_or(EntryError::Member("type"))?
            .to_owned();
        let body = if is_written(&kind) {
            Some(serde_json::from_value(Value::Object(members)).map_err(JsonError::from)?)
        } else {
            None
        };
        Ok(Self {
            seq,
            time,
            actor,
            prev: DigestPair { sha256, sha512 },
            body,
            kind,
        })
    }
}

/// Takes a text member out and reads it as `T`.
fn text<T: TryFrom<String>>(
    members: &mut Map<String, Value>,
    name: &'static str,
) -> Result<T, EntryError> {
    match members.remove(name) {
        Some(Value::String(text)) => T::try_from(text).map_err(|_form| EntryError::Member(name)),
        _ => Err(EntryError::Member(name)),
    }
}

/// Whether this program writes entries of the type named.
fn is_written(kind: &str) -> bool {
    matches!(
        kind,
        "genesis"
            | "person-changed"
            | "account-changed"
            | "policy-change"
            | "capture"
            | "capture-failed"
            | "ingest"
            | "snapshot-missed"
            | "classification"
            | "flag"
            | "takedown"
            | "registry-handover"
            | "registry-receipt"
            | "plan"
            | "plan-withdrawn"
            | "approval"
            | "hold-placed"
            | "hold-lifted"
            | "disposal"
            | "disposal-confirmed"
            | "export"
            | "receipt"
            | "removal-observed"
            | "note"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        let unit = UnitRef {
            holder: "20270101T000512Z-0123abcd".parse().unwrap(),
            unit: "000003".parse().unwrap(),
        };
        Entry {
            seq: 7,
            time: "2027-01-01T00:05:12Z".parse().unwrap(),
            actor: Actor::System,
            prev: DigestPair::of(b"before"),
            body: Some(Body::Flag {
                unit,
                flag: Flag::Sekretess,
                answer: Truth::Yes,
            }),
            kind: "flag".to_owned(),
        }
    }

    #[test]
    fn an_entry_reads_back_what_it_writes() {
        let bytes = entry().to_bytes().unwrap();
        assert!(bytes.starts_with(
            b"{\"actor\":\"system\",\"answer\":\"ja\",\"flag\":\"sekretess\",\"prev_sha256\":\""
        ));
        assert_eq!(Entry::from_bytes(&bytes).unwrap(), entry());
    }

    #[test]
    fn a_failed_capture_without_a_record_is_read() {
        let line = format!(
            concat!(
                r#"{{"account":"8b1c0e0a-1111-4222-8333-444455556666","actor":"system","capture":"20270101T000512Z-0123abcd","#,
                r#""occasion":"year","prev_sha256":"{}","prev_sha512":"{}","reasons":["dns"],"seq":7,"#,
                r#""time":"2027-01-01T00:05:12Z","type":"capture-failed","v":1,"wanted":[]}}"#,
                "\n"
            ),
            "0".repeat(64),
            "0".repeat(128)
        );
        let body = Entry::from_bytes(line.as_bytes()).unwrap().body.unwrap();
        assert!(body.holder().is_none(), "{body:?}");
        assert!(matches!(body, Body::CaptureFailed { record: None, .. }));
    }

    #[test]
    fn unknown_members_are_refused_and_unknown_types_kept_apart() {
        let text = String::from_utf8(entry().to_bytes().unwrap()).unwrap();
        let extra = text.replacen('{', "{\"aaa\":1,", 1);
        assert!(Entry::from_bytes(extra.as_bytes()).is_err());
        let unknown = text.replace("\"type\":\"flag\"", "\"type\":\"anchor\"");
        assert_eq!(Entry::from_bytes(unknown.as_bytes()).unwrap().body, None);
        let newer = text.replace("\"v\":1", "\"v\":2");
        assert!(
            matches!(Entry::from_bytes(newer.as_bytes()), Err(EntryError::Version(version)) if version == "2")
        );
    }
}
