//! Closed shadow trees. No script reaches into one from outside; but the browser's snapshot of the page tells which nodes
//! stand in one, and from such a node our script finds the tree. (A snapshot is flat: a document as a tree of messages is
//! more deeply nested than JSON readers allow.)

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::capture::cdp::CdpError;
use crate::capture::tab::Tab;

/// How long the snapshot of a large page may take.
const SNAPSHOT_LIMIT: Duration = Duration::from_secs(20);
/// Nodes handed over: one of each list of siblings, those first that stand next to their tree's root.
const MOST: usize = 500;

/// Tells the page script of every closed shadow tree there is now. A page whose trees stay closed is still a page; `Some`
/// is why they could not be looked for, or how much was not, which belongs in its record.
pub(crate) async fn reveal(tab: &mut Tab) -> Result<Option<String>, CdpError> {
    let params = json!({"computedStyles": []});
    let snapshot = tab
        .session
        .call("DOMSnapshot.captureSnapshot", params, SNAPSHOT_LIMIT)
        .await;
    let nodes = match snapshot {
        Ok(snapshot) => inside(&snapshot),
        Err(error) if error.is_fatal() => return Err(error),
        Err(error) => {
            return Ok(Some(format!(
                "closed shadow trees could not be looked for: {error}"
            )));
        }
    };
    let more = nodes.len().saturating_sub(MOST);
    for node in nodes.into_iter().take(MOST) {
        match tab.hand_over(node, "bevara.reveal").await {
            Ok(()) => {}
            Err(error) if error.is_fatal() => return Err(error),
            // The page has taken it away meanwhile.
            Err(error) => tracing::debug!(%error, "a node could not be handed over"),
        }
    }
    Ok((more > 0).then(|| format!("{more} nodes in closed shadow trees were not looked into")))
}

/// Nodes in closed trees, by the browser's numbers.
fn inside(snapshot: &Value) -> Vec<i64> {
    let strings = &snapshot["strings"];
    let number = |list: &Value, index: usize| list.get(index).and_then(Value::as_i64);
    let (mut at_root, mut below) = (Vec::new(), Vec::new());
    for document in snapshot["documents"].as_array().into_iter().flatten() {
        let nodes = &document["nodes"];
        let kinds = &nodes["shadowRootType"];
        let all = kinds["index"].as_array().into_iter().flatten();
        let closed: BTreeSet<usize> = all
            .enumerate()
            .filter_map(|(place, node)| {
                let name = usize::try_from(number(&kinds["value"], place)?).ok()?;
                let node = usize::try_from(node.as_i64()?).ok()?;
                (strings.get(name)? == "closed").then_some(node)
            })
            .collect();
        let mut parents = BTreeSet::new();
        for node in &closed {
            let parent = number(&nodes["parentIndex"], *node).unwrap_or(-1);
            let Some(id) = number(&nodes["backendNodeId"], *node) else {
                continue;
            };
            if parents.insert(parent) {
                let is_below = usize::try_from(parent).is_ok_and(|parent| closed.contains(&parent));
                let list = if is_below { &mut below } else { &mut at_root };
                list.push(id);
            }
        }
    }
    at_root.append(&mut below);
    at_root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_of_each_list_of_siblings_in_closed_trees_is_found() {
        // html > host(closed: p, p > b), host(open: i)
        let snapshot = json!({
            "strings": ["open", "closed"],
            "documents": [{"nodes": {
                "parentIndex": [-1, 0, 1, 1, 3, 0, 5],
                "backendNodeId": [10, 11, 12, 13, 14, 15, 16],
                "shadowRootType": {"index": [2, 3, 4, 6], "value": [1, 1, 1, 0]},
            }}],
        });
        assert_eq!(inside(&snapshot), [12, 14]);
        assert_eq!(inside(&json!({"documents": [{}]})), [0_i64; 0]);
    }
}
