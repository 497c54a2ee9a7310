//! PDF/A: prints of real Chromium go in, veraPDF judges what comes out.

mod pictures;

use std::path::{Path, PathBuf};

use bevara::render::pdfa::{self, Converted, Flavour, PdfaOptions};

use crate::support::repository;
use crate::validators;

pub(crate) fn options(flavour: Flavour) -> PdfaOptions {
    PdfaOptions {
        flavour,
        title: "Räddningstjänsten – inlägg & <svar>".to_owned(),
        language: "sv-SE".to_owned(),
        source: Some("https://example.se/konto?a=1&b=2".to_owned()),
        created: "2027-01-01T00:05:12Z".parse().unwrap(),
        producer: "bevara test".to_owned(),
    }
}

/// The prints of `fixtures/pages-pdf`, by name.
fn prints() -> Vec<(String, PathBuf)> {
    let mut all: Vec<_> = std::fs::read_dir(repository().join("fixtures/pdf"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "pdf"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, path)
        })
        .collect();
    all.sort();
    assert!(all.len() >= 10, "the prints are there");
    all
}

#[track_caller]
fn convert(path: &Path, flavour: Flavour) -> Converted {
    let raw = std::fs::read(path).unwrap();
    pdfa::convert(&raw, &options(flavour))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn converted_files(dir: &Path, flavour: Flavour) -> Vec<PathBuf> {
    prints()
        .into_iter()
        .map(|(name, path)| {
            let target = dir.join(format!("{name}.pdf"));
            std::fs::write(&target, convert(&path, flavour).bytes).unwrap();
            target
        })
        .collect()
}

fn assert_all_pass(flavour: Flavour, name: &str) {
    let dir = tempfile::tempdir().unwrap();
    let files = converted_files(dir.path(), flavour);
    let Some(verdicts) = validators::verapdf(&files, name) else {
        return;
    };
    let failed: Vec<_> = verdicts
        .iter()
        .filter(|verdict| !verdict.compliant)
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn every_print_becomes_pdfa_2u() {
    assert_all_pass(Flavour::A2u, "2u");
}

#[test]
fn every_print_becomes_pdfa_2b() {
    assert_all_pass(Flavour::A2b, "2b");
}

#[test]
fn every_print_becomes_pdfa_2a() {
    assert_all_pass(Flavour::A2a, "2a");
}
