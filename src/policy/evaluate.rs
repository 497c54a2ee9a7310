//! Facts and a policy to a decision. Order-independent, three-valued, pure; `gallring.md` §3.3.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::model::facts::{Floor, Outcome, PostFacts, Truth};
use crate::policy::Policy;

/// Version of the engine; a plan pins it.
pub const ENGINE_VERSION: &str = "1";

/// How one rule came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleResult {
    /// The rule's id.
    pub rule: String,
    /// Whether its condition holds.
    pub truth: Truth,
    /// What it says.
    pub outcome: Outcome,
    /// Ids of the decisions it rests on.
    pub decisions: Vec<String>,
}

/// What is to become of a post, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What the policy (and a person's decision) says.
    pub outcome: Outcome,
    /// The rules that hold or may hold, by id.
    pub rules: Vec<RuleResult>,
    /// The first day on which disposal may happen; `None` where an event is missing.
    pub earliest: Option<NaiveDate>,
    /// Conditions of the floor not met (G0–G7; the caller adds G8), sorted.
    pub blocked_by: Vec<Floor>,
    /// Obligations such as `diariefor`, `polisanmal`, `motivering`; sorted, from rules that hold.
    pub obligations: Vec<String>,
    /// The Swedish sentence.
    pub reason: String,
}

/// Decides on a post as of a day.
pub fn evaluate(_policy: &Policy, _facts: &PostFacts, _as_of: NaiveDate) -> Decision {
    todo!()
}
