//! `reindex`: the catalogue rebuilt from the store.

use clap::Args;
use serde_json::json;

use crate::cli::Context;
use crate::cli::output::Outcome;
use crate::ops::error::OpsError;
use crate::ops::reindex::reindex;

/// Rebuild the catalogue from the store; nothing under store/ changes
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bevara reindex")]
pub(crate) struct ReindexArgs {}

pub(crate) async fn run(context: &Context, _args: ReindexArgs) -> Result<Outcome, OpsError> {
    let done = reindex(&context.globals.archive).await?;
    context.show_archive(done.genesis.archive, context.clock().now());
    let text = format!(
        "Katalogen är uppbyggd på nytt ur {} loggposter.",
        done.entries
    );
    Ok(Outcome::done(json!({ "entries": done.entries }), text))
}
