//! A post is taken off the platform (avpublicering): logged with rule, reason, who, before and after. Its copy here stays.
//! Taking down is not disposal; what is removed goes to the diarium where the policy says so.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::app::{App, record_json};
use crate::catalogue::PostRow;
use crate::model::entry::{Actor, Body, TakedownState};
use crate::model::facts::Outcome;
use crate::model::id::{CaptureId, RecordId, UnitNo, UnitRef};
use crate::model::person::Role;
use crate::model::post::StateValue;
use crate::model::record::{CaptureKind, RecordKind};
use crate::model::verdict::Verdict;
use crate::ops::disposal::policy_in_force;
use crate::ops::error::OpsError;
use crate::ops::facts::FactSource;
use crate::ops::facts::whole::Whole;
use crate::ops::hold::given;
use crate::ops::kontobok;
use crate::ops::person::acting;
use crate::ops::post;
use crate::policy::evaluate::evaluate;

/// Largest picture of the place afterwards.
const MOST: u64 = 64 * 1024 * 1024;
/// The only unit of a takedown's record.
const UNIT: UnitNo = UnitNo(0);

/// What was taken down.
#[derive(Clone, Debug)]
pub struct TakedownOrder {
    /// The post's key.
    pub post: String,
    /// The rule that it broke: a rule of the policy, or of the account's own terms.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// What became of it on the platform.
    pub state: TakedownState,
    /// A picture of the place afterwards.
    pub after: Option<PathBuf>,
}

/// `takedown.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TakedownJson {
    /// Version of this document.
    pub v: String,
    /// The newest version of the post: the copy that stays.
    pub unit: UnitRef,
    /// The rule.
    pub rule: String,
    /// Whether it is a rule of the policy in force.
    pub policy_rule: bool,
    /// Why.
    pub reason: String,
    /// Its state on the platform before, as last known here.
    pub before: StateValue,
    /// The newest complete capture of the account, which shows it as it was unless it came later.
    pub captured: Option<CaptureId>,
    /// Its state on the platform afterwards.
    pub after: TakedownState,
    /// Name in this unit of a picture of the place afterwards.
    pub picture: Option<String>,
}

/// What was logged, and what the policy says of the post now.
#[derive(Clone, Debug)]
pub struct TakenDown {
    /// The record.
    pub record: RecordId,
    /// The post.
    pub row: PostRow,
    /// What the policy in force says.
    pub outcome: Outcome,
    /// What is to be done: `diariefor`, `motivering`, `polisanmal`, `maska`.
    pub obligations: Vec<String>,
}

/// Logs a takedown. Refused without a whole copy of the post: what is gone from the platform must be here.
pub async fn takedown(app: &mut App, order: &TakedownOrder) -> Result<TakenDown, OpsError> {
    let by = acting(app, Role::may_review, "anteckna en avpublicering").await?;
    let (rule, reason) = (
        given(&order.rule, "--rule")?,
        given(&order.reason, "--reason")?,
    );
    let row = post::find(app, &order.post).await?;
    let policy = policy_in_force(&app.catalogue, app.store.root()).await?;
    let mut whole = Whole::default();
    if !FactSource::of_now(app, &mut whole)
        .await?
        .is_intact(&row)
        .await?
    {
        return Err(OpsError::not_permitted(
            "Kopian av inlägget är inte hel i arkivet. Läs in kontot eller ta en ögonblicksbild innan inlägget tas bort.",
        ));
    }
    let newest = newest(app, &row).await?;
    let stage = app.store.stage("takedown")?;
    let picture = match &order.after {
        Some(path) => {
            let (name, bytes) = read_picture(path)?;
            stage.write(UNIT, name, &bytes)?;
            Some(name.to_owned())
        }
        None => None,
    };
    let details = TakedownJson {
        v: "1".to_owned(),
        unit: row.unit.clone(),
        policy_rule: policy.policy.rule(&rule).is_some(),
        rule,
        reason,
        before: row.post.state.value,
        captured: newest,
        after: order.state,
        picture,
    };
    stage.write_json(UNIT, "takedown.json", &details)?;
    let record = RecordId::new(app.now());
    let description = record_json(&record, RecordKind::Takedown, app.now());
    let sealed = stage.seal("record", &description)?;
    let mut session = app.begin().await?;
    let now = session.catalogue.post(&row.post.key).await?;
    if now.is_none_or(|now| now.unit != row.unit) {
        return Err(OpsError::not_permitted(
            "Inlägget har fått en ny version eller gallrats under tiden. Visa det igen.",
        ));
    }
    let (id, unit, state) = (record.clone(), row.unit.clone(), order.state);
    session
        .commit_record(&record, sealed, &Actor::Person(by), |sealed| {
            Body::Takedown {
                unit,
                state,
                record: id,
                sealed,
            }
        })
        .await?;
    drop(session);
    let facts = FactSource::of_now(app, &mut whole).await?.of(&row).await?;
    let decision = evaluate(&policy.policy, &facts, app.now().stockholm_date());
    Ok(TakenDown {
        record,
        row,
        outcome: decision.outcome,
        obligations: decision.obligations,
    })
}

/// The newest complete capture that may show the post; a kontobok tells whether it does.
async fn newest(app: &App, row: &PostRow) -> Result<Option<CaptureId>, OpsError> {
    let captures = app.catalogue.captures(Some(&row.account)).await?;
    for capture in captures.into_iter().rev() {
        let shows = match capture.kind {
            CaptureKind::Ingest => false,
            CaptureKind::Page | CaptureKind::Manual => true,
            CaptureKind::Rendered => {
                kontobok::shown(app.store.root(), &capture)?.contains(&row.unit)
            }
        };
        if shows && capture.verdict == Verdict::Complete {
            return Ok(Some(capture.id));
        }
    }
    Ok(None)
}

/// The picture's bytes and its name in the unit.
fn read_picture(path: &Path) -> Result<(&'static str, Vec<u8>), OpsError> {
    let failed = |source| OpsError::File {
        path: path.to_owned(),
        source,
    };
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() || metadata.len() > MOST {
        return Err(OpsError::usage(
            format!("{} is not a file of at most {MOST} bytes", path.display()),
            "give a screenshot as PNG, JPEG or PDF",
        ));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    let kinds: [(&[u8], &str); 3] = [
        (b"\x89PNG\r\n\x1a\n", "after.png"),
        (b"\xff\xd8\xff", "after.jpg"),
        (b"%PDF-", "after.pdf"),
    ];
    match kinds.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        Some((_, name)) => Ok((name, bytes)),
        None => Err(OpsError::usage(
            format!("{} is no PNG, JPEG or PDF", path.display()),
            "give a screenshot as PNG, JPEG or PDF",
        )),
    }
}
