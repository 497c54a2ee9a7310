//! The capture engine against real pages in a real browser.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bevara::capture::verdict::judge;
use bevara::capture::{Browser, BrowserOptions, CaptureRequest, CapturedFile, PageCapture};
use bevara::model::verdict::{FileRole, Reason, Verdict};
use serde_json::Value;

use crate::pages::{Pages, colour};

/// A browser and a directory for what it takes.
struct Rig {
    dir: tempfile::TempDir,
    browser: Browser,
    taken: u32,
}

impl Rig {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = BrowserOptions {
            path: None,
            launcher: env!("CARGO_BIN_EXE_bevara").into(),
            profile: dir.path().join("profile"),
            width: 1280,
            scale: 1,
        };
        let browser = Browser::launch(&options).await.unwrap();
        Self {
            dir,
            browser,
            taken: 0,
        }
    }

    async fn take(&mut self, url: &str) -> (PageCapture, PathBuf) {
        self.take_allowing(url, &["127.0.0.1/32"]).await
    }

    async fn take_allowing(&mut self, url: &str, allowed: &[&str]) -> (PageCapture, PathBuf) {
        self.taken += 1;
        let raw = self.dir.path().join(format!("raw-{}", self.taken));
        std::fs::create_dir(&raw).unwrap();
        let request = CaptureRequest {
            url: url.to_owned(),
            allow_addresses: allowed.iter().map(|&network| network.to_owned()).collect(),
        };
        let page = self.browser.capture(&request, &raw).await.unwrap();
        (page, raw)
    }
}

fn verdict(page: &PageCapture) -> (Verdict, Vec<Reason>) {
    judge(&page.facts, None, page.raw_pdf.as_ref().map(|_| true))
}

fn document(raw: &Path, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(raw.join(name)).unwrap()).unwrap()
}

/// Every colour that covers at least some 160 pixels of the segments; one pixel in sixteen is looked at.
fn colours(page: &PageCapture, raw: &Path) -> BTreeSet<[u8; 3]> {
    let mut counts = std::collections::BTreeMap::<[u8; 3], u32>::new();
    for file in segments(page) {
        let picture = image::open(raw.join(&file.name)).unwrap().into_rgb8();
        for y in (0..picture.height()).step_by(4) {
            for x in (0..picture.width()).step_by(4) {
                *counts.entry(picture.get_pixel(x, y).0).or_default() += 1;
            }
        }
    }
    let often = counts.into_iter().filter(|(_, count)| *count >= 10);
    often.map(|(colour, _)| colour).collect()
}

fn segments(page: &PageCapture) -> impl Iterator<Item = &CapturedFile> {
    page.files
        .iter()
        .filter(|file| file.role == FileRole::PagePng)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_page_is_complete_with_every_output() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    let (page, raw) = rig.take(&pages.url("/")).await;
    assert_eq!(
        verdict(&page),
        (Verdict::Complete, Vec::new()),
        "{:?} {}",
        page.facts,
        document(&raw, "requests.json")["problem"]
    );
    let names: Vec<&str> = page.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "view.png",
            "page-0001.png",
            "overview.png",
            "page.txt",
            "inventory.json",
            "dom.html",
            "requests.json"
        ]
    );
    let inventory = document(&raw, "inventory.json");
    assert_eq!(inventory["posts"].as_array().unwrap().len(), 3);
    assert_eq!(inventory["posts"][0]["author"], "Exempelkommun");
    assert_eq!(inventory["posts"][0]["time"], "2026-06-30T12:00:00+02:00");
    assert_eq!(inventory["posts"][0]["permalink"], pages.url("/p/1"));
    assert_eq!(inventory["posts"][1]["author"], "Räddningstjänsten");
    let text = std::fs::read_to_string(raw.join("page.txt")).unwrap();
    assert!(
        text.contains("Eldningsförbud råder i hela länet."),
        "{text}"
    );
    assert_eq!(page.title, "Kort sida – Exempelkommun");
    assert_eq!(page.language.as_deref(), Some("sv"));
    assert!(page.raw_pdf.unwrap().starts_with(b"%PDF-"));
    rig.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_of_two_hundred_posts_is_taken_to_its_end() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    let (page, raw) = rig.take(&pages.url("/feed.html")).await;
    let requests = document(&raw, "requests.json");
    assert_eq!(
        verdict(&page),
        (Verdict::Complete, Vec::new()),
        "{:?} {} {} {}",
        page.facts,
        requests["problem"],
        requests["traffic"]["given_up"],
        requests["milliseconds"]
    );
    assert_eq!(
        (page.counts.dom, page.counts.text, page.counts.inventory),
        (200, 200, 200)
    );
    assert_eq!((page.facts.images, page.facts.images_loaded), (200, 200));
    let seen = colours(&page, &raw);
    for number in 0..200 {
        assert!(
            seen.contains(&colour(number, 200)),
            "post {number} is not in the picture"
        );
        assert!(
            seen.contains(&colour(number, 60)),
            "the picture of post {number} is not in the picture"
        );
    }
    assert!(
        !seen.contains(&[255, 0, 255]),
        "the cookie bar is in the picture"
    );
    assert!(
        requests["acts"]
            .as_array()
            .unwrap()
            .iter()
            .any(|act| act["action"] == "refused")
    );
    assert_eq!(page.title, "Exempelkommun – inlägg");
    rig.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_the_accounts_page_has_failed_and_the_next_page_is_taken() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    let dead = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let dead_url = format!("http://{}/", dead.local_addr().unwrap());
    drop(dead);
    let cases = [
        (pages.url("/404"), Reason::Http4xx),
        (pages.url("/500"), Reason::Http5xx),
        (pages.url("/wall.html"), Reason::NotLoggedIn),
        (pages.url("/konto"), Reason::NotLoggedIn),
        (pages.url("/loop"), Reason::RedirectLoop),
        (pages.url("/file"), Reason::NoPage),
        (pages.url("/colour.png?n=1"), Reason::NoPage),
        (dead_url, Reason::Refused),
        ("http://finns-inte.invalid/".to_owned(), Reason::Dns),
        ("https://finns-inte.invalid/".to_owned(), Reason::Dns),
        (
            format!("http://127.0.0.2:{}/", pages.port()),
            Reason::Blocked,
        ),
        (
            format!("http://[::ffff:127.0.0.2]:{}/", pages.port()),
            Reason::Blocked,
        ),
        (
            "http://169.254.169.254/latest/meta-data/".to_owned(),
            Reason::Blocked,
        ),
        (
            pages.url(&format!("/to?http://127.0.0.2:{}/", pages.port())),
            Reason::Blocked,
        ),
        (
            "file:///usr/share/doc/index.html".to_owned(),
            Reason::Blocked,
        ),
        ("chrome://version".to_owned(), Reason::Blocked),
    ];
    for (url, reason) in cases {
        let (page, raw) = rig.take(&url).await;
        assert_eq!(
            verdict(&page),
            (Verdict::Failed, vec![reason]),
            "{url}: {:?}",
            page.facts
        );
        assert!(raw.join("requests.json").is_file(), "{url}");
    }
    let (page, _) = rig.take(&pages.url("/")).await;
    assert_eq!(verdict(&page).0, Verdict::Complete);
    rig.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_reaches_no_private_network_by_any_way() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    let (page, raw) = rig
        .take(&pages.url(&format!("/embed?{}", pages.port())))
        .await;
    let hosts = document(&raw, "requests.json")["hosts"].clone();
    for host in [
        format!("127.0.0.2:{}", pages.port()),
        "169.254.169.254:80".to_owned(),
        format!("[::ffff:7f00:3]:{}", pages.port()),
    ] {
        assert_eq!(hosts[&host]["obstacle"], "blocked", "{host}: {hosts:#}");
    }
    // A name that resolves to an allowed address is let through; nothing else was asked of the server.
    assert_eq!(
        hosts[format!("localhost:{}", pages.port())]["address"],
        format!("127.0.0.1:{}", pages.port())
    );
    assert_eq!(
        pages
            .asked()
            .iter()
            .filter(|path| *path == "/secret")
            .count(),
        1
    );
    assert_eq!(page.facts.status, Some(200));
    let (page, _) = rig.take_allowing(&pages.url("/"), &[]).await;
    assert_eq!(verdict(&page), (Verdict::Failed, vec![Reason::Blocked]));
    rig.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_hangs_or_lacks_something_is_partial_and_says_what() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    let (page, raw) = rig.take(&pages.url("/slow")).await;
    assert_eq!(
        verdict(&page),
        (
            Verdict::Partial,
            vec![Reason::TimeoutPage, Reason::PartialImages]
        )
    );
    let requests = document(&raw, "requests.json");
    assert_eq!(requests["traffic"]["given_up"][0], pages.url("/hang.png"));
    assert!(
        std::fs::read_to_string(raw.join("page.txt"))
            .unwrap()
            .contains("Text som går att läsa")
    );
    let (page, _) = rig.take(&pages.url("/broken")).await;
    assert_eq!(
        verdict(&page),
        (Verdict::Partial, vec![Reason::PartialImages])
    );
    let (page, _) = rig.take(&pages.url("/empty")).await;
    assert_eq!(
        verdict(&page),
        (Verdict::Partial, vec![Reason::Blank, Reason::TextMissing])
    );
    rig.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tall_page_is_whole_in_its_segments() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    let (page, raw) = rig.take(&pages.url("/tall.html")).await;
    let segments: Vec<_> = segments(&page).collect();
    assert_eq!(segments.len(), 5);
    let mut block = 0_u8;
    for segment in segments {
        let picture = image::open(raw.join(&segment.name)).unwrap().into_rgb8();
        assert_eq!(picture.dimensions(), (1280, 8_000));
        for y in (0..8_000).step_by(1_000) {
            let expected = if block == 39 {
                [255, 0, 0]
            } else {
                [block * 6, 255 - block * 5, 120]
            };
            for inside in [2, 500, 997] {
                assert_eq!(
                    picture.get_pixel(900, y + inside).0,
                    expected,
                    "block {block}"
                );
            }
            block += 1;
        }
    }
    let overview = image::open(raw.join("overview.png")).unwrap().into_rgb8();
    assert_eq!(overview.dimensions(), (256, 8_000));
    assert_eq!(overview.get_pixel(200, 7_990).0, [255, 0, 0]);
    rig.browser.close().await;
}
