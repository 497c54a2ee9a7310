//! Swedish documents as HTML from one template: gallringsprotokoll, förteckning, reports. The browser prints them and
//! [`crate::render::pdfa`] makes them PDF/A-2a. They are made from JSON that is written first.

use askama::Template;

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
    /// Running text; an empty line ends a paragraph.
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
    /// A list of things that have no order.
    List(Vec<String>),
    /// Steps or numbered remarks, from 1.
    Numbered(Vec<String>),
    /// Something the reader must not miss.
    Note(String),
}

/// Why a document could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the document \"{title}\" could not be written from its template")]
pub struct DocumentError {
    title: String,
    source: askama::Error,
}

#[derive(Template)]
#[template(path = "document.html")]
struct Page<'a> {
    document: &'a Document,
}

/// A cell of a table with how it is set.
#[derive(Clone, Copy, Debug)]
struct Cell<'a> {
    text: &'a str,
    class: &'static str,
}

/// The document as a page of HTML that loads nothing. All texts are escaped.
pub fn html(document: &Document) -> Result<String, DocumentError> {
    Page { document }.render().map_err(|source| DocumentError {
        title: document.title.clone(),
        source,
    })
}

/// A table's heading row and rows with how each cell is set.
fn cells<'a>(header: &'a [String], rows: &'a [Vec<String>]) -> (Vec<Cell<'a>>, Vec<Vec<Cell<'a>>>) {
    let numeric: Vec<bool> = (0..header.len())
        .map(|column| is_numeric(rows, column))
        .collect();
    let cell = |(column, text): (usize, &'a String), heading: bool| Cell {
        text,
        class: if numeric.get(column) == Some(&true) {
            "tal"
        } else if heading {
            ""
        } else {
            class_of(text)
        },
    };
    let heading = header
        .iter()
        .enumerate()
        .map(|name| cell(name, true))
        .collect();
    let body = rows
        .iter()
        .map(|row| {
            row.iter()
                .enumerate()
                .map(|text| cell(text, false))
                .collect()
        })
        .collect();
    (heading, body)
}

/// The paragraphs of a text.
pub(crate) fn paragraphs(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n\n")
        .map(str::trim)
        .filter(|paragraph| !paragraph.is_empty())
}

/// How a value is set: digests and ids in a typewriter face, numbers to the right.
fn class_of(value: &str) -> &'static str {
    let long_hex = value.len() >= 32
        && value
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if long_hex { "kod" } else { "" }
}

/// Whether every cell of a column is a number.
fn is_numeric(rows: &[Vec<String>], column: usize) -> bool {
    let mut cells = rows
        .iter()
        .filter_map(|row| row.get(column))
        .filter(|cell| !cell.is_empty())
        .peekable();
    cells.peek().is_some()
        && cells.all(|cell| {
            cell.bytes().any(|byte| byte.is_ascii_digit())
                && cell.len() < 16
                && cell
                    .chars()
                    .all(|character| character.is_ascii_digit() || " \u{a0},%".contains(character))
        })
}

/// The title as a CSS string.
pub(crate) fn css_text(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .map(|character| match character {
            // A CSS escape ends at the space; nothing of HTML can end the style element.
            '\\' | '"' | '<' | '>' | '&' | '\'' => format!("\\{:x} ", u32::from(character)),
            other => other.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(text: &str) -> Document {
        Document {
            title: text.to_owned(),
            subtitle: text.to_owned(),
            test: true,
            sections: vec![Section {
                heading: text.to_owned(),
                blocks: vec![
                    Block::Text(format!("{text}\n\nandra stycket")),
                    Block::Facts(vec![(text.to_owned(), text.to_owned())]),
                    Block::Table {
                        header: vec![text.to_owned(), "Antal".to_owned()],
                        rows: vec![vec![text.to_owned(), "1 200".to_owned()]],
                    },
                    Block::List(vec![text.to_owned()]),
                    Block::Numbered(vec![text.to_owned()]),
                    Block::Note(text.to_owned()),
                ],
            }],
        }
    }

    #[test]
    fn hostile_text_is_escaped_everywhere_and_nothing_is_loaded() {
        let hostile =
            "</style><script src=http://x.example/a.js>\"'\\</script><img src=x onerror=y>&amp;";
        let page = html(&sample(hostile)).unwrap();
        let parsed = scraper::Html::parse_document(&page);
        let count = |selector: &str| {
            parsed
                .select(&scraper::Selector::parse(selector).unwrap())
                .count()
        };
        assert_eq!(
            count("script, img, link, iframe, object, [src], [onerror]"),
            0
        );
        assert_eq!(count("style"), 1);
        let title = scraper::Selector::parse("h1").unwrap();
        let shown: String = parsed.select(&title).next().unwrap().text().collect();
        assert_eq!(shown, hostile);
        for forbidden in ["@import", "url(", "http-equiv"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn tables_name_their_headings_and_numbers_stand_to_the_right() {
        let page = html(&sample("Å")).unwrap();
        assert!(
            page.contains("<th scope=\"col\" class=\"tal\">Antal</th>"),
            "{page}"
        );
        assert!(page.contains("<th scope=\"row\">Å</th>"), "{page}");
        assert!(page.contains("<td class=\"tal\">1 200</td>"), "{page}");
        assert!(page.contains("<html lang=\"sv\">"), "{page}");
    }

    #[test]
    fn a_test_archive_says_so_and_a_real_one_does_not() {
        let mut document = sample("Protokoll");
        assert!(html(&document).unwrap().contains("PROVARKIV"));
        document.test = false;
        assert!(!html(&document).unwrap().contains("PROVARKIV"));
    }
}
