//! `gandan optimise` on published instances and on the city-sized ones, against their known optima.
//!
//! The instances are not part of the project. They are looked for in `$GANDAN_SHARED/data/bench`, else in
//! `../shared/data/bench`; without them these tests say so and pass.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use gandan::optimise::phases::Phase;
use gandan::optimise::{Limits, Status, phases, tables};
use serde_json::Value;
use std::process::Command;

fn bench() -> Option<PathBuf> {
    let shared = std::env::var_os("GANDAN_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let folder = shared.join("data/bench");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} is not here", folder.display());
    None
}

fn optima(bench: &Path) -> HashMap<String, f64> {
    let text = std::fs::read_to_string(bench.join("orlib/optima.csv")).unwrap();
    let line = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        (fields[0].to_owned(), fields[2].trim().parse().unwrap())
    };
    text.lines().skip(1).filter(|line| !line.is_empty()).map(line).collect()
}

fn numbers(path: &Path) -> impl Iterator<Item = usize> {
    let text = std::fs::read_to_string(path).unwrap();
    text.split_whitespace().map(|word| word.parse().unwrap()).collect::<Vec<_>>().into_iter()
}

/// Runs the program on three tables and returns its JSON.
fn optimise(folder: &Path, ending: &str, args: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gandan"));
    command.arg("optimise").args(args);
    for table in ["rows", "pairs", "sites"] {
        command.arg(format!("--{table}")).arg(folder.join(format!("{table}.{ending}")));
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn write_tables(folder: &Path, rows: &str, pairs: &str, sites: &str) {
    for (name, text) in [("rows.csv", rows), ("pairs.csv", pairs), ("sites.csv", sites)] {
        std::fs::write(folder.join(name), text).unwrap();
    }
}

#[track_caller]
fn assert_proven(name: &str, answer: &Value, optimum: f64) {
    assert_proven_in_units(name, answer, optimum, 1.0);
}

/// Where the tables count in parts of the published unit; the optima are published to the thousandth.
#[track_caller]
fn assert_proven_in_units(name: &str, answer: &Value, optimum: f64, parts: f64) {
    let of = |key: &str| answer[key].as_f64().unwrap() / parts;
    let (objective, bound, time_s) = (of("objective"), of("bound"), of("time_s") * parts);
    println!("{name}: objective {objective} bound {bound} {} in {time_s:.2} s, optimum {optimum}", answer["status"]);
    assert!((objective - optimum).abs() < if parts > 1.0 { 0.000_51 } else { 1e-9 }, "{name}: {objective}");
    assert_eq!(bound, objective, "{name}");
    assert_eq!(answer["gap"].as_f64(), Some(0.0), "{name}");
    assert_eq!(answer["status"], "optimal", "{name}");
    assert!(time_s <= 60.0, "{name}: {time_s} s");
}

/// Rows m, columns n, the columns' costs, then for each row how many columns cover it and which (from 1).
fn set_cover_tables(path: &Path, folder: &Path) {
    let mut words = numbers(path);
    let mut next = || words.next().unwrap();
    let (m, n) = (next(), next());
    let (mut rows, mut pairs, mut sites) =
        ("row,weight\n".to_owned(), "row,site\n".to_owned(), "site,cost\n".to_owned());
    for site in 1..=n {
        writeln!(sites, "{site},{}", next()).unwrap();
    }
    for row in 1..=m {
        writeln!(rows, "{row},1").unwrap();
        for _ in 0..next() {
            writeln!(pairs, "{row},{}", next()).unwrap();
        }
    }
    write_tables(folder, &rows, &pairs, &sites);
}

/// Vertices, edges, p, then `i j length` a line (from 1); where a pair stands twice the later line holds. Every vertex
/// is row and site, the cost is the shortest path. Returns p.
fn p_median_tables(path: &Path, folder: &Path) -> usize {
    let mut words = numbers(path);
    let mut next = || words.next().unwrap();
    let (n, edges, p) = (next(), next(), next());
    let far = usize::MAX / 4;
    let mut length = vec![vec![far; n]; n];
    for _ in 0..edges {
        let (i, j, l) = (next() - 1, next() - 1, next());
        (length[i][j], length[j][i]) = (l, l);
    }
    (0..n).for_each(|i| length[i][i] = 0);
    for k in 0..n {
        for i in 0..n {
            for j in 0..n {
                length[i][j] = length[i][j].min(length[i][k] + length[k][j]);
            }
        }
    }
    let (mut rows, mut pairs, mut sites) =
        ("row,weight\n".to_owned(), "row,site,cost\n".to_owned(), "site\n".to_owned());
    for (i, from_here) in length.iter().enumerate() {
        writeln!(rows, "{i},1").unwrap();
        writeln!(sites, "{i}").unwrap();
        for (j, l) in from_here.iter().enumerate().filter(|&(_, &l)| l < far) {
            writeln!(pairs, "{i},{j},{l}").unwrap();
        }
    }
    write_tables(folder, &rows, &pairs, &sites);
    p
}

/// First line: sites and customers; then each site's capacity and fixed cost; then each customer's demand and what all of
/// it costs from each site. Unit costs have four decimals, so all costs are written in ten-thousandths.
fn capacitated_tables(path: &Path, folder: &Path) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut words = text.split_whitespace().map(|word| word.parse::<f64>().unwrap());
    let mut next = || words.next().unwrap();
    let (m, n) = (next() as usize, next() as usize);
    let (mut rows, mut pairs, mut sites) =
        ("row,weight\n".to_owned(), "row,site,cost\n".to_owned(), "site,capacity,cost\n".to_owned());
    for site in 1..=m {
        writeln!(sites, "{site},{},{}", next(), (next() * PARTS).round()).unwrap();
    }
    for row in 1..=n {
        let demand = next();
        writeln!(rows, "{row},{demand}").unwrap();
        for site in 1..=m {
            let each = next() * PARTS / demand;
            assert!((each - each.round()).abs() < 1e-6, "{each} is no whole number of ten-thousandths");
            writeln!(pairs, "{row},{site},{}", each.round()).unwrap();
        }
    }
    write_tables(folder, &rows, &pairs, &sites);
}

const PARTS: f64 = 10_000.0;

#[test]
fn set_covering_of_the_or_library() {
    let Some(bench) = bench() else { return };
    let optima = optima(&bench);
    for name in [
        "scp41", "scp42", "scp43", "scp44", "scp45", "scp46", "scp47", "scp48", "scp49", "scp410", "scp51", "scp52",
        "scp53", "scp54", "scp55", "scpa1", "scpa2", "scpa3", "scpb1", "scpb2",
    ] {
        let folder = tempfile::tempdir().unwrap();
        set_cover_tables(&bench.join(format!("orlib/scp/{name}.txt")), folder.path());
        let answer = optimise(folder.path(), "csv", &["--objective", "set-cover"]);
        assert_proven(name, &answer, optima[name]);
    }
}

/// The p-medians, and the p-centers of the same graphs (their optima are published too, by Elloumi, Labbé and Pochet 2004 among others).
#[test]
fn p_median_of_the_or_library() {
    let Some(bench) = bench() else { return };
    let optima = optima(&bench);
    let centers = [127.0, 98.0, 93.0, 74.0, 48.0, 84.0, 64.0, 55.0, 37.0, 20.0];
    for (i, center) in (1..).zip(centers) {
        let name = format!("pmed{i}");
        let folder = tempfile::tempdir().unwrap();
        let p = p_median_tables(&bench.join(format!("orlib/pmed/{name}.txt")), folder.path()).to_string();
        let answer = optimise(folder.path(), "csv", &["--objective", "p-median", "--p", &p]);
        assert_proven(&name, &answer, optima[&name]);
        let answer = optimise(folder.path(), "csv", &["--objective", "p-center", "--p", &p]);
        assert_proven(&format!("{name} p-center"), &answer, center);
    }
}

#[test]
fn capacitated_location_of_the_or_library() {
    let Some(bench) = bench() else { return };
    let optima = optima(&bench);
    for name in ["cap61", "cap62", "cap63", "cap64", "cap71", "cap72", "cap91", "cap92", "cap101", "cap102"] {
        let folder = tempfile::tempdir().unwrap();
        capacitated_tables(&bench.join(format!("orlib/cap/{name}.txt")), folder.path());
        let answer = optimise(folder.path(), "csv", &["--objective", "capacitated"]);
        assert_proven_in_units(name, &answer, optima[name], PARTS);
    }
}

#[test]
fn the_city_sized_instances() {
    let Some(bench) = bench() else { return };
    let net150 = bench.join("coverage/net150");
    let answer = optimise(&net150, "parquet", &["--objective", "max-cover", "--p", "32"]);
    assert_proven("net150 p=32", &answer, 6_334_258.471);
    assert_eq!(answer["sites_open"], 32);
    assert_proven("net150 LSCP", &optimise(&net150, "parquet", &["--objective", "set-cover"]), 111.0);
    let net300 = bench.join("coverage/net300");
    assert_proven("net300 LSCP", &optimise(&net300, "parquet", &["--objective", "set-cover"]), 132.0);
}

/// Three nested phases of equal length on the city-sized instance. Known: 74.35, 88.22 and 91.87 % of all people.
#[test]
fn nested_phases_of_the_city_sized_instance() {
    let Some(bench) = bench() else { return };
    let table = |name: &str| bench.join(format!("coverage/net150/{name}.parquet"));
    let instance = tables::read(&table("rows"), &table("pairs"), &table("sites")).unwrap();
    let phase = |open_total| Phase {
        weights: instance.weights.clone(),
        multiplier: 1,
        allowed: instance.eligible.clone(),
        open_total,
        budget: None,
    };
    let asked = [phase(32), phase(64), phase(100)];
    let problem =
        phases::Problem { cover: &instance.cover, costs: &instance.site_costs, fixed: &instance.fixed, phases: &asked };
    let plan = phases::solve(&problem, &Limits::default()).unwrap();
    println!("{} in {} s: {:#?}", plan.status.as_str(), plan.time_s, plan.steps);
    assert_eq!((plan.status, plan.objective), (Status::Optimal, plan.bound));
    assert_eq!([0, 1, 2].map(|t| plan.open_at(t).len()), [32, 64, 100]);
    let total: u64 = instance.weights.iter().sum();
    let shares = plan.covered.iter().map(|&c| (c as f64 / total as f64 * 10_000.0).round() / 100.0);
    assert_eq!(shares.collect::<Vec<_>>(), [74.35, 88.22, 91.87]);
}
