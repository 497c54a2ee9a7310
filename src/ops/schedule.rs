//! What is due: the obligations of every account, from its terms and the log.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

use crate::app::App;
use crate::catalogue::{AccountRow, Catalogue};
use crate::model::cadence::{History, Obligation, ObligationState, Slot};
use crate::model::id::Alias;
use crate::model::time::Instant;
use crate::ops::error::OpsError;
use crate::schedule::{self, Terms};

/// An obligation of an account, as `schedule` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObligationRow {
    /// The account's alias.
    pub account: Alias,
    /// The obligation.
    #[serde(flatten)]
    pub obligation: Obligation,
}

/// Every obligation of every account with a due date until `until` (default: one year ahead), by date and account.
pub async fn schedule(app: &App, until: Option<NaiveDate>) -> Result<Vec<ObligationRow>, OpsError> {
    let now = app.now();
    let until = until.unwrap_or_else(|| {
        let today = now.stockholm_date();
        today
            .checked_add_months(chrono::Months::new(12))
            .unwrap_or(today)
    });
    let capturing = app.store.capturing()?;
    let mut rows = Vec::new();
    for account in app.catalogue.accounts().await? {
        let obligations = of_account(
            &app.catalogue,
            &account,
            (now, until),
            app.config.schedule.window_days,
        )
        .await?;
        let alias = &account.account.alias;
        let at_work = capturing.iter().any(|job| job == alias.as_str());
        for mut obligation in obligations {
            let open = obligation.capture.is_none()
                && matches!(
                    obligation.state,
                    ObligationState::Due | ObligationState::Late
                );
            if at_work && open {
                obligation.state = ObligationState::Running;
            }
            rows.push(ObligationRow {
                account: alias.clone(),
                obligation,
            });
        }
    }
    rows.sort_by(|one, other| {
        let key = |row: &ObligationRow| {
            (
                row.obligation.slot.due,
                row.account.clone(),
                row.obligation.slot.rule,
            )
        };
        key(one).cmp(&key(other))
    });
    Ok(rows)
}

/// The obligations of one account.
pub(crate) async fn of_account(
    catalogue: &Catalogue,
    account: &AccountRow,
    (now, until): (Instant, NaiveDate),
    window_days: u32,
) -> Result<Vec<Obligation>, OpsError> {
    let history = history(catalogue, account).await?;
    Ok(schedule::obligations(
        &terms(account),
        &history,
        (now, until),
        window_days,
    ))
}

/// The slots that a complete capture at `now` fills, and those to record as missed first.
pub(crate) async fn wanted(
    catalogue: &Catalogue,
    account: &AccountRow,
    now: Instant,
    window_days: u32,
) -> Result<(Vec<Slot>, Vec<Slot>), OpsError> {
    let history = history(catalogue, account).await?;
    let obligations = schedule::obligations(
        &terms(account),
        &history,
        (now, now.stockholm_date()),
        window_days,
    );
    Ok(schedule::wanted(&obligations, &history))
}

/// Whether a snapshot of the post's own period was missed: from its publication (without a date, from the beginning) to
/// the first one due after its last change, which was to show it as it then stood. What is missed later is a gap in
/// other posts' periods: this one stood as it was, and G3 asks for a capture that shows it.
pub(crate) fn has_gap(
    obligations: &[Obligation],
    (published, last_change): (Option<NaiveDate>, NaiveDate),
) -> bool {
    let owed = || {
        obligations
            .iter()
            .filter(|one| one.state != ObligationState::Cancelled)
    };
    let end = owed()
        .map(|one| one.slot.due)
        .filter(|due| *due > last_change)
        .min();
    owed().any(|one| {
        one.state == ObligationState::Missed
            && published.is_none_or(|from| one.slot.due >= from)
            && end.is_none_or(|end| one.slot.due <= end)
    })
}

async fn history(
    catalogue: &Catalogue,
    account: &AccountRow,
) -> Result<BTreeMap<Slot, History>, OpsError> {
    Ok(catalogue.slots(&account.account.id).await?)
}

fn terms(row: &AccountRow) -> Terms {
    let account = &row.account;
    Terms {
        from: account.opened,
        closed: account.closed,
        cadence: row.cadence.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::cadence::CadenceRule;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn owed(dates: &[(&str, ObligationState)]) -> Vec<Obligation> {
        let one = |(due, state): &(&str, ObligationState)| Obligation {
            slot: Slot {
                rule: CadenceRule::HalfYear,
                due: date(due),
            },
            state: *state,
            capture: None,
        };
        dates.iter().map(one).collect()
    }

    #[test]
    fn a_missed_snapshot_is_a_gap_in_its_own_period_alone() {
        let obligations = owed(&[
            ("2026-07-01", ObligationState::Met),
            ("2027-01-01", ObligationState::Missed),
            ("2027-07-01", ObligationState::Met),
        ]);
        let gap = |published: &str, changed: &str| {
            has_gap(&obligations, (Some(date(published)), date(changed)))
        };
        assert!(!gap("2026-05-04", "2026-05-04"), "shown on 1 July");
        assert!(gap("2026-09-01", "2026-09-01"), "to be shown on 1 January");
        assert!(gap("2026-05-04", "2026-09-01"), "changed in the period");
        assert!(gap("2027-01-01", "2027-01-01"), "published on the day");
        assert!(!gap("2027-01-02", "2027-01-02"), "after it");
        assert!(has_gap(&obligations, (None, date("2027-02-01"))), "no date");
    }
}
