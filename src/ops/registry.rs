//! The registry (diarium): what the policy or a person sends there, handed over as a package, and the diarienummer that
//! comes back. The working copy stays until then, and goes afterwards only by a rule.

mod package;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::app::{App, record_json};
use crate::catalogue::{PostRow, RegistryRow};
use crate::model::digest::Sha256Hex;
use crate::model::entry::{Actor, Body};
use crate::model::facts::Outcome;
use crate::model::id::{Alias, RecordId, UnitNo, UnitRef};
use crate::model::person::Role;
use crate::model::record::RecordKind;
use crate::model::time::Instant;
use crate::ops::disposal::plan::decide;
use crate::ops::disposal::{aliases, policy_in_force};
use crate::ops::error::OpsError;
use crate::ops::export::target;
use crate::ops::facts::FactSource;
use crate::ops::facts::whole::Whole;
use crate::ops::hold::given;
use crate::ops::person::acting;
use crate::ops::post;
use crate::policy::evaluate::Decision;

pub use package::Handed;

/// Posts read from the catalogue at a time.
const PAGE: u32 = 500;
/// The only unit of these records.
const UNIT: UnitNo = UnitNo(0);
const DIARIEFOR: &str = "diariefor";
const MOTIVATION: &str = "motivering";

/// Where a post stands with the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Att diarieföra.
    ToRegister,
    /// Överlämnad, diarienumret väntas.
    HandedOver,
    /// Kvitterad med diarienummer.
    Registered,
}

impl Status {
    /// The word people read.
    pub fn swedish(self) -> &'static str {
        match self {
            Self::ToRegister => "att diarieföra",
            Self::HandedOver => "överlämnad",
            Self::Registered => "kvitterad",
        }
    }
}

/// A post that goes, or went, to the registry.
#[derive(Clone, Debug, Serialize)]
pub struct Duty {
    /// Its key.
    pub post: String,
    /// Its account.
    pub account: Alias,
    /// Where it stands.
    pub status: Status,
    /// Rules that say so.
    pub rules: Vec<String>,
    /// What is to be done.
    pub obligations: Vec<String>,
    /// The Swedish sentence.
    pub reason: String,
    /// The newest handover.
    pub handover: Option<RecordId>,
    /// The receiving unit of the municipality.
    pub receiver: Option<String>,
    /// The diarienummer.
    pub registry_no: Option<String>,
}

/// What to hand over.
#[derive(Clone, Debug)]
pub struct HandoverOrder {
    /// Posts by key.
    pub posts: Vec<String>,
    /// Whether the whole threads go along.
    pub threads: bool,
    /// The receiving unit of the municipality.
    pub receiver: String,
    /// Why, in words; needed where a removed post must be motivated and its takedown is not logged.
    pub reason: Option<String>,
    /// The package's directory, which must not exist.
    pub out: PathBuf,
}

/// `handover.json`. What was handed over is told by units; a bare digest of a short text would give it away, so the
/// package is named by the digest of its manifest, which covers a random number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandoverJson {
    /// Version of this document.
    pub v: String,
    /// The handover.
    pub handover: RecordId,
    /// The receiving unit of the municipality.
    pub receiver: String,
    /// SHA-256 of the package's `manifest-sha256.txt`.
    pub manifest_sha256: Sha256Hex,
    /// Why, in words.
    pub reason: Option<String>,
    /// Each post's units and the rules that sent it.
    pub posts: Vec<HandedPost>,
}

/// One post of a handover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandedPost {
    /// Every version of it.
    pub units: Vec<UnitRef>,
    /// Rules that send it to the registry.
    pub rules: Vec<String>,
}

/// `receipt.json` of a registry receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryReceiptJson {
    /// Version of this document.
    pub v: String,
    /// The handover.
    pub handover: RecordId,
    /// The diarienummer.
    pub registry_no: String,
}

/// A post with what the policy says of it.
#[derive(Debug)]
struct Judged {
    row: PostRow,
    decision: Decision,
    units: Vec<UnitRef>,
}

/// Every post that goes or went to the registry, in the catalogue's order.
pub async fn list(app: &App, wanted: Option<Status>) -> Result<Vec<Duty>, OpsError> {
    let policy = policy_in_force(&app.catalogue, app.store.root()).await?;
    let aliases = aliases(&app.catalogue).await?;
    let handed = by_unit(app).await?;
    let mut whole = Whole::default();
    let mut source = FactSource::of_now(app, &mut whole).await?;
    let day = app.now().stockholm_date();
    let (mut duties, mut after) = (Vec::new(), 0);
    loop {
        let posts = app.catalogue.posts_after(None, after, PAGE).await?;
        let Some(last) = posts.last() else { break };
        after = last.id;
        for row in posts {
            let (_, decision) = decide(&mut source, &policy.policy, &row, day).await?;
            let units = app.catalogue.units_of(row.id).await?;
            let judged = Judged {
                row,
                decision,
                units,
            };
            let account = aliases
                .get(&judged.row.account)
                .ok_or_else(|| OpsError::unknown("account", &judged.row.account))?;
            duties.extend(duty(judged, account, &handed));
        }
    }
    duties.retain(|duty| wanted.is_none_or(|wanted| duty.status == wanted));
    Ok(duties)
}

/// The newest handover of every unit, receipted ones first.
async fn by_unit(app: &App) -> Result<BTreeMap<UnitRef, RegistryRow>, OpsError> {
    let mut rows = BTreeMap::new();
    for row in app.catalogue.handed_over().await? {
        match rows.get(&row.unit) {
            Some(RegistryRow {
                registry_no: Some(_),
                ..
            }) if row.registry_no.is_none() => {}
            Some(_) | None => {
                rows.insert(row.unit.clone(), row);
            }
        }
    }
    Ok(rows)
}

fn duty(judged: Judged, account: &Alias, handed: &BTreeMap<UnitRef, RegistryRow>) -> Option<Duty> {
    let rows: Vec<Option<&RegistryRow>> =
        judged.units.iter().map(|unit| handed.get(unit)).collect();
    let all = |is: fn(&RegistryRow) -> bool| {
        rows.iter().all(|row| row.is_some_and(is)) && !rows.is_empty()
    };
    let owed = judged
        .decision
        .obligations
        .iter()
        .any(|one| one == DIARIEFOR)
        || judged.decision.outcome == Outcome::Registry;
    let status = if all(|row| row.registry_no.is_some()) {
        Status::Registered
    } else if all(|_| true) {
        Status::HandedOver
    } else if owed {
        Status::ToRegister
    } else {
        return None;
    };
    let newest = rows.last().copied().flatten();
    Some(Duty {
        post: judged.row.post.key,
        account: account.clone(),
        status,
        rules: judged
            .decision
            .rules
            .iter()
            .filter(|rule| rule.outcome == Outcome::Registry)
            .map(|rule| rule.rule.clone())
            .collect(),
        obligations: judged.decision.obligations,
        reason: judged.decision.reason,
        handover: newest.map(|row| row.handover.clone()),
        receiver: newest.and_then(|row| row.receiver.clone()),
        registry_no: newest.and_then(|row| row.registry_no.clone()),
    })
}

/// Makes the package and logs the handover. The package is whole on the disk before the log tells of it, and gone again
/// where it cannot.
pub async fn handover(app: &mut App, order: &HandoverOrder) -> Result<Handed, OpsError> {
    let by = acting(app, Role::may_review, "överlämna till diariet").await?;
    let receiver = given(&order.receiver, "--to")?;
    let reason = match &order.reason {
        Some(reason) => Some(given(reason, "--reason")?),
        None => None,
    };
    target::check(&order.out, app.store.root())?;
    app.begin().await?;
    let judged = chosen(app, order).await?;
    let id = RecordId::new(app.now());
    let made = package::make(
        app,
        (&id, &receiver, reason.as_deref()),
        &judged,
        &order.out,
    )
    .await?;
    let units: Vec<UnitRef> = judged
        .iter()
        .flat_map(|one| one.units.iter().cloned())
        .collect();
    let details = HandoverJson {
        v: "1".to_owned(),
        handover: id.clone(),
        receiver,
        manifest_sha256: made.manifest_sha256.clone(),
        reason,
        posts: judged
            .iter()
            .map(|one| HandedPost {
                units: one.units.clone(),
                rules: one
                    .decision
                    .rules
                    .iter()
                    .filter(|rule| rule.outcome == Outcome::Registry)
                    .map(|rule| rule.rule.clone())
                    .collect(),
            })
            .collect(),
    };
    let stage = app.store.stage("handover")?;
    stage.write_json(UNIT, "handover.json", &details)?;
    let sealed = stage.seal("record", &record_json(&id, RecordKind::Handover, app.now()))?;
    let mut session = app.begin().await?;
    for one in &judged {
        let now = session.catalogue.post(&one.row.post.key).await?;
        if now.is_none_or(|now| now.unit != one.row.unit) {
            return Err(OpsError::not_permitted(
                "Ett inlägg har fått en ny version eller gallrats under tiden. Överlämna igen.",
            ));
        }
    }
    let record = id.clone();
    session
        .commit_record(&id, sealed, &Actor::Person(by), |sealed| {
            Body::RegistryHandover {
                handover: record,
                units,
                sealed,
            }
        })
        .await?;
    Ok(made.keep())
}

/// The posts of an order, with their threads where it says so, each whole.
async fn chosen(app: &App, order: &HandoverOrder) -> Result<Vec<Judged>, OpsError> {
    let mut rows: BTreeMap<i64, PostRow> = BTreeMap::new();
    for key in &order.posts {
        let row = post::find(app, key).await?;
        if order.threads {
            for one in app.catalogue.thread(&row.thread_key).await? {
                rows.insert(one.id, one);
            }
        }
        rows.insert(row.id, row);
    }
    if rows.is_empty() {
        return Err(OpsError::usage(
            "no post is named",
            "name posts by their keys; `bevara registry list` shows them",
        ));
    }
    let policy = policy_in_force(&app.catalogue, app.store.root()).await?;
    let mut whole = Whole::default();
    let mut source = FactSource::of_now(app, &mut whole).await?;
    let day = app.now().stockholm_date();
    let mut judged = Vec::new();
    for row in rows.into_values() {
        if !source.is_intact(&row).await? {
            return Err(OpsError::Problem(format!(
                "{} is not whole in the archive; run verify",
                row.post.key
            )));
        }
        let (_, decision) = decide(&mut source, &policy.policy, &row, day).await?;
        let units = app.catalogue.units_of(row.id).await?;
        judged.push(Judged {
            row,
            decision,
            units,
        });
    }
    Ok(judged)
}

/// What came of a receipt.
#[derive(Clone, Debug, Serialize)]
pub struct Receipted {
    /// The record.
    pub receipt: RecordId,
    /// The handover.
    pub handover: RecordId,
    /// How many units it covers.
    pub units: u64,
    /// How many units of the handover still wait.
    pub waiting: u64,
}

/// Files the diarienummer of a handover, or of some of its posts.
pub async fn receipt(
    app: &mut App,
    handover: &RecordId,
    registry_no: &str,
    posts: &[String],
) -> Result<Receipted, OpsError> {
    let by = acting(app, Role::may_review, "anteckna diarienummer").await?;
    let registry_no = given(registry_no, "--registry-no")?;
    let mut wanted = BTreeSet::new();
    for key in posts {
        let row = post::find(app, key).await?;
        wanted.extend(app.catalogue.units_of(row.id).await?);
    }
    let details = RegistryReceiptJson {
        v: "1".to_owned(),
        handover: handover.clone(),
        registry_no,
    };
    let stage = app.store.stage("registry-receipt")?;
    stage.write_json(UNIT, "receipt.json", &details)?;
    let receipt = RecordId::new(app.now());
    let description = record_json(&receipt, RecordKind::RegistryReceipt, app.now());
    let sealed = stage.seal("record", &description)?;
    let mut session = app.begin().await?;
    let rows: Vec<RegistryRow> = session
        .catalogue
        .handed_over()
        .await?
        .into_iter()
        .filter(|row| row.handover == *handover)
        .collect();
    if rows.is_empty() {
        return Err(OpsError::unknown("handover", handover));
    }
    let waiting: Vec<UnitRef> = rows
        .iter()
        .filter(|row| row.registry_no.is_none())
        .map(|row| row.unit.clone())
        .collect();
    let units: Vec<UnitRef> = waiting
        .iter()
        .filter(|unit| wanted.is_empty() || wanted.contains(unit))
        .cloned()
        .collect();
    if units.is_empty() {
        return Err(OpsError::not_permitted(
            "Inget i överlämnandet väntar på diarienummer, eller så hör inläggen inte till det.",
        ));
    }
    let left = (waiting.len() - units.len()) as u64;
    let count = units.len() as u64;
    let (id, of) = (receipt.clone(), handover.clone());
    session
        .commit_record(&receipt, sealed, &Actor::Person(by), |sealed| {
            Body::RegistryReceipt {
                receipt: id,
                handover: of,
                units,
                sealed,
            }
        })
        .await?;
    Ok(Receipted {
        receipt,
        handover: handover.clone(),
        units: count,
        waiting: left,
    })
}

/// A moment as the package tells it.
fn told(time: Option<Instant>) -> String {
    time.map_or_else(|| "okänd tid".to_owned(), Instant::stockholm_text)
}
