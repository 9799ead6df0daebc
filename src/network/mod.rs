//! The road network: travel modes and speeds, streets between junctions, one directed graph a mode, snapping.

pub mod build;
pub mod cache;
pub mod graph;
pub mod hierarchy;
pub mod islands;
pub mod load;
pub mod modes;
pub mod snap;
pub mod turns;
pub mod urban;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::stages::stopping;
use crate::units::LonLat;
use hierarchy::{Hierarchy, order::dissection_order};

pub use graph::{CLOSED, ModeGraph, NO_PART, partial_ms};
pub use modes::Mode;
pub use snap::{Snap, Snapped, Snapper};

/// A piece of road between two junctions, with its shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Street {
    /// Junction at its first point.
    pub from: u32,
    /// Junction at its last point; equals `from` for a loop.
    pub to: u32,
    /// Length along its shape in millimetres, at least 1.
    pub length_mm: u32,
    /// Index into [`Network::classes`].
    pub class: u8,
    /// Whether the way is tagged as a bridge.
    pub bridge: bool,
    /// Its points in [`Network::points`].
    pub points: std::ops::Range<u32>,
}

/// The streets of an area and, for each mode, the directed graph over their junctions.
#[derive(Debug, Serialize, Deserialize)]
pub struct Network {
    /// Junctions in the order of a Hilbert curve, so that near junctions are near in memory.
    pub nodes: Vec<LonLat>,
    /// Streets, ordered by their first junction.
    pub streets: Vec<Street>,
    /// Points of all streets, each street's in one run.
    pub points: Vec<LonLat>,
    /// OSM ids of the ways that make each street, in its run of [`Network::first_way`].
    pub ways: Vec<i64>,
    /// Where the ways of each street begin in [`Network::ways`], and where those of the last end.
    pub first_way: Vec<u32>,
    /// `highway` values (and `ferry`) that occur, sorted.
    pub classes: Vec<String>,
    /// One graph a mode, in the order of the modes it was built for.
    pub modes: Vec<ModeGraph>,
    /// One hierarchy a mode once [`Network::contract`] has made them, none before.
    pub hierarchies: Vec<Hierarchy>,
    /// Turn restrictions that were found on the streets.
    pub restrictions: usize,
    /// Turn restrictions that could not be: incomplete, conditional, or at a way that does not end there.
    pub restrictions_lost: usize,
}

impl Network {
    /// The shape of a street.
    pub fn shape(&self, street: &Street) -> &[LonLat] {
        &self.points[street.points.start as usize..street.points.end as usize]
    }

    /// OSM ids of the ways that make a street, in its order.
    pub fn ways_of(&self, street: usize) -> &[i64] {
        match self.first_way.get(street..street + 2) {
            Some(&[first, end]) => &self.ways[first as usize..end as usize],
            _ => &[],
        }
    }

    /// The same streets with other times: `time` is given the mode, the street and the milliseconds of riding along or
    /// against it ([`CLOSED`] where not allowed) and says how many they shall be. Delays and turn restrictions stay.
    ///
    /// Has hierarchies where this network has them.
    ///
    /// # Errors
    /// `network::closed`: no street is left to a mode.
    pub fn changed(&self, time: impl Fn(usize, u32, u32) -> u32 + Sync) -> Result<Network> {
        let ends: Vec<(u32, u32)> = self.streets.iter().map(|s| (s.from, s.to)).collect();
        let change = |m: usize| self.modes[m].changed(&ends, |street, ms| time(m, street, ms));
        let modes = (0..self.modes.len()).into_par_iter().map(change).collect::<Vec<_>>();
        let modes = modes.into_iter().collect::<Result<Vec<_>>>()?;
        // The order depends on where the junctions are alone, so that of this network serves again.
        let hierarchies = (self.hierarchies.par_iter().zip(&modes))
            .map(|(hierarchy, graph)| {
                let order: Vec<u32> =
                    hierarchy.node.iter().rev().copied().filter(|&n| (n as usize) < self.nodes.len()).collect();
                Hierarchy::of_mode(graph, &order)
            })
            .collect();
        Ok(Network {
            nodes: self.nodes.clone(),
            streets: self.streets.clone(),
            points: self.points.clone(),
            ways: self.ways.clone(),
            first_way: self.first_way.clone(),
            classes: self.classes.clone(),
            modes,
            hierarchies,
            restrictions: self.restrictions,
            restrictions_lost: self.restrictions_lost,
        })
    }

    /// Makes the hierarchies, so that times to many sites are found in sweeps; not where the user stops the run.
    pub fn contract(&mut self) {
        if self.hierarchies.is_empty() {
            let order = dissection_order(&self.nodes, self.streets.iter().map(|s| (s.from, s.to)));
            if stopping() {
                return;
            }
            self.hierarchies = self.modes.par_iter().map(|graph| Hierarchy::of_mode(graph, &order)).collect();
        }
    }

    /// Whether hierarchies save more time than they take for searches to so many sites: measured on the networks of
    /// `benches/peers`, contracting takes as long as some hundred searches for the first mode and twenty for each
    /// other.
    pub fn contraction_pays(&self, sites: usize) -> bool {
        sites * self.modes.len() >= 100 + 20 * self.modes.len()
    }

    /// Bytes held by the streets, and by the graph of each mode.
    pub fn bytes(&self) -> (usize, Vec<usize>) {
        let streets = self.streets.len() * (size_of::<Street>() + 4)
            + self.ways.len() * 8
            + (self.points.len() + self.nodes.len()) * size_of::<LonLat>();
        (streets, self.modes.iter().map(ModeGraph::bytes).collect())
    }

    /// Total length of all streets in km, each counted once.
    pub fn length_km(&self) -> f64 {
        self.streets.iter().map(|s| f64::from(s.length_mm)).sum::<f64>() / 1e6
    }
}
