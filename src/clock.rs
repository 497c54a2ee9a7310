//! The only place that asks what time it is. `--as-of` gives a fixed clock.
#![expect(
    clippy::disallowed_methods,
    reason = "the rule sends every other module here"
)]

use crate::model::time::Instant;

/// Where the time comes from.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A time given on the command line.
    Fixed(Instant),
}

impl Clock {
    /// The time now, or the time given.
    pub fn now(self) -> Instant {
        match self {
            Self::System => Instant::new(chrono::Utc::now()),
            Self::Fixed(time) => time,
        }
    }

    /// Whether the time was given on the command line.
    pub fn is_given(self) -> bool {
        matches!(self, Self::Fixed(_))
    }
}
