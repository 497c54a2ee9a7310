//! `SEAL.txt`: seven lines that bind a package to its log, for people, `openssl` and time stamps alike.

use ed25519_dalek::{Signature, VerifyingKey};

use crate::model::digest::{Sha256Hex, Sha512Hex};

/// First line of a seal.
const HEADER: &str = "bevara-seal/v1";

/// A seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The log's name.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// RFC 6962 root over them.
    pub root_sha256: Sha256Hex,
    /// SHA-512 of the last entry's bytes.
    pub head_sha512: Sha512Hex,
    /// SHA-256 of `bag/tagmanifest-sha256.txt`.
    pub tagmanifest_sha256: Sha256Hex,
    /// SHA-512 of `bag/tagmanifest-sha512.txt`.
    pub tagmanifest_sha512: Sha512Hex,
}

/// The text is not a seal.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "not a seal: expected bevara-seal/v1, origin, size, root-sha256, head-sha512, tagmanifest-sha256 and tagmanifest-sha512, one a line"
)]
pub struct SealFormError;

impl Seal {
    /// The text of `SEAL.txt`.
    pub fn render(&self) -> String {
        format!(
            "{HEADER}\norigin: {}\nsize: {}\nroot-sha256: {}\nhead-sha512: {}\ntagmanifest-sha256: {}\ntagmanifest-sha512: {}\n",
            self.origin,
            self.size,
            self.root_sha256,
            self.head_sha512,
            self.tagmanifest_sha256,
            self.tagmanifest_sha512
        )
    }

    /// Reads a seal; only what [`Seal::render`] writes is one.
    pub fn parse(bytes: &[u8]) -> Result<Self, SealFormError> {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Err(SealFormError);
        };
        let mut lines = text.lines();
        if lines.next() != Some(HEADER) {
            return Err(SealFormError);
        }
        let mut member = |name: &str| {
            lines
                .next()
                .and_then(|line| line.strip_prefix(name))
                .and_then(|rest| rest.strip_prefix(": "))
                .map(str::to_owned)
                .ok_or(SealFormError)
        };
        let seal = Self {
            origin: member("origin")?,
            size: member("size")?.parse().map_err(|_number| SealFormError)?,
            root_sha256: digest(member("root-sha256")?)?,
            head_sha512: digest(member("head-sha512")?)?,
            tagmanifest_sha256: digest(member("tagmanifest-sha256")?)?,
            tagmanifest_sha512: digest(member("tagmanifest-sha512")?)?,
        };
        if seal.render() == text {
            Ok(seal)
        } else {
            Err(SealFormError)
        }
    }
}

fn digest<T: TryFrom<String>>(text: String) -> Result<T, SealFormError> {
    T::try_from(text).map_err(|_form| SealFormError)
}

/// Whether `signature` (64 bytes) is the key's over the bytes of `SEAL.txt`.
pub fn is_signed(seal: &[u8], signature: &[u8], key: &VerifyingKey) -> bool {
    Signature::from_slice(signature)
        .is_ok_and(|signature| key.verify_strict(seal, &signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_seven_lines_and_nothing_else() {
        let seal = Seal {
            origin: "bevara/test".to_owned(),
            size: 3,
            root_sha256: Sha256Hex::of(b"a"),
            head_sha512: Sha512Hex::of(b"b"),
            tagmanifest_sha256: Sha256Hex::of(b"c"),
            tagmanifest_sha512: Sha512Hex::of(b"d"),
        };
        let text = seal.render();
        assert!(text.starts_with(
            "bevara-seal/v1\norigin: bevara/test\nsize: 3\nroot-sha256: ca978112ca1b"
        ));
        assert_eq!(text.lines().count(), 7);
        assert_eq!(Seal::parse(text.as_bytes()), Ok(seal));
        for wrong in [
            text.replace('\n', "\r\n"),
            format!("{text}\n"),
            text.replace("size: 3", "size: +3"),
            text.replace("origin", "Origin"),
        ] {
            assert_eq!(Seal::parse(wrong.as_bytes()), Err(SealFormError), "{wrong}");
        }
    }
}
