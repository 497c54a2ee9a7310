//! Where every importer's posts are begun and ended: the one place that gives a post its key, digest, origin and evidence.

use crate::model::digest::Sha256Hex;
use crate::model::post::{
    Attachment, AttachmentState, Author, AuthorRole, Evidence, Post, PostKind, PostState, PostTime,
    Precision, RecordOrigin, RoleBasis, SCHEMA, StateValue, Visibility, ZoneBasis,
};
use crate::model::text::normalised;
use crate::platform::html::{self, LineEnds, push_unique};
use crate::platform::media;
use crate::platform::redact;
use crate::platform::text_facts::{add_hashtags, add_links};
use crate::platform::time;
use crate::platform::{Importer, Media, Parsed, Source, media_name};

/// Where an item was read, and by whom.
#[derive(Clone, Debug)]
pub(crate) struct Origin<'a> {
    pub(crate) source: Source<'a>,
    pub(crate) importer: &'static dyn Importer,
    /// `mastodon`, `wordpress` … : the first part of the key.
    pub(crate) platform: &'static str,
    /// `platform_export`, `api_reply`, `feed` or `html`.
    pub(crate) source_kind: &'static str,
    /// The file's number in the container.
    pub(crate) member: usize,
    /// Its digest, where it lies in an archive or folder.
    pub(crate) member_sha256: Option<Sha256Hex>,
    /// JSON Pointer, XPath, `car:<cid>` or the like.
    pub(crate) locator: String,
}

impl Origin<'_> {
    /// The key of the post with the platform's `id`.
    pub(crate) fn key(&self, id: &str) -> String {
        format!("{}:{}:{id}", self.platform, self.source.account)
    }

    fn evidence(&self) -> Evidence {
        Evidence {
            source_kind: self.source_kind.to_owned(),
            container_sha256: self.source.sha256_of(self.member),
            member: self.source.container.member_name(self.member),
            member_sha256: self.member_sha256.clone(),
            locator: self.locator.clone(),
            parser: self.importer.name().to_owned(),
            parser_version: self.importer.version().to_owned(),
        }
    }
}

/// A post of which nothing is known but its id and where it stands. `id` is the last part of the key; without one
/// [`finish`] derives it.
pub(crate) fn blank(origin: &Origin<'_>, id: Option<String>) -> Post {
    Post {
        schema: SCHEMA.to_owned(),
        key: origin.key(id.as_deref().unwrap_or_default()),
        key_basis: if id.is_some() {
            "platform_id"
        } else {
            "derived"
        }
        .to_owned(),
        platform: origin.platform.to_owned(),
        platform_id: id.clone(),
        source_id: id,
        platform_cid: None,
        same_as: Vec::new(),
        account_ref: origin.source.account.to_string(),
        kind: PostKind::Post,
        permalink: None,
        author: unknown_author(),
        record_origin: RecordOrigin::Okand,
        posted_at: unknown_time(),
        edited_at: None,
        edits: Vec::new(),
        state: PostState {
            value: StateValue::Live,
            at: None,
            basis: origin.source_kind.to_owned(),
        },
        text: String::new(),
        text_html: None,
        title: None,
        content_warning: None,
        lang: None,
        text_sha256: Sha256Hex::zero(),
        in_reply_to: None,
        thread_root: None,
        thread_key: None,
        recipients: Vec::new(),
        visibility: Visibility::Unknown,
        attachments: Vec::new(),
        links: Vec::new(),
        tags: Vec::new(),
        mentions: Vec::new(),
        place: None,
        counts: None,
        captured_at: None,
        evidence: vec![origin.evidence()],
        repairs: Vec::new(),
        warnings: Vec::new(),
        redactions: Vec::new(),
        personal_data: Vec::new(),
        nonce: String::new(),
    }
}

/// An author of whom nothing is known.
pub(crate) fn unknown_author() -> Author {
    Author {
        name: String::new(),
        handle: None,
        platform_id: None,
        url: None,
        role: AuthorRole::Unknown,
        role_basis: RoleBasis::None,
    }
}

/// A time that nothing tells.
pub(crate) fn unknown_time() -> PostTime {
    PostTime {
        utc: None,
        original: String::new(),
        precision: Precision::Second,
        zone_basis: ZoneBasis::ExplicitOffset,
    }
}

/// Sets the time that an export writes without a zone, or with UTC after it; what cannot be read stays as it stands.
pub(crate) fn set_time(post: &mut Post, told: &str) {
    let zoned = told.strip_suffix(" UTC").and_then(time::without_zone);
    if let Some(zoned) = zoned {
        post.posted_at = PostTime {
            original: told.to_owned(),
            zone_basis: ZoneBasis::ExplicitOffset,
            ..zoned
        };
        return;
    }
    match time::any(told) {
        Some((time, assumed)) => {
            post.posted_at = time;
            post.warnings.extend(assumed.map(str::to_owned));
        }
        None => told.clone_into(&mut post.posted_at.original),
    }
}

/// Sets the text of `post` from HTML: text, addresses, pictures shown in it, hashtags.
pub(crate) fn set_html(post: &mut Post, html: String, line_ends: LineEnds) {
    let html = match redact::without_avatar_hash(&html) {
        Some(hidden) => hidden,
        None => html,
    };
    let read = html::plain(&html, line_ends);
    post.text = read.text;
    post.text_html = html.contains(['<', '&']).then_some(html);
    for link in read.links {
        push_unique(&mut post.links, link);
    }
    for (address, alt) in read.media {
        let kind = html::kind_of_address(&address);
        add_remote(post, &address, kind, alt);
    }
    add_links(&post.text, &mut post.links);
    add_hashtags(&post.text, &mut post.tags);
}

/// Sets the text of `post` from plain text.
pub(crate) fn set_text(post: &mut Post, text: &str) {
    post.text = normalised(text);
    add_links(&post.text, &mut post.links);
    add_hashtags(&post.text, &mut post.tags);
}

/// Plain text of a name or title that may be written as HTML; `None` where it is empty.
pub(crate) fn line(html: &str) -> Option<String> {
    let text = html::plain(html, LineEnds::Space).text;
    (!text.is_empty()).then_some(text)
}

/// Adds a file of which only the address is known, unless it is there.
pub(crate) fn add_remote(post: &mut Post, address: &str, kind: &str, alt: Option<String>) {
    if post
        .attachments
        .iter()
        .any(|known| known.source_uri == address)
    {
        return;
    }
    post.attachments.push(Attachment {
        n: u32::try_from(post.attachments.len() + 1).unwrap_or(u32::MAX),
        kind: kind.to_owned(),
        media_type: None,
        name: None,
        alt: alt
            .map(|alt| normalised(&alt))
            .filter(|alt| !alt.is_empty()),
        source_uri: address.to_owned(),
        archive_path: None,
        bytes: None,
        sha256: None,
        state: AttachmentState::RemoteOnly,
        width: None,
        height: None,
        duration_ms: None,
    });
}

/// Takes the file numbered `member` into the unit as `attachment`.
pub(crate) fn present(
    source: &Source<'_>,
    attachment: &mut Attachment,
    member: usize,
) -> Result<Media, String> {
    let (sha256, bytes) = source
        .container
        .digest(member)
        .map_err(|error| error.to_string())?;
    let name = media_name(
        attachment.n,
        &attachment.source_uri,
        attachment.media_type.as_deref(),
    );
    attachment.state = AttachmentState::Present;
    attachment.archive_path = Some(name.clone());
    attachment.bytes = Some(bytes);
    attachment.sha256 = Some(sha256.clone());
    Ok(Media {
        name,
        member,
        sha256,
    })
}

/// Ends a post: digest of the text, origin by role, and the derived key where there is no id.
pub(crate) fn finish(mut post: Post, original: Vec<u8>, media: Vec<Media>) -> Parsed {
    post.text_sha256 = Sha256Hex::of(post.text.as_bytes());
    post.title = post.title.filter(|title| !title.is_empty());
    post.content_warning = post.content_warning.filter(|warning| !warning.is_empty());
    if post.posted_at.utc.is_none() {
        push_unique(&mut post.warnings, "time-missing".to_owned());
    }
    post.record_origin = match post.author.role {
        // What was never published is not made yet.
        AuthorRole::Authority if post.visibility == Visibility::Draft => RecordOrigin::Okand,
        AuthorRole::Authority => RecordOrigin::Upprattad,
        AuthorRole::Public | AuthorRole::OtherAuthority | AuthorRole::Platform => {
            RecordOrigin::Inkommen
        }
        AuthorRole::Unknown => RecordOrigin::Okand,
    };
    for kind in personal_data(&original) {
        push_unique(&mut post.personal_data, kind.to_owned());
    }
    if post.platform_id.is_none() {
        push_unique(&mut post.warnings, "id-missing".to_owned());
        // The folders of an export are named anew in each one.
        let named = |address: &'_ str| match html::web_address(address) {
            Some(_) => address.to_owned(),
            None => media::last(address).to_owned(),
        };
        let attachments = post.attachments.iter();
        let names: Vec<_> = attachments.map(|one| named(&one.source_uri)).collect();
        let basis = format!(
            "{}|{}|{}|{}",
            post.posted_at.original,
            post.kind.as_str(),
            post.text,
            names.join("|")
        );
        let digest = Sha256Hex::of(basis.as_bytes());
        post.key.extend(["h-", &digest.as_str()[..16]]);
    }
    Parsed {
        post,
        original,
        media,
    }
}

/// What kinds of personal data were replaced in the platform's object, by the words that stand in their place.
fn personal_data(original: &[u8]) -> Vec<&'static str> {
    let holds = |wanted: &str| {
        original
            .windows(wanted.len())
            .any(|window| window == wanted.as_bytes())
    };
    let kinds = [
        (redact::EMAIL, "email"),
        (redact::IP, "ip"),
        (redact::AVATAR_HASH, "avatar_hash"),
        (redact::EXIF_GEO, "exif_geo"),
        (redact::PHONE, "phone"),
    ];
    kinds
        .into_iter()
        .filter(|(word, _)| holds(word))
        .map(|(_, kind)| kind)
        .collect()
}
