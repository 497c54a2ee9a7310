//! One test binary; every module tests one area from the outside.
#![expect(
    clippy::disallowed_methods,
    reason = "tests make, change and remove files of their own"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "a test that fails says where; one that tells a story is told in one piece"
)]

mod capture;
mod capture_bounds;
mod capture_feeds;
mod capture_hidden;
mod capture_pages;
mod catalogue;
mod containers;
mod conversations;
mod converter;
mod corpus;
mod crash;
mod demo;
mod detect;
mod disposal;
mod docs;
mod evidence;
mod exports;
mod failures;
mod from_file;
mod fuzz;
mod heic;
mod hold;
mod kontobok;
mod labelled;
mod login;
mod networks;
mod packages;
mod pages;
mod platforms;
mod policies;
mod policy_guide;
mod policy_properties;
mod posts;
mod processes;
mod readme;
mod register;
mod registry;
mod removals;
mod render;
mod rounds;
mod schedule;
mod search;
mod session;
mod support;
mod takeout;
mod tidy;
mod tls;
mod validators;
