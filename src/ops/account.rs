//! The register of accounts: added, changed, listed, shown. Every revision is a record of its own; nothing a field says
//! stands in the way of a capture.

pub mod close;
pub mod import;
mod table;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::app::{App, Session, record_json};
use crate::catalogue::{AccountRow, Catalogue, RevisionRow};
use crate::model::account::{Account, AccountStatus, Platform};
use crate::model::entry::{Actor, Body};
use crate::model::finding::Finding;
use crate::model::id::{AccountId, Alias, HolderId, RecordId, UnitNo};
use crate::model::json;
use crate::model::person::Role;
use crate::model::record::RecordKind;
use crate::model::time::Instant;
use crate::ops::error::OpsError;
use crate::ops::person::acting;
use crate::ops::policy;
use crate::store::read;
use crate::store::stage::Stage;

/// What the arkivarie is told when another role tries.
const WHAT: &str = "ändra kontoförteckningen";

/// A new account.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its name on the command line.
    pub alias: Alias,
    /// `plattform`.
    pub platform: Platform,
    /// `url`.
    pub url: String,
    /// `kontonamn`; the alias where none is given.
    pub name: Option<String>,
    /// Other fields of the register.
    pub fields: Vec<(String, String)>,
}

/// What is to change about an account; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct AccountPatch {
    /// `url`.
    pub url: Option<String>,
    /// `kontonamn`.
    pub name: Option<String>,
    /// `status`.
    pub status: Option<AccountStatus>,
    /// Other fields of the register; an empty value takes one away.
    pub fields: Vec<(String, String)>,
}

/// An account as it was written, and what the register would like to have.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The newest revision.
    pub account: Account,
    /// Whether anything was another way before.
    pub changed: bool,
    /// What is missing or doubtful.
    pub findings: Vec<Finding>,
}

/// One revision of an account.
#[derive(Clone, Debug, Serialize)]
pub struct Revision {
    /// Its log entry.
    pub seq: u64,
    /// When it was written.
    pub time: Instant,
    /// By whom.
    pub actor: String,
    /// What it says; `None` once its unit was disposed of.
    pub account: Option<Account>,
}

/// Adds an account. Snapshots of it are due from this day on.
pub async fn add(app: &mut App, new: NewAccount) -> Result<Registered, OpsError> {
    let by = Actor::Person(acting(app, Role::may_administer, WHAT).await?);
    let mut account = Account {
        id: AccountId::random(),
        name: new.name.unwrap_or_else(|| new.alias.to_string()),
        alias: new.alias,
        platform: new.platform,
        url: new.url,
        status: AccountStatus::Aktiv,
        opened: app.now().stockholm_date(),
        closed: None,
        fields: BTreeMap::new(),
    };
    for (name, value) in &new.fields {
        account.set_field(name, value)?;
    }
    checked(&account)?;
    let least = least_administrators(app).await?;
    let stage = app.store.stage("account")?;
    let mut session = app.begin().await?;
    account.opened = session.time().stockholm_date();
    let others = session.catalogue.accounts().await?;
    if others.iter().any(|row| row.account.alias == account.alias) {
        return Err(OpsError::usage(
            format!("there is already an account \"{}\"", account.alias),
            "choose another alias; an alias is never used again",
        ));
    }
    let findings = findings(&account, &others, least);
    write(&mut session, stage, &account, &by).await?;
    Ok(Registered {
        account,
        changed: true,
        findings,
    })
}

/// Every account by alias; without `all` only those whose snapshots are due.
pub async fn list(app: &App, all: bool) -> Result<Vec<AccountRow>, OpsError> {
    let mut accounts = app.catalogue.accounts().await?;
    accounts.retain(|row| all || row.account.status.is_open());
    Ok(accounts)
}

/// An account with every revision of it, oldest first.
pub async fn show(app: &App, alias: &Alias) -> Result<(Registered, Vec<Revision>), OpsError> {
    let row = find(&app.catalogue, alias).await?;
    let mut revisions = Vec::new();
    for revision in app.catalogue.revisions(&row.account.id).await? {
        revisions.push(Revision {
            account: revision_document(app, &revision)?,
            seq: revision.seq,
            time: revision.time,
            actor: revision.actor,
        });
    }
    let others = app.catalogue.accounts().await?;
    let least = least_administrators(app).await?;
    let findings = findings(&row.account, &others, least);
    let registered = Registered {
        account: row.account,
        changed: false,
        findings,
    };
    Ok((registered, revisions))
}

fn revision_document(app: &App, revision: &RevisionRow) -> Result<Option<Account>, OpsError> {
    let holder = HolderId::Record(revision.record.clone());
    let place = format!("store/records/{holder}/units/{}/account.json", UnitNo(0));
    let bytes = read::unit_file(app.store.root(), (&holder, None), UnitNo(0), "account.json")
        .map_err(|source| OpsError::File {
            path: app.store.root().join(&place),
            source,
        })?;
    let Some(bytes) = bytes else {
        return Ok(None);
    };
    match json::from_slice(&bytes) {
        Ok(account) => Ok(Some(account)),
        Err(source) => Err(OpsError::Document {
            path: place,
            source,
        }),
    }
}

/// Changes an account.
pub async fn set(
    app: &mut App,
    alias: &Alias,
    patch: AccountPatch,
) -> Result<Registered, OpsError> {
    let by = Actor::Person(acting(app, Role::may_administer, WHAT).await?);
    let least = least_administrators(app).await?;
    let stage = app.store.stage("account")?;
    let mut session = app.begin().await?;
    let before = find(session.catalogue, alias).await?.account;
    let account = patched(&before, patch)?;
    let others = session.catalogue.accounts().await?;
    let findings = findings(&account, &others, least);
    let changed = account != before;
    if changed {
        write(&mut session, stage, &account, &by).await?;
    }
    Ok(Registered {
        account,
        changed,
        findings,
    })
}

fn patched(before: &Account, patch: AccountPatch) -> Result<Account, OpsError> {
    let mut account = before.clone();
    if let Some(url) = patch.url {
        account.url = url;
    }
    if let Some(name) = patch.name {
        account.name = name;
    }
    if let Some(status) = patch.status.filter(|status| *status != before.status) {
        status_may_become(before, status)?;
        account.status = status;
    }
    for (name, value) in &patch.fields {
        account.set_field(name, value)?;
    }
    checked(&account)?;
    Ok(account)
}

/// A closed account stays closed, and only `close` closes: it takes the closing capture or records that it is missing.
fn status_may_become(before: &Account, status: AccountStatus) -> Result<(), OpsError> {
    match (before.status.is_open(), status.is_open()) {
        (true, true) | (false, false) => Ok(()),
        (true, false) => Err(OpsError::usage(
            format!("the status cannot be set to {}", status.as_str()),
            format!(
                "close the account with `bevara account close {}`",
                before.alias
            ),
        )),
        (false, true) => Err(OpsError::usage(
            format!(
                "the account \"{}\" is closed and cannot be opened again",
                before.alias
            ),
            "add it again under another alias",
        )),
    }
}

/// The account with this alias.
pub(crate) async fn find(catalogue: &Catalogue, alias: &Alias) -> Result<AccountRow, OpsError> {
    catalogue
        .account(alias)
        .await?
        .ok_or_else(|| OpsError::unknown("account", alias))
}

/// The first fault of an account, as an error.
fn checked(account: &Account) -> Result<(), OpsError> {
    match account.faults().into_iter().next() {
        Some(fault) => Err(fault.into()),
        None => Ok(()),
    }
}

/// Writes a revision and its entry, under the policy in force.
pub(crate) async fn write(
    session: &mut Session<'_>,
    stage: Stage,
    account: &Account,
    actor: &Actor,
) -> Result<(), OpsError> {
    let policy = session
        .catalogue
        .policies()
        .await?
        .into_iter()
        .next()
        .ok_or_else(|| OpsError::Problem("no policy is in force in this archive".to_owned()))?;
    let record = RecordId::new(session.time());
    stage.write_json(UnitNo(0), "account.json", account)?;
    let description = record_json(&record, RecordKind::Account, session.time());
    let sealed = stage.seal("record", &description)?;
    let (id, account) = (record.clone(), account.clone());
    session
        .commit_record(&record, sealed, actor, |sealed| Body::AccountChanged {
            account: account.id,
            alias: account.alias,
            platform: account.platform,
            status: account.status,
            opened: account.opened,
            closed: account.closed,
            policy_sha256: policy.sha256,
            cadence: policy.cadence,
            record: id,
            sealed,
        })
        .await?;
    Ok(())
}

/// Fewer administrators than this are a finding where the policy does not say how many there must be (R-TORSBY-05,
/// R-HASS-04: at least two with login).
const ADMINISTRATORS: u32 = 2;

/// How many administrators an account must have by the policy in force.
async fn least_administrators(app: &App) -> Result<u32, OpsError> {
    let policy = policy::in_force(app).await?.policy;
    Ok(policy.least_administrators.unwrap_or(ADMINISTRATORS))
}

/// Fields that the sources ask for; without one the register has a finding, and the capture goes on all the same.
const WANTED: &[&str] = &[
    "syfte",
    "namnd",
    "enhet",
    "ansvarig_funktion",
    "kontaktvag",
    "oppnande_dnr",
];

/// What is missing or doubtful about an account, in Swedish.
fn findings(account: &Account, others: &[AccountRow], least: u32) -> Vec<Finding> {
    let mut findings = Vec::new();
    let path = |field: &str| format!("{}/{field}", account.alias);
    let twin = others.iter().map(|row| &row.account).find(|other| {
        other.id != account.id && other.status.is_open() && same_address(&other.url, &account.url)
    });
    if let Some(twin) = twin.filter(|_| account.status.is_open()) {
        findings.push(Finding::warning(
            "R101",
            path("url"),
            format!("kontot {} har samma adress", twin.alias),
        ));
    }
    let count = account.administrators().len();
    if u32::try_from(count).is_ok_and(|count| count < least) {
        findings.push(Finding::warning(
            "R102",
            path("administratorer"),
            format!("antal administratörer: {count}; minst {least} behövs"),
        ));
    }
    let mut names = account.administrators();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        findings.push(Finding::warning(
            "R103",
            path("administratorer"),
            "samma administratör står två gånger",
        ));
    }
    for field in WANTED {
        if !account.fields.contains_key(*field) {
            findings.push(Finding::note("R104", path(field), "uppgiften saknas"));
        }
    }
    findings
}

/// Whether two addresses lead to the same page, as far as their spelling tells.
fn same_address(one: &str, other: &str) -> bool {
    let bare = |text: &str| match url::Url::parse(text) {
        Ok(mut url) => {
            url.set_fragment(None);
            let text = url.as_str().trim_end_matches('/').to_owned();
            let rest = text.split_once("://").map_or("", |(_, rest)| rest);
            rest.trim_start_matches("www.").to_owned()
        }
        Err(_) => text.to_owned(),
    };
    bare(one) == bare(other)
}
