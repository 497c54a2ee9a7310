//! `bevara`: archival snapshots and lawful retention of Swedish municipalities' social-media accounts.
//!
//! The map is in ARCHITECTURE.md; `model` is at the bottom, `cli` at the top, and `tests/it/tidy.rs` holds the directions.

pub mod app;
pub mod archive;
pub mod capture;
pub mod catalogue;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod detect;
pub mod disposal;
pub mod evidence;
pub mod model;
pub mod ops;
pub mod package;
pub mod platform;
pub mod policy;
mod processes;
pub mod render;
pub mod schedule;
pub mod store;
