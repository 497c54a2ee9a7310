//! All objects: limits, forbidden keys of streams, images, forms and graphics states; pages and their annotations; the
//! catalog (ISO 19005-2, 6.1.7–6.1.13, 6.2.4–6.2.10, 6.3–6.5, 6.8–6.11).

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the kinds of PDF objects are closed (ISO 32000-1, 7.3), and most places want one of them"
)]

use lopdf::{Dictionary, Document, Object, ObjectId};

use crate::model::flavour::Flavour;
use crate::render::check::Report;
use crate::render::visit;

const INTENTS: [&[u8]; 4] = [
    b"RelativeColorimetric",
    b"AbsoluteColorimetric",
    b"Perceptual",
    b"Saturation",
];

const BLEND_MODES: [&[u8]; 17] = [
    b"Normal",
    b"Compatible",
    b"Multiply",
    b"Screen",
    b"Overlay",
    b"Darken",
    b"Lighten",
    b"ColorDodge",
    b"ColorBurn",
    b"HardLight",
    b"SoftLight",
    b"Difference",
    b"Exclusion",
    b"Hue",
    b"Saturation",
    b"Color",
    b"Luminosity",
];

pub(super) fn check(report: &mut Report, document: &Document, flavour: Flavour) {
    report.expect(
        document.objects.len() <= 8_388_607,
        "6.1.13-7",
        "there are more than 8,388,607 objects",
    );
    for (id, object) in &document.objects {
        limits(report, *id, object, 0);
        if let Some(dictionary) = visit::as_dictionary(object) {
            dictionary_rules(report, document, (*id, dictionary), flavour);
        }
        if let Object::Stream(stream) = object {
            stream_rules(report, document, *id, &stream.dict);
        }
    }
    catalog(report, document, flavour);
    for page in visit::pages(document) {
        page_rules(report, document, page, flavour);
    }
}

fn limits(report: &mut Report, id: ObjectId, object: &Object, depth: usize) {
    // The reader refuses deeper nesting; this only keeps the walk finite.
    if depth > 200 {
        report.add("6.1.13", format_args!("object {}: nested too deeply", id.0));
        return;
    }
    match object {
        Object::Integer(value) => report.expect(
            (-2_147_483_648..=2_147_483_647).contains(value),
            "6.1.13-1",
            format_args!("object {}: integer {value}", id.0),
        ),
        Object::Real(value) => {
            report.expect(
                value.is_finite(),
                "6.1.13-2",
                format_args!("object {}: real {value}", id.0),
            );
            report.expect(
                !value.is_subnormal(),
                "6.1.13-5",
                format_args!("object {}: real {value:e}", id.0),
            );
        }
        Object::String(text, _) => report.expect(
            text.len() <= 32_767,
            "6.1.13-3",
            format_args!("object {}: string of {} bytes", id.0, text.len()),
        ),
        Object::Name(name) => name_rules(report, id, name),
        Object::Array(list) => {
            for entry in list {
                limits(report, id, entry, depth + 1);
            }
        }
        Object::Dictionary(dictionary) => dictionary_limits(report, id, dictionary, depth),
        Object::Stream(stream) => dictionary_limits(report, id, &stream.dict, depth),
        Object::Null | Object::Boolean(_) | Object::Reference(_) => {}
    }
}

fn dictionary_limits(report: &mut Report, id: ObjectId, dictionary: &Dictionary, depth: usize) {
    for (key, value) in dictionary {
        name_rules(report, id, key);
        limits(report, id, value, depth + 1);
    }
}

pub(super) fn name_rules(report: &mut Report, id: ObjectId, name: &[u8]) {
    report.expect(
        name.len() <= 127,
        "6.1.13-4",
        format_args!("object {}: name of {} bytes", id.0, name.len()),
    );
    report.expect(
        std::str::from_utf8(name).is_ok(),
        "6.1.8-1",
        format_args!("object {}: name that is not UTF-8", id.0),
    );
}

fn dictionary_rules(
    report: &mut Report,
    document: &Document,
    (id, dictionary): (ObjectId, &Dictionary),
    flavour: Flavour,
) {
    if dictionary.has(b"EF") {
        carried(report, document, (id, dictionary), flavour);
    }
    if dictionary.has(b"AA") {
        report.add(
            "6.5.2-1",
            format_args!("object {}: additional actions", id.0),
        );
    }
    let is_state = visit::name(document, dictionary, b"Type") == Some(b"ExtGState")
        || dictionary.has(b"BM")
        || dictionary.has(b"SMask") && dictionary.has(b"ca");
    if is_state {
        state(report, document, id, dictionary);
    }
    if visit::name(document, dictionary, b"Type") == Some(b"Action") {
        action(report, document, id, dictionary);
    }
    if let Some(Object::Array(space)) = visit::value(document, dictionary, b"ColorSpace") {
        color_space(report, document, id, space);
    }
    if let Some(spaces) = visit::dictionary(document, dictionary, b"ColorSpace") {
        for (_, space) in spaces {
            if let Some(Object::Array(space)) = visit::resolve(document, space) {
                color_space(report, document, id, space);
            }
        }
    }
}

fn state(report: &mut Report, document: &Document, id: ObjectId, state: &Dictionary) {
    report.expect(
        !state.has(b"TR"),
        "6.2.5-1",
        format_args!("object {}: transfer function", id.0),
    );
    let second = visit::name(document, state, b"TR2");
    report.expect(
        !state.has(b"TR2") || second == Some(b"Default"),
        "6.2.5-2",
        format_args!("object {}: transfer function TR2", id.0),
    );
    report.expect(
        !state.has(b"HTP"),
        "6.2.5-3",
        format_args!("object {}: halftone origin", id.0),
    );
    if let Some(intent) = visit::name(document, state, b"RI") {
        intent_rule(report, id, intent);
    }
    let modes = match visit::value(document, state, b"BM") {
        Some(Object::Name(mode)) => vec![mode.as_slice()],
        Some(Object::Array(modes)) => modes
            .iter()
            .map(|mode| mode.as_name().unwrap_or_default())
            .collect(),
        _ => Vec::new(),
    };
    for mode in modes {
        report.expect(
            BLEND_MODES.contains(&mode),
            "6.2.10-1",
            format_args!(
                "object {}: blend mode {}",
                id.0,
                String::from_utf8_lossy(mode)
            ),
        );
    }
}

pub(super) fn intent_rule(report: &mut Report, id: ObjectId, intent: &[u8]) {
    report.expect(
        INTENTS.contains(&intent),
        "6.2.6-1",
        format_args!(
            "object {}: rendering intent {}",
            id.0,
            String::from_utf8_lossy(intent)
        ),
    );
}

/// Only links that lead somewhere; the standard allows some more kinds.
fn action(report: &mut Report, document: &Document, id: ObjectId, action: &Dictionary) {
    let kind = visit::name(document, action, b"S").unwrap_or_default();
    report.expect(
        matches!(kind, b"URI" | b"GoTo"),
        "6.5.1-1",
        format_args!("object {}: action {}", id.0, String::from_utf8_lossy(kind)),
    );
}

fn color_space(report: &mut Report, document: &Document, id: ObjectId, space: &[Object]) {
    let Some(Object::Name(kind)) = space.first() else {
        return;
    };
    match kind.as_slice() {
        b"ICCBased" => {
            let profile = space.get(1).and_then(|profile| match profile {
                Object::Reference(profile) => Some(*profile),
                _ => None,
            });
            let valid = profile.is_some_and(|profile| is_profile(document, profile));
            report.expect(
                valid,
                "6.2.4.2-1",
                format_args!("object {}: colour profile that is none", id.0),
            );
        }
        b"DeviceN" => {
            let colorants = match space
                .get(1)
                .and_then(|names| visit::resolve(document, names))
            {
                Some(Object::Array(names)) => names.len(),
                _ => usize::MAX,
            };
            report.expect(
                colorants <= 32,
                "6.1.13-9",
                format_args!("object {}: DeviceN of {colorants} colorants", id.0),
            );
        }
        _ => {}
    }
}

/// Whether a stream holds an ICC profile whose colour space has as many components as `N` says.
pub(super) fn is_profile(document: &Document, id: ObjectId) -> bool {
    let (Ok(stream), Ok(bytes)) = (visit::stream(document, id), visit::plain(document, id)) else {
        return false;
    };
    let components = match stream.dict.get(b"N") {
        Ok(Object::Integer(components)) => *components,
        Ok(_) | Err(_) => 0,
    };
    let space = bytes.get(16..20).unwrap_or_default();
    let fits = match space {
        b"RGB " | b"Lab " => components == 3,
        b"GRAY" => components == 1,
        b"CMYK" => components == 4,
        _ => false,
    };
    fits && bytes.get(36..40) == Some(b"acsp") && bytes.get(8).is_some_and(|major| *major < 5)
}

fn stream_rules(report: &mut Report, document: &Document, id: ObjectId, dict: &Dictionary) {
    for key in [&b"F"[..], b"FFilter", b"FDecodeParms"] {
        report.expect(
            !dict.has(key),
            "6.1.7.1-3",
            format_args!("object {}: stream outside the file", id.0),
        );
    }
    let filters = match visit::value(document, dict, b"Filter") {
        Some(Object::Name(filter)) => vec![filter.as_slice()],
        Some(Object::Array(filters)) => filters
            .iter()
            .map(|filter| filter.as_name().unwrap_or_default())
            .collect(),
        _ => Vec::new(),
    };
    report.expect(
        !filters.contains(&b"LZWDecode".as_slice()),
        "6.1.7.2-1",
        format_args!("object {}: LZW", id.0),
    );
    report.expect(
        !filters.contains(&b"Crypt".as_slice()),
        "6.1.7.2-2",
        format_args!("object {}: Crypt", id.0),
    );
    report.expect(
        !filters.contains(&b"JPXDecode".as_slice()),
        "6.2.8.3-1",
        format_args!(
            "object {}: JPEG 2000, which no print has and nobody here judges",
            id.0
        ),
    );
    match visit::name(document, dict, b"Subtype") {
        Some(b"Image") => image(report, document, id, dict),
        Some(b"Form") => form(report, document, id, dict),
        Some(b"PS") => report.add("6.2.9-3", format_args!("object {}: PostScript", id.0)),
        _ => {}
    }
}

fn image(report: &mut Report, document: &Document, id: ObjectId, image: &Dictionary) {
    report.expect(
        !image.has(b"Alternates"),
        "6.2.8-1",
        format_args!("object {}: alternate images", id.0),
    );
    report.expect(
        !image.has(b"OPI"),
        "6.2.8-2",
        format_args!("object {}: image kept elsewhere", id.0),
    );
    let interpolate = visit::value(document, image, b"Interpolate");
    report.expect(
        matches!(interpolate, None | Some(Object::Boolean(false))),
        "6.2.8-3",
        format_args!("object {}: image is interpolated", id.0),
    );
    if let Some(intent) = visit::name(document, image, b"Intent") {
        intent_rule(report, id, intent);
    }
    let space = visit::name(document, image, b"ColorSpace");
    report.expect(
        space != Some(b"DeviceCMYK"),
        "6.2.4.3-3",
        format_args!("object {}: DeviceCMYK beside an RGB output intent", id.0),
    );
}

fn form(report: &mut Report, document: &Document, id: ObjectId, form: &Dictionary) {
    let postscript = form.has(b"PS") || visit::name(document, form, b"Subtype2") == Some(b"PS");
    report.expect(
        !form.has(b"OPI") && !postscript,
        "6.2.9-1",
        format_args!("object {}: form with OPI or PostScript", id.0),
    );
    report.expect(
        !form.has(b"Ref"),
        "6.2.9-2",
        format_args!("object {}: reference to another file", id.0),
    );
}

fn catalog(report: &mut Report, document: &Document, flavour: Flavour) {
    let Ok(catalog) = document.catalog() else {
        report.add("6.1.3-1", "the trailer names no catalog");
        return;
    };
    for (key, rule, what) in [
        (&b"AcroForm"[..], "6.4.1-1", "a form"),
        (b"NeedsRendering", "6.4.2-2", "a form to be rendered"),
        (b"OpenAction", "6.5.1-1", "an action on opening"),
        (b"AA", "6.5.2-1", "additional actions"),
        (b"OCProperties", "6.9-1", "layers"),
        (b"Requirements", "6.11-1", "requirements on the reader"),
        (b"Perms", "6.1.12-1", "permissions"),
    ] {
        report.expect(
            !catalog.has(key),
            rule,
            format_args!("the catalog has {what}"),
        );
    }
    report.expect(
        flavour.carries_files() || !catalog.has(b"AF"),
        "6.8-5",
        "the catalog has associated files",
    );
    if let Some(names) = visit::dictionary(document, catalog, b"Names") {
        for (key, rule, what) in [
            (&b"JavaScript"[..], "6.5.1-1", "scripts"),
            (b"AlternatePresentations", "6.10-1", "presentations"),
        ] {
            report.expect(
                !names.has(key),
                rule,
                format_args!("the catalog names {what}"),
            );
        }
        report.expect(
            flavour.carries_files() || !names.has(b"EmbeddedFiles"),
            "6.8-5",
            "the catalog names embedded files",
        );
    }
}

/// A file specification with a file in it (ISO 19005-3, 6.8).
fn carried(
    report: &mut Report,
    document: &Document,
    (id, specification): (ObjectId, &Dictionary),
    flavour: Flavour,
) {
    if !flavour.carries_files() {
        report.add("6.8-5", format_args!("object {}: embedded file", id.0));
        return;
    }
    report.expect(
        specification.has(b"F") && specification.has(b"UF"),
        "6.8-2",
        format_args!("object {}: a carried file without F or UF", id.0),
    );
    report.expect(
        visit::name(document, specification, b"AFRelationship").is_some(),
        "6.8-3",
        format_args!("object {}: a carried file without AFRelationship", id.0),
    );
    let Some(files) = visit::dictionary(document, specification, b"EF") else {
        report.add(
            "6.8-1",
            format_args!("object {}: EF is no dictionary", id.0),
        );
        return;
    };
    for (_, file) in files {
        let typed = match file {
            Object::Reference(id) => visit::stream(document, *id)
                .is_ok_and(|stream| visit::name(document, &stream.dict, b"Subtype").is_some()),
            Object::Null
            | Object::Boolean(_)
            | Object::Integer(_)
            | Object::Real(_)
            | Object::Name(_)
            | Object::String(..)
            | Object::Array(_)
            | Object::Dictionary(_)
            | Object::Stream(_) => false,
        };
        report.expect(
            typed,
            "6.8-1",
            format_args!("object {}: a carried file without a media type", id.0),
        );
    }
}

fn page_rules(report: &mut Report, document: &Document, id: ObjectId, flavour: Flavour) {
    let Some(page) = document.objects.get(&id).and_then(visit::as_dictionary) else {
        return;
    };
    report.expect(
        !page.has(b"PresSteps"),
        "6.10-2",
        format_args!("page object {}: presentation steps", id.0),
    );
    for key in [
        &b"MediaBox"[..],
        b"CropBox",
        b"TrimBox",
        b"BleedBox",
        b"ArtBox",
    ] {
        if let Some(Object::Array(edges)) = visit::value(document, page, key) {
            box_rule(report, id, edges);
        } else if key == b"MediaBox" {
            report.add(
                "6.1.13-11",
                format_args!("page object {}: no MediaBox", id.0),
            );
        }
    }
    let space = visit::dictionary(document, page, b"Group")
        .and_then(|group| visit::value(document, group, b"CS"));
    report.expect(
        space.is_some() || flavour.part() == 1,
        "6.2.10-2",
        format_args!("page object {}: no colour space to blend in", id.0),
    );
    if let Some(Object::Array(annotations)) = visit::value(document, page, b"Annots") {
        for annotation in annotations {
            annotation_rules(report, document, id, annotation);
        }
    }
}

fn box_rule(report: &mut Report, id: ObjectId, edges: &[Object]) {
    let edges: Vec<f32> = edges.iter().filter_map(visit::number).collect();
    let fits = |length: f32| (3.0..=14_400.0).contains(&length.abs());
    let holds = match edges.as_slice() {
        [left, bottom, right, top] => fits(right - left) && fits(top - bottom),
        _ => false,
    };
    report.expect(
        holds,
        "6.1.13-11",
        format_args!(
            "page object {}: box {edges:?} is not 3 to 14,400 units",
            id.0
        ),
    );
}

fn annotation_rules(report: &mut Report, document: &Document, page: ObjectId, object: &Object) {
    let Some(annotation) = visit::resolve(document, object).and_then(visit::as_dictionary) else {
        report.add(
            "6.3.1-1",
            format_args!("page object {}: annotation that is none", page.0),
        );
        return;
    };
    let kind = visit::name(document, annotation, b"Subtype").unwrap_or_default();
    report.expect(
        kind == b"Link",
        "6.3.1-1",
        format_args!(
            "page object {}: annotation {}",
            page.0,
            String::from_utf8_lossy(kind)
        ),
    );
    let flags = match visit::value(document, annotation, b"F") {
        Some(Object::Integer(flags)) => *flags,
        _ => 0,
    };
    // Print set; invisible, hidden, no view and toggle no view clear.
    report.expect(
        flags & 4 == 4 && flags & 0b1_0010_0011 == 0,
        "6.3.2-2",
        format_args!("page object {}: annotation flags {flags}", page.0),
    );
    if let Some(target) = visit::dictionary(document, annotation, b"A") {
        action(report, document, page, target);
    }
}
