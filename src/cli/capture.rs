//! `capture`: accounts captured now, whether or not anything is due.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{ArgGroup, Args};
use serde_json::json;

use crate::cli::Context;
use crate::cli::exit::Exit;
use crate::cli::output::{Outcome, table};
use crate::model::cadence::Occasion;
use crate::model::flavour::Flavour;
use crate::model::id::Alias;
use crate::model::verdict::Verdict;
use crate::ops::error::OpsError;
use crate::ops::from_file::{FileOrder, take_in};
use crate::ops::kontobok::{RenderOrder, render_posts};
use crate::ops::login;
use crate::ops::snapshot::{Captured, Order, capture, capturing_actor};

/// Capture accounts now: pictures, PDF/A, text and inventory of the whole page
///
/// The table shows how many posts were seen and how far page, text, PDF and inventory agree about them. One account
/// that fails never stops the others. Ends with 1 when any capture is partial or failed.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bevara capture exempel-facebook --occasion major-change --note \"Ny profilbild\"\n  bevara capture --from-file skarm-1.png skarm-2.jpg exempel-snapchat --whole\n  bevara capture --render-posts exempel-facebook --from 2026-01-01 --to 2026-12-31",
    group = ArgGroup::new("made")
)]
pub(crate) struct CaptureArgs {
    /// Accounts to capture
    #[arg(value_name = "ACCOUNT", conflicts_with = "all")]
    accounts: Vec<Alias>,
    /// Capture every open account
    #[arg(long)]
    all: bool,
    /// Take in pictures (PNG, JPEG, HEIC) or PDFs that a person made, in the order of their pages; the account comes last
    #[arg(long, value_name = "FILE", num_args = 1.., group = "made", conflicts_with_all = ["all", "allow_addresses"])]
    from_file: Vec<PathBuf>,
    /// You vouch that the files show all that the account shows; only then do they meet an obligation
    #[arg(long, requires = "from_file")]
    whole: bool,
    /// Who made the files, where it was not you; kept with them
    #[arg(long, value_name = "NAME", requires = "from_file")]
    taken_by: Option<String>,
    /// Render the account's ingested posts as a kontobok: HTML and PDF/A-2a, thread by thread
    #[arg(long, group = "made", conflicts_with_all = ["all", "allow_addresses", "flavour"])]
    render_posts: bool,
    /// Only threads with something published on this day or later; by default the whole account
    #[arg(long, value_name = "DATE", requires = "render_posts")]
    from: Option<NaiveDate>,
    /// Only threads with something published on this day or earlier
    #[arg(long, value_name = "DATE", requires = "render_posts")]
    to: Option<NaiveDate>,
    /// The files show what not everybody may see, or the kontobok is to hold such posts too: exports leave the capture
    /// out unless it is asked for
    #[arg(long, requires = "made")]
    protected: bool,
    /// Why
    #[arg(long, value_name = "OCCASION", default_value = "manual")]
    occasion: Occasion,
    /// A note, kept with the capture
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// A private network that the pages may reach; may be given several times
    #[arg(long = "allow-address", value_name = "CIDR")]
    allow_addresses: Vec<String>,
    /// Part and level of PDF/A: 1b, 2b, 2u, 2a, 3u, 3a, 4 or 4f (by default the configuration's, else 2u)
    #[arg(long, value_name = "FLAVOUR")]
    flavour: Option<Flavour>,
}

pub(crate) async fn run(context: &Context, args: CaptureArgs) -> Result<Outcome, OpsError> {
    if !args.from_file.is_empty() {
        return from_file(context, args).await;
    }
    if args.render_posts {
        return rendered(context, args).await;
    }
    if args.accounts.is_empty() && !args.all {
        return Err(OpsError::usage(
            "no account is named",
            "name accounts, or capture every open one with --all",
        ));
    }
    let mut app = context.open().await?;
    let by = capturing_actor(&app).await?;
    let order = Order {
        accounts: args.accounts,
        occasion: args.occasion,
        note: args.note,
        allow_addresses: args.allow_addresses,
        flavour: args.flavour,
    };
    let captures = capture(&mut app, &order, &by, &mut context.bar()).await?;
    let aliases: Vec<Alias> = captures.iter().map(|one| one.account.clone()).collect();
    let findings = if aliases.is_empty() {
        Vec::new()
    } else {
        login::findings(&app, &aliases, &captures).await?
    };
    Ok(outcome(&captures).with_findings(findings))
}

async fn from_file(context: &Context, args: CaptureArgs) -> Result<Outcome, OpsError> {
    let (account, files) = account_and_files(args.accounts, args.from_file)?;
    let mut app = context.open().await?;
    let order = FileOrder {
        account,
        files,
        occasion: args.occasion,
        note: args.note,
        taken_by: args.taken_by,
        whole: args.whole,
        protected: args.protected,
        flavour: args.flavour,
    };
    let (captured, findings) = take_in(&mut app, &order).await?;
    Ok(outcome(&[captured]).with_findings(findings))
}

async fn rendered(context: &Context, args: CaptureArgs) -> Result<Outcome, OpsError> {
    let [account] = args.accounts.as_slice() else {
        return Err(OpsError::usage(
            "a kontobok is of one account",
            "name it: capture --render-posts KONTO",
        ));
    };
    let order = RenderOrder {
        account: account.clone(),
        from: args.from,
        to: args.to,
        protected: args.protected,
        occasion: args.occasion,
        note: args.note,
    };
    let mut app = context.open().await?;
    let (captured, findings) = render_posts(&mut app, &order).await?;
    Ok(outcome(&[captured]).with_findings(findings))
}

/// The account stands last among the files, or by itself.
fn account_and_files(
    mut accounts: Vec<Alias>,
    mut files: Vec<PathBuf>,
) -> Result<(Alias, Vec<PathBuf>), OpsError> {
    let hint = "name the files first and the account last: capture --from-file bild.png KONTO";
    if accounts.len() > 1 {
        return Err(OpsError::usage("files belong to one account", hint));
    }
    if let Some(account) = accounts.pop() {
        return Ok((account, files));
    }
    let last = files.pop().unwrap_or_default();
    let account = last
        .to_string_lossy()
        .parse::<Alias>()
        .map_err(|error| OpsError::usage(format!("no account is named: {error}"), hint))?;
    Ok((account, files))
}

fn outcome(captures: &[Captured]) -> Outcome {
    let whole = captures
        .iter()
        .all(|captured| captured.verdict == Verdict::Complete);
    let exit = if whole { Exit::Done } else { Exit::Problems };
    Outcome::done(json!({ "captures": captures }), text(captures)).with_exit(exit)
}

fn text(captures: &[Captured]) -> String {
    if captures.is_empty() {
        return "Inget öppet konto finns.".to_owned();
    }
    let rows = captures
        .iter()
        .map(|captured| {
            let verdict = match captured.verdict {
                Verdict::Complete => "fullständig",
                Verdict::Partial => "ofullständig",
                Verdict::Failed => "misslyckad",
            };
            let reasons: Vec<&str> = captured
                .reasons
                .iter()
                .map(|reason| reason.swedish())
                .collect();
            vec![
                captured.account.to_string(),
                verdict.to_owned(),
                captured.counts.inventory.to_string(),
                captured
                    .counts
                    .agreement()
                    .map_or_else(|| "–".to_owned(), |percent| format!("{percent} %")),
                captured.capture.to_string(),
                reasons.join("; "),
            ]
        })
        .collect();
    table(
        &[
            "Konto",
            "Resultat",
            "Inlägg",
            "Samstämmigt",
            "Fångst",
            "Orsak",
        ],
        rows,
    )
}
