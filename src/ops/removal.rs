//! Posts that are gone from the platform. That an export lacks a post is never taken for its deletion: it is counted, and
//! after the second time in a row a person is asked what became of it and why. The motivation is kept as a record; where
//! the policy says so the post is to be registered.

use serde::{Deserialize, Serialize};

use crate::app::{App, record_json};
use crate::catalogue::{RemovalRow, SightedPost};
use crate::model::entry::{Actor, Body, RemovalState};
use crate::model::facts::FactVisibility;
use crate::model::id::{Alias, RecordId, UnitNo, UnitRef};
use crate::model::person::Role;
use crate::model::post::{PostKind, StateValue};
use crate::model::record::RecordKind;
use crate::model::time::Instant;
use crate::ops::disposal::{aliases, policy_in_force};
use crate::ops::error::OpsError;
use crate::ops::facts::whole::Whole;
use crate::ops::facts::{FactSource, TWICE};
use crate::ops::hold::given;
use crate::ops::person::acting;
use crate::ops::post::find;
use crate::policy::evaluate::evaluate;

/// Posts read at a time.
const PAGE: u32 = 500;
/// The obligation to register.
const REGISTER: &str = "diariefor";

/// How a removal is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemovalBasis {
    /// Later ingests lack the post.
    Absent,
    /// The source says that it was removed or hidden.
    Stated,
    /// A person says so.
    Person,
}

/// Where a removal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RemovalStatus {
    /// To be explained by a person.
    Proposed,
    /// Lacking once: the next ingest shows.
    Once,
    /// A person has said what became of it and why.
    Explained,
    /// A person has said that it is still there.
    StillThere,
}

/// `removal.json`: what became of a post and why, in a person's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemovalJson {
    /// The unit of the post's newest version.
    pub unit: UnitRef,
    /// What became of it.
    pub state: RemovalState,
    /// How it is known.
    pub basis: RemovalBasis,
    /// How many ingests in a row lacked it.
    pub missed: u64,
    /// Why, in the person's words.
    pub reason: String,
}

/// A post that is gone, or seems to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Removal {
    /// Its key.
    pub post: String,
    /// Its account's alias.
    pub account: Alias,
    /// When it was published.
    pub posted_at: Option<Instant>,
    /// Its kind.
    pub kind: PostKind,
    /// How the removal is known.
    pub basis: RemovalBasis,
    /// Where it stands.
    pub status: RemovalStatus,
    /// What the source says of the post.
    pub state: StateValue,
    /// When an ingest last held it.
    pub last_seen: Instant,
    /// When the first ingest that lacked it was made.
    pub missing_since: Option<Instant>,
    /// How many in a row.
    pub missed: u64,
    /// Whether the policy demands that it is registered once it is gone.
    pub must_register: bool,
    /// What a person said.
    pub explained: Option<RemovalRow>,
}

/// What to list.
#[derive(Clone, Debug, Default)]
pub struct RemovalOrder {
    /// One account.
    pub account: Option<Alias>,
    /// What was explained too.
    pub all: bool,
    /// Protected posts too.
    pub include_closed: bool,
}

/// The list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Removals {
    /// What is to be explained first, then what lacks once; by account and time.
    pub removals: Vec<Removal>,
    /// Protected posts left out.
    pub withheld: u64,
}

/// Lists posts that are gone, or seem to be.
pub async fn list(app: &App, order: &RemovalOrder) -> Result<Removals, OpsError> {
    if order.include_closed {
        acting(app, Role::may_see_closed, "se skyddade inlägg").await?;
    }
    let account = match &order.account {
        Some(alias) => Some(
            app.catalogue
                .account(alias)
                .await?
                .ok_or_else(|| OpsError::unknown("account", alias))?
                .account
                .id,
        ),
        None => None,
    };
    let words = app.catalogue.removals().await?;
    let takedowns = app.catalogue.takedowns().await?;
    let aliases = aliases(&app.catalogue).await?;
    let mut whole = Whole::default();
    let mut registry = Registry::open(app, &mut whole).await?;
    let mut found = Removals {
        removals: Vec::new(),
        withheld: 0,
    };
    let mut after = 0;
    loop {
        let page = app
            .catalogue
            .sighted_after(account.as_ref(), after, PAGE)
            .await?;
        let Some(last) = page.last() else { break };
        after = last.row.id;
        for post in page {
            let Some((basis, mut status)) = standing(&post, words.get(&post.row.id)) else {
                continue;
            };
            // Why a post was taken down by the municipality itself stands in its takedown.
            let takedown = takedowns.get(&post.row.id);
            if takedown.is_some_and(|one| one.time >= post.seen_at) {
                status = RemovalStatus::Explained;
            }
            let open = matches!(status, RemovalStatus::Proposed | RemovalStatus::Once);
            if !open && !order.all {
                continue;
            }
            if !order.include_closed && !post.row.post.visibility.is_open() {
                found.withheld += 1;
                continue;
            }
            let alias = aliases
                .get(&post.row.account)
                .ok_or_else(|| OpsError::unknown("account", &post.row.account))?;
            let must_register = registry.demands(&post).await?;
            found.removals.push(Removal {
                post: post.row.post.key.clone(),
                account: alias.clone(),
                posted_at: post.row.post.posted_at.utc,
                kind: post.row.post.kind,
                basis,
                status,
                state: post.row.post.state.value,
                last_seen: post.seen_at,
                missing_since: post.first_missed,
                missed: post.missed,
                must_register,
                explained: words.get(&post.row.id).cloned(),
            });
        }
    }
    found.removals.sort_by(|one, other| {
        (one.status, &one.account, one.posted_at, &one.post).cmp(&(
            other.status,
            &other.account,
            other.posted_at,
            &other.post,
        ))
    });
    Ok(found)
}

/// What was logged about a removal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// The post's key.
    pub post: String,
    /// What became of it.
    pub state: RemovalState,
    /// The record with the motivation.
    pub record: RecordId,
    /// Whether the policy demands that it is registered.
    pub must_register: bool,
}

/// A person says what became of a post and why.
pub async fn explain(
    app: &mut App,
    key: &str,
    state: RemovalState,
    reason: &str,
) -> Result<Explained, OpsError> {
    let by = acting(app, Role::may_review, "motivera borttagna inlägg").await?;
    let reason = given(reason, "--reason")?;
    let row = find(app, key).await?;
    let sighted = app
        .catalogue
        .sighted_after(Some(&row.account), row.id - 1, 1)
        .await?
        .into_iter()
        .find(|sighted| sighted.row.id == row.id)
        .ok_or_else(|| OpsError::unknown("post", key))?;
    let basis = match standing(&sighted, None) {
        Some((basis, _)) => basis,
        None => RemovalBasis::Person,
    };
    let mut whole = Whole::default();
    let mut registry = Registry::open(app, &mut whole).await?;
    let must_register = state != RemovalState::StillThere && registry.demands(&sighted).await?;
    let record = RecordId::new(app.now());
    let stage = app.store.stage("removal")?;
    let details = RemovalJson {
        unit: row.unit.clone(),
        state,
        basis,
        missed: sighted.missed,
        reason,
    };
    stage.write_json(UnitNo(0), "removal.json", &details)?;
    let description = record_json(&record, RecordKind::Removal, app.now());
    let sealed = stage.seal("record", &description)?;
    let mut session = app.begin().await?;
    let now = session.catalogue.post(&row.post.key).await?;
    if now.is_none_or(|now| now.unit != row.unit) {
        return Err(OpsError::not_permitted(
            "Inlägget har fått en ny version eller gallrats under tiden. Visa det igen och motivera det som står där nu.",
        ));
    }
    let (id, unit) = (record.clone(), row.unit.clone());
    session
        .commit_record(&record, sealed, &Actor::Person(by), |sealed| {
            Body::RemovalObserved {
                unit,
                state,
                record: id,
                sealed,
            }
        })
        .await?;
    Ok(Explained {
        post: row.post.key,
        state,
        record,
        must_register,
    })
}

/// How a post's removal is known and where it stands; `None` where nothing tells of one.
fn standing(
    post: &SightedPost,
    word: Option<&RemovalRow>,
) -> Option<(RemovalBasis, RemovalStatus)> {
    let basis = if is_stated(post.row.post.state.value) {
        RemovalBasis::Stated
    } else if post.missed > 0 {
        RemovalBasis::Absent
    } else {
        return word.map(|word| (RemovalBasis::Person, said(word)));
    };
    // Lacking again after somebody said that it is still there is a new question.
    let answered = word.filter(|word| {
        word.state != RemovalState::StillThere
            || post.last_missed.is_none_or(|last| last <= word.time)
    });
    let status = match answered {
        Some(word) => said(word),
        None if basis == RemovalBasis::Stated || post.missed >= u64::from(TWICE) => {
            RemovalStatus::Proposed
        }
        None => RemovalStatus::Once,
    };
    Some((basis, status))
}

fn said(word: &RemovalRow) -> RemovalStatus {
    match word.state {
        RemovalState::StillThere => RemovalStatus::StillThere,
        RemovalState::Hidden
        | RemovalState::DeletedByAuthority
        | RemovalState::DeletedByAuthor
        | RemovalState::RemovedByPlatform => RemovalStatus::Explained,
    }
}

fn is_stated(state: StateValue) -> bool {
    match state {
        StateValue::Hidden
        | StateValue::DeletedByAuthority
        | StateValue::DeletedByAuthor
        | StateValue::RemovedByPlatform => true,
        StateValue::Live | StateValue::HeldForModeration | StateValue::NotObserved => false,
    }
}

/// Asks the policy in force what it demands of a post that is gone.
struct Registry<'a> {
    source: FactSource<'a>,
    policy: crate::policy::Policy,
    today: chrono::NaiveDate,
}

impl<'a> Registry<'a> {
    async fn open(app: &'a App, whole: &'a mut Whole) -> Result<Self, OpsError> {
        let root = app.store.root();
        let policy = policy_in_force(&app.catalogue, root).await?.policy;
        Ok(Self {
            source: FactSource::of_now(app, whole).await?,
            policy,
            today: app.now().stockholm_date(),
        })
    }

    async fn demands(&mut self, post: &SightedPost) -> Result<bool, OpsError> {
        let mut facts = self.source.of(&post.row).await?;
        facts.visibility = Some(match post.row.post.state.value {
            StateValue::Hidden => FactVisibility::Avpublicerad,
            StateValue::Live
            | StateValue::DeletedByAuthority
            | StateValue::DeletedByAuthor
            | StateValue::RemovedByPlatform
            | StateValue::HeldForModeration
            | StateValue::NotObserved => FactVisibility::Raderad,
        });
        let decision = evaluate(&self.policy, &facts, self.today);
        Ok(decision.obligations.iter().any(|one| one == REGISTER))
    }
}
