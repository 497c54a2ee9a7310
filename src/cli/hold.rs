//! `hold`.

use clap::Subcommand;

use crate::cli::Context;
use crate::cli::output::Outcome;
use crate::ops::error::OpsError;

/// Not built yet
#[derive(Debug, Subcommand)]
pub(crate) enum HoldVerb {
    /// Not built yet
    #[command(hide = true)]
    List,
}

impl HoldVerb {
    pub(crate) fn name(&self) -> &'static str {
        "hold-list"
    }
}

pub(crate) async fn run(_context: &Context, _verb: HoldVerb) -> Result<Outcome, OpsError> {
    Err(OpsError::usage("not built", ""))
}
