//! Official numbers of people for what lies in the study area.
//!
//! A boundary that lies only partly in the study area gets the part of its number that the population file puts there.

use geo::{Area, BooleanOps, BoundingRect, Intersects, MultiPolygon};
use rayon::prelude::*;

use crate::error::Result;
use crate::ingest::boundaries::BoundaryLayer;
use crate::ingest::population::read_population;
use crate::units::Persons;

/// A boundary with no more than this share of its area outside lies wholly inside: outlines of different origin never
/// agree to the metre. The same share inside is too little to speak of.
const SLIVER: f64 = 0.01;

/// Faults that say no more than that the file has nobody in a place.
const NOBODY: [&str; 2] = ["population::empty", "population::overlap"];

/// The official number of each feature of a layer for the part of it in the study area; `None` where the file names
/// none, or where no more than a sliver of the feature lies in the area.
///
/// # Errors
/// The population file cannot be read.
pub(super) fn official_inside(
    population: &std::path::Path,
    layer: &BoundaryLayer,
    area: &MultiPolygon<f64>,
) -> Result<Vec<Option<Persons>>> {
    let bounds = area.bounding_rect();
    let inside = |feature: &crate::ingest::boundaries::Boundary| -> Result<Option<Persons>> {
        let Some(official) = feature.population else { return Ok(None) };
        let apart = match (feature.geometry.bounding_rect(), bounds) {
            (Some(a), Some(b)) => !a.intersects(&b),
            _ => true,
        };
        if apart {
            return Ok(None);
        }
        let common = feature.geometry.intersection(area);
        let share = common.unsigned_area() / feature.geometry.unsigned_area();
        if share >= 1.0 - SLIVER {
            return Ok(Some(official));
        }
        if share <= SLIVER {
            return Ok(None);
        }
        let people = |shape: &MultiPolygon<f64>| -> Result<f64> {
            match read_population(population, shape) {
                Ok(grid) => Ok(grid.total().people()),
                // Nobody lives there by this file: no part can be told but that by area.
                Err(e) if e.faults().iter().all(|f| NOBODY.contains(&f.code)) => Ok(0.0),
                Err(e) => Err(e),
            }
        };
        let (all, part) = (people(&feature.geometry)?, people(&common)?);
        let share = if all > 0.0 { (part / all).min(1.0) } else { share };
        Ok(Some(Persons::from_people(official.people() * share)))
    };
    layer.features.par_iter().map(inside).collect()
}
