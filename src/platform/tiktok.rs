//! `TikTok`'s export in JSON, in the layouts with `Video` and with `Post`: own videos, own comments and messages. It holds no
//! ids, no films, none of the public's comments, and times without a zone.

use serde_json::Value;

use crate::model::post::{
    Author, AuthorRole, Completeness, Counts, InReplyTo, Post, PostKind, Recipient, RoleBasis,
    Visibility,
};
use crate::model::text::normalised;
use crate::platform::container::{Container, Shape};
use crate::platform::draft::{self, finish};
use crate::platform::error::PlatformError;
use crate::platform::html::web_address;
use crate::platform::meta;
use crate::platform::object::{number, text};
use crate::platform::refusal;
use crate::platform::replies::{self, At, Known, Out, Replies};
use crate::platform::{Importer, Items, Parsed, Source, redact};

/// Reads `TikTok`'s export.
#[derive(Debug)]
pub(crate) struct Tiktok;

impl Importer for Tiktok {
    fn name(&self) -> &'static str {
        "tiktok"
    }

    fn title(&self) -> &'static str {
        "TikToks export (JSON)"
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

/// Where lists lie in the newer layout and in the older one.
const VIDEOS: [&str; 2] = ["Post/Posts/VideoList", "Video/Videos/VideoList"];
const COMMENTS: &str = "Comment/Comments/CommentsList";
const CHATS: [&str; 2] = [
    "Direct Message/Direct Messages/ChatHistory/*",
    "Direct Messages/Chat History/ChatHistory/*",
];
const PROFILES: [&str; 2] = [
    "Profile And Settings/Profile Info/ProfileMap/",
    "Profile/Profile Information/ProfileMap/",
];

/// Members by which a file is told: the file begins with any of its sections.
const SIGNS: [&str; 12] = [
    "App Settings",
    "ChatHistory",
    "CommentsList",
    "FavoriteEffectsList",
    "FavoriteVideoList",
    "Favorite Videos",
    "ItemFavoriteList",
    "Like List",
    "ProfileMap",
    "Video Browsing History",
    "VideoList",
    "Watch History",
];

impl Replies for Tiktok {
    fn importer(&self) -> &'static dyn Importer {
        &Self
    }

    fn platform(&self) -> &'static str {
        "tiktok"
    }

    fn source_kind(&self) -> &'static str {
        "platform_export"
    }

    fn arrays(&self) -> &'static [&'static str] {
        &[
            VIDEOS[0],
            VIDEOS[1],
            COMMENTS,
            CHATS[0],
            CHATS[1],
            PROFILES[0],
            PROFILES[1],
        ]
    }

    fn shapes(&self) -> &'static [Shape] {
        &[Shape::Object]
    }

    fn is_reply(&self, head: &str) -> bool {
        let has = |name: &&&str| head.contains(&format!("\"{name}\""));
        SIGNS.iter().filter(has).count() >= 2
    }

    fn learn(&self, item: &Value, array: &str, known: &mut Known) {
        if PROFILES.contains(&array) {
            known.own_handle = text(item, "userName").or_else(|| known.own_handle.take());
        } else if let Some(table) = table(array) {
            *known.counted.entry(table.to_owned()).or_default() += 1;
        }
    }

    fn learned(&self, source: &Source<'_>, known: &mut Known) {
        known
            .addresses
            .push(meta::site(source.address, "tiktok.com"));
        known.notes.push(
            "TikTok anger inte hur många inlägg kontot har; om alla är med kan inte kontrolleras."
                .to_owned(),
        );
        let has = |table: &str| known.counted.contains_key(table);
        if has("video") {
            known.notes.push(
                "Filmerna är inte med i TikToks export, bara adresser som slutar gälla: ladda ned filmerna genast."
                    .to_owned(),
            );
        }
        let absent: Vec<_> = [("video", "filmer"), ("comment", "egna kommentarer")]
            .into_iter()
            .filter(|(table, _)| !has(table))
            .map(|(_, word)| word)
            .collect();
        if !absent.is_empty() {
            known.notes.push(format!(
                "Exporten rymmer inga {}.",
                absent.join(" och inga ")
            ));
        }
        if let Some((own, registered)) = known.own_handle.as_deref().zip(handle_of(source.address))
            && !own.eq_ignore_ascii_case(registered)
        {
            known.notes.push(format!(
                "Exporten är av @{own}, inte av @{registered} som står i registret."
            ));
        }
    }

    fn posts(&self, at: &At<'_, '_>, item: &Value, bytes: &[u8], out: &mut Out) {
        match table(at.file.array) {
            Some("video") => out.post(video(at, item, bytes)),
            Some("comment") => out.post(comment(at, item, bytes)),
            Some(_) => out.post(message(at, item, bytes)),
            None if PROFILES.contains(&at.file.array) => out.skip("account"),
            None => out.skip("other_reply"),
        }
    }

    fn completeness(&self, known: &Known) -> Completeness {
        // What an export without one of the lists says of the other is not known.
        let whole = ["video", "comment"]
            .iter()
            .all(|table| known.counted.contains_key(*table));
        if whole {
            Completeness::OwnOnly
        } else {
            Completeness::Partial
        }
    }
}

/// What the elements of a list are.
fn table(array: &str) -> Option<&'static str> {
    match array {
        COMMENTS => Some("comment"),
        _ if VIDEOS.contains(&array) => Some("video"),
        _ if CHATS.contains(&array) => Some("message"),
        _ => None,
    }
}

/// `exempelkoping` of `https://www.tiktok.com/@exempelkoping`.
fn handle_of(address: &str) -> Option<&str> {
    address.split('/').find_map(|part| part.strip_prefix('@'))
}

/// A member whose name begins with a capital letter in some sections; `N/A` is nothing.
fn either(item: &Value, name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    let told = text(item, name).or_else(|| text(item, &lower));
    told.filter(|told| told != "N/A")
}

/// The account itself, unless the register has another.
fn own_author(at: &At<'_, '_>) -> Author {
    let mut author = draft::unknown_author();
    let own = at.known.own_handle.clone();
    author.name = own.clone().unwrap_or_default();
    author.url = own
        .as_deref()
        .map(|own| format!("https://www.tiktok.com/@{own}"));
    let registered = handle_of(at.source.address);
    let other = own
        .as_deref()
        .zip(registered)
        .is_some_and(|(own, registered)| !own.eq_ignore_ascii_case(registered));
    author.handle = own;
    if !other {
        (author.role, author.role_basis) = (AuthorRole::Authority, RoleBasis::OwnExport);
    }
    author
}

/// Ends a post: what may not be kept of the object is replaced.
fn ended(mut post: Post, bytes: &[u8]) -> Parsed {
    let (original, pointers) = redact::redact_bytes(bytes, &meta::private);
    post.redactions = pointers;
    finish(post, original, Vec::new())
}

/// The number in an address of a video on the site.
fn video_id(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    let mut parts = url.path_segments()?;
    parts.find(|part| matches!(*part, "video" | "photo"))?;
    let id = parts.next()?;
    let is_id = (15..=20).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then(|| id.to_owned())
}

fn video(at: &At<'_, '_>, item: &Value, bytes: &[u8]) -> Result<Parsed, String> {
    let date =
        either(item, "Date").ok_or_else(|| refusal::lacks("filmen", refusal::TIME, "Date"))?;
    let link = either(item, "Link");
    let origin = at.origin("");
    let id = link.as_deref().and_then(video_id);
    let mut post = draft::blank(&origin, id);
    post.kind = PostKind::Video;
    post.author = own_author(at);
    draft::set_time(&mut post, &date);
    draft::set_text(&mut post, &either(item, "Title").unwrap_or_default());
    post.visibility = visibility(either(item, "WhoCanView").as_deref());
    post.place = either(item, "Location").map(|place| normalised(&place));
    post.counts = number(item, "Likes").map(|likes| Counts {
        likes: Some(likes),
        ..Counts::default()
    });
    if let Some(link) = link {
        if post.platform_id.is_some() {
            post.permalink = web_address(&link);
        }
        add_file(&mut post, item, "Link", "video");
    }
    Ok(ended(post, bytes))
}

/// Adds a file of which the export has an address in the member `name`. One that is signed is another in each export, so
/// the post tells where in the platform's object it stands; the site's own address of a video stays.
fn add_file(post: &mut Post, item: &Value, name: &str, kind: &str) {
    if let Some(page) = post.permalink.clone() {
        draft::add_remote(post, &page, kind, None);
        return;
    }
    let lower = name.to_lowercase();
    let name = if item.get(name).is_some() {
        name
    } else {
        &lower
    };
    draft::add_remote(post, &format!("original.json#/{name}"), kind, None);
    post.warnings.push("media-address-expires".to_owned());
}

fn visibility(told: Option<&str>) -> Visibility {
    match told {
        Some("Public" | "Everyone") => Visibility::Public,
        Some("Followers") => Visibility::Followers,
        Some("Friends" | "Private" | "Only me" | "Only you") => Visibility::Limited,
        _ => Visibility::Unknown,
    }
}

fn comment(at: &At<'_, '_>, item: &Value, bytes: &[u8]) -> Result<Parsed, String> {
    let date =
        either(item, "Date").ok_or_else(|| refusal::lacks("kommentaren", refusal::TIME, "Date"))?;
    let origin = at.origin("");
    let mut post = draft::blank(&origin, None);
    post.kind = PostKind::Comment;
    post.author = own_author(at);
    draft::set_time(&mut post, &date);
    draft::set_text(&mut post, &either(item, "Comment").unwrap_or_default());
    if either(item, "Photo").is_some() {
        add_file(&mut post, item, "Photo", "image");
    }
    if post.text.is_empty() && post.attachments.is_empty() {
        return Err(refusal::is_empty("kommentaren"));
    }
    if let Some(url) = either(item, "Url") {
        let id = video_id(&url);
        post.thread_root = id.as_deref().map(|id| origin.key(id));
        post.in_reply_to = Some(InReplyTo {
            key: post.thread_root.clone(),
            platform_id: id,
            url: web_address(&url),
            author_hint: None,
        });
    }
    Ok(ended(post, bytes))
}

/// A message; a conversation is named after whom it is with.
fn message(at: &At<'_, '_>, item: &Value, bytes: &[u8]) -> Result<Parsed, String> {
    let date =
        either(item, "Date").ok_or_else(|| refusal::lacks("meddelandet", refusal::TIME, "Date"))?;
    let list = at.list();
    let with = list.strip_prefix("Chat History with ").unwrap_or(&list);
    let with = with.strip_suffix(':').unwrap_or(with);
    let origin = at.origin("");
    let mut post = draft::blank(&origin, None);
    post.kind = PostKind::Message;
    post.visibility = Visibility::Direct;
    draft::set_time(&mut post, &date);
    draft::set_text(&mut post, &either(item, "Content").unwrap_or_default());
    post.thread_key = Some(origin.key(&format!("dm-{with}")));
    let from = either(item, "From").unwrap_or_default();
    let own = at.known.own_handle.as_deref();
    post.author = if own == Some(from.as_str()) {
        let mut author = own_author(at);
        if author.role == AuthorRole::Authority {
            author.role_basis = RoleBasis::OwnAccountId;
        }
        author
    } else {
        let mut author = draft::unknown_author();
        if own.is_some() && !from.is_empty() {
            (author.role, author.role_basis) = (AuthorRole::Public, RoleBasis::OtherId);
        }
        author.handle = (!from.is_empty()).then(|| from.clone());
        author.name.clone_from(&from);
        author
    };
    let to = if from == with { own } else { Some(with) };
    post.recipients = to
        .map(|to| Recipient {
            name: Some(normalised(to)),
            platform_id: None,
        })
        .into_iter()
        .collect();
    Ok(ended(post, bytes))
}
