//! `post`: search, show, review, decide, takedown.

use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::catalogue::PostRow;
use crate::cli::Context;
use crate::cli::output::Outcome;
use crate::model::entry::{PoliceReport, TakedownState};
use crate::model::facts::{Flag, Outcome as Decided, Truth};
use crate::model::id::{Alias, RecordId};
use crate::model::post::{AttachmentState, AuthorRole, Post, PostKind};
use crate::model::time::Instant;
use crate::ops::error::OpsError;
use crate::ops::post::{self, DecisionOrder, Found, SearchOrder, Shown, Version};
use crate::ops::takedown::{TakedownOrder, TakenDown, takedown};

/// Find, show, review and decide on posts
#[derive(Debug, Subcommand)]
pub(crate) enum PostVerb {
    Search(SearchArgs),
    Show(ShowArgs),
    Review(ReviewArgs),
    Decide(DecideArgs),
    Takedown(TakedownArgs),
}

/// Find posts by any part of their text, in any case; å, ä and ö are letters of their own
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bevara post search återvinning --account kommunbloggen --from 2026-01-01 --to 2026-12-31"
)]
pub(crate) struct SearchArgs {
    /// Part of the text, at least 3 characters
    query: String,
    /// Only this account
    #[arg(long, value_name = "ALIAS")]
    account: Option<Alias>,
    /// Published on this day or later
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// Published on this day or earlier
    #[arg(long, value_name = "DATE")]
    to: Option<NaiveDate>,
    /// Only this kind
    #[arg(long)]
    kind: Option<PostKind>,
    /// Show at most N posts
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
    /// Skip the first N posts
    #[arg(long, value_name = "N", default_value_t = 0)]
    offset: u32,
    /// Protected posts too; the person's role must allow it
    #[arg(long)]
    include_closed: bool,
}

/// Show a post with all its versions, flags, decision and thread
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bevara post show wordpress:kommunbloggen:c12")]
pub(crate) struct ShowArgs {
    /// Key of the post; the account's alias may stand for its id
    key: String,
    /// Show it although it is protected; the person's role must allow it
    #[arg(long)]
    include_closed: bool,
}

/// Answer flags of a post
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bevara post review wordpress:kommunbloggen:c12 --flag sekretess=nej --flag personnummer=nej"
)]
pub(crate) struct ReviewArgs {
    /// Key of the post; the account's alias may stand for its id
    key: String,
    /// A flag and the answer to it
    #[arg(long = "flag", required = true, value_name = "FLAG=ja|nej", value_parser = flag_answer)]
    flags: Vec<(Flag, bool)>,
}

/// Decide on a post where the policy leaves it to a person
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bevara post decide wordpress:kommunbloggen:c12 --outcome registry --reason \"Klagomål, ska diarieföras\"\n  bevara post decide wordpress:kommunbloggen:c31 --police-report made --reason \"Polisanmält, K-nummer i ärendet\""
)]
pub(crate) struct DecideArgs {
    /// Key of the post; the account's alias may stand for its id
    key: String,
    /// What is to become of it
    #[arg(long, required_unless_present = "police_report")]
    outcome: Option<PersonOutcome>,
    /// Whether it was reported to the police, where a rule wants it; it counts for the post as it is now
    #[arg(long)]
    police_report: Option<PoliceReport>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Log that a post was taken off the platform; its copy here stays
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bevara post takedown wordpress:kommunbloggen:c12 --rule T-3 --reason \"Personangrepp\" --state hidden"
)]
pub(crate) struct TakedownArgs {
    /// Key of the post; the account's alias may stand for its id
    key: String,
    /// The rule that it broke: of the policy, or of the account's own terms
    #[arg(long, value_name = "TEXT")]
    rule: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// What became of it on the platform
    #[arg(long, default_value = "hidden")]
    state: TakedownState,
    /// A picture of the place afterwards (PNG, JPEG or PDF)
    #[arg(long, value_name = "FILE")]
    after: Option<std::path::PathBuf>,
}

/// What a person may decide; disposal needs a plan.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PersonOutcome {
    /// It is preserved
    Preserve,
    /// It goes to the registry
    Registry,
}

impl PersonOutcome {
    fn outcome(self) -> Decided {
        match self {
            Self::Preserve => Decided::Preserve,
            Self::Registry => Decided::Registry,
        }
    }
}

fn flag_answer(text: &str) -> Result<(Flag, bool), String> {
    let (flag, answer) = text
        .split_once('=')
        .ok_or_else(|| "write FLAG=ja or FLAG=nej".to_owned())?;
    let answer = match answer {
        "ja" => true,
        "nej" => false,
        other => return Err(format!("\"{other}\" is no answer; write ja or nej")),
    };
    Ok((flag.parse()?, answer))
}

impl PostVerb {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Search(_) => "post-search",
            Self::Show(_) => "post-show",
            Self::Review(_) => "post-review",
            Self::Decide(_) => "post-decide",
            Self::Takedown(_) => "post-takedown",
        }
    }
}

pub(crate) async fn run(context: &Context, verb: PostVerb) -> Result<Outcome, OpsError> {
    let mut app = context.open().await?;
    match verb {
        PostVerb::Search(args) => {
            let order = SearchOrder {
                query: args.query,
                account: args.account,
                from: args.from,
                to: args.to,
                kind: args.kind,
                limit: args.limit,
                offset: args.offset,
                include_closed: args.include_closed,
            };
            let found = post::search(&app, &order).await?;
            let text = found_text(&found, order.include_closed);
            Ok(Outcome::done(document(&found)?, text))
        }
        PostVerb::Show(args) => {
            let shown = post::show(&app, &args.key, args.include_closed).await?;
            Ok(Outcome::done(document(&shown)?, shown_text(&shown)))
        }
        PostVerb::Review(args) => {
            let row = post::review(&mut app, &args.key, &args.flags).await?;
            Ok(reviewed(&row, &args.flags))
        }
        PostVerb::Decide(args) => {
            let order = DecisionOrder {
                outcome: args.outcome.map(PersonOutcome::outcome),
                police_report: args.police_report,
            };
            let (row, record) = post::decide(&mut app, &args.key, order, &args.reason).await?;
            Ok(decided(&row, order, &record))
        }
        PostVerb::Takedown(args) => {
            let order = TakedownOrder {
                post: args.key,
                rule: args.rule,
                reason: args.reason,
                state: args.state,
                after: args.after,
            };
            let taken = takedown(&mut app, &order).await?;
            Ok(taken_down(&taken, order.state))
        }
    }
}

fn taken_down(taken: &TakenDown, state: TakedownState) -> Outcome {
    let result = json!({
        "post": taken.row.post.key,
        "unit": taken.row.unit,
        "state": state,
        "record": taken.record,
        "outcome": taken.outcome,
        "obligations": taken.obligations,
    });
    let mut text = format!(
        "Borttagningen av {} är antecknad som {}. Kopian i arkivet finns kvar; det är ingen gallring.",
        taken.row.post.key, taken.record
    );
    if taken.outcome == Decided::Registry {
        text.push_str("\nEnligt policyn ska inlägget diarieföras: bevara registry handover.");
    }
    Outcome::done(result, text)
}

fn decided(row: &PostRow, order: DecisionOrder, record: &RecordId) -> Outcome {
    let result = json!({
        "post": row.post.key,
        "unit": row.unit,
        "outcome": order.outcome.map(Decided::code),
        "police_report": order.police_report,
        "record": record,
    });
    let said: Vec<&str> = order
        .outcome
        .map(Decided::swedish)
        .into_iter()
        .chain(order.police_report.map(|report| match report {
            PoliceReport::Made => "är polisanmält",
            PoliceReport::NotMade => "polisanmäls inte",
        }))
        .collect();
    let text = format!(
        "Inlägget {} {}. Beslutet är antecknat som {record}.",
        row.post.key,
        said.join(" och ")
    );
    Outcome::done(result, text)
}

fn document<T: serde::Serialize>(value: &T) -> Result<Value, OpsError> {
    serde_json::to_value(value).map_err(|source| OpsError::Document {
        path: "the result".to_owned(),
        source: source.into(),
    })
}

fn reviewed(row: &PostRow, flags: &[(Flag, bool)]) -> Outcome {
    let answers: Vec<Value> = flags
        .iter()
        .map(|(flag, answer)| json!({"flag": flag.code(), "answer": Truth::from(*answer)}))
        .collect();
    let lines: Vec<String> = flags
        .iter()
        .map(|(flag, answer)| format!("{}: {}", flag.swedish(), Truth::from(*answer).swedish()))
        .collect();
    let result = json!({"post": row.post.key, "unit": row.unit, "flags": answers});
    Outcome::done(
        result,
        format!(
            "Svaren är antecknade för {}.\n{}",
            row.post.key,
            lines.join("\n")
        ),
    )
}

fn found_text(found: &Found, include_closed: bool) -> String {
    if found.posts.is_empty() && include_closed {
        return "Inga inlägg hittades.".to_owned();
    }
    if found.posts.is_empty() {
        // Most exports do not tell who could see a post, and what is not known to be open is protected.
        return "Inga öppna inlägg hittades. Skyddade inlägg söks bara med --include-closed."
            .to_owned();
    }
    let mut lines = Vec::new();
    for hit in &found.posts {
        let time = hit
            .posted_at
            .map_or_else(|| "utan tid".to_owned(), Instant::stockholm_text);
        lines.push(format!(
            "{time}  {}  {}\n  {}",
            hit.account, hit.post, hit.snippet
        ));
    }
    if found.more {
        lines.push("Det finns fler; visa dem med --offset.".to_owned());
    }
    lines.join("\n")
}

fn shown_text(shown: &Shown) -> String {
    let mut lines = vec![
        format!("Inlägg      {}", shown.post),
        format!("Konto       {}", shown.account),
        format!(
            "Åtkomst     {}",
            if shown.open { "öppen" } else { "skyddad" }
        ),
    ];
    if let Some(decision) = shown.decision {
        lines.push(format!("Beslut      {}", decision.swedish()));
    }
    for version in &shown.versions {
        lines.push(String::new());
        lines.push(version_text(version));
    }
    if shown.versions_withheld > 0 {
        lines.push(format!(
            "\n{} skyddade versioner visas inte.",
            shown.versions_withheld
        ));
    }
    if !shown.flags.is_empty() {
        lines.push("\nFlaggor".to_owned());
    }
    for flag in &shown.flags {
        let detector = flag
            .detector
            .as_ref()
            .map_or("–", |answer| answer.value.swedish());
        let person = flag.person.as_ref().map_or_else(
            || "–".to_owned(),
            |row| {
                format!(
                    "{} ({}, {})",
                    row.answer.swedish(),
                    row.actor,
                    row.time.stockholm_text()
                )
            },
        );
        lines.push(format!(
            "  {}: programmet {detector}, person {person}",
            flag.flag.swedish()
        ));
    }
    if shown.thread.len() > 1 || shown.thread_withheld > 0 {
        lines.push("\nTråd".to_owned());
        for item in &shown.thread {
            let time = item
                .posted_at
                .map_or_else(|| "utan tid".to_owned(), Instant::stockholm_text);
            let first = item.text.lines().next().unwrap_or_default();
            lines.push(format!(
                "  {time}  {} ({}): {first}",
                item.author,
                role(item.role)
            ));
        }
        if shown.thread_withheld > 0 {
            lines.push(format!(
                "  {} skyddade inlägg visas inte.",
                shown.thread_withheld
            ));
        }
    }
    lines.join("\n")
}

fn version_text(version: &Version) -> String {
    let item: &Post = &version.item;
    let observed = version
        .observed_at
        .map_or_else(|| "okänd tid".to_owned(), Instant::stockholm_text);
    let posted = item
        .posted_at
        .utc
        .map_or_else(|| "utan tid".to_owned(), Instant::stockholm_text);
    let mut lines = vec![
        format!("Version     {} (intagen {observed})", version.unit),
        format!(
            "Publicerat  {posted} av {} ({})",
            item.author.name,
            role(item.author.role)
        ),
    ];
    lines.extend(
        item.permalink
            .iter()
            .map(|address| format!("Adress      {address}")),
    );
    lines.extend(
        item.title
            .iter()
            .map(|title| format!("Rubrik      {title}")),
    );
    lines.extend(
        item.content_warning
            .iter()
            .map(|warning| format!("Varning     {warning}")),
    );
    lines.extend(item.text.lines().map(|line| format!("  {line}")));
    for attachment in &item.attachments {
        let state = match attachment.state {
            AttachmentState::Present => "finns i arkivet",
            AttachmentState::MissingInExport => "saknas i exporten",
            AttachmentState::RemoteOnly => "bara adressen",
            AttachmentState::FetchFailed => "kunde inte hämtas",
        };
        lines.push(format!(
            "Bilaga {}    {} ({state})",
            attachment.n, attachment.source_uri
        ));
    }
    lines.join("\n")
}

fn role(role: AuthorRole) -> &'static str {
    match role {
        AuthorRole::Authority => "kommunen",
        AuthorRole::Public => "allmänheten",
        AuthorRole::OtherAuthority => "annan myndighet",
        AuthorRole::Platform => "plattformen",
        AuthorRole::Unknown => "okänd roll",
    }
}
