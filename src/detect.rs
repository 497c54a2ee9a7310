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

/// The detectors' answers for a text alone; `bare` says that it comes without attachment, link and preview.
pub fn answers_for_text(_text: &str, _bare: bool) -> BTreeMap<Flag, Answer> {
    BTreeMap::new()
}

/// Whether a text asks a question.
pub fn is_question(_text: &str) -> Truth {
    Truth::Unknown
}
