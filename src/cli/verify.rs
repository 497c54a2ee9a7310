//! `verify`: checks an archive or a package.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::archive::ViewKind;
use crate::cli::Context;
use crate::cli::exit::Exit;
use crate::cli::output::Outcome;
use crate::evidence::codes::Class;
use crate::model::id::UnitRef;
use crate::ops::error::OpsError;
use crate::ops::verify::{Report, Request, Subset, verify};

/// Check an archive or a package from its bytes alone
///
/// Needs no configuration, catalogue, network or write access. Levels, each with those below it: 0 structure,
/// 1 fixity of every byte, 2 completeness, 3 history (chain, roots, signatures, disposal rules), 4 outside evidence.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bevara verify arkiv\n  bevara verify leverans-2027 --expect-checkpoint min-checkpunkt"
)]
pub(crate) struct VerifyArgs {
    /// Archive or package [default: the value of --archive]
    path: Option<PathBuf>,
    /// How deep [default: 3; 4 with --expect-checkpoint]
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=4))]
    level: Option<u8>,
    /// Read only the n-th of t parts of the units, for checks in rotation
    #[arg(long, value_name = "N/T", value_parser = parse_subset)]
    subset: Option<Subset>,
    /// A checkpoint kept from before: the log must continue it
    #[arg(long, value_name = "FILE")]
    expect_checkpoint: Option<PathBuf>,
    /// Print an RFC 6962 inclusion proof of a unit, CAPTURE/NUMBER or RECORD/NUMBER
    #[arg(long, value_name = "UNIT", value_parser = parse_unit)]
    prove: Option<UnitRef>,
    /// Threads that read [default: one a core]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=256), hide = true)]
    threads: Option<u16>,
}

pub(crate) fn run(context: &Context, args: VerifyArgs) -> Result<Outcome, OpsError> {
    let expected = match &args.expect_checkpoint {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|source| OpsError::File {
                path: path.clone(),
                source,
            })?;
            Some(text)
        }
        None => None,
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let request = Request {
        path: args.path.unwrap_or_else(|| context.globals.archive.clone()),
        level: args.level.unwrap_or(if expected.is_some() { 4 } else { 3 }),
        subset: args.subset,
        expected,
        prove: args.prove,
        as_of: context.globals.as_of,
        now: context.clock().now(),
        threads: args.threads.map_or(cores, usize::from),
    };
    let report = verify(&request)?;
    if let Some(archive) = &report.archive {
        context
            .shown
            .get_or_init(|| (archive.clone(), report.until.to_string()));
    }
    for hit in &report.hits {
        context.output.line(&json!(hit));
    }
    let exit = exit_of(&report);
    let findings = report
        .hits
        .iter()
        .map(crate::evidence::report::Hit::finding)
        .collect();
    Ok(
        Outcome::done(result(&report, args.subset), text(&report, exit))
            .with_exit(exit)
            .with_findings(findings),
    )
}

fn exit_of(report: &Report) -> Exit {
    report
        .classes()
        .into_iter()
        .fold(Exit::Done, |exit, class| {
            exit.or(match class {
                Class::Nothing => Exit::Done,
                Class::Problem => Exit::Problems,
                Class::CouldNotFinish => Exit::CouldNotFinish,
                Class::Evidence => Exit::NotPermitted,
                Class::Incomplete => Exit::Incomplete,
            })
        })
}

fn result(report: &Report, subset: Option<Subset>) -> Value {
    let counts = report.counts;
    json!({
        "level": report.level,
        "kind": match report.kind { ViewKind::Archive => "archive", ViewKind::Package => "package" },
        "subset": subset.map(|subset| format!("{}/{}", subset.part, subset.of)),
        "listed": counts.listed,
        "ok": counts.ok,
        "bad": counts.bad,
        "missing": counts.missing,
        "disposed": counts.disposed,
        "withheld": counts.withheld,
        "unreadable": counts.unreadable,
        "entries": report.entries,
        "files": report.files,
        "bytes": report.bytes,
        "proof": report.proof,
    })
}

/// The verdict in one word, what was checked, and the counts.
fn text(report: &Report, exit: Exit) -> String {
    let (light, verdict) = match exit {
        Exit::Done => ("GRÖNT", "allt stämmer"),
        Exit::NotPermitted => (
            "GULT",
            "allt som kontrollerats stämmer, men bevis saknas eller kan inte betros",
        ),
        Exit::Incomplete => (
            "GULT",
            "varje byte är hel, men en ögonblicksbild eller gallring saknar sin anteckning",
        ),
        Exit::CouldNotFinish => (
            "RÖTT",
            "kontrollen kunde inte slutföras: något kan inte läsas",
        ),
        Exit::Problems | Exit::Usage => ("RÖTT", "något saknas, är för mycket eller är ändrat"),
    };
    let kind = match report.kind {
        ViewKind::Archive => "Arkivet",
        ViewKind::Package => "Paketet",
    };
    let test = if report.test { " (PROVARKIV)" } else { "" };
    let counts = report.counts;
    let mut text = format!(
        "{light}: {verdict}.\n{kind}{test} är kontrollerat på nivå {}; {} loggposter, {} filer, {} byte lästa.\nGallringsenheter {}: hela {}, felaktiga {}, saknas {}, gallrade {}, undantagna {}, oläsbara {}.",
        report.level,
        report.entries,
        report.files,
        report.bytes,
        counts.listed,
        counts.ok,
        counts.bad,
        counts.missing,
        counts.disposed,
        counts.withheld,
        counts.unreadable
    );
    if let Some(proof) = &report.proof {
        use std::fmt::Write as _;
        write!(
            text,
            "\n\nInklusionsbevis (RFC 6962) för {}\nrad   {}\nindex {} av {}\nrot   {} (loggpost {})\nväg   {}",
            proof.unit,
            proof.line,
            proof.index,
            proof.size,
            proof.root_sha256,
            proof.entry,
            proof.path.join("\n      ")
        )
        .expect("writing to a String never fails");
    }
    text
}

fn parse_subset(text: &str) -> Result<Subset, String> {
    let wrong = || format!("\"{text}\" is not a part such as 1/4");
    let (part, of) = text.split_once('/').ok_or_else(wrong)?;
    match (part.parse(), of.parse()) {
        (Ok(part), Ok(of)) if part >= 1 && part <= of => Ok(Subset { part, of }),
        _ => Err(wrong()),
    }
}

fn parse_unit(text: &str) -> Result<UnitRef, String> {
    let wrong = || format!("\"{text}\" is not a unit such as 20270101T000512Z-0123abcd/000001");
    let (holder, unit) = text.split_once('/').ok_or_else(wrong)?;
    match (holder.parse(), unit.parse()) {
        (Ok(holder), Ok(unit)) => Ok(UnitRef { holder, unit }),
        _ => Err(wrong()),
    }
}
