//! Level 2: every snapshot that fell due was taken, failed or recorded as missed. Judged from the log alone.

use crate::archive::{View, ViewKind};
use crate::evidence::codes;
use crate::evidence::history::History;
use crate::evidence::report::Hit;
use crate::model::time::Instant;
use crate::ops::verify::Request;
use crate::schedule::Ledger;

/// Days after the due date within which a capture is on time. The log does not carry the setting, so its default counts.
const WINDOW_DAYS: u32 = 1;

/// Up to when snapshots are asked for: the time given, else now; in a package the log's last entry, in a PROVARKIV the
/// last entry unless a time is given.
pub(super) fn until(view: &View, history: &History, request: &Request) -> Instant {
    let last = history.last_time().unwrap_or(request.now);
    let test = history.genesis().is_some_and(|genesis| genesis.test);
    match (view.kind(), request.as_of) {
        (ViewKind::Package, _) => last,
        (ViewKind::Archive, Some(time)) => time,
        (ViewKind::Archive, None) if test => last,
        (ViewKind::Archive, None) => request.now,
    }
}

/// Snapshots that fell due and of which the log says nothing.
pub(super) fn check(view: &View, history: &History, until: Instant) -> Vec<Hit> {
    let mut ledger = Ledger::default();
    for entry in &history.entries {
        if let Some(body) = &entry.body {
            ledger.take_in(entry.time, body);
        }
    }
    let silent = ledger.unanswered(until, WINDOW_DAYS);
    let unaccounted = silent
        .into_iter()
        .filter(|slot| !history.failed.contains(slot));
    unaccounted
        .map(|(account, slot)| {
            let path = format!("{}captures/{account}", view.data());
            let message = format!(
                "Ögonblicksbilden som skulle tas {} ({}) är varken tagen, misslyckad eller antecknad som utebliven.",
                slot.due,
                slot.rule.swedish()
            );
            Hit::at(codes::SLOT, path, message)
        })
        .collect()
}
