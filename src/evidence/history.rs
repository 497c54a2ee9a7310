//! The log read from its bytes: chain, roots, and an index of what it says. Pure: the caller brings the bytes.

use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::codes::{self, Code};
use crate::evidence::layout::Holder;
use crate::evidence::merkle::{self, Hash};
use crate::evidence::report::Hit;
use crate::model::cadence::Slot;
use crate::model::causes::with_causes;
use crate::model::digest::{DigestPair, Sha256Hex};
use crate::model::entry::{Actor, Body, Entry, RESERVED_TYPES, Sealed, Tombstone};
use crate::model::id::{AccountId, HolderId, PersonId, RecordId, UnitRef};
use crate::model::person::Role;
use crate::model::time::Instant;
use crate::model::verdict::Verdict;

/// A capture or record that the log knows.
#[derive(Clone, Debug)]
pub struct Committed {
    /// Where it lies.
    pub holder: Holder,
    /// Its digests.
    pub sealed: Sealed,
    /// The entry that brought it into being.
    pub seq: u64,
}

/// A unit that a disposal entry takes away.
#[derive(Clone, Debug)]
pub struct Disposed {
    /// The unit and its commitment.
    pub tombstone: Tombstone,
    /// The plan.
    pub plan: RecordId,
    /// The entry.
    pub seq: u64,
}

/// The log's contents.
#[derive(Debug, Default)]
pub struct History {
    /// Every entry that could be read.
    pub entries: Vec<Entry>,
    /// Leaf hash of every entry in order, readable or not.
    pub leaves: Vec<Hash>,
    /// Digests of the last entry's bytes.
    pub head: Option<DigestPair>,
    /// Captures and records by id.
    pub holders: BTreeMap<HolderId, Committed>,
    /// Units disposed of.
    pub disposed: BTreeMap<UnitRef, Disposed>,
    /// Plans whose disposal was confirmed.
    pub confirmed: BTreeSet<RecordId>,
    /// Plans that were withdrawn.
    pub withdrawn: BTreeSet<RecordId>,
    /// Policies that were put in force.
    pub policies: BTreeSet<Sha256Hex>,
    /// Slots for which a capture was tried and failed.
    pub failed: BTreeSet<(AccountId, Slot)>,
}

/// The path of an entry below the store.
pub fn entry_path(seq: u64) -> String {
    format!("log/entries/{seq:09}.json")
}

impl History {
    /// Takes in the bytes of the next entry and says what is wrong with it. `prefix` stands before its path.
    pub fn take_in(&mut self, bytes: &[u8], prefix: &str) -> Vec<Hit> {
        let seq = self.leaves.len() as u64;
        let path = format!("{prefix}{}", entry_path(seq));
        let previous = self.head.clone().unwrap_or_else(DigestPair::zero);
        self.leaves.push(merkle::leaf_hash(bytes));
        self.head = Some(DigestPair::of(bytes));
        let entry = match Entry::from_bytes(bytes) {
            Ok(entry) => entry,
            Err(error) => {
                let message = format!("Loggposten kan inte läsas: {}", with_causes(&error));
                return vec![Hit::at(codes::ENTRY_FORM, path, message)];
            }
        };
        let mut hits = self.in_order(&entry, &previous, &path);
        match &entry.body {
            Some(body) => {
                let body = body.clone();
                self.index(&entry, &body, &path, &mut hits);
            }
            None if RESERVED_TYPES.contains(&entry.kind.as_str()) => hits.push(Hit::at(
                codes::UNKNOWN_TYPE,
                &path,
                format!("Posttypen \"{}\" är reserverad; bytena är kontrollerade men inte innebörden.", entry.kind),
            )),
            None => hits.push(Hit::at(
                codes::UNKNOWN_TYPE,
                &path,
                format!("Posttypen \"{}\" är okänd för detta program; bytena är kontrollerade men inte innebörden.", entry.kind),
            )),
        }
        self.entries.push(entry);
        hits
    }

    /// Number, chain and time of an entry.
    fn in_order(&self, entry: &Entry, previous: &DigestPair, path: &str) -> Vec<Hit> {
        let seq = self.leaves.len() as u64 - 1;
        let mut hits = Vec::new();
        if entry.seq != seq {
            let message = "Postens nummer är ett annat än filens.";
            hits.push(Hit::at(codes::LOG_GAP, path, message).differs(seq, entry.seq));
        }
        if entry.prev != *previous {
            let message = "Posten bygger inte på den föregående: kedjan är bruten.";
            hits.push(
                Hit::at(codes::CHAIN, path, message).differs(&previous.sha256, &entry.prev.sha256),
            );
        }
        if let Some(last) = self.entries.last().filter(|last| entry.time < last.time) {
            let message = "Postens tid ligger före den föregåendes.";
            hits.push(Hit::at(codes::TIME, path, message).differs(last.time, entry.time));
        }
        let is_genesis = matches!(entry.body, Some(Body::Genesis { .. }));
        if is_genesis != (seq == 0) {
            let message = "Loggen ska börja med exakt en genesispost.";
            hits.push(Hit::at(codes::GENESIS, path, message));
        }
        hits
    }

    fn index(&mut self, entry: &Entry, body: &Body, path: &str, hits: &mut Vec<Hit>) {
        if let Some((id, account, sealed)) = body.holder() {
            let holder = Holder {
                id: id.clone(),
                account: account.cloned(),
            };
            let committed = Committed {
                holder,
                sealed: sealed.clone(),
                seq: entry.seq,
            };
            if self.holders.insert(id.clone(), committed).is_some() {
                let message = format!("{id} har redan en loggpost.");
                hits.push(Hit::at(codes::HOLDER_TWICE, path, message));
            }
        }
        self.index_slots(body, path, hits);
        match body {
            Body::PolicyChange { policy_sha256, .. } => {
                self.policies.insert(policy_sha256.clone());
            }
            Body::PlanWithdrawn { plan, .. } => {
                self.withdrawn.insert(plan.clone());
            }
            Body::DisposalConfirmed { plan, .. } => {
                self.confirmed.insert(plan.clone());
            }
            Body::Disposal { plan, units, .. } => {
                for tombstone in units {
                    hits.extend(self.entomb((entry.seq, path), plan, tombstone));
                }
            }
            Body::Genesis { .. }
            | Body::PersonChanged { .. }
            | Body::AccountChanged { .. }
            | Body::Capture { .. }
            | Body::CaptureFailed { .. }
            | Body::Ingest { .. }
            | Body::SnapshotMissed { .. }
            | Body::Classification { .. }
            | Body::Flag { .. }
            | Body::Plan { .. }
            | Body::Approval { .. }
            | Body::HoldPlaced { .. }
            | Body::HoldLifted { .. }
            | Body::Export { .. }
            | Body::Receipt { .. }
            | Body::Takedown { .. }
            | Body::RegistryHandover { .. }
            | Body::RegistryReceipt { .. }
            | Body::RemovalObserved { .. }
            | Body::Note { .. } => {}
        }
    }

    fn index_slots(&mut self, body: &Body, path: &str, hits: &mut Vec<Hit>) {
        match body {
            Body::AccountChanged { policy_sha256, .. } => {
                self.policies.insert(policy_sha256.clone());
            }
            Body::Capture { verdict, fills, .. }
                if !fills.is_empty() && *verdict != Verdict::Complete =>
            {
                let message = "En fångst som inte är fullständig fyller en ögonblicksbild.";
                hits.push(Hit::at(codes::SLOT_NOT_COMPLETE, path, message));
            }
            Body::CaptureFailed {
                account, wanted, ..
            } => {
                for slot in wanted {
                    self.failed.insert((account.clone(), slot.clone()));
                }
            }
            Body::Genesis { .. }
            | Body::PersonChanged { .. }
            | Body::PolicyChange { .. }
            | Body::Capture { .. }
            | Body::Ingest { .. }
            | Body::SnapshotMissed { .. }
            | Body::Classification { .. }
            | Body::Flag { .. }
            | Body::Plan { .. }
            | Body::PlanWithdrawn { .. }
            | Body::Approval { .. }
            | Body::HoldPlaced { .. }
            | Body::HoldLifted { .. }
            | Body::Disposal { .. }
            | Body::DisposalConfirmed { .. }
            | Body::Export { .. }
            | Body::Receipt { .. }
            | Body::Takedown { .. }
            | Body::RegistryHandover { .. }
            | Body::RegistryReceipt { .. }
            | Body::RemovalObserved { .. }
            | Body::Note { .. } => {}
        }
    }

    fn entomb(
        &mut self,
        (seq, path): (u64, &str),
        plan: &RecordId,
        tombstone: &Tombstone,
    ) -> Vec<Hit> {
        let unit = &tombstone.unit;
        let fault = |code: &Code, message: String| {
            Hit::at(code, path, message).in_unit(&unit.holder, Some(unit.unit))
        };
        let mut hits = Vec::new();
        if !self.holders.contains_key(&unit.holder) {
            let message = format!("Gallringsenheten {unit} har aldrig funnits i loggen.");
            hits.push(fault(codes::TOMBSTONE_UNKNOWN, message));
        }
        let disposed = Disposed {
            tombstone: tombstone.clone(),
            plan: plan.clone(),
            seq,
        };
        if self.disposed.insert(unit.clone(), disposed).is_some() {
            let message = format!("Gallringsenheten {unit} är redan gallrad.");
            hits.push(fault(codes::TOMBSTONE_TWICE, message));
        }
        hits
    }

    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// The root over the first `size` entries; `None` when there are fewer.
    pub fn root(&self, size: u64) -> Option<Hash> {
        let size = usize::try_from(size).ok()?;
        let leaves = self.leaves.get(..size)?;
        let mut tree = merkle::Tree::default();
        for leaf in leaves {
            tree.push_hash(*leaf);
        }
        Some(tree.root())
    }

    /// Members of the genesis entry: archive, origin, verifier key, and whether it is a test archive.
    pub fn genesis(&self) -> Option<Genesis<'_>> {
        match self.entries.first().map(|entry| &entry.body) {
            Some(Some(Body::Genesis {
                archive,
                origin,
                vkey,
                test,
                ..
            })) => Some(Genesis {
                archive: archive.as_str(),
                origin,
                vkey,
                test: *test,
            }),
            _ => None,
        }
    }

    /// The time of the last entry.
    pub fn last_time(&self) -> Option<Instant> {
        self.entries.last().map(|entry| entry.time)
    }
}

/// What the genesis entry binds.
#[derive(Clone, Copy, Debug)]
pub struct Genesis<'a> {
    /// The archive.
    pub archive: &'a str,
    /// The log's name.
    pub origin: &'a str,
    /// The key of its checkpoints.
    pub vkey: &'a str,
    /// Whether it is a PROVARKIV.
    pub test: bool,
}

/// Who acts: every person must be known before acting. Genesis and the first person are the program's own.
pub fn actors(history: &History, prefix: &str) -> Vec<Hit> {
    let mut known: BTreeMap<&PersonId, (Role, bool)> = BTreeMap::new();
    let mut hits = Vec::new();
    for entry in &history.entries {
        if let Some(Body::PersonChanged {
            person,
            role,
            active,
            ..
        }) = &entry.body
        {
            let first = known.is_empty();
            let by_itself = matches!(&entry.actor, Actor::Person(actor) if actor == person);
            if !(first && by_itself) {
                hits.extend(actor(entry, &known, prefix));
            }
            known.insert(person, (*role, *active));
        } else if entry.seq > 0 || !known.is_empty() {
            hits.extend(actor(entry, &known, prefix));
        }
    }
    hits
}

fn actor(entry: &Entry, known: &BTreeMap<&PersonId, (Role, bool)>, prefix: &str) -> Option<Hit> {
    let Actor::Person(person) = &entry.actor else {
        return None;
    };
    // Before the first person is known the archive is being made, and its maker signs with the id to come.
    if known.is_empty() || known.get(person).is_some_and(|(_, active)| *active) {
        return None;
    }
    let path = format!("{prefix}{}", entry_path(entry.seq));
    let message =
        format!("Personen {person} var inte upplagd, eller inte aktiv, när posten skrevs.");
    Some(Hit::at(codes::ACTOR, path, message))
}
