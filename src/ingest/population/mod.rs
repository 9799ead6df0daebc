//! Where the people are: demand cells from a population grid (GeoTIFF) or from points (CSV), cut to the study area.

mod allocate;
mod calibrate;
mod clip;
mod points;

use std::path::Path;

use geo::{BoundingRect, MultiPolygon, Rect};

use super::geotiff::Raster;
use crate::error::{Fault, Faults, Result};
use crate::units::{LonLat, Persons};
pub use allocate::{apportion, refine};
pub use calibrate::{Calibration, CalibrationRow, DOUBTFUL_FACTORS, Margin, calibrate, fit_group};

/// No cell holds more people than this; a raster with more holds something else.
const MOST_PERSONS: f64 = 1e7;

/// A place with people in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DemandCell {
    /// Stable in one input: the pixel's number by rows from the north-west corner of the whole raster, or the row of a
    /// table, from 0; see [`refine`] for sub-cells.
    pub id: u64,
    /// Where its people are taken to be: the centre of gravity of the part in the study area, or a place in the middle of
    /// that part where the centre of gravity lies outside it.
    pub at: LonLat,
    /// The centre of the whole pixel; the same as `at` where the pixel lies wholly in the study area.
    pub centre: LonLat,
    /// Half the pixel's width in degrees; 0 for a point.
    pub half_lon: f64,
    /// Half the pixel's height in degrees; 0 for a point.
    pub half_lat: f64,
    /// The part of the pixel's area that lies in the study area: over 0, at most 1.
    pub share_inside: f64,
    /// The people in that part; over 0 after reading.
    pub persons: Persons,
}

/// The demand cells of a study area and what was found on the way.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PopulationGrid {
    /// By rows from north to south, each from west to east; points in the order of their file. Never empty.
    pub cells: Vec<DemandCell>,
    /// Width of a pixel in degrees; 0 for points.
    pub pixel_lon: f64,
    /// Height of a pixel in degrees; 0 for points.
    pub pixel_lat: f64,
    /// Pixels (or points) wholly in the study area.
    pub whole_cells: usize,
    /// Pixels on its border, counted with the share of their area inside.
    pub border_cells: usize,
    /// Of both, those without a value (nodata, NaN or negative).
    pub nodata_cells: usize,
    /// Of both, those with a value but without people.
    pub empty_cells: usize,
    /// The part of the study area, by area in degrees, that the raster spans: 1 for all of it.
    pub area_share: f64,
}

impl PopulationGrid {
    /// All people of the cells.
    pub fn total(&self) -> Persons {
        self.cells.iter().map(|cell| cell.persons).sum()
    }
}

/// Reads the people of a study area, by the file's ending: GeoTIFF (`.tif`, `.tiff`) or points (`.csv` with columns
/// `lon,lat,persons`).
///
/// A pixel on the border counts with the share of its area inside; pixels without people are left out. Only the strips
/// or tiles under the study area are decoded.
///
/// # Errors
/// Those of [`Raster::open`] and [`Raster::read_row`]; no overlap with the study area (`population::overlap`), nobody
/// in it (`population::empty`), more than 10,000,000 people in a cell (`population::value`), another ending
/// (`population::format`).
pub fn read_population(path: &Path, area: &MultiPolygon<f64>) -> Result<PopulationGrid> {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    match ending.as_str() {
        "tif" | "tiff" => read_raster(path, area),
        "csv" => points::read(path, area),
        _ => Err(Fault::new("population::format", format!("the ending `{ending}` is not known"))
            .file(path)
            .help("give a GeoTIFF (.tif, .tiff) or points (.csv with lon, lat, persons)")
            .into()),
    }
}

fn read_raster(path: &Path, area: &MultiPolygon<f64>) -> Result<PopulationGrid> {
    let mut raster = Raster::open(path)?;
    let grid = *raster.grid();
    let (half_lon, half_lat) = (grid.pixel_lon / 2.0, grid.pixel_lat / 2.0);
    let mut out = PopulationGrid { pixel_lon: grid.pixel_lon, pixel_lat: grid.pixel_lat, ..Default::default() };
    let mut faults = Faults::default();
    let mut values = Vec::new();
    let mut inside = 0.0;
    clip::for_each_row(area, &grid, |row, pixels| {
        let (Some(first), Some(last)) = (pixels.first(), pixels.last()) else { return Ok(()) };
        raster.read_row(row, first.column..last.column + 1, &mut values)?;
        for pixel in pixels {
            inside += pixel.share;
            let whole = pixel.share >= 1.0;
            if whole {
                out.whole_cells += 1;
            } else {
                out.border_cells += 1;
            }
            let value = values.get((pixel.column - first.column) as usize).copied().unwrap_or(f64::NAN);
            if value.is_nan() || value < 0.0 {
                out.nodata_cells += 1;
                continue;
            }
            if value > MOST_PERSONS {
                let place = format!("column {}, row {}", pixel.column, row);
                faults.push(
                    Fault::new("population::value", format!("{value} people in one cell")).file(path).place(place).help(
                        "a cell holds at most 10,000,000 people; is the nodata value set? `gdal_edit -a_nodata VALUE`",
                    ),
                );
                continue;
            }
            let persons = Persons::from_people(value * pixel.share);
            if persons.0 == 0 {
                out.empty_cells += 1;
                continue;
            }
            let west = grid.west + f64::from(pixel.column) * grid.pixel_lon;
            let north = grid.north - f64::from(row) * grid.pixel_lat;
            let centre = LonLat { lon: west + half_lon, lat: north - half_lat };
            let at = if whole {
                centre
            } else {
                let (x, y) = pixel.centre;
                LonLat { lon: west + x * grid.pixel_lon, lat: north - y * grid.pixel_lat }
            };
            let id = u64::from(row) * u64::from(grid.width) + u64::from(pixel.column);
            out.cells.push(DemandCell { id, at, centre, half_lon, half_lat, share_inside: pixel.share, persons });
        }
        Ok(())
    })?;
    faults.finish()?;
    if out.whole_cells + out.border_cells == 0 {
        let found =
            format!("{:.4} to {:.4} east, {:.4} to {:.4} north", grid.west, grid.east(), grid.south(), grid.north);
        return Err(no_overlap(&found, area.bounding_rect()).file(path).into());
    }
    if out.cells.is_empty() {
        return Err(no_people(&out).file(path).into());
    }
    let whole = geo::Area::unsigned_area(area) / (grid.pixel_lon * grid.pixel_lat);
    // Rounding of the union and of the cuts is far below a millionth.
    let share: f64 = inside / whole;
    out.area_share = if share > 1.0 - 1e-6 { 1.0 } else { share };
    Ok(out)
}

fn no_overlap(found: &str, area: Option<Rect<f64>>) -> Fault {
    let wanted = area.map_or_else(
        || "is empty".to_owned(),
        |b| format!("spans {:.4} to {:.4} east, {:.4} to {:.4} north", b.min().x, b.max().x, b.min().y, b.max().y),
    );
    Fault::new("population::overlap", format!("the population spans {found}; the study area {wanted}"))
        .help("give the population of the region that holds the study area; longitude comes first, in degrees")
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
