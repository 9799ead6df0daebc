//! The directed graph of one mode over the junctions of a network.

use petgraph::csr::Csr;
use petgraph::visit::{Dfs, DfsPostOrder};

use crate::error::{Fault, Result};

/// The weight of a street that a mode may not use in a direction.
pub const CLOSED: u32 = u32::MAX;

/// Travel times of one mode: by street for partial use, by arc for the search.
#[derive(Debug)]
pub struct ModeGraph {
    /// Milliseconds along each street, [`CLOSED`] where not allowed.
    pub forward_ms: Vec<u32>,
    /// Milliseconds against each street, [`CLOSED`] where not allowed.
    pub backward_ms: Vec<u32>,
    /// Arcs against the direction of travel, weights in milliseconds: a search here from a site finds the times of
    /// residents who travel to it. Of parallel arcs only the fastest is kept.
    pub reversed: Csr<(), u32>,
    /// Whether each junction lies in the largest strongly connected component: from there one reaches any other
    /// junction of it, and comes back.
    pub main: Vec<bool>,
}

impl ModeGraph {
    /// The graph of a mode from the ends of all streets and their times.
    ///
    /// # Errors
    /// No street is open to the mode.
    pub fn new(n_nodes: usize, ends: &[(u32, u32)], forward_ms: Vec<u32>, backward_ms: Vec<u32>) -> Result<Self> {
        let mut arcs: Vec<(u32, u32, u32)> = Vec::with_capacity(ends.len() * 2);
        for (i, &(from, to)) in ends.iter().enumerate() {
            if from == to {
                continue; // a loop is on no shortest path between junctions
            }
            if forward_ms[i] != CLOSED {
                arcs.push((from, to, forward_ms[i]));
            }
            if backward_ms[i] != CLOSED {
                arcs.push((to, from, backward_ms[i]));
            }
        }
        if arcs.is_empty() {
            return Err(Fault::new("network::closed", "no road is open to it").into());
        }
        let forward = sorted_csr(n_nodes, arcs.clone())?;
        let reversed = sorted_csr(n_nodes, arcs.into_iter().map(|(a, b, w)| (b, a, w)).collect())?;
        let main = largest_component(n_nodes, &forward, &reversed);
        Ok(ModeGraph { forward_ms, backward_ms, reversed, main })
    }

    /// Junctions in the largest strongly connected component.
    pub fn main_nodes(&self) -> usize {
        self.main.iter().filter(|&&m| m).count()
    }
}

fn sorted_csr(n_nodes: usize, mut arcs: Vec<(u32, u32, u32)>) -> Result<Csr<(), u32>> {
    arcs.sort_unstable();
    arcs.dedup_by_key(|&mut (a, b, _)| (a, b)); // the fastest stands first
    let mut csr = Csr::from_sorted_edges(&arcs)
        .map_err(|_| Fault::new("internal::arcs", "the arcs of the road graph are not in order; please report this"))?;
    // `from_sorted_edges` makes nodes up to the highest that has an arc.
    while csr.node_count() < n_nodes {
        csr.add_node(());
    }
    Ok(csr)
}

/// The largest strongly connected component by Kosaraju's algorithm, with explicit stacks: a recursive search would
/// overflow on a large network. Of equally large ones, the first found.
fn largest_component(n_nodes: usize, forward: &Csr<(), u32>, reversed: &Csr<(), u32>) -> Vec<bool> {
    let mut finished = Vec::with_capacity(n_nodes);
    let mut order = DfsPostOrder::empty(forward);
    for start in 0..n_nodes as u32 {
        order.move_to(start);
        while let Some(node) = order.next(forward) {
            finished.push(node);
        }
    }
    let mut best: Vec<u32> = Vec::new();
    let mut members = Vec::new();
    let mut search = Dfs::empty(reversed);
    for &start in finished.iter().rev() {
        search.move_to(start);
        members.clear();
        while let Some(node) = search.next(reversed) {
            members.push(node);
        }
        if members.len() > best.len() {
            std::mem::swap(&mut best, &mut members);
        }
    }
    let mut main = vec![false; n_nodes];
    for node in best {
        main[node as usize] = true;
    }
    main
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_main_component_needs_a_way_there_and_back() {
        // 0 <-> 1 -> 2 <-> 3 <-> 4, and 5 alone: {2, 3, 4} is the largest.
        let ends = [(0, 1), (1, 2), (2, 3), (3, 4)];
        let graph = ModeGraph::new(6, &ends, vec![1; 4], vec![1, CLOSED, 1, 1]).unwrap();
        assert_eq!(graph.main, [false, false, true, true, true, false]);
        assert_eq!(graph.main_nodes(), 3);
    }

    #[test]
    fn the_fastest_of_parallel_streets_is_kept() {
        let ends = [(0, 1), (0, 1), (1, 1)];
        let graph = ModeGraph::new(2, &ends, vec![9, 5, 1], vec![CLOSED, CLOSED, 1]).unwrap();
        assert_eq!(graph.reversed.neighbors_slice(1), [0]);
        assert_eq!(graph.reversed.edges_slice(1), [5]);
        assert_eq!(graph.reversed.neighbors_slice(0), [0_u32; 0]);
    }

    #[test]
    fn a_mode_without_any_road_is_a_fault() {
        let error = ModeGraph::new(2, &[(0, 1)], vec![CLOSED], vec![CLOSED]).unwrap_err();
        assert_eq!(error.faults()[0].code, "network::closed");
    }
}
