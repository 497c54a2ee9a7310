//! Frames of other origins: their text is asked of the browser, frame by frame, because the page's own script cannot
//! read it. A frame that does not answer is no reason to lose the page: its scripts are ended, and it is asked once more.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::capture::cdp::{CdpError, Session};
use crate::capture::tab::Tab;
use crate::capture::targets::Targets;

/// How long a frame may take to answer. All processes are asked at once.
const FRAME_LIMIT: Duration = Duration::from_secs(3);
/// Frames that are asked in one process, and processes that are asked.
const MOST: usize = 50;
/// What a frame of some size says.
const TEXT: &str = "innerWidth * innerHeight > 5000 && document.body ? document.body.innerText.slice(0, 1000000) : null";

/// What frames of other origins say.
#[derive(Debug, Default)]
pub(crate) struct Foreign {
    /// The text of each that is shown and has some.
    pub(crate) texts: Vec<String>,
    /// Addresses of those that did not load or answer, or were not asked because there are too many.
    pub(crate) unread: Vec<String>,
}

/// Reads every frame of another origin, at any depth.
pub(crate) async fn read(tab: &Tab) -> Result<Foreign, CdpError> {
    let tree = tab
        .session
        .call("Page.getFrameTree", json!({}), FRAME_LIMIT)
        .await?;
    let main = &tree["frameTree"];
    let mut frames = Vec::new();
    gather(main, Some(&main["frame"]["securityOrigin"]), &mut frames);
    let mut foreign = ask(&tab.session, frames).await;
    // Frames of other sites live in processes of their own, each with frames of its own in it.
    let mut processes = tab.targets().frames();
    let rest = processes.split_off(processes.len().min(MOST));
    let asked = processes
        .iter()
        .map(|(session, address)| of_process(tab.targets(), session, address));
    for one in join_all(asked).await {
        foreign.texts.extend(one.texts);
        foreign.unread.extend(one.unread);
    }
    let unasked = rest.into_iter().map(|(_, address)| address);
    foreign.unread.extend(unasked);
    foreign.unread.extend(tab.traffic().frames_unanswered());
    foreign.unread.sort();
    foreign.unread.dedup();
    Ok(foreign)
}

/// The frames of one process.
async fn of_process(targets: &Targets, session: &Session, address: &str) -> Foreign {
    let frame_tree = || session.call("Page.getFrameTree", json!({}), FRAME_LIMIT);
    let mut tree = frame_tree().await;
    if matches!(tree, Err(CdpError::TimedOut { .. })) {
        targets.stop_silent(session, address);
        tree = frame_tree().await;
    }
    match tree {
        Ok(tree) => {
            let mut frames = Vec::new();
            frames.extend(Frame::of(&tree["frameTree"]));
            gather(&tree["frameTree"], None, &mut frames);
            ask(session, frames).await
        }
        Err(error) => {
            tracing::debug!(%error, "a frame could not be asked");
            Foreign {
                unread: vec![address.to_owned()],
                ..Foreign::default()
            }
        }
    }
}

/// Asks frames of one process, one after the other; one that does not answer is the last that is asked.
async fn ask(session: &Session, frames: Vec<Frame>) -> Foreign {
    let mut foreign = Foreign::default();
    let mut is_silent = false;
    for (number, frame) in frames.into_iter().enumerate() {
        if is_silent || frame.is_error || number >= MOST {
            foreign.unread.push(frame.address);
            continue;
        }
        match text(session, &frame.id).await {
            Ok(text) => foreign
                .texts
                .extend(text.filter(|text| !text.trim().is_empty())),
            Err(error) => {
                tracing::debug!(%error, "a frame could not be read");
                is_silent = error.is_fatal() || matches!(error, CdpError::TimedOut { .. });
                foreign.unread.push(frame.address);
            }
        }
    }
    foreign
}

#[derive(Debug)]
struct Frame {
    id: String,
    address: String,
    /// The browser shows an error of its own in its place.
    is_error: bool,
}

impl Frame {
    fn of(tree: &Value) -> Option<Self> {
        let text = |name: &str| tree["frame"][name].as_str().map(str::to_owned);
        let unreachable = text("unreachableUrl").filter(|url| !url.is_empty());
        Some(Self {
            id: text("id")?,
            is_error: unreachable.is_some(),
            address: unreachable.or_else(|| text("url")).unwrap_or_default(),
        })
    }
}

/// Frames below `tree` in the same process whose origin is not `own`; all of them where none is the page's own.
fn gather(tree: &Value, own: Option<&Value>, foreign: &mut Vec<Frame>) {
    for child in tree["childFrames"].as_array().into_iter().flatten() {
        // A document without an address of its own is the page's, and its script has read it.
        let has_address = child["frame"]["url"]
            .as_str()
            .is_some_and(|url| !url.is_empty() && !url.starts_with("about:"));
        let is_foreign =
            own.is_none_or(|own| has_address && child["frame"]["securityOrigin"] != *own);
        if is_foreign {
            foreign.extend(Frame::of(child));
        }
        gather(child, own, foreign);
    }
}

async fn text(session: &Session, frame: &str) -> Result<Option<String>, CdpError> {
    let params = json!({"frameId": frame, "worldName": "bevara"});
    let made = session
        .call("Page.createIsolatedWorld", params, FRAME_LIMIT)
        .await?;
    let params =
        json!({"expression": TEXT, "contextId": made["executionContextId"], "returnByValue": true});
    let answer = session
        .call("Runtime.evaluate", params, FRAME_LIMIT)
        .await?;
    Ok(answer["result"]["value"].as_str().map(str::to_owned))
}
