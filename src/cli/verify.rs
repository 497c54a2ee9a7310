//! `verify`.

use clap::Args;

use crate::cli::Context;
use crate::cli::output::Outcome;
use crate::ops::error::OpsError;

/// Not built yet
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {}

pub(crate) fn run(_context: &Context, _args: VerifyArgs) -> Result<Outcome, OpsError> {
    Err(OpsError::usage("not built", ""))
}
