//! Instants (UTC, whole seconds) and civil dates in Europe/Stockholm. The due date of a snapshot is always a civil date:
//! 1 January 2027 00:00 in Stockholm is 2026-12-31T23:00:00Z, so a year is never read off UTC.

use std::fmt;
use std::str::FromStr;

use chrono::{
    DateTime, Datelike as _, LocalResult, Months, NaiveDate, NaiveDateTime, SubsecRound as _,
    TimeZone as _, Utc,
};
use chrono_tz::Europe::Stockholm;
use serde::{Deserialize, Serialize};

/// A moment, UTC, whole seconds. Stored as `2027-01-01T00:05:12Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Instant(DateTime<Utc>);

/// A text that is not a time as the command line or the archive takes it.
#[derive(Debug, thiserror::Error)]
#[error("\"{0}\" is not a time: write 2027-01-01 or 2027-01-01T00:05:00+01:00")]
pub struct TimeFormError(String);

impl Instant {
    /// The instant of a UTC time; parts of a second are cut off.
    pub fn new(time: DateTime<Utc>) -> Self {
        Self(time.trunc_subsecs(0))
    }

    /// The same instant as chrono's type.
    pub fn utc(self) -> DateTime<Utc> {
        self.0
    }

    /// The civil date in Stockholm at this instant.
    pub fn stockholm_date(self) -> NaiveDate {
        self.0.with_timezone(&Stockholm).date_naive()
    }

    /// Date and time in Stockholm for people: `2027-01-01 00:05`.
    pub fn stockholm_text(self) -> String {
        self.0
            .with_timezone(&Stockholm)
            .format("%Y-%m-%d %H:%M")
            .to_string()
    }

    /// 00:00 in Stockholm on `date`.
    pub fn start_of(date: NaiveDate) -> Self {
        let midnight = date.and_time(chrono::NaiveTime::MIN);
        Self(in_stockholm(midnight))
    }

    /// The instant of a wall-clock time in Stockholm.
    pub fn of_stockholm_clock(wall: NaiveDateTime) -> Self {
        Self(in_stockholm(wall))
    }

    /// `20270101T000512Z`, the form used in ids.
    pub fn compact(self) -> String {
        self.0.format("%Y%m%dT%H%M%SZ").to_string()
    }

    /// This instant moved by whole seconds.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0 + chrono::Duration::seconds(seconds))
    }

    /// Reads what `--as-of` takes: RFC 3339, or `YYYY-MM-DD` meaning 00:00 in Stockholm.
    pub fn parse_as_of(text: &str) -> Result<Self, TimeFormError> {
        if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            return Ok(Self::start_of(date));
        }
        match DateTime::parse_from_rfc3339(text) {
            Ok(time) => Ok(Self::new(time.to_utc())),
            Err(_) => Err(TimeFormError(text.to_owned())),
        }
    }
}

/// A wall-clock time in Stockholm as UTC. In the spring gap the hour after is taken, in the autumn overlap the first.
fn in_stockholm(wall: NaiveDateTime) -> DateTime<Utc> {
    match Stockholm.from_local_datetime(&wall) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => time.to_utc(),
        LocalResult::None => {
            match Stockholm.from_local_datetime(&(wall + chrono::Duration::hours(1))) {
                LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => time.to_utc(),
                LocalResult::None => wall.and_utc(),
            }
        }
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0.format("%Y-%m-%dT%H:%M:%SZ"))
    }
}

impl FromStr for Instant {
    type Err = TimeFormError;

    /// Reads the archive's own form only: `2027-01-01T00:05:12Z`.
    fn from_str(text: &str) -> Result<Self, TimeFormError> {
        match NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%SZ") {
            Ok(time) if text.len() == 20 => Ok(Self(time.and_utc())),
            _ => Err(TimeFormError(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Instant {
    type Error = TimeFormError;

    fn try_from(text: String) -> Result<Self, TimeFormError> {
        text.parse()
    }
}

impl From<Instant> for String {
    fn from(time: Instant) -> Self {
        time.to_string()
    }
}

/// A period such as `6 månader`: at least one day, week, month or year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Days.
    Days(u32),
    /// Weeks.
    Weeks(u32),
    /// Calendar months; the day is clamped (2026-08-31 + 6 months = 2027-02-28).
    Months(u32),
    /// Calendar years.
    Years(u32),
}

impl Period {
    /// The civil date that lies this period after `date`, or `None` beyond the calendar.
    pub fn after(self, date: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Days(count) => date.checked_add_days(chrono::Days::new(u64::from(count))),
            Self::Weeks(count) => date.checked_add_days(chrono::Days::new(u64::from(count) * 7)),
            Self::Months(count) => date.checked_add_months(Months::new(count)),
            Self::Years(count) => date.checked_add_months(Months::new(count.checked_mul(12)?)),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(1) => formatter.write_str("1 dag"),
            Self::Days(count) => write!(formatter, "{count} dagar"),
            Self::Weeks(1) => formatter.write_str("1 vecka"),
            Self::Weeks(count) => write!(formatter, "{count} veckor"),
            Self::Months(1) => formatter.write_str("1 månad"),
            Self::Months(count) => write!(formatter, "{count} månader"),
            Self::Years(count) => write!(formatter, "{count} år"),
        }
    }
}

impl FromStr for Period {
    type Err = PeriodFormError;

    fn from_str(text: &str) -> Result<Self, PeriodFormError> {
        let wrong = || PeriodFormError(text.to_owned());
        let (count, unit) = text.split_once(' ').ok_or_else(wrong)?;
        let count: u32 = match count.parse() {
            Ok(count) if (1..=1000).contains(&count) && !text.starts_with('+') => count,
            _ => return Err(wrong()),
        };
        match unit {
            "dag" | "dagar" => Ok(Self::Days(count)),
            "vecka" | "veckor" => Ok(Self::Weeks(count)),
            "månad" | "månader" => Ok(Self::Months(count)),
            "år" => Ok(Self::Years(count)),
            _ => Err(wrong()),
        }
    }
}

/// A period that is not written as a policy file writes it.
#[derive(Debug, thiserror::Error)]
#[error("\"{0}\" is not a period: write \"30 dagar\", \"4 veckor\", \"6 månader\" or \"2 år\"")]
pub struct PeriodFormError(String);

/// `2026-09`: the precision of time that a tombstone may keep.
pub fn month_text(date: NaiveDate) -> String {
    format!("{:04}-{:02}", date.year(), date.month())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn new_year_in_stockholm_is_the_evening_before_in_utc() {
        let start = Instant::start_of(date("2027-01-01"));
        assert_eq!(start.to_string(), "2026-12-31T23:00:00Z");
        assert_eq!(start.stockholm_date(), date("2027-01-01"));
        assert_eq!(start.plus_seconds(-1).stockholm_date(), date("2026-12-31"));
        assert_eq!(
            Instant::start_of(date("2026-07-01")).to_string(),
            "2026-06-30T22:00:00Z"
        );
    }

    #[test]
    fn as_of_takes_a_date_or_rfc_3339() {
        assert_eq!(
            Instant::parse_as_of("2027-01-01").unwrap().to_string(),
            "2026-12-31T23:00:00Z"
        );
        assert_eq!(
            Instant::parse_as_of("2027-01-01T00:05:00+01:00")
                .unwrap()
                .to_string(),
            "2026-12-31T23:05:00Z"
        );
        assert!(Instant::parse_as_of("1 januari").is_err());
    }

    #[test]
    fn months_are_clamped_to_the_end_of_the_month() {
        assert_eq!(
            "6 månader"
                .parse::<Period>()
                .unwrap()
                .after(date("2026-08-31")),
            Some(date("2027-02-28"))
        );
        assert!("0 dagar".parse::<Period>().is_err());
        assert!("P6M".parse::<Period>().is_err());
    }
}
