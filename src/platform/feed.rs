//! Feeds in XML: RSS 0.9x and 2.0, Atom, and YouTube's channel feed. A feed is a window of the newest items and never the
//! whole of an account; an item that is not there any more says nothing.

mod entry;

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufReader, Read};

use crate::model::digest::Sha256Hex;
use crate::model::ingest::Skipped;
use crate::model::post::{Completeness, Refused};
use crate::platform::charset::{self, Charset};
use crate::platform::container::{Container, Shape};
use crate::platform::error::PlatformError;
use crate::platform::feed::entry::Reader;
use crate::platform::queue::Queue;
use crate::platform::refusal;
use crate::platform::wxr::split::{Chunk, End, LONGEST, Splitter, line_ends};
use crate::platform::wxr::xml::{self, Fault, Head, Node};
use crate::platform::{Importer, Item, Items, Source, Summary};

/// Bytes of a file that are looked at to recognise it.
const LOOK: u64 = 16 * 1024;

/// Reads RSS and Atom.
#[derive(Debug)]
pub(crate) struct Feed;

impl Importer for Feed {
    fn name(&self) -> &'static str {
        "feed"
    }

    fn title(&self) -> &'static str {
        "RSS- eller Atom-flöde"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn recognises(&self, container: &Container) -> Result<bool, PlatformError> {
        Ok(!files(container)?.is_empty())
    }

    fn read<'a>(&self, source: &Source<'a>) -> Result<Box<dyn Items + 'a>, PlatformError> {
        let files = files(source.container)?;
        if files.is_empty() {
            return Err(PlatformError::expected(
                source.container.name(),
                "<rss> eller <feed>",
            ));
        }
        let others = (source.container.members().len() - files.len()) as u64;
        Ok(Box::new(FeedItems {
            source: *source,
            files: files.into(),
            current: None,
            queue: VecDeque::new(),
            skipped: BTreeMap::from([("other_file", others)]),
            addresses: Vec::new(),
            partial: false,
        }))
    }
}

/// What the outermost elements are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rss,
    Atom,
}

/// The files of a container that are feeds.
fn files(container: &Container) -> Result<Vec<(usize, Kind)>, PlatformError> {
    let mut found = Vec::new();
    for member in container.of_shape(&[Shape::Markup])? {
        let head = charset::lossy(&container.head(member, LOOK)?);
        found.extend(kind_of(&head).map(|kind| (member, kind)));
    }
    Ok(found)
}

/// The kind by the first element, behind declarations and comments.
fn kind_of(head: &str) -> Option<Kind> {
    let mut rest = head.trim_start_matches('\u{feff}').trim_start();
    loop {
        let end = match rest {
            _ if rest.starts_with("<?") => "?>",
            _ if rest.starts_with("<!--") => "-->",
            _ if rest.starts_with("<!DOCTYPE") => ">",
            _ => break,
        };
        rest = rest.split_once(end)?.1.trim_start();
    }
    let name = rest.strip_prefix('<')?;
    let name = name
        .split(|c: char| c.is_whitespace() || c == '>' || c == '/')
        .next()?;
    match name {
        "rss" if !head.contains("://wordpress.org/export/") => Some(Kind::Rss),
        "feed" => Some(Kind::Atom),
        _ => None,
    }
}

/// A feed while it is read.
struct Open {
    member: usize,
    kind: Kind,
    sha256: Option<Sha256Hex>,
    splitter: Splitter<BufReader<Box<dyn Read>>>,
    charset: Charset,
    head: Head,
    number: usize,
}

impl Open {
    fn new(container: &Container, (member, kind): (usize, Kind)) -> Result<Self, PlatformError> {
        let place = container.place(member);
        let failed = |source| PlatformError::io(&place, source);
        let (reader, converted) = charset::reader(container.read(member)?).map_err(failed)?;
        let (tag, roots): (_, &[&str]) = match kind {
            Kind::Rss => ("item", &["rss", "channel"]),
            Kind::Atom => ("entry", &["feed"]),
        };
        let mut splitter = Splitter::new(reader, LONGEST).at(tag);
        let bytes = splitter
            .head()
            .map_err(failed)?
            .ok_or_else(|| PlatformError::damaged(&place, refusal::no_item(64)))?;
        let charset = Charset::declared(&bytes, converted).map_err(|label| {
            PlatformError::expected(format!("{place}, rad 1"), refusal::unknown_encoding(&label))
        })?;
        let text = charset.decode(&bytes).text;
        let head = xml::head(text.trim_start_matches('\u{feff}'), roots).map_err(|fault| {
            PlatformError::damaged(format!("{place}, rad {}", fault.line + 1), fault.reason)
        })?;
        Ok(Self {
            member,
            kind,
            sha256: container.evidence_digest(member)?,
            splitter,
            charset,
            head,
            number: 0,
        })
    }

    /// The element, its text, and its place from 1.
    fn parse(&self, chunk: &Chunk) -> Result<(Node, String), Fault> {
        let fault = |reason: &str| Fault {
            line: line_ends(&chunk.bytes),
            reason: reason.to_owned(),
        };
        match chunk.end {
            End::Closed => {}
            End::Interrupted => {
                return Err(fault(refusal::INTERRUPTED));
            }
            End::FileEnds => return Err(fault(refusal::CUT)),
            End::TooLong => return Err(fault(&refusal::too_long(64))),
        }
        let decoded = self.charset.decode(&chunk.bytes);
        let mut node = xml::element(&self.head, &decoded.text, decoded.replaced)?;
        node.note(decoded.mended);
        Ok((node, decoded.text))
    }
}

struct FeedItems<'a> {
    source: Source<'a>,
    files: VecDeque<(usize, Kind)>,
    current: Option<Open>,
    queue: VecDeque<Item>,
    skipped: BTreeMap<&'static str, u64>,
    addresses: Vec<String>,
    partial: bool,
}

impl FeedItems<'_> {}

impl Queue for FeedItems<'_> {
    fn waiting(&mut self) -> &mut VecDeque<Item> {
        &mut self.queue
    }

    fn advance(&mut self) -> Result<bool, PlatformError> {
        let container = self.source.container;
        let Some(mut file) = self.current.take() else {
            let Some(next) = self.files.pop_front() else {
                return Ok(false);
            };
            let file = Open::new(container, next)?;
            self.addresses.extend(entry::site(&file.head));
            self.current = Some(file);
            return Ok(true);
        };
        let chunk = file
            .splitter
            .item()
            .map_err(|source| PlatformError::io(container.place(file.member), source))?;
        let Some(chunk) = chunk else {
            self.partial |= !file.splitter.closed;
            return Ok(true);
        };
        file.number += 1;
        let reader = Reader {
            source: self.source,
            member: file.member,
            sha256: file.sha256.clone(),
            head: &file.head,
            number: file.number,
        };
        let read = file.parse(&chunk).and_then(|(node, text)| {
            let read = match file.kind {
                Kind::Rss => reader.rss(&node),
                Kind::Atom => reader.atom(&node, &text),
            };
            read.map_err(|reason| Fault { line: 0, reason })
        });
        self.queue.push_back(match read {
            Ok(parsed) => Item::Post(Box::new(parsed)),
            Err(fault) => {
                self.partial = true;
                Item::Refused(Refused {
                    place: format!(
                        "{}, rad {}, post {}",
                        container.place(file.member),
                        chunk.line + fault.line,
                        file.number
                    ),
                    reason: fault.reason,
                })
            }
        });
        self.current = Some(file);
        Ok(true)
    }
}

impl Iterator for FeedItems<'_> {
    type Item = Result<Item, PlatformError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_item()
    }
}

impl Items for FeedItems<'_> {
    fn summary(&self) -> Summary {
        Summary {
            format_version: None,
            completeness: if self.partial {
                Completeness::Partial
            } else {
                Completeness::Window
            },
            skipped: self
                .skipped
                .iter()
                .filter(|(_, count)| **count > 0)
                .map(|(what, count)| Skipped {
                    what: (*what).to_owned(),
                    count: *count,
                })
                .collect(),
            addresses: self.addresses.clone(),
            notes: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feeds_are_told_by_their_first_element() {
        assert_eq!(
            kind_of("\u{feff}<?xml version='1.0'?>\n<!-- <feed> -->\n<rss version='2.0'>"),
            Some(Kind::Rss)
        );
        assert_eq!(kind_of("<feed xmlns='x'>"), Some(Kind::Atom));
        assert_eq!(kind_of("<html><rss>"), None);
        assert_eq!(
            kind_of("<rss xmlns:wp='http://wordpress.org/export/1.2/'>"),
            None
        );
        assert_eq!(kind_of("<!-- no end"), None);
    }
}
