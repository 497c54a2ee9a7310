//! The harmless vocabulary: which class each word of a text belongs to. A word without a class makes the whole text
//! unknown, so nothing here has to foresee a danger.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::detect::personnummer::number;
use crate::detect::text::{Text, Token, TokenKind, plain, squeeze};
use crate::detect::words::{Words, entries};

/// What a word contributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// No content of its own; may stand beside thanks and greetings.
    Light,
    /// No content of its own; may stand beside a public thing.
    Plain,
    Warm,
    Opinion,
    /// A public place, event or matter.
    Public,
    /// A place that a home, a ward or a class may be called after.
    Street,
    /// People who work somewhere.
    Staff,
    Time,
    Service,
    /// Harmless only where no person at all is spoken of.
    Sensitive,
    /// What one person may be given or wait for.
    Goods,
    Tagging,
    /// What the municipality alone may say of itself or to the reader.
    Replying,
    /// Opens a question.
    Asking,
    Name,
    /// A name of a place behind "i".
    Place,
}

#[derive(Debug)]
struct Phrase {
    class: Class,
    words: Vec<String>,
}

/// Every word with its class. The first list that holds a word decides.
static CLASSES: LazyLock<Classes> = LazyLock::new(Classes::read);
static NAMES: LazyLock<Words> = LazyLock::new(|| Words::read(include_str!("../words/names.txt")));
static AUTHORITY: LazyLock<Words> =
    LazyLock::new(|| Words::read(include_str!("../words/authority.txt")));
static HEADS: LazyLock<Words> = LazyLock::new(|| Words::read(include_str!("../words/heads.txt")));
static STREETS: LazyLock<Words> =
    LazyLock::new(|| Words::read(include_str!("../words/streets.txt")));
static WEAK_HEADS: LazyLock<Words> =
    LazyLock::new(|| Words::read(include_str!("../words/weak_heads.txt")));
static MODIFIERS: LazyLock<Words> =
    LazyLock::new(|| Words::read(include_str!("../words/modifiers.txt")));
static FAMILY: LazyLock<Words> = LazyLock::new(|| Words::read(include_str!("../words/family.txt")));
static EVENT_HEADS: LazyLock<Words> =
    LazyLock::new(|| Words::read(include_str!("../words/event_heads.txt")));
static PHRASES: LazyLock<BTreeMap<String, Vec<Phrase>>> =
    LazyLock::new(|| phrases(include_str!("../words/phrases.txt")));

/// Words of the vocabulary that mean something else without their dots and rings, or name a person when alone.
const AMBIGUOUS: &[&str] = &[
    "far", "bor", "hor", "mor", "bar", "mar", "lar", "dor", "sar", "son", "bo", "lan", "kor",
    "vard", "foda", "hora", "hall", "fa", "var", "horn", "rad", "radd", "angest", "slar",
];

/// Names that are words too: names where they begin with a capital.
const NAMES_TOO: &[&str] = &["stig", "per", "jan", "björk", "lind", "berg", "holm"];

#[derive(Debug)]
struct Classes {
    exact: BTreeMap<String, Class>,
    plain: BTreeMap<String, Class>,
}

impl Classes {
    fn read() -> Self {
        let lists = [
            (include_str!("../words/sensitive.txt"), Class::Sensitive),
            (include_str!("../words/goods.txt"), Class::Goods),
            (include_str!("../words/staff.txt"), Class::Staff),
            (include_str!("../words/warm.txt"), Class::Warm),
            (include_str!("../words/light.txt"), Class::Light),
            (include_str!("../words/opinion.txt"), Class::Opinion),
            (include_str!("../words/public.txt"), Class::Public),
            (include_str!("../words/service.txt"), Class::Service),
            (include_str!("../words/time.txt"), Class::Time),
            (include_str!("../words/plain.txt"), Class::Plain),
            (include_str!("../words/towns.txt"), Class::Place),
        ];
        let mut exact = BTreeMap::new();
        for (list, class) in lists {
            for word in entries(list) {
                exact.entry(word).or_insert(class);
            }
        }
        let mut bare = BTreeMap::new();
        for (word, class) in &exact {
            bare.entry(plain(word)).or_insert(*class);
        }
        Self { exact, plain: bare }
    }

    fn of(&self, word: &str) -> Option<Class> {
        self.exact
            .get(word)
            .copied()
            .or_else(|| inflected(&self.exact, word))
    }

    fn of_plain(&self, word: &str) -> Option<Class> {
        self.plain
            .get(word)
            .copied()
            .or_else(|| inflected(&self.plain, word))
    }
}

/// Endings of nouns of the public classes; longest first.
const NOUN_ENDINGS: &[&str] = &[
    "arnas", "ernas", "ornas", "arna", "erna", "orna", "ens", "ets", "ars", "ers", "ar", "er",
    "or", "en", "et", "na", "n", "t", "s",
];
/// Endings of adjectives of praise and judgement; longest first.
const ADJECTIVE_ENDINGS: &[&str] = &["aste", "ast", "are", "ma", "a", "t", "e"];
/// A stem shorter than this is not inflected: too many short words differ by an ending alone.
const SHORTEST_STEM: usize = 4;

fn inflected(words: &BTreeMap<String, Class>, word: &str) -> Option<Class> {
    let stem_of = |endings: &[&str], wanted: &[Class]| {
        endings.iter().find_map(|ending| {
            let stem = word.strip_suffix(ending)?;
            if stem.chars().count() < SHORTEST_STEM {
                return None;
            }
            let class = words.get(stem).copied();
            // "lampor" of "lampa"
            let class = match class {
                None if ending.starts_with('o') => words.get(&format!("{stem}a")).copied(),
                known => known,
            };
            class.filter(|class| wanted.contains(class))
        })
    };
    stem_of(NOUN_ENDINGS, &[Class::Public])
        .or_else(|| stem_of(ADJECTIVE_ENDINGS, &[Class::Warm, Class::Opinion]))
}

/// A given name of the list, or a surname in -sson; a handle is none.
pub(crate) fn is_name(token: &Token) -> bool {
    token.kind == TokenKind::Word
        && token.capital
        && (NAMES.has(&token.word)
            || (token.plain.len() > 6 && token.plain.ends_with("sson"))
            || token.plain.ends_with("qvist")
            || token.plain.ends_with("strom"))
}

/// Whether a word is a given name, capital or not.
pub(crate) fn is_given_name(word: &str) -> bool {
    NAMES.has(word)
}

/// The class of every token, phrases first; `None` as soon as one is not covered.
pub(super) fn classes(text: &Text, by_authority: bool) -> Option<Vec<Class>> {
    let tokens = &text.tokens;
    let shouted = is_shouted(tokens);
    let mut classes = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if let Some((class, length)) = phrase(tokens.get(at..).unwrap_or_default())
            && (by_authority || class != Class::Replying)
        {
            classes.push(class);
            at += length;
            continue;
        }
        let after = tokens.get(at + 1);
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        classes.push(class(token, (before, after), (by_authority, shouted))?);
        at += 1;
    }
    Some(classes)
}

/// Whether the text is written in capitals, so that a capital says nothing.
fn is_shouted(tokens: &[Token]) -> bool {
    let words = || {
        tokens
            .iter()
            .filter(|token| token.kind == TokenKind::Word && token.word.chars().count() > 1)
    };
    words().count() > 1 && words().all(|token| token.capital)
}

fn phrase(tokens: &[Token]) -> Option<(Class, usize)> {
    PHRASES
        .get(&tokens.first()?.plain)?
        .iter()
        .filter(|phrase| {
            phrase.words.len() <= tokens.len()
                && phrase
                    .words
                    .iter()
                    .zip(tokens)
                    .all(|(word, token)| token.word == *word || token.word == plain(word))
        })
        .max_by_key(|phrase| phrase.words.len())
        .map(|phrase| (phrase.class, phrase.words.len()))
}

type Neighbours<'t> = (Option<&'t Token>, Option<&'t Token>);

fn class(
    token: &Token,
    (before, after): Neighbours<'_>,
    (by_authority, shouted): (bool, bool),
) -> Option<Class> {
    match token.kind {
        TokenKind::Number => {
            // A number after a street is a dwelling.
            let dwelling = before.is_some_and(|street| is_street(&street.word));
            (!dwelling).then_some(Class::Plain)
        }
        TokenKind::Mention => Some(Class::Name),
        TokenKind::Address => by_authority.then_some(Class::Service),
        TokenKind::Tag | TokenKind::Word => {
            if token.capital && NAMES_TOO.contains(&token.word.as_str()) && !shouted {
                return Some(Class::Name);
            }
            let class = word_class(token, by_authority);
            // "på Solen": a common noun with a capital is the name of something.
            if class == Some(Class::Public)
                && token.capital
                && !token.first
                && !shouted
                && HEADS.ends(&token.word).is_none()
            {
                return Some(Class::Street);
            }
            class.or_else(|| place(token, (before, after)).then_some(Class::Place))
        }
    }
}

/// Whether a word that no list has may be a surname: a capital, letters alone, and not the end of a school's or home's name.
pub(super) fn may_be_a_surname(token: &Token) -> bool {
    token.kind == TokenKind::Word
        && token.capital
        && token
            .word
            .chars()
            .all(|letter| letter.is_alphabetic() || letter == '-')
        && token.word.chars().skip(1).any(char::is_lowercase)
        && (2..=14).contains(&token.word.chars().count())
        && !token.plain.ends_with("en")
        && !token.plain.ends_with("et")
        && !token.plain.ends_with("an")
        && CLASSES.of(&token.word).is_none()
}

/// Whether a word is the name of a place that a ward or a class may bear too.
pub(super) fn may_be_a_ward(token: &Token) -> bool {
    STREETS.ends(&token.word).is_some() || (token.capital && !token.first)
}

pub(super) fn is_street(word: &str) -> bool {
    [
        "gatan", "vägen", "gränd", "stigen", "backen", "allén", "torget",
    ]
    .iter()
    .any(|ending| word.ends_with(ending))
}

fn word_class(token: &Token, by_authority: bool) -> Option<Class> {
    let word = token.word.as_str();
    if by_authority && AUTHORITY.has(word) {
        return Some(Class::Plain);
    }
    if let Some(class) = CLASSES.of(word) {
        return Some(class);
    }
    if number(&token.plain).is_some() || is_measure(word) {
        return Some(Class::Plain);
    }
    // Drawn-out letters, and Swedish without its dots and rings.
    let short = squeeze(word);
    if short != word
        && let Some(class) = CLASSES.of(&short)
    {
        return Some(class);
    }
    if token.plain == word
        && !AMBIGUOUS.contains(&word)
        && let Some(class) = CLASSES.of_plain(word)
    {
        return Some(class);
    }
    if is_name(token) && token.kind == TokenKind::Word {
        return Some(Class::Name);
    }
    if is_given_name(word) {
        return None;
    }
    let elative = ["jätte", "super", "toppen", "kanon", "mega", "grym", "topp"]
        .iter()
        .filter_map(|prefix| word.strip_prefix(prefix))
        .any(|rest| matches!(CLASSES.of(rest), Some(Class::Warm | Class::Opinion)));
    if elative {
        return Some(Class::Warm);
    }
    compound(word).or_else(|| misspelt(word))
}

/// The class of a word in which two neighbouring letters changed places. No other slip is forgiven: a letter more or less
/// makes "grannen" of "granen".
fn misspelt(word: &str) -> Option<Class> {
    let mut letters: Vec<char> = word.chars().collect();
    if !(6..=24).contains(&letters.len()) {
        return None;
    }
    (1..letters.len()).find_map(|at| {
        letters.swap(at - 1, at);
        let class = CLASSES
            .exact
            .get(&letters.iter().collect::<String>())
            .copied();
        letters.swap(at - 1, at);
        class
    })
}

/// `18.30`, `10:00`, `20kr`, `2026`: digits that a unit may follow.
fn is_measure(word: &str) -> bool {
    let digits = word.chars().take_while(char::is_ascii_digit).count();
    let rest = word.get(digits..).unwrap_or_default();
    (1..=4).contains(&digits)
        && matches!(
            rest,
            "kr" | "tiden" | "-tiden" | "h" | "km" | "m" | ":e" | "e" | ":a" | "årsdag"
        )
}

/// A compound that ends as a public place, event or matter.
fn compound(word: &str) -> Option<Class> {
    if HEADS.ends(word).is_some() {
        return Some(Class::Public);
    }
    if known_first(word, &EVENT_HEADS, |part| FAMILY.has(part))
        || known_first(word, &WEAK_HEADS, |part| {
            MODIFIERS.has(part)
                || matches!(
                    CLASSES.exact.get(part),
                    Some(Class::Public | Class::Time | Class::Service)
                )
        })
    {
        return Some(Class::Public);
    }
    STREETS.ends(word).map(|_| Class::Street)
}

fn known_first(word: &str, heads: &Words, known: impl Fn(&str) -> bool) -> bool {
    word.char_indices().skip(1).any(|(at, _)| {
        let (first, rest) = word.split_at(at);
        heads.has(rest) && (known(first) || first.strip_suffix('s').is_some_and(&known))
    })
}

/// A name of a place: "i Torsby" where no given name is meant, "Valla park".
fn place(token: &Token, (before, after): Neighbours<'_>) -> bool {
    if !token.capital
        || token.first
        || is_given_name(&token.word)
        || token.kind != TokenKind::Word
        || !token.word.chars().all(char::is_alphabetic)
        || token.word.chars().count() < 4
    {
        return false;
    }
    let in_it = before.is_some_and(|word| word.word == "i");
    let head = after.is_some_and(|word| {
        matches!(
            word.word.as_str(),
            "park"
                | "torg"
                | "bibliotek"
                | "simhall"
                | "badplats"
                | "centrum"
                | "idrottsplats"
                | "ip"
                | "hamn"
                | "kommun"
        )
    });
    let care = [
        "gården",
        "hemmet",
        "skolan",
        "huset",
        "backen",
        "kullen",
        "avdelning",
    ]
    .iter()
    .any(|ending| token.word.ends_with(ending));
    (in_it || head) && !care
}

fn phrases(list: &str) -> BTreeMap<String, Vec<Phrase>> {
    let mut class = Class::Plain;
    let mut phrases: BTreeMap<String, Vec<Phrase>> = BTreeMap::new();
    for line in list.lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line {
            "[warm]" => class = Class::Warm,
            "[opinion]" => class = Class::Opinion,
            "[tagging]" => class = Class::Tagging,
            "[service]" => class = Class::Service,
            "[question]" => class = Class::Asking,
            "[plain]" => class = Class::Plain,
            "[light]" => class = Class::Light,
            "[reply]" => class = Class::Replying,
            _ => {
                let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
                let first = words.first().map(|word| plain(word)).unwrap_or_default();
                phrases
                    .entry(first)
                    .or_default()
                    .push(Phrase { class, words });
            }
        }
    }
    phrases
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(word: &str) -> Option<Class> {
        let text = Text::read(&format!("x {word}"));
        word_class(text.tokens.last().unwrap(), false)
    }

    #[test]
    fn inflected_words_and_compounds_are_covered() {
        for word in [
            "bänken",
            "bänkarna",
            "lekplatserna",
            "konserternas",
            "sommarkonserten",
            "Vallbadet",
            "finaste",
            "vackrare",
            "jättefint",
            "julmarknaderna",
            "barnteatern",
            "lampor",
        ] {
            assert!(of(word).is_some(), "{word}");
        }
    }

    #[test]
    fn ends_that_hide_in_other_words_cover_nothing() {
        for word in [
            "smslån",
            "höftleden",
            "genomförandeplanen",
            "begravningsdagen",
            "behandlingsprogrammet",
            "stödlinjen",
            "skolplats",
            "barnhuset",
            "familjeplatsen",
            "polisstationen",
        ] {
            assert!(
                !matches!(of(word), Some(Class::Public | Class::Service)),
                "{word}: {:?}",
                of(word)
            );
        }
    }
}
