//! gandan (*gần dân*, "close to the people"): a geospatial coverage planner and optimiser.
//!
//! The folders are the pipeline, in the order in which data flows; each uses those above it, never those below:
//!
//! 1. [`units`], [`error`]: the quantities and how faults are told
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod error;
pub mod synth;
pub mod units;
