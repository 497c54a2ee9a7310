//! From an item of RSS or an entry of Atom to a normalised post.

use crate::model::digest::Sha256Hex;
use crate::model::json;
use crate::model::post::{
    Author, AuthorRole, Counts, InReplyTo, Post, PostKind, PostTime, RoleBasis, Visibility,
};
use crate::model::text::normalised;
use crate::platform::draft::{self, Origin, finish};
use crate::platform::feed::Feed;
use crate::platform::html::{self, LineEnds, push_unique, web_address};
use crate::platform::redact::{self, EMAIL};
use crate::platform::refusal;
use crate::platform::time;
use crate::platform::wxr::xml::{Head, Node};
use crate::platform::{Parsed, Source};

/// The site that a feed says it is of.
pub(super) fn site(head: &Head) -> Option<String> {
    head.children
        .iter()
        .find_map(|node| match node.name.as_str() {
            "link" => web_address(node.text.trim()),
            "atom:link" if node.attribute("rel").is_none_or(|rel| rel == "alternate") => {
                node.attribute("href").and_then(web_address)
            }
            _ => None,
        })
}

/// Makes posts of items.
#[derive(Debug)]
pub(super) struct Reader<'a, 'b> {
    pub(super) source: Source<'a>,
    pub(super) member: usize,
    pub(super) sha256: Option<Sha256Hex>,
    pub(super) head: &'b Head,
    /// From 1.
    pub(super) number: usize,
}

impl<'a> Reader<'a, '_> {
    fn origin(&self, platform: &'static str, path: &str) -> Origin<'a> {
        Origin {
            source: self.source,
            importer: &Feed,
            platform,
            source_kind: "feed",
            member: self.member,
            member_sha256: self.sha256.clone(),
            locator: format!("{path}[{}]", self.number),
        }
    }

    /// An item of RSS.
    pub(super) fn rss(&self, node: &Node) -> Result<Parsed, String> {
        let link = node.value("link").and_then(web_address);
        let guid = node.child("guid");
        let permanent = guid
            .filter(|guid| guid.attribute("isPermaLink") != Some("false"))
            .and_then(|guid| web_address(guid.text.trim()));
        let id = node
            .value("guid")
            .map(str::to_owned)
            .or_else(|| link.clone());
        let origin = self.origin("feed", "/rss/channel/item");
        let mut post = draft::blank(&origin, id);
        post.permalink = link.or(permanent);
        post.title = node.value("title").and_then(draft::line);
        let body = node
            .value("content:encoded")
            .or_else(|| node.value("description"))
            .unwrap_or_default();
        draft::set_html(&mut post, body.to_owned(), LineEnds::Space);
        Self::posted(
            &mut post,
            &[
                node.value("pubDate"),
                node.value("dc:date"),
                node.value("atom:published"),
            ],
        );
        // RSS's own author is an e-mail address with the name behind it.
        let told = node.value("dc:creator").or_else(|| node.value("author"));
        post.author.name = told.map(without_email).unwrap_or_default();
        for category in node.all("category") {
            let tag = normalised(category.text.trim());
            if !tag.is_empty() {
                push_unique(&mut post.tags, tag);
            }
        }
        for enclosure in node.all("enclosure") {
            file(
                &mut post,
                enclosure.attribute("url"),
                enclosure.attribute("type"),
            );
        }
        Self::media(&mut post, node);
        post.counts = node
            .value("slash:comments")
            .and_then(|count| count.parse().ok())
            .map(|replies| Counts {
                replies: Some(replies),
                ..Counts::default()
            });
        self.close(post, node, &origin)
    }

    /// An entry of Atom; `raw` is its text, for the XHTML in it.
    pub(super) fn atom(&self, node: &Node, raw: &str) -> Result<Parsed, String> {
        let video = node.value("yt:videoId").map(str::to_owned);
        let platform = if video.is_some() { "youtube" } else { "feed" };
        let origin = self.origin(platform, "/feed/entry");
        let id = video
            .clone()
            .or_else(|| node.value("atom:id").map(str::to_owned));
        let mut post = draft::blank(&origin, id);
        for link in node.all("atom:link") {
            let address = link.attribute("href").and_then(web_address);
            match link.attribute("rel").unwrap_or("alternate") {
                "alternate" if post.permalink.is_none() => post.permalink = address,
                "enclosure" => file(&mut post, link.attribute("href"), link.attribute("type")),
                _ => {}
            }
        }
        post.title = node.child("atom:title").and_then(|title| {
            let escaped = matches!(title.attribute("type"), Some("html" | "xhtml"));
            if escaped {
                draft::line(&title.text)
            } else {
                Some(normalised(title.text.trim()))
            }
        });
        let name = ["content", "summary"]
            .into_iter()
            .find(|name| node.child(&format!("atom:{name}")).is_some());
        if let Some(body) = name.and_then(|name| node.child(&format!("atom:{name}"))) {
            match body.attribute("type").unwrap_or("text") {
                "html" | "text/html" => {
                    draft::set_html(&mut post, body.text.clone(), LineEnds::Space);
                }
                "xhtml" => {
                    let html = inner(raw, name.unwrap_or_default()).unwrap_or_default();
                    draft::set_html(&mut post, html.to_owned(), LineEnds::Space);
                }
                _ => draft::set_text(&mut post, body.text.trim()),
            }
        }
        let updated = node.value("atom:updated");
        Self::posted(&mut post, &[node.value("atom:published"), updated]);
        post.edited_at = updated
            .and_then(time::rfc3339)
            .filter(|edited| edited.utc != post.posted_at.utc);
        self.atom_author(&mut post, node);
        for category in node.all("atom:category") {
            let term = category
                .attribute("label")
                .or_else(|| category.attribute("term"));
            push_unique(&mut post.tags, normalised(term.unwrap_or_default()));
        }
        post.tags.retain(|tag| !tag.is_empty());
        if let Some(answered) = node.child("thr:in-reply-to") {
            let url = answered.attribute("href").and_then(web_address);
            let id = answered
                .attribute("ref")
                .map(str::to_owned)
                .or_else(|| url.clone());
            post.in_reply_to = Some(InReplyTo {
                key: id.as_deref().map(|id| origin.key(id)),
                platform_id: id,
                url,
                author_hint: None,
            });
        }
        Self::media(&mut post, node);
        if video.is_some() {
            post.kind = PostKind::Video;
        }
        self.close(post, node, &origin)
    }

    fn atom_author(&self, post: &mut Post, node: &Node) {
        // An entry without an author has the feed's (RFC 4287 §4.2.1).
        let author = node.child("atom:author").or_else(|| {
            self.head
                .children
                .iter()
                .find(|one| one.name == "atom:author")
        });
        if let Some(author) = author {
            post.author.name = author
                .value("atom:name")
                .map(without_email)
                .unwrap_or_default();
            post.author.url = author.value("atom:uri").and_then(web_address);
        }
        post.author.platform_id = node.value("yt:channelId").map(str::to_owned);
    }

    fn posted(post: &mut Post, told: &[Option<&str>]) {
        let told: Vec<_> = told.iter().flatten().collect();
        let read = |text: &&&str| -> Option<PostTime> {
            time::rfc2822(text).or_else(|| time::rfc3339(text))
        };
        if let Some(time) = told.iter().find_map(read) {
            post.posted_at = time;
        } else if let Some(time) = told.iter().find_map(|text| time::without_zone(text)) {
            post.posted_at = time;
            push_unique(&mut post.warnings, "zone-assumed".to_owned());
        } else if let Some(text) = told.first() {
            // An odd time is kept as it stands and never made up.
            (**text).clone_into(&mut post.posted_at.original);
        }
    }

    /// Media RSS: pictures, films, descriptions and counts (rssboard.org/media-rss).
    fn media(post: &mut Post, node: &Node) {
        let groups: Vec<_> = node.all("media:group").chain([node]).collect();
        for group in groups {
            for content in group.all("media:content") {
                file(post, content.attribute("url"), content.attribute("type"));
            }
            for thumbnail in group.all("media:thumbnail") {
                file(post, thumbnail.attribute("url"), Some("image/*"));
            }
            if post.text.is_empty() {
                draft::set_text(post, group.value("media:description").unwrap_or_default());
            }
            let community = group.child("media:community");
            let count = |element: &str, name: &str| {
                let told = community?.child(element)?.attribute(name)?;
                told.parse().ok()
            };
            let views = count("media:statistics", "views");
            let likes = count("media:starRating", "count");
            if views.is_some() || likes.is_some() {
                post.counts = Some(Counts {
                    likes,
                    views,
                    ..Counts::default()
                });
            }
        }
    }

    /// What RSS and Atom share: role, visibility, and the platform's object without addresses of persons.
    fn close(&self, mut post: Post, node: &Node, origin: &Origin<'_>) -> Result<Parsed, String> {
        post.visibility = Visibility::Public;
        let comment = post
            .permalink
            .as_deref()
            .is_some_and(|address| address.contains("#comment-"));
        if comment || post.in_reply_to.is_some() {
            post.kind = PostKind::Comment;
        }
        set_role(&mut post, self.source.address, origin.platform);
        post.lang = self
            .head
            .children
            .iter()
            .find(|child| child.name == "language")
            .map(|child| child.text.trim().to_owned())
            .filter(|lang| !lang.is_empty() && lang.len() <= 20);
        post.repairs = node.repairs("");
        let mut original = node.to_json("");
        post.redactions = redact::redact(&mut original, &|path, text| {
            let author = path.iter().any(|name| {
                matches!(
                    name.as_str(),
                    "author" | "atom:author" | "atom:email" | "dc:creator" | "atom:contributor"
                )
            });
            (author && holds_email(text)).then(|| EMAIL.to_owned())
        });
        let original = json::to_line(&original).map_err(|error| refusal::unwritable(&error))?;
        Ok(finish(post, original.into_bytes(), Vec::new()))
    }
}

/// What the account's own site or channel publishes is the municipality's, comments are whoever's.
fn set_role(post: &mut Post, address: &str, platform: &str) {
    let own = if platform == "youtube" {
        let channel = post.author.platform_id.as_deref().unwrap_or_default();
        let ends = |part: &str| !channel.is_empty() && part == channel;
        address.split('/').any(ends)
    } else {
        let page = post.permalink.as_deref().and_then(html::host_of);
        page.is_some() && page == html::host_of(address)
    };
    if own && post.kind != PostKind::Comment {
        post.author.role = AuthorRole::Authority;
        post.author.role_basis = RoleBasis::OwnAccountId;
    } else {
        post.author = Author {
            role: AuthorRole::Unknown,
            role_basis: RoleBasis::None,
            ..post.author.clone()
        };
    }
}

fn file(post: &mut Post, address: Option<&str>, media_type: Option<&str>) {
    let Some(address) = address.and_then(web_address) else {
        return;
    };
    let by_type = match media_type.and_then(|told| told.split('/').next()) {
        Some("image") => Some("image"),
        Some("video") => Some("video"),
        Some("audio") => Some("audio"),
        _ => None,
    };
    let kind = by_type.unwrap_or_else(|| html::kind_of_address(&address));
    let before = post.attachments.len();
    draft::add_remote(post, &address, kind, None);
    if let Some(added) = post.attachments.get_mut(before) {
        added.media_type = media_type
            .filter(|told| !told.is_empty() && !told.ends_with('*'))
            .map(str::to_owned);
    }
}

/// What stands between the tags of the first element of this name.
fn inner<'t>(raw: &'t str, name: &str) -> Option<&'t str> {
    let (_, after) = raw.split_once(&format!("<{name}"))?;
    let (_, inside) = after.split_once('>')?;
    inside
        .rsplit_once(&format!("</{name}"))
        .map(|(inside, _)| inside)
}

fn holds_email(text: &str) -> bool {
    text.split_whitespace().any(|word| {
        word.split_once('@')
            .is_some_and(|(before, after)| !before.is_empty() && after.contains('.'))
    })
}

/// The name in `mail@example.se (Name)`; nothing where there is an address only.
fn without_email(text: &str) -> String {
    let text = normalised(text.trim());
    if !holds_email(&text) {
        return text;
    }
    let name = text
        .split_whitespace()
        .filter(|word| !holds_email(word))
        .collect::<Vec<_>>()
        .join(" ");
    name.trim_matches(['(', ')']).to_owned()
}
