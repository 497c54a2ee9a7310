//! To the end of the page: step by step, so that what loads when it is seen does load and posts are collected while
//! they are there; the end is where neither height nor requests move any more. Bounded by posts, pixels and time.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

use crate::capture::cdp::CdpError;
use crate::capture::consent::Act;
use crate::capture::load::{self, Measure, STALL_LIMIT};
use crate::capture::tab::{CALL_LIMIT, Tab};

/// Posts beyond which a page is cut.
pub(crate) const POST_LIMIT: u32 = 5_000;
/// Height in CSS pixels beyond which a page is cut.
pub(crate) const HEIGHT_LIMIT: u32 = 250_000;
/// Time after which a page is cut.
pub(crate) const SCROLL_LIMIT: Duration = Duration::from_mins(15);
/// Pause at each step: a few frames.
const STEP_PAUSE: Duration = Duration::from_millis(50);
/// How often and how long the end must stand still, twice, with a nudge between.
const END_LOOK: Duration = Duration::from_millis(150);
const END_LOOKS: u32 = 5;

/// How the scrolling ended.
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
    /// What was clicked.
    pub(crate) acts: Vec<Act>,
}

#[derive(Debug, Deserialize)]
struct Collected {
    shown: u32,
    full: bool,
}

#[derive(Debug, Deserialize)]
struct Expanded {
    log: Vec<Act>,
    full: bool,
}

/// Scrolls to the end.
pub(crate) async fn to_end(tab: &mut Tab, expand: bool) -> Result<Scrolled, CdpError> {
    let begun = Instant::now();
    let loads = tab.traffic().loads;
    let mut scrolled = Scrolled {
        at_rest: true,
        ..Scrolled::default()
    };
    let mut place: Measure = tab.ask("bevara.scrollTo(0)", CALL_LIMIT).await?;
    loop {
        collect(tab, &mut scrolled).await?;
        scrolled.height_limit = place.height > HEIGHT_LIMIT;
        if scrolled.height_limit || scrolled.post_limit {
            break;
        }
        // Loaded anew: what was collected and clicked is forgotten, and would be clicked for ever.
        if expand && tab.traffic().loads != loads {
            return Ok(scrolled);
        }
        if begun.elapsed() > SCROLL_LIMIT {
            scrolled.at_rest = false;
            break;
        }
        let below = place.height.saturating_sub(place.top + place.view);
        if below > 2 {
            let step = (place.view * 17 / 20).max(100);
            place = go(tab, place.top + step).await?;
            tokio::time::sleep(STEP_PAUSE).await;
            continue;
        }
        let (grown, acts) = at_bottom(tab, &mut scrolled, (place, expand)).await?;
        scrolled.acts.extend(acts);
        match grown {
            Some(now) => place = now,
            None => break,
        }
    }
    tab.ask::<Option<bool>>("(bevara.eager(), null)", CALL_LIMIT)
        .await?;
    scrolled.at_rest &= load::settle(tab).await?;
    collect(tab, &mut scrolled).await?;
    Ok(scrolled)
}

/// Waits at the lower end; `Some` as soon as the page has grown, `None` where it is the end.
async fn at_bottom(
    tab: &mut Tab,
    scrolled: &mut Scrolled,
    (place, expand): (Measure, bool),
) -> Result<(Option<Measure>, Vec<Act>), CdpError> {
    tab.ask::<Option<bool>>("(bevara.eager(), null)", CALL_LIMIT)
        .await?;
    let acts = if expand {
        let expanded: Expanded = tab.ask("bevara.expand()", CALL_LIMIT).await?;
        scrolled.post_limit |= expanded.full;
        expanded.log
    } else {
        Vec::new()
    };
    for nudge in [true, false] {
        if let Some(now) = await_growth(tab, scrolled, place).await? {
            return Ok((Some(now), acts));
        }
        if nudge {
            // Some feeds load only when their end comes into view anew.
            go(tab, place.top.saturating_sub(place.view / 2)).await?;
            tokio::time::sleep(STEP_PAUSE).await;
            let now = go(tab, place.height).await?;
            if now.height != place.height || now.posts != place.posts {
                return Ok((Some(now), acts));
            }
        }
    }
    Ok(((!acts.is_empty()).then_some(place), acts))
}

async fn await_growth(
    tab: &mut Tab,
    scrolled: &mut Scrolled,
    place: Measure,
) -> Result<Option<Measure>, CdpError> {
    let mut quiet = 0;
    let mut last = place;
    let mut changed = Instant::now();
    while quiet < END_LOOKS {
        tokio::time::sleep(END_LOOK).await;
        let now: Measure = tab.ask("bevara.measure()", CALL_LIMIT).await?;
        if now.height > place.height || now.posts > place.posts {
            return Ok(Some(now));
        }
        let (in_flight, progress) = {
            let traffic = tab.traffic();
            (traffic.in_flight(), traffic.progress)
        };
        if now != last {
            changed = Instant::now();
            last = now;
        } else if in_flight == 0 {
            quiet += 1;
            continue;
        }
        quiet = 0;
        if changed.max(progress).elapsed() > STALL_LIMIT {
            tab.traffic().give_up();
            scrolled.at_rest = false;
        }
    }
    Ok(None)
}

async fn go(tab: &mut Tab, top: u32) -> Result<Measure, CdpError> {
    tab.ask(&format!("bevara.scrollTo({top})"), CALL_LIMIT)
        .await
}

async fn collect(tab: &mut Tab, scrolled: &mut Scrolled) -> Result<(), CdpError> {
    let collected: Collected = tab
        .ask(&format!("bevara.collect({POST_LIMIT})"), CALL_LIMIT)
        .await?;
    scrolled.posts_shown = scrolled.posts_shown.max(collected.shown);
    scrolled.post_limit |= collected.full;
    Ok(())
}
