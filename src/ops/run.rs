//! One pass of the scheduler: records what can no longer be witnessed as missed, and captures what is due or late.
//! Idempotent; safe to call every hour and twice at once.

use std::collections::BTreeMap;

use chrono::Days;
use serde::Serialize;

use crate::app::{App, AppError};
use crate::catalogue::AccountRow;
use crate::model::cadence::{CadenceRule, Occasion, Slot};
use crate::model::causes::with_causes;
use crate::model::entry::{Actor, Body};
use crate::model::id::Alias;
use crate::model::time::Instant;
use crate::model::verdict::Verdict;
use crate::ops::error::OpsError;
use crate::ops::schedule;
use crate::ops::snapshot::{self, Captured, Crew, Order, Progress, Turn};
use crate::schedule::{due_dates, window_end};

/// Hours after which a failed account is tried again: 1, 2, 4, 8, 16, then a day, and after two weeks of that a week, for
/// what is kept of each attempt stays for ever.
const DAY_HOURS: i64 = 24;
const WEEK_HOURS: i64 = 7 * DAY_HOURS;
/// Hours before a deadline at which a failed account is tried once more, however long its pause: two hourly passes.
const LAST_CHANCE_HOURS: i64 = 2;
/// A pass that comes a little early because of the timer's spread counts as on the hour.
const SPREAD_SECONDS: i64 = 300;

/// How often in a row a browser may fail before the pass is given up.
const BROWSER_FAILURES: u32 = 2;

/// What a pass did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Pass {
    /// Another pass is active; nothing was done.
    pub busy: bool,
    /// Slots recorded as missed.
    pub missed: Vec<MissedRow>,
    /// Captures made.
    pub captures: Vec<Captured>,
    /// Accounts with something due whose window has passed: captured late, or still wanted.
    pub late: Vec<Alias>,
    /// Accounts that wait before the next try.
    pub waiting: Vec<WaitingRow>,
    /// Accounts that could not be worked on, and why.
    pub errors: Vec<ErrorRow>,
    /// What ended the pass before its end: the archive or the browser failed for every account.
    pub stopped: Option<String>,
}

/// A slot recorded as missed.
#[derive(Clone, Debug, Serialize)]
pub struct MissedRow {
    /// The account.
    pub account: Alias,
    /// The slot.
    #[serde(flatten)]
    pub slot: Slot,
}

/// An account that waits.
#[derive(Clone, Debug, Serialize)]
pub struct WaitingRow {
    /// The account.
    pub account: Alias,
    /// When it is tried again.
    pub until: Instant,
}

/// An account that could not be worked on.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorRow {
    /// The account.
    pub account: Alias,
    /// What stood in the way.
    pub message: String,
}

impl Pass {
    /// Whether everything this pass had to do went well and in time.
    pub fn is_clean(&self) -> bool {
        let complete = self
            .captures
            .iter()
            .all(|capture| capture.verdict == Verdict::Complete);
        self.missed.is_empty()
            && complete
            && self.late.is_empty()
            && self.waiting.is_empty()
            && self.errors.is_empty()
    }
}

/// Makes one pass. What an account came to never stops the others; only an archive that cannot be written, or a browser
/// that fails twice in a row, ends the pass, and what was done until then is told.
pub async fn run(app: &mut App, progress: &mut dyn Progress) -> Result<Pass, OpsError> {
    let Some(_lock) = app.store.pass_lock()? else {
        return Ok(Pass {
            busy: true,
            ..Pass::default()
        });
    };
    let mut pass = Pass::default();
    let accounts = app.catalogue.accounts().await?;
    for account in &accounts {
        record_missed(app, account, &mut pass).await?;
    }
    let mut crew = Crew::new(app);
    let stopped = capture_due(app, &accounts, &mut crew, (&mut pass, progress)).await;
    crew.close().await;
    let place = |alias: &Alias| accounts.iter().position(|row| row.account.alias == *alias);
    pass.captures.sort_by_key(|row| place(&row.account));
    pass.late.sort_by_key(place);
    pass.errors.sort_by_key(|row| place(&row.account));
    if let Err(error) = stopped {
        if pass.captures.is_empty() && pass.missed.is_empty() && pass.errors.is_empty() {
            return Err(error);
        }
        pass.stopped = Some(with_causes(&error));
    }
    Ok(pass)
}

async fn record_missed(
    app: &mut App,
    account: &AccountRow,
    pass: &mut Pass,
) -> Result<(), OpsError> {
    let window = app.config.schedule.window_days;
    let (_, missed) = schedule::wanted(&app.catalogue, account, app.now(), window).await?;
    if missed.is_empty() {
        return Ok(());
    }
    let mut session = app.begin().await?;
    let (_, missed) = schedule::wanted(session.catalogue, account, session.time(), window).await?;
    for slot in missed {
        let body = Body::SnapshotMissed {
            account: account.account.id.clone(),
            slot: slot.clone(),
            record: None,
            sealed: None,
        };
        session.append(body, &Actor::System).await?;
        pass.missed.push(MissedRow {
            account: account.account.alias.clone(),
            slot,
        });
    }
    Ok(())
}

/// An account that is to be captured now, and why.
#[derive(Debug)]
struct Due {
    account: AccountRow,
    slots: Vec<Slot>,
}

async fn capture_due(
    app: &mut App,
    accounts: &[AccountRow],
    crew: &mut Crew,
    (pass, progress): (&mut Pass, &mut dyn Progress),
) -> Result<(), OpsError> {
    let window = app.config.schedule.window_days;
    let mut queue = accounts.iter().enumerate();
    let mut under_way = BTreeMap::new();
    let mut failures = 0;
    loop {
        while crew.has_room()
            && let Some((number, known)) = queue.next()
        {
            let alias = &known.account.alias;
            let Some(due) = due_now(app, alias, pass).await? else {
                continue;
            };
            progress.started(alias, number + 1, accounts.len());
            if let Err(error) = send(app, crew, number, &due).await {
                note_late(pass, alias, &due.slots, (app.now(), window));
                note_error(pass, &due.account, error, &mut failures)?;
            } else {
                under_way.insert(number, due);
            }
        }
        let Some(turn) = crew.next().await? else {
            return Ok(());
        };
        let Turn::Ended(number, outcome) = turn else {
            continue;
        };
        let Some(due) = under_way.remove(&number) else {
            continue;
        };
        let done = match *outcome {
            Ok(outcome) => snapshot::commit(app, outcome, &Actor::System).await,
            Err(error) => Err(error),
        };
        let alias = &due.account.account.alias;
        note_late(pass, alias, &due.slots, (app.now(), window));
        match done {
            Ok(captured) => {
                failures = 0;
                progress.finished(&captured);
                pass.captures.push(captured);
            }
            Err(error) => note_error(pass, &due.account, error, &mut failures)?,
        }
    }
}

/// Whether an account is to be captured now. A pass takes hours where there are many: what was true when it began may
/// not be any more.
async fn due_now(app: &App, alias: &Alias, pass: &mut Pass) -> Result<Option<Due>, OpsError> {
    let window = app.config.schedule.window_days;
    let Some(account) = app.catalogue.account(alias).await? else {
        return Ok(None);
    };
    let now = app.now();
    let (slots, _) = schedule::wanted(&app.catalogue, &account, now, window).await?;
    if slots.is_empty() || !account.account.status.is_open() {
        return Ok(None);
    }
    let waits = pause(app, &account, &slots).await?;
    if let Some(until) = waits.filter(|until| *until > now) {
        note_late(pass, alias, &slots, (now, window));
        pass.waiting.push(WaitingRow {
            account: alias.clone(),
            until,
        });
        return Ok(None);
    }
    Ok(Some(Due { account, slots }))
}

async fn send(app: &App, crew: &mut Crew, number: usize, due: &Due) -> Result<(), OpsError> {
    let order = Order {
        accounts: Vec::new(),
        occasion: occasion(&due.slots),
        note: None,
        allow_addresses: Vec::new(),
        flavour: None,
    };
    let job = snapshot::prepare(app, &due.account, &order).await?;
    crew.send(app, number, job)
}

/// Notes an account that could not be worked on. `Err` where no other account would fare better.
fn note_error(
    pass: &mut Pass,
    account: &AccountRow,
    error: OpsError,
    failures: &mut u32,
) -> Result<(), OpsError> {
    if matches!(
        error,
        OpsError::Store(_) | OpsError::App(AppError::Store(_))
    ) {
        return Err(error);
    }
    *failures += u32::from(matches!(error, OpsError::Browser(_)));
    tracing::warn!(account.id = %account.account.id, "an account could not be captured");
    pass.errors.push(ErrorRow {
        account: account.account.alias.clone(),
        message: with_causes(&error),
    });
    if *failures == BROWSER_FAILURES {
        return Err(error);
    }
    Ok(())
}

/// Notes an account whose window has passed at `now`.
fn note_late(pass: &mut Pass, alias: &Alias, due: &[Slot], (now, window): (Instant, u32)) {
    let today = now.stockholm_date();
    if due.iter().any(|slot| today > window_end(slot.due, window)) {
        pass.late.push(alias.clone());
    }
}

/// When an account whose attempts for these slots went wrong may be tried again.
async fn pause(app: &App, account: &AccountRow, due: &[Slot]) -> Result<Option<Instant>, OpsError> {
    let Some(first) = due.iter().map(|slot| slot.due).min() else {
        return Ok(None);
    };
    let attempts = app
        .catalogue
        .attempts_since(&account.account.id, Instant::start_of(first))
        .await?;
    let deadlines = deadlines(due, app.now(), app.config.schedule.window_days);
    Ok(next_try(&attempts, &deadlines))
}

/// The moments at which a slot becomes late, and at which it becomes missed, as far as they lie ahead.
fn deadlines(due: &[Slot], now: Instant, window: u32) -> Vec<Instant> {
    let mut all = Vec::new();
    for slot in due {
        let after = window_end(slot.due, window).checked_add_days(Days::new(1));
        let year_on = slot.due.checked_add_days(Days::new(367));
        let next = year_on.and_then(|to| {
            let dates = due_dates(slot.rule, slot.due, to);
            dates.into_iter().find(|date| *date > slot.due)
        });
        all.extend(after.into_iter().chain(next).map(Instant::start_of));
    }
    all.retain(|deadline| *deadline > now);
    all
}

/// The pause after the last attempt, cut short so that a try falls into the last hours before each deadline.
fn next_try(attempts: &[Instant], deadlines: &[Instant]) -> Option<Instant> {
    let last = *attempts.iter().max()?;
    let hours = match attempts.len() {
        tries @ 1..=5 => 1_i64 << (tries - 1),
        6..=19 => DAY_HOURS,
        _ => WEEK_HOURS,
    };
    let pause = last.plus_seconds(hours * 3600 - SPREAD_SECONDS);
    let chances = deadlines
        .iter()
        .map(|deadline| deadline.plus_seconds(-LAST_CHANCE_HOURS * 3600))
        .filter(|chance| *chance > last);
    chances.chain([pause]).min()
}

fn occasion(due: &[Slot]) -> Occasion {
    let has = |rule| due.iter().any(|slot| slot.rule == rule);
    if has(CadenceRule::Year) {
        Occasion::Year
    } else if has(CadenceRule::HalfYear) {
        Occasion::HalfYear
    } else {
        Occasion::Day
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn half_year(due: &str) -> Slot {
        Slot {
            rule: CadenceRule::HalfYear,
            due: due.parse().unwrap(),
        }
    }

    #[test]
    fn the_pause_doubles_up_to_a_day_and_is_a_week_at_last() {
        let first = at("2026-07-01T00:00:00Z");
        let mut attempts = vec![first];
        let mut hours = Vec::new();
        for _ in 0..7 {
            let next = next_try(&attempts, &[]).unwrap().plus_seconds(300);
            let last = *attempts.last().unwrap();
            hours.push((next.utc() - last.utc()).num_hours());
            attempts.push(next);
        }
        assert_eq!(hours, [1, 2, 4, 8, 16, 24, 24]);
        let many = vec![first; 20];
        let week = next_try(&many, &[]).unwrap().plus_seconds(300);
        assert_eq!((week.utc() - first.utc()).num_days(), 7);
        assert_eq!(next_try(&[], &[]), None);
    }

    #[test]
    fn no_pause_reaches_over_the_end_of_the_window_or_the_next_due_date() {
        let due = [half_year("2026-07-01")];
        // The window ends with 2 July in Stockholm, 22:00 UTC; the next date is 1 January, 23:00 UTC the day before.
        let now = at("2026-07-02T06:00:00Z");
        let deadlines_found = deadlines(&due, now, 1);
        assert_eq!(
            deadlines_found,
            [at("2026-07-02T22:00:00Z"), at("2026-12-31T23:00:00Z")]
        );
        let many = vec![at("2026-07-02T05:00:00Z"); 9];
        assert_eq!(
            next_try(&many, &deadlines_found),
            Some(at("2026-07-02T20:00:00Z"))
        );
        // Within the last hours the pause counts again, so that a pass every minute does not try every minute.
        let late = vec![at("2026-07-02T20:30:00Z"); 9];
        let deadlines_found = deadlines(&due, at("2026-07-02T21:00:00Z"), 1);
        assert_eq!(
            next_try(&late, &deadlines_found),
            Some(at("2026-07-03T20:25:00Z"))
        );
    }

    #[test]
    fn the_occasion_is_the_greatest_of_what_is_due() {
        let year = Slot {
            rule: CadenceRule::Year,
            due: "2027-01-01".parse().unwrap(),
        };
        let day = Slot {
            rule: CadenceRule::Day { month: 5, day: 15 },
            due: "2027-05-15".parse().unwrap(),
        };
        assert_eq!(occasion(&[half_year("2027-01-01"), year]), Occasion::Year);
        assert_eq!(
            occasion(&[half_year("2026-07-01"), day.clone()]),
            Occasion::HalfYear
        );
        assert_eq!(occasion(&[day]), Occasion::Day);
    }
}
