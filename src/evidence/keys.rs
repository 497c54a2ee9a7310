//! The log's Ed25519 key: made from the system's random numbers, kept as PKCS#8 PEM, published as SPKI PEM (for
//! `openssl`) and as a verifier key of the signed-note format (C2SP signed-note).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{
    DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _,
};
use ed25519_dalek::{SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

/// The signed-note algorithm byte for Ed25519.
const ED25519: u8 = 1;

/// What is wrong with a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The system gave no random numbers.
    #[error("no random numbers from the operating system: {0}")]
    Random(String),
    /// A PEM file is damaged.
    #[error("the key file is damaged: {0}")]
    Pem(String),
    /// A verifier key is damaged.
    #[error("\"{0}\" is not a verifier key (name+hash+key)")]
    Vkey(String),
}

/// A new key.
pub fn generate() -> Result<SigningKey, KeyError> {
    let mut seed = [0u8; 32];
    getrandom::fill(&mut seed).map_err(|error| KeyError::Random(error.to_string()))?;
    Ok(SigningKey::from_bytes(&seed))
}

/// The private key as PKCS#8 PEM.
pub fn to_pem(key: &SigningKey) -> Result<String, KeyError> {
    match key.to_pkcs8_pem(LineEnding::LF) {
        Ok(pem) => Ok(pem.as_str().to_owned()),
        Err(error) => Err(KeyError::Pem(error.to_string())),
    }
}

/// Reads a private key from PKCS#8 PEM.
pub fn from_pem(pem: &str) -> Result<SigningKey, KeyError> {
    SigningKey::from_pkcs8_pem(pem).map_err(|error| KeyError::Pem(error.to_string()))
}

/// The public key as SPKI PEM, which `openssl pkeyutl -pubin` reads.
pub fn public_pem(key: &VerifyingKey) -> Result<String, KeyError> {
    key.to_public_key_pem(LineEnding::LF)
        .map_err(|error| KeyError::Pem(error.to_string()))
}

/// Reads a public key from SPKI PEM.
pub fn public_from_pem(pem: &str) -> Result<VerifyingKey, KeyError> {
    VerifyingKey::from_public_key_pem(pem).map_err(|error| KeyError::Pem(error.to_string()))
}

/// The first four bytes of `SHA-256(name || LF || algorithm || key)`.
pub(crate) fn key_hash(name: &str, key: &VerifyingKey) -> [u8; 4] {
    let digest = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', ED25519])
        .chain_update(key.as_bytes())
        .finalize();
    [digest[0], digest[1], digest[2], digest[3]]
}

/// The verifier key `name+hash+base64`.
pub fn vkey(name: &str, key: &VerifyingKey) -> String {
    let mut bytes = vec![ED25519];
    bytes.extend_from_slice(key.as_bytes());
    format!(
        "{name}+{}+{}",
        hex::encode(key_hash(name, key)),
        STANDARD.encode(bytes)
    )
}

/// Name and key of a verifier key.
pub fn parse_vkey(text: &str) -> Result<(String, VerifyingKey), KeyError> {
    let wrong = || KeyError::Vkey(text.to_owned());
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(hash), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(wrong());
    };
    let Ok(bytes) = STANDARD.decode(encoded) else {
        return Err(wrong());
    };
    let Some((ED25519, raw)) = bytes
        .split_first()
        .map(|(algorithm, raw)| (*algorithm, raw))
    else {
        return Err(wrong());
    };
    let Ok(raw) = <[u8; 32]>::try_from(raw) else {
        return Err(wrong());
    };
    let Ok(key) = VerifyingKey::from_bytes(&raw) else {
        return Err(wrong());
    };
    if hash == hex::encode(key_hash(name, &key)) {
        Ok((name.to_owned(), key))
    } else {
        Err(wrong())
    }
}

/// The name in a verifier key.
pub fn vkey_name(text: &str) -> Result<String, KeyError> {
    parse_vkey(text).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_what_they_write() {
        let key = generate().unwrap();
        assert_eq!(from_pem(&to_pem(&key).unwrap()).unwrap(), key);
        let public = key.verifying_key();
        assert_eq!(
            public_from_pem(&public_pem(&public).unwrap()).unwrap(),
            public
        );
        let text = vkey("bevara/test", &public);
        assert_eq!(
            parse_vkey(&text).unwrap(),
            ("bevara/test".to_owned(), public)
        );
        assert!(
            parse_vkey(&text.replace("bevara/test", "bevara/other")).is_err(),
            "the hash binds the name"
        );
    }

    #[test]
    fn the_published_example_key_is_read() {
        // C2SP signed-note, "Verifier keys": the example of the Go checksum database.
        let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        assert_eq!(vkey_name(text).unwrap(), "PeterNeumann");
    }
}
