//! What begins or continues a case at the authority (`arende`).

use std::sync::LazyLock;

use crate::detect::harmless::Kind;
use crate::detect::text::Text;
use crate::detect::words::Stems;
use crate::model::facts::{Answer, Truth};

/// Version of this detector.
pub(crate) const VERSION: &str = "arende/2";

static STEMS: LazyLock<Stems> = LazyLock::new(|| Stems::read(include_str!("words/case.txt")));

/// Answers for a text. A harmless kind holds every word in a vocabulary without cases, "ingen föranmälan" included.
pub(crate) fn answer(text: &Text, kind: Result<Kind, &'static str>, bare: bool) -> Answer {
    let (value, because) = match kind {
        Ok(kind) if bare => (Truth::No, kind.code()),
        Ok(_) | Err(_) if STEMS.hit(text) => (Truth::Yes, "listed"),
        Ok(_) => (Truth::Unknown, "attachment-or-link"),
        Err(why) => (Truth::Unknown, why),
    };
    Answer {
        value,
        by: VERSION.to_owned(),
        because: because.to_owned(),
    }
}
