//! Posts from platforms' exports: each format is one importer, recognised by content and never by name. An importer reads
//! a [`Container`] and gives normalised posts one by one; it decides nothing about what is kept.

mod activity;
mod activitypub;
mod bluesky;
mod bluesky_api;
mod charset;
pub mod container;
mod draft;
mod elements;
mod error;
mod facebook;
mod facebook_api;
mod feed;
mod flickr;
mod flickr_api;
mod graph;
mod html;
mod instagram;
mod instagram_api;
mod json_feed;
mod linkedin;
mod linkedin_api;
mod mastodon;
mod mastodon_api;
mod media;
mod meta;
mod names;
mod object;
mod page;
mod queue;
mod redact;
mod refusal;
mod replies;
mod rows;
mod seen;
mod text_facts;
mod tiktok;
mod time;
mod wordpress_rest;
mod wxr;
mod x;
mod youtube;
mod youtube_api;

use std::path::Path;

use crate::model::digest::Sha256Hex;
use crate::model::id::AccountId;
use crate::model::ingest::Skipped;
use crate::model::post::{Completeness, Post, Refused};

use crate::platform::container::Shape;
pub use crate::platform::container::{Container, Limits};
pub use crate::platform::error::PlatformError;

/// Every format that can be read, in the order in which they are tried.
pub const ALL: &[&dyn Importer] = &[
    &wxr::Wxr,
    &mastodon::Mastodon,
    &activitypub::ActivityPub,
    &mastodon_api::MastodonApi,
    &wordpress_rest::WordPressRest,
    &bluesky::Bluesky,
    &bluesky_api::BlueskyApi,
    &x::X,
    &youtube::Youtube,
    &youtube_api::YoutubeApi,
    &linkedin::Linkedin,
    &linkedin_api::LinkedinApi,
    &tiktok::Tiktok,
    &flickr::Flickr,
    &flickr_api::FlickrApi,
    &instagram::Instagram,
    &facebook::Facebook,
    &facebook_api::FacebookApi,
    &instagram_api::InstagramApi,
    &feed::Feed,
    &json_feed::JsonFeed,
    &page::Page,
];

/// Reads one format.
pub trait Importer: std::fmt::Debug + Sync {
    /// The name that `--format` takes.
    fn name(&self) -> &'static str;
    /// The name that people read.
    fn title(&self) -> &'static str;
    /// Version of the importer; a change in what it makes of the same bytes raises it.
    fn version(&self) -> &'static str;
    /// Whether the content of `container` is of this format.
    fn recognises(&self, container: &Container) -> Result<bool, PlatformError>;
    /// Whether several files given at once are parts of one export, as where a platform cuts it into zips of equal size
    /// and a picture may lie in another part than the post that shows it.
    fn parts(&self) -> bool {
        false
    }
    /// Begins to read. Nothing is read ahead beyond one item.
    fn read<'a>(&self, source: &Source<'a>) -> Result<Box<dyn Items + 'a>, PlatformError>;
}

/// What an importer reads, and for whom.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The container.
    pub container: &'a Container,
    /// SHA-256 of each part of the container, for the evidence of each post.
    pub digests: &'a [Sha256Hex],
    /// The account that the posts belong to.
    pub account: &'a AccountId,
    /// Its address in the register, by which its own id, handle or host is told; empty where not known.
    pub address: &'a str,
}

impl Source<'_> {
    /// SHA-256 of the part of the container that a file lies in.
    pub(crate) fn sha256_of(&self, member: usize) -> Sha256Hex {
        let digest = self.digests.get(self.container.part(member));
        digest.cloned().unwrap_or_else(Sha256Hex::zero)
    }
}

/// The items of a container in the order in which they stand there.
pub trait Items: Iterator<Item = Result<Item, PlatformError>> {
    /// What is known of the container once the last item was read.
    fn summary(&self) -> Summary;
}

/// One item of a container.
#[derive(Debug)]
pub enum Item {
    /// A post.
    Post(Box<Parsed>),
    /// An item that could not be read; the ones after it still are.
    Refused(Refused),
}

/// A post with what its unit holds beside it.
#[derive(Debug)]
pub struct Parsed {
    /// The normalised post; its nonce is empty.
    pub post: Post,
    /// `original.json`: the platform's object, without what may not be kept.
    pub original: Vec<u8>,
    /// Files of the container that belong into the unit.
    pub media: Vec<Media>,
}

/// A file of the container that belongs into a post's unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// Its name in the unit: `media-1.jpg`.
    pub name: String,
    /// Its number in the container.
    pub member: usize,
    /// Its digest, as the post's attachment says it.
    pub sha256: Sha256Hex,
}

/// What a container turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The format's version, where told.
    pub format_version: Option<String>,
    /// How much of the account it can hold.
    pub completeness: Completeness,
    /// Items that are no posts, by type.
    pub skipped: Vec<Skipped>,
    /// Addresses of the site or account that the container says it is of.
    pub addresses: Vec<String>,
    /// What is doubtful about the container as a whole, in Swedish.
    pub notes: Vec<String>,
}

/// The importer for `container`: the one named, or the first that recognises it.
pub fn importer_for(
    container: &Container,
    format: Option<&str>,
) -> Result<&'static dyn Importer, PlatformError> {
    if let Some(name) = format {
        return ALL
            .iter()
            .copied()
            .find(|importer| importer.name() == name)
            .ok_or_else(|| PlatformError::UnknownFormat {
                name: name.to_owned(),
                known: known_formats(),
            });
    }
    for importer in ALL {
        if importer.recognises(container)? {
            return Ok(*importer);
        }
    }
    if container.members().iter().all(|member| member.bytes == 0) {
        return Err(PlatformError::Expected {
            place: container.name().to_owned(),
            expected: "en export med något i, men den är tom; hämta den på nytt".to_owned(),
        });
    }
    let pages = pages(container)?;
    if pages > 0 {
        return Err(PlatformError::PagesOnly {
            container: container.name().to_owned(),
            pages,
        });
    }
    if !container.is_single()
        && let Some(inner) = container.of_shape(&[Shape::Archive])?.first()
    {
        return Err(PlatformError::ArchivesOnly {
            container: container.name().to_owned(),
            inner: container.name_of(*inner).to_owned(),
        });
    }
    Err(PlatformError::NotRecognised {
        container: container.name().to_owned(),
        known: known_formats(),
    })
}

/// Web pages of an export that has nothing else to read: the platforms of Meta and `TikTok` ask whether an export is to be
/// for people or for programs.
fn pages(container: &Container) -> Result<usize, PlatformError> {
    let data = [Shape::Object, Shape::Array, Shape::Car, Shape::Archive];
    if container.is_single() || !container.of_shape(&data)?.is_empty() {
        return Ok(0);
    }
    let markup = container.of_shape(&[Shape::Markup])?;
    let is_page = |member: &usize| {
        let ending = Path::new(container.name_of(*member)).extension();
        ending.is_some_and(|ending| {
            ["html", "htm"]
                .iter()
                .any(|one| ending.eq_ignore_ascii_case(one))
        })
    };
    Ok(markup.iter().filter(|member| is_page(member)).count())
}

/// The formats for a message: `wxr (WordPress, WXR 1.0–1.2), …`.
fn known_formats() -> String {
    ALL.iter()
        .map(|importer| format!("{} ({})", importer.name(), importer.title()))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The file name of a post's `n`th file in its unit: `media-1.jpg`, lower case, safe everywhere.
pub(crate) fn media_name(n: u32, source: &str, media_type: Option<&str>) -> String {
    let path = source.split(['?', '#']).next().unwrap_or(source);
    let file = path.rsplit('/').next().unwrap_or(path);
    let told = file
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase());
    let plain = |extension: &String| {
        (1..=8).contains(&extension.len())
            && extension
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let by_type = match media_type {
        Some("image/jpeg") => "jpg",
        Some("image/png") => "png",
        Some("image/gif") => "gif",
        Some("image/webp") => "webp",
        Some("video/mp4") => "mp4",
        Some("audio/mpeg") => "mp3",
        Some("application/pdf") => "pdf",
        _ => "bin",
    };
    let extension = told.filter(plain).unwrap_or_else(|| by_type.to_owned());
    format!("media-{n}.{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_names_are_safe_whatever_the_source_is_called() {
        assert_eq!(media_name(1, "files/Bild på Åre.JPG", None), "media-1.jpg");
        assert_eq!(media_name(2, "a/b.php?x=1", None), "media-2.php");
        assert_eq!(
            media_name(3, "../../etc/passwd", Some("image/png")),
            "media-3.png"
        );
        assert_eq!(media_name(4, "x.tar.gz%00", None), "media-4.bin");
    }

    #[test]
    fn format_names_are_unique_and_plain() {
        let names: std::collections::BTreeSet<_> = ALL.iter().map(|one| one.name()).collect();
        assert_eq!(names.len(), ALL.len());
        assert!(names.iter().all(|name| {
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        }));
    }
}
