//! From an element of WXR to a normalised post.

use serde_json::Value;

use crate::model::digest::Sha256Hex;
use crate::model::json;
use crate::model::post::{
    Author, AuthorRole, InReplyTo, PostKind, PostState, PostTime, Precision, RoleBasis, StateValue,
    Visibility, ZoneBasis,
};
use crate::model::text::normalised;
use crate::platform::draft::{self, Origin};
use crate::platform::html::{self, LineEnds, push_unique, web_address};
use crate::platform::redact::{self, EMAIL, IP, META, PASSWORD};
use crate::platform::refusal;
use crate::platform::time;
use crate::platform::wxr::xml::Node;
use crate::platform::wxr::{Site, Wxr};
use crate::platform::{Parsed, Source};

/// Where an item stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'b> {
    pub(super) member: usize,
    /// The file's digest, where it lies in an archive or folder.
    pub(super) sha256: Option<&'b Sha256Hex>,
    /// From 1 in its file.
    pub(super) item: usize,
}

/// A file that WordPress knows of.
#[derive(Clone, Debug)]
pub(super) struct Attached {
    url: String,
    title: Option<String>,
}

/// The attachment that an item is.
pub(super) fn attached(node: &Node) -> Option<Attached> {
    if node.value("wp:post_type") != Some("attachment") {
        return None;
    }
    let url = node.value("wp:attachment_url").and_then(web_address)?;
    let title = node.value("title").map(normalised);
    Some(Attached {
        url: hidden(&url),
        title,
    })
}

/// Makes posts of elements.
#[derive(Debug)]
pub(super) struct Reader<'a, 'b> {
    pub(super) source: Source<'a>,
    pub(super) site: &'b Site,
    pub(super) place: Place<'b>,
}

/// What differs between posts and comments.
struct Draft {
    id: Option<(char, String)>,
    kind: PostKind,
    author: Author,
    posted_at: PostTime,
    state: PostState,
    visibility: Visibility,
    html: String,
    title: Option<String>,
    original: Value,
    redactions: Vec<String>,
    locator: String,
    repairs: Vec<String>,
    warnings: Vec<String>,
}

impl Reader<'_, '_> {
    /// A post, a page or an item of the site's own content type.
    pub(super) fn post(&self, node: &Node, kind: &str) -> Result<Parsed, String> {
        let mut warnings = Vec::new();
        if !matches!(kind, "post" | "page") {
            warnings.push("custom-post-type".to_owned());
        }
        if node
            .children
            .iter()
            .filter(|child| child.name == "wp:post_id")
            .count()
            > 1
        {
            warnings.push("duplicate-element".to_owned());
        }
        let mut original = node.to_json("wp:comment");
        let redactions = redact::redact(&mut original, &|path, text| {
            let secret =
                path.len() == 1 && path[0] == "wp:post_password" && !text.trim().is_empty();
            secret.then(|| PASSWORD.to_owned())
        });
        let (visibility, state) = standing(node);
        let posted_at = posted(node, ["wp:post_date_gmt", "wp:post_date"], &mut warnings);
        let mut html = hidden(
            node.child("content:encoded")
                .map_or("", |content| &content.text),
        );
        if let Some(excerpt) = node
            .value("excerpt:encoded")
            .filter(|excerpt| !html.contains(*excerpt))
        {
            // The summary was published too, above the text.
            html = format!("{}\n\n{html}", hidden(excerpt));
        }
        let author = self.post_author(node, &mut warnings);
        let draft = Draft {
            id: plain_id(node.value("wp:post_id"), &mut warnings).map(|id| ('p', id)),
            kind: if kind == "page" {
                PostKind::Page
            } else {
                PostKind::Post
            },
            author,
            posted_at,
            state,
            visibility,
            html,
            title: node
                .value("title")
                .map(|title| html::plain(title, LineEnds::Space).text),
            original,
            redactions,
            locator: format!("/rss/channel/item[{}]", self.place.item),
            repairs: node.repairs("wp:comment"),
            warnings,
        };
        let mut parsed = self.finish(draft)?;
        parsed.post.permalink = node.value("link").and_then(web_address);
        parsed.post.lang.clone_from(&self.site.language);
        parsed.post.edited_at = node
            .value("wp:post_modified_gmt")
            .and_then(time::wordpress_gmt)
            .filter(|edited| edited.utc != parsed.post.posted_at.utc);
        for category in node
            .children
            .iter()
            .filter(|child| child.name == "category")
        {
            push_unique(&mut parsed.post.tags, normalised(category.text.trim()));
        }
        parsed.post.tags.retain(|tag| !tag.is_empty());
        self.attach(node, &mut parsed)?;
        Ok(parsed)
    }

    /// A comment or pingback.
    pub(super) fn comment(
        &self,
        node: &Node,
        number: usize,
        post_id: Option<&str>,
        parent: Option<&(Visibility, String)>,
    ) -> Result<Parsed, String> {
        let mut warnings = Vec::new();
        let pingback = matches!(
            node.value("wp:comment_type"),
            Some("pingback" | "trackback")
        );
        if pingback {
            warnings.push("pingback".to_owned());
        }
        let mut original = node.to_json("");
        let redactions = redact_comment(&mut original, node);
        let (held, state) = comment_standing(node);
        let visibility = match held {
            Some(held) => held,
            // A comment is seen by whoever sees the post; of a post that is not known nothing is known.
            None => parent.map_or(Visibility::Unknown, |(visibility, _)| *visibility),
        };
        let posted_at = posted(
            node,
            ["wp:comment_date_gmt", "wp:comment_date"],
            &mut warnings,
        );
        let draft = Draft {
            id: plain_id(node.value("wp:comment_id"), &mut warnings).map(|id| ('c', id)),
            kind: PostKind::Comment,
            author: self.comment_author(node, pingback),
            posted_at,
            state,
            visibility,
            html: hidden(
                node.child("wp:comment_content")
                    .map_or("", |content| &content.text),
            ),
            title: None,
            original,
            redactions,
            locator: format!(
                "/rss/channel/item[{}]/wp:comment[{number}]",
                self.place.item
            ),
            repairs: node.repairs(""),
            warnings,
        };
        let mut parsed = self.finish(draft)?;
        let root = parent
            .map(|(_, key)| key.clone())
            .or_else(|| post_id.map(|id| self.key(&format!("p{id}"))));
        let answered = node.value("wp:comment_parent").filter(|id| *id != "0");
        parsed.post.in_reply_to = match (answered, &root) {
            (Some(id), _) => Some(InReplyTo {
                key: Some(self.key(&format!("c{id}"))),
                platform_id: Some(format!("c{id}")),
                url: None,
                author_hint: None,
            }),
            (None, Some(root)) => Some(InReplyTo {
                key: Some(root.clone()),
                platform_id: post_id.map(|id| format!("p{id}")),
                url: None,
                author_hint: None,
            }),
            (None, None) => None,
        };
        parsed.post.thread_root = root;
        Ok(parsed)
    }

    fn key(&self, id: &str) -> String {
        format!("wordpress:{}:{id}", self.source.account)
    }

    fn finish(&self, draft: Draft) -> Result<Parsed, String> {
        let line_ends = if draft.html.contains("<!-- wp:") {
            LineEnds::Space
        } else {
            LineEnds::Kept
        };
        let platform_id = draft
            .id
            .as_ref()
            .map(|(letter, id)| format!("{letter}{id}"));
        let origin = Origin {
            source: self.source,
            importer: &Wxr,
            platform: "wordpress",
            source_kind: "platform_export",
            member: self.place.member,
            member_sha256: self.place.sha256.cloned(),
            locator: draft.locator,
        };
        let mut post = draft::blank(&origin, platform_id);
        post.source_id = draft.id.map(|(_, id)| id);
        post.kind = draft.kind;
        post.author = draft.author;
        post.posted_at = draft.posted_at;
        post.state = draft.state;
        post.visibility = draft.visibility;
        post.title = draft.title;
        post.repairs = draft.repairs;
        post.warnings = draft.warnings;
        post.redactions = draft.redactions;
        draft::set_html(&mut post, draft.html, line_ends);
        let original =
            json::to_line(&draft.original).map_err(|error| refusal::unwritable(&error))?;
        Ok(draft::finish(post, original.into_bytes(), Vec::new()))
    }

    /// A user of the site wrote it, if the export lists the login among its authors.
    fn post_author(&self, node: &Node, warnings: &mut Vec<String>) -> Author {
        let login = node.value("dc:creator").unwrap_or_default();
        let id = self.site.logins.get(login);
        if id.is_none() {
            warnings.push("author-not-listed".to_owned());
        }
        Author {
            name: normalised(self.site.names.get(login).map_or(login, String::as_str)),
            handle: (!login.is_empty()).then(|| login.to_owned()),
            platform_id: id.filter(|id| !id.is_empty()).cloned(),
            url: None,
            role: if id.is_some() {
                AuthorRole::Authority
            } else {
                AuthorRole::Unknown
            },
            role_basis: if id.is_some() {
                RoleBasis::WpUserId
            } else {
                RoleBasis::None
            },
        }
    }

    fn comment_author(&self, node: &Node, pingback: bool) -> Author {
        let user = node.value("wp:comment_user_id");
        let (role, role_basis) = match user {
            _ if pingback => (AuthorRole::Unknown, RoleBasis::None),
            Some("0") => (AuthorRole::Public, RoleBasis::Guest),
            Some(id) if self.site.ids.contains(id) => (AuthorRole::Authority, RoleBasis::WpUserId),
            Some(_) => (AuthorRole::Unknown, RoleBasis::OtherId),
            None => (AuthorRole::Unknown, RoleBasis::None),
        };
        let name = node.value("wp:comment_author").unwrap_or_default();
        Author {
            name: html::plain(name, LineEnds::Space).text,
            handle: None,
            platform_id: user.filter(|id| *id != "0").map(str::to_owned),
            url: node
                .value("wp:comment_author_url")
                .and_then(web_address)
                .map(|address| hidden(&address)),
            role,
            role_basis,
        }
    }

    /// Adds the files that WordPress says belong to the post, and takes in those that the container holds.
    fn attach(&self, node: &Node, parsed: &mut Parsed) -> Result<(), String> {
        let id = node.value("wp:post_id").unwrap_or_default();
        let own = self.site.by_parent.get(id).into_iter().flatten();
        let shown = node
            .children
            .iter()
            .filter(|meta| {
                meta.name == "wp:postmeta" && meta.value("wp:meta_key") == Some("_thumbnail_id")
            })
            .filter_map(|meta| self.site.by_id.get(meta.value("wp:meta_value")?));
        for attached in own.chain(shown) {
            let before = parsed.post.attachments.len();
            let kind = html::kind_of_address(&attached.url);
            draft::add_remote(&mut parsed.post, &attached.url, kind, None);
            if let Some(added) = parsed.post.attachments.get_mut(before) {
                added.name.clone_from(&attached.title);
            }
        }
        for attachment in &mut parsed.post.attachments {
            let Some(member) =
                upload_path(&attachment.source_uri).and_then(|path| self.site.uploads.get(&path))
            else {
                continue;
            };
            parsed
                .media
                .push(draft::present(&self.source, attachment, *member)?);
        }
        Ok(())
    }
}

/// The part of an address below `uploads/`, with percent-encoding taken away.
fn upload_path(address: &str) -> Option<String> {
    let path = address.split(['?', '#']).next()?;
    let (_, below) = path.rsplit_once("uploads/")?;
    html::without_percent(below)
}

/// `text` without hashes of e-mail addresses.
fn hidden(text: &str) -> String {
    redact::without_avatar_hash(text).unwrap_or_else(|| text.to_owned())
}

/// An id of digits; anything else is no id of WordPress.
fn plain_id(id: Option<&str>, warnings: &mut Vec<String>) -> Option<String> {
    let plain = id
        .filter(|id| *id != "0" && id.len() <= 20 && id.bytes().all(|byte| byte.is_ascii_digit()));
    if plain.is_none() {
        warnings.push("id-missing".to_owned());
    }
    plain.map(str::to_owned)
}

/// The time from the member in UTC, else the one in the site's time, else `pubDate`.
fn posted(node: &Node, names: [&str; 2], warnings: &mut Vec<String>) -> PostTime {
    let [gmt, local] = names.map(|name| node.value(name));
    if let Some(time) = gmt.and_then(time::wordpress_gmt) {
        return time;
    }
    if let Some(time) = local.and_then(time::wordpress_local) {
        warnings.push("zone-assumed".to_owned());
        return time;
    }
    if let Some(time) = node.value("pubDate").and_then(time::rfc2822) {
        return time;
    }
    warnings.push("time-missing".to_owned());
    PostTime {
        utc: None,
        original: gmt.or(local).unwrap_or_default().to_owned(),
        precision: Precision::Second,
        zone_basis: ZoneBasis::UtcByFormat,
    }
}

/// Who may see a post and where it stands, by its status and password.
fn standing(node: &Node) -> (Visibility, PostState) {
    let status = node.value("wp:status").unwrap_or_default();
    let locked = node.value("wp:post_password").is_some();
    let (visibility, value) = match status {
        "publish" if locked => (Visibility::Limited, StateValue::Live),
        "publish" => (Visibility::Public, StateValue::Live),
        "private" => (Visibility::Limited, StateValue::Hidden),
        "draft" | "pending" | "future" | "auto-draft" => (Visibility::Draft, StateValue::Hidden),
        "trash" => (Visibility::Unknown, StateValue::DeletedByAuthority),
        _ => (Visibility::Unknown, StateValue::NotObserved),
    };
    (visibility, state(value, "wp:status", status))
}

/// Who may see a comment, where that does not follow its post, and where it stands.
fn comment_standing(node: &Node) -> (Option<Visibility>, PostState) {
    let approved = node.value("wp:comment_approved").unwrap_or_default();
    let (visibility, value) = match approved {
        "1" | "approve" | "approved" => (None, StateValue::Live),
        "0" | "hold" | "spam" => (Some(Visibility::Limited), StateValue::HeldForModeration),
        "trash" | "post-trashed" => (Some(Visibility::Unknown), StateValue::DeletedByAuthority),
        _ => (Some(Visibility::Unknown), StateValue::NotObserved),
    };
    (visibility, state(value, "wp:comment_approved", approved))
}

fn state(value: StateValue, member: &str, told: &str) -> PostState {
    // Only WordPress's own words are repeated; what else stands there is somebody's text.
    let told = if told.len() <= 20
        && told
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        told
    } else {
        "?"
    };
    PostState {
        value,
        at: None,
        basis: format!("{member}={told}"),
    }
}

/// Takes out the commenter's e-mail and IP address, wherever they stand beside the comment's own text.
fn redact_comment(original: &mut Value, node: &Node) -> Vec<String> {
    let email = node.value("wp:comment_author_email");
    let ip = node.value("wp:comment_author_IP");
    redact::redact(original, &|path, text| {
        if text.trim().is_empty() {
            return None;
        }
        let holds = |secret: Option<&str>| secret.is_some_and(|secret| text.contains(secret));
        match path.first().map(String::as_str) {
            Some("wp:comment_author_email") => Some(EMAIL.to_owned()),
            Some("wp:comment_author_IP") => Some(IP.to_owned()),
            Some("wp:comment_content" | "wp:comment_author") => None,
            // What plugins such as spam filters keep of the sender is serialised in ways of their own.
            Some("wp:commentmeta") if path.last().map(String::as_str) == Some("wp:meta_value") => {
                let personal = holds(email)
                    || holds(ip)
                    || text.contains("comment_author_email")
                    || text.contains("user_ip");
                personal.then(|| META.to_owned())
            }
            _ if holds(email) => Some(EMAIL.to_owned()),
            _ if holds(ip) => Some(IP.to_owned()),
            _ => None,
        }
    })
}
