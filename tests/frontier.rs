//! The frontier, the cases and robust plans as a user runs them: the binary, on the demo city.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn gandan(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gandan"))
        .env("GANDAN_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"))
        .args(args)
        .output()
        .unwrap()
}

/// The demo with a single phase of five agents, coarse cells, and what is added.
fn scenario(home: &Path, solve: &str, added: &str) -> PathBuf {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo");
    let file = home.join("scenario.toml");
    let inputs = |name: &str| data.join(name).display().to_string();
    let text = format!(
        r#"
        synthetic = true
        title = {{ vi = "Thử", en = "Test" }}
        [inputs]
        roads = "{}"
        population = "{}"
        study_area = "{}"
        sites = "{}"
        [[inputs.boundaries]]
        id = "communes"
        name = {{ vi = "Xã", en = "Communes" }}
        file = "{}"
        [standard]
        minutes = 15
        rule = "time"
        [population]
        cell_m = 2000
        [[phases]]
        name = {{ vi = "Một", en = "One" }}
        starts = 2025-01-01
        opens = "most-people"
        agents = 5
        [solve]
        {solve}
        {added}
        "#,
        inputs("roads.osm.pbf"),
        inputs("population.tif"),
        inputs("study_area.geojson"),
        inputs("sites.csv"),
        inputs("communes.geojson"),
    );
    fs::write(&file, text).unwrap();
    file
}

fn answer(command: &str, file: &Path, out: &Path) -> Value {
    let done =
        gandan(&[command, file.to_str().unwrap(), "--out", out.to_str().unwrap(), "--format", "json", "--quiet"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

const CASES: &str = r#"
        [sensitivity]
        replan = 2
        [[sensitivity.cases]]
        id = "slow"
        name = { vi = "Chậm", en = "Slow" }
        speed_factor = 0.7
        [[sensitivity.cases]]
        id = "across"
        name = { vi = "Cắt", en = "Cut" }
        close_across = [[[105.3, 21.0], [106.1, 21.0]]]
"#;

#[test]
fn the_curve_rises_within_its_bounds() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("curve");
    let found = answer("frontier", &scenario(home.path(), "time_limit_s = 4", ""), &out);
    let points = found["points"].as_array().unwrap();
    let number = |p: &Value, key: &str| p[key].as_f64().unwrap();
    assert_eq!((number(&points[0], "agents"), number(&points[0], "persons")), (0.0, 0.0));
    for pair in points.windows(2) {
        assert_eq!(number(&pair[1], "agents"), number(&pair[0], "agents") + 1.0);
        assert!(number(&pair[1], "persons") >= number(&pair[0], "persons"));
        assert!(number(&pair[1], "bound_persons") >= number(&pair[0], "bound_persons"));
    }
    for point in points {
        let (persons, bound) = (number(point, "persons"), number(point, "bound_persons"));
        assert!(persons <= bound && bound <= number(&found, "coverable_persons"), "{point}");
        assert_eq!(point["status"] == "optimal", persons == bound, "{point}");
    }
    assert_eq!(number(points.last().unwrap(), "persons"), number(&found, "coverable_persons"));
    assert_eq!(points[1]["status"], "optimal", "one agent is proven by the prices alone");
    for (language, said) in
        [("vi", "Số người được phục vụ theo số đại lý"), ("en", "People served by the number of agents")]
    {
        assert!(fs::read(out.join(format!("frontier.{language}.png"))).unwrap().starts_with(b"\x89PNG"));
        let svg = fs::read_to_string(out.join(format!("frontier.{language}.svg"))).unwrap();
        assert!(svg.contains(said), "{svg}");
    }
    assert!(fs::read_to_string(out.join("frontier.en.svg")).unwrap().contains("Made-up data"));
    assert!(out.join("frontier.parquet").is_file());
}

#[test]
fn slower_or_closed_roads_never_serve_more() {
    let home = tempfile::tempdir().unwrap();
    let found = answer("sensitivity", &scenario(home.path(), "time_limit_s = 4", CASES), &home.path().join("tried"));
    let outcomes = found["outcomes"].as_array().unwrap();
    let by_id = |id: &str| outcomes.iter().find(|o| o["case"] == id).unwrap();
    let persons = |o: &Value| o["persons"].as_f64().unwrap();
    let normal = persons(by_id("normal"));
    for id in ["slow", "across"] {
        let case = by_id(id);
        assert!(persons(case) < normal, "{case}");
        assert!((persons(case) + case["persons_lost"].as_f64().unwrap() - normal).abs() < 1e-6, "{case}");
        let (best, bound) = (case["best_persons"].as_f64().unwrap(), case["bound_persons"].as_f64().unwrap());
        assert!(persons(case) <= best && best <= bound, "{case}");
    }
    // Everyone rides slower, so the ways take longer.
    assert!(by_id("slow")["mean_time_s"].as_f64() > by_id("normal")["mean_time_s"].as_f64());
    // Five agents lost in turn, the worst first; two of the losses are planned anew.
    let lost: Vec<&Value> = outcomes.iter().filter(|o| o["case"].as_str().unwrap().starts_with("lost:")).collect();
    assert_eq!(lost.len(), 5);
    assert!(lost.windows(2).all(|w| w[0]["persons_lost"].as_f64() >= w[1]["persons_lost"].as_f64()));
    assert_eq!(lost.iter().filter(|o| !o["best_persons"].is_null()).count(), 2);
    assert!(lost.iter().all(|o| o["agents"] == 4));
}

#[test]
fn a_robust_plan_is_best_in_its_worst_case() {
    let home = tempfile::tempdir().unwrap();
    let worst = |solve: &str, name: &str| {
        let file = scenario(home.path(), solve, CASES);
        let found = answer("sensitivity", &file, &home.path().join(name));
        let of = |id: &str| found["outcomes"].as_array().unwrap().iter().find(|o| o["case"] == id).unwrap().clone();
        let persons = |o: Value| o["persons"].as_f64().unwrap();
        ["normal", "slow", "across"].map(|id| persons(of(id)))
    };
    let least = |served: &[f64; 3]| served.iter().copied().fold(f64::INFINITY, f64::min);
    let (plain, robust) = (worst("", "plain"), worst("robust = \"all\"", "robust"));
    assert!(least(&robust) >= least(&plain), "{robust:?} {plain:?}");
    assert!(robust[0] <= plain[0], "the plan for the normal case is the best there: {robust:?} {plain:?}");
    // A share of 1: only whom a site serves in every case counts.
    let done = {
        let file = scenario(home.path(), "robust = 1.0", &CASES.replace("replan = 2", "with_plan = false"));
        let out = home.path().join("share");
        answer("plan", &file, &out)
    };
    let served = done["phases"][0]["covered_persons"].as_f64().unwrap();
    assert!(served > 0.0 && served <= least(&plain).max(least(&robust)), "{served} {plain:?} {robust:?}");
}

#[test]
fn what_is_not_there_is_told() {
    let home = tempfile::tempdir().unwrap();
    let cases = r#"
        [[sensitivity.cases]]
        id = "a"
        name = { vi = "A", en = "A" }
        close_named = ["Cầu Không Có"]
        close_ways = [-7]
        lost_sites = ["nobody"]
        modes = ["boat"]
        close_across = [[[0.0, 0.0], [1.0, 1.0]]]
    "#;
    let file = scenario(home.path(), "", cases);
    let out = home.path().join("run");
    let done = gandan(&["sensitivity", file.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    assert_eq!(done.status.code(), Some(1));
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    for code in ["case::name", "case::way", "case::site", "case::mode", "case::line"] {
        assert!(told.contains(code), "{code}: {told}");
    }
    assert!(!out.exists());
}
