//! A customizable contraction hierarchy: travel times from everywhere to many sites in one sweep over the network.
//!
//! Nodes are contracted in an order that depends on the shape of the network alone ([`order`]), every shortcut that any
//! weights could need is added, and the weights of one mode are then pressed into it (Dibbelt, Strasser, Wagner,
//! *Customizable Contraction Hierarchies*, ACM JEA 21, 2016, with their perfect customisation, which drops the arcs
//! that no shortest path needs). A query climbs from the site to the top and sweeps down over all nodes (Delling,
//! Goldberg, Nowatzyk, Werneck, *PHAST*, IPDPS 2011); [`crate::access::batch`] does it for many sites at once.
//!
//! Unlike hierarchies ordered by weights, the size does not explode on grids, and one order serves all modes.

mod customise;
pub mod order;

use petgraph::csr::Csr;
use serde::{Deserialize, Serialize};

use super::ModeGraph;
use customise::Weights;

/// Times at or above this are unreached within a hierarchy: 12 days. A sum of two fits into an `i32`.
pub const FAR_MS: i32 = (1 << 30) - 1;

/// Subtrees with fewer nodes are swept without asking whether anything in them is within reach.
const CELL_NODES: u32 = 256;

/// An arc between a node and one above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortcut {
    /// Position of the upper node.
    pub upper: u32,
    /// Milliseconds.
    pub ms: i32,
}

/// A subtree large enough that looking at its border before sweeping it pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Position of its root.
    pub root: u32,
    /// Its nodes are the positions `root..end`.
    pub end: u32,
    border: (u32, u32),
}

/// The hierarchy of one mode.
///
/// Nodes have *positions*: a node stands behind all nodes above it and is followed by all nodes below it, so that a
/// sweep runs straight through memory and a subtree is one run of positions.
#[derive(Debug, Serialize, Deserialize)]
pub struct Hierarchy {
    /// Position of each node of the graph.
    pub position: Vec<u32>,
    /// The node at each position.
    pub node: Vec<u32>,
    /// For each position, that of the lowest node above it; [`u32::MAX`] at the top.
    pub parent: Vec<u32>,
    /// Subtrees that a bounded sweep may skip, by ascending root.
    pub cells: Vec<Cell>,
    borders: Vec<u32>,
    climb: Rows,
    sweep: Rows,
}

/// Arcs in compressed rows by the position of their lower node.
#[derive(Debug, Serialize, Deserialize)]
struct Rows {
    first: Vec<u32>,
    arcs: Vec<Shortcut>,
}

impl Rows {
    fn row(&self, position: u32) -> &[Shortcut] {
        let p = position as usize;
        &self.arcs[self.first[p] as usize..self.first[p + 1] as usize]
    }
}

impl Hierarchy {
    /// Contracts a mode's graph of arcs **against** the direction of travel in the given order of its nodes (each node
    /// once).
    pub fn new(reversed: &Csr<(), u32>, order: &[u32]) -> Hierarchy {
        let tree = Tree::new(reversed, order);
        let mut weights = Weights::new(&tree.upper);
        for head in 0..reversed.node_count() as u32 {
            // An arc from `head` to `tail` of the reversed graph is a ride from `tail` to `head`.
            for (&tail, &ms) in reversed.neighbors_slice(head).iter().zip(reversed.edges_slice(head)) {
                weights.relax(tree.position[tail as usize], tree.position[head as usize], ms);
            }
        }
        weights.customise();
        let (mut cells, mut borders) = (Vec::new(), Vec::new());
        for root in 0..tree.below.len() {
            let size = tree.below[root];
            // Where a node has one child only, asking at the node is enough.
            let only_child = tree.parent[root] != u32::MAX && tree.below[tree.parent[root] as usize] == size + 1;
            if size >= CELL_NODES && !only_child {
                let start = borders.len() as u32;
                borders.extend(&tree.upper[root]);
                let border = (start, borders.len() as u32);
                cells.push(Cell { root: root as u32, end: root as u32 + size, border });
            }
        }
        let (climb, sweep) = weights.needed();
        let mut node = vec![0; tree.position.len()];
        for (n, &position) in tree.position.iter().enumerate() {
            node[position as usize] = n as u32;
        }
        Hierarchy { position: tree.position, node, parent: tree.parent, cells, borders, climb, sweep }
    }

    /// The hierarchy of a mode from an order of the junctions; what turn restrictions split off stays with its junction.
    pub fn of_mode(graph: &ModeGraph, order: &[u32]) -> Hierarchy {
        if graph.turns.n_splits() == 0 {
            return Hierarchy::new(&graph.reversed, order);
        }
        let mut splits: Vec<Vec<u32>> = vec![Vec::new(); order.len()];
        for node in order.len() as u32..graph.reversed.node_count() as u32 {
            splits[graph.turns.junction(node) as usize].push(node);
        }
        let nodes: Vec<u32> =
            order.iter().flat_map(|&j| std::iter::once(j).chain(std::mem::take(&mut splits[j as usize]))).collect();
        Hierarchy::new(&graph.reversed, &nodes)
    }

    /// Rides from upper nodes **down** to a node.
    pub fn climb(&self, position: u32) -> &[Shortcut] {
        self.climb.row(position)
    }

    /// Rides from a node **up** to upper nodes.
    pub fn sweep(&self, position: u32) -> &[Shortcut] {
        self.sweep.row(position)
    }

    /// The nodes above a cell that its nodes are joined to: whoever leaves the cell rides over one of them.
    pub fn border(&self, cell: &Cell) -> &[u32] {
        &self.borders[cell.border.0 as usize..cell.border.1 as usize]
    }

    /// Bytes held in memory.
    pub fn bytes(&self) -> usize {
        let rows = self.climb.first.len() + self.sweep.first.len();
        (self.position.len() + self.node.len() + self.parent.len() + rows + self.borders.len()) * 4
            + self.arcs() * size_of::<Shortcut>()
            + self.cells.len() * size_of::<Cell>()
    }

    /// Number of nodes.
    pub fn nodes(&self) -> usize {
        self.position.len()
    }

    /// Number of arcs, those up and those down.
    pub fn arcs(&self) -> usize {
        self.climb.arcs.len() + self.sweep.arcs.len()
    }
}

/// The elimination tree: what contraction joins, whatever the weights.
struct Tree {
    /// Position of each node of the graph.
    position: Vec<u32>,
    /// By position.
    parent: Vec<u32>,
    /// By position, the number of nodes of the subtree.
    below: Vec<u32>,
    /// By position, the positions of the upper neighbours, ascending.
    upper: Vec<Vec<u32>>,
}

impl Tree {
    fn new(graph: &Csr<(), u32>, order: &[u32]) -> Tree {
        let n = order.len();
        let mut rank = vec![0_u32; n];
        for (k, &node) in order.iter().enumerate() {
            rank[node as usize] = k as u32;
        }
        // First by rank: contracting a node joins all its upper neighbours, which the lowest of them then hands on.
        let mut upper: Vec<Vec<u32>> = vec![Vec::new(); n];
        for a in 0..n as u32 {
            for &b in graph.neighbors_slice(a) {
                let (a, b) = (rank[a as usize], rank[b as usize]);
                upper[a.min(b) as usize].push(a.max(b));
            }
        }
        let mut parent = vec![u32::MAX; n];
        let mut below = vec![1_u32; n];
        for k in 0..n {
            let mut list = std::mem::take(&mut upper[k]);
            list.sort_unstable();
            list.dedup();
            if let Some((&lowest, rest)) = list.split_first() {
                parent[k] = lowest;
                below[lowest as usize] += below[k];
                upper[lowest as usize].extend(rest);
            }
            upper[k] = list;
        }
        // Then by position: each subtree one run, its root first.
        let mut position_of_rank = vec![0_u32; n];
        let mut next = vec![0_u32; n];
        let mut top = 0;
        for k in (0..n).rev() {
            let free = match parent[k] {
                u32::MAX => &mut top,
                above => &mut next[above as usize],
            };
            let position = *free;
            *free += below[k];
            position_of_rank[k] = position;
            next[k] = position + 1;
        }
        let mut tree = Tree {
            position: rank.iter().map(|&k| position_of_rank[k as usize]).collect(),
            parent: vec![u32::MAX; n],
            below: vec![0; n],
            upper: vec![Vec::new(); n],
        };
        for (k, mut list) in upper.into_iter().enumerate() {
            let p = position_of_rank[k] as usize;
            list.iter_mut().for_each(|u| *u = position_of_rank[*u as usize]);
            list.sort_unstable();
            tree.below[p] = below[k];
            tree.parent[p] = list.last().copied().unwrap_or(u32::MAX);
            tree.upper[p] = list;
        }
        tree
    }
}
