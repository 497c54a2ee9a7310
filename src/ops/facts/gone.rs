//! Posts taken out under a plan that is being carried out: what their threads knew of them while it was made.

use std::collections::BTreeMap;

use crate::catalogue::PostRow;
use crate::model::facts::{Answer, Flag};

/// Posts by the thread that they stood in, and what was answered to their flags.
#[derive(Debug, Default)]
pub struct Gone {
    threads: BTreeMap<String, Vec<PostRow>>,
    answers: BTreeMap<String, BTreeMap<Flag, Answer>>,
}

impl Gone {
    /// Remembers a post as it was.
    pub fn remember(&mut self, row: PostRow, answers: BTreeMap<Flag, Answer>) {
        self.answers.insert(row.post.key.clone(), answers);
        let thread = self.threads.entry(row.thread_key.clone()).or_default();
        thread.push(row);
    }

    /// What was answered to the flags of a remembered post.
    pub(super) fn answers(&self, key: &str) -> Option<&BTreeMap<Flag, Answer>> {
        self.answers.get(key)
    }

    /// The posts that stood in a thread.
    pub(super) fn of(&self, thread: &str) -> impl Iterator<Item = &PostRow> {
        self.threads.get(thread).into_iter().flatten()
    }
}
