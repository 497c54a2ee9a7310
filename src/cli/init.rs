//! `init`: a new archive.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::Context;
use crate::cli::output::Outcome;
use crate::ops::error::OpsError;
use crate::ops::init::{NewMunicipality, init};

/// Create an archive for one municipality
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bevara init arkiv --name \"Exempelkommun\" --org-nr 212099-9996 --policy torsby --person \"Kim Exempel\""
)]
pub(crate) struct InitArgs {
    /// Directory of the new archive; empty or not there yet [default: the value of --archive]
    dir: Option<PathBuf>,
    /// The municipality's name
    #[arg(long, value_name = "TEXT")]
    name: String,
    /// Its organisation number, NNNNNN-NNNN
    #[arg(long, value_name = "NR")]
    org_nr: String,
    /// Retention policy: the id of a shipped one, or a file
    #[arg(long, value_name = "ID|FILE")]
    policy: String,
    /// Name of the first person, who becomes arkivarie
    #[arg(long, value_name = "NAME")]
    person: String,
    /// Name of the log in its checkpoints; can never be changed [default: bevara/ARCHIVE-ID]
    #[arg(long, value_name = "NAME")]
    origin: Option<String>,
    /// Make a test archive (PROVARKIV), in which --as-of may move the clock; it can never become a real one
    #[arg(long)]
    test_archive: bool,
}

pub(crate) async fn run(context: &Context, args: InitArgs) -> Result<Outcome, OpsError> {
    let dir = args.dir.unwrap_or_else(|| context.globals.archive.clone());
    let new = NewMunicipality {
        name: args.name,
        org_nr: args.org_nr,
        policy: args.policy,
        person: args.person,
        origin: args.origin,
        test: args.test_archive,
    };
    let clock = context.clock();
    let made = match init(&dir, new, clock).await {
        Ok(made) => made,
        Err(OpsError::Policy(faults)) => {
            return Ok(context.faults(&faults.to_string(), &faults.rendered, faults.findings));
        }
        Err(error) => return Err(error),
    };
    context.show_archive(made.archive.to_string(), made.time);
    let mut text = format!(
        "Arkivet är skapat i {}.\nArkiv    {}\nUrsprung {}\nPerson   {} (arkivarie)\n\nAnge personen med --as {} eller BEVARA_PERSON.",
        dir.display(),
        made.archive,
        made.origin,
        made.person,
        made.person
    );
    if args.test_archive {
        text.insert_str(
            0,
            "PROVARKIV: inget i det kan någonsin bli ett riktigt arkiv.\n",
        );
    }
    let result = json!({"archive": made.archive, "origin": made.origin, "person": made.person});
    Ok(Outcome::done(result, text).with_findings(made.findings))
}
