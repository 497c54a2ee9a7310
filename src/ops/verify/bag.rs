//! A package: its seal, its bag, and what it says it carries.

use std::collections::{BTreeMap, BTreeSet};

use crate::archive::View;
use crate::evidence::codes;
use crate::evidence::history::History;
use crate::evidence::keys;
use crate::evidence::layout::Holder;
use crate::evidence::manifest;
use crate::evidence::report::Hit;
use crate::evidence::scope::{self, Scope};
use crate::evidence::seal::{self, Seal};
use crate::model::digest::{DigestPair, Sha256Hex};
use crate::model::id::{HolderId, UnitNo, UnitRef};
use crate::model::json;
use crate::ops::verify::contents::Contents;
use crate::ops::verify::holders::Digests;
use crate::ops::verify::{MOST, Request, fault_of, log, side_by_side};
use crate::package::bagit;

/// What a package says it carries.
#[derive(Debug, Default)]
pub(super) struct Carried {
    /// Captures and records.
    pub(super) holders: BTreeSet<HolderId>,
    /// Units of these that were left out.
    pub(super) withheld: BTreeSet<UnitRef>,
}

/// What the check of the bag came to.
#[derive(Debug, Default)]
pub(super) struct Bag {
    pub(super) hits: Vec<Hit>,
    pub(super) digests: Digests,
    pub(super) scope: Option<Carried>,
    pub(super) files: u64,
    pub(super) bytes: u64,
}

/// Digests by path below `bag/`, from the two manifests of a pair.
type Listed = BTreeMap<String, [Option<String>; 2]>;

/// Checks seal, bag and scope.
pub(super) fn check(view: &View, contents: &Contents, history: &History, request: &Request) -> Bag {
    let mut bag = Bag::default();
    let tags = bag.manifests(view, contents, "tagmanifest");
    let payload = bag.manifests(view, contents, "manifest");
    bag.presence(contents, &tags, &payload);
    bag.declaration(view, contents);
    if request.level >= 1 {
        let listed: Vec<_> = tags.into_iter().chain(payload).collect();
        bag.fixity(view, &listed, request.threads);
    }
    bag.seal(view, contents, history);
    bag.carried(view, contents, history);
    bag
}

impl Bag {
    fn read(&mut self, view: &View, path: &str) -> Option<Vec<u8>> {
        match view.read(path, MOST) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                // What is missing was reported as such by the caller's own check.
                if !error.is_missing() {
                    self.hits.push(fault_of(&error, path.to_owned()));
                }
                None
            }
        }
    }

    /// Reads a pair of manifests; both must name the same files.
    fn manifests(&mut self, view: &View, contents: &Contents, kind: &str) -> Listed {
        let mut listed = Listed::new();
        for (index, (algorithm, length)) in bagit::ALGORITHMS.into_iter().enumerate() {
            let path = format!("bag/{kind}-{algorithm}.txt");
            if !contents.outside.contains(&path) {
                self.hits
                    .push(Hit::at(codes::BAG_MANIFEST, path, "Manifestet saknas."));
                continue;
            }
            let Some(bytes) = self.read(view, &path) else {
                continue;
            };
            match manifest::parse(&bytes, length) {
                Ok(lines) => {
                    for line in lines {
                        listed.entry(line.path).or_default()[index] = Some(line.digest);
                    }
                }
                Err(error) => {
                    let message = format!("Manifestet är inte skrivet som det ska: {error}.");
                    self.hits.push(Hit::at(codes::BAG_MANIFEST, path, message));
                }
            }
        }
        if listed
            .values()
            .any(|digests| digests.iter().any(Option::is_none))
        {
            let message = format!("De två {kind} nämner inte samma filer.");
            self.hits.push(Hit::at(codes::BAG_MANIFEST, "bag", message));
        }
        listed
    }

    /// Every file of the bag is listed, and every listed one is there.
    fn presence(&mut self, contents: &Contents, tags: &Listed, payload: &Listed) {
        let tag_files = contents.outside.iter().filter_map(|path| {
            let name = path.strip_prefix("bag/")?;
            let own = ["tagmanifest-sha256.txt", "tagmanifest-sha512.txt"].contains(&name);
            (!own).then(|| name.to_owned())
        });
        let payload_files = contents
            .payload
            .keys()
            .filter_map(|path| path.strip_prefix("bag/").map(str::to_owned));
        let present: BTreeSet<String> = tag_files.chain(payload_files).collect();
        for name in &present {
            let list = if name.starts_with("data/") {
                payload
            } else {
                tags
            };
            if !list.contains_key(name) {
                let message = "Filen står inte i påsens manifest.";
                self.hits
                    .push(Hit::at(codes::BAG_EXTRA, format!("bag/{name}"), message));
            }
        }
        for name in tags.keys().chain(payload.keys()) {
            if !present.contains(name) {
                let message = "Filen står i påsens manifest men saknas.";
                self.hits
                    .push(Hit::at(codes::BAG_MISSING, format!("bag/{name}"), message));
            }
        }
        for name in payload.keys().filter(|name| !name.starts_with("data/")) {
            let message = "Manifestet nämner en fil utanför data/.";
            self.hits
                .push(Hit::at(codes::BAG_MANIFEST, format!("bag/{name}"), message));
        }
        for name in ["VERIFIERA.txt", "AUDIT.md"] {
            if !contents.outside.contains(name) {
                self.hits
                    .push(Hit::at(codes::FILE_MISSING, name, "Filen saknas."));
            }
        }
    }

    fn declaration(&mut self, view: &View, contents: &Contents) {
        let declaration = self.read(view, "bag/bagit.txt");
        if declaration.as_deref() != Some(bagit::DECLARATION.as_bytes()) {
            let message = "Filen ska vara BagIt 1.0:s deklaration i UTF-8.";
            self.hits
                .push(Hit::at(codes::BAG_DECLARATION, "bag/bagit.txt", message));
        }
        let path = "bag/bag-info.txt";
        let Some(info) = self.read(view, path) else {
            return;
        };
        let actual = (
            contents.payload.values().sum::<u64>(),
            contents.payload.len() as u64,
        );
        let stated = std::str::from_utf8(&info).ok().and_then(bagit::oxum);
        if stated != Some(actual) {
            let message = "Payload-Oxum stämmer inte med leveransens storlek och antal filer.";
            let stated = stated.map_or_else(
                || "-".to_owned(),
                |(octets, files)| format!("{octets}.{files}"),
            );
            let hit = Hit::at(codes::BAG_OXUM, path, message);
            self.hits
                .push(hit.differs(stated, format!("{}.{}", actual.0, actual.1)));
        }
    }

    /// Reads every listed file and compares both digests; on a difference it is read once more.
    fn fixity(&mut self, view: &View, listed: &[(String, [Option<String>; 2])], threads: usize) {
        let results = side_by_side(listed, threads, |(name, digests)| {
            let path = format!("bag/{name}");
            let same = |pair: &DigestPair| {
                let [sha256, sha512] = digests;
                sha256
                    .as_ref()
                    .is_none_or(|digest| digest == pair.sha256.as_str())
                    && sha512
                        .as_ref()
                        .is_none_or(|digest| digest == pair.sha512.as_str())
            };
            let read = view.digest(&path);
            let hit = match &read {
                Ok((pair, _)) if same(pair) => None,
                Ok((pair, _)) => Some(match view.digest(&path) {
                    Ok((again, _)) if same(&again) => Hit::at(
                        codes::TRANSIENT,
                        &path,
                        "Filen lästes fel en gång och rätt nästa: lagringsmediet är opålitligt.",
                    ),
                    Ok(_) | Err(_) => {
                        let message = "Filen är ändrad: kontrollsumman är en annan än manifestets.";
                        let expected = digests[0].clone().unwrap_or_default();
                        Hit::at(codes::BAG_DIGEST, &path, message).differs(expected, &pair.sha256)
                    }
                }),
                Err(error) if error.is_missing() => None,
                Err(error) => Some(fault_of(error, path.clone())),
            };
            (path, read.ok(), hit)
        });
        for (path, read, hit) in results {
            self.hits.extend(hit);
            if let Some((pair, bytes)) = read {
                self.files += 1;
                self.bytes += bytes;
                self.digests.insert(path, (pair, bytes));
            }
        }
    }

    /// The seal: its form, its signature by the log's key, and everything it states.
    fn seal(&mut self, view: &View, contents: &Contents, history: &History) {
        for name in ["SEAL.txt", "SEAL.sig", "log.pub.pem"] {
            if !contents.outside.contains(name) {
                let message = "Filen saknas: ingenting binder påsen till sin logg.";
                self.hits.push(Hit::at(codes::SEAL_MISSING, name, message));
            }
        }
        let Some(genesis) = history.genesis() else {
            return;
        };
        if let Some(pem) = self
            .read(view, "log.pub.pem")
            .filter(|pem| !log::is_same_key(pem, genesis.vkey))
        {
            let message = format!(
                "Nyckeln ({} byte) är en annan än genesispostens.",
                pem.len()
            );
            self.hits.push(Hit::at(codes::KEY, "log.pub.pem", message));
        }
        let Some(text) = self.read(view, "SEAL.txt") else {
            return;
        };
        if let Some(signature) = self.read(view, "SEAL.sig") {
            let signed = keys::parse_vkey(genesis.vkey)
                .is_ok_and(|(_, key)| seal::is_signed(&text, &signature, &key));
            if !signed {
                let message = "Underskriften är inte loggens över SEAL.txt.";
                self.hits
                    .push(Hit::at(codes::SEAL_SIGNATURE, "SEAL.sig", message));
            }
        }
        match Seal::parse(&text) {
            Ok(seal) => self.stated(view, history, &seal),
            Err(_form) => {
                let message = "Filen är inget sigill i formen bevara-seal/v1.";
                self.hits
                    .push(Hit::at(codes::SEAL_FORM, "SEAL.txt", message));
            }
        }
    }

    fn stated(&mut self, view: &View, history: &History, seal: &Seal) {
        let genesis = history.genesis();
        let root = history
            .root(history.size())
            .map(|root| Sha256Hex::from_raw(&root));
        let head = history.head.as_ref().map(|head| head.sha512.to_string());
        let mut digest_of = |name: &str| {
            self.read(view, &format!("bag/{name}"))
                .map(|bytes| DigestPair::of(&bytes))
        };
        let tag256 = digest_of("tagmanifest-sha256.txt").map(|pair| pair.sha256.to_string());
        let tag512 = digest_of("tagmanifest-sha512.txt").map(|pair| pair.sha512.to_string());
        let claims = [
            (
                "origin",
                seal.origin.clone(),
                genesis.map(|genesis| genesis.origin.to_owned()),
            ),
            (
                "size",
                seal.size.to_string(),
                Some(history.size().to_string()),
            ),
            (
                "root-sha256",
                seal.root_sha256.to_string(),
                root.map(|root| root.to_string()),
            ),
            ("head-sha512", seal.head_sha512.to_string(), head),
            (
                "tagmanifest-sha256",
                seal.tagmanifest_sha256.to_string(),
                tag256,
            ),
            (
                "tagmanifest-sha512",
                seal.tagmanifest_sha512.to_string(),
                tag512,
            ),
        ];
        for (name, stated, actual) in claims {
            let actual = actual.unwrap_or_else(|| "-".to_owned());
            if stated != actual {
                let message = format!("Sigillets rad {name} stämmer inte med paketet.");
                self.hits.push(
                    Hit::at(codes::SEAL_DISAGREES, "SEAL.txt", message).differs(stated, actual),
                );
            }
        }
    }

    /// `scope.json` and `absent.txt`. A package whose scope cannot be read is judged by what lies in it.
    fn carried(&mut self, view: &View, contents: &Contents, history: &History) {
        let path = "bag/data/metadata/scope.json";
        let parsed = self
            .read(view, path)
            .map(|bytes| json::from_slice::<Scope>(&bytes).map_err(|error| error.to_string()));
        let scope = match parsed {
            Some(Ok(scope)) => Some(scope),
            Some(Err(error)) => {
                let message = format!("Omfattningen kan inte läsas: {error}.");
                self.hits.push(Hit::at(codes::SCOPE, path, message));
                None
            }
            None => None,
        };
        let Some(scope) = scope else {
            let holders = contents.holders.keys().map(|holder| holder.id.clone());
            self.scope = Some(Carried {
                holders: holders.collect(),
                withheld: BTreeSet::new(),
            });
            return;
        };
        let captures = scope.captures.iter().cloned().map(HolderId::Capture);
        let records = scope.records.iter().cloned().map(HolderId::Record);
        let carried = Carried {
            holders: captures.chain(records).collect(),
            withheld: scope
                .withheld
                .iter()
                .map(|withheld| withheld.unit.clone())
                .collect(),
        };
        let genesis = history.genesis();
        let fits = scope.schema == scope::SCHEMA
            && genesis.is_some_and(|genesis| {
                genesis.archive == scope.archive.as_str() && genesis.test == scope.test
            })
            && scope.log_size == history.size()
            && carried
                .holders
                .iter()
                .all(|id| history.holders.contains_key(id))
            && carried
                .withheld
                .iter()
                .all(|unit| carried.holders.contains(&unit.holder));
        if !fits {
            let message = "Omfattningen stämmer inte med paketets logg.";
            self.hits.push(Hit::at(codes::SCOPE, path, message));
        }
        self.absent(view, history, &carried);
        self.scope = Some(carried);
    }

    fn absent(&mut self, view: &View, history: &History, carried: &Carried) {
        let path = "bag/data/metadata/absent.txt";
        let expected = absent(history, &carried.holders, &carried.withheld);
        if self
            .read(view, path)
            .is_some_and(|bytes| bytes != expected.as_bytes())
        {
            let message =
                "Filen räknar inte upp exakt de gallrade och undantagna gallringsenheterna.";
            self.hits.push(Hit::at(codes::SCOPE, path, message));
        }
    }
}

/// `absent.txt`: the units of the captures and records carried that are not in the package, one a line, with why.
pub(crate) fn absent(
    history: &History,
    holders: &BTreeSet<HolderId>,
    withheld: &BTreeSet<UnitRef>,
) -> String {
    let line = |holder: &Holder, unit: UnitNo, why: &str| {
        format!("{}/units/{unit}/unit.sha256 {why}\n", holder.dir())
    };
    let place = |unit: &UnitRef| {
        let committed = history.holders.get(&unit.holder);
        committed
            .filter(|_| holders.contains(&unit.holder))
            .map(|committed| &committed.holder)
    };
    let mut lines = BTreeSet::new();
    for unit in withheld {
        lines.extend(place(unit).map(|holder| line(holder, unit.unit, "undantagen")));
    }
    for unit in history.disposed.keys() {
        lines.extend(place(unit).map(|holder| line(holder, unit.unit, "gallrad")));
    }
    lines.into_iter().collect()
}
