//! Posts that are gone from the platform, or seem to be, for the facts about them.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::{Catalogue, RemovalRow};
use crate::model::entry::RemovalState;
use crate::model::facts::FactVisibility;
use crate::model::time::Instant;
use crate::ops::error::OpsError;

/// How many ingests in a row must lack a post before it counts as unknown whether it is still published.
pub const TWICE: u32 = 2;

/// What is known of removals, by the catalogue's number of the post.
#[derive(Debug)]
pub(super) struct Removed {
    words: BTreeMap<i64, RemovalRow>,
    lacking: BTreeSet<i64>,
}

impl Removed {
    pub(super) async fn read(catalogue: &Catalogue) -> Result<Self, OpsError> {
        Ok(Self {
            words: catalogue.removals().await?,
            lacking: catalogue.lacking(TWICE).await?.into_iter().collect(),
        })
    }

    /// The post's visibility: what a person said of its removal, unknown where exports lack it, else what `told` says.
    pub(super) fn visibility(
        &self,
        post: i64,
        told: Option<FactVisibility>,
    ) -> Option<FactVisibility> {
        let word = self.words.get(&post).map(|word| word.state);
        if matches!(
            told,
            Some(FactVisibility::Avpublicerad | FactVisibility::Raderad)
        ) {
            return told;
        }
        match word {
            Some(RemovalState::Hidden) => Some(FactVisibility::Avpublicerad),
            Some(
                RemovalState::DeletedByAuthority
                | RemovalState::DeletedByAuthor
                | RemovalState::RemovedByPlatform,
            ) => Some(FactVisibility::Raderad),
            None if self.lacking.contains(&post) => None,
            Some(RemovalState::StillThere) | None => told,
        }
    }

    /// When a person said that the post is gone: a change of it.
    pub(super) fn said_at(&self, post: i64) -> Option<Instant> {
        let word = self.words.get(&post)?;
        (word.state != RemovalState::StillThere).then_some(word.time)
    }
}
