//! A small scenario in a folder of its own, and what can be seen of the folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::common;

/// One former district of the demo city.
const SCENARIO: &str = r#"synthetic = true
title = { vi = "Thử", en = "Trial" }
[inputs]
roads = "roads.osm.pbf"
population = "population.tif"
study_area = "area.geojson"
sites = "sites.csv"
fixed_sites = "fixed.csv"
boundaries = [{ id = "communes", file = "communes.geojson", name = { vi = "Xã", en = "Communes" } }]
[population]
cell_m = 0
[standard]
minutes = 4
radius_km = 0.8
[[phases]]
name = { vi = "Một", en = "One" }
starts = "2025-01-01"
opens = "most-people"
agents = 4
[[phases]]
name = { vi = "Hai", en = "Two" }
starts = "2025-06-01"
opens = "fewest-for-all"
"#;

/// For runs that keep nothing, however slow the machine is.
pub const KEEP_NOTHING: [&str; 2] = ["--keep-after", "86400"];

/// The bytes of each file of a folder, by its path in it.
pub type Files = BTreeMap<PathBuf, Vec<u8>>;

pub struct Scene {
    home: tempfile::TempDir,
}

impl Scene {
    /// The inputs, and an empty folder `out`.
    pub fn new() -> Scene {
        let home = tempfile::Builder::new().prefix("gandan-faults-").tempdir().unwrap();
        fs::create_dir(home.path().join("in")).unwrap();
        common::part_of_demo(&home.path().join("in"), &["003"]);
        fs::write(home.path().join("in/scenario.toml"), SCENARIO).unwrap();
        fs::create_dir(home.path().join("out")).unwrap();
        Scene { home }
    }

    pub fn path(&self, inside: &str) -> PathBuf {
        self.home.path().join(inside)
    }

    pub fn scenario(&self) -> PathBuf {
        self.path("in/scenario.toml")
    }

    /// `gandan plan` of the scenario into a folder, with more arguments; its words are kept.
    pub fn plan(&self, out: &Path, more: &[&str]) -> Command {
        let mut command = gandan(&["plan"]);
        command.arg(self.scenario()).arg("--out").arg(out).args(more);
        // On a slow machine a step may take long enough to be kept: only where a test asks for it.
        if !more.contains(&"--keep-after") {
            command.args(KEEP_NOTHING);
        }
        command
    }

    /// A whole run into `out/run`.
    pub fn planned(&self) -> PathBuf {
        let target = self.path("out/run");
        succeed(self.plan(&target, &["--force"]));
        target
    }
}

/// The binary, with networks kept for all tests, silent where nobody listens.
pub fn gandan(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gandan"));
    command
        .env("GANDAN_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"))
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs a command that must succeed, and gives what it said on stderr.
pub fn succeed(mut command: Command) -> String {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {:?}\n{}", done.status, common::text(&done.stderr));
    common::text(&done.stderr)
}

/// Runs a command that must end with a code, and gives what it said on stderr. No run may panic.
pub fn fail(mut command: Command, code: i32) -> String {
    let done = command.output().unwrap();
    told(&done, code)
}

/// What a run that has ended with a code said on stderr.
pub fn told(done: &Output, code: i32) -> String {
    let told = common::text(&done.stderr);
    assert_eq!(done.status.code(), Some(code), "{told}");
    assert!(!told.contains("panicked"), "{told}");
    told
}

/// All files of a folder and the folders in it; none if it is not there.
pub fn files(folder: &Path) -> Files {
    let mut found = Files::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(at) = waiting.pop() {
        for entry in fs::read_dir(&at).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                waiting.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap_or_default());
            }
        }
    }
    found
}

/// The names in a folder, sorted, hidden ones included.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Whether the figures of a run can be computed again from its tables.
pub fn verifies(run: &Path) -> bool {
    let mut verify = gandan(&["verify", "--quiet"]);
    verify.arg(run).output().unwrap().status.success()
}

/// Waits until something is so, at most two minutes, or until the child has ended; whether it became so.
pub fn wait_until(child: &mut Child, mut so: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(120), "nothing happens");
        if child.try_wait().unwrap().is_some() {
            return so();
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    true
}

/// Sends a signal by name, e.g. `INT`.
pub fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap().success());
}
