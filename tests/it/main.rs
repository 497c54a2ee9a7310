//! One test binary; every module tests one area from the outside.
#![expect(
    clippy::disallowed_methods,
    reason = "tests make, change and remove files of their own"
)]

mod capture;
mod catalogue;
mod containers;
mod crash;
mod demo;
mod detect;
mod disposal;
mod docs;
mod evidence;
mod hold;
mod packages;
mod pages;
mod platforms;
mod policies;
mod policy_properties;
mod posts;
mod processes;
mod readme;
mod register;
mod render;
mod schedule;
mod search;
#[expect(dead_code, reason = "shared by tests that come and go")]
mod support;
mod tidy;
#[expect(dead_code, reason = "shared by tests that come and go")]
mod validators;
