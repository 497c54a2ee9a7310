//! YouTube in Google Takeout: `videos.csv` and `comments.csv`, whose folders, files and columns are named in the language
//! of the account. Cells are therefore told by their form; the export holds the account's own videos and comments only.

use serde_json::Value;

use crate::model::post::{
    Attachment, Author, AuthorRole, InReplyTo, Post, PostKind, RoleBasis, Visibility,
};
use crate::model::text::normalised;
use crate::platform::container::Container;
use crate::platform::draft::{self, finish};
use crate::platform::error::PlatformError;
use crate::platform::object;
use crate::platform::refusal;
use crate::platform::rows::{self, Row, Tables};
use crate::platform::time;
use crate::platform::{Importer, Items, Parsed, Source};

/// Reads YouTube's part of Google Takeout.
#[derive(Debug)]
pub(crate) struct Youtube;

impl Importer for Youtube {
    fn name(&self) -> &'static str {
        "youtube"
    }

    fn title(&self) -> &'static str {
        "YouTube i Google Takeout"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn recognises(&self, container: &Container) -> Result<bool, PlatformError> {
        rows::recognises(self, container)
    }

    fn parts(&self) -> bool {
        true
    }

    fn read<'a>(&self, source: &Source<'a>) -> Result<Box<dyn Items + 'a>, PlatformError> {
        rows::read(&Self, source)
    }
}

impl Tables for Youtube {
    fn importer(&self) -> &'static dyn Importer {
        &Self
    }

    fn platform(&self) -> &'static str {
        "youtube"
    }

    fn table(&self, header: &[String], first: &[String]) -> Option<&'static str> {
        let has = |name: &str| {
            header
                .iter()
                .any(|column| column.eq_ignore_ascii_case(name))
        };
        if has("Comment ID") && has("Comment Text") {
            return Some("comments");
        }
        if has("Video ID") && has("Video Title (Original)") {
            return Some("videos");
        }
        let channel = first.iter().any(|cell| is_channel(cell));
        let timed = first.iter().any(|cell| time::rfc3339(cell).is_some());
        let told = first.iter().any(|cell| is_segments(cell));
        let video = first.first().is_some_and(|cell| is_video(cell));
        match (channel && timed, told, video) {
            (true, true, _) => Some("comments"),
            (true, false, true) if first.len() >= 11 => Some("videos"),
            _ => None,
        }
    }

    fn post(&self, row: &Row<'_, '_>) -> Result<Parsed, String> {
        if row.table == "comments" {
            comment(row)
        } else {
            video(row)
        }
    }

    fn address(&self, row: &Row<'_, '_>) -> Option<String> {
        channel_of(row).map(channel_address)
    }
}

/// `UC` and 22 characters.
pub(crate) fn is_channel(text: &str) -> bool {
    text.len() == 24 && text.starts_with("UC") && is_id(text)
}

/// Eleven characters.
fn is_video(text: &str) -> bool {
    text.len() == 11 && is_id(text)
}

/// A comment's id, or that of what it answers or stands under; a reply's has a full stop in it.
fn is_comment(text: &str) -> bool {
    text.len() >= 16 && !is_channel(text) && is_id(&text.replace('.', "_"))
}

fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    text.bytes().all(plain)
}

fn is_segments(text: &str) -> bool {
    text.starts_with("{\"")
}

pub(crate) fn channel_address(channel: &str) -> String {
    format!("https://www.youtube.com/channel/{channel}")
}

fn channel_of<'a>(row: &'a Row<'_, '_>) -> Option<&'a str> {
    row.cell("Channel ID").or_else(|| {
        row.cells
            .iter()
            .map(String::as_str)
            .find(|one| is_channel(one))
    })
}

/// The exporter's channel: the municipality's, unless the register has another.
fn author(row: &Row<'_, '_>) -> Author {
    let mut author = draft::unknown_author();
    let Some(channel) = channel_of(row) else {
        return author;
    };
    author.platform_id = Some(channel.to_owned());
    author.url = Some(channel_address(channel));
    let registered = row.source.address.split('/').find(|part| is_channel(part));
    if registered.is_none_or(|registered| registered == channel) {
        (author.role, author.role_basis) = (AuthorRole::Authority, RoleBasis::OwnAccountId);
    }
    author
}

fn comment(row: &Row<'_, '_>) -> Result<Parsed, String> {
    let mut ids = row.cells.iter().filter(|cell| is_comment(cell));
    let told = row
        .cell("Comment ID")
        .or_else(|| ids.next().map(String::as_str));
    let id = told.ok_or_else(|| refusal::row_lacks("kommentarens id", "Comment ID"))?;
    let mut post = draft::blank(&row.origin, Some(id.to_owned()));
    post.author = author(row);
    post.kind = PostKind::Comment;
    let times = row.cells.iter().find_map(|cell| time::rfc3339(cell));
    if let Some(time) = times {
        post.posted_at = time;
    }
    if let Some(cell) = row.cells.iter().find(|cell| is_segments(cell)) {
        let (text, known) = segments(cell);
        draft::set_text(&mut post, &text);
        if !known {
            post.warnings.push("text-form-unknown".to_owned());
        }
    }
    let under = row.cell("Video ID").filter(|cell| is_video(cell));
    let under = under.or_else(|| {
        row.cells
            .iter()
            .map(String::as_str)
            .find(|one| is_video(one))
    });
    // Ids of posts on the channel's page begin with `Ugkx`; the one before them is what is answered.
    let others = || {
        row.cells
            .iter()
            .map(String::as_str)
            .filter(|cell| is_comment(cell) && *cell != id)
    };
    let page = others().find(|other| other.starts_with("Ugkx"));
    let answered = others().find(|other| !other.starts_with("Ugkx"));
    if answered.is_some() {
        post.kind = PostKind::Reply;
    }
    reply_to(&mut post, row, answered, under.or(page));
    post.permalink = under.map(|video| format!("{}&lc={id}", watch(video)));
    Ok(finish(post, row.original(), Vec::new()))
}

fn reply_to(post: &mut Post, row: &Row<'_, '_>, answered: Option<&str>, root: Option<&str>) {
    post.thread_root = root.map(|root| row.origin.key(root));
    post.in_reply_to = answered.or(root).map(|answered| InReplyTo {
        key: Some(row.origin.key(answered)),
        platform_id: Some(answered.to_owned()),
        ..InReplyTo::default()
    });
}

pub(crate) fn watch(video: &str) -> String {
    format!("https://www.youtube.com/watch?v={video}")
}

/// The text of a comment: one object with `takeoutSegments` until June 2024, later objects with commas between them
/// and line ends as they are inside strings. `false` where it is neither and stays as it stands.
fn segments(cell: &str) -> (String, bool) {
    let list = format!("[{}]", without_raw_controls(cell));
    let Ok((Value::Array(items), _)) = object::parse(list.as_bytes()) else {
        return (cell.to_owned(), false);
    };
    let old = items.first().and_then(|item| item.get("takeoutSegments"));
    let parts = match old {
        Some(Value::Array(parts)) => parts,
        _ => &items,
    };
    let texts: Vec<_> = parts
        .iter()
        .filter_map(|part| part.get("text")?.as_str())
        .collect();
    if texts.is_empty() {
        return (cell.to_owned(), false);
    }
    (texts.concat(), true)
}

/// JSON whose strings have their control characters escaped.
fn without_raw_controls(text: &str) -> String {
    let (mut out, mut inside, mut escaped) = (String::with_capacity(text.len()), false, false);
    for letter in text.chars() {
        if inside && letter < ' ' {
            out.extend(["\\u", &format!("{:04x}", u32::from(letter))]);
            escaped = false;
            continue;
        }
        if letter == '"' && !escaped {
            inside = !inside;
        }
        escaped = letter == '\\' && !escaped;
        out.push(letter);
    }
    out
}

/// The columns of a video, by their English names or, in another language, by their order: id, length, language,
/// category, description, channel, tags, title, privacy, state, created, published.
fn video(row: &Row<'_, '_>) -> Result<Parsed, String> {
    let english = row.cell("Video ID").is_some();
    let count = row.cells.len();
    let cell = |name: &str, place: Option<usize>| {
        let by_place = || {
            row.cells
                .get(place?)
                .map(String::as_str)
                .filter(|cell| !cell.is_empty())
        };
        if english { row.cell(name) } else { by_place() }
    };
    let id =
        cell("Video ID", Some(0)).ok_or_else(|| refusal::row_lacks("filmens id", "Video ID"))?;
    let mut post = draft::blank(&row.origin, Some(id.to_owned()));
    post.kind = PostKind::Video;
    post.author = author(row);
    post.permalink = Some(watch(id));
    post.title = cell("Video Title (Original)", count.checked_sub(5)).map(normalised);
    post.lang = cell("Video Audio Language", Some(2)).map(str::to_owned);
    let description = cell("Video Description (Original)", Some(4)).unwrap_or_default();
    draft::set_text(&mut post, description);
    let privacy = cell("Privacy", count.checked_sub(4)).unwrap_or_default();
    post.visibility = visibility(privacy);
    if !english {
        post.warnings.push("locale-unknown".to_owned());
    }
    let published = cell("Video Publish Timestamp", count.checked_sub(1));
    let created = cell("Video Create Timestamp", count.checked_sub(2));
    match published.and_then(time::rfc3339) {
        Some(time) => post.posted_at = time,
        // A draft has no time of publishing.
        None => {
            if let Some(time) = created.and_then(time::rfc3339) {
                post.posted_at = time;
                post.warnings.push("time-of-upload".to_owned());
            }
        }
    }
    tags(&mut post, row, english);
    let duration = cell("Approx Duration (ms)", Some(1)).and_then(|told| told.parse().ok());
    draft::add_remote(&mut post, &watch(id), "video", None);
    if let Some(Attachment { duration_ms, .. }) = post.attachments.last_mut() {
        *duration_ms = duration;
    }
    Ok(finish(post, row.original(), Vec::new()))
}

fn tags(post: &mut Post, row: &Row<'_, '_>, english: bool) {
    let last = row.cells.len().saturating_sub(5);
    for (at, (column, cell)) in row.header.iter().zip(row.cells).enumerate() {
        let tag = if english {
            column.to_ascii_lowercase().starts_with("tag ")
        } else {
            at > 5 && at < last
        };
        if tag && !cell.is_empty() {
            crate::platform::html::push_unique(&mut post.tags, normalised(cell));
        }
    }
}

fn visibility(privacy: &str) -> Visibility {
    match privacy.to_lowercase().as_str() {
        "public" | "offentlig" | "offentligt" | "öffentlich" => Visibility::Public,
        "unlisted" | "olistad" | "olistat" | "nicht gelistet" => Visibility::Unlisted,
        "private" | "privat" => Visibility::Limited,
        _ => Visibility::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_comments_text_are_read_and_another_is_kept_as_it_stands() {
        for (cell, text, known) in [
            (
                r#"{"takeoutSegments":[{"text":"Hej "},{"text":"då"}]}"#,
                "Hej då",
                true,
            ),
            (
                "{\"text\":\"en\"},{\"text\":\"\n\"},\n{\"text\":\"t\\\"v\\\"å\"}",
                "en\nt\"v\"å",
                true,
            ),
            (r#"{"annat":1}"#, r#"{"annat":1}"#, false),
            (r#"{"text":"kap"#, r#"{"text":"kap"#, false),
        ] {
            assert_eq!(segments(cell), (text.to_owned(), known));
        }
    }
}
