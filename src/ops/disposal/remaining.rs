//! Where what was disposed of may still be: preserved page captures, packages that were delivered with it, the platforms.
//! The record says so; nothing of it is in this archive's power to take back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::catalogue::{CaptureRow, ExportRow};
use crate::evidence::scope::Scope;
use crate::model::id::{AccountId, HolderId, UnitNo, UnitRef};
use crate::model::json;
use crate::model::plan::PlanItem;
use crate::model::protocol::{Remaining, RemainingPlace};
use crate::model::record::CaptureKind;
use crate::model::time::month_text;
use crate::ops::error::OpsError;
use crate::ops::kontobok;
use crate::store::read;

/// What remains of the items of a plan.
pub(super) fn remaining(
    root: &Path,
    items: &[PlanItem],
    (captures, exports): (&[CaptureRow], &[ExportRow]),
) -> Result<Vec<Remaining>, OpsError> {
    let mut since: BTreeMap<&AccountId, Option<&String>> = BTreeMap::new();
    for item in items {
        let month = item.month.as_ref();
        since
            .entry(&item.account)
            .and_modify(|known| *known = (*known).min(month))
            .or_insert(month);
    }
    let delivered = delivered(root, items, exports)?;
    let mut remaining = Vec::new();
    for (account, month) in since {
        let place = |var, note: &str| Remaining {
            var,
            konto_id: account.clone(),
            fangst: None,
            paket: None,
            anmarkning: note.to_owned(),
        };
        for capture in captures {
            let may_show = capture.account == *account
                && capture.kind != CaptureKind::Ingest
                && month.is_none_or(|month| month_text(capture.time.stockholm_date()) >= *month);
            if !may_show {
                continue;
            }
            let note = if capture.kind == CaptureKind::Rendered {
                let shown = kontobok::shown(root, capture)?;
                let units = items.iter().flat_map(|item| &item.units);
                if !units.clone().any(|one| shown.contains(&one.unit)) {
                    continue;
                }
                "Kontobok som bevaras enligt egen regel; gallrade inlägg står i den."
            } else {
                "Bevaras enligt egen regel; gallrade inlägg kan synas i bild, PDF och sidtext."
            };
            remaining.push(Remaining {
                fangst: Some(capture.id.clone()),
                ..place(RemainingPlace::BevaradSidfangst, note)
            });
        }
        let packages = delivered.iter().filter(|(of, _)| of == account);
        remaining.extend(packages.map(|(_, export)| Remaining {
            paket: Some(export.id.clone()),
            ..place(
                RemainingPlace::LevereratPaket,
                "Paketet levererades innan inlägget gallrades och bar det; mottagaren gallrar sitt exemplar.",
            )
        }));
        remaining.push(place(
            RemainingPlace::Plattform,
            "Kan fortfarande synas på plattformen; avpublicering är en egen åtgärd.",
        ));
    }
    Ok(remaining)
}

/// Packages that carried a unit of the items, by account.
fn delivered<'e>(
    root: &Path,
    items: &[PlanItem],
    exports: &'e [ExportRow],
) -> Result<Vec<(AccountId, &'e ExportRow)>, OpsError> {
    let mut carried = Vec::new();
    for export in exports {
        let Some(scope) = scope(root, export)? else {
            continue;
        };
        let withheld: BTreeSet<&UnitRef> = scope.withheld.iter().map(|one| &one.unit).collect();
        let has = |unit: &UnitRef| match &unit.holder {
            HolderId::Capture(capture) => {
                scope.captures.contains(capture) && !withheld.contains(unit)
            }
            HolderId::Record(_) => false,
        };
        let accounts: BTreeSet<&AccountId> = items
            .iter()
            .filter(|item| item.units.iter().any(|one| has(&one.unit)))
            .map(|item| &item.account)
            .collect();
        carried.extend(
            accounts
                .into_iter()
                .map(|account| (account.clone(), export)),
        );
    }
    Ok(carried)
}

/// What a package carried; `None` where that is not told any more.
fn scope(root: &Path, export: &ExportRow) -> Result<Option<Scope>, OpsError> {
    let path = format!("store/records/{}/units/000000/scope.json", export.id);
    let holder = HolderId::Record(export.id.clone());
    let bytes =
        read::unit_file(root, (&holder, None), UnitNo(0), "scope.json").map_err(|source| {
            OpsError::File {
                path: root.join(&path),
                source,
            }
        })?;
    match bytes {
        Some(bytes) => json::from_slice(&bytes)
            .map(Some)
            .map_err(|source| OpsError::Document { path, source }),
        None => Ok(None),
    }
}
