//! A snapshot: one account captured in the browser, judged, converted to PDF/A, sealed and committed. One bad account
//! never stops the others; nothing is listed before its log entry exists.

mod crew;
mod failed;
mod pdf;
mod slot;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::app::App;
use crate::capture::login::Login;
use crate::capture::verdict::{self, Baseline};
use crate::capture::{Browser, CaptureRequest, PageCapture};
use crate::catalogue::AccountRow;
use crate::clock::Clock;
use crate::model::cadence::{CadenceRule, Occasion, Slot};
use crate::model::digest::Sha256Hex;
use crate::model::entry::{Actor, Body};
use crate::model::flavour::Flavour;
use crate::model::id::{Alias, CaptureId, HolderId, UnitNo};
use crate::model::record::{AccessClass, CaptureJson, CaptureKind, STORE_VERSION};
use crate::model::time::Instant;
use crate::model::verdict::{Counts, FileRole, Reason, Verdict};
use crate::ops::error::OpsError;
use crate::ops::kontobok::Basis;
use crate::ops::login;
use crate::ops::program;
use crate::ops::schedule;
use crate::ops::snapshot::pdf::{PdfKind, make_pdf};
use crate::store::stage::{SealedStage, Stage};

pub(crate) use crate::ops::snapshot::crew::{Crew, Turn};
pub use crate::ops::snapshot::slot::BrowserSlot;

/// Pictures and PDF.
pub(crate) const PICTURES: UnitNo = UnitNo(0);
/// Text, inventory and DOM.
pub(crate) const TEXT: UnitNo = UnitNo(1);
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

/// Captures every account of the order, as many at a time as there are slots; what each came to, in the accounts' order.
pub async fn capture(
    app: &mut App,
    order: &Order,
    by: &Actor,
    progress: &mut dyn Progress,
) -> Result<Vec<Captured>, OpsError> {
    let accounts = chosen(app, &order.accounts).await?;
    let mut crew = Crew::new(app);
    let all = round(app, &mut crew, (&accounts, order), (by, progress)).await;
    crew.close().await;
    all
}

async fn round(
    app: &mut App,
    crew: &mut Crew,
    (accounts, order): (&[AccountRow], &Order),
    (by, progress): (&Actor, &mut dyn Progress),
) -> Result<Vec<Captured>, OpsError> {
    let mut queue = accounts.iter().enumerate();
    let mut all = BTreeMap::new();
    loop {
        while crew.has_room()
            && let Some((number, account)) = queue.next()
        {
            progress.started(&account.account.alias, number + 1, accounts.len());
            let job = prepare(app, account, order).await?;
            crew.send(app, number, job)?;
        }
        let Some(turn) = crew.next().await? else {
            return Ok(all.into_values().collect());
        };
        let Turn::Ended(number, outcome) = turn else {
            continue;
        };
        let captured = commit(app, (*outcome)?, by).await?;
        progress.finished(&captured);
        all.insert(number, captured);
    }
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
    let job = prepare(app, account, order).await?;
    let visited = visit(job, slot).await?;
    let outcome = tokio::task::block_in_place(|| judge(visited))?;
    commit(app, outcome, by).await
}

/// A capture that is to be made, with everything that it needs of the archive: so several can go on side by side.
#[derive(Debug)]
pub(crate) struct Job {
    id: CaptureId,
    started: Instant,
    clock: Clock,
    account: AccountRow,
    order: Order,
    flavour: Flavour,
    request: CaptureRequest,
    /// The kept bytes of the login that the page is visited with.
    login: Option<Vec<u8>>,
    baseline: Option<Baseline>,
    stage: Stage,
}

/// A capture that was made and judged, and is not committed yet.
#[derive(Debug)]
pub(crate) struct Outcome {
    account: AccountRow,
    order: Order,
    work: Work,
    end: End,
    /// A login that was used, and what the site made of it.
    login: (Option<Vec<u8>>, Option<Login>),
}

#[derive(Debug)]
enum End {
    /// Everything that is kept, with the role of each file.
    Kept(Vec<(UnitNo, String, FileRole)>, Box<SealedStage>),
    /// It failed: what was observed lies in the stage.
    Failed(Stage),
}

/// Makes everything ready for an account to be captured.
pub(crate) async fn prepare(
    app: &App,
    account: &AccountRow,
    order: &Order,
) -> Result<Job, OpsError> {
    let mut allow_addresses = app.config.capture.allow_addresses.clone();
    allow_addresses.extend(order.allow_addresses.iter().cloned());
    Browser::check_addresses(&allow_addresses).map_err(|error| {
        OpsError::usage(
            error.to_string(),
            "mend --allow-address, or allow_addresses under [capture] in bevara.toml",
        )
    })?;
    let started = app.now();
    // The account's alias in the folder's name tells `schedule` what is being captured.
    let stage = app
        .store
        .stage(&format!("capture-{}", account.account.alias))?;
    let (visit, login) = login::visit(app, &account.account)?;
    Ok(Job {
        id: CaptureId::new(started),
        started,
        clock: app.clock,
        account: account.clone(),
        order: order.clone(),
        flavour: order.flavour.unwrap_or(app.config.capture.pdfa),
        request: CaptureRequest {
            url: account.account.url.clone(),
            allow_addresses,
            visit,
            origin: Some(program::origin(app)?),
        },
        login,
        baseline: baseline(app, account).await?,
        stage,
    })
}

/// A page that was taken and is not judged yet.
#[derive(Debug)]
pub(crate) struct Visited {
    job: Job,
    page: PageCapture,
    /// The browser's version.
    version: String,
}

/// Takes the page. Reads and writes nothing of the archive but its own stage.
pub(crate) async fn visit(job: Job, slot: &mut BrowserSlot) -> Result<Visited, OpsError> {
    let raw = raw_dir(&job.stage);
    make_dir(&raw)?;
    let browser = slot.get().await?;
    let page = browser.capture(&job.request, &raw).await?;
    let version = browser.version().product.clone();
    Ok(Visited { job, page, version })
}

/// Where a stage holds what the browser gave.
fn raw_dir(stage: &Stage) -> PathBuf {
    stage.dir().join("raw")
}

/// Makes the PDF, judges the page, and seals what is to be kept: computes for seconds, and needs neither browser nor
/// archive.
pub(crate) fn judge(visited: Visited) -> Result<Outcome, OpsError> {
    let Visited {
        job,
        mut page,
        version,
    } = visited;
    let raw = raw_dir(&job.stage);
    let baseline = job.baseline.as_ref();
    // No picture of a failed capture is kept: no PDF need be made of an error page.
    let pdf = if verdict::has_failed(&page.facts, baseline) {
        None
    } else {
        make_pdf(&mut page, &raw, &job.account, (job.flavour, job.started))?
    };
    // Pictures as PDF/A are valid; that they stand in for the print is known from the facts.
    let (verdict, reasons) = verdict::judge(
        &page.facts,
        baseline,
        pdf.map(|pdf| pdf != PdfKind::Invalid),
    );
    let work = Work {
        id: job.id,
        started: job.started,
        kind: CaptureKind::Page,
        verdict,
        reasons,
        counts: page.counts,
        version,
        flavour: job.flavour,
        basis: None,
    };
    let end = if verdict == Verdict::Failed {
        End::Failed(job.stage)
    } else {
        let roles = arrange(&job.stage, &raw, &page)?;
        if let Some(note) = &job.order.note {
            let note = serde_json::json!({ "note": note });
            job.stage.write_json(REQUESTS, "note.json", &note)?;
        }
        let description = describe(&job.account, &work, job.clock.now());
        End::Kept(roles, Box::new(job.stage.seal("capture", &description)?))
    };
    Ok(Outcome {
        account: job.account,
        order: job.order,
        work,
        end,
        login: (job.login, page.renewed),
    })
}

/// Commits what was kept, or that the capture failed.
pub(crate) async fn commit(
    app: &mut App,
    outcome: Outcome,
    by: &Actor,
) -> Result<Captured, OpsError> {
    let Outcome {
        account,
        order,
        work,
        end,
        login: (from, renewed),
    } = outcome;
    match end {
        End::Failed(stage) => failed::commit(app, &account, (&order, work), stage, by).await,
        End::Kept(roles, sealed) => {
            let kept = (work, roles, *sealed);
            let captured = commit_kept(app, &account, order.occasion, kept, by).await?;
            let renewal = (from.as_ref(), renewed.as_ref());
            login::renew(app, &account.account, renewal, captured.verdict);
            Ok(captured)
        }
    }
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
    /// The posts that a kontobok rests on.
    pub(crate) basis: Option<Basis>,
}

impl Work {
    /// What the capture came to, once it is committed.
    fn came_to(self, account: &AccountRow, files: Vec<FileRow>, fills: Vec<Slot>) -> Captured {
        Captured {
            account: account.account.alias.clone(),
            capture: self.id,
            verdict: self.verdict,
            reasons: self.reasons,
            counts: self.counts,
            files,
            fills,
        }
    }
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
    let root = app.store.root().to_owned();
    let mut session = app.begin().await?;
    if let Some(basis) = &work.basis {
        basis.check(&root, session.log_size())?;
    }
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
    if let Some(basis) = &work.basis {
        fills.retain(|slot| basis.meets(slot));
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
    Ok(work.came_to(account, files, fills))
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
