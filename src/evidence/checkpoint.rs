//! Checkpoints of the log (C2SP tlog-checkpoint): origin, size and root as a signed note (C2SP signed-note, Ed25519).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey};

use crate::evidence::keys;
use crate::evidence::merkle::Hash;

/// What a checkpoint states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// RFC 6962 root over them.
    pub root: Hash,
}

/// What is wrong with a checkpoint.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckpointError {
    /// Not three lines, an empty line and signatures.
    #[error("not a checkpoint: expected origin, size, root, an empty line and signatures")]
    Form,
    /// The verifier key cannot be read.
    #[error("the verifier key is damaged")]
    Key,
    /// No signature of the key, or a wrong one.
    #[error("no valid signature by {0}")]
    Signature(String),
    /// The origin is another log's.
    #[error("the checkpoint is of the log {0}")]
    Origin(String),
}

/// The text that is signed.
pub fn body(origin: &str, size: u64, root: &Hash) -> String {
    format!("{origin}\n{size}\n{}\n", STANDARD.encode(root))
}

/// A signed checkpoint.
pub fn sign(origin: &str, size: u64, root: &Hash, key: &SigningKey) -> String {
    let text = body(origin, size, root);
    let mut signature = keys::key_hash(origin, &key.verifying_key()).to_vec();
    signature.extend_from_slice(&key.sign(text.as_bytes()).to_bytes());
    format!("{text}\n\u{2014} {origin} {}\n", STANDARD.encode(signature))
}

/// Reads a checkpoint without looking at its signatures.
pub fn parse(note: &str) -> Result<Checkpoint, CheckpointError> {
    let (text, _) = note.split_once("\n\n").ok_or(CheckpointError::Form)?;
    let mut lines = text.lines();
    let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
        return Err(CheckpointError::Form);
    };
    let root = STANDARD
        .decode(root)
        .ok()
        .and_then(|root| Hash::try_from(root).ok());
    match (size.parse(), root) {
        (Ok(size), Some(root))
            if !origin.is_empty() && body(origin, size, &root).trim_end() == text =>
        {
            Ok(Checkpoint {
                origin: origin.to_owned(),
                size,
                root,
            })
        }
        _ => Err(CheckpointError::Form),
    }
}

/// Reads a checkpoint and verifies its signature by the verifier key `vkey`.
pub fn verify(note: &str, vkey: &str) -> Result<Checkpoint, CheckpointError> {
    let checkpoint = parse(note)?;
    let Ok((name, key)) = keys::parse_vkey(vkey) else {
        return Err(CheckpointError::Key);
    };
    if checkpoint.origin != name {
        return Err(CheckpointError::Origin(checkpoint.origin));
    }
    let (_, signatures) = note.split_once("\n\n").ok_or(CheckpointError::Form)?;
    let text = body(&checkpoint.origin, checkpoint.size, &checkpoint.root);
    let prefix = format!("\u{2014} {name} ");
    for encoded in signatures
        .lines()
        .filter_map(|line| line.strip_prefix(&prefix))
    {
        let Ok(bytes) = STANDARD.decode(encoded) else {
            continue;
        };
        let Some((hash, raw)) = bytes.split_at_checked(4) else {
            continue;
        };
        let Ok(signature) = Signature::from_slice(raw) else {
            continue;
        };
        if hash == keys::key_hash(&name, &key)
            && key.verify_strict(text.as_bytes(), &signature).is_ok()
        {
            return Ok(checkpoint);
        }
    }
    Err(CheckpointError::Signature(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_checkpoint_verifies_and_a_changed_one_does_not() {
        let key = keys::generate().unwrap();
        let vkey = keys::vkey("bevara/test", &key.verifying_key());
        let note = sign("bevara/test", 7, &[3; 32], &key);
        assert_eq!(verify(&note, &vkey).unwrap().size, 7);
        assert_eq!(
            verify(&note.replace("\n7\n", "\n8\n"), &vkey),
            Err(CheckpointError::Signature("bevara/test".to_owned()))
        );
        let other = keys::vkey("bevara/test", &keys::generate().unwrap().verifying_key());
        assert_eq!(
            verify(&note, &other),
            Err(CheckpointError::Signature("bevara/test".to_owned()))
        );
        assert_eq!(parse("bevara/test\n7\n"), Err(CheckpointError::Form));
    }
}
