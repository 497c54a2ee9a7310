//! `disposal`: the run from plan to record.

mod text;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::Context;
use crate::cli::exit::Exit;
use crate::cli::output::Outcome;
use crate::model::finding::Finding;
use crate::model::id::{Alias, RecordId};
use crate::model::plan::Sample;
use crate::ops::disposal::approve::{self, Proof};
use crate::ops::disposal::plan::{self, PlanOrder};
use crate::ops::disposal::{audit, execute, explain, record, sheet};
use crate::ops::error::OpsError;
use crate::ops::hold::given;

/// Plan, approve, execute and prove disposal (gallring)
#[derive(Debug, Subcommand)]
pub(crate) enum DisposalVerb {
    Plan(PlanArgs),
    Show(ShowArgs),
    Explain(ExplainArgs),
    Approve(ApproveArgs),
    Withdraw(WithdrawArgs),
    Execute(ExecuteArgs),
    Record(RecordArgs),
    Audit(AuditArgs),
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

/// Show a plan with its readable list, or all plans
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bevara disposal show r20270101T000512Z-0123abcd --csv granskning.csv"
)]
pub(crate) struct ShowArgs {
    /// The plan
    plan: Option<RecordId>,
    /// Write its readable list as a table for a spreadsheet; the file holds the text of posts and must not exist
    #[arg(long, value_name = "FILE", requires = "plan")]
    csv: Option<PathBuf>,
}

/// Say why a post is treated as it is
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bevara disposal explain wordpress:blogg:c12 --as-of 2027-03-01"
)]
pub(crate) struct ExplainArgs {
    /// The post's key
    key: String,
}

/// Approve another person's plan, without the posts removed
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bevara disposal approve r20270101T000512Z-0123abcd --decision \"KS 2026/12 § 4\"\n\nTo sign instead, write the plan's digest and LF to a file and run\n  ssh-keygen -Y sign -n bevara-disposal -f ~/.ssh/id_ed25519 FILE"
)]
pub(crate) struct ApproveArgs {
    /// The plan
    plan: RecordId,
    /// Reference to the signed decision
    #[arg(long, value_name = "TEXT", conflicts_with = "signature")]
    decision: Option<String>,
    /// Signature over the plan's digest, made with the approver's key
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// How many posts of the plan were read as a sample
    #[arg(long, value_name = "N", requires = "sample_result")]
    sample: Option<u64>,
    /// What the sample showed; stands in the disposal record, so no text of posts
    #[arg(long, value_name = "TEXT", requires = "sample")]
    sample_result: Option<String>,
    /// Leave this post out; writes a new plan; may be repeated
    #[arg(long, value_name = "KEY")]
    remove: Vec<String>,
}

/// Withdraw a plan that has not been executed
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bevara disposal withdraw r20270101T000512Z-0123abcd --reason \"Urvalet ska ses över\""
)]
pub(crate) struct WithdrawArgs {
    /// The plan
    plan: RecordId,
    /// The reason in words
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Destroy what an approved plan holds, after its waiting period
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bevara disposal execute r20270101T000512Z-0123abcd")]
pub(crate) struct ExecuteArgs {
    /// The plan
    plan: RecordId,
}

/// Give the disposal record (gallringsprotokoll) of an executed plan
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bevara disposal record r20270101T000512Z-0123abcd")]
pub(crate) struct RecordArgs {
    /// The plan
    plan: RecordId,
}

/// Check that what was disposed of is gone
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bevara disposal audit")]
pub(crate) struct AuditArgs {
    /// Only this plan
    plan: Option<RecordId>,
    /// Look for this text too, in every form and digest; may be repeated
    #[arg(long = "plaintext", value_name = "FILE")]
    plaintexts: Vec<PathBuf>,
}

impl DisposalVerb {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Plan(_) => "disposal-plan",
            Self::Show(_) => "disposal-show",
            Self::Explain(_) => "disposal-explain",
            Self::Approve(_) => "disposal-approve",
            Self::Withdraw(_) => "disposal-withdraw",
            Self::Execute(_) => "disposal-execute",
            Self::Record(_) => "disposal-record",
            Self::Audit(_) => "disposal-audit",
        }
    }
}

pub(crate) async fn run(context: &Context, verb: DisposalVerb) -> Result<Outcome, OpsError> {
    match verb {
        DisposalVerb::Plan(args) => plan(context, args).await,
        DisposalVerb::Show(args) => show(context, args).await,
        DisposalVerb::Explain(args) => {
            let app = context.open().await?;
            let explained = explain::explain(&app, &args.key).await?;
            let text = text::explained(&explained);
            Ok(Outcome::done(json!(explained), text))
        }
        DisposalVerb::Approve(args) => approve(context, args).await,
        DisposalVerb::Withdraw(args) => {
            let mut app = context.open().await?;
            approve::withdraw(&mut app, &args.plan, &args.reason).await?;
            let text = format!("Planen {} är återkallad.", args.plan);
            Ok(Outcome::done(json!({ "plan": args.plan }), text))
        }
        DisposalVerb::Execute(args) => execute(context, args).await,
        DisposalVerb::Record(args) => {
            let mut app = context.open().await?;
            let written = record::record(&mut app, &args.plan).await?;
            let text = text::written(&written);
            Ok(Outcome::done(json!(written), text))
        }
        DisposalVerb::Audit(args) => audit(context, args).await,
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
    // A million posts as a document are made only where somebody asked for one.
    let (result, text) = if context.output.json {
        (json!(planned), String::new())
    } else {
        (Value::Null, text::planned(&planned, order.dry_run))
    };
    Ok(Outcome::done(result, text)
        .with_exit(exit)
        .with_findings(findings))
}

async fn show(context: &Context, args: ShowArgs) -> Result<Outcome, OpsError> {
    let app = context.open().await?;
    let Some(plan) = args.plan else {
        let plans = explain::plans(&app).await?;
        let text = text::plans(&plans);
        return Ok(Outcome::done(json!({ "plans": plans }), text));
    };
    let full = explain::show(&app, &plan).await?;
    let mut text = text::full(&full);
    if let Some(out) = &args.csv {
        sheet::write(&app, &plan, out)?;
        text = format!(
            "Listan är skriven till {}. Den innehåller inläggens text och ligger utanför arkivet: förstör den senast när planen verkställs.",
            out.display()
        );
    }
    let result = json!({
        "plans": [full.shown],
        "approval": full.approval,
        "list": full.list,
        "units": full.units,
    });
    Ok(Outcome::done(result, text))
}

async fn approve(context: &Context, args: ApproveArgs) -> Result<Outcome, OpsError> {
    let proof = match (args.decision, args.signature) {
        (Some(decision), _) => Some(Proof::Decision(decision)),
        (None, Some(path)) => Some(Proof::Signature(
            std::fs::read_to_string(&path).map_err(|source| OpsError::File { path, source })?,
        )),
        (None, None) => None,
    };
    let mut app = context.open().await?;
    let sample = match (args.sample, args.sample_result) {
        (Some(posts), Some(result)) => Some(Sample {
            posts,
            result: given(&result, "--sample-result")?,
        }),
        (Some(_) | None, _) => None,
    };
    let (plan, remove) = (&args.plan, &args.remove);
    let approval =
        approve::approve(&mut app, plan, proof.as_ref(), remove, sample.as_ref()).await?;
    let text = match approval.executable_from {
        Some(from) => format!(
            "Planen {} är godkänd och kan verkställas från {}.",
            approval.plan,
            from.stockholm_text()
        ),
        None => format!(
            "Planen {} ersätter {}. Den är inte godkänd än; kontrollsumma {}",
            approval.plan, args.plan, approval.digest
        ),
    };
    Ok(Outcome::done(json!(approval), text))
}

async fn execute(context: &Context, args: ExecuteArgs) -> Result<Outcome, OpsError> {
    let mut app = context.open().await?;
    let executed = execute::execute(&mut app, &args.plan).await?;
    let findings: Vec<Finding> = executed
        .residue
        .iter()
        .map(|residue| {
            let message = format!(
                "rest av gallrat inlägg ({}); gallringen är inte bekräftad",
                residue.trace.swedish()
            );
            Finding::error("D020", residue.path.clone(), message)
        })
        .collect();
    let exit = if !findings.is_empty() {
        Exit::Problems
    } else if executed.held_back.is_empty() {
        Exit::Done
    } else {
        Exit::NotPermitted
    };
    let text = text::executed(&executed);
    Ok(Outcome::done(json!(executed), text)
        .with_exit(exit)
        .with_findings(findings))
}

async fn audit(context: &Context, args: AuditArgs) -> Result<Outcome, OpsError> {
    let app = context.open().await?;
    let mut plaintexts = Vec::new();
    for path in args.plaintexts {
        plaintexts.push(std::fs::read(&path).map_err(|source| OpsError::File { path, source })?);
    }
    let audit = audit::audit(&app, args.plan.as_ref(), &plaintexts).await?;
    let findings: Vec<Finding> = audit
        .residue
        .iter()
        .map(|trace| Finding::error("D030", trace.path.clone(), trace.what.clone()))
        .collect();
    let exit = if findings.is_empty() {
        Exit::Done
    } else {
        Exit::Problems
    };
    let text = text::audited(&audit);
    Ok(Outcome::done(json!(audit), text)
        .with_exit(exit)
        .with_findings(findings))
}
