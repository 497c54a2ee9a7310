//! What `TikTok`'s export becomes.

use bevara::model::post::{AuthorRole, RoleBasis, ZoneBasis};

use crate::networks::meta::{lines, post, refused};
use crate::platforms::{Read, fixture, read_of};
use crate::support::Archive;

const ACCOUNT: &str = "https://www.tiktok.com/@exempelkoping";

fn keys(read: &Read) -> Vec<String> {
    read.posts.iter().map(|one| one.post.key.clone()).collect()
}

#[test]
fn a_new_export_of_tiktok_gives_films_comments_and_messages() {
    let read = read_of(&fixture("tiktok/nya"), ACCOUNT);
    // The profile alone is no post; what was watched is not cut out.
    assert_eq!(
        (read.format, read.refused.len(), read.skipped),
        ("tiktok", 0, 1)
    );
    assert_eq!(
        lines(&read),
        [
            "comment authority unknown live 2026-05-20T09:00:00Z [] Tack för hälsningen! 🏊",
            "comment authority unknown live 2026-05-21T09:30:00Z [image:remote_only] ",
            "message public direct live 2026-05-20T10:00:00Z [] När är badet öppet?",
            "message authority direct live 2026-05-20T10:05:00Z [] Kl. 10–18.",
            "message public direct live 2026-05-22T10:00:00Z [] Hej!",
            "video authority public live 2026-05-20T08:00:00Z [video:remote_only] Sommar i Exempelköping #bad",
            "video authority limited live 2026-05-19T08:00:00Z [video:remote_only] Snö i maj",
            "video authority unknown live 2026-05-18T08:00:00Z [video:remote_only] ",
        ]
    );
    let summer = &post(&read, "Sommar").post;
    assert_eq!(summer.tags, ["bad"]);
    assert_eq!(summer.place.as_deref(), Some("Exempelbadet"));
    assert_eq!(summer.counts.as_ref().unwrap().likes, Some(12));
    assert_eq!(summer.posted_at.zone_basis, ZoneBasis::AssumedUtc);
    assert_eq!(
        summer.warnings,
        ["zone-assumed", "media-address-expires", "id-missing"]
    );
    assert_eq!(summer.attachments[0].source_uri, "original.json#/Link");
    assert_eq!(summer.author.role_basis, RoleBasis::OwnExport);
    assert_eq!(summer.evidence[0].locator, "/Post/Posts/VideoList/0");
    let snow = &read.post("7370000000000000001").post;
    assert_eq!(snow.text, "Snö i maj");
    assert_eq!(
        snow.permalink.as_deref(),
        Some("https://www.tiktok.com/@exempelkoping/video/7370000000000000001/")
    );
    let thanks = post(&read, "Tack").post.in_reply_to.clone().unwrap();
    assert_eq!(thanks.platform_id.as_deref(), Some("7361234567890123456"));
    let (asked, sent) = (&post(&read, "När är").post, &post(&read, "Kl.").post);
    assert_eq!(asked.thread_key, sent.thread_key);
    assert_eq!(sent.author.role_basis, RoleBasis::OwnAccountId);
    assert_eq!(sent.recipients[0].name.as_deref(), Some("testtestsson"));
    assert_eq!(asked.recipients[0].name.as_deref(), Some("exempelkoping"));
    assert_eq!(
        post(&read, "Hej!").post.evidence[0].locator,
        "/Direct Message/Direct Messages/ChatHistory/Chat History with kim~1exempel:/0"
    );
    assert_eq!(read.notes.len(), 2, "{:?}", read.notes);
    let mut unique = keys(&read);
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), 8);
}

#[test]
fn the_older_layout_of_tiktok_is_read_too() {
    let read = read_of(&fixture("tiktok/aldre"), ACCOUNT);
    assert_eq!((read.refused.len(), read.skipped), (0, 1));
    assert_eq!(
        lines(&read),
        [
            "comment authority unknown live 2023-06-20T09:00:00Z [] Tack!",
            "message authority direct live 2023-06-20T10:00:00Z [] Välkommen",
            "video authority unknown live 2023-06-20T08:00:00Z [video:remote_only] ",
        ]
    );
    // Another account's export is not the municipality's own.
    let other = read_of(
        &fixture("tiktok/aldre"),
        "https://www.tiktok.com/@annankommun",
    );
    assert!(
        other
            .posts
            .iter()
            .all(|one| one.post.author.role == AuthorRole::Unknown)
    );
    assert_eq!(
        other.notes.last().map(String::as_str),
        Some("Exporten är av @exempelkoping, inte av @annankommun som står i registret.")
    );
}

#[test]
fn broken_items_of_tiktok_are_refused_with_their_place() {
    let read = read_of(&fixture("tiktok/trasig"), ACCOUNT);
    let list = "trasig: user_data_tiktok.json, /Comment/Comments/CommentsList";
    let films = "trasig: user_data_tiktok.json, /Post/Posts/VideoList";
    assert_eq!(
        refused(&read),
        [
            format!("{list}/0: kommentaren har varken text eller bild"),
            format!(
                "{list}/1: kommentaren saknar tidpunkt: fältet Date saknas eller går inte att läsa"
            ),
            format!("{list}/2: ett fält står två gånger"),
            format!(
                "{films}/0: filmen saknar tidpunkt: fältet Date saknas eller går inte att läsa"
            ),
            format!("{films}/1: filen slutar mitt i posten; hämta exporten på nytt"),
        ]
    );
    assert_eq!(read.posts.len(), 1);
    let half = &read.posts[0].post;
    assert_eq!(half.text, "Kapad emoji \u{fffd}");
    assert_eq!(half.repairs, ["lone-surrogate"]);
    assert_eq!(
        (half.posted_at.utc, half.posted_at.original.as_str()),
        (None, "i går")
    );
}

#[test]
fn a_later_export_of_tiktok_with_other_signatures_adds_nothing() {
    let start = "2026-06-15";
    let archive = Archive::new(start);
    archive.add_account(start, "film", "tiktok", ACCOUNT);
    let counts = |path: &std::path::Path| {
        let out = archive.json(start, &["ingest", "film", path.to_str().unwrap()]);
        let number = |name: &str| out.result()[name].as_u64().unwrap();
        (number("added"), number("changed"), number("unchanged"))
    };
    let first = fixture("tiktok/nya/user_data_tiktok.json");
    assert_eq!(counts(&first), (8, 0, 0));
    let scratch = tempfile::tempdir().unwrap();
    let later = scratch.path().join("user_data_tiktok.json");
    let text = std::fs::read_to_string(&first).unwrap();
    let signed = text
        .replace("0123abcd", "fedc9876")
        .replace("x-expires=1", "x-expires=2");
    assert_ne!(signed, text);
    std::fs::write(&later, signed).unwrap();
    assert_eq!(counts(&later), (0, 0, 8));
}
