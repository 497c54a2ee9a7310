//! Level 2: every snapshot that fell due was taken, failed or recorded as missed. Judged from the log alone, under the
//! terms in force on the due day.

use chrono::NaiveDate;

use crate::archive::{View, ViewKind};
use crate::evidence::codes;
use crate::evidence::history::{History, Terms};
use crate::evidence::report::Hit;
use crate::model::cadence::Slot;
use crate::model::id::AccountId;
use crate::model::time::Instant;
use crate::ops::verify::Request;
use crate::schedule;

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
    let today = until.stockholm_date();
    let mut hits = Vec::new();
    for (account, revisions) in &history.terms {
        for (index, terms) in revisions.iter().enumerate() {
            let next = revisions
                .get(index + 1)
                .map(|next| next.time.stockholm_date());
            let from = if index == 0 {
                terms.opened
            } else {
                terms.opened.max(terms.time.stockholm_date())
            };
            for slot in due(terms, (from, next), today) {
                let key = (account.clone(), slot.clone());
                if !history.slots.contains_key(&key) {
                    hits.push(unaccounted(view, account, &slot));
                }
            }
        }
    }
    hits
}

/// The slots of one revision whose window has passed, from its first day until the day of the next revision.
fn due(terms: &Terms, (from, next): (NaiveDate, Option<NaiveDate>), today: NaiveDate) -> Vec<Slot> {
    let mut slots = Vec::new();
    for rule in &terms.cadence {
        for due in schedule::due_dates(*rule, from, today) {
            let open = terms.closed.is_none_or(|closed| due <= closed)
                && next.is_none_or(|next| due < next)
                && schedule::window_end(due, WINDOW_DAYS) < today;
            if open {
                slots.push(Slot { rule: *rule, due });
            }
        }
    }
    slots
}

fn unaccounted(view: &View, account: &AccountId, slot: &Slot) -> Hit {
    let path = format!("{}captures/{account}", view.data());
    let message = format!(
        "Ögonblicksbilden som skulle tas {} ({}) är varken tagen, misslyckad eller antecknad som missad.",
        slot.due, slot.rule
    );
    Hit::at(codes::SLOT, path, message).differs(format!("{} {}", slot.due, slot.rule), "-")
}
