//! A slot for one browser at a time.

use std::time::Duration;

use crate::app::App;
use crate::capture::{Browser, BrowserOptions, Patience};
use crate::ops::error::OpsError;
use crate::ops::program;
use crate::store::stage::Stage;

/// A browser that is started when first needed and again when it has died, with its profile in a staging folder.
#[derive(Debug)]
pub struct BrowserSlot {
    options: BrowserOptions,
    /// Dropped before the folder that its profile lies in.
    browser: Option<Browser>,
    stage: Stage,
    starts: u32,
    uses: u32,
    /// Bytes of memory beyond which the browser is not used again.
    memory_limit: u64,
}

/// How often a browser is used before another one takes over: long-lived browsers grow.
const USES: u32 = 50;

impl BrowserSlot {
    /// A slot for `app`; nothing is started yet.
    pub fn new(app: &App) -> Result<Self, OpsError> {
        let stage = app.store.stage("browser")?;
        let options = BrowserOptions {
            path: app.config.browser.path.clone(),
            launcher: program::path()?,
            profile: stage.dir().join("profile"),
            width: app.config.capture.width,
            scale: app.config.capture.scale,
            slowdown: 1,
            patience: Patience {
                navigate: Duration::from_secs(app.config.capture.navigate_seconds),
                stall: Duration::from_secs(app.config.capture.stall_seconds),
            },
        };
        Ok(Self {
            options,
            stage,
            browser: None,
            starts: 0,
            uses: 0,
            memory_limit: app.config.capture.browser_memory_mb * 1_000_000,
        })
    }

    /// How its browsers are started.
    pub(crate) fn options(&self) -> &BrowserOptions {
        &self.options
    }

    /// The running browser.
    pub async fn get(&mut self) -> Result<&mut Browser, OpsError> {
        if self.browser.as_ref().is_some_and(|one| self.is_spent(one)) {
            self.close().await;
        }
        if self.browser.is_none() {
            // A profile that a dead browser leaves behind is never used again.
            self.starts += 1;
            self.uses = 0;
            self.options.profile = self.stage.dir().join(format!("profile-{}", self.starts));
            self.browser = Some(Browser::launch(&self.options).await?);
        }
        self.uses += 1;
        self.browser
            .as_mut()
            .ok_or_else(|| OpsError::Problem("the browser did not start".to_owned()))
    }

    /// Whether a browser is dead, old, or has grown: what pages leave behind in it never goes away.
    fn is_spent(&self, browser: &Browser) -> bool {
        if !browser.is_alive() || self.uses >= USES {
            return true;
        }
        match browser.memory() {
            Ok(bytes) => bytes > self.memory_limit,
            Err(error) => {
                tracing::warn!(%error, "the browser's memory could not be measured");
                false
            }
        }
    }

    /// Ends the browser.
    pub async fn close(&mut self) {
        if let Some(browser) = self.browser.take() {
            browser.close().await;
        }
    }
}
