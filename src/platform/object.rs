//! Reads items of JSON that platforms wrote: what is broken in known ways is mended and told, the rest is refused with a
//! reason that never repeats a post's text.

use serde_json::Value;

use crate::model::json;

use crate::platform::refusal;

/// An item, and the codes of what was mended in it.
pub(crate) fn parse(bytes: &[u8]) -> Result<(Value, Vec<String>), String> {
    match json::value_from_slice(bytes) {
        Ok(value) => Ok((value, Vec::new())),
        Err(error) => {
            let mended = without_lone_surrogates(bytes).ok_or_else(|| why(&error))?;
            let value = json::value_from_slice(&mended).map_err(|error| why(&error))?;
            Ok((value, vec!["lone-surrogate".to_owned()]))
        }
    }
}

/// No value, one value or the values of an array.
pub(crate) fn many(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let items = match value {
        None | Some(Value::Null) => &[],
        Some(Value::Array(items)) => items.as_slice(),
        Some(other) => std::slice::from_ref(other),
    };
    items.iter()
}

/// A member that is text, unless it is empty.
pub(crate) fn text(value: &Value, name: &str) -> Option<String> {
    let text = value.get(name)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// A member that is a whole number, or text that is one.
pub(crate) fn number(value: &Value, name: &str) -> Option<u64> {
    match value.get(name)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A member that is text or a whole number: ids are written either way.
pub(crate) fn word(value: &Value, name: &str) -> Option<String> {
    match value.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        Value::String(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Array(_)
        | Value::Object(_) => None,
    }
}

/// Deepest nesting that `serde_json` reads.
const DEEPEST: usize = 128;

/// Why an item is no JSON, without its content.
fn why(error: &json::JsonError) -> String {
    match error {
        json::JsonError::Parse(error) => {
            let text = error.to_string();
            if text.contains("stands twice") {
                return "ett fält står två gånger".to_owned();
            }
            if text.contains("recursion limit") {
                return refusal::too_deep("värden", DEEPEST);
            }
            format!(
                "inte giltig JSON på postens rad {}, kolumn {}",
                error.line(),
                error.column()
            )
        }
        json::JsonError::Float(_) => "ett tal går inte att läsa".to_owned(),
    }
}

/// The bytes with escapes of half characters (`\ud83d` alone) replaced by U+FFFD; `None` where there are none. Texts
/// that were cut in the middle of an emoji hold them.
pub(crate) fn without_lone_surrogates(bytes: &[u8]) -> Option<Vec<u8>> {
    let unit = |at: usize| -> Option<u16> {
        let escape = bytes.get(at..at + 6)?;
        let digits = std::str::from_utf8(escape.strip_prefix(b"\\u")?).ok()?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (mut out, mut at, mut replaced) = (Vec::with_capacity(bytes.len()), 0, false);
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            out.push(bytes[at]);
            at += 1;
            continue;
        }
        match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => {
                out.extend_from_slice(&bytes[at..at + 12]);
                at += 12;
            }
            (Some(0xd800..=0xdfff), _) => {
                out.extend_from_slice(b"\\ufffd");
                replaced = true;
                at += 6;
            }
            _ => {
                // Two bytes, so that `\\u` is not taken for an escape.
                let end = (at + 2).min(bytes.len());
                out.extend_from_slice(&bytes[at..end]);
                at = end;
            }
        }
    }
    replaced.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_characters_are_replaced_and_whole_ones_kept() {
        let mend = |text: &str| {
            without_lone_surrogates(text.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap())
        };
        assert_eq!(mend(r#""a\ud83d""#).as_deref(), Some(r#""a\ufffd""#));
        assert_eq!(mend(r#""\ud83d\ude00""#), None);
        assert_eq!(mend(r#""\\ud83d""#), None);
        assert_eq!(
            mend(r#""\ude00\ud83d\ude00""#).as_deref(),
            Some(r#""\ufffd\ud83d\ude00""#)
        );
    }
}
