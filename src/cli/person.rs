//! `person`: the people who act.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::Context;
use crate::cli::output::{Outcome, table};
use crate::model::id::PersonId;
use crate::model::person::Role;
use crate::ops::error::OpsError;
use crate::ops::person::{PersonChange, PersonPatch, add, list, set};

/// The people who act in the archive
#[derive(Debug, Subcommand)]
pub(crate) enum PersonVerb {
    /// Add a person; prints the new id
    #[command(
        after_help = "Example:\n  bevara person add --name \"Alex Exempel\" --role foretradare"
    )]
    Add(AddArgs),
    /// List everyone with id and role
    #[command(after_help = "Example:\n  bevara person list")]
    List,
    /// Change a person
    #[command(after_help = "Example:\n  bevara person set p0123456789ab --inactive")]
    Set(SetArgs),
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// The person's name
    #[arg(long, value_name = "NAME")]
    name: String,
    /// What the person may do
    #[arg(long, value_name = "ROLE")]
    role: Role,
    /// Ed25519 public key for signed approvals: its line, or the file that holds it
    #[arg(long, value_name = "LINE|FILE")]
    ssh_key: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// Id of the person
    person: PersonId,
    /// Another name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Another role
    #[arg(long, value_name = "ROLE")]
    role: Option<Role>,
    /// Another Ed25519 public key: its line, or the file that holds it
    #[arg(long, value_name = "LINE|FILE")]
    ssh_key: Option<String>,
    /// The person may no longer act
    #[arg(long, conflicts_with = "active")]
    inactive: bool,
    /// The person may act again
    #[arg(long)]
    active: bool,
}

impl PersonVerb {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Add(_) => "person-add",
            Self::List => "person-list",
            Self::Set(_) => "person-set",
        }
    }
}

pub(crate) async fn run(context: &Context, verb: PersonVerb) -> Result<Outcome, OpsError> {
    let mut app = context.open().await?;
    match verb {
        PersonVerb::Add(args) => {
            let change = PersonChange {
                name: args.name,
                role: args.role,
                active: true,
                ssh_key: args.ssh_key.map(key_line).transpose()?,
            };
            let person = add(&mut app, change).await?;
            Ok(Outcome::done(
                json!({ "person": person }),
                format!("Personen har id {person}."),
            ))
        }
        PersonVerb::List => {
            let everyone = list(&app).await?;
            let rows = everyone.iter().map(|row| {
                vec![
                    row.person.to_string(),
                    row.name.clone().unwrap_or_else(|| "(gallrat)".to_owned()),
                    row.role.as_str().to_owned(),
                    if row.active { "ja" } else { "nej" }.to_owned(),
                    if row.ssh_key.is_some() { "ja" } else { "nej" }.to_owned(),
                ]
            });
            let text = table(&["Id", "Namn", "Roll", "Aktiv", "Nyckel"], rows.collect());
            Ok(Outcome::done(json!({ "persons": everyone }), text))
        }
        PersonVerb::Set(args) => {
            let patch = PersonPatch {
                name: args.name,
                role: args.role,
                active: match (args.active, args.inactive) {
                    (true, _) => Some(true),
                    (false, true) => Some(false),
                    (false, false) => None,
                },
                ssh_key: args.ssh_key.map(key_line).transpose()?,
            };
            let changed = set(&mut app, &args.person, patch).await?;
            let text = if changed {
                format!("Personen {} är ändrad.", args.person)
            } else {
                format!("Personen {} är oförändrad.", args.person)
            };
            Ok(Outcome::done(json!({ "person": args.person }), text))
        }
    }
}

/// The line of a public key as given, or from the file named.
fn key_line(text: String) -> Result<String, OpsError> {
    if text.starts_with("ssh-") {
        return Ok(text);
    }
    std::fs::read_to_string(&text).map_err(|source| OpsError::File {
        path: text.into(),
        source,
    })
}
