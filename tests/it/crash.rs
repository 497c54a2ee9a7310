//! Crashes: the program dies (SIGKILL), or the disk is full or broken, in one durable operation after the other. After each nothing
//! half-written is listed, the next run finishes, `verify` is 0, and nothing of the work is left lying about.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::pages::Pages;
use crate::support::{Archive, Ran, bevara, is_left_to_campaign, ran, repository};

/// Durable operations drawn for each piece of work in an ordinary run; `BEVARA_CAMPAIGN=all` takes every one.
const DRAWN: u64 = 3;

/// A copy of a prepared archive that may be broken.
struct Copy {
    root: tempfile::TempDir,
    person: String,
}

impl Copy {
    fn of(archive: &Archive) -> Self {
        let root = tempfile::tempdir().expect("a temporary directory");
        let copied = Command::new("cp")
            .arg("-a")
            .arg(archive.path())
            .arg(root.path())
            .status()
            .expect("cp starts");
        assert!(copied.success());
        Self {
            root,
            person: archive.person.clone(),
        }
    }

    fn path(&self) -> PathBuf {
        self.root.path().join("arkiv")
    }

    fn run(&self, at: &str, args: &[&str], fault: Option<&str>) -> Ran {
        let mut command = bevara();
        command
            .arg("--archive")
            .arg(self.path())
            .args(["--as", &self.person, "--as-of", at, "--json"])
            .args(args);
        if let Some(fault) = fault {
            command.env("BEVARA_FAULT", fault);
        }
        ran(&mut command)
    }
}

/// How many durable operations a piece of work has.
fn operations(ran: &Ran) -> u64 {
    let line = ran
        .stderr
        .lines()
        .find_map(|line| line.split_once("durable operations: "))
        .unwrap_or_else(|| panic!("no count: {ran:?}"));
    let digits: String = line.1.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a count")
}

/// The operations to strike: all, or some drawn by the work's name, the same in every run.
fn drawn(work: &str, count: u64) -> Vec<u64> {
    if !is_left_to_campaign(&format!("each of the {count} operations of {work}")) {
        return (1..=count).collect();
    }
    let mut state = work.bytes().fold(0x9e37_79b9_7f4a_7c15_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut numbers: Vec<u64> = (0..DRAWN)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % count + 1
        })
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// Strikes `work` in each drawn operation, in each way, and checks what is left. `done` tells what the archive answers
/// when the work is finished; it must be the same after every crash.
fn campaign(name: &str, archive: &Archive, at: &str, work: &[&str], done: &[&str]) {
    strikes(
        name,
        (archive, at),
        (work, done),
        &["kill", "enospc"],
        &|_, _, _| {},
    );
}

/// When the rest of a copy is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    Struck,
    Rerun,
}

fn strikes(
    name: &str,
    (archive, at): (&Archive, &str),
    (work, done): (&[&str], &[&str]),
    kinds: &[&str],
    look: &dyn Fn(&str, &Copy, Moment),
) {
    let whole = Copy::of(archive);
    let before = whole.run(at, done, None).exits(0).result();
    let first = whole.run(at, work, Some("count:0")).exits(0);
    let after = shape(whole.run(at, done, None).exits(0).result());
    let before = shape(before);
    assert_ne!(before, after, "{name} does something");
    for number in drawn(name, operations(&first)) {
        for kind in kinds.iter().copied() {
            let place = format!("{name} {kind}:{number}");
            let copy = Copy::of(archive);
            let struck = copy.run(at, work, Some(&format!("{kind}:{number}")));
            if kind == "kill" {
                assert_eq!(struck.exit, -1, "{place}: {struck:?}");
            } else {
                assert!([0, 1, 3].contains(&struck.exit), "{place}: {struck:?}");
            }
            // Listed is what was there before, what is there afterwards, or the first of several pieces.
            copy.run(at, done, None).exits(0);
            whole_or_pending(&place, &copy);
            look(&place, &copy, Moment::Struck);
            copy.run(at, work, None).exits(0);
            let now = shape(copy.run(at, done, None).exits(0).result());
            assert_eq!(now, after, "{place}");
            // Work that was committed is not written again; whoever writes next clears what the crash left.
            let writer = ["person", "add", "--name", "Sam", "--role", "revisor"];
            copy.run(at, &writer, None).exits(0);
            verified(&place, &copy);
            look(&place, &copy, Moment::Rerun);
            nothing_left(&place, &copy.path());
        }
    }
}

/// An answer without what differs from run to run: ids, and captures by their random part.
fn shape(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            for differs in ["id", "plan", "digest", "capture_id", "unit"] {
                members.remove(differs);
            }
            for (name, member) in members.iter_mut() {
                if name == "capture" && member.is_string() {
                    *member = Value::from("a capture");
                } else {
                    *member = shape(member.take());
                }
            }
        }
        Value::Array(items) => {
            for item in items.iter_mut() {
                *item = shape(item.take());
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    value
}

fn verified(place: &str, copy: &Copy) {
    let mut command = bevara();
    let checked = ran(command.arg("verify").arg(copy.path()).arg("--json"));
    assert_eq!(checked.exit, 0, "{place}: {checked:?}");
}

/// Before the next run every byte is whole; a disposal that was struck is told as begun and not confirmed (exit 5).
fn whole_or_pending(place: &str, copy: &Copy) {
    let mut command = bevara();
    let checked = ran(command.arg("verify").arg(copy.path()).arg("--json"));
    assert!([0, 5].contains(&checked.exit), "{place}: {checked:?}");
    if checked.exit == 5 {
        let document = checked.document();
        for finding in document["findings"].as_array().into_iter().flatten() {
            let code = finding["code"].as_str().unwrap_or_default();
            let expected = code == "E208" || finding["severity"] == "note";
            assert!(expected, "{place}: {checked:?}");
        }
    }
}

/// No staging folder, no temporary file, no browser.
fn nothing_left(place: &str, archive: &Path) {
    for below in [
        "staging",
        "store/log",
        "store/policies",
        "store/records",
        "store/keys",
    ] {
        for entry in walkdir::WalkDir::new(archive.join(below)) {
            let entry = entry.expect("a readable directory");
            let name = entry.file_name().to_string_lossy().into_owned();
            let stray = entry.path().extension().is_some_and(|end| end == "tmp")
                || (below == "staging" && entry.depth() == 1);
            assert!(
                !stray || name == "pass.lock",
                "{place}: {} is left",
                entry.path().display()
            );
        }
    }
    let here = archive.to_str().expect("UTF-8");
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    for process in processes {
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        assert!(!line.contains(here), "{place}: a process is left: {line}");
    }
}

#[test]
fn the_register_survives_every_crash() {
    let archive = Archive::new("2026-01-02");
    let file = archive.beside().join("konton.csv");
    let rows =
        "alias,plattform,url\nett,x,https://x.com/ett\ntva,blogg,https://blogg.exempel.se/\n";
    std::fs::write(&file, rows).expect("writable");
    let work = ["account", "import", file.to_str().expect("UTF-8")];
    campaign(
        "register",
        &archive,
        "2026-01-03",
        &work,
        &["account", "list"],
    );
}

#[test]
fn an_ingest_survives_every_crash() {
    let archive = Archive::new("2026-01-02");
    archive.add_account("2026-01-03", "blogg", "blogg", "https://blogg.exempel.se/");
    let export = repository().join("fixtures/platforms/wxr/kommunblogg/export.xml");
    let work = ["ingest", "blogg", export.to_str().expect("UTF-8")];
    let done = ["disposal", "plan", "--dry-run"];
    campaign("ingest", &archive, "2026-02-01", &work, &done);
}

#[test]
fn a_capture_survives_every_crash() {
    let (pages, archive) = (Pages::start(), Archive::new("2026-06-15"));
    archive.add_account("2026-06-15", "ett", "facebook", &pages.url("/short.html"));
    campaign("capture", &archive, "2026-07-01", &["run"], &["schedule"]);
}

/// Units of a plan that are not in the store, and those that a disposal entry names.
fn gone_and_named(copy: &Copy, plan: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let name = |unit: &Value| {
        format!(
            "{}/{}",
            unit["holder"].as_str().expect("a holder"),
            unit["unit"].as_str().expect("a number")
        )
    };
    let read = |path: PathBuf| -> Value {
        serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON")
    };
    let store = copy.path().join("store");
    let frozen = read(store.join(format!("records/{plan}/units/000000/plan.json")));
    let mut gone = BTreeSet::new();
    for item in frozen["items"].as_array().expect("items") {
        for one in item["units"].as_array().expect("units") {
            let unit = &one["unit"];
            let dir = store.join(format!(
                "captures/{}/{}/units/{}",
                item["account"].as_str().expect("an account"),
                unit["holder"].as_str().expect("a holder"),
                unit["unit"].as_str().expect("a number")
            ));
            // A unit goes as a whole: what is left is all of it.
            if dir.exists() {
                assert!(dir.join("salt").is_file() && dir.join("item.json").is_file());
            } else {
                gone.insert(name(unit));
            }
        }
    }
    let mut named = BTreeSet::new();
    for entry in walkdir::WalkDir::new(store.join("log/entries")) {
        let entry = entry.expect("a readable directory");
        if entry.path().extension().is_some_and(|end| end == "json") {
            let value = read(entry.into_path());
            if value["type"] == "disposal" && !value["account"].is_null() {
                let units = value["units"].as_array().expect("units");
                named.extend(units.iter().map(|one| name(&one["unit"])));
            }
        }
    }
    (gone, named)
}

#[test]
fn a_disposal_survives_every_crash() {
    let archive = crate::disposal::delivered();
    let (plan, _) = crate::disposal::approved(&archive);
    let look = |place: &str, copy: &Copy, moment: Moment| {
        let (gone, named) = gone_and_named(copy, &plan);
        assert!(gone.is_subset(&named), "{place}: gone without an entry");
        if moment == Moment::Rerun {
            assert_eq!(gone, named, "{place}");
            assert_eq!(gone.len(), 2, "{place}");
        }
    };
    strikes(
        "disposal",
        (&archive, "2026-10-05"),
        (
            &["disposal", "execute", &plan],
            &["disposal", "plan", "--dry-run"],
        ),
        &["kill", "enospc", "eio"],
        &look,
    );
}

#[test]
fn founding_survives_every_crash() {
    let root = tempfile::tempdir().expect("a temporary directory");
    let init = |dir: &Path, fault: &str| {
        let mut command = bevara();
        command.arg("init").arg(dir).args([
            "--name",
            "Exempelkommun",
            "--person",
            "Kim Exempel",
            "--org-nr",
            "212099-9996",
            "--json",
            "--policy",
            "fixtures/policies/exempelkommun.toml",
            "--test-archive",
            "--as-of",
            "2026-01-02",
        ]);
        ran(command.env("BEVARA_FAULT", fault))
    };
    let count = operations(&init(&root.path().join("hel"), "count:0").exits(0));
    for number in drawn("founding", count) {
        for kind in ["kill", "enospc"] {
            let dir = root.path().join(format!("{kind}-{number}"));
            init(&dir, &format!("{kind}:{number}"));
            let listed = ran(bevara()
                .arg("--archive")
                .arg(&dir)
                .args(["person", "list", "--json"]));
            if listed.exit == 2 {
                assert!(
                    listed.stderr.contains("is not an archive"),
                    "{kind}:{number}: {}",
                    listed.stderr
                );
                init(&dir, "count:0").exits(0);
            } else {
                // The fault came after the archive had been made: it is whole.
                assert_eq!(listed.exit, 0, "{kind}:{number}: {listed:?}");
            }
            let persons = ran(bevara()
                .arg("--archive")
                .arg(&dir)
                .args(["person", "list", "--json"]))
            .exits(0)
            .result();
            assert_eq!(persons["persons"].as_array().map(Vec::len), Some(1));
            assert_eq!(ran(bevara().arg("verify").arg(&dir).arg("--json")).exit, 0);
            nothing_left(&format!("founding {kind}:{number}"), &dir);
        }
    }
}
