//! What the tests of `gandan check` and of people and places share: the binary, and a small part of the demo city.

// Each test uses its part of this.
#![allow(dead_code)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use geo::Contains;
use serde_json::Value;

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the binary; networks are kept between runs.
pub fn gandan(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gandan"))
        .env("GANDAN_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"))
        .args(args)
        .output()
        .unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Puts the inputs of some of the demo's former districts into a folder: the files of the demo, `area.geojson` with the
/// districts, and those sites that lie in them, `sites.csv` and `fixed.csv`.
pub fn part_of_demo(home: &Path, districts: &[&str]) {
    let demo = root().join("data/demo");
    for file in ["roads.osm.pbf", "population.tif", "communes.geojson", "districts.geojson"] {
        fs::copy(demo.join(file), home.join(file)).unwrap();
    }
    fs::copy(demo.join("districts.geojson"), home.join("area.geojson")).unwrap();
    features(&home.join("area.geojson"), |all| {
        all.retain(|f| districts.contains(&f["properties"]["code"].as_str().unwrap()));
    });
    let area = shapes(&home.join("area.geojson"));
    for (from, to) in [("sites.csv", "sites.csv"), ("fixed_sites.csv", "fixed.csv")] {
        let table = fs::read_to_string(demo.join(from)).unwrap();
        let inside = |line: &&str| {
            let cells: Vec<&str> = line.split(',').collect();
            let at = geo::Point::new(cells[2].parse().unwrap(), cells[3].parse().unwrap());
            area.iter().any(|shape| shape.contains(&at))
        };
        let mut lines = table.lines();
        let mut kept = vec![lines.next().unwrap()];
        kept.extend(lines.filter(inside));
        assert!(kept.len() > 1, "{from}");
        fs::write(home.join(to), kept.join("\n") + "\n").unwrap();
    }
}

/// The geometries of a GeoJSON file.
pub fn shapes(path: &Path) -> Vec<geo::Geometry<f64>> {
    let file: geojson::GeoJson = fs::read_to_string(path).unwrap().parse().unwrap();
    let all = geojson::FeatureCollection::try_from(file).unwrap();
    all.into_iter().map(|f| f.geometry.unwrap().try_into().unwrap()).collect()
}

/// Replaces the first place of a text in a file; it must be there.
pub fn change(path: &Path, from: &str, to: &str) {
    let before = fs::read_to_string(path).unwrap();
    assert!(before.contains(from), "{} does not hold `{from}`", path.display());
    fs::write(path, before.replacen(from, to, 1)).unwrap();
}

pub fn add(path: &Path, more: &str) {
    fs::write(path, fs::read_to_string(path).unwrap() + more).unwrap();
}

/// Adds a site: the four columns that are needed, the others unknown.
pub fn site(home: &Path, file: &str, id: &str, name: &str, lon: f64, lat: f64) {
    let path = home.join(file);
    let columns = fs::read_to_string(&path).unwrap().lines().next().unwrap().split(',').count();
    add(&path, &format!("{id},{name},{lon},{lat}{}\n", ",".repeat(columns - 4)));
}

/// Changes the features of a GeoJSON file.
pub fn features(path: &Path, change: impl FnOnce(&mut Vec<Value>)) {
    let mut file: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    change(file["features"].as_array_mut().unwrap());
    fs::write(path, file.to_string()).unwrap();
}
