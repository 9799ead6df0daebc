//! The demo city: a made-up city on true facts about Hà Nội.
//!
//! **True**, from the tables in `facts/`: the 126 wards and communes with code, name, kind, population, area, former
//! district and an approximate point; the 30 former districts; the courses of the rivers, the lakes, the bridges, and
//! the national, ring and express roads, to about 0.01°.
//!
//! **Made up**, from a seed: every outline (power diagrams of the commune points with the true areas), every street
//! and road between the waypoints, where in its commune each person lives, and every site. What is made up says so:
//! site names carry "(giả định)", the road file's header says "synthetic".
//!
//! The stages run in this order, each on what the ones before it made:
//! water → the city's outline → commune borders → settlements → roads → people → sites → files.
//!
//! The same seed gives the same bytes on the same build. (Sines and exponentials are the platform's, so another
//! operating system may differ in a last digit.)
//!
//! [`country`] makes towns and countries of any size, on no facts at all; [`cover`] makes covering problems without
//! roads.

mod communes;
pub mod country;
pub mod cover;
mod facts;
mod mesh;
mod outline;
mod people;
mod plane;
mod power;
mod rng;
mod roads;
mod sites;
#[cfg(test)]
mod tests;
mod water;
mod write;

use crate::error::Result;
use crate::files::PendingFile;
use serde::Serialize;
use std::path::Path;

/// What may be chosen about a demo city.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CityOptions {
    /// The seed of everything made up. The files in `data/demo` come from the default, 3.
    pub seed: u64,
}

impl Default for CityOptions {
    fn default() -> Self {
        CityOptions { seed: 3 }
    }
}

/// What was made, in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CitySummary {
    /// The seed.
    pub seed: u64,
    /// Wards and communes.
    pub communes: usize,
    /// Former districts.
    pub districts: usize,
    /// People in the grid; the official sum.
    pub population: u64,
    /// Pixels with people.
    pub inhabited_pixels: usize,
    /// Nodes in the road file, water included.
    pub nodes: usize,
    /// Ways in the road file, water included.
    pub ways: usize,
    /// Kilometres of road and path.
    pub road_km: f64,
    /// Candidate sites.
    pub sites: usize,
    /// Existing one-stop offices.
    pub fixed_sites: usize,
    /// The files written, by name, with their sizes in bytes.
    pub files: Vec<(String, u64)>,
}

/// A city in memory: the bytes of each file by its name, and the summary.
struct City {
    files: Vec<(&'static str, Vec<u8>)>,
    summary: CitySummary,
}

/// Makes the demo city and writes its files into the folder, which is made if it is missing:
/// `roads.osm.pbf`, `population.tif`, `communes.geojson`, `districts.geojson`, `study_area.geojson`, `sites.csv` and
/// `fixed_sites.csv`. Files of these names are replaced, others are left alone. Everything is made before the first
/// byte is written.
///
/// # Errors
/// `io` when the folder or a file cannot be written; `synth::…` when the compiled-in facts do not fit together.
pub fn write_demo_city(out: &Path, options: &CityOptions) -> Result<CitySummary> {
    let city = make(options)?;
    // All are written before the first takes the place of an older one.
    let write = |(name, bytes): &(&str, Vec<u8>)| {
        let file = PendingFile::begin(&out.join(name), true)?;
        file.write("write the file", bytes)?;
        Ok(file)
    };
    let files: Vec<PendingFile> = city.files.iter().map(write).collect::<Result<_>>()?;
    files.into_iter().try_for_each(PendingFile::commit)?;
    Ok(city.summary)
}

fn make(options: &CityOptions) -> Result<City> {
    let seed = options.seed;
    let facts = facts::Facts::read()?;
    let water = water::Water::draw(&facts, seed);
    let lands = outline::draw(&facts, &water, seed)?;
    let borders = communes::draw(&facts, &lands, seed)?;
    let regions: Vec<Vec<communes::Region>> = borders.communes.iter().map(|s| communes::Region::of(s)).collect();
    let outline = communes::Region::of(&borders.city);
    let places = roads::settle(&facts, &water, &regions, seed);
    let network = roads::build(&roads::Ground {
        facts: &facts,
        water: &water,
        communes: &regions,
        city: &outline,
        places: &places,
        seed,
    });
    let grid = people::spread(&facts, &water, &regions, &network, seed);
    let candidates = sites::candidates(&facts, &places, &grid, &network, seed);
    let offices = sites::one_stop_offices(&facts, &places, &grid, &network);
    let (roads, nodes, ways) = write::pbf::encode(&network, &water, seed)?;
    let files = vec![
        ("roads.osm.pbf", roads),
        ("population.tif", write::raster::encode(&grid)?),
        ("communes.geojson", write::borders::communes(&facts, &borders).into_bytes()),
        ("districts.geojson", write::borders::districts(&facts, &borders).into_bytes()),
        ("study_area.geojson", write::borders::study_area(&facts, &borders).into_bytes()),
        ("sites.csv", write::table::sites(&candidates)?),
        ("fixed_sites.csv", write::table::sites(&offices)?),
    ];
    let summary = CitySummary {
        seed,
        communes: facts.communes.len(),
        districts: facts.districts.len(),
        population: grid.people.iter().map(|&n| u64::from(n)).sum(),
        inhabited_pixels: grid.people.iter().filter(|&&n| n > 0).count(),
        nodes,
        ways,
        road_km: network.kilometres(),
        sites: candidates.len(),
        fixed_sites: offices.len(),
        files: files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.len() as u64)).collect(),
    };
    Ok(City { files, summary })
}
