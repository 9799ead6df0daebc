//! Pressing the weights of a mode into a hierarchy.

use super::{FAR_MS, Rows, Shortcut};

/// Larger than any ride; the sum of two does not overflow.
const FAR: u32 = FAR_MS as u32;

/// Arcs from each node to its upper neighbours, both ways, in compressed rows by the position of the lower node.
pub(super) struct Weights {
    first: Vec<u32>,
    /// Positions of the upper nodes, ascending in each row.
    upper: Vec<u32>,
    /// Rides from the lower to the upper node.
    up: Vec<u32>,
    /// Rides from the upper to the lower node.
    down: Vec<u32>,
}

impl Weights {
    pub(super) fn new(upper: &[Vec<u32>]) -> Weights {
        let mut first = Vec::with_capacity(upper.len() + 1);
        let mut heads = Vec::new();
        first.push(0);
        for list in upper {
            heads.extend(list);
            first.push(heads.len() as u32);
        }
        let arcs = heads.len();
        Weights { first, upper: heads, up: vec![FAR; arcs], down: vec![FAR; arcs] }
    }

    /// Takes in a ride between two nodes of the network.
    pub(super) fn relax(&mut self, from: u32, to: u32, ms: u32) {
        let (lower, upper) = (from.max(to), from.min(to));
        let row = self.row(lower as usize);
        if let Ok(i) = self.upper[row.clone()].binary_search(&upper) {
            let weight = if from == lower { &mut self.up[row.start + i] } else { &mut self.down[row.start + i] };
            *weight = ms.min(*weight);
        }
    }

    fn row(&self, position: usize) -> std::ops::Range<usize> {
        self.first[position] as usize..self.first[position + 1] as usize
    }

    /// Lets each arc weigh no more than the way over any node below both its ends.
    pub(super) fn customise(&mut self) {
        for p in (0..self.first.len() - 1).rev() {
            let row = self.row(p);
            for j in row.clone() {
                let b = self.upper[j];
                let (b_up, b_down) = (self.up[j], self.down[j]);
                // The nodes above b in the row of p stand in the row of b as well.
                let mut k = self.first[b as usize] as usize;
                for i in row.start..j {
                    let a = self.upper[i];
                    while self.upper[k] < a {
                        k += 1;
                    }
                    self.up[k] = self.up[k].min(b_down + self.up[i]);
                    self.down[k] = self.down[k].min(self.down[i] + b_up);
                }
            }
        }
    }

    /// The arcs that some shortest path needs: rides down to each node, and rides up from it.
    ///
    /// From the top on, each arc is compared with the ways over other upper nodes, between which the times are known
    /// to be shortest; a heavier arc is dropped.
    pub(super) fn needed(mut self) -> (Rows, Rows) {
        let n = self.first.len() - 1;
        let mut climb = Rows { first: vec![0], arcs: Vec::new() };
        let mut sweep = Rows { first: vec![0], arcs: Vec::new() };
        let (mut up, mut down) = (Vec::new(), Vec::new());
        for p in 0..n {
            let row = self.row(p);
            up.clear();
            down.clear();
            up.extend_from_slice(&self.up[row.clone()]);
            down.extend_from_slice(&self.down[row.clone()]);
            for j in row.clone() {
                let b = j - row.start;
                let mut k = self.first[self.upper[j] as usize] as usize;
                for i in row.start..j {
                    while self.upper[k] < self.upper[i] {
                        k += 1;
                    }
                    let a = i - row.start;
                    let (b_to_a, a_to_b) = (self.up[k], self.down[k]);
                    up[a] = up[a].min(up[b] + b_to_a);
                    up[b] = up[b].min(up[a] + a_to_b);
                    down[a] = down[a].min(a_to_b + down[b]);
                    down[b] = down[b].min(b_to_a + down[a]);
                }
            }
            for (i, j) in row.clone().enumerate() {
                let upper = self.upper[j];
                if down[i] == self.down[j] && down[i] < FAR {
                    climb.arcs.push(Shortcut { upper, ms: down[i] as i32 });
                }
                if up[i] == self.up[j] && up[i] < FAR {
                    sweep.arcs.push(Shortcut { upper, ms: up[i] as i32 });
                }
            }
            self.up[row.clone()].copy_from_slice(&up);
            self.down[row].copy_from_slice(&down);
            climb.first.push(climb.arcs.len() as u32);
            sweep.first.push(sweep.arcs.len() as u32);
        }
        (climb, sweep)
    }
}
