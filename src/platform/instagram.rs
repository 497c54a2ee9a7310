//! Instagram's export in JSON, in the layouts of 2021, 2024 and 2025: posts, stories and reels, own comments and messages.
//! It holds no ids, no addresses and none of the public's comments; names of members are in the account's language.

use serde_json::Value;

use crate::model::post::{Completeness, InReplyTo, PostKind, PostTime};
use crate::model::text::normalised;
use crate::platform::container::Container;
use crate::platform::draft::{self, finish};
use crate::platform::error::PlatformError;
use crate::platform::html::push_unique;
use crate::platform::meta;
use crate::platform::meta::message::{MESSAGES, PARTICIPANTS};
use crate::platform::meta::{
    add_media, describe, labels, mended, message, moment, note_repair, own_author, private,
};
use crate::platform::object::{many, text};
use crate::platform::refusal;
use crate::platform::replies::{self, At, InFile, Known, Out, Replies};
use crate::platform::{Importer, Items, Parsed, Source, redact};

/// Reads Instagram's export.
#[derive(Debug)]
pub(crate) struct Instagram;

impl Importer for Instagram {
    fn name(&self) -> &'static str {
        "instagram"
    }

    fn title(&self) -> &'static str {
        "Instagrams export (JSON)"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    /// A conversation looks like one of Facebook: something else of Instagram has to lie beside it.
    fn recognises(&self, container: &Container) -> Result<bool, PlatformError> {
        replies::any(container, self.shapes(), is_own)
    }

    fn parts(&self) -> bool {
        true
    }

    fn read<'a>(&self, source: &Source<'a>) -> Result<Box<dyn Items + 'a>, PlatformError> {
        replies::read(&Self, source)
    }
}

/// Arrays of files that are objects.
const POSTS: &str = "ig_posts";
const STORIES: &str = "ig_stories";
const REELS: &str = "ig_reels_media";
const ARCHIVED: &str = "ig_archived_post_media";
const PROFILE: &str = "profile_user";
const COMMENTS: [&str; 2] = ["comments_media_comments", "comments_reels_comments"];

impl Replies for Instagram {
    fn importer(&self) -> &'static dyn Importer {
        &Self
    }

    fn platform(&self) -> &'static str {
        "instagram"
    }

    fn source_kind(&self) -> &'static str {
        "platform_export"
    }

    fn arrays(&self) -> &'static [&'static str] {
        &[
            POSTS,
            STORIES,
            REELS,
            ARCHIVED,
            PROFILE,
            COMMENTS[0],
            COMMENTS[1],
            MESSAGES,
            PARTICIPANTS,
        ]
    }

    fn is_reply(&self, head: &str) -> bool {
        is_own(head) || (has(head, "sender_name") && has(head, "timestamp_ms"))
    }

    fn learn(&self, _item: &Value, _array: &str, _known: &mut Known) {}

    fn learn_in(&self, file: &InFile<'_>, item: &Value, known: &mut Known) {
        match file.array {
            MESSAGES | PARTICIPANTS => message::learn(file, item, known),
            PROFILE => learn_account(item, known),
            _ => {}
        }
    }

    fn learned(&self, source: &Source<'_>, known: &mut Known) {
        known
            .addresses
            .push(meta::site(source.address, "instagram.com"));
    }

    fn posts(&self, at: &At<'_, '_>, item: &Value, bytes: &[u8], out: &mut Out) {
        match at.file.array {
            MESSAGES => out.post(message::read(at, item, bytes)),
            PARTICIPANTS => out.skip("participant"),
            PROFILE => out.skip("account"),
            STORIES => out.post(post(at, item, bytes, PostKind::Story)),
            REELS => out.post(post(at, item, bytes, PostKind::Video)),
            _ if item.get("string_map_data").is_some() => out.post(comment(at, item, bytes)),
            _ => out.post(post(at, item, bytes, PostKind::Post)),
        }
    }

    fn completeness(&self, _known: &Known) -> Completeness {
        Completeness::OwnOnly
    }
}

fn has(head: &str, name: &str) -> bool {
    head.contains(&format!("\"{name}\""))
}

/// Whether a file that begins like this is Instagram's and nobody else's.
fn is_own(head: &str) -> bool {
    let start = head.trim_start_matches('\u{feff}').trim_start();
    let is_picture = has(head, "media") && has(head, "creation_timestamp") && has(head, "uri");
    // A post of Facebook has its media in `attachments`.
    let is_post = is_picture && !has(head, "attachments");
    let is_comment = has(head, "string_map_data") && has(head, "timestamp");
    if start.starts_with('[') {
        return is_post || is_comment;
    }
    let arrays = [
        POSTS,
        STORIES,
        REELS,
        ARCHIVED,
        PROFILE,
        COMMENTS[0],
        COMMENTS[1],
    ];
    arrays.iter().any(|name| has(head, name))
}

/// The account's handle and name. The members are named in its language: the handle is the first that could be one.
fn learn_account(item: &Value, known: &mut Known) {
    let (item, _) = mended(item);
    let is_handle = |value: &String| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
        value.len() <= 30 && value.bytes().all(plain)
    };
    let named = |names: &[&str]| {
        let members = item.get("string_map_data").and_then(Value::as_object)?;
        let mut found = members
            .iter()
            .filter(|(name, _)| names.contains(&name.to_lowercase().as_str()));
        found.find_map(|(_, member)| text(member, "value"))
    };
    let handle = named(&["username", "användarnamn", "gebruikersnaam", "benutzername"]);
    known.own_handle = handle.filter(is_handle).or_else(|| known.own_handle.take());
    known.own_name = named(&["name", "namn", "naam"]).or_else(|| known.own_name.take());
}

/// A post, a story or a reel: of one picture, whose text and time stand with it, or of several, whose text stands outside.
fn post(at: &At<'_, '_>, item: &Value, bytes: &[u8], kind: PostKind) -> Result<Parsed, String> {
    let (item, any) = mended(item);
    let origin = at.origin("");
    let mut post = draft::blank(&origin, None);
    note_repair(&mut post, any);
    post.kind = kind;
    post.author = own_author(at);
    let files: Vec<&Value> = match item.get("media") {
        Some(media) => many(Some(media)).collect(),
        None => vec![&item],
    };
    let labels = labels(&item);
    let told = |name: &str| {
        let inside = files.iter().find_map(|file| moment(file, name, 1));
        moment(&item, name, 1).or(inside)
    };
    post.posted_at = told("creation_timestamp")
        .or_else(|| told("timestamp"))
        .or(labels.time)
        .ok_or_else(|| refusal::lacks("inlägget", refusal::TIME, "creation_timestamp"))?;
    let outside = text(&item, "title").or(labels.text);
    let alone = || match files.as_slice() {
        [only] => text(only, "title"),
        _ => None,
    };
    draft::set_text(&mut post, &outside.or_else(alone).unwrap_or_default());
    let mut media = Vec::new();
    for file in files {
        let before = post.attachments.len();
        media.extend(add_media(&mut post, at, file, None)?);
        describe(&mut post, before, file);
    }
    if post.text.is_empty() && post.attachments.is_empty() {
        return Err(refusal::is_empty("inlägget"));
    }
    let (original, pointers) = redact::redact_bytes(bytes, &private);
    post.redactions = pointers;
    Ok(finish(post, original, media))
}

/// A comment of the account on somebody's post: the member that has a time alone is the time, and of the others the one
/// named for it is the text.
fn comment(at: &At<'_, '_>, item: &Value, bytes: &[u8]) -> Result<Parsed, String> {
    let (item, any) = mended(item);
    let members = item.get("string_map_data").and_then(Value::as_object);
    let members =
        members.ok_or("kommentaren saknar fältet string_map_data, där text och tid väntas")?;
    let origin = at.origin("");
    let mut post = draft::blank(&origin, None);
    note_repair(&mut post, any);
    post.kind = PostKind::Comment;
    post.author = own_author(at);
    let time: Option<PostTime> = members.values().find_map(|member| {
        let alone = text(member, "value").is_none();
        moment(member, "timestamp", 1).filter(|_| alone)
    });
    post.posted_at = time
        .ok_or("kommentaren saknar tidpunkt: inget fält i string_map_data har enbart timestamp")?;
    let values: Vec<(String, String)> = members
        .iter()
        .filter_map(|(name, member)| Some((name.to_lowercase(), text(member, "value")?)))
        .collect();
    let is_text = |name: &str| matches!(name, "comment" | "kommentar" | "opmerking");
    let written = values.iter().find(|(name, _)| is_text(name));
    let written = written.or_else(|| {
        // In another language: what could not be a handle.
        let mut others = values
            .iter()
            .filter(|(_, value)| value.contains(char::is_whitespace));
        others.next().filter(|_| others.next().is_none())
    });
    let (name, written) = written
        .cloned()
        .ok_or("det går inte att avgöra vilket fält i string_map_data som är kommentarens text")?;
    draft::set_text(&mut post, &written);
    if !is_text(&name) {
        push_unique(&mut post.warnings, "locale-unknown".to_owned());
    }
    let owner = values.into_iter().find(|(other, _)| *other != name);
    post.in_reply_to = owner.map(|(_, owner)| InReplyTo {
        author_hint: Some(normalised(&owner)),
        ..InReplyTo::default()
    });
    let (original, pointers) = redact::redact_bytes(bytes, &private);
    post.redactions = pointers;
    Ok(finish(post, original, Vec::new()))
}
