//! ActivityPub objects and activities saved as files, one by one or as a collection (ActivityStreams 2.0).

use serde_json::Value;

use crate::platform::activity::{ACTIVITIES, Actor, OBJECTS, Reader};
use crate::platform::container::Container;
use crate::platform::error::PlatformError;
use crate::platform::html::same_address;
use crate::platform::object::{many, text};
use crate::platform::refusal;
use crate::platform::replies::{self, At, Known, Out, Replies};
use crate::platform::{Importer, Items, Source};

/// Deepest nesting of replies.
const DEEPEST: usize = 32;

/// Reads ActivityStreams 2.0.
#[derive(Debug)]
pub(crate) struct ActivityPub;

impl Importer for ActivityPub {
    fn name(&self) -> &'static str {
        "activitypub"
    }

    fn title(&self) -> &'static str {
        "ActivityPub-objekt"
    }

    fn version(&self) -> &'static str {
        "2"
    }

    fn recognises(&self, container: &Container) -> Result<bool, PlatformError> {
        replies::recognises(self, container)
    }

    fn read<'a>(&self, source: &Source<'a>) -> Result<Box<dyn Items + 'a>, PlatformError> {
        replies::read(&Self, source)
    }
}

impl Replies for ActivityPub {
    fn importer(&self) -> &'static dyn Importer {
        &Self
    }

    fn platform(&self) -> &'static str {
        "activitypub"
    }

    fn arrays(&self) -> &'static [&'static str] {
        &["orderedItems", "items"]
    }

    fn is_reply(&self, head: &str) -> bool {
        head.contains("://www.w3.org/ns/activitystreams")
            || head.contains("\"OrderedCollection\"") && head.contains("\"orderedItems\"")
    }

    fn learn(&self, _item: &Value, _array: &str, _known: &mut Known) {}

    fn posts(&self, at: &At<'_, '_>, item: &Value, bytes: &[u8], out: &mut Out) {
        let kind = text(item, "type").unwrap_or_default();
        // The account itself is the actor where one of its addresses is the one in the register.
        let author = [item.get("actor"), item.get("attributedTo")]
            .into_iter()
            .chain([item
                .get("object")
                .and_then(|object| object.get("attributedTo"))])
            .find_map(|told| many(told).next());
        let actor = author.and_then(|author| own(author, at.source.address));
        let origin = at.origin("");
        let reader = Reader {
            origin: &origin,
            folder: "",
            actor: actor.as_ref(),
        };
        if ACTIVITIES.contains(&kind.as_str()) {
            out.post(reader.activity(item, bytes));
        } else if OBJECTS.contains(&kind.as_str()) || kind == "Tombstone" {
            match without_replies(item) {
                Some(alone) => out.post(reader.object(item, &alone)),
                None => out.post(reader.object(item, bytes)),
            }
            replies_below(at, item, ("", 0), out);
        } else if kind.is_empty() {
            out.post(Err(refusal::lacks("objektet", refusal::TYPE, "type")));
        } else if matches!(
            kind.as_str(),
            "Person" | "Organization" | "Service" | "Group" | "Application"
        ) {
            out.skip("actor");
        } else {
            out.skip("other_object");
        }
    }
}

/// The object without the replies that stand in it, where there are any: each is kept with its own post, which may be
/// disposed of before this one.
fn without_replies(object: &Value) -> Option<Vec<u8>> {
    let mut object = object.clone();
    let replies = object.get_mut("replies")?;
    let mut is_changed = false;
    for name in ["items", "orderedItems"] {
        match replies.get_mut(name) {
            Some(Value::Array(items)) => {
                let before = items.len();
                items.retain(|item| !item.is_object());
                is_changed |= items.len() < before;
            }
            Some(one @ Value::Object(_)) => {
                *one = Value::Null;
                is_changed = true;
            }
            _ => {}
        }
    }
    is_changed.then(|| object.to_string().into_bytes())
}

/// Replies that stand inside the object that they answer.
fn replies_below(at: &At<'_, '_>, object: &Value, (path, depth): (&str, usize), out: &mut Out) {
    let Some(replies) = object.get("replies").filter(|_| depth < DEEPEST) else {
        return;
    };
    for (name, list) in [
        ("items", replies.get("items")),
        ("orderedItems", replies.get("orderedItems")),
    ] {
        for (reply, number) in many(list).zip(0_usize..) {
            if !reply.is_object() {
                continue;
            }
            let below = format!("{path}/replies/{name}/{number}");
            let origin = at.origin(&below);
            let actor = reply
                .get("attributedTo")
                .and_then(|author| own(author, at.source.address));
            let reader = Reader {
                origin: &origin,
                folder: "",
                actor: actor.as_ref(),
            };
            let alone = without_replies(reply).unwrap_or_else(|| reply.to_string().into_bytes());
            out.post(reader.object(reply, &alone));
            replies_below(at, reply, (&below, depth + 1), out);
        }
    }
}

/// The actor, where it is the account itself.
fn own(author: &Value, address: &str) -> Option<Actor> {
    let id = author
        .as_str()
        .map_or_else(|| text(author, "id"), |id| Some(id.to_owned()));
    let url = text(author, "url");
    let is_own = [&id, &url]
        .into_iter()
        .flatten()
        .any(|told| same_address(told, address));
    is_own.then(|| Actor::named(author, id)).flatten()
}
