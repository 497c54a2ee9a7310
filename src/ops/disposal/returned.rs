//! A source that still holds what was disposed of gives it again. It cannot be told from a post never seen before: of what
//! was disposed of nothing is kept by which it could be known again, not even as a keyed digest, for whoever holds the key
//! could ask whether a certain post was there. So it is taken in, as a new record under its own decision, and what the
//! tombstones do tell is said: the account and the month.

use std::collections::BTreeMap;
use std::path::Path;

use crate::model::entry::Body;
use crate::model::finding::Finding;
use crate::model::id::{AccountId, Alias};
use crate::ops::entries;
use crate::ops::error::OpsError;

/// New posts of an account by month of publication (`2026-09`).
pub type Months = BTreeMap<Option<String>, u64>;

/// The finding that new posts may be some that were disposed of before; `None` where none can be.
pub(crate) fn finding(
    root: &Path,
    (account, alias): (&AccountId, &Alias),
    added: &Months,
) -> Result<Option<Finding>, OpsError> {
    let mut disposed = Months::new();
    for seq in 0.. {
        let Some(entry) = entries::entry(root, seq)? else {
            break;
        };
        if let Some(Body::Disposal {
            account: Some(of),
            month,
            ..
        }) = entry.body
            && of == *account
        {
            *disposed.entry(month).or_default() += 1;
        }
    }
    let perhaps: u64 = added
        .iter()
        .map(|(month, count)| disposed.get(month).copied().unwrap_or(0).min(*count))
        .sum();
    Ok((perhaps > 0).then(|| {
        let message = format!(
            "Upp till {perhaps} av de nya inläggen kan vara sådana som har gallrats här (samma konto och månad): källan har dem kvar. De är nya handlingar och prövas som sådana."
        );
        Finding::warning("W-PERHAPS-DISPOSED", alias.as_str(), message)
    }))
}
