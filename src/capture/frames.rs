//! Frames of other origins: their text is asked of the browser, frame by frame, because the page's own script cannot
//! read it. A frame that does not answer is no reason to lose the page.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::capture::cdp::{CdpError, Session};
use crate::capture::tab::Tab;

/// How long a frame may take.
const FRAME_LIMIT: Duration = Duration::from_secs(5);
/// Frames that are asked.
const MOST: usize = 50;
/// What a frame of some size says.
const TEXT: &str = "innerWidth * innerHeight > 5000 && document.body ? document.body.innerText.slice(0, 1000000) : null";

/// The text of each frame of another origin that is shown and has some.
pub(crate) async fn texts(tab: &mut Tab) -> Result<Vec<String>, CdpError> {
    let mut texts = Vec::new();
    let tree = tab
        .session
        .call("Page.getFrameTree", json!({}), FRAME_LIMIT)
        .await?;
    let main = &tree["frameTree"];
    let mut foreign = Vec::new();
    gather(main, &main["frame"]["securityOrigin"], &mut foreign);
    for frame in foreign.iter().take(MOST) {
        take(&tab.session, frame, &mut texts).await;
    }
    // Frames of other sites live in processes of their own.
    for target in tab.frame_targets().await?.iter().take(MOST) {
        let silent = Arc::new(|_: &Session, _: &str, _: &Value| {});
        match tab.client().attach(target, silent, FRAME_LIMIT).await {
            Ok(session) => {
                take(&session, target, &mut texts).await;
                session.forget();
            }
            Err(error) if error.is_fatal() => return Err(error),
            Err(error) => tracing::debug!(%error, "a frame could not be attached to"),
        }
    }
    Ok(texts)
}

/// Frames below `tree` whose origin is not `own`.
fn gather(tree: &Value, own: &Value, foreign: &mut Vec<String>) {
    for child in tree["childFrames"].as_array().into_iter().flatten() {
        // A document without an address of its own is the page's, and its script has read it.
        let is_own = child["frame"]["url"]
            .as_str()
            .is_none_or(|url| url.is_empty() || url.starts_with("about:"));
        if !is_own && child["frame"]["securityOrigin"] != *own {
            foreign.extend(child["frame"]["id"].as_str().map(str::to_owned));
        }
        gather(child, own, foreign);
    }
}

async fn take(session: &Session, frame: &str, texts: &mut Vec<String>) {
    match text(session, frame).await {
        Ok(text) => texts.extend(text.filter(|text| !text.trim().is_empty())),
        Err(error) => tracing::debug!(%error, "a frame could not be read"),
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
