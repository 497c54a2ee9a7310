//! The progress of a round of captures, on standard error of a terminal.

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::Context;
use crate::model::id::Alias;
use crate::model::verdict::Verdict;
use crate::ops::snapshot::{Captured, Progress};

/// A bar that counts accounts, or nothing where no bar may be drawn.
#[derive(Debug)]
pub(crate) struct Bar(Option<ProgressBar>);

impl Context {
    /// A bar for a round of captures; nothing unless standard error is a terminal.
    pub(crate) fn bar(&self) -> Bar {
        if !self.progress() {
            return Bar(None);
        }
        let bar = ProgressBar::no_length();
        // A template that cannot be read gives the library's own look.
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(std::time::Duration::from_millis(200));
        Bar(Some(bar))
    }
}

impl Progress for Bar {
    fn started(&mut self, account: &Alias, number: usize, of: usize) {
        if let Some(bar) = &self.0 {
            bar.set_length(of as u64);
            bar.set_position(number.saturating_sub(1) as u64);
            bar.set_message(account.to_string());
        }
    }

    fn finished(&mut self, captured: &Captured) {
        if let Some(bar) = &self.0 {
            bar.inc(1);
            if captured.verdict != Verdict::Complete {
                bar.println(format!("{}: inte fullständig", captured.account));
            }
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
