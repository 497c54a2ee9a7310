//! Bluesky repositories (CAR of the AT Protocol): every block is hashed, the tree of records is walked from the commit, and
//! the commit's signature is checked where the account's DID document lies beside it.

mod car;
mod cbor;
mod mst;
pub(in crate::platform) mod record;
mod sign;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{BufReader, Read};

use crate::model::digest::Sha256Hex;
use crate::model::ingest::Skipped;
use crate::model::json;
use crate::model::post::{Completeness, Refused};
use crate::platform::bluesky::car::{Blocks, CarError};
use crate::platform::bluesky::cbor::{Cid, Value};
use crate::platform::bluesky::mst::Nodes;
use crate::platform::container::{Container, Shape};
use crate::platform::draft::{self, Origin};
use crate::platform::error::PlatformError;
use crate::platform::object;
use crate::platform::queue::Queue;
use crate::platform::refusal;
use crate::platform::{Importer, Item, Items, Parsed, Source, Summary};

/// Greatest DID document.
const DOCUMENT: u64 = 1024 * 1024;
/// Greatest size of all nodes of the tree together, which are held while it is walked.
const TREE: usize = 512 * 1024 * 1024;

/// Reads a repository.
#[derive(Debug)]
pub(crate) struct Bluesky;

impl Importer for Bluesky {
    fn name(&self) -> &'static str {
        "bluesky"
    }

    fn title(&self) -> &'static str {
        "Bluesky-arkiv (CAR)"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn recognises(&self, container: &Container) -> Result<bool, PlatformError> {
        Ok(!container.of_shape(&[Shape::Car])?.is_empty())
    }

    fn read<'a>(&self, source: &Source<'a>) -> Result<Box<dyn Items + 'a>, PlatformError> {
        let container = source.container;
        let mut cars = container.of_shape(&[Shape::Car])?;
        if cars.is_empty() && container.is_single() {
            cars.push(0);
        }
        let [member] = cars.as_slice() else {
            return Err(PlatformError::expected(
                container.name(),
                format!("en CAR-fil, inte {}", cars.len()),
            ));
        };
        let repository = Repository::learn(container, *member)?;
        let signed = check_signature(container, *member, &repository)?;
        Ok(Box::new(RecordItems {
            source: *source,
            member: *member,
            sha256: container.evidence_digest(*member)?,
            blocks: Some(blocks(container, *member)?),
            notes: vec![signed],
            missing: repository
                .records
                .keys()
                .filter(|cid| !repository.present.contains(cid))
                .copied()
                .collect(),
            repository,
            queue: VecDeque::new(),
            refused: false,
        }))
    }
}

type File = Blocks<BufReader<Box<dyn Read>>>;

fn blocks(container: &Container, member: usize) -> Result<File, PlatformError> {
    Blocks::new(container.read(member)?).map_err(|error| car_error(container, member, error))
}

fn car_error(container: &Container, member: usize, error: CarError) -> PlatformError {
    let place = container.place(member);
    match error {
        CarError::Io(source) => PlatformError::io(place, source),
        CarError::Form(at, expected) => PlatformError::damaged(
            format!("{place}, byte {at}"),
            format!("här väntades {expected}"),
        ),
    }
}

/// What the first pass learns.
struct Repository {
    did: String,
    /// The commit's bytes without its signature, and the signature.
    signed: (Vec<u8>, Vec<u8>),
    /// Keys of posts and reposts by the CID of their record; one record may stand under several keys.
    records: BTreeMap<Cid, Vec<String>>,
    /// Records that the file holds.
    present: BTreeSet<Cid>,
    /// Records of other collections, and blocks outside the tree.
    skipped: BTreeMap<String, u64>,
}

impl Repository {
    fn learn(container: &Container, member: usize) -> Result<Self, PlatformError> {
        let damaged = |reason: String| PlatformError::damaged(container.place(member), reason);
        let mut file = blocks(container, member)?;
        let root = file.root;
        let (mut nodes, mut all, mut held) = (Nodes::new(), BTreeSet::new(), 0);
        let mut commit = None;
        while let Some((cid, data)) = file
            .block()
            .map_err(|error| car_error(container, member, error))?
        {
            all.insert(cid);
            if cid == root {
                commit = Some(data);
            } else if data.starts_with(&[0xa2, 0x61, b'e']) {
                held += data.len();
                if held > TREE {
                    return Err(damaged("dess träd är större än 512 MiB".to_owned()));
                }
                nodes.insert(cid, data);
            }
        }
        let commit =
            commit.ok_or_else(|| damaged(format!("dess commit {root} finns inte i den")))?;
        let wrong = |why: String| damaged(format!("commit {root}: {why}"));
        let (did, data, signed) = read_commit(&commit).map_err(wrong)?;
        let mut repository = Self {
            did,
            signed,
            records: BTreeMap::new(),
            present: BTreeSet::new(),
            skipped: BTreeMap::new(),
        };
        let mut reached: BTreeSet<Cid> = nodes.keys().copied().collect();
        reached.insert(root);
        mst::walk(&nodes, data, &mut |key, cid| {
            reached.insert(cid);
            repository.take(key, cid);
        })
        .map_err(damaged)?;
        let outside = all.iter().filter(|cid| !reached.contains(cid)).count();
        if outside > 0 {
            repository
                .skipped
                .insert("block_outside_the_tree".to_owned(), outside as u64);
        }
        repository.present = all;
        Ok(repository)
    }

    fn take(&mut self, key: String, cid: Cid) {
        match key.split_once('/') {
            Some((record::POST | record::REPOST, _)) => {
                self.records.entry(cid).or_default().push(key);
            }
            Some((collection, _)) => {
                *self.skipped.entry(collection.to_owned()).or_default() += 1;
            }
            None => {}
        }
    }
}

type Commit = (String, Cid, (Vec<u8>, Vec<u8>));

/// The account, the root of the tree, and what is signed, of a commit of version 2 or 3.
fn read_commit(bytes: &[u8]) -> Result<Commit, String> {
    let commit = cbor::decode(bytes)?;
    if !matches!(commit.get("version"), Some(Value::Int(2 | 3))) {
        return Err("den är varken av version 2 eller 3".to_owned());
    }
    let did = commit
        .text("did")
        .filter(|did| {
            did.starts_with("did:")
                && did.len() <= 2048
                && did
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b".:_-%".contains(&byte))
        })
        .ok_or("den anger inget konto (did)")?;
    let data = commit.link("data")?.ok_or("den saknar träd (data)")?;
    let Some(Value::Bytes(signature)) = commit.get("sig") else {
        return Err("den är inte signerad (sig)".to_owned());
    };
    let signed = cbor::without_member(bytes, "sig")?;
    Ok((did.to_owned(), data, (signed, signature.clone())))
}

/// Checks the commit's signature against the DID document in the container. Returns what is to be said of it, in Swedish.
fn check_signature(
    container: &Container,
    member: usize,
    repository: &Repository,
) -> Result<String, PlatformError> {
    let (message, signature) = &repository.signed;
    for document in container.of_shape(&[Shape::Object])? {
        if container.members()[document].bytes > DOCUMENT {
            continue;
        }
        let bytes = container.whole(document, DOCUMENT)?;
        let Ok((value, _)) = object::parse(&bytes) else {
            continue;
        };
        if object::text(&value, "id").as_deref() != Some(&repository.did) {
            continue;
        }
        let place = container.place(document);
        let key = sign::signing_key(&value)
            .ok_or_else(|| PlatformError::expected(&place, "en nyckel med namnet #atproto"))?;
        let holds = sign::holds(&key, message, signature)
            .map_err(|reason| PlatformError::damaged(&place, reason))?;
        if !holds {
            return Err(PlatformError::damaged(
                container.place(member),
                format!("signaturen stämmer inte med nyckeln i {place}"),
            ));
        }
        return Ok(format!(
            "Kontots signatur är kontrollerad mot DID-dokumentet och stämmer ({}).",
            repository.did
        ));
    }
    Ok(format!(
        "Kontots signatur är inte kontrollerad: DID-dokumentet för {} saknas bredvid CAR-filen.",
        repository.did
    ))
}

struct RecordItems<'a> {
    source: Source<'a>,
    member: usize,
    sha256: Option<Sha256Hex>,
    blocks: Option<File>,
    repository: Repository,
    missing: VecDeque<Cid>,
    queue: VecDeque<Item>,
    notes: Vec<String>,
    refused: bool,
}

impl RecordItems<'_> {
    fn push(&mut self, cid: Cid, item: Result<Parsed, String>) {
        self.queue.push_back(match item {
            Ok(parsed) => Item::Post(Box::new(parsed)),
            Err(reason) => {
                self.refused = true;
                Item::Refused(Refused {
                    place: format!("{}, {cid}", self.source.container.place(self.member)),
                    reason,
                })
            }
        });
    }

    fn record(&self, key: &str, cid: Cid, data: &[u8]) -> Result<Parsed, String> {
        let value = cbor::decode(data)?.to_json();
        let origin = Origin {
            source: self.source,
            importer: &Bluesky,
            platform: "bluesky",
            source_kind: "platform_export",
            member: self.member,
            member_sha256: self.sha256.clone(),
            locator: format!("car:{cid}"),
        };
        let uri = format!("at://{}/{key}", self.repository.did);
        let mut post = record::post(&origin, (&uri, Some(&cid.to_string())), &value)?;
        // A repository holds what its own account wrote and nothing else.
        record::set_role(&mut post, true);
        let mut media = Vec::new();
        for attachment in &mut post.attachments {
            let Some(name) = attachment.name.clone() else {
                continue;
            };
            let Some(member) = blob_named(self.source.container, &name)? else {
                continue;
            };
            media.push(draft::present(&self.source, attachment, member)?);
        }
        let original = json::to_line(&value).map_err(|error| refusal::unwritable(&error))?;
        Ok(draft::finish(post, original.into_bytes(), media))
    }
}

/// The file that is named after a CID, with or without an extension, and is what the CID says.
fn blob_named(container: &Container, cid: &str) -> Result<Option<usize>, String> {
    let named = container.members().iter().position(|member| {
        let file = member.name.rsplit('/').next().unwrap_or(&member.name);
        file.split('.').next() == Some(cid)
    });
    let Some(member) = named else {
        return Ok(None);
    };
    // `bafkrei…`: raw bytes by SHA-256. A file of that name with other bytes is not the picture.
    let (sha256, _) = container
        .digest(member)
        .map_err(|error| error.to_string())?;
    let is_it = cbor::raw_cid(sha256.as_str()).is_some_and(|made| made == cid);
    Ok(is_it.then_some(member))
}

impl Queue for RecordItems<'_> {
    fn waiting(&mut self) -> &mut VecDeque<Item> {
        &mut self.queue
    }

    fn advance(&mut self) -> Result<bool, PlatformError> {
        let container = self.source.container;
        if let Some(mut file) = self.blocks.take() {
            if let Some((cid, data)) = file
                .block()
                .map_err(|error| car_error(container, self.member, error))?
            {
                self.blocks = Some(file);
                // A block that stands twice is one record.
                for key in self.repository.records.remove(&cid).unwrap_or_default() {
                    let item = self.record(&key, cid, &data);
                    self.push(cid, item);
                }
            }
            return Ok(true);
        }
        let Some(cid) = self.missing.pop_front() else {
            return Ok(false);
        };
        self.push(
            cid,
            Err("posten står i trädet men finns inte i filen".to_owned()),
        );
        Ok(true)
    }
}

impl Iterator for RecordItems<'_> {
    type Item = Result<Item, PlatformError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_item()
    }
}

impl Items for RecordItems<'_> {
    fn summary(&self) -> Summary {
        Summary {
            format_version: None,
            completeness: if self.refused {
                Completeness::Partial
            } else {
                Completeness::OwnOnly
            },
            skipped: self
                .repository
                .skipped
                .iter()
                .map(|(what, count)| Skipped {
                    what: what.clone(),
                    count: *count,
                })
                .collect(),
            addresses: vec![format!("https://bsky.app/profile/{}", self.repository.did)],
            notes: self.notes.clone(),
        }
    }
}
