//! Exports that are tables in CSV (RFC 4180): every file whose header, or first row, is of a known table gives its rows
//! one by one. Paragraphs before the header are passed over, and a row that is cut off is refused.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, Read};
use std::rc::Rc;

use crate::model::digest::Sha256Hex;
use crate::model::ingest::Skipped;
use crate::model::post::{Completeness, Refused};
use crate::platform::container::{Container, Shape};
use crate::platform::draft::Origin;
use crate::platform::error::PlatformError;
use crate::platform::html::push_unique;
use crate::platform::seen::Seen;
use crate::platform::{Importer, Item, Items, Parsed, Source, Summary};

/// A row's line, and its cells or why it cannot be read.
type Numbered = (u64, Result<Vec<String>, String>);

/// Bytes of a file that are looked at to recognise it.
const LOOK: u64 = 64 * 1024;
/// Records among which the header is looked for: some exports begin with a paragraph of notes.
const BEFORE: usize = 20;

/// An export of tables.
pub(crate) trait Tables: Sync {
    /// The importer that reads it.
    fn importer(&self) -> &'static dyn Importer;
    /// The first part of the posts' keys.
    fn platform(&self) -> &'static str;
    /// The table whose header this is, told by it or by the row after it; other files are passed over.
    fn table(&self, header: &[String], first: &[String]) -> Option<&'static str>;
    /// Makes a post of a row.
    fn post(&self, row: &Row<'_, '_>) -> Result<Parsed, String>;
    /// The address of the account that the row says the export is of.
    fn address(&self, row: &Row<'_, '_>) -> Option<String>;
    /// Whether quotation marks inside a cell of the table are written `\"`, beside the `""` of RFC 4180.
    fn backslashes(&self, _table: &str) -> bool {
        false
    }
    /// How much of the account an export with these tables can hold.
    fn completeness(&self, _source: &Source<'_>, _tables: &BTreeSet<&'static str>) -> Completeness {
        Completeness::OwnOnly
    }
    /// What is doubtful about an export with these tables, in Swedish.
    fn notes(&self, _source: &Source<'_>, _tables: &BTreeSet<&'static str>) -> Vec<String> {
        Vec::new()
    }
}

/// A row and where it stands.
#[derive(Debug)]
pub(crate) struct Row<'a, 'b> {
    /// The table's name, as [`Tables::table`] told it.
    pub(crate) table: &'static str,
    pub(crate) header: &'b [String],
    pub(crate) cells: &'b [String],
    pub(crate) source: Source<'a>,
    pub(crate) origin: Origin<'a>,
}

impl Row<'_, '_> {
    /// The cell of the column with this name, whatever its case; `None` where there is none or it is empty.
    pub(crate) fn cell(&self, name: &str) -> Option<&str> {
        let column = self
            .header
            .iter()
            .position(|column| column.trim().eq_ignore_ascii_case(name))?;
        let cell = self.cells.get(column)?.as_str();
        (!cell.is_empty()).then_some(cell)
    }

    /// What is kept as the platform's object: header and cells as they stand, in JSON.
    pub(crate) fn original(&self) -> Vec<u8> {
        serde_json::json!({"header": self.header, "row": self.cells})
            .to_string()
            .into_bytes()
    }
}

/// Counts the quotation marks that are read: where they are odd at the end, the last row is cut. Where they may be written
/// `\"`, gives `""` for it, so that lines and bytes stay where they are.
struct Quotes<R> {
    reader: R,
    seen: Rc<Cell<u64>>,
    backslashes: bool,
    /// A backslash that was read and not given yet: what follows it decides.
    held: bool,
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        while count == 0 && !buffer.is_empty() {
            let held = usize::from(std::mem::take(&mut self.held));
            if held == 1 {
                buffer[0] = b'\\';
            }
            // A buffer of one byte leaves no room beside the backslash.
            let read = self.reader.read(&mut buffer[held..])?;
            count = held + read;
            if self.backslashes {
                for at in 1..count {
                    if buffer[at] == b'"' && buffer[at - 1] == b'\\' {
                        buffer[at - 1] = b'"';
                    }
                }
                let last = count.checked_sub(1).map(|last| buffer[last]);
                if last == Some(b'\\') && read > 0 {
                    self.held = true;
                    count -= 1;
                }
            }
            if read == 0 {
                break;
            }
        }
        let marks: u64 = buffer[..count]
            .iter()
            .map(|byte| u64::from(*byte == b'"'))
            .sum();
        self.seen.set(self.seen.get() + marks);
        Ok(count)
    }
}

fn records<R: Read>(reader: R) -> csv::Reader<R> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(reader)
}

fn cells(record: &csv::ByteRecord) -> Option<Vec<String>> {
    record
        .iter()
        .map(|cell| std::str::from_utf8(cell).ok().map(str::to_owned))
        .collect()
}

/// What a file is.
struct Known {
    member: usize,
    table: &'static str,
    header: Vec<String>,
    /// Records up to and with the header.
    before: usize,
}

fn known(
    format: &dyn Tables,
    container: &Container,
    member: usize,
) -> Result<Option<Known>, PlatformError> {
    let head = container.head(member, LOOK)?;
    let first: Vec<_> = records(head.as_slice())
        .into_byte_records()
        .take(BEFORE)
        .map_while(Result::ok)
        .map(|record| cells(&record).unwrap_or_default())
        .collect();
    for (at, header) in first.iter().enumerate() {
        let next = first.get(at + 1).map_or(&[][..], Vec::as_slice);
        if let Some(table) = format.table(header, next) {
            return Ok(Some(Known {
                member,
                table,
                header: header.clone(),
                before: at + 1,
            }));
        }
    }
    Ok(None)
}

/// Whether the container holds a table of the export.
pub(crate) fn recognises(
    format: &dyn Tables,
    container: &Container,
) -> Result<bool, PlatformError> {
    for member in container.of_shape(&[Shape::Text])? {
        if known(format, container, member)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Begins to read.
pub(crate) fn read<'a>(
    format: &'static dyn Tables,
    source: &Source<'a>,
) -> Result<Box<dyn Items + 'a>, PlatformError> {
    let container = source.container;
    let mut files = VecDeque::new();
    for member in container.of_shape(&[Shape::Text])? {
        files.extend(known(format, container, member)?);
    }
    if files.is_empty() {
        return Err(PlatformError::expected(
            container.name(),
            format!("en tabell ur exporten ({})", format.importer().title()),
        ));
    }
    let others = container.members().len().saturating_sub(files.len());
    Ok(Box::new(RowItems {
        format,
        source: *source,
        tables: files.iter().map(|file| file.table).collect(),
        files,
        current: None,
        seen: Seen::default(),
        skipped: BTreeMap::from([("other_file", others as u64)]),
        addresses: Vec::new(),
    }))
}

/// A file while it is read.
struct Open {
    known: Known,
    sha256: Option<Sha256Hex>,
    records: csv::Reader<Quotes<Box<dyn Read>>>,
    quotes: Rc<Cell<u64>>,
    /// The row that was read ahead, to know whether it is the last.
    ahead: Option<csv::ByteRecord>,
}

impl Open {
    fn new(
        format: &dyn Tables,
        container: &Container,
        known: Known,
    ) -> Result<Self, PlatformError> {
        let quotes = Rc::new(Cell::new(0));
        let reader: Box<dyn Read> = Box::new(container.read(known.member)?);
        let mut open = Self {
            sha256: container.evidence_digest(known.member)?,
            records: records(Quotes {
                reader,
                seen: Rc::clone(&quotes),
                backslashes: format.backslashes(known.table),
                held: false,
            }),
            quotes,
            known,
            ahead: None,
        };
        for _ in 0..open.known.before {
            open.record(container)?;
        }
        open.ahead = open.record(container)?;
        Ok(open)
    }

    fn record(&mut self, container: &Container) -> Result<Option<csv::ByteRecord>, PlatformError> {
        let mut record = csv::ByteRecord::new();
        let more = self.records.read_byte_record(&mut record);
        let more = more.map_err(|error| {
            PlatformError::damaged(container.place(self.known.member), error.to_string())
        })?;
        Ok(more.then_some(record))
    }

    /// The next row with its line, or why it cannot be read.
    fn row(&mut self, container: &Container) -> Result<Option<Numbered>, PlatformError> {
        let Some(record) = self.ahead.take() else {
            return Ok(None);
        };
        self.ahead = self.record(container)?;
        let line = record.position().map_or(0, csv::Position::line);
        let row = if self.ahead.is_none() && self.quotes.get() % 2 == 1 {
            Err("filen slutar inne i en cell med citattecken; hämta exporten på nytt".to_owned())
        } else if record.len() != self.known.header.len() {
            Err(format!(
                "raden har {} celler och rubrikraden {}",
                record.len(),
                self.known.header.len()
            ))
        } else {
            cells(&record).ok_or_else(|| "raden är inte skriven i UTF-8".to_owned())
        };
        Ok(Some((line, row)))
    }
}

struct RowItems<'a> {
    format: &'static dyn Tables,
    source: Source<'a>,
    tables: BTreeSet<&'static str>,
    files: VecDeque<Known>,
    current: Option<Open>,
    /// Posts given, by half a digest: parts of an export may overlap.
    seen: Seen,
    skipped: BTreeMap<&'static str, u64>,
    addresses: Vec<String>,
}

impl RowItems<'_> {
    fn advance(&mut self) -> Result<Option<Item>, PlatformError> {
        let container = self.source.container;
        loop {
            let Some(mut file) = self.current.take() else {
                let Some(known) = self.files.pop_front() else {
                    return Ok(None);
                };
                self.current = Some(Open::new(self.format, container, known)?);
                continue;
            };
            let Some((line, cells)) = file.row(container)? else {
                continue;
            };
            let post = cells.and_then(|cells| self.post(&file, line, &cells));
            let place = container.place(file.known.member);
            self.current = Some(file);
            match post {
                Ok(parsed) if self.seen.is_new(&parsed) => {
                    return Ok(Some(Item::Post(Box::new(parsed))));
                }
                Ok(_) => *self.skipped.entry("same_item_again").or_default() += 1,
                Err(reason) => {
                    let place = format!("{place}, rad {line}");
                    return Ok(Some(Item::Refused(Refused { place, reason })));
                }
            }
        }
    }

    fn post(&mut self, file: &Open, line: u64, cells: &[String]) -> Result<Parsed, String> {
        let row = Row {
            table: file.known.table,
            header: &file.known.header,
            cells,
            source: self.source,
            origin: Origin {
                source: self.source,
                importer: self.format.importer(),
                platform: self.format.platform(),
                source_kind: "platform_export",
                member: file.known.member,
                member_sha256: file.sha256.clone(),
                locator: format!("line {line}"),
            },
        };
        if let Some(address) = self.format.address(&row) {
            push_unique(&mut self.addresses, address);
        }
        self.format.post(&row)
    }
}

impl Iterator for RowItems<'_> {
    type Item = Result<Item, PlatformError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().transpose()
    }
}

impl Items for RowItems<'_> {
    fn summary(&self) -> Summary {
        let skipped = self.skipped.iter().filter(|(_, count)| **count > 0);
        Summary {
            format_version: None,
            completeness: self.format.completeness(&self.source, &self.tables),
            skipped: skipped
                .map(|(what, count)| Skipped {
                    what: (*what).to_owned(),
                    count: *count,
                })
                .collect(),
            addresses: self.addresses.clone(),
            notes: self.format.notes(&self.source, &self.tables),
        }
    }
}
