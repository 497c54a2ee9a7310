//! Checks that what was disposed of is gone and stays gone. The plaintext is not at hand any more, so copies are found by
//! what is: any file whose digest is a tombstone's commitment is the manifest of a disposed unit, and lies beside its copy.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::app::App;
use crate::catalogue::PlanRow;
use crate::model::digest::Sha256Hex;
use crate::model::entry::{Body, Tombstone};
use crate::model::id::{AccountId, HolderId, RecordId};
use crate::ops::disposal::residue::{every_file, search_plaintexts};
use crate::ops::entries;
use crate::ops::error::OpsError;
use crate::store::stage::digest_file;

/// A manifest of a unit is small; nothing larger can be one.
const LARGEST_MANIFEST: u64 = 1 << 20;

/// What an audit found.
#[derive(Debug, Default, Serialize)]
pub struct Audit {
    /// The plans with disposals.
    pub plans: Vec<AuditedPlan>,
    /// Files read.
    pub files_scanned: u64,
    /// Traces of what should be gone.
    pub residue: Vec<Trace>,
    /// Forms of the plaintexts that were looked for; 0 where none were given.
    pub forms: u64,
    /// Units of page captures that hold a plaintext: records in their own right.
    pub page_captures: Vec<String>,
    /// Units of other records that hold the same text.
    pub other_records: Vec<String>,
}

/// One plan.
#[derive(Debug, Serialize)]
pub struct AuditedPlan {
    /// The plan.
    pub plan: RecordId,
    /// Whether the disposal was confirmed.
    pub confirmed: bool,
    /// Units with a tombstone.
    pub units: u64,
    /// Those that are gone from the store and the catalogue.
    pub absent: u64,
    /// Those that are not.
    pub present: u64,
}

/// A trace of a disposed unit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Trace {
    /// Where, below the archive.
    pub path: String,
    /// What, in Swedish.
    pub what: String,
}

type Tombstones = Vec<(Tombstone, Option<AccountId>)>;

/// Audits one plan, or every plan with disposals. Where somebody still has a text, every form and digest of it is
/// looked for in the whole archive.
pub async fn audit(
    app: &App,
    plan: Option<&RecordId>,
    plaintexts: &[Vec<u8>],
) -> Result<Audit, OpsError> {
    let plans = app.catalogue.plans().await?;
    if let Some(plan) = plan.filter(|plan| !plans.iter().any(|row| row.id == **plan)) {
        return Err(OpsError::unknown("plan", plan));
    }
    let mut audit = Audit::default();
    let mut residue = BTreeSet::new();
    let mut commitments = BTreeMap::new();
    for (id, tombstones) in tombstones(app)? {
        let row = plans.iter().find(|row| row.id == id);
        if plan.is_some_and(|plan| *plan != id) {
            continue;
        }
        let audited = audit_plan(app, (&id, row), &tombstones, &mut residue).await?;
        audit.plans.push(audited);
        for (tombstone, _) in tombstones {
            commitments.insert(tombstone.commitment.sha256.clone(), tombstone);
        }
    }
    audit.files_scanned = copies(app, &commitments, &mut residue)?;
    if !plaintexts.is_empty() {
        let captures = app.catalogue.captures(None).await?;
        let found = search_plaintexts(app.store.root(), plaintexts, &captures)?;
        audit.files_scanned = audit.files_scanned.max(found.files);
        audit.forms = found.forms;
        audit.page_captures = found.pictures;
        audit.other_records = found.records;
        residue.extend(found.residue.into_iter().map(|one| Trace {
            path: one.path,
            what: format!("rest av den sökta texten ({})", one.trace.swedish()),
        }));
    }
    audit.residue = residue.into_iter().collect();
    Ok(audit)
}

/// Every tombstone in the log, by plan.
fn tombstones(app: &App) -> Result<BTreeMap<RecordId, Tombstones>, OpsError> {
    let mut found: BTreeMap<RecordId, Tombstones> = BTreeMap::new();
    for seq in 0.. {
        let Some(entry) = entries::entry(app.store.root(), seq)? else {
            break;
        };
        if let Some(Body::Disposal {
            plan,
            account,
            units,
            ..
        }) = entry.body
        {
            let of_plan = found.entry(plan).or_default();
            of_plan.extend(units.into_iter().map(|unit| (unit, account.clone())));
        }
    }
    Ok(found)
}

async fn audit_plan(
    app: &App,
    (id, row): (&RecordId, Option<&PlanRow>),
    tombstones: &Tombstones,
    residue: &mut BTreeSet<Trace>,
) -> Result<AuditedPlan, OpsError> {
    let mut present = 0;
    for (tombstone, account) in tombstones {
        let unit = &tombstone.unit;
        let holder = match (&unit.holder, account) {
            (HolderId::Capture(capture), Some(account)) => format!("captures/{account}/{capture}"),
            (HolderId::Capture(capture), None) => format!("captures/?/{capture}"),
            (HolderId::Record(record), _) => format!("records/{record}"),
        };
        let path = format!("store/{holder}/units/{}", unit.unit);
        let mut there = false;
        if app.store.root().join(&path).exists() {
            there = true;
            residue.insert(Trace {
                path,
                what: "gallringsenheten finns trots att den är gallrad".to_owned(),
            });
        }
        if app.catalogue.post_of_unit(unit).await?.is_some() {
            there = true;
            residue.insert(Trace {
                path: "catalogue.db".to_owned(),
                what: format!("inlägget i {unit} finns kvar i katalogen"),
            });
        }
        present += u64::from(there);
    }
    let confirmed = row.is_some_and(|row| row.confirmed.is_some());
    if confirmed && app.store.has_disposal_folder(id) {
        residue.insert(Trace {
            path: format!("staging/disposal-{id}"),
            what: "mappen för gallringen är inte förstörd".to_owned(),
        });
    }
    let units = tombstones.len() as u64;
    Ok(AuditedPlan {
        plan: id.clone(),
        confirmed,
        units,
        absent: units - present,
        present,
    })
}

/// Finds copies of disposed units anywhere in the archive, under whatever name, and returns how many files were read.
fn copies(
    app: &App,
    commitments: &BTreeMap<Sha256Hex, Tombstone>,
    residue: &mut BTreeSet<Trace>,
) -> Result<u64, OpsError> {
    let root = app.store.root();
    let mut files = 0;
    for path in every_file(root)? {
        let meta = match path.metadata() {
            Ok(meta) => meta,
            // Other jobs come and go in staging.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            // What was not looked at may be a copy.
            Err(source) => return Err(OpsError::File { path, source }),
        };
        files += 1;
        if meta.len() > LARGEST_MANIFEST {
            continue;
        }
        let (digests, _) = digest_file(&path)?;
        if let Some(tombstone) = commitments.get(&digests.sha256) {
            let below = path.strip_prefix(root).unwrap_or(&path);
            residue.insert(Trace {
                path: below.display().to_string(),
                what: format!("kopia av den gallrade enheten {}", tombstone.unit),
            });
        }
    }
    Ok(files)
}
