//! People who act in the archive. Permanent files know only a random id, a role and a bare SSH key; the name lies in a
//! unit of a record, so that it can be disposed of later.

use serde::{Deserialize, Serialize};

/// What a person may do.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Role {
    /// Kommunarkivarie: policies, export, plans and approvals.
    Arkivarie,
    /// Registrator: transfer to the diarium, secrecy.
    Registrator,
    /// Handläggare: the accounts of one's own unit.
    Handlaggare,
    /// Revisor: reads everything, writes nothing.
    Revisor,
    /// Nämndens företrädare: approves for the board.
    Foretradare,
}

impl Role {
    /// Whether the role may plan, adopt policies, export and change the register.
    pub fn may_administer(self) -> bool {
        self == Self::Arkivarie
    }

    /// Whether the role may log in to accounts for their captures, and forget such a login.
    pub fn may_log_in(self) -> bool {
        matches!(self, Self::Arkivarie | Self::Handlaggare)
    }

    /// Whether the role may approve a disposal plan (another person than its planner).
    pub fn may_approve(self) -> bool {
        matches!(self, Self::Arkivarie | Self::Foretradare)
    }

    /// Whether the role may answer flags and decide on single posts.
    pub fn may_review(self) -> bool {
        matches!(
            self,
            Self::Arkivarie | Self::Registrator | Self::Handlaggare
        )
    }

    /// Whether the role may see posts that are not open (drafts, direct messages, secrecy) when it asks for them.
    pub fn may_see_closed(self) -> bool {
        matches!(
            self,
            Self::Arkivarie | Self::Registrator | Self::Handlaggare | Self::Revisor
        )
    }

    /// Whether the role may write at all.
    pub fn may_write(self) -> bool {
        self != Self::Revisor
    }

    /// The role as the archive writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arkivarie => "arkivarie",
            Self::Registrator => "registrator",
            Self::Handlaggare => "handlaggare",
            Self::Revisor => "revisor",
            Self::Foretradare => "foretradare",
        }
    }
}

/// The part of a person that may carry a name: `person.json` in unit 000000 of a person record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonDetails {
    /// The person's name.
    pub name: String,
}
