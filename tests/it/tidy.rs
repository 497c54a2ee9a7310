//! The shape of the source: who may use whom, how a file opens, how long it may be, and words that say nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::support::repository;

/// Which root modules each may use. Lower ones first; what is not listed is forbidden.
fn directions() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let table: &[(&str, &str)] = &[
        ("model", ""),
        ("processes", ""),
        ("clock", "model"),
        ("config", "model"),
        ("schedule", "model"),
        ("policy", "model"),
        ("disposal", "model policy"),
        ("evidence", "model"),
        ("detect", "model"),
        ("render", "model"),
        ("platform", "model"),
        ("package", "model evidence"),
        ("archive", "model evidence"),
        ("store", "model evidence config processes"),
        ("capture", "model processes"),
        ("catalogue", "model"),
        ("app", "config clock store archive catalogue capture model"),
        (
            "ops",
            "app archive capture catalogue clock config detect disposal evidence model package platform policy render \
             schedule store",
        ),
        ("demo", "ops app model config clock capture"),
        // The command line names the types of what `ops` hand back (rows, findings of a policy, codes of verify).
        (
            "cli",
            "ops app model config clock demo capture archive catalogue evidence policy",
        ),
        ("main", "cli capture render"),
        ("lib", ""),
    ];
    table
        .iter()
        .map(|(module, uses)| (*module, uses.split_whitespace().collect()))
        .collect()
}

fn sources(below: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(repository().join(below))
        .into_iter()
        .map(|entry| entry.expect("a readable directory").into_path())
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .collect();
    files.sort();
    assert!(files.len() > 10, "{below} has its files");
    files
}

fn all() -> Vec<(String, String)> {
    let files = ["src", "tests"].into_iter().flat_map(sources);
    files
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a source file is UTF-8");
            (relative(&path), text)
        })
        .collect()
}

fn relative(path: &Path) -> String {
    let path = path.strip_prefix(repository()).expect("below the root");
    path.to_str().expect("UTF-8").to_owned()
}

/// The root module of a source file.
fn module(path: &str) -> &str {
    let rest = path.strip_prefix("src/").unwrap_or(path);
    let first = rest.split('/').next().unwrap_or(rest);
    first.trim_end_matches(".rs")
}

/// Fails with every line of `faults`.
#[track_caller]
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn modules_use_only_what_lies_below_them() {
    let directions = directions();
    let mut faults = Vec::new();
    for (path, text) in all().iter().filter(|(path, _)| path.starts_with("src/")) {
        let from = module(path);
        let Some(allowed) = directions.get(from) else {
            faults.push(format!(
                "{path}: the module {from} has no place in the table"
            ));
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or(line);
            let prefix = if from == "main" {
                "bevara::"
            } else {
                "crate::"
            };
            for (start, _) in code.match_indices(prefix) {
                let rest = &code[start + prefix.len()..];
                let end = rest.find(|c: char| !(c.is_ascii_lowercase() || c == '_'));
                let to = &rest[..end.unwrap_or(rest.len())];
                if to != from && !allowed.contains(to) && directions.contains_key(to) {
                    faults.push(format!("{path}:{}: {from} may not use {to}", number + 1));
                }
            }
        }
    }
    none(&faults);
}

#[test]
fn imports_have_one_form() {
    let mut faults = Vec::new();
    for (path, text) in all() {
        for (number, line) in text.lines().enumerate() {
            // Both forms would slip past the scan above.
            if line.starts_with("use crate::{") || line.trim_start().starts_with("use crate::*") {
                faults.push(format!(
                    "{path}:{}: one `use crate::module` a line",
                    number + 1
                ));
            }
            if line.starts_with("use super") || line.starts_with("pub use super") {
                faults.push(format!(
                    "{path}:{}: name the module from the root",
                    number + 1
                ));
            }
        }
    }
    none(&faults);
}

#[test]
fn every_file_says_what_it_is_for_and_stays_short() {
    let mut faults = Vec::new();
    for (path, text) in all() {
        let opening = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .count();
        if !(1..=5).contains(&opening) && path != "src/store.rs" {
            faults.push(format!(
                "{path}: opens with {opening} lines of `//!`; 1 to 5 are asked"
            ));
        }
        let length = text.lines().count();
        let most = LONG
            .iter()
            .find(|(long, _)| *long == path)
            .map_or(600, |(_, most)| *most);
        if length > most {
            faults.push(format!("{path}: {length} lines; at most {most}"));
        }
        if path == "src/main.rs" && length > 30 {
            faults.push(format!("{path}: {length} lines; at most 30"));
        }
    }
    none(&faults);
}

/// Files that are longer than they should be, and how long they are; these numbers only shrink.
const LONG: &[(&str, usize)] = &[("tests/it/capture.rs", 640)];

/// Names that tell nothing of what lies inside.
const BANNED: &[&str] = &[
    "utils", "util", "helpers", "helper", "common", "core", "manager", "service", "handler",
    "misc", "types", "mod",
];

#[test]
fn names_say_what_a_file_is() {
    let mut faults = Vec::new();
    for (path, _) in all() {
        for part in path.split('/').map(|part| part.trim_end_matches(".rs")) {
            if BANNED.contains(&part) || part.contains("_v2") || part.starts_with("new_") {
                faults.push(format!("{path}: \"{part}\" says nothing"));
            }
        }
    }
    none(&faults);
}

#[test]
fn comments_are_plain() {
    let banner = format!("// {}", "=".repeat(3));
    let headings = ["Arguments", "Returns"].map(|word| format!("/// # {word}"));
    let mut faults = Vec::new();
    for (path, text) in all() {
        for (number, line) in text.lines().enumerate() {
            let place = || format!("{path}:{}", number + 1);
            if line.contains(&banner) {
                faults.push(format!("{}: no banners", place()));
            }
            if headings.iter().any(|heading| line.contains(heading)) {
                faults.push(format!("{}: say it in a sentence", place()));
            }
            let comment = line.trim_start().starts_with("//");
            if comment && line.chars().any(is_emoji) {
                faults.push(format!("{}: no emoji", place()));
            }
        }
    }
    none(&faults);
}

fn is_emoji(character: char) -> bool {
    matches!(u32::from(character), 0x2600..=0x27bf | 0x1f300..=0x1faff)
}
