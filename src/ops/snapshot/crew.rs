//! Captures side by side: as many browsers as the configuration has slots, each in a slot of its own. What they bring is
//! committed by whoever sent them, one at a time.

use tokio::task::JoinSet;

use crate::app::App;
use crate::ops::error::OpsError;
use crate::ops::snapshot::{BrowserSlot, Job, Outcome, take};

/// A capture that has ended, by the number it was sent with.
type Ended = (usize, Result<Outcome, OpsError>);

/// The slots of a round and the captures that are under way in them.
#[derive(Debug)]
pub(crate) struct Crew {
    slots: usize,
    idle: Vec<BrowserSlot>,
    under_way: JoinSet<(BrowserSlot, Ended)>,
}

impl Crew {
    /// Slots for `app`; no browser is started yet.
    pub(crate) fn new(app: &App) -> Self {
        Self {
            slots: app.config.capture.slots,
            idle: Vec::new(),
            under_way: JoinSet::new(),
        }
    }

    /// Whether another capture can be sent now.
    pub(crate) fn has_room(&self) -> bool {
        self.under_way.len() < self.slots
    }

    /// Begins a capture.
    pub(crate) fn send(&mut self, app: &App, number: usize, job: Job) -> Result<(), OpsError> {
        let mut slot = match self.idle.pop() {
            Some(slot) => slot,
            None => BrowserSlot::new(app)?,
        };
        self.under_way.spawn(async move {
            let outcome = take(job, &mut slot).await;
            (slot, (number, outcome))
        });
        Ok(())
    }

    /// The next capture that ends; `None` where none is under way.
    pub(crate) async fn next(&mut self) -> Result<Option<Ended>, OpsError> {
        match self.under_way.join_next().await {
            None => Ok(None),
            Some(Ok((slot, ended))) => {
                self.idle.push(slot);
                Ok(Some(ended))
            }
            Some(Err(error)) => Err(OpsError::Problem(format!("a capture broke off: {error}"))),
        }
    }

    /// Breaks off what is still under way and ends the browsers.
    pub(crate) async fn close(mut self) {
        self.under_way.shutdown().await;
        for mut slot in self.idle {
            slot.close().await;
        }
    }
}
