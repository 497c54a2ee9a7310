//! `capture --render-posts`: the ingested posts of an account as a kontobok, for accounts that no browser reaches. The data
//! is written first, volume by volume; then each volume is printed, made PDF/A, read back, and judged by what stands in it.

mod gather;
mod shown;
mod thread;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::app::App;
use crate::capture::printed::Expected;
use crate::catalogue::{AccountRow, CaptureRow};
use crate::model::cadence::{Occasion, Slot};
use crate::model::entry::{Actor, Body};
use crate::model::finding::Finding;
use crate::model::flavour::Flavour;
use crate::model::id::{AccountId, Alias, CaptureId, UnitNo};
use crate::model::json;
use crate::model::kontobok::{Kontobok, Volume};
use crate::model::person::Role;
use crate::model::record::{AccessClass, CaptureJson, CaptureKind, STORE_VERSION};
use crate::model::time::Instant;
use crate::model::verdict::{Counts, FileRole, Reason, Verdict};
use crate::ops::document;
use crate::ops::entries;
use crate::ops::error::{ErrorKind, OpsError};
use crate::ops::person;
use crate::ops::snapshot::{self, BrowserSlot, Captured, PICTURES, REQUESTS, TEXT, Work};
use crate::render::kontobok::{self, Pictures};
use crate::render::pdf_text;
use crate::store::stage::Stage;

pub(crate) use crate::ops::kontobok::shown::shown;

/// The whole in one file, beside the volumes.
const BOOK: &str = "kontobok.json";
/// Posts were left out because nobody knows who may see them.
const LEFT_OUT: &str = "F201";
/// No obligation is met.
const MEETS_NOTHING: &str = "F202";

/// What to render.
#[derive(Clone, Debug)]
pub struct RenderOrder {
    /// The account by alias.
    pub account: Alias,
    /// Threads with something published on this day or later.
    pub from: Option<NaiveDate>,
    /// Threads with something published on this day or earlier.
    pub to: Option<NaiveDate>,
    /// Posts that not everybody may see too; the kontobok is protected then.
    pub protected: bool,
    /// Why.
    pub occasion: Occasion,
    /// A note, kept with the kontobok.
    pub note: Option<String>,
}

/// What a kontobok rests on, which must still hold when it is committed.
#[derive(Clone, Debug)]
pub(crate) struct Basis {
    account: AccountId,
    /// Entries of the log when the posts were read.
    log_size: u64,
    /// The day of the account's newest ingest; `None` where the kontobok shows a part of the account.
    whole_as_of: Option<NaiveDate>,
}

impl Basis {
    /// Whether the obligation is met: posts that were taken in before it was due do not show the account as it was then.
    pub(crate) fn meets(&self, slot: &Slot) -> bool {
        self.whole_as_of.is_some_and(|day| slot.due <= day)
    }

    /// Fails where posts came, went or were flagged since they were read: what was disposed of meanwhile must not come back.
    pub(crate) fn check(&self, root: &Path, log_size: u64) -> Result<(), OpsError> {
        for seq in self.log_size..log_size {
            let body = entries::entry(root, seq)?.and_then(|entry| entry.body);
            let touched = match &body {
                Some(Body::Ingest { account, .. }) => *account == self.account,
                Some(Body::Disposal { .. } | Body::Flag { .. } | Body::Takedown { .. }) => true,
                _ => false,
            };
            if touched {
                return Err(OpsError::part(
                    "posts were taken in, disposed of or reviewed meanwhile; nothing was kept, run again",
                    ErrorKind::Environment,
                    std::io::Error::other("the account's posts changed"),
                ));
            }
        }
        Ok(())
    }
}

/// What was gathered from the archive, before anything is printed.
#[derive(Debug)]
struct Gathered {
    book: Kontobok,
    /// Pictures that should be shown and cannot be.
    broken: u32,
}

/// Renders the posts of an account and commits the kontobok.
pub async fn render_posts(
    app: &mut App,
    order: &RenderOrder,
) -> Result<(Captured, Vec<Finding>), OpsError> {
    if let (Some(from), Some(to)) = (order.from, order.to)
        && from > to
    {
        return Err(OpsError::usage(
            format!("the period ends on {to}, before it begins on {from}"),
            "give the earlier day with --from",
        ));
    }
    let by = if order.protected {
        let what = "göra en kontobok av inlägg som inte alla får se";
        person::acting(app, Role::may_see_closed, what).await?;
        Actor::Person(person::acting(app, Role::may_write, what).await?)
    } else {
        person::acting_or_system(app).await?
    };
    let account = snapshot::chosen(app, std::slice::from_ref(&order.account))
        .await?
        .remove(0);
    let started = app.now();
    let stage = app
        .store
        .stage(&format!("capture-{}", account.account.alias))?;
    let captures = app.catalogue.captures(Some(&account.account.id)).await?;
    let basis = basis(app, order, &account, &captures).await?;
    let gathered = gather::gather(app, order, (&account, &captures), &stage).await?;
    let (counts, roles, version) = print(app, &stage, &gathered.book, started).await?;
    let reasons = reasons(&gathered, counts);
    let work = Work {
        id: CaptureId::new(started),
        started,
        kind: CaptureKind::Rendered,
        verdict: if reasons.is_empty() {
            Verdict::Complete
        } else {
            Verdict::Partial
        },
        reasons,
        counts,
        version,
        flavour: Flavour::A2a,
        basis: Some(basis),
    };
    let description = describe(&account, &work, order.protected, app.now());
    let sealed = stage.seal("capture", &description)?;
    let captured =
        snapshot::commit_kept(app, &account, order.occasion, (work, roles, sealed), &by).await?;
    let findings = findings(&gathered.book, &captured);
    Ok((captured, findings))
}

async fn basis(
    app: &App,
    order: &RenderOrder,
    account: &AccountRow,
    captures: &[CaptureRow],
) -> Result<Basis, OpsError> {
    let ingested = captures
        .iter()
        .filter(|capture| capture.kind == CaptureKind::Ingest)
        .map(|capture| capture.time.stockholm_date())
        .max();
    let is_whole = order.from.is_none() && order.to.is_none();
    Ok(Basis {
        account: account.account.id.clone(),
        log_size: app.catalogue.log_size().await?,
        whole_as_of: ingested.filter(|_| is_whole),
    })
}

fn reasons(gathered: &Gathered, counts: Counts) -> Vec<Reason> {
    let agree = [
        counts.dom,
        counts.text,
        counts.inventory,
        counts.pdf.unwrap_or(0),
    ]
    .into_iter()
    .all(|count| count == gathered.book.posts);
    let left_out = gathered.book.left_out.unknown;
    let mut reasons: Vec<Reason> = [
        (gathered.book.posts == 0, Reason::TextMissing),
        (!agree, Reason::CountsDisagree),
        (gathered.broken > 0, Reason::PartialImages),
        (left_out > 0, Reason::PostsLeftOut),
    ]
    .into_iter()
    .filter_map(|(holds, reason)| holds.then_some(reason))
    .collect();
    reasons.sort_unstable();
    reasons
}

fn findings(book: &Kontobok, captured: &Captured) -> Vec<Finding> {
    let mut findings = Vec::new();
    let path = book.alias.as_str();
    if book.left_out.unknown > 0 {
        let message = format!(
            "{} inlägg visas inte, för källan säger inte vem som har fått se dem. Med --protected blir de en skyddad kontobok",
            book.left_out.unknown
        );
        findings.push(Finding::warning(LEFT_OUT, path, message));
    }
    if captured.fills.is_empty() {
        let message = "Kontoboken möter ingen tidpunkt för ögonblicksbild: det gör bara en fullständig kontobok över hela kontot, \
                       av inlägg som är inlästa på dagen för tidpunkten eller senare";
        findings.push(Finding::note(MEETS_NOTHING, path, message));
    }
    findings
}

fn describe(account: &AccountRow, work: &Work, protected: bool, finished: Instant) -> CaptureJson {
    let access = if protected {
        AccessClass::Protected
    } else {
        AccessClass::Open
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
        tools: BTreeMap::from([
            ("bevara".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ("browser".to_owned(), work.version.clone()),
            ("pdfa".to_owned(), work.flavour.to_string()),
        ]),
        access: [PICTURES, TEXT, REQUESTS].map(|unit| (unit, access)).into(),
    }
}

/// Where the prepared pictures of a volume lie until it is printed.
fn pictures_dir(stage: &Stage, volume: u32) -> PathBuf {
    stage.dir().join(format!("pictures-{volume:04}"))
}

fn name(volume: u32, end: &str) -> String {
    format!("kontobok-{volume:04}.{end}")
}

/// The files of a kontobok with their roles.
type Roles = Vec<(UnitNo, String, FileRole)>;

/// Prints every volume from its JSON, and counts what stands in it. One volume is in memory at a time.
async fn print(
    app: &App,
    stage: &Stage,
    book: &Kontobok,
    created: Instant,
) -> Result<(Counts, Roles, String), OpsError> {
    let mut slot = BrowserSlot::new(app)?;
    let printed = print_all(&mut slot, stage, book, created).await;
    slot.close().await;
    printed
}

async fn print_all(
    slot: &mut BrowserSlot,
    stage: &Stage,
    book: &Kontobok,
    created: Instant,
) -> Result<(Counts, Roles, String), OpsError> {
    let mut counts = Counts {
        pdf: Some(0),
        ..Counts::default()
    };
    let mut roles = Roles::new();
    let version = slot.get().await?.version().product.clone();
    for number in 1..=book.volumes {
        let own = volume(slot, stage, (book, number), created).await?;
        counts.dom += own.dom;
        counts.text += own.text;
        counts.inventory += own.inventory;
        counts.pdf = counts.pdf.zip(own.pdf).map(|(sum, own)| sum + own);
        roles.extend([
            (PICTURES, name(number, "pdf"), FileRole::PagePdf),
            (TEXT, name(number, "json"), FileRole::Inventory),
            (TEXT, name(number, "html"), FileRole::Dom),
        ]);
    }
    Ok((counts, roles, version))
}

/// Makes HTML and PDF of a volume and reads both back.
async fn volume(
    slot: &mut BrowserSlot,
    stage: &Stage,
    (book, number): (&Kontobok, u32),
    created: Instant,
) -> Result<Counts, OpsError> {
    let volume: Volume = read_volume(stage, number)?;
    let pictures = read_pictures(stage, &volume)?;
    let failed = |error| OpsError::part("failed to write the kontobok", ErrorKind::Problem, error);
    let page = kontobok::page(book, &volume, &pictures).map_err(failed)?;
    drop(pictures);
    stage.write(TEXT, &name(number, "html"), page.html.as_bytes())?;
    let pdf = document::printed(slot, &page.title, &page.html, created).await?;
    stage.write(PICTURES, &name(number, "pdf"), &pdf)?;
    let print = pdf_text::read(&pdf).map_err(|error| {
        OpsError::part(
            "the text of the kontobok's PDF cannot be read",
            ErrorKind::Problem,
            error,
        )
    })?;
    let read = kontobok::read_back(&page.html);
    let mut around = page.head;
    for post in &page.posts {
        around.push('\n');
        around.push_str(post);
    }
    let expected = Expected {
        posts: page.posts,
        around,
        unprintable: Vec::new(),
        ..Expected::default()
    };
    let entries: usize = volume.threads.iter().map(|one| one.posts.len()).sum();
    Ok(Counts {
        dom: read.posts,
        text: expected.standing(&read.text),
        inventory: u32::try_from(entries).unwrap_or(u32::MAX),
        pdf: Some(expected.standing(&print)),
    })
}

fn read_volume(stage: &Stage, number: u32) -> Result<Volume, OpsError> {
    let path = stage.unit_dir(TEXT)?.join(name(number, "json"));
    let bytes = std::fs::read(&path).map_err(|source| OpsError::File {
        path: path.clone(),
        source,
    })?;
    json::from_slice(&bytes).map_err(|source| OpsError::Document {
        path: path.display().to_string(),
        source,
    })
}

fn read_pictures(stage: &Stage, volume: &Volume) -> Result<Pictures, OpsError> {
    let dir = pictures_dir(stage, volume.number);
    let entries = volume.threads.iter().flat_map(|thread| &thread.posts);
    let mut pictures = Pictures::new();
    for shown in entries.flat_map(|entry| &entry.attachments) {
        if let Some(picture) = &shown.picture {
            let path = dir.join(&picture.name);
            let bytes = std::fs::read(&path).map_err(|source| OpsError::File { path, source })?;
            pictures.insert(picture.name.clone(), bytes);
        }
    }
    Ok(pictures)
}
