//! The verdict on a page: complete only when every required output exists, is not blank, is plausible and agrees.

use crate::capture::PageFacts;
use crate::model::verdict::{Counts, Reason, Verdict};

/// What the last complete capture of the account had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// Posts seen then.
    pub counts: Option<Counts>,
    /// Characters of page text then.
    pub text_chars: Option<u64>,
}

/// The verdict and its reasons, sorted. `pdf_is_valid` is `None` where there is no PDF at all.
pub fn judge(
    _facts: &PageFacts,
    _baseline: Option<&Baseline>,
    _pdf_is_valid: Option<bool>,
) -> (Verdict, Vec<Reason>) {
    (Verdict::Failed, vec![Reason::Crashed])
}
