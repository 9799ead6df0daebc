//! Pictures drawn by the program itself.

pub mod map;
pub mod raster;
