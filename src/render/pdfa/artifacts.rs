//! Says of what is painted outside the structure that it is an artifact: backgrounds and borders, and in documents of our
//! own what stands in the margins (ISO 14289-1, 7.1). Text and pictures that a page has outside its structure are no
//! artifacts, whatever the browser left out of it: they stay what they are, and the file is not called accessible.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use lopdf::{Document, ObjectId};

use crate::render::marked::{self, Deed, Mark, Marks, Standing};
use crate::render::pdfa::content;
use crate::render::syntax;
use crate::render::visit::{self, VisitError};

/// What was found in a stream, drawn where one thing holds.
#[derive(Debug, Default)]
struct Found {
    /// Operations that paint loosely, each with the path before it.
    loose: Vec<Range<usize>>,
    /// Form objects with how they are drawn there, and the operation that draws them.
    forms: Vec<(ObjectId, Standing, Range<usize>)>,
    /// Whether anything is in it that may not be called an artifact.
    is_kept: bool,
}

/// Marks what is loose in pages and in the form objects that they draw; text and pictures only where they are known to
/// stand in margins.
pub(super) fn mark(document: &mut Document, with_margins: bool) -> Result<(), VisitError> {
    let kept = kept_forms(document, with_margins)?;
    let mut todo: Vec<(ObjectId, ObjectId, Standing)> = Vec::new();
    for page in visit::pages(document) {
        for stream in document.get_page_contents(page) {
            todo.push((stream, page, Standing::Loose));
        }
    }
    let mut seen: BTreeMap<ObjectId, BTreeSet<Standing>> = BTreeMap::new();
    let mut places: BTreeMap<ObjectId, Vec<Range<usize>>> = BTreeMap::new();
    while let Some((stream, owner, standing)) = todo.pop() {
        if !seen.entry(stream).or_default().insert(standing) {
            continue;
        }
        let mut found = scan(document, (stream, owner), (standing, with_margins))?;
        for (form, how, at) in found.forms {
            let how = if how == Standing::Loose && !kept.contains(&form) {
                found.loose.push(at);
                Standing::Artifact
            } else {
                how
            };
            todo.push((form, form, how));
        }
        if standing == Standing::Loose {
            found.loose.sort_by_key(|at| at.start);
            places.insert(stream, found.loose);
        }
    }
    for (stream, loose) in places {
        // What is drawn as a part of the structure elsewhere is no artifact there.
        let is_always_loose = seen.get(&stream).is_some_and(|how| how.len() == 1);
        if is_always_loose && !loose.is_empty() {
            let bytes = visit::plain(document, stream)?;
            content::replace_content(document, stream, enclosed(&bytes, &loose))?;
        }
    }
    Ok(())
}

/// The bytes with each of the ranges as an artifact.
fn enclosed(bytes: &[u8], ranges: &[Range<usize>]) -> Vec<u8> {
    let mut output = Vec::with_capacity(bytes.len() + ranges.len() * 20);
    let mut copied = 0;
    for range in ranges {
        output.extend(&bytes[copied..range.start]);
        output.extend(b"/Artifact BMC\n");
        output.extend(&bytes[range.clone()]);
        output.extend(b"\nEMC");
        copied = range.end;
    }
    output.extend(&bytes[copied..]);
    output
}

/// Form objects that are no artifacts as a whole: something in them, or in what they draw, belongs to the structure, or
/// may.
fn kept_forms(document: &Document, with_margins: bool) -> Result<BTreeSet<ObjectId>, VisitError> {
    let mut kept = BTreeSet::new();
    let mut drawn_by: BTreeMap<ObjectId, Vec<ObjectId>> = BTreeMap::new();
    for drawing in visit::drawings(document) {
        if drawing.stream != drawing.owner {
            continue;
        }
        let how = (Standing::Loose, with_margins);
        let found = scan(document, (drawing.stream, drawing.owner), how)?;
        if found.is_kept {
            kept.insert(drawing.stream);
        }
        for (form, ..) in found.forms {
            drawn_by.entry(form).or_default().push(drawing.stream);
        }
    }
    let mut todo: Vec<ObjectId> = kept.iter().copied().collect();
    while let Some(form) = todo.pop() {
        for outer in drawn_by.get(&form).into_iter().flatten() {
            if kept.insert(*outer) {
                todo.push(*outer);
            }
        }
    }
    Ok(kept)
}

fn scan(
    document: &Document,
    (stream, owner): (ObjectId, ObjectId),
    (outer, with_margins): (Standing, bool),
) -> Result<Found, VisitError> {
    let bytes = visit::plain(document, stream)?;
    let mut marks = Marks::within(outer);
    let mut found = Found::default();
    let mut path: Option<usize> = None;
    let mut operations = syntax::operations(&bytes);
    while let Some(operation) = operations.next() {
        let operation = operation.map_err(|source| VisitError::Syntax { id: stream, source })?;
        let mark = marks.follow(document, owner, &bytes, &operation);
        found.is_kept |= matches!(mark, Some(Mark::Tagged(_)));
        let standing = marks.standing();
        let at = operation.at.clone();
        let speaks = |found: &mut Found, at| {
            found.is_kept |= !with_margins;
            if with_margins && standing == Standing::Loose {
                found.loose.push(at);
            }
        };
        match marked::deed(&bytes[operation.operator.clone()]) {
            Deed::Path => {
                path.get_or_insert(at.start);
            }
            Deed::NoPaint => path = None,
            Deed::Paint => {
                let from = path.take().unwrap_or(at.start);
                if standing == Standing::Loose {
                    found.loose.push(from..at.end);
                }
            }
            Deed::Show | Deed::Picture => speaks(&mut found, at),
            Deed::Draw => match marked::form(document, owner, &bytes, &operation) {
                Some(form) => found.forms.push((form, standing, at)),
                None => speaks(&mut found, at),
            },
            Deed::Other => {}
        }
        operations.reuse(operation);
    }
    Ok(found)
}
