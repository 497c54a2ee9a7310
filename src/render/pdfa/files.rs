//! Files carried inside (ISO 19005-3, 6.8; ISO 19005-4, 6.9): what the page's content was read to.

use lopdf::{Document, Object, Stream, dictionary};

use crate::render::cmap;
use crate::render::pdfa::{PdfaOptions, clean};
use crate::render::visit::VisitError;

/// How a carried file belongs to the document (`AFRelationship`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relationship {
    /// The document was made from it.
    Source,
    /// Data that the document shows.
    Data,
    /// The same content in another form.
    Alternative,
}

impl Relationship {
    fn name(self) -> &'static str {
        match self {
            Self::Source => "Source",
            Self::Data => "Data",
            Self::Alternative => "Alternative",
        }
    }
}

/// A file to carry.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// File name: ASCII letters, digits, dot and hyphen.
    pub name: String,
    /// MIME type.
    pub media_type: &'static str,
    /// What it is, for people.
    pub description: String,
    /// How it belongs to the document.
    pub relationship: Relationship,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Puts the files in: streams, file specifications, the name tree and the catalog's `AF`.
pub(super) fn attach(
    document: &mut Document,
    files: &[Attachment],
    options: &PdfaOptions,
) -> Result<(), VisitError> {
    if files.is_empty() || !options.flavour.carries_files() {
        return Ok(());
    }
    let root = clean::root_id(document)?;
    let date = format!("D:{}+00'00'", options.created.utc().format("%Y%m%d%H%M%S"));
    let mut files: Vec<&Attachment> = files.iter().collect();
    // The name tree is sorted (ISO 32000-1, 7.9.6).
    files.sort_by(|one, other| one.name.cmp(&other.name));
    let mut names = Vec::new();
    let mut associated = Vec::new();
    for file in files {
        let size = i64::try_from(file.bytes.len()).unwrap_or(i64::MAX);
        let mut stream = Stream::new(
            dictionary! {
                "Type" => "EmbeddedFile",
                "Subtype" => file.media_type,
                "Params" => dictionary! { "Size" => size, "ModDate" => Object::string_literal(date.clone()) },
            },
            file.bytes.clone(),
        );
        stream
            .compress()
            .map_err(|source| VisitError::Stream { id: root, source })?;
        let stream = document.add_object(stream);
        let name = || Object::string_literal(cmap::text_string(&file.name));
        let specification = document.add_object(dictionary! {
            "Type" => "Filespec",
            "F" => name(),
            "UF" => name(),
            "Desc" => Object::string_literal(cmap::text_string(&file.description)),
            "AFRelationship" => file.relationship.name(),
            "EF" => dictionary! { "F" => stream, "UF" => stream },
        });
        names.extend([name(), specification.into()]);
        associated.push(Object::Reference(specification));
    }
    let tree = document.add_object(dictionary! { "Names" => names });
    match clean::names_dictionary(document, root) {
        Some(all) => all.set("EmbeddedFiles", tree),
        None => {
            if let Some(catalog) = clean::dictionary_mut(document, root) {
                catalog.set("Names", dictionary! { "EmbeddedFiles" => tree });
            }
        }
    }
    if let Some(catalog) = clean::dictionary_mut(document, root) {
        catalog.set("AF", associated);
    }
    Ok(())
}
