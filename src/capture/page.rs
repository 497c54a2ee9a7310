//! One page, step by step: load, settle, view, consent, scroll, text, pictures, print. A step that fails ends the page
//! and is a fact about it; what was taken before stays, and the tab is cleared away.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::capture::cdp::{CdpError, Client};
use crate::capture::consent::{self, Act};
use crate::capture::guard::Cidr;
use crate::capture::login::{Login, Visit};
use crate::capture::proxy::Proxy;
use crate::capture::redact::Secrets;
use crate::capture::scroll::{self, HEIGHT_LIMIT, POST_LIMIT, SCROLL_LIMIT, Scrolled};
use crate::capture::shots::{self, Shots};
use crate::capture::tab::{CALL_LIMIT, LANGUAGE, Tab, ZONE};
use crate::capture::text::{self, Texts};
use crate::capture::{
    BrowserOptions, BrowserVersion, CaptureRequest, CapturedFile, PageCapture, PageFacts, Problem,
    VIEW_HEIGHT, load, phrases, print, shadows, verdict, write,
};
use crate::model::json;
use crate::model::verdict::{FileRole, Reason};

/// How long a long page may take to be made ready for its pictures.
const READY_LIMIT: Duration = Duration::from_mins(2);
/// How often a page that moves on by itself is followed.
const MOVES: u32 = 3;
/// How often a page that is loaded anew is scrolled through again.
const LOADS: u32 = 3;
/// Margins of the print, in inches.
const MARGIN: f64 = 0.4;

/// What has been taken so far.
#[derive(Debug, Default)]
struct Taken {
    facts: PageFacts,
    files: Vec<CapturedFile>,
    title: String,
    language: Option<String>,
    address: String,
    acts: Vec<Act>,
    shots: Shots,
    texts: Texts,
    /// The paper of the print.
    paper: Option<print::Paper>,
    /// What the page is told of its visitor, asked of the page.
    environment: Option<Value>,
    pdf: Option<Vec<u8>>,
    /// The browser may still be printing.
    prints_on: bool,
    problem: Option<String>,
    secrets: Secrets,
    renewed: Option<Login>,
    times: Vec<(&'static str, u64)>,
}

impl Taken {
    /// Lets go of everything that shows a page which is not the account's.
    fn drop_page(&mut self) {
        self.files.clear();
        self.shots = Shots::default();
        self.texts = Texts::default();
        self.pdf = None;
    }

    /// Notes how long a step took, in milliseconds since `begun`.
    fn timed(&mut self, step: &'static str, begun: Instant) {
        let spent = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.times.push((step, spent));
    }
}

/// Takes a page. `Err` only where the disk fails; the flag says whether the browser can go on.
pub(crate) async fn take(
    client: &Client,
    (options, version): (&BrowserOptions, &BrowserVersion),
    request: &CaptureRequest,
    allowed: Vec<Cidr>,
    raw: &Path,
) -> Result<(PageCapture, bool), Problem> {
    let mut taken = Taken::default();
    let proxy = Proxy::start(Some(allowed))
        .await
        .map_err(|source| Problem::Io {
            path: raw.to_owned(),
            source,
        })?;
    let opened = Tab::open(client, &proxy.url(), options, &version.user_agent).await;
    let mut healthy;
    let mut seen = None;
    match opened {
        Ok(mut tab) => {
            let ended = steps(&mut tab, &proxy, (options, request), raw, &mut taken).await;
            note(&mut taken, ended)?;
            healthy = !taken.prints_on;
            if let Some(login) = request.visit.login() {
                let back = login_back(&tab, login, &mut taken).await;
                note(&mut taken, back)?;
            }
            let observed = observed(&mut tab, &mut taken);
            taken
                .secrets
                .learn_addresses(&json!([observed, taken.acts]))?;
            seen = Some(observed);
            if let Err(error) = tab.close().await {
                tracing::debug!(%error, "a tab could not be cleared away");
                healthy = false;
            }
        }
        Err(error) => {
            note(&mut taken, Err(Problem::Cdp(error)))?;
            healthy = false;
        }
    }
    let mut facts = taken.facts.clone();
    facts.segments = u32::try_from(taken.shots.segments.len()).unwrap_or(u32::MAX);
    facts.pictures_whole = taken.shots.whole;
    facts.blank = taken.shots.blank;
    facts.width_limit = taken.shots.cut;
    facts.height_changed = taken.shots.height_changed;
    facts.text_chars = taken.texts.chars;
    facts.counts = taken.texts.counts;
    facts.printed = taken.pdf.is_some();
    taken.facts = facts;
    taken.files.append(&mut taken.shots.files);
    taken.files.append(&mut taken.texts.files);
    if request.visit.login().is_some() {
        clear(&mut taken, raw)?;
    }
    let provenance = provenance(&taken, (options, version, request), &proxy, seen.as_ref());
    let provenance = taken.secrets.clear_value(provenance);
    let line = json::to_line(&provenance).map_err(|error| Problem::Document(error.to_string()))?;
    write(&raw.join("requests.json"), line.as_bytes())?;
    taken.files.push(CapturedFile {
        role: FileRole::Requests,
        name: "requests.json".to_owned(),
    });
    let capture = PageCapture {
        final_url: taken.secrets.clear(&taken.address).into_owned(),
        title: taken.title,
        language: taken.language,
        counts: taken.texts.counts,
        facts: taken.facts,
        raw_pdf: taken.pdf,
        files: taken.files,
        renewed: taken.renewed,
        expected: taken.texts.expected,
        secrets: request.visit.login().map(|_login| taken.secrets),
    };
    Ok((capture, healthy))
}

/// Reads back what the context holds of a login: a site may have renewed it, or taken it back.
async fn login_back(tab: &Tab, login: &Login, taken: &mut Taken) -> Result<(), Problem> {
    let now = login.back(tab.client(), tab.context()).await?;
    taken.secrets.learn(&now)?;
    taken.facts.login_missing = !login.stands(&now);
    taken.renewed = (!taken.facts.login_missing).then(|| login.renewed(now));
    Ok(())
}

/// Clears the page of what it shows of the login, before a picture or the print shows it too.
async fn redact(tab: &mut Tab, request: &CaptureRequest, taken: &mut Taken) -> Result<(), Problem> {
    let Some(login) = request.visit.login() else {
        return Ok(());
    };
    login_back(tab, login, taken).await?;
    let places = taken.secrets.clear_page(tab).await?;
    if places > 0 {
        taken.acts.push(Act {
            action: "redacted".to_owned(),
            element: String::new(),
            label: places.to_string(),
        });
    }
    Ok(())
}

/// Clears what was written and noted of a page that was seen logged in.
fn clear(taken: &mut Taken, raw: &Path) -> Result<(), Problem> {
    taken.secrets.clear_files(raw, &taken.files)?;
    taken.title = taken.secrets.clear(&taken.title).into_owned();
    let secrets = &taken.secrets;
    if taken.pdf.as_ref().is_some_and(|pdf| secrets.stand_in(pdf)) {
        taken.pdf = None;
        taken.facts.printed = false;
        taken.problem = Some("the print shows values of the login and is not kept".to_owned());
    }
    Ok(())
}

/// Turns the end of the steps into facts. Only a failing disk ends more than this page.
fn note(taken: &mut Taken, ended: Result<(), Problem>) -> Result<(), Problem> {
    let error = match ended {
        Ok(()) => return Ok(()),
        Err(Problem::Cdp(error)) => error,
        Err(Problem::NoPage(reason)) => {
            taken.drop_page();
            taken.facts.obstacle = Some(reason);
            return Ok(());
        }
        Err(Problem::Picture(message)) => {
            taken.problem = Some(message);
            return Ok(());
        }
        Err(other) => return Err(other),
    };
    if error.is_fatal() {
        taken.facts.crashed = true;
    } else if matches!(error, CdpError::TimedOut { .. }) && taken.texts.chars == 0 {
        taken.facts.at_rest = false;
    }
    taken.problem = Some(error.to_string());
    Ok(())
}

async fn steps(
    tab: &mut Tab,
    proxy: &Proxy,
    (options, request): (&BrowserOptions, &CaptureRequest),
    raw: &Path,
    taken: &mut Taken,
) -> Result<(), Problem> {
    let begun = Instant::now();
    taken.address.clone_from(&request.url);
    // The browser would show its own pages and the machine's files too.
    let is_web = url::Url::parse(&request.url)
        .is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    if !is_web {
        taken.facts.obstacle = Some(Reason::Blocked);
        return Ok(());
    }
    taken.facts.login_missing = matches!(request.visit, Visit::WithoutLogin);
    if let Some(login) = request.visit.login() {
        taken.secrets.learn(login)?;
        login.give(tab.client(), tab.context()).await?;
    }
    if let Some(reason) = load::navigate(tab, proxy, &request.url).await? {
        taken.facts.obstacle = Some(reason);
        taken.facts.status = tab.traffic().main.status;
        return Ok(());
    }
    taken.timed("load", begun);
    let (scrolled, loads) = to_its_end(tab, proxy, (request, raw), (taken, begun)).await?;
    taken.facts.height_limit = scrolled.height_limit;
    taken.facts.post_limit = scrolled.post_limit;
    taken.facts.lost = scrolled.lost;
    taken.facts.reassembled = scrolled.reassembled;
    // A bar may come late; a wall too.
    taken.acts.extend(consent::clear(tab).await?);
    wall(tab, taken).await?;
    let now = here(tab, proxy).await?;
    taken.facts.login_address |=
        phrases::is_login_address(&now.address) && !phrases::is_login_address(&request.url);
    taken.facts.at_rest = scrolled.at_rest;
    // Where the pictures are taken from: what fades out of view has done so.
    tab.ask::<load::Measure>("bevara.scrollTo(0)", READY_LIMIT)
        .await?;
    load::settle(tab, load::AFTER_CHANGE).await?;
    for made_whole in ["bevara.putBack()", "bevara.show()"] {
        let acts: Vec<Act> = tab.ask(made_whole, READY_LIMIT).await?;
        taken.acts.extend(acts);
    }
    images(tab, taken).await?;
    redact(tab, request, taken).await?;
    text::read(tab, raw, scrolled.posts_shown, &mut taken.texts).await?;
    taken.timed("text", begun);
    let acts: Vec<Act> = tab
        .ask("[...bevara.still(), ...bevara.release()]", READY_LIMIT)
        .await?;
    taken.acts.extend(acts);
    load::settle(tab, load::AFTER_CHANGE).await?;
    redact(tab, request, taken).await?;
    taken.timed("stilled", begun);
    let pictured = shots::page(tab, raw, options, &mut taken.shots).await;
    match pictured {
        // Printing may succeed where a picture does not.
        Err(Problem::Cdp(error)) if !error.is_fatal() => taken.problem = Some(error.to_string()),
        other => other?,
    }
    taken.timed("pictures", begun);
    let acts: Vec<Act> = tab.ask("bevara.plain()", READY_LIMIT).await?;
    taken.acts.extend(acts);
    redact(tab, request, taken).await?;
    taken.texts.expected.around = text::seen(tab).await?;
    // What was loaded anew since its text was read is another page.
    if tab.traffic().loads != loads {
        here(tab, proxy).await?;
        taken.facts.at_rest = false;
    }
    print::as_on_screen(tab).await?;
    let paper = print::paper(tab, MARGIN, options).await?;
    taken.paper = Some(paper);
    let height = taken.shots.segments.last().map_or(0, |last| last.bottom);
    let printed = print::print(tab, paper, height).await;
    taken.prints_on = print::goes_on(&printed);
    taken.pdf = Some(printed?);
    taken.timed("print", begun);
    Ok(())
}

/// Lets the page settle and scrolls it to its end; a page that moves on to another by itself is followed there. With it,
/// how often anything was loaded until then.
async fn to_its_end(
    tab: &mut Tab,
    proxy: &Proxy,
    (request, raw): (&CaptureRequest, &Path),
    (taken, begun): (&mut Taken, Instant),
) -> Result<(Scrolled, u32), Problem> {
    let mut moves = 0;
    loop {
        let settled = load::settle(tab, load::AFTER_LOAD).await?;
        taken.timed("settle", begun);
        let (loads, done) = (tab.traffic().loads, taken.acts.len());
        taken.problem = shadows::reveal(tab).await?;
        describe(tab, proxy, taken).await?;
        taken.environment = Some(tab.ask("bevara.environment()", CALL_LIMIT).await?);
        if moves < MOVES && load::moved_on(tab, loads).await {
            moves += 1;
            taken.acts.push(followed(&taken.address));
            continue;
        }
        taken.facts.status = tab.traffic().main.status;
        taken.facts.login_address =
            phrases::is_login_address(&taken.address) && !phrases::is_login_address(&request.url);
        redact(tab, request, taken).await?;
        taken.files.push(shots::view(tab, raw).await?);
        taken.acts.extend(consent::clear(tab).await?);
        taken.timed("view", begun);
        touch(tab);
        let scrolled = whole_page(tab, taken, (loads, done, moves < MOVES)).await?;
        taken.timed("scroll", begun);
        if let Some((mut scrolled, loads)) = scrolled {
            scrolled.at_rest &= settled;
            taken.acts.append(&mut scrolled.acts);
            return Ok((scrolled, loads));
        }
        moves += 1;
        taken.files.clear();
        taken.acts.push(followed(&taken.address));
    }
}

/// Sites keep scripts back until a person is there ("delay JavaScript"): a pointer that moves where nothing is, and a key that
/// does nothing, tell them. What comes of it is waited for while the page is scrolled.
fn touch(tab: &Tab) {
    for place in 0..3 {
        let moved = json!({"type": "mouseMoved", "x": place, "y": place});
        tab.session.post("Input.dispatchMouseEvent", &moved);
    }
    for kind in ["keyDown", "keyUp"] {
        let key = json!({"type": kind, "key": "Shift", "code": "ShiftLeft"});
        tab.session.post("Input.dispatchKeyEvent", &key);
    }
}

/// The page moved on from this address.
fn followed(address: &str) -> Act {
    Act {
        action: "followed".to_owned(),
        element: String::new(),
        label: address.to_owned(),
    }
}

/// Scrolls to the end, and says how often anything had been loaded then. Where the page was loaded anew meanwhile (by a
/// button, or by itself) what was collected is gone: then once more, without clicking anything. `None` where it is another
/// page than was described after so many `loads`, and nothing was clicked since act number `done`, as long as it may move.
async fn whole_page(
    tab: &mut Tab,
    taken: &mut Taken,
    (loads, done, may_move): (u32, usize, bool),
) -> Result<Option<(Scrolled, u32)>, Problem> {
    let is_clicked = |acts: &[Act]| acts.iter().skip(done).any(Act::is_click);
    // A bar that was refused may have had the page loaded anew: that is no reason to leave buttons alone.
    let loads = if is_clicked(&taken.acts) {
        tab.traffic().loads
    } else {
        loads
    };
    let mut scrolled = Scrolled::default();
    if tab.traffic().loads == loads {
        scrolled = scroll::to_end(tab, true).await?;
        if tab.traffic().loads == loads {
            return Ok(Some((scrolled, loads)));
        }
    }
    for _ in 0..LOADS {
        taken.acts.append(&mut scrolled.acts);
        load::settle(tab, load::AFTER_LOAD).await?;
        // A click may have had the page loaded more than once.
        let again = tab.traffic().loads;
        let described: Described = tab.ask("bevara.describe()", CALL_LIMIT).await?;
        let is_same = described.address == taken.address;
        if !is_same && may_move && !is_clicked(&taken.acts) {
            return Ok(None);
        }
        taken.acts.extend(consent::clear(tab).await?);
        scrolled = scroll::to_end(tab, false).await?;
        if tab.traffic().loads == again {
            scrolled.at_rest &= is_same;
            return Ok(Some((scrolled, again)));
        }
    }
    scrolled.at_rest = false;
    let loads = tab.traffic().loads;
    Ok(Some((scrolled, loads)))
}

#[derive(serde::Deserialize)]
struct Described {
    title: String,
    language: Option<String>,
    address: String,
}

/// What the page says of itself, where it is one of the site's.
async fn here(tab: &mut Tab, proxy: &Proxy) -> Result<Described, Problem> {
    let described: Described = tab.ask("bevara.describe()", CALL_LIMIT).await?;
    match load::astray(tab, proxy, &described.address).await {
        Some(reason) => Err(Problem::NoPage(reason)),
        None => Ok(described),
    }
}

async fn describe(tab: &mut Tab, proxy: &Proxy, taken: &mut Taken) -> Result<(), Problem> {
    let described = here(tab, proxy).await?;
    taken.title = described.title;
    taken.language = described.language;
    taken.address = described.address;
    Ok(())
}

async fn wall(tab: &mut Tab, taken: &mut Taken) -> Result<(), CdpError> {
    #[expect(
        clippy::struct_excessive_bools,
        reason = "each is an observation of its own"
    )]
    #[derive(serde::Deserialize)]
    struct Wall {
        password: bool,
        overlay: bool,
        phrase: bool,
        gate: bool,
        gone: bool,
        menu_chars: u64,
        in_site: bool,
    }
    let wall: Wall = tab.ask("bevara.wall()", READY_LIMIT).await?;
    taken.facts.password_field = wall.password;
    taken.facts.login_overlay = wall.overlay;
    taken.facts.login_phrase = wall.phrase;
    taken.facts.gate = wall.gate;
    taken.facts.says_gone = wall.gone;
    taken.facts.menu_chars = wall.menu_chars;
    taken.facts.in_site = wall.in_site;
    Ok(())
}

async fn images(tab: &mut Tab, taken: &mut Taken) -> Result<(), CdpError> {
    let measure: load::Measure = tab.ask("bevara.measure()", CALL_LIMIT).await?;
    taken.facts.images = measure.images;
    taken.facts.images_loaded = measure.loaded;
    // Pictures that are painted behind something tell only through their requests whether they came.
    let painted: BTreeSet<String> = tab.ask("bevara.backgrounds()", READY_LIMIT).await?;
    let failed = tab.traffic().pictures_failed(&painted);
    taken.facts.images = taken.facts.images.saturating_add(failed);
    Ok(())
}

/// What the traffic says, once the steps are over.
fn observed(tab: &mut Tab, taken: &mut Taken) -> Value {
    let census = tab.targets().census();
    let mut traffic = tab.traffic();
    taken.acts.append(&mut traffic.dialogs);
    taken.facts.requests_failed = traffic.failures();
    taken.facts.tls_failed = traffic.tls_failures();
    if taken.facts.status.is_none() {
        taken.facts.status = traffic.main.status;
    }
    if taken.facts.crashed && taken.facts.obstacle == Some(Reason::TimeoutPage) {
        taken.facts.obstacle = None;
    }
    json!({
        "redirects": traffic.main.redirects,
        "status": traffic.main.status,
        "media_type": traffic.main.mime,
        "tls": traffic.tls,
        "tls_errors": traffic.tls_errors(),
        "error": traffic.main.error,
        "given_up": traffic.given_up(),
        "embeds_unanswered": traffic.embeds_unanswered(),
        "unrecorded": traffic.unrecorded,
        "loads": traffic.loads,
        "targets": census,
        "requests": traffic.requests,
    })
}

/// Everything about how the page was taken, as asked of the browser and observed.
fn provenance(
    taken: &Taken,
    (options, version, request): (&BrowserOptions, &BrowserVersion, &CaptureRequest),
    proxy: &Proxy,
    seen: Option<&Value>,
) -> Value {
    json!({
        "v": 1,
        "bevara": request.origin,
        "browser": {"product": version.product, "user_agent": version.user_agent, "protocol": version.protocol,
            "revision": version.revision, "javascript": version.javascript, "arguments": version.arguments},
        "address": request.url,
        "final_address": taken.address,
        "title": taken.title,
        "document_language": taken.language,
        "environment": taken.environment,
        "options": {"width": options.width, "height": VIEW_HEIGHT, "scale": options.scale, "slowdown": options.slowdown,
            "language": LANGUAGE, "time_zone": ZONE},
        "limits": {"posts": POST_LIMIT, "height": HEIGHT_LIMIT, "width": load::WIDTH_LIMIT, "scroll_seconds": SCROLL_LIMIT.as_secs(),
            "stall_seconds": options.patience.stall.as_secs(), "navigate_seconds": options.patience.navigate.as_secs(),
            "verdict": verdict::LIMITS},
        "allow_addresses": request.allow_addresses,
        "logged_in": request.visit.login().is_some() && !taken.facts.login_missing,
        "acts": taken.acts,
        "segments": taken.shots.segments,
        "paper_percent_of_a4": taken.paper.map(|paper| paper.percent),
        "frames_unread": taken.texts.frames_unread,
        "characters_without_font": taken.texts.unprintable,
        "facts": taken.facts,
        "problem": taken.problem,
        "milliseconds": taken.times,
        "hosts": proxy.contacts(),
        "traffic": seen,
    })
}
