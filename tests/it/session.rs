//! The browser session: frames of other sites and workers.

use std::path::Path;

use bevara::model::verdict::Verdict;
use serde_json::{Value, json};

use crate::capture::{Rig, document, verdict};
use crate::capture_pages::printed;
use crate::pages::Pages;
use crate::processes::{family, kill, until};

/// A page on 127.0.0.1 with a frame on localhost, which holds a frame on 127.0.0.1 again; and a worker.
fn family_of_frames(pages: &Pages) {
    let port = pages.port();
    let settings = "[Intl.DateTimeFormat().resolvedOptions().timeZone, navigator.language, navigator.languages.join(), \
                    (1.5).toLocaleString(), navigator.userAgent.includes('Mozilla'), matchMedia('screen').matches].join(' ')";
    pages.show(
        "/family",
        format!(
            "<!DOCTYPE html><html lang=sv><title>Familj</title><article><p>Kommunens inlägg.</p><p id=w>ännu inget</p></article>
             <iframe src='http://localhost:{port}/inner' width=600 height=400></iframe>
             <script>const worker = new Worker('/worker.js');
             worker.onmessage = (message) => {{ document.getElementById('w').textContent = message.data; }};</script>"
        ),
    );
    pages.show(
        "/inner",
        format!(
            "<!DOCTYPE html><html lang=sv><title>Ram</title><p id=s></p><img src=/colour.png?n=7 width=40 height=40>
             <iframe src='http://127.0.0.1:{port}/deep' width=500 height=200></iframe>
             <script>document.getElementById('s').textContent = 'Ramen: ' + {settings};</script>"
        ),
    );
    pages.show(
        "/deep",
        format!(
            "<!DOCTYPE html><html lang=sv><title>Djupt</title><p id=s></p><img src=/colour.png?n=8 width=40 height=40>
             <script>document.getElementById('s').textContent = 'Djupet: ' + {settings};</script>"
        ),
    );
    pages.show_script(
        "/worker.js",
        "fetch('/batch?by=worker').then(() => postMessage('Arbetaren: ' + [Intl.DateTimeFormat().resolvedOptions().timeZone, \
         navigator.language, navigator.languages.join(), (1.5).toLocaleString()].join(' ')));"
            .to_owned(),
    );
}

/// Frames that do not let the page rest: one that computes without end, one that never comes, and one with a picture
/// that never comes.
fn unruly_frames(pages: &Pages) {
    let port = pages.port();
    pages.listen_too("127.0.0.2");
    pages.show(
        "/unruly",
        format!(
            "<!DOCTYPE html><html lang=sv><title>Inbäddat</title><article><p>Kommunens inlägg bredvid ramarna.</p></article>
             <iframe src='http://localhost:{port}/round' width=600 height=200></iframe>
             <iframe src='http://127.0.0.2:{port}/hang' width=600 height=200></iframe>
             <iframe src='http://127.0.0.2:{port}/half' width=600 height=200></iframe>"
        ),
    );
    pages.show("/round", ROUND.to_owned());
    pages.show(
        "/half",
        "<!DOCTYPE html><title>Halv</title><p>Ramen utan sin bild<img src=/hang.png width=40 height=40>".to_owned(),
    );
}

/// Once its text stands there, its script never ends.
const ROUND: &str =
    "<!DOCTYPE html><title>Snurrar</title><p>Ramen som räknar<script>for (;;);</script>";

#[tokio::test(flavor = "multi_thread")]
async fn frames_of_other_sites_and_workers_belong_to_the_page() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    family_of_frames(&pages);
    let (page, raw) = rig.take(&pages.url("/family")).await;
    assert_eq!(
        verdict(&page),
        (Verdict::Complete, Vec::new()),
        "{:?}",
        page.facts
    );
    let text = std::fs::read_to_string(raw.join("page.txt")).unwrap();
    for part in [
        "Ramen: Europe/Stockholm sv-SE sv-SE,sv,en 1,5 true true",
        "Djupet: Europe/Stockholm sv-SE sv-SE,sv,en 1,5 true true",
        "Arbetaren: Europe/Stockholm sv-SE sv-SE,sv,en 1,5",
    ] {
        assert_eq!(text.matches(part).count(), 1, "{part}: {text}");
    }
    let requests = document(&raw, "requests.json");
    assert_eq!(requests["frames_unread"], json!([]));
    let traffic = &requests["traffic"];
    assert_eq!(
        traffic["targets"],
        json!({"attached": {"iframe": 2, "worker": 1}, "crashed": [], "stopped": []})
    );
    for (path, target) in [
        ("/colour.png?n=7", json!("iframe")),
        ("/colour.png?n=8", json!("iframe")),
        ("/batch?by=worker", json!("worker")),
        ("/worker.js", Value::Null),
    ] {
        let made: Vec<_> = traffic["requests"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["url"].as_str().unwrap().ends_with(path))
            .map(|one| (&one["in"], &one["status"]))
            .collect();
        assert_eq!(made, [(&target, &json!(200))], "{path}");
    }
    unruly_frames(&pages);
    let (page, raw) = rig
        .take_allowing(&pages.url("/unruly"), &["127.0.0.1/32", "127.0.0.2/32"])
        .await;
    let requests = document(&raw, "requests.json");
    assert_eq!(
        verdict(&page),
        (Verdict::Complete, Vec::new()),
        "{:?} {} {}",
        page.facts,
        requests["problem"],
        requests["milliseconds"]
    );
    let text = std::fs::read_to_string(raw.join("page.txt")).unwrap();
    for part in [
        "Kommunens inlägg bredvid ramarna.",
        "Ramen som räknar",
        "Ramen utan sin bild",
    ] {
        assert_eq!(text.matches(part).count(), 1, "{part}: {text}");
        assert!(printed(&page, &raw).contains(part), "{part}");
    }
    let port = pages.port();
    let hang = format!("http://127.0.0.2:{port}/hang");
    assert_eq!(requests["frames_unread"], json!([hang]));
    let traffic = &requests["traffic"];
    assert_eq!(
        traffic["targets"],
        json!({"attached": {"iframe": 2}, "crashed": [], "stopped": [format!("http://localhost:{port}/round")]})
    );
    assert_eq!(
        traffic["embeds_unanswered"],
        json!([hang, format!("{hang}.png")])
    );
    assert_eq!(traffic["given_up"], json!([]));
    rig.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_whose_process_dies_is_noted_and_the_page_stands() {
    let pages = Pages::start();
    let mut rig = Rig::start().await;
    pages.show("/round", ROUND.to_owned());
    let port = pages.port();
    // The page moves for some seconds, so that its frame is not stopped before it has died.
    pages.show(
        "/busy",
        format!(
            "<!DOCTYPE html><html lang=sv><title>Upptagen ram</title><article><p>Kommunens inlägg bredvid ramen.</p></article>
             <iframe src='http://localhost:{port}/round' width=600 height=400></iframe>
             <script>let times = 80;
             const move = () => {{ document.body.style.paddingBottom = `${{times % 2}}px`; if (times--) setTimeout(move, 100); }};
             move();</script>"
        ),
    );
    let profile = rig.dir.path().join("profile");
    let killer = std::thread::spawn(move || {
        until("the frame computes", || {
            busiest(&profile).is_some_and(kill_it)
        });
    });
    let (page, raw) = rig.take(&pages.url("/busy")).await;
    killer.join().unwrap();
    assert_eq!(
        verdict(&page),
        (Verdict::Complete, Vec::new()),
        "{:?}",
        page.facts
    );
    let requests = document(&raw, "requests.json");
    let address = format!("http://localhost:{port}/round");
    assert_eq!(requests["frames_unread"], json!([address]));
    assert_eq!(
        requests["traffic"]["targets"],
        json!({"attached": {"iframe": 1}, "crashed": [address], "stopped": []})
    );
    let text = std::fs::read_to_string(raw.join("page.txt")).unwrap();
    assert!(text.contains("Kommunens inlägg bredvid ramen."), "{text}");
    assert!(rig.browser.is_alive());
    rig.browser.close().await;
}

/// The renderer of this browser that has computed for more than a second.
fn busiest(profile: &Path) -> Option<i32> {
    let renderers = family(profile)
        .into_iter()
        .filter(|process| process.line.contains("--type=renderer"));
    renderers.map(|process| process.pid).find(|pid| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after = stat.rsplit(") ").next().unwrap_or_default();
        // User time in ticks of a hundredth: proc_pid_stat(5), field 14.
        let ticks = after
            .split(' ')
            .nth(11)
            .and_then(|ticks| ticks.parse::<u32>().ok());
        ticks.is_some_and(|ticks| ticks > 100)
    })
}

fn kill_it(pid: i32) -> bool {
    kill(pid);
    true
}
