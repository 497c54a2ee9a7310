//! Swedish documents as HTML from one template: gallringsprotokoll, förteckning, reports. The browser prints them and
//! [`crate::render::pdfa`] makes them PDF/A-2a. They are made from JSON that is written first.

/// A document for people.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// Title, also the top heading.
    pub title: String,
    /// A line under the heading.
    pub subtitle: String,
    /// Whether it comes from a test archive (PROVARKIV stands on every page).
    pub test: bool,
    /// Its parts.
    pub sections: Vec<Section>,
}

/// A part with a heading.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Heading.
    pub heading: String,
    /// What it holds.
    pub blocks: Vec<Block>,
}

/// A piece of a section.
#[derive(Clone, Debug)]
pub enum Block {
    /// Running text.
    Text(String),
    /// Names and values.
    Facts(Vec<(String, String)>),
    /// A table with a heading row.
    Table {
        /// Heading row.
        header: Vec<String>,
        /// The rows.
        rows: Vec<Vec<String>>,
    },
}

/// The document as a page of HTML that loads nothing.
pub fn html(_document: &Document) -> String {
    String::new()
}
