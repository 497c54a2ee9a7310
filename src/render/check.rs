//! Checks a finished file against the rules of ISO 19005-2 that a converted print could break, from its bytes alone. It
//! shares with the converter the reading of syntax and nothing of its state. It is stricter than the standard where that
//! is simpler: only link annotations, only composite and Type 3 fonts. It does not judge what image
//! decoders or font rasterisers meet.

mod access;
mod content;
mod elements;
mod file;
mod fonts;
mod metadata;
mod objects;
mod part_one;
mod structure;
mod tables;

use std::fmt;

use lopdf::{Document, LoadOptions};

use crate::model::flavour::Flavour;
use crate::render::visit::{self, LARGEST_STREAM};

/// A rule that a file breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Clause of ISO 19005-2 and the number of the rule in it, as veraPDF numbers them; of ISO 19005-1 or ISO 14289-1 (`UA`)
    /// where it says so.
    pub rule: &'static str,
    /// Where, and what was found.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.rule, self.what)
    }
}

/// More violations than this are not collected.
const MOST_VIOLATIONS: usize = 200;

/// What has been found.
#[derive(Debug, Default)]
struct Report {
    violations: Vec<Violation>,
}

impl Report {
    /// Notes a violation.
    fn add(&mut self, rule: &'static str, what: impl fmt::Display) {
        if self.violations.len() < MOST_VIOLATIONS {
            let what = what.to_string();
            self.violations.push(Violation { rule, what });
        }
    }

    /// Notes a violation where something does not hold. `what` is written out only then: nearly everything that is
    /// looked at holds, and to say of each number what would be wrong with it was a quarter of the conversion's time.
    fn expect(&mut self, holds: bool, rule: &'static str, what: impl fmt::Display) {
        if !holds {
            self.add(rule, what);
        }
    }
}

/// The rules that `bytes` break for `flavour`; empty where it breaks none.
pub fn check(bytes: &[u8], flavour: Flavour) -> Vec<Violation> {
    let mut report = Report::default();
    let options = LoadOptions {
        strict: true,
        max_decompressed_size: Some(LARGEST_STREAM),
        ..LoadOptions::default()
    };
    let document = match Document::load_mem_with_options(bytes, options) {
        Ok(document) => document,
        Err(error) => {
            report.add("6.1.4-1", format!("the file cannot be read: {error}"));
            return report.violations;
        }
    };
    file::check(&mut report, bytes, &document, flavour);
    if document.trailer.has(b"Encrypt") {
        return report.violations;
    }
    objects::check(&mut report, &document, flavour);
    let is_called_accessible = metadata::check(&mut report, &document, flavour);
    if flavour.part() == 1 {
        part_one::check(&mut report, &document);
    }
    structure::check(&mut report, &document, flavour);
    let drawings = visit::drawings(&document);
    let shown = content::check(&mut report, &document, &drawings, flavour);
    fonts::check(&mut report, &document, &shown, flavour);
    if is_called_accessible {
        report.expect(
            flavour.is_tagged(),
            "UA 6.2-1",
            "the file is called accessible and is not of level A",
        );
        access::check(&mut report, &document);
    }
    report.violations
}

/// The rules of ISO 14289-1 that a finished file of level A breaks beyond those of its level; empty where it may be called
/// accessible.
pub(crate) fn check_access(document: &Document) -> Vec<Violation> {
    let mut report = Report::default();
    access::check(&mut report, document);
    report.violations
}
