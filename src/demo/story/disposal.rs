//! Gallring: from the hold and the plan to the record, and the proof that everything else still verifies.

use crate::demo::story::{Stage, unexpected};
use crate::demo::tale::{DecisionLine, Tale};
use crate::model::entry::{HoldGround, HoldScope};
use crate::model::id::RecordId;
use crate::ops::disposal::approve::{Proof, approve};
use crate::ops::disposal::audit::audit;
use crate::ops::disposal::execute::execute;
use crate::ops::disposal::plan::{PlanOrder, Planned, plan};
use crate::ops::disposal::record::record;
use crate::ops::error::OpsError;
use crate::ops::export::{ExportOrder, export};
use crate::ops::hold::{self, HoldOrder};

/// A comment on the blog that somebody has asked to see: its thread may not be touched.
const HELD: &str = "1002";
/// The one rule of the fictional policy that allows disposal.
const DISPOSING: &str = "E-4";

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
    let own = approve(&mut stage.app, &id, Some(&decision), &[], None).await;
    stage.refused("Planeraren godkänner sin egen plan", own)?;
    stage.acting(Some(&second));
    let approval = approve(&mut stage.app, &id, Some(&decision), &[], None).await?;
    let from = approval
        .executable_from
        .map(|time| time.stockholm_date().to_string())
        .unwrap_or_default();
    stage.teller.line(&format!(
        "Godkänd av en annan person; får verkställas från {from}"
    ));
    stage.tale.story.disposal.executable_from = from;
    stage.on("2027-07-20T09:00:00+02:00", "Ett försök under karensen")?;
    stage.acting(Some(&archivist));
    let early = execute(&mut stage.app, &id).await;
    stage.refused("Verkställa under karensen", early)?;
    carry_out(stage, &id).await
}

/// The waiting period is over: what still may go goes, and the record says so.
async fn carry_out(stage: &mut Stage<'_>, id: &RecordId) -> Result<(), OpsError> {
    stage.on("2027-08-16T09:00:00+02:00", "Gallringen verkställs")?;
    let executed = execute(&mut stage.app, id).await?;
    let disposal = &mut stage.tale.story.disposal;
    disposal.disposed = executed.disposed;
    disposal.held_back = executed.held_back.len();
    for held in &executed.held_back {
        for code in &held.blocked_by {
            *disposal.held_back_by.entry(code.clone()).or_default() += 1;
        }
    }
    stage.teller.line(&format!(
        "{} inlägg gallrade, {} hölls kvar",
        executed.disposed,
        executed.held_back.len()
    ));
    let left = executed.residue.len();
    stage.tale.expect("spår efter gallringen", &left, &0);
    let written = record(&mut stage.app, id).await?;
    let archive = stage.tale.places.archive.clone();
    stage.tale.places.record = written.pdf.map(|pdf| archive.join(pdf));
    let has_document = stage.tale.places.record.is_some();
    stage
        .tale
        .expect("protokollet finns som PDF/A", &has_document, &true);
    let audited = audit(&stage.app, Some(id), &[]).await?;
    stage
        .tale
        .expect("spår vid granskningen", &audited.residue.len(), &0);
    let present: u64 = audited.plans.iter().map(|plan| plan.present).sum();
    stage
        .tale
        .expect("gallrade enheter som finns kvar", &present, &0);
    stage.teller.line(&format!(
        "Granskat: {} filer, inga spår",
        audited.files_scanned
    ));
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
        // Only where the rule that allows disposal holds or may hold: of the rest nothing was to be disposed of.
        if item.rules.iter().any(|rule| rule == DISPOSING) {
            for code in &blocked_by {
                *story.blocked.entry(code.clone()).or_default() += 1;
            }
        }
        story.decisions.push(DecisionLine {
            source_id: item.source_id.clone().unwrap_or_default(),
            outcome: item.outcome.code().to_owned(),
            blocked_by,
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

/// The second package, and everything verified as an auditor would.
pub(super) async fn prove(stage: &mut Stage<'_>) -> Result<(), OpsError> {
    stage.on(
        "2027-08-17T09:00:00+02:00",
        "Andra paketet, och allt kontrolleras",
    )?;
    deliver(stage, "leverans-2").await?;
    let archive = stage.tale.places.archive.clone();
    stage.verify("Arkivet", &archive, 3)?;
    for (package, number) in stage.tale.places.packages.clone().into_iter().zip(1..) {
        stage.verify(&format!("Paket {number}"), &package, 3)?;
    }
    check(&mut stage.tale);
    Ok(())
}

/// Exports everything that may go to the kommunarkiv.
pub(super) async fn deliver(stage: &mut Stage<'_>, name: &str) -> Result<(), OpsError> {
    let out = stage.packages.join(name);
    let order = ExportOrder {
        accounts: Vec::new(),
        from: None,
        to: None,
        protected: None,
        out: out.clone(),
    };
    let done = export(&mut stage.app, &order).await?;
    stage.teller.line(&format!(
        "{name}: {} fångster och intagningar, {} filer",
        done.captures, done.files
    ));
    let findings = unexpected(done.findings.iter().map(|hit| hit.code));
    stage
        .tale
        .expect("paketets anmärkningar", &findings, &Vec::new());
    stage.tale.places.packages.push(out);
    Ok(())
}

/// What must have come out whatever the details.
fn check(tale: &mut Tale) {
    let story = tale.story.clone();
    for outcome in ["may-dispose", "review", "preserve", "registry"] {
        let some = story.outcomes.get(outcome).is_some_and(|count| *count > 0);
        tale.expect(
            &format!("minst ett inlägg med utfallet {outcome}"),
            &some,
            &true,
        );
    }
    for floor in ["G0", "G1", "G3"] {
        let some = story.blocked.get(floor).is_some_and(|count| *count > 0);
        tale.expect(
            &format!("minst ett inlägg stoppat av {floor}"),
            &some,
            &true,
        );
    }
    let disposal = &story.disposal;
    let share = disposal.disposed * 4 < disposal.posts as u64;
    tale.expect("något gallrades", &(disposal.disposed > 0), &true);
    tale.expect("under en fjärdedel gallrades", &share, &true);
    tale.expect(
        "gallring får verkställas från",
        &disposal.executable_from.as_str(),
        &"2027-08-11",
    );
}
