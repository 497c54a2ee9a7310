//! Which posts later ingests lack, and what people found out about them. That a post is lacking is counted, and never
//! taken for its deletion.

use crate::catalogue::apply::{Applying, whole};
use crate::catalogue::{CatalogueError, word};
use crate::model::entry::Body;
use crate::model::id::AccountId;
use crate::model::ingest::IngestJson;
use crate::model::post::{AuthorRole, Completeness};

impl Applying<'_, '_> {
    /// An ingest holds the post.
    pub(super) async fn sighting(
        &mut self,
        post: i64,
        account: &AccountId,
        platform: &str,
    ) -> Result<(), CatalogueError> {
        let sql = "INSERT INTO sighting (post, account, platform, seq, seen_at, missed) VALUES ($1, $2, $3, $4, $5, 0)
                   ON CONFLICT (post) DO UPDATE SET seq = excluded.seq, seen_at = excluded.seen_at, missed = 0,
                   first_missed = NULL, last_missed = NULL";
        let values = vec![
            post.into(),
            account.as_str().into(),
            platform.into(),
            self.seq()?.into(),
            self.entry.time.to_string().into(),
        ];
        self.execute(sql, values).await
    }

    /// The ingest holds these posts as they were.
    pub(super) async fn sightings_of_seen(
        &mut self,
        report: Option<&IngestJson>,
    ) -> Result<(), CatalogueError> {
        for unit in report.iter().flat_map(|report| &report.seen) {
            let sql = "UPDATE sighting SET seq = $1, seen_at = $2, missed = 0, first_missed = NULL, last_missed = NULL
                       WHERE post IN (SELECT post FROM observation WHERE holder = $3 AND unit = $4)";
            let values = vec![
                self.seq()?.into(),
                self.entry.time.to_string().into(),
                unit.holder.to_string().into(),
                unit.unit.to_string().into(),
            ];
            self.execute(sql, values).await?;
        }
        Ok(())
    }

    /// Counts the posts of the same platform that the ingest could have held and does not. An ingest with refused items
    /// tells nothing about the others, and one that holds none of a kind nothing about that kind: whoever orders an export
    /// may choose the messages or the pages alone. Where an export holds the comments on its posts, they are of the post's
    /// kind.
    pub(super) async fn absences(
        &mut self,
        account: &AccountId,
        report: &IngestJson,
    ) -> Result<(), CatalogueError> {
        let mut values = vec![
            self.entry.time.to_string().into(),
            account.as_str().into(),
            self.seq()?.into(),
        ];
        let reach = match (report.completeness, report.oldest) {
            _ if !report.refused.is_empty() => return Ok(()),
            (Completeness::Full, _) => "",
            (Completeness::OwnOnly, _) => {
                values.push(word(&AuthorRole::Authority).into());
                "AND role = $4"
            }
            (Completeness::Window, Some(oldest)) => {
                values.push(oldest.to_string().into());
                // A feed of comments may be of one post's.
                "AND posted_at > $4 AND (kind <> 'comment' OR thread_key IN
                    (SELECT other.thread_key FROM post AS other JOIN sighting AS seen ON seen.post = other.id
                     WHERE seen.account = $2 AND seen.seq = $3))"
            }
            (Completeness::Window, None) | (Completeness::Partial, _) => return Ok(()),
        };
        let kind = if report.completeness == Completeness::OwnOnly {
            "post.kind".to_owned()
        } else {
            "CASE WHEN post.kind = 'comment' THEN COALESCE(
                (SELECT root.kind FROM post AS root WHERE root.post_key = post.thread_key), post.kind) ELSE post.kind END"
                .to_owned()
        };
        let of_kind = |kind: &str| {
            format!(
                "CASE WHEN {kind} IN ('reply', 'repost', 'quote', 'poll') THEN 'post' ELSE {kind} END"
            )
        };
        let (missed, held) = (of_kind(&kind), of_kind("held.kind"));
        let sql = format!(
            "UPDATE sighting SET missed = missed + 1, first_missed = COALESCE(first_missed, $1), last_missed = $1
             WHERE account = $2 AND seq < $3
             AND platform IN (SELECT platform FROM sighting WHERE account = $2 AND seq = $3)
             AND post NOT IN (SELECT post.id FROM post JOIN also_known ON also_known.post_key = post.post_key
                JOIN sighting AS seen ON seen.post = also_known.post WHERE seen.account = $2 AND seen.seq = $3)
             AND post IN (SELECT id FROM post WHERE account = $2 AND item IS NOT NULL {reach} AND {missed} IN
                (SELECT {held} FROM post AS held JOIN sighting AS seen ON seen.post = held.id
                 WHERE seen.account = $2 AND seen.seq = $3))"
        );
        self.execute(&sql, values).await
    }

    /// What a person found out; a later word replaces an earlier one.
    pub(super) async fn removal(&mut self, body: &Body) -> Result<(), CatalogueError> {
        let Body::RemovalObserved {
            unit,
            state,
            record,
            ..
        } = body
        else {
            return Ok(());
        };
        let sql = "INSERT INTO removal (holder, unit, state, record, time, seq, actor) VALUES ($1, $2, $3, $4, $5, $6, $7)
                   ON CONFLICT (holder, unit) DO UPDATE SET state = excluded.state, record = excluded.record,
                   time = excluded.time, seq = excluded.seq, actor = excluded.actor";
        let values = vec![
            unit.holder.to_string().into(),
            unit.unit.to_string().into(),
            word(state).into(),
            record.as_str().into(),
            self.entry.time.to_string().into(),
            whole(self.entry.seq)?.into(),
            self.entry.actor.to_string().into(),
        ];
        self.execute(sql, values).await
    }
}
