//! WordPress exports (WXR 1.0–1.2): posts, pages, comments and pingbacks. Two passes: the first learns authors and
//! attachments, the second gives the items one by one. What the export holds beside them is counted by type.

mod post;
pub(in crate::platform) mod split;
pub(in crate::platform) mod xml;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{BufReader, Read};

use crate::model::digest::Sha256Hex;
use crate::model::ingest::Skipped;
use crate::model::post::{Completeness, Refused};
use crate::platform::charset::{self, Charset};
use crate::platform::container::{Container, Shape};
use crate::platform::error::PlatformError;
use crate::platform::refusal;
use crate::platform::wxr::post::{Place, Reader};
use crate::platform::wxr::split::{Chunk, End, LONGEST, Splitter, line_ends};
use crate::platform::wxr::xml::{Fault, Head, Node};
use crate::platform::{Importer, Item, Items, Source, Summary};

/// Bytes of a file that are looked at to recognise it.
const LOOK: u64 = 64 * 1024;

/// Content types of WordPress's own machinery, which are no records of the site's content. Attachments are taken in
/// with the post that they belong to.
const INTERNAL: &[&str] = &[
    "attachment",
    "custom_css",
    "customize_changeset",
    "nav_menu_item",
    "oembed_cache",
    "revision",
    "user_request",
    "wp_block",
    "wp_font_face",
    "wp_font_family",
    "wp_global_styles",
    "wp_navigation",
    "wp_template",
    "wp_template_part",
];

/// Reads WXR.
#[derive(Debug)]
pub(crate) struct Wxr;

impl Importer for Wxr {
    fn name(&self) -> &'static str {
        "wxr"
    }

    fn title(&self) -> &'static str {
        "WordPress-export, WXR 1.0–1.2"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn recognises(&self, container: &Container) -> Result<bool, PlatformError> {
        Ok(!files(container)?.is_empty())
    }

    fn read<'a>(&self, source: &Source<'a>) -> Result<Box<dyn Items + 'a>, PlatformError> {
        let mut files = files(source.container)?;
        if files.is_empty() {
            // `--format` may name this format for a file that does not declare WordPress's namespace.
            if !source.container.is_single() {
                return Err(PlatformError::expected(
                    source.container.name(),
                    "en WXR-fil i den",
                ));
            }
            files.push(0);
        }
        let site = learn(source.container, &files)?;
        Ok(Box::new(WxrItems {
            source: *source,
            site,
            files: files.into(),
            current: None,
            queue: VecDeque::new(),
            skipped: BTreeMap::new(),
            cut: false,
            refused: false,
        }))
    }
}

/// The files of a container that are XML and name WordPress's export namespace.
fn files(container: &Container) -> Result<Vec<usize>, PlatformError> {
    let mut found = Vec::new();
    for member in container.of_shape(&[Shape::Markup])? {
        let head = container.head(member, LOOK)?;
        let text = charset::lossy(&head);
        let start = text.trim_start_matches('\u{feff}').trim_start();
        if (start.starts_with("<?xml") || start.starts_with("<rss"))
            && text.contains("://wordpress.org/export/")
        {
            found.push(member);
        }
    }
    Ok(found)
}

/// What the first pass learns of the site.
#[derive(Debug, Default)]
struct Site {
    /// Display names of the site's users by login.
    names: BTreeMap<String, String>,
    /// Their ids.
    ids: BTreeSet<String>,
    /// Ids by login.
    logins: BTreeMap<String, String>,
    /// Attachments by the id of the post they belong to.
    by_parent: BTreeMap<String, Vec<post::Attached>>,
    /// Attachments by their own id.
    by_id: BTreeMap<String, post::Attached>,
    /// Files of the container by their path below `uploads/`.
    uploads: BTreeMap<String, usize>,
    version: Option<String>,
    language: Option<String>,
    addresses: Vec<String>,
}

fn learn(container: &Container, files: &[usize]) -> Result<Site, PlatformError> {
    let mut site = Site::default();
    for (member, entry) in container.members().iter().enumerate() {
        if let Some((_, below)) = entry.name.rsplit_once("uploads/") {
            site.uploads.entry(below.to_owned()).or_insert(member);
        }
    }
    for file in files {
        let mut open = OpenFile::open(container, *file)?;
        site.take_head(&open.head);
        while let Some(chunk) = open.chunk(container)? {
            if chunk.end != End::Closed || !contains(&chunk.bytes, b"attachment") {
                continue;
            }
            // Broken items are refused, with their place, in the second pass.
            if let Ok(node) = open.parse(&chunk) {
                site.take_attachment(&node);
            }
        }
    }
    Ok(site)
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

impl Site {
    fn take_head(&mut self, head: &Head) {
        for node in &head.children {
            match node.name.as_str() {
                "wp:author" => {
                    let login = node.value("wp:author_login").unwrap_or_default().to_owned();
                    if let Some(name) = node.value("wp:author_display_name") {
                        self.names.insert(login.clone(), name.to_owned());
                    }
                    if let Some(id) = node.value("wp:author_id") {
                        self.ids.insert(id.to_owned());
                        self.logins.insert(login, id.to_owned());
                    } else {
                        self.logins.entry(login).or_default();
                    }
                }
                "wp:wxr_version" if self.version.is_none() => self.version = text_of(node),
                "language" if self.language.is_none() => self.language = text_of(node),
                "wp:base_blog_url" | "wp:base_site_url" | "link" => {
                    if let Some(address) =
                        text_of(node).filter(|address| !self.addresses.contains(address))
                    {
                        self.addresses.push(address);
                    }
                }
                _ => {}
            }
        }
    }

    fn take_attachment(&mut self, node: &Node) {
        let Some(attached) = post::attached(node) else {
            return;
        };
        if let Some(id) = node.value("wp:post_id") {
            self.by_id.insert(id.to_owned(), attached.clone());
        }
        if let Some(parent) = node.value("wp:post_parent").filter(|parent| *parent != "0") {
            self.by_parent
                .entry(parent.to_owned())
                .or_default()
                .push(attached);
        }
    }
}

fn text_of(node: &Node) -> Option<String> {
    let text = node.text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A WXR file while it is read.
struct OpenFile {
    member: usize,
    sha256: Option<Sha256Hex>,
    splitter: Splitter<BufReader<Box<dyn Read>>>,
    charset: Charset,
    head: Head,
    /// Items that began inside a broken one.
    again: Vec<Chunk>,
    number: usize,
}

impl OpenFile {
    fn open(container: &Container, member: usize) -> Result<Self, PlatformError> {
        let place = container.place(member);
        let (reader, converted) = charset::reader(container.read(member)?)
            .map_err(|source| PlatformError::io(&place, source))?;
        let mut splitter = Splitter::new(reader, LONGEST);
        let bytes = splitter
            .head()
            .map_err(|source| PlatformError::io(&place, source))?
            .ok_or_else(|| PlatformError::damaged(&place, refusal::no_item(64)))?;
        let charset = Charset::declared(&bytes, converted).map_err(|label| {
            PlatformError::expected(format!("{place}, rad 1"), refusal::unknown_encoding(&label))
        })?;
        let text = charset.decode(&bytes).text;
        let text = text.trim_start_matches('\u{feff}');
        let head = xml::head(text, &["rss", "channel"]).map_err(|fault| {
            PlatformError::damaged(format!("{place}, rad {}", fault.line + 1), fault.reason)
        })?;
        Ok(Self {
            member,
            sha256: container.evidence_digest(member)?,
            splitter,
            charset,
            head,
            again: Vec::new(),
            number: 0,
        })
    }

    fn chunk(&mut self, container: &Container) -> Result<Option<Chunk>, PlatformError> {
        let chunk = match self.again.pop() {
            Some(chunk) => Some(chunk),
            None => self
                .splitter
                .item()
                .map_err(|source| PlatformError::io(container.place(self.member), source))?,
        };
        self.number += usize::from(chunk.is_some());
        Ok(chunk)
    }

    fn parse(&self, chunk: &Chunk) -> Result<Node, Fault> {
        if let Some(start) = swallowed_item(&chunk.bytes) {
            let before = &chunk.bytes[..start];
            return Err(Fault {
                line: line_ends(before),
                reason:
                    "ett CDATA-avsnitt eller en XML-kommentar saknar slut när nästa post börjar"
                        .to_owned(),
            });
        }
        let decoded = self.charset.decode(&chunk.bytes);
        let mut node = xml::element(&self.head, &decoded.text, decoded.replaced)?;
        node.note(decoded.mended);
        for child in &mut node.children {
            if child.name == "wp:comment" {
                child.note(decoded.mended);
            }
        }
        Ok(node)
    }
}

struct WxrItems<'a> {
    source: Source<'a>,
    site: Site,
    files: VecDeque<usize>,
    current: Option<OpenFile>,
    queue: VecDeque<Item>,
    skipped: BTreeMap<String, u64>,
    /// Whether a file ended before its channel did.
    cut: bool,
    refused: bool,
}

impl WxrItems<'_> {
    /// Reads the next item of the export into the queue; `false` at the end of the last file.
    fn advance(&mut self) -> Result<bool, PlatformError> {
        let container = self.source.container;
        let Some(mut file) = self.current.take() else {
            let Some(member) = self.files.pop_front() else {
                return Ok(false);
            };
            self.current = Some(OpenFile::open(container, member)?);
            return Ok(true);
        };
        let Some(chunk) = file.chunk(container)? else {
            self.cut |= !file.splitter.closed;
            return Ok(true);
        };
        self.take_chunk(&mut file, &chunk);
        self.current = Some(file);
        Ok(true)
    }

    fn take_chunk(&mut self, file: &mut OpenFile, chunk: &Chunk) {
        let broken = match chunk.end {
            End::Closed => match file.parse(chunk) {
                Ok(node) => return self.take_item(file, chunk, &node),
                Err(fault) => fault,
            },
            End::Interrupted => at_end(chunk, refusal::INTERRUPTED),
            End::FileEnds => at_end(chunk, refusal::CUT),
            End::TooLong => at_end(chunk, &refusal::too_long(64)),
        };
        self.refuse(
            file,
            chunk.line + broken.line,
            &format!(
                "{}; varken inlägget eller dess kommentarer togs in",
                broken.reason
            ),
        );
        // A CDATA section or comment without an end swallows the items after it; they are cut out again.
        if let Some(start) = next_item(&chunk.bytes) {
            let line = chunk.line + line_ends(&chunk.bytes[..start]);
            file.again.push(Chunk {
                line,
                bytes: chunk.bytes[start..].to_vec(),
                end: chunk.end,
            });
        }
    }

    fn take_item(&mut self, file: &OpenFile, chunk: &Chunk, node: &Node) {
        let place = Place {
            member: file.member,
            sha256: file.sha256.as_ref(),
            item: file.number,
        };
        let reader = Reader {
            source: self.source,
            site: &self.site,
            place,
        };
        let mut read = Vec::new();
        let mut parent = None;
        match node.value("wp:post_type") {
            None => read.push(Err(refusal::lacks("posten", refusal::TYPE, "wp:post_type"))),
            Some(kind) if INTERNAL.contains(&kind) => {
                *self.skipped.entry(kind.to_owned()).or_default() += 1;
            }
            Some(kind) => {
                let post = reader.post(node, kind);
                if let Ok(parsed) = &post {
                    parent = Some((parsed.post.visibility, parsed.post.key.clone()));
                }
                read.push(post);
            }
        }
        let post_id = node.value("wp:post_id");
        let comments = node
            .children
            .iter()
            .filter(|child| child.name == "wp:comment");
        for (comment, number) in comments.zip(1..) {
            let comment = reader.comment(comment, number, post_id, parent.as_ref());
            read.push(comment.map_err(|reason| format!("kommentar {number}: {reason}")));
        }
        for one in read {
            match one {
                Ok(parsed) => self.queue.push_back(Item::Post(Box::new(parsed))),
                Err(reason) => self.refuse(file, chunk.line, &reason),
            }
        }
    }

    fn refuse(&mut self, file: &OpenFile, line: u64, reason: &str) {
        self.refused = true;
        self.queue.push_back(Item::Refused(Refused {
            place: format!(
                "{}, rad {line}, post {}",
                self.source.container.place(file.member),
                file.number
            ),
            reason: reason.to_owned(),
        }));
    }
}

fn at_end(chunk: &Chunk, reason: &str) -> Fault {
    Fault {
        line: line_ends(&chunk.bytes),
        reason: reason.to_owned(),
    }
}

/// Where another item begins inside the bytes of one.
fn next_item(bytes: &[u8]) -> Option<usize> {
    let start = 5.min(bytes.len());
    bytes[start..]
        .windows(6)
        .position(|window| window == b"<item>")
        .map(|place| start + place)
}

/// Where an item begins directly after the end of another, inside the bytes of one. Both tags can only stand in a CDATA
/// section or comment there, and no text of a post holds them in a row: what should have ended the section is missing,
/// and the members of two items would become one post.
fn swallowed_item(bytes: &[u8]) -> Option<usize> {
    let mut from = 5.min(bytes.len());
    while let Some(place) = next_item(&bytes[from - 5.min(from)..]) {
        let start = from - 5.min(from) + place;
        if bytes[..start].trim_ascii_end().ends_with(b"</item>") {
            return Some(start);
        }
        from = start + 6;
    }
    None
}

impl Iterator for WxrItems<'_> {
    type Item = Result<Item, PlatformError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.queue.pop_front() {
                return Some(Ok(item));
            }
            match self.advance() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.files.clear();
                    return Some(Err(error));
                }
            }
        }
    }
}

impl Items for WxrItems<'_> {
    fn summary(&self) -> Summary {
        let mut notes = Vec::new();
        if self.cut {
            notes.push("Exporten är avkortad: filen slutar innan den är avslutad.".to_owned());
        }
        Summary {
            format_version: self.site.version.clone(),
            completeness: if self.cut || self.refused {
                Completeness::Partial
            } else {
                Completeness::Full
            },
            skipped: self
                .skipped
                .iter()
                .map(|(what, count)| Skipped {
                    what: what.clone(),
                    count: *count,
                })
                .collect(),
            addresses: self.site.addresses.clone(),
            notes,
        }
    }
}
