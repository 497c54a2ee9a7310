//! `schedule`.

use clap::Args;

use crate::cli::Context;
use crate::cli::output::Outcome;
use crate::ops::error::OpsError;

/// Not built yet
#[derive(Debug, Args)]
pub(crate) struct ScheduleArgs {}

pub(crate) async fn run(_context: &Context, _args: ScheduleArgs) -> Result<Outcome, OpsError> {
    Err(OpsError::usage("not built", ""))
}
