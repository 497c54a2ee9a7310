//! Reads values out of a TOML document by an expected shape. Every deviation becomes a fault with its place; reading goes
//! on, so that one pass finds them all.

use std::cell::RefCell;
use std::ops::Range;

use chrono::NaiveDate;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::policy::fault::{Fault, Source, suggestion};

/// Words of a closed vocabulary and what they mean.
pub(crate) type Words<T> = [(&'static str, T)];

/// The file being read and the faults so far.
#[derive(Debug)]
pub(crate) struct Reader<'t> {
    /// The file.
    pub(crate) source: Source<'t>,
    faults: RefCell<Vec<Fault>>,
}

impl<'t> Reader<'t> {
    pub(crate) fn open(source: Source<'t>) -> Self {
        Self {
            source,
            faults: RefCell::new(Vec::new()),
        }
    }

    /// Notes a fault.
    pub(crate) fn fault(
        &self,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.faults.borrow_mut().push(Fault {
            code,
            span,
            message: message.into(),
            help,
        });
    }

    /// The faults in the file's order.
    pub(crate) fn faults(self) -> Vec<Fault> {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|fault| (fault.span.start, fault.code));
        faults.dedup();
        faults
    }

    fn wrong_kind(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        self.fault(
            "P004",
            value.span(),
            format!(
                "\"{key}\" ska vara {wanted}, inte {}",
                kind(value.get_ref())
            ),
            None,
        );
    }
}

/// One table of the file. Keys that nobody asked for before [`Section::finish`] are unknown.
#[derive(Debug)]
pub(crate) struct Section<'r, 't, 'd> {
    reader: &'r Reader<'t>,
    table: &'d DeTable<'t>,
    span: Range<usize>,
    name: &'static str,
    asked: RefCell<Vec<&'static str>>,
}

impl<'r, 't, 'd> Section<'r, 't, 'd> {
    /// A table and where it stands; `name` is what people call it.
    pub(crate) fn open(
        reader: &'r Reader<'t>,
        name: &'static str,
        table: &'d DeTable<'t>,
        span: Range<usize>,
    ) -> Self {
        Self {
            reader,
            table,
            span,
            name,
            asked: RefCell::new(Vec::new()),
        }
    }

    /// The reader.
    pub(crate) fn reader(&self) -> &'r Reader<'t> {
        self.reader
    }

    /// Where the table stands.
    pub(crate) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Whether nothing at all stands in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Where a key's value stands, or the table where it is missing.
    pub(crate) fn span_of(&self, key: &str) -> Range<usize> {
        self.table
            .iter()
            .find(|(known, _)| known.get_ref() == key)
            .map_or_else(|| self.span(), |(_, value)| value.span())
    }

    /// Reports every key that was not asked for.
    pub(crate) fn finish(self) {
        let asked = self.asked.into_inner();
        for (key, _) in self.table {
            let word = key.get_ref().as_ref();
            if !asked.contains(&word) {
                self.reader.fault(
                    "P003",
                    key.span(),
                    format!("okänd nyckel \"{word}\" i {}", self.name),
                    Some(suggestion(word, &asked)),
                );
            }
        }
    }

    /// A key's value.
    pub(crate) fn value(&self, key: &'static str) -> Option<&'d Spanned<DeValue<'t>>> {
        self.asked.borrow_mut().push(key);
        self.table
            .iter()
            .find(|(known, _)| known.get_ref() == key)
            .map(|(_, value)| value)
    }

    /// Reports a missing key.
    pub(crate) fn missing(&self, key: &str) {
        let start = self.span.start;
        self.reader.fault(
            "P005",
            start..self.span.end.min(start + 1),
            format!("{} saknar \"{key}\"", self.name),
            None,
        );
    }

    /// A text with its place; an empty one is a fault.
    pub(crate) fn spanned_text(&self, key: &'static str) -> Option<(String, Range<usize>)> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::String(text) if text.trim().is_empty() => {
                let message = format!("\"{key}\" är tom");
                self.reader.fault("P015", value.span(), message, None);
                None
            }
            DeValue::String(text) => Some((text.as_ref().to_owned(), value.span())),
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => {
                self.reader
                    .wrong_kind(key, value, "en text inom citattecken");
                None
            }
        }
    }

    /// A text.
    pub(crate) fn text(&self, key: &'static str) -> Option<String> {
        self.spanned_text(key).map(|(text, _)| text)
    }

    /// A text that must be there.
    pub(crate) fn required_text(&self, key: &'static str) -> Option<String> {
        let text = self.text(key);
        if text.is_none() && self.is_absent(key) {
            self.missing(key);
        }
        text
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        if let DeValue::Boolean(value) = value.get_ref() {
            return Some(*value);
        }
        self.reader.wrong_kind(key, value, "true eller false");
        None
    }

    /// A whole number between two bounds, inclusive.
    pub(crate) fn integer(&self, key: &'static str, least: u64, most: u64) -> Option<u64> {
        let value = self.value(key)?;
        let DeValue::Integer(number) = value.get_ref() else {
            self.reader.wrong_kind(key, value, "ett heltal");
            return None;
        };
        match u64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) if (least..=most).contains(&number) => Some(number),
            Ok(_) | Err(_) => {
                let message = format!("\"{key}\" ska vara ett heltal från {least} till {most}");
                self.reader.fault("P015", value.span(), message, None);
                None
            }
        }
    }

    /// A date written `2026-03-02`, without quotes and without a time.
    pub(crate) fn date(&self, key: &'static str) -> Option<NaiveDate> {
        let value = self.value(key)?;
        if let DeValue::Datetime(time) = value.get_ref()
            && time.time.is_none()
            && time.offset.is_none()
            && let Some(date) = time.date
        {
            return NaiveDate::from_ymd_opt(
                i32::from(date.year),
                u32::from(date.month),
                u32::from(date.day),
            );
        }
        self.reader
            .wrong_kind(key, value, "ett datum utan citattecken, t.ex. 2026-03-02");
        None
    }

    /// One word of a closed vocabulary.
    pub(crate) fn word<T: Copy>(&self, key: &'static str, words: &Words<T>) -> Option<T> {
        let (text, span) = self.spanned_text(key)?;
        self.known(key, (&text, span), words)
    }

    /// A list of texts with their places; an empty list is a fault.
    pub(crate) fn spanned_texts(&self, key: &'static str) -> Option<Vec<(String, Range<usize>)>> {
        let texts = self.texts_or_none(key)?;
        if texts.is_empty() {
            let message = format!("listan \"{key}\" är tom");
            self.reader.fault("P015", self.span_of(key), message, None);
        }
        Some(texts)
    }

    fn texts_or_none(&self, key: &'static str) -> Option<Vec<(String, Range<usize>)>> {
        let value = self.value(key)?;
        let DeValue::Array(items) = value.get_ref() else {
            self.reader
                .wrong_kind(key, value, "en lista, t.ex. [\"…\"]");
            return None;
        };
        let mut texts = Vec::new();
        for item in items {
            if let DeValue::String(text) = item.get_ref() {
                if texts.iter().any(|(known, _)| known == text.as_ref()) {
                    let message = format!("\"{text}\" står två gånger i \"{key}\"");
                    self.reader.fault("P009", item.span(), message, None);
                }
                texts.push((text.as_ref().to_owned(), item.span()));
            } else {
                self.reader.wrong_kind(key, item, "en lista av texter");
            }
        }
        Some(texts)
    }

    /// A list of texts.
    pub(crate) fn texts(&self, key: &'static str) -> Vec<String> {
        self.spanned_texts(key)
            .unwrap_or_default()
            .into_iter()
            .map(|(text, _)| text)
            .collect()
    }

    /// A list of words of a closed vocabulary; `None` where the key is missing.
    pub(crate) fn words<T: Copy>(&self, key: &'static str, words: &Words<T>) -> Option<Vec<T>> {
        let texts = self.spanned_texts(key)?;
        Some(
            texts
                .into_iter()
                .filter_map(|(text, span)| self.known(key, (&text, span), words))
                .collect(),
        )
    }

    /// The same, where the list may be empty.
    pub(crate) fn words_or_none<T: Copy>(
        &self,
        key: &'static str,
        words: &Words<T>,
    ) -> Option<Vec<T>> {
        let texts = self.texts_or_none(key)?;
        Some(
            texts
                .into_iter()
                .filter_map(|(text, span)| self.known(key, (&text, span), words))
                .collect(),
        )
    }

    /// A table below this one.
    pub(crate) fn section(&self, key: &'static str, name: &'static str) -> Option<Self> {
        let value = self.value(key)?;
        if let DeValue::Table(table) = value.get_ref() {
            return Some(Section::open(self.reader, name, table, value.span()));
        }
        self.reader.wrong_kind(key, value, "en tabell");
        None
    }

    /// A list of tables below this one.
    pub(crate) fn sections(&self, key: &'static str, name: &'static str) -> Vec<Self> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let DeValue::Array(items) = value.get_ref() else {
            let wanted = format!("en lista av tabeller, [[{key}]]");
            self.reader.wrong_kind(key, value, &wanted);
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in items {
            if let DeValue::Table(table) = item.get_ref() {
                sections.push(Section::open(self.reader, name, table, item.span()));
            } else {
                self.reader.wrong_kind(key, item, "en lista av tabeller");
            }
        }
        sections
    }

    /// Whether a key is missing altogether (as opposed to wrong).
    pub(crate) fn is_absent(&self, key: &str) -> bool {
        !self.table.iter().any(|(known, _)| known.get_ref() == key)
    }

    fn known<T: Copy>(
        &self,
        key: &str,
        (text, span): (&str, Range<usize>),
        words: &Words<T>,
    ) -> Option<T> {
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.reader.fault(
            "P006",
            span,
            format!("okänt värde \"{text}\" för \"{key}\""),
            Some(suggestion(text, &known)),
        );
        None
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "en text",
        DeValue::Integer(_) => "ett heltal",
        DeValue::Float(_) => "ett decimaltal",
        DeValue::Boolean(_) => "true eller false",
        DeValue::Datetime(_) => "ett datum eller en tid",
        DeValue::Array(_) => "en lista",
        DeValue::Table(_) => "en tabell",
    }
}
