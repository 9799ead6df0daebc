//! Writing a table row group by row group, so that its size does not matter for the memory that takes.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use polars::prelude::{
    BatchedWriter, Column as Series, DataFrame, DataType, IntoColumn, KeyValueMetadata, ParquetWriter, PolarsError,
    Schema, Series as Array,
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
    file: ParquetFile,
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
            file: ParquetFile::begin(path, empty.schema())?,
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
        self.file.write(&rows, GROUP_ROWS)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// The disk refuses it.
    pub fn finish(self) -> Result<()> {
        let mut metadata = vec![(KEY.to_owned(), self.told)];
        metadata.extend(self.summary.map(|summary| ("geo".to_owned(), summary.metadata().to_string())));
        self.file.end(metadata)
    }
}

/// A Parquet file of zstd that is being written.
pub(in crate::output) struct ParquetFile {
    path: PathBuf,
    writer: BatchedWriter<BufWriter<Disk>>,
    refusal: Refusal,
}

impl ParquetFile {
    /// Begins a file with some columns.
    ///
    /// # Errors
    /// The disk refuses it.
    pub fn begin(path: &Path, columns: &Schema) -> Result<ParquetFile> {
        let file = File::create(path).map_err(|e| Fault::io("write a table", path, &e))?;
        let refusal = Refusal::default();
        let disk = BufWriter::new(Disk { file, refusal: refusal.clone() });
        let writer = ParquetWriter::new(disk).batched(columns).map_err(|e| refusal.fault(path, &e.to_string()))?;
        Ok(ParquetFile { path: path.to_owned(), writer, refusal })
    }

    /// Writes rows, whose columns are of one chunk, in groups.
    ///
    /// # Errors
    /// The disk refuses it.
    pub fn write(&mut self, rows: &DataFrame, group_rows: usize) -> Result<()> {
        for from in (0..rows.height()).step_by(group_rows) {
            let group = rows.slice(from as i64, group_rows);
            self.writer.write_batch(&group).map_err(|e| self.refusal.fault(&self.path, &e.to_string()))?;
        }
        Ok(())
    }

    /// Ends the file. Only what is given stands in its metadata: the arrow schema that polars would add names types (views
    /// of text and bytes) that other readers do not know or cannot filter, and all types follow from Parquet's own.
    ///
    /// # Errors
    /// The disk refuses it.
    pub fn end(self, metadata: Vec<(String, String)>) -> Result<()> {
        let metadata = match KeyValueMetadata::from_static(metadata) {
            KeyValueMetadata::Static(pairs) => pairs,
            KeyValueMetadata::DynamicRust(_) => Vec::new(),
        };
        // A writer that panicked in another thread has failed there already.
        let mut file = self.writer.get_writer().lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.end(Some(metadata)).map_err(|e| self.refusal.fault(&self.path, &e.to_string()))?;
        Ok(())
    }
}

/// The number of the last error of the system while a file was written, 0 for none. polars passes some on as text alone,
/// and of others tells only that there was one.
#[derive(Debug, Default, Clone)]
struct Refusal(Arc<AtomicI32>);

impl Refusal {
    fn fault(&self, path: &Path, told: &str) -> Error {
        match self.0.load(Ordering::Relaxed) {
            0 => Fault::new("io", format!("cannot write the table: {told}"))
                .file(path)
                .help("check the disk, then run again")
                .into(),
            number => Fault::io("write the table", path, &std::io::Error::from_raw_os_error(number)).into(),
        }
    }
}

/// A file that remembers why it could not be written.
struct Disk {
    file: File,
    refusal: Refusal,
}

impl Disk {
    fn noting<T>(&self, done: std::io::Result<T>) -> std::io::Result<T> {
        if let Err(number) = done.as_ref().map_err(|e| e.raw_os_error().unwrap_or(0)) {
            self.refusal.0.store(number, Ordering::Relaxed);
        }
        done
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let done = self.file.write(bytes);
        self.noting(done)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let done = self.file.flush();
        self.noting(done)
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

#[cfg(test)]
mod tests {
    use polars::prelude::NewChunkedArray;

    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_as_such() {
        let column = polars::prelude::UInt32Chunked::from_slice("n".into(), &[1, 2, 3]).into_column();
        let rows = DataFrame::new(3, vec![column]).unwrap();
        let mut file = ParquetFile::begin(Path::new("/dev/full"), rows.schema()).unwrap();
        let error = file.write(&rows, 1).and_then(|()| file.end(Vec::new())).unwrap_err();
        let fault = &error.faults()[0];
        assert_eq!(fault.code, "io");
        assert!(fault.message.contains("No space left"), "{fault:?}");
        assert!(fault.help.as_ref().unwrap().starts_with("free some space"), "{fault:?}");
    }
}
