//! What a run leaves: tables, isochrones, the manifest and the map, in one folder, whole or not at all.

pub mod backdrop;
pub mod compare;
pub mod draw;
pub mod eligibility;
pub mod explain;
mod explanations;
pub mod files;
pub mod folder;
pub mod frontier;
pub mod inputs_picture;
pub mod isochrone;
pub mod loads;
pub mod manifest;
pub mod map;
pub mod matrix;
mod off_network;
mod people;
pub mod plot;
pub(crate) mod proof;
mod read;
pub mod report;
pub mod run;
pub mod schema;
pub mod sensitivity;
pub mod shapes;
pub mod strategies;
pub mod survey;
pub mod table;
pub mod tables;
mod today;
pub mod verify;
pub mod workbook;

use std::path::PathBuf;

use crate::error::Result;
use crate::optimise::certificate::Certificate;
use crate::rollout::Rollout;
use crate::rollout::certify::certify;
use crate::rollout::explain::why::{SiteReason, site_reasons};
use crate::stages::{Stages, go_on};
use crate::study::Study;
use folder::Place;
use run::Run;
use table::RunFolder;

/// Writes everything a run leaves into the folder that was claimed for it.
///
/// # Errors
/// The disk refuses, or a folder has appeared there meanwhile; then nothing is left behind.
pub fn write_run(place: &Place, study: &Study, plan: &Rollout, stages: &mut Stages) -> Result<PathBuf> {
    let keep = stages.keep();
    let folder = place.begin()?;
    let certificates = stages.run(
        "certify",
        || certify(study, plan),
        |found: &Vec<Option<Certificate>>| {
            format!("{} proofs that can be checked without a solver", found.iter().flatten().count())
        },
    )?;
    let reasons = stages.run(
        "explain",
        || site_reasons(study, &plan.phases),
        |found: &Vec<SiteReason>| format!("why each of {} sites is in the plan or is not", found.len()),
    )?;
    let isochrones = stages.run(
        "draw isochrones",
        || keep.keep("isochrones", || shapes::isochrones(study, plan)),
        |i: &Vec<shapes::Isochrone>| format!("{} polygons", i.len()),
    )?;
    let run = RunFolder::new(folder.path(), study, plan)?;
    stages.run(
        "write tables",
        || {
            tables::write_all(&run, study, plan, &reasons, &isochrones)?;
            proof::write(&run, study, plan, &certificates)?;
            files::rollout_csv(folder.path(), study, plan)?;
            files::isochrones_geojson(folder.path(), study, &isochrones)
        },
        |()| format!("tables in {}", place.target().display()),
    )?;
    folder.look()?;
    stages.run(
        "write background",
        || backdrop::write(&run, study),
        |written: &backdrop::Written| written.to_string(),
    )?;
    if study.scenario.output.frontier {
        stages.run(
            "frontier",
            || {
                let found = keep.keep("frontier", || crate::rollout::frontier::frontier(study, Some(plan)))?;
                frontier::write(&run, study, &found)?;
                Ok(found)
            },
            crate::rollout::frontier::Frontier::told,
        )?;
    }
    if study.scenario.sensitivity.as_ref().is_some_and(|s| s.with_plan) {
        let tried = crate::rollout::sensitivity::sensitivity(study, plan, stages)?;
        sensitivity::write(&run, study, &tried)?;
    }
    folder.look()?;
    let manifest = manifest::begin(&run, study, plan)?;
    let drawn = |_: &()| "the map, the report, the workbook and the plots".to_owned();
    stages.run("draw", || draw(&Run::open(folder.path())?), drawn)?;
    folder.look()?;
    manifest::finish(folder.path(), manifest, stages.done())?;
    go_on()?;
    folder.commit()
}

/// Draws what people look at into the folder of a finished run, from its tables and manifest alone.
///
/// # Errors
/// A table of the run cannot be read, or the disk refuses.
fn draw(run: &Run) -> Result<()> {
    map::write(&run.folder.join("map.html"), run, &map::MapOptions::default())?;
    go_on()?;
    report::write(run, report::Lang::Vi, &run.folder.join("report.html"))?;
    go_on()?;
    workbook::write(run, &run.folder.join(workbook::FILE))?;
    plot::write(run, &run.folder.join(plot::FOLDER), &plot::Wanted::of_plan())?;
    Ok(())
}
