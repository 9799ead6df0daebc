//! People of a raster by zone, as the raster says them.

use std::path::Path;

use geo::MultiPolygon;
use rayon::prelude::*;

use super::clip::{self, PixelShare};
use super::plane;
use crate::error::{Fault, Result};
use crate::ingest::geotiff::{Grid, Raster};

/// A row of the raster under a zone: the row, the zone, the pixels.
type Run = (u32, usize, Vec<PixelShare>);

/// Sums the values of a raster over zones, each pixel by the share of its area inside; pixels without a value (nodata,
/// NaN) count as 0. One sum a zone, in their order, in the raster's unit (people) and not rounded. Zones may overlap.
///
/// The raster is passed over once from north to south. Memory grows with the pixels in the zones.
///
/// # Errors
/// Those of [`Raster::open`] and [`Raster::read_row`], and `population::overlap` for a zone that the raster's projection
/// cannot show.
pub fn zonal_sums(path: &Path, zones: &[MultiPolygon<f64>]) -> Result<Vec<f64>> {
    let mut raster = Raster::open(path)?;
    let (grid, crs) = (*raster.grid(), raster.crs().clone());
    let of_zone = |(zone, area): (usize, &MultiPolygon<f64>)| {
        let rings = plane::rings(area, &crs).ok_or_else(|| {
            let found = format!("zone {} (from 0) reaches beyond what {} can show", zone, crs.name());
            Fault::new("population::overlap", found).file(path)
        })?;
        runs(zone, &rings, &grid)
    };
    let found: Result<Vec<Vec<Run>>> = zones.par_iter().enumerate().map(of_zone).collect();
    let mut found: Vec<Run> = found?.into_iter().flatten().collect();
    // Stable: zones stay in their order in each row.
    found.sort_by_key(|run| run.0);
    let mut sums = vec![0.0; zones.len()];
    let mut values = Vec::new();
    for of_row in found.chunk_by(|a, b| a.0 == b.0) {
        let first = of_row.iter().filter_map(|run| run.2.first()).map(|p| p.column).min().unwrap_or(0);
        let end = of_row.iter().filter_map(|run| run.2.last()).map(|p| p.column + 1).max().unwrap_or(0);
        raster.read_row(of_row[0].0, first..end, &mut values)?;
        for (_, zone, pixels) in of_row {
            for pixel in pixels {
                let value = values.get((pixel.column - first) as usize).copied().unwrap_or(f64::NAN);
                if !value.is_nan() {
                    sums[*zone] += value * pixel.share;
                }
            }
        }
    }
    Ok(sums)
}

fn runs(zone: usize, rings: &[clip::Ring], grid: &Grid) -> Result<Vec<Run>> {
    let mut found = Vec::new();
    clip::for_each_row(rings, grid, |row, pixels| {
        found.push((row, zone, pixels.to_vec()));
        Ok(())
    })?;
    Ok(found)
}
