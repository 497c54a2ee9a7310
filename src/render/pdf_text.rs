//! The text of a PDF in the order in which it is drawn, read back from the file: what is shown, as its fonts' `ToUnicode`
//! maps and its `ActualText` say it. It tells whether what the page says stands in the PDF too.

use std::collections::BTreeMap;

use lopdf::{Document, LoadOptions, Object, ObjectId};

use crate::render::cmap;
use crate::render::syntax::{self, Kind, Operation};
use crate::render::visit::{self, Font, LARGEST_STREAM, VisitError};

/// Form objects within each other: every element that is not quite opaque is one, and a page may nest hundreds.
const DEPTH: usize = 1_000;
/// Form objects drawn in all.
const FORMS: usize = 1_000_000;
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
        forms: 0,
    };
    for page in visit::pages(&document) {
        let mut bytes = Vec::new();
        for stream in document.get_page_contents(page) {
            bytes.extend(visit::plain(&document, stream)?);
            bytes.push(b'\n');
        }
        reader.content(Open::of(page, bytes))?;
    }
    Ok(String::from_utf16_lossy(&reader.units))
}

struct Reader<'a> {
    document: &'a Document,
    fonts: BTreeMap<ObjectId, Font>,
    units: Vec<u16>,
    forms: usize,
}

/// A content stream that is being read, and how far.
struct Open {
    /// The page or form whose resources it uses.
    owner: ObjectId,
    bytes: Vec<u8>,
    at: usize,
    state: State,
}

impl Open {
    fn of(owner: ObjectId, bytes: Vec<u8>) -> Self {
        Self {
            owner,
            bytes,
            at: 0,
            state: State::default(),
        }
    }
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
    /// Reads a stream and the forms drawn in it, each where it is drawn. The stack is no call stack: it may grow high.
    fn content(&mut self, page: Open) -> Result<(), PdfTextError> {
        let mut stack = vec![page];
        while let Some(open) = stack.last_mut() {
            let Some(operation) = syntax::operations_from(&open.bytes, open.at).next() else {
                stack.pop();
                continue;
            };
            let id = open.owner;
            let operation = operation.map_err(|source| VisitError::Syntax { id, source })?;
            if self.units.len() > LENGTH {
                return Ok(());
            }
            open.at = operation.at.end;
            if &open.bytes[operation.operator.clone()] != b"Do" {
                self.operation(open, &operation)?;
                continue;
            }
            let form = self.form(open, &operation)?;
            if let Some(form) = form
                && stack.len() < DEPTH
                && self.forms < FORMS
            {
                self.forms += 1;
                stack.push(form);
            }
        }
        Ok(())
    }

    fn operation(&mut self, open: &mut Open, operation: &Operation) -> Result<(), PdfTextError> {
        let Open {
            owner,
            bytes,
            state,
            ..
        } = open;
        match &bytes[operation.operator.clone()] {
            b"q" => state.saved.push(state.font),
            b"Q" => state.font = state.saved.pop().flatten(),
            b"Tf" => {
                let name = operation.operands.first();
                let name = name.map(|name| syntax::name_bytes(&bytes[name.at.clone()]));
                state.font = name.and_then(|name| visit::font_id(self.document, *owner, &name));
            }
            b"BDC" | b"BMC" => {
                let text = self.actual_text(*owner, bytes, operation);
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
            b"Tj" | b"TJ" | b"'" | b"\"" => self.show(state, bytes, operation)?,
            _ => {}
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

    /// The form that is drawn, if it is one.
    fn form(&self, open: &Open, operation: &Operation) -> Result<Option<Open>, PdfTextError> {
        let Some(name) = operation.operands.first() else {
            return Ok(None);
        };
        let name = syntax::name_bytes(&open.bytes[name.at.clone()]);
        let objects = visit::resources(self.document, open.owner)
            .and_then(|resources| visit::dictionary(self.document, resources, b"XObject"));
        let Some(Object::Reference(id)) = objects.and_then(|objects| objects.get(&name).ok())
        else {
            return Ok(None);
        };
        let is_form = match self.document.objects.get(id) {
            Some(Object::Stream(stream)) => {
                visit::name(self.document, &stream.dict, b"Subtype") == Some(b"Form")
            }
            _ => false,
        };
        if !is_form {
            return Ok(None);
        }
        Ok(Some(Open::of(*id, visit::plain(self.document, *id)?)))
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

#[cfg(test)]
mod tests {
    use lopdf::{Dictionary, Stream, dictionary};

    use super::*;

    /// A page that draws form 0; form n draws form n + 1 and the last one `inner`, whose letters are their own codes.
    fn nested(forms: u32, inner: &str) -> Vec<u8> {
        let mut document = Document::with_version("1.7");
        let map = "1 begincodespacerange <00> <ff> endcodespacerange\n\
                   1 beginbfrange <20> <7e> <0020> endbfrange";
        let map = document.add_object(Stream::new(Dictionary::new(), map.as_bytes().to_vec()));
        let font = document.add_object(dictionary! {
            "Type" => "Font", "Subtype" => "Type3", "ToUnicode" => map,
        });
        let first = document.max_id + 1;
        for number in 0..forms {
            let is_last = number + 1 == forms;
            let own = if is_last { inner } else { "q /X Do Q" };
            let resources = dictionary! {
                "Font" => dictionary! { "F" => font },
                "XObject" => dictionary! { "X" => (if is_last { first } else { first + number + 1 }, 0) },
            };
            let form =
                dictionary! { "Type" => "XObject", "Subtype" => "Form", "Resources" => resources };
            document.add_object(Stream::new(form, own.as_bytes().to_vec()));
        }
        let content = document.add_object(Stream::new(Dictionary::new(), b"/X Do".to_vec()));
        let resources = dictionary! { "XObject" => dictionary! { "X" => (first, 0) } };
        let pages = document.new_object_id();
        let page = document.add_object(dictionary! {
            "Type" => "Page", "Parent" => pages, "Contents" => content, "Resources" => resources,
        });
        let all = dictionary! { "Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1 };
        document.objects.insert(pages, Object::Dictionary(all));
        let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages });
        document.trailer.set("Root", catalog);
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn text_is_read_however_deep_it_is_drawn() {
        for forms in [1, 60, 900] {
            let pdf = nested(forms, "BT /F 9 Tf (Langst inne.) Tj ET");
            assert_eq!(read(&pdf).unwrap(), "Langst inne.\n", "{forms}");
        }
    }

    #[test]
    fn forms_that_draw_each_other_end() {
        let inner = "BT /F 9 Tf (a) Tj ET /X Do";
        // Every other form shows a letter and a line's end; the page is the first of the stack.
        assert_eq!(read(&nested(2, inner)).unwrap().len(), DEPTH - 2);
        // Two that draw each other twice would be drawn more often than there is time.
        let twice = read(&nested(2, &format!("{inner} /X Do"))).unwrap();
        assert!(twice.len() > DEPTH && twice.len() < 2 * FORMS);
    }
}
