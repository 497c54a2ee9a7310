//! Consent bars: refused where a button says so, else hidden; never accepted. Everything done is logged.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::capture::cdp::CdpError;
use crate::capture::tab::{CALL_LIMIT, Tab};

/// How long a bar gets to go away after it has been refused.
const GOING: Duration = Duration::from_millis(500);

/// Something that was clicked, hidden or moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Act {
    /// `refused`, `hidden`, `expanded`, `forced`, `paused`, `unstuck`, `unrolled`, `reassembled`,
    /// `unfiltered`, `uncut`, `shown`, `unlocked`, `dismissed`, `redacted`; `followed` where the page moved on by itself.
    pub(crate) action: String,
    /// The element: name, id and classes.
    pub(crate) element: String,
    /// Its text; the address that a page moved on from.
    pub(crate) label: String,
}

impl Act {
    /// Whether it may have led the page elsewhere.
    pub(crate) fn is_click(&self) -> bool {
        ["refused", "expanded"].contains(&self.action.as_str())
    }
}

/// Refuses and hides consent bars.
pub(crate) async fn clear(tab: &mut Tab) -> Result<Vec<Act>, CdpError> {
    let refused: Option<Vec<Act>> = tab.ask_once("bevara.refuse()", CALL_LIMIT).await?;
    let mut acts = refused.unwrap_or_else(|| {
        vec![Act {
            action: "refused".to_owned(),
            element: String::new(),
            label: "(the page was loaded anew by it)".to_owned(),
        }]
    });
    if !acts.is_empty() {
        tokio::time::sleep(GOING).await;
    }
    acts.extend(tab.ask::<Vec<Act>>("bevara.hideBars()", CALL_LIMIT).await?);
    Ok(acts)
}
