//! From an ActivityPub activity or object to a normalised post, for Mastodon's archives and for objects saved one by one.
//! `to`, `cc`, `tag`, `attachment` and `inReplyTo` may each be one value or many, a string or an object
//! (ActivityStreams 2.0 §4.2).

use serde_json::Value;

use crate::model::post::{
    Attachment, AttachmentState, Author, AuthorRole, InReplyTo, Post, PostKind, PostState,
    RoleBasis, StateValue, Visibility,
};
use crate::model::text::normalised;
use crate::platform::draft::{self, Origin, finish, unknown_time};
use crate::platform::html::{self, LineEnds, push_unique, web_address};
use crate::platform::object::{many, text};
use crate::platform::redact;
use crate::platform::refusal;
use crate::platform::text_facts::{add_hashtags, add_links};
use crate::platform::time;
use crate::platform::{Media, Parsed};

/// Types of objects that are posts (ActivityStreams vocabulary §3.3).
pub(crate) const OBJECTS: &[&str] = &[
    "Article", "Audio", "Document", "Event", "Image", "Note", "Page", "Question", "Video",
];
/// Types of activities.
pub(crate) const ACTIVITIES: &[&str] = &["Create", "Update", "Announce", "Delete"];

/// The account that an archive is of.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    pub(crate) id: String,
    name: String,
    handle: Option<String>,
    url: Option<String>,
    followers: Option<String>,
}

impl Actor {
    /// An actor that an object names by its id, or tells more of.
    pub(crate) fn named(value: &Value, id: Option<String>) -> Option<Self> {
        let id = id?;
        Self::of(value).or_else(|| {
            Some(Self {
                name: id.clone(),
                id,
                handle: None,
                url: None,
                followers: None,
            })
        })
    }

    /// Reads `actor.json`; `None` without an id.
    pub(crate) fn of(value: &Value) -> Option<Self> {
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

/// Makes posts of the activities of an outbox, and of objects.
#[derive(Debug)]
pub(crate) struct Reader<'a, 'b> {
    pub(crate) origin: &'b Origin<'a>,
    /// Folder of the outbox in the container, with `/` at its end.
    pub(crate) folder: &'b str,
    pub(crate) actor: Option<&'b Actor>,
}

impl Reader<'_, '_> {
    /// Reads one activity; `bytes` are kept as the original, without hashes of e-mail addresses.
    pub(crate) fn activity(&self, activity: &Value, bytes: &[u8]) -> Result<Parsed, String> {
        let object = activity.get("object").unwrap_or(&Value::Null);
        let kind = text(activity, "type").unwrap_or_default();
        let mut parsed = match kind.as_str() {
            "Create" | "Update" if text(object, "type").as_deref() == Some("Tombstone") => {
                self.deleted(activity, object)
            }
            "Create" | "Update" => self.status(activity, object)?,
            "Announce" => self.repost(activity, object)?,
            "Delete" => self.deleted(activity, object),
            "" => return Err(refusal::lacks("aktiviteten", refusal::TYPE, "type")),
            _ => {
                return Err(
                    "aktiviteten är ingen av Create, Update, Announce och Delete".to_owned(),
                );
            }
        };
        Self::keep(&mut parsed, bytes);
        Ok(parsed)
    }

    /// Reads an object that stands without its activity.
    pub(crate) fn object(&self, object: &Value, bytes: &[u8]) -> Result<Parsed, String> {
        let mut parsed = match text(object, "type").as_deref() {
            Some("Tombstone") => self.deleted(&Value::Null, object),
            Some(kind) if OBJECTS.contains(&kind) => self.status(&Value::Null, object)?,
            Some(_) => return Err("objektets typ är inget inlägg".to_owned()),
            None => return Err(refusal::lacks("objektet", refusal::TYPE, "type")),
        };
        Self::keep(&mut parsed, bytes);
        Ok(parsed)
    }

    fn keep(parsed: &mut Parsed, bytes: &[u8]) {
        let (original, pointers) = redact::redact_bytes(bytes, &|_, _| None);
        parsed.original = original;
        parsed.post.redactions = pointers;
    }

    fn status(&self, activity: &Value, object: &Value) -> Result<Parsed, String> {
        if !object.is_object() {
            return Err(
                "aktiviteten har bara en adress i fältet object, inte inlägget självt".to_owned(),
            );
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
                key: Some(self.origin.key(&answered)),
                url: web_address(&answered),
                platform_id: Some(answered),
                author_hint: None,
            });
        }
        let media = self.attachments(object, &mut post)?;
        Ok(finish(post, Vec::new(), media))
    }

    /// Another's post shown again; its text is not in the archive.
    fn repost(&self, activity: &Value, object: &Value) -> Result<Parsed, String> {
        let shown = id_of(object).ok_or(refusal::NOTHING_SHOWN)?;
        let mut post = self.blank(activity, id_of(activity));
        post.kind = PostKind::Repost;
        post.author = self.author(activity.get("actor"));
        post.visibility = self.visibility(activity);
        post.links.extend(web_address(&shown));
        Ok(finish(post, Vec::new(), Vec::new()))
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
        finish(post, Vec::new(), Vec::new())
    }

    fn blank(&self, activity: &Value, id: Option<String>) -> Post {
        let mut post = draft::blank(self.origin, id);
        post.author = self.author(None);
        if let Some(time) = text(activity, "published")
            .as_deref()
            .and_then(time::rfc3339)
        {
            post.posted_at = time;
        }
        post
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
                width: None,
                height: None,
                duration_ms: None,
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
                if let Some(member) = self.origin.source.container.find(&name) {
                    media.push(draft::present(
                        &self.origin.source,
                        &mut attachment,
                        member,
                    )?);
                }
            }
            post.attachments.push(attachment);
        }
        Ok(media)
    }
}

/// The narrower of two; where only one is addressed at all, that one.
fn narrower(one: Visibility, other: Visibility) -> Visibility {
    match (one, other) {
        (Visibility::Unknown, known) | (known, Visibility::Unknown) => known,
        (one, other) => one.max(other),
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
