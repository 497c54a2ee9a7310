//! Policy files: checked, shown, put in force, compared, tried against their own example cases.

mod cases;
mod compare;
mod measure;

use std::path::Path;

use serde::Serialize;

use crate::app::App;
use crate::catalogue::PolicyRow;
use crate::model::digest::Sha256Hex;
use crate::model::entry::{Actor, Body};
use crate::model::finding::Finding;
use crate::model::person::Role;
use crate::ops::account;
use crate::ops::error::OpsError;
use crate::ops::person::acting;
use crate::policy::parse::parse;
use crate::policy::{Policy, builtin};

pub use cases::{CaseResult, try_cases};
pub use compare::{Comparison, PostChange, RuleChange, compare, compare_posts};
pub use measure::{Group, Measured, measure};

/// A policy that could be read, with the text it was read from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The policy.
    pub policy: Policy,
    /// The text, byte for byte.
    pub text: String,
    /// Its digest.
    pub sha256: Sha256Hex,
}

/// A policy that the program ships or that was put in force here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// `policy.id`.
    pub id: String,
    /// `policy.version`.
    pub version: String,
    /// `policy.kommun`.
    pub municipality: String,
    /// `policy.status`.
    pub status: &'static str,
    /// Digest of the file.
    pub sha256: Sha256Hex,
    /// `shipped` or `adopted`.
    pub origin: &'static str,
    /// Whether it is the one in force.
    pub in_force: bool,
    /// Whether nothing hinders execution today.
    pub executable: bool,
}

/// What adopting a policy came to.
#[derive(Clone, Debug)]
pub struct Adopted {
    /// The policy.
    pub loaded: Loaded,
    /// The policy that it replaced; `None` where it was in force already.
    pub replaces: Option<Sha256Hex>,
    /// Whether anything was written.
    pub changed: bool,
    /// Accounts that came under its due dates.
    pub accounts: usize,
    /// What hinders its execution today.
    pub hindrances: Vec<Finding>,
    /// What is missing in its chain of versions.
    pub remarks: Vec<Finding>,
}

/// The adopted policy with this digest, read from the store and checked against it.
pub fn load(app: &App, sha256: &Sha256Hex) -> Result<Policy, OpsError> {
    Ok(load_adopted(app, sha256)?.policy)
}

/// The policy in force.
pub async fn in_force(app: &App) -> Result<Loaded, OpsError> {
    let newest = app.catalogue.policies().await?.into_iter().next();
    let row = newest
        .ok_or_else(|| OpsError::Problem("no policy is in force in this archive".to_owned()))?;
    load_adopted(app, &row.sha256)
}

/// The adopted policy with this digest, and its text.
pub fn load_adopted(app: &App, sha256: &Sha256Hex) -> Result<Loaded, OpsError> {
    let name = format!("store/policies/{sha256}.toml");
    let path = app.store.root().join(&name);
    let text = std::fs::read_to_string(&path).map_err(|source| OpsError::File {
        path: path.clone(),
        source,
    })?;
    if Sha256Hex::of(text.as_bytes()) != *sha256 {
        return Err(OpsError::Problem(format!(
            "{name} is not the file that was adopted: its digest differs from its name"
        )));
    }
    let loaded = loaded(&name, text)?;
    Ok(loaded)
}

/// A shipped policy by id, or a file; a shipped id comes first, so that no file in the working directory takes its place.
pub fn find(id_or_file: &str) -> Result<Loaded, OpsError> {
    if let Some(text) = builtin::find(id_or_file) {
        return loaded(&format!("{id_or_file}.toml"), text.to_owned());
    }
    let path = Path::new(id_or_file);
    if !path.exists() {
        let known: Vec<&str> = builtin::ALL.iter().map(|(id, _)| *id).collect();
        return Err(OpsError::usage(
            format!("\"{id_or_file}\" is neither a shipped policy nor a file"),
            format!("the shipped policies are {}", known.join(", ")),
        ));
    }
    let text = std::fs::read_to_string(path).map_err(|source| OpsError::File {
        path: path.to_owned(),
        source,
    })?;
    loaded(id_or_file, text)
}

/// Every shipped policy and, with an archive, every adopted one: the newest first, the shipped ones by id.
pub async fn list(app: Option<&App>, on: chrono::NaiveDate) -> Result<Vec<Listed>, OpsError> {
    let mut all = Vec::new();
    if let Some(app) = app {
        for (index, row) in app.catalogue.policies().await?.into_iter().enumerate() {
            let loaded = load_adopted(app, &row.sha256)?;
            all.push(listed(&loaded, ("adopted", index == 0), on));
        }
    }
    for (id, _) in builtin::ALL {
        all.push(listed(&find(id)?, ("shipped", false), on));
    }
    Ok(all)
}

/// Puts a policy in force: keeps the file, writes `policy-change`, and states every open account anew, so that its due
/// dates follow. A second call after an interruption finishes what the first left.
pub async fn adopt(app: &mut App, id_or_file: &str) -> Result<Adopted, OpsError> {
    let by = Actor::Person(acting(app, Role::may_administer, "anta gallringspolicyer").await?);
    let loaded = find(id_or_file)?;
    app.store.keep_policy(&loaded.text)?;
    // Stages are made before the lock is taken: one for every account that may have to be stated anew.
    let mut stages = Vec::new();
    for row in app.catalogue.accounts().await? {
        if row.account.status.is_open() {
            stages.push(app.store.stage("account")?);
        }
    }
    let mut session = app.begin().await?;
    let hindrances = loaded.policy.hindrances(session.time().stockholm_date());
    let before = session.catalogue.policies().await?.into_iter().next();
    let before = before.filter(|row| row.sha256 != loaded.sha256);
    let remarks = match &before {
        Some(before) => chain(before, &loaded.policy)?,
        None => Vec::new(),
    };
    let replaces = before.map(|row| row.sha256);
    let behind: Vec<_> = session
        .catalogue
        .accounts()
        .await?
        .into_iter()
        .filter(|row| row.account.status.is_open() && row.policy_sha256 != loaded.sha256)
        .collect();
    if behind.len() > stages.len() {
        return Err(OpsError::Problem(
            "accounts were added meanwhile; nothing was changed, run the command again".to_owned(),
        ));
    }
    if replaces.is_some() {
        let body = Body::PolicyChange {
            policy_sha256: loaded.sha256.clone(),
            policy: loaded.policy.id.clone(),
            version: loaded.policy.version.clone(),
            executable: loaded.policy.permits_disposal() && hindrances.is_empty(),
            cadence: loaded.policy.cadence.clone(),
            replaces_sha256: replaces.clone(),
        };
        session.append(body, &by).await?;
    }
    for (row, stage) in behind.iter().zip(stages) {
        account::write(&mut session, stage, &row.account, &by).await?;
    }
    Ok(Adopted {
        changed: replaces.is_some() || !behind.is_empty(),
        accounts: behind.len(),
        loaded,
        replaces,
        hindrances,
        remarks,
    })
}

/// Whether a new version says which one it replaces: a wrong word is refused, a missing one is told.
fn chain(before: &PolicyRow, after: &Policy) -> Result<Vec<Finding>, OpsError> {
    if before.policy != after.id {
        return Ok(Vec::new());
    }
    let remark = |code: &str, message: String| Finding::warning(code, &after.status_place, message);
    let mut remarks = Vec::new();
    match &after.replaces {
        Some(named) if *named != before.version => {
            return Err(OpsError::not_permitted(format!(
                "Filen säger att den ersätter version {named}, men version {} gäller.",
                before.version
            )));
        }
        Some(_) => {}
        None => remarks.push(remark(
            "V409",
            format!(
                "filen säger inte att den ersätter version {} (ersatter)",
                before.version
            ),
        )),
    }
    if before.version == after.version {
        remarks.push(remark(
            "V410",
            format!(
                "version {} gällde redan med ett annat innehåll: ge filen ett nytt \"version\"",
                after.version
            ),
        ));
    }
    Ok(remarks)
}

fn loaded(name: &str, text: String) -> Result<Loaded, OpsError> {
    let policy = parse(name, &text).map_err(OpsError::Policy)?;
    let sha256 = Sha256Hex::of(text.as_bytes());
    Ok(Loaded {
        policy,
        text,
        sha256,
    })
}

fn listed(
    loaded: &Loaded,
    (origin, in_force): (&'static str, bool),
    on: chrono::NaiveDate,
) -> Listed {
    Listed {
        id: loaded.policy.id.clone(),
        version: loaded.policy.version.clone(),
        municipality: loaded.policy.municipality.clone(),
        status: loaded.policy.status.code(),
        sha256: loaded.sha256.clone(),
        origin,
        in_force,
        executable: loaded.policy.is_executable(on),
    }
}
