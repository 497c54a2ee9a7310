//! A read-only view of a store or a package: what `verify` and `export` read.
