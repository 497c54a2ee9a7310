//! The execution: each post is evaluated again under the lock and either destroyed with its log entry or held back.
//! The set only shrinks. A rerun after a crash completes what has an entry and gives the same end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::NaiveDate;
use serde::Serialize;

use crate::app::{App, Session};
use crate::catalogue::{Catalogue, PostRow};
use crate::disposal::Standing;
use crate::model::entry::{Actor, Body};
use crate::model::facts::{Answer, Flag, Outcome};
use crate::model::id::{AccountId, HolderId, PersonId, RecordId, UnitRef};
use crate::model::json;
use crate::model::person::Role;
use crate::model::plan::PlanItem;
use crate::model::protocol::{HeldBack as HeldUnit, ProtocolJson, Scan};
use crate::model::time::Instant;
use crate::ops::disposal::approve::{dispose_list, take_list};
use crate::ops::disposal::plan::decide;
use crate::ops::disposal::record;
use crate::ops::disposal::residue::{self, Residue};
use crate::ops::disposal::taken;
use crate::ops::disposal::{InForce, LIST, Loaded, load, load_list, policy_in_force, standing};
use crate::ops::error::OpsError;
use crate::ops::facts::whole::Whole;
use crate::ops::facts::{FactSource, Gone, Kept};
use crate::ops::person::acting;
use crate::policy::Policy;
use crate::store::disposal::DisposalFolder;

/// What an execution came to.
#[derive(Debug, Serialize)]
pub struct Executed {
    /// The plan.
    pub plan: RecordId,
    /// Posts disposed of.
    pub disposed: u64,
    /// Posts that were not, and what stood in the way.
    pub held_back: Vec<HeldBack>,
    /// The disposal record; `None` where nothing was disposed of and the plan stands as it was.
    pub protocol: Option<RecordId>,
    /// Whether all this had been done before.
    #[serde(skip)]
    pub was_done: bool,
    /// Where traces were found that must not be there; then nothing is confirmed.
    #[serde(skip)]
    pub residue: Vec<Residue>,
}

/// A post that was held back.
#[derive(Debug, Serialize)]
pub struct HeldBack {
    /// Its key, where it is still there.
    pub post: Option<String>,
    /// Conditions of the floor (G0–G8), or `changed`, `gone`, `not-due`, `review`, `preserve`, `registry`, `plan`.
    pub blocked_by: Vec<String>,
}

/// An execution between two posts.
#[derive(Debug)]
pub struct Execution {
    plan: Loaded,
    by: PersonId,
    approval: Option<RecordId>,
    folder: DisposalFolder,
    whole: Whole,
    known: Option<Known>,
    taken: Gone,
    next: usize,
    gone: BTreeSet<UnitRef>,
    held: Vec<HeldUnit>,
}

/// What was read at one size of the log, and holds until somebody else writes: the lock is held for one post alone, and
/// reading policy, holds and accounts anew for each would hold it needlessly long.
#[derive(Debug)]
struct Known {
    log_size: u64,
    day: NaiveDate,
    policy: InForce,
    standing: Standing,
    kept: Kept,
}

/// Carries a plan out, or completes what was interrupted.
pub async fn execute(app: &mut App, plan: &RecordId) -> Result<Executed, OpsError> {
    let loaded = load(&app.catalogue, app.store.root(), plan).await?;
    if let Some(protocol) = loaded.row.confirmed.clone() {
        acting(app, Role::may_approve, "verkställa gallring").await?;
        return done(app, loaded, protocol).await;
    }
    let mut execution = Execution::begin(app, loaded).await?;
    while execution.step(app).await? {}
    let executed = execution.finish(app).await?;
    // The act is done and recorded; a document that cannot be made now is made by `disposal record`.
    if executed.protocol.is_some()
        && let Err(error) = record::record(app, plan).await
    {
        tracing::warn!(%error, "the document of the disposal record could not be kept");
    }
    Ok(executed)
}

impl Execution {
    /// Checks that the plan may be executed, takes its folder and completes entries that a crash had left.
    pub async fn start(app: &mut App, plan: &RecordId) -> Result<Self, OpsError> {
        let loaded = load(&app.catalogue, app.store.root(), plan).await?;
        Self::begin(app, loaded).await
    }

    async fn begin(app: &mut App, plan: Loaded) -> Result<Self, OpsError> {
        let by = acting(app, Role::may_approve, "verkställa gallring").await?;
        let id = plan.row.id.clone();
        // Refuses a moved clock and reads what others have written.
        app.begin().await?;
        let gone = app.catalogue.disposed_units(&id).await?;
        let begun = gone.iter().any(|unit| !is_list(&id, unit));
        let place = (&plan.row, &plan.json);
        let standing = standing(&app.catalogue, app.store.root(), place, app.now()).await?;
        if let Some(sentence) = standing.refusal(app.now()).filter(|_| !begun) {
            return Err(OpsError::not_permitted(sentence));
        }
        let approval = app.catalogue.approval(&id).await?.map(|row| row.record);
        let folder = app.store.disposal_folder(&id)?;
        let units = with_accounts(&plan, &gone);
        app.begin().await?.finish_disposal(&id, &units)?;
        let taken = taken::before(app, &plan, &folder).await?;
        let mut whole = Whole::default();
        let accounts: Vec<AccountId> = plan
            .json
            .accounts
            .iter()
            .map(|share| share.account.clone())
            .collect();
        FactSource::of_now(app, &mut whole)
            .await?
            .check_pictures(&accounts)
            .await?;
        Ok(Self {
            plan,
            by,
            approval,
            folder,
            whole,
            known: None,
            taken,
            next: 0,
            gone: gone.into_iter().collect(),
            held: Vec::new(),
        })
    }

    /// Takes the next post; false when there is none. The lock is held for this post alone.
    pub async fn step(&mut self, app: &mut App) -> Result<bool, OpsError> {
        let Some(item) = self.plan.json.items.get(self.next).cloned() else {
            return Ok(false);
        };
        self.next += 1;
        if item.units.iter().all(|one| self.gone.contains(&one.unit)) {
            return Ok(true);
        }
        let root = app.store.root().to_owned();
        let window = app.config.schedule.window_days;
        let mut session = app.begin().await?;
        let place = (session.catalogue, root.as_path());
        let now = (session.time(), window);
        let known = match self.known.take() {
            Some(known) if known.is_current(&session) => known,
            Some(_) | None => {
                Known::read(&session, place, now, &self.plan, &mut self.whole).await?
            }
        };
        let Known {
            log_size: _,
            day,
            policy,
            standing,
            kept,
        } = known;
        let mut source =
            FactSource::reopen(place, now, &mut self.whole, kept).counting(&self.taken);
        let judged = against(&mut source, &session, (&policy.policy, &standing), &item).await?;
        let kept = source.into_kept();
        let (row, answers) = match judged {
            Ok(disposable) => disposable,
            Err(reasons) => {
                self.held.push(HeldUnit {
                    enheter: item.units.iter().map(|one| one.unit.clone()).collect(),
                    orsaker: reasons,
                });
                self.known = Some(Known {
                    log_size: session.log_size(),
                    day,
                    policy,
                    standing,
                    kept,
                });
                return Ok(true);
            }
        };
        let body = Body::Disposal {
            plan: self.plan.row.id.clone(),
            approval: self.approval.clone(),
            account: Some(item.account.clone()),
            kind: item.kind,
            role: item.role,
            month: item.month.clone(),
            rules: item.rules.clone(),
            decisions: item.decisions.clone(),
            policy_sha256: self.plan.row.policy_sha256.clone(),
            units: item.units.clone(),
        };
        let units: Vec<(UnitRef, Option<AccountId>)> = item
            .units
            .iter()
            .map(|one| (one.unit.clone(), Some(item.account.clone())))
            .collect();
        let actor = Actor::Person(self.by.clone());
        session
            .dispose(&self.plan.row.id, body, &units, &actor)
            .await?;
        self.taken.remember(row, answers);
        self.known = Some(Known {
            log_size: session.log_size(),
            day,
            policy,
            standing,
            kept,
        });
        self.gone.extend(units.into_iter().map(|(unit, _)| unit));
        Ok(true)
    }

    /// After the last post: lists and index, the search for residue, destruction, confirmation with the record.
    pub async fn finish(self, app: &mut App) -> Result<Executed, OpsError> {
        let id = self.plan.row.id.clone();
        let disposed = self
            .plan
            .json
            .items
            .iter()
            .filter(|item| item.units.iter().all(|one| self.gone.contains(&one.unit)))
            .count() as u64;
        let held_back = held_back(&app.catalogue, &self.held).await?;
        if disposed == 0 {
            self.folder.destroy()?;
            return Ok(Executed {
                plan: id,
                disposed,
                held_back,
                protocol: None,
                was_done: false,
                residue: Vec::new(),
            });
        }
        take_list(app, &self.plan, self.approval.as_ref(), &self.by).await?;
        overlapping(app, &id, (&self.gone, &self.by)).await?;
        app.catalogue.scrub().await?;
        let scan = match self.searched(app).await? {
            Ok(scan) => scan,
            Err(residue) => {
                return Ok(Executed {
                    plan: id,
                    disposed,
                    held_back,
                    protocol: None,
                    was_done: false,
                    residue,
                });
            }
        };
        let protocol = record::confirm(app, &self.plan, &self.by, (&self.held, scan)).await?;
        self.folder.destroy()?;
        Ok(Executed {
            plan: id,
            disposed,
            held_back,
            protocol: Some(protocol),
            was_done: false,
            residue: Vec::new(),
        })
    }

    /// Searches for residue while the plaintexts are at hand, and destroys them only when there is none. After a crash in
    /// between the note tells what the search had found.
    async fn searched(&self, app: &App) -> Result<Result<Scan, Vec<Residue>>, OpsError> {
        let damaged = |source| OpsError::Document {
            path: format!("staging/disposal-{}", self.plan.row.id),
            source,
        };
        if let Some(note) = self.folder.noted()? {
            self.folder.destroy_units(&note)?;
            let scan: Scan = json::from_slice(&note).map_err(damaged)?;
            return Ok(Ok(scan));
        }
        let captures = app.catalogue.captures(None).await?;
        let (scan, residue) = residue::search(app.store.root(), &self.folder.units()?, &captures)?;
        if !residue.is_empty() {
            return Ok(Err(residue));
        }
        let note = json::to_line(&scan).map_err(damaged)?;
        self.folder.destroy_units(note.as_bytes())?;
        Ok(Ok(scan))
    }
}

fn is_list(plan: &RecordId, unit: &UnitRef) -> bool {
    unit.holder == HolderId::Record(plan.clone()) && unit.unit == LIST
}

/// The units of a plan that have an entry, each with its account.
fn with_accounts(plan: &Loaded, gone: &[UnitRef]) -> Vec<(UnitRef, Option<AccountId>)> {
    let account = |unit: &UnitRef| {
        plan.json
            .items
            .iter()
            .find(|item| item.has(unit))
            .map(|item| item.account.clone())
    };
    gone.iter()
        .map(|unit| (unit.clone(), account(unit)))
        .collect()
}

impl Known {
    async fn read(
        session: &Session<'_>,
        (catalogue, root): (&Catalogue, &Path),
        (now, window_days): (Instant, u32),
        plan: &Loaded,
        whole: &mut Whole,
    ) -> Result<Self, OpsError> {
        let row = catalogue
            .plan(&plan.row.id)
            .await?
            .ok_or_else(|| OpsError::unknown("plan", &plan.row.id))?;
        let source = FactSource::open((catalogue, root), (now, window_days), whole).await?;
        Ok(Self {
            log_size: session.log_size(),
            day: now.stockholm_date(),
            policy: policy_in_force(catalogue, root).await?,
            standing: standing(catalogue, root, (&row, &plan.json), now).await?,
            kept: source.into_kept(),
        })
    }

    fn is_current(&self, session: &Session<'_>) -> bool {
        self.log_size == session.log_size() && self.day == session.time().stockholm_date()
    }
}

/// A post that may be disposed of now, and the answers to its flags.
type Disposable = (PostRow, BTreeMap<Flag, Answer>);

/// The post, or everything that stands against disposing of it now. Called under the lock: the one place where holds and
/// the rest of the floor are heeded.
async fn against(
    source: &mut FactSource<'_>,
    session: &Session<'_>,
    (policy, standing): (&Policy, &Standing),
    item: &PlanItem,
) -> Result<Result<Disposable, Vec<String>>, OpsError> {
    let now = session.time();
    let because = |reason: &str| Ok(Err(vec![reason.to_owned()]));
    if standing.refusal(now).is_some() {
        return because("plan");
    }
    let units: Vec<UnitRef> = item.units.iter().map(|one| one.unit.clone()).collect();
    let Some(row) = post_of(session.catalogue, &units).await? else {
        return because("gone");
    };
    if !source.is_as_planned(&row, &item.units).await? {
        return because("changed");
    }
    let day = now.stockholm_date();
    let (facts, decision) = decide(source, policy, &row, day).await?;
    let mut reasons: Vec<String> = decision
        .blocked_by
        .iter()
        .map(|floor| floor.code().to_owned())
        .collect();
    if decision.outcome != Outcome::MayDispose {
        reasons.push(decision.outcome.code().to_owned());
    } else if decision.earliest.is_none_or(|earliest| earliest > day) {
        reasons.push("not-due".to_owned());
    }
    Ok(if reasons.is_empty() {
        Ok((row, facts.flags))
    } else {
        Err(reasons)
    })
}

async fn post_of(catalogue: &Catalogue, units: &[UnitRef]) -> Result<Option<PostRow>, OpsError> {
    for unit in units {
        if let Some(row) = catalogue.post_of_unit(unit).await? {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

async fn held_back(catalogue: &Catalogue, held: &[HeldUnit]) -> Result<Vec<HeldBack>, OpsError> {
    let mut rows = Vec::new();
    for one in held {
        rows.push(HeldBack {
            post: post_of(catalogue, &one.enheter)
                .await?
                .map(|row| row.post.key),
            blocked_by: one.orsaker.clone(),
        });
    }
    Ok(rows)
}

/// Other plans' readable lists hold the text of posts that are gone now. Such a list is disposed of too; a plan that is
/// not approved yet cannot be reviewed without it and is withdrawn.
async fn overlapping(
    app: &mut App,
    plan: &RecordId,
    (gone, by): (&BTreeSet<UnitRef>, &PersonId),
) -> Result<(), OpsError> {
    for row in app.catalogue.plans().await? {
        if row.id == *plan || row.confirmed.is_some() {
            continue;
        }
        let other = load(&app.catalogue, app.store.root(), &row.id).await?;
        let shares = other
            .json
            .items
            .iter()
            .any(|item| item.units.iter().any(|one| gone.contains(&one.unit)));
        let left = load_list(app.store.root(), &row.id)?.is_some()
            || app.store.has_disposal_folder(&row.id);
        if !shares || !left {
            continue;
        }
        let approval = app.catalogue.approval(&row.id).await?.map(|row| row.record);
        if approval.is_none() && !row.withdrawn {
            let body = Body::PlanWithdrawn {
                plan: row.id.clone(),
                replaced_by: None,
                record: None,
                sealed: None,
            };
            let actor = Actor::Person(by.clone());
            app.begin().await?.append(body, &actor).await?;
        }
        dispose_list(app, &other, approval.as_ref(), by).await?;
    }
    Ok(())
}

/// The end of a plan that was carried out before, as its record tells it.
async fn done(app: &mut App, plan: Loaded, protocol: RecordId) -> Result<Executed, OpsError> {
    // A crash between confirmation and end may have left the folder.
    if app.store.has_disposal_folder(&plan.row.id) {
        app.store.disposal_folder(&plan.row.id)?.destroy()?;
    }
    let json: ProtocolJson = record::load(app.store.root(), &protocol)?;
    Ok(Executed {
        plan: plan.row.id,
        disposed: json.verkstallande.antal_gallrade,
        held_back: held_back(&app.catalogue, &json.verkstallande.kvarhallna).await?,
        protocol: Some(protocol),
        was_done: true,
        residue: Vec::new(),
    })
}
