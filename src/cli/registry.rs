//! `registry`: what goes to the municipality's diarium, and the diarienummer that comes back.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::Context;
use crate::cli::output::{Outcome, table};
use crate::model::id::RecordId;
use crate::ops::error::OpsError;
use crate::ops::registry::{self, Duty, HandoverOrder, Status};

/// What goes to the municipality's case register (diarium): list, hand over, file the number
#[derive(Debug, Subcommand)]
pub(crate) enum RegistryVerb {
    List(ListArgs),
    Handover(HandoverArgs),
    Receipt(ReceiptArgs),
}

/// List posts that are to be registered, are handed over, or have their number
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bevara registry list --status to-register")]
pub(crate) struct ListArgs {
    /// Only those that stand there
    #[arg(long)]
    status: Option<Status>,
}

/// Make a package (PDF/A, JSON, motivation) for the receiving unit and log the handover
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bevara registry handover wordpress:kommunbloggen:c12 --to \"Socialförvaltningen\" --out diarium-2027-03"
)]
pub(crate) struct HandoverArgs {
    /// Keys of posts
    #[arg(required = true, value_name = "KEY")]
    posts: Vec<String>,
    /// Take the whole threads along
    #[arg(long)]
    threads: bool,
    /// The receiving unit of the municipality
    #[arg(long, value_name = "TEXT")]
    to: String,
    /// Why, in words; where left out, the reason of the takedown
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The package's directory, which must not exist
    #[arg(long, value_name = "OUT")]
    out: PathBuf,
}

/// File the registry's number (diarienummer) of a handover, or of some of its posts
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bevara registry receipt r20270101T000512Z-0123abcd --registry-no \"SN 2027/123\""
)]
pub(crate) struct ReceiptArgs {
    /// The handover
    handover: RecordId,
    /// The diarienummer
    #[arg(long, value_name = "TEXT")]
    registry_no: String,
    /// Only this post of the handover; may be repeated
    #[arg(long = "post", value_name = "KEY")]
    posts: Vec<String>,
}

impl RegistryVerb {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::List(_) => "registry-list",
            Self::Handover(_) => "registry-handover",
            Self::Receipt(_) => "registry-receipt",
        }
    }
}

pub(crate) async fn run(context: &Context, verb: RegistryVerb) -> Result<Outcome, OpsError> {
    let mut app = context.open().await?;
    match verb {
        RegistryVerb::List(args) => {
            let duties = registry::list(&app, args.status).await?;
            let text = listed(&duties);
            Ok(Outcome::done(json!({ "posts": duties }), text))
        }
        RegistryVerb::Handover(args) => {
            let order = HandoverOrder {
                posts: args.posts,
                threads: args.threads,
                receiver: args.to,
                reason: args.reason,
                out: args.out,
            };
            let handed = registry::handover(&mut app, &order).await?;
            let text = format!(
                "{} inlägg är överlämnade till {} som {}: {}.\nKopian i arkivet finns kvar tills diarienumret är antecknat: bevara registry receipt {} --registry-no NUMMER",
                handed.posts.len(),
                order.receiver,
                handed.handover,
                handed.package.display(),
                handed.handover
            );
            Ok(Outcome::done(json!(handed), text))
        }
        RegistryVerb::Receipt(args) => {
            let number = &args.registry_no;
            let filed = registry::receipt(&mut app, &args.handover, number, &args.posts).await?;
            let text = format!(
                "Diarienumret {number} är antecknat för {} gallringsenheter; {} väntar.",
                filed.units, filed.waiting
            );
            Ok(Outcome::done(json!(filed), text))
        }
    }
}

fn listed(duties: &[Duty]) -> String {
    if duties.is_empty() {
        return "Inget ska eller har överlämnats till diariet.".to_owned();
    }
    let rows = duties.iter().map(|duty| {
        let number = duty.registry_no.clone().unwrap_or_default();
        vec![
            duty.post.clone(),
            duty.account.to_string(),
            duty.status.swedish().to_owned(),
            number,
            duty.reason.clone(),
        ]
    });
    table(
        &["Inlägg", "Konto", "Läge", "Diarienummer", "Varför"],
        rows.collect(),
    )
}
