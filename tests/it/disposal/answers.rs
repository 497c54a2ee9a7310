//! Questions and their answers in one plan: neither goes only because the other stays, or stays because it went.

use bevara::ops::disposal::execute::Execution;

use crate::disposal::interruptions::open;
use crate::disposal::{EXAMPLE, answer, approved, comment, deliver, plan, with_export};
use crate::pages::Pages;
use crate::support::{Archive, repository};

/// The example policy, which lets only answered questions and their answers go.
fn policy(dir: &std::path::Path) -> String {
    let text = std::fs::read_to_string(repository().join(EXAMPLE)).unwrap();
    let from = "typ = [\"fraga\", \"svar\", \"kommentar\"],";
    assert!(text.contains(from));
    let path = dir.join("exempelkommun.toml");
    let to = "typ = [\"fraga\", \"svar\"], besvarad = true,";
    std::fs::write(&path, text.replace(from, to)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn archive() -> Archive {
    let dir = tempfile::tempdir().unwrap();
    let pages = Pages::start();
    let thread = [
        comment(40, "Hej! När öppnar badhuset på lördag?"),
        answer(41, 40, "Hej! Badhuset öppnar klockan 10 på lördag."),
        comment(42, "Hej! När öppnar biblioteket på söndag?"),
    ];
    let archive = with_export(
        &policy(dir.path()),
        &pages.url("/short.html"),
        &crate::disposal::export_of(&(thread.concat() + &padding())),
    );
    deliver(&archive);
    archive
}

/// Comments that keep the share of the plan below its limit.
fn padding() -> String {
    (60..64)
        .map(|id| comment(id, "Jag vill överklaga beslutet"))
        .collect()
}

#[test]
fn a_question_and_its_answer_go_together() {
    let archive = archive();
    let (id, _) = approved(&archive);
    let executed = archive
        .json("2026-10-02", &["disposal", "execute", &id])
        .exits(0)
        .result();
    assert_eq!(executed["disposed"], 2, "{executed:#}");
    archive.json("2026-10-02", &["verify"]).exits(0);
}

#[tokio::test]
async fn an_interruption_between_the_two_changes_nothing() {
    let archive = archive();
    let (id, _) = approved(&archive);
    let mut app = open(&archive, "2026-10-02").await;
    let mut execution = Execution::start(&mut app, &id.parse().unwrap())
        .await
        .unwrap();
    execution.step(&mut app).await.unwrap();
    drop(execution);
    drop(app);
    let executed = archive
        .json("2026-10-03", &["disposal", "execute", &id])
        .exits(0)
        .result();
    assert_eq!(executed["disposed"], 2, "{executed:#}");
}

#[test]
fn an_unanswered_question_is_in_no_plan() {
    let archive = archive();
    let (_, _) = plan(&archive);
    let shown = archive
        .json("2026-09-01", &["disposal", "plan", "--dry-run"])
        .exits(0)
        .result();
    let items = shown["items"].as_array().unwrap();
    let outcome = |id: &str| {
        let item = items.iter().find(|item| item["source_id"] == id).unwrap();
        item["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        (outcome("40"), outcome("41")),
        ("may-dispose".to_owned(), "may-dispose".to_owned())
    );
    assert_ne!(outcome("42"), "may-dispose");
}

/// What a person is shown of a post is what the plan rests on, its place in the thread counted.
#[test]
fn a_shown_flag_heeds_what_stands_above_the_post() {
    let below = comment(41, "Tack för informationen!")
        .replace("<wp:comment_parent>0<", "<wp:comment_parent>40<");
    let thread = [
        comment(40, "Min pappa har hemtjänst och ingen kommer"),
        below,
        comment(42, "Tack för informationen!"),
    ];
    let export = crate::disposal::export_of(&thread.concat());
    let archive = with_export(EXAMPLE, "http://127.0.0.1:9/", &export);
    let secrecy = |key: &str| {
        let shown = archive
            .json("2026-09-01", &["post", "show", key])
            .exits(0)
            .result();
        let flags = shown["flags"].as_array().unwrap().clone();
        let row = flags.into_iter().find(|row| row["flag"] == "sekretess");
        row.unwrap()["detector"].clone()
    };
    let held = secrecy("wordpress:blogg:c41");
    assert_eq!(
        (&held["value"], &held["because"]),
        (&"okant".into(), &"post-above-not-cleared".into())
    );
    assert_eq!(secrecy("wordpress:blogg:c42")["value"], "nej");
}
