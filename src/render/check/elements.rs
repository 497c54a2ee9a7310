//! How the elements of a structure may stand in one another so that it can be read aloud (ISO 14289-1, 7.2 to 7.9): lists,
//! tables, headings, pictures with a text.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the kinds of PDF objects are closed (ISO 32000-1, 7.3), and most places want one of them"
)]

use std::collections::BTreeSet;

use lopdf::{Dictionary, Document, Object, ObjectId};

use crate::render::check::{Report, structure, tables};
use crate::render::visit;

/// An element with what it stands in and what stands in it.
struct Element<'a> {
    /// Its own number where it has one, for messages.
    number: u32,
    dictionary: &'a Dictionary,
    kind: &'a [u8],
    parent: &'a [u8],
    kids: Vec<&'a [u8]>,
}

/// Checks all elements below a tree.
pub(super) fn check(report: &mut Report, document: &Document, tree: &Dictionary) {
    let mut todo: Vec<(Option<ObjectId>, &Dictionary, &[u8])> = Vec::new();
    push(&mut todo, below(document, tree), b"");
    let mut seen = BTreeSet::new();
    let mut headings = Headings::default();
    let mut notes = BTreeSet::new();
    while let Some((id, dictionary, parent)) = todo.pop() {
        let number = id.map_or(0, |id| id.0);
        if id.is_some_and(|id| !seen.insert(id)) {
            report.add(
                "UA 7.1-12",
                format_args!("object {number}: an element that stands in two places"),
            );
            continue;
        }
        let kind = kind(document, tree, dictionary);
        let kids = below(document, dictionary);
        let element = Element {
            number,
            dictionary,
            kind,
            parent,
            kids: kids
                .iter()
                .map(|(_, kid)| self::kind(document, tree, kid))
                .collect(),
        };
        element.nesting(report);
        element.texts(report, document, &mut notes);
        headings.follow(report, &element);
        if kind == b"Table" {
            tables::check(report, document, (number, tree, dictionary));
        }
        push(&mut todo, kids, kind);
    }
}

/// The first is to be taken first.
fn push<'a>(
    todo: &mut Vec<(Option<ObjectId>, &'a Dictionary, &'a [u8])>,
    kids: Vec<(Option<ObjectId>, &'a Dictionary)>,
    parent: &'a [u8],
) {
    todo.extend(kids.into_iter().rev().map(|(id, kid)| (id, kid, parent)));
}

/// The elements directly below one.
pub(super) fn below<'a>(
    document: &'a Document,
    parent: &'a Dictionary,
) -> Vec<(Option<ObjectId>, &'a Dictionary)> {
    let Ok(kids) = parent.get(b"K") else {
        return Vec::new();
    };
    let all = match visit::resolve(document, kids) {
        Some(Object::Array(all)) => all.as_slice(),
        _ => std::slice::from_ref(kids),
    };
    all.iter()
        .filter_map(|kid| {
            let dictionary = visit::resolve(document, kid).and_then(visit::as_dictionary)?;
            let is_element = dictionary.has(b"S");
            is_element.then(|| (kid.as_reference().ok(), dictionary))
        })
        .collect()
}

/// The standard type of an element, by the roles that the tree gives.
pub(super) fn kind<'a>(
    document: &'a Document,
    tree: &'a Dictionary,
    element: &'a Dictionary,
) -> &'a [u8] {
    let roles = visit::dictionary(document, tree, b"RoleMap");
    let mut name = visit::name(document, element, b"S").unwrap_or_default();
    // A longer chain of roles is a circle, and then level A does not hold.
    for _ in 0..16 {
        match roles.and_then(|roles| visit::name(document, roles, name)) {
            Some(next) if !structure::is_standard(name) => name = next,
            _ => break,
        }
    }
    name
}

/// An attribute of an element (ISO 32000-1, 14.7.5).
pub(super) fn attribute<'a>(
    document: &'a Document,
    element: &'a Dictionary,
    key: &[u8],
) -> Option<&'a Object> {
    let attributes = element.get(b"A").ok()?;
    let all = match visit::resolve(document, attributes)? {
        Object::Array(all) => all.as_slice(),
        _ => std::slice::from_ref(attributes),
    };
    all.iter()
        .filter_map(|one| visit::resolve(document, one).and_then(visit::as_dictionary))
        .find_map(|one| visit::value(document, one, key))
}

impl Element<'_> {
    fn nesting(&self, report: &mut Report) {
        let number = self.number;
        let what = |kids: &str| {
            format!(
                "object {number}: {} in {}, with {kids}",
                String::from_utf8_lossy(self.kind),
                String::from_utf8_lossy(self.parent)
            )
        };
        let kids = || {
            self.kids
                .iter()
                .map(|kid| String::from_utf8_lossy(kid))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let mut expect = |holds: bool, rule| {
            if !holds {
                report.add(rule, what(&kids()));
            }
        };
        let only = |allowed: &[&[u8]]| self.kids.iter().all(|kid| allowed.contains(kid));
        let within = |allowed: &[&[u8]]| allowed.contains(&self.parent);
        let count = |wanted: &[u8]| self.kids.iter().filter(|kid| **kid == wanted).count();
        let caption_is_first = self.kids.iter().skip(1).all(|kid| *kid != b"Caption");
        match self.kind {
            b"Table" => {
                expect(
                    only(&[b"TR", b"THead", b"TBody", b"TFoot", b"Caption"]),
                    "UA 7.2-3",
                );
                expect(count(b"THead") <= 1 && count(b"TFoot") <= 1, "UA 7.2-11");
                let has_ends = count(b"THead") + count(b"TFoot") > 0;
                expect(!has_ends || count(b"TBody") > 0, "UA 7.2-14");
                let inner = self.kids.get(1..self.kids.len().saturating_sub(1));
                let is_inside = inner.is_some_and(|inner| inner.contains(&&b"Caption"[..]));
                expect(count(b"Caption") <= 1 && !is_inside, "UA 7.2-16");
            }
            b"TR" => {
                expect(
                    within(&[b"Table", b"THead", b"TBody", b"TFoot"]),
                    "UA 7.2-4",
                );
                expect(only(&[b"TH", b"TD"]), "UA 7.2-10");
            }
            b"THead" | b"TBody" | b"TFoot" => {
                expect(within(&[b"Table"]), "UA 7.2-5");
                expect(only(&[b"TR"]), "UA 7.2-36");
            }
            b"TH" | b"TD" => expect(within(&[b"TR"]), "UA 7.2-8"),
            b"L" => {
                expect(only(&[b"L", b"LI", b"Caption"]), "UA 7.2-19");
                expect(caption_is_first, "UA 7.2-40");
            }
            b"LI" => {
                expect(within(&[b"L"]), "UA 7.2-17");
                expect(only(&[b"Lbl", b"LBody"]), "UA 7.2-20");
            }
            b"LBody" => expect(within(&[b"LI"]), "UA 7.2-18"),
            b"TOC" => {
                expect(only(&[b"TOC", b"TOCI", b"Caption"]), "UA 7.2-27");
                expect(caption_is_first, "UA 7.2-28");
            }
            b"TOCI" => expect(within(&[b"TOC"]), "UA 7.2-26"),
            // It stands for an annotation that no print has.
            b"Annot" => expect(false, "UA 7.18.1-1"),
            _ => {}
        }
        expect(count(b"H") <= 1, "UA 7.4.4-1");
    }

    /// Texts for what is no text, and languages.
    fn texts(&self, report: &mut Report, document: &Document, notes: &mut BTreeSet<Vec<u8>>) {
        let number = self.number;
        let text = |key: &[u8]| match visit::value(document, self.dictionary, key) {
            Some(Object::String(text, _)) => Some(text.as_slice()),
            _ => None,
        };
        if matches!(self.kind, b"Figure" | b"Formula") {
            let is_told =
                text(b"Alt").is_some_and(|text| !text.is_empty()) || text(b"ActualText").is_some();
            report.expect(
                is_told,
                "UA 7.3-1",
                format_args!("object {number}: a picture or formula without a text"),
            );
        }
        // What was a control on the page is printed, and says by its role what it was (ISO 32000-1, 14.8.5.6).
        report.expect(
            self.kind != b"Form" || attribute(document, self.dictionary, b"Role").is_some(),
            "UA 7.18.4-2",
            format_args!("object {number}: a control that does not say what it is"),
        );
        if self.kind == b"Note" {
            let id = text(b"ID").unwrap_or_default();
            report.expect(
                !id.is_empty() && notes.insert(id.to_vec()),
                "UA 7.9-1",
                format_args!("object {number}: a note without an id of its own"),
            );
        }
        report.expect(
            self.dictionary.has(b"P"),
            "UA 7.1-12",
            format_args!("object {number}: an element without a parent"),
        );
        if let Some(tag) = text(b"Lang") {
            report.expect(
                !tag.is_empty() && structure::is_language(tag),
                "UA 7.2-29",
                format_args!("object {number}: Lang is no language tag"),
            );
        }
    }
}

/// The headings so far, in the order of the document.
#[derive(Debug, Default)]
struct Headings {
    last: u8,
    has_plain: bool,
    has_levels: bool,
}

impl Headings {
    /// A heading is at most one level below the one before it, the first is of level 1, and those with and without levels
    /// are not mixed (7.4).
    fn follow(&mut self, report: &mut Report, element: &Element<'_>) {
        match element.kind {
            b"H" => self.has_plain = true,
            [b'H', level @ b'1'..=b'6'] => {
                let level = level - b'0';
                report.expect(
                    level <= self.last + 1,
                    "UA 7.4.2-1",
                    format_args!(
                        "object {}: a heading of level {level} after one of level {}",
                        element.number, self.last
                    ),
                );
                self.last = level;
                self.has_levels = true;
            }
            _ => return,
        }
        report.expect(
            !(self.has_plain && self.has_levels),
            "UA 7.4.4-2",
            format_args!(
                "object {}: headings with and without levels",
                element.number
            ),
        );
    }
}
