//! Policy file to [`Policy`]. Every fault (*fel*) is found in one pass, with line, caret and a suggestion.

use toml::de::DeTable;

use crate::model::finding::Finding;
use crate::policy::Policy;
use crate::policy::fault::{Fault, Source};
use crate::policy::read::Reader;
use crate::policy::{rules, sections, syntax};

/// The value of `schema` that this program reads.
pub const SCHEMA: &str = "bevara.policy/1";
/// Largest policy file that is read; a thousand rules are smaller.
const LARGEST: usize = 1 << 20;

/// The faults of a policy file.
#[derive(Debug, thiserror::Error)]
#[error("{} är ingen giltig gallringspolicy", name)]
pub struct PolicyFaults {
    /// The file's name.
    pub name: String,
    /// Each fault rendered for people, with line and caret.
    pub rendered: Vec<String>,
    /// Each fault as a finding (code, `file:line:column`, message).
    pub findings: Vec<Finding>,
}

/// Reads a policy file; `name` is shown in errors.
pub fn parse(name: &str, text: &str) -> Result<Policy, PolicyFaults> {
    let source = Source { name, text };
    let reader = Reader::open(source);
    let mut policy = sections::blank(name);
    if text.len() > LARGEST {
        reader.fault("P001", 0..0, "filen är större än 1 MiB", None);
    } else {
        read(&reader, &mut policy);
    }
    let faults = reader.faults();
    if faults.is_empty() {
        Ok(policy)
    } else {
        Err(refusal(source, &faults))
    }
}

fn read(reader: &Reader<'_>, policy: &mut Policy) {
    let (table, errors) = DeTable::parse_recoverable(reader.source.text);
    for error in &errors {
        syntax::report(reader, error);
    }
    syntax::lint(reader);
    if !errors.is_empty() {
        // What could be read is a guess from here on: faults of meaning would mislead.
        return;
    }
    let root = sections::root(reader, table.get_ref());
    match root.spanned_text("schema") {
        Some((schema, _)) if schema == SCHEMA => {}
        Some((schema, span)) => reader.fault(
            "P006",
            span,
            format!("okänt schema \"{schema}\""),
            Some(format!("skriv schema = \"{SCHEMA}\"")),
        ),
        None if root.is_absent("schema") => root.missing("schema"),
        None => {}
    }
    sections::policy(&root, policy);
    sections::bases(&root, policy);
    sections::snapshots(&root, policy);
    sections::duties(&root, policy);
    sections::limits(&root, policy);
    rules::rules(&root, policy);
    rules::cases(&root, policy);
    root.finish();
}

fn refusal(source: Source<'_>, faults: &[Fault]) -> PolicyFaults {
    PolicyFaults {
        name: source.name.to_owned(),
        rendered: faults.iter().map(|fault| source.rendered(fault)).collect(),
        findings: faults.iter().map(|fault| source.finding(fault)).collect(),
    }
}
