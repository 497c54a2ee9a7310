//! What level A asks of structure and language (ISO 19005-2, 6.7).

use lopdf::{Document, Object};

use crate::model::flavour::Flavour;
use crate::render::check::Report;
use crate::render::visit;

/// The structure types of ISO 32000-1, 14.8.4.
const STANDARD: &str = "Document Part Art Sect Div BlockQuote Caption TOC TOCI Index NonStruct Private P H H1 H2 H3 H4 H5 \
    H6 L LI Lbl LBody Table TR TH TD THead TBody TFoot Span Quote Note Reference BibEntry Code Link Annot Ruby RB RT RP \
    Warichu WT WP Figure Formula Form";

pub(super) fn is_standard(name: &[u8]) -> bool {
    STANDARD.split(' ').any(|known| known.as_bytes() == name)
}

pub(super) fn check(report: &mut Report, document: &Document, flavour: Flavour) {
    if !flavour.is_tagged() {
        return;
    }
    let Ok(catalog) = document.catalog() else {
        return;
    };
    let marked = visit::dictionary(document, catalog, b"MarkInfo")
        .and_then(|info| visit::value(document, info, b"Marked"));
    report.expect(
        matches!(marked, Some(Object::Boolean(true))),
        "6.7.2.2-1",
        "the file does not say that it is tagged",
    );
    let Some(tree) = visit::dictionary(document, catalog, b"StructTreeRoot") else {
        report.add("6.7.3.3-1", "there is no structure tree");
        return;
    };
    let roles = visit::dictionary(document, tree, b"RoleMap");
    for (id, object) in &document.objects {
        let Some(dictionary) = visit::as_dictionary(object) else {
            continue;
        };
        language(report, document, id.0, dictionary);
        let is_element = dictionary.has_type(b"StructElem")
            || (dictionary.has(b"S") && dictionary.has(b"P") && !dictionary.has(b"Subtype"));
        let Some(name) = visit::name(document, dictionary, b"S").filter(|_| is_element) else {
            continue;
        };
        let mapped = || {
            let mut name = name;
            // A chain of roles longer than this is a circle.
            for _ in 0..16 {
                if is_standard(name) {
                    return true;
                }
                match roles.and_then(|roles| visit::name(document, roles, name)) {
                    Some(next) => name = next,
                    None => return false,
                }
            }
            false
        };
        report.expect(
            mapped(),
            "6.7.3.4-1",
            format_args!(
                "object {}: structure type {}",
                id.0,
                String::from_utf8_lossy(name)
            ),
        );
    }
    for (name, _) in roles.into_iter().flatten() {
        report.expect(
            !is_standard(name),
            "6.7.3.4-3",
            format_args!(
                "standard type {} is given another role",
                String::from_utf8_lossy(name)
            ),
        );
    }
}

fn language(report: &mut Report, document: &Document, number: u32, dictionary: &lopdf::Dictionary) {
    if let Some(Object::String(tag, _)) = visit::value(document, dictionary, b"Lang") {
        report.expect(
            is_language(tag),
            "6.7.4-1",
            format_args!("object {number}: Lang is no language tag"),
        );
    }
}

/// `Language-Tag` of RFC 3066 (which RFC 5646 narrows), or empty for an unknown language.
pub(super) fn is_language(tag: &[u8]) -> bool {
    let mut parts = tag.split(|byte| *byte == b'-');
    let first = parts.next().unwrap_or_default();
    let fits = |part: &[u8]| (1..=8).contains(&part.len());
    tag.is_empty()
        || (fits(first)
            && first.iter().all(u8::is_ascii_alphabetic)
            && parts.all(|part| fits(part) && part.iter().all(u8::is_ascii_alphanumeric)))
}
