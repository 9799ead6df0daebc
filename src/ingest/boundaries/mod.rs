//! Boundary layers and the study area, from GeoJSON (RFC 7946).
//!
//! Borders report; they never limit who may use which agent.

mod rings;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use geo::orient::{Direction, Orient};
use geo::{Coord, Intersects, LineString, MultiPolygon, Point, Polygon, unary_union};
use geojson::{Feature, GeoJson, GeometryValue, JsonObject, JsonValue, Position};
use rstar::RTree;
use rstar::primitives::{GeomWithData, Rectangle};

use crate::error::{Fault, Faults, Result};
use crate::units::{LonLat, Persons};
pub(crate) use rings::defect;

/// Where a boundary layer comes from and which of its properties say what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerSource {
    /// The layer's name in the scenario and in the outputs.
    pub id: String,
    /// A GeoJSON file of polygons.
    pub file: PathBuf,
    /// The property with the feature's code, unique in the layer.
    pub code: String,
    /// The property with the feature's name.
    pub name: String,
    /// The property with the official number of people, if the layer has one.
    pub population: Option<String>,
}

/// One area of a layer, such as a commune.
#[derive(Debug, Clone, PartialEq)]
pub struct Boundary {
    /// Unique in the layer.
    pub code: String,
    /// As written in the file.
    pub name: String,
    /// Official number of people; `None` where the file does not say.
    pub population: Option<Persons>,
    /// All properties of the feature.
    pub properties: JsonObject,
    /// Degrees, WGS 84. Outlines run anticlockwise, holes clockwise; sound by the checks of this module.
    pub geometry: MultiPolygon<f64>,
}

/// The areas of one file, in the file's order, and an index to find them by place.
#[derive(Debug, Clone)]
pub struct BoundaryLayer {
    /// [`LayerSource::id`].
    pub id: String,
    /// Never empty.
    pub features: Vec<Boundary>,
    tree: RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>,
}

impl BoundaryLayer {
    /// A layer of sound areas; `features` should not be empty.
    pub fn new(id: String, features: Vec<Boundary>) -> Self {
        let boxes = features.iter().enumerate().filter_map(|(i, feature)| {
            let bounds = geo::BoundingRect::bounding_rect(&feature.geometry)?;
            let corners = Rectangle::from_corners([bounds.min().x, bounds.min().y], [bounds.max().x, bounds.max().y]);
            Some(GeomWithData::new(corners, i))
        });
        let tree = RTree::bulk_load(boxes.collect());
        BoundaryLayer { id, features, tree }
    }

    /// The index of the area that holds the place, borders included; the lowest where several do.
    pub fn locate(&self, at: LonLat) -> Option<usize> {
        let point = Point::new(at.lon, at.lat);
        let mut hits: Vec<usize> = self.tree.locate_all_at_point([at.lon, at.lat]).map(|found| found.data).collect();
        hits.sort_unstable();
        hits.into_iter().find(|&i| self.features[i].geometry.intersects(&point))
    }
}

/// Reads a boundary layer.
///
/// # Errors
/// All faults of the file together: not GeoJSON, a CRS other than CRS84, no features, a missing or repeated code, a
/// missing name, a population that is not a number of people, a geometry that is not a sound polygon in degrees.
pub fn read_layer(source: &LayerSource) -> Result<BoundaryLayer> {
    let path = &source.file;
    let mut faults = Faults::default();
    let mut features = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (i, feature) in features_of(path)?.into_iter().enumerate() {
        let properties = feature.properties.unwrap_or_default();
        let place = place_of(i, &properties, &source.name);
        let fault = |code, message: String| Fault::new(code, message).file(path).place(place.clone());
        let code = text(properties.get(&source.code));
        match &code {
            None => {
                faults.push(fault("boundaries::code", format!("no property `{}`", source.code)).help(format!(
                    "every feature needs a code (text or number); the feature has: {}",
                    keys(&properties)
                )))
            }
            Some(code) => {
                if let Some(first) = seen.insert(code.clone(), i) {
                    let found = format!("the code `{code}` is also that of feature {}", first + 1);
                    faults.push(fault("boundaries::duplicate", found).help("codes must be unique in a layer"));
                }
            }
        }
        let name = text(properties.get(&source.name));
        if name.is_none() {
            faults.push(
                fault("boundaries::name", format!("no property `{}`", source.name))
                    .help(format!("every feature needs a name; the feature has: {}", keys(&properties))),
            );
        }
        let population = match source.population.as_ref().and_then(|key| properties.get(key)) {
            None | Some(JsonValue::Null) => None,
            Some(value) => match value.as_f64().filter(|n| (0.0..=1e10).contains(n)) {
                Some(people) => Some(Persons::from_people(people)),
                None => {
                    faults.push(
                        fault("boundaries::population", format!("`{value}` is not a number of people"))
                            .help("write a number from 0 to 10,000,000,000, or leave the property out"),
                    );
                    None
                }
            },
        };
        match shape_of(feature.geometry.map(|g| g.value)) {
            Err(wrong) => faults.push(wrong.file(path).place(place)),
            Ok(geometry) => {
                if let (Some(code), Some(name)) = (code, name) {
                    features.push(Boundary { code, name, population, properties, geometry });
                }
            }
        }
    }
    faults.finish()?;
    Ok(BoundaryLayer::new(source.id.clone(), features))
}

/// Reads a study area: the union of all polygons in the file.
///
/// # Errors
/// As [`read_layer`], but no property is needed.
pub fn read_area(path: &Path) -> Result<MultiPolygon<f64>> {
    let mut faults = Faults::default();
    let mut shapes = Vec::new();
    for (i, feature) in features_of(path)?.into_iter().enumerate() {
        let place = place_of(i, &feature.properties.unwrap_or_default(), "name");
        match shape_of(feature.geometry.map(|g| g.value)) {
            Err(wrong) => faults.push(wrong.file(path).place(place)),
            Ok(shape) => shapes.push(shape),
        }
    }
    faults.finish()?;
    // unary_union wants one winding for all; shape_of has given it.
    let area = unary_union(&shapes);
    if area.0.is_empty() {
        return Err(Fault::new("boundaries::empty", "the polygons have no area")
            .file(path)
            .help("give at least one polygon wider than a line")
            .into());
    }
    Ok(area)
}

/// All features of a file; a bare geometry counts as a feature without properties.
fn features_of(path: &Path) -> Result<Vec<Feature>> {
    let text = std::fs::read(path).map_err(|e| Fault::io("read", path, &e))?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let parsed: GeoJson = serde_json::from_slice(text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        let fault = Fault::new("boundaries::geojson", format!("not GeoJSON: {error}")).file(path);
        let fault = if error.line() > 0 { fault.place(place) } else { fault };
        fault.help("give a GeoJSON FeatureCollection of polygons (RFC 7946), UTF-8; convert other formats with ogr2ogr")
    })?;
    let (features, members) = match parsed {
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
            return Err(Fault::new("boundaries::crs", format!("the coordinates are in `{found}`"))
                .file(path)
                .place("crs")
                .help("GeoJSON is in WGS 84, longitude first; reproject with `ogr2ogr -t_srs EPSG:4326`")
                .into());
        }
    }
    if features.is_empty() {
        return Err(Fault::new("boundaries::empty", "no features")
            .file(path)
            .help("give at least one Polygon or MultiPolygon feature")
            .into());
    }
    Ok(features)
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

fn place_of(index: usize, properties: &JsonObject, name: &str) -> String {
    match text(properties.get(name)) {
        Some(name) => format!("feature {} ({name})", index + 1),
        None => format!("feature {}", index + 1),
    }
}

/// The text of a property that is a filled text or a number.
fn text(value: Option<&JsonValue>) -> Option<String> {
    match value? {
        JsonValue::String(s) if !s.trim().is_empty() => Some(s.trim().to_owned()),
        JsonValue::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

fn keys(properties: &JsonObject) -> String {
    if properties.is_empty() {
        return "no properties".into();
    }
    properties.keys().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")
}

/// The polygons of a geometry, checked and oriented. The fault has no file or place yet.
fn shape_of(geometry: Option<GeometryValue>) -> Result<MultiPolygon<f64>, Fault> {
    let polygons = match geometry {
        Some(GeometryValue::Polygon { coordinates }) => vec![coordinates],
        Some(GeometryValue::MultiPolygon { coordinates }) => coordinates,
        other => {
            let found = other.map_or("none", |g| g.type_name());
            return Err(Fault::new("boundaries::geometry", format!("the geometry is {found}"))
                .help("an area needs a Polygon or a MultiPolygon"));
        }
    };
    let shape: MultiPolygon<f64> = polygons
        .iter()
        .map(|rings| {
            let mut rings = rings.iter().map(|ring| ring_of(ring));
            let exterior = rings.next().unwrap_or_else(|| Err(empty()))?;
            Ok(Polygon::new(exterior, rings.collect::<Result<_, Fault>>()?))
        })
        .collect::<Result<Vec<_>, Fault>>()?
        .into();
    if shape.0.is_empty() {
        return Err(empty());
    }
    match rings::defect(&shape) {
        Some(defect) => Err(Fault::new("boundaries::rings", defect)
            .help("repair the polygon, for example with `ogr2ogr -makevalid` or QGIS \"Fix geometries\"")),
        None => Ok(shape.orient(Direction::Default)),
    }
}

fn empty() -> Fault {
    Fault::new("boundaries::empty", "the geometry has no coordinates").help("leave the feature out or draw its outline")
}

fn ring_of(ring: &[Position]) -> Result<LineString<f64>, Fault> {
    let corners = ring
        .iter()
        .map(|position| match position.as_slice() {
            [x, y, ..] if (-180.0..=180.0).contains(x) && (-90.0..=90.0).contains(y) => Ok(Coord { x: *x, y: *y }),
            [x, y, ..] => {
                let cause = if (-90.0..=90.0).contains(x) && (-180.0..=180.0).contains(y) {
                    "latitude seems to stand first; write longitude, latitude"
                } else {
                    "these seem to be projected metres; reproject with `ogr2ogr -t_srs EPSG:4326`"
                };
                Err(Fault::new("boundaries::coordinates", format!("{x}, {y} is no place on the Earth in degrees"))
                    .help(format!("longitudes run from -180 to 180, latitudes from -90 to 90; {cause}")))
            }
            _ => Err(Fault::new("boundaries::coordinates", "a position has fewer than two numbers")
                .help("a position is [longitude, latitude]")),
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    match (corners.first(), corners.last()) {
        (None, _) | (_, None) => Err(empty()),
        (Some(first), Some(last)) if first != last => Err(Fault::new(
            "boundaries::rings",
            format!("a ring starts at {}, {} and ends at {}, {}", first.x, first.y, last.x, last.y),
        )
        .help("the last position of a ring must repeat the first (RFC 7946, section 3.1.6)")),
        _ => Ok(LineString(corners)),
    }
}

#[cfg(test)]
mod tests;
