//! Gallringsstopp: what each scope covers, who may place and lift, and later arrivals.

use serde_json::{Value, json};

use crate::disposal::{comments, export, with_posts};
use crate::support::{Archive, ran};

const POLICY: &str = "fixtures/policies/exempelkommun.toml";

fn archive() -> Archive {
    with_posts(POLICY, "http://127.0.0.1:9/")
}

/// Ids (in the export) of the posts that a hold stops.
fn held(archive: &Archive) -> Vec<String> {
    let plan = archive
        .json("2026-09-01", &["disposal", "plan", "--dry-run"])
        .exits(0)
        .result();
    let mut ids: Vec<String> = plan["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| {
            item["blocked_by"]
                .as_array()
                .unwrap()
                .contains(&json!("G0"))
        })
        .map(|item| item["source_id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

fn key(archive: &Archive, id: &str) -> String {
    let plan = archive
        .json("2026-09-01", &["disposal", "plan", "--dry-run"])
        .exits(0)
        .result();
    let items = plan["items"].as_array().unwrap().clone();
    let item = items.into_iter().find(|item| item["source_id"] == id);
    item.unwrap()["post"].as_str().unwrap().to_owned()
}

fn place(archive: &Archive, scope: &[&str]) -> String {
    let mut args = vec![
        "hold", "place", "--ground", "tvist", "--reason", "Krav", "--scope",
    ];
    args.extend(scope);
    let placed = archive.json("2026-08-01", &args).exits(0).result();
    placed["hold"].as_str().unwrap().to_owned()
}

#[test]
fn each_scope_covers_what_it_names() {
    let base = archive();
    let post = key(&base, "20");
    let own = key(&base, "2");
    let cases: [(Vec<&str>, Vec<&str>); 6] = [
        (vec!["post", "--post", &post], vec!["20"]),
        (vec!["thread", "--post", &own], vec!["2"]),
        (
            vec!["thread", "--post", &post],
            vec!["1", "20", "21", "30", "31", "32", "33", "34", "35"],
        ),
        (
            vec!["period", "--from", "2026-05-01", "--to", "2026-05-03"],
            vec!["1", "2", "3", "4"],
        ),
        (vec!["query", "--query", "SOMMARKONSERT"], vec!["21"]),
        (
            vec!["account", "--account", "blogg"],
            vec![
                "1", "2", "20", "21", "3", "30", "31", "32", "33", "34", "35", "4",
            ],
        ),
    ];
    for (scope, expected) in cases {
        let archive = base.copied();
        place(&archive, &scope);
        assert_eq!(held(&archive), expected, "{scope:?}");
    }
}

#[test]
fn a_query_covers_what_arrives_later() {
    let archive = archive();
    place(&archive, &["query", "--query", "badhuset"]);
    assert_eq!(held(&archive), Vec::<String>::new());
    let mut more = comments();
    more.push((50, "Tack för badhuset!"));
    let file = archive.beside().join("senare.xml");
    std::fs::write(&file, export(&more)).unwrap();
    archive
        .json("2026-08-10", &["ingest", "blogg", file.to_str().unwrap()])
        .exits(0);
    assert_eq!(held(&archive), ["50"]);
}

#[test]
fn it_takes_two_to_lift_a_hold() {
    let archive = archive();
    let hold = place(&archive, &["account", "--account", "blogg"]);
    let lift = |second: &str| {
        archive.text(
            "2026-08-02",
            &[
                "hold", "lift", &hold, "--reason", "Över", "--second", second,
            ],
        )
    };
    let alone = lift(&archive.person).exits(4);
    assert!(alone.stderr.contains("av två"), "{}", alone.stderr);
    lift("p000000000000").exits(2);
    let reader = archive.add_person("2026-08-02", "Re Visor", "revisor");
    lift(&reader).exits(4);
    let second = archive.add_person("2026-08-02", "Lo Annan", "registrator");
    lift(&second).exits(0);
    assert_eq!(held(&archive), Vec::<String>::new());
    let again = lift(&second).exits(4);
    assert!(again.stderr.contains("redan hävt"), "{}", again.stderr);
    let holds = archive
        .json("2026-08-03", &["hold", "list"])
        .exits(0)
        .result();
    assert_eq!(holds["holds"][0]["lifted"], true);
}

#[test]
fn a_hold_needs_a_person_and_what_its_scope_names() {
    let archive = archive();
    let mut nobody = crate::support::bevara();
    nobody.arg("--archive").arg(archive.path());
    nobody.args([
        "--as-of",
        "2026-08-01",
        "hold",
        "place",
        "--scope",
        "account",
        "--account",
        "blogg",
    ]);
    nobody.args(["--ground", "kris", "--reason", "Prov"]);
    let refused = ran(&mut nobody).exits(2);
    assert!(refused.stderr.contains("--as"), "{}", refused.stderr);
    let wrong = |args: &[&str]| {
        let mut all = vec!["hold", "place", "--ground", "kris", "--reason", "Prov"];
        all.extend(args);
        archive.text("2026-08-01", &all).exits(2);
    };
    wrong(&["--scope", "account"]);
    wrong(&["--scope", "post"]);
    wrong(&["--scope", "post", "--post", "nothing"]);
    wrong(&["--scope", "period"]);
    wrong(&[
        "--scope",
        "period",
        "--from",
        "2026-02-01",
        "--to",
        "2026-01-01",
    ]);
    wrong(&["--scope", "query", "--query", " "]);
    wrong(&["--scope", "account", "--account", "blogg", "--post", "x"]);
    let holds = archive
        .json("2026-08-01", &["hold", "list"])
        .exits(0)
        .result();
    assert_eq!(holds["holds"], Value::Array(Vec::new()));
}
