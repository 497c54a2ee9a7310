//! Takes out of a file what PDF/A does not allow and no print needs: actions, scripts, forms, layers, attachments; and
//! brings strings, names and language tags in all objects within the limits.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the kinds of PDF objects are closed (ISO 32000-1, 7.3), and most places want one of them"
)]

use lopdf::{Dictionary, Document, Object, ObjectId, dictionary};

use crate::model::flavour::Flavour;
use crate::render::cmap;
use crate::render::pdfa::limits;
use crate::render::visit::{self, VisitError};

/// What a catalog may keep; anything else is dropped.
const CATALOG: [&[u8]; 11] = [
    b"Type",
    b"Pages",
    b"PageLabels",
    b"Names",
    b"Dests",
    b"ViewerPreferences",
    b"PageLayout",
    b"Outlines",
    b"StructTreeRoot",
    b"MarkInfo",
    b"Lang",
];

/// What a page may keep.
const PAGE: [&[u8]; 15] = [
    b"Type",
    b"Parent",
    b"Resources",
    b"MediaBox",
    b"CropBox",
    b"BleedBox",
    b"TrimBox",
    b"ArtBox",
    b"Contents",
    b"Rotate",
    b"Group",
    b"Annots",
    b"StructParents",
    b"Tabs",
    b"UserUnit",
];

/// What a link may keep.
const LINK: [&[u8]; 14] = [
    b"Type",
    b"Subtype",
    b"Rect",
    b"Contents",
    b"P",
    b"NM",
    b"M",
    b"F",
    b"Border",
    b"BS",
    b"C",
    b"StructParent",
    b"Dest",
    b"A",
];

/// Addresses that are scripts or carry their content are no links.
const NOT_LINKS: [&str; 5] = ["javascript:", "vbscript:", "data:", "file:", "blob:"];

/// Cleans catalog, pages, annotations and every other object.
pub(super) fn clean(document: &mut Document, flavour: Flavour) -> Result<(), VisitError> {
    let root = root_id(document)?;
    if let Some(catalog) = dictionary_mut(document, root) {
        keep(catalog, &CATALOG);
    }
    if let Some(names) = names_dictionary(document, root) {
        keep(names, &[b"Dests"]);
    }
    for page in visit::pages(document) {
        clean_page(document, page, flavour)?;
    }
    let ids: Vec<ObjectId> = document.objects.keys().copied().collect();
    for id in ids {
        if let Some(object) = document.objects.get_mut(&id) {
            walk(object);
        }
    }
    hoist_descendants(document);
    document.prune_objects();
    Ok(())
}

/// Makes descendant fonts that stand inside their font objects of their own, as Chromium writes them.
fn hoist_descendants(document: &mut Document) {
    let inside: Vec<(ObjectId, Dictionary)> = document
        .objects
        .iter()
        .filter_map(|(id, object)| {
            let font = visit::as_dictionary(object)?;
            match visit::value(document, font, b"DescendantFonts")? {
                Object::Array(fonts) => match fonts.first()? {
                    Object::Dictionary(descendant) => Some((*id, descendant.clone())),
                    _ => None,
                },
                _ => None,
            }
        })
        .collect();
    for (font, descendant) in inside {
        let id = document.add_object(descendant);
        if let Some(font) = dictionary_mut(document, font) {
            font.set("DescendantFonts", vec![Object::Reference(id)]);
        }
    }
}

/// The catalog's id.
pub(super) fn root_id(document: &Document) -> Result<ObjectId, VisitError> {
    match document.trailer.get(b"Root") {
        Ok(Object::Reference(id)) if document.objects.contains_key(id) => Ok(*id),
        Ok(_) | Err(_) => Err(VisitError::Object {
            id: (0, 0),
            what: "the trailer names no catalog",
        }),
    }
}

/// The dictionary with this id.
pub(super) fn dictionary_mut(document: &mut Document, id: ObjectId) -> Option<&mut Dictionary> {
    document
        .objects
        .get_mut(&id)
        .and_then(visit::as_dictionary_mut)
}

pub(super) fn names_dictionary(document: &mut Document, root: ObjectId) -> Option<&mut Dictionary> {
    let indirect = match dictionary_mut(document, root)?.get(b"Names") {
        Ok(Object::Reference(id)) => Some(*id),
        Ok(_) | Err(_) => None,
    };
    match indirect {
        Some(id) => dictionary_mut(document, id),
        None => match dictionary_mut(document, root)?.get_mut(b"Names") {
            Ok(Object::Dictionary(names)) => Some(names),
            Ok(_) | Err(_) => None,
        },
    }
}

fn keep(dictionary: &mut Dictionary, keys: &[&[u8]]) {
    let drop: Vec<Vec<u8>> = dictionary
        .iter()
        .map(|(key, _)| key.clone())
        .filter(|key| !keys.contains(&key.as_slice()))
        .collect();
    for key in drop {
        dictionary.remove(&key);
    }
}

fn clean_page(document: &mut Document, page: ObjectId, flavour: Flavour) -> Result<(), VisitError> {
    inherit(document, page);
    merge_contents(document, page)?;
    let annotations = annotations(document, page);
    let mut links = Vec::new();
    for annotation in annotations {
        if clean_link(document, annotation) {
            links.push(Object::Reference(annotation));
        }
    }
    let group = group(document, page);
    if let Some(dict) = dictionary_mut(document, page) {
        keep(dict, &PAGE);
        dict.remove(b"Annots");
        if !links.is_empty() {
            dict.set("Annots", links);
            dict.set("Tabs", "S");
        }
        // Part 1 forbids groups (ISO 19005-1, 6.4); what needed one is refused by the check.
        if flavour.part() == 1 {
            dict.remove(b"Group");
        } else {
            dict.set("Group", group);
        }
    }
    Ok(())
}

/// Copies what a page inherits into the page, so that it stands alone.
fn inherit(document: &mut Document, page: ObjectId) {
    for key in [&b"Resources"[..], b"MediaBox", b"CropBox", b"Rotate"] {
        let mut above = page;
        let mut found = None;
        // A page tree is not deeper than this; a longer way up is a cycle.
        for _ in 0..64 {
            let Some(node) = document.objects.get(&above).and_then(visit::as_dictionary) else {
                break;
            };
            if let Ok(object) = node.get(key) {
                found = Some(object.clone());
                break;
            }
            match node.get(b"Parent") {
                Ok(Object::Reference(parent)) => above = *parent,
                Ok(_) | Err(_) => break,
            }
        }
        if let (Some(object), Some(dict)) = (found, dictionary_mut(document, page))
            && !dict.has(key)
        {
            dict.set(key, object);
        }
    }
}

/// One stream per page: the state of text runs on from one stream to the next.
fn merge_contents(document: &mut Document, page: ObjectId) -> Result<(), VisitError> {
    let parts = document.get_page_contents(page);
    if parts.len() < 2 {
        return Ok(());
    }
    let mut all = Vec::new();
    for part in parts {
        all.extend(visit::plain(document, part)?);
        all.push(b'\n');
    }
    let mut stream = lopdf::Stream::new(Dictionary::new(), all);
    stream
        .compress()
        .map_err(|source| VisitError::Stream { id: page, source })?;
    let merged = document.add_object(stream);
    if let Some(dict) = dictionary_mut(document, page) {
        dict.set("Contents", merged);
    }
    Ok(())
}

/// The annotations of a page as objects of their own.
fn annotations(document: &mut Document, page: ObjectId) -> Vec<ObjectId> {
    let Some(dict) = document.objects.get(&page).and_then(visit::as_dictionary) else {
        return Vec::new();
    };
    let list = match visit::value(document, dict, b"Annots") {
        Some(Object::Array(list)) => list.clone(),
        _ => return Vec::new(),
    };
    let mut ids = Vec::new();
    for entry in list {
        match entry {
            Object::Reference(id) => ids.push(id),
            Object::Dictionary(dictionary) => ids.push(document.add_object(dictionary)),
            _ => {}
        }
    }
    ids
}

/// Cleans a link; says whether it is one.
fn clean_link(document: &mut Document, id: ObjectId) -> bool {
    let Some(link) = document.objects.get(&id).and_then(visit::as_dictionary) else {
        return false;
    };
    if visit::name(document, link, b"Subtype") != Some(b"Link") {
        return false;
    }
    let action = visit::dictionary(document, link, b"A").and_then(|a| clean_action(document, a));
    if let Some(link) = dictionary_mut(document, id) {
        keep(link, &LINK);
        link.remove(b"A");
        if let Some(action) = action {
            link.set("A", action);
        }
        // Print, and none of the flags that hide (ISO 19005-2, 6.3.2).
        link.set("F", 4);
    }
    true
}

/// An action that only leads somewhere, without anything that follows it.
fn clean_action(document: &Document, action: &Dictionary) -> Option<Dictionary> {
    match visit::name(document, action, b"S")? {
        b"URI" => {
            let Object::String(uri, format) = visit::value(document, action, b"URI")? else {
                return None;
            };
            let start = String::from_utf8_lossy(&uri[..uri.len().min(32)]).to_ascii_lowercase();
            let start = start.trim_start();
            if uri.len() > limits::LONGEST_STRING
                || NOT_LINKS.iter().any(|scheme| start.starts_with(scheme))
            {
                return None;
            }
            Some(dictionary! {
                "Type" => "Action",
                "S" => "URI",
                "URI" => Object::String(uri.clone(), *format),
            })
        }
        b"GoTo" => Some(dictionary! {
            "Type" => "Action",
            "S" => "GoTo",
            "D" => action.get(b"D").ok()?.clone(),
        }),
        _ => None,
    }
}

/// The page's group, with a defined colour space to blend in.
fn group(document: &Document, page: ObjectId) -> Dictionary {
    let mut group = document
        .objects
        .get(&page)
        .and_then(visit::as_dictionary)
        .and_then(|page| visit::dictionary(document, page, b"Group"))
        .cloned()
        .unwrap_or_default();
    group.set("Type", "Group");
    group.set("S", "Transparency");
    if !group.has(b"CS") {
        group.set("CS", "DeviceRGB");
    }
    group
}

/// Brings an object and everything in it within the limits.
fn walk(object: &mut Object) {
    match object {
        Object::Name(name) => {
            if let Some(better) = limits::name(name) {
                *name = better;
            }
        }
        Object::String(text, _) => {
            if let Some(better) = limits::text(text) {
                *text = better;
            }
        }
        Object::Array(list) => list.iter_mut().for_each(walk),
        Object::Dictionary(dictionary) => walk_dictionary(dictionary),
        Object::Stream(stream) => {
            walk_dictionary(&mut stream.dict);
            clean_stream(&mut stream.dict);
        }
        Object::Real(value) => clamp_real(value),
        Object::Integer(value) => {
            *value = (*value).clamp(-2_147_483_647, 2_147_483_647);
        }
        Object::Null | Object::Boolean(_) | Object::Reference(_) => {}
    }
}

fn clamp_real(value: &mut f32) {
    // Subnormals lie below the smallest real; the largest f32 lies below the largest.
    if !value.is_finite() || value.is_subnormal() {
        *value = 0.0;
    }
}

fn walk_dictionary(dictionary: &mut Dictionary) {
    let long: Vec<(Vec<u8>, Vec<u8>)> = dictionary
        .iter()
        .filter_map(|(key, _)| Some((key.clone(), limits::name(key)?)))
        .collect();
    for (key, better) in long {
        if let Some(value) = dictionary.remove(&key) {
            dictionary.set(better, value);
        }
    }
    let language = match dictionary.get(b"Lang") {
        Ok(Object::String(text, _)) => Some(limits::language_of(text)),
        Ok(_) | Err(_) => None,
    };
    match language {
        Some(Some(tag)) => dictionary.set("Lang", Object::string_literal(tag)),
        Some(None) => {
            dictionary.remove(b"Lang");
        }
        None => {}
    }
    if dictionary.has_type(b"ExtGState") {
        for key in [&b"TR"[..], b"TR2", b"HTP", b"HTO"] {
            dictionary.remove(key);
        }
    }
    for (_, value) in dictionary.iter_mut() {
        walk(value);
    }
}

/// Takes out of an image or form what 6.2.8 and 6.2.9 forbid.
fn clean_stream(dictionary: &mut Dictionary) {
    for key in [
        &b"Alternates"[..],
        b"OPI",
        b"Interpolate",
        b"PS",
        b"Ref",
        b"OC",
        b"Metadata",
    ] {
        dictionary.remove(key);
    }
}

/// Takes private-use characters out of replacement texts in dictionaries (ISO 19005-4, 6.2.10.8).
pub(super) fn clear_texts(document: &mut Document) {
    for object in document.objects.values_mut() {
        let Some(dictionary) = visit::as_dictionary_mut(object) else {
            continue;
        };
        let better = match dictionary.get(b"ActualText") {
            Ok(Object::String(text, _)) => cmap::without_private_use(text),
            Ok(_) | Err(_) => None,
        };
        if let Some(better) = better {
            dictionary.set("ActualText", Object::string_literal(better));
        }
    }
}
