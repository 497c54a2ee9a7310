//! Direct messages in exports of Facebook and Instagram: a folder for each conversation, the newest message first, with
//! names of persons only.

use serde_json::Value;

use crate::model::post::{PostKind, PostState, Recipient, StateValue, Visibility};
use crate::model::text::normalised;
use crate::platform::draft::{self, finish};
use crate::platform::html::{push_unique, web_address};
use crate::platform::meta::{add_media, mended, moment, named_author, note_repair, private};
use crate::platform::object::{many, text};
use crate::platform::refusal;
use crate::platform::replies::{At, InFile, Known};
use crate::platform::{Parsed, redact};

/// The array that messages are elements of, and the one of those who take part.
pub(crate) const MESSAGES: &str = "messages";
pub(crate) const PARTICIPANTS: &str = "participants";

/// Lists of files in a message, and what the files are.
const FILES: [(&str, &str); 5] = [
    ("photos", "image"),
    ("gifs", "image"),
    ("videos", "video"),
    ("audio_files", "audio"),
    ("files", "file"),
];

/// Takes in who takes part in the conversation.
pub(crate) fn learn(file: &InFile<'_>, item: &Value, known: &mut Known) {
    let name = match file.array {
        PARTICIPANTS => text(item, "name"),
        MESSAGES => text(item, "sender_name"),
        _ => None,
    };
    if let Some((name, folder)) = name.zip(file.folder()) {
        let name = super::repaired(&name).unwrap_or(name);
        let circle = known.circles.entry(folder.to_owned()).or_default();
        circle.insert(name);
    }
}

/// What stays the same in a conversation's folder, `<name>_<id>`, when the person or group takes another name.
fn conversation(folder: &str) -> &str {
    match folder.rsplit_once('_') {
        Some((_, id)) if id.contains(|part: char| part.is_ascii_digit()) => id,
        Some(_) | None => folder,
    }
}

/// Makes a post of a message.
pub(crate) fn read(at: &At<'_, '_>, item: &Value, bytes: &[u8]) -> Result<Parsed, String> {
    let (item, any) = mended(item);
    let origin = at.origin("");
    let mut post = draft::blank(&origin, None);
    note_repair(&mut post, any);
    post.kind = PostKind::Message;
    post.visibility = Visibility::Direct;
    post.posted_at = moment(&item, "timestamp_ms", 1_000)
        .ok_or_else(|| refusal::lacks("meddelandet", refusal::TIME, "timestamp_ms"))?;
    let sender = text(&item, "sender_name").unwrap_or_default();
    post.author = named_author(at, &sender);
    if let Some(folder) = at.file.folder() {
        post.thread_key = Some(origin.key(&format!("dm-{}", conversation(folder))));
        let circle = at.known.circles.get(folder).into_iter().flatten();
        post.recipients = circle
            .filter(|name| **name != sender)
            .map(|name| Recipient {
                name: Some(name.clone()),
                platform_id: None,
            })
            .collect();
    }
    let share = item.get("share");
    let shared = share.and_then(|share| text(share, "share_text"));
    let written = text(&item, "content").or(shared).unwrap_or_default();
    draft::set_text(&mut post, &written);
    if let Some(url) = share.and_then(|share| text(share, "link")) {
        match web_address(&url) {
            Some(url) => push_unique(&mut post.links, url),
            None => post.warnings.push("link-unreadable".to_owned()),
        }
    }
    let mut media = Vec::new();
    for (list, kind) in FILES {
        for file in many(item.get(list)) {
            media.extend(add_media(&mut post, at, file, Some(kind))?);
        }
    }
    if let Some(sticker) = item.get("sticker") {
        media.extend(add_media(&mut post, at, sticker, Some("image"))?);
    }
    if item.get("is_unsent").and_then(Value::as_bool) == Some(true) {
        post.state = PostState {
            value: StateValue::DeletedByAuthor,
            at: None,
            basis: "is_unsent".to_owned(),
        };
    }
    post.author.name = normalised(&post.author.name);
    let (original, pointers) = redact::redact_bytes(bytes, &private);
    post.redactions = pointers;
    Ok(finish(post, original, media))
}

#[cfg(test)]
mod tests {
    use super::conversation;

    #[test]
    fn a_conversation_is_the_same_under_another_name() {
        assert_eq!(conversation("testtestsson_123"), "123");
        assert_eq!(conversation("nytt_namn_123"), "123");
        assert_eq!(conversation("TestTestsson_aB9x"), "aB9x");
        assert_eq!(conversation("123"), "123");
        assert_eq!(conversation("test_testsson"), "test_testsson");
    }
}
