//! Pages to their end: lists that drop their posts, shadow trees and frames, buttons, lazy pictures, what moves, tall
//! pages at both scales, and every reason of a verdict, in a real browser.

use std::path::Path;
use std::process::Command;

use bevara::capture::PageCapture;
use bevara::capture::verdict::{Baseline, judge};
use bevara::model::verdict::{Counts, Reason, Verdict};
use bevara::render::pdf_text;
use serde_json::Value;

use crate::capture::{Rig, colours, document, segments, verdict};
use crate::pages::{Pages, colour};
use crate::processes::{hold_up_drawing, until};
use crate::support::is_left_to_campaign;

/// The text of the browser's print, by poppler.
pub(crate) fn printed(page: &PageCapture, raw: &Path) -> String {
    let path = raw.join("print.pdf");
    std::fs::write(&path, page.raw_pdf.as_ref().unwrap()).unwrap();
    let output = Command::new("pdftotext")
        .args(["-raw"])
        .arg(&path)
        .arg("-")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Takes in what the PDF says, as `capture` does with the file it keeps.
fn compared(page: &mut PageCapture) -> Counts {
    let text = pdf_text::read(page.raw_pdf.as_ref().unwrap()).unwrap();
    page.compare_with_print(&text);
    page.counts
}

fn all(count: u32) -> Counts {
    Counts {
        dom: count,
        text: count,
        inventory: count,
        pdf: Some(count),
    }
}

fn acts(raw: &Path) -> Vec<(String, String, String)> {
    let acts = document(raw, "requests.json")["acts"].clone();
    let text = |act: &Value, name: &str| act[name].as_str().unwrap().to_owned();
    let acts = acts.as_array().unwrap().iter();
    acts.map(|act| {
        (
            text(act, "action"),
            text(act, "element"),
            text(act, "label"),
        )
    })
    .collect()
}

/// Every post of the feed in picture, text and print, each once.
fn has_every_post(page: &mut PageCapture, raw: &Path) {
    assert_eq!(
        verdict(page),
        (Verdict::Complete, Vec::new()),
        "{:?} {:?}",
        page.facts,
        document(raw, "requests.json")["problem"]
    );
    assert_eq!(compared(page), all(200));
    assert_eq!((page.facts.images, page.facts.images_loaded), (200, 200));
    let seen = colours(page, raw);
    let text = std::fs::read_to_string(raw.join("page.txt")).unwrap();
    let print = printed(page, raw);
    for number in 0..200_u8 {
        assert!(
            seen.contains(&colour(number, 60)),
            "the picture of post {number} is not in the picture"
        );
        let post = format!("Inlägg nummer {}: ", u32::from(number) + 1);
        assert_eq!(text.matches(&post).count(), 1, "{post}");
        assert_eq!(print.matches(&post).count(), 1, "{post}");
    }
    let inventory = document(raw, "inventory.json");
    let posts = inventory["posts"].as_array().unwrap();
    for (number, post) in (1..).zip(posts) {
        let text = post["text"].as_str().unwrap();
        assert!(
            text.contains(&format!("Inlägg nummer {number}: ")),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_drops_its_posts_is_put_together_again() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    for address in ["/virtual.html", "/virtual.html?recycle"] {
        let (mut page, raw) = rig.take(&pages.url(address)).await;
        has_every_post(&mut page, &raw);
        // What was put back is said: all but those that are in the DOM at the end.
        assert!(
            (185..=197).contains(&page.facts.reassembled),
            "{address}: {}",
            page.facts.reassembled
        );
        let put = format!("{}/200", page.facts.reassembled);
        assert!(
            acts(&raw).contains(&("reassembled".to_owned(), "div#list".to_owned(), put)),
            "{address}"
        );
        let dom = std::fs::read_to_string(raw.join("dom.html")).unwrap();
        assert!(dom.contains("data-bevara=\"reassembled\""), "{address}");
        assert!(printed(&page, &raw).contains("Kontakta oss: 0700-00 00 00"));
        if let Some(kept) = std::env::var_os("BEVARA_KEEP") {
            keep(
                &raw,
                Path::new(&kept),
                if address.ends_with('e') {
                    "recycle"
                } else {
                    "virtual"
                },
            );
        }
    }
    rig.browser.close().await;
}

/// Copies a capture to where a person looks at it.
fn keep(raw: &Path, to: &Path, name: &str) {
    let to = to.join(name);
    std::fs::create_dir_all(&to).unwrap();
    for entry in std::fs::read_dir(raw).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn kept(raw: &Path, name: &str) {
    if let Some(to) = std::env::var_os("BEVARA_KEEP") {
        keep(raw, Path::new(&to), name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_posts_are_taken_by_a_slow_processor() {
    let pages = Pages::start();
    let mut rig = Rig::start_with(1, 6).await;
    let (mut page, raw) = rig.take(&pages.url("/feed.html")).await;
    kept(&raw, "feed6");
    has_every_post(&mut page, &raw);
    assert_eq!(page.facts.reassembled, 0);
    if !is_left_to_campaign("a list that uses its elements again, by a slow processor") {
        let (mut page, raw) = rig.take(&pages.url("/virtual.html?recycle")).await;
        has_every_post(&mut page, &raw);
    }
    rig.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shadow_trees_and_frames_are_in_text_counts_and_pictures() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    let (mut page, raw) = rig.take(&pages.url("/shadow.html")).await;
    kept(&raw, "shadow");
    assert_eq!(
        verdict(&page),
        (Verdict::Complete, Vec::new()),
        "{:?}",
        page.facts
    );
    assert_eq!(compared(&mut page), all(3));
    assert_eq!((page.facts.images, page.facts.images_loaded), (2, 2));
    let text = std::fs::read_to_string(raw.join("page.txt")).unwrap();
    let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
    let order = [
        "Kommunens rubrik 1",
        "Ljus text i ett inlägg: Höstlov på biblioteket.",
        "Skuggad text 1: Åtta änder på ön.",
        "Andra inlägget: Vägen till Åby är avstängd.",
        "Mellan inläggen och ramarna.",
        "Inlägg i en ram av samma ursprung.",
        "Text från en ram av annat ursprung.",
    ];
    for pair in order.windows(2) {
        assert!(place(pair[0]) < place(pair[1]), "{pair:?}: {text}");
    }
    assert_eq!(text.matches("Skuggad text 1").count(), 1);
    // Pictures in the trees; a frame's inside that would have to be scrolled to; each heading once.
    let seen = colours(&page, &raw);
    for wanted in [colour(1, 60), colour(2, 60), [10, 200, 30], [90, 0, 90]] {
        assert!(seen.contains(&wanted), "{wanted:?}");
    }
    let picture = image::open(raw.join("page-0001.png")).unwrap().into_rgb8();
    let lines = (0..picture.height()).filter(|y| picture.get_pixel(900, *y).0 == [90, 0, 90]);
    assert_eq!(lines.count(), 60);
    let print = printed(&page, &raw);
    assert!(
        print.contains("Sist i ramen.") && print.contains("annat ursprung"),
        "{print}"
    );
    // What was seen can be opened again: the trees are in the DOM.
    let dom = std::fs::read_to_string(raw.join("dom.html")).unwrap();
    assert!(dom.contains("<template shadowrootmode=\"open\">") && dom.contains("Skuggad text 2"));
    assert_eq!(
        document(&raw, "requests.json")["frames_unread"],
        serde_json::json!([])
    );
    rig.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn buttons_that_show_more_are_clicked_and_no_others() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    let (page, raw) = rig.take(&pages.url("/buttons.html")).await;
    assert_eq!(
        verdict(&page),
        (Verdict::Complete, Vec::new()),
        "{:?}",
        page.facts
    );
    assert_eq!(page.counts.inventory, 21);
    let text = std::fs::read_to_string(raw.join("page.txt")).unwrap();
    for part in [
        "Resten av texten syns efter ett klick.",
        "Äntligen.",
        "Omgång 5, inlägg 4: Badhuset har öppet.",
        "Kommentar: tack för beskedet!",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let asked = pages.asked();
    assert_eq!(
        asked.iter().filter(|path| path.contains("more=")).count(),
        5
    );
    for path in asked {
        assert!(
            !path.contains("bad=") && !path.starts_with("/sent") && path != "/404",
            "{path}"
        );
    }
    let clicks = acts(&raw)
        .into_iter()
        .filter(|(action, ..)| action == "expanded");
    let mut clicks: Vec<String> = clicks.map(|(_, _, label)| label).collect();
    clicks.sort();
    let mut expected = vec!["ladda fler"; 5];
    expected.extend(["visa 12 svar", "visa kommentarer", "… mer"]);
    assert_eq!(clicks, expected);
    rig.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lazy_pictures_come_and_what_moves_stands_still() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    let (page, raw) = rig.take(&pages.url("/lazy.html")).await;
    kept(&raw, "lazy");
    assert_eq!(
        verdict(&page),
        (Verdict::Complete, Vec::new()),
        "{:?}",
        page.facts
    );
    assert_eq!((page.facts.images, page.facts.images_loaded), (6, 6));
    let seen = colours(&page, &raw);
    for number in 11..=17 {
        assert!(seen.contains(&colour(number, 60)), "picture {number}");
    }
    let (page, raw) = rig.take(&pages.url("/still.html")).await;
    kept(&raw, "still");
    assert_eq!(
        verdict(&page),
        (Verdict::Complete, Vec::new()),
        "{:?}",
        page.facts
    );
    let seen = colours(&page, &raw);
    assert!(
        seen.contains(&[0, 200, 0]),
        "a transition was not brought to its end"
    );
    assert!(
        seen.contains(&colour(33, 60)),
        "the video's poster is not shown"
    );
    let picture = image::open(raw.join("page-0001.png")).unwrap().into_rgb8();
    assert_eq!(
        picture.get_pixel(2, picture.height().min(40)).0,
        picture.get_pixel(2, 40).0
    );
    let high = (0..picture.height()).filter(|y| picture.get_pixel(1000, *y).0 == [200, 230, 255]);
    // As high as the view, not as a segment.
    assert_eq!(high.count(), 900);
    let red: Vec<u32> = (0..picture.width())
        .filter(|x| (0..400).any(|y| picture.get_pixel(*x, y).0 == [200, 0, 0]))
        .collect();
    assert_eq!((red.first(), red.len()), (Some(&0), 100));
    assert!(acts(&raw).iter().any(|(action, ..)| action == "paused"));
    rig.browser.close().await;
}

/// Its text begins at the left edge of the drawing and goes on to the left, where nobody sees it.
const DRAWING: &str = "<svg width=90 height=60><text y=40>Utom synhåll</text></svg>";

/// A narrow column at the right of a page that is written from right to left, as high as the view, and with a last
/// segment as high as the view: Chromium 156 moved such a picture aside, and it was white.
#[tokio::test(flavor = "multi_thread")]
async fn pages_from_right_to_left_are_in_their_pictures() {
    let pages = Pages::start();
    for (scale, heights) in [(1, &[300, 8_900][..]), (2, &[300])] {
        let mut rig = Rig::start_with(scale, 1).await;
        for height in heights {
            let address = format!("/rtl-{height}");
            let html = format!(
                "<!DOCTYPE html><html lang=ar dir=rtl><style>body {{ margin: 0; width: 700px }} div {{ background: rgb(0, 90, 10); height: {height}px }}</style><article><p>المنشور الأول</p>{DRAWING}</article><div></div><script>document.querySelector('div').style.height = {height} - document.querySelector('div').offsetTop + 'px'</script>"
            );
            pages.show(&address, html);
            let (mut page, raw) = rig.take(&pages.url(&address)).await;
            assert_eq!(compared(&mut page), all(1));
            assert_eq!(
                verdict(&page),
                (Verdict::Complete, Vec::new()),
                "{height}: {:?}",
                page.facts
            );
            let last = segments(&page).last().unwrap();
            let picture = image::open(raw.join(&last.name)).unwrap().into_rgb8();
            assert_eq!(picture.height(), 900 * scale);
            // The column is the right 700 of 1,280 pixels.
            for (x, expected) in [
                (570, [255, 255, 255]),
                (590, [0, 90, 10]),
                (1_270, [0, 90, 10]),
            ] {
                let seen = picture.get_pixel(x * scale, 250 * scale).0;
                assert_eq!(seen, expected, "{height}: {x}");
            }
        }
        rig.browser.close().await;
    }
}

/// The blocks of `tall.html`, a pixel of each, in every segment.
fn has_every_block(page: &PageCapture, raw: &Path, (total, scale): (u32, u32)) {
    let mut block = 0_u32;
    for segment in segments(page) {
        let picture = image::open(raw.join(&segment.name)).unwrap().into_rgb8();
        assert!(picture.height() <= 8_000);
        assert_eq!(picture.width(), 1280 * scale);
        for y in (0..picture.height()).step_by(usize::try_from(1_000 * scale).unwrap()) {
            let part = u8::try_from(block % 40).unwrap();
            let expected = if block == total - 1 {
                [255, 0, 0]
            } else {
                [part * 6, 255 - part * 5, 120]
            };
            for inside in [2, 500 * scale, 1_000 * scale - 3] {
                assert_eq!(
                    picture.get_pixel(900, y + inside).0,
                    expected,
                    "block {block}"
                );
            }
            block += 1;
        }
    }
    assert_eq!(block, total);
}

#[tokio::test(flavor = "multi_thread")]
async fn tall_pages_are_whole_at_both_scales() {
    let pages = Pages::start();
    let mut rig = Rig::start_with(2, 1).await;
    let (page, raw) = rig.take(&pages.url("/tall.html?60")).await;
    assert_eq!(
        verdict(&page),
        (Verdict::Complete, Vec::new()),
        "{:?}",
        page.facts
    );
    assert_eq!(segments(&page).count(), 15);
    has_every_block(&page, &raw, (60, 2));
    let listed = document(&raw, "requests.json")["segments"].clone();
    assert_eq!(
        (&listed[14]["top"], &listed[14]["bottom"]),
        (&Value::from(56_000), &Value::from(60_000))
    );
    let digest = Command::new("sha256sum")
        .arg(raw.join("page-0015.png"))
        .output()
        .unwrap();
    let digest = String::from_utf8(digest.stdout).unwrap();
    assert_eq!(listed[14]["sha256"], digest[..64]);
    rig.browser.close().await;
    let heights: &[u32] = if is_left_to_campaign("250,000 px in pictures") {
        &[98]
    } else {
        &[98, 250]
    };
    let mut rig = Rig::start().await;
    for total in heights {
        let (page, raw) = rig.take(&pages.url(&format!("/tall.html?{total}"))).await;
        kept(&raw, "tall");
        assert_eq!(
            verdict(&page),
            (Verdict::Complete, Vec::new()),
            "{:?}",
            page.facts
        );
        has_every_block(&page, &raw, (*total, 1));
        let overview = image::open(raw.join("overview.png")).unwrap().into_rgb8();
        assert!(overview.width() <= 4_000 && overview.height() <= 4_000);
    }
    rig.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_before_the_page_or_says_that_it_is_gone_is_seen() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    let cases = [
        ("/gone.html", Verdict::Failed, Reason::NotAvailable),
        ("/gate.html", Verdict::Failed, Reason::Gate),
        ("/over.html", Verdict::Partial, Reason::NotLoggedIn),
    ];
    for (address, worth, reason) in cases {
        let (page, _) = rig.take(&pages.url(address)).await;
        assert_eq!(
            verdict(&page),
            (worth, vec![reason]),
            "{address}: {:?}",
            page.facts
        );
    }
    assert!(!pages.asked().iter().any(|path| path.starts_with("/sent")));
    // A part of the page is empty, and over it lies text that an element far above it hides.
    let (page, _) = rig.take(&pages.url("/folded.html")).await;
    assert_eq!(
        verdict(&page),
        (Verdict::Complete, Vec::new()),
        "{:?}",
        page.facts
    );
    // A short page that was a long one before.
    let (page, _) = rig.take(&pages.url("/")).await;
    let last = Baseline {
        counts: Some(all(200)),
        text_chars: Some(40_000),
    };
    assert_eq!(
        judge(&page.facts, Some(&last), Some(true)),
        (
            Verdict::Partial,
            vec![Reason::TextMissing, Reason::FewerThanLastTime]
        )
    );
    rig.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_moves_on_is_followed_and_its_closed_trees_are_read() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    // By an element, by a header, and as soon as its bar has been hidden: what was described then is not what is scrolled
    // through.
    pages.show(
        "/barred",
        "<!DOCTYPE html><p>Strax vidare.</p><div id=kakor style='position:fixed;bottom:0'>Vi använder kakor.</div><script>new MutationObserver(() => { location.href = '/corpus/shadow.html'; }).observe(kakor, { attributes: true });</script>".to_owned(),
    );
    for address in [
        "/corpus/moves-on.html",
        "/soon?/corpus/shadow.html",
        "/barred",
    ] {
        let (mut page, raw) = rig.take(&pages.url(address)).await;
        assert_eq!(
            verdict(&page),
            (Verdict::Complete, Vec::new()),
            "{:?}",
            page.facts
        );
        assert_eq!(page.final_url, pages.url("/corpus/shadow.html"));
        assert_eq!(compared(&mut page), all(5));
        let requests = document(&raw, "requests.json");
        let acts = requests["acts"].as_array().unwrap();
        // A timer may run out while the page settles, on a slow machine.
        if address == "/barred" {
            let followed = acts.iter().find(|act| act["action"] == "followed").unwrap();
            assert_eq!(followed["label"], pages.url(address));
        }
        for name in ["page.txt", "dom.html"] {
            let text = std::fs::read_to_string(raw.join(name)).unwrap();
            assert_eq!(
                text.matches("Text i en sluten skugga.").count(),
                if name == "page.txt" { 1 } else { 2 },
                "{text}"
            );
        }
        let views = page.files.iter().filter(|file| file.name == "view.png");
        assert_eq!(views.count(), 1);
    }
    rig.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_late_is_waited_for_wherever_anything_may_still_come() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    let late =
        "document.body.insertAdjacentHTML('beforeend', '<article><p>Det andra.</p></article>')";
    // A script that is gone when the page has loaded; what a movement sets going; and no script, but a slow picture.
    let cases = [
        (
            "/taken-out",
            format!(
                "<script>setTimeout(() => {late}, 500); document.currentScript.remove()</script>"
            ),
        ),
        (
            "/moving",
            format!(
                "<style>@keyframes slow {{ to {{ color: red }} }} h1 {{ animation: slow 500ms }}</style><h1 onanimationend=\"{late}\">Rör sig.</h1>"
            ),
        ),
        (
            "/lazy",
            "<article><p>Det andra.</p><img loading=lazy src=/colour.png?n=9 width=40 height=40></article>".to_owned(),
        ),
        // The same on a machine that draws the page late: it has come, and its picture is not asked for yet.
        (
            "/drawn-late",
            "<link rel=stylesheet href=/batch?late><article><p>Det andra.</p><img loading=lazy src=/colour.png?n=9 width=40 height=40></article>".to_owned(),
        ),
    ];
    let holding = std::thread::spawn({
        let (pages, profile) = (pages.clone(), rig.dir.path().join("profile"));
        move || {
            let style = "/batch?late".to_owned();
            until("its style is asked for", || pages.asked().contains(&style));
            hold_up_drawing(&profile);
        }
    });
    let mut told = Vec::new();
    for (path, rest) in cases {
        let first = "<!DOCTYPE html><html lang=sv><title>Sent</title><body style='font-size:60px'><article><p>Det första.</p></article>";
        pages.show(path, format!("{first}{rest}"));
        let (mut page, raw) = rig.take(&pages.url(path)).await;
        let worth = verdict(&page);
        let view = image::open(raw.join("view.png")).unwrap().into_rgb8();
        let wanted = image::Rgb(colour(9, 60));
        let has_picture = view.pixels().any(|pixel| *pixel == wanted);
        told.push((path, worth, compared(&mut page), has_picture));
    }
    holding.join().unwrap();
    let wanted = [
        ("/taken-out", false),
        ("/moving", false),
        ("/lazy", true),
        ("/drawn-late", true),
    ]
    .map(|(path, has_picture)| {
        let whole = (Verdict::Complete, Vec::new());
        (path, whole, all(2), has_picture)
    });
    assert_eq!(told, wanted);
    rig.browser.close().await;
}
