//! Recognises the harmless kinds of text: thanks and greetings, tagging, emoji, a question about a public thing, an answer
//! to one, a plain opinion on a public matter. Every word must be covered; what is not recognised is not harmless. No hit
//! in a list of dangers is no evidence of harmlessness.

use std::sync::LazyLock;

use crate::detect::personnummer::number;
use crate::detect::question;
use crate::detect::secrecy;
use crate::detect::text::{Text, Token, TokenKind, squeeze};
use crate::detect::words::Words;
use crate::model::facts::Truth;

/// Of what kind a harmless text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing but emoji and signs.
    Emoji,
    /// Handles and names, perhaps with "ska vi gå?".
    Tagging,
    /// Thanks, greeting, praise, congratulation, attendance.
    Warm,
    /// A question about hours, place, price or date of a public thing.
    Question,
    /// The municipality's answer to such a question.
    Reply,
    /// A plain opinion about a public matter.
    Opinion,
}

impl Kind {
    /// The reason code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Emoji => "harmless-emoji",
            Self::Tagging => "harmless-tagging",
            Self::Warm => "harmless-greeting",
            Self::Question => "harmless-question",
            Self::Reply => "harmless-reply",
            Self::Opinion => "harmless-opinion",
        }
    }
}

/// Longest text that may be recognised, in tokens: a long one has room for what no list foresees.
const MOST_TOKENS: usize = 60;
/// Most digits in all; ten make a personal number.
const MOST_DIGITS: usize = 8;
/// Most digits in a reply of the municipality: hours of several days.
const MOST_DIGITS_IN_REPLY: usize = 24;
/// Most words for numbers in all: three of them can spell a date of birth.
const MOST_NUMBER_WORDS: usize = 2;
/// Most names and handles in a tagging.
const MOST_NAMES: usize = 6;

macro_rules! list {
    ($name:ident, $file:literal) => {
        static $name: LazyLock<Words> =
            LazyLock::new(|| Words::read(include_str!(concat!("words/", $file))));
    };
}

list!(PLAIN, "plain.txt");
list!(WARM, "warm.txt");
list!(OPINION, "opinion.txt");
list!(PUBLIC, "public.txt");
list!(HEADS, "heads.txt");
list!(TIME, "time.txt");
list!(SERVICE, "service.txt");
list!(SENSITIVE, "sensitive.txt");
list!(AUTHORITY, "authority.txt");
list!(NAMES, "names.txt");

static PHRASES: LazyLock<Vec<Phrase>> =
    LazyLock::new(|| phrases(include_str!("words/phrases.txt")));

/// Emoji that may threaten or insult.
const GRAVE_EMOJI: &str = include_str!("words/emoji_threat.txt");

/// Words of the vocabulary that mean something else without their dots and rings, or name a person when alone.
const AMBIGUOUS: &[&str] = &[
    "far", "bor", "hor", "mor", "bar", "mar", "lar", "dor", "sar", "son", "bo", "lan", "kor",
    "vard", "foda", "hora",
];

/// What a word contributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Plain,
    Warm,
    Opinion,
    Public,
    Time,
    Service,
    Sensitive,
    Tagging,
    Name,
    Place,
}

#[derive(Debug)]
struct Phrase {
    class: Class,
    words: Vec<String>,
}

/// The kind of a text that is harmless beyond doubt; `None` where there is any.
pub(crate) fn recognise(text: &Text, by_authority: bool) -> Option<Kind> {
    if text.shown.chars().any(|letter| {
        GRAVE_EMOJI
            .lines()
            .any(|grave| !grave.is_empty() && grave.starts_with(letter))
    }) {
        return None;
    }
    if !text.has_words() {
        return (!text.shown.trim().is_empty()).then_some(Kind::Emoji);
    }
    let tokens = &text.tokens;
    if tokens.len() > MOST_TOKENS || !numbers_are_few(tokens, by_authority) {
        return None;
    }
    if is_tagging_alone(tokens) {
        return Some(Kind::Tagging);
    }
    let classes = classes(tokens, by_authority)?;
    if secrecy::names_a_danger(text) {
        return None;
    }
    kind(text, &classes, by_authority)
}

fn kind(text: &Text, classes: &[Class], by_authority: bool) -> Option<Kind> {
    let has = |class: Class| classes.contains(&class);
    if has(Class::Name) {
        // A name may stand at the beginning of "Anna, ska vi gå?" and nowhere else.
        let names = classes
            .iter()
            .take_while(|class| **class == Class::Name)
            .count();
        let rest = classes.get(names..).unwrap_or_default();
        let fits = names <= MOST_NAMES
            && rest.first() == Some(&Class::Tagging)
            && !rest.contains(&Class::Name)
            && !rest.contains(&Class::Sensitive);
        return fits.then_some(Kind::Tagging);
    }
    if has(Class::Sensitive)
        && !by_authority
        && text.tokens.iter().any(|token| is_street(&token.word))
    {
        return None;
    }
    if has(Class::Sensitive) && speaks_of_us(&text.tokens, by_authority) {
        return None;
    }
    // "i Björken" may be a ward or a class where people of it are spoken of.
    if has(Class::Place)
        && (has(Class::Sensitive)
            || text
                .tokens
                .iter()
                .any(|token| token.word.starts_with("personal")))
    {
        return None;
    }
    let about = has(Class::Public) || has(Class::Service);
    if !by_authority && (is_visit(&text.tokens) || pairs_people_with_school(&text.tokens)) {
        return None;
    }
    if by_authority {
        if is_appointment(&text.tokens, classes) {
            return None;
        }
        return (about || has(Class::Time) || has(Class::Warm)).then_some(Kind::Reply);
    }
    if question::answer(&text.shown) != Truth::No && (about || has(Class::Sensitive)) {
        return Some(Kind::Question);
    }
    if has(Class::Warm) && !is_negated(&text.tokens) {
        return Some(Kind::Warm);
    }
    if has(Class::Opinion) && about && !has(Class::Sensitive) {
        return Some(Kind::Opinion);
    }
    (has(Class::Tagging) && !has(Class::Sensitive)).then_some(Kind::Tagging)
}

/// Children and schools together, outside the municipality's own replies: that may be about one child.
fn pairs_people_with_school(tokens: &[Token]) -> bool {
    let person = |token: &Token| {
        [
            "barn",
            "ungdom",
            "elev",
            "familj",
            "lärare",
            "unga",
            "vuxn",
            "pensionär",
            "senior",
        ]
        .iter()
        .any(|stem| token.word.starts_with(stem))
    };
    let institution =
        |token: &Token| SENSITIVE.has(&token.word) && !person(token) && token.word != "folk";
    tokens.iter().any(person) && tokens.iter().any(institution)
}

/// What speaks to one reader of a time may be an appointment.
fn is_appointment(tokens: &[Token], classes: &[Class]) -> bool {
    let reader = tokens.iter().enumerate().any(|(at, token)| {
        let thanked = tokens
            .get(at + 1)
            .is_some_and(|next| matches!(next.word.as_str(), "fråga" | "kommentar"));
        matches!(token.word.as_str(), "du" | "dig" | "din" | "ditt" | "dina") && !thanked
    });
    let timed = classes.contains(&Class::Time)
        || tokens.iter().any(|token| token.kind == TokenKind::Number);
    reader && timed
}

/// "ni kommer", "kommer ni": a visit to somebody.
fn is_visit(tokens: &[Token]) -> bool {
    let pair = |one: &Token, other: &Token| one.word == "ni" && other.word == "kommer";
    tokens
        .iter()
        .zip(tokens.iter().skip(1))
        .any(|(one, other)| pair(one, other) || pair(other, one))
}

/// Thanks with a negation or a comparison may be bitter, or tell how somebody is.
fn is_negated(tokens: &[Token]) -> bool {
    tokens.iter().any(|token| {
        matches!(
            token.word.as_str(),
            "inte"
                | "ej"
                | "aldrig"
                | "inget"
                | "inga"
                | "ingen"
                | "ingenting"
                | "utan"
                | "nej"
                | "slut"
                | "bättre"
                | "sämre"
        )
    })
}

/// "vår skola", "vi", "jag": beside children and schools this is somebody's own matter.
fn speaks_of_us(tokens: &[Token], by_authority: bool) -> bool {
    !by_authority
        && tokens.iter().any(|token| {
            matches!(
                token.plain.as_str(),
                "vi" | "var"
                    | "vart"
                    | "vara"
                    | "jag"
                    | "du"
                    | "min"
                    | "mina"
                    | "oss"
                    | "nagon"
                    | "dina"
                    | "din"
                    | "er"
                    | "era"
            ) && !matches!(token.word.as_str(), "var" | "vart" | "vara")
        })
}

fn numbers_are_few(tokens: &[Token], by_authority: bool) -> bool {
    let mut digits = 0;
    let mut words = 0;
    for token in tokens {
        let here = token.word.chars().filter(char::is_ascii_digit).count();
        digits += here;
        if token.kind == TokenKind::Number && here > 4 {
            return false;
        }
        // "en" and "ett" are articles far more often than numbers.
        if number(&token.plain).is_some() && !matches!(token.word.as_str(), "en" | "ett") {
            words += 1;
        }
    }
    let most = if by_authority {
        MOST_DIGITS_IN_REPLY
    } else {
        MOST_DIGITS
    };
    digits <= most && words <= MOST_NUMBER_WORDS
}

fn is_tagging_alone(tokens: &[Token]) -> bool {
    tokens.len() <= MOST_NAMES
        && tokens
            .iter()
            .all(|token| token.kind == TokenKind::Mention || is_name(token))
        && tokens
            .iter()
            .any(|token| token.kind == TokenKind::Mention || token.capital)
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
fn classes(tokens: &[Token], by_authority: bool) -> Option<Vec<Class>> {
    let mut classes = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if let Some((class, length)) = phrase(tokens.get(at..).unwrap_or_default()) {
            classes.push(class);
            at += length;
            continue;
        }
        let after = tokens.get(at + 1);
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        classes.push(class(token, (before, after), by_authority)?);
        at += 1;
    }
    Some(classes)
}

fn phrase(tokens: &[Token]) -> Option<(Class, usize)> {
    PHRASES
        .iter()
        .filter(|phrase| {
            phrase.words.len() <= tokens.len()
                && phrase
                    .words
                    .iter()
                    .zip(tokens)
                    .all(|(word, token)| token.word == *word)
        })
        .max_by_key(|phrase| phrase.words.len())
        .map(|phrase| (phrase.class, phrase.words.len()))
}

type Neighbours<'t> = (Option<&'t Token>, Option<&'t Token>);

fn class(token: &Token, (before, after): Neighbours<'_>, by_authority: bool) -> Option<Class> {
    match token.kind {
        TokenKind::Number => {
            // A number after a street is a dwelling.
            let dwelling = before.is_some_and(|street| is_street(&street.word));
            (!dwelling).then_some(Class::Plain)
        }
        TokenKind::Mention => Some(Class::Name),
        TokenKind::Address => by_authority.then_some(Class::Service),
        TokenKind::Tag | TokenKind::Word => word_class(token, by_authority)
            .or_else(|| place(token, (before, after)).then_some(Class::Place)),
    }
}

fn is_street(word: &str) -> bool {
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
    if let Some(class) = listed(|list| list.has(word)) {
        return Some(class);
    }
    if number(&token.plain).is_some() || is_clock(word) {
        return Some(Class::Plain);
    }
    // Drawn-out letters, and Swedish without its dots and rings.
    let short = squeeze(word);
    if short != word
        && let Some(class) = listed(|list| list.has(&short))
    {
        return Some(class);
    }
    if token.plain == word
        && !AMBIGUOUS.contains(&word)
        && let Some(class) = listed(|list| list.has_plain(word))
    {
        return Some(class);
    }
    if is_name(token) && token.kind == TokenKind::Word {
        return Some(Class::Name);
    }
    let elative = ["jätte", "super", "toppen", "kanon", "mega", "grym"]
        .iter()
        .any(|prefix| word.strip_prefix(prefix).is_some_and(|rest| WARM.has(rest)));
    if elative {
        return Some(Class::Warm);
    }
    compound(word)
}

fn listed(has: impl Fn(&Words) -> bool) -> Option<Class> {
    let lists: [(&Words, Class); 7] = [
        (&SENSITIVE, Class::Sensitive),
        (&WARM, Class::Warm),
        (&OPINION, Class::Opinion),
        (&PUBLIC, Class::Public),
        (&SERVICE, Class::Service),
        (&TIME, Class::Time),
        (&PLAIN, Class::Plain),
    ];
    lists
        .into_iter()
        .find(|(list, _)| has(list))
        .map(|(_, class)| class)
}

/// `18.30`, `10:00`, `20kr`, `2026`: digits that a unit may follow.
fn is_clock(word: &str) -> bool {
    let digits = word.chars().take_while(char::is_ascii_digit).count();
    let rest = word.get(digits..).unwrap_or_default();
    (1..=4).contains(&digits)
        && matches!(
            rest,
            "kr" | "tiden" | "-tiden" | "h" | "km" | "m" | ":e" | "e" | ":a" | "årsdag"
        )
}

/// A compound that ends as a public place, event or matter; or one of two words of the vocabulary.
fn compound(word: &str) -> Option<Class> {
    if HEADS.ends(word).is_some() {
        return Some(Class::Public);
    }
    let at = PUBLIC.ends(word).or_else(|| TIME.ends(word))?;
    let first = word.get(..at)?;
    let bare = first.strip_suffix('s').unwrap_or(first);
    let known = [first, bare]
        .iter()
        .any(|part| PUBLIC.has(part) || TIME.has(part) || SERVICE.has(part));
    known.then_some(Class::Public)
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

fn phrases(list: &str) -> Vec<Phrase> {
    let mut class = Class::Plain;
    let mut phrases = Vec::new();
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
            "[plain]" => class = Class::Plain,
            _ => phrases.push(Phrase {
                class,
                words: line.split(' ').map(str::to_owned).collect(),
            }),
        }
    }
    phrases
}
