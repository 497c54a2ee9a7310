//! Packages for the kommunarkiv, one file a format.
