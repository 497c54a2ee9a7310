//! The last day of the event that a post tells of. Known only where every date of the text is understood and the last one
//! ends something: a day that comes too early would let a post go too early, so whatever is unclear is unknown.

use std::sync::LazyLock;

use chrono::{Datelike as _, NaiveDate, Weekday};
use regex::Regex;

use crate::detect::text::{Text, Token, TokenKind};
use crate::detect::words::Words;

static EVENTS: LazyLock<Words> = LazyLock::new(|| Words::read(include_str!("words/events.txt")));
static OPEN: LazyLock<Words> = LazyLock::new(|| Words::read(include_str!("words/event_open.txt")));
static VAGUE: LazyLock<Words> =
    LazyLock::new(|| Words::read(include_str!("words/event_vague.txt")));

/// Dates in figures: `2026-06-06`, `6/6`, `6/6 2026`, `6.6.2026`.
static FIGURES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?-u:\b)(?P<y>(?:19|20)\d{2})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?-u:\b)|(?-u:\b)(?P<d2>\d{1,2})(?P<sep>[/.])(?P<m2>\d{1,2})(?:[/. -](?P<y2>(?:19|20)\d{2}))?(?-u:\b)",
    )
    .ok()
});

const MONTHS: &[&str] = &[
    "jan", "feb", "mar", "apr", "maj", "jun", "jul", "aug", "sep", "okt", "nov", "dec",
];
const LONG_MONTHS: &[&str] = &[
    "januari",
    "februari",
    "mars",
    "april",
    "maj",
    "juni",
    "juli",
    "augusti",
    "september",
    "oktober",
    "november",
    "december",
];
const WEEKDAYS: &[&str] = &["man", "tis", "ons", "tor", "fre", "lor", "son"];
const ORDINALS: &[&str] = &[
    "forsta",
    "andra",
    "tredje",
    "fjarde",
    "femte",
    "sjatte",
    "sjunde",
    "attonde",
    "nionde",
    "tionde",
    "elfte",
    "tolfte",
    "trettonde",
    "fjortonde",
    "femtonde",
    "sextonde",
    "sjuttonde",
    "artonde",
    "nittonde",
    "tjugonde",
    "tjugoforsta",
    "tjugoandra",
    "tjugotredje",
    "tjugofjarde",
    "tjugofemte",
    "tjugosjatte",
    "tjugosjunde",
    "tjugoattonde",
    "tjugonionde",
    "trettionde",
    "trettioforsta",
];

/// How many words before and after a day may tell that the event only begins then.
const OPENERS_BEFORE: usize = 3;
const OPENERS_AFTER: usize = 2;

/// A day as the text tells it.
#[derive(Debug)]
struct Told {
    day: u32,
    month: u32,
    year: Option<i32>,
    weekday: Option<Weekday>,
    /// Something begins or must be done by then; the event comes later.
    open: bool,
}

/// The last day of an event, from a text that was published on a day.
pub fn last_day(text: &str, published: NaiveDate) -> Option<NaiveDate> {
    let figures = FIGURES.as_ref()?;
    let spelt = spelt_out(text, figures)?;
    let read = Text::read(&spelt);
    if !read.tokens.iter().any(is_event) {
        return None;
    }
    let told = told(&read.tokens)?;
    let mut last: Option<(NaiveDate, bool)> = None;
    for one in &told {
        let day = one.resolved(published)?;
        // Of the same day, what is open counts.
        last = last.max(Some((day, one.open)));
    }
    let (day, open) = last?;
    (!open).then(|| day.max(published))
}

fn is_event(token: &Token) -> bool {
    token.kind == TokenKind::Word && (EVENTS.has(&token.word) || EVENTS.ends(&token.word).is_some())
}

/// The text with dates in figures written as `6 juni 2026`; `None` where one of them may be something else.
fn spelt_out(text: &str, figures: &Regex) -> Option<String> {
    let mut spelt = String::new();
    let mut from = 0;
    for found in figures.captures_iter(text) {
        let whole = found.get(0)?;
        let number = |name: &str| found.name(name)?.as_str().parse::<usize>().ok();
        let (day, month, year) = (
            number("d").or_else(|| number("d2"))?,
            number("m").or_else(|| number("m2"))?,
            number("y").or_else(|| number("y2")),
        );
        // "18.30" is an hour, "6.6" a day only with its year.
        if found.name("sep").is_some_and(|sep| sep.as_str() == ".") && year.is_none() {
            continue;
        }
        let name = LONG_MONTHS.get(month.checked_sub(1)?)?;
        spelt.push_str(text.get(from..whole.start())?);
        spelt.push_str(&year.map_or_else(
            || format!("{day} {name}"),
            |year| format!("{day} {name} {year}"),
        ));
        from = whole.end();
    }
    spelt.push_str(text.get(from..)?);
    Some(spelt)
}

/// Every day that the text tells; `None` where it speaks of a time that is no day.
fn told(tokens: &[Token]) -> Option<Vec<Told>> {
    let mut days = Vec::new();
    let mut used = vec![false; tokens.len()];
    for (at, token) in tokens.iter().enumerate() {
        let Some(month) = month(token) else { continue };
        let before = at.checked_sub(1)?;
        let day = day(tokens.get(before)?)?;
        let year = tokens.get(at + 1).and_then(year);
        let (start, weekday) = before_of(tokens, before, &mut used);
        let end = at + usize::from(year.is_some());
        for place in before..=end {
            mark(&mut used, place);
        }
        let around = [
            start.saturating_sub(OPENERS_BEFORE)..start,
            end + 1..end + 1 + OPENERS_AFTER,
        ];
        let open = around.into_iter().any(|range| {
            let last = range.end.min(tokens.len());
            let words = tokens.get(range.start..last).unwrap_or_default();
            words
                .iter()
                .any(|token| OPEN.has(&token.word) || OPEN.has_plain(&token.plain))
        });
        days.push(Told {
            day,
            month,
            year,
            weekday,
            open,
        });
    }
    let vague = tokens.iter().zip(&used).any(|(token, used)| {
        !used
            && (VAGUE.has(&token.word)
                || VAGUE.has_plain(&token.plain)
                || weekday(token).is_some()
                || year(token).is_some())
    });
    (!vague).then_some(days)
}

fn mark(used: &mut [bool], at: usize) {
    if let Some(place) = used.get_mut(at) {
        *place = true;
    }
}

/// Goes back over what belongs to a day, "fredag 5 till lördag den 6 juni", and tells where it begins, and the weekday.
fn before_of(tokens: &[Token], day_at: usize, used: &mut [bool]) -> (usize, Option<Weekday>) {
    let (mut start, mut found) = (day_at, None);
    while let Some(token) = start.checked_sub(1).and_then(|before| tokens.get(before)) {
        let told = weekday(token);
        let joins = matches!(token.plain.as_str(), "den" | "och" | "till");
        if told.is_none() && !joins && day(token).is_none() {
            break;
        }
        start -= 1;
        mark(used, start);
        found = found.or(told);
    }
    (start, found)
}

fn month(token: &Token) -> Option<u32> {
    let at = LONG_MONTHS
        .iter()
        .position(|name| *name == token.word)
        .or_else(|| MONTHS.iter().position(|name| *name == token.word))?;
    u32::try_from(at + 1).ok()
}

fn day(token: &Token) -> Option<u32> {
    if let Some(at) = ORDINALS.iter().position(|name| *name == token.plain) {
        return u32::try_from(at + 1).ok();
    }
    let figures = token
        .word
        .strip_suffix(":e")
        .or_else(|| token.word.strip_suffix(":a"))
        .unwrap_or(&token.word);
    figures
        .parse::<u32>()
        .ok()
        .filter(|day| (1..=31).contains(day))
}

fn year(token: &Token) -> Option<i32> {
    token
        .word
        .parse::<i32>()
        .ok()
        .filter(|year| (1900..2100).contains(year))
}

fn weekday(token: &Token) -> Option<Weekday> {
    let word = token.plain.as_str();
    let stem = word
        .strip_suffix("dagarna")
        .or_else(|| word.strip_suffix("dagar"))
        .or_else(|| word.strip_suffix("dagen"))
        .or_else(|| word.strip_suffix("dag"))
        .unwrap_or(word);
    let at = WEEKDAYS.iter().position(|name| {
        *name == stem || (stem.len() > 3 && stem.trim_end_matches('s') == *name)
    })?;
    // "son" and "man" are words of their own.
    if stem == word && matches!(stem, "son" | "man" | "tor") {
        return None;
    }
    Weekday::try_from(u8::try_from(at).ok()?).ok()
}

impl Told {
    /// The day; without a year the next one on or after publication. Its weekday must be the one that is told.
    fn resolved(&self, published: NaiveDate) -> Option<NaiveDate> {
        let on = |year: i32| NaiveDate::from_ymd_opt(year, self.month, self.day);
        let fits = |date: &NaiveDate| self.weekday.is_none_or(|weekday| date.weekday() == weekday);
        if let Some(year) = self.year {
            return on(year).filter(fits);
        }
        [published.year(), published.year() + 1]
            .into_iter()
            .filter_map(on)
            .find(|date| *date >= published)
            .filter(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        let published = "2026-05-20".parse().unwrap();
        last_day(text, published).map(|date| date.to_string())
    }

    // 6 June 2026 is a Saturday, 7 June a Sunday, 1 March 2027 a Monday.
    #[test]
    fn days_in_words_and_figures_are_understood() {
        for text in [
            "Välkommen till marknaden den 6 juni!",
            "Konsert 6 juni 2026 kl 18.00 i parken",
            "Konsert lördag den 6 juni",
            "Konsert lördagen den 6 juni kl. 18",
            "Konsert lördag 6/6 kl 18",
            "Konsert 6/6 2026",
            "Konsert 6.6.2026",
            "Konsert 2026-06-06",
            "Konsert den 6:e juni",
            "Konsert den sjätte juni",
            "Konsert 6 jun",
            "Marknad 5-6 juni",
            "Marknad 5–6 juni",
            "Marknad den 5 och 6 juni",
            "Marknad fredag 5 till lördag 6 juni",
            "Sista anmälan senast 1 juni. Föreläsningen är den 6 juni.",
            "Kurs 23 maj och 6 juni",
        ] {
            assert_eq!(of(text).as_deref(), Some("2026-06-06"), "{text}");
        }
        assert_eq!(of("Konsert 1 mars").as_deref(), Some("2027-03-01"));
        assert_eq!(
            of("Tack alla som kom till konserten 2026-05-18").as_deref(),
            Some("2026-05-20"),
            "never before it was published"
        );
    }

    #[test]
    fn whatever_is_unclear_is_unknown() {
        for text in [
            "Badet är öppet den 6 juni",
            "Konsert på lördag",
            "Konsert varje torsdag, start 6 juni",
            "Konsert ikväll",
            "Utställningen pågår från 6 juni",
            "Utställning från och med den 6 juni",
            "Utställningen öppnar den 6 juni",
            "Anmäl dig till kursen senast 6 juni",
            "Utställning hela sommaren, vernissage 6 juni",
            "Konsert 6 juni och i augusti",
            "Konsert 6 juni, därefter varje vecka",
            "Konsert söndag den 6 juni",
            "Konsert 31 juni",
            "Konsert 6/13",
            "Konsert vecka 23",
            "Konserten börjar 18.30 den 6 juni.",
            "Den 6 juni öppnar utställningen",
            "Konsert 5 juni och därefter i parken",
            "Festival till midsommar, start 6 juni",
            "Konsert 2026",
            "Konsert 6 juni, och igen på onsdag",
            "Konsert",
            "",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
