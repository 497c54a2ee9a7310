//! What feeds and marked-up pages become, and in which encodings they are read.

use bevara::model::post::{AuthorRole, PostKind, Visibility};

use crate::platforms::{fixture, read_of};

#[test]
fn rss_items_become_posts_of_a_window() {
    let read = read_of(&fixture("feed/rss"), "https://blogg.exempelkommun.se/");
    assert_eq!(read.format, "feed");
    assert_eq!(read.refused, []);
    assert_eq!(read.posts.len(), 5);
    let road = &read.post("https://blogg.exempelkommun.se/?p=7").post;
    assert_eq!(road.text, "Vi lägger om asfalten. Se kartan.");
    assert_eq!(road.links, ["https://exempelkommun.se/karta"]);
    assert_eq!(road.author.role, AuthorRole::Authority);
    assert_eq!(road.counts.as_ref().unwrap().replies, Some(3));
    assert_eq!(
        road.posted_at.utc.unwrap().to_string(),
        "2026-05-04T08:00:00Z"
    );
    let pod = read.post("https://blogg.exempelkommun.se/podd/1");
    assert_eq!(pod.post.author.name, "Redaktionen");
    assert_eq!(pod.post.redactions, ["/author"]);
    assert_eq!(pod.post.attachments[0].kind, "audio");
    assert!(
        !String::from_utf8(pod.original.clone())
            .unwrap()
            .contains("redaktion@")
    );
    let comment = &read
        .post("https://blogg.exempelkommun.se/?p=7#comment-12")
        .post;
    assert_eq!(
        (comment.kind, comment.author.role),
        (PostKind::Comment, AuthorRole::Unknown)
    );
    assert_eq!(read.posts[3].post.key_basis, "derived");
    assert_eq!(read.posts[4].post.posted_at.utc, None);
    assert_eq!(read.posts[4].post.posted_at.original, "måndag den 4 maj");
}

#[test]
fn atom_entries_and_youtubes_videos_become_posts() {
    let read = read_of(&fixture("feed/atom"), "https://blogg.exempelkommun.se/");
    assert_eq!(read.posts.len(), 3);
    let snow = &read.posts[0].post;
    assert_eq!(snow.title.as_deref(), Some("Snö & is"));
    assert_eq!(
        snow.text,
        "Plogning pågår i Åkerby först.\n\nSedan centrum."
    );
    assert_eq!(snow.author.name, "Exempelkommun");
    assert_eq!(snow.tags, ["Vinterväghållning"]);
    assert_eq!(
        snow.edited_at.as_ref().unwrap().utc.unwrap().to_string(),
        "2026-01-04T08:00:00Z"
    );
    let answer = &read.posts[1];
    assert_eq!(
        answer.post.in_reply_to.as_ref().unwrap().key.as_deref(),
        Some(snow.key.as_str())
    );
    assert_eq!(answer.post.personal_data, ["email"]);
    assert_eq!(read.refused[0].0, "atom: flode.xml, rad 6, post 3");
    assert_eq!(read.refused[0].1, "start- och sluttaggar passar inte ihop");

    let read = read_of(
        &fixture("feed/youtube"),
        "https://www.youtube.com/channel/UCexempelkommun0123456789",
    );
    let film = &read.post("AbCdEfGhIjK").post;
    assert_eq!(
        (film.platform.as_str(), film.kind),
        ("youtube", PostKind::Video)
    );
    assert_eq!(film.author.role, AuthorRole::Authority);
    assert_eq!(film.counts.as_ref().unwrap().views, Some(345));
    assert_eq!(film.links, ["https://exempelkommun.se/kf"]);
}

#[test]
fn encodings_are_what_the_bytes_are_and_then_what_is_declared() {
    let read = read_of(&fixture("feed/teckenkodning"), "");
    let got: Vec<_> = read
        .posts
        .iter()
        .map(|one| {
            (
                one.post.title.as_deref().unwrap(),
                one.post.repairs.join(" "),
            )
        })
        .collect();
    let title = "Räksmörgås på Åland";
    assert_eq!(
        got,
        [
            (title, "charset-declared".to_owned()),
            (title, "charset-false".to_owned()),
            (title, "charset-false".to_owned()),
            (title, "charset-declared".to_owned()),
        ]
    );
    let read = read_of(&fixture("wxr/teckenkodning"), "");
    assert_eq!(read.refused, []);
    assert_eq!(read.posts.len(), 9);
    for (number, repair) in [
        (1, "charset-declared"),
        (2, "charset-false"),
        (3, "charset-declared"),
    ] {
        let post = &read.post(&format!("p{number}")).post;
        assert_eq!(post.title.as_deref(), Some("Räksmörgås"));
        assert_eq!(post.author.name, "Webbredaktör Ängström");
        assert_eq!(post.repairs, [repair]);
        let comment = &read.post(&format!("c{}", number * 2 - 1)).post;
        assert_eq!(
            (comment.text.as_str(), comment.repairs.join(" ").as_str()),
            ("Får jag komma?", repair)
        );
        // A comment in ASCII was the same in every encoding.
        assert_eq!(
            read.post(&format!("c{}", number * 2)).post.repairs,
            [] as [&str; 0]
        );
    }
}

#[test]
fn json_feed_items_become_posts() {
    let read = read_of(
        &fixture("json-feed/flode"),
        "https://blogg.exempelkommun.se/",
    );
    assert_eq!(read.format, "json-feed");
    assert_eq!(read.posts.len(), 2);
    let library = &read.posts[0].post;
    assert_eq!(library.text, "Stängt för inventering till fredag.");
    assert_eq!(library.author.role, AuthorRole::Authority);
    assert_eq!(library.attachments[1].duration_ms, Some(61_000));
    assert_eq!(library.redactions, ["/authors/0/avatar"]);
    assert_eq!(read.posts[1].post.platform_id.as_deref(), Some("2"));
    assert_eq!(
        read.refused,
        [(
            "flode: feed.json, /items/2".to_owned(),
            "posten är inget JSON-objekt".to_owned()
        )]
    );
}

#[test]
fn pages_give_the_posts_that_are_marked_up() {
    let read = read_of(&fixture("html/jsonld"), "https://exempelkommun.se/forum");
    assert_eq!(read.format, "html");
    let texts: Vec<_> = read
        .posts
        .iter()
        .map(|one| one.post.text.as_str())
        .collect();
    assert_eq!(
        texts,
        [
            "Var behövs\ncykelvägar? /* inte en kommentar */",
            "Till skolan!",
            "Vi tar med oss det."
        ]
    );
    assert_eq!(read.refused.len(), 1);
    assert!(read.refused[0].0.ends_with("[2]"), "{:?}", read.refused);
    let (thread, question, answer) = (
        &read.posts[0].post,
        &read.posts[1].post,
        &read.posts[2].post,
    );
    assert_eq!(thread.repairs, ["jsonld-cleaned"]);
    assert_eq!(thread.author.role, AuthorRole::Authority);
    assert_eq!(thread.counts.as_ref().unwrap().likes, Some(4));
    assert_eq!(
        thread.attachments[0].source_uri,
        "https://exempelkommun.se/bild/vag.jpg"
    );
    assert_eq!(
        question.in_reply_to.as_ref().unwrap().key.as_deref(),
        Some(thread.key.as_str())
    );
    assert_eq!(question.author.role, AuthorRole::Unknown);
    assert_eq!(question.redactions, ["/author/email"]);
    assert_eq!(question.warnings, ["day-only"]);
    assert_eq!(
        answer.in_reply_to.as_ref().unwrap().key.as_deref(),
        Some(question.key.as_str())
    );
    assert_eq!(answer.author.role, AuthorRole::Authority);
    assert!(
        answer.evidence[0]
            .locator
            .ends_with("#/@graph/1/comment/0/comment"),
        "{}",
        answer.evidence[0].locator
    );
    // A page alone does not tell who could see it.
    assert_eq!(thread.visibility, Visibility::Unknown);
}

#[test]
fn pages_with_microformats_or_microdata_give_posts_too() {
    let read = read_of(&fixture("html/mf2"), "https://exempelkommun.se/nytt");
    let got: Vec<_> = read
        .posts
        .iter()
        .map(|one| (one.post.kind, one.post.text.as_str()))
        .collect();
    assert_eq!(
        got,
        [
            (PostKind::Post, "Vattnet är 18 grader. Välkomna!"),
            (PostKind::Comment, "Finns det toalett?"),
            (PostKind::Reply, "Ja, vid parkeringen."),
            (PostKind::Post, "Bara en rad text"),
        ]
    );
    let bath = &read.posts[0].post;
    assert_eq!(
        bath.permalink.as_deref(),
        Some("https://exempelkommun.se/nytt/badplatsen")
    );
    assert_eq!(bath.author.role, AuthorRole::Authority);
    assert_eq!(bath.attachments[0].alt.as_deref(), Some("Bryggan"));
    assert_eq!(read.posts[1].post.author.name, "Kim Exempelsson");
    assert_eq!(
        read.posts[1].post.posted_at.utc.unwrap().to_string(),
        "2026-06-01T08:00:00Z"
    );
    assert_eq!(
        read.posts[2]
            .post
            .in_reply_to
            .as_ref()
            .unwrap()
            .url
            .as_deref(),
        Some("https://m.example/n/8")
    );

    let read = read_of(&fixture("html/microdata"), "https://exempelkommun.se/blogg");
    let got: Vec<_> = read
        .posts
        .iter()
        .map(|one| (one.post.kind, one.post.text.as_str()))
        .collect();
    assert_eq!(
        got,
        [
            (PostKind::Post, "Brasan tänds klockan 20 på Ängen."),
            (PostKind::Comment, "Får man ta med hund?"),
        ]
    );
    assert_eq!(read.posts[0].post.author.role, AuthorRole::Authority);
    assert_eq!(read.posts[0].post.repairs, ["charset-declared"]);
    assert_eq!(read.posts[1].post.author.name, "Robin Exempelsson");
}
