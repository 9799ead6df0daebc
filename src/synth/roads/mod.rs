//! The made-up road network over the true rivers, bridges and main roads.

mod links;
mod main_roads;
mod network;
mod planar;
mod settle;
mod streets;

use super::communes::Region;
use super::facts::Facts;
use super::plane::{P, Points};
use super::water::Water;

pub(crate) use network::Network;
pub(crate) use settle::{Place, corners, settle};

/// The classes of way, from the fastest to the slowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Class {
    Motorway,
    MotorwayLink,
    Trunk,
    Primary,
    Secondary,
    Tertiary,
    Unclassified,
    Residential,
    Alley,
    Track,
    Footway,
    Path,
    Ferry,
}

impl Class {
    /// From the table of main roads; anything else is a secondary road.
    fn of(name: &str) -> Class {
        match name {
            "motorway" => Class::Motorway,
            "trunk" => Class::Trunk,
            "primary" => Class::Primary,
            _ => Class::Secondary,
        }
    }

    /// The OSM tags.
    fn tags(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Class::Motorway => &[("highway", "motorway"), ("motorroad", "yes")],
            Class::MotorwayLink => &[("highway", "motorway_link")],
            Class::Trunk => &[("highway", "trunk")],
            Class::Primary => &[("highway", "primary")],
            Class::Secondary => &[("highway", "secondary")],
            Class::Tertiary => &[("highway", "tertiary")],
            Class::Unclassified => &[("highway", "unclassified")],
            Class::Residential => &[("highway", "residential")],
            Class::Alley => &[("highway", "service"), ("service", "alley")],
            Class::Track => &[("highway", "track")],
            Class::Footway => &[("highway", "footway")],
            Class::Path => &[("highway", "path")],
            Class::Ferry => &[("route", "ferry")],
        }
    }

    /// Whether people live along it, and how thickly beside a residential street.
    pub fn homes(self) -> f64 {
        match self {
            Class::Residential => 1.0,
            Class::Alley => 1.6,
            Class::Tertiary | Class::Unclassified => 0.18,
            Class::Secondary => 0.12,
            Class::Primary => 0.08,
            _ => 0.0,
        }
    }
}

/// A piece of road before its crossings are known.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub pts: Points,
    pub class: Class,
    pub name: String,
    pub reference: String,
    pub oneway: bool,
    pub bridge: bool,
    /// Belongs to a piece of network that is cut off on purpose.
    pub island: bool,
    pub extra: Vec<(&'static str, String)>,
}

impl Line {
    fn new(class: Class, pts: Points) -> Line {
        Line {
            pts,
            class,
            name: String::new(),
            reference: String::new(),
            oneway: false,
            bridge: false,
            island: false,
            extra: Vec::new(),
        }
    }

    fn named(mut self, name: impl Into<String>) -> Line {
        self.name = name.into();
        self
    }

    /// The same road along other points.
    fn along(&self, pts: Points) -> Line {
        Line { pts, ..self.clone() }
    }

    /// Whether it meets other roads at grade.
    fn at_grade(&self) -> bool {
        !self.bridge && !matches!(self.class, Class::Motorway | Class::MotorwayLink | Class::Ferry)
    }
}

/// What the stages of road building look at.
pub(crate) struct Ground<'a> {
    pub facts: &'a Facts,
    pub water: &'a Water,
    pub communes: &'a [Vec<Region>],
    pub city: &'a [Region],
    pub places: &'a [Place],
    pub seed: u64,
}

impl Ground<'_> {
    /// In the hills, where few live; `share` of the radius.
    fn is_hilly(&self, q: P, share: f64) -> bool {
        is_hilly(self.facts, q, share)
    }
}

/// Whether a place lies in the city.
fn holds_city(ground: &Ground, q: P) -> bool {
    super::communes::holds(ground.city, q)
}

fn is_hilly(facts: &Facts, q: P, share: f64) -> bool {
    facts.hills.iter().any(|h| h.at.to(q) < h.radius_km * share)
}

/// Builds the whole network.
pub(crate) fn build(ground: &Ground) -> Network {
    let mut lines = main_roads::lay(ground);
    let links = links::lay(ground, &lines);
    lines.extend(links);
    lines.extend(streets::lay(ground));
    let lines = main_roads::with_interchanges(ground, lines);
    let lines = planar::bridge_streams(ground.water, lines);
    let mut network = planar::meet(lines);
    network.open_roundabouts();
    network.add_alleys(ground);
    network.drop_scraps();
    network.mend_one_ways();
    network.furnish(ground);
    network
}
