//! Facebook's export in JSON, of a page or of a person, in the layouts until 2023, since 2024 and with `label_values`: posts,
//! own comments, messages, events, and videos and photos that no post shows. It holds no ids, no addresses and none of the
//! public's comments.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::model::post::{Completeness, InReplyTo, Post, PostKind};
use crate::model::text::normalised;
use crate::platform::container::Container;
use crate::platform::draft::{self, finish};
use crate::platform::error::PlatformError;
use crate::platform::html::{push_unique, web_address};
use crate::platform::meta;
use crate::platform::meta::message::{MESSAGES, PARTICIPANTS};
use crate::platform::meta::{
    add_media, describe, labels, mended, message, moment, named_author, note_repair, own_author,
    private, repaired,
};
use crate::platform::object::{many, text, word};
use crate::platform::refusal;
use crate::platform::replies::{self, At, InFile, Known, Out, Replies};
use crate::platform::{Importer, Items, Media, Parsed, Source, media, redact};

/// How a person or page is named in a text: `@[<id>:<kind>:<name>]`.
static MENTION: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"@\[\d+:\d+:([^\]]*)\]").ok());

/// Reads Facebook's export.
#[derive(Debug)]
pub(crate) struct Facebook;

impl Importer for Facebook {
    fn name(&self) -> &'static str {
        "facebook"
    }

    fn title(&self) -> &'static str {
        "Facebooks export (JSON)"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn recognises(&self, container: &Container) -> Result<bool, PlatformError> {
        replies::recognises(self, container)
    }

    fn parts(&self) -> bool {
        true
    }

    fn read<'a>(&self, source: &Source<'a>) -> Result<Box<dyn Items + 'a>, PlatformError> {
        replies::read(&Self, source)
    }
}

/// Arrays of files that are objects.
const STATUSES: &str = "status_updates";
const COMMENTS: [&str; 2] = ["comments_v2", "comments"];
const VIDEOS: [&str; 2] = ["videos_v2", "videos"];
const PHOTOS: &str = "photos";
const EVENTS: [&str; 2] = ["your_events_v2", "your_events"];
const DASHBOARD: &str = "prodash_activity";

impl Replies for Facebook {
    fn importer(&self) -> &'static dyn Importer {
        &Self
    }

    fn platform(&self) -> &'static str {
        "facebook"
    }

    fn source_kind(&self) -> &'static str {
        "platform_export"
    }

    fn arrays(&self) -> &'static [&'static str] {
        &[
            STATUSES,
            COMMENTS[0],
            COMMENTS[1],
            VIDEOS[0],
            VIDEOS[1],
            PHOTOS,
            EVENTS[0],
            EVENTS[1],
            DASHBOARD,
            MESSAGES,
            PARTICIPANTS,
        ]
    }

    fn is_reply(&self, head: &str) -> bool {
        let has = |name: &str| head.contains(&format!("\"{name}\""));
        let is_list = head
            .trim_start_matches('\u{feff}')
            .trim_start()
            .starts_with('[');
        let is_post = has("timestamp")
            && (has("post") || has("update_timestamp") || has("external_context"))
            || (has("timestamp") && has("attachments") && has("data"));
        let is_labelled = has("label_values") && has("fbid");
        if is_list {
            return is_post || is_labelled;
        }
        (has("sender_name") && has("timestamp_ms"))
            || [COMMENTS[0], VIDEOS[0], EVENTS[0], STATUSES, DASHBOARD]
                .iter()
                .any(|name| has(name))
            || has("profile_v2")
            || (has(PHOTOS) && has("last_modified_timestamp"))
    }

    fn learn(&self, _item: &Value, _array: &str, _known: &mut Known) {}

    fn learn_in(&self, file: &InFile<'_>, item: &Value, known: &mut Known) {
        match file.array {
            MESSAGES | PARTICIPANTS => message::learn(file, item, known),
            DASHBOARD => learn_name(known, text(item, "page_name")),
            // The profile of a person.
            "" if item.get("profile_v2").is_some() => {
                let name = item.pointer("/profile_v2/name/full_name");
                learn_name(known, name.and_then(Value::as_str).map(str::to_owned));
            }
            "" | STATUSES => {
                if is_shell(item) {
                    return;
                }
                known.ids.insert(said_at(item), String::new());
                for media in all_media(item) {
                    let uri = text(media, "uri").unwrap_or_default();
                    known.shown.insert(media::last(&uri).to_owned());
                }
            }
            _ => {}
        }
    }

    fn learned(&self, source: &Source<'_>, known: &mut Known) {
        known
            .addresses
            .push(meta::site(source.address, "facebook.com"));
    }

    fn posts(&self, at: &At<'_, '_>, item: &Value, bytes: &[u8], out: &mut Out) {
        let array = at.file.array;
        if array == MESSAGES {
            return out.post(message::read(at, item, bytes));
        }
        if array == PARTICIPANTS {
            return out.skip("participant");
        }
        if array == DASHBOARD || item.get("profile_v2").is_some() {
            return out.skip("account");
        }
        if array == PHOTOS || VIDEOS.contains(&array) {
            let uri = text(item, "uri").unwrap_or_default();
            if at.known.shown.contains(media::last(&uri)) {
                return out.skip("shown_in_a_post");
            }
        }
        if (array.is_empty() || array == STATUSES)
            && is_shell(item)
            && at.known.ids.contains_key(&said_at(item))
        {
            // What is shared stands twice, once without anything in it.
            return out.skip("empty_twin");
        }
        out.post(post(at, item, bytes));
    }

    fn completeness(&self, _known: &Known) -> Completeness {
        Completeness::OwnOnly
    }
}

fn learn_name(known: &mut Known, name: Option<String>) {
    if let Some(name) = name {
        known.own_name = Some(repaired(&name).unwrap_or(name));
    }
}

/// When the item says it was made, as it says it.
fn said_at(item: &Value) -> String {
    item.get("timestamp")
        .map(Value::to_string)
        .unwrap_or_default()
}

/// Whether a post has neither text nor anything attached.
fn is_shell(item: &Value) -> bool {
    let written = many(item.get("data")).any(|part| text(part, "post").is_some());
    !written && all_attached(item).next().is_none() && item.get("label_values").is_none()
}

/// Everything attached to an item.
fn all_attached(item: &Value) -> impl Iterator<Item = &Value> {
    many(item.get("attachments")).flat_map(|attached| many(attached.get("data")))
}

/// Every file attached to an item.
fn all_media(item: &Value) -> impl Iterator<Item = &Value> {
    let attached = all_attached(item).filter_map(|part| part.get("media"));
    attached.chain(many(item.get("media")))
}

fn post(at: &At<'_, '_>, item: &Value, bytes: &[u8]) -> Result<Parsed, String> {
    let (item, any) = mended(item);
    let array = at.file.array;
    let origin = at.origin("");
    let mut post = draft::blank(&origin, word(&item, "fbid"));
    note_repair(&mut post, any);
    post.author = own_author(at);
    let labels = labels(&item);
    let said = ["timestamp", "creation_timestamp", "create_timestamp"]
        .into_iter()
        .find_map(|name| moment(&item, name, 1))
        .or(labels.time);
    match said {
        Some(said) => post.posted_at = said,
        // Older exports tell when an event is held, not when it was published.
        None if EVENTS.contains(&array) => {}
        None => {
            return Err(refusal::lacks(
                "posten",
                refusal::TIME,
                "timestamp, creation_timestamp eller create_timestamp",
            ));
        }
    }
    let mut media = Vec::new();
    if let Some(comment) = comment_of(&item) {
        post.kind = PostKind::Comment;
        write(&mut post, &text(comment, "comment").unwrap_or_default());
        if let Some(name) = text(comment, "author") {
            post.author = named_author(at, &name);
        }
        // What is answered is told in words of the account's language alone.
        post.in_reply_to = text(&item, "title").map(|title| InReplyTo {
            author_hint: Some(normalised(&title)),
            ..InReplyTo::default()
        });
    } else if EVENTS.contains(&array) {
        post.kind = PostKind::Event;
        post.title = text(&item, "name").map(|name| normalised(&name));
        write(&mut post, &text(&item, "description").unwrap_or_default());
    } else if VIDEOS.contains(&array) || array == PHOTOS {
        post.kind = if array == PHOTOS {
            PostKind::Photo
        } else {
            PostKind::Video
        };
        post.title = text(&item, "title").map(|title| normalised(&title));
        write(&mut post, &text(&item, "description").unwrap_or_default());
        let kind = if array == PHOTOS { "image" } else { "video" };
        media.extend(add_media(&mut post, at, &item, Some(kind))?);
    } else {
        let texts: Vec<_> = many(item.get("data"))
            .filter_map(|part| text(part, "post"))
            .collect();
        let written = if texts.is_empty() {
            labels.text.clone()
        } else {
            Some(texts.join("\n\n"))
        };
        write(&mut post, &written.unwrap_or_default());
        // Facebook's own words of what was done, in the account's language.
        post.title = text(&item, "title").map(|title| normalised(&title));
        if COMMENTS.contains(&array) {
            post.kind = PostKind::Comment;
        }
    }
    if labels.unclear {
        post.warnings.push("text-form-unknown".to_owned());
    }
    for link in labels.links {
        push_unique(&mut post.links, link);
    }
    media.extend(attached(&mut post, at, &item)?);
    facts(&mut post, &item);
    let (original, pointers) = redact::redact_bytes(bytes, &private);
    post.redactions = pointers;
    Ok(finish(post, original, media))
}

/// The comment in an item of comments.
fn comment_of(item: &Value) -> Option<&Value> {
    many(item.get("data")).find_map(|part| part.get("comment"))
}

/// Sets the text, with names in place of the tokens for them.
fn write(post: &mut Post, written: &str) {
    let mut names = Vec::new();
    let plain = MENTION.as_ref().map_or_else(
        || written.to_owned(),
        |mention| {
            let named = |found: &regex::Captures<'_>| {
                names.push(found[1].to_owned());
                found[1].to_owned()
            };
            mention.replace_all(written, named).into_owned()
        },
    );
    draft::set_text(post, &plain);
    if plain != written {
        push_unique(&mut post.repairs, "mention-token".to_owned());
    }
    for name in names {
        push_unique(&mut post.mentions, name);
    }
}

/// Takes in what is attached: files, addresses, places, texts.
fn attached(post: &mut Post, at: &At<'_, '_>, item: &Value) -> Result<Vec<Media>, String> {
    let mut taken = Vec::new();
    for part in all_attached(item) {
        if let Some(url) = part
            .pointer("/external_context/url")
            .and_then(Value::as_str)
        {
            match web_address(url) {
                Some(url) => push_unique(&mut post.links, url),
                None => push_unique(&mut post.warnings, "link-unreadable".to_owned()),
            }
        }
        if let Some(place) = part.get("place").and_then(|place| text(place, "name")) {
            post.place = Some(normalised(&place));
        }
        if let Some(more) = text(part, "text").filter(|more| !post.text.contains(more.as_str())) {
            let whole = if post.text.is_empty() {
                more
            } else {
                format!("{}\n\n{more}", post.text)
            };
            draft::set_text(post, &whole);
        }
    }
    for media in all_media(item) {
        let before = post.attachments.len();
        taken.extend(add_media(post, at, media, None)?);
        describe(post, before, media);
    }
    Ok(taken)
}

/// When the post was changed, whom it names, and where an event is.
fn facts(post: &mut Post, item: &Value) {
    let changed = many(item.get("data")).find_map(|part| moment(part, "update_timestamp", 1));
    post.edited_at = changed.filter(|changed| changed.utc > post.posted_at.utc);
    for tag in many(item.get("tags")) {
        let name = tag
            .as_str()
            .map(str::to_owned)
            .or_else(|| text(tag, "name"));
        if let Some(name) = name {
            push_unique(&mut post.mentions, normalised(&name));
        }
    }
    if let Some(place) = item.get("place").and_then(|place| text(place, "name")) {
        post.place = Some(normalised(&place));
    }
}
