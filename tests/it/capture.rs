//! The capture engine against real pages in a real browser.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bevara::capture::verdict::judge;
use bevara::capture::{Browser, BrowserOptions, CaptureRequest, PageCapture};
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

/// Every colour that covers at least 200 pixels of the segments.
fn colours(page: &PageCapture, raw: &Path) -> BTreeSet<[u8; 3]> {
    let mut counts = std::collections::BTreeMap::<[u8; 3], u32>::new();
    for file in page
        .files
        .iter()
        .filter(|file| file.role == FileRole::PagePng)
    {
        let picture = image::open(raw.join(&file.name)).unwrap().into_rgb8();
        for pixel in picture.pixels() {
            *counts.entry(pixel.0).or_default() += 1;
        }
    }
    counts
        .into_iter()
        .filter(|(_, count)| *count >= 200)
        .map(|(colour, _)| colour)
        .collect()
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
        "{:?} {}",
        page.facts,
        requests["problem"]
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
