//! `post`.

use clap::Subcommand;

use crate::cli::Context;
use crate::cli::output::Outcome;
use crate::ops::error::OpsError;

/// Not built yet
#[derive(Debug, Subcommand)]
pub(crate) enum PostVerb {
    /// Not built yet
    #[command(hide = true)]
    List,
}

impl PostVerb {
    pub(crate) fn name(&self) -> &'static str {
        "post-list"
    }
}

pub(crate) async fn run(_context: &Context, _verb: PostVerb) -> Result<Outcome, OpsError> {
    Err(OpsError::usage("not built", ""))
}
