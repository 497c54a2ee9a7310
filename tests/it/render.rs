//! PDF/A: prints of real Chromium go in, veraPDF judges what comes out.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a fixture that is not as it was is a failed test"
)]

mod access;
mod checker;
pub(crate) mod fidelity;
mod hostile;
mod pictures;

use std::path::{Path, PathBuf};

use bevara::model::digest::Sha256Hex;
use bevara::render::pdfa::{
    self, Attachment, Converted, Flavour, PdfaError, PdfaOptions, Relationship,
};

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
        files: Vec::new(),
        with_margins: false,
    }
}

/// The prints of `fixtures/pages-pdf`, by name.
pub(crate) fn prints() -> Vec<(String, PathBuf)> {
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
pub(crate) fn convert(path: &Path, flavour: Flavour) -> Converted {
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

/// The options of a flavour that carries files, with two in it.
pub(crate) fn carrying(flavour: Flavour) -> PdfaOptions {
    let file = |name: &str, media_type, relationship, text: &str| Attachment {
        name: name.to_owned(),
        media_type,
        description: "Sidans text, å ä ö".to_owned(),
        relationship,
        bytes: text.as_bytes().to_vec(),
    };
    PdfaOptions {
        files: vec![
            file(
                "page.txt",
                "text/plain",
                Relationship::Alternative,
                "Räksmörgås\n",
            ),
            file(
                "inventory.json",
                "application/json",
                Relationship::Data,
                "{}\n",
            ),
        ],
        ..options(flavour)
    }
}

fn assert_all_pass_with_files(flavour: Flavour) {
    let dir = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (name, path) in prints() {
        let raw = std::fs::read(path).unwrap();
        let converted = pdfa::convert(&raw, &carrying(flavour))
            .unwrap_or_else(|error| panic!("{name} as {flavour}: {error}"));
        let target = dir.path().join(format!("{name}.pdf"));
        std::fs::write(&target, converted.bytes).unwrap();
        files.push(target);
    }
    if let Some(verdicts) = validators::verapdf(&files, flavour.as_str()) {
        let failed: Vec<_> = verdicts.iter().filter(|one| !one.compliant).collect();
        assert!(failed.is_empty(), "{failed:#?}");
    }
    if flavour.carries_files() {
        let taken = std::process::Command::new("pdfdetach")
            .args(["-saveall", "-o"])
            .arg(dir.path())
            .arg(&files[0])
            .output()
            .unwrap();
        assert!(taken.status.success(), "{taken:?}");
        let text = std::fs::read_to_string(dir.path().join("page.txt")).unwrap();
        assert_eq!(text, "Räksmörgås\n");
    }
}

#[test]
fn every_print_becomes_pdfa_3u_and_carries_its_source() {
    assert_all_pass_with_files(Flavour::A3u);
}

#[test]
fn every_print_becomes_pdfa_3a_and_carries_its_source() {
    assert_all_pass_with_files(Flavour::A3a);
}

#[test]
fn every_print_becomes_pdfa_4() {
    assert_all_pass_with_files(Flavour::A4);
}

#[test]
fn every_print_becomes_pdfa_4f_and_carries_its_source() {
    assert_all_pass_with_files(Flavour::A4f);
}

/// Poppler reads every output without a word of complaint.
#[test]
fn every_output_is_read_without_complaint() {
    let dir = tempfile::tempdir().unwrap();
    // What part 1 makes of prints is in `pictures`.
    for flavour in Flavour::ALL.into_iter().filter(|one| one.part() > 1) {
        for file in converted_files(dir.path(), flavour) {
            let read = std::process::Command::new("pdfinfo")
                .arg(&file)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&read.stderr).into_owned();
            assert!(said.is_empty(), "{} as {flavour}: {said}", file.display());
        }
    }
}

#[test]
fn every_raw_print_breaks_pdfa_2b() {
    let files: Vec<PathBuf> = prints().into_iter().map(|(_, path)| path).collect();
    let Some(verdicts) = validators::verapdf(&files, "2b") else {
        return;
    };
    for verdict in verdicts {
        assert!(!verdict.compliant, "{}", verdict.file.display());
        assert!(
            verdict.failed.contains(&"6.1.3-1".to_owned()),
            "{verdict:?}"
        );
    }
}

/// The outputs that veraPDF has passed, by their hashes: a change of the converter that changes a byte shows here.
#[test]
fn outputs_are_byte_for_byte_those_that_verapdf_passed() {
    let expected =
        std::fs::read_to_string(repository().join("fixtures/pdf/expected.sha256")).unwrap();
    let mut found = String::new();
    for (name, path) in prints() {
        for (flavour, level) in [(Flavour::A2u, "2u"), (Flavour::A2a, "2a")] {
            let first = convert(&path, flavour).bytes;
            assert!(first == convert(&path, flavour).bytes, "{name} differs");
            found.extend([format!("{}  {name}.{level}.pdf\n", Sha256Hex::of(&first))]);
        }
    }
    assert_eq!(found, expected);
}

#[test]
fn the_raw_hash_and_the_options_stand_in_the_file() {
    let (_, path) = prints().remove(0);
    let raw = std::fs::read(&path).unwrap();
    let output = String::from_utf8_lossy(&convert(&path, Flavour::A2u).bytes).into_owned();
    let digest = Sha256Hex::of(&raw);
    for expected in [
        format!("<bevara:rawSha256>{digest}</bevara:rawSha256>"),
        "<dc:source>https://example.se/konto?a=1&amp;b=2</dc:source>".to_owned(),
        "Räddningstjänsten – inlägg &amp; &lt;svar&gt;".to_owned(),
        "<xmp:CreateDate>2027-01-01T00:05:12Z</xmp:CreateDate>".to_owned(),
        "<pdf:Producer>bevara test</pdf:Producer>".to_owned(),
        format!("/ID[<{0}><{0}>]", digest.as_str()[..32].to_uppercase()),
    ] {
        assert!(output.contains(&expected), "{expected}");
    }
    let year = "/CreationDate(D:20270101000512+00'00')";
    assert!(output.contains(year), "the date is the capture's");
}

#[test]
fn what_is_no_whole_pdf_is_refused() {
    let (_, path) = prints().remove(0);
    let raw = std::fs::read(&path).unwrap();
    let refused = |bytes: &[u8]| pdfa::convert(bytes, &options(Flavour::A2u)).unwrap_err();
    for bytes in [&b""[..], b"hej", b"%PDF-1.4\n%%EOF"] {
        assert!(
            matches!(refused(bytes), PdfaError::Unreadable(_)),
            "{bytes:?}"
        );
    }
    // Cut anywhere, a print is an error or whole: never a file with something missing.
    for part in 1..10 {
        let cut = &raw[..raw.len() * part / 10];
        let error = refused(cut);
        assert!(
            matches!(error, PdfaError::Unreadable(_) | PdfaError::Content(_)),
            "{part}: {error:?}"
        );
    }
}

#[test]
fn the_colour_profile_is_the_one_that_the_readme_names() {
    let profile = std::fs::read(repository().join("assets/sRGB-v2-magic.icc")).unwrap();
    let readme = std::fs::read_to_string(repository().join("assets/README.md")).unwrap();
    assert!(readme.contains(Sha256Hex::of(&profile).as_str()));
}
