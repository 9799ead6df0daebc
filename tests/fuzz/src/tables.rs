//! Tables of sites, points, people and survey answers, as CSV or Parquet; scenarios and catalogues, as TOML.

use std::path::Path;

use gandan::ingest::boundaries::read_area;
use gandan::ingest::points::read_points;
use gandan::ingest::population::read_population;
use gandan::ingest::services::Catalogue;
use gandan::ingest::sites::survey::{fill_in, read_answers};
use gandan::ingest::sites::{check_inside, duplicates, read_sites, read_sites_located};
use gandan::network::modes::resolve_modes;
use gandan::scenario::Scenario;
use gandan::units::Distance;

use super::{SITES, Scratch, Tally, WARDS, must};

/// A table through every reader of tables but those of `gandan optimise`; Parquet by its first bytes, else CSV.
///
/// # Panics
/// Something that must hold does not.
pub fn table(scratch: &Scratch, bytes: &[u8]) -> Tally {
    let name = if bytes.starts_with(b"PAR1") { "table.parquet" } else { "table.csv" };
    let path = scratch.put(name, bytes);
    let mut tally = Tally::default();
    let wards = scratch.put("wards.geojson", WARDS.as_bytes());
    let area = must(read_area(&wards));
    if let Some(located) = tally.judge(read_sites_located(&path, false)) {
        let sites: Vec<_> = located.into_iter().map(|(site, _)| site).collect();
        assert!(!sites.is_empty());
        for site in &sites {
            assert!(site.at.lon.abs() <= 180.0 && site.at.lat.abs() <= 90.0, "{site:?}");
            assert!(!site.id.is_empty() && !site.name.is_empty(), "{site:?}");
        }
        assert_eq!(sites.len(), must(read_sites(&path, true)).len());
        duplicates(&sites);
        tally.judge(check_inside(&sites, &area, Distance::from_metres(100.0), &path));
    }
    if let Some(points) = tally.judge(read_points(&path)) {
        assert!(points.iter().all(|p| p.at.lon.abs() <= 180.0 && p.at.lat.abs() <= 90.0));
    }
    if let Some(people) = tally.judge(read_population(&path, &area)) {
        assert!(
            people.cells.iter().all(|cell| cell.persons.0 > 0 && cell.at.lon.is_finite() && cell.at.lat.is_finite())
        );
    }
    if let Some(answers) = tally.judge(read_answers(&path)) {
        let file = scratch.put("sites.csv", SITES.as_bytes());
        let mut sites = must(read_sites(&file, false));
        let before = sites.clone();
        if tally.judge(fill_in(&mut sites, &answers)).is_none() {
            assert_eq!(sites, before, "refused answers changed a site");
        }
    }
    tally
}

/// A scenario or a catalogue of services.
///
/// # Panics
/// Something that must hold does not.
pub fn toml(scratch: &Scratch, bytes: &[u8]) -> Tally {
    let path = scratch.put("scenario.toml", bytes);
    let mut tally = Tally::default();
    if let Some(scenario) = tally.judge(Scenario::read(&path)) {
        assert!(scenario.files().iter().all(|file| file.starts_with(scratch.folder()) || file.is_absolute()));
        tally.judge(resolve_modes(&scenario.modes, scenario.travel.speeds));
        let text = must(std::str::from_utf8(bytes));
        let again = must(Scenario::parse(text, Path::new("elsewhere/scenario.toml")));
        assert_eq!(again.phases.len(), scenario.phases.len());
    }
    if let Some(catalogue) = tally.judge(Catalogue::read(&path)) {
        assert!(catalogue.yearly_per_person().is_finite() && catalogue.mean_minutes().is_finite());
    }
    tally
}
