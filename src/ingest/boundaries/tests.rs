use geo::Area;

use super::*;
use crate::ingest::testkit::{file, shared};

const SQUARE: &str = r#"{"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,2],[0,0]]]}"#;

fn feature(code: &str, geometry: &str) -> String {
    format!(
        r#"{{"type":"Feature","properties":{{"code":{code},"name":"Xã {}","people":12.5}},"geometry":{geometry}}}"#,
        code.trim_matches('"')
    )
}

fn collection(features: &[String], extra: &str) -> String {
    format!(r#"{{"type":"FeatureCollection",{extra}"features":[{}]}}"#, features.join(","))
}

fn source(path: &Path) -> LayerSource {
    LayerSource {
        id: "communes".into(),
        file: path.into(),
        code: "code".into(),
        name: "name".into(),
        population: Some("people".into()),
    }
}

fn layer(text: &str) -> Result<BoundaryLayer> {
    let (_dir, path) = file("layer.geojson", text);
    read_layer(&source(&path))
}

/// The codes of the faults and the whole of the first.
fn faults(text: &str) -> (Vec<&'static str>, Fault) {
    let error = layer(text).unwrap_err();
    (error.faults().iter().map(|f| f.code).collect(), error.faults()[0].clone())
}

#[test]
fn reads_codes_names_people_and_shape() {
    let east = r#"{"type":"MultiPolygon","coordinates":[[[[2,0],[4,0],[4,2],[2,2],[2,0]]]]}"#;
    let text = collection(&[feature("\"00004\"", SQUARE), feature("7", east)], "");
    let read = layer(&text).unwrap();
    assert_eq!(read.features[0].code, "00004");
    assert_eq!(read.features[1].code, "7");
    assert_eq!(read.features[0].name, "Xã 00004");
    assert_eq!(read.features[0].population, Some(Persons(12_500)));
    assert_eq!(read.features[0].properties["people"], 12.5);
    assert_eq!(read.features[1].geometry.unsigned_area(), 4.0);
    // On the shared side both hold the place: the lower index is taken.
    assert_eq!(read.locate(LonLat { lon: 2.0, lat: 1.0 }), Some(0));
    assert_eq!(read.locate(LonLat { lon: 3.0, lat: 1.0 }), Some(1));
    assert_eq!(read.locate(LonLat { lon: 5.0, lat: 1.0 }), None);
}

#[test]
fn the_union_forgets_inner_borders_and_winding() {
    // The second square runs clockwise and overlaps the first by half: 2 x 2 + 1 x 2 = 6.
    let other = r#"{"type":"Polygon","coordinates":[[[1,0],[1,2],[3,2],[3,0],[1,0]]]}"#;
    let text = collection(&[feature("1", SQUARE), feature("2", other)], "");
    let (_dir, path) = file("area.geojson", text);
    let area = read_area(&path).unwrap();
    assert!((area.unsigned_area() - 6.0).abs() < 1e-6, "{}", area.unsigned_area());
    assert_eq!(area.0.len(), 1);
}

#[test]
fn a_bare_geometry_and_a_byte_order_mark_are_read() {
    let (_dir, path) = file("area.json", format!("\u{feff}{SQUARE}"));
    assert!((read_area(&path).unwrap().unsigned_area() - 4.0).abs() < 1e-6);
}

#[test]
fn a_hole_stays_open() {
    let holed = r#"{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,4],[0,0]],[[1,1],[3,1],[3,3],[1,3],[1,1]]]}"#;
    let read = layer(&collection(&[feature("1", holed)], "")).unwrap();
    // 16 - 4, and nobody lives in the lake.
    assert_eq!(read.features[0].geometry.unsigned_area(), 12.0);
    assert_eq!(read.locate(LonLat { lon: 2.0, lat: 2.0 }), None);
}

#[test]
fn a_legacy_crs_must_be_wgs_84() {
    let with = |name: &str| {
        collection(&[feature("1", SQUARE)], &format!(r#""crs":{{"type":"name","properties":{{"name":"{name}"}}}},"#))
    };
    for name in
        ["urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:OGC::CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4326"]
    {
        assert!(layer(&with(name)).is_ok(), "{name}");
    }
    let (codes, first) = faults(&with("urn:ogc:def:crs:EPSG::3405"));
    assert_eq!(codes, ["boundaries::crs"]);
    assert!(first.message.contains("EPSG::3405"), "{first}");
}

#[test]
fn what_is_not_geojson_is_told() {
    for text in ["", "hello", "[1,2]", r#"{"type":"Topology"}"#, r#"{"a":1}"#, "{\"type\":\"FeatureCollection\",\"fea"]
    {
        assert_eq!(faults(text).0, ["boundaries::geojson"], "{text}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(faults(&deep).0, ["boundaries::geojson"]);
    assert_eq!(faults(&collection(&[], "")).0, ["boundaries::empty"]);
    assert_eq!(read_area(Path::new("nowhere.geojson")).unwrap_err().faults()[0].code, "io");
}

#[test]
fn faults_of_several_features_come_together() {
    let point = r#"{"type":"Point","coordinates":[0,0]}"#;
    let bow_tie = r#"{"type":"Polygon","coordinates":[[[0,0],[2,2],[2,0],[0,2],[0,0]]]}"#;
    let open = r#"{"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,2]]]}"#;
    let metres =
        r#"{"type":"Polygon","coordinates":[[[587000,2325000],[588000,2325000],[588000,2326000],[587000,2325000]]]}"#;
    let swapped = r#"{"type":"Polygon","coordinates":[[[21.0,105.8],[21.1,105.8],[21.1,105.9],[21.0,105.8]]]}"#;
    let short = r#"{"type":"Polygon","coordinates":[[[1],[2],[3],[1]]]}"#;
    let text = collection(
        &[
            feature("1", point),
            feature("2", bow_tie),
            feature("3", open),
            feature("4", metres),
            feature("5", swapped),
            feature("6", short),
            feature("7", r#"{"type":"Polygon","coordinates":[]}"#),
            feature("8", "null"),
            feature("9", SQUARE),
            feature("9", SQUARE),
            feature("null", SQUARE),
        ],
        "",
    );
    let error = layer(&text).unwrap_err();
    let codes: Vec<_> = error.faults().iter().map(|f| f.code.trim_start_matches("boundaries::")).collect();
    assert_eq!(
        codes,
        [
            "geometry",
            "rings",
            "rings",
            "coordinates",
            "coordinates",
            "coordinates",
            "empty",
            "geometry",
            "duplicate",
            "code"
        ]
    );
    let help = |i: usize| error.faults()[i].help.clone().unwrap_or_default();
    assert!(help(3).contains("metres"), "{}", help(3));
    assert!(help(4).contains("latitude seems to stand first"), "{}", help(4));
    assert_eq!(error.faults()[1].place.as_deref(), Some("feature 2 (Xã 2)"));
}

#[test]
fn a_population_must_be_a_number_of_people() {
    let with = |value: &str| collection(&[feature("1", SQUARE).replace("12.5", value)], "");
    assert_eq!(layer(&with("null")).unwrap().features[0].population, None);
    assert_eq!(faults(&with("-3")).0, ["boundaries::population"]);
    assert_eq!(faults(&with("\"many\"")).0, ["boundaries::population"]);
}

#[test]
fn the_real_communes_are_read_whole() {
    let Some(path) = shared("hanoi/communes-126-2025.geojson") else { return };
    let layer = read_layer(&LayerSource { population: Some("pop_2025".into()), ..source(&path) }).unwrap();
    assert_eq!(layer.features.len(), 126);
    let people: Persons = layer.features.iter().filter_map(|f| f.population).sum();
    assert_eq!(people, Persons(8_807_523_000));
    // Hoàn Kiếm lake lies in the ward of that name.
    let at = layer.locate(LonLat { lon: 105.8523, lat: 21.0287 }).unwrap();
    assert_eq!(layer.features[at].name, "Hoàn Kiếm");
}

#[test]
fn the_real_study_area_is_one_piece() {
    let Some(path) = shared("hanoi/core-13-districts.geojson") else { return };
    let area = read_area(&path).unwrap();
    // 369 km2 by the data's own description; a square degree at 21° N is 111.32² · cos 21° = 11,569 km2.
    let km2 = area.unsigned_area() * 11_569.0;
    assert!((km2 - 369.0).abs() < 4.0, "{km2}");
}
