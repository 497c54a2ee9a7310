//! The documents against the program: `docs/cli.md` is what the command line says, and every example parses.

use std::path::PathBuf;

use crate::support::{bevara, ran, repository};

/// Set to write the document anew instead of checking it.
const REWRITE: &str = "BEVARA_REWRITE";

fn document() -> PathBuf {
    repository().join("docs/cli.md")
}

#[test]
fn the_command_line_document_is_current() {
    let printed = ran(bevara().arg("cli-document")).exits(0).stdout;
    if std::env::var_os(REWRITE).is_some() {
        std::fs::write(document(), &printed).expect("docs/cli.md is writable");
        return;
    }
    let kept = std::fs::read_to_string(document()).unwrap_or_default();
    assert!(
        kept == printed,
        "docs/cli.md is not what the command line says; write it anew with {REWRITE}=1 cargo test --test it docs::"
    );
}

#[test]
fn every_verb_has_an_example_and_each_one_parses() {
    let printed = ran(bevara().args(["cli-document", "--json"]))
        .exits(0)
        .result();
    let verbs = printed["verbs"].as_array().expect("the verbs");
    assert!(verbs.len() > 25, "{}", verbs.len());
    let mut faults = Vec::new();
    for verb in verbs {
        let name = verb["name"].as_str().expect("a name");
        let examples = verb["examples"].as_array().expect("examples");
        if examples.is_empty() {
            faults.push(format!("{name}: no example"));
        }
        for example in examples {
            if !example["error"].is_null() {
                faults.push(format!("{name}: {}: {}", example["line"], example["error"]));
            }
            let line = example["line"].as_str().expect("a line");
            if !line.contains(&format!("bevara {name}")) {
                faults.push(format!("{name}: {line} is no example of it"));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_program_speaks_of_built_verbs_only() {
    let help = ran(bevara().arg("--help")).exits(0).stdout;
    assert!(!help.contains("Not built"), "{help}");
    assert!(help.contains("Capture everything that is due"), "{help}");
}

#[test]
fn completions_and_the_manual_page_are_whole() {
    let script = ran(bevara().args(["completions", "bash"])).exits(0).stdout;
    assert!(script.contains("complete -F _bevara"), "{script}");
    let page = ran(bevara().arg("man")).exits(0).stdout;
    assert!(
        page.starts_with(".ie") || page.starts_with(".TH"),
        "{}",
        &page[..40]
    );
}
