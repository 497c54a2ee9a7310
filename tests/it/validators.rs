//! Somebody else's tools that judge what the program writes: veraPDF and bagit-python, installed by `scripts/tools`.
//! With `BEVARA_REQUIRE_VALIDATORS=1` a missing tool fails the test; else the test prints what was not checked.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "a tool that does not answer fails the test, and one that is missing is named"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::repository;

/// What veraPDF says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VeraPdf {
    /// The file.
    pub(crate) file: PathBuf,
    /// Whether it is what the flavour asks.
    pub(crate) compliant: bool,
    /// The rules it breaks: `6.1.3-1`.
    pub(crate) failed: Vec<String>,
}

/// Whether a missing tool fails the test.
pub(crate) fn required() -> bool {
    std::env::var_os("BEVARA_REQUIRE_VALIDATORS").is_some_and(|value| value == "1")
}

/// `None` where the tool is missing and that is no failure.
fn found(tool: &Path, unchecked: &str) -> Option<()> {
    if tool.exists() {
        return Some(());
    }
    assert!(
        !required(),
        "{} is missing: run scripts/tools",
        tool.display()
    );
    println!(
        "not checked, because {} is missing (scripts/tools installs it): {unchecked}",
        tool.display()
    );
    None
}

/// veraPDF's verdict on every file for a flavour (`2b`, `2u`, `2a` …), from one process. `None` where it is not
/// installed and need not be.
pub(crate) fn verapdf(files: &[PathBuf], flavour: &str) -> Option<Vec<VeraPdf>> {
    let lib = repository().join(".tools/verapdf");
    found(&lib, &format!("PDF/A-{flavour} of {} files", files.len()))?;
    let output = Command::new("java")
        .arg("-cp")
        .arg(lib.join("*"))
        .args([
            "org.verapdf.apps.GreenfieldCliWrapper",
            "-f",
            flavour,
            "--format",
            "json",
        ])
        .args(files)
        .output()
        .expect("java starts");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "veraPDF prints JSON: {error}\n{}",
            String::from_utf8_lossy(&output.stderr)
        )
    });
    let jobs = report["report"]["jobs"].as_array().expect("jobs");
    assert_eq!(jobs.len(), files.len(), "veraPDF judges every file");
    Some(jobs.iter().map(verdict).collect())
}

fn verdict(job: &Value) -> VeraPdf {
    let file = PathBuf::from(job["itemDetails"]["name"].as_str().expect("a name"));
    let Some(result) = job["validationResult"].get(0) else {
        return VeraPdf {
            file,
            compliant: false,
            failed: vec![format!("not judged: {}", job["taskException"])],
        };
    };
    let rules = result["details"]["ruleSummaries"].as_array();
    let failed = rules
        .into_iter()
        .flatten()
        .filter(|rule| rule["ruleStatus"] == "FAILED")
        .map(|rule| {
            format!(
                "{}-{}",
                rule["clause"].as_str().unwrap_or("?"),
                rule["testNumber"]
            )
        })
        .collect();
    VeraPdf {
        file,
        compliant: result["compliant"] == true,
        failed,
    }
}

/// What bagit-python says of a bag: `Ok` where it is valid, else its output. `None` where it is not installed and need
/// not be.
pub(crate) fn bagit(dir: &Path) -> Option<Result<(), String>> {
    let tool = repository().join(".tools/venv/bin/bagit.py");
    found(&tool, &format!("the bag {}", dir.display()))?;
    let output = Command::new(tool)
        .arg("--validate")
        .arg(dir)
        .output()
        .expect("bagit.py starts");
    if output.status.success() {
        return Some(Ok(()));
    }
    Some(Err(String::from_utf8_lossy(&output.stderr).into_owned()))
}
