//! The peer "plain Rust": Dijkstra's algorithm as a textbook has it, on compressed rows.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Arcs by row: `heads[starts[v]..starts[v + 1]]` are those out of `v`, in milliseconds.
pub struct Rows {
    starts: Vec<usize>,
    heads: Vec<(u32, u32)>,
}

impl Rows {
    /// The rows of the reversed graph from arcs in the direction of travel.
    pub fn reversed(n_nodes: usize, arcs: &[(u32, u32, u32)]) -> Self {
        let mut starts = vec![0; n_nodes + 1];
        for &(_, to, _) in arcs {
            starts[to as usize + 1] += 1;
        }
        for v in 0..n_nodes {
            starts[v + 1] += starts[v];
        }
        let mut next = starts.clone();
        let mut heads = vec![(0, 0); arcs.len()];
        for &(from, to, ms) in arcs {
            heads[next[to as usize]] = (from, ms);
            next[to as usize] += 1;
        }
        Rows { starts, heads }
    }

    /// Time of every node within the cut-off, `u32::MAX` elsewhere, and how many nodes were settled.
    pub fn dijkstra(&self, source: u32, cutoff_ms: u32) -> (Vec<u32>, usize) {
        let mut times = vec![u32::MAX; self.starts.len() - 1];
        let mut heap = BinaryHeap::new();
        let mut settled = 0;
        times[source as usize] = 0;
        heap.push(Reverse((0_u32, source)));
        while let Some(Reverse((time, v))) = heap.pop() {
            if time > times[v as usize] {
                continue;
            }
            settled += 1;
            for &(w, ms) in &self.heads[self.starts[v as usize]..self.starts[v as usize + 1]] {
                let through = time + ms;
                if through <= cutoff_ms && through < times[w as usize] {
                    times[w as usize] = through;
                    heap.push(Reverse((through, w)));
                }
            }
        }
        (times, settled)
    }
}
