//! Rows with a geometry, from GeoJSON or (Geo)Parquet: what boundary layers and tables of sites have in common.
//!
//! Both come out as GeoJSON features, so that one reader of properties and one reader of rings serves them.

use std::path::Path;

use geojson::{Feature, GeoJson, Geometry, JsonObject, JsonValue};
use polars::prelude::{AnyValue, Column, DataType, PolarsError, SerReader};

use super::columns::{CONVERT, check_texts, is_plain, parquet};
use super::geometry_bytes::geometry_of;
use crate::decoders::caught;
use crate::error::{Fault, Faults, Result};
use crate::limits;

/// What a reader's faults are called and what its files should hold.
pub(super) struct Subject {
    /// The file is not what its ending says.
    pub(super) format: &'static str,
    /// The coordinates are in another system than WGS 84.
    pub(super) crs: &'static str,
    /// There are no rows.
    pub(super) empty: &'static str,
    /// The geometry's bytes are damaged.
    pub(super) geometry: &'static str,
    /// What the features should be, e.g. `polygons`.
    pub(super) shapes: &'static str,
    /// Whether a Parquet file must hold geometry, or may give `lon` and `lat` instead.
    pub(super) geometry_needed: bool,
}

/// The features of one file, in its order.
pub(super) struct Features {
    /// What a place in the file is called: `feature` or `row`.
    pub(super) unit: &'static str,
    pub(super) list: Vec<Feature>,
    /// Columns of a type that is not read: neither text, flags nor numbers of 32 or 64 bits.
    pub(super) odd: Vec<String>,
    /// Whether the rows have geometry.
    pub(super) has_geometry: bool,
}

impl Features {
    /// Reads a file: Parquet by its ending, else GeoJSON.
    pub(super) fn open(path: &Path, subject: &Subject) -> Result<Features> {
        let features = if is_parquet(path) {
            caught(|| of_parquet(path, subject)).unwrap_or_else(|what| Err(not_parquet(path, subject, &what).into()))?
        } else {
            of_geojson(path, subject)?
        };
        if features.list.is_empty() {
            let found = if features.unit == "row" { "no rows" } else { "no features" };
            let help = format!("give at least one; the file should hold {}", subject.shapes);
            return Err(Fault::new(subject.empty, found).file(path).help(help).into());
        }
        Ok(features)
    }
}

impl Features {
    /// Faults for those of the named columns that could not be read for their type.
    pub(super) fn check_types(&self, path: &Path, code: &'static str, is_wanted: impl Fn(&str) -> bool) -> Result<()> {
        let mut faults = Faults::default();
        for name in self.odd.iter().filter(|name| is_wanted(name)) {
            let found = format!("the column `{name}` is of a type that is not read");
            faults.push(Fault::new(code, found).file(path).help(CONVERT));
        }
        faults.finish()
    }
}

/// The ending of a file, in small letters.
pub(super) fn ending(path: &Path) -> String {
    path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase()
}

fn is_parquet(path: &Path) -> bool {
    matches!(ending(path).as_str(), "parquet" | "geoparquet" | "pq")
}

/// All features of a GeoJSON file (RFC 7946); a bare geometry counts as a feature without properties.
fn of_geojson(path: &Path, subject: &Subject) -> Result<Features> {
    let help = "give it as GeoParquet, cut it to the study area, or simplify the outlines (`ogr2ogr -simplify`)";
    let text = limits::read_bytes("read", path, "GeoJSON", limits::GEOJSON_BYTES, help)?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let parsed: GeoJson = serde_json::from_slice(text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        let fault = Fault::new(subject.format, format!("not GeoJSON: {error}")).file(path);
        let fault = if error.line() > 0 { fault.place(place) } else { fault };
        let shapes = subject.shapes;
        fault.help(format!(
            "give a GeoJSON FeatureCollection of {shapes} (RFC 7946), UTF-8, or GeoParquet that ends in .parquet; \
             convert other formats with ogr2ogr"
        ))
    })?;
    let (list, members) = match parsed {
        GeoJson::FeatureCollection(all) => (all.features, all.foreign_members),
        GeoJson::Feature(one) => {
            let members = one.foreign_members.clone();
            (vec![one], members)
        }
        GeoJson::Geometry(geometry) => {
            let members = geometry.foreign_members.clone();
            (vec![Feature { geometry: Some(geometry), ..Feature::default() }], members)
        }
    };
    if let Some(crs) = members.as_ref().and_then(|m| m.get("crs")).filter(|crs| !crs.is_null()) {
        let name = crs.pointer("/properties/name").and_then(JsonValue::as_str);
        if !name.is_some_and(is_crs84) {
            let found = name.map_or_else(|| crs.to_string(), str::to_owned);
            return Err(Fault::new(subject.crs, format!("the coordinates are in `{found}`"))
                .file(path)
                .place("crs")
                .help("GeoJSON is in WGS 84, longitude first; reproject with `ogr2ogr -t_srs EPSG:4326`")
                .into());
        }
    }
    Ok(Features { unit: "feature", list, odd: Vec::new(), has_geometry: true })
}

/// Whether a legacy `crs` name means WGS 84. GeoJSON is longitude first under either name.
fn is_crs84(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let parts: Vec<&str> = name.split([':', '/']).filter(|p| !p.is_empty()).collect();
    match parts.as_slice() {
        [.., "OGC", _, "CRS84"] | [.., "OGC", "CRS84"] => true,
        [.., "EPSG", _, "4326"] | [.., "EPSG", "4326"] => true,
        [only] => *only == "CRS84",
        _ => false,
    }
}

/// The rows of a Parquet file, with the WKB of its primary geometry column where the key `geo` names one.
fn of_parquet(path: &Path, subject: &Subject) -> Result<Features> {
    let broken = |e: PolarsError| not_parquet(path, subject, &e);
    let (mut reader, keys) = parquet(path, subject.format)?.map_err(broken)?;
    let schema = reader.schema().map_err(broken)?;
    let geo = keys.into_iter().find(|(key, _)| key == "geo").map(|(_, value)| value);
    let geometry = geo.map(|text| geometry_column(path, subject, &text)).transpose()?;
    if geometry.is_none() && subject.geometry_needed {
        return Err(Fault::new(subject.format, "a Parquet file without the key `geo`, so not GeoParquet")
            .file(path)
            .help("write it as GeoParquet, for example with geopandas `to_parquet`, or give GeoJSON")
            .into());
    }
    if let Some(name) = geometry.as_ref().filter(|name| schema.get(name.as_str()).is_none()) {
        return Err(Fault::new(subject.format, format!("no column `{name}`, which the key `geo` names"))
            .file(path)
            .help("write the file again with its geometry")
            .into());
    }
    let (mut plain, mut odd) = (Vec::new(), Vec::new());
    for (name, field) in schema.iter() {
        if geometry.as_deref() != Some(name.as_str()) {
            if is_plain(&field.dtype) { &mut plain } else { &mut odd }.push(name.to_string());
        }
    }
    let wanted = plain.iter().chain(&geometry).cloned().collect();
    let frame = reader.with_columns(Some(wanted)).finish().map_err(broken)?;
    let mut list: Vec<Feature> = (0..frame.height()).map(|_| Feature::default()).collect();
    if list.is_empty() {
        return Ok(Features { unit: "row", list, odd, has_geometry: geometry.is_some() });
    }
    for name in &plain {
        let column = frame.column(name).map_err(broken)?;
        check_texts(path, column)?;
        let values = json_values(column);
        for (feature, value) in list.iter_mut().zip(values) {
            feature.properties.get_or_insert_with(JsonObject::new).insert(name.clone(), value);
        }
    }
    if let Some(name) = &geometry {
        let column = frame.column(name).map_err(broken)?;
        if *column.dtype() != DataType::Binary {
            return Err(Fault::new(
                subject.format,
                format!("the column `{name}` holds no bytes but {}", column.dtype()),
            )
            .file(path)
            .help("geometry must be WKB")
            .into());
        }
        check_texts(path, column)?;
        let mut faults = Faults::default();
        for (i, (feature, bytes)) in list.iter_mut().zip(column.binary().map_err(broken)?.iter()).enumerate() {
            match bytes.map(geometry_of).transpose() {
                Ok(value) => feature.geometry = value.map(Geometry::new),
                Err(wrong) => faults.push(
                    Fault::new(subject.geometry, wrong)
                        .file(path)
                        .place(format!("row {}", i + 1))
                        .help(format!("the column `{name}` must hold WKB of {}", subject.shapes)),
                ),
            }
        }
        faults.finish()?;
    }
    Ok(Features { unit: "row", list, odd, has_geometry: geometry.is_some() })
}

fn not_parquet(path: &Path, subject: &Subject, what: &dyn std::fmt::Display) -> Fault {
    Fault::new(subject.format, format!("not Parquet that can be read: {what}"))
        .file(path)
        .help("check the file; its ending must be its format")
}

/// The name of the primary geometry column by the key `geo` of GeoParquet, when it is WKB in WGS 84.
fn geometry_column(path: &Path, subject: &Subject, geo: &str) -> Result<String> {
    let broken = |found: String| {
        Fault::new(subject.format, found).file(path).place("the key `geo`").help("write the file as GeoParquet 1.1")
    };
    let geo: JsonValue = serde_json::from_str(geo).map_err(|e| broken(format!("not JSON: {e}")))?;
    let name = geo.get("primary_column").and_then(JsonValue::as_str).unwrap_or("geometry");
    let column = geo.get("columns").and_then(|columns| columns.get(name));
    let column = column.ok_or_else(|| broken(format!("it does not describe the column `{name}`")))?;
    let encoding = column.get("encoding").and_then(JsonValue::as_str).unwrap_or("none");
    if encoding != "WKB" {
        return Err(broken(format!("the geometry is encoded as `{encoding}`"))
            .help("encode it as WKB; in geopandas `to_parquet(…, geometry_encoding=\"WKB\")`")
            .into());
    }
    let crs = match column.get("crs") {
        // Without the key it is OGC:CRS84 by the specification.
        None => return Ok(name.to_owned()),
        Some(crs) => crs,
    };
    let part = |key: &str| match crs.pointer(key) {
        Some(JsonValue::String(text)) => text.clone(),
        Some(JsonValue::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let id = format!("{}:{}", part("/id/authority"), part("/id/code"));
    if is_crs84(&id) {
        return Ok(name.to_owned());
    }
    let (named, help) = match (id.as_str(), part("/name")) {
        _ if crs.is_null() => {
            ("an unknown system".to_owned(), "say the system: in geopandas `set_crs(4326)`, if it is")
        }
        (":", name) if name.is_empty() => ("a system without a name".to_owned(), "reproject to EPSG:4326"),
        (":", name) => (format!("`{name}`"), "reproject to EPSG:4326: in geopandas `to_crs(4326)`"),
        (id, name) => (format!("`{id}` ({name})"), "reproject to EPSG:4326: in geopandas `to_crs(4326)`"),
    };
    let found = format!("the coordinates are in {named}");
    Err(Fault::new(subject.crs, found).file(path).place("the key `geo`").help(help).into())
}

/// The values of a plain column; what is missing or no finite number is null.
fn json_values(column: &Column) -> Vec<JsonValue> {
    let of = |value: AnyValue<'_>| match value {
        AnyValue::Boolean(v) => v.into(),
        AnyValue::String(v) => v.into(),
        AnyValue::StringOwned(v) => v.as_str().into(),
        AnyValue::UInt64(v) => v.into(),
        AnyValue::UInt32(v) => v.into(),
        AnyValue::UInt16(v) => v.into(),
        AnyValue::UInt8(v) => v.into(),
        AnyValue::Int64(v) => v.into(),
        AnyValue::Int32(v) => v.into(),
        AnyValue::Int16(v) => v.into(),
        AnyValue::Int8(v) => v.into(),
        // The shortest text of a 32-bit number, so that 105.8 does not become 105.80000305.
        AnyValue::Float32(v) => v.to_string().parse::<f64>().map_or(JsonValue::Null, JsonValue::from),
        AnyValue::Float64(v) => v.into(),
        _ => JsonValue::Null,
    };
    column.as_materialized_series().iter().map(of).collect()
}
