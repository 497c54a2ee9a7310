//! A window in which a person logs in, in a context of its own that is gone afterwards. What it held of the site's cookies
//! when the window was closed is the login; nothing is typed, read or clicked for the person.

use std::time::Duration;

use serde_json::json;
use tokio::sync::oneshot;
use tokio::time::Instant as Moment;

use crate::capture::cdp::{CdpError, Client};
use crate::capture::guard::{Cidr, CidrError};
use crate::capture::launcher::{Look, Process};
use crate::capture::login::{Login, Site};
use crate::capture::proxy::Proxy;
use crate::capture::tab::CALL_LIMIT;
use crate::capture::{BrowserError, BrowserOptions, VIEW_HEIGHT, lost};
use crate::model::time::Instant;

/// Between two looks at whether the window is still there.
const LOOK: Duration = Duration::from_millis(500);
/// How long a window stays that nobody closes.
const OPEN_LIMIT: Duration = Duration::from_hours(1);

/// Where a person is to log in.
#[derive(Clone, Debug)]
pub struct LoginOrder {
    /// The page that is opened.
    pub url: String,
    /// What the login is for.
    pub site: Site,
    /// Private networks that may be reached, as CIDR.
    pub allow_addresses: Vec<String>,
    /// The time now.
    pub now: Instant,
}

/// Opens the window and waits until the person has closed it, or says `done`. Gives what the browser then held of the
/// site, which may be nothing.
pub async fn log_in(
    options: &BrowserOptions,
    order: &LoginOrder,
    done: oneshot::Receiver<()>,
) -> Result<Login, BrowserError> {
    let allowed = order
        .allow_addresses
        .iter()
        .map(|network| network.parse())
        .collect::<Result<Vec<Cidr>, CidrError>>()?;
    let proxy = Proxy::start(Some(allowed))
        .await
        .map_err(|source| BrowserError::Start {
            message: source.to_string(),
        })?;
    let process = Process::start(options, Look::Window).await?;
    let login = match Client::connect(&process.url).await {
        Ok(client) => wait(&client, &proxy.url(), (options.width, order), done).await,
        Err(error) => Err(error),
    };
    process.end().await;
    login.map_err(lost)
}

async fn wait(
    client: &Client,
    proxy: &str,
    (width, order): (u32, &LoginOrder),
    mut done: oneshot::Receiver<()>,
) -> Result<Login, CdpError> {
    let params =
        json!({"disposeOnDetach": true, "proxyServer": proxy, "proxyBypassList": "<-loopback>"});
    let made = client
        .call("Target.createBrowserContext", params, CALL_LIMIT)
        .await?;
    let context = made["browserContextId"].as_str().unwrap_or_default();
    let params = json!({"url": order.url, "browserContextId": context, "newWindow": true, "width": width, "height": VIEW_HEIGHT});
    client
        .call("Target.createTarget", params, CALL_LIMIT)
        .await?;
    let opened = Moment::now();
    // Whoever cannot say that they are done closes the window.
    let mut may_say = true;
    loop {
        let login = Login::of(client, context, &order.site, order.now).await?;
        let mut ended = opened.elapsed() > OPEN_LIMIT;
        tokio::select! {
            said = &mut done, if may_say => {
                ended |= said.is_ok();
                may_say = false;
            }
            () = tokio::time::sleep(LOOK) => {}
        }
        let look = async {
            ended |= !has_window(client, context).await?;
            // The last word: closing the window may have taken cookies along that were its own.
            if ended {
                return Login::of(client, context, &order.site, order.now)
                    .await
                    .map(Some);
            }
            Ok(None)
        };
        match look.await {
            Ok(Some(login)) => return Ok(login),
            Ok(None) => {}
            // The whole browser was closed, and not its window: what it held a moment ago counts.
            Err(CdpError::Closed) => return Ok(login),
            Err(error) => return Err(error),
        }
    }
}

/// Whether a window or tab of the context is open.
async fn has_window(client: &Client, context: &str) -> Result<bool, CdpError> {
    let answer = client
        .call("Target.getTargets", json!({}), CALL_LIMIT)
        .await?;
    let mut targets = answer["targetInfos"].as_array().into_iter().flatten();
    Ok(targets.any(|one| one["type"] == "page" && one["browserContextId"] == context))
}
