//! What Flickr's export becomes.

use bevara::model::post::{AuthorRole, RoleBasis, Visibility};

use crate::networks::meta::{lines, post, refused};
use crate::platforms::{fixture, read_of};
use crate::support::{Archive, copy_dir};

const ACCOUNT: &str = "https://www.flickr.com/photos/exempelkoping/";

#[test]
fn an_export_of_flickr_gives_photos_with_the_publics_comments_letters_and_discussions() {
    let read = read_of(&fixture("flickr/kommunkonto"), ACCOUNT);
    // The profile, albums, the picture's file, and a comment that stands twice.
    assert_eq!(
        (read.format, read.refused.len(), read.skipped),
        ("flickr", 0, 4)
    );
    assert_eq!(
        lines(&read),
        [
            "post authority unknown live 2026-01-19T10:00:00Z [] Visa era bästa vinterbilder!",
            "photo authority public live 2026-01-15T12:00:00Z [image:present] Rådhuset i vinterskrud./Läs mer: vår sida",
            "comment public public live 2026-01-16T08:00:00Z [] Vackert! När är det öppet?",
            "comment authority public live 2026-01-16T09:00:00Z [] Tack! Kl. 8–16.",
            "video authority limited live 2026-02-01T11:00:00Z [video:remote_only] ",
            "comment authority unknown live 2026-01-17T10:00:00Z [] Fin bild!",
            "message public direct live 2026-01-18T10:00:00Z [] Får jag använda bilden?",
            "message authority direct live 2026-01-18T11:00:00Z [] Ja, gärna.",
        ]
    );
    let hall = read.post("53000000001");
    assert_eq!(hall.post.title.as_deref(), Some("Rådhuset & torget"));
    assert_eq!(hall.post.links, ["https://exempelkoping.example/radhuset"]);
    assert_eq!(hall.post.tags, ["rådhus"]);
    assert_eq!(hall.post.warnings, ["zone-assumed"]);
    let counts = hall.post.counts.as_ref().unwrap();
    assert_eq!(
        (counts.views, counts.likes, counts.replies),
        (Some(120), Some(2), Some(2))
    );
    assert_eq!(hall.media.len(), 1);
    assert_eq!(
        hall.post.redactions,
        ["/geo/0/latitude", "/geo/0/longitude"]
    );
    assert_eq!(hall.post.personal_data, ["exif_geo"]);
    // What the public wrote stands in units of its own, which can be disposed of.
    let original = String::from_utf8(hall.original.clone()).unwrap();
    for secret in ["60.1358", "13.0083", "Vackert"] {
        assert!(!original.contains(secret), "{original}");
    }
    let question = &read.post("c72157700000000001").post;
    assert_eq!(question.thread_root.as_ref(), Some(&hall.post.key));
    assert_eq!(question.author.role_basis, RoleBasis::OtherId);
    assert_eq!(
        question.source_id.as_deref(),
        Some("530-53000000001-72157700000000001")
    );
    assert_eq!(question.evidence[0].locator, "/comments/0");
    let answer = &read.post("c72157700000000002").post;
    assert_eq!(answer.author.role_basis, RoleBasis::OwnAccountId);
    assert_eq!(answer.author.name, "Exempelköping");
    let sent = &read.post("m9002").post;
    assert_eq!(sent.recipients[0].name.as_deref(), Some("Test Testsson"));
    assert_eq!(sent.title.as_deref(), Some("Sv: Bilden"));
    assert_eq!(read.notes.len(), 1, "{:?}", read.notes);
    // Another account's export is not the municipality's own.
    let other = read_of(
        &fixture("flickr/kommunkonto"),
        "https://www.flickr.com/photos/annankommun/",
    );
    assert!(
        other
            .posts
            .iter()
            .all(|one| one.post.author.role != AuthorRole::Authority)
    );
    assert_eq!(
        other.notes.last().map(String::as_str),
        Some("Exporten är av exempelkoping, inte av annankommun som står i registret.")
    );
}

#[test]
fn broken_items_of_flickr_are_refused_with_their_place() {
    let read = read_of(&fixture("flickr/trasig"), ACCOUNT);
    assert_eq!(
        refused(&read),
        [
            "trasig: photo_53000000003.json, /: kommentaren saknar text: fältet comment eller message saknas eller går inte att läsa (/comments/0)",
            "trasig: photo_53000000003.json, /: kommentaren saknar tidpunkt: fältet date saknas eller går inte att läsa (/comments/1)",
            "trasig: photo_53000000004.json, /: bilden saknar id: fältet id saknas eller går inte att läsa",
            "trasig: sent_flickrmail_part001.json, /flickrmail/0: meddelandet saknar tidpunkt: fältet date_sent saknas eller går inte att läsa",
            "trasig: sent_flickrmail_part001.json, /flickrmail/1: filen slutar mitt i posten; hämta exporten på nytt",
        ]
    );
    assert_eq!(read.posts.len(), 2);
    let square = &read.post("53000000003").post;
    assert_eq!(square.posted_at.utc, None);
    assert_eq!(square.visibility, Visibility::Unknown);
    let half = &post(&read, "Kapad").post;
    assert_eq!(half.author.role, AuthorRole::Unknown);
    assert_eq!(half.repairs, ["lone-surrogate"]);
    assert!(
        read.notes
            .iter()
            .any(|note| note.starts_with("account_profile.json saknas"))
    );
}

/// How much of the account an export of Flickr holds, as the report tells it, and what it says of that.
#[test]
fn an_export_of_flickr_is_whole_with_the_publics_comments_or_says_what_is_missing() {
    let start = "2026-06-15";
    let archive = Archive::new(start);
    archive.add_account(start, "bilder", "annan", ACCOUNT);
    let told = |name: &str, change: &dyn Fn(&std::path::Path)| {
        let dir = archive.beside().join(name);
        copy_dir(&fixture("flickr/kommunkonto"), &dir);
        change(&dir);
        let out = archive.json(start, &["ingest", "bilder", dir.to_str().unwrap()]);
        let notes = out.document()["findings"].to_string();
        (
            out.result()["completeness"].as_str().unwrap().to_owned(),
            notes,
        )
    };
    let remove = |dir: &std::path::Path, name: &str| std::fs::remove_file(dir.join(name)).unwrap();
    let (whole, notes) = told("hel", &|_| ());
    assert_eq!(whole, "full");
    assert!(
        notes.contains("Allmänhetens kommentarer på bilderna är med"),
        "{notes}"
    );
    // The album names the photo that is not there: another part of the export has it.
    let (whole, notes) = told("del", &|dir| remove(dir, "photo_53000000001.json"));
    assert_eq!(whole, "partial");
    assert!(
        notes.contains("Albumen nämner 1 bilder som inte är med"),
        "{notes}"
    );
    let (whole, notes) = told("utan", &|dir| remove(dir, "photos_comments_part001.json"));
    assert_eq!(whole, "partial");
    assert!(
        notes.contains("saknar kontots egna kommentarer på andras bilder"),
        "{notes}"
    );
    // None of these lets anybody think that something was deleted.
    let listed = archive
        .json(start, &["removal", "list", "--all", "--include-closed"])
        .exits(0)
        .result();
    assert_eq!(listed["removals"], serde_json::json!([]));
}
