//! Loading and settling. A page is at rest when its height, its posts, its pictures and the requests it waits for have
//! stood still for a while; it is given up on when nothing at all moves forward, not when a clock has run out.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use crate::capture::cdp::CdpError;
use crate::capture::proxy::Obstacle;
use crate::capture::proxy::Proxy;
use crate::capture::tab::{CALL_LIMIT, Tab};
use crate::model::verdict::Reason;

/// How long the main document may take to begin.
pub(crate) const NAVIGATE_LIMIT: Duration = Duration::from_secs(30);
/// How long nothing may move forward before a page is given up on.
pub(crate) const STALL_LIMIT: Duration = Duration::from_secs(8);
/// How long a page may keep moving before it counts as never at rest.
pub(crate) const SETTLE_LIMIT: Duration = Duration::from_secs(90);

/// How long a page must look the same to be at rest: so many looks in a row, with a pause before each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quiet {
    pause: Duration,
    looks: u32,
}

/// After loading, when the page's own timers may bring more.
pub(crate) const AFTER_LOAD: Quiet = Quiet {
    pause: Duration::from_millis(150),
    looks: 4,
};
/// After a change that was made to the page: what follows of it begins within a few frames, and is then waited for.
pub(crate) const AFTER_CHANGE: Quiet = Quiet {
    pause: Duration::from_millis(50),
    looks: 3,
};

/// What the page script measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Measure {
    /// Whether the document has loaded.
    pub(crate) ready: bool,
    /// Height of what scrolls, in CSS pixels.
    pub(crate) height: u32,
    /// How far it is scrolled.
    pub(crate) top: u32,
    /// Height of the part in view.
    pub(crate) view: u32,
    /// Posts in the DOM.
    pub(crate) posts: u32,
    /// Pictures with content.
    pub(crate) images: u32,
    /// Those that have loaded.
    pub(crate) loaded: u32,
}

/// Goes to the address. `Some` is why there is no page there.
pub(crate) async fn navigate(
    tab: &mut Tab,
    proxy: &Proxy,
    url: &str,
) -> Result<Option<Reason>, CdpError> {
    let params = json!({"url": url, "transitionType": "address_bar"});
    let answer = match tab
        .session
        .call("Page.navigate", params, NAVIGATE_LIMIT)
        .await
    {
        Ok(answer) => answer,
        Err(CdpError::TimedOut { .. }) => return Ok(Some(Reason::TimeoutPage)),
        Err(CdpError::Refused { .. }) => return Ok(Some(Reason::NoPage)),
        Err(error) => return Err(error),
    };
    let traffic = tab.traffic();
    let error = answer["errorText"].as_str().unwrap_or_default();
    if !error.is_empty() {
        let asked = if traffic.main.url.is_empty() {
            url
        } else {
            &traffic.main.url
        };
        let obstacle = proxy.contact(asked).and_then(|contact| contact.obstacle);
        return Ok(Some(reason(error, obstacle)));
    }
    let is_page = matches!(
        traffic.main.mime.as_deref(),
        Some("text/html" | "application/xhtml+xml")
    );
    Ok((!is_page || traffic.download).then_some(Reason::NoPage))
}

/// The reason for an error of the browser; what the proxy met is surer than what the browser makes of it.
fn reason(error: &str, obstacle: Option<Obstacle>) -> Reason {
    match obstacle {
        Some(Obstacle::Blocked) => return Reason::Blocked,
        Some(Obstacle::Dns) => return Reason::Dns,
        Some(Obstacle::Refused) => return Reason::Refused,
        None => {}
    }
    let code = error.trim_start_matches("net::");
    match code {
        "ERR_TOO_MANY_REDIRECTS" => Reason::RedirectLoop,
        "ERR_ABORTED"
        | "ERR_INVALID_RESPONSE"
        | "ERR_UNKNOWN_URL_SCHEME"
        | "ERR_UNSAFE_REDIRECT"
        | "ERR_EMPTY_RESPONSE" => Reason::NoPage,
        "ERR_NAME_NOT_RESOLVED" => Reason::Dns,
        "ERR_BLOCKED_BY_CLIENT" | "ERR_BLOCKED_BY_ADMINISTRATOR" | "ERR_UNSAFE_PORT" => {
            Reason::Blocked
        }
        "ERR_HTTP_RESPONSE_CODE_FAILURE" => Reason::Http4xx,
        _ if code.starts_with("ERR_CERT_") || code.starts_with("ERR_SSL_") => Reason::Tls,
        _ => Reason::Refused,
    }
}

/// Waits until the page is at rest. `false` where it was given up on; what it waited for is then waited for no more.
pub(crate) async fn settle(tab: &mut Tab, how: Quiet) -> Result<bool, CdpError> {
    let begun = Instant::now();
    let mut last = Measure::default();
    let mut changed = begun;
    let mut quiet = 0;
    loop {
        let now: Measure = tab.ask("bevara.measure()", CALL_LIMIT).await?;
        let (in_flight, progress) = {
            let traffic = tab.traffic();
            (traffic.in_flight(), traffic.progress)
        };
        if now == last && now.ready && in_flight == 0 {
            quiet += 1;
            if quiet >= how.looks {
                return Ok(true);
            }
        } else {
            quiet = 0;
        }
        if now != last {
            changed = Instant::now();
            last = now;
        }
        let moved = changed.max(progress);
        if moved.elapsed() > STALL_LIMIT || begun.elapsed() > SETTLE_LIMIT {
            tab.traffic().give_up();
            return Ok(false);
        }
        tokio::time::sleep(how.pause).await;
    }
}
