//! What every operation works with: configuration, clock, store and catalogue, opened once. [`Session`] is the right to
//! write: lock held, catalogue up to date, time checked.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::catalogue::{Catalogue, CatalogueError, ReadUnit};
use crate::clock::Clock;
use crate::config::{self, Config, ConfigError, Fault};
use crate::model::entry::{Actor, Body, Entry, EntryError, Sealed};
use crate::model::id::{AccountId, HolderId, PersonId, RecordId, UnitNo, UnitRef};
use crate::model::record::{RecordJson, RecordKind, STORE_VERSION};
use crate::model::time::Instant;
use crate::store::error::StoreError;
use crate::store::fault;
use crate::store::lock;
use crate::store::log::Writer;
use crate::store::stage::SealedStage;
use crate::store::{Store, read};

/// An open archive.
#[derive(Debug)]
pub struct App {
    /// `bevara.toml`.
    pub config: Config,
    /// Where the time comes from.
    pub clock: Clock,
    /// The person named with `--as`.
    pub person: Option<String>,
    /// The writer.
    pub store: Store,
    /// The index over the store.
    pub catalogue: Catalogue,
    genesis: Genesis,
    _in_use: File,
}

/// What the first log entry says.
#[derive(Clone, Debug)]
pub struct Genesis {
    /// The archive's id.
    pub archive: String,
    /// The municipality's name.
    pub name: String,
    /// Its organisation number.
    pub org_nr: String,
    /// The log's origin name.
    pub origin: String,
    /// Whether it is a test archive (PROVARKIV).
    pub test: bool,
}

/// Why an archive could not be opened or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The catalogue.
    #[error("failed to use the catalogue")]
    Catalogue(#[from] CatalogueError),
    /// A log entry cannot be read.
    #[error("log entry {seq} cannot be read")]
    Entry {
        /// Its number.
        seq: u64,
        /// What is wrong.
        source: EntryError,
    },
    /// The first entry is missing or no genesis.
    #[error("the log has no genesis entry")]
    NoGenesis,
    /// `--as-of` on a verb that writes, in a real archive.
    #[error("--as-of cannot be used to write in a real archive: nobody may move the clock")]
    ClockMoved,
    /// The time lies before the last entry.
    #[error("the time {now} lies before the log's last entry ({last})")]
    BehindLog {
        /// The time.
        now: Instant,
        /// The last entry's.
        last: Instant,
        /// Whether it was given with `--as-of`.
        given: bool,
    },
}

impl App {
    /// Opens the archive at `dir` and brings the catalogue up to date with the log.
    pub async fn open(dir: &Path, clock: Clock, person: Option<&str>) -> Result<Self, AppError> {
        let mut store = Store::open(dir)?;
        let config = Config::load(dir)?;
        let genesis = read_genesis(&store)?;
        let in_use = store.use_catalogue()?;
        let catalogue = Catalogue::connect(&catalogue_url(&config, dir)).await?;
        if !catalogue.is_current().await? {
            let _writer = store.lock(lock::WAIT)?;
            catalogue.migrate().await?;
        }
        let mut app = Self {
            config,
            clock,
            person: person.map(str::to_owned),
            store,
            catalogue,
            genesis,
            _in_use: in_use,
        };
        app.catch_up().await?;
        Ok(app)
    }

    /// The archive's id.
    pub fn archive_id(&self) -> String {
        self.genesis.archive.clone()
    }

    /// What the first log entry says.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The time now.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Applies log entries that the catalogue has not seen.
    pub async fn catch_up(&mut self) -> Result<(), AppError> {
        catch_up(&self.store, &self.catalogue).await
    }

    /// Takes the lock, brings the catalogue up to date and checks the time. Everything decided after this holds until
    /// the session ends.
    pub async fn begin(&mut self) -> Result<Session<'_>, AppError> {
        if self.clock.is_given() && !self.genesis.test {
            return Err(AppError::ClockMoved);
        }
        let root = self.store.root().to_owned();
        let writer = self.store.lock(lock::WAIT)?;
        // Asked once the lock is held: while waiting for it another writer may have gone on.
        let now = self.clock.now();
        catch_up_at(&root, &self.catalogue).await?;
        if let Some(last) = writer.last_time().filter(|last| now < *last) {
            return Err(AppError::BehindLog {
                now,
                last,
                given: self.clock.is_given(),
            });
        }
        Ok(Session {
            writer,
            catalogue: &self.catalogue,
            root,
            time: now,
        })
    }
}

/// The right to write.
#[derive(Debug)]
pub struct Session<'a> {
    writer: Writer<'a>,
    /// The index over the store, as of the last entry.
    pub catalogue: &'a Catalogue,
    root: PathBuf,
    time: Instant,
}

impl Session<'_> {
    /// The time of everything written in this session.
    pub fn time(&self) -> Instant {
        self.time
    }

    /// Number of log entries.
    pub fn log_size(&self) -> u64 {
        self.writer.size()
    }

    /// Appends an entry and applies it to the catalogue.
    pub async fn append(&mut self, body: Body, actor: &Actor) -> Result<Entry, AppError> {
        let entry = self.writer.append(body, actor, self.time)?;
        self.apply(&entry).await?;
        Ok(entry)
    }

    /// Publishes a sealed capture or record with the entry that makes it exist, and applies it to the catalogue.
    pub async fn commit(
        &mut self,
        holder: (&HolderId, Option<&AccountId>),
        stage: SealedStage,
        actor: &Actor,
        body: impl FnOnce(Sealed) -> Body,
    ) -> Result<Entry, AppError> {
        let entry = self
            .writer
            .commit(holder, stage, (actor, self.time), body)?;
        self.apply(&entry).await?;
        Ok(entry)
    }

    /// Publishes a sealed record.
    pub async fn commit_record(
        &mut self,
        record: &RecordId,
        stage: SealedStage,
        actor: &Actor,
        body: impl FnOnce(Sealed) -> Body,
    ) -> Result<Entry, AppError> {
        self.commit(
            (&HolderId::Record(record.clone()), None),
            stage,
            actor,
            body,
        )
        .await
    }

    /// Appends a disposal entry, moves its units out of the store, and removes them from the catalogue.
    pub async fn dispose(
        &mut self,
        plan: &RecordId,
        body: Body,
        units: &[(UnitRef, Option<AccountId>)],
        actor: &Actor,
    ) -> Result<Entry, AppError> {
        let entry = self.writer.append(body, actor, self.time)?;
        self.writer.take_out(plan, units)?;
        self.apply(&entry).await?;
        Ok(entry)
    }

    /// Moves out units whose disposal entry a crash had left unfinished.
    pub fn finish_disposal(
        &mut self,
        plan: &RecordId,
        units: &[(UnitRef, Option<AccountId>)],
    ) -> Result<(), AppError> {
        Ok(self.writer.take_out(plan, units)?)
    }

    async fn apply(&self, entry: &Entry) -> Result<(), AppError> {
        apply(&self.root, self.catalogue, entry).await
    }
}

/// Arms the fault that a test ordered; nothing in a release build.
pub fn arm_faults() {
    match config::fault() {
        Some(Fault::Kill(number)) => fault::arm(fault::Kind::Kill, number),
        Some(Fault::Full(number)) => fault::arm(fault::Kind::Full, number),
        Some(Fault::Broken(number)) => fault::arm(fault::Kind::Broken, number),
        Some(Fault::Count) => fault::arm(fault::Kind::Count, 0),
        None => {}
    }
}

/// Says how many durable operations there were, where a test wants to know.
pub fn tell_faults() {
    if config::fault() == Some(Fault::Count) {
        tracing::warn!("durable operations: {}", fault::counted());
    }
}

/// The description of a new record.
pub fn record_json(id: &RecordId, kind: RecordKind, created: Instant) -> RecordJson {
    let tools = std::collections::BTreeMap::from([(
        "bevara".to_owned(),
        env!("CARGO_PKG_VERSION").to_owned(),
    )]);
    RecordJson {
        v: STORE_VERSION.to_owned(),
        id: id.clone(),
        kind,
        created,
        tools,
    }
}

/// The id of the person who acts, or the system.
pub fn actor(person: Option<&PersonId>) -> Actor {
    person.map_or(Actor::System, |person| Actor::Person(person.clone()))
}

/// Where the catalogue lies.
pub fn catalogue_url(config: &Config, dir: &Path) -> String {
    match &config.catalogue.url {
        Some(url) => url.clone(),
        None => sqlite_url(&dir.join("catalogue.db")),
    }
}

/// The address of an SQLite file; the characters that end a path in an address are escaped.
pub(crate) fn sqlite_url(file: &Path) -> String {
    let path = file.display().to_string();
    let path = path
        .replace('%', "%25")
        .replace('?', "%3F")
        .replace('#', "%23");
    format!("sqlite://{path}")
}

/// The file of the catalogue; `None` where it is a server's.
pub(crate) fn catalogue_file(config: &Config, dir: &Path) -> Option<PathBuf> {
    let Some(url) = &config.catalogue.url else {
        return Some(dir.join("catalogue.db"));
    };
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let path = path
        .replace("%3F", "?")
        .replace("%23", "#")
        .replace("%25", "%");
    Some(PathBuf::from(path))
}

async fn catch_up(store: &Store, catalogue: &Catalogue) -> Result<(), AppError> {
    catch_up_at(store.root(), catalogue).await
}

pub(crate) async fn catch_up_at(root: &Path, catalogue: &Catalogue) -> Result<(), AppError> {
    loop {
        let seq = catalogue.log_size().await?;
        let Some(entry) = entry_at(root, seq)? else {
            return Ok(());
        };
        apply(root, catalogue, &entry).await?;
    }
}

async fn apply(root: &Path, catalogue: &Catalogue, entry: &Entry) -> Result<(), AppError> {
    Ok(catalogue.apply(entry, &mut *unit_reader(root)).await?)
}

/// Fills a catalogue anew from the log and the units; returns the number of entries.
pub(crate) async fn rebuild(root: &Path, catalogue: &Catalogue) -> Result<u64, AppError> {
    let mut next = |seq| entry_at(root, seq);
    catalogue.rebuild(&mut next, &mut *unit_reader(root)).await
}

fn entry_at(root: &Path, seq: u64) -> Result<Option<Entry>, AppError> {
    let Some(bytes) = read::entry(root, seq)? else {
        return Ok(None);
    };
    match Entry::from_bytes(&bytes) {
        Ok(entry) => Ok(Some(entry)),
        Err(source) => Err(AppError::Entry { seq, source }),
    }
}

fn unit_reader(root: &Path) -> Box<ReadUnit<'static>> {
    let root = root.to_owned();
    Box::new(
        move |holder: &HolderId, account: Option<&AccountId>, unit: Option<UnitNo>, file: &str| {
            match unit {
                Some(unit) => read::unit_file(&root, (holder, account), unit, file),
                None => read::holder_file(&root, (holder, account), file),
            }
        },
    )
}

pub(crate) fn read_genesis(store: &Store) -> Result<Genesis, AppError> {
    let bytes = read::entry(store.root(), 0)?.ok_or(AppError::NoGenesis)?;
    let entry = Entry::from_bytes(&bytes).map_err(|source| AppError::Entry { seq: 0, source })?;
    let Some(Body::Genesis {
        archive,
        name,
        org_nr,
        origin,
        test,
        ..
    }) = entry.body
    else {
        return Err(AppError::NoGenesis);
    };
    Ok(Genesis {
        archive: archive.to_string(),
        name,
        org_nr,
        origin,
        test,
    })
}
