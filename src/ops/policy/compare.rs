//! What changes between two policies: rules, terms, and the outcome of posts in the archive.

use serde::Serialize;

use crate::app::App;
use crate::model::facts::Outcome;
use crate::ops::error::OpsError;
use crate::ops::facts::FactSource;
use crate::ops::facts::whole::Whole;
use crate::policy::Policy;
use crate::policy::evaluate::evaluate;
use crate::policy::rule::Rule;

/// Posts read from the catalogue at a time.
const PAGE: u32 = 500;

/// What differs between two policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Rules that were added, taken away or changed, by id.
    pub rules: Vec<RuleChange>,
    /// Terms outside the rules, Swedish: what, before, after.
    pub terms: Vec<String>,
}

/// A rule that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleChange {
    /// The rule's id.
    pub rule: String,
    /// `added`, `removed` or `changed`.
    pub change: &'static str,
    /// What about it, Swedish.
    pub what: Vec<String>,
}

/// A post whose outcome differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PostChange {
    /// The post's key.
    pub post: String,
    /// Outcome under the first policy.
    pub before: Outcome,
    /// Outcome under the second.
    pub after: Outcome,
    /// The first's earliest date.
    pub earliest_before: Option<chrono::NaiveDate>,
    /// The second's earliest date.
    pub earliest_after: Option<chrono::NaiveDate>,
    /// Why, under the second.
    pub reason: String,
}

/// Compares rules and terms.
pub fn compare(before: &Policy, after: &Policy) -> Comparison {
    let mut rules = Vec::new();
    for old in &before.rules {
        match after.rule(&old.id) {
            None => rules.push(change(old, "removed", vec![old.heading.clone()])),
            Some(now) => {
                let what = rule_differences(old, now);
                if !what.is_empty() {
                    rules.push(change(now, "changed", what));
                }
            }
        }
    }
    for now in &after.rules {
        if before.rule(&now.id).is_none() {
            rules.push(change(now, "added", vec![now.heading.clone()]));
        }
    }
    rules.sort_by(|one, other| one.rule.cmp(&other.rule));
    Comparison {
        rules,
        terms: term_differences(before, after),
    }
}

/// Posts of the archive whose outcome or date differs, in the order of the catalogue, and how many were looked at.
pub async fn compare_posts(
    app: &App,
    before: &Policy,
    after: &Policy,
) -> Result<(u64, Vec<PostChange>), OpsError> {
    let now = app.now();
    let on = now.stockholm_date();
    let mut whole = Whole::default();
    let mut source = FactSource::of_now(app, &mut whole).await?;
    let (mut looked_at, mut changes) = (0, Vec::new());
    let mut last = 0;
    loop {
        let page = app.catalogue.posts_after(None, last, PAGE).await?;
        let Some(end) = page.last() else {
            return Ok((looked_at, changes));
        };
        last = end.id;
        for row in &page {
            let facts = source.of(row).await?;
            let (old, new) = (evaluate(before, &facts, on), evaluate(after, &facts, on));
            looked_at += 1;
            if old.outcome != new.outcome || old.earliest != new.earliest {
                changes.push(PostChange {
                    post: row.post.key.clone(),
                    before: old.outcome,
                    after: new.outcome,
                    earliest_before: old.earliest,
                    earliest_after: new.earliest,
                    reason: new.reason,
                });
            }
        }
    }
}

fn change(rule: &Rule, change: &'static str, what: Vec<String>) -> RuleChange {
    RuleChange {
        rule: rule.id.clone(),
        change,
        what,
    }
}

fn rule_differences(before: &Rule, after: &Rule) -> Vec<String> {
    let mut what = Vec::new();
    if before.outcome != after.outcome {
        what.push(format!(
            "utfall: {} → {}",
            before.outcome.swedish(),
            after.outcome.swedish()
        ));
    }
    if before.condition != after.condition {
        what.push("villkoret är ändrat".to_owned());
    }
    let period = |rule: &Rule| {
        rule.obsolete.as_ref().map(|obsolete| {
            let events: Vec<&str> = obsolete
                .triggers
                .iter()
                .map(|event| event.swedish())
                .collect();
            let decided = if obsolete.decided {
                ""
            } else {
                " (ej beslutad)"
            };
            format!("{} + {}{decided}", events.join(" och "), obsolete.period)
        })
    };
    let (old, new) = (period(before), period(after));
    if old != new {
        let told = |period: Option<String>| period.unwrap_or_else(|| "ingen".to_owned());
        what.push(format!("frist: {} → {}", told(old), told(new)));
    }
    if before.bases != after.bases {
        what.push(format!(
            "beslut: {} → {}",
            before.bases.join(", "),
            after.bases.join(", ")
        ));
    }
    if before.obligations() != after.obligations() {
        what.push("skyldigheterna är ändrade".to_owned());
    }
    if before.heading != after.heading {
        what.push("rubriken är ändrad".to_owned());
    }
    if before.support != after.support {
        what.push("stödet är ändrat".to_owned());
    }
    what
}

fn term_differences(before: &Policy, after: &Policy) -> Vec<String> {
    let cadence = |policy: &Policy| {
        let dates: Vec<String> = policy.cadence.iter().map(ToString::to_string).collect();
        dates.join(", ")
    };
    let rows = [
        (
            "status",
            before.status.code().to_owned(),
            after.status.code().to_owned(),
        ),
        ("ögonblicksbilder", cadence(before), cadence(after)),
        (
            "utan regel",
            before.default_outcome.swedish().to_owned(),
            after.default_outcome.swedish().to_owned(),
        ),
        (
            "karens i dagar",
            before.waiting_days.to_string(),
            after.waiting_days.to_string(),
        ),
        (
            "högsta andel i procent",
            before.most_percent.to_string(),
            after.most_percent.to_string(),
        ),
        (
            "högsta antal",
            before.most_items.to_string(),
            after.most_items.to_string(),
        ),
    ];
    rows.into_iter()
        .filter(|(_, old, new)| old != new)
        .map(|(what, old, new)| format!("{what}: {old} → {new}"))
        .collect()
}
