//! Facts and a policy to a decision. Order-independent, three-valued, pure. What is unknown never permits disposal:
//! a rule that permits fires on yes only, a rule that protects holds back on yes and on unknown.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::model::facts::{FactKind, Flag, Floor, FloorFacts, Outcome, PostFacts, Trigger, Truth};
use crate::policy::rule::{Condition, Obsolete, Rule, Term};
use crate::policy::{Basis, BasisKind, Policy};

/// Version of the engine; a plan pins it.
pub const ENGINE_VERSION: &str = "3";

/// Flags that stand in the way of disposal whether the policy names them or not: the crimes that an operator must act
/// on (lagen 1998:112, 5 §) and what must reach the police with its evidence.
pub const CRIMES: &[Flag] = &[
    Flag::Barnpornografi,
    Flag::HetsMotFolkgrupp,
    Flag::OffentligUppmaning,
    Flag::OlagaHot,
    Flag::OlagaIntegritetsintrang,
    Flag::OlagaValdsskildring,
    Flag::Uppvigling,
];

/// Whether the floor's G1 rests on this flag: a `ja` on any version of a post stands for the whole post.
pub fn is_grave(flag: Flag) -> bool {
    matches!(flag, Flag::Sekretess | Flag::Personnummer) || CRIMES.contains(&flag)
}

/// The obligation that registration does not fulfil: a person decides it (`post decide --police-report`).
const POLICE_REPORT: &str = "polisanmal";
/// The obligation that a logged takedown or an explained removal fulfils.
const MOTIVATION: &str = "motivering";

/// How one rule came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleResult {
    /// The rule's id.
    pub rule: String,
    /// Whether its condition holds.
    pub truth: Truth,
    /// What it says.
    pub outcome: Outcome,
    /// Ids of the decisions it rests on.
    pub decisions: Vec<String>,
}

/// What is to become of a post, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What the policy (and a person's decision) says.
    pub outcome: Outcome,
    /// The rules that hold or may hold, by id.
    pub rules: Vec<RuleResult>,
    /// The first day on which disposal may happen; `None` where an event is missing or the outcome is another.
    pub earliest: Option<NaiveDate>,
    /// Conditions of the floor not met (G0–G7; the caller adds G8), sorted.
    pub blocked_by: Vec<Floor>,
    /// Obligations such as `diariefor`, `polisanmal`, `motivering`; sorted, from rules that hold.
    pub obligations: Vec<String>,
    /// The Swedish sentence.
    pub reason: String,
}

impl Decision {
    /// Whether nothing but approval and waiting period stands between the post and its disposal on a day.
    pub fn is_disposable(&self, on: NaiveDate) -> bool {
        self.outcome == Outcome::MayDispose
            && self.blocked_by.is_empty()
            && self.earliest.is_some_and(|earliest| earliest <= on)
    }
}

/// A rule with how it came out.
type Matched<'p> = (&'p Rule, Truth);

/// Decides on a post as of a day.
pub fn evaluate(policy: &Policy, facts: &PostFacts, as_of: NaiveDate) -> Decision {
    let registered = facts.floor.registered;
    let mut matched: Vec<Matched<'_>> = policy
        .rules
        .iter()
        .filter(|rule| speaks(rule, &facts.floor))
        .map(|rule| (rule, holds(policy, rule, facts)))
        .filter(|(_, truth)| *truth != Truth::No)
        .collect();
    matched.sort_by(|(first, _), (second, _)| first.id.cmp(&second.id));
    let said = matched
        .iter()
        .filter_map(|(rule, truth)| says(rule, *truth, registered));
    let by_policy = said.max().unwrap_or(policy.default_outcome);
    // A person may keep what the policy would let go, never let go what it keeps. That it goes to the diarium is done.
    let decided = facts
        .decided
        .filter(|decided| !(registered && *decided == Outcome::Registry));
    let outcome = decided.map_or(by_policy, |decided| by_policy.max(decided));
    let earliest = if outcome == Outcome::MayDispose {
        due(&matched, facts)
    } else {
        None
    };
    let obligations = obligations(&matched, decided, &facts.floor);
    let open = obligations
        .iter()
        .any(|code| *code != MOTIVATION || !facts.floor.motivated);
    let blocked_by = floor(policy, facts, as_of, open);
    let reason = reason(policy, facts, &matched, (outcome, earliest, &blocked_by));
    Decision {
        outcome,
        rules: matched.iter().map(result).collect(),
        earliest,
        blocked_by,
        obligations: obligations.into_iter().map(str::to_owned).collect(),
        reason,
    }
}

/// Whether a condition holds for a post: all terms together, in Kleene's three-valued logic.
pub fn truth(condition: &Condition, facts: &PostFacts) -> Truth {
    condition
        .terms
        .iter()
        .map(|term| term_truth(term, facts))
        .fold(Truth::Yes, Truth::and)
}

/// Whether a rule holds for a post, the records that its decision covers included.
pub fn holds(policy: &Policy, rule: &Rule, facts: &PostFacts) -> Truth {
    let condition = truth(&rule.condition, facts);
    if rule.outcome != Outcome::MayDispose {
        return condition;
    }
    condition.and(covered(policy, rule, facts))
}

fn term_truth(term: &Term, facts: &PostFacts) -> Truth {
    match term {
        Term::Role(roles) => among(facts.role, roles),
        Term::Kind(kinds) => kind_truth(kinds, &facts.kinds),
        Term::Answered(wanted) => as_wanted(facts.answered, *wanted),
        Term::Attachments(wanted) => as_wanted(facts.attachments, *wanted),
        Term::Links(wanted) => as_wanted(facts.links, *wanted),
        Term::Registered(wanted) => Truth::from(facts.floor.registered == *wanted),
        Term::AtMost(most) => Truth::from(facts.characters <= *most),
        Term::AtLeast(least) => Truth::from(facts.characters >= *least),
        Term::Visibility(values) => among(facts.visibility, values),
        Term::Level(levels) => among(facts.level, levels),
        Term::Flags(flags) => flags
            .iter()
            .map(|flag| flag_truth(facts, *flag))
            .fold(Truth::No, Truth::or),
        Term::Not(inner) => truth(inner, facts).negated(),
        Term::AnyOf(alternatives) => alternatives
            .iter()
            .map(|inner| truth(inner, facts))
            .fold(Truth::No, Truth::or),
    }
}

fn among<T: Copy + PartialEq>(value: Option<T>, listed: &[T]) -> Truth {
    value.map_or(Truth::Unknown, |value| Truth::from(listed.contains(&value)))
}

/// Undecided among several kinds is yes only where all of them are listed.
fn kind_truth(listed: &[FactKind], possible: &[FactKind]) -> Truth {
    let hits = possible.iter().filter(|kind| listed.contains(kind)).count();
    if possible.is_empty() || (hits != 0 && hits != possible.len()) {
        return Truth::Unknown;
    }
    Truth::from(hits != 0)
}

fn as_wanted(truth: Truth, wanted: bool) -> Truth {
    if wanted { truth } else { truth.negated() }
}

fn flag_truth(facts: &PostFacts, flag: Flag) -> Truth {
    facts
        .flags
        .get(&flag)
        .map_or(Truth::Unknown, |answer| answer.value)
}

/// Whether the disposal decisions of a rule cover a post of its date (`omfattar_fran`, `omfattar_till`).
fn covered(policy: &Policy, rule: &Rule, facts: &PostFacts) -> Truth {
    let published = facts.triggers.get(&Trigger::Publicerad).copied();
    rule.bases
        .iter()
        .filter_map(|id| policy.basis(id))
        .filter(|basis| basis.kind == BasisKind::DisposalDecision)
        .filter(|basis| basis.covers_from.is_some() || basis.covers_to.is_some())
        .map(|basis| {
            published.map_or(Truth::Unknown, |date| {
                Truth::from(
                    basis.covers_from.is_none_or(|from| date >= from)
                        && basis.covers_to.is_none_or(|to| date <= to),
                )
            })
        })
        .fold(Truth::Yes, Truth::and)
}

/// Whether a rule has anything to say of a post. Once it lies in the diarium a rule that sends it there is fulfilled, but
/// for a police report; its working copy is then let go by no rule but one that speaks of registered posts.
fn speaks(rule: &Rule, known: &FloorFacts) -> bool {
    let registered = known.registered;
    match rule.outcome {
        Outcome::Registry => {
            !registered || (rule.wants_police_report && !known.police_report_decided)
        }
        Outcome::MayDispose => !registered || rule.condition.asks_for_registered(),
        Outcome::Review | Outcome::Preserve => true,
    }
}

/// What a rule contributes: its outcome on yes; review where a protective rule is unknown; nothing where one that
/// permits disposal is unknown. What is registered need not be registered again.
fn says(rule: &Rule, truth: Truth, registered: bool) -> Option<Outcome> {
    match (truth, rule.outcome) {
        (Truth::Yes, Outcome::Registry) if registered => Some(Outcome::Review),
        (Truth::Yes, outcome) => Some(outcome),
        (Truth::Unknown, Outcome::Review | Outcome::Preserve | Outcome::Registry) => {
            Some(Outcome::Review)
        }
        (Truth::Unknown, Outcome::MayDispose) | (Truth::No, _) => None,
    }
}

/// The latest date over every disposal rule that holds or may hold. A rule that may hold counts, or less knowledge
/// would bring an earlier date.
fn due(matched: &[Matched<'_>], facts: &PostFacts) -> Option<NaiveDate> {
    let mut latest = None;
    for (rule, _) in disposing(matched) {
        let date = rule_due(rule, facts)?;
        latest = latest.max(Some(date));
    }
    latest
}

fn rule_due(rule: &Rule, facts: &PostFacts) -> Option<NaiveDate> {
    let obsolete = rule.obsolete.as_ref()?;
    let event = latest_trigger(rule, facts)?.1;
    obsolete.period.after(event)
}

/// The trigger that came last; `None` where one of them is missing.
fn latest_trigger(rule: &Rule, facts: &PostFacts) -> Option<(Trigger, NaiveDate)> {
    let mut latest: Option<(Trigger, NaiveDate)> = None;
    for trigger in &rule.obsolete.as_ref()?.triggers {
        let date = *facts.triggers.get(trigger)?;
        if latest.is_none_or(|(_, known)| date > known) {
            latest = Some((*trigger, date));
        }
    }
    latest
}

fn disposing<'m, 'p>(matched: &'m [Matched<'p>]) -> impl Iterator<Item = &'m Matched<'p>> {
    matched
        .iter()
        .filter(|(rule, _)| rule.outcome == Outcome::MayDispose)
}

/// What is to be done. Registration fulfils what it was for; a police report is another matter.
fn obligations(
    matched: &[Matched<'_>],
    decided: Option<Outcome>,
    known: &FloorFacts,
) -> BTreeSet<&'static str> {
    let mut codes: BTreeSet<&'static str> = matched
        .iter()
        .filter(|(_, truth)| *truth == Truth::Yes)
        .flat_map(|(rule, _)| rule.obligations())
        .collect();
    if decided == Some(Outcome::Registry) {
        codes.insert("diariefor");
    }
    if known.registered {
        codes.retain(|code| *code == POLICE_REPORT);
    }
    if known.police_report_decided {
        codes.remove(POLICE_REPORT);
    }
    codes
}

/// The safety floor. Nothing in a policy reaches it except that its own hindrances are G6.
fn floor(policy: &Policy, facts: &PostFacts, as_of: NaiveDate, obliged: bool) -> Vec<Floor> {
    let known = &facts.floor;
    let not_ruled_out = |flag: Flag| flag_truth(facts, flag) != Truth::No;
    let secret = not_ruled_out(Flag::Sekretess) || not_ruled_out(Flag::Personnummer);
    let criminal = CRIMES.iter().any(|flag| not_ruled_out(*flag));
    let conditions = [
        (Floor::G0, !known.holds.is_empty()),
        (Floor::G1, criminal || (secret && !known.registered)),
        (Floor::G2, known.open_obligation || obliged),
        (Floor::G3, !known.preserved),
        (Floor::G4, known.has_undisposed_children),
        (Floor::G5, !known.intact),
        (Floor::G6, !policy.is_executable(as_of)),
        (Floor::G7, known.capture_gap),
    ];
    conditions
        .into_iter()
        .filter_map(|(floor, stands)| stands.then_some(floor))
        .collect()
}

fn result((rule, truth): &Matched<'_>) -> RuleResult {
    RuleResult {
        rule: rule.id.clone(),
        truth: *truth,
        outcome: rule.outcome,
        decisions: rule.bases.clone(),
    }
}

/// The sentence an archivist reads: outcome, the rules that brought it, event and period, what stands in the way.
fn reason(
    policy: &Policy,
    facts: &PostFacts,
    matched: &[Matched<'_>],
    (outcome, earliest, blocked_by): (Outcome, Option<NaiveDate>, &[Floor]),
) -> String {
    let mut parts = Vec::new();
    let head = capitalised(outcome.swedish());
    if outcome == Outcome::MayDispose {
        disposal_parts(policy, facts, matched, &mut parts);
        match facts.triggers.get(&Trigger::OgonblicksbildTagen) {
            Some(date) if facts.floor.preserved => {
                parts.push(format!("finns i ögonblicksbild {date}"));
            }
            Some(_) | None => {}
        }
        parts.push(bars(blocked_by));
        let when = earliest.map_or_else(
            || " men saknar händelse".to_owned(),
            |date| format!(" tidigast {date}"),
        );
        return format!("{head}{when}: {}.", parts.join("; "));
    }
    if facts.decided == Some(outcome) {
        parts.push("beslutat av en person".to_owned());
    }
    for (rule, truth) in matched {
        if says(rule, *truth, facts.floor.registered) == Some(outcome) {
            parts.push(protective_part(rule, *truth, facts));
        }
    }
    if parts.is_empty() && facts.floor.registered {
        parts.push("diariefört; ingen regel gäller arbetskopian".to_owned());
    } else if parts.is_empty() {
        parts.push("ingen regel träffar".to_owned());
    }
    format!("{head}: {}.", parts.join("; "))
}

fn disposal_parts(
    policy: &Policy,
    facts: &PostFacts,
    matched: &[Matched<'_>],
    parts: &mut Vec<String>,
) {
    for (rule, truth) in disposing(matched) {
        let cited: Vec<String> = rule
            .bases
            .iter()
            .filter_map(|id| policy.basis(id))
            .map(Basis::citation)
            .collect();
        let mut part = format!("{} {}", rule.id, rule.heading);
        if !cited.is_empty() {
            part.push_str(" (");
            part.push_str(&cited.join("; "));
            part.push(')');
        }
        if *truth == Truth::Unknown {
            part.push_str(" kanske");
        }
        parts.push(part);
        if let Some(obsolete) = &rule.obsolete {
            parts.push(event_part(rule, obsolete, facts));
        }
    }
}

/// `senaste aktivitet i tråden 2026-09-01 + 6 månader`, or which event is missing.
fn event_part(rule: &Rule, obsolete: &Obsolete, facts: &PostFacts) -> String {
    if let Some((trigger, date)) = latest_trigger(rule, facts) {
        return format!("{} {date} + {}", trigger.swedish(), obsolete.period);
    }
    let missing: Vec<&str> = obsolete
        .triggers
        .iter()
        .filter(|trigger| !facts.triggers.contains_key(trigger))
        .map(|trigger| trigger.swedish())
        .collect();
    format!("saknar händelse: {}", missing.join(", "))
}

/// `E-1 Sekretess …`, and for what cannot be ruled out, which flags.
fn protective_part(rule: &Rule, truth: Truth, facts: &PostFacts) -> String {
    let mut text = format!("{} {}", rule.id, rule.heading);
    let told: Vec<&str> = rule
        .condition
        .flags()
        .into_iter()
        .filter(|flag| flag_truth(facts, *flag) == truth)
        .map(Flag::swedish)
        .collect();
    let told = told.join(", ");
    match (truth, told.is_empty()) {
        (Truth::Unknown, true) => text.push_str(" kan inte uteslutas"),
        (Truth::Unknown, false) => {
            text.push_str(" kan inte uteslutas (okänt: ");
            text.push_str(&told);
            text.push(')');
        }
        (Truth::Yes | Truth::No, true) => {}
        (Truth::Yes | Truth::No, false) => {
            text.push_str(" (");
            text.push_str(&told);
            text.push(')');
        }
    }
    if rule.wants_police_report && !facts.floor.police_report_decided {
        text.push_str("; om det ska polisanmälas är inte avgjort");
    }
    text
}

fn bars(blocked_by: &[Floor]) -> String {
    if blocked_by.is_empty() {
        return "inga spärrar".to_owned();
    }
    let told: Vec<String> = blocked_by
        .iter()
        .map(|floor| format!("{} {}", floor.code(), floor.swedish()))
        .collect();
    format!("spärrar: {}", told.join(", "))
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
