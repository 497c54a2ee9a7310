//! Flags about the municipality's own posts: for information, and party politics.

use std::sync::LazyLock;

use crate::detect::text::Text;
use crate::detect::words::Stems;
use crate::model::facts::{Answer, Flag, Truth};

static NOTICE: LazyLock<Stems> = LazyLock::new(|| Stems::read(include_str!("words/notice.txt")));
static POLITICS: LazyLock<Stems> =
    LazyLock::new(|| Stems::read(include_str!("words/politics.txt")));

/// The answers for a text; unknown for what others write.
pub(crate) fn answers(text: &Text, by_authority: bool) -> Vec<(Flag, Answer)> {
    let row = |flag, by: &str, stems: &Stems| {
        let (value, because) = if !by_authority {
            (Truth::Unknown, "not-an-own-post")
        } else if stems.hit(text) {
            (Truth::Yes, "listed")
        } else {
            (Truth::Unknown, "not-listed")
        };
        let answer = Answer {
            value,
            by: by.to_owned(),
            because: because.to_owned(),
        };
        (flag, answer)
    };
    vec![
        row(Flag::ForKannedom, "for_kannedom/1", &NOTICE),
        row(Flag::Politik, "politik/1", &POLITICS),
    ]
}
