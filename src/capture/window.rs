//! A window in which a person logs in, in a context of its own that is gone afterwards. What it held of the site's cookies
//! when the window was closed, and what the site had stored, is the login; nothing is typed or clicked for the person.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use tokio::sync::oneshot;
use tokio::time::Instant as Moment;

use crate::capture::cdp::{CdpError, Client, Session};
use crate::capture::guard::{Cidr, CidrError};
use crate::capture::launcher::{Look, Process};
use crate::capture::login::{Login, Site, Watch};
use crate::capture::proxy::Proxy;
use crate::capture::tab::CALL_LIMIT;
use crate::capture::{BrowserError, BrowserOptions, VIEW_HEIGHT, lost};
use crate::model::time::Instant;

/// Between two looks at whether the window is still there.
const LOOK: Duration = Duration::from_millis(500);
/// How long a page may take to tell what it stores: one whose script computes, or waits for its person, does not.
const STORED_LIMIT: Duration = Duration::from_secs(2);
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
    let params = json!({"url": "about:blank", "browserContextId": context, "newWindow": true, "width": width, "height": VIEW_HEIGHT});
    let made = client
        .call("Target.createTarget", params, CALL_LIMIT)
        .await?;
    let first = made["targetId"].as_str().unwrap_or_default();
    let opened = Moment::now();
    let mut watch = Watch::new(order.site.clone(), order.now);
    let mut heard = BTreeSet::new();
    let page = hear(client, &watch, &mut heard, (first, "")).await?;
    // What does not load is for the person in front of it to see.
    page.post("Page.navigate", &json!({"url": order.url}));
    // Whoever cannot say that they are done closes the window.
    let mut may_say = true;
    loop {
        let mut ended = opened.elapsed() > OPEN_LIMIT;
        tokio::select! {
            said = &mut done, if may_say => {
                ended |= said.is_ok();
                may_say = false;
            }
            () = tokio::time::sleep(LOOK) => {}
        }
        match look(client, context, &mut watch, &mut heard).await {
            Ok(is_open) if ended || !is_open => return Ok(watch.end()),
            Ok(_) => {}
            // The whole browser was closed, and not its window: what it held a moment ago counts.
            Err(CdpError::Closed) => return Ok(watch.end()),
            Err(error) => return Err(error),
        }
    }
}

/// Looks at what the context holds now, and says whether a window or tab of it is open.
async fn look(
    client: &Client,
    context: &str,
    watch: &mut Watch,
    heard: &mut BTreeSet<String>,
) -> Result<bool, CdpError> {
    let answer = client
        .call("Target.getTargets", json!({}), CALL_LIMIT)
        .await?;
    let mut is_open = false;
    for one in answer["targetInfos"].as_array().into_iter().flatten() {
        if one["type"] != "page" || one["browserContextId"] != context {
            continue;
        }
        is_open = true;
        let (Some(id), Some(url)) = (one["targetId"].as_str(), one["url"].as_str()) else {
            continue;
        };
        if heard.contains(id) {
            continue;
        }
        match hear(client, watch, heard, (id, url)).await {
            Err(CdpError::Closed) => return Err(CdpError::Closed),
            // It was closed, or went elsewhere, just now.
            Err(error) => tracing::debug!(%error, "a page does not tell what it stores"),
            Ok(_) => {}
        }
    }
    // After the pages: closing a window may have taken cookies along that were its own.
    watch.cookies(client, context).await?;
    Ok(is_open)
}

/// Hears what a page stores.
async fn hear(
    client: &Client,
    watch: &Watch,
    heard: &mut BTreeSet<String>,
    (id, address): (&str, &str),
) -> Result<Session, CdpError> {
    let page = client.attach(id, watch.listener(), CALL_LIMIT).await?;
    heard.insert(id.to_owned());
    watch.page(&page, address, STORED_LIMIT).await?;
    Ok(page)
}
