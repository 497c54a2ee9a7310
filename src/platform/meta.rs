//! What exports of Facebook and Instagram have in common: text whose UTF-8 was written as Latin-1, times in Unix seconds,
//! files by path, conversations, and what may not be kept of pictures.

pub(crate) mod message;

use serde_json::Value;

use crate::model::post::{AttachmentState, Author, AuthorRole, Post, PostTime, RoleBasis};
use crate::model::text::normalised;
use crate::platform::draft;
use crate::platform::html::{self, push_unique, web_address};
use crate::platform::object::{many, text};
use crate::platform::replies::At;
use crate::platform::time;
use crate::platform::{Media, redact};

/// The code of the repair.
const LATIN1: &str = "meta-latin1";

/// The text that was meant, where every character is one byte of UTF-8 (`HÃ¥kan` is Håkan); `None` where it is as meant. The
/// rule is strict: one character beyond U+00FF, or bytes that are no UTF-8, and nothing is changed.
pub(crate) fn repaired(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let bytes: Option<Vec<u8>> = text
        .chars()
        .map(|one| u8::try_from(u32::from(one)).ok())
        .collect();
    String::from_utf8(bytes?).ok()
}

/// `item` with every text repaired, names of members too, and whether any was.
pub(crate) fn mended(item: &Value) -> (Value, bool) {
    match item {
        Value::String(text) => repaired(text).map_or_else(
            || (item.clone(), false),
            |repaired| (Value::String(repaired), true),
        ),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(mended).collect();
            let any = items.iter().any(|(_, any)| *any);
            let items = items.into_iter().map(|(item, _)| item).collect();
            (Value::Array(items), any)
        }
        Value::Object(members) => {
            let mut any = false;
            let members = members.iter().map(|(name, member)| {
                let (member, inside) = mended(member);
                let repaired = repaired(name);
                any |= inside || repaired.is_some();
                (repaired.unwrap_or_else(|| name.clone()), member)
            });
            let members = members.collect();
            (Value::Object(members), any)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => (item.clone(), false),
    }
}

/// Notes on the post that its text was repaired.
pub(crate) fn note_repair(post: &mut Post, any: bool) {
    if any {
        push_unique(&mut post.repairs, LATIN1.to_owned());
    }
}

/// The address that an export of the site `host` is of: the account's own where it is there, else the site's, which tells
/// that the account is another's.
pub(crate) fn site(address: &str, host: &str) -> String {
    let own = url::Url::parse(address).ok();
    let own = own
        .as_ref()
        .and_then(url::Url::host_str)
        .unwrap_or_default();
    if own == host || own.ends_with(&format!(".{host}")) {
        return address.to_owned();
    }
    format!("https://www.{host}/")
}

/// A member that is a time in Unix seconds, or in a fraction of them.
pub(crate) fn moment(item: &Value, name: &str, per_second: i64) -> Option<PostTime> {
    time::unix(item.get(name)?.as_i64()?, per_second)
}

/// What may not be kept: the address from which a picture was sent, and where it was taken.
pub(crate) fn private(path: &[String], _value: &str) -> Option<String> {
    let name = path.last()?.as_str();
    if matches!(name, "upload_ip" | "ip_address" | "ip") {
        return Some(redact::IP.to_owned());
    }
    let inside = path.iter().any(|part| part == "exif_data");
    let position = ["latitude", "longitude", "altitude"];
    (inside && position.iter().any(|word| name.starts_with(word)))
        .then(|| redact::EXIF_GEO.to_owned())
}

/// Adds the files that `media` tells of; `kind` where the list they stand in says it.
pub(crate) fn add_media(
    post: &mut Post,
    at: &At<'_, '_>,
    media: &Value,
    kind: Option<&'static str>,
) -> Result<Option<Media>, String> {
    let Some(uri) = text(media, "uri") else {
        return Ok(None);
    };
    let told = media.get("media_metadata");
    let has = |name: &str| told.is_some_and(|told| told.get(name).is_some());
    let kind = kind.unwrap_or_else(|| match (has("video_metadata"), has("photo_metadata")) {
        (true, _) => "video",
        (false, true) => "image",
        (false, false) => html::kind_of_address(&uri),
    });
    let before = post.attachments.len();
    draft::add_remote(post, &uri, kind, None);
    let Some(attachment) = post.attachments.get_mut(before) else {
        // The same file again.
        return Ok(None);
    };
    // The first part of a path names the folder of the export that was made first.
    if let Some(member) = at.known.files.find(&uri) {
        return draft::present(&at.source, attachment, member).map(Some);
    }
    if web_address(&uri).is_none() {
        attachment.state = AttachmentState::MissingInExport;
    }
    Ok(None)
}

/// Describes the attachments that were added after the first `before` ones: a description that is the post's text says
/// nothing more.
pub(crate) fn describe(post: &mut Post, before: usize, media: &Value) {
    let told = ["description", "title"]
        .into_iter()
        .find_map(|name| text(media, name))
        .map(|told| normalised(&told));
    let told = told.filter(|told| !post.text.contains(told.as_str()));
    for attachment in post.attachments.iter_mut().skip(before) {
        attachment.alt.clone_from(&told);
    }
}

/// The account itself, as what the export holds of its own doings says.
pub(crate) fn own_author(at: &At<'_, '_>) -> Author {
    let mut author = draft::unknown_author();
    author.name = at.known.own_name.clone().unwrap_or_default();
    author.handle.clone_from(&at.known.own_handle);
    (author.role, author.role_basis) = (AuthorRole::Authority, RoleBasis::OwnExport);
    author
}

/// The author with this name: the account where it is its own, another where that is known and this is not it.
pub(crate) fn named_author(at: &At<'_, '_>, name: &str) -> Author {
    let mut author = draft::unknown_author();
    name.clone_into(&mut author.name);
    let own = [&at.known.own_name, &at.known.own_handle];
    if own.iter().any(|own| own.as_deref() == Some(name)) {
        (author.role, author.role_basis) = (AuthorRole::Authority, RoleBasis::OwnNameMatch);
    } else if !name.is_empty() && own.iter().any(|own| own.is_some()) {
        (author.role, author.role_basis) = (AuthorRole::Public, RoleBasis::OwnNameMatch);
    }
    author
}

/// A text that newer exports write as a list of labels in the account's language: the one under a word that means text.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    /// The text, where one label means it.
    pub(crate) text: Option<String>,
    /// The first time told.
    pub(crate) time: Option<PostTime>,
    /// Addresses told.
    pub(crate) links: Vec<String>,
    /// Whether there were texts of which none could be told to be the post's.
    pub(crate) unclear: bool,
}

/// Words for what somebody wrote, in the languages of exports that were seen and in Swedish.
const TEXTS: [&str; 16] = [
    "comment",
    "kommentar",
    "message",
    "meddelande",
    "text",
    "caption",
    "bildtext",
    "post",
    "inlägg",
    "title",
    "titel",
    "description",
    "beskrivning",
    "opmerking",
    "reaktion",
    "update",
];

/// Reads `label_values`.
pub(crate) fn labels(item: &Value) -> Labels {
    let mut read = Labels::default();
    let mut others = Vec::new();
    for entry in many(item.get("label_values")) {
        if let Some(time) = moment(entry, "timestamp_value", 1) {
            read.time = read.time.or(Some(time));
        }
        let Some(value) = text(entry, "value") else {
            continue;
        };
        let label = text(entry, "label").unwrap_or_default().to_lowercase();
        if let Some(url) = web_address(&value) {
            push_unique(&mut read.links, url);
        } else if TEXTS.contains(&label.as_str()) && read.text.is_none() {
            read.text = Some(value);
        } else {
            others.push(value);
        }
    }
    if read.text.is_none() {
        // One value alone is the text, whatever its label.
        match others.as_slice() {
            [only] => read.text = Some(only.clone()),
            [] => {}
            [..] => read.unclear = true,
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// As Meta writes it.
    fn mangled(text: &str) -> String {
        text.bytes().map(char::from).collect()
    }

    #[test]
    fn only_what_is_surely_mangled_is_repaired() {
        for (written, meant) in [
            ("HÃ¥kan", Some("Håkan")),
            ("\u{f0}\u{9f}\u{99}\u{82}", Some("🙂")),
            ("café", None),
            ("åäö", None),
            ("€ 5", None),
            ("plain", None),
            ("HÃ¥kan €", None),
        ] {
            assert_eq!(repaired(written).as_deref(), meant, "{written}");
        }
        let (item, any) = mended(&json!({"a\u{c3}\u{a5}": ["b", {"c": "\u{c3}\u{b6}", "n": 1}]}));
        assert_eq!(
            (item, any),
            (json!({"aå": ["b", {"c": "ö", "n": 1}]}), true)
        );
    }

    proptest! {
        #[test]
        fn what_is_mangled_becomes_what_was_meant(text in "[a-zåäöÅÄÖé –”€🙂🇸🇪👩🏾‍🚒]{0,40}") {
            let written = mangled(&text);
            prop_assert_eq!(repaired(&written).unwrap_or(written), text);
        }

        #[test]
        fn what_cannot_have_been_mangled_is_left(text in "[ -~åäöÅÄÖ]{0,20}", other in "[Ā-ſ€-₿🙂-🙄]") {
            prop_assert_eq!(repaired(&format!("{text}{other}{text}")), None);
            let swedish: String = text.chars().filter(|one| !one.is_ascii()).collect();
            prop_assert_eq!(repaired(&swedish), None);
        }
    }

    #[test]
    fn an_account_elsewhere_is_told_by_the_sites_own_address() {
        for (address, of) in [
            (
                "https://m.facebook.com/kommun",
                "https://m.facebook.com/kommun",
            ),
            ("https://facebook.com/kommun", "https://facebook.com/kommun"),
            (
                "https://www.instagram.com/kommun",
                "https://www.facebook.com/",
            ),
            ("https://notfacebook.com/", "https://www.facebook.com/"),
            ("", "https://www.facebook.com/"),
        ] {
            assert_eq!(site(address, "facebook.com"), of);
        }
    }

    #[test]
    fn labels_are_told_by_words_or_by_being_alone() {
        let read = labels(&json!({"label_values": [
            {"label": "URL", "value": "https://example.se/1"},
            {"label": "Kommentar", "value": "Tack!"},
            {"label": "Ägare", "value": "kommunen"},
            {"label": "Tid", "timestamp_value": 1_718_880_000},
        ]}));
        assert_eq!(read.text.as_deref(), Some("Tack!"));
        assert_eq!(read.links, ["https://example.se/1"]);
        assert!(read.time.is_some() && !read.unclear);
        let two =
            json!({"label_values": [{"label": "x", "value": "a"}, {"label": "y", "value": "b"}]});
        assert!(labels(&two).unclear);
    }
}
