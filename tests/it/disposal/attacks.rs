//! Disposal as an attacker would have it: forged approvals, a policy that takes too much, a moved clock, changed bytes.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::disposal::{EXAMPLE, SIMPLE, as_person, delivered, plan, with_posts};
use crate::support::{bevara, ran, repository};

#[test]
fn a_changed_file_or_a_damaged_capture_holds_the_post_back() {
    let archive = delivered();
    let captures = archive.path().join("store/captures");
    let items: Vec<PathBuf> = walkdir::WalkDir::new(&captures)
        .into_iter()
        .flatten()
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.ends_with("item.json"))
        .collect();
    let changed = items
        .iter()
        .find(|path| std::fs::read_to_string(path).unwrap().contains(SIMPLE[0].1))
        .unwrap();
    let text = std::fs::read_to_string(changed).unwrap();
    std::fs::write(changed, text.replace("informationen", "informationem")).unwrap();
    let blocked = |id: &str| {
        let plan = archive
            .json("2026-09-01", &["disposal", "plan", "--dry-run"])
            .exits(0)
            .result();
        let items = plan["items"].as_array().unwrap().clone();
        items
            .into_iter()
            .find(|item| item["source_id"] == id)
            .unwrap()["blocked_by"]
            .clone()
    };
    assert_eq!(blocked("20"), json!(["G5"]));
    assert_eq!(blocked("21"), json!([]));
    let page = walkdir::WalkDir::new(&captures)
        .into_iter()
        .flatten()
        .find(|entry| entry.file_name() == "view.png")
        .unwrap();
    std::fs::write(page.path(), b"no picture").unwrap();
    assert_eq!(blocked("21"), json!(["G3"]));
}

pub(crate) fn keygen(dir: &Path, name: &str) -> (PathBuf, String) {
    let path = dir.join(name);
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "kim", "-f"])
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success());
    let line = std::fs::read_to_string(path.with_extension("pub")).unwrap();
    (path, line.trim().to_owned())
}

pub(crate) fn signed(dir: &Path, key: &Path, namespace: &str, content: &str) -> PathBuf {
    let file = dir.join(format!("{namespace}-{}", content.len()));
    std::fs::write(&file, content).unwrap();
    std::fs::remove_file(file.with_extension("sig")).unwrap_or_default();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-Y", "sign", "-n", namespace, "-f"])
        .arg(key)
        .arg(&file)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    PathBuf::from(format!("{}.sig", file.display()))
}

#[test]
fn a_signature_proves_one_persons_approval_of_one_plan() {
    let archive = with_posts(EXAMPLE, "http://127.0.0.1:9/");
    let dir = archive.beside().to_owned();
    let (planner_key, planner_line) = keygen(&dir, "planner");
    let (second_key, second_line) = keygen(&dir, "second");
    archive
        .json(
            "2026-08-01",
            &["person", "set", &archive.person, "--ssh-key", &planner_line],
        )
        .exits(0);
    let taken = archive.text(
        "2026-08-01",
        &[
            "person",
            "add",
            "--name",
            "Skugga",
            "--role",
            "foretradare",
            "--ssh-key",
            &planner_line,
        ],
    );
    assert_eq!(
        taken.exit, 4,
        "a key already held makes no second person: {}",
        taken.stderr
    );
    // The planner lays the key down and registers a second person with it.
    let (_, fresh_line) = keygen(&dir, "fresh");
    archive
        .json(
            "2026-08-02",
            &["person", "set", &archive.person, "--ssh-key", &fresh_line],
        )
        .exits(0);
    let add = |name: &str, line: &str| {
        let args = [
            "person",
            "add",
            "--name",
            name,
            "--role",
            "foretradare",
            "--ssh-key",
            line,
        ];
        archive.json("2026-08-03", &args).exits(0).result()["person"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let taken = archive.text(
        "2026-08-03",
        &[
            "person",
            "add",
            "--name",
            "Skugga",
            "--role",
            "foretradare",
            "--ssh-key",
            &planner_line,
        ],
    );
    assert_eq!(
        taken.exit, 4,
        "nor one that was laid down: {}",
        taken.stderr
    );
    let second = add("Lo Annan", &second_line);
    let (plan, digest) = plan(&archive);
    let content = format!("{digest}\n");
    let try_as = |person: &str, signature: &Path| {
        let mut command = bevara();
        command.arg("--archive").arg(archive.path()).args([
            "--as",
            person,
            "--as-of",
            "2026-09-02",
            "--json",
        ]);
        command
            .args(["disposal", "approve", &plan, "--signature"])
            .arg(signature);
        ran(&mut command)
    };
    let refused = |person: &str, signature: &Path, sentence: &str| {
        let tried = try_as(person, signature).exits(4);
        assert!(tried.stderr.contains(sentence), "{}", tried.stderr);
    };
    let good = signed(&dir, &second_key, "bevara-disposal", &content);
    refused(
        &archive.person,
        &signed(&dir, &planner_key, "bevara-disposal", &content),
        "annan person",
    );
    refused(
        &second,
        &signed(&dir, &planner_key, "bevara-disposal", &content),
        "annan nyckel",
    );
    refused(
        &second,
        &signed(&dir, &second_key, "file", &content),
        "ändamål",
    );
    let other = format!("{}x\n", &digest[..63]);
    refused(
        &second,
        &signed(&dir, &second_key, "bevara-disposal", &other),
        "kontrollsumma",
    );
    let good = {
        std::fs::remove_file(&good).unwrap_or_default();
        signed(&dir, &second_key, "bevara-disposal", &content)
    };
    let forged = dir.join("forged.sig");
    let text = std::fs::read_to_string(&good).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut changed: Vec<String> = lines.iter().map(ToString::to_string).collect();
    let last = changed.len() - 2;
    let swapped = if changed[last].starts_with('A') {
        "B"
    } else {
        "A"
    };
    changed[last].replace_range(0..1, swapped);
    std::fs::write(&forged, changed.join("\n")).unwrap();
    assert_eq!(try_as(&second, &forged).exit, 4);
    std::fs::write(&forged, "no signature").unwrap();
    refused(&second, &forged, "SSH-signatur");
    let approved = try_as(&second, &good).exits(0).result();
    assert_eq!(approved["executable_from"], "2026-10-01T22:00:00Z");
    let twice = try_as(&second, &good).exits(4);
    assert!(twice.stderr.contains("redan godkänd"), "{}", twice.stderr);
    // What is kept verifies with OpenSSH's own tool, the person's id as principal.
    let records = archive.path().join("store/records");
    let kept = walkdir::WalkDir::new(records)
        .into_iter()
        .flatten()
        .find(|entry| entry.file_name() == "approval.sig")
        .unwrap();
    let signers = dir.join("allowed_signers");
    std::fs::write(&signers, format!("{second} {second_line}\n")).unwrap();
    std::fs::write(dir.join("message"), &content).unwrap();
    let checked = Command::new("ssh-keygen")
        .args(["-Y", "verify", "-n", "bevara-disposal", "-I", &second, "-f"])
        .arg(&signers)
        .arg("-s")
        .arg(kept.path())
        .stdin(std::fs::File::open(dir.join("message")).unwrap())
        .output()
        .unwrap();
    assert!(checked.status.success(), "{checked:?}");
}

/// The example policy with one thing changed.
fn policy_with(dir: &Path, from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(repository().join(EXAMPLE)).unwrap();
    assert!(text.contains(from));
    let path = dir.join("exempelkommun.toml");
    std::fs::write(&path, text.replace(from, to)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_plan_beyond_the_share_is_stopped_as_a_whole() {
    let dir = tempfile::tempdir().unwrap();
    let policy = policy_with(
        dir.path(),
        "hogst_andel_procent = 25",
        "hogst_andel_procent = 16",
    );
    let archive = with_posts(&policy, "http://127.0.0.1:9/");
    let stopped = archive.json("2026-09-01", &["disposal", "plan"]).exits(4);
    let document = stopped.document();
    assert_eq!(document["result"]["plan"], Value::Null);
    let message = document["findings"][0]["message"].as_str().unwrap();
    assert!(message.contains("2 av 12 inlägg"), "{message}");
    assert_eq!(
        archive
            .json("2026-09-01", &["disposal", "show"])
            .exits(0)
            .result()["plans"],
        json!([])
    );
}

#[test]
fn a_policy_that_is_only_a_template_plans_and_never_executes() {
    let dir = tempfile::tempdir().unwrap();
    let policy = policy_with(dir.path(), "status = \"gallande\"", "status = \"mall\"");
    let archive = with_posts(&policy, "http://127.0.0.1:9/");
    let planned = archive.json("2026-09-01", &["disposal", "plan"]).exits(0);
    assert!(
        !planned.document()["findings"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let items = planned.result()["items"].as_array().unwrap().clone();
    let item = items.iter().find(|item| item["source_id"] == "20").unwrap();
    assert!(
        item["blocked_by"]
            .as_array()
            .unwrap()
            .contains(&json!("G6")),
        "{item:#}"
    );
    let plan = planned.result()["plan"].as_str().unwrap().to_owned();
    let second = archive.add_person("2026-09-01", "Lo Annan", "foretradare");
    as_person(
        &archive,
        &second,
        "2026-09-02",
        &["disposal", "approve", &plan, "--decision", "KS 1"],
    );
    let refused = archive
        .text("2026-10-02", &["disposal", "execute", &plan])
        .exits(4);
    assert!(refused.stderr.contains("G6"), "{}", refused.stderr);
}

#[test]
fn nobody_moves_the_clock_of_a_real_archive() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("arkiv");
    let mut init = bevara();
    init.arg("init").arg(&root).args([
        "--name",
        "Exempelkommun",
        "--org-nr",
        "212099-9996",
        "--policy",
        EXAMPLE,
        "--person",
        "Kim Exempel",
        "--json",
    ]);
    let person = ran(&mut init).exits(0).result()["person"]
        .as_str()
        .unwrap()
        .to_owned();
    let on = |args: &[&str]| {
        let mut command = bevara();
        command
            .arg("--archive")
            .arg(&root)
            .args(["--as", &person, "--as-of", "2099-01-01"])
            .args(args);
        ran(&mut command)
    };
    on(&["disposal", "plan", "--dry-run"]).exits(0);
    let some = "r20270101T000512Z-0123abcd";
    for args in [
        vec!["disposal", "plan"],
        vec![
            "hold",
            "place",
            "--scope",
            "period",
            "--from",
            "2026-01-01",
            "--ground",
            "kris",
            "--reason",
            "Prov",
        ],
    ] {
        let refused = on(&args).exits(2);
        assert!(refused.stderr.contains("--as-of"), "{}", refused.stderr);
    }
    assert_ne!(on(&["disposal", "execute", some]).exit, 0);
}
