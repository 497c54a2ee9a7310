//! Archives that X (Twitter) gives an account: `window.YTD.<type>.part<n> = […]` since about 2019, `Grailbird.data.…` until
//! 2018. The files are never run: what stands before the first `=` names the list, the rest is JSON. The archive says how
//! many items each file holds, which is compared with what is there.

mod message;
mod tweet;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::post::{Author, AuthorRole, Completeness, RoleBasis};
use crate::platform::container::{Container, Shape};
use crate::platform::draft;
use crate::platform::error::PlatformError;
use crate::platform::object::{many, number, text, word};
use crate::platform::replies::{self, At, InFile, Known, LongText, Out, Replies};
use crate::platform::time;
use crate::platform::{Importer, Items, Source};

/// Longest text before the JSON of a file.
const OPENING: usize = 256;
/// Most notes about files that do not hold what the archive says.
const NOTES: usize = 20;

/// Reads an archive of X.
#[derive(Debug)]
pub(crate) struct X;

impl Importer for X {
    fn name(&self) -> &'static str {
        "x"
    }

    fn title(&self) -> &'static str {
        "X-arkiv (Twitter)"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn recognises(&self, container: &Container) -> Result<bool, PlatformError> {
        replies::recognises(self, container)
    }

    fn parts(&self) -> bool {
        true
    }

    fn read<'a>(&self, source: &Source<'a>) -> Result<Box<dyn Items + 'a>, PlatformError> {
        replies::read(&Self, source)
    }
}

/// What the list of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Tweets,
    Deleted,
    Messages,
    LongTexts,
    Account,
    Protection,
    Manifest,
    Index,
    Other,
}

/// `YTD.tweets.part0` of `window.YTD.tweets.part0 =`.
fn global_name(opening: &str) -> &str {
    let name = opening.trim_start_matches('\u{feff}').trim();
    let name = name.trim_end_matches('=').trim_end();
    name.strip_prefix("window.")
        .or_else(|| name.strip_prefix("var "))
        .unwrap_or(name)
}

fn part(opening: &str) -> Part {
    let name = global_name(opening);
    if name.starts_with("Grailbird.data.") {
        return Part::Tweets;
    }
    let kind = name
        .strip_prefix("YTD.")
        .and_then(|rest| rest.split('.').next());
    match (name, kind.unwrap_or_default()) {
        ("__THAR_CONFIG", _) => Part::Manifest,
        ("tweet_index", _) => Part::Index,
        ("user_details", _) | (_, "account") => Part::Account,
        (_, "tweet" | "tweets" | "community_tweet" | "community_tweets") => Part::Tweets,
        (_, "deleted_tweet" | "deleted_tweets") => Part::Deleted,
        (_, "note_tweet" | "note_tweets") => Part::LongTexts,
        (
            _,
            "direct_message" | "direct_messages" | "direct_message_group" | "direct_messages_group",
        ) => Part::Messages,
        (_, "protected_history") => Part::Protection,
        _ => Part::Other,
    }
}

impl Replies for X {
    fn importer(&self) -> &'static dyn Importer {
        &Self
    }

    fn platform(&self) -> &'static str {
        "x"
    }

    fn source_kind(&self) -> &'static str {
        "platform_export"
    }

    fn arrays(&self) -> &'static [&'static str] {
        &[]
    }

    fn shapes(&self) -> &'static [Shape] {
        &[Shape::Text]
    }

    fn opening(&self, head: &str) -> usize {
        let start = head.trim_start_matches('\u{feff}').trim_start();
        let ours = [
            "window.YTD.",
            "window.__THAR_CONFIG",
            "Grailbird.data.",
            "var tweet_index",
            "var user_details",
            "var payload_details",
        ];
        match head.find('=') {
            Some(at) if at < OPENING && ours.iter().any(|word| start.starts_with(word)) => at + 1,
            _ => 0,
        }
    }

    fn is_reply(&self, head: &str) -> bool {
        self.opening(head) > 0
    }

    fn learn(&self, _item: &Value, _array: &str, _known: &mut Known) {}

    fn learn_in(&self, file: &InFile<'_>, item: &Value, known: &mut Known) {
        match part(file.opening) {
            Part::Manifest => learn_manifest(item, known),
            Part::Index => {
                if let (Some(name), Some(file), Some(count)) = (
                    text(item, "var_name"),
                    text(item, "file_name"),
                    number(item, "tweet_count"),
                ) {
                    let name = format!("Grailbird.data.{name}");
                    known.claimed.insert(name, (file, count));
                }
            }
            Part::Account => {
                let account = item.get("account").unwrap_or(item);
                let id = word(account, "accountId").or_else(|| word(account, "id"));
                let handle = text(account, "username").or_else(|| text(account, "screen_name"));
                let name =
                    text(account, "accountDisplayName").or_else(|| text(account, "full_name"));
                learn_account(known, id, handle, name);
            }
            Part::LongTexts => learn_long_text(item, known),
            Part::Tweets | Part::Deleted | Part::Messages | Part::Protection | Part::Other => {}
        }
    }

    fn learned(&self, source: &Source<'_>, known: &mut Known) {
        if known.own.len() > 1 {
            known.notes.push(
                "Arkivet är av flera konton; vem som har skrivit inläggen kan inte avgöras."
                    .to_owned(),
            );
        }
        if let Some(handle) = known.own_handle.as_deref().filter(|_| {
            // An address in the register that is no account of X says nothing.
            registered(source.address).is_some()
        }) {
            let registered = registered(source.address).unwrap_or_default();
            if !registered.eq_ignore_ascii_case(handle) {
                known.notes.push(format!(
                    "Arkivet är av @{handle}, inte av @{registered} som står i registret."
                ));
            }
        }
        compare(known);
    }

    fn posts(&self, at: &At<'_, '_>, item: &Value, bytes: &[u8], out: &mut Out) {
        match part(at.file.opening) {
            Part::Tweets => out.post(tweet::read(at, item, bytes, false)),
            Part::Deleted => out.post(tweet::read(at, item, bytes, true)),
            Part::Messages => message::read(at, item, out),
            Part::LongTexts => out.skip("note_tweet"),
            Part::Account => out.skip("account"),
            Part::Manifest | Part::Index => out.skip("manifest"),
            Part::Protection => out.skip("protected_history"),
            Part::Other => out.skip("other_item"),
        }
    }

    fn completeness(&self, known: &Known) -> Completeness {
        if known.claimed.is_empty() || differences(known).next().is_some() {
            Completeness::Partial
        } else {
            Completeness::OwnOnly
        }
    }
}

/// The handle in an account's address on X.
fn registered(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    let host = url.host_str()?.trim_start_matches("www.");
    let handle = url.path_segments()?.next()?.trim_start_matches('@');
    (matches!(host, "x.com" | "twitter.com") && !handle.is_empty()).then(|| handle.to_owned())
}

fn learn_account(
    known: &mut Known,
    id: Option<String>,
    handle: Option<String>,
    name: Option<String>,
) {
    if let Some(id) = id {
        known.own.insert(id);
    }
    let plain = |handle: &String| {
        handle.len() <= 15
            && handle
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    known.own_handle = handle.filter(plain).or_else(|| known.own_handle.take());
    known.own_name = name.or_else(|| known.own_name.take());
}

fn learn_manifest(item: &Value, known: &mut Known) {
    if let Some(user) = item.get("userInfo") {
        let (id, handle) = (word(user, "accountId"), text(user, "userName"));
        learn_account(known, id, handle, text(user, "displayName"));
    }
    if let Some(archive) = item.get("archiveInfo") {
        known.made = text(archive, "generationDate")
            .as_deref()
            .and_then(time::rfc3339)
            .and_then(|time| time.utc);
    }
    let kinds = item.get("dataTypes").and_then(Value::as_object);
    for kind in kinds.iter().flat_map(|kinds| kinds.values()) {
        for file in many(kind.get("files")) {
            if let (Some(name), Some(file_name), Some(count)) = (
                text(file, "globalName"),
                text(file, "fileName"),
                number(file, "count"),
            ) {
                known.claimed.insert(name, (file_name, count));
            }
        }
    }
}

/// Posts of more than 280 characters stand cut off among the tweets, and whole in a list of their own, without the id of
/// the tweet.
fn learn_long_text(item: &Value, known: &mut Known) {
    let note = item.get("noteTweet").unwrap_or(item);
    let made = text(note, "createdAt").as_deref().and_then(time::rfc3339);
    let body = note.get("core").and_then(|core| text(core, "text"));
    let (Some(id), Some(made), Some(body)) = (
        word(note, "noteTweetId"),
        made.and_then(|time| time.utc),
        body,
    ) else {
        return;
    };
    known
        .long_texts
        .entry(made.utc().timestamp())
        .or_default()
        .push(LongText {
            id,
            text: body,
            object: item.clone(),
        });
}

/// Files of which the archive says another number of items than they hold: name, said, and there; `None` where the file is
/// missing.
fn differences(known: &Known) -> impl Iterator<Item = (&str, u64, Option<u64>)> {
    let mut counted: BTreeMap<&str, u64> = BTreeMap::new();
    for (opening, count) in &known.counted {
        *counted.entry(global_name(opening)).or_default() += count;
    }
    known
        .claimed
        .iter()
        .filter_map(move |(name, (file, claimed))| {
            let there = counted.get(name.as_str()).copied();
            (there.unwrap_or(0) != *claimed).then_some((file.as_str(), *claimed, there))
        })
}

fn compare(known: &mut Known) {
    if known.claimed.is_empty() {
        known.notes.push(
            "Arkivets innehållsförteckning (manifest.js) saknas; om arkivet är helt kan inte kontrolleras."
                .to_owned(),
        );
        return;
    }
    let all: Vec<_> = differences(known)
        .map(|(file, claimed, there)| match there {
            Some(there) => format!(
                "{file}: arkivets innehållsförteckning anger {claimed} poster, filen har {there}."
            ),
            None => format!(
                "{file}: filen saknas; arkivets innehållsförteckning anger {claimed} poster i den."
            ),
        })
        .collect();
    let more = all.len().saturating_sub(NOTES);
    known.notes.extend(all.into_iter().take(NOTES));
    if more > 0 {
        known.notes.push(format!("Samma fel i {more} filer till."));
    }
}

/// The author with the id: the municipality where it is the archive's own account.
fn author(known: &Known, id: Option<String>) -> Author {
    let mut author = draft::unknown_author();
    let own = id.as_ref().is_some_and(|id| known.own.contains(id));
    if own && known.own.len() == 1 {
        (author.role, author.role_basis) = (AuthorRole::Authority, RoleBasis::OwnAccountId);
        author.handle.clone_from(&known.own_handle);
        author.name = known.own_name.clone().unwrap_or_default();
        author.url = known
            .own_handle
            .as_ref()
            .map(|handle| format!("https://x.com/{handle}"));
    } else if id.is_some() && known.own.len() == 1 {
        (author.role, author.role_basis) = (AuthorRole::Public, RoleBasis::OtherId);
    }
    author.platform_id = id;
    author
}
