//! What a kontobok looks like whatever its texts are.

use scraper::{Html, Selector};

use crate::model::kontobok::Earlier;
use crate::model::post::{PostKind, PostTime, Precision, Visibility, ZoneBasis};
use crate::model::post::{PostState, StateValue};
use crate::render::kontobok::*;

fn entry(depth: u32, text: &str) -> Entry {
    Entry {
        depth,
        unit: serde_json::from_str(r#"{"holder":"20270101T000512Z-0123abcd","unit":"000001"}"#)
            .unwrap(),
        kind: PostKind::Comment,
        author: text.to_owned(),
        handle: Some(format!("{text}.")),
        role: AuthorRole::Public,
        posted_at: PostTime {
            utc: Some("2026-07-01T22:30:00Z".parse().unwrap()),
            original: text.to_owned(),
            precision: Precision::Second,
            zone_basis: ZoneBasis::AssumedUtc,
        },
        edited_at: None,
        state: PostState {
            value: StateValue::Hidden,
            at: None,
            basis: String::new(),
        },
        removed: None,
        visibility: Visibility::Public,
        recipients: vec![text.to_owned()],
        answers_unseen: false,
        answers: Some(text.to_owned()),
        title: Some(text.to_owned()),
        content_warning: Some(text.to_owned()),
        text: text.to_owned(),
        lang: Some(text.to_owned()),
        permalink: Some(text.to_owned()),
        links: vec![text.to_owned()],
        place: Some(text.to_owned()),
        counts: None,
        attachments: vec![Shown {
            kind: text.to_owned(),
            name: Some(text.to_owned()),
            alt: Some(text.to_owned()),
            state: AttachmentState::RemoteOnly,
            bytes: None,
            sha256: None,
            picture: None,
        }],
        earlier: vec![Earlier {
            unit: None,
            observed: None,
            at: None,
            title: Some(text.to_owned()),
            text: Some(text.to_owned()),
        }],
    }
}

fn made(depths: &[u32], text: &str) -> Page {
    let book: Kontobok = serde_json::from_value(serde_json::json!({
        "schema": "bevara.kontobok/1", "account": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "alias": "blogg",
        "name": text, "url": text, "platform": text, "creator": text, "test": false, "from": null, "to": null,
        "protected": false, "made_at": "2026-09-01T00:00:00Z", "threads": 1, "posts": 1, "by_authority": 0,
        "published": null, "pictures": 0, "left_out": {"not_public": 0, "unknown": 0, "secrecy": 0},
        "sources": [], "volumes": 2, "note": text, "shown": [],
    }))
    .unwrap();
    let volume = Volume {
        schema: String::new(),
        number: 1,
        threads: vec![Thread {
            continued: false,
            kind: PostKind::Post,
            began: None,
            opening: Some(text.to_owned()),
            posts: depths.iter().map(|depth| entry(*depth, text)).collect(),
        }],
    };
    page(&book, &volume, &Pictures::new()).unwrap()
}

fn count(page: &Html, what: &str) -> usize {
    page.select(&Selector::parse(what).unwrap()).count()
}

#[test]
fn hostile_text_is_escaped_everywhere_and_nothing_is_loaded() {
    let hostile = "</style></article><script src=http://x.example/a.js>\"'\\</script><img src=x onerror=y>&amp;";
    let made = made(&[0], hostile);
    let page = Html::parse_document(&made.html);
    assert_eq!(
        count(&page, "script, img, link, iframe, object, [src], [onerror]"),
        0
    );
    assert_eq!((count(&page, "style"), count(&page, "article")), (1, 1));
    assert_eq!(count(&page, "[lang]"), 1, "no tag of a language");
    let read = read_back(&made.html);
    assert_eq!(read.posts, 1);
    // Name and handle, two titles, two texts, warning, recipient, whom it answers, address, link, place, three of the file.
    let article = page.select(&Selector::parse("article").unwrap()).next();
    let text: String = article.unwrap().text().collect();
    assert_eq!(text.matches(hostile).count(), 15, "{text}");
    assert_eq!(made.posts[0].matches(hostile).count(), 15);
}

#[test]
fn answers_stand_in_lists_within_the_item_that_they_answer() {
    let deep: Vec<u32> = (0..50).collect();
    for (depths, nested) in [
        (&[0, 1, 1, 2, 1, 0][..], vec![1, 2, 2, 3, 2, 1]),
        // The volume begins in the midst of a thread.
        (&[3, 2, 5][..], vec![1, 2, 3]),
        (
            &deep[..],
            (1..=50).map(|level| level.min(DEEPEST + 1)).collect(),
        ),
    ] {
        let page = Html::parse_document(&made(depths, "Hej").html);
        let found: Vec<usize> = page
            .select(&Selector::parse("article").unwrap())
            .map(|article| {
                let lists = article.ancestors().filter_map(scraper::ElementRef::wrap);
                lists.filter(|one| one.value().name() == "ol").count()
            })
            .collect();
        assert_eq!(found, nested);
        assert_eq!(count(&page, "ol > :not(li)"), 0);
        assert_eq!(
            count(&page, "li > ol"),
            found.windows(2).filter(|two| two[1] > two[0]).count()
        );
        assert_eq!(count(&page, "section.trad > ol"), 1);
    }
}

#[test]
fn times_are_those_of_stockholm_and_say_how_they_are_known() {
    let made = made(&[0], "Hej");
    assert!(
        made.html.contains(
            "<time datetime=\"2026-07-01T22:30:00Z\">2026-07-02 00:30 (tidszonen är antagen: UTC)</time>"
        ),
        "{}",
        made.html
    );
    assert!(made.html.contains("Dolt på plattformen"));
}

#[test]
fn only_tags_of_languages_are_given_to_the_page() {
    for (tag, is) in [
        ("sv", true),
        ("sv-SE", true),
        ("zh-Hant-TW", true),
        ("", false),
        ("s", false),
        ("sv_SE", false),
        ("sv-", false),
        ("svenska", false),
    ] {
        assert_eq!(is_tag(tag), is, "{tag}");
    }
}
