//! Checks a finished file against the rules of ISO 19005-2 that a converted print could break, from its bytes alone. It
//! shares with the converter the reading of syntax and nothing of its state.

use std::fmt;

use crate::render::pdfa::Flavour;

/// A rule that a file breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Clause of ISO 19005-2, with a number where the clause has several rules.
    pub clause: &'static str,
    /// Where, and what was found.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.clause, self.what)
    }
}

/// The rules that `bytes` break.
pub fn check(_bytes: &[u8], _flavour: Flavour) -> Vec<Violation> {
    Vec::new()
}
