//! What the exports of Facebook, Instagram, X and the like become.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use bevara::model::digest::Sha256Hex;
use bevara::model::id::AccountId;
use bevara::model::post::{
    AttachmentState, AuthorRole, Completeness, PostKind, RecordOrigin, RoleBasis, StateValue,
    Visibility, ZoneBasis,
};
use bevara::platform::{Container, Item, Limits, Source, importer_for};
use serde_json::Value;

use crate::platforms::{Read, fixture, read_of, walk, zipped};

const X: &str = "https://x.com/exempelkoping";

/// The post whose text begins so.
#[track_caller]
fn begins<'r>(read: &'r Read, text: &str) -> &'r bevara::platform::Parsed {
    let found = read
        .posts
        .iter()
        .find(|parsed| parsed.post.text.starts_with(text));
    found.unwrap_or_else(|| panic!("no post begins with {text}"))
}

/// `sha256sum` of a file.
fn sha256sum(path: &Path) -> String {
    let out = Command::new("sha256sum").arg(path).output().unwrap();
    String::from_utf8(out.stdout).unwrap()[..64].to_owned()
}

#[test]
fn x_archives_give_posts_messages_versions_and_media() {
    let read = read_of(&fixture("x/arkiv"), X);
    assert_eq!(read.format, "x");
    assert_eq!(read.refused, []);
    assert_eq!(read.notes, [] as [&str; 0]);
    let mut kinds: BTreeMap<PostKind, u32> = BTreeMap::new();
    for parsed in &read.posts {
        *kinds.entry(parsed.post.kind).or_default() += 1;
    }
    assert_eq!(
        kinds,
        BTreeMap::from([
            (PostKind::Post, 5),
            (PostKind::Reply, 1),
            (PostKind::Repost, 1),
            (PostKind::Message, 3),
        ])
    );

    let water = &begins(&read, "Vattenavstängning").post;
    assert_eq!(
        water.text,
        "Vattenavstängning på Åsgatan & Ängsvägen kl. 9–12. #vatten https://exempelkoping.example/vatten"
    );
    assert_eq!(water.repairs, ["html-unescape", "t-co-expanded"]);
    assert_eq!(water.tags, ["vatten"]);
    assert_eq!(water.links, ["https://exempelkoping.example/vatten"]);
    assert_eq!(water.author.role, AuthorRole::Authority);
    assert_eq!(water.author.role_basis, RoleBasis::OwnAccountId);
    assert_eq!(water.author.name, "Exempelköpings kommun");
    assert_eq!(water.record_origin, RecordOrigin::Upprattad);
    assert_eq!(water.visibility, Visibility::Public);
    assert_eq!(water.counts.as_ref().unwrap().likes, Some(3));
    assert_eq!(water.edits, []);
    assert_eq!(
        water.permalink.as_deref(),
        Some(format!("{X}/status/{}", water.platform_id.as_ref().unwrap()).as_str())
    );
    assert_eq!(water.evidence[0].member.as_deref(), Some("data/tweets.js"));
    assert_eq!(water.evidence[0].locator, "/0/tweet");

    let reply = &begins(&read, "@testtestsson").post;
    let answered = reply.in_reply_to.as_ref().unwrap();
    assert_eq!(answered.platform_id.as_deref(), Some("1936000000000000050"));
    assert_eq!(answered.author_hint.as_deref(), Some("testtestsson"));
    assert_eq!(reply.mentions, ["@testtestsson"]);

    let bath = begins(&read, "Badet");
    assert_eq!(bath.post.attachments.len(), 2);
    for (attachment, media) in bath.post.attachments.iter().zip(&bath.media) {
        let name = attachment.source_uri.rsplit('/').next().unwrap();
        let id = bath.post.platform_id.as_ref().unwrap();
        let path = fixture("x/arkiv").join(format!("data/tweets_media/{id}-{name}"));
        assert_eq!(attachment.state, AttachmentState::Present);
        assert_eq!(
            attachment.sha256.as_ref().unwrap().as_str(),
            sha256sum(&path)
        );
        assert_eq!(attachment.sha256.as_ref(), Some(&media.sha256));
    }

    let long = &begins(&read, "Kommunfullmäktige");
    assert!(long.post.text.ends_with("Läs mer & hör av dig."));
    assert_eq!(long.post.warnings, ["text-from-note-tweet"]);
    let original: Value = serde_json::from_slice(&long.original).unwrap();
    assert!(
        original
            .pointer("/tweet/tweet/full_text")
            .unwrap()
            .as_str()
            .unwrap()
            .contains('…')
    );
    assert!(original.pointer("/noteTweet/noteTweet/core/text").is_some());

    let edited = &begins(&read, "Invigningen").post;
    let stamps: Vec<_> = edited
        .edits
        .iter()
        .map(|edit| (edit.seq, edit.observed, edit.at.unwrap().to_string()))
        .collect();
    assert_eq!(
        stamps,
        [
            (1, false, "2025-06-24T12:40:00Z".to_owned()),
            (2, false, "2025-06-24T12:50:00Z".to_owned()),
        ]
    );
    assert_eq!(edited.same_as.len(), 2);
    assert_eq!(edited.attachments[0].kind, "video");
    assert_eq!(edited.attachments[0].duration_ms, Some(12_500));
    assert_eq!(edited.attachments[0].state, AttachmentState::Present);

    let deleted = &begins(&read, "Fel länk").post;
    assert_eq!(deleted.state.value, StateValue::DeletedByAuthority);
    assert_eq!(
        deleted.state.at.unwrap().to_string(),
        "2025-06-21T10:00:00Z"
    );
}

#[test]
fn x_messages_are_direct_and_by_the_public_unless_the_account_sent_them() {
    let read = read_of(&fixture("x/arkiv"), X);
    let question = &begins(&read, "När har biblioteket").post;
    assert_eq!(question.author.role, AuthorRole::Public);
    assert_eq!(question.author.role_basis, RoleBasis::OtherId);
    assert_eq!(question.record_origin, RecordOrigin::Inkommen);
    assert_eq!(
        question.recipients[0].platform_id.as_deref(),
        Some("1400000000000000001")
    );
    let answer = &begins(&read, "Hej! Öppet").post;
    assert_eq!(answer.author.role, AuthorRole::Authority);
    assert_eq!(
        answer.text,
        "Hej! Öppet 10–18. https://exempelkoping.example/bibliotek"
    );
    assert_eq!(answer.thread_key, question.thread_key);
    assert_ne!(begins(&read, "Vi ses").post.thread_key, question.thread_key);
    for parsed in &read.posts {
        let direct = parsed.post.kind == PostKind::Message;
        assert_eq!(direct, parsed.post.visibility == Visibility::Direct);
        assert_eq!(direct, !parsed.post.visibility.is_open());
    }
}

/// The JSON behind the first `=` of a file.
fn behind(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(text.split_once('=').unwrap().1).unwrap()
}

#[test]
fn x_counts_and_times_equal_a_plain_walk() {
    let data = fixture("x/arkiv").join("data");
    let mut ids = BTreeSet::new();
    for name in ["tweets.js", "tweets-part1.js", "deleted-tweets.js"] {
        for item in behind(&data.join(name)).as_array().unwrap() {
            ids.insert(item["tweet"]["id_str"].as_str().unwrap().to_owned());
        }
    }
    let tweets = ids.clone();
    for name in ["direct-messages.js", "direct-messages-group.js"] {
        for item in behind(&data.join(name)).as_array().unwrap() {
            for message in item["dmConversation"]["messages"].as_array().unwrap() {
                let id = message.pointer("/messageCreate/id");
                ids.extend(id.map(|id| id.as_str().unwrap().to_owned()));
            }
        }
    }
    let read = read_of(&fixture("x/arkiv"), X);
    let found: BTreeSet<_> = read
        .posts
        .iter()
        .map(|parsed| parsed.post.platform_id.clone().unwrap())
        .collect();
    assert_eq!(found, ids);
    assert_eq!(read.posts.len(), ids.len());
    for parsed in &read.posts {
        let id = parsed.post.platform_id.clone().unwrap();
        if !tweets.contains(&id) {
            continue;
        }
        let milliseconds = (id.parse::<i64>().unwrap() >> 22) + 1_288_834_974_657;
        let told = parsed.post.posted_at.utc.unwrap().utc().timestamp();
        assert!((milliseconds / 1000 - told).abs() <= 1, "{id}");
    }
}

#[test]
fn x_archives_that_are_broken_say_what_is_missing_and_where() {
    let read = read_of(&fixture("x/trasig"), "https://x.com/annankommun");
    let reasons: Vec<_> = read
        .refused
        .iter()
        .map(|(place, reason)| (place.rsplit(", ").next().unwrap(), reason.as_str()))
        .collect();
    assert_eq!(
        reasons,
        [
            (
                "/1",
                "inlägget saknar id: fältet id_str saknas eller går inte att läsa"
            ),
            ("/2", "ett fält står två gånger"),
            ("/6", "inläggets id_str är inget nummer"),
            ("/7", "filen slutar mitt i posten; hämta exporten på nytt"),
        ]
    );
    assert_eq!(
        read.notes,
        [
            "Arkivet är av @exempelkoping, inte av @annankommun som står i registret.",
            "data/tweets.js: arkivets innehållsförteckning anger 9 poster, filen har 8.",
            "data/tweets-part1.js: filen saknas; arkivets innehållsförteckning anger 4 poster i den.",
        ]
    );
    assert_eq!(begins(&read, "Avklippt").post.repairs, ["lone-surrogate"]);
    assert_eq!(
        begins(&read, "Klockan").post.warnings,
        ["time-differs-from-id"]
    );
    let derived = &begins(&read, "Utan tid").post.posted_at;
    assert_eq!(derived.zone_basis, ZoneBasis::DerivedFromId);
    assert_eq!(derived.utc.unwrap().to_string(), "2025-06-23T12:00:00Z");
    // Nothing says that everyone could see the posts.
    assert!(
        read.posts
            .iter()
            .all(|parsed| parsed.post.visibility == Visibility::Unknown)
    );
}

#[test]
fn x_archives_of_earlier_years_are_read() {
    let flat = read_of(&fixture("x/2019"), X);
    assert_eq!(flat.posts.len(), 2);
    assert_eq!(
        begins(&flat, "Snöröjningen").post.text,
        "Snöröjningen <pågår> i centrum."
    );
    assert_eq!(begins(&flat, "Isbanan").media.len(), 1);
    assert_eq!(flat.notes.len(), 1);
    let old = read_of(&fixture("x/grailbird"), X);
    assert_eq!(old.posts.len(), 2);
    assert_eq!(old.notes, [] as [&str; 0]);
    let reply = &begins(&old, "Ja, även").post;
    assert_eq!(reply.kind, PostKind::Reply);
    assert_eq!(reply.author.role, AuthorRole::Authority);
    assert_eq!(
        reply.posted_at.utc.unwrap().to_string(),
        "2018-01-16T10:00:00Z"
    );
}

#[test]
fn x_archives_in_two_parts_are_one_and_a_missing_part_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let root = fixture("x/arkiv");
    for (number, media) in [(1, false), (2, true)] {
        for path in walk(&root) {
            let name = path.strip_prefix(&root).unwrap();
            if name.starts_with("data/tweets_media") == media {
                let to = folder.path().join(number.to_string()).join(name);
                std::fs::create_dir_all(to.parent().unwrap()).unwrap();
                std::fs::copy(&path, to).unwrap();
            }
        }
    }
    let zips = [1, 2].map(|number| {
        let zip = folder.path().join(format!("twitter-{number}.zip"));
        zipped(&folder.path().join(number.to_string()), &zip);
        zip
    });
    let account: AccountId = "11111111-2222-4333-8444-555555555555".parse().unwrap();
    let states = |zips: &[std::path::PathBuf]| {
        let container = Container::open_parts(zips, folder.path(), Limits::default()).unwrap();
        let digests: Vec<_> = zips
            .iter()
            .map(|zip| Sha256Hex::of(&std::fs::read(zip).unwrap()))
            .collect();
        let source = Source {
            container: &container,
            digests: &digests,
            account: &account,
            address: X,
        };
        let importer = importer_for(&container, None).unwrap();
        assert!(importer.parts());
        let mut items = importer.read(&source).unwrap();
        let mut states = Vec::new();
        for item in &mut items {
            let Item::Post(parsed) = item.unwrap() else {
                panic!("refused")
            };
            assert_eq!(parsed.post.evidence[0].container_sha256, digests[0]);
            states.extend(parsed.post.attachments.iter().map(|one| one.state));
        }
        assert_eq!(items.summary().completeness, Completeness::OwnOnly);
        states
    };
    assert_eq!(states(&zips), [AttachmentState::Present; 3]);
    assert_eq!(states(&zips[..1]), [AttachmentState::MissingInExport; 3]);
}
