//! The bounds of a page: one too high, one wider than the view, and one whose print never ends, in a real browser.

use std::path::Path;
use std::process::Command;

use bevara::capture::PageCapture;
use bevara::model::verdict::{Reason, Verdict};

use crate::capture::{Rig, colours, document, segments, verdict};
use crate::corpus::random;
use crate::pages::Pages;
use crate::support::is_left_to_campaign;

#[tokio::test(flavor = "multi_thread")]
async fn a_page_beyond_the_bound_on_height_is_cut_and_says_so() {
    if is_left_to_campaign("a page beyond the bound on height") {
        return;
    }
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    let (page, _) = rig.take(&pages.url("/tall.html?252")).await;
    assert_eq!(
        verdict(&page),
        (Verdict::Partial, vec![Reason::HeightLimit]),
        "{:?}",
        page.facts
    );
    rig.browser.close().await;
}

/// What of the browser's print lies on its paper, by poppler.
fn on_paper(page: &PageCapture, raw: &Path) -> (String, f64) {
    let path = raw.join("print.pdf");
    std::fs::write(&path, page.raw_pdf.as_ref().unwrap()).unwrap();
    let tool = |name: &str, more: &[&str]| {
        let output = Command::new(name).arg(&path).args(more).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let information = tool("pdfinfo", &[]);
    let size = information
        .lines()
        .find(|line| line.starts_with("Page size"))
        .unwrap();
    let width = size.split_whitespace().nth(2).unwrap();
    (tool("pdftotext", &["-raw", "-"]), width.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_wider_than_the_view_are_taken_to_both_edges() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    pages.show(
        "/fixed",
        "<!DOCTYPE html><body style='margin:0'><article style='width:1280px;font-size:40px'><p>Till vänster.</p><p style='text-align:right'>Till höger.</p></article>".to_owned(),
    );
    pages.show(
        "/hidden",
        "<!DOCTYPE html><html style='overflow-x:hidden'><body style='font-size:80px'><article><p>Synlig.</p></article><p style='position:absolute;left:2000px'>Meny.</p>".to_owned(),
    );
    // The width of the picture; a colour in its first and in its last columns; words; the width of the paper in points.
    for (address, width, colour, words, paper) in [
        (
            "/corpus/wide.html",
            5_008,
            [254, 0, 0],
            "Längst ut.",
            2_649.0,
        ),
        (
            "/corpus/rtl.html",
            3_008,
            [90, 10, 10],
            "المنشور الثاني",
            2_315.6,
        ),
        ("/fixed", 1_280, [255; 3], "Till höger.", 720.3),
        ("/hidden", 1_280, [255; 3], "Synlig.", 595.9),
    ] {
        let (page, raw) = rig.take(&pages.url(address)).await;
        assert_eq!(
            verdict(&page),
            (Verdict::Complete, Vec::new()),
            "{address}: {:?}",
            page.facts
        );
        let picture = image::open(raw.join("page-0001.png")).unwrap();
        assert_eq!(picture.width(), width, "{address}");
        assert!(colours(&page, &raw).contains(&colour), "{address}");
        let (text, wide) = on_paper(&page, &raw);
        let squashed = |text: &str| {
            text.chars()
                .filter(|one| one.is_alphabetic())
                .collect::<String>()
        };
        let has = |words: &str| squashed(&text).contains(&squashed(words));
        let mirrored: String = words.chars().rev().collect();
        assert!(has(words) || has(&mirrored), "{address}: {text}");
        assert!((wide - paper).abs() < 1.5, "{address}: {wide}");
    }
    rig.browser.close().await;
}

/// Chromium 156 never comes to the end of printing the page of seed 186: a select in a wide block in a vertical one.
#[tokio::test(flavor = "multi_thread")]
async fn a_print_that_never_ends_costs_the_browser() {
    if is_left_to_campaign("a print that never ends, which takes a minute") {
        return;
    }
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    let (listed, html) = random::page(186);
    pages.show(&listed.address, html);
    let (page, raw) = rig.take(&pages.url(&listed.address)).await;
    let (worth, reasons) = verdict(&page);
    assert_eq!(worth, Verdict::Partial);
    assert!(reasons.contains(&Reason::TimeoutPrint), "{reasons:?}");
    assert!(segments(&page).count() > 0, "{:?}", page.facts);
    let problem = document(&raw, "requests.json")["problem"].clone();
    assert!(problem.to_string().contains("Page.printToPDF"), "{problem}");
    // The process that prints would go on beside the next page.
    assert!(!rig.browser.is_alive());
    rig.browser.close().await;
}
