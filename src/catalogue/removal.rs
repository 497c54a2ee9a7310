//! Posts that later ingests lack, and what people found out about them.

use std::collections::BTreeMap;

use sea_orm::Value;
use serde::Serialize;

use crate::catalogue::post::post_row;
use crate::catalogue::{
    Catalogue, CatalogueError, PostRow, from_word, number, parsed, parsed_optional, text,
};
use crate::model::entry::{Actor, RemovalState};
use crate::model::id::{AccountId, RecordId};
use crate::model::time::Instant;

/// A post and how the ingests since have seen it.
#[derive(Clone, Debug)]
pub struct SightedPost {
    /// The post.
    pub row: PostRow,
    /// When an ingest last held it.
    pub seen_at: Instant,
    /// How many ingests in a row have lacked it since, although they could have held it.
    pub missed: u64,
    /// When the first of them was made.
    pub first_missed: Option<Instant>,
    /// When the last of them was made.
    pub last_missed: Option<Instant>,
}

/// What a person found out about a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RemovalRow {
    /// What became of it.
    pub state: RemovalState,
    /// The record with the reason.
    pub record: RecordId,
    /// When it was said.
    pub time: Instant,
    /// Who said it.
    pub actor: String,
}

impl Catalogue {
    /// The next posts after the one numbered `after`, at most `limit`, with how ingests have seen them.
    pub async fn sighted_after(
        &self,
        account: Option<&AccountId>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<SightedPost>, CatalogueError> {
        let mut values: Vec<Value> = vec![after.into()];
        let mut condition = "";
        if let Some(account) = account {
            condition = "AND post.account = $2";
            values.push(account.as_str().into());
        }
        let sql = format!(
            "SELECT post.*, sighting.seen_at, sighting.missed, sighting.first_missed, sighting.last_missed
             FROM post JOIN sighting ON sighting.post = post.id
             WHERE post.id > $1 AND post.item IS NOT NULL {condition} ORDER BY post.id LIMIT {limit}"
        );
        let mut posts = Vec::new();
        for row in self.all(&sql, values).await? {
            posts.push(SightedPost {
                seen_at: parsed(&row, "seen_at", "sighting")?,
                missed: u64::try_from(number(&row, "missed")?)
                    .map_err(|_negative| CatalogueError::Row("sighting"))?,
                first_missed: parsed_optional(&row, "first_missed", "sighting")?,
                last_missed: parsed_optional(&row, "last_missed", "sighting")?,
                row: post_row(&row)?,
            });
        }
        Ok(posts)
    }

    /// Numbers of the posts that at least `times` ingests in a row have lacked.
    pub async fn lacking(&self, times: u32) -> Result<Vec<i64>, CatalogueError> {
        let sql = "SELECT post FROM sighting WHERE missed >= $1 ORDER BY post";
        let rows = self.all(sql, vec![i64::from(times).into()]).await?;
        rows.iter().map(|row| number(row, "post")).collect()
    }

    /// What people found out about posts that are gone, by the post's number: the newest word on each. A word counts until
    /// an ingest holds the post again.
    pub async fn removals(&self) -> Result<BTreeMap<i64, RemovalRow>, CatalogueError> {
        let sql = "SELECT observation.post, removal.state, removal.record, removal.time, removal.actor, sighting.seen_at
                   FROM removal JOIN observation ON observation.holder = removal.holder AND observation.unit = removal.unit
                   JOIN sighting ON sighting.post = observation.post
                   ORDER BY observation.post, removal.seq";
        let mut found = BTreeMap::new();
        for row in self.all(sql, vec![]).await? {
            let post = number(&row, "post")?;
            let actor: Actor = parsed(&row, "actor", "removal")?;
            let removal = RemovalRow {
                state: from_word(text(&row, "state")?, "removal")?,
                record: parsed(&row, "record", "removal")?,
                time: parsed(&row, "time", "removal")?,
                actor: actor.to_string(),
            };
            let seen_at: Instant = parsed(&row, "seen_at", "sighting")?;
            if removal.time >= seen_at {
                found.insert(post, removal);
            }
        }
        Ok(found)
    }
}
