//! The file as bytes: header, trailer, cross-reference table, spacing of objects and streams (ISO 19005-2, 6.1.2–6.1.9).

use lopdf::xref::XrefEntry;
use lopdf::{Dictionary, Document, Object};

use crate::model::flavour::Flavour;
use crate::render::check::Report;

pub(super) fn check(report: &mut Report, bytes: &[u8], document: &Document, flavour: Flavour) {
    header(report, bytes, flavour);
    trailer(report, bytes, document);
    report.expect(
        flavour.part() != 4 || !document.trailer.has(b"Info"),
        "6.1.3-4",
        "the trailer names an information dictionary",
    );
    sections(report, bytes, document);
    for (number, entry) in &document.reference_table.entries {
        if let XrefEntry::Normal { offset, generation } = entry {
            let at = usize::try_from(*offset).unwrap_or(usize::MAX);
            spacing(report, bytes, *number, at);
            let id = (*number, *generation);
            match document.objects.get(&id) {
                Some(Object::Stream(stream)) => report.expect(
                    is_framed(bytes, at, &stream.dict),
                    "6.1.7.1-1",
                    format_args!(
                        "object {number}: Length or the line ends of its stream are wrong"
                    ),
                ),
                Some(_) => {}
                None => report.add(
                    "6.1.9-1",
                    format_args!("object {number} is listed and cannot be read"),
                ),
            }
        }
    }
}

fn header(report: &mut Report, bytes: &[u8], flavour: Flavour) {
    let (start, newest) = match flavour.part() {
        1 => (b"%PDF-1.", b'4'),
        4 => (b"%PDF-2.", b'9'),
        _ => (b"%PDF-1.", b'7'),
    };
    let version = bytes.strip_prefix(start).and_then(|rest| rest.first());
    report.expect(
        version.is_some_and(|digit| (b'0'..=newest).contains(digit))
            && matches!(bytes.get(8), Some(b'\n' | b'\r')),
        "6.1.2-1",
        "the file does not begin with the version of its part (1.0 to 1.7, part 1: 1.0 to 1.4, part 4: 2.n)",
    );
    let comment = bytes.get(9..14).unwrap_or_default();
    report.expect(
        comment.first() == Some(&b'%')
            && comment.len() == 5
            && comment[1..].iter().all(|byte| *byte > 127),
        "6.1.2-2",
        "no comment of four bytes above 127 follows the header",
    );
}

fn trailer(report: &mut Report, bytes: &[u8], document: &Document) {
    let id = match document.trailer.get(b"ID") {
        Ok(Object::Array(parts)) => parts.as_slice(),
        Ok(_) | Err(_) => &[],
    };
    let is_text = |part: &Object| matches!(part, Object::String(text, _) if !text.is_empty());
    report.expect(
        id.len() == 2 && id.iter().all(is_text),
        "6.1.3-1",
        "the trailer has no ID",
    );
    report.expect(
        !document.trailer.has(b"Encrypt"),
        "6.1.3-2",
        "the file is encrypted",
    );
    let body = bytes
        .strip_suffix(b"\r\n")
        .or_else(|| bytes.strip_suffix(b"\n"))
        .or_else(|| bytes.strip_suffix(b"\r"))
        .unwrap_or(bytes);
    report.expect(
        body.ends_with(b"%%EOF"),
        "6.1.3-3",
        "something follows the end-of-file marker",
    );
    let table = bytes.get(document.xref_start..).unwrap_or_default();
    let is_table = table
        .strip_prefix(b"xref")
        .and_then(|rest| {
            rest.strip_prefix(b"\n")
                .or_else(|| rest.strip_prefix(b"\r\n"))
        })
        .and_then(<[u8]>::first)
        .is_some_and(u8::is_ascii_digit);
    report.expect(
        is_table,
        "6.1.4-2",
        "the cross-reference table does not stand where startxref says, or has spaces too many",
    );
}

/// One section of cross-references, from 0, without gaps: the file was never updated (ISO 32000-1, 7.5.4).
fn sections(report: &mut Report, bytes: &[u8], document: &Document) {
    let table = bytes.get(document.xref_start..).unwrap_or_default();
    let mut lines = table.split(|byte| *byte == b'\n');
    let first = lines.nth(1).unwrap_or_default();
    let count = std::str::from_utf8(first)
        .ok()
        .and_then(|line| line.trim_end().strip_prefix("0 "))
        .and_then(|count| count.parse::<usize>().ok());
    let after = count.and_then(|count| lines.nth(count));
    report.expect(
        after.is_some_and(|line| line.starts_with(b"trailer")),
        "6.1.4-1",
        "the cross-reference table has more than one section",
    );
}

/// `N G obj` on a line of its own, with single spaces.
fn spacing(report: &mut Report, bytes: &[u8], number: u32, at: usize) {
    let begin = format!("{number} 0 obj");
    let follows = bytes
        .get(at..)
        .and_then(|object| object.strip_prefix(begin.as_bytes()))
        .and_then(<[u8]>::first);
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    report.expect(
        matches!(follows, Some(b'\n' | b'\r')) && matches!(before, Some(b'\n' | b'\r')),
        "6.1.9-1",
        format_args!("object {number} does not stand on a line of its own"),
    );
}

/// Whether the stream of the object at `at` is followed by a line end and `endstream` after exactly `Length` bytes.
fn is_framed(bytes: &[u8], at: usize, dictionary: &Dictionary) -> bool {
    let object = bytes.get(at..).unwrap_or_default();
    let word = object
        .windows(7)
        .position(|window| window == b"stream\n" || window == b"stream\r");
    let length = match dictionary.get(b"Length") {
        Ok(Object::Integer(length)) => usize::try_from(*length).unwrap_or(usize::MAX),
        Ok(_) | Err(_) => usize::MAX,
    };
    let Some(word) = word else { return false };
    let body = object.get(word + 6..).unwrap_or_default();
    let body = body
        .strip_prefix(b"\r\n")
        .or_else(|| body.strip_prefix(b"\n"));
    let after = body.and_then(|body| body.get(length..)).unwrap_or_default();
    after.starts_with(b"\nendstream") || after.starts_with(b"\r\nendstream")
}
