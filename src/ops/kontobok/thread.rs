//! A thread as a reader follows it: each post before what answers it, answers by time. Posts that are not shown leave
//! their place to what answers them.

use std::collections::BTreeMap;

use crate::catalogue::PostRow;
use crate::model::post::Post;

/// A post in its place.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) row: PostRow,
    /// How deep below the thread's first posts.
    pub(super) depth: u32,
    /// Whose post it answers, where that is no first post.
    pub(super) answers: Option<String>,
    /// Whether it answers something that is not shown.
    pub(super) answers_unseen: bool,
}

/// Characters of a post that stand in the heading of its thread.
const OPENING: usize = 60;

/// How a post begins: its title, or its first line, cut between words where it can be.
pub(super) fn opening(post: &Post) -> Option<String> {
    let mut lines = post.title.as_deref().into_iter().chain(post.text.lines());
    let line = lines.find(|line| !line.trim().is_empty())?.trim();
    let mut short: String = line.chars().take(OPENING).collect();
    if short.len() < line.len() {
        if let Some(space) = short.rfind(' ').filter(|space| *space > 0) {
            short.truncate(space);
        }
        short.push('…');
    }
    Some(short)
}

/// Places the posts of a thread, given by time; `is_shown` says of each whether it is shown.
pub(super) fn placed(rows: Vec<PostRow>, is_shown: &[bool]) -> Vec<Placed> {
    let parents = parents(&rows);
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); rows.len()];
    let mut first = Vec::new();
    for (index, parent) in parents.iter().enumerate() {
        match parent {
            Some(parent) => below[*parent].push(index),
            None => first.push(index),
        }
    }
    let names: Vec<String> = rows
        .iter()
        .map(|row| row.post.author.name.clone())
        .collect();
    let mut rows: Vec<Option<PostRow>> = rows.into_iter().map(Some).collect();
    let mut placed = Vec::new();
    // Hostile data may answer itself in a circle: then none of it is first, and the oldest that is left is taken so.
    let all: Vec<usize> = first.iter().copied().chain(0..parents.len()).collect();
    for start in all {
        let mut stack = vec![(start, 0_u32)];
        while let Some((index, depth)) = stack.pop() {
            let Some(row) = rows[index].take() else {
                continue;
            };
            let next = if is_shown[index] {
                let parent = parents[index].filter(|parent| is_shown[*parent]);
                let hint = row.post.in_reply_to.as_ref();
                let hinted = hint.and_then(|one| one.author_hint.clone());
                placed.push(Placed {
                    answers: match parent {
                        Some(parent) if depth > 1 => Some(names[parent].clone()),
                        Some(_) => None,
                        None => hinted,
                    },
                    answers_unseen: parent.is_none() && hint.is_some(),
                    row,
                    depth,
                });
                depth.saturating_add(1)
            } else {
                depth
            };
            stack.extend(below[index].iter().rev().map(|child| (*child, next)));
        }
    }
    placed
}

/// What each post answers, as far as it stands in the thread.
fn parents(rows: &[PostRow]) -> Vec<Option<usize>> {
    let places: BTreeMap<&str, usize> = rows
        .iter()
        .enumerate()
        .flat_map(|(index, row)| {
            let keys = row.post.same_as.iter().chain([&row.post.key]);
            keys.map(move |key| (key.as_str(), index))
        })
        .collect();
    rows.iter()
        .enumerate()
        .map(|(index, row)| {
            let key = row.post.in_reply_to.as_ref()?.key.as_deref()?;
            places.get(key).copied().filter(|parent| *parent != index)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A comment by its number, on what it answers.
    fn row(number: u32, answers: Option<u32>) -> PostRow {
        let digest = "0".repeat(64);
        let unit = serde_json::json!({"holder": "20270101T000512Z-0123abcd", "unit": format!("{number:06}")});
        let post = serde_json::json!({
            "schema": "bevara.post/1", "key": format!("k{number}"), "key_basis": "platform_id", "platform": "wordpress",
            "platform_id": null, "source_id": null, "account_ref": "a", "kind": "comment", "permalink": null,
            "author": {"name": format!("N{number}"), "handle": null, "platform_id": null, "url": null, "role": "public",
                       "role_basis": "guest"},
            "record_origin": "inkommen", "posted_at": {"utc": null, "original": "", "zone_basis": "assumed_utc"},
            "edited_at": null, "state": {"value": "live", "at": null, "basis": ""}, "text": "", "text_html": null,
            "title": null, "content_warning": null, "lang": null, "text_sha256": digest,
            "in_reply_to": answers.map(|to| serde_json::json!({"key": format!("k{to}"), "platform_id": null, "url": null})),
            "thread_root": null, "visibility": "public", "attachments": [], "links": [], "tags": [], "mentions": [],
            "evidence": [], "repairs": [], "warnings": [], "redactions": [], "nonce": "",
        });
        PostRow {
            id: number.into(),
            account: "3f2504e0-4f89-41d3-9a0c-0305e82c3301".parse().unwrap(),
            post: serde_json::from_value(post).unwrap(),
            unit: serde_json::from_value(unit).unwrap(),
            observed_at: "2026-09-01T00:00:00Z".parse().unwrap(),
            thread_key: "k1".to_owned(),
            versions: 1,
        }
    }

    /// Number, depth, whom it answers, whether that is unseen.
    type Seen = (i64, u32, Option<String>, bool);

    fn seen(answers: &[Option<u32>], hidden: &[usize]) -> Vec<Seen> {
        let rows: Vec<PostRow> = (1..).zip(answers).map(|(one, to)| row(one, *to)).collect();
        let shown: Vec<bool> = (0..rows.len()).map(|one| !hidden.contains(&one)).collect();
        placed(rows, &shown)
            .into_iter()
            .map(|one| (one.row.id, one.depth, one.answers, one.answers_unseen))
            .collect()
    }

    #[test]
    fn answers_follow_what_they_answer() {
        let name = |number: u32| Some(format!("N{number}"));
        assert_eq!(
            seen(&[None, Some(1), Some(1), Some(2)], &[]),
            [
                (1, 0, None, false),
                (2, 1, None, false),
                (4, 2, name(2), false),
                (3, 1, None, false)
            ]
        );
        // What answers something hidden takes its place, and says so; a root that is hidden leaves several first posts.
        assert_eq!(
            seen(&[None, Some(1), Some(1), Some(2)], &[1]),
            [(1, 0, None, false), (4, 1, None, true), (3, 1, None, false)]
        );
        assert_eq!(
            seen(&[None, Some(1), Some(1)], &[0]),
            [(2, 0, None, true), (3, 0, None, true)]
        );
        assert_eq!(seen(&[Some(9)], &[]), [(1, 0, None, true)]);
    }

    #[test]
    fn posts_that_answer_each_other_in_a_circle_are_all_there_once() {
        let ids: Vec<i64> = seen(&[Some(3), Some(1), Some(2), Some(4), None], &[])
            .into_iter()
            .map(|(id, ..)| id)
            .collect();
        // The one that answers itself and the one that answers nothing are first posts.
        assert_eq!(ids, [4, 5, 1, 2, 3]);
    }
}
