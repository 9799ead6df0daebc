//! Population as a table, CSV or Parquet: of points, or of cells of the H3 grid.

use std::path::Path;

use geo::MultiPolygon;

use super::{MOST_PERSONS, PopulationGrid, hexagons, points};
use crate::error::{Fault, Faults, Result};
use crate::ingest::columns::{Frame as Table, Kind};
use crate::units::Persons;

/// Reads a table by its columns: `h3` with people, or `lon` and `lat` with people.
pub(super) fn read(path: &Path, area: &MultiPolygon<f64>) -> Result<PopulationGrid> {
    let table = Table::open(path, &[], &["h3", "lon", "lat", "persons", "population"])?;
    let columns = |message: String| {
        Fault::new("population::columns", message).file(path).help(
            "a table of points has `lon`, `lat` and `persons`, one of H3 cells (Kontur) `h3` and `population`; names are \
             in small letters",
        )
    };
    let people = match (table.has("persons"), table.has("population")) {
        (true, false) => "persons",
        (false, true) => "population",
        (true, true) => return Err(columns("both columns `persons` and `population`".into()).into()),
        (false, false) => return Err(columns("no column `persons` or `population`".into()).into()),
    };
    match (table.has("h3"), table.has("lon"), table.has("lat")) {
        (true, ..) => hexagons::read(path, &table, people, area),
        (false, true, true) => points::read(path, &table, people, area),
        (false, true, false) => Err(columns("a column `lon` but no column `lat`".into()).into()),
        (false, false, true) => Err(columns("a column `lat` but no column `lon`".into()).into()),
        (false, false, false) => Err(columns("neither a column `h3` nor columns `lon` and `lat`".into()).into()),
    }
}

/// The people of each row, in thousandths.
pub(super) fn people_of(table: &Table, name: &str) -> Result<Vec<Persons>> {
    let (amounts, scale) = table.amounts(name)?;
    let milli = 1000 / scale.max(1);
    let mut absurd = Kind::new(table, "population::value", "a row holds at most 10,000,000 people");
    let mut people = Vec::with_capacity(amounts.len());
    for (row, amount) in amounts.into_iter().enumerate() {
        let persons = Persons(amount.saturating_mul(milli));
        if persons.people() > MOST_PERSONS {
            absurd.add(Some(row), format!("{} people in one row", persons.people()));
        }
        people.push(persons);
    }
    let mut faults = Faults::default();
    absurd.finish(&mut faults);
    faults.finish()?;
    Ok(people)
}
