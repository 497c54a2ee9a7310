//! Which posts were given before: the same one stands in several files or replies of many exports.

use std::collections::BTreeSet;

use crate::model::digest::Sha256Hex;
use crate::platform::Parsed;

/// Posts given, as digests: a million of them take tens of megabytes and no text.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    versions: BTreeSet<[u8; 16]>,
}

impl Seen {
    /// Whether the post was not given in this version before; from now on it was.
    pub(crate) fn is_new(&mut self, parsed: &Parsed) -> bool {
        let version = format!("{} {}", parsed.post.key, parsed.post.fingerprint());
        self.versions
            .insert(Sha256Hex::of(version.as_bytes()).start())
    }
}
