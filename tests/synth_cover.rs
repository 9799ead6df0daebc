//! `gandan synth --cover-sites`: what the made-up covering problems hold, and that `gandan optimise` solves them.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Output};

use gandan::optimise::tables::{self, Instance};
use serde_json::Value;

fn gandan(args: &[&str], threads: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gandan")).args(args).env("RAYON_NUM_THREADS", threads).output().unwrap()
}

#[track_caller]
fn make(folder: &Path, args: &[&str], threads: &str) -> Value {
    let output = gandan(&[&["synth", "--out", folder.to_str().unwrap()], args].concat(), threads);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn read(folder: &Path) -> Instance {
    let table = |name: &str| folder.join(format!("{name}.parquet"));
    tables::read(&table("rows"), &table("pairs"), &table("sites")).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let home = tempfile::tempdir().unwrap();
    let [one, two, other] = ["one", "two", "other"].map(|name| home.path().join(name));
    make(&one, &["--cover-sites", "40", "--cells", "5000", "--seed", "7"], "1");
    make(&two, &["--cover-sites", "40", "--cells", "5000", "--seed", "7"], "4");
    make(&other, &["--cover-sites", "40", "--cells", "5000", "--seed", "8"], "4");
    for table in ["rows.parquet", "pairs.parquet", "sites.parquet", "synth.json"] {
        let bytes = |folder: &Path| std::fs::read(folder.join(table)).unwrap();
        assert!(bytes(&one) == bytes(&two), "{table} differs with the threads");
        assert!(bytes(&one) != bytes(&other), "{table} is the same for two seeds");
    }
}

#[test]
fn it_is_like_a_city_and_adds_up() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("net");
    let told = make(&out, &["--cover-sites", "300", "--cells", "30000"], "2");
    let instance = read(&out);
    let cover = &instance.cover;
    assert_eq!((cover.n_rows(), cover.n_sites()), (30_000, 300));
    // 8.5 million people in thousandths.
    assert_eq!((instance.weights.iter().sum::<u64>(), instance.weight_scale), (8_500_000_000, 1000));
    // Heavy-tailed: the richest tenth of the cells holds about half of the people (an even spread would give 10 %).
    let mut weights = instance.weights.clone();
    weights.sort_unstable_by(|a, b| b.cmp(a));
    let top: u64 = weights[..3000].iter().sum();
    assert!((0.40..0.65).contains(&(top as f64 / 8.5e9)), "{top}");
    // A site reaches 34 to 100 % of 5 km, so at most π · 25 km² of the 3000 km² (2.6 %); the instances that these
    // imitate have 1.44 % a site.
    let by_site = cover.by_site();
    let share = cover.n_pairs() as f64 / 300.0 / 30_000.0;
    assert!((0.012..0.017).contains(&share), "{share}");
    assert!((0..300).all(|s| (1..=785 + 60).contains(&by_site.rows(s).len())), "30,000 cells · 2.6 % = 785");
    // Nearly all people can be covered: 98 % in the instance that this imitates.
    let covered: u64 = instance.weights.iter().zip(cover.rows()).filter(|(_, r)| !r.is_empty()).map(|(w, _)| w).sum();
    assert!((0.95..1.0).contains(&(covered as f64 / 8.5e9)), "{covered}");
    // The summary tells the same.
    let told = &told["cover"];
    assert_eq!(told["pairs"].as_u64(), Some(cover.n_pairs() as u64));
    assert!((told["coverable_share"].as_f64().unwrap() - covered as f64 / 8.5e9).abs() < 1e-12);
    assert!((told["cell_m"].as_f64().unwrap() - 100_000f64.sqrt()).abs() < 1e-9, "3000 km² / 30,000 = 0.1 km²");
    assert_eq!(told["people"].as_f64(), Some(8_500_000.0));
}

#[test]
fn dense_sites_leave_nobody_far_from_all() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("dense");
    make(&out, &["--cover-sites", "1000", "--cells", "10000", "--dense"], "2");
    let instance = read(&out);
    let counts: Vec<usize> = instance.cover.rows().map(<[u32]>::len).collect();
    // 1.44 % of 1000 sites, evenly spread: 14 on average, fewer at the border, which has half of the land around it.
    assert!((12.0..17.0).contains(&(instance.cover.n_pairs() as f64 / 10_000.0)));
    assert!(counts.iter().all(|&n| (1..40).contains(&n)), "{:?}", counts.iter().min().zip(counts.iter().max()));
    assert!(counts.iter().filter(|&&n| n >= 5).count() > 9_500);
}

#[test]
fn no_pair_comes_twice_and_all_are_in_order() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("small");
    make(&out, &["--cover-sites", "60", "--cells", "1000", "--seed", "11"], "2");
    let cover = read(&out).cover;
    assert!(cover.rows().all(|row| row.is_sorted_by(|a, b| a < b)));
    let distinct: HashSet<(usize, u32)> =
        cover.rows().enumerate().flat_map(|(r, row)| row.iter().map(move |&s| (r, s))).collect();
    assert_eq!(distinct.len(), cover.n_pairs());
    // Every site serves the cell in which it stands, so each serves at least one.
    assert!((0..60).all(|s| !cover.by_site().rows(s).is_empty()));
}

#[test]
fn what_is_made_can_be_solved() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("net");
    make(&out, &["--cover-sites", "25", "--cells", "2000"], "2");
    let table = |name: &str| out.join(format!("{name}.parquet")).to_str().unwrap().to_owned();
    let args = ["optimise", "--objective", "max-cover", "--p", "25"];
    let tables = ["--rows", &table("rows"), "--pairs", &table("pairs"), "--sites", &table("sites")];
    let output = gandan(&[&args[..], &tables[..]].concat(), "1");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    // With all sites open everyone coverable is covered.
    let instance = read(&out);
    let covered: u64 =
        instance.weights.iter().zip(instance.cover.rows()).filter(|(_, r)| !r.is_empty()).map(|(w, _)| w).sum();
    assert_eq!(answer["objective"].as_f64(), Some(covered as f64 / 1000.0));
    assert_eq!(answer["status"], "optimal");
}

#[test]
fn numbers_out_of_range_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("none");
    for (args, code) in [
        (&["--cover-sites", "0"][..], "synth::cover-sites"),
        (&["--cover-sites", "501", "--cells", "1000"], "synth::cover-sites"),
        (&["--cover-sites", "20001"], "synth::cover-sites"),
        (&["--cover-sites", "5", "--cells", "999"], "synth::cells"),
        (&["--cover-sites", "5", "--cells", "3000001"], "synth::cells"),
        // 20,000 sites × 3 million cells × 2.6 % are 1.6 thousand million pairs.
        (&["--cover-sites", "20000", "--cells", "3000000"], "synth::pairs"),
    ] {
        let output = gandan(&[&["synth", "--out", out.to_str().unwrap()], args].concat(), "1");
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains(code), "{args:?}: {told}");
        assert!(!out.exists());
    }
    // Options that do not go together are a matter of usage.
    for args in [&["--dense"][..], &["--cells", "5000"], &["--cover-sites", "5", "--people", "1e4"], &["--force"]] {
        let output = gandan(&[&["synth", "--out", out.to_str().unwrap()], args].concat(), "1");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn what_stands_is_replaced_only_with_force() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("net");
    let args = ["synth", "--out", out.to_str().unwrap(), "--cover-sites", "5", "--cells", "1000"];
    assert!(gandan(&args, "1").status.success());
    let again = gandan(&args, "1");
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("output::exists"));
    assert!(gandan(&[&args[..], &["--force"]].concat(), "1").status.success());
}
