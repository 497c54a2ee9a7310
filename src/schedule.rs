//! What is due: pure functions from an account's terms and its history to obligations. Dates are civil dates in
//! Stockholm; at most one obligation exists for an account, a rule and a date.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;

use chrono::NaiveDate;
use chrono_tz::Europe::Stockholm;

use crate::model::cadence::{
    CadencePeriod, CadenceRule, History, Obligation, ObligationState, Slot,
};
use crate::model::entry::Body;
use crate::model::id::{AccountId, Alias, CaptureId};
use crate::model::time::Instant;

/// The dates between which an account owes snapshots, and under which rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// First day.
    pub from: NaiveDate,
    /// Last day, once closed.
    pub closed: Option<NaiveDate>,
    /// The rules and since when, oldest first. A new policy changes what falls due from its day on, never what fell due
    /// before; on the day itself both count.
    pub cadence: Vec<CadencePeriod>,
}

impl Terms {
    /// Whether a snapshot under `rule` falls due on `date`, as far as the rules in force go.
    fn holds(&self, rule: CadenceRule, date: NaiveDate) -> bool {
        self.cadence.iter().enumerate().any(|(index, period)| {
            let next = self.cadence.get(index + 1);
            period.rules.contains(&rule)
                && period.since <= date
                && next.is_none_or(|next| date <= next.since)
        })
    }

    fn rules(&self) -> BTreeSet<CadenceRule> {
        let rules = self.cadence.iter().flat_map(|period| &period.rules);
        rules.copied().collect()
    }
}

/// The due dates of a rule in `[from, to]`.
pub fn due_dates(rule: CadenceRule, from: NaiveDate, to: NaiveDate) -> Vec<NaiveDate> {
    let Some(expression) = expression(rule) else {
        return Vec::new();
    };
    let schedule =
        cron::Schedule::from_str(&expression).expect("the expressions below are valid cron");
    // `after` excludes its argument, so the search starts a second before midnight.
    let start = Instant::start_of(from)
        .plus_seconds(-1)
        .utc()
        .with_timezone(&Stockholm);
    schedule
        .after(&start)
        .map(|time| time.date_naive())
        .take_while(|date| *date <= to)
        .collect()
}

/// The rule as a cron expression (seconds first), always at midnight: no time that summer time could skip or double.
fn expression(rule: CadenceRule) -> Option<String> {
    match rule {
        CadenceRule::HalfYear => Some("0 0 0 1 1,7 *".to_owned()),
        CadenceRule::Year => Some("0 0 0 1 1 *".to_owned()),
        CadenceRule::Day { month, day } => Some(format!("0 0 0 {day} {month} *")),
        CadenceRule::Closing => None,
    }
}

/// Every obligation of an account with a due date until `until`, sorted by date and rule.
pub fn obligations(
    terms: &Terms,
    history: &BTreeMap<Slot, History>,
    (now, until): (Instant, NaiveDate),
    window_days: u32,
) -> Vec<Obligation> {
    let today = now.stockholm_date();
    let mut all = Vec::new();
    for rule in terms.rules() {
        let dates = due_dates(rule, terms.from, until.max(today));
        for (index, due) in dates.iter().enumerate() {
            let slot = Slot { rule, due: *due };
            // A slot that the log knows stays, whatever the rules say now.
            let counts = terms.holds(rule, *due) || history.contains_key(&slot);
            if *due > until || !counts {
                continue;
            }
            let next = dates.get(index + 1).copied();
            let cancelled = terms.closed.is_some_and(|closed| *due > closed);
            let (state, capture) = match history.get(&slot) {
                Some(history) => told_state(&slot, history, window_days),
                None if cancelled => (ObligationState::Cancelled, None),
                None => (open_state(*due, next, today, window_days), None),
            };
            all.push(Obligation {
                slot,
                state,
                capture,
            });
        }
    }
    let closings = history
        .iter()
        .filter(|(slot, _)| slot.rule == CadenceRule::Closing && slot.due <= until);
    for (slot, history) in closings {
        let (state, capture) = told_state(slot, history, window_days);
        all.push(Obligation {
            slot: slot.clone(),
            state,
            capture,
        });
    }
    all.sort_by_key(|one| (one.slot.due, one.slot.rule));
    all
}

/// What the log says of a slot. A capture after the window stays late for ever.
fn told_state(
    slot: &Slot,
    history: &History,
    window_days: u32,
) -> (ObligationState, Option<CaptureId>) {
    match history {
        History::Met { capture, at } => {
            let in_time = at.stockholm_date() <= window_end(slot.due, window_days);
            let state = if in_time {
                ObligationState::Met
            } else {
                ObligationState::Late
            };
            (state, Some(capture.clone()))
        }
        History::Missed => (ObligationState::Missed, None),
    }
}

fn open_state(
    due: NaiveDate,
    next: Option<NaiveDate>,
    today: NaiveDate,
    window_days: u32,
) -> ObligationState {
    if due > today {
        ObligationState::Planned
    } else if next.is_some_and(|next| next <= today) {
        ObligationState::Missed
    } else if today <= window_end(due, window_days) {
        ObligationState::Due
    } else {
        ObligationState::Late
    }
}

/// The last day on which a capture is on time.
pub fn window_end(due: NaiveDate, window_days: u32) -> NaiveDate {
    due.checked_add_days(chrono::Days::new(u64::from(window_days)))
        .unwrap_or(due)
}

/// What has to be done now: slots to capture for (the newest of each rule) and slots to record as missed.
pub fn wanted(
    obligations: &[Obligation],
    history: &BTreeMap<Slot, History>,
) -> (Vec<Slot>, Vec<Slot>) {
    let open = |state: ObligationState| {
        let slots = obligations
            .iter()
            .filter(move |obligation| obligation.state == state && obligation.capture.is_none());
        slots.map(|obligation| obligation.slot.clone())
    };
    let capture = open(ObligationState::Due)
        .chain(open(ObligationState::Late))
        .collect();
    let missed = open(ObligationState::Missed)
        .filter(|slot| !history.contains_key(slot))
        .collect();
    (capture, missed)
}

/// What an account owes and what became of it, read off the log.
#[derive(Clone, Debug)]
pub struct Owed {
    /// The account's name on the command line.
    pub alias: Alias,
    /// When it owes snapshots.
    pub terms: Terms,
    /// What the log says of its slots.
    pub history: BTreeMap<Slot, History>,
}

/// The obligations of every account, from log entries alone: what `verify` judges by, and what the catalogue must agree
/// with.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// By account.
    pub accounts: BTreeMap<AccountId, Owed>,
}

impl Ledger {
    /// Takes in the next log entry.
    pub fn take_in(&mut self, time: Instant, body: &Body) {
        match body {
            Body::AccountChanged {
                account,
                alias,
                opened,
                closed,
                cadence,
                ..
            } => {
                let owed = self
                    .accounts
                    .entry(account.clone())
                    .or_insert_with(|| Owed {
                        alias: alias.clone(),
                        terms: Terms {
                            from: *opened,
                            closed: None,
                            cadence: Vec::new(),
                        },
                        history: BTreeMap::new(),
                    });
                owed.terms.closed = *closed;
                CadencePeriod::note(&mut owed.terms.cadence, time, cadence);
            }
            Body::PolicyChange { cadence, .. } => {
                for owed in self.accounts.values_mut() {
                    CadencePeriod::note(&mut owed.terms.cadence, time, cadence);
                }
            }
            Body::Capture {
                account,
                capture,
                fills,
                ..
            } => {
                if let Some(owed) = self.accounts.get_mut(account) {
                    for slot in fills {
                        let met = History::Met {
                            capture: capture.clone(),
                            at: time,
                        };
                        owed.history.insert(slot.clone(), met);
                    }
                }
            }
            Body::SnapshotMissed { account, slot, .. } => {
                if let Some(owed) = self.accounts.get_mut(account) {
                    owed.history.insert(slot.clone(), History::Missed);
                }
            }
            Body::Genesis { .. }
            | Body::PersonChanged { .. }
            | Body::CaptureFailed { .. }
            | Body::Ingest { .. }
            | Body::Classification { .. }
            | Body::Flag { .. }
            | Body::Plan { .. }
            | Body::PlanWithdrawn { .. }
            | Body::Approval { .. }
            | Body::HoldPlaced { .. }
            | Body::HoldLifted { .. }
            | Body::Disposal { .. }
            | Body::DisposalConfirmed { .. }
            | Body::Export { .. }
            | Body::Receipt { .. }
            | Body::Takedown { .. }
            | Body::RegistryHandover { .. }
            | Body::RegistryReceipt { .. }
            | Body::RemovalObserved { .. }
            | Body::Note { .. } => {}
        }
    }

    /// Slots whose window has passed at `at` and of which the log says nothing: neither taken nor recorded as missed.
    pub fn unanswered(&self, at: Instant, window_days: u32) -> Vec<(AccountId, Slot)> {
        let today = at.stockholm_date();
        let mut all = Vec::new();
        for (account, owed) in &self.accounts {
            let obligations = obligations(&owed.terms, &owed.history, (at, today), window_days);
            let silent = obligations.into_iter().filter(|one| {
                matches!(one.state, ObligationState::Late | ObligationState::Missed)
                    && !owed.history.contains_key(&one.slot)
            });
            all.extend(silent.map(|one| (account.clone(), one.slot)));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn terms() -> Terms {
        Terms {
            from: date("2025-12-01"),
            closed: None,
            cadence: vec![CadencePeriod {
                since: date("2025-12-01"),
                rules: vec![CadenceRule::HalfYear, CadenceRule::Year],
            }],
        }
    }

    fn states(
        history: &BTreeMap<Slot, History>,
        now: &str,
        until: &str,
    ) -> Vec<(String, String, ObligationState)> {
        let now = Instant::parse_as_of(now).unwrap();
        let all = obligations(&terms(), history, (now, date(until)), 1);
        all.into_iter()
            .map(|one| {
                (
                    one.slot.due.to_string(),
                    one.slot.rule.to_string(),
                    one.state,
                )
            })
            .collect()
    }

    fn row(due: &str, rule: &str, state: ObligationState) -> (String, String, ObligationState) {
        (due.to_owned(), rule.to_owned(), state)
    }

    #[test]
    fn year_change_has_two_obligations_and_the_minute_before_none_is_due() {
        let before = states(&BTreeMap::new(), "2025-12-31T23:59:59+01:00", "2026-01-01");
        assert_eq!(
            before,
            [
                row("2026-01-01", "half-year", ObligationState::Planned),
                row("2026-01-01", "year", ObligationState::Planned)
            ]
        );
        let after = states(&BTreeMap::new(), "2026-01-01T00:00:00+01:00", "2026-01-01");
        assert_eq!(
            after,
            [
                row("2026-01-01", "half-year", ObligationState::Due),
                row("2026-01-01", "year", ObligationState::Due)
            ]
        );
    }

    #[test]
    fn the_newest_date_is_late_and_the_older_missed() {
        let found = states(&BTreeMap::new(), "2026-09-01", "2026-12-31");
        assert_eq!(
            found,
            [
                row("2026-01-01", "half-year", ObligationState::Missed),
                row("2026-01-01", "year", ObligationState::Late),
                row("2026-07-01", "half-year", ObligationState::Late),
            ]
        );
    }

    #[test]
    fn the_window_ends_the_day_after() {
        for (now, state) in [
            ("2026-07-02T23:59:59+02:00", ObligationState::Due),
            ("2026-07-03", ObligationState::Late),
        ] {
            assert_eq!(
                states(&BTreeMap::new(), now, "2026-07-01")[2],
                row("2026-07-01", "half-year", state)
            );
        }
    }

    #[test]
    fn a_late_capture_stays_late_for_ever() {
        let slot = Slot {
            rule: CadenceRule::HalfYear,
            due: date("2026-07-01"),
        };
        let capture: CaptureId = "20260901T100000Z-0123abcd".parse().unwrap();
        let at = Instant::parse_as_of("2026-09-01T12:00:00+02:00").unwrap();
        let history = BTreeMap::from([(
            slot,
            History::Met {
                capture: capture.clone(),
                at,
            },
        )]);
        let now = Instant::parse_as_of("2027-03-01").unwrap();
        let all = obligations(&terms(), &history, (now, date("2026-07-01")), 1);
        assert_eq!(
            (all[2].state, &all[2].capture),
            (ObligationState::Late, &Some(capture))
        );
    }

    #[test]
    fn nothing_is_due_after_closing_day() {
        let mut terms = terms();
        terms.closed = Some(date("2026-07-01"));
        let now = Instant::parse_as_of("2027-02-01").unwrap();
        let all = obligations(&terms, &BTreeMap::new(), (now, date("2027-02-01")), 1);
        let last: Vec<_> = all
            .iter()
            .map(|one| (one.slot.due.to_string(), one.state))
            .collect();
        assert_eq!(
            last[2].1,
            ObligationState::Missed,
            "the closing day itself counts"
        );
        assert!(
            last[3..]
                .iter()
                .all(|(_, state)| *state == ObligationState::Cancelled),
            "{last:?}"
        );
    }

    #[test]
    fn wanted_takes_open_slots_and_records_each_miss_once() {
        let now = Instant::parse_as_of("2026-09-01").unwrap();
        let mut history = BTreeMap::new();
        let all = obligations(&terms(), &history, (now, now.stockholm_date()), 1);
        let (capture, missed) = wanted(&all, &history);
        assert_eq!(capture.len(), 2);
        assert_eq!(
            missed,
            [Slot {
                rule: CadenceRule::HalfYear,
                due: date("2026-01-01")
            }]
        );
        history.insert(missed[0].clone(), History::Missed);
        let all = obligations(&terms(), &history, (now, now.stockholm_date()), 1);
        assert!(wanted(&all, &history).1.is_empty());
    }

    #[test]
    fn a_new_policy_changes_nothing_that_fell_due_before_it() {
        let mut terms = terms();
        terms.cadence[0].rules = vec![CadenceRule::Year];
        terms.cadence.push(CadencePeriod {
            since: date("2026-10-15"),
            rules: vec![CadenceRule::HalfYear],
        });
        let now = Instant::parse_as_of("2027-08-01").unwrap();
        let all = obligations(&terms, &BTreeMap::new(), (now, date("2027-08-01")), 1);
        let found: Vec<_> = all
            .iter()
            .map(|one| (one.slot.due.to_string(), one.slot.rule, one.state))
            .collect();
        assert_eq!(
            found,
            [
                // The year of 2026 was owed under the old policy; no half-year was, neither in January nor in July.
                (
                    "2026-01-01".to_owned(),
                    CadenceRule::Year,
                    ObligationState::Missed
                ),
                (
                    "2027-01-01".to_owned(),
                    CadenceRule::HalfYear,
                    ObligationState::Missed
                ),
                (
                    "2027-07-01".to_owned(),
                    CadenceRule::HalfYear,
                    ObligationState::Late
                ),
            ]
        );
    }

    #[test]
    fn the_ledger_finds_the_slot_that_the_log_is_silent_about() {
        let mut ledger = Ledger::default();
        let account = AccountId::random();
        let sealed = crate::model::entry::Sealed {
            units: 1,
            root_sha256: crate::model::digest::Sha256Hex::zero(),
            json: crate::model::digest::DigestPair::zero(),
            list_sha256: crate::model::digest::DigestPair::zero(),
            list_sha512: crate::model::digest::DigestPair::zero(),
        };
        let at = |text| Instant::parse_as_of(text).unwrap();
        let added = Body::AccountChanged {
            account: account.clone(),
            alias: "a".parse().unwrap(),
            platform: crate::model::account::Platform::Facebook,
            status: crate::model::account::AccountStatus::Aktiv,
            opened: date("2025-12-01"),
            closed: None,
            policy_sha256: crate::model::digest::Sha256Hex::zero(),
            cadence: vec![CadenceRule::HalfYear],
            record: "r20251201T000000Z-0123abcd".parse().unwrap(),
            sealed,
        };
        ledger.take_in(at("2025-12-01"), &added);
        let january = Slot {
            rule: CadenceRule::HalfYear,
            due: date("2026-01-01"),
        };
        assert!(ledger.unanswered(at("2026-01-02"), 1).is_empty());
        assert_eq!(
            ledger.unanswered(at("2026-01-03"), 1),
            [(account.clone(), january.clone())]
        );
        let missed = Body::SnapshotMissed {
            account,
            slot: january,
            record: None,
            sealed: None,
        };
        ledger.take_in(at("2026-07-01"), &missed);
        assert!(ledger.unanswered(at("2026-07-01"), 1).is_empty());
    }
}
