//! `scope.json`: what a package carries and what it leaves out. It lies in the package and in the record of the export.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::model::id::{AccountId, Alias, ArchiveId, CaptureId, RecordId, UnitRef};

/// The value of `schema`.
pub const SCHEMA: &str = "bevara.scope/1";

/// Why a unit is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WithheldReason {
    /// The policy lets it be disposed of.
    MayDispose,
    /// A plan for its disposal is open.
    Planned,
    /// A person must decide first.
    Review,
    /// It goes to the diarium instead.
    Registry,
    /// Protected, or a post that is not public.
    Protected,
    /// Secrecy.
    Secrecy,
    /// It holds personal names.
    PersonalName,
    /// It concerns other accounts.
    OtherAccount,
    /// It lies outside the period.
    OtherPeriod,
    /// It is a matter within the municipality.
    Internal,
    /// Nothing is known of it.
    Undecided,
}

impl WithheldReason {
    /// The reason in Swedish.
    pub fn swedish(self) -> &'static str {
        match self {
            Self::MayDispose => "får gallras",
            Self::Planned => "ingår i en gallringsplan",
            Self::Review => "ska granskas",
            Self::Registry => "diarieförs",
            Self::Protected => "skyddad",
            Self::Secrecy => "sekretess",
            Self::PersonalName => "personnamn",
            Self::OtherAccount => "annat konto",
            Self::OtherPeriod => "annan period",
            Self::Internal => "intern handling",
            Self::Undecided => "inte bedömd",
        }
    }
}

/// A unit that is left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withheld {
    /// The unit.
    pub unit: UnitRef,
    /// Why.
    pub reason: WithheldReason,
}

/// An account of the package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeAccount {
    /// Id.
    pub id: AccountId,
    /// Alias.
    pub alias: Alias,
}

/// `scope.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// [`SCHEMA`].
    pub schema: String,
    /// The archive.
    pub archive: ArchiveId,
    /// The export's record.
    pub export: RecordId,
    /// Whether it is a test delivery out of a PROVARKIV.
    pub test: bool,
    /// Number of log entries carried; the export's own comes after them.
    pub log_size: u64,
    /// Accounts, by alias.
    pub accounts: Vec<ScopeAccount>,
    /// First day; `None` from the beginning.
    pub from: Option<NaiveDate>,
    /// Last day; `None` to the end.
    pub to: Option<NaiveDate>,
    /// Why protected units are carried, as a person said; without it none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protected: Option<String>,
    /// Captures and ingests described, whatever is carried of them, sorted.
    pub captures: Vec<CaptureId>,
    /// Records described, whatever is carried of them, sorted.
    pub records: Vec<RecordId>,
    /// Units of these that are left out, sorted.
    pub withheld: Vec<Withheld>,
}
