//! The files that the peers read: Parquet tables, and raw 32-bit times.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use gandan::output::table::write_frame;
use polars::prelude::{Column, Float64Chunked, Int64Chunked, IntoColumn, NewChunkedArray, UInt32Chunked};

/// A column of whole numbers.
pub fn whole(name: &str, values: impl IntoIterator<Item = u32>) -> Column {
    UInt32Chunked::from_iter_values(name.into(), values.into_iter()).into_column()
}

/// A column of OSM ids.
pub fn ids(name: &str, values: impl IntoIterator<Item = i64>) -> Column {
    Int64Chunked::from_iter_values(name.into(), values.into_iter()).into_column()
}

/// A column of numbers.
pub fn number(name: &str, values: impl IntoIterator<Item = f64>) -> Column {
    Float64Chunked::from_iter_values(name.into(), values.into_iter()).into_column()
}

/// Writes columns of one length as Parquet.
pub fn write(folder: &Path, file: &str, columns: Vec<Column>) {
    let height = columns.first().map_or(0, Column::len);
    write_frame(&folder.join(file), height, columns, None).expect("a folder to write to");
}

/// A file of little-endian 32-bit numbers.
pub struct Raw(BufWriter<File>);

impl Raw {
    /// Starts the file.
    pub fn new(folder: &Path, file: &str) -> Self {
        Raw(BufWriter::new(File::create(folder.join(file)).expect("a folder to write to")))
    }

    /// Adds numbers.
    pub fn push(&mut self, values: impl IntoIterator<Item = u32>) {
        for value in values {
            self.0.write_all(&value.to_le_bytes()).expect("room on the disk");
        }
    }

    /// Ends the file.
    pub fn finish(mut self) {
        self.0.flush().expect("room on the disk");
    }
}
