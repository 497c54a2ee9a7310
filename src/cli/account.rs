//! `account`.

use clap::Subcommand;

use crate::cli::Context;
use crate::cli::output::Outcome;
use crate::ops::error::OpsError;

/// Not built yet
#[derive(Debug, Subcommand)]
pub(crate) enum AccountVerb {
    /// Not built yet
    #[command(hide = true)]
    List,
}

impl AccountVerb {
    pub(crate) fn name(&self) -> &'static str {
        "account-list"
    }
}

pub(crate) async fn run(_context: &Context, _verb: AccountVerb) -> Result<Outcome, OpsError> {
    Err(OpsError::usage("not built", ""))
}
