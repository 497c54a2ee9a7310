//! Facts of posts in threads made by hand. Expected values are those of the mapping table for retention facts.

use crate::model::facts::{FactKind, Truth};
use crate::model::post::{
    Author, InReplyTo, PostKind, PostState, PostTime, Precision, RecordOrigin, RoleBasis, SCHEMA,
    ZoneBasis,
};
use crate::ops::facts::flags::both;
use crate::ops::facts::*;

fn at(text: &str) -> Instant {
    Instant::parse_as_of(text).unwrap()
}

fn nameless(role: AuthorRole) -> Author {
    Author {
        name: String::new(),
        handle: None,
        platform_id: None,
        url: None,
        role,
        role_basis: RoleBasis::None,
    }
}

fn row(id: i64, role: AuthorRole, text: &str, answers: Option<i64>) -> PostRow {
    let key = |id: i64| format!("wordpress:a:c{id}");
    let posted = Instant::start_of("2026-05-01".parse().unwrap()).plus_seconds(id * 3600);
    PostRow {
        id,
        account: "3f2504e0-4f89-41d3-9a0c-0305e82c3301".parse().unwrap(),
        unit: UnitRef {
            holder: "20260601T000000Z-0123abcd".parse().unwrap(),
            unit: crate::model::id::UnitNo(u32::try_from(id).unwrap()),
        },
        observed_at: at("2026-06-01"),
        thread_key: key(1),
        versions: 1,
        post: Post {
            schema: SCHEMA.to_owned(),
            key: key(id),
            key_basis: "platform_id".to_owned(),
            platform: "wordpress".to_owned(),
            platform_id: None,
            source_id: None,
            platform_cid: None,
            same_as: Vec::new(),
            account_ref: String::new(),
            kind: if answers.is_some() {
                PostKind::Comment
            } else {
                PostKind::Post
            },
            permalink: None,
            author: nameless(role),
            record_origin: RecordOrigin::Okand,
            posted_at: PostTime {
                utc: Some(posted),
                original: String::new(),
                precision: Precision::Second,
                zone_basis: ZoneBasis::UtcByFormat,
            },
            edited_at: None,
            edits: Vec::new(),
            state: PostState {
                value: StateValue::Live,
                at: None,
                basis: String::new(),
            },
            text: text.to_owned(),
            text_html: None,
            title: None,
            content_warning: None,
            lang: None,
            text_sha256: crate::model::digest::Sha256Hex::of(text.as_bytes()),
            in_reply_to: answers.map(|parent| InReplyTo {
                key: Some(key(parent)),
                platform_id: None,
                url: None,
                author_hint: None,
            }),
            thread_root: None,
            thread_key: None,
            recipients: Vec::new(),
            visibility: Visibility::Public,
            attachments: Vec::new(),
            links: Vec::new(),
            tags: Vec::new(),
            mentions: Vec::new(),
            place: None,
            counts: None,
            captured_at: None,
            evidence: Vec::new(),
            repairs: Vec::new(),
            warnings: Vec::new(),
            redactions: Vec::new(),
            personal_data: Vec::new(),
            nonce: String::new(),
        },
    }
}

/// A post by the municipality, a question, its answer, thanks, and a second question that nobody has answered below.
fn conversation() -> Vec<PostRow> {
    vec![
        row(1, AuthorRole::Authority, "Badhuset öppnar.", None),
        row(
            2,
            AuthorRole::Public,
            "Vilka tider har badhuset öppet?",
            Some(1),
        ),
        row(3, AuthorRole::Authority, "Klockan 9–15.", Some(2)),
        row(4, AuthorRole::Public, "Tack för informationen!", Some(1)),
    ]
}

#[test]
fn types_follow_author_and_place_in_the_thread() {
    let all = conversation();
    assert_eq!(thread::kinds(&all[0], &all), [FactKind::Inlagg]);
    assert_eq!(thread::kinds(&all[1], &all), [FactKind::Fraga]);
    assert_eq!(thread::kinds(&all[2], &all), [FactKind::Svar]);
    assert_eq!(thread::kinds(&all[3], &all), [FactKind::Kommentar]);
    let alone = row(9, AuthorRole::Authority, "Svar till någon.", Some(8));
    assert_eq!(
        thread::kinds(&alone, std::slice::from_ref(&alone)),
        [FactKind::Svar, FactKind::Inlagg],
        "undecided when what it answers is not there"
    );
    let mut direct = row(2, AuthorRole::Public, "Hej", None);
    direct.post.visibility = Visibility::Direct;
    assert_eq!(thread::kinds(&direct, &[]), [FactKind::Direktmeddelande]);
}

#[test]
fn only_an_item_below_the_question_answers_it() {
    let mut all = conversation();
    assert_eq!(
        thread::answered(&all[1], &all),
        (Truth::Yes, Some("2026-05-01".parse().unwrap()))
    );
    assert_eq!(thread::answered(&all[2], &all).0, Truth::Yes, "the answer");
    all.push(row(5, AuthorRole::Public, "Vad kostar det?", Some(1)));
    assert_eq!(thread::answered(&all[4], &all).0, Truth::No);
    all.push(row(6, AuthorRole::Authority, "Mer kommer.", Some(1)));
    assert_eq!(
        thread::answered(&all[4], &all).0,
        Truth::Unknown,
        "merely later in the thread"
    );
}

#[test]
fn a_thread_that_answers_itself_in_a_circle_ends() {
    let one = row(2, AuthorRole::Authority, "a", Some(3));
    let other = row(3, AuthorRole::Authority, "b", Some(2));
    let question = row(7, AuthorRole::Public, "Varför då?", Some(2));
    let all = [one, other, question];
    assert_ne!(thread::answered(&all[2], &all).0, Truth::Yes);
}

#[test]
fn what_stands_above_is_followed_to_the_top_and_told_when_it_is_not_there() {
    let mut all = conversation();
    let above = thread::above(&all[2].post, &all);
    let ids: Vec<i64> = above.posts.iter().map(|row| row.id).collect();
    assert_eq!((ids, above.whole), (vec![2, 1], true));
    assert!(thread::above(&all[0].post, &all).posts.is_empty());
    all.remove(0);
    assert!(!thread::above(&all[0].post, &all).whole);
    let one = row(2, AuthorRole::Public, "a", Some(3));
    let other = row(3, AuthorRole::Public, "b", Some(2));
    let circle = [one, other];
    assert!(!thread::above(&circle[0].post, &circle).whole);
}

#[test]
fn activity_is_the_latest_known_and_never_earlier_than_what_is_unknown() {
    let mut all = conversation();
    let latest = |all: &[PostRow]| thread::triggers(&all[0], all)[&Trigger::SenasteAktivitetITrad];
    assert_eq!(latest(&all), "2026-05-01".parse().unwrap());
    all[3].post.posted_at.utc = None;
    assert_eq!(
        latest(&all),
        "2026-06-01".parse().unwrap(),
        "the day it was taken in"
    );
}

#[test]
fn a_post_changed_when_it_was_last_seen_to() {
    let mut post = row(2, AuthorRole::Public, "a", Some(1));
    assert_eq!(last_change(&post), post.post.posted_at.utc.unwrap());
    post.versions = 2;
    assert_eq!(last_change(&post), at("2026-06-01"));
    post.versions = 1;
    post.post.state.at = Some(at("2026-05-20"));
    assert_eq!(last_change(&post), at("2026-05-20"));
    post.post.posted_at.utc = None;
    assert_eq!(last_change(&post), at("2026-06-01"));
}

#[test]
fn versions_that_differ_leave_a_flag_unknown_unless_it_is_grave() {
    let answer = |value| Answer {
        value,
        by: "prov/1".to_owned(),
        because: String::new(),
    };
    let newer = BTreeMap::from([
        (Flag::Personnummer, answer(Truth::No)),
        (Flag::ForKannedom, answer(Truth::No)),
        (Flag::Svordom, answer(Truth::No)),
    ]);
    let older = BTreeMap::from([
        (Flag::Personnummer, answer(Truth::Yes)),
        (Flag::ForKannedom, answer(Truth::Yes)),
        (Flag::Svordom, answer(Truth::No)),
    ]);
    let merged = both(&newer, &older);
    assert_eq!(merged[&Flag::Personnummer].value, Truth::Yes);
    assert_eq!(merged[&Flag::ForKannedom].value, Truth::Unknown);
    assert_eq!(merged[&Flag::Svordom].value, Truth::No);
}

#[test]
fn visibility_is_published_only_when_live_and_open() {
    let with = |value, seen| {
        let mut post = row(1, AuthorRole::Public, "a", None).post;
        post.state.value = value;
        post.visibility = seen;
        visibility(&post)
    };
    assert_eq!(
        with(StateValue::Live, Visibility::Unlisted),
        Some(FactVisibility::Publicerad)
    );
    assert_eq!(with(StateValue::Live, Visibility::Unknown), None);
    assert_eq!(
        with(StateValue::Hidden, Visibility::Public),
        Some(FactVisibility::Avpublicerad)
    );
    assert_eq!(
        with(StateValue::DeletedByAuthor, Visibility::Public),
        Some(FactVisibility::Raderad)
    );
    assert_eq!(with(StateValue::NotObserved, Visibility::Public), None);
}

#[test]
fn a_capture_shows_what_stood_before_it_began() {
    use crate::model::record::CaptureKind;
    use crate::model::verdict::Verdict;
    use crate::ops::facts::account::after;
    let capture = |begun: &str, committed: &str| CaptureRow {
        id: format!("{begun}-0123abcd").parse().unwrap(),
        account: "3f2504e0-4f89-41d3-9a0c-0305e82c3301".parse().unwrap(),
        kind: CaptureKind::Page,
        occasion: None,
        verdict: Verdict::Complete,
        time: at(committed),
        seq: 1,
        units: 3,
        counts: None,
        text_chars: None,
    };
    let changed = at("2026-07-01T00:00:00Z");
    let all = [
        // A post of midnight may not be in the page that was begun then, or a second before.
        capture("20260630T235959Z", "2026-07-01T00:05:00Z"),
        capture("20260701T000000Z", "2026-07-01T00:05:00Z"),
        capture("20260701T000001Z", "2026-07-01T00:05:00Z"),
        // An id that lies about the time: what counts is the earlier.
        capture("20270101T000000Z", "2026-06-01T00:00:00Z"),
    ];
    let shown: Vec<&str> = after(&all, changed).map(|one| one.id.as_str()).collect();
    assert_eq!(shown, ["20260701T000001Z-0123abcd"]);
}

/// Messages of one conversation, which do not say what they answer: a question, another's answer, thanks.
fn messages() -> Vec<PostRow> {
    let said = [
        (AuthorRole::Public, "Vilka tider har badhuset öppet?"),
        (AuthorRole::Authority, "Klockan 9–15."),
        (AuthorRole::Public, "Tack för informationen!"),
    ];
    let rows = (1..).zip(said).map(|(id, (role, text))| {
        let mut row = row(id, role, text, None);
        row.post.kind = PostKind::Message;
        row.post.visibility = Visibility::Direct;
        row.thread_key = "x:a:dm-1".to_owned();
        row.post.thread_key = Some(row.thread_key.clone());
        row
    });
    rows.collect()
}

#[test]
fn a_message_is_answered_by_nothing_that_can_be_known() {
    let all = messages();
    let truth = |all: &[PostRow], index: usize| thread::answered(&all[index], all).0;
    assert_eq!(truth(&all, 0), Truth::Unknown, "the answer may be to it");
    assert_eq!(
        truth(&all, 1),
        Truth::Unknown,
        "what it answers is not told"
    );
    assert_eq!(truth(&all, 2), Truth::No, "nobody wrote after it");
    // Written before it, but changed after.
    let mut changed = messages();
    changed[1].post.edited_at = Some(PostTime {
        utc: Some(changed[2].post.posted_at.utc.unwrap().plus_seconds(60)),
        ..changed[1].post.posted_at.clone()
    });
    assert_eq!(truth(&changed, 2), Truth::Unknown);
    // The question was changed after its answer.
    let mut changed = messages();
    changed[0].post.edited_at = Some(changed[2].post.posted_at.clone());
    assert_eq!(truth(&changed, 0), Truth::Unknown);
    // Only the day is known: it may have been after.
    let mut coarse = messages();
    coarse[1].post.posted_at.precision = Precision::Day;
    assert_eq!(truth(&coarse, 2), Truth::Unknown);
    // In the same second nobody knows which came first.
    let mut same = messages();
    same[1].post.posted_at = same[2].post.posted_at.clone();
    assert_eq!(truth(&same, 2), Truth::Unknown);
    // A role that is not known.
    let mut unknown = messages();
    unknown[1].post.author = nameless(AuthorRole::Unknown);
    assert_eq!(truth(&unknown, 2), Truth::Unknown);
    // A letter that no conversation is told of.
    let mut alone = messages();
    alone.truncate(1);
    alone[0].post.thread_key = None;
    assert_eq!(truth(&alone, 0), Truth::Unknown);
}

#[test]
fn in_a_conversation_everything_earlier_stands_above() {
    let all = messages();
    let above = |all: &[PostRow], index: usize| {
        let above = thread::above(&all[index].post, all);
        let ids: Vec<i64> = above.posts.iter().map(|row| row.id).collect();
        (ids, above.whole)
    };
    assert_eq!(above(&all, 2), (vec![1, 2], true));
    assert_eq!(above(&all, 1), (vec![1], true));
    // What a first message answers, such as a story, is not told.
    assert_eq!(above(&all, 0), (vec![], false));
    // Where the time is not known it may have come before.
    let mut timeless = messages();
    timeless[2].post.posted_at.utc = None;
    assert_eq!(above(&timeless, 0), (vec![3], true));
    let latest = thread::triggers(&all[0], &all)[&Trigger::SenasteAktivitetITrad];
    assert_eq!(latest, "2026-05-01".parse().unwrap());
    assert!(!thread::triggers(&all[0], &all).contains_key(&Trigger::FragaBesvarad));
}

#[test]
fn an_event_is_over_after_the_last_day_that_any_version_tells() {
    let over = |role, texts: &[&str]| {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        thread::event_over(&row(1, role, "", None), &texts).map(|day| day.to_string())
    };
    let (old, new) = ("Konsert den 8 juni", "Konsert den 6 juni");
    let own = AuthorRole::Authority;
    assert_eq!(over(own, &[new]).as_deref(), Some("2026-06-06"));
    assert_eq!(over(own, &[old, new]).as_deref(), Some("2026-06-08"));
    assert_eq!(over(own, &[old, "Konsert på lördag"]), None);
    assert_eq!(over(AuthorRole::Public, &[new]), None);
}

#[test]
fn without_a_threads_root_nothing_tells_when_it_was_last_active_or_that_a_question_is_unanswered() {
    let known = |all: &[PostRow]| {
        let active = thread::triggers(&all[0], all).contains_key(&Trigger::SenasteAktivitetITrad);
        (active, thread::answered(&all[0], all).0)
    };
    // A question below a post that is not there.
    let asked = row(
        2,
        AuthorRole::Public,
        "Vilka tider har badhuset öppet?",
        Some(1),
    );
    assert_eq!(known(std::slice::from_ref(&asked)), (false, Truth::Unknown));
    let root = row(1, AuthorRole::Authority, "Badhuset öppnar.", None);
    assert_eq!(known(&[asked.clone(), root.clone()]), (true, Truth::No));
    // The root is there under another of its ids.
    let mut renamed = root.clone();
    renamed.post.key = "wordpress:a:c1-ny".to_owned();
    renamed.post.same_as = vec![root.post.key.clone()];
    assert_eq!(known(&[asked.clone(), renamed]), (true, Truth::No));
    // What seems to be the root answers something that the source does not name.
    let mut reply = root;
    reply.post.in_reply_to = Some(InReplyTo::default());
    assert_eq!(known(&[asked.clone(), reply]), (false, Truth::Unknown));
    // An answer below the question is one, whatever the rest.
    let answer = row(3, AuthorRole::Authority, "Klockan 9–15.", Some(2));
    assert_eq!(known(&[asked, answer]), (false, Truth::Yes));
}
