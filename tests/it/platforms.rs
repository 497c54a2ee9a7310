//! What containers and exports of platforms become, and what is refused.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "functions shared by tests fail the test that calls them"
)]

mod refusals;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use bevara::model::digest::Sha256Hex;
use bevara::model::id::AccountId;
use bevara::model::post::PostKind;
use bevara::platform::{ALL, Container, Item, Limits, Parsed, PlatformError, Source, importer_for};
use serde_json::Value;

use crate::support::{repository, shared};

/// What reading a container gave.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) format: &'static str,
    pub(crate) posts: Vec<Parsed>,
    pub(crate) refused: Vec<(String, String)>,
    pub(crate) skipped: u64,
    pub(crate) notes: Vec<String>,
}

impl Read {
    /// The posts as they would be written, by their id; the nonce is empty here.
    fn records(&self) -> BTreeMap<String, (String, Vec<u8>)> {
        self.posts
            .iter()
            .map(|parsed| {
                let item = bevara::model::json::to_line(&parsed.post).unwrap();
                let id = parsed.post.platform_id.clone();
                (
                    id.unwrap_or_else(|| parsed.post.key.clone()),
                    (item, parsed.original.clone()),
                )
            })
            .collect()
    }

    #[track_caller]
    pub(crate) fn post(&self, id: &str) -> &Parsed {
        let found = self
            .posts
            .iter()
            .find(|parsed| parsed.post.platform_id.as_deref() == Some(id));
        found.unwrap_or_else(|| panic!("no post {id}"))
    }
}

pub(crate) fn read(path: &Path) -> Result<Read, PlatformError> {
    read_at(path, "https://social.exempelkommun.se/@exempelkommun")
}

/// Reads a fixture for the account with this address.
#[track_caller]
pub(crate) fn read_of(path: &Path, address: &str) -> Read {
    read_at(path, address).unwrap()
}

fn read_at(path: &Path, address: &str) -> Result<Read, PlatformError> {
    let scratch = tempfile::tempdir().unwrap();
    let container = Container::open(path, scratch.path(), Limits::default())?;
    let importer = importer_for(&container, None)?;
    let facts = container.facts()?;
    let account: AccountId = "11111111-2222-4333-8444-555555555555".parse().unwrap();
    let source = Source {
        container: &container,
        // The container's own digest differs between containers of the same files.
        digests: &[Sha256Hex::zero()],
        account: &account,
        address,
    };
    assert_eq!(facts.len(), 1);
    let mut read = Read {
        format: importer.name(),
        posts: Vec::new(),
        refused: Vec::new(),
        skipped: 0,
        notes: Vec::new(),
    };
    let mut items = importer.read(&source)?;
    for item in &mut items {
        match item? {
            Item::Post(parsed) => read.posts.push(*parsed),
            Item::Refused(refused) => read.refused.push((refused.place, refused.reason)),
        }
    }
    let summary = items.summary();
    read.notes = summary.notes;
    read.skipped = summary.skipped.iter().map(|skipped| skipped.count).sum();
    Ok(read)
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    repository().join("fixtures/platforms").join(name)
}

/// Samples of others, which the archive's makers gathered and do not ship.
pub(crate) fn samples(folder: &str) -> Vec<PathBuf> {
    let root = shared(&format!("samples/{folder}"));
    root.iter().flat_map(|root| walk(root)).collect()
}

pub(crate) fn walk(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else if path.extension().is_some_and(|extension| extension != "md") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Counts by XPath with libxml2; `None` where the tool is missing or the file is not well-formed.
fn xpath_count(path: &Path, expression: &str) -> Option<u64> {
    let output = Command::new("xmllint")
        .arg("--xpath")
        .arg(format!("count({expression})"))
        .arg(path)
        .output();
    let Ok(output) = output else {
        println!("not checked: xmllint is missing");
        return None;
    };
    String::from_utf8(output.stdout)
        .unwrap()
        .trim()
        .parse()
        .ok()
}

#[test]
fn every_importer_has_fixtures_that_it_recognises() {
    for importer in ALL {
        let cases = walk_cases(importer.name());
        for case in &cases {
            let read = read(case).unwrap();
            assert_eq!(read.format, importer.name());
        }
        assert!(!cases.is_empty(), "{}", importer.name());
    }
}

/// A comment's words stand in no other post's unit: that would outlive the comment's disposal.
#[test]
fn what_the_public_wrote_stands_in_its_own_units_alone() {
    let mut looked_at = BTreeSet::new();
    let cases = ALL.iter().flat_map(|one| walk_cases(one.name()));
    for case in cases {
        let read = read(&case).unwrap();
        let answers = read.posts.iter().filter(|one| {
            matches!(one.post.kind, PostKind::Comment | PostKind::Reply)
                && one.post.text.chars().count() >= 12
        });
        for answer in answers {
            let words = serde_json::to_string(&answer.post.text).unwrap();
            let words = words.trim_matches('"');
            for other in &read.posts {
                let is_another = other.post.key != answer.post.key
                    && !other.post.text.contains(&answer.post.text);
                if is_another && other.original != answer.original {
                    let held = String::from_utf8_lossy(&other.original);
                    let place = case.display();
                    assert!(
                        !held.contains(words),
                        "{place}: {words} in {}",
                        other.post.key
                    );
                }
            }
            looked_at.insert(read.format);
        }
    }
    assert!(looked_at.len() >= 12, "{looked_at:?}");
}

/// The folders of an importer's fixtures.
fn walk_cases(importer: &str) -> Vec<PathBuf> {
    let cases = std::fs::read_dir(fixture(importer)).unwrap();
    let mut cases: Vec<_> = cases.map(|case| case.unwrap().path()).collect();
    cases.retain(|case| case.is_dir());
    cases
}

#[test]
fn the_schema_of_an_ingest_knows_every_format() {
    let path = repository().join("docs/format/ingest.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let told = schema.pointer("/properties/result/properties/format/enum");
    let names: Vec<Value> = ALL.iter().map(|one| Value::from(one.name())).collect();
    assert_eq!(told, Some(&Value::from(names)));
}

#[test]
fn wxr_posts_and_comments_become_posts_with_role_time_thread_and_visibility() {
    let read = read(&fixture("wxr/kommunblogg/export.xml")).unwrap();
    assert_eq!(read.refused, []);
    let summary: Vec<String> = read
        .posts
        .iter()
        .map(|parsed| {
            let post = &parsed.post;
            let word = |value: Value| value.as_str().unwrap().to_owned();
            let json = serde_json::to_value(post).unwrap();
            format!(
                "{} {} {} {} {} {} {} {}",
                post.platform_id.as_deref().unwrap(),
                post.kind.as_str(),
                word(json["author"]["role"].clone()),
                word(json["record_origin"].clone()),
                word(json["state"]["value"].clone()),
                word(json["visibility"].clone()),
                post.posted_at
                    .utc
                    .map_or("-".to_owned(), |time| time.to_string()),
                post.in_reply_to
                    .as_ref()
                    .and_then(|reply| reply.platform_id.as_deref())
                    .unwrap_or("-"),
            )
        })
        .collect();
    assert_eq!(
        summary,
        [
            "p12 post authority upprattad live public 2026-05-04T08:00:00Z -",
            "c12 comment public inkommen live public 2026-05-04T10:30:00Z p12",
            "c13 comment authority upprattad live public 2026-05-04T11:00:00Z c12",
            "c14 comment unknown okand live public 2026-05-06T07:00:00Z p12",
            "c15 comment public inkommen held_for_moderation limited 2026-05-07T07:00:00Z p12",
            // 09:00 in Stockholm in January.
            "p13 page unknown okand live public 2026-01-15T08:00:00Z -",
            "p14 post authority okand hidden draft - -",
            "p15 post authority upprattad live limited 2026-06-01T06:00:00Z -",
            "c16 comment unknown okand live limited 2026-06-02T06:00:00Z p15",
        ]
    );
    let post = &read.post("p12").post;
    assert_eq!(
        post.text,
        "Den nya återvinningscentralen i Hagfors öppnar på måndag 🎉. Läs mer på kommunens sida. #Avfall"
    );
    assert_eq!(post.links, ["https://exempelkommun.se/avfall"]);
    assert_eq!(post.tags, ["Avfall", "Avfall & miljö"]);
    assert_eq!(
        read.post("p13").post.text,
        "Rad ett\nRad två\n\nNytt stycke & slut"
    );
    assert_eq!(
        read.post("p13").post.warnings,
        ["zone-assumed", "author-not-listed"]
    );
    assert_eq!(
        read.post("c14").post.text,
        "[…] återvinning i Exempelkommun […]"
    );
    assert_eq!(read.post("c14").post.repairs, ["xml-entity"]);
    assert_eq!(read.post("c13").post.repairs, [] as [&str; 0]);
    assert_eq!(read.post("c13").post.thread_root, Some(post.key.clone()));
    assert_eq!(read.skipped, 3);
}

#[test]
fn wxr_addresses_of_commenters_are_replaced_and_named_by_pointer() {
    let read = read(&fixture("wxr/kommunblogg/export.xml")).unwrap();
    let comment = read.post("c12");
    assert_eq!(
        comment.post.redactions,
        [
            "/wp:comment_author_IP",
            "/wp:comment_author_email",
            "/wp:comment_author_url",
            "/wp:commentmeta/wp:meta_value",
        ]
    );
    let original: Value = serde_json::from_slice(&comment.original).unwrap();
    for pointer in &comment.post.redactions {
        let value = original.pointer(pointer).and_then(Value::as_str).unwrap();
        assert!(value.contains("redacted"), "{pointer}");
    }
    // What the commenter wrote stays, the address in it too: it is the record.
    assert_eq!(
        original["wp:comment_content"],
        "Vilka tider gäller på lördagar? ]]> skriv gärna till asa.oberg@example.com"
    );
    for parsed in &read.posts {
        let both = [
            bevara::model::json::to_line(&parsed.post).unwrap(),
            String::from_utf8(parsed.original.clone()).unwrap(),
        ];
        for text in both {
            for secret in [
                "192.0.2.17",
                "203.0.113",
                "2001:db8",
                "0123456789abcdef",
                "kim@example.org",
                "hemligt-losen",
                "redaktion@",
            ] {
                assert!(!text.contains(secret), "{secret} in {text}");
            }
        }
    }
}

#[test]
fn wxr_that_is_broken_costs_the_broken_items_only() {
    let read = read(&fixture("wxr/trasig/export.xml")).unwrap();
    let got: Vec<_> = read
        .posts
        .iter()
        .map(|parsed| {
            (
                parsed.post.platform_id.as_deref().unwrap(),
                parsed.post.text.as_str(),
                parsed.post.repairs.join(" "),
            )
        })
        .collect();
    assert_eq!(
        got,
        [
            ("p1", "Styrtecken mitt i", "xml-control".to_owned()),
            (
                "p2",
                "Fast\u{a0}mellanslag & ensamt et-tecken",
                "xml-entity".to_owned()
            ),
            ("p4", "hel igen", String::new()),
            ("p6", "Latin-1: å", "charset-false".to_owned()),
        ]
    );
    let refused: Vec<_> = read
        .refused
        .iter()
        .map(|(place, reason)| format!("{place}: {}", reason.split(';').next().unwrap()))
        .collect();
    assert_eq!(
        refused,
        [
            "export.xml, rad 34, post 3: ett CDATA-avsnitt eller en XML-kommentar saknar slut när nästa post börjar",
            "export.xml, rad 46, post 5: start- och sluttaggar passar inte ihop",
            "export.xml, rad 61, post 7: posten saknar typ: fältet wp:post_type saknas eller går inte att läsa",
            "export.xml, rad 65, post 8: posten saknar typ: fältet wp:post_type saknas eller går inte att läsa",
            "export.xml, rad 72, post 9: filen slutar mitt i posten",
        ]
    );
}

#[test]
fn wxr_counts_equal_an_independent_count() {
    let mut files = samples("wordpress/wxr");
    files.push(fixture("wxr/kommunblogg/export.xml"));
    let kinds = "*[local-name()='post_type' and starts-with(namespace-uri(), 'http://wordpress.org/export/')]";
    for path in files {
        let Some(items) = xpath_count(
            &path,
            &format!("//item[not({kinds}='attachment' or {kinds}='nav_menu_item')]"),
        ) else {
            continue;
        };
        let comments = xpath_count(
            &path,
            "//*[local-name()='comment' and starts-with(namespace-uri(), 'http://wordpress.org/export/')]",
        );
        let read = read(&path).unwrap();
        let claimed = (read.posts.len() + read.refused.len()) as u64;
        assert_eq!(
            Some(claimed),
            comments.map(|comments| comments + items),
            "{}",
            path.display()
        );
    }
}

#[test]
fn every_sample_gives_records_or_a_named_error_and_twice_the_same() {
    every_sample_reads_twice_the_same(&[
        "wordpress",
        "mastodon",
        "activitystreams2",
        "bluesky",
        "feeds",
        "html",
        "x-archive",
    ]);
}

#[track_caller]
pub(crate) fn every_sample_reads_twice_the_same(networks: &[&str]) {
    for path in networks.iter().copied().flat_map(samples) {
        match (read(&path), read(&path)) {
            (Ok(one), Ok(other)) => {
                assert_eq!(one.records(), other.records(), "{}", path.display());
                assert_eq!(one.refused, other.refused);
            }
            (Err(one), Err(other)) => {
                let name = path.file_name().unwrap().to_str().unwrap();
                assert!(one.to_string().contains(name), "{one}");
                assert_eq!(one.to_string(), other.to_string());
            }
            (one, other) => panic!("{}: {one:?} and {other:?}", path.display()),
        }
    }
}

pub(crate) fn file_names(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut files = Vec::new();
    for path in walk(folder) {
        let name = path
            .strip_prefix(folder)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        files.push((name, path));
    }
    files
}

pub(crate) fn zipped(folder: &Path, to: &Path) {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::fs::File::create(to).unwrap());
    for (name, path) in file_names(folder) {
        zip.start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(&std::fs::read(path).unwrap()).unwrap();
    }
    zip.finish().unwrap();
}

pub(crate) fn tarred(folder: &Path, prefix: &str, to: impl std::io::Write) {
    let mut tar = tar::Builder::new(to);
    for (name, path) in file_names(folder) {
        tar.append_path_with_name(path, format!("{prefix}{name}"))
            .unwrap();
    }
    tar.finish().unwrap();
}

#[test]
fn mastodon_gives_the_same_records_from_folder_zip_tar_and_gzip() {
    let folder = fixture("mastodon/kommunkonto");
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    zipped(&folder, &at("a.zip"));
    tarred(&folder, "", std::fs::File::create(at("a.tar")).unwrap());
    // As `tar -czf a.tar.gz .` writes them.
    let gzip = flate2::write::GzEncoder::new(
        std::fs::File::create(at("a.bin")).unwrap(),
        flate2::Compression::default(),
    );
    tarred(&folder, "./", gzip);
    let expected = read(&folder).unwrap();
    for name in ["a.zip", "a.tar", "a.bin"] {
        let other = read(&at(name)).unwrap();
        assert_eq!(other.records(), expected.records(), "{name}");
        assert_eq!(other.refused.len(), expected.refused.len());
    }
}

#[test]
fn mastodon_posts_have_visibility_by_addressing_and_media_with_digest() {
    let read = read(&fixture("mastodon/kommunkonto")).unwrap();
    let account = "https://social.exempelkommun.se/users/exempelkommun";
    let summary: Vec<String> = read
        .posts
        .iter()
        .map(|parsed| {
            let post = &parsed.post;
            let json = serde_json::to_value(post).unwrap();
            format!(
                "{} {} {} {} {} | {}",
                post.platform_id.as_deref().unwrap().replace(account, ""),
                post.kind.as_str(),
                json["visibility"].as_str().unwrap(),
                json["state"]["value"].as_str().unwrap(),
                json["author"]["role"].as_str().unwrap(),
                post.text.replace('\n', "/"),
            )
        })
        .collect();
    assert_eq!(
        summary,
        [
            "/statuses/1 post public live authority | Simhallen öppnar igen 🏊 Läs mer: https://exempelkommun.se/simhallen-oppnar #Simhall",
            "/statuses/2 reply unlisted live authority | Olistat tillägg om simhallen",
            "/statuses/3 post followers live authority | Bara för följare: simhallens generalrepetition",
            "/statuses/4 reply direct live authority | @kim Hej Kim, ditt ärende om simhallen är klart.",
            "/statuses/5/activity repost public live authority | ",
            "/statuses/6 poll public live authority | Vilken tid passar?//- Morgon//- Kväll",
            "/statuses/7 post unknown deleted_by_authority authority | ",
            "/statuses/9 post public live authority | Avklippt \u{fffd}",
        ]
    );
    assert_eq!(read.refused.len(), 1);
    assert_eq!(
        read.refused[0].0,
        "kommunkonto: outbox.json, /orderedItems/7"
    );
    let first = read.post(&format!("{account}/statuses/1"));
    assert_eq!(
        first.post.links,
        ["https://exempelkommun.se/simhallen-oppnar"]
    );
    assert_eq!(first.post.tags, ["simhall"]);
    assert_eq!(first.media.len(), 1);
    assert_eq!(first.media[0].name, "media-1.png");
    let [picture, missing] = first.post.attachments.as_slice() else {
        panic!("two attachments");
    };
    let stock = Command::new("sha256sum")
        .arg(fixture(
            "mastodon/kommunkonto/media_attachments/files/000/001/original/Simhall.PNG",
        ))
        .output()
        .unwrap();
    assert!(
        String::from_utf8(stock.stdout)
            .unwrap()
            .starts_with(picture.sha256.as_ref().unwrap().as_str())
    );
    assert_eq!(
        serde_json::to_value(missing).unwrap()["state"],
        "missing_in_export"
    );
    let cut = read.post(&format!("{account}/statuses/9"));
    assert_eq!(cut.post.repairs, ["lone-surrogate"]);
    let poll = read.post(&format!("{account}/statuses/6"));
    assert_eq!(poll.post.content_warning.as_deref(), Some("Omröstning"));
    let mention = read.post(&format!("{account}/statuses/4"));
    assert_eq!(mention.post.mentions, ["@kim@social.example"]);
    assert_eq!(
        mention
            .post
            .in_reply_to
            .as_ref()
            .unwrap()
            .platform_id
            .as_deref(),
        Some("https://social.example/users/kim/statuses/9")
    );
}
