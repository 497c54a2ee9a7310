//! Takedowns, and what went to the registry.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::catalogue::query::unit_ref;
use crate::catalogue::{
    Catalogue, CatalogueError, from_word, number, optional, parsed, parsed_optional, text,
};
use crate::model::entry::{PoliceReport, TakedownState};
use crate::model::facts::FactVisibility;
use crate::model::id::{RecordId, UnitRef};
use crate::model::time::Instant;

/// The newest takedown of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakedownRow {
    /// What became of it on the platform.
    pub state: TakedownState,
    /// When it was logged.
    pub time: Instant,
}

impl TakedownRow {
    /// `synlighet` in a policy.
    pub fn visibility(&self) -> FactVisibility {
        match self.state {
            TakedownState::Hidden => FactVisibility::Avpublicerad,
            TakedownState::Deleted => FactVisibility::Raderad,
        }
    }
}

/// One unit handed over to the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RegistryRow {
    /// The handover.
    pub handover: RecordId,
    /// The receiving unit of the municipality.
    pub receiver: Option<String>,
    /// When it was handed over.
    pub time: Instant,
    /// The unit.
    pub unit: UnitRef,
    /// Its diarienummer, once it came back.
    pub registry_no: Option<String>,
    /// When that was.
    pub receipted: Option<Instant>,
}

impl Catalogue {
    /// The newest takedown of every post that has one, by the catalogue's number.
    pub async fn takedowns(&self) -> Result<BTreeMap<i64, TakedownRow>, CatalogueError> {
        let sql =
            "SELECT observation.post, takedown.state, takedown.time FROM takedown JOIN observation
                   ON observation.holder = takedown.holder AND observation.unit = takedown.unit
                   ORDER BY takedown.time, takedown.record";
        let mut takedowns = BTreeMap::new();
        for row in self.all(sql, vec![]).await? {
            let takedown = TakedownRow {
                state: from_word(text(&row, "state")?, "takedown")?,
                time: parsed(&row, "time", "takedown")?,
            };
            takedowns.insert(number(&row, "post")?, takedown);
        }
        Ok(takedowns)
    }

    /// Posts of which every version has its diarienummer, by the catalogue's number, and since when.
    pub async fn registered(&self) -> Result<BTreeMap<i64, Instant>, CatalogueError> {
        let sql = "SELECT observation.post, received.time FROM observation LEFT JOIN
                     (SELECT holder, unit, MIN(receipted) AS time FROM registry_unit WHERE receipt IS NOT NULL
                      GROUP BY holder, unit) AS received
                     ON received.holder = observation.holder AND received.unit = observation.unit
                   WHERE observation.post IN
                     (SELECT known.post FROM observation AS known JOIN registry_unit
                      ON registry_unit.holder = known.holder AND registry_unit.unit = known.unit)";
        let mut times: BTreeMap<i64, Option<Instant>> = BTreeMap::new();
        for row in self.all(sql, vec![]).await? {
            let time: Option<Instant> = parsed_optional(&row, "time", "registry_unit")?;
            times
                .entry(number(&row, "post")?)
                .and_modify(|known| *known = known.zip(time).map(|(one, other)| one.max(other)))
                .or_insert(time);
        }
        Ok(times
            .into_iter()
            .filter_map(|(post, time)| Some((post, time?)))
            .collect())
    }

    /// Posts of which a version was handed over and waits for its diarienummer, by the catalogue's number.
    pub async fn awaiting_number(&self) -> Result<BTreeSet<i64>, CatalogueError> {
        // CROSS: from the few that were handed over to the many observations, never the other way round.
        let sql = "SELECT observation.post FROM registry_unit CROSS JOIN observation
                   WHERE observation.holder = registry_unit.holder AND observation.unit = registry_unit.unit
                   GROUP BY observation.post, observation.holder, observation.unit
                   HAVING COUNT(registry_unit.receipt) = 0";
        let rows = self.all(sql, vec![]).await?;
        rows.iter().map(|row| number(row, "post")).collect()
    }

    /// Posts of which a person decided whether they are reported to the police, by the catalogue's number. A decision on an
    /// older version says nothing of what was written since.
    pub async fn police_reports(&self) -> Result<BTreeMap<i64, PoliceReport>, CatalogueError> {
        let sql = "SELECT post.id, police_report.state FROM police_report CROSS JOIN observation CROSS JOIN post
                   WHERE observation.holder = police_report.holder AND observation.unit = police_report.unit
                   AND post.id = observation.post AND post.holder = police_report.holder AND post.unit = police_report.unit";
        let mut reports = BTreeMap::new();
        for row in self.all(sql, vec![]).await? {
            let state = from_word(text(&row, "state")?, "police_report")?;
            reports.insert(number(&row, "id")?, state);
        }
        Ok(reports)
    }

    /// Every unit that was handed over, oldest handover first.
    pub async fn handed_over(&self) -> Result<Vec<RegistryRow>, CatalogueError> {
        let sql = "SELECT registry_unit.*, registry_handover.receiver, registry_handover.time FROM registry_unit
                   JOIN registry_handover ON registry_handover.id = registry_unit.handover
                   ORDER BY registry_handover.time, registry_unit.handover, registry_unit.holder, registry_unit.unit";
        let mut rows = Vec::new();
        for row in self.all(sql, vec![]).await? {
            rows.push(RegistryRow {
                handover: parsed(&row, "handover", "registry_unit")?,
                receiver: optional(&row, "receiver")?,
                time: parsed(&row, "time", "registry_unit")?,
                unit: unit_ref(text(&row, "holder")?, text(&row, "unit")?, "registry_unit")?,
                registry_no: optional(&row, "registry_no")?,
                receipted: parsed_optional(&row, "receipted", "registry_unit")?,
            });
        }
        Ok(rows)
    }
}
