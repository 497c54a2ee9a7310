//! Gallring: from the hold and the plan to the record, and the proof that everything else still verifies.

use crate::demo::story::Stage;
use crate::demo::tale::DecisionLine;
use crate::model::entry::{HoldGround, HoldScope};
use crate::model::facts::Outcome;
use crate::model::id::RecordId;
use crate::ops::disposal::approve::{Proof, approve};
use crate::ops::disposal::plan::{PlanOrder, Planned, plan};
use crate::ops::error::OpsError;
use crate::ops::hold::{self, HoldOrder};

/// A comment on the blog that somebody has asked to see: its thread may not be touched.
const HELD: &str = "1002";

pub(super) async fn plan_to_record(stage: &mut Stage<'_>) -> Result<(), OpsError> {
    place_hold(stage).await?;
    let (archivist, second) = (stage.archivist.clone(), stage.second.clone());
    stage.on(
        "2027-07-12T09:00:00+02:00",
        "Gallringen planeras och godkänns",
    )?;
    let planned = plan(&mut stage.app, &PlanOrder::default()).await?;
    let Some(id) = decided(stage, &planned) else {
        return Ok(());
    };
    let decision = Proof::Decision("KS 2027/88 § 14".to_owned());
    stage.acting(Some(&archivist));
    let own = approve(&mut stage.app, &id, Some(&decision), &[]).await;
    stage.refused("Planeraren godkänner sin egen plan", own)?;
    stage.acting(Some(&second));
    let approval = approve(&mut stage.app, &id, Some(&decision), &[]).await?;
    let from = approval
        .executable_from
        .map(|time| time.stockholm_date().to_string())
        .unwrap_or_default();
    stage.teller.line(&format!(
        "Godkänd av en annan person; får verkställas från {from}"
    ));
    stage.tale.story.disposal.executable_from = from;
    Ok(())
}

/// Somebody has asked for a thread; until that is tried, nothing in it may go.
async fn place_hold(stage: &mut Stage<'_>) -> Result<(), OpsError> {
    stage.on(
        "2027-07-06T14:00:00+02:00",
        "Gallringsstopp: en begäran om utlämnande",
    )?;
    let rehearsal = PlanOrder {
        dry_run: true,
        ..PlanOrder::default()
    };
    let posts = plan(&mut stage.app, &rehearsal).await?;
    let post = posts
        .items
        .into_iter()
        .find(|item| item.source_id.as_deref() == Some(HELD))
        .map(|item| item.post);
    let order = HoldOrder {
        scope: HoldScope::Thread,
        ground: HoldGround::Utlamnandebegaran,
        reason: "Begäran om utlämnande av tråden om badplatsen".to_owned(),
        account: None,
        post,
        from: None,
        to: None,
        query: None,
    };
    hold::place(&mut stage.app, &order).await?;
    stage.teller.line("Tråden om badplatsen får inte röras");
    Ok(())
}

/// Notes what was decided about every post, and gives the plan.
fn decided(stage: &mut Stage<'_>, planned: &Planned) -> Option<RecordId> {
    let story = &mut stage.tale.story;
    for item in &planned.items {
        *story
            .outcomes
            .entry(item.outcome.code().to_owned())
            .or_default() += 1;
        let blocked_by: Vec<String> = item
            .blocked_by
            .iter()
            .map(|floor| floor.code().to_owned())
            .collect();
        if item.outcome == Outcome::MayDispose {
            for code in &blocked_by {
                *story.blocked.entry(code.clone()).or_default() += 1;
            }
        }
        story.decisions.push(DecisionLine {
            source_id: item.source_id.clone().unwrap_or_default(),
            outcome: item.outcome.code().to_owned(),
            blocked_by,
            disposed: false,
        });
    }
    story.decisions.sort();
    story.disposal.posts = planned.items.len();
    story.disposal.planned = planned.frozen;
    stage.teller.line(&format!(
        "{} inlägg bedömda, {} i planen",
        planned.items.len(),
        planned.frozen
    ));
    if let Some(reason) = &planned.stopped {
        stage
            .tale
            .unexpected
            .push(format!("planen stoppades: {reason}"));
    }
    planned.plan.clone()
}

pub(super) async fn prove(stage: &mut Stage<'_>) -> Result<(), OpsError> {
    let archive = stage.tale.places.archive.clone();
    stage.verify("arkivet", &archive, 3)?;
    Ok(())
}
