//! Replies of Mastodon's interface saved as files: statuses, `context`, `history` and accounts. Unlike the account's
//! archive they hold the public's replies, and the earlier texts of a post that was edited.

use serde_json::Value;

use crate::model::post::{
    Author, AuthorRole, Counts, Edit, InReplyTo, Post, PostKind, RoleBasis, Visibility,
};
use crate::model::text::normalised;
use crate::platform::container::Container;
use crate::platform::draft::{self, finish};
use crate::platform::error::PlatformError;
use crate::platform::html::{self, LineEnds, push_unique, web_address};
use crate::platform::object::{many, number, text, word};
use crate::platform::redact;
use crate::platform::refusal;
use crate::platform::replies::{self, At, Known, Out, Replies};
use crate::platform::time;
use crate::platform::{Importer, Items, Parsed, Source};

/// Reads saved replies of Mastodon's interface.
#[derive(Debug)]
pub(crate) struct MastodonApi;

impl Importer for MastodonApi {
    fn name(&self) -> &'static str {
        "mastodon-api"
    }

    fn title(&self) -> &'static str {
        "Mastodons API-svar"
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

impl Replies for MastodonApi {
    fn importer(&self) -> &'static dyn Importer {
        &Self
    }

    fn platform(&self) -> &'static str {
        "mastodon"
    }

    fn arrays(&self) -> &'static [&'static str] {
        &["ancestors", "descendants"]
    }

    fn is_reply(&self, head: &str) -> bool {
        let has = |name: &str| head.contains(&format!("\"{name}\""));
        let account = has("acct") && has("username");
        account && (has("content") || has("followers_count")) && !has("@context")
            || has("ancestors") && has("descendants")
    }

    fn learn(&self, item: &Value, _array: &str, known: &mut Known) {
        if let (Some(id), Some(uri)) = (text(item, "id"), text(item, "uri")) {
            if item.get("content").is_some() {
                known.ids.insert(id, uri);
            }
        } else if let (None, Some(content), Some(at)) = (
            item.get("id"),
            text(item, "content"),
            text(item, "created_at"),
        ) {
            // `history` names no post: its versions are told apart by author and time.
            let author = item.get("account").and_then(|account| text(account, "id"));
            let plain = html::plain(&content, LineEnds::Space).text;
            known
                .versions
                .entry(author.unwrap_or_default())
                .or_default()
                .push(Edit {
                    seq: 0,
                    at: time::rfc3339(&at).and_then(|time| time.utc),
                    text_sha256: Some(crate::model::digest::Sha256Hex::of(plain.as_bytes())),
                    text: Some(plain),
                    observed: true,
                    basis: "history".to_owned(),
                });
        }
    }

    fn posts(&self, at: &At<'_, '_>, item: &Value, bytes: &[u8], out: &mut Out) {
        if item.get("content").is_none() {
            out.skip(if item.get("acct").is_some() {
                "account"
            } else {
                "other_reply"
            });
        } else if item.get("id").is_none() {
            out.skip("history");
        } else {
            out.post(status(at, item, bytes));
        }
    }
}

fn status(at: &At<'_, '_>, item: &Value, bytes: &[u8]) -> Result<Parsed, String> {
    let id = text(item, "uri").ok_or_else(|| refusal::lacks("inlägget", refusal::ID, "uri"))?;
    let origin = at.origin("");
    let mut post = draft::blank(&origin, Some(id));
    post.source_id = word(item, "id");
    post.permalink = text(item, "url").as_deref().and_then(web_address);
    post.author = author(at, item);
    post.visibility = match text(item, "visibility").as_deref() {
        Some("public") => Visibility::Public,
        Some("unlisted") => Visibility::Unlisted,
        Some("private") => Visibility::Followers,
        Some("direct") => Visibility::Direct,
        Some("limited") => Visibility::Limited,
        _ => Visibility::Unknown,
    };
    if let Some(created) = text(item, "created_at").as_deref().and_then(time::rfc3339) {
        post.posted_at = created;
    }
    post.edited_at = text(item, "edited_at").as_deref().and_then(time::rfc3339);
    post.lang = text(item, "language");
    post.content_warning = text(item, "spoiler_text").as_deref().and_then(draft::line);
    post.counts = Some(Counts {
        likes: number(item, "favourites_count"),
        replies: number(item, "replies_count"),
        shares: number(item, "reblogs_count"),
        views: None,
        at: None,
    })
    .filter(|counts| *counts != Counts::default());
    content(&mut post, item);
    if let Some(answered) = word(item, "in_reply_to_id") {
        let uri = at.known.ids.get(&answered);
        post.in_reply_to = Some(InReplyTo {
            key: uri.map(|uri| origin.key(uri)),
            url: uri.and_then(|uri| web_address(uri)),
            author_hint: word(item, "in_reply_to_account_id"),
            platform_id: Some(uri.cloned().unwrap_or(answered)),
        });
    }
    post.kind = kind(&post, item);
    if let Some(shown) = item.get("reblog").filter(|reblog| reblog.is_object()) {
        for name in ["url", "uri"] {
            if let Some(address) = text(shown, name).as_deref().and_then(web_address) {
                push_unique(&mut post.links, address);
            }
        }
    }
    edits(&mut post, at, item);
    let (original, pointers) = redact::redact_bytes(bytes, &|_, _| None);
    post.redactions = pointers;
    Ok(finish(post, original, Vec::new()))
}

/// Text, pictures, polls, mentions and tags.
fn content(post: &mut Post, item: &Value) {
    let mut html = text(item, "content").unwrap_or_default();
    for option in many(item.get("poll").and_then(|poll| poll.get("options"))) {
        if let Some(title) = text(option, "title") {
            let escaped = title.replace('&', "&amp;").replace('<', "&lt;");
            html.extend(["<p>- ", &escaped, "</p>"]);
        }
    }
    draft::set_html(post, html, LineEnds::Space);
    for media in many(item.get("media_attachments")) {
        let address = text(media, "url").or_else(|| text(media, "remote_url"));
        let Some(address) = address.as_deref().and_then(web_address) else {
            post.warnings.push("attachment-without-address".to_owned());
            continue;
        };
        let kind = match text(media, "type").as_deref() {
            Some("image") => "image",
            Some("video" | "gifv") => "video",
            Some("audio") => "audio",
            _ => "file",
        };
        draft::add_remote(post, &address, kind, text(media, "description"));
        let size = media.pointer("/meta/original");
        if let (Some(last), Some(size)) = (post.attachments.last_mut(), size) {
            let side = |name| number(size, name).and_then(|side| u32::try_from(side).ok());
            (last.width, last.height) = (side("width"), side("height"));
        }
    }
    for mention in many(item.get("mentions")) {
        if let Some(name) = text(mention, "acct") {
            push_unique(&mut post.mentions, format!("@{}", normalised(&name)));
        }
    }
    for tag in many(item.get("tags")) {
        let name = text(tag, "name").map(|name| normalised(&name));
        if let Some(name) = name.filter(|name| {
            let name = name.to_lowercase();
            !post.tags.iter().any(|known| known.to_lowercase() == name)
        }) {
            post.tags.push(name);
        }
    }
    let card = item.pointer("/card/url").and_then(Value::as_str);
    if let Some(address) = card.and_then(web_address) {
        push_unique(&mut post.links, address);
    }
}

fn kind(post: &Post, item: &Value) -> PostKind {
    if item.get("reblog").is_some_and(Value::is_object) {
        PostKind::Repost
    } else if post.in_reply_to.is_some() {
        PostKind::Reply
    } else if item.get("poll").is_some_and(Value::is_object) {
        PostKind::Poll
    } else if item.get("quote").is_some_and(Value::is_object) {
        PostKind::Quote
    } else {
        PostKind::Post
    }
}

/// The municipality where the account's address is the one in the register; anyone else is another.
fn author(at: &At<'_, '_>, item: &Value) -> Author {
    let mut author = draft::unknown_author();
    let Some(account) = item.get("account") else {
        return author;
    };
    author.handle = text(account, "acct");
    author.name = text(account, "display_name")
        .as_deref()
        .and_then(draft::line)
        .or_else(|| author.handle.clone())
        .unwrap_or_default();
    author.url = text(account, "url").as_deref().and_then(web_address);
    author.platform_id = text(account, "uri").or_else(|| word(account, "id"));
    let own = [text(account, "url"), text(account, "uri")]
        .iter()
        .flatten()
        .any(|address| html::same_address(address, at.source.address));
    (author.role, author.role_basis) = match (own, &author.platform_id) {
        (true, _) => (AuthorRole::Authority, RoleBasis::OwnAccountId),
        (false, Some(_)) => (AuthorRole::Public, RoleBasis::OtherId),
        (false, None) => (AuthorRole::Unknown, RoleBasis::None),
    };
    author
}

/// Earlier versions from `history`: of the same author, the first of them made when the post was.
fn edits(post: &mut Post, at: &At<'_, '_>, item: &Value) {
    let author = item.get("account").and_then(|account| text(account, "id"));
    let Some(versions) = at.known.versions.get(&author.unwrap_or_default()) else {
        return;
    };
    let Some(first) = versions
        .iter()
        .position(|version| version.at.is_some() && version.at == post.posted_at.utc)
    else {
        return;
    };
    let last = post.edited_at.as_ref().and_then(|edited| edited.utc);
    for (version, seq) in versions[first..].iter().zip(1..) {
        // The newest version is the post itself.
        if version.at >= last {
            break;
        }
        post.edits.push(Edit {
            seq,
            ..version.clone()
        });
    }
}
