//! To the end of the page: step by step, so that what loads when it is seen does load and posts are collected while
//! they are there; the end is where neither height nor requests move any more. Bounded by posts, pixels and time.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

use crate::capture::cdp::CdpError;
use crate::capture::consent::Act;
use crate::capture::inert;
use crate::capture::listeners;
use crate::capture::load::{self, INERT, Measure, Quiet};
use crate::capture::shadows;
use crate::capture::tab::{CALL_LIMIT, Tab};

/// Posts beyond which a page is cut.
pub(crate) const POST_LIMIT: u32 = 5_000;
/// Height in CSS pixels beyond which a page is cut.
pub(crate) const HEIGHT_LIMIT: u32 = 250_000;
/// Time after which a page is cut.
pub(crate) const SCROLL_LIMIT: Duration = Duration::from_mins(15);
/// Pause at each step of a page that listens to scrolling: a few frames.
const STEP_PAUSE: Duration = Duration::from_millis(50);
/// How often in a row the end must look the same, and how often after a nudge.
const END: [Quiet; 2] = [quiet(10), quiet(5)];
/// The same where the page has grown as it was scrolled: the next part may take its time.
const GROWN: Quiet = quiet(24);
/// How long a page is rested at that has been scrolled back to its top.
const TOP: Quiet = quiet(3);
/// So often the end may have moved without anything new: what slides in when it comes into view moves it each time.
const IDLE: u32 = 5;
/// So many steps in a row that move nothing are the end, whatever lies below.
const STUCK: u32 = 3;
/// The same where the view holds the whole page.
const HELD: Quiet = quiet(2);
/// How long reading or changing a long page may take, with a slow processor.
const READ_LIMIT: Duration = Duration::from_mins(2);

const fn quiet(looks: u32) -> Quiet {
    Quiet {
        looks,
        ..load::AFTER_LOAD
    }
}

/// How the scrolling ended.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an observation of its own"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scrolled {
    /// The end was reached and stood still.
    pub(crate) at_rest: bool,
    /// Cut at the height.
    pub(crate) height_limit: bool,
    /// Cut at the number of posts.
    pub(crate) post_limit: bool,
    /// Posts in the DOM at its fullest.
    pub(crate) posts_shown: u32,
    /// Posts that the page had dropped and that were put back from copies.
    pub(crate) reassembled: u32,
    /// Much of what the page had is not in it any more.
    pub(crate) lost: bool,
    /// What was clicked, forced and put back.
    pub(crate) acts: Vec<Act>,
    /// Posts come and go while the page is scrolled.
    drops: bool,
    /// Posts that are known.
    items: u32,
    /// Its greatest height.
    tallest: u32,
    /// It has grown as it was scrolled.
    grows: bool,
}

impl Scrolled {
    /// Adds what scrolling something else, or again, came to.
    fn and(&mut self, other: Self) {
        self.acts.extend(other.acts);
        self.at_rest &= other.at_rest;
        self.height_limit |= other.height_limit;
        self.post_limit |= other.post_limit;
        self.posts_shown = self.posts_shown.max(other.posts_shown);
        self.drops |= other.drops;
    }

    fn may_go_on(&self) -> bool {
        self.at_rest && !self.height_limit && !self.post_limit
    }
}

#[derive(Debug, Deserialize)]
struct Collected {
    shown: u32,
    items: u32,
    full: bool,
    gone: bool,
}

#[derive(Debug, Deserialize)]
struct Reassembled {
    posts: u32,
    log: Vec<Act>,
}

#[derive(Debug, Deserialize)]
struct Expanded {
    log: Vec<Act>,
    full: bool,
}

/// Scrolls to the end. A page that drops posts on the way is scrolled through once more, slowly, keeping copies of
/// their nodes; at the end what is missing from its DOM is put back from these.
pub(crate) async fn to_end(tab: &mut Tab, expand: bool) -> Result<Scrolled, CdpError> {
    let begun = Instant::now();
    let loads = tab.traffic().loads;
    tab.ask::<bool>("bevara.watch()", CALL_LIMIT).await?;
    let mut scrolled = parts(tab, (begun, loads), expand).await?;
    if tab.traffic().loads != loads {
        return Ok(scrolled);
    }
    if !scrolled.drops && !tab.ask::<bool>("bevara.findFeeds()", READ_LIMIT).await? {
        scrolled.lost = is_lost(tab).await?;
        return Ok(scrolled);
    }
    tab.ask::<bool>("bevara.harvesting(true)", CALL_LIMIT)
        .await?;
    let again = parts(tab, (begun, loads), expand).await?;
    scrolled.and(again);
    tab.ask::<bool>("bevara.harvesting(false)", CALL_LIMIT)
        .await?;
    let put: Reassembled = tab.ask("bevara.reassemble()", READ_LIMIT).await?;
    scrolled.reassembled = put.posts;
    scrolled.acts.extend(put.log);
    if put.posts > 0 {
        scrolled.at_rest &= load::settle(tab, load::AFTER_CHANGE).await?;
        collect(tab, &mut scrolled, true).await?;
    }
    scrolled.lost = is_lost(tab).await?;
    Ok(scrolled)
}

/// Whether much of what was seen on the way is not in the page any more.
async fn is_lost(tab: &mut Tab) -> Result<bool, CdpError> {
    tab.ask("bevara.isLost()", READ_LIMIT).await
}

/// Scrolls the page to its end, and then each of its parts that can be scrolled by itself.
async fn parts(
    tab: &mut Tab,
    (begun, loads): (Instant, u32),
    expand: bool,
) -> Result<Scrolled, CdpError> {
    tab.ask::<bool>("bevara.firstPart()", CALL_LIMIT).await?;
    let mut scrolled = pass(tab, (begun, loads), expand).await?;
    while scrolled.may_go_on()
        && tab.traffic().loads == loads
        && tab.ask::<bool>("bevara.nextPart()", READ_LIMIT).await?
    {
        let part = pass(tab, (begun, loads), expand).await?;
        scrolled.and(part);
    }
    Ok(scrolled)
}

/// Scrolls from the top to the end.
async fn pass(
    tab: &mut Tab,
    (begun, loads): (Instant, u32),
    expand: bool,
) -> Result<Scrolled, CdpError> {
    let mut scrolled = Scrolled {
        at_rest: true,
        ..Scrolled::default()
    };
    unlock(tab, &mut scrolled).await?;
    let at_end = loop {
        let Some(at_end) = down(tab, &mut scrolled, (begun, loads), expand).await? else {
            return Ok(scrolled);
        };
        if !at_end || !up(tab, &mut scrolled, begun).await? {
            break at_end;
        }
    };
    // At its end the page has been seen to stand still, with its pictures asked for.
    if !at_end {
        ask_for_pictures(tab, &mut scrolled).await?;
        scrolled.at_rest &= load::settle(tab, load::AFTER_LOAD).await?;
    }
    shadows::reveal(tab).await?;
    collect(tab, &mut scrolled, true).await?;
    Ok(scrolled)
}

/// Back to the top: feeds whose newest stand at the lower end get what is older there. Whether anything came.
async fn up(tab: &mut Tab, scrolled: &mut Scrolled, begun: Instant) -> Result<bool, CdpError> {
    let mut any = false;
    loop {
        let place = go(tab, 0).await?;
        let is_beyond = place.height > HEIGHT_LIMIT || begun.elapsed() > SCROLL_LIMIT;
        if is_beyond || place.height <= place.view || inert::is_inert(tab).await? {
            return Ok(any);
        }
        let Some(now) = await_growth(tab, scrolled, (place, TOP)).await? else {
            return Ok(any);
        };
        if now.height <= scrolled.tallest {
            return Ok(any);
        }
        any = true;
        scrolled.tallest = now.height;
    }
}

/// From the top to the lower end. `None` where the page was loaded anew; whether the end was reached and stood still.
async fn down(
    tab: &mut Tab,
    scrolled: &mut Scrolled,
    (begun, loads): (Instant, u32),
    expand: bool,
) -> Result<Option<bool>, CdpError> {
    let mut place = go(tab, 0).await?;
    let mut stuck = 0;
    let mut peak = (place.height, place.posts, scrolled.items);
    let mut idle = 0;
    let mut hears = listeners::hears_scrolling(tab).await?;
    let at_end = loop {
        collect(tab, scrolled, false).await?;
        scrolled.height_limit = place.height > HEIGHT_LIMIT;
        if scrolled.height_limit || scrolled.post_limit {
            break false;
        }
        // Loaded anew: what was collected and clicked is forgotten, and would be clicked for ever.
        if expand && tab.traffic().loads != loads {
            return Ok(None);
        }
        if begun.elapsed() > SCROLL_LIMIT {
            scrolled.at_rest = false;
            break false;
        }
        // What a click draws is drawn by the next step.
        if expand && open(tab, scrolled, false).await? {
            place = tab.ask("bevara.measure()", CALL_LIMIT).await?;
        }
        let below = place.height.saturating_sub(place.top + place.view);
        if below > 2 {
            let next = step(tab, place, (scrolled.drops, hears)).await?;
            let moved = next.top > place.top || next.height > place.height;
            stuck = if moved { 0 } else { stuck + 1 };
            place = next;
            if stuck < STUCK {
                continue;
            }
            // What keeps it from being scrolled may have come meanwhile, with what lies over the page.
            stuck = 0;
            if unlock(tab, scrolled).await? {
                continue;
            }
            scrolled.at_rest = false;
            break false;
        }
        scrolled.tallest = scrolled.tallest.max(place.height);
        let Some(now) = at_bottom(tab, scrolled, (place, expand)).await? else {
            break true;
        };
        place = now;
        let best = (
            place.height.max(peak.0),
            place.posts.max(peak.1),
            scrolled.items.max(peak.2),
        );
        scrolled.grows |= best != peak;
        idle = if best == peak { idle + 1 } else { 0 };
        peak = best;
        scrolled.tallest = scrolled.tallest.max(best.0);
        if idle > IDLE {
            break true;
        }
        hears = listeners::hears_scrolling(tab).await?;
    };
    Ok(Some(at_end))
}

/// Lets a page be scrolled that something lying over it has locked; whether it had.
async fn unlock(tab: &mut Tab, scrolled: &mut Scrolled) -> Result<bool, CdpError> {
    let acts: Vec<Act> = tab.ask("bevara.unlock()", CALL_LIMIT).await?;
    let any = !acts.is_empty();
    scrolled.acts.extend(acts);
    Ok(any)
}

/// One step down. Where posts come and go, a shorter one, and what is to be drawn there is waited for.
async fn step(
    tab: &mut Tab,
    place: Measure,
    (slowly, hears): (bool, bool),
) -> Result<Measure, CdpError> {
    let share = if slowly { 10 } else { 17 };
    let down = (place.view * share / 20).max(100);
    let mut now = go(tab, place.top + down).await?;
    if slowly || hears {
        tokio::time::sleep(STEP_PAUSE).await;
    }
    let begun = Instant::now();
    while slowly && begun.elapsed() < tab.patience.stall {
        let before = now;
        now = tab.ask("bevara.measure()", CALL_LIMIT).await?;
        let is_quiet = now == before && now.loaded == now.images && tab.traffic().in_flight() == 0;
        if is_quiet && !tab.ask::<bool>("bevara.isPending()", CALL_LIMIT).await? {
            break;
        }
        tokio::time::sleep(STEP_PAUSE).await;
    }
    Ok(now)
}

/// Asks for the pictures that wait to be scrolled to.
async fn ask_for_pictures(tab: &mut Tab, scrolled: &mut Scrolled) -> Result<(), CdpError> {
    let forced: Vec<Act> = tab.ask("bevara.eager()", READ_LIMIT).await?;
    scrolled.acts.extend(forced);
    Ok(())
}

/// Clicks what shows more of the same page, and waits for it to be drawn where asked; whether anything was clicked.
async fn open(tab: &mut Tab, scrolled: &mut Scrolled, draws: bool) -> Result<bool, CdpError> {
    let expression = format!("bevara.expand({draws})");
    let Some(expanded): Option<Expanded> = tab.ask_once(&expression, READ_LIMIT).await? else {
        scrolled.acts.push(Act {
            action: "expanded".to_owned(),
            element: String::new(),
            label: "(the page was loaded anew by it)".to_owned(),
        });
        return Ok(true);
    };
    scrolled.post_limit |= expanded.full;
    let any = !expanded.log.is_empty();
    scrolled.acts.extend(expanded.log);
    Ok(any)
}

/// Waits at the lower end; `Some` as soon as the page has grown, `None` where it is the end.
async fn at_bottom(
    tab: &mut Tab,
    scrolled: &mut Scrolled,
    (place, expand): (Measure, bool),
) -> Result<Option<Measure>, CdpError> {
    ask_for_pictures(tab, scrolled).await?;
    let clicked = expand && open(tab, scrolled, true).await?;
    if !clicked && inert::is_inert(tab).await? {
        return await_growth(tab, scrolled, (place, INERT)).await;
    }
    // A page that the view holds whole has stood still in it already, and no nudge can move it.
    if place.height <= place.view && !clicked {
        return await_growth(tab, scrolled, (place, HELD)).await;
    }
    let [first, second] = END;
    let first = if scrolled.grows { GROWN } else { first };
    if let Some(now) = await_growth(tab, scrolled, (place, first)).await? {
        return Ok(Some(now));
    }
    // Some feeds load only when their end comes into view anew.
    go(tab, place.top.saturating_sub(place.view / 2)).await?;
    tokio::time::sleep(STEP_PAUSE).await;
    let now = go(tab, place.height).await?;
    if now.height != place.height || now.posts > place.posts {
        return Ok(Some(now));
    }
    if let Some(now) = await_growth(tab, scrolled, (place, second)).await? {
        return Ok(Some(now));
    }
    // A button that has done nothing yet, though nothing is on its way any more.
    let clicked = clicked || (expand && open(tab, scrolled, true).await?);
    Ok(clicked.then_some(place))
}

/// Looks until the page has grown, or has looked the same so many times in a row.
async fn await_growth(
    tab: &mut Tab,
    scrolled: &mut Scrolled,
    (place, rest): (Measure, Quiet),
) -> Result<Option<Measure>, CdpError> {
    let look = format!("bevara.grown({}, {})", place.height, rest.pause.as_millis());
    let begun = Instant::now();
    let mut quiet = 0;
    let mut idle = 0;
    let mut last = place;
    let mut changed = begun;
    // A page may ask for something from time to time for ever.
    while quiet < rest.looks && idle < load::IDLE_FOR * rest.looks {
        let now: Measure = tab.ask(&look, CALL_LIMIT).await?;
        if now.height > place.height || now.posts > place.posts {
            return Ok(Some(now));
        }
        let (in_flight, progress) = {
            let mut traffic = tab.traffic();
            (traffic.in_flight(), traffic.progress)
        };
        // Lower than it was, it has not grown: a line that changes its length makes it so again and again.
        let now = Measure {
            height: place.height,
            top: place.top,
            ..now
        };
        if now != last {
            changed = Instant::now();
            last = now;
            idle = 0;
        } else if in_flight == 0 {
            quiet += 1;
            idle += 1;
            continue;
        }
        quiet = 0;
        let is_endless = begun.elapsed() > load::SETTLE_LIMIT;
        if is_endless || changed.max(progress).elapsed() > tab.patience.stall {
            tab.traffic().give_up();
            scrolled.at_rest = false;
        }
        if is_endless {
            break;
        }
    }
    Ok(None)
}

async fn go(tab: &mut Tab, top: u32) -> Result<Measure, CdpError> {
    tab.ask(&format!("bevara.scrollTo({top})"), CALL_LIMIT)
        .await
}

async fn collect(tab: &mut Tab, scrolled: &mut Scrolled, anew: bool) -> Result<(), CdpError> {
    let collected: Collected = tab
        .ask(&format!("bevara.collect({POST_LIMIT}, {anew})"), READ_LIMIT)
        .await?;
    scrolled.posts_shown = scrolled.posts_shown.max(collected.shown);
    scrolled.post_limit |= collected.full;
    scrolled.drops |= collected.gone;
    scrolled.items = scrolled.items.max(collected.items);
    Ok(())
}
