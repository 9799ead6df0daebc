//! The columns of one table, from Parquet or CSV, with the place of every value.

use std::borrow::Cow;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::{AnyValue, ArrowDataType, DataFrame, DataType, ParquetReader, PolarsError, SerReader};

use super::csv_guard::{SHORTEN, Watched, too_long};
use super::parquet_guard;
use crate::decoders::{UNEVEN, caught, even};
use crate::error::{Fault, Faults, Result};
use crate::limits;

/// The largest number that a table may hold, in its own unit.
const LARGEST: f64 = 1e15;

/// Row or site ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ids {
    /// Whole numbers, from a column of whole numbers.
    Whole(Vec<i64>),
    /// Text as it stood in the file.
    Text(Vec<String>),
}

impl Ids {
    /// How many there are.
    #[allow(clippy::len_without_is_empty)] // tables of ids are never empty
    pub fn len(&self) -> usize {
        match self {
            Ids::Whole(ids) => ids.len(),
            Ids::Text(ids) => ids.len(),
        }
    }

    /// The id at a position, as text. Panics past the end.
    pub fn text(&self, at: usize) -> Cow<'_, str> {
        match self {
            Ids::Whole(ids) => Cow::Owned(ids[at].to_string()),
            Ids::Text(ids) => Cow::Borrowed(&ids[at]),
        }
    }

    /// The id at a position as JSON: a number or a string. Panics past the end.
    pub fn json(&self, at: usize) -> serde_json::Value {
        match self {
            Ids::Whole(ids) => ids[at].into(),
            Ids::Text(ids) => ids[at].as_str().into(),
        }
    }
}

enum Column {
    Text(Vec<Option<String>>),
    Whole(Vec<Option<i64>>),
    Number(Vec<Option<f64>>),
    Flag(Vec<Option<bool>>),
}

/// The wanted columns of one file.
pub(crate) struct Frame {
    path: PathBuf,
    columns: Vec<(String, Column)>,
    /// The line of each row in a CSV file.
    lines: Option<Vec<u64>>,
    len: usize,
}

/// Faults of one kind in one file.
pub(crate) struct Kind<'a> {
    frame: &'a Frame,
    code: &'static str,
    help: &'a str,
    faults: Faults,
}

impl<'a> Kind<'a> {
    pub(crate) fn new(frame: &'a Frame, code: &'static str, help: &'a str) -> Self {
        Kind { frame, code, help, faults: Faults::default() }
    }

    /// Notes a fault, at a row of the table where there is one.
    pub(crate) fn add(&mut self, at: Option<usize>, message: String) {
        let fault = Fault::new(self.code, message).file(&self.frame.path).help(self.help);
        self.faults.push(match at {
            Some(at) => fault.place(self.frame.place(at)),
            None => fault,
        });
    }

    pub(crate) fn finish(self, faults: &mut Faults) {
        // A collector finishes with nothing but faults, and these are kept.
        let _ = faults.keep(self.faults.finish());
    }
}

impl Frame {
    /// Reads the columns that are needed and those of the optional ones that are there.
    pub(crate) fn open(path: &Path, needed: &[&str], optional: &[&str]) -> Result<Frame> {
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        match ending.as_str() {
            "csv" => Frame::open_csv(path, needed, optional),
            "parquet" => caught(|| Frame::open_parquet(path, needed, optional))
                .unwrap_or_else(|what| Err(broken(path, &what).into())),
            _ => Err(Fault::new("table::format", format!("the ending `.{ending}` says neither CSV nor Parquet"))
                .file(path)
                .help("give a file that ends in .csv or .parquet")
                .into()),
        }
    }

    fn open_csv(path: &Path, needed: &[&str], optional: &[&str]) -> Result<Frame> {
        let file = crate::files::open(path).map_err(|e| Fault::io("open the table", path, &e))?;
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(Watched::new(file));
        let header: Vec<String> = reader
            .headers()
            .map_err(|e| broken_csv(path, &e))?
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').trim().to_owned())
            .collect();
        let wanted = wanted(path, &header, needed, optional)?;
        let mut columns: Vec<(String, Vec<Option<String>>)> =
            wanted.iter().map(|&at| (header[at].clone(), Vec::new())).collect();
        let mut lines = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|e| broken_csv(path, &e))?;
            if lines.len() >= u32::MAX as usize {
                let many = Fault::new("file::too-large", format!("the table has more than {} rows", u32::MAX));
                return Err(many.file(path).help("cut it into several problems").into());
            }
            lines.push(record.position().map_or(0, csv::Position::line));
            for (&at, (_, values)) in wanted.iter().zip(&mut columns) {
                values.push(record.get(at).filter(|text| !text.is_empty()).map(str::to_owned));
            }
        }
        let columns = columns.into_iter().map(|(name, values)| (name, Column::Text(values))).collect();
        Ok(Frame { path: path.to_owned(), columns, len: lines.len(), lines: Some(lines) })
    }

    fn open_parquet(path: &Path, needed: &[&str], optional: &[&str]) -> Result<Frame> {
        let (mut reader, _) = parquet(path, "table::format")?.map_err(|e| broken(path, &e))?;
        let schema = reader.schema().map_err(|e| broken(path, &e))?;
        let header: Vec<String> = schema.iter_names().map(|name| name.to_string()).collect();
        let wanted = wanted(path, &header, needed, optional)?;
        let mut faults = Faults::default();
        for &at in &wanted {
            let known = schema.get_at_index(at).is_some_and(|(_, field)| is_plain(&field.dtype));
            if !known {
                let message = format!("the column `{}` is of a type that is not read", header[at]);
                faults.push(Fault::new("table::columns", message).file(path).help(CONVERT));
            }
        }
        faults.finish()?;
        let names: Vec<String> = wanted.iter().map(|&at| header[at].clone()).collect();
        let frame = reader.with_columns(Some(names.clone())).finish().map_err(|e| broken(path, &e))?;
        if !even(&frame) {
            return Err(broken(path, &UNEVEN).into());
        }
        let columns: Result<Vec<_>> =
            names.into_iter().map(|name| column(path, &frame, &name).map(|values| (name, values))).collect();
        Ok(Frame { path: path.to_owned(), columns: columns?, len: frame.height(), lines: None })
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|(known, _)| known == name)
    }

    fn column(&self, name: &str) -> Result<&Column> {
        let found = self.columns.iter().find(|(known, _)| known == name).map(|(_, column)| column);
        Ok(found.ok_or_else(|| Fault::new("table::columns", format!("no column `{name}`")).file(&self.path))?)
    }

    fn place(&self, at: usize) -> String {
        match &self.lines {
            Some(lines) => format!("line {}", lines.get(at).copied().unwrap_or_default()),
            None => format!("row {}", at + 1),
        }
    }

    /// The ids of a column; whole numbers only where the file's type says so, since `007` is not `7`.
    pub(crate) fn ids(&self, name: &str) -> Result<Ids> {
        let mut missing = Kind::new(self, "table::id", "give every line an id: a whole number or text");
        let mut none = |at: usize| missing.add(Some(at), format!("no {name}"));
        let ids = match self.column(name)? {
            Column::Whole(values) => Ids::Whole(filled(values, &mut none)),
            Column::Text(values) => Ids::Text(filled(values, &mut none)),
            Column::Number(values) => {
                // Other tools turn whole numbers into floating point where a value was missing.
                let whole =
                    |v: &Option<f64>| v.filter(|v| v.fract() == 0.0 && v.abs() < 2f64.powi(53)).map(|v| v as i64);
                Ids::Whole(filled(&values.iter().map(whole).collect::<Vec<_>>(), &mut none))
            }
            Column::Flag(values) => {
                Ids::Text(filled(&values.iter().map(|v| v.map(|v| v.to_string())).collect::<Vec<_>>(), &mut none))
            }
        };
        let mut faults = Faults::default();
        missing.finish(&mut faults);
        faults.finish()?;
        Ok(ids)
    }

    /// The amounts of a column as integers, and their scale: 1 where all are whole numbers, else 1000.
    pub(crate) fn amounts(&self, name: &str) -> Result<(Vec<u64>, u64)> {
        let mut bad = Kind::new(self, "table::value", "give a number from 0 to 10^15");
        let mut amounts: Vec<f64> = Vec::with_capacity(self.len);
        let mut note = |at: usize, value: Option<f64>, shown: &dyn std::fmt::Display| match value {
            Some(v) if (0.0..=LARGEST).contains(&v) => amounts.push(v),
            _ => bad.add(Some(at), format!("the {name} is {shown}")),
        };
        match self.column(name)? {
            Column::Text(values) => values.iter().enumerate().for_each(|(at, text)| match text {
                Some(text) => note(at, text.parse().ok(), &format!("`{text}`")),
                None => note(at, None, &"missing"),
            }),
            Column::Whole(values) => values.iter().enumerate().for_each(|(at, v)| match v {
                Some(v) => note(at, Some(*v as f64), v),
                None => note(at, None, &"missing"),
            }),
            Column::Number(values) => values.iter().enumerate().for_each(|(at, v)| match v {
                Some(v) => note(at, Some(*v), v),
                None => note(at, None, &"missing"),
            }),
            Column::Flag(_) => note(0, None, &"true or false"),
        }
        let mut faults = Faults::default();
        bad.finish(&mut faults);
        faults.finish()?;
        let scale = if amounts.iter().all(|v| v.fract() == 0.0) { 1_u64 } else { 1000 };
        Ok((amounts.into_iter().map(|v| (v * scale as f64).round() as u64).collect(), scale))
    }

    /// The degrees of a column, from −`limit` to `limit`.
    pub(crate) fn degrees(&self, name: &str, limit: f64) -> Result<Vec<f64>> {
        let help = format!("give degrees from -{limit} to {limit}, with a decimal point; longitude stands in `lon`");
        let mut bad = Kind::new(self, "table::value", &help);
        let mut degrees = Vec::with_capacity(self.len);
        let mut note = |at: usize, value: Option<f64>, shown: String| match value {
            Some(v) if v.abs() <= limit => degrees.push(v),
            _ => bad.add(Some(at), format!("`{name}` is {shown}")),
        };
        let missing = || "missing".to_owned();
        match self.column(name)? {
            Column::Text(values) => values.iter().enumerate().for_each(|(at, text)| {
                let value = text.as_ref().and_then(|t| t.parse().ok());
                note(at, value, text.as_ref().map_or_else(missing, |t| format!("`{t}`")));
            }),
            Column::Whole(values) => values.iter().enumerate().for_each(|(at, v)| {
                note(at, v.map(|v| v as f64), v.map_or_else(missing, |v| v.to_string()));
            }),
            Column::Number(values) => values.iter().enumerate().for_each(|(at, v)| {
                note(at, *v, v.map_or_else(missing, |v| v.to_string()));
            }),
            Column::Flag(_) => note(0, None, "true or false".to_owned()),
        }
        let mut faults = Faults::default();
        bad.finish(&mut faults);
        faults.finish()?;
        Ok(degrees)
    }

    /// The flags of a column.
    pub(crate) fn flags(&self, name: &str) -> Result<Vec<bool>> {
        let mut bad = Kind::new(self, "table::value", "give true or false (or 1 or 0) in every line");
        let mut flags = Vec::with_capacity(self.len);
        let mut note = |at: usize, flag: Option<bool>, shown: &str| match flag {
            Some(flag) => flags.push(flag),
            None => bad.add(Some(at), format!("`{name}` is {shown}")),
        };
        let of_number = |v: f64| if v == 0.0 { Some(false) } else { (v == 1.0).then_some(true) };
        match self.column(name)? {
            Column::Text(values) => values.iter().enumerate().for_each(|(at, text)| match text {
                Some(text) => {
                    let flag = match text.to_ascii_lowercase().as_str() {
                        "true" | "1" | "yes" => Some(true),
                        "false" | "0" | "no" => Some(false),
                        _ => None,
                    };
                    note(at, flag, &format!("`{text}`"));
                }
                None => note(at, None, "missing"),
            }),
            Column::Whole(values) => values.iter().enumerate().for_each(|(at, v)| {
                note(at, v.and_then(|v| of_number(v as f64)), &v.map_or("missing".into(), |v| v.to_string()));
            }),
            Column::Number(values) => values.iter().enumerate().for_each(|(at, v)| {
                note(at, v.and_then(of_number), &v.map_or("missing".into(), |v| v.to_string()));
            }),
            Column::Flag(values) => values.iter().enumerate().for_each(|(at, v)| note(at, *v, "missing")),
        }
        let mut faults = Faults::default();
        bad.finish(&mut faults);
        faults.finish()?;
        Ok(flags)
    }
}

/// What to do with a column that [`is_plain`] refuses.
pub(super) const CONVERT: &str =
    "convert the column to text, true and false, whole numbers of 32 or 64 bits, or floating point";

/// Opens a Parquet file: its reader, and the file's own keys and values. Sizes that it claims and cannot have are told by
/// `code`.
///
/// The inner error is that of a file that is not Parquet. The key in which Arrow keeps its own types is set aside, so
/// that categories come as their text and WKB as bytes, whoever wrote the file.
pub(super) fn parquet(path: &Path, code: &'static str) -> Result<Result<(ParquetReader<File>, Keys), PolarsError>> {
    let file = parquet_guard::open("open the table", path, code)?;
    let mut reader = ParquetReader::new(file);
    let mut metadata = match reader.get_metadata() {
        Ok(metadata) => metadata.as_ref().clone(),
        Err(error) => return Ok(Err(error)),
    };
    let keys = metadata.key_value_metadata.take().unwrap_or_default();
    reader.set_metadata(Arc::new(metadata));
    Ok(Ok((reader, keys.into_iter().map(|entry| (entry.key, entry.value.unwrap_or_default())).collect())))
}

/// Keys and values of a whole file.
pub(super) type Keys = Vec<(String, String)>;

fn broken_csv(path: &Path, error: &csv::Error) -> Fault {
    if let Some((found, line)) = too_long(error) {
        return Fault::new("file::too-large", found).file(path).place(format!("line {line}")).help(SHORTEN);
    }
    let fault = broken(path, error);
    error.position().map_or(fault.clone(), |at| fault.place(format!("line {}", at.line())))
}

fn broken(path: &Path, error: &dyn std::fmt::Display) -> Fault {
    Fault::new("table::format", format!("cannot be read: {error}"))
        .file(path)
        .help("check the file; its ending must be its format")
}

/// The positions of the wanted columns in the header.
fn wanted(path: &Path, header: &[String], needed: &[&str], optional: &[&str]) -> Result<Vec<usize>> {
    let mut faults = Faults::default();
    let help = format!("the columns here are: {}", header.join(", "));
    let mut found = Vec::new();
    for (&name, is_needed) in needed.iter().map(|n| (n, true)).chain(optional.iter().map(|n| (n, false))) {
        let mut at = (0..header.len()).filter(|&at| header[at] == name);
        match (at.next(), at.next()) {
            (Some(at), None) => found.push(at),
            (Some(_), Some(_)) => {
                faults.push(Fault::new("table::columns", format!("two columns `{name}`")).file(path).help(&help));
            }
            (None, _) if is_needed => {
                faults.push(Fault::new("table::columns", format!("no column `{name}`")).file(path).help(&help));
            }
            (None, _) => {}
        }
    }
    faults.finish()?;
    Ok(found)
}

fn filled<T: Clone + Default>(values: &[Option<T>], none: &mut impl FnMut(usize)) -> Vec<T> {
    let fill = |(at, value): (usize, &Option<T>)| {
        value.clone().unwrap_or_else(|| {
            none(at);
            T::default()
        })
    };
    values.iter().enumerate().map(fill).collect()
}

/// Whether a column can be read: text, flags, and numbers of 32 and 64 bits. polars is built without the shorter ones,
/// which would double its code for each.
pub(super) fn is_plain(dtype: &ArrowDataType) -> bool {
    use ArrowDataType as A;
    matches!(
        dtype,
        A::Boolean
            | A::Int32
            | A::Int64
            | A::UInt32
            | A::UInt64
            | A::Float32
            | A::Float64
            | A::Utf8
            | A::LargeUtf8
            | A::Utf8View
    )
}

/// Refuses a column whose texts, copied out, take far more memory than the file: a dictionary holds a long text once, and
/// names it a million times.
pub(super) fn check_texts(path: &Path, column: &polars::prelude::Column) -> Result<()> {
    let total: u64 = match column.dtype() {
        DataType::String => column.str().map_or(0, |all| all.iter().flatten().map(|text| text.len() as u64).sum()),
        DataType::Binary => column.binary().map_or(0, |all| all.iter().flatten().map(|b| b.len() as u64).sum()),
        _ => 0,
    };
    let length = std::fs::metadata(path).map_or(0, |found| found.len());
    let most = limits::unpacked_bytes(length);
    if total <= most {
        return Ok(());
    }
    let found = format!("the texts of the column `{}` are of {}", column.name(), limits::mib(total));
    Err(Fault::new("file::too-large", found)
        .file(path)
        .help(format!("a file of {} may hold {}; leave the column out", limits::mib(length), limits::mib(most)))
        .into())
}

fn column(path: &Path, frame: &DataFrame, name: &str) -> Result<Column> {
    let failed = |e: PolarsError| broken(path, &e);
    let column = frame.column(name).map_err(failed)?;
    check_texts(path, column)?;
    Ok(match column.dtype() {
        DataType::String => Column::Text(
            column.str().map_err(failed)?.iter().map(|v| v.filter(|v| !v.is_empty()).map(str::to_owned)).collect(),
        ),
        DataType::Boolean => Column::Flag(column.bool().map_err(failed)?.iter().collect()),
        DataType::Float32 | DataType::Float64 => {
            let column = column.cast(&DataType::Float64).map_err(failed)?;
            Column::Number(column.f64().map_err(failed)?.iter().collect())
        }
        DataType::UInt64 => {
            // Past the largest i64 a value becomes null, which is told as missing.
            let values = column.as_materialized_series().iter();
            Column::Whole(
                values.map(|v| if let AnyValue::UInt64(v) = v { i64::try_from(v).ok() } else { None }).collect(),
            )
        }
        _ => {
            let column = column.cast(&DataType::Int64).map_err(failed)?;
            Column::Whole(column.i64().map_err(failed)?.iter().collect())
        }
    })
}
