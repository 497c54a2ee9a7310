//! Why a post is treated as it is, and where a plan stands, for people to judge.

use serde::Serialize;

use crate::app::App;
use crate::catalogue::{ApprovalRow, PlanRow};
use crate::detect;
use crate::disposal::State;
use crate::model::digest::Sha256Hex;
use crate::model::entry::Tombstone;
use crate::model::facts::PostFacts;
use crate::model::id::{Alias, RecordId};
use crate::model::plan::ListRow;
use crate::ops::disposal::plan::decide;
use crate::ops::disposal::{aliases, load, load_list, policy_in_force, standing};
use crate::ops::error::OpsError;
use crate::ops::facts::FactSource;
use crate::ops::facts::whole::Whole;
use crate::policy::Policy;
use crate::policy::evaluate::{Decision, ENGINE_VERSION};

/// A plan as `disposal show` tells it.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// The plan.
    #[serde(flatten)]
    pub row: PlanRow,
    /// Where it stands.
    pub state: State,
}

/// One plan in full.
#[derive(Debug)]
pub struct Full {
    /// The plan.
    pub shown: Shown,
    /// Its approval.
    pub approval: Option<ApprovalRow>,
    /// Its readable list, as long as there is one.
    pub list: Option<Vec<ListRow>>,
    /// What it froze: each post's units.
    pub units: Vec<Vec<Tombstone>>,
    /// Why it may not be executed now.
    pub refusal: Option<String>,
}

/// Every plan, oldest first.
pub async fn plans(app: &App) -> Result<Vec<Shown>, OpsError> {
    let mut plans = Vec::new();
    for row in app.catalogue.plans().await? {
        plans.push(show(app, &row.id).await?.shown);
    }
    Ok(plans)
}

/// One plan.
pub async fn show(app: &App, plan: &RecordId) -> Result<Full, OpsError> {
    let root = app.store.root();
    let loaded = load(&app.catalogue, root, plan).await?;
    let now = app.now();
    let standing = standing(&app.catalogue, root, (&loaded.row, &loaded.json), now).await?;
    Ok(Full {
        approval: app.catalogue.approval(plan).await?,
        list: load_list(root, plan)?.map(|list| list.rows),
        units: loaded
            .json
            .items
            .into_iter()
            .map(|item| item.units)
            .collect(),
        refusal: standing.refusal(now),
        shown: Shown {
            row: loaded.row,
            state: standing.state(now),
        },
    })
}

/// Why a post is treated as it is.
#[derive(Debug, Serialize)]
pub struct Explained {
    /// Its key.
    pub post: String,
    /// Its account.
    pub account: Alias,
    /// The decision with every rule that holds or may hold.
    #[serde(flatten)]
    pub decision: Decision,
    /// The facts that it rests on, with who answered each flag.
    pub facts: PostFacts,
    /// The policy file.
    pub policy_sha256: Sha256Hex,
    /// Version of the engine.
    pub engine: String,
    /// Version of the detectors.
    pub detectors: String,
    /// Plans that hold the post.
    pub plans: Vec<RecordId>,
    /// The policy, for the headings of its rules.
    #[serde(skip)]
    pub policy: Policy,
}

/// Evaluates one post as of now and tells why.
pub async fn explain(app: &App, key: &str) -> Result<Explained, OpsError> {
    let row = app
        .catalogue
        .post(key)
        .await?
        .ok_or_else(|| OpsError::unknown("post", key))?;
    let root = app.store.root();
    let policy = policy_in_force(&app.catalogue, root).await?;
    let mut whole = Whole::default();
    let mut source = FactSource::of_now(app, &mut whole).await?;
    let day = app.now().stockholm_date();
    let (facts, decision) = decide(&mut source, &policy.policy, &row, day).await?;
    let aliases = aliases(&app.catalogue).await?;
    let account = aliases
        .get(&row.account)
        .cloned()
        .ok_or_else(|| OpsError::unknown("account", &row.account))?;
    let mut plans = Vec::new();
    for plan in app.catalogue.plans().await? {
        let loaded = load(&app.catalogue, root, &plan.id).await?;
        if loaded.json.items.iter().any(|item| item.has(&row.unit)) {
            plans.push(plan.id);
        }
    }
    Ok(Explained {
        post: key.to_owned(),
        account,
        decision,
        facts,
        policy_sha256: policy.sha256,
        engine: ENGINE_VERSION.to_owned(),
        detectors: detect::VERSION.to_owned(),
        plans,
        policy: policy.policy,
    })
}
