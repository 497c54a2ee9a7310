//! Single posts: found by their text, shown with all their versions, reviewed and decided on by people. Protected posts
//! are shown only when asked for by a person whose role may see them.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::app::{App, record_json};
use crate::catalogue::{FlagRow, PostRow, SearchFilter};
use crate::model::account::Account;
use crate::model::entry::{Actor, Body, PoliceReport};
use crate::model::facts::{Answer, Flag, Outcome, Truth};
use crate::model::id::{Alias, RecordId, UnitNo, UnitRef};
use crate::model::json;
use crate::model::person::Role;
use crate::model::post::{Post, PostKind};
use crate::model::record::RecordKind;
use crate::model::text::normalised;
use crate::model::time::Instant;
use crate::ops::error::OpsError;
use crate::ops::facts::FactSource;
use crate::ops::facts::whole::Whole;
use crate::ops::hold::given;
use crate::ops::person::acting;
use crate::store::read;

/// Least characters of a search.
const SHORTEST: usize = 3;
/// Most posts of one answer.
const MOST: u32 = 1000;

/// What to look for.
#[derive(Clone, Debug)]
pub struct SearchOrder {
    /// Part of the text, in any case.
    pub query: String,
    /// One account.
    pub account: Option<Alias>,
    /// Published on this day or later.
    pub from: Option<NaiveDate>,
    /// Published on this day or earlier.
    pub to: Option<NaiveDate>,
    /// One kind.
    pub kind: Option<PostKind>,
    /// At most this many.
    pub limit: u32,
    /// Skipping this many.
    pub offset: u32,
    /// Protected posts too.
    pub include_closed: bool,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The posts, oldest first.
    pub posts: Vec<FoundPost>,
    /// Whether there are more after these.
    pub more: bool,
}

/// A post that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FoundPost {
    /// Its key.
    pub post: String,
    /// Its account's alias.
    pub account: Alias,
    /// When it was published.
    pub posted_at: Option<Instant>,
    /// Its kind.
    pub kind: String,
    /// The place found, in brackets, with some text around it.
    pub snippet: String,
}

/// Finds posts whose text, title or content warning holds the query.
pub async fn search(app: &App, order: &SearchOrder) -> Result<Found, OpsError> {
    let length = normalised(order.query.trim()).chars().count();
    if length < SHORTEST {
        return Err(OpsError::usage(
            format!("a search needs at least {SHORTEST} characters, not {length}"),
            "write more of the word",
        ));
    }
    if !(1..=MOST).contains(&order.limit) {
        return Err(OpsError::usage(
            format!("--limit is {}, not 1 to {MOST}", order.limit),
            "page with --offset",
        ));
    }
    if order.include_closed {
        acting(app, Role::may_see_closed, "se skyddade inlägg").await?;
    }
    let accounts = app.catalogue.accounts().await?;
    let account = match &order.account {
        Some(alias) => Some(
            accounts
                .iter()
                .find(|row| row.account.alias == *alias)
                .ok_or_else(|| OpsError::unknown("account", alias))?
                .account
                .id
                .clone(),
        ),
        None => None,
    };
    let filter = SearchFilter {
        account,
        kind: order.kind,
        from: order.from.map(|date| Instant::start_of(date).to_string()),
        to: order
            .to
            .and_then(|date| date.succ_opt())
            .map(|date| Instant::start_of(date).to_string()),
        include_closed: order.include_closed,
        // One more than asked for tells whether there are more.
        limit: order.limit + 1,
        offset: order.offset,
    };
    let mut hits = app.catalogue.search(&order.query, &filter).await?;
    let wanted = usize::try_from(order.limit).unwrap_or(usize::MAX);
    let more = hits.len() > wanted;
    hits.truncate(wanted);
    let mut posts = Vec::new();
    for hit in hits {
        let row = accounts.iter().find(|row| row.account.id == hit.account);
        posts.push(FoundPost {
            account: row
                .ok_or_else(|| OpsError::unknown("account", &hit.account))?
                .account
                .alias
                .clone(),
            posted_at: hit.posted_at.as_deref().and_then(|text| text.parse().ok()),
            post: hit.post,
            kind: hit.kind,
            snippet: hit.snippet,
        });
    }
    Ok(Found { posts, more })
}

/// Everything that is kept of a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Its key.
    pub post: String,
    /// Its account's alias.
    pub account: Alias,
    /// Whether everyone may see it.
    pub open: bool,
    /// The unit of the newest version.
    pub unit: UnitRef,
    /// Every version that may be shown, oldest first.
    pub versions: Vec<Version>,
    /// Versions that were left out because they are protected.
    pub versions_withheld: u64,
    /// What detectors and people answered.
    pub flags: Vec<FlagAnswers>,
    /// A person's decision.
    pub decision: Option<Outcome>,
    /// The thread, oldest first, this post included.
    pub thread: Vec<ThreadItem>,
    /// Posts of the thread that were left out because they are protected.
    pub thread_withheld: u64,
}

/// A version of a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Version {
    /// Its unit.
    pub unit: UnitRef,
    /// When it was taken in.
    pub observed_at: Option<Instant>,
    /// The normalised post.
    pub item: Post,
}

/// Answers to one flag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FlagAnswers {
    /// The flag.
    pub flag: Flag,
    /// The detector's answer.
    pub detector: Option<Answer>,
    /// The newest answer of a person, which counts.
    pub person: Option<FlagRow>,
}

/// A post of the same thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ThreadItem {
    /// Its key.
    pub post: String,
    /// When it was published.
    pub posted_at: Option<Instant>,
    /// Its kind.
    pub kind: PostKind,
    /// Its author's name.
    pub author: String,
    /// Its author's role.
    pub role: crate::model::post::AuthorRole,
    /// What it answers.
    pub in_reply_to: Option<String>,
    /// Its text.
    pub text: String,
}

/// Shows a post.
pub async fn show(app: &App, key: &str, include_closed: bool) -> Result<Shown, OpsError> {
    if include_closed {
        acting(app, Role::may_see_closed, "se skyddade inlägg").await?;
    }
    let row = find(app, key).await?;
    let open = row.post.visibility.is_open();
    if !open && !include_closed {
        return Err(OpsError::not_permitted(
            "Inlägget är skyddat. Den vars roll får se skyddade inlägg visar det med --include-closed.",
        ));
    }
    let account = account_of(app, &row).await?;
    let all = versions(app, &row).await?;
    let total = all.len();
    let versions: Vec<_> = all
        .into_iter()
        .filter(|version| include_closed || version.item.visibility.is_open())
        .collect();
    let thread = app.catalogue.thread(&row.thread_key).await?;
    let seen: Vec<_> = thread
        .iter()
        .filter(|item| include_closed || item.post.visibility.is_open())
        .map(thread_item)
        .collect();
    Ok(Shown {
        post: row.post.key.clone(),
        account: account.alias,
        open,
        unit: row.unit.clone(),
        versions_withheld: (total - versions.len()) as u64,
        versions,
        flags: flags(app, &row).await?,
        decision: app.catalogue.decision(row.id).await?,
        thread_withheld: (thread.len() - seen.len()) as u64,
        thread: seen,
    })
}

fn thread_item(row: &PostRow) -> ThreadItem {
    ThreadItem {
        post: row.post.key.clone(),
        posted_at: row.post.posted_at.utc,
        kind: row.post.kind,
        author: row.post.author.name.clone(),
        role: row.post.author.role,
        in_reply_to: row
            .post
            .in_reply_to
            .as_ref()
            .and_then(|reply| reply.key.clone()),
        text: row.post.text.clone(),
    }
}

async fn account_of(app: &App, row: &PostRow) -> Result<Account, OpsError> {
    app.catalogue
        .accounts()
        .await?
        .into_iter()
        .map(|known| known.account)
        .find(|account| account.id == row.account)
        .ok_or_else(|| OpsError::unknown("account", &row.account))
}

/// Reads every version from the store: the catalogue holds the newest only.
async fn versions(app: &App, row: &PostRow) -> Result<Vec<Version>, OpsError> {
    let captures = app.catalogue.captures(Some(&row.account)).await?;
    let mut versions = Vec::new();
    for unit in app.catalogue.units_of(row.id).await? {
        let path = format!("{unit}/item.json");
        let bytes = read::unit_file(
            app.store.root(),
            (&unit.holder, Some(&row.account)),
            unit.unit,
            "item.json",
        )
        .map_err(|source| OpsError::File {
            path: path.clone().into(),
            source,
        })?;
        let Some(bytes) = bytes else {
            return Err(OpsError::Problem(format!(
                "{path} is missing although no disposal took it"
            )));
        };
        let item =
            json::from_slice(&bytes).map_err(|source| OpsError::Document { path, source })?;
        let holder = unit.holder.to_string();
        let capture = captures
            .iter()
            .find(|capture| capture.id.as_str() == holder);
        versions.push(Version {
            observed_at: capture.map(|capture| capture.time),
            unit,
            item,
        });
    }
    Ok(versions)
}

/// Flags that anyone or anything answered: what the plan would rest on, so in its thread and over every version.
async fn flags(app: &App, row: &PostRow) -> Result<Vec<FlagAnswers>, OpsError> {
    let mut whole = Whole::default();
    let mut source = FactSource::of_now(app, &mut whole).await?;
    let mut detected = source.detected(row).await?;
    let mut people = app.catalogue.flag_answers(row.id).await?;
    let mut flags = Vec::new();
    for flag in Flag::ALL {
        let answers = FlagAnswers {
            flag: *flag,
            detector: detected.remove(flag),
            person: people.remove(flag),
        };
        if answers.detector.is_some() || answers.person.is_some() {
            flags.push(answers);
        }
    }
    Ok(flags)
}

/// A person answers flags of a post. Each answer is a log entry of its own; the newest counts.
pub async fn review(
    app: &mut App,
    key: &str,
    answers: &[(Flag, bool)],
) -> Result<PostRow, OpsError> {
    let by = acting(app, Role::may_review, "besvara flaggor").await?;
    if answers.is_empty() {
        return Err(OpsError::usage(
            "no flag is answered",
            "write --flag sekretess=nej",
        ));
    }
    for (index, (flag, _)) in answers.iter().enumerate() {
        if answers[..index].iter().any(|(earlier, _)| earlier == flag) {
            return Err(OpsError::usage(
                format!("the flag {} is answered twice", flag.code()),
                "answer each flag once",
            ));
        }
    }
    let key = find(app, key).await?.post.key;
    let mut session = app.begin().await?;
    // Looked up again under the lock: the answer is about the version that is the newest now.
    let row = session
        .catalogue
        .post(&key)
        .await?
        .ok_or_else(|| OpsError::unknown("post", &key))?;
    for (flag, answer) in answers {
        let body = Body::Flag {
            unit: row.unit.clone(),
            flag: *flag,
            answer: Truth::from(*answer),
        };
        session.append(body, &Actor::Person(by.clone())).await?;
    }
    Ok(row)
}

/// `decision.json`: why a person decided so on a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionJson {
    /// The unit decided on.
    pub unit: UnitRef,
    /// What is to become of it, where that was decided.
    pub outcome: Option<Outcome>,
    /// Whether it was reported to the police, where that was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub police_report: Option<PoliceReport>,
    /// Why, in the person's words.
    pub reason: String,
}

/// What a person decides on a post; one of the two at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecisionOrder {
    /// What is to become of it.
    pub outcome: Option<Outcome>,
    /// Whether it was reported to the police, where a rule wants it.
    pub police_report: Option<PoliceReport>,
}

/// A person decides that a post is preserved or goes to the registry, or whether it is reported to the police. Disposal is
/// never decided here: it needs a plan.
pub async fn decide(
    app: &mut App,
    key: &str,
    order: DecisionOrder,
    reason: &str,
) -> Result<(PostRow, RecordId), OpsError> {
    let by = acting(app, Role::may_review, "besluta om inlägg").await?;
    let reason = given(reason, "--reason")?;
    let DecisionOrder {
        outcome,
        police_report,
    } = order;
    if outcome.is_none() && police_report.is_none() {
        return Err(OpsError::usage(
            "nothing is decided",
            "write --outcome or --police-report",
        ));
    }
    if !matches!(outcome, None | Some(Outcome::Preserve | Outcome::Registry)) {
        return Err(OpsError::usage(
            "a person decides preserve or registry, nothing else",
            "a disposal needs a plan: `bevara disposal plan`",
        ));
    }
    let row = find(app, key).await?;
    let record = RecordId::new(app.now());
    let stage = app.store.stage("decision")?;
    let details = DecisionJson {
        unit: row.unit.clone(),
        outcome,
        police_report,
        reason,
    };
    stage.write_json(UnitNo(0), "decision.json", &details)?;
    let sealed = stage.seal(
        "record",
        &record_json(&record, RecordKind::Decision, app.now()),
    )?;
    let mut session = app.begin().await?;
    let now = session.catalogue.post(&row.post.key).await?;
    if now.is_none_or(|now| now.unit != row.unit) {
        return Err(OpsError::not_permitted(
            "Inlägget har fått en ny version eller gallrats under tiden. Visa det igen och besluta om det som står där nu.",
        ));
    }
    let (id, unit) = (record.clone(), row.unit.clone());
    session
        .commit_record(&record, sealed, &Actor::Person(by), |sealed| {
            Body::Classification {
                unit,
                outcome,
                police_report,
                record: id,
                sealed,
            }
        })
        .await?;
    Ok((row, record))
}

/// The post with this key; the account's alias may stand in the place of its id: `wordpress:blogg:c12`.
pub(crate) async fn find(app: &App, key: &str) -> Result<PostRow, OpsError> {
    if let Some(row) = app.catalogue.post(key).await? {
        return Ok(row);
    }
    let mut parts = key.splitn(3, ':');
    if let (Some(platform), Some(alias), Some(id)) = (parts.next(), parts.next(), parts.next())
        && let Ok(alias) = alias.parse::<Alias>()
        && let Some(account) = app.catalogue.account(&alias).await?
    {
        let key = format!("{platform}:{}:{id}", account.account.id);
        if let Some(row) = app.catalogue.post(&key).await? {
            return Ok(row);
        }
    }
    Err(OpsError::unknown("post", key))
}
