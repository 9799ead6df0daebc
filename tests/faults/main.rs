//! Fault drills: what a run does when the disk, the inputs or the machine are against it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

#[path = "../common/mod.rs"]
mod common;

mod bounds;
