//! Gallringsstopp: placed at any time, by anyone who may write; lifted only with a reason and a second person. That they
//! are heeded is checked in the one function that destroys, inside the lock ([`crate::ops::disposal::execute`]).

use chrono::NaiveDate;

use crate::app::{App, record_json};
use crate::catalogue::HoldRow;
use crate::model::entry::{Actor, Body, HoldGround, HoldScope};
use crate::model::id::{Alias, PersonId, RecordId, UnitNo, UnitRef};
use crate::model::person::Role;
use crate::model::plan::{HoldJson, ReasonJson};
use crate::model::record::RecordKind;
use crate::ops::error::OpsError;
use crate::ops::person::{acting, list as persons};

/// A hold to place.
#[derive(Clone, Debug)]
pub struct HoldOrder {
    /// What it covers.
    pub scope: HoldScope,
    /// Why.
    pub ground: HoldGround,
    /// The reason in words; kept in a unit.
    pub reason: String,
    /// The account (scope account; narrows period and query).
    pub account: Option<Alias>,
    /// Key of the post (scopes post and thread).
    pub post: Option<String>,
    /// First day (scope period).
    pub from: Option<NaiveDate>,
    /// Last day (scope period).
    pub to: Option<NaiveDate>,
    /// Text that posts hold (scope query), later arrivals too.
    pub query: Option<String>,
}

/// Places a hold and returns its id.
pub async fn place(app: &mut App, order: &HoldOrder) -> Result<RecordId, OpsError> {
    let by = acting(app, Role::may_write, "lägga gallringsstopp").await?;
    let reason = given(&order.reason, "--reason")?;
    check(order)?;
    let account = match &order.account {
        Some(alias) => Some(
            app.catalogue
                .account(alias)
                .await?
                .ok_or_else(|| OpsError::unknown("account", alias))?
                .account
                .id,
        ),
        None => None,
    };
    let unit = unit(app, order).await?;
    let hold = RecordId::new(app.now());
    let details = HoldJson {
        reason,
        query: order.query.as_ref().map(|query| query.trim().to_owned()),
    };
    let stage = app.store.stage("hold")?;
    stage.write_json(UnitNo(0), "hold.json", &details)?;
    let sealed = stage.seal("record", &record_json(&hold, RecordKind::Hold, app.now()))?;
    let mut session = app.begin().await?;
    if let Some(unit) = &unit
        && session.catalogue.post_of_unit(unit).await?.is_none()
    {
        return Err(OpsError::not_permitted(
            "Inlägget är redan gallrat; ett stopp kommer för sent.",
        ));
    }
    let (id, ground, scope, from, to) = (
        hold.clone(),
        order.ground,
        order.scope,
        order.from,
        order.to,
    );
    session
        .commit_record(&hold, sealed, &Actor::Person(by), |sealed| {
            Body::HoldPlaced {
                hold: id,
                ground,
                scope,
                account,
                unit,
                from,
                to,
                sealed,
            }
        })
        .await?;
    Ok(hold)
}

/// Lifts a hold, on the word of two persons.
pub async fn lift(
    app: &mut App,
    hold: &RecordId,
    reason: &str,
    second: &PersonId,
) -> Result<(), OpsError> {
    let by = acting(app, Role::may_write, "häva gallringsstopp").await?;
    let reason = given(reason, "--reason")?;
    let row = find(app, hold).await?;
    if row.lifted {
        return Err(OpsError::not_permitted(format!(
            "Gallringsstoppet {hold} är redan hävt."
        )));
    }
    let other = persons(app)
        .await?
        .into_iter()
        .find(|person| person.person == *second)
        .ok_or_else(|| OpsError::unknown("person", second))?;
    if other.person == by {
        return Err(OpsError::not_permitted(
            "Ett gallringsstopp hävs av två: den andra personen (--second) ska vara någon annan.",
        ));
    }
    if !other.active || !other.role.may_write() {
        return Err(OpsError::not_permitted(format!(
            "Personen {second} är inte aktiv eller får inte häva gallringsstopp."
        )));
    }
    let record = RecordId::new(app.now());
    let stage = app.store.stage("lift")?;
    stage.write_json(UnitNo(0), "lift.json", &ReasonJson { reason })?;
    let sealed = stage.seal("record", &record_json(&record, RecordKind::Lift, app.now()))?;
    let mut session = app.begin().await?;
    let (id, hold, second) = (record.clone(), hold.clone(), second.clone());
    session
        .commit_record(&record, sealed, &Actor::Person(by), |sealed| {
            Body::HoldLifted {
                hold,
                second,
                record: id,
                sealed,
            }
        })
        .await?;
    Ok(())
}

/// Every hold ever placed, oldest first.
pub async fn list(app: &App) -> Result<Vec<HoldRow>, OpsError> {
    Ok(app.catalogue.holds().await?)
}

async fn find(app: &App, hold: &RecordId) -> Result<HoldRow, OpsError> {
    list(app)
        .await?
        .into_iter()
        .find(|row| row.id == *hold)
        .ok_or_else(|| OpsError::unknown("hold", hold))
}

/// The unit by which permanent files name the post of a hold.
async fn unit(app: &App, order: &HoldOrder) -> Result<Option<UnitRef>, OpsError> {
    match &order.post {
        Some(key) => Ok(Some(crate::ops::post::find(app, key).await?.unit)),
        None => Ok(None),
    }
}

/// A text that must not be empty.
pub(crate) fn given(text: &str, option: &str) -> Result<String, OpsError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(OpsError::usage(
            format!("{option} is empty"),
            "say why in a sentence: it stands in the record",
        ));
    }
    Ok(text.to_owned())
}

/// Whether the order names what its scope needs and nothing that its scope would not heed.
fn check(order: &HoldOrder) -> Result<(), OpsError> {
    let wrong = |message: &str, hint: &str| Err(OpsError::usage(message, hint));
    let (account, post) = (order.account.is_some(), order.post.is_some());
    let (period, query) = (
        order.from.is_some() || order.to.is_some(),
        order.query.is_some(),
    );
    match order.scope {
        HoldScope::Account if !account || post || period || query => wrong(
            "a hold on an account names the account and nothing else",
            "write --scope account --account ALIAS",
        ),
        HoldScope::Post | HoldScope::Thread if !post || account || period || query => wrong(
            "a hold on a post or thread names a post and nothing else",
            "write --scope thread --post KEY",
        ),
        HoldScope::Period if !period || post || query => wrong(
            "a hold on a period names its first or last day",
            "write --scope period --from 2026-01-01 --to 2026-06-30 [--account ALIAS]",
        ),
        HoldScope::Query if !query || post || period => wrong(
            "a hold by query names the text",
            "write --scope query --query TEXT [--account ALIAS]",
        ),
        HoldScope::Period if order.from > order.to && order.to.is_some() => {
            wrong("the period ends before it begins", "check --from and --to")
        }
        HoldScope::Query
            if order
                .query
                .as_ref()
                .is_some_and(|query| query.trim().is_empty()) =>
        {
            wrong("--query is empty", "give the text that posts hold")
        }
        HoldScope::Account
        | HoldScope::Post
        | HoldScope::Thread
        | HoldScope::Period
        | HoldScope::Query => Ok(()),
    }
}
