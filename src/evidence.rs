//! The pure parts of evidence: manifests as `sha256sum` writes them, RFC 6962 trees, signed checkpoints and keys.
//! No I/O here. What it proves: integrity since capture; not that a page was genuine.

pub mod checkpoint;
pub mod codes;
pub mod disposals;
pub mod history;
pub mod keys;
pub mod layout;
pub mod manifest;
pub mod merkle;
pub mod report;
pub mod scope;
pub mod seal;
