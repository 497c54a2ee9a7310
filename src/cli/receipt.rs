//! `receipt`.

use clap::Subcommand;

use crate::cli::Context;
use crate::cli::output::Outcome;
use crate::ops::error::OpsError;

/// Not built yet
#[derive(Debug, Subcommand)]
pub(crate) enum ReceiptVerb {
    /// Not built yet
    #[command(hide = true)]
    List,
}

impl ReceiptVerb {
    pub(crate) fn name(&self) -> &'static str {
        "receipt-list"
    }
}

pub(crate) async fn run(_context: &Context, _verb: ReceiptVerb) -> Result<Outcome, OpsError> {
    Err(OpsError::usage("not built", ""))
}
