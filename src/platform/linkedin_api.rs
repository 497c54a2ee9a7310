//! Replies of LinkedIn's interfaces for pages (DMA Pages Data Portability) saved as files: posts and comments by `BATCH_GET`
//! under their URN, or as lists, and the page itself. They hold the public's comments.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::model::post::{
    Author, AuthorRole, Counts, InReplyTo, Post, PostKind, PostTime, RoleBasis, Visibility,
};
use crate::model::text::normalised;
use crate::platform::container::Container;
use crate::platform::draft::{self, finish};
use crate::platform::error::PlatformError;
use crate::platform::html::{push_unique, web_address};
use crate::platform::linkedin::{is_page, visibility};
use crate::platform::meta;
use crate::platform::object::{many, number, text, word};
use crate::platform::redact;
use crate::platform::refusal;
use crate::platform::replies::{self, At, Known, Out, Replies};
use crate::platform::time;
use crate::platform::{Importer, Items, Parsed, Source};

/// How somebody is named in a text: `@[<name>](<urn>)`.
static MENTION: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"@\[([^\]]*)\]\((urn:li:[^)]*)\)").ok());
/// A hashtag: `{hashtag|\#|<tag>}`.
static HASHTAG: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\{hashtag\|\\?#\|([^}]*)\}").ok());
/// A sign that would mean something else without the backslash before it.
static ESCAPED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\\([|{}@\[\]()<>#\\*_~])").ok());

/// Reads saved replies of LinkedIn's interfaces for pages.
#[derive(Debug)]
pub(crate) struct LinkedinApi;

impl Importer for LinkedinApi {
    fn name(&self) -> &'static str {
        "linkedin-api"
    }

    fn title(&self) -> &'static str {
        "LinkedIns API-svar för sidor (DMA)"
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

const COMMENT: &str = "urn:li:comment:";
const ACTIVITY: &str = "urn:li:activity:";
/// What was asked for and not given.
const WITHHELD: &str = "errors/*/";

impl Replies for LinkedinApi {
    fn importer(&self) -> &'static dyn Importer {
        &Self
    }

    fn platform(&self) -> &'static str {
        "linkedin"
    }

    fn arrays(&self) -> &'static [&'static str] {
        &["elements", "results/*/", WITHHELD]
    }

    fn is_reply(&self, head: &str) -> bool {
        let has = |name: &str| head.contains(&format!("\"{name}\""));
        let of_linkedin = head.contains("\"urn:li:");
        let is_post = has("commentary") && (has("author") || has("lifecycleState"));
        let is_comment = has("actor") && has("message") && head.contains(COMMENT);
        let is_organisation = has("vanityName") && has("localizedName");
        of_linkedin && (is_post || is_comment) || is_organisation
    }

    fn learn(&self, item: &Value, array: &str, known: &mut Known) {
        if array == WITHHELD {
            *known.counted.entry("withheld".to_owned()).or_default() += 1;
            return;
        }
        each(item, "", &mut |_, item| learn(item, known));
    }

    fn learned(&self, source: &Source<'_>, known: &mut Known) {
        known
            .addresses
            .push(meta::site(source.address, "linkedin.com"));
        if let Some(page) = page_of(source.address) {
            let id = known.ids.get(&page.to_lowercase()).cloned();
            let by_number = page
                .bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| page.to_owned());
            known.own.extend(id.or(by_number));
        }
        if known.own.is_empty() {
            known.notes.push(
                "Sidans eget svar (organizations) saknas: vem som skrivit kan inte avgöras. Spara även det svaret."
                    .to_owned(),
            );
        }
        activities(known);
        if let Some(count) = known.counted.get("withheld") {
            known.notes.push(format!(
                "LinkedIn lämnade inte ut {count} av de poster som begärdes."
            ));
        }
        if known.counted.contains_key("comment") {
            known.notes.push(
                "Medlemmar kan ha valt att inte lämna ut sina uppgifter; kommentarer kan vara borta eller sakna avsändare."
                    .to_owned(),
            );
        }
    }

    fn posts(&self, at: &At<'_, '_>, item: &Value, _bytes: &[u8], out: &mut Out) {
        if at.file.array == WITHHELD {
            return out.skip("withheld");
        }
        each(item, "", &mut |below, item| {
            if is_organisation(item) {
                out.skip("account");
            } else if is_comment(item) {
                out.post(comment(at, below, item));
            } else if item.get("commentary").is_some() || item.get("lifecycleState").is_some() {
                out.post(post(at, below, item));
            } else {
                out.skip("other_reply");
            }
        });
    }
}

/// Calls `found` with every object of a reply, and where in it that stands: pages of replies may be saved as one list.
fn each(item: &Value, below: &str, found: &mut dyn FnMut(&str, &Value)) {
    let listed = item.get("elements").and_then(Value::as_array);
    let named = item.get("results").and_then(Value::as_object);
    for (number, item) in listed.into_iter().flatten().enumerate() {
        found(&format!("{below}/elements/{number}"), item);
    }
    for (name, item) in named.into_iter().flatten() {
        let name = name.replace('~', "~0").replace('/', "~1");
        found(&format!("{below}/results/{name}"), item);
    }
    if listed.is_none() && named.is_none() {
        found(below, item);
    }
}

fn learn(item: &Value, known: &mut Known) {
    if is_organisation(item) {
        let id = word(item, "id").map(|id| last_of(&id).to_owned());
        if let Some((id, vanity)) = id.zip(text(item, "vanityName")) {
            if let Some(name) = text(item, "localizedName") {
                known.names.insert(id.clone(), name);
            }
            known.ids.insert(vanity.to_lowercase(), id);
        }
    } else if is_comment(item) {
        *known.counted.entry("comment".to_owned()).or_default() += 1;
        let (urn, object) = (urn_of(item), text(item, "object"));
        let own = urn.as_deref().and_then(comment_number);
        let parent = text(item, "parentComment");
        let above = parent.as_deref().and_then(comment_number);
        let told = [
            own.zip(urn.as_deref().and_then(under)),
            own.zip(object),
            above.zip(parent.as_deref().and_then(under)),
        ];
        for (comment, thread) in told.into_iter().flatten() {
            let threads = known.threads.entry(comment.to_owned()).or_default();
            threads.insert(thread);
        }
    }
}

/// The name under which the activity of a post is remembered.
fn activity_of(post: &str) -> String {
    format!("activity {post}")
}

fn urn_of(item: &Value) -> Option<String> {
    let urn = text(item, "$URN").or_else(|| text(item, "commentUrn"));
    urn.or_else(|| word(item, "id"))
}

/// LinkedIn names a thread by its post (`urn:li:share:…`, `urn:li:ugcPost:…`) or by the activity that published it, under
/// another number. Where both are told of one comment they are the same; where an activity is told with two posts it is
/// neither's.
fn activities(known: &mut Known) {
    let mut posts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for threads in known.threads.values() {
        let is_activity = |urn: &&String| urn.starts_with(ACTIVITY);
        let others: Vec<_> = threads.iter().filter(|urn| !is_activity(urn)).collect();
        for activity in threads.iter().filter(is_activity) {
            let same = posts.entry(activity.clone()).or_default();
            same.extend(others.iter().map(|urn| (*urn).clone()));
        }
    }
    for (activity, same) in posts {
        if let (1, Some(post)) = (same.len(), same.into_iter().next()) {
            known.ids.insert(activity_of(&post), activity.clone());
            known.ids.insert(activity, post);
        }
    }
}

fn is_organisation(item: &Value) -> bool {
    item.get("vanityName").is_some()
}

fn is_comment(item: &Value) -> bool {
    let is_urn = |name: &str| text(item, name).is_some_and(|urn| urn.starts_with(COMMENT));
    item.get("message").is_some() && (item.get("actor").is_some() || is_urn("id") || is_urn("$URN"))
}

/// `exempelkoping` or a number, of `https://www.linkedin.com/company/exempelkoping/`.
fn page_of(address: &str) -> Option<&str> {
    if !is_page(address) {
        return None;
    }
    let parts = address.split('/');
    let mut parts = parts.skip_while(|part| !matches!(*part, "company" | "showcase" | "school"));
    parts.nth(1).filter(|page| !page.is_empty())
}

/// The last part of a URN.
fn last_of(urn: &str) -> &str {
    urn.rsplit(':').next().unwrap_or(urn)
}

/// Who a URN is: the page where its number is its own, another organisation or a person where that is known.
fn author(at: &At<'_, '_>, urn: Option<String>) -> Author {
    let mut author = draft::unknown_author();
    let Some(urn) = urn else {
        return author;
    };
    let id = last_of(&urn);
    let is_organisation = urn.starts_with("urn:li:organization");
    if is_organisation && at.known.own.contains(id) {
        (author.role, author.role_basis) = (AuthorRole::Authority, RoleBasis::OwnAccountId);
    } else if !at.known.own.is_empty() {
        (author.role, author.role_basis) = (AuthorRole::Public, RoleBasis::OtherId);
    }
    let name = at.known.names.get(id).filter(|_| is_organisation);
    author.name = name.map(|name| normalised(name)).unwrap_or_default();
    author.platform_id = Some(urn);
    author
}

/// Why there is no post, and where in the reply that is.
fn place(what: &str, below: &str) -> String {
    if below.is_empty() {
        what.to_owned()
    } else {
        format!("{what} ({below})")
    }
}

/// A time under `created` or the like, in milliseconds.
fn moment(item: &Value, name: &str) -> Option<PostTime> {
    let told = item.get(name)?;
    let number = told.get("time").unwrap_or(told).as_i64()?;
    time::unix(number, 1_000)
}

/// Sets the text: an object of text and marks, or text with the signs that LinkedIn means something by.
fn write(post: &mut Post, told: Option<&Value>) {
    let plain = told.and_then(|told| text(told, "text"));
    if let Some(plain) = plain {
        return draft::set_text(post, &plain);
    }
    let written = told.and_then(Value::as_str).unwrap_or_default();
    let mut names = Vec::new();
    let replaced = |regex: &LazyLock<Option<Regex>>, text: &str, with: &str| match regex.as_ref() {
        Some(regex) => regex.replace_all(text, with).into_owned(),
        None => text.to_owned(),
    };
    for found in MENTION
        .iter()
        .flat_map(|regex| regex.captures_iter(written))
    {
        names.push(normalised(&found[1]));
    }
    let plain = replaced(&MENTION, written, "$1");
    let plain = replaced(&HASHTAG, &plain, "#$1");
    let plain = replaced(&ESCAPED, &plain, "$1");
    draft::set_text(post, &plain);
    if plain != written {
        post.repairs.push("linkedin-little-text".to_owned());
    }
    for name in names {
        push_unique(&mut post.mentions, name);
    }
}

/// Ends a post: its object as it stands.
fn ended(mut post: Post, item: &Value) -> Parsed {
    let mut object = item.clone();
    post.redactions = redact::redact(&mut object, &meta::private);
    finish(post, object.to_string().into_bytes(), Vec::new())
}

fn post(at: &At<'_, '_>, below: &str, item: &Value) -> Result<Parsed, String> {
    let refused = |what: &str| place(what, below);
    let id =
        text(item, "id").ok_or_else(|| refused(&refusal::lacks("inlägget", refusal::ID, "id")))?;
    let origin = at.origin(below);
    let mut post = draft::blank(&origin, Some(id.clone()));
    let activity = at.known.ids.get(&activity_of(&id));
    post.same_as = activity.map(|one| origin.key(one)).into_iter().collect();
    post.author = author(at, text(item, "author"));
    let said = ["firstPublishedAt", "publishedAt", "created"];
    let said = said.iter().find_map(|name| moment(item, name));
    post.posted_at = said.ok_or_else(|| {
        refused(&refusal::lacks(
            "inlägget",
            refusal::TIME,
            "firstPublishedAt, publishedAt eller created",
        ))
    })?;
    let edited = item.pointer("/lifecycleStateInfo/isEditedByAuthor");
    if edited.and_then(Value::as_bool) != Some(false) {
        let changed = moment(item, "lastModified");
        post.edited_at = changed.filter(|changed| changed.utc > post.posted_at.utc);
    }
    write(&mut post, item.get("commentary"));
    post.permalink = Some(format!("https://www.linkedin.com/feed/update/{id}"));
    post.visibility = visibility(&text(item, "visibility").unwrap_or_default());
    match text(item, "lifecycleState").as_deref() {
        Some("PUBLISHED") | None => {}
        Some("DRAFT" | "PUBLISH_REQUESTED" | "PUBLISH_FAILED" | "PROCESSING") => {
            post.visibility = Visibility::Draft;
        }
        Some(state) => {
            let state = format!("lifecycleState={state}");
            post.visibility = Visibility::Unknown;
            post.warnings.push("state-unknown".to_owned());
            post.state.basis = state;
        }
    }
    content(&mut post, item);
    let shared = item.get("reshareContext");
    let shared = shared.and_then(|shared| text(shared, "parent").or_else(|| text(shared, "root")));
    if let Some(shared) = shared {
        post.kind = if post.text.is_empty() {
            PostKind::Repost
        } else {
            PostKind::Quote
        };
        push_unique(
            &mut post.links,
            format!("https://www.linkedin.com/feed/update/{shared}"),
        );
    }
    Ok(ended(post, item))
}

/// Pictures, films and documents, of which the reply has the number only, and what is linked to.
fn content(post: &mut Post, item: &Value) {
    let Some(content) = item.get("content") else {
        return;
    };
    let many_images = content
        .get("multiImage")
        .and_then(|many| many.get("images"));
    for file in many(content.get("media")).chain(many(many_images)) {
        let Some(urn) = text(file, "id") else {
            continue;
        };
        let kind = match urn.split(':').nth(2) {
            Some("image") => "image",
            Some("video") => "video",
            _ => "file",
        };
        let alt = text(file, "altText").or_else(|| text(file, "title"));
        draft::add_remote(post, &urn, kind, alt);
    }
    if let Some(article) = content.get("article") {
        post.title = text(article, "title").map(|title| normalised(&title));
        match text(article, "source").map(|url| web_address(&url)) {
            Some(Some(url)) => push_unique(&mut post.links, url),
            Some(None) => post.warnings.push("link-unreadable".to_owned()),
            None => {}
        }
    }
}

/// The number of a comment: the last one in its URN.
fn comment_number(urn: &str) -> Option<&str> {
    let number = urn.trim_end_matches(')').rsplit([',', ':']).next()?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

/// What a comment's URN says that it stands under.
fn under(urn: &str) -> Option<String> {
    let inside = urn.strip_prefix(COMMENT)?.strip_prefix('(')?;
    let (thread, _) = inside.rsplit_once(',')?;
    let thread = if thread.starts_with("urn:") {
        thread.to_owned()
    } else {
        format!("urn:li:{thread}")
    };
    Some(thread)
}

fn comment(at: &At<'_, '_>, below: &str, item: &Value) -> Result<Parsed, String> {
    let refused = |what: &str| place(what, below);
    let urn = urn_of(item).ok_or_else(|| {
        refused(&refusal::lacks(
            "kommentaren",
            refusal::ID,
            "$URN, commentUrn eller id",
        ))
    })?;
    let id = comment_number(&urn).ok_or_else(|| {
        refused("kommentarens id slutar inte med ett nummer: urn:li:comment:(…,nummer) väntas")
    })?;
    let origin = at.origin(below);
    let mut post = draft::blank(&origin, Some(format!("c{id}")));
    post.kind = PostKind::Comment;
    post.author = author(at, text(item, "actor"));
    post.posted_at = moment(item, "created")
        .ok_or_else(|| refused(&refusal::lacks("kommentaren", refusal::TIME, "created")))?;
    let changed = moment(item, "lastModified");
    post.edited_at = changed.filter(|changed| changed.utc > post.posted_at.utc);
    write(&mut post, item.get("message"));
    let root = text(item, "object").or_else(|| under(&urn));
    let root = root.map(|root| at.known.ids.get(&root).cloned().unwrap_or(root));
    post.thread_root = root.as_deref().map(|root| origin.key(root));
    let parent = text(item, "parentComment");
    let answered = parent.as_deref().and_then(comment_number);
    post.in_reply_to = match answered {
        Some(number) => {
            post.kind = PostKind::Reply;
            Some(InReplyTo {
                key: Some(origin.key(&format!("c{number}"))),
                platform_id: parent.clone(),
                ..InReplyTo::default()
            })
        }
        None => root.map(|root| InReplyTo {
            key: Some(origin.key(&root)),
            platform_id: Some(root),
            ..InReplyTo::default()
        }),
    };
    let likes = item.get("likesSummary");
    let likes = likes.and_then(|likes| number(likes, "aggregatedTotalLikes"));
    let replies = item.get("commentsSummary");
    let replies = replies.and_then(|replies| number(replies, "aggregatedTotalComments"));
    if likes.is_some() || replies.is_some() {
        post.counts = Some(Counts {
            likes,
            replies,
            ..Counts::default()
        });
    }
    for part in many(item.get("content")) {
        let url = part.get("url").and_then(Value::as_str);
        if let Some(url) = url.and_then(web_address) {
            draft::add_remote(&mut post, &url, "image", None);
        }
    }
    post.source_id = Some(urn);
    Ok(ended(post, item))
}
