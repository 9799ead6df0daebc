//! Reading a finished run: its tables column by column, and its manifest.

use std::ops::Range;
use std::path::Path;

use polars::prelude::{
    BinaryChunked, BooleanChunked, Column, DataFrame, Float64Chunked, PolarsResult, StringChunked, UInt32Chunked,
};
use serde_json::Value;

use super::schema::Table;
use super::table;
use crate::error::{Error, Fault, Result};
use crate::limits;

/// What to do about a folder that is no run.
pub(super) const NO_RUN: &str = "the folder must be a finished run of this version of gandan";

/// Some columns of a table of a run.
pub struct Rows {
    frame: DataFrame,
    file: &'static str,
}

impl Rows {
    /// Reads them.
    ///
    /// # Errors
    /// The file is missing, is not Parquet, or lacks a column.
    pub(super) fn read(folder: &Path, table: &Table, columns: &[&str]) -> Result<Rows> {
        Ok(Rows { frame: table::read(folder, table, columns)?, file: table.file })
    }

    /// Reads some of the rows.
    ///
    /// # Errors
    /// As [`Rows::read`].
    pub(super) fn read_piece(folder: &Path, table: &Table, columns: &[&str], rows: Range<usize>) -> Result<Rows> {
        Ok(Rows { frame: table::read_rows(folder, table, columns, Some(rows))?, file: table.file })
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.frame.height()
    }

    fn column<'a, T>(&'a self, name: &str, of: impl FnOnce(&'a Column) -> PolarsResult<T>) -> Result<T> {
        self.frame.column(name).and_then(of).map_err(|e| {
            Fault::new("run::table", format!("the column `{name}` cannot be read: {e}"))
                .file(self.file)
                .help(NO_RUN)
                .into()
        })
    }

    /// A column of text.
    pub(super) fn text(&self, name: &str) -> Result<&StringChunked> {
        self.column(name, Column::str)
    }

    /// A column of whole numbers.
    pub(super) fn whole(&self, name: &str) -> Result<&UInt32Chunked> {
        self.column(name, Column::u32)
    }

    /// A column of numbers.
    pub(super) fn number(&self, name: &str) -> Result<&Float64Chunked> {
        self.column(name, Column::f64)
    }

    /// A column of flags.
    pub(super) fn flag(&self, name: &str) -> Result<&BooleanChunked> {
        self.column(name, Column::bool)
    }

    /// The geometries, as WKB.
    pub(super) fn shapes(&self) -> Result<&BinaryChunked> {
        self.column("geometry", Column::binary)
    }

    /// A column of text without gaps.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>> {
        Ok(self.text(name)?.iter().map(|t| t.unwrap_or_default().to_owned()).collect())
    }

    /// A column of text.
    pub(super) fn maybe_texts(&self, name: &str) -> Result<Vec<Option<String>>> {
        Ok(self.text(name)?.iter().map(|t| t.map(str::to_owned)).collect())
    }

    /// A column of whole numbers without gaps.
    pub(super) fn wholes(&self, name: &str) -> Result<Vec<u32>> {
        Ok(self.whole(name)?.iter().map(Option::unwrap_or_default).collect())
    }

    /// A column of whole numbers.
    pub(super) fn maybe_wholes(&self, name: &str) -> Result<Vec<Option<u32>>> {
        Ok(self.whole(name)?.iter().collect())
    }

    /// A column of numbers.
    pub(super) fn maybe_numbers(&self, name: &str) -> Result<Vec<Option<f64>>> {
        Ok(self.number(name)?.iter().collect())
    }

    /// A column of numbers without gaps.
    pub(super) fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        Ok(self.number(name)?.iter().map(Option::unwrap_or_default).collect())
    }

    /// A column of flags without gaps.
    pub(super) fn flags(&self, name: &str) -> Result<Vec<bool>> {
        Ok(self.flag(name)?.iter().map(Option::unwrap_or_default).collect())
    }
}

/// The manifest of a run.
///
/// # Errors
/// It cannot be read, or is not JSON.
pub(super) fn manifest(folder: &Path) -> Result<Value> {
    json(folder, "manifest.json", "run::manifest")
}

/// A JSON file of a run.
///
/// # Errors
/// It cannot be read, or is not JSON: `code`.
pub(super) fn json(folder: &Path, name: &str, code: &'static str) -> Result<Value> {
    let path = folder.join(name);
    let most = limits::JSON_BYTES;
    let read = limits::read_bytes("read a file of the run", &path, "a file of a run", most, NO_RUN);
    // Whatever is wrong, most likely the folder is no run.
    let bytes = read.map_err(|error| match error {
        Error::Input(faults) => Error::Input(faults.into_iter().map(|fault| fault.help(NO_RUN)).collect()),
        other => other,
    })?;
    serde_json::from_slice(&bytes)
        .map_err(|e| Fault::new(code, format!("this is no JSON: {e}")).file(&path).help(NO_RUN).into())
}

/// The standard of service of a run.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Standard {
    /// Longest travel time in minutes.
    pub minutes: f64,
    /// Longest great-circle distance in km.
    pub radius_km: f64,
    /// How the two combine.
    pub rule: String,
}

impl Standard {
    /// As the manifest tells it.
    ///
    /// # Errors
    /// It does not.
    pub(super) fn of_manifest(folder: &Path, manifest: &Value) -> Result<Standard> {
        let of = &manifest["settings"]["standard"];
        let (Some(minutes), Some(radius_km), Some(rule)) =
            (of["minutes"].as_f64(), of["radius_km"].as_f64(), of["rule"].as_str())
        else {
            return Err(Fault::new("run::manifest", "it does not tell the standard of the run")
                .file(folder.join("manifest.json"))
                .help(NO_RUN)
                .into());
        };
        Ok(Standard { minutes, radius_km, rule: rule.to_owned() })
    }

    /// Whether a time in seconds and a distance in metres keep it.
    pub(super) fn serves(&self, time_s: Option<f64>, distance_m: Option<f64>) -> bool {
        let in_time = time_s.is_some_and(|t| t <= self.minutes * 60.0);
        let in_radius = distance_m.is_some_and(|d| d <= self.radius_km * 1000.0);
        match self.rule.as_str() {
            "either" => in_time || in_radius,
            "both" => in_time && in_radius,
            "time" => in_time,
            _ => in_radius,
        }
    }
}

impl std::fmt::Display for Standard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Standard { minutes, radius_km, rule } = self;
        match rule.as_str() {
            "either" => write!(f, "{minutes} minutes or {radius_km} km"),
            "both" => write!(f, "{minutes} minutes and {radius_km} km"),
            "time" => write!(f, "{minutes} minutes"),
            _ => write!(f, "{radius_km} km"),
        }
    }
}
