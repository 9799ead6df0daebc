//! What is not roads in an OpenStreetMap extract: water, buildings, administrative boundaries, points of interest, the
//! background of maps.
//!
//! The file is read once for what is wanted, then again only where that needs more: blocks of ways for the members of
//! relations, blocks of nodes for places. Memory goes with what is wanted and touches the clip box, not with the file;
//! blocks are decoded in parallel and put together in file order, so that the result does not depend on threads.

mod backdrop;
mod build;
mod find;
mod rings;
mod sites;
#[cfg(test)]
mod tests;
mod wanted;

use std::fmt;
use std::path::Path;

use geo::MultiPolygon;

use crate::error::{Fault, Result};
use crate::units::LonLat;
pub use backdrop::{Address, Backdrop, LineKind, MOST_ADDRESSES, MapLine};
pub use sites::{default_site_tags, sites_from_osm};
pub use wanted::{TagRule, Wanted};

/// An element of OpenStreetMap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OsmId {
    /// A node.
    Node(i64),
    /// A way.
    Way(i64),
    /// A relation.
    Relation(i64),
}

impl fmt::Display for OsmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OsmId::Node(id) => write!(f, "node/{id}"),
            OsmId::Way(id) => write!(f, "way/{id}"),
            OsmId::Relation(id) => write!(f, "relation/{id}"),
        }
    }
}

/// Tags as key and value, in the order of the file.
pub type TagList = Vec<(String, String)>;

/// The value of a key.
pub fn tag<'a>(tags: &'a TagList, key: &str) -> Option<&'a str> {
    tags.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
}

/// An area of water, or a park.
#[derive(Debug, Clone, PartialEq)]
pub struct TaggedArea {
    /// The way or relation.
    pub id: OsmId,
    /// All its tags.
    pub tags: TagList,
    /// Degrees; outlines run anticlockwise.
    pub geometry: MultiPolygon<f64>,
}

/// A building.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Building {
    /// The way or relation.
    pub id: OsmId,
    /// Its centroid.
    pub at: LonLat,
    /// Its footprint in m², yards left out.
    pub footprint_m2: f64,
    /// `building:levels`, where it is a number of at most 1000.
    pub levels: Option<f32>,
}

/// An administrative area.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminArea {
    /// The relation, or a way that closes.
    pub id: OsmId,
    /// `admin_level`, 0 where a relation that was asked for by id has none.
    pub admin_level: u8,
    /// `name`.
    pub name: Option<String>,
    /// `name:en`.
    pub name_en: Option<String>,
    /// `ref` and `ref:*`, in the order of the file.
    pub refs: TagList,
    /// `population`, where it is a whole number.
    pub population: Option<u64>,
    /// `wikidata`.
    pub wikidata: Option<String>,
    /// All its tags.
    pub tags: TagList,
    /// Degrees; outlines run anticlockwise. Rings close, but nothing says that they do not cross.
    pub geometry: MultiPolygon<f64>,
}

/// A point of interest: a node, or the centroid of an area.
#[derive(Debug, Clone, PartialEq)]
pub struct PointOfInterest {
    /// The element.
    pub id: OsmId,
    /// `name`.
    pub name: Option<String>,
    /// Where it is.
    pub at: LonLat,
    /// All its tags.
    pub tags: TagList,
}

/// An area that could not be put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenArea {
    /// The way or relation.
    pub id: OsmId,
    /// What is wrong, e.g. a missing member.
    pub why: String,
}

/// What was found, each list in the order of the file: nodes, ways, relations.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Features {
    /// Areas of water.
    pub water: Vec<TaggedArea>,
    /// Buildings.
    pub buildings: Vec<Building>,
    /// Administrative areas.
    pub boundaries: Vec<AdminArea>,
    /// Points of interest.
    pub points: Vec<PointOfInterest>,
    /// For the background of maps.
    pub backdrop: Backdrop,
    /// Wanted areas that could not be put together: cut off by the extract, or badly drawn.
    pub broken: Vec<BrokenArea>,
}

impl Features {
    /// The shapes of all water.
    pub fn water_polygons(&self) -> Vec<MultiPolygon<f64>> {
        self.water.iter().map(|water| water.geometry.clone()).collect()
    }
}

/// Reads what is wanted and touches `clip` (west, south, east, north in degrees): nodes in it, closed ways with a node
/// in it, multipolygon and boundary relations whose bounding box touches it. Areas are whole, not cut at the box.
///
/// # Errors
/// The file cannot be read, is not PBF, is truncated or damaged.
pub fn read_features(path: &Path, clip: [f64; 4], wanted: &Wanted) -> Result<Features> {
    let found = find::find(path, clip, wanted)?;
    if !found.any_block {
        return Err(Fault::new("osm::empty", "the file holds no data block")
            .file(path)
            .help("it is empty or not an OpenStreetMap PBF extract (.osm.pbf); fetch it again")
            .into());
    }
    build::build(path, found, clip)
}

/// Whether a place is in a box (west, south, east, north in degrees), its sides included.
fn within(at: LonLat, [west, south, east, north]: [f64; 4]) -> bool {
    (west..=east).contains(&at.lon) && (south..=north).contains(&at.lat)
}
