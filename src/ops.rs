//! The use-cases, one file each. Command line, daemon and web page call the same functions.

pub mod account;
pub mod disposal;
pub mod document;
mod entries;
pub mod error;
pub mod export;
pub mod facts;
pub mod from_file;
pub mod hold;
pub mod ingest;
pub mod init;
pub mod kontobok;
pub mod login;
pub mod person;
pub mod policy;
pub mod post;
mod program;
pub mod receipt;
pub mod registry;
pub mod reindex;
pub mod removal;
pub mod run;
pub mod schedule;
pub mod snapshot;
pub mod takedown;
pub mod verify;
