//! The closed vocabularies of log entries.

use serde::{Deserialize, Serialize};

/// What a hold covers.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum HoldScope {
    /// A whole account.
    Account,
    /// The thread of a post.
    Thread,
    /// One post.
    Post,
    /// Everything published in a period.
    Period,
    /// Everything that a search finds, later arrivals too.
    Query,
}

/// Why a hold is placed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum HoldGround {
    /// A request for disclosure, until finally tried.
    Utlamnandebegaran,
    /// Supervision, JO.
    Tillsyn,
    /// Police report.
    Polisanmalan,
    /// Dispute.
    Tvist,
    /// Research.
    Forskning,
    /// Crisis.
    Kris,
}

/// What a takedown made of a post on the platform.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum TakedownState {
    /// Not shown any more (avpublicerad).
    Hidden,
    /// Deleted on the platform (raderad).
    Deleted,
}

/// What became of a post that a later export lacks.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum RemovalState {
    /// The municipality hid it.
    Hidden,
    /// The municipality took it away.
    DeletedByAuthority,
    /// Its author took it away.
    DeletedByAuthor,
    /// The platform took it away.
    RemovedByPlatform,
    /// It is still there; the export did not hold it.
    StillThere,
}

/// What a person decided where a rule wants a post reported to the police.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum PoliceReport {
    /// It was reported.
    Made,
    /// It is not to be reported.
    NotMade,
}

/// How an approval is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalProof {
    /// `ssh-keygen -Y sign` over the plan's digest, checked against the person's key.
    Signature,
    /// A reference to a signed decision.
    Decision,
}
