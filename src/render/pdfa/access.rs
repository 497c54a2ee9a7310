//! Gives a tagged file what programs for people with disabilities ask for beyond level A (ISO 14289-1): what is painted
//! outside the structure is called so, links say where they lead, what stands in an item of a list is its body.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the kinds of PDF objects are closed (ISO 32000-1, 7.3), and most places want one of them"
)]

use std::collections::BTreeMap;

use lopdf::{Dictionary, Document, Object, ObjectId, dictionary};

use crate::render::cmap;
use crate::render::pdfa::artifacts;
use crate::render::pdfa::clean;
use crate::render::visit::{self, VisitError};

/// The longest description of a link, in characters.
const LONGEST: usize = 1000;
/// What is said of a link that leads to another place in the same file.
const INTERNAL: &str = "Länk inom dokumentet";

/// Adds it all.
pub(super) fn complete(document: &mut Document, with_margins: bool) -> Result<(), VisitError> {
    artifacts::mark(document, with_margins)?;
    for page in visit::pages(document) {
        links(document, page);
    }
    bodies(document);
    Ok(())
}

/// Describes the links of a page (7.18.5), and goes through them in the order of the structure (7.18.3).
fn links(document: &mut Document, page: ObjectId) {
    let Some(dictionary) = document.objects.get(&page).and_then(visit::as_dictionary) else {
        return;
    };
    let Some(Object::Array(annotations)) = visit::value(document, dictionary, b"Annots") else {
        return;
    };
    let ids: Vec<ObjectId> = annotations
        .iter()
        .filter_map(|one| one.as_reference().ok())
        .collect();
    for id in ids {
        let description = document
            .objects
            .get(&id)
            .and_then(visit::as_dictionary)
            .filter(|link| !link.has(b"Contents"))
            .map(|link| described(document, link));
        if let (Some(text), Some(link)) = (description, clean::dictionary_mut(document, id)) {
            link.set("Contents", Object::string_literal(cmap::text_string(&text)));
        }
    }
    if let Some(page) = clean::dictionary_mut(document, page) {
        page.set("Tabs", "S");
    }
}

fn described(document: &Document, link: &Dictionary) -> String {
    let address = visit::dictionary(document, link, b"A")
        .and_then(|action| visit::value(document, action, b"URI"));
    match address {
        Some(Object::String(address, _)) => {
            let text = String::from_utf8_lossy(address);
            text.chars().take(LONGEST).collect()
        }
        _ => INTERNAL.to_owned(),
    }
}

/// An element of the structure as far as lists matter.
#[derive(Debug)]
struct Item {
    id: ObjectId,
    page: Option<Object>,
    /// What it holds, with what is no label and no body in bodies.
    kids: Vec<Kid>,
}

#[derive(Debug)]
enum Kid {
    /// Stays where it is.
    Own(Object),
    /// To be put in a body.
    Loose(Vec<Object>),
}

/// Puts what stands in an item of a list beside its label in a body (ISO 32000-1, table 336; ISO 14289-1, 7.2).
fn bodies(document: &mut Document) {
    let items: Vec<Item> = document
        .objects
        .iter()
        .filter_map(|(id, object)| item(document, *id, visit::as_dictionary(object)?))
        .collect();
    let parents = parents(document);
    for mut item in items {
        let mut kids = Vec::with_capacity(item.kids.len());
        for kid in std::mem::take(&mut item.kids) {
            match kid {
                Kid::Own(object) => kids.push(object),
                Kid::Loose(inner) => {
                    kids.push(body(document, &parents, (&item, inner)).into());
                }
            }
        }
        if let Some(element) = clean::dictionary_mut(document, item.id) {
            element.set("K", kids);
        }
    }
}

/// An item that has something beside labels and bodies; `None` for every other element, and where a link or a picture
/// stands in it directly.
fn item(document: &Document, id: ObjectId, element: &Dictionary) -> Option<Item> {
    if visit::name(document, element, b"S") != Some(b"LI") || !element.has(b"P") {
        return None;
    }
    let all = match visit::value(document, element, b"K")? {
        Object::Array(kids) => kids.clone(),
        _ => vec![element.get(b"K").ok()?.clone()],
    };
    let mut kids = Vec::new();
    for one in all {
        let below = visit::resolve(document, &one).and_then(visit::as_dictionary);
        if below.is_some_and(|kid| visit::name(document, kid, b"Type") == Some(b"OBJR")) {
            return None;
        }
        let kind = below.and_then(|kid| visit::name(document, kid, b"S"));
        match (kind, kids.last_mut()) {
            (Some(b"Lbl" | b"LBody"), _) => kids.push(Kid::Own(one)),
            (_, Some(Kid::Loose(inner))) => inner.push(one),
            _ => kids.push(Kid::Loose(vec![one])),
        }
    }
    let has_loose = kids.iter().any(|kid| matches!(kid, Kid::Loose(_)));
    has_loose.then(|| Item {
        id,
        page: element.get(b"Pg").ok().cloned(),
        kids,
    })
}

/// A body with these in it, below an item.
fn body(
    document: &mut Document,
    parents: &BTreeMap<ObjectId, ObjectId>,
    (item, inner): (&Item, Vec<Object>),
) -> ObjectId {
    let page = item.page.as_ref();
    let mut element = dictionary! {
        "Type" => "StructElem",
        "S" => "LBody",
        "P" => item.id,
        "K" => inner.clone(),
    };
    if let Some(page) = page {
        element.set("Pg", page.clone());
    }
    let body = document.add_object(element);
    let mut moved: BTreeMap<ObjectId, Vec<i64>> = BTreeMap::new();
    for one in &inner {
        let content = match one {
            Object::Integer(number) => page
                .and_then(|page| page.as_reference().ok())
                .zip(Some(*number)),
            other => visit::resolve(document, other)
                .and_then(visit::as_dictionary)
                .and_then(|kid| marked(document, kid, page)),
        };
        match (content, one) {
            (Some((page, number)), _) => moved.entry(page).or_default().push(number),
            (None, Object::Reference(id)) => {
                if let Some(kid) = clean::dictionary_mut(document, *id) {
                    kid.set("P", body);
                }
            }
            (None, _) => {}
        }
    }
    for (page, numbers) in moved {
        let list = parents
            .get(&page)
            .and_then(|list| document.objects.get_mut(list));
        if let Some(Object::Array(list)) = list {
            reparent(list, &numbers, body);
        }
    }
    body
}

/// Page and number of a reference to marked content (`MCR`).
fn marked(document: &Document, kid: &Dictionary, page: Option<&Object>) -> Option<(ObjectId, i64)> {
    if visit::name(document, kid, b"Type") != Some(b"MCR") {
        return None;
    }
    let own = kid.get(b"Pg").ok().or(page)?;
    match visit::value(document, kid, b"MCID")? {
        Object::Integer(number) => Some((own.as_reference().ok()?, *number)),
        _ => None,
    }
}

/// Writes in a page's part of the parent tree that marked content belongs to another element (ISO 32000-1, 14.7.4.4).
fn reparent(list: &mut [Object], numbers: &[i64], parent: ObjectId) {
    for number in numbers {
        if let Some(place) = usize::try_from(*number)
            .ok()
            .and_then(|at| list.get_mut(at))
        {
            *place = parent.into();
        }
    }
}

/// Of each page the array of its marked content's parents, where it is an object of its own, as Chromium writes it.
fn parents(document: &Document) -> BTreeMap<ObjectId, ObjectId> {
    let tree = document.catalog().ok();
    let Some(tree) =
        tree.and_then(|catalog| visit::dictionary(document, catalog, b"StructTreeRoot"))
    else {
        return BTreeMap::new();
    };
    let entries = visit::parents(document, tree);
    let list = |id: ObjectId| {
        let page = visit::as_dictionary(document.objects.get(&id)?)?;
        let Object::Integer(key) = visit::value(document, page, b"StructParents")? else {
            return None;
        };
        Some((id, entries.get(key)?.as_reference().ok()?))
    };
    visit::pages(document)
        .into_iter()
        .filter_map(list)
        .collect()
}
