//! Follows marked content (ISO 32000-1, 14.6): whether what a stream paints belongs to the structure, is an artifact, or is
//! neither. Converter and checker share it as they share the reading of syntax.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the kinds of PDF objects are closed (ISO 32000-1, 7.3), and most places want one of them"
)]

use lopdf::{Document, Object, ObjectId};

use crate::render::syntax::{self, Kind, Operation};
use crate::render::visit;

/// How content stands to the structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// Nothing says what it is.
    Loose,
    /// It belongs to an element of the structure.
    Tagged,
    /// It is no part of the document's content.
    Artifact,
}

/// What a sequence of marked content says of what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It belongs to the element that this number leads to.
    Tagged(i64),
    /// It is an artifact.
    Artifact,
    /// Nothing of that, such as a text that stands for it.
    Other,
}

/// What an operation does, as far as marks matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Begins a path or goes on with it; nothing but what paints it may follow (8.5).
    Path,
    /// Ends a path and paints nothing.
    NoPaint,
    /// Paints a path or a shading.
    Paint,
    /// Shows text.
    Show,
    /// Draws a picture that stands in the stream itself.
    Picture,
    /// Draws another stream or a picture.
    Draw,
    /// Anything else.
    Other,
}

/// What an operator does.
pub(crate) fn deed(word: &[u8]) -> Deed {
    match word {
        b"m" | b"l" | b"c" | b"v" | b"y" | b"h" | b"re" | b"W" | b"W*" => Deed::Path,
        b"n" => Deed::NoPaint,
        b"f" | b"F" | b"f*" | b"B" | b"B*" | b"b" | b"b*" | b"s" | b"S" | b"sh" => Deed::Paint,
        b"Tj" | b"TJ" | b"'" | b"\"" => Deed::Show,
        b"BI" => Deed::Picture,
        b"Do" => Deed::Draw,
        _ => Deed::Other,
    }
}

/// The sequences that are open in a stream.
#[derive(Debug)]
pub(crate) struct Marks {
    outer: Standing,
    open: Vec<Mark>,
}

impl Marks {
    /// Of a stream that is drawn where this holds.
    pub(crate) fn within(outer: Standing) -> Self {
        Self {
            outer,
            open: Vec::new(),
        }
    }

    /// How what is painted now stands. An artifact around it weighs most.
    pub(crate) fn standing(&self) -> Standing {
        let has = |kind: fn(&Mark) -> bool| self.open.iter().any(kind);
        if self.outer == Standing::Artifact || has(|mark| *mark == Mark::Artifact) {
            Standing::Artifact
        } else if self.outer == Standing::Tagged || has(|mark| matches!(mark, Mark::Tagged(_))) {
            Standing::Tagged
        } else {
            Standing::Loose
        }
    }

    /// Takes in one operation; returns the mark that it opens.
    pub(crate) fn follow(
        &mut self,
        document: &Document,
        owner: ObjectId,
        bytes: &[u8],
        operation: &Operation,
    ) -> Option<Mark> {
        match &bytes[operation.operator.clone()] {
            b"BMC" | b"BDC" => {
                let mark = mark(document, owner, bytes, operation);
                self.open.push(mark);
                Some(mark)
            }
            b"EMC" => {
                self.open.pop();
                None
            }
            _ => None,
        }
    }
}

fn mark(document: &Document, owner: ObjectId, bytes: &[u8], operation: &Operation) -> Mark {
    let name = |at: usize| {
        let token = operation.operands.get(at)?;
        (token.kind == Kind::Name).then(|| syntax::name_bytes(&bytes[token.at.clone()]))
    };
    if name(0).is_some_and(|tag| tag.as_ref() == b"Artifact") {
        return Mark::Artifact;
    }
    let number = number(bytes, operation).or_else(|| {
        // A property list may also be named in the resources.
        let lists = visit::dictionary(document, visit::resources(document, owner)?, b"Properties")?;
        let list = visit::dictionary(document, lists, &name(1)?)?;
        match visit::value(document, list, b"MCID")? {
            Object::Integer(number) => Some(*number),
            _ => None,
        }
    });
    number.map_or(Mark::Other, Mark::Tagged)
}

/// The `MCID` in the property list of an operation.
fn number(bytes: &[u8], operation: &Operation) -> Option<i64> {
    let mut depth = 0_i32;
    for pair in operation.operands.windows(2) {
        let [key, value] = pair else { continue };
        match &bytes[key.at.clone()] {
            b"<<" => depth += 1,
            b">>" => depth -= 1,
            b"/MCID" if depth == 1 && value.kind == Kind::Number => {
                let text = std::str::from_utf8(&bytes[value.at.clone()]).ok()?;
                return text.parse().ok();
            }
            _ => {}
        }
    }
    None
}

/// The form object that a `Do` draws; `None` where it is a picture.
pub(crate) fn form(
    document: &Document,
    owner: ObjectId,
    bytes: &[u8],
    operation: &Operation,
) -> Option<ObjectId> {
    let token = operation.operands.first()?;
    let name = syntax::name_bytes(&bytes[token.at.clone()]);
    let objects = visit::dictionary(document, visit::resources(document, owner)?, b"XObject")?;
    let Ok(Object::Reference(id)) = objects.get(&name) else {
        return None;
    };
    let stream = visit::stream(document, *id).ok()?;
    (visit::name(document, &stream.dict, b"Subtype") == Some(b"Form")).then_some(*id)
}
