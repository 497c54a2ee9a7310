//! What is kept of a capture that failed: the log tells that it was tried and why it came to nothing, a record holds what
//! was observed (`requests.json`) and the note. No picture or text: they would show something that is not the account.

use crate::app::{App, record_json};
use crate::catalogue::AccountRow;
use crate::model::entry::{Actor, Body};
use crate::model::id::{RecordId, UnitNo};
use crate::model::record::RecordKind;
use crate::model::verdict::FileRole;
use crate::ops::error::OpsError;
use crate::ops::schedule;
use crate::ops::snapshot::{Captured, FileRow, Order, Work, raw_dir};
use crate::store::stage::Stage;

/// The record's only unit.
const OBSERVED: UnitNo = UnitNo(0);
/// What was observed.
const REQUESTS_FILE: &str = "requests.json";

/// Commits a failed capture with what was observed of it.
pub(super) async fn commit(
    app: &mut App,
    account: &AccountRow,
    (order, work): (&Order, Work),
    stage: Stage,
    by: &Actor,
) -> Result<Captured, OpsError> {
    stage.adopt(
        &raw_dir(&stage).join(REQUESTS_FILE),
        OBSERVED,
        REQUESTS_FILE,
    )?;
    if let Some(note) = &order.note {
        stage.write_json(OBSERVED, "note.json", &serde_json::json!({ "note": note }))?;
    }
    let record = RecordId::new(work.started);
    let sealed = stage.seal(
        "record",
        &record_json(&record, RecordKind::Attempt, app.now()),
    )?;
    let digest = sealed
        .files
        .get(&OBSERVED)
        .and_then(|unit| unit.get(REQUESTS_FILE));
    let files = digest
        .map(|sha256| FileRow {
            path: format!("store/records/{record}/units/{OBSERVED}/{REQUESTS_FILE}"),
            role: FileRole::Requests,
            sha256: sha256.clone(),
        })
        .into_iter()
        .collect();
    let window = app.config.schedule.window_days;
    let mut session = app.begin().await?;
    let (wanted, _) = schedule::wanted(session.catalogue, account, session.time(), window).await?;
    let (capture, reasons) = (work.id.clone(), work.reasons.clone());
    let (entry_account, entry_record) = (account.account.id.clone(), record.clone());
    session
        .commit_record(&record, sealed, by, |sealed| Body::CaptureFailed {
            account: entry_account,
            capture,
            occasion: order.occasion,
            reasons,
            wanted,
            record: Some(entry_record),
            sealed: Some(sealed),
        })
        .await?;
    Ok(work.came_to(account, files, Vec::new()))
}
