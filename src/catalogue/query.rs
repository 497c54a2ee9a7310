//! Questions to the register, the captures, the obligations and the holds.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sea_orm::Value;
use serde::Serialize;

use crate::catalogue::{
    Catalogue, CatalogueError, document, from_word, number, optional, parsed, parsed_optional,
    text, unsigned,
};
use crate::model::account::Account;
use crate::model::cadence::{CadencePeriod, CadenceRule, History, Occasion, Slot};
use crate::model::digest::Sha256Hex;
use crate::model::entry::{Actor, HoldGround, HoldScope};
use crate::model::id::{AccountId, Alias, CaptureId, PersonId, RecordId, UnitRef};
use crate::model::person::Role;
use crate::model::record::CaptureKind;
use crate::model::time::Instant;
use crate::model::verdict::{Counts, Verdict};

/// An account as the register has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// Its newest revision.
    pub account: Account,
    /// The policy in force for it.
    pub policy_sha256: Sha256Hex,
    /// When snapshots of it are due, oldest rules first.
    pub cadence: Vec<CadencePeriod>,
}

/// A revision of an account in the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionRow {
    /// Its log entry.
    pub seq: u64,
    /// The record that holds it.
    pub record: RecordId,
    /// When it was written.
    pub time: Instant,
    /// By whom.
    pub actor: String,
}

/// A person as `person list` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PersonRow {
    /// Id.
    pub person: PersonId,
    /// Name; `None` once its unit was disposed of.
    pub name: Option<String>,
    /// Role.
    pub role: Role,
    /// Whether the person may act.
    pub active: bool,
    /// Bare SSH public key.
    pub ssh_key: Option<String>,
}

/// A policy version that was put in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyRow {
    /// Digest of the file under `store/policies/`.
    pub sha256: Sha256Hex,
    /// The log entry that put it in force.
    pub seq: u64,
    /// The policy's id.
    pub policy: String,
    /// Its version.
    pub version: String,
    /// Whether it could execute disposals when it was adopted.
    pub executable: bool,
    /// Its due dates.
    pub cadence: Vec<CadenceRule>,
}

/// A capture or ingest that the log knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaptureRow {
    /// Id.
    pub id: CaptureId,
    /// Its account.
    pub account: AccountId,
    /// What kind.
    pub kind: CaptureKind,
    /// Why it was taken; `None` for an ingest.
    pub occasion: Option<Occasion>,
    /// Verdict.
    pub verdict: Verdict,
    /// When it was committed.
    pub time: Instant,
    /// Its log entry.
    pub seq: u64,
    /// Number of units it was sealed with.
    pub units: u32,
    /// Posts seen (page captures).
    pub counts: Option<Counts>,
    /// Characters of page text (page captures).
    pub text_chars: Option<u64>,
}

/// A hold, lifted or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HoldRow {
    /// Id.
    pub id: RecordId,
    /// Why.
    pub ground: HoldGround,
    /// What it covers.
    pub scope: HoldScope,
    /// The account (scopes account, period, query).
    pub account: Option<AccountId>,
    /// A unit of the post (scopes post, thread).
    pub unit: Option<UnitRef>,
    /// First day (scope period).
    pub from: Option<NaiveDate>,
    /// Last day (scope period).
    pub to: Option<NaiveDate>,
    /// Text that posts hold (scope query).
    pub query: Option<String>,
    /// When it was placed.
    pub placed_at: Instant,
    /// By whom.
    pub placed_by: String,
    /// Whether it was lifted.
    pub lifted: bool,
}

impl Catalogue {
    /// Every account, by alias.
    pub async fn accounts(&self) -> Result<Vec<AccountRow>, CatalogueError> {
        let rows = self
            .all("SELECT * FROM account ORDER BY alias", vec![])
            .await?;
        rows.iter().map(account_row).collect()
    }

    /// The account with this alias.
    pub async fn account(&self, alias: &Alias) -> Result<Option<AccountRow>, CatalogueError> {
        let sql = "SELECT * FROM account WHERE alias = $1";
        let row = self.one(sql, vec![alias.as_str().into()]).await?;
        row.as_ref().map(account_row).transpose()
    }

    /// The revisions of an account, oldest first.
    pub async fn revisions(&self, account: &AccountId) -> Result<Vec<RevisionRow>, CatalogueError> {
        let sql = "SELECT * FROM revision WHERE account = $1 ORDER BY seq";
        let rows = self.all(sql, vec![account.as_str().into()]).await?;
        rows.iter()
            .map(|row| {
                Ok(RevisionRow {
                    seq: unsigned(row, "seq", "revision")?,
                    record: parsed(row, "record", "revision")?,
                    time: parsed(row, "time", "revision")?,
                    actor: text(row, "actor")?,
                })
            })
            .collect()
    }

    /// Everyone who may or might act, by name and id.
    pub async fn persons(&self) -> Result<Vec<PersonRow>, CatalogueError> {
        let mut persons = Vec::new();
        for row in self
            .all("SELECT * FROM person ORDER BY name, id", vec![])
            .await?
        {
            persons.push(PersonRow {
                person: parsed(&row, "id", "person")?,
                name: optional(&row, "name")?,
                role: from_word(text(&row, "role")?, "person")?,
                active: number(&row, "active")? != 0,
                ssh_key: optional(&row, "ssh_key")?,
            });
        }
        Ok(persons)
    }

    /// Every policy version that was put in force, the newest first.
    pub async fn policies(&self) -> Result<Vec<PolicyRow>, CatalogueError> {
        let mut policies = Vec::new();
        for row in self
            .all("SELECT * FROM policy ORDER BY seq DESC", vec![])
            .await?
        {
            policies.push(PolicyRow {
                sha256: parsed(&row, "sha256", "policy")?,
                seq: unsigned(&row, "seq", "policy")?,
                policy: text(&row, "policy")?,
                version: text(&row, "version")?,
                executable: number(&row, "executable")? != 0,
                cadence: document(&row, "cadence", "policy")?,
            });
        }
        Ok(policies)
    }

    /// Captures and ingests of an account (or of all), oldest first.
    pub async fn captures(
        &self,
        account: Option<&AccountId>,
    ) -> Result<Vec<CaptureRow>, CatalogueError> {
        let (condition, values): (&str, Vec<Value>) = match account {
            Some(account) => ("WHERE account = $1", vec![account.as_str().into()]),
            None => ("", vec![]),
        };
        let sql = format!("SELECT * FROM capture {condition} ORDER BY seq");
        self.all(&sql, values)
            .await?
            .iter()
            .map(capture_row)
            .collect()
    }

    /// The newest complete page capture of an account.
    pub async fn last_complete(
        &self,
        account: &AccountId,
    ) -> Result<Option<CaptureRow>, CatalogueError> {
        let sql =
            "SELECT * FROM capture WHERE account = $1 AND kind = 'page' AND verdict = 'complete'
                   ORDER BY seq DESC LIMIT 1";
        let row = self.one(sql, vec![account.as_str().into()]).await?;
        row.as_ref().map(capture_row).transpose()
    }

    /// When captures of an account failed or stayed partial, since `since`, oldest first.
    pub async fn attempts_since(
        &self,
        account: &AccountId,
        since: Instant,
    ) -> Result<Vec<Instant>, CatalogueError> {
        let sql = "SELECT time FROM attempt WHERE account = $1 AND time >= $2 ORDER BY time";
        let values = vec![account.as_str().into(), since.to_string().into()];
        let rows = self.all(sql, values).await?;
        rows.iter()
            .map(|row| parsed(row, "time", "attempt"))
            .collect()
    }

    /// What the log says of each slot of an account.
    pub async fn slots(
        &self,
        account: &AccountId,
    ) -> Result<BTreeMap<Slot, History>, CatalogueError> {
        let sql = "SELECT * FROM obligation WHERE account = $1";
        let mut slots = BTreeMap::new();
        for row in self.all(sql, vec![account.as_str().into()]).await? {
            let due: NaiveDate = row.try_get("", "due_date")?;
            let slot = Slot {
                rule: parsed(&row, "rule", "obligation")?,
                due,
            };
            let history = match text(&row, "state")?.as_str() {
                "met" => History::Met {
                    capture: parsed(&row, "capture", "obligation")?,
                    at: parsed(&row, "at", "obligation")?,
                },
                "missed" => History::Missed,
                _ => return Err(CatalogueError::Row("obligation")),
            };
            slots.insert(slot, history);
        }
        Ok(slots)
    }

    /// Every hold ever placed, oldest first.
    pub async fn holds(&self) -> Result<Vec<HoldRow>, CatalogueError> {
        let mut holds = Vec::new();
        for row in self
            .all("SELECT * FROM hold ORDER BY placed_at, id", vec![])
            .await?
        {
            let unit = match (optional(&row, "holder")?, optional(&row, "unit")?) {
                (Some(holder), Some(unit)) => Some(unit_ref(holder, unit, "hold")?),
                (Some(_) | None, _) => None,
            };
            let actor: Actor = parsed(&row, "placed_by", "hold")?;
            holds.push(HoldRow {
                id: parsed(&row, "id", "hold")?,
                ground: from_word(text(&row, "ground")?, "hold")?,
                scope: from_word(text(&row, "scope")?, "hold")?,
                account: parsed_optional(&row, "account", "hold")?,
                unit,
                from: date(optional(&row, "from_date")?, "hold")?,
                to: date(optional(&row, "to_date")?, "hold")?,
                query: optional(&row, "query")?,
                placed_at: parsed(&row, "placed_at", "hold")?,
                placed_by: actor.to_string(),
                lifted: number(&row, "lifted")? != 0,
            });
        }
        Ok(holds)
    }

    /// The ingest that already took in a container, for an account.
    pub async fn container(
        &self,
        account: &AccountId,
        sha256: &Sha256Hex,
    ) -> Result<Option<CaptureId>, CatalogueError> {
        let sql = "SELECT capture FROM container WHERE account = $1 AND sha256 = $2";
        let row = self
            .one(sql, vec![account.as_str().into(), sha256.as_str().into()])
            .await?;
        row.as_ref()
            .map(|row| parsed(row, "capture", "container"))
            .transpose()
    }
}

fn account_row(row: &sea_orm::QueryResult) -> Result<AccountRow, CatalogueError> {
    Ok(AccountRow {
        account: document(row, "document", "account")?,
        policy_sha256: parsed(row, "policy_sha256", "account")?,
        cadence: document(row, "cadence", "account")?,
    })
}

fn capture_row(row: &sea_orm::QueryResult) -> Result<CaptureRow, CatalogueError> {
    let counts = match optional(row, "counts")? {
        Some(_) => Some(document(row, "counts", "capture")?),
        None => None,
    };
    let occasion = match optional(row, "occasion")? {
        Some(word) => Some(from_word(word, "capture")?),
        None => None,
    };
    let text_chars: Option<i64> = row.try_get("", "text_chars")?;
    Ok(CaptureRow {
        id: parsed(row, "id", "capture")?,
        account: parsed(row, "account", "capture")?,
        kind: from_word(text(row, "kind")?, "capture")?,
        occasion,
        verdict: from_word(text(row, "verdict")?, "capture")?,
        time: parsed(row, "time", "capture")?,
        seq: unsigned(row, "seq", "capture")?,
        units: u32::try_from(number(row, "units")?)
            .map_err(|_negative| CatalogueError::Row("capture"))?,
        counts,
        text_chars: match text_chars {
            Some(chars) => {
                Some(u64::try_from(chars).map_err(|_negative| CatalogueError::Row("capture"))?)
            }
            None => None,
        },
    })
}

/// A unit from its two columns.
pub(crate) fn unit_ref(
    holder: String,
    unit: String,
    table: &'static str,
) -> Result<UnitRef, CatalogueError> {
    match (holder.try_into(), unit.try_into()) {
        (Ok(holder), Ok(unit)) => Ok(UnitRef { holder, unit }),
        (Ok(_) | Err(_), _) => Err(CatalogueError::Row(table)),
    }
}

fn date(text: Option<String>, table: &'static str) -> Result<Option<NaiveDate>, CatalogueError> {
    match text {
        Some(text) => match text.parse() {
            Ok(date) => Ok(Some(date)),
            Err(_form) => Err(CatalogueError::Row(table)),
        },
        None => Ok(None),
    }
}
