//! x
pub mod clock;
pub mod config;
pub mod evidence;
pub mod model;
pub mod schedule;
pub mod store;
