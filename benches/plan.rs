//! How long the engine takes to judge posts, explanations included, and how much memory that takes.
//! `./scripts/bench plan`: in a release build a million posts, at most 10 s and 500 MiB; without optimisation fewer, unbounded.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measurement says what it found, and stops where it cannot measure"
)]

use std::collections::BTreeMap;
use std::time::Instant;

use bevara::detect;
use bevara::model::facts::{
    Answer, FactKind, FactRole, FactVisibility, Flag, FloorFacts, Outcome, PostFacts, Trigger,
    Truth,
};
use bevara::policy::evaluate::evaluate;
use bevara::policy::parse::parse;
use chrono::{Days, NaiveDate};

/// Texts that the detectors read; the posts share them, for it is the engine that is measured.
const TEXTS: [&str; 8] = [
    "Tack för informationen!",
    "När öppnar badhuset på lördag?",
    "Vad kostar inträdet till museet?",
    "Min pappa har hemtjänst och ingen kommer",
    "Jag vill överklaga beslutet om mitt bygglov",
    "Vilken fin park ni har byggt vid ån",
    "Ni är helt idiotiska",
    "Är det sant att Elsa i 3B ska till bup?",
];

const OPTIMISED: bool = cfg!(not(debug_assertions));
/// Most seconds and MiB that a million posts may take on two cores.
const MOST: (f64, u64) = (10.0, 500);

/// What a plan keeps of a post that may be disposed of.
struct Frozen {
    rules: Vec<String>,
    earliest: NaiveDate,
    reason: String,
}

fn facts(flags: &[BTreeMap<Flag, Answer>], number: u64, first: NaiveDate) -> PostFacts {
    let index = usize::try_from(number % TEXTS.len() as u64).expect("small");
    let date = first + Days::new(number % 900);
    let question = TEXTS[index].contains('?');
    PostFacts {
        role: Some(FactRole::Invanare),
        kinds: vec![if question {
            FactKind::Fraga
        } else {
            FactKind::Kommentar
        }],
        answered: Truth::from(number.is_multiple_of(3)),
        attachments: Truth::from(number.is_multiple_of(11)),
        links: Truth::No,
        characters: TEXTS[index].chars().count(),
        visibility: Some(FactVisibility::Publicerad),
        level: None,
        flags: flags[index].clone(),
        triggers: BTreeMap::from([
            (Trigger::Publicerad, date),
            (
                Trigger::SenasteAktivitetITrad,
                date + Days::new(number % 30),
            ),
        ]),
        floor: FloorFacts {
            holds: Vec::new(),
            open_obligation: false,
            police_report_decided: false,
            motivated: false,
            preserved: true,
            has_undisposed_children: false,
            intact: true,
            capture_gap: false,
            registered: false,
        },
        decided: None,
    }
}

/// The most memory that the process has held, in MiB.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024)
}

fn main() {
    let posts = if OPTIMISED { 1_000_000 } else { 50_000 };
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/policies/exempelkommun.toml"
    );
    let text = std::fs::read_to_string(path).expect("the fixture is there");
    let policy = parse("exempelkommun.toml", &text).expect("the fixture is a policy");
    let flags: Vec<_> = TEXTS
        .iter()
        .map(|text| detect::answers_for_text(text, false, true))
        .collect();
    let first = NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date");
    let day = first + Days::new(900);
    let begun = Instant::now();
    let mut outcomes: BTreeMap<Outcome, u64> = BTreeMap::new();
    let (mut frozen, mut explained) = (Vec::new(), 0_usize);
    for number in 0..posts {
        let decision = evaluate(&policy, &facts(&flags, number, first), day);
        *outcomes.entry(decision.outcome).or_default() += 1;
        explained += decision.reason.len();
        if let (Outcome::MayDispose, Some(earliest)) = (decision.outcome, decision.earliest)
            && earliest <= day
        {
            frozen.push(Frozen {
                rules: decision.rules.into_iter().map(|rule| rule.rule).collect(),
                earliest,
                reason: decision.reason,
            });
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let kept: usize = frozen
        .iter()
        .map(|one| one.reason.len() + one.rules.len())
        .sum();
    let last = frozen.iter().map(|one| one.earliest).max();
    let last = last.map_or_else(|| "never".to_owned(), |date| date.to_string());
    println!("{posts} posts judged in {seconds:.2} s, {explained} bytes of explanations");
    for (outcome, count) in &outcomes {
        println!("  {}: {count}", outcome.code());
    }
    println!(
        "{} frozen ({kept} bytes kept), the last due {last}",
        frozen.len()
    );
    let memory = peak();
    if let Some(memory) = memory {
        println!("peak memory {memory} MiB");
    }
    assert!(!OPTIMISED || seconds <= MOST.0, "slower than {} s", MOST.0);
    let fits = memory.is_none_or(|memory| memory <= MOST.1);
    assert!(!OPTIMISED || fits, "more than {} MiB", MOST.1);
}
