//! GeoJSON (RFC 7946): communes, former districts, the study area.

use super::super::communes::Borders;
use super::super::facts::Facts;
use super::super::mesh::{Ring, Shape};
use serde_json::{Value, json};

/// The communes.
pub(crate) fn communes(facts: &Facts, borders: &Borders) -> String {
    let features = facts.communes.iter().zip(&borders.communes).map(|(c, shapes)| {
        let district = &facts.districts[c.district];
        let properties = [
            ("code", json!(c.code)),
            ("name", json!(c.name)),
            ("full_name", json!(c.full_name())),
            ("type", json!(c.kind)),
            ("population", json!(c.population)),
            ("area_km2", json!(c.area_km2)),
            ("district", json!(district.name)),
            ("district_code", json!(district.code)),
        ];
        feature(&properties, shapes)
    });
    collection("communes", features)
}

/// The former districts.
pub(crate) fn districts(facts: &Facts, borders: &Borders) -> String {
    let features = facts.districts.iter().enumerate().map(|(d, district)| {
        let people: u64 = facts.communes.iter().filter(|c| c.district == d).map(|c| c.population).sum();
        let mut kind = district.kind.chars();
        let capital: String = kind.next().into_iter().flat_map(char::to_uppercase).chain(kind).collect();
        let properties = [
            ("code", json!(district.code)),
            ("name", json!(district.name)),
            ("full_name", json!(format!("{capital} {}", district.name))),
            ("type", json!(district.kind)),
            ("urban", json!(district.kind == "quận")),
            ("population", json!(people)),
        ];
        feature(&properties, &borders.districts[d])
    });
    collection("districts", features)
}

/// The whole city.
pub(crate) fn study_area(facts: &Facts, borders: &Borders) -> String {
    let people: u64 = facts.communes.iter().map(|c| c.population).sum();
    let properties = [("name", json!("Hà Nội (giả định)")), ("population", json!(people))];
    collection("study_area", std::iter::once(feature(&properties, &borders.city)))
}

fn collection(name: &str, features: impl Iterator<Item = String>) -> String {
    let features: Vec<String> = features.collect();
    format!("{}{}{CLOSE}", open(name), features.join(SEPARATOR))
}

/// What stands before the first feature of a collection.
pub(crate) fn open(name: &str) -> String {
    format!("{{\"type\":\"FeatureCollection\",\"name\":\"{name}\",\"features\":[\n")
}

/// What stands between two features.
pub(crate) const SEPARATOR: &str = ",\n";
/// What stands after the last.
pub(crate) const CLOSE: &str = "\n]}\n";

/// Written by hand, so that the order of the keys and the digits are ours.
pub(crate) fn feature(properties: &[(&str, Value)], shapes: &[Shape]) -> String {
    let properties: Vec<String> = properties.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
    let polygons: Vec<String> = shapes.iter().map(polygon).collect();
    let geometry = match polygons.as_slice() {
        [one] => format!("{{\"type\":\"Polygon\",\"coordinates\":{one}}}"),
        many => format!("{{\"type\":\"MultiPolygon\",\"coordinates\":[{}]}}", many.join(",")),
    };
    format!("{{\"type\":\"Feature\",\"properties\":{{{}}},\"geometry\":{geometry}}}", properties.join(","))
}

fn polygon(shape: &Shape) -> String {
    let rings: Vec<String> = std::iter::once(&shape.outer).chain(&shape.holes).map(ring).collect();
    format!("[{}]", rings.join(","))
}

fn ring(ring: &Ring) -> String {
    let place = |v: &(i32, i32)| format!("[{},{}]", degrees(v.0), degrees(v.1));
    let places: Vec<String> = ring.iter().chain(ring.first()).map(place).collect();
    format!("[{}]", places.join(","))
}

/// Millionths of a degree as decimal degrees.
fn degrees(micro: i32) -> String {
    let sign = if micro < 0 { "-" } else { "" };
    format!("{sign}{}.{:06}", micro.unsigned_abs() / 1_000_000, micro.unsigned_abs() % 1_000_000)
}
