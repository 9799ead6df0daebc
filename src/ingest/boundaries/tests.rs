use std::path::Path;

use geo::Area;
use polars::prelude::{IntoColumn, NewChunkedArray, StringChunked};

use super::*;
use crate::error::Result;
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
        assert_eq!(faults(text).0, ["boundaries::format"], "{text}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(faults(&deep).0, ["boundaries::format"]);
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
    assert_eq!(layer.find("phuong hoan kiem"), Found::One(at));
    // Every name is found by itself, with and without marks.
    for (i, feature) in layer.features.iter().enumerate() {
        let found = layer.find(&feature.name);
        assert!(found == Found::One(i) || matches!(found, Found::Several(_)), "{} {found:?}", feature.name);
    }
    for note in layer.repairs.iter().chain(&layer_overlaps(&layer)) {
        println!("{}: {note}", note.code);
    }
}

#[test]
fn the_real_study_area_is_one_piece() {
    let Some(path) = shared("hanoi/core-13-districts.geojson") else { return };
    let area = read_area(&path).unwrap();
    // 369 km2 by the data's own description; a square degree at 21° N is 111.32² · cos 21° = 11,569 km2.
    let km2 = area.unsigned_area() * 11_569.0;
    assert!((km2 - 369.0).abs() < 4.0, "{km2}");
}

#[test]
fn names_are_composed_and_found_without_marks() {
    // "Ba Đình" decomposed, with space around; two areas of one name; a code that looks like a number.
    let named = |code: &str, name: &str| feature(&format!("\"{code}\""), SQUARE).replace(&format!("Xã {code}"), name);
    let text = collection(
        &[
            named("1", " Ba \u{110}i\u{300}nh "),
            named("2", "Phường Tân Lập"),
            named("3", "Xã Tân Lập"),
            named("4", "Tân Lạp"),
        ],
        "",
    );
    let layer = layer(&text).unwrap();
    assert_eq!(layer.features[0].name, "Ba Đình");
    for wanted in ["1", "Ba Đình", "ba dinh", "P. Ba Đình", "Quận BA ĐÌNH", "Ba \u{110}i\u{300}nh"] {
        assert_eq!(layer.find(wanted), Found::One(0), "{wanted}");
    }
    // The exact name goes before the folded one.
    assert_eq!(layer.find("Xã Tân Lập"), Found::One(2));
    assert_eq!(layer.find("tan lap"), Found::Several(vec![1, 2, 3]));
    assert_eq!(layer.find("Ba Dinnh"), Found::None(vec!["Ba Đình".into()]));
    assert_eq!(layer.find("Paris"), Found::None(vec![]));
    assert_eq!(layer.find(""), Found::None(vec![]));
}

#[test]
fn a_repair_is_told_with_the_name_and_the_areas() {
    let spike = r#"{"type":"Polygon","coordinates":[[[0,0],[2,0],[2,1],[2,3],[2,1],[0,1],[0,0]]]}"#;
    let text = collection(&[feature("1", SQUARE), feature("2", spike)], "");
    let read = layer(&text).unwrap();
    assert_eq!(read.repairs.len(), 1);
    let note = &read.repairs[0];
    assert_eq!((note.code, note.place.as_deref()), ("boundaries::repaired", Some("feature 2 (Xã 2)")));
    assert!(note.message.starts_with("took out 1 spike(s); its area was "), "{note}");
    assert_eq!(read.features[1].geometry.unsigned_area(), 2.0);
    let (_dir, path) = file("area.geojson", text);
    assert_eq!(read_area_noted(&path).unwrap().1.len(), 1);
}

/// A GeoParquet file of these squares, with `geo` as its key.
fn parquet(geo: Option<&str>) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("layer.parquet");
    let shapes = [crate::ingest::testkit::rectangle(0., 0., 2., 2.), crate::ingest::testkit::rectangle(2., 0., 4., 2.)];
    let bytes = shapes.map(|shape| {
        let mut bytes = Vec::new();
        wkb::writer::write_geometry(&mut bytes, &shape, &wkb::writer::WriteOptions::default()).unwrap();
        bytes
    });
    let columns = vec![
        StringChunked::from_slice("code".into(), &["00004", "7"]).into_column(),
        StringChunked::from_slice("name".into(), &["Ba \u{110}i\u{300}nh", "Cầu Giấy"]).into_column(),
        polars::prelude::Float32Chunked::from_slice("people".into(), &[12.5, 105.8]).into_column(),
        polars::prelude::BinaryChunked::from_slice("geometry".into(), &bytes).into_column(),
    ];
    let keys = geo.map(|geo| vec![("geo".to_owned(), geo.to_owned())]);
    crate::output::table::write_frame(&path, 2, columns, keys).unwrap();
    (dir, path)
}

#[test]
fn geoparquet_is_read_like_geojson() {
    let (_dir, path) =
        parquet(Some(r#"{"version":"1.1.0","primary_column":"geometry","columns":{"geometry":{"encoding":"WKB"}}}"#));
    let read = read_layer(&source(&path)).unwrap();
    assert_eq!(read.features[0].code, "00004");
    assert_eq!(read.features[0].name, "Ba Đình");
    assert_eq!(read.features[0].population, Some(Persons(12_500)));
    assert_eq!(read.features[1].population, Some(Persons(105_800)));
    assert_eq!(read.features[1].properties["name"], "Cầu Giấy");
    assert_eq!(read.features[1].geometry.unsigned_area(), 4.0);
    assert_eq!(read.locate(LonLat { lon: 3.0, lat: 1.0 }), Some(1));
    assert!((read_area(&path).unwrap().unsigned_area() - 8.0).abs() < 1e-6);
}

#[test]
fn geoparquet_in_another_system_is_refused_by_name() {
    let with = |column: &str| {
        let geo = format!(r#"{{"version":"1.0.0","primary_column":"geometry","columns":{{"geometry":{{{column}}}}}}}"#);
        let (_dir, path) = parquet(Some(&geo));
        read_layer(&source(&path)).map_err(|e| (e.faults()[0].code, e.faults()[0].message.clone()))
    };
    let crs = |name: &str, authority: &str, code: &str| {
        with(&format!(r#""encoding":"WKB","crs":{{"name":"{name}","id":{{"authority":"{authority}","code":{code}}}}}"#))
    };
    assert!(crs("WGS 84", "EPSG", "4326").is_ok());
    assert!(crs("WGS 84 (CRS84)", "OGC", "\"CRS84\"").is_ok());
    let refused = |result: Result<BoundaryLayer, (&'static str, String)>| result.map(|_| ()).unwrap_err();
    let vn2000 = refused(crs("VN-2000 / UTM zone 48N", "EPSG", "3405"));
    assert_eq!(vn2000, ("boundaries::crs", "the coordinates are in `EPSG:3405` (VN-2000 / UTM zone 48N)".into()));
    let unknown = refused(with(r#""encoding":"WKB","crs":null"#));
    assert_eq!(unknown, ("boundaries::crs", "the coordinates are in an unknown system".into()));
    assert_eq!(refused(with(r#""encoding":"polygon""#)).0, "boundaries::format");
    let (_dir, path) = parquet(None);
    let error = read_layer(&source(&path)).unwrap_err();
    assert!(error.faults()[0].message.contains("without the key `geo`"), "{error}");
    let (_dir, path) = file("x.parquet", "PAR1 this is no table PAR1");
    assert_eq!(read_layer(&source(&path)).unwrap_err().faults()[0].code, "boundaries::format");
}
