//! The disposal record (gallringsprotokoll): made as data when the disposal is confirmed, and as a document from that data.
//! A broken browser delays the document, never the act.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::app::{App, record_json};
use crate::catalogue::{AccountRow, CaptureRow};
use crate::evidence::merkle;
use crate::model::digest::Sha256Hex;
use crate::model::entry::{Actor, Body, Entry};
use crate::model::id::{AccountId, HolderId, PersonId, RecordId, UnitNo, UnitRef};
use crate::model::json;
use crate::model::plan::{ApprovalJson, PlanItem, VERSION};
use crate::model::protocol::{
    AccountPart, Approval, DecisionRef, Evidence, Execution, Ground, HeldBack, Identity, Picture,
    ProtocolJson, Remaining, RulePart, SamplePart, Scan, Selection, Target,
};
use crate::model::record::{CaptureKind, RecordKind};
use crate::model::time::Instant;
use crate::model::verdict::Verdict;
use crate::ops::disposal::document;
use crate::ops::disposal::remaining;
use crate::ops::disposal::{InForce, LIST, Loaded, policy_of};
use crate::ops::entries;
use crate::ops::error::OpsError;
use crate::ops::kontobok;
use crate::ops::person::acting_or_system;
use crate::ops::snapshot::BrowserSlot;
use crate::policy::{Basis, BasisKind};
use crate::store::read;

/// The disposal entries of a plan and the log's roots around them.
#[derive(Debug)]
struct Trail {
    items: Vec<PlanItem>,
    first: u64,
    last: u64,
    start: Instant,
    before: [u8; 32],
    after: [u8; 32],
}

/// Writes the record of an execution and confirms it. Everything in it that the log or the plan says is read from there, so
/// that a rerun after a crash writes the same.
pub(crate) async fn confirm(
    app: &mut App,
    plan: &Loaded,
    by: &PersonId,
    (held, scan): (&[HeldBack], Scan),
) -> Result<RecordId, OpsError> {
    let record = RecordId::new(app.now());
    let protocol = build(app, plan, by, (&record, held, scan)).await?;
    let stage = app.store.stage("protocol")?;
    stage.write_json(UnitNo(0), "protocol.json", &protocol)?;
    let description = record_json(&record, RecordKind::Protocol, app.now());
    let sealed = stage.seal("record", &description)?;
    let (disposed, held_back) = (protocol.verkstallande.antal_gallrade, held.len() as u64);
    let (id, plan) = (record.clone(), plan.row.id.clone());
    app.begin()
        .await?
        .commit_record(&record, sealed, &Actor::Person(by.clone()), |sealed| {
            Body::DisposalConfirmed {
                plan,
                disposed,
                held_back,
                record: id,
                sealed,
            }
        })
        .await?;
    Ok(record)
}

/// Reads `protocol.json` of a record.
pub(crate) fn load(root: &Path, record: &RecordId) -> Result<ProtocolJson, OpsError> {
    read_document(root, record, "protocol.json")
}

fn read_document<T: serde::de::DeserializeOwned>(
    root: &Path,
    record: &RecordId,
    name: &str,
) -> Result<T, OpsError> {
    let path = format!("store/records/{record}/units/000000/{name}");
    let holder = HolderId::Record(record.clone());
    let bytes = read::unit_file(root, (&holder, None), UnitNo(0), name)
        .map_err(|source| OpsError::File {
            path: root.join(&path),
            source,
        })?
        .ok_or_else(|| OpsError::Problem(format!("{path} is missing")))?;
    json::from_slice(&bytes).map_err(|source| OpsError::Document { path, source })
}

async fn build(
    app: &App,
    plan: &Loaded,
    by: &PersonId,
    (record, held, scan): (&RecordId, &[HeldBack], Scan),
) -> Result<ProtocolJson, OpsError> {
    let root = app.store.root();
    let trail = trail(root, plan)?;
    let policy = policy_of(root, &plan.row.policy_sha256)?;
    let accounts: BTreeMap<AccountId, AccountRow> = app
        .catalogue
        .accounts()
        .await?
        .into_iter()
        .map(|row| (row.account.id.clone(), row))
        .collect();
    let captures = app.catalogue.captures(None).await?;
    let exports = app.catalogue.exports().await?;
    let left = remaining::remaining(root, &trail.items, (&captures, &exports))?;
    Ok(ProtocolJson {
        v: VERSION.to_owned(),
        identitet: identity(app, plan, &policy, (record, &trail, &accounts)),
        stod: ground(&policy, &trail.items),
        urval: selection(plan, &policy, &trail.items, &accounts),
        beslut: approval(app, plan).await?,
        verkstallande: execution(app.now(), by, &trail, (held, &scan, left)),
        bevis: evidence(root, &trail, &captures, scan)?,
        sakerhetskopior: "Säkerhetskopior ligger utanför arkivet. Den som driver dem anger när kopior från tiden före gallringen har löpt ut; en återläst kopia måste gallras på nytt (verify anmärker på enheter som finns trots gallring)."
            .to_owned(),
    })
}

/// Reads from the log what was disposed of under a plan. The entry of the plan's own list is left out.
fn trail(root: &Path, plan: &Loaded) -> Result<Trail, OpsError> {
    let mut tree = merkle::Tree::default();
    let mut found: Option<Trail> = None;
    for seq in 0.. {
        let Some(bytes) = read::entry(root, seq)? else {
            break;
        };
        let entry = entries::parsed(seq, &bytes)?;
        let before = tree.root();
        tree.push(&bytes);
        let Some(item) = disposed_item(plan, entry.body.as_ref()) else {
            continue;
        };
        let trail = found.get_or_insert_with(|| Trail {
            items: Vec::new(),
            first: seq,
            last: seq,
            start: entry.time,
            before,
            after: before,
        });
        trail.items.push(item);
        trail.last = seq;
        trail.after = tree.root();
    }
    found.ok_or_else(|| OpsError::Problem(format!("nothing was disposed of under {}", plan.row.id)))
}

fn disposed_item(plan: &Loaded, body: Option<&Body>) -> Option<PlanItem> {
    let Some(Body::Disposal {
        plan: of, units, ..
    }) = body
    else {
        return None;
    };
    let list = UnitRef {
        holder: HolderId::Record(plan.row.id.clone()),
        unit: LIST,
    };
    let first = units.first()?;
    if *of != plan.row.id || first.unit == list {
        return None;
    }
    plan.json
        .items
        .iter()
        .find(|item| item.has(&first.unit))
        .cloned()
}

fn identity(
    app: &App,
    plan: &Loaded,
    policy: &InForce,
    (record, trail, accounts): (&RecordId, &Trail, &BTreeMap<AccountId, AccountRow>),
) -> Identity {
    let genesis = app.genesis();
    let boards: BTreeSet<String> = trail
        .items
        .iter()
        .filter_map(|item| accounts.get(&item.account)?.account.fields.get("namnd"))
        .cloned()
        .collect();
    Identity {
        protokoll_nr: record.clone(),
        dnr: None,
        arkivmyndighet: None,
        plan: plan.row.id.clone(),
        arkivbildare: genesis.name.clone(),
        org_nr: genesis.org_nr.clone(),
        namnder: boards.into_iter().collect(),
        upprattat: app.now(),
        programversion: concat!("bevara ", env!("CARGO_PKG_VERSION")).to_owned(),
        policy: format!("{} version {}", policy.policy.id, policy.policy.version),
        policyfil_sha256: policy.sha256.clone(),
        provarkiv: genesis.test,
    }
}

fn ground(policy: &InForce, items: &[PlanItem]) -> Ground {
    let ids: BTreeSet<&String> = items.iter().flat_map(|item| &item.decisions).collect();
    let bases: Vec<&Basis> = ids
        .into_iter()
        .filter_map(|id| policy.policy.basis(id))
        .collect();
    let of = |kind: BasisKind| {
        bases
            .iter()
            .filter(|basis| basis.kind == kind)
            .map(|basis| DecisionRef {
                id: basis.id.clone(),
                titel: basis.title.clone(),
                instans: basis.body.clone(),
                datum: basis.date,
                paragraf: basis.section.clone(),
                diarienummer: basis.registry_no.clone(),
                galler_fran: basis.covers_from,
            })
            .collect()
    };
    let mut provisions: Vec<String> = bases
        .iter()
        .flat_map(|basis| basis.provisions.iter().cloned())
        .collect();
    provisions.sort();
    provisions.dedup();
    Ground {
        gallringsbeslut: of(BasisKind::DisposalDecision),
        tillampningsbeslut: of(BasisKind::ApplicationDecision),
        lagrum: provisions,
    }
}

fn selection(
    plan: &Loaded,
    policy: &InForce,
    items: &[PlanItem],
    accounts: &BTreeMap<AccountId, AccountRow>,
) -> Selection {
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    let mut rules: BTreeMap<&String, u64> = BTreeMap::new();
    for item in items {
        let kind = item
            .kind
            .map_or_else(|| "oavgjord".to_owned(), |kind| word(&kind));
        *kinds.entry(kind).or_default() += 1;
        for rule in &item.rules {
            *rules.entry(rule).or_default() += 1;
        }
    }
    let months = || items.iter().filter_map(|item| item.month.clone());
    let shares = plan.json.accounts.iter();
    Selection {
        bedomt_per: plan.json.day,
        konton: shares
            .filter_map(|share| {
                let account = &accounts.get(&share.account)?.account;
                let field = |name: &str| account.fields.get(name).cloned();
                Some(AccountPart {
                    konto_id: share.account.clone(),
                    alias: account.alias.clone(),
                    plattform: account.platform.as_str().to_owned(),
                    handlingstyp: field("handlingstyp"),
                    klassificering: field("klassificering_kod"),
                    plan_rad: field("plan_ref"),
                    antal_gallrade: items
                        .iter()
                        .filter(|item| item.account == share.account)
                        .count() as u64,
                    antal_fore: share.posts,
                })
            })
            .collect(),
        handlingstyper: kinds,
        period_fran: months().min(),
        period_till: months().max(),
        regler: rules
            .into_iter()
            .map(|(id, count)| {
                let rule = policy.policy.rule(id);
                let obsolete = rule.and_then(|rule| rule.obsolete.as_ref());
                RulePart {
                    regel: id.clone(),
                    rubrik: rule.map_or_else(String::new, |rule| rule.heading.clone()),
                    handelser: obsolete
                        .map(|obsolete| obsolete.triggers.iter().map(word).collect())
                        .unwrap_or_default(),
                    frist: obsolete.map(|obsolete| obsolete.period.to_string()),
                    antal: count,
                }
            })
            .collect(),
        antal_kandidater: plan.json.items.len() as u64,
        antal_undantagna: plan.json.excluded.clone(),
    }
}

async fn approval(app: &App, plan: &Loaded) -> Result<Approval, OpsError> {
    let row = app
        .catalogue
        .approval(&plan.row.id)
        .await?
        .ok_or_else(|| OpsError::Problem(format!("{} has no approval", plan.row.id)))?;
    let json: ApprovalJson = read_document(app.store.root(), &row.record, "approval.json")?;
    Ok(Approval {
        foreslagen_av: plan.row.planner.clone(),
        foreslagen: plan.row.time,
        godkand_av: row.approver,
        godkand: row.time,
        godkannande: row.record,
        bevisform: row.proof,
        beslutsreferens: json.decision,
        planens_sha256: plan.row.digest.clone(),
        karens_dagar: plan.json.waiting_days,
        verkstallbar_fran: row.executable_from,
        ersatter_plan: plan.json.replaces.clone(),
        manuellt_undantagna: plan.json.excluded.get("removed").copied().unwrap_or(0),
        stickprov: json.sample.map(|sample| SamplePart {
            antal: sample.posts,
            utfall: sample.result,
        }),
    })
}

fn execution(
    now: Instant,
    by: &PersonId,
    trail: &Trail,
    (held, scan, left): (&[HeldBack], &Scan, Vec<Remaining>),
) -> Execution {
    let posts = trail.items.len() as u64;
    let units = trail
        .items
        .iter()
        .map(|item| item.units.len() as u64)
        .sum::<u64>();
    let target = |name: &str, count: Option<u64>, verified: bool, note: &str| Target {
        mal: name.to_owned(),
        antal: count,
        verifierad: verified,
        anmarkning: note.to_owned(),
    };
    Execution {
        start: trail.start,
        slut: now,
        utford_av: by.clone(),
        metod: "radering_lokal".to_owned(),
        antal_gallrade: posts,
        antal_gallringsenheter: units,
        bytes: scan.gallrade_bytes,
        fullstandig: held.is_empty(),
        mal: vec![
            target("filer", Some(units), true, "gallringsenheterna med salt"),
            target(
                "index",
                Some(posts),
                true,
                "katalog och sökindex, skrivna över",
            ),
            target("planens läsbara lista", Some(1), true, ""),
            target(
                "säkerhetskopior",
                None,
                false,
                "utanför arkivet; se säkerhetskopior",
            ),
            target(
                "plattformen",
                None,
                false,
                "gallras inte härifrån; se vad som kvarstår",
            ),
        ],
        kvarhallna: held.to_vec(),
        kvarstar: left,
    }
}

fn evidence(
    root: &Path,
    trail: &Trail,
    captures: &[CaptureRow],
    scan: Scan,
) -> Result<Evidence, OpsError> {
    let accounts: BTreeSet<&AccountId> = trail.items.iter().map(|item| &item.account).collect();
    let mut pictures = Vec::new();
    for account in accounts {
        // The newest complete capture before the disposal is what stands in the place of what is gone.
        let mut newest = None;
        for capture in captures.iter().rev() {
            if capture.account == *account
                && capture.verdict == Verdict::Complete
                && capture.seq < trail.first
                && stands_for(root, capture, trail)?
            {
                newest = Some(capture);
                break;
            }
        }
        if let Some(capture) = newest
            && let Some(entry) = entries::entry(root, capture.seq)?
            && let Some((_, _, sealed)) = entry.body.as_ref().and_then(Body::holder)
        {
            pictures.push(Picture {
                konto_id: account.clone(),
                fangst: capture.id.clone(),
                tagen: capture.time,
                lista: sealed.list_sha256.clone(),
            });
        }
    }
    Ok(Evidence {
        objektlista: trail
            .items
            .iter()
            .flat_map(|item| item.units.iter().cloned())
            .collect(),
        forsta_loggpost: trail.first,
        sista_loggpost: trail.last,
        merkle_root_fore: Sha256Hex::from_raw(&trail.before),
        merkle_root_efter: Sha256Hex::from_raw(&trail.after),
        ersattande_bevarade_bilder: pictures,
        genomsokning: scan,
    })
}

/// Whether a capture shows what the disposal took out: a page capture, or a kontobok with a post of the trail in it.
fn stands_for(root: &Path, capture: &CaptureRow, trail: &Trail) -> Result<bool, OpsError> {
    match capture.kind {
        CaptureKind::Page => Ok(true),
        CaptureKind::Rendered => {
            let shown = kontobok::shown(root, capture)?;
            let units = trail.items.iter().flat_map(|item| &item.units);
            Ok(units.into_iter().any(|one| shown.contains(&one.unit)))
        }
        CaptureKind::Ingest | CaptureKind::Manual => Ok(false),
    }
}

/// A code as serde writes it.
fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(error) => error.to_string(),
    }
}

/// Where a record lies, relative to the archive.
#[derive(Debug, serde::Serialize)]
pub struct Written {
    /// The plan.
    pub plan: RecordId,
    /// The record.
    pub protocol: RecordId,
    /// `protocol.json`.
    pub json: String,
    /// `protocol.pdf`; `None` while no browser could print it.
    pub pdf: Option<String>,
}

/// What binds a document to the record it was made from: `of.json` beside `protocol.pdf`.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct MadeFrom {
    protocol: RecordId,
    sha256: Sha256Hex,
}

/// The record of an executed plan. Its document is made when it is missing: records are written once, so the document
/// lies in a record of its own, bound to the data by its digest.
pub async fn record(app: &mut App, plan: &RecordId) -> Result<Written, OpsError> {
    let row = app
        .catalogue
        .plan(plan)
        .await?
        .ok_or_else(|| OpsError::unknown("plan", plan))?;
    let Some(protocol) = row.confirmed else {
        return Err(OpsError::not_permitted(
            "Planen är inte verkställd; det finns inget protokoll.",
        ));
    };
    let pdf = match made(app.store.root(), &protocol)? {
        Some(note) => Some(note),
        None => make(app, &protocol).await?,
    };
    Ok(Written {
        plan: plan.clone(),
        json: format!("store/records/{protocol}/units/000000/protocol.json"),
        pdf: pdf.map(|note| format!("store/records/{note}/units/000000/protocol.pdf")),
        protocol,
    })
}

/// The record with the document of a protocol, where one was made.
fn made(root: &Path, protocol: &RecordId) -> Result<Option<RecordId>, OpsError> {
    for seq in 0.. {
        let Some(bytes) = read::entry(root, seq)? else {
            break;
        };
        // Only notes are of interest; another entry that cannot be read is for verify to tell.
        let Ok(Entry {
            body: Some(Body::Note { record, .. }),
            ..
        }) = Entry::from_bytes(&bytes)
        else {
            continue;
        };
        let holder = HolderId::Record(record.clone());
        let of =
            read::unit_file(root, (&holder, None), UnitNo(0), "of.json").map_err(|source| {
                OpsError::File {
                    path: format!("store/records/{record}/units/000000/of.json").into(),
                    source,
                }
            })?;
        if let Some(bytes) = of
            && json::from_slice::<MadeFrom>(&bytes).is_ok_and(|of| of.protocol == *protocol)
        {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// Prints the document and keeps it; `None` where no browser can.
async fn make(app: &mut App, protocol: &RecordId) -> Result<Option<RecordId>, OpsError> {
    let by = acting_or_system(app).await?;
    app.begin().await?;
    let data = load(app.store.root(), protocol)?;
    let path = format!("store/records/{protocol}/units/000000/protocol.json");
    let bytes = std::fs::read(app.store.root().join(&path)).map_err(|source| OpsError::File {
        path: path.into(),
        source,
    })?;
    let mut slot = BrowserSlot::new(app)?;
    let page = document::document(&data);
    let printed = crate::ops::document::pdf(&mut slot, &page, data.identitet.upprattat).await;
    slot.close().await;
    let pdf = match printed {
        Ok(pdf) => pdf,
        Err(error) => {
            tracing::warn!(record = %protocol, %error, "the document of a disposal record could not be made");
            return Ok(None);
        }
    };
    let note = RecordId::new(app.now());
    let stage = app.store.stage("protocol")?;
    stage.write(UnitNo(0), "protocol.pdf", &pdf)?;
    let of = MadeFrom {
        protocol: protocol.clone(),
        sha256: Sha256Hex::of(&bytes),
    };
    stage.write_json(UnitNo(0), "of.json", &of)?;
    let description = record_json(&note, RecordKind::Protocol, app.now());
    let sealed = stage.seal("record", &description)?;
    let record = note.clone();
    app.begin()
        .await?
        .commit_record(&note, sealed, &by, |sealed| Body::Note { record, sealed })
        .await?;
    Ok(Some(note))
}
