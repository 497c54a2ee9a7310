//! Answers to flags and questions about a post's text. Pure; one file a detector; each with its version.
//! "No hit is no evidence" (`gallring.md` §3.4): a `nej` to secrecy must be earned.

use std::collections::BTreeMap;

use crate::model::facts::{Answer, Flag, Truth};
use crate::model::post::Post;

/// Versions of all detectors together; a plan pins it.
pub const VERSION: &str = "1";

/// The detectors' answers to every flag they answer; a flag left out is unknown.
pub fn answers(_post: &Post) -> BTreeMap<Flag, Answer> {
    BTreeMap::new()
}

/// Whether a text asks a question.
pub fn is_question(_text: &str) -> Truth {
    Truth::Unknown
}
