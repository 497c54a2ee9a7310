//! What the conversion would leave out of a PDF that somebody else made. A browser's print has none of it; of a person's
//! file it may be what matters: a filled-in form, a comment, a file carried along.

use lopdf::{Document, Object};

use crate::render::pdfa::{PdfaError, load};
use crate::render::visit;

/// What [`crate::render::pdfa::convert`] would take out of `raw` that a reader sees or opens; empty where nothing is lost.
pub fn losses(raw: &[u8]) -> Result<Vec<&'static str>, PdfaError> {
    let document = load::load(raw)?;
    let mut lost = Vec::new();
    if let Ok(catalog) = document.catalog() {
        for (key, what) in [
            (&b"AcroForm"[..], "form"),
            (b"OCProperties", "layers"),
            (b"Collection", "portfolio"),
            (b"AF", "files carried along"),
        ] {
            if catalog.has(key) {
                lost.push(what);
            }
        }
        let names = visit::dictionary(&document, catalog, b"Names");
        if names.is_some_and(|names| names.has(b"EmbeddedFiles")) {
            lost.push("files carried along");
        }
    }
    if has_notes(&document) {
        lost.push("comments");
    }
    lost.dedup();
    Ok(lost)
}

/// Whether a page has annotations other than links.
fn has_notes(document: &Document) -> bool {
    visit::pages(document).into_iter().any(|page| {
        let list = document
            .objects
            .get(&page)
            .and_then(visit::as_dictionary)
            .and_then(|page| visit::value(document, page, b"Annots"));
        let Some(Object::Array(list)) = list else {
            return false;
        };
        list.iter()
            .filter_map(|one| visit::resolve(document, one).and_then(visit::as_dictionary))
            .any(|one| visit::name(document, one, b"Subtype") != Some(b"Link"))
    })
}
