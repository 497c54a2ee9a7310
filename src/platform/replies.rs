//! Replies of interfaces saved as JSON files, and exports that are made of JSON files: pages of lists, conversations, single
//! objects, in any number of files. Two passes: the first learns what one item tells about another, the second gives the
//! items one by one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{BufReader, Read};

use serde_json::Value;

use crate::model::digest::Sha256Hex;
use crate::model::ingest::Skipped;
use crate::model::post::{Completeness, Edit, Refused};
use crate::model::time::Instant;
use crate::platform::container::{Container, Shape};
use crate::platform::draft::Origin;
use crate::platform::elements::{CutError, Element, Elements};
use crate::platform::error::PlatformError;
use crate::platform::media::Files;
use crate::platform::queue::Queue;
use crate::platform::refusal;
use crate::platform::seen::Seen;
use crate::platform::{Importer, Item, Items, Parsed, Source, Summary, object};

/// Bytes of a file that are looked at to recognise it.
const LOOK: u64 = 64 * 1024;
/// Greatest file that is one object.
const WHOLE: u64 = 16 * 1024 * 1024;

/// An interface whose replies can be read.
pub(crate) trait Replies: Sync {
    /// The importer that reads them.
    fn importer(&self) -> &'static dyn Importer;
    /// The first part of the posts' keys.
    fn platform(&self) -> &'static str;
    /// What the posts' evidence says that the source is.
    fn source_kind(&self) -> &'static str {
        "api_reply"
    }
    /// Arrays of an object whose elements are items, by name or path (see [`Elements::new`]); an object without any of them
    /// is one item.
    fn arrays(&self) -> &'static [&'static str];
    /// What files of the format begin with.
    fn shapes(&self) -> &'static [Shape] {
        &[Shape::Object, Shape::Array]
    }
    /// Bytes that stand before the JSON of a file which begins like this.
    fn opening(&self, _head: &str) -> usize {
        0
    }
    /// Whether a file that begins like this is a reply of the interface.
    fn is_reply(&self, head: &str) -> bool;
    /// Takes from an item what other items need.
    fn learn(&self, item: &Value, array: &str, known: &mut Known);
    /// The same, told in which file the item stands.
    fn learn_in(&self, file: &InFile<'_>, item: &Value, known: &mut Known) {
        self.learn(item, file.array, known);
    }
    /// Ends the first pass.
    fn learned(&self, _source: &Source<'_>, _known: &mut Known) {}
    /// Makes posts of an item.
    fn posts(&self, at: &At<'_, '_>, item: &Value, bytes: &[u8], out: &mut Out);
    /// How much of the account such replies can hold.
    fn completeness(&self, _known: &Known) -> Completeness {
        Completeness::Partial
    }
}

/// The file that an item stands in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InFile<'a> {
    /// Its name in the container; the container's own where it is the only one.
    pub(crate) name: &'a str,
    /// What stands in it before its JSON.
    pub(crate) opening: &'a str,
    /// The array that the item is an element of; empty for the document itself.
    pub(crate) array: &'a str,
}

impl<'a> InFile<'a> {
    /// The name of the folder that the file lies in; `None` where nothing tells.
    pub(crate) fn folder(&self) -> Option<&'a str> {
        self.name.rsplit('/').nth(1)
    }
}

/// What one reply tells about another.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Ids that keys are made of, by the interface's own.
    pub(crate) ids: BTreeMap<String, String>,
    /// Names of authors by id.
    pub(crate) names: BTreeMap<String, String>,
    /// Ids of authors that are the account's own.
    pub(crate) own: BTreeSet<String>,
    /// Earlier versions of a post by its id.
    pub(crate) versions: BTreeMap<String, Vec<Edit>>,
    /// Addresses that the replies say they are of.
    pub(crate) addresses: Vec<String>,
    /// What is doubtful about the replies as a whole, in Swedish.
    pub(crate) notes: Vec<String>,
    /// Items in the files that begin like this, whether or not they can be read.
    pub(crate) counted: BTreeMap<String, u64>,
    /// Items that the export says are in the files that begin like this, and what it calls the file.
    pub(crate) claimed: BTreeMap<String, (String, u64)>,
    /// Texts that stand apart from their post, by the second in which they were published (Unix time).
    pub(crate) long_texts: BTreeMap<i64, Vec<LongText>>,
    /// The account's own handle and name, as the export tells them.
    pub(crate) own_handle: Option<String>,
    pub(crate) own_name: Option<String>,
    /// When the export was made, where told.
    pub(crate) made: Option<Instant>,
    /// Names of those who take part in a conversation, by its id.
    pub(crate) circles: BTreeMap<String, BTreeSet<String>>,
    /// What a comment is said to stand under, by its number; one thread may have two names.
    pub(crate) threads: BTreeMap<String, BTreeSet<String>>,
    /// Files that posts show, by the last part of their names.
    pub(crate) shown: BTreeSet<String>,
    /// The container's files by name.
    pub(crate) files: Files,
}

/// A text that stands apart from its post.
#[derive(Clone, Debug)]
pub(crate) struct LongText {
    /// The platform's id of it.
    pub(crate) id: String,
    /// The text as the platform wrote it.
    pub(crate) text: String,
    /// The platform's object.
    pub(crate) object: Value,
}

/// Where an item stands.
#[derive(Debug)]
pub(crate) struct At<'a, 'b> {
    pub(crate) source: Source<'a>,
    importer: &'static dyn Importer,
    platform: &'static str,
    source_kind: &'static str,
    member: usize,
    sha256: Option<&'b Sha256Hex>,
    pointer: &'b str,
    /// The file that the item stands in.
    pub(crate) file: InFile<'b>,
    pub(crate) known: &'b Known,
}

impl<'a> At<'a, '_> {
    /// The name of the list that the item is an element of, for lists of any name.
    pub(crate) fn list(&self) -> String {
        let part = self.pointer.rsplit('/').nth(1).unwrap_or_default();
        part.replace("~1", "/").replace("~0", "~")
    }

    /// Origin of what stands at `below` in the item, a JSON Pointer.
    pub(crate) fn origin(&self, below: &str) -> Origin<'a> {
        Origin {
            source: self.source,
            importer: self.importer,
            platform: self.platform,
            source_kind: self.source_kind,
            member: self.member,
            member_sha256: self.sha256.cloned(),
            locator: format!("{}{below}", self.pointer),
        }
    }
}

/// What became of an item.
#[derive(Debug, Default)]
pub(crate) struct Out {
    posts: Vec<Result<Parsed, String>>,
    skipped: Vec<&'static str>,
}

impl Out {
    /// A post, or why there is none.
    pub(crate) fn post(&mut self, post: Result<Parsed, String>) {
        self.posts.push(post);
    }

    /// What is no post, by the interface's word for it.
    pub(crate) fn skip(&mut self, what: &'static str) {
        self.skipped.push(what);
    }
}

/// Whether the container holds a reply of the interface.
pub(crate) fn recognises(
    format: &dyn Replies,
    container: &Container,
) -> Result<bool, PlatformError> {
    any(container, format.shapes(), |head| format.is_reply(head))
}

/// Whether any file of these shapes begins in the way that `is_own` asks for.
pub(crate) fn any(
    container: &Container,
    shapes: &[Shape],
    is_own: impl Fn(&str) -> bool,
) -> Result<bool, PlatformError> {
    for member in container.of_shape(shapes)? {
        let head = container.head(member, LOOK)?;
        if is_own(&String::from_utf8_lossy(&head)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_reply(
    format: &dyn Replies,
    container: &Container,
    member: usize,
) -> Result<bool, PlatformError> {
    let head = container.head(member, LOOK)?;
    Ok(format.is_reply(&String::from_utf8_lossy(&head)))
}

/// Begins to read.
pub(crate) fn read<'a>(
    format: &'static dyn Replies,
    source: &Source<'a>,
) -> Result<Box<dyn Items + 'a>, PlatformError> {
    let container = source.container;
    let (mut files, mut others) = (VecDeque::new(), 0);
    for member in 0..container.members().len() {
        let shaped = format.shapes().contains(&container.shape(member)?);
        if shaped && (container.is_single() || is_reply(format, container, member)?) {
            files.push_back(member);
        } else {
            others += 1;
        }
    }
    if files.is_empty() {
        return Err(PlatformError::expected(
            container.name(),
            format!("ett sparat svar ({})", format.importer().title()),
        ));
    }
    let known = learn(format, source, &files)?;
    Ok(Box::new(ReplyItems {
        format,
        source: *source,
        known,
        files,
        current: None,
        queue: VecDeque::new(),
        seen: Seen::default(),
        skipped: BTreeMap::from([("other_file", others)]),
    }))
}

/// The first pass.
fn learn(
    format: &dyn Replies,
    source: &Source<'_>,
    files: &VecDeque<usize>,
) -> Result<Known, PlatformError> {
    let container = source.container;
    let mut known = Known {
        files: Files::of(container),
        ..Known::default()
    };
    for member in files {
        let mut file = Open::new(container, *member, format)?;
        let mut count = 0;
        // A broken item is refused, with its place, in the second pass.
        while let Some(item) = file.next(container)? {
            count += 1;
            if let Some(Ok((value, _))) = item.bytes.as_deref().map(object::parse) {
                let place = InFile {
                    name: container.name_of(*member),
                    opening: &file.opening,
                    array: item.array,
                };
                format.learn_in(&place, &value, &mut known);
            }
        }
        *known.counted.entry(file.opening).or_default() += count;
    }
    format.learned(source, &mut known);
    Ok(known)
}

/// An item as it stands in a file; without bytes where it cannot be cut out.
struct Cut {
    pointer: String,
    array: &'static str,
    bytes: Option<Vec<u8>>,
    reason: String,
}

/// A file while it is read.
struct Open {
    member: usize,
    /// What stands before the JSON.
    opening: String,
    elements: Option<Elements<BufReader<Box<dyn Read>>>>,
}

impl Open {
    fn new(
        container: &Container,
        member: usize,
        format: &dyn Replies,
    ) -> Result<Self, PlatformError> {
        let head = container.head(member, LOOK)?;
        let head = String::from_utf8_lossy(&head);
        let opening = head.get(..format.opening(&head)).unwrap_or_default();
        let mut reader = container.read(member)?;
        // The same bytes as in `head`: an opening is ASCII.
        reader
            .read_exact(&mut vec![0; opening.len()])
            .map_err(|source| PlatformError::io(container.place(member), source))?;
        let elements = Elements::new(reader, format.arrays());
        Ok(Self {
            member,
            opening: opening.to_owned(),
            elements: Some(elements),
        })
    }

    fn next(&mut self, container: &Container) -> Result<Option<Cut>, PlatformError> {
        let Some(elements) = self.elements.as_mut() else {
            return Ok(None);
        };
        let place = container.place(self.member);
        let element = elements.element().map_err(|error| match error {
            CutError::Io(source) => PlatformError::io(&place, source),
            CutError::Form { .. } => PlatformError::damaged(&place, error.to_string()),
        })?;
        let (pointer, array) = (elements.pointer(), elements.array());
        let (bytes, reason) = match element {
            Some(Element::Whole(bytes)) => (Some(bytes), String::new()),
            Some(Element::TooLong) => (None, refusal::too_long(16)),
            Some(Element::Cut) => {
                self.elements = None;
                (None, refusal::CUT.to_owned())
            }
            None if elements.found => {
                let is_whole = elements.closed;
                self.elements = None;
                if is_whole {
                    return Ok(None);
                }
                (None, refusal::CUT_AFTER.to_owned())
            }
            None => {
                // No list: the document is the item.
                self.elements = None;
                let bytes = container.whole(self.member, WHOLE)?;
                let bytes = bytes.get(self.opening.len()..).unwrap_or_default();
                let bytes = bytes
                    .strip_prefix(b"\xef\xbb\xbf")
                    .unwrap_or(bytes)
                    .to_vec();
                return Ok(Some(Cut {
                    pointer: String::new(),
                    array: "",
                    bytes: Some(bytes),
                    reason: String::new(),
                }));
            }
        };
        Ok(Some(Cut {
            pointer,
            array,
            bytes,
            reason,
        }))
    }
}

struct ReplyItems<'a> {
    format: &'static dyn Replies,
    source: Source<'a>,
    known: Known,
    files: VecDeque<usize>,
    current: Option<(Open, Option<Sha256Hex>)>,
    queue: VecDeque<Item>,
    /// Keys and versions given, as halves of digests: pages overlap.
    seen: Seen,
    skipped: BTreeMap<&'static str, u64>,
}

impl ReplyItems<'_> {
    fn take(&mut self, file: &Open, sha256: Option<&Sha256Hex>, cut: &Cut) {
        let member = file.member;
        let mut out = Out::default();
        let mut repairs = Vec::new();
        match cut.bytes.as_deref().map(object::parse) {
            None => out.post(Err(cut.reason.clone())),
            Some(Err(reason)) => out.post(Err(reason)),
            Some(Ok((value, mended))) => {
                repairs = mended;
                let at = At {
                    source: self.source,
                    importer: self.format.importer(),
                    platform: self.format.platform(),
                    source_kind: self.format.source_kind(),
                    member,
                    sha256,
                    pointer: &cut.pointer,
                    file: InFile {
                        name: self.source.container.name_of(member),
                        opening: &file.opening,
                        array: cut.array,
                    },
                    known: &self.known,
                };
                let bytes = cut.bytes.as_deref().unwrap_or_default();
                self.format.posts(&at, &value, bytes, &mut out);
            }
        }
        for what in out.skipped {
            *self.skipped.entry(what).or_default() += 1;
        }
        for post in out.posts {
            match post {
                Ok(mut parsed) => {
                    parsed.post.repairs.extend(repairs.iter().cloned());
                    if self.is_new(&parsed) {
                        self.queue.push_back(Item::Post(Box::new(parsed)));
                    }
                }
                Err(reason) => self.queue.push_back(Item::Refused(Refused {
                    place: format!(
                        "{}, {}",
                        self.source.container.place(member),
                        if cut.pointer.is_empty() {
                            "/"
                        } else {
                            &cut.pointer
                        }
                    ),
                    reason,
                })),
            }
        }
    }

    /// Whether the post was not given in this version before; the same post stands in several replies.
    fn is_new(&mut self, parsed: &Parsed) -> bool {
        let new = self.seen.is_new(parsed);
        if !new {
            *self.skipped.entry("same_item_again").or_default() += 1;
        }
        new
    }
}

impl Queue for ReplyItems<'_> {
    fn waiting(&mut self) -> &mut VecDeque<Item> {
        &mut self.queue
    }

    fn advance(&mut self) -> Result<bool, PlatformError> {
        let container = self.source.container;
        let Some((mut file, sha256)) = self.current.take() else {
            let Some(member) = self.files.pop_front() else {
                return Ok(false);
            };
            let file = Open::new(container, member, self.format)?;
            self.current = Some((file, container.evidence_digest(member)?));
            return Ok(true);
        };
        let Some(cut) = file.next(container)? else {
            return Ok(true);
        };
        self.take(&file, sha256.as_ref(), &cut);
        self.current = Some((file, sha256));
        Ok(true)
    }
}

impl Iterator for ReplyItems<'_> {
    type Item = Result<Item, PlatformError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_item()
    }
}

impl Items for ReplyItems<'_> {
    fn summary(&self) -> Summary {
        Summary {
            format_version: None,
            completeness: self.format.completeness(&self.known),
            skipped: self
                .skipped
                .iter()
                .filter(|(_, count)| **count > 0)
                .map(|(what, count)| Skipped {
                    what: (*what).to_owned(),
                    count: *count,
                })
                .collect(),
            addresses: self.known.addresses.clone(),
            notes: self.known.notes.clone(),
        }
    }
}
