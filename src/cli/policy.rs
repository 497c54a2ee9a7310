//! `policy`.

use clap::Subcommand;

use crate::cli::Context;
use crate::cli::output::Outcome;
use crate::ops::error::OpsError;

/// Not built yet
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyVerb {
    /// Not built yet
    #[command(hide = true)]
    List,
}

impl PolicyVerb {
    pub(crate) fn name(&self) -> &'static str {
        "policy-list"
    }
}

pub(crate) async fn run(_context: &Context, _verb: PolicyVerb) -> Result<Outcome, OpsError> {
    Err(OpsError::usage("not built", ""))
}
