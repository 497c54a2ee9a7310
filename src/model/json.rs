//! The two JSON habits of the archive: a deterministic writer (sorted keys, no floats, one line) and a strict reader
//! (duplicate keys refused). Hashes are always over the bytes as stored; nothing is ever re-serialised to be hashed.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why a document could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The bytes are not the JSON expected.
    #[error("not valid JSON")]
    Parse(#[from] serde_json::Error),
    /// A float reached a document that hashes rest on.
    #[error("a number is not a whole number: {0}")]
    Float(String),
}

/// Serialises `value` with sorted keys and no white space, UTF-8, ending with LF.
pub fn to_line<T: Serialize>(value: &T) -> Result<String, JsonError> {
    render(value, false)
}

/// Like [`to_line`], with every character above U+007E escaped: the form of log entries, `capture.json` and `record.json`.
pub fn to_ascii_line<T: Serialize>(value: &T) -> Result<String, JsonError> {
    render(value, true)
}

fn render<T: Serialize>(value: &T, ascii: bool) -> Result<String, JsonError> {
    let value = serde_json::to_value(value)?;
    let mut out = String::new();
    write_value(&mut out, &value, ascii)?;
    out.push('\n');
    Ok(out)
}

fn write_value(out: &mut String, value: &Value, ascii: bool) -> Result<(), JsonError> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(out, number)?,
        Value::String(text) => write_string(out, text, ascii),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(out, item, ascii)?;
            }
            out.push(']');
        }
        Value::Object(members) => write_object(out, members, ascii)?,
    }
    Ok(())
}

fn write_object(
    out: &mut String,
    members: &Map<String, Value>,
    ascii: bool,
) -> Result<(), JsonError> {
    // A dependency may switch serde_json to insertion order, so the order is made here.
    let keys: BTreeSet<&String> = members.keys().collect();
    out.push('{');
    for (index, key) in keys.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_string(out, key, ascii);
        out.push(':');
        write_value(out, &members[key], ascii)?;
    }
    out.push('}');
    Ok(())
}

fn write_number(out: &mut String, number: &Number) -> Result<(), JsonError> {
    if number.is_f64() {
        return Err(JsonError::Float(number.to_string()));
    }
    out.push_str(&number.to_string());
    Ok(())
}

fn write_string(out: &mut String, text: &str, ascii: bool) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f || (ascii && !c.is_ascii()) => {
                let mut units = [0u16; 2];
                for unit in c.encode_utf16(&mut units) {
                    write!(out, "\\u{unit:04x}").expect("writing to a String never fails");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Parses `bytes` into `T`, refusing duplicate keys at any depth and anything after the document.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    let value = value_from_slice(bytes)?;
    Ok(serde_json::from_value(value)?)
}

/// Parses `bytes` into a [`Value`], refusing duplicate keys at any depth and anything after the document.
pub fn value_from_slice(bytes: &[u8]) -> Result<Value, JsonError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = StrictValue.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

struct StrictValue;

impl<'de> DeserializeSeed<'de> for StrictValue {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StrictValue {
    type Value = Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a JSON value without duplicate keys")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(Self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let value = access.next_value_seed(Self)?;
            if members.contains_key(&key) {
                return Err(serde::de::Error::custom(format!(
                    "the key \"{key}\" stands twice"
                )));
            }
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writer_sorts_keys_and_escapes_outside_ascii() {
        let value = serde_json::json!({"b": 1, "a": "å😀\u{1}"});
        assert_eq!(
            to_ascii_line(&value).unwrap(),
            "{\"a\":\"\\u00e5\\ud83d\\ude00\\u0001\",\"b\":1}\n"
        );
        assert_eq!(to_line(&value).unwrap(), "{\"a\":\"å😀\\u0001\",\"b\":1}\n");
    }

    #[test]
    fn writer_refuses_floats() {
        assert!(matches!(to_line(&1.5_f64), Err(JsonError::Float(text)) if text == "1.5"));
    }

    #[test]
    fn reader_refuses_duplicate_keys_at_any_depth() {
        let error = value_from_slice(br#"{"a":[{"b":1,"b":2}]}"#).unwrap_err();
        assert!(format!("{error:?}").contains("stands twice"), "{error:?}");
        assert!(value_from_slice(b"{} {}").is_err());
    }
}
