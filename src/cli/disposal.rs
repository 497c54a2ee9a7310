//! `disposal`.

use clap::Subcommand;

use crate::cli::Context;
use crate::cli::output::Outcome;
use crate::ops::error::OpsError;

/// Not built yet
#[derive(Debug, Subcommand)]
pub(crate) enum DisposalVerb {
    /// Not built yet
    #[command(hide = true)]
    List,
}

impl DisposalVerb {
    pub(crate) fn name(&self) -> &'static str {
        "disposal-list"
    }
}

pub(crate) async fn run(_context: &Context, _verb: DisposalVerb) -> Result<Outcome, OpsError> {
    Err(OpsError::usage("not built", ""))
}
