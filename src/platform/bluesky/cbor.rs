//! DAG-CBOR as the AT Protocol writes it: one encoding for each value, no floats, links by CID. Anything else is refused, so
//! that bytes and value are one and the same.

use std::fmt;

use base64::Engine as _;
use serde_json::{Map, Value as Json};
use sha2::{Digest as _, Sha256};

use crate::platform::refusal;

/// Deepest nesting of lists and maps.
const DEEPEST: usize = 64;
/// Digits of the lower-case base32 that CIDs are written in (RFC 4648 §6, without padding).
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A link: CID version 1 with SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cid {
    /// 0x71 DAG-CBOR, 0x55 raw bytes.
    codec: u8,
    digest: [u8; 32],
}

impl Cid {
    /// Length in bytes: version, codec, hash function, its length, digest.
    pub(super) const BYTES: usize = 36;

    /// Reads the binary form.
    pub(super) fn of_bytes(bytes: &[u8]) -> Result<Self, String> {
        match bytes {
            [1, codec @ (0x71 | 0x55), 0x12, 0x20, digest @ ..] => {
                let digest = digest
                    .try_into()
                    .map_err(|_length| "det har fel längd".to_owned())?;
                Ok(Self {
                    codec: *codec,
                    digest,
                })
            }
            _ => Err("det är inte version 1 av DAG-CBOR eller råa byte med SHA-256".to_owned()),
        }
    }

    /// Whether it names `data`.
    pub(super) fn names(&self, data: &[u8]) -> bool {
        Sha256::digest(data).as_slice() == self.digest
    }
}

/// The CID of raw bytes with this SHA-256, as files beside a repository are named.
pub(super) fn raw_cid(sha256: &str) -> Option<String> {
    let digest = hex::decode(sha256).ok()?.try_into().ok()?;
    let cid = Cid {
        codec: 0x55,
        digest,
    };
    Some(cid.to_string())
}

impl fmt::Display for Cid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![1, self.codec, 0x12, 0x20];
        bytes.extend(self.digest);
        let (mut held, mut bits, mut text) = (0_u32, 0, String::from("b"));
        for byte in bytes {
            held = (held << 8) | u32::from(byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                text.push(char::from(BASE32[(held >> bits) as usize & 31]));
            }
        }
        if bits > 0 {
            text.push(char::from(BASE32[(held << (5 - bits)) as usize & 31]));
        }
        formatter.write_str(&text)
    }
}

impl fmt::Debug for Cid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Bytes(Vec<u8>),
    Text(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
    Link(Cid),
}

impl Value {
    /// The member `name` of a map.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(members) => members
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Bytes(_)
            | Self::Text(_)
            | Self::List(_)
            | Self::Link(_) => None,
        }
    }

    /// The text that the member `name` is.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        if let Self::Text(text) = self.get(name)? {
            Some(text)
        } else {
            None
        }
    }

    /// The link that the member `name` is; `None` where it is null or missing, an error where it is anything else.
    pub(super) fn link(&self, name: &str) -> Result<Option<Cid>, String> {
        match self.get(name) {
            Some(Self::Link(cid)) => Ok(Some(*cid)),
            Some(Self::Null) | None => Ok(None),
            Some(_) => Err(format!("fältet {name} är ingen länk")),
        }
    }

    /// The value in the JSON of the AT Protocol: `{"$link": …}` and `{"$bytes": …}`.
    pub(super) fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Int(value) => Json::from(*value),
            Self::Text(text) => Json::String(text.clone()),
            Self::Bytes(bytes) => {
                let text = base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes);
                serde_json::json!({ "$bytes": text })
            }
            Self::Link(cid) => serde_json::json!({ "$link": cid.to_string() }),
            Self::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Self::Map(members) => Json::Object(
                members
                    .iter()
                    .map(|(name, value)| (name.clone(), value.to_json()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}

/// Reads one value that fills `bytes`.
pub(super) fn decode(bytes: &[u8]) -> Result<Value, String> {
    let mut reader = Reader { bytes, at: 0 };
    let value = reader.value(0)?;
    if reader.at == bytes.len() {
        Ok(value)
    } else {
        Err("det står byte efter värdet".to_owned())
    }
}

/// The encoding of the map in `bytes` without its member `name`: what a commit's signature is over.
pub(super) fn without_member(bytes: &[u8], name: &str) -> Result<Vec<u8>, String> {
    decode(bytes)?;
    let mut reader = Reader { bytes, at: 0 };
    let (major, count) = reader.head()?;
    if major != 5 {
        return Err("värdet är inget objekt".to_owned());
    }
    let (mut out, mut kept) = (Vec::new(), 0_u64);
    for _ in 0..count {
        let start = reader.at;
        let key = reader.value(0)?;
        reader.value(0)?;
        if key != Value::Text(name.to_owned()) {
            out.extend_from_slice(&bytes[start..reader.at]);
            kept += 1;
        }
    }
    let head = u8::try_from(kept)
        .ok()
        .filter(|kept| *kept < 24)
        .ok_or("objektet har för många fält")?;
    out.insert(0, 0xa0 | head);
    Ok(out)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: u64) -> Result<&'a [u8], String> {
        let end = usize::try_from(count)
            .ok()
            .and_then(|count| self.at.checked_add(count));
        let piece = end
            .and_then(|end| self.bytes.get(self.at..end))
            .ok_or("det slutar mitt i ett värde")?;
        self.at += piece.len();
        Ok(piece)
    }

    /// Major type and argument, in the shortest form (RFC 8949 §4.2.1).
    fn head(&mut self) -> Result<(u8, u64), String> {
        let first = self.take(1)?[0];
        let (major, low) = (first >> 5, first & 31);
        let longer = match low {
            0..=23 => return Ok((major, u64::from(low))),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => return Err("en längd är inte angiven".to_owned()),
        };
        let argument = self
            .take(longer)?
            .iter()
            .fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        let least = match longer {
            1 => 24,
            2 => 1 << 8,
            4 => 1 << 16,
            _ => 1 << 32,
        };
        if argument < least && major != 7 {
            return Err("ett tal är inte skrivet i sin kortaste form".to_owned());
        }
        Ok((major, argument))
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > DEEPEST {
            return Err(refusal::too_deep("värden", DEEPEST));
        }
        let start = self.at;
        let (major, argument) = self.head()?;
        let outside = |_range| "ett tal är för stort".to_owned();
        Ok(match major {
            0 => Value::Int(i64::try_from(argument).map_err(outside)?),
            1 => Value::Int(-1 - i64::try_from(argument).map_err(outside)?),
            2 => Value::Bytes(self.take(argument)?.to_vec()),
            3 => {
                let text = std::str::from_utf8(self.take(argument)?);
                Value::Text(
                    text.map_err(|_form| "en text är inte skriven i UTF-8")?
                        .to_owned(),
                )
            }
            4 => {
                let mut items = Vec::new();
                for _ in 0..argument {
                    items.push(self.value(depth + 1)?);
                }
                Value::List(items)
            }
            5 => self.map(argument, depth)?,
            6 if argument == 42 => {
                let wrong = || Err("en länk är inget CID".to_owned());
                let Value::Bytes(bytes) = self.value(depth + 1)? else {
                    return wrong();
                };
                match bytes.split_first() {
                    Some((0, cid)) => Value::Link(
                        Cid::of_bytes(cid).map_err(|why| format!("en länk är inget CID: {why}"))?,
                    ),
                    _ => return wrong(),
                }
            }
            6 => return Err("en annan CBOR-etikett än 42".to_owned()),
            _ => match self.bytes[start] {
                0xf4 => Value::Bool(false),
                0xf5 => Value::Bool(true),
                0xf6 => Value::Null,
                _ => return Err("ett flyttal eller annat värde som inte hör hemma här".to_owned()),
            },
        })
    }

    fn map(&mut self, count: u64, depth: usize) -> Result<Value, String> {
        let mut members: Vec<(String, Value)> = Vec::new();
        for _ in 0..count {
            let Value::Text(key) = self.value(depth + 1)? else {
                return Err("ett fältnamn är ingen text".to_owned());
            };
            // Shorter names first, then by their bytes: no name twice.
            let later = |(last, _): &(String, Value)| (last.len(), last) < (key.len(), &key);
            if !members.last().is_none_or(later) {
                return Err("fälten står inte i ordning".to_owned());
            }
            let value = self.value(depth + 1)?;
            members.push((key, value));
        }
        Ok(Value::Map(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_encoding_of_a_value_is_read() {
        assert_eq!(decode(&[0x18, 0x18]), Ok(Value::Int(24)));
        assert_eq!(decode(&[0x20]), Ok(Value::Int(-1)));
        for bytes in [
            &[0x18, 0x17][..],
            &[0x9f, 0xff],
            &[0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0],
            &[0xa2, 0x61, b'b', 0x01, 0x61, b'a', 0x01],
            &[0xa2, 0x61, b'a', 0x01, 0x61, b'a', 0x01],
            &[0xc1, 0x00],
            &[0x61, 0xff],
            &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x00, 0x00],
            &[0xf7],
            &[],
        ] {
            assert!(decode(bytes).is_err(), "{bytes:02x?}");
        }
        assert!(decode(&[0x81; 100]).is_err());
    }

    #[test]
    fn cids_are_written_as_everyone_writes_them() {
        // The CID of the empty map, from the AT Protocol's documentation of DAG-CBOR: sha256 of a0.
        let mut bytes = vec![1, 0x71, 0x12, 0x20];
        bytes.extend(Sha256::digest([0xa0]));
        let cid = Cid::of_bytes(&bytes).unwrap();
        assert_eq!(
            cid.to_string(),
            "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua"
        );
        assert!(cid.names(&[0xa0]) && !cid.names(&[0xa1]));
    }

    #[test]
    fn a_member_is_taken_out_of_the_encoding() {
        let bytes = [0xa2, 0x61, b'a', 0x01, 0x63, b's', b'i', b'g', 0x02];
        assert_eq!(
            without_member(&bytes, "sig"),
            Ok(vec![0xa1, 0x61, b'a', 0x01])
        );
    }
}
