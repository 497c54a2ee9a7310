//! What an ingest tells of itself: counts that are exact, and places of what could not be read, of which the first are
//! listed, since a file may hold a million of them.

use serde::Serialize;

use crate::model::finding::Finding;
use crate::model::id::{Alias, CaptureId};
use crate::model::ingest::{ContainerFacts, Skipped};
use crate::model::post::{Completeness, Refused};
use crate::model::time::Instant;
use crate::platform::{Container, Parsed, Summary};

/// Greatest number of refused items that are listed with their places; the others are counted.
const LISTED: usize = 1_000;
/// Greatest length of a place or reason, in characters: names of fields and files come from the container.
const LONGEST: usize = 1_000;
/// Greatest number of kinds of items that are told apart, for some formats name them freely; and what the rest is counted as.
const KINDS: usize = 200;
const OTHER: &str = "other_item";

/// What an ingest came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ingested {
    /// The account's alias.
    pub account: Alias,
    /// The capture; `None` where the containers had been taken in before.
    pub capture: Option<CaptureId>,
    /// The format recognised.
    pub format: String,
    /// Its name for people.
    #[serde(skip)]
    pub title: String,
    /// Its version, where told.
    pub format_version: Option<String>,
    /// What was read.
    pub containers: Vec<ContainerFacts>,
    /// Items that the containers hold: parsed and refused.
    pub claimed: u64,
    /// Items read.
    pub parsed: u64,
    /// New posts.
    pub added: u64,
    /// Posts of which a new version was kept.
    pub changed: u64,
    /// Posts that were as before.
    pub unchanged: u64,
    /// Items that could not be read, the first `LISTED` of them.
    pub refused: Vec<Refused>,
    /// How many more there were.
    pub refused_unlisted: u64,
    /// Items that are no posts.
    pub skipped: Vec<Skipped>,
    /// Repairs made.
    pub repairs: u64,
    /// Members replaced because they may not be kept.
    pub redactions: u64,
    /// How much of the account the containers can hold.
    pub completeness: Completeness,
    /// Publication of the oldest and of the newest post read.
    pub period: Option<(Instant, Instant)>,
    /// What is doubtful.
    #[serde(skip)]
    pub findings: Vec<Finding>,
}

impl Ingested {
    pub(super) fn new(alias: &Alias) -> Self {
        Self {
            account: alias.clone(),
            capture: None,
            format: String::new(),
            title: String::new(),
            format_version: None,
            containers: Vec::new(),
            claimed: 0,
            parsed: 0,
            added: 0,
            changed: 0,
            unchanged: 0,
            refused: Vec::new(),
            refused_unlisted: 0,
            skipped: Vec::new(),
            repairs: 0,
            redactions: 0,
            completeness: Completeness::Full,
            period: None,
            findings: Vec::new(),
        }
    }

    /// How many items could not be read.
    pub fn refused_count(&self) -> u64 {
        self.refused.len() as u64 + self.refused_unlisted
    }

    pub(super) fn refuse(&mut self, refused: Refused) {
        self.claimed += 1;
        if self.refused.len() >= LISTED {
            self.refused_unlisted += 1;
            return;
        }
        self.refused.push(Refused {
            place: shortened(refused.place),
            reason: shortened(refused.reason),
        });
    }

    /// Counts a post that was as before.
    pub(super) fn count(&mut self, parsed: &Parsed) {
        self.claimed += 1;
        self.parsed += 1;
        self.unchanged += 1;
        self.note_facts(parsed);
    }

    pub(super) fn note_facts(&mut self, parsed: &Parsed) {
        self.repairs += parsed.post.repairs.len() as u64;
        self.redactions += parsed.post.redactions.len() as u64;
        if let Some(time) = parsed.post.posted_at.utc {
            let (first, last) = self.period.unwrap_or((time, time));
            self.period = Some((first.min(time), last.max(time)));
        }
    }

    /// Counts items that are no posts under their kind, or under [`OTHER`] where there are too many kinds.
    fn skip(&mut self, skipped: Skipped) {
        let place = |all: &[Skipped], what: &str| all.iter().position(|one| one.what == what);
        let what = match place(&self.skipped, &skipped.what) {
            None if self.skipped.len() >= KINDS => OTHER.to_owned(),
            None | Some(_) => shortened(skipped.what),
        };
        match place(&self.skipped, &what) {
            Some(known) => self.skipped[known].count += skipped.count,
            None => self.skipped.push(Skipped {
                what,
                count: skipped.count,
            }),
        }
    }

    /// What the container as a whole tells.
    pub(super) fn close(&mut self, address: &str, container: &Container, summary: Summary) {
        self.format_version = summary.format_version.or(self.format_version.take());
        self.completeness = self.completeness.max(summary.completeness);
        for skipped in summary.skipped {
            self.skip(skipped);
        }
        for note in summary.notes {
            self.findings
                .push(Finding::warning("W-CONTAINER", container.name(), note));
        }
        let host = |address: &str| url::Url::parse(address).ok()?.host_str().map(str::to_owned);
        let own = host(address);
        let told: Vec<_> = summary
            .addresses
            .iter()
            .filter_map(|address| host(address))
            .collect();
        if own.is_some_and(|own| !told.is_empty() && !told.contains(&own)) {
            self.findings.push(Finding::warning(
                "W-OTHER-SITE",
                container.name(),
                format!(
                    "Exporten är från {}, inte från kontots adress.",
                    told.join(", ")
                ),
            ));
        }
    }
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_without_end_are_counted_to_the_last_item_and_told_apart_to_a_limit() {
        let mut report = Ingested::new(&"m".parse().unwrap());
        for number in 0..100_000 {
            let what = format!("com.exempel.{number}");
            report.skip(Skipped { what, count: 2 });
        }
        report.skip(Skipped {
            what: "com.exempel.0".to_owned(),
            count: 5,
        });
        assert_eq!(report.skipped.len(), 201);
        assert_eq!(report.skipped[0].count, 7);
        assert_eq!(report.skipped[200].what, "other_item");
        assert_eq!(
            report.skipped.iter().map(|one| one.count).sum::<u64>(),
            200_005
        );
    }
}
