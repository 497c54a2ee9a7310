//! Search by substring. The one place where the two databases differ: FTS5 trigrams on SQLite, ILIKE on PostgreSQL.

use sea_orm::{DbBackend, Value};
use serde::Serialize;

use crate::catalogue::{Catalogue, CatalogueError, parsed, text};
use crate::model::id::AccountId;
use crate::model::post::PostKind;

/// Characters of context on either side of a hit in a snippet.
const CONTEXT: usize = 40;
/// Least characters of a search: the index holds runs of three.
const SHORTEST: usize = 3;

/// What a search is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct SearchFilter {
    /// One account.
    pub account: Option<AccountId>,
    /// One kind.
    pub kind: Option<PostKind>,
    /// First instant, `2026-01-01T00:00:00Z`.
    pub from: Option<String>,
    /// First instant after the period.
    pub to: Option<String>,
    /// Whether protected posts are shown too.
    pub include_closed: bool,
    /// At most this many.
    pub limit: u32,
    /// Skipping this many.
    pub offset: u32,
}

/// A post that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// The post's key.
    pub post: String,
    /// Its account.
    pub account: AccountId,
    /// When it was published.
    pub posted_at: Option<String>,
    /// Its kind.
    pub kind: String,
    /// The place found, in brackets, with some text around it.
    pub snippet: String,
}

impl Catalogue {
    /// Posts that hold `query` anywhere, in any case, oldest first.
    pub async fn search(
        &self,
        query: &str,
        filter: &SearchFilter,
    ) -> Result<Vec<Hit>, CatalogueError> {
        let query = crate::model::text::normalised(query.trim());
        if query.chars().count() < SHORTEST {
            return Err(CatalogueError::ShortQuery);
        }
        let mut values: Vec<Value> = Vec::new();
        let matching = match self.backend {
            DbBackend::Sqlite => {
                values.push(format!("\"{}\"", query.replace('"', "\"\"")).into());
                "post_search MATCH $1"
            }
            DbBackend::MySql | DbBackend::Postgres => {
                let escaped = query
                    .replace('\\', "\\\\")
                    .replace('%', "\\%")
                    .replace('_', "\\_");
                values.push(format!("%{escaped}%").into());
                "post_search.body ILIKE $1"
            }
            _ => return Err(CatalogueError::Row("post_search")),
        };
        let mut sql = format!(
            "SELECT post.post_key, post.account, post.posted_at, post.kind, post_search.body
             FROM post_search JOIN post ON post.id = post_search.rowid WHERE {matching}"
        );
        let mut narrow = |condition: &str, value: Value| {
            values.push(value);
            let place = format!(" AND {condition} ${}", values.len());
            sql.push_str(&place);
        };
        if let Some(account) = &filter.account {
            narrow("post.account =", account.as_str().into());
        }
        if let Some(kind) = filter.kind {
            narrow("post.kind =", kind.as_str().into());
        }
        if let Some(from) = &filter.from {
            narrow("post.posted_at >=", from.as_str().into());
        }
        if let Some(to) = &filter.to {
            narrow("post.posted_at <", to.as_str().into());
        }
        if !filter.include_closed {
            narrow("post.is_open =", 1_i64.into());
        }
        let page = format!(
            " ORDER BY post.posted_at IS NULL, post.posted_at, post.post_key LIMIT {} OFFSET {}",
            filter.limit, filter.offset
        );
        sql.push_str(&page);
        let mut hits = Vec::new();
        for row in self.all(&sql, values).await? {
            hits.push(Hit {
                post: text(&row, "post_key")?,
                account: parsed(&row, "account", "post")?,
                posted_at: crate::catalogue::optional(&row, "posted_at")?,
                kind: text(&row, "kind")?,
                snippet: snippet(&text(&row, "body")?, &query),
            });
        }
        Ok(hits)
    }
}

/// The first place of `query` in `body` in brackets, with context, on one line.
fn snippet(body: &str, query: &str) -> String {
    let characters: Vec<char> = body
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .collect();
    let fold = |c: char| c.to_lowercase().next().unwrap_or(c);
    let wanted: Vec<char> = query.chars().map(fold).collect();
    let place = characters
        .windows(wanted.len())
        .position(|window| {
            window
                .iter()
                .zip(&wanted)
                .all(|(one, other)| fold(*one) == *other)
        })
        .unwrap_or(0);
    let end = (place + wanted.len()).min(characters.len());
    let first = place.saturating_sub(CONTEXT);
    let last = (end + CONTEXT).min(characters.len());
    let piece = |from: usize, to: usize| characters[from..to].iter().collect::<String>();
    let (before, after) = (
        if first > 0 { "…" } else { "" },
        if last < characters.len() { "…" } else { "" },
    );
    format!(
        "{before}{}[{}]{}{after}",
        piece(first, place),
        piece(place, end),
        piece(end, last)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snippets_mark_the_place_in_any_case() {
        assert_eq!(
            snippet("Nya\nÅtervinningscentralen öppnar", "ÅTERVINNING"),
            "Nya [Återvinning]scentralen öppnar"
        );
        let long = format!("{}badhus{}", "a".repeat(60), "b".repeat(60));
        assert_eq!(
            snippet(&long, "badhus"),
            format!("…{}[badhus]{}…", "a".repeat(40), "b".repeat(40))
        );
    }
}
