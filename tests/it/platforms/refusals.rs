//! What an archivist reads of items and containers that were refused: Swedish, short enough, counted to the last one.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::platforms::{fixture, read, walk};
use crate::support::{Archive, repository};

/// Words that stand in English sentences and in no Swedish one.
const ENGLISH: &[&str] = &[
    "a",
    "an",
    "and",
    "another",
    "are",
    "at",
    "before",
    "by",
    "cannot",
    "could",
    "end",
    "ends",
    "expected",
    "failed",
    "file",
    "found",
    "has",
    "have",
    "holds",
    "invalid",
    "is",
    "it",
    "its",
    "longer",
    "missing",
    "more",
    "must",
    "no",
    "not",
    "of",
    "or",
    "than",
    "that",
    "the",
    "there",
    "this",
    "to",
    "unexpected",
    "which",
    "with",
    "without",
    "wrong",
];

fn english(text: &str) -> Vec<&str> {
    text.split_whitespace()
        // Neither a place for a value nor a part of a time's form.
        .filter(|word| !word.contains(['{', '%']))
        .map(|word| word.trim_matches(|sign: char| !sign.is_alphanumeric()))
        .filter(|word| ENGLISH.contains(word))
        .collect()
}

#[test]
fn every_fixtures_refusals_are_swedish() {
    let (mut reasons, mut errors) = (BTreeSet::new(), BTreeSet::new());
    let root = repository().join("fixtures");
    let exports = walk(&root.join("fuzz")).into_iter();
    let formats = std::fs::read_dir(fixture(""))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let cases = formats.flat_map(|format| {
        let below = std::fs::read_dir(format)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        below.collect::<Vec<_>>()
    });
    for path in exports.chain(cases) {
        match read(&path) {
            Ok(read) => reasons.extend(read.refused.into_iter().map(|(_, reason)| reason)),
            Err(error) => {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                errors.insert(error.to_string().replace(&name, "FIL"));
            }
        }
    }
    assert!(reasons.len() > 25, "{reasons:#?}");
    assert!(!errors.is_empty());
    for text in reasons.iter().chain(&errors) {
        assert_eq!(english(text), Vec::<&str>::new(), "{text}");
    }
}

/// String literals of a source file that stand outside its tests, comments and logs.
fn literals(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    for line in code.lines() {
        let line = line.trim_start();
        if line.starts_with("//") || line.contains("tracing::") {
            continue;
        }
        // Every other part stands between quotation marks; an escaped one breaks a text in two, which is still read.
        let parts = line.split('"').enumerate();
        found.extend(
            parts
                .filter(|(place, _)| place % 2 == 1)
                .map(|(_, text)| text.to_owned()),
        );
    }
    found
}

/// A reason that no fixture comes by is read in the source.
#[test]
fn no_text_of_the_importers_is_an_english_sentence() {
    // A name that a platform gives; words of a message of ours that is not told; numbers of files; code between two texts.
    let known = [
        "Chat History with ",
        "stands twice",
        "file {}",
        "file {id}",
        ") && has(",
        " && at > 0 && at < last {",
    ];
    let (mut read, mut left) = (0, Vec::new());
    let mut sources = walk(&repository().join("src/platform"));
    sources.push(repository().join("src/ops/ingest.rs"));
    sources.push(repository().join("src/ops/ingest/report.rs"));
    for path in sources {
        let source = std::fs::read_to_string(&path).unwrap();
        for text in literals(&source) {
            read += 1;
            let words = text.split_whitespace().count();
            if words < 2 || known.contains(&text.as_str()) {
                continue;
            }
            if !english(&text).is_empty() {
                left.push(format!("{}: {text}", path.display()));
            }
        }
    }
    assert!(read > 1000, "{read}");
    assert!(left.is_empty(), "{left:#?}");
}

/// Saved replies of Mastodon: `good` that can be read among `bad` that cannot.
fn replies(path: &Path, good: usize, bad: usize) {
    let status = |number: usize| {
        json!({"id": number.to_string(), "uri": format!("https://social.exempelkommun.se/users/exempelkommun/statuses/{number}"),
            "created_at": "2026-05-01T10:00:00.000Z", "content": "<p>Hej</p>", "visibility": "public",
            "account": {"id": "1", "acct": "exempelkommun", "username": "exempelkommun",
                "url": "https://social.exempelkommun.se/@exempelkommun"}})
    };
    let mut all: Vec<Value> = (0..good).map(status).collect();
    for number in 0..bad {
        let mut broken = status(number);
        broken.as_object_mut().unwrap().remove("uri");
        all.push(broken);
    }
    std::fs::write(path, Value::from(all).to_string()).unwrap();
}

#[test]
fn of_many_refused_items_the_first_are_listed_and_all_are_counted() {
    let archive = Archive::with_policy("2026-06-01", "torsby");
    archive.add_account(
        "2026-06-01",
        "m",
        "mastodon",
        "https://social.exempelkommun.se/@exempelkommun",
    );
    let file = archive.beside().join("statuses.json");
    replies(&file, 3, 2_500);
    let args = ["ingest", "m", file.to_str().unwrap()];
    let result = archive.json("2026-06-02", &args).exits(1).result();
    assert_eq!(
        (&result["claimed"], &result["parsed"]),
        (&json!(2_503), &json!(3))
    );
    assert_eq!(result["refused"].as_array().unwrap().len(), 1_000);
    assert_eq!(result["refused_unlisted"], 1_500);
    assert_eq!(
        result["refused"][999],
        json!({"place": "statuses.json, /1002",
            "reason": "inlägget saknar id: fältet uri saknas eller går inte att läsa"})
    );
    // What is kept says the same, and so does the log.
    let find = |name: &str| {
        let mut files = walk(&archive.path().join("store"));
        files.retain(|path| path.ends_with(name));
        serde_json::from_slice::<Value>(&std::fs::read(&files[0]).unwrap()).unwrap()
    };
    let report = find("ingest.json");
    assert_eq!(report["refused"].as_array().unwrap().len(), 1_000);
    assert_eq!(report["refused_unlisted"], 1_500);
    let entries = walk(&archive.path().join("store/log/entries"));
    let entries = entries
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap());
    assert!(
        entries
            .into_iter()
            .any(|text| text.contains("\"refused\":2500"))
    );

    let more = archive.beside().join("fler.json");
    replies(&more, 4, 2_500);
    let args = ["ingest", "m", more.to_str().unwrap()];
    let said = archive.text("2026-06-03", &args).exits(1).stdout;
    for line in [
        "Kunde ej läsas  2500",
        "  … och 2480 till; intagets rapport (ingest.json) anger plats och skäl för de första 1000",
    ] {
        assert!(said.contains(line), "{said}");
    }
}
