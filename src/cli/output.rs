//! What a verb prints: text for people, or exactly one JSON document. Errors are rendered here, once.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the one place that prints"
)]

use std::error::Error;

use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::exit::Exit;
use crate::model::finding::{Finding, Severity};

/// What a verb came to.
#[derive(Debug)]
pub struct Outcome {
    /// How the program ends.
    pub exit: Exit,
    /// `result` of the JSON document.
    pub result: Value,
    /// `findings` of the JSON document.
    pub findings: Vec<Finding>,
    /// What people read on standard output.
    pub text: String,
}

impl Outcome {
    /// Done, with a result and its text.
    pub fn done(result: Value, text: impl Into<String>) -> Self {
        Self {
            exit: Exit::Done,
            result,
            findings: Vec::new(),
            text: text.into(),
        }
    }

    /// The same with another exit code.
    #[must_use]
    pub fn with_exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// The same with findings.
    #[must_use]
    pub fn with_findings(mut self, findings: Vec<Finding>) -> Self {
        self.findings = findings;
        self
    }
}

/// The document, its members in the order of their names. It borrows the result, which may hold a million posts.
#[derive(Serialize)]
struct Document<'a> {
    archive: Option<&'a str>,
    as_of: Option<&'a str>,
    exit: Exit,
    findings: &'a [Value],
    result: &'a Value,
    schema: String,
}

/// How a verb's outcome is shown.
#[derive(Clone, Debug)]
pub struct Output {
    /// One JSON document instead of text.
    pub json: bool,
    /// No text for people unless something is wrong.
    pub quiet: bool,
    /// `schema` of the document: `bevara.<verb>/1`.
    pub verb: &'static str,
}

impl Output {
    /// Prints an outcome; `shown` is the archive's id and the time.
    pub fn show(&self, outcome: &Outcome, shown: Option<(&str, &str)>) {
        if self.json {
            let findings = outcome
                .findings
                .iter()
                .map(|finding| json!(finding))
                .collect::<Vec<_>>();
            self.document(shown, outcome.exit, &outcome.result, &findings);
            return;
        }
        if !self.quiet || outcome.exit != Exit::Done {
            if !outcome.text.is_empty() {
                println!("{}", printable(outcome.text.trim_end()));
            }
            for finding in &outcome.findings {
                println!("{}", printable(&finding_line(finding)));
            }
        }
    }

    /// Prints one JSON line ahead of the document (`verify`, `run`).
    pub fn line(&self, value: &Value) {
        if self.json {
            println!("{value}");
        }
    }

    /// Tells people on standard error how a long verb goes on.
    pub fn say(&self, line: &str) {
        if !self.json && !self.quiet {
            eprintln!("{line}");
        }
    }

    /// Prints an error that ended the verb.
    pub fn error(&self, error: &(dyn Error + 'static), exit: Exit, hint: Option<&str>) {
        let mut causes = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        eprintln!("error: {}", printable(&error.to_string()));
        for cause in &causes {
            eprintln!("caused by: {}", printable(cause));
        }
        if let Some(hint) = hint {
            eprintln!("hint: {hint}");
        }
        if self.json {
            let message = std::iter::once(error.to_string())
                .chain(causes)
                .collect::<Vec<_>>()
                .join(": ");
            let finding =
                json!({"code": "E000", "severity": "error", "path": "", "message": message});
            self.document(None, exit, &Value::Null, &[finding]);
        }
    }

    fn document(
        &self,
        shown: Option<(&str, &str)>,
        exit: Exit,
        result: &Value,
        findings: &[Value],
    ) {
        let document = Document {
            archive: shown.map(|(archive, _)| archive),
            as_of: shown.map(|(_, as_of)| as_of),
            exit,
            findings,
            result,
            schema: format!("bevara.{}/1", self.verb),
        };
        match serde_json::to_string(&document) {
            Ok(text) => println!("{text}"),
            Err(error) => eprintln!("error: {error}"),
        }
    }
}

/// Text without what would steer the terminal or turn the direction of writing: posts, names and file names are other
/// people's text.
fn printable(text: &str) -> String {
    let steers = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|c| if steers(c) { '\u{fffd}' } else { c })
        .collect()
}

fn finding_line(finding: &Finding) -> String {
    let word = match finding.severity {
        Severity::Error => "fel",
        Severity::Warning => "varning",
        Severity::Note => "upplysning",
    };
    let place = if finding.path.is_empty() {
        String::new()
    } else {
        format!(" {}", finding.path)
    };
    format!("{word} {}{place}: {}", finding.code, finding.message)
}

/// A table of left-aligned columns without borders, for the terminal.
pub fn table(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = comfy_table::Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_header(header.to_vec());
    for row in rows {
        table.add_row(row);
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}
