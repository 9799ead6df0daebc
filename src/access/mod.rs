//! Who reaches what: travel times from residents to sites, cover sets, isochrones.

pub mod batch;
pub mod cover;
pub mod isochrone;
pub mod legs;
pub mod matrix;
pub mod reach;
pub mod search;

pub use legs::Leg;
