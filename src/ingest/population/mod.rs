//! Where the people are: demand cells from a raster (GeoTIFF), from points or from H3 cells (CSV, Parquet), cut to the
//! study area.

mod allocate;
mod calibrate;
mod clip;
mod frame;
mod hexagons;
mod plane;
mod points;
mod raster;
mod refine;
mod shape;
mod tables;
mod zonal;

use std::path::Path;

use geo::{MultiPolygon, Rect};

use serde::{Deserialize, Serialize};

use crate::error::{Fault, Result};
use crate::limits::DEMAND_CELLS;
use crate::units::{LonLat, Persons};
pub use allocate::apportion;
pub use calibrate::{Calibration, CalibrationRow, DOUBTFUL_FACTORS, Margin, calibrate, fit_group};
pub use frame::{Frame, MOST_PARTS};
pub use shape::CellShape;
pub use zonal::zonal_sums;

/// No cell holds more people than this; a raster with more holds something else.
const MOST_PERSONS: f64 = 1e7;

/// A place with people in it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DemandCell {
    /// Stable in one input: the pixel's number by rows from the north-west corner of the whole raster, the H3 index, or the
    /// row of a table of points, from 0; see [`PopulationGrid::locate`] for sub-cells.
    pub id: u64,
    /// Where its people are taken to be: the centre of gravity of the part in the study area, or a place in the middle of
    /// that part where the centre of gravity lies outside it.
    pub at: LonLat,
    /// The centre of the whole cell; the same as `at` where the cell lies wholly in the study area.
    pub centre: LonLat,
    /// Its shape about the centre.
    pub shape: CellShape,
    /// The part of the cell's area that lies in the study area: over 0, at most 1.
    pub share_inside: f64,
    /// The people in that part; over 0 after reading.
    pub persons: Persons,
}

impl DemandCell {
    /// The closed outline of the whole cell, anticlockwise, the first corner repeated at the end; empty for a point.
    pub fn outline(&self) -> Vec<LonLat> {
        self.shape.outline(self.centre)
    }

    /// The area of the whole cell on the ellipsoid of WGS 84, in square metres; times `share_inside` it is that of the part
    /// in the study area. 0 for a point.
    pub fn area_m2(&self) -> f64 {
        self.shape.area_m2(self.centre)
    }
}

/// The demand cells of a study area and what was found on the way.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PopulationGrid {
    /// Pixels by rows from north to south, each from west to east; points in the order of their file; H3 cells in that of
    /// their indices. Never empty after reading.
    pub cells: Vec<DemandCell>,
    /// What they are laid out by.
    pub frame: Frame,
    /// Cells wholly in the study area.
    pub whole_cells: usize,
    /// Cells on its border, counted with the share of their area inside.
    pub border_cells: usize,
    /// Of both, those without a value (nodata, NaN or negative).
    pub nodata_cells: usize,
    /// Of both, those with a value but without people.
    pub empty_cells: usize,
    /// The part of the study area, by area in the plane of the source, that the cells span: 1 for all of it, and for points.
    pub area_share: f64,
}

impl PopulationGrid {
    /// All people of the cells.
    pub fn total(&self) -> Persons {
        self.cells.iter().map(|cell| cell.persons).sum()
    }
}

/// Reads the people of a study area, by the file's ending: GeoTIFF (`.tif`, `.tiff`), or a table (`.csv`, `.parquet`) of
/// points (columns `lon`, `lat`, `persons`) or of H3 cells (`h3`, `population`).
///
/// A cell on the border counts with the share of its area inside; cells without people are left out. A raster may be in
/// any system that [`crate::ingest::geotiff::Crs`] knows; only its strips or tiles under the study area are read.
///
/// # Errors
/// Those of [`Raster::open`](crate::ingest::geotiff::Raster::open) and of its rows; a table that cannot be read (`table::…`)
/// or lacks columns (`population::columns`), text that is no H3 cell (`population::h3`), H3 cells that overlap
/// (`population::same`); no overlap with the study area (`population::overlap`), nobody in it (`population::empty`), more
/// than 10,000,000 people in a cell (`population::value`), another ending (`population::format`).
pub fn read_population(path: &Path, area: &MultiPolygon<f64>) -> Result<PopulationGrid> {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let help = match ending.as_str() {
        "tif" | "tiff" => return raster::read(path, area),
        "csv" | "parquet" => return tables::read(path, area),
        "gpkg" => {
            "GeoPackage is not read; convert it: `ogr2ogr -f Parquet people.parquet people.gpkg` or, without Parquet, \
             `ogr2ogr -f CSV people.csv people.gpkg`; Kontur's columns `h3` and `population` are read as they are"
        }
        "gz" | "zip" => "unpack it first (`gunzip`, `unzip`)",
        _ => "give a GeoTIFF (.tif, .tiff), or a table (.csv, .parquet) with lon, lat, persons or with h3, population",
    };
    Err(Fault::new("population::format", format!("the ending `{ending}` is not read")).file(path).help(help).into())
}

/// How many demand cells a file is likely to give, from its size or that of its pixels, without reading them: rather too
/// many. `None` where the file does not say, or cannot be read.
pub(crate) fn likely_cells(path: &Path, area: &MultiPolygon<f64>, cell_m: f64) -> Option<u64> {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    match ending.as_str() {
        "tif" | "tiff" => raster::likely_cells(path, area, cell_m),
        // A row with a place and a number has some 24 letters, and a third of that when packed.
        "csv" => Some(path.metadata().ok()?.len() / 24),
        "parquet" => Some(path.metadata().ok()?.len() / 8),
        _ => None,
    }
}

fn no_overlap(found: &str, area: Option<Rect<f64>>) -> Fault {
    let wanted = area.map_or_else(
        || "is empty".to_owned(),
        |b| format!("spans {:.4} to {:.4} east, {:.4} to {:.4} north", b.min().x, b.max().x, b.min().y, b.max().y),
    );
    Fault::new("population::overlap", format!("the population spans {found}; the study area {wanted}"))
        .help("give the population of the region that holds the study area; longitude comes first, in degrees")
}

/// More demand cells than a run can hold.
pub(crate) fn too_many_cells(found: &str) -> Fault {
    Fault::new("population::size", found.to_owned()).help(format!(
        "at most {DEMAND_CELLS} demand cells; give larger cells (`cell_m` under [population]) or a smaller study area"
    ))
}

fn no_people(grid: &PopulationGrid) -> Fault {
    let cells = grid.whole_cells + grid.border_cells;
    let message = format!(
        "nobody lives in the study area: of {cells} cells {} have no value and {} no people",
        grid.nodata_cells, grid.empty_cells
    );
    Fault::new("population::empty", message).help("check that the file holds numbers of people and the right region")
}

#[cfg(test)]
mod tests;
