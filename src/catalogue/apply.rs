//! One log entry into the catalogue, in one transaction. What an entry only points to is read from its units.

use sea_orm::{ConnectionTrait as _, DatabaseTransaction, Statement, TransactionTrait as _, Value};
use serde::de::DeserializeOwned;

use crate::catalogue::{Catalogue, CatalogueError, ReadUnit, number, optional, word};
use crate::model::account::Account;
use crate::model::cadence::Slot;
use crate::model::entry::{Body, Entry};
use crate::model::id::{AccountId, CaptureId, HolderId, UnitNo, UnitRef};
use crate::model::ingest::IngestJson;
use crate::model::json;
use crate::model::person::PersonDetails;
use crate::model::post::Post;
use crate::model::record::{CaptureJson, CaptureKind};
use crate::model::verdict::Verdict;

/// A transaction that an entry is applied in.
struct Applying<'a, 'b> {
    tx: &'a DatabaseTransaction,
    catalogue: &'a Catalogue,
    entry: &'a Entry,
    read: &'a mut ReadUnit<'b>,
}

impl Catalogue {
    /// Applies the next log entry; `read` gives the files of its units.
    pub async fn apply(
        &self,
        entry: &Entry,
        read: &mut ReadUnit<'_>,
    ) -> Result<(), CatalogueError> {
        let expected = self.log_size().await?;
        if entry.seq != expected {
            return Err(CatalogueError::Order {
                seq: entry.seq,
                expected,
            });
        }
        let tx = self.db.begin().await?;
        let mut applying = Applying {
            tx: &tx,
            catalogue: self,
            entry,
            read,
        };
        if let Some(body) = &entry.body {
            applying.body(body).await?;
        }
        let size = i64::try_from(entry.seq + 1).map_err(|_size| CatalogueError::Row("meta"))?;
        applying
            .execute(
                "INSERT INTO meta (name, value) VALUES ('log_size', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                vec![size.into()],
            )
            .await?;
        Ok(tx.commit().await?)
    }
}

impl Applying<'_, '_> {
    async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<(), CatalogueError> {
        self.tx
            .execute_raw(Statement::from_sql_and_values(
                self.catalogue.backend,
                sql,
                values,
            ))
            .await?;
        Ok(())
    }

    fn bytes(
        &mut self,
        holder: &HolderId,
        account: Option<&AccountId>,
        unit: UnitNo,
        file: &str,
    ) -> Result<Option<Vec<u8>>, CatalogueError> {
        (self.read)(holder, account, unit, file).map_err(|source| CatalogueError::Unit {
            holder: holder.to_string(),
            unit: unit.to_string(),
            file: file.to_owned(),
            source,
        })
    }

    fn document<T: DeserializeOwned>(
        &mut self,
        holder: &HolderId,
        account: Option<&AccountId>,
        unit: UnitNo,
        file: &str,
    ) -> Result<Option<T>, CatalogueError> {
        let Some(bytes) = self.bytes(holder, account, unit, file)? else {
            return Ok(None);
        };
        match json::from_slice(&bytes) {
            Ok(value) => Ok(Some(value)),
            Err(source) => Err(CatalogueError::Document {
                what: format!("{holder}/{unit}/{file}"),
                source,
            }),
        }
    }

    async fn body(&mut self, body: &Body) -> Result<(), CatalogueError> {
        match body {
            Body::Genesis { .. } | Body::Note { .. } => Ok(()),
            Body::PersonChanged { .. }
            | Body::AccountChanged { .. }
            | Body::PolicyChange { .. } => self.register(body).await,
            Body::Capture { .. } | Body::CaptureFailed { .. } | Body::SnapshotMissed { .. } => {
                self.snapshot(body).await
            }
            Body::Ingest {
                account, capture, ..
            } => self.ingest(account, capture).await,
            Body::Classification { unit, outcome, .. } => {
                let sql = "INSERT INTO decision (holder, unit, outcome) VALUES ($1, $2, $3)
                           ON CONFLICT (holder, unit) DO UPDATE SET outcome = excluded.outcome";
                self.execute(
                    sql,
                    vec![
                        unit.holder.to_string().into(),
                        unit.unit.to_string().into(),
                        word(outcome).into(),
                    ],
                )
                .await
            }
            Body::Flag { unit, flag, answer } => {
                let sql = "INSERT INTO flag_answer (holder, unit, flag, answer, actor, time) VALUES ($1, $2, $3, $4, $5, $6)
                           ON CONFLICT (holder, unit, flag) DO UPDATE SET answer = excluded.answer, actor = excluded.actor, time = excluded.time";
                let values = vec![
                    unit.holder.to_string().into(),
                    unit.unit.to_string().into(),
                    flag.code().into(),
                    word(answer).into(),
                    self.entry.actor.to_string().into(),
                    self.entry.time.to_string().into(),
                ];
                self.execute(sql, values).await
            }
            Body::HoldPlaced { .. } | Body::HoldLifted { .. } => self.hold(body).await,
            Body::Plan { .. }
            | Body::PlanWithdrawn { .. }
            | Body::Approval { .. }
            | Body::DisposalConfirmed { .. } => self.plan(body).await,
            Body::Disposal { plan, units, .. } => {
                for tombstone in units {
                    self.dispose(plan.as_str(), &tombstone.unit).await?;
                }
                Ok(())
            }
            Body::Export { .. } | Body::Receipt { .. } => self.export(body).await,
        }
    }

    async fn register(&mut self, body: &Body) -> Result<(), CatalogueError> {
        match body {
            Body::PersonChanged {
                person,
                role,
                active,
                ssh_key,
                record,
                ..
            } => {
                let holder = HolderId::Record(record.clone());
                let details: Option<PersonDetails> =
                    self.document(&holder, None, UnitNo(0), "person.json")?;
                let sql = "INSERT INTO person (id, role, active, ssh_key, name) VALUES ($1, $2, $3, $4, $5)
                           ON CONFLICT (id) DO UPDATE SET role = excluded.role, active = excluded.active,
                           ssh_key = excluded.ssh_key, name = excluded.name";
                let values = vec![
                    person.as_str().into(),
                    word(role).into(),
                    i64::from(*active).into(),
                    ssh_key.clone().into(),
                    details.map(|details| details.name).into(),
                ];
                self.execute(sql, values).await
            }
            Body::AccountChanged {
                account,
                alias,
                platform,
                status,
                opened,
                closed,
                policy_sha256,
                cadence,
                record,
                ..
            } => {
                let holder = HolderId::Record(record.clone());
                let found: Option<Account> =
                    self.document(&holder, None, UnitNo(0), "account.json")?;
                // A revision whose unit is gone still says what the log says.
                let document = found.unwrap_or_else(|| Account {
                    id: account.clone(),
                    alias: alias.clone(),
                    platform: *platform,
                    url: String::new(),
                    name: String::new(),
                    status: *status,
                    opened: *opened,
                    closed: *closed,
                    fields: std::collections::BTreeMap::new(),
                });
                let sql = "INSERT INTO account (id, alias, document, policy_sha256, cadence) VALUES ($1, $2, $3, $4, $5)
                           ON CONFLICT (id) DO UPDATE SET alias = excluded.alias, document = excluded.document,
                           policy_sha256 = excluded.policy_sha256, cadence = excluded.cadence";
                let values = vec![
                    account.as_str().into(),
                    alias.as_str().into(),
                    stored(&document)?.into(),
                    policy_sha256.as_str().into(),
                    stored(cadence)?.into(),
                ];
                self.execute(sql, values).await?;
                let sql = "INSERT INTO revision (seq, account, record, time, actor) VALUES ($1, $2, $3, $4, $5)";
                let values = vec![
                    i64::try_from(self.entry.seq).unwrap_or(i64::MAX).into(),
                    account.as_str().into(),
                    record.as_str().into(),
                    self.entry.time.to_string().into(),
                    self.entry.actor.to_string().into(),
                ];
                self.execute(sql, values).await
            }
            Body::PolicyChange {
                policy_sha256,
                policy,
                version,
                executable,
                cadence,
                ..
            } => {
                let sql = "INSERT INTO policy (sha256, seq, policy, version, executable, cadence) VALUES ($1, $2, $3, $4, $5, $6)";
                let values = vec![
                    policy_sha256.as_str().into(),
                    i64::try_from(self.entry.seq).unwrap_or(i64::MAX).into(),
                    policy.clone().into(),
                    version.clone().into(),
                    i64::from(*executable).into(),
                    stored(cadence)?.into(),
                ];
                self.execute(sql, values).await
            }
            _ => Ok(()),
        }
    }

    async fn snapshot(&mut self, body: &Body) -> Result<(), CatalogueError> {
        match body {
            Body::Capture {
                account,
                capture,
                kind,
                occasion,
                verdict,
                fills,
                sealed,
                ..
            } => {
                let holder = HolderId::Capture(capture.clone());
                let text = self.bytes(&holder, Some(account), UnitNo(1), "page.txt")?;
                let chars = text.map(|bytes| String::from_utf8_lossy(&bytes).chars().count());
                let description: Option<CaptureJson> = self.capture_json(account, capture)?;
                let counts = match description.and_then(|description| description.counts) {
                    Some(counts) => Some(stored(&counts)?),
                    None => None,
                };
                let row = CaptureValues {
                    account,
                    capture,
                    kind: *kind,
                    verdict: *verdict,
                    units: sealed.units,
                };
                self.capture_row(&row, Some(word(occasion)), counts, chars)
                    .await?;
                if *verdict != Verdict::Complete {
                    self.attempt(account, capture).await?;
                }
                for slot in fills {
                    self.slot(account, slot, "met", Some(capture)).await?;
                }
                Ok(())
            }
            Body::CaptureFailed {
                account, capture, ..
            } => self.attempt(account, capture).await,
            Body::SnapshotMissed { account, slot, .. } => {
                self.slot(account, slot, "missed", None).await
            }
            _ => Ok(()),
        }
    }

    /// `capture.json` lies beside the units; the reader knows it by an empty unit path.
    fn capture_json(
        &mut self,
        account: &AccountId,
        capture: &CaptureId,
    ) -> Result<Option<CaptureJson>, CatalogueError> {
        self.document(
            &HolderId::Capture(capture.clone()),
            Some(account),
            UnitNo(0),
            "../../capture.json",
        )
    }

    async fn capture_row(
        &self,
        row: &CaptureValues<'_>,
        occasion: Option<String>,
        counts: Option<String>,
        chars: Option<usize>,
    ) -> Result<(), CatalogueError> {
        let sql = "INSERT INTO capture (id, account, kind, occasion, verdict, time, seq, units, counts, text_chars)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let values = vec![
            row.capture.as_str().into(),
            row.account.as_str().into(),
            word(&row.kind).into(),
            occasion.into(),
            word(&row.verdict).into(),
            self.entry.time.to_string().into(),
            i64::try_from(self.entry.seq).unwrap_or(i64::MAX).into(),
            i64::from(row.units).into(),
            counts.into(),
            chars
                .map(|chars| i64::try_from(chars).unwrap_or(i64::MAX))
                .into(),
        ];
        self.execute(sql, values).await
    }

    async fn attempt(
        &self,
        account: &AccountId,
        capture: &CaptureId,
    ) -> Result<(), CatalogueError> {
        let values = vec![
            capture.as_str().into(),
            account.as_str().into(),
            self.entry.time.to_string().into(),
        ];
        self.execute(
            "INSERT INTO attempt (capture, account, time) VALUES ($1, $2, $3)",
            values,
        )
        .await
    }

    async fn slot(
        &self,
        account: &AccountId,
        slot: &Slot,
        state: &str,
        capture: Option<&CaptureId>,
    ) -> Result<(), CatalogueError> {
        // The primary key is what makes an obligation unique; the log never fills a slot twice.
        let sql = "INSERT INTO obligation (account, rule, due_date, state, capture, at) VALUES ($1, $2, $3, $4, $5, $6)
                   ON CONFLICT (account, rule, due_date) DO UPDATE SET state = excluded.state, capture = excluded.capture, at = excluded.at";
        let values = vec![
            account.as_str().into(),
            slot.rule.to_string().into(),
            slot.due.into(),
            state.into(),
            capture.map(|capture| capture.as_str().to_owned()).into(),
            self.entry.time.to_string().into(),
        ];
        self.execute(sql, values).await
    }

    async fn ingest(
        &mut self,
        account: &AccountId,
        capture: &CaptureId,
    ) -> Result<(), CatalogueError> {
        let Some(Body::Ingest { sealed, .. }) = &self.entry.body else {
            return Ok(());
        };
        let holder = HolderId::Capture(capture.clone());
        let verdict = self
            .capture_json(account, capture)?
            .map_or(Verdict::Complete, |description| description.verdict);
        let row = CaptureValues {
            account,
            capture,
            kind: CaptureKind::Ingest,
            verdict,
            units: sealed.units,
        };
        self.capture_row(&row, None, None, None).await?;
        if let Some(report) =
            self.document::<IngestJson>(&holder, Some(account), UnitNo(0), "ingest.json")?
        {
            for container in &report.containers {
                let sql = "INSERT INTO container (account, sha256, capture) VALUES ($1, $2, $3) ON CONFLICT (account, sha256) DO NOTHING";
                self.execute(
                    sql,
                    vec![
                        account.as_str().into(),
                        container.sha256.as_str().into(),
                        capture.as_str().into(),
                    ],
                )
                .await?;
            }
        }
        let mut next = self.next_post_id().await?;
        for number in 1..sealed.units {
            let unit = UnitRef {
                holder: holder.clone(),
                unit: UnitNo(number),
            };
            // A unit that was disposed of has no post any more; its disposal entry says so.
            if let Some(post) =
                self.document::<Post>(&holder, Some(account), unit.unit, "item.json")?
            {
                self.post(account, &unit, &post, &mut next).await?;
            }
        }
        Ok(())
    }

    async fn next_post_id(&self) -> Result<i64, CatalogueError> {
        let statement = Statement::from_string(
            self.catalogue.backend,
            "SELECT COALESCE(MAX(id), 0) AS last FROM post",
        );
        match self.tx.query_one_raw(statement).await? {
            Some(row) => Ok(number(&row, "last")? + 1),
            None => Ok(1),
        }
    }

    /// Takes in a post's version: a new post, or a newer version of a known one.
    async fn post(
        &mut self,
        account: &AccountId,
        unit: &UnitRef,
        post: &Post,
        next: &mut i64,
    ) -> Result<(), CatalogueError> {
        let find = Statement::from_sql_and_values(
            self.catalogue.backend,
            "SELECT id FROM post WHERE post_key = $1",
            [post.key.clone().into()],
        );
        let known = match self.tx.query_one_raw(find).await? {
            Some(row) => Some(number(&row, "id")?),
            None => None,
        };
        let thread = self.thread_of(post).await?;
        let shared: Vec<Value> = vec![
            post.kind.as_str().into(),
            word(&post.author.role).into(),
            post.source_id.clone().into(),
            thread.clone().into(),
            post.posted_at.utc.map(|time| time.to_string()).into(),
            i64::from(post.visibility.is_open()).into(),
            unit.holder.to_string().into(),
            unit.unit.to_string().into(),
            self.entry.time.to_string().into(),
            stored(post)?.into(),
        ];
        let id = known.unwrap_or(*next);
        let mut values = shared;
        values.push(id.into());
        if known.is_some() {
            let sql = "UPDATE post SET kind = $1, role = $2, source_id = $3, thread_key = $4, posted_at = $5, is_open = $6,
                       holder = $7, unit = $8, observed_at = $9, item = $10, versions = versions + 1 WHERE id = $11";
            self.execute(sql, values).await?;
            self.execute("DELETE FROM post_search WHERE rowid = $1", vec![id.into()])
                .await?;
        } else {
            *next += 1;
            values.extend([post.key.clone().into(), account.as_str().into()]);
            let sql = "INSERT INTO post (kind, role, source_id, thread_key, posted_at, is_open, holder, unit, observed_at, item,
                       id, post_key, account, versions) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1)";
            self.execute(sql, values).await?;
        }
        let body = post.search_text();
        if !body.is_empty() {
            self.execute(
                "INSERT INTO post_search (rowid, body) VALUES ($1, $2)",
                vec![id.into(), body.into()],
            )
            .await?;
        }
        let values = vec![
            unit.holder.to_string().into(),
            unit.unit.to_string().into(),
            id.into(),
        ];
        self.execute(
            "INSERT INTO observation (holder, unit, post) VALUES ($1, $2, $3)",
            values,
        )
        .await?;
        if thread != post.key {
            // Answers that came before what they answer are moved into its thread.
            let values = vec![thread.into(), post.key.clone().into()];
            self.execute(
                "UPDATE post SET thread_key = $1 WHERE thread_key = $2",
                values,
            )
            .await?;
        }
        Ok(())
    }

    /// The key of the thread's root as far as it is known.
    async fn thread_of(&self, post: &Post) -> Result<String, CatalogueError> {
        if let Some(root) = &post.thread_root {
            return Ok(root.clone());
        }
        let Some(parent) = post
            .in_reply_to
            .as_ref()
            .and_then(|reply| reply.key.clone())
        else {
            return Ok(post.key.clone());
        };
        let find = Statement::from_sql_and_values(
            self.catalogue.backend,
            "SELECT thread_key FROM post WHERE post_key = $1",
            [parent.clone().into()],
        );
        match self.tx.query_one_raw(find).await? {
            Some(row) => Ok(optional(&row, "thread_key")?.unwrap_or(parent)),
            None => Ok(parent),
        }
    }

    /// Takes a disposed unit's post out: its text, key and everything that tells who or what it was.
    async fn dispose(&mut self, plan: &str, unit: &UnitRef) -> Result<(), CatalogueError> {
        let (holder, number_text) = (unit.holder.to_string(), unit.unit.to_string());
        let key = || {
            vec![
                Value::from(holder.clone()),
                Value::from(number_text.clone()),
            ]
        };
        let find = Statement::from_sql_and_values(
            self.catalogue.backend,
            "SELECT post FROM observation WHERE holder = $1 AND unit = $2",
            key(),
        );
        if let Some(row) = self.tx.query_one_raw(find).await? {
            let id = number(&row, "post")?;
            self.execute("DELETE FROM post_search WHERE rowid = $1", vec![id.into()])
                .await?;
            let sql = "UPDATE post SET post_key = NULL, source_id = NULL, thread_key = NULL, posted_at = NULL, item = NULL,
                       role = '', is_open = 0, disposed_by = $1 WHERE id = $2";
            self.execute(sql, vec![plan.into(), id.into()]).await?;
        }
        self.execute(
            "DELETE FROM flag_answer WHERE holder = $1 AND unit = $2",
            key(),
        )
        .await?;
        self.execute(
            "DELETE FROM decision WHERE holder = $1 AND unit = $2",
            key(),
        )
        .await?;
        let mut values = key();
        values.extend([
            plan.into(),
            i64::try_from(self.entry.seq).unwrap_or(i64::MAX).into(),
        ]);
        self.execute(
            "INSERT INTO disposal (holder, unit, plan, seq) VALUES ($1, $2, $3, $4)",
            values,
        )
        .await
    }

    async fn hold(&mut self, body: &Body) -> Result<(), CatalogueError> {
        match body {
            Body::HoldPlaced {
                hold,
                ground,
                scope,
                account,
                unit,
                from,
                to,
                ..
            } => {
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
            Body::HoldLifted { hold, .. } => {
                self.execute(
                    "UPDATE hold SET lifted = 1 WHERE id = $1",
                    vec![hold.as_str().into()],
                )
                .await
            }
            _ => Ok(()),
        }
    }

    async fn plan(&mut self, body: &Body) -> Result<(), CatalogueError> {
        match body {
            Body::Plan {
                plan,
                digest_sha256,
                policy_sha256,
                items,
                log_size,
                planner,
                ..
            } => {
                let sql = "INSERT INTO plan (id, digest, policy_sha256, planner, time, items, log_size, withdrawn)
                           VALUES ($1, $2, $3, $4, $5, $6, $7, 0)";
                let values = vec![
                    plan.as_str().into(),
                    digest_sha256.as_str().into(),
                    policy_sha256.as_str().into(),
                    planner.as_str().into(),
                    self.entry.time.to_string().into(),
                    i64::try_from(*items).unwrap_or(i64::MAX).into(),
                    i64::try_from(*log_size).unwrap_or(i64::MAX).into(),
                ];
                self.execute(sql, values).await
            }
            Body::PlanWithdrawn { plan, .. } => {
                self.execute(
                    "UPDATE plan SET withdrawn = 1 WHERE id = $1",
                    vec![plan.as_str().into()],
                )
                .await
            }
            Body::Approval {
                plan,
                digest_sha256,
                approver,
                proof,
                executable_from,
                expires,
                record,
                ..
            } => {
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
            Body::DisposalConfirmed { plan, record, .. } => {
                self.execute(
                    "UPDATE plan SET confirmed = $1 WHERE id = $2",
                    vec![record.as_str().into(), plan.as_str().into()],
                )
                .await
            }
            _ => Ok(()),
        }
    }

    async fn export(&mut self, body: &Body) -> Result<(), CatalogueError> {
        match body {
            Body::Export {
                export,
                seal_sha256,
                log_size,
                captures,
                ..
            } => {
                let sql = "INSERT INTO export (id, time, log_size, captures, seal_sha256) VALUES ($1, $2, $3, $4, $5)";
                let values = vec![
                    export.as_str().into(),
                    self.entry.time.to_string().into(),
                    i64::try_from(*log_size).unwrap_or(i64::MAX).into(),
                    stored(captures)?.into(),
                    seal_sha256.as_str().into(),
                ];
                self.execute(sql, values).await
            }
            Body::Receipt {
                receipt, export, ..
            } => {
                let values = vec![
                    receipt.as_str().into(),
                    export.as_str().into(),
                    self.entry.time.to_string().into(),
                ];
                self.execute(
                    "INSERT INTO receipt (id, export, time) VALUES ($1, $2, $3)",
                    values,
                )
                .await
            }
            _ => Ok(()),
        }
    }
}

/// What every capture has.
struct CaptureValues<'a> {
    account: &'a AccountId,
    capture: &'a CaptureId,
    kind: CaptureKind,
    verdict: Verdict,
    units: u32,
}

/// A value as JSON for a text column.
fn stored<T: serde::Serialize>(value: &T) -> Result<String, CatalogueError> {
    serde_json::to_string(value).map_err(|_json| CatalogueError::Row("a document"))
}
