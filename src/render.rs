//! PDF/A and the documents this program makes. One way to PDF/A: [`pdfa`] on what the browser or `printpdf` wrote.

pub mod document;
pub mod pdfa;
pub mod pictures;
