//! Structures that are not harmless though every word of theirs is: somebody who is given or waits for something, a visit,
//! an appointment, thanks that tell how somebody is, emoji that say what words would not.

use std::sync::LazyLock;

use crate::detect::harmless::vocabulary::Class;
use crate::detect::personnummer::number;
use crate::detect::text::{Token, TokenKind};
use crate::detect::words::Words;

static GETS: LazyLock<Words> = LazyLock::new(|| Words::read(include_str!("../words/gets.txt")));

/// Emoji that carry no news of a person: hearts, smiles, applause, weather, food, feasts, animals, sport.
const EMOJI: &str = include_str!("../words/emoji.txt");

/// Most digits in all; ten make a personal number.
const MOST_DIGITS: usize = 8;
/// Most digits in a reply of the municipality: hours of several days.
const MOST_DIGITS_IN_REPLY: usize = 24;
/// Most words for numbers in all: three of them can spell a date of birth.
const MOST_NUMBER_WORDS: usize = 2;

/// Whether a picture sign stands in the text that is not among the harmless ones.
pub(super) fn has_telling_emoji(shown: &str) -> bool {
    shown.chars().any(|letter| {
        let sign = u32::from(letter);
        let pictured = (0x2190..0x2E00).contains(&sign) || sign >= 0x1F000;
        // The modifiers of skin tone say nothing by themselves.
        pictured && !(0x1F3FB..=0x1F3FF).contains(&sign) && !EMOJI.contains(letter)
    })
}

/// Few enough digits and words for numbers to hold no personal number, telephone number or dwelling.
pub(super) fn numbers_are_few(tokens: &[Token], by_authority: bool) -> bool {
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

/// "fick äntligen plats", "inga tider kvar": what one person may be given, beside a verb of getting or waiting, or without
/// a public thing that it could belong to.
pub(super) fn is_given(tokens: &[Token], classes: &[Class]) -> bool {
    let goods = classes.contains(&Class::Goods);
    let public = classes.contains(&Class::Public);
    let gets = tokens
        .iter()
        .any(|token| GETS.has(&token.word) || GETS.has_plain(&token.plain));
    goods && (gets || !public)
}

/// Children and schools together, outside the municipality's own replies: that may be about one child.
pub(super) fn pairs_people_with_school(tokens: &[Token]) -> bool {
    let starts = |token: &Token, stems: &[&str]| {
        stems
            .iter()
            .any(|stem| token.word.starts_with(stem) || token.plain.starts_with(stem))
    };
    let person = |token: &Token| {
        starts(
            token,
            &[
                "barn",
                "ungdom",
                "elev",
                "familj",
                "lärare",
                "larare",
                "unga",
                "vuxn",
                "pensionär",
                "pensionar",
                "senior",
            ],
        )
    };
    let school = |token: &Token| {
        starts(
            token,
            &[
                "skol",
                "förskol",
                "forskol",
                "fritids",
                "gymnasi",
                "simskol",
                "kulturskol",
                "musikskol",
                "vaccin",
                "jobb",
                "sommarjobb",
            ],
        )
    };
    tokens.iter().any(person) && tokens.iter().any(school)
}

/// What speaks to one reader of a time, of what is theirs or of what they get may be an appointment or a decision.
pub(super) fn is_appointment(tokens: &[Token], classes: &[Class]) -> bool {
    let timed = classes.contains(&Class::Time)
        || tokens.iter().any(|token| token.kind == TokenKind::Number);
    let next = |at: usize| tokens.get(at + 1).map_or("", |token| token.word.as_str());
    let owned = tokens.iter().enumerate().any(|(at, token)| {
        matches!(token.word.as_str(), "din" | "ditt" | "dina")
            && !matches!(
                next(at),
                "fråga"
                    | "kommentar"
                    | "tips"
                    | "synpunkt"
                    | "biljett"
                    | "biljetter"
                    | "hund"
                    | "cykel"
                    | "bil"
            )
    });
    let reader = tokens.iter().enumerate().any(|(at, token)| {
        let thanked = matches!(next(at), "fråga" | "kommentar" | "tips");
        matches!(token.word.as_str(), "du" | "dig" | "din" | "ditt" | "dina") && !thanked
    });
    let gets = tokens.iter().any(|token| {
        matches!(
            token.word.as_str(),
            "får" | "fick" | "fått" | "få" | "ringer" | "ring" | "hämtar" | "återkommer"
        )
    });
    let welcome = tokens.iter().any(|token| token.word == "välkommen");
    let public = classes.contains(&Class::Public) || classes.contains(&Class::Service);
    owned || (reader && (timed || gets)) || (welcome && timed && !public)
}

/// "ni kommer", "kan ni hämta": a visit to somebody.
pub(super) fn is_visit(tokens: &[Token]) -> bool {
    let has = |words: &[&str]| {
        tokens
            .iter()
            .any(|token| words.contains(&token.word.as_str()))
    };
    has(&["ni", "er"])
        && has(&[
            "kommer", "komma", "kom", "kommit", "hämta", "hämtar", "ringa", "ringer", "lämna",
            "hjälpa", "hjälper", "hjälpte", "handla", "handlar", "städa", "städar", "tar", "tog",
        ])
}

/// Thanks with a negation or a comparison may be bitter, or tell how somebody is.
pub(super) fn is_negated(tokens: &[Token]) -> bool {
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
pub(super) fn speaks_of_us(tokens: &[Token], by_authority: bool) -> bool {
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

/// "på Ekparken": what lies behind "på" may be a ward or a class, and thanks to it are thanks for care.
pub(super) fn stays_at(tokens: &[Token], is_street: impl Fn(&Token) -> bool) -> bool {
    tokens
        .iter()
        .zip(tokens.iter().skip(1))
        .any(|(before, token)| {
            matches!(before.word.as_str(), "på" | "till" | "vid" | "pa") && is_street(token)
        })
}

/// Roads are spoken of by what is done to them; otherwise a street is where somebody lives.
const ROADS: &[&str] = &[
    "plog",
    "sand",
    "salt",
    "asfalt",
    "gräv",
    "grav",
    "avstäng",
    "avstang",
    "trafik",
    "buss",
    "parker",
    "belys",
    "snö",
    "sno",
    "cyk",
    "gång",
    "gang",
    "hastig",
    "vägarb",
    "vagarb",
    "lyktst",
    "sop",
    "halk",
    "farthind",
    "fartgupp",
    "gupp",
    "skylt",
    "träd",
    "trad",
    "bänk",
    "asfalterad",
    "trottoar",
    "övergång",
    "framkom",
    "bygg",
    "renov",
    "marknad",
    "torg",
];

/// A street without a word of road or traffic.
pub(super) fn is_a_dwelling(tokens: &[Token], is_street: impl Fn(&Token) -> bool) -> bool {
    tokens.iter().any(is_street)
        && !tokens
            .iter()
            .any(|token| ROADS.iter().any(|stem| token.word.starts_with(stem)))
}

/// The night, where nothing public is open: what is told of it is told of somebody.
pub(super) fn is_at_night(tokens: &[Token]) -> bool {
    let has = |words: &[&str]| {
        tokens
            .iter()
            .any(|token| words.contains(&token.word.as_str()))
    };
    let in_night = tokens
        .iter()
        .zip(tokens.iter().skip(1))
        .any(|(before, token)| token.word == "natt" && before.word != "god");
    has(&[
        "natten",
        "nätter",
        "nätterna",
        "natterna",
        "nattetid",
        "inatt",
    ]) || in_night
}

/// "den som inte har": one of a group.
pub(super) fn singles_out(tokens: &[Token]) -> bool {
    tokens
        .iter()
        .zip(tokens.iter().skip(1))
        .any(|(before, token)| {
            token.word == "som"
                && matches!(
                    before.word.as_str(),
                    "den" | "någon" | "nagon" | "en" | "ett"
                )
        })
}

/// "vi ses på stationen kl 18", "vi ses som vanligt": where somebody will be.
pub(super) fn is_a_meeting(tokens: &[Token]) -> bool {
    let has = |word: &str| tokens.iter().any(|token| token.word == word);
    has("ses")
        && (has("vanligt")
            || has("samma")
            || tokens.iter().any(|token| token.kind == TokenKind::Number))
}

/// Help beside a time: more than the thanks for an answer.
pub(super) fn is_help_in_time(tokens: &[Token], classes: &[Class]) -> bool {
    classes.contains(&Class::Time)
        && tokens
            .iter()
            .any(|token| token.word.starts_with("hjälp") || token.word.starts_with("hjalp"))
}

/// Children, schools and the old beside what is handed out, or without end.
pub(super) fn is_cared_for(tokens: &[Token]) -> bool {
    tokens.iter().any(|token| {
        matches!(
            token.word.as_str(),
            "få" | "fått"
                | "fick"
                | "ge"
                | "ger"
                | "dela"
                | "delar"
                | "sent"
                | "ute"
                | "ensam"
                | "ensamma"
                | "jämt"
                | "alltid"
                | "aldrig"
                | "inte"
                | "kom"
                | "gick"
                | "gått"
                | "gjorde"
                | "hände"
        )
    })
}
