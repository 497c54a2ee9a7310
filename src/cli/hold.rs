//! `hold`: gallringsstopp.

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::catalogue::HoldRow;
use crate::cli::Context;
use crate::cli::output::{Outcome, table};
use crate::model::entry::{HoldGround, HoldScope};
use crate::model::id::{Alias, PersonId, RecordId};
use crate::ops::error::OpsError;
use crate::ops::hold::{self, HoldOrder};

/// Place, lift and list holds on disposal (gallringsstopp)
#[derive(Debug, Subcommand)]
pub(crate) enum HoldVerb {
    Place(PlaceArgs),
    Lift(LiftArgs),
    List(ListArgs),
}

/// Place a hold; it also stops an execution under way
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bevara hold place --scope thread --post wordpress:blogg:c12 --ground tvist --reason \"Skadeståndskrav, KS 2027/88\""
)]
pub(crate) struct PlaceArgs {
    /// What it covers
    #[arg(long)]
    scope: HoldScope,
    /// Why
    #[arg(long)]
    ground: HoldGround,
    /// The reason in words
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The account (scope account; narrows period and query)
    #[arg(long, value_name = "ALIAS")]
    account: Option<Alias>,
    /// Key of the post (scopes post and thread)
    #[arg(long, value_name = "KEY")]
    post: Option<String>,
    /// First day of publication (scope period)
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// Last day of publication (scope period)
    #[arg(long, value_name = "DATE")]
    to: Option<NaiveDate>,
    /// Text that posts hold, later arrivals too (scope query)
    #[arg(long, value_name = "TEXT")]
    query: Option<String>,
}

/// Lift a hold together with a second person
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bevara hold lift r20270101T000512Z-0123abcd --reason \"Målet avgjort\" --second p0123456789ab"
)]
pub(crate) struct LiftArgs {
    /// The hold
    hold: RecordId,
    /// The reason in words
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The other person who agrees
    #[arg(long, value_name = "PERSON")]
    second: PersonId,
}

/// List every hold, lifted ones too
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bevara hold list")]
pub(crate) struct ListArgs {}

impl HoldVerb {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Place(_) => "hold-place",
            Self::Lift(_) => "hold-lift",
            Self::List(_) => "hold-list",
        }
    }
}

pub(crate) async fn run(context: &Context, verb: HoldVerb) -> Result<Outcome, OpsError> {
    let mut app = context.open().await?;
    match verb {
        HoldVerb::Place(args) => {
            let order = HoldOrder {
                scope: args.scope,
                ground: args.ground,
                reason: args.reason,
                account: args.account,
                post: args.post,
                from: args.from,
                to: args.to,
                query: args.query,
            };
            let hold = hold::place(&mut app, &order).await?;
            let text = format!("Gallringsstoppet {hold} gäller från nu.");
            Ok(Outcome::done(json!({ "hold": hold }), text))
        }
        HoldVerb::Lift(args) => {
            hold::lift(&mut app, &args.hold, &args.reason, &args.second).await?;
            let text = format!("Gallringsstoppet {} är hävt.", args.hold);
            Ok(Outcome::done(json!({ "hold": args.hold }), text))
        }
        HoldVerb::List(_) => {
            let holds = hold::list(&app).await?;
            let rows = holds.iter().map(row).collect();
            let text = table(
                &["Stopp", "Omfattning", "Grund", "Lagt", "Av", "Läge"],
                rows,
            );
            Ok(Outcome::done(json!({ "holds": holds }), text))
        }
    }
}

fn row(hold: &HoldRow) -> Vec<String> {
    vec![
        hold.id.to_string(),
        json!(hold.scope).as_str().unwrap_or_default().to_owned(),
        json!(hold.ground).as_str().unwrap_or_default().to_owned(),
        hold.placed_at.stockholm_text(),
        hold.placed_by.clone(),
        if hold.lifted { "hävt" } else { "gäller" }.to_owned(),
    ]
}
