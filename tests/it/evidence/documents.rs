//! The texts that lie in every archive: the specification names every member, and the commands for auditors run as they
//! stand.

use std::fs;
use std::path::Path;

use crate::evidence::{codes, flip, set, tool, with_capture};
use crate::support::repository;

/// The variants of the enum `Body` with their members, read from its source.
fn entry_types() -> Vec<(String, Vec<String>)> {
    let source = fs::read_to_string(repository().join("src/model/entry.rs")).unwrap();
    let (_, rest) = source.split_once("pub enum Body {\n").unwrap();
    let (body, _) = rest.split_once("\n}\n").unwrap();
    let mut types: Vec<(String, Vec<String>)> = Vec::new();
    for line in body.lines() {
        if let Some(name) = line
            .strip_prefix("    ")
            .and_then(|line| line.strip_suffix(" {"))
        {
            let mut kebab = String::new();
            for letter in name.chars() {
                if letter.is_ascii_uppercase() && !kebab.is_empty() {
                    kebab.push('-');
                }
                kebab.push(letter.to_ascii_lowercase());
            }
            types.push((kebab, Vec::new()));
        } else if let Some((member, _)) = line
            .strip_prefix("        ")
            .and_then(|line| line.split_once(": "))
        {
            types.last_mut().unwrap().1.push(member.to_owned());
        }
    }
    types
}

#[test]
fn the_specification_names_every_entry_type_and_member() {
    let text = fs::read_to_string(repository().join("docs/format/store.md")).unwrap();
    let types = entry_types();
    assert_eq!(types.len(), 24, "{types:?}");
    for (name, members) in types {
        let row = text
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}` |")))
            .unwrap_or_else(|| panic!("{name} has no row"));
        for member in members {
            assert!(
                row.contains(&format!("`{member}`")) || row.contains(&format!("`{member}[]`")),
                "{name}: {member}"
            );
        }
    }
}

/// Runs the commands of `AUDIT.md` in a store and gives what they print.
fn follow(store: &Path) -> String {
    let text = fs::read_to_string(store.join("AUDIT.md")).unwrap();
    let commands: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .collect();
    assert_eq!(commands.len(), 9);
    commands
        .into_iter()
        .map(|command| tool("sh", &["-c", command], store).1)
        .collect()
}

#[test]
fn an_auditor_follows_the_text_in_the_store() {
    let (archive, capture) = with_capture();
    let store = archive.path().join("store");
    assert_eq!(follow(&store), "Signature Verified Successfully\n");
    flip(&capture.join("units/000001/page.txt"), 1);
    assert!(follow(&store).contains("page.txt: FAILED"));
    flip(&capture.join("units/000001/page.txt"), 1);
    fs::write(capture.join("units/000001/extra"), "x").unwrap();
    assert!(follow(&store).contains("extra: "));
    fs::remove_file(capture.join("units/000001/extra")).unwrap();
    flip(&store.join("log/checkpoint"), 0);
    assert!(!follow(&store).contains("Verified Successfully"));
    flip(&store.join("log/checkpoint"), 0);
    flip(&store.join("log/entries/000000002.json"), 30);
    assert!(follow(&store).contains("broken at 000000003.json"));
    flip(&store.join("log/entries/000000002.json"), 30);
    assert_eq!(codes(&archive.path(), &[]), (0, set(&[])));
}
