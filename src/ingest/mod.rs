//! Reading what goes in: every input is checked here, at the door, and told with its file and place when it is wrong.

pub mod boundaries;
pub(crate) mod columns;
mod csv_guard;
pub mod download;
pub mod eligibility;
mod features;
pub(crate) mod geometry_bytes;
pub mod geotiff;
pub mod names;
pub mod osm;
pub(crate) mod parquet_guard;
pub mod points;
pub mod population;
pub mod services;
pub mod sites;
#[cfg(test)]
pub(crate) mod testkit;
mod thrift;
pub mod water;
