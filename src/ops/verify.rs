//! `verify`: an archive or a package checked from its bytes alone, without configuration, catalogue, network or write
//! access (`evidence.md` §4.7). It never stops at the first finding, and finds the same whatever the number of threads.

mod approvals;
mod bag;
mod contents;
mod holders;
mod log;
mod plans;
mod slots;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::archive::{ReadError, View, ViewKind};
use crate::evidence::codes::{self, Class};
use crate::evidence::disposals;
use crate::evidence::history::{self, History};
use crate::evidence::layout::Holder;
use crate::evidence::manifest;
use crate::evidence::merkle;
use crate::evidence::report::{Counts, Hit};
use crate::model::id::UnitRef;
use crate::model::time::Instant;
use crate::ops::error::{ErrorKind, OpsError};
use crate::ops::verify::contents::Contents;
use crate::ops::verify::holders::{Checked, Checker, Digests};

pub(crate) use crate::ops::verify::bag::absent;

/// Largest document that is read at once.
pub(crate) const MOST: u64 = 64 * 1024 * 1024;

/// The n-th of t equal parts of all units, by their commitments: a unit stays in its part as the archive grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subset {
    /// From 1.
    pub part: u64,
    /// How many parts.
    pub of: u64,
}

impl Subset {
    fn has(self, commitment: &str) -> bool {
        let number = commitment
            .get(..15)
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .unwrap_or(0);
        number % self.of == self.part - 1
    }
}

/// What to verify.
#[derive(Clone, Debug)]
pub struct Request {
    /// Archive, its `store/`, or package.
    pub path: PathBuf,
    /// 0–4.
    pub level: u8,
    /// Only a part of the units.
    pub subset: Option<Subset>,
    /// A checkpoint that the auditor kept.
    pub expected: Option<String>,
    /// A unit to prove the inclusion of.
    pub prove: Option<UnitRef>,
    /// The time given with `--as-of`.
    pub as_of: Option<Instant>,
    /// The time now.
    pub now: Instant,
    /// How many threads read.
    pub threads: usize,
}

/// What was found.
#[derive(Debug)]
pub struct Report {
    /// What was looked at.
    pub kind: ViewKind,
    /// The archive's id, where the log tells.
    pub archive: Option<String>,
    /// Whether it is a PROVARKIV.
    pub test: bool,
    /// The level checked.
    pub level: u8,
    /// Up to when snapshots were asked for.
    pub until: Instant,
    /// Units by what became of them.
    pub counts: Counts,
    /// Log entries.
    pub entries: u64,
    /// Files read.
    pub files: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Sorted findings.
    pub hits: Vec<Hit>,
    /// The proof asked for.
    pub proof: Option<Proof>,
}

impl Report {
    /// What the findings mean, each class once.
    pub fn classes(&self) -> Vec<Class> {
        let mut classes = Vec::new();
        for code in codes::ALL {
            if self.hits.iter().any(|hit| hit.code == code.code) && !classes.contains(&code.class) {
                classes.push(code.class);
            }
        }
        classes
    }
}

/// An RFC 6962 inclusion proof of a unit's line in its capture's list; it reveals nothing of the other units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// `<holder>/<unit>`.
    pub unit: String,
    /// The leaf's data: the line without LF.
    pub line: String,
    /// From 0.
    pub index: u64,
    /// Number of leaves.
    pub size: u64,
    /// Sibling hashes from the leaf up, base64.
    pub path: Vec<String>,
    /// The root in the log entry, hexadecimal.
    pub root_sha256: String,
    /// The log entry.
    pub entry: u64,
}

/// Verifies an archive or package.
pub fn verify(request: &Request) -> Result<Report, OpsError> {
    let view = View::open(&request.path).map_err(|error| {
        OpsError::part(
            format!("cannot verify {}", request.path.display()),
            ErrorKind::Usage,
            error,
        )
    })?;
    let (contents, mut hits) = contents::sort(&view, &view.tree());
    let (history, found) = log::read(&view, &contents);
    hits.extend(found);
    hits.extend(log::plain_files(&view, &contents, &history));
    hits.extend(log::policies(
        &view,
        &contents,
        &history,
        request.level >= 1,
    ));
    let package = if view.kind() == ViewKind::Package {
        Some(bag::check(&view, &contents, &history, request))
    } else {
        None
    };
    let mut digests = None;
    let mut scope = None;
    let (mut files, mut bytes) = (0, 0);
    if let Some(package) = package {
        hits.extend(package.hits);
        (files, bytes) = (package.files, package.bytes);
        digests = Some(package.digests);
        scope = package.scope;
    }
    let checked = check_holders(
        &view,
        (&contents, &history),
        (digests.as_ref(), scope.as_ref()),
        request,
    );
    let mut counts = Counts::default();
    for one in checked {
        hits.extend(one.hits);
        counts.add(one.counts);
        files += one.files;
        bytes += one.bytes;
    }
    hits.extend(strays(&view, &contents, &history, scope.as_ref()));
    let until = slots::until(&view, &history, request);
    hits.extend(slots::check(&view, &history, until));
    hits.extend(history::actors(&history, view.data()));
    hits.extend(disposed(&view, &history));
    hits.extend(log::checkpoint(&view, &contents, &history));
    hits.extend(log::anchors(&history, request));
    let proof = match &request.prove {
        Some(unit) => match prove(&view, &history, unit) {
            Ok(proof) => Some(proof),
            Err(hit) => {
                hits.push(*hit);
                None
            }
        },
        None => None,
    };
    hits.retain(|hit| level_of(hit) <= request.level);
    hits.sort();
    hits.dedup();
    let genesis = history.genesis();
    Ok(Report {
        kind: view.kind(),
        archive: genesis.map(|genesis| genesis.archive.to_owned()),
        test: genesis.is_some_and(|genesis| genesis.test),
        level: request.level,
        until,
        counts,
        entries: history.size(),
        files,
        bytes,
        hits,
        proof,
    })
}

/// Disposals: the rules they must have kept, the plans they carried out, the approvals these rest on.
fn disposed(view: &View, history: &History) -> Vec<Hit> {
    let waiting = |digest: &_| log::waiting_days(view, digest);
    let mut hits = disposals::check(history, view.data(), &waiting);
    hits.extend(plans::check(view, history));
    hits.extend(approvals::check(view, history));
    hits
}

fn level_of(hit: &Hit) -> u8 {
    codes::ALL
        .iter()
        .find(|code| code.code == hit.code)
        .map_or(0, |code| code.level)
}

fn check_holders(
    view: &View,
    (contents, history): (&Contents, &History),
    (digests, scope): (Option<&Digests>, Option<&bag::Carried>),
    request: &Request,
) -> Vec<Checked> {
    let checker = Checker {
        view,
        history,
        withheld: scope.map(|scope| &scope.withheld),
        digests,
        fixity: request.level >= 1,
        subset: request.subset,
    };
    let committed: Vec<_> = history
        .holders
        .values()
        .filter(|committed| scope.is_none_or(|scope| scope.holders.contains(&committed.holder.id)))
        .collect();
    side_by_side(&committed, request.threads, |committed| {
        checker.check(committed, contents.holders.get(&committed.holder))
    })
}

/// Runs `work` on every item on `threads` threads; results come in the order of the items.
fn side_by_side<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    if threads <= 1 || items.len() <= 1 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..threads.min(items.len()) {
            scope.spawn(|| {
                while let Some((index, item)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    items.get(index).map(|item| (index, item))
                } {
                    let result = work(item);
                    match done.lock() {
                        Ok(mut done) => done.insert(index, result),
                        Err(poisoned) => poisoned.into_inner().insert(index, result),
                    };
                }
            });
        }
    });
    let done = match done.into_inner() {
        Ok(done) => done,
        Err(poisoned) => poisoned.into_inner(),
    };
    done.into_values().collect()
}

/// Captures and records that no log entry, or no scope, knows.
fn strays(
    view: &View,
    contents: &Contents,
    history: &History,
    scope: Option<&bag::Carried>,
) -> Vec<Hit> {
    let known = |holder: &Holder| {
        history
            .holders
            .get(&holder.id)
            .is_some_and(|committed| committed.holder == *holder)
    };
    let mut hits = Vec::new();
    for holder in contents.holders.keys() {
        let path = format!("{}{}", view.data(), holder.dir());
        let elsewhere = history.holders.contains_key(&holder.id);
        if view.kind() == ViewKind::Package {
            if !known(holder) || scope.is_some_and(|scope| !scope.holders.contains(&holder.id)) {
                let message = "Paketets omfattning eller logg känner inte till detta.";
                hits.push(Hit::at(codes::UNEXPECTED, path, message).in_unit(&holder.id, None));
            }
        } else if !known(holder) {
            let (code, message) = if elsewhere {
                (codes::UNEXPECTED, "Loggen har detta under ett annat konto.")
            } else {
                (
                    codes::UNCOMMITTED,
                    "Saknar loggpost: avbrutet före bokföring, och ingår inte i arkivet.",
                )
            };
            hits.push(Hit::at(code, path, message).in_unit(&holder.id, None));
        }
    }
    hits
}

fn prove(view: &View, history: &History, unit: &UnitRef) -> Result<Proof, Box<Hit>> {
    let refuse = |path: String, message: String| {
        let hit = Hit::at(codes::PROOF, path, message).in_unit(&unit.holder, Some(unit.unit));
        Box::new(hit)
    };
    let committed = history.holders.get(&unit.holder).ok_or_else(|| {
        refuse(
            String::new(),
            format!("{} finns inte i loggen.", unit.holder),
        )
    })?;
    let holder = &committed.holder;
    let path = format!("{}{}/{}.sha256", view.data(), holder.dir(), holder.stem());
    let bytes = view.read(&path, MOST).map_err(|error| {
        refuse(
            path.clone(),
            format!("Förteckningen kan inte läsas: {error}."),
        )
    })?;
    let lines = manifest::parse(&bytes, 64)
        .map_err(|error| refuse(path.clone(), format!("Förteckningen är felaktig: {error}.")))?;
    let wanted = format!("units/{}/unit.sha256", unit.unit);
    let texts: Vec<String> = lines
        .iter()
        .map(|line| format!("{}  {}", line.digest, line.path))
        .collect();
    let leaves: Vec<_> = texts
        .iter()
        .map(|text| merkle::leaf_hash(text.as_bytes()))
        .collect();
    let index = lines.iter().position(|line| line.path == wanted);
    let audit = index.and_then(|index| merkle::audit_path(&leaves, index));
    let (Some(index), Some(audit)) = (index, audit) else {
        return Err(refuse(
            path,
            format!("Gallringsenheten {} finns inte i förteckningen.", unit.unit),
        ));
    };
    Ok(Proof {
        unit: unit.to_string(),
        line: texts[index].clone(),
        index: index as u64,
        size: leaves.len() as u64,
        path: audit.iter().map(|hash| STANDARD.encode(hash)).collect(),
        root_sha256: committed.sealed.root_sha256.to_string(),
        entry: committed.seq,
    })
}

/// The finding that a file could not be read.
pub(crate) fn fault_of(error: &ReadError, path: String) -> Hit {
    match error {
        ReadError::Io(source) if source.kind() == std::io::ErrorKind::NotFound => {
            Hit::at(codes::FILE_MISSING, path, "Filen saknas.")
        }
        ReadError::Io(source) => Hit::at(
            codes::UNREADABLE,
            path,
            format!("Filen kan inte läsas: {source}."),
        ),
        ReadError::NotAFile => Hit::at(
            codes::NOT_A_FILE,
            path,
            "Länkar och specialfiler får inte finnas.",
        ),
        ReadError::TooLarge(most) => Hit::at(
            codes::DOCUMENT_FORM,
            path,
            format!("Filen är större än {most} byte."),
        ),
        ReadError::Changed => Hit::at(codes::CHANGED, path, "Filen ändrades medan den lästes."),
    }
}
