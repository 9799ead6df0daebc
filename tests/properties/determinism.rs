//! The same inputs give the same bytes: with any number of threads, twice, into another folder, from another place.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::part_of_demo;
use crate::small;

/// What of the manifest is of the run and not of its result: threads, and times and memory of stages and proofs.
const OF_THE_RUN: [&str; 3] = ["threads", "stages", "proofs"];

/// Every file of a run; the manifest without what is of the run.
fn files(run: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![run.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mut bytes = fs::read(&path).unwrap();
            if path.ends_with("manifest.json") {
                let mut manifest: Value = serde_json::from_slice(&bytes).unwrap();
                let all = manifest.as_object_mut().unwrap();
                OF_THE_RUN.iter().for_each(|key| drop(all.remove(*key).unwrap()));
                bytes = manifest.to_string().into_bytes();
            }
            found.insert(path.strip_prefix(run).unwrap().to_owned(), bytes);
        }
    }
    found
}

#[test]
fn same_inputs_same_bytes() {
    let home = small::home();
    let scenario = home.path().join("scenario.toml");
    let asked = small::scenario().replace("[output]\n", "[output]\nnetwork = true\nfrontier = true\n");
    fs::write(&scenario, asked + "[sensitivity]\nwith_plan = true\n").unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    part_of_demo(elsewhere.path(), &["002"]);
    let run = |name: &str, more: &[&str], work_in: &Path| {
        let out = elsewhere.path().join(name);
        small::plan(&scenario, &out, more, work_in);
        files(&out)
    };
    let one = run("one", &["--no-cache", "--threads", "1"], home.path());
    // Tables, road graph, plots, map, report, workbook, manifest.
    assert!(one.len() > 40, "{:?}", one.keys());
    let others = [
        ("again", run("again", &["--no-cache", "--threads", "1"], home.path())),
        ("two threads, another place", run("hai luồng", &["--no-cache", "--threads", "2"], elsewhere.path())),
        ("eight threads", run("eight", &["--no-cache", "--threads", "8"], home.path())),
        ("a network that is kept, or read back", run("kept", &[], home.path())),
        ("a network that is read back", run("read", &["--threads", "3"], elsewhere.path())),
    ];
    for (what, other) in &others {
        assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>(), "{what}");
        for (name, bytes) in &one {
            assert!(bytes == &other[name], "{} differs: {what}", name.display());
        }
    }
}
