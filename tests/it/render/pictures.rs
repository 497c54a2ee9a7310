//! Picture documents: pixels come out as they went in, and veraPDF passes the pages.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that is not as it was is a failed test"
)]

use std::io::Cursor;
use std::process::Command;

use bevara::render::pdfa::Flavour;
use bevara::render::pictures::{self, Picture, PictureError};
use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};

use crate::render::options;
use crate::validators;

fn png(picture: &DynamicImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn byte(value: u32) -> u8 {
    u8::try_from(value % 256).unwrap()
}

fn colours(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([byte(x * 3), byte(y * 5), byte(x + y)])
    })
}

fn sample() -> Vec<Picture> {
    let alpha = RgbaImage::from_fn(40, 30, |x, y| {
        Rgba([byte(x * 6), byte(y * 8), 90, byte(x * 6)])
    });
    let grey = GrayImage::from_fn(33, 21, |x, y| Luma([byte(x * 7 + y)]));
    let captions = [
        "page-0001.png – Räddningstjänsten, åäö ÅÄÖ",
        "Utan tecken i typsnittet: 👩🏽‍🚒 安全 – och en mycket lång rad som behöver brytas för att få plats på sidans bredd under bilden https://example.se/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "",
        "lång och smal",
    ];
    let pictures = [
        DynamicImage::ImageRgb8(colours(120, 80)),
        DynamicImage::ImageRgba8(alpha),
        DynamicImage::ImageLuma8(grey),
        DynamicImage::ImageRgb8(colours(20, 12_000)),
    ];
    pictures
        .iter()
        .zip(captions)
        .map(|(picture, caption)| Picture {
            bytes: png(picture),
            caption: caption.to_owned(),
            text: vec![format!("Under bilden: {caption}"), "rad två åäö".to_owned()],
        })
        .collect()
}

#[test]
fn pictures_become_pdfa_2u_2b_and_2a() {
    let dir = tempfile::tempdir().unwrap();
    for (flavour, name) in [
        (Flavour::A2u, "2u"),
        (Flavour::A2b, "2b"),
        (Flavour::A2a, "2a"),
    ] {
        let bytes = pictures::picture_pdf(&sample(), &options(flavour)).unwrap();
        let file = dir.path().join(format!("{name}.pdf"));
        std::fs::write(&file, bytes).unwrap();
        if let Some(verdicts) = validators::verapdf(&[file], name) {
            assert!(verdicts[0].compliant, "{verdicts:#?}");
        }
    }
}

/// Part 1 has no transparency: what shows through is laid on white, all else is as it went in.
#[test]
fn pictures_become_pdfa_1b_with_their_text_under_them() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("1b.pdf");
    let bytes = pictures::picture_pdf(&sample(), &options(Flavour::A1b)).unwrap();
    assert!(bytes.starts_with(b"%PDF-1.4\n"));
    std::fs::write(&file, &bytes).unwrap();
    if let Some(verdicts) = validators::verapdf(std::slice::from_ref(&file), "1b") {
        assert!(verdicts[0].compliant, "{verdicts:#?}");
    }
    let output = Command::new("pdftotext")
        .arg("-raw")
        .args([&file, std::path::Path::new("-")])
        .output()
        .expect("pdftotext (poppler-utils) is installed");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("Under bilden: page-0001.png – Räddningstjänsten, åäö ÅÄÖ"),
        "{text}"
    );
    assert_eq!(text.matches("rad två åäö").count(), sample().len());
    let status = Command::new("pdfimages")
        .arg("-png")
        .args([&file, &dir.path().join("bild")])
        .status()
        .expect("pdfimages (poppler-utils) is installed");
    assert!(status.success());
    let read = |number: usize| {
        let picture = image::open(dir.path().join(format!("bild-{number:03}.png")));
        picture.expect("an image").to_rgb8()
    };
    assert!(read(0) == colours(120, 80));
    // Red, green and alpha of the second picture go from 0 along x; where alpha is 0, the paper is white.
    let flat = read(1);
    assert_eq!(flat.get_pixel(0, 29).0, [255; 3]);
    // Column 20: red 120, green 8y = 80, blue 90, alpha 120 of 255, over white by hand.
    assert_eq!(flat.get_pixel(20, 10).0, [191, 173, 177]);
    assert!(read(3) == colours(20, 12_000));
    assert!(!dir.path().join("bild-004.png").exists(), "no mask");
}

/// A print has transparency and fonts in part: never a false label.
#[test]
fn a_print_is_refused_as_pdfa_1b() {
    let (_, print) = crate::render::prints().remove(0);
    let raw = std::fs::read(print).unwrap();
    let refused = bevara::render::pdfa::convert(&raw, &options(Flavour::A1b)).unwrap_err();
    assert!(refused.to_string().contains("ISO 19005-1"), "{refused}");
    let whole = pictures::picture_pdf(&sample(), &options(Flavour::A2u)).unwrap();
    let rules: std::collections::BTreeSet<_> = bevara::render::check::check(&whole, Flavour::A1b)
        .into_iter()
        .map(|violation| violation.rule)
        .collect();
    for rule in ["6.1.2-1", "ISO 19005-1 6.4", "6.6.4-1"] {
        assert!(rules.contains(rule), "{rule}: {rules:?}");
    }
}

#[test]
fn pictures_give_the_same_bytes_each_time() {
    let first = pictures::picture_pdf(&sample(), &options(Flavour::A2u)).unwrap();
    let second = pictures::picture_pdf(&sample(), &options(Flavour::A2u)).unwrap();
    assert!(first == second);
}

#[test]
fn pixels_come_out_as_they_went_in() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bilder.pdf");
    let bytes = pictures::picture_pdf(&sample(), &options(Flavour::A2u)).unwrap();
    std::fs::write(&file, bytes).unwrap();
    let status = Command::new("pdfimages")
        .arg("-png")
        .arg(&file)
        .arg(dir.path().join("bild"))
        .status()
        .expect("pdfimages (poppler-utils) is installed");
    assert!(status.success());
    let read = |number: usize| {
        image::open(dir.path().join(format!("bild-{number:03}.png"))).expect("an image")
    };
    assert!(read(0).to_rgb8() == colours(120, 80));
    // The second picture has its alpha as a second image.
    let pictures = sample();
    let alpha = image::load_from_memory(&pictures[1].bytes)
        .unwrap()
        .to_rgba8();
    let mask = read(2).to_luma8();
    assert!(
        alpha
            .pixels()
            .zip(mask.pixels())
            .all(|(rgba, luma)| rgba.0[3] == luma.0[0])
    );
    let grey = image::load_from_memory(&pictures[2].bytes)
        .unwrap()
        .to_luma8();
    assert!(read(3).to_luma8() == grey);
    assert!(read(4).to_rgb8() == colours(20, 12_000));
}

#[test]
fn captions_keep_every_character() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bilder.pdf");
    let bytes = pictures::picture_pdf(&sample(), &options(Flavour::A2u)).unwrap();
    std::fs::write(&file, bytes).unwrap();
    let output = Command::new("pdftotext")
        .arg("-raw")
        .arg(&file)
        .arg("-")
        .output()
        .expect("pdftotext (poppler-utils) is installed");
    let squeezed = |text: &str| -> String { text.chars().filter(|c| !c.is_whitespace()).collect() };
    let text = squeezed(&String::from_utf8(output.stdout).unwrap());
    for picture in sample() {
        let caption = squeezed(&picture.caption);
        assert!(text.contains(&caption), "{caption}\n{text}");
        assert!(text.contains(&squeezed(&format!("Under bilden: {caption}"))));
    }
}

#[test]
fn a_broken_picture_is_named_and_no_page_is_made() {
    let mut pictures = sample();
    let half = pictures[1].bytes.len() / 2;
    pictures[1].bytes.truncate(half);
    let error = pictures::picture_pdf(&pictures, &options(Flavour::A2u)).unwrap_err();
    assert!(
        matches!(error, PictureError::Unreadable { number: 2, .. }),
        "{error:?}"
    );
    let none = pictures::picture_pdf(&[], &options(Flavour::A2u)).unwrap_err();
    assert!(matches!(none, PictureError::Empty), "{none:?}");
}
