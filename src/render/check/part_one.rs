//! What ISO 19005-1 forbids beyond part 2: transparency, newer colour profiles, large reals, subsets that are not listed,
//! and metadata that say two things.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the kinds of PDF objects are closed (ISO 32000-1, 7.3), and most places want one of them"
)]

use lopdf::{Dictionary, Document, Object, ObjectId};

use crate::render::check::Report;
use crate::render::cmap;
use crate::render::visit;

/// Largest magnitude of a real (ISO 19005-1, 6.1.12).
const LARGEST_REAL: f32 = 32_767.0;

pub(super) fn check(report: &mut Report, document: &Document) {
    for (id, object) in &document.objects {
        nested(report, document, *id, object);
        if let Object::Stream(stream) = object
            && stream.dict.has(b"N")
            && let Ok(profile) = visit::plain(document, *id)
            && profile.get(36..40) == Some(b"acsp")
        {
            report.expect(
                profile.get(8).is_some_and(|major| *major <= 2),
                "ISO 19005-1 6.2.3.2",
                format_args!("object {}: colour profile newer than version 2", id.0),
            );
        }
    }
    agreement(report, document);
}

/// Walks into an object; how deep it may go is held by the rules for all parts.
fn nested(report: &mut Report, document: &Document, id: ObjectId, object: &Object) {
    match object {
        Object::Real(value) => report.expect(
            value.abs() <= LARGEST_REAL,
            "ISO 19005-1 6.1.12",
            format_args!("object {}: real {value}", id.0),
        ),
        Object::Array(list) => {
            for entry in list {
                nested(report, document, id, entry);
            }
        }
        Object::Dictionary(dictionary) => of_dictionary(report, document, id, dictionary),
        Object::Stream(stream) => of_dictionary(report, document, id, &stream.dict),
        _ => {}
    }
}

fn of_dictionary(report: &mut Report, document: &Document, id: ObjectId, dictionary: &Dictionary) {
    let mut forbid = |holds: bool, what: &str| {
        report.expect(
            holds,
            "ISO 19005-1 6.4",
            format_args!("object {}: {what}", id.0),
        );
    };
    let mask = visit::value(document, dictionary, b"SMask");
    forbid(
        matches!(mask, None | Some(Object::Null)) || is_name(mask, &[b"None"]),
        "a soft mask",
    );
    for key in [&b"CA"[..], b"ca"] {
        let alpha = visit::value(document, dictionary, key).and_then(visit::number);
        forbid(alpha.is_none_or(|alpha| alpha >= 1.0), "an opacity below 1");
    }
    let mode = visit::value(document, dictionary, b"BM");
    forbid(
        mode.is_none() || is_name(mode, &[b"Normal", b"Compatible"]),
        "a blend mode",
    );
    let group = visit::dictionary(document, dictionary, b"Group")
        .and_then(|group| visit::name(document, group, b"S"));
    forbid(group != Some(b"Transparency"), "a transparency group");
    if visit::name(document, dictionary, b"Type") == Some(b"FontDescriptor") {
        let font = visit::name(document, dictionary, b"FontName").unwrap_or_default();
        // What stands in a CIDSet or CharSet is judged nowhere here, so whole fonts only.
        report.expect(
            font.get(6) != Some(&b'+'),
            "ISO 19005-1 6.3.5",
            format_args!("object {}: a font in part", id.0),
        );
    }
    for (_, value) in dictionary {
        nested(report, document, id, value);
    }
}

fn is_name(object: Option<&Object>, names: &[&[u8]]) -> bool {
    matches!(object, Some(Object::Name(name)) if names.contains(&name.as_slice()))
}

/// Document information and XMP say the same (ISO 19005-1, 6.7.3), as the converter writes them.
fn agreement(report: &mut Report, document: &Document) {
    let Some(info) = visit::dictionary(document, &document.trailer, b"Info") else {
        return;
    };
    let metadata = match document.catalog() {
        Ok(catalog) => visit::value(document, catalog, b"Metadata"),
        Err(_) => None,
    };
    let packet = match metadata {
        Some(Object::Stream(stream)) => String::from_utf8_lossy(&stream.content),
        _ => std::borrow::Cow::default(),
    };
    for (key, begin) in [
        (&b"Title"[..], "<rdf:li xml:lang=\"x-default\">"),
        (b"Producer", "<pdf:Producer>"),
        (b"Creator", "<xmp:CreatorTool>"),
        (b"CreationDate", "<xmp:CreateDate>"),
        (b"ModDate", "<xmp:ModifyDate>"),
    ] {
        let Some(Object::String(text, _)) = visit::value(document, info, key) else {
            continue;
        };
        let text = String::from_utf16_lossy(&cmap::text_units(text));
        let text = if key.ends_with(b"Date") {
            date(&text).unwrap_or(text)
        } else {
            quick_xml::escape::escape(text.as_str()).into_owned()
        };
        report.expect(
            packet.contains(&format!("{begin}{text}</")),
            "ISO 19005-1 6.7.3",
            format_args!(
                "the metadata have another {} than the document information",
                String::from_utf8_lossy(key)
            ),
        );
    }
}

/// `D:20270101000512+00'00'` as XMP writes it: `2027-01-01T00:05:12Z`.
fn date(text: &str) -> Option<String> {
    let digits = text.strip_prefix("D:")?.strip_suffix("+00'00'")?;
    let part = |from: usize, to: usize| digits.get(from..to);
    Some(format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    ))
}
