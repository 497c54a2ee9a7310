//! The rules that every disposal in the log must have kept: a plan, an approval of exactly that plan by another person
//! whose role may, the waiting period, and no hold on the account or post (`gallring.md` §3.6). Pure.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::evidence::codes::{self, Code};
use crate::evidence::history::{History, entry_path};
use crate::evidence::report::Hit;
use crate::model::digest::Sha256Hex;
use crate::model::entry::{Actor, Body, Entry, HoldScope, Tombstone};
use crate::model::id::{AccountId, HolderId, PersonId, RecordId, UnitNo, UnitRef};
use crate::model::person::Role;
use crate::model::time::Instant;

/// The unit of a plan that holds its readable list.
const LIST: UnitNo = UnitNo(1);
const DAY: i64 = 86_400;

/// The waiting period in days of the policy with this digest; `None` where its file cannot be read.
pub type WaitingDays<'a> = dyn Fn(&Sha256Hex) -> Option<u32> + 'a;

#[derive(Debug)]
struct Plan<'a> {
    digest: &'a Sha256Hex,
    policy: &'a Sha256Hex,
    planner: &'a PersonId,
}

#[derive(Debug)]
struct Approval<'a> {
    plan: &'a RecordId,
    digest: &'a Sha256Hex,
    approver: &'a PersonId,
    from: Instant,
    expires: Instant,
    time: Instant,
}

#[derive(Debug)]
struct Hold<'a> {
    scope: HoldScope,
    account: Option<&'a AccountId>,
    unit: Option<&'a UnitRef>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
}

/// Whether a hold covered a disposed post, as far as the log alone tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Covered {
    Yes,
    Perhaps,
    No,
}

/// What the log has said so far.
#[derive(Debug, Default)]
struct Known<'a> {
    roles: BTreeMap<&'a PersonId, Role>,
    active: BTreeSet<&'a PersonId>,
    plans: BTreeMap<&'a RecordId, Plan<'a>>,
    approvals: BTreeMap<&'a RecordId, Approval<'a>>,
    withdrawn: BTreeMap<&'a RecordId, u64>,
    holds: BTreeMap<&'a RecordId, Hold<'a>>,
    disposing: BTreeMap<&'a RecordId, u64>,
    handed: BTreeMap<&'a RecordId, BTreeSet<&'a UnitRef>>,
    /// Plan and hold of which it was told that nobody can judge them again.
    not_judged: BTreeSet<(&'a RecordId, &'a RecordId)>,
}

/// What is wrong with the disposals of a log, and which of them are not through.
pub fn check(history: &History, prefix: &str, waiting: &WaitingDays<'_>) -> Vec<Hit> {
    let mut known = Known::default();
    let mut hits = Vec::new();
    for entry in &history.entries {
        let Some(body) = &entry.body else { continue };
        let path = format!("{prefix}{}", entry_path(entry.seq));
        match body {
            Body::Approval { .. } => hits.extend(known.approve(entry, body, &path, waiting)),
            Body::Disposal { .. } => hits.extend(known.dispose(history, entry, body, &path)),
            Body::HoldLifted { hold, second, .. } => {
                hits.extend(known.lift(entry, (hold, second), &path));
            }
            Body::RegistryHandover {
                handover, units, ..
            } => hits.extend(known.hand_over(history, (handover, units), &path)),
            Body::RegistryReceipt {
                handover, units, ..
            } => hits.extend(known.receipt(handover, units, &path)),
            Body::Genesis { .. }
            | Body::PersonChanged { .. }
            | Body::AccountChanged { .. }
            | Body::PolicyChange { .. }
            | Body::Capture { .. }
            | Body::CaptureFailed { .. }
            | Body::Ingest { .. }
            | Body::SnapshotMissed { .. }
            | Body::Classification { .. }
            | Body::Flag { .. }
            | Body::Plan { .. }
            | Body::PlanWithdrawn { .. }
            | Body::HoldPlaced { .. }
            | Body::DisposalConfirmed { .. }
            | Body::Export { .. }
            | Body::Receipt { .. }
            | Body::Takedown { .. }
            | Body::RemovalObserved { .. }
            | Body::Note { .. } => known.take_in(entry, body),
        }
    }
    for (plan, seq) in &known.disposing {
        if !history.confirmed.contains(*plan) {
            let path = format!("{prefix}{}", entry_path(*seq));
            let message = format!("Gallringen enligt plan {plan} är påbörjad men inte bekräftad.");
            hits.push(Hit::at(codes::DISPOSAL_PENDING, path, message));
        }
    }
    hits
}

impl<'a> Known<'a> {
    fn take_in(&mut self, entry: &'a Entry, body: &'a Body) {
        match body {
            Body::PersonChanged {
                person,
                role,
                active,
                ..
            } => {
                self.roles.insert(person, *role);
                if *active {
                    self.active.insert(person);
                } else {
                    self.active.remove(person);
                }
            }
            Body::Plan {
                plan,
                digest_sha256,
                policy_sha256,
                planner,
                ..
            } => {
                let made = Plan {
                    digest: digest_sha256,
                    policy: policy_sha256,
                    planner,
                };
                self.plans.insert(plan, made);
            }
            Body::PlanWithdrawn { plan, .. } => {
                self.withdrawn.insert(plan, entry.seq);
            }
            Body::HoldPlaced {
                hold,
                scope,
                account,
                unit,
                from,
                to,
                ..
            } => {
                let placed = Hold {
                    scope: *scope,
                    account: account.as_ref(),
                    unit: unit.as_ref(),
                    from: *from,
                    to: *to,
                };
                self.holds.insert(hold, placed);
            }
            Body::Genesis { .. }
            | Body::AccountChanged { .. }
            | Body::PolicyChange { .. }
            | Body::Capture { .. }
            | Body::CaptureFailed { .. }
            | Body::Ingest { .. }
            | Body::SnapshotMissed { .. }
            | Body::Classification { .. }
            | Body::Flag { .. }
            | Body::Approval { .. }
            | Body::HoldLifted { .. }
            | Body::Disposal { .. }
            | Body::DisposalConfirmed { .. }
            | Body::Export { .. }
            | Body::Receipt { .. }
            | Body::Takedown { .. }
            | Body::RegistryHandover { .. }
            | Body::RegistryReceipt { .. }
            | Body::RemovalObserved { .. }
            | Body::Note { .. } => {}
        }
    }

    /// Takes a handover in. What was handed over and is disposed of since was there before.
    fn hand_over(
        &mut self,
        history: &History,
        (handover, units): (&'a RecordId, &'a [UnitRef]),
        path: &str,
    ) -> Vec<Hit> {
        self.handed.insert(handover, units.iter().collect());
        units
            .iter()
            .filter(|unit| !history.holders.contains_key(&unit.holder))
            .map(|unit| {
                let message = format!(
                    "Överlämningen {handover} nämner gallringsenheten {unit}, som aldrig har funnits i loggen."
                );
                Hit::at(codes::RECEIPT_UNITS, path, message)
            })
            .collect()
    }

    /// A diarienummer counts for what was handed over, and nothing else: it lets a working copy go.
    fn receipt(&self, handover: &RecordId, units: &[UnitRef], path: &str) -> Vec<Hit> {
        let fault = |message: String| Hit::at(codes::RECEIPT_UNITS, path, message);
        let Some(handed) = self.handed.get(handover) else {
            let message =
                format!("Kvittensen gäller överlämningen {handover}, som inte finns i loggen.");
            return vec![fault(message)];
        };
        units
            .iter()
            .filter(|unit| !handed.contains(unit))
            .map(|unit| {
                fault(format!(
                    "Kvittensen gäller gallringsenheten {unit}, som inte överlämnades i {handover}."
                ))
            })
            .collect()
    }

    /// Takes an approval in and checks it against its plan.
    fn approve(
        &mut self,
        entry: &'a Entry,
        body: &'a Body,
        path: &str,
        waiting: &WaitingDays<'_>,
    ) -> Vec<Hit> {
        let Body::Approval {
            plan,
            digest_sha256,
            approver,
            executable_from,
            expires,
            record,
            ..
        } = body
        else {
            return Vec::new();
        };
        let mut hits = Vec::new();
        let mut fault = |code: &Code, message: String| hits.push(Hit::at(code, path, message));
        if entry.actor != Actor::Person(approver.clone())
            || !self
                .roles
                .get(approver)
                .is_some_and(|role| role.may_approve())
        {
            fault(
                codes::APPROVER,
                format!("Personen {approver} fick inte godkänna planen {plan}."),
            );
        }
        match self.plans.get(plan) {
            None => fault(
                codes::PLAN_UNKNOWN,
                format!("Planen {plan} finns inte i loggen."),
            ),
            Some(made) => {
                if made.planner == approver {
                    fault(
                        codes::SAME_PERSON,
                        format!("Planen {plan} är godkänd av den som gjorde den."),
                    );
                }
                if made.digest != digest_sha256 {
                    fault(
                        codes::APPROVED_OTHER,
                        format!("Godkännandet gäller en annan lydelse av planen {plan}."),
                    );
                }
                match waiting(made.policy) {
                    None => fault(
                        codes::POLICY_UNREADABLE,
                        format!(
                            "Väntetiden för planen {plan} är inte kontrollerad: policyn kan inte läsas."
                        ),
                    ),
                    Some(days) if !has_waited(entry.time, *executable_from, days) => fault(
                        codes::WAITING,
                        format!("Godkännandet ger kortare väntetid än policyns {days} dagar."),
                    ),
                    Some(_) => {}
                }
            }
        }
        let approval = Approval {
            plan,
            digest: digest_sha256,
            approver,
            from: *executable_from,
            expires: *expires,
            time: entry.time,
        };
        self.approvals.insert(record, approval);
        hits
    }

    fn dispose(
        &mut self,
        history: &History,
        entry: &'a Entry,
        body: &'a Body,
        path: &str,
    ) -> Vec<Hit> {
        let Body::Disposal {
            plan,
            approval,
            policy_sha256,
            units,
            ..
        } = body
        else {
            return Vec::new();
        };
        let Some(made) = self.plans.get(plan) else {
            let message =
                format!("Gallringen hänvisar till planen {plan}, som inte finns i loggen.");
            return vec![Hit::at(codes::PLAN_UNKNOWN, path, message)];
        };
        if is_list(plan, units) {
            let approved = self
                .approvals
                .values()
                .any(|approval| approval.plan == plan);
            if !approved && !history.withdrawn.contains(plan) {
                let message = format!(
                    "Planen {plan}s läsbara lista är gallrad utan godkännande eller återkallelse."
                );
                return vec![Hit::at(codes::DISPOSAL_UNAPPROVED, path, message)];
            }
            return Vec::new();
        }
        self.disposing.entry(plan).or_insert(entry.seq);
        let policy = made.policy;
        let mut hits = self.held(history, (plan, body), path);
        if policy != policy_sha256 {
            let message = format!("Gallringen vilar på en annan policy än planen {plan}.");
            hits.push(Hit::at(codes::NOT_PLANNED, path, message));
        }
        let found = approval
            .as_ref()
            .and_then(|record| self.approvals.get(record))
            .filter(|found| found.plan == plan);
        let Some(found) = found else {
            let message = format!("Gallringen enligt planen {plan} saknar godkännande.");
            hits.push(Hit::at(codes::DISPOSAL_UNAPPROVED, path, message));
            return hits;
        };
        hits.extend(self.permitted(entry, plan, found, path));
        hits
    }

    /// Whether an approval let the disposal happen when it did.
    fn permitted(
        &self,
        entry: &Entry,
        plan: &RecordId,
        approval: &Approval<'_>,
        path: &str,
    ) -> Vec<Hit> {
        let mut hits = Vec::new();
        if entry.time < approval.from {
            let message = format!(
                "Gallringen skedde före väntetidens slut; godkänd {} av {}.",
                approval.time, approval.approver
            );
            hits.push(Hit::at(codes::WAITING, path, message).differs(approval.from, entry.time));
        }
        if entry.time > approval.expires {
            let message = "Gallringen skedde efter att godkännandet hade förfallit.";
            hits.push(Hit::at(codes::EXPIRED, path, message).differs(approval.expires, entry.time));
        }
        if self.withdrawn.contains_key(plan) {
            let message = format!("Gallringen skedde efter att planen {plan} hade återkallats.");
            hits.push(Hit::at(codes::EXPIRED, path, message));
        }
        let unchanged = self
            .plans
            .get(plan)
            .is_some_and(|made| made.digest == approval.digest);
        if !unchanged {
            let message = format!("Godkännandet gäller en annan lydelse av planen {plan}.");
            hits.push(Hit::at(codes::APPROVED_OTHER, path, message));
        }
        hits
    }

    /// Holds that stood. What the log alone cannot judge is told once for each plan and hold.
    fn held(
        &mut self,
        history: &History,
        (plan, body): (&'a RecordId, &'a Body),
        path: &str,
    ) -> Vec<Hit> {
        let mut hits = Vec::new();
        for (id, hold) in &self.holds {
            let (code, message) = match hold.covers(history, body) {
                Covered::No => continue,
                Covered::Yes => (
                    codes::HELD,
                    format!("Gallringen skedde under gallringsstoppet {id}."),
                ),
                Covered::Perhaps if !self.not_judged.insert((plan, id)) => continue,
                Covered::Perhaps => (
                    codes::HOLD_NOT_JUDGED,
                    format!(
                        "Gallring skedde medan gallringsstoppet {id} gällde. Om det omfattade det gallrade går inte att avgöra ur loggen."
                    ),
                ),
            };
            hits.push(Hit::at(code, path, message));
        }
        hits
    }

    /// A hold is lifted by two persons.
    fn lift(
        &mut self,
        entry: &Entry,
        (hold, second): (&RecordId, &'a PersonId),
        path: &str,
    ) -> Option<Hit> {
        self.holds.remove(hold);
        let may = self.active.contains(second)
            && self.roles.get(second).is_some_and(|role| role.may_write());
        let another = matches!(&entry.actor, Actor::Person(first) if first != second);
        (!may || !another).then(|| {
            let message =
                format!("Gallringsstoppet {hold} är hävt utan en andra person som fick göra det.");
            Hit::at(codes::LIFTED_ALONE, path, message)
        })
    }
}

impl Hold<'_> {
    /// Whether the hold covered what a disposal took. Of a post the log has account, month and units.
    fn covers(&self, history: &History, body: &Body) -> Covered {
        let Body::Disposal {
            account,
            month,
            units,
            ..
        } = body
        else {
            return Covered::No;
        };
        let account = account.as_ref();
        // A thread stays within its account.
        let thread_account = self
            .unit
            .and_then(|unit| history.holders.get(&unit.holder))
            .and_then(|committed| committed.holder.account.as_ref());
        let elsewhere = self.account.is_some() && self.account != account;
        let named = self
            .unit
            .is_some_and(|held| units.iter().any(|tombstone| tombstone.unit == *held));
        match self.scope {
            HoldScope::Account if account.is_some() && !elsewhere => Covered::Yes,
            HoldScope::Post | HoldScope::Thread if named => Covered::Yes,
            // A disposal names every version of its post.
            HoldScope::Account | HoldScope::Post => Covered::No,
            HoldScope::Thread if thread_account.is_some() && thread_account != account => {
                Covered::No
            }
            HoldScope::Period | HoldScope::Query if elsewhere => Covered::No,
            HoldScope::Period => self.covers_month(month.as_deref()),
            HoldScope::Thread | HoldScope::Query => Covered::Perhaps,
        }
    }

    /// A month that lies within the period is covered, one that lies outside is not; of one across its edge the log does
    /// not tell on which side the post was. A post without a date may lie in any period.
    fn covers_month(&self, month: Option<&str>) -> Covered {
        let Some(first) = month.and_then(|month| format!("{month}-01").parse::<NaiveDate>().ok())
        else {
            return Covered::Yes;
        };
        let last = first
            .checked_add_months(chrono::Months::new(1))
            .and_then(|next| next.pred_opt())
            .unwrap_or(first);
        if self.from.is_some_and(|from| last < from) || self.to.is_some_and(|to| first > to) {
            Covered::No
        } else if self.from.is_none_or(|from| from <= first) && self.to.is_none_or(|to| last <= to)
        {
            Covered::Yes
        } else {
            Covered::Perhaps
        }
    }
}

/// Whether a disposal takes only the readable list of its own plan.
fn is_list(plan: &RecordId, units: &[Tombstone]) -> bool {
    !units.is_empty()
        && units.iter().all(|tombstone| {
            tombstone.unit.holder == HolderId::Record(plan.clone()) && tombstone.unit.unit == LIST
        })
}

/// Whole days, counted as civil dates in Stockholm or as 24 hours each: summer time may shorten one of the two.
fn has_waited(approved: Instant, from: Instant, days: u32) -> bool {
    let seconds = (from.utc() - approved.utc()).num_seconds();
    let civil = from
        .stockholm_date()
        .signed_duration_since(approved.stockholm_date())
        .num_days();
    seconds >= i64::from(days) * DAY
        || (civil >= i64::from(days) && seconds >= (i64::from(days) - 1) * DAY)
}
