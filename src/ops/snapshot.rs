//! A snapshot: one account captured in the browser, judged, converted to PDF/A, sealed and committed. One bad account
//! never stops the others; nothing is listed before its log entry exists.

mod failed;
mod pdf;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::app::App;
use crate::capture::verdict::{self, Baseline};
use crate::capture::{Browser, BrowserOptions, CaptureRequest, PageCapture, Patience};
use crate::catalogue::AccountRow;
use crate::model::cadence::{CadenceRule, Occasion, Slot};
use crate::model::digest::Sha256Hex;
use crate::model::entry::{Actor, Body};
use crate::model::flavour::Flavour;
use crate::model::id::{Alias, CaptureId, HolderId, UnitNo};
use crate::model::record::{AccessClass, CaptureJson, CaptureKind, STORE_VERSION};
use crate::model::time::Instant;
use crate::model::verdict::{Counts, FileRole, Reason, Verdict};
use crate::ops::error::OpsError;
use crate::ops::login;
use crate::ops::schedule;
use crate::ops::snapshot::pdf::{PdfKind, make_pdf};
use crate::store::stage::{SealedStage, Stage};

/// Pictures and PDF.
pub(crate) const PICTURES: UnitNo = UnitNo(0);
/// Text, inventory and DOM.
const TEXT: UnitNo = UnitNo(1);
/// Requests and everything with addresses in it.
pub(crate) const REQUESTS: UnitNo = UnitNo(2);

/// What to capture and why.
#[derive(Clone, Debug)]
pub struct Order {
    /// Accounts by alias; empty means all open ones.
    pub accounts: Vec<Alias>,
    /// Why.
    pub occasion: Occasion,
    /// A note for the record; kept in a unit.
    pub note: Option<String>,
    /// Private networks that may be reached, beside those of the configuration.
    pub allow_addresses: Vec<String>,
    /// Part and level of PDF/A; without it the configuration's.
    pub flavour: Option<Flavour>,
}

/// What a capture came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Captured {
    /// The account's alias.
    pub account: Alias,
    /// The capture's id; a failed one has no directory.
    pub capture: CaptureId,
    /// The verdict.
    pub verdict: Verdict,
    /// Why not complete.
    pub reasons: Vec<Reason>,
    /// Posts seen.
    pub counts: Counts,
    /// The files kept.
    pub files: Vec<FileRow>,
    /// The obligations it meets.
    pub fills: Vec<Slot>,
}

/// A file of a capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileRow {
    /// Relative to the archive.
    pub path: String,
    /// What it is.
    pub role: FileRole,
    /// Its digest.
    pub sha256: Sha256Hex,
}

/// Told while a round goes on.
pub trait Progress {
    /// An account is about to be captured.
    fn started(&mut self, account: &Alias, number: usize, of: usize);
    /// It has been.
    fn finished(&mut self, captured: &Captured);
}

/// Shows nothing.
#[derive(Debug)]
pub struct Silent;

impl Progress for Silent {
    fn started(&mut self, _account: &Alias, _number: usize, _of: usize) {}
    fn finished(&mut self, _captured: &Captured) {}
}

/// The file of this program: it starts itself as a browser's launcher and as a converter.
pub(crate) fn own_program() -> Result<PathBuf, OpsError> {
    std::env::current_exe().map_err(|source| OpsError::File {
        path: "/proc/self/exe".into(),
        source,
    })
}

/// A browser that is started when first needed and again when it has died, with its profile in a staging folder.
#[derive(Debug)]
pub struct BrowserSlot {
    options: BrowserOptions,
    stage: Stage,
    browser: Option<Browser>,
    starts: u32,
    uses: u32,
    /// Bytes of memory beyond which the browser is not used again.
    memory_limit: u64,
}

/// How often a browser is used before another one takes over: long-lived browsers grow.
const USES: u32 = 50;

impl BrowserSlot {
    /// A slot for `app`; nothing is started yet.
    pub fn new(app: &App) -> Result<Self, OpsError> {
        let stage = app.store.stage("browser")?;
        let options = BrowserOptions {
            path: app.config.browser.path.clone(),
            launcher: own_program()?,
            profile: stage.dir().join("profile"),
            width: app.config.capture.width,
            scale: app.config.capture.scale,
            slowdown: 1,
            patience: Patience {
                navigate: Duration::from_secs(app.config.capture.navigate_seconds),
                stall: Duration::from_secs(app.config.capture.stall_seconds),
            },
        };
        Ok(Self {
            options,
            stage,
            browser: None,
            starts: 0,
            uses: 0,
            memory_limit: app.config.capture.browser_memory_mb * 1_000_000,
        })
    }

    /// How its browsers are started.
    pub(crate) fn options(&self) -> &BrowserOptions {
        &self.options
    }

    /// The running browser.
    pub async fn get(&mut self) -> Result<&mut Browser, OpsError> {
        if self.browser.as_ref().is_some_and(|one| self.is_spent(one)) {
            self.close().await;
        }
        if self.browser.is_none() {
            // A profile that a dead browser leaves behind is never used again.
            self.starts += 1;
            self.uses = 0;
            self.options.profile = self.stage.dir().join(format!("profile-{}", self.starts));
            self.browser = Some(Browser::launch(&self.options).await?);
        }
        self.uses += 1;
        self.browser
            .as_mut()
            .ok_or_else(|| OpsError::Problem("the browser did not start".to_owned()))
    }

    /// Whether a browser is dead, old, or has grown: what pages leave behind in it never goes away.
    fn is_spent(&self, browser: &Browser) -> bool {
        if !browser.is_alive() || self.uses >= USES {
            return true;
        }
        match browser.memory() {
            Ok(bytes) => bytes > self.memory_limit,
            Err(error) => {
                tracing::warn!(%error, "the browser's memory could not be measured");
                false
            }
        }
    }

    /// Ends the browser.
    pub async fn close(&mut self) {
        if let Some(browser) = self.browser.take() {
            browser.close().await;
        }
    }
}

/// Captures every account of the order, one after the other.
pub async fn capture(
    app: &mut App,
    order: &Order,
    by: &Actor,
    progress: &mut dyn Progress,
) -> Result<Vec<Captured>, OpsError> {
    let accounts = chosen(app, &order.accounts).await?;
    let mut slot = BrowserSlot::new(app)?;
    let mut all = Vec::new();
    for (index, account) in accounts.iter().enumerate() {
        progress.started(&account.account.alias, index + 1, accounts.len());
        let captured = capture_account(app, &mut slot, account, order, by).await;
        let captured = match captured {
            Ok(captured) => captured,
            Err(error) => {
                slot.close().await;
                return Err(error);
            }
        };
        progress.finished(&captured);
        all.push(captured);
    }
    slot.close().await;
    Ok(all)
}

/// The accounts named, or all open ones.
pub(crate) async fn chosen(app: &App, aliases: &[Alias]) -> Result<Vec<AccountRow>, OpsError> {
    let all = app.catalogue.accounts().await?;
    if aliases.is_empty() {
        return Ok(all
            .into_iter()
            .filter(|row| row.account.status.is_open())
            .collect());
    }
    let mut rows = Vec::new();
    for alias in aliases {
        let row = all
            .iter()
            .find(|row| row.account.alias == *alias)
            .ok_or_else(|| OpsError::unknown("account", alias))?;
        // Named twice is captured once.
        if !rows
            .iter()
            .any(|one: &AccountRow| one.account.id == row.account.id)
        {
            rows.push(row.clone());
        }
    }
    Ok(rows)
}

/// Captures one account: takes the page, judges it, and commits what was kept or that it failed.
pub(crate) async fn capture_account(
    app: &mut App,
    slot: &mut BrowserSlot,
    account: &AccountRow,
    order: &Order,
    by: &Actor,
) -> Result<Captured, OpsError> {
    let mut allow_addresses = app.config.capture.allow_addresses.clone();
    allow_addresses.extend(order.allow_addresses.iter().cloned());
    Browser::check_addresses(&allow_addresses).map_err(|error| {
        OpsError::usage(
            error.to_string(),
            "mend --allow-address, or allow_addresses under [capture] in bevara.toml",
        )
    })?;
    let started = app.now();
    let id = CaptureId::new(started);
    // The account's alias in the folder's name tells `schedule` what is being captured.
    let stage = app
        .store
        .stage(&format!("capture-{}", account.account.alias))?;
    let raw = stage.dir().join("raw");
    make_dir(&raw)?;
    let (visit, login) = login::visit(app, &account.account)?;
    let request = CaptureRequest {
        url: account.account.url.clone(),
        allow_addresses,
        visit,
    };
    let browser = slot.get().await?;
    let mut page = browser.capture(&request, &raw).await?;
    let version = browser.version().product.clone();
    let baseline = baseline(app, account).await?;
    let flavour = order.flavour.unwrap_or(app.config.capture.pdfa);
    // No picture of a failed capture is kept: no PDF need be made of an error page.
    let pdf = if verdict::has_failed(&page.facts, baseline.as_ref()) {
        None
    } else {
        make_pdf(&mut page, &raw, account, (flavour, started))?
    };
    // Pictures as PDF/A are valid; that they stand in for the print is known from the facts.
    let (verdict, reasons) = verdict::judge(
        &page.facts,
        baseline.as_ref(),
        pdf.map(|pdf| pdf != PdfKind::Invalid),
    );
    let work = Work {
        id,
        started,
        kind: CaptureKind::Page,
        verdict,
        reasons,
        counts: page.counts,
        version,
        flavour,
    };
    if verdict == Verdict::Failed {
        return failed::commit(app, account, (order, work), (stage, &raw), by).await;
    }
    let roles = arrange(&stage, &raw, &page)?;
    if let Some(note) = &order.note {
        stage.write_json(REQUESTS, "note.json", &serde_json::json!({ "note": note }))?;
    }
    let description = describe(account, &work, app.now());
    let sealed = stage.seal("capture", &description)?;
    let captured = commit_kept(app, account, order.occasion, (work, roles, sealed), by).await?;
    let renewal = (login.as_ref(), page.renewed.as_ref());
    login::renew(app, &account.account, renewal, verdict);
    Ok(captured)
}

/// What is known of a capture before it is committed.
#[derive(Debug)]
pub(crate) struct Work {
    /// The capture.
    pub(crate) id: CaptureId,
    /// When it began.
    pub(crate) started: Instant,
    /// By browser or by hand.
    pub(crate) kind: CaptureKind,
    /// What it is worth.
    pub(crate) verdict: Verdict,
    /// Why not complete.
    pub(crate) reasons: Vec<Reason>,
    /// Posts seen.
    pub(crate) counts: Counts,
    /// The browser's version; empty where none was used.
    pub(crate) version: String,
    /// Part and level of PDF/A.
    pub(crate) flavour: Flavour,
}

/// Moves the captured files into their units and returns their roles.
fn arrange(
    stage: &Stage,
    raw: &Path,
    page: &PageCapture,
) -> Result<Vec<(UnitNo, String, FileRole)>, OpsError> {
    let mut roles = Vec::new();
    for file in &page.files {
        let unit = match file.role {
            FileRole::PagePdf | FileRole::PagePng | FileRole::OverviewPng | FileRole::ViewPng => {
                PICTURES
            }
            FileRole::PageText | FileRole::Inventory | FileRole::Dom => TEXT,
            FileRole::Requests => REQUESTS,
        };
        stage.adopt(&raw.join(&file.name), unit, &file.name)?;
        roles.push((unit, file.name.clone(), file.role));
    }
    Ok(roles)
}

fn describe(account: &AccountRow, work: &Work, finished: Instant) -> CaptureJson {
    let tools = BTreeMap::from([
        ("bevara".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("browser".to_owned(), work.version.clone()),
        ("pdfa".to_owned(), work.flavour.to_string()),
    ]);
    // What is shown to somebody who is logged in may be meant for few; that it is not, a person has to say.
    let access = if account.account.is_open() {
        AccessClass::Open
    } else {
        AccessClass::Protected
    };
    CaptureJson {
        v: STORE_VERSION.to_owned(),
        id: work.id.clone(),
        account: account.account.id.clone(),
        kind: work.kind,
        snapshot_id: work.id.to_string(),
        started: work.started,
        finished,
        verdict: work.verdict,
        reasons: work.reasons.clone(),
        counts: Some(work.counts),
        tools,
        access: [PICTURES, TEXT, REQUESTS].map(|unit| (unit, access)).into(),
    }
}

/// Commits a sealed capture; decides under the lock which obligations it meets.
pub(crate) async fn commit_kept(
    app: &mut App,
    account: &AccountRow,
    occasion: Occasion,
    (work, roles, sealed): (Work, Vec<(UnitNo, String, FileRole)>, SealedStage),
    by: &Actor,
) -> Result<Captured, OpsError> {
    let account_id = account.account.id.clone();
    let files = roles
        .into_iter()
        .filter_map(|(unit, name, role)| {
            let sha256 = sealed.files.get(&unit)?.get(&name)?.clone();
            let path = format!(
                "store/captures/{account_id}/{}/units/{unit}/{name}",
                work.id
            );
            Some(FileRow { path, role, sha256 })
        })
        .collect();
    let window = app.config.schedule.window_days;
    let mut session = app.begin().await?;
    // Decided under the lock: two passes at once can never both fill a slot.
    let mut fills = if work.verdict == Verdict::Complete {
        schedule::wanted(session.catalogue, account, session.time(), window)
            .await?
            .0
    } else {
        Vec::new()
    };
    if work.verdict == Verdict::Complete && occasion == Occasion::Closing {
        fills.push(Slot {
            rule: CadenceRule::Closing,
            due: session.time().stockholm_date(),
        });
    }
    let holder = HolderId::Capture(work.id.clone());
    let (capture, verdict, reasons, slots) = (
        work.id.clone(),
        work.verdict,
        work.reasons.clone(),
        fills.clone(),
    );
    let (entry_account, kind) = (account_id.clone(), work.kind);
    session
        .commit((&holder, Some(&account_id)), sealed, by, |sealed| {
            Body::Capture {
                account: entry_account,
                capture,
                kind,
                occasion,
                verdict,
                reasons,
                fills: slots,
                sealed,
            }
        })
        .await?;
    Ok(Captured {
        account: account.account.alias.clone(),
        capture: work.id,
        verdict: work.verdict,
        reasons: work.reasons,
        counts: work.counts,
        files,
        fills,
    })
}

async fn baseline(app: &App, account: &AccountRow) -> Result<Option<Baseline>, OpsError> {
    let last = app.catalogue.last_complete(&account.account.id).await?;
    Ok(last.map(|row| Baseline {
        counts: row.counts,
        text_chars: row.text_chars,
    }))
}

fn make_dir(path: &Path) -> Result<(), OpsError> {
    std::fs::create_dir_all(path).map_err(|source| OpsError::File {
        path: path.to_owned(),
        source,
    })
}

/// The actor of a capture: a person where one is named, else the system.
pub async fn capturing_actor(app: &App) -> Result<Actor, OpsError> {
    crate::ops::person::acting_or_system(app).await
}
