//! Mastodon archives (folder, zip, tar, tar.gz): the account's own outbox with its media. Followers-only and direct posts
//! stand in it among the public ones, so visibility is read from the addressing of each.

use std::io::{BufReader, Read};

use serde_json::Value;

use crate::model::digest::Sha256Hex;
use crate::model::ingest::Skipped;
use crate::model::json;
use crate::model::post::{Completeness, Refused};
use crate::platform::activity::{Actor, Reader};
use crate::platform::container::{Container, Shape};
use crate::platform::draft::Origin;
use crate::platform::elements::{CutError, Element, Elements};
use crate::platform::error::PlatformError;
use crate::platform::refusal;
use crate::platform::{Importer, Item, Items, Parsed, Source, Summary, object};

/// Bytes of a file that are looked at to recognise it.
const LOOK: u64 = 64 * 1024;
/// Greatest `actor.json`.
const ACTOR: u64 = 4 * 1024 * 1024;

/// Reads a Mastodon archive.
#[derive(Debug)]
pub(crate) struct Mastodon;

impl Importer for Mastodon {
    fn name(&self) -> &'static str {
        "mastodon"
    }

    fn title(&self) -> &'static str {
        "Mastodon-arkiv"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn recognises(&self, container: &Container) -> Result<bool, PlatformError> {
        Ok(outbox(container)?.is_some())
    }

    fn read<'a>(&self, source: &Source<'a>) -> Result<Box<dyn Items + 'a>, PlatformError> {
        let member = outbox(source.container)?.ok_or_else(|| {
            PlatformError::expected(
                source.container.name(),
                "en utkorg (outbox.json, en OrderedCollection av aktiviteter)",
            )
        })?;
        let folder = source
            .container
            .member_name(member)
            .and_then(|name| {
                name.rsplit_once('/')
                    .map(|(folder, _)| format!("{folder}/"))
            })
            .unwrap_or_default();
        let actor = actor(source.container, &folder)?;
        let elements = Elements::new(source.container.read(member)?, &["orderedItems"]);
        Ok(Box::new(MastodonItems {
            source: *source,
            member,
            sha256: source.container.evidence_digest(member)?,
            elements,
            folder,
            actor,
            number: 0,
            refused: false,
            others: others(source.container, member)?,
        }))
    }
}

/// The collection of activities: among all JSON files the one whose items are activities; likes and bookmarks are
/// collections of addresses.
fn outbox(container: &Container) -> Result<Option<usize>, PlatformError> {
    for member in container.of_shape(&[Shape::Object])? {
        let head = container.head(member, LOOK)?;
        let head = String::from_utf8_lossy(&head);
        let collection =
            head.contains("\"OrderedCollection\"") && head.contains("\"orderedItems\"");
        let activities = head.contains("\"Create\"")
            || head.contains("\"Announce\"")
            || head.contains("outbox.json");
        if collection && activities {
            return Ok(Some(member));
        }
    }
    Ok(None)
}

/// JSON files that Mastodon does not put into an archive: counted, so that nobody takes them for read.
fn others(container: &Container, outbox: usize) -> Result<Vec<Skipped>, PlatformError> {
    let known = ["actor.json", "likes.json", "bookmarks.json"];
    let mut count = 0;
    for member in container.of_shape(&[Shape::Object, Shape::Array])? {
        let name = &container.members()[member].name;
        let file = name.rsplit('/').next().unwrap_or(name);
        count += u64::from(member != outbox && !known.contains(&file));
    }
    let what = "other_file".to_owned();
    Ok((count > 0)
        .then_some(Skipped { what, count })
        .into_iter()
        .collect())
}

/// The account that the archive is of, from `actor.json` beside the outbox.
fn actor(container: &Container, folder: &str) -> Result<Option<Actor>, PlatformError> {
    let Some(member) = container.find(&format!("{folder}actor.json")) else {
        return Ok(None);
    };
    let place = container.place(member);
    let mut bytes = Vec::new();
    container
        .read(member)?
        .take(ACTOR)
        .read_to_end(&mut bytes)
        .map_err(|source| PlatformError::io(&place, source))?;
    let value = json::value_from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes))
        .map_err(|_form| PlatformError::damaged(&place, "det är inte JSON"))?;
    Actor::of(&value)
        .map(Some)
        .ok_or_else(|| PlatformError::expected(place, "en aktör med id"))
}

struct MastodonItems<'a> {
    source: Source<'a>,
    member: usize,
    sha256: Option<Sha256Hex>,
    elements: Elements<BufReader<Box<dyn Read>>>,
    folder: String,
    actor: Option<Actor>,
    number: u64,
    refused: bool,
    /// JSON files that are no part of an archive.
    others: Vec<Skipped>,
}

impl MastodonItems<'_> {
    fn advance(&mut self) -> Result<Option<Item>, PlatformError> {
        let place = self.source.container.place(self.member);
        let element = match self.elements.element() {
            Ok(Some(element)) => element,
            Ok(None) => return Ok(None),
            Err(CutError::Io(source)) => return Err(PlatformError::io(place, source)),
            Err(error @ CutError::Form { .. }) => {
                return Err(PlatformError::damaged(place, error.to_string()));
            }
        };
        let number = self.number;
        self.number += 1;
        let read = match element {
            Element::Whole(bytes) => self.activity(&bytes, number),
            Element::TooLong => Err(refusal::too_long(16)),
            Element::Cut => Err(refusal::CUT.to_owned()),
        };
        Ok(Some(match read {
            Ok(parsed) => Item::Post(Box::new(parsed)),
            Err(reason) => {
                self.refused = true;
                Item::Refused(Refused {
                    place: format!("{place}, /orderedItems/{number}"),
                    reason,
                })
            }
        }))
    }

    fn activity(&self, bytes: &[u8], number: u64) -> Result<Parsed, String> {
        let (activity, repairs) = object::parse(bytes)?;
        let origin = Origin {
            source: self.source,
            importer: &Mastodon,
            platform: "mastodon",
            source_kind: "platform_export",
            member: self.member,
            member_sha256: self.sha256.clone(),
            locator: format!("/orderedItems/{number}"),
        };
        let reader = Reader {
            origin: &origin,
            folder: &self.folder,
            actor: self.actor.as_ref(),
        };
        let mut parsed = reader.activity(&activity, bytes)?;
        parsed.post.repairs = repairs;
        Ok(parsed)
    }

    fn total(&self) -> Option<u64> {
        let bytes = self.elements.members.get("totalItems")?;
        serde_json::from_slice::<Value>(bytes).map_or(None, |value| value.as_u64())
    }
}

impl Iterator for MastodonItems<'_> {
    type Item = Result<Item, PlatformError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().transpose()
    }
}

impl Items for MastodonItems<'_> {
    fn summary(&self) -> Summary {
        let mut notes = Vec::new();
        if !self.elements.closed {
            notes.push("Arkivet är avkortat: utkorgen slutar innan den är avslutad.".to_owned());
        }
        let total = self.total();
        if let Some(total) = total.filter(|total| *total != self.number) {
            notes.push(format!(
                "Utkorgen uppger {total} poster (totalItems) men rymmer {}.",
                self.number
            ));
        }
        if self.actor.is_none() {
            notes.push("actor.json saknas: vem som skrivit inläggen kan inte avgöras.".to_owned());
        }
        let whole =
            self.elements.closed && !self.refused && total.is_none_or(|total| total <= self.number);
        Summary {
            format_version: None,
            completeness: if whole {
                Completeness::OwnOnly
            } else {
                Completeness::Partial
            },
            skipped: self.others.clone(),
            addresses: self.actor.iter().map(|actor| actor.id.clone()).collect(),
            notes,
        }
    }
}
