//! The verb `capture` over several accounts, and what a kill leaves.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::json;

use crate::failures::configure;
use crate::pages::Pages;
use crate::processes::{family, profiles, until};
use crate::support::Archive;

#[test]
fn one_bad_account_never_stops_the_others() {
    let pages = Pages::start();
    let archive = Archive::new("2026-06-01");
    for (alias, path) in [
        ("fel", "/404"),
        ("vanlig", "/"),
        ("vagg", "/wall.html"),
        ("trasig", "/broken"),
    ] {
        archive.add_account("2026-06-01", alias, "annan", &pages.url(path));
    }
    let result = archive
        .json(
            "2026-07-01T08:00:00Z",
            &["capture", "--all", "--flavour", "1b"],
        )
        .exits(1)
        .result();
    let row = |alias: &str| {
        let captures = result["captures"].as_array().unwrap();
        captures
            .iter()
            .find(|row| row["account"] == alias)
            .unwrap()
            .clone()
    };
    assert_eq!(
        (row("fel")["verdict"].as_str(), &row("fel")["reasons"]),
        (Some("failed"), &json!(["http_4xx"]))
    );
    assert_eq!(
        (row("vagg")["verdict"].as_str(), &row("vagg")["reasons"]),
        (Some("failed"), &json!(["not_logged_in"]))
    );
    assert_eq!(
        (row("trasig")["verdict"].as_str(), &row("trasig")["reasons"]),
        (Some("partial"), &json!(["partial_images"]))
    );
    assert_eq!(row("vanlig")["verdict"], "complete", "{result:#}");
    let roles: Vec<_> = row("vanlig")["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["role"].clone())
        .collect();
    for role in [
        "page-pdf",
        "page-png",
        "overview-png",
        "view-png",
        "page-text",
        "inventory",
        "dom",
        "requests",
    ] {
        assert!(roles.contains(&json!(role)), "{role}: {roles:?}");
    }
    // The literal reading of RA-FS 2009:2: pictures with their text under them.
    let archived: Vec<_> = row("vanlig")["files"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|file| file["role"] == "page-pdf")
        .map(|file| archive.path().join(file["path"].as_str().unwrap()))
        .collect();
    assert_eq!(archived.len(), 1);
    if let Some(verdicts) = crate::validators::verapdf(&archived, "1b") {
        assert!(verdicts[0].compliant, "{verdicts:#?}");
    }
    for file in row("vanlig")["files"].as_array().unwrap() {
        let sum = Command::new("sha256sum")
            .arg(archive.path().join(file["path"].as_str().unwrap()))
            .output()
            .unwrap();
        assert!(
            String::from_utf8(sum.stdout)
                .unwrap()
                .starts_with(file["sha256"].as_str().unwrap())
        );
    }
    archive.json("2026-07-01T08:10:00Z", &["capture"]).exits(2);
    archive
        .json(
            "2026-07-01T08:10:00Z",
            &["capture", "vanlig", "--allow-address", "10.0.0/8"],
        )
        .exits(2);
    archive.json("2026-07-01T08:10:00Z", &["verify"]).exits(0);
}

#[test]
fn a_browser_that_has_grown_is_changed_for_another() {
    let pages = Pages::start();
    let archive = Archive::new("2026-06-01");
    // Less than any browser takes.
    configure(&archive, "browser_memory_mb = 64");
    for alias in ["ett", "tva"] {
        archive.add_account("2026-06-01", alias, "annan", &pages.url("/"));
    }
    let mut capture = archive
        .command("2026-07-01", &["capture", "--all"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let staging = archive.path().join("staging");
    let mut names = BTreeSet::new();
    let mut ended = None;
    until("the round ends", || {
        names.extend(profiles(&staging).into_iter().filter_map(|path| {
            let name = path.file_name()?.to_str()?;
            Some(name.to_owned())
        }));
        ended = capture.try_wait().unwrap();
        ended.is_some()
    });
    assert_eq!(ended.unwrap().code(), Some(0));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(names, ["profile-1", "profile-2"]);
}

#[test]
fn a_killed_capture_leaves_no_browser_and_its_profile_is_swept() {
    let pages = Pages::start();
    let archive = Archive::new("2026-06-01");
    archive.add_account("2026-06-01", "slow", "annan", &pages.url("/slow"));
    let scratch = archive.beside().join("tmp");
    std::fs::create_dir(&scratch).unwrap();
    let mut capture = archive
        .command("2026-07-01", &["capture", "slow"])
        .env("TMPDIR", &scratch)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    until("the page hangs", || {
        pages.asked().iter().any(|path| path == "/hang.png")
    });
    let staging = archive.path().join("staging");
    assert!(family(&staging).len() > 2, "no browser was found");
    capture.kill().unwrap();
    capture.wait().unwrap();
    until("the browser is gone", || family(&staging).is_empty());
    assert!(std::fs::read_dir(&staging).unwrap().next().is_some());
    assert!(
        std::fs::read_dir(&scratch).unwrap().next().is_none(),
        "the browser left something outside the archive"
    );
    archive.add_account("2026-07-02", "annat", "annan", &pages.url("/"));
    assert!(
        std::fs::read_dir(&staging).unwrap().next().is_none(),
        "the profile was not swept"
    );
}
