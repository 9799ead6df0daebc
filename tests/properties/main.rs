//! What must hold at every stage, whatever goes in: random towns, tables, scenarios and edits of a finished run.
//!
//! A failing case is shrunk and kept under `proptest-regressions/`, and tried first from then on.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

#[path = "../common/mod.rs"]
mod common;
mod make;

mod access;
mod optimise;
