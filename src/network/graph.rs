//! The directed graph of one mode over the junctions of a network.

use petgraph::csr::Csr;
use serde::{Deserialize, Serialize};

use super::turns::{Ride, Turns, ride, street_of};
use crate::error::{Fault, Result};

/// The weight of a street that a mode may not use in a direction.
pub const CLOSED: u32 = u32::MAX;

/// Travel times of one mode: by street for partial use, by arc for the search.
///
/// Nodes `0..n` are the junctions of the network; those after them are junctions too, as they are for those who come
/// from where a turn restriction binds (see [`Turns`]).
#[derive(Debug, Serialize, Deserialize)]
pub struct ModeGraph {
    /// Milliseconds of riding along each street, delays left out; [`CLOSED`] where not allowed.
    pub forward_ms: Vec<u32>,
    /// Milliseconds of riding against each street, delays left out; [`CLOSED`] where not allowed.
    pub backward_ms: Vec<u32>,
    /// Signals, crossings and the like, by street and offset.
    delays: Vec<Delay>,
    /// Where the delays of each street begin; empty without any.
    first_delay: Vec<u32>,
    /// Rides that may not follow each other, so that the graph can be made anew with other times.
    forbidden: Vec<Vec<Ride>>,
    /// Arcs against the direction of travel, weights in milliseconds: a search here from a site finds the times of
    /// residents who travel to it. Of parallel arcs only the fastest is kept.
    #[serde(with = "super::cache::arcs")]
    pub reversed: Csr<(), u32>,
    /// Nodes beyond the junctions.
    pub turns: Turns,
    /// The part of the network in which each junction lies: a large strongly connected component, from each junction of
    /// which one reaches every other and comes back. 0 is the largest; [`NO_PART`] outside all of them.
    pub part: Vec<u8>,
    /// Whether each street leads from a part to the same part.
    pub usable: Vec<bool>,
}

/// Marks a junction that lies in no part.
pub const NO_PART: u8 = u8::MAX;

/// A strongly connected component is a part of the network if it has at least this share of the nodes of the largest
/// (a bank of the river without a bridge for bicycles, an island with its own offices) ...
const PART_SHARE: f64 = 0.02;
/// ... and at least this many; smaller ones are mostly flaws of the map: closed yards, clipped or half-drawn streets.
const PART_NODES: u32 = 50;

/// Time lost at a point of a street.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Delay {
    /// Index of the street.
    pub street: u32,
    /// Distance from the street's first point. At its end points the delay is that of those who come from this street.
    pub offset_mm: u32,
    /// Milliseconds lost along the street.
    pub forward_ms: u32,
    /// Milliseconds lost against the street.
    pub backward_ms: u32,
}

/// What a mode may do on the streets of a network.
#[derive(Debug, Default)]
pub struct Permits {
    /// As [`ModeGraph::forward_ms`].
    pub forward_ms: Vec<u32>,
    /// As [`ModeGraph::backward_ms`].
    pub backward_ms: Vec<u32>,
    /// Delays in any order.
    pub delays: Vec<Delay>,
    /// Rides that may not follow each other, see [`Turns`].
    pub forbidden: Vec<Vec<Ride>>,
}

impl ModeGraph {
    /// The graph of a mode from the junctions at the ends of all streets and what it may do on them.
    ///
    /// # Errors
    /// No street is open to the mode.
    pub fn new(n_junctions: usize, ends: &[(u32, u32)], permits: Permits) -> Result<Self> {
        let Permits { forward_ms, backward_ms, mut delays, forbidden } = permits;
        delays.sort_unstable();
        let open = |r: Ride| {
            let (street, against) = street_of(r);
            (if against { backward_ms[street] } else { forward_ms[street] }) != CLOSED
        };
        let mut first_delay = vec![0_u32; if delays.is_empty() { 0 } else { ends.len() + 1 }];
        for delay in &delays {
            first_delay[delay.street as usize + 1] += 1;
        }
        for street in 1..first_delay.len() {
            first_delay[street] += first_delay[street - 1];
        }
        let (turns, steps) = Turns::new(n_junctions as u32, ends, open, &forbidden);
        let n_nodes = n_junctions + turns.n_splits();
        let mut lost_ms = vec![[0_u32; 2]; if delays.is_empty() { 0 } else { ends.len() }];
        for delay in &delays {
            let [forward, backward] = &mut lost_ms[delay.street as usize];
            *forward = forward.saturating_add(delay.forward_ms);
            *backward = backward.saturating_add(delay.backward_ms);
        }
        // Against the direction of travel.
        let mut arcs: Vec<(u32, u32, u32)> = Vec::with_capacity(steps.len());
        for step in &steps {
            if step.from == step.to {
                continue; // a loop is on no shortest path
            }
            let (street, against) = street_of(step.ride);
            let ms = if against { backward_ms[street] } else { forward_ms[street] };
            let lost = lost_ms.get(street).map_or(0, |l| l[usize::from(against)]);
            arcs.push((step.to, step.from, ms.saturating_add(lost).min(CLOSED - 1)));
        }
        drop(steps);
        if arcs.is_empty() {
            return Err(Fault::new("network::closed", "no road is open to it").into());
        }
        let reversed = csr(n_nodes, &arcs)?;
        drop(arcs);
        // Components are the same in both directions.
        let part_of = parts(&reversed);
        let mut part = part_of[..n_junctions].to_vec();
        for node in n_junctions..n_nodes {
            let own = &mut part[turns.junction(node as u32) as usize];
            *own = part_of[node].min(*own);
        }
        let usable = (0..ends.len() as u32)
            .map(|street| {
                let (from, to) = ends[street as usize];
                let leads = |r: Ride, tail: u32, head: u32| {
                    let tail_part = part[tail as usize];
                    open(r) && tail_part != NO_PART && part_of[turns.arrival(r, head) as usize] == tail_part
                };
                leads(ride(street, false), from, to) || leads(ride(street, true), to, from)
            })
            .collect();
        Ok(ModeGraph { forward_ms, backward_ms, delays, first_delay, forbidden, reversed, turns, part, usable })
    }

    /// The graph of the same mode with other times of riding: `time` is given the street and the milliseconds along or
    /// against it, [`CLOSED`] where not allowed. `ends` are the junctions at the ends of all streets.
    ///
    /// # Errors
    /// No street is left open to the mode.
    pub fn changed(&self, ends: &[(u32, u32)], time: impl Fn(u32, u32) -> u32) -> Result<Self> {
        let times = |of: &[u32]| (0_u32..).zip(of).map(|(street, &ms)| time(street, ms)).collect();
        let permits = Permits {
            forward_ms: times(&self.forward_ms),
            backward_ms: times(&self.backward_ms),
            delays: self.delays.clone(),
            forbidden: self.forbidden.clone(),
        };
        ModeGraph::new(self.part.len(), ends, permits)
    }

    /// Junctions in each part, the largest first.
    pub fn part_sizes(&self) -> Vec<usize> {
        let mut sizes = Vec::new();
        for &part in self.part.iter().filter(|&&p| p != NO_PART) {
            if sizes.len() <= usize::from(part) {
                sizes.resize(usize::from(part) + 1, 0);
            }
            sizes[usize::from(part)] += 1;
        }
        sizes
    }

    /// Whether the mode may use a street in some direction.
    pub fn is_open(&self, street: u32) -> bool {
        self.forward_ms[street as usize] != CLOSED || self.backward_ms[street as usize] != CLOSED
    }

    /// Signals, crossings and the like on a street, by offset.
    pub fn delays(&self, street: u32) -> &[Delay] {
        match self.first_delay.get(street as usize..street as usize + 2) {
            Some(&[first, end]) => &self.delays[first as usize..end as usize],
            _ => &[],
        }
    }

    /// Milliseconds from a street's first point to a point on it; delays at that point are still ahead. [`CLOSED`]
    /// where the street is one-way the other way.
    pub fn from_start_ms(&self, street: u32, offset_mm: u32, length_mm: u32) -> u32 {
        let ms = partial_ms(self.forward_ms[street as usize], offset_mm, length_mm);
        add(ms, self.delays(street).iter().filter(|d| d.offset_mm < offset_mm).map(|d| d.forward_ms))
    }

    /// Milliseconds from a point on a street over its last point.
    pub fn to_end_ms(&self, street: u32, offset_mm: u32, length_mm: u32) -> u32 {
        let ms = partial_ms(self.forward_ms[street as usize], length_mm - offset_mm, length_mm);
        add(ms, self.delays(street).iter().filter(|d| d.offset_mm >= offset_mm).map(|d| d.forward_ms))
    }

    /// Milliseconds from a street's last point back to a point on it; delays at that point are still ahead.
    pub fn from_end_ms(&self, street: u32, offset_mm: u32, length_mm: u32) -> u32 {
        let ms = partial_ms(self.backward_ms[street as usize], length_mm - offset_mm, length_mm);
        add(ms, self.delays(street).iter().filter(|d| d.offset_mm > offset_mm).map(|d| d.backward_ms))
    }

    /// Milliseconds from a point on a street back over its first point.
    pub fn to_start_ms(&self, street: u32, offset_mm: u32, length_mm: u32) -> u32 {
        let ms = partial_ms(self.backward_ms[street as usize], offset_mm, length_mm);
        add(ms, self.delays(street).iter().filter(|d| d.offset_mm <= offset_mm).map(|d| d.backward_ms))
    }

    /// Bytes held in memory.
    pub fn bytes(&self) -> usize {
        let arcs = self.reversed.edge_count() * 8 + self.reversed.node_count() * size_of::<usize>();
        let streets = self.forward_ms.len() * 9 + self.first_delay.len() * 4 + self.delays.len() * size_of::<Delay>();
        let forbidden: usize = self.forbidden.iter().map(|f| size_of_val(f.as_slice()) + size_of::<Vec<Ride>>()).sum();
        arcs + streets + forbidden + self.part.len() + self.turns.bytes()
    }
}

/// A share of a street's time: `ms · part / whole`, rounded to the nearest; [`CLOSED`] stays closed.
pub fn partial_ms(ms: u32, part_mm: u32, whole_mm: u32) -> u32 {
    if ms == CLOSED {
        return CLOSED;
    }
    let (ms, part, whole) = (u64::from(ms), u64::from(part_mm), u64::from(whole_mm));
    // At most `ms`, because part ≤ whole.
    ((ms * part + whole / 2) / whole) as u32
}

fn add(ms: u32, delays: impl Iterator<Item = u32>) -> u32 {
    if ms == CLOSED { CLOSED } else { delays.fold(ms, u32::saturating_add).min(CLOSED - 1) }
}

/// Sorts arcs into rows by counting; of parallel ones the fastest stays.
fn csr(n_nodes: usize, arcs: &[(u32, u32, u32)]) -> Result<Csr<(), u32>> {
    let mut next = vec![0_u32; n_nodes + 1];
    for arc in arcs {
        next[arc.0 as usize + 1] += 1;
    }
    for node in 0..n_nodes {
        next[node + 1] += next[node];
    }
    let mut sorted = vec![(0, 0, 0); arcs.len()];
    for &arc in arcs {
        let place = &mut next[arc.0 as usize];
        sorted[*place as usize] = arc;
        *place += 1;
    }
    // Each row now ends where the next began.
    let mut start = 0;
    for &end in &next[..n_nodes] {
        sorted[start..end as usize].sort_unstable();
        start = end as usize;
    }
    sorted.dedup_by_key(|&mut (a, b, _)| (a, b)); // the fastest stands first
    let mut csr = Csr::from_sorted_edges(&sorted)
        .map_err(|_| Fault::new("internal::arcs", "the arcs of the road graph are not in order; please report this"))?;
    // `from_sorted_edges` makes nodes up to the highest that has an arc.
    while csr.node_count() < n_nodes {
        csr.add_node(());
    }
    Ok(csr)
}

/// The part of each node: the large ones of the strongly connected components. Of equally large ones, the one found
/// first comes first.
fn parts(graph: &Csr<(), u32>) -> Vec<u8> {
    let (component, sizes) = components(graph);
    let mut by_size: Vec<u32> = (0..sizes.len() as u32).collect();
    by_size.sort_by_key(|&c| std::cmp::Reverse(sizes[c as usize]));
    let largest = by_size.first().map_or(0, |&c| sizes[c as usize]);
    let least = ((f64::from(largest) * PART_SHARE) as u32).max(PART_NODES);
    let mut part_of = vec![NO_PART; sizes.len()];
    for (k, &c) in by_size.iter().enumerate().take(usize::from(NO_PART)) {
        if k == 0 || sizes[c as usize] >= least {
            part_of[c as usize] = k as u8;
        }
    }
    component.into_iter().map(|c| part_of[c as usize]).collect()
}

/// The strongly connected component of each node, and the size of each.
///
/// R. Tarjan, *Depth-first search and linear graph algorithms*, SIAM J. Comput. 1 (1972), in the form of Pearce
/// (*A space-efficient algorithm for finding strongly connected components*, IPL 116, 2016) with an explicit stack: a
/// recursive search would overflow on a large network.
fn components(graph: &Csr<(), u32>) -> (Vec<u32>, Vec<u32>) {
    const UNSEEN: u32 = u32::MAX;
    let n = graph.node_count();
    let mut component = vec![UNSEEN; n];
    let mut sizes = Vec::new();
    // The order in which nodes are met, and the earliest met node known to be reached from each.
    let mut low = vec![UNSEEN; n];
    let mut met = 0;
    let mut open: Vec<u32> = Vec::new();
    let mut path: Vec<(u32, u32, u32)> = Vec::new(); // node, when it was met, next neighbour
    for start in 0..n as u32 {
        if low[start as usize] != UNSEEN {
            continue;
        }
        path.push((start, met, 0));
        while let Some((node, when, next)) = path.pop() {
            if next == 0 {
                low[node as usize] = when;
                met = when + 1;
                open.push(node);
            }
            let neighbours = graph.neighbors_slice(node);
            if let Some(&to) = neighbours.get(next as usize) {
                path.push((node, when, next + 1));
                if low[to as usize] == UNSEEN {
                    path.push((to, met, 0));
                } else if component[to as usize] == UNSEEN {
                    low[node as usize] = low[node as usize].min(low[to as usize]);
                }
                continue;
            }
            if low[node as usize] == when {
                let number = sizes.len() as u32;
                let mut size = 0;
                while let Some(member) = open.pop() {
                    component[member as usize] = number;
                    size += 1;
                    if member == node {
                        break;
                    }
                }
                sizes.push(size);
            }
            if let Some(&(above, ..)) = path.last() {
                low[above as usize] = low[above as usize].min(low[node as usize]);
            }
        }
    }
    (component, sizes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Draw;

    fn graph(n: usize, ends: &[(u32, u32)], forward_ms: Vec<u32>, backward_ms: Vec<u32>) -> Result<ModeGraph> {
        ModeGraph::new(n, ends, Permits { forward_ms, backward_ms, ..Permits::default() })
    }

    #[test]
    fn components_agree_with_reachability() {
        for seed in 0..300 {
            let mut draw = Draw::new(seed);
            let n = 1 + draw.below(9);
            let arcs: Vec<(u32, u32, u32)> =
                (0..draw.below(3 * n)).map(|_| (draw.below(n) as u32, draw.below(n) as u32, 1)).collect();
            let (component, sizes) = components(&csr(n, &arcs).unwrap());
            // Oracle: who reaches whom, by closing the arcs n times (Warshall).
            let mut reach = vec![vec![false; n]; n];
            (0..n).for_each(|v| reach[v][v] = true);
            arcs.iter().for_each(|&(a, b, _)| reach[a as usize][b as usize] = true);
            for k in 0..n {
                for a in 0..n {
                    for b in 0..n {
                        reach[a][b] |= reach[a][k] && reach[k][b];
                    }
                }
            }
            for a in 0..n {
                for b in 0..n {
                    assert_eq!(component[a] == component[b], reach[a][b] && reach[b][a], "seed {seed}: {arcs:?}");
                }
                assert_eq!(
                    sizes[component[a] as usize] as usize,
                    component.iter().filter(|&&c| c == component[a]).count()
                );
            }
        }
    }

    #[test]
    fn a_part_needs_a_way_there_and_back() {
        // 0 <-> 1 -> 2 <-> 3 <-> 4, and 5 alone: {2, 3, 4} is the largest.
        let ends = [(0, 1), (1, 2), (2, 3), (3, 4)];
        let graph = graph(6, &ends, vec![1; 4], vec![1, CLOSED, 1, 1]).unwrap();
        assert_eq!(graph.part, [NO_PART, NO_PART, 0, 0, 0, NO_PART]);
        assert_eq!(graph.part_sizes(), [3]);
        assert_eq!(graph.usable, [false, false, true, true]);
    }

    #[test]
    fn a_large_second_component_is_a_part() {
        // Two lines of 100 and 50 junctions without a bridge, and one of 49: 2 % of 100 is 2, but 50 is the least.
        let line = |first: u32, n: u32| (first..first + n - 1).map(|i| (i, i + 1));
        let ends: Vec<(u32, u32)> = line(0, 49).chain(line(49, 50)).chain(line(99, 100)).collect();
        let graph = graph(199, &ends, vec![1; ends.len()], vec![1; ends.len()]).unwrap();
        assert_eq!(graph.part_sizes(), [100, 50]);
        assert_eq!([graph.part[0], graph.part[49], graph.part[99]], [NO_PART, 1, 0]);
        assert_eq!(graph.usable.iter().filter(|&&u| u).count(), 99 + 49);
    }

    #[test]
    fn the_fastest_of_parallel_streets_is_kept() {
        let ends = [(0, 1), (0, 1), (1, 1)];
        let graph = graph(2, &ends, vec![9, 5, 1], vec![CLOSED, CLOSED, 1]).unwrap();
        assert_eq!(graph.reversed.neighbors_slice(1), [0]);
        assert_eq!(graph.reversed.edges_slice(1), [5]);
        assert_eq!(graph.reversed.neighbors_slice(0), [0_u32; 0]);
    }

    #[test]
    fn a_mode_without_any_road_is_a_fault() {
        let error = graph(2, &[(0, 1)], vec![CLOSED], vec![CLOSED]).unwrap_err();
        assert_eq!(error.faults()[0].code, "network::closed");
    }

    #[test]
    fn delays_count_for_those_who_pass_them() {
        // A street of 100 m, 10 s each way; at 40 m a crossing of 2 s, at its end a signal of 20 s forward, at its
        // start one of 30 s backward.
        let delays = [(0, 0, 30_000), (40_000, 2_000, 2_000), (100_000, 20_000, 0)]
            .map(|(offset_mm, forward_ms, backward_ms)| Delay { street: 0, offset_mm, forward_ms, backward_ms })
            .to_vec();
        let permits = Permits { forward_ms: vec![10_000], backward_ms: vec![10_000], delays, ..Permits::default() };
        let graph = ModeGraph::new(2, &[(0, 1)], permits).unwrap();
        let at = |m: u32| {
            let mm = m * 1000;
            [
                graph.from_start_ms(0, mm, 100_000),
                graph.to_end_ms(0, mm, 100_000),
                graph.from_end_ms(0, mm, 100_000),
                graph.to_start_ms(0, mm, 100_000),
            ]
        };
        // At 50 m: 5 s and the crossing from the start; 5 s and the signal to the end; 5 s from the end; 5 s, the
        // crossing and the other signal to the start.
        assert_eq!(at(50), [7_000, 25_000, 5_000, 37_000]);
        assert_eq!(at(20), [2_000, 30_000, 10_000, 32_000]);
        // Whole: 10 + 2 + 20 s forward, 10 + 2 + 30 s backward, as the arcs say.
        assert_eq!(at(0)[1], 32_000);
        assert_eq!(at(100)[3], 42_000);
        assert_eq!((graph.reversed.edges_slice(1), graph.reversed.edges_slice(0)), (&[32_000][..], &[42_000][..]));
    }

    #[test]
    fn partial_times_by_hand() {
        // A quarter of 1,001 ms is 250.25, three quarters 750.75.
        assert_eq!(partial_ms(1001, 25, 100), 250);
        assert_eq!(partial_ms(1001, 75, 100), 751);
        assert_eq!(partial_ms(CLOSED, 25, 100), CLOSED);
        assert_eq!(partial_ms(1001, 0, 100), 0);
        assert_eq!(partial_ms(1001, 100, 100), 1001);
    }
}
