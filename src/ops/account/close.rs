//! The closing of an account: with a complete capture, or with the reason why there is none.

use crate::app::{App, record_json};
use crate::catalogue::AccountRow;
use crate::model::account::AccountStatus;
use crate::model::cadence::{CadenceRule, Occasion, Slot};
use crate::model::entry::{Actor, Body};
use crate::model::id::{Alias, RecordId, UnitNo};
use crate::model::person::Role;
use crate::model::record::RecordKind;
use crate::model::verdict::Verdict;
use crate::ops::account::{WHAT, find, write};
use crate::ops::error::OpsError;
use crate::ops::person::acting;
use crate::ops::schedule;
use crate::ops::snapshot::{BrowserSlot, Captured, Order, Progress, capture_account};

/// What closing came to.
#[derive(Clone, Debug)]
pub struct Closed {
    /// The account.
    pub alias: Alias,
    /// Whether it is closed now.
    pub closed: bool,
    /// The closing capture, where one was taken.
    pub captured: Option<Captured>,
    /// What was recorded as missed.
    pub missed: Vec<Slot>,
}

/// Takes the closing capture; the account is closed where it is complete, and stays open otherwise.
pub async fn close(
    app: &mut App,
    alias: &Alias,
    progress: &mut dyn Progress,
) -> Result<Closed, OpsError> {
    let by = Actor::Person(acting(app, Role::may_administer, WHAT).await?);
    let row = open_account(app, alias).await?;
    let order = Order {
        accounts: Vec::new(),
        occasion: Occasion::Closing,
        note: None,
        allow_addresses: Vec::new(),
        flavour: None,
    };
    progress.started(alias, 1, 1);
    let mut slot = BrowserSlot::new(app)?;
    let captured = capture_account(app, &mut slot, &row, &order, &by).await;
    slot.close().await;
    let captured = captured?;
    progress.finished(&captured);
    let complete = captured.verdict == Verdict::Complete;
    if complete {
        mark_closed(app, alias, &by).await?;
    }
    Ok(Closed {
        alias: alias.clone(),
        closed: complete,
        captured: Some(captured),
        missed: Vec::new(),
    })
}

/// Closes without a capture. The closing snapshot, and what was due and not taken, is recorded as missed; the reason lies
/// in a record.
pub async fn close_without_capture(
    app: &mut App,
    alias: &Alias,
    reason: &str,
) -> Result<Closed, OpsError> {
    let by = Actor::Person(acting(app, Role::may_administer, WHAT).await?);
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(OpsError::usage(
            "the reason is empty",
            "say why no closing capture can be taken",
        ));
    }
    let row = open_account(app, alias).await?;
    let stage = app.store.stage("reason")?;
    let window = app.config.schedule.window_days;
    let mut session = app.begin().await?;
    let today = session.time().stockholm_date();
    let record = RecordId::new(session.time());
    stage.write_json(
        UnitNo(0),
        "reason.json",
        &serde_json::json!({ "reason": reason }),
    )?;
    let description = record_json(&record, RecordKind::Reason, session.time());
    let sealed = stage.seal("record", &description)?;
    let (due, overdue) = schedule::wanted(session.catalogue, &row, session.time(), window).await?;
    let closing = Slot {
        rule: CadenceRule::Closing,
        due: today,
    };
    let missed: Vec<Slot> = std::iter::once(closing.clone())
        .chain(overdue)
        .chain(due)
        .collect();
    let (account, id) = (row.account.id.clone(), record.clone());
    session
        .commit_record(&record, sealed, &by, |sealed| Body::SnapshotMissed {
            account,
            slot: closing,
            record: Some(id),
            sealed: Some(sealed),
        })
        .await?;
    for slot in &missed[1..] {
        let body = Body::SnapshotMissed {
            account: row.account.id.clone(),
            slot: slot.clone(),
            record: None,
            sealed: None,
        };
        session.append(body, &by).await?;
    }
    drop(session);
    mark_closed(app, alias, &by).await?;
    Ok(Closed {
        alias: alias.clone(),
        closed: true,
        captured: None,
        missed,
    })
}

async fn open_account(app: &App, alias: &Alias) -> Result<AccountRow, OpsError> {
    let row = find(&app.catalogue, alias).await?;
    if row.account.status.is_open() {
        return Ok(row);
    }
    Err(OpsError::usage(
        format!("the account \"{alias}\" is closed already"),
        "",
    ))
}

async fn mark_closed(app: &mut App, alias: &Alias, by: &Actor) -> Result<(), OpsError> {
    let stage = app.store.stage("account")?;
    let mut session = app.begin().await?;
    let mut account = find(session.catalogue, alias).await?.account;
    // Another process may have closed it in the meantime.
    if account.status.is_open() {
        account.status = AccountStatus::Avslutad;
        account.closed = Some(session.time().stockholm_date());
        write(&mut session, stage, &account, by).await?;
    }
    Ok(())
}
