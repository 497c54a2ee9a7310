//! Loading and settling. A page is at rest when its height, its posts, its pictures and the requests it waits for have
//! stood still for a while; it is given up on when nothing at all moves forward, not when a clock has run out.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use crate::capture::cdp::CdpError;
use crate::capture::inert;
use crate::capture::proxy::Obstacle;
use crate::capture::proxy::Proxy;
use crate::capture::tab::{CALL_LIMIT, Tab};
use crate::capture::tls;
use crate::capture::traffic::MainDocument;
use crate::model::verdict::Reason;

/// How long a page may keep moving before it counts as never at rest.
pub(crate) const SETTLE_LIMIT: Duration = Duration::from_secs(90);
/// So many times as many looks as a rest takes, and nothing changed in any: what is asked for between them, as a page does
/// that counts its visitors, changes nothing.
pub(crate) const IDLE_FOR: u32 = 5;
/// Width in CSS pixels beyond which a page is cut.
pub(crate) const WIDTH_LIMIT: u32 = 8_000;
/// How long a long page may take to be laid out anew.
const LONG_LIMIT: Duration = Duration::from_mins(1);

/// How long the browser may take to tell of certificates that it refused. There are none where the handshake failed.
const CERTIFICATES_LIMIT: Duration = Duration::from_secs(2);

/// How long a page must look the same to be at rest: so many looks in a row, with a pause before each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quiet {
    /// Before each look.
    pub(crate) pause: Duration,
    /// How many in a row must show the same.
    pub(crate) looks: u32,
    /// Whether a page that nothing can act in needs no more than [`INERT`]; where scripts are off that cannot be asked.
    pub(crate) may_shorten: bool,
}

/// After loading, when the page's own timers may bring more.
pub(crate) const AFTER_LOAD: Quiet = Quiet {
    pause: Duration::from_millis(150),
    looks: 4,
    may_shorten: true,
};
/// After a change that was made to the page: what follows of it begins within a few frames, and is then waited for.
pub(crate) const AFTER_CHANGE: Quiet = Quiet {
    pause: Duration::from_millis(50),
    looks: 3,
    may_shorten: true,
};
/// The same once scripts are off.
pub(crate) const WITHOUT_SCRIPTS: Quiet = Quiet {
    may_shorten: false,
    ..AFTER_CHANGE
};

/// Where nothing can act in the page: drawn it has been then, and only what was asked for may come.
pub(crate) const INERT: Quiet = Quiet {
    pause: Duration::from_millis(20),
    looks: 1,
    may_shorten: true,
};
/// Between two looks at a page that still loads.
const LOADING_LOOK: Duration = Duration::from_millis(50);

/// What the page script measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Measure {
    /// Whether the document has been read to its end.
    pub(crate) parsed: bool,
    /// Whether the document has loaded, with everything in it, its frames too.
    pub(crate) ready: bool,
    /// Height of what scrolls, in CSS pixels.
    pub(crate) height: u32,
    /// How far it is scrolled.
    pub(crate) top: u32,
    /// Height of the part in view.
    pub(crate) view: u32,
    /// Posts in the DOM.
    pub(crate) posts: u32,
    /// Whether the page has nothing else yet than that something is to come.
    pub(crate) busy: bool,
    /// Pictures with content.
    pub(crate) images: u32,
    /// Those that have loaded.
    pub(crate) loaded: u32,
}

/// How far the page goes sideways, in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Extent {
    /// Where it begins, counted from the left edge of all there is.
    pub(crate) x: u32,
    /// The same, counted from the left edge of the view at rest: below 0 on a page that is written from right to left.
    pub(crate) left: i32,
    /// How wide it is; the view's width at least.
    pub(crate) width: u32,
    /// Text is seen beyond the bound on width.
    pub(crate) cut: bool,
}

/// Measures how far the page goes sideways, up to the bound on width.
pub(crate) async fn extent(tab: &mut Tab) -> Result<Extent, CdpError> {
    tab.ask(&format!("bevara.extent({WIDTH_LIMIT})"), LONG_LIMIT)
        .await
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
        .call("Page.navigate", params, tab.patience.navigate)
        .await
    {
        Ok(answer) => answer,
        Err(CdpError::TimedOut { .. }) => return Ok(Some(Reason::TimeoutPage)),
        Err(CdpError::Refused { .. }) => return Ok(Some(Reason::NoPage)),
        Err(error) => return Err(error),
    };
    let error = answer["errorText"].as_str().unwrap_or_default();
    if !error.is_empty() {
        let reason = why(&tab.traffic().main, proxy, (url, error));
        if reason == Reason::Tls {
            certificates(tab).await;
        }
        return Ok(Some(reason));
    }
    let traffic = tab.traffic();
    let is_page = matches!(
        traffic.main.mime.as_deref(),
        Some("text/html" | "application/xhtml+xml")
    );
    Ok((!is_page || traffic.download).then_some(Reason::NoPage))
}

/// Why there is none of the site's pages at `address`, where the page that was loaded has led by itself; `None` where
/// there is one. The browser shows a page of its own where it could not load one.
pub(crate) async fn astray(tab: &Tab, proxy: &Proxy, address: &str) -> Option<Reason> {
    let is_web = ["http:", "https:", "blob:"]
        .iter()
        .any(|scheme| address.starts_with(scheme));
    if is_web {
        return None;
    }
    let main = tab.traffic().main.clone();
    let reason = match &main.error {
        Some(error) => why(&main, proxy, (&main.url, error)),
        None => Reason::NoPage,
    };
    if reason == Reason::Tls {
        certificates(tab).await;
    }
    Some(reason)
}

/// Why the browser's request for `url`, or for what it was redirected to, ended in `error`.
fn why(main: &MainDocument, proxy: &Proxy, (url, error): (&str, &str)) -> Reason {
    let asked = if main.url.is_empty() { url } else { &main.url };
    let obstacle = proxy.contact(asked).and_then(|contact| contact.obstacle);
    reason(error, main.status, obstacle)
}

/// Waits until the browser has told of the certificates that it refused: it does so as it shows its own page about them.
async fn certificates(tab: &Tab) {
    let begun = Instant::now();
    while tab.traffic().tls.is_none() && begun.elapsed() < CERTIFICATES_LIMIT {
        tokio::time::sleep(AFTER_CHANGE.pause).await;
    }
}

/// The reason for an error of the browser (Chromium's `net_error_list.h`); what the proxy met is surer than what the
/// browser makes of it.
fn reason(error: &str, status: Option<u16>, obstacle: Option<Obstacle>) -> Reason {
    match obstacle {
        Some(Obstacle::Blocked) => return Reason::Blocked,
        Some(Obstacle::Dns) => return Reason::Dns,
        Some(Obstacle::Refused) => return Reason::Refused,
        None => {}
    }
    let code = error.trim_start_matches("net::");
    let begins = |words: &[&str]| words.iter().any(|word| code.starts_with(word));
    match code {
        "ERR_TOO_MANY_REDIRECTS" => Reason::RedirectLoop,
        "ERR_NAME_NOT_RESOLVED" => Reason::Dns,
        "ERR_BLOCKED_BY_CLIENT" | "ERR_BLOCKED_BY_ADMINISTRATOR" | "ERR_UNSAFE_PORT" => {
            Reason::Blocked
        }
        // An answer of 400 or more without a body.
        "ERR_HTTP_RESPONSE_CODE_FAILURE" => match status {
            Some(400..=499) => Reason::Http4xx,
            Some(500..=599) => Reason::Http5xx,
            _ => Reason::NoPage,
        },
        _ if tls::is_error(code) => Reason::Tls,
        // Somebody answered, but nothing that is a page.
        "ERR_ABORTED" | "ERR_UNKNOWN_URL_SCHEME" | "ERR_UNSAFE_REDIRECT" => Reason::NoPage,
        _ if begins(&[
            "ERR_INVALID_",
            "ERR_EMPTY_RESPONSE",
            "ERR_RESPONSE_",
            "ERR_CONTENT_",
            "ERR_INCOMPLETE_",
            "ERR_BLOCKED_BY_",
            "ERR_HTTP2_",
        ]) =>
        {
            Reason::NoPage
        }
        _ => Reason::Refused,
    }
}

/// A page that says it will lead elsewhere by then is waited for.
const REFRESH_LIMIT: Duration = Duration::from_secs(10);
/// How long it is waited between two looks.
const REFRESH_LOOK: Duration = Duration::from_millis(100);

/// Waits for a page that says it will lead elsewhere by itself, and soon. Whether it did: something was loaded since
/// there had been so many `loads`.
pub(crate) async fn moved_on(tab: &Tab, loads: u32) -> bool {
    let announced = tab.traffic().refresh;
    let Some(refresh) = announced.filter(|refresh| refresh.after <= REFRESH_LIMIT) else {
        return false;
    };
    let until = refresh.due + tab.patience.stall;
    while tab.traffic().loads == loads && Instant::now() < until {
        tokio::time::sleep(REFRESH_LOOK).await;
    }
    tab.traffic().loads != loads
}

/// Waits until the page is at rest. `false` where it was given up on; what it waited for is then waited for no more.
pub(crate) async fn settle(tab: &mut Tab, how: Quiet) -> Result<bool, CdpError> {
    let begun = Instant::now();
    let mut rest = how;
    let mut last = Measure::default();
    let mut changed = begun;
    let mut quiet = 0;
    let mut idle = 0;
    loop {
        let now: Measure = tab.ask("bevara.measure()", CALL_LIMIT).await?;
        let (in_flight, progress, held, awaits_socket) = {
            let mut traffic = tab.traffic();
            let in_flight = traffic.in_flight();
            let (held, socket) = (traffic.is_held_by_embed(), traffic.awaits_socket());
            (in_flight, traffic.progress, held, socket && now.posts == 0)
        };
        let is_there = now.ready || (now.parsed && held);
        let has_come = is_there && in_flight == 0 && !now.busy && !awaits_socket;
        if now == last && has_come {
            quiet += 1;
            idle += 1;
            if quiet >= rest.looks || idle >= IDLE_FOR * rest.looks {
                return Ok(true);
            }
        } else {
            quiet = 0;
        }
        if now != last {
            changed = Instant::now();
            idle = 0;
            last = now;
        }
        let moved = changed.max(progress);
        if moved.elapsed() > tab.patience.stall || begun.elapsed() > SETTLE_LIMIT {
            tab.traffic().give_up();
            return Ok(false);
        }
        let mut pause = LOADING_LOOK.min(how.pause);
        if has_come {
            if how.may_shorten && quiet == 0 {
                rest = if inert::is_inert(tab).await? {
                    INERT
                } else {
                    how
                };
            }
            pause = rest.pause;
        }
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_browser_have_their_reasons() {
        for (error, expected) in [
            ("net::ERR_TOO_MANY_REDIRECTS", Reason::RedirectLoop),
            ("net::ERR_NAME_NOT_RESOLVED", Reason::Dns),
            ("net::ERR_UNSAFE_PORT", Reason::Blocked),
            ("net::ERR_CERT_AUTHORITY_INVALID", Reason::Tls),
            ("net::ERR_CERTIFICATE_TRANSPARENCY_REQUIRED", Reason::Tls),
            ("net::ERR_SSL_VERSION_OR_CIPHER_MISMATCH", Reason::Tls),
            ("net::ERR_BAD_SSL_CLIENT_AUTH_CERT", Reason::Tls),
            ("net::ERR_ABORTED", Reason::NoPage),
            ("net::ERR_EMPTY_RESPONSE", Reason::NoPage),
            ("net::ERR_INVALID_HTTP_RESPONSE", Reason::NoPage),
            (
                "net::ERR_RESPONSE_HEADERS_MULTIPLE_LOCATION",
                Reason::NoPage,
            ),
            ("net::ERR_CONTENT_DECODING_FAILED", Reason::NoPage),
            ("net::ERR_INCOMPLETE_CHUNKED_ENCODING", Reason::NoPage),
            ("net::ERR_BLOCKED_BY_RESPONSE", Reason::NoPage),
            ("net::ERR_HTTP2_PROTOCOL_ERROR", Reason::NoPage),
            ("net::ERR_CONNECTION_RESET", Reason::Refused),
            ("net::ERR_CONNECTION_TIMED_OUT", Reason::Refused),
            ("net::ERR_TUNNEL_CONNECTION_FAILED", Reason::Refused),
        ] {
            assert_eq!(reason(error, None, None), expected, "{error}");
        }
    }

    #[test]
    fn an_error_without_a_body_is_what_its_status_says() {
        for (status, expected) in [
            (Some(404), Reason::Http4xx),
            (Some(499), Reason::Http4xx),
            (Some(500), Reason::Http5xx),
            (Some(503), Reason::Http5xx),
            (Some(600), Reason::NoPage),
            (None, Reason::NoPage),
        ] {
            let error = "net::ERR_HTTP_RESPONSE_CODE_FAILURE";
            assert_eq!(reason(error, status, None), expected, "{status:?}");
        }
    }

    #[test]
    fn what_the_proxy_met_is_surer_than_what_the_browser_says() {
        for (obstacle, expected) in [
            (Obstacle::Blocked, Reason::Blocked),
            (Obstacle::Dns, Reason::Dns),
            (Obstacle::Refused, Reason::Refused),
        ] {
            for error in [
                "net::ERR_EMPTY_RESPONSE",
                "net::ERR_TUNNEL_CONNECTION_FAILED",
            ] {
                assert_eq!(reason(error, None, Some(obstacle)), expected);
            }
        }
    }
}
