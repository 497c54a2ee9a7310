//! Identifiers. Permanent files name a post by [`UnitRef`] and nothing else; platform ids live inside units only.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that does not have the form of the identifier it should be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{text}\" is not {expected}")]
pub struct IdFormError {
    text: String,
    expected: &'static str,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdFormError;

            fn from_str(text: &str) -> Result<Self, IdFormError> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(IdFormError { text: text.to_owned(), expected: $expected })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdFormError;

            fn try_from(text: String) -> Result<Self, IdFormError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

fn is_lower_hex(text: &str, length: usize) -> bool {
    text.len() == length
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn is_uuid(text: &str) -> bool {
    uuid::Uuid::parse_str(text).is_ok_and(|uuid| uuid.hyphenated().to_string() == text)
}

/// `20270101T000512Z-0123abcd`
fn is_capture_id(text: &str) -> bool {
    let Some((stamp, random)) = text.split_once('-') else {
        return false;
    };
    let bytes = stamp.as_bytes();
    is_lower_hex(random, 8)
        && bytes.len() == 16
        && bytes[8] == b'T'
        && bytes[15] == b'Z'
        && bytes
            .iter()
            .enumerate()
            .all(|(index, byte)| index == 8 || index == 15 || byte.is_ascii_digit())
}

fn is_alias(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

text_id!(
    /// The archive: a UUID.
    ArchiveId, "a UUID in lower case", is_uuid
);
text_id!(
    /// An account: a UUID that is never used again.
    AccountId, "a UUID in lower case", is_uuid
);
text_id!(
    /// An account's name on the command line: `a-z0-9-`, unique in the archive.
    Alias, "an alias (a-z, 0-9 and -, at most 64 characters)", is_alias
);
text_id!(
    /// A person who acts: `p` and 12 random hexadecimal characters.
    PersonId, "a person id (p and 12 hexadecimal characters)",
    |text| text.strip_prefix('p').is_some_and(|rest| is_lower_hex(rest, 12))
);
text_id!(
    /// A capture or an ingest: `20270101T000512Z-` and 8 random hexadecimal characters.
    CaptureId, "a capture id (20270101T000512Z-0123abcd)", is_capture_id
);
text_id!(
    /// A record (plan, approval, hold, register revision …): `r` before the form of a capture id.
    RecordId, "a record id (r20270101T000512Z-0123abcd)",
    |text| text.strip_prefix('r').is_some_and(is_capture_id)
);

impl ArchiveId {
    /// A new random id.
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().hyphenated().to_string())
    }
}

impl AccountId {
    /// A new random id.
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().hyphenated().to_string())
    }
}

fn random_hex(length: usize) -> String {
    let mut text = uuid::Uuid::new_v4().simple().to_string();
    // The version nibble (index 12) is constant; everything taken here lies before it.
    text.truncate(length);
    text
}

impl PersonId {
    /// A new random id.
    pub fn random() -> Self {
        Self(format!("p{}", random_hex(12)))
    }
}

impl CaptureId {
    /// A new id for something that happens at `time`.
    pub fn new(time: super::time::Instant) -> Self {
        Self(format!("{}-{}", time.compact(), random_hex(8)))
    }
}

impl RecordId {
    /// A new id for something that happens at `time`.
    pub fn new(time: super::time::Instant) -> Self {
        Self(format!("r{}-{}", time.compact(), random_hex(8)))
    }
}

/// What holds units: a capture or a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum HolderId {
    /// A capture or ingest.
    Capture(CaptureId),
    /// A record.
    Record(RecordId),
}

impl FromStr for HolderId {
    type Err = IdFormError;

    fn from_str(text: &str) -> Result<Self, IdFormError> {
        if text.starts_with('r') {
            text.parse().map(Self::Record)
        } else {
            text.parse().map(Self::Capture)
        }
    }
}

impl TryFrom<String> for HolderId {
    type Error = IdFormError;

    fn try_from(text: String) -> Result<Self, IdFormError> {
        text.parse()
    }
}

impl From<HolderId> for String {
    fn from(id: HolderId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for HolderId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capture(id) => id.fmt(formatter),
            Self::Record(id) => id.fmt(formatter),
        }
    }
}

/// A unit's number in its capture or record; six digits on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnitNo(pub u32);

impl FromStr for UnitNo {
    type Err = IdFormError;

    fn from_str(text: &str) -> Result<Self, IdFormError> {
        let plain = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if plain => Ok(Self(number)),
            _ => Err(IdFormError {
                text: text.to_owned(),
                expected: "a unit number of six digits",
            }),
        }
    }
}

impl TryFrom<String> for UnitNo {
    type Error = IdFormError;

    fn try_from(text: String) -> Result<Self, IdFormError> {
        text.parse()
    }
}

impl From<UnitNo> for String {
    fn from(number: UnitNo) -> Self {
        number.to_string()
    }
}

impl fmt::Display for UnitNo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:06}", self.0)
    }
}

/// One unit (gallringsenhet), the only way permanent files name a post: `<holder>/<unit>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitRef {
    /// The capture or record.
    pub holder: HolderId,
    /// The unit in it.
    pub unit: UnitNo,
}

impl fmt::Display for UnitRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.holder, self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_accept_their_form_and_nothing_else() {
        assert!("20270101T000512Z-0123abcd".parse::<CaptureId>().is_ok());
        assert!("20270101T000512Z-0123ABCD".parse::<CaptureId>().is_err());
        assert!("../20270101T000512Z-0123abcd".parse::<HolderId>().is_err());
        assert!("r20270101T000512Z-0123abcd".parse::<RecordId>().is_ok());
        assert!("torsby-facebook".parse::<Alias>().is_ok());
        assert!("Torsby".parse::<Alias>().is_err());
        assert!("000001".parse::<UnitNo>().is_ok());
        assert!("1".parse::<UnitNo>().is_err());
        assert!("+00001".parse::<UnitNo>().is_err());
    }
}
