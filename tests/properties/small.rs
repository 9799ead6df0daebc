//! A small run of two districts of the demo city: seconds to make, and everything that a run can tell is in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::common::{features, part_of_demo, text};

/// The scenario but for its phases: a strict standard, so that some are not served; offices, counters, a group.
pub const HEAD: &str = r#"
title = { vi = "Thử", en = "Test" }
synthetic = true

[inputs]
roads = "roads.osm.pbf"
population = "population.tif"
study_area = "area.geojson"
sites = "sites.csv"
fixed_sites = "fixed.csv"

[[inputs.boundaries]]
id = "communes"
name = { vi = "Xã, phường", en = "Wards" }
file = "communes.geojson"
population = "population"

[[inputs.boundaries]]
id = "districts"
name = { vi = "Quận", en = "Districts" }
file = "districts.geojson"

[population]
cell_m = 0
calibrate_to = "communes"

[[groups]]
id = "elders"
name = { vi = "Người cao tuổi", en = "Elders" }
share = 0.2
weight = 2

[output]
isochrone_minutes = [5]
"#;

/// Names that a table must quote, and a spreadsheet must not take for a formula.
const NAMES: [&str; 4] = ["\"Bưu cục \"\"A\"\", số 1\"", "\"=1+1\"", "\"hai\ndòng\"", "Cầu Giấy; Đống Đa"];

/// A folder with the inputs of the districts 002 and 003.
pub fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    part_of_demo(home.path(), &["002", "003"]);
    // Those communes alone, so that every feature has people.
    features(&home.path().join("communes.geojson"), |all| {
        all.retain(|f| ["002", "003"].contains(&f["properties"]["district_code"].as_str().unwrap()));
    });
    let path = home.path().join("sites.csv");
    let table = fs::read_to_string(&path).unwrap();
    let named = |(i, line): (usize, &str)| {
        let mut cells = line.splitn(3, ',');
        let (id, _, rest) = (cells.next().unwrap(), cells.next().unwrap(), cells.next().unwrap());
        format!("{id},{},{rest}\n", if i == 0 { "name" } else { NAMES[i % NAMES.len()] })
    };
    fs::write(&path, table.lines().enumerate().map(named).collect::<String>()).unwrap();
    home
}

/// The whole scenario of the shared run.
pub fn scenario() -> String {
    let phase = |starts: &str, keys: &str| {
        format!("[[phases]]\nname = {{ vi = \"{starts}\", en = \"{starts}\" }}\nstarts = {starts}\n{keys}\n")
    };
    [
        HEAD,
        "[standard]\nminutes = 4\nradius_km = 0.8\n",
        "[capacity]\nmax_counters = 1\noffice_max_counters = 12\ndetour_minutes = 20\n",
        &phase("2025-01-01", "opens = \"most-people\"\nagents = 4"),
        &phase(
            "2025-07-01",
            "opens = \"most-people\"\nagents = 7\nscope = { name = { vi = \"a\", en = \"a\" }, layer = \
                              \"districts\", where = { code = \"002\" } }",
        ),
    ]
    .concat()
}

/// Runs a scenario; the folder of the run.
pub fn plan(scenario: &Path, out: &Path, more: &[&str], work_in: &Path) {
    let done = Command::new(env!("CARGO_BIN_EXE_gandan"))
        .env("GANDAN_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"))
        .current_dir(work_in)
        .args(["plan", scenario.to_str().unwrap(), "--quiet", "--out", out.to_str().unwrap()])
        .args(more)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
}

/// The shared run. Nobody may change it: copy what is to be changed.
pub fn run() -> &'static Path {
    static RUN: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, run) = RUN.get_or_init(|| {
        let home = home();
        let path = home.path().join("scenario.toml");
        fs::write(&path, scenario()).unwrap();
        let out = home.path().join("run");
        plan(&path, &out, &[], home.path());
        (home, out)
    });
    run
}

/// Copies the tables and texts of the shared run, which `verify` reads, into a folder.
pub fn copy_of_run(to: &Path) {
    for entry in fs::read_dir(run()).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if [".parquet", ".json", ".csv"].iter().any(|end| name.ends_with(end)) {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}
