//! `map.html`: the page bundled at build time with the data of a run, or of two, set into it.

#[cfg(feature = "map")]
mod background;
#[cfg(feature = "map")]
mod cells;
#[cfg(feature = "map")]
mod container;
#[cfg(feature = "map")]
mod data;
#[cfg(feature = "map")]
mod page;
#[cfg(feature = "map")]
mod shapes;

use std::path::Path;

use super::run::Run;
use crate::error::{Fault, Result};

/// What a map shows beside its run.
#[derive(Default)]
pub struct MapOptions<'a> {
    /// A second run, shown side by side with the first.
    pub compare: Option<&'a Run>,
    /// Template of online tiles that the page may offer, `https://…/{z}/{x}/{y}.png`.
    pub tiles: Option<&'a str>,
}

/// Writes the map of a finished run, from its tables and its manifest alone. Without the feature `map` there is no page,
/// and nothing is written.
///
/// # Errors
/// A table of a run is missing or damaged, the template of the tiles is none, or the disk refuses.
pub fn write(path: &Path, run: &Run, options: &MapOptions) -> Result<()> {
    #[cfg(feature = "map")]
    {
        let page = page::of_runs(run, options)?;
        std::fs::write(path, page).map_err(|e| Fault::io("write the map", path, &e))?;
    }
    #[cfg(not(feature = "map"))]
    let _ = (path, run, options);
    Ok(())
}

/// Whether this program was built with the map page.
///
/// # Errors
/// It was not.
pub fn check_built() -> Result<()> {
    if cfg!(feature = "map") {
        return Ok(());
    }
    Err(Fault::new("map::not-built", "this gandan was built without the map page")
        .help("build it with the feature `map` (on by default), which needs Node.js")
        .into())
}
