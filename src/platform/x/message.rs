//! Direct messages of an archive of X: conversations of two or of a group, with ids of persons only.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::post::{AttachmentState, Post, PostKind, Recipient, Visibility};
use crate::platform::draft::{self, finish};
use crate::platform::html::web_address;
use crate::platform::object::{many, text, word};
use crate::platform::refusal;
use crate::platform::replies::{At, Out};
use crate::platform::x::author;
use crate::platform::x::tweet::{expand, json_bytes};
use crate::platform::{Media, Parsed, redact, time};

/// Makes a post of each message of the conversation.
pub(super) fn read(at: &At<'_, '_>, item: &Value, out: &mut Out) {
    let (conversation, below) = match item.get("dmConversation") {
        Some(conversation) => (conversation, "/dmConversation"),
        None => (item, ""),
    };
    let Some(thread) = word(conversation, "conversationId") else {
        out.post(Err(refusal::lacks(
            "samtalet",
            refusal::ID,
            "conversationId",
        )));
        return;
    };
    for (number, entry) in many(conversation.get("messages")).enumerate() {
        match entry.get("messageCreate") {
            Some(message) => {
                let place = format!("{below}/messages/{number}/messageCreate");
                let post = message_of(at, &thread, &place, message);
                out.post(post.map_err(|reason| format!("{reason} ({place})")));
            }
            None => out.skip("conversation_event"),
        }
    }
}

fn message_of(
    at: &At<'_, '_>,
    thread: &str,
    place: &str,
    message: &Value,
) -> Result<Parsed, String> {
    let id = word(message, "id").ok_or_else(|| refusal::lacks("meddelandet", refusal::ID, "id"))?;
    let origin = at.origin(place);
    let mut post = draft::blank(&origin, Some(id));
    post.kind = PostKind::Message;
    post.visibility = Visibility::Direct;
    post.thread_key = Some(origin.key(&format!("dm-{thread}")));
    post.author = author(at.known, word(message, "senderId"));
    post.recipients = word(message, "recipientId")
        .map(|id| Recipient {
            name: None,
            platform_id: Some(id),
        })
        .into_iter()
        .collect();
    let told = text(message, "createdAt");
    match told.as_deref().and_then(time::rfc3339) {
        Some(time) => post.posted_at = time,
        None => post.posted_at.original = told.unwrap_or_default(),
    }
    let mut addresses = BTreeMap::new();
    for url in many(message.get("urls")) {
        let meant = text(url, "expanded").and_then(|url| web_address(&url));
        if let (Some(short), Some(meant)) = (text(url, "url"), meant) {
            addresses.insert(short, meant);
        }
    }
    let written = text(message, "text").unwrap_or_default();
    let expanded = expand(&written, &addresses);
    if expanded != written {
        post.repairs.push("t-co-expanded".to_owned());
    }
    draft::set_text(&mut post, &expanded);
    let media = media(&mut post, at, message)?;
    let mut object = message.clone();
    post.redactions = redact::redact(&mut object, &|_, _| None);
    Ok(finish(post, json_bytes(&object)?, media))
}

/// Files of a message: `<id of the message>-<last part of the address>` in the archive.
fn media(post: &mut Post, at: &At<'_, '_>, message: &Value) -> Result<Vec<Media>, String> {
    let id = post.platform_id.clone().unwrap_or_default();
    let mut taken = Vec::new();
    for url in many(message.get("mediaUrls")) {
        let Some(url) = url.as_str().and_then(web_address) else {
            post.warnings.push("attachment-without-address".to_owned());
            continue;
        };
        let before = post.attachments.len();
        draft::add_remote(
            post,
            &url,
            crate::platform::html::kind_of_address(&url),
            None,
        );
        let Some(attachment) = post.attachments.get_mut(before) else {
            continue;
        };
        let path = url.split(['?', '#']).next().unwrap_or(&url);
        let name = format!("{id}-{}", path.rsplit('/').next().unwrap_or(path));
        if let Some(member) = at.known.files.find(&name) {
            taken.push(draft::present(&at.source, attachment, member)?);
        } else if !at.known.files.is_empty() {
            attachment.state = AttachmentState::MissingInExport;
        }
    }
    Ok(taken)
}
