//! Who acts.

use serde::{Deserialize, Serialize};

use crate::model::id::PersonId;

/// Who did what an entry tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Actor {
    /// A person.
    Person(PersonId),
    /// The program on its own (`run`, a capture from cron).
    System,
}

impl std::fmt::Display for Actor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Person(id) => id.fmt(formatter),
            Self::System => formatter.write_str("system"),
        }
    }
}

impl TryFrom<String> for Actor {
    type Error = crate::model::id::IdFormError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "system" {
            Ok(Self::System)
        } else {
            text.parse().map(Self::Person)
        }
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> Self {
        actor.to_string()
    }
}
