//! `schedule`: what is due.

use chrono::NaiveDate;
use clap::Args;
use serde_json::json;

use crate::cli::Context;
use crate::cli::output::{Outcome, table};
use crate::ops::error::OpsError;
use crate::ops::login;
use crate::ops::schedule::{ObligationRow, schedule};

/// Show what is due, missed, done and upcoming, with the rule that says so
///
/// Warns of logins that are missing, or that run out before the next snapshot; with --as-of as things will stand then.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bevara schedule --until 2027-07-01")]
pub(crate) struct ScheduleArgs {
    /// Last due date shown [default: a year from now]
    #[arg(long, value_name = "DATE")]
    until: Option<NaiveDate>,
}

pub(crate) async fn run(context: &Context, args: ScheduleArgs) -> Result<Outcome, OpsError> {
    let app = context.open().await?;
    let rows = schedule(&app, args.until).await?;
    let text = if rows.is_empty() {
        "Inget konto har någon ögonblicksbild att ta.".to_owned()
    } else {
        let header = ["Datum", "Konto", "Regel", "Läge", "Fångst"];
        table(&header, rows.iter().map(line).collect())
    };
    let findings = login::findings(&app, &[], &[]).await?;
    Ok(Outcome::done(json!({ "obligations": rows }), text).with_findings(findings))
}

fn line(row: &ObligationRow) -> Vec<String> {
    let obligation = &row.obligation;
    vec![
        obligation.slot.due.to_string(),
        row.account.to_string(),
        obligation.slot.rule.swedish(),
        obligation.state.swedish().to_owned(),
        obligation
            .capture
            .as_ref()
            .map_or_else(String::new, ToString::to_string),
    ]
}
