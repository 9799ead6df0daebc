//! Reading what goes in: every input is checked here, at the door, and told with its file and place when it is wrong.

pub mod boundaries;
pub(crate) mod columns;
pub mod download;
pub mod eligibility;
mod features;
pub(crate) mod geometry_bytes;
pub mod geotiff;
pub mod names;
pub mod osm;
pub mod points;
pub mod population;
pub mod services;
pub mod sites;
#[cfg(test)]
pub(crate) mod testkit;
pub mod water;
