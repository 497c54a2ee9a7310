//! `demo`: the main job on a fictional municipality, or its accounts alone.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::Context;
use crate::cli::output::Outcome;
use crate::demo::Accounts;
use crate::ops::error::OpsError;

/// Run the whole main job on a fictional municipality, with a real browser
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bevara demo demo-arkiv")]
pub(crate) struct DemoArgs {
    /// Directory to make; empty or not there yet [default: demo-arkiv, or demo-arkiv-2 and so on]
    dir: Option<PathBuf>,
    /// Only serve the fictional accounts on loopback, as on the day of --as-of, until interrupted
    #[arg(long, conflicts_with = "dir")]
    serve: bool,
}

pub(crate) async fn run(context: &Context, args: DemoArgs) -> Result<Outcome, OpsError> {
    if args.serve {
        return serve(context).await;
    }
    drop(args.dir);
    Err(OpsError::usage("not built", ""))
}

async fn serve(context: &Context) -> Result<Outcome, OpsError> {
    let accounts = Accounts::serve(context.clock().now().stockholm_date()).await?;
    for (alias, url) in accounts.addresses() {
        context.output.say(&format!("{alias:<10} {url}"));
    }
    context.output.say("Ctrl-C ends.");
    let interrupted = tokio::signal::ctrl_c().await;
    let addresses: serde_json::Map<_, _> = accounts
        .addresses()
        .into_iter()
        .map(|(alias, url)| (alias, json!(url)))
        .collect();
    interrupted.map_err(|source| OpsError::File {
        path: "signal".into(),
        source,
    })?;
    Ok(Outcome::done(json!({ "served": addresses }), ""))
}
