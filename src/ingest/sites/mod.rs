//! Candidate sites and standing ones, from CSV, Parquet or GeoJSON. A missing value is unknown, never false.

pub mod duplicates;
mod inside;
pub mod places;
mod row;
pub mod survey;
mod table;

use std::collections::HashMap;
use std::path::Path;

use crate::error::{Fault, Faults, Result};
use crate::units::LonLat;
pub use duplicates::{DuplicatePair, duplicates};
pub use inside::check_inside;
use row::Row;
use table::Table;

/// A place that could become an agent, or is one already.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Site {
    /// Unique in its file.
    pub id: String,
    /// As in the file, in composed letters (NFC).
    pub name: String,
    /// Where it stands.
    pub at: LonLat,
    /// Whether it stands already and so is open in every plan.
    pub fixed: bool,
    /// Cost of opening, in thousandths of the scenario's unit of money.
    pub cost_milli: Option<u64>,
    /// What it can handle, in thousandths of the scenario's unit of demand.
    pub capacity_milli: Option<u64>,
    /// Kind of organisation: `postal`, `it`, `licensed`, …
    pub organisation: Option<String>,
    /// The firm that runs it.
    pub operator: Option<String>,
    /// Its address.
    pub address: Option<String>,
    /// How the place was found, e.g. `osm` or `commune point`.
    pub position: Option<String>,
    /// The code of its ward or commune.
    pub ward_code: Option<String>,
    /// What the eligibility conditions ask for.
    pub attributes: Attributes,
}

/// What the eligibility conditions ask for; `None` is unknown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Attributes {
    /// Years in a fitting field.
    pub years_in_field: Option<f64>,
    /// Charter capital in VND.
    pub charter_capital_vnd: Option<u64>,
    /// Has fast internet.
    pub fast_internet: Option<bool>,
    /// Number of computers; a plain yes counts as 1.
    pub computers: Option<u32>,
    /// Has a spare computer.
    pub spare_computer: Option<bool>,
    /// Has a scanner.
    pub scanner: Option<bool>,
    /// Has a copier.
    pub copier: Option<bool>,
    /// Has cameras that run 24 hours.
    pub cameras_24h: Option<bool>,
    /// Days for which the cameras keep their pictures.
    pub camera_days_kept: Option<u32>,
}

/// Reads sites: CSV (UTF-8, commas, a header), Parquet or GeoJSON points by the file's ending. Columns stand in any order,
/// in any case; those with other names are ignored.
///
/// Needed: `id`, `name`, and `lon` and `lat` or a geometry of points (GeoJSON, GeoParquet), which then is the place. Read
/// where present: `organisation`, `operator`, `address`, `ward_code`, `position`, `fixed`, `cost`, `capacity`,
/// `years_in_field`, `charter_capital_vnd`, `fast_internet`, `computers`, `spare_computer`, `scanner`, `copier`,
/// `cameras_24h`, `camera_days_kept`. Yes and no are `true`/`false`, `yes`/`no`, `có`/`không` or `1`/`0`. A blank field is
/// unknown; a blank `fixed` is `fixed_default`. Sites come in the file's order.
///
/// # Errors
/// All faults of the file together, each with its line, row or feature: missing or repeated columns, no rows, not UTF-8,
/// rows of another length, blank or repeated ids, blank names, values that are no numbers or no yes or no, places not on
/// the Earth, geometries that are no points, coordinates in another system than WGS 84.
pub fn read_sites(path: &Path, fixed_default: bool) -> Result<Vec<Site>> {
    read_sites_located(path, fixed_default).map(|located| located.into_iter().map(|(site, _)| site).collect())
}

/// As [`read_sites`], each site with its place in the file, e.g. `line 7`.
///
/// # Errors
/// As [`read_sites`].
pub fn read_sites_located(path: &Path, fixed_default: bool) -> Result<Vec<(Site, String)>> {
    let mut faults = Faults::default();
    let table = Table::open(path)?;
    let mut sites: Vec<(Site, String)> = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (number, cells) in table.rows.iter().enumerate() {
        if let Some(fault) = &cells.fault {
            faults.push(fault.clone());
        }
        if !cells.is_readable() {
            continue;
        }
        let mut row = Row { table: &table, number, cells, faults: &mut faults };
        let Some(site) = row.site(fixed_default) else { continue };
        if let Some(first) = seen.insert(site.id.clone(), number) {
            let first = table.place(first);
            row.fault(
                "sites::duplicate",
                format!("the id `{}` is also that of {first}", site.id),
                "ids must be unique",
            );
        }
        sites.push((site, table.place(number)));
    }
    faults.finish()?;
    if sites.is_empty() {
        return Err(Fault::new("sites::empty", "no sites").file(path).help("give at least one row").into());
    }
    Ok(sites)
}

#[cfg(test)]
mod tests;
