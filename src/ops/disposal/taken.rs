//! What an interrupted execution had taken out: read from where it lies until the plan is through, so that the rest of the
//! plan is judged as it would have been without the interruption.

use std::collections::BTreeMap;

use crate::app::App;
use crate::catalogue::PostRow;
use crate::detect;
use crate::model::entry::Body;
use crate::model::facts::{Answer, Flag};
use crate::model::id::{AccountId, UnitRef};
use crate::model::json;
use crate::model::post::Post;
use crate::ops::disposal::Loaded;
use crate::ops::entries;
use crate::ops::error::OpsError;
use crate::ops::facts::Gone;
use crate::store::disposal::DisposalFolder;

/// A version of a post that was taken out.
#[derive(Debug)]
struct Taken {
    post: Post,
    unit: UnitRef,
    account: AccountId,
}

/// The posts of a plan that were taken out before.
pub(super) async fn before(
    app: &App,
    plan: &Loaded,
    folder: &DisposalFolder,
) -> Result<Gone, OpsError> {
    let taken = read(plan, folder)?;
    let mut parents: BTreeMap<String, Option<String>> = BTreeMap::new();
    for Taken { post, .. } in &taken {
        let above = post.placed_under().map(str::to_owned);
        parents.insert(post.key.clone(), above);
        let also = post.same_as.iter();
        parents.extend(also.map(|key| (key.clone(), Some(post.key.clone()))));
    }
    let captures = app.catalogue.captures(None).await?;
    let answered = answered(app)?;
    let mut gone = Gone::default();
    for Taken {
        post,
        unit,
        account,
    } in taken
    {
        let holder = unit.holder.to_string();
        let observed_at = captures
            .iter()
            .find(|capture| capture.id.as_str() == holder)
            .map_or(plan.row.time, |capture| capture.time);
        let mut answers = detect::answers(&post);
        answers.extend(answered.get(&unit).into_iter().flatten().cloned());
        let row = PostRow {
            id: 0,
            thread_key: thread(app, &post.key, &parents).await?,
            account,
            post,
            unit,
            observed_at,
            versions: 1,
        };
        gone.remember(row, answers);
    }
    Ok(gone)
}

fn read(plan: &Loaded, folder: &DisposalFolder) -> Result<Vec<Taken>, OpsError> {
    let mut places = BTreeMap::new();
    for item in &plan.json.items {
        for one in &item.units {
            let name = format!("{}-{}", one.unit.holder, one.unit.unit);
            places.insert(name, (&one.unit, &item.account));
        }
    }
    let mut taken = Vec::new();
    for dir in folder.units()? {
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        let path = dir.join("item.json");
        let Some((unit, account)) = places.get(name.as_ref()).filter(|_| path.is_file()) else {
            continue;
        };
        let bytes = std::fs::read(&path).map_err(|source| OpsError::File {
            path: path.clone(),
            source,
        })?;
        let post = json::from_slice(&bytes).map_err(|source| OpsError::Document {
            path: path.display().to_string(),
            source,
        })?;
        taken.push(Taken {
            post,
            unit: (*unit).clone(),
            account: (*account).clone(),
        });
    }
    Ok(taken)
}

/// What people answered to the flags of a unit.
type Answers = BTreeMap<UnitRef, Vec<(Flag, Answer)>>;

/// People's answers from the log: the catalogue has forgotten those of what was taken out.
fn answered(app: &App) -> Result<Answers, OpsError> {
    let mut answers = Answers::new();
    for seq in 0.. {
        let Some(entry) = entries::entry(app.store.root(), seq)? else {
            break;
        };
        if let Some(Body::Flag { unit, flag, answer }) = entry.body {
            let answer = Answer {
                value: answer,
                by: "person".to_owned(),
                because: entry.actor.to_string(),
            };
            answers.entry(unit).or_default().push((flag, answer));
        }
    }
    Ok(answers)
}

/// The key of the thread that a post stood in, as the catalogue had it: up through what was taken out, and on from there.
async fn thread(
    app: &App,
    key: &str,
    parents: &BTreeMap<String, Option<String>>,
) -> Result<String, OpsError> {
    let mut top = key.to_owned();
    // Hostile data may answer itself in a circle.
    for _ in 0..parents.len() {
        match parents.get(&top) {
            Some(Some(parent)) => top.clone_from(parent),
            Some(None) | None => break,
        }
    }
    let known = app.catalogue.thread_of(&top).await?;
    Ok(known.unwrap_or(top))
}
