//! Printing: always paged and tagged, read as a stream. The paper is A4, or larger in A4's proportions where a page is too
//! wide for that: the browser would cut off what stands out at its side without a word.

use std::time::Duration;

use serde_json::json;

use crate::capture::BrowserOptions;
use crate::capture::cdp::CdpError;
use crate::capture::load::{self, Extent};
use crate::capture::tab::{CALL_LIMIT, Tab};

/// How long printing may take however small the page is. Filters and shadows are drawn at 300 dots an inch: of 300 pages
/// from seeds 296 were printed within 60 s, half of them within 1.8 s, and two not at all.
const PRINT_LIMIT: Duration = Duration::from_mins(1);
/// How much longer for every 1,000 CSS px of the page's height.
const PRINT_STEP: Duration = Duration::from_secs(1);
/// How long printing may take whatever the page's height.
const PRINT_LONGEST: Duration = Duration::from_mins(3);
/// Width and height of A4, in inches.
const A4: (f64, f64) = (8.267_717, 11.692_913);
/// CSS pixels in an inch.
const PIXELS: f64 = 96.0;
/// The browser makes contents that are wider than the paper smaller, up to 1.5 times (Chromium 156), a little less than
/// that to be sure; but never those that go on to the left.
const SHRINK: f64 = 1.45;
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

/// What a print is set on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Paper {
    /// How large each side of it is, in per cent of A4's.
    pub(crate) percent: u32,
    /// White around the page, in inches.
    pub(crate) margin: f64,
}

impl Paper {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of at most 8,000 px"
    )]
    fn for_page(extent: Extent, margin: f64) -> Self {
        let shrink = if extent.left < 0 { 1.0 } else { SHRINK };
        let wanted = f64::from(extent.width) / shrink / PIXELS + 2.0 * margin;
        let percent = (wanted / A4.0 * 100.0).max(100.0).ceil() as u32;
        Self { percent, margin }
    }
}

/// The paper that a page needs. It is laid out as wide as A4 to be measured, and then as wide as it was.
pub(crate) async fn paper(
    tab: &mut Tab,
    margin: f64,
    options: &BrowserOptions,
) -> Result<Paper, CdpError> {
    let room = (A4.0 - 2.0 * margin) * PIXELS;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "some 700 px"
    )]
    tab.resize(room.floor() as u32, options.scale).await?;
    let extent = load::extent(tab).await?;
    tab.resize(options.width, options.scale).await?;
    // Pictures that are chosen by the width of the view are chosen anew.
    if tab.ask("bevara.reselects()", CALL_LIMIT).await? {
        load::settle(tab, load::WITHOUT_SCRIPTS).await?;
    }
    Ok(Paper::for_page(extent, margin))
}

/// A page of this height in CSS pixels as the browser prints it.
pub(crate) async fn print(tab: &mut Tab, paper: Paper, height: u32) -> Result<Vec<u8>, CdpError> {
    let margin = paper.margin;
    let larger = f64::from(paper.percent) / 100.0;
    let params = json!({
        "printBackground": true, "displayHeaderFooter": false, "preferCSSPageSize": false,
        "generateTaggedPDF": true, "generateDocumentOutline": true, "transferMode": "ReturnAsStream",
        "paperWidth": A4.0 * larger, "paperHeight": A4.1 * larger,
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

    #[test]
    fn paper_is_a4_until_a_page_is_too_wide_for_it() {
        let percent = |left, width| {
            let extent = Extent {
                left,
                width,
                ..Extent::default()
            };
            Paper::for_page(extent, 0.4).percent
        };
        // A4 less two margins of 0.4 in is 716.9 px wide, and holds 1,039 px made smaller.
        assert_eq!([percent(0, 716), percent(0, 1_039)], [100, 100]);
        // 5,008 px / 1.45 and two margins are 36.778 in; 3,008 px that go on to the left and two margins are 32.133 in.
        assert_eq!([percent(0, 5_008), percent(-2_000, 3_008)], [445, 389]);
    }
}
