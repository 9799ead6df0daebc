//! New points for people whom no candidate serves: where roads meet near them, centres, markets.
//!
//! Places are chosen one by one, each the one that serves most of those still left (greedy maximal covering: at least
//! 1 − 1/e of what the best so many places could serve; Nemhauser, Wolsey and Fisher, 1978). A place that people know, a
//! market or a centre, is taken before a bare junction that serves little more.

use std::collections::HashSet;

use geo::{Intersects, MultiPolygon, Point};

use crate::access::cover::{CoverSets, Hung, Standard, cover_sets};
use crate::access::legs::{Leg, Legs};
use crate::error::Result;
use crate::ingest::boundaries::BoundaryLayer;
use crate::ingest::osm::features::{PointOfInterest, TagRule, tag};
use crate::ingest::population::DemandCell;
use crate::ingest::sites::Site;
use crate::network::{Network, Snapper};
use crate::scenario::{ProposalSource, Scenario};
use crate::units::{Distance, LonLat, Persons};

/// The most junctions looked at, those near most unserved people first.
const MOST_JUNCTIONS: usize = 2000;
/// A known place is taken before a junction if it serves at least this share of what the junction serves.
const KNOWN_ENOUGH: f64 = 0.9;

/// What proposals are made from.
pub(super) struct Unserved<'a> {
    pub scenario: &'a Scenario,
    pub standard: &'a Standard,
    pub area: &'a MultiPolygon<f64>,
    pub network: &'a Network,
    pub cells: &'a [DemandCell],
    pub cell_legs: &'a Legs,
    pub first_layer: Option<(&'a BoundaryLayer, &'a [Option<u32>])>,
    pub points: &'a [PointOfInterest],
    /// People of each demand row whom no usable candidate serves, 0 for the others.
    pub persons: &'a [Persons],
}

/// Places of OpenStreetMap from which points are proposed.
pub(super) fn wanted_points(scenario: &Scenario) -> Vec<TagRule> {
    let rule = |key: &str, values: &[&str]| TagRule {
        key: key.to_owned(),
        values: values.iter().map(|v| (*v).to_owned()).collect(),
    };
    let settings = &scenario.proposals;
    let mut rules = Vec::new();
    if settings.most > 0 && settings.from.contains(&ProposalSource::Markets) {
        rules.push(rule("amenity", &["marketplace"]));
    }
    if settings.most > 0 && settings.from.contains(&ProposalSource::Centres) {
        rules.push(rule("amenity", &["townhall", "community_centre"]));
        rules.push(rule("place", &["city", "town", "village", "suburb", "quarter", "neighbourhood", "hamlet"]));
    }
    rules
}

/// A place that may be proposed.
struct Spot {
    at: LonLat,
    /// Its name, for a place that people know.
    name: Option<String>,
    kind: &'static str,
}

impl Unserved<'_> {
    /// The places proposed, those that serve most first.
    ///
    /// # Errors
    /// Interrupted.
    pub fn propose(&self) -> Result<Vec<Site>> {
        let n_modes = self.network.modes.len();
        let of_cell = |c: usize| -> Persons { self.persons[c * n_modes..(c + 1) * n_modes].iter().copied().sum() };
        let cells: Vec<usize> = (0..self.cells.len()).filter(|&c| of_cell(c).0 > 0).collect();
        let spots = self.spots(&cells, &of_cell);
        let cover = self.cover(&cells, &spots)?;
        // People by row of the cells that matter, and rows by spot.
        let persons: Vec<Persons> =
            cells.iter().flat_map(|&c| self.persons[c * n_modes..(c + 1) * n_modes].iter().copied()).collect();
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); spots.len()];
        let mut gain = vec![0_u64; spots.len()];
        for (row, persons) in persons.iter().enumerate().filter(|(_, p)| p.0 > 0) {
            for pair in cover.row(row) {
                rows[pair.site as usize].push(row as u32);
                gain[pair.site as usize] += persons.0;
            }
        }
        let least = Persons::from_people(self.scenario.proposals.min_persons).0.max(1);
        let mut served = vec![false; persons.len()];
        let mut proposed = Vec::new();
        while proposed.len() < self.scenario.proposals.most as usize {
            let Some(best) = best(&spots, &gain).filter(|&s| gain[s] >= least) else { break };
            for &row in &rows[best] {
                if !std::mem::replace(&mut served[row as usize], true) {
                    for pair in cover.row(row as usize) {
                        gain[pair.site as usize] -= persons[row as usize].0;
                    }
                }
            }
            proposed.push(self.site(&spots[best], proposed.len() + 1));
        }
        Ok(proposed)
    }

    fn spots(&self, cells: &[usize], of_cell: &dyn Fn(usize) -> Persons) -> Vec<Spot> {
        let from = &self.scenario.proposals.from;
        let mut spots = Vec::new();
        for point in self.points {
            let kind = if tag(&point.tags, "amenity") == Some("marketplace") { "market" } else { "centre" };
            let wanted = if kind == "market" { ProposalSource::Markets } else { ProposalSource::Centres };
            if from.contains(&wanted) {
                spots.push(Spot { at: point.at, name: point.name.clone().or_else(|| Some(String::new())), kind });
            }
        }
        if let (true, Some((layer, of))) = (from.contains(&ProposalSource::Centres), self.first_layer) {
            let mut busiest: Vec<Option<usize>> = vec![None; layer.features.len()];
            for (c, feature) in of.iter().enumerate() {
                if let Some(best) = feature.map(|f| &mut busiest[f as usize])
                    && best.is_none_or(|b| self.cells[c].persons > self.cells[b].persons)
                {
                    *best = Some(c);
                }
            }
            let troubled: HashSet<u32> = cells.iter().filter_map(|&c| of[c]).collect();
            for (f, cell) in busiest.into_iter().enumerate().filter(|(f, _)| troubled.contains(&(*f as u32))) {
                if let Some(at) = cell.and_then(|c| self.by_the_road(c)) {
                    spots.push(Spot { at, name: Some(layer.features[f].name.clone()), kind: "centre" });
                }
            }
        }
        if from.contains(&ProposalSource::Roads) {
            let mut order: Vec<usize> = cells.to_vec();
            order.sort_by_key(|&c| (std::cmp::Reverse(of_cell(c)), c));
            let mut seen = HashSet::new();
            for cell in order {
                if seen.len() >= MOST_JUNCTIONS {
                    break;
                }
                if let Some(node) = self.junction(cell).filter(|&node| seen.insert(node)) {
                    let at = self.network.nodes[node as usize];
                    spots.push(Spot { at, name: None, kind: "junction" });
                }
            }
        }
        spots.retain(|s| self.area.intersects(&Point::new(s.at.lon, s.at.lat)));
        spots
    }

    /// Where a cell meets the roads of the most used mode that reaches it.
    fn by_the_road(&self, cell: usize) -> Option<LonLat> {
        self.cell_legs.by_mode.iter().find_map(|mode| mode[cell].map(|(_, snap)| snap.at))
    }

    /// The junction at the nearer end of a cell's street.
    fn junction(&self, cell: usize) -> Option<u32> {
        let (_, snap) = self.cell_legs.by_mode.iter().find_map(|mode| mode[cell])?;
        let street = &self.network.streets[snap.street as usize];
        let to = |node: u32| self.network.nodes[node as usize].distance(snap.at);
        Some(if to(street.to) < to(street.from) { street.to } else { street.from })
    }

    /// Which spots serve the rows of the cells.
    fn cover(&self, cells: &[usize], spots: &[Spot]) -> Result<CoverSets> {
        let snap = &self.scenario.snap;
        let places: Vec<LonLat> = spots.iter().map(|s| s.at).collect();
        let limit = Distance::from_metres(snap.site_limit_m);
        let legs = Legs::new(self.network, &Snapper::new(self.network), &places, limit, snap.walk_kmh);
        let modes = 0..self.network.modes.len();
        let spot_legs: Vec<Vec<Option<Leg>>> = modes.clone().map(|m| legs.bare(m)).collect();
        let cell_legs: Vec<Vec<Option<Leg>>> =
            modes.map(|m| cells.iter().map(|&c| self.cell_legs.by_mode[m][c].map(|(leg, _)| leg)).collect()).collect();
        let cell_places: Vec<LonLat> = cells.iter().map(|&c| self.cells[c].at).collect();
        let hung_cells = Hung { places: &cell_places, legs: &cell_legs };
        cover_sets(self.network, &hung_cells, &Hung { places: &places, legs: &spot_legs }, self.standard)
    }

    fn site(&self, spot: &Spot, number: usize) -> Site {
        let feature = self.first_layer.and_then(|(layer, _)| layer.locate(spot.at).map(|f| &layer.features[f].name));
        let place = match (&spot.name, feature) {
            (Some(name), _) if !name.is_empty() => name.clone(),
            (_, Some(feature)) => feature.clone(),
            _ => format!("{:.4}, {:.4}", spot.at.lat, spot.at.lon),
        };
        Site {
            id: format!("proposal-{number}"),
            name: format!("Đề xuất {number}: {place}"),
            at: spot.at,
            position: Some(format!("proposed {}", spot.kind)),
            ..Site::default()
        }
    }
}

/// The spot that serves most; a known place before a junction that serves little more; the first of equals.
fn best(spots: &[Spot], gain: &[u64]) -> Option<usize> {
    let most = |keep: &dyn Fn(&Spot) -> bool| {
        let kept = (0..spots.len()).filter(|&s| keep(&spots[s]));
        kept.max_by_key(|&s| (gain[s], std::cmp::Reverse(s)))
    };
    let any = most(&|_| true)?;
    let known = most(&|spot| spot.name.is_some());
    known.filter(|&k| gain[k] as f64 >= KNOWN_ENOUGH * gain[any] as f64).or(Some(any))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_place_goes_before_a_junction_that_serves_little_more() {
        let spot = |name: Option<&str>| Spot { at: LonLat::default(), name: name.map(str::to_owned), kind: "junction" };
        let spots = [spot(None), spot(Some("chợ")), spot(None)];
        assert_eq!(best(&spots, &[100, 90, 100]), Some(1));
        assert_eq!(best(&spots, &[100, 89, 100]), Some(0));
        assert_eq!(best(&[], &[]), None);
    }
}
