//! What saved replies of LinkedIn's interfaces for pages and of Flickr's interface become: the public's comments are there.

use bevara::model::post::{AuthorRole, RoleBasis, ZoneBasis};

use crate::networks::meta::{lines, post, refused};
use crate::platforms::{every_sample_reads_twice_the_same, fixture, read_of, samples};
use crate::support::Archive;

const PAGE: &str = "https://www.linkedin.com/company/Exempelkoping/";
const FLICKR: &str = "https://www.flickr.com/photos/exempelkoping/";

#[test]
fn replies_of_linkedin_hold_the_pages_posts_and_the_publics_comments() {
    let read = read_of(&fixture("linkedin-api/svar"), PAGE);
    // The page itself and the post that was withheld.
    assert_eq!(
        (read.format, read.refused.len(), read.skipped),
        ("linkedin-api", 0, 2)
    );
    assert_eq!(
        lines(&read),
        [
            "comment public unknown live 2026-05-27T10:00:00Z [] Är tjänsten på heltid?",
            "reply authority unknown live 2026-05-27T11:00:00Z [] Ja, 40 timmar.",
            "comment unknown unknown live 2026-05-27T13:00:00Z [] Utan avsändare",
            "post authority public live 2026-05-27T08:00:00Z [] Vi söker en arkivarie (heltid) till Exempelköpings bibliotek. #jobb",
            r"post authority limited live 2026-05-28T08:00:00Z [image:remote_only image:remote_only] Nytt bad i höst! C:\bad",
            "post authority draft live 2026-05-29T08:00:00Z [] Utkast",
            "repost public public live 2026-05-30T08:00:00Z [] ",
        ]
    );
    let wanted = &read.post("urn:li:share:7341000000000000001").post;
    assert_eq!(wanted.author.name, "Exempelköpings kommun");
    assert_eq!(wanted.author.role_basis, RoleBasis::OwnAccountId);
    assert_eq!(wanted.repairs, ["linkedin-little-text"]);
    assert_eq!(wanted.mentions, ["Exempelköpings bibliotek"]);
    assert_eq!(wanted.tags, ["jobb"]);
    assert_eq!(wanted.links, ["https://exempelkoping.example/jobb"]);
    assert_eq!(wanted.title.as_deref(), Some("Lediga jobb"));
    assert_eq!(wanted.posted_at.zone_basis, ZoneBasis::UtcByFormat);
    let edited = wanted.edited_at.as_ref().unwrap().utc.unwrap();
    assert_eq!(edited.to_string(), "2026-05-27T09:00:00Z");
    assert_eq!(
        wanted.evidence[0].locator,
        "/results/urn:li:share:7341000000000000001"
    );
    let bath = &post(&read, "Nytt bad").post;
    assert_eq!(bath.edited_at, None);
    assert_eq!(bath.repairs, [] as [&str; 0]);
    assert_eq!(bath.attachments[0].source_uri, "urn:li:image:C4D22AQ1");
    assert_eq!(bath.attachments[0].alt.as_deref(), Some("Bassängen"));
    let asked = &read.post("c7341100000000000001").post;
    assert_eq!(asked.thread_root.as_ref(), Some(&wanted.key));
    assert_eq!(asked.author.role_basis, RoleBasis::OtherId);
    assert_eq!(asked.counts.as_ref().unwrap().likes, Some(2));
    let answer = &read.post("c7341100000000000002").post;
    let answered = answer.in_reply_to.as_ref().unwrap();
    assert_eq!(answered.key.as_ref(), Some(&asked.key));
    let edited = answer.edited_at.as_ref().unwrap().utc.unwrap();
    assert_eq!(edited.to_string(), "2026-05-27T12:00:00Z");
    let nameless = &post(&read, "Utan avsändare").post;
    assert_eq!(nameless.evidence[0].locator, "/1/elements/0");
    // One comment is told under the activity and under the post: they are one thread.
    assert_eq!(nameless.thread_root.as_ref(), Some(&wanted.key));
    assert_eq!(wanted.same_as.len(), 1);
    assert!(wanted.same_as[0].ends_with(":urn:li:activity:7341000000000000099"));
    assert!(
        read.notes[0].contains("lämnade inte ut 1 av"),
        "{:?}",
        read.notes
    );
    assert_eq!(read.notes.len(), 2);
    // The key of a post is the one that a member's export gives it.
    let export = read_of(&fixture("linkedin/medlem"), PAGE);
    let same = &export.post("urn:li:share:7341000000000000001").post;
    assert_eq!(same.key, wanted.key);
    // Nothing says that the page is another account's own.
    let other = read_of(
        &fixture("linkedin-api/svar"),
        "https://www.linkedin.com/company/annankommun",
    );
    assert!(
        other
            .posts
            .iter()
            .all(|one| one.post.author.role == AuthorRole::Unknown)
    );
    assert!(other.notes[0].starts_with("Sidans eget svar"));
}

#[test]
fn broken_replies_of_linkedin_are_refused_with_their_place() {
    let read = read_of(&fixture("linkedin-api/trasig"), PAGE);
    let file = "trasig: posts.json, /elements";
    assert_eq!(
        refused(&read),
        [
            format!("{file}/0: inlägget saknar id: fältet id saknas eller går inte att läsa"),
            format!(
                "{file}/1: inlägget saknar tidpunkt: fältet firstPublishedAt, publishedAt eller created saknas eller går inte att läsa"
            ),
            format!(
                "{file}/2: kommentarens id slutar inte med ett nummer: urn:li:comment:(…,nummer) väntas"
            ),
        ]
    );
    assert_eq!(
        lines(&read),
        ["post unknown unknown live 2026-05-27T08:00:00Z [] Nytt tillstånd"]
    );
    assert_eq!(read.posts[0].post.warnings, ["state-unknown"]);
    assert_eq!(read.skipped, 1);
}

#[test]
fn replies_of_flickr_have_the_keys_of_the_export_and_hold_the_publics_comments() {
    let read = read_of(&fixture("flickr-api/svar"), FLICKR);
    assert_eq!(
        (read.format, read.refused.len(), read.skipped),
        ("flickr-api", 0, 1)
    );
    assert_eq!(
        lines(&read),
        [
            "comment public unknown live 2026-01-16T08:00:00Z [] Vackert! När är det öppet?",
            "comment authority unknown live 2026-01-16T09:00:00Z [] Tack! Kl. 8–16.",
            "photo authority public live 2026-01-15T12:00:00Z [image:remote_only] Rådhuset i vinterskrud./Välkomna",
            "video authority limited live 2026-02-01T11:00:00Z [video:remote_only] ",
            "photo authority public live - [image:remote_only] ",
        ]
    );
    let hall = read.post("53000000001");
    assert_eq!(hall.post.title.as_deref(), Some("Rådhuset & torget"));
    assert_eq!(hall.post.tags, ["Rådhus"]);
    assert_eq!(
        hall.post.attachments[0].source_uri,
        "https://live.staticflickr.com/65535/53000000001_bbbb_o.png"
    );
    assert_eq!(
        hall.post.redactions,
        ["/location/latitude", "/location/longitude"]
    );
    let original = String::from_utf8(hall.original.clone()).unwrap();
    assert!(!original.contains("60.1358") && !original.contains("13.0083"));
    assert!(original.contains("\"location\":\"Exempelköping\""));
    let counts = hall.post.counts.as_ref().unwrap();
    assert_eq!((counts.views, counts.replies), (Some(120), Some(2)));
    let export = read_of(&fixture("flickr/kommunkonto"), FLICKR);
    for id in [
        "53000000001",
        "53000000002",
        "c72157700000000001",
        "c72157700000000002",
    ] {
        let (one, other) = (&read.post(id).post, &export.post(id).post);
        assert_eq!(one.key, other.key);
        assert_eq!(one.thread_root, other.thread_root);
        assert_eq!(one.posted_at.utc, other.posted_at.utc);
    }
    assert_eq!(read.post("53000000002").post.tags, ["vinter", "bad"]);
}

#[test]
fn broken_replies_of_flickr_are_refused_with_their_place() {
    let read = read_of(&fixture("flickr-api/trasig"), FLICKR);
    let file = "trasig: comments.json, /";
    assert_eq!(
        refused(&read),
        [
            format!("{file}: bilden saknar id: fältet id saknas eller går inte att läsa (/photo)"),
            format!(
                "{file}: kommentaren saknar id: fältet id saknas eller går inte att läsa (/comments/comment/0)"
            ),
            format!(
                "{file}: kommentaren saknar tidpunkt: fältet datecreate saknas eller går inte att läsa (/comments/comment/1)"
            ),
        ]
    );
    assert_eq!(
        lines(&read),
        ["comment unknown unknown live 2026-01-16T08:00:00Z [] Hel"]
    );
}

#[test]
fn samples_are_told_apart_and_give_as_many_posts_as_were_counted_by_hand() {
    let networks = ["linkedin", "tiktok", "flickr"];
    every_sample_reads_twice_the_same(&networks);
    let counted = [
        ("Shares.csv", "linkedin", 1),
        ("Comments.csv", "linkedin", 1),
        ("dmaPosts.json", "linkedin-api", 1),
        ("dmaComments.json", "linkedin-api", 1),
        ("user_data_tiktok.json", "tiktok", 4),
        ("old-layout.user_data.json", "tiktok", 2),
        ("photo_53000000001.json", "flickr", 2),
        ("granary-photo_info.json", "flickr-api", 1),
        ("granary-photo_comments.json", "flickr-api", 1),
    ];
    for path in networks.into_iter().flat_map(samples) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let (_, format, count) = counted.iter().find(|one| one.0 == name).unwrap();
        let read = read_of(&path, "");
        assert_eq!(
            (read.format, read.posts.len(), read.refused.len()),
            (*format, *count, 0),
            "{name}"
        );
    }
}

/// An activity that is told with two posts is neither's, and one that no comment ties to a post stays as it is told.
#[test]
fn an_activity_of_linkedin_is_taken_for_a_post_only_where_nothing_speaks_against_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("dmaComments.json");
    let comment = |thread: &str, number: u32, parent: &str| {
        serde_json::json!({"$URN": format!("urn:li:comment:(urn:li:{thread},{number})"), "actor": "urn:li:person:Kim",
            "message": {"text": "Hej"}, "created": {"time": 1_779_876_000_000_u64},
            "parentComment": format!("urn:li:comment:(urn:li:{parent},1)")})
    };
    let roots = |items: &[serde_json::Value]| {
        std::fs::write(&file, serde_json::json!({ "elements": items }).to_string()).unwrap();
        let read = read_of(&file, PAGE);
        let root = |one: &bevara::platform::Parsed| {
            let root = one.post.thread_root.clone().unwrap();
            root.rsplit(":urn:li:").next().unwrap().to_owned()
        };
        read.posts.iter().map(root).collect::<Vec<_>>()
    };
    // Comment 1 stands under share 5 and under activity 9.
    let tied = [
        comment("share:5", 2, "activity:9"),
        comment("activity:9", 3, "share:5"),
    ];
    assert_eq!(roots(&tied), ["share:5", "share:5"]);
    let torn = [
        tied[0].clone(),
        tied[1].clone(),
        comment("activity:9", 4, "share:6"),
    ];
    assert_eq!(roots(&torn), ["share:5", "activity:9", "activity:9"]);
    assert_eq!(
        roots(&[comment("activity:9", 2, "activity:9")]),
        ["activity:9"]
    );
}

/// A source that names the thread by its activity and one that names it by its post, in either order.
#[test]
fn comments_under_an_activity_stand_in_the_posts_thread_whichever_source_comes_first() {
    for replies_first in [true, false] {
        let archive = Archive::new("2026-06-15");
        let id = archive.add_account("2026-06-15", "sida", "linkedin", PAGE);
        let export = archive.beside().join("export");
        std::fs::create_dir_all(&export).unwrap();
        let link = "https://www.linkedin.com/feed/update/urn%3Ali%3Aactivity%3A7341000000000000099";
        std::fs::write(
            export.join("Comments.csv"),
            format!("Date,Link,Message\n2026-05-28 12:00:00,{link},Sista dagen!\n"),
        )
        .unwrap();
        let mut sources = [fixture("linkedin-api/svar"), export];
        if !replies_first {
            sources.reverse();
        }
        for (day, path) in ["2026-06-16", "2026-06-17"].into_iter().zip(&sources) {
            let args = ["ingest", "sida", path.to_str().unwrap()];
            archive.json(day, &args).exits(0);
        }
        let key = format!("linkedin:{id}:urn:li:share:7341000000000000001");
        let thread = || {
            let args = ["post", "show", &key, "--include-closed"];
            let shown = archive.json("2026-06-18", &args).exits(0).result();
            let texts = shown["thread"].as_array().unwrap().iter();
            texts
                .map(|one| one["text"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let before = thread();
        assert_eq!(before.len(), 5, "{before:?}");
        assert!(before.contains(&"Sista dagen!".to_owned()));
        archive.json("2026-06-18", &["reindex"]).exits(0);
        assert_eq!(thread(), before);
    }
}
