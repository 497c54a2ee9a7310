//! Follows the text of content streams: which font shows which codes, and what the page says they mean (`ActualText`).

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the kinds of PDF objects are closed (ISO 32000-1, 7.3), and most places want one of them"
)]

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use lopdf::{Document, ObjectId};

use crate::render::cmap;
use crate::render::syntax::{self, Kind, Operation, Token};
use crate::render::visit::{self, Drawing, Font, VisitError};

/// What is known of a code of a font from where it is used.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    /// Texts that stood for this glyph alone.
    pub(super) texts: Vec<Vec<u16>>,
    /// Whether it was shown somewhere without a text that stands for it alone.
    pub(super) bare: bool,
    /// How often it is shown.
    pub(super) shown: usize,
    /// Whether it may have to be shown in another way: its glyph is missing, or it means a private character.
    may_change: bool,
}

/// All fonts that text is shown in, and the codes they show.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// Fonts by object.
    pub(super) fonts: BTreeMap<ObjectId, Font>,
    /// Codes by font.
    pub(super) codes: BTreeMap<ObjectId, BTreeMap<u32, Evidence>>,
    /// The streams in which anything may have to be written otherwise; the others stay as they are.
    pub(super) changing: Vec<Drawing>,
}

impl Usage {
    /// How many glyphs are shown that their font does not have.
    pub(super) fn missing_glyphs(&self) -> usize {
        let missing =
            |id: &ObjectId, code: u32| self.fonts.get(id).is_some_and(|font| font.is_notdef(code));
        self.codes
            .iter()
            .flat_map(|(id, codes)| {
                codes
                    .iter()
                    .map(move |(code, evidence)| (id, code, evidence))
            })
            .filter(|(id, code, _)| missing(id, **code))
            .map(|(_, _, evidence)| evidence.shown)
            .sum()
    }
}

/// The part of the graphics state that text needs.
#[derive(Clone, Debug, Default)]
pub(super) struct TextState {
    /// The font in force.
    pub(super) font: Option<ObjectId>,
    /// Where its name in the resources is written, with the slash.
    pub(super) font_name: Range<usize>,
    /// Where its size is written.
    pub(super) font_size: Range<usize>,
    /// Rendering mode 3: nothing is painted.
    pub(super) invisible: bool,
}

/// A marked-content sequence that is open.
#[derive(Clone, Debug, Default)]
struct Marked {
    actual: Option<Vec<u16>>,
    glyphs: Vec<(ObjectId, u32)>,
}

/// Follows the state of text through one stream.
#[derive(Debug, Default)]
pub(super) struct Follower {
    /// The state in force.
    pub(super) state: TextState,
    saved: Vec<TextState>,
    marked: Vec<Marked>,
}

/// A sequence of marked content that has ended: its text and the glyphs that stood directly in it.
pub(super) type Ended = (Option<Vec<u16>>, Vec<(ObjectId, u32)>);

impl Follower {
    /// Whether a text stands for what is shown now.
    pub(super) fn has_actual_text(&self) -> bool {
        self.marked.iter().any(|marked| marked.actual.is_some())
    }

    /// Takes in one operation; returns the marked content it ends.
    pub(super) fn follow(
        &mut self,
        document: &Document,
        owner: ObjectId,
        bytes: &[u8],
        operation: &Operation,
    ) -> Option<Ended> {
        match &bytes[operation.operator.clone()] {
            b"q" => self.saved.push(self.state.clone()),
            b"Q" => {
                if let Some(state) = self.saved.pop() {
                    self.state = state;
                }
            }
            b"Tf" => {
                if let [name, size] = operation.operands.as_slice() {
                    let written = &bytes[name.at.clone()];
                    self.state.font = visit::font_id(document, owner, &syntax::name_bytes(written));
                    self.state.font_name = name.at.clone();
                    self.state.font_size = size.at.clone();
                }
            }
            b"Tr" => {
                let mode = operation.operands.first();
                self.state.invisible = mode.is_some_and(|mode| &bytes[mode.at.clone()] == b"3");
            }
            b"BDC" | b"BMC" => self.marked.push(Marked {
                actual: actual_text(document, owner, bytes, operation),
                glyphs: Vec::new(),
            }),
            b"EMC" => {
                return self.marked.pop().map(|ended| (ended.actual, ended.glyphs));
            }
            _ => {}
        }
        None
    }

    fn shown(&mut self, font: ObjectId, code: u32) {
        let within = self
            .marked
            .iter_mut()
            .rev()
            .find(|marked| marked.actual.is_some());
        if let Some(marked) = within {
            marked.glyphs.push((font, code));
        }
    }
}

/// The strings that an operation shows.
pub(super) fn shown<'a>(bytes: &[u8], operation: &'a Operation) -> Vec<&'a Token> {
    if !matches!(
        &bytes[operation.operator.clone()],
        b"Tj" | b"TJ" | b"'" | b"\""
    ) {
        return Vec::new();
    }
    operation
        .operands
        .iter()
        .filter(|token| token.kind == Kind::Text)
        .collect()
}

/// The value of a key in the property list of a marked-content operator, with the token it stands in.
pub(super) fn property<'a>(
    bytes: &[u8],
    operation: &'a Operation,
    key: &[u8],
) -> Option<&'a Token> {
    let mut depth = 0_i32;
    for pair in operation.operands.windows(2) {
        let [at_key, at_value] = pair else { continue };
        match &bytes[at_key.at.clone()] {
            b"<<" => depth += 1,
            b">>" => depth -= 1,
            written
                if depth == 1
                    && at_key.kind == Kind::Name
                    && at_value.kind == Kind::Text
                    && syntax::name_bytes(written).as_ref() == key =>
            {
                return Some(at_value);
            }
            _ => {}
        }
    }
    None
}

fn actual_text(
    document: &Document,
    owner: ObjectId,
    bytes: &[u8],
    operation: &Operation,
) -> Option<Vec<u16>> {
    if let Some(token) = property(bytes, operation, b"ActualText") {
        let text = syntax::text_bytes(&bytes[token.at.clone()]);
        return Some(cmap::text_units(&text));
    }
    // A property list may also be named in the resources.
    let [_, list] = operation.operands.as_slice() else {
        return None;
    };
    let lists = visit::dictionary(document, visit::resources(document, owner)?, b"Properties")?;
    let list = visit::dictionary(
        document,
        lists,
        &syntax::name_bytes(&bytes[list.at.clone()]),
    )?;
    match visit::value(document, list, b"ActualText")? {
        lopdf::Object::String(text, _) => Some(cmap::text_units(text)),
        _ => None,
    }
}

/// Whether the font says that a code means private characters.
pub(super) fn is_private(font: &Font, code: u32) -> bool {
    font.unicode
        .as_ref()
        .and_then(|map| map.get(&code))
        .is_some_and(|units| cmap::has_private_use(units))
}

/// Reads every stream once and notes which codes of which fonts are shown, what texts stand for them, and whether anything
/// in it may have to be written otherwise: a glyph, or what `has_changes` says of an operation. Most streams stay, and are
/// not read again.
pub(super) fn usage(
    document: &Document,
    drawings: &[Drawing],
    has_changes: impl Fn(&[u8], &Operation) -> bool,
) -> Result<Usage, VisitError> {
    let mut usage = Usage::default();
    for drawing in drawings {
        let bytes = visit::plain(document, drawing.stream)?;
        let mut follower = Follower::default();
        let mut changes = false;
        let mut operations = syntax::operations(&bytes);
        while let Some(operation) = operations.next() {
            let operation = operation.map_err(|source| VisitError::Syntax {
                id: drawing.stream,
                source,
            })?;
            if let Some((Some(actual), glyphs)) =
                follower.follow(document, drawing.owner, &bytes, &operation)
            {
                note(&mut usage, &actual, &glyphs);
            }
            changes = changes || has_changes(&bytes, &operation);
            for token in shown(&bytes, &operation) {
                let Some(id) = follower.state.font else {
                    return Err(VisitError::Object {
                        id: drawing.stream,
                        what: "text is shown in no font that its resources name",
                    });
                };
                if let Entry::Vacant(place) = usage.fonts.entry(id) {
                    place.insert(visit::font(document, id)?);
                }
                let font = &usage.fonts[&id];
                let covered = follower.has_actual_text();
                let codes = usage.codes.entry(id).or_default();
                let text = syntax::text_bytes(&bytes[token.at.clone()]);
                for code in font.codes(&text) {
                    let evidence = codes.entry(code).or_insert_with(|| Evidence {
                        may_change: font.is_notdef(code) || is_private(font, code),
                        ..Evidence::default()
                    });
                    evidence.shown += 1;
                    changes |= evidence.may_change;
                    if covered {
                        follower.shown(id, code);
                    } else {
                        evidence.bare = true;
                    }
                }
            }
            operations.reuse(operation);
        }
        if changes {
            usage.changing.push(*drawing);
        }
    }
    Ok(usage)
}

fn note(usage: &mut Usage, actual: &[u16], glyphs: &[(ObjectId, u32)]) {
    let alone = glyphs.len() == 1;
    for (font, code) in glyphs {
        let evidence = usage
            .codes
            .entry(*font)
            .or_default()
            .entry(*code)
            .or_default();
        if !alone {
            evidence.bare = true;
        } else if !evidence.texts.iter().any(|text| text == actual) {
            evidence.texts.push(actual.to_vec());
        }
    }
}
