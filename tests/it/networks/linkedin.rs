//! What LinkedIn's export of a member becomes.

use bevara::model::post::{AuthorRole, RoleBasis, Visibility, ZoneBasis};

use crate::networks::meta::{lines, post, refused};
use crate::platforms::{fixture, read_of};
use crate::support::Archive;

const MEMBER: &str = "https://www.linkedin.com/in/exempelkoping";
const PAGE: &str = "https://www.linkedin.com/company/exempelkoping";

#[test]
fn a_members_export_gives_posts_comments_and_messages_with_marks_of_every_kind() {
    let read = read_of(&fixture("linkedin/medlem"), MEMBER);
    assert_eq!(
        (read.format, read.refused.len(), read.skipped),
        ("linkedin", 0, 2)
    );
    assert_eq!(
        lines(&read),
        [
            r#"comment authority unknown live 2026-05-04T12:00:00Z [] Ja, "heltid" betyder 40 timmar,/och kontoret ligger i C:\Exempel."#,
            "comment authority unknown live - [] Tack!",
            r#"post authority public live 2026-05-04T08:00:00Z [] Vi söker en "arkivarie", på heltid.//Sök senast 15 augusti. #jobb"#,
            r#"post authority limited live 2026-05-05T09:30:00Z [] Nytt bad i höst!//Kommunens "stora" satsning är klar."#,
            "post authority unknown live 2026-05-06T07:15:00Z [image:remote_only] ",
            "message public direct live 2026-05-07T10:00:00Z [] När öppnar badet?",
            r#"message authority direct live 2026-05-07T10:05:00Z [] Den 1 september, "klockan 8"."#,
            "message authority draft live 2026-05-07T10:06:00Z [] Välkom",
        ]
    );
    let wanted = &post(&read, "Vi söker").post;
    assert_eq!(
        wanted.platform_id.as_deref(),
        Some("urn:li:share:7341000000000000001")
    );
    assert_eq!(wanted.links, ["https://exempelkoping.example/jobb"]);
    assert_eq!(wanted.tags, ["jobb"]);
    assert_eq!(wanted.posted_at.zone_basis, ZoneBasis::AssumedUtc);
    assert_eq!(wanted.warnings, ["zone-assumed"]);
    assert_eq!(wanted.repairs, [] as [&str; 0]);
    assert_eq!(wanted.author.role_basis, RoleBasis::OwnExport);
    assert_eq!(post(&read, "Nytt bad").post.repairs, ["linkedin-quotes"]);
    let answer = &post(&read, "Ja, ").post;
    assert_eq!(answer.thread_root, Some(wanted.key.clone()));
    let place = &answer.evidence[0];
    assert_eq!(
        (place.member.as_deref(), place.locator.as_str()),
        (Some("Comments.csv"), "line 5")
    );
    assert_eq!(post(&read, "Tack!").post.evidence[0].locator, "line 7");
    assert_eq!(
        post(&read, "Tack!").post.warnings,
        ["time-missing", "id-missing"]
    );
    let sent = &post(&read, "Den 1").post;
    assert_eq!(sent.posted_at.zone_basis, ZoneBasis::ExplicitOffset);
    assert_eq!(sent.author.role_basis, RoleBasis::OwnAccountId);
    let names: Vec<_> = sent
        .recipients
        .iter()
        .map(|one| one.name.as_deref())
        .collect();
    assert_eq!(names, [Some("Test Testsson"), Some("Kim Exempel")]);
    let asked = &post(&read, "När öppnar").post;
    assert_eq!(asked.thread_key, sent.thread_key);
    assert_eq!(
        asked.recipients[0].name.as_deref(),
        Some("Exempelköping, kommundirektören")
    );
    assert_eq!(asked.title.as_deref(), Some("Fråga"));
}

#[test]
fn broken_rows_of_linkedin_are_refused_with_their_line_and_unread_times_are_not_guessed() {
    let read = read_of(&fixture("linkedin/trasig"), MEMBER);
    assert_eq!(
        refused(&read),
        [
            "trasig: Shares_123456.csv, rad 2: raden har 3 celler och rubrikraden 6",
            "trasig: Shares_123456.csv, rad 3: raden saknar länk: kolumnen ShareLink saknas eller är tom",
            "trasig: Shares_123456.csv, rad 5: filen slutar inne i en cell med citattecken; hämta exporten på nytt",
        ]
    );
    assert_eq!(read.posts.len(), 1);
    let post = &read.posts[0].post;
    assert_eq!(post.posted_at.utc, None);
    assert_eq!(post.posted_at.original, "5/4/26, 8:00 AM");
    assert_eq!(post.visibility, Visibility::Unknown);
    assert_eq!(post.warnings, ["link-unreadable", "time-missing"]);
}

#[test]
fn a_members_export_is_not_of_the_page_and_says_so() {
    let read = read_of(&fixture("linkedin/medlem"), PAGE);
    for parsed in &read.posts {
        assert_eq!(parsed.post.author.role, AuthorRole::Unknown);
    }
    let start = "2026-06-15";
    let archive = Archive::new(start);
    archive.add_account(start, "sida", "linkedin", PAGE);
    archive.add_account(start, "medlem", "linkedin", MEMBER);
    let told = |alias: &str, case: &str| {
        let path = fixture(case);
        let out = archive.json(start, &["ingest", alias, path.to_str().unwrap()]);
        let codes: Vec<String> = out.document()["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                let word = |name: &str| one[name].as_str().unwrap().to_owned();
                format!("{} {}", word("code"), word("message"))
            })
            .collect();
        let whole = out.result()["completeness"].as_str().unwrap().to_owned();
        (whole, codes)
    };
    let (whole, codes) = told("sida", "linkedin/medlem");
    assert_eq!(whole, "partial");
    assert!(codes[1].contains("är en medlems egen"), "{codes:?}");
    let (whole, codes) = told("medlem", "linkedin/medlem");
    assert_eq!((whole.as_str(), codes.len()), ("own_only", 1));
    assert!(codes[0].starts_with("W-CONTAINER LinkedIn anger inte hur många"));
    // Another export that lacks a table lets nobody think that the comments are gone.
    let (whole, codes) = told("medlem", "linkedin/trasig");
    assert_eq!(whole, "partial");
    assert!(
        codes.iter().any(|one| one.ends_with(
            "Exporten saknar kommentarer (Comments.csv) och meddelanden (messages.csv)."
        )),
        "{codes:?}"
    );
}

/// Tables can be chosen when an export is ordered: what was not asked for is not gone.
#[test]
fn an_export_without_messages_lacks_the_post_that_is_gone_and_no_message() {
    let start = "2026-06-15";
    let archive = Archive::new(start);
    archive.add_account(start, "medlem", "linkedin", MEMBER);
    let ingest = |day: &str, path: &std::path::Path| {
        let args = ["ingest", "medlem", path.to_str().unwrap()];
        archive.json(day, &args).exits(0).result()
    };
    ingest(start, &fixture("linkedin/medlem"));
    // The last post is gone; the later the export, the more has been written.
    for (day, more) in [("2026-07-01", "Ett"), ("2026-08-01", "Två")] {
        let dir = archive.beside().join(day);
        std::fs::create_dir_all(&dir).unwrap();
        for name in ["Profile.csv", "Comments.csv"] {
            std::fs::copy(fixture("linkedin/medlem").join(name), dir.join(name)).unwrap();
        }
        let shares = std::fs::read_to_string(fixture("linkedin/medlem/Shares.csv")).unwrap();
        let (kept, _) = shares.split_at(shares.find("2026-05-06").unwrap());
        let link = "https://www.linkedin.com/feed/update/urn%3Ali%3Ashare%3A734100000000000";
        let new = format!("{day} 08:00:00,{link}{}99,{more},,,PUBLIC\n", more.len());
        std::fs::write(dir.join("Shares.csv"), format!("{kept}{new}")).unwrap();
        assert_eq!(ingest(day, &dir)["completeness"], "own_only");
    }
    let listed = archive.json(
        "2026-08-02",
        &["removal", "list", "--all", "--include-closed"],
    );
    let listed = listed.exits(0).result();
    let mut keys: Vec<_> = listed["removals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let key = one["post"].as_str().unwrap();
            (
                key.rsplit(':').next().unwrap().to_owned(),
                one["missed"].clone(),
            )
        })
        .collect();
    keys.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(
        keys,
        [
            ("7341000000000000003".to_owned(), serde_json::json!(2)),
            ("734100000000000399".to_owned(), serde_json::json!(1)),
        ]
    );
}
