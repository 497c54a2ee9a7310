//! Posts: ingests, what people said of them, and their disposal.

use sea_orm::Value;

use crate::catalogue::apply::capture::CaptureValues;
use crate::catalogue::apply::{Applying, stored};
use crate::catalogue::post::THREAD_OF;
use crate::catalogue::{CatalogueError, number, optional, word};
use crate::model::entry::Body;
use crate::model::id::{AccountId, HolderId, UnitNo, UnitRef};
use crate::model::ingest::IngestJson;
use crate::model::post::Post;
use crate::model::record::CaptureKind;
use crate::model::verdict::Verdict;

impl Applying<'_, '_> {
    pub(super) async fn flag(&mut self, body: &Body) -> Result<(), CatalogueError> {
        let Body::Flag { unit, flag, answer } = body else {
            return Ok(());
        };
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

    pub(super) async fn decision(&mut self, body: &Body) -> Result<(), CatalogueError> {
        let Body::Classification {
            unit,
            outcome,
            police_report,
            ..
        } = body
        else {
            return Ok(());
        };
        if let Some(outcome) = outcome {
            let sql = "INSERT INTO decision (holder, unit, outcome) VALUES ($1, $2, $3)
                       ON CONFLICT (holder, unit) DO UPDATE SET outcome = excluded.outcome";
            let values = vec![
                unit.holder.to_string().into(),
                unit.unit.to_string().into(),
                word(outcome).into(),
            ];
            self.execute(sql, values).await?;
        }
        if let Some(report) = police_report {
            let sql = "INSERT INTO police_report (holder, unit, state) VALUES ($1, $2, $3)
                       ON CONFLICT (holder, unit) DO UPDATE SET state = excluded.state";
            let values = vec![
                unit.holder.to_string().into(),
                unit.unit.to_string().into(),
                word(report).into(),
            ];
            self.execute(sql, values).await?;
        }
        Ok(())
    }

    pub(super) async fn ingest(&mut self, body: &Body) -> Result<(), CatalogueError> {
        let Body::Ingest {
            account,
            capture,
            sealed,
            ..
        } = body
        else {
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
        let report: Option<IngestJson> =
            self.document(&holder, Some(account), UnitNo(0), "ingest.json")?;
        for container in report.iter().flat_map(|report| &report.containers) {
            let sql = "INSERT INTO container (account, sha256, capture) VALUES ($1, $2, $3) ON CONFLICT (account, sha256) DO NOTHING";
            let values = vec![
                account.as_str().into(),
                container.sha256.as_str().into(),
                capture.as_str().into(),
            ];
            self.execute(sql, values).await?;
        }
        self.sightings_of_seen(report.as_ref()).await?;
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
        match report {
            Some(report) => self.absences(account, &report).await,
            None => Ok(()),
        }
    }

    async fn next_post_id(&self) -> Result<i64, CatalogueError> {
        let sql = "SELECT COALESCE(MAX(id), 0) AS last FROM post";
        match self.one(sql, vec![]).await? {
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
        let sql = "SELECT id FROM post WHERE post_key = $1";
        let known = match self.one(sql, vec![post.key.clone().into()]).await? {
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
        self.sighting(id, account, &post.platform).await?;
        for key in &post.same_as {
            let sql = "INSERT INTO also_known (post_key, post) VALUES ($1, $2)
                       ON CONFLICT (post_key) DO UPDATE SET post = excluded.post";
            self.execute(sql, vec![key.clone().into(), id.into()])
                .await?;
        }
        // Answers that came before what they answer are moved into its thread.
        let keys = std::iter::once(&post.key).chain(&post.same_as);
        for key in keys.filter(|key| **key != thread) {
            let values = vec![thread.clone().into(), key.clone().into()];
            self.execute(
                "UPDATE post SET thread_key = $1 WHERE thread_key = $2",
                values,
            )
            .await?;
        }
        Ok(())
    }

    /// The name of the thread: its conversation's, or the key of its root as far as that is known.
    async fn thread_of(&self, post: &Post) -> Result<String, CatalogueError> {
        let Some(above) = post.placed_under() else {
            return Ok(post.key.clone());
        };
        let known = match self.one(THREAD_OF, vec![above.into()]).await? {
            Some(row) => optional(&row, "thread_key")?,
            None => None,
        };
        Ok(known.unwrap_or_else(|| above.to_owned()))
    }

    /// Takes a disposed unit's post out: its text, key and everything that tells who or what it was.
    pub(super) async fn dispose(
        &mut self,
        plan: &str,
        unit: &UnitRef,
    ) -> Result<(), CatalogueError> {
        let (holder, number_text) = (unit.holder.to_string(), unit.unit.to_string());
        let key = || {
            vec![
                Value::from(holder.clone()),
                Value::from(number_text.clone()),
            ]
        };
        let sql = "SELECT post FROM observation WHERE holder = $1 AND unit = $2";
        if let Some(row) = self.one(sql, key()).await? {
            let id = number(&row, "post")?;
            for sql in [
                "DELETE FROM post_search WHERE rowid = $1",
                "DELETE FROM sighting WHERE post = $1",
                "DELETE FROM also_known WHERE post = $1",
            ] {
                self.execute(sql, vec![id.into()]).await?;
            }
            let sql = "UPDATE post SET post_key = NULL, source_id = NULL, thread_key = NULL, posted_at = NULL, item = NULL,
                       role = '', is_open = 0, disposed_by = $1 WHERE id = $2";
            self.execute(sql, vec![plan.into(), id.into()]).await?;
        }
        self.execute(
            "DELETE FROM flag_answer WHERE holder = $1 AND unit = $2",
            key(),
        )
        .await?;
        for sql in [
            "DELETE FROM decision WHERE holder = $1 AND unit = $2",
            "DELETE FROM removal WHERE holder = $1 AND unit = $2",
        ] {
            self.execute(sql, key()).await?;
        }
        let mut values = key();
        values.extend([plan.into(), self.seq()?.into()]);
        self.execute(
            "INSERT INTO disposal (holder, unit, plan, seq) VALUES ($1, $2, $3, $4)",
            values,
        )
        .await
    }
}
