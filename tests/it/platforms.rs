//! Posts in: what exports become, what is refused, and that nothing is taken in twice or shown to the wrong person.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use bevara::model::digest::Sha256Hex;
use bevara::model::id::AccountId;
use bevara::platform::{ALL, Container, Item, Limits, Parsed, PlatformError, Source, importer_for};
use serde_json::Value;

use crate::support::{Archive, repository};

const DAY: &str = "2026-09-01";

/// What reading a container gave.
#[derive(Debug)]
struct Read {
    format: &'static str,
    posts: Vec<Parsed>,
    refused: Vec<(String, String)>,
    skipped: u64,
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
    fn post(&self, id: &str) -> &Parsed {
        let found = self
            .posts
            .iter()
            .find(|parsed| parsed.post.platform_id.as_deref() == Some(id));
        found.unwrap_or_else(|| panic!("no post {id}"))
    }
}

fn read(path: &Path) -> Result<Read, PlatformError> {
    let scratch = tempfile::tempdir().unwrap();
    let container = Container::open(path, scratch.path(), Limits::default())?;
    let importer = importer_for(&container, None)?;
    let facts = container.facts()?;
    let account: AccountId = "11111111-2222-4333-8444-555555555555".parse().unwrap();
    let source = Source {
        container: &container,
        // The container's own digest differs between containers of the same files.
        container_sha256: &Sha256Hex::zero(),
        account: &account,
    };
    assert_eq!(facts.sha256.as_str().len(), 64);
    let mut read = Read {
        format: importer.name(),
        posts: Vec::new(),
        refused: Vec::new(),
        skipped: 0,
    };
    let mut items = importer.read(&source)?;
    for item in &mut items {
        match item? {
            Item::Post(parsed) => read.posts.push(*parsed),
            Item::Refused(refused) => read.refused.push((refused.place, refused.reason)),
        }
    }
    read.skipped = items
        .summary()
        .skipped
        .iter()
        .map(|skipped| skipped.count)
        .sum();
    Ok(read)
}

fn fixture(name: &str) -> PathBuf {
    repository().join("fixtures/platforms").join(name)
}

/// Samples of others in `../shared/samples` (or further up) on the developers' machines; elsewhere nothing is checked.
fn samples(folder: &str) -> Vec<PathBuf> {
    let root = repository()
        .ancestors()
        .skip(1)
        .map(|above| above.join("shared/samples").join(folder))
        .find(|root| root.is_dir());
    let Some(root) = root else {
        println!("not checked: there is no ../shared/samples/{folder}");
        return Vec::new();
    };
    walk(&root)
}

fn walk(folder: &Path) -> Vec<PathBuf> {
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
        let cases = std::fs::read_dir(fixture(importer.name())).unwrap();
        let mut count = 0;
        for case in cases {
            let read = read(&case.unwrap().path()).unwrap();
            assert_eq!(read.format, importer.name());
            count += 1;
        }
        assert!(count > 0, "{}", importer.name());
    }
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
            ("p6", "Latin-1: \u{fffd}", "utf8-replaced".to_owned()),
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
            "export.xml, line 34, item 3: a CDATA section or comment has no end before the next item",
            "export.xml, line 46, item 5: tags do not match",
            "export.xml, line 61, item 7: the item has no wp:post_type",
            "export.xml, line 65, item 8: the item has no wp:post_type",
            "export.xml, line 72, item 9: the file ends inside the item",
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
    for path in samples("wordpress").into_iter().chain(samples("mastodon")) {
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

fn archive_with_blog() -> (Archive, String) {
    let archive = Archive::with_policy(DAY, "torsby");
    let account = archive.add_account(DAY, "blogg", "blogg", "https://blogg.exempelkommun.se");
    (archive, account)
}

/// `added changed unchanged refused`
#[track_caller]
fn ingest(archive: &Archive, day: &str, path: &Path, exit: i32) -> (String, Value) {
    let ran = archive
        .json(day, &["ingest", "blogg", path.to_str().unwrap()])
        .exits(exit);
    let result = ran.result();
    let counts = ["added", "changed", "unchanged"]
        .map(|name| result[name].to_string())
        .join(" ");
    let refused = result["refused"].as_array().unwrap().len();
    assert_eq!(
        result["claimed"],
        result["parsed"].as_u64().unwrap() + refused as u64
    );
    (format!("{counts} {refused}"), result)
}

#[test]
fn the_same_file_again_adds_nothing_and_a_later_one_what_changed() {
    let (archive, account) = archive_with_blog();
    let path = fixture("wxr/kommunblogg/export.xml");
    let (counts, first) = ingest(&archive, "2026-09-02", &path, 0);
    assert_eq!(counts, "9 0 0 0");
    let log = walk(&archive.path().join("store/log")).len();
    let (counts, again) = ingest(&archive, "2026-09-03", &path, 0);
    assert_eq!(counts, "0 0 9 0");
    assert_eq!(again["capture"], Value::Null);
    assert_eq!(walk(&archive.path().join("store/log")).len(), log);

    let later = archive.beside().join("senare.xml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&later, text.replace("Lördagar 9–15.", "Lördagar 10–14.")).unwrap();
    let (counts, third) = ingest(&archive, "2026-09-04", &later, 0);
    assert_eq!(counts, "0 1 8 0");
    let units = archive.path().join(format!(
        "store/captures/{account}/{}/units",
        third["capture"].as_str().unwrap()
    ));
    let report: Value =
        serde_json::from_slice(&std::fs::read(units.join("000000/ingest.json")).unwrap()).unwrap();
    assert_eq!(report["seen"].as_array().unwrap().len(), 8);
    assert_eq!(report["seen"][0]["holder"], first["capture"]);
    let item: Value =
        serde_json::from_slice(&std::fs::read(units.join("000001/item.json")).unwrap()).unwrap();
    assert_eq!(item["text"], "Hej Åsa! Lördagar 10–14.");
    assert_eq!(item["nonce"].as_str().unwrap().len(), 32);
}

#[test]
fn refused_items_make_the_exit_code_1_and_the_rest_is_kept() {
    let (archive, _) = archive_with_blog();
    let (counts, result) = ingest(&archive, "2026-09-02", &fixture("wxr/trasig/export.xml"), 1);
    assert_eq!(counts, "4 0 0 5");
    assert_eq!(result["completeness"], "partial");
    assert!(result["capture"].is_string());
}

#[test]
fn what_is_no_export_is_refused_with_what_is_known() {
    let (archive, _) = archive_with_blog();
    let path = archive.beside().join("anteckning.txt");
    std::fs::write(&path, "Hej").unwrap();
    let ran = archive
        .json("2026-09-02", &["ingest", "blogg", path.to_str().unwrap()])
        .exits(1);
    assert!(
        ran.stderr
            .contains("anteckning.txt is of no known format; known are: wxr ("),
        "{}",
        ran.stderr
    );
    let ran = archive
        .json(
            "2026-09-02",
            &[
                "ingest",
                "blogg",
                path.to_str().unwrap(),
                "--format",
                "okänt",
            ],
        )
        .exits(2);
    assert!(
        ran.stderr.contains("there is no format \"okänt\""),
        "{}",
        ran.stderr
    );
    archive
        .json(
            "2026-09-02",
            &["ingest", "blogg", path.to_str().unwrap(), "--format", "wxr"],
        )
        .exits(1);
    archive
        .json(
            "2026-09-02",
            &["ingest", "finnsinte", path.to_str().unwrap()],
        )
        .exits(2);
    assert_eq!(walk(&archive.path().join("staging")), [] as [PathBuf; 0]);
}

fn file_names(folder: &Path) -> Vec<(String, PathBuf)> {
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

fn zipped(folder: &Path, to: &Path) {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::fs::File::create(to).unwrap());
    for (name, path) in file_names(folder) {
        zip.start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(&std::fs::read(path).unwrap()).unwrap();
    }
    zip.finish().unwrap();
}

fn tarred(folder: &Path, prefix: &str, to: impl std::io::Write) {
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

/// What opening a container says, with limits of 100 entries and 8 MiB.
fn refusal(path: &Path) -> String {
    let scratch = tempfile::tempdir().unwrap();
    let limits = Limits {
        entries: 100,
        bytes: 8 * 1024 * 1024,
    };
    match Container::open(path, scratch.path(), limits) {
        Ok(container) => {
            let read = container.facts().map(|_| ());
            let digests: Vec<_> = (0..container.members().len())
                .map(|member| container.digest(member))
                .collect();
            match digests.into_iter().find_map(Result::err).or(read.err()) {
                Some(PlatformError::Io { source, .. }) => source.to_string(),
                Some(error) => error.to_string(),
                None => "whole".to_owned(),
            }
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn hostile_containers_are_refused_by_rule() {
    use std::io::Write as _;
    let scratch = tempfile::tempdir().unwrap();
    let zip_of = |entries: &[(&str, &[u8])]| {
        let path = scratch.path().join("a.zip");
        let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
        for (name, bytes) in entries {
            zip.start_file(*name, zip::write::SimpleFileOptions::default())
                .unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
        path
    };
    assert_eq!(refusal(&zip_of(&[("outbox.json", b"{}")])), "whole");
    let cases: [(&str, &[(&str, &[u8])]); 6] = [
        ("has an empty part, . or ..", &[("../outbox.json", b"{}")]),
        ("is absolute", &[("/etc/passwd", b"x")]),
        ("holds a backslash", &[("a\\b", b"x")]),
        ("stands twice", &[("Å.json", b"x"), ("a\u{30a}.json", b"y")]),
        (
            "more than 100 times its size",
            &[("a", &[0; 4 * 1024 * 1024])],
        ),
        ("more than 8388608 bytes", &[("a", &[0; 9 * 1024 * 1024])]),
    ];
    for (expected, entries) in cases {
        let said = refusal(&zip_of(entries));
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let many: Vec<_> = (0..101).map(|number| format!("{number}")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    assert!(refusal(&zip_of(&many)).contains("more than 100 entries"));

    // A symbolic link, and a link out of a tar.
    let path = scratch.path().join("link.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    zip.add_symlink("a", "/etc/passwd", zip::write::SimpleFileOptions::default())
        .unwrap();
    zip.finish().unwrap();
    assert!(refusal(&path).contains("is a link or a special file"));
    for kind in [
        tar::EntryType::Symlink,
        tar::EntryType::Link,
        tar::EntryType::Fifo,
        tar::EntryType::Char,
    ] {
        let path = scratch.path().join("link.tar");
        let mut tar = tar::Builder::new(std::fs::File::create(&path).unwrap());
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_size(0);
        if kind == tar::EntryType::Symlink || kind == tar::EntryType::Link {
            tar.append_link(&mut header, "a", "/etc/passwd").unwrap();
        } else {
            tar.append_data(&mut header, "a", &b""[..]).unwrap();
        }
        tar.finish().unwrap();
        assert!(
            refusal(&path).contains("is a link or a special file"),
            "{kind:?}"
        );
    }
    // The same name twice, which tar allows.
    let path = scratch.path().join("twice.tar");
    let mut tar = tar::Builder::new(std::fs::File::create(&path).unwrap());
    for bytes in [b"one", b"two"] {
        let mut header = tar::Header::new_ustar();
        header.set_size(3);
        tar.append_data(&mut header, "a.json", &bytes[..]).unwrap();
    }
    tar.finish().unwrap();
    assert!(refusal(&path).contains("stands twice"));
    // A folder with a link in it.
    let folder = scratch.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.join("a")).unwrap();
    assert!(refusal(&folder).contains("is a link or a special file"));
    // A gzip bomb: 16 MiB of zeros in a tar.
    let path = scratch.path().join("bomb.tar.gz");
    let gzip = flate2::write::GzEncoder::new(
        std::fs::File::create(&path).unwrap(),
        flate2::Compression::best(),
    );
    let mut tar = tar::Builder::new(gzip);
    let mut header = tar::Header::new_ustar();
    header.set_size(16 * 1024 * 1024);
    tar.append_data(&mut header, "a", &vec![0_u8; 16 * 1024 * 1024][..])
        .unwrap();
    tar.finish().unwrap();
    drop(tar);
    assert!(refusal(&path).contains("it unpacks to more than"));
}

#[test]
fn damaged_and_dishonest_zips_are_refused() {
    use std::io::Write as _;
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("a.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("outbox.json", stored).unwrap();
    zip.write_all(b"{\"hemligt\": 1}").unwrap();
    zip.finish().unwrap();
    let whole = std::fs::read(&path).unwrap();
    let place = whole
        .windows(7)
        .position(|window| window == b"hemligt")
        .unwrap();
    let flip = |at: usize, to: u8| {
        let mut bytes = whole.clone();
        bytes[at] = to;
        std::fs::write(&path, bytes).unwrap();
        refusal(&path)
    };
    assert_eq!(
        flip(place, b'H'),
        "the entry's checksum is another than its container says"
    );
    // The name in the local header differs from the central one.
    let name = whole
        .windows(6)
        .position(|window| window == b"outbox")
        .unwrap();
    assert_ne!(flip(name, b'i'), "whole");
    // General purpose flag bit 0 in both headers: encrypted.
    let central = whole
        .windows(4)
        .position(|window| window == b"PK\x01\x02")
        .unwrap();
    let mut bytes = whole.clone();
    bytes[6] |= 1;
    bytes[central + 8] |= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert!(
        refusal(&path).contains("is encrypted"),
        "{}",
        refusal(&path)
    );
    // Something before the first entry, and a file that was cut.
    std::fs::write(&path, [b"PK\x03\x04".as_slice(), &[0; 60], &whole].concat()).unwrap();
    assert_ne!(refusal(&path), "whole");
    std::fs::write(&path, &whole[..whole.len() - 10]).unwrap();
    assert_ne!(refusal(&path), "whole");
}

/// Keys that a search finds, without platform and account.
#[track_caller]
fn found(archive: &Archive, args: &[&str]) -> Vec<String> {
    let result = archive
        .json("2026-09-10", &[&["post", "search"], args].concat())
        .exits(0)
        .result();
    let posts = result["posts"].as_array().unwrap();
    posts
        .iter()
        .map(|hit| {
            hit["post"]
                .as_str()
                .unwrap()
                .splitn(3, ':')
                .nth(2)
                .unwrap()
                .to_owned()
        })
        .collect()
}

#[test]
fn search_finds_swedish_compounds_and_narrows_by_account_time_and_kind() {
    let (archive, _) = archive_with_blog();
    ingest(
        &archive,
        "2026-09-02",
        &fixture("wxr/kommunblogg/export.xml"),
        0,
    );
    assert_eq!(found(&archive, &["återvinning"]), ["p12", "c14"]);
    assert_eq!(found(&archive, &["ÅTERVINNINGSCENTRAL"]), ["p12"]);
    // å, ä and ö are letters of their own.
    assert_eq!(found(&archive, &["atervinning"]), [] as [&str; 0]);
    assert_eq!(
        found(&archive, &["återvinning", "--kind", "comment"]),
        ["c14"]
    );
    assert_eq!(
        found(&archive, &["återvinning", "--from", "2026-05-06"]),
        ["c14"]
    );
    assert_eq!(
        found(
            &archive,
            &["återvinning", "--from", "2026-05-04", "--to", "2026-05-04"]
        ),
        ["p12"]
    );
    assert_eq!(
        found(&archive, &["återvinning", "--limit", "1", "--offset", "1"]),
        ["c14"]
    );
    assert_eq!(found(&archive, &["100%\" OR"]), [] as [&str; 0]);
    assert_eq!(found(&archive, &["lördagar"]), ["c12", "c13"]);
    let first = archive
        .json(
            "2026-09-10",
            &["post", "search", "återvinning", "--limit", "1"],
        )
        .exits(0)
        .result();
    assert_eq!(first["more"], true);
    assert_eq!(first["posts"][0]["account"], "blogg");
    assert_eq!(first["posts"][0]["posted_at"], "2026-05-04T08:00:00Z");
    assert_eq!(
        first["posts"][0]["snippet"],
        "[Återvinning]scentralen öppnar Den nya återvinningsce…"
    );
    let short = archive
        .json("2026-09-10", &["post", "search", "år"])
        .exits(2);
    assert!(
        short.stderr.contains("at least 3 characters, not 2"),
        "{}",
        short.stderr
    );
}

#[test]
fn protected_posts_are_found_and_shown_only_for_roles_that_may() {
    let archive = Archive::with_policy(DAY, "torsby");
    archive.add_account(
        DAY,
        "blogg",
        "mastodon",
        "https://social.exempelkommun.se/@exempelkommun",
    );
    ingest(&archive, "2026-09-02", &fixture("mastodon/kommunkonto"), 1);
    let ids = |keys: Vec<String>| {
        keys.iter()
            .map(|key| key.rsplit('/').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(found(&archive, &["simhall"])), ["1", "2"]);
    assert_eq!(
        ids(found(&archive, &["simhall", "--include-closed"])),
        ["1", "2", "3", "4"]
    );
    let direct = "mastodon:blogg:https://social.exempelkommun.se/users/exempelkommun/statuses/4";
    archive
        .json("2026-09-10", &["post", "show", direct])
        .exits(4);
    let shown = archive
        .json("2026-09-10", &["post", "show", direct, "--include-closed"])
        .exits(0)
        .result();
    assert_eq!(shown["open"], false);
    let elected = archive.add_person("2026-09-10", "Elin Exempel", "foretradare");
    for args in [
        &["post", "search", "simhall", "--include-closed"],
        &["post", "show", direct, "--include-closed"],
    ] {
        let mut own = crate::support::bevara();
        own.arg("--archive")
            .arg(archive.path())
            .args(["--as", &elected, "--as-of", "2026-09-10", "--json"])
            .args(*args);
        crate::support::ran(&mut own).exits(4);
    }
    // The public post's thread names no direct post.
    let public = direct.replace("statuses/4", "statuses/1");
    let shown = archive
        .json("2026-09-10", &["post", "show", &public])
        .exits(0)
        .result();
    assert_eq!(shown["thread"].as_array().unwrap().len(), 2);
    let unit = shown["unit"].clone();
    let media = walk(&archive.path().join("store/captures"))
        .into_iter()
        .filter(|path| path.ends_with("media-1.png"))
        .collect::<Vec<_>>();
    assert_eq!(media.len(), 1);
    assert!(
        media[0]
            .to_str()
            .unwrap()
            .contains(unit["unit"].as_str().unwrap())
    );
}

#[test]
fn people_answer_flags_and_decide_and_every_version_is_shown() {
    let (archive, _) = archive_with_blog();
    let path = fixture("wxr/kommunblogg/export.xml");
    ingest(&archive, "2026-09-02", &path, 0);
    let later = archive.beside().join("senare.xml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&later, text.replace("Lördagar 9–15.", "Lördagar 10–14.")).unwrap();
    ingest(&archive, "2026-09-04", &later, 0);

    let review = [
        "post",
        "review",
        "wordpress:blogg:c13",
        "--flag",
        "sekretess=nej",
        "--flag",
        "arende=ja",
    ];
    archive.json("2026-09-05", &review).exits(0).result();
    let again = [
        "post",
        "review",
        "wordpress:blogg:c13",
        "--flag",
        "arende=nej",
    ];
    archive.json("2026-09-06", &again).exits(0).result();
    let decide = [
        "post",
        "decide",
        "wordpress:blogg:c13",
        "--outcome",
        "preserve",
        "--reason",
        "Svar av vikt",
    ];
    let decided = archive.json("2026-09-07", &decide).exits(0).result();
    let record = archive.path().join(format!(
        "store/records/{}/units/000000/decision.json",
        decided["record"].as_str().unwrap()
    ));
    let record: Value = serde_json::from_slice(&std::fs::read(record).unwrap()).unwrap();
    assert_eq!(record["reason"], "Svar av vikt");
    assert_eq!(record["unit"], decided["unit"]);

    let shown = archive
        .json("2026-09-10", &["post", "show", "wordpress:blogg:c13"])
        .exits(0)
        .result();
    let texts: Vec<_> = shown["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| version["item"]["text"].clone())
        .collect();
    assert_eq!(
        texts,
        ["Hej Åsa! Lördagar 9–15.", "Hej Åsa! Lördagar 10–14."]
    );
    let person = |flag: &str| {
        let flags = shown["flags"].as_array().unwrap();
        flags
            .iter()
            .find(|answers| answers["flag"] == flag)
            .unwrap()["person"]["answer"]
            .clone()
    };
    assert_eq!(
        (person("sekretess"), person("arende")),
        ("nej".into(), "nej".into())
    );
    assert_eq!(shown["decision"], "preserve");
    let thread: Vec<_> = shown["thread"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["post"].as_str().unwrap().rsplit(':').next().unwrap())
        .collect();
    assert_eq!(thread, ["p12", "c12", "c13", "c14"]);
    // The comment held as spam is in the thread, and protected.
    assert_eq!(shown["thread_withheld"], 1);

    for (args, exit) in [
        (
            &[
                "post",
                "review",
                "wordpress:blogg:c13",
                "--flag",
                "sekretess=kanske",
            ][..],
            2,
        ),
        (
            &[
                "post",
                "review",
                "wordpress:blogg:c13",
                "--flag",
                "hemlig=ja",
            ],
            2,
        ),
        (
            &[
                "post",
                "review",
                "wordpress:blogg:c999",
                "--flag",
                "sekretess=ja",
            ],
            2,
        ),
        (
            &[
                "post",
                "decide",
                "wordpress:blogg:c13",
                "--outcome",
                "may-dispose",
                "--reason",
                "x",
            ],
            2,
        ),
        (
            &[
                "post",
                "decide",
                "wordpress:blogg:c13",
                "--outcome",
                "registry",
                "--reason",
                " ",
            ],
            2,
        ),
    ] {
        archive.json("2026-09-10", args).exits(exit);
    }
    let mut nobody = crate::support::bevara();
    nobody
        .arg("--archive")
        .arg(archive.path())
        .args(["--as-of", "2026-09-10", "--json"])
        .args(review);
    crate::support::ran(&mut nobody).exits(2);
    let auditor = archive.add_person("2026-09-10", "Rut Revisor", "revisor");
    let mut reads = crate::support::bevara();
    reads
        .arg("--archive")
        .arg(archive.path())
        .args(["--as", &auditor, "--as-of", "2026-09-10", "--json"])
        .args(review);
    crate::support::ran(&mut reads).exits(4);
}
