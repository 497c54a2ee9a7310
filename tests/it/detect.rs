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

/// Recall over the simple ones of a half; fails on any other that is cleared.
fn recall(half: &str) -> f64 {
    let examples = examples(half);
    let wrong: Vec<&Example> = examples
        .iter()
        .filter(|example| !example.simple && is_cleared(example))
        .collect();
    assert!(
        wrong.is_empty(),
        "{half}: cleared though not simple: {wrong:#?}"
    );
    let simple: Vec<&Example> = examples.iter().filter(|example| example.simple).collect();
    let missed: Vec<&&Example> = simple
        .iter()
        .filter(|example| !is_cleared(example))
        .collect();
    for example in &missed {
        let answers = answers_for_text(&example.text, example.role == "kommun", true);
        let left: Vec<_> = answers
            .iter()
            .filter(|(_, answer)| answer.value != Truth::No)
            .map(|(flag, answer)| format!("{} {}", flag.code(), answer.because))
            .collect();
        println!(
            "{half} missed {} {}: {} {left:?}",
            example.template, example.class, example.text
        );
    }
    let share = 1.0
        - f64::from(u32::try_from(missed.len()).unwrap())
            / f64::from(u32::try_from(simple.len()).unwrap());
    println!(
        "{half}: {} examples, {} secret, recall {share:.3}",
        examples.len(),
        examples.iter().filter(|example| example.secret).count()
    );
    share
}

#[test]
fn no_secret_example_is_cleared_and_most_simple_ones_are() {
    assert!(recall("dev") >= 0.6);
    assert!(recall("held-out") >= 0.6);
}
