//! Secrecy: stem lists by area of offentlighets- och sekretesslagen (2009:400), and structure: a person together with
//! care, school or threat. `nej` is earned by being of a harmless kind; everything else is unknown.

use std::sync::LazyLock;

use regex::Regex;

use crate::detect::harmless::{self, Kind, is_given_name};
use crate::detect::text::{Text, TokenKind};
use crate::detect::words::Stems;
use crate::model::facts::{Answer, Truth};

/// Version of this detector.
pub(crate) const VERSION: &str = "sekretess/2";

static STEMS: LazyLock<Stems> = LazyLock::new(|| Stems::read(include_str!("words/secrecy.txt")));
static PERSONS: LazyLock<Stems> = LazyLock::new(|| Stems::read(include_str!("words/person.txt")));
static OWN: LazyLock<Stems> = LazyLock::new(|| Stems::read(include_str!("words/own_matter.txt")));

/// Class, year or age: `3B`, `årskurs 4`, `trean`, `7 år`.
static SCHOOLED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r" (?:[1-9][a-h]|f-klass|arskurs|klass|ettan|tvaan|trean|fyran|femman|sexan|sjuan|attan|nian|forskoleklass|\d{1,2} ar|\d{1,2}-aring|\w+arig|\w+aring|skola|skolan|\w+skolan|forskolan|dagis|fritids) ").ok()
});

/// Answers for a text. `bare`: nothing but the text is published with it.
pub(crate) fn answer(text: &Text, kind: Result<Kind, &'static str>, bare: bool) -> Answer {
    let danger = names_a_danger(text);
    let person = names_a_person(text);
    let (value, because) = if danger && person {
        (Truth::Yes, "stem-and-person")
    } else if person && is_schooled(text) && names_by_name(text) {
        (Truth::Yes, "name-and-school")
    } else if danger {
        (Truth::Unknown, "stem")
    } else if !bare {
        (Truth::Unknown, "attachment-or-link")
    } else {
        match kind {
            Ok(kind) => (Truth::No, kind.code()),
            Err(why) => (Truth::Unknown, why),
        }
    };
    Answer {
        value,
        by: VERSION.to_owned(),
        because: because.to_owned(),
    }
}

/// Whether a stem of the lists stands in the text.
pub(crate) fn names_a_danger(text: &Text) -> bool {
    STEMS.hit(text)
}

/// Whether a single person is spoken of: kin, pronoun, given name, the writer's own matter.
fn names_a_person(text: &Text) -> bool {
    names_another(text) || OWN.hit(text) || names_by_name(text)
}

/// Whether kin, somebody else or one of a group is spoken of, however the word is disguised.
pub(crate) fn names_another(text: &Text) -> bool {
    PERSONS.hit(text)
}

fn names_by_name(text: &Text) -> bool {
    text.tokens.iter().any(|token| {
        token.kind == TokenKind::Word
            && (harmless::is_name(token) || (is_given_name(&token.word) && token.word.len() > 3))
    })
}

fn is_schooled(text: &Text) -> bool {
    SCHOOLED.as_ref().is_none_or(|pattern| {
        text.variants
            .iter()
            .any(|variant| pattern.is_match(variant))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_can_be_built() {
        assert!(STEMS.is_built() && PERSONS.is_built() && OWN.is_built() && SCHOOLED.is_some());
    }
}
