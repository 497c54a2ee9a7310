//! The normalised post (`bevara.post/1`): what every importer produces and `item.json` in a post's unit holds.

use serde::{Deserialize, Serialize};

use crate::model::digest::Sha256Hex;
use crate::model::time::Instant;

/// The name of this format, the value of `schema` in `item.json`.
pub const SCHEMA: &str = "bevara.post/1";

/// Who a post is by, seen from the municipality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorRole {
    /// The municipality itself.
    Authority,
    /// A member of the public.
    Public,
    /// Another authority.
    OtherAuthority,
    /// The platform.
    Platform,
    /// Not known.
    Unknown,
}

/// How the author's role is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleBasis {
    /// The author's id is the account's own.
    OwnAccountId,
    /// A WordPress user id among the site's authors.
    WpUserId,
    /// No user id: written by a visitor.
    Guest,
    /// The id is another than the account's.
    OtherId,
    /// Told by comparing the name with the account's: weak, for names are free.
    OwnNameMatch,
    /// The export is the account's, and the platform puts nothing into this part of it but what the account wrote.
    OwnExport,
    /// Somebody at the authority said so.
    Statement,
    /// Nothing says.
    None,
}

/// Who wrote a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Author {
    /// Name as shown.
    pub name: String,
    /// Handle or login.
    pub handle: Option<String>,
    /// The platform's id.
    pub platform_id: Option<String>,
    /// Profile address.
    pub url: Option<String>,
    /// Role seen from the municipality.
    pub role: AuthorRole,
    /// How the role is known.
    pub role_basis: RoleBasis,
}

/// What kind of item.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum PostKind {
    /// A post of its own.
    Post,
    /// A comment on a post.
    Comment,
    /// A reply in a conversation.
    Reply,
    /// Another's post shown again.
    Repost,
    /// Another's post quoted.
    Quote,
    /// A direct message.
    Message,
    /// A story.
    Story,
    /// A video.
    Video,
    /// A photo.
    Photo,
    /// An event.
    Event,
    /// A poll.
    Poll,
    /// A page.
    Page,
}

impl PostKind {
    /// The kind as the archive writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Comment => "comment",
            Self::Reply => "reply",
            Self::Repost => "repost",
            Self::Quote => "quote",
            Self::Message => "message",
            Self::Story => "story",
            Self::Video => "video",
            Self::Photo => "photo",
            Self::Event => "event",
            Self::Poll => "poll",
            Self::Page => "page",
        }
    }
}

/// Whether the authority made the record or received it (OSL 5:1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordOrigin {
    /// Upprättad: the authority's own, when published.
    Upprattad,
    /// Inkommen: another's, when published.
    Inkommen,
    /// Not known.
    Okand,
}

/// How the zone of a time is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZoneBasis {
    /// The text carries an offset.
    ExplicitOffset,
    /// The format says UTC.
    UtcByFormat,
    /// Read as UTC without being told.
    AssumedUtc,
    /// The site's local time.
    SiteLocal,
    /// Whatever the author's program said.
    ClientDeclared,
    /// Read from the id, which the platform made from its clock.
    DerivedFromId,
    /// Not told; when it was seen.
    CaptureTime,
}

/// How exact a time is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// To the second or finer.
    #[default]
    Second,
    /// To the minute.
    Minute,
    /// To the day; `utc` is its beginning.
    Day,
}

/// A time as the platform gave it and as UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostTime {
    /// The instant, where it can be known.
    pub utc: Option<Instant>,
    /// The platform's own text.
    pub original: String,
    /// How exact it is.
    #[serde(default)]
    pub precision: Precision,
    /// How the zone is known.
    pub zone_basis: ZoneBasis,
}

/// Where a post stands on its platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateValue {
    /// To be seen.
    Live,
    /// Hidden.
    Hidden,
    /// Waiting for a moderator, or held as spam.
    HeldForModeration,
    /// Deleted by the authority.
    DeletedByAuthority,
    /// Deleted by its author.
    DeletedByAuthor,
    /// Removed by the platform.
    RemovedByPlatform,
    /// Not seen; says nothing about deletion.
    NotObserved,
}

/// A post's state and how it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostState {
    /// The state.
    pub value: StateValue,
    /// Since when, where told.
    pub at: Option<Instant>,
    /// The member of the platform's object that says so, such as `wp:comment_approved=1`.
    pub basis: String,
}

/// Who may see a post. Unknown is never public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everyone.
    Public,
    /// Everyone who has the address.
    Unlisted,
    /// Followers.
    Followers,
    /// A limited circle.
    Limited,
    /// The recipients.
    Direct,
    /// Nobody yet.
    Draft,
    /// Not known.
    Unknown,
}

impl Visibility {
    /// Whether the post is open at birth (`product.md`: public or unlisted).
    pub fn is_open(self) -> bool {
        matches!(self, Self::Public | Self::Unlisted)
    }
}

/// What a post answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InReplyTo {
    /// The answered post's key, where it can be made.
    pub key: Option<String>,
    /// The platform's id of the answered post.
    pub platform_id: Option<String>,
    /// Its address.
    pub url: Option<String>,
    /// Who wrote it, where only that is told.
    #[serde(default)]
    pub author_hint: Option<String>,
}

/// Who a message was sent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// Name as shown.
    pub name: Option<String>,
    /// The platform's id.
    pub platform_id: Option<String>,
}

/// An earlier version of a post. One that nobody kept is a stub, never made up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// From 1, the oldest first.
    pub seq: u32,
    /// When the version was published, where told.
    pub at: Option<Instant>,
    /// Its plain text, where the source holds it.
    pub text: Option<String>,
    /// SHA-256 of it.
    pub text_sha256: Option<Sha256Hex>,
    /// Whether the source holds the version.
    pub observed: bool,
    /// The member of the platform's object that tells of it.
    pub basis: String,
}

/// How often a post was liked, answered, shared and seen when the source was made. No part of a version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Likes and other reactions.
    pub likes: Option<u64>,
    /// Comments and replies.
    pub replies: Option<u64>,
    /// Shares, reposts, boosts.
    pub shares: Option<u64>,
    /// Views.
    pub views: Option<u64>,
    /// When they were counted, where told.
    pub at: Option<Instant>,
}

/// What became of an attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentState {
    /// Its bytes lie in the unit.
    Present,
    /// The container names it but does not hold it.
    MissingInExport,
    /// Only an address.
    RemoteOnly,
    /// It was asked for and did not come.
    FetchFailed,
}

/// A picture, video or file of a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// From 1.
    pub n: u32,
    /// `image`, `video`, `audio` or `file`.
    pub kind: String,
    /// MIME type, where told.
    pub media_type: Option<String>,
    /// Name as shown.
    pub name: Option<String>,
    /// Alternative text.
    pub alt: Option<String>,
    /// Where the container or page says it lies.
    pub source_uri: String,
    /// File name in the unit, where present.
    pub archive_path: Option<String>,
    /// Length, where present.
    pub bytes: Option<u64>,
    /// Digest, where present.
    pub sha256: Option<Sha256Hex>,
    /// What became of it.
    pub state: AttachmentState,
    /// Width in pixels, where told.
    #[serde(default)]
    pub width: Option<u32>,
    /// Height in pixels, where told.
    #[serde(default)]
    pub height: Option<u32>,
    /// Length in milliseconds, where told.
    #[serde(default)]
    pub duration_ms: Option<u64>,
}

/// Where in the source a post was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// `platform_export`, `api_reply`, `feed` or `html`.
    pub source_kind: String,
    /// The container's digest; its name and size stand in `ingest.json`.
    pub container_sha256: Sha256Hex,
    /// File inside the container, where it has any.
    pub member: Option<String>,
    /// The file's digest.
    #[serde(default)]
    pub member_sha256: Option<Sha256Hex>,
    /// JSON Pointer, XPath or the like.
    pub locator: String,
    /// The importer.
    pub parser: String,
    /// Its version.
    pub parser_version: String,
}

/// A normalised post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Post {
    /// [`SCHEMA`].
    pub schema: String,
    /// `platform:account_ref:platform_id`; where no id exists a derived one.
    pub key: String,
    /// `platform_id` or `derived`.
    pub key_basis: String,
    /// The format's platform: `wordpress`, `mastodon` …
    pub platform: String,
    /// The key's last part: `p12`, `c12` (WordPress), the ActivityPub id (Mastodon).
    pub platform_id: Option<String>,
    /// The platform's own id as it stands in the source (a WXR comment's `wp:comment_id`).
    pub source_id: Option<String>,
    /// The platform's digest of the record (a CID of the AT Protocol).
    #[serde(default)]
    pub platform_cid: Option<String>,
    /// Keys of the same post under other ids, such as the derived key of an earlier source without ids.
    #[serde(default)]
    pub same_as: Vec<String>,
    /// The account's UUID.
    pub account_ref: String,
    /// What kind of item.
    pub kind: PostKind,
    /// Its address.
    pub permalink: Option<String>,
    /// Who wrote it.
    pub author: Author,
    /// Made or received by the authority.
    pub record_origin: RecordOrigin,
    /// When it was published.
    pub posted_at: PostTime,
    /// When it was last changed, where told.
    pub edited_at: Option<PostTime>,
    /// Earlier versions that the source tells of, the oldest first.
    #[serde(default)]
    pub edits: Vec<Edit>,
    /// Where it stands on the platform.
    pub state: PostState,
    /// Plain text, NFC, LF: what the retention rules read.
    pub text: String,
    /// The platform's own HTML, where the text was made from HTML.
    pub text_html: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Content warning.
    pub content_warning: Option<String>,
    /// Language tag, where told.
    pub lang: Option<String>,
    /// SHA-256 of `text`; versions are told apart by it.
    pub text_sha256: Sha256Hex,
    /// What it answers.
    pub in_reply_to: Option<InReplyTo>,
    /// Key of the thread's root, where the source says it.
    pub thread_root: Option<String>,
    /// Name of the conversation where messages belong to one without answering each other.
    #[serde(default)]
    pub thread_key: Option<String>,
    /// Who a message was sent to.
    #[serde(default)]
    pub recipients: Vec<Recipient>,
    /// Who may see it.
    pub visibility: Visibility,
    /// Pictures, videos, files.
    pub attachments: Vec<Attachment>,
    /// Addresses in the text.
    pub links: Vec<String>,
    /// Hashtags, categories.
    pub tags: Vec<String>,
    /// Handles mentioned.
    pub mentions: Vec<String>,
    /// The place that the author tagged, by name.
    #[serde(default)]
    pub place: Option<String>,
    /// Likes, replies, shares and views.
    #[serde(default)]
    pub counts: Option<Counts>,
    /// When the source was read.
    #[serde(default)]
    pub captured_at: Option<Instant>,
    /// Where it was read.
    pub evidence: Vec<Evidence>,
    /// What was repaired: `html-unescape`, `lone-surrogate`, `xml-control` …
    pub repairs: Vec<String>,
    /// What is doubtful: `zone-assumed` …
    pub warnings: Vec<String>,
    /// JSON Pointers into `original.json` of members replaced because they may not be kept.
    pub redactions: Vec<String>,
    /// What kinds of personal data about the author stood in the platform's object: `email`, `ip`, `avatar_hash`,
    /// `exif_geo`, `phone`.
    #[serde(default)]
    pub personal_data: Vec<String>,
    /// 128 random bits, lower hex; empty until the unit is written.
    pub nonce: String,
}

impl Post {
    /// The conversation or post that the source places this one under: its thread is that one's. `None` for a post that
    /// stands for itself.
    pub fn placed_under(&self) -> Option<&str> {
        let answered = || self.in_reply_to.as_ref().and_then(|to| to.key.as_deref());
        let named = self.thread_key.as_deref().or(self.thread_root.as_deref());
        named.or_else(answered)
    }

    /// Whether `key` names this post, by the id it has here or by another of the platform's.
    pub fn is_named(&self, key: &str) -> bool {
        self.key == key || self.same_as.iter().any(|one| one == key)
    }

    /// The text the search index holds: title, content warning and text.
    pub fn search_text(&self) -> String {
        let parts = [
            self.title.as_deref(),
            self.content_warning.as_deref(),
            Some(self.text.as_str()),
        ];
        parts
            .into_iter()
            .flatten()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Whether this observation tells nothing that `known`, an earlier one, does not: the same in everything the platform
    /// told, wherever it was read. Anything else makes a new unit. That a container lacks a file which an earlier one
    /// held is no change: absence is never deletion.
    pub fn same_version_as(&self, known: &Self) -> bool {
        self.text_sha256 == known.text_sha256
            && self.title == known.title
            && self.content_warning == known.content_warning
            && self.kind == known.kind
            && self.posted_at.utc == known.posted_at.utc
            && self.state.value == known.state.value
            && self.visibility == known.visibility
            && self.author == known.author
            && self.in_reply_to == known.in_reply_to
            && self.permalink == known.permalink
            && self.links == known.links
            && self.tags == known.tags
            && self.mentions == known.mentions
            && self.recipients == known.recipients
            && self.place == known.place
            && self.attachments.len() == known.attachments.len()
            && self
                .attachments
                .iter()
                .zip(&known.attachments)
                .all(|(own, other)| own.same_version_as(other))
    }

    /// Digest over everything that makes a version, to tell posts of one run apart without holding them.
    pub fn fingerprint(&self) -> Sha256Hex {
        let bare = Self {
            evidence: Vec::new(),
            repairs: Vec::new(),
            warnings: Vec::new(),
            redactions: Vec::new(),
            counts: None,
            captured_at: None,
            nonce: String::new(),
            ..self.clone()
        };
        // Not as JSON: the digest is never stored, and this form cannot fail, which would make all posts alike.
        Sha256Hex::of(format!("{bare:?}").as_bytes())
    }
}

impl Attachment {
    fn same_version_as(&self, known: &Self) -> bool {
        let same_file = self.state != AttachmentState::Present || self.sha256 == known.sha256;
        same_file
            && self.n == known.n
            && self.kind == known.kind
            && self.name == known.name
            && self.alt == known.alt
            && self.source_uri == known.source_uri
    }
}

/// How much of the account's posts a source can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Completeness {
    /// Everything.
    Full,
    /// The newest only.
    Window,
    /// The account's own, not the public's.
    OwnOnly,
    /// Something is missing.
    Partial,
}

/// An item that could not be read, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// File and place in the container.
    pub place: String,
    /// What was expected and what was there; no text of the post.
    pub reason: String,
}
