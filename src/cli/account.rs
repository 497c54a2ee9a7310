//! `account`: the register of accounts.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use tokio::sync::oneshot;

use crate::app::App;
use crate::cli::Context;
use crate::cli::exit::Exit;
use crate::cli::output::{Outcome, table};
use crate::model::account::{Account, AccountStatus, FIELDS, Platform};
use crate::model::id::Alias;
use crate::ops::account::close::{close as close_account, close_without_capture};
use crate::ops::account::import::{Imported, import};
use crate::ops::account::{AccountPatch, NewAccount, Registered, Revision, add, list, set, show};
use crate::ops::error::OpsError;
use crate::ops::login::{self, Plan};

/// The register of accounts
#[derive(Debug, Subcommand)]
pub(crate) enum AccountVerb {
    /// Add an account; snapshots of it are due from this day on
    #[command(
        after_help = "Example:\n  bevara account add exempel-facebook --platform facebook --url https://www.facebook.com/exempelkommun --name \"Exempelkommun\" --set namnd=Kommunstyrelsen --set \"administratorer=Kim Exempel; Alex Exempel\""
    )]
    Add(AddArgs),
    /// List the accounts whose snapshots are due
    #[command(after_help = "Example:\n  bevara account list --all")]
    List(ListArgs),
    /// Show an account with every revision of it
    #[command(after_help = "Example:\n  bevara account show exempel-facebook")]
    Show(ShowArgs),
    /// Change an account; the earlier revision is kept
    #[command(
        after_help = "Example:\n  bevara account set exempel-facebook \"syfte=Information till invånare\" oppnande_dnr=\"KS 2026/12\" --status vilande"
    )]
    Set(SetArgs),
    /// Close an account, with its closing capture or the reason why there is none
    #[command(
        after_help = "Example:\n  bevara account close exempel-facebook --without-capture \"Kontot är borttaget av plattformen\""
    )]
    Close(CloseArgs),
    /// Log in to an account in a window, so that its captures can be taken logged in
    #[command(
        long_about = "Log in to an account in a window, so that its captures can be taken logged in\n\nOpens the account's page in a browser of its own. Log in there and close the window, or press Enter here. The cookies that the site then gave, and what it stored in the browser, are kept in secrets/sessions/, where only the archive's owner can read them: whoever has that file is logged in. One login serves every account of the platform, or of the host where each host has its own. They are used for accounts whose field `inloggad` is `ja` or `ja_oppen`, and are never exported.",
        after_help = "Example:\n  bevara account login exempel-facebook\n  bevara account login exempel-facebook --forget"
    )]
    Login(LoginArgs),
    /// Take in a register kept elsewhere: CSV (; or ,) or TOML; nothing is written unless every row is right
    #[command(after_help = "Example:\n  bevara account import konton.csv")]
    Import(ImportArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CloseArgs {
    /// The account
    alias: Alias,
    /// Close although no closing capture can be taken; it is recorded as missed
    #[arg(long, value_name = "REASON")]
    without_capture: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// The account
    alias: Alias,
    /// Remove the login that is kept
    #[arg(long)]
    forget: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The file; its columns or keys are named as in docs/register.md
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Name on the command line: a-z, 0-9 and -; never used again
    alias: Alias,
    /// The platform
    #[arg(long, value_name = "P")]
    platform: Platform,
    /// Address of the account's page
    #[arg(long, value_name = "URL")]
    url: String,
    /// The account's name [default: the alias]
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// A field of the register (docs/register.md); may be given several times
    #[arg(long, value_name = "FIELD=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// List closed accounts too
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The account
    alias: Alias,
}

#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// The account
    alias: Alias,
    /// Fields of the register (docs/register.md); an empty value takes one away
    #[arg(value_name = "FIELD=VALUE", value_parser = assignment)]
    fields: Vec<(String, String)>,
    /// Another address
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Another name
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Another status: planerad, aktiv, vilande; for a closed account raderad
    #[arg(long, value_name = "STATUS")]
    status: Option<AccountStatus>,
}

impl AccountVerb {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Add(_) => "account-add",
            Self::List(_) => "account-list",
            Self::Show(_) => "account-show",
            Self::Set(_) => "account-set",
            Self::Close(_) => "account-close",
            Self::Login(_) => "account-login",
            Self::Import(_) => "account-import",
        }
    }
}

/// `FIELD=VALUE`
fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write FIELD=VALUE".to_owned()),
    }
}

pub(crate) async fn run(context: &Context, verb: AccountVerb) -> Result<Outcome, OpsError> {
    let mut app = context.open().await?;
    match verb {
        AccountVerb::Add(args) => {
            let new = NewAccount {
                alias: args.alias,
                platform: args.platform,
                url: args.url,
                name: args.name,
                fields: args.set,
            };
            let added = add(&mut app, new).await?;
            let text = format!(
                "Kontot {} är upptaget i förteckningen (id {}).",
                added.account.alias, added.account.id
            );
            Ok(registered(&added, text))
        }
        AccountVerb::List(args) => {
            let rows = list(&app, args.all).await?;
            let accounts: Vec<_> = rows
                .iter()
                .map(|row| {
                    let account = &row.account;
                    json!({"id": account.id, "alias": account.alias, "platform": account.platform,
                        "url": account.url, "status": account.status, "name": account.name})
                })
                .collect();
            let lines = rows.iter().map(|row| {
                let account = &row.account;
                vec![
                    account.alias.to_string(),
                    account.platform.as_str().to_owned(),
                    account.status.as_str().to_owned(),
                    account.name.clone(),
                    account.url.clone(),
                ]
            });
            let header = ["Alias", "Plattform", "Status", "Namn", "Adress"];
            let text = table(&header, lines.collect());
            Ok(Outcome::done(json!({ "accounts": accounts }), text))
        }
        AccountVerb::Show(args) => {
            let (shown, revisions) = show(&app, &args.alias).await?;
            let text = shown_text(&shown.account, &revisions);
            let result = json!({"account": shown.account, "revisions": revisions});
            Ok(Outcome::done(result, text).with_findings(shown.findings))
        }
        AccountVerb::Set(args) => {
            let patch = AccountPatch {
                url: args.url,
                name: args.name,
                status: args.status,
                fields: args.fields,
            };
            let changed = set(&mut app, &args.alias, patch).await?;
            let word = if changed.changed {
                "ändrat"
            } else {
                "oförändrat"
            };
            let text = format!("Kontot {} är {word}.", changed.account.alias);
            Ok(registered(&changed, text))
        }
        AccountVerb::Close(args) => close(context, &mut app, args).await,
        AccountVerb::Login(args) => login(context, &mut app, &args).await,
        AccountVerb::Import(args) => Ok(imported(&import(&mut app, &args.file).await?)),
    }
}

async fn close(context: &Context, app: &mut App, args: CloseArgs) -> Result<Outcome, OpsError> {
    let done = match &args.without_capture {
        Some(reason) => close_without_capture(app, &args.alias, reason).await?,
        None => close_account(app, &args.alias, &mut context.bar()).await?,
    };
    let mut text = if done.closed {
        format!("Kontot {} är avslutat.", done.alias)
    } else {
        format!(
            "Kontot {} är kvar: avslutsbilden blev inte fullständig.",
            done.alias
        )
    };
    for reason in done.captured.iter().flat_map(|captured| &captured.reasons) {
        text.extend(["\n  ", reason.swedish()]);
    }
    for slot in &done.missed {
        let line = format!("\n  utebliven: {} {}", slot.rule.swedish(), slot.due);
        text.push_str(&line);
    }
    let capture = done.captured.as_ref().map(|captured| {
        json!({"capture": captured.capture, "verdict": captured.verdict, "reasons": captured.reasons})
    });
    let result = json!({"alias": done.alias, "closed": done.closed, "capture": capture, "missed": done.missed});
    let exit = if done.closed {
        Exit::Done
    } else {
        Exit::Problems
    };
    Ok(Outcome::done(result, text).with_exit(exit))
}

async fn login(context: &Context, app: &mut App, args: &LoginArgs) -> Result<Outcome, OpsError> {
    if args.forget {
        let done = login::forget(app, &args.alias).await?;
        let text = if done.removed {
            format!(
                "Inloggningen i {} är borttagen här. Logga också ut på webbplatsen: där gäller den tills vidare.",
                done.file
            )
        } else {
            format!("Ingen inloggning är sparad i {}.", done.file)
        };
        return Ok(Outcome::done(json!(done), text));
    }
    let plan = login::plan(app, &args.alias).await?;
    context.output.say(&warning(&plan, &args.alias));
    let done = login::log_in(app, &plan, enter_pressed()).await?;
    let until = done.until.map_or_else(
        || "Hur länge den gäller framgår inte.".to_owned(),
        |until| format!("Den gäller längst till {}.", until.stockholm_text()),
    );
    let word = if done.replaced { "ersatt" } else { "sparad" };
    let held = match (done.cookies, done.stored) {
        (cookies, 0) => format!("{cookies} kakor"),
        (0, stored) => format!("{stored} lagrade uppgifter"),
        (cookies, stored) => format!("{cookies} kakor och {stored} lagrade uppgifter"),
    };
    let text = format!(
        "Inloggningen är {word}: {held} i {}. {until}\nPröva den: bevara capture {}",
        done.file, done.account
    );
    Ok(Outcome::done(json!(done), text))
}

fn warning(plan: &Plan, alias: &Alias) -> String {
    format!(
        "VARNING\n  Kakorna som webbplatsen ger när du loggar in, och det den lagrar i webbläsaren, sparas i {}.\n  Den som har filen är inloggad som du, utan lösenord. Bara arkivets ägare på den här datorn får läsa den,\n  och den följer aldrig med i en leverans. Använd helst ett konto som bara kan läsa.\n  Ta bort den med: bevara account login {alias} --forget\n\nEtt fönster öppnas på {}.\nLogga in där. Stäng sedan fönstret, eller tryck Enter här.",
        plan.file(),
        plan.url()
    )
}

/// Tells when a line is entered. Where nobody can enter one it never does. The thread is left to the end of the process:
/// reading cannot be broken off.
fn enter_pressed() -> oneshot::Receiver<()> {
    let (pressed, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        if matches!(std::io::stdin().read_line(&mut line), Ok(1..)) && pressed.send(()).is_err() {
            tracing::debug!("the window was closed already");
        }
    });
    receiver
}

fn imported(done: &Imported) -> Outcome {
    let counts = json!({"added": done.added, "changed": done.changed, "unchanged": done.unchanged});
    if !done.faults.is_empty() {
        return Outcome::done(counts, "Inget togs in: filen har fel.")
            .with_findings(done.faults.clone())
            .with_exit(Exit::Problems);
    }
    let text = format!(
        "{} konton nya, {} ändrade, {} oförändrade.",
        done.added.len(),
        done.changed.len(),
        done.unchanged.len()
    );
    Outcome::done(counts, text).with_findings(done.findings.clone())
}

fn registered(done: &Registered, text: String) -> Outcome {
    let result = json!({"id": done.account.id, "alias": done.account.alias});
    Outcome::done(result, text).with_findings(done.findings.clone())
}

/// The account's fields in Swedish, then what each revision changed.
fn shown_text(account: &Account, revisions: &[Revision]) -> String {
    let rows = described(account)
        .into_iter()
        .map(|(label, value)| vec![label.to_owned(), value])
        .collect();
    let mut text = table(&["Uppgift", "Värde"], rows);
    text.push_str("\n\nRevisioner\n");
    let mut before: Option<&Account> = None;
    for revision in revisions {
        let what = match (&revision.account, before) {
            (None, _) => "(gallrad)".to_owned(),
            (Some(_), None) => "första revisionen".to_owned(),
            (Some(now), Some(before)) => changes(before, now),
        };
        let time = revision.time.stockholm_text();
        let line = format!("  {time}  {}  {what}\n", revision.actor);
        text.push_str(&line);
        before = revision.account.as_ref().or(before);
    }
    text
}

/// What an account says: label and value, in the register's order, without what is empty.
fn described(account: &Account) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("Konto-id", account.id.to_string()),
        ("Alias", account.alias.to_string()),
        ("Plattform", account.platform.as_str().to_owned()),
        ("Kontonamn", account.name.clone()),
        ("Adress", account.url.clone()),
        ("Status", account.status.as_str().to_owned()),
        ("Upptaget", account.opened.to_string()),
    ];
    if let Some(closed) = account.closed {
        all.push(("Avslutat", closed.to_string()));
    }
    for field in FIELDS {
        if let Some(value) = account.fields.get(field.name) {
            all.push((field.label, value.clone()));
        }
    }
    all
}

fn changes(before: &Account, now: &Account) -> String {
    let (old, new) = (described(before), described(now));
    let mut parts = Vec::new();
    for (label, value) in &new {
        let was = old.iter().find(|(other, _)| other == label);
        match was {
            Some((_, was)) if was == value => {}
            Some((_, was)) => parts.push(format!("{label}: {was} → {value}")),
            None => parts.push(format!("{label}: {value}")),
        }
    }
    for (label, _) in &old {
        if !new.iter().any(|(other, _)| other == label) {
            parts.push(format!("{label} borttagen"));
        }
    }
    if parts.is_empty() {
        "samma uppgifter".to_owned()
    } else {
        parts.join("; ")
    }
}
