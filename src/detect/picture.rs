//! Flags about pictures: no where there is nothing but a text and the text names nothing of the kind. No program looks at
//! the pictures themselves; with an attachment or a link only a person can answer.

use std::sync::LazyLock;

use crate::detect::text::Text;
use crate::detect::words::Stems;
use crate::model::facts::{Answer, Flag, Truth};

/// Version of this detector.
pub(crate) const VERSION: &str = "bild/1";

static STEMS: LazyLock<Stems> = LazyLock::new(|| Stems::read(include_str!("words/picture.txt")));

const FLAGS: &[Flag] = &[
    Flag::Barnpornografi,
    Flag::Pornografi,
    Flag::OlagaValdsskildring,
    Flag::OlagaIntegritetsintrang,
    Flag::Upphovsratt,
];

/// The answers for a text. `bare`: nothing but the text is published with it.
pub(crate) fn answers(text: &Text, bare: bool) -> Vec<(Flag, Answer)> {
    let (value, because) = if !bare {
        (Truth::Unknown, "attachment-or-link")
    } else if STEMS.hit(text) {
        (Truth::Unknown, "listed")
    } else {
        (Truth::No, "text-alone")
    };
    FLAGS
        .iter()
        .map(|flag| {
            let answer = Answer {
                value,
                by: VERSION.to_owned(),
                because: because.to_owned(),
            };
            (*flag, answer)
        })
        .collect()
}
