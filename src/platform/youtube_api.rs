//! Replies of YouTube's Data API v3 saved as files: videos, threads of comments with the replies in them, and comments.
//! A thread holds some of its replies only; `comments.list` of the thread holds the rest.

use serde_json::Value;

use crate::model::post::{
    Author, AuthorRole, Counts, InReplyTo, Post, PostKind, PostState, RoleBasis, StateValue,
    Visibility,
};
use crate::model::text::normalised;
use crate::platform::container::Container;
use crate::platform::draft::{self, Origin, finish};
use crate::platform::error::PlatformError;
use crate::platform::html::{LineEnds, push_unique, web_address};
use crate::platform::object::{many, number, text, word};
use crate::platform::redact;
use crate::platform::refusal;
use crate::platform::replies::{self, At, Known, Out, Replies};
use crate::platform::time;
use crate::platform::youtube::{is_channel, watch};
use crate::platform::{Importer, Items, Parsed, Source};

/// Reads saved replies of YouTube's Data API.
#[derive(Debug)]
pub(crate) struct YoutubeApi;

impl Importer for YoutubeApi {
    fn name(&self) -> &'static str {
        "youtube-api"
    }

    fn title(&self) -> &'static str {
        "YouTubes API-svar"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn recognises(&self, container: &Container) -> Result<bool, PlatformError> {
        replies::recognises(self, container)
    }

    fn read<'a>(&self, source: &Source<'a>) -> Result<Box<dyn Items + 'a>, PlatformError> {
        replies::read(&Self, source)
    }
}

impl Replies for YoutubeApi {
    fn importer(&self) -> &'static dyn Importer {
        &Self
    }

    fn platform(&self) -> &'static str {
        "youtube"
    }

    fn arrays(&self) -> &'static [&'static str] {
        &["items"]
    }

    fn is_reply(&self, head: &str) -> bool {
        head.contains("\"youtube#")
    }

    fn learn(&self, item: &Value, _array: &str, known: &mut Known) {
        // A comment of `comments.list` names the one it answers, but no video.
        let thread = item
            .pointer("/snippet/topLevelComment")
            .and(item.get("snippet"));
        if let Some((id, video)) = word(item, "id").zip(thread.and_then(|one| text(one, "videoId")))
        {
            known.ids.insert(id, video);
        }
    }

    fn posts(&self, at: &At<'_, '_>, item: &Value, bytes: &[u8], out: &mut Out) {
        match text(item, "kind").as_deref() {
            Some("youtube#video") => out.post(video(at, item, bytes)),
            Some("youtube#comment") => out.post(comment(at, "", item, None)),
            Some("youtube#commentThread") => thread(at, item, out),
            _ => out.skip("other_reply"),
        }
    }
}

fn thread(at: &At<'_, '_>, item: &Value, out: &mut Out) {
    let public = item.pointer("/snippet/isPublic").and_then(Value::as_bool);
    match item.pointer("/snippet/topLevelComment") {
        Some(top) => out.post(comment(at, "/snippet/topLevelComment", top, public)),
        None => out.post(Err(
            "tråden saknar sin första kommentar: fältet snippet.topLevelComment saknas".to_owned(),
        )),
    }
    for (number, reply) in many(item.pointer("/replies/comments")).enumerate() {
        out.post(comment(
            at,
            &format!("/replies/comments/{number}"),
            reply,
            public,
        ));
    }
}

fn comment(
    at: &At<'_, '_>,
    below: &str,
    item: &Value,
    public: Option<bool>,
) -> Result<Parsed, String> {
    let id = word(item, "id").ok_or_else(|| refusal::lacks("kommentaren", refusal::ID, "id"))?;
    let told = item
        .get("snippet")
        .ok_or("kommentaren saknar fältet snippet, där text och tid står")?;
    let origin = at.origin(below);
    let mut post = draft::blank(&origin, Some(id.clone()));
    post.kind = PostKind::Comment;
    post.author = author(at, told);
    times(&mut post, told);
    match (text(told, "textOriginal"), text(told, "textDisplay")) {
        (Some(plain), _) => draft::set_text(&mut post, &plain),
        (None, Some(html)) => draft::set_html(&mut post, html, LineEnds::Space),
        (None, None) => {}
    }
    if public == Some(true) {
        post.visibility = Visibility::Public;
    }
    post.counts = number(told, "likeCount").map(|likes| Counts {
        likes: Some(likes),
        ..Counts::default()
    });
    state(&mut post, told);
    let parent = text(told, "parentId");
    let thread = parent.as_deref().unwrap_or(&id);
    let under = text(told, "videoId").or_else(|| at.known.ids.get(thread).cloned());
    if parent.is_some() {
        post.kind = PostKind::Reply;
    }
    post.permalink = under
        .as_deref()
        .map(|video| format!("{}&lc={id}", watch(video)));
    post.thread_root = under.as_deref().map(|video| origin.key(video));
    post.in_reply_to = parent.or(under).map(|answered| InReplyTo {
        key: Some(origin.key(&answered)),
        platform_id: Some(answered),
        ..InReplyTo::default()
    });
    Ok(finish(post, item.to_string().into_bytes(), Vec::new()))
}

/// What only the channel's owner is told: whether the comment is held or rejected.
fn state(post: &mut Post, told: &Value) {
    let Some(status) = text(told, "moderationStatus") else {
        return;
    };
    let value = match status.as_str() {
        "published" => StateValue::Live,
        "heldForReview" | "likelySpam" => StateValue::HeldForModeration,
        "rejected" => StateValue::Hidden,
        _ => return post.warnings.push("state-unknown".to_owned()),
    };
    if value != StateValue::Live {
        post.visibility = Visibility::Limited;
    }
    post.state = PostState {
        value,
        at: None,
        basis: format!("moderationStatus={status}"),
    };
}

fn times(post: &mut Post, told: &Value) {
    if let Some(time) = text(told, "publishedAt").as_deref().and_then(time::rfc3339) {
        post.posted_at = time;
    }
    post.edited_at = text(told, "updatedAt")
        .as_deref()
        .and_then(time::rfc3339)
        .filter(|edited| edited.utc != post.posted_at.utc);
}

/// The municipality where the author's channel is the one in the register or the one commented on; in the reply the
/// latter is `channelId` of the comment where the whole channel was asked for.
fn author(at: &At<'_, '_>, told: &Value) -> Author {
    let mut author = draft::unknown_author();
    author.name = text(told, "authorDisplayName")
        .map(|name| normalised(&name))
        .unwrap_or_default();
    author.handle = Some(author.name.clone()).filter(|name| name.starts_with('@'));
    author.platform_id = told.get("authorChannelId").and_then(|id| text(id, "value"));
    author.url = text(told, "authorChannelUrl")
        .as_deref()
        .and_then(web_address);
    (author.role, author.role_basis) =
        role(at, author.platform_id.as_deref(), author.handle.as_deref());
    author
}

fn role(at: &At<'_, '_>, channel: Option<&str>, handle: Option<&str>) -> (AuthorRole, RoleBasis) {
    let parts = || at.source.address.split('/').filter(|part| !part.is_empty());
    let has = |wanted: &str| parts().any(|part| part == wanted);
    let named = handle.is_some_and(|handle| parts().any(|part| part.eq_ignore_ascii_case(handle)));
    let registered = parts().any(is_channel) || parts().any(|part| part.starts_with('@'));
    match channel {
        Some(id) if has(id) || named => (AuthorRole::Authority, RoleBasis::OwnAccountId),
        Some(_) if registered => (AuthorRole::Public, RoleBasis::OtherId),
        _ => (AuthorRole::Unknown, RoleBasis::None),
    }
}

fn video(at: &At<'_, '_>, item: &Value, bytes: &[u8]) -> Result<Parsed, String> {
    let id = word(item, "id").ok_or_else(|| refusal::lacks("filmen", refusal::ID, "id"))?;
    let origin: Origin<'_> = at.origin("");
    let told = item
        .get("snippet")
        .ok_or("filmen saknar fältet snippet, där titel och tid står")?;
    let mut post = draft::blank(&origin, Some(id.clone()));
    post.kind = PostKind::Video;
    post.permalink = Some(watch(&id));
    post.title = text(told, "title").map(|title| normalised(&title));
    post.lang = text(told, "defaultAudioLanguage").or_else(|| text(told, "defaultLanguage"));
    draft::set_text(&mut post, &text(told, "description").unwrap_or_default());
    times(&mut post, told);
    post.visibility = match item
        .pointer("/status/privacyStatus")
        .and_then(Value::as_str)
    {
        Some("public") => Visibility::Public,
        Some("unlisted") => Visibility::Unlisted,
        Some("private") => Visibility::Limited,
        _ => Visibility::Unknown,
    };
    post.author.name = text(told, "channelTitle")
        .map(|name| normalised(&name))
        .unwrap_or_default();
    post.author.platform_id = text(told, "channelId");
    (post.author.role, post.author.role_basis) = role(at, post.author.platform_id.as_deref(), None);
    for tag in many(told.get("tags")).filter_map(Value::as_str) {
        push_unique(&mut post.tags, normalised(tag));
    }
    draft::add_remote(&mut post, &watch(&id), "video", None);
    post.counts = item.get("statistics").map(|counted| Counts {
        likes: number(counted, "likeCount"),
        replies: number(counted, "commentCount"),
        shares: None,
        views: number(counted, "viewCount"),
        at: None,
    });
    let (original, pointers) = redact::redact_bytes(bytes, &|_, _| None);
    post.redactions = pointers;
    Ok(finish(post, original, Vec::new()))
}
