//! Delivery formats. Pure: they turn values into the bytes of manifests and texts, and read them back; the caller moves
//! the files.

pub mod bagit;
pub mod verifiera;
