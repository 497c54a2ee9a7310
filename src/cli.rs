//! The command line: one file a verb, each `args → ops → outcome`. Errors become exit codes here and nowhere else.

mod account;
mod capture;
mod demo;
mod disposal;
pub mod exit;
mod export;
mod generate;
mod hold;
mod ingest;
mod init;
pub mod output;
mod person;
mod policy;
mod post;
mod progress;
mod receipt;
mod registry;
mod reindex;
mod removal;
mod run;
mod schedule;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::app::{self, App};
use crate::cli::exit::Exit;
use crate::cli::output::{Outcome, Output};
use crate::clock::Clock;
use crate::model::finding::Finding;
use crate::model::time::Instant;
use crate::ops::error::{ErrorKind, OpsError};

/// Archival snapshots and lawful retention of a municipality's social-media accounts
#[derive(Debug, Parser)]
#[command(
    name = "bevara",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    verb: Verb,
}

/// Options that every verb takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// Directory of the archive
    #[arg(
        id = "global_archive",
        long = "archive",
        global = true,
        env = "BEVARA_ARCHIVE",
        value_name = "DIR",
        default_value = "."
    )]
    archive: PathBuf,
    /// Id of the person who acts
    // The ids of global options must differ from those of every verb's own.
    #[arg(
        id = "global_person",
        long = "as",
        global = true,
        env = "BEVARA_PERSON",
        value_name = "PERSON"
    )]
    person: Option<String>,
    /// Act as if it were TIME (RFC 3339, or YYYY-MM-DD in Stockholm); to write, the archive must be a test archive
    #[arg(long, global = true, value_name = "TIME", value_parser = Instant::parse_as_of)]
    as_of: Option<Instant>,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    json: bool,
    /// Print nothing unless something is wrong
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Log more to standard error (-vv for everything)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Show no progress bars
    #[arg(long, global = true)]
    no_progress: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Init(init::InitArgs),
    #[command(subcommand)]
    Person(person::PersonVerb),
    #[command(subcommand)]
    Account(account::AccountVerb),
    Schedule(schedule::ScheduleArgs),
    Capture(capture::CaptureArgs),
    Run(run::RunArgs),
    Ingest(ingest::IngestArgs),
    #[command(subcommand)]
    Post(post::PostVerb),
    #[command(subcommand)]
    Policy(policy::PolicyVerb),
    #[command(subcommand)]
    Disposal(disposal::DisposalVerb),
    #[command(subcommand)]
    Hold(hold::HoldVerb),
    #[command(subcommand)]
    Removal(removal::RemovalVerb),
    Export(export::ExportArgs),
    #[command(subcommand)]
    Receipt(receipt::ReceiptVerb),
    #[command(subcommand)]
    Registry(registry::RegistryVerb),
    Verify(verify::VerifyArgs),
    Reindex(reindex::ReindexArgs),
    Demo(demo::DemoArgs),
    Completions(generate::CompletionsArgs),
    Man(generate::ManArgs),
    #[command(name = "cli-document")]
    Document(generate::DocumentArgs),
}

impl Verb {
    fn name(&self) -> &'static str {
        match self {
            Self::Init(_) => "init",
            Self::Person(verb) => verb.name(),
            Self::Account(verb) => verb.name(),
            Self::Schedule(_) => "schedule",
            Self::Capture(_) => "capture",
            Self::Run(_) => "run",
            Self::Ingest(_) => "ingest",
            Self::Post(verb) => verb.name(),
            Self::Policy(verb) => verb.name(),
            Self::Disposal(verb) => verb.name(),
            Self::Hold(verb) => verb.name(),
            Self::Removal(verb) => verb.name(),
            Self::Export(_) => "export",
            Self::Receipt(verb) => verb.name(),
            Self::Registry(verb) => verb.name(),
            Self::Verify(_) => "verify",
            Self::Reindex(_) => "reindex",
            Self::Demo(_) => "demo",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
            Self::Document(_) => "cli-document",
        }
    }
}

/// What every verb gets: the global options and the output.
#[derive(Debug)]
pub(crate) struct Context {
    globals: Globals,
    output: Output,
    shown: std::cell::OnceCell<(String, String)>,
}

impl Context {
    /// The clock: the system's, or the time given with `--as-of`.
    pub(crate) fn clock(&self) -> Clock {
        self.globals.as_of.map_or(Clock::System, Clock::Fixed)
    }

    /// Opens the archive named on the command line.
    pub(crate) async fn open(&self) -> Result<App, OpsError> {
        let app = App::open(
            &self.globals.archive,
            self.clock(),
            self.globals.person.as_deref(),
        )
        .await?;
        self.show_archive(app.archive_id(), app.now());
        Ok(app)
    }

    /// Names the archive and the time in the document. The first call counts.
    pub(crate) fn show_archive(&self, archive: String, time: Instant) {
        self.shown.get_or_init(|| (archive, time.to_string()));
    }

    /// Opens the archive named on the command line, where there is one: for verbs that also work without.
    pub(crate) async fn open_if_there(&self) -> Result<Option<App>, OpsError> {
        if self.globals.archive.join("bevara.toml").exists() {
            self.open().await.map(Some)
        } else {
            Ok(None)
        }
    }

    /// Faults of a file: rendered with line and caret for people, as findings in the document.
    pub(crate) fn faults(
        &self,
        title: &str,
        rendered: &[String],
        findings: Vec<Finding>,
    ) -> Outcome {
        let text = format!("{title}\n\n{}", rendered.join("\n"));
        let outcome = Outcome::done(serde_json::Value::Null, text).with_exit(Exit::Problems);
        if self.output.json {
            outcome.with_findings(findings)
        } else {
            outcome
        }
    }

    /// Whether progress bars may be drawn.
    pub(crate) fn progress(&self) -> bool {
        use std::io::IsTerminal as _;
        !self.globals.no_progress
            && !self.globals.quiet
            && !self.globals.json
            && std::io::stderr().is_terminal()
    }
}

/// Runs the program and returns its exit code.
pub fn main() -> ExitCode {
    app::arm_faults();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage_error(&error),
    };
    log_to_stderr(cli.globals.verbose);
    let output = Output {
        json: cli.globals.json,
        quiet: cli.globals.quiet,
        verb: cli.verb.name(),
    };
    let context = Context {
        globals: cli.globals,
        output,
        shown: std::cell::OnceCell::new(),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            context.output.error(&error, Exit::CouldNotFinish, None);
            return ExitCode::from(Exit::CouldNotFinish.code());
        }
    };
    let exit = match runtime.block_on(dispatch(&context, cli.verb)) {
        Ok(outcome) => {
            let shown = context.shown.get();
            let shown = shown.map(|(id, time)| (id.as_str(), time.as_str()));
            context.output.show(&outcome, shown);
            outcome.exit
        }
        Err(error) => {
            let exit = exit_of(&error);
            context.output.error(&error, exit, error.hint().as_deref());
            exit
        }
    };
    app::tell_faults();
    ExitCode::from(exit.code())
}

async fn dispatch(context: &Context, verb: Verb) -> Result<Outcome, OpsError> {
    match verb {
        Verb::Init(args) => init::run(context, args).await,
        Verb::Person(verb) => person::run(context, verb).await,
        Verb::Account(verb) => account::run(context, verb).await,
        Verb::Schedule(args) => schedule::run(context, args).await,
        Verb::Capture(args) => capture::run(context, args).await,
        Verb::Run(args) => run::run(context, args).await,
        Verb::Ingest(args) => ingest::run(context, args).await,
        Verb::Post(verb) => post::run(context, verb).await,
        Verb::Policy(verb) => policy::run(context, verb).await,
        Verb::Disposal(verb) => disposal::run(context, verb).await,
        Verb::Hold(verb) => hold::run(context, verb).await,
        Verb::Removal(verb) => removal::run(context, verb).await,
        Verb::Export(args) => export::run(context, args).await,
        Verb::Receipt(verb) => receipt::run(context, verb).await,
        Verb::Registry(verb) => registry::run(context, verb).await,
        Verb::Verify(args) => verify::run(context, args),
        Verb::Reindex(args) => reindex::run(context, args).await,
        Verb::Demo(args) => demo::run(context, args).await,
        Verb::Completions(args) => Ok(generate::completions(&args)),
        Verb::Man(args) => generate::man(args),
        Verb::Document(args) => Ok(generate::document(args)),
    }
}

fn exit_of(error: &OpsError) -> Exit {
    match error.kind() {
        ErrorKind::Usage => Exit::Usage,
        ErrorKind::Environment => Exit::CouldNotFinish,
        ErrorKind::NotPermitted => Exit::NotPermitted,
        ErrorKind::Problem => Exit::Problems,
    }
}

/// Help and version are no errors; everything else that clap refuses is exit 2, with a document where `--json` stands.
fn usage_error(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        let output = Output {
            json: true,
            quiet: false,
            verb: "usage",
        };
        let message = error.render().to_string();
        output.error(
            &OpsError::usage(message.trim_end().to_owned(), ""),
            Exit::Usage,
            None,
        );
        return ExitCode::from(Exit::Usage.code());
    }
    match error.print() {
        Ok(()) if error.use_stderr() => ExitCode::from(Exit::Usage.code()),
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(Exit::CouldNotFinish.code()),
    }
}

fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => tracing::Level::WARN,
        1 => tracing::Level::INFO,
        _ => tracing::Level::DEBUG,
    };
    // Libraries stay at warnings: what they log may hold addresses and names.
    let filter = tracing_subscriber::EnvFilter::new(format!("error,bevara={level}"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
}

/// The command tree, for the manual and the shell completions.
pub(crate) fn command() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
