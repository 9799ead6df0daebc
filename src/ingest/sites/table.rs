//! The rows of a file of sites as cells, whatever its format.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use geojson::{Feature, GeometryValue, JsonObject, JsonValue, feature::Id};

use crate::error::{Fault, Result};
use crate::ingest::csv_guard::{SHORTEN, Watched, too_long};
use crate::ingest::features::{Features, Subject, ending};
use crate::limits::SITE_ROWS;
use crate::units::LonLat;

const SUBJECT: Subject = Subject {
    format: "sites::format",
    crs: "sites::crs",
    empty: "sites::empty",
    geometry: "sites::geometry",
    shapes: "points",
    geometry_needed: false,
};

/// The columns that are read.
const KNOWN: [&str; 21] = [
    "id",
    "name",
    "lon",
    "lat",
    "organisation",
    "operator",
    "address",
    "ward_code",
    "position",
    "fixed",
    "cost",
    "capacity",
    "years_in_field",
    "charter_capital_vnd",
    "fast_internet",
    "computers",
    "spare_computer",
    "scanner",
    "copier",
    "cameras_24h",
    "camera_days_kept",
];

/// One row of a file.
pub(super) struct Cells {
    /// By column: text, number, flag or null. Text is not trimmed.
    values: Vec<JsonValue>,
    /// The place by the row's geometry, in a file with geometry.
    pub(super) point: Option<LonLat>,
    /// The line in a CSV file.
    line: Option<u64>,
    /// What is wrong with the row as such; told in its turn, so that faults come in the file's order.
    pub(super) fault: Option<Fault>,
}

impl Cells {
    /// Whether the row has cells at all.
    pub(super) fn is_readable(&self) -> bool {
        !self.values.is_empty()
    }
}

/// A file of sites, its cells not yet judged.
pub(super) struct Table {
    pub(super) path: PathBuf,
    columns: HashMap<String, usize>,
    pub(super) rows: Vec<Cells>,
    /// What a row is called where it has no line.
    unit: &'static str,
    /// Whether the place of a row is its geometry and not its columns `lon` and `lat`.
    pub(super) has_geometry: bool,
}

impl Table {
    /// Reads a file by its ending.
    pub(super) fn open(path: &Path) -> Result<Table> {
        match ending(path).as_str() {
            "parquet" | "geoparquet" | "pq" | "geojson" | "json" => Table::of_features(path),
            "xlsx" | "xls" | "ods" | "shp" | "gpkg" => {
                Err(Fault::new("sites::format", format!("the ending `.{}` is not read", ending(path)))
                    .file(path)
                    .help("save it as CSV (in Excel: \"CSV UTF-8\"), Parquet or GeoJSON")
                    .into())
            }
            _ => Table::of_csv(path),
        }
    }

    fn of_csv(path: &Path) -> Result<Table> {
        let file = crate::files::open(path).map_err(|e| Fault::io("open", path, &e))?;
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(Watched::new(file));
        let broken = |e: csv::Error| match too_long(&e) {
            Some((found, line)) => {
                Fault::new("file::too-large", found).file(path).place(format!("line {line}")).help(SHORTEN)
            }
            None => {
                Fault::new("sites::csv", format!("not a table: {e}")).file(path).help("give UTF-8 CSV with a header")
            }
        };
        let header = reader.byte_headers().map_err(broken)?;
        let width = header.len();
        let mut columns = HashMap::new();
        for (i, name) in header.iter().enumerate() {
            let name = std::str::from_utf8(name).map_err(|_| not_utf8(path, 1))?;
            let name = column_key(name);
            if columns.insert(name.clone(), i).is_some() && !name.is_empty() {
                return Err(stands_twice(path, "line 1", &name).into());
            }
        }
        check_columns(path, Some("line 1"), &columns, &["id", "name", "lon", "lat"])?;
        let mut rows = Vec::new();
        let mut record = ByteRecord::new();
        while reader.read_byte_record(&mut record).map_err(broken)? {
            let line = record.position().map_or(0, csv::Position::line);
            if rows.len() >= SITE_ROWS {
                return Err(too_many(path).into());
            }
            let fields: Result<Vec<JsonValue>, _> =
                record.iter().map(|field| std::str::from_utf8(field).map(JsonValue::from)).collect();
            let cells = match fields {
                _ if record.len() != width => {
                    let found = format!("{} fields, but the header has {width}", record.len());
                    let fault = Fault::new("sites::csv", found).file(path).place(format!("line {line}"));
                    Err(fault.help("put fields that hold commas into double quotes"))
                }
                Ok(values) => Ok(values),
                Err(_) => Err(not_utf8(path, line)),
            };
            let (values, fault) = match cells {
                Ok(values) => (values, None),
                Err(fault) => (Vec::new(), Some(fault)),
            };
            rows.push(Cells { values, point: None, line: Some(line), fault });
        }
        Ok(Table { path: path.to_owned(), columns, rows, unit: "row", has_geometry: false })
    }

    fn of_features(path: &Path) -> Result<Table> {
        let features = Features::open(path, &SUBJECT)?;
        features.check_types(path, "sites::columns", |name| KNOWN.contains(&column_key(name).as_str()))?;
        let mut table = Table {
            path: path.to_owned(),
            columns: HashMap::new(),
            rows: Vec::new(),
            unit: features.unit,
            has_geometry: features.has_geometry,
        };
        // Features need not have the same properties: the columns are those of all of them.
        let mut places = Vec::new();
        if features.list.len() > SITE_ROWS {
            return Err(too_many(path).into());
        }
        for feature in features.list {
            let Feature { geometry, id, properties, .. } = feature;
            let mut properties: JsonObject = properties.unwrap_or_default();
            if let (Some(id), false) = (id, properties.contains_key("id")) {
                let id = match id {
                    Id::String(text) => text.into(),
                    Id::Number(number) => JsonValue::Number(number),
                };
                properties.insert("id".into(), id);
            }
            let mut given: Vec<Option<JsonValue>> = vec![None; table.columns.len()];
            for (name, value) in properties {
                let key = column_key(&name);
                let next = table.columns.len();
                let i = *table.columns.entry(key).or_insert(next);
                if given.len() <= i {
                    given.resize(i + 1, None);
                }
                if given[i].replace(value).is_some() && !name.is_empty() {
                    let place = table.place(table.rows.len());
                    return Err(stands_twice(path, &place, &column_key(&name)).into());
                }
            }
            let values = given.into_iter().map(Option::unwrap_or_default).collect();
            places.push(geometry.map(|g| g.value));
            table.rows.push(Cells { values, point: None, line: None, fault: None });
        }
        let needed: &[&str] = if table.has_geometry { &["id", "name"] } else { &["id", "name", "lon", "lat"] };
        check_columns(path, None, &table.columns, needed)?;
        if table.has_geometry {
            for (i, value) in places.into_iter().enumerate() {
                match point_of(value) {
                    Ok(point) => table.rows[i].point = Some(point),
                    Err(found) => {
                        let fault = Fault::new("sites::geometry", found).file(path).place(table.place(i));
                        table.rows[i].fault = Some(fault.help("the place of a site is one Point, longitude first"));
                    }
                }
            }
        }
        Ok(table)
    }

    /// Where a row stands in the file: `line 7`, `row 6` or `feature 6`.
    pub(super) fn place(&self, number: usize) -> String {
        match self.rows.get(number).and_then(|row| row.line) {
            Some(line) => format!("line {line}"),
            None => format!("{} {}", self.unit, number + 1),
        }
    }

    /// A cell, `None` where the file has no such column or the row has no value.
    pub(super) fn cell<'a>(&self, cells: &'a Cells, name: &str) -> Option<&'a JsonValue> {
        cells.values.get(*self.columns.get(name)?).filter(|value| !value.is_null())
    }
}

fn point_of(value: Option<GeometryValue>) -> Result<LonLat, String> {
    let position = match value {
        Some(GeometryValue::Point { coordinates }) => coordinates,
        // Some tools write all points as lists of one.
        Some(GeometryValue::MultiPoint { mut coordinates }) if coordinates.len() == 1 => coordinates.remove(0),
        other => return Err(format!("the geometry is {}", other.map_or("none", |g| g.type_name()))),
    };
    match position.as_slice() {
        [lon, lat, ..] if lon.is_finite() && lat.is_finite() => Ok(LonLat { lon: *lon, lat: *lat }),
        _ => Err("the point is empty".into()),
    }
}

/// The name by which a column is known: without space around it, in small letters.
fn column_key(name: &str) -> String {
    name.trim_start_matches('\u{feff}').trim().to_ascii_lowercase()
}

fn stands_twice(path: &Path, place: &str, name: &str) -> Fault {
    let fault = Fault::new("sites::columns", format!("the column `{name}` stands twice")).file(path);
    fault.place(place).help("keep one of them")
}

fn check_columns(path: &Path, place: Option<&str>, columns: &HashMap<String, usize>, needed: &[&str]) -> Result<()> {
    let missing: Vec<&str> = needed.iter().copied().filter(|name| !columns.contains_key(*name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let help = if columns.keys().any(|name| name.contains(';')) {
        "the fields seem to be separated by semicolons; separate them with commas"
    } else if place.is_some() {
        "the header needs id, name, lon and lat, separated by commas"
    } else {
        "the table needs id, name, and lon and lat or a geometry of points"
    };
    let found = format!("no column {}", missing.join(", "));
    Err(at_place(Fault::new("sites::columns", found).file(path), place).help(help).into())
}

fn at_place(fault: Fault, place: Option<&str>) -> Fault {
    match place {
        Some(place) => fault.place(place),
        None => fault,
    }
}

fn too_many(path: &Path) -> Fault {
    Fault::new("file::too-large", format!("the table has more than {SITE_ROWS} rows"))
        .file(path)
        .help("give the candidates and agents of the study area only")
}

fn not_utf8(path: &Path, line: u64) -> Fault {
    Fault::new("sites::utf8", "not UTF-8")
        .file(path)
        .place(format!("line {line}"))
        .help("save the file as UTF-8 (in Excel: \"CSV UTF-8\")")
}
