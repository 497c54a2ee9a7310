//! The signature of a repository's commit against the key in the account's DID document (atproto.com/specs/cryptography):
//! ECDSA over SHA-256 with P-256 or secp256k1, low-S only.

use p256::ecdsa::signature::Verifier as _;
use serde_json::Value as Json;

use crate::platform::object::{many, text};

/// Digits of base58btc.
const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Longest key in base58; both curves need 49 digits.
const LONGEST: usize = 128;

/// The multibase key that signs for the account in its DID document.
pub(super) fn signing_key(document: &Json) -> Option<String> {
    many(document.get("verificationMethod"))
        .find(|method| text(method, "id").is_some_and(|id| id.ends_with("#atproto")))
        .and_then(|method| text(method, "publicKeyMultibase"))
}

/// Whether `signature` over `message` holds for the key; an error where the key cannot be read.
pub(super) fn holds(key: &str, message: &[u8], signature: &[u8]) -> Result<bool, String> {
    let bytes = key
        .strip_prefix('z')
        .filter(|digits| digits.len() <= LONGEST)
        .and_then(base58)
        .ok_or("nyckeln är inte skriven i base58btc")?;
    let wrong = |_| "nyckeln är ingen punkt på sin kurva".to_owned();
    match bytes.as_slice() {
        [0x80, 0x24, point @ ..] => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(wrong)?;
            Ok(
                p256::ecdsa::Signature::from_slice(signature).is_ok_and(|signature| {
                    signature.normalize_s().is_none() && key.verify(message, &signature).is_ok()
                }),
            )
        }
        [0xe7, 0x01, point @ ..] => {
            let key = k256::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(wrong)?;
            Ok(
                k256::ecdsa::Signature::from_slice(signature).is_ok_and(|signature| {
                    signature.normalize_s().is_none() && key.verify(message, &signature).is_ok()
                }),
            )
        }
        _ => Err("nyckeln är varken av P-256 eller secp256k1".to_owned()),
    }
}

fn base58(digits: &str) -> Option<Vec<u8>> {
    // Least significant byte first.
    let mut bytes: Vec<u8> = Vec::new();
    for digit in digits.bytes() {
        let mut carry = BASE58.iter().position(|known| *known == digit)?;
        for byte in &mut bytes {
            carry += usize::from(*byte) * 58;
            *byte = u8::try_from(carry & 0xff).ok()?;
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push(u8::try_from(carry & 0xff).ok()?);
            carry >>= 8;
        }
    }
    bytes.extend(digits.bytes().take_while(|digit| *digit == b'1').map(|_| 0));
    bytes.reverse();
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base58_is_that_of_everyone() {
        // Test vectors of draft-msporny-base58.
        assert_eq!(base58("2NEpo7TZRRrLZSi2U").unwrap(), b"Hello World!");
        assert_eq!(base58("11233QC4").unwrap(), [0, 0, 0x28, 0x7f, 0xb4, 0xcd]);
        assert_eq!(base58("0"), None);
    }
}
