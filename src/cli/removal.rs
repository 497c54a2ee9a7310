//! `removal`: posts that are gone from the platform, and why.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::Context;
use crate::cli::output::{Outcome, table};
use crate::model::entry::RemovalState;
use crate::model::id::Alias;
use crate::model::time::Instant;
use crate::ops::error::OpsError;
use crate::ops::removal::{self, Removal, RemovalBasis, RemovalOrder, RemovalStatus, Removals};

/// Posts that have vanished: list them, say what became of them and why
#[derive(Debug, Subcommand)]
pub(crate) enum RemovalVerb {
    List(ListArgs),
    Explain(ExplainArgs),
}

/// List posts that later exports lack, or that the source says are removed
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bevara removal list")]
pub(crate) struct ListArgs {
    /// Only this account
    #[arg(long, value_name = "ALIAS")]
    account: Option<Alias>,
    /// Those that were explained too
    #[arg(long)]
    all: bool,
    /// Protected posts too; needs a role that may see them
    #[arg(long)]
    include_closed: bool,
}

/// Say what became of a post and why; the motivation is kept
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bevara removal explain wordpress:blogg:c12 --state deleted_by_authority --reason \"Personuppgifter om tredje man\""
)]
pub(crate) struct ExplainArgs {
    /// Key of the post
    #[arg(value_name = "KEY")]
    post: String,
    /// What became of it
    #[arg(long)]
    state: RemovalState,
    /// Why, in words
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl RemovalVerb {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::List(_) => "removal-list",
            Self::Explain(_) => "removal-explain",
        }
    }
}

pub(crate) async fn run(context: &Context, verb: RemovalVerb) -> Result<Outcome, OpsError> {
    let mut app = context.open().await?;
    match verb {
        RemovalVerb::List(args) => {
            let order = RemovalOrder {
                account: args.account,
                all: args.all,
                include_closed: args.include_closed,
            };
            let found = removal::list(&app, &order).await?;
            let text = list_text(&found);
            Ok(Outcome::done(json!(found), text))
        }
        RemovalVerb::Explain(args) => {
            let explained =
                removal::explain(&mut app, &args.post, args.state, &args.reason).await?;
            let mut text = format!("Motiveringen finns i {}.", explained.record);
            if explained.must_register {
                text.push_str(" Inlägget ska diarieföras enligt policyn.");
            }
            Ok(Outcome::done(json!(explained), text))
        }
    }
}

fn list_text(found: &Removals) -> String {
    let rows = found.removals.iter().map(row).collect();
    let mut text = if found.removals.is_empty() {
        "Inget inlägg saknas.".to_owned()
    } else {
        table(
            &[
                "Inlägg",
                "Konto",
                "Publicerat",
                "Hur det märks",
                "Senast sett",
                "Läge",
                "Diarieförs",
            ],
            rows,
        )
    };
    if found.withheld > 0 {
        text.extend([format!(
            "\n{} skyddade inlägg visas inte (--include-closed).",
            found.withheld
        )]);
    }
    text
}

fn row(removal: &Removal) -> Vec<String> {
    let how = match removal.basis {
        RemovalBasis::Absent if removal.missed == 1 => "saknas i ett intag".to_owned(),
        RemovalBasis::Absent => format!("saknas i {} intag i rad", removal.missed),
        RemovalBasis::Stated => "källan säger det".to_owned(),
        RemovalBasis::Person => "en person säger det".to_owned(),
    };
    let status = match removal.status {
        RemovalStatus::Proposed => "ska motiveras",
        RemovalStatus::Once => "avvakta nästa intag",
        RemovalStatus::Explained => "motiverat",
        RemovalStatus::StillThere => "finns kvar",
    };
    vec![
        removal.post.clone(),
        removal.account.to_string(),
        removal
            .posted_at
            .map_or_else(|| "okänt".to_owned(), Instant::stockholm_text),
        how,
        removal.last_seen.stockholm_text(),
        status.to_owned(),
        if removal.must_register { "ja" } else { "nej" }.to_owned(),
    ]
}
