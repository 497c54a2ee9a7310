//! Replies of Instagram's Graph API saved as files: media with the comments below them, and comments with their answers;
//! replies of the interface that ended in 2020 too.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use crate::model::post::{Counts, InReplyTo, Post, PostKind, PostState, StateValue, Visibility};
use crate::model::text::normalised;
use crate::platform::container::Container;
use crate::platform::draft::{self, finish};
use crate::platform::error::PlatformError;
use crate::platform::graph::{author, count, listed, moment, place};
use crate::platform::html::{push_unique, web_address};
use crate::platform::meta;
use crate::platform::object::{many, number, text, word};
use crate::platform::refusal;
use crate::platform::replies::{self, At, Known, Out, Replies};
use crate::platform::{Importer, Items, Parsed, Source, redact};

/// A time as the interface writes it.
static TIME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#""timestamp"\s*:\s*"\d{4}-\d\d-\d\dT[\d:]+\+0000""#).ok());

/// A time of the interface that ended in 2020.
static OLD_TIME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#""created_time"\s*:\s*"\d{9,11}""#).ok());

/// Reads saved replies of Instagram's Graph API.
#[derive(Debug)]
pub(crate) struct InstagramApi;

impl Importer for InstagramApi {
    fn name(&self) -> &'static str {
        "instagram-api"
    }

    fn title(&self) -> &'static str {
        "Instagrams API-svar (Graph)"
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

impl Replies for InstagramApi {
    fn importer(&self) -> &'static dyn Importer {
        &Self
    }

    fn platform(&self) -> &'static str {
        "instagram"
    }

    fn arrays(&self) -> &'static [&'static str] {
        &["data"]
    }

    fn is_reply(&self, head: &str) -> bool {
        let has = |name: &str| head.contains(&format!("\"{name}\""));
        let is_told = |time: &LazyLock<Option<Regex>>| {
            let time = time.as_ref();
            time.is_some_and(|time| time.is_match(head))
        };
        let is_media = has("media_type") || has("media_product_type") || has("caption");
        (is_told(&TIME) && (is_media || has("text")))
            || (is_told(&OLD_TIME) && (has("images") || (has("text") && has("from"))))
    }

    fn learn(&self, item: &Value, _array: &str, known: &mut Known) {
        // Media are asked for by the account they belong to.
        if is_media(item) {
            let owner = item.get("owner").or_else(|| item.get("user"));
            known.own.extend(owner.and_then(|owner| word(owner, "id")));
            known.own_handle = text(item, "username")
                .or_else(|| owner.and_then(|owner| text(owner, "username")))
                .or_else(|| known.own_handle.take());
        }
    }

    fn learned(&self, source: &Source<'_>, known: &mut Known) {
        known
            .addresses
            .push(meta::site(source.address, "instagram.com"));
    }

    fn posts(&self, at: &At<'_, '_>, item: &Value, _bytes: &[u8], out: &mut Out) {
        if !is_media(item) {
            if text(item, "text").is_none() {
                return out.skip("other_reply");
            }
            return comments(at, "", item, None, out);
        }
        let id = word(item, "id");
        out.post(media(at, item));
        let list = place(item, "comments");
        for (number, comment) in listed(item, "comments").enumerate() {
            comments(at, &format!("{list}/{number}"), comment, id.as_deref(), out);
        }
    }
}

fn is_media(item: &Value) -> bool {
    [
        "media_type",
        "media_product_type",
        "media_url",
        "caption",
        "images",
    ]
    .iter()
    .any(|name| item.get(name).is_some())
}

/// A comment and its answers, of which there is one level.
fn comments(at: &At<'_, '_>, below: &str, item: &Value, under: Option<&str>, out: &mut Out) {
    let told = item.get("media").and_then(|media| word(media, "id"));
    let under = under.map(str::to_owned).or(told);
    out.post(comment(at, below, item, under.as_deref(), None));
    let id = word(item, "id");
    let list = place(item, "replies");
    for (number, reply) in listed(item, "replies").enumerate() {
        let below = format!("{below}{list}/{number}");
        out.post(comment(at, &below, reply, under.as_deref(), id.as_deref()));
    }
}

fn comment(
    at: &At<'_, '_>,
    below: &str,
    item: &Value,
    under: Option<&str>,
    answered: Option<&str>,
) -> Result<Parsed, String> {
    let refused = |what: &str| format!("{what} ({below})");
    let id = word(item, "id")
        .ok_or_else(|| refused(&refusal::lacks("kommentaren", refusal::ID, "id")))?;
    let origin = at.origin(below);
    let mut post = draft::blank(&origin, Some(id));
    post.kind = PostKind::Comment;
    set_author(&mut post, at, item);
    post.posted_at = moment(item, "timestamp")
        .or_else(|| moment(item, "created_time"))
        .ok_or_else(|| {
            refused(&refusal::lacks(
                "kommentaren",
                refusal::TIME,
                "timestamp eller created_time",
            ))
        })?;
    draft::set_text(&mut post, &text(item, "text").unwrap_or_default());
    let answered = answered
        .map(str::to_owned)
        .or_else(|| word(item, "parent_id"));
    if answered.is_some() {
        post.kind = PostKind::Reply;
    }
    post.thread_root = under.map(|under| origin.key(under));
    post.in_reply_to = answered
        .or_else(|| under.map(str::to_owned))
        .map(|answered| InReplyTo {
            key: Some(origin.key(&answered)),
            platform_id: Some(answered),
            ..InReplyTo::default()
        });
    if item.get("hidden").and_then(Value::as_bool) == Some(true) {
        post.visibility = Visibility::Limited;
        post.state = PostState {
            value: StateValue::Hidden,
            at: None,
            basis: "hidden".to_owned(),
        };
    }
    post.counts = number(item, "like_count").map(|likes| Counts {
        likes: Some(likes),
        ..Counts::default()
    });
    let mut object = item.clone();
    if let Some(object) = object.as_object_mut() {
        // Those stand in posts of their own.
        object.remove("replies");
    }
    post.redactions = redact::redact(&mut object, &|_, _| None);
    Ok(finish(post, object.to_string().into_bytes(), Vec::new()))
}

/// `from` where it is told, else the handle alone.
fn set_author(post: &mut Post, at: &At<'_, '_>, item: &Value) {
    let told = ["from", "owner", "user"]
        .iter()
        .find_map(|name| item.get(name));
    let mut from = told.cloned().unwrap_or_else(|| json!({}));
    if let (Some(from), Some(handle)) = (from.as_object_mut(), text(item, "username")) {
        from.insert("username".to_owned(), Value::String(handle));
    }
    post.author = author(at, Some(&from));
}

fn media(at: &At<'_, '_>, item: &Value) -> Result<Parsed, String> {
    let id = word(item, "id").ok_or_else(|| refusal::lacks("inlägget", refusal::ID, "id"))?;
    let mut post = draft::blank(&at.origin(""), Some(id));
    set_author(&mut post, at, item);
    post.posted_at = moment(item, "timestamp")
        .or_else(|| moment(item, "created_time"))
        .ok_or_else(|| refusal::lacks("inlägget", refusal::TIME, "timestamp"))?;
    let caption = item
        .get("caption")
        .and_then(|caption| text(caption, "text"));
    draft::set_text(
        &mut post,
        &text(item, "caption").or(caption).unwrap_or_default(),
    );
    post.permalink = text(item, "permalink")
        .or_else(|| text(item, "link"))
        .and_then(|url| web_address(&url));
    if text(item, "media_product_type").as_deref() == Some("STORY") {
        post.kind = PostKind::Story;
    }
    let likes = count(item, "like_count").or_else(|| count(item, "likes"));
    let replies = count(item, "comments_count").or_else(|| count(item, "comments"));
    if likes.is_some() || replies.is_some() {
        post.counts = Some(Counts {
            likes,
            replies,
            ..Counts::default()
        });
    }
    let mut children = listed(item, "children").peekable();
    if children.peek().is_none() {
        add(&mut post, item);
    }
    for child in children {
        add(&mut post, child);
    }
    for tag in many(item.get("tags")).filter_map(Value::as_str) {
        push_unique(&mut post.tags, normalised(tag));
    }
    post.place = item
        .get("location")
        .and_then(|place| text(place, "name"))
        .map(|name| normalised(&name));
    let mut object = item.clone();
    if let Some(object) = object.as_object_mut() {
        // Those stand in posts of their own, which can be disposed of before this one.
        object.remove("comments");
    }
    post.redactions = redact::redact(&mut object, &|_, _| None);
    Ok(finish(post, object.to_string().into_bytes(), Vec::new()))
}

/// The picture or film of a post or of one of its children.
fn add(post: &mut Post, item: &Value) {
    let is_film = text(item, "media_type").as_deref() == Some("VIDEO");
    let old = item
        .pointer("/images/standard_resolution")
        .and_then(|image| text(image, "url"));
    let shown = text(item, "media_url")
        .or(old)
        .or_else(|| text(item, "thumbnail_url"));
    match shown.and_then(|url| web_address(&url)) {
        Some(url) => {
            let kind = if is_film { "video" } else { "image" };
            draft::add_remote(post, &url, kind, text(item, "alt_text"));
        }
        None => push_unique(&mut post.warnings, "attachment-without-address".to_owned()),
    }
}
