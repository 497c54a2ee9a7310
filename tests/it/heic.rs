//! `capture --from-file` with a phone's own pictures (HEIC): their pixels against those of libheif, the page that is drawn
//! of them against poppler and veraPDF, and what is refused. `fixtures/heic/README.md` tells of the files.

use std::path::{Path, PathBuf};
use std::process::Command;

use bevara::render::pictures;
use image::{DynamicImage, ImageDecoder as _, ImageReader};
use lopdf::{Document, Object};
use serde_json::{Value, json};

use crate::support::{Archive, repository};
use crate::validators;

const NOW: &str = "2027-01-01T09:00:00Z";

fn fixture(name: &str) -> PathBuf {
    repository().join("fixtures/heic").join(name)
}

fn archive() -> Archive {
    let archive = Archive::new("2026-12-15");
    let url = "https://example.se/app";
    archive.add_account("2026-12-15", "exempel-app", "annan", url);
    archive
}

fn unpacked(name: &str) -> Result<(DynamicImage, Option<Vec<u8>>), String> {
    let heic = std::fs::read(fixture(name)).unwrap();
    let png = pictures::unpacked(&heic).map_err(|error| error.to_string())?;
    let reader = ImageReader::new(std::io::Cursor::new(png));
    let mut decoder = reader
        .with_guessed_format()
        .unwrap()
        .into_decoder()
        .unwrap();
    let profile = decoder.icc_profile().unwrap();
    Ok((DynamicImage::from_decoder(decoder).unwrap(), profile))
}

/// The profile of the file's `colr` box.
fn profile_in(heic: &[u8]) -> &[u8] {
    let at = heic.windows(8).position(|eight| eight == b"colrprof");
    let start = at.unwrap() + 8;
    let length = u32::from_be_bytes(heic[start..start + 4].try_into().unwrap());
    &heic[start..start + usize::try_from(length).unwrap()]
}

/// A colorant of a profile (ICC.1:2010, 10.31), in 65536ths.
fn colorant(profile: &[u8], name: [u8; 4]) -> [i32; 3] {
    let entry = profile[132..]
        .chunks(12)
        .find(|entry| entry.starts_with(&name))
        .unwrap();
    let at = usize::try_from(u32::from_be_bytes(entry[4..8].try_into().unwrap())).unwrap();
    [8, 12, 16]
        .map(|more| i32::from_be_bytes(profile[at + more..at + more + 4].try_into().unwrap()))
}

#[test]
fn pixels_are_those_that_libheif_sees() {
    // Chroma of 4:2:0 lies between pixels; libheif takes it to lie in their middle, the standard at the left.
    for (name, most) in [("phone", 3), ("deep", 1), ("alpha", 1), ("grey", 0)] {
        let (picture, _) = unpacked(&format!("{name}.heic")).unwrap();
        let expected = image::open(fixture(&format!("{name}.png"))).unwrap();
        assert_eq!(
            (picture.width(), picture.height()),
            (expected.width(), expected.height()),
            "{name}"
        );
        let has_alpha = expected.color().has_alpha();
        assert_eq!(picture.color().has_alpha(), has_alpha, "{name}");
        // 16 bits to 8 by rounding, as `to_rgba8` does.
        let (picture, expected) = (picture.to_rgba8(), expected.to_rgba8());
        let differ = std::iter::zip(picture.iter(), expected.iter())
            .map(|(one, other)| one.abs_diff(*other))
            .max();
        assert!(differ <= Some(most), "{name}: {differ:?}");
    }
}

#[test]
fn colours_keep_their_space() {
    let (_, profile) = unpacked("phone.heic").unwrap();
    let heic = std::fs::read(fixture("phone.heic")).unwrap();
    assert!(profile.as_deref() == Some(profile_in(&heic)));
    // Display P3 by number alone: its primaries for D50 (SMPTE EG 432-1, adapted after Bradford).
    let (_, profile) = unpacked("deep.heic").unwrap();
    let profile = profile.unwrap();
    for (name, expected) in [
        (*b"rXYZ", [0.515_12, 0.241_20, -0.001_05]),
        (*b"gXYZ", [0.291_98, 0.692_25, 0.041_89]),
        (*b"bXYZ", [0.157_10, 0.066_57, 0.784_07]),
    ] {
        for (value, expected) in std::iter::zip(colorant(&profile, name), expected) {
            let differs = f64::from(value) / 65_536.0 - expected;
            assert!(differs.abs() < 0.001, "{name:?}: {value} {expected}");
        }
    }
    assert!(
        unpacked("deep.heic").unwrap().1.unwrap() == profile,
        "twice the same"
    );
    assert_eq!(unpacked("alpha.heic").unwrap().1, None);
}

#[test]
fn what_would_be_shown_in_part_or_wrongly_is_refused() {
    for (name, says) in [
        ("two.heic", "it holds 2 pictures"),
        ("film.heic", "it is a sequence of pictures"),
        ("av1.avif", "coded with av01 and not with HEVC"),
        ("hdr.heic", "high dynamic range"),
    ] {
        let refused = unpacked(name).unwrap_err();
        assert!(refused.contains(says), "{name}: {refused}");
    }
    let heic = std::fs::read(fixture("phone.heic")).unwrap();
    // A picture of which the end is missing is none.
    for length in [0, 24, 400, heic.len() / 2, heic.len() - 1500] {
        assert!(pictures::unpacked(&heic[..length]).is_err(), "{length}");
    }
    // One whose description of the picture is missing is said to be damaged, and not to be coded with something.
    let refused = pictures::unpacked(&heic[..24]).unwrap_err().to_string();
    assert!(refused.contains("it is damaged"), "{refused}");
}

fn run(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{program}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The profiles of the pictures of a PDF.
fn profiles(page: &Path) -> Vec<Vec<u8>> {
    let document = Document::load(page).unwrap();
    let mut profiles = Vec::new();
    for object in document.objects.values() {
        if let Object::Stream(stream) = object
            && stream.dict.has_type(b"XObject")
            && let Ok(space) = stream.dict.get_deref(b"ColorSpace", &document)
            && let Ok(space) = space.as_array()
            && let Ok(profile) = document.dereference(&space[1])
        {
            profiles.push(
                profile
                    .1
                    .as_stream()
                    .unwrap()
                    .decompressed_content()
                    .unwrap(),
            );
        }
    }
    profiles
}

#[test]
fn pictures_of_phones_become_pdfa_upright_and_without_place() {
    let archive = archive();
    let (phone, deep, alpha) = (
        fixture("phone.heic"),
        fixture("deep.heic"),
        fixture("alpha.heic"),
    );
    let mut args = vec!["capture", "--from-file"];
    args.extend([&phone, &deep, &alpha].map(|path| path.to_str().unwrap()));
    args.extend(["exempel-app", "--whole"]);
    let result = archive.json(NOW, &args).exits(0).result();
    assert_eq!(result["captures"][0]["verdict"], "complete");
    let page = result["captures"][0]["files"].as_array().unwrap();
    let page = page.iter().map(|file| file["path"].as_str().unwrap());
    let page = archive.path().join(
        page.clone()
            .find(|path| path.ends_with("page.pdf"))
            .unwrap(),
    );
    if let Some(verdicts) = validators::verapdf(std::slice::from_ref(&page), "2u") {
        assert!(verdicts[0].compliant, "{verdicts:#?}");
    }
    let profiles = profiles(&page);
    let heic = std::fs::read(&phone).unwrap();
    assert!(profiles.len() == 2 && profiles.iter().any(|one| one == profile_in(&heic)));
    // What the phone wrote beside the picture is nowhere.
    let pdf = std::fs::read(&page).unwrap();
    for trace in [&b"GPS-PLATS"[..], b"Exif\0"] {
        assert!(!pdf.windows(trace.len()).any(|window| window == trace));
    }
    // As libheif draws it, to the reader's own way with colours and edges: turned once, not twice.
    let dir = tempfile::tempdir().unwrap();
    let prefix = dir.path().join("ut");
    let (page, prefix) = (page.to_str().unwrap(), prefix.to_str().unwrap());
    run(
        "pdftocairo",
        &["-png", "-r", "96", "-f", "1", "-l", "1", page, prefix],
    );
    let drawn = image::open(format!("{prefix}-1.png")).unwrap().to_rgb8();
    let expected = image::open(fixture("phone.png")).unwrap().to_rgb8();
    for (x, y) in [(6, 6), (70, 6), (6, 102), (70, 102), (39, 55)] {
        let (one, other) = (drawn.get_pixel(38 + x, 38 + y), expected.get_pixel(x, y));
        let differ = std::iter::zip(one.0, other.0).map(|(one, other)| one.abs_diff(other));
        assert!(differ.max() < Some(60), "{x}, {y}: {one:?} {other:?}");
    }
    let text = run("pdftotext", &["-raw", "-enc", "UTF-8", page, "-"]);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("Bild 1 av 3: phone.heic, tagen 2026-12-31 23:58:01 enligt filen"),
        "{text}"
    );
    let manual = Path::new(page)
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("000002/manual.json");
    let manual: Value = serde_json::from_slice(&std::fs::read(manual).unwrap()).unwrap();
    assert_eq!(manual["files"][0]["media_type"], "image/heic");
    let sum = run("sha256sum", &[phone.to_str().unwrap()]);
    assert!(sum.starts_with(manual["files"][0]["sha256"].as_str().unwrap()));
    let kinds = [&manual["files"][1]["taken"], &manual["files"][1]["kept_as"]];
    assert_eq!(kinds, [&Value::Null, &json!("page.pdf")]);
    // What is refused is named, with a way out.
    let two = fixture("two.heic");
    let args = [
        "capture",
        "--from-file",
        two.to_str().unwrap(),
        "exempel-app",
    ];
    let ran = archive.text(NOW, &args);
    assert!(
        ran.exit == 2
            && ran
                .stderr
                .contains("two.heic is HEIC that cannot be read: it holds 2 pictures")
            && ran.stderr.contains("heif-convert"),
        "{ran:?}"
    );
}
