//! What comes back after a disposal, and what was never in the archive's power: a source that still holds the posts, a
//! restored backup, a package that was delivered before, a clock behind the log.

use base64::Engine as _;
use serde_json::{Value, json};

use crate::disposal::{
    EXAMPLE, SIMPLE, approved, comments, deliver, delivered, export, with_posts,
};
use crate::evidence::{codes, set};
use crate::pages::Pages;
use crate::support::{Archive, copy_dir, repository};

fn executed(archive: &Archive) -> String {
    let (plan, _) = approved(archive);
    archive
        .json("2026-10-02", &["disposal", "execute", &plan])
        .exits(0);
    plan
}

#[test]
fn a_source_that_still_holds_them_gives_new_records_and_that_is_told() {
    let archive = delivered();
    executed(&archive);
    let mut more = comments();
    more.push((50, "Vilken fin park!"));
    let file = archive.beside().join("senare.xml");
    std::fs::write(&file, export(&more)).unwrap();
    let again = archive
        .json("2026-10-10", &["ingest", "blogg", file.to_str().unwrap()])
        .exits(0);
    assert_eq!(again.result()["added"], 3, "the two and the new one");
    let document = again.document();
    let findings = document["findings"].as_array().unwrap();
    let told = findings
        .iter()
        .find(|finding| finding["code"] == "W-PERHAPS-DISPOSED")
        .unwrap_or_else(|| panic!("{findings:#?}"));
    let message = told["message"].as_str().unwrap();
    assert!(message.starts_with("Upp till 2 av de nya"), "{message}");
    archive.json("2026-10-10", &["verify"]).exits(0);
    // An account without disposals in that month hears nothing of it.
    archive.add_account("2026-10-10", "annan", "blogg", "http://127.0.0.1:9/");
    let other = archive.beside().join("annan.xml");
    std::fs::write(&other, export(&[(70, "Vilken fin park!")])).unwrap();
    let quiet = archive
        .json("2026-10-11", &["ingest", "annan", other.to_str().unwrap()])
        .exits(0);
    assert!(
        !quiet.stdout.contains("W-PERHAPS-DISPOSED"),
        "{}",
        quiet.stdout
    );
}

#[test]
fn an_audit_finds_every_form_of_a_text_that_somebody_still_has() {
    let archive = delivered();
    executed(&archive);
    // With letters that JSON escapes.
    let text = "Stort tack för sommarkonserten, så bra ordnat!";
    assert_eq!(text, SIMPLE[1].1);
    let plain = archive.beside().join("text.txt");
    std::fs::write(&plain, format!("{text}\n")).unwrap();
    let audit = || {
        let args = ["disposal", "audit", "--plaintext", plain.to_str().unwrap()];
        archive.json("2026-10-03", &args)
    };
    let clean = audit().exits(0).result();
    assert_eq!(
        (&clean["residue"], &clean["page_captures"]),
        (&json!([]), &json!([]))
    );
    assert!(clean["forms"].as_u64().unwrap() > 20, "{clean:#}");
    let sum = |program: &str| {
        let file = archive.beside().join("bare.txt");
        std::fs::write(&file, text).unwrap();
        let output = std::process::Command::new(program)
            .arg(&file)
            .output()
            .unwrap();
        let line = String::from_utf8(output.stdout).unwrap();
        line.split_whitespace().next().unwrap().to_owned()
    };
    let escaped = "Stort tack f\\u00f6r sommarkonserten, s\\u00e5 bra ordnat!";
    let forms = [
        format!("x{text}x"),
        base64::engine::general_purpose::STANDARD.encode(format!("xy{text} och mer")),
        hex::encode(text),
        hex::encode_upper(text),
        format!("{{\"t\":\"{escaped}\"}}"),
        sum("md5sum"),
        sum("sha1sum"),
        sum("sha256sum"),
        sum("sha512sum").to_uppercase(),
    ];
    let stray = archive.path().join("secrets/kvar");
    for form in forms {
        std::fs::write(&stray, &form).unwrap();
        let found = audit().exits(1).result();
        assert_eq!(found["residue"][0]["path"], "secrets/kvar", "{form}");
    }
    std::fs::remove_file(&stray).unwrap();
    // A preserved page that shows the words is a record in its own right.
    let page = walkdir::WalkDir::new(archive.path().join("store/captures"))
        .into_iter()
        .flatten()
        .find(|entry| entry.file_name() == "page.txt")
        .unwrap();
    let shown = std::fs::read_to_string(page.path()).unwrap();
    let line = shown
        .lines()
        .map(str::trim)
        .max_by_key(|line| line.len())
        .unwrap();
    assert!(line.len() > 12, "{shown}");
    std::fs::write(&plain, line).unwrap();
    let apart = audit().exits(0).result();
    assert_eq!(apart["residue"], json!([]));
    assert!(
        !apart["page_captures"].as_array().unwrap().is_empty(),
        "{line}: {apart:#}"
    );
}

#[test]
fn a_restored_backup_is_found_and_the_rerun_of_the_disposal_cannot_hide_it() {
    let archive = delivered();
    let backup = archive.beside().join("backup");
    copy_dir(&archive.path().join("store/captures"), &backup);
    let plan = executed(&archive);
    assert_eq!(
        codes(&archive.path(), &["--as-of", "2026-10-03"]),
        (0, set(&[]))
    );
    copy_dir(&backup, &archive.path().join("store/captures"));
    let (exit, found) = codes(&archive.path(), &["--as-of", "2026-10-03"]);
    assert_eq!((exit, found), (1, set(&["E202"])));
    let audit = archive
        .json("2026-10-03", &["disposal", "audit", &plan])
        .exits(1)
        .result();
    assert_eq!(audit["plans"][0]["present"], 2);
    archive
        .json("2026-10-03", &["disposal", "execute", &plan])
        .exits(0);
    let (exit, found) = codes(&archive.path(), &["--as-of", "2026-10-03"]);
    assert_eq!((exit, found), (1, set(&["E202"])));
}

#[test]
fn a_clock_behind_the_log_writes_nothing() {
    let archive = delivered();
    let (plan, _) = approved(&archive);
    archive
        .json(
            "2026-10-20",
            &["person", "add", "--name", "Sam", "--role", "revisor"],
        )
        .exits(0);
    let refused = archive
        .text("2026-10-05", &["disposal", "execute", &plan])
        .exits(2);
    assert!(
        refused.stderr.contains("before the log's last entry"),
        "{}",
        refused.stderr
    );
    let place = [
        "hold",
        "place",
        "--scope",
        "account",
        "--account",
        "blogg",
        "--ground",
        "kris",
        "--reason",
        "Prov",
    ];
    archive.text("2026-10-05", &place).exits(2);
}

/// A policy under which comments are preserved, and so delivered.
fn preserving(dir: &std::path::Path) -> String {
    let text = std::fs::read_to_string(repository().join(EXAMPLE)).unwrap();
    let mut kept = String::new();
    let mut in_rule = false;
    for line in text.lines() {
        in_rule = match line {
            "[[regel]]" | "[[prov]]" => false,
            "id = \"E-4\"" => true,
            _ => in_rule,
        };
        if in_rule && line.starts_with("inaktuell") {
            continue;
        }
        let swapped = if in_rule && line.starts_with("utfall") {
            "utfall = \"bevaras\""
        } else {
            line
        };
        kept.push_str(swapped);
        kept.push('\n');
    }
    let path = dir.join("exempelkommun.toml");
    std::fs::write(&path, kept).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_package_that_was_delivered_with_the_posts_stands_in_the_record() {
    let dir = tempfile::tempdir().unwrap();
    let pages = Pages::start();
    let archive = with_posts(&preserving(dir.path()), &pages.url("/short.html"));
    deliver(&archive);
    let text = std::fs::read_to_string(repository().join(EXAMPLE)).unwrap();
    let newer = dir.path().join("ny.toml");
    let changed = text.replace("version = \"1\"", "version = \"2\"\nersatter = \"3\"");
    std::fs::write(&newer, &changed).unwrap();
    let adopt = ["policy", "adopt", newer.to_str().unwrap()];
    let wrong = archive.text("2026-07-20", &adopt).exits(4);
    assert!(
        wrong.stderr.contains("version 1 gäller"),
        "{}",
        wrong.stderr
    );
    std::fs::write(&newer, &text).unwrap();
    let told = archive.json("2026-07-20", &adopt).exits(0).document();
    let found: Vec<&str> = told["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    assert_eq!(found, ["V409", "V410"]);
    std::fs::write(&newer, changed.replace("\"3\"", "\"1\"")).unwrap();
    let before = preserving(dir.path());
    let compare = ["policy", "compare", &before, newer.to_str().unwrap()];
    let compared = archive.json("2026-09-01", &compare).exits(0).result();
    let changed_posts = compared["posts"].as_array().unwrap();
    assert!(
        changed_posts
            .iter()
            .all(|post| post["before"] == "preserve")
    );
    let let_go = changed_posts
        .iter()
        .filter(|post| post["after"] == "may-dispose");
    assert_eq!(let_go.count(), 2, "{compared:#}");
    let quiet = archive.json("2026-07-21", &adopt).exits(0).document();
    assert_eq!(quiet["findings"], json!([]));
    let plan = executed(&archive);
    let record = archive
        .json("2026-10-03", &["disposal", "record", &plan])
        .exits(0)
        .result();
    let json = archive.path().join(record["json"].as_str().unwrap());
    let protocol: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    let remaining = protocol["verkstallande"]["kvarstar"].as_array().unwrap();
    let places: Vec<&str> = remaining
        .iter()
        .map(|one| one["var"].as_str().unwrap())
        .collect();
    assert_eq!(
        places,
        ["bevarad_sidfangst", "levererat_paket", "plattform"]
    );
    assert!(remaining[1]["paket"].is_string());
    // The package is where it was and outside the archive: it still holds the text.
    let held = crate::disposal::holding(&archive.beside().join("paket"), SIMPLE[0].1.as_bytes());
    assert!(!held.is_empty());
}
