//! JSON Feed 1.0 and 1.1 (jsonfeed.org).

use serde_json::Value;

use crate::model::post::{AuthorRole, Completeness, Post, RoleBasis, Visibility};
use crate::model::text::normalised;
use crate::platform::container::Container;
use crate::platform::draft::{self, finish};
use crate::platform::error::PlatformError;
use crate::platform::html::{self, LineEnds, push_unique, web_address};
use crate::platform::object::{many, number, text, word};
use crate::platform::redact;
use crate::platform::replies::{self, At, Known, Out, Replies};
use crate::platform::time;
use crate::platform::{Importer, Items, Parsed, Source};

/// Reads JSON Feed.
#[derive(Debug)]
pub(crate) struct JsonFeed;

impl Importer for JsonFeed {
    fn name(&self) -> &'static str {
        "json-feed"
    }

    fn title(&self) -> &'static str {
        "JSON Feed"
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

impl Replies for JsonFeed {
    fn importer(&self) -> &'static dyn Importer {
        &Self
    }

    fn platform(&self) -> &'static str {
        "feed"
    }

    fn source_kind(&self) -> &'static str {
        "feed"
    }

    fn arrays(&self) -> &'static [&'static str] {
        &["items"]
    }

    fn is_reply(&self, head: &str) -> bool {
        head.contains("jsonfeed.org/version")
    }

    fn learn(&self, _item: &Value, _array: &str, _known: &mut Known) {}

    fn posts(&self, at: &At<'_, '_>, item: &Value, bytes: &[u8], out: &mut Out) {
        if item.get("version").is_some() && item.get("id").is_none() {
            // A feed without items.
            out.skip("feed");
        } else {
            out.post(post(at, item, bytes));
        }
    }

    fn completeness(&self, _known: &Known) -> Completeness {
        Completeness::Window
    }
}

fn post(at: &At<'_, '_>, item: &Value, bytes: &[u8]) -> Result<Parsed, String> {
    if !item.is_object() {
        return Err("posten är inget JSON-objekt".to_owned());
    }
    let mut post = draft::blank(&at.origin(""), word(item, "id"));
    post.visibility = Visibility::Public;
    post.permalink = text(item, "url").as_deref().and_then(web_address);
    post.title = text(item, "title").map(|title| normalised(&title));
    post.lang = text(item, "language");
    match (text(item, "content_html"), text(item, "content_text")) {
        (Some(html), _) => draft::set_html(&mut post, html, LineEnds::Space),
        (None, Some(plain)) => draft::set_text(&mut post, &plain),
        (None, None) => {
            let summary = text(item, "summary").unwrap_or_default();
            draft::set_text(&mut post, &summary);
        }
    }
    if let Some(told) = text(item, "date_published") {
        if let Some(time) = time::rfc3339(&told) {
            post.posted_at = time;
        } else {
            post.posted_at.original = told;
        }
    }
    post.edited_at = text(item, "date_modified")
        .as_deref()
        .and_then(time::rfc3339)
        .filter(|edited| edited.utc != post.posted_at.utc);
    for tag in many(item.get("tags")).filter_map(Value::as_str) {
        push_unique(&mut post.tags, normalised(tag));
    }
    if let Some(address) = text(item, "external_url").as_deref().and_then(web_address) {
        push_unique(&mut post.links, address);
    }
    attachments(&mut post, item);
    let author = many(item.get("authors"))
        .chain(many(item.get("author")))
        .next();
    if let Some(author) = author {
        post.author.name = text(author, "name")
            .map(|name| normalised(&name))
            .unwrap_or_default();
        post.author.url = text(author, "url").as_deref().and_then(web_address);
    }
    let page = post.permalink.as_deref().and_then(html::host_of);
    if page.is_some() && page == html::host_of(at.source.address) {
        (post.author.role, post.author.role_basis) =
            (AuthorRole::Authority, RoleBasis::OwnAccountId);
    }
    let (original, pointers) = redact::redact_bytes(bytes, &|_, _| None);
    post.redactions = pointers;
    Ok(finish(post, original, Vec::new()))
}

fn attachments(post: &mut Post, item: &Value) {
    for name in ["image", "banner_image"] {
        if let Some(address) = text(item, name).as_deref().and_then(web_address) {
            draft::add_remote(post, &address, "image", None);
        }
    }
    for told in many(item.get("attachments")) {
        let Some(address) = text(told, "url").as_deref().and_then(web_address) else {
            post.warnings.push("attachment-without-address".to_owned());
            continue;
        };
        let media_type = text(told, "mime_type");
        let kind = match media_type
            .as_deref()
            .and_then(|told| told.split('/').next())
        {
            Some("image") => "image",
            Some("video") => "video",
            Some("audio") => "audio",
            _ => html::kind_of_address(&address),
        };
        draft::add_remote(post, &address, kind, None);
        if let Some(last) = post.attachments.last_mut() {
            last.media_type = media_type;
            last.name = text(told, "title");
            last.duration_ms =
                number(told, "duration_in_seconds").map(|seconds| seconds.saturating_mul(1000));
        }
    }
}
