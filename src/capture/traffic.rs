//! What a page asks for and gets, from the browser's network events: requests in flight, redirects, failures, and the
//! answer to the main document; those of its frames of other sites and of its workers too. Addresses stay in
//! `requests.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::capture::tls::{self, Tls};

use crate::capture::consent::Act;

/// How many requests are recorded one by one.
const RECORD_LIMIT: usize = 20_000;
/// How many dialogs are recorded one by one, and how much of what each says.
const DIALOG_LIMIT: usize = 1_000;
const LABEL_LIMIT: usize = 100;

/// How much of a long address is recorded.
const URL_LIMIT: usize = 4096;

/// How long an answered call of a script must be silent to count as ended.
const SILENCE: Duration = Duration::from_secs(1);
/// How long a request of an embed may be silent before it is waited for no more.
const EMBED_SILENCE: Duration = Duration::from_secs(3);
/// How long a page waits for its embeds alone, all in all.
const EMBED_LIMIT: Duration = Duration::from_secs(30);
/// How long a page that has no posts yet waits for those that a socket may bring.
const SOCKET_LIMIT: Duration = Duration::from_secs(5);
/// The most that one look at what is in flight adds to that.
const LOOK: Duration = Duration::from_secs(1);

/// What a frame of another site is called, and a window that the page opened.
pub(crate) const FRAME: &str = "iframe";
pub(crate) const POPUP: &str = "popup";

/// A request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Request {
    /// Address, without a fragment.
    pub(crate) url: String,
    /// Method.
    pub(crate) method: String,
    /// `Document`, `Image`, `Script` …
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// What asked where it was not the page's own process: `iframe`, `popup`, `worker`, `service_worker` …
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<String>,
    /// HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// Media type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mime: Option<String>,
    /// Bytes received, as encoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<u64>,
    /// The browser's error, `net::ERR_…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// Why the browser blocked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) blocked: Option<String>,
}

/// What connections that could not be trusted cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct TlsError {
    /// The browser's first error, `net::ERR_CERT_…`.
    pub(crate) error: String,
    /// Requests that failed.
    pub(crate) requests: u64,
}

/// A request that the page waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Waiting {
    url: String,
    /// The frame that asks.
    frame: String,
    /// Made by a script.
    is_call: bool,
    /// A document, not something that belongs to one.
    is_document: bool,
    /// Made for a frame of another site, or asked of one by a script: what it lacks is no lack of the page.
    is_embed: bool,
    made: Instant,
    /// When a part of the answer last came.
    heard: Option<Instant>,
}

impl Waiting {
    /// A script that does not read its answer's body never lets the request end: after a silence it counts as ended. An
    /// embed that says nothing does not hold up the page.
    fn is_on(&self, now: Instant) -> bool {
        let silent = |since: Instant| now.saturating_duration_since(since);
        if self.is_embed {
            return silent(self.heard.unwrap_or(self.made)) < EMBED_SILENCE;
        }
        !self.is_call || self.heard.is_none_or(|heard| silent(heard) < SILENCE)
    }
}

/// A redirect of the main document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Redirect {
    pub(crate) from: String,
    pub(crate) status: u16,
    pub(crate) to: String,
}

/// The page is to lead elsewhere by itself (HTML, "shared declarative refresh steps"), by a header or an element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Refresh {
    /// How long after the page had come.
    pub(crate) after: Duration,
    /// When that is.
    pub(crate) due: Instant,
}

/// The main document's request and answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MainDocument {
    pub(crate) loader: String,
    pub(crate) url: String,
    pub(crate) redirects: Vec<Redirect>,
    pub(crate) status: Option<u16>,
    pub(crate) mime: Option<String>,
    pub(crate) error: Option<String>,
}

/// Everything observed.
#[derive(Debug)]
pub(crate) struct Traffic {
    /// The main frame.
    pub(crate) frame: String,
    /// The main document.
    pub(crate) main: MainDocument,
    /// Requests in the order they were made.
    pub(crate) requests: Vec<Request>,
    /// Requests beyond what is recorded.
    pub(crate) unrecorded: u64,
    /// The connection to the page's own host.
    pub(crate) tls: Option<Tls>,
    /// A file was offered for download.
    pub(crate) download: bool,
    /// How often the main frame was loaded.
    pub(crate) loads: u32,
    /// That the page will move on to another.
    pub(crate) refresh: Option<Refresh>,
    /// Dialogs that were dismissed.
    pub(crate) dialogs: Vec<Act>,
    /// When something last arrived or ended.
    pub(crate) progress: Instant,
    /// Where each frame was sent last, by its id.
    addresses: BTreeMap<String, String>,
    open: BTreeMap<String, usize>,
    needed: BTreeMap<String, Waiting>,
    given_up: BTreeSet<String>,
    /// How long embeds alone have been waited for, and since when.
    alone: Duration,
    alone_since: Option<Instant>,
    /// When a socket was last opened.
    socket: Option<Instant>,
}

impl Traffic {
    pub(crate) fn new(frame: &str) -> Self {
        Self {
            frame: frame.to_owned(),
            main: MainDocument::default(),
            requests: Vec::new(),
            unrecorded: 0,
            tls: None,
            download: false,
            loads: 0,
            refresh: None,
            dialogs: Vec::new(),
            progress: Instant::now(),
            addresses: BTreeMap::new(),
            open: BTreeMap::new(),
            needed: BTreeMap::new(),
            given_up: BTreeSet::new(),
            alone: Duration::ZERO,
            alone_since: None,
            socket: None,
        }
    }

    /// Requests that the page waits for: not streams, beacons or media; and those of embeds, and other sites' that scripts
    /// ask, only while there is patience with them.
    pub(crate) fn in_flight(&mut self) -> usize {
        self.in_flight_at(Instant::now())
    }

    /// Whether what a socket was opened for may still come.
    pub(crate) fn awaits_socket(&self) -> bool {
        self.socket
            .is_some_and(|made| made.elapsed() < SOCKET_LIMIT)
    }

    fn in_flight_at(&mut self, now: Instant) -> usize {
        let on = || self.needed.values().filter(|one| one.is_on(now));
        let own = on().filter(|one| !one.is_embed).count();
        let embeds = on().count() - own;
        if own > 0 || embeds == 0 {
            self.alone_since = None;
            return own;
        }
        if let Some(since) = self.alone_since.replace(now) {
            self.alone += now.saturating_duration_since(since).min(LOOK);
        }
        if self.alone >= EMBED_LIMIT {
            return 0;
        }
        // This wait has its own limit, so the page does not stall meanwhile.
        self.progress = self.progress.max(now);
        embeds
    }

    /// Whether an embed is waited for no more that may keep the document from saying that it has loaded.
    pub(crate) fn is_held_by_embed(&self) -> bool {
        let now = Instant::now();
        let mut embeds = self.needed.values().filter(|one| one.is_embed);
        self.alone >= EMBED_LIMIT || embeds.any(|one| !one.is_on(now))
    }

    /// Waits no more for what is still unanswered.
    pub(crate) fn give_up(&mut self) {
        let now = Instant::now();
        let waited = std::mem::take(&mut self.needed);
        let (embeds, own): (BTreeMap<_, _>, BTreeMap<_, _>) =
            waited.into_iter().partition(|(_, one)| one.is_embed);
        self.needed = embeds;
        let still = own.into_values().filter(|one| one.is_on(now));
        self.given_up
            .extend(still.map(|waiting| shorten(&waiting.url)));
    }

    /// Addresses that embeds have asked for and not got to the end.
    pub(crate) fn embeds_unanswered(&self) -> BTreeSet<String> {
        let open = self.needed.values().filter(|one| one.is_embed);
        open.map(|one| shorten(&one.url)).collect()
    }

    /// Addresses of embeds that have not come.
    pub(crate) fn frames_unanswered(&self) -> Vec<String> {
        let frames = self
            .needed
            .values()
            .filter(|one| one.is_embed && one.is_document && one.heard.is_none());
        frames.map(|one| shorten(&one.url)).collect()
    }

    /// Where a frame was sent last.
    pub(crate) fn address(&self, frame: &str) -> Option<&str> {
        self.addresses.get(frame).map(String::as_str)
    }

    /// Takes in an event of the Network, Page or Browser domain; `target` is what it comes from, `page` or another.
    pub(crate) fn event(&mut self, target: &str, method: &str, params: &Value) {
        let progress = self.progress;
        self.take_in(target, method, params);
        // What happens in embeds is no progress of the page.
        if target == FRAME || target == POPUP {
            self.progress = progress;
        }
    }

    fn take_in(&mut self, target: &str, method: &str, params: &Value) {
        match method {
            "Network.requestWillBeSent" => self.sent(target, params),
            "Network.responseReceived" => self.answered(params),
            "Network.dataReceived" | "Network.requestServedFromCache" => {
                self.heard(&text(&params["requestId"]));
            }
            "Network.webSocketCreated" => self.socket = Some(Instant::now()),
            "Network.loadingFinished" => {
                if let Some(request) = self.end(params) {
                    request.bytes = params["encodedDataLength"].as_f64().map(whole);
                }
            }
            "Network.loadingFailed" => self.failed(params),
            "Page.frameNavigated" if params["frame"]["id"] == self.frame.as_str() => {
                self.loads += 1;
                self.refresh = None;
            }
            "Page.frameScheduledNavigation" if params["frameId"] == self.frame.as_str() => {
                self.refresh = self.announced(params);
            }
            "Page.frameDetached" if params["reason"] == "swap" => {
                // Of what its old process asked for nothing more is heard; its new one asks for itself.
                let frame = text(&params["frameId"]);
                self.needed
                    .retain(|_, waiting| waiting.frame != frame || waiting.is_embed);
            }
            "Security.visibleSecurityStateChanged" => {
                self.tls = Tls::of_event(params);
            }
            "Page.downloadWillBegin" | "Browser.downloadWillBegin" => self.download = true,
            "Page.javascriptDialogOpening" if self.dialogs.len() < DIALOG_LIMIT => {
                self.dialogs.push(Act {
                    action: "dismissed".to_owned(),
                    element: text(&params["type"]),
                    label: text(&params["message"]).chars().take(LABEL_LIMIT).collect(),
                });
            }
            _ => {}
        }
    }

    /// What the browser tells of a move to come. A page that loads itself anew stays where it is.
    fn announced(&self, params: &Value) -> Option<Refresh> {
        let bare = |url: &str| url.split('#').next().unwrap_or(url).to_owned();
        let reason = params["reason"].as_str().unwrap_or_default();
        let is_elsewhere = bare(params["url"].as_str()?) != bare(&self.main.url);
        if !is_elsewhere || !matches!(reason, "httpHeaderRefresh" | "metaTagRefresh") {
            return None;
        }
        let after = Duration::try_from_secs_f64(params["delay"].as_f64()?).ok()?;
        let due = Instant::now().checked_add(after)?;
        Some(Refresh { after, due })
    }

    fn sent(&mut self, target: &str, params: &Value) {
        let id = text(&params["requestId"]);
        let kind = text(&params["type"]);
        let url = text(&params["request"]["url"]);
        let frame = text(&params["frameId"]);
        let main = kind == "Document" && frame == self.frame;
        if let Some(answer) = params.get("redirectResponse") {
            let status = status(&answer["status"]);
            if let Some(request) = self.recorded(&id) {
                request.status = status;
            }
            if main && self.main.loader == id {
                self.main.redirects.push(Redirect {
                    from: self.main.url.clone(),
                    status: status.unwrap_or(0),
                    to: url.clone(),
                });
            }
        }
        if main {
            if self.main.loader != id {
                self.main = MainDocument {
                    loader: id.clone(),
                    ..MainDocument::default()
                };
            }
            self.main.url.clone_from(&url);
        }
        if kind == "Document" && self.addresses.len() < RECORD_LIMIT {
            self.addresses.insert(frame.clone(), shorten(&url));
        }
        let is_embed = self.is_embed(target, &frame);
        if !is_embed {
            self.progress = Instant::now();
        }
        if url.starts_with("data:") || url.starts_with("blob:") {
            return;
        }
        let is_call = kind == "Fetch" || kind == "XHR";
        if is_call || self.is_needed(&kind, &url) {
            let waiting = Waiting {
                url: url.clone(),
                frame,
                is_call,
                is_document: kind == "Document",
                // A wall of posts may be fetched from elsewhere; what counts visitors is asked there too.
                is_embed: is_embed || (is_call && !self.is_own(&url)),
                made: Instant::now(),
                heard: None,
            };
            self.needed.insert(id.clone(), waiting);
        }
        if self.requests.len() >= RECORD_LIMIT {
            self.unrecorded += 1;
            return;
        }
        self.open.insert(id, self.requests.len());
        self.requests.push(Request {
            url: shorten(&url),
            method: text(&params["request"]["method"]),
            kind,
            target: (target != "page").then(|| target.to_owned()),
            ..Request::default()
        });
    }

    /// Something came of a request. What comes of an embed is no progress of the page.
    fn heard(&mut self, id: &str) {
        let now = Instant::now();
        let waiting = self.needed.get_mut(id);
        if !waiting.as_ref().is_some_and(|one| one.is_embed) {
            self.progress = now;
        }
        if let Some(waiting) = waiting {
            waiting.heard = Some(now);
        }
    }

    fn answered(&mut self, params: &Value) {
        let id = text(&params["requestId"]);
        self.heard(&id);
        let answer = &params["response"];
        let (status, mime) = (status(&answer["status"]), text(&answer["mimeType"]));
        if self.main.loader == id {
            self.main.status = status;
            self.main.mime = Some(mime.clone());
        }
        if mime == "text/event-stream" || mime == "multipart/x-mixed-replace" {
            self.needed.remove(&id);
        }
        if let Some(request) = self.recorded(&id) {
            request.status = status;
            request.mime = Some(mime);
        }
    }

    fn failed(&mut self, params: &Value) {
        let id = text(&params["requestId"]);
        let error = text(&params["errorText"]);
        let blocked = params["blockedReason"].as_str().map(str::to_owned);
        if self.main.loader == id {
            self.main.error = Some(error.clone());
        }
        let canceled = params["canceled"].as_bool().unwrap_or(false);
        if let Some(request) = self.end(params) {
            request.error = Some(if canceled {
                "canceled".to_owned()
            } else {
                error
            });
            request.blocked = blocked;
        }
    }

    fn end(&mut self, params: &Value) -> Option<&mut Request> {
        let id = text(&params["requestId"]);
        self.heard(&id);
        self.needed.remove(&id);
        let index = self.open.remove(&id)?;
        self.requests.get_mut(index)
    }

    fn recorded(&mut self, id: &str) -> Option<&mut Request> {
        let index = *self.open.get(id)?;
        self.requests.get_mut(index)
    }

    fn is_needed(&self, kind: &str, url: &str) -> bool {
        match kind {
            "Document" | "Stylesheet" | "Image" | "Script" | "Font" => true,
            "XHR" | "Fetch" => self.is_own(url),
            _ => false,
        }
    }

    /// Whether an address belongs to the page's own site, or a neighbour under the same name.
    fn is_own(&self, url: &str) -> bool {
        match (site(&self.main.url), site(url)) {
            (Some(own), Some(other)) => own == other,
            _ => false,
        }
    }

    /// Whether a frame shows another site: by where it was sent, or, where it was sent nowhere, by where it runs.
    fn is_embed(&self, target: &str, frame: &str) -> bool {
        if target == POPUP {
            return true;
        }
        match self.addresses.get(frame) {
            Some(url) if url.starts_with("http") => !self.is_own(url),
            _ => target == FRAME,
        }
    }

    /// Requests that the page needed, failed, and are no pictures (those are counted in the page itself).
    pub(crate) fn failures(&self) -> u32 {
        let count =
            self.requests
                .iter()
                .filter(|request| {
                    let bad =
                        request.error.as_ref().is_some_and(|error| {
                            error != "canceled" && error != "net::ERR_ABORTED"
                        }) || request.status.is_some_and(|status| status >= 400);
                    bad && self.is_needed_of_own(request)
                })
                .count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Hosts whose connection could not be trusted, with the browser's error and the number of requests that it cost.
    pub(crate) fn tls_errors(&self) -> BTreeMap<String, TlsError> {
        let mut hosts = BTreeMap::new();
        for request in &self.requests {
            let Some(error) = request.error.as_ref().filter(|error| tls::is_error(error)) else {
                continue;
            };
            let origin = Url::parse(&request.url).map_or_else(
                |_form| String::new(),
                |url| url.origin().ascii_serialization(),
            );
            let host = hosts.entry(origin).or_insert_with(|| TlsError {
                error: error.clone(),
                requests: 0,
            });
            host.requests += 1;
        }
        hosts
    }

    /// How many pictures, and needed requests, such a connection cost.
    pub(crate) fn tls_failures(&self) -> u32 {
        let count = self
            .requests
            .iter()
            .filter(|request| request.error.as_deref().is_some_and(tls::is_error))
            .filter(|request| request.kind == "Image" || self.is_needed_of_own(request))
            .count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    fn is_needed_of_own(&self, request: &Request) -> bool {
        ["Stylesheet", "Script", "XHR", "Fetch"].contains(&request.kind.as_str())
            && self.is_own(&request.url)
    }

    /// How many of these pictures failed.
    pub(crate) fn pictures_failed(&self, painted: &BTreeSet<String>) -> u32 {
        let failed: BTreeSet<&String> = self
            .requests
            .iter()
            .filter(|request| request.kind == "Image" && painted.contains(&request.url))
            .filter(|request| {
                request.error.is_some() || request.status.is_some_and(|status| status >= 400)
            })
            .map(|request| &request.url)
            .collect();
        u32::try_from(failed.len()).unwrap_or(u32::MAX)
    }

    /// Addresses whose answer was waited for in vain.
    pub(crate) fn given_up(&self) -> &BTreeSet<String> {
        &self.given_up
    }
}

/// The last two labels of a host name, or the whole address; enough to tell a site's own hosts from strangers.
fn site(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    match url.host()? {
        url::Host::Domain(name) => {
            let labels: Vec<&str> = name.rsplit('.').take(2).collect();
            Some(labels.join("."))
        }
        address @ (url::Host::Ipv4(_) | url::Host::Ipv6(_)) => Some(address.to_string()),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn status(value: &Value) -> Option<u16> {
    value
        .as_u64()
        .and_then(|status| u16::try_from(status).ok())
        .filter(|status| *status != 0)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a length that is not negative and far below 2^53"
)]
fn whole(length: f64) -> u64 {
    length.max(0.0) as u64
}

fn shorten(url: &str) -> String {
    url.chars().take(URL_LIMIT).collect()
}

#[cfg(test)]
mod tests;
