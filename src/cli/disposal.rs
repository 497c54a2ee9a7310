//! `disposal`: the run from plan to record.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::Context;
use crate::cli::exit::Exit;
use crate::cli::output::{Outcome, table};
use crate::model::facts::{Floor, Outcome as Fate};
use crate::model::finding::Finding;
use crate::model::id::Alias;
use crate::ops::disposal::plan::{self, PlanOrder, Planned, PlannedItem};
use crate::ops::error::OpsError;

/// Plan, approve, execute and prove disposal (gallring)
#[derive(Debug, Subcommand)]
pub(crate) enum DisposalVerb {
    Plan(PlanArgs),
}

/// Evaluate every post and freeze those that may be disposed of
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bevara disposal plan --dry-run --as-of 2027-03-01")]
pub(crate) struct PlanArgs {
    /// Only this account; may be repeated
    #[arg(long = "account", value_name = "ALIAS")]
    accounts: Vec<Alias>,
    /// Rehearse: write nothing
    #[arg(long)]
    dry_run: bool,
}

impl DisposalVerb {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Plan(_) => "disposal-plan",
        }
    }
}

pub(crate) async fn run(context: &Context, verb: DisposalVerb) -> Result<Outcome, OpsError> {
    match verb {
        DisposalVerb::Plan(args) => plan(context, args).await,
    }
}

async fn plan(context: &Context, args: PlanArgs) -> Result<Outcome, OpsError> {
    let mut app = context.open().await?;
    let order = PlanOrder {
        accounts: args.accounts,
        dry_run: args.dry_run,
    };
    let planned = plan::plan(&mut app, &order).await?;
    let mut findings = planned.findings.clone();
    let exit = match &planned.stopped {
        Some(sentence) => {
            findings.insert(0, Finding::error("D010", "", sentence.clone()));
            Exit::NotPermitted
        }
        None => Exit::Done,
    };
    let text = plan_text(&planned, order.dry_run);
    Ok(Outcome::done(json!(planned), text)
        .with_exit(exit)
        .with_findings(findings))
}

fn plan_text(planned: &Planned, dry_run: bool) -> String {
    let mut lines = Vec::new();
    lines.push(match (&planned.plan, dry_run) {
        (Some(plan), _) => format!(
            "Planen {plan} omfattar {} inlägg; {} lämnas utanför.",
            planned.frozen, planned.excluded
        ),
        (None, _) if planned.stopped.is_some() => "Ingen plan gjordes.".to_owned(),
        (None, _) if planned.frozen == 0 => {
            "Inget inlägg får gallras nu; ingen plan gjordes.".to_owned()
        }
        (None, _) => format!(
            "Repetition: {} inlägg skulle ingå, {} lämnas utanför. Inget är skrivet.",
            planned.frozen, planned.excluded
        ),
    });
    if let Some(digest) = &planned.digest {
        lines.push(format!("Kontrollsumma {digest}"));
    }
    let rows: Vec<Vec<String>> = planned
        .items
        .iter()
        .filter(|item| item.outcome == Fate::MayDispose)
        .map(item_row)
        .collect();
    if !rows.is_empty() {
        lines.push(String::new());
        lines.push(table(&["Inlägg", "Tidigast", "Spärrar", "Skäl"], rows));
    }
    lines.join("\n")
}

fn item_row(item: &PlannedItem) -> Vec<String> {
    vec![
        item.post.clone(),
        item.earliest
            .map_or_else(|| "händelse saknas".to_owned(), |date| date.to_string()),
        floors(&item.blocked_by),
        item.reason.clone(),
    ]
}

/// Codes of the floor in a row, or a dash.
fn floors(floors: &[Floor]) -> String {
    if floors.is_empty() {
        return "–".to_owned();
    }
    let codes: Vec<&str> = floors.iter().map(|floor| floor.code()).collect();
    codes.join(" ")
}
