//! Population as a raster.

use std::path::Path;

use geo::{BoundingRect, MultiPolygon};

use super::clip::Ring;
use super::clip::{self, area_of};
use super::frame::MOST_PARTS;
use super::{CellShape, DemandCell, Frame, MOST_PERSONS, PopulationGrid, no_overlap, no_people, plane, too_many_cells};
use crate::error::{Fault, Faults, Result};
use crate::ingest::geotiff::{Crs, Grid, Raster};
use crate::limits::{DEMAND_CELLS, RASTER_PIXELS};
use crate::units::{EARTH_RADIUS_M, LonLat, Persons};

/// The most columns of pixels: a row of them is held at once. The way round the Earth at 10 m.
const MOST_COLUMNS: u64 = 1 << 22;

pub(super) fn read(path: &Path, area: &MultiPolygon<f64>) -> Result<PopulationGrid> {
    let mut raster = Raster::open(path)?;
    let (grid, crs) = (*raster.grid(), raster.crs().clone());
    let rings = plane::rings(area, &crs).ok_or_else(|| overlap(&grid, &crs, area).file(path))?;
    check_window(&grid, &rings).map_err(|fault| fault.file(path))?;
    let mut out = PopulationGrid { frame: Frame::Raster { grid, crs: crs.clone() }, ..Default::default() };
    let mut faults = Faults::default();
    let mut values = Vec::new();
    let mut inside = 0.0;
    clip::for_each_row(&rings, &grid, |row, pixels| {
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
            let place = || format!("column {}, row {}", pixel.column, row);
            if value > MOST_PERSONS {
                let help =
                    "a cell holds at most 10,000,000 people; is the nodata value set? `gdal_edit -a_nodata VALUE`";
                let found = format!("{value} people in one cell");
                faults.push(Fault::new("population::value", found).file(path).place(place()).help(help));
                continue;
            }
            let persons = Persons::from_people(value * pixel.share);
            if persons.0 == 0 {
                out.empty_cells += 1;
                continue;
            }
            let Some((at, centre, shape)) = placed(&grid, &crs, row, pixel) else {
                let found = format!("a pixel with people lies off the Earth in {}", crs.name());
                faults.push(Fault::new("population::extent", found).file(path).place(place()));
                continue;
            };
            if out.cells.len() >= DEMAND_CELLS {
                return Err(too_many_cells(&format!("more than {DEMAND_CELLS} pixels with people")).file(path).into());
            }
            let id = u64::from(row) * u64::from(grid.width) + u64::from(pixel.column);
            out.cells.push(DemandCell { id, at, centre, shape, share_inside: pixel.share, persons });
        }
        Ok(())
    })?;
    faults.finish()?;
    if out.whole_cells + out.border_cells == 0 {
        return Err(overlap(&grid, &crs, area).file(path).into());
    }
    if out.cells.is_empty() {
        return Err(no_people(&out).file(path).into());
    }
    let all: f64 = rings.iter().map(area_of).sum();
    // Rounding of the union and of the cuts is far below a millionth.
    let share = inside * grid.pixel_width * grid.pixel_height / all;
    out.area_share = if share > 1.0 - 1e-6 { 1.0 } else { share };
    Ok(out)
}

/// The pixels in the area, split as the settings ask.
pub(super) fn likely_cells(path: &Path, area: &MultiPolygon<f64>, cell_m: f64) -> Option<u64> {
    let raster = Raster::open(path).ok()?;
    let grid = raster.grid();
    let rings = plane::rings(area, raster.crs())?;
    let pixels = rings.iter().map(area_of).sum::<f64>().abs() / (grid.pixel_width * grid.pixel_height);
    let metres = if raster.crs().is_degrees() { EARTH_RADIUS_M.to_radians() } else { 1.0 };
    let wide_m = grid.pixel_width.max(grid.pixel_height) * metres;
    let parts = if cell_m > 0.0 { (wide_m / cell_m - 1e-3).ceil().clamp(1.0, f64::from(MOST_PARTS)) } else { 1.0 };
    // `as` saturates.
    Some((pixels * parts * parts) as u64)
}

/// Refuses a study area that holds more pixels than can be looked at: the size of a raster costs its writer nothing.
fn check_window(grid: &Grid, rings: &[Ring]) -> Result<(), Fault> {
    let along = || rings.iter().flatten().map(|&at| grid.in_pixels(at)[0]);
    let (west, east) = along().fold((f64::INFINITY, f64::NEG_INFINITY), |(w, e), x| (x.min(w), x.max(e)));
    // `as` saturates, also what is below 0 and no number.
    let columns = (east.min(f64::from(grid.width)).ceil() - west.max(0.0).floor()).max(0.0) as u64;
    let area: f64 = rings.iter().map(area_of).sum();
    let pixels = (area.abs() / (grid.pixel_width * grid.pixel_height)) as u64;
    let all = u64::from(grid.width).saturating_mul(grid.height.into());
    if pixels.min(all) <= RASTER_PIXELS && columns <= MOST_COLUMNS {
        return Ok(());
    }
    Err(Fault::new("population::size", format!("the study area is of {pixels} pixels, {columns} from west to east"))
        .help(format!(
            "at most {RASTER_PIXELS} pixels, {MOST_COLUMNS} from west to east; make them larger: \
             `gdalwarp -r sum -tr WIDTH HEIGHT in.tif out.tif`"
        )))
}

/// Where a pixel's people are, its centre and its shape; `None` off the Earth.
fn placed(grid: &Grid, crs: &Crs, row: u32, pixel: &clip::PixelShare) -> Option<(LonLat, LonLat, CellShape)> {
    let corner = [f64::from(pixel.column), f64::from(row)];
    let place = |x: f64, y: f64| crs.to_lonlat(grid.in_plane([corner[0] + x, corner[1] + y]));
    let at = place(pixel.centre.0, pixel.centre.1)?;
    // The centre of a pixel on the border may lie beyond the edge of the Earth.
    let centre = if pixel.share >= 1.0 { at } else { place(0.5, 0.5).unwrap_or(at) };
    if crs.is_degrees() {
        let shape = CellShape::Parallelogram { u: [grid.pixel_width / 2.0, 0.0], v: [0.0, grid.pixel_height / 2.0] };
        return Some((at, centre, shape));
    }
    // Half of what lies between the middles of opposite sides.
    let half = |from: Option<LonLat>, to: Option<LonLat>| {
        let (from, to) = (from.unwrap_or(centre), to.unwrap_or(centre));
        [(to.lon - from.lon) / 2.0, (to.lat - from.lat) / 2.0]
    };
    let u = half(place(0.0, 0.5), place(1.0, 0.5));
    let v = half(place(0.5, 1.0), place(0.5, 0.0));
    Some((at, centre, CellShape::Parallelogram { u, v }))
}

fn overlap(grid: &Grid, crs: &Crs, area: &MultiPolygon<f64>) -> Fault {
    let (west, east, south, north) = (grid.west, grid.east(), grid.south(), grid.north);
    let found = if crs.is_degrees() {
        format!("{west:.4} to {east:.4} east, {south:.4} to {north:.4} north")
    } else {
        let name = crs.name();
        let corners = format!("{west:.0} to {east:.0} east, {south:.0} to {north:.0} north in {name}");
        match crs.to_lonlat([(west + east) / 2.0, (south + north) / 2.0]) {
            Some(p) => format!("{corners} (about {:.4} east, {:.4} north in degrees)", p.lon, p.lat),
            None => corners,
        }
    };
    no_overlap(&found, area.bounding_rect())
}
