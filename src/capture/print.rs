//! Printing: always paged A4 and tagged, read as a stream.

use std::time::Duration;

use serde_json::json;

use crate::capture::cdp::CdpError;
use crate::capture::tab::{CALL_LIMIT, Tab};

/// How long printing may take.
const PRINT_LIMIT: Duration = Duration::from_mins(3);
/// How long a piece of the stream may take.
const PIECE_LIMIT: Duration = Duration::from_secs(30);

/// Makes a page that is not ours ready to be printed as it is on the screen: its style sheet for print is set aside, and
/// its scripts can no longer take anything away before the print.
///
/// The media type that was set when the tab was opened is now and then lost when the first navigation changes process
/// (one print in three on a loaded machine, Chromium 156), and setting it to what the agent has on record does nothing:
/// so it is unset first.
pub(crate) async fn as_on_screen(tab: &Tab) -> Result<(), CdpError> {
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

/// The page as the browser prints it, with margins in inches.
pub(crate) async fn print(tab: &mut Tab, margin: f64) -> Result<Vec<u8>, CdpError> {
    let params = json!({
        "printBackground": true, "displayHeaderFooter": false, "preferCSSPageSize": false,
        "generateTaggedPDF": true, "generateDocumentOutline": true, "transferMode": "ReturnAsStream",
        "paperWidth": 8.267_717, "paperHeight": 11.692_913,
        "marginTop": margin, "marginBottom": margin, "marginLeft": margin, "marginRight": margin,
    });
    let answer = tab
        .session
        .call("Page.printToPDF", params, PRINT_LIMIT)
        .await?;
    let handle = answer["stream"].as_str().unwrap_or_default();
    tab.session.read_stream(handle, PIECE_LIMIT).await
}
