//! Holds, disposal runs and exports.

use crate::catalogue::apply::{Applying, stored, whole};
use crate::catalogue::{CatalogueError, word};
use crate::model::entry::Body;
use crate::model::id::{HolderId, UnitNo};

impl Applying<'_, '_> {
    pub(super) async fn hold(&mut self, body: &Body) -> Result<(), CatalogueError> {
        let Body::HoldPlaced {
            hold,
            ground,
            scope,
            account,
            unit,
            from,
            to,
            ..
        } = body
        else {
            return Ok(());
        };

        let holder = HolderId::Record(hold.clone());
        let details: Option<serde_json::Value> =
            self.document(&holder, None, UnitNo(0), "hold.json")?;
        let query = details.and_then(|details| {
            details
                .get("query")
                .and_then(|query| query.as_str())
                .map(str::to_owned)
        });
        let sql = "INSERT INTO hold (id, ground, scope, account, holder, unit, from_date, to_date, query, placed_at, placed_by, lifted)
                           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)";
        let values = vec![
            hold.as_str().into(),
            word(ground).into(),
            word(scope).into(),
            account
                .as_ref()
                .map(|account| account.as_str().to_owned())
                .into(),
            unit.as_ref().map(|unit| unit.holder.to_string()).into(),
            unit.as_ref().map(|unit| unit.unit.to_string()).into(),
            from.map(|date| date.to_string()).into(),
            to.map(|date| date.to_string()).into(),
            query.into(),
            self.entry.time.to_string().into(),
            self.entry.actor.to_string().into(),
        ];
        self.execute(sql, values).await
    }

    pub(super) async fn plan(&mut self, body: &Body) -> Result<(), CatalogueError> {
        let Body::Plan {
            plan,
            digest_sha256,
            policy_sha256,
            items,
            log_size,
            planner,
            ..
        } = body
        else {
            return Ok(());
        };

        let sql = "INSERT INTO plan (id, digest, policy_sha256, planner, time, items, log_size, withdrawn)
                           VALUES ($1, $2, $3, $4, $5, $6, $7, 0)";
        let values = vec![
            plan.as_str().into(),
            digest_sha256.as_str().into(),
            policy_sha256.as_str().into(),
            planner.as_str().into(),
            self.entry.time.to_string().into(),
            whole(*items)?.into(),
            whole(*log_size)?.into(),
        ];
        self.execute(sql, values).await
    }

    pub(super) async fn approval(&mut self, body: &Body) -> Result<(), CatalogueError> {
        let Body::Approval {
            plan,
            digest_sha256,
            approver,
            proof,
            executable_from,
            expires,
            record,
            ..
        } = body
        else {
            return Ok(());
        };

        let sql = "INSERT INTO approval (plan, record, digest, approver, proof, time, executable_from, expires)
                           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = vec![
            plan.as_str().into(),
            record.as_str().into(),
            digest_sha256.as_str().into(),
            approver.as_str().into(),
            word(proof).into(),
            self.entry.time.to_string().into(),
            executable_from.to_string().into(),
            expires.to_string().into(),
        ];
        self.execute(sql, values).await
    }

    pub(super) async fn export(&mut self, body: &Body) -> Result<(), CatalogueError> {
        let Body::Export {
            export,
            seal_sha256,
            log_size,
            captures,
            ..
        } = body
        else {
            return Ok(());
        };

        let sql = "INSERT INTO export (id, time, log_size, captures, seal_sha256) VALUES ($1, $2, $3, $4, $5)";
        let values = vec![
            export.as_str().into(),
            self.entry.time.to_string().into(),
            whole(*log_size)?.into(),
            stored(captures)?.into(),
            seal_sha256.as_str().into(),
        ];
        self.execute(sql, values).await
    }
}
