//! Posts, their versions, what people answered to their flags and decided of them.

use std::collections::BTreeMap;

use sea_orm::{QueryResult, Value};
use serde::Serialize;

use crate::catalogue::query::unit_ref;
use crate::catalogue::{
    Catalogue, CatalogueError, document, from_word, number, optional, parsed, text,
};
use crate::model::entry::Actor;
use crate::model::facts::{Flag, Outcome, Truth};
use crate::model::id::{AccountId, UnitRef};
use crate::model::post::Post;
use crate::model::time::Instant;

/// A post that is still there, in its newest version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PostRow {
    /// The catalogue's own number; differs after `reindex`, so it never leaves the program.
    #[serde(skip)]
    pub id: i64,
    /// Its account.
    pub account: AccountId,
    /// The newest version.
    pub post: Post,
    /// The unit of the newest version.
    pub unit: UnitRef,
    /// When the newest version was taken in.
    pub observed_at: Instant,
    /// Key of the thread's root as far as known; the post's own key for a root.
    pub thread_key: String,
    /// How many versions were kept.
    pub versions: u32,
}

/// A person's answer to a flag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FlagRow {
    /// The answer.
    pub answer: Truth,
    /// Who gave it.
    pub actor: String,
    /// When.
    pub time: Instant,
}

/// The thread of the post with a key, or of the one that is also known by it.
pub(crate) const THREAD_OF: &str = "SELECT thread_key FROM post WHERE post_key = $1
     UNION ALL SELECT post.thread_key FROM also_known JOIN post ON post.id = also_known.post WHERE also_known.post_key = $1";

impl Catalogue {
    /// The name of the thread in which the post with this key stands.
    pub async fn thread_of(&self, key: &str) -> Result<Option<String>, CatalogueError> {
        match self.one(THREAD_OF, vec![key.into()]).await? {
            Some(row) => optional(&row, "thread_key"),
            None => Ok(None),
        }
    }

    /// The next posts after the one numbered `after` (0: from the first), at most `limit`, of an account or of all: a
    /// way through all posts in bounded memory.
    pub async fn posts_after(
        &self,
        account: Option<&AccountId>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<PostRow>, CatalogueError> {
        let mut values: Vec<Value> = vec![after.into()];
        let mut condition = "";
        if let Some(account) = account {
            condition = "AND account = $2";
            values.push(account.as_str().into());
        }
        let sql = format!(
            "SELECT * FROM post WHERE id > $1 AND item IS NOT NULL {condition} ORDER BY id LIMIT {limit}"
        );
        self.all(&sql, values).await?.iter().map(post_row).collect()
    }

    /// The post with this key.
    pub async fn post(&self, key: &str) -> Result<Option<PostRow>, CatalogueError> {
        let sql = "SELECT * FROM post WHERE post_key = $1 AND item IS NOT NULL";
        let row = self.one(sql, vec![key.into()]).await?;
        row.as_ref().map(post_row).transpose()
    }

    /// The post that a unit is a version of, unless it was disposed of.
    pub async fn post_of_unit(&self, unit: &UnitRef) -> Result<Option<PostRow>, CatalogueError> {
        let sql = "SELECT post.* FROM post JOIN observation ON observation.post = post.id
                   WHERE observation.holder = $1 AND observation.unit = $2 AND post.item IS NOT NULL";
        let row = self.one(sql, unit_values(unit)).await?;
        row.as_ref().map(post_row).transpose()
    }

    /// How many units were disposed of, in the whole archive.
    pub async fn count_disposed(&self) -> Result<u64, CatalogueError> {
        let row = self
            .one("SELECT COUNT(*) AS units FROM disposal", vec![])
            .await?;
        match row {
            Some(row) => u64::try_from(number(&row, "units")?)
                .map_err(|_negative| CatalogueError::Row("disposal")),
            None => Ok(0),
        }
    }

    /// The posts of a thread that are still there, oldest first.
    pub async fn thread(&self, thread_key: &str) -> Result<Vec<PostRow>, CatalogueError> {
        let sql = "SELECT * FROM post WHERE thread_key = $1 AND item IS NOT NULL ORDER BY posted_at, post_key";
        self.all(sql, vec![thread_key.into()])
            .await?
            .iter()
            .map(post_row)
            .collect()
    }

    /// The keys of an account's threads that still hold posts, by their oldest post; those without a time come last. Of a
    /// period (its first instant, and the first after it) the threads in which something was published within it.
    pub async fn threads_of(
        &self,
        account: &AccountId,
        (from, to): (Option<Instant>, Option<Instant>),
    ) -> Result<Vec<String>, CatalogueError> {
        let mut values: Vec<Value> = vec![account.as_str().into()];
        let mut within = Vec::new();
        for (limit, sign) in [(from, ">="), (to, "<")] {
            if let Some(limit) = limit {
                values.push(limit.to_string().into());
                within.push(format!("posted_at {sign} ${}", values.len()));
            }
        }
        let having = if within.is_empty() {
            String::new()
        } else {
            let within = within.join(" AND ");
            format!("HAVING SUM(CASE WHEN {within} THEN 1 ELSE 0 END) > 0")
        };
        let sql = format!(
            "SELECT thread_key, MIN(posted_at) AS first FROM post
             WHERE account = $1 AND item IS NOT NULL AND thread_key IS NOT NULL
             GROUP BY thread_key {having} ORDER BY MIN(posted_at) IS NULL, MIN(posted_at), thread_key"
        );
        let rows = self.all(&sql, values).await?;
        rows.iter().map(|row| text(row, "thread_key")).collect()
    }

    /// The units of every version of a post, oldest first.
    pub async fn units_of(&self, post: i64) -> Result<Vec<UnitRef>, CatalogueError> {
        let sql = "SELECT observation.holder, observation.unit FROM observation
                   LEFT JOIN capture ON capture.id = observation.holder
                   WHERE observation.post = $1 ORDER BY capture.seq, observation.unit";
        let rows = self.all(sql, vec![post.into()]).await?;
        rows.iter()
            .map(|row| unit_ref(text(row, "holder")?, text(row, "unit")?, "observation"))
            .collect()
    }

    /// The same for many posts, in one question.
    pub async fn units_of_each(
        &self,
        posts: &[i64],
    ) -> Result<BTreeMap<i64, Vec<UnitRef>>, CatalogueError> {
        let numbers: Vec<String> = posts.iter().map(i64::to_string).collect();
        let sql = format!(
            "SELECT observation.post, observation.holder, observation.unit FROM observation
             LEFT JOIN capture ON capture.id = observation.holder
             WHERE observation.post IN ({}) ORDER BY observation.post, capture.seq, observation.unit",
            numbers.join(", ")
        );
        let mut units: BTreeMap<i64, Vec<UnitRef>> = BTreeMap::new();
        for row in self.all(&sql, vec![]).await? {
            let unit = unit_ref(text(&row, "holder")?, text(&row, "unit")?, "observation")?;
            units.entry(number(&row, "post")?).or_default().push(unit);
        }
        Ok(units)
    }

    /// People's answers to the flags of a post, whichever version they were given on; the newest wins.
    pub async fn flag_answers(&self, post: i64) -> Result<BTreeMap<Flag, FlagRow>, CatalogueError> {
        let sql = "SELECT flag_answer.* FROM flag_answer JOIN observation
                   ON observation.holder = flag_answer.holder AND observation.unit = flag_answer.unit
                   LEFT JOIN capture ON capture.id = observation.holder
                   WHERE observation.post = $1 ORDER BY flag_answer.time, capture.seq";
        let mut answers = BTreeMap::new();
        for row in self.all(sql, vec![post.into()]).await? {
            let (flag, answer) = flag_row(&row)?;
            answers.insert(flag, answer);
        }
        Ok(answers)
    }

    /// The same for every post that anyone answered a flag of, by the catalogue's number.
    pub async fn every_flag_answer(
        &self,
    ) -> Result<BTreeMap<i64, BTreeMap<Flag, FlagRow>>, CatalogueError> {
        let sql = "SELECT observation.post, flag_answer.* FROM flag_answer JOIN observation
                   ON observation.holder = flag_answer.holder AND observation.unit = flag_answer.unit
                   LEFT JOIN capture ON capture.id = observation.holder
                   ORDER BY flag_answer.time, capture.seq";
        let mut answers: BTreeMap<i64, BTreeMap<Flag, FlagRow>> = BTreeMap::new();
        for row in self.all(sql, vec![]).await? {
            let (flag, answer) = flag_row(&row)?;
            answers
                .entry(number(&row, "post")?)
                .or_default()
                .insert(flag, answer);
        }
        Ok(answers)
    }

    /// People's decisions on every post that has one, by the catalogue's number.
    pub async fn every_decision(&self) -> Result<BTreeMap<i64, Outcome>, CatalogueError> {
        let sql = "SELECT observation.post, decision.outcome FROM decision JOIN observation
                   ON observation.holder = decision.holder AND observation.unit = decision.unit";
        let mut found: BTreeMap<i64, Outcome> = BTreeMap::new();
        for row in self.all(sql, vec![]).await? {
            let outcome: Outcome = from_word(text(&row, "outcome")?, "decision")?;
            found
                .entry(number(&row, "post")?)
                .and_modify(|known| *known = (*known).max(outcome))
                .or_insert(outcome);
        }
        Ok(found)
    }

    /// A person's decision on a post; a decision on any version counts, the greater outcome wins.
    pub async fn decision(&self, post: i64) -> Result<Option<Outcome>, CatalogueError> {
        let sql = "SELECT decision.outcome FROM decision JOIN observation
                   ON observation.holder = decision.holder AND observation.unit = decision.unit
                   WHERE observation.post = $1";
        let mut found: Option<Outcome> = None;
        for row in self.all(sql, vec![post.into()]).await? {
            let outcome: Outcome = from_word(text(&row, "outcome")?, "decision")?;
            found = found.max(Some(outcome));
        }
        Ok(found)
    }
}

fn flag_row(row: &QueryResult) -> Result<(Flag, FlagRow), CatalogueError> {
    let flag: Flag = from_word(text(row, "flag")?, "flag_answer")?;
    let actor: Actor = parsed(row, "actor", "flag_answer")?;
    let answer = FlagRow {
        answer: from_word(text(row, "answer")?, "flag_answer")?,
        actor: actor.to_string(),
        time: parsed(row, "time", "flag_answer")?,
    };
    Ok((flag, answer))
}

pub(crate) fn unit_values(unit: &UnitRef) -> Vec<Value> {
    vec![unit.holder.to_string().into(), unit.unit.to_string().into()]
}

pub(crate) fn post_row(row: &QueryResult) -> Result<PostRow, CatalogueError> {
    let post: Post = document(row, "item", "post")?;
    let thread_key = optional(row, "thread_key")?.unwrap_or_else(|| post.key.clone());
    Ok(PostRow {
        id: number(row, "id")?,
        account: parsed(row, "account", "post")?,
        unit: unit_ref(text(row, "holder")?, text(row, "unit")?, "post")?,
        observed_at: parsed(row, "observed_at", "post")?,
        thread_key,
        versions: u32::try_from(number(row, "versions")?)
            .map_err(|_negative| CatalogueError::Row("post"))?,
        post,
    })
}
