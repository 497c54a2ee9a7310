//! Swedish telephone numbers: `0` and 7 to 9 digits more, or `+46`, however they are spaced. Dates, hours, prices,
//! organisation and personal numbers, giro and case numbers are none. Other digits, enough for a number, are unknown.

use std::sync::LazyLock;

use regex::Regex;

use crate::detect::contact::Found;
use crate::detect::personnummer::spoken;
use crate::detect::text::Text;
use crate::model::facts::Truth;

/// Version of this detector.
pub(super) const VERSION: &str = "telefon/1";

/// Digits of the longest number: `0046 (0)` and nine more.
const MOST_DIGITS: usize = 14;
/// Digits of the shortest number without its area code.
const SHORTEST_LOCAL: usize = 5;

/// What has digits and is no telephone number: dates, spans of years, case numbers, organisation and personal numbers,
/// giro numbers, prices and postcodes.
static OTHERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let day = r"(?:0?[1-9]|[12]\d|3[01])";
    let month = r"(?:0?[1-9]|1[0-2])";
    let year = r"(?:19|20)\d{2}";
    let parts = [
        format!(r"(?-u:\b){year}\s?[-./‐-―]\s?{month}\s?[-./‐-―]\s?{day}(?-u:\b)"),
        format!(r"(?-u:\b){day}[-./‐-―]{month}[-./‐-― ]{year}(?-u:\b)"),
        format!(r"(?-u:\b){year}\s?[-/‐-―]\s?(?:{year}|\d{{2}})(?-u:\b)"),
        format!(r"(?-u:\b){year}[/:]\d{{1,5}}(?-u:\b)"),
        r"(?-u:\b)[125-9]\d[2-9]\d{3}\s?[-‐-―]?\s?\d{4}(?-u:\b)".to_owned(),
        r"(?-u:\b)(?:19|20)?\d{6}[-+‐-―]\d{4}(?-u:\b)".to_owned(),
        r"(?i)(?-u:\b)(?:bankgiro|bg|plusgiro|postgiro|pg)\W{0,3}\d[\d -]{4,9}\d(?-u:\b)".to_owned(),
        r"(?i)(?-u:\b)[1-9]\d{0,2}(?:[ .]?\d{3})*(?:[,:.]\d{1,2})?\s?(?:kr|kronor|sek|:-|€|euro|tkr|mkr|miljoner)".to_owned(),
        r"(?-u:\b)[1-9]\d{2} \d{2}\s+\p{Lu}".to_owned(),
    ];
    Regex::new(&parts.join("|")).ok()
});

/// `8.30`, `18:00`; [`without_hours`] looks at what stands around it.
static HOUR: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?-u:\b)(?:[01]?\d|2[0-4])[.:][0-5]\d(?-u:\b)").ok());

/// Area codes of mobile numbers.
const MOBILE: &[&str] = &["070", "072", "073", "076", "079"];

/// Words that tell of digits behind them that they are a number to call.
const CALLING: &[&str] = &[
    "ring",
    "ringa",
    "ringer",
    "tel",
    "telefon",
    "telefonen",
    "telefonnummer",
    "mobil",
    "mobilen",
    "mobilnummer",
    "sms",
    "smsa",
    "swish",
    "swisha",
    "nummer",
    "nummret",
    "numret",
    "nas",
    "nar",
    "tfn",
    "tlf",
    "whatsapp",
    "signal",
];

/// Looks for a telephone number.
pub(super) fn look(text: &Text) -> Found {
    let folded = folded(&text.shown);
    let Some(bare) = OTHERS
        .as_ref()
        .and_then(|others| without_hours(&others.replace_all(&folded, " | ")))
    else {
        return (Truth::Unknown, "not-looked-for");
    };
    let runs = runs(&bare);
    // What looks like a year or a price may be the middle of a mobile number.
    let mobile = self::runs(&folded).iter().any(Run::is_mobile);
    let said: Vec<String> = spoken(text).iter().map(|groups| groups.concat()).collect();
    if mobile || runs.iter().any(Run::is_number) || said.iter().any(|digits| is_national(digits)) {
        return (Truth::Yes, "telephone-number");
    }
    let digits = runs
        .iter()
        .map(Run::digits)
        .chain(said.iter().map(String::len))
        .max()
        .unwrap_or(0);
    if digits < SHORTEST_LOCAL {
        return (Truth::No, "few-digits");
    }
    let calling = text
        .tokens
        .iter()
        .any(|token| CALLING.contains(&token.plain.as_str()));
    if calling {
        (Truth::Yes, "digits-to-call")
    } else {
        (Truth::Unknown, "digits")
    }
}

/// The letters O, l and I as digits in what is otherwise made of digits.
fn folded(shown: &str) -> String {
    let mut text = String::new();
    for chunk in shown.split_inclusive(char::is_whitespace) {
        let letters = || chunk.chars().filter(|letter| letter.is_alphabetic());
        let disguised = chunk.chars().any(|letter| letter.is_ascii_digit())
            && letters().next().is_some()
            && letters().all(|letter| matches!(letter, 'o' | 'O' | 'l' | 'I'));
        if disguised {
            text.extend(chunk.chars().map(|letter| match letter {
                'o' | 'O' => '0',
                'l' | 'I' => '1',
                other => other,
            }));
        } else {
            text.push_str(chunk);
        }
    }
    text
}

/// The text without times of day. "08.23" in "08.23.45.67" is none.
fn without_hours(text: &str) -> Option<String> {
    let hour = HOUR.as_ref()?;
    let mut kept = String::new();
    let mut from = 0;
    for found in hour.find_iter(text) {
        let before = text.get(..found.start()).unwrap_or_default();
        let after = text.get(found.end()..).unwrap_or_default();
        let goes_on = |mut letters: Box<dyn Iterator<Item = char> + '_>| {
            letters.next().is_some_and(|sign| matches!(sign, '.' | ':'))
                && letters.next().is_some_and(|letter| letter.is_ascii_digit())
        };
        if goes_on(Box::new(before.chars().rev())) || goes_on(Box::new(after.chars())) {
            continue;
        }
        kept.push_str(text.get(from..found.start()).unwrap_or_default());
        kept.push_str(" | ");
        from = found.end();
    }
    kept.push_str(text.get(from..).unwrap_or_default());
    Some(kept)
}

/// Groups of digits with nothing but separators between them.
#[derive(Debug, Default)]
struct Run {
    groups: Vec<String>,
    plus: bool,
}

impl Run {
    fn digits(&self) -> usize {
        self.groups.iter().map(String::len).sum()
    }

    /// Whether groups that follow each other make a mobile number, and no personal number (six digits and four).
    fn is_mobile(&self) -> bool {
        self.holds(|digits, groups| {
            let dated = matches!(groups, [_, last] if last.len() == 4);
            digits.len() == 10 && !dated && MOBILE.iter().any(|area| digits.starts_with(area))
        })
    }

    /// Whether groups that follow each other make a number.
    fn is_number(&self) -> bool {
        let abroad = self.plus && self.from(0, &|digits: &str, _: &[String]| is_abroad(digits));
        abroad || self.holds(|digits, _| is_national(digits))
    }

    /// Whether groups that follow each other are together what is asked for.
    fn holds(&self, asked: impl Fn(&str, &[String]) -> bool) -> bool {
        (0..self.groups.len()).any(|start| self.from(start, &asked))
    }

    fn from(&self, start: usize, asked: &impl Fn(&str, &[String]) -> bool) -> bool {
        let mut digits = String::new();
        for (at, group) in self.groups.iter().enumerate().skip(start) {
            digits.push_str(group);
            if digits.len() > MOST_DIGITS {
                return false;
            }
            if asked(&digits, self.groups.get(start..=at).unwrap_or_default()) {
                return true;
            }
        }
        false
    }
}

/// `0` and 7 to 9 digits more (Post- och telestyrelsen's numbering plan), or `0046`.
fn is_national(digits: &str) -> bool {
    if let Some(rest) = digits.strip_prefix("00") {
        return is_abroad(rest);
    }
    digits.starts_with('0') && (8..=10).contains(&digits.len())
}

/// `46` and 7 to 9 digits more, perhaps with the 0 that falls away abroad.
fn is_abroad(digits: &str) -> bool {
    digits.strip_prefix("46").is_some_and(|rest| {
        let rest = rest.strip_prefix('0').unwrap_or(rest);
        (7..=9).contains(&rest.len())
    })
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs = vec![Run::default()];
    let (mut gap, mut plus) = (usize::MAX, false);
    for letter in text.chars() {
        let Some(run) = runs.last_mut() else { break };
        if letter.is_ascii_digit() {
            if gap == 0
                && let Some(group) = run.groups.last_mut()
            {
                group.push(letter);
            } else if gap < 4 && !plus {
                run.groups.push(letter.to_string());
            } else {
                runs.push(Run {
                    groups: vec![letter.to_string()],
                    plus,
                });
            }
            (gap, plus) = (0, false);
        } else if letter == '+' {
            plus = true;
            gap = usize::MAX;
        } else if is_separator(letter) {
            gap = gap.saturating_add(1);
        } else {
            plus = false;
            gap = usize::MAX;
        }
    }
    runs
}

fn is_separator(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '-' | '/' | '.' | '(' | ')' | '_' | '−' | '‐'..='―')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Truth {
        look(&Text::read(text)).0
    }

    // 070-174 06 05 to 09 and the like are kept free for fiction by Post- och telestyrelsen.
    #[test]
    fn every_spelling_of_a_number_is_found() {
        for text in [
            "070-174 06 05",
            "0701740605",
            "070 174 06 05",
            "070/1740605",
            "070.174.06.05",
            "070–174 06 05",
            "(070) 174 06 05",
            "07 01 74 06 05",
            "0 7 0 1 7 4 0 6 0 5",
            "+46701740605",
            "+46 70 174 06 05",
            "+46 (0)70-174 06 05",
            "0046 70 174 06 05",
            "08-465 004 00",
            "08 – 46 50 04 00",
            "08.46.50.04.00",
            "08.23.45.67",
            "0560-100 00",
            "ring 070 174 06 05!",
            "tel0701740605",
            "O7O-I74 O6 O5",
            "０７０-１７４ ０６ ０５",
            "070\u{a0}174\u{a0}06\u{a0}05",
            "07\u{200b}0174\u{200b}0605",
            "noll sju noll ett sju fyra noll sex noll fem",
            "kl 18.00, 070-174 06 05",
            "2026-06-06 070-174 06 05",
            "Ring mig på 100 00 23",
            "swisha 123 45 67",
            "070-2012-345",
        ] {
            assert_eq!(of(text), Truth::Yes, "{text}");
        }
    }

    #[test]
    fn other_numbers_are_none() {
        for text in [
            "212000-0985",
            "2120000985",
            "811228-9874",
            "010203-1234",
            "2026-06-06",
            "01-05-2026",
            "1/5 2026",
            "6.6.2026",
            "8.00-16.30",
            "08.00–16.30",
            "öppet 08:00-16:30, lördag 10-15",
            "kl 07-16",
            "2025-2026",
            "läsåret 2025/26",
            "KS 2026/12345",
            "Bankgiro 866-3494",
            "12 500 kr",
            "1 250 000 kronor",
            "3000:-",
            "685 30 Torsby",
            "nr 12",
            "två eller tre",
            "",
        ] {
            assert_eq!(of(text), Truth::No, "{text}");
        }
    }

    #[test]
    fn digits_enough_for_a_number_are_unknown() {
        for text in [
            "12 34 56",
            "70 174 06 05",
            "12 000 besökare",
            "ett två tre fyra fem sex",
        ] {
            assert_eq!(of(text), Truth::Unknown, "{text}");
        }
    }

    #[test]
    fn the_patterns_can_be_built() {
        assert!(OTHERS.is_some() && HOUR.is_some());
    }
}
