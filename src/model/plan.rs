//! The documents of a disposal run: what a plan freezes, its readable list, and what an approval rests on.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::model::digest::Sha256Hex;
use crate::model::entry::{ApprovalProof, Tombstone};
use crate::model::facts::{FactKind, FactRole};
use crate::model::id::{AccountId, Alias, PersonId, RecordId, UnitRef};
use crate::model::time::Instant;

/// Version of these documents.
pub const VERSION: &str = "1";

/// `plan.json`, unit 000000 of a plan. Permanent: no key, text, name or platform id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanJson {
    /// [`VERSION`].
    pub v: String,
    /// The plan.
    pub plan: RecordId,
    /// When it was made.
    pub created: Instant,
    /// The day as of which the posts were evaluated.
    pub day: NaiveDate,
    /// Who planned; stays the same when somebody else removes posts.
    pub planner: PersonId,
    /// The plan that this one replaces, with fewer posts.
    pub replaces: Option<RecordId>,
    /// The policy file.
    pub policy_sha256: Sha256Hex,
    /// Version of the retention engine.
    pub engine: String,
    /// Version of the detectors together.
    pub detectors: String,
    /// The waiting period (karens) in days.
    pub waiting_days: u32,
    /// Log entries there were when the posts were evaluated.
    pub log_size: u64,
    /// Accounts with posts in the plan.
    pub accounts: Vec<AccountShare>,
    /// Posts evaluated and left out, by reason: `preserve`, `registry`, `review`, `not_due`, `no_event`, `unreadable`,
    /// `removed` (taken out by a reviewer).
    pub excluded: BTreeMap<String, u64>,
    /// The posts, roots of threads last.
    pub items: Vec<PlanItem>,
}

/// How much of an account a plan takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountShare {
    /// The account.
    pub account: AccountId,
    /// Posts of it that were there.
    pub posts: u64,
    /// Posts of it in the plan.
    pub items: u64,
}

/// One post in a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanItem {
    /// Its account.
    pub account: AccountId,
    /// All its versions with the commitment to each.
    pub units: Vec<Tombstone>,
    /// Its type, where decided.
    pub kind: Option<FactKind>,
    /// Who wrote it, where known.
    pub role: Option<FactRole>,
    /// Month of publication, `2026-09`.
    pub month: Option<String>,
    /// Rules that permit its disposal.
    pub rules: Vec<String>,
    /// Decisions that these rest on.
    pub decisions: Vec<String>,
    /// First day on which it may be disposed of.
    pub earliest: NaiveDate,
}

impl PlanItem {
    /// Whether one of its units is this one.
    pub fn has(&self, unit: &UnitRef) -> bool {
        self.units.iter().any(|tombstone| tombstone.unit == *unit)
    }
}

/// `list.json`, unit 000001 of a plan: what a reviewer reads. Disposed of with the posts, or when the plan is withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListJson {
    /// [`VERSION`].
    pub v: String,
    /// The plan.
    pub plan: RecordId,
    /// One row for each item of the plan, in the same order.
    pub rows: Vec<ListRow>,
}

/// One post as a reviewer reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListRow {
    /// The newest version.
    pub unit: UnitRef,
    /// The post's key.
    pub post: String,
    /// The platform's own id.
    pub source_id: Option<String>,
    /// The account's alias.
    pub account: Alias,
    /// When it was published.
    pub posted_at: Option<Instant>,
    /// Who wrote it.
    pub author: String,
    /// Its text.
    pub text: String,
    /// Why it may be disposed of, in Swedish.
    pub reason: String,
}

/// `approval.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalJson {
    /// [`VERSION`].
    pub v: String,
    /// The plan.
    pub plan: RecordId,
    /// SHA-256 of its `plan.json`.
    pub digest_sha256: Sha256Hex,
    /// Who approves.
    pub approver: PersonId,
    /// How it is proved.
    pub proof: ApprovalProof,
    /// The signed decision referred to; for a signature `approval.sig` lies beside this file.
    pub decision: Option<String>,
    /// When the waiting period ends.
    pub executable_from: Instant,
    /// When the approval lapses.
    pub expires: Instant,
    /// What the approver read before approving.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
}

/// A sample of the posts of a plan, read by the approver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// How many posts.
    pub posts: u64,
    /// What came of it, in words.
    pub result: String,
}

/// `withdrawal.json`, `lift.json` and other records that hold a person's reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReasonJson {
    /// The reason.
    pub reason: String,
}

/// `hold.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldJson {
    /// The reason.
    pub reason: String,
    /// Text that posts hold (scope query).
    pub query: Option<String>,
}
