//! The Merkle search tree of an AT Protocol repository (atproto.com/specs/repository): from the root down to every record,
//! in the order of their keys, with the rules that make the tree the only one for its records.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::platform::bluesky::cbor::{self, Cid, Value};

/// Longest key.
const LONGEST_KEY: usize = 1024;

/// Blocks that are nodes of the tree, by CID.
pub(super) type Nodes = BTreeMap<Cid, Vec<u8>>;

/// An entry to be visited.
enum Step {
    /// A node that should lie in this layer; the root's is not known before it is read.
    Node(Cid, Option<u32>),
    Record(Vec<u8>, Cid),
}

/// Visits every record of the tree under `root`: `visit` gets the key, `collection/rkey`, and the record's CID.
pub(super) fn walk(
    nodes: &Nodes,
    root: Cid,
    visit: &mut dyn FnMut(String, Cid),
) -> Result<(), String> {
    let mut steps = vec![Step::Node(root, None)];
    let mut last: Option<Vec<u8>> = None;
    while let Some(step) = steps.pop() {
        match step {
            Step::Node(cid, layer) => {
                let entries =
                    node(nodes, cid, layer).map_err(|why| format!("trädets nod {cid}: {why}"))?;
                steps.extend(entries.into_iter().rev());
            }
            Step::Record(key, cid) => {
                if last.as_ref().is_some_and(|last| *last >= key) {
                    return Err("trädets nycklar står inte i ordning".to_owned());
                }
                let text = String::from_utf8(key.clone())
                    .ok()
                    .filter(|text| is_key(text))
                    .ok_or("en nyckel i trädet har inte formen samling/namn")?;
                last = Some(key);
                visit(text, cid);
            }
        }
    }
    Ok(())
}

/// A collection and a record's name in it, of the characters that the specification allows.
fn is_key(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'~')
            })
    };
    text.len() <= LONGEST_KEY
        && matches!(text.split_once('/'), Some((collection, name)) if plain(collection) && plain(name))
}

/// The layer of a key: how many pairs of zero bits its hash begins with.
fn layer_of(key: &[u8]) -> u32 {
    let digest = Sha256::digest(key);
    let mut zeros = 0;
    for byte in digest {
        zeros += byte.leading_zeros();
        if byte != 0 {
            break;
        }
    }
    zeros / 2
}

/// What a node holds, in order.
fn node(nodes: &Nodes, cid: Cid, expected: Option<u32>) -> Result<Vec<Step>, String> {
    let bytes = nodes.get(&cid).ok_or("den finns inte i filen")?;
    let value = cbor::decode(bytes)?;
    let Some(Value::List(list)) = value.get("e") else {
        return Err("den saknar listan e av poster".to_owned());
    };
    let mut layer = expected;
    let mut keys: Vec<(Vec<u8>, Cid, Option<Cid>)> = Vec::new();
    for entry in list {
        let before = keys.last().map_or(&[][..], |(key, _, _)| key);
        let (key, record, right) = read_entry(entry, before)?;
        if layer.is_some_and(|layer| layer != layer_of(&key)) {
            return Err(
                "en nyckel ligger i ett annat lager än dess kontrollsumma anger".to_owned(),
            );
        }
        layer = Some(layer_of(&key));
        keys.push((key, record, right));
    }
    let left = value.link("l")?;
    let any_child = left.is_some() || keys.iter().any(|(_, _, right)| right.is_some());
    let below = match (layer, any_child) {
        (_, false) => None,
        (Some(layer), true) => Some(
            layer
                .checked_sub(1)
                .ok_or("det finns en nod under det lägsta lagret")?,
        ),
        (None, true) => return Err("roten saknar poster".to_owned()),
    };
    let mut steps: Vec<_> = left
        .map(|left| Step::Node(left, below))
        .into_iter()
        .collect();
    for (key, record, right) in keys {
        steps.push(Step::Record(key, record));
        steps.extend(right.map(|right| Step::Node(right, below)));
    }
    Ok(steps)
}

/// Key, record and the node right of an entry. Keys are written without what they share with the one before.
fn read_entry(entry: &Value, before: &[u8]) -> Result<(Vec<u8>, Cid, Option<Cid>), String> {
    let shared = match entry.get("p") {
        Some(Value::Int(shared)) => usize::try_from(*shared).ok(),
        _ => None,
    };
    let Some(Value::Bytes(rest)) = entry.get("k") else {
        return Err("en post saknar nyckel (k)".to_owned());
    };
    let mut key = shared
        .and_then(|shared| before.get(..shared))
        .ok_or("en post delar mer med den föregående än den har (p)")?
        .to_vec();
    let most = before
        .iter()
        .skip(key.len())
        .zip(rest)
        .take_while(|(one, other)| one == other)
        .count();
    if most > 0 {
        return Err("en post delar mer med den föregående än den anger (p)".to_owned());
    }
    key.extend_from_slice(rest);
    if key.len() > LONGEST_KEY {
        return Err("en nyckel är längre än 1024 byte".to_owned());
    }
    let record = entry
        .link("v")?
        .ok_or("en post saknar länk till sitt innehåll (v)")?;
    Ok((key, record, entry.link("t")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_those_of_the_specification() {
        // Examples of atproto.com/specs/repository.
        assert_eq!(layer_of(b"2653ae71"), 0);
        assert_eq!(layer_of(b"blue"), 1);
        assert_eq!(layer_of(b"app.bsky.feed.post/454397e440ec"), 4);
        assert_eq!(layer_of(b"app.bsky.feed.post/9adeb165882c"), 8);
    }
}
