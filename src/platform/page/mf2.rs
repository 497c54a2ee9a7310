//! microformats2 in a page (microformats.org/wiki/h-entry): entries with their authors, comments and pictures.

use scraper::{ElementRef, Html, Selector};
use serde_json::{Value, json};

use crate::model::post::{InReplyTo, PostKind, Visibility};
use crate::model::text::normalised;
use crate::platform::draft::{self, finish};
use crate::platform::html::{self, LineEnds, push_unique};
use crate::platform::page::{Found, Reading, kept};
use crate::platform::redact;
use crate::platform::time;

/// Reads the entries of a page.
pub(super) fn read(reading: &Reading<'_, '_>, tree: &Html) -> Found {
    let mut found = Found::default();
    let Ok(selector) = Selector::parse(".h-entry") else {
        return found;
    };
    for (element, number) in tree.select(&selector).zip(1..) {
        let entry = Entry {
            reading,
            place: format!("(//*[contains(@class,\"h-entry\")])[{number}]"),
        };
        // An entry inside another is read as its comment, or is what it answers.
        let inside = element
            .ancestors()
            .filter_map(ElementRef::wrap)
            .any(|above| has_class(above, "h-entry"));
        if !inside {
            entry.post(element, None, &mut found);
        }
    }
    found
}

struct Entry<'r, 'a, 'b> {
    reading: &'r Reading<'a, 'b>,
    place: String,
}

impl Entry<'_, '_, '_> {
    fn post(&self, element: ElementRef<'_>, parent: Option<(&str, usize)>, found: &mut Found) {
        let reading = self.reading;
        let properties = properties(element);
        let first = |class: &str| {
            let found = properties.iter().find(|one| has_class(**one, class));
            found.copied()
        };
        let address = |class: &str| first(class).and_then(|one| reading.address(&url_of(one)));
        let permalink = address("u-url");
        let id = first("u-uid").map(url_of).filter(|id| !id.is_empty());
        let id = id.or_else(|| permalink.clone());
        let locator = match parent {
            Some((_, number)) => format!("{}#comment-{number}", self.place),
            None => self.place.clone(),
        };
        let origin = reading.origin(locator);
        let mut post = draft::blank(&origin, id);
        post.repairs.clone_from(&reading.repairs);
        post.visibility = Visibility::Unknown;
        post.permalink = permalink;
        if let Some(content) = first("e-content") {
            draft::set_html(&mut post, content.inner_html(), LineEnds::Space);
        } else if let Some(plain) = first("p-content").or_else(|| first("p-summary")) {
            draft::set_text(&mut post, &text_of(plain));
        }
        post.title = first("p-name")
            .map(text_of)
            .filter(|title| !title.is_empty() && *title != post.text);
        if post.text.is_empty() && post.title.is_none() {
            // The name of an entry without properties is its text (microformats2 parsing, "implied").
            draft::set_html(&mut post, element.inner_html(), LineEnds::Space);
        }
        let told = first("dt-published").map(time_of).unwrap_or_default();
        match time::any(&told) {
            Some((time, assumed)) => {
                post.posted_at = time;
                post.warnings.extend(assumed.map(str::to_owned));
            }
            None => post.posted_at.original = told,
        }
        post.edited_at = first("dt-updated")
            .and_then(|one| time::any(&time_of(one)))
            .map(|(time, _)| time)
            .filter(|edited| edited.utc != post.posted_at.utc);
        if let Some(author) = first("p-author").or_else(|| first("u-author")) {
            self.author(author, &mut post.author);
        }
        for category in properties
            .iter()
            .filter(|one| has_class(**one, "p-category"))
        {
            push_unique(&mut post.tags, text_of(*category));
        }
        for (class, kind) in [
            ("u-photo", "image"),
            ("u-video", "video"),
            ("u-audio", "audio"),
        ] {
            for file in properties.iter().filter(|one| has_class(**one, class)) {
                if let Some(address) = reading.address(&url_of(*file)) {
                    let alt = file.value().attr("alt").map(str::to_owned);
                    draft::add_remote(&mut post, &address, kind, alt);
                }
            }
        }
        self.answers(&properties, parent, &origin, &mut post);
        reading.set_role(&mut post);
        let alone = as_json(&properties, parent.is_some());
        let (original, pointers) = redact::redact_bytes(&kept(&alone), &|_, _| None);
        post.redactions = pointers;
        let parsed = finish(post, original, Vec::new());
        let key = parsed.post.key.clone();
        found.posts.push(parsed);
        if parent.is_none() {
            let comments = properties.iter().filter(|one| is_comment(**one));
            for (comment, number) in comments.zip(1..) {
                self.post(*comment, Some((&key, number)), found);
            }
        }
    }

    fn answers(
        &self,
        properties: &[ElementRef<'_>],
        parent: Option<(&str, usize)>,
        origin: &draft::Origin<'_>,
        post: &mut crate::model::post::Post,
    ) {
        let answered = properties
            .iter()
            .find(|one| has_class(**one, "u-in-reply-to"));
        if let Some((key, _)) = parent {
            post.kind = PostKind::Comment;
            post.in_reply_to = Some(InReplyTo {
                key: Some(key.to_owned()),
                ..InReplyTo::default()
            });
        } else if let Some(address) = answered.and_then(|one| self.reading.address(&url_of(*one))) {
            post.kind = PostKind::Reply;
            post.in_reply_to = Some(InReplyTo {
                key: Some(origin.key(&address)),
                url: Some(address.clone()),
                platform_id: Some(address),
                author_hint: None,
            });
        }
    }

    fn author(&self, card: ElementRef<'_>, author: &mut crate::model::post::Author) {
        let inside = properties(card);
        let name = inside.iter().find(|one| has_class(**one, "p-name"));
        author.name = name.map_or_else(|| text_of(card), |one| text_of(*one));
        let url = inside.iter().find(|one| has_class(**one, "u-url")).copied();
        let told = url_of(url.unwrap_or(card));
        author.url = self
            .reading
            .address(&told)
            .filter(|_| url.is_some() || card.value().attr("href").is_some());
    }
}

/// The elements below that are properties of this one, not of microformats inside it.
fn properties(element: ElementRef<'_>) -> Vec<ElementRef<'_>> {
    let mut found = Vec::new();
    let mut open: Vec<_> = element.child_elements().collect();
    open.reverse();
    while let Some(next) = open.pop() {
        let is_property = classes(next).any(|class| {
            ["p-", "u-", "dt-", "e-"]
                .iter()
                .any(|prefix| class.starts_with(prefix))
        });
        if is_property {
            found.push(next);
        }
        if !classes(next).any(|class| class.starts_with("h-")) {
            let mut children: Vec<_> = next.child_elements().collect();
            children.reverse();
            open.extend(children);
        }
    }
    found
}

fn classes(element: ElementRef<'_>) -> impl Iterator<Item = &str> {
    element
        .value()
        .attr("class")
        .unwrap_or_default()
        .split_whitespace()
}

fn has_class(element: ElementRef<'_>, wanted: &str) -> bool {
    classes(element).any(|class| class == wanted)
}

fn text_of(element: ElementRef<'_>) -> String {
    normalised(
        html::plain(&element.inner_html(), LineEnds::Space)
            .text
            .trim(),
    )
}

/// Where an element leads; a citation leads where its own address does.
fn url_of(element: ElementRef<'_>) -> String {
    let value = element.value();
    for name in ["href", "src", "data", "poster"] {
        if let Some(told) = value.attr(name) {
            return told.to_owned();
        }
    }
    if classes(element).any(|class| class.starts_with("h-")) {
        let inside = properties(element);
        if let Some(url) = inside.iter().find(|one| has_class(**one, "u-url")) {
            return url.value().attr("href").unwrap_or_default().to_owned();
        }
    }
    value.attr("value").map_or_else(
        || element.text().collect::<String>().trim().to_owned(),
        str::to_owned,
    )
}

fn time_of(element: ElementRef<'_>) -> String {
    let value = element.value();
    ["datetime", "title", "value"]
        .iter()
        .find_map(|name| value.attr(name))
        .map_or_else(
            || element.text().collect::<String>().trim().to_owned(),
            str::to_owned,
        )
}

fn is_comment(property: ElementRef<'_>) -> bool {
    has_class(property, "u-comment") || has_class(property, "p-comment")
}

/// The properties as they stand, to be kept. Comments that become posts of their own are kept with those, which may be
/// disposed of before this one; a comment's comments do not.
fn as_json(properties: &[ElementRef<'_>], is_a_comment: bool) -> Value {
    let all: Vec<_> = properties
        .iter()
        .filter(|one| is_a_comment || !is_comment(**one))
        .map(|one| json!({ "class": one.value().attr("class"), "html": one.html() }))
        .collect();
    json!({ "type": "h-entry", "properties": all })
}
