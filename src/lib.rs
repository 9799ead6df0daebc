//! gandan (*gần dân*, "close to the people"): a geospatial coverage planner and optimiser.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod error;
pub mod optimise;
pub mod units;
