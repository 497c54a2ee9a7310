//! Whether a page listens to being scrolled. One that does not is told of it by the browser (`IntersectionObserver`), with
//! the next frame: nothing is gained by staying longer at a place. One that does may take its time.

use serde_json::{Value, json};

use crate::capture::cdp::CdpError;
use crate::capture::tab::{CALL_LIMIT, SOURCE, Tab};

/// What is held while it is asked, by this name.
const GROUP: &str = "bevara";

/// Whether a script listens to the scrolling of what is scrolled. Where it cannot be told, one does.
pub(crate) async fn hears_scrolling(tab: &mut Tab) -> Result<bool, CdpError> {
    // The scrolling of an element of its own may be heard anywhere above it.
    if tab.ask("bevara.scrollsInside()", CALL_LIMIT).await? {
        return Ok(true);
    }
    // That of the document is told to it and to the window, and neither name can be given to anything else.
    for target in ["document", "window"] {
        match listens(tab, target).await {
            Ok(false) => {}
            Ok(true) => return Ok(true),
            Err(error) if error.is_fatal() => return Err(error),
            Err(error) => {
                tracing::debug!(%error, "listeners could not be asked for");
                return Ok(true);
            }
        }
    }
    Ok(false)
}

async fn listens(tab: &Tab, target: &str) -> Result<bool, CdpError> {
    let named = format!("{target}\n//# sourceURL={SOURCE}");
    let params = json!({"expression": named, "objectGroup": GROUP});
    let found = tab
        .session
        .call("Runtime.evaluate", params, CALL_LIMIT)
        .await?;
    let params = json!({"objectId": found["result"]["objectId"]});
    let heard = tab
        .session
        .call("DOMDebugger.getEventListeners", params, CALL_LIMIT)
        .await?;
    tab.session
        .post("Runtime.releaseObjectGroup", &json!({"objectGroup": GROUP}));
    Ok(are_of_scrolling(&heard["listeners"]))
}

fn are_of_scrolling(listeners: &Value) -> bool {
    let mut all = listeners.as_array().into_iter().flatten();
    all.any(|one| one["type"] == "scroll" || one["type"] == "scrollend")
}
