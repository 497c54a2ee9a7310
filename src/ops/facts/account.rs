//! What holds for every post of an account: its row, its obligations, and the captures that may show a post.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::{AccountRow, CaptureRow};
use crate::model::cadence::Obligation;
use crate::model::id::{CaptureId, UnitRef};
use crate::model::time::Instant;

/// What holds for every post of an account.
#[derive(Debug)]
pub(super) struct AccountFacts {
    pub(super) row: AccountRow,
    pub(super) obligations: Vec<Obligation>,
    /// Complete page captures and rendered kontoböcker, oldest first.
    pub(super) pictures: Vec<CaptureRow>,
    pub(super) captures: BTreeMap<CaptureId, CaptureRow>,
    /// What each kontobok among the pictures shows: it stands for no other post.
    pub(super) shown: BTreeMap<CaptureId, BTreeSet<UnitRef>>,
}

impl AccountFacts {
    /// The pictures taken after `moment` that show the post in its newest version.
    pub(super) fn after(
        &self,
        moment: Instant,
        unit: &UnitRef,
    ) -> impl Iterator<Item = &CaptureRow> {
        after(&self.pictures, moment).filter(move |capture| {
            self.shown
                .get(&capture.id)
                .is_none_or(|shown| shown.contains(unit))
        })
    }
}

/// Captures begun after a moment. The time in the id is when the capture began: what was posted while it ran may not be
/// in it.
pub(super) fn after(captures: &[CaptureRow], moment: Instant) -> impl Iterator<Item = &CaptureRow> {
    captures
        .iter()
        .filter(move |capture| capture.time.min(begun(capture)) > moment)
}

fn begun(capture: &CaptureRow) -> Instant {
    let stamp = capture.id.as_str();
    chrono::NaiveDateTime::parse_from_str(stamp.get(..16).unwrap_or(stamp), "%Y%m%dT%H%M%SZ")
        .map_or(capture.time, |time| Instant::new(time.and_utc()))
}
