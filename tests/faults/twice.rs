//! Two runs into one place.

use gandan::output::folder::Place;

use crate::scene::{Scene, fail, files, gandan, names, succeed, verifies};

#[test]
fn the_second_is_refused_before_any_work_and_touches_nothing() {
    let scene = Scene::new();
    let target = scene.planned();
    let before = files(&scene.path("out"));
    // This process is the first run.
    let place = Place::claim(&target, true).unwrap();
    let held = files(&scene.path("out"));
    let told = fail(scene.plan(&target, &["--force"]), 1);
    assert!(told.contains("output::busy") && told.contains(&format!("process {}", std::process::id())), "{told}");
    assert!(told.contains("give another --out"), "{told}");
    assert!(!told.contains("read tables"), "no work was done: {told}");
    assert_eq!(files(&scene.path("out")), held, "nothing was touched");
    // So are all that write a folder.
    let scenario = scene.scenario();
    let made = scene.path("out/run");
    for command in ["frontier", "sensitivity"] {
        let mut other = gandan(&[command]);
        other.arg(&scenario).arg("--out").arg(&made).arg("--force");
        assert!(fail(other, 1).contains("output::busy"), "{command}");
    }
    let mut demo = gandan(&["demo", "--force", "--out"]);
    demo.arg(&made);
    assert!(fail(demo, 1).contains("output::busy"));
    let mut country = gandan(&["synth", "--people", "5000", "--force", "--out"]);
    country.arg(&made);
    assert!(fail(country, 1).contains("output::busy"));
    assert_eq!(files(&scene.path("out")), held);
    drop(place);
    assert_eq!(files(&scene.path("out")), before);
    succeed(scene.plan(&target, &["--force"]));
    assert_eq!(names(&scene.path("out")), ["run"]);
}

#[test]
fn of_many_at_once_each_writes_all_or_is_refused() {
    let scene = Scene::new();
    let target = scene.planned();
    let runs: Vec<_> = (0..4).map(|_| scene.plan(&target, &["--force", "--threads", "1"]).spawn().unwrap()).collect();
    let mut done = 0;
    for run in runs {
        let run = run.wait_with_output().unwrap();
        let told = crate::common::text(&run.stderr);
        match run.status.code() {
            Some(0) => done += 1,
            Some(1) => assert!(told.contains("output::busy"), "{told}"),
            other => panic!("{other:?}: {told}"),
        }
    }
    assert!(done >= 1, "the first always may");
    assert!(verifies(&target));
    assert_eq!(names(&scene.path("out")), ["run"]);
}
