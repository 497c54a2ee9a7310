//! What a package carries (`docs/conformance/bagit.md`): page captures of the accounts and period, posts that the policy
//! preserves, and the records that explain them; all that is left out of a capture or record is listed with its reason.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::app::App;
use crate::archive::View;
use crate::catalogue::{AccountRow, PostRow};
use crate::evidence::history::History;
use crate::evidence::layout::Holder;
use crate::evidence::manifest;
use crate::evidence::scope::WithheldReason;
use crate::model::entry::{Body, Entry};
use crate::model::facts::{Flag, Outcome, Truth};
use crate::model::id::{AccountId, HolderId, UnitNo, UnitRef};
use crate::model::json;
use crate::model::record::{AccessClass, CaptureJson, CaptureKind, RecordJson, RecordKind};
use crate::ops::disposal;
use crate::ops::error::{ErrorKind, OpsError};
use crate::ops::export::ExportOrder;
use crate::ops::facts::{self, FactSource, whole::Whole};
use crate::ops::verify::MOST;
use crate::policy::evaluate;

/// Posts read from the catalogue at a time.
const PAGE: u32 = 500;

/// A capture or record, and which of its units are carried.
#[derive(Debug)]
pub(super) struct Holding {
    pub(super) holder: Holder,
    pub(super) units: Vec<UnitNo>,
    /// Whether it is handed over: something of it, and of a page capture, on which the disposal of posts rests, all.
    pub(super) delivered: bool,
}

/// What a package carries and leaves out.
#[derive(Debug, Default)]
pub(super) struct Selection {
    pub(super) accounts: Vec<AccountRow>,
    pub(super) holdings: Vec<Holding>,
    pub(super) withheld: BTreeMap<UnitRef, WithheldReason>,
}

/// What is known of the post of a unit.
#[derive(Clone, Copy, Debug)]
struct Fate {
    outcome: Outcome,
    planned: bool,
    secrecy: bool,
    published: Option<NaiveDate>,
}

/// Decides what a package carries.
pub(super) async fn select(
    app: &App,
    order: &ExportOrder,
    history: &History,
) -> Result<Selection, OpsError> {
    let accounts = chosen(app, order).await?;
    let ids: BTreeSet<AccountId> = accounts.iter().map(|row| row.account.id.clone()).collect();
    let fates = fates(app, &ids).await?;
    let view = View::open(app.store.root()).map_err(|error| {
        OpsError::part("cannot read the archive", ErrorKind::Environment, error)
    })?;
    let mut selecting = Selecting {
        order,
        history,
        view: &view,
        accounts: &ids,
        outcome: &|unit| fates.get(unit).copied(),
        selection: Selection::default(),
    };
    for entry in &history.entries {
        selecting.entry(entry)?;
    }
    let mut selection = selecting.selection;
    selection.accounts = accounts;
    selection
        .holdings
        .sort_by(|one, other| one.holder.cmp(&other.holder));
    Ok(selection)
}

async fn chosen(app: &App, order: &ExportOrder) -> Result<Vec<AccountRow>, OpsError> {
    let all = app.catalogue.accounts().await?;
    for alias in &order.accounts {
        if !all.iter().any(|row| row.account.alias == *alias) {
            return Err(OpsError::unknown("account", alias));
        }
    }
    let wanted =
        |row: &AccountRow| order.accounts.is_empty() || order.accounts.contains(&row.account.alias);
    Ok(all.into_iter().filter(wanted).collect())
}

/// What the policy in force says of every post of the accounts, for each unit that holds a version of it.
async fn fates(
    app: &App,
    accounts: &BTreeSet<AccountId>,
) -> Result<BTreeMap<UnitRef, Fate>, OpsError> {
    let policy = disposal::policy_in_force(&app.catalogue, app.store.root()).await?;
    let planned = planned(app).await?;
    let mut whole = Whole::default();
    let mut source = FactSource::of_now(app, &mut whole).await?;
    let day = app.now().stockholm_date();
    let mut fates = BTreeMap::new();
    for account in accounts {
        let mut after = 0;
        loop {
            let posts = app
                .catalogue
                .posts_after(Some(account), after, PAGE)
                .await?;
            let Some(last) = posts.last() else { break };
            after = last.id;
            for row in &posts {
                let facts = source.of(row).await?;
                let outcome = evaluate::evaluate(&policy.policy, &facts, day).outcome;
                let fate = Fate {
                    outcome,
                    planned: false,
                    secrecy: is_secret(app, row).await?,
                    published: facts::published(row),
                };
                let units = app.catalogue.units_of(row.id).await?;
                let is_planned = units.iter().any(|unit| planned.contains(unit));
                for unit in units {
                    fates.insert(
                        unit,
                        Fate {
                            planned: is_planned,
                            ..fate
                        },
                    );
                }
            }
        }
    }
    Ok(fates)
}

/// Secrecy is set by a person: a `ja` to the flag.
async fn is_secret(app: &App, row: &PostRow) -> Result<bool, OpsError> {
    let answers = app.catalogue.flag_answers(row.id).await?;
    Ok(answers
        .get(&Flag::Sekretess)
        .is_some_and(|answer| answer.answer == Truth::Yes))
}

/// Units in plans that are neither withdrawn nor carried out.
async fn planned(app: &App) -> Result<BTreeSet<UnitRef>, OpsError> {
    let mut units = BTreeSet::new();
    for plan in app.catalogue.plans().await? {
        if plan.withdrawn || plan.confirmed.is_some() {
            continue;
        }
        let loaded = disposal::load(&app.catalogue, app.store.root(), &plan.id).await?;
        let items = loaded.json.items.into_iter().flat_map(|item| item.units);
        units.extend(items.map(|tombstone| tombstone.unit));
    }
    Ok(units)
}

struct Selecting<'a> {
    order: &'a ExportOrder,
    history: &'a History,
    view: &'a View,
    accounts: &'a BTreeSet<AccountId>,
    outcome: &'a dyn Fn(&UnitRef) -> Option<Fate>,
    selection: Selection,
}

impl Selecting<'_> {
    fn entry(&mut self, entry: &Entry) -> Result<(), OpsError> {
        let Some(body) = &entry.body else {
            return Ok(());
        };
        let Some((id, account, _)) = body.holder() else {
            return Ok(());
        };
        let holder = Holder {
            id: id.clone(),
            account: account.cloned(),
        };
        match (&id, account) {
            (HolderId::Capture(_), Some(account)) if self.accounts.contains(account) => {
                self.capture(holder, entry.time.stockholm_date())
            }
            (HolderId::Capture(_), _) => Ok(()),
            (HolderId::Record(_), _) => self.record(holder, body),
        }
    }

    fn in_period(&self, date: NaiveDate) -> bool {
        self.order.from.is_none_or(|from| from <= date) && self.order.to.is_none_or(|to| date <= to)
    }

    /// A page capture goes in by the day it was taken, a post by the day it was published.
    fn capture(&mut self, holder: Holder, taken: NaiveDate) -> Result<(), OpsError> {
        let path = format!("{}{}/capture.json", self.view.data(), holder.dir());
        let described: CaptureJson = self.document(&path)?;
        let is_ingest = described.kind == CaptureKind::Ingest;
        if !is_ingest && !self.in_period(taken) {
            return Ok(());
        }
        let mut units = Vec::new();
        let mut withheld = Vec::new();
        for unit in self.units(&holder)? {
            let reference = UnitRef {
                holder: holder.id.clone(),
                unit,
            };
            let class = described.access.get(&unit).copied();
            let is_post = is_ingest && unit != UnitNo(0);
            let reason = if is_post {
                self.post(&reference, class, taken)
            } else {
                self.by_class(class)
            };
            match reason {
                None => units.push(unit),
                Some(reason) => withheld.push((reference, reason)),
            }
        }
        if units.is_empty() && !self.in_period(taken) {
            return Ok(());
        }
        let delivered = !units.is_empty() && (is_ingest || withheld.is_empty());
        self.selection.withheld.extend(withheld);
        self.selection.holdings.push(Holding {
            holder,
            units,
            delivered,
        });
        Ok(())
    }

    /// Why a post is left out; the gravest reason first.
    fn post(
        &self,
        unit: &UnitRef,
        class: Option<AccessClass>,
        taken: NaiveDate,
    ) -> Option<WithheldReason> {
        let Some(fate) = (self.outcome)(unit) else {
            return Some(WithheldReason::Undecided);
        };
        if fate.planned {
            return Some(WithheldReason::Planned);
        }
        if fate.secrecy {
            return Some(WithheldReason::Secrecy);
        }
        if let Some(reason) = self.by_class(class) {
            return Some(reason);
        }
        match fate.outcome {
            Outcome::MayDispose => Some(WithheldReason::MayDispose),
            Outcome::Review => Some(WithheldReason::Review),
            Outcome::Registry => Some(WithheldReason::Registry),
            Outcome::Preserve if !self.in_period(fate.published.unwrap_or(taken)) => {
                Some(WithheldReason::OtherPeriod)
            }
            Outcome::Preserve => None,
        }
    }

    /// Records go in whatever the period: they are what the log's entries rest on.
    fn record(&mut self, holder: Holder, body: &Body) -> Result<(), OpsError> {
        let path = format!("{}{}/record.json", self.view.data(), holder.dir());
        let described: RecordJson = self.document(&path)?;
        let mut units = Vec::new();
        for unit in self.units(&holder)? {
            match self.record_reason(described.kind, unit, body) {
                None => units.push(unit),
                Some(reason) => {
                    let reference = UnitRef {
                        holder: holder.id.clone(),
                        unit,
                    };
                    self.selection.withheld.insert(reference, reason);
                }
            }
        }
        let delivered = !units.is_empty();
        self.selection.holdings.push(Holding {
            holder,
            units,
            delivered,
        });
        Ok(())
    }

    fn record_reason(&self, kind: RecordKind, unit: UnitNo, body: &Body) -> Option<WithheldReason> {
        let of_account = match body {
            Body::AccountChanged { account, .. } | Body::SnapshotMissed { account, .. } => {
                self.accounts.contains(account)
            }
            Body::Genesis { .. }
            | Body::PersonChanged { .. }
            | Body::PolicyChange { .. }
            | Body::Capture { .. }
            | Body::CaptureFailed { .. }
            | Body::Ingest { .. }
            | Body::Classification { .. }
            | Body::Flag { .. }
            | Body::Plan { .. }
            | Body::PlanWithdrawn { .. }
            | Body::Approval { .. }
            | Body::HoldPlaced { .. }
            | Body::HoldLifted { .. }
            | Body::Disposal { .. }
            | Body::DisposalConfirmed { .. }
            | Body::Export { .. }
            | Body::Receipt { .. }
            | Body::Takedown { .. }
            | Body::RegistryHandover { .. }
            | Body::RegistryReceipt { .. }
            | Body::RemovalObserved { .. }
            | Body::Note { .. } => true,
        };
        match kind {
            RecordKind::Account | RecordKind::Reason if !of_account => {
                Some(WithheldReason::OtherAccount)
            }
            RecordKind::Plan if unit != disposal::FROZEN => Some(WithheldReason::Planned),
            RecordKind::Person => Some(WithheldReason::PersonalName),
            RecordKind::Attempt
            | RecordKind::Hold
            | RecordKind::Lift
            | RecordKind::Withdrawal
            | RecordKind::Decision
            | RecordKind::Takedown
            | RecordKind::Handover
            | RecordKind::RegistryReceipt
            | RecordKind::Removal => Some(WithheldReason::Internal),
            RecordKind::Account
            | RecordKind::Reason
            | RecordKind::Plan
            | RecordKind::Approval
            | RecordKind::Export
            | RecordKind::Receipt
            | RecordKind::Protocol => None,
        }
    }

    /// Why a unit of this class is left out. Protected ones go in where a person asked for them; what has no class, never.
    fn by_class(&self, class: Option<AccessClass>) -> Option<WithheldReason> {
        match class {
            Some(AccessClass::Open) => None,
            Some(AccessClass::Secrecy) => Some(WithheldReason::Secrecy),
            Some(AccessClass::Protected) if self.order.protected.is_some() => None,
            Some(AccessClass::Protected) | None => Some(WithheldReason::Protected),
        }
    }

    /// The units that the list names and that were not disposed of.
    fn units(&self, holder: &Holder) -> Result<Vec<UnitNo>, OpsError> {
        let path = format!(
            "{}{}/{}.sha256",
            self.view.data(),
            holder.dir(),
            holder.stem()
        );
        let bytes = self.read(&path)?;
        let lines = manifest::parse(&bytes, 64)
            .map_err(|error| OpsError::Problem(format!("{path}: {error}; run verify")))?;
        let mut units = Vec::new();
        for line in lines {
            let number = line
                .path
                .strip_prefix("units/")
                .and_then(|rest| rest.strip_suffix("/unit.sha256"))
                .and_then(|unit| unit.parse().ok());
            let unit: UnitNo = number.ok_or_else(|| {
                OpsError::Problem(format!(
                    "{path}: \"{}\" names no unit; run verify",
                    line.path
                ))
            })?;
            let reference = UnitRef {
                holder: holder.id.clone(),
                unit,
            };
            if !self.history.disposed.contains_key(&reference) {
                units.push(unit);
            }
        }
        Ok(units)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, OpsError> {
        self.view
            .read(path, MOST)
            .map_err(|error| OpsError::Problem(format!("{path}: {error}; run verify")))
    }

    fn document<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, OpsError> {
        json::from_slice(&self.read(path)?).map_err(|source| OpsError::Document {
            path: path.to_owned(),
            source,
        })
    }
}
