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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::osm::RoadWay;

    /// Ways by their ids and nodes, node 0 to 6. Junctions are the nodes themselves.
    ///
    /// Way 20 leads from 1 to 2; 10 comes to its start and 40 leaves it, 30 and 50 leave its end. Way 60 goes on from 30
    /// and back to 1 by 6.
    const WAYS: [(i64, &[u32]); 6] =
        [(10, &[0, 1]), (20, &[1, 2]), (30, &[2, 3]), (40, &[1, 4]), (50, &[2, 5]), (60, &[3, 6, 1])];

    fn extract(restrictions: Vec<TurnRestriction>) -> OsmExtract {
        let (mut roads, mut road_nodes) = (Vec::new(), Vec::new());
        for (id, nodes) in WAYS {
            let start = road_nodes.len() as u32;
            road_nodes.extend(nodes);
            roads.push(RoadWay { id, nodes: start..road_nodes.len() as u32, tags: 0 });
        }
        OsmExtract {
            tag_sets: Vec::new(),
            mark_sets: Vec::new(),
            roads,
            road_nodes,
            water: Vec::new(),
            node_ids: (0..7).collect(),
            places: vec![None; 7],
            marks: Vec::new(),
            restrictions,
            restrictions_skipped: 0,
            missing_nodes: 0,
        }
    }

    fn street(from: u32, to: u32, way: i64) -> Ended {
        Ended { from, to, first_way: way, last_way: way }
    }

    /// A street a way, but that 60 has one on either side of node 6, and 20 is drawn against its direction where asked.
    /// Rides: twice the street's place here, one more against it.
    fn streets(turned: bool) -> Vec<Ended> {
        let middle = if turned { street(2, 1, 20) } else { street(1, 2, 20) };
        vec![
            street(0, 1, 10),
            middle,
            street(2, 3, 30),
            street(1, 4, 40),
            street(2, 5, 50),
            street(3, 6, 60),
            street(6, 1, 60),
        ]
    }

    fn restriction(only: bool, from_way: i64, via: Via, to_way: i64) -> TurnRestriction {
        let u_turn = from_way == to_way;
        TurnRestriction { id: 1, only, u_turn, from_way, via, to_way, binds: Vec::new(), except: Vec::new() }
    }

    type Sequences = Vec<Vec<Ride>>;

    /// The rides of one restriction, and what they forbid.
    fn found(turned: bool, restriction: TurnRestriction) -> Option<(Sequences, Sequences)> {
        let (extract, streets) = (extract(vec![restriction]), streets(turned));
        let (paths, lost) = paths(&extract, &streets, Some);
        assert_eq!(lost, usize::from(paths.is_empty()));
        let banned = forbidden(&paths.iter().collect::<Vec<_>>(), &extract, &streets, &[]);
        (!paths.is_empty()).then(|| (paths.into_iter().map(|p| p.rides).collect(), banned))
    }

    #[test]
    fn a_turn_over_a_node() {
        // Along 10 (ride 0), then along 40 (ride 6).
        let (rides, banned) = found(false, restriction(false, 10, Via::Node(1), 40)).unwrap();
        assert_eq!((rides, banned), (vec![vec![0, 6]], vec![vec![0, 6]]));
        // Only on along 20 (ride 2): not back (1), not along 40 (6), not against the second half of 60 (13).
        let (rides, banned) = found(false, restriction(true, 10, Via::Node(1), 20)).unwrap();
        assert_eq!((rides, banned), (vec![vec![0, 2]], vec![vec![0, 1], vec![0, 6], vec![0, 13]]));
        // No turning round at the end of 10.
        let (_, banned) = found(false, restriction(false, 10, Via::Node(1), 10)).unwrap();
        assert_eq!(banned, [[0, 1]]);
        // In the middle of 60 one could turn round on both sides.
        let (_, banned) = found(false, restriction(false, 60, Via::Node(6), 60)).unwrap();
        assert_eq!(banned, [[10, 11], [13, 12]]);
    }

    #[test]
    fn a_turn_over_ways() {
        let over = |only, to| restriction(only, 10, Via::Ways(vec![20]), to);
        let (rides, banned) = found(false, over(false, 50)).unwrap();
        assert_eq!((rides, banned), (vec![vec![0, 2, 8]], vec![vec![0, 2, 8]]));
        // A via way that is drawn the other way round is ridden against its direction.
        assert_eq!(found(true, over(false, 50)).unwrap().0, [[0, 3, 8]]);
        // Only over 20 to 30: no leaving at 1, and at 2 neither back nor along 50.
        let (rides, banned) = found(false, over(true, 30)).unwrap();
        assert_eq!(rides, [[0, 2, 4]]);
        let by_hand: [&[Ride]; 5] = [&[0, 1], &[0, 2, 3], &[0, 2, 8], &[0, 6], &[0, 13]];
        assert_eq!(banned, by_hand);
        // Over two ways and the junction within the second, back to 1 and out along 40.
        let round = restriction(false, 20, Via::Ways(vec![30, 60]), 40);
        assert_eq!(found(false, round).unwrap().0, [[2, 4, 10, 12, 6]]);
    }

    #[test]
    fn what_cannot_be_told_is_counted() {
        for lost in [
            // Way 60 goes through node 6: on which side it is meant, it does not say.
            restriction(false, 60, Via::Node(6), 10),
            restriction(false, 10, Via::Node(1), 30),
            // The via way does not touch the first, or the last.
            restriction(false, 10, Via::Ways(vec![30]), 50),
            restriction(false, 10, Via::Ways(vec![20]), 40),
            restriction(false, 10, Via::Ways(vec![20, 40]), 50),
            restriction(false, 10, Via::Ways(vec![70]), 50),
            restriction(false, 10, Via::Ways(Vec::new()), 40),
        ] {
            let told = format!("{lost:?}");
            assert_eq!(found(false, lost), None, "{told}");
        }
    }

    #[test]
    fn nobody_passes_a_closed_barrier() {
        // At 5 there is one street: nothing to forbid. At 6 both halves of 60 meet.
        let (extract, streets) = (extract(Vec::new()), streets(false));
        assert_eq!(forbidden(&[], &extract, &streets, &[5]), Vec::<Vec<Ride>>::new());
        assert_eq!(forbidden(&[], &extract, &streets, &[6]), [[10, 12], [13, 11]]);
    }

    #[test]
    fn streets_end_where_a_restriction_needs_it() {
        let mut keep = vec![false; 7];
        nodes_to_keep(&extract(vec![restriction(false, 60, Via::Node(6), 60)]), &mut keep);
        assert_eq!(keep, [false, false, false, false, false, false, true]);
        nodes_to_keep(&extract(vec![restriction(false, 20, Via::Ways(vec![30, 60]), 40)]), &mut keep);
        assert_eq!(keep, [false, true, true, true, false, false, true]);
    }
}
