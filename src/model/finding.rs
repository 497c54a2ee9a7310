//! What a check found. A finding is not an error: the check itself went well.

use serde::{Deserialize, Serialize};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Worth mending.
    Warning,
    /// The thing checked does not hold.
    Error,
}

/// One finding: a stable code, how grave it is, where it is, and a sentence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// Stable code such as `E101`.
    pub code: String,
    /// How grave.
    pub severity: Severity,
    /// File, field or account; relative to what was checked.
    pub path: String,
    /// A sentence: what was expected, what is there.
    pub message: String,
}

impl Finding {
    /// A finding of severity error.
    pub fn error(code: &str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            severity: Severity::Error,
            path: path.into(),
            message: message.into(),
        }
    }

    /// A finding of severity warning.
    pub fn warning(code: &str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            severity: Severity::Warning,
            path: path.into(),
            message: message.into(),
        }
    }

    /// A finding of severity note.
    pub fn note(code: &str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            severity: Severity::Note,
            path: path.into(),
            message: message.into(),
        }
    }
}
