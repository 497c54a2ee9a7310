//! Retention policies: municipal rules as data. [`parse`] reads a file with errors that point at their place,
//! [`evaluate`] applies it to facts; both are pure. `gallring.md` §3.

pub mod builtin;
pub mod evaluate;
pub mod parse;

use chrono::NaiveDate;

use crate::model::cadence::CadenceRule;
use crate::model::finding::Finding;

/// A policy that could be loaded.
#[derive(Clone, Debug)]
pub struct Policy {
    /// `policy.id`.
    pub id: String,
    /// `policy.version`.
    pub version: String,
    /// `policy.kommun`.
    pub municipality: String,
    /// `ogonblicksbild.tidpunkter`.
    pub cadence: Vec<CadenceRule>,
    /// `gallring.karens` in days.
    pub waiting_days: u32,
    /// `gallring.hogst_andel_procent`: most of an account's posts that one plan may hold.
    pub most_percent: u32,
    /// `gallring.hogst_antal`: most posts that one plan may hold.
    pub most_items: u64,
}

impl Policy {
    /// What hinders execution on a day (*hinder*): the policy loads and plans all the same.
    pub fn hindrances(&self, _on: NaiveDate) -> Vec<Finding> {
        Vec::new()
    }

    /// What is worth mending (*varning*).
    pub fn warnings(&self, _on: NaiveDate) -> Vec<Finding> {
        Vec::new()
    }
}
