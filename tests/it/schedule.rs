//! What is due, and the pass that takes it, in the real browser.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::pages::Pages;
use crate::support::{Archive, Ran};

/// `due rule state` of every obligation of an account.
fn states(archive: &Archive, at: &str, until: &str, account: &str) -> Vec<String> {
    let result = archive
        .json(at, &["schedule", "--until", until])
        .exits(0)
        .result();
    let obligations = result["obligations"].as_array().expect("an array");
    obligations
        .iter()
        .filter(|one| one["account"] == account)
        .map(|one| {
            format!(
                "{} {} {}",
                text(&one["due"]),
                text(&one["rule"]),
                text(&one["state"])
            )
        })
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// The JSON lines ahead of the document.
fn lines(ran: &Ran) -> Vec<Value> {
    let all: Vec<&str> = ran.stdout.lines().collect();
    all[..all.len() - 1]
        .iter()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect()
}

fn log_size(archive: &Archive) -> usize {
    std::fs::read_dir(archive.path().join("store/log/entries"))
        .expect("the log")
        .count()
}

#[test]
fn new_year_needs_one_capture_for_two_obligations_and_none_before() {
    let (pages, archive) = (Pages::start(), Archive::new("2025-12-01"));
    archive.add_account("2025-12-01", "ett", "facebook", &pages.url("/short.html"));
    let before = "2025-12-31T23:59:59+01:00";
    let idle = archive.json(before, &["run"]).exits(0);
    assert_eq!(lines(&idle), Vec::<Value>::new());
    assert_eq!(
        states(&archive, before, "2026-01-01", "ett"),
        ["2026-01-01 half-year planned", "2026-01-01 year planned"]
    );
    let at = "2026-01-01T00:00:00+01:00";
    assert_eq!(
        states(&archive, at, "2026-01-01", "ett"),
        ["2026-01-01 half-year due", "2026-01-01 year due"]
    );
    let done = archive.json(at, &["run"]).exits(0);
    assert_eq!(
        done.result()["captures"][0]["fills"],
        json!([{"rule": "half-year", "due": "2026-01-01"}, {"rule": "year", "due": "2026-01-01"}])
    );
    assert_eq!(lines(&done)[0]["outcome"], "complete");
    assert_eq!(
        states(&archive, at, "2026-01-01", "ett"),
        ["2026-01-01 half-year met", "2026-01-01 year met"]
    );
    let size = log_size(&archive);
    archive.json("2026-01-01T01:00:00+01:00", &["run"]).exits(0);
    assert_eq!(log_size(&archive), size, "a second pass has nothing to do");
    let table = archive
        .text(at, &["schedule", "--until", "2026-01-01"])
        .exits(0);
    assert!(
        table.stdout.contains("årsskifte") && table.stdout.contains("tagen"),
        "{}",
        table.stdout
    );
}

#[test]
fn after_a_standstill_the_newest_is_late_and_the_older_missed_once() {
    let (pages, archive) = (Pages::start(), Archive::new("2025-06-15"));
    archive.add_account("2025-06-15", "ett", "facebook", &pages.url("/short.html"));
    archive.add_account("2025-06-15", "trasigt", "x", &pages.url("/404"));
    let at = "2026-09-01T10:00:00+02:00";
    let pass = archive.json(at, &["run"]).exits(1);
    let result = pass.result();
    assert_eq!(result["late"], json!(["ett", "trasigt"]));
    assert_eq!(result["missed"].as_array().map(Vec::len), Some(4));
    let outcomes: Vec<String> = lines(&pass)
        .iter()
        .map(|line| format!("{} {}", text(&line["account"]), text(&line["outcome"])))
        .collect();
    assert_eq!(
        outcomes,
        [
            "ett missed",
            "ett missed",
            "trasigt missed",
            "trasigt missed",
            "ett complete",
            "trasigt failed"
        ],
        "one bad account stops no other"
    );
    assert_eq!(
        states(&archive, at, "2026-09-01", "ett"),
        [
            "2025-07-01 half-year missed",
            "2026-01-01 half-year missed",
            "2026-01-01 year late",
            "2026-07-01 half-year late",
        ]
    );
    // Both times stand in the log: when it was due, and when it was taken.
    let capture = text(&result["captures"][0]["capture"]);
    assert!(capture.starts_with("20260901T080000Z-"), "{capture}");
    let waiting = archive
        .json("2026-09-01T10:10:00+02:00", &["run"])
        .exits(1)
        .result();
    assert_eq!(
        waiting["waiting"],
        json!([{"account": "trasigt", "until": "2026-09-01T08:55:00Z"}])
    );
    assert_eq!(waiting["missed"], json!([]));
    // A late one stays late in what is shown, and is no fault of a later pass.
    archive
        .json(
            "2026-09-01T10:20:00+02:00",
            &[
                "account",
                "close",
                "trasigt",
                "--without-capture",
                "Finns inte",
            ],
        )
        .exits(0);
    archive.json("2026-09-01T10:30:00+02:00", &["run"]).exits(0);
}

#[test]
fn only_a_complete_capture_meets_an_obligation() {
    let (pages, archive) = (Pages::start(), Archive::new("2026-06-15"));
    archive.add_account("2026-06-15", "ett", "facebook", &pages.url("/broken"));
    let pass = archive.json("2026-07-01", &["run"]).exits(1).result();
    assert_eq!(pass["captures"][0]["verdict"], "partial");
    assert_eq!(pass["captures"][0]["fills"], json!([]));
    let open = states(&archive, "2026-07-01", "2026-07-01", "ett");
    assert_eq!(open, ["2026-07-01 half-year due"]);
    archive
        .json(
            "2026-07-01",
            &["account", "set", "ett", "--url", &pages.url("/short.html")],
        )
        .exits(0);
    // The pause of an hour is over, and the window is not.
    archive.json("2026-07-01T01:00:00+02:00", &["run"]).exits(0);
    let met = states(&archive, "2026-07-02", "2026-07-01", "ett");
    assert_eq!(met, ["2026-07-01 half-year met"]);
}

#[test]
fn of_two_passes_at_once_one_does_nothing_and_says_so() {
    let (pages, archive) = (Pages::start(), Archive::new("2026-06-15"));
    archive.add_account("2026-06-15", "ett", "facebook", &pages.url("/short.html"));
    let start = || {
        archive
            .command("2026-07-01", &["run", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts")
    };
    let both = [start(), start(), start()].map(|child| child.wait_with_output().expect("it ends"));
    let results: Vec<Value> = both
        .iter()
        .map(|output| {
            assert_eq!(
                output.status.code(),
                Some(0),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            let stdout = String::from_utf8_lossy(&output.stdout);
            let line = stdout.lines().last().expect("a document");
            serde_json::from_str::<Value>(line).expect("JSON")["result"].clone()
        })
        .collect();
    let captured: usize = results
        .iter()
        .map(|result| result["captures"].as_array().map_or(0, Vec::len))
        .sum();
    assert_eq!(captured, 1, "{results:?}");
    // Those that came while the first was at work are busy; one that came after it found nothing to do.
    let busy = results.iter().filter(|result| result["busy"] == true);
    assert!(busy.count() >= 1, "{results:?}");
    assert_eq!(log_size(&archive), 5);
}

#[test]
fn closing_takes_a_capture_and_a_page_that_fails_keeps_the_account_open() {
    let (pages, archive) = (Pages::start(), Archive::new("2026-06-15"));
    archive.add_account("2026-06-15", "ett", "facebook", &pages.url("/404"));
    let failed = archive
        .json("2026-06-20", &["account", "close", "ett"])
        .exits(1)
        .result();
    assert_eq!(
        (&failed["closed"], &failed["capture"]["verdict"]),
        (&json!(false), &json!("failed"))
    );
    archive
        .json(
            "2026-06-20",
            &["account", "set", "ett", "--url", &pages.url("/short.html")],
        )
        .exits(0);
    let closed = archive
        .json("2026-06-20", &["account", "close", "ett"])
        .exits(0)
        .result();
    assert_eq!(closed["closed"], true);
    assert_eq!(
        states(&archive, "2026-08-01", "2026-12-31", "ett"),
        ["2026-06-20 closing met", "2026-07-01 half-year cancelled"]
    );
    archive.json("2026-08-01", &["run"]).exits(0);
}

#[test]
fn time_moves_in_a_test_archive_only_and_never_backwards() {
    let archive = Archive::new("2026-06-15");
    let args = [
        "account",
        "add",
        "ett",
        "--platform",
        "x",
        "--url",
        "https://x.com/ett",
    ];
    let behind = archive.json("2026-06-14", &args).exits(2);
    assert!(
        behind.stderr.contains("lies before the log's last entry"),
        "{}",
        behind.stderr
    );
    archive.json("2026-06-15", &args).exits(0);
    // To look at another day is always allowed.
    archive.json("2020-01-01", &["schedule"]).exits(0);
}
