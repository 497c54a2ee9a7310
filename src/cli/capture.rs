//! `capture`: accounts captured now, whether or not anything is due.

use clap::Args;
use serde_json::json;

use crate::cli::Context;
use crate::cli::exit::Exit;
use crate::cli::output::{Outcome, table};
use crate::model::cadence::Occasion;
use crate::model::id::Alias;
use crate::model::verdict::Verdict;
use crate::ops::error::OpsError;
use crate::ops::snapshot::{Captured, Order, capture, capturing_actor};

/// Capture accounts now: pictures, PDF/A, text and inventory of the whole page
///
/// One account that fails never stops the others. Ends with 1 when any capture is partial or failed.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bevara capture exempel-facebook --occasion major-change --note \"Ny profilbild\""
)]
pub(crate) struct CaptureArgs {
    /// Accounts to capture
    #[arg(value_name = "ACCOUNT", conflicts_with = "all")]
    accounts: Vec<Alias>,
    /// Capture every open account
    #[arg(long)]
    all: bool,
    /// Why
    #[arg(long, value_name = "OCCASION", default_value = "manual")]
    occasion: Occasion,
    /// A note, kept with the capture
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// A private network that the pages may reach; may be given several times
    #[arg(long = "allow-address", value_name = "CIDR")]
    allow_addresses: Vec<String>,
}

pub(crate) async fn run(context: &Context, args: CaptureArgs) -> Result<Outcome, OpsError> {
    if args.accounts.is_empty() && !args.all {
        return Err(OpsError::usage(
            "no account is named",
            "name accounts, or capture every open one with --all",
        ));
    }
    let mut app = context.open().await?;
    let by = capturing_actor(&app).await?;
    let order = Order {
        accounts: args.accounts,
        occasion: args.occasion,
        note: args.note,
        allow_addresses: args.allow_addresses,
    };
    let captures = capture(&mut app, &order, &by, &mut context.bar()).await?;
    let whole = captures
        .iter()
        .all(|captured| captured.verdict == Verdict::Complete);
    let exit = if whole { Exit::Done } else { Exit::Problems };
    let text = text(&captures);
    Ok(Outcome::done(json!({ "captures": captures }), text).with_exit(exit))
}

fn text(captures: &[Captured]) -> String {
    if captures.is_empty() {
        return "Inget öppet konto finns.".to_owned();
    }
    let rows = captures
        .iter()
        .map(|captured| {
            let verdict = match captured.verdict {
                Verdict::Complete => "fullständig",
                Verdict::Partial => "ofullständig",
                Verdict::Failed => "misslyckad",
            };
            let reasons: Vec<&str> = captured
                .reasons
                .iter()
                .map(|reason| reason.swedish())
                .collect();
            vec![
                captured.account.to_string(),
                verdict.to_owned(),
                captured.counts.inventory.to_string(),
                captured.capture.to_string(),
                reasons.join("; "),
            ]
        })
        .collect();
    table(&["Konto", "Resultat", "Inlägg", "Fångst", "Orsak"], rows)
}
