//! A tab in a disposable context of its own: language, zone and media set, events listened to, scripts run in an
//! isolated world that the page can neither see nor change.

use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use futures_util::future::try_join_all;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::capture::cdp::{CdpError, Client, Session};
use crate::capture::phrases;
use crate::capture::targets::{Settings, Targets};
use crate::capture::traffic::Traffic;
use crate::capture::{BrowserOptions, Patience, VIEW_HEIGHT};

/// How long a call may take that only changes a setting or reads a number.
pub(crate) const CALL_LIMIT: Duration = Duration::from_secs(20);
/// How long the browser may take to clear a tab away before it counts as dead.
const CLEAR_LIMIT: Duration = Duration::from_secs(10);

/// Language and time zone of every capture.
pub(crate) const LANGUAGE: &str = "sv-SE";
pub(crate) const ZONE: &str = "Europe/Stockholm";

/// What the browser is told that this program's own scripts are called.
pub(crate) const SOURCE: &str = "bevara:page-script";

const SCRIPT: &str = concat!(
    "(() => {\n",
    include_str!("script/base.js"),
    include_str!("script/dropped.js"),
    include_str!("script/posts.js"),
    include_str!("script/acts.js"),
    include_str!("script/ready.js"),
    include_str!("script/text.js"),
    include_str!("script/redact.js"),
    "return true; })()"
);

/// An open tab.
#[derive(Debug)]
pub(crate) struct Tab {
    client: Client,
    pub(crate) session: Session,
    context: String,
    target: String,
    targets: Arc<Targets>,
    world: Option<i64>,
    pub(crate) patience: Patience,
}

/// How often a question is asked again of a page that is being loaded anew.
const ANEW: u32 = 8;
/// Between two such times.
const ANEW_PAUSE: Duration = Duration::from_millis(150);

/// Whether the browser says that a script's world went away under it.
fn is_leaving(message: &str) -> bool {
    ["context", "navigated", "collected", "No frame"]
        .iter()
        .any(|word| message.contains(word))
}

impl Tab {
    /// Opens a tab whose traffic goes through `proxy`.
    pub(crate) async fn open(
        client: &Client,
        proxy: &str,
        options: &BrowserOptions,
        agent: &str,
    ) -> Result<Self, CdpError> {
        let params = json!({"disposeOnDetach": true, "proxyServer": proxy, "proxyBypassList": "<-loopback>"});
        let made = client
            .call("Target.createBrowserContext", params, CALL_LIMIT)
            .await?;
        let context = string(&made["browserContextId"]);
        let opened = Self::open_in(client, &context, options, agent).await;
        if opened.is_err() {
            dispose(client, &context).await?;
        }
        opened
    }

    async fn open_in(
        client: &Client,
        context: &str,
        options: &BrowserOptions,
        agent: &str,
    ) -> Result<Self, CdpError> {
        let params = json!({"behavior": "deny", "browserContextId": context});
        client
            .call("Browser.setDownloadBehavior", params, CALL_LIMIT)
            .await?;
        let params = json!({"url": "about:blank", "browserContextId": context, "width": options.width, "height": VIEW_HEIGHT});
        let made = client
            .call("Target.createTarget", params, CALL_LIMIT)
            .await?;
        let target = string(&made["targetId"]);
        let settings = Settings {
            agent: agent.to_owned(),
            slowdown: options.slowdown,
        };
        // A page target's main frame has the target's id.
        let targets = Targets::new(settings.clone(), Traffic::new(&target));
        let session = client
            .attach(&target, targets.listener("page"), CALL_LIMIT)
            .await?;
        let tab = Self {
            client: client.clone(),
            session,
            context: context.to_owned(),
            target,
            targets,
            world: None,
            patience: options.patience,
        };
        tab.prepare(options, &settings).await?;
        Ok(tab)
    }

    /// Sets the size of the view in CSS pixels, and the device pixels of each.
    pub(crate) async fn resize(&self, width: u32, scale: u32) -> Result<(), CdpError> {
        let params = json!({"width": width, "height": VIEW_HEIGHT, "deviceScaleFactor": scale, "mobile": false});
        self.session
            .call("Emulation.setDeviceMetricsOverride", params, CALL_LIMIT)
            .await
            .map(drop)
    }

    async fn prepare(&self, options: &BrowserOptions, settings: &Settings) -> Result<(), CdpError> {
        let own = ["Page.enable", "Security.enable", "Profiler.enable"];
        let own = own.map(|method| (method, json!({})));
        let calls = settings.calls(false).into_iter().chain(own);
        // All are sent before the first is answered, in this order.
        try_join_all(calls.map(|(method, params)| self.session.call(method, params, CALL_LIMIT)))
            .await?;
        self.resize(options.width, options.scale).await
    }

    /// What has been observed so far.
    pub(crate) fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.targets.traffic()
    }

    /// Frames of other sites and workers.
    pub(crate) fn targets(&self) -> &Targets {
        &self.targets
    }

    /// The connection to the browser.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The context that the tab lives in.
    pub(crate) fn context(&self) -> &str {
        &self.context
    }

    /// The value of an expression of the page script, `bevara.…`.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &mut self,
        expression: &str,
        limit: Duration,
    ) -> Result<T, CdpError> {
        for _ in 0..ANEW {
            if let Some(answer) = self.ask_once(expression, limit).await? {
                return Ok(answer);
            }
            tokio::time::sleep(ANEW_PAUSE).await;
        }
        let world = self.enter().await?;
        self.evaluate(world, expression, limit).await
    }

    /// The same, asked once: what clicks may not be asked again when the page is loaded anew under it, which is `None`.
    pub(crate) async fn ask_once<T: DeserializeOwned>(
        &mut self,
        expression: &str,
        limit: Duration,
    ) -> Result<Option<T>, CdpError> {
        let answer = match self.enter().await {
            Ok(world) => self.evaluate(world, expression, limit).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => Ok(Some(answer)),
            // The page is being loaded anew, and its world goes with it.
            Err(CdpError::Refused { message, .. }) if is_leaving(&message) => {
                self.world = None;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Calls a function of the page script on a node that the browser knows by its own number.
    pub(crate) async fn hand_over(&mut self, node: i64, function: &str) -> Result<(), CdpError> {
        let world = self.enter().await?;
        let params = json!({"backendNodeId": node, "executionContextId": world});
        let found = self
            .session
            .call("DOM.resolveNode", params, CALL_LIMIT)
            .await?;
        let object = &found["object"]["objectId"];
        let declaration = format!("function() {{ {function}(this); }}");
        let params = json!({"objectId": object, "functionDeclaration": declaration});
        self.session
            .call("Runtime.callFunctionOn", params, CALL_LIMIT)
            .await?;
        let params = json!({"objectId": object});
        self.session
            .call("Runtime.releaseObject", params, CALL_LIMIT)
            .await
            .map(drop)
    }

    async fn enter(&mut self) -> Result<i64, CdpError> {
        if let Some(world) = self.world {
            return Ok(world);
        }
        let frame = self.traffic().frame.clone();
        let params = json!({"frameId": frame, "worldName": "bevara"});
        let made = self
            .session
            .call("Page.createIsolatedWorld", params, CALL_LIMIT)
            .await?;
        let refused = |message: String| CdpError::Refused {
            method: "Page.createIsolatedWorld",
            message,
        };
        let world = made["executionContextId"]
            .as_i64()
            .ok_or_else(|| refused("no world".to_owned()))?;
        // Without its words the script would take a wall for a page.
        let words =
            serde_json::to_value(phrases::WORDS).map_err(|error| refused(error.to_string()))?;
        let script = format!("globalThis.words = {words};\n{SCRIPT}");
        self.evaluate::<bool>(world, &script, CALL_LIMIT).await?;
        self.world = Some(world);
        Ok(world)
    }

    async fn evaluate<T: DeserializeOwned>(
        &self,
        world: i64,
        expression: &str,
        limit: Duration,
    ) -> Result<T, CdpError> {
        const METHOD: &str = "Runtime.evaluate";
        let named = format!("{expression}\n//# sourceURL={SOURCE}");
        let params = json!({"expression": named, "contextId": world, "returnByValue": true, "awaitPromise": true});
        let mut answer = self.session.call(METHOD, params, limit).await?;
        let refused = |message: String| CdpError::Refused {
            method: METHOD,
            message,
        };
        if let Some(exception) = answer.get("exceptionDetails") {
            let text = exception["exception"]["description"]
                .as_str()
                .unwrap_or("an exception");
            return Err(refused(text.to_owned()));
        }
        serde_json::from_value(answer["result"]["value"].take())
            .map_err(|error| refused(error.to_string()))
    }

    /// Clears tab and context away. An error says that the browser can no longer be relied on.
    pub(crate) async fn close(self) -> Result<(), CdpError> {
        // A tab that hangs in its own script does not close; its context takes its process along.
        let closed = self
            .client
            .call(
                "Target.closeTarget",
                json!({"targetId": self.target}),
                CLEAR_LIMIT,
            )
            .await;
        if let Err(error) = closed {
            tracing::debug!(%error, "a tab did not close");
        }
        self.targets.forget();
        self.session.forget();
        dispose(&self.client, &self.context).await
    }
}

async fn dispose(client: &Client, context: &str) -> Result<(), CdpError> {
    let params = json!({"browserContextId": context});
    client
        .call("Target.disposeBrowserContext", params, CLEAR_LIMIT)
        .await
        .map(drop)
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
