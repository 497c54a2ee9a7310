//! Units that the log disposes of: everything else still verifies, and what the rules forbid is found.

use std::fs;
use std::path::Path;

use bevara::model::digest::Sha256Hex;
use bevara::model::entry::{Actor, ApprovalProof, Body, Tombstone};
use bevara::model::id::{AccountId, HolderId, PersonId, RecordId, UnitNo, UnitRef};
use bevara::model::record::{RecordJson, RecordKind};
use bevara::model::time::Instant;
use bevara::store::Store;
use bevara::store::lock;

use crate::evidence::{add_capture, codes, set};
use crate::support::Archive;

/// A disposal as it would stand in the log, with what a rule may break.
struct Case {
    approver: usize,
    approved: &'static str,
    executable_from: &'static str,
    disposed: &'static str,
    approval: bool,
    confirmed: bool,
    taken_out: bool,
}

const LAWFUL: Case = Case {
    approver: 1,
    approved: "2026-06-04",
    executable_from: "2026-07-05",
    disposed: "2026-07-06",
    approval: true,
    confirmed: true,
    taken_out: true,
};

struct Scene {
    archive: Archive,
    account: AccountId,
    unit: UnitRef,
    persons: [PersonId; 2],
}

fn scene() -> Scene {
    let archive = Archive::new("2026-06-01");
    let account = archive.add_account("2026-06-01", "kommun-blogg", "blogg", "http://127.0.0.1/");
    let second = archive.add_person("2026-06-01", "Alex Exempel", "foretradare");
    let slots = [("half-year", "2026-07-01")];
    let capture = add_capture(&archive, &account, "2026-06-02", &slots);
    let id = capture.file_name().unwrap().to_str().unwrap();
    let unit = UnitRef {
        holder: id.parse().unwrap(),
        unit: UnitNo(1),
    };
    let persons = [archive.person.parse().unwrap(), second.parse().unwrap()];
    Scene {
        archive,
        account: account.parse().unwrap(),
        unit,
        persons,
    }
}

/// Writes a record with one file, and the entry that `body` makes of it.
fn record(
    store: &mut Store,
    (at, by): (&str, &PersonId),
    kind: RecordKind,
    (name, bytes): (&str, &[u8]),
    body: impl FnOnce(RecordId, bevara::model::entry::Sealed) -> Body,
) -> RecordId {
    let time = Instant::parse_as_of(at).unwrap();
    let id = RecordId::new(time);
    let stage = store.stage("record").unwrap();
    stage.write(UnitNo(0), name, bytes).unwrap();
    let json = RecordJson {
        v: "1".to_owned(),
        id: id.clone(),
        kind,
        created: time,
        tools: std::collections::BTreeMap::new(),
    };
    let sealed = stage.seal("record", &json).unwrap();
    let holder = HolderId::Record(id.clone());
    let made = id.clone();
    let mut writer = store.lock(lock::WAIT).unwrap();
    writer
        .commit(
            (&holder, None),
            sealed,
            (&Actor::Person(by.clone()), time),
            |sealed| body(made, sealed),
        )
        .unwrap();
    id
}

/// Writes plan, approval, disposal and confirmation, and takes the unit out.
fn dispose(scene: &Scene, case: &Case) {
    let mut store = Store::open(&scene.archive.path()).unwrap();
    let [planner, _] = &scene.persons;
    let policy = policy(&scene.archive.path());
    let commitment = store.commitment(&scene.unit, Some(&scene.account)).unwrap();
    let tombstone = Tombstone {
        unit: scene.unit.clone(),
        commitment,
    };
    let plan_json = serde_json::json!({
        "v": "1", "plan": "r20260603T000000Z-00000000", "created": "2026-06-03T00:00:00Z", "day": "2026-06-03",
        "planner": planner, "replaces": null, "policy_sha256": policy, "engine": "1", "detectors": "1",
        "waiting_days": 30, "log_size": 5, "accounts": [], "excluded": {}, "items": [{
            "account": scene.account, "units": [tombstone], "kind": null, "role": null, "month": null,
            "rules": [], "decisions": [], "earliest": "2026-06-01"}],
    });
    let plan_bytes = plan_json.to_string().into_bytes();
    let digest = Sha256Hex::of(&plan_bytes);
    let plan = record(
        &mut store,
        ("2026-06-03", planner),
        RecordKind::Plan,
        ("plan.json", &plan_bytes),
        |plan, sealed| Body::Plan {
            plan,
            digest_sha256: digest.clone(),
            policy_sha256: policy.clone(),
            items: 1,
            log_size: 5,
            planner: planner.clone(),
            replaces: None,
            sealed,
        },
    );
    let approver = &scene.persons[case.approver];
    let executable_from = Instant::parse_as_of(case.executable_from).unwrap();
    let expires = Instant::parse_as_of("2026-10-03").unwrap();
    let approval_json = serde_json::json!({
        "v": "1", "plan": plan, "digest_sha256": digest, "approver": approver, "proof": "decision",
        "decision": "KS 2026/12 § 4", "executable_from": executable_from, "expires": expires,
    });
    let approval_bytes = approval_json.to_string().into_bytes();
    let approval = case.approval.then(|| {
        record(
            &mut store,
            (case.approved, approver),
            RecordKind::Approval,
            ("approval.json", &approval_bytes),
            |record, sealed| Body::Approval {
                plan: plan.clone(),
                digest_sha256: digest.clone(),
                approver: approver.clone(),
                proof: ApprovalProof::Decision,
                executable_from,
                expires,
                record,
                sealed,
            },
        )
    });
    let mut writer = store.lock(lock::WAIT).unwrap();
    let body = Body::Disposal {
        plan: plan.clone(),
        approval,
        account: Some(scene.account.clone()),
        kind: None,
        role: None,
        month: None,
        rules: Vec::new(),
        decisions: Vec::new(),
        policy_sha256: policy,
        units: vec![tombstone],
    };
    let time = Instant::parse_as_of(case.disposed).unwrap();
    writer
        .append(body, &Actor::Person(planner.clone()), time)
        .unwrap();
    if case.taken_out {
        let dir = scene
            .archive
            .path()
            .join("staging")
            .join(format!("disposal-{plan}"));
        fs::create_dir_all(dir).unwrap();
        writer
            .take_out(&plan, &[(scene.unit.clone(), Some(scene.account.clone()))])
            .unwrap();
    }
    drop(writer);
    if case.confirmed {
        record(
            &mut store,
            ("2026-07-07", planner),
            RecordKind::Protocol,
            ("protocol.json", b"{}\n"),
            |record, sealed| Body::DisposalConfirmed {
                plan: plan.clone(),
                disposed: 1,
                held_back: 0,
                record,
                sealed,
            },
        );
    }
}

fn policy(archive: &Path) -> Sha256Hex {
    let file = fs::read_dir(archive.join("store/policies"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let name = file.file_name().into_string().unwrap();
    Sha256Hex::try_from(name.strip_suffix(".toml").unwrap().to_owned()).unwrap()
}

#[test]
fn a_disposal_leaves_everything_else_verifiable_and_a_broken_rule_is_found() {
    let cases: [(&str, Case, i32, &[&str]); 8] = [
        ("lawful", LAWFUL, 0, &[]),
        (
            "approved by the planner",
            Case {
                approver: 0,
                ..LAWFUL
            },
            1,
            &["E312"],
        ),
        (
            "before the waiting period's end",
            Case {
                disposed: "2026-07-04",
                ..LAWFUL
            },
            1,
            &["E313"],
        ),
        (
            "a waiting period too short",
            Case {
                executable_from: "2026-06-20",
                ..LAWFUL
            },
            1,
            &["E313"],
        ),
        (
            "after the approval lapsed",
            Case {
                disposed: "2026-10-04",
                confirmed: false,
                ..LAWFUL
            },
            1,
            &["E208", "E315"],
        ),
        (
            "without approval",
            Case {
                approval: false,
                ..LAWFUL
            },
            5,
            &["E209"],
        ),
        (
            "not confirmed",
            Case {
                confirmed: false,
                ..LAWFUL
            },
            5,
            &["E208"],
        ),
        (
            "there although disposed of",
            Case {
                taken_out: false,
                ..LAWFUL
            },
            1,
            &["E202"],
        ),
    ];
    for (name, case, exit, expected) in cases {
        let scene = scene();
        dispose(&scene, &case);
        assert_eq!(
            codes(&scene.archive.path(), &[]),
            (exit, set(expected)),
            "{name}"
        );
    }
}

#[test]
fn a_unit_that_the_plan_did_not_name_and_a_changed_plan_are_found() {
    let scene = scene();
    dispose(&scene, &LAWFUL);
    let path = scene.archive.path();
    let result = crate::evidence::verify(&path, &[]).exits(0).result();
    assert_eq!(result["disposed"], 1);
    let other = UnitRef {
        unit: UnitNo(2),
        ..scene.unit.clone()
    };
    let unplanned = Scene {
        unit: other,
        ..scene
    };
    // The same plan's approval, another unit: an entry that an insider with the key could write.
    let mut store = Store::open(&path).unwrap();
    let commitment = store
        .commitment(&unplanned.unit, Some(&unplanned.account))
        .unwrap();
    let entries = fs::read_dir(path.join("store/log/entries"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let found = entries.filter_map(|path| {
        let entry = bevara::model::entry::Entry::from_bytes(&fs::read(path).unwrap()).unwrap();
        match entry.body {
            Some(body @ Body::Disposal { .. }) => Some(body),
            _ => None,
        }
    });
    let mut body = found.last().unwrap();
    if let Body::Disposal { units, .. } = &mut body {
        *units = vec![Tombstone {
            unit: unplanned.unit.clone(),
            commitment,
        }];
    }
    let time = Instant::parse_as_of("2026-07-08").unwrap();
    let mut writer = store.lock(lock::WAIT).unwrap();
    writer
        .append(body, &Actor::Person(unplanned.persons[0].clone()), time)
        .unwrap();
    drop(writer);
    let (exit, found) = codes(&path, &[]);
    assert_eq!((exit, found), (1, set(&["E202", "E318"])));
}
