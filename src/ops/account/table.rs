//! An import file as rows of named cells: CSV (`;` or `,`, with or without BOM) or TOML (`[[konto]]`). Pure; every fault
//! has the line and the field.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::model::account::FIELDS;
use crate::model::finding::Finding;

/// A row, with the names of the register's fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Its line in the file.
    pub line: usize,
    /// Field and value; cells that are empty are left out.
    pub cells: BTreeMap<String, String>,
}

/// Reads a file; `name` ends in `.toml` for TOML. Gives the rows, or everything that is wrong with the file.
pub(crate) fn read(name: &str, bytes: &[u8]) -> Result<Vec<Row>, Vec<Finding>> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(vec![fault(
            name,
            1,
            "",
            "filen är inte UTF-8; spara den som CSV UTF-8",
        )]);
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_toml = name
        .rsplit_once('.')
        .is_some_and(|(_, end)| end.eq_ignore_ascii_case("toml"));
    if is_toml {
        read_toml(name, text)
    } else {
        read_csv(name, text)
    }
}

/// A fault at `name:line:field`.
pub(crate) fn fault(name: &str, line: usize, field: &str, message: impl Into<String>) -> Finding {
    let place = if field.is_empty() {
        format!("{name}:{line}")
    } else {
        format!("{name}:{line}:{field}")
    };
    Finding::error("R201", place, message)
}

fn read_csv(name: &str, text: &str) -> Result<Vec<Row>, Vec<Finding>> {
    let header = text.lines().next().unwrap_or_default();
    let semicolons = header.matches(';').count();
    let delimiter = if semicolons >= header.matches(',').count() && semicolons > 0 {
        b';'
    } else {
        b','
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut columns: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    let mut faults = Vec::new();
    for (index, record) in reader.records().enumerate() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = line_at(text, error.position());
                faults.push(fault(name, line, "", error.to_string()));
                continue;
            }
        };
        let line = line_at(text, record.position());
        if index == 0 {
            columns = header_names(name, line, record.iter(), &mut faults);
            continue;
        }
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if record.len() != columns.len() {
            let message = format!(
                "raden har {} fält, rubrikraden {}",
                record.len(),
                columns.len()
            );
            faults.push(fault(name, line, "", message));
            continue;
        }
        let cells = columns
            .iter()
            .cloned()
            .zip(record.iter().map(|cell| cell.trim().to_owned()));
        rows.push(Row {
            line,
            cells: cells.filter(|(_, value)| !value.is_empty()).collect(),
        });
    }
    if columns.is_empty() && faults.is_empty() {
        faults.push(fault(name, 1, "", "filen har ingen rubrikrad"));
    }
    if faults.is_empty() {
        Ok(rows)
    } else {
        Err(faults)
    }
}

/// The line of a record, from 1. The reader may put its beginning before the LF of the line above.
fn line_at(text: &str, position: Option<&csv::Position>) -> usize {
    let start = position.map_or(0, csv::Position::byte);
    let start = usize::try_from(start).unwrap_or(0).min(text.len());
    let before = &text.as_bytes()[..start];
    let gap = text.as_bytes()[start..]
        .iter()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'));
    before
        .iter()
        .chain(gap)
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

fn header_names<'a>(
    name: &str,
    line: usize,
    header: impl Iterator<Item = &'a str>,
    faults: &mut Vec<Finding>,
) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    for cell in header {
        match field_name(cell) {
            Ok(field) if columns.contains(&field) => {
                faults.push(fault(name, line, &field, "kolumnen står två gånger"));
                columns.push(field);
            }
            Ok(field) => columns.push(field),
            Err(message) => {
                faults.push(fault(name, line, cell.trim(), message));
                columns.push(cell.trim().to_owned());
            }
        }
    }
    columns
}

fn read_toml(name: &str, text: &str) -> Result<Vec<Row>, Vec<Finding>> {
    let line_of = |span: Range<usize>| text[..span.start].matches('\n').count() + 1;
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let line = error.span().map_or(1, line_of);
            return Err(vec![fault(name, line, "", error.message().to_owned())]);
        }
    };
    let mut rows = Vec::new();
    let mut faults = Vec::new();
    for (key, value) in table.get_ref() {
        let line = line_of(key.span());
        let DeValue::Array(items) = value.get_ref() else {
            faults.push(fault(name, line, key.get_ref(), "skriv [[konto]]"));
            continue;
        };
        if key.get_ref() != "konto" {
            faults.push(fault(name, line, key.get_ref(), "skriv [[konto]]"));
            continue;
        }
        for item in items {
            let line = line_of(item.span());
            let DeValue::Table(members) = item.get_ref() else {
                faults.push(fault(name, line, "konto", "skriv [[konto]]"));
                continue;
            };
            let mut cells = BTreeMap::new();
            for (key, value) in members {
                let line = line_of(key.span());
                match (field_name(key.get_ref()), scalar(value.get_ref())) {
                    (Ok(field), Some(value)) => {
                        if cells.insert(field.clone(), value).is_some() {
                            faults.push(fault(name, line, &field, "uppgiften står två gånger"));
                        }
                    }
                    (Err(message), _) => faults.push(fault(name, line, key.get_ref(), message)),
                    (Ok(field), None) => {
                        faults.push(fault(
                            name,
                            line,
                            &field,
                            "skriv en text eller en lista av texter",
                        ));
                    }
                }
            }
            cells.retain(|_, value| !value.is_empty());
            rows.push(Row { line, cells });
        }
    }
    if faults.is_empty() {
        Ok(rows)
    } else {
        Err(faults)
    }
}

/// A text, date, truth value or list of texts as the register writes it.
fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.trim().to_owned()),
        DeValue::Datetime(time) => Some(time.to_string()),
        DeValue::Boolean(true) => Some("ja".to_owned()),
        DeValue::Boolean(false) => Some("nej".to_owned()),
        DeValue::Array(items) => {
            let texts: Option<Vec<String>> = items
                .iter()
                .map(|item| match item.get_ref() {
                    DeValue::String(text) => Some(text.trim().to_owned()),
                    DeValue::Datetime(_)
                    | DeValue::Boolean(_)
                    | DeValue::Array(_)
                    | DeValue::Table(_)
                    | DeValue::Integer(_)
                    | DeValue::Float(_) => None,
                })
                .collect();
            texts.map(|texts| texts.join("; "))
        }
        DeValue::Table(_) | DeValue::Integer(_) | DeValue::Float(_) => None,
    }
}

/// Names of the fixed fields, with what people also call them.
const FIXED: &[(&str, &[&str])] = &[
    ("alias", &["kortnamn"]),
    ("plattform", &["platform", "medium"]),
    ("url", &["adress", "webbadress", "lank"]),
    ("kontonamn", &["namn", "name", "konto"]),
    ("status", &[]),
];

/// The register's name for a heading: its own, without accents, or its Swedish label.
fn field_name(heading: &str) -> Result<String, String> {
    let wanted = folded(heading);
    for (name, others) in FIXED {
        if wanted == *name || others.contains(&wanted.as_str()) {
            return Ok((*name).to_owned());
        }
    }
    let known = FIELDS
        .iter()
        .find(|field| wanted == field.name || wanted == folded(field.label));
    if let Some(field) = known {
        return Ok(field.name.to_owned());
    }
    let fixed = FIXED.iter().map(|(name, _)| *name);
    let near = FIELDS
        .iter()
        .map(|field| field.name)
        .chain(fixed)
        .map(|name| (strsim::damerau_levenshtein(name, &wanted), name))
        .min()
        .filter(|(distance, _)| *distance <= 3);
    Err(match near {
        Some((_, near)) => format!("uppgiften finns inte i förteckningen; menades \"{near}\"?"),
        None => "uppgiften finns inte i förteckningen".to_owned(),
    })
}

fn folded(text: &str) -> String {
    let lower = text.trim().to_lowercase();
    let mut folded = String::new();
    for character in lower.chars() {
        match character {
            'å' | 'ä' => folded.push('a'),
            'ö' => folded.push('o'),
            'é' => folded.push('e'),
            c if c.is_ascii_alphanumeric() => folded.push(c),
            _ if folded.ends_with('_') || folded.is_empty() => {}
            _ => folded.push('_'),
        }
    }
    folded.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: usize, cells: &[(&str, &str)]) -> Row {
        Row {
            line,
            cells: cells
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }

    #[test]
    fn a_spreadsheet_with_swedish_headings_is_read() {
        let text = "\u{feff}Alias;Plattform;Adress;Namn;Nämnd;Administratörer;Målgrupp\r\n\
                    a;facebook;https://a.se;\"Konto; ett\";KS;\"Kim; Alex\";\r\n;;;;;;\r\n";
        assert_eq!(
            read("f.csv", text.as_bytes()).unwrap(),
            [row(
                2,
                &[
                    ("alias", "a"),
                    ("plattform", "facebook"),
                    ("url", "https://a.se"),
                    ("kontonamn", "Konto; ett"),
                    ("namnd", "KS"),
                    ("administratorer", "Kim; Alex"),
                ]
            )]
        );
    }

    #[test]
    fn commas_and_labels_of_several_words_are_read() {
        let text = "alias,platform,url,\"Förvaltning eller enhet\"\nb,x,https://b.se,Skola\n";
        assert_eq!(
            read("f.csv", text.as_bytes()).unwrap()[0].cells["enhet"],
            "Skola"
        );
    }

    #[test]
    fn every_fault_names_line_and_field() {
        let text = "alias;namd;alias\na;b;c\nd;e\n";
        let places: Vec<_> = read("f.csv", text.as_bytes())
            .unwrap_err()
            .into_iter()
            .map(|finding| finding.path)
            .collect();
        assert_eq!(places, ["f.csv:1:namd", "f.csv:1:alias", "f.csv:3"]);
        let latin = b"alias;n\xe4mnd\n";
        assert_eq!(read("f.csv", latin).unwrap_err()[0].path, "f.csv:1");
    }

    #[test]
    fn toml_has_lists_dates_and_lines() {
        let text = "[[konto]]\nalias = \"a\"\nadministratörer = [\"Kim\", \"Alex\"]\noppnande_datum = 2026-01-02\n";
        // A bare key with å, ä or ö is not TOML 1.0; quoted it is.
        let text = text.replace("administratörer", "\"administratörer\"");
        assert_eq!(
            read("f.toml", text.as_bytes()).unwrap(),
            [row(
                1,
                &[
                    ("alias", "a"),
                    ("administratorer", "Kim; Alex"),
                    ("oppnande_datum", "2026-01-02"),
                ]
            )]
        );
        let wrong = "[[konto]]\nalias = \"a\"\nurl = 7\n[[person]]\nnamn = \"b\"\n";
        let places: Vec<_> = read("f.toml", wrong.as_bytes())
            .unwrap_err()
            .into_iter()
            .map(|finding| finding.path)
            .collect();
        assert_eq!(places, ["f.toml:3:url", "f.toml:4:person"]);
    }
}
