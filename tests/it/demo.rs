//! The whole story with the real browser, twice: the same decisions both times, and what it wrote judged by others' tools.
//! Expected values were worked out from `fixtures/demo/` and `fixtures/policies/exempelkommun.toml` by reading them.

#![expect(
    clippy::unwrap_used,
    reason = "what cannot be read has failed the test"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{bevara, ran, repository};
use crate::validators;

#[test]
fn the_story_comes_out_the_same_twice_and_others_tools_agree() {
    let dir = tempfile::tempdir().unwrap();
    let first = tell(&dir.path().join("ett"));
    check_captures(&first);
    check_posts(&first);
    check_disposal(&first);
    let result = &first["result"];
    let archive = path(&result["places"]["archive"]);
    check_pdfs(&archive);
    for package in result["places"]["packages"].as_array().unwrap() {
        check_package(&path(package));
    }
    assert_eq!(ran(bevara().arg("verify").arg(&archive)).exit, 0);
    let second = tell(&dir.path().join("två"));
    assert_eq!(second["result"]["story"], result["story"]);
}

#[test]
fn a_directory_with_something_in_it_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("viktigt.txt");
    std::fs::write(&file, "rör ej").unwrap();
    let refused = ran(bevara().arg("demo").arg(dir.path()));
    assert_eq!(refused.exit, 2);
    assert!(
        refused.stderr.contains("is not an empty directory"),
        "{}",
        refused.stderr
    );
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "rör ej");
}

fn tell(dir: &Path) -> Value {
    let told = ran(bevara().arg("demo").arg(dir).arg("--json"));
    assert_eq!(told.exit, 0, "{}\n{}", told.stdout, told.stderr);
    let document = told.document();
    assert_eq!(document["result"]["unexpected"], json!([]));
    document
}

/// Eight accounts: six that can be captured, a login wall, one that is gone, and one of the six down on New Year's Day.
fn check_captures(document: &Value) {
    let captures = document["result"]["story"]["captures"].as_array().unwrap();
    let of = |date: &str| -> Vec<(String, String, u64, bool)> {
        captures
            .iter()
            .filter(|line| line["date"] == date)
            .map(|line| {
                (
                    line["account"].as_str().unwrap().to_owned(),
                    line["reasons"][0]
                        .as_str()
                        .or(line["verdict"].as_str())
                        .unwrap()
                        .to_owned(),
                    line["posts"].as_u64().unwrap(),
                    line["late"].as_bool().unwrap(),
                )
            })
            .collect()
    };
    let line = |account: &str, came: &str, posts: u64, late: bool| {
        (account.to_owned(), came.to_owned(), posts, late)
    };
    let complete: Vec<_> = of("2027-01-01")
        .into_iter()
        .filter(|(_, came, ..)| came == "complete")
        .collect();
    assert_eq!(
        complete,
        [
            line("blogg", "complete", 15, false),
            line("facebook", "complete", 45, false),
            line("instagram", "complete", 18, false),
            line("x", "complete", 17, false),
            line("youtube", "complete", 11, false),
        ]
    );
    let failed: Vec<_> = of("2027-01-01")
        .into_iter()
        .filter(|(_, came, ..)| came != "complete")
        .map(|(account, came, ..)| (account, came))
        .collect();
    let pair = |account: &str, came: &str| (account.to_owned(), came.to_owned());
    assert_eq!(
        failed,
        [
            pair("linkedin", "not_logged_in"),
            pair("mastodon", "http_5xx"),
            pair("tiktok", "http_4xx"),
        ]
    );
    assert!(of("2027-01-04").contains(&line("mastodon", "complete", 18, true)));
    assert_eq!(of("2027-03-02"), [line("facebook", "complete", 50, false)]);
    let summer: Vec<_> = of("2027-07-01")
        .into_iter()
        .filter(|(_, came, ..)| came == "complete")
        .map(|(account, _, posts, _)| (account, posts))
        .collect();
    let counts = [
        ("blogg", 18),
        ("facebook", 60),
        ("instagram", 24),
        ("mastodon", 22),
        ("x", 24),
        ("youtube", 15),
    ];
    assert_eq!(
        summer,
        counts.map(|(account, posts)| (account.to_owned(), posts))
    );
}

/// 15 posts, a page, a draft and 58 comments in January; 3 posts and 6 comments more in July. Mastodon: 21, and 3 more.
fn check_posts(document: &Value) {
    let counts: Vec<(u64, u64, u64)> = document["result"]["story"]["ingests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            let count = |name: &str| line[name].as_u64().unwrap();
            (count("claimed"), count("added"), count("unchanged"))
        })
        .collect();
    assert_eq!(
        counts,
        [
            (75, 75, 0),
            (21, 21, 0),
            (75, 0, 75),
            (84, 9, 75),
            (24, 3, 21)
        ]
    );
}

fn check_disposal(document: &Value) {
    let story = &document["result"]["story"];
    let may_go: Vec<&str> = story["decisions"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["outcome"] == "may-dispose")
        .map(|line| line["source_id"].as_str().unwrap())
        .collect();
    // Thanks, greetings, and questions about hours and places with their answers; the last three came after the package.
    let expected = [
        "1001", "1002", "1003", "1007", "1010", "1011", "1019", "1021", "1022", "1037", "1038",
        "1039", "1042", "1052", "1056", "1057", "1058", "1059", "1062", "1064",
    ];
    let mut sorted = may_go.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    let decision = |id: &str| {
        story["decisions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|line| line["source_id"] == id)
            .unwrap()
    };
    // The held thread; a spring comment that no receipted package covers; a child with a diagnosis; a personnummer.
    assert_eq!(decision("1002")["blocked_by"], json!(["G0"]));
    assert_eq!(decision("1059")["blocked_by"], json!(["G3"]));
    assert_eq!(decision("1023")["outcome"], "registry");
    assert_eq!(decision("1045")["outcome"], "registry");
    let disposal = &story["disposal"];
    assert_eq!(disposal["posts"], 108);
    // All of them but 1064, whose three months have not passed.
    assert_eq!(disposal["planned"], 19);
    assert_eq!(disposal["disposed"], 14);
    assert_eq!(disposal["held_back_by"], json!({"G0": 3, "G3": 2}));
    assert_eq!(disposal["executable_from"], "2027-08-11");
    assert_eq!(story["refused"].as_array().unwrap().len(), 2);
    assert_eq!(story["missed"].as_array().unwrap().len(), 7);
}

fn path(value: &Value) -> PathBuf {
    PathBuf::from(value.as_str().unwrap())
}

/// Every PDF under the archive, by the flavour it claims.
fn check_pdfs(archive: &Path) {
    let mut captures = Vec::new();
    let mut documents = Vec::new();
    for entry in walkdir::WalkDir::new(archive.join("store")) {
        let entry = entry.unwrap();
        if entry.path().extension().is_some_and(|end| end == "pdf") {
            if entry.file_name() == "page.pdf" {
                captures.push(entry.into_path());
            } else {
                documents.push(entry.into_path());
            }
        }
    }
    // Twelve snapshots and one major change; one disposal record.
    assert_eq!((captures.len(), documents.len()), (13, 1));
    for (files, flavour) in [
        (captures, "2u"),
        (documents.clone(), "2a"),
        (documents, "ua1"),
    ] {
        for judged in validators::verapdf(&files, flavour).into_iter().flatten() {
            assert!(judged.compliant, "{judged:?}");
        }
    }
}

/// bagit-python, and the seal by `openssl` as `VERIFIERA.txt` says; then one byte is changed, and `sha256sum` names the file.
fn check_package(package: &Path) {
    let bag = bag_of(package);
    if let Some(verdict) = validators::bagit(&bag) {
        assert_eq!(verdict, Ok(()), "{}", bag.display());
    }
    assert_eq!(ran(bevara().arg("verify").arg(package)).exit, 0);
    assert!(sums(&bag).is_empty());
    let victim = bag.join("data/metadata/scope.json");
    let mut bytes = std::fs::read(&victim).unwrap();
    bytes[0] ^= 1;
    std::fs::write(&victim, bytes).unwrap();
    let failed = sums(&bag);
    assert!(
        failed.len() == 1 && failed[0].contains("data/metadata/scope.json"),
        "{failed:?}"
    );
    assert_eq!(ran(bevara().arg("verify").arg(package)).exit, 1);
}

/// Where the bag lies in a package.
fn bag_of(package: &Path) -> PathBuf {
    walkdir::WalkDir::new(package)
        .max_depth(2)
        .into_iter()
        .map(Result::unwrap)
        .find(|entry| entry.file_name() == "bagit.txt")
        .map(|entry| entry.path().parent().unwrap().to_owned())
        .expect("a package holds a bag")
}

/// The files that `sha256sum` finds changed.
fn sums(bag: &Path) -> Vec<String> {
    let output = Command::new("sha256sum")
        .args(["--check", "--quiet", "manifest-sha256.txt"])
        .env("LC_ALL", "C")
        .current_dir(bag)
        .output()
        .unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn scripts_are_bash_that_parses_and_stops_at_the_first_error() {
    for script in [
        "scripts/setup",
        "scripts/demo",
        "scripts/test",
        "scripts/long",
        "scripts/check",
        ".ci/run",
    ] {
        let file = repository().join(script);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("\nset -euo pipefail\n"), "{script}");
        let parsed = Command::new("bash").arg("-n").arg(&file).status().unwrap();
        assert!(parsed.success(), "{script}");
    }
}
