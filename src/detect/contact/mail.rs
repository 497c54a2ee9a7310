//! E-mail addresses, also with a word in the place of the sign. A handle is none; a handle with a server looks like one
//! and is unknown.

use std::sync::LazyLock;

use regex::Regex;

use crate::detect::contact::Found;
use crate::detect::text::Text;
use crate::model::facts::Truth;

/// Version of this detector.
pub(super) const VERSION: &str = "e_post/1";

/// The sign, as it is or told: `(at)`, `[a]`, `snabel-a`.
const AT: &str =
    r"(?:\s?[@＠]\s?|\s?[(\[{]\s?(?:at|a|snabel-?a|@)\s?[)\]}]\s?|\s+(?:at|snabel-?\s?a)\s+)";
/// The point, as it is or told.
const POINT: &str = r"(?:\.|\s?[(\[{]\s?(?:dot|punkt|\.)\s?[)\]}]\s?|\s+(?:dot|punkt)\s+)";

static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(
        r"(?i)(?P<before>^|[^\p{{L}}\d._%+-])(?P<name>[\p{{L}}\d._%+-]{{0,64}}[\p{{L}}\d_]){AT}[\p{{L}}\d-]+(?:{POINT}[\p{{L}}\d-]+)*{POINT}\p{{L}}{{2,}}"
    ))
    .ok()
});

/// Where mailboxes are held, told without the sign.
const PROVIDERS: &[&str] = &[
    "gmail",
    "hotmail",
    "outlook",
    "icloud",
    "protonmail",
    "telia",
    "yahoo",
    "mejladress",
    "mailadress",
    "epostadress",
    "mejlen",
];

/// Looks for an e-mail address.
pub(super) fn look(text: &Text) -> Found {
    let Some(address) = ADDRESS.as_ref() else {
        return (Truth::Unknown, "not-looked-for");
    };
    let mut handle = false;
    for found in address.captures_iter(&text.shown) {
        // "@anna@exempel.social" is where somebody writes, and cannot be told from an address with a slip before it.
        if found
            .name("before")
            .is_some_and(|sign| sign.as_str() == "@")
        {
            handle = true;
        } else {
            return (Truth::Yes, "e-mail-address");
        }
    }
    let inside = text.shown.split_whitespace().any(|chunk| {
        chunk
            .trim_start_matches(|sign: char| !sign.is_alphanumeric() && sign != '@')
            .char_indices()
            .any(|(at, sign)| sign == '@' && at > 0)
    });
    let provider = text.tokens.iter().any(|token| {
        PROVIDERS
            .iter()
            .any(|provider| token.plain.replace('-', "").starts_with(provider))
    });
    if handle || inside || provider {
        (Truth::Unknown, "perhaps-an-address")
    } else {
        (Truth::No, "no-address")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Truth {
        look(&Text::read(text)).0
    }

    #[test]
    fn every_spelling_of_an_address_is_found() {
        for text in [
            "anna.svensson@example.se",
            "Mejla ANNA_S@EXAMPLE.COM!",
            "(anna+barn@post.example.se)",
            "anna @ example.se",
            "anna(at)example.se",
            "anna [at] example [dot] se",
            "anna snabel-a example punkt se",
            "anna snabela example.se",
            "åsa@exempel.se",
            "anna＠example.se",
            "an\u{200b}na@example.se",
            "mailto:anna@example.se",
        ] {
            assert_eq!(of(text), Truth::Yes, "{text}");
        }
    }

    #[test]
    fn what_may_be_one_is_unknown() {
        for text in [
            "@anna@exempel.social",
            "anna@kommunen",
            "anna punkt s på gmail",
            "min mejladress har ni",
        ] {
            assert_eq!(of(text), Truth::Unknown, "{text}");
        }
    }

    #[test]
    fn handles_and_other_texts_are_none() {
        for text in [
            "@torsbykommun",
            "Hej @anna.s, kom!",
            "Vi ses @ biblioteket",
            "Läs på www.example.se",
            "Bra. Tack!",
            "at the library. Nice",
            "",
        ] {
            assert_eq!(of(text), Truth::No, "{text}");
        }
    }

    #[test]
    fn the_pattern_can_be_built() {
        assert!(ADDRESS.is_some());
    }
}
