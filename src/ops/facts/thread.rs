//! What a post's thread tells of it: its type, whether it is answered, and the events in the thread.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::catalogue::PostRow;
use crate::detect;
use crate::model::facts::{FactKind, Trigger, Truth};
use crate::model::post::{AuthorRole, Post, PostKind, Precision};
use crate::model::time::Instant;
use crate::ops::facts::is_direct;

/// The types a post may be (`typ` in a policy); several where it is undecided among them.
pub(super) fn kinds(row: &PostRow, thread: &[PostRow]) -> Vec<FactKind> {
    let post = &row.post;
    if is_direct(post) {
        return vec![FactKind::Direktmeddelande];
    }
    let answers = answers_something(post);
    match post.author.role {
        AuthorRole::Authority if answers => match parent(post, thread) {
            Some(parent) if parent.post.author.role == AuthorRole::Authority => {
                vec![FactKind::Inlagg]
            }
            Some(parent) if parent.post.author.role != AuthorRole::Unknown => vec![FactKind::Svar],
            Some(_) | None => vec![FactKind::Svar, FactKind::Inlagg],
        },
        AuthorRole::Authority => vec![FactKind::Inlagg],
        AuthorRole::Public | AuthorRole::OtherAuthority | AuthorRole::Platform => {
            others(post, answers)
        }
        AuthorRole::Unknown => {
            let mut kinds = others(post, answers);
            kinds.push(if answers {
                FactKind::Svar
            } else {
                FactKind::Inlagg
            });
            kinds.sort();
            kinds.dedup();
            kinds
        }
    }
}

fn others(post: &Post, answers: bool) -> Vec<FactKind> {
    let plain = if answers {
        FactKind::Kommentar
    } else {
        FactKind::Inlagg
    };
    match detect::is_question(&post.search_text()) {
        Truth::Yes => vec![FactKind::Fraga],
        Truth::No => vec![plain],
        Truth::Unknown => {
            let mut kinds = vec![FactKind::Fraga, plain];
            kinds.sort();
            kinds
        }
    }
}

fn answers_something(post: &Post) -> bool {
    matches!(post.kind, PostKind::Comment | PostKind::Reply) || post.in_reply_to.is_some()
}

fn parent<'t>(post: &Post, thread: &'t [PostRow]) -> Option<&'t PostRow> {
    let key = post.in_reply_to.as_ref()?.key.as_deref()?;
    thread.iter().find(|row| row.post.is_named(key))
}

/// What stands above a post.
pub(super) struct Above<'t> {
    /// The posts it answers, nearest first.
    pub(super) posts: Vec<&'t PostRow>,
    /// Whether that is all: no post in between is missing.
    pub(super) whole: bool,
}

/// Follows a post's answers upwards. In a conversation, whose messages do not tell what they answer, everything that may
/// have been written before stands above; where there is nothing, what the message answers may be missing.
pub(super) fn above<'t>(post: &Post, thread: &'t [PostRow]) -> Above<'t> {
    if post.thread_key.is_some() {
        let others = thread.iter().filter(|row| row.post.key != post.key);
        let posts: Vec<_> = others.filter(|row| !is_before(post, &row.post)).collect();
        let whole = !posts.is_empty();
        return Above { posts, whole };
    }
    let mut seen = BTreeSet::from([post.key.as_str()]);
    let mut posts: Vec<&PostRow> = Vec::new();
    let mut next = post.in_reply_to.as_ref();
    while let Some(answered) = next {
        let key = answered.key.as_deref();
        let Some(row) = key.and_then(|key| thread.iter().find(|row| row.post.is_named(key))) else {
            return Above {
                posts,
                whole: false,
            };
        };
        // Hostile data may answer itself in a circle.
        if !seen.insert(row.post.key.as_str()) {
            return Above {
                posts,
                whole: false,
            };
        }
        posts.push(row);
        next = row.post.in_reply_to.as_ref();
    }
    Above { posts, whole: true }
}

/// Whether the post, or for an answer the post that it answers, is answered, and the date of the latest answer. An item by
/// the municipality below it is an answer; one that only comes later in the thread may be. A message that belongs to no
/// conversation that the source names may be answered by any other, so that nothing tells that it is not.
pub(super) fn answered(row: &PostRow, thread: &[PostRow]) -> (Truth, Option<NaiveDate>) {
    let asked = if row.post.author.role == AuthorRole::Authority {
        match parent(&row.post, thread) {
            Some(parent) if parent.post.author.role != AuthorRole::Authority => parent,
            Some(_) | None => return (Truth::Unknown, None),
        }
    } else {
        row
    };
    let own = || {
        thread
            .iter()
            .filter(|other| other.post.author.role == AuthorRole::Authority)
    };
    let below: Vec<&PostRow> = own()
        .filter(|other| is_below(&other.post, &asked.post, thread))
        .collect();
    if !below.is_empty() {
        let latest = below.iter().map(|answer| moment(answer)).max();
        return (Truth::Yes, latest.map(Instant::stockholm_date));
    }
    let later = own()
        .any(|other| other.post.key != asked.thread_key && !is_before(&other.post, &asked.post));
    // A role that is not known may be the municipality's own.
    let unknown = thread
        .iter()
        .any(|other| other.post.author.role == AuthorRole::Unknown && other.id != asked.id);
    let unconnected = is_direct(&asked.post) && asked.post.thread_key.is_none();
    if later || unknown || unconnected || !begins(asked, thread) {
        (Truth::Unknown, None)
    } else {
        (Truth::No, None)
    }
}

/// Whether the thread's beginning is there: the conversation, or a root that itself answers nothing. Else more may have
/// been written in it than is known here, and by then nobody knows when it was last active.
fn begins(row: &PostRow, thread: &[PostRow]) -> bool {
    let root = || {
        let mut all = thread.iter().chain([row]);
        all.find(|one| one.post.is_named(&row.thread_key))
    };
    row.post.thread_key.is_some() || root().is_some_and(|root| root.post.in_reply_to.is_none())
}

/// Whether `post` has `asked` among its ancestors.
fn is_below(post: &Post, asked: &Post, thread: &[PostRow]) -> bool {
    let mut seen = BTreeSet::new();
    let mut next = post.in_reply_to.as_ref().and_then(|to| to.key.as_deref());
    while let Some(current) = next {
        if asked.is_named(current) {
            return true;
        }
        // Hostile data may answer itself in a circle.
        if !seen.insert(current) {
            return false;
        }
        next = thread
            .iter()
            .find(|row| row.post.is_named(current))
            .and_then(|row| row.post.in_reply_to.as_ref())
            .and_then(|to| to.key.as_deref());
    }
    false
}

/// Whether all of `one`, later changes included, is known to have been written before `other` was published.
fn is_before(one: &Post, other: &Post) -> bool {
    let Some(published) = other.posted_at.utc else {
        return false;
    };
    let written = [Some(&one.posted_at), one.edited_at.as_ref()];
    written.into_iter().flatten().all(|time| {
        // The longest day has 25 hours.
        let exact_to = match time.precision {
            Precision::Second => 1,
            Precision::Minute => 60,
            Precision::Day => 25 * 3_600,
        };
        time.utc
            .is_some_and(|utc| (published.utc() - utc.utc()).num_seconds() >= exact_to)
    })
}

/// The latest moment the item is known to have been written or changed; where not told, when it was taken in.
fn moment(row: &PostRow) -> Instant {
    let edited = row.post.edited_at.as_ref().and_then(|time| time.utc);
    row.post
        .posted_at
        .utc
        .max(edited)
        .unwrap_or(row.observed_at)
}

/// The events that the thread tells of.
pub(super) fn triggers(row: &PostRow, thread: &[PostRow]) -> BTreeMap<Trigger, NaiveDate> {
    let mut triggers = BTreeMap::new();
    if let Some(published) = row.post.posted_at.utc {
        triggers.insert(Trigger::Publicerad, published.stockholm_date());
    }
    let latest = thread.iter().chain([row]).map(moment).max();
    if let Some(latest) = latest.filter(|_| begins(row, thread)) {
        triggers.insert(Trigger::SenasteAktivitetITrad, latest.stockholm_date());
    }
    if let (Truth::Yes, Some(date)) = answered(row, thread) {
        triggers.insert(Trigger::FragaBesvarad, date);
    }
    triggers
}

/// When the event is over that an own post tells of: the latest day of any of its versions, the newest of which must tell
/// one. `texts` are those of the versions, the newest last.
pub(super) fn event_over(row: &PostRow, texts: &[String]) -> Option<NaiveDate> {
    if row.post.author.role != AuthorRole::Authority || is_direct(&row.post) {
        return None;
    }
    let published = row.post.posted_at.utc?.stockholm_date();
    let day = |text: &String| detect::event::last_day(text, published);
    let newest = day(texts.last()?)?;
    Some(texts.iter().filter_map(day).fold(newest, NaiveDate::max))
}
