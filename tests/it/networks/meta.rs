//! What exports and saved replies of Facebook and Instagram become.

use bevara::model::post::{AuthorRole, PostKind, StateValue, Visibility};
use serde_json::Value;

use crate::platforms::{Read, every_sample_reads_twice_the_same, fixture, read_of, zipped};
use crate::support::Archive;

/// A line for each post: kind, role, visibility, state, time, files, text.
pub(super) fn lines(read: &Read) -> Vec<String> {
    let line = |parsed: &bevara::platform::Parsed| {
        let post = &parsed.post;
        let json = serde_json::to_value(post).unwrap();
        let word = |pointer: &str| {
            let value = json.pointer(pointer).and_then(Value::as_str);
            value.unwrap_or("-").to_owned()
        };
        let files: Vec<_> = post
            .attachments
            .iter()
            .map(|one| {
                let state = serde_json::to_value(one.state).unwrap();
                format!("{}:{}", one.kind, state.as_str().unwrap())
            })
            .collect();
        format!(
            "{} {} {} {} {} [{}] {}",
            post.kind.as_str(),
            word("/author/role"),
            word("/visibility"),
            word("/state/value"),
            word("/posted_at/utc"),
            files.join(" "),
            post.text.replace('\n', "/"),
        )
    };
    read.posts.iter().map(line).collect()
}

#[track_caller]
pub(super) fn post<'a>(read: &'a Read, text: &str) -> &'a bevara::platform::Parsed {
    let found = read
        .posts
        .iter()
        .find(|one| one.post.text.starts_with(text));
    found.unwrap_or_else(|| panic!("no post {text}"))
}

pub(super) fn refused(read: &Read) -> Vec<String> {
    let line = |(place, reason): &(String, String)| format!("{place}: {reason}");
    read.refused.iter().map(line).collect()
}

#[test]
fn a_page_of_facebook_gives_posts_comments_messages_and_what_no_post_shows() {
    let read = read_of(
        &fixture("facebook/sida"),
        "https://www.facebook.com/exempelkoping",
    );
    assert_eq!(read.format, "facebook");
    assert_eq!(
        lines(&read),
        [
            "comment authority unknown live 2024-06-20T10:40:00Z [] Hej Test! Ja, bryggan är lagad. /Kommunen",
            "comment public unknown live 2024-06-20T13:26:40Z [] Bra fråga",
            "comment authority unknown live 2024-06-20T14:50:00Z [] Nyare form: vi återkommer på måndag.",
            "event authority unknown live 2024-06-27T14:53:20Z [] Kom och se bilarna!",
            "event authority unknown live - [] Hölls på torget",
            "message authority direct live 2024-06-20T13:27:40Z [] Hej! Vi öppnar kl. 8.",
            "message public direct live 2024-06-20T13:27:10Z [image:present] ",
            "message public direct live 2024-06-20T13:26:40Z [] När öppnar biblioteket på måndag?",
            "message public direct deleted_by_author 2024-06-20T13:10:00Z [] ",
            "photo authority unknown live 2024-06-20T08:01:40Z [image:present] Bryggan från sjön",
            "post authority unknown live 2024-06-20T08:00:00Z [image:present] Badplatsen är öppen igen! 🏊 Välkomna. Exempelköpings kommun #bad",
            "post authority unknown live 2024-06-21T08:00:00Z [] Vattenavstängning på Åsgatan 24 juni kl. 9–12.",
            "post authority unknown live 2024-06-21T20:00:00Z [] ",
            "post authority unknown live 2024-06-22T23:46:40Z [video:missing_in_export] Film från invigningen",
            "video authority unknown live 2024-06-24T03:33:20Z [video:missing_in_export] Sortera rätt på återvinningscentralen",
        ]
    );
    assert_eq!(
        refused(&read),
        [
            "sida: this_profile's_activity_across_facebook/posts/profile_posts_1.json, /3: posten saknar tidpunkt: fältet timestamp, creation_timestamp eller create_timestamp saknas eller går inte att läsa"
        ]
    );
    let bath = &post(&read, "Badplatsen").post;
    assert_eq!(bath.author.name, "Exempelköpings kommun");
    assert_eq!(bath.repairs, ["meta-latin1", "mention-token"]);
    assert_eq!(bath.tags, ["bad"]);
    assert_eq!(bath.mentions, ["Exempelköpings kommun", "Åsa Öberg"]);
    assert_eq!(bath.place.as_deref(), Some("Exempelbadet"));
    assert_eq!(bath.edited_at.as_ref().unwrap().original, "1718874000");
    assert_eq!(
        bath.attachments[0].alt.as_deref(),
        Some("Två barn vid bryggan 🏊")
    );
    assert_eq!(
        bath.title.as_deref(),
        Some("Exempelköpings kommun lade till ett nytt foto.")
    );
    assert_eq!(
        post(&read, "Vattenavstängning").post.links,
        ["https://exempelkoping.example/nyheter/vattenavstangning"]
    );
    let answer = &post(&read, "Hej Test").post;
    assert_eq!(
        answer.in_reply_to.as_ref().unwrap().author_hint.as_deref(),
        Some("Exempelköpings kommun svarade på Test Testssons kommentar.")
    );
    let newer = &post(&read, "Nyare form").post;
    assert_eq!(newer.platform_id.as_deref(), Some("900100"));
    assert_eq!(
        newer.links,
        ["https://www.facebook.com/exempelkoping/posts/1"]
    );
    let asked = &post(&read, "När öppnar").post;
    assert!(asked.warnings.contains(&"link-unreadable".to_owned()));
    let sent = &post(&read, "Hej! Vi öppnar").post;
    assert!(sent.thread_key.as_deref().unwrap().ends_with(":dm-123"));
    assert_eq!(sent.recipients.len(), 1);
    assert_eq!(sent.recipients[0].name.as_deref(), Some("Test Testsson"));
    // Two who take part, the account, the empty twin, a photo and a film that posts show; and three pictures.
    assert_eq!(read.skipped, 6 + 3);
}

#[test]
fn what_the_public_wrote_stands_in_its_own_units_alone() {
    for (case, texts) in [
        (
            "facebook-api/svar",
            ["Gäller det lastbilar också?", "Tack för snabbt svar"],
        ),
        (
            "instagram-api/svar",
            ["När är marknaden?", "Dold kommentar"],
        ),
    ] {
        let read = read_of(&fixture(case), "");
        for text in texts {
            let holding = read
                .posts
                .iter()
                .filter(|one| String::from_utf8_lossy(&one.original).contains(text));
            let holding: Vec<_> = holding.map(|one| one.post.text.as_str()).collect();
            assert_eq!(holding, [text], "{case}");
        }
    }
}

#[test]
fn where_a_picture_was_taken_and_sent_from_is_not_kept() {
    for (name, address) in [
        ("facebook/sida", "https://www.facebook.com/exempelkoping"),
        (
            "instagram/foretagskonto",
            "https://www.instagram.com/exempelkoping/",
        ),
    ] {
        let read = read_of(&fixture(name), address);
        let mut kinds: Vec<&str> = Vec::new();
        for parsed in &read.posts {
            let both = [
                bevara::model::json::to_line(&parsed.post).unwrap(),
                String::from_utf8(parsed.original.clone()).unwrap(),
            ];
            for text in both {
                for secret in ["192.0.2.1", "2001:db8", "60.1358", "13.0083", "info@"] {
                    assert!(!text.contains(secret), "{secret} in {text}");
                }
            }
            kinds.extend(parsed.post.personal_data.iter().map(String::as_str));
            let original: Value = serde_json::from_slice(&parsed.original).unwrap();
            for pointer in &parsed.post.redactions {
                let value = original.pointer(pointer).and_then(Value::as_str).unwrap();
                assert!(value.starts_with("[redacted:"), "{pointer}");
            }
        }
        assert!(kinds.contains(&"exif_geo"), "{name}: {kinds:?}");
    }
}

#[test]
fn later_exports_of_facebook_with_other_folders_give_the_same_keys() {
    let address = "https://www.facebook.com/exempelkoping";
    let scratch = tempfile::tempdir().unwrap();
    let zip = scratch.path().join("senare.zip");
    zipped(&fixture("facebook/sida"), &zip);
    let keys = |read: &Read| {
        read.posts
            .iter()
            .map(|one| one.post.key.clone())
            .collect::<Vec<_>>()
    };
    let first = read_of(&fixture("facebook/sida"), address);
    assert_eq!(keys(&first), keys(&read_of(&zip, address)));
    // The path of the first export stands in later ones too, or does not.
    let folder = scratch.path().join("annan");
    let posts = folder.join("this_profile's_activity_across_facebook/posts");
    std::fs::create_dir_all(&posts).unwrap();
    let file = "this_profile's_activity_across_facebook/posts/profile_posts_1.json";
    let text = std::fs::read_to_string(fixture("facebook/sida").join(file)).unwrap();
    let text = text.replace(
        "en_aldre_export/posts/",
        "this_profile's_activity_across_facebook/posts/",
    );
    std::fs::write(posts.join("profile_posts_1.json"), text).unwrap();
    let key = |read: &Read| post(read, "Badplatsen").post.key.clone();
    assert_eq!(key(&read_of(&folder, address)), key(&first));
    let mut all = keys(&first);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), first.posts.len());
}

#[test]
fn instagram_gives_posts_stories_reels_comments_and_messages_in_any_language() {
    let read = read_of(
        &fixture("instagram/foretagskonto"),
        "https://www.instagram.com/exempelkoping/",
    );
    assert_eq!(read.format, "instagram");
    assert_eq!(
        lines(&read),
        [
            "comment authority unknown live 2025-06-20T09:00:00Z [] Tack för frågan! Ja, det är öppet för alla.",
            "comment authority unknown live 2025-06-20T09:16:40Z [] Kiitos kysymyksestä",
            "post authority unknown live 2025-06-20T08:00:00Z [image:present image:present] Midsommar på Ängön 🌼 Program i länken! #midsommar",
            "post authority unknown live 2025-06-21T08:00:00Z [video:missing_in_export] Nya cykelbanan är klar.",
            "video authority unknown live 2025-06-22T13:46:40Z [video:missing_in_export] Så går sophämtningen till",
            "story authority unknown live 2025-06-21T10:00:00Z [image:missing_in_export] Torget just nu",
            "message public direct live 2025-06-20T11:46:40Z [] Är badet öppet?",
        ]
    );
    assert_eq!(
        refused(&read),
        [
            "foretagskonto: your_instagram_activity/comments/post_comments_1.json, /2: det går inte att avgöra vilket fält i string_map_data som är kommentarens text",
            "foretagskonto: your_instagram_activity/media/posts_1.json, /2: inlägget saknar tidpunkt: fältet creation_timestamp saknas eller går inte att läsa",
        ]
    );
    let midsummer = &post(&read, "Midsommar").post;
    assert_eq!(midsummer.author.handle.as_deref(), Some("exempelkoping"));
    assert_eq!(midsummer.author.name, "Exempelköpings kommun");
    assert_eq!(midsummer.tags, ["midsommar"]);
    let finnish = &post(&read, "Kiitos").post;
    assert_eq!(
        finnish.in_reply_to.as_ref().unwrap().author_hint.as_deref(),
        Some("turku")
    );
    assert!(finnish.warnings.contains(&"locale-unknown".to_owned()));
}

#[test]
fn replies_of_facebook_hold_the_public_and_their_threads() {
    let read = read_of(
        &fixture("facebook-api/svar"),
        "https://www.facebook.com/exempelkoping",
    );
    assert_eq!(read.format, "facebook-api");
    let mut all = lines(&read);
    all.sort();
    assert_eq!(
        all,
        [
            "comment public unknown live 2026-05-04T09:00:00Z [] Gäller det lastbilar också?",
            "comment unknown limited hidden 2026-05-04T10:00:00Z [] Tack för snabbt svar",
            "message authority direct live 2026-05-09T08:00:00Z [] Vi öppnar klockan åtta.",
            "message public direct live 2026-05-09T07:00:00Z [image:remote_only] När öppnar ni?",
            "post authority draft live 2026-05-08T08:00:00Z [] Ett utkast",
            "post authority public live 2026-05-04T08:00:00Z [image:remote_only image:remote_only] Vägen till Sågen är öppen igen.",
            "post public public live 2026-05-06T08:00:00Z [] Hål i vägen vid Åsen!",
            "reply authority unknown live 2026-05-04T09:30:00Z [] Ja, alla fordon.",
            "repost authority unknown live 2026-05-07T08:00:00Z [] ",
        ]
    );
    assert_eq!(
        refused(&read),
        [
            "svar: feed.json, /data/4: inlägget saknar tidpunkt: fältet created_time saknas eller går inte att läsa"
        ]
    );
    let road = &post(&read, "Vägen").post;
    // `updated_time` moves with every comment.
    assert_eq!(road.edited_at, None);
    let counts = road.counts.as_ref().unwrap();
    assert_eq!(
        (counts.likes, counts.replies, counts.shares),
        (Some(12), Some(3), Some(3))
    );
    assert_eq!(road.attachments[0].alt.as_deref(), Some("Bild på vägen"));
    let question = &post(&read, "Gäller").post;
    let answer = &post(&read, "Ja, alla").post;
    let hidden = &post(&read, "Tack").post;
    for (post, answered) in [(question, road), (answer, question), (hidden, road)] {
        assert_eq!(
            post.in_reply_to.as_ref().unwrap().key.as_ref(),
            Some(&answered.key)
        );
        assert_eq!(post.thread_root.as_ref(), Some(&road.key));
    }
    let sent = post(&read, "Vi öppnar");
    assert_eq!(sent.post.redactions, ["/from/email", "/to/data/0/email"]);
    assert_eq!(sent.post.recipients[0].platform_id.as_deref(), Some("77"));
}

#[test]
fn replies_of_instagram_hold_the_public_and_their_threads() {
    let read = read_of(
        &fixture("instagram-api/svar"),
        "https://www.instagram.com/exempelkoping/",
    );
    assert_eq!(read.format, "instagram-api");
    let mut all = lines(&read);
    all.sort();
    assert_eq!(
        all,
        [
            "comment public limited hidden 2026-09-20T10:00:00Z [] Dold kommentar",
            "comment public unknown live 2026-09-20T09:00:00Z [] När är marknaden?",
            "comment unknown unknown live 2026-09-20T10:00:00Z [] Utan upphov",
            "post authority unknown live 2026-09-20T08:00:00Z [image:remote_only video:remote_only] Hösten på torget 🍂 #höst",
            "post authority unknown live 2026-09-22T08:00:00Z [] Borttagen bild",
            "reply authority unknown live 2026-09-20T09:10:00Z [] På lördag kl. 10.",
            "story authority unknown live 2026-09-21T08:00:00Z [image:remote_only] ",
        ]
    );
    let square = &post(&read, "Hösten").post;
    let question = &post(&read, "När är").post;
    let answer = &post(&read, "På lördag").post;
    assert_eq!(square.attachments[0].alt.as_deref(), Some("Torget"));
    assert_eq!(
        answer.in_reply_to.as_ref().unwrap().key.as_ref(),
        Some(&question.key)
    );
    for post in [question, answer, &post(&read, "Dold").post] {
        assert_eq!(post.thread_root.as_ref(), Some(&square.key));
    }
    let warnings = &post(&read, "Borttagen").post.warnings;
    assert!(warnings.contains(&"attachment-without-address".to_owned()));
}

#[test]
fn every_sample_of_meta_gives_records_or_a_named_error_and_twice_the_same() {
    every_sample_reads_twice_the_same(&["facebook", "instagram"]);
}

#[test]
fn nothing_of_an_export_that_does_not_say_so_is_public() {
    for name in [
        "facebook/sida",
        "facebook/person",
        "instagram/foretagskonto",
    ] {
        let read = read_of(&fixture(name), "");
        assert!(
            read.posts.iter().all(|one| !one.post.visibility.is_open()),
            "{name}"
        );
    }
    let person = read_of(&fixture("facebook/person"), "");
    let [status] = person.posts.as_slice() else {
        panic!("one post");
    };
    assert_eq!(status.post.author.name, "Exempelköpings kommun");
    assert_eq!(
        (
            status.post.kind,
            status.post.author.role,
            status.post.state.value,
            status.post.visibility
        ),
        (
            PostKind::Post,
            AuthorRole::Authority,
            StateValue::Live,
            Visibility::Unknown
        )
    );
}

#[test]
fn an_export_of_another_platform_than_the_accounts_is_told_of() {
    let day = "2026-09-01";
    let archive = Archive::new(day);
    archive.add_account(
        day,
        "fb",
        "facebook",
        "https://m.facebook.com/exempelkoping",
    );
    archive.add_account(
        day,
        "ig",
        "instagram",
        "https://www.instagram.com/exempelkoping/",
    );
    let warned = |alias: &str, case: &str| {
        let export = fixture(case);
        let ran = archive.json(day, &["ingest", alias, export.to_str().unwrap()]);
        let findings = ran.document()["findings"].to_string();
        findings.contains("W-OTHER-SITE")
    };
    assert!(warned("ig", "facebook/person"));
    assert!(warned("fb", "instagram-api/svar"));
    assert!(!warned("fb", "facebook/person"));
    assert!(!warned("ig", "instagram-api/svar"));
    // What no export tells to be open is not found without asking for it, and the answer says so.
    let search = |more: &[&str]| {
        let args = [&["post", "search", "nytt år"], more].concat();
        archive.text(day, &args).stdout
    };
    assert!(search(&[]).contains("--include-closed"));
    assert!(search(&["--include-closed"]).contains("[nytt år]"));
    let args = ["post", "search", "nytt år", "--include-closed"];
    let found = archive.json(day, &args).result()["posts"].clone();
    let key = found[0]["post"].as_str().unwrap();
    let shown = archive
        .json(day, &["post", "show", key, "--include-closed"])
        .result();
    assert!(shown.to_string().contains("\"role_basis\":\"own_export\""));
}

#[test]
fn replies_with_nothing_but_what_is_given_unasked_are_told_apart_by_their_ids() {
    let read = read_of(
        &fixture("facebook-api/standard"),
        "https://www.facebook.com/exempelkoping",
    );
    assert_eq!(
        lines(&read),
        [
            "comment unknown unknown live 2026-05-04T09:00:00Z [] Tack!",
            "post unknown unknown live 2026-05-04T08:00:00Z [] Vägen är öppen.",
            "post unknown unknown live 2026-05-05T08:00:00Z [] Simhallen är stängd.",
        ]
    );
    let road = &post(&read, "Vägen").post.key;
    assert_eq!(post(&read, "Tack").post.thread_root.as_ref(), Some(road));
    let read = read_of(&fixture("instagram-api/standard"), "");
    assert_eq!(read.format, "instagram-api");
    assert_eq!(
        lines(&read),
        ["comment unknown unknown live 2026-09-20T09:00:00Z [] När är marknaden?"]
    );
}
