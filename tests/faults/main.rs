//! Fault drills: what goes wrong around a run (kills, full disks, two runs into one place, stops, odd surroundings), and
//! inputs that are damaged or claim too much.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

#[path = "../common/mod.rs"]
mod common;

mod bounds;
mod damaged;
mod disk;
mod kill;
mod resume;
mod scene;
mod surroundings;
mod twice;
