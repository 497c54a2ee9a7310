//! The catalogue: an index over the store that can be thrown away and rebuilt from the log. SQLite by default,
//! PostgreSQL by URL, one code path; search is the one place where their SQL differs.

mod apply;
mod post;
mod query;
mod registry;
mod removal;
mod run;
mod schema;
mod search;

use std::io;
use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, QueryResult,
    Statement, Value,
};
use sea_orm_migration::MigratorTrait as _;

use crate::model::id::{AccountId, HolderId, UnitNo};
use crate::model::json::JsonError;

pub use crate::catalogue::post::{FlagRow, PostRow};
pub use crate::catalogue::query::{
    AccountRow, CaptureRow, HoldRow, PersonRow, PolicyRow, RevisionRow,
};
pub use crate::catalogue::registry::{RegistryRow, TakedownRow};
pub use crate::catalogue::removal::{RemovalRow, SightedPost};
pub use crate::catalogue::run::{ApprovalRow, ExportRow, PlanRow};
pub use crate::catalogue::search::{Hit, SearchFilter};

/// Reads a file of a unit for [`Catalogue::apply`], or one beside the units where no unit is named; `None` where it is
/// gone.
pub type ReadUnit<'a> = dyn FnMut(&HolderId, Option<&AccountId>, Option<UnitNo>, &str) -> io::Result<Option<Vec<u8>>>
    + Send
    + 'a;

/// Why the catalogue failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// The database.
    #[error("the database failed")]
    Database(#[from] DbErr),
    /// A log entry came out of order.
    #[error("log entry {seq} came where {expected} was expected")]
    Order {
        /// The entry.
        seq: u64,
        /// What was expected.
        expected: u64,
    },
    /// A file of a unit cannot be read.
    #[error("failed to read {file} of unit {unit} of {holder}")]
    Unit {
        /// Capture or record.
        holder: String,
        /// Unit.
        unit: String,
        /// File.
        file: String,
        /// The system's error.
        source: io::Error,
    },
    /// A document of a unit is damaged.
    #[error("{what} is damaged")]
    Document {
        /// Which.
        what: String,
        /// What is wrong.
        source: JsonError,
    },
    /// A stored value does not have the form it was written in.
    #[error("a row of {0} is damaged")]
    Row(&'static str),
    /// A search text is too short for the index.
    #[error("a search needs at least 3 characters")]
    ShortQuery,
}

/// An open catalogue.
#[derive(Debug)]
pub struct Catalogue {
    db: DatabaseConnection,
    backend: DbBackend,
}

impl Catalogue {
    /// Opens `sqlite://PATH` or `postgres://…` and brings its tables up to date.
    pub async fn open(url: &str) -> Result<Self, CatalogueError> {
        let catalogue = Self::connect(url).await?;
        catalogue.migrate().await?;
        Ok(catalogue)
    }

    /// Opens `sqlite://PATH` or `postgres://…` as it is.
    pub async fn connect(url: &str) -> Result<Self, CatalogueError> {
        let sqlite = url.starts_with("sqlite:");
        let url = if sqlite && !url.contains('?') {
            format!("{url}?mode=rwc")
        } else {
            url.to_owned()
        };
        let mut options = ConnectOptions::new(url);
        options
            .sqlx_logging(false)
            .max_connections(if sqlite { 1 } else { 4 })
            .acquire_timeout(Duration::from_secs(30));
        if sqlite {
            // secure_delete overwrites what is deleted with zeros, in tables and in the search index (product.md).
            options.map_sqlx_sqlite_opts(|sqlite| {
                sqlite
                    .pragma("journal_mode", "WAL")
                    .pragma("synchronous", "FULL")
                    .pragma("secure_delete", "ON")
                    .pragma("foreign_keys", "ON")
                    .busy_timeout(Duration::from_secs(30))
            });
        }
        let db = Database::connect(options).await?;
        let backend = db.get_database_backend();
        Ok(Self { db, backend })
    }

    /// Whether the tables are those of this program.
    pub async fn is_current(&self) -> Result<bool, CatalogueError> {
        let sql = if self.backend == DbBackend::Sqlite {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'"
        } else {
            "SELECT table_name FROM information_schema.tables WHERE table_name = 'seaql_migrations'
             AND table_schema = ANY (current_schemas(false))"
        };
        if self.one(sql, vec![]).await?.is_none() {
            return Ok(false);
        }
        let sql = "SELECT version FROM seaql_migrations WHERE version = $1";
        Ok(self.one(sql, vec![schema::NEWEST.into()]).await?.is_some())
    }

    /// Brings the tables up to date. Two processes must not do this at once.
    pub async fn migrate(&self) -> Result<(), CatalogueError> {
        Ok(schema::Migrator::up(&self.db, None).await?)
    }

    /// Number of log entries applied.
    pub async fn log_size(&self) -> Result<u64, CatalogueError> {
        let row = self
            .one("SELECT value FROM meta WHERE name = 'log_size'", vec![])
            .await?;
        match row {
            Some(row) => unsigned(&row, "value", "meta"),
            None => Ok(0),
        }
    }

    /// Leaves no residue of what was deleted: the index is merged, the write-ahead log emptied and cut.
    pub async fn scrub(&self) -> Result<(), CatalogueError> {
        if self.backend == DbBackend::Sqlite {
            // FTS5's secure-delete leaves the first term of a page in the tree above it; a merge of all does not.
            self.db
                .execute_unprepared("INSERT INTO post_search (post_search) VALUES ('optimize')")
                .await?;
            self.db
                .execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)")
                .await?;
        }
        Ok(())
    }

    /// Closes the connections.
    pub async fn close(self) -> Result<(), CatalogueError> {
        Ok(self.db.close().await?)
    }

    fn statement(&self, sql: &str, values: Vec<Value>) -> Statement {
        Statement::from_sql_and_values(self.backend, sql, values)
    }

    async fn one(
        &self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Option<QueryResult>, CatalogueError> {
        Ok(self.db.query_one_raw(self.statement(sql, values)).await?)
    }

    async fn all(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, CatalogueError> {
        Ok(self.db.query_all_raw(self.statement(sql, values)).await?)
    }
}

/// A text column.
fn text(row: &QueryResult, column: &str) -> Result<String, CatalogueError> {
    Ok(row.try_get("", column)?)
}

/// A text column that may be NULL.
fn optional(row: &QueryResult, column: &str) -> Result<Option<String>, CatalogueError> {
    Ok(row.try_get("", column)?)
}

/// A whole number column.
fn number(row: &QueryResult, column: &str) -> Result<i64, CatalogueError> {
    Ok(row.try_get("", column)?)
}

fn unsigned(row: &QueryResult, column: &str, table: &'static str) -> Result<u64, CatalogueError> {
    u64::try_from(number(row, column)?).map_err(|_negative| CatalogueError::Row(table))
}

/// A text column in the form of `T`.
fn parsed<T: TryFrom<String>>(
    row: &QueryResult,
    column: &str,
    table: &'static str,
) -> Result<T, CatalogueError> {
    T::try_from(text(row, column)?).map_err(|_form| CatalogueError::Row(table))
}

/// A text column in the form of `T` that may be NULL.
fn parsed_optional<T: TryFrom<String>>(
    row: &QueryResult,
    column: &str,
    table: &'static str,
) -> Result<Option<T>, CatalogueError> {
    match optional(row, column)? {
        Some(text) => T::try_from(text)
            .map(Some)
            .map_err(|_form| CatalogueError::Row(table)),
        None => Ok(None),
    }
}

/// A column that holds JSON.
fn document<T: serde::de::DeserializeOwned>(
    row: &QueryResult,
    column: &str,
    table: &'static str,
) -> Result<T, CatalogueError> {
    serde_json::from_str(&text(row, column)?).map_err(|_form| CatalogueError::Row(table))
}

/// An enum's word as serde writes it.
fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(error) => error.to_string(),
    }
}

/// Reads an enum's word back.
fn from_word<T: serde::de::DeserializeOwned>(
    text: String,
    table: &'static str,
) -> Result<T, CatalogueError> {
    serde_json::from_value(serde_json::Value::String(text))
        .map_err(|_form| CatalogueError::Row(table))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn pragma(catalogue: &Catalogue, name: &str) -> String {
        let row = catalogue
            .one(&format!("PRAGMA {name}"), vec![])
            .await
            .unwrap()
            .unwrap();
        match row.try_get_by_index::<String>(0) {
            Ok(text) => text,
            Err(_) => row.try_get_by_index::<i32>(0).unwrap().to_string(),
        }
    }

    #[tokio::test]
    async fn sqlite_is_durable_waits_and_leaves_no_residue() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("catalogue.db");
        let url = format!("sqlite://{}", file.display());
        let catalogue = Catalogue::open(&url).await.unwrap();
        // SQLite's numbers: synchronous 2 = FULL, secure_delete 1 = ON (sqlite.org/pragma.html).
        for (name, expected) in [
            ("journal_mode", "wal"),
            ("synchronous", "2"),
            ("secure_delete", "1"),
            ("foreign_keys", "1"),
            ("busy_timeout", "30000"),
        ] {
            assert_eq!(pragma(&catalogue, name).await, expected, "{name}");
        }
        let secret = "Kvarlevande hemlighet ";
        for number in 1..=200_i64 {
            let body = format!("{secret}{number}");
            let values = vec![number.into(), body.clone().into()];
            let sql = "INSERT INTO post_search (rowid, body) VALUES ($1, $2)";
            catalogue.all(sql, values).await.unwrap();
            let sql = "INSERT INTO person (id, role, active, name) VALUES ($1, 'revisor', 1, $2)";
            let values = vec![number.to_string().into(), body.into()];
            catalogue.all(sql, values).await.unwrap();
        }
        let stored = |wanted: &str| {
            let files = ["catalogue.db", "catalogue.db-wal"].map(|name| dir.path().join(name));
            files.iter().filter(|file| file.exists()).any(|file| {
                let bytes = std::fs::read(file).unwrap();
                bytes
                    .windows(wanted.len())
                    .any(|window| window == wanted.as_bytes())
            })
        };
        assert!(stored("emlighet"));
        catalogue
            .all("DELETE FROM post_search", vec![])
            .await
            .unwrap();
        catalogue.all("DELETE FROM person", vec![]).await.unwrap();
        catalogue.scrub().await.unwrap();
        // Neither the text nor a run of three of the index that only this text has.
        assert!(!stored("emlighet"), "the text is left");
        assert!(!stored("mli"), "a run of the index is left");
        assert_eq!(
            std::fs::metadata(dir.path().join("catalogue.db-wal"))
                .unwrap()
                .len(),
            0
        );
        catalogue.close().await.unwrap();
    }
}
