//! What must hold at every stage, whatever goes in: random towns, tables, scenarios and edits of a finished run.
//!
//! A failing case is shrunk, kept in a file `*.regressions` beside its test, and tried first from then on.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

#[path = "../common/mod.rs"]
mod common;
mod make;

mod access;
mod determinism;
mod optimise;
mod output;
mod rollout;
mod scenario;
mod small;
