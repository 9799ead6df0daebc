//! A run that was stopped goes on with `--resume`, to the same result.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::scene::{Files, Scene, fail, files, names, signal, succeed, told, verifies, wait_until};

/// A result without what tells of its own making: how long its stages took.
fn result(run: &Path) -> Files {
    let mut all = files(run);
    let manifest = all.get_mut(Path::new("manifest.json")).unwrap();
    let mut told: Value = serde_json::from_slice(manifest).unwrap();
    told.as_object_mut().unwrap().remove("stages");
    without_times(&mut told);
    *manifest = told.to_string().into_bytes();
    let proof = all.get_mut(Path::new("proof.json")).unwrap();
    let mut told: Value = serde_json::from_slice(proof).unwrap();
    without_times(&mut told);
    *proof = told.to_string().into_bytes();
    all
}

fn without_times(told: &mut Value) {
    match told {
        Value::Object(all) => {
            all.retain(|key, _| !matches!(key.as_str(), "time_s" | "at_s"));
            all.values_mut().for_each(without_times);
        }
        Value::Array(all) => all.iter_mut().for_each(without_times),
        _ => {}
    }
}

fn assert_same(found: &Files, expected: &Files) {
    let differ: Vec<_> =
        expected.iter().filter(|(name, bytes)| found.get(*name) != Some(bytes)).map(|(n, _)| n).collect();
    assert!(differ.is_empty() && found.len() == expected.len(), "these differ: {differ:?}");
}

/// A run that is stopped by a signal as soon as a step is kept; what it said.
fn stopped(scene: &Scene, step: &str, by: &str) -> std::process::Output {
    let target = scene.path("out/run");
    let kept = scene.path("out/.run.checkpoint").join(format!("{step}.checkpoint"));
    let mut child = scene.plan(&target, &["--force", "--keep-after", "0"]).spawn().unwrap();
    assert!(wait_until(&mut child, || kept.exists()), "{step} is never kept");
    signal(&child, by);
    child.wait_with_output().unwrap()
}

#[test]
fn a_stopped_run_goes_on_to_the_same_result() {
    let scene = Scene::new();
    let whole = result(&scene.planned());
    let target = scene.path("out/run");
    fs::remove_dir_all(&target).unwrap();
    for (step, by) in [("travel-times", "KILL"), ("phase-1-of-2--joint", "INT"), ("isochrones", "TERM")] {
        let done = stopped(&scene, step, by);
        if by != "KILL" {
            let told = told(&done, 4);
            assert!(told.contains("interrupted; nothing was written"), "{told}");
            assert!(told.contains("with --resume goes on from there"), "{told}");
            assert_eq!(names(&scene.path("out")), [".run.checkpoint"], "{step}");
        }
        assert!(!target.exists());
        let told = succeed(scene.plan(&target, &["--resume"]));
        assert!(told.contains("people: taken over from the run that was stopped"), "{told}");
        assert!(told.contains("travel times: taken over"), "{told}");
        // A fast machine may have come further than that before the signal.
        assert!(step == "travel-times" || told.contains("phase 1 of 2, joint: taken over"), "{told}");
        assert_same(&result(&target), &whole);
        assert!(verifies(&target));
        assert_eq!(names(&scene.path("out")), ["run"], "what was kept has gone");
        fs::remove_dir_all(&target).unwrap();
    }
}

#[test]
fn what_does_not_fit_is_computed_anew_and_told() {
    let scene = Scene::new();
    let target = scene.path("out/run");
    stopped(&scene, "travel-times", "KILL");
    // Not asked for: told of, and left alone.
    let kept = scene.path("out/.run.checkpoint");
    let untouched = files(&kept);
    fs::rename(scene.path("in/sites.csv"), scene.path("in/elsewhere.csv")).unwrap();
    let told = fail(scene.plan(&target, &[]), 1);
    assert!(told.contains("an earlier run into this folder was stopped; --resume would go on from there"), "{told}");
    assert_eq!(files(&kept), untouched);
    fs::rename(scene.path("in/elsewhere.csv"), scene.path("in/sites.csv")).unwrap();

    // One is damaged, the other is whole.
    let path = kept.join("travel-times.checkpoint");
    let mut damaged = fs::read(&path).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x10;
    fs::write(&path, damaged).unwrap();
    let told = succeed(scene.plan(&target, &["--resume"]));
    assert!(told.contains("people: taken over"), "{told}");
    assert!(told.contains("travel times: what the stopped run kept is damaged; computed anew"), "{told}");
    let whole = result(&target);
    succeed(scene.plan(&target, &["--force"]));
    assert_same(&result(&target), &whole);

    // Another standard: nothing fits.
    stopped(&scene, "travel-times", "KILL");
    crate::common::change(&scene.scenario(), "minutes = 4", "minutes = 5");
    let told = succeed(scene.plan(&target, &["--resume", "--force"]));
    assert!(told.contains("travel times: the stopped run had other inputs, settings or another version"), "{told}");
    assert!(!told.contains("taken over"), "{told}");
    let other = result(&target);
    succeed(scene.plan(&target, &["--force"]));
    assert_same(&result(&target), &other);
    assert_ne!(other, whole);

    // Nothing is there to go on from.
    let told = succeed(scene.plan(&target, &["--resume", "--force"]));
    assert!(told.contains("nothing is kept of an earlier run into this folder: beginning anew"), "{told}");
}
