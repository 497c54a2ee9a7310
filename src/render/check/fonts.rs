//! Fonts that show text: their dictionaries, embedding, widths, and what their codes mean (ISO 19005-2, 6.2.11).

use std::collections::BTreeMap;

use lopdf::{Dictionary, Document, Object, ObjectId};

use crate::model::flavour::Flavour;
use crate::render::check::Report;
use crate::render::check::content::Shown;
use crate::render::cmap;
use crate::render::visit::{self, Font, FontKind};

/// How far a width may be from the font program's, in thousandths of the em (6.2.11.5).
const WIDTH_TOLERANCE: f32 = 1.0;

pub(super) fn check(report: &mut Report, document: &Document, shown: &Shown, flavour: Flavour) {
    for (id, (font, codes)) in shown {
        let Some(dictionary) = document.objects.get(id).and_then(visit::as_dictionary) else {
            report.add(
                "6.2.11.2-1",
                format_args!("object {}: font that is none", id.0),
            );
            continue;
        };
        report.expect(
            visit::name(document, dictionary, b"Type") == Some(b"Font"),
            "6.2.11.2-1",
            format_args!("object {}: Type is not Font", id.0),
        );
        match &font.kind {
            FontKind::Composite { descendant, .. } => {
                composite(report, document, *descendant, (font, codes));
            }
            FontKind::Type3 { .. } => type3(report, document, *id, (dictionary, codes)),
            FontKind::Other => report.add(
                "6.2.11.3.3-1",
                format_args!(
                    "object {}: kind of font or encoding that nobody here judges",
                    id.0
                ),
            ),
        }
        meaning(report, *id, (font, codes), flavour);
    }
}

fn meaning(
    report: &mut Report,
    id: ObjectId,
    (font, codes): (&Font, &BTreeMap<u32, bool>),
    flavour: Flavour,
) {
    for (code, bare) in codes {
        report.expect(
            !font.is_notdef(*code),
            "6.2.11.8-1",
            format_args!("font object {}: code {code} shows the missing glyph", id.0),
        );
        if !flavour.is_unicode() {
            continue;
        }
        let Some(units) = font.unicode.as_ref().and_then(|map| map.get(code)) else {
            report.add(
                "6.2.11.7.2-1",
                format_args!("font object {}: code {code} has no Unicode", id.0),
            );
            continue;
        };
        report.expect(
            cmap::is_allowed(units),
            "6.2.11.7.2-2",
            format_args!("font object {}: code {code} means {units:04X?}", id.0),
        );
        report.expect(
            !flavour.explains_private_use() || !bare || !cmap::has_private_use(units),
            "6.2.11.7.3-1",
            format_args!(
                "font object {}: code {code} is private and has no text",
                id.0
            ),
        );
    }
}

fn type3(
    report: &mut Report,
    document: &Document,
    id: ObjectId,
    (font, codes): (&Dictionary, &BTreeMap<u32, bool>),
) {
    let whole = |key: &[u8]| match visit::value(document, font, key) {
        Some(Object::Integer(number)) => Some(*number),
        _ => None,
    };
    let widths = match visit::value(document, font, b"Widths") {
        Some(Object::Array(widths)) => i64::try_from(widths.len()).unwrap_or(i64::MAX),
        _ => -1,
    };
    let (first, last) = (whole(b"FirstChar"), whole(b"LastChar"));
    let fits = match (first, last) {
        (Some(first), Some(last)) => widths == last - first + 1,
        _ => false,
    };
    report.expect(
        fits,
        "6.2.11.2-6",
        format_args!(
            "font object {}: Widths do not fit FirstChar and LastChar",
            id.0
        ),
    );
    let glyphs = visit::dictionary(document, font, b"CharProcs");
    let names = match visit::font(document, id) {
        Ok(Font {
            kind: FontKind::Type3 { drawn },
            ..
        }) => drawn,
        Ok(_) | Err(_) => BTreeMap::new(),
    };
    for code in codes.keys() {
        let drawn = names
            .get(code)
            .is_some_and(|name| glyphs.is_some_and(|glyphs| glyphs.has(name)));
        report.expect(
            drawn,
            "6.2.11.4.1-2",
            format_args!("font object {}: code {code} has no glyph", id.0),
        );
    }
}

fn composite(
    report: &mut Report,
    document: &Document,
    descendant: ObjectId,
    (font, codes): (&Font, &BTreeMap<u32, bool>),
) {
    let Some(below) = document
        .objects
        .get(&descendant)
        .and_then(visit::as_dictionary)
    else {
        return;
    };
    let what = |text: &str| format!("font object {}: {text}", descendant.0);
    let subtype = visit::name(document, below, b"Subtype").unwrap_or_default();
    report.expect(
        matches!(subtype, b"CIDFontType0" | b"CIDFontType2"),
        "6.2.11.2-2",
        what("not a CIDFont"),
    );
    report.expect(below.has(b"BaseFont"), "6.2.11.2-3", what("no BaseFont"));
    report.expect(
        visit::dictionary(document, below, b"CIDSystemInfo").is_some(),
        "6.2.11.3.1-1",
        what("no CIDSystemInfo"),
    );
    let identity = visit::name(document, below, b"CIDToGIDMap") == Some(b"Identity");
    let mapped = matches!(below.get(b"CIDToGIDMap"), Ok(Object::Reference(_)));
    report.expect(
        subtype != b"CIDFontType2" || identity || mapped,
        "6.2.11.3.2-1",
        what("no CIDToGIDMap"),
    );
    if let Some(descriptor) = visit::dictionary(document, below, b"FontDescriptor") {
        report.expect(
            !descriptor.has(b"CIDSet"),
            "6.2.11.4.2-2",
            what("CIDSet, which nobody here judges"),
        );
    }
    match visit::font_program(document, descendant) {
        Ok(Some(program)) => glyphs(report, (document, descendant), &program, (font, codes)),
        Ok(None) => report.add("6.2.11.4.1-1", what("not embedded")),
        Err(error) => report.add("6.2.11.4.1-1", error.to_string()),
    }
}

/// Every shown glyph is in the program, with the width that the dictionary says.
fn glyphs(
    report: &mut Report,
    (document, descendant): (&Document, ObjectId),
    program: &[u8],
    (font, codes): (&Font, &BTreeMap<u32, bool>),
) {
    let face = match ttf_parser::Face::parse(program, 0) {
        Ok(face) => face,
        Err(error) => {
            // A bare CFF program has no widths of its own that are told apart here; it has its glyphs.
            report.expect(
                ttf_parser::cff::Table::parse(program).is_some(),
                "6.2.11.4.1-1",
                format_args!(
                    "font object {}: program cannot be read: {error}",
                    descendant.0
                ),
            );
            return;
        }
    };
    let scale = 1000.0 / f32::from(face.units_per_em());
    for code in codes.keys() {
        let glyph = u16::try_from(font.glyph(*code)).unwrap_or(u16::MAX);
        if glyph >= face.number_of_glyphs() {
            report.add(
                "6.2.11.4.1-2",
                format_args!("font object {}: code {code} has no glyph", descendant.0),
            );
            continue;
        }
        let own = face
            .glyph_hor_advance(ttf_parser::GlyphId(glyph))
            .map(|advance| f32::from(advance) * scale);
        let said = visit::cid_width(document, descendant, *code);
        report.expect(
            own.is_none_or(|own| (own - said).abs() <= WIDTH_TOLERANCE),
            "6.2.11.5-1",
            format_args!(
                "font object {}: code {code} is {said} wide and {own:?} in its program",
                descendant.0
            ),
        );
    }
}
