//! Who is left unserved at the end, and where a new point would help most.

use std::collections::BTreeMap;

use super::PhasePlan;
use crate::study::Study;
use crate::units::{Distance, LonLat, Persons};

/// The unserved people of one boundary feature.
#[derive(Debug, Clone)]
pub struct UncoveredPlace {
    /// Feature of the first layer; `None` outside every feature or without layers.
    pub boundary: Option<u32>,
    /// People who are not served.
    pub persons: Persons,
    /// Those of them whom some usable candidate could serve.
    pub persons_coverable: Persons,
    /// Demand cells they live in.
    pub cells: u32,
    /// The middle of where they live, weighed by people.
    pub at: LonLat,
    /// Distance from there to the nearest agent.
    pub nearest_agent: Option<Distance>,
    /// Distance from there to the nearest usable candidate, chosen or not.
    pub nearest_candidate: Option<Distance>,
    /// The demand cell at which a new point would serve most of them within the radius.
    pub new_point: LonLat,
    /// How many it would serve, all places counted.
    pub new_point_persons: Persons,
}

/// Groups the unserved people of the last phase by the features of the first layer, most people first.
pub(super) fn places(study: &Study, last: &PhasePlan) -> Vec<UncoveredPlace> {
    let n_modes = study.modes.len();
    let mut unserved: Vec<(usize, Persons, Persons)> = Vec::new();
    for cell in 0..study.cells.len() {
        let rows = (cell * n_modes..(cell + 1) * n_modes).filter(|&row| !last.rows[row].covered);
        let (mut persons, mut coverable) = (Persons(0), Persons(0));
        for row in rows {
            persons += study.row_persons[row];
            if study.cover.row(row).iter().any(|p| study.sites[p.site as usize].usable) {
                coverable += study.row_persons[row];
            }
        }
        if persons.0 > 0 {
            unserved.push((cell, persons, coverable));
        }
    }
    let mut groups: BTreeMap<Option<u32>, Vec<(usize, Persons, Persons)>> = BTreeMap::new();
    for entry in &unserved {
        let boundary = study.cell_boundary.first().and_then(|layer| layer[entry.0]);
        groups.entry(boundary).or_default().push(*entry);
    }
    let nearest = |at: LonLat, keep: &dyn Fn(usize) -> bool| -> Option<Distance> {
        let sites = study.site_places().enumerate().filter(|(s, _)| keep(*s));
        sites.map(|(_, place)| at.distance(place)).min()
    };
    let mut found: Vec<UncoveredPlace> = groups
        .into_iter()
        .map(|(boundary, cells)| {
            let persons: Persons = cells.iter().map(|c| c.1).sum();
            let middle = |axis: &dyn Fn(LonLat) -> f64| -> f64 {
                let sum: f64 = cells.iter().map(|c| axis(study.cells[c.0].at) * c.1.people()).sum();
                sum / persons.people()
            };
            let at = LonLat { lon: middle(&|p| p.lon), lat: middle(&|p| p.lat) };
            let (new_point, new_point_persons) = best_point(study, &cells, &unserved);
            UncoveredPlace {
                boundary,
                persons,
                persons_coverable: cells.iter().map(|c| c.2).sum(),
                cells: cells.len() as u32,
                at,
                nearest_agent: nearest(at, &|s| last.open.binary_search(&(s as u32)).is_ok()),
                nearest_candidate: nearest(at, &|s| study.sites[s].usable),
                new_point,
                new_point_persons,
            }
        })
        .collect();
    found.sort_by_key(|p| (std::cmp::Reverse(p.persons), p.boundary));
    found
}

/// The cell of a group within whose radius most unserved people live, of any group; ties by the first cell.
fn best_point(
    study: &Study,
    group: &[(usize, Persons, Persons)],
    unserved: &[(usize, Persons, Persons)],
) -> (LonLat, Persons) {
    let mut best = (LonLat::default(), Persons(0));
    for &(cell, ..) in group {
        let at = study.cells[cell].at;
        let served = unserved.iter().filter(|(other, ..)| at.distance(study.cells[*other].at) <= study.standard.radius);
        let persons: Persons = served.map(|(_, p, _)| *p).sum();
        if persons > best.1 {
            best = (at, persons);
        }
    }
    best
}
