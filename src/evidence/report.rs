//! What `verify` finds: each finding with its code and place, and the counts that must come out even.

use serde::Serialize;

use crate::evidence::codes::Code;
use crate::model::finding::{Finding, Severity};
use crate::model::id::{HolderId, UnitNo};

/// One finding of `verify`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Hit {
    /// Relative to what was checked.
    pub path: String,
    /// `E101`.
    pub code: &'static str,
    /// `unit.digest_mismatch`.
    pub name: &'static str,
    /// How grave.
    pub severity: Severity,
    /// A Swedish sentence.
    pub message: String,
    /// The capture or record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<HolderId>,
    /// The unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitNo>,
    /// What should be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
}

impl Hit {
    /// A finding at `path`.
    pub fn at(code: &Code, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            code: code.code,
            name: code.name,
            severity: code.severity(),
            message: message.into(),
            holder: None,
            unit: None,
            expected: None,
            actual: None,
        }
    }

    /// The same in a unit.
    #[must_use]
    pub fn in_unit(mut self, holder: &HolderId, unit: Option<UnitNo>) -> Self {
        self.holder = Some(holder.clone());
        self.unit = unit;
        self
    }

    /// The same with what was expected and what is there.
    #[must_use]
    pub fn differs(
        mut self,
        expected: impl std::fmt::Display,
        actual: impl std::fmt::Display,
    ) -> Self {
        self.expected = Some(expected.to_string());
        self.actual = Some(actual.to_string());
        self
    }

    /// The finding as every verb prints it.
    pub fn finding(&self) -> Finding {
        Finding {
            code: self.code.to_owned(),
            severity: self.severity,
            path: self.path.clone(),
            message: self.message.clone(),
        }
    }
}

/// Units by what became of them; `listed` is the sum of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Units that the manifests of all captures and records list.
    pub listed: u64,
    /// Present and whole.
    pub ok: u64,
    /// Present and not whole, or present although they should not be.
    pub bad: u64,
    /// Neither there nor disposed of.
    pub missing: u64,
    /// Disposed of.
    pub disposed: u64,
    /// Left out of the package.
    pub withheld: u64,
    /// Could not be read.
    pub unreadable: u64,
}

impl Counts {
    /// Adds another part's counts.
    pub fn add(&mut self, other: Self) {
        self.listed += other.listed;
        self.ok += other.ok;
        self.bad += other.bad;
        self.missing += other.missing;
        self.disposed += other.disposed;
        self.withheld += other.withheld;
        self.unreadable += other.unreadable;
    }

    /// Whether every listed unit is counted exactly once.
    pub fn come_out_even(&self) -> bool {
        self.listed
            == self.ok + self.bad + self.missing + self.disposed + self.withheld + self.unreadable
    }
}
