//! How people fare with the agents of a phase: row by row, in all, and by boundary.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::equity::TimeEquity;
use crate::access::cover::Rule;
use crate::access::legs::Legs;
use crate::access::search::{Search, nearest_site};
use crate::network::CLOSED;
use crate::study::Study;
use crate::units::{Distance, LonLat, Persons};

/// How a demand row fares with a set of agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowState {
    /// The agent nearest by travel time; by distance where none can be reached; none without any agent.
    pub agent: Option<u32>,
    /// Travel time to it in milliseconds, where it can be reached.
    pub travel_time_ms: Option<u32>,
    /// Great-circle distance to the agent nearest as the crow flies.
    pub distance: Option<Distance>,
    /// Whether some agent serves the row under the standard.
    pub covered: bool,
}

/// Indicators of one area.
#[derive(Debug, Clone, PartialEq)]
pub struct AreaIndicators {
    /// People who live there.
    pub persons: Persons,
    /// People served under the standard.
    pub covered: Persons,
    /// People who can reach an agent by road.
    pub reached: Persons,
    /// Mean travel time of those, in seconds.
    pub mean_time_s: Option<f64>,
    /// Time within which half of those reach their agent.
    pub median_time_s: Option<f64>,
    /// Time within which nine tenths of those do.
    pub p90_time_s: Option<f64>,
    /// Longest time of those.
    pub worst_time_s: Option<f64>,
    /// How evenly travel time is spread over those.
    pub equity: TimeEquity,
    /// Agents that stand there.
    pub agents: u32,
}

impl AreaIndicators {
    /// People who cannot reach any agent by road: they have no travel time and are in none of its figures.
    pub fn unreached(&self) -> Persons {
        Persons(self.persons.0.saturating_sub(self.reached.0))
    }

    /// Share of the people who are served; `None` where nobody lives.
    pub fn covered_share(&self) -> Option<f64> {
        (self.persons.0 > 0).then(|| self.covered.0 as f64 / self.persons.0 as f64)
    }
}

/// Indicators of a phase.
#[derive(Debug, Clone, PartialEq)]
pub struct PhaseIndicators {
    /// The whole study area.
    pub all: AreaIndicators,
    /// The phase's scope.
    pub scope: AreaIndicators,
    /// For each layer, each of its features.
    pub by_boundary: Vec<Vec<AreaIndicators>>,
}

/// The state of every demand row with the agents `open` (ascending).
///
/// `served` holds what [`served_under_all_speeds`] found, where the scenario names several speeds.
pub fn row_states(study: &Study, open: &[u32], served: &BTreeMap<u32, Vec<bool>>) -> Vec<RowState> {
    let n_modes = study.modes.len();
    let places: Vec<(u32, LonLat)> = open.iter().map(|&s| (s, study.sites[s as usize].site.at)).collect();
    let nearest_by_distance: Vec<Option<(Distance, u32)>> =
        study.cells.par_iter().map(|cell| places.iter().map(|&(s, at)| (cell.at.distance(at), s)).min()).collect();
    let by_mode: Vec<Vec<Option<(u32, u32)>>> = (0..n_modes)
        .into_par_iter()
        .map(|m| {
            let sites: Vec<_> =
                open.iter().filter_map(|&s| study.site_legs.by_mode[m][s as usize].map(|(leg, _)| (s, leg))).collect();
            let cells: Vec<_> = study.cell_legs.bare(m);
            nearest_site(&study.network.modes[m], &sites, &cells)
        })
        .collect();
    (0..study.cells.len() * n_modes)
        .map(|row| {
            let (cell, mode) = (row / n_modes, row % n_modes);
            let crow = nearest_by_distance[cell];
            let ride = by_mode[mode][cell];
            let ms = ride.map(|(_, ms)| ms);
            let covered = match study.standard.rule {
                _ if !study.also.is_empty() => open.iter().any(|s| served.get(s).is_some_and(|rows| rows[row])),
                Rule::Both => one_keeps_both(study, row, open),
                _ => crow.is_some_and(|(distance, _)| study.standard.serves(ms.unwrap_or(CLOSED), distance)),
            };
            RowState {
                agent: ride.map(|(site, _)| site).or(crow.map(|(_, site)| site)),
                travel_time_ms: ms,
                distance: crow.map(|(distance, _)| distance),
                covered,
            }
        })
        .collect()
}

/// For each of some sites, the demand rows that it serves under as many of the scenario's speeds as it asks for. Empty
/// where there is but one. By one search a site and mode, without the hierarchy that the cover sets come from.
pub fn served_under_all_speeds(study: &Study, sites: &BTreeSet<u32>) -> BTreeMap<u32, Vec<bool>> {
    if study.also.is_empty() {
        return BTreeMap::new();
    }
    let legs: Vec<&Legs> = std::iter::once(&study.site_legs).chain(study.also.iter().map(|o| &o.site_legs)).collect();
    let served = |search: &mut Search, &site: &u32| {
        (site, rows_served_by(study, search, study.sites[site as usize].site.at, site as usize, &legs, study.needed))
    };
    let sites: Vec<u32> = sites.iter().copied().collect();
    sites.par_iter().map_init(Search::default, served).collect()
}

/// Which demand rows a place serves under at least `needed` of some speeds. `legs` tell for each of these, the scenario's
/// first ones, how the place hangs on the roads, as their entry `index`.
pub(super) fn rows_served_by(
    study: &Study,
    search: &mut Search,
    at: LonLat,
    index: usize,
    legs: &[&Legs],
    needed: usize,
) -> Vec<bool> {
    let n_modes = study.modes.len();
    let main = std::iter::once((&study.network, &study.cell_legs));
    let settings = main.chain(study.also.iter().map(|o| (&o.network, &o.cell_legs))).zip(legs);
    let mut times = vec![0_usize; study.cells.len() * n_modes];
    for ((network, cell_legs), legs) in settings {
        for (m, graph) in network.modes.iter().enumerate() {
            let leg = legs.by_mode[m][index].map(|(leg, _)| leg);
            if let Some(leg) = leg {
                search.run(graph, &[leg], study.standard.cutoff.0);
            }
            for (c, (cell, cell_leg)) in study.cells.iter().zip(&cell_legs.by_mode[m]).enumerate() {
                let ms = match (&leg, cell_leg) {
                    (Some(leg), Some((cell_leg, _))) => search.place_ms(leg, cell_leg),
                    _ => CLOSED,
                };
                times[c * n_modes + m] += usize::from(study.standard.serves(ms, cell.at.distance(at)));
            }
        }
    }
    times.into_iter().map(|n| n >= needed).collect()
}

/// Under the rule `both`, one and the same agent must keep the two limits; the nearest by time and the nearest by
/// distance may be two.
fn one_keeps_both(study: &Study, row: usize, open: &[u32]) -> bool {
    study.cover.row(row).iter().any(|p| open.binary_search(&p.site).is_ok())
}

/// Indicators of a phase from its agents and the states of its rows.
pub fn of_phase(
    study: &Study,
    open: &[u32],
    rows: &[RowState],
    in_scope: &[bool],
    site_in_scope: &[bool],
) -> PhaseIndicators {
    let n_modes = study.modes.len();
    let mut all = Tally::default();
    let mut scope = Tally::default();
    let mut by_boundary: Vec<Vec<Tally>> =
        study.layers.iter().map(|l| vec![Tally::default(); l.features.len()]).collect();
    for (row, state) in rows.iter().enumerate() {
        let persons = study.row_persons[row];
        all.add(persons, state);
        if in_scope[row] {
            scope.add(persons, state);
        }
        for (layer, features) in by_boundary.iter_mut().enumerate() {
            if let Some(feature) = study.cell_boundary[layer][row / n_modes] {
                features[feature as usize].add(persons, state);
            }
        }
    }
    for &site in open {
        all.agents += 1;
        scope.agents += u32::from(site_in_scope[site as usize]);
        for (layer, features) in by_boundary.iter_mut().enumerate() {
            if let Some(feature) = study.sites[site as usize].boundary[layer] {
                features[feature as usize].agents += 1;
            }
        }
    }
    PhaseIndicators {
        all: all.indicators(),
        scope: scope.indicators(),
        by_boundary: by_boundary.into_iter().map(|f| f.into_iter().map(Tally::indicators).collect()).collect(),
    }
}

/// People by travel time.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    persons: Persons,
    covered: Persons,
    times: Vec<(u32, Persons)>,
    pub(super) agents: u32,
}

impl Tally {
    pub(super) fn add(&mut self, persons: Persons, state: &RowState) {
        self.persons += persons;
        if state.covered {
            self.covered += persons;
        }
        if let (Some(ms), true) = (state.travel_time_ms, persons.0 > 0) {
            self.times.push((ms, persons));
        }
    }

    pub(super) fn indicators(mut self) -> AreaIndicators {
        self.times.sort_unstable();
        let reached: Persons = self.times.iter().map(|(_, p)| *p).sum();
        let weighted: u128 = self.times.iter().map(|(ms, p)| u128::from(*ms) * u128::from(p.0)).sum();
        let mean = (reached.0 > 0).then(|| weighted as f64 / reached.0 as f64 / 1000.0);
        AreaIndicators {
            persons: self.persons,
            covered: self.covered,
            reached,
            mean_time_s: mean,
            median_time_s: self.quantile(reached, 1, 2),
            p90_time_s: self.quantile(reached, 9, 10),
            worst_time_s: self.times.last().map(|(ms, _)| f64::from(*ms) / 1000.0),
            equity: TimeEquity::of(&self.times),
            agents: self.agents,
        }
    }

    /// The least time within which at least `part / whole` of the people are.
    fn quantile(&self, reached: Persons, part: u64, whole: u64) -> Option<f64> {
        let needed = (u128::from(reached.0) * u128::from(part)).div_ceil(u128::from(whole));
        let mut so_far = 0_u128;
        self.times.iter().find_map(|(ms, p)| {
            so_far += u128::from(p.0);
            (so_far >= needed).then(|| f64::from(*ms) / 1000.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weighted_times_by_hand() {
        let mut tally = Tally::default();
        let state = |ms, covered| RowState { agent: Some(0), travel_time_ms: ms, distance: None, covered };
        tally.add(Persons(1000), &state(Some(60_000), true));
        tally.add(Persons(8000), &state(Some(120_000), true));
        tally.add(Persons(1000), &state(Some(600_000), false));
        tally.add(Persons(5000), &state(None, false));
        let found = tally.indicators();
        // Mean: (1·60 + 8·120 + 1·600) / 10 = 162 s. Half of 10 people: 120 s. Nine tenths = 9 people: 120 s.
        assert_eq!(found.mean_time_s, Some(162.0));
        assert_eq!(found.median_time_s, Some(120.0));
        assert_eq!(found.p90_time_s, Some(120.0));
        assert_eq!(found.worst_time_s, Some(600.0));
        assert_eq!((found.persons, found.covered, found.reached), (Persons(15_000), Persons(9_000), Persons(10_000)));
        assert_eq!(found.covered_share(), Some(0.6));
    }

    #[test]
    fn nobody_has_no_share_and_no_time() {
        let found = Tally::default().indicators();
        assert_eq!((found.covered_share(), found.mean_time_s, found.worst_time_s), (None, None, None));
    }
}
