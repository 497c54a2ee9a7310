//! The birth of an archive. Until [`Founding::finish`] renames the configuration to its name, the directory is no archive;
//! what an interrupted attempt left behind is known by the file of that configuration and cleared by the next.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::evidence::keys;
use crate::model::entry::{Actor, Body};
use crate::model::time::Instant;
use crate::store::error::StoreError;
use crate::store::log::Head;
use crate::store::{DECLARATION, DECLARATION_NAME, Store, durable, lock};

/// The configuration of an archive that is not there yet.
const UNFINISHED: &str = "bevara.toml.init";
/// The configuration of an archive.
const CONFIG: &str = "bevara.toml";
/// Everything that founding makes beside [`UNFINISHED`].
const MADE: [&str; 4] = ["lock", "secrets", "staging", "store"];

/// What a new archive is made from.
#[derive(Debug)]
pub struct NewArchive<'a> {
    /// Text of `bevara.toml`.
    pub config: &'a str,
    /// The genesis entry's body; its `vkey` is filled in here.
    pub genesis: Body,
    /// The log's origin name.
    pub origin: &'a str,
    /// Who makes it.
    pub actor: Actor,
    /// When.
    pub time: Instant,
}

/// An archive that is being made: its store can be written, and nobody can open it yet.
#[derive(Debug)]
pub struct Founding {
    store: Store,
    _lock: File,
}

impl Founding {
    /// Prepares an archive in `root`, which must not exist, be empty, or hold an attempt that was interrupted: store,
    /// signing key and genesis entry.
    pub fn begin(root: &Path, new: NewArchive<'_>) -> Result<Self, StoreError> {
        durable::create_dirs(root)?;
        let Some(lock) = lock::try_directory(root)? else {
            return Err(StoreError::Locked { seconds: 0 });
        };
        clear_interrupted(root)?;
        durable::write_new(&root.join(UNFINISHED), new.config.as_bytes())?;
        for directory in [
            "secrets",
            "staging",
            "store",
            "store/captures",
            "store/keys",
            "store/log",
            "store/log/entries",
            "store/policies",
            "store/records",
        ] {
            durable::create_dirs(&root.join(directory))?;
        }
        let vkey = write_keys(root, new.origin)?;
        durable::write_new(
            &root.join("store/SPEC.md"),
            include_bytes!("../../docs/format/store.md"),
        )?;
        durable::write_new(
            &root.join("store/AUDIT.md"),
            include_bytes!("../../docs/verify-without-bevara.md"),
        )?;
        durable::write_new(&root.join("lock"), b"")?;
        durable::write_new(
            &root.join("store").join(DECLARATION_NAME),
            DECLARATION.as_bytes(),
        )?;
        let mut genesis = new.genesis;
        if let Body::Genesis { vkey: slot, .. } = &mut genesis {
            *slot = vkey;
        }
        let mut store = Store {
            root: root.to_owned(),
            origin: new.origin.to_owned(),
            head: Head::default(),
        };
        store
            .lock(lock::WAIT)?
            .append(genesis, &new.actor, new.time)?;
        Ok(Self { store, _lock: lock })
    }

    /// The store, for the entries that belong to the birth.
    pub fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    /// Makes the directory an archive.
    pub fn finish(self) -> Result<Store, StoreError> {
        let root = &self.store.root;
        durable::rename_new(&root.join(UNFINISHED), &root.join(CONFIG))?;
        Ok(self.store)
    }
}

impl Store {
    /// Makes a new archive with nothing but its genesis entry in `root`.
    pub fn create(root: &Path, new: NewArchive<'_>) -> Result<Self, StoreError> {
        Founding::begin(root, new)?.finish()
    }
}

/// The signing key, and its public half in both forms; returns the verifier key.
fn write_keys(root: &Path, origin: &str) -> Result<String, StoreError> {
    durable::restrict_dir(&root.join("secrets"))?;
    let pair = keys::generate().map_err(StoreError::Key)?;
    let pem = keys::to_pem(&pair).map_err(StoreError::Key)?;
    durable::write_secret(&root.join("secrets/log.key.pem"), pem.as_bytes())?;
    let vkey = keys::vkey(origin, &pair.verifying_key());
    let public = keys::public_pem(&pair.verifying_key()).map_err(StoreError::Key)?;
    durable::write_new(&root.join("store/keys/log.pub.pem"), public.as_bytes())?;
    durable::write_new(
        &root.join("store/keys/log.vkey"),
        format!("{vkey}\n").as_bytes(),
    )?;
    Ok(vkey)
}

/// Refuses a directory that holds anything but the leavings of an interrupted attempt, and clears those. The file that
/// tells them goes last, so that a crash in between is told as well.
fn clear_interrupted(root: &Path) -> Result<(), StoreError> {
    let temporary = format!("{UNFINISHED}{}", durable::TEMPORARY);
    let half_lock = format!("lock{}", durable::TEMPORARY);
    let marks = [half_lock.as_str(), &temporary, UNFINISHED];
    let known: Vec<&str> = MADE.into_iter().chain(marks).collect();
    let names = names(root)?;
    let is_attempt = names
        .iter()
        .any(|name| name == UNFINISHED || *name == temporary);
    let strange = names.iter().any(|name| !known.contains(&name.as_str()));
    if names.is_empty() {
        return Ok(());
    }
    if strange || !is_attempt {
        return Err(StoreError::NotEmpty {
            path: root.to_owned(),
        });
    }
    for name in known {
        let path: PathBuf = root.join(name);
        if path.is_dir() {
            durable::remove_dir(&path)?;
        } else if path.exists() {
            durable::remove_file(&path)?;
        }
    }
    Ok(())
}

/// The names in a directory; one that is not UTF-8 is shown with replacement characters and is never ours.
fn names(dir: &Path) -> Result<Vec<String>, StoreError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(|source| StoreError::io(dir, source))? {
        let entry = entry.map_err(|source| StoreError::io(dir, source))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}
