//! gandan (*gần dân*, "close to the people"): a geospatial coverage planner and optimiser.
//!
//! The folders are the pipeline, in the order in which data flows; each uses those above it, never those below:
//!
//! 1. [`scenario`]: what is asked
//! 2. [`ingest`]: roads, people, boundaries, sites
//! 3. [`network`]: travel modes, the road graph, snapping
//! 4. [`access`]: travel times, cover sets, isochrones
//! 5. [`study`]: all of these joined
//! 6. [`optimise`]: covering and median problems on any table, with proofs; knows nothing of roads
//! 7. [`rollout`]: phases, indicators, reasons
//! 8. [`check`]: everything wrong or doubtful with the inputs
//! 9. [`output`]: tables, map, manifest
//! 10. [`cli`]: the commands
//!
//! [`synth`] makes the demo city. [`units`], [`texts`], [`error`], [`files`], [`decoders`], [`limits`], [`memory`] and
//! [`stages`] serve them all.

#![forbid(unsafe_code)]

pub mod access;
pub mod check;
pub mod cli;
pub mod decoders;
pub mod error;
pub mod files;
pub mod ingest;
pub mod limits;
pub mod memory;
pub mod network;
pub mod optimise;
pub mod output;
pub mod rollout;
pub mod scenario;
pub mod stages;
pub mod study;
pub mod synth;
#[cfg(test)]
pub mod testkit;
pub mod texts;
pub mod units;
