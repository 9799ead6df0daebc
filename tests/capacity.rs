//! Counters, loads, detours and relief of whole runs on a small part of the demo city.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{gandan, part_of_demo, text};
use serde_json::Value;

/// A scenario of two of the demo's districts: two agents beside the two offices, then six.
fn scenario(home: &Path, capacity: &str) -> PathBuf {
    let path = home.join("scenario.toml");
    let head = "title = { vi = \"a\", en = \"a\" }\nsynthetic = true\n\
         [inputs]\nroads = \"roads.osm.pbf\"\npopulation = \"population.tif\"\nstudy_area = \"area.geojson\"\n\
         sites = \"sites.csv\"\nfixed_sites = \"fixed.csv\"\n\
         [[inputs.boundaries]]\nid = \"communes\"\nname = { vi = \"a\", en = \"a\" }\nfile = \"communes.geojson\"\n\
         [output]\nisochrone_minutes = [30]\n";
    let phase = |starts: &str, agents: u32| {
        format!(
            "[[phases]]\nname = {{ vi = \"a\", en = \"a\" }}\nstarts = {starts}\nopens = \"most-people\"\n\
             agents = {agents}\n"
        )
    };
    fs::write(&path, format!("{head}{capacity}\n{}{}", phase("2025-01-01", 4), phase("2025-07-01", 8))).unwrap();
    path
}

/// Runs the scenario with these counters; the folder of the run and its summary.
fn run(home: &Path, name: &str, capacity: &str) -> (PathBuf, Vec<Value>) {
    let out = home.join(name);
    let path = scenario(home, capacity);
    let args = ["plan", path.to_str().unwrap(), "--quiet", "--format", "json", "--out", out.to_str().unwrap()];
    let done = gandan(&args);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let summary: Value = serde_json::from_slice(&done.stdout).unwrap();
    let phases = summary["phases"].as_array().unwrap().iter().map(|p| p["capacity"].clone()).collect();
    (out, phases)
}

fn verify(run: &Path) -> (bool, String) {
    let done = gandan(&["verify", run.to_str().unwrap()]);
    (done.status.success(), text(&done.stdout))
}

fn number(phase: &Value, key: &str) -> f64 {
    phase[key].as_f64().unwrap_or_else(|| panic!("{key} of {phase}"))
}

#[test]
fn loads_detours_and_relief_of_whole_runs() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let districts = fs::read_to_string(common::root().join("data/demo/districts.geojson")).unwrap();
    let districts: Value = serde_json::from_str(&districts).unwrap();
    let urban = districts["features"].as_array().unwrap().iter().filter(|f| f["properties"]["urban"] == true);
    let codes: Vec<&str> = urban.map(|f| f["properties"]["code"].as_str().unwrap()).take(2).collect();
    part_of_demo(home, &codes);

    // Agents with one counter each cannot carry what comes; nobody is sent elsewhere.
    let one = "[capacity]\nmax_counters = 1\noffice_max_counters = 12\n";
    let (nearest, phases) = run(home, "nearest", one);
    let last = phases.last().unwrap();
    assert!(number(last, "overflow_per_day") > 0.0, "{last}");
    assert_eq!((number(last, "persons_sent"), number(last, "unserved_per_day")), (0.0, 0.0));
    assert_eq!(number(last, "overflow_nearest_per_day"), number(last, "overflow_per_day"));
    assert!(number(last, "relief_share") > 0.0 && number(last, "relief_share") < 1.0);
    let (good, told) = verify(&nearest);
    assert!(good, "{told}");

    // Sending people elsewhere lowers the overflow, and no more comes to agents or less.
    let (sent, detoured) = run(home, "sent", &format!("{one}detour_minutes = 20\n"));
    for (before, after) in phases.iter().zip(&detoured) {
        assert!(number(after, "overflow_per_day") <= number(before, "overflow_per_day"));
        assert_eq!(number(after, "overflow_nearest_per_day"), number(before, "overflow_per_day"));
        assert!((number(after, "load_per_day") - number(before, "load_per_day")).abs() < 1e-6);
    }
    assert!(detoured.iter().any(|p| number(p, "persons_sent") > 0.0), "{detoured:?}");
    let (good, told) = verify(&sent);
    assert!(good, "{told}");

    // Tables of another run do not pass.
    for file in ["loads.parquet", "detours.parquet", "relief.parquet"] {
        let kept = fs::read(sent.join(file)).unwrap();
        fs::copy(nearest.join(file), sent.join(file)).unwrap();
        if kept != fs::read(sent.join(file)).unwrap() {
            assert!(!verify(&sent).0, "{file} of another run passed");
        }
        fs::write(sent.join(file), kept).unwrap();
    }
    assert!(verify(&sent).0);

    // Fixed sites as agents like others: no paper, no relief; fewer dossiers come.
    let (plain, phases) = run(home, "plain", &format!("{one}fixed_are_offices = false\nshare_at_agents = 0.7\n"));
    let now = phases.last().unwrap();
    assert!(now["relief_share"].is_null() && number(now, "load_per_day") < number(last, "load_per_day"));
    // Three in ten do not come to agents, and there is no office: 0.3 / 0.7 of what comes, if all are served.
    assert!(number(now, "unserved_per_day") >= number(now, "load_per_day") * 0.3 / 0.7 - 0.01, "{now}");
    let (good, told) = verify(&plain);
    assert!(good, "{told}");

    // Without the table nothing of it is there, and the run verifies all the same.
    let (off, phases) = run(home, "off", "");
    assert!(phases.iter().all(Value::is_null));
    assert!(verify(&off).0);
    fs::copy(nearest.join("loads.parquet"), off.join("loads.parquet")).unwrap();
    assert!(!verify(&off).0, "loads of a run without counters passed");
}

#[test]
fn settings_out_of_range_are_refused_before_anything_is_read() {
    let home = tempfile::tempdir().unwrap();
    let path = scenario(home.path(), "[capacity]\nmax_counters = 0\nmax_utilisation = 1.0\n");
    let done = gandan(&["plan", path.to_str().unwrap(), "--out", home.path().join("run").to_str().unwrap()]);
    let said = text(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(said.contains("capacity.max_counters") && said.contains("capacity.max_utilisation"), "{said}");
}
