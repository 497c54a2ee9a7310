//! Whether a text is Swedish beyond doubt. Statistics fail on short comments, so they are asked last: first comes how
//! many of the words are common Swedish ones, dots and rings or not.

use std::sync::LazyLock;

use whatlang::{Detector, Lang};

use crate::detect::text::{Text, TokenKind, squeeze};
use crate::detect::words::Words;

static COMMON: LazyLock<Words> = LazyLock::new(|| {
    Words::read(concat!(
        include_str!("words/plain.txt"),
        "\n",
        include_str!("words/common.txt"),
        "\n",
        include_str!("words/warm.txt")
    ))
});
static DETECTOR: LazyLock<Detector> = LazyLock::new(|| {
    Detector::with_allowlist(vec![
        Lang::Swe,
        Lang::Nob,
        Lang::Dan,
        Lang::Fin,
        Lang::Eng,
        Lang::Deu,
        Lang::Ara,
        Lang::Pes,
        Lang::Pol,
        Lang::Spa,
        Lang::Fra,
        Lang::Tur,
        Lang::Rus,
        Lang::Ukr,
    ])
});

/// Whether the text is Swedish, or holds no words at all.
pub(crate) fn is_swedish(text: &Text) -> bool {
    let words: Vec<_> = text
        .tokens
        .iter()
        .filter(|token| token.kind == TokenKind::Word)
        .collect();
    if words.is_empty() {
        return true;
    }
    let common = words
        .iter()
        .filter(|token| COMMON.has(&token.word) || COMMON.has_plain(&squeeze(&token.plain)))
        .count();
    if common * 2 >= words.len() {
        return true;
    }
    DETECTOR
        .detect(&text.shown)
        .is_some_and(|info| info.lang() == Lang::Swe && info.is_reliable())
}
