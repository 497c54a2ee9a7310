//! From a record of the collections `app.bsky.feed.post` and `.repost` to a normalised post.

use serde_json::Value;

use crate::model::post::{
    Author, AuthorRole, InReplyTo, Post, PostKind, PostTime, Precision, RoleBasis, Visibility,
    ZoneBasis,
};
use crate::platform::draft::{self, Origin};
use crate::platform::html::{push_unique, web_address};
use crate::platform::object::{many, number, text};
use crate::platform::refusal;
use crate::platform::time;

pub(in crate::platform) const POST: &str = "app.bsky.feed.post";
pub(in crate::platform) const REPOST: &str = "app.bsky.feed.repost";

/// Digits of a record's name that is a time: base32 in order of bytes (atproto.com/specs/tid).
const TID: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";

/// The account, collection and name that an AT address leads to.
pub(in crate::platform) fn parts(uri: &str) -> Option<(&str, &str, &str)> {
    let mut parts = uri.strip_prefix("at://")?.split('/');
    let found = (parts.next()?, parts.next()?, parts.next()?);
    (parts.next().is_none() && !found.0.is_empty()).then_some(found)
}

/// The address of a post on the web; by DID, for handles change.
fn permalink(uri: &str) -> Option<String> {
    match parts(uri)? {
        (did, POST, name) => web_address(&format!("https://bsky.app/profile/{did}/post/{name}")),
        _ => None,
    }
}

/// Whether the account's address in the register is that of this DID or handle.
pub(in crate::platform) fn is_own(address: &str, id: &str) -> bool {
    let path = address.split(['?', '#']).next().unwrap_or(address);
    let mut parts = path.split('/').skip_while(|part| *part != "profile");
    parts.next();
    parts
        .next()
        .is_some_and(|part| !id.is_empty() && part.eq_ignore_ascii_case(id))
}

/// A post from a record with the address `uri`.
pub(in crate::platform) fn post(
    origin: &Origin<'_>,
    (uri, cid): (&str, Option<&str>),
    record: &Value,
) -> Result<Post, String> {
    let (did, collection, name) = parts(uri).ok_or(refusal::NO_ADDRESS)?;
    let mut post = draft::blank(origin, Some(uri.to_owned()));
    post.source_id = Some(name.to_owned());
    post.platform_cid = cid.filter(|cid| !cid.is_empty()).map(str::to_owned);
    post.permalink = permalink(uri);
    // Whatever stands in a repository is open to everyone.
    post.visibility = Visibility::Public;
    post.author = Author {
        name: did.to_owned(),
        platform_id: Some(did.to_owned()),
        url: web_address(&format!("https://bsky.app/profile/{did}")),
        ..draft::unknown_author()
    };
    posted(&mut post, record, name);
    match collection {
        POST => content(&mut post, origin, record, did),
        REPOST => {
            post.kind = PostKind::Repost;
            let subject = record.pointer("/subject/uri").and_then(Value::as_str);
            let subject = subject.ok_or(refusal::NOTHING_SHOWN)?;
            post.links.extend(permalink(subject));
        }
        _ => {
            return Err(
                "posten är inget inlägg (app.bsky.feed.post eller app.bsky.feed.repost)".to_owned(),
            );
        }
    }
    Ok(post)
}

/// The author where it is known that the account is, or is not, the one in the register.
pub(in crate::platform) fn set_role(post: &mut Post, own: bool) {
    (post.author.role, post.author.role_basis) = if own {
        (AuthorRole::Authority, RoleBasis::OwnAccountId)
    } else {
        (AuthorRole::Public, RoleBasis::OtherId)
    };
}

/// `createdAt` is whatever the author's program said; where it says nothing, the record's name tells the time.
fn posted(post: &mut Post, record: &Value, name: &str) {
    let told = text(record, "createdAt").unwrap_or_default();
    if let Some(time) = time::rfc3339(&told) {
        post.posted_at = PostTime {
            zone_basis: ZoneBasis::ClientDeclared,
            ..time
        };
    } else if let Some(time) = time::without_zone(&told) {
        post.posted_at = time;
        push_unique(&mut post.warnings, "zone-assumed".to_owned());
    } else if let Some(utc) = tid_time(name) {
        post.posted_at = PostTime {
            utc: Some(utc),
            original: told,
            precision: Precision::Second,
            zone_basis: ZoneBasis::DerivedFromId,
        };
        push_unique(&mut post.warnings, "time-from-id".to_owned());
    } else {
        post.posted_at.original = told;
    }
}

/// The time in a record's name: microseconds since 1970 in its upper 53 bits.
fn tid_time(name: &str) -> Option<crate::model::time::Instant> {
    if name.len() != 13 {
        return None;
    }
    let mut value = 0_u64;
    for digit in name.bytes() {
        let digit = TID.iter().position(|known| *known == digit)? as u64;
        value = value.checked_mul(32)?.checked_add(digit)?;
    }
    let micros = i64::try_from(value >> 10).ok()?;
    let utc = chrono::DateTime::from_timestamp_micros(micros)?;
    time::plausible(utc).then(|| crate::model::time::Instant::new(utc))
}

fn content(post: &mut Post, origin: &Origin<'_>, record: &Value, did: &str) {
    draft::set_text(
        post,
        record
            .get("text")
            .and_then(Value::as_str)
            .unwrap_or_default(),
    );
    let langs: Vec<_> = many(record.get("langs"))
        .filter_map(Value::as_str)
        .collect();
    if let [lang] = langs.as_slice() {
        post.lang = Some((*lang).to_owned());
    }
    for facet in many(record.get("facets")) {
        for feature in many(facet.get("features")) {
            if let Some(address) = text(feature, "uri").as_deref().and_then(web_address) {
                push_unique(&mut post.links, address);
            }
            if let Some(mentioned) = text(feature, "did") {
                push_unique(&mut post.mentions, mentioned);
            }
            if let Some(tag) = text(feature, "tag") {
                push_unique(&mut post.tags, crate::model::text::normalised(&tag));
            }
        }
    }
    if let Some(reply) = record.get("reply") {
        let uri = |name: &str| {
            reply
                .get(name)
                .and_then(|end| text(end, "uri"))
                .filter(|uri| parts(uri).is_some())
        };
        post.thread_root = uri("root").map(|root| origin.key(&root));
        post.in_reply_to = uri("parent").map(|parent| InReplyTo {
            key: Some(origin.key(&parent)),
            url: permalink(&parent),
            author_hint: parts(&parent).map(|(did, _, _)| did.to_owned()),
            platform_id: Some(parent),
        });
    }
    if post.in_reply_to.is_some() {
        post.kind = PostKind::Reply;
    }
    if let Some(embed) = record.get("embed") {
        embedded(post, embed, did);
        embedded(post, embed.get("media").unwrap_or(&Value::Null), did);
    }
}

/// Pictures, films, links and quotes.
fn embedded(post: &mut Post, embed: &Value, did: &str) {
    for image in many(embed.get("images")) {
        let alt = text(image, "alt");
        blob(post, image.get("image"), ("image", did), alt);
        size(post, image.get("aspectRatio"));
    }
    if embed.get("video").is_some() {
        blob(post, embed.get("video"), ("video", did), text(embed, "alt"));
        size(post, embed.get("aspectRatio"));
    }
    let linked = embed.pointer("/external/uri").and_then(Value::as_str);
    if let Some(address) = linked.and_then(web_address) {
        push_unique(&mut post.links, address);
    }
    let quoted = embed
        .pointer("/record/uri")
        .or_else(|| embed.pointer("/record/record/uri"))
        .and_then(Value::as_str);
    if let Some(quoted) = quoted {
        if post.kind == PostKind::Post {
            post.kind = PostKind::Quote;
        }
        if let Some(address) = permalink(quoted) {
            push_unique(&mut post.links, address);
        }
    }
}

/// A file that lies beside the repository under its CID.
fn blob(post: &mut Post, value: Option<&Value>, (kind, did): (&str, &str), alt: Option<String>) {
    let cid = value.and_then(|value| {
        value
            .pointer("/ref/$link")
            .or_else(|| value.get("cid"))
            .and_then(Value::as_str)
    });
    let plain = |cid: &&str| cid.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let Some(cid) = cid.filter(plain) else {
        post.warnings.push("attachment-without-address".to_owned());
        return;
    };
    let address = format!("https://bsky.social/xrpc/com.atproto.sync.getBlob?did={did}&cid={cid}");
    draft::add_remote(post, &address, kind, alt);
    if let (Some(last), Some(value)) = (post.attachments.last_mut(), value) {
        last.media_type = text(value, "mimeType");
        last.name = Some(cid.to_owned());
    }
}

fn size(post: &mut Post, ratio: Option<&Value>) {
    if let (Some(last), Some(ratio)) = (post.attachments.last_mut(), ratio) {
        let side = |name| number(ratio, name).and_then(|side| u32::try_from(side).ok());
        // A ratio such as 16:9 is no size.
        let sides = (side("width"), side("height"));
        if sides.0.is_some_and(|width| width > 64) {
            (last.width, last.height) = sides;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_records_tell_their_time() {
        // 3jzfcijpj2z2a is an example of atproto.com/specs/tid; the time was computed by hand from its digits.
        let time = tid_time("3jzfcijpj2z2a").unwrap();
        assert!(time.to_string().starts_with("2023-06-"), "{time}");
        assert_eq!(tid_time("self"), None);
        assert_eq!(tid_time("zzzzzzzzzzzzz"), None);
    }

    #[test]
    fn addresses_are_taken_apart() {
        assert_eq!(
            parts("at://did:plc:a/c.d/e"),
            Some(("did:plc:a", "c.d", "e"))
        );
        assert_eq!(parts("at://did:plc:a/c.d"), None);
        assert_eq!(parts("https://a/b/c"), None);
        assert!(is_own(
            "https://bsky.app/profile/Kommun.example",
            "kommun.example"
        ));
        assert!(!is_own("https://bsky.app/profile/kommun.example", ""));
    }
}
