//! What ISO 14289-1 (PDF/UA-1) asks beyond level A of a file that says it is accessible: everything painted is in the
//! structure or an artifact, and the structure is one that can be read aloud. Stricter than the standard where that is
//! simpler: no forms, no annotations but links, no content of the structure that is drawn twice.

use std::collections::{BTreeMap, BTreeSet};

use lopdf::{Dictionary, Document, Object, ObjectId};

use crate::render::check::{Report, elements, structure};
use crate::render::marked::{self, Deed, Mark, Marks, Standing};
use crate::render::syntax;
use crate::render::visit;

/// Checks a file.
pub(super) fn check(report: &mut Report, document: &Document) {
    let Ok(catalog) = document.catalog() else {
        return;
    };
    for (key, rule) in [
        (&b"AcroForm"[..], "UA 7.18.4-1"),
        (b"OCProperties", "UA 7.10-1"),
    ] {
        report.expect(
            !catalog.has(key),
            rule,
            format_args!("the catalog has {}", String::from_utf8_lossy(key)),
        );
    }
    let language = match visit::value(document, catalog, b"Lang") {
        Some(Object::String(tag, _)) => tag.as_slice(),
        _ => b"",
    };
    report.expect(
        !language.is_empty() && structure::is_language(language),
        "UA 7.2-34",
        "the document names no language",
    );
    let shows_title = visit::dictionary(document, catalog, b"ViewerPreferences")
        .and_then(|preferences| visit::value(document, preferences, b"DisplayDocTitle"));
    report.expect(
        matches!(shows_title, Some(Object::Boolean(true))),
        "UA 7.1-10",
        "viewers are not told to show the title",
    );
    let suspects = visit::dictionary(document, catalog, b"MarkInfo")
        .and_then(|info| visit::value(document, info, b"Suspects"));
    report.expect(
        !matches!(suspects, Some(Object::Boolean(true))),
        "UA 7.1-4",
        "the tags are suspect",
    );
    let Some(tree) = visit::dictionary(document, catalog, b"StructTreeRoot") else {
        report.add("UA 7.1-11", "there is no structure tree");
        return;
    };
    elements::check(report, document, tree);
    files(report, document);
    let parents = visit::parents(document, tree);
    for page in visit::pages(document) {
        links(report, document, (tree, &parents, page));
    }
    Content {
        document,
        parents,
        todo: Vec::new(),
        seen: BTreeSet::new(),
        drawn: BTreeMap::new(),
        tagged: BTreeSet::new(),
    }
    .check(report);
}

/// Files that are carried have a name for every viewer.
fn files(report: &mut Report, document: &Document) {
    for (id, object) in &document.objects {
        let Some(file) = visit::as_dictionary(object).filter(|one| one.has(b"EF")) else {
            continue;
        };
        let is_named = |key: &[u8]| matches!(visit::value(document, file, key), Some(Object::String(name, _)) if !name.is_empty());
        report.expect(
            is_named(b"F") && is_named(b"UF"),
            "UA 7.11-1",
            format_args!("object {}: a file without F or UF", id.0),
        );
    }
}

fn links(
    report: &mut Report,
    document: &Document,
    (tree, parents, page): (&Dictionary, &BTreeMap<i64, &Object>, ObjectId),
) {
    let Some(dictionary) = document.objects.get(&page).and_then(visit::as_dictionary) else {
        return;
    };
    let Some(Object::Array(annotations)) = visit::value(document, dictionary, b"Annots") else {
        return;
    };
    report.expect(
        annotations.is_empty() || visit::name(document, dictionary, b"Tabs") == Some(b"S"),
        "UA 7.18.3-1",
        format_args!(
            "page {}: its links are not gone through in the order of the structure",
            page.0
        ),
    );
    for one in annotations {
        let Some(link) = visit::resolve(document, one).and_then(visit::as_dictionary) else {
            continue;
        };
        report.expect(
            visit::name(document, link, b"Subtype") == Some(b"Link"),
            "UA 7.18.1-1",
            format_args!("page {}: an annotation that is no link", page.0),
        );
        let is_described = matches!(
            visit::value(document, link, b"Contents"),
            Some(Object::String(text, _)) if !text.is_empty()
        );
        report.expect(
            is_described,
            "UA 7.18.5-2",
            format_args!("page {}: a link without a description", page.0),
        );
        let parent = match visit::value(document, link, b"StructParent") {
            Some(Object::Integer(key)) => parents.get(key),
            _ => None,
        };
        let parent = parent
            .and_then(|parent| visit::resolve(document, parent))
            .and_then(visit::as_dictionary);
        let kind = parent.map(|parent| elements::kind(document, tree, parent));
        report.expect(
            kind == Some(b"Link"),
            "UA 7.18.5-1",
            format_args!("page {}: a link that stands in no element for it", page.0),
        );
    }
}

/// What is painted, followed from the pages into the form objects that they draw.
struct Content<'a> {
    document: &'a Document,
    parents: BTreeMap<i64, &'a Object>,
    todo: Vec<(ObjectId, ObjectId, Standing)>,
    seen: BTreeSet<(ObjectId, Standing)>,
    /// How often each form object is drawn.
    drawn: BTreeMap<ObjectId, u32>,
    /// Form objects in which something belongs to the structure.
    tagged: BTreeSet<ObjectId>,
}

impl Content<'_> {
    fn check(mut self, report: &mut Report) {
        for page in visit::pages(self.document) {
            for stream in self.document.get_page_contents(page) {
                self.todo.push((stream, page, Standing::Loose));
            }
        }
        while let Some((stream, owner, standing)) = self.todo.pop() {
            if self.seen.insert((stream, standing)) {
                self.stream(report, (stream, owner), standing);
            }
        }
        let reached: BTreeSet<ObjectId> = self.seen.iter().map(|(stream, _)| *stream).collect();
        // What a mask draws is reached from no page, and is no content.
        for drawing in visit::drawings(self.document) {
            if !reached.contains(&drawing.stream) {
                self.stream(
                    &mut Report::default(),
                    (drawing.stream, drawing.owner),
                    Standing::Artifact,
                );
                report.expect(
                    !self.tagged.contains(&drawing.stream),
                    "UA 7.20-2",
                    format_args!(
                        "object {}: content of the structure in a mask",
                        drawing.stream.0
                    ),
                );
            }
        }
        for form in &self.tagged {
            let times = self.drawn.get(form).copied().unwrap_or_default();
            report.expect(
                times <= 1,
                "UA 7.20-2",
                format_args!(
                    "object {}: content of the structure is drawn {times} times",
                    form.0
                ),
            );
        }
    }

    fn stream(
        &mut self,
        report: &mut Report,
        (stream, owner): (ObjectId, ObjectId),
        outer: Standing,
    ) {
        let document = self.document;
        let bytes = match visit::plain(document, stream) {
            Ok(bytes) => bytes,
            Err(error) => return report.add("UA 7.1-3", error),
        };
        let mut marks = Marks::within(outer);
        let mut operations = syntax::operations(&bytes);
        while let Some(operation) = operations.next() {
            let operation = match operation {
                Ok(operation) => operation,
                Err(error) => {
                    return report.add("UA 7.1-3", format_args!("object {}: {error}", stream.0));
                }
            };
            let before = marks.standing();
            if let Some(mark) = marks.follow(document, owner, &bytes, &operation) {
                self.mark(report, (stream, owner), (before, mark));
            }
            let now = marks.standing();
            let is_loose = match marked::deed(&bytes[operation.operator.clone()]) {
                Deed::Paint | Deed::Show | Deed::Picture => now == Standing::Loose,
                Deed::Draw => match marked::form(document, owner, &bytes, &operation) {
                    Some(form) => {
                        *self.drawn.entry(form).or_default() += 1;
                        self.todo.push((form, form, now));
                        false
                    }
                    None => now == Standing::Loose,
                },
                Deed::Path | Deed::NoPaint | Deed::Other => false,
            };
            report.expect(
                !is_loose,
                "UA 7.1-3",
                format_args!(
                    "object {}: what is painted is neither in the structure nor an artifact",
                    stream.0
                ),
            );
            operations.reuse(operation);
        }
    }

    fn mark(
        &mut self,
        report: &mut Report,
        (stream, owner): (ObjectId, ObjectId),
        (before, mark): (Standing, Mark),
    ) {
        let number = match mark {
            Mark::Other => return,
            Mark::Artifact => {
                return report.expect(
                    before != Standing::Tagged,
                    "UA 7.1-1",
                    format_args!("object {}: an artifact in the structure", stream.0),
                );
            }
            Mark::Tagged(number) => number,
        };
        if stream == owner {
            self.tagged.insert(stream);
        }
        report.expect(
            before != Standing::Artifact,
            "UA 7.1-2",
            format_args!(
                "object {}: content of the structure in an artifact",
                stream.0
            ),
        );
        report.expect(
            self.has_parent(owner, number),
            "UA 7.1-3",
            format_args!(
                "object {}: marked content {number} is in no element",
                stream.0
            ),
        );
    }

    /// Whether the structure knows marked content of a page or form object (ISO 32000-1, 14.7.4.4).
    fn has_parent(&self, owner: ObjectId, number: i64) -> bool {
        let document = self.document;
        let owner = document.objects.get(&owner).and_then(visit::as_dictionary);
        let key = owner.and_then(|owner| visit::value(document, owner, b"StructParents"));
        let Some(Object::Integer(key)) = key else {
            return false;
        };
        let list = self
            .parents
            .get(key)
            .and_then(|entry| visit::resolve(document, entry));
        let Some(Object::Array(list)) = list else {
            return false;
        };
        usize::try_from(number)
            .ok()
            .and_then(|at| list.get(at))
            .and_then(|parent| visit::resolve(document, parent))
            .and_then(visit::as_dictionary)
            .is_some_and(|parent| parent.has(b"S"))
    }
}
