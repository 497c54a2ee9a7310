//! Whether captures and units are still as the log says: files against the unit's manifests, these against the capture's
//! lists, and the lists against the log entry. Read from the store each time a process first asks.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::catalogue::CaptureRow;
use crate::evidence::manifest;
use crate::model::digest::{DigestPair, Sha256Hex};
use crate::model::entry::{Body, Sealed};
use crate::model::id::{CaptureId, UnitNo};
use crate::ops::entries;
use crate::ops::error::OpsError;
use crate::store::stage::digest_file;

/// The units of a capture by number, each with the digests of its two manifests.
type Commitments = BTreeMap<UnitNo, (String, String)>;

/// What was read so far.
#[derive(Debug, Default)]
pub struct Whole {
    captures: BTreeMap<CaptureId, bool>,
    /// `None` where the lists are not as the log says.
    lists: BTreeMap<CaptureId, Option<Commitments>>,
}

impl Whole {
    /// Whether every unit of a capture is there and whole.
    pub fn capture(&mut self, root: &Path, row: &CaptureRow) -> Result<bool, OpsError> {
        if let Some(known) = self.captures.get(&row.id) {
            return Ok(*known);
        }
        let units: Vec<UnitNo> = match self.list(root, row)? {
            Some(list) => list.keys().copied().collect(),
            None => Vec::new(),
        };
        let mut whole = !units.is_empty();
        for unit in units {
            whole = whole && self.unit(root, row, unit)?;
        }
        self.captures.insert(row.id.clone(), whole);
        Ok(whole)
    }

    /// Whether one unit of a capture is there and whole.
    pub fn unit(&mut self, root: &Path, row: &CaptureRow, unit: UnitNo) -> Result<bool, OpsError> {
        let Some(Some((sha256, sha512))) = self.list(root, row)?.map(|list| list.get(&unit)) else {
            return Ok(false);
        };
        let dir = dir(root, row).join(format!("units/{unit}"));
        Ok(is_listed(&dir, "unit.sha256", sha256, 64)?
            && is_listed(&dir, "unit.sha512", sha512, 128)?
            && has_no_strays(&dir)?)
    }

    /// The digests of a unit's two manifests as the log commits to them.
    pub fn commitment(
        &mut self,
        root: &Path,
        row: &CaptureRow,
        unit: UnitNo,
    ) -> Result<Option<(String, String)>, OpsError> {
        Ok(self
            .list(root, row)?
            .and_then(|list| list.get(&unit))
            .cloned())
    }

    fn list(&mut self, root: &Path, row: &CaptureRow) -> Result<Option<&Commitments>, OpsError> {
        if !self.lists.contains_key(&row.id) {
            let list = read_list(root, row)?;
            self.lists.insert(row.id.clone(), list);
        }
        Ok(self.lists.get(&row.id).and_then(Option::as_ref))
    }
}

fn dir(root: &Path, row: &CaptureRow) -> PathBuf {
    root.join(format!("store/captures/{}/{}", row.account, row.id))
}

fn read_list(root: &Path, row: &CaptureRow) -> Result<Option<Commitments>, OpsError> {
    let Some(sealed) = sealed(root, row)? else {
        return Ok(None);
    };
    let dir = dir(root, row);
    let (Some(json), Some(list256), Some(list512)) = (
        present(&dir.join("capture.json"))?,
        present(&dir.join("capture.sha256"))?,
        present(&dir.join("capture.sha512"))?,
    ) else {
        return Ok(None);
    };
    if DigestPair::of(&json) != sealed.json
        || DigestPair::of(&list256) != sealed.list_sha256
        || DigestPair::of(&list512) != sealed.list_sha512
    {
        return Ok(None);
    }
    let (Ok(list256), Ok(list512)) = (
        manifest::parse(&list256, 64),
        manifest::parse(&list512, 128),
    ) else {
        return Ok(None);
    };
    if list256.len() != list512.len() {
        return Ok(None);
    }
    let mut units = BTreeMap::new();
    for (one, other) in list256.into_iter().zip(list512) {
        let number = |path: &str, name: &str| {
            path.strip_prefix("units/")
                .and_then(|rest| rest.strip_suffix(name))
                .and_then(|number| number.parse::<UnitNo>().ok())
        };
        match (
            number(&one.path, "/unit.sha256"),
            number(&other.path, "/unit.sha512"),
        ) {
            (Some(unit), Some(twin)) if unit == twin => {
                units.insert(unit, (one.digest, other.digest));
            }
            (Some(_) | None, _) => return Ok(None),
        }
    }
    Ok(Some(units))
}

fn sealed(root: &Path, row: &CaptureRow) -> Result<Option<Sealed>, OpsError> {
    let Some(entry) = entries::entry(root, row.seq)? else {
        return Ok(None);
    };
    Ok(entry
        .body
        .as_ref()
        .and_then(Body::holder)
        .filter(|(holder, _, _)| holder.to_string() == row.id.as_str())
        .map(|(_, _, sealed)| sealed.clone()))
}

fn present(path: &Path) -> Result<Option<Vec<u8>>, OpsError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(OpsError::File {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Whether a manifest has the digest expected and every file in it has its own.
fn is_listed(dir: &Path, name: &str, expected: &str, length: usize) -> Result<bool, OpsError> {
    let Some(bytes) = present(&dir.join(name))? else {
        return Ok(false);
    };
    let digest = if length == 64 {
        Sha256Hex::of(&bytes).to_string()
    } else {
        DigestPair::of(&bytes).sha512.to_string()
    };
    let Ok(lines) = manifest::parse(&bytes, length) else {
        return Ok(false);
    };
    if digest != expected {
        return Ok(false);
    }
    for line in lines {
        let path = dir.join(&line.path);
        if !path.is_file() {
            return Ok(false);
        }
        let (pair, _) = digest_file(&path)?;
        let found = if length == 64 {
            pair.sha256.to_string()
        } else {
            pair.sha512.to_string()
        };
        if found != line.digest {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the unit holds nothing that its manifest does not name.
fn has_no_strays(dir: &Path) -> Result<bool, OpsError> {
    let Some(bytes) = present(&dir.join("unit.sha256"))? else {
        return Ok(false);
    };
    let Ok(lines) = manifest::parse(&bytes, 64) else {
        return Ok(false);
    };
    let entries = fs::read_dir(dir).map_err(|source| OpsError::File {
        path: dir.to_owned(),
        source,
    })?;
    for entry in entries {
        let entry = entry.map_err(|source| OpsError::File {
            path: dir.to_owned(),
            source,
        })?;
        let name = entry.file_name();
        let known = name.to_str().is_some_and(|name| {
            name == "unit.sha256"
                || name == "unit.sha512"
                || lines.iter().any(|line| line.path == name)
        });
        if !known {
            return Ok(false);
        }
    }
    Ok(true)
}
