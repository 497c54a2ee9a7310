//! `export`.

use clap::Args;

use crate::cli::Context;
use crate::cli::output::Outcome;
use crate::ops::error::OpsError;

/// Not built yet
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {}

pub(crate) async fn run(_context: &Context, _args: ExportArgs) -> Result<Outcome, OpsError> {
    Err(OpsError::usage("not built", ""))
}
