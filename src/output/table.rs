//! Writing and reading tables as Parquet, checked against the schema.

mod geo;
mod pieces;
mod stamp;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::ops::Range;
use std::path::Path;

use ::geo::Geometry;
use polars::prelude::{
    BooleanChunked, Column as Series, DataFrame, Float64Chunked, IdxCa, IntoColumn, NewChunkedArray, ParquetReader,
    PolarsResult, SerReader, StringChunked, UInt32Chunked,
};

pub use geo::Shapes;
pub use pieces::{GROUP_ROWS, Pieces};
pub use stamp::{KEY, RunFolder, Stamp};

use super::schema::{Kind, Table};
use crate::decoders::{UNEVEN, caught, even};
use crate::error::{Error, Fault, Result};
use crate::ingest::parquet_guard;
use geo::Summary;
pub(in crate::output) use pieces::ParquetFile;
use pieces::internal;

/// The values of a column.
pub enum Values {
    /// Text.
    Text(Vec<Option<String>>),
    /// Text that many rows share, by its number among some names.
    Named(Names, Vec<Option<u32>>),
    /// Whole numbers.
    Whole(Vec<Option<u32>>),
    /// Numbers.
    Number(Vec<Option<f64>>),
    /// True or false.
    Flag(Vec<bool>),
    /// Geometries, longitude first.
    Geometry(Vec<Geometry<f64>>),
    /// Geometries that many rows share, by their number.
    Shapes(Shapes, Vec<u32>),
}

/// Names that rows speak of by number; a copy costs nothing.
#[derive(Clone)]
pub struct Names(Series);

impl Names {
    /// Some names, numbered from 0.
    pub fn new<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> Names {
        let names: Vec<T> = names.into_iter().collect();
        Names(
            StringChunked::from_slice("".into(), &names.iter().map(AsRef::as_ref).collect::<Vec<&str>>()).into_column(),
        )
    }
}

impl Values {
    /// Text without gaps.
    pub fn text<T: Into<String>>(values: impl IntoIterator<Item = T>) -> Self {
        Values::Text(values.into_iter().map(|v| Some(v.into())).collect())
    }

    /// Whole numbers without gaps.
    pub fn whole(values: impl IntoIterator<Item = u32>) -> Self {
        Values::Whole(values.into_iter().map(Some).collect())
    }

    /// Numbers without gaps.
    pub fn number(values: impl IntoIterator<Item = f64>) -> Self {
        Values::Number(values.into_iter().map(Some).collect())
    }

    fn kind(&self) -> Kind {
        match self {
            Values::Text(_) | Values::Named(..) => Kind::Text,
            Values::Whole(_) => Kind::Whole,
            Values::Number(_) => Kind::Number,
            Values::Flag(_) => Kind::Flag,
            Values::Geometry(_) | Values::Shapes(..) => Kind::Geometry,
        }
    }

    fn has_null(&self) -> bool {
        match self {
            Values::Text(v) => v.contains(&None),
            Values::Whole(v) | Values::Named(_, v) => v.contains(&None),
            Values::Number(v) => v.iter().any(|x| x.is_none_or(f64::is_nan)),
            Values::Flag(_) | Values::Geometry(_) | Values::Shapes(..) => false,
        }
    }
}

/// Writes a table into a run's folder; geometry makes it GeoParquet 1.1.
///
/// # Errors
/// The disk refuses it, or the values do not fit the schema (an internal fault).
pub fn write(folder: &RunFolder, table: &Table, values: Vec<Values>) -> Result<()> {
    crate::stages::meter::say(table.file);
    write_stamped(&folder.join(table.file), table, folder.stamp(), values)
}

/// As [`write()`], into a file of any name that belongs to no run.
///
/// # Errors
/// As [`write()`].
pub fn write_as(path: &Path, table: &Table, values: Vec<Values>) -> Result<()> {
    write_stamped(path, table, &Stamp::default(), values)
}

fn write_stamped(path: &Path, table: &Table, stamp: &Stamp, values: Vec<Values>) -> Result<()> {
    let mut pieces = Pieces::begin(path, table, stamp)?;
    pieces.write(values)?;
    pieces.finish()
}

impl RunFolder<'_> {
    /// Begins a table that is written in pieces.
    ///
    /// # Errors
    /// The disk refuses it.
    pub fn pieces<'t>(&self, table: &'t Table) -> Result<Pieces<'t>> {
        Pieces::begin(&self.join(table.file), table, self.stamp())
    }
}

/// The columns of some rows, checked against the schema; `summary` takes their geometries in.
fn columns_of(table: &Table, values: Vec<Values>, mut summary: Option<&mut Summary>) -> Result<Vec<Series>> {
    let given = table.columns.iter().filter(|c| c.kind != Kind::Bbox).count();
    if values.len() != given {
        return Err(internal(table, &format!("{} columns instead of {given}", values.len())));
    }
    let mut specs = table.columns.iter().filter(|c| c.kind != Kind::Bbox);
    let mut columns: Vec<Series> = Vec::with_capacity(table.columns.len());
    for values in values {
        let Some(spec) = specs.next() else { break };
        if values.kind() != spec.kind || (values.has_null() && !spec.nullable) {
            return Err(internal(table, &format!("the column `{}` is not what the schema says", spec.name)));
        }
        let broken = |e: polars::prelude::PolarsError| internal(table, &format!("{}: {e}", spec.name));
        let height = columns.first().map(Series::len);
        let (shapes, of) = match values {
            Values::Geometry(shapes) => (Shapes::of(&shapes)?, (0..shapes.len() as u32).collect()),
            Values::Shapes(shapes, of) => (shapes, of),
            values => {
                columns.push(series(spec.name, values).map_err(broken)?);
                (Shapes::default(), Vec::new())
            }
        };
        if spec.kind == Kind::Geometry {
            if let Some(summary) = summary.as_mut() {
                summary.join(shapes.summary());
            }
            let of = IdxCa::from_vec("".into(), of);
            let (geometry, fields) = shapes.columns();
            let fields: PolarsResult<Vec<Series>> = fields.iter().map(|field| field.take(&of)).collect();
            let bbox = fields.and_then(|fields| geo::bbox(&fields));
            columns.extend([geometry.take(&of).map_err(broken)?, bbox.map_err(broken)?]);
        }
        if columns.last().is_some_and(|c| height.is_some_and(|height| height != c.len())) {
            return Err(internal(table, &format!("the column `{}` has another length", spec.name)));
        }
    }
    // A geometry makes two columns: the schema must know of both.
    if columns.len() != table.columns.len() {
        return Err(internal(table, "a geometry stands without its box in the schema"));
    }
    Ok(columns)
}

/// Writes columns of one height as a Parquet file, with metadata for the whole file.
///
/// # Errors
/// The disk refuses it, or the columns do not fit together (an internal fault).
pub fn write_frame(
    path: &Path,
    height: usize,
    columns: Vec<Series>,
    metadata: Option<Vec<(String, String)>>,
) -> Result<()> {
    let mut frame = DataFrame::new(height, columns)
        .map_err(|e| Fault::new("internal::table", format!("{e}; please report this")).file(path))?;
    frame.rechunk_mut();
    let mut file = ParquetFile::begin(path, frame.schema())?;
    file.write(&frame, FRAME_GROUP_ROWS)?;
    file.end(metadata.unwrap_or_default())
}

/// Rows of a row group of tables that are read as a whole.
const FRAME_GROUP_ROWS: usize = 1 << 18;

fn series(name: &str, values: Values) -> PolarsResult<Series> {
    let name = name.into();
    Ok(match values {
        Values::Text(v) => StringChunked::from_iter_options(name, v.into_iter()).into_column(),
        Values::Named(names, v) => {
            let of = UInt32Chunked::from_iter_options("".into(), v.into_iter());
            names.0.take(&of)?.with_name(name)
        }
        Values::Whole(v) => UInt32Chunked::from_iter_options(name, v.into_iter()).into_column(),
        // Plus 0, so that a sum of nothing is 0 and not −0.
        Values::Number(v) => {
            Float64Chunked::from_iter_options(name, v.into_iter().map(|v| v.map(|v| v + 0.0))).into_column()
        }
        Values::Flag(v) => BooleanChunked::from_slice(name, &v).into_column(),
        // Two columns, made where they are known to be wanted.
        Values::Geometry(_) | Values::Shapes(..) => Series::new_empty(name, &polars::prelude::DataType::Binary),
    })
}

/// Reads some columns of a table of a finished run.
///
/// # Errors
/// The file is missing, is not Parquet, or lacks a column.
pub fn read(folder: &Path, table: &Table, columns: &[&str]) -> Result<DataFrame> {
    read_rows(folder, table, columns, None)
}

/// As [`read`], only some of the rows.
///
/// # Errors
/// As [`read`].
pub fn read_rows(folder: &Path, table: &Table, columns: &[&str], rows: Option<Range<usize>>) -> Result<DataFrame> {
    let path = folder.join(table.file);
    let wanted: Vec<String> = columns.iter().map(|&c| c.to_owned()).collect();
    let whole = rows.is_none();
    let reader = ParquetReader::new(open(&path, whole)?).with_columns(Some(wanted));
    let read = caught(|| reader.with_slice(rows.map(|rows| (rows.start, rows.len()))).finish());
    let frame = read.map_err(|what| unreadable(&path, &what))?.map_err(|e| unreadable(&path, &e))?;
    if even(&frame) { Ok(frame) } else { Err(unreadable(&path, &UNEVEN)) }
}

/// The rows of a table of a finished run in the pieces in which they are stored: each can be read without the others.
///
/// # Errors
/// The file is missing or is not Parquet.
pub fn pieces(folder: &Path, table: &Table) -> Result<Vec<Range<usize>>> {
    let path = folder.join(table.file);
    let mut reader = ParquetReader::new(open(&path, true)?);
    let read = caught(|| reader.get_metadata().cloned());
    let metadata = read.map_err(|what| unreadable(&path, &what))?.map_err(|e| unreadable(&path, &e))?;
    let mut end = 0;
    let piece = |rows: usize| {
        let start = end;
        end += rows;
        start..end
    };
    Ok(metadata.row_groups.iter().map(|group| group.num_rows()).map(piece).collect())
}

/// Opens a table; its sizes are looked at unless that was done when its pieces were asked for.
fn open(path: &Path, look: bool) -> Result<File> {
    if look {
        return parquet_guard::open("read a table of the run", path, "run::table");
    }
    Ok(crate::files::open(path).map_err(|e| Fault::io("read a table of the run", path, &e))?)
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Fault::new("run::table", format!("cannot be read: {error}"))
        .file(path)
        .help("the folder must be a finished run of this version of gandan")
        .into()
}
