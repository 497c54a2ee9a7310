//! Swedish postal addresses: a street's name with a number, a postcode with its town, a box. A house may be called
//! anything ("Solhem"), so no hit is no evidence: `nej` only where the text is of a harmless kind and names no street.

use std::sync::LazyLock;

use regex::Regex;

use crate::detect::contact::Found;
use crate::detect::text::{Text, TokenKind};
use crate::model::facts::Truth;

/// Version of this detector.
pub(super) const VERSION: &str = "adress/1";

/// Ends of streets' names.
const ENDS: &str = "gatan|gata|vägen|vagen|väg|gränden|gränd|grand|stigen|stig|backen|backe|allén|alle|allen|torget|torg|plan|planen|\
    esplanaden|kajen|stranden|strand|leden|slingan|ringen|svängen|kroken|dreven|promenaden|bron|parken|gården|höjden|\
    terrassen|trappan|vreten|tunet|kullen|liden|dalen|udden|hagen|ängen|åsen|berget|lunden|viken|näset|brinken";

/// A street with a number: `Storgatan 12 B`, `S:t Larsgatan 3`, `Västra vägen 4`.
static STREET: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(
        r"(?i)(?P<street>\p{{L}}[\p{{L}}.:'’-]{{0,40}}\s?(?:{ENDS}))\s+(?:nr\.?\s?)?(?P<number>\d{{1,4}})\s?[a-h]?(?-u:\b)\s*(?P<after>[\p{{L}}%:]*)"
    ))
    .ok()
});

/// A postcode with its town, or a box.
static POST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?-u:\b)(?:SE?[- ]?)?[1-9]\d{2}\s?\d{2}\s+\p{Lu}\p{L}+|(?-u:\b)(?i:box)\s+\d{1,5}(?-u:\b)").ok()
});

/// Ways and places that are no streets' names.
const COMMON: &[&str] = &[
    "motorvägen",
    "riksvägen",
    "länsvägen",
    "europavägen",
    "landsvägen",
    "cykelvägen",
    "gångvägen",
    "bilvägen",
    "grusvägen",
    "skogsvägen",
    "hemvägen",
    "omvägen",
    "huvudvägen",
    "huvudgatan",
    "gågatan",
    "lokalgatan",
    "villagatan",
    "rv",
    "riksväg",
    "länsväg",
    "motorväg",
    "landsväg",
    "cykelväg",
    "gångväg",
    "grusväg",
    "den vägen",
    "på vägen",
    "på gatan",
    "på planen",
    "fotbollsplan",
    "fotbollsplanen",
    "detaljplan",
    "detaljplanen",
    "översiktsplan",
    "översiktsplanen",
    "handlingsplan",
    "handlingsplanen",
    "tidsplan",
    "tidsplanen",
    "skidbacken",
    "pulkabacken",
    "badstranden",
    "bokallen",
    "på torget",
    "i parken",
    "lekparken",
    "i dalen",
    "vid stranden",
    "på bron",
    "på stranden",
    "på gården",
    "i backen",
];

/// Words behind a number that count something.
const COUNTED: &[&str] = &[
    "minuter",
    "minut",
    "min",
    "timmar",
    "dagar",
    "veckor",
    "år",
    "gånger",
    "meter",
    "m",
    "km",
    "mil",
    "kr",
    "kronor",
    "bilar",
    "personer",
    "stycken",
    "st",
    "procent",
    "%",
    "hundar",
    "barn",
    "till",
    "och",
    "juni",
    "juli",
    "maj",
    "augusti",
    "april",
    "mars",
    "september",
    "oktober",
    "november",
    "december",
    "januari",
    "februari",
];

/// Looks for a postal address. `harmless`: every word of the text is covered by the harmless vocabulary.
pub(super) fn look(text: &Text, harmless: bool) -> Found {
    let (Some(street), Some(post)) = (STREET.as_ref(), POST.as_ref()) else {
        return (Truth::Unknown, "not-looked-for");
    };
    let shown = text.shown.as_str();
    let numbered = shown.chars().any(|letter| letter.is_ascii_digit());
    let dwelling = numbered
        && street.captures_iter(shown).any(|found| {
            let part = |name| {
                found
                    .name(name)
                    .map_or("", |part| part.as_str())
                    .to_lowercase()
            };
            let name = part("street");
            !COMMON.contains(&name.as_str()) && !COUNTED.contains(&part("after").as_str())
        });
    if dwelling || (numbered && post.is_match(shown)) {
        return (Truth::Yes, "postal-address");
    }
    let named = text.tokens.iter().any(|token| {
        token.kind == TokenKind::Word
            && ENDS
                .split('|')
                .any(|end| token.word.len() > end.len() + 1 && token.word.ends_with(end))
    });
    if named {
        (Truth::Unknown, "street")
    } else if harmless {
        (Truth::No, "harmless-kind")
    } else {
        (Truth::Unknown, "no-harmless-kind")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, harmless: bool) -> Truth {
        look(&Text::read(text), harmless).0
    }

    #[test]
    fn streets_with_a_number_postcodes_and_boxes_are_found() {
        for text in [
            "Storgatan 12",
            "storgatan 12 b",
            "Storgatan 12B, 2 tr",
            "Vi bor på Kyrkovägen 4.",
            "Norra Allén 3",
            "S:t Larsgatan 30",
            "Västra vägen 4",
            "Nya Torget 1",
            "Nygatan nr 7",
            "685 30 Torsby",
            "68530 Torsby",
            "SE-685 30 Torsby",
            "Box 123",
            "Ekbacken 14 A",
            "Sto\u{200b}rgatan 12",
        ] {
            assert_eq!(of(text, false), Truth::Yes, "{text}");
            assert_eq!(of(text, true), Truth::Yes, "{text}");
        }
    }

    #[test]
    fn roads_and_counts_are_no_addresses_and_a_street_alone_is_unknown() {
        for text in [
            "motorvägen 3 km bort",
            "riksväg 45",
            "Storgatan 5 minuter bort",
            "Storgatan är avstängd",
            "fotbollsplanen 2",
        ] {
            assert_eq!(of(text, true), Truth::Unknown, "{text}");
        }
    }

    #[test]
    fn no_hit_is_no_evidence() {
        for text in ["Tack för svaret!", "När öppnar badet?", "Öppet 10-15", ""] {
            assert_eq!(of(text, true), Truth::No, "{text}");
            assert_eq!(of(text, false), Truth::Unknown, "{text}");
        }
    }

    #[test]
    fn the_patterns_can_be_built() {
        assert!(STREET.is_some() && POST.is_some());
    }
}
