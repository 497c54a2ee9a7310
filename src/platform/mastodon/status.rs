//! From an ActivityPub activity to a normalised post. `to`, `cc`, `tag`, `attachment` and `inReplyTo` may each be one
//! value or many, a string or an object (ActivityStreams 2.0 §4.2).

use serde_json::Value;

use crate::model::digest::Sha256Hex;
use crate::model::json;
use crate::model::post::{
    Attachment, AttachmentState, Author, AuthorRole, Evidence, InReplyTo, Post, PostKind,
    PostState, PostTime, RecordOrigin, RoleBasis, SCHEMA, StateValue, Visibility, ZoneBasis,
};
use crate::model::text::normalised;
use crate::platform::html::{self, LineEnds, push_unique, web_address};
use crate::platform::mastodon::Mastodon;
use crate::platform::text_facts::{add_hashtags, add_links};
use crate::platform::time;
use crate::platform::{Importer as _, Media, Parsed, Source, media_name};

/// The account that an archive is of.
#[derive(Clone, Debug)]
pub(super) struct Actor {
    pub(super) id: String,
    name: String,
    handle: Option<String>,
    url: Option<String>,
    followers: Option<String>,
}

impl Actor {
    /// Reads `actor.json`; `None` without an id.
    pub(super) fn of(value: &Value) -> Option<Self> {
        let id = value.get("id")?.as_str()?.to_owned();
        let handle = text(value, "preferredUsername");
        Some(Self {
            name: text(value, "name")
                .or_else(|| handle.clone())
                .unwrap_or_else(|| id.clone()),
            id,
            handle,
            url: address(value.get("url")),
            followers: text(value, "followers"),
        })
    }
}

/// Makes posts of the activities of an outbox.
#[derive(Debug)]
pub(super) struct Reader<'a, 'b> {
    pub(super) source: Source<'a>,
    pub(super) member: usize,
    /// Folder of the outbox in the container, with `/` at its end.
    pub(super) folder: &'b str,
    pub(super) actor: Option<&'b Actor>,
    /// Number of the activity, from 0.
    pub(super) number: u64,
}

impl Reader<'_, '_> {
    /// Reads one activity.
    pub(super) fn activity(&self, bytes: Vec<u8>) -> Result<Parsed, String> {
        let mut repairs = Vec::new();
        let activity = match json::value_from_slice(&bytes) {
            Ok(activity) => activity,
            Err(error) => {
                let mended = without_lone_surrogates(&bytes).ok_or_else(|| why(&error))?;
                repairs.push("lone-surrogate".to_owned());
                json::value_from_slice(&mended).map_err(|error| why(&error))?
            }
        };
        let object = activity.get("object").unwrap_or(&Value::Null);
        let kind = text(&activity, "type").unwrap_or_default();
        let mut parsed = match kind.as_str() {
            "Create" | "Update" if text(object, "type").as_deref() == Some("Tombstone") => {
                self.deleted(&activity, object)
            }
            "Create" | "Update" => self.status(&activity, object)?,
            "Announce" => self.repost(&activity, object)?,
            "Delete" => self.deleted(&activity, object),
            "" => return Err("the activity has no type".to_owned()),
            _ => return Err("the activity is none of Create, Update, Announce, Delete".to_owned()),
        };
        parsed.post.repairs = repairs;
        parsed.original = bytes;
        Ok(parsed)
    }

    fn status(&self, activity: &Value, object: &Value) -> Result<Parsed, String> {
        if !object.is_object() {
            return Err("the activity's object is only an address".to_owned());
        }
        let mut post = self.blank(activity, id_of(object));
        post.kind = kind_of(object);
        let content = text(object, "content").or_else(|| first_of_map(object, "contentMap"));
        let mut html = content.unwrap_or_default();
        for option in many(object.get("oneOf")).chain(many(object.get("anyOf"))) {
            if let Some(name) = text(option, "name") {
                html.extend(["<p>- ", &escaped(&name), "</p>"]);
            }
        }
        let read = html::plain(&html, LineEnds::Space);
        post.text = read.text;
        post.text_html = html.contains(['<', '&']).then_some(html);
        post.links = read.links;
        add_links(&post.text, &mut post.links);
        if let Some(quoted) = ["quoteUrl", "quote", "quoteUri"]
            .iter()
            .find_map(|name| address(object.get(*name)))
        {
            push_unique(&mut post.links, quoted);
        }
        post.title = text(object, "name").map(|name| html::plain(&name, LineEnds::Space).text);
        post.content_warning =
            text(object, "summary").map(|summary| html::plain(&summary, LineEnds::Space).text);
        post.lang = only_key(object.get("contentMap"));
        post.permalink = address(object.get("url"));
        post.author = self.author(object.get("attributedTo").or_else(|| activity.get("actor")));
        if let Some(time) = text(object, "published").as_deref().and_then(time::rfc3339) {
            post.posted_at = time;
        }
        post.edited_at = text(object, "updated").as_deref().and_then(time::rfc3339);
        post.visibility = narrower(self.visibility(object), self.visibility(activity));
        Self::tags(object, &mut post);
        add_hashtags(&post.text, &mut post.tags);
        if let Some(answered) = many(object.get("inReplyTo")).find_map(id_of) {
            post.in_reply_to = Some(InReplyTo {
                key: Some(self.key(&answered)),
                url: web_address(&answered),
                platform_id: Some(answered),
            });
        }
        let media = self.attachments(object, &mut post)?;
        Ok(finished(post, media))
    }

    /// Another's post shown again; its text is not in the archive.
    fn repost(&self, activity: &Value, object: &Value) -> Result<Parsed, String> {
        let shown = id_of(object).ok_or("the repost does not say of what")?;
        let mut post = self.blank(activity, id_of(activity));
        post.kind = PostKind::Repost;
        post.author = self.author(activity.get("actor"));
        post.visibility = self.visibility(activity);
        post.links.extend(web_address(&shown));
        Ok(finished(post, Vec::new()))
    }

    /// A post that its account deleted: nothing is left of it but that and when.
    fn deleted(&self, activity: &Value, object: &Value) -> Parsed {
        let mut post = self.blank(activity, id_of(object));
        post.author = self.author(activity.get("actor"));
        let own = post.author.role == AuthorRole::Authority;
        let at = text(object, "deleted").or_else(|| text(activity, "published"));
        post.posted_at = text(object, "published")
            .as_deref()
            .and_then(time::rfc3339)
            .unwrap_or_else(unknown_time);
        post.state = PostState {
            value: if own {
                StateValue::DeletedByAuthority
            } else {
                StateValue::DeletedByAuthor
            },
            at: at
                .as_deref()
                .and_then(time::rfc3339)
                .and_then(|time| time.utc),
            basis: if text(object, "type").as_deref() == Some("Tombstone") {
                "type=Tombstone"
            } else {
                "type=Delete"
            }
            .to_owned(),
        };
        post.visibility = Visibility::Unknown;
        finished(post, Vec::new())
    }

    fn key(&self, id: &str) -> String {
        format!("mastodon:{}:{id}", self.source.account)
    }

    /// A post with what all have; the key is derived at the end where there is no id.
    fn blank(&self, activity: &Value, id: Option<String>) -> Post {
        let posted_at = text(activity, "published")
            .as_deref()
            .and_then(time::rfc3339);
        Post {
            schema: SCHEMA.to_owned(),
            key: self.key(id.as_deref().unwrap_or_default()),
            key_basis: if id.is_some() {
                "platform_id"
            } else {
                "derived"
            }
            .to_owned(),
            platform: "mastodon".to_owned(),
            platform_id: id.clone(),
            source_id: id,
            account_ref: self.source.account.to_string(),
            kind: PostKind::Post,
            permalink: None,
            author: self.author(None),
            record_origin: RecordOrigin::Okand,
            posted_at: posted_at.unwrap_or_else(unknown_time),
            edited_at: None,
            state: PostState {
                value: StateValue::Live,
                at: None,
                basis: "outbox".to_owned(),
            },
            text: String::new(),
            text_html: None,
            title: None,
            content_warning: None,
            lang: None,
            text_sha256: Sha256Hex::zero(),
            in_reply_to: None,
            thread_root: None,
            visibility: Visibility::Unknown,
            attachments: Vec::new(),
            links: Vec::new(),
            tags: Vec::new(),
            mentions: Vec::new(),
            evidence: vec![Evidence {
                source_kind: "platform_export".to_owned(),
                container_sha256: self.source.container_sha256.clone(),
                member: self.source.container.member_name(self.member),
                locator: format!("/orderedItems/{}", self.number),
                parser: Mastodon.name().to_owned(),
                parser_version: Mastodon.version().to_owned(),
            }],
            repairs: Vec::new(),
            warnings: Vec::new(),
            redactions: Vec::new(),
            nonce: String::new(),
        }
    }

    /// The municipality where the id is the one in `actor.json`.
    fn author(&self, told: Option<&Value>) -> Author {
        let id = many(told).find_map(id_of);
        match (self.actor, id) {
            (Some(actor), Some(id)) if actor.id == id => Author {
                name: normalised(&actor.name),
                handle: actor.handle.clone(),
                platform_id: Some(id),
                url: actor.url.clone(),
                role: AuthorRole::Authority,
                role_basis: RoleBasis::OwnAccountId,
            },
            (actor, id) => Author {
                name: id.clone().unwrap_or_default(),
                handle: None,
                url: id.as_deref().and_then(web_address),
                role: AuthorRole::Unknown,
                role_basis: if actor.is_some() && id.is_some() {
                    RoleBasis::OtherId
                } else {
                    RoleBasis::None
                },
                platform_id: id,
            },
        }
    }

    /// Who may see it, by its addressing; the narrower of object and activity counts (they are the same in Mastodon).
    fn visibility(&self, addressed: &Value) -> Visibility {
        let list = |name: &str| {
            many(addressed.get(name))
                .filter_map(id_of)
                .collect::<Vec<_>>()
        };
        let (to, cc) = (list("to"), list("cc"));
        let is_followers = |id: &String| {
            self.actor.and_then(|actor| actor.followers.as_ref()) == Some(id)
                || id.ends_with("/followers")
        };
        if to.iter().any(|id| is_public(id)) {
            Visibility::Public
        } else if cc.iter().any(|id| is_public(id)) {
            Visibility::Unlisted
        } else if to.iter().chain(&cc).any(is_followers) {
            Visibility::Followers
        } else if to.is_empty() && cc.is_empty() {
            Visibility::Unknown
        } else {
            Visibility::Direct
        }
    }

    fn tags(object: &Value, post: &mut Post) {
        for tag in many(object.get("tag")) {
            let Some(name) = text(tag, "name") else {
                continue;
            };
            match text(tag, "type").as_deref() {
                Some("Mention") => push_unique(&mut post.mentions, normalised(&name)),
                Some("Hashtag") => {
                    push_unique(&mut post.tags, normalised(name.trim_start_matches('#')));
                }
                _ => {}
            }
        }
    }

    fn attachments(&self, object: &Value, post: &mut Post) -> Result<Vec<Media>, String> {
        let mut media = Vec::new();
        for (value, n) in many(object.get("attachment")).zip(1..) {
            let Some(source_uri) = place_of(value) else {
                post.warnings.push("attachment-without-address".to_owned());
                continue;
            };
            let media_type = text(value, "mediaType");
            let mut attachment = Attachment {
                n,
                kind: kind_of_media(media_type.as_deref()).to_owned(),
                name: None,
                alt: text(value, "name").map(|alt| normalised(&alt)),
                archive_path: None,
                bytes: None,
                sha256: None,
                state: AttachmentState::RemoteOnly,
                source_uri,
                media_type,
            };
            if web_address(&attachment.source_uri).is_none() {
                let name = format!(
                    "{}{}",
                    self.folder,
                    attachment.source_uri.trim_start_matches('/')
                );
                attachment.state = AttachmentState::MissingInExport;
                if let Some(member) = self.source.container.find(&name) {
                    let (sha256, bytes) = self
                        .source
                        .container
                        .digest(member)
                        .map_err(|error| error.to_string())?;
                    let name =
                        media_name(n, &attachment.source_uri, attachment.media_type.as_deref());
                    attachment.state = AttachmentState::Present;
                    attachment.archive_path = Some(name.clone());
                    attachment.bytes = Some(bytes);
                    attachment.sha256 = Some(sha256.clone());
                    media.push(Media {
                        name,
                        member,
                        sha256,
                    });
                }
            }
            post.attachments.push(attachment);
        }
        Ok(media)
    }
}

fn finished(mut post: Post, media: Vec<Media>) -> Parsed {
    post.text_sha256 = Sha256Hex::of(post.text.as_bytes());
    post.title = post.title.filter(|title| !title.is_empty());
    post.content_warning = post.content_warning.filter(|warning| !warning.is_empty());
    if post.posted_at.utc.is_none() {
        post.warnings.push("time-missing".to_owned());
    }
    if post.author.role == AuthorRole::Authority {
        post.record_origin = RecordOrigin::Upprattad;
    }
    if post.platform_id.is_none() {
        post.warnings.push("id-missing".to_owned());
        let names: Vec<_> = post
            .attachments
            .iter()
            .map(|one| one.source_uri.as_str())
            .collect();
        let basis = format!(
            "{}|{}|{}|{}",
            post.posted_at.original,
            post.kind.as_str(),
            post.text,
            names.join("|")
        );
        let digest = Sha256Hex::of(basis.as_bytes());
        post.key.extend(["h-", &digest.as_str()[..16]]);
    }
    Parsed {
        post,
        original: Vec::new(),
        media,
    }
}

/// The narrower of two; where only one is addressed at all, that one.
fn narrower(one: Visibility, other: Visibility) -> Visibility {
    match (one, other) {
        (Visibility::Unknown, known) | (known, Visibility::Unknown) => known,
        (one, other) => one.max(other),
    }
}

fn unknown_time() -> PostTime {
    PostTime {
        utc: None,
        original: String::new(),
        zone_basis: ZoneBasis::ExplicitOffset,
    }
}

fn kind_of(object: &Value) -> PostKind {
    if many(object.get("inReplyTo")).any(|value| id_of(value).is_some()) {
        return PostKind::Reply;
    }
    match text(object, "type").as_deref() {
        Some("Question") => PostKind::Poll,
        Some("Event") => PostKind::Event,
        Some("Video") => PostKind::Video,
        Some("Page") => PostKind::Page,
        _ if ["quoteUrl", "quote", "quoteUri"]
            .iter()
            .any(|name| object.get(*name).is_some_and(|value| !value.is_null())) =>
        {
            PostKind::Quote
        }
        _ => PostKind::Post,
    }
}

fn kind_of_media(media_type: Option<&str>) -> &'static str {
    match media_type.and_then(|told| told.split('/').next()) {
        Some("image") => "image",
        Some("video") => "video",
        Some("audio") => "audio",
        _ => "file",
    }
}

/// The public collection in all its spellings (ActivityPub §5.6).
fn is_public(id: &str) -> bool {
    matches!(
        id,
        "https://www.w3.org/ns/activitystreams#Public"
            | "http://www.w3.org/ns/activitystreams#Public"
            | "as:Public"
            | "Public"
    )
}

/// No value, one value or the values of an array.
fn many(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let items = match value {
        None | Some(Value::Null) => &[],
        Some(Value::Array(items)) => items.as_slice(),
        Some(other) => std::slice::from_ref(other),
    };
    items.iter()
}

/// A member that is text, unless it is empty.
fn text(value: &Value, name: &str) -> Option<String> {
    let text = value.get(name)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// The id that a value is or has.
fn id_of(value: &Value) -> Option<String> {
    match value {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Object(_) => text(value, "id"),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            None
        }
    }
}

/// Where a link or attachment leads.
fn place_of(value: &Value) -> Option<String> {
    match value {
        Value::String(place) if !place.is_empty() => Some(place.clone()),
        Value::Object(_) => {
            text(value, "href").or_else(|| many(value.get("url")).find_map(place_of))
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            None
        }
    }
}

fn address(value: Option<&Value>) -> Option<String> {
    many(value).find_map(|one| web_address(&place_of(one).or_else(|| id_of(one))?))
}

fn first_of_map(object: &Value, name: &str) -> Option<String> {
    let map = object.get(name)?.as_object()?;
    map.values()
        .find_map(|value| value.as_str().map(str::to_owned))
}

/// The language where the content is given in exactly one.
fn only_key(map: Option<&Value>) -> Option<String> {
    let map = map?.as_object()?;
    let key = map.keys().next()?;
    let plain = key.len() <= 20
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (map.len() == 1 && plain).then(|| key.clone())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// Why an item is no JSON, without its content.
fn why(error: &json::JsonError) -> String {
    match error {
        json::JsonError::Parse(error) => {
            let text = error.to_string();
            if text.contains("stands twice") {
                return "a key stands twice".to_owned();
            }
            format!(
                "not valid JSON at line {}, column {} of the item",
                error.line(),
                error.column()
            )
        }
        json::JsonError::Float(_) => "a number cannot be read".to_owned(),
    }
}

/// The bytes with escapes of half characters (`\ud83d` alone) replaced by U+FFFD; `None` where there are none. Texts
/// that were cut in the middle of an emoji hold them.
fn without_lone_surrogates(bytes: &[u8]) -> Option<Vec<u8>> {
    let unit = |at: usize| -> Option<u16> {
        let escape = bytes.get(at..at + 6)?;
        let digits = std::str::from_utf8(escape.strip_prefix(b"\\u")?).ok()?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (mut out, mut at, mut replaced) = (Vec::with_capacity(bytes.len()), 0, false);
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            out.push(bytes[at]);
            at += 1;
            continue;
        }
        match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => {
                out.extend_from_slice(&bytes[at..at + 12]);
                at += 12;
            }
            (Some(0xd800..=0xdfff), _) => {
                out.extend_from_slice(b"\\ufffd");
                replaced = true;
                at += 6;
            }
            _ => {
                // Two bytes, so that `\\u` is not taken for an escape.
                let end = (at + 2).min(bytes.len());
                out.extend_from_slice(&bytes[at..end]);
                at = end;
            }
        }
    }
    replaced.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_characters_are_replaced_and_whole_ones_kept() {
        let mend = |text: &str| {
            without_lone_surrogates(text.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap())
        };
        assert_eq!(mend(r#""a\ud83d""#).as_deref(), Some(r#""a\ufffd""#));
        assert_eq!(mend(r#""\ud83d\ude00""#), None);
        assert_eq!(mend(r#""\\ud83d""#), None);
        assert_eq!(
            mend(r#""\ude00\ud83d\ude00""#).as_deref(),
            Some(r#""\ufffd\ud83d\ude00""#)
        );
    }
}
