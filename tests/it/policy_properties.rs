//! What must hold of every decision, whatever the rules: no order of rules, no hold, no added protection, no loss of
//! knowledge makes a post disposable that was not. Two mutants of the engine show that the properties can fail.

use std::cell::RefCell;
use std::sync::LazyLock;

use bevara::model::facts::{
    Answer, FactKind, FactRole, FactVisibility, Flag, Floor, FloorFacts, Outcome, PostFacts,
    Trigger, Truth,
};
use bevara::model::time::Period;
use bevara::policy::Policy;
use bevara::policy::evaluate::{Decision, evaluate, holds};
use bevara::policy::parse::parse;
use bevara::policy::rule::{Condition, Obsolete, Rule, Term};
use chrono::NaiveDate;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::support::repository;

type Engine = fn(&Policy, &PostFacts, NaiveDate) -> Decision;

/// The wrong engine that takes the first rule that matches.
fn first_match(policy: &Policy, facts: &PostFacts, as_of: NaiveDate) -> Decision {
    let mut decision = evaluate(policy, facts, as_of);
    let first = policy
        .rules
        .iter()
        .find(|rule| holds(policy, rule, facts) == Truth::Yes);
    if let Some(rule) = first {
        decision.outcome = rule.outcome;
        decision.earliest = rule.obsolete.as_ref().and_then(|obsolete| {
            let event = facts.triggers.get(obsolete.triggers.first()?)?;
            obsolete.period.after(*event)
        });
    }
    decision
}

/// The wrong engine that takes what is unknown for a no.
fn unknown_is_no(policy: &Policy, facts: &PostFacts, as_of: NaiveDate) -> Decision {
    let mut guessed = facts.clone();
    for flag in Flag::ALL {
        let answer = guessed
            .flags
            .entry(*flag)
            .or_insert_with(|| answer(Truth::No));
        if answer.value == Truth::Unknown {
            answer.value = Truth::No;
        }
    }
    evaluate(policy, &guessed, as_of)
}

fn answer(value: Truth) -> Answer {
    Answer {
        value,
        by: "prov/1".to_owned(),
        because: "prov".to_owned(),
    }
}

fn day(number: i64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date") + chrono::Duration::days(number)
}

fn truth() -> impl Strategy<Value = Truth> {
    // Mostly known and mostly no, so that posts which may be disposed of are not rare.
    prop_oneof![1 => Just(Truth::Yes), 1 => Just(Truth::Unknown), 40 => Just(Truth::No)]
}

fn term() -> BoxedStrategy<Term> {
    let kinds = prop::sample::subsequence(
        vec![
            FactKind::Inlagg,
            FactKind::Fraga,
            FactKind::Svar,
            FactKind::Kommentar,
        ],
        1..=3,
    );
    let leaf = prop_oneof![
        kinds.prop_map(Term::Kind),
        prop::sample::subsequence(vec![FactRole::Kommun, FactRole::Invanare], 1..=2)
            .prop_map(Term::Role),
        prop::sample::subsequence(Flag::ALL.to_vec(), 1..=3).prop_map(Term::Flags),
        any::<bool>().prop_map(Term::Answered),
        any::<bool>().prop_map(Term::Attachments),
        (1_usize..400).prop_map(Term::AtMost),
        Just(Term::Visibility(vec![FactVisibility::Publicerad])),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        let condition = prop::collection::vec(inner, 1..=2).prop_map(|terms| Condition { terms });
        prop_oneof![
            condition.clone().prop_map(Term::Not),
            prop::collection::vec(condition, 1..=2).prop_map(Term::AnyOf),
        ]
    })
    .boxed()
}

fn rule(id: String) -> impl Strategy<Value = Rule> {
    let outcome = prop_oneof![
        3 => Just(Outcome::MayDispose), 1 => Just(Outcome::Review), 1 => Just(Outcome::Preserve), 1 => Just(Outcome::Registry)
    ];
    let trigger = prop::sample::select(vec![
        Trigger::Publicerad,
        Trigger::SenasteAktivitetITrad,
        Trigger::FragaBesvarad,
    ]);
    (
        outcome,
        prop::collection::vec(term(), 1..=2),
        trigger,
        1_u32..200,
    )
        .prop_map(move |(outcome, terms, trigger, days)| Rule {
            id: id.clone(),
            heading: "Prov".to_owned(),
            outcome,
            bases: vec!["gallring".to_owned()],
            support: None,
            condition: Condition { terms },
            obsolete: (outcome == Outcome::MayDispose).then(|| Obsolete {
                triggers: vec![trigger],
                period: Period::Days(days),
                decided: true,
                place: String::new(),
            }),
            wants_motivation: false,
            wants_police_report: false,
            wants_masking: false,
            remark: None,
            place: String::new(),
        })
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    (1_usize..5).prop_flat_map(|count| {
        (0..count)
            .map(|index| rule(format!("R-{index}")))
            .collect::<Vec<_>>()
    })
}

fn facts() -> impl Strategy<Value = PostFacts> {
    let flags = prop::collection::vec(prop::option::weighted(0.99, truth()), Flag::ALL.len());
    let triggers = prop::collection::vec(prop::option::weighted(0.9, 0_i64..300), 3);
    let kinds = prop::sample::subsequence(
        vec![
            FactKind::Inlagg,
            FactKind::Fraga,
            FactKind::Svar,
            FactKind::Kommentar,
        ],
        0..=2,
    );
    let role = prop::option::weighted(
        0.9,
        prop::sample::select(vec![FactRole::Kommun, FactRole::Invanare]),
    );
    (
        flags,
        triggers,
        kinds,
        role,
        (truth(), truth(), 0_usize..500),
    )
        .prop_map(
            |(flags, triggers, kinds, role, (answered, attachments, characters))| PostFacts {
                role,
                kinds,
                answered,
                attachments,
                links: Truth::No,
                characters,
                visibility: Some(FactVisibility::Publicerad),
                level: None,
                flags: Flag::ALL
                    .iter()
                    .zip(flags)
                    .filter_map(|(flag, value)| Some((*flag, answer(value?))))
                    .collect(),
                triggers: [
                    Trigger::Publicerad,
                    Trigger::SenasteAktivitetITrad,
                    Trigger::FragaBesvarad,
                ]
                .into_iter()
                .zip(triggers)
                .filter_map(|(trigger, number)| Some((trigger, day(number?))))
                .collect(),
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
            },
        )
}

/// The fixture with other rules.
fn policy(rules: Vec<Rule>) -> Policy {
    static BASE: LazyLock<Policy> = LazyLock::new(|| {
        let path = repository().join("fixtures/policies/exempelkommun.toml");
        let text = std::fs::read_to_string(path).expect("the fixture is there");
        parse("exempelkommun.toml", &text).expect("the fixture is a policy")
    });
    Policy {
        rules,
        ..BASE.clone()
    }
}

/// Nothing that was not disposable has become so, and no date has come closer.
fn is_no_looser(before: &Decision, after: &Decision, on: NaiveDate) -> bool {
    let looser = after.outcome == Outcome::MayDispose
        && (before.outcome != Outcome::MayDispose
            || (after.earliest.is_some()
                && (before.earliest.is_none() || after.earliest < before.earliest)));
    !looser && (before.is_disposable(on) || !after.is_disposable(on))
}

/// How many of `cases` random cases break a property; a fixed seed, so that a mutant that is caught once always is.
fn broken(
    engine: Engine,
    cases: u32,
    property: fn(Engine, &Policy, &PostFacts, NaiveDate) -> bool,
) -> (u32, u32) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let counts = RefCell::new((0, 0));
    runner
        .run(
            &(rules(), facts(), 100_i64..700),
            |(rules, facts, number)| {
                let policy = policy(rules);
                let on = day(number);
                let mut counts = counts.borrow_mut();
                if !property(engine, &policy, &facts, on) {
                    counts.0 += 1;
                }
                if engine(&policy, &facts, on).is_disposable(on) {
                    counts.1 += 1;
                }
                Ok(())
            },
        )
        .unwrap();
    counts.into_inner()
}

fn order_does_not_matter(
    engine: Engine,
    policy: &Policy,
    facts: &PostFacts,
    on: NaiveDate,
) -> bool {
    let mut reversed = policy.clone();
    reversed.rules.reverse();
    let mut turned = policy.clone();
    turned.rules.rotate_left(1);
    let decision = engine(policy, facts, on);
    decision == engine(&reversed, facts, on) && decision == engine(&turned, facts, on)
}

fn a_hold_always_stops(engine: Engine, policy: &Policy, facts: &PostFacts, on: NaiveDate) -> bool {
    let mut held = facts.clone();
    held.floor.holds.push("h".to_owned());
    let decision = engine(policy, &held, on);
    decision.blocked_by.contains(&Floor::G0) && !decision.is_disposable(on)
}

fn more_protection_is_never_looser(
    engine: Engine,
    policy: &Policy,
    facts: &PostFacts,
    on: NaiveDate,
) -> bool {
    let before = engine(policy, facts, on);
    [Outcome::Review, Outcome::Preserve, Outcome::Registry]
        .into_iter()
        .all(|outcome| {
            let mut stricter = policy.clone();
            let mut extra = stricter.rules[0].clone();
            "R-extra".clone_into(&mut extra.id);
            extra.outcome = outcome;
            extra.obsolete = None;
            stricter.rules.push(extra);
            is_no_looser(&before, &engine(&stricter, facts, on), on)
        })
}

fn less_knowledge_is_never_looser(
    engine: Engine,
    policy: &Policy,
    facts: &PostFacts,
    on: NaiveDate,
) -> bool {
    let before = engine(policy, facts, on);
    let mut poorer = Vec::new();
    for flag in Flag::ALL {
        let mut without = facts.clone();
        without.flags.remove(flag);
        poorer.push(without.clone());
        without.flags.insert(*flag, answer(Truth::Unknown));
        poorer.push(without);
    }
    for trigger in [
        Trigger::Publicerad,
        Trigger::SenasteAktivitetITrad,
        Trigger::FragaBesvarad,
    ] {
        let mut without = facts.clone();
        without.triggers.remove(&trigger);
        poorer.push(without);
    }
    let mut unclear = facts.clone();
    unclear.kinds = Vec::new();
    poorer.push(unclear.clone());
    unclear.kinds.clone_from(&facts.kinds);
    unclear.role = None;
    poorer.push(unclear.clone());
    unclear.role = facts.role;
    unclear.answered = Truth::Unknown;
    poorer.push(unclear.clone());
    unclear.answered = facts.answered;
    unclear.visibility = None;
    poorer.push(unclear);
    poorer
        .iter()
        .all(|facts| is_no_looser(&before, &engine(policy, facts, on), on))
}

fn a_later_day_never_takes_it_back(
    engine: Engine,
    policy: &Policy,
    facts: &PostFacts,
    on: NaiveDate,
) -> bool {
    !engine(policy, facts, on).is_disposable(on)
        || engine(policy, facts, on + chrono::Duration::days(40))
            .is_disposable(on + chrono::Duration::days(40))
}

fn a_person_only_keeps(engine: Engine, policy: &Policy, facts: &PostFacts, on: NaiveDate) -> bool {
    let before = engine(policy, facts, on);
    [
        Outcome::MayDispose,
        Outcome::Review,
        Outcome::Preserve,
        Outcome::Registry,
    ]
    .into_iter()
    .all(|decided| {
        let mut facts = facts.clone();
        facts.decided = Some(decided);
        let after = engine(policy, &facts, on);
        after.outcome >= before.outcome
            && after.outcome >= decided
            && is_no_looser(&before, &after, on)
    })
}

/// Secrecy, personal numbers and the crimes of the floor that are not ruled out stop disposal under every policy.
fn the_floor_stands_under_every_policy(
    engine: Engine,
    policy: &Policy,
    facts: &PostFacts,
    on: NaiveDate,
) -> bool {
    let grave = bevara::policy::evaluate::CRIMES
        .iter()
        .chain(&[Flag::Sekretess, Flag::Personnummer]);
    grave.into_iter().all(|flag| {
        let mut doubtful = facts.clone();
        doubtful.flags.remove(flag);
        let decision = engine(policy, &doubtful, on);
        decision.blocked_by.contains(&Floor::G1) && !decision.is_disposable(on)
    })
}

/// A diarienummer lets go of nothing but what a rule on registered posts names, and without one that rule is silent.
fn registration_is_asked_for(
    engine: Engine,
    policy: &Policy,
    facts: &PostFacts,
    on: NaiveDate,
) -> bool {
    let mut registered = facts.clone();
    registered.floor.registered = true;
    let unasked = engine(policy, &registered, on).outcome != Outcome::MayDispose;
    let mut asking = policy.clone();
    for rule in &mut asking.rules {
        if rule.outcome == Outcome::MayDispose {
            rule.condition.terms.push(Term::Registered(true));
        }
    }
    unasked && engine(&asking, facts, on).outcome != Outcome::MayDispose
}

/// Where a rule that may hold wants a police report, registration alone lets go of nothing; a person's word gives no more
/// than registration gives where no rule wants a report.
fn a_police_report_waits_for_a_person(
    engine: Engine,
    policy: &Policy,
    facts: &PostFacts,
    on: NaiveDate,
) -> bool {
    let mut plain = policy.clone();
    for rule in &mut plain.rules {
        if rule.outcome == Outcome::MayDispose {
            rule.condition.terms.push(Term::Registered(true));
        }
    }
    let mut wanting = plain.clone();
    let mut registered = facts.clone();
    registered.floor.registered = true;
    let mut may_hold = false;
    for rule in &mut wanting.rules {
        rule.wants_police_report = rule.outcome == Outcome::Registry;
        may_hold |= rule.wants_police_report && holds(&plain, rule, &registered) != Truth::No;
    }
    let waiting = engine(&wanting, &registered, on);
    let mut told = registered.clone();
    told.floor.police_report_decided = true;
    let after = engine(&wanting, &told, on);
    let unwanted = engine(&plain, &registered, on);
    (!may_hold || !waiting.is_disposable(on))
        && after.outcome == unwanted.outcome
        && after.is_disposable(on) == unwanted.is_disposable(on)
}

/// What a rule lets go only with a motivation on file stays until there is one.
fn a_motivation_must_be_on_file(
    engine: Engine,
    policy: &Policy,
    facts: &PostFacts,
    on: NaiveDate,
) -> bool {
    let mut wanting = policy.clone();
    for rule in &mut wanting.rules {
        rule.wants_motivation = rule.outcome == Outcome::MayDispose;
    }
    let mut motivated = facts.clone();
    motivated.floor.motivated = true;
    let unwanted = engine(policy, facts, on);
    !engine(&wanting, facts, on).is_disposable(on)
        && engine(&wanting, &motivated, on).is_disposable(on) == unwanted.is_disposable(on)
}

/// The same question gives the same answer.
fn a_decision_can_be_repeated(
    engine: Engine,
    policy: &Policy,
    facts: &PostFacts,
    on: NaiveDate,
) -> bool {
    engine(policy, facts, on) == engine(policy, facts, on)
}

const CASES: u32 = 300;

/// A claim that must hold of an engine for every policy, post and day.
type Property = fn(Engine, &Policy, &PostFacts, NaiveDate) -> bool;

#[test]
fn the_engine_keeps_every_property() {
    let properties: [(&str, Property); 11] = [
        ("order", order_does_not_matter),
        ("hold", a_hold_always_stops),
        ("protection", more_protection_is_never_looser),
        ("knowledge", less_knowledge_is_never_looser),
        ("clock", a_later_day_never_takes_it_back),
        ("person", a_person_only_keeps),
        ("floor", the_floor_stands_under_every_policy),
        ("registration", registration_is_asked_for),
        ("police report", a_police_report_waits_for_a_person),
        ("motivation", a_motivation_must_be_on_file),
        ("repetition", a_decision_can_be_repeated),
    ];
    for (name, property) in properties {
        let (broken, disposable) = broken(evaluate, CASES, property);
        assert_eq!(broken, 0, "{name}");
        // The cases must reach what the properties are about.
        assert!(
            disposable > CASES / 100,
            "{name}: only {disposable} disposable posts"
        );
    }
}

#[test]
fn taking_the_first_match_breaks_the_order_property() {
    assert!(broken(first_match, CASES, order_does_not_matter).0 > 0);
}

#[test]
fn taking_unknown_for_no_breaks_the_knowledge_and_floor_properties() {
    assert!(broken(unknown_is_no, CASES, less_knowledge_is_never_looser).0 > 0);
    assert!(broken(unknown_is_no, CASES, the_floor_stands_under_every_policy).0 > 0);
}
