//! The road network: travel modes and speeds, streets between junctions, one directed graph a mode, snapping.

pub mod build;
pub mod graph;
pub mod modes;
pub mod snap;

use crate::units::LonLat;

pub use graph::{CLOSED, ModeGraph};
pub use modes::Mode;
pub use snap::{Snap, Snapper};

/// A piece of road between two junctions, with its shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Street {
    /// Junction at its first point.
    pub from: u32,
    /// Junction at its last point; equals `from` for a loop.
    pub to: u32,
    /// Length along its shape in millimetres, at least 1.
    pub length_mm: u32,
    /// Index into [`Network::classes`].
    pub class: u8,
    /// OSM id of the way it is part of.
    pub way_id: i64,
    /// Whether the way is tagged as a bridge.
    pub bridge: bool,
    /// Its points in [`Network::points`].
    pub points: std::ops::Range<u32>,
}

/// The streets of an area and, for each mode, the directed graph over their junctions.
#[derive(Debug)]
pub struct Network {
    /// Junctions in the order of a Hilbert curve, so that near junctions are near in memory.
    pub nodes: Vec<LonLat>,
    /// Streets, ordered by their first junction.
    pub streets: Vec<Street>,
    /// Points of all streets, each street's in one run.
    pub points: Vec<LonLat>,
    /// `highway` values (and `ferry`) that occur, sorted.
    pub classes: Vec<String>,
    /// One graph a mode, in the order of the modes it was built for.
    pub modes: Vec<ModeGraph>,
}

impl Network {
    /// The shape of a street.
    pub fn shape(&self, street: &Street) -> &[LonLat] {
        &self.points[street.points.start as usize..street.points.end as usize]
    }

    /// Total length of all streets in km, each counted once.
    pub fn length_km(&self) -> f64 {
        self.streets.iter().map(|s| f64::from(s.length_mm)).sum::<f64>() / 1e6
    }
}
