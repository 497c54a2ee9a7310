//! What the fictional accounts hold: `fixtures/demo/*.toml`, built into the program. The pages and the exports are both
//! made from it, so that what was captured can be compared with what was ingested.

use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, Deserializer};

use crate::model::account::Platform;

const MUNICIPALITY: &str = include_str!("../../fixtures/demo/municipality.toml");
const FEEDS: [(&str, &str); 6] = [
    (
        "facebook",
        include_str!("../../fixtures/demo/facebook.toml"),
    ),
    (
        "instagram",
        include_str!("../../fixtures/demo/instagram.toml"),
    ),
    ("x", include_str!("../../fixtures/demo/x.toml")),
    (
        "mastodon",
        include_str!("../../fixtures/demo/mastodon.toml"),
    ),
    ("youtube", include_str!("../../fixtures/demo/youtube.toml")),
    ("blogg", include_str!("../../fixtures/demo/blogg.toml")),
];

/// The municipality.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Municipality {
    pub(crate) name: String,
    pub(crate) org_nr: String,
    #[serde(rename = "account")]
    pub(crate) sites: Vec<Site>,
}

/// One of its accounts. `linkedin` (a login wall) and `tiktok` (gone) have no posts to show.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Site {
    pub(crate) alias: String,
    pub(crate) platform: Platform,
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) handle: String,
    pub(crate) bio: String,
    pub(crate) followers: u32,
    #[serde(skip)]
    pub(crate) posts: Vec<Item>,
}

/// Whether an item stands on the page, and as what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ItemKind {
    #[default]
    Post,
    Page,
    Draft,
}

/// Who may see an item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Audience {
    #[default]
    Public,
    Followers,
    Direct,
}

/// An item by the municipality.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Item {
    /// Set from its place in the file; what is added later stands later.
    #[serde(skip)]
    pub(crate) number: u32,
    #[serde(default)]
    pub(crate) kind: ItemKind,
    #[serde(deserialize_with = "local_time")]
    pub(crate) at: NaiveDateTime,
    #[serde(default, deserialize_with = "optional_local_time")]
    pub(crate) edited: Option<NaiveDateTime>,
    pub(crate) title: Option<String>,
    pub(crate) text: String,
    pub(crate) picture: Option<String>,
    pub(crate) alt: Option<String>,
    pub(crate) length: Option<String>,
    pub(crate) reply_to: Option<String>,
    pub(crate) boost: Option<String>,
    #[serde(default)]
    pub(crate) audience: Audience,
    #[serde(default)]
    pub(crate) likes: u32,
    #[serde(default)]
    pub(crate) shares: u32,
    #[serde(default)]
    pub(crate) views: u32,
    #[serde(default)]
    pub(crate) comments: Vec<Comment>,
}

/// A comment on an item.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub(crate) struct Comment {
    /// Set from its place in the file.
    pub(crate) number: u32,
    pub(crate) at: NaiveDateTime,
    /// `None`: the municipality.
    pub(crate) by: Option<String>,
    pub(crate) text: String,
    pub(crate) approval: Approval,
}

/// What a moderator made of a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Approval {
    Approved,
    Held,
    Spam,
    Trash,
}

/// A fault in the built-in content.
#[derive(Debug, thiserror::Error)]
#[error("the demo's {file} cannot be read")]
pub(crate) struct ContentError {
    file: &'static str,
    source: Box<toml::de::Error>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Feed {
    #[serde(rename = "post")]
    posts: Vec<Item>,
}

/// Reads the built-in content.
pub(crate) fn load() -> Result<Municipality, ContentError> {
    let read = |file| {
        move |source| ContentError {
            file,
            source: Box::new(source),
        }
    };
    let mut municipality: Municipality =
        toml::from_str(MUNICIPALITY).map_err(read("municipality"))?;
    for (alias, text) in FEEDS {
        let feed: Feed = toml::from_str(text).map_err(read(alias))?;
        for site in &mut municipality.sites {
            if site.alias == alias {
                site.posts = numbered(feed.posts.clone());
            }
        }
    }
    Ok(municipality)
}

fn numbered(mut posts: Vec<Item>) -> Vec<Item> {
    let mut comments = 0;
    for (item, number) in posts.iter_mut().zip(1..) {
        item.number = number;
        for comment in &mut item.comments {
            comments += 1;
            comment.number = comments;
        }
    }
    posts
}

impl Municipality {
    /// The account with this alias.
    pub(crate) fn site(&self, alias: &str) -> Option<&Site> {
        self.sites.iter().find(|site| site.alias == alias)
    }
}

impl Site {
    /// What existed at the end of `day`, comments included, oldest first.
    pub(crate) fn until(&self, day: NaiveDate) -> impl Iterator<Item = Item> {
        self.posts
            .iter()
            .filter(move |item| item.at.date() <= day)
            .cloned()
            .map(move |mut item| {
                item.comments.retain(|comment| comment.at.date() <= day);
                item
            })
    }
}

impl TryFrom<Vec<String>> for Comment {
    type Error = String;

    fn try_from(words: Vec<String>) -> Result<Self, String> {
        let (at, by, text, approval) = match words.as_slice() {
            [at, by, text] => (at, by, text, Approval::Approved),
            [at, by, text, state] => match state.as_str() {
                "held" => (at, by, text, Approval::Held),
                "spam" => (at, by, text, Approval::Spam),
                "trash" => (at, by, text, Approval::Trash),
                other => return Err(format!("\"{other}\" is not held, spam or trash")),
            },
            _ => return Err("a comment is [when, by, text] and perhaps a state".to_owned()),
        };
        Ok(Self {
            number: 0,
            at: parse_local(at)?,
            by: Some(by.clone()).filter(|name| !name.is_empty()),
            text: text.clone(),
            approval,
        })
    }
}

fn parse_local(text: &str) -> Result<NaiveDateTime, String> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M")
        .map_err(|error| format!("\"{text}\" is not YYYY-MM-DD HH:MM: {error}"))
}

fn local_time<'de, D: Deserializer<'de>>(input: D) -> Result<NaiveDateTime, D::Error> {
    let text = String::deserialize(input)?;
    parse_local(&text).map_err(serde::de::Error::custom)
}

fn optional_local_time<'de, D: Deserializer<'de>>(
    input: D,
) -> Result<Option<NaiveDateTime>, D::Error> {
    local_time(input).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_is_read_and_only_the_wall_and_the_closed_one_are_empty() {
        let municipality = load().unwrap();
        let empty: Vec<&str> = municipality
            .sites
            .iter()
            .filter(|site| site.posts.is_empty())
            .map(|site| site.alias.as_str())
            .collect();
        assert_eq!(municipality.sites.len(), 8);
        assert_eq!(empty, ["linkedin", "tiktok"]);
    }

    #[test]
    fn posts_stand_in_the_order_they_were_written() {
        for site in load().unwrap().sites {
            let published: Vec<_> = site
                .posts
                .iter()
                .filter(|item| item.kind == ItemKind::Post)
                .map(|item| item.at)
                .collect();
            assert!(published.is_sorted(), "{}", site.alias);
        }
    }

    #[test]
    fn nothing_from_tomorrow_is_shown_today() {
        let municipality = load().unwrap();
        let blog = municipality.site("blogg").unwrap();
        let day = NaiveDate::from_ymd_opt(2026, 10, 5).unwrap();
        let last = blog
            .until(day)
            .filter(|item| item.kind == ItemKind::Post)
            .last()
            .unwrap();
        assert_eq!(last.title.as_deref(), Some("Så arbetar vi med snöröjning"));
        assert_eq!(last.comments.len(), 2);
    }
}
