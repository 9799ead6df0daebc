//! Turn restrictions and closed barriers as forbidden sequences of rides.

use std::collections::{BTreeMap, HashMap};

use crate::ingest::osm::{OsmExtract, TurnRestriction, Via};
use crate::network::turns::{Ride, ride, street_of};

/// A street as far as restrictions need it: its junctions, and the ways of its first and last piece.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) first_way: i64,
    pub(super) last_way: i64,
}

/// A restriction found on the streets: each ride of the path in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    /// Index of the restriction.
    pub(super) restriction: u32,
    pub(super) rides: Vec<Ride>,
}

/// Nodes of the extract at which streets must end so that restrictions can be found on them.
pub(super) fn nodes_to_keep(extract: &OsmExtract, keep: &mut [bool]) {
    let ends: HashMap<i64, [u32; 2]> = if extract.restrictions.iter().any(|r| matches!(r.via, Via::Ways(_))) {
        let node = |i: u32| extract.road_nodes[i as usize];
        extract.roads.iter().map(|w| (w.id, [node(w.nodes.start), node(w.nodes.end - 1)])).collect()
    } else {
        HashMap::new()
    };
    for restriction in &extract.restrictions {
        match &restriction.via {
            Via::Node(node) => keep[*node as usize] = true,
            Via::Ways(ways) => {
                for node in ways.iter().filter_map(|w| ends.get(w)).flatten() {
                    keep[*node as usize] = true;
                }
            }
        }
    }
}

/// Rides by the junction at which they begin, for those junctions that are asked for.
struct Around<'a> {
    streets: &'a [Ended],
    /// Streets by their junctions, twice where both are the same.
    at: BTreeMap<u32, Vec<u32>>,
}

impl<'a> Around<'a> {
    fn new(streets: &'a [Ended], asked: impl Iterator<Item = u32>) -> Self {
        let mut at: BTreeMap<u32, Vec<u32>> = asked.map(|j| (j, Vec::new())).collect();
        for (s, street) in streets.iter().enumerate() {
            for junction in [street.from, street.to] {
                if let Some(list) = at.get_mut(&junction)
                    && list.last() != Some(&(s as u32))
                {
                    list.push(s as u32);
                }
            }
        }
        Around { streets, at }
    }

    /// Rides that begin at a junction, with the way on which they begin.
    fn out(&self, junction: u32) -> impl Iterator<Item = (Ride, i64)> + '_ {
        self.at.get(&junction).into_iter().flatten().flat_map(move |&s| {
            let street = self.streets[s as usize];
            let along = (street.from == junction).then_some((ride(s, false), street.first_way));
            let against = (street.to == junction).then_some((ride(s, true), street.last_way));
            along.into_iter().chain(against)
        })
    }

    /// The only ride from a junction on a way.
    fn only_out(&self, junction: u32, way: i64) -> Option<Ride> {
        let mut rides = self.out(junction).filter(|&(_, w)| w == way);
        let (first, _) = rides.next()?;
        rides.next().is_none().then_some(first)
    }
}

/// The junction at which a ride ends.
fn head(streets: &[Ended], ride: Ride) -> u32 {
    let (street, against) = street_of(ride);
    if against { streets[street].from } else { streets[street].to }
}

/// Finds the restrictions on the streets. Also counts those that cannot be told: a way that goes through the junction
/// instead of ending there, or parts that are not joined.
pub(super) fn paths(
    extract: &OsmExtract,
    streets: &[Ended],
    junction_of: impl Fn(u32) -> Option<u32>,
) -> (Vec<Path>, usize) {
    let mut ends: HashMap<i64, [u32; 2]> = HashMap::new();
    let vias: Vec<i64> = extract
        .restrictions
        .iter()
        .flat_map(|r| if let Via::Ways(w) = &r.via { w.as_slice() } else { &[] })
        .copied()
        .collect();
    if !vias.is_empty() {
        for way in extract.roads.iter().filter(|w| vias.contains(&w.id)) {
            let node = |i: u32| junction_of(extract.road_nodes[i as usize]);
            if let (Some(a), Some(b)) = (node(way.nodes.start), node(way.nodes.end - 1)) {
                ends.insert(way.id, [a, b]);
            }
        }
    }
    // Via ways may pass junctions between their ends: these are asked for as well.
    let on_vias = streets.iter().filter(|s| vias.contains(&s.first_way)).flat_map(|s| [s.from, s.to]);
    let nodes =
        extract.restrictions.iter().filter_map(|r| if let Via::Node(n) = r.via { junction_of(n) } else { None });
    let around = Around::new(streets, nodes.chain(ends.values().flatten().copied()).chain(on_vias));
    let (mut found, mut lost) = (Vec::new(), 0);
    for (i, restriction) in extract.restrictions.iter().enumerate() {
        let rides = match &restriction.via {
            Via::Node(node) => junction_of(*node).and_then(|j| over_node(&around, restriction, j)),
            Via::Ways(ways) => over_ways(&around, restriction, ways, &ends),
        };
        match rides {
            Some(rides) => found.extend(rides.into_iter().map(|rides| Path { restriction: i as u32, rides })),
            None => lost += 1,
        }
    }
    (found, lost)
}

fn over_node(around: &Around, restriction: &TurnRestriction, junction: u32) -> Option<Vec<Vec<Ride>>> {
    if restriction.from_way == restriction.to_way && !restriction.only {
        // A U-turn on the spot, on whichever side the way leads away.
        let turns: Vec<Vec<Ride>> = around
            .out(junction)
            .filter(|&(_, way)| way == restriction.from_way)
            .map(|(out, _)| vec![out ^ 1, out])
            .collect();
        return (!turns.is_empty()).then_some(turns);
    }
    let from = around.only_out(junction, restriction.from_way)? ^ 1;
    let to = around.only_out(junction, restriction.to_way)?;
    Some(vec![vec![from, to]])
}

/// Walks the via ways from the end that the first way meets.
fn over_ways(
    around: &Around,
    restriction: &TurnRestriction,
    ways: &[i64],
    ends: &HashMap<i64, [u32; 2]>,
) -> Option<Vec<Vec<Ride>>> {
    let first = ends.get(ways.first()?)?;
    for &start in first {
        let Some(from) = around.only_out(start, restriction.from_way) else { continue };
        let mut rides = vec![from ^ 1];
        let mut at = start;
        let walked = ways.iter().try_for_each(|way| {
            let &[a, b] = ends.get(way)?;
            let goal = if at == a {
                b
            } else if at == b {
                a
            } else {
                return None;
            };
            // A way has at most 2,000 nodes, so at most as many streets.
            for _ in 0..2000 {
                if at == goal && rides.len() > 1 {
                    break;
                }
                let came = rides.last().map(|r| r / 2);
                let next = around.out(at).find(|&(r, w)| w == *way && Some(r / 2) != came)?.0;
                rides.push(next);
                at = head(around.streets, next);
                if at == goal {
                    break;
                }
            }
            (at == goal).then_some(())
        });
        if walked.is_none() {
            continue;
        }
        if let Some(to) = around.only_out(at, restriction.to_way) {
            rides.push(to);
            return Some(vec![rides]);
        }
    }
    None
}

/// What is forbidden to those who obey the path: the path itself, or, where it alone is allowed, everything that leaves
/// it.
pub(super) fn forbidden(paths: &[&Path], extract: &OsmExtract, streets: &[Ended], barriers: &[u32]) -> Vec<Vec<Ride>> {
    let asked = paths.iter().flat_map(|p| p.rides.iter().map(|&r| head(streets, r)));
    let around = Around::new(streets, asked.chain(barriers.iter().copied()));
    let mut forbidden = Vec::new();
    for path in paths {
        if !extract.restrictions[path.restriction as usize].only {
            forbidden.push(path.rides.clone());
            continue;
        }
        for k in 1..path.rides.len() {
            let (ridden, next) = (&path.rides[..k], path.rides[k]);
            for (other, _) in around.out(head(streets, ridden[k - 1])).filter(|&(r, _)| r != next) {
                forbidden.push([ridden, &[other]].concat());
            }
        }
    }
    // Nobody passes a closed barrier: who comes to it turns round on the street.
    for &junction in barriers {
        for (out, _) in around.out(junction) {
            for (other, _) in around.out(junction).filter(|&(r, _)| r / 2 != out / 2) {
                forbidden.push(vec![other ^ 1, out]);
            }
        }
    }
    forbidden.sort();
    forbidden.dedup();
    forbidden
}
