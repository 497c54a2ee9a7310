//! Turns a PDF that Chromium or `printpdf` wrote into valid PDF/A, deterministically. Every output is checked by
//! [`crate::render::check`] before it is called PDF/A.

mod access;
mod artifacts;
mod clean;
mod content;
mod files;
mod fonts;
mod limits;
mod load;
mod losses;
mod metadata;
mod structure;
mod text;

use lopdf::Document;

use crate::model::time::Instant;
use crate::render::check::{self, Violation};
use crate::render::visit::{self, VisitError};

pub use crate::model::flavour::Flavour;
pub use files::{Attachment, Relationship};
pub use losses::losses;

/// What the output says of itself.
#[derive(Clone, Debug)]
pub struct PdfaOptions {
    /// The flavour claimed.
    pub flavour: Flavour,
    /// Title.
    pub title: String,
    /// Language tag.
    pub language: String,
    /// Where the content came from.
    pub source: Option<String>,
    /// When the capture was made.
    pub created: Instant,
    /// This program and its version.
    pub producer: String,
    /// Files to carry, where the flavour may carry any.
    pub files: Vec<Attachment>,
    /// Whether text outside the structure is known to stand in margins: in documents of our own.
    pub with_margins: bool,
}

/// A converted file.
#[derive(Debug)]
pub struct Converted {
    /// The PDF/A.
    pub bytes: Vec<u8>,
    /// Pages.
    pub pages: usize,
    /// Glyphs that the page's fonts did not have; the eye sees boxes.
    pub missing_glyphs: usize,
    /// Whether it says that it is accessible (PDF/UA-1, ISO 14289-1): of level A, and every rule of that standard that a
    /// program can check holds.
    pub is_accessible: bool,
}

/// Why a PDF could not be made PDF/A.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PdfaError {
    /// The input cannot be read as PDF.
    #[error("not a PDF that can be read: {0}")]
    Unreadable(String),
    /// The input is encrypted; PDF/A never is.
    #[error("the PDF is encrypted")]
    Encrypted,
    /// More pages than are converted.
    #[error("the PDF has {pages} pages, {limit} are the most that are converted")]
    TooManyPages {
        /// Pages of the input.
        pages: usize,
        /// The limit.
        limit: usize,
    },
    /// What draws in it cannot be followed.
    #[error("the PDF cannot be followed")]
    Content(#[from] VisitError),
    /// The output breaks rules of PDF/A; it is not called PDF/A.
    #[error("the output breaks {} rules of PDF/A, the first: {}", .0.len(), .0.first().map(ToString::to_string).unwrap_or_default())]
    Violations(Vec<Violation>),
}

/// The most pages that are converted: an element of 10,000,000 px once printed 21,346.
pub const MOST_PAGES: usize = 25_000;

/// Converts `raw`; the same input and options give the same bytes.
pub fn convert(raw: &[u8], options: &PdfaOptions) -> Result<Converted, PdfaError> {
    let mut document = load::load(raw)?;
    let pages = visit::pages(&document).len();
    if pages == 0 {
        return Err(PdfaError::Unreadable("it has no page".to_owned()));
    }
    if pages > MOST_PAGES {
        return Err(PdfaError::TooManyPages {
            pages,
            limit: MOST_PAGES,
        });
    }
    let source = metadata::Raw::new(raw, &document);
    clean::clean(&mut document, options.flavour)?;
    if options.flavour.part() == 4 {
        clean::clear_texts(&mut document);
    }
    let mut usage = text::usage(
        &document,
        &visit::drawings(&document),
        |bytes, operation| content::has_changes(bytes, operation, options.flavour.part() == 4),
    )?;
    let missing_glyphs = usage.missing_glyphs();
    let changing = std::mem::take(&mut usage.changing);
    let plan = fonts::plan(&mut document, usage, options.flavour)?;
    for drawing in changing {
        content::rewrite(&mut document, &plan, drawing)?;
    }
    structure::complete(&mut document, &options.language)?;
    if options.flavour.is_tagged() {
        access::complete(&mut document, options.with_margins)?;
    }
    metadata::write(&mut document, &source, options)?;
    files::attach(&mut document, &options.files, options)?;
    document.prune_objects();
    // A file that was never updated has one section of cross-references without gaps (ISO 32000-1, 7.5.4).
    document.renumber_objects();
    let is_accessible = options.flavour.is_tagged() && is_accessible(&document);
    if is_accessible {
        metadata::call_accessible(&mut document)?;
    }
    let mut bytes = Vec::new();
    document
        .save_to(&mut bytes)
        .map_err(|error| PdfaError::Unreadable(error.to_string()))?;
    drop(document);
    let violations = check::check(&bytes, options.flavour);
    if !violations.is_empty() {
        return Err(PdfaError::Violations(violations));
    }
    Ok(Converted {
        bytes,
        pages,
        missing_glyphs,
        is_accessible,
    })
}

/// Whether a finished file of level A may be called accessible; where it may not, the log says why.
fn is_accessible(document: &Document) -> bool {
    let obstacles = check::check_access(document);
    if let Some(first) = obstacles.first() {
        tracing::debug!(%first, count = obstacles.len(), "not called PDF/UA-1");
    }
    obstacles.is_empty()
}
