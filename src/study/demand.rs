//! Who lives where: demand cells from the population, split over what people live by, scaled to official numbers.

use std::collections::HashSet;

use geo::{BooleanOps, InteriorPoint, Intersects, MultiPolygon};
use rayon::prelude::*;

use super::StudySite;
use super::official::official_inside;
use super::settlement::Settlement;
use serde::{Deserialize, Serialize};

use crate::error::{Fault, Result};
use crate::ingest::boundaries::BoundaryLayer;
use crate::ingest::osm::features::Building;
use crate::ingest::population::{
    Calibration, CalibrationRow, CellShape, DemandCell, Margin, PopulationGrid, calibrate, read_population,
    too_many_cells,
};
use crate::ingest::water::Water;
use crate::limits::DEMAND_CELLS;
use crate::network::Network;
use crate::scenario::Scenario;
use crate::units::{LonLat, Persons};

/// Forgets the features of a layer in which nobody of the study lives and no site stands, so that reports do not list
/// them.
pub(super) fn drop_unused(
    layer: &mut BoundaryLayer,
    of_cell: &mut [Option<u32>],
    sites: &mut [StudySite],
    index: usize,
) {
    let mut used = vec![false; layer.features.len()];
    let of_sites = sites.iter().filter_map(|s| s.boundary[index]);
    for feature in of_cell.iter().flatten().copied().chain(of_sites) {
        used[feature as usize] = true;
    }
    let mut next = 0;
    let rank: Vec<Option<u32>> = used
        .iter()
        .map(|&used| {
            next += u32::from(used);
            used.then(|| next - 1)
        })
        .collect();
    for feature in of_cell.iter_mut().chain(sites.iter_mut().map(|s| &mut s.boundary[index])) {
        *feature = feature.and_then(|f| rank[f as usize]);
    }
    let kept = layer.features.iter().zip(&used).filter(|(_, used)| **used).map(|(f, _)| f.clone()).collect();
    *layer = BoundaryLayer::new(layer.id.clone(), kept);
}

/// Where people live and how that was found.
#[derive(Serialize, Deserialize)]
pub struct Demand {
    /// Places with people in them.
    pub cells: Vec<DemandCell>,
    /// For each layer, the feature in which each cell lies.
    pub cell_boundary: Vec<Vec<Option<u32>>>,
    /// What the population file was found to hold.
    pub source: Source,
    /// How it was scaled to official numbers.
    pub scaled: Scaled,
}

/// What was found in the population file; see [`PopulationGrid`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Its people in the study area.
    pub persons: Persons,
    /// Its cells with people.
    pub cells: usize,
    /// Cells wholly in the study area.
    pub whole_cells: usize,
    /// Cells on its border.
    pub border_cells: usize,
    /// Of both, those without a value.
    pub nodata_cells: usize,
    /// The part of the study area that the cells span.
    pub area_share: f64,
    /// Into how many parts by edge each cell was split.
    pub parts: u32,
}

impl Source {
    fn of(grid: &PopulationGrid, parts: u32) -> Self {
        Source {
            persons: grid.total(),
            cells: grid.cells.len(),
            whole_cells: grid.whole_cells,
            border_cells: grid.border_cells,
            nodata_cells: grid.nodata_cells,
            area_share: grid.area_share,
            parts,
        }
    }
}

/// How the population was scaled, layer by layer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Scaled {
    /// Id of each layer, and a row for each of its features that lie in the study area.
    pub layers: Vec<(String, Vec<ScaledFeature>)>,
    /// Rounds of fitting.
    pub rounds: u32,
    /// Largest deviation from an official number that is left.
    pub deviation: f64,
}

/// How the people of one feature were scaled.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ScaledFeature {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What was done.
    pub row: CalibrationRow,
}

impl Scaled {
    /// All features of all layers.
    pub fn features(&self) -> impl Iterator<Item = &ScaledFeature> {
        self.layers.iter().flat_map(|(_, features)| features)
    }
}

/// What else than people and roads tells where people live.
pub(super) struct Ground<'a> {
    pub network: &'a Network,
    pub buildings: &'a [Building],
    pub water: &'a Water,
}

pub(super) fn demand(
    scenario: &Scenario,
    area: &MultiPolygon<f64>,
    layers: &[BoundaryLayer],
    ground: &Ground,
) -> Result<Demand> {
    let settings = &scenario.population;
    let file = &scenario.inputs.population;
    let grid = read_population(file, area)?;
    let parts = if settings.cell_m > 0.0 { grid.parts(settings.cell_m) } else { 1 };
    let source = Source::of(&grid, parts);
    let most = grid.cells.len().saturating_mul((parts as usize).saturating_pow(2));
    if most > DEMAND_CELLS {
        let found = format!("{} cells with people, split {parts} by {parts}, are up to {most}", grid.cells.len());
        return Err(too_many_cells(&found).file(file).into());
    }
    let mut cells = if parts > 1 {
        let settlement = Settlement::new(&grid, parts, ground.network, ground.buildings, ground.water);
        grid.refine(parts, area, &|id, at| settlement.weight(id, at), &|at| settlement.is_dry(at))
    } else {
        grid.cells
    };
    let mut cell_boundary: Vec<Vec<Option<u32>>> =
        layers.iter().map(|layer| cells.par_iter().map(|c| layer.locate(c.at).map(|i| i as u32)).collect()).collect();
    let calibrated: Vec<usize> =
        settings.calibrate_to.iter().filter_map(|id| layers.iter().position(|l| &l.id == id)).collect();
    let totals: Vec<Vec<Option<Persons>>> =
        calibrated.iter().map(|&l| official_inside(file, &layers[l], area)).collect::<Result<_>>()?;
    if let (Some(&first), Some(official)) = (calibrated.first(), totals.first()) {
        settle_the_empty(&mut cells, &mut cell_boundary, layers, area, first, official);
    }
    let margins: Vec<Margin> =
        calibrated.iter().zip(&totals).map(|(&l, totals)| Margin { of_cell: &cell_boundary[l], totals }).collect();
    let done = if margins.is_empty() { Calibration::default() } else { calibrate(&mut cells, &margins) };
    if cells.iter().all(|c| c.persons.0 == 0) {
        return Err(Fault::new("population::empty", "nobody lives in the study area by this grid")
            .file(file)
            .help("use a population grid that covers the study area")
            .into());
    }
    let scaled = report(layers, &calibrated, done);
    Ok(Demand { cells, cell_boundary, source, scaled })
}

/// Gives each feature with an official number, but without anybody by the population file, a cell in its middle, so that
/// its people are not lost: one person, whom calibrating turns into all.
fn settle_the_empty(
    cells: &mut Vec<DemandCell>,
    cell_boundary: &mut [Vec<Option<u32>>],
    layers: &[BoundaryLayer],
    area: &MultiPolygon<f64>,
    first: usize,
    official: &[Option<Persons>],
) {
    let settled: HashSet<u32> =
        cells.iter().zip(&cell_boundary[first]).filter(|(c, _)| c.persons.0 > 0).filter_map(|(_, f)| *f).collect();
    let mut id = cells.iter().map(|c| c.id).max().map_or(0, |id| id.saturating_add(1));
    for (f, official) in official.iter().enumerate() {
        if official.is_none_or(|n| n.0 == 0) || settled.contains(&(f as u32)) {
            continue;
        }
        let shape = &layers[first].features[f].geometry;
        let middle = shape.interior_point().filter(|middle| area.intersects(middle));
        let Some(middle) = middle.or_else(|| shape.intersection(area).interior_point()) else { continue };
        let at = LonLat { lon: middle.x(), lat: middle.y() };
        cells.push(DemandCell {
            id,
            at,
            centre: at,
            shape: CellShape::Point,
            share_inside: 1.0,
            persons: Persons(1000),
        });
        for (of_cell, layer) in cell_boundary.iter_mut().zip(layers) {
            of_cell.push(layer.locate(at).map(|i| i as u32));
        }
        id = id.saturating_add(1);
    }
}

fn report(layers: &[BoundaryLayer], calibrated: &[usize], done: Calibration) -> Scaled {
    let of_layer = |(&l, rows): (&usize, Vec<CalibrationRow>)| {
        let feature = |(f, row): (&crate::ingest::boundaries::Boundary, CalibrationRow)| ScaledFeature {
            code: f.code.clone(),
            name: f.name.clone(),
            row,
        };
        let inside =
            |(_, row): &(&crate::ingest::boundaries::Boundary, CalibrationRow)| row.cells > 0 || row.official.is_some();
        (layers[l].id.clone(), layers[l].features.iter().zip(rows).filter(inside).map(feature).collect())
    };
    Scaled {
        layers: calibrated.iter().zip(done.layers).map(of_layer).collect(),
        rounds: done.rounds,
        deviation: done.deviation,
    }
}
