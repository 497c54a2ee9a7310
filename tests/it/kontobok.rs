//! `capture --render-posts`: what a reader sees of an account's posts, what nobody may see, what a disposal may rest on, and
//! how long accounts are split. poppler and veraPDF judge the PDF; the texts are those of the fixtures.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use scraper::{ElementRef, Html, Selector};
use serde_json::{Value, json};

use crate::disposal::{EXAMPLE, SIMPLE, as_person, comments, export, holding};
use crate::from_file::photo;
use crate::platforms::fixture;
use crate::support::{Archive, bevara, copy_dir, ran, repository};
use crate::validators;

/// The files of a kontobok with this role.
fn files(archive: &Archive, captured: &Value, role: &str) -> Vec<PathBuf> {
    let files = captured["files"].as_array().unwrap();
    files
        .iter()
        .filter(|file| file["role"] == role)
        .map(|file| archive.path().join(file["path"].as_str().unwrap()))
        .collect()
}

fn rendered(archive: &Archive, day: &str, more: &[&str], exit: i32) -> (Value, Value) {
    let mut args = vec!["capture", "--render-posts", "blogg"];
    args.extend(more);
    let ran = archive.json(day, &args).exits(exit);
    let document = ran.document();
    let captured = document["result"]["captures"][0].clone();
    (captured, document["findings"].clone())
}

/// The text that poppler finds, each run of white space as one space.
fn pdf_text(pdf: &Path) -> String {
    let output = Command::new("pdftotext")
        .args(["-raw", "-enc", "UTF-8"])
        .arg(pdf)
        .arg("-")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Alternative texts of the figures of a PDF.
fn alternatives(pdf: &Path) -> Vec<String> {
    let document = lopdf::Document::load(pdf).unwrap();
    let texts = document.objects.values().filter_map(|object| {
        let dictionary = object.as_dict().ok()?;
        let figure = dictionary.get(b"S").and_then(lopdf::Object::as_name).ok()? == b"Figure";
        let alt = dictionary.get(b"Alt").ok().filter(|_| figure)?;
        Some(lopdf::decode_text_string(alt).unwrap())
    });
    texts.collect()
}

fn book(pdf: &Path) -> Value {
    let units = pdf.parent().unwrap().parent().unwrap();
    let text = std::fs::read_to_string(units.join("000002/kontobok.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn ingest(archive: &Archive, day: &str, path: &Path, exit: i32) {
    archive
        .json(day, &["ingest", "blogg", path.to_str().unwrap()])
        .exits(exit);
}

/// A blog of which a later export reads otherwise, and a Mastodon archive with a picture as a camera writes it.
fn two_sources() -> Archive {
    let archive = Archive::new("2026-09-01");
    archive.add_account(
        "2026-09-01",
        "blogg",
        "blogg",
        "https://blogg.exempelkommun.se",
    );
    let blog = fixture("wxr/kommunblogg/export.xml");
    ingest(&archive, "2026-09-02", &blog, 0);
    let later = archive.beside().join("senare.xml");
    let text = std::fs::read_to_string(&blog).unwrap();
    std::fs::write(&later, text.replace("Lördagar 9–15.", "Lördagar 10–14.")).unwrap();
    ingest(&archive, "2026-09-03", &later, 0);
    let mastodon = archive.beside().join("kommunkonto");
    copy_dir(&fixture("mastodon/kommunkonto"), &mastodon);
    let picture = mastodon.join("media_attachments/files/000/001/original/Simhall.PNG");
    std::fs::write(picture, photo(6).0).unwrap();
    ingest(&archive, "2026-09-04", &mastodon, 1);
    archive
}

/// What everybody could see: of the posts, of an earlier version, and of roles.
const PUBLIC: [&str; 9] = [
    "Återvinningscentralen öppnar",
    "Vilka tider gäller på lördagar?",
    "Hej Åsa! Lördagar 10–14.",
    "Hej Åsa! Lördagar 9–15.",
    "Nytt stycke & slut",
    "Simhallen öppnar igen",
    "Olistat tillägg om simhallen",
    "(kommunen)",
    "(allmänheten)",
];
/// What few could see, in Mastodon: followers, and one recipient.
const FEW: [&str; 2] = [
    "Bara för följare: simhallens generalrepetition",
    "ditt ärende om simhallen är klart",
];
/// What nobody could see in the blog: spam, a draft, a page behind a password.
const NOBODY: [&str; 3] = [
    "Köp klockor billigt",
    "badhusets öppettider",
    "Tack för badhustiderna",
];

#[test]
fn a_kontobok_shows_what_everybody_could_see_and_a_protected_one_the_rest() {
    let archive = two_sources();
    let (open, findings) = rendered(&archive, "2026-09-05", &[], 1);
    // One post of the Mastodon archive does not say who may see it.
    assert_eq!(open["verdict"], "partial");
    assert_eq!(open["reasons"], json!(["posts_left_out"]));
    assert_eq!(
        open["counts"],
        json!({"dom": 10, "text": 10, "inventory": 10, "pdf": 10})
    );
    assert_eq!(open["fills"], json!([]));
    let codes: Vec<&Value> = findings
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["code"])
        .collect();
    assert_eq!(codes, ["F201", "F202"]);
    let pdf = files(&archive, &open, "page-pdf").remove(0);
    let html = files(&archive, &open, "dom").remove(0);
    let text = pdf_text(&pdf);
    let page = std::fs::read_to_string(&html).unwrap();
    let seen = seen(&page);
    for shown in PUBLIC {
        assert!(text.contains(shown), "{shown}: {text}");
        assert!(seen.contains(shown), "{shown}: {seen}");
    }
    let units = pdf.parent().unwrap().parent().unwrap();
    for hidden in FEW.iter().chain(&NOBODY) {
        assert!(!text.contains(hidden), "{hidden}");
        assert_eq!(holding(units, hidden.as_bytes()), Vec::<PathBuf>::new());
    }
    for trace in [&b"GPS-PLATS"[..], b"Exif\0", b"MotionPhoto"] {
        assert_eq!(holding(units, trace), Vec::<PathBuf>::new());
    }
    // 4 May 2026 at 8 in UTC is 10 in Stockholm.
    assert!(text.contains("2026-05-04 10:00"), "{text}");
    assert!(text.contains("Tidigare lydelse"), "{text}");
    assert!(text.contains("saknas i exporten"), "{text}");
    assert_eq!(alternatives(&pdf), ["Simhallen utifrån"]);
    is_accessible(&page);
    let book = book(&pdf);
    assert_eq!(book["left_out"]["unknown"], 1);
    assert_eq!(book["sources"].as_array().unwrap().len(), 3);
    assert_eq!(book["shown"].as_array().unwrap().len(), 11);

    let (closed, _) = rendered(&archive, "2026-09-06", &["--protected"], 0);
    assert_eq!(closed["verdict"], "complete");
    let secret = files(&archive, &closed, "page-pdf").remove(0);
    let text = pdf_text(&secret);
    for shown in PUBLIC.iter().chain(&FEW).chain(&NOBODY) {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    let both = [pdf, secret];
    // Level A, and read aloud as well as it can be judged.
    for flavour in ["2a", "ua1"] {
        let verdicts = validators::verapdf(&both, flavour).unwrap_or_default();
        assert!(verdicts.iter().all(|one| one.compliant), "{verdicts:#?}");
    }
    // A package carries the open one whole; nothing of the protected one unless it is asked for.
    let out = archive.beside().join("paket");
    let exported = archive
        .json(
            "2026-09-07",
            &["export", "--format", "bagit", out.to_str().unwrap()],
        )
        .exits(0)
        .result();
    let carried = |captured: &Value| {
        let id = captured["capture"].as_str().unwrap();
        walkdir::WalkDir::new(&out)
            .into_iter()
            .flatten()
            .filter(|entry| {
                entry
                    .path()
                    .to_string_lossy()
                    .contains(&format!("{id}/units/"))
            })
            .filter(|entry| entry.file_name() == "kontobok-0001.pdf")
            .count()
    };
    assert_eq!((carried(&open), carried(&closed)), (1, 0), "{exported:#}");
    for hidden in FEW.iter().chain(&NOBODY) {
        assert_eq!(holding(&out, hidden.as_bytes()), Vec::<PathBuf>::new());
    }
    archive
        .json("2026-09-08", &["verify", "--level", "3"])
        .exits(0);
}

/// Instagram's export does not say who could see a post: nothing of it is shown to everybody, and the kontobok that says
/// so is not complete. One picture is what a phone writes.
#[test]
fn an_export_that_says_nothing_of_who_may_see_it_makes_a_protected_kontobok() {
    let archive = Archive::new("2026-09-01");
    let url = "https://www.instagram.com/exempelkommun/";
    archive.add_account("2026-09-01", "blogg", "instagram", url);
    let export = archive.beside().join("instagram");
    copy_dir(&fixture("instagram/foretagskonto"), &export);
    let phone = repository().join("fixtures/heic/phone.heic");
    std::fs::copy(phone, export.join("media/posts/202506/2.png")).unwrap();
    archive.json("2026-09-02", &["ingest", "blogg", export.to_str().unwrap()]);
    let (open, _) = rendered(&archive, "2026-09-03", &[], 1);
    assert_eq!(open["reasons"], json!(["text_missing", "posts_left_out"]));
    let units = |captured: &Value| {
        let pdf = files(&archive, captured, "page-pdf").remove(0);
        pdf.parent().unwrap().parent().unwrap().to_owned()
    };
    let post = "Midsommar på Ängön";
    assert_eq!(
        holding(&units(&open), post.as_bytes()),
        Vec::<PathBuf>::new()
    );
    let (closed, _) = rendered(&archive, "2026-09-03", &["--protected"], 0);
    let pdf = files(&archive, &closed, "page-pdf").remove(0);
    let text = pdf_text(&pdf);
    for shown in [
        post,
        "Nya cykelbanan är klar.",
        "Vem som har fått se inlägget är inte känt",
        "Bild 2 av 2",
        "Video",
    ] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    // The place where it was taken stands in the export, and is not carried on.
    for place in ["60.1", "device_id"] {
        assert_eq!(
            holding(&units(&closed), place.as_bytes()),
            Vec::<PathBuf>::new()
        );
    }
    let printed = pictures_in(&pdf);
    assert!(printed >= 2, "{printed} pictures");
}

/// How many pictures poppler finds in a PDF.
fn pictures_in(pdf: &Path) -> usize {
    let output = Command::new("pdfimages")
        .arg("-list")
        .arg(pdf)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let list = String::from_utf8(output.stdout).unwrap();
    list.lines().filter(|line| line.contains(" image ")).count()
}

/// The text of a page, each run of white space as one space.
fn seen(page: &str) -> String {
    let page = Html::parse_document(page);
    let body = page.select(&selector("body")).next().unwrap();
    let text: String = body.text().collect::<Vec<_>>().join(" ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn selector(text: &str) -> Selector {
    Selector::parse(text).unwrap()
}

/// What WCAG 2.2 asks of a page of text and pictures: a language, one main part, headings without a gap, a text for each
/// picture, headed cells; and nothing that runs or is fetched.
fn is_accessible(page: &str) {
    let page = Html::parse_document(page);
    let count = |what: &str| page.select(&selector(what)).count();
    assert_eq!(
        (
            count("html[lang=sv]"),
            count("title"),
            count("main"),
            count("h1")
        ),
        (1, 1, 1, 1)
    );
    let mut level = 0;
    for heading in page.select(&selector("h1, h2, h3, h4, h5, h6")) {
        let own: usize = heading.value().name()[1..].parse().unwrap();
        assert!(own <= level + 1, "{}", heading.html());
        level = own;
    }
    let pictures: Vec<ElementRef<'_>> = page.select(&selector("img")).collect();
    assert!(!pictures.is_empty());
    for picture in pictures {
        let alt = picture.attr("alt").unwrap_or_default();
        assert!(!alt.trim().is_empty());
        assert!(picture.attr("src").unwrap().starts_with("data:image/jpeg;"));
    }
    assert_eq!(count("table"), count("table:has(th[scope])"));
    assert_eq!(count("ol > :not(li)") + count("script, link, iframe"), 0);
    for article in page.select(&selector("article")) {
        assert!(
            article.select(&selector("h3")).count() == 1,
            "{}",
            article.html()
        );
        let item = article.parent().and_then(ElementRef::wrap).unwrap();
        assert_eq!(item.value().name(), "li");
    }
}

/// The conditions in the way of the two simple comments.
fn in_the_way(archive: &Archive, day: &str) -> Vec<Value> {
    let plan = archive
        .json(day, &["disposal", "plan", "--dry-run"])
        .exits(0)
        .result();
    let items = plan["items"].as_array().unwrap();
    SIMPLE
        .iter()
        .map(|(id, _)| {
            let item = items.iter().find(|item| item["source_id"] == *id).unwrap();
            item["blocked_by"].clone()
        })
        .collect()
}

fn deliver(archive: &Archive, day: &str) {
    let out = archive.beside().join(format!("paket-{day}"));
    let out = out.to_str().unwrap();
    archive
        .json(day, &["export", "--format", "bagit", out])
        .exits(0);
    let receipt = archive.beside().join("kvittens.txt");
    std::fs::write(&receipt, "Mottaget").unwrap();
    archive
        .json(day, &["receipt", "add", out, receipt.to_str().unwrap()])
        .exits(0);
}

/// A disposal rests on a kontobok that shows the post, and on no other; and the record says that it remains there.
#[test]
fn disposal_rests_on_the_kontobok_that_shows_the_post_and_says_that_it_remains() {
    let archive = Archive::with_policy("2026-05-01", EXAMPLE);
    archive.add_account(
        "2026-05-01",
        "blogg",
        "blogg",
        "https://blogg.exempelkommun.se",
    );
    let file = archive.beside().join("blogg.xml");
    let old = export(&comments());
    std::fs::write(&file, &old).unwrap();
    ingest(&archive, "2026-06-15", &file, 0);
    // Posts that were taken in before a snapshot was due do not show the account as it was then.
    let early = "2026-07-01T00:10:00+02:00";
    let (stale, _) = rendered(&archive.copied(), early, &[], 0);
    assert_eq!(
        (&stale["verdict"], &stale["fills"]),
        (&json!("complete"), &json!([]))
    );
    // A later export, with news of 20 June.
    let news = "<item><title>Nyhet 9</title><dc:creator>redaktion</dc:creator>\
         <content:encoded><![CDATA[<p>Midsommar på hembygdsgården.</p>]]></content:encoded><wp:post_id>9</wp:post_id>\
         <wp:post_date_gmt>2026-06-20 08:00:00</wp:post_date_gmt><wp:post_modified_gmt>2026-06-20 08:00:00</wp:post_modified_gmt>\
         <wp:status>publish</wp:status><wp:post_parent>0</wp:post_parent><wp:post_type>post</wp:post_type></item></channel>";
    std::fs::write(&file, old.replace("</channel>", news)).unwrap();
    ingest(&archive, "2026-07-01T01:00:00+02:00", &file, 0);
    let noon = "2026-07-01T12:00:00+02:00";
    let (narrow, _) = rendered(&archive, noon, &["--from", "2026-06-20"], 0);
    assert_eq!(narrow["counts"]["inventory"], 1);
    assert_eq!(
        (&narrow["verdict"], &narrow["fills"]),
        (&json!("complete"), &json!([]))
    );
    let narrowed = archive.copied();
    deliver(&narrowed, "2026-07-05");
    for floors in in_the_way(&narrowed, "2026-09-01") {
        assert!(
            floors.as_array().unwrap().contains(&json!("G3")),
            "{floors}"
        );
    }
    let (whole, _) = rendered(&archive, "2026-07-01T13:00:00+02:00", &[], 0);
    assert_eq!(whole["counts"]["inventory"], 13);
    assert_eq!(
        whole["fills"],
        json!([{"rule": "half-year", "due": "2026-07-01"}])
    );
    assert_eq!(captured_before_takedown(&narrowed), Value::Null);
    let taken = captured_before_takedown(&archive.copied());
    assert_eq!(taken, whole["capture"]);
    deliver(&archive, "2026-07-05");
    assert_eq!(in_the_way(&archive, "2026-09-01"), [json!([]), json!([])]);
    dispose(&archive, &whole);
}

/// Takes a comment off the platform; the capture that its record names as the one that shows it.
fn captured_before_takedown(archive: &Archive) -> Value {
    let key = format!("wordpress:blogg:c{}", SIMPLE[0].0);
    let args = ["--rule", "T-3", "--reason", "Prov", "--state", "hidden"];
    archive
        .json(
            "2026-09-02",
            &[&["post", "takedown", &key][..], &args].concat(),
        )
        .exits(0);
    let mut records = walkdir::WalkDir::new(archive.path().join("store/records"))
        .into_iter()
        .flatten();
    let record = records
        .find(|entry| entry.file_name() == "takedown.json")
        .unwrap();
    let text = std::fs::read_to_string(record.path()).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["captured"].clone()
}

/// Takes the two comments out, and reads what the record says of where they remain.
fn dispose(archive: &Archive, shows: &Value) {
    let planned = archive
        .json("2026-09-01", &["disposal", "plan"])
        .exits(0)
        .result();
    let plan = planned["plan"].as_str().unwrap();
    let second = archive.add_person("2026-09-01", "Lo Annan", "foretradare");
    as_person(
        archive,
        &second,
        "2026-09-02",
        &["disposal", "approve", plan, "--decision", "KS 2026/12 § 4"],
    );
    let executed = archive
        .json("2026-10-02", &["disposal", "execute", plan])
        .exits(0)
        .result();
    assert_eq!(executed["disposed"], 2, "{executed:#}");
    let record = archive
        .json("2026-10-03", &["disposal", "record", plan])
        .exits(0)
        .result();
    let path = archive.path().join(record["json"].as_str().unwrap());
    let protocol: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let remaining = protocol["verkstallande"]["kvarstar"].as_array().unwrap();
    let captures: Vec<&Value> = remaining
        .iter()
        .map(|one| &one["fangst"])
        .filter(|one| !one.is_null())
        .collect();
    assert_eq!(captures, [&shows["capture"]], "in no other kontobok");
    let preserved = protocol["bevis"]["ersattande_bevarade_bilder"].as_array();
    assert_eq!(preserved.unwrap()[0]["fangst"], shows["capture"]);
    archive.json("2026-10-03", &["reindex"]).exits(0);
    // Another kontobok shows them no more; the archive stands.
    let (after, _) = rendered(archive, "2026-10-04", &[], 0);
    assert_eq!(after["counts"]["inventory"], 11);
    let pdf = files(archive, &after, "page-pdf").remove(0);
    for (_, text) in SIMPLE {
        assert!(!pdf_text(&pdf).contains(text), "{text}");
    }
    archive
        .json("2026-10-05", &["verify", "--level", "3"])
        .exits(0);
}

/// A person finds secrecy in a post after it was read and before the kontobok is kept: nothing is.
fn a_post_under_secrecy_meanwhile_is_not_kept(archive: &Archive) {
    let mut command = archive.command("2026-06-16", &["capture", "--render-posts", "blogg"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let is_read = || {
        let staging = walkdir::WalkDir::new(archive.path().join("staging"));
        let mut files = staging.into_iter().flatten();
        files.any(|entry| entry.file_name() == "kontobok.json")
    };
    while !is_read() {
        assert!(child.try_wait().unwrap().is_none(), "it goes on");
        std::thread::sleep(Duration::from_millis(5));
    }
    let review = ["post", "review", "wordpress:blogg:c100", "--flag"];
    archive
        .json("2026-06-16", &[&review[..], &["sekretess=ja"]].concat())
        .exits(0);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("nothing was kept, run again"), "{said}");
    let store = archive.path().join("store");
    assert_eq!(holding(&store, b"%PDF"), Vec::<PathBuf>::new());
}

/// A thread longer than a volume goes on in the next; nothing is lost or told twice.
#[test]
fn a_long_account_is_split_into_volumes() {
    let archive = Archive::with_policy("2026-05-01", EXAMPLE);
    archive.add_account(
        "2026-05-01",
        "blogg",
        "blogg",
        "https://blogg.exempelkommun.se",
    );
    let texts: Vec<String> = (0..340)
        .map(|number| format!("Synpunkt{number}slut"))
        .collect();
    let all: Vec<(usize, &str)> = (100..).zip(texts.iter().map(String::as_str)).collect();
    let file = archive.beside().join("blogg.xml");
    std::fs::write(&file, export(&all)).unwrap();
    ingest(&archive, "2026-06-15", &file, 0);
    a_post_under_secrecy_meanwhile_is_not_kept(&archive);
    let (captured, _) = rendered(&archive, "2026-06-16", &[], 0);
    assert_eq!(
        captured["counts"],
        json!({"dom": 343, "text": 343, "inventory": 343, "pdf": 343})
    );
    let pdfs = files(&archive, &captured, "page-pdf");
    assert_eq!(pdfs.len(), 2);
    let read: Vec<String> = pdfs.iter().map(|pdf| pdf_text(pdf)).collect();
    for text in &texts {
        let expected = usize::from(text != "Synpunkt0slut");
        assert_eq!(
            read.concat().matches(text.as_str()).count(),
            expected,
            "{text}"
        );
    }
    assert_eq!(book(&pdfs[0])["left_out"]["secrecy"], 1);
    assert!(read[0].contains("del 1 av 2") && read[1].contains("del 2 av 2"));
    assert!(read[1].contains("fortsättning från föregående del"));
    assert_eq!(book(&pdfs[0])["threads"], 4);
}

/// Each line of the document is one that the program takes: without an archive it says only that there is none.
#[test]
fn the_examples_of_the_document_are_orders_that_make_sense() {
    let text = std::fs::read_to_string(repository().join("docs/kontobok.md")).unwrap();
    let lines: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("$ bevara "))
        .collect();
    assert_eq!(lines.len(), 3);
    for line in lines {
        let nowhere = tempfile::tempdir().unwrap();
        let mut command = bevara();
        command.arg("--archive").arg(nowhere.path());
        let ran = ran(command.args(line.split(' ')));
        assert!(
            ran.stderr.contains("bevara init") && !ran.stderr.contains("Usage"),
            "{line}: {}",
            ran.stderr
        );
    }
}

#[test]
fn an_order_that_makes_no_sense_is_refused() {
    let archive = Archive::new("2026-09-01");
    archive.add_account("2026-09-01", "blogg", "blogg", "https://example.se");
    for (args, said) in [
        (vec!["--render-posts"], "a kontobok is of one account"),
        (
            vec![
                "--render-posts",
                "blogg",
                "--from",
                "2026-02-01",
                "--to",
                "2026-01-01",
            ],
            "before it begins",
        ),
        (vec!["blogg", "--from", "2026-02-01"], "--render-posts"),
        (vec!["blogg", "--protected"], "required arguments"),
        (
            vec!["--render-posts", "blogg", "--flavour", "2b"],
            "cannot be used with",
        ),
        (vec!["--render-posts", "okant"], "okant"),
    ] {
        let ran = archive.text("2026-09-02", &[vec!["capture"], args].concat());
        assert_eq!(ran.exit, 2, "{ran:?}");
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
}
