//! One post of an archive of X.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::DateTime;
use regex::Regex;
use serde_json::Value;

use crate::model::json;
use crate::model::post::{
    AttachmentState, Counts, Edit, InReplyTo, Post, PostKind, PostState, PostTime, Precision,
    StateValue, Visibility, ZoneBasis,
};
use crate::model::text::normalised;
use crate::model::time::Instant;
use crate::platform::draft::{self, Origin, finish};
use crate::platform::html::{push_unique, web_address};
use crate::platform::object::{many, number, text, word};
use crate::platform::refusal;
use crate::platform::replies::{At, Known, LongText};
use crate::platform::x::{author, global_name};
use crate::platform::{Media, Parsed, redact, time};

/// The least id that holds its time; ids before November 2010 were counted up.
const FIRST_SNOWFLAKE: u64 = 30_000_000_000;
/// Unix time in milliseconds of the clock in ids.
const EPOCH: i64 = 1_288_834_974_657;
/// From how many characters on a text can be the beginning of a long one without saying so.
const CUT: usize = 200;

/// The shortened addresses of X.
static SHORT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"https?://t\.co/[A-Za-z0-9]+").ok());

/// Makes the post; `deleted` where it stands in the list of deleted ones.
pub(super) fn read(
    at: &At<'_, '_>,
    item: &Value,
    bytes: &[u8],
    deleted: bool,
) -> Result<Parsed, String> {
    let (tweet, below) = match item.get("tweet") {
        Some(tweet) => (tweet, "/tweet"),
        None => (item, ""),
    };
    let id = word(tweet, "id_str")
        .or_else(|| word(tweet, "id"))
        .ok_or_else(|| refusal::lacks("inlägget", refusal::ID, "id_str"))?;
    let number: u64 = id
        .parse()
        .map_err(|_number| "inläggets id_str är inget nummer")?;
    let origin = at.origin(below);
    let mut post = draft::blank(&origin, Some(id.clone()));
    post.visibility = visibility(at.known);
    post.author = author_of(at.known, tweet);
    let handle = post.author.handle.clone();
    post.permalink = Some(format!(
        "https://x.com/{}/status/{id}",
        handle.as_deref().unwrap_or("i/web")
    ));
    set_time(&mut post, tweet, number);
    post.state = state(tweet, at.file.opening, deleted);
    let long = set_text(&mut post, at.known, tweet);
    facts(&mut post, at.known, tweet);
    answers(&mut post, &origin, tweet);
    post.kind = kind(&post, tweet);
    versions(&mut post, &origin, tweet);
    let media = media(&mut post, at, tweet)?;
    let (mut original, pointers) = redact::redact_bytes(bytes, &|_, _| None);
    post.redactions = pointers;
    if let Some(long) = long {
        original = with_long_text(&original, &mut post, long)?;
    }
    Ok(finish(post, original, media))
}

/// The archive's own account, unless the tweet itself tells its user, as those until 2018 do.
fn author_of(known: &Known, tweet: &Value) -> crate::model::post::Author {
    let user = tweet.get("user");
    let told = user.and_then(|user| word(user, "id_str").or_else(|| word(user, "id")));
    let own = (known.own.len() == 1)
        .then(|| known.own.first().cloned())
        .flatten();
    author(known, told.or(own))
}

/// An archive does not say who could see a post; only the history of protection tells that everyone could.
fn visibility(known: &Known) -> Visibility {
    let mut history = known.counted.iter().filter(|(opening, _)| {
        global_name(opening)
            .strip_prefix("YTD.")
            .is_some_and(|name| name.starts_with("protected_history."))
    });
    match history.next() {
        Some((_, 0)) if history.next().is_none() => Visibility::Public,
        _ => Visibility::Unknown,
    }
}

/// The time in an id.
fn of_id(id: u64) -> Option<Instant> {
    let milliseconds = i64::try_from(id >> 22).ok()?.checked_add(EPOCH)?;
    let time = DateTime::from_timestamp_millis(milliseconds)?;
    (id >= FIRST_SNOWFLAKE && time::plausible(time)).then(|| Instant::new(time))
}

fn set_time(post: &mut Post, tweet: &Value, id: u64) {
    let told = text(tweet, "created_at");
    let by_id = of_id(id);
    match (told.as_deref().and_then(time::tweeted), by_id) {
        (Some(told), by_id) => {
            let seconds = |time: Instant| time.utc().timestamp();
            if let (Some(told), Some(by_id)) = (told.utc, by_id)
                && seconds(told).abs_diff(seconds(by_id)) > 1
            {
                post.warnings.push("time-differs-from-id".to_owned());
            }
            post.posted_at = told;
        }
        (None, Some(by_id)) => {
            post.posted_at = PostTime {
                utc: Some(by_id),
                original: told.unwrap_or_else(|| id.to_string()),
                precision: Precision::Second,
                zone_basis: ZoneBasis::DerivedFromId,
            };
        }
        (None, None) => post.posted_at.original = told.unwrap_or_default(),
    }
}

fn state(tweet: &Value, opening: &str, deleted: bool) -> PostState {
    let when = text(tweet, "deleted_at");
    let when = when
        .as_deref()
        .and_then(|text| time::rfc3339(text).or_else(|| time::tweeted(text)));
    PostState {
        value: if deleted {
            StateValue::DeletedByAuthority
        } else {
            StateValue::Live
        },
        at: when.filter(|_| deleted).and_then(|time| time.utc),
        basis: global_name(opening).to_owned(),
    }
}

/// Sets the text; returns the long text that it was taken from.
fn set_text<'k>(post: &mut Post, known: &'k Known, tweet: &Value) -> Option<&'k LongText> {
    let written = text(tweet, "full_text").or_else(|| text(tweet, "text"));
    let written = written.unwrap_or_default();
    let long = long_text(post, known, &written);
    let written = long.map_or(written.as_str(), |long| long.text.as_str());
    if long.is_none() && stem(written).1 {
        post.warnings.push("text-cut".to_owned());
    }
    let plain = unescaped(written);
    if plain != written {
        post.repairs.push("html-unescape".to_owned());
    }
    let mut addresses = BTreeMap::new();
    for name in ["urls", "media"] {
        for entity in many(tweet.pointer(&format!("/entities/{name}"))) {
            let meant = text(entity, "expanded_url").and_then(|url| web_address(&url));
            if let (Some(short), Some(meant)) = (text(entity, "url"), meant) {
                addresses.insert(short, meant);
            }
        }
    }
    let expanded = expand(&plain, &addresses);
    if expanded != plain {
        post.repairs.push("t-co-expanded".to_owned());
    }
    draft::set_text(post, &expanded);
    long
}

/// `text` without the escapes that X writes.
fn unescaped(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let escapes = [
            ("&amp;", "&"),
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&quot;", "\""),
            ("&#39;", "'"),
        ];
        if let Some((escape, meant)) = escapes.iter().find(|(escape, _)| rest.starts_with(escape)) {
            out.push_str(meant);
            rest = &rest[escape.len()..];
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

/// `text` with the addresses that shortened ones stand for.
pub(super) fn expand(text: &str, addresses: &BTreeMap<String, String>) -> String {
    let Some(short) = SHORT.as_ref() else {
        return text.to_owned();
    };
    let meant = |found: &regex::Captures<'_>| {
        let short = &found[0];
        addresses
            .get(short)
            .cloned()
            .unwrap_or_else(|| short.to_owned())
    };
    short.replace_all(text, meant).into_owned()
}

/// What a long text would begin with, and whether the text says that it was cut.
fn stem(text: &str) -> (&str, bool) {
    let mut rest = text.trim_end();
    while let Some(short) = SHORT
        .as_ref()
        .and_then(|regex| regex.find_iter(rest).last())
        && short.end() == rest.len()
    {
        rest = rest[..short.start()].trim_end();
    }
    match rest.strip_suffix('…') {
        Some(cut) => (cut.trim_end(), true),
        None => (rest, false),
    }
}

/// The long text of which the tweet shows the beginning: published in the same second (or the next to it), and the only
/// one that begins so.
fn long_text<'k>(post: &Post, known: &'k Known, written: &str) -> Option<&'k LongText> {
    let second = post.posted_at.utc?.utc().timestamp();
    let (stem, cut) = stem(written);
    if !cut && stem.chars().count() < CUT {
        return None;
    }
    // Addresses are written short in one of them and whole in the other.
    let begin = unescaped(stem.split("http").next().unwrap_or_default());
    let mut found = known
        .long_texts
        .range(second.saturating_sub(1)..=second.saturating_add(1))
        .flat_map(|(_, texts)| texts)
        .filter(|long| {
            !begin.trim().is_empty()
                && long.text.len() > stem.len()
                && unescaped(&long.text).starts_with(&begin)
        });
    match (found.next(), found.next()) {
        (Some(long), None) => Some(long),
        _ => None,
    }
}

/// Both objects of the platform, each as a member.
fn with_long_text(tweet: &[u8], post: &mut Post, long: &LongText) -> Result<Vec<u8>, String> {
    post.warnings.push("text-from-note-tweet".to_owned());
    for pointer in &mut post.redactions {
        pointer.insert_str(0, "/tweet");
    }
    let mut evidence = post.evidence[0].clone();
    evidence.member = None;
    evidence.member_sha256 = None;
    evidence.locator = format!("noteTweetId={}", long.id);
    post.evidence.push(evidence);
    let note = json_bytes(&long.object)?;
    Ok([
        &b"{\"noteTweet\":"[..],
        &note,
        b",\"tweet\":",
        tweet.trim_ascii(),
        b"}",
    ]
    .concat())
}

/// A parsed object of the platform as bytes again.
pub(super) fn json_bytes(value: &Value) -> Result<Vec<u8>, String> {
    serde_json::to_vec(value).map_err(|error| refusal::unwritable(&json::JsonError::from(error)))
}

/// Language, counts, mentions, hashtags and place.
fn facts(post: &mut Post, known: &Known, tweet: &Value) {
    // `und`, `zxx` and the codes in q say that there is no language.
    post.lang = text(tweet, "lang")
        .filter(|lang| !matches!(lang.as_str(), "und" | "zxx") && !lang.starts_with('q'));
    post.counts = Some(Counts {
        likes: number(tweet, "favorite_count"),
        replies: None,
        shares: number(tweet, "retweet_count"),
        views: None,
        at: None,
    })
    .filter(|counts| *counts != Counts::default())
    .map(|counts| Counts {
        at: known.made,
        ..counts
    });
    for mention in many(tweet.pointer("/entities/user_mentions")) {
        if let Some(name) = text(mention, "screen_name") {
            push_unique(&mut post.mentions, format!("@{}", normalised(&name)));
        }
    }
    for tag in many(tweet.pointer("/entities/hashtags")) {
        let name = text(tag, "text").map(|name| normalised(&name));
        if let Some(name) = name.filter(|name| {
            let name = name.to_lowercase();
            !post.tags.iter().any(|known| known.to_lowercase() == name)
        }) {
            post.tags.push(name);
        }
    }
    for entity in many(tweet.pointer("/entities/urls")) {
        if let Some(url) = text(entity, "expanded_url").and_then(|url| web_address(&url)) {
            push_unique(&mut post.links, url);
        }
    }
    post.place = tweet
        .pointer("/place/full_name")
        .and_then(Value::as_str)
        .map(normalised)
        .filter(|place| !place.is_empty());
}

fn answers(post: &mut Post, origin: &Origin<'_>, tweet: &Value) {
    let Some(answered) = word(tweet, "in_reply_to_status_id_str")
        .or_else(|| word(tweet, "in_reply_to_status_id"))
        .filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()))
    else {
        return;
    };
    post.in_reply_to = Some(InReplyTo {
        key: Some(origin.key(&answered)),
        url: Some(format!("https://x.com/i/web/status/{answered}")),
        author_hint: text(tweet, "in_reply_to_screen_name")
            .or_else(|| word(tweet, "in_reply_to_user_id_str")),
        platform_id: Some(answered),
    });
}

fn kind(post: &Post, tweet: &Value) -> PostKind {
    if tweet.get("retweeted_status").is_some_and(Value::is_object) || post.text.starts_with("RT @")
    {
        PostKind::Repost
    } else if post.in_reply_to.is_some() {
        PostKind::Reply
    } else {
        PostKind::Post
    }
}

/// Earlier versions: the archive tells their ids, and by them their times, but not their texts.
fn versions(post: &mut Post, origin: &Origin<'_>, tweet: &Value) {
    let lists = [
        "/edit_info/initial/editTweetIds",
        "/edit_info/edit/editControlInitial/editTweetIds",
        "/edit_info/edit/editTweetIds",
        "/edit_info/editTweetIds",
    ];
    let mut ids: Vec<u64> = lists
        .iter()
        .flat_map(|list| many(tweet.pointer(list)))
        .chain(many(tweet.pointer("/edit_info/edit/initialTweetId")))
        .filter_map(|id| id.as_str()?.parse().ok())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let own = post.platform_id.as_deref().and_then(|id| id.parse().ok());
    let earlier = ids.into_iter().take_while(|id| Some(*id) < own);
    for (id, seq) in earlier.zip(1..) {
        post.edits.push(Edit {
            seq,
            at: of_id(id),
            text: None,
            text_sha256: None,
            observed: false,
            basis: format!("edit_info: {id}"),
        });
        post.same_as.push(origin.key(&id.to_string()));
    }
}

/// Pictures and films: `<id of the tweet>-<last part of the address>` in the archive.
fn media(post: &mut Post, at: &At<'_, '_>, tweet: &Value) -> Result<Vec<Media>, String> {
    let id = post.platform_id.clone().unwrap_or_default();
    let all = tweet
        .pointer("/extended_entities/media")
        .or_else(|| tweet.pointer("/entities/media"));
    let mut taken = Vec::new();
    for entity in many(all) {
        let mut addresses: Vec<(u64, Option<String>, String)> = Vec::new();
        for variant in many(entity.pointer("/video_info/variants")) {
            if let Some(url) = text(variant, "url").and_then(|url| web_address(&url)) {
                let rate = number(variant, "bitrate").unwrap_or(0);
                addresses.push((rate, text(variant, "content_type"), url));
            }
        }
        addresses.sort_by_key(|one| std::cmp::Reverse(one.0));
        let kind = if addresses.is_empty() {
            "image"
        } else {
            "video"
        };
        let picture = text(entity, "media_url_https").or_else(|| text(entity, "media_url"));
        if let Some(url) = picture.and_then(|url| web_address(&url)) {
            addresses.push((0, None, url));
        }
        let name = |url: &str| {
            let path = url.split(['?', '#']).next().unwrap_or(url);
            format!("{id}-{}", path.rsplit('/').next().unwrap_or(path))
        };
        let member = addresses
            .iter()
            .find_map(|(_, _, url)| at.known.files.find(&name(url)));
        let Some((_, media_type, url)) = addresses.first() else {
            post.warnings.push("attachment-without-address".to_owned());
            continue;
        };
        let before = post.attachments.len();
        draft::add_remote(post, url, kind, text(entity, "ext_alt_text"));
        let Some(attachment) = post.attachments.get_mut(before) else {
            continue;
        };
        attachment.media_type.clone_from(media_type);
        attachment.duration_ms = entity
            .get("video_info")
            .and_then(|info| number(info, "duration_millis"));
        if let Some(member) = member {
            taken.push(draft::present(&at.source, attachment, member)?);
        } else if at.file.opening.contains("YTD.") && !at.known.files.is_empty() {
            attachment.state = AttachmentState::MissingInExport;
        }
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_hold_their_time() {
        // The example of Wikipedia's article on snowflake ids.
        let time = |id| of_id(id).map(|time| time.utc().to_rfc3339());
        assert_eq!(
            time(1_541_815_603_606_036_480).as_deref(),
            Some("2022-06-28T16:07:40+00:00")
        );
        assert_eq!(time(20), None);
        assert!(of_id(u64::MAX).is_none_or(|time| time::plausible(time.utc())));
    }

    #[test]
    fn escapes_are_undone_once_and_unknown_ones_kept() {
        assert_eq!(
            unescaped("A &amp;amp; B &lt;3 &aring; &"),
            "A &amp; B <3 &aring; &"
        );
    }

    #[test]
    fn short_addresses_are_told_apart_by_their_whole_name() {
        let addresses = BTreeMap::from([
            (
                "https://t.co/abc".to_owned(),
                "https://a.example/".to_owned(),
            ),
            (
                "https://t.co/abc1".to_owned(),
                "https://b.example/".to_owned(),
            ),
        ]);
        assert_eq!(
            expand(
                "https://t.co/abc1, https://t.co/abc https://t.co/x",
                &addresses
            ),
            "https://b.example/, https://a.example/ https://t.co/x"
        );
    }

    #[test]
    fn cut_texts_are_known_by_their_end() {
        assert_eq!(stem("Vi vill … https://t.co/abc"), ("Vi vill", true));
        assert_eq!(stem("Vi … vill https://t.co/abc "), ("Vi … vill", false));
    }
}
