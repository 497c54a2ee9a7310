//! What open networks' exports and saved replies become: Mastodon, ActivityPub, Bluesky, WordPress, feeds and pages.

mod feeds;
mod flickr;
mod linkedin;
mod meta;
mod owner_replies;
mod tiktok;

use std::collections::BTreeMap;

use bevara::model::post::{AuthorRole, PostKind, RoleBasis, StateValue, Visibility};
use bevara::platform::{Container, Item, Limits, Source, importer_for};

use crate::platforms::{Read, fixture, read, read_of, walk};
use crate::support::{Archive, is_left_to_campaign};

const OWN: &str = "https://social.exempelkommun.se/users/exempelkommun";

fn kinds(read: &Read) -> BTreeMap<String, PostKind> {
    let id = |post: &bevara::model::post::Post| {
        let id = post.platform_id.clone().unwrap_or_else(|| post.key.clone());
        id.rsplit('/').next().unwrap().to_owned()
    };
    read.posts
        .iter()
        .map(|parsed| (id(&parsed.post), parsed.post.kind))
        .collect()
}

#[test]
fn mastodon_replies_hold_the_publics_answers_and_earlier_texts() {
    let read = read_of(
        &fixture("mastodon-api/svar"),
        "https://social.exempelkommun.se/@exempelkommun",
    );
    assert_eq!(read.format, "mastodon-api");
    assert_eq!(read.refused, []);
    // Seven statuses; the one that stands on both pages counts once.
    assert_eq!(
        kinds(&read),
        BTreeMap::from([
            ("101".to_owned(), PostKind::Post),
            ("102".to_owned(), PostKind::Poll),
            ("103".to_owned(), PostKind::Repost),
            ("104".to_owned(), PostKind::Post),
            ("105".to_owned(), PostKind::Post),
            ("201".to_owned(), PostKind::Reply),
            ("202".to_owned(), PostKind::Reply),
        ])
    );
    assert_eq!(read.posts.len(), 7);
    let pool = &read.post(&format!("{OWN}/statuses/101")).post;
    assert_eq!(pool.author.role, AuthorRole::Authority);
    assert_eq!(pool.author.role_basis, RoleBasis::OwnAccountId);
    assert_eq!(pool.edits.len(), 1);
    assert_eq!(
        pool.edits[0].text.as_deref(),
        Some("Simhallen öppnar klockan 8 på måndag.")
    );
    assert_eq!(pool.tags, ["simhall"]);
    assert_eq!(pool.attachments[0].width, Some(1200));
    assert_eq!(pool.counts.as_ref().unwrap().likes, Some(5));
    let question = &read.post("https://m.example/users/kim/statuses/201").post;
    assert_eq!(question.author.role, AuthorRole::Public);
    assert_eq!(
        question.in_reply_to.as_ref().unwrap().key.as_deref(),
        Some(pool.key.as_str())
    );
    assert_eq!(question.personal_data, ["avatar_hash"]);
    assert_eq!(question.redactions, ["/account/avatar"]);
    let visibilities: Vec<_> = ["104", "105"]
        .iter()
        .map(|id| read.post(&format!("{OWN}/statuses/{id}")).post.visibility)
        .collect();
    assert_eq!(visibilities, [Visibility::Followers, Visibility::Direct]);
    assert_eq!(
        read.post(&format!("{OWN}/statuses/102")).post.text,
        "Vilken dag passar medborgardialogen?\n\n- Tisdag & onsdag\n\n- Torsdag"
    );
}

#[test]
fn broken_replies_cost_the_broken_items_only() {
    let read = read_of(&fixture("mastodon-api/trasig"), "");
    let ids: Vec<_> = read
        .posts
        .iter()
        .map(|parsed| parsed.post.source_id.as_deref())
        .collect();
    assert_eq!(ids, [Some("1"), Some("4")]);
    assert_eq!(read.posts[1].post.repairs, ["lone-surrogate"]);
    assert_eq!(read.posts[1].post.warnings, ["time-missing"]);
    let refused: Vec<_> = read
        .refused
        .iter()
        .map(|(place, reason)| format!("{place}: {reason}"))
        .collect();
    assert_eq!(
        refused,
        [
            "trasig: statuses.json, /1: inlägget saknar id: fältet uri saknas eller går inte att läsa",
            "trasig: statuses.json, /2: ett fält står två gånger",
            "trasig: statuses.json, /4: filen slutar mitt i posten; hämta exporten på nytt",
        ]
    );
}

/// A download that was broken off between two items looks whole to whoever counts items.
#[test]
fn replies_that_end_before_their_end_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut cut = 0;
    for format in [
        "activitypub",
        "bluesky-api",
        "facebook-api",
        "flickr-api",
        "instagram-api",
        "json-feed",
        "linkedin-api",
        "mastodon-api",
        "tiktok",
        "wordpress-rest",
        "youtube-api",
    ] {
        let files = walk(&fixture(format));
        for path in files
            .iter()
            .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        {
            let text = std::fs::read_to_string(path).unwrap();
            let whole = text.trim_end();
            // Broken from the beginning.
            if serde_json::from_str::<serde_json::Value>(whole).is_err() {
                continue;
            }
            let target = dir.path().join("svar.json");
            std::fs::write(&target, whole).unwrap();
            let Ok(before) = read(&target) else { continue };
            std::fs::write(&target, &whole[..whole.len() - 1]).unwrap();
            // A file that is one item is refused whole, with another reason.
            let is_told = read(&target).map_or(true, |after| {
                after
                    .refused
                    .iter()
                    .any(|told| !before.refused.contains(told))
            });
            assert!(is_told, "{}", path.display());
            cut += 1;
        }
    }
    assert!(cut > 20, "{cut}");
}

#[test]
fn activitypub_objects_become_posts_with_their_replies() {
    let read = read_of(
        &fixture("activitypub/objekt"),
        "https://social.exempelkommun.se/users/exempelkommun/",
    );
    assert_eq!(read.format, "activitypub");
    assert_eq!(read.refused, []);
    assert_eq!(read.posts.len(), 6);
    let note = &read.post(&format!("{OWN}/statuses/301")).post;
    assert_eq!(note.visibility, Visibility::Public);
    assert_eq!(note.author.role, AuthorRole::Authority);
    assert_eq!(note.tags, ["vatten"]);
    assert_eq!(
        note.attachments[0].alt.as_deref(),
        Some("Karta över Storgatan")
    );
    let reply = &read.post("https://m.example/n/1").post;
    assert_eq!(reply.kind, PostKind::Reply);
    assert_eq!(reply.author.role, AuthorRole::Unknown);
    assert_eq!(reply.evidence[0].locator, "/replies/items/0");
    assert_eq!(
        reply.in_reply_to.as_ref().unwrap().key.as_deref(),
        Some(note.key.as_str())
    );
    let gone = &read.post(&format!("{OWN}/statuses/300")).post;
    assert_eq!(gone.state.value, StateValue::DeletedByAuthority);
    assert_eq!(
        read.post(&format!("{OWN}/statuses/303")).post.visibility,
        Visibility::Direct
    );
    assert_eq!(
        read.post(&format!("{OWN}/statuses/302"))
            .post
            .title
            .as_deref(),
        Some("Ny detaljplan")
    );
    // A like and the actor.
    assert_eq!(read.skipped, 2);
}

#[test]
fn wordpress_replies_have_the_keys_of_the_export_and_no_addresses_of_persons() {
    let read = read_of(
        &fixture("wordpress-rest/blogg"),
        "https://blogg.exempelkommun.se/",
    );
    assert_eq!(read.format, "wordpress-rest");
    assert_eq!(read.refused, []);
    let ids: Vec<_> = read
        .posts
        .iter()
        .map(|parsed| parsed.post.platform_id.clone().unwrap())
        .collect();
    assert_eq!(
        ids,
        ["c31", "c32", "c33", "c34", "p14", "p11", "p12", "p13"]
    );
    let ice = &read.post("p11").post;
    assert_eq!(ice.title.as_deref(), Some("Isen – så håller den"));
    assert_eq!(ice.text, "Isen på Storsjön är 20 cm.");
    assert_eq!(
        ice.posted_at.utc.unwrap().to_string(),
        "2026-04-03T08:00:00Z"
    );
    assert_eq!(ice.edits.len(), 1);
    assert_eq!(
        ice.edits[0].text.as_deref(),
        Some("Isen på Storsjön är 15 cm.")
    );
    assert_eq!(ice.attachments.len(), 2);
    assert_eq!(read.post("p12").post.visibility, Visibility::Limited);
    assert!(
        read.post("p13")
            .post
            .warnings
            .contains(&"revisions-not-included".to_owned())
    );
    let page = &read.post("p14").post;
    assert_eq!(page.kind, PostKind::Page);
    assert!(page.warnings.contains(&"zone-assumed".to_owned()));
    let roles: Vec<_> = ["c31", "c32", "c33", "c34"]
        .iter()
        .map(|id| read.post(id).post.author.role)
        .collect();
    assert_eq!(
        roles,
        [
            AuthorRole::Public,
            AuthorRole::Authority,
            AuthorRole::Unknown,
            AuthorRole::Unknown
        ]
    );
    let guest = read.post("c31");
    assert_eq!(
        guest.post.redactions,
        [
            "/author_avatar_urls/24",
            "/author_avatar_urls/48",
            "/author_email",
            "/author_ip"
        ]
    );
    assert_eq!(guest.post.personal_data, ["email", "ip", "avatar_hash"]);
    for parsed in &read.posts {
        let original = String::from_utf8(parsed.original.clone()).unwrap();
        for secret in ["robin@example.se", "192.0.2.7", "0123456789abcdef"] {
            assert!(!original.contains(secret));
        }
    }
    // Numbers stay as they were written.
    assert!(
        String::from_utf8(read.post("p11").original.clone())
            .unwrap()
            .contains("\"vikt\": 1.5")
    );
    assert_eq!(
        read.post("c32")
            .post
            .in_reply_to
            .as_ref()
            .unwrap()
            .platform_id
            .as_deref(),
        Some("c31")
    );
    assert_eq!(
        read.post("c32").post.thread_root.as_deref(),
        Some(ice.key.as_str())
    );
}

/// Blocks of a CAR, counted by its lengths alone.
fn blocks_of(car: &[u8]) -> usize {
    let (mut at, mut count) = (0, 0);
    while at < car.len() {
        let (mut length, mut shift) = (0_usize, 0);
        loop {
            let byte = car[at];
            at += 1;
            length |= usize::from(byte & 127) << shift;
            shift += 7;
            if byte < 128 {
                break;
            }
        }
        at += length;
        count += 1;
    }
    // The first is the header.
    count - 1
}

#[test]
fn bluesky_repository_gives_every_record_of_its_tree() {
    let folder = fixture("bluesky/kommunkonto");
    let read = read_of(&folder, "https://bsky.app/profile/exempelkommun.example");
    assert_eq!(read.format, "bluesky");
    assert_eq!(read.refused, []);
    // 71 records, of which a like and a profile are no posts, and a block that is not in the tree.
    assert_eq!((read.posts.len(), read.skipped), (69, 3));
    assert!(
        read.notes[0].contains("är kontrollerad"),
        "{:?}",
        read.notes
    );
    let car = std::fs::read(folder.join("repo.car")).unwrap();
    let cids: std::collections::BTreeSet<_> = read
        .posts
        .iter()
        .map(|one| one.post.platform_cid.clone().unwrap())
        .collect();
    // One record stands under two keys; the rest of the blocks are the commit, the like, the profile, the one outside
    // and the nodes of the tree.
    assert_eq!(cids.len(), 68);
    let nodes = car
        .windows(3)
        .filter(|window| window == b"\xa2\x61e")
        .count();
    assert_eq!(blocks_of(&car), cids.len() + 4 + nodes);
    let uri =
        |name: &str| format!("at://did:plc:exempelkommun2345678901ab/app.bsky.feed.post/{name}");
    let first = &read.post(&uri("3lxaaaaaaaa22")).post;
    assert_eq!(first.links, ["https://exempelkommun.se/simhall"]);
    assert_eq!(first.mentions, ["did:plc:lansstyrelsen234567890abc"]);
    assert_eq!(first.tags, ["simhall"]);
    assert_eq!(first.author.role, AuthorRole::Authority);
    let picture = &read.post(&uri("3lxaaaaaaab22"));
    assert_eq!(
        picture.post.posted_at.utc.unwrap().to_string(),
        "2026-05-05T08:00:00Z"
    );
    assert_eq!(picture.media.len(), 1);
    assert_eq!(picture.post.attachments[0].alt.as_deref(), Some("Bassäng"));
    assert_eq!(read.post(&uri("3lxaaaaaaac22")).post.kind, PostKind::Reply);
    assert_eq!(
        read.post(&uri("3lxaaaaaaac22")).post.thread_root.as_deref(),
        Some(first.key.as_str())
    );
    assert_eq!(read.post(&uri("3lxaaaaaaaf22")).post.kind, PostKind::Quote);
    assert!(
        read.post(&uri("3lxaaaaaaad22"))
            .post
            .warnings
            .contains(&"zone-assumed".to_owned())
    );
    assert_eq!(read.post(&uri("3lxaaaaaaah22")).post.text, "God jul!");
}

#[test]
fn any_flipped_byte_of_a_repository_is_found_and_its_block_named() {
    let folder = fixture("bluesky/kommunkonto");
    let car = std::fs::read(folder.join("repo.car")).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("repo.car");
    let header = usize::from(car[0]) + 1;
    for at in (header..car.len()).step_by(97) {
        let mut bent = car.clone();
        bent[at] ^= 1;
        std::fs::write(&path, &bent).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("repo.car, byte "), "{at}: {error}");
    }
    let mut bent = car.clone();
    let place = car
        .windows(8)
        .position(|window| window == b"God jul!")
        .unwrap();
    bent[place] ^= 1;
    std::fs::write(&path, &bent).unwrap();
    let error = read(&path).unwrap_err().to_string();
    assert!(
        error.contains("den kontrollsumma som dess CID bafyrei"),
        "{error}"
    );
}

#[test]
fn bluesky_signatures_hold_for_the_key_of_the_account_only() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    for case in ["kommunkonto", "saknar-block"] {
        let folder = fixture("bluesky").join(case);
        std::fs::copy(folder.join("repo.car"), at("repo.car")).unwrap();
        std::fs::copy(folder.join("did.json"), at("did.json")).unwrap();
        assert!(read_of(scratch.path(), "").notes[0].contains("är kontrollerad"));
    }
    // The key of the other account, of the other curve.
    std::fs::copy(fixture("bluesky/kommunkonto/did.json"), at("did.json")).unwrap();
    let error = read(scratch.path()).unwrap_err().to_string();
    assert!(error.contains("signaturen stämmer inte"), "{error}");
    std::fs::remove_file(at("did.json")).unwrap();
    let read = read_of(scratch.path(), "");
    assert!(read.notes[0].contains("är inte kontrollerad"));
    // The record that the file lacks is refused by its CID.
    assert_eq!(read.posts.len(), 1);
    assert!(
        read.refused[0].0.contains("repo.car, bafyrei"),
        "{:?}",
        read.refused
    );
}

#[test]
fn bluesky_replies_hold_the_publics_answers() {
    let read = read_of(
        &fixture("bluesky-api/svar"),
        "https://bsky.app/profile/exempelkommun.example",
    );
    assert_eq!(read.format, "bluesky-api");
    assert_eq!(read.refused, []);
    let roles: Vec<_> = read
        .posts
        .iter()
        .map(|one| (one.post.kind, one.post.author.role))
        .collect();
    assert_eq!(
        roles,
        [
            (PostKind::Post, AuthorRole::Authority),
            (PostKind::Repost, AuthorRole::Authority),
            (PostKind::Post, AuthorRole::Public),
            (PostKind::Reply, AuthorRole::Public),
            (PostKind::Reply, AuthorRole::Authority),
        ]
    );
    // The post of the thread that the feed had, one that is gone and one that is blocked.
    assert_eq!(read.skipped, 3);
    let answer = &read.posts[4].post;
    assert_eq!(
        answer.in_reply_to.as_ref().unwrap().key.as_deref(),
        Some(read.posts[3].post.key.as_str())
    );
    assert_eq!(
        answer.evidence[0].locator,
        "/thread/replies/0/replies/0/post"
    );
}

#[test]
fn followers_only_and_direct_posts_are_in_no_public_output() {
    let (start, later) = ("2026-06-15", "2026-12-01");
    let archive = Archive::new(start);
    let address = "https://social.exempelkommun.se/@exempelkommun";
    for (alias, case) in [
        ("arkiv", "mastodon/kommunkonto"),
        ("svar", "mastodon-api/svar"),
    ] {
        archive.add_account(start, alias, "mastodon", address);
        archive.json(start, &["ingest", alias, fixture(case).to_str().unwrap()]);
    }
    let package = archive.beside().join("leverans");
    let args = ["export", "--format", "bagit", package.to_str().unwrap()];
    archive.json(later, &args).exits(0);
    let mut carried = String::new();
    for path in walk(&package) {
        carried.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
    }
    let read = |case: &str| read_of(&fixture(case), address).posts;
    let all = read("mastodon/kommunkonto")
        .into_iter()
        .chain(read("mastodon-api/svar"));
    let (mut open, mut closed) = (0, 0);
    for parsed in all {
        let post = parsed.post;
        let id = format!(
            "\"platform_id\":\"{}\"",
            post.platform_id.as_deref().unwrap_or("-")
        );
        if matches!(post.visibility, Visibility::Public | Visibility::Unlisted) {
            open += usize::from(carried.contains(&id));
            continue;
        }
        closed += 1;
        assert!(!carried.contains(&id), "{id}");
        if post.text.len() > 12 {
            assert!(!carried.contains(&post.text), "{id}");
        }
        let words = post.text.split_whitespace().next().unwrap_or("provutskick");
        for hit in archive.json(later, &["post", "search", words]).result()["posts"]
            .as_array()
            .into_iter()
            .flatten()
        {
            assert_ne!(hit["key"].as_str(), Some(post.key.as_str()));
        }
    }
    // Without open posts in the package nothing would be shown.
    assert!(open > 0 && closed >= 4, "{open} {closed}");
}

/// Resident memory of this process in KiB, and the greatest so far.
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let told = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    (told("VmRSS:"), told("VmHWM:"))
}

#[test]
fn a_million_items_in_a_great_file_are_read_in_bounded_memory() {
    use std::io::Write as _;
    if is_left_to_campaign("a million items in a file") {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("feed.json");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    write!(
        out,
        "{{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":["
    )
    .unwrap();
    for number in 0..1_000_000 {
        let comma = if number == 0 { "" } else { "," };
        let words = "Återvinningen har öppet som vanligt. ";
        write!(
            out,
            "{comma}{{\"id\":{number},\"content_text\":\"{words}{words}\"}}"
        )
        .unwrap();
    }
    write!(out, "]}}").unwrap();
    out.flush().unwrap();
    drop(out);
    assert!(std::fs::metadata(&path).unwrap().len() > 100 * 1024 * 1024);
    let before = memory().0;
    let container = Container::open(&path, scratch.path(), Limits::default()).unwrap();
    let account = "11111111-2222-4333-8444-555555555555".parse().unwrap();
    let source = Source {
        container: &container,
        digests: &[],
        account: &account,
        address: "",
    };
    let importer = importer_for(&container, None).unwrap();
    let posts = importer
        .read(&source)
        .unwrap()
        .filter(|item| matches!(item, Ok(Item::Post(_))));
    assert_eq!(posts.count(), 1_000_000);
    let grown = memory().1.saturating_sub(before) / 1024;
    println!("a million items: {grown} MiB");
    assert!(grown < 400, "{grown} MiB");
}
