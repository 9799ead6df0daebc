//! gandan (*gần dân*, "close to the people"): a geospatial coverage planner and optimiser.
//!
//! The folders are the pipeline, in the order in which data flows; each uses those above it, never those below:
//!
//! 1. [`scenario`]: what is asked
//! 2. [`ingest`]: roads, people, boundaries, sites
//! 3. [`network`]: travel modes, the road graph, snapping
//! 4. [`access`]: travel times, cover sets, isochrones
//!
//! [`units`] and [`error`] serve them all.

pub mod access;
pub mod error;
pub mod ingest;
pub mod network;
pub mod scenario;
#[cfg(test)]
pub mod testkit;
pub mod units;
