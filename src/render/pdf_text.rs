//! The text of a PDF in the order in which it is drawn, read back from the file: what is shown, as its fonts' `ToUnicode`
//! maps and its `ActualText` say it. It tells whether what the page says stands in the PDF too.

use std::collections::BTreeMap;

use lopdf::{Document, LoadOptions, Object, ObjectId};

use crate::render::cmap;
use crate::render::syntax::{self, Kind, Operation};
use crate::render::visit::{self, Font, LARGEST_STREAM, VisitError};

/// Form objects within each other.
const DEPTH: usize = 24;
/// UTF-16 units of text that are read.
const LENGTH: usize = 100_000_000;

/// Why the text of a PDF cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PdfTextError {
    /// Not a PDF that can be read.
    #[error("the PDF cannot be read")]
    Load(#[from] lopdf::Error),
    /// A stream or a font cannot be followed.
    #[error(transparent)]
    Visit(#[from] VisitError),
}

/// The text of all pages. Each string that is shown stands by itself, with a line break where a text object ends.
pub fn read(pdf: &[u8]) -> Result<String, PdfTextError> {
    let options = LoadOptions {
        max_decompressed_size: Some(LARGEST_STREAM),
        ..LoadOptions::default()
    };
    let document = Document::load_mem_with_options(pdf, options)?;
    let mut reader = Reader {
        document: &document,
        fonts: BTreeMap::new(),
        units: Vec::new(),
    };
    for page in visit::pages(&document) {
        let mut bytes = Vec::new();
        for stream in document.get_page_contents(page) {
            bytes.extend(visit::plain(&document, stream)?);
            bytes.push(b'\n');
        }
        reader.stream(page, page, &bytes, 0)?;
    }
    Ok(String::from_utf16_lossy(&reader.units))
}

struct Reader<'a> {
    document: &'a Document,
    fonts: BTreeMap<ObjectId, Font>,
    units: Vec<u16>,
}

/// The state of text within one stream: the font in force, those saved, and for each marked sequence that is open
/// whether a text stands for it.
#[derive(Default)]
struct State {
    font: Option<ObjectId>,
    saved: Vec<Option<ObjectId>>,
    replaced: Vec<bool>,
}

impl Reader<'_> {
    fn stream(
        &mut self,
        owner: ObjectId,
        stream: ObjectId,
        bytes: &[u8],
        depth: usize,
    ) -> Result<(), PdfTextError> {
        let mut state = State::default();
        for operation in syntax::operations(bytes) {
            let operation =
                operation.map_err(|source| VisitError::Syntax { id: stream, source })?;
            if self.units.len() > LENGTH {
                return Ok(());
            }
            match &bytes[operation.operator.clone()] {
                b"q" => state.saved.push(state.font),
                b"Q" => state.font = state.saved.pop().flatten(),
                b"Tf" => {
                    let name = operation.operands.first();
                    let name = name.map(|name| syntax::name_bytes(&bytes[name.at.clone()]));
                    state.font = name.and_then(|name| visit::font_id(self.document, owner, &name));
                }
                b"BDC" | b"BMC" => {
                    let text = self.actual_text(owner, bytes, &operation);
                    let outer = state.replaced.iter().any(|one| *one);
                    if let Some(text) = text.as_ref().filter(|_| !outer) {
                        self.units.extend(text);
                    }
                    state.replaced.push(text.is_some());
                }
                b"EMC" => {
                    state.replaced.pop();
                }
                b"ET" => self.units.push(u16::from(b'\n')),
                b"Tj" | b"TJ" | b"'" | b"\"" => self.show(&state, bytes, &operation)?,
                b"Do" if depth < DEPTH => self.form(owner, bytes, &operation, depth)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn show(
        &mut self,
        state: &State,
        bytes: &[u8],
        operation: &Operation,
    ) -> Result<(), PdfTextError> {
        let Some(id) = state.font else {
            return Ok(());
        };
        if state.replaced.iter().any(|one| *one) {
            return Ok(());
        }
        if !self.fonts.contains_key(&id) {
            self.fonts.insert(id, visit::font(self.document, id)?);
        }
        let Some(font) = self.fonts.get(&id) else {
            return Ok(());
        };
        let strings = operation.operands.iter();
        for token in strings.filter(|token| token.kind == Kind::Text) {
            let codes = syntax::text_bytes(&bytes[token.at.clone()]);
            for code in font.codes(&codes) {
                match font.unicode.as_ref().and_then(|map| map.get(&code)) {
                    Some(units) => self.units.extend(units),
                    None => self.units.push(cmap::UNKNOWN),
                }
            }
        }
        Ok(())
    }

    fn form(
        &mut self,
        owner: ObjectId,
        bytes: &[u8],
        operation: &Operation,
        depth: usize,
    ) -> Result<(), PdfTextError> {
        let Some(name) = operation.operands.first() else {
            return Ok(());
        };
        let name = syntax::name_bytes(&bytes[name.at.clone()]);
        let objects = visit::resources(self.document, owner)
            .and_then(|resources| visit::dictionary(self.document, resources, b"XObject"));
        let Some(Object::Reference(id)) = objects.and_then(|objects| objects.get(&name).ok())
        else {
            return Ok(());
        };
        let is_form = match self.document.objects.get(id) {
            Some(Object::Stream(stream)) => {
                visit::name(self.document, &stream.dict, b"Subtype") == Some(b"Form")
            }
            _ => false,
        };
        if is_form {
            let inner = visit::plain(self.document, *id)?;
            self.stream(*id, *id, &inner, depth + 1)?;
        }
        Ok(())
    }

    /// The text that stands for a marked sequence: in its property list, or in one that the resources name.
    fn actual_text(
        &self,
        owner: ObjectId,
        bytes: &[u8],
        operation: &Operation,
    ) -> Option<Vec<u16>> {
        let tokens = &operation.operands;
        let key = tokens.iter().position(|token| {
            token.kind == Kind::Name && &bytes[token.at.clone()] == b"/ActualText"
        });
        if let Some(text) = key.and_then(|key| tokens.get(key + 1)) {
            return (text.kind == Kind::Text)
                .then(|| cmap::text_units(&syntax::text_bytes(&bytes[text.at.clone()])));
        }
        let name = tokens.get(1).filter(|token| token.kind == Kind::Name)?;
        let name = syntax::name_bytes(&bytes[name.at.clone()]);
        let resources = visit::resources(self.document, owner)?;
        let lists = visit::dictionary(self.document, resources, b"Properties")?;
        let list = visit::dictionary(self.document, lists, &name)?;
        match visit::value(self.document, list, b"ActualText") {
            Some(Object::String(text, _)) => Some(cmap::text_units(text)),
            _ => None,
        }
    }
}
