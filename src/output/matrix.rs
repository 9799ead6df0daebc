//! The table of `gandan matrix`, written piece by piece.

use std::path::Path;

use polars::prelude::{
    Column, DataFrame, DataType, Field, Float64Chunked, IntoColumn, NewChunkedArray, Schema, StringChunked,
};

use crate::access::matrix::Trip;
use crate::error::{Fault, Result};
use crate::ingest::points::NamedPoint;
use crate::output::table::ParquetFile;

/// A Parquet file of trips with the columns `from_id`, `to_id` (text), `travel_time_s` (s, null where the trip cannot
/// be done within the cut-off) and `distance_m` (m, great circle).
pub struct TripTable<'a> {
    file: ParquetFile,
    origins: &'a [NamedPoint],
    destinations: &'a [NamedPoint],
}

impl<'a> TripTable<'a> {
    /// Begins the file.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn begin(path: &Path, origins: &'a [NamedPoint], destinations: &'a [NamedPoint]) -> Result<Self> {
        let schema = Schema::from_iter([
            Field::new("from_id".into(), DataType::String),
            Field::new("to_id".into(), DataType::String),
            Field::new("travel_time_s".into(), DataType::Float64),
            Field::new("distance_m".into(), DataType::Float64),
        ]);
        Ok(TripTable { file: ParquetFile::begin(path, &schema)?, origins, destinations })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// The disk refuses them.
    pub fn add(&mut self, trips: &[Trip]) -> Result<()> {
        if trips.is_empty() {
            return Ok(());
        }
        let ends = |t: &Trip| (&self.origins[t.origin as usize], &self.destinations[t.destination as usize]);
        let columns: Vec<Column> = vec![
            StringChunked::from_iter_values("from_id".into(), trips.iter().map(|t| ends(t).0.id.as_str()))
                .into_column(),
            StringChunked::from_iter_values("to_id".into(), trips.iter().map(|t| ends(t).1.id.as_str())).into_column(),
            Float64Chunked::from_iter_options(
                "travel_time_s".into(),
                trips.iter().map(|t| t.time.map(|time| time.seconds())),
            )
            .into_column(),
            Float64Chunked::from_iter_values(
                "distance_m".into(),
                trips.iter().map(|t| ends(t).0.at.distance(ends(t).1.at).metres()),
            )
            .into_column(),
        ];
        let frame = DataFrame::new(trips.len(), columns)
            .map_err(|e| Fault::new("internal::table", format!("{e}; please report this")))?;
        self.file.write(&frame, trips.len())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// The disk refuses the end.
    pub fn finish(self) -> Result<()> {
        self.file.end(Vec::new())
    }
}
