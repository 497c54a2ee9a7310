//! The disposal run as a state machine, pure: where a plan stands, what it still lacks, and how much it may take.
//! Only the safety floor's own rules stand here; they rest on no setting.

pub mod residue;
pub mod signature;

use chrono::NaiveDate;

use crate::model::id::PersonId;
use crate::model::time::Instant;

/// Days after the waiting period in which an approved plan may be executed.
pub const EXECUTION_DAYS: u32 = 90;

/// What is known of a plan at a moment.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Withdrawn, or replaced by another plan.
    pub withdrawn: bool,
    /// Carried out and confirmed.
    pub confirmed: bool,
    /// Who planned.
    pub planner: PersonId,
    /// Its approval.
    pub approval: Option<Approved>,
    /// Whether policy, engine and detectors are those that it was made with.
    pub unchanged: bool,
    /// What the policy lacks to be executed, in Swedish; empty when nothing.
    pub hindrances: Vec<String>,
}

/// An approval as the state machine needs it.
#[derive(Clone, Debug)]
pub struct Approved {
    /// By whom.
    pub approver: PersonId,
    /// Whether it names the digest of this very plan.
    pub names_plan: bool,
    /// When the waiting period ends.
    pub executable_from: Instant,
    /// When it lapses.
    pub expires: Instant,
}

/// Where a plan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Planerad: waits for approval.
    Planned,
    /// Återkallad.
    Withdrawn,
    /// Förfallen: policy, engine or detectors changed, or not executed in time.
    Lapsed,
    /// Karens: approved, the waiting period runs.
    Waiting,
    /// Godkänd and the waiting period is over.
    Executable,
    /// Verkställd and confirmed.
    Executed,
}

impl State {
    /// The word people read.
    pub fn swedish(self) -> &'static str {
        match self {
            Self::Planned => "planerad, väntar på godkännande",
            Self::Withdrawn => "återkallad",
            Self::Lapsed => "förfallen",
            Self::Waiting => "godkänd, karens",
            Self::Executable => "godkänd, kan verkställas",
            Self::Executed => "verkställd",
        }
    }
}

impl Standing {
    /// Where the plan stands at `now`.
    pub fn state(&self, now: Instant) -> State {
        if self.confirmed {
            return State::Executed;
        }
        if self.withdrawn {
            return State::Withdrawn;
        }
        if !self.unchanged {
            return State::Lapsed;
        }
        match &self.approval {
            None => State::Planned,
            Some(approval) if now > approval.expires => State::Lapsed,
            Some(approval) if now < approval.executable_from => State::Waiting,
            Some(_) => State::Executable,
        }
    }

    /// The Swedish sentence that says why the plan may not be executed at `now`; `None` when it may.
    pub fn refusal(&self, now: Instant) -> Option<String> {
        if self.withdrawn {
            return Some("Planen är återkallad eller ersatt av en annan.".to_owned());
        }
        let Some(approval) = &self.approval else {
            return Some(
                "Planen är inte godkänd: en annan person än planeraren ska godkänna den."
                    .to_owned(),
            );
        };
        if approval.approver == self.planner {
            return Some(
                "Planen är godkänd av den som planerade den; godkännandet gäller inte (G8)."
                    .to_owned(),
            );
        }
        if !approval.names_plan {
            return Some("Godkännandet gäller en annan lydelse av planen.".to_owned());
        }
        if !self.unchanged {
            return Some(
                "Planen har förfallit: gallringspolicyn, regelmotorn eller detektorerna har ändrats sedan den gjordes. Gör en ny plan."
                    .to_owned(),
            );
        }
        if !self.hindrances.is_empty() {
            return Some(format!(
                "Gallringsbeslutet är inte fullständigt (G6): {}",
                self.hindrances.join("; ")
            ));
        }
        if now < approval.executable_from {
            return Some(format!(
                "Karenstiden löper: planen kan verkställas först {}.",
                approval.executable_from.stockholm_text()
            ));
        }
        if now > approval.expires {
            return Some(format!(
                "Planen har förfallit: den skulle ha verkställts senast {}. Gör en ny plan.",
                approval.expires.stockholm_text()
            ));
        }
        None
    }
}

/// The moment `days` civil days later at the same time of day in Stockholm.
pub fn days_later(from: Instant, days: u32) -> Instant {
    let date = from.stockholm_date();
    let into_day = (from.utc() - Instant::start_of(date).utc()).num_seconds();
    // A century at most: far below the end of the calendar, so the addition cannot fail.
    let days = chrono::Days::new(u64::from(days.min(36_500)));
    let later: NaiveDate = date.checked_add_days(days).unwrap_or(date);
    Instant::start_of(later).plus_seconds(into_day)
}

/// Why a plan would take too much, in Swedish: too large a share of one account. `posts` are those that are there.
pub fn share_exceeded(account: &str, (items, posts): (u64, u64), most: u32) -> Option<String> {
    let exceeded = u128::from(items) * 100 > u128::from(most) * u128::from(posts);
    exceeded.then(|| {
        format!(
            "Planen stoppas helt: {items} av {posts} inlägg på kontot {account} är mer än {most} procent (hogst_andel_procent)."
        )
    })
}

/// Why a plan would take too much, in Swedish: too many posts at once.
pub fn number_exceeded(items: u64, most: u64) -> Option<String> {
    (items > most)
        .then(|| format!("Planen stoppas helt: {items} inlägg är fler än {most} (hogst_antal)."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Instant {
        Instant::parse_as_of(text).unwrap()
    }

    fn standing() -> Standing {
        Standing {
            withdrawn: false,
            confirmed: false,
            planner: "p000000000001".parse().unwrap(),
            approval: Some(Approved {
                approver: "p000000000002".parse().unwrap(),
                names_plan: true,
                executable_from: time("2027-03-01"),
                expires: time("2027-05-30"),
            }),
            unchanged: true,
            hindrances: Vec::new(),
        }
    }

    #[test]
    fn a_plan_is_executable_from_the_end_of_the_waiting_period_for_ninety_days() {
        let plan = standing();
        assert_eq!(plan.refusal(time("2027-03-01")), None);
        assert_eq!(plan.refusal(time("2027-05-30")), None);
        assert_eq!(plan.state(time("2027-03-01")), State::Executable);
        let early = plan.refusal(time("2027-02-28T23:59:59+01:00")).unwrap();
        assert_eq!(
            early,
            "Karenstiden löper: planen kan verkställas först 2027-03-01 00:00."
        );
        assert_eq!(plan.state(time("2027-05-31")), State::Lapsed);
        assert!(
            plan.refusal(time("2027-05-31"))
                .unwrap()
                .contains("förfallit")
        );
    }

    #[test]
    fn each_missing_condition_is_named() {
        let now = time("2027-03-02");
        let with = |change: fn(&mut Standing)| {
            let mut plan = standing();
            change(&mut plan);
            plan.refusal(now).unwrap()
        };
        assert!(with(|plan| plan.approval = None).contains("inte godkänd"));
        assert!(with(|plan| plan.withdrawn = true).contains("återkallad"));
        assert!(with(|plan| plan.unchanged = false).contains("förfallit"));
        assert!(with(|plan| plan.hindrances.push("datum saknas".to_owned())).contains("G6"));
        assert!(
            with(|plan| plan.planner = "p000000000002".parse().unwrap()).contains("G8"),
            "the same person"
        );
        let other = with(|plan| plan.approval.as_mut().unwrap().names_plan = false);
        assert!(other.contains("annan lydelse"));
    }

    #[test]
    fn waiting_days_are_civil_days_across_summer_time() {
        assert_eq!(
            days_later(time("2027-03-15T08:30:00+01:00"), 30),
            time("2027-04-14T08:30:00+02:00")
        );
    }

    #[test]
    fn limits_are_exact() {
        assert_eq!(share_exceeded("torsby", (25, 100), 25), None);
        assert!(share_exceeded("torsby", (26, 100), 25).is_some());
        assert!(share_exceeded("torsby", (1, 0), 25).is_some());
        assert_eq!(number_exceeded(500, 500), None);
        assert!(number_exceeded(501, 500).is_some());
    }
}
