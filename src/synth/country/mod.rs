//! Made-up countries of any size from a seed: see `docs/synth.md`.
//!
//! The stages run in this order, each on what the ones before it made: land → rivers → lakes → settlements → roads →
//! the exact places of everything → streets → communes → population grid → sites → files. Memory is bounded by the
//! lattice (at most some 100 million corners, whatever the size); files are written piece by piece.
//!
//! The same seed and options give the same bytes, whatever the number of threads.

mod borders;
mod files;
mod frame;
mod motorways;
mod names;
mod people;
mod places;
mod rivers;
mod routes;
mod scenario;
mod settle;
mod shape;
mod streets;
#[cfg(test)]
mod tests;
mod ways;

pub use ways::RoadFigures;

use crate::error::{Fault, Result};
use crate::output::folder::Place;
use crate::stages::Stages;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The fewest people a country may have.
pub const FEWEST_PEOPLE: u64 = 1_000;
/// The most.
pub const MOST_PEOPLE: u64 = 2_000_000_000;
/// The thinnest and thickest settlement, people per square kilometre.
pub const DENSITIES: (f64, f64) = (5.0, 6_000.0);
/// The largest country, square kilometres.
pub const LARGEST_KM2: f64 = 2e7;

/// What may be chosen about a country.
#[derive(Debug, Clone, PartialEq)]
pub struct CountryOptions {
    /// The seed of everything.
    pub seed: u64,
    /// People; the population grid sums to exactly this.
    pub people: u64,
    /// People per square kilometre over the whole area, water included.
    pub density: f64,
}

impl CountryOptions {
    /// Options that have been looked over. Without a density it is that of Hà Nội, 2,600 people per km², up to 10
    /// million people and that of Viet Nam, 300, from 50 million; in between it falls evenly by orders of magnitude.
    ///
    /// # Errors
    /// `synth::people`, `synth::density` or `synth::area` for values out of range.
    pub fn new(people: f64, density: Option<f64>, seed: u64) -> Result<CountryOptions> {
        let allowed = FEWEST_PEOPLE as f64..=MOST_PEOPLE as f64;
        if !allowed.contains(&people) || people.fract() != 0.0 {
            return Err(Fault::new("synth::people", format!("a country of {people} people cannot be made"))
                .place("--people")
                .help("give a whole number from 1e3 to 2e9, e.g. --people 8.8e6")
                .into());
        }
        let density = density.unwrap_or_else(|| usual_density(people));
        if !(DENSITIES.0..=DENSITIES.1).contains(&density) {
            return Err(Fault::new("synth::density", format!("{density} people per km² cannot be settled"))
                .place("--density")
                .help("give a number from 5 to 6000; Viet Nam has 300, Hà Nội 2600")
                .into());
        }
        if people / density > LARGEST_KM2 {
            let area = people / density;
            return Err(Fault::new("synth::area", format!("{people} people at {density} per km² need {area:.0} km²"))
                .place("--density")
                .help("the largest country has 20 million km²: give more people per km²")
                .into());
        }
        Ok(CountryOptions { seed, people: people as u64, density })
    }
}

fn usual_density(people: f64) -> f64 {
    let share = ((people / 1e7).ln() / 5f64.ln()).clamp(0.0, 1.0);
    2600.0 * (300.0f64 / 2600.0).powf(share)
}

/// What was made, in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CountrySummary {
    /// The seed.
    pub seed: u64,
    /// People in the grid, and in the communes.
    pub population: u64,
    /// Area, square kilometres.
    pub area_km2: f64,
    /// Length of an edge of the lattice, kilometres.
    pub cell_km: f64,
    /// Places of 100,000 people and more.
    pub cities: usize,
    /// Places of 4,000 people and more.
    pub towns: usize,
    /// Smaller places.
    pub villages: usize,
    /// People of the largest place.
    pub largest_place: u64,
    /// Communes and wards.
    pub communes: usize,
    /// People of the smallest, the middle and the largest commune.
    pub commune_people: [u64; 3],
    /// Districts.
    pub districts: usize,
    /// Rivers, arms around islands included.
    pub rivers: usize,
    /// River islands without a bridge that are cut off from all roads.
    pub islands_cut_off: usize,
    /// River islands without a bridge that a ferry serves.
    pub islands_with_ferry: usize,
    /// Lakes.
    pub lakes: usize,
    /// Motorways from city to city or to another motorway.
    pub motorways: usize,
    /// Pixels of the grid, seconds of arc.
    pub pixel_arcsec: f64,
    /// Pixels with people.
    pub inhabited_pixels: usize,
    /// Nodes in the road file, water included.
    pub nodes: u64,
    /// Ways in the road file, water included.
    pub ways: u64,
    /// The roads.
    pub roads: RoadFigures,
    /// Candidate sites.
    pub sites: usize,
    /// Existing one-stop offices.
    pub fixed_sites: usize,
    /// The files written, by name, with their sizes in bytes.
    pub files: Vec<(String, u64)>,
}

/// Makes a country and writes its files into the folder, whole or not at all: `roads.osm.pbf`, `population.tif`,
/// `communes.geojson`, `districts.geojson`, `study_area.geojson`, `sites.csv`, `fixed_sites.csv`, `scenario.toml` and
/// `synth.json` (the summary).
///
/// # Errors
/// `output::exists` when the folder stands and `force` is not given, `io` when the disk refuses,
/// [`Error::Interrupted`](crate::error::Error::Interrupted) when the user stops it.
pub fn write_country(
    out: &Path,
    options: &CountryOptions,
    force: bool,
    stages: &mut Stages,
) -> Result<(PathBuf, CountrySummary)> {
    let place = Place::claim(out, force)?;
    let folder = place.begin()?;
    let summary = make(folder.path(), options, stages)?;
    let text = format!("{:#}\n", serde_json::json!(summary));
    let path = folder.path().join("synth.json");
    std::fs::write(&path, text).map_err(|e| Fault::io("write the file", &path, &e))?;
    Ok((folder.commit()?, summary))
}

fn make(folder: &Path, options: &CountryOptions, stages: &mut Stages) -> Result<CountrySummary> {
    let (people, density) = (options.people, options.density);
    let area_km2 = people as f64 / density;
    let (frame, mut flags) = stages.run(
        "make land",
        || {
            let mut frame = frame::Frame::new(area_km2, options.seed);
            let flags = frame.land(area_km2);
            frame.fit(&flags, area_km2);
            Ok((frame, flags))
        },
        |(f, _)| format!("{area_km2:.0} km² on {} × {} cells of {:.0} m", f.wide, f.tall, f.cell_km * 1e3),
    )?;
    let islands = ((people / 2_000_000) as usize).clamp(2, 400);
    let rivers = stages.run(
        "let rivers run",
        || Ok(rivers::draw(&frame, &mut flags, islands)),
        |r| format!("{} rivers, {} islands", r.reaches.len(), r.islands.len()),
    )?;
    let (fertile, lakes, settled) = stages.run(
        "settle people",
        || {
            let fertile = settle::fertility(&frame);
            let lakes = settle::lakes(&frame, &mut flags);
            let settled = settle::settle(&frame, &mut flags, &fertile, &rivers.islands, people, density);
            Ok((fertile, lakes, settled))
        },
        |(_, lakes, settled)| format!("{} places, {} lakes", settled.places.len(), lakes.len()),
    )?;
    let ground = routes::Ground { frame: &frame, flags: &flags, fertile: &fertile, rivers: &rivers };
    let roads = stages.run(
        "lay roads",
        || routes::build(&ground, &settled, &rivers.islands),
        |r| format!("{} edges", r.edges.iter().flatten().filter(|e| **e != 0).count()),
    )?;
    let motorways = stages.run(
        "lay motorways",
        || motorways::find(&ground, &roads, &settled),
        |m| format!("{} motorways", m.len()),
    )?;
    let per_degree = people::resolution(&frame, &flags);
    let borders = stages.run(
        "draw borders",
        || Ok(borders::draw(&frame, &flags, &settled.people, people::pixel_km2(&frame, per_degree))),
        |b| format!("{} communes in {} districts", b.seats.len(), b.districts),
    )?;
    let shape = stages.run(
        "bend lines",
        || Ok(shape::lay(&ground, &roads, &borders.owner)),
        |_| "roads, coasts, borders".into(),
    )?;
    let streets = stages.run(
        "plan streets",
        || Ok(streets::Streets::plan(&ground, &roads, &shape, &settled.people)),
        |s| format!("{} junctions and bends", s.nodes()),
    )?;
    let bounds = people::bounds(&shape, &flags);
    let grid = stages.run(
        "count people",
        || {
            let mut grid = people::Grid::lay(bounds, per_degree);
            grid.own(&shape, &borders.owner);
            grid.fill(&shape, &flags, &settled.people, people);
            Ok(grid)
        },
        |g| format!("{} × {} pixels of {}″", g.columns, g.rows, 3600.0 / g.per_degree as f64),
    )?;
    let sums = grid.sums(borders.seats.len());
    let faces = borders::sort_faces(&borders.owner, borders.seats.len());
    let outlines = files::Outlines { shape: &shape, borders: &borders, faces: &faces };
    let (communes, districts) = places::name(&borders, &sums, &outlines.areas());
    let town = places::Town {
        shape: &shape,
        flags: &flags,
        living: &settled.people,
        borders: &borders,
        communes: &communes,
        districts: &districts,
        faces: &faces,
    };
    let (sites, offices) = (town.candidates(), town.offices());
    let (lake_count, motorway_count) = (lakes.len(), motorways.len());
    let mut written: Vec<(String, u64)> = Vec::new();
    let at = |name: &str| folder.join(name);
    let inhabited_pixels = grid.people.iter().filter(|n| **n > 0).count();
    stages.run(
        "write grid",
        || {
            written.push(("population.tif".into(), files::population(&at("population.tif"), &grid)?));
            Ok(())
        },
        |()| format!("{inhabited_pixels} pixels with people"),
    )?;
    drop(grid);
    stages.run(
        "write borders",
        || {
            let mut keep = |name: &str, bytes: u64| written.push((name.to_owned(), bytes));
            keep("communes.geojson", outlines.communes(at("communes.geojson"), &communes, &districts)?);
            keep("districts.geojson", outlines.districts(at("districts.geojson"), &districts)?);
            keep("study_area.geojson", outlines.study_area(at("study_area.geojson"), people)?);
            for (name, list) in [("sites.csv", &sites), ("fixed_sites.csv", &offices)] {
                let table = super::write::table::sites(list)?;
                let mut sink = files::Sink::new(at(name))?;
                sink.put(&table)?;
                keep(name, sink.close()?);
            }
            let text = scenario::write(options, &communes, sites.len(), offices.len());
            let mut sink = files::Sink::new(at("scenario.toml"))?;
            sink.put(text.as_bytes())?;
            keep("scenario.toml", sink.close()?);
            Ok(())
        },
        |()| format!("{} sites", sites.len()),
    )?;
    let road_file = stages.run(
        "write roads",
        || {
            let extras = files::Extras { points: town.points(&settled, &sites), lakes, motorways };
            let source = format!("synthetic, gandan synth seed {} people {people}", options.seed);
            files::roads(at("roads.osm.pbf"), &ground, &streets, extras, bounds, source)
        },
        |w| format!("{} nodes, {} ways, {:.0} km", w.nodes, w.ways, w.roads.road_km),
    )?;
    written.push(("roads.osm.pbf".into(), road_file.bytes));
    written.sort();
    let mut by_size = sums;
    by_size.sort_unstable();
    let rank = |r: settle::Rank| settled.places.iter().filter(|p| p.rank == r).count();
    let ferries = rivers.islands.iter().filter(|i| i.ferry.is_some()).count();
    Ok(CountrySummary {
        seed: options.seed,
        population: communes.iter().map(|c| c.people).sum(),
        area_km2: communes.iter().map(|c| c.area_km2).sum::<f64>().round(),
        cell_km: frame.cell_km,
        cities: rank(settle::Rank::City),
        towns: rank(settle::Rank::Town),
        villages: rank(settle::Rank::Village) + rank(settle::Rank::Island),
        largest_place: settled.places.first().map_or(0, |p| p.people.round() as u64),
        communes: communes.len(),
        commune_people: [
            by_size.first().copied().unwrap_or(0),
            by_size.get(by_size.len() / 2).copied().unwrap_or(0),
            by_size.last().copied().unwrap_or(0),
        ],
        districts: districts.len(),
        rivers: rivers.reaches.len(),
        islands_cut_off: rivers.islands.len() - ferries,
        islands_with_ferry: ferries,
        lakes: lake_count,
        motorways: motorway_count,
        pixel_arcsec: 3600.0 / per_degree as f64,
        inhabited_pixels,
        nodes: road_file.nodes,
        ways: road_file.ways,
        roads: road_file.roads,
        sites: sites.len(),
        fixed_sites: offices.len(),
        files: written,
    })
}
