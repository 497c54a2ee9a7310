//! The log's writer: one entry a file, hash-chained, under an RFC 6962 root that a signed checkpoint states.
//! Entries are never rewritten; only `log/checkpoint` is.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::evidence::checkpoint;
use crate::evidence::merkle;
use crate::model::digest::DigestPair;
use crate::model::entry::{Actor, Body, Entry, EntryError, Sealed};
use crate::model::id::{AccountId, HolderId, RecordId, UnitRef};
use crate::model::time::Instant;
use crate::store::error::StoreError;
use crate::store::stage::{self, SealedStage};
use crate::store::{Store, durable, lock};

/// What the writer knows of the log, read once and kept up to date.
#[derive(Debug, Default)]
pub(crate) struct Head {
    tree: merkle::Tree,
    last: Option<(DigestPair, Instant)>,
    holders: BTreeSet<HolderId>,
    swept: bool,
}

/// The right to write, held as long as it lives.
#[derive(Debug)]
pub struct Writer<'a> {
    store: &'a mut Store,
    _lock: File,
}

/// The path of entry `seq` below the archive.
pub(crate) fn entry_path(root: &Path, seq: u64) -> PathBuf {
    root.join(format!("store/log/entries/{seq:09}.json"))
}

impl Store {
    /// Takes the writers' lock, reads what others have appended, and signs an entry that a crash left unsigned.
    pub fn lock(&mut self, wait: Duration) -> Result<Writer<'_>, StoreError> {
        let lock = lock::exclusive(&self.root.join("lock"), wait)?;
        self.read_new_entries()?;
        let mut writer = Writer {
            store: self,
            _lock: lock,
        };
        writer.finish_interrupted()?;
        Ok(writer)
    }

    fn read_new_entries(&mut self) -> Result<(), StoreError> {
        loop {
            let seq = self.head.tree.size();
            let path = entry_path(&self.root, seq);
            let bytes = match fs::read(&path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
                Err(source) => return Err(StoreError::io(&path, source)),
            };
            let entry =
                Entry::from_bytes(&bytes).map_err(|source| StoreError::Entry { seq, source })?;
            let expected = self
                .head
                .last
                .as_ref()
                .map_or_else(DigestPair::zero, |(digests, _)| digests.clone());
            if entry.seq != seq || entry.prev != expected {
                return Err(StoreError::Chain { seq });
            }
            self.head.take_in(&entry, &bytes);
        }
    }
}

impl Head {
    fn take_in(&mut self, entry: &Entry, bytes: &[u8]) {
        self.tree.push(bytes);
        self.last = Some((DigestPair::of(bytes), entry.time));
        if let Some((holder, _, _)) = entry.body.as_ref().and_then(Body::holder) {
            self.holders.insert(holder);
        }
    }
}

impl Writer<'_> {
    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.store.head.tree.size()
    }

    /// Time of the last entry.
    pub fn last_time(&self) -> Option<Instant> {
        self.store.head.last.as_ref().map(|(_, time)| *time)
    }

    /// Appends an entry and signs the new checkpoint.
    pub fn append(
        &mut self,
        body: Body,
        actor: &Actor,
        time: Instant,
    ) -> Result<Entry, StoreError> {
        let seq = self.size();
        let prev = match &self.store.head.last {
            Some((_, last)) if time < *last => {
                return Err(StoreError::Backdated {
                    given: time,
                    last: *last,
                });
            }
            Some((digests, _)) => digests.clone(),
            None => DigestPair::zero(),
        };
        let kind = body.kind().to_owned();
        let entry = Entry {
            seq,
            time,
            actor: actor.clone(),
            prev,
            body: Some(body),
            kind,
        };
        let bytes = entry
            .to_bytes()
            .map_err(|source| StoreError::Entry { seq, source })?;
        // What is written must read back as itself, or no reader could ever verify it.
        let read_back =
            Entry::from_bytes(&bytes).map_err(|source| StoreError::Entry { seq, source })?;
        if read_back != entry {
            return Err(StoreError::Entry {
                seq,
                source: EntryError::Form,
            });
        }
        durable::write_new(&entry_path(&self.store.root, seq), &bytes)?;
        self.store.head.take_in(&entry, &bytes);
        self.sign_checkpoint()?;
        Ok(entry)
    }

    /// Renames a sealed capture or record into the store and appends the entry that makes it exist.
    pub fn commit(
        &mut self,
        (holder, account): (&HolderId, Option<&AccountId>),
        stage: SealedStage,
        (actor, time): (&Actor, Instant),
        body: impl FnOnce(Sealed) -> Body,
    ) -> Result<Entry, StoreError> {
        if let Some(last) = self.last_time().filter(|last| time < *last) {
            return Err(StoreError::Backdated { given: time, last });
        }
        let dir = self.store.holder_dir(holder, account)?;
        let sealed = stage.publish(&dir)?;
        self.append(body(sealed), actor, time)
    }

    /// Moves the units of an appended disposal entry out of the store into `staging/disposal-<plan>/`.
    pub fn take_out(
        &mut self,
        plan: &RecordId,
        units: &[(UnitRef, Option<AccountId>)],
    ) -> Result<(), StoreError> {
        for (unit, account) in units {
            let from = self
                .store
                .holder_dir(&unit.holder, account.as_ref())?
                .join(format!("units/{}", unit.unit));
            if from.exists() {
                let to = self
                    .store
                    .disposal_dir(plan)
                    .join(format!("{}-{}", unit.holder, unit.unit));
                durable::rename_new(&from, &to)?;
            }
        }
        Ok(())
    }

    fn sign_checkpoint(&self) -> Result<(), StoreError> {
        let key = self.store.key()?;
        let note = checkpoint::sign(
            &self.store.origin,
            self.size(),
            &self.store.head.tree.root(),
            &key,
        );
        durable::replace(
            &self.store.root.join("store/log/checkpoint"),
            note.as_bytes(),
        )
    }

    /// Signs what a crash left unsigned, and once per process sweeps half-done work of jobs that are gone.
    fn finish_interrupted(&mut self) -> Result<(), StoreError> {
        if self.size() > 0 && self.signed_size()? < self.size() {
            self.sign_checkpoint()?;
        }
        if !self.store.head.swept {
            self.sweep_uncommitted()?;
            stage::sweep(&self.store.root.join("staging"))?;
            self.store.head.swept = true;
        }
        Ok(())
    }

    fn signed_size(&self) -> Result<u64, StoreError> {
        let path = self.store.root.join("store/log/checkpoint");
        match fs::read_to_string(&path) {
            Ok(note) => Ok(checkpoint::parse(&note).map_or(0, |checkpoint| checkpoint.size)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
            Err(source) => Err(StoreError::io(&path, source)),
        }
    }

    /// Removes directories and temporary files that no entry knows: a crash came between rename and log entry.
    fn sweep_uncommitted(&self) -> Result<(), StoreError> {
        let store = self.store.root.join("store");
        let mut holders = directories(&store.join("records"))?;
        for account in directories(&store.join("captures"))? {
            holders.extend(directories(&account)?);
        }
        for dir in holders {
            let id = dir
                .file_name()
                .and_then(|name| name.to_str())
                .and_then(|name| name.parse::<HolderId>().ok());
            if let Some(id) = id.filter(|id| !self.store.head.holders.contains(id)) {
                tracing::warn!(holder = %id, "swept a directory without a log entry");
                durable::remove_dir(&dir)?;
            }
        }
        for place in ["log", "log/entries", "keys", "policies"] {
            for path in list(&store.join(place))? {
                if path
                    .to_str()
                    .is_some_and(|text| text.ends_with(durable::TEMPORARY))
                {
                    durable::remove_file(&path)?;
                }
            }
        }
        Ok(())
    }
}

fn directories(dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    Ok(list(dir)?
        .into_iter()
        .filter(|path| path.is_dir())
        .collect())
}

fn list(dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(|source| StoreError::io(dir, source))? {
        paths.push(entry.map_err(|source| StoreError::io(dir, source))?.path());
    }
    paths.sort();
    Ok(paths)
}
