//! A package: its seal, its bag, and what it says it carries.

use std::collections::BTreeSet;

use crate::archive::View;
use crate::evidence::codes;
use crate::evidence::history::History;
use crate::evidence::report::Hit;
use crate::model::id::{HolderId, UnitRef};
use crate::ops::verify::Request;
use crate::ops::verify::contents::Contents;
use crate::ops::verify::holders::Digests;

/// What a package says it carries.
#[derive(Debug, Default)]
pub(super) struct Carried {
    /// Captures and records.
    pub(super) holders: BTreeSet<HolderId>,
    /// Units of these that were left out.
    pub(super) withheld: BTreeSet<UnitRef>,
}

/// What the check of the bag came to.
#[derive(Debug, Default)]
pub(super) struct Bag {
    pub(super) hits: Vec<Hit>,
    pub(super) digests: Digests,
    pub(super) scope: Option<Carried>,
    pub(super) files: u64,
    pub(super) bytes: u64,
}

/// Checks seal, bag and scope.
pub(super) fn check(
    _view: &View,
    _contents: &Contents,
    _history: &History,
    _request: &Request,
) -> Bag {
    Bag {
        hits: vec![Hit::at(codes::SCOPE, "", "Paket kan inte läsas än.")],
        ..Bag::default()
    }
}
