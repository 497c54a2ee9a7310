//! Disposal from plan to record and audit, on an archive with a captured, delivered and receipted account; and what an
//! attacker, a crash and a hold make of it.

mod answers;
mod attacks;
mod forged;
pub(crate) mod interruptions;
mod returned;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::pages::Pages;
use crate::support::{Archive, bevara, ran};

/// The two simple comments that the policy lets go, by their id in the export.
pub(crate) const SIMPLE: [(&str, &str); 2] = [
    ("20", "Tack för informationen!"),
    ("21", "Stort tack för sommarkonserten, så bra ordnat!"),
];
/// Comments that are about a person, a case, or rude.
const KEPT: [&str; 6] = [
    "Min pappa har hemtjänst och ingen kommer",
    "Anmälan till socialtjänsten om grannen",
    "Jag vill överklaga beslutet",
    "Ni är helt idiotiska",
    "Mitt nummer är 070-1234567, ring om min ansökan",
    "Dotterns skola på Lillgatan är kall",
];

fn comment(id: usize, text: &str) -> String {
    format!(
        "<wp:comment><wp:comment_id>{id}</wp:comment_id><wp:comment_author>Besökare</wp:comment_author>\
         <wp:comment_date_gmt>2026-05-04 10:30:00</wp:comment_date_gmt><wp:comment_content><![CDATA[{text}]]></wp:comment_content>\
         <wp:comment_approved>1</wp:comment_approved><wp:comment_type>comment</wp:comment_type>\
         <wp:comment_parent>0</wp:comment_parent><wp:comment_user_id>0</wp:comment_user_id></wp:comment>"
    )
}

/// The municipality's answer to a comment.
pub(crate) fn answer(id: usize, to: usize, text: &str) -> String {
    comment(id, text)
        .replace(
            "<wp:comment_parent>0<",
            &format!("<wp:comment_parent>{to}<"),
        )
        .replace("<wp:comment_user_id>0<", "<wp:comment_user_id>2<")
        .replace(">Besökare<", ">redaktion<")
}

/// A WordPress export: four posts by the municipality, the comments below the first.
pub(crate) fn export(comments: &[(usize, &str)]) -> String {
    let comments = comments.iter().map(|(id, text)| comment(*id, text));
    export_of(&comments.collect::<String>())
}

/// The same with comments that are written already.
pub(crate) fn export_of(comments: &str) -> String {
    let posts: Vec<String> = (1..=4)
        .map(|id| {
            format!(
                "<item><title>Nyhet {id}</title><dc:creator>redaktion</dc:creator>\
                 <content:encoded><![CDATA[<p>Kommunen berättar nyhet {id}.</p>]]></content:encoded><wp:post_id>{id}</wp:post_id>\
                 <wp:post_date_gmt>2026-05-03 08:00:00</wp:post_date_gmt><wp:post_modified_gmt>2026-05-03 08:00:00</wp:post_modified_gmt>\
                 <wp:status>publish</wp:status><wp:post_parent>0</wp:post_parent><wp:post_type>post</wp:post_type>{}</item>",
                if id == 1 { comments } else { "" }
            )
        })
        .collect();
    let posts = posts.concat();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:wp=\"http://wordpress.org/export/1.2/\"><channel><title>Blogg</title>\
         <wp:wxr_version>1.2</wp:wxr_version><wp:base_blog_url>http://127.0.0.1</wp:base_blog_url>\
         <wp:author><wp:author_id>2</wp:author_id><wp:author_login>redaktion</wp:author_login></wp:author>{posts}</channel></rss>"
    )
}

pub(crate) fn comments() -> Vec<(usize, &'static str)> {
    let simple = SIMPLE.iter().map(|(id, text)| (id.parse().unwrap(), *text));
    let kept = KEPT
        .iter()
        .enumerate()
        .map(|(index, text)| (30 + index, *text));
    simple.chain(kept).collect()
}

/// An archive with one account whose posts were taken in.
pub(crate) fn with_posts(policy: &str, url: &str) -> Archive {
    with_export(policy, url, &export(&comments()))
}

/// The same with another export.
pub(crate) fn with_export(policy: &str, url: &str, export: &str) -> Archive {
    let archive = Archive::with_policy("2026-05-01", policy);
    archive.add_account("2026-05-01", "blogg", "blogg", url);
    let file = archive.beside().join("blogg.xml");
    std::fs::write(&file, export).unwrap();
    archive
        .json("2026-06-15", &["ingest", "blogg", file.to_str().unwrap()])
        .exits(0);
    archive
}

pub(crate) const EXAMPLE: &str = "fixtures/policies/exempelkommun.toml";

/// The same, captured on 1 July, exported and receipted. Made once; every test works on a copy.
pub(crate) fn delivered() -> Archive {
    static MADE: OnceLock<Archive> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let pages = Pages::start();
        let archive = with_posts(EXAMPLE, &pages.url("/short.html"));
        deliver(&archive);
        archive
    });
    made.copied()
}

/// Captures on 1 July, delivers and files the receipt.
pub(crate) fn deliver(archive: &Archive) {
    archive.json("2026-07-01T00:10:00+02:00", &["run"]).exits(0);
    let out = archive.beside().join("paket");
    archive
        .json(
            "2026-07-05",
            &["export", "--format", "bagit", out.to_str().unwrap()],
        )
        .exits(0);
    let receipt = archive.beside().join("kvittens.txt");
    std::fs::write(&receipt, "Mottaget").unwrap();
    archive
        .json(
            "2026-07-10",
            &[
                "receipt",
                "add",
                out.to_str().unwrap(),
                receipt.to_str().unwrap(),
            ],
        )
        .exits(0);
}

fn plan(archive: &Archive) -> (String, String) {
    let result = archive
        .json("2026-09-01", &["disposal", "plan"])
        .exits(0)
        .result();
    (
        result["plan"].as_str().unwrap().to_owned(),
        result["digest"].as_str().unwrap().to_owned(),
    )
}

/// A plan that another person has approved on 2 September; it can be executed from 2 October.
pub(crate) fn approved(archive: &Archive) -> (String, String) {
    let (plan, _) = plan(archive);
    let second = archive.add_person("2026-09-01", "Lo Annan", "foretradare");
    let result = as_person(
        archive,
        &second,
        "2026-09-02",
        &["disposal", "approve", &plan, "--decision", "KS 2026/12 § 4"],
    );
    assert_eq!(result["executable_from"], "2026-10-01T22:00:00Z");
    (plan, second)
}

pub(crate) fn as_person(archive: &Archive, person: &str, as_of: &str, args: &[&str]) -> Value {
    let mut command = bevara();
    command.arg("--archive").arg(archive.path());
    command
        .args(["--as", person, "--as-of", as_of, "--json"])
        .args(args);
    ran(&mut command).exits(0).result()
}

fn key(archive: &Archive, source_id: &str) -> String {
    let plan = archive
        .json("2026-09-01", &["disposal", "plan", "--dry-run"])
        .exits(0)
        .result();
    let items = plan["items"].as_array().unwrap();
    let item = items
        .iter()
        .find(|item| item["source_id"] == source_id)
        .unwrap();
    item["post"].as_str().unwrap().to_owned()
}

/// Files below `dir` that hold `needle`. An adopted policy has examples of its own, which may read the same.
pub(crate) fn holding(dir: &Path, needle: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(dir)
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file())
    {
        let bytes = std::fs::read(entry.path()).unwrap();
        if !entry.path().to_string_lossy().contains("/store/policies/")
            && bytes.windows(needle.len()).any(|window| window == needle)
        {
            found.push(entry.into_path());
        }
    }
    found
}

#[test]
fn a_plan_is_approved_waited_for_executed_and_proved() {
    let archive = delivered();
    let planned = archive
        .json("2026-09-01", &["disposal", "plan"])
        .exits(0)
        .result();
    let plan = planned["plan"].as_str().unwrap();
    let items = planned["items"].as_array().unwrap();
    assert_eq!(items.len(), 12, "every post is evaluated");
    assert_eq!(planned["excluded"], 10);
    for item in items {
        let simple = SIMPLE.iter().any(|(id, _)| item["source_id"] == *id);
        assert_eq!(item["outcome"] == "may-dispose", simple, "{item:#}");
        if simple {
            assert_eq!(item["earliest"], "2026-08-04", "4 May and three months");
            assert_eq!(item["blocked_by"], json!([]));
            assert_eq!(item["rules"], json!(["E-4"]));
        }
    }
    let frozen = archive
        .path()
        .join(format!("store/records/{plan}/units/000000/plan.json"));
    let sum = Command::new("sha256sum").arg(&frozen).output().unwrap();
    assert!(
        String::from_utf8(sum.stdout)
            .unwrap()
            .starts_with(planned["digest"].as_str().unwrap())
    );
    assert!(
        holding(frozen.parent().unwrap(), "Tack".as_bytes()).is_empty(),
        "the permanent part names nothing"
    );

    let alone = archive
        .text(
            "2026-09-02",
            &["disposal", "approve", plan, "--decision", "KS 1"],
        )
        .exits(4);
    assert!(alone.stderr.contains("annan person"), "{}", alone.stderr);
    let unapproved = archive
        .text("2026-09-02", &["disposal", "execute", plan])
        .exits(4);
    assert!(
        unapproved.stderr.contains("inte godkänd"),
        "{}",
        unapproved.stderr
    );
    let second = archive.add_person("2026-09-02", "Lo Annan", "foretradare");
    as_person(
        &archive,
        &second,
        "2026-09-02",
        &[
            "disposal",
            "approve",
            plan,
            "--decision",
            "KS 2026/12 § 4",
            "--sample",
            "2",
            "--sample-result",
            "Båda är enkla",
        ],
    );
    let early = archive
        .text("2026-10-01T23:59:59+02:00", &["disposal", "execute", plan])
        .exits(4);
    assert!(
        early.stderr.contains("först 2026-10-02 00:00"),
        "{}",
        early.stderr
    );

    let executed = archive
        .json("2026-10-02", &["disposal", "execute", plan])
        .exits(0)
        .result();
    assert_eq!(executed["disposed"], 2);
    assert_eq!(executed["held_back"], json!([]));
    for (_, text) in SIMPLE {
        for form in [
            text.to_owned(),
            base64::engine::general_purpose::STANDARD.encode(text),
            hex::encode(text),
        ] {
            assert_eq!(
                holding(&archive.path(), form.as_bytes()),
                Vec::<PathBuf>::new(),
                "{form}"
            );
        }
    }
    let again = archive
        .json("2026-10-03", &["disposal", "execute", plan])
        .exits(0)
        .result();
    assert_eq!(again["protocol"], executed["protocol"]);
    let record = archive
        .json("2026-10-03", &["disposal", "record", plan])
        .exits(0)
        .result();
    let protocol: Value = serde_json::from_slice(
        &std::fs::read(archive.path().join(record["json"].as_str().unwrap())).unwrap(),
    )
    .unwrap();
    assert_eq!(protocol["verkstallande"]["antal_gallrade"], 2);
    assert_eq!(
        protocol["stod"]["gallringsbeslut"][0]["diarienummer"],
        "KF 2025/214"
    );
    assert_eq!(protocol["beslut"]["beslutsreferens"], "KS 2026/12 § 4");
    assert_eq!(
        protocol["beslut"]["stickprov"],
        json!({ "antal": 2, "utfall": "Båda är enkla" })
    );
    let remaining = protocol["verkstallande"]["kvarstar"].as_array().unwrap();
    let places: Vec<&str> = remaining
        .iter()
        .map(|one| one["var"].as_str().unwrap())
        .collect();
    assert_eq!(places, ["bevarad_sidfangst", "plattform"]);
    let pdf = archive
        .path()
        .join(record["pdf"].as_str().expect("a document"));
    let text = Command::new("pdftotext")
        .arg(&pdf)
        .arg("-")
        .output()
        .unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains("Gallringsprotokoll") && text.contains("Kvarstår"),
        "{text}"
    );
    assert!(!text.contains("sommarkonserten") && !text.contains("Besökare"));
    archive.json("2026-10-03", &["disposal", "audit"]).exits(0);
    archive.json("2026-10-03", &["verify"]).exits(0);
}

#[test]
fn removals_make_a_new_plan_by_the_same_planner_and_additions_do_not_exist() {
    let archive = delivered();
    let (old, _) = plan(&archive);
    let second = archive.add_person("2026-09-01", "Lo Annan", "foretradare");
    let removed = key(&archive, "20");
    let result = as_person(
        &archive,
        &second,
        "2026-09-02",
        &[
            "disposal",
            "approve",
            &old,
            "--decision",
            "KS 9",
            "--remove",
            &removed,
        ],
    );
    let new = result["plan"].as_str().unwrap();
    assert_ne!(new, old);
    let shown = archive
        .json("2026-09-02", &["disposal", "show", new])
        .exits(0)
        .result();
    assert_eq!(shown["plans"][0]["planner"], archive.person.as_str());
    assert_eq!(shown["list"].as_array().unwrap().len(), 1);
    let sheet = archive.beside().join("granskning.csv");
    let table = |plan: &str, out: &Path| {
        let out = out.to_str().unwrap();
        archive.json("2026-09-02", &["disposal", "show", plan, "--csv", out])
    };
    table(new, &archive.path().join("store/granskning.csv")).exits(2);
    table(&old, &sheet).exits(4);
    table(new, &sheet).exits(0);
    let rows = std::fs::read_to_string(&sheet).unwrap();
    assert_eq!(rows.lines().count(), 2, "{rows}");
    assert!(rows.contains(shown["list"][0]["text"].as_str().unwrap()));
    table(new, &sheet).exits(2);
    let old_shown = archive
        .json("2026-09-02", &["disposal", "show", &old])
        .exits(0)
        .result();
    assert_eq!(
        (&old_shown["plans"][0]["state"], &old_shown["list"]),
        (&json!("withdrawn"), &Value::Null)
    );
    archive
        .json("2026-10-02", &["disposal", "execute", &old])
        .exits(4);
    let executed = archive
        .json("2026-10-02", &["disposal", "execute", new])
        .exits(0)
        .result();
    assert_eq!(executed["disposed"], 1);
    assert_eq!(
        archive
            .json("2026-10-02", &["disposal", "plan", "--dry-run"])
            .exits(0)
            .result()["items"]
            .as_array()
            .unwrap()
            .len(),
        11
    );
    archive.json("2026-10-02", &["verify"]).exits(0);
}

#[test]
fn a_withdrawn_plan_is_never_executed_and_its_list_is_gone() {
    let archive = delivered();
    let (plan, _) = approved(&archive);
    archive
        .json(
            "2026-09-10",
            &["disposal", "withdraw", &plan, "--reason", "Ska ses över"],
        )
        .exits(0);
    let refused = archive
        .text("2026-10-02", &["disposal", "execute", &plan])
        .exits(4);
    assert!(refused.stderr.contains("återkallad"), "{}", refused.stderr);
    assert!(
        !archive
            .path()
            .join(format!("store/records/{plan}/units/000001"))
            .exists()
    );
    archive.json("2026-10-02", &["verify"]).exits(0);
}

#[test]
fn an_approval_lapses_ninety_days_after_the_waiting_period() {
    let archive = delivered();
    let (plan, _) = approved(&archive);
    let refused = archive
        .text("2027-01-01", &["disposal", "execute", &plan])
        .exits(4);
    assert!(refused.stderr.contains("förfallit"), "{}", refused.stderr);
}

#[test]
fn a_rebuilt_catalogue_plans_the_same() {
    let archive = delivered();
    let before = archive
        .json("2026-09-01", &["disposal", "plan", "--dry-run"])
        .exits(0)
        .result();
    for name in ["catalogue.db", "catalogue.db-wal", "catalogue.db-shm"] {
        std::fs::remove_file(archive.path().join(name)).unwrap_or_default();
    }
    archive.json("2026-09-01", &["reindex"]).exits(0);
    let after = archive
        .json("2026-09-01", &["disposal", "plan", "--dry-run"])
        .exits(0)
        .result();
    assert_eq!(before, after);
}

#[test]
fn an_empty_plan_makes_no_record() {
    let archive = with_posts(EXAMPLE, "http://127.0.0.1:9/");
    let ran = archive.json("2026-07-01", &["disposal", "plan"]).exits(0);
    assert_eq!(ran.result()["plan"], Value::Null);
    let text = archive.text("2026-07-01", &["disposal", "plan"]).exits(0);
    assert!(
        text.stdout.contains("ingen plan gjordes"),
        "{}",
        text.stdout
    );
}

#[test]
fn explain_tells_every_rule_and_what_stands_in_the_way() {
    let archive = with_posts(EXAMPLE, "http://127.0.0.1:9/");
    let simple = key(&archive, "20");
    let text = archive
        .text("2026-09-01", &["disposal", "explain", &simple])
        .exits(0)
        .stdout;
    for part in [
        "får gallras",
        "E-4",
        "Enkla kommentarer",
        "G3",
        "senaste_aktivitet_i_trad",
        "2026-05-04",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    archive
        .json("2026-09-01", &["disposal", "explain", &simple])
        .exits(0)
        .result();
}
