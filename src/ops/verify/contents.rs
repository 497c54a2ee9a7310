//! Level 0: what lies in the tree, sorted by what the layout says it is; everything else is a finding.

use std::collections::{BTreeMap, BTreeSet};

use crate::archive::{Node, NodeKind, Tree, View, ViewKind};
use crate::evidence::codes;
use crate::evidence::layout::{self, Holder, Place};
use crate::evidence::report::Hit;
use crate::model::id::UnitNo;

/// The files of a capture or record that are there.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Names of its permanent files.
    pub(super) files: BTreeSet<String>,
    /// Names of the files of each unit.
    pub(super) units: BTreeMap<UnitNo, BTreeSet<String>>,
}

/// What lies in a store or in the payload of a package.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Captures and records, whether the log knows them or not.
    pub(super) holders: BTreeMap<Holder, Found>,
    /// Numbers of the log entries.
    pub(super) entries: BTreeSet<u64>,
    /// Digests that policy files are named by.
    pub(super) policies: BTreeSet<String>,
    /// Every regular file of a package outside `bag/data/`, by path.
    pub(super) outside: BTreeSet<String>,
    /// Every regular file of a package's payload, by path below the view, with its size.
    pub(super) payload: BTreeMap<String, u64>,
    /// Other files of the store that are there.
    pub(super) plain: BTreeSet<String>,
}

/// Files of a package beside its bag.
const BESIDE: &[&str] = &[
    "SEAL.txt",
    "SEAL.sig",
    "log.pub.pem",
    "VERIFIERA.txt",
    "AUDIT.md",
];

/// Sorts the tree and says what does not belong there.
pub(super) fn sort(view: &View, tree: &Tree) -> (Contents, Vec<Hit>) {
    let mut contents = Contents::default();
    let mut hits = Vec::new();
    for path in &tree.strange {
        hits.push(Hit::at(
            codes::NAME,
            path,
            "Namnet är inte läsbar text, eller ligger för djupt.",
        ));
    }
    for (path, error) in &tree.unreadable {
        hits.push(Hit::at(
            codes::UNREADABLE,
            path,
            format!("Mappen kan inte läsas: {error}."),
        ));
    }
    for (path, node) in &tree.nodes {
        hits.extend(contents.take_in(view, path, *node));
    }
    (contents, hits)
}

impl Contents {
    fn take_in(&mut self, view: &View, path: &str, node: Node) -> Vec<Hit> {
        let mut hits = Vec::new();
        if node.kind == NodeKind::Other {
            let message = "Länkar och specialfiler får inte finnas.";
            return vec![Hit::at(codes::NOT_A_FILE, path, message)];
        }
        if node.kind == NodeKind::File && node.links > 1 {
            let message = format!("Filen har {} namn på disken.", node.links);
            hits.push(Hit::at(codes::HARD_LINK, path, message));
        }
        let is_directory = node.kind == NodeKind::Directory;
        let package = view.kind() == ViewKind::Package;
        let Some(inner) = path.strip_prefix(view.data()) else {
            hits.extend(self.outside_data(path, is_directory));
            return hits;
        };
        if package && !is_directory {
            self.payload.insert(path.to_owned(), node.size);
        }
        match layout::place(inner, is_directory, package) {
            Place::Unknown => {
                let message = "Hör inte hemma här: finns inte i lagringsformatet.";
                hits.push(Hit::at(codes::UNEXPECTED, path, message));
            }
            Place::Temporary => {
                let message = "Rest efter en avbruten skrivning; nästa skrivning städar.";
                hits.push(Hit::at(codes::UNCOMMITTED, path, message));
            }
            Place::Folder => {}
            Place::Declaration | Place::Text | Place::Key | Place::Checkpoint | Place::Metadata => {
                self.plain.insert(inner.to_owned());
            }
            Place::Entry(seq) => {
                self.entries.insert(seq);
            }
            Place::Policy(digest) => {
                self.policies.insert(digest);
            }
            Place::Holder(holder) => {
                self.holders.entry(holder).or_default();
            }
            Place::HolderFile(holder, name) => {
                self.holders.entry(holder).or_default().files.insert(name);
            }
            Place::Unit(holder, unit) => {
                self.holders
                    .entry(holder)
                    .or_default()
                    .units
                    .entry(unit)
                    .or_default();
            }
            Place::UnitFile(holder, unit, name) => {
                if !is_plain(&name) {
                    let message = "Filnamn består av a–z, 0–9, punkt, _ och -.";
                    hits.push(Hit::at(codes::NAME, path, message));
                }
                let units = &mut self.holders.entry(holder).or_default().units;
                units.entry(unit).or_default().insert(name);
            }
        }
        hits
    }

    /// What lies in an archive's root or in a package outside the payload.
    fn outside_data(&mut self, path: &str, is_directory: bool) -> Option<Hit> {
        let fine = if is_directory {
            matches!(path, "store" | "bag" | "bag/data")
        } else {
            // Which tag files belong in the bag, its tag manifests tell.
            BESIDE.contains(&path)
                || path
                    .strip_prefix("bag/")
                    .is_some_and(|name| !name.contains('/'))
        };
        if !is_directory {
            self.outside.insert(path.to_owned());
        }
        let message = "Hör inte hemma här: finns inte i paketformatet.";
        (!fine).then(|| Hit::at(codes::UNEXPECTED, path, message))
    }
}

fn is_plain(name: &str) -> bool {
    !name.starts_with('.')
        && name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte)
        })
}
