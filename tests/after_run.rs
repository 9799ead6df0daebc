//! After a run: explain, compare, verify and the proof, on one former district of the demo city and on a part of it.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use polars::prelude::{
    Column, DataFrame, Float64Chunked, IntoColumn, NewChunkedArray, ParquetReader, ParquetWriter, SerReader,
    StringChunked, UInt32Chunked,
};
use serde_json::{Value, json};

mod common;
use common::{gandan, text};

const SCENARIO: &str = r#"
title = { vi = "Thử", en = "Trial" }

[inputs]
roads = "roads.osm.pbf"
population = "population.tif"
study_area = "area.geojson"
sites = "sites.csv"

[[inputs.boundaries]]
id = "communes"
name = { vi = "Xã, phường", en = "Communes" }
file = "communes.geojson"

[standard]
minutes = 5
radius_km = 1

[output]
isochrone_minutes = [5]

[[phases]]
name = { vi = "Một", en = "One" }
starts = 2025-01-01
opens = "most-people"
agents = 2

[[phases]]
name = { vi = "Hai", en = "Two" }
starts = 2025-06-01
ends = 2025-12-31
opens = "most-people"
agents = 4

[[phases]]
name = { vi = "Ba", en = "Three" }
starts = 2026-01-01
opens = "fewest-for-all"
"#;

/// Days from 1 January to 1 June 2025, from there to 1 January 2026, and the year that an open end counts for.
const DAYS: [i64; 3] = [151, 214, 365];

/// Two runs on the same rows: two agents in the first phase (`two`), or three (`three`); and one on a part of the area.
struct Runs {
    _home: tempfile::TempDir,
    two: PathBuf,
    three: PathBuf,
    part: PathBuf,
}

static RUNS: LazyLock<Runs> = LazyLock::new(|| {
    let home = tempfile::tempdir().unwrap();
    let plan = |folder: &Path, name: &str, scenario: &str| {
        let path = folder.join(format!("{name}.toml"));
        fs::write(&path, scenario).unwrap();
        let out = folder.join(name);
        let done = gandan(&["plan", path.to_str().unwrap(), "--out", out.to_str().unwrap(), "--quiet"]);
        assert!(done.status.success(), "{name}: {}", text(&done.stderr));
        out
    };
    let (both, one) = (home.path().join("both"), home.path().join("one"));
    for (folder, districts) in [(&both, &["002", "003"][..]), (&one, &["003"])] {
        fs::create_dir(folder).unwrap();
        common::part_of_demo(folder, districts);
    }
    Runs {
        two: plan(&both, "two", SCENARIO),
        three: plan(&both, "three", &SCENARIO.replacen("agents = 2", "agents = 3", 1)),
        part: plan(&one, "part", SCENARIO),
        _home: home,
    }
});

fn read(run: &Path, file: &str) -> DataFrame {
    ParquetReader::new(fs::File::open(run.join(file)).unwrap()).finish().unwrap()
}

fn texts(frame: &DataFrame, name: &str) -> Vec<Option<String>> {
    frame.column(name).unwrap().str().unwrap().iter().map(|t| t.map(str::to_owned)).collect()
}

fn wholes(frame: &DataFrame, name: &str) -> Vec<u32> {
    frame.column(name).unwrap().u32().unwrap().iter().map(|w| w.unwrap_or(0)).collect()
}

fn numbers(frame: &DataFrame, name: &str) -> Vec<Option<f64>> {
    frame.column(name).unwrap().f64().unwrap().iter().collect()
}

fn flags(frame: &DataFrame, name: &str) -> Vec<bool> {
    frame.column(name).unwrap().bool().unwrap().iter().map(|f| f == Some(true)).collect()
}

fn json_of(args: &[&str]) -> Value {
    let done = gandan(args);
    assert!(done.status.success(), "{args:?}: {}", text(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

/// A run as sets: rows with their people, who serves them, and when agents open.
struct Sets {
    rows: BTreeMap<(u32, String), (i64, BTreeSet<String>)>,
    opens: BTreeMap<String, u32>,
    usable: BTreeSet<String>,
}

fn sets(run: &Path) -> Sets {
    let cells = read(run, "cells.parquet");
    let keys = wholes(&cells, "cell").into_iter().zip(texts(&cells, "mode").into_iter().flatten());
    let persons = numbers(&cells, "persons").into_iter().map(|p| (p.unwrap() * 1000.0).round() as i64);
    let mut rows: BTreeMap<_, _> = keys.zip(persons).map(|(key, p)| (key, (p, BTreeSet::new()))).collect();
    let coverage = read(run, "coverage.parquet");
    let keys = wholes(&coverage, "cell").into_iter().zip(texts(&coverage, "mode").into_iter().flatten());
    for (key, site) in keys.zip(texts(&coverage, "site")) {
        rows.get_mut(&key).unwrap().1.insert(site.unwrap());
    }
    let rollout = read(run, "rollout.parquet");
    let opens = texts(&rollout, "site").into_iter().flatten().zip(wholes(&rollout, "phase")).collect();
    let sites = read(run, "sites.parquet");
    let usable = texts(&sites, "site").into_iter().flatten().zip(flags(&sites, "usable"));
    Sets { rows, opens, usable: usable.filter(|(_, usable)| *usable).map(|(site, _)| site).collect() }
}

impl Sets {
    fn standing(&self, phase: u32) -> BTreeSet<String> {
        self.opens.iter().filter(|(_, from)| **from <= phase).map(|(site, _)| site.clone()).collect()
    }

    fn served(&self, open: &BTreeSet<String>) -> i64 {
        self.rows.values().filter(|(_, sites)| !sites.is_disjoint(open)).map(|(persons, _)| persons).sum()
    }

    /// What `other` in place of `site`, from its opening on, does to the people served at the end and to person-days.
    fn exchange(&self, site: &str, other: &str) -> (i64, i64) {
        let change = |phase: u32| {
            let mut open = self.standing(phase);
            let before = self.served(&open);
            open.remove(site);
            open.insert(other.to_owned());
            self.served(&open) - before
        };
        let days = (self.opens[site]..=3).map(|phase| DAYS[phase as usize - 1] * change(phase)).sum();
        (change(3), days)
    }
}

#[test]
fn every_site_is_explained_as_a_full_search_would() {
    let run = &RUNS.two;
    let sets = sets(run);
    let table = read(run, "explanations.parquet");
    let column = |name: &str| numbers(&table, name);
    let (lost, first, added) = (column("persons_lost"), column("persons_lost_first"), column("persons_added"));
    let (persons, days) = (column("exchange_persons"), column("exchange_person_days"));
    let exchanges = texts(&table, "exchange");
    let milli = |of: Option<f64>| of.map(|p| (p * 1000.0).round() as i64);
    let end = sets.standing(3);
    let (mut agents, mut others) = (0, 0);
    for (i, (site, role)) in texts(&table, "site").into_iter().zip(texts(&table, "role")).enumerate() {
        let (site, role) = (site.unwrap(), role.unwrap());
        let without = |phase: u32| {
            let mut open = sets.standing(phase);
            let before = sets.served(&open);
            open.remove(&site);
            before - sets.served(&open)
        };
        if let Some(&phase) = sets.opens.get(&site) {
            agents += 1;
            assert_eq!(role, "opens");
            assert_eq!((milli(first[i]), milli(lost[i])), (Some(without(phase)), Some(without(3))), "{site}");
            let closed = sets.usable.iter().filter(|k| !sets.opens.contains_key(*k));
            let best = closed.map(|k| sets.exchange(&site, k)).max_by_key(|&(people, days)| (days, people));
            assert_eq!(milli(persons[i]).zip(milli(days[i])), best, "{site}");
            // The plan of each phase is proven best, so no exchange serves more person-days.
            assert!(best.is_none_or(|(_, days)| days <= 0), "{site}");
        } else if sets.usable.contains(&site) {
            others += 1;
            let mut more = end.clone();
            more.insert(site.clone());
            let gain = sets.served(&more) - sets.served(&end);
            assert_eq!(milli(added[i]), Some(gain), "{site}");
            let best = sets.opens.keys().map(|j| sets.exchange(j, &site)).max_by_key(|&(people, days)| (days, people));
            assert_eq!(milli(persons[i]).zip(milli(days[i])), best, "{site}");
        } else {
            assert!(role == "refused" && exchanges[i].is_none(), "{site}: {role}");
        }
    }
    assert!(agents >= 5 && others >= 2, "{agents} agents, {others} candidates");
}

#[test]
fn a_site_tells_its_story() {
    let run = RUNS.two.to_str().unwrap();
    let sets = sets(&RUNS.two);
    let (site, _) = sets.opens.iter().find(|(_, phase)| **phase == 1).unwrap();
    let story = json_of(&["explain", run, "--site", site, "--format", "json"]);
    assert_eq!((story["role"].as_str(), story["opens"]["phase"].as_u64()), (Some("opens"), Some(1)));
    assert_eq!(story["phases"].as_array().unwrap().len(), 3);
    // Its load in the last phase is what the rollout says.
    let rollout = read(&RUNS.two, "rollout.parquet");
    let at = texts(&rollout, "site").iter().position(|s| s.as_ref() == Some(site)).unwrap();
    let nearest = numbers(&rollout, "persons_nearest")[at].unwrap();
    assert!((story["phases"][2]["persons_nearest"].as_f64().unwrap() - nearest).abs() < 1e-6);
    let only = json_of(&["explain", run, "--site", site, "--phase", "2", "--format", "json"]);
    assert_eq!((only["phases"].as_array().unwrap().len(), only["phases"][0]["phase"].as_u64()), (1, Some(2)));
    // In words, and by its name.
    let name = story["name"].as_str().unwrap();
    let told = gandan(&["explain", run, "--site", name]);
    assert!(text(&told.stdout).contains("It opens in phase 1 (One) on 2025-01-01"), "{}", text(&told.stdout));
    assert!(text(&told.stdout).contains("The best substitute is"), "{}", text(&told.stdout));

    let wrong = gandan(&["explain", run, "--site", &format!("{site}7")]);
    let said = text(&wrong.stderr);
    assert!(wrong.status.code() == Some(1) && said.contains("run::site") && said.contains(site), "{said}");
    let wrong = gandan(&["explain", run, "--site", site, "--phase", "4"]);
    assert!(text(&wrong.stderr).contains("run::phase"), "{}", text(&wrong.stderr));
    let wrong = gandan(&["explain", run]);
    assert_eq!(wrong.status.code(), Some(2), "one of site, cell and place must be given");
}

#[test]
fn a_place_tells_its_story() {
    let run = RUNS.two.to_str().unwrap();
    let cells = read(&RUNS.two, "cells.parquet");
    let (number, covered) = (wholes(&cells, "cell"), flags(&cells, "covered"));
    let (lon, lat) = (numbers(&cells, "lon"), numbers(&cells, "lat"));
    let (modes, phases, times) = (texts(&cells, "mode"), wholes(&cells, "phase"), numbers(&cells, "travel_time_s"));
    let sets = sets(&RUNS.two);
    // A few cells all over the table.
    for row in (0..number.len()).step_by(number.len() / 7) {
        let cell = number[row].to_string();
        let story = json_of(&["explain", run, "--cell", &cell, "--format", "json"]);
        for of in 0..number.len() {
            if number[of] != number[row] {
                continue;
            }
            let mode = modes[of].as_deref().unwrap();
            let told = story["modes"].as_array().unwrap().iter().find(|m| m["mode"] == mode).unwrap();
            let phase = &told["phases"][phases[of] as usize - 1];
            assert_eq!(phase["covered"], covered[of], "cell {cell}, {mode}");
            assert_eq!(phase["travel_time_s"].as_f64(), times[of], "cell {cell}, {mode}");
            assert_eq!(phase["why_not"].is_null(), covered[of]);
            let serving = &sets.rows[&(number[of], mode.to_owned())].1;
            let standing = sets.standing(phases[of]);
            assert_eq!(phase["agents_within"], json!(serving.intersection(&standing).count()));
            let second = &phase["second"]["site"];
            assert!(second.is_null() || standing.contains(second.as_str().unwrap()) && second != &phase["agent"]);
            let since = told["served_since"]["phase"].as_u64();
            assert_eq!(covered[of], since.is_some_and(|since| since <= u64::from(phases[of])));
        }
        // The middle of the cell lies in it.
        let place = format!("{},{}", lon[row].unwrap(), lat[row].unwrap());
        let at = json_of(&["explain", run, "--at", &place, "--format", "json"]);
        assert_eq!((at["cell"].as_u64(), at["away_m"].as_f64()), (Some(u64::from(number[row])), Some(0.0)));
    }
    // 1° of latitude south of everything: some 111 km to the nearest.
    let south = lat.iter().flatten().copied().fold(f64::INFINITY, f64::min) - 1.0;
    let far = json_of(&["explain", run, "--at", &format!("105.84,{south}"), "--format", "json"]);
    assert!((111_000.0..113_000.0).contains(&far["away_m"].as_f64().unwrap()), "{far}");
    let said = text(&gandan(&["explain", run, "--at", &format!("105.84,{south}")]).stdout);
    assert!(said.contains("No cell holds the point asked for"), "{said}");
    let wrong = gandan(&["explain", run, "--cell", "999999999"]);
    assert!(text(&wrong.stderr).contains("run::cell"), "{}", text(&wrong.stderr));
}

#[test]
fn two_runs_stand_side_by_side() {
    let (two, three) = (RUNS.two.to_str().unwrap(), RUNS.three.to_str().unwrap());
    let found = json_of(&["compare", two, three, "--format", "json"]);
    assert_eq!((found["same_rows"].as_bool(), found["doubts"].as_array().unwrap().len()), (Some(true), 0));
    // The only difference is the number of agents of the first phase.
    assert_eq!(found["differences"], json!([{ "what": "phases.1.agents", "a": "2", "b": "3" }]));
    let days: Vec<_> = found["moments"].as_array().unwrap().iter().map(|m| m["from"].as_str().unwrap()).collect();
    assert_eq!(days, ["2025-01-01", "2025-06-01", "2026-01-01"]);

    let (a, b) = (read(&RUNS.two, "cells.parquet"), read(&RUNS.three, "cells.parquet"));
    let (phases, persons) = (wholes(&a, "phase"), numbers(&a, "persons"));
    for (i, moment) in found["moments"].as_array().unwrap().iter().enumerate() {
        let rows: Vec<usize> = (0..phases.len()).filter(|&row| phases[row] as usize == i + 1).collect();
        let sum = |keep: &dyn Fn(usize) -> bool| -> f64 {
            rows.iter().filter(|&&row| keep(row)).map(|&row| persons[row].unwrap()).sum()
        };
        let (served_a, served_b) = (flags(&a, "covered"), flags(&b, "covered"));
        let (time_a, time_b) = (numbers(&a, "travel_time_s"), numbers(&b, "travel_time_s"));
        let time = |times: &[Option<f64>], row: usize| times[row].unwrap_or(f64::INFINITY);
        for (name, expected) in [
            ("newly_served", sum(&|row| !served_a[row] && served_b[row])),
            ("no_longer_served", sum(&|row| served_a[row] && !served_b[row])),
            ("sooner", sum(&|row| time(&time_b, row) + 60.0 < time(&time_a, row))),
            ("later", sum(&|row| time(&time_a, row) + 60.0 < time(&time_b, row))),
        ] {
            let told = moment["people"][name].as_f64().unwrap();
            assert!((told - expected).abs() < 0.01, "{name} from {}: {told}, not {expected}", moment["from"]);
            // The communes together are the whole.
            let areas = moment["areas"].as_array().unwrap();
            let parts: f64 = areas[1..].iter().map(|area| area["people"][name].as_f64().unwrap()).sum();
            assert!((parts - expected).abs() < 0.01, "{name} by communes: {parts}, not {expected}");
        }
        let change =
            moment["b"]["persons_covered"].as_f64().unwrap() - moment["a"]["persons_covered"].as_f64().unwrap();
        assert!((change - sum(&|row| served_b[row]) + sum(&|row| served_a[row])).abs() < 0.01);
    }
    let first = &found["moments"][0];
    let agents = |list: &str| first[list].as_array().unwrap().len() as u64;
    let both = first["agents_in_both"].as_u64().unwrap();
    assert_eq!((both + agents("moved") + agents("only_a"), both + agents("moved") + agents("only_b")), (2, 3));
    assert!(first["people"]["newly_served"].as_f64().unwrap() > 0.0, "a third agent serves more people");

    // A run and itself: nothing differs.
    let same = json_of(&["compare", two, two, "--format", "json"]);
    assert_eq!((&same["differences"], &same["retimed"]), (&json!([]), &json!([])));
    for moment in same["moments"].as_array().unwrap() {
        let p = &moment["people"];
        assert!(["newly_served", "no_longer_served", "sooner", "later"].iter().all(|name| p[name] == 0.0), "{p}");
    }

    // As a table: a line for the whole area and each commune, at each of three days.
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("compare.parquet");
    let told = gandan(&["compare", two, three, "--out", out.to_str().unwrap()]);
    assert!(told.status.success(), "{}", text(&told.stderr));
    assert!(text(&told.stdout).contains("More than a minute sooner"), "{}", text(&told.stdout));
    let areas = found["moments"][0]["areas"].as_array().unwrap().len();
    assert_eq!(read(home.path(), "compare.parquet").height(), 3 * areas);
    let wrong = gandan(&["compare", two, three, "--out", "compare.docx"]);
    assert!(text(&wrong.stderr).contains("output::ending"), "{}", text(&wrong.stderr));
}

#[test]
fn runs_of_other_areas_are_compared_by_boundary_or_refused() {
    let (two, part) = (RUNS.two.to_str().unwrap(), RUNS.part.to_str().unwrap());
    let found = json_of(&["compare", two, part, "--format", "json"]);
    assert_eq!(found["same_rows"], false);
    assert!(found["doubts"][0].as_str().unwrap().contains("only sums by phase and boundary"), "{}", found["doubts"]);
    assert!(found["moments"][0]["people"].is_null() && found["moments"][0]["areas"].as_array().unwrap().len() > 1);

    // Features of no name in common.
    let home = tempfile::tempdir().unwrap();
    let other = copy(&RUNS.part, home.path(), "other");
    change(&other, "boundaries.parquet", "code", |frame| {
        let codes = texts(frame, "code").into_iter().map(|code| code.map(|code| format!("x{code}")));
        StringChunked::from_iter_options("code".into(), codes).into_column()
    });
    let refused = gandan(&["compare", two, other.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("run::apart"), "{}", text(&refused.stderr));
    let no_run = gandan(&["compare", two, home.path().to_str().unwrap()]);
    assert!(text(&no_run.stderr).contains("manifest.json"), "{}", text(&no_run.stderr));
}

/// A copy of a run, to be broken.
fn copy(run: &Path, home: &Path, name: &str) -> PathBuf {
    let to = home.join(name);
    fs::create_dir(&to).unwrap();
    for entry in fs::read_dir(run).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
    to
}

/// Puts another column in the place of one of a table.
fn change(run: &Path, file: &str, column: &str, new: impl FnOnce(&DataFrame) -> Column) {
    let mut frame = read(run, file);
    let new = new(&frame);
    assert_eq!(new.name(), column);
    frame.with_column(new).unwrap();
    ParquetWriter::new(fs::File::create(run.join(file)).unwrap()).finish(&mut frame).unwrap();
}

/// Changes one number of a table.
fn change_number(run: &Path, file: &str, column: &str, at: impl Fn(&DataFrame) -> usize, by: f64) {
    change(run, file, column, |frame| {
        let mut values = numbers(frame, column);
        let at = at(frame);
        values[at] = Some(values[at].unwrap() + by);
        Float64Chunked::from_iter_options(column.into(), values.into_iter()).into_column()
    });
}

fn change_proof(run: &Path, change: impl FnOnce(&mut Value)) {
    let path = run.join("proof.json");
    let mut proof: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut proof);
    fs::write(&path, proof.to_string()).unwrap();
}

#[test]
fn a_sound_run_verifies_and_every_broken_claim_is_noticed() {
    let sound = gandan(&["verify", RUNS.two.to_str().unwrap()]);
    assert!(sound.status.success(), "{}{}", text(&sound.stdout), text(&sound.stderr));
    assert!(text(&sound.stdout).contains("problem 2: the bound that its multipliers prove"));

    let add = |value: &mut Value, by: i64| *value = json!(value.as_i64().unwrap() + by);
    let first_site = |run: &Path| texts(&read(run, "rollout.parquet"), "site")[0].clone().unwrap();
    // What is broken, and the check that must notice it.
    type Break<'a> = (&'a str, Box<dyn Fn(&Path) + 'a>);
    let breaks: Vec<Break> = vec![
        ("problem 1: the objective", Box::new(|run| change_proof(run, |p| add(&mut p["problems"][0]["objective"], 1)))),
        (
            "problem 2: the objective",
            Box::new(|run| change_proof(run, |p| add(&mut p["problems"][1]["objective"], -1))),
        ),
        ("problem 1: the bound", Box::new(|run| change_proof(run, |p| add(&mut p["problems"][0]["bound"], -5)))),
        ("problem 1: the gap", Box::new(|run| change_proof(run, |p| p["problems"][0]["gap"] = json!(0.01)))),
        (
            "problem 1: the status",
            Box::new(|run| change_proof(run, |p| add(&mut p["problems"][0]["bound"], 1_000_000))),
        ),
        (
            "problem 1: not more agents than allowed",
            Box::new(|run| change_proof(run, |p| p["problems"][0]["phases"][0]["agents"] = json!(1))),
        ),
        (
            "problem 1: not more cost than the budget",
            Box::new(|run| change_proof(run, |p| p["problems"][0]["phases"][1]["budget"] = json!(3))),
        ),
        (
            "problem 1: agents open where and when they may",
            Box::new(|run| {
                let site = first_site(run);
                change_proof(run, |p| {
                    p["problems"][0]["phases"][0]["may_open"].as_array_mut().unwrap().retain(|s| *s != json!(site));
                });
            }),
        ),
        (
            "problem 2: demand rows that a site could serve and none does",
            Box::new(|run| {
                // The last agent opens in a fourth phase that there is not.
                change(run, "rollout.parquet", "phase", |frame| {
                    let mut phases = wholes(frame, "phase");
                    *phases.last_mut().unwrap() = 4;
                    UInt32Chunked::from_slice("phase".into(), &phases).into_column()
                });
            }),
        ),
        (
            "problem 1: the bound that its multipliers prove",
            Box::new(|run| change_proof(run, |p| add(&mut p["problems"][0]["certificate"]["bound"], -1))),
        ),
        (
            "problem 2: the bound that its multipliers prove",
            Box::new(|run| change_proof(run, |p| add(&mut p["problems"][1]["certificate"]["bound"], 1))),
        ),
        (
            "problem 2: the bound that its multipliers prove",
            Box::new(|run| {
                // A row with one site only holds all of its cost; without it the bound is one less.
                let forced = |frame: &DataFrame| {
                    let of = wholes(frame, "problem").into_iter().zip(numbers(frame, "multiplier"));
                    of.into_iter().position(|of| of == (2, Some(1e6))).unwrap()
                };
                change_number(run, "proof.parquet", "multiplier", forced, -1e6);
            }),
        ),
        (
            "problem 1: multipliers that their row does not allow",
            Box::new(|run| change_number(run, "proof.parquet", "multiplier", |_| 0, 1e9)),
        ),
        (
            "problem 1: sites said to stand in no plan as good, without proof",
            Box::new(|run| {
                let site = first_site(run);
                change_proof(run, |p| p["problems"][0]["certificate"]["in_no_plan_as_good"] = json!([site]));
            }),
        ),
        (
            "problem 1: the same in phases.parquet, phase 1",
            Box::new(|run| change_number(run, "phases.parquet", "bound", |_| 0, 1.0)),
        ),
        (
            "phases that open agents without a problem in proof.json",
            Box::new(|run| change_proof(run, |p| drop(p["problems"].as_array_mut().unwrap().pop()))),
        ),
        (
            "explanations: agents without whom others are lost",
            Box::new(|run| {
                let agent =
                    |frame: &DataFrame| numbers(frame, "persons_lost").iter().position(Option::is_some).unwrap();
                change_number(run, "explanations.parquet", "persons_lost", agent, 1.0);
            }),
        ),
        (
            "explanations: exchanges that change the people served otherwise",
            Box::new(|run| {
                let swap =
                    |frame: &DataFrame| numbers(frame, "exchange_persons").iter().position(Option::is_some).unwrap();
                change_number(run, "explanations.parquet", "exchange_persons", swap, -2.0);
            }),
        ),
    ];
    let home = tempfile::tempdir().unwrap();
    for (i, (noticed, break_it)) in breaks.iter().enumerate() {
        let run = copy(&RUNS.two, home.path(), &i.to_string());
        break_it(&run);
        let done = gandan(&["verify", run.to_str().unwrap()]);
        let said = text(&done.stdout);
        assert_eq!(done.status.code(), Some(1), "{noticed}: nothing was noticed\n{said}");
        assert!(said.lines().any(|line| line == format!("DIFFERS {noticed}")), "{noticed}:\n{said}");
    }
    // A proof of another format is not read as if it were of this one.
    let run = copy(&RUNS.two, home.path(), "format");
    change_proof(&run, |p| p["format"] = json!(2));
    assert!(text(&gandan(&["verify", run.to_str().unwrap()]).stderr).contains("run::proof"));
}

#[test]
fn answers_from_tables_carry_their_proof() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    // Rows 10, 6, 5.5; site a serves rows 1 and 2, site b rows 2 and 3, site c row 3. One site: a with 16.
    fs::write(path("rows.csv"), "row,weight\n1,10\n2,6\n3,5.5\n").unwrap();
    fs::write(path("pairs.csv"), "row,site\n1,a\n2,a\n2,b\n3,b\n3,c\n").unwrap();
    fs::write(path("sites.csv"), "site,cost\na,2\nb,2\nc,1\n").unwrap();
    let solve = |objective: &str, more: &[&str]| -> Value {
        let out = path(objective);
        let (rows, pairs, sites) = (path("rows.csv"), path("pairs.csv"), path("sites.csv"));
        let mut args =
            vec!["optimise", "--rows", &rows, "--pairs", &pairs, "--sites", &sites, "--objective", objective];
        args.extend(["--out", &out]);
        args.extend(more);
        let done = gandan(&args);
        assert!(done.status.success(), "{}", text(&done.stderr));
        serde_json::from_slice(&fs::read(Path::new(&out).join("proof.json")).unwrap()).unwrap()
    };
    let proof = solve("max-cover", &["--p", "1"]);
    let problem = &proof["problems"][0];
    // In thousandths, as 5.5 is no whole number.
    assert_eq!((proof["weight_scale"].as_u64(), problem["objective"].as_u64()), (Some(1000), Some(16_000)));
    assert_eq!(problem["certificate"]["bound"], 16_000);
    assert_eq!(problem["certificate"]["in_no_plan_as_good"], json!(["b", "c"]));
    assert_eq!(problem["certificate"]["says"], "the multipliers prove the whole bound");

    // a for 2 and c for 1 serve all; b costs 1 more than c and serves no more than it does beside a.
    let proof = solve("set-cover", &[]);
    let problem = &proof["problems"][0];
    assert_eq!((problem["objective"].as_u64(), problem["certificate"]["bound"].as_u64()), (Some(3), Some(3)));
    let multipliers = read(&home.path().join("set-cover"), "multipliers.parquet");
    let sum: u64 = multipliers.column("multiplier").unwrap().u64().unwrap().iter().flatten().sum();
    assert_eq!(sum, 3_000_000);
}
