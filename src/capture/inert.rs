//! Pages that nothing can act in: no script of theirs runs or ran, and nothing in them moves, plays or leads elsewhere.
//! What such a page asked for may still come, and nothing else: waiting longer would show nothing more.

use serde_json::{Value, json};

use crate::capture::cdp::CdpError;
use crate::capture::tab::{CALL_LIMIT, SOURCE, Tab};

/// Whether nothing can act in the page as it stands. Two frames have been drawn then: what is asked for only once it is
/// seen has been asked for. Where it cannot be told, something may.
pub(crate) async fn is_inert(tab: &mut Tab) -> Result<bool, CdpError> {
    let is_plain: bool = tab.ask("bevara.isPlain()", CALL_LIMIT).await?;
    if !is_plain || !tab.targets().is_alone() {
        return Ok(false);
    }
    // Scripts that took themselves out of the document and wait for their time.
    let ran = tab
        .session
        .call("Profiler.getBestEffortCoverage", json!({}), CALL_LIMIT)
        .await;
    match ran {
        Ok(ran) => Ok(are_ours(&ran["result"])),
        Err(error) if error.is_fatal() => Err(error),
        Err(error) => {
            tracing::debug!(%error, "which scripts ran could not be asked");
            Ok(false)
        }
    }
}

/// Whether all scripts are this program's. A page that gives one the same name is rested at for a shorter time, which it
/// could as well outwait.
fn are_ours(scripts: &Value) -> bool {
    scripts
        .as_array()
        .is_some_and(|scripts| scripts.iter().all(|script| script["url"] == SOURCE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_with_any_other_script_or_none_that_is_known_may_act() {
        let script = |url: &str| json!({"scriptId": "3", "url": url, "functions": []});
        assert!(are_ours(&json!([script(SOURCE), script(SOURCE)])));
        assert!(!are_ours(&json!([script(SOURCE), script("")])));
        assert!(!are_ours(&json!([script("https://example.org/")])));
        assert!(!are_ours(&Value::Null));
    }
}
