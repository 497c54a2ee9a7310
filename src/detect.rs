//! Answers to flags and questions about a post's text. Pure; one file a detector; each with its version.
//! "No hit is no evidence": a `nej` to secrecy is earned by being recognised as harmless, never by passing a list.

mod case;
mod contact;
pub mod context;
pub mod event;
mod harmless;
mod language;
mod listed;
mod own;
mod personnummer;
mod picture;
mod question;
mod secrecy;
mod text;
mod words;

use std::collections::BTreeMap;

use crate::detect::text::Text;
use crate::model::facts::{Answer, Flag, Truth};
use crate::model::post::{AuthorRole, Post};

/// Versions of all detectors together; a plan pins it. Raised whenever a list or a rule changes.
pub const VERSION: &str = "3";

/// The detectors' answers to every flag they answer; a flag left out is unknown.
pub fn answers(post: &Post) -> BTreeMap<Flag, Answer> {
    let by_authority = post.author.role == AuthorRole::Authority;
    let attached = !post.attachments.is_empty();
    // A link of the municipality's own is part of a usual reply; anybody else's may show anything.
    let linked = !post.links.is_empty() && !by_authority;
    of_text(&post.search_text(), by_authority, !attached && !linked)
}

/// The detectors' answers for a text alone, written by the municipality or by others; `bare` says that it comes without
/// attachment, link and preview.
pub fn answers_for_text(text: &str, by_authority: bool, bare: bool) -> BTreeMap<Flag, Answer> {
    of_text(text, by_authority, bare)
}

/// Whether a text asks a question.
pub fn is_question(text: &str) -> Truth {
    question::answer(text)
}

fn of_text(text: &str, by_authority: bool, bare: bool) -> BTreeMap<Flag, Answer> {
    let read = Text::read(text);
    let addressed = read
        .tokens
        .iter()
        .any(|token| token.kind == text::TokenKind::Address);
    let bare = bare && (by_authority || !addressed);
    let kind = harmless::recognise(&read, by_authority);
    let swedish = kind.is_ok() || language::is_swedish(&read);
    let mut answers = BTreeMap::new();
    let mut number = personnummer::answer(&read);
    if number.value == Truth::No && !bare {
        number.value = Truth::Unknown;
        "attachment-or-link".clone_into(&mut number.because);
    }
    answers.insert(Flag::Personnummer, number);
    answers.insert(Flag::Sekretess, secrecy::answer(&read, kind, bare));
    answers.insert(Flag::Arende, case::answer(&read, kind, bare));
    answers.extend(contact::answers(&read, (by_authority, kind.is_ok(), bare)));
    answers.extend(listed::answers(&read, swedish, !bare));
    answers.extend(picture::answers(&read, bare));
    answers.extend(own::answers(&read, by_authority));
    answers
}
