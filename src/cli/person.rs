//! `person`.

use clap::Subcommand;

use crate::cli::Context;
use crate::cli::output::Outcome;
use crate::ops::error::OpsError;

/// Not built yet
#[derive(Debug, Subcommand)]
pub(crate) enum PersonVerb {
    /// Not built yet
    #[command(hide = true)]
    List,
}

impl PersonVerb {
    pub(crate) fn name(&self) -> &'static str {
        "person-list"
    }
}

pub(crate) async fn run(_context: &Context, _verb: PersonVerb) -> Result<Outcome, OpsError> {
    Err(OpsError::usage("not built", ""))
}
