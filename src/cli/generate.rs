//! `completions` and `man`: generated from the command line itself.

use clap::Args;
use clap_complete::Shell;
use serde_json::json;

use crate::cli::output::Outcome;
use crate::ops::error::OpsError;

/// Print shell completions
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bevara completions bash")]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Print the manual page
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bevara man")]
pub(crate) struct ManArgs {}

pub(crate) fn completions(args: CompletionsArgs) -> Outcome {
    let mut bytes = Vec::new();
    clap_complete::generate(args.shell, &mut crate::cli::command(), "bevara", &mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Outcome::done(json!({ "script": text }), text)
}

pub(crate) fn man(_args: ManArgs) -> Result<Outcome, OpsError> {
    let mut bytes = Vec::new();
    let page = clap_mangen::Man::new(crate::cli::command());
    page.render(&mut bytes).map_err(|source| OpsError::File {
        path: "bevara.1".into(),
        source,
    })?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Outcome::done(json!({ "page": text }), text))
}
