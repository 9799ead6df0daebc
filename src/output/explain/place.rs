//! How the people of one demand cell fare.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::Path;

use geo::Intersects;
use serde::Serialize;

use super::{PhaseName, Run};
use crate::error::{Fault, Result};
use crate::ingest::geometry_bytes::geometry_of;
use crate::output::read::Rows;
use crate::output::schema::{BOUNDARIES, CELLS, COVERAGE, EXPLANATIONS, ROLLOUT, UNCOVERED};
use crate::units::LonLat;

/// Which place is meant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Asked {
    /// The number of a demand cell.
    Cell(u32),
    /// The cell that holds a point, or the nearest.
    At(LonLat),
}

/// A demand cell and how its people fare.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    /// Whether the run is on made-up data.
    pub synthetic: bool,
    /// The standard of service of the run, in words.
    pub standard: String,
    /// The number of the cell.
    pub cell: u32,
    /// Degrees east, of its middle.
    pub lon: f64,
    /// Degrees north, of its middle.
    pub lat: f64,
    /// Metres from the point asked for to the cell's middle; 0 where the cell holds the point; `None` where none was.
    pub away_m: Option<f64>,
    /// Code of its feature of the first boundary layer.
    pub boundary: Option<String>,
    /// Its name.
    pub boundary_name: Option<String>,
    /// People who live there.
    pub persons: f64,
    /// Mode by mode, most people first.
    pub modes: Vec<ModeStory>,
    /// What would serve the unserved of its feature; `None` where all of its people are served at the end.
    pub help: Option<String>,
}

/// Those of a cell who travel by one mode.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModeStory {
    /// The mode.
    pub mode: String,
    /// People.
    pub persons: f64,
    /// The first phase in which they are served; of all phases of the run, not only of those asked for.
    pub served_since: Option<PhaseName>,
    /// Phase by phase.
    pub phases: Vec<PhaseOfPlace>,
    /// Sites that would serve them but are not in the plan, nearest first, at most five.
    pub candidates: Vec<Reached>,
}

/// How they fare at the end of a phase.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PhaseOfPlace {
    /// The phase.
    #[serde(flatten)]
    pub phase: PhaseName,
    /// Whether an agent serves them under the standard.
    pub covered: bool,
    /// Id of the nearest agent by travel time, by distance where none can be reached.
    pub agent: Option<String>,
    /// Its name.
    pub agent_name: Option<String>,
    /// Travel time to it.
    pub travel_time_s: Option<f64>,
    /// Distance to the agent nearest as the crow flies.
    pub distance_m: Option<f64>,
    /// The agents that serve them under the standard.
    pub agents_within: u32,
    /// The second nearest of those.
    pub second: Option<Reached>,
    /// Why nobody serves them; `None` where somebody does.
    pub why_not: Option<String>,
}

/// A site that serves the people of a place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reached {
    /// Its id.
    pub site: String,
    /// Its name.
    pub name: String,
    /// Travel time; `None` beyond the standard's limit: served by the radius alone.
    pub travel_time_s: Option<f64>,
    /// Great-circle distance.
    pub distance_m: f64,
    /// How it stands to the plan: the column `role` of `explanations.parquet`.
    pub role: String,
}

/// How the people of a place fare.
///
/// # Errors
/// The folder is no run, has no such cell (`run::cell`) or phase (`run::phase`), or nobody lives anywhere.
pub fn place(folder: &Path, asked: Asked, only_phase: Option<u32>) -> Result<Place> {
    let run = Run::open(folder)?;
    let phases = run.phases(only_phase)?;
    let cells = Rows::read(
        folder,
        &CELLS,
        &[
            "cell",
            "mode",
            "phase",
            "boundary",
            "lon",
            "lat",
            "persons",
            "agent",
            "travel_time_s",
            "distance_m",
            "covered",
        ],
    )?;
    let (cell, away_m) = match asked {
        Asked::Cell(cell) => (cell, None),
        Asked::At(at) => nearest_cell(folder, &cells, at).map(|(cell, away)| (cell, Some(away)))?,
    };
    let numbers = cells.whole("cell")?;
    let rows: Vec<usize> = numbers.iter().enumerate().filter(|(_, of)| *of == Some(cell)).map(|(row, _)| row).collect();
    let Some(&first) = rows.first() else {
        let most = numbers.iter().flatten().max();
        let help = most.map_or("the run has no cells".into(), |most| format!("cells are numbered from 0 to {most}"));
        return Err(Fault::new("run::cell", format!("the run has no cell {cell}")).file(folder).help(help).into());
    };
    let boundary = cells.text("boundary")?.get(first).map(str::to_owned);
    let serving = serving(&run, cell)?;
    let stands = standing_phases(folder)?;
    let mut modes: Vec<ModeStory> = Vec::new();
    for &row in &rows {
        let mode = cells.text("mode")?.get(row).unwrap_or_default();
        if !modes.iter().any(|m| m.mode == mode) {
            modes.push(of_mode(&run, &cells, &rows, mode, &serving, &stands, &phases)?);
        }
    }
    modes.sort_by(|a, b| b.persons.total_cmp(&a.persons));
    let unserved = modes.iter().any(|m| m.persons > 0.0 && m.phases.last().is_some_and(|p| !p.covered));
    Ok(Place {
        synthetic: run.synthetic,
        standard: run.standard.to_string(),
        cell,
        lon: cells.number("lon")?.get(first).unwrap_or_default(),
        lat: cells.number("lat")?.get(first).unwrap_or_default(),
        away_m,
        boundary_name: boundary.as_deref().map(|code| boundary_name(folder, code)).transpose()?.flatten(),
        persons: modes.iter().map(|m| m.persons).sum(),
        help: if unserved { help(folder, boundary.as_deref())? } else { None },
        boundary,
        modes,
    })
}

/// The cell whose outline holds a point, at 0 m; else that with the nearest middle. Outlines are looked at for the 64
/// cells with the nearest middles.
fn nearest_cell(folder: &Path, cells: &Rows, at: LonLat) -> Result<(u32, f64)> {
    let (numbers, lon, lat) = (cells.whole("cell")?, cells.number("lon")?, cells.number("lat")?);
    let mut near: Vec<(f64, u32, usize)> = Vec::new();
    let mut seen = HashSet::new();
    for row in 0..cells.len() {
        let (Some(cell), Some(lon), Some(lat)) = (numbers.get(row), lon.get(row), lat.get(row)) else { continue };
        if seen.insert(cell) {
            near.push((at.metres_to(LonLat { lon, lat }), cell, row));
        }
    }
    near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    near.truncate(64);
    let Some(&(away, nearest, _)) = near.first() else {
        return Err(Fault::new("run::cell", "the run has no cells")
            .file(folder)
            .help("nobody lives in its area")
            .into());
    };
    let outlines = Rows::read(folder, &CELLS, &["geometry"])?;
    let shapes = outlines.shapes()?;
    let point = geo::Point::new(at.lon, at.lat);
    let holds = |row: usize| {
        let shape = shapes.get(row).and_then(|bytes| geometry_of(bytes).ok());
        shape.and_then(|shape| geo::Geometry::<f64>::try_from(shape).ok()).is_some_and(|shape| shape.intersects(&point))
    };
    Ok(match near.iter().find(|&&(.., row)| holds(row)) {
        Some(&(_, cell, _)) => (cell, 0.0),
        None => (nearest, away),
    })
}

/// The sites that serve a cell under the standard, by mode, nearest first.
fn serving(run: &Run, cell: u32) -> Result<HashMap<String, Vec<Reached>>> {
    let table = Rows::read(run.folder, &COVERAGE, &["cell", "mode", "site", "travel_time_s", "distance_m"])?;
    let told = Rows::read(run.folder, &EXPLANATIONS, &["site", "role"])?;
    let roles: HashMap<String, String> = told.texts("site")?.into_iter().zip(told.texts("role")?).collect();
    let (modes, sites) = (table.text("mode")?, table.text("site")?);
    let (times, distances) = (table.number("travel_time_s")?, table.number("distance_m")?);
    let mut found: HashMap<String, Vec<Reached>> = HashMap::new();
    for (row, _) in table.whole("cell")?.iter().enumerate().filter(|(_, of)| *of == Some(cell)) {
        let site = sites.get(row).unwrap_or_default().to_owned();
        found.entry(modes.get(row).unwrap_or_default().to_owned()).or_default().push(Reached {
            name: run.sites.name(&site),
            role: roles.get(&site).cloned().unwrap_or_default(),
            travel_time_s: times.get(row),
            distance_m: distances.get(row).unwrap_or_default(),
            site,
        });
    }
    for sites in found.values_mut() {
        let key = |r: &Reached| (r.travel_time_s.unwrap_or(f64::INFINITY), r.distance_m);
        sites.sort_by(|a, b| {
            key(a).0.total_cmp(&key(b).0).then(key(a).1.total_cmp(&key(b).1)).then(a.site.cmp(&b.site))
        });
    }
    Ok(found)
}

/// The phases in which each agent stands.
fn standing_phases(folder: &Path) -> Result<HashMap<String, Range<u32>>> {
    let rollout = Rows::read(folder, &ROLLOUT, &["site", "phase", "closes_phase"])?;
    let phases = rollout.wholes("phase")?.into_iter().zip(rollout.maybe_wholes("closes_phase")?);
    let phases = phases.map(|(from, until)| from..until.unwrap_or(u32::MAX));
    Ok(rollout.texts("site")?.into_iter().zip(phases).collect())
}

fn of_mode(
    run: &Run,
    cells: &Rows,
    rows: &[usize],
    mode: &str,
    serving: &HashMap<String, Vec<Reached>>,
    stands: &HashMap<String, Range<u32>>,
    phases: &[PhaseName],
) -> Result<ModeStory> {
    let (modes, of_phase, covered) = (cells.text("mode")?, cells.whole("phase")?, cells.flag("covered")?);
    let (agents, times, distances) =
        (cells.text("agent")?, cells.number("travel_time_s")?, cells.number("distance_m")?);
    let of_mode: Vec<usize> = rows.iter().copied().filter(|&row| modes.get(row) == Some(mode)).collect();
    let sites = serving.get(mode).map_or(&[][..], Vec::as_slice);
    let row_of = |phase: u32| of_mode.iter().copied().find(|&row| of_phase.get(row) == Some(phase));
    let served = |phase: &&PhaseName| row_of(phase.phase).is_some_and(|row| covered.get(row) == Some(true));
    let mut told = Vec::new();
    for phase in phases {
        let Some(row) = row_of(phase.phase) else { continue };
        let within: Vec<&Reached> =
            sites.iter().filter(|r| stands.get(&r.site).is_some_and(|of| of.contains(&phase.phase))).collect();
        let agent = agents.get(row).map(str::to_owned);
        let (time, distance) = (times.get(row), distances.get(row));
        let covered = covered.get(row) == Some(true);
        told.push(PhaseOfPlace {
            phase: phase.clone(),
            covered,
            agent_name: agent.as_deref().map(|id| run.sites.name(id)),
            travel_time_s: time,
            distance_m: distance,
            agents_within: within.len() as u32,
            second: within.iter().find(|r| Some(&r.site) != agent.as_ref()).map(|&r| r.clone()),
            why_not: (!covered).then(|| why_not(run, agent.is_some(), time, distance)),
            agent,
        });
    }
    Ok(ModeStory {
        mode: mode.to_owned(),
        persons: of_mode.first().and_then(|&row| cells.number("persons").ok()?.get(row)).unwrap_or_default(),
        served_since: run.phases.iter().find(served).cloned(),
        phases: told,
        candidates: sites.iter().filter(|r| !stands.contains_key(&r.site)).take(5).cloned().collect(),
    })
}

/// Why nobody serves a place in a phase.
fn why_not(run: &Run, any: bool, time_s: Option<f64>, distance_m: Option<f64>) -> String {
    if !any {
        return "no agent stands yet".into();
    }
    let km = distance_m.map_or(f64::NAN, |m| m / 1000.0);
    match time_s {
        None => format!("no agent can be reached by road, and the nearest is {km:.1} km away as the crow flies"),
        Some(s) => format!(
            "the nearest agent is {:.1} min by road, and the nearest as the crow flies {km:.1} km: beyond {}",
            s / 60.0,
            run.standard
        ),
    }
}

fn boundary_name(folder: &Path, code: &str) -> Result<Option<String>> {
    let table = Rows::read(folder, &BOUNDARIES, &["code", "name"])?;
    let at = table.text("code")?.iter().position(|known| known == Some(code));
    Ok(at.map(|at| Ok::<_, crate::error::Error>(table.text("name")?.get(at).map(str::to_owned))).transpose()?.flatten())
}

/// What would serve the unserved of a feature.
fn help(folder: &Path, boundary: Option<&str>) -> Result<Option<String>> {
    let table = Rows::read(folder, &UNCOVERED, &["boundary", "help_en"])?;
    let at = table.text("boundary")?.iter().position(|known| known == boundary);
    Ok(at
        .map(|at| Ok::<_, crate::error::Error>(table.text("help_en")?.get(at).map(str::to_owned)))
        .transpose()?
        .flatten())
}
