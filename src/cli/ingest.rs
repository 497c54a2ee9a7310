//! `ingest`: a platform's export into posts.

use std::path::PathBuf;

use clap::Args;

use crate::cli::Context;
use crate::cli::exit::Exit;
use crate::cli::output::Outcome;
use crate::model::finding::Finding;
use crate::model::id::Alias;
use crate::model::post::Completeness;
use crate::ops::error::OpsError;
use crate::ops::ingest::{Ingested, ingest};

/// Most refused items that are listed for people; the JSON document and the archive hold more.
const LISTED: usize = 20;

/// Take in the posts of a platform export
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bevara ingest kommunbloggen wordpress-export.xml\n\nThe format is told by the content: a file, a folder, a zip, tar or tar.gz. The same file again adds nothing. Where a platform asks for the format of an export, choose JSON: web pages to be read by people hold no data."
)]
pub(crate) struct IngestArgs {
    /// The account that the posts belong to
    account: Alias,
    /// Export files or folders
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Read as this format instead of the one recognised; an unknown name lists all
    #[arg(long, value_name = "NAME")]
    format: Option<String>,
}

pub(crate) async fn run(context: &Context, args: IngestArgs) -> Result<Outcome, OpsError> {
    let mut app = context.open().await?;
    let done = ingest(&mut app, &args.account, &args.files, args.format.as_deref()).await?;
    let mut findings = done.findings.clone();
    if !done.refused.is_empty() {
        findings.push(Finding::error(
            "E-REFUSED",
            done.account.as_str(),
            format!(
                "{} poster kunde inte läsas och togs inte in. Resten är intaget. Hämta exporten på nytt och ta in den: bara \
                 det som saknas tas då in. Står felet kvar, behåll filen: den är det enda som har posterna.",
                done.refused_count()
            ),
        ));
    }
    let exit = if done.refused.is_empty() {
        Exit::Done
    } else {
        Exit::Problems
    };
    let result = serde_json::to_value(&done).map_err(|source| OpsError::Document {
        path: "the ingest report".to_owned(),
        source: source.into(),
    })?;
    Ok(Outcome::done(result, report(&done))
        .with_exit(exit)
        .with_findings(findings))
}

fn report(done: &Ingested) -> String {
    let version = done
        .format_version
        .as_deref()
        .map_or(String::new(), |version| format!(" (version {version})"));
    let mut lines = vec![match &done.capture {
        Some(capture) => format!("Intag {capture} till kontot {}", done.account),
        None => format!(
            "Filen är redan intagen till kontot {}; inget nytt skrevs.",
            done.account
        ),
    }];
    lines.push(format!("Format          {}{version}", done.title));
    for container in &done.containers {
        lines.push(format!(
            "Fil             {}, {} byte",
            container.name, container.bytes
        ));
        lines.push(format!("  sha256        {}", container.sha256));
    }
    lines.push(format!("Poster i filen  {}", done.claimed));
    lines.push(format!("Lästa           {}", done.parsed));
    lines.push(format!("  nya           {}", done.added));
    lines.push(format!("  ändrade       {}", done.changed));
    lines.push(format!("  oförändrade   {}", done.unchanged));
    lines.push(format!("Kunde ej läsas  {}", done.refused_count()));
    for refused in done.refused.iter().take(LISTED) {
        lines.push(format!("  {}: {}", refused.place, refused.reason));
    }
    let more = done.refused_count().saturating_sub(LISTED as u64);
    if more > 0 {
        let kept = done.refused.len();
        lines.push(format!(
            "  … och {more} till; intagets rapport (ingest.json) anger plats och skäl för de första {kept}"
        ));
    }
    if !done.skipped.is_empty() {
        let kinds: Vec<_> = done
            .skipped
            .iter()
            .map(|skipped| format!("{} {}", skipped.count, other(&skipped.what)))
            .collect();
        lines.push(format!("Ej inlägg       {}", kinds.join(", ")));
    }
    if let Some((first, last)) = done.period {
        lines.push(format!(
            "Publicerade     {} – {}",
            first.stockholm_date(),
            last.stockholm_date()
        ));
    }
    lines.push(format!("Reparationer    {}", done.repairs));
    lines.push(format!(
        "Borttagna personuppgifter {} (e-post, IP-adresser och liknande)",
        done.redactions
    ));
    lines.push(format!(
        "Är det allt?    {}",
        completeness(done.completeness)
    ));
    lines.join("\n")
}

/// What is no post, for people; the platform's own words stay as they are.
fn other(what: &str) -> &str {
    match what {
        "account" | "actor" | "profile" | "user" => "uppgifter om kontot",
        "block_outside_the_tree" => "block utanför trädet",
        "conversation_event" => "händelser i samtal",
        "empty_twin" => "tomma dubbletter",
        "feed" => "uppgifter om flödet",
        "history" | "revision" => "tidigare versioner",
        "manifest" => "innehållsförteckningar",
        "note_tweet" => "långa texter som hör till inlägg",
        "other_file" => "andra filer",
        "other_item" | "other_object" | "other_reply" => "poster av annat slag",
        "participant" => "deltagare i samtal",
        "post_blocked" => "inlägg av någon som blockerar kontot",
        "post_not_found" => "inlägg som inte finns kvar",
        "protected_history" => "uppgifter om när kontot var skyddat",
        "same_item_again" => "poster som stod två gånger lika",
        "shown_in_a_post" => "filer som visas i inlägg",
        "withheld" => "poster som inte lämnades ut",
        own => own,
    }
}

fn completeness(value: Completeness) -> &'static str {
    match value {
        Completeness::Full => {
            "filen rymmer alla inlägg och kommentarer på plattformen när den gjordes"
        }
        Completeness::Window => "filen rymmer bara de nyaste inläggen",
        Completeness::OwnOnly => "filen rymmer kontots egna inlägg, inte allmänhetens",
        Completeness::Partial => "nej, något saknas",
    }
}
