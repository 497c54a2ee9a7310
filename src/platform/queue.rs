//! Importers that read a piece of a container at a time, which may hold no item or several.

use std::collections::VecDeque;

use crate::platform::{Item, PlatformError};

/// Items that wait to be given, and how more are read.
pub(crate) trait Queue {
    /// What waits, in order.
    fn waiting(&mut self) -> &mut VecDeque<Item>;

    /// Reads the next piece and lets its items wait; `false` at the end.
    fn advance(&mut self) -> Result<bool, PlatformError>;

    /// The next item, for `Iterator::next`.
    fn next_item(&mut self) -> Option<Result<Item, PlatformError>> {
        loop {
            if let Some(item) = self.waiting().pop_front() {
                return Some(Ok(item));
            }
            match self.advance() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
