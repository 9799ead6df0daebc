//! `gandan demo`: the whole job on the demo city that travels inside the program.

use std::path::{Path, PathBuf};

use clap::Args;

use super::plan::{OutputArgs, run_scenario};
use crate::error::Result;
use crate::files::write_whole;
use crate::output::folder::Place;
use crate::scenario::Scenario;

/// Arguments of `gandan demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    #[command(flatten)]
    output: OutputArgs,
}

/// The demo city and its scenarios, as in the folder `data/`.
const FILES: &[(&str, &[u8])] = &[
    ("four-stages.toml", include_bytes!("../../data/four-stages.toml")),
    ("three-phases.toml", include_bytes!("../../data/three-phases.toml")),
    ("communes-126.toml", include_bytes!("../../data/communes-126.toml")),
    ("demo/README.md", include_bytes!("../../data/demo/README.md")),
    ("demo/roads.osm.pbf", include_bytes!("../../data/demo/roads.osm.pbf")),
    ("demo/population.tif", include_bytes!("../../data/demo/population.tif")),
    ("demo/study_area.geojson", include_bytes!("../../data/demo/study_area.geojson")),
    ("demo/communes.geojson", include_bytes!("../../data/demo/communes.geojson")),
    ("demo/districts.geojson", include_bytes!("../../data/demo/districts.geojson")),
    ("demo/sites.csv", include_bytes!("../../data/demo/sites.csv")),
    ("demo/fixed_sites.csv", include_bytes!("../../data/demo/fixed_sites.csv")),
];

/// Runs `gandan demo`.
///
/// # Errors
/// Faults of the disk.
pub fn run(mut args: DemoArgs, quiet: bool) -> Result<()> {
    let target = args.output.out.unwrap_or_else(|| PathBuf::from("out/demo"));
    let place = Place::claim(&target, args.output.force)?;
    let inputs = beside(&target);
    for (name, bytes) in FILES {
        let path = inputs.join(name);
        // What stands there is left alone, so that it does not look changed.
        if std::fs::read(&path).is_ok_and(|there| there == *bytes) {
            continue;
        }
        write_whole("write the demo city", &path, true, bytes)?;
    }
    if !quiet {
        eprintln!("The demo city and its scenarios are in {}: made up, on true facts about Hà Nội.", inputs.display());
    }
    let scenario = Scenario::read(&inputs.join("four-stages.toml"))?;
    args.output.out = None;
    run_scenario(scenario, &place, &args.output, quiet)
}

/// The folder of the demo's inputs: `out/demo-inputs` for a run in `out/demo`.
fn beside(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push("-inputs");
    target.with_file_name(name)
}
