//! What somebody who can write in the archive forges, and `verify` finds: approvals, persons, disposals under a hold.

use std::path::Path;

use bevara::app::{App, record_json};
use bevara::model::entry::{Actor, ApprovalProof, Body};
use bevara::model::id::{HolderId, PersonId, RecordId, UnitNo, UnitRef};
use bevara::model::plan::{ApprovalJson, PlanJson};
use bevara::model::record::RecordKind;
use bevara::model::time::Instant;

use crate::disposal::attacks::{keygen, signed};
use crate::disposal::interruptions::open;
use crate::disposal::{approved, delivered, plan};
use crate::evidence::{codes, set};
use crate::support::Archive;

/// Writes an approval as the program would, with any signature.
async fn approve(app: &mut App, json: &ApprovalJson, actor: &PersonId, signature: Option<&Path>) {
    let record = RecordId::new(app.now());
    let stage = app.store.stage("approval").unwrap();
    stage.write_json(UnitNo(0), "approval.json", json).unwrap();
    if let Some(signature) = signature {
        let bytes = std::fs::read(signature).unwrap();
        stage.write(UnitNo(0), "approval.sig", &bytes).unwrap();
    }
    let description = record_json(&record, RecordKind::Approval, app.now());
    let sealed = stage.seal("record", &description).unwrap();
    let id = record.clone();
    let mut session = app.begin().await.unwrap();
    session
        .commit_record(&record, sealed, &Actor::Person(actor.clone()), |sealed| {
            Body::Approval {
                plan: json.plan.clone(),
                digest_sha256: json.digest_sha256.clone(),
                approver: actor.clone(),
                proof: json.proof,
                executable_from: json.executable_from,
                expires: json.expires,
                record: id,
                sealed,
            }
        })
        .await
        .unwrap();
}

fn frozen(archive: &Archive, plan: &str) -> PlanJson {
    let path = archive
        .path()
        .join(format!("store/records/{plan}/units/000000/plan.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[tokio::test]
async fn a_forged_approval_is_found() {
    let base = delivered();
    let dir = base.beside().to_owned();
    let (other_key, _) = keygen(&dir, "other");
    let (second_key, second_line) = keygen(&dir, "second");
    let second = base.add_person("2026-08-03", "Lo Annan", "foretradare");
    base.json(
        "2026-08-03",
        &["person", "set", &second, "--ssh-key", &second_line],
    )
    .exits(0);
    let (plan, digest) = plan(&base);
    let content = format!("{digest}\n");
    let good = signed(&dir, &second_key, "bevara-disposal", &content);
    let kept = dir.join("good.sig");
    std::fs::rename(&good, &kept).unwrap();
    let by_other = signed(&dir, &other_key, "bevara-disposal", &content);
    let time = |text: &str| Instant::parse_as_of(text).unwrap();
    let honest = ApprovalJson {
        v: "1".to_owned(),
        plan: plan.parse().unwrap(),
        digest_sha256: digest.try_into().unwrap(),
        approver: second.parse().unwrap(),
        proof: ApprovalProof::Signature,
        decision: None,
        executable_from: time("2026-10-02"),
        expires: time("2026-12-31"),
        sample: None,
    };
    let differs = ApprovalJson {
        expires: time("2027-12-31"),
        ..honest.clone()
    };
    let unsaid = ApprovalJson {
        proof: ApprovalProof::Decision,
        ..honest.clone()
    };
    let person: PersonId = second.parse().unwrap();
    let found = async |json: &ApprovalJson, signature: Option<&Path>| {
        let archive = base.copied();
        let mut app = open(&archive, "2026-09-02").await;
        approve(&mut app, json, &person, signature).await;
        drop(app);
        codes(&archive.path(), &["--as-of", "2026-09-02"])
    };
    assert_eq!(found(&honest, Some(&kept)).await, (0, set(&[])));
    let forged = (1, set(&["E324"]));
    assert_eq!(found(&honest, Some(&by_other)).await, forged);
    assert_eq!(found(&honest, None).await, forged);
    assert_eq!(found(&unsaid, None).await, forged);
    let differing = async {
        let archive = base.copied();
        let mut app = open(&archive, "2026-09-02").await;
        // The log says one thing, the record another.
        let record = RecordId::new(app.now());
        let stage = app.store.stage("approval").unwrap();
        stage
            .write_json(UnitNo(0), "approval.json", &differs)
            .unwrap();
        let bytes = std::fs::read(&kept).unwrap();
        stage.write(UnitNo(0), "approval.sig", &bytes).unwrap();
        let description = record_json(&record, RecordKind::Approval, app.now());
        let sealed = stage.seal("record", &description).unwrap();
        let id = record.clone();
        let actor = Actor::Person(person.clone());
        let mut session = app.begin().await.unwrap();
        session
            .commit_record(&record, sealed, &actor, |sealed| Body::Approval {
                plan: honest.plan.clone(),
                digest_sha256: honest.digest_sha256.clone(),
                approver: person.clone(),
                proof: honest.proof,
                executable_from: honest.executable_from,
                expires: honest.expires,
                record: id,
                sealed,
            })
            .await
            .unwrap();
        drop(app);
        codes(&archive.path(), &["--as-of", "2026-09-02"])
    };
    assert_eq!(differing.await, (1, set(&["E323"])));
}

/// Registers a person without the program's checks.
async fn register(archive: &Archive, key: &str) {
    let mut app = open(archive, "2026-08-04").await;
    let record = RecordId::new(app.now());
    let stage = app.store.stage("person").unwrap();
    let name = serde_json::json!({ "name": "Skugga" });
    stage.write_json(UnitNo(0), "person.json", &name).unwrap();
    let description = record_json(&record, RecordKind::Person, app.now());
    let sealed = stage.seal("record", &description).unwrap();
    let id = record.clone();
    let actor = Actor::Person(archive.person.parse().unwrap());
    let bare = key.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let mut session = app.begin().await.unwrap();
    session
        .commit_record(&record, sealed, &actor, |sealed| Body::PersonChanged {
            person: PersonId::random(),
            role: bevara::model::person::Role::Foretradare,
            active: true,
            ssh_key: Some(bare),
            record: id,
            sealed,
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_second_person_with_a_key_already_held_is_found() {
    let archive = delivered();
    let (_, line) = keygen(archive.beside(), "planner");
    archive
        .json(
            "2026-08-01",
            &["person", "set", &archive.person, "--ssh-key", &line],
        )
        .exits(0);
    let (_, fresh) = keygen(archive.beside(), "fresh");
    archive
        .json(
            "2026-08-02",
            &["person", "set", &archive.person, "--ssh-key", &fresh],
        )
        .exits(0);
    assert_eq!(
        codes(&archive.path(), &["--as-of", "2026-09-02"]),
        (0, set(&[]))
    );
    register(&archive, &line).await;
    assert_eq!(
        codes(&archive.path(), &["--as-of", "2026-09-02"]),
        (1, set(&["E322"]))
    );
}

#[tokio::test]
async fn a_disposal_under_a_hold_is_found_as_far_as_the_log_tells() {
    let base = delivered();
    let (plan, _) = approved(&base);
    let item = frozen(&base, &plan).items.remove(0);
    let held = async |scope: &[&str]| {
        let archive = base.copied();
        let mut args = vec![
            "hold", "place", "--ground", "tvist", "--reason", "Krav", "--scope",
        ];
        args.extend(scope);
        archive.json("2026-10-02", &args).exits(0);
        let mut app = open(&archive, "2026-10-02").await;
        let plan: RecordId = plan.parse().unwrap();
        // What a changed program without the check would do.
        let _folder = app.store.disposal_folder(&plan).unwrap();
        let approval = app.catalogue.approval(&plan).await.unwrap().unwrap();
        let actor = Actor::Person(archive.person.parse().unwrap());
        let units: Vec<_> = item
            .units
            .iter()
            .map(|one| (one.unit.clone(), Some(item.account.clone())))
            .collect();
        let policy = app
            .catalogue
            .plan(&plan)
            .await
            .unwrap()
            .unwrap()
            .policy_sha256;
        let body = Body::Disposal {
            plan: plan.clone(),
            approval: Some(approval.record),
            account: Some(item.account.clone()),
            kind: item.kind,
            role: item.role,
            month: item.month.clone(),
            rules: item.rules.clone(),
            decisions: item.decisions.clone(),
            policy_sha256: policy,
            units: item.units.clone(),
        };
        let mut session = app.begin().await.unwrap();
        session.dispose(&plan, body, &units, &actor).await.unwrap();
        drop(app);
        codes(&archive.path(), &["--as-of", "2026-10-02"])
    };
    let found = (1, set(&["E208", "E321"]));
    let told = (5, set(&["E208", "N004"]));
    let clear = (5, set(&["E208"]));
    assert_eq!(held(&["account", "--account", "blogg"]).await, found);
    let may = ["period", "--from", "2026-05-01", "--to", "2026-05-31"];
    assert_eq!(held(&may).await, found);
    let a_part = ["period", "--from", "2026-05-04", "--to", "2026-05-31"];
    assert_eq!(held(&a_part).await, told);
    let june = ["period", "--from", "2026-06-01"];
    assert_eq!(held(&june).await, clear);
    assert_eq!(held(&["query", "--query", "badhuset"]).await, told);
}

#[tokio::test]
async fn a_diarienummer_for_what_was_not_handed_over_is_found() {
    let base = delivered();
    let (plan, _) = plan(&base);
    let items = frozen(&base, &plan).items;
    let unit = |at: usize| items[at].units[0].unit.clone();
    let person: PersonId = base.person.parse().unwrap();
    let found = async |handed: Vec<UnitRef>, receipted: Vec<UnitRef>, named: bool| {
        let archive = base.copied();
        let mut app = open(&archive, "2026-09-02").await;
        let (handover, receipt) = (RecordId::new(app.now()), RecordId::new(app.now()));
        let actor = Actor::Person(person.clone());
        let of = if named {
            handover.clone()
        } else {
            receipt.clone()
        };
        for id in [&handover, &receipt] {
            let first = *id == handover;
            let kind = if first {
                RecordKind::Handover
            } else {
                RecordKind::RegistryReceipt
            };
            let name = if first {
                "handover.json"
            } else {
                "receipt.json"
            };
            let stage = app.store.stage("registry").unwrap();
            stage
                .write_json(UnitNo(0), name, &serde_json::json!({}))
                .unwrap();
            let sealed = stage
                .seal("record", &record_json(id, kind, app.now()))
                .unwrap();
            let (handed, receipted, of) = (handed.clone(), receipted.clone(), of.clone());
            let mut session = app.begin().await.unwrap();
            session
                .commit_record(id, sealed, &actor, |sealed| {
                    if first {
                        Body::RegistryHandover {
                            handover: id.clone(),
                            units: handed,
                            sealed,
                        }
                    } else {
                        Body::RegistryReceipt {
                            receipt: id.clone(),
                            handover: of,
                            units: receipted,
                            sealed,
                        }
                    }
                })
                .await
                .unwrap();
        }
        drop(app);
        codes(&archive.path(), &["--as-of", "2026-09-02"])
    };
    let forged = (1, set(&["E326"]));
    let both = vec![unit(0), unit(1)];
    assert_eq!(
        found(both.clone(), vec![unit(0)], true).await,
        (0, set(&[]))
    );
    assert_eq!(found(vec![unit(0)], both.clone(), true).await, forged);
    assert_eq!(found(both.clone(), both.clone(), false).await, forged);
    let never = UnitRef {
        holder: HolderId::Record(RecordId::new(Instant::parse_as_of("2026-01-01").unwrap())),
        unit: UnitNo(1),
    };
    assert_eq!(found(vec![never], Vec::new(), true).await, forged);
}
