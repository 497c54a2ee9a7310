//! Replies of Flickr's interface saved as files: photos (`flickr.photos.getInfo`, or lists of them), the public's comments
//! on them (`flickr.photos.comments.getList`) and the account (`flickr.people.getInfo`).

use serde_json::Value;

use crate::model::post::{
    Author, AuthorRole, Counts, InReplyTo, Post, PostKind, PostTime, RoleBasis, Visibility,
};
use crate::model::text::normalised;
use crate::platform::container::Container;
use crate::platform::draft::{self, finish};
use crate::platform::error::PlatformError;
use crate::platform::flickr::{alias_of, comment_id, private};
use crate::platform::html::{LineEnds, push_unique, web_address};
use crate::platform::meta;
use crate::platform::object::{many, number, text, word};
use crate::platform::redact;
use crate::platform::refusal;
use crate::platform::replies::{self, At, Known, Out, Replies};
use crate::platform::time;
use crate::platform::{Importer, Items, Parsed, Source};

/// Reads saved replies of Flickr's interface.
#[derive(Debug)]
pub(crate) struct FlickrApi;

impl Importer for FlickrApi {
    fn name(&self) -> &'static str {
        "flickr-api"
    }

    fn title(&self) -> &'static str {
        "Flickrs API-svar"
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

impl Replies for FlickrApi {
    fn importer(&self) -> &'static dyn Importer {
        &Self
    }

    fn platform(&self) -> &'static str {
        "flickr"
    }

    /// A comment tells its photo by the list that it stands in, so each reply is read whole.
    fn arrays(&self) -> &'static [&'static str] {
        &[]
    }

    fn is_reply(&self, head: &str) -> bool {
        let has = |name: &str| head.contains(&format!("\"{name}\""));
        let is_wrapped = has("_content") && (has("nsid") || has("photo_id"));
        let is_listed = has("photo") && has("secret") && has("farm");
        let is_empty = has("comments") && has("photo_id") && has("stat");
        is_wrapped || is_listed || is_empty
    }

    fn learn(&self, item: &Value, _array: &str, known: &mut Known) {
        let people = item.get("person").into_iter();
        let owners = photos(item).filter_map(|(_, photo)| photo.get("owner"));
        for person in people.chain(owners) {
            let nsid = word(person, "nsid").or_else(|| person.as_str().map(str::to_owned));
            let Some(nsid) = nsid else { continue };
            let names = [
                text(person, "path_alias"),
                content(person, "username"),
                Some(nsid.clone()),
            ];
            for name in names.into_iter().flatten() {
                known.ids.insert(name.to_lowercase(), nsid.clone());
            }
            if let Some(name) = content(person, "realname").or_else(|| content(person, "username"))
            {
                known.names.insert(nsid, name);
            }
        }
    }

    fn learned(&self, source: &Source<'_>, known: &mut Known) {
        known
            .addresses
            .push(meta::site(source.address, "flickr.com"));
        let registered = alias_of(source.address).map(str::to_lowercase);
        let own = registered.and_then(|alias| known.ids.get(&alias).cloned());
        known.own.extend(own);
    }

    fn posts(&self, at: &At<'_, '_>, item: &Value, _bytes: &[u8], out: &mut Out) {
        let mut any = false;
        for (below, told) in photos(item) {
            any = true;
            out.post(photo(at, &below, told));
        }
        if let Some(list) = item.get("comments") {
            any = true;
            let under = word(list, "photo_id");
            for (number, told) in many(list.get("comment")).enumerate() {
                let below = format!("/comments/comment/{number}");
                out.post(comment(at, &below, told, under.as_deref()));
            }
        }
        if !any {
            let what = if item.get("person").is_some() {
                "account"
            } else {
                "other_reply"
            };
            out.skip(what);
        }
    }
}

/// The photos of a reply and where they stand in it: one, or a list.
fn photos(item: &Value) -> impl Iterator<Item = (String, &Value)> {
    let one = item
        .get("photo")
        .filter(|photo| photo.is_object())
        .map(|photo| ("/photo".to_owned(), photo));
    let lists = ["photos", "photoset"].into_iter().flat_map(move |name| {
        let list = item.get(name).and_then(|list| list.get("photo"));
        many(list)
            .enumerate()
            .map(move |(number, photo)| (format!("/{name}/photo/{number}"), photo))
    });
    one.into_iter().chain(lists)
}

/// A text, or the one that an object wraps as `_content`.
fn content(item: &Value, name: &str) -> Option<String> {
    text(item, name).or_else(|| text(item.get(name)?, "_content"))
}

/// A time in Unix seconds, written as text.
fn moment(item: &Value, name: &str) -> Option<PostTime> {
    time::unix(word(item, name)?.parse().ok()?, 1)
}

fn author(at: &At<'_, '_>, nsid: Option<String>, name: Option<String>) -> Author {
    let mut author = draft::unknown_author();
    let known = nsid.as_ref().and_then(|nsid| at.known.names.get(nsid));
    let name = name.or_else(|| known.cloned());
    author.name = name.map(|name| normalised(&name)).unwrap_or_default();
    if let Some(nsid) = &nsid
        && !at.known.own.is_empty()
    {
        (author.role, author.role_basis) = if at.known.own.contains(nsid) {
            (AuthorRole::Authority, RoleBasis::OwnAccountId)
        } else {
            (AuthorRole::Public, RoleBasis::OtherId)
        };
    }
    author.url = nsid
        .as_deref()
        .map(|nsid| format!("https://www.flickr.com/people/{nsid}/"));
    author.platform_id = nsid;
    author
}

fn ended(mut post: Post, item: &Value) -> Parsed {
    let mut object = item.clone();
    post.redactions = redact::redact(&mut object, &private);
    finish(post, object.to_string().into_bytes(), Vec::new())
}

fn photo(at: &At<'_, '_>, below: &str, item: &Value) -> Result<Parsed, String> {
    let refused = |what: &str| format!("{what} ({below})");
    let id =
        word(item, "id").ok_or_else(|| refused(&refusal::lacks("bilden", refusal::ID, "id")))?;
    let origin = at.origin(below);
    let mut post = draft::blank(&origin, Some(id.clone()));
    let is_film = text(item, "media").as_deref() == Some("video");
    post.kind = if is_film {
        PostKind::Video
    } else {
        PostKind::Photo
    };
    let owner = item.get("owner");
    let nsid =
        owner.and_then(|owner| word(owner, "nsid").or_else(|| owner.as_str().map(str::to_owned)));
    post.author = author(at, nsid.clone(), None);
    post.author.handle = owner.and_then(|owner| text(owner, "path_alias"));
    let dates = item.get("dates");
    let posted = dates.and_then(|dates| moment(dates, "posted"));
    let uploaded = moment(item, "dateuploaded").or_else(|| moment(item, "dateupload"));
    // A list has no time unless it was asked for.
    if let Some(time) = posted.or(uploaded) {
        post.posted_at = time;
    }
    post.title = content(item, "title").and_then(|title| draft::line(&title));
    let written = content(item, "description").unwrap_or_default();
    draft::set_html(&mut post, written, LineEnds::Kept);
    post.visibility = visibility(item.get("visibility").unwrap_or(item));
    let page = many(item.pointer("/urls/url")).find_map(|url| text(url, "_content"));
    let named = nsid.map(|nsid| format!("https://www.flickr.com/photos/{nsid}/{id}/"));
    post.permalink = page.or(named).as_deref().and_then(web_address);
    let comments = item.get("comments");
    let comments = comments.and_then(|comments| number(comments, "_content"));
    post.counts = Some(Counts {
        replies: comments,
        views: number(item, "views"),
        ..Counts::default()
    });
    let listed = text(item, "tags").unwrap_or_default();
    let listed = listed.split_whitespace().map(str::to_owned);
    let wrapped = many(item.pointer("/tags/tag"));
    let wrapped = wrapped.filter_map(|tag| text(tag, "raw").or_else(|| text(tag, "_content")));
    for tag in wrapped.chain(listed) {
        push_unique(&mut post.tags, normalised(&tag));
    }
    if let Some(address) = original(item, &id) {
        let kind = if is_film { "video" } else { "image" };
        draft::add_remote(&mut post, &address, kind, None);
    }
    Ok(ended(post, item))
}

/// Where the picture lies: told, or made of its parts as Flickr documents it (flickr.com/services/api/misc.urls.html).
fn original(item: &Value, id: &str) -> Option<String> {
    if let Some(told) = text(item, "url_o").and_then(|url| web_address(&url)) {
        return Some(told);
    }
    let server = word(item, "server")?;
    let whole = text(item, "originalsecret").zip(text(item, "originalformat"));
    let name = match whole {
        Some((secret, format)) => format!("{id}_{secret}_o.{format}"),
        None => format!("{id}_{}_b.jpg", text(item, "secret")?),
    };
    web_address(&format!("https://live.staticflickr.com/{server}/{name}"))
}

/// Who may see a photo; friends, family or nobody where it is not everyone.
fn visibility(item: &Value) -> Visibility {
    match number(item, "ispublic") {
        Some(1) => Visibility::Public,
        Some(0) => Visibility::Limited,
        _ => Visibility::Unknown,
    }
}

fn comment(
    at: &At<'_, '_>,
    below: &str,
    item: &Value,
    under: Option<&str>,
) -> Result<Parsed, String> {
    let refused = |what: &str| format!("{what} ({below})");
    let told = word(item, "id")
        .ok_or_else(|| refused(&refusal::lacks("kommentaren", refusal::ID, "id")))?;
    let url = text(item, "permalink");
    let id = comment_id(url.as_deref(), Some(&told));
    let origin = at.origin(below);
    let mut post = draft::blank(&origin, id.map(|id| format!("c{id}")));
    post.source_id = Some(told);
    post.kind = PostKind::Comment;
    post.author = author(at, word(item, "author"), text(item, "authorname"));
    post.author.handle = text(item, "path_alias");
    post.posted_at = moment(item, "datecreate")
        .ok_or_else(|| refused(&refusal::lacks("kommentaren", refusal::TIME, "datecreate")))?;
    let written = text(item, "_content").unwrap_or_default();
    draft::set_html(&mut post, written, LineEnds::Kept);
    post.permalink = url.as_deref().and_then(web_address);
    post.thread_root = under.map(|under| origin.key(under));
    post.in_reply_to = under.map(|under| InReplyTo {
        key: Some(origin.key(under)),
        platform_id: Some(under.to_owned()),
        ..InReplyTo::default()
    });
    Ok(ended(post, item))
}
