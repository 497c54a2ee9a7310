//! Disposal runs, exports and receipts.

use serde::Serialize;

use crate::catalogue::query::unit_ref;
use crate::catalogue::{
    Catalogue, CatalogueError, document, from_word, number, parsed, parsed_optional, text, unsigned,
};
use crate::model::digest::Sha256Hex;
use crate::model::entry::ApprovalProof;
use crate::model::id::{CaptureId, PersonId, RecordId, UnitRef};
use crate::model::time::Instant;

/// A disposal plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlanRow {
    /// Id.
    pub id: RecordId,
    /// SHA-256 of `plan.json`.
    pub digest: Sha256Hex,
    /// The policy it rests on.
    pub policy_sha256: Sha256Hex,
    /// Who planned.
    pub planner: PersonId,
    /// When.
    pub time: Instant,
    /// Number of items.
    pub items: u64,
    /// Log size it was made at.
    pub log_size: u64,
    /// Whether it was withdrawn or replaced.
    pub withdrawn: bool,
    /// The protocol record once it was carried out.
    pub confirmed: Option<RecordId>,
}

/// The approval of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApprovalRow {
    /// The plan.
    pub plan: RecordId,
    /// The approval's record.
    pub record: RecordId,
    /// The digest that was approved.
    pub digest: Sha256Hex,
    /// By whom.
    pub approver: PersonId,
    /// How it is proved.
    pub proof: ApprovalProof,
    /// When.
    pub time: Instant,
    /// When the waiting period (karens) ends.
    pub executable_from: Instant,
    /// When the approval lapses.
    pub expires: Instant,
}

/// A package that was made, and whether the archive has receipted it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportRow {
    /// Id.
    pub id: RecordId,
    /// When.
    pub time: Instant,
    /// Log size it was made at.
    pub log_size: u64,
    /// The captures in it.
    pub captures: Vec<CaptureId>,
    /// SHA-256 of `SEAL.txt`.
    pub seal_sha256: Sha256Hex,
    /// When its receipt was filed.
    pub receipted: Option<Instant>,
}

impl Catalogue {
    /// Every plan, oldest first.
    pub async fn plans(&self) -> Result<Vec<PlanRow>, CatalogueError> {
        let mut plans = Vec::new();
        for row in self
            .all("SELECT * FROM plan ORDER BY time, id", vec![])
            .await?
        {
            plans.push(PlanRow {
                id: parsed(&row, "id", "plan")?,
                digest: parsed(&row, "digest", "plan")?,
                policy_sha256: parsed(&row, "policy_sha256", "plan")?,
                planner: parsed(&row, "planner", "plan")?,
                time: parsed(&row, "time", "plan")?,
                items: unsigned(&row, "items", "plan")?,
                log_size: unsigned(&row, "log_size", "plan")?,
                withdrawn: number(&row, "withdrawn")? != 0,
                confirmed: parsed_optional(&row, "confirmed", "plan")?,
            });
        }
        Ok(plans)
    }

    /// The plan with this id.
    pub async fn plan(&self, id: &RecordId) -> Result<Option<PlanRow>, CatalogueError> {
        Ok(self.plans().await?.into_iter().find(|plan| plan.id == *id))
    }

    /// The approval of a plan.
    pub async fn approval(&self, plan: &RecordId) -> Result<Option<ApprovalRow>, CatalogueError> {
        let sql = "SELECT * FROM approval WHERE plan = $1";
        let Some(row) = self.one(sql, vec![plan.as_str().into()]).await? else {
            return Ok(None);
        };
        Ok(Some(ApprovalRow {
            plan: parsed(&row, "plan", "approval")?,
            record: parsed(&row, "record", "approval")?,
            digest: parsed(&row, "digest", "approval")?,
            approver: parsed(&row, "approver", "approval")?,
            proof: from_word(text(&row, "proof")?, "approval")?,
            time: parsed(&row, "time", "approval")?,
            executable_from: parsed(&row, "executable_from", "approval")?,
            expires: parsed(&row, "expires", "approval")?,
        }))
    }

    /// The units that a plan's disposal entries name.
    pub async fn disposed_units(&self, plan: &RecordId) -> Result<Vec<UnitRef>, CatalogueError> {
        let sql = "SELECT holder, unit FROM disposal WHERE plan = $1 ORDER BY holder, unit";
        let rows = self.all(sql, vec![plan.as_str().into()]).await?;
        rows.iter()
            .map(|row| unit_ref(text(row, "holder")?, text(row, "unit")?, "disposal"))
            .collect()
    }

    /// Every package, oldest first, with its receipt.
    pub async fn exports(&self) -> Result<Vec<ExportRow>, CatalogueError> {
        let sql = "SELECT export.*, (SELECT MIN(receipt.time) FROM receipt WHERE receipt.export = export.id) AS receipted
                   FROM export ORDER BY export.time, export.id";
        let mut exports = Vec::new();
        for row in self.all(sql, vec![]).await? {
            exports.push(ExportRow {
                id: parsed(&row, "id", "export")?,
                time: parsed(&row, "time", "export")?,
                log_size: unsigned(&row, "log_size", "export")?,
                captures: document(&row, "captures", "export")?,
                seal_sha256: parsed(&row, "seal_sha256", "export")?,
                receipted: parsed_optional(&row, "receipted", "export")?,
            });
        }
        Ok(exports)
    }
}
