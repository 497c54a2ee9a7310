//! Posts that are gone: an export that lacks one is counted and never taken for its deletion; a person says why.
#![expect(
    clippy::unwrap_used,
    reason = "functions shared by tests fail the test that calls them"
)]

use serde_json::{Value, json};

use crate::disposal::{comments, export, with_posts};
use crate::platforms::{fixture, walk};
use crate::support::{Archive, repository};

/// The comment that vanishes.
const GONE: usize = 20;

/// Takes in the blog's export without some comments; `extra` makes it another file.
fn ingest(archive: &Archive, day: &str, without: &[usize], extra: usize) {
    let kept: Vec<_> = comments()
        .into_iter()
        .filter(|(id, _)| !without.contains(id))
        .chain((0..extra).map(|number| (900 + number, "Tack!")))
        .collect();
    let file = archive.beside().join(format!("blogg-{day}.xml"));
    std::fs::write(&file, export(&kept)).unwrap();
    archive
        .json(day, &["ingest", "blogg", file.to_str().unwrap()])
        .exits(0);
}

fn list(archive: &Archive, day: &str, args: &[&str]) -> Vec<Value> {
    let verb = [&["removal", "list"], args].concat();
    let listed = archive.json(day, &verb).exits(0).result();
    listed["removals"].as_array().unwrap().clone()
}

/// Id (in the export) and one member of every post listed.
fn told<'a>(removals: &'a [Value], member: &str) -> Vec<(&'a str, &'a Value)> {
    removals
        .iter()
        .map(|removal| {
            let key = removal["post"].as_str().unwrap();
            (&key[key.rfind(':').unwrap() + 1..], &removal[member])
        })
        .collect()
}

fn explain(archive: &Archive, day: &str, key: &str, state: &str) -> Value {
    let args = [
        "removal",
        "explain",
        key,
        "--state",
        state,
        "--reason",
        "Röjde en granne",
    ];
    archive.json(day, &args).exits(0).result()
}

#[test]
fn a_post_is_proposed_after_two_exports_without_it_and_explained_by_a_person() {
    let archive = with_posts("haninge", "http://127.0.0.1:9/");
    assert!(list(&archive, "2026-06-16", &[]).is_empty());

    ingest(&archive, "2026-07-01", &[GONE], 0);
    let once = list(&archive, "2026-07-02", &[]);
    assert_eq!(told(&once, "status"), [("c20", &json!("once"))]);

    ingest(&archive, "2026-08-01", &[GONE], 1);
    let twice = list(&archive, "2026-08-02", &[]);
    assert_eq!(told(&twice, "status"), [("c20", &json!("proposed"))]);
    assert_eq!(twice[0]["missed"], 2);
    assert_eq!(twice[0]["last_seen"], "2026-06-14T22:00:00Z");
    assert_eq!(twice[0]["missing_since"], "2026-06-30T22:00:00Z");
    assert_eq!(twice[0]["must_register"], true);
    let key = twice[0]["post"].as_str().unwrap();
    let facts = |day: &str| {
        let args = ["disposal", "explain", key];
        archive.json(day, &args).exits(0).result()
    };
    // Not seen is not deleted: the rules do not know whether it is still published.
    assert_eq!(facts("2026-08-02")["facts"]["visibility"], Value::Null);
    assert_ne!(facts("2026-08-02")["outcome"], "may-dispose");

    let said = explain(&archive, "2026-08-03", key, "deleted_by_authority");
    assert_eq!(said["must_register"], true);
    assert!(list(&archive, "2026-08-04", &[]).is_empty());
    let all = list(&archive, "2026-08-04", &["--all"]);
    assert_eq!(told(&all, "status"), [("c20", &json!("explained"))]);
    let registered = facts("2026-08-04");
    assert_eq!(registered["facts"]["visibility"], "raderad");
    assert_eq!(registered["outcome"], "registry");

    archive.json("2026-08-05", &["reindex"]).exits(0);
    assert_eq!(list(&archive, "2026-08-05", &["--all"]), all);
    for file in walk(&archive.path().join("store/log")) {
        let text = String::from_utf8(std::fs::read(file).unwrap()).unwrap();
        assert!(!text.contains("granne"), "the log holds no free text");
    }
    archive.json("2026-08-05", &["verify"]).exits(0);
}

#[test]
fn a_post_that_comes_back_is_no_removal() {
    let archive = with_posts("haninge", "http://127.0.0.1:9/");
    ingest(&archive, "2026-07-01", &[GONE], 0);
    ingest(&archive, "2026-08-01", &[], 1);
    assert!(list(&archive, "2026-08-02", &["--all"]).is_empty());
    // Once more is once again, not the second time in a row.
    ingest(&archive, "2026-09-01", &[GONE], 2);
    let once = list(&archive, "2026-09-02", &[]);
    assert_eq!(told(&once, "missed"), [("c20", &json!(1))]);
}

#[test]
fn a_post_said_to_be_there_is_asked_about_again_when_it_is_lacking_again() {
    let archive = with_posts("haninge", "http://127.0.0.1:9/");
    ingest(&archive, "2026-07-01", &[GONE], 0);
    ingest(&archive, "2026-08-01", &[GONE], 1);
    let key = list(&archive, "2026-08-02", &[])[0]["post"].clone();
    explain(&archive, "2026-08-03", key.as_str().unwrap(), "still_there");
    assert!(list(&archive, "2026-08-04", &[]).is_empty());
    ingest(&archive, "2026-09-01", &[GONE], 2);
    let again = list(&archive, "2026-09-02", &[]);
    assert_eq!(told(&again, "status"), [("c20", &json!("proposed"))]);
}

#[test]
fn an_export_that_could_not_be_read_whole_lacks_nothing() {
    let archive = with_posts("haninge", "http://127.0.0.1:9/");
    // The last post tells no type and is refused; comment 20 is not there at all.
    let rest: Vec<_> = comments()
        .into_iter()
        .filter(|(id, _)| *id != GONE)
        .collect();
    let whole = export(&rest);
    let (head, last) = whole.split_at(whole.find("<title>Nyhet 4").unwrap());
    let broken = format!(
        "{head}{}",
        last.replace("<wp:post_type>post</wp:post_type>", "")
    );
    let file = archive.beside().join("trasig.xml");
    std::fs::write(&file, broken).unwrap();
    let ran = archive
        .json("2026-07-01", &["ingest", "blogg", file.to_str().unwrap()])
        .exits(1);
    assert!(!ran.result()["refused"].as_array().unwrap().is_empty());
    assert!(list(&archive, "2026-07-02", &["--all"]).is_empty());
}

#[test]
fn a_removal_needs_a_person_a_reason_and_a_post() {
    let archive = with_posts("haninge", "http://127.0.0.1:9/");
    let state = ["--state", "hidden", "--reason"];
    let tries = [
        (
            ["removal", "explain", "wordpress:blogg:c20"].as_slice(),
            " ",
        ),
        (
            ["removal", "explain", "wordpress:blogg:c4711"].as_slice(),
            "Dubblett",
        ),
    ];
    for (verb, reason) in tries {
        let args = [verb, &state, &[reason]].concat();
        archive.json("2026-07-01", &args).exits(2);
    }
}

/// An archive of X with two tweets, one of which may have been changed: then it has another id and tells the earlier one.
fn tweets(archive: &Archive, day: &str, changed: bool) {
    let data = archive.beside().join(day).join("data");
    std::fs::create_dir_all(&data).unwrap();
    let account = repository().join("fixtures/platforms/x/arkiv/data/account.js");
    std::fs::copy(account, data.join("account.js")).unwrap();
    let tweet = |id: &str, earlier: &[&str]| {
        let ids = [earlier, &[id]].concat();
        json!({"tweet": {"id_str": id, "full_text": format!("Text {id}"), "created_at": "Fri May 01 08:00:00 +0000 2026",
            "edit_info": {"initial": {"editTweetIds": ids, "editableUntil": "2026-05-01T09:00:00.000Z",
                "editsRemaining": "5", "isEditEligible": true}}}})
    };
    let second = if changed {
        tweet("1919000000000000003", &["1919000000000000002"])
    } else {
        tweet("1919000000000000002", &[])
    };
    let all = json!([tweet("1919000000000000001", &[]), second]);
    std::fs::write(
        data.join("tweets.js"),
        format!("window.YTD.tweets.part0 = {all}"),
    )
    .unwrap();
    let file = |name: &str, global: &str, count: &str| json!({"files": [{"fileName": name, "globalName": global, "count": count}]});
    let manifest = json!({"userInfo": {"accountId": "1400000000000000001", "userName": "exempelkoping"},
        "archiveInfo": {"generationDate": format!("{day}T00:00:00.000Z"), "isPartialArchive": false},
        "dataTypes": {"account": file("data/account.js", "YTD.account.part0", "1"),
            "tweets": file("data/tweets.js", "YTD.tweets.part0", "2")}});
    std::fs::write(
        data.join("manifest.js"),
        format!("window.__THAR_CONFIG = {manifest}"),
    )
    .unwrap();
    let dir = archive.beside().join(day);
    let ingested = archive
        .json(day, &["ingest", "x", dir.to_str().unwrap()])
        .exits(0);
    assert_eq!(ingested.result()["completeness"], "own_only");
}

#[test]
fn a_post_that_has_another_id_since_it_was_changed_is_not_gone() {
    let archive = Archive::new("2026-05-02");
    archive.add_account("2026-05-02", "x", "x", "https://x.com/exempelkoping");
    tweets(&archive, "2026-05-02", false);
    tweets(&archive, "2026-06-02", true);
    assert!(list(&archive, "2026-06-03", &["--all", "--include-closed"]).is_empty());
}

/// A feed of comments with their days in May, each on the post with this address.
fn comments_of(post: &str, days: &[u32]) -> String {
    let items = days.iter().map(|day| {
        format!(
            "<entry><id>urn:k{day}</id><title>Kommentar</title><published>2026-05-{day:02}T08:00:00Z</published>\
             <updated>2026-05-{day:02}T08:00:00Z</updated><content>Hej {day}</content>\
             <thr:in-reply-to ref=\"{post}\" href=\"{post}\"/></entry>"
        )
    });
    format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:thr=\"http://purl.org/syndication/thread/1.0\">\
         <title>Kommentarer</title><id>urn:f</id>{}</feed>",
        items.collect::<String>()
    )
}

#[test]
fn a_feed_of_one_posts_comments_and_a_page_tell_nothing_of_others() {
    let archive = Archive::new("2026-06-01");
    archive.add_account("2026-06-01", "blogg", "blogg", "https://blogg.exempel.se/");
    let feed = |name: &str, text: String| {
        let path = archive.beside().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let one = "https://blogg.exempel.se/ett";
    let sources = [
        feed("ett.xml", comments_of(one, &[10, 11, 12])),
        // Of another post, and older; then of the same one with the newest comment gone.
        feed("tva.xml", comments_of("https://blogg.exempel.se/tva", &[2])),
        fixture("html/jsonld"),
        fixture("html/microdata"),
        feed("ett-igen.xml", comments_of(one, &[10, 11])),
    ];
    for (path, day) in sources.iter().zip(2..) {
        let day = format!("2026-06-{day:02}");
        let ran = archive.json(&day, &["ingest", "blogg", path.to_str().unwrap()]);
        assert!(ran.result()["added"].is_number(), "{ran:?}");
    }
    let gone = list(&archive, "2026-06-10", &["--all", "--include-closed"]);
    assert_eq!(told(&gone, "missed"), [("k12", &json!(1))]);
}
