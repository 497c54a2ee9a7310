//! A policy's own example cases: each a post and what is expected to become of it. The flags are answered by the
//! detectors where the case has a text, and by the case where it names them, as a person would.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::detect;
use crate::model::facts::{
    Answer, FactRole, FactVisibility, Flag, FloorFacts, PostFacts, Trigger, Truth,
};
use crate::policy::Policy;
use crate::policy::evaluate::{Decision, evaluate, holds};
use crate::policy::rule::{Case, CasePost};

/// How one example case came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseResult {
    /// `namn`.
    pub name: String,
    /// `regel`.
    pub rule: String,
    /// Whether everything was as expected.
    pub ok: bool,
    /// What was not, Swedish.
    pub differences: Vec<String>,
    /// Where the case stands.
    pub place: String,
    /// The engine's sentence.
    pub reason: String,
}

/// Tries every example case of a policy.
pub fn try_cases(policy: &Policy) -> Vec<CaseResult> {
    policy
        .cases
        .iter()
        .map(|case| try_case(policy, case))
        .collect()
}

fn try_case(policy: &Policy, case: &Case) -> CaseResult {
    let facts = facts(case);
    let decision = evaluate(policy, &facts, case.day);
    let mut differences = differences(case, &decision);
    // A protective rule shows itself on yes and on unknown; one that permits disposal on yes only.
    let shown = policy
        .rule(&case.rule)
        .map(|rule| (rule, holds(policy, rule, &facts)));
    if let Some((rule, Truth::No)) = shown {
        differences.push(format!("regeln {} träffar inte inlägget", rule.id));
    }
    CaseResult {
        name: case.name.clone(),
        rule: case.rule.clone(),
        ok: differences.is_empty(),
        differences,
        place: case.place.clone(),
        reason: decision.reason,
    }
}

fn differences(case: &Case, decision: &Decision) -> Vec<String> {
    let mut differences = Vec::new();
    if decision.outcome != case.outcome {
        differences.push(format!(
            "väntat utfall {}, blev {}",
            case.outcome.swedish(),
            decision.outcome.swedish()
        ));
    }
    if let Some(expected) = case.earliest
        && decision.earliest != Some(expected)
    {
        let was = decision
            .earliest
            .map_or_else(|| "inget".to_owned(), |date| date.to_string());
        differences.push(format!("väntat tidigast {expected}, blev {was}"));
    }
    if let Some(expected) = &case.obligations {
        let mut expected = expected.clone();
        expected.sort();
        if decision.obligations != expected {
            differences.push(format!(
                "väntade skyldigheter [{}], blev [{}]",
                expected.join(", "),
                decision.obligations.join(", ")
            ));
        }
    }
    if let Some(expected) = &case.blocked_by {
        let codes = |floors: &[crate::model::facts::Floor]| {
            let mut codes: Vec<&str> = floors.iter().map(|floor| floor.code()).collect();
            codes.sort_unstable();
            codes.join(", ")
        };
        if codes(expected) != codes(&decision.blocked_by) {
            differences.push(format!(
                "väntade spärrar [{}], blev [{}]",
                codes(expected),
                codes(&decision.blocked_by)
            ));
        }
    }
    differences
}

/// The facts of a case. The floor is met but for what the flags and the policy itself say: a case shows the rules.
fn facts(case: &Case) -> PostFacts {
    let post = &case.post;
    let mut triggers = case.triggers.clone();
    let published = triggers.values().min().copied().unwrap_or(case.day);
    triggers.entry(Trigger::Publicerad).or_insert(published);
    PostFacts {
        role: post.role,
        kinds: post.kinds.clone(),
        answered: post.answered.map_or(Truth::Unknown, Truth::from),
        attachments: post.attachments.into(),
        links: post.links.into(),
        characters: post
            .characters
            .unwrap_or_else(|| post.text.as_ref().map_or(0, |text| text.chars().count())),
        visibility: post.visibility.or(Some(FactVisibility::Publicerad)),
        level: post.level,
        flags: flags(post),
        triggers,
        floor: FloorFacts {
            holds: Vec::new(),
            open_obligation: false,
            police_report_decided: post.police_report_decided,
            motivated: false,
            preserved: true,
            has_undisposed_children: false,
            intact: true,
            capture_gap: false,
            registered: post.registered,
        },
        decided: None,
    }
}

/// With a text: the detectors' answers. Without: no flag but those named, for a case without a text shows a rule and
/// no detector.
fn flags(post: &CasePost) -> BTreeMap<Flag, Answer> {
    let mut answers = match &post.text {
        Some(text) => detect::answers_for_text(
            text,
            post.role == Some(FactRole::Kommun),
            !post.attachments && !post.links,
        ),
        None => Flag::ALL
            .iter()
            .map(|flag| (*flag, by_case(Truth::No)))
            .collect(),
    };
    for (flag, truth) in &post.flags {
        answers.insert(*flag, by_case(*truth));
    }
    answers
}

fn by_case(value: Truth) -> Answer {
    Answer {
        value,
        by: "person".to_owned(),
        because: "prov".to_owned(),
    }
}
