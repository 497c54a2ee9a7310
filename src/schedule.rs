//! What is due: pure functions from an account's terms and its history to obligations. Dates are civil dates in
//! Stockholm; at most one obligation exists for an account, a rule and a date.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use chrono::NaiveDate;
use chrono_tz::Europe::Stockholm;

use crate::model::cadence::{CadenceRule, History, Obligation, ObligationState, Slot};
use crate::model::time::Instant;

/// The dates between which an account owes snapshots, and under which rules.
#[derive(Clone, Debug)]
pub struct Terms {
    /// First day.
    pub from: NaiveDate,
    /// Last day, once closed.
    pub closed: Option<NaiveDate>,
    /// The rules.
    pub cadence: Vec<CadenceRule>,
}

/// The due dates of a rule in `[from, to]`.
pub fn due_dates(rule: CadenceRule, from: NaiveDate, to: NaiveDate) -> Vec<NaiveDate> {
    let schedule =
        cron::Schedule::from_str(&expression(rule)).expect("the expressions below are valid cron");
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
fn expression(rule: CadenceRule) -> String {
    match rule {
        CadenceRule::HalfYear => "0 0 0 1 1,7 *".to_owned(),
        CadenceRule::Year => "0 0 0 1 1 *".to_owned(),
        CadenceRule::Day { month, day } => format!("0 0 0 {day} {month} *"),
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
    for rule in &terms.cadence {
        // One date beyond `until` is needed to know whether the last one is missed.
        let horizon = until
            .max(today)
            .checked_add_months(chrono::Months::new(12))
            .unwrap_or(until);
        let dates = due_dates(*rule, terms.from, horizon);
        for (index, due) in dates.iter().enumerate().filter(|(_, due)| **due <= until) {
            let slot = Slot {
                rule: *rule,
                due: *due,
            };
            let next = dates.get(index + 1).copied();
            let cancelled = terms.closed.is_some_and(|closed| *due > closed);
            let (state, capture) = match history.get(&slot) {
                Some(History::Met { capture, at })
                    if at.stockholm_date() <= window_end(*due, window_days) =>
                {
                    (ObligationState::Met, Some(capture.clone()))
                }
                Some(History::Met { capture, .. }) => {
                    (ObligationState::Late, Some(capture.clone()))
                }
                Some(History::Missed) => (ObligationState::Missed, None),
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
    all.sort_by(|one, other| (one.slot.due, one.slot.rule).cmp(&(other.slot.due, other.slot.rule)));
    all
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::CaptureId;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn terms() -> Terms {
        Terms {
            from: date("2025-12-01"),
            closed: None,
            cadence: vec![CadenceRule::HalfYear, CadenceRule::Year],
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
}
