//! Personal and co-ordination numbers: own extraction, then date and check digit. Organisation numbers have no date in
//! them and are none. Shaped like one but with a wrong check digit is unknown: it may be a slip of the pen.

use std::sync::LazyLock;

use chrono::NaiveDate;
use regex::Regex;

use crate::detect::text::{Text, TokenKind};
use crate::model::facts::{Answer, Truth};

/// Version of this detector.
pub(crate) const VERSION: &str = "personnummer/1";

/// A number with hidden last digits: `811228-xxxx`.
static MASKED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:19|20)?\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01]|[6-9]\d)\s*[-+‐-―−]\s*(?:[x*?._#•]{1,4}|\d{1,3}[x*?._#•]{1,3})")
        .ok()
});

/// Answers for a text.
pub(crate) fn answer(text: &Text) -> Answer {
    let masked = MASKED
        .as_ref()
        .is_none_or(|pattern| pattern.is_match(&text.shown));
    let found = sequences(&text.shown)
        .iter()
        .chain(&spoken(text))
        .map(|groups| look(groups))
        .max()
        .unwrap_or(Truth::No);
    let (value, because) = match found {
        Truth::Yes => (Truth::Yes, "number-with-check-digit"),
        Truth::Unknown => (Truth::Unknown, "shaped-like-a-number"),
        Truth::No if masked => (Truth::Unknown, "masked-number"),
        Truth::No => (Truth::No, "no-number"),
    };
    Answer {
        value,
        by: VERSION.to_owned(),
        because: because.to_owned(),
    }
}

/// Groups of digits that follow each other with nothing but separators between them.
fn sequences(shown: &str) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    let mut groups: Vec<String> = Vec::new();
    let mut group = String::new();
    let mut gap = 0;
    for letter in shown.chars() {
        if letter.is_ascii_digit() {
            if gap > 0 && !group.is_empty() {
                groups.push(std::mem::take(&mut group));
            }
            gap = 0;
            group.push(letter);
        } else if is_separator(letter) && gap < 4 {
            gap += 1;
        } else {
            if !group.is_empty() {
                groups.push(std::mem::take(&mut group));
            }
            if !groups.is_empty() {
                all.push(std::mem::take(&mut groups));
            }
            gap = 0;
        }
    }
    if !group.is_empty() {
        groups.push(group);
    }
    if !groups.is_empty() {
        all.push(groups);
    }
    all
}

fn is_separator(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(
            letter,
            '-' | '+'
                | '.'
                | '/'
                | '_'
                | ','
                | '·'
                | ':'
                | '*'
                | '|'
                | '\\'
                | '('
                | ')'
                | '~'
                | '='
                | '−'
                | '‐'..='―'
        )
}

/// Runs of words for numbers, as groups of digits: "nitton åttioett tolv tjugoåtta" is 19 81 12 28.
pub(crate) fn spoken(text: &Text) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    let mut groups = Vec::new();
    let mut words = 0;
    let mut finish = |groups: &mut Vec<String>, words: &mut usize| {
        if *words > 0 && !groups.is_empty() {
            all.push(std::mem::take(groups));
        }
        groups.clear();
        *words = 0;
    };
    for token in &text.tokens {
        match (token.kind, number(&token.plain)) {
            (TokenKind::Number, _) => {
                let digits: String = token.word.chars().filter(char::is_ascii_digit).collect();
                groups.push(digits);
            }
            (_, Some(digits)) => {
                words += 1;
                groups.push(digits);
            }
            (_, None)
                if matches!(
                    token.plain.as_str(),
                    "och" | "streck" | "bindestreck" | "minus" | "plus"
                ) => {}
            (_, None) => finish(&mut groups, &mut words),
        }
    }
    finish(&mut groups, &mut words);
    all
}

const ONES: &[(&str, u32)] = &[
    ("noll", 0),
    ("nolla", 0),
    ("ett", 1),
    ("en", 1),
    ("etta", 1),
    ("tva", 2),
    ("tvaa", 2),
    ("tre", 3),
    ("trea", 3),
    ("fyra", 4),
    ("fem", 5),
    ("femma", 5),
    ("sex", 6),
    ("sexa", 6),
    ("sju", 7),
    ("sjua", 7),
    ("atta", 8),
    ("nio", 9),
    ("nia", 9),
    ("tio", 10),
    ("elva", 11),
    ("tolv", 12),
    ("tretton", 13),
    ("fjorton", 14),
    ("femton", 15),
    ("sexton", 16),
    ("sjutton", 17),
    ("arton", 18),
    ("nitton", 19),
];
const TENS: &[(&str, u32)] = &[
    ("tjugo", 20),
    ("trettio", 30),
    ("fyrtio", 40),
    ("femtio", 50),
    ("sextio", 60),
    ("sjuttio", 70),
    ("attio", 80),
    ("nittio", 90),
];

/// A word for a number below 100, as digits.
pub(crate) fn number(plain: &str) -> Option<String> {
    if let Some((_, value)) = ONES.iter().find(|(word, _)| *word == plain) {
        return Some(value.to_string());
    }
    let (ten, value) = TENS.iter().find(|(word, _)| plain.starts_with(word))?;
    let rest = plain.strip_prefix(ten)?;
    if rest.is_empty() {
        return Some(value.to_string());
    }
    let (_, one) = ONES
        .iter()
        .find(|(word, one)| *word == rest && (1..=9).contains(one))?;
    Some((value + one).to_string())
}

/// The strongest reading of a sequence of groups: windows of 10 and 12 digits that begin and end with groups, and inside
/// a longer run of digits every window, which alone is never more than unknown.
fn look(groups: &[String]) -> Truth {
    let mut found = Truth::No;
    for start in 0..groups.len() {
        let mut digits = String::new();
        for group in groups.iter().skip(start) {
            digits.push_str(group);
            match digits.len() {
                10 | 12 => found = found.max(reading(&digits)),
                0..=12 => {}
                _ => break,
            }
        }
    }
    for group in groups.iter().filter(|group| group.len() > 10) {
        for width in [10, 12] {
            for start in 0..group.len().saturating_sub(width - 1) {
                let window = group.get(start..start + width).unwrap_or_default();
                if window.len() != group.len() && reading(window) == Truth::Yes {
                    found = found.max(Truth::Unknown);
                }
            }
        }
    }
    found
}

fn reading(digits: &str) -> Truth {
    let (centuries, short): (&[u32], &str) = match digits.len() {
        12 => match digits.get(..2) {
            Some("18") => (&[18], digits.get(2..).unwrap_or_default()),
            Some("19") => (&[19], digits.get(2..).unwrap_or_default()),
            Some("20") => (&[20], digits.get(2..).unwrap_or_default()),
            Some(_) | None => return Truth::No,
        },
        10 => (&[19, 20, 18], digits),
        _ => return Truth::No,
    };
    let values: Vec<u32> = short
        .chars()
        .filter_map(|letter| letter.to_digit(10))
        .collect();
    let [y1, y2, m1, m2, d1, d2, ..] = values.as_slice() else {
        return Truth::No;
    };
    let (year, month, day) = (y1 * 10 + y2, m1 * 10 + m2, d1 * 10 + d2);
    let day = if day > 60 { day - 60 } else { day };
    let dated = centuries.iter().any(|century| {
        i32::try_from(century * 100 + year)
            .is_ok_and(|year| NaiveDate::from_ymd_opt(year, month, day).is_some())
    });
    match (dated, luhn(&values)) {
        (true, true) => Truth::Yes,
        (true, false) => Truth::Unknown,
        (false, _) => Truth::No,
    }
}

/// The check digit of ISO/IEC 7812-1, as folkbokföringslagen (1991:481) 18 § has it.
fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .enumerate()
        .map(|(index, digit)| {
            let product = if index % 2 == 0 { digit * 2 } else { *digit };
            product / 10 + product % 10
        })
        .sum();
    digits.len() == 10 && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Truth {
        answer(&Text::read(text)).value
    }

    // 811228-9874 is the Swedish Tax Agency's own example number (SKV 704); 701063-2391 its example of a co-ordination
    // number.
    #[test]
    fn every_spelling_of_a_number_is_found() {
        for text in [
            "811228-9874",
            "8112289874",
            "19811228-9874",
            "198112289874",
            "81 12 28-9874",
            "811228–9874",
            "811228 − 9874",
            "811228+9874",
            "8 1 1 2 2 8 9 8 7 4",
            "８１１２２８-９８７４",
            "٨١١٢٢٨-٩٨٧٤",
            "19 81-12-28 98 74",
            "ring mig,811228-9874!",
            "nr811228-9874x",
            "nitton åttioett tolv tjugoåtta nittioåtta sjuttiofyra",
            "åtta ett ett två två åtta nio åtta sju fyra",
            "81\u{200b}1228-98\u{200b}74",
            "701063-2391",
        ] {
            assert_eq!(of(text), Truth::Yes, "{text}");
        }
    }

    #[test]
    fn a_near_miss_is_unknown() {
        for text in ["811228-9875", "19811228-9873", "811228-xxxx", "811228-98**"] {
            assert_eq!(of(text), Truth::Unknown, "{text}");
        }
    }

    #[test]
    fn other_numbers_are_none() {
        for text in [
            "212000-0985",
            "Bankgiro 866-3494",
            "0451 - 26 70 00",
            "08 – 452 7551",
            "öppet 10–18, lördag 10–15",
            "den 24 december 2026",
            "3000 kr",
            "två eller tre",
            "",
        ] {
            assert_eq!(of(text), Truth::No, "{text}");
        }
    }
}
