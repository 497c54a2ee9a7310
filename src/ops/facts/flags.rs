//! The detectors' answers for a post in all its versions.

use std::collections::BTreeMap;

use crate::catalogue::PostRow;
use crate::detect;
use crate::model::facts::{Answer, Flag, Truth};
use crate::model::post::Post;
use crate::policy::evaluate::is_grave;

/// The detectors' answers over every version of a post.
pub(super) fn detected(row: &PostRow, older: &[Post]) -> BTreeMap<Flag, Answer> {
    older
        .iter()
        .fold(detect::answers(&row.post), |flags, version| {
            both(&flags, &detect::answers(version))
        })
}

/// One answer for two versions of a post. Where they differ nothing is known, unless a grave flag is `ja` on either: both
/// versions are disposed of together.
pub(super) fn both(
    newer: &BTreeMap<Flag, Answer>,
    older: &BTreeMap<Flag, Answer>,
) -> BTreeMap<Flag, Answer> {
    let value = |answers: &BTreeMap<Flag, Answer>, flag: Flag| {
        answers
            .get(&flag)
            .map_or(Truth::Unknown, |answer| answer.value)
    };
    let mut merged = newer.clone();
    for flag in Flag::ALL.iter().copied() {
        let (new, old) = (value(newer, flag), value(older, flag));
        if new == old {
            continue;
        }
        let grave = is_grave(flag) && new.or(old) == Truth::Yes;
        let by = newer
            .get(&flag)
            .or_else(|| older.get(&flag))
            .map_or_else(String::new, |answer| answer.by.clone());
        merged.insert(
            flag,
            Answer {
                value: if grave { Truth::Yes } else { Truth::Unknown },
                by,
                because: "versions-differ".to_owned(),
            },
        );
    }
    merged
}
