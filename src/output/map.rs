//! `map.html`: the page bundled at build time with the run's data set into it.

use std::path::Path;

use crate::error::Result;
use crate::output::shapes::Isochrone;
use crate::rollout::Rollout;
use crate::study::Study;

#[cfg(feature = "map")]
mod data;

/// The page, with a placeholder for the data; see `src/output/map/` for its source.
#[cfg(feature = "map")]
const PAGE: &str = include_str!(concat!(env!("OUT_DIR"), "/map_page.html"));

#[cfg(feature = "map")]
const PLACEHOLDER: &str = "__GANDAN_RUN_JSON__";

/// Writes the map of a run.
///
/// # Errors
/// The disk refuses it.
#[cfg(feature = "map")]
pub(super) fn write(folder: &Path, study: &Study, plan: &Rollout, isochrones: &[Isochrone]) -> Result<()> {
    // `<` cannot end the script element that holds the data.
    let json = data::of_run(study, plan, isochrones).to_string().replace('<', "\\u003c");
    let path = folder.join("map.html");
    std::fs::write(&path, PAGE.replacen(PLACEHOLDER, &json, 1))
        .map_err(|e| crate::error::Fault::io("write the map", &path, &e))?;
    Ok(())
}

/// Built without the feature `map`: there is no page to write.
#[cfg(not(feature = "map"))]
pub(super) fn write(_: &Path, _: &Study, _: &Rollout, _: &[Isochrone]) -> Result<()> {
    Ok(())
}
