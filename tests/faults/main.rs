//! What may go wrong around a run: kills, full disks, two runs into one place, and going on after a stop.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

#[path = "../common/mod.rs"]
mod common;
mod disk;
mod kill;
mod resume;
mod scene;
mod twice;
