//! Captures side by side: as many browsers as the configuration has slots, each in a slot of its own. A browser goes on to
//! the next page while what it brought is judged and converted. All is committed by whoever sent it, one at a time.

use tokio::task::{JoinError, JoinSet};

use crate::app::App;
use crate::ops::error::OpsError;
use crate::ops::snapshot::{BrowserSlot, Job, Outcome, Visited, judge, visit};

/// What became of a crew's work.
#[derive(Debug)]
pub(crate) enum Turn {
    /// A browser is free for another page.
    Free,
    /// A capture has ended, by the number it was sent with.
    Ended(usize, Box<Result<Outcome, OpsError>>),
}

/// The slots of a round, and the captures that are under way.
#[derive(Debug)]
pub(crate) struct Crew {
    slots: usize,
    idle: Vec<BrowserSlot>,
    visits: JoinSet<(BrowserSlot, usize, Result<Visited, OpsError>)>,
    judgements: JoinSet<(usize, Result<Outcome, OpsError>)>,
}

impl Crew {
    /// Slots for `app`; no browser is started yet.
    pub(crate) fn new(app: &App) -> Self {
        Self {
            slots: app.config.capture.slots,
            idle: Vec::new(),
            visits: JoinSet::new(),
            judgements: JoinSet::new(),
        }
    }

    /// Whether another capture can be sent now. Pages that are judged hold memory: there are never more of them than twice
    /// the slots.
    pub(crate) fn has_room(&self) -> bool {
        self.visits.len() < self.slots && self.judgements.len() <= self.slots
    }

    /// Begins a capture.
    pub(crate) fn send(&mut self, app: &App, number: usize, job: Job) -> Result<(), OpsError> {
        let mut slot = match self.idle.pop() {
            Some(slot) => slot,
            None => BrowserSlot::new(app)?,
        };
        self.visits.spawn(async move {
            let visited = visit(job, &mut slot).await;
            (slot, number, visited)
        });
        Ok(())
    }

    /// Waits for the next turn; `None` where nothing is under way.
    pub(crate) async fn next(&mut self) -> Result<Option<Turn>, OpsError> {
        tokio::select! {
            Some(ended) = self.judgements.join_next() => {
                let (number, outcome) = ended.map_err(broken)?;
                Ok(Some(Turn::Ended(number, Box::new(outcome))))
            }
            Some(back) = self.visits.join_next() => {
                let (slot, number, visited) = back.map_err(broken)?;
                self.idle.push(slot);
                match visited {
                    Ok(visited) => {
                        self.judgements.spawn_blocking(move || (number, judge(visited)));
                        Ok(Some(Turn::Free))
                    }
                    Err(error) => Ok(Some(Turn::Ended(number, Box::new(Err(error))))),
                }
            }
            else => Ok(None),
        }
    }

    /// Breaks off what is still under way and ends the browsers.
    pub(crate) async fn close(mut self) {
        self.visits.shutdown().await;
        for mut slot in self.idle {
            slot.close().await;
        }
        self.judgements.shutdown().await;
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn broken(error: JoinError) -> OpsError {
    OpsError::Problem(format!("a capture broke off: {error}"))
}
