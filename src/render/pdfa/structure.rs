//! Gives the structure tree what level A asks for: a tree on every file, standard types for all others, the language.

use std::collections::BTreeSet;

use lopdf::{Dictionary, Document, Object, ObjectId, dictionary};

use crate::render::pdfa::clean;
use crate::render::pdfa::limits;
use crate::render::visit::{self, VisitError};

/// The structure types of ISO 32000-1, 14.8.4.
const STANDARD: [&str; 49] = [
    "Document",
    "Part",
    "Art",
    "Sect",
    "Div",
    "BlockQuote",
    "Caption",
    "TOC",
    "TOCI",
    "Index",
    "NonStruct",
    "Private",
    "P",
    "H",
    "H1",
    "H2",
    "H3",
    "H4",
    "H5",
    "H6",
    "L",
    "LI",
    "Lbl",
    "LBody",
    "Table",
    "TR",
    "TH",
    "TD",
    "THead",
    "TBody",
    "TFoot",
    "Span",
    "Quote",
    "Note",
    "Reference",
    "BibEntry",
    "Code",
    "Link",
    "Annot",
    "Ruby",
    "RB",
    "RT",
    "RP",
    "Warichu",
    "WT",
    "WP",
    "Figure",
    "Formula",
    "Form",
];

/// The standard type nearest to a type that is none.
fn nearest(name: &[u8]) -> &'static str {
    match name {
        b"Aside" => "Sect",
        b"Em" | b"Strong" => "Span",
        _ => "Div",
    }
}

/// Completes the tree and the catalog's entries about it.
pub(super) fn complete(document: &mut Document, language: &str) -> Result<(), VisitError> {
    let root = clean::root_id(document)?;
    let tree = match document
        .catalog()
        .map(|catalog| catalog.get(b"StructTreeRoot"))
    {
        Ok(Ok(Object::Reference(id))) if document.objects.contains_key(id) => *id,
        _ => minimal_tree(document),
    };
    let types = foreign_types(document);
    if let Some(tree) = clean::dictionary_mut(document, tree) {
        tree.remove(b"RoleMap");
        if !types.is_empty() {
            let mut roles = Dictionary::new();
            for name in types {
                let role = nearest(&name);
                roles.set(name, role);
            }
            tree.set("RoleMap", roles);
        }
    }
    let own = document
        .catalog()
        .map_or(None, |catalog| visit::value(document, catalog, b"Lang"));
    let own = match own {
        Some(Object::String(text, _)) => limits::language_of(text),
        _ => None,
    };
    let tag = own.or_else(|| limits::language(language));
    if let Some(catalog) = clean::dictionary_mut(document, root) {
        catalog.set("StructTreeRoot", tree);
        catalog.set("MarkInfo", dictionary! { "Marked" => true });
        catalog.remove(b"Lang");
        if let Some(tag) = tag {
            catalog.set("Lang", Object::string_literal(tag));
        }
        let mut preferences = match catalog.get(b"ViewerPreferences") {
            Ok(Object::Dictionary(preferences)) => preferences.clone(),
            Ok(_) | Err(_) => Dictionary::new(),
        };
        preferences.set("DisplayDocTitle", true);
        catalog.set("ViewerPreferences", preferences);
    }
    Ok(())
}

/// A tree that says no more than that there is a document.
fn minimal_tree(document: &mut Document) -> ObjectId {
    let tree = document.new_object_id();
    let element = document.add_object(dictionary! {
        "Type" => "StructElem",
        "S" => "Document",
        "P" => tree,
    });
    document.objects.insert(
        tree,
        Object::Dictionary(dictionary! { "Type" => "StructTreeRoot", "K" => element }),
    );
    tree
}

/// Types of elements that are no standard types.
fn foreign_types(document: &Document) -> BTreeSet<Vec<u8>> {
    document
        .objects
        .values()
        .filter_map(visit::as_dictionary)
        .filter(|dictionary| is_element(dictionary))
        .filter_map(|element| visit::name(document, element, b"S"))
        .filter(|name| !STANDARD.iter().any(|known| known.as_bytes() == *name))
        .map(<[u8]>::to_vec)
        .collect()
}

/// Whether a dictionary is a structure element; `Type` is optional there, `S` and `P` are not.
fn is_element(dictionary: &Dictionary) -> bool {
    dictionary.has_type(b"StructElem") || (dictionary.has(b"S") && dictionary.has(b"P"))
}
