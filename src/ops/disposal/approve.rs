//! Approval by another person than the planner, with its proof; removals on the way, additions never; withdrawal.

use crate::app::{App, record_json};
use crate::catalogue::{ApprovalRow, Catalogue};
use crate::disposal::signature;
use crate::disposal::{EXECUTION_DAYS, State, days_later};
use crate::model::digest::Sha256Hex;
use crate::model::entry::{Actor, ApprovalProof, Body, Tombstone};
use crate::model::id::{HolderId, PersonId, RecordId, UnitNo, UnitRef};
use crate::model::person::Role;
use crate::model::plan::{ApprovalJson, ListJson, PlanJson, ReasonJson, Sample, VERSION};
use crate::model::record::RecordKind;
use crate::model::time::Instant;
use crate::ops::disposal::plan::{entry, seal};
use crate::ops::disposal::{LIST, Loaded, load, load_list, standing};
use crate::ops::error::OpsError;
use crate::ops::hold::given;
use crate::ops::person::{acting, keys_held, list as persons};
use crate::store::stage::SealedStage;

/// What proves an approval.
#[derive(Clone, Debug)]
pub enum Proof {
    /// A reference to the signed decision, such as `KS 2026/12 § 4`.
    Decision(String),
    /// An armoured signature by `ssh-keygen -Y sign -n bevara-disposal` over the digest and LF.
    Signature(String),
}

/// What came of an approval.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Approval {
    /// The plan: a new one where posts were removed.
    pub plan: RecordId,
    /// SHA-256 of its `plan.json`.
    pub digest: Sha256Hex,
    /// When the waiting period ends; `None` where posts were removed and the new plan is yet to be approved.
    pub executable_from: Option<Instant>,
}

/// An approval ready to be committed.
#[derive(Debug)]
struct Ready {
    id: RecordId,
    sealed: SealedStage,
    json: ApprovalJson,
}

/// Approves a plan, without the posts removed. A signature cannot cover a plan that does not exist yet: with removals
/// and no decision the new plan is only written.
pub async fn approve(
    app: &mut App,
    plan: &RecordId,
    proof: Option<&Proof>,
    remove: &[String],
    sample: Option<&Sample>,
) -> Result<Approval, OpsError> {
    let by = acting(app, Role::may_approve, "godkänna gallring").await?;
    let loaded = load(&app.catalogue, app.store.root(), plan).await?;
    approvable(app, &loaded, &by).await?;
    let posts = loaded.json.items.len() as u64;
    if sample.is_some_and(|sample| sample.posts == 0 || sample.posts > posts) {
        return Err(OpsError::usage(
            format!("a sample of a plan of {posts} posts holds 1 to {posts}"),
            "write --sample N --sample-result TEXT",
        ));
    }
    let list = load_list(app.store.root(), plan)?.ok_or_else(|| {
        OpsError::not_permitted(
            "Planens lista finns inte längre: inlägg i den har gallrats enligt en annan plan. Gör en ny plan.",
        )
    })?;
    match (proof, remove.is_empty()) {
        (None, true) => Err(OpsError::usage(
            "an approval needs its proof",
            "write --decision \"KS 2026/12 § 4\" or --signature FILE",
        )),
        (Some(Proof::Signature(_)), false) => Err(OpsError::usage(
            "a signature over this plan does not cover the plan without the posts removed",
            "first approve PLAN --remove KEY, then sign the new plan's digest",
        )),
        (Some(proof), true) => {
            let of = (&loaded.json, &loaded.row.digest);
            let ready = ready(app, of, &by, (proof, sample)).await?;
            let executable_from = Some(ready.json.executable_from);
            commit(app, None, Some(ready), (&loaded, &by)).await?;
            Ok(Approval {
                plan: plan.clone(),
                digest: loaded.row.digest,
                executable_from,
            })
        }
        (proof, false) => without(app, (&loaded, list), &by, (proof, sample), remove).await,
    }
}

/// Writes the plan without the posts removed, and approves it where a decision is referred to.
async fn without(
    app: &mut App,
    (loaded, list): (&Loaded, ListJson),
    by: &PersonId,
    (proof, sample): (Option<&Proof>, Option<&Sample>),
    remove: &[String],
) -> Result<Approval, OpsError> {
    let (json, list) = reduced(app.now(), &loaded.json, list, remove)?;
    let (sealed, digest) = seal(app, &json, &list)?;
    let approval = match proof {
        Some(proof) => Some(ready(app, (&json, &digest), by, (proof, sample)).await?),
        None => None,
    };
    let executable_from = approval.as_ref().map(|ready| ready.json.executable_from);
    let replacement = Some((sealed, &json, digest.clone()));
    commit(app, replacement, approval, (loaded, by)).await?;
    dispose_list(app, loaded, None, by).await?;
    Ok(Approval {
        plan: json.plan,
        digest,
        executable_from,
    })
}

/// The plan and its list without the posts with these keys. The planner stays; nothing is ever added.
fn reduced(
    now: Instant,
    plan: &PlanJson,
    list: ListJson,
    remove: &[String],
) -> Result<(PlanJson, ListJson), OpsError> {
    if let Some(unknown) = remove
        .iter()
        .find(|key| !list.rows.iter().any(|row| row.post == **key))
    {
        return Err(OpsError::unknown("post in the plan", unknown));
    }
    let (gone, rows): (Vec<_>, Vec<_>) = list
        .rows
        .into_iter()
        .partition(|row| remove.contains(&row.post));
    if rows.is_empty() {
        return Err(OpsError::usage(
            "nothing would be left of the plan",
            "withdraw it: bevara disposal withdraw PLAN --reason TEXT",
        ));
    }
    let id = RecordId::new(now);
    let mut json = plan.clone();
    json.plan = id.clone();
    json.created = now;
    json.replaces = Some(plan.plan.clone());
    for row in &gone {
        if let Some(index) = json.items.iter().position(|item| item.has(&row.unit)) {
            let item = json.items.remove(index);
            for share in &mut json.accounts {
                if share.account == item.account {
                    share.items -= 1;
                }
            }
        }
    }
    json.accounts.retain(|share| share.items > 0);
    *json.excluded.entry("removed".to_owned()).or_default() += gone.len() as u64;
    let list = ListJson {
        v: VERSION.to_owned(),
        plan: id,
        rows,
    };
    Ok((json, list))
}

/// Whether the plan waits for an approval that this person may give.
async fn approvable(app: &App, loaded: &Loaded, by: &PersonId) -> Result<(), OpsError> {
    let place = (&loaded.row, &loaded.json);
    let standing = standing(&app.catalogue, app.store.root(), place, app.now()).await?;
    let sentence = match standing.state(app.now()) {
        _ if loaded.row.planner == *by => {
            "Den som planerade får inte godkänna: det ska göras av en annan person (G8)."
        }
        State::Planned => return Ok(()),
        State::Executed => "Planen är redan verkställd.",
        State::Withdrawn => "Planen är återkallad eller ersatt av en annan.",
        State::Lapsed => {
            "Planen har förfallit: policyn, regelmotorn eller detektorerna har ändrats, eller så gick tiden ut. Gör en ny plan."
        }
        State::Waiting | State::Executable => "Planen är redan godkänd.",
    };
    Err(OpsError::not_permitted(sentence))
}

/// Checks the proof and seals the approval's record.
async fn ready(
    app: &App,
    (plan, digest): (&PlanJson, &Sha256Hex),
    by: &PersonId,
    (proof, sample): (&Proof, Option<&Sample>),
) -> Result<Ready, OpsError> {
    let now = app.now();
    let executable_from = days_later(now, plan.waiting_days);
    let decision = match proof {
        Proof::Decision(text) => Some(given(text, "--decision")?),
        Proof::Signature(armour) => {
            check_signature(app, plan, digest, by, armour).await?;
            None
        }
    };
    let json = ApprovalJson {
        v: VERSION.to_owned(),
        plan: plan.plan.clone(),
        digest_sha256: digest.clone(),
        approver: by.clone(),
        proof: match proof {
            Proof::Decision(_) => ApprovalProof::Decision,
            Proof::Signature(_) => ApprovalProof::Signature,
        },
        decision,
        executable_from,
        expires: days_later(executable_from, EXECUTION_DAYS),
        sample: sample.cloned(),
    };
    let stage = app.store.stage("approval")?;
    stage.write_json(UnitNo(0), "approval.json", &json)?;
    if let Proof::Signature(armour) = proof {
        stage.write(UnitNo(0), "approval.sig", armour.as_bytes())?;
    }
    let id = RecordId::new(now);
    let sealed = stage.seal("record", &record_json(&id, RecordKind::Approval, now))?;
    Ok(Ready { id, sealed, json })
}

/// The approver's own key, and never one that the planner holds or held: one person with two names is one person.
async fn check_signature(
    app: &App,
    plan: &PlanJson,
    digest: &Sha256Hex,
    by: &PersonId,
    armour: &str,
) -> Result<(), OpsError> {
    let key = persons(app)
        .await?
        .into_iter()
        .find(|person| person.person == *by)
        .and_then(|person| person.ssh_key)
        .ok_or_else(|| {
            OpsError::not_permitted(format!(
                "Personen {by} har ingen registrerad SSH-nyckel; godkänn med --decision eller registrera nyckeln."
            ))
        })?;
    let held = keys_held(app.store.root())?;
    if held
        .iter()
        .any(|(whose, held)| *whose == plan.planner && *held == key)
    {
        return Err(OpsError::not_permitted(
            "Nyckeln hör eller har hört till planeraren; den bevisar inte en annan persons godkännande (G8).",
        ));
    }
    signature::check(&key, digest, armour)
        .map_err(|error| OpsError::not_permitted(error.to_string()))
}

/// Under one lock: the plan that replaces the old, the old one's withdrawal, the approval.
async fn commit(
    app: &mut App,
    replacement: Option<(SealedStage, &PlanJson, Sha256Hex)>,
    approval: Option<Ready>,
    (old, by): (&Loaded, &PersonId),
) -> Result<(), OpsError> {
    let actor = Actor::Person(by.clone());
    let mut session = app.begin().await?;
    if let Some(sentence) = taken(session.catalogue, &old.row.id).await? {
        return Err(OpsError::not_permitted(sentence));
    }
    if let Some((sealed, json, digest)) = replacement {
        session
            .commit_record(&json.plan, sealed, &actor, entry(json, digest))
            .await?;
        let body = Body::PlanWithdrawn {
            plan: old.row.id.clone(),
            replaced_by: Some(json.plan.clone()),
            record: None,
            sealed: None,
        };
        session.append(body, &actor).await?;
    }
    if let Some(Ready { id, sealed, json }) = approval {
        let record = id.clone();
        session
            .commit_record(&id, sealed, &actor, |sealed| Body::Approval {
                plan: json.plan,
                digest_sha256: json.digest_sha256,
                approver: json.approver,
                proof: json.proof,
                executable_from: json.executable_from,
                expires: json.expires,
                record,
                sealed,
            })
            .await?;
    }
    Ok(())
}

/// What another process has done with a plan since it was read.
async fn taken(catalogue: &Catalogue, plan: &RecordId) -> Result<Option<String>, OpsError> {
    let row = catalogue
        .plan(plan)
        .await?
        .ok_or_else(|| OpsError::unknown("plan", plan))?;
    let approval: Option<ApprovalRow> = catalogue.approval(plan).await?;
    Ok(if row.withdrawn {
        Some("Planen är återkallad eller ersatt av en annan.".to_owned())
    } else if approval.is_some() {
        Some("Planen är redan godkänd.".to_owned())
    } else {
        None
    })
}

/// Withdraws a plan and disposes of its readable list.
pub async fn withdraw(app: &mut App, plan: &RecordId, reason: &str) -> Result<(), OpsError> {
    let by = acting(app, Role::may_approve, "återkalla en plan").await?;
    let reason = given(reason, "--reason")?;
    let loaded = load(&app.catalogue, app.store.root(), plan).await?;
    if loaded.row.confirmed.is_some() {
        return Err(OpsError::not_permitted("Planen är redan verkställd."));
    }
    let begun = app.catalogue.disposed_units(plan).await?;
    if begun
        .iter()
        .any(|unit| unit.unit != LIST || unit.holder != HolderId::Record(plan.clone()))
    {
        return Err(OpsError::not_permitted(
            "Verkställandet har börjat; kör disposal execute igen så att det blir klart.",
        ));
    }
    if !loaded.row.withdrawn {
        let record = RecordId::new(app.now());
        let stage = app.store.stage("withdrawal")?;
        stage.write_json(UnitNo(0), "withdrawal.json", &ReasonJson { reason })?;
        let description = record_json(&record, RecordKind::Withdrawal, app.now());
        let sealed = stage.seal("record", &description)?;
        let mut session = app.begin().await?;
        let (id, plan) = (record.clone(), plan.clone());
        session
            .commit_record(&record, sealed, &Actor::Person(by.clone()), |sealed| {
                Body::PlanWithdrawn {
                    plan,
                    replaced_by: None,
                    record: Some(id),
                    sealed: Some(sealed),
                }
            })
            .await?;
    }
    dispose_list(app, &loaded, None, &by).await
}

/// Disposes of a plan's readable list and destroys it; finishes what a crash had left. Safe to repeat.
pub(crate) async fn dispose_list(
    app: &mut App,
    plan: &Loaded,
    approval: Option<&RecordId>,
    by: &PersonId,
) -> Result<(), OpsError> {
    let folder = app.store.disposal_folder(&plan.row.id)?;
    take_list(app, plan, approval, by).await?;
    Ok(folder.destroy()?)
}

/// Takes a plan's list out of the store, into the folder of its disposal.
pub(crate) async fn take_list(
    app: &mut App,
    plan: &Loaded,
    approval: Option<&RecordId>,
    by: &PersonId,
) -> Result<(), OpsError> {
    let unit = UnitRef {
        holder: HolderId::Record(plan.row.id.clone()),
        unit: LIST,
    };
    let id = &plan.row.id;
    let done = app.catalogue.disposed_units(id).await?.contains(&unit);
    let commitment = if done {
        None
    } else {
        Some(app.store.commitment(&unit, None)?)
    };
    let mut session = app.begin().await?;
    let units = [(unit.clone(), None)];
    let Some(commitment) = commitment else {
        return Ok(session.finish_disposal(id, &units)?);
    };
    let body = Body::Disposal {
        plan: id.clone(),
        approval: approval.cloned(),
        account: None,
        kind: None,
        role: None,
        month: None,
        rules: Vec::new(),
        decisions: Vec::new(),
        policy_sha256: plan.row.policy_sha256.clone(),
        units: vec![Tombstone { unit, commitment }],
    };
    session
        .dispose(id, body, &units, &Actor::Person(by.clone()))
        .await?;
    Ok(())
}
