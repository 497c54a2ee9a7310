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
        .map(|(index, row)| (row.post.key.as_str(), index))
        .collect();
    rows.iter()
        .enumerate()
        .map(|(index, row)| {
            let key = row.post.in_reply_to.as_ref()?.key.as_deref()?;
            places.get(key).copied().filter(|parent| *parent != index)
        })
        .collect()
}
