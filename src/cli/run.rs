//! `run`: one pass of the scheduler, the line for crontab.

use clap::Args;
use serde_json::{Value, json};

use crate::cli::Context;
use crate::cli::exit::Exit;
use crate::cli::output::Outcome;
use crate::model::verdict::Verdict;
use crate::ops::error::OpsError;
use crate::ops::login;
use crate::ops::run::{Pass, run as pass};

/// Capture everything that is due, and record what was missed
///
/// Safe to call every hour and twice at once: a second pass does nothing, says so and ends with 0. Something late, missed
/// or failed ends with 1.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bevara run")]
pub(crate) struct RunArgs {}

pub(crate) async fn run(context: &Context, _args: RunArgs) -> Result<Outcome, OpsError> {
    let mut app = context.open().await?;
    let done = pass(&mut app, &mut context.bar()).await?;
    for line in lines(&done) {
        context.output.line(&line);
    }
    let exit = if done.busy {
        Exit::Done
    } else if !done.is_clean() {
        Exit::Problems
    } else if done.stopped.is_some() {
        Exit::CouldNotFinish
    } else {
        Exit::Done
    };
    let findings = if done.busy {
        Vec::new()
    } else {
        login::findings(&app, &[], &done.captures).await?
    };
    Ok(Outcome::done(json!(done), text(&done))
        .with_exit(exit)
        .with_findings(findings))
}

/// One line for each account that the pass had something to do for.
fn lines(pass: &Pass) -> Vec<Value> {
    let missed = pass.missed.iter().map(|row| {
        json!({"account": row.account, "outcome": "missed", "rule": row.slot.rule, "due": row.slot.due})
    });
    let captured = pass.captures.iter().map(|captured| {
        json!({"account": captured.account, "outcome": captured.verdict, "capture": captured.capture,
            "reasons": captured.reasons, "late": pass.late.contains(&captured.account), "fills": captured.fills})
    });
    let waiting = pass
        .waiting
        .iter()
        .map(|row| json!({"account": row.account, "outcome": "waiting", "until": row.until}));
    let errors = pass
        .errors
        .iter()
        .map(|row| json!({"account": row.account, "outcome": "error", "message": row.message}));
    missed
        .chain(captured)
        .chain(waiting)
        .chain(errors)
        .collect()
}

fn text(pass: &Pass) -> String {
    if pass.busy {
        return "En annan körning pågår; ingenting gjordes.".to_owned();
    }
    let mut lines = Vec::new();
    for row in &pass.missed {
        lines.push(format!(
            "utebliven  {}  {} {}",
            row.account,
            row.slot.rule.swedish(),
            row.slot.due
        ));
    }
    for captured in &pass.captures {
        let verdict = match captured.verdict {
            Verdict::Complete if pass.late.contains(&captured.account) => "försenad",
            Verdict::Complete => "tagen",
            Verdict::Partial => "ofullständig",
            Verdict::Failed => "misslyckad",
        };
        let reasons: Vec<&str> = captured
            .reasons
            .iter()
            .map(|reason| reason.swedish())
            .collect();
        lines.push(format!(
            "{verdict}  {}  {}  {}",
            captured.account,
            captured.capture,
            reasons.join("; ")
        ));
    }
    for row in &pass.waiting {
        lines.push(format!(
            "väntar  {}  nytt försök {}",
            row.account,
            row.until.stockholm_text()
        ));
    }
    for row in &pass.errors {
        lines.push(format!("fel  {}  {}", row.account, row.message));
    }
    if let Some(message) = &pass.stopped {
        lines.push(format!("avbruten: {message}"));
    }
    if lines.is_empty() {
        lines.push("Inget att göra.".to_owned());
    }
    lines.join("\n")
}
