//! The demo city's files.

pub(crate) mod borders;
pub(crate) mod pbf;
pub(crate) mod raster;
pub(crate) mod table;
