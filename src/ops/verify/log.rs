//! The log and what stands beside it: entries, checkpoint, keys, policies, and the auditor's own checkpoint.

use crate::archive::View;
use crate::archive::ViewKind;
use crate::evidence::checkpoint::{self, Checkpoint, CheckpointError};
use crate::evidence::codes;
use crate::evidence::history::{History, entry_path};
use crate::evidence::keys;
use crate::evidence::report::Hit;
use crate::model::digest::Sha256Hex;
use crate::ops::verify::contents::Contents;
use crate::ops::verify::{Request, fault_of};
use crate::policy::parse;

/// Largest entry, key, checkpoint or policy.
const MOST: u64 = 16 * 1024 * 1024;
const CHECKPOINT: &str = "log/checkpoint";

/// Reads every entry in order. After a gap the rest cannot belong to the chain and is reported, not read.
pub(super) fn read(view: &View, contents: &Contents) -> (History, Vec<Hit>) {
    let mut history = History::default();
    let mut hits = Vec::new();
    for (expected, seq) in (0..).zip(&contents.entries) {
        let path = format!("{}{}", view.data(), entry_path(expected));
        if *seq != expected {
            let message = format!("Loggposten saknas; nästa som finns är {seq}.");
            hits.push(Hit::at(codes::LOG_GAP, path, message));
            break;
        }
        match view.read(&path, MOST) {
            Ok(bytes) => hits.extend(history.take_in(&bytes, view.data())),
            Err(error) => {
                hits.push(fault_of(&error, path));
                break;
            }
        }
    }
    if history.entries.is_empty() {
        let path = format!("{}{}", view.data(), entry_path(0));
        hits.push(Hit::at(
            codes::GENESIS,
            path,
            "Loggen har ingen läsbar genesispost.",
        ));
    }
    (history, hits)
}

/// Declaration, keys and the two texts.
pub(super) fn plain_files(view: &View, contents: &Contents, history: &History) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut required = vec!["keys/log.pub.pem", "keys/log.vkey"];
    if view.kind() == ViewKind::Archive {
        required.extend(["0=bevara_store_1", "SPEC.md", "AUDIT.md"]);
    } else {
        required.extend(["metadata/scope.json", "metadata/absent.txt"]);
    }
    for name in required {
        let path = format!("{}{name}", view.data());
        if !contents.plain.contains(name) {
            hits.push(Hit::at(codes::FILE_MISSING, path, "Filen saknas."));
            continue;
        }
        let bytes = match view.read(&path, MOST) {
            Ok(bytes) => bytes,
            Err(error) => {
                hits.push(fault_of(&error, path));
                continue;
            }
        };
        hits.extend(plain_file(name, &bytes, path, history));
    }
    hits
}

fn plain_file(name: &str, bytes: &[u8], path: String, history: &History) -> Option<Hit> {
    let vkey = history.genesis().map(|genesis| genesis.vkey);
    match name {
        "0=bevara_store_1" if bytes != b"bevara_store_1\n" => {
            let message = "Filen ska innehålla raden bevara_store_1.";
            Some(Hit::at(codes::DECLARATION, path, message))
        }
        "keys/log.vkey" if vkey.is_some_and(|vkey| format!("{vkey}\n").as_bytes() != bytes) => {
            let message = "Nyckeln är en annan än genesispostens.";
            Some(Hit::at(codes::KEY, path, message))
        }
        "keys/log.pub.pem" if vkey.is_some_and(|vkey| !is_same_key(bytes, vkey)) => {
            let message = "Nyckeln är en annan än genesispostens.";
            Some(Hit::at(codes::KEY, path, message))
        }
        "SPEC.md" if bytes != include_bytes!("../../../docs/format/store.md") => {
            let message =
                "Texten är en annan än den detta program skriver (annan version, eller ändrad).";
            Some(Hit::at(codes::OTHER_TEXT, path, message))
        }
        "AUDIT.md" if bytes != include_bytes!("../../../docs/verify-without-bevara.md") => {
            let message =
                "Texten är en annan än den detta program skriver (annan version, eller ändrad).";
            Some(Hit::at(codes::OTHER_TEXT, path, message))
        }
        _ => None,
    }
}

/// Whether a PEM file holds the key of a verifier key, byte for byte as this program writes it.
pub(super) fn is_same_key(pem: &[u8], vkey: &str) -> bool {
    let Ok((_, key)) = keys::parse_vkey(vkey) else {
        return false;
    };
    keys::public_pem(&key).is_ok_and(|text| text.as_bytes() == pem)
}

/// Policy files: named by their digests, all that were put in force, and no others.
pub(super) fn policies(
    view: &View,
    contents: &Contents,
    history: &History,
    fixity: bool,
) -> Vec<Hit> {
    let mut hits = Vec::new();
    for digest in &contents.policies {
        let path = format!("{}policies/{digest}.toml", view.data());
        let known = history
            .policies
            .iter()
            .any(|known| known.as_str() == digest);
        if !known && view.kind() == ViewKind::Archive {
            let message = "Policyn har aldrig trätt i kraft: avbruten före bokföring.";
            hits.push(Hit::at(codes::UNCOMMITTED, &path, message));
        } else if !known {
            let message = "Policyn har aldrig trätt i kraft.";
            hits.push(Hit::at(codes::UNEXPECTED, &path, message));
        }
        if !fixity {
            continue;
        }
        match view.read(&path, MOST) {
            Ok(bytes) => {
                let actual = Sha256Hex::of(&bytes);
                if actual.as_str() != digest {
                    let message = "Policyfilen är ändrad: namnet är dess kontrollsumma.";
                    let hit = Hit::at(codes::POLICY_DIGEST, path, message);
                    hits.push(hit.differs(digest, actual));
                }
            }
            Err(error) => hits.push(fault_of(&error, path)),
        }
    }
    for digest in &history.policies {
        if !contents.policies.contains(digest.as_str()) {
            let path = format!("{}policies/{digest}.toml", view.data());
            hits.push(Hit::at(codes::POLICY_MISSING, path, "Policyfilen saknas."));
        }
    }
    hits
}

/// The waiting period in days of a policy in the store.
pub(super) fn waiting_days(view: &View, digest: &Sha256Hex) -> Option<u32> {
    let path = format!("{}policies/{digest}.toml", view.data());
    let bytes = view.read(&path, MOST).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    match parse::parse(&path, &text) {
        Ok(policy) => Some(policy.waiting_days),
        Err(_faults) => None,
    }
}

/// The signed checkpoint against the log's own root.
pub(super) fn checkpoint(view: &View, contents: &Contents, history: &History) -> Vec<Hit> {
    let path = format!("{}{CHECKPOINT}", view.data());
    let Some(genesis) = history.genesis() else {
        return Vec::new();
    };
    if !contents.plain.contains(CHECKPOINT) {
        // The very first entry may stand alone after a crash, as any later one may beyond the checkpoint.
        let (code, message) = if history.size() == 1 && view.kind() == ViewKind::Archive {
            (
                codes::UNSIGNED,
                "Den första loggposten är inte undertecknad än.",
            )
        } else {
            (codes::FILE_MISSING, "Filen saknas.")
        };
        return vec![Hit::at(code, path, message)];
    }
    let note = match view.read(&path, MOST) {
        Ok(note) => note,
        Err(error) => return vec![fault_of(&error, path)],
    };
    let verified = std::str::from_utf8(&note)
        .map_err(|_utf8| CheckpointError::Form)
        .and_then(|note| checkpoint::verify(note, genesis.vkey));
    match verified {
        Ok(checkpoint) => against_log(&checkpoint, history, path),
        Err(error) => {
            let message = format!("Checkpunkten är inte giltigt undertecknad: {error}.");
            vec![Hit::at(codes::CHECKPOINT_SIGNATURE, path, message)]
        }
    }
}

fn against_log(checkpoint: &Checkpoint, history: &History, path: String) -> Vec<Hit> {
    let mut hits = Vec::new();
    let size = history.size();
    match history.root(checkpoint.size) {
        None => {
            let message = "Loggen är kortare än checkpunkten: poster saknas i slutet.";
            hits.push(Hit::at(codes::LOG_SHORT, &path, message).differs(checkpoint.size, size));
        }
        Some(root) if root != checkpoint.root => {
            let message = "Loggens rotvärde är ett annat än checkpunktens: loggen är ändrad.";
            let hit = Hit::at(codes::LOG_ROOT, &path, message);
            hits.push(hit.differs(hex::encode(checkpoint.root), hex::encode(root)));
        }
        Some(_) => {}
    }
    if checkpoint.size + 1 == size {
        let message = "Den sista loggposten är inte undertecknad än; nästa skrivning gör det.";
        hits.push(Hit::at(codes::UNSIGNED, path, message));
    } else if checkpoint.size < size {
        let message = "Fler än en loggpost ligger bortom checkpunkten.";
        let hit = Hit::at(codes::UNSIGNED_TAIL, path, message);
        hits.push(hit.differs(checkpoint.size, size));
    }
    hits
}

/// Level 4: what stands outside the archive's own reach.
pub(super) fn anchors(history: &History, request: &Request) -> Vec<Hit> {
    let Some(note) = &request.expected else {
        let message = "Inget oberoende bevis finns: varken --expect-checkpoint, tidsstämpel eller diarieförd sigillrad.";
        return vec![Hit::at(codes::NO_ANCHOR, "", message)];
    };
    let path = "--expect-checkpoint";
    let checkpoint = match checkpoint::parse(note) {
        Ok(checkpoint) => checkpoint,
        Err(error) => {
            let message = format!("Filen är ingen checkpunkt: {error}.");
            return vec![Hit::at(codes::EXPECTED_SIGNATURE, path, message)];
        }
    };
    let mut hits = Vec::new();
    if let Some(genesis) = history.genesis() {
        if let Err(error) = checkpoint::verify(note, genesis.vkey) {
            let message =
                format!("Checkpunkten är inte giltigt undertecknad av denna logg: {error}.");
            hits.push(Hit::at(codes::EXPECTED_SIGNATURE, path, message));
        }
        if checkpoint.origin != genesis.origin {
            let message = "Checkpunkten gäller en annan logg.";
            let hit = Hit::at(codes::EXPECTED_OTHER, path, message);
            hits.push(hit.differs(&checkpoint.origin, genesis.origin));
        }
    }
    match history.root(checkpoint.size) {
        None => {
            let message = "Loggen är kortare än den väntade checkpunkten: den har backats.";
            let hit = Hit::at(codes::EXPECTED_OTHER, path, message);
            hits.push(hit.differs(checkpoint.size, history.size()));
        }
        Some(root) if root != checkpoint.root => {
            let message = "Loggens början är en annan än vid den väntade checkpunkten: historien är omskriven.";
            let hit = Hit::at(codes::EXPECTED_OTHER, path, message);
            hits.push(hit.differs(hex::encode(checkpoint.root), hex::encode(root)));
        }
        Some(_) => {}
    }
    hits
}
