//! Replies of Bluesky's open interface (XRPC) saved as files: feeds, threads, posts and records. Threads hold the public's
//! replies, which lie in other people's repositories.

use serde_json::Value;

use crate::model::post::{Counts, PostKind};
use crate::model::text::normalised;
use crate::platform::bluesky::record;
use crate::platform::container::Container;
use crate::platform::draft::{self, finish};
use crate::platform::error::PlatformError;
use crate::platform::object::{many, number, text};
use crate::platform::redact;
use crate::platform::refusal;
use crate::platform::replies::{self, At, Known, Out, Replies};
use crate::platform::time;
use crate::platform::{Importer, Items, Parsed, Source};

/// Deepest nesting of replies.
const DEEPEST: usize = 100;

/// Reads saved replies of the interface.
#[derive(Debug)]
pub(crate) struct BlueskyApi;

impl Importer for BlueskyApi {
    fn name(&self) -> &'static str {
        "bluesky-api"
    }

    fn title(&self) -> &'static str {
        "Blueskys XRPC-svar"
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

impl Replies for BlueskyApi {
    fn importer(&self) -> &'static dyn Importer {
        &Self
    }

    fn platform(&self) -> &'static str {
        "bluesky"
    }

    fn arrays(&self) -> &'static [&'static str] {
        &["feed", "posts", "records"]
    }

    fn is_reply(&self, head: &str) -> bool {
        head.contains("\"app.bsky.") && !head.contains("\"verificationMethod\"")
    }

    fn learn(&self, _item: &Value, _array: &str, _known: &mut Known) {}

    fn posts(&self, at: &At<'_, '_>, item: &Value, bytes: &[u8], out: &mut Out) {
        if let Some(thread) = item.get("thread") {
            return node(at, thread, ("/thread", 0), out);
        }
        if item.get("value").is_some() {
            return out.post(view(at, item, "", bytes));
        }
        if let Some(view_of) = item.get("post") {
            if let Some(reason) = item
                .get("reason")
                .filter(|reason| reason.get("by").is_some())
            {
                return out.post(repost(at, (view_of, reason), bytes));
            }
            return out.post(view(at, view_of, "/post", view_of.to_string().as_bytes()));
        }
        if item.get("record").is_some() {
            return out.post(view(at, item, "", bytes));
        }
        out.skip(match text(item, "$type").as_deref() {
            Some("app.bsky.actor.profile") => "profile",
            _ => "other_reply",
        });
    }
}

/// A post of a thread, those above it and those below.
fn node(at: &At<'_, '_>, thread: &Value, (path, depth): (&str, usize), out: &mut Out) {
    if depth > DEEPEST {
        return out.post(Err(format!(
            "{path}: {}",
            refusal::too_deep("svaren", DEEPEST)
        )));
    }
    match thread.get("post") {
        Some(shown) => {
            let below = format!("{path}/post");
            out.post(view(at, shown, &below, shown.to_string().as_bytes()));
        }
        None if thread.get("notFound").is_some() => return out.skip("post_not_found"),
        None if thread.get("blocked").is_some() => return out.skip("post_blocked"),
        None => return out.skip("other_reply"),
    }
    if let Some(parent) = thread.get("parent").filter(|parent| parent.is_object()) {
        node(at, parent, (&format!("{path}/parent"), depth + 1), out);
    }
    for (reply, number) in many(thread.get("replies")).zip(0_usize..) {
        node(
            at,
            reply,
            (&format!("{path}/replies/{number}"), depth + 1),
            out,
        );
    }
}

/// A post as the interface shows it, or a bare record with its address.
fn view(at: &At<'_, '_>, view: &Value, below: &str, bytes: &[u8]) -> Result<Parsed, String> {
    let uri = text(view, "uri").ok_or_else(|| refusal::lacks("inlägget", refusal::ID, "uri"))?;
    let cid = text(view, "cid");
    let record = view
        .get("record")
        .or_else(|| view.get("value"))
        .ok_or("inlägget saknar fältet record, där text och tid står")?;
    let mut post = record::post(&at.origin(below), (&uri, cid.as_deref()), record)?;
    author(at, view.get("author"), &mut post);
    post.counts = Some(Counts {
        likes: number(view, "likeCount"),
        replies: number(view, "replyCount"),
        shares: number(view, "repostCount"),
        views: None,
        at: None,
    })
    .filter(|counts| *counts != Counts::default());
    let (original, pointers) = redact::redact_bytes(bytes, &|_, _| None);
    post.redactions = pointers;
    Ok(finish(post, original, Vec::new()))
}

/// The account itself by its DID or handle; anyone else is another.
fn author(at: &At<'_, '_>, told: Option<&Value>, post: &mut crate::model::post::Post) {
    let did = post.author.platform_id.clone().unwrap_or_default();
    let handle = told.and_then(|author| text(author, "handle"));
    let own = record::is_own(at.source.address, &did)
        || handle
            .as_deref()
            .is_some_and(|handle| record::is_own(at.source.address, handle));
    record::set_role(post, own);
    let name = told.and_then(|author| text(author, "displayName"));
    if let Some(name) = name.or_else(|| handle.clone()) {
        post.author.name = normalised(&name);
    }
    post.author.handle = handle;
}

/// A post that somebody showed again; the reply tells by whom and when, not the repost's own address.
fn repost(
    at: &At<'_, '_>,
    (shown, reason): (&Value, &Value),
    bytes: &[u8],
) -> Result<Parsed, String> {
    let uri = text(shown, "uri").ok_or_else(|| refusal::lacks("inlägget", refusal::ID, "uri"))?;
    let by = reason
        .get("by")
        .ok_or("delningen anger inte vem som delade (fältet reason.by.did)")?;
    let did =
        text(by, "did").ok_or("delningen anger inte vem som delade (fältet reason.by.did)")?;
    let mut post = draft::blank(&at.origin(""), text(reason, "uri"));
    post.kind = PostKind::Repost;
    post.visibility = crate::model::post::Visibility::Public;
    post.author.platform_id = Some(did);
    author(at, Some(by), &mut post);
    if let Some(time) = text(reason, "indexedAt").as_deref().and_then(time::rfc3339) {
        post.posted_at = time;
    }
    let (did, _, name) = record::parts(&uri).ok_or(refusal::NO_ADDRESS)?;
    post.links
        .push(format!("https://bsky.app/profile/{did}/post/{name}"));
    let (original, pointers) = redact::redact_bytes(bytes, &|_, _| None);
    post.redactions = pointers;
    // The derived key tells reposts of one second apart by what they show.
    if post.platform_id.is_none() {
        draft::add_remote(&mut post, &uri, "file", None);
        let parsed = finish(post, original, Vec::new());
        return Ok(without_attachments(parsed));
    }
    Ok(finish(post, original, Vec::new()))
}

fn without_attachments(mut parsed: Parsed) -> Parsed {
    parsed.post.attachments.clear();
    parsed
}
