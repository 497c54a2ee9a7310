//! Tables that can be read aloud cell by cell (ISO 14289-1, 7.2 and 7.5): rows of the same width, and for every cell a
//! heading where there are any.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the kinds of PDF objects are closed (ISO 32000-1, 7.3), and most places want one of them"
)]

use std::collections::BTreeSet;

use lopdf::{Dictionary, Document, Object};

use crate::render::check::{Report, elements};
use crate::render::visit;

/// More places than this are in no table that is printed.
const MOST_PLACES: usize = 1_000_000;

/// A cell in its place.
#[derive(Clone, Copy)]
struct Cell<'a> {
    dictionary: &'a Dictionary,
    is_heading: bool,
}

/// Checks a table: its number for messages, the tree, the element.
pub(super) fn check(
    report: &mut Report,
    document: &Document,
    (number, tree, table): (u32, &Dictionary, &Dictionary),
) {
    let rows = rows(document, tree, table);
    let Some(grid) = grid(report, document, (number, tree, &rows)) else {
        return;
    };
    let width = grid.first().map_or(0, Vec::len);
    let is_even = grid
        .iter()
        .all(|row| row.len() == width && row.iter().all(Option::is_some));
    report.expect(
        is_even,
        "UA 7.2-43",
        format_args!("object {number}: rows of a table that are not of the same width"),
    );
    headings(report, document, (number, &grid));
}

/// The rows in their order, those of its parts among them.
fn rows<'a>(
    document: &'a Document,
    tree: &'a Dictionary,
    table: &'a Dictionary,
) -> Vec<&'a Dictionary> {
    let mut rows = Vec::new();
    for (_, kid) in elements::below(document, table) {
        match elements::kind(document, tree, kid) {
            b"TR" => rows.push(kid),
            b"THead" | b"TBody" | b"TFoot" => {
                let inner = elements::below(document, kid).into_iter();
                rows.extend(
                    inner
                        .map(|(_, row)| row)
                        .filter(|row| elements::kind(document, tree, row) == b"TR"),
                );
            }
            _ => {}
        }
    }
    rows
}

/// Every cell in every place that it spans; `None` where that cannot be made out.
fn grid<'a>(
    report: &mut Report,
    document: &'a Document,
    (number, tree, rows): (u32, &'a Dictionary, &[&'a Dictionary]),
) -> Option<Vec<Vec<Option<Cell<'a>>>>> {
    let mut grid: Vec<Vec<Option<Cell<'a>>>> = vec![Vec::new(); rows.len()];
    let mut places = 0_usize;
    for (at, row) in rows.iter().enumerate() {
        let mut column = 0;
        for (_, dictionary) in elements::below(document, row) {
            while grid[at].get(column).is_some_and(Option::is_some) {
                column += 1;
            }
            let cell = Cell {
                dictionary,
                is_heading: elements::kind(document, tree, dictionary) == b"TH",
            };
            let span = |key| span(document, dictionary, key);
            let (Some(wide), Some(tall)) = (span(b"ColSpan"), span(b"RowSpan")) else {
                report.add(
                    "UA 7.2-42",
                    format_args!("object {number}: a cell that spans nothing"),
                );
                return None;
            };
            places = places.saturating_add(wide.saturating_mul(tall));
            if places > MOST_PLACES || tall > rows.len() - at {
                report.add(
                    "UA 7.2-41",
                    format_args!("object {number}: a cell beyond its table"),
                );
                return None;
            }
            for line in &mut grid[at..at + tall] {
                if line.len() < column + wide {
                    line.resize(column + wide, None);
                }
                for place in &mut line[column..column + wide] {
                    report.expect(
                        place.is_none(),
                        "UA 7.2-15",
                        format_args!("object {number}: cells that lie over one another"),
                    );
                    *place = Some(cell);
                }
            }
            column += wide;
        }
    }
    Some(grid)
}

/// How many rows or columns a cell spans; `None` where the number is none.
fn span(document: &Document, cell: &Dictionary, key: &[u8]) -> Option<usize> {
    match elements::attribute(document, cell, key) {
        None => Some(1),
        Some(Object::Integer(number)) => usize::try_from(*number).ok().filter(|number| *number > 0),
        Some(_) => None,
    }
}

/// Every cell is led to a heading by its attributes, or by the direction that a heading in its row or column names.
fn headings(
    report: &mut Report,
    document: &Document,
    (number, grid): (u32, &[Vec<Option<Cell<'_>>>]),
) {
    let all = || grid.iter().flatten().flatten();
    if !all().any(|cell| cell.is_heading) {
        return;
    }
    let ids: BTreeSet<&[u8]> = all()
        .filter(|cell| cell.is_heading)
        .filter_map(|cell| bytes(visit::value(document, cell.dictionary, b"ID")?))
        .collect();
    let leads = |cell: &Cell<'_>, way: &[u8]| {
        let scope = elements::attribute(document, cell.dictionary, b"Scope");
        cell.is_heading
            && matches!(scope, Some(Object::Name(scope)) if scope == way || scope == b"Both")
    };
    let by_row: Vec<bool> = grid
        .iter()
        .map(|row| row.iter().flatten().any(|cell| leads(cell, b"Row")))
        .collect();
    let width = grid.iter().map(Vec::len).max().unwrap_or_default();
    let by_column: Vec<bool> = (0..width)
        .map(|column| {
            let cells = grid.iter().filter_map(|row| row.get(column)?.as_ref());
            cells.into_iter().any(|cell| leads(cell, b"Column"))
        })
        .collect();
    for (row, line) in grid.iter().enumerate() {
        for (column, cell) in line.iter().enumerate() {
            let Some(cell) = cell.as_ref().filter(|cell| !cell.is_heading) else {
                continue;
            };
            let named = match elements::attribute(document, cell.dictionary, b"Headers") {
                Some(Object::Array(names)) => names.as_slice(),
                _ => &[],
            };
            let is_known = |name: &Object| {
                visit::resolve(document, name)
                    .and_then(bytes)
                    .is_some_and(|name| ids.contains(name))
            };
            let holds = if named.is_empty() {
                by_row[row] || by_column[column]
            } else {
                named.iter().all(is_known)
            };
            report.expect(
                holds,
                "UA 7.5-1",
                format_args!("object {number}: a cell without a heading"),
            );
        }
    }
}

fn bytes(object: &Object) -> Option<&[u8]> {
    match object {
        Object::String(text, _) => Some(text),
        _ => None,
    }
}
