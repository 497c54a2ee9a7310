//! Whether a text asks a question. A rhetorical one is unknown.

use std::sync::LazyLock;

use crate::detect::text::{Text, TokenKind};
use crate::detect::words::Words;
use crate::model::facts::Truth;

static OPENERS: LazyLock<Words> = LazyLock::new(|| Words::read(include_str!("words/question.txt")));

/// Ends of a sentence that ask for assent, not for an answer.
const RHETORICAL: &[&str] = &[
    "eller hur?",
    "va?",
    "eller?",
    "inte sant?",
    "allvarligt?",
    "på riktigt?",
    "är ni dumma",
    "skämtar ni",
    "skojar ni",
    "vad tror ni",
    "hur svårt kan det vara",
    "vem bryr sig",
    "varför är jag inte förvånad",
];

/// Whether a text asks.
pub(crate) fn answer(text: &str) -> Truth {
    answer_read(&Text::read(text))
}

/// The same of a text that was read.
pub(crate) fn answer_read(read: &Text) -> Truth {
    let bare: Vec<&str> = read
        .shown
        .split_whitespace()
        .filter(|chunk| !chunk.contains("://"))
        .collect();
    let shown = bare.join(" ").to_lowercase();
    let marked = shown.contains('?') || shown.contains('؟') || shown.contains('？');
    if marked {
        let rhetorical = shown.contains("??")
            || shown.contains("?!")
            || shown.contains("!?")
            || RHETORICAL.iter().any(|end| shown.contains(end));
        return if rhetorical {
            Truth::Unknown
        } else {
            Truth::Yes
        };
    }
    // Without the mark: a sentence that opens like a question may be one.
    let opens = read
        .tokens
        .iter()
        .any(|token| token.first && token.kind == TokenKind::Word && OPENERS.has(&token.word));
    if opens { Truth::Unknown } else { Truth::No }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_mark_asks_and_an_address_does_not() {
        assert_eq!(answer("När öppnar badet?"), Truth::Yes);
        assert_eq!(answer("Läs på https://exempel.example/?id=3"), Truth::No);
        assert_eq!(answer("Ni skojar väl, eller hur?"), Truth::Unknown);
        assert_eq!(answer("När öppnar badet"), Truth::Unknown);
        assert_eq!(answer("Tack för svaret!"), Truth::No);
    }
}
