//! `capture`.

use clap::Args;

use crate::cli::Context;
use crate::cli::output::Outcome;
use crate::ops::error::OpsError;

/// Not built yet
#[derive(Debug, Args)]
pub(crate) struct CaptureArgs {}

pub(crate) async fn run(_context: &Context, _args: CaptureArgs) -> Result<Outcome, OpsError> {
    Err(OpsError::usage("not built", ""))
}
