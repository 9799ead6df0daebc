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
use crate::stages::go_on;

/// The most rows of a row group, what a reader must take at least. Some 30,000 rows hold a commune or a few, and are
/// still many enough that what a group costs does not count.
pub const GROUP_ROWS: usize = 32_768;

/// A table that is being written, piece by piece.
pub struct Pieces<'a> {
    table: &'a Table,
    path: PathBuf,
    writer: BatchedWriter<BufWriter<File>>,
    /// Of a table with a geometry: what the key `geo` will say.
    summary: Option<Summary>,
    /// What the key [`KEY`] will say.
    told: String,
}

impl<'a> Pieces<'a> {
    /// Begins a table.
    ///
    /// # Errors
    /// The disk refuses it.
    pub fn begin(path: &Path, table: &'a Table, stamp: &Stamp) -> Result<Pieces<'a>> {
        let empty = empty(table).map_err(|e| internal(table, &e.to_string()))?;
        let has_shapes = table.columns.iter().any(|c| c.kind == Kind::Geometry);
        Ok(Pieces {
            table,
            path: path.to_owned(),
            writer: begin_file(path, &empty)?,
            summary: has_shapes.then(Summary::default),
            told: stamp.of_table(table),
        })
    }

    /// Writes some rows, in row groups of at most [`GROUP_ROWS`]: one, where they are no more.
    ///
    /// # Errors
    /// The disk refuses it, or the values do not fit the schema (an internal fault); interrupted.
    pub fn write(&mut self, values: Vec<Values>) -> Result<()> {
        go_on()?;
        let columns = columns_of(self.table, values, self.summary.as_mut())?;
        let height = columns.first().map_or(0, Series::len);
        let rows = DataFrame::new(height, columns).map_err(|e| internal(self.table, &e.to_string()))?;
        write_groups(&mut self.writer, &rows, GROUP_ROWS).map_err(|e| failed(&self.path, &e))
    }

    /// Ends the file.
    ///
    /// # Errors
    /// The disk refuses it.
    pub fn finish(self) -> Result<()> {
        let mut metadata = vec![(KEY.to_owned(), self.told)];
        metadata.extend(self.summary.map(|summary| ("geo".to_owned(), summary.metadata().to_string())));
        end_file(&self.path, &self.writer, metadata)
    }
}

/// Begins a Parquet file of zstd with the columns of some rows.
pub(super) fn begin_file(path: &Path, rows: &DataFrame) -> Result<BatchedWriter<BufWriter<File>>> {
    let file = File::create(path).map_err(|e| Fault::io("write a table", path, &e))?;
    ParquetWriter::new(BufWriter::new(file)).batched(rows.schema()).map_err(|e| failed(path, &e))
}

/// Writes rows, whose columns are of one chunk, in groups.
pub(super) fn write_groups(
    writer: &mut BatchedWriter<BufWriter<File>>,
    rows: &DataFrame,
    group_rows: usize,
) -> Result<(), PolarsError> {
    for from in (0..rows.height()).step_by(group_rows) {
        writer.write_batch(&rows.slice(from as i64, group_rows))?;
    }
    Ok(())
}

/// Ends a Parquet file. Only what is given stands in its metadata: the arrow schema that polars would add names types
/// (views of text and bytes) that other readers do not know or cannot filter, and all types follow from Parquet's own.
pub(super) fn end_file(
    path: &Path,
    writer: &BatchedWriter<BufWriter<File>>,
    metadata: Vec<(String, String)>,
) -> Result<()> {
    let metadata = match KeyValueMetadata::from_static(metadata) {
        KeyValueMetadata::Static(pairs) => pairs,
        KeyValueMetadata::DynamicRust(_) => Vec::new(),
    };
    // A writer that panicked in another thread has failed there already.
    let mut file = writer.get_writer().lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    file.end(Some(metadata)).map_err(|e| failed(path, &e))?;
    Ok(())
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

pub(in crate::output) fn failed(path: &Path, error: &PolarsError) -> Error {
    let text = error.to_string();
    match system_error(&text) {
        Some(error) => Fault::io("write the table", path, &error).into(),
        None => Fault::new("io", format!("cannot write the table: {text}"))
            .file(path)
            .help("check the disk, then run again")
            .into(),
    }
}

/// The error of the system behind one of polars, which passes some on as text alone: `… (os error 28)`.
fn system_error(text: &str) -> Option<std::io::Error> {
    let (_, number) = text.rsplit_once("(os error ")?;
    let number = number.split(')').next()?.parse().ok()?;
    Some(std::io::Error::from_raw_os_error(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_as_such() {
        let text = "parquet: File out of specification: underlying IO error: No space left on device (os error 28)";
        let error = failed(Path::new("cells.parquet"), &PolarsError::ComputeError(text.into()));
        let fault = &error.faults()[0];
        assert_eq!(fault.code, "io");
        #[cfg(target_os = "linux")]
        assert!(fault.help.as_ref().unwrap().starts_with("free some space"), "{fault:?}");
        assert!(system_error("no such column").is_none() && system_error("(os error x)").is_none());
    }
}
