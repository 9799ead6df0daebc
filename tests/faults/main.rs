//! Fault drills: what goes wrong around a run (kills, full disks, two runs into one place, stops) and damaged inputs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

#[path = "../common/mod.rs"]
mod common;
mod damaged;
mod disk;
mod kill;
mod resume;
mod scene;
mod surroundings;
mod twice;
