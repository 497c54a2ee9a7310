//! What a capture rests on beside the browser: the program that made it, and the clock that dates it.

use serde::Serialize;

use crate::model::digest::Sha256Hex;

/// The program and the clock of a capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// The program's version.
    pub version: String,
    /// SHA-256 of the program's file: which build it was, as `sha256sum` tells it.
    pub sha256: Sha256Hex,
    /// Where the times come from.
    pub clock: ClockSource,
}

/// Where times come from, as far as the machine tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClockSource {
    /// The time was given on the command line; only a test archive takes it.
    pub given: bool,
    /// What keeps the machine's clock right, where that is known.
    pub kept_by: Option<String>,
    /// Whether it has set the clock since the machine started; absent where it does not tell.
    pub synchronized: Option<bool>,
}
