//! Flags answered by a list: a hit is yes, no hit is no where the language is known to be Swedish, else unknown. These
//! flags lead to review and never to disposal.

use std::sync::LazyLock;

use crate::detect::text::Text;
use crate::detect::words::Stems;
use crate::model::facts::{Answer, Flag, Truth};

/// A flag, the version of its list and the list.
struct Listed {
    flag: Flag,
    version: &'static str,
    stems: Stems,
}

static LISTS: LazyLock<Vec<Listed>> = LazyLock::new(|| {
    let row = |flag, version, list| Listed {
        flag,
        version,
        stems: Stems::read(list),
    };
    let abuse = include_str!("words/abuse.txt");
    let incite = include_str!("words/incite.txt");
    vec![
        row(Flag::Krankning, "krankning/1", abuse),
        row(
            Flag::Fortal,
            "fortal/1",
            include_str!("words/defamation.txt"),
        ),
        row(
            Flag::HetsMotFolkgrupp,
            "hets_mot_folkgrupp/1",
            include_str!("words/hate.txt"),
        ),
        row(
            Flag::OlagaHot,
            "olaga_hot/1",
            include_str!("words/threat.txt"),
        ),
        row(Flag::Uppvigling, "uppvigling/1", incite),
        row(Flag::OffentligUppmaning, "offentlig_uppmaning/1", incite),
        row(Flag::UppmaningTillBrott, "uppmaning_till_brott/1", incite),
        row(
            Flag::Svordom,
            "svordom/1",
            include_str!("words/profanity.txt"),
        ),
        row(
            Flag::Reklam,
            "reklam/1",
            include_str!("words/advertising.txt"),
        ),
    ]
});

/// The answers for a text. `links`: it comes with an address, which may advertise.
pub(crate) fn answers(text: &Text, swedish: bool, links: bool) -> Vec<(Flag, Answer)> {
    LISTS
        .iter()
        .map(|row| {
            let (value, because) = if row.stems.hit(text) {
                (Truth::Yes, "listed")
            } else if !swedish {
                (Truth::Unknown, "language-not-known")
            } else if row.flag == Flag::Reklam && links {
                (Truth::Unknown, "link")
            } else {
                (Truth::No, "not-listed")
            };
            let answer = Answer {
                value,
                by: row.version.to_owned(),
                because: because.to_owned(),
            };
            (row.flag, answer)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_can_be_built() {
        for row in LISTS.iter() {
            assert!(row.stems.is_built(), "{:?}", row.flag);
        }
    }
}
