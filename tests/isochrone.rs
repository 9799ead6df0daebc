//! `gandan isochrone` as a user runs it, and how true its polygons are to the network.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use geo::{BoundingRect, MultiPolygon, Validation, Winding};

fn gandan(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gandan"))
        .env("GANDAN_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"))
        .arg("isochrone")
        .args(args)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn demo() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo/roads.osm.pbf").display().to_string()
}

/// The middle of the demo city.
const MIDDLE: &str = "105.85,21.03";

/// Draws and reads back: properties and shape of each feature, and the whole collection.
fn draw(args: &[&str]) -> (Vec<(serde_json::Value, MultiPolygon<f64>)>, serde_json::Value) {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("new/bands.geojson");
    let done = gandan(&[args, &["--out", out.to_str().unwrap()]].concat());
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert!(done.stdout.is_empty());
    assert_eq!(fs::read_dir(out.parent().unwrap()).unwrap().count(), 1, "nothing else is left behind");
    let whole: serde_json::Value = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
    let features = whole["features"].as_array().unwrap().iter().map(|f| {
        let geometry: geojson::Geometry = serde_json::from_value(f["geometry"].clone()).unwrap();
        (f["properties"].clone(), MultiPolygon::try_from(geometry).unwrap())
    });
    (features.collect(), whole)
}

/// The bar, over some bands together: at least 99 % of the places within the time inside, at least 97 % of those beyond
/// it outside. A short band may hold too few places to be judged alone: two of 150 are more than 1 %.
fn true_to_the_network<'a>(bands: impl Iterator<Item = &'a serde_json::Value> + Clone) {
    let share = |places: &str, right: &str| {
        let count = |p: &serde_json::Value| p["accuracy"][places].as_f64().unwrap();
        let total: f64 = bands.clone().map(count).sum();
        bands.clone().map(|p| count(p) * p["accuracy"][right].as_f64().unwrap_or(1.0)).sum::<f64>() / total
    };
    let (inside, outside) = (share("places_within", "inside_share"), share("places_beyond", "outside_share"));
    assert!(inside >= 0.99 && outside >= 0.97, "{inside} inside, {outside} outside");
}

#[test]
fn bands_are_valid_nested_and_true_to_the_network() {
    let sites = ["--site", MIDDLE, "--site", "105.45,21.1", "--site", "105.9,20.85"];
    let roads = demo();
    for mode in ["motorcycle", "foot"] {
        let args = [&["--roads", &roads, "--mode", mode, "--minutes", "30,5,10,20,15"][..], &sites].concat();
        let (features, whole) = draw(&args);
        // Three sites, five bands each, ascending.
        let minutes: Vec<f64> = features.iter().map(|(p, _)| p["minutes"].as_f64().unwrap()).collect();
        assert_eq!(minutes, [5.0, 10.0, 15.0, 20.0, 30.0].repeat(3));
        assert_eq!(features[5].0["site"], "2");
        for minutes in [5.0, 10.0, 15.0, 20.0, 30.0] {
            true_to_the_network(features.iter().map(|(p, _)| p).filter(|p| p["minutes"] == minutes));
        }
        let bbox: Vec<f64> = serde_json::from_value(whole["bbox"].clone()).unwrap();
        for (properties, shape) in &features {
            assert!(shape.is_valid() && !shape.0.is_empty(), "{properties}");
            assert!(shape.iter().all(|p| p.exterior().is_ccw() && p.interiors().iter().all(Winding::is_cw)));
            let rect = shape.bounding_rect().unwrap();
            assert!(
                bbox[0] <= rect.min().x
                    && bbox[1] <= rect.min().y
                    && bbox[2] >= rect.max().x
                    && bbox[3] >= rect.max().y
            );
        }
        for site in features.chunks(5) {
            let areas: Vec<f64> = site.iter().map(|(p, _)| p["area_km2"].as_f64().unwrap()).collect();
            assert!(areas.is_sorted_by(|a, b| a < b), "{areas:?}");
        }
    }
}

#[test]
fn a_union_holds_each_of_its_sites() {
    use geo::Contains;
    let sites = ["--site", MIDDLE, "--site", "105.45,21.1"];
    let (features, _) = draw(&[&["--roads", &demo(), "--minutes", "10", "--union"][..], &sites].concat());
    assert_eq!(features.len(), 1);
    assert_eq!(features[0].0["site"], "all");
    true_to_the_network(features.iter().map(|(p, _)| p));
    let (single, _) = draw(&[&["--roads", &demo(), "--minutes", "10"][..], &sites].concat());
    for (_, shape) in &single {
        // What one site reaches, both reach; compared at the corners of the line, moved in by a metre.
        let middle = shape.bounding_rect().unwrap().center();
        let corners = shape.iter().flat_map(|p| p.exterior().coords());
        let inner = corners.map(|c| geo::Point::new(c.x + (middle.x - c.x) * 2e-4, c.y + (middle.y - c.y) * 2e-4));
        let inner: Vec<_> = inner.filter(|p| shape.contains(p)).collect();
        assert!(inner.len() > 20);
        assert!(inner.iter().all(|p| features[0].1.contains(p)));
    }
}

#[test]
fn the_core_of_hanoi_is_drawn_true() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let shared = std::env::var_os("GANDAN_SHARED").map_or(beside, PathBuf::from);
    let roads = shared.join("data/hanoi/roads-core-13-districts.osm.pbf");
    if !roads.is_file() {
        println!("skipped: {} is not there (set GANDAN_SHARED)", roads.display());
        return;
    }
    // Both banks of the Red River, the west, the south-west and the south.
    let sites = ["105.8516,21.0285", "105.8890,21.0480", "105.78,21.03", "105.82,20.98", "105.85,20.94"];
    let mut args = vec!["--roads", roads.to_str().unwrap(), "--minutes", "5,10,15,20,30"];
    args.extend(sites.iter().flat_map(|s| ["--site", s]));
    let (features, _) = draw(&args);
    assert_eq!(features.len(), 25);
    for minutes in [5.0, 10.0, 15.0, 20.0, 30.0] {
        true_to_the_network(features.iter().map(|(p, _)| p).filter(|p| p["minutes"] == minutes));
    }
    assert!(features.iter().all(|(_, shape)| shape.is_valid()));
    // In the middle of the Red River, between the bridges of Chương Dương and Vĩnh Tuy, nothing is drawn.
    use geo::Contains;
    let river = geo::Point::new(105.8705, 21.0200);
    assert!(features.iter().all(|(_, shape)| !shape.contains(&river)));
}

#[test]
fn other_formats_by_ending() {
    let home = tempfile::tempdir().unwrap();
    let roads = demo();
    let write = |name: &str, more: &[&str]| {
        let out = home.path().join(name);
        let base = ["--roads", &roads, "--site", MIDDLE, "--minutes", "5,10", "--out", out.to_str().unwrap()];
        (gandan(&[&base, more].concat()), out)
    };
    let (done, out) = write("map.png", &[]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let said = text(&done.stderr);
    assert!(said.contains("within, inside") && said.contains("beyond, outside"), "the measure is printed: {said}");
    assert!(fs::read(&out).unwrap().starts_with(b"\x89PNG\r\n\x1a\n"));
    let (done, out) = write("map.svg", &["--quiet"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let svg = fs::read_to_string(&out).unwrap();
    assert!(svg.starts_with("<svg ") && svg.contains(">within 5 min<") && svg.contains(">within 10 min<"));
    let (done, out) = write("map.parquet", &["--quiet"]);
    assert!(done.status.success() && done.stderr.is_empty(), "{}", text(&done.stderr));
    let bytes = fs::read(&out).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    assert!(bytes.windows(24).any(|w| w == b"\"primary_column\":\"geomet"), "the geo key is there");

    // What stands is kept unless asked for.
    let (done, out) = write("map.parquet", &[]);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("output::exists"));
    assert_eq!(fs::read(&out).unwrap(), bytes);
    let (done, _) = write("map.parquet", &["--force"]);
    assert!(done.status.success());
    assert_eq!(fs::read(&out).unwrap(), bytes, "the same bytes again");
    let (done, _) = write("map.shp", &[]);
    assert!(text(&done.stderr).contains("isochrone::format"));
}

#[test]
fn faults_are_told_and_leave_nothing() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("x.geojson");
    let roads = demo();
    let refused = |args: &[&str], status: i32, says: &[&str]| {
        let done = gandan(&[args, &["--out", out.to_str().unwrap()]].concat());
        let said = text(&done.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(done.status.code(), Some(status), "{said}");
        assert!(says.iter().all(|part| said.contains(part)), "expected {says:?} in {said}");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    };
    refused(&["--roads", &roads, "--site", "21.03,105.85"], 2, &["longitude comes first: 105.85,21.03"]);
    refused(&["--roads", &roads], 2, &["--site"]);
    // All faults of the arguments come together.
    let many = ["--roads", &roads, "--site", MIDDLE, "--mode", "plane", "--minutes", "-5,700", "--grid-m", "1"];
    let codes = ["modes::unknown", "the modes are bicycle", "isochrone::minutes", "700 minutes", "isochrone::grid"];
    refused(&many, 1, &codes);
    refused(&["--roads", &roads, "--site", "10,50"], 1, &["osm::no-roads"]);
    refused(&["--roads", "nowhere.pbf", "--site", MIDDLE], 1, &["io", "nowhere.pbf"]);
    // In the Ba Vì hills: roads within the reach of the place, but none near it.
    refused(&["--roads", &roads, "--site", "105.365,21.06"], 1, &["sites::off-road", "the nearest is", "km away"]);
}
