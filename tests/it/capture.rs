//! The capture engine against real pages in a real browser.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use bevara::capture::verdict::judge;
use bevara::capture::{
    Browser, BrowserOptions, CaptureRequest, CapturedFile, PageCapture, Patience,
};
use bevara::model::verdict::{FileRole, Reason, Verdict};
use serde_json::{Value, json};

use crate::pages::{Pages, colour};
use crate::processes::{family, kill, until};

/// A browser and a directory for what it takes.
pub(crate) struct Rig {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) browser: Browser,
    taken: u32,
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::start_with(1, 1).await
    }

    /// A browser with `scale` device pixels a CSS pixel, on a processor that seems `slowdown` times slower.
    pub(crate) async fn start_with(scale: u32, slowdown: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = BrowserOptions {
            path: None,
            launcher: env!("CARGO_BIN_EXE_bevara").into(),
            profile: dir.path().join("profile"),
            width: 1280,
            scale,
            slowdown,
            patience: Patience::default(),
        };
        let browser = Browser::launch(&options).await.unwrap();
        Self {
            dir,
            browser,
            taken: 0,
        }
    }

    pub(crate) async fn take(&mut self, url: &str) -> (PageCapture, PathBuf) {
        self.take_allowing(url, &["127.0.0.1/32"]).await
    }

    pub(crate) async fn take_allowing(
        &mut self,
        url: &str,
        allowed: &[&str],
    ) -> (PageCapture, PathBuf) {
        self.taken += 1;
        let raw = self.dir.path().join(format!("raw-{}", self.taken));
        std::fs::create_dir(&raw).unwrap();
        let request = CaptureRequest {
            url: url.to_owned(),
            allow_addresses: allowed.iter().map(|&network| network.to_owned()).collect(),
            ..CaptureRequest::default()
        };
        let page = self.browser.capture(&request, &raw).await.unwrap();
        (page, raw)
    }
}

pub(crate) fn verdict(page: &PageCapture) -> (Verdict, Vec<Reason>) {
    judge(&page.facts, None, page.raw_pdf.as_ref().map(|_| true))
}

pub(crate) fn document(raw: &Path, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(raw.join(name)).unwrap()).unwrap()
}

/// Every colour that covers at least some 160 pixels of the segments; one pixel in sixteen is looked at.
pub(crate) fn colours(page: &PageCapture, raw: &Path) -> BTreeSet<[u8; 3]> {
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

pub(crate) fn segments(page: &PageCapture) -> impl Iterator<Item = &CapturedFile> {
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
    // What the page is told of its visitor.
    let asks = "<!DOCTYPE html><p id=a></p><script>a.textContent = JSON.stringify([navigator.userAgent, navigator.languages, Intl.DateTimeFormat().resolvedOptions().timeZone, innerWidth, innerHeight, devicePixelRatio, matchMedia('screen').matches])</script>";
    pages.show("/visitor", asks.to_owned());
    let (_, raw) = rig.take(&pages.url("/visitor")).await;
    let told = std::fs::read_to_string(raw.join("page.txt")).unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    let noted = document(&raw, "requests.json")["environment"].clone();
    let view = &noted["viewport"];
    let noted = json!([
        noted["user_agent"],
        noted["languages"],
        noted["time_zone"],
        view["width"],
        view["height"],
        view["scale"],
        noted["media"] == json!(["screen"]),
    ]);
    assert_eq!(told, noted);
    assert_eq!(
        (&told[1], &told[2]),
        (&json!(["sv-SE", "sv", "en"]), &json!("Europe/Stockholm"))
    );
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
    // Six columns side by side; the last block ends the last of them.
    let overview = image::open(raw.join("overview.png")).unwrap().into_rgb8();
    assert_eq!(overview.dimensions(), (6 * 600 + 5 * 12, 3_125));
    assert_eq!(overview.get_pixel(3_500, 3_120).0, [255, 0, 0]);
    assert_eq!(overview.get_pixel(606, 100).0, [160; 3]);
    rig.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crashed_tab_and_a_dead_browser_are_survived() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    let profile = rig.dir.path().join("profile");
    let asked = pages.clone();
    let killer = std::thread::spawn({
        let profile = profile.clone();
        move || {
            until("the page hangs", || {
                asked.asked().iter().any(|path| path == "/hang.png")
            });
            for process in family(&profile)
                .into_iter()
                .filter(|process| process.line.contains("--type=renderer"))
            {
                kill(process.pid);
            }
        }
    });
    let (page, _) = rig.take(&pages.url("/slow")).await;
    killer.join().unwrap();
    assert!(page.facts.crashed, "{:?}", page.facts);
    let (judged, reasons) = verdict(&page);
    assert_ne!(judged, Verdict::Complete);
    assert!(reasons.contains(&Reason::Crashed), "{reasons:?}");
    assert!(rig.browser.is_alive());
    let (page, _) = rig.take(&pages.url("/")).await;
    assert_eq!(verdict(&page).0, Verdict::Complete);
    for process in family(&profile) {
        kill(process.pid);
    }
    let (page, _) = rig.take(&pages.url("/")).await;
    assert_eq!(verdict(&page), (Verdict::Failed, vec![Reason::Crashed]));
    assert!(!rig.browser.is_alive());
    rig.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_never_ends_is_given_up_and_cleared_away() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    let (page, _) = rig.take(&pages.url("/spin")).await;
    let (judged, reasons) = verdict(&page);
    assert_eq!(judged, Verdict::Failed, "{reasons:?}");
    assert!(reasons.contains(&Reason::TimeoutPage), "{reasons:?}");
    let (page, _) = rig.take(&pages.url("/")).await;
    assert_eq!(verdict(&page).0, Verdict::Complete);
    rig.browser.close().await;
    assert!(family(rig.dir.path()).is_empty(), "a process is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_of_our_own_is_printed_and_loads_nothing() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    let html = format!(
        "<!DOCTYPE html><html lang=sv><title>Protokoll</title><h1>Gallringsprotokoll</h1><p>Åtta handlingar förstördes.</p><img src=\"{}\">",
        pages.url("/colour.png?n=1")
    );
    let pdf = rig.browser.print_html(&html).await.unwrap();
    let path = rig.dir.path().join("document.pdf");
    std::fs::write(&path, pdf).unwrap();
    let shown = |tool: &str| {
        let output = Command::new(tool).arg(&path).arg("-").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(shown("pdftotext").contains("Åtta handlingar förstördes."));
    let info = Command::new("pdfinfo").arg(&path).output().unwrap();
    let info = String::from_utf8(info.stdout).unwrap();
    assert!(info.contains("Tagged:          yes"), "{info}");
    assert!(info.contains("(A4)"), "{info}");
    assert_eq!(pages.asked(), Vec::<String>::new());
    rig.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_over_the_page_is_hidden_or_put_in_its_place_and_logged() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    let (page, raw) = rig.take(&pages.url("/bars.html")).await;
    assert_eq!(
        verdict(&page),
        (Verdict::Complete, Vec::new()),
        "{:?}",
        page.facts
    );
    assert_eq!(page.title, "Lister", "a bar was accepted");
    let picture = image::open(raw.join("page-0001.png")).unwrap().into_rgb8();
    assert!(picture.height() > 6_000, "{}", picture.height());
    let lines = |colour: [u8; 3]| {
        (0..picture.height())
            .filter(|y| picture.get_pixel(900, *y).0 == colour)
            .count()
    };
    // The menu and the message once each; the dialog nowhere; what fades in is there.
    assert_eq!(lines([1, 120, 1]), 60);
    assert_eq!(lines([1, 1, 120]), 40);
    assert_eq!(lines([250, 0, 250]), 0);
    assert_eq!(lines([120, 60, 0]), 100);
    let acts = document(&raw, "requests.json")["acts"].clone();
    let logged = |action: &str, element: &str| {
        acts.as_array()
            .unwrap()
            .iter()
            .any(|act| act["action"] == action && act["element"] == element)
    };
    assert!(
        logged("hidden", "div#ask") && logged("unstuck", "nav") && logged("unstuck", "div#top"),
        "{acts:#}"
    );
    let view = image::open(raw.join("view.png")).unwrap().into_rgb8();
    assert_eq!(
        view.get_pixel(900, 600).0,
        [250, 0, 250],
        "the view was touched"
    );
    rig.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_that_loads_the_page_anew_is_survived_and_links_are_not_followed() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    let (page, raw) = rig.take(&pages.url("/leaves.html")).await;
    assert_eq!(
        verdict(&page),
        (Verdict::Complete, Vec::new()),
        "{:?} {}",
        page.facts,
        document(&raw, "requests.json")["problem"]
    );
    assert_eq!(page.counts.inventory, 2);
    assert!(!pages.asked().contains(&"/404".to_owned()));
    rig.browser.close().await;
}
