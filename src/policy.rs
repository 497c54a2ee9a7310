//! Retention policies: municipal rules as data. [`parse`] reads a file with errors that point at their place,
//! [`evaluate`] applies it to facts; all of it is pure. A policy that cannot be read disposes of nothing.

pub mod builtin;
mod check;
pub mod evaluate;
mod fault;
pub mod parse;
mod read;
pub mod rule;
mod rules;
mod sections;
mod syntax;

use chrono::NaiveDate;

use crate::model::cadence::CadenceRule;
use crate::model::facts::Outcome;
use crate::model::time::Period;
use crate::policy::rule::{Case, Rule};

/// `policy.status`. Only [`Status::InForce`] may be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// `mall`: written from a guideline, not decided by anyone.
    Template,
    /// `utkast`: on its way to a decision.
    Draft,
    /// `gallande`: decided and in force.
    InForce,
    /// `upphord`: no longer in force.
    Ended,
}

impl Status {
    /// Code in the file and the value.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("mall", Self::Template),
        ("utkast", Self::Draft),
        ("gallande", Self::InForce),
        ("upphord", Self::Ended),
    ];

    /// The word in the file.
    pub fn code(self) -> &'static str {
        match self {
            Self::Template => "mall",
            Self::Draft => "utkast",
            Self::InForce => "gallande",
            Self::Ended => "upphord",
        }
    }
}

/// `beslut.typ`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BasisKind {
    /// `riktlinje`.
    Guideline,
    /// `gallringsbeslut`: the only kind that permits disposal.
    DisposalDecision,
    /// `tillampningsbeslut`: a board's decision to apply a general one.
    ApplicationDecision,
    /// `vagledning`.
    Guidance,
    /// `policy`.
    Policy,
}

impl BasisKind {
    /// Code in the file and the value.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("riktlinje", Self::Guideline),
        ("gallringsbeslut", Self::DisposalDecision),
        ("tillampningsbeslut", Self::ApplicationDecision),
        ("vagledning", Self::Guidance),
        ("policy", Self::Policy),
    ];
}

/// One `[[beslut]]`: a document or decision that rules rest on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// `id`, unique in the file.
    pub id: String,
    /// `typ`.
    pub kind: BasisKind,
    /// `titel`.
    pub title: String,
    /// `organ`: who decided.
    pub body: Option<String>,
    /// `datum`.
    pub date: Option<NaiveDate>,
    /// `diarienummer`.
    pub registry_no: Option<String>,
    /// `paragraf`.
    pub section: Option<String>,
    /// `lagrum`: provisions that it cites.
    pub provisions: Vec<String>,
    /// `omfattar_fran`: records from that day on.
    pub covers_from: Option<NaiveDate>,
    /// `omfattar_till`: records up to and including that day.
    pub covers_to: Option<NaiveDate>,
    /// `kalla.fil`: the file with the source text.
    pub source: Option<String>,
    /// `anmarkning`.
    pub remark: Option<String>,
    /// Where it stands: `file:line:column`.
    pub place: String,
}

impl Basis {
    /// What a disposal decision lacks to be executed: names of the keys, in the file's order.
    pub fn lacks(&self) -> Vec<&'static str> {
        let mut lacks = Vec::new();
        if self.body.is_none() {
            lacks.push("organ");
        }
        if self.date.is_none() {
            lacks.push("datum");
        }
        if self.registry_no.is_none() {
            lacks.push("diarienummer");
        }
        lacks
    }

    /// `Kommunfullmäktige 2026-03-02 § 14, dnr KS 2026/12`, as far as known; else the title.
    pub fn citation(&self) -> String {
        let mut parts = Vec::new();
        if let Some(body) = &self.body {
            parts.push(body.clone());
        }
        if let Some(date) = self.date {
            parts.push(date.to_string());
        }
        if let Some(section) = &self.section {
            parts.push(section.clone());
        }
        let mut text = parts.join(" ");
        if let Some(number) = &self.registry_no {
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push_str("dnr ");
            text.push_str(number);
        }
        if text.is_empty() {
            self.title.clone()
        } else {
            text
        }
    }
}

/// `policy.oversyn`: how often the policy is to be reviewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// `intervall`.
    pub interval: Option<Period>,
    /// `ansvarig`.
    pub responsible: Option<String>,
    /// `faststalls_av`.
    pub settled_by: Option<String>,
    /// `senast`: when it was last reviewed.
    pub last: Option<NaiveDate>,
}

/// A policy that could be loaded.
#[derive(Clone, Debug)]
pub struct Policy {
    /// `policy.id`.
    pub id: String,
    /// `policy.version`.
    pub version: String,
    /// `policy.kommun`.
    pub municipality: String,
    /// `policy.status`.
    pub status: Status,
    /// `policy.galler_fran`.
    pub valid_from: Option<NaiveDate>,
    /// `policy.galler_till`, inclusive.
    pub valid_to: Option<NaiveDate>,
    /// `policy.ersatter`: the version that this one replaces.
    pub replaces: Option<String>,
    /// `policy.oversyn`.
    pub review: Option<Review>,
    /// `[[beslut]]`.
    pub bases: Vec<Basis>,
    /// `ogonblicksbild.tidpunkter`.
    pub cadence: Vec<CadenceRule>,
    /// `ogonblicksbild.vid_storre_forandring`.
    pub at_major_change: bool,
    /// `ogonblicksbild.vid_avslut`.
    pub at_closing: bool,
    /// `konto.administratorer_minst`; `None` where the policy says nothing.
    pub least_administrators: Option<u32>,
    /// `gallring.utan_regel`: outcome where no rule holds; review or preserve, never disposal.
    pub default_outcome: Outcome,
    /// `gallring.karens` in days.
    pub waiting_days: u32,
    /// `gallring.hogst_andel_procent`: most of an account's posts that one plan may hold.
    pub most_percent: u32,
    /// `gallring.hogst_antal`: most posts that one plan may hold.
    pub most_items: u64,
    /// `[[regel]]`.
    pub rules: Vec<Rule>,
    /// `[[prov]]`.
    pub cases: Vec<Case>,
    /// The file's name, for findings.
    pub file: String,
    /// Where `policy.status` stands: `file:line:column`.
    pub status_place: String,
}

impl Policy {
    /// The decision or document with this id.
    pub fn basis(&self, id: &str) -> Option<&Basis> {
        self.bases.iter().find(|basis| basis.id == id)
    }

    /// The rule with this id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// Whether any rule ever permits disposal.
    pub fn permits_disposal(&self) -> bool {
        self.rules
            .iter()
            .any(|rule| rule.outcome == Outcome::MayDispose)
    }

    /// Whether nothing hinders execution on a day.
    pub fn is_executable(&self, on: NaiveDate) -> bool {
        self.permits_disposal() && self.hindrances(on).is_empty()
    }
}
