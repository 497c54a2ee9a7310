//! What hinders a policy's execution (*hinder*) and what is worth mending (*varning*) on a day.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::model::facts::{Outcome, Trigger};
use crate::model::finding::Finding;
use crate::policy::rule::Rule;
use crate::policy::{Basis, BasisKind, Policy, Status};

/// Regulations of the National Archives that have been repealed, and what replaced them (RA-FS 2021:6 and 2021:7).
const REPEALED: &[(&str, &str)] = &[
    ("RA-FS 1991:6", "RA-FS 2021:6"),
    ("RA-FS 1997:6", "RA-FS 2021:6"),
    ("RA-FS 2012:2", "RA-FS 2021:6"),
];

/// Events that nothing tells the program of.
const UNTOLD: &[Trigger] = &[Trigger::ErsattAvNytt, Trigger::ArendeAvslutat];

impl Policy {
    /// What hinders execution on a day (*hinder*): the policy loads and plans all the same.
    pub fn hindrances(&self, on: NaiveDate) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut hinder = |code: &str, place: &str, message: String| {
            findings.push(Finding::warning(code, place, message));
        };
        if self.status != Status::InForce {
            hinder(
                "H301",
                &self.status_place,
                format!(
                    "policyn har status \"{}\": bara en gällande policy får verkställas",
                    self.status.code()
                ),
            );
        }
        if let Some(from) = self.valid_from.filter(|from| on < *from) {
            let message = format!("policyn gäller först från {from}");
            hinder("H302", &self.status_place, message);
        }
        if let Some(to) = self.valid_to.filter(|to| on > *to) {
            let message = format!("policyn gällde till och med {to}");
            hinder("H302", &self.status_place, message);
        }
        for basis in self.disposal_decisions() {
            let lacks = basis.lacks();
            if !lacks.is_empty() {
                hinder(
                    "H303",
                    &basis.place,
                    format!("gallringsbeslutet \"{}\" saknar {}", basis.id, list(&lacks)),
                );
            }
            if let Some(date) = basis.date.filter(|date| *date > on) {
                let message = format!("gallringsbeslutet \"{}\" fattas först {date}", basis.id);
                hinder("H303", &basis.place, message);
            }
        }
        for rule in self.disposing_rules() {
            if let Some(obsolete) = rule.obsolete.as_ref().filter(|known| !known.decided) {
                hinder(
                    "H304",
                    &obsolete.place,
                    format!(
                        "fristen {} i regeln \"{}\" är inte beslutad",
                        obsolete.period, rule.id
                    ),
                );
            }
        }
        findings
    }

    /// What is worth mending (*varning*).
    pub fn warnings(&self, on: NaiveDate) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut warn = |code: &str, place: &str, message: String| {
            findings.push(Finding::warning(code, place, message));
        };
        if !self.permits_disposal() {
            let message =
                "inget att verkställa: ingen regel har utfallet \"far_gallras\"".to_owned();
            warn("V401", &self.status_place, message);
        }
        if let Some(due) = self.review_due().filter(|due| *due < on) {
            let message = format!("översynen skulle ha gjorts senast {due}");
            warn("V402", &self.status_place, message);
        }
        for basis in &self.bases {
            for provision in &basis.provisions {
                for (repealed, by) in REPEALED {
                    if provision.contains(repealed) {
                        warn(
                            "V403",
                            &basis.place,
                            format!("{repealed} är upphävd och ersatt av {by}"),
                        );
                    }
                }
            }
            if !self.is_used(basis) {
                let message = format!("ingen regel stöder sig på \"{}\"", basis.id);
                warn("V406", &basis.place, message);
            }
        }
        for rule in &self.rules {
            if rule.support.is_none() {
                let message = format!("regeln \"{}\" saknar stöd (avsnitt och citat)", rule.id);
                warn("V404", &rule.place, message);
            }
            if rule.condition.terms.is_empty() {
                let message = format!("regeln \"{}\" träffar alla inlägg", rule.id);
                warn("V405", &rule.place, message);
            }
            if !self.cases.iter().any(|case| case.rule == rule.id) {
                let message = format!("regeln \"{}\" har inget prov", rule.id);
                warn("V407", &rule.place, message);
            }
        }
        for rule in self.disposing_rules() {
            let triggers = rule.obsolete.iter().flat_map(|known| &known.triggers);
            for trigger in triggers.filter(|trigger| UNTOLD.contains(trigger)) {
                let message = format!(
                    "händelsen \"{}\" i regeln \"{}\" är aldrig känd: det regeln träffar gallras inte",
                    trigger.swedish(),
                    rule.id
                );
                warn("V410", &rule.place, message);
            }
        }
        for rule in self.disposing_rules().filter(|rule| rule.wants_masking) {
            let message = format!(
                "regeln \"{}\" kräver maskering, och det som ska maskeras gallras aldrig",
                rule.id
            );
            warn("V409", &rule.place, message);
        }
        for (first, second) in self.overlaps() {
            let message = format!(
                "reglerna \"{}\" och \"{}\" har samma villkor men olika utfall; \"{}\" går före",
                first.id,
                second.id,
                first.outcome.max(second.outcome).swedish()
            );
            warn("V408", &second.place, message);
        }
        findings
    }

    /// The disposal decisions that rules rest on.
    pub fn disposal_decisions(&self) -> Vec<&Basis> {
        let used: BTreeSet<&str> = self
            .disposing_rules()
            .flat_map(|rule| rule.bases.iter().map(String::as_str))
            .collect();
        self.bases
            .iter()
            .filter(|basis| {
                used.contains(basis.id.as_str())
                    && matches!(
                        basis.kind,
                        BasisKind::DisposalDecision | BasisKind::ApplicationDecision
                    )
            })
            .collect()
    }

    fn disposing_rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules
            .iter()
            .filter(|rule| rule.outcome == Outcome::MayDispose)
    }

    fn review_due(&self) -> Option<NaiveDate> {
        let review = self.review.as_ref()?;
        let from = review.last.or(self.valid_from)?;
        review.interval?.after(from)
    }

    fn is_used(&self, basis: &Basis) -> bool {
        self.rules.iter().any(|rule| {
            rule.bases.contains(&basis.id)
                || rule
                    .support
                    .as_ref()
                    .is_some_and(|support| support.basis.as_ref() == Some(&basis.id))
        })
    }

    fn overlaps(&self) -> Vec<(&Rule, &Rule)> {
        let mut pairs = Vec::new();
        for (index, first) in self.rules.iter().enumerate() {
            for second in self.rules.iter().skip(index + 1) {
                if first.condition == second.condition && first.outcome != second.outcome {
                    pairs.push((first, second));
                }
            }
        }
        pairs
    }
}

/// `organ, datum och diarienummer`.
fn list(words: &[&str]) -> String {
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} och {last}", others.join(", ")),
    }
}
