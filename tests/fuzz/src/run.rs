//! A finished run whose tables or manifest are no longer what gandan wrote.

use std::fs;
use std::path::{Path, PathBuf};

use gandan::output::compare::compare;
use gandan::output::explain::{Asked, place, site};
use gandan::output::folder::Place;
use gandan::output::map::{self, MapOptions};
use gandan::output::report::{self, Lang};
use gandan::output::run::{
    AgentRow, BoundaryRow, ExplanationRow, GroupRow, IsochroneRow, LoadRow, PhaseRow, PlaceRow, ReliefRow, Run,
    SiteRow, StrategyRow, TodayRow,
};
use gandan::output::verify::verify_run;
use gandan::output::{plot, workbook, write_run};
use gandan::rollout::Rollout;
use gandan::scenario::Scenario;
use gandan::stages::Stages;
use gandan::study::Study;
use gandan::units::LonLat;

use super::{SITES, Scratch, Tally, WARDS, must};

/// The files of a run that later commands read, and so those that are damaged.
pub const FILES: [&str; 20] = [
    "manifest.json",
    "cells.parquet",
    "coverage.parquet",
    "rollout.parquet",
    "phases.parquet",
    "boundaries.parquet",
    "uncovered.parquet",
    "sites.parquet",
    "explanations.parquet",
    "loads.parquet",
    "relief.parquet",
    "groups.parquet",
    "today.parquet",
    "strategies.parquet",
    "isochrones.parquet",
    "proof.parquet",
    "proof.json",
    "backdrop.parquet",
    "calibration.parquet",
    "cell_groups.parquet",
];

/// Commands that read a finished run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// `verify`.
    Verify,
    /// `compare` and `explain`, and every table row by row.
    Tables,
    /// `map`, `report` and `plot`.
    Drawings,
    /// `workbook`.
    Workbook,
}

impl By {
    /// All of them.
    pub const ALL: [By; 4] = [By::Verify, By::Tables, By::Drawings, By::Workbook];
}

/// A small run, whole, and a copy of it that is damaged and mended again.
pub struct Base {
    /// The whole run.
    pub whole: PathBuf,
    /// Its copy.
    pub copy: PathBuf,
    /// The bytes of each of [`FILES`], empty for one that this run does not have.
    pub files: Vec<Vec<u8>>,
}

impl Base {
    /// Plans a town of two wards in the demo city, whose roads and people lie in `demo`.
    ///
    /// # Panics
    /// The plan fails.
    pub fn make(scratch: &Scratch, demo: &Path) -> Base {
        scratch.put("wards.geojson", WARDS.as_bytes());
        scratch.put("sites.csv", SITES.as_bytes());
        let text = town(demo);
        let path = scratch.put("town.toml", text.as_bytes());
        let silent = |_: gandan::stages::Event| {};
        let mut stages = Stages::new(&silent);
        let study = must(Study::load(must(Scenario::read(&path)), None, &mut stages));
        let plan = must(Rollout::solve(&study));
        let claimed = must(Place::claim(&scratch.folder().join("whole"), true));
        let whole = must(write_run(&claimed, &study, &plan, &mut stages));
        let copy = scratch.folder().join("copy");
        must(fs::create_dir_all(&copy));
        let files: Vec<Vec<u8>> = FILES.iter().map(|name| fs::read(whole.join(name)).unwrap_or_default()).collect();
        for (name, bytes) in FILES.iter().zip(&files).filter(|(_, bytes)| !bytes.is_empty()) {
            must(fs::write(copy.join(name), bytes));
        }
        Base { whole, copy, files }
    }

    /// Reads the run with other bytes in one of [`FILES`], as some of the later commands do.
    ///
    /// # Panics
    /// Something that must hold does not.
    pub fn with(&self, file: usize, bytes: &[u8], by: By) -> Tally {
        let path = self.copy.join(FILES[file]);
        must(fs::write(&path, bytes));
        let tally = read(&self.copy, &self.whole, by);
        must(fs::write(&path, &self.files[file]));
        tally
    }
}

fn read(folder: &Path, other: &Path, by: By) -> Tally {
    let mut tally = Tally::default();
    if by == By::Verify {
        if let Some(report) = tally.judge(verify_run(folder)) {
            assert!(!report.checks.is_empty(), "nothing was checked");
        }
        return tally;
    }
    let Some(run) = tally.judge(Run::open(folder)) else { return tally };
    match by {
        By::Verify => {}
        By::Tables => {
            tally.judge(run.rows::<AgentRow>());
            tally.judge(run.rows::<BoundaryRow>());
            tally.judge(run.rows::<ExplanationRow>());
            tally.judge(run.rows::<GroupRow>());
            tally.judge(run.rows::<IsochroneRow>());
            tally.judge(run.rows::<LoadRow>());
            tally.judge(run.rows::<PhaseRow>());
            tally.judge(run.rows::<PlaceRow>());
            tally.judge(run.rows::<ReliefRow>());
            tally.judge(run.rows::<SiteRow>());
            tally.judge(run.rows::<StrategyRow>());
            tally.judge(run.rows::<TodayRow>());
            tally.judge(compare(other, folder));
            tally.judge(site(folder, "b", None));
            tally.judge(place(folder, Asked::At(LonLat { lon: 105.84, lat: 21.03 }), None));
        }
        By::Drawings => {
            tally.judge(map::write(&folder.join("map.html"), &run, &MapOptions::default()));
            tally.judge(report::page(&run, Lang::Vi));
            let wanted = plot::Wanted { force: true, ..plot::Wanted::of_plan() };
            must(fs::create_dir_all(folder.join("plots")));
            tally.judge(plot::write(&run, &folder.join("plots"), &wanted));
        }
        By::Workbook => {
            tally.judge(workbook::write(&run, &folder.join("plan.xlsx")));
        }
    }
    tally
}

/// Edits of one file: by whom it is read (the quotient of the first byte by the number of files), which (its rest), and
/// then edits of five bytes: what is done, where in three bytes, a value. Or, after the byte 255, a whole manifest.
///
/// # Panics
/// Something that must hold does not.
pub fn edited(base: &Base, bytes: &[u8]) -> Tally {
    let Some((&first, edits)) = bytes.split_first() else { return Tally::default() };
    if first == 255 {
        let by = By::ALL[edits.len() % By::ALL.len()];
        return base.with(0, edits, by);
    }
    let (file, by) = (first as usize % FILES.len(), By::ALL[first as usize / FILES.len() % By::ALL.len()]);
    let mut damaged = base.files[file].clone();
    for edit in edits.chunks_exact(5).take(8) {
        let at = u32::from_be_bytes([0, edit[1], edit[2], edit[3]]) as usize % damaged.len().max(1);
        match edit[0] % 4 {
            _ if damaged.is_empty() => {}
            0 => damaged.truncate(at),
            1 => damaged.insert(at, edit[4]),
            2 => damaged[at] = edit[4],
            _ => damaged[at] ^= edit[4],
        }
    }
    base.with(file, &damaged, by)
}

fn town(demo: &Path) -> String {
    let demo = must(demo.canonicalize()).display().to_string();
    format!(
        r#"synthetic = true
attribution = ["made up"]
title = {{ vi = "Thị trấn nhỏ", en = "A small town" }}

[inputs]
roads = '{demo}/roads.osm.pbf'
population = '{demo}/population.tif'
study_area = "wards.geojson"
sites = "sites.csv"

[[inputs.boundaries]]
id = "wards"
name = {{ vi = "Phường", en = "Wards" }}
file = "wards.geojson"
population = "population"

[standard]
minutes = 4
radius_km = 0.6

[capacity]
open_minutes_per_day = 480
minutes_per_dossier = 15
max_counters = 5
wait_target_minutes = 10
max_utilisation = 0.85
peak_factor = 1.5
detour_minutes = 10

[[phases]]
name = {{ vi = "Một", en = "One" }}
starts = 2025-01-01
opens = "most-people"
agents = 2

[[phases]]
name = {{ vi = "Hai", en = "Two" }}
starts = 2025-07-01
opens = "fewest-for-all"
"#
    )
}
