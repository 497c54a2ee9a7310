//! The kontobok as data: what a capture of kind `rendered` shows, written before anything is printed. `kontobok.json` tells
//! of the whole, `kontobok-0001.json` … hold the posts of one volume each.

use serde::{Deserialize, Serialize};

use chrono::NaiveDate;

use crate::model::digest::Sha256Hex;
use crate::model::entry::{RemovalState, TakedownState};
use crate::model::id::{AccountId, Alias, CaptureId, UnitRef};
use crate::model::post::{
    AttachmentState, AuthorRole, Completeness, Counts, PostKind, PostState, PostTime, Visibility,
};
use crate::model::time::Instant;

/// The name of both formats, the value of `schema`.
pub const SCHEMA: &str = "bevara.kontobok/1";

/// `kontobok.json`: the account, what is shown of it and what is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kontobok {
    /// [`SCHEMA`].
    pub schema: String,
    /// The account.
    pub account: AccountId,
    /// Its alias.
    pub alias: Alias,
    /// Its name in the register.
    pub name: String,
    /// Its address.
    pub url: String,
    /// Its platform, as the register writes it.
    pub platform: String,
    /// Who keeps the archive.
    pub creator: String,
    /// Whether the archive is a test archive.
    pub test: bool,
    /// First day of the period; `None` for everything from the first post.
    pub from: Option<NaiveDate>,
    /// Last day of the period; `None` for everything to the last post.
    pub to: Option<NaiveDate>,
    /// Whether posts that not everybody may see are shown too.
    pub protected: bool,
    /// When the catalogue was read.
    pub made_at: Instant,
    /// Threads shown.
    pub threads: u32,
    /// Posts shown.
    pub posts: u32,
    /// Of them by the authority.
    pub by_authority: u32,
    /// Publication of the oldest and the newest post shown.
    pub published: Option<(Instant, Instant)>,
    /// Pictures shown.
    pub pictures: u32,
    /// Posts of the period that are not shown, and why.
    pub left_out: LeftOut,
    /// The ingests that the account's posts came with, oldest first.
    pub sources: Vec<Source>,
    /// Number of volumes.
    pub volumes: u32,
    /// A note, where one was given.
    pub note: Option<String>,
    /// The units whose text is shown: of each post the newest version, and earlier ones that read otherwise.
    pub shown: Vec<UnitRef>,
}

/// Posts that are not shown, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Not for everybody: messages, followers, a limited circle, drafts.
    pub not_public: u32,
    /// Nothing says who may see them.
    pub unknown: u32,
    /// A person found secrecy.
    pub secrecy: u32,
}

/// An ingest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The ingest.
    pub capture: CaptureId,
    /// When it was committed.
    pub time: Instant,
    /// Its format; `None` where its report was disposed of.
    pub format: Option<String>,
    /// How much of the account its source can hold.
    pub completeness: Option<Completeness>,
    /// Digests of the files that were read.
    pub containers: Vec<Sha256Hex>,
}

/// `kontobok-0001.json`: the posts of one volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// [`SCHEMA`].
    pub schema: String,
    /// From 1.
    pub number: u32,
    /// Its threads, in the order of their oldest posts.
    pub threads: Vec<Thread>,
}

/// A post with what was written below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thread {
    /// Whether it began in a volume before.
    pub continued: bool,
    /// What its first post is.
    pub kind: PostKind,
    /// When that was published.
    pub began: Option<Instant>,
    /// How that begins; `None` where it has no text.
    pub opening: Option<String>,
    /// Its posts: each before what answers it, answers by time.
    pub posts: Vec<Entry>,
}

/// A post as the kontobok shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// How deep below the thread's root.
    pub depth: u32,
    /// The unit of the version shown.
    pub unit: UnitRef,
    /// What kind of item.
    pub kind: PostKind,
    /// Its author's name as shown on the platform.
    pub author: String,
    /// Handle.
    pub handle: Option<String>,
    /// Role seen from the municipality.
    pub role: AuthorRole,
    /// When it was published.
    pub posted_at: PostTime,
    /// When it was last changed, where told.
    pub edited_at: Option<PostTime>,
    /// Where it stands on the platform, as its source says.
    pub state: PostState,
    /// What people said of it later.
    pub removed: Option<Removed>,
    /// Who may see it.
    pub visibility: Visibility,
    /// Who it was sent to.
    pub recipients: Vec<String>,
    /// Whether it answers something that is not shown.
    pub answers_unseen: bool,
    /// Whose post it answers.
    pub answers: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Content warning.
    pub content_warning: Option<String>,
    /// Plain text.
    pub text: String,
    /// Language tag, where told.
    pub lang: Option<String>,
    /// Its address.
    pub permalink: Option<String>,
    /// Addresses in the text.
    pub links: Vec<String>,
    /// The place that the author tagged, by name.
    pub place: Option<String>,
    /// Likes, replies, shares and views.
    pub counts: Option<Counts>,
    /// Pictures, videos, files.
    pub attachments: Vec<Shown>,
    /// Versions that read otherwise, the oldest first.
    pub earlier: Vec<Earlier>,
}

/// What a person said became of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Removed {
    /// The authority took it off the platform.
    Takedown {
        /// What became of it there.
        state: TakedownState,
        /// When it was logged.
        at: Instant,
    },
    /// An export lacked it, and a person found out why.
    Statement {
        /// What became of it.
        state: RemovalState,
        /// When it was logged.
        at: Instant,
    },
}

/// An attachment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// `image`, `video`, `audio` or `file`.
    pub kind: String,
    /// Name as shown.
    pub name: Option<String>,
    /// Alternative text, as its author wrote it.
    pub alt: Option<String>,
    /// What became of it.
    pub state: AttachmentState,
    /// Length, where its bytes are kept.
    pub bytes: Option<u64>,
    /// Digest, where its bytes are kept.
    pub sha256: Option<Sha256Hex>,
    /// The picture as the kontobok shows it; `None` where it shows none.
    pub picture: Option<Picture>,
}

/// A picture, made smaller where it was large, without anything but its pixels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    /// Name among the pictures of the kontobok.
    pub name: String,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// An earlier version of a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Earlier {
    /// Its unit, where it was taken in as a version of its own.
    pub unit: Option<UnitRef>,
    /// When it was taken in, where it was.
    pub observed: Option<Instant>,
    /// When it was published, where told.
    pub at: Option<Instant>,
    /// Its title.
    pub title: Option<String>,
    /// Its text; `None` where nobody kept it.
    pub text: Option<String>,
}
