//! Replies of WordPress's REST interface saved as files: posts, pages, comments, revisions and users. Keys are the ones
//! that the site's WXR export gives, so that both can be taken in one after the other.

use serde_json::Value;

use crate::model::digest::Sha256Hex;
use crate::model::post::{
    Author, AuthorRole, Edit, InReplyTo, Post, PostKind, PostState, RoleBasis, StateValue,
    Visibility,
};
use crate::model::text::normalised;
use crate::platform::container::Container;
use crate::platform::draft::{self, finish};
use crate::platform::error::PlatformError;
use crate::platform::html::{self, LineEnds, web_address};
use crate::platform::object::{many, text, word};
use crate::platform::redact::{self, EMAIL, IP};
use crate::platform::refusal;
use crate::platform::replies::{self, At, Known, Out, Replies};
use crate::platform::time;
use crate::platform::{Importer, Items, Parsed, Source};

/// Reads saved replies of the REST interface.
#[derive(Debug)]
pub(crate) struct WordPressRest;

impl Importer for WordPressRest {
    fn name(&self) -> &'static str {
        "wordpress-rest"
    }

    fn title(&self) -> &'static str {
        "WordPress REST-svar"
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

impl Replies for WordPressRest {
    fn importer(&self) -> &'static dyn Importer {
        &Self
    }

    fn platform(&self) -> &'static str {
        "wordpress"
    }

    fn arrays(&self) -> &'static [&'static str] {
        &[]
    }

    fn is_reply(&self, head: &str) -> bool {
        let has = |name: &str| head.contains(&format!("\"{name}\""));
        has("rendered") && has("date_gmt")
            || has("slug") && has("avatar_urls") && has("_links")
            || has("namespace") && head.contains("\"wp") && has("endpoints")
    }

    fn learn(&self, item: &Value, _array: &str, known: &mut Known) {
        if is_revision(item) {
            learn_revision(item, known);
        } else if item.get("avatar_urls").is_some() {
            if let (Some(id), Some(name)) = (word(item, "id"), text(item, "name")) {
                known.own.insert(id.clone());
                known.names.insert(id, name);
            }
        } else if !is_comment(item) {
            for author in many(item.pointer("/_embedded/author")) {
                if let (Some(id), Some(name)) = (word(author, "id"), text(author, "name")) {
                    known.names.insert(id, name);
                }
            }
            // Whoever wrote a post is a user of the site, and so is the author when commenting.
            if let Some(id) = word(item, "author").filter(|id| id != "0") {
                known.own.insert(id);
            }
        }
    }

    fn posts(&self, at: &At<'_, '_>, item: &Value, bytes: &[u8], out: &mut Out) {
        if is_revision(item) {
            out.skip("revision");
        } else if item.get("avatar_urls").is_some() {
            out.skip("user");
        } else if item.pointer("/content/rendered").is_none() {
            out.skip(match text(item, "type").as_deref() {
                Some("attachment") => "attachment",
                _ => "other_reply",
            });
        } else if is_comment(item) {
            out.post(comment(at, item, bytes));
        } else {
            out.post(post(at, item, bytes));
        }
    }
}

fn is_comment(item: &Value) -> bool {
    item.get("post").is_some() && item.get("author_name").is_some()
}

fn is_revision(item: &Value) -> bool {
    item.get("type").is_none()
        && item.get("parent").is_some()
        && text(item, "slug").is_some_and(|slug| slug.contains("-revision-v"))
}

fn learn_revision(item: &Value, known: &mut Known) {
    let (Some(parent), Some(content)) = (word(item, "parent"), rendered(item, "content")) else {
        return;
    };
    let plain = html::plain(&content, LineEnds::Space).text;
    let at = text(item, "modified_gmt");
    known.versions.entry(parent).or_default().push(Edit {
        seq: 0,
        at: at
            .as_deref()
            .and_then(time::wordpress_gmt)
            .and_then(|time| time.utc),
        text_sha256: Some(Sha256Hex::of(plain.as_bytes())),
        text: Some(plain),
        observed: true,
        basis: "revisions".to_owned(),
    });
}

fn rendered(item: &Value, name: &str) -> Option<String> {
    let value = item.get(name)?;
    text(value, "rendered").or_else(|| text(value, "raw"))
}

fn post(at: &At<'_, '_>, item: &Value, bytes: &[u8]) -> Result<Parsed, String> {
    let id = word(item, "id").ok_or_else(|| refusal::lacks("inlägget", refusal::ID, "id"))?;
    let mut post = draft::blank(&at.origin(""), Some(format!("p{id}")));
    let kind = text(item, "type").unwrap_or_default();
    post.kind = if kind == "page" {
        PostKind::Page
    } else {
        PostKind::Post
    };
    if !matches!(kind.as_str(), "post" | "page") {
        post.warnings.push("custom-post-type".to_owned());
    }
    post.title = rendered(item, "title").as_deref().and_then(draft::line);
    post.permalink = text(item, "link").as_deref().and_then(web_address);
    posted(&mut post, item);
    post.edited_at = text(item, "modified_gmt")
        .as_deref()
        .and_then(time::wordpress_gmt)
        .filter(|edited| edited.utc != post.posted_at.utc);
    let locked = item
        .pointer("/content/protected")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let status = text(item, "status").unwrap_or_default();
    let (visibility, value) = match status.as_str() {
        "publish" if locked => (Visibility::Limited, StateValue::Live),
        "publish" => (Visibility::Public, StateValue::Live),
        "private" => (Visibility::Limited, StateValue::Hidden),
        "draft" | "pending" | "future" | "auto-draft" => (Visibility::Draft, StateValue::Hidden),
        "trash" => (Visibility::Unknown, StateValue::DeletedByAuthority),
        _ => (Visibility::Unknown, StateValue::NotObserved),
    };
    post.visibility = visibility;
    post.state = state(value, &status);
    let author = word(item, "author").filter(|id| id != "0");
    post.author = Author {
        name: author
            .as_ref()
            .and_then(|id| at.known.names.get(id))
            .map(|name| normalised(name))
            .unwrap_or_default(),
        role: if author.is_some() {
            AuthorRole::Authority
        } else {
            AuthorRole::Unknown
        },
        role_basis: if author.is_some() {
            RoleBasis::WpUserId
        } else {
            RoleBasis::None
        },
        platform_id: author,
        ..draft::unknown_author()
    };
    let html = rendered(item, "content").unwrap_or_default();
    draft::set_html(&mut post, html, LineEnds::Space);
    for media in many(item.pointer("/_embedded/wp:featuredmedia")) {
        if let Some(address) = text(media, "source_url").as_deref().and_then(web_address) {
            let kind = html::kind_of_address(&address);
            draft::add_remote(&mut post, &address, kind, text(media, "alt_text"));
        }
    }
    post.edits = earlier(at, &id, &post.text);
    let told = item
        .pointer("/_links/version-history/0/count")
        .and_then(Value::as_u64);
    if post.edits.is_empty() && told.is_some_and(|count| count > 1) {
        post.warnings.push("revisions-not-included".to_owned());
    }
    Ok(finished(post, bytes))
}

/// Revisions of the post, the oldest first, but for the one that is shown.
fn earlier(at: &At<'_, '_>, id: &str, shown: &str) -> Vec<Edit> {
    let mut versions = at.known.versions.get(id).cloned().unwrap_or_default();
    versions.sort_by_key(|version| version.at);
    if versions
        .last()
        .is_some_and(|newest| newest.text.as_deref() == Some(shown))
    {
        versions.pop();
    }
    for (version, seq) in versions.iter_mut().zip(1..) {
        version.seq = seq;
    }
    versions
}

fn comment(at: &At<'_, '_>, item: &Value, bytes: &[u8]) -> Result<Parsed, String> {
    let id = word(item, "id").ok_or_else(|| refusal::lacks("kommentaren", refusal::ID, "id"))?;
    let origin = at.origin("");
    let mut post = draft::blank(&origin, Some(format!("c{id}")));
    post.kind = PostKind::Comment;
    post.permalink = text(item, "link").as_deref().and_then(web_address);
    posted(&mut post, item);
    let status = text(item, "status").unwrap_or_default();
    let (visibility, value) = match status.as_str() {
        // What the open interface shows, everyone sees.
        "approved" | "approve" => (Visibility::Public, StateValue::Live),
        "hold" | "spam" => (Visibility::Limited, StateValue::HeldForModeration),
        "trash" => (Visibility::Unknown, StateValue::DeletedByAuthority),
        _ => (Visibility::Unknown, StateValue::NotObserved),
    };
    post.visibility = visibility;
    post.state = state(value, &status);
    let user = word(item, "author").unwrap_or_default();
    let pingback = matches!(
        text(item, "type").as_deref(),
        Some("pingback" | "trackback")
    );
    let (role, role_basis) = match user.as_str() {
        _ if pingback => (AuthorRole::Unknown, RoleBasis::None),
        "0" => (AuthorRole::Public, RoleBasis::Guest),
        "" => (AuthorRole::Unknown, RoleBasis::None),
        id if at.known.own.contains(id) => (AuthorRole::Authority, RoleBasis::WpUserId),
        _ => (AuthorRole::Unknown, RoleBasis::OtherId),
    };
    post.author = Author {
        name: text(item, "author_name")
            .as_deref()
            .and_then(draft::line)
            .unwrap_or_default(),
        url: text(item, "author_url")
            .as_deref()
            .and_then(web_address)
            .map(|address| redact::without_avatar_hash(&address).unwrap_or(address)),
        platform_id: Some(user).filter(|user| !matches!(user.as_str(), "" | "0")),
        role,
        role_basis,
        handle: None,
    };
    let root = word(item, "post")
        .filter(|id| id != "0")
        .map(|id| format!("p{id}"));
    let parent = word(item, "parent")
        .filter(|id| id != "0")
        .map(|id| format!("c{id}"));
    post.thread_root = root.as_deref().map(|id| origin.key(id));
    post.in_reply_to = parent.or(root).map(|id| InReplyTo {
        key: Some(origin.key(&id)),
        platform_id: Some(id),
        url: None,
        author_hint: None,
    });
    if pingback {
        post.warnings.push("pingback".to_owned());
    }
    let html = rendered(item, "content").unwrap_or_default();
    draft::set_html(&mut post, html, LineEnds::Space);
    Ok(finished(post, bytes))
}

fn posted(post: &mut Post, item: &Value) {
    let gmt = text(item, "date_gmt");
    let local = text(item, "date");
    if let Some(time) = gmt.as_deref().and_then(time::wordpress_gmt) {
        post.posted_at = time;
    } else if let Some(time) = local.as_deref().and_then(time::wordpress_local) {
        post.posted_at = time;
        post.warnings.push("zone-assumed".to_owned());
    }
}

fn state(value: StateValue, status: &str) -> PostState {
    let plain = status.len() <= 20 && status.bytes().all(|byte| byte.is_ascii_lowercase());
    PostState {
        value,
        at: None,
        basis: format!("status={}", if plain { status } else { "?" }),
    }
}

/// Keeps the platform's object without what points to a person's e-mail or computer.
fn finished(mut post: Post, bytes: &[u8]) -> Parsed {
    let (original, pointers) = redact::redact_bytes(bytes, &|path, text| {
        let wanted = !text.trim().is_empty();
        match path.last().map(String::as_str) {
            Some("author_email") if wanted => Some(EMAIL.to_owned()),
            Some("author_ip") if wanted => Some(IP.to_owned()),
            _ => None,
        }
    });
    post.redactions = pointers;
    finish(post, original, Vec::new())
}
