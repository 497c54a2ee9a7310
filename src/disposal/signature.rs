//! The proof of an approval: `ssh-keygen -Y sign -n bevara-disposal` over the plan's digest and LF
//! (OpenSSH PROTOCOL.sshsig). In `allowed_signers` the principal is the person's id.

use ssh_key::{PublicKey, SshSig};

use crate::model::digest::Sha256Hex;

/// The namespace of these signatures: one made for anything else proves nothing here.
pub const NAMESPACE: &str = "bevara-disposal";

/// Why a signature does not prove an approval; Swedish sentences, for an archivist reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The file is no SSH signature.
    #[error("Filen är ingen SSH-signatur (väntat: BEGIN SSH SIGNATURE).")]
    Form,
    /// The registered key cannot be read.
    #[error("Personens registrerade nyckel kan inte läsas.")]
    Key,
    /// Signed with another key.
    #[error("Signaturen är gjord med en annan nyckel än den som är registrerad för personen.")]
    OtherKey,
    /// Signed for another purpose.
    #[error("Signaturen är gjord för ett annat ändamål (namespace ska vara bevara-disposal).")]
    OtherPurpose,
    /// The signature is not over this plan.
    #[error("Signaturen gäller inte den här planens kontrollsumma.")]
    OtherContent,
}

/// The bytes that are signed.
pub fn message(digest: &Sha256Hex) -> String {
    format!("{digest}\n")
}

/// Checks that `signature` (armoured) was made with `key` over the plan's digest, for this purpose.
pub fn check(key: &str, digest: &Sha256Hex, signature: &str) -> Result<(), SignatureError> {
    let key = PublicKey::from_openssh(key).map_err(|_form| SignatureError::Key)?;
    let signature = SshSig::from_pem(signature).map_err(|_form| SignatureError::Form)?;
    if key.key_data() != signature.public_key() {
        return Err(SignatureError::OtherKey);
    }
    if signature.namespace() != NAMESPACE {
        return Err(SignatureError::OtherPurpose);
    }
    key.verify(NAMESPACE, message(digest).as_bytes(), &signature)
        .map_err(|_signature| SignatureError::OtherContent)
}
