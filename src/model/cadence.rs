//! When snapshots are due: the civil dates a policy names, and the obligations that follow from them.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::model::id::CaptureId;
use crate::model::time::Instant;

/// One recurring due date of a policy (`ogonblicksbild.tidpunkter`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum CadenceRule {
    /// `halvarsskifte`: 1 January and 1 July. Code `half-year`.
    HalfYear,
    /// `arsskifte`: 1 January. Code `year`.
    Year,
    /// `"MM-DD"`: that day every year. Code the same.
    Day {
        /// 1–12.
        month: u32,
        /// 1–31.
        day: u32,
    },
    /// The closing of an account. Code `closing`; stands in no policy, recurs never.
    Closing,
}

/// A text that names no recurring due date.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{0}\" is not a due date: half-year, year, closing or MM-DD")]
pub struct CadenceFormError(String);

impl fmt::Display for CadenceRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HalfYear => formatter.write_str("half-year"),
            Self::Year => formatter.write_str("year"),
            Self::Day { month, day } => write!(formatter, "{month:02}-{day:02}"),
            Self::Closing => formatter.write_str("closing"),
        }
    }
}

impl FromStr for CadenceRule {
    type Err = CadenceFormError;

    fn from_str(text: &str) -> Result<Self, CadenceFormError> {
        match text {
            "half-year" => return Ok(Self::HalfYear),
            "year" => return Ok(Self::Year),
            "closing" => return Ok(Self::Closing),
            _ => {}
        }
        // A leap year, so that 02-29 is a day that exists at all.
        match NaiveDate::parse_from_str(&format!("2000-{text}"), "%Y-%m-%d") {
            Ok(date) if text.len() == 5 => Ok(Self::Day {
                month: date.month(),
                day: date.day(),
            }),
            _ => Err(CadenceFormError(text.to_owned())),
        }
    }
}

impl TryFrom<String> for CadenceRule {
    type Error = CadenceFormError;

    fn try_from(text: String) -> Result<Self, CadenceFormError> {
        text.parse()
    }
}

impl From<CadenceRule> for String {
    fn from(rule: CadenceRule) -> Self {
        rule.to_string()
    }
}

impl CadenceRule {
    /// The rule in Swedish, for people.
    pub fn swedish(self) -> String {
        match self {
            Self::HalfYear => "halvårsskifte".to_owned(),
            Self::Year => "årsskifte".to_owned(),
            Self::Day { month, day } => format!("varje år {day}/{month}"),
            Self::Closing => "avslut".to_owned(),
        }
    }
}

/// The rules in force for an account from a day on, until the next period begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CadencePeriod {
    /// First day, counted.
    pub since: NaiveDate,
    /// The rules.
    pub rules: Vec<CadenceRule>,
}

impl CadencePeriod {
    /// Notes the rules in force from the day of `time` on, where they are others than before.
    pub fn note(periods: &mut Vec<Self>, time: Instant, rules: &[CadenceRule]) {
        if periods.last().is_some_and(|last| last.rules == rules) {
            return;
        }
        periods.push(Self {
            since: time.stockholm_date(),
            rules: rules.to_vec(),
        });
    }
}

/// One due date of one account under one rule; unique in the archive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// The rule.
    pub rule: CadenceRule,
    /// The civil date in Stockholm.
    pub due: NaiveDate,
}

/// Where an obligation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObligationState {
    /// The date lies ahead.
    Planned,
    /// The date has come; no complete capture yet.
    Due,
    /// A capture is being made now.
    Running,
    /// Met by a complete capture inside the window.
    Met,
    /// The window has passed; a complete capture either came later or is still wanted.
    Late,
    /// The rule's next date came first: the state of that day can no longer be witnessed.
    Missed,
    /// The account was closed.
    Cancelled,
}

impl ObligationState {
    /// The state in Swedish, for people.
    pub fn swedish(self) -> &'static str {
        match self {
            Self::Planned => "planerad",
            Self::Due => "ska tas nu",
            Self::Running => "pågår",
            Self::Met => "tagen",
            Self::Late => "försenad",
            Self::Missed => "utebliven",
            Self::Cancelled => "inställd",
        }
    }
}

/// What the log says of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum History {
    /// A complete capture met it at that time.
    Met {
        /// The capture.
        capture: CaptureId,
        /// When it was sealed.
        at: Instant,
    },
    /// Recorded as missed.
    Missed,
}

/// An obligation as `schedule` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obligation {
    /// Rule and date.
    #[serde(flatten)]
    pub slot: Slot,
    /// Where it stands.
    pub state: ObligationState,
    /// The capture that met it.
    pub capture: Option<CaptureId>,
}

/// Why an account is captured.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Occasion {
    /// Halvårsskifte.
    HalfYear,
    /// Årsskifte.
    Year,
    /// A day that the policy names; chosen by the schedule, never by a person.
    #[value(skip)]
    Day,
    /// Större förändring.
    MajorChange,
    /// Before the account is closed.
    Closing,
    /// A person wanted it.
    Manual,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_read_back_what_they_write() {
        for text in ["half-year", "year", "closing", "05-15", "02-29"] {
            assert_eq!(text.parse::<CadenceRule>().unwrap().to_string(), text);
        }
        for text in ["13-01", "5-15", "02-30", "arsskifte", ""] {
            assert_eq!(
                text.parse::<CadenceRule>(),
                Err(CadenceFormError(text.to_owned()))
            );
        }
    }
}
