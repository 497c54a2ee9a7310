//! SHA-256 and SHA-512 digests as lower-case hexadecimal, always made in pairs so that one may outlive the other.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha512};

/// A SHA-256 digest: 64 lower-case hexadecimal characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Hex(String);

/// A SHA-512 digest: 128 lower-case hexadecimal characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha512Hex(String);

/// A text that is not a digest of the expected length in lower-case hexadecimal.
#[derive(Debug, thiserror::Error)]
#[error("not a digest: expected {expected} characters of 0-9a-f")]
pub struct DigestFormError {
    expected: usize,
}

fn checked(text: String, expected: usize) -> Result<String, DigestFormError> {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if text.len() == expected && plain {
        Ok(text)
    } else {
        Err(DigestFormError { expected })
    }
}

macro_rules! digest_text {
    ($name:ident, $length:literal) => {
        impl $name {
            /// The digest as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = DigestFormError;

            fn try_from(text: String) -> Result<Self, DigestFormError> {
                checked(text, $length).map(Self)
            }
        }

        impl From<$name> for String {
            fn from(digest: $name) -> String {
                digest.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

digest_text!(Sha256Hex, 64);
digest_text!(Sha512Hex, 128);

impl Sha256Hex {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex::encode(Sha256::digest(bytes)))
    }

    /// The digest of everything that `reader` gives.
    pub fn of_reader(mut reader: impl std::io::Read) -> std::io::Result<Self> {
        let mut digest = Sha256::new();
        let mut piece = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut piece)? {
                0 => return Ok(Self(hex::encode(digest.finalize()))),
                bytes => {
                    let given = piece.get(..bytes);
                    let too_many = || std::io::Error::other("a reader told of more than it gave");
                    digest.update(given.ok_or_else(too_many)?);
                }
            }
        }
    }

    /// The digest whose 32 bytes are given.
    pub fn from_raw(raw: &[u8; 32]) -> Self {
        Self(hex::encode(raw))
    }

    /// The first 128 bits: enough to tell millions of things apart, whoever made them.
    pub fn start(&self) -> [u8; 16] {
        let nibble = |byte: u8| match byte {
            b'0'..=b'9' => byte - b'0',
            // A digest is lower hex.
            _ => byte - b'a' + 10,
        };
        let mut start = [0; 16];
        for (byte, pair) in start.iter_mut().zip(self.0.as_bytes().chunks(2)) {
            *byte = pair
                .iter()
                .fold(0, |byte, digit| byte << 4 | nibble(*digit));
        }
        start
    }

    /// 64 zeros: the predecessor of the first log entry.
    pub fn zero() -> Self {
        Self("0".repeat(64))
    }
}

impl Sha512Hex {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex::encode(Sha512::digest(bytes)))
    }

    /// 128 zeros: the predecessor of the first log entry.
    pub fn zero() -> Self {
        Self("0".repeat(128))
    }
}

/// Both digests of the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DigestPair {
    /// SHA-256.
    pub sha256: Sha256Hex,
    /// SHA-512.
    pub sha512: Sha512Hex,
}

impl DigestPair {
    /// Both digests of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            sha256: Sha256Hex::of(bytes),
            sha512: Sha512Hex::of(bytes),
        }
    }

    /// The pair that stands before the first log entry.
    pub fn zero() -> Self {
        Self {
            sha256: Sha256Hex::zero(),
            sha512: Sha512Hex::zero(),
        }
    }
}

/// Computes both digests and the length of bytes that arrive in pieces.
#[derive(Clone, Debug, Default)]
pub struct DigestStream {
    sha256: Sha256,
    sha512: Sha512,
    bytes: u64,
}

impl DigestStream {
    /// Takes in the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.sha256.update(piece);
        self.sha512.update(piece);
        self.bytes += piece.len() as u64;
    }

    /// The digests of everything taken in, and how many bytes that was.
    pub fn finish(self) -> (DigestPair, u64) {
        let pair = DigestPair {
            sha256: Sha256Hex(hex::encode(self.sha256.finalize())),
            sha512: Sha512Hex(hex::encode(self.sha512.finalize())),
        };
        (pair, self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_agree_with_fips_180_4_examples() {
        assert_eq!(
            Sha256Hex::of(b"abc").as_str(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let mut stream = DigestStream::default();
        stream.update(b"a");
        stream.update(b"bc");
        let (pair, bytes) = stream.finish();
        assert_eq!(bytes, 3);
        assert!(
            pair.sha512
                .as_str()
                .starts_with("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea2")
        );
    }

    #[test]
    fn upper_case_and_short_digests_are_refused() {
        assert!(Sha256Hex::try_from("A".repeat(64)).is_err());
        assert!(Sha256Hex::try_from("a".repeat(63)).is_err());
    }
}
