//! Forbidden sequences of rides, as extra nodes of a graph.
//!
//! A ride is a street in a direction: `2 · street`, plus one against it. Whoever has ridden the beginning of a forbidden
//! sequence stands, at the junction, in a node of its own, which lacks the ride that would complete it; every other
//! junction stays as it is. So plain shortest paths keep all turn restrictions, over ways as well as over nodes. The
//! nodes are the states of the automaton of Aho and Corasick (*Efficient string matching*, CACM 18, 1975) over rides,
//! as used for restrictions by Villeneuve and Desaulniers (*The shortest path problem with forbidden paths*, EJOR 165,
//! 2005).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// A street in a direction.
pub type Ride = u32;

/// The ride along a street or, `against`, in the other direction.
pub fn ride(street: u32, against: bool) -> Ride {
    street * 2 + u32::from(against)
}

/// The street of a ride, and whether it is ridden against it.
pub fn street_of(ride: Ride) -> (usize, bool) {
    ((ride / 2) as usize, !ride.is_multiple_of(2))
}

/// Nodes beyond the junctions, and what they forbid.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turns {
    n_junctions: u32,
    /// The junction of each node beyond the junctions.
    junction: Vec<u32>,
    /// The rides that end in a node beyond the junctions when ridden from their beginning, by ride.
    arrivals: Vec<(Ride, u32)>,
    /// One bit a ride: whether it is among them.
    arrives_split: Vec<u64>,
    /// Nodes beyond the junctions by their junction.
    splits: Vec<(u32, u32)>,
    /// What may not be ridden from a node, by node.
    banned: Vec<(u32, Ride)>,
}

/// A ride from node to node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Node at which it begins.
    pub from: u32,
    /// Node at which it ends.
    pub to: u32,
    /// The ride.
    pub ride: Ride,
}

impl Turns {
    /// Splits junctions as the forbidden sequences (each of at least two rides) demand. `ends` holds the junctions at
    /// the beginning and the end of each street, `open` tells whether a ride may be ridden at all. Returns every step
    /// of the graph, ascending by ride for each of its nodes.
    pub fn new(
        n_junctions: u32,
        ends: &[(u32, u32)],
        open: impl Fn(Ride) -> bool,
        forbidden: &[Vec<Ride>],
    ) -> (Turns, Vec<Step>) {
        let ends_of = |r: Ride| {
            let (street, against) = street_of(r);
            let (from, to) = ends[street];
            if against { (to, from) } else { (from, to) }
        };
        let rides = (0..ends.len() as u32 * 2).filter(|&r| open(r));
        let mut steps: Vec<Step> =
            rides.map(|ride| Step { from: ends_of(ride).0, to: ends_of(ride).1, ride }).collect();
        let mut turns = Turns { n_junctions, ..Turns::default() };
        if forbidden.is_empty() {
            return (turns, steps);
        }
        let mut begins: HashMap<Ride, Vec<u32>> = HashMap::new();
        let mut is_first = vec![false; ends.len() * 2];
        for (i, sequence) in forbidden.iter().enumerate() {
            if let Some(&first) = sequence.first() {
                begins.entry(first).or_default().push(i as u32);
                is_first[first as usize] = true;
            }
        }
        // Rides from the junctions at which some sequence goes on: only these are asked for again.
        let mut out: HashMap<u32, Vec<Ride>> = HashMap::new();
        let mut goes_on = vec![false; n_junctions as usize];
        for sequence in forbidden {
            for &r in &sequence[1..] {
                goes_on[ends_of(r).0 as usize] = true;
            }
        }
        for step in steps.iter().filter(|step| goes_on[step.from as usize]) {
            out.entry(step.from).or_default().push(step.ride);
        }
        // A state is what has been ridden: (sequence, how much of it), ascending.
        type State = Vec<(u32, u32)>;
        let mut node_of: HashMap<(u32, State), u32> = HashMap::new();
        let mut states: Vec<(u32, State)> = Vec::new();
        let ridden = |state: &State, r: Ride| -> State {
            let goes_on =
                state.iter().filter(|&&(s, k)| forbidden[s as usize][k as usize] == r).map(|&(s, k)| (s, k + 1));
            let begun = begins.get(&r).into_iter().flatten().map(|&s| (s, 1));
            let mut next: State = goes_on.chain(begun).collect();
            next.sort_unstable();
            next.dedup();
            next
        };
        let mut node = |at: u32, state: State, states: &mut Vec<(u32, State)>| -> u32 {
            if state.is_empty() {
                return at;
            }
            *node_of.entry((at, state.clone())).or_insert_with(|| {
                states.push((at, state));
                n_junctions + states.len() as u32 - 1
            })
        };
        for step in steps.iter_mut().filter(|step| is_first[step.ride as usize]) {
            let to = node(step.to, ridden(&State::new(), step.ride), &mut states);
            if to != step.to {
                turns.arrivals.push((step.ride, to));
                step.to = to;
            }
        }
        let mut done = 0;
        while let Some((at, state)) = states.get(done).cloned() {
            let from = n_junctions + done as u32;
            done += 1;
            turns.junction.push(at);
            turns.splits.push((at, from));
            for &r in out.get(&at).into_iter().flatten() {
                let next = ridden(&state, r);
                if next.iter().any(|&(s, k)| forbidden[s as usize].len() == k as usize) {
                    turns.banned.push((from, r));
                } else {
                    steps.push(Step { from, to: node(ends_of(r).1, next, &mut states), ride: r });
                }
            }
        }
        turns.splits.sort_unstable();
        turns.arrives_split = vec![0; ends.len() / 32 + 1];
        for &(r, _) in &turns.arrivals {
            turns.arrives_split[(r / 64) as usize] |= 1 << (r % 64);
        }
        (turns, steps)
    }

    /// Nodes beyond the junctions.
    pub fn n_splits(&self) -> usize {
        self.junction.len()
    }

    /// Bytes held in memory.
    pub fn bytes(&self) -> usize {
        self.junction.len() * 4
            + self.arrives_split.len() * 8
            + (self.arrivals.len() + self.splits.len() + self.banned.len()) * 8
    }

    /// The junction at which a node stands.
    pub fn junction(&self, node: u32) -> u32 {
        node.checked_sub(self.n_junctions).map_or(node, |i| self.junction[i as usize])
    }

    /// The node in which a ride to `junction` ends, when ridden from somewhere on its street.
    pub fn arrival(&self, ride: Ride, junction: u32) -> u32 {
        let bits = self.arrives_split.get((ride / 64) as usize).copied().unwrap_or(0);
        if bits >> (ride % 64) & 1 == 0 {
            return junction;
        }
        self.arrivals.binary_search_by_key(&ride, |a| a.0).map_or(junction, |i| self.arrivals[i].1)
    }

    /// Calls `begin` with each node of a junction from which a ride may begin.
    pub fn for_each_beginning(&self, junction: u32, ride: Ride, mut begin: impl FnMut(u32)) {
        begin(junction);
        let first = self.splits.partition_point(|s| s.0 < junction);
        for &(_, node) in self.splits[first..].iter().take_while(|s| s.0 == junction) {
            if self.banned.binary_search(&(node, ride)).is_err() {
                begin(node);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Draw;

    fn steps_from(steps: &[Step], node: u32) -> Vec<(Ride, u32)> {
        steps.iter().filter(|s| s.from == node).map(|s| (s.ride, s.to)).collect()
    }

    #[test]
    fn a_forbidden_turn_by_hand() {
        // A crossing 0 with arms to 1, 2, 3: streets 0: 0-1, 1: 0-2, 2: 0-3, all both ways. From arm 1 (ride 1, towards
        // the crossing) no turn into arm 2 (ride 2).
        let ends = [(0, 1), (0, 2), (0, 3)];
        let (turns, steps) = Turns::new(4, &ends, |_| true, &[vec![1, 2]]);
        assert_eq!(turns.n_splits(), 1);
        // Ride 1 ends in node 4, a copy of the crossing without ride 2.
        assert_eq!(turns.arrival(1, 0), 4);
        assert_eq!(turns.arrival(3, 0), 0);
        assert_eq!(turns.junction(4), 0);
        assert_eq!(steps_from(&steps, 4), [(0, 1), (4, 3)]);
        assert_eq!(steps_from(&steps, 0), [(0, 1), (2, 2), (4, 3)]);
        assert_eq!(steps_from(&steps, 1), [(1, 4)]);
        let beginnings = |ride| {
            let mut nodes = Vec::new();
            turns.for_each_beginning(0, ride, |n| nodes.push(n));
            nodes
        };
        assert_eq!(beginnings(2), [0]);
        assert_eq!(beginnings(4), [0, 4]);
    }

    #[test]
    fn a_sequence_over_a_way_forbids_only_the_whole() {
        // A line 0-1-2-3 with a side arm 4 at 2: streets 0: 0-1, 1: 1-2, 2: 2-3, 3: 2-4. Forbidden: 0, 1, 2 in a row.
        let ends = [(0, 1), (1, 2), (2, 3), (2, 4)];
        let (turns, steps) = Turns::new(5, &ends, |_| true, &[vec![0, 2, 4]]);
        // Two copies: junction 1 after ride 0, junction 2 after rides 0 and 2.
        assert_eq!(turns.n_splits(), 2);
        assert_eq!(steps_from(&steps, 0), [(0, 5)]);
        assert_eq!(steps_from(&steps, 5), [(1, 0), (2, 6)]);
        assert_eq!(steps_from(&steps, 6), [(3, 1), (6, 4)]);
        // Whoever starts on the second street may go on.
        assert_eq!(turns.arrival(2, 2), 2);
        assert_eq!(steps_from(&steps, 1), [(1, 0), (2, 2)]);
    }

    /// All walks of at most `left` further rides that hold no forbidden sequence, as the junctions that they reach.
    fn walks(
        ends: &[(u32, u32)],
        forbidden: &[Vec<Ride>],
        walk: &mut Vec<Ride>,
        at: u32,
        left: usize,
        seen: &mut Vec<Vec<Ride>>,
    ) {
        seen.push(walk.clone());
        if left == 0 {
            return;
        }
        for r in 0..ends.len() as u32 * 2 {
            let (a, b) = ends[(r / 2) as usize];
            let (from, to) = if r.is_multiple_of(2) { (a, b) } else { (b, a) };
            walk.push(r);
            if from == at && !forbidden.iter().any(|f| walk.ends_with(f)) {
                walks(ends, forbidden, walk, to, left - 1, seen);
            }
            walk.pop();
        }
    }

    #[test]
    fn the_graph_allows_exactly_the_walks_without_a_forbidden_sequence() {
        for seed in 0..200 {
            let mut draw = Draw::new(seed);
            let n = 3 + draw.below(4) as u32;
            let ends: Vec<(u32, u32)> =
                (0..n + 2).map(|_| (draw.below(n as usize) as u32, draw.below(n as usize) as u32)).collect();
            let end_of =
                |r: Ride| if r.is_multiple_of(2) { ends[(r / 2) as usize].1 } else { ends[(r / 2) as usize].0 };
            let start_of =
                |r: Ride| if r.is_multiple_of(2) { ends[(r / 2) as usize].0 } else { ends[(r / 2) as usize].1 };
            let mut forbidden = Vec::new();
            for _ in 0..draw.below(5) {
                let mut sequence = vec![draw.below(ends.len() * 2) as u32];
                for _ in 0..1 + draw.below(2) {
                    let at = end_of(sequence[sequence.len() - 1]);
                    let next: Vec<u32> = (0..ends.len() as u32 * 2).filter(|&r| start_of(r) == at).collect();
                    sequence.push(next[draw.below(next.len())]);
                }
                forbidden.push(sequence);
            }
            let (turns, steps) = Turns::new(n, &ends, |_| true, &forbidden);
            let start = draw.below(n as usize) as u32;
            let mut expected = Vec::new();
            walks(&ends, &forbidden, &mut Vec::new(), start, 4, &mut expected);
            // The walks of the graph, from the junction itself.
            let mut found: Vec<(Vec<Ride>, u32)> = vec![(vec![], start)];
            let mut next = 0;
            while next < found.len() {
                let (walk, node) = found[next].clone();
                next += 1;
                if walk.len() < 4 {
                    for step in steps.iter().filter(|s| s.from == node) {
                        found.push(([walk.clone(), vec![step.ride]].concat(), step.to));
                        assert_eq!(turns.junction(step.to), end_of(step.ride));
                    }
                }
            }
            let mut found: Vec<Vec<Ride>> = found.into_iter().map(|f| f.0).collect();
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "seed {seed}: streets {ends:?}, forbidden {forbidden:?}");
        }
    }
}
