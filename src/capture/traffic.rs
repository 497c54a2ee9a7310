//! What a page asks for and gets, from the browser's network events: requests in flight, redirects, failures, and the
//! answer to the main document. Addresses stay in `requests.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

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

/// A request that the page waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Waiting {
    url: String,
    /// The frame that asks.
    frame: String,
    /// Made by a script.
    is_call: bool,
    /// When a part of the answer last came.
    heard: Option<Instant>,
}

impl Waiting {
    /// A script that does not read its answer's body never lets the request end: after a silence it counts as ended.
    fn is_on(&self) -> bool {
        !self.is_call || self.heard.is_none_or(|heard| heard.elapsed() < SILENCE)
    }
}

/// A redirect of the main document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Redirect {
    pub(crate) from: String,
    pub(crate) status: u16,
    pub(crate) to: String,
}

/// The main document's request and answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MainDocument {
    pub(crate) loader: String,
    pub(crate) url: String,
    pub(crate) redirects: Vec<Redirect>,
    pub(crate) status: Option<u16>,
    pub(crate) mime: Option<String>,
    pub(crate) security: Option<Value>,
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
    /// A file was offered for download.
    pub(crate) download: bool,
    /// How often the main frame was loaded.
    pub(crate) loads: u32,
    /// Dialogs that were dismissed.
    pub(crate) dialogs: Vec<Act>,
    /// When something last arrived or ended.
    pub(crate) progress: Instant,
    open: BTreeMap<String, usize>,
    needed: BTreeMap<String, Waiting>,
    given_up: BTreeSet<String>,
}

impl Traffic {
    pub(crate) fn new(frame: &str) -> Self {
        Self {
            frame: frame.to_owned(),
            main: MainDocument::default(),
            requests: Vec::new(),
            unrecorded: 0,
            download: false,
            loads: 0,
            dialogs: Vec::new(),
            progress: Instant::now(),
            open: BTreeMap::new(),
            needed: BTreeMap::new(),
            given_up: BTreeSet::new(),
        }
    }

    /// Requests that the page waits for: not streams, beacons, media, or other hosts' calls from scripts.
    pub(crate) fn in_flight(&self) -> usize {
        self.needed.values().filter(|one| one.is_on()).count()
    }

    /// Waits no more for what is still unanswered.
    pub(crate) fn give_up(&mut self) {
        let waited = std::mem::take(&mut self.needed);
        let still = waited.into_values().filter(Waiting::is_on);
        self.given_up
            .extend(still.map(|waiting| shorten(&waiting.url)));
    }

    /// Takes in an event of the Network, Page or Browser domain.
    pub(crate) fn event(&mut self, method: &str, params: &Value) {
        match method {
            "Network.requestWillBeSent" => self.sent(params),
            "Network.responseReceived" => self.answered(params),
            "Network.dataReceived" => self.heard(&text(&params["requestId"])),
            "Network.loadingFinished" => {
                if let Some(request) = self.end(params) {
                    request.bytes = params["encodedDataLength"].as_f64().map(whole);
                }
            }
            "Network.loadingFailed" => self.failed(params),
            "Network.requestServedFromCache" => self.progress = Instant::now(),
            "Page.frameNavigated" if params["frame"]["id"] == self.frame.as_str() => {
                self.loads += 1;
            }
            "Page.frameDetached" if params["reason"] == "swap" => {
                let frame = text(&params["frameId"]);
                self.needed.retain(|_, waiting| waiting.frame != frame);
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

    fn sent(&mut self, params: &Value) {
        self.progress = Instant::now();
        let id = text(&params["requestId"]);
        let kind = text(&params["type"]);
        let url = text(&params["request"]["url"]);
        let main = kind == "Document" && params["frameId"] == self.frame.as_str();
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
        if url.starts_with("data:") || url.starts_with("blob:") {
            return;
        }
        // Of a frame of another site nothing more is heard here: it lives in a process of its own.
        let is_stranger = kind == "Document" && !main && !self.is_own(&url);
        if self.is_needed(&kind, &url) && !is_stranger {
            let waiting = Waiting {
                url: url.clone(),
                frame: text(&params["frameId"]),
                is_call: kind == "Fetch" || kind == "XHR",
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
            ..Request::default()
        });
    }

    fn heard(&mut self, id: &str) {
        self.progress = Instant::now();
        if let Some(waiting) = self.needed.get_mut(id) {
            waiting.heard = Some(self.progress);
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
            self.main.security = answer.get("securityDetails").cloned();
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
        self.progress = Instant::now();
        let id = text(&params["requestId"]);
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

    /// Requests that the page needed, failed, and are no pictures (those are counted in the page itself).
    pub(crate) fn failures(&self) -> u32 {
        let count =
            self.requests
                .iter()
                .filter(|request| {
                    let kind = request.kind.as_str();
                    let bad =
                        request.error.as_ref().is_some_and(|error| {
                            error != "canceled" && error != "net::ERR_ABORTED"
                        }) || request.status.is_some_and(|status| status >= 400);
                    bad && ["Stylesheet", "Script", "XHR", "Fetch"].contains(&kind)
                        && self.is_own(&request.url)
                })
                .count();
        u32::try_from(count).unwrap_or(u32::MAX)
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
