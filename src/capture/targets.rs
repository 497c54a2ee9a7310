//! What belongs to a page beside its own process: frames of other sites and workers. Each is stopped when it starts, told
//! the settings of the page, listened to, and let go again; nobody waits for its answers, so that one that never gives
//! any holds up nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};

use crate::capture::cdp::{Listener, Session};
use crate::capture::tab::{LANGUAGE, ZONE};
use crate::capture::traffic::{FRAME, POPUP, Traffic};

/// How many addresses of targets that died or were stopped are kept.
const MOST: usize = 100;

/// What every target is told.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The user agent, as the browser gives it of itself.
    pub(crate) agent: String,
    /// How many times slower than it is the processor is made to seem.
    pub(crate) slowdown: u32,
}

impl Settings {
    /// The calls for a target that runs pages, or for a worker, which has no page of its own: what it then does not
    /// take of them it has from the process it runs in.
    pub(crate) fn calls(&self, is_worker: bool) -> Vec<(&'static str, Value)> {
        let agent = json!({"userAgent": self.agent, "acceptLanguage": "sv-SE,sv,en"});
        let related = json!({"autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true});
        let mut calls = vec![
            ("Inspector.enable", json!({})),
            ("Target.setAutoAttach", related),
            (
                "Network.enable",
                json!({"maxTotalBufferSize": 1_000_000, "maxResourceBufferSize": 500_000}),
            ),
            ("Network.setUserAgentOverride", agent),
        ];
        if !is_worker {
            calls.extend([
                ("Page.enable", json!({})),
                ("Network.setBypassServiceWorker", json!({"bypass": true})),
                ("Emulation.setTimezoneOverride", json!({"timezoneId": ZONE})),
                ("Emulation.setLocaleOverride", json!({"locale": LANGUAGE})),
                ("Emulation.setEmulatedMedia", json!({"media": "screen"})),
                (
                    "Emulation.setFocusEmulationEnabled",
                    json!({"enabled": true}),
                ),
                (
                    "Emulation.setCPUThrottlingRate",
                    json!({"rate": self.slowdown.max(1)}),
                ),
            ]);
        }
        calls
    }
}

/// What became of the targets, for the provenance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Census {
    /// How many of each kind there were: `iframe`, `popup`, `worker` …
    pub(crate) attached: BTreeMap<String, u32>,
    /// Addresses of those whose process died.
    pub(crate) crashed: Vec<String>,
    /// Addresses of frames whose scripts were ended because they computed without end.
    pub(crate) stopped: Vec<String>,
}

#[derive(Debug)]
struct Child {
    session: Session,
    /// For a frame, its id too.
    target: String,
    kind: String,
    url: String,
}

/// The targets of one page.
#[derive(Debug)]
pub(crate) struct Targets {
    settings: Settings,
    traffic: Mutex<Traffic>,
    children: Mutex<Vec<Child>>,
    census: Mutex<Census>,
}

impl Targets {
    pub(crate) fn new(settings: Settings, traffic: Traffic) -> Arc<Self> {
        Arc::new(Self {
            settings,
            traffic: Mutex::new(traffic),
            children: Mutex::default(),
            census: Mutex::default(),
        })
    }

    /// What all of them asked for and got.
    pub(crate) fn traffic(&self) -> MutexGuard<'_, Traffic> {
        lock(&self.traffic)
    }

    /// What became of them so far.
    pub(crate) fn census(&self) -> Census {
        lock(&self.census).clone()
    }

    /// Whether the page has none of them.
    pub(crate) fn is_alone(&self) -> bool {
        lock(&self.children).is_empty()
    }

    /// Frames that run in processes of their own, in the order in which they came, and their addresses.
    pub(crate) fn frames(&self) -> Vec<(Session, String)> {
        let traffic = self.traffic();
        let children = lock(&self.children);
        let frames = children.iter().filter(|child| child.kind == FRAME);
        frames
            .map(|child| (child.session.clone(), child.address(&traffic)))
            .collect()
    }

    /// Ends what scripts of a frame compute, and lets none begin again. The browser does so from outside: a frame that
    /// answers nothing else because its script never ends obeys.
    pub(crate) fn stop(session: &Session) {
        session.post(
            "Emulation.setScriptExecutionDisabled",
            &json!({"value": true}),
        );
        session.post("Runtime.terminateExecution", &json!({}));
    }

    /// Stops a frame that does not answer, and notes it.
    pub(crate) fn stop_silent(&self, session: &Session, address: &str) {
        Self::stop(session);
        let mut census = lock(&self.census);
        if census.stopped.len() < MOST {
            census.stopped.push(address.to_owned());
        }
    }

    /// Stops every frame.
    pub(crate) fn stop_all(&self) {
        for (session, _) in self.frames() {
            Self::stop(&session);
        }
    }

    /// Forgets every session.
    pub(crate) fn forget(&self) {
        for child in lock(&self.children).drain(..) {
            child.session.forget();
        }
    }

    /// Hears a target: `kind` is what it is, `page` for the page itself.
    pub(crate) fn listener(self: &Arc<Self>, kind: &str) -> Listener {
        let (targets, kind) = (Arc::clone(self), kind.to_owned());
        Arc::new(move |session: &Session, method: &str, params: &Value| {
            match method {
                "Target.attachedToTarget" => targets.welcome(session, params),
                "Target.detachedFromTarget" => targets.part(params),
                "Inspector.targetCrashed" if kind != "page" => targets.mourn(session),
                "Page.javascriptDialogOpening" => session.post(
                    "Page.handleJavaScriptDialog",
                    &json!({"accept": params["type"] == "beforeunload"}),
                ),
                _ => {}
            }
            targets.traffic().event(&kind, method, params);
        })
    }

    /// Takes in a target that waits to be let go.
    fn welcome(self: &Arc<Self>, parent: &Session, params: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let info = &params["targetInfo"];
        let kind = match text(&info["type"]) {
            kind if kind == "page" => POPUP.to_owned(),
            kind => kind,
        };
        let (id, target) = (text(&params["sessionId"]), text(&info["targetId"]));
        let session = parent.adopt(&id, &target, self.listener(&kind));
        let is_worker = kind != FRAME && kind != POPUP;
        for (method, params) in self.settings.calls(is_worker) {
            session.post(method, &params);
        }
        session.post("Runtime.runIfWaitingForDebugger", &json!({}));
        *lock(&self.census).attached.entry(kind.clone()).or_default() += 1;
        lock(&self.children).push(Child {
            session,
            target,
            kind,
            url: text(&info["url"]),
        });
    }

    fn part(&self, params: &Value) {
        let id = params["sessionId"].as_str().unwrap_or_default();
        let mut children = lock(&self.children);
        if let Some(at) = children.iter().position(|child| child.session.id() == id) {
            children.remove(at).session.forget();
        }
    }

    fn mourn(&self, session: &Session) {
        let traffic = self.traffic();
        let children = lock(&self.children);
        let dead = children
            .iter()
            .find(|child| child.session.id() == session.id());
        let mut census = lock(&self.census);
        if let Some(child) = dead.filter(|_| census.crashed.len() < MOST) {
            census.crashed.push(child.address(&traffic));
        }
    }
}

impl Child {
    /// Where a frame was sent to last; a worker's script.
    fn address(&self, traffic: &Traffic) -> String {
        let sent = traffic.address(&self.target);
        sent.unwrap_or(&self.url).to_owned()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
