//! `export`: a package for the kommunarkiv.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;
use serde_json::json;

use crate::cli::Context;
use crate::cli::output::Outcome;
use crate::evidence::report::Hit;
use crate::model::id::Alias;
use crate::ops::error::OpsError;
use crate::ops::export::{ExportOrder, Exported, export};

/// The formats that are built.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// BagIt 1.0 under a seal
    Bagit,
}

/// Make a package for the kommunarkiv
///
/// Carries the page captures of the accounts and period, the posts that the policy preserves, the register, the policies
/// and the log. Never posts that may be disposed of; what is left out is listed with its reason.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bevara export --format bagit --from 2026-01-01 --to 2026-12-31 leverans-2026"
)]
pub(crate) struct ExportArgs {
    /// Format of the package
    #[arg(long, value_enum)]
    format: Format,
    /// Only this account; may be given again
    #[arg(long = "account", value_name = "ALIAS")]
    accounts: Vec<Alias>,
    /// First day of the period
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// Last day of the period
    #[arg(long, value_name = "DATE")]
    to: Option<NaiveDate>,
    /// Carry protected units too (logged-in captures, posts that were not public), and why; never those under secrecy
    #[arg(long, value_name = "REASON")]
    protected: Option<String>,
    /// The package's directory, which must not exist
    out: PathBuf,
}

pub(crate) async fn run(context: &Context, args: ExportArgs) -> Result<Outcome, OpsError> {
    let Format::Bagit = args.format;
    let mut app = context.open().await?;
    let order = ExportOrder {
        accounts: args.accounts,
        from: args.from,
        to: args.to,
        protected: args.protected,
        out: args.out,
    };
    let done = export(&mut app, &order).await?;
    let package = order.out.display().to_string();
    let result = json!({
        "package": package,
        "export": done.export,
        "format": "bagit",
        "files": done.files,
        "bytes": done.bytes,
        "seal": done.seal,
        "captures": done.captures,
        "records": done.records,
        "withheld": done.withheld,
        "test": done.test,
    });
    let findings = done.findings.iter().map(Hit::finding).collect();
    Ok(
        Outcome::done(result, text(&package, &done, order.protected.is_some()))
            .with_findings(findings),
    )
}

fn text(package: &str, done: &Exported, protected: bool) -> String {
    use std::fmt::Write as _;
    let mut text = format!(
        "Paketet ligger i {package}: {} filer, {} byte.\n",
        done.files, done.bytes
    );
    if done.test {
        text.push_str("PROVARKIV: detta är en provleverans.\n");
    }
    if protected {
        text.push_str("Paketet bär skyddade uppgifter: de lämnas ut först efter prövning.\n");
    }
    writeln!(
        text,
        "Fångster {}, handlingar {}, undantagna gallringsenheter {}.",
        done.captures,
        done.records,
        done.withheld.values().sum::<u64>()
    )
    .expect("writing to a String never fails");
    for (reason, count) in &done.withheld {
        writeln!(text, "  {count} {}", reason.swedish()).expect("writing to a String never fails");
    }
    write!(
        text,
        "Export  {}\nSigill  {} (SHA-256 av SEAL.txt)\n\nLåt diariet eller mottagaren spara sigillets rader: de är beviset mot en historia som skrivs om.\nFyll i `bevara receipt add {package} FIL` när arkivet har kvitterat.",
        done.export, done.seal
    )
    .expect("writing to a String never fails");
    text
}
