//! Reading the inputs: roads, people, boundaries and sites.
pub mod osm;
pub mod eligibility;
