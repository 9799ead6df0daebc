//! Writing a table row group by row group, so that its size does not matter for the memory that takes.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use polars::prelude::{
    BatchedWriter, Column as Series, DataFrame, DataType, IntoColumn, KeyValueMetadata, ParquetWriter, PolarsError,
    Series as Array,
};

use super::geo::{self, Summary};
use super::stamp::{KEY, Stamp};
use super::{Values, columns_of};
use crate::error::{Error, Fault, Result};
use crate::output::schema::{Kind, Table};

/// The most rows of a row group, what a reader must take at least. Some 30,000 rows hold a commune or a few, and are
/// still many enough that what a group costs does not count.
pub const GROUP_ROWS: usize = 32_768;

/// A table that is being written, piece by piece.
pub struct Pieces<'a> {
    table: &'a Table,
    path: PathBuf,
    writer: BatchedWriter<BufWriter<File>>,
}

impl<'a> Pieces<'a> {
    /// Begins a table. One with a geometry needs the summary of all that will come.
    ///
    /// # Errors
    /// The disk refuses it.
    pub fn begin(path: &Path, table: &'a Table, stamp: &Stamp, geo: Option<&Summary>) -> Result<Pieces<'a>> {
        let mut metadata = vec![(KEY.to_owned(), stamp.of_table(table))];
        metadata.extend(geo.map(|summary| ("geo".to_owned(), summary.metadata().to_string())));
        let empty = empty(table).map_err(|e| internal(table, &e.to_string()))?;
        let file = File::create(path).map_err(|e| Fault::io("write a table", path, &e))?;
        let writer = ParquetWriter::new(BufWriter::new(file))
            .with_key_value_metadata(Some(KeyValueMetadata::from_static(metadata)))
            .batched(empty.schema())
            .map_err(|e| failed(path, &e))?;
        Ok(Pieces { table, path: path.to_owned(), writer })
    }

    /// Writes some rows, in row groups of at most [`GROUP_ROWS`]: one, where they are no more.
    ///
    /// # Errors
    /// The disk refuses it, or the values do not fit the schema (an internal fault).
    pub fn write(&mut self, values: Vec<Values>) -> Result<()> {
        let columns = columns_of(self.table, values)?;
        self.write_columns(columns)
    }

    pub(super) fn write_columns(&mut self, columns: Vec<Series>) -> Result<()> {
        let height = columns.first().map_or(0, Series::len);
        let rows = DataFrame::new(height, columns).map_err(|e| internal(self.table, &e.to_string()))?;
        for from in (0..height).step_by(GROUP_ROWS) {
            let group = rows.slice(from as i64, GROUP_ROWS);
            self.writer.write_batch(&group).map_err(|e| failed(&self.path, &e))?;
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// The disk refuses it.
    pub fn finish(self) -> Result<()> {
        self.writer.finish().map_err(|e| failed(&self.path, &e))?;
        Ok(())
    }
}

/// The table without rows, for its types.
fn empty(table: &Table) -> Result<DataFrame, PolarsError> {
    let column = |c: &crate::output::schema::Column| {
        let of = |kind: &DataType| Ok(Array::new_empty(c.name.into(), kind).into_column());
        match c.kind {
            Kind::Text => of(&DataType::String),
            Kind::Whole => of(&DataType::UInt32),
            Kind::Number => of(&DataType::Float64),
            Kind::Flag => of(&DataType::Boolean),
            Kind::Geometry => of(&DataType::Binary),
            Kind::Bbox => geo::no_bbox(),
        }
    };
    DataFrame::new(0, table.columns.iter().map(column).collect::<Result<_, PolarsError>>()?)
}

/// A fault of the program.
pub(super) fn internal(table: &Table, what: &str) -> Error {
    Fault::new("internal::table", format!("{}: {what}; please report this", table.file)).into()
}

fn failed(path: &Path, error: &PolarsError) -> Error {
    Fault::new("io", format!("cannot write the table: {error}"))
        .file(path)
        .help("check the disk, then run again")
        .into()
}
