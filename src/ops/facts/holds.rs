//! Which holds cover a post. Where a hold's reach cannot be read any more, it covers everything it might.

use chrono::NaiveDate;

use crate::catalogue::{Catalogue, HoldRow, PostRow};
use crate::model::entry::HoldScope;
use crate::model::text::normalised;
use crate::ops::error::OpsError;

/// The holds that are not lifted, with their reach resolved.
#[derive(Debug)]
pub struct Covers {
    holds: Vec<Reach>,
}

#[derive(Debug)]
struct Reach {
    hold: HoldRow,
    /// The post named by a scope of post or thread.
    post: Option<(i64, String)>,
    /// The query as it is compared.
    query: Option<String>,
}

impl Covers {
    /// Reads every hold that is not lifted.
    pub async fn read(catalogue: &Catalogue) -> Result<Self, OpsError> {
        let mut holds = Vec::new();
        for hold in catalogue.holds().await? {
            if hold.lifted {
                continue;
            }
            let post = match &hold.unit {
                Some(unit) => catalogue
                    .post_of_unit(unit)
                    .await?
                    .map(|row| (row.id, row.thread_key)),
                None => None,
            };
            let query = hold.query.as_deref().map(folded);
            holds.push(Reach { hold, post, query });
        }
        Ok(Self { holds })
    }

    /// Ids of the holds that cover a post, given its date and the texts of all its versions.
    pub fn of(&self, row: &PostRow, published: Option<NaiveDate>, texts: &[String]) -> Vec<String> {
        let covering = self
            .holds
            .iter()
            .filter(|reach| reach.covers(row, published, texts));
        covering.map(|reach| reach.hold.id.to_string()).collect()
    }
}

impl Reach {
    fn covers(&self, row: &PostRow, published: Option<NaiveDate>, texts: &[String]) -> bool {
        let hold = &self.hold;
        if hold
            .account
            .as_ref()
            .is_some_and(|account| *account != row.account)
        {
            return false;
        }
        match hold.scope {
            HoldScope::Account => true,
            HoldScope::Post => self.post.as_ref().is_some_and(|(id, _)| *id == row.id),
            HoldScope::Thread => self
                .post
                .as_ref()
                .is_some_and(|(id, thread)| *id == row.id || *thread == row.thread_key),
            // A post without a date may lie in any period.
            HoldScope::Period => published.is_none_or(|date| {
                hold.from.is_none_or(|from| from <= date) && hold.to.is_none_or(|to| date <= to)
            }),
            // Without its text, a query might find anything.
            HoldScope::Query => self.query.as_ref().is_none_or(|query| {
                texts
                    .iter()
                    .any(|text| folded(text).contains(query.as_str()))
            }),
        }
    }
}

fn folded(text: &str) -> String {
    normalised(text.trim()).to_lowercase()
}
