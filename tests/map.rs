//! The map of whole runs on a small part of the demo city: what the page holds is what the tables say.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]
#![cfg(feature = "map")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::read::DeflateDecoder;
use polars::prelude::{DataFrame, ParquetReader, SerReader};
use serde_json::Value;

mod common;
use common::{gandan, text};

/// Two phases; the office that stands closes in the second.
const SCENARIO: &str = r#"
title = { vi = "Thử </script><script>alert(1)</script>", en = "Trial" }

[inputs]
roads = "roads.osm.pbf"
population = "population.tif"
study_area = "area.geojson"
sites = "sites.csv"
fixed_sites = "fixed.csv"

[[inputs.boundaries]]
id = "communes"
name = { vi = "Xã, phường", en = "Communes" }
file = "communes.geojson"

[[inputs.boundaries]]
id = "districts"
name = { vi = "Quận", en = "Districts" }
file = "districts.geojson"

[standard]
minutes = 5
radius_km = 1

[capacity]

[output]
isochrone_minutes = [3, 5]

[[phases]]
name = { vi = "Một", en = "One" }
starts = 2025-01-01
opens = "most-people"
agents = 4

[[phases]]
name = { vi = "Hai", en = "Two" }
starts = 2025-06-01
opens = "most-people"
agents = 7
"#;

/// Names that want to be more than names; longer ones and such with signs of direction are refused with the inputs.
fn wild_names() -> [String; 3] {
    ["</script><script>alert(1)</script>".into(), "__GANDAN_OTHER__ ${x} &amp; <!--".into(), "Đ".repeat(300)]
}

/// Two runs: with four agents in the first phase, and with five.
struct Runs {
    _home: tempfile::TempDir,
    four: PathBuf,
    five: PathBuf,
}

static RUNS: LazyLock<Runs> = LazyLock::new(|| {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    common::part_of_demo(folder, &["002", "003"]);
    let sites = fs::read_to_string(folder.join("sites.csv")).unwrap();
    let mut lines: Vec<String> = sites.lines().map(str::to_owned).collect();
    for (line, name) in lines.iter_mut().skip(1).zip(wild_names()) {
        let mut cells: Vec<&str> = line.split(',').collect();
        cells[1] = &name;
        *line = cells.join(",");
    }
    fs::write(folder.join("sites.csv"), lines.join("\n") + "\n").unwrap();
    let plan = |name: &str, scenario: &str| {
        let path = folder.join(format!("{name}.toml"));
        fs::write(&path, scenario).unwrap();
        let out = folder.join(name);
        let done = gandan(&["plan", path.to_str().unwrap(), "--out", out.to_str().unwrap(), "--quiet"]);
        assert!(done.status.success(), "{name}: {}", text(&done.stderr));
        out
    };
    Runs {
        four: plan("four", SCENARIO),
        five: plan("five", &SCENARIO.replacen("agents = 4", "agents = 5", 1)),
        _home: home,
    }
});

/// The data of a page, as the page unpacks them.
struct Data {
    json: Value,
    blob: Vec<u8>,
}

/// What stands in the element with an id.
fn element<'a>(page: &'a str, id: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no element {id}"));
    let (_, rest) = rest.split_once('>').unwrap();
    rest.split_once('<').unwrap().0
}

impl Data {
    fn new(page: &str, id: &str) -> Data {
        let packed = BASE64_STANDARD.decode(element(page, id)).unwrap();
        let mut bytes = Vec::new();
        DeflateDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
        let length = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
        let json = serde_json::from_slice(&bytes[4..4 + length]).unwrap();
        Data { json, blob: bytes.split_off(4 + length) }
    }

    /// The numbers of an array of `width` bytes, without sign.
    fn numbers(&self, array: &Value, width: usize, has_steps: bool) -> Vec<u32> {
        let (at, length) = (array["at"].as_u64().unwrap() as usize, array["length"].as_u64().unwrap() as usize);
        assert!(at + length * width <= self.blob.len());
        let mask = u32::MAX >> (32 - 8 * width);
        let mut last = 0_u32;
        (0..length)
            .map(|i| {
                let value = (0..width).map(|p| u32::from(self.blob[at + p * length + i]) << (8 * p)).sum();
                last = if has_steps { last.wrapping_add(value) & mask } else { value };
                last
            })
            .collect()
    }

    fn degrees(&self, array: &Value, unit: f64) -> Vec<f64> {
        self.numbers(array, 4, true).into_iter().map(|n| f64::from(n as i32) * unit).collect()
    }
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

fn read(run: &Path, file: &str) -> DataFrame {
    ParquetReader::new(fs::File::open(run.join(file)).unwrap()).finish().unwrap()
}

fn texts(frame: &DataFrame, name: &str) -> Vec<Option<String>> {
    frame.column(name).unwrap().str().unwrap().iter().map(|t| t.map(str::to_owned)).collect()
}

fn wholes(frame: &DataFrame, name: &str) -> Vec<u32> {
    frame.column(name).unwrap().u32().unwrap().iter().map(|w| w.unwrap_or(u32::MAX)).collect()
}

fn numbers(frame: &DataFrame, name: &str) -> Vec<Option<f64>> {
    frame.column(name).unwrap().f64().unwrap().iter().collect()
}

fn page_of(run: &Path) -> String {
    fs::read_to_string(run.join("map.html")).unwrap()
}

/// The points of an encoded polyline, longitude first.
fn points(line: &Value) -> Vec<[f64; 2]> {
    let mut bytes = line.as_str().unwrap().bytes();
    let mut number = || {
        let (mut value, mut shift) = (0_i64, 0);
        loop {
            let chunk = i64::from(bytes.next()?) - 63;
            value |= (chunk & 31) << shift;
            shift += 5;
            if chunk < 32 {
                return Some(if value & 1 == 1 { !(value >> 1) } else { value >> 1 });
            }
        }
    };
    let (mut lat, mut lon, mut all) = (0, 0, Vec::new());
    while let Some(step) = number() {
        lat += step;
        lon += number().expect("latitude and longitude come in pairs");
        all.push([lon as f64 / 1e5, lat as f64 / 1e5]);
    }
    all
}

#[test]
fn cells_are_what_the_table_says() {
    let run = &RUNS.four;
    let data = Data::new(&page_of(run), "gandan-run");
    let cells = &data.json["cells"];
    let count = cells["count"].as_u64().unwrap() as usize;
    let table = read(run, "cells.parquet");
    let (cell, phase) = (wholes(&table, "cell"), wholes(&table, "phase"));
    let (mode, agent, boundary) = (texts(&table, "mode"), texts(&table, "agent"), texts(&table, "boundary"));
    let (persons, time) = (numbers(&table, "persons"), numbers(&table, "travel_time_s"));
    let covered: Vec<bool> = table.column("covered").unwrap().bool().unwrap().iter().map(|c| c == Some(true)).collect();
    let (lon, lat) = (numbers(&table, "lon"), numbers(&table, "lat"));
    assert_eq!(count, *cell.iter().max().unwrap() as usize + 1);
    assert!(count > 100);

    let found_lon = data.degrees(&cells["lon"], 1e-6);
    let found_lat = data.degrees(&cells["lat"], 1e-6);
    let [half_lon, half_lat] = ["half_lon", "half_lat"].map(|name| cells[name].as_f64().unwrap());
    let found_persons = data.numbers(&cells["persons"], 4, false);
    let found_boundary = data.numbers(&cells["boundary"], 2, true);
    let features = list(&data.json["boundaries"][0]["features"]["features"]);
    let agents = list(&data.json["agents"]);
    let modes: Vec<&str> = list(&data.json["modes"]).iter().map(|m| m["id"].as_str().unwrap()).collect();
    assert_eq!(list(&cells["phases"]).len(), 2);
    let phases: Vec<[Vec<u32>; 4]> = list(&cells["phases"])
        .iter()
        .map(|p| {
            [
                data.numbers(&p["time_s"], 2, true),
                data.numbers(&p["covered"], 1, false),
                data.numbers(&p["modes"], 1, false),
                data.numbers(&p["agent"], 2, true),
            ]
        })
        .collect();
    let mut sums: BTreeMap<(u32, u32), [u64; 2]> = BTreeMap::new();
    let mut masks: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    for row in 0..table.height() {
        let (c, t) = (cell[row] as usize, phase[row] as usize - 1);
        let m = modes.iter().position(|id| Some(*id) == mode[row].as_deref()).unwrap();
        let milli = (persons[row].unwrap() * 1000.0).round() as u64;
        let sum = sums.entry((cell[row], phase[row])).or_default();
        *sum = [sum[0] + milli, sum[1] + if covered[row] { milli } else { 0 }];
        *masks.entry((cell[row], phase[row])).or_default() |= u32::from(covered[row]) << m;
        // People live in their cell, and the middle of the cell is the middle of its outline.
        assert!((found_lon[c] - lon[row].unwrap()).abs() <= half_lon * 1.01);
        assert!((found_lat[c] - lat[row].unwrap()).abs() <= half_lat * 1.01);
        let code = boundary[row].as_deref().map_or(u32::from(u16::MAX), |code| {
            features.iter().position(|f| f["properties"]["code"] == code).unwrap() as u32
        });
        assert_eq!(found_boundary[c], code);
        if m == 0 {
            let seconds = time[row].map_or(65535, |s| ((s * 1000.0).round() as u32).div_ceil(1000));
            assert_eq!(phases[t][0][c], seconds, "cell {c}");
            let index = phases[t][3][c] as usize;
            assert_eq!(agents.get(index).map(|a| a["id"].as_str().unwrap()), agent[row].as_deref());
        }
    }
    for ((c, t), [all, served]) in sums {
        let (of_cell, of_phase) = (c as usize, &phases[t as usize - 1]);
        assert_eq!(u64::from(found_persons[of_cell]), all);
        assert_eq!(of_phase[1][of_cell], (served as f64 / all.max(1) as f64 * 255.0).round() as u32);
        assert_eq!(of_phase[2][of_cell], masks[&(c, t)]);
    }
}

#[test]
fn agents_candidates_and_phases_are_what_the_tables_say() {
    let run = &RUNS.four;
    let json = Data::new(&page_of(run), "gandan-run").json;
    assert_eq!((&json["format"], &json["synthetic"]), (&Value::from(2), &Value::from(false)));
    let (agents, candidates) = (list(&json["agents"]), list(&json["candidates"]));
    let rollout = read(run, "rollout.parquet");
    let ids = |of: &[Value]| of.iter().map(|a| a["id"].as_str().map(str::to_owned)).collect::<Vec<_>>();
    assert_eq!(ids(agents), texts(&rollout, "site"));
    let mut all = ids(agents);
    all.extend(ids(candidates));
    all.sort();
    let sites = read(run, "sites.parquet");
    let mut expected = texts(&sites, "site");
    expected.sort();
    assert_eq!(all, expected, "each site stands once");

    // Names come as they are, however wild.
    let names: Vec<&str> = agents.iter().chain(candidates).map(|a| a["name"].as_str().unwrap()).collect();
    for name in wild_names() {
        assert!(names.iter().any(|n| n.contains(name.trim())), "{}", &name[..20]);
    }
    assert_eq!(json["title"]["vi"], "Thử </script><script>alert(1)</script>");

    let loads = read(run, "loads.parquet");
    let keys: Vec<_> = texts(&loads, "site").into_iter().zip(wholes(&loads, "phase")).collect();
    let counters = wholes(&loads, "counters");
    let mut n_loads = 0;
    for agent in agents {
        let of_phases = list(&agent["loads"]);
        assert_eq!(of_phases.len(), 2);
        for (load, t) in of_phases.iter().zip(1..) {
            let row = keys.iter().position(|(site, phase)| site.as_deref() == agent["id"].as_str() && *phase == t);
            assert_eq!(load["counters"].as_u64().map(|c| c as u32), row.map(|row| counters[row]));
            n_loads += usize::from(row.is_some());
        }
        assert!(agent["loss"]["persons_lost"].is_number(), "{agent}");
        assert!(!agent["why"]["vi"].as_str().unwrap().is_empty());
        let feature = agent["boundary"].as_i64().unwrap();
        assert!(feature >= -1 && feature < list(&json["boundaries"][0]["features"]["features"]).len() as i64);
    }
    assert_eq!(n_loads, loads.height());

    let phases = read(run, "phases.parquet");
    let told = list(&json["phases"]);
    assert_eq!(told.len(), 2);
    for (i, phase) in told.iter().enumerate() {
        assert_eq!(phase["agents"], wholes(&phases, "agents")[i]);
        assert_eq!(phase["covered"].as_f64(), numbers(&phases, "covered_persons")[i]);
        assert_eq!(phase["median_time_s"].as_f64(), numbers(&phases, "median_time_s")[i]);
        let reached = numbers(&phases, "persons")[i].unwrap() - numbers(&phases, "unreached_persons")[i].unwrap();
        assert_eq!(phase["reached"].as_f64(), Some(reached));
        assert_eq!(phase["opens"], "most-people");
    }
    // Two bands of all agents in two phases.
    assert_eq!(list(&json["isochrones"]).len(), 4);
    assert_eq!(list(&json["boundaries"]).len(), 2);
    for layer in list(&json["boundaries"]) {
        for feature in list(&layer["features"]["features"]) {
            assert_eq!(list(&feature["properties"]["phases"]).len(), 2);
            assert!(feature["properties"]["phases"][1]["agents"].is_number());
        }
    }
}

#[test]
fn the_background_is_that_of_the_table() {
    let run = &RUNS.four;
    let data = Data::new(&page_of(run), "gandan-run");
    let table = read(run, "backdrop.parquet");
    let kinds = texts(&table, "kind");
    let count = |kind: &str| kinds.iter().filter(|k| k.as_deref() == Some(kind)).count();
    let json = &data.json;
    let roads: Vec<&Value> = list(&json["roads"]).iter().flat_map(|r| list(&r["lines"])).collect();
    assert_eq!(roads.len(), count("road"));
    assert!(roads.len() > 100 && count("street") > 100 && count("water") > 0);
    let [west, south, east, north] = [0, 1, 2, 3].map(|i| json["bounds"][i].as_f64().unwrap());
    // Streets reach beyond the study area, but not by tens of kilometres.
    let near =
        |[lon, lat]: &[f64; 2]| (west - 0.3..=east + 0.3).contains(lon) && (south - 0.3..=north + 0.3).contains(lat);
    for line in roads {
        let points = points(line);
        assert!(points.len() >= 2 && points.iter().all(near), "{points:?}");
    }
    for ring in list(&json["water"]["areas"]).iter().flat_map(list) {
        let points = points(ring);
        assert!(points.len() >= 4 && points[0] == points[points.len() - 1], "{points:?}");
    }
    let places = &json["places"];
    let (kind, name) = (list(&places["kind"]), list(&places["name"]));
    let (lon, lat) = (data.degrees(&places["lon"], 1e-5), data.degrees(&places["lat"], 1e-5));
    assert_eq!([kind.len(), name.len(), lon.len()], [lat.len(); 3]);
    let names = texts(&table, "name");
    assert!(name.iter().all(|n| names.iter().any(|of| of.as_deref() == n.as_str())));
    assert!(lon.into_iter().zip(lat).all(|(lon, lat)| near(&[lon, lat])));
    // The most important first.
    let order = ["city", "town", "suburb", "quarter", "village", "hamlet", "water", "other", "street", "address"];
    let ranks: Vec<_> = kind.iter().map(|k| order.iter().position(|o| *o == k.as_str().unwrap()).unwrap()).collect();
    assert!(ranks.is_sorted());
}

#[test]
fn a_map_is_drawn_again_and_two_side_by_side() {
    let home = tempfile::tempdir().unwrap();
    let (four, five) = (RUNS.four.to_str().unwrap(), RUNS.five.to_str().unwrap());
    let page = home.path().join("deep/map.html");
    let out = page.to_str().unwrap();
    let done = gandan(&["map", four, "--out", out]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let again = fs::read_to_string(&page).unwrap();
    assert_eq!(again, page_of(&RUNS.four), "the same run makes the same page");
    assert_eq!(element(&again, "gandan-other"), "");
    assert!(!again.contains("__GANDAN"), "no place is left over");

    let refused = gandan(&["map", four, "--out", out]);
    assert_eq!((refused.status.code(), text(&refused.stderr).contains("--force")), (Some(1), true));
    let done = gandan(&["map", four, "--compare", five, "--out", out, "--force"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let both = fs::read_to_string(&page).unwrap();
    assert_eq!(element(&both, "gandan-run"), element(&again, "gandan-run"));
    assert_eq!(element(&both, "gandan-other"), element(&page_of(&RUNS.five), "gandan-run"));
    let agents = |id: &str| Data::new(&both, id).json["phases"][0]["agents"].clone();
    assert_eq!((agents("gandan-run"), agents("gandan-other")), (4.into(), 5.into()));
    // By default beside the tables.
    let done = gandan(&["map", four, "--compare", five]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert_eq!(fs::read_to_string(RUNS.four.join("map-compare.html")).unwrap(), both);
}

#[test]
fn tiles_are_offered_and_only_their_server_is_allowed() {
    let home = tempfile::tempdir().unwrap();
    let page = home.path().join("map.html");
    let (run, out) = (RUNS.four.to_str().unwrap(), page.to_str().unwrap());
    let template = "https://tile.example.org/{z}/{x}/{y}.png";
    let done = gandan(&["map", run, "--tiles", template, "--out", out]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let with = fs::read_to_string(&page).unwrap();
    assert_eq!(Data::new(&with, "gandan-run").json["tiles"], template);
    let policy = |page: &str| {
        let (_, rest) = page.split_once("Content-Security-Policy\" content=\"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    let without = page_of(&RUNS.four);
    assert!(Data::new(&without, "gandan-run").json["tiles"].is_null());
    assert_eq!(policy(&without).matches("https:").count(), 0);
    assert_eq!(policy(&with).replace(" https://tile.example.org", ""), policy(&without));
    assert_eq!(policy(&with).matches(" https://tile.example.org").count(), 2);

    for wrong in ["http://tile.example.org/{z}/{x}/{y}.png", "https://tile.example.org/map.png"] {
        let refused = gandan(&["map", run, "--tiles", wrong, "--out", out, "--force"]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(text(&refused.stderr).contains("map::tiles"), "{}", text(&refused.stderr));
        assert_eq!(fs::read_to_string(&page).unwrap(), with, "what stood there still stands");
    }
}

#[test]
fn what_is_no_run_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("map.html");
    let tried = |run: &Path, more: &[&str]| {
        let mut args = vec!["map", run.to_str().unwrap(), "--out", out.to_str().unwrap()];
        args.extend(more);
        let done = gandan(&args);
        assert_eq!(done.status.code(), Some(1), "{}", text(&done.stderr));
        assert_eq!(fs::read_dir(home.path()).unwrap().filter(|e| e.as_ref().unwrap().path().is_file()).count(), 0);
        text(&done.stderr)
    };
    assert!(tried(home.path(), &[]).contains("manifest.json"));
    assert!(tried(&RUNS.four, &["--compare", home.path().to_str().unwrap()]).contains("manifest.json"));
    // A run with a table that is missing, and with one of another run.
    let copy = home.path().join("run");
    fs::create_dir(&copy).unwrap();
    let keep = |but: &str| {
        for entry in fs::read_dir(&RUNS.four).unwrap() {
            let from = entry.unwrap().path();
            let name = from.file_name().unwrap().to_str().unwrap().to_owned();
            if from.is_file() && name != but && !name.ends_with(".html") {
                fs::copy(&from, copy.join(name)).unwrap();
            }
        }
    };
    keep("backdrop.parquet");
    assert!(tried(&copy, &[]).contains("backdrop.parquet"));
    keep("");
    fs::write(copy.join("cells.parquet"), "no table").unwrap();
    assert!(tried(&copy, &[]).contains("run::table"));
    let done = gandan(&["map", RUNS.four.to_str().unwrap(), "--out", home.path().join("map.pdf").to_str().unwrap()]);
    assert!(text(&done.stderr).contains("output::ending"), "{}", text(&done.stderr));
}
