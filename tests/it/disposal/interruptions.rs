//! What a hold, a crash, leftovers and other plans make of an execution.

use serde_json::{Value, json};

use base64::Engine as _;

use crate::disposal::{SIMPLE, approved, delivered, plan};
use crate::support::{Archive, copy_dir};

#[test]
fn a_copy_of_a_disposed_unit_is_found_wherever_it_lies() {
    let archive = delivered();
    let unit = std::fs::read_dir(archive.path().join("store/captures"))
        .unwrap()
        .flatten()
        .next()
        .unwrap()
        .path();
    let (plan, _) = approved(&archive);
    let kept = archive.beside().join("kept");
    copy_dir(&unit, &kept);
    // A text left behind in another file, in base64, stops the confirmation and names the file.
    let stray = archive.path().join("secrets/anteckning");
    std::fs::write(
        &stray,
        base64::engine::general_purpose::STANDARD.encode(format!("x{}", SIMPLE[1].1)),
    )
    .unwrap();
    let stopped = archive
        .json("2026-10-02", &["disposal", "execute", &plan])
        .exits(1);
    assert_eq!(
        stopped.document()["findings"][0]["path"],
        "secrets/anteckning"
    );
    assert_eq!(stopped.result()["protocol"], Value::Null);
    archive.json("2026-10-02", &["verify"]).exits(5);
    std::fs::remove_file(&stray).unwrap();
    let done = archive
        .json("2026-10-02", &["disposal", "execute", &plan])
        .exits(0)
        .result();
    assert_eq!(done["disposed"], 2);
    archive
        .json("2026-10-02", &["disposal", "audit", &plan])
        .exits(0);
    // A restored backup, under another name.
    copy_dir(&kept, &archive.path().join("staging/gammalt"));
    let audit = archive
        .json("2026-10-02", &["disposal", "audit", &plan])
        .exits(1);
    let traces = audit.result()["residue"].as_array().unwrap().len();
    assert_eq!(traces, 2, "one for each disposed unit: {}", audit.stdout);
}

#[tokio::test]
async fn a_hold_placed_in_the_middle_stops_the_next_post() {
    let archive = delivered();
    let (plan, _) = approved(&archive);
    let mut app = open(&archive, "2026-10-02").await;
    let mut execution =
        bevara::ops::disposal::execute::Execution::start(&mut app, &plan.parse().unwrap())
            .await
            .unwrap();
    assert!(execution.step(&mut app).await.unwrap());
    let left = archive
        .json("2026-10-02", &["disposal", "plan", "--dry-run"])
        .exits(0)
        .result();
    let left = left["items"].as_array().unwrap().clone();
    let left = left.iter().find(|item| item["outcome"] == "may-dispose");
    let held = left.unwrap()["post"].as_str().unwrap().to_owned();
    // Another process, while this one is between two posts.
    archive
        .json(
            "2026-10-02",
            &[
                "hold", "place", "--scope", "post", "--post", &held, "--ground", "tvist",
                "--reason", "Krav",
            ],
        )
        .exits(0);
    assert!(execution.step(&mut app).await.unwrap());
    assert!(!execution.step(&mut app).await.unwrap());
    let executed = execution.finish(&mut app).await.unwrap();
    assert_eq!(executed.disposed, 1);
    assert_eq!(executed.held_back.len(), 1);
    assert_eq!(executed.held_back[0].post.as_deref(), Some(held.as_str()));
    assert_eq!(executed.held_back[0].blocked_by, ["G0"]);
    drop(app);
    let again = archive
        .json("2026-10-03", &["disposal", "execute", &plan])
        .exits(4)
        .result();
    assert_eq!(
        again["held_back"],
        json!([{ "post": held, "blocked_by": ["G0"] }])
    );
    archive.json("2026-10-03", &["verify"]).exits(0);
}

pub(crate) async fn open(archive: &Archive, as_of: &str) -> bevara::app::App {
    let time = bevara::model::time::Instant::parse_as_of(as_of).unwrap();
    let clock = bevara::clock::Clock::Fixed(time);
    bevara::app::App::open(&archive.path(), clock, Some(&archive.person))
        .await
        .unwrap()
}

#[tokio::test]
async fn an_interrupted_execution_is_completed_by_the_next_even_under_a_later_hold() {
    let archive = delivered();
    let (plan, _) = approved(&archive);
    let mut app = open(&archive, "2026-10-02").await;
    let mut execution =
        bevara::ops::disposal::execute::Execution::start(&mut app, &plan.parse().unwrap())
            .await
            .unwrap();
    execution.step(&mut app).await.unwrap();
    drop(execution);
    drop(app);
    // As if the crash had come between the log entry and the rename: the unit lies in the store again.
    let folder = archive.path().join(format!("staging/disposal-{plan}"));
    let taken = std::fs::read_dir(&folder)
        .unwrap()
        .flatten()
        .next()
        .unwrap();
    let name = taken.file_name().into_string().unwrap();
    let (capture, unit) = name.rsplit_once('-').unwrap();
    let account = std::fs::read_dir(archive.path().join("store/captures"))
        .unwrap()
        .flatten()
        .next()
        .unwrap();
    let place = account.path().join(capture).join("units").join(unit);
    std::fs::rename(taken.path(), &place).unwrap();
    archive
        .json(
            "2026-10-02",
            &[
                "hold",
                "place",
                "--scope",
                "account",
                "--account",
                "blogg",
                "--ground",
                "tillsyn",
                "--reason",
                "JO",
            ],
        )
        .exits(0);
    archive.json("2026-10-02", &["verify"]).exits(5);
    let executed = archive
        .json("2026-10-02", &["disposal", "execute", &plan])
        .exits(4)
        .result();
    assert_eq!(executed["disposed"], 1, "what had an entry is completed");
    assert_eq!(executed["held_back"][0]["blocked_by"], json!(["G0"]));
    assert!(!place.exists() && !folder.exists());
    archive.json("2026-10-02", &["verify"]).exits(0);
    archive.json("2026-10-02", &["disposal", "audit"]).exits(0);
}

#[test]
fn a_plan_of_which_nothing_may_go_stands_as_it_was() {
    let archive = delivered();
    let (plan, _) = approved(&archive);
    let hold = archive
        .json(
            "2026-09-10",
            &[
                "hold",
                "place",
                "--scope",
                "account",
                "--account",
                "blogg",
                "--ground",
                "kris",
                "--reason",
                "Ras",
            ],
        )
        .exits(0)
        .result();
    let stopped = archive
        .json("2026-10-02", &["disposal", "execute", &plan])
        .exits(4)
        .result();
    assert_eq!(
        (&stopped["disposed"], &stopped["protocol"]),
        (&json!(0), &Value::Null)
    );
    let second = archive.add_person("2026-10-02", "Mo Tredje", "registrator");
    archive
        .json(
            "2026-10-03",
            &[
                "hold",
                "lift",
                hold["hold"].as_str().unwrap(),
                "--reason",
                "Över",
                "--second",
                &second,
            ],
        )
        .exits(0);
    let executed = archive
        .json("2026-10-03", &["disposal", "execute", &plan])
        .exits(0)
        .result();
    assert_eq!(executed["disposed"], 2);
}

#[test]
fn another_plan_with_the_same_posts_keeps_no_text_of_them() {
    let archive = delivered();
    let (other, _) = plan(&archive);
    let (plan, _) = approved(&archive);
    archive
        .json("2026-10-02", &["disposal", "execute", &plan])
        .exits(0);
    let shown = archive
        .json("2026-10-02", &["disposal", "show", &other])
        .exits(0)
        .result();
    assert_eq!(
        (&shown["plans"][0]["state"], &shown["list"]),
        (&json!("withdrawn"), &Value::Null)
    );
    archive.json("2026-10-02", &["verify"]).exits(0);
}
