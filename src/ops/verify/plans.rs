//! Disposals against the plans that they carry out: `plan.json` is the file that was approved, and nothing was taken
//! that does not stand in it.

use std::collections::BTreeMap;

use crate::archive::View;
use crate::evidence::codes;
use crate::evidence::history::{History, entry_path};
use crate::evidence::report::Hit;
use crate::model::digest::{DigestPair, Sha256Hex};
use crate::model::entry::Body;
use crate::model::id::{HolderId, RecordId, UnitNo, UnitRef};
use crate::model::json;
use crate::model::plan::PlanJson;
use crate::ops::verify::MOST;

/// The unit of a plan that holds `plan.json`.
const FROZEN: UnitNo = UnitNo(0);

/// Checks every plan that is here.
pub(super) fn check(view: &View, history: &History) -> Vec<Hit> {
    let mut frozen = BTreeMap::new();
    let mut hits = Vec::new();
    for entry in &history.entries {
        match &entry.body {
            Some(Body::Plan {
                plan,
                digest_sha256,
                ..
            }) => match read(view, plan, digest_sha256) {
                Ok(Some(units)) => {
                    frozen.insert(plan.clone(), units);
                }
                Ok(None) => {}
                Err(hit) => hits.push(*hit),
            },
            Some(Body::Disposal { plan, units, .. }) => {
                let Some(planned) = frozen.get(plan) else {
                    continue;
                };
                for tombstone in units {
                    let own = tombstone.unit.holder == HolderId::Record(plan.clone());
                    if own || planned.get(&tombstone.unit) == Some(&tombstone.commitment) {
                        continue;
                    }
                    let path = format!("{}{}", view.data(), entry_path(entry.seq));
                    let message = format!(
                        "Gallringsenheten {} stod inte i planen {plan}.",
                        tombstone.unit
                    );
                    let unit = Some(tombstone.unit.unit);
                    hits.push(
                        Hit::at(codes::NOT_PLANNED, path, message)
                            .in_unit(&tombstone.unit.holder, unit),
                    );
                }
            }
            Some(_) | None => {}
        }
    }
    hits
}

/// The units of a plan; `None` where the plan is not here, which other checks report.
fn read(
    view: &View,
    plan: &RecordId,
    digest: &Sha256Hex,
) -> Result<Option<BTreeMap<UnitRef, DigestPair>>, Box<Hit>> {
    let path = format!("{}records/{plan}/units/{FROZEN}/plan.json", view.data());
    let Ok(bytes) = view.read(&path, MOST) else {
        return Ok(None);
    };
    let actual = Sha256Hex::of(&bytes);
    if actual != *digest {
        let message = "Planen är en annan än den som loggen nämner.";
        return Err(Box::new(
            Hit::at(codes::PLAN_DIGEST, path, message).differs(digest, actual),
        ));
    }
    match json::from_slice::<PlanJson>(&bytes) {
        Ok(json) => Ok(Some(
            json.items
                .into_iter()
                .flat_map(|item| item.units)
                .map(|tombstone| (tombstone.unit, tombstone.commitment))
                .collect(),
        )),
        Err(error) => {
            let message = format!("Planen kan inte läsas: {error}.");
            Err(Box::new(Hit::at(codes::DOCUMENT_FORM, path, message)))
        }
    }
}
