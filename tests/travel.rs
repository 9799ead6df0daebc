//! Travel times as a user asks for them: tables, kept networks, several speeds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use polars::prelude::{DataFrame, ParquetReader, SerReader};

fn data(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(file)
}

fn gandan(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gandan")).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn read(path: &Path) -> DataFrame {
    ParquetReader::new(fs::File::open(path).unwrap()).finish().unwrap()
}

/// Rows of a table of trips: from, to, seconds.
fn trips(path: &Path) -> Vec<(String, String, Option<f64>)> {
    let table = read(path);
    let ids = |name: &str| -> Vec<String> {
        table.column(name).unwrap().str().unwrap().iter().map(|v| v.unwrap().to_owned()).collect()
    };
    let seconds: Vec<Option<f64>> = table.column("travel_time_s").unwrap().f64().unwrap().iter().collect();
    ids("from_id").into_iter().zip(ids("to_id")).zip(seconds).map(|((a, b), s)| (a, b, s)).collect()
}

#[test]
fn a_table_of_trips_from_kept_and_from_fresh_networks() {
    let home = tempfile::tempdir().unwrap();
    let file = |name: &str| home.path().join(name).display().to_string();
    let roads = data("demo/roads.osm.pbf").display().to_string();
    // The last origin lies in the sea.
    fs::write(file("from.csv"), "id,lon,lat\nhome,105.85,21.03\nwest,105.75,21.0\nsea,107.5,20.0\n").unwrap();
    let offices = fs::read_to_string(data("demo/sites.csv")).unwrap();
    fs::write(file("to.csv"), offices).unwrap();
    let run = |out: &str, more: &[&str]| {
        let (from, to, out, cache) = (file("from.csv"), file("to.csv"), file(out), file("cache"));
        let fixed = ["matrix", "--roads", &roads, "--origins", &from, "--destinations", &to, "--out", &out];
        let kept = if more.contains(&"--no-cache") { vec![] } else { vec!["--cache", cache.as_str()] };
        let done = gandan(&[&fixed[..], &kept, more].concat());
        assert!(done.status.success(), "{}", text(&done.stderr));
        (trips(Path::new(&out)), text(&done.stderr))
    };
    let (fresh, said) = run("fresh.parquet", &["--minutes", "60"]);
    assert!(said.contains("contract network") && said.contains("keep network"), "{said}");
    let (kept, said) = run("kept.parquet", &["--minutes", "60"]);
    assert!(said.contains("from an earlier run") && !said.contains("read roads"), "{said}");
    assert_eq!(fresh, kept);
    assert!(fresh.len() > 100 && fresh.iter().all(|t| t.0 != "sea" && t.2.unwrap() <= 3600.0));
    // Less time never reaches more, and what it reaches takes as long as before.
    let (short, _) = run("short.parquet", &["--minutes", "20", "--no-cache"]);
    let within: Vec<_> = fresh.iter().filter(|t| t.2.unwrap() <= 1200.0).cloned().collect();
    assert_eq!(short, within);
    // All pairs: those without a trip are there, with nothing for the time.
    let (all, _) = run("all.parquet", &["--minutes", "60", "--all-pairs"]);
    let sites = fs::read_to_string(file("to.csv")).unwrap().lines().count() - 1;
    assert_eq!(all.len(), 3 * sites);
    assert!(all.iter().filter(|t| t.0 == "sea").all(|t| t.2.is_none()));
    assert_eq!(all.into_iter().filter(|t| t.2.is_some()).collect::<Vec<_>>(), fresh);
    // Rain makes no trip shorter.
    let (rain, _) = run("rain.parquet", &["--minutes", "120", "--speeds", "rain", "--all-pairs"]);
    for wet in &rain {
        let dry = fresh.iter().find(|t| (&t.0, &t.1) == (&wet.0, &wet.1));
        assert!(wet.2.is_none() || dry.is_none_or(|t| t.2.unwrap() <= wet.2.unwrap()), "{wet:?}, dry {dry:?}");
    }
}

#[test]
fn a_site_must_serve_under_every_speed_asked_for() {
    let home = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(data("demo")).unwrap() {
        let entry = entry.unwrap();
        fs::create_dir_all(home.path().join("demo")).unwrap();
        fs::copy(entry.path(), home.path().join("demo").join(entry.file_name())).unwrap();
    }
    let scenario = fs::read_to_string(data("three-phases.toml")).unwrap();
    let scenario = format!("{scenario}\n[standard]\nrule = \"time\"\n");
    let scenario = if scenario.matches("[standard]").count() > 1 {
        panic!("the scenario has a standard of its own now: change it here")
    } else {
        scenario
    };
    let covered = |name: &str, travel: &str| -> Vec<f64> {
        let path = home.path().join(format!("{name}.toml"));
        fs::write(&path, format!("{scenario}\n[travel]\n{travel}\n")).unwrap();
        let out = home.path().join(name);
        let done = gandan(&["plan", path.to_str().unwrap(), "--no-cache", "--out", out.to_str().unwrap()]);
        assert!(done.status.success(), "{}", text(&done.stderr));
        let phases = read(&out.join("phases.parquet"));
        phases.column("covered_persons").unwrap().f64().unwrap().iter().map(Option::unwrap).collect()
    };
    let average = covered("average", "");
    let peak = covered("peak", "speeds = \"peak\"");
    let both = covered("both", "also = [\"peak\"]");
    let either = covered("either", "also = [\"peak\"]\nalso_share = 0.5");
    let last = |phases: &[f64]| *phases.last().unwrap();
    // Who is served under both is served under each. In the last phase as many agents open as it takes to serve all
    // that can be, so the comparison holds there.
    assert!(last(&both) <= last(&average) && last(&both) <= last(&peak), "{both:?} {average:?} {peak:?}");
    assert!(last(&either) >= last(&average) && last(&either) >= last(&peak), "{either:?} {average:?} {peak:?}");
    assert!(last(&peak) < last(&average), "peak speeds are slower: {peak:?} {average:?}");
}
