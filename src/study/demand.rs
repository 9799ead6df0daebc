//! Who lives where: demand cells from the population grid, split along the roads, scaled, and shared out by mode.

use std::collections::HashMap;

use geo::MultiPolygon;
use rayon::prelude::*;

use super::StudySite;
use crate::error::{Fault, Result};
use crate::ingest::boundaries::BoundaryLayer;
use crate::ingest::population::{CalibrationRow, DemandCell, PopulationGrid, calibrate, read_population};
use crate::network::{Mode, Network};
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

pub(super) type Demand = (Vec<DemandCell>, Vec<Vec<Option<u32>>>, Vec<(String, CalibrationRow)>);

pub(super) fn demand(
    scenario: &Scenario,
    area: &MultiPolygon<f64>,
    layers: &[BoundaryLayer],
    network: &Network,
) -> Result<Demand> {
    let settings = &scenario.population;
    let grid = read_population(&scenario.inputs.population, area)?;
    let mut cells = if settings.split > 1 {
        let metres = road_metres(network, &grid, settings.split);
        grid.refine(settings.split, area, &|id, _| metres.get(&id).copied().unwrap_or(0))
    } else {
        grid.cells
    };
    let cell_boundary: Vec<Vec<Option<u32>>> =
        layers.iter().map(|layer| cells.par_iter().map(|c| layer.locate(c.at).map(|i| i as u32)).collect()).collect();
    let mut calibration = Vec::new();
    if let Some(index) = settings.calibrate_to.as_ref().and_then(|id| layers.iter().position(|l| &l.id == id)) {
        let of_cell: Vec<Option<usize>> = cell_boundary[index].iter().map(|b| b.map(|i| i as usize)).collect();
        let totals: Vec<Option<Persons>> = layers[index].features.iter().map(|f| f.population).collect();
        let codes = layers[index].features.iter().map(|f| f.code.clone());
        calibration = codes.zip(calibrate(&mut cells, &of_cell, &totals)).collect();
    }
    if cells.iter().all(|c| c.persons.0 == 0) {
        return Err(Fault::new("population::empty", "nobody lives in the study area by this grid")
            .file(&scenario.inputs.population)
            .help("use a population grid that covers the study area")
            .into());
    }
    Ok((cells, cell_boundary, calibration))
}

/// How much road that people live by lies in each sub-cell of a grid: decimetres by class, residential weighing most.
fn road_metres(network: &Network, grid: &PopulationGrid, parts: u32) -> HashMap<u64, u64> {
    let mut metres: HashMap<u64, u64> = HashMap::new();
    for street in &network.streets {
        let weight = match network.classes[usize::from(street.class)].as_str() {
            "residential" | "living_street" | "service" | "unclassified" | "pedestrian" => 3,
            "tertiary" | "secondary" | "footway" | "path" | "track" => 2,
            "primary" | "trunk" | "road" => 1,
            _ => continue,
        };
        if street.bridge {
            continue; // nobody lives on a bridge
        }
        for pair in network.shape(street).windows(2) {
            let length_m = pair[0].metres_to(pair[1]);
            let steps = (length_m / 20.0).ceil().max(1.0);
            for step in 0..steps as u32 {
                let part = (f64::from(step) + 0.5) / steps;
                let lon = pair[0].lon + (pair[1].lon - pair[0].lon) * part;
                let lat = pair[0].lat + (pair[1].lat - pair[0].lat) * part;
                let decimetres = (length_m / steps * 10.0).round() as u64;
                if let Some(id) = grid.locate(LonLat { lon, lat }, parts) {
                    *metres.entry(id).or_default() += decimetres * weight;
                }
            }
        }
    }
    metres
}

/// Splits a cell's people over the modes by their shares; the parts sum to the whole exactly.
pub(super) fn split_by_mode(persons: Persons, modes: &[Mode]) -> Vec<Persons> {
    let (mut share, mut before) = (0.0, 0_u64);
    let last = modes.len().saturating_sub(1);
    modes
        .iter()
        .enumerate()
        .map(|(m, mode)| {
            share += mode.settings.share;
            let up_to = if m == last { persons.0 } else { ((persons.0 as f64 * share).round() as u64).min(persons.0) };
            let part = up_to.saturating_sub(before);
            before = up_to.max(before);
            Persons(part)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::network::modes::resolve_modes;

    #[test]
    fn the_people_of_a_cell_are_shared_out_whole() {
        let modes = resolve_modes(&BTreeMap::new(), Default::default()).unwrap();
        for milli in [0, 1, 7, 999, 1_000_003] {
            let parts = split_by_mode(Persons(milli), &modes);
            assert_eq!(parts.iter().copied().sum::<Persons>(), Persons(milli));
        }
        // 72, 12, 8 and 8 of a hundred.
        assert_eq!(split_by_mode(Persons(1000), &modes), [Persons(720), Persons(120), Persons(80), Persons(80)]);
    }
}
