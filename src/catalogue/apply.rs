//! One log entry into the catalogue, in one transaction. What an entry only points to is read from its units.
//!
//! The statements are SQL on purpose: an entry is a handful of inserts and updates that both databases take word for
//! word and that a reader can check against the tables in `schema`; entities would add a second description of them.

mod capture;
mod post;
mod register;
mod registry;
mod removal;
mod run;

use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, QueryResult, Statement, TransactionTrait as _, Value,
};
use serde::de::DeserializeOwned;

use crate::catalogue::schema;
use crate::catalogue::{Catalogue, CatalogueError, ReadUnit, unsigned};
use crate::model::entry::{Body, Entry};
use crate::model::id::{AccountId, HolderId, UnitNo};
use crate::model::json;

/// A transaction that an entry is applied in.
struct Applying<'a, 'b> {
    tx: &'a DatabaseTransaction,
    catalogue: &'a Catalogue,
    entry: &'a Entry,
    read: &'a mut ReadUnit<'b>,
}

impl Catalogue {
    /// Applies the next log entry; `read` gives the files of its units. An entry that another process has applied in
    /// the meantime is left alone: verbs that only read bring the catalogue up to date without the writers' lock.
    pub async fn apply(
        &self,
        entry: &Entry,
        read: &mut ReadUnit<'_>,
    ) -> Result<(), CatalogueError> {
        let tx = self.db.begin().await?;
        if self.apply_in(&tx, entry, read).await? {
            Ok(tx.commit().await?)
        } else {
            Ok(tx.rollback().await?)
        }
    }

    /// Forgets everything and applies the entries that `next` gives by number, in one transaction: whoever reads
    /// meanwhile reads what was there before. Returns how many entries were applied.
    pub async fn rebuild<E: From<CatalogueError>>(
        &self,
        next: &mut (dyn FnMut(u64) -> Result<Option<Entry>, E> + Send),
        read: &mut ReadUnit<'_>,
    ) -> Result<u64, E> {
        let tx = self.db.begin().await.map_err(CatalogueError::from)?;
        self.clear(&tx).await?;
        let mut size = 0;
        while let Some(entry) = next(size)? {
            self.apply_in(&tx, &entry, read).await?;
            size += 1;
        }
        tx.commit().await.map_err(CatalogueError::from)?;
        Ok(size)
    }

    async fn clear(&self, tx: &DatabaseTransaction) -> Result<(), CatalogueError> {
        // The count first: a process that is about to apply an entry waits here until the rebuilding is done.
        for statement in schema::emptied() {
            tx.execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    /// Applies an entry; false where it is there already.
    async fn apply_in(
        &self,
        tx: &DatabaseTransaction,
        entry: &Entry,
        read: &mut ReadUnit<'_>,
    ) -> Result<bool, CatalogueError> {
        let mut applying = Applying {
            tx,
            catalogue: self,
            entry,
            read,
        };
        if !applying.is_next().await? {
            return Ok(false);
        }
        if let Some(body) = &entry.body {
            applying.body(body).await?;
        }
        Ok(true)
    }
}

impl Applying<'_, '_> {
    /// Counts the entry in. This is the transaction's first statement, so that of two processes one waits for the
    /// other here and then finds that the entry is there.
    async fn is_next(&self) -> Result<bool, CatalogueError> {
        let (seq, size) = (self.seq()?, self.seq()? + 1);
        let sql = "UPDATE meta SET value = $1 WHERE name = 'log_size' AND value = $2";
        let counted = self
            .tx
            .execute_raw(self.statement(sql, vec![size.into(), seq.into()]))
            .await?;
        if counted.rows_affected() == 1 {
            return Ok(true);
        }
        let row = self
            .one("SELECT value FROM meta WHERE name = 'log_size'", vec![])
            .await?
            .ok_or(CatalogueError::Row("meta"))?;
        let expected = unsigned(&row, "value", "meta")?;
        if self.entry.seq < expected {
            return Ok(false);
        }
        Err(CatalogueError::Order {
            seq: self.entry.seq,
            expected,
        })
    }

    fn seq(&self) -> Result<i64, CatalogueError> {
        whole(self.entry.seq)
    }

    fn statement(&self, sql: &str, values: Vec<Value>) -> Statement {
        Statement::from_sql_and_values(self.catalogue.backend, sql, values)
    }

    async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<(), CatalogueError> {
        self.tx.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }

    async fn one(
        &self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Option<QueryResult>, CatalogueError> {
        Ok(self.tx.query_one_raw(self.statement(sql, values)).await?)
    }

    async fn all(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, CatalogueError> {
        Ok(self.tx.query_all_raw(self.statement(sql, values)).await?)
    }

    fn bytes(
        &mut self,
        holder: &HolderId,
        account: Option<&AccountId>,
        unit: impl Into<Option<UnitNo>>,
        file: &str,
    ) -> Result<Option<Vec<u8>>, CatalogueError> {
        let unit = unit.into();
        (self.read)(holder, account, unit, file).map_err(|source| CatalogueError::Unit {
            holder: holder.to_string(),
            unit: unit.map_or_else(|| "-".to_owned(), |unit| unit.to_string()),
            file: file.to_owned(),
            source,
        })
    }

    fn document<T: DeserializeOwned>(
        &mut self,
        holder: &HolderId,
        account: Option<&AccountId>,
        unit: impl Into<Option<UnitNo>>,
        file: &str,
    ) -> Result<Option<T>, CatalogueError> {
        let Some(bytes) = self.bytes(holder, account, unit, file)? else {
            return Ok(None);
        };
        match json::from_slice(&bytes) {
            Ok(value) => Ok(Some(value)),
            Err(source) => Err(CatalogueError::Document {
                what: format!("{file} of {holder}"),
                source,
            }),
        }
    }

    async fn body(&mut self, body: &Body) -> Result<(), CatalogueError> {
        match body {
            Body::Genesis { .. } | Body::Note { .. } => Ok(()),
            Body::PersonChanged { .. } => self.person(body).await,
            Body::AccountChanged { .. } => self.account(body).await,
            Body::PolicyChange { .. } => self.policy(body).await,
            Body::Capture { .. } => self.capture(body).await,
            Body::CaptureFailed {
                account, capture, ..
            } => self.attempt(account, capture).await,
            Body::SnapshotMissed { account, slot, .. } => {
                self.slot(account, slot, "missed", None).await
            }
            Body::Ingest { .. } => self.ingest(body).await,
            Body::Classification { .. } => self.decision(body).await,
            Body::Flag { .. } => self.flag(body).await,
            Body::Takedown { .. } => self.takedown(body).await,
            Body::RegistryHandover { .. } => self.handover(body).await,
            Body::RegistryReceipt { .. } => self.registry_receipt(body).await,
            Body::HoldPlaced { .. } => self.hold(body).await,
            Body::HoldLifted { hold, .. } => {
                let sql = "UPDATE hold SET lifted = 1 WHERE id = $1";
                self.execute(sql, vec![hold.as_str().into()]).await
            }
            Body::Plan { .. } => self.plan(body).await,
            Body::PlanWithdrawn { plan, .. } => {
                let sql = "UPDATE plan SET withdrawn = 1 WHERE id = $1";
                self.execute(sql, vec![plan.as_str().into()]).await
            }
            Body::Approval { .. } => self.approval(body).await,
            Body::DisposalConfirmed { plan, record, .. } => {
                let sql = "UPDATE plan SET confirmed = $1 WHERE id = $2";
                let values = vec![record.as_str().into(), plan.as_str().into()];
                self.execute(sql, values).await
            }
            Body::Disposal { plan, units, .. } => {
                for tombstone in units {
                    self.dispose(plan.as_str(), &tombstone.unit).await?;
                }
                Ok(())
            }
            Body::Export { .. } => self.export(body).await,
            Body::RemovalObserved { .. } => self.removal(body).await,
            Body::Receipt {
                receipt, export, ..
            } => {
                let sql = "INSERT INTO receipt (id, export, time) VALUES ($1, $2, $3)";
                let values = vec![
                    receipt.as_str().into(),
                    export.as_str().into(),
                    self.entry.time.to_string().into(),
                ];
                self.execute(sql, values).await
            }
        }
    }
}

/// A value as JSON for a text column.
fn stored<T: serde::Serialize>(value: &T) -> Result<String, CatalogueError> {
    serde_json::to_string(value).map_err(|_json| CatalogueError::Row("a document"))
}

/// A count as both databases hold it.
fn whole(number: u64) -> Result<i64, CatalogueError> {
    i64::try_from(number).map_err(|_size| CatalogueError::Row("a count"))
}
