//! Reads the raw file, and refuses one of which anything would be lost.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the kinds of PDF objects are closed (ISO 32000-1, 7.3), and most places want one of them"
)]

use lopdf::{Document, LoadOptions};

use crate::render::pdfa::PdfaError;
use crate::render::visit::LARGEST_STREAM;

/// Reads `raw`; numbers in objects that no reader can hold are clamped first.
pub(super) fn load(raw: &[u8]) -> Result<Document, PdfaError> {
    let document = read(raw)?;
    let missing = missing(&document);
    if missing.is_empty() {
        return Ok(document);
    }
    drop(document);
    let mut mended = raw.to_vec();
    for offset in &missing {
        clamp_integers(&mut mended, *offset);
    }
    let document = read(&mended)?;
    match self::missing(&document).first() {
        None => Ok(document),
        Some(offset) => Err(PdfaError::Unreadable(format!(
            "the object at byte {offset} cannot be read"
        ))),
    }
}

fn read(raw: &[u8]) -> Result<Document, PdfaError> {
    let options = LoadOptions {
        max_decompressed_size: Some(LARGEST_STREAM),
        ..LoadOptions::default()
    };
    let document = Document::load_mem_with_options(raw, options)
        .map_err(|error| PdfaError::Unreadable(error.to_string()))?;
    if document.is_encrypted() || document.was_encrypted() || document.trailer.has(b"Encrypt") {
        return Err(PdfaError::Encrypted);
    }
    Ok(document)
}

/// Offsets of objects that the file lists and the library could not read: it skips them without a word.
fn missing(document: &Document) -> Vec<usize> {
    document
        .reference_table
        .entries
        .iter()
        .filter_map(|(number, entry)| match entry {
            lopdf::xref::XrefEntry::Normal { offset, generation }
                if !document.objects.contains_key(&(*number, *generation)) =>
            {
                usize::try_from(*offset).ok()
            }
            _ => None,
        })
        .collect()
}

/// Rewrites integers of more than 18 digits in the object at `offset` to the largest allowed, in the same length.
fn clamp_integers(bytes: &mut [u8], offset: usize) {
    let Some(object) = bytes.get_mut(offset..) else {
        return;
    };
    let end = object
        .windows(6)
        .position(|window| window == b"stream" || window == b"endobj")
        .unwrap_or(object.len());
    let mut position = 0;
    while position < end {
        let digits = object[position..end]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let after = object.get(position + digits);
        if digits > 18 && after != Some(&b'.') {
            let run = &mut object[position..position + digits];
            run.fill(b'0');
            run[digits - 10..].copy_from_slice(b"2147483647");
        }
        position += digits.max(1);
    }
}
