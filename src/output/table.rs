//! Writing and reading tables as Parquet, checked against the schema.

use std::fs::File;
use std::path::Path;

use geo::{BoundingRect, Geometry};
use polars::prelude::{
    BinaryChunked, BooleanChunked, Column as Series, DataFrame, Float64Chunked, IntoColumn, KeyValueMetadata,
    NewChunkedArray, ParquetReader, ParquetWriter, SerReader, StringChunked, UInt32Chunked,
};
use serde_json::json;

use super::schema::{Kind, Table};
use crate::error::{Fault, Result};

/// The values of a column.
pub enum Values {
    /// Text.
    Text(Vec<Option<String>>),
    /// Whole numbers.
    Whole(Vec<Option<u32>>),
    /// Numbers.
    Number(Vec<Option<f64>>),
    /// True or false.
    Flag(Vec<bool>),
    /// Geometries, longitude first.
    Geometry(Vec<Geometry<f64>>),
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
            Values::Text(_) => Kind::Text,
            Values::Whole(_) => Kind::Whole,
            Values::Number(_) => Kind::Number,
            Values::Flag(_) => Kind::Flag,
            Values::Geometry(_) => Kind::Geometry,
        }
    }

    fn has_null(&self) -> bool {
        match self {
            Values::Text(v) => v.contains(&None),
            Values::Whole(v) => v.contains(&None),
            Values::Number(v) => v.iter().any(|x| x.is_none_or(f64::is_nan)),
            Values::Flag(_) | Values::Geometry(_) => false,
        }
    }
}

/// Writes a table into a run's folder; geometry makes it GeoParquet 1.1.
///
/// # Errors
/// The disk refuses it, or the values do not fit the schema (an internal fault).
pub fn write(folder: &Path, table: &Table, values: Vec<Values>) -> Result<()> {
    crate::stages::meter::say(table.file);
    write_as(&folder.join(table.file), table, values)
}

/// As [`write()`], into a file of any name.
///
/// # Errors
/// As [`write()`].
pub fn write_as(path: &Path, table: &Table, values: Vec<Values>) -> Result<()> {
    let broken = |what: String| Fault::new("internal::table", format!("{}: {what}; please report this", table.file));
    if values.len() != table.columns.len() {
        return Err(broken(format!("{} columns instead of {}", values.len(), table.columns.len())).into());
    }
    let mut height = None;
    let mut metadata = Vec::new();
    let mut columns: Vec<Series> = Vec::with_capacity(values.len());
    for (spec, values) in table.columns.iter().zip(values) {
        if values.kind() != spec.kind || (values.has_null() && !spec.nullable) {
            return Err(broken(format!("the column `{}` is not what the schema says", spec.name)).into());
        }
        if let Values::Geometry(shapes) = &values {
            metadata.push(("geo".to_owned(), geo_metadata(shapes).to_string()));
        }
        let column = series(spec.name, values).map_err(|e| broken(e.to_string()))?;
        if *height.get_or_insert(column.len()) != column.len() {
            return Err(broken(format!("the column `{}` has another length", spec.name)).into());
        }
        columns.push(column);
    }
    write_frame(path, height.unwrap_or(0), columns, (!metadata.is_empty()).then_some(metadata))
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
    let failed = |e: polars::prelude::PolarsError| {
        Fault::new("io", format!("cannot write the table: {e}")).file(path).help("check the disk, then run again")
    };
    let mut frame = DataFrame::new(height, columns)
        .map_err(|e| Fault::new("internal::table", format!("{e}; please report this")).file(path))?;
    let file = File::create(path).map_err(|e| Fault::io("write a table", path, &e))?;
    ParquetWriter::new(file)
        .with_key_value_metadata(metadata.map(KeyValueMetadata::from_static))
        .finish(&mut frame)
        .map_err(failed)?;
    Ok(())
}

fn series(name: &str, values: Values) -> Result<Series, wkb::error::WkbError> {
    let name = name.into();
    Ok(match values {
        Values::Text(v) => StringChunked::from_iter_options(name, v.into_iter()).into_column(),
        Values::Whole(v) => UInt32Chunked::from_iter_options(name, v.into_iter()).into_column(),
        Values::Number(v) => Float64Chunked::from_iter_options(name, v.into_iter()).into_column(),
        Values::Flag(v) => BooleanChunked::from_slice(name, &v).into_column(),
        Values::Geometry(shapes) => {
            let mut bytes = Vec::with_capacity(shapes.len());
            for shape in &shapes {
                let mut buffer = Vec::new();
                wkb::writer::write_geometry(&mut buffer, shape, &wkb::writer::WriteOptions::default())?;
                bytes.push(buffer);
            }
            BinaryChunked::from_slice(name, &bytes).into_column()
        }
    })
}

/// The `geo` key of GeoParquet 1.1; without `crs` it is OGC:CRS84.
fn geo_metadata(shapes: &[Geometry<f64>]) -> serde_json::Value {
    let mut types: Vec<&str> = shapes
        .iter()
        .map(|shape| match shape {
            Geometry::Point(_) => "Point",
            Geometry::LineString(_) => "LineString",
            Geometry::Polygon(_) => "Polygon",
            Geometry::MultiPolygon(_) => "MultiPolygon",
            _ => "GeometryCollection",
        })
        .collect();
    types.sort_unstable();
    types.dedup();
    let mut column = json!({ "encoding": "WKB", "geometry_types": types, "orientation": "counterclockwise" });
    let boxes = shapes.iter().filter_map(BoundingRect::bounding_rect);
    let bounds = boxes.map(|r| [r.min().x, r.min().y, r.max().x, r.max().y]);
    if let Some(b) = bounds.reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]) {
        column["bbox"] = json!(b);
    }
    json!({ "version": "1.1.0", "primary_column": "geometry", "columns": { "geometry": column } })
}

/// Reads some columns of a table of a finished run.
///
/// # Errors
/// The file is missing, is not Parquet, or lacks a column.
pub fn read(folder: &Path, table: &Table, columns: &[&str]) -> Result<DataFrame> {
    let path = folder.join(table.file);
    let file = File::open(&path).map_err(|e| Fault::io("read a table of the run", &path, &e))?;
    let wanted: Vec<String> = columns.iter().map(|&c| c.to_owned()).collect();
    ParquetReader::new(file).with_columns(Some(wanted)).finish().map_err(|e| {
        Fault::new("run::table", format!("cannot be read: {e}"))
            .file(&path)
            .help("the folder must be a finished run of this version of gandan")
            .into()
    })
}
