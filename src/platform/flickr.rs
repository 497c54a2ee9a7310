//! Flickr's export: a JSON file for each photo with the public's comments on it, own comments on others' photos, letters and
//! discussions, and the pictures in zips beside it. Times have no zone.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::model::post::{
    Author, AuthorRole, Completeness, Counts, InReplyTo, Post, PostKind, Recipient, RoleBasis,
    Visibility,
};
use crate::model::text::normalised;
use crate::platform::container::{Container, Shape};
use crate::platform::draft::{self, finish};
use crate::platform::error::PlatformError;
use crate::platform::html::{self, LineEnds, push_unique, web_address};
use crate::platform::meta;
use crate::platform::object::{self, many, number, text, word};
use crate::platform::refusal;
use crate::platform::replies::{self, At, Known, Out, Replies};
use crate::platform::{Importer, Items, Media, Parsed, Source, media, redact};

/// The photo that a file of the export is of: its name ends with it, or with `_o` after it.
static FILE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"_(\d{8,})(?:_[a-z])?\.[A-Za-z0-9]+$").ok());
/// The number of a comment at the end of its address.
static COMMENT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"#comment(\d+)$").ok());

/// Reads Flickr's export.
#[derive(Debug)]
pub(crate) struct Flickr;

impl Importer for Flickr {
    fn name(&self) -> &'static str {
        "flickr"
    }

    fn title(&self) -> &'static str {
        "Flickrs export"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn recognises(&self, container: &Container) -> Result<bool, PlatformError> {
        replies::recognises(self, container)
    }

    fn parts(&self) -> bool {
        true
    }

    fn read<'a>(&self, source: &Source<'a>) -> Result<Box<dyn Items + 'a>, PlatformError> {
        replies::read(&Self, source)
    }
}

/// Longest list of albums that is read.
const ALBUMS: u64 = 64 * 1024 * 1024;
/// What is counted beside photos: lists of own comments on others' photos, and photos that albums name and no file tells of.
const OWN_COMMENTS: &str = "own_comments";
const MISSING: &str = "missing_photos";
const MAIL: &str = "flickrmail";
const DISCUSSIONS: [&str; 2] = ["discussions", "group_discussions"];

impl Replies for Flickr {
    fn importer(&self) -> &'static dyn Importer {
        &Self
    }

    fn platform(&self) -> &'static str {
        "flickr"
    }

    fn source_kind(&self) -> &'static str {
        "platform_export"
    }

    fn arrays(&self) -> &'static [&'static str] {
        &[MAIL, DISCUSSIONS[0], DISCUSSIONS[1]]
    }

    fn shapes(&self) -> &'static [Shape] {
        &[Shape::Object]
    }

    fn is_reply(&self, head: &str) -> bool {
        let has = |name: &str| head.contains(&format!("\"{name}\""));
        if has("_content") {
            return false;
        }
        let is_photo = has("photopage") && (has("date_imported") || has("privacy"));
        let of_a_photo = has("photo_id") || has("photoset_id") || has("set_id");
        let told = has("comment") || has("message");
        let is_discussion = DISCUSSIONS.iter().any(|name| has(name)) && head.contains("flickr.com");
        let is_account = has("nsid") && has("screen_name");
        is_photo
            || is_account
            || is_discussion
            || has(MAIL)
            || (has("comments") && of_a_photo && told)
    }

    fn learn(&self, item: &Value, _array: &str, known: &mut Known) {
        if is_account(item) {
            known.own.extend(text(item, "nsid"));
            known.own_name = text(item, "screen_name").or_else(|| text(item, "real_name"));
        }
        let pages = [text(item, "photopage"), text(item, "profile_url")];
        for alias in pages.iter().flatten().filter_map(|page| alias_of(page)) {
            known.own_handle = Some(alias.to_owned());
        }
        if is_photo(item) {
            *known.counted.entry("photo".to_owned()).or_default() += 1;
            // Own comments on own photos stand in a file of own comments too.
            let ids = many(item.get("comments")).filter_map(id_of);
            known.shown.extend(ids);
            known
                .counted
                .entry(photo_key(word(item, "id").as_deref()))
                .or_default();
        } else if item.get("comments").is_some() {
            *known.counted.entry(OWN_COMMENTS.to_owned()).or_default() += 1;
        }
    }

    fn learned(&self, source: &Source<'_>, known: &mut Known) {
        let names = source.container.members().iter().map(|member| &member.name);
        // The files that tell of photos are named after them too.
        let is_json = |name: &str| {
            let end = name.rsplit_once('.').map(|(_, end)| end);
            end.is_some_and(|end| end.eq_ignore_ascii_case("json"))
        };
        for name in names.filter(|name| !is_json(name)) {
            let found = FILE.as_ref().and_then(|file| file.captures(name));
            if let Some(id) = found.and_then(|found| found.get(1)) {
                // Two files of one photo: which it is, nothing tells.
                let entry = known.ids.entry(format!("file {}", id.as_str()));
                entry
                    .and_modify(String::clear)
                    .or_insert_with(|| name.clone());
            }
        }
        albums(source, known);
        notes(source, known);
        known
            .addresses
            .push(meta::site(source.address, "flickr.com"));
    }

    fn posts(&self, at: &At<'_, '_>, item: &Value, _bytes: &[u8], out: &mut Out) {
        if at.file.array == MAIL {
            return out.post(mail(at, item));
        }
        if DISCUSSIONS.contains(&at.file.array) {
            return out.post(discussion(at, item));
        }
        if is_account(item) {
            return out.skip("account");
        }
        let is_photo = is_photo(item);
        if is_photo {
            out.post(photo(at, item));
        } else if item.get("comments").is_none() {
            return out.skip("other_reply");
        }
        let on = is_photo.then_some(item);
        for (number, told) in many(item.get("comments")).enumerate() {
            if on.is_none() && id_of(told).is_some_and(|id| at.known.shown.contains(&id)) {
                out.skip("same_item_again");
                continue;
            }
            let below = format!("/comments/{number}");
            let read = comment(at, &below, told, on);
            out.post(read.map_err(|reason| format!("{reason} ({below})")));
        }
    }

    fn completeness(&self, known: &Known) -> Completeness {
        // An export may be of the letters and comments alone, or without some of its files.
        let has = |what: &str| known.counted.contains_key(what);
        if has("photo") && has(OWN_COMMENTS) && !has(MISSING) && !known.own.is_empty() {
            Completeness::Full
        } else {
            Completeness::Partial
        }
    }
}

/// Compares the photos that the albums name with those that the files tell of.
fn albums(source: &Source<'_>, known: &mut Known) {
    let container = source.container;
    let is_albums = |member: &usize| media::last(container.name_of(*member)) == "albums.json";
    let Some(member) = (0..container.members().len()).find(is_albums) else {
        return;
    };
    // Where it cannot be read nothing is known to be missing, and nothing to be there.
    let told = container.whole(member, ALBUMS).ok();
    let told = told.and_then(|bytes| object::parse(&bytes).ok());
    let Some((told, _)) = told else {
        known.counted.insert(MISSING.to_owned(), 1);
        known.notes.push(
            "albums.json går inte att läsa; om alla bilder är med kan inte kontrolleras."
                .to_owned(),
        );
        return;
    };
    let albums = many(told.get("albums"));
    let named: BTreeSet<String> = albums
        .flat_map(|album| many(album.get("photos")))
        .filter_map(|photo| {
            let plain = photo.as_str().map(str::to_owned);
            let number = || photo.as_u64().map(|id| id.to_string());
            word(photo, "id").or(plain).or_else(number)
        })
        // An album that lost its photo keeps a nought in its place.
        .filter(|id| id != "0")
        .collect();
    let is_there = |id: &&String| known.counted.contains_key(&photo_key(Some(id)));
    let missing = named.iter().filter(|id| !is_there(id)).count();
    if missing > 0 {
        known.counted.insert(MISSING.to_owned(), missing as u64);
        known.notes.push(format!(
            "Albumen nämner {missing} bilder som inte är med: läs in alla delar av exporten på en gång."
        ));
    }
}

fn photo_key(id: Option<&str>) -> String {
    format!("photo {}", id.unwrap_or_default())
}

fn notes(source: &Source<'_>, known: &mut Known) {
    known.notes.push(
        "Flickr anger inte hur många bilder kontot har; om alla är med kan inte kontrolleras. Allmänhetens kommentarer på bilderna är med."
            .to_owned(),
    );
    if !known.counted.contains_key(OWN_COMMENTS) {
        known.notes.push(
            "Exporten saknar kontots egna kommentarer på andras bilder (photos_comments_part001.json)."
                .to_owned(),
        );
    }
    if known.own.is_empty() {
        known.notes.push(
            "account_profile.json saknas: vem som skrivit kommentarerna kan inte avgöras."
                .to_owned(),
        );
    }
    if let Some((own, registered)) = known.own_handle.as_deref().zip(alias_of(source.address))
        && !is_own(source, known)
    {
        known.notes.push(format!(
            "Exporten är av {own}, inte av {registered} som står i registret."
        ));
    }
}

fn is_account(item: &Value) -> bool {
    item.get("nsid").is_some() && item.get("screen_name").is_some()
}

fn is_photo(item: &Value) -> bool {
    item.get("photopage").is_some()
}

/// `exempelkoping` of `https://www.flickr.com/photos/exempelkoping/53000000001/`, or the number that stands in its place.
pub(crate) fn alias_of(address: &str) -> Option<&str> {
    let mut parts = address.split('/');
    parts.find(|part| matches!(*part, "photos" | "people"))?;
    parts.next().filter(|alias| !alias.is_empty())
}

/// Whether the export is of the account in the register, which is told by its alias or number, or not at all.
fn is_own(source: &Source<'_>, known: &Known) -> bool {
    let Some(registered) = alias_of(source.address) else {
        return true;
    };
    let alias = known.own_handle.as_deref();
    known.own.contains(registered)
        || alias.is_none_or(|alias| alias.eq_ignore_ascii_case(registered))
}

/// Whoever made the export.
fn own_author(at: &At<'_, '_>) -> Author {
    let mut author = draft::unknown_author();
    let name = at.known.own_name.as_deref().unwrap_or_default();
    author.name = normalised(name);
    author.handle.clone_from(&at.known.own_handle);
    author.platform_id = at.known.own.first().cloned();
    if is_own(&at.source, at.known) {
        (author.role, author.role_basis) = (AuthorRole::Authority, RoleBasis::OwnExport);
    }
    author
}

/// The author with the number, of whom the export tells nothing else.
fn author(at: &At<'_, '_>, nsid: Option<String>) -> Author {
    let mut author = draft::unknown_author();
    let own = nsid.as_ref().map(|id| at.known.own.contains(id));
    if own == Some(true) {
        author = own_author(at);
        if author.role == AuthorRole::Authority {
            author.role_basis = RoleBasis::OwnAccountId;
        }
    } else if own == Some(false) && !at.known.own.is_empty() {
        (author.role, author.role_basis) = (AuthorRole::Public, RoleBasis::OtherId);
    }
    author.url = nsid
        .as_deref()
        .map(|nsid| format!("https://www.flickr.com/people/{nsid}/"));
    author.platform_id = nsid;
    author
}

/// Where a picture was taken is not kept.
pub(crate) fn private(path: &[String], value: &str) -> Option<String> {
    let name = path.last()?.as_str();
    let placed = path
        .iter()
        .any(|part| matches!(part.as_str(), "geo" | "location"));
    if placed && matches!(name, "latitude" | "longitude" | "altitude") {
        return Some(redact::EXIF_GEO.to_owned());
    }
    meta::private(path, value)
}

/// Ends a post whose object is `item`, without what stands in posts of its own.
pub(crate) fn ended(mut post: Post, item: &Value, media: Vec<Media>) -> Parsed {
    let mut object = item.clone();
    if let Some(object) = object.as_object_mut()
        && object.get("comments").is_some_and(Value::is_array)
    {
        object.remove("comments");
    }
    post.redactions = redact::redact(&mut object, &private);
    finish(post, object.to_string().into_bytes(), media)
}

/// The first of the members that is there.
fn any(item: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| word(item, name))
}

fn photo(at: &At<'_, '_>, item: &Value) -> Result<Parsed, String> {
    let id = word(item, "id").ok_or_else(|| refusal::lacks("bilden", refusal::ID, "id"))?;
    let origin = at.origin("");
    let mut post = draft::blank(&origin, Some(id.clone()));
    post.kind = PostKind::Photo;
    post.author = own_author(at);
    post.permalink = text(item, "photopage").and_then(|page| web_address(&page));
    post.title = text(item, "name").and_then(|name| draft::line(&name));
    let written = text(item, "description").unwrap_or_default();
    draft::set_html(&mut post, written, LineEnds::Kept);
    // `date_taken` is what the camera says, and no time of publishing.
    draft::set_time(&mut post, &text(item, "date_imported").unwrap_or_default());
    post.visibility = visibility(item);
    post.counts = Some(Counts {
        likes: number(item, "count_faves"),
        replies: number(item, "count_comments"),
        shares: None,
        views: number(item, "count_views"),
        at: None,
    });
    for tag in many(item.get("tags")) {
        let tag = tag.as_str().map(str::to_owned).or_else(|| text(tag, "tag"));
        if let Some(tag) = tag {
            push_unique(&mut post.tags, normalised(&tag));
        }
    }
    let mut media = Vec::new();
    if let Some(url) = text(item, "original") {
        let kind = match html::kind_of_address(&url) {
            "file" => "image",
            kind => kind,
        };
        if kind == "video" {
            post.kind = PostKind::Video;
        }
        let before = post.attachments.len();
        draft::add_remote(&mut post, &url, kind, None);
        let named = at.known.ids.get(&format!("file {id}"));
        let path = named.map_or_else(|| media::last(&url), String::as_str);
        if let Some(attachment) = post.attachments.get_mut(before)
            && let Some(member) = at.known.files.find(path)
        {
            media.push(draft::present(&at.source, attachment, member)?);
        }
    }
    Ok(ended(post, item, media))
}

fn visibility(item: &Value) -> Visibility {
    match text(item, "privacy").as_deref() {
        Some("public") => Visibility::Public,
        Some(
            "private" | "friends" | "family" | "friend" | "friend & family" | "friends & family",
        ) => Visibility::Limited,
        _ => Visibility::Unknown,
    }
}

/// A comment, on the photo whose file it stands in or, in a file of own comments, on another's.
fn comment(
    at: &At<'_, '_>,
    below: &str,
    item: &Value,
    on: Option<&Value>,
) -> Result<Parsed, String> {
    let origin = at.origin(below);
    let mut post = draft::blank(&origin, id_of(item).map(|id| format!("c{id}")));
    post.source_id = any(item, &["id", "comment_id"]).or(post.source_id);
    post.kind = PostKind::Comment;
    post.author = match (any(item, &["user", "user_id"]), on) {
        (None, None) => own_author(at),
        (nsid, _) => author(at, nsid),
    };
    let date = any(item, &["date", "date_create", "created"]);
    draft::set_time(
        &mut post,
        &date.ok_or_else(|| refusal::lacks("kommentaren", refusal::TIME, "date"))?,
    );
    let written = any(item, &["comment", "message"])
        .ok_or_else(|| refusal::lacks("kommentaren", refusal::TEXT, "comment eller message"))?;
    draft::set_html(&mut post, written, LineEnds::Kept);
    post.permalink = any(item, &["url", "comment_url"]).and_then(|url| web_address(&url));
    let under = match on {
        Some(photo) => {
            post.visibility = visibility(photo);
            word(photo, "id")
        }
        None => word(item, "photo_id"),
    };
    post.thread_root = under.as_deref().map(|under| origin.key(under));
    let page = any(item, &["photo_url", "set_url", "photoset_url"]);
    post.in_reply_to = Some(InReplyTo {
        key: post.thread_root.clone(),
        platform_id: under,
        url: page.as_deref().and_then(web_address),
        author_hint: None,
    });
    Ok(ended(post, item, Vec::new()))
}

/// The number of a comment of the export.
fn id_of(item: &Value) -> Option<String> {
    let url = any(item, &["url", "comment_url"]);
    let told = any(item, &["id", "comment_id"]);
    comment_id(url.as_deref(), told.as_deref())
}

/// The number of a comment by its address or by the last part of its id: exports write either.
pub(crate) fn comment_id(url: Option<&str>, id: Option<&str>) -> Option<String> {
    let by_url = COMMENT
        .as_ref()
        .zip(url)
        .and_then(|(regex, url)| regex.captures(url)?.get(1));
    let id = id.and_then(|id| id.rsplit('-').next());
    by_url
        .map(|number| number.as_str())
        .or(id)
        .map(str::to_owned)
}

fn mail(at: &At<'_, '_>, item: &Value) -> Result<Parsed, String> {
    let id = word(item, "id").ok_or_else(|| refusal::lacks("meddelandet", refusal::ID, "id"))?;
    let origin = at.origin("");
    let mut post = draft::blank(&origin, Some(format!("m{id}")));
    post.source_id = Some(id);
    post.kind = PostKind::Message;
    post.visibility = Visibility::Direct;
    post.author = author(at, any(item, &["from", "from_user_id"]));
    let date = any(item, &["date_sent"])
        .ok_or_else(|| refusal::lacks("meddelandet", refusal::TIME, "date_sent"))?;
    draft::set_time(&mut post, &date);
    post.title = text(item, "subject").and_then(|subject| draft::line(&subject));
    let written = any(item, &["body", "message"]).unwrap_or_default();
    draft::set_html(&mut post, written, LineEnds::Kept);
    let name = any(item, &["to_user_name", "to_username"]).map(|name| normalised(&name));
    let to = any(item, &["to", "to_user_id"]);
    if name.is_some() || to.is_some() {
        post.recipients.push(Recipient {
            name,
            platform_id: to,
        });
    }
    Ok(ended(post, item, Vec::new()))
}

/// What the account wrote in a group.
fn discussion(at: &At<'_, '_>, item: &Value) -> Result<Parsed, String> {
    let origin = at.origin("");
    let mut post = draft::blank(&origin, None);
    post.author = own_author(at);
    let date = any(item, &["date", "date_create", "created"]);
    draft::set_time(
        &mut post,
        &date.ok_or_else(|| refusal::lacks("diskussionsinlägget", refusal::TIME, "date"))?,
    );
    let title = any(item, &["subject", "topic_title"]);
    post.title = title.and_then(|title| draft::line(&title));
    let written = any(item, &["message", "body"]).unwrap_or_default();
    draft::set_html(&mut post, written, LineEnds::Kept);
    post.permalink = text(item, "url").and_then(|url| web_address(&url));
    if text(item, "type").as_deref() == Some("reply") {
        post.kind = PostKind::Reply;
    }
    Ok(ended(post, item, Vec::new()))
}
