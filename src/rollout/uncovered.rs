//! Who is left unserved at the end, and where a new point would help most.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use super::PhasePlan;
use crate::access::Leg;
use crate::access::search::nearest_site;
use crate::study::Study;
use crate::units::{Distance, EARTH_RADIUS_M, LonLat, Persons};

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
    /// That agent.
    pub nearest_agent_site: Option<u32>,
    /// Mean travel time of these people to the agent nearest by road, of those who reach one, in seconds.
    pub agent_time_s: Option<f64>,
    /// Distance from there to the nearest usable candidate, chosen or not.
    pub nearest_candidate: Option<Distance>,
    /// That candidate.
    pub nearest_candidate_site: Option<u32>,
    /// Mean travel time of these people to the usable candidate nearest by road, of those who reach one, in seconds.
    pub candidate_time_s: Option<f64>,
    /// The usable candidate that would serve most of these people, and how many; `None` where none serves anybody.
    pub best_candidate: Option<(u32, Persons)>,
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
    let by_latitude = Unserved::new(study, &unserved);
    let nearest = |at: LonLat, keep: &dyn Fn(usize) -> bool| -> Option<(Distance, u32)> {
        let sites = study.site_places().enumerate().filter(|(s, _)| keep(*s));
        sites.map(|(s, place)| (at.distance(place), s as u32)).min()
    };
    let candidate_ms = candidate_times(study, &unserved);
    let mut found: Vec<UncoveredPlace> = groups
        .into_iter()
        .map(|(boundary, cells)| {
            let persons: Persons = cells.iter().map(|c| c.1).sum();
            let middle = |axis: &dyn Fn(LonLat) -> f64| -> f64 {
                let sum: f64 = cells.iter().map(|c| axis(study.cells[c.0].at) * c.1.people()).sum();
                sum / persons.people()
            };
            let at = LonLat { lon: middle(&|p| p.lon), lat: middle(&|p| p.lat) };
            let (new_point, new_point_persons) = by_latitude.best_point(study, &cells);
            let rows = || {
                let of_cells = cells.iter().flat_map(|c| c.0 * n_modes..(c.0 + 1) * n_modes);
                of_cells.filter(|&row| !last.rows[row].covered)
            };
            let agent = nearest(at, &|s| last.open.binary_search(&(s as u32)).is_ok());
            let candidate = nearest(at, &|s| study.sites[s].usable);
            UncoveredPlace {
                boundary,
                persons,
                persons_coverable: cells.iter().map(|c| c.2).sum(),
                cells: cells.len() as u32,
                at,
                nearest_agent: agent.map(|(distance, _)| distance),
                nearest_agent_site: agent.map(|(_, site)| site),
                agent_time_s: mean_time_s(study, rows(), |row| last.rows[row].travel_time_ms),
                nearest_candidate: candidate.map(|(distance, _)| distance),
                nearest_candidate_site: candidate.map(|(_, site)| site),
                candidate_time_s: mean_time_s(study, rows(), |row| candidate_ms.get(&row).copied()),
                best_candidate: best_candidate(study, rows()),
                new_point,
                new_point_persons,
            }
        })
        .collect();
    found.sort_by_key(|p| (std::cmp::Reverse(p.persons), p.boundary));
    found
}

/// For the demand rows of the unserved, the time to the usable candidate nearest by road, where one can be reached.
fn candidate_times(study: &Study, unserved: &[(usize, Persons, Persons)]) -> HashMap<usize, u32> {
    let n_modes = study.modes.len();
    let of_mode = |m: usize| {
        let usable = (0..study.sites.len()).filter(|&s| study.sites[s].usable);
        let sites: Vec<(u32, Leg)> =
            usable.filter_map(|s| study.site_legs.by_mode[m][s].map(|(leg, _)| (s as u32, leg))).collect();
        let places: Vec<Option<Leg>> =
            unserved.iter().map(|&(cell, ..)| study.cell_legs.by_mode[m][cell].map(|(leg, _)| leg)).collect();
        let found = nearest_site(&study.network.modes[m], &sites, &places);
        let rows = unserved.iter().zip(found);
        rows.filter_map(|(&(cell, ..), found)| Some((cell * n_modes + m, found?.1))).collect::<Vec<_>>()
    };
    if unserved.is_empty() { HashMap::new() } else { (0..n_modes).into_par_iter().flat_map_iter(of_mode).collect() }
}

/// The mean of the times that are known, by people.
fn mean_time_s(
    study: &Study,
    rows: impl Iterator<Item = usize>,
    time_ms: impl Fn(usize) -> Option<u32>,
) -> Option<f64> {
    let (mut persons, mut weighted) = (0_u128, 0_u128);
    for (row, ms) in rows.filter_map(|row| Some((row, time_ms(row)?))) {
        let of_row = u128::from(study.row_persons[row].0);
        persons += of_row;
        weighted += of_row * u128::from(ms);
    }
    (persons > 0).then(|| weighted as f64 / persons as f64 / 1000.0)
}

/// The usable candidate that serves most people of some rows; the lowest of level ones.
fn best_candidate(study: &Study, rows: impl Iterator<Item = usize>) -> Option<(u32, Persons)> {
    let mut served: BTreeMap<u32, Persons> = BTreeMap::new();
    for row in rows {
        for pair in study.cover.row(row).iter().filter(|p| study.sites[p.site as usize].usable) {
            *served.entry(pair.site).or_default() += study.row_persons[row];
        }
    }
    served.into_iter().max_by_key(|&(site, persons)| (persons, std::cmp::Reverse(site)))
}

/// Unserved people by latitude, so that those within a radius are found without looking at all.
struct Unserved {
    /// Place and people, from south to north.
    places: Vec<(LonLat, Persons)>,
    radius: Distance,
    /// The radius in degrees of latitude, with some room for rounding.
    degrees: f64,
}

impl Unserved {
    fn new(study: &Study, unserved: &[(usize, Persons, Persons)]) -> Self {
        let radius = study.standard.radius;
        let mut places: Vec<_> = unserved.iter().map(|&(cell, persons, _)| (study.cells[cell].at, persons)).collect();
        places.sort_by(|a, b| a.0.lat.total_cmp(&b.0.lat));
        Unserved { places, radius, degrees: radius.metres() / EARTH_RADIUS_M.to_radians() * (1.0 + 1e-9) + 1e-9 }
    }

    /// People within the radius of a place.
    fn within(&self, at: LonLat) -> Persons {
        let from = self.places.partition_point(|(p, _)| p.lat < at.lat - self.degrees);
        let near = self.places[from..].iter().take_while(|(p, _)| p.lat <= at.lat + self.degrees);
        // A circle is widest, in degrees of longitude, a little polewards of its middle: at the latitude of its edge
        // meridians are nearer to each other than anywhere within it.
        let edge = at.lat.abs() + self.degrees;
        let wide = if edge < 89.0 { self.degrees / edge.to_radians().cos() } else { 360.0 };
        let inside = near.filter(|(p, _)| (p.lon - at.lon).abs() <= wide && at.distance(*p) <= self.radius);
        inside.map(|(_, persons)| *persons).sum()
    }

    /// The cell of a group within whose radius most unserved people live, of any group; ties by the first cell.
    fn best_point(&self, study: &Study, group: &[(usize, Persons, Persons)]) -> (LonLat, Persons) {
        let places: Vec<LonLat> = group.iter().map(|&(cell, ..)| study.cells[cell].at).collect();
        let people: Vec<Persons> = places.par_iter().map(|&at| self.within(at)).collect();
        let best = (0..places.len()).max_by_key(|&i| (people[i], std::cmp::Reverse(i)));
        best.map_or((LonLat::default(), Persons(0)), |i| (places[i], people[i]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_within_a_radius_are_those_of_a_full_search() {
        let radius = Distance::from_metres(5000.0);
        let degrees = radius.metres() / EARTH_RADIUS_M.to_radians() * (1.0 + 1e-9) + 1e-9;
        // Places on a slanted grid of some 700 m, far north too, where circles are wide in degrees.
        for base in [21.0, 65.0, -65.0] {
            let mut places: Vec<(LonLat, Persons)> = (0..2500_u32)
                .map(|i| {
                    let (x, y) = (f64::from(i % 50), f64::from(i / 50));
                    let at = LonLat { lon: 105.0 + 0.007 * x + 0.0003 * y, lat: base + 0.006 * y + 0.0002 * x };
                    (at, Persons(u64::from(i % 7) + 1))
                })
                .collect();
            places.sort_by(|a, b| a.0.lat.total_cmp(&b.0.lat));
            let unserved = Unserved { places, radius, degrees };
            for (at, _) in unserved.places.iter().step_by(97) {
                let full: Persons =
                    unserved.places.iter().filter(|(p, _)| at.distance(*p) <= radius).map(|(_, n)| *n).sum();
                assert_eq!(unserved.within(*at), full, "{at:?}");
            }
        }
    }
}
