//! JSON-LD in a page: objects of schema.org. Scripts with comments or raw control characters, which JSON does not allow and
//! pages hold, are cleaned and told so.

use scraper::{Html, Selector};
use serde_json::Value;

use crate::model::post::{Counts, InReplyTo, Post, PostKind, Visibility};
use crate::model::text::normalised;
use crate::platform::draft::{self, finish};
use crate::platform::html::{self, LineEnds, push_unique};
use crate::platform::object::{self, many, number, text, word};
use crate::platform::page::{Found, Reading, kept};
use crate::platform::redact::{self, EMAIL};
use crate::platform::time;

/// Types that are posts.
const POSTS: &[&str] = &[
    "SocialMediaPosting",
    "BlogPosting",
    "DiscussionForumPosting",
    "LiveBlogPosting",
    "Article",
    "NewsArticle",
    "Comment",
];
/// Members under which posts stand in other objects.
const AROUND: &[&str] = &[
    "@graph",
    "mainEntity",
    "mainEntityOfPage",
    "itemListElement",
    "item",
    "blogPost",
    "hasPart",
];
/// Deepest nesting that is followed.
const DEEPEST: usize = 64;

/// Reads the scripts of a page.
pub(super) fn read(reading: &Reading<'_, '_>, tree: &Html) -> Found {
    let mut found = Found::default();
    let Ok(selector) = Selector::parse("script[type=\"application/ld+json\"]") else {
        return found;
    };
    for (script, number) in tree.select(&selector).zip(1..) {
        let place = format!("//script[@type=\"application/ld+json\"][{number}]");
        let source: String = script.text().collect();
        match parse(&source) {
            Ok((value, repairs)) => {
                let at = Place {
                    reading,
                    repairs: &repairs,
                    script: &place,
                };
                at.walk(&value, (String::new(), 0), None, &mut found);
            }
            Err(reason) => found.refused.push((place, reason)),
        }
    }
    found
}

/// The script's value, cleaned where it must be.
fn parse(source: &str) -> Result<(Value, Vec<String>), String> {
    match object::parse(source.trim().as_bytes()) {
        Ok(read) => Ok(read),
        Err(reason) => {
            let cleaned = cleaned(source.trim());
            let (value, mut repairs) =
                object::parse(cleaned.as_bytes()).map_err(|_second| reason)?;
            repairs.push("jsonld-cleaned".to_owned());
            Ok((value, repairs))
        }
    }
}

/// `source` without comments and with control characters in strings escaped.
fn cleaned(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source.chars().peekable();
    let mut string = false;
    while let Some(c) = rest.next() {
        match c {
            '\\' if string => {
                out.push(c);
                out.extend(rest.next());
            }
            '"' => {
                string = !string;
                out.push(c);
            }
            c if string && c < ' ' => out.extend(["\\u00", &hex::encode([c as u8])]),
            '/' if !string && rest.peek() == Some(&'/') => {
                for c in rest.by_ref() {
                    if c == '\n' {
                        break;
                    }
                }
            }
            '/' if !string && rest.peek() == Some(&'*') => {
                let mut last = ' ';
                for c in rest.by_ref().skip(1) {
                    if last == '*' && c == '/' {
                        break;
                    }
                    last = c;
                }
            }
            c => out.push(c),
        }
    }
    out
}

/// Members that hold comments.
const COMMENTS: [&str; 2] = ["comment", "comments"];

/// A post without its comments: each is kept with its own post, which may be disposed of before this one. What is only an
/// address or a text stays, and so does what lies too deep to become a post.
fn alone(post: &Value, depth: usize) -> Value {
    let mut post = post.clone();
    for name in COMMENTS {
        if let Some(comments) = post.get_mut(name) {
            take_posts(comments, depth + 1);
        }
    }
    post
}

/// Takes out of `value` the posts that [`Place::walk`] finds in it.
fn take_posts(value: &mut Value, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    if is_post(value) {
        *value = Value::Null;
    } else if let Value::Array(items) = value {
        items.retain(|item| depth == DEEPEST || !is_post(item));
        for item in items {
            take_posts(item, depth + 1);
        }
    } else {
        for name in AROUND {
            if let Some(inside) = value.get_mut(*name) {
                take_posts(inside, depth + 1);
            }
        }
    }
}
/// Where objects of schema.org stand.
pub(super) struct Place<'r, 'a, 'b> {
    pub(super) reading: &'r Reading<'a, 'b>,
    pub(super) repairs: &'r [String],
    /// The element that holds them, as an XPath.
    pub(super) script: &'r str,
}

impl Place<'_, '_, '_> {
    /// Takes the posts in `value` and below; `parent` is the key of the post that it comments.
    pub(super) fn walk(
        &self,
        value: &Value,
        (path, depth): (String, usize),
        parent: Option<&str>,
        found: &mut Found,
    ) {
        if depth > DEEPEST {
            return;
        }
        if let Value::Array(items) = value {
            for (item, number) in items.iter().zip(0_usize..) {
                self.walk(item, (format!("{path}/{number}"), depth + 1), parent, found);
            }
            return;
        }
        if !value.is_object() {
            return;
        }
        let below = |name: &str| (format!("{path}/{}", name.replace('/', "~1")), depth + 1);
        if is_post(value) {
            let post = self.post(value, &path, parent);
            let key = post.key.clone();
            let (bytes, pointers) =
                redact::redact_bytes(&kept(&alone(value, depth)), &|path, told| {
                    let mail = path.last().map(String::as_str) == Some("email");
                    (mail && !told.is_empty()).then(|| EMAIL.to_owned())
                });
            let mut post = post;
            post.redactions = pointers;
            found.posts.push(finish(post, bytes, Vec::new()));
            for name in COMMENTS {
                if let Some(comments) = value.get(name) {
                    self.walk(comments, below(name), Some(&key), found);
                }
            }
            return;
        }
        for name in AROUND {
            if let Some(inside) = value.get(*name) {
                self.walk(inside, below(name), parent, found);
            }
        }
    }

    fn post(&self, value: &Value, path: &str, parent: Option<&str>) -> Post {
        let reading = self.reading;
        let locator = if path.is_empty() {
            self.script.to_owned()
        } else {
            format!("{}#{path}", self.script)
        };
        let origin = reading.origin(locator);
        let address = |name: &str| {
            let told = many(value.get(name)).find_map(|one| {
                let told = one.as_str().map(str::to_owned);
                told.or_else(|| text(one, "@id"))
                    .or_else(|| text(one, "url"))
            });
            told.and_then(|told| reading.address(&told))
        };
        let permalink = address("url").or_else(|| address("mainEntityOfPage"));
        let id = text(value, "@id")
            .map(|id| reading.address(&id).unwrap_or(id))
            .or_else(|| word(value, "identifier"))
            .or_else(|| permalink.clone());
        let mut post = draft::blank(&origin, id);
        post.kind = if types(value).any(|kind| kind == "Comment") || parent.is_some() {
            PostKind::Comment
        } else {
            PostKind::Post
        };
        post.permalink = permalink;
        post.repairs = reading
            .repairs
            .iter()
            .chain(self.repairs)
            .cloned()
            .collect();
        // What a page shows to whoever opens it logged out is open; a file alone does not tell that.
        post.visibility = Visibility::Unknown;
        let title = text(value, "headline").or_else(|| text(value, "name"));
        post.title = title.as_deref().and_then(draft::line);
        let body = ["text", "articleBody", "description"]
            .iter()
            .find_map(|name| text(value, name))
            .unwrap_or_default();
        if body.contains("</") || body.contains("<br") || body.contains("<p>") {
            draft::set_html(&mut post, body, LineEnds::Space);
        } else {
            draft::set_text(&mut post, &body);
        }
        times(&mut post, value);
        post.lang = text(value, "inLanguage").filter(|lang| lang.len() <= 20);
        self.author(&mut post, value);
        self.files(&mut post, value);
        for keyword in many(value.get("keywords")).filter_map(Value::as_str) {
            for tag in keyword.split(',') {
                let tag = normalised(tag.trim());
                if !tag.is_empty() {
                    push_unique(&mut post.tags, tag);
                }
            }
        }
        post.counts = counts(value);
        let told = many(value.get("parentItem")).find_map(|one| {
            text(one, "@id")
                .or_else(|| text(one, "url"))
                .or_else(|| one.as_str().map(str::to_owned))
        });
        let told = told.map(|told| reading.address(&told).unwrap_or(told));
        post.in_reply_to = match (told, parent) {
            (Some(told), _) => Some(InReplyTo {
                key: Some(origin.key(&told)),
                url: reading.address(&told),
                platform_id: Some(told),
                author_hint: None,
            }),
            (None, Some(parent)) => Some(InReplyTo {
                key: Some(parent.to_owned()),
                ..InReplyTo::default()
            }),
            (None, None) => None,
        };
        reading.set_role(&mut post);
        post
    }

    fn author(&self, post: &mut Post, value: &Value) {
        let Some(author) = many(value.get("author"))
            .chain(many(value.get("creator")))
            .next()
        else {
            return;
        };
        if let Some(name) = author.as_str() {
            post.author.name = normalised(name);
            return;
        }
        post.author.name = text(author, "name")
            .map(|name| normalised(&name))
            .unwrap_or_default();
        post.author.handle = text(author, "alternateName");
        post.author.url = many(author.get("url"))
            .filter_map(Value::as_str)
            .find_map(|url| self.reading.address(url));
        post.author.platform_id = text(author, "identifier").or_else(|| text(author, "@id"));
    }

    fn files(&self, post: &mut Post, value: &Value) {
        let members = [
            ("image", "image"),
            ("video", "video"),
            ("audio", "audio"),
            ("associatedMedia", ""),
            ("sharedContent", ""),
        ];
        for (name, kind) in members {
            for file in many(value.get(name)) {
                let told = file.as_str().map(str::to_owned).or_else(|| {
                    text(file, "contentUrl")
                        .or_else(|| text(file, "url"))
                        .or_else(|| text(file, "@id"))
                });
                let Some(address) = told.and_then(|told| self.reading.address(&told)) else {
                    continue;
                };
                let is_page = types(file).any(|kind| kind == "WebPage");
                if name == "sharedContent" && is_page {
                    push_unique(&mut post.links, address);
                    continue;
                }
                let kind = if kind.is_empty() {
                    html::kind_of_address(&address)
                } else {
                    kind
                };
                draft::add_remote(post, &address, kind, text(file, "caption"));
            }
        }
    }
}

fn types(value: &Value) -> impl Iterator<Item = &str> {
    many(value.get("@type"))
        .filter_map(Value::as_str)
        .map(|kind| kind.rsplit(['/', '#', ':']).next().unwrap_or(kind))
}

/// Whether the object is a post.
pub(super) fn is_post(value: &Value) -> bool {
    types(value).any(|kind| POSTS.contains(&kind))
}

fn times(post: &mut Post, value: &Value) {
    let told = ["datePublished", "dateCreated", "uploadDate"]
        .iter()
        .find_map(|name| text(value, name));
    if let Some(told) = told {
        match time::any(&told) {
            Some((time, assumed)) => {
                post.posted_at = time;
                post.warnings.extend(assumed.map(str::to_owned));
            }
            None => post.posted_at.original = told,
        }
    }
    post.edited_at = text(value, "dateModified")
        .and_then(|told| time::any(&told))
        .map(|(time, _)| time)
        .filter(|edited| edited.utc != post.posted_at.utc);
}

fn counts(value: &Value) -> Option<Counts> {
    let mut counts = Counts {
        replies: number(value, "commentCount"),
        ..Counts::default()
    };
    for statistic in many(value.get("interactionStatistic")) {
        let action = match statistic.get("interactionType") {
            Some(Value::String(action)) => Some(action.clone()),
            Some(other) => text(other, "@type"),
            None => None,
        };
        let told = number(statistic, "userInteractionCount");
        match action
            .as_deref()
            .and_then(|action| action.rsplit('/').next())
        {
            Some("LikeAction") => counts.likes = told,
            Some("CommentAction" | "ReplyAction") => counts.replies = told,
            Some("ShareAction") => counts.shares = told,
            Some("WatchAction" | "ViewAction" | "ReadAction") => counts.views = told,
            _ => {}
        }
    }
    (counts != Counts::default()).then_some(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_raw_control_characters_are_cleaned_and_told() {
        let source = "// före\n{\"a\": \"http://x /* kvar */\", /* bort */ \"b\": \"rad\n två\\\"//\"} // efter";
        let (value, repairs) = parse(source).unwrap();
        assert_eq!(
            value,
            serde_json::json!({"a": "http://x /* kvar */", "b": "rad\n två\"//"})
        );
        assert_eq!(repairs, ["jsonld-cleaned"]);
        assert!(parse("{\"a\": }").is_err());
        assert_eq!(parse("[1]").unwrap().1, [] as [&str; 0]);
    }
}
