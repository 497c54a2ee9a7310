//! One pass of the scheduler: records what can no longer be witnessed as missed, and captures what is due or late.
//! Idempotent; safe to call every hour and twice at once.

use serde::Serialize;

use crate::app::{App, AppError};
use crate::catalogue::AccountRow;
use crate::model::cadence::CadenceRule;
use crate::model::cadence::{Occasion, Slot};
use crate::model::entry::{Actor, Body};
use crate::model::id::Alias;
use crate::model::time::Instant;
use crate::model::verdict::Verdict;
use crate::ops::error::OpsError;
use crate::ops::schedule;
use crate::ops::snapshot::{self, BrowserSlot, Captured, Order, Progress};
use crate::schedule::window_end;

/// Hours after which a failed account is tried again: doubled with each attempt, at most a day.
const LONGEST_PAUSE_HOURS: i64 = 24;

/// What a pass did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Pass {
    /// Another pass is active; nothing was done.
    pub busy: bool,
    /// Slots recorded as missed.
    pub missed: Vec<MissedRow>,
    /// Captures made.
    pub captures: Vec<Captured>,
    /// Accounts whose capture came after its window.
    pub late: Vec<Alias>,
    /// Accounts that wait before the next try.
    pub waiting: Vec<WaitingRow>,
    /// Accounts that could not be worked on, and why.
    pub errors: Vec<ErrorRow>,
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

/// Makes one pass.
pub async fn run(app: &mut App, progress: &mut dyn Progress) -> Result<Pass, OpsError> {
    let Some(_lock) = app.store.pass_lock()? else {
        return Ok(Pass {
            busy: true,
            ..Pass::default()
        });
    };
    let mut pass = Pass::default();
    let accounts: Vec<AccountRow> = app.catalogue.accounts().await?;
    for account in &accounts {
        record_missed(app, account, &mut pass).await?;
    }
    let mut slot = BrowserSlot::new(app)?;
    let done = capture_due(app, &accounts, &mut slot, (&mut pass, progress)).await;
    slot.close().await;
    done?;
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

async fn capture_due(
    app: &mut App,
    accounts: &[AccountRow],
    slot: &mut BrowserSlot,
    (pass, progress): (&mut Pass, &mut dyn Progress),
) -> Result<(), OpsError> {
    let window = app.config.schedule.window_days;
    for (index, account) in accounts
        .iter()
        .enumerate()
        .filter(|(_, row)| row.account.status.is_open())
    {
        let now = app.now();
        let (due, _) = schedule::wanted(&app.catalogue, account, now, window).await?;
        if due.is_empty() {
            continue;
        }
        let alias = account.account.alias.clone();
        if due
            .iter()
            .any(|slot| now.stockholm_date() > window_end(slot.due, window))
        {
            pass.late.push(alias.clone());
        }
        if let Some(until) = pause(app, account, &due)
            .await?
            .filter(|until| *until > now)
        {
            pass.waiting.push(WaitingRow {
                account: alias,
                until,
            });
            continue;
        }
        progress.started(&alias, index + 1, accounts.len());
        let order = Order {
            accounts: Vec::new(),
            occasion: occasion(&due),
            note: None,
            allow_addresses: Vec::new(),
        };
        match snapshot::capture_account(app, slot, account, &order, &Actor::System).await {
            Ok(captured) => {
                progress.finished(&captured);
                pass.captures.push(captured);
            }
            // The archive itself cannot be written, or no browser starts: no other account would fare better.
            Err(
                error @ (OpsError::Store(_)
                | OpsError::App(AppError::Store(_))
                | OpsError::Browser(_)),
            ) => return Err(error),
            Err(error) => pass.errors.push(ErrorRow {
                account: alias,
                message: error.to_string(),
            }),
        }
    }
    Ok(())
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
    let Some(last) = attempts.iter().max() else {
        return Ok(None);
    };
    let tries = u32::try_from(attempts.len()).unwrap_or(u32::MAX).min(6);
    let hours = (1_i64 << (tries - 1)).min(LONGEST_PAUSE_HOURS);
    Ok(Some(last.plus_seconds(hours * 3600 - 300)))
}

fn occasion(due: &[Slot]) -> Occasion {
    if due.iter().any(|slot| slot.rule == CadenceRule::Year) {
        Occasion::Year
    } else {
        Occasion::HalfYear
    }
}
