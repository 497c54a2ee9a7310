//! Captures and records: their permanent files, their units, and what the log says of both. Runs side by side over
//! holders; the order of findings does not depend on it.

use std::collections::{BTreeMap, BTreeSet};

use crate::archive::{ReadError, View};
use crate::evidence::codes::{self, Code};
use crate::evidence::history::{Committed, History};
use crate::evidence::layout::Holder;
use crate::evidence::manifest::{self, Line};
use crate::evidence::merkle;
use crate::evidence::report::{Counts, Hit};
use crate::model::digest::{DigestPair, Sha256Hex, Sha512Hex};
use crate::model::id::{HolderId, UnitNo, UnitRef};
use crate::model::json;
use crate::model::record::{CaptureJson, RecordJson};
use crate::ops::verify::contents::Found;
use crate::ops::verify::{Subset, fault_of};

/// Largest permanent file or manifest that is read at once.
const MOST: u64 = 256 * 1024 * 1024;

/// Digests of files that were already read (the payload of a package).
pub(super) type Digests = BTreeMap<String, (DigestPair, u64)>;

/// What every check of a holder needs.
#[derive(Debug)]
pub(super) struct Checker<'a> {
    pub(super) view: &'a View,
    pub(super) history: &'a History,
    /// Units left out of a package; `None` for an archive.
    pub(super) withheld: Option<&'a BTreeSet<UnitRef>>,
    /// Read already, where that is so.
    pub(super) digests: Option<&'a Digests>,
    /// Whether files are read.
    pub(super) fixity: bool,
    pub(super) subset: Option<Subset>,
}

/// What the check of one holder came to.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) hits: Vec<Hit>,
    pub(super) counts: Counts,
    pub(super) files: u64,
    pub(super) bytes: u64,
}

/// How a unit came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ok,
    Bad,
    Missing,
    Disposed,
    Withheld,
    Unreadable,
}

/// The two lists of a holder.
struct Lists {
    sha256: Vec<Line>,
    sha512: BTreeMap<String, String>,
}

impl Checker<'_> {
    /// Checks one capture or record; `found` is `None` when its directory is not there.
    pub(super) fn check(&self, committed: &Committed, found: Option<&Found>) -> Checked {
        let mut checked = Checked::default();
        let dir = format!("{}{}", self.view.data(), committed.holder.dir());
        let id = &committed.holder.id;
        let Some(found) = found else {
            let message = format!("{id} finns i loggen (post {}) men inte här.", committed.seq);
            checked
                .hits
                .push(Hit::at(codes::HOLDER_MISSING, dir, message).in_unit(id, None));
            let units = u64::from(committed.sealed.units);
            checked.counts.listed = units;
            checked.counts.missing = units;
            return checked;
        };
        let lists = self.permanent_files(committed, found, &dir, &mut checked);
        let Some(lists) = lists else {
            // Without its list nothing tells what should be there; every unit counts as bad.
            let units = u64::from(committed.sealed.units);
            checked.counts.listed = units;
            checked.counts.bad = units;
            return checked;
        };
        let mut listed = BTreeSet::new();
        for line in &lists.sha256 {
            let Some(unit) = unit_of(&line.path, "unit.sha256") else {
                let message = format!("Raden \"{}\" nämner ingen gallringsenhet.", line.path);
                let path = format!("{dir}/{}.sha256", committed.holder.stem());
                checked
                    .hits
                    .push(Hit::at(codes::MANIFEST_FORM, path, message).in_unit(id, None));
                continue;
            };
            listed.insert(unit);
            if self.subset.is_some_and(|subset| !subset.has(&line.digest)) {
                continue;
            }
            let state = self.unit(committed, found, (unit, line, &lists), &mut checked);
            count(&mut checked.counts, state);
        }
        for unit in found.units.keys().filter(|unit| !listed.contains(unit)) {
            let message = "Gallringsenheten står inte i förteckningen.";
            let path = format!("{dir}/units/{unit}");
            checked
                .hits
                .push(Hit::at(codes::UNIT_ORPHAN, path, message).in_unit(id, Some(*unit)));
        }
        for reference in self.history.disposed.keys().filter(|one| one.holder == *id) {
            if !listed.contains(&reference.unit) {
                let message = format!("Loggen gallrar {reference}, som aldrig har funnits.");
                let path = format!("{dir}/units/{}", reference.unit);
                checked.hits.push(
                    Hit::at(codes::TOMBSTONE_UNKNOWN, path, message)
                        .in_unit(id, Some(reference.unit)),
                );
            }
        }
        checked
    }

    /// Reads the three permanent files, compares them with the log entry, and returns the lists where both can be read.
    fn permanent_files(
        &self,
        committed: &Committed,
        found: &Found,
        dir: &str,
        checked: &mut Checked,
    ) -> Option<Lists> {
        let holder = &committed.holder;
        let sealed = &committed.sealed;
        let [json, sha256, sha512] = holder.permanent();
        let expected = [
            (json, &sealed.json),
            (sha256, &sealed.list_sha256),
            (sha512, &sealed.list_sha512),
        ];
        let mut bytes = BTreeMap::new();
        for (name, pair) in expected {
            let path = format!("{dir}/{name}");
            if !found.files.contains(name) {
                let hit = Hit::at(codes::FILE_MISSING, path, "Filen saknas.");
                checked.hits.push(hit.in_unit(&holder.id, None));
                continue;
            }
            match self.view.read(&path, MOST) {
                Ok(read) => {
                    checked.files += 1;
                    checked.bytes += read.len() as u64;
                    let actual = DigestPair::of(&read);
                    if actual != *pair {
                        let message = "Filen är en annan än loggposten säger.";
                        let hit = Hit::at(codes::HOLDER_DIGEST, path, message)
                            .in_unit(&holder.id, None)
                            .differs(&pair.sha256, &actual.sha256);
                        checked.hits.push(hit);
                    }
                    bytes.insert(name, read);
                }
                Err(error) => checked
                    .hits
                    .push(fault_of(&error, path).in_unit(&holder.id, None)),
            }
        }
        if let Some(read) = bytes.get(json) {
            checked
                .hits
                .extend(description(holder, read, &format!("{dir}/{json}")));
        }
        let parsed = |name: &str, length: usize, hits: &mut Vec<Hit>| {
            let read = bytes.get(name)?;
            match manifest::parse(read, length) {
                Ok(lines) => Some(lines),
                Err(error) => {
                    let message = format!("Förteckningen är inte skriven som den ska: {error}.");
                    let hit = Hit::at(codes::MANIFEST_FORM, format!("{dir}/{name}"), message);
                    hits.push(hit.in_unit(&holder.id, None));
                    None
                }
            }
        };
        let lines256 = parsed(sha256, 64, &mut checked.hits);
        let lines512 = parsed(sha512, 128, &mut checked.hits);
        let (lines256, lines512) = (lines256?, lines512?);
        checked
            .hits
            .extend(lists(committed, (&lines256, &lines512), dir));
        let root = merkle::root(
            bytes[sha256]
                .split(|byte| *byte == b'\n')
                .take(lines256.len()),
        );
        let root = Sha256Hex::from_raw(&root);
        if root != sealed.root_sha256 {
            let message = "Rotvärdet över förteckningens rader är ett annat än loggpostens.";
            let hit = Hit::at(codes::HOLDER_ROOT, format!("{dir}/{sha256}"), message)
                .in_unit(&holder.id, None)
                .differs(&sealed.root_sha256, root);
            checked.hits.push(hit);
        }
        let by_unit = lines512.into_iter().map(|line| (line.path, line.digest));
        Some(Lists {
            sha256: lines256,
            sha512: by_unit.collect(),
        })
    }

    /// Checks one listed unit: present exclusive or disposed of exclusive or withheld, and whole where present.
    fn unit(
        &self,
        committed: &Committed,
        found: &Found,
        (unit, line, lists): (UnitNo, &Line, &Lists),
        checked: &mut Checked,
    ) -> State {
        let id = &committed.holder.id;
        let reference = UnitRef {
            holder: id.clone(),
            unit,
        };
        let dir = format!(
            "{}{}/units/{unit}",
            self.view.data(),
            committed.holder.dir()
        );
        let commitment512 = lists.sha512.get(&format!("units/{unit}/unit.sha512"));
        let hit = |code: &Code, message: &str| Hit::at(code, &dir, message).in_unit(id, Some(unit));
        let disposed = self.history.disposed.get(&reference);
        if let Some(disposed) = disposed {
            let pair = &disposed.tombstone.commitment;
            if pair.sha256.as_str() != line.digest
                || commitment512.is_none_or(|digest| pair.sha512.as_str() != digest)
            {
                let message = "Gallringsposten bär ett annat värde än förteckningens rad.";
                checked.hits.push(
                    hit(codes::TOMBSTONE_COMMITMENT, message).differs(&line.digest, &pair.sha256),
                );
            }
        }
        let withheld = self
            .withheld
            .is_some_and(|withheld| withheld.contains(&reference));
        let files = found.units.get(&unit);
        match (files, disposed, withheld) {
            (Some(files), None, false) => {
                let place = UnitPlace {
                    id,
                    unit,
                    dir: &dir,
                    files,
                };
                self.present_unit(&place, (&line.digest, commitment512), checked)
            }
            (Some(_), Some(disposed), _) => {
                let finished = self.history.confirmed.contains(&disposed.plan);
                if finished || self.withheld.is_some() {
                    let message = "Gallringsenheten är gallrad enligt loggen men finns kvar (återläst säkerhetskopia?).";
                    checked.hits.push(hit(codes::NOT_DISPOSED, message));
                    State::Bad
                } else {
                    let message = "Gallringsenheten ska bort enligt loggen men finns kvar: gallringen är inte slutförd.";
                    checked.hits.push(hit(codes::DISPOSAL_PENDING, message));
                    State::Disposed
                }
            }
            (Some(_), None, true) => {
                let message = "Gallringsenheten finns i paketet fast den är undantagen.";
                checked.hits.push(hit(codes::WITHHELD, message));
                State::Bad
            }
            (None, Some(_), true) => {
                let message = "Gallringsenheten är både gallrad och undantagen.";
                checked.hits.push(hit(codes::WITHHELD, message));
                State::Disposed
            }
            (None, Some(_), false) => State::Disposed,
            (None, None, true) => State::Withheld,
            (None, None, false) => {
                let message = "Gallringsenheten saknas och är inte gallrad.";
                checked.hits.push(hit(codes::UNIT_MISSING, message));
                State::Missing
            }
        }
    }

    /// Checks the manifests and files of a unit that is there.
    fn present_unit(
        &self,
        place: &UnitPlace<'_>,
        (sha256, sha512): (&str, Option<&String>),
        checked: &mut Checked,
    ) -> State {
        let before = checked.hits.len();
        let one = self.unit_manifest(place, "unit.sha256", Some(sha256), checked);
        let other = self.unit_manifest(place, "unit.sha512", sha512.map(String::as_str), checked);
        let (Some(one), Some(other)) = (one, other) else {
            return verdict(&checked.hits[before..]);
        };
        let names = |lines: &[Line]| {
            lines
                .iter()
                .map(|line| line.path.clone())
                .collect::<Vec<_>>()
        };
        if names(&one) != names(&other) {
            let message = "unit.sha256 och unit.sha512 nämner olika filer.";
            checked
                .hits
                .push(place.hit(codes::LISTS_DISAGREE, "unit.sha512", message));
        }
        let by_name: BTreeMap<&str, &str> = other
            .iter()
            .map(|line| (line.path.as_str(), line.digest.as_str()))
            .collect();
        for line in &one {
            if !place.files.contains(&line.path) {
                let message = "Filen står i förteckningen men saknas.";
                checked
                    .hits
                    .push(place.hit(codes::UNIT_FILE_MISSING, &line.path, message));
            } else if self.fixity {
                let digests = (
                    line.digest.as_str(),
                    by_name.get(line.path.as_str()).copied(),
                );
                self.file(place, &line.path, digests, checked);
            }
        }
        let listed: BTreeSet<&str> = one.iter().map(|line| line.path.as_str()).collect();
        for name in place.files {
            let known =
                listed.contains(name.as_str()) || name == "unit.sha256" || name == "unit.sha512";
            if !known {
                let message = "Filen står inte i gallringsenhetens förteckning.";
                checked
                    .hits
                    .push(place.hit(codes::UNIT_FILE_EXTRA, name, message));
            }
        }
        if self.fixity && !self.has_salt(place) {
            let message = "Saltet ska vara 64 hexadecimala tecken och en radbrytning.";
            checked.hits.push(place.hit(codes::SALT, "salt", message));
        }
        verdict(&checked.hits[before..])
    }

    fn unit_manifest(
        &self,
        place: &UnitPlace<'_>,
        name: &str,
        commitment: Option<&str>,
        checked: &mut Checked,
    ) -> Option<Vec<Line>> {
        if !place.files.contains(name) {
            checked
                .hits
                .push(place.hit(codes::FILE_MISSING, name, "Filen saknas."));
            return None;
        }
        let path = format!("{}/{name}", place.dir);
        let bytes = match self.view.read(&path, MOST) {
            Ok(bytes) => bytes,
            Err(error) => {
                checked
                    .hits
                    .push(fault_of(&error, path).in_unit(place.id, Some(place.unit)));
                return None;
            }
        };
        checked.files += 1;
        checked.bytes += bytes.len() as u64;
        let length = if name == "unit.sha256" { 64 } else { 128 };
        let actual = if length == 64 {
            Sha256Hex::of(&bytes).to_string()
        } else {
            Sha512Hex::of(&bytes).to_string()
        };
        // A list without the unit's line was reported where the lists were compared.
        if let Some(commitment) = commitment.filter(|commitment| *commitment != actual) {
            let message = "Gallringsenhetens förteckning är en annan än fångstens rad säger.";
            let hit = place.hit(codes::COMMITMENT, name, message);
            checked.hits.push(hit.differs(commitment, &actual));
        }
        match manifest::parse(&bytes, length) {
            Ok(lines) if lines.iter().all(|line| !line.path.contains('/')) => Some(lines),
            Ok(_) => {
                let message = "Förteckningen nämner en fil i en undermapp.";
                checked
                    .hits
                    .push(place.hit(codes::MANIFEST_FORM, name, message));
                None
            }
            Err(error) => {
                let message = format!("Förteckningen är inte skriven som den ska: {error}.");
                checked
                    .hits
                    .push(place.hit(codes::MANIFEST_FORM, name, &message));
                None
            }
        }
    }

    /// Reads a file and compares both digests; on a difference it is read once more.
    fn file(
        &self,
        place: &UnitPlace<'_>,
        name: &str,
        (sha256, sha512): (&str, Option<&str>),
        checked: &mut Checked,
    ) {
        let path = format!("{}/{name}", place.dir);
        let same = |pair: &DigestPair| {
            pair.sha256.as_str() == sha256
                && sha512.is_none_or(|sha512| pair.sha512.as_str() == sha512)
        };
        let (pair, bytes) = match self.digest(&path) {
            Ok(read) => read,
            Err(error) => {
                checked
                    .hits
                    .push(fault_of(&error, path).in_unit(place.id, Some(place.unit)));
                return;
            }
        };
        checked.files += 1;
        checked.bytes += bytes;
        if same(&pair) {
            return;
        }
        let again = self.view.digest(&path);
        if again.is_ok_and(|(pair, _)| same(&pair)) {
            let message = "Filen lästes fel en gång och rätt nästa: lagringsmediet är opålitligt.";
            checked
                .hits
                .push(place.hit(codes::TRANSIENT, name, message));
            return;
        }
        let message = if pair.sha256.as_str() == sha256 {
            "Filens SHA-512 är en annan än förteckningens."
        } else {
            "Filen är ändrad: kontrollsumman är en annan än förteckningens."
        };
        let hit = place.hit(codes::DIGEST, name, message);
        checked.hits.push(hit.differs(sha256, &pair.sha256));
    }

    fn digest(&self, path: &str) -> Result<(DigestPair, u64), ReadError> {
        match self.digests.and_then(|digests| digests.get(path)) {
            Some(read) => Ok(read.clone()),
            None => self.view.digest(path),
        }
    }

    fn has_salt(&self, place: &UnitPlace<'_>) -> bool {
        // A missing or changed salt is reported like any file; here only its form counts.
        match self.view.read(&format!("{}/salt", place.dir), 65) {
            Ok(bytes) => {
                bytes.len() == 65
                    && bytes[64] == b'\n'
                    && Sha256Hex::try_from(String::from_utf8_lossy(&bytes[..64]).into_owned())
                        .is_ok()
            }
            Err(_) => false,
        }
    }
}

/// Whether both lists name the same units, as many as the log entry says.
fn lists(committed: &Committed, (sha256, sha512): (&[Line], &[Line]), dir: &str) -> Vec<Hit> {
    let holder = &committed.holder;
    let mut hits = Vec::new();
    let one: Vec<_> = sha256
        .iter()
        .map(|line| unit_of(&line.path, "unit.sha256"))
        .collect();
    let other: Vec<_> = sha512
        .iter()
        .map(|line| unit_of(&line.path, "unit.sha512"))
        .collect();
    if one != other {
        let path = format!("{dir}/{}.sha512", holder.stem());
        let message = "De två förteckningarna nämner olika gallringsenheter.";
        hits.push(Hit::at(codes::LISTS_DISAGREE, path, message).in_unit(&holder.id, None));
    }
    if one.len() as u64 != u64::from(committed.sealed.units) {
        let path = format!("{dir}/{}.sha256", holder.stem());
        let message = "Antalet gallringsenheter är ett annat än loggpostens.";
        let hit = Hit::at(codes::UNIT_COUNT, path, message)
            .in_unit(&holder.id, None)
            .differs(committed.sealed.units, one.len());
        hits.push(hit);
    }
    hits
}

/// A unit that is there.
struct UnitPlace<'a> {
    id: &'a HolderId,
    unit: UnitNo,
    dir: &'a str,
    files: &'a BTreeSet<String>,
}

impl UnitPlace<'_> {
    fn hit(&self, code: &Code, name: &str, message: &str) -> Hit {
        Hit::at(code, format!("{}/{name}", self.dir), message).in_unit(self.id, Some(self.unit))
    }
}

/// Whether `capture.json` or `record.json` is one and describes this capture or record.
fn description(holder: &Holder, bytes: &[u8], path: &str) -> Option<Hit> {
    let same = match &holder.id {
        HolderId::Capture(id) => json::from_slice::<CaptureJson>(bytes).map(|document| {
            document.id == *id && Some(&document.account) == holder.account.as_ref()
        }),
        HolderId::Record(id) => {
            json::from_slice::<RecordJson>(bytes).map(|document| document.id == *id)
        }
    };
    let message = match same {
        Ok(true) => return None,
        Ok(false) => "Beskrivningen gäller en annan fångst eller handling.".to_owned(),
        Err(error) => {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            format!(
                "Beskrivningen kan inte läsas: {error}{}.",
                cause.unwrap_or_default()
            )
        }
    };
    Some(Hit::at(codes::DOCUMENT_FORM, path, message).in_unit(&holder.id, None))
}

fn unit_of(path: &str, file: &str) -> Option<UnitNo> {
    path.strip_prefix("units/")?
        .strip_suffix(file)?
        .strip_suffix('/')?
        .parse()
        .ok()
}

fn verdict(hits: &[Hit]) -> State {
    if hits.is_empty() || hits.iter().all(|hit| hit.code == codes::TRANSIENT.code) {
        State::Ok
    } else if hits.iter().all(|hit| {
        [
            codes::UNREADABLE.code,
            codes::CHANGED.code,
            codes::TRANSIENT.code,
        ]
        .contains(&hit.code)
    }) {
        State::Unreadable
    } else {
        State::Bad
    }
}

fn count(counts: &mut Counts, state: State) {
    counts.listed += 1;
    let place = match state {
        State::Ok => &mut counts.ok,
        State::Bad => &mut counts.bad,
        State::Missing => &mut counts.missing,
        State::Disposed => &mut counts.disposed,
        State::Withheld => &mut counts.withheld,
        State::Unreadable => &mut counts.unreadable,
    };
    *place += 1;
}
