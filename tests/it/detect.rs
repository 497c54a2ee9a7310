//! The detectors on labelled Swedish examples (`fixtures/labelled/`): no secrecy-positive text may be found harmless.

use serde::Deserialize;

use bevara::detect::answers_for_text;
use bevara::model::facts::{Flag, Truth};

use crate::support::repository;

/// One example. `simple`: may be disposed of as far as its text goes; `secret`: must never be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    template: String,
    class: String,
    role: String,
    secret: bool,
    simple: bool,
    text: String,
}

fn examples(half: &str) -> Vec<Example> {
    let path = repository().join(format!("fixtures/labelled/{half}.jsonl"));
    std::fs::read_to_string(path)
        .expect("the examples are there")
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

/// Whether every flag that a usual policy and the floor ask for is `nej`.
fn is_cleared(example: &Example) -> bool {
    let answers = answers_for_text(&example.text, example.role == "kommun", true);
    [
        Flag::Sekretess,
        Flag::Personnummer,
        Flag::Arende,
        Flag::Krankning,
        Flag::HetsMotFolkgrupp,
        Flag::OlagaHot,
        Flag::Uppvigling,
        Flag::OffentligUppmaning,
        Flag::Barnpornografi,
        Flag::OlagaValdsskildring,
        Flag::OlagaIntegritetsintrang,
        Flag::Reklam,
        Flag::Svordom,
    ]
    .iter()
    .all(|flag| answers[flag].value == Truth::No)
}

/// Share of the simple ones that are cleared, and those that are not; fails on any other that is cleared.
fn recall(half: &str) -> (f64, Vec<String>) {
    let examples = examples(half);
    let wrong: Vec<&Example> = examples
        .iter()
        .filter(|example| !example.simple && is_cleared(example))
        .collect();
    assert!(
        wrong.is_empty(),
        "{half}: cleared though not simple: {wrong:#?}"
    );
    let both = examples
        .iter()
        .find(|example| example.secret && example.simple);
    assert!(
        both.is_none(),
        "{half}: labelled secret and simple: {both:?}"
    );
    let count = |wanted: bool| {
        let found = examples
            .iter()
            .filter(|example| example.simple && is_cleared(example) == wanted)
            .count();
        f64::from(u32::try_from(found).expect("few examples"))
    };
    let missed = examples
        .iter()
        .filter(|example| example.simple && !is_cleared(example))
        .map(|example| format!("{} {}: {}", example.template, example.class, example.text))
        .collect();
    (count(true) / (count(true) + count(false)), missed)
}

#[test]
fn no_secret_example_is_cleared_and_most_simple_ones_are() {
    for half in ["dev", "held-out", "hard"] {
        let (share, missed) = recall(half);
        println!("{half}: recall {share:.3}; missed:\n{}", missed.join("\n"));
        assert!(share >= 0.6, "{half}: recall {share}");
    }
}

#[test]
fn an_answer_says_who_gave_it_and_never_quotes_the_post() {
    let text = "Kalle Hemligsson bor på Solgården sedan sjukhuset";
    for answer in answers_for_text(text, false, true).values() {
        assert!(answer.by.contains('/'), "{answer:?}");
        for word in text.split(' ').filter(|word| word.len() > 4) {
            assert!(!answer.because.contains(word), "{answer:?}");
        }
    }
}

#[test]
fn what_is_published_with_a_picture_is_never_cleared() {
    for flag in [Flag::Sekretess, Flag::Personnummer, Flag::Barnpornografi] {
        let answers = answers_for_text("Tack!", false, false);
        assert_eq!(answers[&flag].value, Truth::Unknown, "{}", flag.code());
        let alone = answers_for_text("Tack!", false, true);
        assert_eq!(alone[&flag].value, Truth::No, "{}", flag.code());
    }
}

#[test]
fn a_hostile_text_of_a_megabyte_takes_no_longer_than_its_length() {
    let filled = |unit: &str| unit.repeat(1_000_000 / unit.len());
    for unit in [
        "8", "81 ", "a", "åä", "tack ", "s o c ", "nitton ", "🧨", "@a ", ".se", "1-", "aaab",
    ] {
        let begun = std::time::Instant::now();
        let answers = answers_for_text(&filled(unit), false, true);
        assert_ne!(answers[&Flag::Sekretess].value, Truth::No, "{unit}");
        let took = begun.elapsed();
        println!("{unit}: {took:?}");
        assert!(took.as_secs() < 30, "{unit}: {took:?}");
    }
    let published = "2026-05-20".parse().unwrap();
    for unit in ["6/6 ", "konsert 6 juni ", "den 6 ", "mån "] {
        let begun = std::time::Instant::now();
        bevara::detect::event::last_day(&unit.repeat(20_000), published);
        let took = begun.elapsed();
        assert!(took.as_secs() < 10, "{unit}: {took:?}");
    }
}

#[test]
fn emoji_that_tell_of_somebody_are_not_cleared_and_hearts_are() {
    for (text, cleared) in [
        ("❤️👏", true),
        ("👍🏽", true),
        ("👵💊😢", false),
        ("👶🏥", false),
        ("Tack 🔪", false),
    ] {
        let answers = answers_for_text(text, false, true);
        assert_eq!(
            answers[&Flag::Sekretess].value == Truth::No,
            cleared,
            "{text}"
        );
    }
}
