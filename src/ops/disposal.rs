//! Disposal runs: plan, approval by another person, waiting period, execution, record, audit. What each step may do is
//! decided in [`crate::disposal`] and on the safety floor; what is destroyed goes through [`crate::store`] alone.

pub mod approve;
pub mod audit;
pub mod document;
pub mod execute;
pub mod explain;
pub mod plan;
pub mod record;
mod remaining;
pub mod residue;
pub mod returned;
pub mod sheet;
mod taken;

use std::collections::BTreeMap;

use crate::catalogue::{Catalogue, PlanRow};
use crate::detect;
use crate::disposal::{Approved, Standing};
use crate::model::digest::Sha256Hex;
use crate::model::id::{AccountId, Alias, HolderId, RecordId, UnitNo};
use crate::model::json;
use crate::model::plan::{ListJson, PlanJson};
use crate::model::time::Instant;
use crate::ops::error::{ErrorKind, OpsError};
use crate::policy::Policy;
use crate::policy::evaluate::ENGINE_VERSION;
use crate::policy::parse;
use crate::store::read;

/// Unit of a plan with `plan.json`: permanent.
pub(crate) const FROZEN: UnitNo = UnitNo(0);
/// Unit of a plan with `list.json`: disposed of with the posts.
pub(crate) const LIST: UnitNo = UnitNo(1);

/// The policy in force.
#[derive(Debug)]
pub(crate) struct InForce {
    pub(crate) policy: Policy,
    pub(crate) sha256: Sha256Hex,
}

/// Reads the policy in force.
pub(crate) async fn policy_in_force(
    catalogue: &Catalogue,
    root: &std::path::Path,
) -> Result<InForce, OpsError> {
    let row = catalogue
        .policies()
        .await?
        .into_iter()
        .next()
        .ok_or_else(|| {
            OpsError::not_permitted("Ingen gallringspolicy är antagen; inget kan gallras.")
        })?;
    policy_of(root, &row.sha256)
}

/// Reads an adopted policy from the store and checks that it is the file that was adopted.
pub(crate) fn policy_of(root: &std::path::Path, sha256: &Sha256Hex) -> Result<InForce, OpsError> {
    let name = format!("store/policies/{sha256}.toml");
    let path = root.join(&name);
    let text = std::fs::read_to_string(&path).map_err(|source| OpsError::File { path, source })?;
    if Sha256Hex::of(text.as_bytes()) != *sha256 {
        return Err(OpsError::Problem(format!(
            "{name} is not the file that was adopted"
        )));
    }
    let policy = parse::parse(&name, &text).map_err(|faults| {
        OpsError::part(
            format!("the adopted policy {name} cannot be read"),
            ErrorKind::Problem,
            faults,
        )
    })?;
    Ok(InForce {
        policy,
        sha256: sha256.clone(),
    })
}

/// A plan with what it froze.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) row: PlanRow,
    pub(crate) json: PlanJson,
}

/// Reads a plan, and checks that `plan.json` is what the log says.
pub(crate) async fn load(
    catalogue: &Catalogue,
    root: &std::path::Path,
    plan: &RecordId,
) -> Result<Loaded, OpsError> {
    let row = catalogue
        .plan(plan)
        .await?
        .ok_or_else(|| OpsError::unknown("plan", plan))?;
    let name = format!("store/records/{plan}/units/{FROZEN}/plan.json");
    let bytes = read::unit_file(
        root,
        (&HolderId::Record(plan.clone()), None),
        FROZEN,
        "plan.json",
    )
    .map_err(|source| OpsError::File {
        path: root.join(&name),
        source,
    })?
    .ok_or_else(|| OpsError::Problem(format!("{name} is missing")))?;
    if Sha256Hex::of(&bytes) != row.digest {
        return Err(OpsError::Problem(format!(
            "{name} is not the file that the log names"
        )));
    }
    let json: PlanJson =
        json::from_slice(&bytes).map_err(|source| OpsError::Document { path: name, source })?;
    Ok(Loaded { row, json })
}

/// Reads a plan's readable list; `None` once it was disposed of.
pub(crate) fn load_list(
    root: &std::path::Path,
    plan: &RecordId,
) -> Result<Option<ListJson>, OpsError> {
    let name = format!("store/records/{plan}/units/{LIST}/list.json");
    let holder = HolderId::Record(plan.clone());
    let bytes = read::unit_file(root, (&holder, None), LIST, "list.json").map_err(|source| {
        OpsError::File {
            path: root.join(&name),
            source,
        }
    })?;
    match bytes {
        Some(bytes) => json::from_slice(&bytes)
            .map(Some)
            .map_err(|source| OpsError::Document { path: name, source }),
        None => Ok(None),
    }
}

/// Where a plan stands.
pub(crate) async fn standing(
    catalogue: &Catalogue,
    root: &std::path::Path,
    (row, json): (&PlanRow, &PlanJson),
    now: Instant,
) -> Result<Standing, OpsError> {
    let approval = catalogue.approval(&row.id).await?;
    let policy = policy_in_force(catalogue, root).await?;
    let hindrances = policy
        .policy
        .hindrances(now.stockholm_date())
        .into_iter()
        .map(|finding| finding.message)
        .collect();
    Ok(Standing {
        withdrawn: row.withdrawn,
        confirmed: row.confirmed.is_some(),
        planner: row.planner.clone(),
        approval: approval.map(|approval| Approved {
            names_plan: approval.digest == row.digest,
            approver: approval.approver,
            executable_from: approval.executable_from,
            expires: approval.expires,
        }),
        unchanged: policy.sha256 == row.policy_sha256
            && json.engine == ENGINE_VERSION
            && json.detectors == detect::VERSION,
        hindrances,
    })
}

/// The alias of every account.
pub(crate) async fn aliases(catalogue: &Catalogue) -> Result<BTreeMap<AccountId, Alias>, OpsError> {
    let accounts = catalogue.accounts().await?;
    Ok(accounts
        .into_iter()
        .map(|row| (row.account.id, row.account.alias))
        .collect())
}
