//! Logins for accounts whose pages are to be seen logged in: a person logs in once in a window, what holds it is kept in
//! `secrets/sessions/`, captures use them, and the register is told in time when they run out.

use serde::Serialize;
use tokio::sync::oneshot;

use crate::app::App;
use crate::capture::login::{Lasting, Login, Site, Visit};
use crate::capture::window::{self, LoginOrder};
use crate::catalogue::AccountRow;
use crate::config;
use crate::model::account::Account;
use crate::model::cadence::ObligationState;
use crate::model::finding::Finding;
use crate::model::id::Alias;
use crate::model::person::Role;
use crate::model::time::Instant;
use crate::model::verdict::{Reason, Verdict};
use crate::ops::error::{ErrorKind, OpsError};
use crate::ops::person::acting;
use crate::ops::schedule;
use crate::ops::snapshot::{BrowserSlot, Captured};
use crate::store::Store;

/// What the arkivarie or handläggare is told when another role tries.
const WHAT: &str = "logga in för fångster";

/// A login that was kept.
#[derive(Clone, Debug, Serialize)]
pub struct LoggedIn {
    /// The account it was made for; every account of the same site uses it.
    pub account: Alias,
    /// The site: the platform, or platform and host.
    pub site: String,
    /// The file, below the archive.
    pub file: String,
    /// Number of cookies.
    pub cookies: usize,
    /// Number of items that the site stored beside cookies.
    pub stored: usize,
    /// Until when it can last, where that can be told.
    pub until: Option<Instant>,
    /// Whether it took another's place.
    pub replaced: bool,
}

/// A login that was forgotten.
#[derive(Clone, Debug, Serialize)]
pub struct Forgotten {
    /// The account that was named.
    pub account: Alias,
    /// The site.
    pub site: String,
    /// The file, below the archive.
    pub file: String,
    /// Whether there was one.
    pub removed: bool,
}

/// What a login is for, before anything is opened.
#[derive(Clone, Debug)]
pub struct Plan {
    account: Account,
    site: Site,
}

impl Plan {
    /// The file that a login will be kept in, below the archive.
    pub fn file(&self) -> String {
        Store::login_place(&self.site.key())
    }

    /// The address that is opened.
    pub fn url(&self) -> &str {
        &self.account.url
    }
}

/// Checks that a person may log in to an account, and that there is a screen to do it on.
pub async fn plan(app: &App, alias: &Alias) -> Result<Plan, OpsError> {
    acting(app, Role::may_log_in, WHAT).await?;
    let plan = planned(app, alias).await?;
    if !config::has_display() {
        return Err(OpsError::Part {
            context: "there is no screen to open a window on".to_owned(),
            kind: ErrorKind::Environment,
            source: Box::new(NoDisplay { file: plan.file() }),
        });
    }
    Ok(plan)
}

async fn planned(app: &App, alias: &Alias) -> Result<Plan, OpsError> {
    let row = app.catalogue.account(alias).await?;
    let account = row
        .ok_or_else(|| OpsError::unknown("account", alias))?
        .account;
    let site = site(&account)?;
    Ok(Plan { account, site })
}

/// Says what to do on a machine without a screen.
#[derive(Debug, thiserror::Error)]
#[error(
    "neither DISPLAY nor WAYLAND_DISPLAY is set; log in on a machine with a screen and carry its {file} here (docs/inloggning.md), or come by `ssh -X`"
)]
struct NoDisplay {
    file: String,
}

fn site(account: &Account) -> Result<Site, OpsError> {
    Site::of(account)
        .ok_or_else(|| OpsError::Problem(format!("the address of {} has no host", account.alias)))
}

/// Opens the window and keeps the login when the person has closed it, or has said `done`.
pub async fn log_in(
    app: &mut App,
    plan: &Plan,
    done: oneshot::Receiver<()>,
) -> Result<LoggedIn, OpsError> {
    let slot = BrowserSlot::new(app)?;
    let order = LoginOrder {
        url: plan.account.url.clone(),
        site: plan.site.clone(),
        allow_addresses: app.config.capture.allow_addresses.clone(),
        now: app.now(),
    };
    let login = window::log_in(slot.options(), &order, done).await?;
    let lasting = login.lasting();
    if lasting.is_over(app.now()) {
        let alias = &plan.account.alias;
        return Err(OpsError::Problem(format!(
            "the window was closed and nobody was logged in at {alias}; nothing was kept, and an earlier login is as it was"
        )));
    }
    let key = plan.site.key();
    let replaced = app.store.keep_login(&key, stored(&login)?.as_bytes())?;
    Ok(LoggedIn {
        account: plan.account.alias.clone(),
        file: Store::login_place(&key),
        site: key,
        cookies: login.cookies(),
        stored: login.stored(),
        until: end(lasting),
        replaced,
    })
}

fn end(lasting: Lasting) -> Option<Instant> {
    match lasting {
        Lasting::Until(end) => Some(end),
        Lasting::Gone | Lasting::Unknown => None,
    }
}

fn stored(login: &Login) -> Result<String, OpsError> {
    login.to_json().map_err(|source| OpsError::Document {
        path: "secrets/sessions".to_owned(),
        source,
    })
}

/// Removes the login that an account uses.
pub async fn forget(app: &mut App, alias: &Alias) -> Result<Forgotten, OpsError> {
    acting(app, Role::may_log_in, WHAT).await?;
    let plan = planned(app, alias).await?;
    let key = plan.site.key();
    let removed = app.store.forget_login(&key)?;
    Ok(Forgotten {
        account: alias.clone(),
        file: Store::login_place(&key),
        site: key,
        removed,
    })
}

/// How an account's page is to be visited, and the bytes of the login it is visited with.
pub(crate) fn visit(app: &App, account: &Account) -> Result<(Visit, Option<Vec<u8>>), OpsError> {
    if !account.is_seen_logged_in() {
        return Ok((Visit::Anybody, None));
    }
    let site = site(account)?;
    let bytes = app.store.login(&site.key())?;
    let login = bytes
        .as_ref()
        .and_then(|bytes| Login::from_json(bytes, &site))
        .filter(|login| !login.lasting().is_over(app.now()));
    Ok(match login {
        Some(login) => (Visit::LoggedIn(login), bytes),
        None => (Visit::WithoutLogin, None),
    })
}

/// Keeps a login that the site renewed during a capture: it would run out before the next half-year otherwise, and where
/// a site takes each token once, be over at once. What a failed capture saw is no renewal.
/// What stands in the way of that is told and spoils no capture.
pub(crate) fn renew(
    app: &mut App,
    account: &Account,
    (from, renewed): (Option<&Vec<u8>>, Option<&Login>),
    verdict: Verdict,
) {
    let (Some(from), Some(renewed)) = (from, renewed) else {
        return;
    };
    if verdict == Verdict::Failed || renewed.lasting().is_over(app.now()) {
        return;
    }
    let kept = site(account).and_then(|site| {
        let renewed = stored(renewed)?;
        if renewed.as_bytes() == from.as_slice() {
            return Ok(true);
        }
        Ok(app
            .store
            .renew_login(&site.key(), from, renewed.as_bytes())?)
    });
    match kept {
        Ok(true) => {}
        Ok(false) => tracing::info!("another login was kept meanwhile; the renewed one is let go"),
        Err(error) => tracing::warn!(%error, "a renewed login could not be kept"),
    }
}

/// What is to be told of the logins of open accounts: missing, over, or over before the next snapshot is due; after
/// captures, that a site did not know a login that seemed good. Of those named alone, where some are.
pub async fn findings(
    app: &App,
    only: &[Alias],
    captures: &[Captured],
) -> Result<Vec<Finding>, OpsError> {
    let mut findings = Vec::new();
    for row in app.catalogue.accounts().await? {
        let account = &row.account;
        let is_wanted = only.is_empty() || only.contains(&account.alias);
        if !is_wanted || !account.status.is_open() || !account.is_seen_logged_in() {
            continue;
        }
        let found = finding(app, &row).await?;
        let is_told = found.as_ref().is_some_and(|one| one.code != SOON);
        findings.extend(found);
        let refused = captures
            .iter()
            .any(|one| one.account == account.alias && one.reasons.contains(&Reason::NotLoggedIn));
        if refused && !is_told {
            let alias = &account.alias;
            let message = format!(
                "Webbplatsen godtog inte den sparade inloggningen. Logga in igen: bevara account login {alias}"
            );
            findings.push(Finding::warning(REFUSED, alias.as_str(), message));
        }
    }
    Ok(findings)
}

/// No login.
const MISSING: &str = "L101";
/// Over.
const OVER: &str = "L102";
/// Over before the next snapshot is due.
const SOON: &str = "L103";
/// A file that is none.
const UNREADABLE: &str = "L104";
/// The site does not know it.
const REFUSED: &str = "L105";

async fn finding(app: &App, row: &AccountRow) -> Result<Option<Finding>, OpsError> {
    let alias = &row.account.alias;
    let site = site(&row.account)?;
    let again = format!("bevara account login {alias}");
    let warning = |code, message: String| Some(Finding::warning(code, alias.as_str(), message));
    let Some(bytes) = app.store.login(&site.key())? else {
        let message = format!(
            "Kontot ska fångas inloggat, men ingen inloggning är sparad. Logga in: {again}"
        );
        return Ok(warning(MISSING, message));
    };
    let Some(login) = Login::from_json(&bytes, &site) else {
        let message = format!(
            "{} kan inte läsas som en inloggning för kontot. Logga in igen: {again}",
            Store::login_place(&site.key())
        );
        return Ok(warning(UNREADABLE, message));
    };
    let now = app.now();
    let lasting = login.lasting();
    if lasting.is_over(now) {
        let when =
            end(lasting).map_or_else(String::new, |end| format!(" {}", end.stockholm_text()));
        let message = format!("Den sparade inloggningen gick ut{when}. Logga in igen: {again}");
        return Ok(warning(OVER, message));
    }
    let (Some(end), Some(due)) = (end(lasting), next_due(app, row).await?) else {
        return Ok(None);
    };
    // A capture on the due day itself has to find it still there.
    let needed = due.succ_opt().unwrap_or(due);
    if end >= Instant::start_of(needed) {
        return Ok(None);
    }
    let message = format!(
        "Den sparade inloggningen går ut {}, innan ögonblicksbilden den {due} är tagen. Logga in igen: {again}",
        end.stockholm_text()
    );
    Ok(warning(SOON, message))
}

/// The next due date that is still to be met.
async fn next_due(app: &App, row: &AccountRow) -> Result<Option<chrono::NaiveDate>, OpsError> {
    let now = app.now();
    let today = now.stockholm_date();
    let until = today
        .checked_add_months(chrono::Months::new(12))
        .unwrap_or(today);
    let window = app.config.schedule.window_days;
    let obligations = schedule::of_account(&app.catalogue, row, (now, until), window).await?;
    let open = obligations.iter().filter(|one| {
        let waits = matches!(
            one.state,
            ObligationState::Planned
                | ObligationState::Due
                | ObligationState::Running
                | ObligationState::Late
        );
        waits && one.capture.is_none()
    });
    // What is due already is taken with the login as it is now.
    Ok(open.map(|one| one.slot.due.max(today)).min())
}
