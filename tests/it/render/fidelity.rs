//! Conversion changes what a file says of itself and nothing that is read or seen: text by `pdftotext`, pixels by
//! `pdftocairo`, before and after. (`pdftoppm` snaps glyphs of the two kinds of font to the grid differently.)

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that is not as it was is a failed test"
)]

use std::path::Path;
use std::process::Command;

use bevara::render::pdfa::Flavour;

use crate::render::{convert, prints};

/// The text in the order of the content, without spaces, and without what stands for no known character.
pub(crate) fn text(file: &Path) -> String {
    let output = Command::new("pdftotext")
        .args(["-raw", "-enc", "UTF-8"])
        .arg(file)
        .arg("-")
        .output()
        .expect("pdftotext (poppler-utils) is installed");
    assert!(output.status.success(), "{}", file.display());
    String::from_utf8_lossy(&output.stdout)
        .chars()
        .filter(|character| {
            !character.is_whitespace()
                && !character.is_control()
                && *character != '\u{fffd}'
                && !matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..)
        })
        .collect()
}

#[test]
fn no_character_is_lost_from_any_print() {
    let dir = tempfile::tempdir().unwrap();
    for flavour in [Flavour::A2u, Flavour::A2a] {
        for (name, path) in prints() {
            let target = dir.path().join("efter.pdf");
            std::fs::write(&target, convert(&path, flavour).bytes).unwrap();
            let (before, after) = (text(&path), text(&target));
            if name != "empty" {
                assert!(before.chars().count() > 10, "{name} has text");
            }
            let at = before
                .chars()
                .zip(after.chars())
                .position(|(one, other)| one != other);
            let around = |text: &str| -> String {
                let start = at.unwrap_or(0).saturating_sub(10);
                text.chars().skip(start).take(40).collect()
            };
            assert!(
                before == after,
                "{name} {flavour:?}: {:?} became {:?}",
                around(&before),
                around(&after)
            );
        }
    }
}

pub(crate) fn pixels(file: &Path, dir: &Path) -> Vec<image::RgbImage> {
    let stem = file.file_stem().unwrap().to_str().unwrap();
    let status = Command::new("pdftocairo")
        .args(["-r", "100", "-png"])
        .arg(file)
        .arg(dir.join(stem))
        .status()
        .expect("pdftocairo (poppler-utils) is installed");
    assert!(status.success(), "{}", file.display());
    let mut pages: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with(&format!("{stem}-"))
        })
        .collect();
    pages.sort();
    pages
        .iter()
        .map(|page| image::open(page).unwrap().to_rgb8())
        .collect()
}

#[test]
fn pixels_of_every_page_differ_in_the_edges_of_missing_glyphs_alone() {
    for (name, path) in prints() {
        // Coordinates of 39 digits, which readers cannot hold before they are clamped: poppler draws the shape on the
        // screen only after.
        if name == "geometry" {
            continue;
        }
        let dir = tempfile::tempdir().unwrap();
        let raw = dir.path().join("raw.pdf");
        let done = dir.path().join("done.pdf");
        std::fs::write(&raw, with_short_boxes(&std::fs::read(&path).unwrap())).unwrap();
        let converted = convert(&path, Flavour::A2a);
        std::fs::write(&done, &converted.bytes).unwrap();
        let (before, after) = (pixels(&raw, dir.path()), pixels(&done, dir.path()));
        assert_eq!(before.len(), after.len(), "{name}");
        let differing: usize = before
            .iter()
            .zip(&after)
            .map(|(one, other)| {
                assert_eq!(one.dimensions(), other.dimensions(), "{name}");
                let (count, strange) = differences(one, other);
                assert_eq!(strange, 0, "{name}: pixels that are nowhere near");
                count
            })
            .sum();
        println!(
            "{name}: {differing} pixels differ, {} missing glyphs",
            converted.missing_glyphs
        );
        // A box is some 50 pixels around, drawn as a glyph before and as a path after.
        assert!(
            differing <= converted.missing_glyphs * 200,
            "{name}: {differing}"
        );
    }
}

/// Chromium writes the size of A4 as 595.91998 by 841.91998, the converter the same number as 595.92 by 841.92. Where a
/// baseline lies in the middle of a pixel these 0.00002 points decide on which row poppler sets its glyphs: both files get
/// the same box, so that what is left is the converter's doing.
fn with_short_boxes(raw: &[u8]) -> Vec<u8> {
    let mut bytes = raw.to_vec();
    for (long, short) in [(b"595.91998", b"595.92000"), (b"841.91998", b"841.92000")] {
        for at in 0..bytes.len().saturating_sub(long.len()) {
            if bytes[at..].starts_with(long) {
                bytes[at..at + short.len()].copy_from_slice(short);
            }
        }
    }
    bytes
}

/// How many pixels differ, and how many of these have no like among their neighbours in the other picture.
pub(crate) fn differences(one: &image::RgbImage, other: &image::RgbImage) -> (usize, usize) {
    let (width, height) = one.dimensions();
    let apart = |a: &image::Rgb<u8>, b: &image::Rgb<u8>| {
        a.0.iter()
            .zip(b.0)
            .map(|(x, y)| x.abs_diff(y))
            .max()
            .unwrap_or_default()
    };
    let (mut count, mut strange) = (0, 0);
    for (x, y, pixel) in one.enumerate_pixels() {
        // Blending in a group rounds tints by a step or two.
        if apart(pixel, other.get_pixel(x, y)) <= 8 {
            continue;
        }
        count += 1;
        let near = (y.saturating_sub(1)..=(y + 1).min(height - 1)).any(|near_y| {
            (x.saturating_sub(1)..=(x + 1).min(width - 1))
                .any(|near_x| apart(pixel, other.get_pixel(near_x, near_y)) <= 64)
        });
        strange += usize::from(!near);
    }
    (count, strange)
}
