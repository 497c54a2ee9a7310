//! Staging: a capture or record is built in a folder of its own, sealed there, and renamed into the store as a whole.
//! The folder is locked by its job; a sweep removes only folders whose lock it gets.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::evidence::manifest::{self, Line};
use crate::evidence::merkle;
use crate::model::digest::{DigestPair, DigestStream, Sha256Hex};
use crate::model::entry::Sealed;
use crate::model::id::{HolderId, UnitNo};
use crate::model::json;
use crate::processes;
use crate::store::durable;
use crate::store::error::StoreError;
use crate::store::lock;

/// Name of the folder inside a staging folder that becomes the capture or record.
const HOLDER: &str = "holder";

/// A locked staging folder; removed when dropped.
#[derive(Debug)]
pub struct Stage {
    dir: PathBuf,
    _lock: File,
}

/// A capture or record that is complete and durable in its staging folder, ready to be renamed.
#[derive(Debug)]
pub struct SealedStage {
    stage: Stage,
    /// What its log entry will carry.
    pub sealed: Sealed,
    /// Digests of the files of each unit, for the report.
    pub files: BTreeMap<UnitNo, BTreeMap<String, Sha256Hex>>,
}

impl Stage {
    /// Makes `staging/<purpose>-<random>/` and locks it.
    pub(crate) fn create(staging: &Path, purpose: &str) -> Result<Self, StoreError> {
        durable::create_dirs(staging)?;
        // Between making a folder and locking it a sweep may take it for one whose job is gone.
        for _ in 0..10 {
            let dir = staging.join(format!("{purpose}-{}", uuid::Uuid::new_v4().simple()));
            durable::create_dirs(&dir)?;
            match lock::try_directory(&dir) {
                Ok(Some(lock)) if dir.is_dir() => return Ok(Self { dir, _lock: lock }),
                Ok(Some(_) | None) => {}
                Err(StoreError::Io { source, .. })
                    if source.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Locked { seconds: 0 })
    }

    /// The folder itself, for a browser's profile and raw files.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder of a unit, made when missing.
    pub fn unit_dir(&self, unit: UnitNo) -> Result<PathBuf, StoreError> {
        let dir = self.dir.join(HOLDER).join("units").join(unit.to_string());
        fs::create_dir_all(&dir).map_err(|source| StoreError::io(&dir, source))?;
        Ok(dir)
    }

    /// Writes a file into a unit.
    pub fn write(&self, unit: UnitNo, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        durable::write_staged(&self.unit_dir(unit)?.join(name), bytes)
    }

    /// Writes a document as one line of JSON into a unit.
    pub fn write_json<T: Serialize>(
        &self,
        unit: UnitNo,
        name: &str,
        value: &T,
    ) -> Result<(), StoreError> {
        self.write(unit, name, json::to_line(value)?.as_bytes())
    }

    /// Moves a file that lies elsewhere in the staging folder into a unit.
    pub fn adopt(&self, from: &Path, unit: UnitNo, name: &str) -> Result<(), StoreError> {
        let to = self.unit_dir(unit)?.join(name);
        durable::rename_new(from, &to)
    }

    /// Seals the holder: a fresh salt and both manifests in each unit, the two lists, and `<stem>.json`; then flushes.
    pub fn seal<T: Serialize>(
        self,
        stem: &str,
        description: &T,
    ) -> Result<SealedStage, StoreError> {
        let holder = self.dir.join(HOLDER);
        let mut list256 = Vec::new();
        let mut list512 = Vec::new();
        let mut files = BTreeMap::new();
        for unit in unit_numbers(&holder.join("units"))? {
            let dir = holder.join("units").join(unit.to_string());
            let (commitment, digests) = seal_unit(&dir)?;
            list256.push(Line {
                digest: commitment.sha256.to_string(),
                path: format!("units/{unit}/unit.sha256"),
            });
            list512.push(Line {
                digest: commitment.sha512.to_string(),
                path: format!("units/{unit}/unit.sha512"),
            });
            files.insert(unit, digests);
        }
        let units = u32::try_from(list256.len()).unwrap_or(u32::MAX);
        let list256 = manifest::render(list256);
        let list512 = manifest::render(list512);
        let description = json::to_ascii_line(description)?;
        durable::write_staged(&holder.join(format!("{stem}.sha256")), list256.as_bytes())?;
        durable::write_staged(&holder.join(format!("{stem}.sha512")), list512.as_bytes())?;
        durable::write_staged(&holder.join(format!("{stem}.json")), description.as_bytes())?;
        durable::sync_filesystem(&holder)?;
        let sealed = Sealed {
            units,
            root_sha256: Sha256Hex::from_raw(&merkle::root(list256.lines().map(str::as_bytes))),
            json: DigestPair::of(description.as_bytes()),
            list_sha256: DigestPair::of(list256.as_bytes()),
            list_sha512: DigestPair::of(list512.as_bytes()),
        };
        Ok(SealedStage {
            stage: self,
            sealed,
            files,
        })
    }
}

impl SealedStage {
    /// Renames the holder into the store. Called under the lock, directly before the log entry is written.
    pub(crate) fn publish(self, to: &Path) -> Result<Sealed, StoreError> {
        durable::rename_new(&self.stage.dir.join(HOLDER), to)?;
        Ok(self.sealed)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Err(error) = durable::remove_dir(&self.dir) {
            tracing::warn!(folder = %self.dir.display(), %error, "staging folder could not be removed; a later sweep will");
        }
    }
}

/// Seals one unit and returns its commitment and the digests of its files.
fn seal_unit(dir: &Path) -> Result<(DigestPair, BTreeMap<String, Sha256Hex>), StoreError> {
    let mut salt = [0u8; 32];
    getrandom::fill(&mut salt).map_err(|error| StoreError::Random(error.to_string()))?;
    durable::write_staged(
        &dir.join("salt"),
        format!("{}\n", hex::encode(salt)).as_bytes(),
    )?;
    let mut lines256 = Vec::new();
    let mut lines512 = Vec::new();
    let mut digests = BTreeMap::new();
    for name in sorted_names(dir)? {
        let path = dir.join(&name);
        let (pair, _) = digest_file(&path)?;
        digests.insert(name.clone(), pair.sha256.clone());
        lines256.push(Line {
            digest: pair.sha256.to_string(),
            path: name.clone(),
        });
        lines512.push(Line {
            digest: pair.sha512.to_string(),
            path: name,
        });
    }
    let manifest256 = manifest::render(lines256);
    let manifest512 = manifest::render(lines512);
    durable::write_staged(&dir.join("unit.sha256"), manifest256.as_bytes())?;
    durable::write_staged(&dir.join("unit.sha512"), manifest512.as_bytes())?;
    let commitment = DigestPair {
        sha256: DigestPair::of(manifest256.as_bytes()).sha256,
        sha512: DigestPair::of(manifest512.as_bytes()).sha512,
    };
    Ok((commitment, digests))
}

fn sorted_names(dir: &Path) -> Result<Vec<String>, StoreError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(|source| StoreError::io(dir, source))? {
        let entry = entry.map_err(|source| StoreError::io(dir, source))?;
        let kind = entry
            .file_type()
            .map_err(|source| StoreError::io(&entry.path(), source))?;
        let name = entry
            .file_name()
            .into_string()
            .ok()
            .filter(|name| kind.is_file() && is_plain_name(name));
        names.push(name.ok_or_else(|| StoreError::Stray { path: entry.path() })?);
    }
    names.sort();
    Ok(names)
}

/// Names that survive every file system and package format: lower case, digits, `.`, `_` and `-`.
fn is_plain_name(name: &str) -> bool {
    !name.starts_with('.')
        && name.len() <= 100
        && name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte)
        })
}

fn unit_numbers(units: &Path) -> Result<Vec<UnitNo>, StoreError> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(units).map_err(|source| StoreError::io(units, source))? {
        let entry = entry.map_err(|source| StoreError::io(units, source))?;
        let number = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<UnitNo>().ok());
        numbers.push(number.ok_or_else(|| StoreError::Stray { path: entry.path() })?);
    }
    numbers.sort();
    Ok(numbers)
}

/// Both digests and the length of a file, read in pieces.
pub(crate) fn digest_file(path: &Path) -> Result<(DigestPair, u64), StoreError> {
    let mut file = File::open(path).map_err(|source| StoreError::io(path, source))?;
    let mut stream = DigestStream::default();
    let mut piece = vec![0u8; 256 * 1024];
    loop {
        let read = file
            .read(&mut piece)
            .map_err(|source| StoreError::io(path, source))?;
        if read == 0 {
            return Ok(stream.finish());
        }
        stream.update(&piece[..read]);
    }
}

/// The jobs that are at work now under a purpose that begins with `prefix`: what follows it, without the random part.
pub(crate) fn jobs(staging: &Path, prefix: &str) -> Result<Vec<String>, StoreError> {
    let mut jobs = Vec::new();
    let entries = match fs::read_dir(staging) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(jobs),
        Err(source) => return Err(StoreError::io(staging, source)),
    };
    for entry in entries {
        let entry = entry.map_err(|source| StoreError::io(staging, source))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let job = name
            .strip_prefix(prefix)
            .and_then(|rest| rest.rsplit_once('-'));
        if let Some((job, _)) = job
            && lock::is_held(&entry.path())?
        {
            jobs.push(job.to_owned());
        }
    }
    Ok(jobs)
}

/// Removes staging folders whose job is gone, and ends what still runs of it. Folders that hold units of a disposal under
/// way are left to its rerun.
pub(crate) fn sweep(staging: &Path) -> Result<(), StoreError> {
    let entries = match fs::read_dir(staging) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(StoreError::io(staging, source)),
    };
    for entry in entries {
        let path = entry
            .map_err(|source| StoreError::io(staging, source))?
            .path();
        let kept = path
            .file_name()
            .and_then(|name| name.to_str())
            .is_none_or(|name| name.starts_with(DISPOSAL));
        if kept || !path.is_dir() {
            continue;
        }
        // Between listing and locking the job may have ended and taken its folder along.
        match lock::try_directory(&path) {
            // A browser of a job that was killed may have left processes, which would write on.
            Ok(Some(_lock)) => match processes::end(&path) {
                Ok(()) => durable::remove_dir(&path)?,
                Err(error) => {
                    tracing::warn!(folder = %path.display(), %error, "left to a later sweep");
                }
            },
            Ok(None) => {}
            Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Prefix of the staging folders of disposals.
pub(crate) const DISPOSAL: &str = "disposal-";

/// The path of a holder below `store/`.
pub(crate) fn holder_path(holder: &HolderId, account: Option<&str>) -> Option<String> {
    match (holder, account) {
        (HolderId::Capture(id), Some(account)) => Some(format!("captures/{account}/{id}")),
        (HolderId::Capture(_), None) => None,
        (HolderId::Record(id), _) => Some(format!("records/{id}")),
    }
}
