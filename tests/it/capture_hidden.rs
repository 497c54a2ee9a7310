//! What stands between a page and its posts: fading in, bodies that cannot be scrolled, boxes over posts, a page that is
//! called after cookies, posts that come from elsewhere or after a while. All of it is in the pictures, or the verdict says
//! that it is not.

use std::time::Duration;

use bevara::model::verdict::{Reason, Verdict};

use crate::capture::{Rig, colours, verdict};
use crate::pages::Pages;

const POSTS: u8 = 30;

/// The colour of a post's block; no other has it.
fn block(number: u8) -> [u8; 3] {
    [number * 8, 90, 200]
}

fn posts() -> String {
    (0..POSTS)
        .map(|number| {
            let [red, green, blue] = block(number);
            format!(
                "<article><h2>Exempelkommun</h2><p>Inlägg nummer {number}: vägarbete på gata {}.</p>\
                 <div style='height:40px;width:300px;background:rgb({red},{green},{blue})'></div></article>",
                u32::from(number) * 7 + 1000
            )
        })
        .collect::<Vec<_>>()
        .concat()
}

/// A page with the posts, something before and something behind them.
fn page(head: &str, before: &str, behind: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=sv><head><meta charset=utf-8><title>Exempel</title><style>body {{ margin: 0; font: 16px 'Noto Sans' }} \
         article {{ border: 1px solid #888; margin: 10px; padding: 10px; min-height: 140px }}</style>{head}</head>\
         <body>{before}<main>{}</main>{behind}</body></html>",
        posts()
    )
}

const FADING: &str =
    "<style>article { opacity: 0; transition: opacity 1s } article.on { opacity: 1 }</style>";
const FADES: &str = "<script>const seen = new IntersectionObserver((all) => { for (const one of all) one.target.classList.toggle('on', one.isIntersecting); });\
    for (const one of document.querySelectorAll('article')) seen.observe(one);</script>";
const BOX: &str = "position: fixed; left: 400px; top: 100px; width: 480px; height: 260px; background: #fff; border: 9px solid #c00";

/// The pages, by name.
fn pages_of(server: &Pages) -> Vec<(&'static str, String)> {
    let later = |after: u32| {
        format!(
            "<script>const main = document.querySelector('main'), all = main.innerHTML; main.innerHTML = '<p>Laddar…</p>';\
             setTimeout(() => {{ main.innerHTML = all; }}, {after})</script>"
        )
    };
    let elsewhere = format!(
        "<script>const main = document.querySelector('main'), all = main.innerHTML; main.innerHTML = '';\
         fetch('http://127.0.0.2:{}/wait?1500', {{ mode: 'no-cors' }}).then(() => {{ main.innerHTML = all; }})</script>",
        server.port()
    );
    let news = format!(
        "<div style='{BOX}'><h3>Få vårt nyhetsbrev</h3><input type=email><button>Prenumerera</button></div>"
    );
    let modal = format!(
        "<dialog id=d style='{BOX}'>Få vårt nyhetsbrev</dialog><script>d.showModal()</script>"
    );
    let style = |rules: &str| format!("<style>{rules}</style>");
    vec![
        ("fading", page(FADING, "", FADES)),
        (
            "cut-body",
            page(
                &style("html, body { height: 100%; overflow: hidden }"),
                "",
                "",
            ),
        ),
        (
            "pinned-body",
            page(&style("body { position: fixed; width: 100% }"), "", ""),
        ),
        (
            "own-scroller",
            page(
                &style(
                    "html { height: 100%; overflow: hidden } body { height: 100%; overflow-y: scroll }",
                ),
                "",
                "",
            ),
        ),
        (
            "called-cookie",
            page(
                &style("#app { position: fixed; inset: 0; overflow: auto }"),
                "<div id=app class=with-cookie-consent>",
                "</div>",
            )
            .replace("article", "div class=post"),
        ),
        ("news", page("", "", &news)),
        ("modal", page("", "", &modal)),
        ("later", page("", "", &later(2500))),
        ("elsewhere", page("", "", &elsewhere)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_between_a_page_and_its_posts_is_overcome() {
    let server = Pages::start();
    server.listen_too("127.0.0.2");
    let mut rig = Rig::start().await;
    let mut wrong = Vec::new();
    for (name, html) in pages_of(&server) {
        server.show(&format!("/{name}"), html);
        let begun = std::time::Instant::now();
        let (page, raw) = rig
            .take_allowing(&server.url(&format!("/{name}")), &["127.0.0.0/8"])
            .await;
        let seen = colours(&page, &raw);
        let missing = (0..POSTS)
            .filter(|number| !seen.contains(&block(*number)))
            .count();
        let (worth, reasons) = verdict(&page);
        println!(
            "{name}: {worth:?} {reasons:?} {:?}, {missing} not in the pictures, {:?}",
            page.counts,
            begun.elapsed()
        );
        if (worth, missing) != (Verdict::Complete, 0) || begun.elapsed() > Duration::from_mins(1) {
            wrong.push(format!("{name}: {worth:?} {reasons:?}, {missing} missing"));
        }
    }
    // What says for ever that something is to come has not come.
    server.show(
        "/waiting",
        page("", "", "")
            .replace("<main>", "<main hidden>")
            .replace("<article", "<div")
            .replace("</main>", "</main><p>Laddar…</p>"),
    );
    let (waiting, _) = rig.take(&server.url("/waiting")).await;
    let (worth, reasons) = verdict(&waiting);
    assert!(
        worth == Verdict::Partial && reasons.contains(&Reason::TimeoutPage),
        "{worth:?} {reasons:?}"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    rig.browser.close().await;
}
