//! Finds what draws in a PDF: content streams with the resources they use, and the fonts these name. Converter and
//! checker share this and nothing else but the reading of syntax.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the kinds of PDF objects are closed (ISO 32000-1, 7.3), and most places want one of them"
)]

use std::collections::BTreeMap;

use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use crate::render::cmap::{self, UnicodeMap};
use crate::render::inflate;
use crate::render::syntax::SyntaxError;

/// A stream may inflate to this many bytes; a page that Chromium writes stays far below.
pub(crate) const LARGEST_STREAM: usize = 512 * 1024 * 1024;

/// A stream of operators and the object whose `/Resources` it draws with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Drawing {
    /// The stream.
    pub(crate) stream: ObjectId,
    /// A page, the stream itself, or a Type 3 font.
    pub(crate) owner: ObjectId,
}

/// How the codes of a font are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FontKind {
    /// Two-byte codes that are glyph numbers, or lead to them by the map.
    Composite {
        /// `CIDToGIDMap` where it is a stream.
        glyphs: Option<Vec<u8>>,
        /// The font of the glyphs.
        descendant: ObjectId,
    },
    /// One-byte codes, glyphs drawn by streams; the codes whose glyph is called `.notdef`.
    Type3 {
        /// Codes with a glyph.
        drawn: BTreeMap<u32, Vec<u8>>,
    },
    /// Anything else: neither Chromium nor `printpdf` writes it.
    Other,
}

/// A font as far as text is concerned.
#[derive(Clone, Debug)]
pub(crate) struct Font {
    /// How codes are read.
    pub(crate) kind: FontKind,
    /// Its `ToUnicode` map, if it has one.
    pub(crate) unicode: Option<UnicodeMap>,
}

impl Font {
    /// Bytes per code.
    pub(crate) fn width(&self) -> usize {
        match self.kind {
            FontKind::Composite { .. } => 2,
            FontKind::Type3 { .. } | FontKind::Other => 1,
        }
    }

    /// The codes in a shown string.
    pub(crate) fn codes<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = u32> + use<'a> {
        bytes.chunks(self.width()).map(|code| {
            code.iter()
                .fold(0_u32, |value, byte| value << 8 | u32::from(*byte))
        })
    }

    /// The glyph number of a code of a composite font.
    pub(crate) fn glyph(&self, code: u32) -> u32 {
        match &self.kind {
            FontKind::Composite {
                glyphs: Some(glyphs),
                ..
            } => {
                let at = usize::try_from(code).map_or(usize::MAX, |code| code.saturating_mul(2));
                glyphs
                    .get(at..at.saturating_add(2))
                    .map_or(0, |pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])))
            }
            FontKind::Composite { glyphs: None, .. } | FontKind::Type3 { .. } | FontKind::Other => {
                code
            }
        }
    }

    /// Whether the code shows the glyph that stands for a missing one.
    pub(crate) fn is_notdef(&self, code: u32) -> bool {
        match &self.kind {
            FontKind::Composite { .. } => self.glyph(code) == 0,
            FontKind::Type3 { drawn } => drawn
                .get(&code)
                .is_none_or(|name| name.as_slice() == b".notdef"),
            FontKind::Other => false,
        }
    }
}

/// Why what draws cannot be followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VisitError {
    /// An object is not what it has to be.
    #[error("object {} {}: {what}", .id.0, .id.1)]
    Object {
        /// The object.
        id: ObjectId,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A stream cannot be inflated.
    #[error("object {} {}: stream cannot be decoded", .id.0, .id.1)]
    Stream {
        /// The object.
        id: ObjectId,
        /// What the library says.
        source: lopdf::Error,
    },
    /// A stream's operators cannot be read.
    #[error("object {} {}", .id.0, .id.1)]
    Syntax {
        /// The object.
        id: ObjectId,
        /// Where it stops.
        source: SyntaxError,
    },
}

/// The object a value stands for, references followed.
pub(crate) fn resolve<'a>(document: &'a Document, object: &'a Object) -> Option<&'a Object> {
    match document.dereference(object) {
        Ok((_, object)) => Some(object),
        // A reference to nothing stands for null (ISO 32000-1, 7.3.10).
        Err(_) => None,
    }
}

/// The value of a key, references followed; `None` where it is absent or null.
pub(crate) fn value<'a>(
    document: &'a Document,
    dictionary: &'a Dictionary,
    key: &[u8],
) -> Option<&'a Object> {
    match dictionary.get(key) {
        Ok(object) => resolve(document, object).filter(|object| !object.is_null()),
        Err(_) => None,
    }
}

/// The dictionary below a key.
pub(crate) fn dictionary<'a>(
    document: &'a Document,
    parent: &'a Dictionary,
    key: &[u8],
) -> Option<&'a Dictionary> {
    as_dictionary(value(document, parent, key)?)
}

/// The name below a key.
pub(crate) fn name<'a>(
    document: &'a Document,
    parent: &'a Dictionary,
    key: &[u8],
) -> Option<&'a [u8]> {
    match value(document, parent, key)? {
        Object::Name(name) => Some(name),
        _ => None,
    }
}

/// The dictionary of an object, be it a stream's.
pub(crate) fn as_dictionary(object: &Object) -> Option<&Dictionary> {
    match object {
        Object::Dictionary(dictionary) => Some(dictionary),
        Object::Stream(stream) => Some(&stream.dict),
        _ => None,
    }
}

/// The dictionary of an object, be it a stream's.
pub(crate) fn as_dictionary_mut(object: &mut Object) -> Option<&mut Dictionary> {
    match object {
        Object::Dictionary(dictionary) => Some(dictionary),
        Object::Stream(stream) => Some(&mut stream.dict),
        _ => None,
    }
}

/// The stream with this id.
pub(crate) fn stream(document: &Document, id: ObjectId) -> Result<&Stream, VisitError> {
    match document.objects.get(&id) {
        Some(Object::Stream(stream)) => Ok(stream),
        _ => Err(VisitError::Object {
            id,
            what: "expected a stream",
        }),
    }
}

/// The decoded bytes of a stream.
pub(crate) fn plain(document: &Document, id: ObjectId) -> Result<Vec<u8>, VisitError> {
    let stream = stream(document, id)?;
    // What is anything but whole and merely deflated is for the library to make out.
    if is_deflated(&stream.dict)
        && let Some(plain) = inflate::inflate(&stream.content, LARGEST_STREAM)
    {
        return Ok(plain);
    }
    stream
        .get_plain_content_with_limit(LARGEST_STREAM)
        .map_err(|source| VisitError::Stream { id, source })
}

/// Whether a stream is deflated and nothing else (ISO 32000-1, 7.4.4).
fn is_deflated(stream: &Dictionary) -> bool {
    let filter = match stream.get(b"Filter") {
        Ok(Object::Name(name)) => name.as_slice(),
        Ok(Object::Array(filters)) => match filters.as_slice() {
            [Object::Name(name)] => name.as_slice(),
            _ => return false,
        },
        _ => return false,
    };
    filter == b"FlateDecode" && !stream.has(b"DecodeParms")
}

/// A number, whole or not.
pub(crate) fn number(object: &Object) -> Option<f32> {
    match object {
        Object::Real(value) => Some(*value),
        #[expect(
            clippy::cast_precision_loss,
            reason = "widths and edges are far below 2^24"
        )]
        Object::Integer(value) => Some(*value as f32),
        Object::Null
        | Object::Boolean(_)
        | Object::Name(_)
        | Object::String(..)
        | Object::Array(_)
        | Object::Dictionary(_)
        | Object::Stream(_)
        | Object::Reference(_) => None,
    }
}

/// All pages in order.
pub(crate) fn pages(document: &Document) -> Vec<ObjectId> {
    document.page_iter().collect()
}

/// Every stream of operators in the file: pages, form objects, tiling patterns and the glyphs of Type 3 fonts.
pub(crate) fn drawings(document: &Document) -> Vec<Drawing> {
    let mut all = Vec::new();
    for (&id, object) in &document.objects {
        match object {
            Object::Stream(stream) if is_drawing(document, stream) => {
                all.push(Drawing {
                    stream: id,
                    owner: id,
                });
            }
            Object::Dictionary(font) if is_type3(document, font) => {
                let glyphs = dictionary(document, font, b"CharProcs");
                for (_, glyph) in glyphs.into_iter().flat_map(Dictionary::iter) {
                    if let Object::Reference(stream) = glyph {
                        all.push(Drawing {
                            stream: *stream,
                            owner: id,
                        });
                    }
                }
            }
            _ => {}
        }
    }
    for page in pages(document) {
        for stream in document.get_page_contents(page) {
            all.push(Drawing {
                stream,
                owner: page,
            });
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

fn is_drawing(document: &Document, stream: &Stream) -> bool {
    name(document, &stream.dict, b"Subtype") == Some(b"Form")
        || matches!(
            value(document, &stream.dict, b"PatternType"),
            Some(Object::Integer(1))
        )
}

/// Whether a dictionary is a Type 3 font.
pub(crate) fn is_type3(document: &Document, font: &Dictionary) -> bool {
    name(document, font, b"Type") == Some(b"Font")
        && name(document, font, b"Subtype") == Some(b"Type3")
}

/// The resources of a drawing's owner.
pub(crate) fn resources(document: &Document, owner: ObjectId) -> Option<&Dictionary> {
    let owner = as_dictionary(document.objects.get(&owner)?)?;
    dictionary(document, owner, b"Resources")
}

/// The font that a resource name stands for; fonts are indirect objects.
pub(crate) fn font_id(document: &Document, owner: ObjectId, name: &[u8]) -> Option<ObjectId> {
    let fonts = dictionary(document, resources(document, owner)?, b"Font")?;
    match fonts.get(name) {
        Ok(Object::Reference(id)) => Some(*id),
        Ok(_) | Err(_) => None,
    }
}

/// Reads a font.
pub(crate) fn font(document: &Document, id: ObjectId) -> Result<Font, VisitError> {
    let wrong = |what| VisitError::Object { id, what };
    let dict = document
        .objects
        .get(&id)
        .and_then(as_dictionary)
        .ok_or_else(|| wrong("expected a font"))?;
    let unicode = match dict.get(b"ToUnicode") {
        Ok(Object::Reference(map)) => Some(
            cmap::parse(&plain(document, *map)?)
                .map_err(|source| VisitError::Syntax { id: *map, source })?,
        ),
        Ok(_) | Err(_) => None,
    };
    let kind = match name(document, dict, b"Subtype") {
        Some(b"Type0") => composite(document, dict, id)?,
        Some(b"Type3") => FontKind::Type3 {
            drawn: differences(document, dict),
        },
        _ => FontKind::Other,
    };
    Ok(Font { kind, unicode })
}

fn composite(document: &Document, dict: &Dictionary, id: ObjectId) -> Result<FontKind, VisitError> {
    let encoding = name(document, dict, b"Encoding");
    if !matches!(encoding, Some(b"Identity-H" | b"Identity-V")) {
        return Ok(FontKind::Other);
    }
    let descendants = value(document, dict, b"DescendantFonts");
    let descendant = match descendants {
        Some(Object::Array(fonts)) => match fonts.first() {
            Some(Object::Reference(id)) => *id,
            _ => return Ok(FontKind::Other),
        },
        _ => return Ok(FontKind::Other),
    };
    let below = document
        .objects
        .get(&descendant)
        .and_then(as_dictionary)
        .ok_or(VisitError::Object {
            id,
            what: "font has no descendant",
        })?;
    let glyphs = match below.get(b"CIDToGIDMap") {
        Ok(Object::Reference(map)) => Some(plain(document, *map)?),
        Ok(_) | Err(_) => None,
    };
    Ok(FontKind::Composite { glyphs, descendant })
}

/// Code → glyph name from the `Differences` of a font's encoding.
fn differences(document: &Document, font: &Dictionary) -> BTreeMap<u32, Vec<u8>> {
    let mut names = BTreeMap::new();
    let list = dictionary(document, font, b"Encoding")
        .and_then(|encoding| value(document, encoding, b"Differences"));
    if let Some(Object::Array(list)) = list {
        let mut code = 0_u32;
        for entry in list {
            match entry {
                Object::Integer(start) => code = u32::try_from(*start).unwrap_or(u32::MAX),
                Object::Name(name) => {
                    names.insert(code, name.clone());
                    code = code.saturating_add(1);
                }
                _ => {}
            }
        }
    }
    names
}

/// The width of a CID in thousandths of the em: `W`, else `DW`, else 1000 (ISO 32000-1, 9.7.4.3).
pub(crate) fn cid_width(document: &Document, descendant: ObjectId, cid: u32) -> f32 {
    let Some(font) = document.objects.get(&descendant).and_then(as_dictionary) else {
        return 1000.0;
    };
    let default = value(document, font, b"DW")
        .and_then(number)
        .unwrap_or(1000.0);
    let Some(Object::Array(list)) = value(document, font, b"W") else {
        return default;
    };
    listed_width(document, list, cid).unwrap_or(default)
}

fn listed_width(document: &Document, list: &[Object], cid: u32) -> Option<f32> {
    let whole = |object: &Object| match object {
        Object::Integer(number) => u32::try_from(*number).ok(),
        _ => None,
    };
    let mut entries = list.iter();
    while let (Some(first), Some(second)) = (entries.next(), entries.next()) {
        let first = whole(first)?;
        if let Some(Object::Array(widths)) = resolve(document, second) {
            let index = usize::try_from(cid.checked_sub(first).unwrap_or(u32::MAX));
            if let Some(width) = index.map_or(None, |index| widths.get(index)) {
                return number(width);
            }
        } else {
            let width = entries.next()?;
            if (first..=whole(second)?).contains(&cid) {
                return number(width);
            }
        }
    }
    None
}

/// The bytes of the program that a descendant font embeds.
pub(crate) fn font_program(
    document: &Document,
    descendant: ObjectId,
) -> Result<Option<Vec<u8>>, VisitError> {
    let Some(font) = document.objects.get(&descendant).and_then(as_dictionary) else {
        return Ok(None);
    };
    let Some(descriptor) = dictionary(document, font, b"FontDescriptor") else {
        return Ok(None);
    };
    for key in [&b"FontFile2"[..], b"FontFile3", b"FontFile"] {
        if let Ok(Object::Reference(id)) = descriptor.get(key) {
            return plain(document, *id).map(Some);
        }
    }
    Ok(None)
}

/// What the parent tree of a structure says of each key, as it stands there (ISO 32000-1, 7.9.7, 14.7.4.4).
pub(crate) fn parents<'a>(
    document: &'a Document,
    tree: &'a Dictionary,
) -> BTreeMap<i64, &'a Object> {
    let mut found = BTreeMap::new();
    let mut nodes: Vec<&Dictionary> = dictionary(document, tree, b"ParentTree")
        .into_iter()
        .collect();
    // A tree that bites its tail has no more nodes than the file has objects.
    for _ in 0..=document.objects.len() {
        let Some(node) = nodes.pop() else {
            break;
        };
        if let Some(Object::Array(pairs)) = value(document, node, b"Nums") {
            for pair in pairs.chunks_exact(2) {
                if let [Object::Integer(key), entry] = pair {
                    found.entry(*key).or_insert(entry);
                }
            }
        }
        if let Some(Object::Array(kids)) = value(document, node, b"Kids") {
            let kids = kids.iter().filter_map(|kid| resolve(document, kid));
            nodes.extend(kids.filter_map(as_dictionary));
        }
    }
    found
}
