//! `capture --from-file`: pictures and PDFs that a person made. poppler and veraPDF judge what comes out.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;

use image::{ImageFormat, Rgb, RgbImage};
use lopdf::{Document, Object, dictionary};
use serde_json::{Value, json};

use crate::support::{Archive, bevara, ran, repository};
use crate::validators;

const NOW: &str = "2027-01-01T09:00:00Z";

fn archive() -> Archive {
    let archive = Archive::new("2026-12-15");
    archive.add_account(
        "2026-12-15",
        "exempel-app",
        "annan",
        "https://example.se/app",
    );
    archive
}

/// Red, green, blue and white in the corners, clockwise from the upper left.
fn corners(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        match (x < width / 2, y < height / 2) {
            (true, true) => Rgb([255, 0, 0]),
            (false, true) => Rgb([0, 255, 0]),
            (false, false) => Rgb([0, 0, 255]),
            (true, false) => Rgb([255, 255, 255]),
        }
    })
}

fn encoded(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// An Exif segment (Exif 2.3, little-endian TIFF): orientation, when the picture was taken, and where.
fn exif(orientation: u8) -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        let mut bytes = tag.to_le_bytes().to_vec();
        bytes.extend(kind.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(value);
        bytes
    };
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    // IFD0 at 8: 3 entries; Exif IFD at 50; GPS IFD at 68; texts after 86.
    tiff.extend(3_u16.to_le_bytes());
    tiff.extend(entry(0x0112, 3, 1, [orientation, 0, 0, 0]));
    tiff.extend(entry(0x8769, 4, 1, 50_u32.to_le_bytes()));
    tiff.extend(entry(0x8825, 4, 1, 68_u32.to_le_bytes()));
    tiff.extend([0; 4]);
    assert_eq!(tiff.len(), 50);
    tiff.extend(1_u16.to_le_bytes());
    tiff.extend(entry(0x9003, 2, 20, 86_u32.to_le_bytes()));
    tiff.extend([0; 4]);
    tiff.extend(1_u16.to_le_bytes());
    tiff.extend(entry(0x001d, 2, 11, 106_u32.to_le_bytes()));
    tiff.extend([0; 4]);
    tiff.extend(b"2026:12:31 23:58:01\0");
    tiff.extend(b"GPS-PLATS!\0");
    let mut segment = b"\xff\xe1".to_vec();
    segment.extend(u16::try_from(tiff.len() + 8).unwrap().to_be_bytes());
    segment.extend(b"Exif\0\0");
    segment.extend(tiff);
    segment
}

/// A JPEG with an Exif segment and something behind its end, as phones write.
pub(crate) fn photo(orientation: u8) -> (Vec<u8>, Vec<u8>) {
    let plain = encoded(&corners(160, 80), ImageFormat::Jpeg);
    let mut whole = plain[..2].to_vec();
    whole.extend(exif(orientation));
    whole.extend(&plain[2..]);
    whole.extend(b"MotionPhoto_Data");
    (whole, plain)
}

fn write(archive: &Archive, name: &str, bytes: &[u8]) -> String {
    let path = archive.beside().join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

fn kept(archive: &Archive, result: &Value, name: &str) -> PathBuf {
    let files = result["captures"][0]["files"].as_array().unwrap();
    let file = files
        .iter()
        .find(|file| file["path"].as_str().unwrap().ends_with(name))
        .unwrap_or_else(|| panic!("{name}: {result:#}"));
    archive.path().join(file["path"].as_str().unwrap())
}

fn manual(page: &Path) -> Value {
    let path = page.parent().unwrap().parent().unwrap();
    let text = std::fs::read_to_string(path.join("000002/manual.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn run(program: &str, args: &[&str], file: &Path, after: &[&str]) -> String {
    let output = Command::new(program)
        .args(args)
        .arg(file)
        .args(after)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{program}: {output:?}"
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn pictures_become_pdfa_upright_and_without_place() {
    let archive = archive();
    let (jpeg, plain) = photo(6);
    let first = write(
        &archive,
        "skärm 1.png",
        &encoded(&corners(120, 200), ImageFormat::Png),
    );
    let second = write(&archive, "skarm-2.jpg", &jpeg);
    let args = [
        "capture",
        "--from-file",
        &first,
        &second,
        "exempel-app",
        "--whole",
        "--taken-by",
        "Åsa Exempel",
    ];
    let result = archive.json(NOW, &args).exits(0).result();
    let capture = &result["captures"][0];
    assert_eq!(
        (&capture["verdict"], &capture["reasons"]),
        (&json!("complete"), &json!([]))
    );
    let page = kept(&archive, &result, "page.pdf");
    if let Some(verdicts) = validators::verapdf(std::slice::from_ref(&page), "2u") {
        assert!(verdicts[0].compliant, "{verdicts:#?}");
    }
    // What the camera wrote beside the picture is nowhere; the compressed picture is as it was.
    let dir = tempfile::tempdir().unwrap();
    let prefix = dir.path().join("ut");
    run("pdfimages", &["-all"], &page, &[prefix.to_str().unwrap()]);
    assert!(std::fs::read(dir.path().join("ut-001.jpg")).unwrap() == plain);
    let unit = page.parent().unwrap().parent().unwrap();
    for entry in walkdir::WalkDir::new(unit) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let bytes = std::fs::read(entry.path()).unwrap();
            for trace in [&b"GPS-PLATS"[..], b"Exif\0", b"MotionPhoto"] {
                let found = bytes.windows(trace.len()).any(|window| window == trace);
                assert!(!found, "{}", entry.path().display());
            }
        }
    }
    // Orientation 6: what is stored at the left is up, turned clockwise: white, red, green, blue.
    run(
        "pdftocairo",
        &["-png", "-r", "96", "-f", "2", "-l", "2"],
        &page,
        &[prefix.to_str().unwrap()],
    );
    let drawn = image::open(dir.path().join("ut-2.png")).unwrap().to_rgb8();
    let at = |x: u32, y: u32| {
        let pixel = drawn.get_pixel(38 + x, 38 + y).0;
        pixel.map(|value| u8::from(value > 128))
    };
    assert_eq!(
        [at(10, 10), at(70, 10), at(70, 150), at(10, 150)],
        [[1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    );
    // Who and when stand in the page and in the unit.
    let text = run("pdftotext", &["-raw", "-enc", "UTF-8"], &page, &["-"]);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        "skärm 1.png",
        "Bild 2 av 2",
        "tagen av Åsa Exempel",
        "tagen 2026-12-31 23:58:01 enligt filen",
        &archive.person,
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let manual = manual(&page);
    assert_eq!(manual["taken_in_by"], json!(archive.person));
    assert_eq!(manual["taken_in_at"], json!(NOW));
    assert_eq!(manual["files"][1]["name"], "skarm-2.jpg");
    assert_eq!(manual["files"][1]["taken"], "2026-12-31 23:58:01");
    let sum = Command::new("sha256sum").arg(&second).output().unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap();
    assert!(sum.starts_with(manual["files"][1]["sha256"].as_str().unwrap()));
    // No name or file name stands in what can never be disposed of.
    let json = std::fs::read_to_string(unit.parent().unwrap().join("capture.json")).unwrap();
    assert!(json.contains("\"manual\"") && !json.contains("skarm") && !json.contains("Exempel"));
    let verified = archive.json(NOW, &["verify", "--level", "3"]).exits(0);
    assert_eq!(verified.result()["bad"], 0);
}

#[test]
fn only_what_a_person_vouches_for_meets_an_obligation() {
    let archive = archive();
    let picture = write(
        &archive,
        "bild.png",
        &encoded(&corners(60, 60), ImageFormat::Png),
    );
    let state = |state: &str| {
        let schedule = archive.json(NOW, &["schedule"]).exits(0).result();
        let all = schedule["obligations"].as_array().unwrap();
        all.iter().filter(|one| one["state"] == state).count()
    };
    let result = archive
        .json(NOW, &["capture", "exempel-app", "--from-file", &picture])
        .exits(1)
        .result();
    assert_eq!(result["captures"][0]["verdict"], "partial");
    assert_eq!(result["captures"][0]["reasons"], json!(["not_vouched"]));
    assert_eq!(state("met"), 0);
    let later = archive.json(
        NOW,
        &["capture", "--from-file", &picture, "exempel-app", "--whole"],
    );
    assert!(
        !later.exits(0).result()["captures"][0]["fills"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    assert!(state("met") > 0);
    // A blank picture shows nothing, whoever vouches for it.
    let blank = RgbImage::from_pixel(50, 50, Rgb([255, 255, 255]));
    let blank = write(&archive, "tom.png", &encoded(&blank, ImageFormat::Png));
    let result = archive
        .json(
            NOW,
            &["capture", "--from-file", &blank, "exempel-app", "--whole"],
        )
        .exits(1)
        .result();
    assert_eq!(result["captures"][0]["reasons"], json!(["blank"]));
}

#[test]
fn a_pdf_becomes_pdfa_or_is_kept_as_what_it_is() {
    let archive = archive();
    let print = repository().join("fixtures/pdf/swedish.pdf");
    let changed = |name: &str, change: fn(&mut Document)| {
        let mut document = Document::load(&print).unwrap();
        change(&mut document);
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).unwrap();
        (write(&archive, name, &bytes), bytes)
    };
    let print_text = print.to_str().unwrap();
    let args = [
        "capture",
        "--from-file",
        print_text,
        "exempel-app",
        "--whole",
    ];
    let result = archive.json(NOW, &args).exits(0).result();
    let page = kept(&archive, &result, "page-0001.pdf");
    if let Some(verdicts) = validators::verapdf(std::slice::from_ref(&page), "2u") {
        assert!(verdicts[0].compliant, "{verdicts:#?}");
    }
    // A form that is filled in would be left out, and a font that is not embedded cannot be mended.
    let (form, form_bytes) = changed("blankett.pdf", |document| {
        let catalog = document.catalog_mut().unwrap();
        catalog.set("AcroForm", dictionary! { "Fields" => Vec::<Object>::new() });
    });
    let (font, _) = changed("typsnitt.pdf", |document| {
        for object in document.objects.values_mut() {
            if let Object::Dictionary(one) = object {
                one.remove(b"FontFile2");
            }
        }
    });
    let (locked, _) = changed("last.pdf", |document| {
        document
            .trailer
            .set("Encrypt", dictionary! { "Filter" => "Standard" });
    });
    let args = [
        "capture",
        "--from-file",
        &form,
        &font,
        &locked,
        "exempel-app",
        "--whole",
    ];
    let ran = archive.json(NOW, &args).exits(1);
    let result = ran.result();
    assert_eq!(result["captures"][0]["verdict"], "partial");
    assert_eq!(result["captures"][0]["reasons"], json!(["not_pdfa"]));
    // Each is named, with the reason.
    let findings = ran.document()["findings"].clone();
    let named: Vec<&Value> = findings
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["path"])
        .collect();
    assert_eq!(named, ["blankett.pdf", "typsnitt.pdf", "last.pdf"]);
    let message = findings[0]["message"].as_str().unwrap();
    assert!(
        message.contains("page-0001-not-pdfa.pdf") && message.contains("leave out: form"),
        "{message}"
    );
    let same = kept(&archive, &result, "page-0001-not-pdfa.pdf");
    assert!(
        std::fs::read(&same).unwrap() == form_bytes,
        "kept as it was"
    );
    let manual = manual(&same);
    let pdfa: Vec<&Value> = manual["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| &file["is_pdfa"])
        .collect();
    assert_eq!(pdfa, [&json!(false); 3]);
    assert_eq!(manual["files"][0]["reason"], "PDF/A would leave out: form");
}

/// A valid PDF of one blank page whose catalog also holds `object`.
fn pdf_with(object: &str) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (number, body) in [
        "<</Type/Catalog/Pages 2 0 R/Extra 4 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
        object,
    ]
    .iter()
    .enumerate()
    {
        places.push(bytes.len());
        bytes.extend(format!("{} 0 obj\n{body}\nendobj\n", number + 1).bytes());
    }
    let start = bytes.len();
    bytes.extend(b"xref\n0 5\n0000000000 65535 f \n");
    for place in places {
        bytes.extend(format!("{place:010} 00000 n \n").bytes());
    }
    bytes.extend(format!("trailer\n<</Size 5/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n").bytes());
    bytes
}

#[test]
fn a_pdf_that_asks_for_too_much_memory_is_kept_as_what_it_is() {
    let archive = archive();
    // 20 MB that take 1.2 GB once read: an array of 10,000,000 numbers.
    let hungry = pdf_with(&format!("[{}]", "0 ".repeat(10_000_000)));
    let file = write(&archive, "stor.pdf", &hungry);
    let args = ["capture", "--from-file", &file, "exempel-app", "--whole"];
    let result = archive.json(NOW, &args).exits(1).result();
    assert_eq!(result["captures"][0]["reasons"], json!(["not_pdfa"]));
    let same = kept(&archive, &result, "page-0001-not-pdfa.pdf");
    assert!(std::fs::read(&same).unwrap() == hungry, "kept as it was");
    let reason = manual(&same)["files"][0]["reason"].clone();
    assert!(
        reason.as_str().unwrap().contains("was stopped (signal 6)"),
        "{reason}"
    );
    // The same file with a small array has no such trouble: it is the size that stops it.
    let small = write(&archive, "liten.pdf", &pdf_with("[0 0 0]"));
    let args = ["capture", "--from-file", &small, "exempel-app", "--whole"];
    archive.json(NOW, &args).exits(0);
}

#[test]
fn what_cannot_be_taken_in_is_named_and_nothing_is_kept() {
    let archive = archive();
    let png = encoded(&corners(60, 60), ImageFormat::Png);
    let good = write(&archive, "bra.png", &png);
    let (jpeg, _) = photo(1);
    let cases = [
        ("halv.png", png[..png.len() / 2].to_vec(), 1, "halv.png"),
        ("halv.jpg", jpeg[..jpeg.len() / 2].to_vec(), 1, "halv.jpg"),
        (
            "text.txt",
            b"hej".to_vec(),
            1,
            "neither PNG, JPEG, HEIC nor PDF",
        ),
        ("tom.pdf", Vec::new(), 1, "neither PNG, JPEG, HEIC nor PDF"),
        (
            "bild.heic",
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec(),
            2,
            "heif-convert",
        ),
    ];
    for (name, bytes, exit, says) in cases {
        let bad = write(&archive, name, &bytes);
        let ran = archive.text(NOW, &["capture", "--from-file", &good, &bad, "exempel-app"]);
        assert!(
            ran.exit == exit && ran.stderr.contains(says),
            "{name}: {ran:?}"
        );
    }
    let mut nobody = bevara();
    nobody.arg("--archive").arg(archive.path());
    nobody.args([
        "--as-of",
        NOW,
        "capture",
        "--from-file",
        &good,
        "exempel-app",
    ]);
    let nobody = ran(&mut nobody);
    assert!(
        nobody.exit == 2 && nobody.stderr.contains("needs a person"),
        "{nobody:?}"
    );
    let missing = archive.text(NOW, &["capture", "--from-file", &good]);
    assert!(
        missing.exit == 2 && missing.stderr.contains("account last"),
        "{missing:?}"
    );
    let captures = archive.path().join("store/captures");
    let left = std::fs::read_dir(&captures).map_or(0, Iterator::count);
    assert_eq!(left, 0);
    assert_eq!(
        std::fs::read_dir(archive.path().join("staging"))
            .unwrap()
            .count(),
        0
    );
}
