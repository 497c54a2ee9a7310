//! Posts in: a platform's export becomes one capture of kind ingest, a unit for each new post or new version. Posts are
//! streamed into staging one by one; what was seen unchanged is listed, and nothing is ever taken for deleted.

mod report;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::app::App;
use crate::catalogue::AccountRow;
use crate::model::digest::{DigestStream, Sha256Hex};
use crate::model::entry::Body;
use crate::model::id::{Alias, CaptureId, HolderId, UnitNo, UnitRef};
use crate::model::ingest::IngestJson;
use crate::model::post::Refused;
use crate::model::record::{AccessClass, CaptureJson, CaptureKind, STORE_VERSION};
use crate::model::time::{Instant, month_text};
use crate::model::verdict::Verdict;
use crate::ops::disposal::returned::{self, Months};
use crate::ops::error::{ErrorKind, OpsError};
use crate::ops::person;
use crate::platform::{
    self, Container, Importer, Item, Limits, Media, Parsed, PlatformError, Source,
};
use crate::store::error::StoreError;
use crate::store::stage::Stage;

pub use crate::ops::ingest::report::Ingested;

/// The unit of the report.
const REPORT: UnitNo = UnitNo(0);
/// Greatest number of posts in one ingest: unit numbers have six digits.
const MOST: u32 = 999_999;

/// Takes in the posts of `files` for the account `alias`. `format` names an importer; without it the content decides.
pub async fn ingest(
    app: &mut App,
    alias: &Alias,
    files: &[PathBuf],
    format: Option<&str>,
) -> Result<Ingested, OpsError> {
    let by = person::acting_or_system(app).await?;
    let account = app
        .catalogue
        .account(alias)
        .await?
        .ok_or_else(|| OpsError::unknown("account", alias))?;
    let started = app.now();
    let before = last_change(app, &account).await?;
    let stage = app.store.stage("ingest")?;
    let mut run = Run::new(started, alias);
    for (container, path) in open_all(files, &stage, format)? {
        run.container((app, &account), &stage, (&container, path), format)
            .await?;
    }
    if run.known {
        return Ok(run.report);
    }
    let ingest = run.ingest_json();
    stage.write_json(REPORT, "ingest.json", &ingest)?;
    let description = run.describe(&account, started, app.now());
    let sealed = stage.seal("capture", &description)?;
    let mut report = run.report;
    let mut session = app.begin().await?;
    // What was new when the posts were compared must still be new: another ingest or a disposal may have come between.
    if last_change_in(session.catalogue, &account).await? != before {
        return Err(OpsError::part(
            "inget togs in; kör igen",
            ErrorKind::Environment,
            std::io::Error::other(
                "en annan intagning eller en gallring har ändrat kontot under tiden",
            ),
        ));
    }
    let holder = HolderId::Capture(run.id.clone());
    let entry = entry_body(&account, &run.id, &ingest);
    session
        .commit((&holder, Some(&account.account.id)), sealed, &by, entry)
        .await?;
    report.capture = Some(run.id);
    let names = (&account.account.id, &account.account.alias);
    let again = returned::finding(app.store.root(), names, &run.months)?;
    report.findings.extend(again);
    Ok(report)
}

fn entry_body(
    account: &AccountRow,
    capture: &CaptureId,
    ingest: &IngestJson,
) -> impl FnOnce(crate::model::entry::Sealed) -> Body {
    let (account, capture) = (account.account.id.clone(), capture.clone());
    let (claimed, parsed) = (ingest.claimed, ingest.parsed);
    let (added, changed, unchanged) = (ingest.added, ingest.changed, ingest.unchanged);
    let refused = ingest.refused_count();
    move |sealed| Body::Ingest {
        account,
        capture,
        claimed,
        parsed,
        added,
        changed,
        unchanged,
        refused,
        sealed,
    }
}

/// The newest ingest of the account and the number of disposed units.
async fn last_change(app: &App, account: &AccountRow) -> Result<(Option<u64>, u64), OpsError> {
    last_change_in(&app.catalogue, account).await
}

async fn last_change_in(
    catalogue: &crate::catalogue::Catalogue,
    account: &AccountRow,
) -> Result<(Option<u64>, u64), OpsError> {
    let captures = catalogue.captures(Some(&account.account.id)).await?;
    let newest = captures
        .iter()
        .filter(|capture| capture.kind == CaptureKind::Ingest)
        .map(|capture| capture.seq)
        .max();
    Ok((newest, catalogue.count_disposed().await?))
}

/// An ingest while it goes on.
#[derive(Debug)]
struct Run {
    id: CaptureId,
    started: Instant,
    report: Ingested,
    importer: Option<&'static dyn Importer>,
    /// Whether every container was taken in before.
    known: bool,
    units: u32,
    /// Containers read so far.
    number: usize,
    seen: Vec<UnitRef>,
    access: BTreeMap<UnitNo, AccessClass>,
    /// Keys and versions of this run's posts, as digests, with the number of their container.
    keys: BTreeMap<[u8; 16], ([u8; 16], usize)>,
    /// New posts by month.
    months: Months,
}

impl Run {
    fn new(started: Instant, alias: &Alias) -> Self {
        Self {
            id: CaptureId::new(started),
            started,
            report: Ingested::new(alias),
            importer: None,
            known: true,
            units: 0,
            number: 0,
            seen: Vec::new(),
            access: BTreeMap::from([(REPORT, AccessClass::Protected)]),
            keys: BTreeMap::new(),
            months: Months::new(),
        }
    }

    /// Reads one container to its end.
    async fn container(
        &mut self,
        (app, account): (&App, &AccountRow),
        stage: &Stage,
        (container, path): (&Container, &Path),
        format: Option<&str>,
    ) -> Result<(), OpsError> {
        let failed = |error| platform_error(path, error);
        let importer = self.importer_of(container, format).map_err(failed)?;
        let facts = container.facts().map_err(failed)?;
        let account_id = &account.account.id;
        let mut known = true;
        for part in &facts {
            let seen = app.catalogue.container(account_id, &part.sha256).await?;
            known &= seen.is_some();
        }
        self.known &= known;
        let digests: Vec<_> = facts.iter().map(|part| part.sha256.clone()).collect();
        let source = Source {
            container,
            digests: &digests,
            account: account_id,
            address: &account.account.url,
        };
        let mut items = importer.read(&source).map_err(failed)?;
        for item in items.by_ref() {
            match item.map_err(failed)? {
                Item::Refused(refused) => self.report.refuse(refused),
                // What a container held was decided when it first came: a post of it that is not there any more was
                // disposed of, and does not come back with the same file.
                Item::Post(parsed) if known => self.report.count(&parsed),
                Item::Post(parsed) => self.post(app, stage, container, *parsed).await?,
            }
        }
        let summary = items.summary();
        drop(items);
        self.report.close(&account.account.url, container, summary);
        self.report.containers.extend(facts);
        self.number += 1;
        Ok(())
    }

    /// The importer; all containers of an ingest must be of one format.
    fn importer_of(
        &mut self,
        container: &Container,
        format: Option<&str>,
    ) -> Result<&'static dyn Importer, PlatformError> {
        let importer = platform::importer_for(container, format)?;
        if let Some(first) = self
            .importer
            .filter(|first| first.name() != importer.name())
        {
            return Err(PlatformError::Expected {
                place: container.name().to_owned(),
                expected: format!(
                    "samma format som i den första filen ({}), inte {}; ta in filerna var för sig",
                    first.name(),
                    importer.name()
                ),
            });
        }
        self.importer = Some(importer);
        importer.name().clone_into(&mut self.report.format);
        importer.title().clone_into(&mut self.report.title);
        Ok(importer)
    }

    /// Takes in one post: new, a new version, or as before.
    async fn post(
        &mut self,
        app: &App,
        stage: &Stage,
        container: &Container,
        mut parsed: Parsed,
    ) -> Result<(), OpsError> {
        if !self.first_of_its_key(&parsed) {
            return Ok(());
        }
        let known = app.catalogue.post(&parsed.post.key).await?;
        if let Some(row) = known
            .as_ref()
            .filter(|row| parsed.post.same_version_as(&row.post))
        {
            self.seen.push(row.unit.clone());
            self.report.count(&parsed);
            return Ok(());
        }
        if self.units >= MOST {
            return Err(OpsError::Problem(format!(
                "filerna rymmer fler än {MOST} nya inlägg; ta in dem i flera omgångar"
            )));
        }
        self.units += 1;
        let unit = UnitNo(self.units);
        self.report.claimed += 1;
        self.report.parsed += 1;
        if known.is_some() {
            self.report.changed += 1;
        } else {
            self.report.added += 1;
            let published = parsed.post.posted_at.utc.map(Instant::stockholm_date);
            *self.months.entry(published.map(month_text)).or_default() += 1;
        }
        self.report.note_facts(&parsed);
        let class = if parsed.post.visibility.is_open() {
            AccessClass::Open
        } else {
            AccessClass::Protected
        };
        self.access.insert(unit, class);
        parsed.post.nonce = nonce()?;
        parsed.post.captured_at = Some(self.started);
        stage.write_json(unit, "item.json", &parsed.post)?;
        stage.write(unit, "original.json", &parsed.original)?;
        for media in &parsed.media {
            take_media(stage, container, unit, media)?;
        }
        Ok(())
    }

    /// Whether no post of this run has the key yet. The same post in another container is as before; anything else
    /// under one key is refused, for which of them holds cannot be told.
    fn first_of_its_key(&mut self, parsed: &Parsed) -> bool {
        let key = Sha256Hex::of(parsed.post.key.as_bytes()).start();
        let version = parsed.post.fingerprint().start();
        let number = self.number;
        let Some((first, of)) = self.keys.get(&key).copied() else {
            self.keys.insert(key, (version, number));
            return true;
        };
        if of != number && first == version {
            self.report.count(parsed);
            return false;
        }
        let evidence = parsed.post.evidence.first();
        let place = evidence.map_or_else(String::new, |evidence| {
            let member = evidence.member.as_deref().unwrap_or_default();
            format!("{member} {}", evidence.locator).trim().to_owned()
        });
        let reason = if of == number {
            "postens id står två gånger i filen; den första togs in"
        } else {
            "postens id står i en tidigare fil med annat innehåll; ta in en fil i taget, den äldsta först"
        };
        self.report.refuse(Refused {
            place,
            reason: reason.to_owned(),
        });
        false
    }

    fn ingest_json(&mut self) -> IngestJson {
        let report = &self.report;
        let version = self.importer.map_or("", |importer| importer.version());
        IngestJson {
            v: STORE_VERSION.to_owned(),
            containers: report.containers.clone(),
            format: report.format.clone(),
            format_version: report.format_version.clone(),
            parser: format!("{}/{version}", report.format),
            claimed: report.claimed,
            parsed: report.parsed,
            added: report.added,
            changed: report.changed,
            unchanged: report.unchanged,
            refused: report.refused.clone(),
            refused_unlisted: report.refused_unlisted,
            skipped: report.skipped.clone(),
            repairs: report.repairs,
            redactions: report.redactions,
            completeness: report.completeness,
            oldest: report.period.map(|(oldest, _)| oldest),
            seen: std::mem::take(&mut self.seen),
        }
    }

    fn describe(
        &mut self,
        account: &AccountRow,
        started: Instant,
        finished: Instant,
    ) -> CaptureJson {
        let version = self.importer.map_or("", |importer| importer.version());
        CaptureJson {
            v: STORE_VERSION.to_owned(),
            id: self.id.clone(),
            account: account.account.id.clone(),
            kind: CaptureKind::Ingest,
            snapshot_id: self.id.to_string(),
            started,
            finished,
            verdict: if self.report.refused.is_empty() {
                Verdict::Complete
            } else {
                Verdict::Partial
            },
            reasons: Vec::new(),
            counts: None,
            tools: BTreeMap::from([
                ("bevara".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
                (self.report.format.clone(), version.to_owned()),
            ]),
            access: std::mem::take(&mut self.access),
        }
    }
}

/// Opens the files: each as a container of its own, or all as one where the format says that they are parts of one
/// export.
fn open_all<'a>(
    files: &'a [PathBuf],
    stage: &Stage,
    format: Option<&str>,
) -> Result<Vec<(Container, &'a Path)>, OpsError> {
    let mut opened = Vec::new();
    let mut parts = false;
    for (path, number) in files.iter().zip(0..) {
        let scratch = scratch(stage, number)?;
        let container = Container::open(path, &scratch, Limits::default())
            .map_err(|error| platform_error(path, error))?;
        // A part may hold pictures only; that it is of no known format is told when it is read alone.
        parts |= platform::importer_for(&container, format).is_ok_and(Importer::parts);
        opened.push((container, path.as_path()));
    }
    let (true, Some(first)) = (parts && files.len() > 1, files.first()) else {
        return Ok(opened);
    };
    drop(opened);
    let scratch = scratch(stage, files.len())?;
    let whole = Container::open_parts(files, &scratch, Limits::default())
        .map_err(|error| platform_error(first, error))?;
    Ok(vec![(whole, first.as_path())])
}

fn scratch(stage: &Stage, number: usize) -> Result<PathBuf, OpsError> {
    let path = stage.dir().join(format!("scratch-{number}"));
    match std::fs::create_dir(&path) {
        Ok(()) => Ok(path),
        Err(source) => Err(OpsError::File { path, source }),
    }
}

/// 128 random bits: without them the digest of a short post could be guessed after its disposal.
fn nonce() -> Result<String, OpsError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::Random(error.to_string()))?;
    Ok(hex::encode(bytes))
}

/// Copies a file of the container into the unit; it must still be what the post says it is.
fn take_media(
    stage: &Stage,
    container: &Container,
    unit: UnitNo,
    media: &Media,
) -> Result<(), OpsError> {
    let place = PathBuf::from(container.place(media.member));
    let failed = |source| OpsError::File {
        path: place.clone(),
        source,
    };
    let mut reader = container
        .read(media.member)
        .map_err(|error| platform_error(&place, error))?;
    let path = stage.dir().join("media");
    let mut out = File::options()
        .write(true)
        .create_new(true)
        .open(&path)
        .map_err(failed)?;
    let mut stream = DigestStream::default();
    let mut piece = vec![0_u8; 256 * 1024];
    loop {
        let read = reader.read(&mut piece).map_err(failed)?;
        if read == 0 {
            break;
        }
        stream.update(&piece[..read]);
        out.write_all(&piece[..read]).map_err(failed)?;
    }
    if stream.finish().0.sha256 != media.sha256 {
        return Err(OpsError::Problem(format!(
            "{} ändrades medan den lästes; kör igen",
            place.display()
        )));
    }
    stage.adopt(&path, unit, &media.name)?;
    Ok(())
}

fn platform_error(path: &Path, error: PlatformError) -> OpsError {
    let kind = match &error {
        PlatformError::Io { .. } => ErrorKind::Environment,
        PlatformError::UnknownFormat { .. } => ErrorKind::Usage,
        PlatformError::Unsafe { .. }
        | PlatformError::Damaged { .. }
        | PlatformError::NotRecognised { .. }
        | PlatformError::PagesOnly { .. }
        | PlatformError::ArchivesOnly { .. }
        | PlatformError::Expected { .. } => ErrorKind::Problem,
    };
    OpsError::part(
        format!("inläggen i {} kunde inte tas in", path.display()),
        kind,
        error,
    )
}
