//! `demo`: the main job on a fictional municipality, or its accounts alone.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;

use crate::cli::Context;
use crate::cli::exit::Exit;
use crate::cli::output::Outcome;
use crate::demo::Accounts;
use crate::demo::story::{Teller, tell};
use crate::demo::tale::Tale;
use crate::model::facts::{Floor, Outcome as Decided};
use crate::model::finding::{Finding, Severity};
use crate::ops::error::OpsError;

/// Run the whole main job on a fictional municipality, with a real browser
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bevara demo demo-arkiv")]
pub(crate) struct DemoArgs {
    /// Directory to make; empty or not there yet [default: demo-arkiv, or demo-arkiv-2 and so on]
    dir: Option<PathBuf>,
    /// Only serve the fictional accounts on loopback, as on the day of --as-of, until interrupted
    #[arg(long, conflicts_with = "dir")]
    serve: bool,
}

pub(crate) async fn run(context: &Context, args: DemoArgs) -> Result<Outcome, OpsError> {
    if args.serve {
        return serve(context).await;
    }
    let dir = match args.dir {
        Some(dir) => dir,
        None => free_directory()?,
    };
    if !is_free(&dir)? {
        return Err(OpsError::usage(
            format!("{} is not an empty directory", dir.display()),
            "name another, or none: then a new one is made beside the old",
        ));
    }
    let mut teller = Telling::new(context);
    let tale = tell(&dir, &mut teller).await?;
    teller.done();
    let exit = if tale.unexpected.is_empty() {
        Exit::Done
    } else {
        Exit::Problems
    };
    let findings = tale.unexpected.iter().map(|message| Finding {
        code: "D001".to_owned(),
        severity: Severity::Error,
        path: dir.display().to_string(),
        message: message.clone(),
    });
    Ok(Outcome::done(json!(tale), summary(&tale))
        .with_exit(exit)
        .with_findings(findings.collect()))
}

/// `demo-arkiv`, or the first of `demo-arkiv-2` and so on that is free: an earlier demo is never touched.
fn free_directory() -> Result<PathBuf, OpsError> {
    let mut dir = PathBuf::from("demo-arkiv");
    let mut number = 1;
    while !is_free(&dir)? {
        number += 1;
        dir = PathBuf::from(format!("demo-arkiv-{number}"));
    }
    Ok(dir)
}

fn is_free(dir: &Path) -> Result<bool, OpsError> {
    match std::fs::read_dir(dir) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(source) => Err(OpsError::File {
            path: dir.to_owned(),
            source,
        }),
    }
}

/// Shows the story as it goes: a bar on a terminal, lines otherwise.
struct Telling<'a> {
    context: &'a Context,
    bar: Option<ProgressBar>,
}

impl<'a> Telling<'a> {
    fn new(context: &'a Context) -> Self {
        let bar = context.progress().then(|| {
            let bar = ProgressBar::new_spinner();
            bar.enable_steady_tick(std::time::Duration::from_millis(120));
            bar
        });
        Self { context, bar }
    }

    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.context.output.say(line)),
            None => self.context.output.say(line),
        }
    }

    fn done(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Teller for Telling<'_> {
    fn day(&mut self, date: NaiveDate, title: &str) {
        self.say(&format!("{date}  {title}"));
        if let Some(bar) = &self.bar {
            bar.set_message(title.to_owned());
        }
    }

    fn line(&mut self, text: &str) {
        self.say(&format!("            {text}"));
    }

    fn capturing(&mut self, account: &str, number: usize, of: usize) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("fångar {account} ({number} av {of})"));
        }
    }
}

/// The closing summary in Swedish.
fn summary(tale: &Tale) -> String {
    let story = &tale.story;
    let mut lines = vec![String::new(), headline(tale), String::new()];
    let complete = story
        .captures
        .iter()
        .filter(|line| line.verdict == "complete")
        .count();
    let late = story
        .captures
        .iter()
        .filter(|line| line.late && line.verdict == "complete");
    lines.push(format!(
        "Ögonblicksbilder  {complete} fullständiga, varav {} försenade; {} försök misslyckades; {} antecknade som uteblivna",
        late.count(),
        story.captures.len() - complete,
        story.missed.len()
    ));
    let posts: u64 = story.ingests.iter().map(|line| line.added).sum();
    lines.push(format!(
        "Inlägg            {posts} intagna ur {} filer: {}",
        story.ingests.len(),
        counted(&story.outcomes, outcome_swedish)
    ));
    let disposal = &story.disposal;
    let percent = (disposal.disposed * 100)
        .checked_div(disposal.posts as u64)
        .unwrap_or(0);
    lines.push(format!(
        "Gallring          {} av {} inlägg gallrade ({percent} %), {} hölls kvar",
        disposal.disposed, disposal.posts, disposal.held_back
    ));
    lines.push(format!(
        "I vägen stod      {}",
        counted(&story.blocked, floor_swedish)
    ));
    for line in &story.verified {
        lines.push(format!(
            "Kontrollerat      {}: {} enheter hela, {} gallrade, {} felaktiga",
            line.what, line.ok, line.disposed, line.bad
        ));
    }
    lines.push(String::new());
    lines.push("Detta vägrades:".to_owned());
    for line in &story.refused {
        lines.push(format!("  {}: {}", line.tried, line.reason));
    }
    lines.push(String::new());
    lines.extend(places(tale));
    lines.join("\n")
}

fn headline(tale: &Tale) -> String {
    match tale.unexpected.len() {
        0 => "Ett halvår i Exempelkommun är arkiverat, gallrat och kontrollerat. Allt blev som det skulle.".to_owned(),
        number => format!("Ett halvår i Exempelkommun: {number} saker blev inte som de skulle, se sist."),
    }
}

fn places(tale: &Tale) -> Vec<String> {
    let places = &tale.places;
    let mut lines = vec![format!("Arkivet           {}", places.archive.display())];
    for package in &places.packages {
        lines.push(format!(
            "Paket             {} (kontrolleras utan bevara: läs VERIFIERA.txt)",
            package.display()
        ));
    }
    if let Some(record) = &places.record {
        lines.push(format!("Protokoll         {}", record.display()));
    }
    lines.push(format!(
        "Underlag          {} (policy, exporter, kvittens)",
        places.sources.display()
    ));
    let program = std::env::args()
        .next()
        .unwrap_or_else(|| "bevara".to_owned());
    lines.push(format!(
        "Se efter själv    {program} verify {}",
        places.archive.display()
    ));
    lines
}

/// `12 bevaras, 3 granskas`.
fn counted(
    counts: &std::collections::BTreeMap<String, usize>,
    swedish: fn(&str) -> String,
) -> String {
    counts
        .iter()
        .map(|(code, count)| format!("{count} {}", swedish(code)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn outcome_swedish(code: &str) -> String {
    [
        Decided::MayDispose,
        Decided::Review,
        Decided::Preserve,
        Decided::Registry,
    ]
    .into_iter()
    .find(|outcome| outcome.code() == code)
    .map_or_else(|| code.to_owned(), |outcome| outcome.swedish().to_owned())
}

fn floor_swedish(code: &str) -> String {
    let floors = [
        Floor::G0,
        Floor::G1,
        Floor::G2,
        Floor::G3,
        Floor::G4,
        Floor::G5,
        Floor::G6,
        Floor::G7,
        Floor::G8,
    ];
    let known = floors.into_iter().find(|floor| floor.code() == code);
    known.map_or_else(
        || code.to_owned(),
        |floor| format!("× {code} ({})", floor.swedish()),
    )
}

async fn serve(context: &Context) -> Result<Outcome, OpsError> {
    let accounts = Accounts::serve(context.clock().now().stockholm_date()).await?;
    let mut served = serde_json::Map::new();
    for (alias, url) in accounts.addresses() {
        context.output.say(&format!("{alias:<10} {url}"));
        served.insert(alias, json!(url));
    }
    context.output.say("Ctrl-C ends.");
    tokio::signal::ctrl_c()
        .await
        .map_err(|source| OpsError::File {
            path: "signal".into(),
            source,
        })?;
    Ok(Outcome::done(json!({ "served": served }), ""))
}
