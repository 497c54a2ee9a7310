//! What the Takeout and saved replies of YouTube become.

use bevara::model::post::{AuthorRole, PostKind, StateValue, Visibility};

use crate::platforms::{Read, every_sample_reads_twice_the_same, fixture, read_of};

const CHANNEL: &str = "https://www.youtube.com/channel/UCexempelkommun000000001";

/// Kind, role and time of each post, in order.
fn told(read: &Read) -> Vec<(PostKind, AuthorRole, String)> {
    read.posts
        .iter()
        .map(|one| {
            let time = one.post.posted_at.utc;
            let time = time.map_or("-".to_owned(), |time| time.to_string());
            (one.post.kind, one.post.author.role, time)
        })
        .collect()
}

fn reasons(read: &Read) -> Vec<&str> {
    read.refused
        .iter()
        .map(|(_, reason)| reason.as_str())
        .collect()
}

#[test]
fn samples_of_closed_networks_give_records_or_a_named_error() {
    every_sample_reads_twice_the_same(&["youtube-takeout"]);
}

#[test]
fn takeout_in_another_language_is_told_by_the_form_of_its_cells() {
    let read = read_of(&fixture("youtube/takeout"), CHANNEL);
    assert_eq!((read.format, read.refused.len()), ("youtube", 0));
    let own = AuthorRole::Authority;
    assert_eq!(
        told(&read),
        [
            (PostKind::Comment, own, "2026-05-05T08:00:00Z".to_owned()),
            (PostKind::Reply, own, "2026-05-05T09:00:00Z".to_owned()),
            (PostKind::Video, own, "2026-05-04T20:15:00Z".to_owned()),
            (PostKind::Video, own, "2026-05-06T16:00:00Z".to_owned()),
        ]
    );
    let comment = &read.post("UgxKommentarEtt000000AaABAg").post;
    assert_eq!(comment.text, "Tack för frågan!\nBadet öppnar \"snart\".");
    let video = &read.post("abcDEF12_-x").post;
    assert_eq!(comment.thread_root.as_deref(), Some(video.key.as_str()));
    assert_eq!(video.title.as_deref(), Some("Kommunfullmäktige 4 maj"));
    assert_eq!(video.links, ["https://exempelkommun.se/kf"]);
    assert_eq!(video.tags, ["kommun"]);
    assert_eq!(video.visibility, Visibility::Public);
    assert_eq!(video.attachments[0].duration_ms, Some(90_000));
    assert_eq!(video.warnings, ["locale-unknown"]);
    assert_eq!(
        read.post("abcDEF12_-y").post.visibility,
        Visibility::Limited
    );
    let reply = read.posts[1].post.in_reply_to.as_ref().unwrap();
    assert_eq!(
        reply.platform_id.as_deref(),
        Some("UgxKommentarTva000000AaABAg")
    );
    // Another channel than the one in the register is not the municipality's.
    let other = "https://www.youtube.com/channel/UCannankommun00000000001";
    for parsed in read_of(&fixture("youtube/takeout"), other).posts {
        assert_eq!(parsed.post.author.role, AuthorRole::Unknown);
    }
}

#[test]
fn takeout_until_june_2024_gives_the_same_comment_and_refuses_broken_rows() {
    let old = read_of(&fixture("youtube/aldre"), CHANNEL);
    let recent = read_of(&fixture("youtube/takeout"), CHANNEL);
    assert_eq!(old.posts.len(), 1);
    assert_eq!(
        old.posts[0].post.text_sha256,
        recent.posts[0].post.text_sha256
    );
    assert_eq!(old.posts[0].post.key, recent.posts[0].post.key);
    assert_eq!(
        reasons(&old),
        [
            "raden har 4 celler och rubrikraden 7",
            "filen slutar inne i en cell med citattecken; hämta exporten på nytt"
        ]
    );
    assert_eq!(old.refused[0].0, "aldre: comments.csv, rad 3");
}

#[test]
fn youtube_replies_hold_the_publics_comments_and_their_state() {
    let read = read_of(&fixture("youtube-api/svar"), CHANNEL);
    assert_eq!(
        (read.format, read.refused.len(), read.skipped),
        ("youtube-api", 0, 1)
    );
    let time = |text: &str| format!("2026-05-{text}:00Z");
    assert_eq!(
        told(&read),
        [
            (PostKind::Comment, AuthorRole::Public, time("05T07:00")),
            (PostKind::Reply, AuthorRole::Authority, time("05T08:00")),
            (PostKind::Comment, AuthorRole::Public, time("05T07:30")),
            (PostKind::Video, AuthorRole::Authority, time("04T20:15")),
        ]
    );
    let video = &read.post("abcDEF12_-x").post;
    assert_eq!(
        read.post("UgA.1").post.thread_root.as_deref(),
        Some(video.key.as_str())
    );
    assert_eq!(read.post("UgA").post.visibility, Visibility::Public);
    let held = &read.post("UgB").post;
    assert_eq!(held.state.value, StateValue::HeldForModeration);
    assert_eq!(held.visibility, Visibility::Limited);
    assert_eq!(video.counts.as_ref().unwrap().views, Some(120));
}
