//! `export`: a package for the kommunarkiv. What goes in is decided by the policy's outcome, the access class and the
//! period; what stays out is listed with its reason. The package is verified before it gets its name.

mod select;
pub(in crate::ops) mod target;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::app::{App, record_json};
use crate::archive::View;
use crate::evidence::codes::Class;
use crate::evidence::history::{History, entry_path};
use crate::evidence::manifest;
use crate::evidence::report::Hit;
use crate::evidence::scope::{self, Scope, ScopeAccount, Withheld, WithheldReason};
use crate::evidence::seal::Seal;
use crate::model::digest::{DigestPair, Sha256Hex};
use crate::model::entry::{Actor, Body};
use crate::model::id::{Alias, ArchiveId, CaptureId, HolderId, PersonId, RecordId, UnitNo};
use crate::model::json;
use crate::model::person::Role;
use crate::model::record::RecordKind;
use crate::ops::error::{ErrorKind, OpsError};
use crate::ops::export::select::{Holding, Selection};
use crate::ops::export::target::Target;
use crate::ops::hold::given;
use crate::ops::person::acting;
use crate::ops::verify::{self, MOST, Request, absent};
use crate::package::bagit;
use crate::package::verifiera::{self, Facts};
use crate::store::read;

/// How often an export begins again because others wrote meanwhile.
const TRIES: u32 = 3;

/// What to export.
#[derive(Clone, Debug)]
pub struct ExportOrder {
    /// Accounts by alias; empty means all.
    pub accounts: Vec<Alias>,
    /// First day; `None` from the beginning.
    pub from: Option<NaiveDate>,
    /// Last day; `None` to the end.
    pub to: Option<NaiveDate>,
    /// Why protected units go in as well; `None` leaves them out.
    pub protected: Option<String>,
    /// The package's directory, which must not exist.
    pub out: PathBuf,
}

/// What was exported.
#[derive(Clone, Debug)]
pub struct Exported {
    /// The export's record.
    pub export: RecordId,
    /// Files in the package.
    pub files: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// SHA-256 of `SEAL.txt`.
    pub seal: Sha256Hex,
    /// The text of `SEAL.txt`.
    pub seal_text: String,
    /// Captures and ingests handed over.
    pub captures: usize,
    /// Records carried.
    pub records: usize,
    /// Units left out, by reason.
    pub withheld: BTreeMap<WithheldReason, u64>,
    /// Whether it is a test delivery.
    pub test: bool,
    /// What the check of the package found.
    pub findings: Vec<Hit>,
}

/// Makes a BagIt package.
pub async fn export(app: &mut App, order: &ExportOrder) -> Result<Exported, OpsError> {
    let by = acting(app, Role::may_administer, "exportera").await?;
    if let Some(reason) = &order.protected {
        given(reason, "--protected")?;
    }
    if let (Some(from), Some(to)) = (order.from, order.to)
        && from > to
    {
        return Err(OpsError::usage(
            format!("the period ends ({to}) before it begins ({from})"),
            "give --from and --to in order",
        ));
    }
    target::check(&order.out, app.store.root())?;
    for _ in 0..TRIES {
        if let Some(done) = attempt(app, order, &by).await? {
            return Ok(done);
        }
    }
    Err(OpsError::Store(crate::store::error::StoreError::Locked {
        seconds: 0,
    }))
}

/// One attempt; `None` when somebody wrote in the archive meanwhile.
async fn attempt(
    app: &mut App,
    order: &ExportOrder,
    by: &PersonId,
) -> Result<Option<Exported>, OpsError> {
    // Signs what a crash left unsigned, so that the checkpoint states this very size.
    let log_size = app.begin().await?.log_size();
    let history = read_log(app.store.root(), log_size)?;
    let id = RecordId::new(app.now());
    let selection = select::select(app, order, &history).await?;
    let scope = scope_of(app, order, (&id, log_size), &selection)?;
    let scope_bytes = document(json::to_line(&scope))?;
    let mut target = Target::create(&order.out, id.as_str())?;
    fill(app, &mut target, &history, &selection)?;
    target.bytes("metadata/scope.json", scope_bytes.as_bytes())?;
    let carried: BTreeSet<HolderId> = selection
        .holdings
        .iter()
        .map(|one| one.holder.id.clone())
        .collect();
    let units = selection.withheld.keys().cloned().collect();
    target.bytes(
        "metadata/absent.txt",
        absent(&history, &carried, &units).as_bytes(),
    )?;
    let seal = close(app, order, (&mut target, &id), (&history, log_size))?;
    let findings = checked(app, target.dir())?;

    let stage = app.store.stage("export")?;
    stage.write(UnitNo(0), "scope.json", scope_bytes.as_bytes())?;
    let sealed = stage.seal("record", &record_json(&id, RecordKind::Export, app.now()))?;
    let pair = DigestPair::of(seal.as_bytes());
    let (files, bytes) = target.size();
    let mut session = app.begin().await?;
    if session.log_size() != log_size {
        return Ok(None);
    }
    let published = target.publish()?;
    let (export, seal_pair) = (id.clone(), pair.clone());
    // G3 rests on these: what is only described in the package was not handed over.
    let captures = delivered(&selection);
    let delivered = captures.len();
    let actor = Actor::Person(by.clone());
    session
        .commit_record(&id, sealed, &actor, |sealed| Body::Export {
            export,
            seal_sha256: seal_pair.sha256,
            seal_sha512: seal_pair.sha512,
            log_size,
            captures,
            sealed,
        })
        .await?;
    published.keep();
    let mut withheld = BTreeMap::new();
    for one in &scope.withheld {
        *withheld.entry(one.reason).or_insert(0) += 1;
    }
    Ok(Some(Exported {
        export: id,
        files,
        bytes,
        seal: pair.sha256,
        seal_text: seal,
        captures: delivered,
        records: scope.records.len(),
        withheld,
        test: scope.test,
        findings,
    }))
}

/// The captures and ingests that are handed over, sorted.
fn delivered(selection: &Selection) -> Vec<CaptureId> {
    let holdings = selection.holdings.iter().filter(|one| one.delivered);
    let mut captures: Vec<CaptureId> = holdings
        .filter_map(|holding| match &holding.holder.id {
            HolderId::Capture(id) => Some(id.clone()),
            HolderId::Record(_) => None,
        })
        .collect();
    captures.sort();
    captures
}

/// The first `size` entries. An export of a log that does not hang together would only spread the damage.
fn read_log(root: &Path, size: u64) -> Result<History, OpsError> {
    let mut history = History::default();
    for seq in 0..size {
        let bytes = read::entry(root, seq)?
            .ok_or_else(|| OpsError::Problem(format!("log entry {seq} is missing; run verify")))?;
        if let Some(hit) = history
            .take_in(&bytes, "store/")
            .into_iter()
            .find(|hit| hit.severity == crate::model::finding::Severity::Error)
        {
            return Err(OpsError::Problem(format!("{}: {}", hit.path, hit.message)));
        }
    }
    Ok(history)
}

fn scope_of(
    app: &App,
    order: &ExportOrder,
    (id, log_size): (&RecordId, u64),
    selection: &Selection,
) -> Result<Scope, OpsError> {
    let archive: ArchiveId = app
        .archive_id()
        .parse()
        .map_err(|error| OpsError::Problem(format!("the genesis entry: {error}")))?;
    let mut captures = Vec::new();
    let mut records = Vec::new();
    for holding in &selection.holdings {
        match &holding.holder.id {
            HolderId::Capture(id) => captures.push(id.clone()),
            HolderId::Record(id) => records.push(id.clone()),
        }
    }
    captures.sort();
    records.sort();
    let accounts = selection.accounts.iter().map(|row| ScopeAccount {
        id: row.account.id.clone(),
        alias: row.account.alias.clone(),
    });
    let withheld = selection.withheld.iter().map(|(unit, reason)| Withheld {
        unit: unit.clone(),
        reason: *reason,
    });
    Ok(Scope {
        schema: scope::SCHEMA.to_owned(),
        archive,
        export: id.clone(),
        test: app.genesis().test,
        log_size,
        accounts: accounts.collect(),
        from: order.from,
        to: order.to,
        protected: order.protected.clone(),
        captures,
        records,
        withheld: withheld.collect(),
    })
}

/// Copies everything that the selection carries, and the log, keys and policies.
fn fill(
    app: &App,
    target: &mut Target,
    history: &History,
    selection: &Selection,
) -> Result<(), OpsError> {
    let view = View::open(app.store.root()).map_err(|error| {
        OpsError::part("cannot read the archive", ErrorKind::Environment, error)
    })?;
    for seq in 0..history.size() {
        target.copy(&view, &entry_path(seq))?;
    }
    for name in ["log/checkpoint", "keys/log.pub.pem", "keys/log.vkey"] {
        target.copy(&view, name)?;
    }
    for digest in &history.policies {
        target.copy(&view, &format!("policies/{digest}.toml"))?;
    }
    for holding in &selection.holdings {
        copy_holding(target, &view, holding)?;
    }
    Ok(())
}

fn copy_holding(target: &mut Target, view: &View, holding: &Holding) -> Result<(), OpsError> {
    let dir = holding.holder.dir();
    for name in holding.holder.permanent() {
        target.copy(view, &format!("{dir}/{name}"))?;
    }
    for unit in &holding.units {
        let unit_dir = format!("{dir}/units/{unit}");
        let path = format!("{}{unit_dir}/unit.sha256", view.data());
        let bytes = view
            .read(&path, MOST)
            .map_err(|error| OpsError::Problem(format!("{path}: {error}; run verify")))?;
        let lines = manifest::parse(&bytes, 64)
            .map_err(|error| OpsError::Problem(format!("{path}: {error}; run verify")))?;
        for name in ["unit.sha256", "unit.sha512"] {
            target.copy(view, &format!("{unit_dir}/{name}"))?;
        }
        for line in lines {
            target.copy(view, &format!("{unit_dir}/{}", line.path))?;
        }
    }
    Ok(())
}

/// Writes the bag's own files, the seal and the texts beside the bag; returns the seal's text.
fn close(
    app: &App,
    order: &ExportOrder,
    (target, id): (&mut Target, &RecordId),
    (history, log_size): (&History, u64),
) -> Result<String, OpsError> {
    let genesis = app.genesis();
    let day = app.now().stockholm_date().to_string();
    let mut elements = vec![
        ("Source-Organization", genesis.name.clone()),
        ("Organization-Number", genesis.org_nr.clone()),
        ("External-Identifier", format!("{}/{id}", genesis.archive)),
        (
            "External-Description",
            "Ögonblicksbilder och inlägg från sociala medier".to_owned(),
        ),
        ("Bagging-Date", day.clone()),
        ("Payload-Oxum", target.oxum()),
        (
            "Bag-Software-Agent",
            concat!("bevara ", env!("CARGO_PKG_VERSION")).to_owned(),
        ),
    ];
    if genesis.test {
        let test = "PROVARKIV: provleverans (RECORDSTATUS=TEST), inga allmänna handlingar";
        elements.push(("Internal-Sender-Description", test.to_owned()));
        elements.push(("Record-Status", "TEST".to_owned()));
    }
    if order.protected.is_some() {
        let note = "Paketet bär skyddade uppgifter: de lämnas ut först efter prövning";
        elements.push(("Internal-Sender-Description", note.to_owned()));
    }
    let tags = target.close_bag(&bagit::info(&elements))?;
    let (Some(root), Some(head)) = (history.root(log_size), &history.head) else {
        return Err(OpsError::Problem("the log is empty".to_owned()));
    };
    let seal = Seal {
        origin: genesis.origin.clone(),
        size: log_size,
        root_sha256: Sha256Hex::from_raw(&root),
        head_sha512: head.sha512.clone(),
        tagmanifest_sha256: tags[0].sha256.clone(),
        tagmanifest_sha512: tags[1].sha512.clone(),
    }
    .render();
    let signature = app.store.sign(seal.as_bytes())?;
    let key = app.store.root().join("store/keys/log.pub.pem");
    let pem = std::fs::read(&key).map_err(|source| OpsError::File { path: key, source })?;
    let text = verifiera::text(&Facts {
        municipality: &genesis.name,
        origin: &genesis.origin,
        day,
        test: genesis.test,
    });
    target.beside("SEAL.txt", seal.as_bytes())?;
    target.beside("SEAL.sig", &signature)?;
    target.beside("log.pub.pem", &pem)?;
    target.beside("VERIFIERA.txt", text.as_bytes())?;
    target.beside(
        "AUDIT.md",
        include_bytes!("../../docs/verify-without-bevara.md"),
    )?;
    Ok(seal)
}

/// Verifies the package before it gets its name: damage in the archive never leaves it unnoticed.
fn checked(app: &App, dir: &Path) -> Result<Vec<Hit>, OpsError> {
    let report = verify::verify(&Request {
        path: dir.to_owned(),
        level: 3,
        subset: None,
        expected: None,
        prove: None,
        as_of: None,
        now: app.now(),
        threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    })?;
    let classes = report.classes();
    if classes.contains(&Class::Problem) || classes.contains(&Class::CouldNotFinish) {
        let first = report
            .hits
            .iter()
            .find(|hit| hit.severity == crate::model::finding::Severity::Error)
            .map_or_else(String::new, |hit| {
                format!("{} {}: {}", hit.code, hit.path, hit.message)
            });
        return Err(OpsError::Problem(format!(
            "the package does not verify, so nothing was exported; run verify on the archive ({first})"
        )));
    }
    Ok(report.hits)
}

fn document<T>(result: Result<T, json::JsonError>) -> Result<T, OpsError> {
    result.map_err(|source| OpsError::Document {
        path: "scope.json".to_owned(),
        source,
    })
}
