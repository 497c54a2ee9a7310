//! Captures, what they meet, and what was missed.

use crate::catalogue::apply::{Applying, stored, whole};
use crate::catalogue::{CatalogueError, word};
use crate::model::cadence::Slot;
use crate::model::entry::Body;
use crate::model::id::{AccountId, CaptureId, HolderId, UnitNo};
use crate::model::record::{CaptureJson, CaptureKind};
use crate::model::verdict::Verdict;

impl Applying<'_, '_> {
    pub(super) async fn capture(&mut self, body: &Body) -> Result<(), CatalogueError> {
        let Body::Capture {
            account,
            capture,
            kind,
            occasion,
            verdict,
            fills,
            sealed,
            ..
        } = body
        else {
            return Ok(());
        };

        let holder = HolderId::Capture(capture.clone());
        let text = self.bytes(&holder, Some(account), UnitNo(1), "page.txt")?;
        let chars = match text {
            Some(bytes) => Some(whole(
                String::from_utf8_lossy(&bytes).chars().count() as u64
            )?),
            None => None,
        };
        let description: Option<CaptureJson> = self.capture_json(account, capture)?;
        let counts = match description.and_then(|description| description.counts) {
            Some(counts) => Some(stored(&counts)?),
            None => None,
        };
        let row = CaptureValues {
            account,
            capture,
            kind: *kind,
            verdict: *verdict,
            units: sealed.units,
        };
        self.capture_row(&row, Some(word(occasion)), counts, chars)
            .await?;
        if *verdict != Verdict::Complete {
            self.attempt(account, capture).await?;
        }
        for slot in fills {
            self.slot(account, slot, "met", Some(capture)).await?;
        }
        Ok(())
    }

    /// `capture.json`, which lies beside the units and outlives them.
    pub(super) fn capture_json(
        &mut self,
        account: &AccountId,
        capture: &CaptureId,
    ) -> Result<Option<CaptureJson>, CatalogueError> {
        self.document(
            &HolderId::Capture(capture.clone()),
            Some(account),
            None,
            "capture.json",
        )
    }

    pub(super) async fn capture_row(
        &self,
        row: &CaptureValues<'_>,
        occasion: Option<String>,
        counts: Option<String>,
        chars: Option<i64>,
    ) -> Result<(), CatalogueError> {
        let sql = "INSERT INTO capture (id, account, kind, occasion, verdict, time, seq, units, counts, text_chars)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let values = vec![
            row.capture.as_str().into(),
            row.account.as_str().into(),
            word(&row.kind).into(),
            occasion.into(),
            word(&row.verdict).into(),
            self.entry.time.to_string().into(),
            self.seq()?.into(),
            i64::from(row.units).into(),
            counts.into(),
            chars.into(),
        ];
        self.execute(sql, values).await
    }

    pub(super) async fn attempt(
        &self,
        account: &AccountId,
        capture: &CaptureId,
    ) -> Result<(), CatalogueError> {
        let values = vec![
            capture.as_str().into(),
            account.as_str().into(),
            self.entry.time.to_string().into(),
        ];
        self.execute(
            "INSERT INTO attempt (capture, account, time) VALUES ($1, $2, $3)",
            values,
        )
        .await
    }

    pub(super) async fn slot(
        &self,
        account: &AccountId,
        slot: &Slot,
        state: &str,
        capture: Option<&CaptureId>,
    ) -> Result<(), CatalogueError> {
        // The primary key is what makes an obligation unique; the log never fills a slot twice.
        let sql = "INSERT INTO obligation (account, rule, due_date, state, capture, at) VALUES ($1, $2, $3, $4, $5, $6)
                   ON CONFLICT (account, rule, due_date) DO UPDATE SET state = excluded.state, capture = excluded.capture, at = excluded.at";
        let values = vec![
            account.as_str().into(),
            slot.rule.to_string().into(),
            slot.due.into(),
            state.into(),
            capture.map(|capture| capture.as_str().to_owned()).into(),
            self.entry.time.to_string().into(),
        ];
        self.execute(sql, values).await
    }
}

/// What every capture has.
pub(super) struct CaptureValues<'a> {
    pub(super) account: &'a AccountId,
    pub(super) capture: &'a CaptureId,
    pub(super) kind: CaptureKind,
    pub(super) verdict: Verdict,
    pub(super) units: u32,
}
