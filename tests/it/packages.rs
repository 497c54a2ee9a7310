//! Packages: what goes in, what stays out, that `VERIFIERA.txt` and others' tools accept them, and that every change is
//! found by both.

mod changed;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bevara::model::record::AccessClass;
use serde_json::{Value, json};

use crate::evidence::{add_capture, add_capture_of, codes, set, tool};
use crate::support::{Archive, repository};

const START: &str = "2026-06-01";
const DAY: &str = "2026-07-05";

/// An archive with an account, a half-year capture and the posts of a WordPress export, and a package of it.
pub(crate) struct Delivered {
    pub(crate) archive: Archive,
    pub(crate) package: PathBuf,
    pub(crate) result: Value,
}

pub(crate) fn delivered() -> Delivered {
    let archive = Archive::new(START);
    let account = archive.add_account(START, "kommunbloggen", "blogg", "http://127.0.0.1/");
    let other = archive.add_account(START, "annat-konto", "x", "http://127.0.0.1/x");
    let slots = [("half-year", "2026-07-01")];
    add_capture(&archive, &other, "2026-07-01T08:00:00+02:00", &slots);
    add_capture(&archive, &account, "2026-07-01T09:00:00+02:00", &slots);
    let export = repository().join("fixtures/platforms/wxr/kommunblogg/export.xml");
    let ingest = ["ingest", "kommunbloggen", export.to_str().unwrap()];
    archive.json("2026-07-02", &ingest).exits(0);
    let package = archive.beside().join("leverans");
    let result = archive
        .json(DAY, &export_args(&package, &[]))
        .exits(0)
        .result();
    Delivered {
        archive,
        package,
        result,
    }
}

fn export_args<'a>(package: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["export", "--format", "bagit"];
    args.extend(more);
    args.push(package.to_str().unwrap());
    args
}

/// The commands of `VERIFIERA.txt`: every line indented by four spaces, exactly as it stands.
pub(crate) fn commands(package: &Path) -> Vec<String> {
    let text = fs::read_to_string(package.join("VERIFIERA.txt")).unwrap();
    let commands = text.lines().filter_map(|line| line.strip_prefix("    "));
    commands.map(str::to_owned).collect()
}

/// Follows `VERIFIERA.txt` line by line in a POSIX shell; what the failing lines print.
pub(crate) fn follow(package: &Path, commands: &[String]) -> Vec<String> {
    let mut failures = Vec::new();
    for command in commands {
        let (fine, text) = tool("sh", &["-c", command], package);
        if !fine {
            failures.push(format!("{command}\n{text}"));
        }
    }
    failures
}

fn scope(package: &Path) -> Value {
    let text = fs::read_to_string(package.join("bag/data/metadata/scope.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn find(dir: &Path, args: &[&str]) -> BTreeSet<String> {
    let mut all = vec!["."];
    all.extend(args);
    tool("find", &all, dir)
        .1
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_package_is_whole_for_us_for_the_shell_and_for_bagit_python() {
    let delivered = delivered();
    let package = &delivered.package;
    assert_eq!(codes(package, &[]), (0, set(&[])));
    let commands = commands(package);
    assert!(commands.len() >= 20, "{}", commands.len());
    assert_eq!(follow(package, &commands), Vec::<String>::new());
    let files = find(package, &["-type", "f"]).len() as u64;
    assert_eq!(delivered.result["files"].as_u64(), Some(files));
    // Directories are named by ids, whose time has a T and a Z; files by nothing but these characters.
    let names = find(&package.join("bag"), &["-type", "f", "-printf", "%f\n"]);
    for name in names {
        let plain = name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte)
        });
        assert!(plain, "{name}");
    }
    let seal = tool("sha256sum", &["SEAL.txt"], package).1[..64].to_owned();
    assert_eq!(delivered.result["seal"].as_str(), Some(seal.as_str()));
    if let Some(verdict) = crate::validators::bagit(&package.join("bag")) {
        assert_eq!(verdict, Ok(()));
    }
    let info = fs::read_to_string(package.join("bag/bag-info.txt")).unwrap();
    assert!(
        info.contains("PROVARKIV") && info.contains("Record-Status: TEST"),
        "{info}"
    );
    assert!(
        fs::read_to_string(package.join("VERIFIERA.txt"))
            .unwrap()
            .contains("PROVARKIV")
    );
    // The archive itself goes on: the export stands in its log, after what the package carries.
    assert_eq!(codes(&delivered.archive.path(), &[]), (0, set(&[])));
    let last = tool(
        "sh",
        &["-c", "cat store/log/entries/*.json | tail -n 1"],
        &delivered.archive.path(),
    )
    .1;
    assert!(
        last.contains("\"type\":\"export\"") && last.contains(&seal),
        "{last}"
    );
    let carried = find(&package.join("bag/data/log/entries"), &["-type", "f"]).len();
    let kept = find(
        &delivered.archive.path().join("store/log/entries"),
        &["-type", "f"],
    )
    .len();
    assert_eq!(carried + 1, kept);
}

#[test]
fn only_preserved_posts_go_in_and_the_rest_keeps_its_line() {
    let delivered = delivered();
    let data = delivered.package.join("bag/data");
    let archive = &delivered.archive;
    // What the policy says is asked of another verb than the one under test.
    let plan = archive
        .json(DAY, &["disposal", "plan", "--dry-run"])
        .result();
    let items = plan["items"].as_array().unwrap();
    let preserved = items
        .iter()
        .filter(|item| item["outcome"] == "preserve")
        .count();
    let carried: BTreeSet<String> = find(&data.join("captures"), &["-name", "item.json"]);
    let others: Vec<&Value> = items
        .iter()
        .filter(|item| item["outcome"] != "preserve")
        .collect();
    assert!(preserved > 0 && !others.is_empty(), "{plan:#}");
    assert!(
        carried.len() <= preserved && !carried.is_empty(),
        "{carried:?}"
    );
    let texts: String = carried
        .iter()
        .map(|path| fs::read_to_string(data.join("captures").join(path)).unwrap())
        .collect();
    for item in others {
        let key = format!("\"key\":\"{}\"", item["post"].as_str().unwrap());
        assert!(!texts.contains(&key), "{item:#}");
    }
    let scope = scope(&delivered.package);
    let withheld = scope["withheld"].as_array().unwrap();
    for one in withheld {
        let unit = &one["unit"];
        let dir = format!(
            "{}/units/{}",
            unit["holder"].as_str().unwrap(),
            unit["unit"].as_str().unwrap()
        );
        assert!(
            find(&data, &["-path", &format!("*/{dir}*")]).is_empty(),
            "{one}"
        );
        let absent = fs::read_to_string(data.join("metadata/absent.txt")).unwrap();
        assert!(
            absent.contains(&format!("{dir}/unit.sha256 undantagen\n")),
            "{one}"
        );
    }
    let result = &delivered.result["withheld"];
    let told: u64 = result
        .as_object()
        .unwrap()
        .values()
        .map(|count| count.as_u64().unwrap())
        .sum();
    assert_eq!(told, withheld.len() as u64);
    // People's names stay at home; the register of the accounts goes along.
    assert!(find(&data, &["-name", "person.json"]).is_empty());
    assert_eq!(find(&data, &["-name", "account.json"]).len(), 2);
    assert_eq!(find(&data, &["-name", "page.pdf"]).len(), 2);
}

#[test]
fn accounts_and_period_bound_what_goes_in() {
    let delivered = delivered();
    let archive = &delivered.archive;
    let package = archive.beside().join("annat");
    archive
        .json(DAY, &export_args(&package, &["--account", "annat-konto"]))
        .exits(0);
    let data = package.join("bag/data");
    let other = find(&data, &["-name", "page.pdf"]);
    assert_eq!(other.len(), 1, "the chosen account's own: {other:?}");
    assert!(find(&data, &["-name", "item.json"]).is_empty());
    assert_eq!(
        find(&data, &["-name", "account.json"]).len(),
        1,
        "the other's revision is withheld"
    );
    assert_eq!(codes(&package, &[]), (0, set(&[])));
    assert_eq!(follow(&package, &commands(&package)), Vec::<String>::new());
    let early = archive.beside().join("tidigt");
    let args = export_args(&early, &["--from", "2026-01-01", "--to", "2026-06-30"]);
    archive.json(DAY, &args).exits(0);
    assert!(
        find(&early, &["-name", "page.pdf"]).is_empty(),
        "taken on 1 July"
    );
    assert_eq!(codes(&early, &[]).0, 0);
    let late = archive.beside().join("sent");
    archive
        .json(
            DAY,
            &export_args(&late, &["--from", "2026-07-01", "--to", "2026-07-01"]),
        )
        .exits(0);
    assert_eq!(
        find(&late, &["-name", "page.pdf"]).len(),
        2,
        "both ends count"
    );
}

#[test]
fn nothing_is_overwritten_and_nothing_unfinished_is_left() {
    let delivered = delivered();
    let archive = &delivered.archive;
    let before = find(&delivered.package, &["-type", "f", "-printf", "%p %T@\n"]);
    archive
        .json(DAY, &export_args(&delivered.package, &[]))
        .exits(2);
    assert_eq!(
        before,
        find(&delivered.package, &["-type", "f", "-printf", "%p %T@\n"])
    );
    let inside = archive.path().join("store/leverans");
    archive.json(DAY, &export_args(&inside, &[])).exits(2);
    archive
        .json(
            DAY,
            &export_args(&archive.beside().join("x"), &["--account", "okant"]),
        )
        .exits(2);
    let from_after_to = ["--from", "2026-07-02", "--to", "2026-07-01"];
    archive
        .json(
            DAY,
            &export_args(&archive.beside().join("x"), &from_after_to),
        )
        .exits(2);
    // A revisor reads everything and writes nothing.
    let revisor = archive.add_person(DAY, "Alex Exempel", "revisor");
    let out = archive.beside().join("x");
    let mut command = archive.command(DAY, &export_args(&out, &[]));
    command
        .env("BEVARA_PERSON", &revisor)
        .args(["--as", &revisor]);
    assert_ne!(crate::support::ran(&mut command).exit, 0);
    // Damage in the archive never leaves it.
    let picture = find(&archive.path(), &["-name", "page.pdf"]);
    let picture = archive.path().join(picture.first().unwrap());
    fs::write(&picture, b"changed").unwrap();
    let entries = find(&archive.path().join("store/log/entries"), &["-type", "f"]).len();
    archive.json(DAY, &export_args(&out, &[])).exits(1);
    assert_eq!(
        entries,
        find(&archive.path().join("store/log/entries"), &["-type", "f"]).len()
    );
    let left: BTreeSet<String> = find(archive.beside(), &["-maxdepth", "1", "-mindepth", "1"]);
    assert_eq!(
        left,
        BTreeSet::from(["./arkiv".to_owned(), "./leverans".to_owned()])
    );
    assert!(
        find(
            &archive.path().join("staging"),
            &["-mindepth", "1", "-type", "d"]
        )
        .is_empty()
    );
}

#[test]
fn a_receipt_is_filed_once_and_only_for_an_own_whole_package() {
    let delivered = delivered();
    let archive = &delivered.archive;
    let file = archive.beside().join("Kvittens från arkivet.pdf");
    fs::write(&file, b"%PDF mottaget").unwrap();
    let receipt = |package: &Path| {
        archive.json(
            DAY,
            &[
                "receipt",
                "add",
                package.to_str().unwrap(),
                file.to_str().unwrap(),
            ],
        )
    };
    let (other, _) = crate::evidence::with_capture();
    let foreign = other.beside().join("leverans");
    other.json(DAY, &export_args(&foreign, &[])).exits(0);
    receipt(&foreign).exits(1);
    let picture = find(&delivered.package, &["-name", "page.pdf"]);
    let picture = delivered.package.join(picture.first().unwrap());
    let whole = fs::read(&picture).unwrap();
    fs::write(&picture, b"changed").unwrap();
    receipt(&delivered.package).exits(1);
    fs::write(&picture, &whole).unwrap();
    let filed = receipt(&delivered.package).exits(0).result();
    assert_eq!(
        (&filed["already_filed"], &filed["package_verified"]),
        (&Value::Bool(false), &Value::Bool(true))
    );
    assert_eq!(filed["export"], delivered.result["export"]);
    let unit = archive.path().join(format!(
        "store/records/{}/units/000000",
        filed["receipt"].as_str().unwrap()
    ));
    assert!(
        tool(
            "cmp",
            &[
                file.to_str().unwrap(),
                unit.join("receipt-file.pdf").to_str().unwrap()
            ],
            archive.beside()
        )
        .0
    );
    let again = receipt(&delivered.package).exits(0).result();
    assert_eq!(
        (&again["already_filed"], &again["receipt"]),
        (&Value::Bool(true), &filed["receipt"])
    );
    fs::write(&file, b"%PDF ett annat").unwrap();
    let id = filed["export"].as_str().unwrap().to_owned();
    let second = archive
        .json(DAY, &["receipt", "add", &id, file.to_str().unwrap()])
        .exits(0)
        .result();
    assert_eq!(second["already_filed"], Value::Bool(false));
    assert_eq!(second["package_verified"], Value::Bool(false));
    archive
        .json(
            DAY,
            &[
                "receipt",
                "add",
                "r20260101T000000Z-00000000",
                file.to_str().unwrap(),
            ],
        )
        .exits(2);
    assert_eq!(codes(&archive.path(), &[]), (0, set(&[])));
}

/// What stands in the way of each post that the policy lets go.
fn in_the_way(archive: &Archive) -> Vec<Value> {
    let plan = archive
        .json("2026-09-01", &["disposal", "plan", "--dry-run"])
        .exits(0)
        .result();
    let items = plan["items"].as_array().unwrap().iter();
    let simple = items.filter(|item| item["outcome"] == "may-dispose");
    simple.map(|item| item["blocked_by"].clone()).collect()
}

fn deliver(archive: &Archive, day: &str, name: &str, more: &[&str]) -> (PathBuf, Value) {
    let package = archive.beside().join(name);
    let made = archive.json(day, &export_args(&package, more)).exits(0);
    let receipt = archive.beside().join("kvittens.txt");
    fs::write(&receipt, "Mottaget").unwrap();
    let (package_text, receipt) = (package.to_str().unwrap(), receipt.to_str().unwrap());
    archive
        .json(day, &["receipt", "add", package_text, receipt])
        .exits(0);
    (package, made.result())
}

#[test]
fn a_protected_capture_is_handed_over_only_when_asked_for_and_counts_only_then() {
    let archive = crate::disposal::with_posts(crate::disposal::EXAMPLE, "http://127.0.0.1/");
    let account = archive
        .json(START, &["account", "show", "blogg"])
        .exits(0)
        .result()["account"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let slots: [(&str, &str); 1] = [("half-year", "2026-07-01")];
    // One that is withheld in part (the third unit has no class), and one that is withheld as a whole.
    let part = add_capture_of(
        &archive,
        &account,
        ("2026-07-01T00:05:00+02:00", &[]),
        &[AccessClass::Open, AccessClass::Secrecy],
    );
    let part = part.file_name().unwrap().to_str().unwrap().to_owned();
    let capture = add_capture_of(
        &archive,
        &account,
        ("2026-07-01T00:10:00+02:00", &slots),
        &[AccessClass::Protected; 3],
    );
    let capture = capture.file_name().unwrap().to_str().unwrap().to_owned();

    let (package, made) = deliver(&archive, "2026-07-05", "utan", &[]);
    let pages = find(&package, &["-name", "page.*"]);
    assert!(pages.len() == 1 && pages.iter().all(|path| path.contains(&part)));
    // Described, so that the receiver sees what is missing; not delivered, so that nothing rests on it.
    assert_eq!(
        find(&package, &["-path", &format!("*/{capture}/*")]).len(),
        3
    );
    assert_eq!(made["captures"], 1, "the ingest");
    assert_eq!(
        made["withheld"]["protected"], 5,
        "three units and one, and the ingest's own"
    );
    let secret = made["withheld"]["secrecy"].clone();
    assert_eq!(in_the_way(&archive), vec![json!(["G3"]); 2]);

    let reason = "Överenskommelse KS 2026/7: hela arkivet övertas";
    archive
        .text(
            "2026-07-06",
            &export_args(&archive.beside().join("x"), &["--protected", " "]),
        )
        .exits(2);
    let (package, made) = deliver(&archive, "2026-07-06", "med", &["--protected", reason]);
    assert_eq!(
        find(&package, &["-path", &format!("*/{capture}/*page.pdf")]).len(),
        1
    );
    // Neither what is secret nor what nobody gave a class goes along, and such a capture is not delivered.
    assert_eq!(made["captures"], 2);
    assert_eq!(made["withheld"]["protected"], 1);
    assert_eq!(made["withheld"]["secrecy"], secret);
    assert!(secret.as_u64().unwrap() >= 1);
    assert_eq!(scope(&package)["protected"], reason);
    assert_eq!(in_the_way(&archive), vec![json!([]); 2]);
    assert_eq!(codes(&package, &[]), (0, set(&[])));
    assert_eq!(follow(&package, &commands(&package)), Vec::<String>::new());
    assert_eq!(codes(&archive.path(), &[]), (0, set(&[])));
}

/// G3 rests on what the post looked like last, and on files that are still as they were delivered.
#[test]
fn only_a_whole_capture_after_the_last_change_counts() {
    let archive = Archive::with_policy("2026-05-01", crate::disposal::EXAMPLE);
    archive.add_account("2026-05-01", "blogg", "blogg", "http://127.0.0.1/");
    let shown = archive.json(START, &["account", "show", "blogg"]).exits(0);
    let account = shown.result()["account"]["id"].as_str().unwrap().to_owned();
    // The comments are of 3 May and later.
    add_capture(&archive, &account, "2026-05-02T12:00:00+02:00", &[]);
    let file = archive.beside().join("blogg.xml");
    let export = crate::disposal::export(&crate::disposal::comments());
    fs::write(&file, export).unwrap();
    let args = ["ingest", "blogg", file.to_str().unwrap()];
    archive.json("2026-06-15", &args).exits(0);
    let waits_for_g3 = || {
        let all = in_the_way(&archive);
        assert_eq!(all.len(), 2, "{all:?}");
        let has = |floors: &Value| floors.as_array().unwrap().contains(&json!("G3"));
        all.iter().map(has).collect::<Vec<bool>>()
    };

    let (_, made) = deliver(&archive, "2026-06-20", "tidig", &[]);
    assert_eq!(made["captures"], 2, "the early capture and the ingest");
    assert_eq!(waits_for_g3(), [true; 2], "the early capture shows nothing");
    let slots = [("half-year", "2026-07-01")];
    let dir = add_capture(&archive, &account, "2026-07-01T00:10:00+02:00", &slots);
    assert_eq!(waits_for_g3(), [true; 2], "it is not delivered");
    deliver(&archive, "2026-07-05", "sen", &[]);
    assert_eq!(waits_for_g3(), [false; 2]);
    fs::write(dir.join("units/000001/page.txt"), "ändrad").unwrap();
    assert_eq!(waits_for_g3(), [true; 2], "it is damaged");
}

#[test]
fn what_a_person_called_secret_and_what_is_planned_stays_at_home() {
    let archive = crate::disposal::delivered();
    let args = ["disposal", "plan", "--dry-run"];
    let foreseen = archive.json("2026-09-01", &args).exits(0).result();
    let items = foreseen["items"].as_array().unwrap();
    let of = |outcome: &str| -> Vec<&str> {
        let mine = items.iter().filter(|item| item["outcome"] == outcome);
        mine.map(|item| item["post"].as_str().unwrap()).collect()
    };
    // Below the last post stands nobody's comment, so the plan stays as it is.
    let (secret, planned) = (*of("preserve").last().unwrap(), of("may-dispose"));
    let args = ["post", "review", secret, "--flag", "sekretess=ja"];
    archive.json("2026-08-01", &args).exits(0);
    archive.json("2026-09-01", &["disposal", "plan"]).exits(0);
    let package = archive.beside().join("efter-planen");
    let args = export_args(&package, &["--protected", "Hela arkivet övertas"]);
    let made = archive.json("2026-09-02", &args).exits(0).result();
    assert_eq!(made["withheld"]["secrecy"], 1);
    // Withheld with the list of the plan, which names them.
    assert_eq!(made["withheld"]["planned"], planned.len() + 1);
    for key in planned.iter().chain([&secret]) {
        let key = format!("\"key\":\"{key}\"");
        let found = tool("grep", &["-rlF", &key, "."], &package);
        assert_eq!(found, (false, String::new()), "{key}");
    }
}
