//! `receipt`: the archive's acknowledgement of a package.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::Context;
use crate::cli::output::Outcome;
use crate::ops::error::OpsError;
use crate::ops::receipt::add;

/// The archive's receipts of packages
#[derive(Debug, Subcommand)]
pub(crate) enum ReceiptVerb {
    /// File the archive's receipt (kvittens) of a package
    #[command(after_help = "Example:\n  bevara receipt add leverans-2026 kvittens.pdf")]
    Add(AddArgs),
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// The package's directory, which is verified first, or the id of the export
    package: String,
    /// The receipt as it was received
    file: PathBuf,
}

impl ReceiptVerb {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Add(_) => "receipt-add",
        }
    }
}

pub(crate) async fn run(context: &Context, verb: ReceiptVerb) -> Result<Outcome, OpsError> {
    let ReceiptVerb::Add(args) = verb;
    let mut app = context.open().await?;
    let filed = add(&mut app, &args.package, &args.file).await?;
    let mut text = if filed.known {
        format!(
            "Samma kvittens för exporten {} är redan inlagd som {}; inget skrevs.",
            filed.export, filed.receipt
        )
    } else {
        format!(
            "Kvittensen för exporten {} är inlagd som {}.",
            filed.export, filed.receipt
        )
    };
    if !filed.verified {
        text.push_str("\nPaketet visades inte upp och är inte verifierat här.");
    }
    let result = json!({
        "receipt": filed.receipt,
        "export": filed.export,
        "already_filed": filed.known,
        "package_verified": filed.verified,
    });
    Ok(Outcome::done(result, text))
}
