//! Population as points: a CSV of `lon,lat,persons`.

use std::fs::File;
use std::path::Path;

use geo::indexed::IntervalTreeMultiPolygon;
use geo::{BoundingRect, Contains, MultiPolygon, Point};

use super::{DemandCell, MOST_PERSONS, PopulationGrid, no_overlap, no_people};
use crate::error::{Fault, Faults, Result};
use crate::units::{LonLat, Persons};

const COLUMNS: [&str; 3] = ["lon", "lat", "persons"];

/// Reads the points strictly inside the study area, in the file's order; `id` is the row from 0.
pub(super) fn read(path: &Path, area: &MultiPolygon<f64>) -> Result<PopulationGrid> {
    let file = File::open(path).map_err(|e| Fault::io("open", path, &e))?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let broken = |e: csv::Error| {
        let fault = Fault::new("population::csv", format!("not a table: {e}")).file(path);
        fault.help("give UTF-8 CSV with a header and as many fields in each row")
    };
    let header = reader.headers().map_err(broken)?.clone();
    let position = |name: &str| header.iter().position(|h| h.trim_start_matches('\u{feff}').eq_ignore_ascii_case(name));
    let at: Vec<usize> = COLUMNS.iter().filter_map(|name| position(name)).collect();
    let [lon_at, lat_at, persons_at] = at[..] else {
        let missing: Vec<&str> = COLUMNS.into_iter().filter(|name| position(name).is_none()).collect();
        return Err(Fault::new("population::columns", format!("no column {}", missing.join(", ")))
            .file(path)
            .place("line 1")
            .help("the header needs lon, lat and persons, separated by commas")
            .into());
    };
    let inside = IntervalTreeMultiPolygon::new(area);
    let mut faults = Faults::default();
    let mut grid = PopulationGrid::default();
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for (row, record) in reader.records().enumerate() {
        let record = match record {
            Ok(record) => record,
            Err(e) => {
                faults.push(broken(e));
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let mut number = |column: usize, name: &str, range: std::ops::RangeInclusive<f64>| {
            let text = record.get(column).unwrap_or_default();
            let value = text.parse::<f64>().ok().filter(|v| range.contains(v));
            if value.is_none() {
                let found = format!("`{text}` is no {name}");
                let help = format!("write a number from {} to {}", range.start(), range.end());
                faults.push(Fault::new("population::value", found).file(path).place(format!("line {line}")).help(help));
            }
            value
        };
        let lon = number(lon_at, "lon", -180.0..=180.0);
        let lat = number(lat_at, "lat", -90.0..=90.0);
        let persons = number(persons_at, "persons", 0.0..=MOST_PERSONS);
        let (Some(lon), Some(lat), Some(persons)) = (lon, lat, persons) else { continue };
        (low, high) = ([low[0].min(lon), low[1].min(lat)], [high[0].max(lon), high[1].max(lat)]);
        if !inside.contains(&Point::new(lon, lat)) {
            continue;
        }
        grid.whole_cells += 1;
        let persons = Persons::from_people(persons);
        if persons.0 == 0 {
            grid.empty_cells += 1;
            continue;
        }
        let at = LonLat { lon, lat };
        let id = row as u64;
        grid.cells.push(DemandCell { id, at, centre: at, half_lon: 0.0, half_lat: 0.0, share_inside: 1.0, persons });
    }
    faults.finish()?;
    if grid.whole_cells == 0 {
        let found = format!("{} to {} east, {} to {} north", low[0], high[0], low[1], high[1]);
        return Err(no_overlap(&found, area.bounding_rect()).file(path).into());
    }
    if grid.cells.is_empty() {
        return Err(no_people(&grid).file(path).into());
    }
    grid.area_share = 1.0;
    Ok(grid)
}
