//! Pages whose posts are marked up for machines: JSON-LD, microformats2 or microdata, in a file or in the DOM that a
//! snapshot saved (`dom.html`). The first of them that holds posts is read, in this order of trust.

mod jsonld;
mod mf2;
mod microdata;

use std::collections::VecDeque;

use scraper::{Html, Selector};
use serde_json::Value;

use crate::model::digest::Sha256Hex;
use crate::model::ingest::Skipped;
use crate::model::post::{AuthorRole, Completeness, Post, PostKind, Refused, RoleBasis};
use crate::platform::charset::{self, Charset};
use crate::platform::container::{Container, Shape};
use crate::platform::draft::Origin;
use crate::platform::error::PlatformError;
use crate::platform::html::{self, web_address};
use crate::platform::refusal;
use crate::platform::{Importer, Item, Items, Parsed, Source, Summary};

/// Greatest page.
const WHOLE: u64 = 64 * 1024 * 1024;
/// Deepest nesting of elements that is parsed.
const DEEPEST: usize = 4096;

/// Reads pages.
#[derive(Debug)]
pub(crate) struct Page;

impl Importer for Page {
    fn name(&self) -> &'static str {
        "html"
    }

    fn title(&self) -> &'static str {
        "webbsida med JSON-LD, microformats2 eller microdata"
    }

    fn version(&self) -> &'static str {
        "2"
    }

    fn recognises(&self, container: &Container) -> Result<bool, PlatformError> {
        Ok(!files(container)?.is_empty())
    }

    fn read<'a>(&self, source: &Source<'a>) -> Result<Box<dyn Items + 'a>, PlatformError> {
        let mut files = files(source.container)?;
        if files.is_empty() && source.container.is_single() {
            files.push(0);
        }
        if files.is_empty() {
            return Err(PlatformError::expected(
                source.container.name(),
                "en sida med JSON-LD, microformats2 eller microdata",
            ));
        }
        Ok(Box::new(PageItems {
            source: *source,
            skipped: (source.container.members().len() - files.len()) as u64,
            files: files.into(),
            queue: VecDeque::new(),
            notes: Vec::new(),
        }))
    }
}

/// The files of a container that are HTML with one of the three.
fn files(container: &Container) -> Result<Vec<usize>, PlatformError> {
    let mut found = Vec::new();
    for member in container.of_shape(&[Shape::Markup])? {
        let head = charset::lossy(&container.head(member, 4096)?);
        let start = head.trim_start_matches('\u{feff}').trim_start();
        if start.starts_with("<?xml") && !head.to_ascii_lowercase().contains("<html") {
            continue;
        }
        if container.members()[member].bytes > WHOLE {
            continue;
        }
        let bytes = container.whole(member, WHOLE)?;
        let text = charset::lossy(&bytes);
        if ["h-entry", "application/ld+json", "itemscope"]
            .iter()
            .any(|mark| text.contains(mark))
        {
            found.push(member);
        }
    }
    Ok(found)
}

/// A page while it is read.
pub(super) struct Reading<'a, 'b> {
    source: Source<'a>,
    member: usize,
    sha256: Option<&'b Sha256Hex>,
    /// The page's own address, where it says it.
    base: Option<url::Url>,
    repairs: Vec<String>,
}

impl<'a> Reading<'a, '_> {
    fn origin(&self, locator: String) -> Origin<'a> {
        Origin {
            source: self.source,
            importer: &Page,
            platform: "web",
            source_kind: "html",
            member: self.member,
            member_sha256: self.sha256.cloned(),
            locator,
        }
    }

    /// An address on the web, made whole with the page's own.
    fn address(&self, told: &str) -> Option<String> {
        let told = told.trim();
        web_address(told).or_else(|| {
            let whole = self.base.as_ref()?.join(told).ok()?;
            web_address(whole.as_str())
        })
    }

    /// Whose the post is: the municipality's where the author's page is the account's address, or the post lies below it.
    fn set_role(&self, post: &mut Post) {
        let own = self.source.address;
        let by_author = post.author.url.as_deref();
        let by_place = post
            .permalink
            .as_deref()
            .filter(|_| by_author.is_none() && post.kind != PostKind::Comment);
        let is_own = by_author.is_some_and(|url| html::same_address(url, own))
            || by_place.is_some_and(|page| html::is_below(page, own));
        (post.author.role, post.author.role_basis) = if is_own {
            (AuthorRole::Authority, RoleBasis::OwnAccountId)
        } else if by_author.is_some() {
            (AuthorRole::Unknown, RoleBasis::OtherId)
        } else {
            (AuthorRole::Unknown, RoleBasis::None)
        };
    }
}

/// What a page gave: posts, and pieces that could not be read with their place.
#[derive(Default)]
pub(super) struct Found {
    posts: Vec<Parsed>,
    refused: Vec<(String, String)>,
}

struct PageItems<'a> {
    source: Source<'a>,
    files: VecDeque<usize>,
    queue: VecDeque<Item>,
    skipped: u64,
    notes: Vec<String>,
}

impl PageItems<'_> {
    fn page(&mut self, member: usize) -> Result<(), PlatformError> {
        let container = self.source.container;
        let place = container.place(member);
        let bytes = container.whole(member, WHOLE)?;
        let converted = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
        let text = if converted {
            charset::lossy(&bytes).into_bytes()
        } else {
            bytes
        };
        let charset = Charset::declared(&text, converted)
            .map_err(|label| PlatformError::expected(&place, refusal::unknown_encoding(&label)))?;
        let decoded = charset.decode(&text);
        if html::depth_at_most(&decoded.text) > DEEPEST {
            return Err(PlatformError::damaged(
                place,
                refusal::too_deep("sidans element", DEEPEST),
            ));
        }
        let tree = Html::parse_document(&decoded.text);
        let sha256 = container.evidence_digest(member)?;
        let mut reading = Reading {
            source: self.source,
            member,
            sha256: sha256.as_ref(),
            base: base(&tree),
            repairs: decoded.mended.map(str::to_owned).into_iter().collect(),
        };
        if decoded.replaced {
            reading.repairs.push("utf8-replaced".to_owned());
        }
        let mut found = jsonld::read(&reading, &tree);
        if found.posts.is_empty() {
            let refused = std::mem::take(&mut found.refused);
            found = mf2::read(&reading, &tree);
            if found.posts.is_empty() {
                found = microdata::read(&reading, &tree);
            }
            found.refused.extend(refused);
        }
        if found.posts.is_empty() && found.refused.is_empty() {
            self.notes.push(format!(
                "{place}: sidan rymmer inga inlägg i JSON-LD, microformats2 eller microdata."
            ));
        }
        for parsed in found.posts {
            self.queue.push_back(Item::Post(Box::new(parsed)));
        }
        for (locator, reason) in found.refused {
            self.queue.push_back(Item::Refused(Refused {
                place: format!("{place}, {locator}"),
                reason,
            }));
        }
        Ok(())
    }
}

/// The page's own address: canonical, or of its base.
fn base(tree: &Html) -> Option<url::Url> {
    let told = |selector: &str, name: &str| {
        let selector = Selector::parse(selector).ok()?;
        let element = tree.select(&selector).next()?;
        url::Url::parse(element.value().attr(name)?).ok()
    };
    told("base[href]", "href")
        .or_else(|| told("link[rel=canonical]", "href"))
        .or_else(|| told("meta[property=\"og:url\"]", "content"))
        .filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// An object of schema.org as bytes to keep.
fn kept(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

impl Iterator for PageItems<'_> {
    type Item = Result<Item, PlatformError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.queue.pop_front() {
                return Some(Ok(item));
            }
            let member = self.files.pop_front()?;
            if let Err(error) = self.page(member) {
                return Some(Err(error));
            }
        }
    }
}

impl Items for PageItems<'_> {
    fn summary(&self) -> Summary {
        Summary {
            format_version: None,
            // A page may show any choice of posts: what it lacks tells nothing.
            completeness: Completeness::Partial,
            skipped: (self.skipped > 0)
                .then(|| Skipped {
                    what: "other_file".to_owned(),
                    count: self.skipped,
                })
                .into_iter()
                .collect(),
            addresses: Vec::new(),
            notes: self.notes.clone(),
        }
    }
}
