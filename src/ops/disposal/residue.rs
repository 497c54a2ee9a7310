//! The search for residue: every file of the archive, the catalogue and its write-ahead log included, for every form of
//! what was taken out. Page captures are records of their own and are reported apart.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;

use crate::catalogue::CaptureRow;
use crate::disposal::residue::{Needle, Trace, needles, needles_of_plaintext};
use crate::model::id::CaptureId;
use crate::model::protocol::Scan;
use crate::model::record::CaptureKind;
use crate::ops::error::{ErrorKind, OpsError};

/// Units whose needles are searched for in one pass: bounds memory.
const UNITS_A_PASS: usize = 400;
const CHUNK: usize = 1 << 20;

/// A trace of something disposed of, where nothing of it may stand.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Residue {
    /// The file, below the archive.
    pub path: String,
    /// What of it.
    pub trace: Trace,
}

/// Searches the archive for what the unit folders hold. `captures` tells page captures from posts.
pub fn search(
    root: &Path,
    units: &[PathBuf],
    captures: &[CaptureRow],
) -> Result<(Scan, Vec<Residue>), OpsError> {
    let kinds: BTreeMap<&CaptureId, CaptureKind> = captures
        .iter()
        .map(|capture| (&capture.id, capture.kind))
        .collect();
    let mut scan = Scan::default();
    let mut residue = BTreeSet::new();
    let mut apart = (BTreeSet::new(), BTreeSet::new());
    for pass in units.chunks(UNITS_A_PASS) {
        let mut wanted = BTreeSet::new();
        for unit in pass {
            let files = files_of(unit)?;
            scan.gallrade_bytes += files
                .iter()
                .map(|(_, bytes)| bytes.len() as u64)
                .sum::<u64>();
            wanted.extend(needles(&files));
        }
        let wanted: Vec<Needle> = wanted.into_iter().collect();
        scan.sokta_former += wanted.len() as u64;
        let hits = hits(root, &wanted, &mut scan)?;
        judge(&hits, &wanted, &kinds, (&mut residue, &mut apart));
    }
    scan.rester = residue.len() as u64;
    scan.traffar_i_sidfangster = apart.0.into_iter().collect();
    scan.traffar_i_andra_handlingar = apart.1.into_iter().collect();
    Ok((scan, residue.into_iter().collect()))
}

/// What a search for plaintexts found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Files read.
    pub(crate) files: u64,
    /// Forms looked for.
    pub(crate) forms: u64,
    /// Where something of them stands and must not.
    pub(crate) residue: Vec<Residue>,
    /// Units of page captures that hold them, archived in their own right.
    pub(crate) pictures: Vec<String>,
    /// Units of other records that hold the same text.
    pub(crate) records: Vec<String>,
}

/// Searches the archive for texts that somebody still has.
pub(crate) fn search_plaintexts(
    root: &Path,
    plaintexts: &[Vec<u8>],
    captures: &[CaptureRow],
) -> Result<Found, OpsError> {
    let kinds: BTreeMap<&CaptureId, CaptureKind> = captures
        .iter()
        .map(|capture| (&capture.id, capture.kind))
        .collect();
    let wanted: BTreeSet<Needle> = plaintexts
        .iter()
        .flat_map(|text| needles_of_plaintext(text))
        .collect();
    let wanted: Vec<Needle> = wanted.into_iter().collect();
    let mut scan = Scan::default();
    let hits = hits(root, &wanted, &mut scan)?;
    let mut residue = BTreeSet::new();
    let mut apart = (BTreeSet::new(), BTreeSet::new());
    judge(&hits, &wanted, &kinds, (&mut residue, &mut apart));
    Ok(Found {
        files: scan.filer,
        forms: wanted.len() as u64,
        residue: residue.into_iter().collect(),
        pictures: apart.0.into_iter().collect(),
        records: apart.1.into_iter().collect(),
    })
}

/// The files of a unit folder with their names.
fn files_of(unit: &Path) -> Result<Vec<(String, Vec<u8>)>, OpsError> {
    let failed = |path: &Path, source| OpsError::File {
        path: path.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(unit).map_err(|source| failed(unit, source))? {
        let path = entry.map_err(|source| failed(unit, source))?.path();
        let bytes = fs::read(&path).map_err(|source| failed(&path, source))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        files.push((name.into_owned(), bytes));
    }
    files.sort();
    Ok(files)
}

/// Which needles stand in which file.
type Hits = BTreeMap<String, BTreeSet<usize>>;

fn hits(root: &Path, wanted: &[Needle], scan: &mut Scan) -> Result<Hits, OpsError> {
    let mut hits = Hits::new();
    if wanted.is_empty() {
        return Ok(hits);
    }
    let searcher =
        AhoCorasick::new(wanted.iter().map(|needle| &needle.bytes)).map_err(|error| {
            OpsError::part(
                "failed to prepare the search for residue",
                ErrorKind::Environment,
                error,
            )
        })?;
    let longest = wanted
        .iter()
        .map(|needle| needle.bytes.len())
        .max()
        .unwrap_or(0);
    let (mut files, mut bytes) = (0, 0);
    for path in every_file(root)? {
        let found = match find(&path, &searcher, longest) {
            Ok((found, read)) => {
                files += 1;
                bytes += read;
                found
            }
            // Other jobs come and go in staging.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(source) => return Err(OpsError::File { path, source }),
        };
        if !found.is_empty() {
            let below = path.strip_prefix(root).unwrap_or(&path);
            hits.insert(below.display().to_string(), found);
        }
    }
    scan.filer = scan.filer.max(files);
    scan.bytes = scan.bytes.max(bytes);
    Ok(hits)
}

/// Every file below the archive but the folders of disposals under way. Links are not followed.
pub(crate) fn every_file(root: &Path) -> Result<Vec<PathBuf>, OpsError> {
    let staging = root.join("staging");
    let walk = walkdir::WalkDir::new(root)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| {
            entry.path().parent() != Some(&staging)
                || !entry.file_name().to_string_lossy().starts_with("disposal-")
        });
    let mut files = Vec::new();
    for entry in walk {
        match entry {
            Ok(entry) if entry.file_type().is_file() => files.push(entry.into_path()),
            Ok(_) => {}
            Err(error)
                if error
                    .io_error()
                    .is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound) => {}
            Err(error) => {
                return Err(OpsError::part(
                    "failed to walk through the archive",
                    ErrorKind::Environment,
                    error,
                ));
            }
        }
    }
    Ok(files)
}

/// Which needles stand in a file, read in pieces that overlap by the longest needle.
fn find(
    path: &Path,
    searcher: &AhoCorasick,
    longest: usize,
) -> std::io::Result<(BTreeSet<usize>, u64)> {
    let mut file = File::open(path)?;
    let mut found = BTreeSet::new();
    let mut window: Vec<u8> = Vec::with_capacity(CHUNK + longest);
    let mut bytes = 0;
    let mut piece = vec![0; CHUNK];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok((found, bytes));
        }
        bytes += read as u64;
        window.extend_from_slice(&piece[..read]);
        for hit in searcher.find_overlapping_iter(&window) {
            found.insert(hit.pattern().as_usize());
        }
        let keep = window.len().min(longest.saturating_sub(1));
        window.drain(..window.len() - keep);
    }
}

/// Where a file lies, as far as residue goes.
enum Place {
    /// A page capture, archived in its own right.
    Picture(String),
    /// A unit of another post or record.
    Record(String),
    /// An adopted policy or the format's description: its examples are its own, and excuse nothing in the catalogue.
    Published(String),
    /// Anywhere else: nothing of a disposed post may stand there.
    Elsewhere,
}

fn place(path: &str, kinds: &BTreeMap<&CaptureId, CaptureKind>) -> Place {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["store", "captures", _, capture, "units", unit, _] => {
            let kind = capture
                .parse::<CaptureId>()
                .ok()
                .and_then(|id| kinds.get(&id).copied());
            let name = format!("{capture}/{unit}");
            match kind {
                Some(CaptureKind::Page | CaptureKind::Manual | CaptureKind::Rendered) => {
                    Place::Picture(name)
                }
                Some(CaptureKind::Ingest) => Place::Record(name),
                None => Place::Elsewhere,
            }
        }
        ["store", "records", record, "units", unit, _] => Place::Record(format!("{record}/{unit}")),
        ["store", "policies", file] => Place::Published(format!("policies/{file}")),
        ["store", file @ ("SPEC.md" | "AUDIT.md")] => Place::Published((*file).to_owned()),
        _ => Place::Elsewhere,
    }
}

/// Tells residue from what stands in other records of their own right. A text that a post still there also holds must
/// stand in the catalogue too.
fn judge(
    hits: &Hits,
    wanted: &[Needle],
    kinds: &BTreeMap<&CaptureId, CaptureKind>,
    (residue, (pictures, records)): (
        &mut BTreeSet<Residue>,
        &mut (BTreeSet<String>, BTreeSet<String>),
    ),
) {
    let mut shared = BTreeSet::new();
    for (path, found) in hits {
        let unique = found
            .iter()
            .any(|index| wanted[*index].trace == Trace::Unique);
        match place(path, kinds) {
            Place::Picture(unit) if !unique => {
                pictures.insert(unit);
            }
            Place::Record(unit) if !unique => {
                records.insert(unit);
                shared.extend(found.iter().copied());
            }
            Place::Published(file) if !unique => {
                records.insert(file);
            }
            Place::Picture(_) | Place::Record(_) | Place::Published(_) => {
                residue.insert(Residue {
                    path: path.clone(),
                    trace: Trace::Unique,
                });
            }
            Place::Elsewhere => {}
        }
    }
    for (path, found) in hits {
        if !matches!(place(path, kinds), Place::Elsewhere) {
            continue;
        }
        let in_catalogue = path.starts_with("catalogue.db");
        for index in found {
            if !(in_catalogue && shared.contains(index)) {
                residue.insert(Residue {
                    path: path.clone(),
                    trace: wanted[*index].trace,
                });
            }
        }
    }
}
