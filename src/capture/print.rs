//! Printing: always paged A4 and tagged, read as a stream.

use std::time::Duration;

use serde_json::json;

use crate::capture::cdp::CdpError;
use crate::capture::tab::{CALL_LIMIT, Tab};

/// How long printing may take however small the page is. Filters and shadows are drawn at 300 dots an inch: of 300 pages
/// from seeds 296 were printed within 60 s, half of them within 1.8 s, and two not at all.
const PRINT_LIMIT: Duration = Duration::from_mins(1);
/// How much longer for every 1,000 CSS px of the page's height.
const PRINT_STEP: Duration = Duration::from_secs(1);
/// How long printing may take whatever the page's height.
const PRINT_LONGEST: Duration = Duration::from_mins(3);
/// How long a piece of the stream may take.
const PIECE_LIMIT: Duration = Duration::from_secs(30);

/// Makes a page that is not ours ready to be printed as it is on the screen: its style sheet for print is set aside, and
/// its scripts can no longer take anything away before the print.
///
/// The media type that was set when the tab was opened is now and then lost when the first navigation changes process
/// (one print in three on a loaded machine, Chromium 156), and setting it to what the agent has on record does nothing:
/// so it is unset first.
pub(crate) async fn as_on_screen(tab: &Tab) -> Result<(), CdpError> {
    // A frame that does not answer holds up the print for ever (Chromium 156).
    tab.targets().stop_all();
    for (method, params) in [
        ("Emulation.setEmulatedMedia", json!({"media": ""})),
        ("Emulation.setEmulatedMedia", json!({"media": "screen"})),
        (
            "Emulation.setScriptExecutionDisabled",
            json!({"value": true}),
        ),
    ] {
        tab.session.call(method, params, CALL_LIMIT).await?;
    }
    Ok(())
}

/// How long a page of this height in CSS pixels may be printed. The call tells nothing of its progress.
fn limit(height: u32) -> Duration {
    (PRINT_LIMIT + PRINT_STEP * (height / 1_000)).min(PRINT_LONGEST)
}

/// A page of this height in CSS pixels as the browser prints it, with margins in inches.
pub(crate) async fn print(tab: &mut Tab, margin: f64, height: u32) -> Result<Vec<u8>, CdpError> {
    let params = json!({
        "printBackground": true, "displayHeaderFooter": false, "preferCSSPageSize": false,
        "generateTaggedPDF": true, "generateDocumentOutline": true, "transferMode": "ReturnAsStream",
        "paperWidth": 8.267_717, "paperHeight": 11.692_913,
        "marginTop": margin, "marginBottom": margin, "marginLeft": margin, "marginRight": margin,
    });
    let answer = tab
        .session
        .call("Page.printToPDF", params, limit(height))
        .await?;
    let handle = answer["stream"].as_str().unwrap_or_default();
    tab.session.read_stream(handle, PIECE_LIMIT).await
}

/// Whether the browser may still be printing: a print is put together by a process of the browser's own, which goes on
/// computing when the tab is gone. Such a browser is not used again.
pub(crate) fn goes_on(printed: &Result<Vec<u8>, CdpError>) -> bool {
    matches!(printed, Err(CdpError::TimedOut { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taller_page_may_be_printed_longer_but_not_for_ever() {
        assert_eq!(limit(0), Duration::from_mins(1));
        assert_eq!(limit(30_999), Duration::from_secs(90));
        assert_eq!(limit(u32::MAX), Duration::from_mins(3));
    }
}
