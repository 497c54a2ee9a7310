//! `reindex`.

use clap::Args;

use crate::cli::Context;
use crate::cli::output::Outcome;
use crate::ops::error::OpsError;

/// Not built yet
#[derive(Debug, Args)]
pub(crate) struct ReindexArgs {}

pub(crate) async fn run(_context: &Context, _args: ReindexArgs) -> Result<Outcome, OpsError> {
    Err(OpsError::usage("not built", ""))
}
