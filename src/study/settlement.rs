//! What people live by: streets and buildings weigh where in a coarse cell its people are, water holds nobody.
//!
//! The weights are assumptions, see `docs/methods.md`, "Where in a cell people live". A metre of alley or residential
//! street weighs 3, of a through road 2, of a main road 1; nobody lives on bridges, motorways and their ramps. A mapped
//! building weighs its floor area, 10 m² as much as a metre of residential street.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::ingest::osm::features::Building;
use crate::ingest::population::PopulationGrid;
use crate::ingest::water::Water;
use crate::network::Network;
use crate::units::LonLat;

/// Streets are weighed in pieces of at most so many metres.
const PIECE_M: f64 = 20.0;

/// The weight of a decimetre of a street of a class.
fn street_weight(class: &str) -> u64 {
    match class {
        "residential" | "living_street" | "service" | "unclassified" | "pedestrian" => 3,
        "tertiary" | "secondary" | "footway" | "path" | "track" | "steps" | "cycleway" => 2,
        "primary" | "trunk" | "road" => 1,
        _ => 0,
    }
}

/// Weights of the sub-cells of a population grid.
pub(super) struct Settlement<'a> {
    weights: HashMap<u64, u64>,
    water: &'a Water,
}

impl<'a> Settlement<'a> {
    /// Weighs the sub-cells of a grid whose cells are split into `parts` by edge.
    pub fn new(grid: &PopulationGrid, parts: u32, network: &Network, buildings: &[Building], water: &'a Water) -> Self {
        let mut weights: HashMap<u64, u64> = HashMap::new();
        // Places in parallel, sums one after the other: whole numbers, so the order does not matter.
        let of_streets: Vec<(u64, u64)> = network
            .streets
            .par_iter()
            .filter(|street| !street.bridge)
            .flat_map_iter(|street| {
                let weight = street_weight(&network.classes[usize::from(street.class)]);
                let shape = if weight == 0 { &[][..] } else { network.shape(street) };
                shape.windows(2).flat_map(move |pair| pieces(pair[0], pair[1], weight))
            })
            .filter_map(|(at, weight)| Some((grid.locate(at, parts)?, weight)))
            .collect();
        let of_buildings: Vec<(u64, u64)> = buildings
            .par_iter()
            .filter_map(|b| {
                let floors = f64::from(b.levels.unwrap_or(1.0)).clamp(1.0, 100.0);
                // 10 m² weigh as much as 10 decimetres of weight 3.
                Some((grid.locate(b.at, parts)?, (b.footprint_m2 * floors * 3.0).round() as u64))
            })
            .collect();
        for (cell, weight) in of_streets.into_iter().chain(of_buildings) {
            *weights.entry(cell).or_default() += weight;
        }
        Settlement { weights, water }
    }

    /// The weight of a sub-cell by its id and centre; 0 on water.
    pub fn weight(&self, sub_cell: u64, centre: LonLat) -> u64 {
        match self.weights.get(&sub_cell) {
            Some(&weight) if self.is_dry(centre) => weight,
            _ => 0,
        }
    }

    /// Whether a place lies on land.
    pub fn is_dry(&self, at: LonLat) -> bool {
        !self.water.holds(at)
    }
}

/// The middles of equal pieces of a straight stretch, each with its weight.
fn pieces(from: LonLat, to: LonLat, weight: u64) -> impl Iterator<Item = (LonLat, u64)> {
    let length_m = from.metres_to(to);
    let steps = (length_m / PIECE_M).ceil().max(1.0);
    let decimetres = (length_m / steps * 10.0).round() as u64;
    (0..steps as u32).map(move |step| {
        let part = (f64::from(step) + 0.5) / steps;
        let at = LonLat { lon: from.lon + (to.lon - from.lon) * part, lat: from.lat + (to.lat - from.lat) * part };
        (at, decimetres * weight)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_is_weighed_whole() {
        // 0.001° of latitude is 111.195 m: 6 pieces of 18.53 m, 185 decimetres each, times 3.
        let (a, b) = (LonLat { lon: 105.0, lat: 21.0 }, LonLat { lon: 105.0, lat: 21.001 });
        let found: Vec<_> = pieces(a, b, 3).collect();
        assert_eq!(found.len(), 6);
        assert!(found.iter().all(|(_, w)| *w == 555));
        assert!((found[0].0.lat - (21.0 + 0.001 / 12.0)).abs() < 1e-12);
        assert!((found[5].0.lat - (21.001 - 0.001 / 12.0)).abs() < 1e-12);
    }

    #[test]
    fn nobody_lives_on_motorways() {
        assert_eq!(["motorway", "trunk_link", "service", "primary"].map(street_weight), [0, 0, 3, 1]);
    }
}
