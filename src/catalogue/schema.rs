//! The tables, as migrations. Plain SQL that both databases understand, except for the search index.

use sea_orm::{ConnectionTrait as _, DbBackend};
use sea_orm_migration::prelude::*;

/// Every migration, in order.
pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(First),
            Box::new(Registry),
            Box::new(Threads),
            Box::new(Police),
            Box::new(AlsoKnown),
        ]
    }
}

struct First;

struct Registry;

struct Threads;

struct Police;

struct AlsoKnown;

impl MigrationName for Registry {
    fn name(&self) -> &'static str {
        "m0002_registry"
    }
}

impl MigrationName for Threads {
    fn name(&self) -> &'static str {
        "m0003_threads"
    }
}

impl MigrationName for Police {
    fn name(&self) -> &'static str {
        "m0004_police"
    }
}

impl MigrationName for AlsoKnown {
    fn name(&self) -> &'static str {
        NEWEST
    }
}

impl MigrationName for First {
    fn name(&self) -> &'static str {
        "m0001_first"
    }
}

/// The newest migration.
pub(crate) const NEWEST: &str = "m0005_also_known";

/// Every table that holds what the log says.
const NAMES: &[&str] = &[
    "person",
    "account",
    "revision",
    "policy",
    "obligation",
    "capture",
    "attempt",
    "container",
    "post",
    "post_search",
    "also_known",
    "observation",
    "flag_answer",
    "decision",
    "police_report",
    "hold",
    "plan",
    "approval",
    "disposal",
    "export",
    "receipt",
    "takedown",
    "registry_handover",
    "registry_unit",
    "sighting",
    "removal",
];

// SQLite runs no migration in a transaction, so that each statement must bear being run again after a crash.
const TABLES: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
    "INSERT INTO meta (name, value) VALUES ('log_size', 0) ON CONFLICT (name) DO NOTHING",
    "CREATE TABLE IF NOT EXISTS person (id TEXT PRIMARY KEY, role TEXT NOT NULL, active BIGINT NOT NULL, ssh_key TEXT, name TEXT)",
    "CREATE TABLE IF NOT EXISTS account (id TEXT PRIMARY KEY, alias TEXT NOT NULL UNIQUE, document TEXT NOT NULL,
        policy_sha256 TEXT NOT NULL, cadence TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS revision (seq BIGINT PRIMARY KEY, account TEXT NOT NULL, record TEXT NOT NULL, time TEXT NOT NULL,
        actor TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS revision_account ON revision (account, seq)",
    "CREATE TABLE IF NOT EXISTS policy (sha256 TEXT NOT NULL, seq BIGINT PRIMARY KEY, policy TEXT NOT NULL, version TEXT NOT NULL,
        executable BIGINT NOT NULL, cadence TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS obligation (account TEXT NOT NULL, rule TEXT NOT NULL, due_date DATE NOT NULL, state TEXT NOT NULL,
        capture TEXT, at TEXT, PRIMARY KEY (account, rule, due_date))",
    "CREATE TABLE IF NOT EXISTS capture (id TEXT PRIMARY KEY, account TEXT NOT NULL, kind TEXT NOT NULL, occasion TEXT, verdict TEXT NOT NULL,
        time TEXT NOT NULL, seq BIGINT NOT NULL, units BIGINT NOT NULL, counts TEXT, text_chars BIGINT)",
    "CREATE TABLE IF NOT EXISTS attempt (capture TEXT PRIMARY KEY, account TEXT NOT NULL, time TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS container (account TEXT NOT NULL, sha256 TEXT NOT NULL, capture TEXT NOT NULL, PRIMARY KEY (account, sha256))",
    "CREATE TABLE IF NOT EXISTS post (id BIGINT PRIMARY KEY, post_key TEXT UNIQUE, account TEXT NOT NULL, kind TEXT NOT NULL, role TEXT NOT NULL,
        source_id TEXT, thread_key TEXT, posted_at TEXT, is_open BIGINT NOT NULL, holder TEXT NOT NULL, unit TEXT NOT NULL,
        observed_at TEXT NOT NULL, versions BIGINT NOT NULL, item TEXT, disposed_by TEXT)",
    "CREATE INDEX IF NOT EXISTS post_thread ON post (thread_key)",
    "CREATE INDEX IF NOT EXISTS post_account ON post (account, id)",
    "CREATE TABLE IF NOT EXISTS observation (holder TEXT NOT NULL, unit TEXT NOT NULL, post BIGINT NOT NULL, PRIMARY KEY (holder, unit))",
    "CREATE INDEX IF NOT EXISTS observation_post ON observation (post)",
    "CREATE TABLE IF NOT EXISTS flag_answer (holder TEXT NOT NULL, unit TEXT NOT NULL, flag TEXT NOT NULL, answer TEXT NOT NULL,
        actor TEXT NOT NULL, time TEXT NOT NULL, PRIMARY KEY (holder, unit, flag))",
    "CREATE TABLE IF NOT EXISTS decision (holder TEXT NOT NULL, unit TEXT NOT NULL, outcome TEXT NOT NULL, PRIMARY KEY (holder, unit))",
    "CREATE TABLE IF NOT EXISTS hold (id TEXT PRIMARY KEY, ground TEXT NOT NULL, scope TEXT NOT NULL, account TEXT, holder TEXT, unit TEXT,
        from_date TEXT, to_date TEXT, query TEXT, placed_at TEXT NOT NULL, placed_by TEXT NOT NULL, lifted BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS plan (id TEXT PRIMARY KEY, digest TEXT NOT NULL, policy_sha256 TEXT NOT NULL, planner TEXT NOT NULL,
        time TEXT NOT NULL, items BIGINT NOT NULL, log_size BIGINT NOT NULL, withdrawn BIGINT NOT NULL, confirmed TEXT)",
    "CREATE TABLE IF NOT EXISTS approval (plan TEXT PRIMARY KEY, record TEXT NOT NULL, digest TEXT NOT NULL, approver TEXT NOT NULL,
        proof TEXT NOT NULL, time TEXT NOT NULL, executable_from TEXT NOT NULL, expires TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS disposal (seq BIGINT NOT NULL, plan TEXT NOT NULL, holder TEXT NOT NULL, unit TEXT NOT NULL,
        PRIMARY KEY (holder, unit))",
    "CREATE TABLE IF NOT EXISTS export (id TEXT PRIMARY KEY, time TEXT NOT NULL, log_size BIGINT NOT NULL, captures TEXT NOT NULL,
        seal_sha256 TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS receipt (id TEXT PRIMARY KEY, export TEXT NOT NULL, time TEXT NOT NULL)",
    // When an ingest last held a post, and how many have lacked it since although they could have held it.
    "CREATE TABLE IF NOT EXISTS sighting (post BIGINT PRIMARY KEY, account TEXT NOT NULL, platform TEXT NOT NULL, seq BIGINT NOT NULL,
        seen_at TEXT NOT NULL, missed BIGINT NOT NULL, first_missed TEXT, last_missed TEXT)",
    "CREATE INDEX IF NOT EXISTS sighting_account ON sighting (account, platform)",
    "CREATE TABLE IF NOT EXISTS removal (holder TEXT NOT NULL, unit TEXT NOT NULL, state TEXT NOT NULL, record TEXT NOT NULL,
        time TEXT NOT NULL, seq BIGINT NOT NULL, actor TEXT NOT NULL, PRIMARY KEY (holder, unit))",
];

#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait needs the lifetime as the trait writes it"
)]
#[async_trait::async_trait]
impl MigrationTrait for First {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for table in TABLES {
            db.execute_unprepared(table).await?;
        }
        if db.get_database_backend() == DbBackend::Sqlite {
            // Substrings, because Swedish compounds are found by no stemmer; å, ä and ö are letters of their own.
            db.execute_unprepared(
                "CREATE VIRTUAL TABLE IF NOT EXISTS post_search USING fts5(body, tokenize = 'trigram remove_diacritics 0')",
            )
            .await?;
            db.execute_unprepared(
                "INSERT INTO post_search (post_search, rank) VALUES ('secure-delete', 1)",
            )
            .await?;
        } else {
            db.execute_unprepared(
                "CREATE TABLE IF NOT EXISTS post_search (rowid BIGINT PRIMARY KEY, body TEXT NOT NULL)",
            )
            .await?;
        }
        Ok(())
    }
}

/// Takedowns, and what was handed over to the registry: one row a unit, with its diarienummer once it came back.
const REGISTRY: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS takedown (record TEXT PRIMARY KEY, holder TEXT NOT NULL, unit TEXT NOT NULL, state TEXT NOT NULL,
        time TEXT NOT NULL, actor TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS registry_handover (id TEXT PRIMARY KEY, receiver TEXT, time TEXT NOT NULL, actor TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS registry_unit (handover TEXT NOT NULL, holder TEXT NOT NULL, unit TEXT NOT NULL, receipt TEXT,
        registry_no TEXT, receipted TEXT, PRIMARY KEY (handover, holder, unit))",
];

#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait needs the lifetime as the trait writes it"
)]
#[async_trait::async_trait]
impl MigrationTrait for Registry {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in REGISTRY {
            manager.get_connection().execute_unprepared(table).await?;
        }
        Ok(())
    }
}

/// What a catalogue has to forget before threads are read anew, the count of entries first.
pub(crate) fn emptied() -> impl Iterator<Item = String> {
    let count = "UPDATE meta SET value = 0 WHERE name = 'log_size'".to_owned();
    let tables = NAMES.iter().map(|name| format!("DELETE FROM {name}"));
    std::iter::once(count).chain(tables)
}

/// Messages of one conversation were threads of their own: everything is applied from the log again.
#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait needs the lifetime as the trait writes it"
)]
#[async_trait::async_trait]
impl MigrationTrait for Threads {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The list of what to empty names the tables of later migrations too.
        let later = [POLICE.to_owned(), ALSO_KNOWN.to_owned()];
        for statement in later.into_iter().chain(emptied()) {
            manager
                .get_connection()
                .execute_unprepared(&statement)
                .await?;
        }
        Ok(())
    }
}

/// What people decided where a rule wants a post reported to the police; no older log tells of it.
const POLICE: &str = "CREATE TABLE IF NOT EXISTS police_report (holder TEXT NOT NULL, unit TEXT NOT NULL, state TEXT NOT NULL,
        PRIMARY KEY (holder, unit))";

#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait needs the lifetime as the trait writes it"
)]
#[async_trait::async_trait]
impl MigrationTrait for Police {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared(POLICE).await.map(|_| ())
    }
}

/// Other keys of a post, which the platform gave it elsewhere (`same_as`).
const ALSO_KNOWN: &str =
    "CREATE TABLE IF NOT EXISTS also_known (post_key TEXT PRIMARY KEY, post BIGINT NOT NULL)";

#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait needs the lifetime as the trait writes it"
)]
#[async_trait::async_trait]
impl MigrationTrait for AlsoKnown {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for statement in std::iter::once(ALSO_KNOWN.to_owned()).chain(emptied()) {
            db.execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}
