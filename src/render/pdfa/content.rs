//! Rewrites content streams: numbers and names beyond the limits, language tags, glyphs that are missing from their font,
//! and private-use characters without a text. Bytes that need no change are copied as they stand.

use std::collections::{BTreeMap, BTreeSet};

use lopdf::{Dictionary, Document, Object, ObjectId};

use crate::render::cmap;
use crate::render::pdfa::limits;
use crate::render::pdfa::text::{self, Follower};
use crate::render::syntax::{self, Kind, Operation};
use crate::render::visit::{self, Drawing, Font, VisitError};

/// What the rewriting of streams needs to know.
#[derive(Debug)]
pub(super) struct Plan {
    /// The fonts, with their maps repaired.
    pub(super) fonts: BTreeMap<ObjectId, Font>,
    /// The stand-in font for missing glyphs of each font that has some.
    pub(super) tofu: BTreeMap<ObjectId, ObjectId>,
    /// Whether private-use characters are given a text that says they are unknown (level A).
    pub(super) mark_private_use: bool,
    /// Whether replacement texts may hold no private-use characters either (part 4).
    pub(super) clear_texts: bool,
}

/// How a glyph is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Showing {
    /// As it stands.
    Plain,
    /// By the stand-in font.
    Missing,
    /// With a text around it.
    Private,
}

/// A stream being rewritten.
#[derive(Debug)]
struct Rewriter<'a> {
    bytes: &'a [u8],
    output: Vec<u8>,
    copied: usize,
    added_fonts: BTreeSet<ObjectId>,
}

impl Rewriter<'_> {
    fn replace(&mut self, at: &std::ops::Range<usize>, with: &[u8]) {
        self.output.extend(&self.bytes[self.copied..at.start]);
        self.output.extend(with);
        self.copied = at.end;
    }

    fn finish(mut self) -> Option<Vec<u8>> {
        if self.copied == 0 {
            return None;
        }
        self.output.extend(&self.bytes[self.copied..]);
        Some(self.output)
    }
}

/// Name of the stand-in font of `font` in resources.
fn tofu_name(font: ObjectId) -> String {
    format!("BevaraMissing{}", font.0)
}

/// Rewrites one stream where it needs it.
pub(super) fn rewrite(
    document: &mut Document,
    plan: &Plan,
    drawing: Drawing,
) -> Result<(), VisitError> {
    let bytes = visit::plain(document, drawing.stream)?;
    let mut rewriter = Rewriter {
        bytes: &bytes,
        output: Vec::new(),
        copied: 0,
        added_fonts: BTreeSet::new(),
    };
    let mut follower = Follower::default();
    let mut operations = syntax::operations(&bytes);
    while let Some(operation) = operations.next() {
        let operation = operation.map_err(|source| VisitError::Syntax {
            id: drawing.stream,
            source,
        })?;
        follower.follow(document, drawing.owner, &bytes, &operation);
        if !show(&mut rewriter, plan, &follower, &operation) {
            operands(&mut rewriter, plan, &operation);
        }
        operations.reuse(operation);
    }
    let added = std::mem::take(&mut rewriter.added_fonts);
    if let Some(content) = rewriter.finish() {
        replace_content(document, drawing.stream, content)?;
    }
    for font in added {
        if let Some(stand_in) = plan.tofu.get(&font) {
            add_font(document, drawing.owner, &tofu_name(font), *stand_in);
        }
    }
    Ok(())
}

/// Puts new bytes in a stream, compressed.
pub(super) fn replace_content(
    document: &mut Document,
    id: ObjectId,
    content: Vec<u8>,
) -> Result<(), VisitError> {
    if let Some(Object::Stream(stream)) = document.objects.get_mut(&id) {
        stream.set_plain_content(content);
        stream
            .compress()
            .map_err(|source| VisitError::Stream { id, source })?;
    }
    Ok(())
}

/// Fixes numbers, names and property lists among the operands.
fn operands(rewriter: &mut Rewriter<'_>, plan: &Plan, operation: &Operation) {
    let bytes = rewriter.bytes;
    mend(bytes, operation, plan.clear_texts, |at, better| {
        rewriter.replace(at, &better);
    });
}

/// Whether anything stands among an operation's operands that [`rewrite`] has to write otherwise.
pub(super) fn has_changes(bytes: &[u8], operation: &Operation, clear_texts: bool) -> bool {
    let mut has = false;
    mend(bytes, operation, clear_texts, |_, _| has = true);
    has
}

/// Tells of each operand that cannot stay, and what is to be written instead.
fn mend(
    bytes: &[u8],
    operation: &Operation,
    clear_texts: bool,
    mut replace: impl FnMut(&std::ops::Range<usize>, Vec<u8>),
) {
    let word = &bytes[operation.operator.clone()];
    let property = |name| match word {
        b"BDC" | b"DP" => text::property(bytes, operation, name),
        _ => None,
    };
    let language = property(b"Lang");
    let replacement = property(b"ActualText").filter(|_| clear_texts);
    for token in &operation.operands {
        let written = &bytes[token.at.clone()];
        let better = if language == Some(token) {
            let tag = limits::language_of(&syntax::text_bytes(written));
            // An empty text says that the language is unknown (ISO 32000-1, 14.9.2.2).
            let tag = format!("({})", tag.unwrap_or_default());
            (tag.as_bytes() != written).then(|| tag.into_bytes())
        } else if replacement == Some(token) {
            cmap::without_private_use(&syntax::text_bytes(written)).map(|text| hex(&text))
        } else {
            match token.kind {
                Kind::Number => limits::number(written),
                Kind::Name => limits::name(&syntax::name_bytes(written)).map(|name| {
                    let mut with_slash = b"/".to_vec();
                    with_slash.extend(name);
                    with_slash
                }),
                Kind::Text if !matches!(word, b"Tj" | b"TJ" | b"'" | b"\"") => {
                    limits::text(&syntax::text_bytes(written)).map(|text| hex(&text))
                }
                Kind::Text | Kind::Bracket | Kind::Word => None,
            }
        };
        if let Some(better) = better {
            replace(&token.at, better);
        }
    }
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    format!("<{}>", hex::encode_upper(bytes)).into_bytes()
}

/// Rewrites an operation that shows glyphs which cannot stay as they are; says whether it did.
fn show(
    rewriter: &mut Rewriter<'_>,
    plan: &Plan,
    follower: &Follower,
    operation: &Operation,
) -> bool {
    let bytes = rewriter.bytes;
    let strings = text::shown(bytes, operation);
    let Some(id) = follower.state.font else {
        return false;
    };
    let Some(font) = plan.fonts.get(&id) else {
        return false;
    };
    let covered = follower.has_actual_text();
    let showing = |code: u32| {
        if font.is_notdef(code) && plan.tofu.contains_key(&id) {
            Showing::Missing
        } else if plan.mark_private_use && !covered && text::is_private(font, code) {
            Showing::Private
        } else {
            Showing::Plain
        }
    };
    let all_plain = strings.iter().all(|token| {
        let text = syntax::text_bytes(&bytes[token.at.clone()]);
        font.codes(&text)
            .all(|code| showing(code) == Showing::Plain)
    });
    if all_plain {
        return false;
    }
    let mut pieces = Pieces::default();
    for token in &operation.operands {
        match token.kind {
            Kind::Text => {
                let text = syntax::text_bytes(&bytes[token.at.clone()]);
                for code in text.chunks(font.width()) {
                    let number = font.codes(code).next().unwrap_or_default();
                    pieces.glyph(showing(number), code);
                }
            }
            Kind::Number => {
                let written = &bytes[token.at.clone()];
                let number = limits::number(written).unwrap_or_else(|| written.to_vec());
                pieces.adjust(&number);
            }
            Kind::Name | Kind::Bracket | Kind::Word => {}
        }
    }
    let word = &bytes[operation.operator.clone()];
    let mut output = pieces.before(word);
    for (showing, elements) in &pieces.runs {
        pieces_text(&mut output, (*showing, elements), id, (bytes, follower));
    }
    if pieces.runs.iter().any(|(run, _)| *run == Showing::Missing) {
        rewriter.added_fonts.insert(id);
    }
    rewriter.replace(&operation.at, &output);
    true
}

/// An element of a `TJ` array.
#[derive(Debug)]
enum Element {
    Codes(Vec<u8>),
    Adjust(Vec<u8>),
}

/// What an operation shows, cut where the way of showing changes.
#[derive(Debug, Default)]
struct Pieces {
    runs: Vec<(Showing, Vec<Element>)>,
    loose: Vec<Vec<u8>>,
}

impl Pieces {
    fn glyph(&mut self, showing: Showing, code: &[u8]) {
        let same = self.runs.last().is_some_and(|(last, _)| *last == showing);
        if !same {
            self.runs.push((showing, Vec::new()));
        }
        let Some((_, elements)) = self.runs.last_mut() else {
            return;
        };
        match elements.last_mut() {
            Some(Element::Codes(codes)) => codes.extend(code),
            _ => elements.push(Element::Codes(code.to_vec())),
        }
    }

    /// A number before the first glyph belongs to the operator (`"`) or opens the array.
    fn adjust(&mut self, number: &[u8]) {
        match self.runs.last_mut() {
            Some((_, elements)) => elements.push(Element::Adjust(number.to_vec())),
            None => self.loose.push(number.to_vec()),
        }
    }

    /// What the operator does before it shows anything (ISO 32000-1, table 109).
    fn before(&self, word: &[u8]) -> Vec<u8> {
        let mut output = Vec::new();
        match word {
            b"'" => output.extend(b"T* "),
            b"\"" => {
                let mut numbers = self.loose.iter();
                for operator in [" Tw ", " Tc "] {
                    if let Some(number) = numbers.next() {
                        output.extend(number);
                        output.extend(operator.as_bytes());
                    }
                }
                output.extend(b"T* ");
            }
            _ => {
                if !self.loose.is_empty() {
                    output.extend(b"[");
                    output.extend(self.loose.join(&b' '));
                    output.extend(b"] TJ ");
                }
            }
        }
        output
    }
}

fn pieces_text(
    output: &mut Vec<u8>,
    (showing, elements): (Showing, &[Element]),
    font: ObjectId,
    (bytes, follower): (&[u8], &Follower),
) {
    let state = &follower.state;
    let missing = showing == Showing::Missing && !state.invisible;
    if missing {
        output.extend(format!("/{} ", tofu_name(font)).as_bytes());
        output.extend(&bytes[state.font_size.clone()]);
        output.extend(b" Tf ");
    }
    if showing == Showing::Private {
        output.extend(b"/Span <</ActualText <FEFFFFFD>>> BDC ");
    }
    output.extend(b"[");
    for element in elements {
        match element {
            Element::Codes(codes) if showing == Showing::Missing => {
                output.extend(hex(&vec![1_u8; codes.len() / 2]));
            }
            Element::Codes(codes) => output.extend(hex(codes)),
            Element::Adjust(number) => {
                output.extend(b" ");
                output.extend(number);
                output.extend(b" ");
            }
        }
    }
    output.extend(b"] TJ");
    if showing == Showing::Private {
        output.extend(b" EMC");
    }
    if missing {
        output.extend(b" ");
        output.extend(&bytes[state.font_name.clone()]);
        output.extend(b" ");
        output.extend(&bytes[state.font_size.clone()]);
        output.extend(b" Tf");
    }
    output.extend(b"\n");
}

/// Adds a font to the resources of `owner`; a missing dictionary is made.
fn add_font(document: &mut Document, owner: ObjectId, name: &str, font: ObjectId) {
    let resources = below(document, owner, b"Resources");
    let Some(at) = resources else { return };
    let place = match at {
        Place::Indirect(id) => document
            .objects
            .get_mut(&id)
            .and_then(visit::as_dictionary_mut),
        Place::Direct(id) => document
            .objects
            .get_mut(&id)
            .and_then(visit::as_dictionary_mut)
            .and_then(|owner| direct(owner, b"Resources")),
    };
    let Some(resources) = place else { return };
    let fonts = match resources.get(b"Font") {
        Ok(Object::Reference(id)) => Some(*id),
        Ok(_) | Err(_) => None,
    };
    let fonts = match fonts {
        Some(id) => document
            .objects
            .get_mut(&id)
            .and_then(visit::as_dictionary_mut),
        None => direct(resources, b"Font"),
    };
    if let Some(fonts) = fonts {
        fonts.set(name, font);
    }
}

#[derive(Debug)]
enum Place {
    Indirect(ObjectId),
    Direct(ObjectId),
}

fn below(document: &Document, owner: ObjectId, key: &[u8]) -> Option<Place> {
    let dictionary = visit::as_dictionary(document.objects.get(&owner)?)?;
    match dictionary.get(key) {
        Ok(Object::Reference(id)) => Some(Place::Indirect(*id)),
        Ok(_) | Err(_) => Some(Place::Direct(owner)),
    }
}

fn direct<'a>(parent: &'a mut Dictionary, key: &[u8]) -> Option<&'a mut Dictionary> {
    if !parent.has(key) {
        parent.set(key, Dictionary::new());
    }
    match parent.get_mut(key) {
        Ok(Object::Dictionary(dictionary)) => Some(dictionary),
        Ok(_) | Err(_) => None,
    }
}
