//! `verify` on archives: what is whole passes, every kind of damage is found under its code, and stock tools agree.

mod damage;
mod disposed;
mod documents;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use bevara::model::cadence::{CadenceRule, Occasion, Slot};
use bevara::model::entry::{Actor, Body};
use bevara::model::id::{AccountId, CaptureId, HolderId, UnitNo};
use bevara::model::record::{AccessClass, CaptureJson, CaptureKind};
use bevara::model::time::Instant;
use bevara::model::verdict::{Counts, Verdict};
use bevara::store::Store;
use bevara::store::lock;
use serde_json::Value;

use crate::support::{Archive, Ran, bevara, ran};

const START: &str = "2026-06-01";

/// Puts a complete page capture into an archive, as the browser's would lie there, and returns its directory.
pub(crate) fn add_capture(
    archive: &Archive,
    account: &str,
    at: &str,
    slots: &[(&str, &str)],
) -> PathBuf {
    add_capture_of(archive, account, (at, slots), &[AccessClass::Open; 3])
}

/// The same with units of other classes.
pub(crate) fn add_capture_of(
    archive: &Archive,
    account: &str,
    (at, slots): (&str, &[(&str, &str)]),
    classes: &[AccessClass],
) -> PathBuf {
    let time = Instant::parse_as_of(at).expect("a time");
    let account: AccountId = account.parse().expect("an account id");
    let id = CaptureId::new(time);
    let mut store = Store::open(&archive.path()).expect("the archive opens");
    let stage = store.stage("capture").expect("a stage");
    let files: [(u32, &str, &[u8]); 6] = [
        (0, "page-0001.png", b"\x89PNG first segment"),
        (0, "page.pdf", b"%PDF-1.7 not really"),
        (1, "page.txt", "Välkommen till Exempelkommun\n".as_bytes()),
        (1, "inventory.json", b"{\"posts\":[]}\n"),
        (1, "dom.html", b"<html></html>"),
        (2, "requests.json", b"{\"requests\":[]}\n"),
    ];
    for (unit, name, bytes) in files {
        stage
            .write(UnitNo(unit), name, bytes)
            .expect("a staged file");
    }
    let json = CaptureJson {
        v: "1".to_owned(),
        id: id.clone(),
        account: account.clone(),
        kind: CaptureKind::Page,
        snapshot_id: id.to_string(),
        started: time,
        finished: time,
        verdict: Verdict::Complete,
        reasons: Vec::new(),
        counts: Some(Counts::default()),
        tools: std::collections::BTreeMap::new(),
        access: (0..).map(UnitNo).zip(classes.iter().copied()).collect(),
    };
    let sealed = stage.seal("capture", &json).expect("a sealed stage");
    let fills = slots
        .iter()
        .map(|(rule, due)| Slot {
            rule: rule.parse::<CadenceRule>().expect("a rule"),
            due: due.parse().expect("a date"),
        })
        .collect();
    let mut writer = store.lock(lock::WAIT).expect("the lock");
    let holder = HolderId::Capture(id.clone());
    let (entry_account, capture) = (account.clone(), id.clone());
    writer
        .commit(
            (&holder, Some(&account)),
            sealed,
            (&Actor::System, time),
            |sealed| Body::Capture {
                account: entry_account,
                capture,
                kind: CaptureKind::Page,
                occasion: Occasion::Manual,
                verdict: Verdict::Complete,
                reasons: Vec::new(),
                fills,
                sealed,
            },
        )
        .expect("a commit");
    archive
        .path()
        .join(format!("store/captures/{account}/{id}"))
}

/// A test archive with one account and one capture.
pub(crate) fn with_capture() -> (Archive, PathBuf) {
    let archive = Archive::new(START);
    let account = archive.add_account(START, "kommun-blogg", "blogg", "http://127.0.0.1/");
    let capture = add_capture(&archive, &account, "2026-06-02", &[]);
    (archive, capture)
}

/// `verify --json` of a directory with extra arguments.
pub(crate) fn verify(path: &Path, args: &[&str]) -> Ran {
    ran(bevara().arg("verify").arg(path).args(args).arg("--json"))
}

/// The codes found, and the exit code; the counts must come out even.
#[track_caller]
pub(crate) fn codes(path: &Path, args: &[&str]) -> (i32, BTreeSet<String>) {
    let run = verify(path, args);
    let document = run.document();
    let result = &document["result"];
    let count = |name: &str| {
        result[name]
            .as_u64()
            .unwrap_or_else(|| panic!("{name}: {document:#}"))
    };
    let parts = ["ok", "bad", "missing", "disposed", "withheld", "unreadable"];
    assert_eq!(
        count("listed"),
        parts.iter().map(|name| count(name)).sum::<u64>(),
        "{document:#}"
    );
    let findings = document["findings"].as_array().expect("findings");
    let lines: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    assert_eq!(
        lines.len(),
        findings.len() + 1,
        "one line a finding, then the document"
    );
    let found = findings
        .iter()
        .map(|finding| finding["code"].as_str().expect("a code").to_owned());
    (run.exit, found.collect())
}

pub(crate) fn set(codes: &[&str]) -> BTreeSet<String> {
    codes.iter().map(|code| (*code).to_owned()).collect()
}

pub(crate) fn flip(path: &Path, index: usize) {
    let mut bytes = fs::read(path).expect("the file");
    bytes[index] ^= 1;
    fs::write(path, bytes).expect("the file is writable");
}

/// What a tool prints.
pub(crate) fn tool(program: &str, args: &[&str], dir: &Path) -> (bool, String) {
    let output = Command::new(program)
        .args(args)
        .current_dir(dir)
        .output()
        .expect(program);
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

#[test]
fn a_whole_archive_is_verified_without_configuration_catalogue_or_write_access() {
    let (archive, _) = with_capture();
    assert_eq!(codes(&archive.path(), &[]), (0, set(&[])));
    assert_eq!(
        codes(&archive.path().join("store"), &[]),
        (0, set(&[])),
        "the store alone"
    );
    for level in ["0", "1", "2", "3"] {
        assert_eq!(codes(&archive.path(), &["--level", level]), (0, set(&[])));
    }
    fs::remove_file(archive.path().join("bevara.toml")).expect("a configuration");
    fs::remove_file(archive.path().join("catalogue.db")).expect("a catalogue");
    let (fine, text) = tool("chmod", &["-R", "a-w", "."], &archive.path());
    assert!(fine, "{text}");
    let before = tree(&archive.path());
    let result = verify(&archive.path(), &[]).exits(0).result();
    assert_eq!(before, tree(&archive.path()), "nothing was written");
    // Two records (person, account) with one unit each, and the capture's three.
    assert_eq!(
        (result["listed"].as_u64(), result["ok"].as_u64()),
        (Some(5), Some(5))
    );
    let (fine, text) = tool("chmod", &["-R", "u+w", "."], &archive.path());
    assert!(fine, "{text}");
}

fn tree(dir: &Path) -> String {
    tool("find", &[".", "-printf", "%p %s %T@\n"], dir).1
}

#[test]
fn every_file_under_store_is_reached_by_sha256sum_alone() {
    let (archive, _) = with_capture();
    let store = archive.path().join("store");
    let listed = tool(
        "find",
        &[
            "captures",
            "records",
            "-name",
            "capture.sha256",
            "-o",
            "-name",
            "record.sha256",
        ],
        &store,
    )
    .1;
    let mut reached = BTreeSet::new();
    for list in listed.lines() {
        let dir = store.join(list).parent().expect("a directory").to_owned();
        for (program, list) in [
            ("sha256sum", list.to_owned()),
            ("sha512sum", list.replace("sha256", "sha512")),
        ] {
            let (fine, text) = tool(
                program,
                &["--strict", "-c", store.join(&list).to_str().unwrap()],
                &dir,
            );
            assert!(fine, "{text}");
            reached.insert(list);
        }
        reached.insert(list.replace(".sha256", ".json"));
        for unit in fs::read_dir(dir.join("units")).expect("units") {
            let unit = unit.expect("a unit").path();
            for program in ["sha256sum", "sha512sum"] {
                let manifest = format!("unit.{}", program.strip_suffix("sum").expect("a sum"));
                let (fine, text) = tool(program, &["--strict", "-c", &manifest], &unit);
                assert!(fine, "{text}");
                for line in text.lines() {
                    let name = line.strip_suffix(": OK").expect("every file is whole");
                    reached.insert(relative(&store, &unit.join(name)));
                }
                reached.insert(relative(&store, &unit.join(manifest)));
            }
        }
    }
    let all = tool(
        "find",
        &["captures", "records", "-type", "f", "-printf", "%p\n"],
        &store,
    )
    .1;
    let all: BTreeSet<String> = all.lines().map(str::to_owned).collect();
    assert_eq!(all, reached);
    for policy in fs::read_dir(store.join("policies")).expect("policies") {
        let policy = policy.expect("a policy").path();
        let text = tool("sha256sum", &[policy.to_str().unwrap()], &store).1;
        assert_eq!(
            text[..64],
            policy.file_stem().unwrap().to_string_lossy()[..]
        );
    }
    // The log binds what the lists do not: each entry the one before it, each description by its digest.
    let entries: Vec<String> = tool("find", &["log/entries", "-type", "f"], &store)
        .1
        .lines()
        .map(str::to_owned)
        .collect();
    let all = tool("sh", &["-c", "cat log/entries/*.json"], &store).1;
    for path in reached
        .iter()
        .filter(|path| path.ends_with("/capture.json") || path.ends_with("/record.json"))
    {
        let digest = tool("sha256sum", &[path], &store).1[..64].to_owned();
        assert!(all.contains(&digest), "{path}");
    }
    for seq in 1..entries.len() {
        let previous = format!("log/entries/{:09}.json", seq - 1);
        let digest = tool("sha256sum", &[&previous], &store).1[..64].to_owned();
        let entry = fs::read_to_string(store.join(format!("log/entries/{seq:09}.json"))).unwrap();
        assert!(
            entry.contains(&format!("\"prev_sha256\":\"{digest}\"")),
            "{entry}"
        );
    }
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .expect("below the store")
        .to_string_lossy()
        .into_owned()
}

#[test]
fn the_checkpoint_is_verified_by_openssl() {
    let (archive, _) = with_capture();
    let store = archive.path().join("store");
    let note = fs::read_to_string(store.join("log/checkpoint")).unwrap();
    let (body, signature) = note.split_once("\n\n").expect("a signed note");
    let encoded = signature
        .trim_end()
        .rsplit(' ')
        .next()
        .expect("a signature");
    let dir = archive.beside();
    fs::write(dir.join("body"), format!("{body}\n")).unwrap();
    fs::write(dir.join("encoded"), encoded).unwrap();
    // The first four bytes name the key (C2SP signed-note).
    let (fine, text) = tool(
        "sh",
        &["-c", "base64 -d encoded | tail -c +5 > signature"],
        dir,
    );
    assert!(fine, "{text}");
    let key = store.join("keys/log.pub.pem");
    let args = [
        "pkeyutl",
        "-verify",
        "-rawin",
        "-pubin",
        "-inkey",
        key.to_str().unwrap(),
        "-in",
        "body",
        "-sigfile",
        "signature",
    ];
    assert!(tool("openssl", &args, dir).0);
    flip(&dir.join("body"), 3);
    assert!(
        !tool("openssl", &args, dir).0,
        "the tool tells a difference"
    );
}

#[test]
fn an_unsigned_last_entry_is_a_note_and_an_unreadable_file_is_exit_3() {
    let (archive, capture) = with_capture();
    let before = fs::read(archive.path().join("store/log/checkpoint")).unwrap();
    archive.add_account("2026-06-03", "kommun-x", "x", "http://127.0.0.1/x");
    fs::write(archive.path().join("store/log/checkpoint"), &before).unwrap();
    assert_eq!(codes(&archive.path(), &[]), (0, set(&["W-UNSIGNED"])));
    archive.add_account("2026-06-04", "kommun-y", "x", "http://127.0.0.1/y");
    assert_eq!(
        codes(&archive.path(), &[]),
        (0, set(&[])),
        "the next writer signs it"
    );
    fs::write(archive.path().join("store/log/checkpoint"), &before).unwrap();
    assert_eq!(
        codes(&archive.path(), &[]),
        (1, set(&["E310"])),
        "two are no crash"
    );
    let locked = capture.join("units/000000/page.pdf");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&locked).is_err() {
        assert_eq!(
            codes(&archive.path(), &["--level", "1"]),
            (3, set(&["E010"]))
        );
    }
}

#[test]
fn a_due_snapshot_without_a_word_is_exit_5() {
    let archive = Archive::new(START);
    let account = archive.add_account(START, "kommun-blogg", "blogg", "http://127.0.0.1/");
    let as_of = |day: &str| codes(&archive.path(), &["--as-of", day]);
    assert_eq!(
        as_of("2026-07-02T23:59:59+02:00"),
        (0, set(&[])),
        "the window is still open"
    );
    assert_eq!(as_of("2026-07-03"), (5, set(&["E207"])));
    assert_eq!(
        codes(&archive.path(), &[]),
        (0, set(&[])),
        "a PROVARKIV counts up to its last entry"
    );
    let capture = add_capture(
        &archive,
        &account,
        "2026-07-01T09:00:00+02:00",
        &[("half-year", "2026-07-01")],
    );
    assert_eq!(as_of("2026-07-03"), (0, set(&[])));
    assert_eq!(
        as_of("2027-01-03"),
        (5, set(&["E207"])),
        "the turn of the year"
    );
    // A missing byte is graver than a missing snapshot.
    fs::remove_file(capture.join("units/000000/page.pdf")).unwrap();
    assert_eq!(as_of("2027-01-03"), (1, set(&["E102", "E207"])));
}

#[test]
fn history_must_continue_the_checkpoint_that_an_auditor_kept() {
    let (archive, _) = with_capture();
    let kept = archive.beside().join("kept");
    fs::copy(archive.path().join("store/log/checkpoint"), &kept).unwrap();
    archive.add_account("2026-06-03", "kommun-x", "x", "http://127.0.0.1/x");
    let expect = |file: &Path| {
        codes(
            &archive.path(),
            &["--expect-checkpoint", file.to_str().unwrap()],
        )
    };
    assert_eq!(expect(&kept), (0, set(&[])));
    assert_eq!(
        codes(&archive.path(), &["--level", "4"]),
        (4, set(&["E503"])),
        "nothing from outside"
    );
    let newer = archive.beside().join("newer");
    fs::copy(archive.path().join("store/log/checkpoint"), &newer).unwrap();
    let (other, _) = with_capture();
    let foreign = other.path().join("store/log/checkpoint");
    assert_eq!(expect(&foreign), (1, set(&["E501", "E502"])));
    // Rolled back: the newest entry, its record and the checkpoint are those of yesterday.
    fs::remove_file(archive.path().join("store/log/entries/000000005.json")).unwrap();
    fs::copy(&kept, archive.path().join("store/log/checkpoint")).unwrap();
    assert_eq!(
        codes(&archive.path(), &[]).0,
        0,
        "without outside evidence nothing tells"
    );
    assert_eq!(expect(&newer), (1, set(&["E501", "W-UNCOMMITTED"])));
    fs::write(&newer, "x").unwrap();
    assert_eq!(expect(&newer).0, 4);
}

#[test]
fn an_inclusion_proof_convinces_another_implementation() {
    use base64::Engine as _;
    use ct_merkle::{InclusionProof, RootHash};
    use sha2::Sha256;
    let (archive, capture) = with_capture();
    let unit = format!("{}/000001", capture.file_name().unwrap().to_str().unwrap());
    let result = verify(&archive.path(), &["--prove", &unit])
        .exits(0)
        .result();
    let proof = &result["proof"];
    let list = fs::read_to_string(capture.join("capture.sha256")).unwrap();
    assert_eq!(proof["line"], list.lines().nth(1).unwrap());
    let path: Vec<u8> = proof["path"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|hash| {
            base64::engine::general_purpose::STANDARD
                .decode(hash.as_str().unwrap())
                .unwrap()
        })
        .collect();
    let root = hex::decode(proof["root_sha256"].as_str().unwrap()).unwrap();
    let root = sha2::digest::Output::<Sha256>::try_from(root.as_slice()).unwrap();
    let root = RootHash::<Sha256>::new(root, 3);
    let proof = InclusionProof::<Sha256>::from_bytes(path);
    let line = list.lines().nth(1).unwrap().as_bytes().to_vec();
    root.verify_inclusion(&line, 1, &proof)
        .expect("the proof holds");
    assert!(
        root.verify_inclusion(&b"another line".to_vec(), 1, &proof)
            .is_err()
    );
    let absent = unit.replace("/000001", "/000007");
    assert_eq!(
        codes(&archive.path(), &["--prove", &absent]),
        (4, set(&["E505"]))
    );
}

#[test]
fn threads_and_parts_change_nothing_but_the_work() {
    let (archive, capture) = with_capture();
    flip(&capture.join("units/000000/page.pdf"), 3);
    fs::remove_file(capture.join("units/000001/page.txt")).unwrap();
    let one = verify(&archive.path(), &["--threads", "1"]);
    for threads in ["2", "7"] {
        assert_eq!(
            verify(&archive.path(), &["--threads", threads]).stdout,
            one.stdout
        );
    }
    let whole = one.result();
    let mut sums = [0u64; 3];
    for part in ["1/3", "2/3", "3/3"] {
        let result = verify(&archive.path(), &["--subset", part]).result();
        for (sum, name) in sums.iter_mut().zip(["listed", "ok", "bad"]) {
            *sum += result[name].as_u64().unwrap();
        }
    }
    for (sum, name) in sums.iter().zip(["listed", "ok", "bad"]) {
        assert_eq!(whole[name].as_u64(), Some(*sum), "{name}");
    }
}

#[test]
fn what_is_no_archive_is_wrong_use() {
    let dir = tempfile::tempdir().unwrap();
    ran(bevara().arg("verify").arg(dir.path())).exits(2);
    ran(bevara().arg("verify").arg(dir.path().join("none"))).exits(2);
    ran(bevara().args(["verify", "--subset", "4/3"])).exits(2);
}
