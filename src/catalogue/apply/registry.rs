//! Takedowns, and what went to the registry.

use crate::catalogue::apply::Applying;
use crate::catalogue::{CatalogueError, word};
use crate::model::entry::Body;
use crate::model::id::{HolderId, RecordId, UnitNo};

impl Applying<'_, '_> {
    pub(super) async fn takedown(&mut self, body: &Body) -> Result<(), CatalogueError> {
        let Body::Takedown {
            unit,
            state,
            record,
            ..
        } = body
        else {
            return Ok(());
        };
        let sql = "INSERT INTO takedown (record, holder, unit, state, time, actor) VALUES ($1, $2, $3, $4, $5, $6)";
        let values = vec![
            record.as_str().into(),
            unit.holder.to_string().into(),
            unit.unit.to_string().into(),
            word(state).into(),
            self.entry.time.to_string().into(),
            self.entry.actor.to_string().into(),
        ];
        self.execute(sql, values).await
    }

    pub(super) async fn handover(&mut self, body: &Body) -> Result<(), CatalogueError> {
        let Body::RegistryHandover {
            handover, units, ..
        } = body
        else {
            return Ok(());
        };
        let receiver = self.member(handover, "handover.json", "receiver")?;
        let sql =
            "INSERT INTO registry_handover (id, receiver, time, actor) VALUES ($1, $2, $3, $4)";
        let values = vec![
            handover.as_str().into(),
            receiver.into(),
            self.entry.time.to_string().into(),
            self.entry.actor.to_string().into(),
        ];
        self.execute(sql, values).await?;
        for unit in units {
            let sql = "INSERT INTO registry_unit (handover, holder, unit) VALUES ($1, $2, $3)";
            let values = vec![
                handover.as_str().into(),
                unit.holder.to_string().into(),
                unit.unit.to_string().into(),
            ];
            self.execute(sql, values).await?;
        }
        Ok(())
    }

    pub(super) async fn registry_receipt(&mut self, body: &Body) -> Result<(), CatalogueError> {
        let Body::RegistryReceipt {
            receipt,
            handover,
            units,
            ..
        } = body
        else {
            return Ok(());
        };
        let number = self.member(receipt, "receipt.json", "registry_no")?;
        for unit in units {
            let sql = "UPDATE registry_unit SET receipt = $1, registry_no = $2, receipted = $3
                       WHERE handover = $4 AND holder = $5 AND unit = $6";
            let values = vec![
                receipt.as_str().into(),
                number.clone().into(),
                self.entry.time.to_string().into(),
                handover.as_str().into(),
                unit.holder.to_string().into(),
                unit.unit.to_string().into(),
            ];
            self.execute(sql, values).await?;
        }
        Ok(())
    }

    /// A text member of a record's document; `None` once its unit was disposed of.
    fn member(
        &mut self,
        record: &RecordId,
        file: &str,
        name: &str,
    ) -> Result<Option<String>, CatalogueError> {
        let holder = HolderId::Record(record.clone());
        let document: Option<serde_json::Value> = self.document(&holder, None, UnitNo(0), file)?;
        Ok(document
            .as_ref()
            .and_then(|document| document.get(name))
            .and_then(serde_json::Value::as_str)
            .map(str::to_owned))
    }
}
