//! What planners may ask of phases, as they ask it: the binary, on two districts of the demo city.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{gandan, text};
use serde_json::Value;

/// A strict standard, so that single agents serve few.
const SCENARIO: &str = r#"
title = { vi = "Thử", en = "Test" }
synthetic = true

[inputs]
roads = "roads.osm.pbf"
population = "population.tif"
study_area = "area.geojson"
sites = "sites.csv"

[[inputs.boundaries]]
id = "communes"
name = { vi = "Xã, phường", en = "Wards" }
file = "communes.geojson"

[population]
cell_m = 0

[standard]
minutes = 4
radius_km = 0.8

[solve]
compare_strategies = true
"#;

fn phase(starts: &str, keys: &str) -> String {
    format!("\n[[phases]]\nname = {{ vi = \"{starts}\", en = \"{starts}\" }}\nstarts = {starts}\n{keys}\n")
}

/// The two districts, every site with a cost: 10, 11, 12, 10, … in turn.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    common::part_of_demo(home.path(), &["002", "003"]);
    let table = fs::read_to_string(home.path().join("sites.csv")).unwrap();
    let with_cost = |(i, line): (usize, &str)| match i {
        0 => format!("{line},cost\n"),
        _ => format!("{line},{}\n", 10 + i % 3),
    };
    let table: String = table.lines().enumerate().map(with_cost).collect();
    fs::write(home.path().join("sites.csv"), table).unwrap();
    home
}

fn ids(home: &Path) -> Vec<String> {
    let table = fs::read_to_string(home.join("sites.csv")).unwrap();
    table.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
}

fn plan(home: &Path, name: &str, phases: &[String]) -> (PathBuf, std::process::Output) {
    let path = home.join(format!("{name}.toml"));
    fs::write(&path, SCENARIO.to_owned() + &phases.concat()).unwrap();
    let out = home.join(name);
    let args = ["--quiet", "plan", path.to_str().unwrap(), "--out", out.to_str().unwrap(), "--format", "json"];
    let done = gandan(&args);
    (out, done)
}

fn summary(done: &std::process::Output) -> Value {
    assert!(done.status.success(), "{}", text(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

#[test]
fn named_closed_and_paid_for() {
    let home = home();
    let ids = ids(home.path());
    let phases = [
        phase("2025-01-01", &format!("opens = \"most-people\"\nagents = 3\nopen = [\"{}\"]", ids[0])),
        phase("2025-02-01", &format!("opens = \"most-people\"\nbudget = 60\nclose = [\"{}\"]", ids[0])),
        phase("2025-03-01", "ends = 2025-03-31\nopens = \"worst-first\"\nagents = 8"),
    ];
    let (out, done) = plan(home.path(), "run", &phases);
    let proof = proof(&out);
    let summary = summary(&done);
    let opened = |t: usize| summary["phases"][t]["opened"].as_array().unwrap().clone();
    assert!(opened(0).iter().any(|id| id == ids[0].as_str()), "{summary}");
    // A budget of 60 pays for at most six sites at 10 each.
    assert!(summary["phases"][1]["agents"].as_u64().unwrap() <= 6);
    for t in 0..3 {
        assert_eq!(summary["phases"][t]["proof"]["gap"], 0.0, "{summary}");
    }
    // The joint plan of the first two phases is best; the last is a block of its own.
    let days = |i: usize| summary["strategies"][i]["person_days"].as_f64().unwrap();
    assert_eq!(summary["strategies"].as_array().unwrap().len(), 3);
    assert!(days(0) > 0.0 && days(1) > 0.0);
    let csv = fs::read_to_string(out.join("rollout.csv")).unwrap();
    let header: Vec<&str> = csv.trim_start_matches('\u{feff}').lines().next().unwrap().split(',').collect();
    assert!(header.contains(&"closes_phase"), "{header:?}");
    // All figures again from the tables, the closed site included.
    let verified = gandan(&["verify", out.to_str().unwrap()]);
    assert!(verified.status.success(), "{}{}", text(&verified.stdout), text(&verified.stderr));
    let told = text(&gandan(&["explain", out.to_str().unwrap(), "--site", &ids[0]]).stdout);
    assert!(told.contains("It closes before the end of the plan.") && !told.contains("substitute"), "{told}");
    // The first two phases are one problem, of which no multipliers are claimed; the last is none of most people.
    let problems = proof["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 1, "{proof}");
    assert_eq!(problems[0]["no_multipliers"], "no multipliers: sites close");
    assert!(problems[0]["certificate"].is_null());
    assert!(problems[0]["also_asked"][0].as_str().unwrap().contains(&ids[0]), "{proof}");
    let rest = &proof["without_multipliers"];
    assert_eq!((&rest[0]["phases"], &rest[0]["kind"]), (&serde_json::json!([3]), &serde_json::json!("worst-first")));
    // A kind that the scenario does not ask for is noticed, and so is a phase that nobody speaks of.
    for change in [serde_json::json!([{ "phases": [3], "kind": "robust", "why": "" }]), serde_json::json!([])] {
        let mut changed = proof.clone();
        changed["without_multipliers"] = change;
        fs::write(out.join("proof.json"), changed.to_string()).unwrap();
        let verified = gandan(&["verify", out.to_str().unwrap()]);
        assert!(!verified.status.success(), "{}", text(&verified.stdout));
    }
}

fn proof(run: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(run.join("proof.json")).unwrap()).unwrap()
}

/// Writes and verifies a run, and returns its proof.
fn proven(home: &Path, name: &str, solve: &str, phases: &[String]) -> Value {
    let path = home.join(format!("{name}.toml"));
    let scenario = SCENARIO.replace("compare_strategies = true", solve) + &phases.concat();
    fs::write(&path, scenario).unwrap();
    let out = home.join(name);
    let done = gandan(&["--quiet", "plan", path.to_str().unwrap(), "--out", out.to_str().unwrap(), "--format", "json"]);
    summary(&done);
    let verified = gandan(&["verify", out.to_str().unwrap()]);
    assert!(verified.status.success(), "{name}: {}{}", text(&verified.stdout), text(&verified.stderr));
    proof(&out)
}

#[test]
fn what_is_asked_beside_the_people_stands_in_the_proof() {
    let home = home();
    let ids = ids(home.path());
    let phases = [
        phase("2025-01-01", &format!("opens = \"most-people\"\nagents = 4\nopen = [\"{}\"]", ids[0])),
        phase("2025-02-01", "opens = \"most-people\"\nagents = 8\nfloor = 0.1"),
        phase("2025-03-01", "opens = \"fewest-for-all\""),
    ];
    // Sites that must stand and floors only take plans away: what multipliers prove without them holds.
    let joint = proven(home.path(), "joint", "strategy = \"joint\"", &phases);
    let problems = joint["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 2, "{joint}");
    assert!(problems[0]["certificate"]["bound"].as_u64() >= problems[0]["objective"].as_u64(), "{joint}");
    assert_eq!(problems[0]["also_asked"].as_array().unwrap().len(), 2, "{joint}");
    assert_eq!((&problems[1]["kind"], &problems[1]["also_asked"]), (&"fewest-for-all".into(), &serde_json::json!([])));
    // One phase after another.
    let greedy = proven(home.path(), "greedy", "strategy = \"greedy\"", &phases);
    assert_eq!(greedy["problems"].as_array().unwrap().len(), 1, "{greedy}");
    assert_eq!(greedy["without_multipliers"][0]["kind"], "strategy", "{greedy}");
    // The worst of two cases, with the money of one phase.
    let slow = "\n[[sensitivity.cases]]\nid = \"rain\"\nname = { vi = \"Mưa\", en = \"Rain\" }\nspeed_factor = 0.5\n";
    let solve = "robust = \"all\"".to_owned() + "\n[sensitivity]\nwith_plan = false\n" + slow;
    let asked = [
        phase("2025-01-01", "opens = \"most-people\"\nbudget = 40"),
        phase("2025-02-01", "opens = \"most-people\"\nbudget = 60"),
        phase("2025-03-01", "opens = \"fewest-for-all\""),
    ];
    let robust = proven(home.path(), "robust", &solve, &asked);
    assert_eq!(robust["without_multipliers"][0]["kind"], "robust", "{robust}");
    assert_eq!(robust["without_multipliers"][0]["phases"], serde_json::json!([1, 2]), "{robust}");
    let also = robust["problems"][0]["also_asked"][0].as_str().unwrap();
    assert!(also.contains("normal, rain"), "{robust}");
    // What cannot go together is said, all of it.
    let path = home.path().join("both.toml");
    fs::write(&path, SCENARIO.replace("compare_strategies = true", &solve) + &phases.concat()).unwrap();
    let done = gandan(&["check", path.to_str().unwrap()]);
    let told = text(&done.stdout) + &text(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{told}");
    assert!(told.contains("a site that must open") && told.contains("a promised share"), "{told}");
}

#[test]
fn asks_that_cannot_be_met_are_answered() {
    let home = home();
    let cases = [
        ("few", "opens = \"fewest-for-all\"\nagents = 2", "needs at least"),
        ("poor", "opens = \"fewest-for-all\"\nbudget = 25", "costs at least"),
        ("promise", "opens = \"most-people\"\nagents = 2\nmin_coverage = 0.9", "must be served"),
        ("floor", "opens = \"most-people\"\nagents = 2\nfloor = 0.5", "agents"),
    ];
    for (name, keys, said) in cases {
        let (out, done) = plan(home.path(), name, &[phase("2025-01-01", keys)]);
        let told = text(&done.stderr);
        assert_eq!(done.status.code(), Some(3), "{name}: {told}");
        assert!(told.contains(said), "{name}: {told}");
        assert!(!out.exists(), "{name}");
    }
    // A site that is not there, and a site without a cost, are faults of the input.
    let keys = "opens = \"most-people\"\nbudget = 30\nopen = [\"nowhere\"]";
    common::site(home.path(), "sites.csv", "new", "New", 105.85, 21.02);
    let (_, done) = plan(home.path(), "wrong", &[phase("2025-01-01", keys)]);
    let told = text(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{told}");
    assert!(told.contains("`nowhere`") && told.contains("phases::cost"), "{told}");
}
