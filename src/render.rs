//! PDF/A and the documents this program makes. One way to PDF/A: [`pdfa`] on what the browser or `printpdf` wrote.

pub mod apart;
pub mod check;
mod cmap;
pub mod document;
mod inflate;
pub mod kontobok;
mod marked;
pub mod pdf_text;
pub mod pdfa;
pub mod pictures;
mod syntax;
mod visit;
