//! What the story came to: counts and decisions that are the same in every run, the places that are not, and everything
//! that did not come out as it should.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::PathBuf;

use serde::Serialize;

/// The whole story.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tale {
    /// Where everything lies.
    pub places: Places,
    /// What happened; the same in every run.
    pub story: Story,
    /// What did not come out as it should; empty when all is well.
    pub unexpected: Vec<String>,
}

/// Where everything lies.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Places {
    /// The archive.
    pub archive: PathBuf,
    /// Packages for the kommunarkiv.
    pub packages: Vec<PathBuf>,
    /// Exports, policy and receipts that the story used.
    pub sources: PathBuf,
    /// The disposal record as PDF/A, where it was written.
    pub record: Option<PathBuf>,
}

/// What happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Story {
    /// Accounts registered.
    pub accounts: usize,
    /// Every capture, in order.
    pub captures: Vec<CaptureLine>,
    /// Obligations by state on the story's last day, as in `schedule`.
    pub obligations: BTreeMap<String, usize>,
    /// Slots recorded as missed, as `account rule date`.
    pub missed: Vec<String>,
    /// Every ingest, in order.
    pub ingests: Vec<IngestLine>,
    /// Posts by what the policy says.
    pub outcomes: BTreeMap<String, usize>,
    /// Posts that the rule of disposal meets or may meet, by the condition of the floor that stood in their way when the
    /// plan was made.
    pub blocked: BTreeMap<String, usize>,
    /// Every post: account's own id, outcome, conditions not met.
    pub decisions: Vec<DecisionLine>,
    /// The disposal.
    pub disposal: DisposalLine,
    /// What the program refused, and the reason it gave.
    pub refused: Vec<RefusedLine>,
    /// Verifications, in order.
    pub verified: Vec<VerifiedLine>,
}

/// A capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaptureLine {
    /// The day.
    pub date: String,
    /// The account.
    pub account: String,
    /// `complete`, `partial` or `failed`.
    pub verdict: String,
    /// Reason codes.
    pub reasons: Vec<String>,
    /// Posts seen.
    pub posts: u32,
    /// Obligations met.
    pub met: usize,
    /// Whether it came after its window.
    pub late: bool,
}

/// An ingest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IngestLine {
    /// The day.
    pub date: String,
    /// The account.
    pub account: String,
    /// The format recognised.
    pub format: String,
    /// Items that the file holds.
    pub claimed: u64,
    /// New posts.
    pub added: u64,
    /// Posts changed.
    pub changed: u64,
    /// Posts as before.
    pub unchanged: u64,
    /// Items refused.
    pub refused: usize,
}

/// What was decided about a post.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct DecisionLine {
    /// The platform's own id.
    pub source_id: String,
    /// What the policy says.
    pub outcome: String,
    /// Conditions of the floor not met when the plan was made.
    pub blocked_by: Vec<String>,
}

/// The disposal run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DisposalLine {
    /// Posts in the plan.
    pub planned: u64,
    /// Posts disposed of.
    pub disposed: u64,
    /// Posts held back at execution.
    pub held_back: usize,
    /// What stood in their way, by code.
    pub held_back_by: BTreeMap<String, usize>,
    /// Posts evaluated.
    pub posts: usize,
    /// First day of execution.
    pub executable_from: String,
}

/// Something the program refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedLine {
    /// What was tried.
    pub tried: String,
    /// Why it was refused.
    pub reason: String,
}

/// A verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifiedLine {
    /// What.
    pub what: String,
    /// Level.
    pub level: u8,
    /// Units that are whole.
    pub ok: u64,
    /// Units that were disposed of lawfully.
    pub disposed: u64,
    /// Units that are damaged, missing or unreadable.
    pub bad: u64,
    /// Codes of the findings.
    pub findings: Vec<String>,
}

impl Tale {
    /// Notes what did not come out as it should.
    pub(crate) fn expect<T: PartialEq + Debug>(&mut self, what: &str, found: &T, expected: &T) {
        if found != expected {
            self.unexpected
                .push(format!("{what}: väntat {expected:?}, blev {found:?}"));
        }
    }
}
