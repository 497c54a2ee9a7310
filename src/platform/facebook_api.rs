//! Replies of Facebook's Graph API saved as files: posts and photos of a page, comments with the comments on them, and
//! conversations. Who reads them as the page's moderator is told of the public too.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::model::post::{
    Counts, InReplyTo, Post, PostKind, PostState, Recipient, StateValue, Visibility,
};
use crate::model::text::normalised;
use crate::platform::container::Container;
use crate::platform::draft::{self, Origin, finish};
use crate::platform::error::PlatformError;
use crate::platform::graph::{author, count, listed, moment, place};
use crate::platform::html::{push_unique, web_address};
use crate::platform::meta;
use crate::platform::object::{many, text, word};
use crate::platform::refusal;
use crate::platform::replies::{self, At, InFile, Known, Out, Replies};
use crate::platform::{Importer, Items, Parsed, Source, redact};

/// A time as the interface writes it.
static TIME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#""created_time"\s*:\s*"\d{4}-\d\d-\d\dT"#).ok());

/// Comments on comments that are followed.
const DEEPEST: usize = 8;

/// Reads saved replies of Facebook's Graph API.
#[derive(Debug)]
pub(crate) struct FacebookApi;

impl Importer for FacebookApi {
    fn name(&self) -> &'static str {
        "facebook-api"
    }

    fn title(&self) -> &'static str {
        "Facebooks API-svar (Graph)"
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

impl Replies for FacebookApi {
    fn importer(&self) -> &'static dyn Importer {
        &Self
    }

    fn platform(&self) -> &'static str {
        "facebook"
    }

    fn arrays(&self) -> &'static [&'static str] {
        &["data"]
    }

    fn is_reply(&self, head: &str) -> bool {
        TIME.as_ref().is_some_and(|time| time.is_match(head))
            || (head.contains("\"category_list\"") && head.contains("\"id\""))
    }

    fn learn(&self, _item: &Value, _array: &str, _known: &mut Known) {}

    fn learn_in(&self, _file: &InFile<'_>, item: &Value, known: &mut Known) {
        let Some(id) = word(item, "id") else {
            return;
        };
        if is_page(item) {
            known.own.insert(id);
            known.own_name = text(item, "name");
            return;
        }
        // The id of a page's post begins with the page's; a comment's with the post's second half.
        if let Some((page, own)) = id.split_once('_')
            && !is_comment(item, known)
        {
            known.ids.insert(own.to_owned(), id.clone());
            let from = item.get("from").and_then(|from| word(from, "id"));
            if from.as_deref() == Some(page) {
                known.own.insert(page.to_owned());
            }
        }
    }

    fn learned(&self, source: &Source<'_>, known: &mut Known) {
        known
            .addresses
            .push(meta::site(source.address, "facebook.com"));
    }

    fn posts(&self, at: &At<'_, '_>, item: &Value, _bytes: &[u8], out: &mut Out) {
        if is_page(item) {
            return out.skip("account");
        }
        if item.get("messages").is_some() {
            return conversation(at, item, out);
        }
        if item.get("created_time").is_none() {
            return out.skip("other_reply");
        }
        if is_comment(item, at.known) {
            return comments(at, String::new(), item, None, out);
        }
        out.post(post(at, item));
        let list = place(item, "comments");
        for (number, comment) in listed(item, "comments").enumerate() {
            let below = format!("{list}/{number}");
            comments(at, below, comment, word(item, "id"), out);
        }
    }
}

fn is_page(item: &Value) -> bool {
    item.get("category_list").is_some() || item.get("fan_count").is_some()
}

/// Whether an item is a comment: by members that only comments or only posts have, by what its id begins with (a post's with
/// the page's, a comment's with the post's), or by being from somebody else.
fn is_comment(item: &Value, known: &Known) -> bool {
    let of_posts = [
        "status_type",
        "story",
        "privacy_type",
        "images",
        "updated_time",
        "full_picture",
        "shares",
        "to",
        "type",
        "is_published",
        "promotable_id",
    ];
    let of_comments = [
        "can_comment",
        "comment_count",
        "like_count",
        "can_hide",
        "is_hidden",
        "parent",
        "can_remove",
    ];
    let has = |names: &[&str]| names.iter().any(|name| item.get(name).is_some());
    if has(&of_comments) || has(&of_posts) {
        return has(&of_comments);
    }
    let id = word(item, "id").unwrap_or_default();
    let first = id.split_once('_').map_or("", |(first, _)| first);
    if known.ids.contains_key(first) || known.own.contains(first) {
        return known.ids.contains_key(first);
    }
    let from = item.get("from").and_then(|from| word(from, "id"));
    from.is_some_and(|from| from != first)
}

/// A comment and those on it, each before its answers. `under` is the post it stands under, where the reply tells.
fn comments(at: &At<'_, '_>, below: String, item: &Value, under: Option<String>, out: &mut Out) {
    let id = word(item, "id");
    let half = id.as_deref().and_then(|id| id.split_once('_'));
    let told = half.and_then(|(post, _)| at.known.ids.get(post).cloned());
    let under = under.or(told);
    let mut waiting = vec![(below, item, None, 0)];
    while let Some((below, item, answered, depth)) = waiting.pop() {
        if depth > DEEPEST {
            out.post(Err(format!(
                "{} ({below})",
                refusal::too_deep("svaren", DEEPEST)
            )));
            continue;
        }
        out.post(comment(at, &below, item, under.as_deref(), answered));
        let list = place(item, "comments");
        let answers = listed(item, "comments").enumerate();
        let mut answers: Vec<_> = answers
            .map(|(number, answer)| {
                let below = format!("{below}{list}/{number}");
                (below, answer, word(item, "id"), depth + 1)
            })
            .collect();
        answers.reverse();
        waiting.extend(answers);
    }
}

fn comment(
    at: &At<'_, '_>,
    below: &str,
    item: &Value,
    under: Option<&str>,
    answered: Option<String>,
) -> Result<Parsed, String> {
    let refused = |what: &str| format!("{what} ({below})");
    let id = word(item, "id")
        .ok_or_else(|| refused(&refusal::lacks("kommentaren", refusal::ID, "id")))?;
    let origin = at.origin(below);
    let mut post = draft::blank(&origin, Some(id));
    post.kind = PostKind::Comment;
    post.author = author(at, item.get("from"));
    post.posted_at = moment(item, "created_time").ok_or_else(|| {
        refused(&refusal::lacks(
            "kommentaren",
            refusal::TIME,
            "created_time",
        ))
    })?;
    draft::set_text(&mut post, &text(item, "message").unwrap_or_default());
    let parent = item.get("parent").and_then(|parent| word(parent, "id"));
    let answered = answered.or(parent);
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
    post.permalink = text(item, "permalink_url").and_then(|url| web_address(&url));
    post.visibility = visibility(item);
    if item.get("is_hidden").and_then(Value::as_bool) == Some(true) {
        post.visibility = Visibility::Limited;
        post.state = PostState {
            value: StateValue::Hidden,
            at: None,
            basis: "is_hidden".to_owned(),
        };
    }
    counted(&mut post, item);
    if let Some(attachment) = item.get("attachment") {
        attach(&mut post, attachment);
    }
    mentions(&mut post, item);
    let mut object = item.clone();
    if let Some(object) = object.as_object_mut() {
        // Those stand in posts of their own.
        object.remove("comments");
    }
    post.redactions = redact::redact(&mut object, &|_, _| None);
    Ok(finish(post, object.to_string().into_bytes(), Vec::new()))
}

fn post(at: &At<'_, '_>, item: &Value) -> Result<Parsed, String> {
    let id = word(item, "id").ok_or_else(|| refusal::lacks("inlägget", refusal::ID, "id"))?;
    let origin: Origin<'_> = at.origin("");
    let mut post = draft::blank(&origin, Some(id));
    post.author = author(at, item.get("from"));
    post.posted_at = moment(item, "created_time")
        .ok_or_else(|| refusal::lacks("inlägget", refusal::TIME, "created_time"))?;
    post.edited_at = moment(item, "updated_time").filter(|_| {
        // `updated_time` moves with every comment; only `is_edited` tells of the text.
        item.get("is_edited").and_then(Value::as_bool) == Some(true)
    });
    let is_photo = item.get("images").is_some();
    let written = text(item, "message").or_else(|| text(item, "name").filter(|_| is_photo));
    draft::set_text(&mut post, &written.unwrap_or_default());
    post.title = text(item, "story").map(|story| normalised(&story));
    if is_photo {
        post.kind = PostKind::Photo;
    }
    if text(item, "status_type").as_deref() == Some("shared_story")
        || item.get("parent_id").is_some()
    {
        post.kind = if post.text.is_empty() {
            PostKind::Repost
        } else {
            PostKind::Quote
        };
    }
    let own = text(item, "permalink_url").or_else(|| text(item, "link").filter(|_| is_photo));
    post.permalink = own.and_then(|url| web_address(&url));
    post.visibility = visibility(item);
    let linked = text(item, "link").filter(|_| !is_photo);
    if let Some(url) = linked.and_then(|url| web_address(&url)) {
        push_unique(&mut post.links, url);
    }
    post.place = item
        .get("place")
        .and_then(|place| text(place, "name"))
        .map(|name| normalised(&name));
    counted(&mut post, item);
    mentions(&mut post, item);
    let mut parts = listed(item, "attachments").peekable();
    if parts.peek().is_none() {
        let image = many(item.get("images"))
            .next()
            .and_then(|image| text(image, "source"));
        let shown = image
            .or_else(|| text(item, "full_picture"))
            .or_else(|| text(item, "picture"));
        add(&mut post, shown, "image", None);
        let source = text(item, "source").filter(|_| !is_photo);
        add(&mut post, source, "video", None);
    }
    for part in parts {
        let mut inner = listed(part, "subattachments").peekable();
        if inner.peek().is_none() {
            attach(&mut post, part);
        }
        for part in inner {
            attach(&mut post, part);
        }
    }
    let mut object = item.clone();
    if let Some(object) = object.as_object_mut() {
        // Those stand in posts of their own, which can be disposed of before this one.
        object.remove("comments");
    }
    post.redactions = redact::redact(&mut object, &|_, _| None);
    Ok(finish(post, object.to_string().into_bytes(), Vec::new()))
}

fn add(post: &mut Post, address: Option<String>, kind: &str, alt: Option<String>) {
    if let Some(url) = address.and_then(|url| web_address(&url)) {
        draft::add_remote(post, &url, kind, alt);
    }
}

/// A picture, film or address that is attached.
fn attach(post: &mut Post, part: &Value) {
    let media = part.get("media");
    let film = media.and_then(|media| text(media, "source"));
    let image = media
        .and_then(|media| media.get("image"))
        .and_then(|image| text(image, "src"));
    let alt = text(part, "description").filter(|alt| !post.text.contains(alt.as_str()));
    match film {
        Some(film) => add(post, Some(film), "video", alt),
        None => add(post, image, "image", alt),
    }
    if text(part, "type").as_deref() == Some("share")
        && let Some(url) = text(part, "unshimmed_url").or_else(|| text(part, "url"))
        && let Some(url) = web_address(&url)
    {
        push_unique(&mut post.links, url);
    }
}

fn counted(post: &mut Post, item: &Value) {
    let likes = count(item, "reactions")
        .or_else(|| count(item, "likes"))
        .or_else(|| count(item, "like_count"));
    let replies = count(item, "comments").or_else(|| count(item, "comment_count"));
    let shares = count(item, "shares");
    if likes.is_some() || replies.is_some() || shares.is_some() {
        post.counts = Some(Counts {
            likes,
            replies,
            shares,
            ..Counts::default()
        });
    }
}

/// `message_tags`: a list, or lists by where they stand in the text.
fn mentions(post: &mut Post, item: &Value) {
    let Some(tags) = item.get("message_tags") else {
        return;
    };
    let lists: Vec<&Value> = match tags.as_object() {
        Some(lists) => lists.values().flat_map(|list| many(Some(list))).collect(),
        None => many(Some(tags)).collect(),
    };
    for name in lists.iter().filter_map(|tag| text(tag, "name")) {
        push_unique(&mut post.mentions, normalised(&name));
    }
}

fn visibility(item: &Value) -> Visibility {
    if item.get("is_published").and_then(Value::as_bool) == Some(false) {
        return Visibility::Draft;
    }
    let told = item
        .get("privacy")
        .and_then(|privacy| text(privacy, "value"));
    match told.as_deref() {
        Some("EVERYONE") => Visibility::Public,
        Some("ALL_FRIENDS" | "FRIENDS" | "FRIENDS_OF_FRIENDS" | "CUSTOM" | "SELF") => {
            Visibility::Limited
        }
        _ => Visibility::Unknown,
    }
}

/// A conversation of the page with somebody.
fn conversation(at: &At<'_, '_>, item: &Value, out: &mut Out) {
    let Some(thread) = word(item, "id") else {
        return out.post(Err(refusal::lacks("samtalet", refusal::ID, "id")));
    };
    let list = place(item, "messages");
    for (number, told) in listed(item, "messages").enumerate() {
        let below = format!("{list}/{number}");
        out.post(message(at, &thread, &below, told).map_err(|why| format!("{why} ({below})")));
    }
}

fn message(at: &At<'_, '_>, thread: &str, below: &str, item: &Value) -> Result<Parsed, String> {
    let id = word(item, "id").ok_or_else(|| refusal::lacks("meddelandet", refusal::ID, "id"))?;
    let origin = at.origin(below);
    let mut post = draft::blank(&origin, Some(id));
    post.kind = PostKind::Message;
    post.visibility = Visibility::Direct;
    post.thread_key = Some(origin.key(&format!("dm-{thread}")));
    post.author = author(at, item.get("from"));
    post.posted_at = moment(item, "created_time")
        .ok_or_else(|| refusal::lacks("meddelandet", refusal::TIME, "created_time"))?;
    draft::set_text(&mut post, &text(item, "message").unwrap_or_default());
    post.recipients = listed(item, "to")
        .map(|to| Recipient {
            name: text(to, "name"),
            platform_id: word(to, "id"),
        })
        .collect();
    for part in listed(item, "attachments") {
        let image = part.get("image_data").and_then(|data| text(data, "url"));
        let film = part.get("video_data").and_then(|data| text(data, "url"));
        let kind = if film.is_some() {
            "video"
        } else if image.is_some() {
            "image"
        } else {
            "file"
        };
        add(
            &mut post,
            film.or(image).or_else(|| text(part, "file_url")),
            kind,
            None,
        );
    }
    // Facebook gives a page's visitors an address of the form <id>@facebook.com: no address to write to, and none to keep.
    let mut object = item.clone();
    post.redactions = redact::redact(&mut object, &|path, _| {
        (path.last().map(String::as_str) == Some("email")).then(|| redact::EMAIL.to_owned())
    });
    Ok(finish(post, object.to_string().into_bytes(), Vec::new()))
}
