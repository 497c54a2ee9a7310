//! Posts in the archive: nothing is taken in twice, nothing shown to the wrong person, nothing found once disposed of.
#![expect(
    clippy::unwrap_used,
    reason = "functions shared by tests fail the test that calls them"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::platforms::{fixture, walk};
use crate::support::Archive;

const DAY: &str = "2026-09-01";

fn archive_with_blog() -> (Archive, String) {
    let archive = Archive::with_policy(DAY, "torsby");
    let account = archive.add_account(DAY, "blogg", "blogg", "https://blogg.exempelkommun.se");
    (archive, account)
}

/// `added changed unchanged refused`
#[track_caller]
fn ingest(archive: &Archive, day: &str, path: &Path, exit: i32) -> (String, Value) {
    let ran = archive
        .json(day, &["ingest", "blogg", path.to_str().unwrap()])
        .exits(exit);
    let result = ran.result();
    let counts = ["added", "changed", "unchanged"]
        .map(|name| result[name].to_string())
        .join(" ");
    let refused = result["refused"].as_array().unwrap().len();
    assert_eq!(
        result["claimed"],
        result["parsed"].as_u64().unwrap() + refused as u64
    );
    (format!("{counts} {refused}"), result)
}

#[test]
fn the_same_file_again_adds_nothing_and_a_later_one_what_changed() {
    let (archive, account) = archive_with_blog();
    let path = fixture("wxr/kommunblogg/export.xml");
    let (counts, first) = ingest(&archive, "2026-09-02", &path, 0);
    assert_eq!(counts, "9 0 0 0");
    let log = walk(&archive.path().join("store/log")).len();
    let (counts, again) = ingest(&archive, "2026-09-03", &path, 0);
    assert_eq!(counts, "0 0 9 0");
    assert_eq!(again["capture"], Value::Null);
    assert_eq!(walk(&archive.path().join("store/log")).len(), log);

    let later = archive.beside().join("senare.xml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&later, text.replace("Lördagar 9–15.", "Lördagar 10–14.")).unwrap();
    let (counts, third) = ingest(&archive, "2026-09-04", &later, 0);
    assert_eq!(counts, "0 1 8 0");
    let units = archive.path().join(format!(
        "store/captures/{account}/{}/units",
        third["capture"].as_str().unwrap()
    ));
    let report: Value =
        serde_json::from_slice(&std::fs::read(units.join("000000/ingest.json")).unwrap()).unwrap();
    assert_eq!(report["seen"].as_array().unwrap().len(), 8);
    assert_eq!(report["seen"][0]["holder"], first["capture"]);
    let item: Value =
        serde_json::from_slice(&std::fs::read(units.join("000001/item.json")).unwrap()).unwrap();
    assert_eq!(item["text"], "Hej Åsa! Lördagar 10–14.");
    assert_eq!(item["nonce"].as_str().unwrap().len(), 32);
}

#[test]
fn refused_items_make_the_exit_code_1_and_the_rest_is_kept() {
    let (archive, _) = archive_with_blog();
    let (counts, result) = ingest(&archive, "2026-09-02", &fixture("wxr/trasig/export.xml"), 1);
    assert_eq!(counts, "4 0 0 5");
    assert_eq!(result["completeness"], "partial");
    assert!(result["capture"].is_string());
}

#[test]
fn what_is_no_export_is_refused_with_what_is_known() {
    let (archive, _) = archive_with_blog();
    let path = archive.beside().join("anteckning.txt");
    std::fs::write(&path, "Hej").unwrap();
    let ran = archive
        .json("2026-09-02", &["ingest", "blogg", path.to_str().unwrap()])
        .exits(1);
    assert!(
        ran.stderr
            .contains("anteckning.txt är av inget känt format; ta in filen som plattformen gav den. Kända format är: wxr ("),
        "{}",
        ran.stderr
    );
    let path = archive.beside().join("facebook-exempelkommun");
    let posts = path.join("your_facebook_activity/posts");
    std::fs::create_dir_all(&posts).unwrap();
    let page = "<html><head><title>Dina inlägg</title></head><body><div>Badplatsen är öppen. 1 juni 2026 kl. 08:00</div></body></html>";
    for place in [
        path.join("start_here.html"),
        posts.join("your_posts_1.html"),
    ] {
        std::fs::write(place, page).unwrap();
    }
    std::fs::write(posts.join("bild.jpg"), [0xff, 0xd8, 0xff, 0xe0]).unwrap();
    let ran = archive
        .json("2026-09-02", &["ingest", "blogg", path.to_str().unwrap()])
        .exits(1);
    assert!(
        ran.stderr.contains("rymmer 2 webbsidor och inga data") && ran.stderr.contains("som JSON"),
        "{}",
        ran.stderr
    );
    let path = archive.beside().join("avbruten.zip");
    std::fs::write(&path, "").unwrap();
    let ran = archive
        .json("2026-09-02", &["ingest", "blogg", path.to_str().unwrap()])
        .exits(1);
    assert!(
        ran.stderr
            .contains("avbruten.zip: här väntades en export med något i, men den är tom"),
        "{}",
        ran.stderr
    );
    let ran = archive
        .json(
            "2026-09-02",
            &[
                "ingest",
                "blogg",
                path.to_str().unwrap(),
                "--format",
                "okänt",
            ],
        )
        .exits(2);
    assert!(
        ran.stderr.contains("det finns inget format \"okänt\""),
        "{}",
        ran.stderr
    );
    archive
        .json(
            "2026-09-02",
            &["ingest", "blogg", path.to_str().unwrap(), "--format", "wxr"],
        )
        .exits(1);
    archive
        .json(
            "2026-09-02",
            &["ingest", "finnsinte", path.to_str().unwrap()],
        )
        .exits(2);
    assert_eq!(walk(&archive.path().join("staging")), [] as [PathBuf; 0]);
}

/// Keys that a search finds, without platform and account.
#[track_caller]
fn found(archive: &Archive, args: &[&str]) -> Vec<String> {
    let result = archive
        .json("2026-09-10", &[&["post", "search"], args].concat())
        .exits(0)
        .result();
    let posts = result["posts"].as_array().unwrap();
    posts
        .iter()
        .map(|hit| {
            hit["post"]
                .as_str()
                .unwrap()
                .splitn(3, ':')
                .nth(2)
                .unwrap()
                .to_owned()
        })
        .collect()
}

#[test]
fn search_finds_swedish_compounds_and_narrows_by_account_time_and_kind() {
    let (archive, _) = archive_with_blog();
    ingest(
        &archive,
        "2026-09-02",
        &fixture("wxr/kommunblogg/export.xml"),
        0,
    );
    assert_eq!(found(&archive, &["återvinning"]), ["p12", "c14"]);
    assert_eq!(found(&archive, &["ÅTERVINNINGSCENTRAL"]), ["p12"]);
    // å, ä and ö are letters of their own.
    assert_eq!(found(&archive, &["atervinning"]), [] as [&str; 0]);
    assert_eq!(
        found(&archive, &["återvinning", "--kind", "comment"]),
        ["c14"]
    );
    assert_eq!(
        found(&archive, &["återvinning", "--from", "2026-05-06"]),
        ["c14"]
    );
    assert_eq!(
        found(
            &archive,
            &["återvinning", "--from", "2026-05-04", "--to", "2026-05-04"]
        ),
        ["p12"]
    );
    assert_eq!(
        found(&archive, &["återvinning", "--limit", "1", "--offset", "1"]),
        ["c14"]
    );
    assert_eq!(found(&archive, &["100%\" OR"]), [] as [&str; 0]);
    assert_eq!(found(&archive, &["lördagar"]), ["c12", "c13"]);
    let first = archive
        .json(
            "2026-09-10",
            &["post", "search", "återvinning", "--limit", "1"],
        )
        .exits(0)
        .result();
    assert_eq!(first["more"], true);
    assert_eq!(first["posts"][0]["account"], "blogg");
    assert_eq!(first["posts"][0]["posted_at"], "2026-05-04T08:00:00Z");
    assert_eq!(
        first["posts"][0]["snippet"],
        "[Återvinning]scentralen öppnar Den nya återvinningsce…"
    );
    let short = archive
        .json("2026-09-10", &["post", "search", "år"])
        .exits(2);
    assert!(
        short.stderr.contains("at least 3 characters, not 2"),
        "{}",
        short.stderr
    );
}

#[test]
fn protected_posts_are_found_and_shown_only_for_roles_that_may() {
    let archive = Archive::with_policy(DAY, "torsby");
    archive.add_account(
        DAY,
        "blogg",
        "mastodon",
        "https://social.exempelkommun.se/@exempelkommun",
    );
    ingest(&archive, "2026-09-02", &fixture("mastodon/kommunkonto"), 1);
    let ids = |keys: Vec<String>| {
        keys.iter()
            .map(|key| key.rsplit('/').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(found(&archive, &["simhall"])), ["1", "2"]);
    assert_eq!(
        ids(found(&archive, &["simhall", "--include-closed"])),
        ["1", "2", "3", "4"]
    );
    let direct = "mastodon:blogg:https://social.exempelkommun.se/users/exempelkommun/statuses/4";
    archive
        .json("2026-09-10", &["post", "show", direct])
        .exits(4);
    let shown = archive
        .json("2026-09-10", &["post", "show", direct, "--include-closed"])
        .exits(0)
        .result();
    assert_eq!(shown["open"], false);
    let elected = archive.add_person("2026-09-10", "Elin Exempel", "foretradare");
    for args in [
        &["post", "search", "simhall", "--include-closed"],
        &["post", "show", direct, "--include-closed"],
    ] {
        let mut own = crate::support::bevara();
        own.arg("--archive")
            .arg(archive.path())
            .args(["--as", &elected, "--as-of", "2026-09-10", "--json"])
            .args(*args);
        crate::support::ran(&mut own).exits(4);
    }
    // The public post's thread names no direct post.
    let public = direct.replace("statuses/4", "statuses/1");
    let shown = archive
        .json("2026-09-10", &["post", "show", &public])
        .exits(0)
        .result();
    assert_eq!(shown["thread"].as_array().unwrap().len(), 2);
    let unit = shown["unit"].clone();
    let media = walk(&archive.path().join("store/captures"))
        .into_iter()
        .filter(|path| path.ends_with("media-1.png"))
        .collect::<Vec<_>>();
    assert_eq!(media.len(), 1);
    assert!(
        media[0]
            .to_str()
            .unwrap()
            .contains(unit["unit"].as_str().unwrap())
    );
}

#[test]
fn people_answer_flags_and_decide_and_every_version_is_shown() {
    let (archive, _) = archive_with_blog();
    let path = fixture("wxr/kommunblogg/export.xml");
    ingest(&archive, "2026-09-02", &path, 0);
    let later = archive.beside().join("senare.xml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&later, text.replace("Lördagar 9–15.", "Lördagar 10–14.")).unwrap();
    ingest(&archive, "2026-09-04", &later, 0);

    let review = [
        "post",
        "review",
        "wordpress:blogg:c13",
        "--flag",
        "sekretess=nej",
        "--flag",
        "arende=ja",
    ];
    archive.json("2026-09-05", &review).exits(0).result();
    let again = [
        "post",
        "review",
        "wordpress:blogg:c13",
        "--flag",
        "arende=nej",
    ];
    archive.json("2026-09-06", &again).exits(0).result();
    let decide = [
        "post",
        "decide",
        "wordpress:blogg:c13",
        "--outcome",
        "preserve",
        "--reason",
        "Svar av vikt",
    ];
    let decided = archive.json("2026-09-07", &decide).exits(0).result();
    let record = archive.path().join(format!(
        "store/records/{}/units/000000/decision.json",
        decided["record"].as_str().unwrap()
    ));
    let record: Value = serde_json::from_slice(&std::fs::read(record).unwrap()).unwrap();
    assert_eq!(record["reason"], "Svar av vikt");
    assert_eq!(record["unit"], decided["unit"]);

    let shown = archive
        .json("2026-09-10", &["post", "show", "wordpress:blogg:c13"])
        .exits(0)
        .result();
    let texts: Vec<_> = shown["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| version["item"]["text"].clone())
        .collect();
    assert_eq!(
        texts,
        ["Hej Åsa! Lördagar 9–15.", "Hej Åsa! Lördagar 10–14."]
    );
    let person = |flag: &str| {
        let flags = shown["flags"].as_array().unwrap();
        flags
            .iter()
            .find(|answers| answers["flag"] == flag)
            .unwrap()["person"]["answer"]
            .clone()
    };
    assert_eq!(
        (person("sekretess"), person("arende")),
        ("nej".into(), "nej".into())
    );
    assert_eq!(shown["decision"], "preserve");
}

#[test]
fn a_thread_is_shown_in_order_and_tells_what_it_withholds() {
    let (archive, _) = archive_with_blog();
    ingest(
        &archive,
        "2026-09-02",
        &fixture("wxr/kommunblogg/export.xml"),
        0,
    );
    let shown = archive
        .json("2026-09-10", &["post", "show", "wordpress:blogg:c13"])
        .exits(0)
        .result();
    let thread: Vec<_> = shown["thread"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["post"].as_str().unwrap().rsplit(':').next().unwrap())
        .collect();
    assert_eq!(thread, ["p12", "c12", "c13", "c14"]);
    // The comment held as spam is in the thread, and protected.
    assert_eq!(shown["thread_withheld"], 1);
}

#[test]
fn answers_and_decisions_need_a_person_who_may_and_a_known_word() {
    let (archive, _) = archive_with_blog();
    ingest(
        &archive,
        "2026-09-02",
        &fixture("wxr/kommunblogg/export.xml"),
        0,
    );
    let review = [
        "post",
        "review",
        "wordpress:blogg:c13",
        "--flag",
        "sekretess=nej",
    ];
    for (args, exit) in [
        (
            &[
                "post",
                "review",
                "wordpress:blogg:c13",
                "--flag",
                "sekretess=kanske",
            ][..],
            2,
        ),
        (
            &[
                "post",
                "review",
                "wordpress:blogg:c13",
                "--flag",
                "hemlig=ja",
            ],
            2,
        ),
        (
            &[
                "post",
                "review",
                "wordpress:blogg:c999",
                "--flag",
                "sekretess=ja",
            ],
            2,
        ),
        (
            &[
                "post",
                "decide",
                "wordpress:blogg:c13",
                "--outcome",
                "may-dispose",
                "--reason",
                "x",
            ],
            2,
        ),
        (
            &[
                "post",
                "decide",
                "wordpress:blogg:c13",
                "--outcome",
                "registry",
                "--reason",
                " ",
            ],
            2,
        ),
    ] {
        archive.json("2026-09-10", args).exits(exit);
    }
    let mut nobody = crate::support::bevara();
    nobody
        .arg("--archive")
        .arg(archive.path())
        .args(["--as-of", "2026-09-10", "--json"])
        .args(review);
    crate::support::ran(&mut nobody).exits(2);
    let auditor = archive.add_person("2026-09-10", "Rut Revisor", "revisor");
    let mut reads = crate::support::bevara();
    reads
        .arg("--archive")
        .arg(archive.path())
        .args(["--as", &auditor, "--as-of", "2026-09-10", "--json"])
        .args(review);
    crate::support::ran(&mut reads).exits(4);
}

#[test]
fn wxr_attachments_that_lie_beside_it_are_taken_into_the_unit() {
    let (archive, account) = archive_with_blog();
    let folder = archive.beside().join("export");
    let uploads = folder.join("wp-content/uploads/2026/05");
    std::fs::create_dir_all(&uploads).unwrap();
    std::fs::copy(
        fixture("wxr/kommunblogg/export.xml"),
        folder.join("export.xml"),
    )
    .unwrap();
    std::fs::write(uploads.join("karta å.pdf"), b"%PDF-1.4 karta").unwrap();
    let (counts, result) = ingest(&archive, "2026-09-02", &folder, 0);
    assert_eq!(counts, "9 0 0 0");
    let unit = format!(
        "store/captures/{account}/{}/units/000001",
        result["capture"].as_str().unwrap()
    );
    let unit = archive.path().join(unit);
    assert_eq!(
        std::fs::read(unit.join("media-2.pdf")).unwrap(),
        b"%PDF-1.4 karta"
    );
    let stock = Command::new("sha256sum")
        .args(["--strict", "-c", "unit.sha256"])
        .current_dir(&unit)
        .output()
        .unwrap();
    assert!(stock.status.success(), "{stock:?}");
    assert_eq!(String::from_utf8(stock.stdout).unwrap().lines().count(), 4);
    // The folder's digest, made again with the shell's tools.
    let listing = Command::new("sh")
        .args(["-c", "find . -type f | sed 's|^./||' | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0 sha256sum | sha256sum"])
        .current_dir(&folder)
        .output()
        .unwrap();
    let digest = String::from_utf8(listing.stdout).unwrap();
    assert_eq!(
        result["containers"][0]["sha256"],
        digest.split(' ').next().unwrap()
    );
    // A later export without the file is no change: absence is never deletion.
    let (counts, _) = ingest(
        &archive,
        "2026-09-03",
        &fixture("wxr/kommunblogg/export.xml"),
        0,
    );
    assert_eq!(counts, "0 0 9 0");
}
