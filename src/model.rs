//! Values without I/O: what the municipality, its accounts, captures, posts and decisions are.
//! Nothing here reads a clock, a file or the network, and nothing here depends on another module.

pub mod account;
pub mod cadence;
pub mod causes;
pub mod digest;
pub mod entry;
pub mod facts;
pub mod finding;
pub mod flavour;
pub mod id;
pub mod ingest;
pub mod json;
pub mod kontobok;
pub mod origin;
pub mod person;
pub mod plan;
pub mod post;
pub mod protocol;
pub mod record;
pub mod text;
pub mod time;
pub mod verdict;
