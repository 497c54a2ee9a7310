//! Recognises the harmless kinds of text: thanks and greetings, tagging, emoji, a question about a public thing, an answer
//! to one, a plain opinion on a public matter. Every word must be covered; what is not recognised is not harmless. No hit
//! in a list of dangers is no evidence of harmlessness.

mod doubts;
mod vocabulary;

use crate::detect::harmless::vocabulary::{Class, classes, is_street};
use crate::detect::question;
use crate::detect::secrecy;
use crate::detect::text::{Text, Token, TokenKind};
use crate::model::facts::Truth;

pub(crate) use vocabulary::{is_given_name, is_name};

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
/// Most names and handles in a tagging.
const MOST_NAMES: usize = 6;

/// The kind of a text that is harmless beyond doubt; otherwise why not, as a code.
pub(crate) fn recognise(text: &Text, by_authority: bool) -> Result<Kind, &'static str> {
    if doubts::has_telling_emoji(&text.shown) {
        return Err("telling-emoji");
    }
    if !text.has_words() {
        return if text.shown.trim().is_empty() {
            Err("no-text")
        } else {
            Ok(Kind::Emoji)
        };
    }
    let tokens = &text.tokens;
    if tokens.len() > MOST_TOKENS {
        return Err("long-text");
    }
    if !doubts::numbers_are_few(tokens, by_authority) {
        return Err("many-digits");
    }
    if is_tagging_alone(tokens) {
        return Ok(Kind::Tagging);
    }
    let classes = classes(text, by_authority).ok_or("word-not-known")?;
    if secrecy::names_a_danger(text) {
        return Err("stem");
    }
    if secrecy::names_another(text) {
        return Err("names-a-person");
    }
    if is_doubtful(tokens, &classes, by_authority) {
        return Err("may-be-a-person");
    }
    kind(text, &classes, by_authority).ok_or("no-harmless-kind")
}

fn is_doubtful(tokens: &[Token], classes: &[Class], by_authority: bool) -> bool {
    let has = |class: Class| classes.contains(&class);
    let sensitive = has(Class::Sensitive);
    let street = |token: &Token| is_street(&token.word);
    if sensitive && ((!by_authority && tokens.iter().any(street)) || has(Class::Street)) {
        return true;
    }
    if sensitive && doubts::speaks_of_us(tokens, by_authority) {
        return true;
    }
    // "i Björken" may be a ward or a class where people of it are spoken of.
    if has(Class::Place) && (sensitive || has(Class::Staff)) {
        return true;
    }
    // Staff without a public place may be those who care for somebody.
    if has(Class::Staff) && !has(Class::Public) {
        return true;
    }
    if doubts::is_given(tokens, classes) {
        return true;
    }
    if by_authority {
        return doubts::is_appointment(tokens, classes);
    }
    doubts::is_visit(tokens)
        || doubts::pairs_people_with_school(tokens)
        || doubts::is_a_dwelling(tokens, street)
        || doubts::is_at_night(tokens)
        || doubts::singles_out(tokens)
        || doubts::is_a_meeting(tokens)
        || doubts::is_help_in_time(tokens, classes)
        || (sensitive && doubts::is_cared_for(tokens))
}

fn kind(text: &Text, classes: &[Class], by_authority: bool) -> Option<Kind> {
    let has = |class: Class| classes.contains(&class);
    if has(Class::Name) {
        return is_tagging(classes).then_some(Kind::Tagging);
    }
    let about = has(Class::Public) || has(Class::Service) || has(Class::Street);
    let judged = has(Class::Warm) || has(Class::Opinion);
    if by_authority {
        return (about || has(Class::Time) || has(Class::Warm)).then_some(Kind::Reply);
    }
    let public = has(Class::Public) || has(Class::Service);
    if question::answer_read(text) != Truth::No && public {
        return Some(Kind::Question);
    }
    if has(Class::Warm) && is_warm(&text.tokens, classes) {
        return Some(Kind::Warm);
    }
    let thanks = text
        .tokens
        .iter()
        .any(|token| token.word.starts_with("tack"));
    if judged
        && public
        && !thanks
        && !has(Class::Sensitive)
        && !thanks_a_street(&text.tokens, classes)
    {
        return Some(Kind::Opinion);
    }
    (has(Class::Tagging) && !has(Class::Sensitive)).then_some(Kind::Tagging)
}

/// Names may stand at the beginning of "Anna, ska vi gå?" and nowhere else.
fn is_tagging(classes: &[Class]) -> bool {
    let names = classes
        .iter()
        .take_while(|class| **class == Class::Name)
        .count();
    let rest = classes.get(names..).unwrap_or_default();
    names <= MOST_NAMES
        && rest.first() == Some(&Class::Tagging)
        && !rest.contains(&Class::Name)
        && !rest.contains(&Class::Sensitive)
        && !rest.contains(&Class::Goods)
}

/// Thanks and greetings: beside a public thing in plain words, otherwise in the few words without any content.
fn is_warm(tokens: &[Token], classes: &[Class]) -> bool {
    let has = |class: Class| classes.contains(&class);
    if doubts::is_negated(tokens) || thanks_a_street(tokens, classes) {
        return false;
    }
    if has(Class::Public) {
        return true;
    }
    !has(Class::Sensitive)
        && classes.iter().all(|class| {
            matches!(
                class,
                Class::Warm | Class::Light | Class::Time | Class::Place | Class::Opinion
            )
        })
}

/// Thanks or greetings to a place that may be a ward.
fn thanks_a_street(tokens: &[Token], classes: &[Class]) -> bool {
    classes.contains(&Class::Street) && doubts::stays_at(tokens, vocabulary::may_be_a_ward)
}

fn is_tagging_alone(tokens: &[Token]) -> bool {
    let named = |at: usize, token: &Token| {
        // A name that no list has may follow a given name: "Hampus Dahlkvist".
        let surname = || {
            at.checked_sub(1)
                .and_then(|before| tokens.get(before))
                .is_some_and(|before| before.kind == TokenKind::Word && is_name(before))
                && vocabulary::may_be_a_surname(token)
        };
        token.kind == TokenKind::Mention || is_name(token) || surname()
    };
    tokens.len() <= MOST_NAMES
        && tokens
            .iter()
            .enumerate()
            .all(|(at, token)| named(at, token))
        && tokens
            .iter()
            .any(|token| token.kind == TokenKind::Mention || token.capital)
}
