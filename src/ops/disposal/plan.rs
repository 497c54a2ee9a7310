//! The plan: every post is evaluated, those that may be disposed of by the day are frozen in a record that names units
//! and commitments only. Nothing is destroyed here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use serde::Serialize;

use crate::app::{App, record_json};
use crate::catalogue::PostRow;
use crate::detect;
use crate::disposal::{number_exceeded, share_exceeded};
use crate::model::digest::Sha256Hex;
use crate::model::entry::{Actor, Body, Tombstone};
use crate::model::facts::{Floor, Outcome, PostFacts, Truth};
use crate::model::finding::Finding;
use crate::model::id::{AccountId, Alias, PersonId, RecordId};
use crate::model::person::Role;
use crate::model::plan::{AccountShare, ListJson, ListRow, PlanItem, PlanJson, VERSION};
use crate::model::record::RecordKind;
use crate::model::time::{Instant, month_text};
use crate::ops::disposal::{FROZEN, InForce, LIST, aliases, policy_in_force};
use crate::ops::error::OpsError;
use crate::ops::facts::whole::Whole;
use crate::ops::facts::{FactSource, published};
use crate::ops::person::acting;
use crate::policy::evaluate::{self, Decision, ENGINE_VERSION};
use crate::store::error::StoreError;
use crate::store::stage::SealedStage;

/// Posts read at a time.
const PAGE: u32 = 500;
/// How often planning starts over when others write meanwhile.
const TRIES: u32 = 3;

/// What to plan.
#[derive(Clone, Debug, Default)]
pub struct PlanOrder {
    /// Accounts by alias; empty means all.
    pub accounts: Vec<Alias>,
    /// Whether nothing is to be written.
    pub dry_run: bool,
}

/// What planning came to.
#[derive(Debug, Serialize)]
pub struct Planned {
    /// The plan; `None` for a rehearsal, an empty plan and one that was stopped.
    pub plan: Option<RecordId>,
    /// SHA-256 of its `plan.json`.
    pub digest: Option<Sha256Hex>,
    /// Every post that was evaluated.
    pub items: Vec<PlannedItem>,
    /// Posts that are not in the plan.
    pub excluded: u64,
    /// Posts that are (or would be).
    #[serde(skip)]
    pub frozen: u64,
    /// Why the whole plan was stopped, in Swedish.
    #[serde(skip)]
    pub stopped: Option<String>,
    /// What hinders execution, and what is worth knowing.
    #[serde(skip)]
    pub findings: Vec<Finding>,
}

/// One post as it was evaluated.
#[derive(Debug, Serialize)]
pub struct PlannedItem {
    /// Its key.
    pub post: String,
    /// The platform's own id.
    pub source_id: Option<String>,
    /// What the policy says.
    pub outcome: Outcome,
    /// Rules that hold or may hold. Few lists stand for many posts, and so do few sentences.
    #[serde(serialize_with = "list")]
    pub rules: Arc<[String]>,
    /// First day on which it may be disposed of.
    pub earliest: Option<NaiveDate>,
    /// Conditions of the floor not yet met.
    pub blocked_by: Vec<Floor>,
    /// The Swedish sentence.
    #[serde(serialize_with = "sentence")]
    pub reason: Arc<str>,
}

fn list<S: serde::Serializer>(rules: &Arc<[String]>, serializer: S) -> Result<S::Ok, S::Error> {
    rules.serialize(serializer)
}

fn sentence<S: serde::Serializer>(reason: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(reason)
}

/// What many posts have in common, held once.
#[derive(Debug, Default)]
struct Shared {
    rules: BTreeSet<Arc<[String]>>,
    reasons: BTreeSet<Arc<str>>,
}

impl Shared {
    fn rules(&mut self, rules: Vec<String>) -> Arc<[String]> {
        if let Some(known) = self.rules.get(rules.as_slice()) {
            return Arc::clone(known);
        }
        let new: Arc<[String]> = rules.into();
        self.rules.insert(Arc::clone(&new));
        new
    }

    fn reason(&mut self, reason: String) -> Arc<str> {
        if let Some(known) = self.reasons.get(reason.as_str()) {
            return Arc::clone(known);
        }
        let new: Arc<str> = reason.into();
        self.reasons.insert(Arc::clone(&new));
        new
    }
}

/// Everything that one walk through the posts found.
#[derive(Debug, Default)]
struct Walk {
    items: Vec<PlannedItem>,
    shared: Shared,
    frozen: Vec<Frozen>,
    posts: BTreeMap<AccountId, u64>,
    excluded: BTreeMap<String, u64>,
    findings: Vec<Finding>,
    log_size: u64,
}

#[derive(Debug)]
struct Frozen {
    is_root: bool,
    item: PlanItem,
    row: ListRow,
}

/// Plans as of now. Others may write meanwhile: the log's size is noted first and checked again under the lock.
pub async fn plan(app: &mut App, order: &PlanOrder) -> Result<Planned, OpsError> {
    let planner = if order.dry_run {
        None
    } else {
        let planner = acting(app, Role::may_administer, "planera gallring").await?;
        // Refused before the long walk, not after it: a moved clock, a clock behind the log.
        app.begin().await?;
        Some(planner)
    };
    for _ in 0..TRIES {
        let policy = policy_in_force(&app.catalogue, app.store.root()).await?;
        let walk = walk(app, &policy, order).await?;
        let aliases = aliases(&app.catalogue).await?;
        let stopped = stopped(&policy, &walk, &aliases);
        let mut planned = Planned {
            plan: None,
            digest: None,
            excluded: walk.items.len() as u64 - walk.frozen.len() as u64,
            frozen: walk.frozen.len() as u64,
            stopped,
            findings: findings(&policy, &walk, app.now()),
            items: Vec::new(),
        };
        let Some(planner) = planner
            .as_ref()
            .filter(|_| planned.stopped.is_none() && !walk.frozen.is_empty())
        else {
            planned.items = walk.items;
            return Ok(planned);
        };
        if let Some((plan, digest)) = write(app, &policy, planner, &walk).await? {
            planned.plan = Some(plan);
            planned.digest = Some(digest);
            planned.items = walk.items;
            return Ok(planned);
        }
    }
    Err(OpsError::Store(StoreError::Locked { seconds: 0 }))
}

async fn walk(app: &App, policy: &InForce, order: &PlanOrder) -> Result<Walk, OpsError> {
    let now = app.now();
    let mut walk = Walk {
        log_size: app.catalogue.log_size().await?,
        ..Walk::default()
    };
    let mut whole = Whole::default();
    let mut source = FactSource::of_now(app, &mut whole).await?;
    for account in chosen(app, &order.accounts).await? {
        let mut after = 0;
        loop {
            let posts = app
                .catalogue
                .posts_after(Some(&account.0), after, PAGE)
                .await?;
            let Some(last) = posts.last() else { break };
            after = last.id;
            source.expect(&posts).await?;
            for row in &posts {
                let (facts, decision) =
                    decide(&mut source, &policy.policy, row, now.stockholm_date()).await?;
                walk.take(app, &source, (row, &account.1), (&facts, decision))
                    .await?;
            }
        }
    }
    // Roots last: while answers are there a root of the municipality's own may not go (G4). Beyond that the order does not
    // matter, for the execution counts what it has taken out as if it were still in its thread.
    walk.frozen.sort_by(|one, other| {
        one.is_root
            .cmp(&other.is_root)
            .then_with(|| other.row.unit.cmp(&one.row.unit))
    });
    Ok(walk)
}

/// Evaluates one post. The bytes are read again only where the outcome would let them be destroyed.
pub(crate) async fn decide(
    source: &mut FactSource<'_>,
    policy: &crate::policy::Policy,
    row: &PostRow,
    day: NaiveDate,
) -> Result<(PostFacts, Decision), OpsError> {
    let mut facts = source.of(row).await?;
    let mut decision = evaluate::evaluate(policy, &facts, day);
    if decision.outcome == Outcome::MayDispose && !source.is_intact(row).await? {
        facts.floor.intact = false;
        decision = evaluate::evaluate(policy, &facts, day);
    }
    Ok((facts, decision))
}

impl Walk {
    async fn take(
        &mut self,
        app: &App,
        source: &FactSource<'_>,
        (row, alias): (&PostRow, &Alias),
        (facts, decision): (&PostFacts, Decision),
    ) -> Result<(), OpsError> {
        let day = app.now().stockholm_date();
        *self.posts.entry(row.account.clone()).or_default() += 1;
        let left_out = match (decision.outcome, decision.earliest) {
            (Outcome::MayDispose, Some(earliest)) if earliest <= day => None,
            (Outcome::MayDispose, Some(_)) => Some("not_due"),
            (Outcome::MayDispose, None) => Some("no_event"),
            (Outcome::Preserve, _) => Some("preserve"),
            (Outcome::Registry, _) => Some("registry"),
            (Outcome::Review, _) => Some("review"),
        };
        let left_out = match (left_out, decision.earliest) {
            (None, Some(earliest)) => {
                let units = tombstones(app, source, row).await?;
                let frozen =
                    units.map(|units| freeze(units, (row, alias), facts, (&decision, earliest)));
                if let Some(frozen) = frozen {
                    self.frozen.push(frozen);
                    None
                } else {
                    self.findings.push(Finding::error(
                        "D001",
                        row.unit.to_string(),
                        "gallringsenhetens filer kan inte läsas; inlägget lämnas utanför planen",
                    ));
                    Some("unreadable")
                }
            }
            (reason, _) => reason,
        };
        if let Some(reason) = left_out {
            *self.excluded.entry(reason.to_owned()).or_default() += 1;
        }
        self.items.push(PlannedItem {
            post: row.post.key.clone(),
            source_id: row.post.source_id.clone(),
            outcome: decision.outcome,
            rules: self
                .shared
                .rules(decision.rules.into_iter().map(|rule| rule.rule).collect()),
            earliest: decision.earliest,
            blocked_by: decision.blocked_by,
            reason: self.shared.reason(decision.reason),
        });
        Ok(())
    }
}

/// What the plan keeps of a post.
fn freeze(
    units: Vec<Tombstone>,
    (row, alias): (&PostRow, &Alias),
    facts: &PostFacts,
    (decision, earliest): (&Decision, NaiveDate),
) -> Frozen {
    let permitting = || {
        decision
            .rules
            .iter()
            .filter(|rule| rule.outcome == Outcome::MayDispose && rule.truth == Truth::Yes)
    };
    let mut decisions: Vec<String> = permitting()
        .flat_map(|rule| rule.decisions.iter().cloned())
        .collect();
    decisions.sort();
    decisions.dedup();
    let item = PlanItem {
        account: row.account.clone(),
        units,
        kind: match facts.kinds.as_slice() {
            [kind] => Some(*kind),
            _ => None,
        },
        role: facts.role,
        month: published(row).map(month_text),
        rules: permitting().map(|rule| rule.rule.clone()).collect(),
        decisions,
        earliest,
    };
    let list_row = ListRow {
        unit: row.unit.clone(),
        post: row.post.key.clone(),
        source_id: row.post.source_id.clone(),
        account: alias.clone(),
        posted_at: row.post.posted_at.utc,
        author: row.post.author.name.clone(),
        text: row.post.search_text(),
        reason: decision.reason.clone(),
    };
    Frozen {
        is_root: row.thread_key == row.post.key,
        item,
        row: list_row,
    }
}

/// Every version of a post with its commitment; `None` where one cannot be read.
async fn tombstones(
    app: &App,
    source: &FactSource<'_>,
    row: &PostRow,
) -> Result<Option<Vec<Tombstone>>, OpsError> {
    let mut tombstones = Vec::new();
    for unit in source.units(row.id).await? {
        match app.store.commitment(&unit, Some(&row.account)) {
            Ok(commitment) => tombstones.push(Tombstone { unit, commitment }),
            Err(StoreError::Io { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Some(tombstones))
}

async fn chosen(app: &App, wanted: &[Alias]) -> Result<Vec<(AccountId, Alias)>, OpsError> {
    let accounts = app.catalogue.accounts().await?;
    let all = accounts
        .into_iter()
        .map(|row| (row.account.id, row.account.alias));
    if wanted.is_empty() {
        return Ok(all.collect());
    }
    let all: Vec<_> = all.collect();
    for alias in wanted {
        if !all.iter().any(|(_, known)| known == alias) {
            return Err(OpsError::unknown("account", alias));
        }
    }
    Ok(all
        .into_iter()
        .filter(|(_, alias)| wanted.contains(alias))
        .collect())
}

fn shares(walk: &Walk) -> Vec<AccountShare> {
    let mut taken: BTreeMap<&AccountId, u64> = BTreeMap::new();
    for frozen in &walk.frozen {
        *taken.entry(&frozen.item.account).or_default() += 1;
    }
    taken
        .into_iter()
        .map(|(account, items)| AccountShare {
            account: account.clone(),
            posts: walk.posts.get(account).copied().unwrap_or(0),
            items,
        })
        .collect()
}

/// The belts: a plan beyond them is stopped as a whole, never cut down to size.
fn stopped(policy: &InForce, walk: &Walk, aliases: &BTreeMap<AccountId, Alias>) -> Option<String> {
    let by_share = shares(walk).into_iter().find_map(|share| {
        let name = aliases
            .get(&share.account)
            .map_or_else(|| share.account.to_string(), Alias::to_string);
        share_exceeded(
            &name,
            (share.items, share.posts),
            policy.policy.most_percent,
        )
    });
    by_share.or_else(|| number_exceeded(walk.frozen.len() as u64, policy.policy.most_items))
}

fn findings(policy: &InForce, walk: &Walk, now: Instant) -> Vec<Finding> {
    let mut findings = policy.policy.hindrances(now.stockholm_date());
    findings.extend(walk.findings.iter().cloned());
    if let Some(count) = walk.excluded.get("no_event") {
        findings.push(Finding::note(
            "D002",
            "",
            format!("{count} inlägg får gallras men saknar händelse att räkna fristen från"),
        ));
    }
    findings
}

/// Writes the plan, unless the log has grown since the posts were evaluated.
async fn write(
    app: &mut App,
    policy: &InForce,
    planner: &PersonId,
    walk: &Walk,
) -> Result<Option<(RecordId, Sha256Hex)>, OpsError> {
    let plan = RecordId::new(app.now());
    let json = PlanJson {
        v: VERSION.to_owned(),
        plan: plan.clone(),
        created: app.now(),
        day: app.now().stockholm_date(),
        planner: planner.clone(),
        replaces: None,
        policy_sha256: policy.sha256.clone(),
        engine: ENGINE_VERSION.to_owned(),
        detectors: detect::VERSION.to_owned(),
        waiting_days: policy.policy.waiting_days,
        log_size: walk.log_size,
        accounts: shares(walk),
        excluded: walk.excluded.clone(),
        items: walk.frozen.iter().map(|one| one.item.clone()).collect(),
    };
    let list = ListJson {
        v: VERSION.to_owned(),
        plan: plan.clone(),
        rows: walk.frozen.iter().map(|one| one.row.clone()).collect(),
    };
    let (sealed, digest) = seal(app, &json, &list)?;
    let mut session = app.begin().await?;
    if session.log_size() != walk.log_size {
        return Ok(None);
    }
    let body = entry(&json, digest.clone());
    session
        .commit_record(&plan, sealed, &Actor::Person(planner.clone()), body)
        .await?;
    Ok(Some((plan, digest)))
}

/// Seals a plan's record and gives the digest of `plan.json`.
pub(crate) fn seal(
    app: &App,
    json: &PlanJson,
    list: &ListJson,
) -> Result<(SealedStage, Sha256Hex), OpsError> {
    let stage = app.store.stage("plan")?;
    stage.write_json(FROZEN, "plan.json", json)?;
    stage.write_json(LIST, "list.json", list)?;
    let sealed = stage.seal(
        "record",
        &record_json(&json.plan, RecordKind::Plan, json.created),
    )?;
    let digest = sealed
        .files
        .get(&FROZEN)
        .and_then(|files| files.get("plan.json"))
        .cloned()
        .ok_or_else(|| OpsError::Problem("the plan was not sealed".to_owned()))?;
    Ok((sealed, digest))
}

/// The log entry of a plan.
pub(crate) fn entry(
    json: &PlanJson,
    digest_sha256: Sha256Hex,
) -> impl FnOnce(crate::model::entry::Sealed) -> Body {
    let (plan, policy_sha256) = (json.plan.clone(), json.policy_sha256.clone());
    let (items, log_size) = (json.items.len() as u64, json.log_size);
    let (planner, replaces) = (json.planner.clone(), json.replaces.clone());
    move |sealed| Body::Plan {
        plan,
        digest_sha256,
        policy_sha256,
        items,
        log_size,
        planner,
        replaces,
        sealed,
    }
}
