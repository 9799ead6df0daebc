//! Population as points: a table of `lon,lat,persons`.

use std::path::Path;

use geo::indexed::IntervalTreeMultiPolygon;
use geo::{BoundingRect, Contains, MultiPolygon, Point};

use super::tables::people_of;
use super::{CellShape, DemandCell, PopulationGrid, no_overlap, no_people};
use crate::error::{Faults, Result};
use crate::ingest::columns::Frame as Table;
use crate::units::LonLat;

/// Reads the points strictly inside the study area, in the file's order; `id` is the row from 0.
pub(super) fn read(path: &Path, table: &Table, people: &str, area: &MultiPolygon<f64>) -> Result<PopulationGrid> {
    let mut faults = Faults::default();
    let lon = faults.keep(table.degrees("lon", 180.0))?;
    let lat = faults.keep(table.degrees("lat", 90.0))?;
    let persons = faults.keep(people_of(table, people))?;
    faults.finish()?;
    let (lon, lat, persons) = (lon.unwrap_or_default(), lat.unwrap_or_default(), persons.unwrap_or_default());
    let inside = IntervalTreeMultiPolygon::new(area);
    let mut grid = PopulationGrid { area_share: 1.0, ..Default::default() };
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for (row, ((lon, lat), persons)) in lon.into_iter().zip(lat).zip(persons).enumerate() {
        (low, high) = ([low[0].min(lon), low[1].min(lat)], [high[0].max(lon), high[1].max(lat)]);
        if !inside.contains(&Point::new(lon, lat)) {
            continue;
        }
        grid.whole_cells += 1;
        if persons.0 == 0 {
            grid.empty_cells += 1;
            continue;
        }
        let at = LonLat { lon, lat };
        let id = row as u64;
        grid.cells.push(DemandCell { id, at, centre: at, shape: CellShape::Point, share_inside: 1.0, persons });
    }
    if grid.whole_cells == 0 {
        let found = if table.len() == 0 {
            "no points".to_owned()
        } else {
            format!("{} to {} east, {} to {} north", low[0], high[0], low[1], high[1])
        };
        return Err(no_overlap(&found, area.bounding_rect()).file(path).into());
    }
    if grid.cells.is_empty() {
        return Err(no_people(&grid).file(path).into());
    }
    Ok(grid)
}
