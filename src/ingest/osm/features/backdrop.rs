//! What a map shows behind the plan and what people look for on it: parks, rivers, railways, the names of places and
//! roads, addresses. None of it decides anything.

use std::ops::Range;

use geo::{Coord, LineString};

use super::super::block::Trouble;
use super::super::elements::{TagAt, View};
use super::{OsmId, PointOfInterest, TagList, TaggedArea, tag};
use crate::texts::{MOST_NAME, cleaned};
use crate::units::LonLat;

/// The most addresses that are kept.
pub const MOST_ADDRESSES: usize = 200_000;

/// What a line of a map is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineKind {
    /// The middle of a watercourse.
    Water,
    /// A railway.
    Rail,
}

/// A river, a canal, a railway.
#[derive(Debug, Clone, PartialEq)]
pub struct MapLine {
    /// What it is.
    pub kind: LineKind,
    /// The value of its `waterway` or `railway`.
    pub class: String,
    /// `name`.
    pub name: Option<String>,
    /// Degrees; at least two points. Nodes that the file does not hold are left out.
    pub points: LineString<f64>,
}

/// An address.
#[derive(Debug, Clone, PartialEq)]
pub struct Address {
    /// House number and street, e.g. `12 Phố Huế`.
    pub text: String,
    /// Where it is: the node, or the centroid of the area.
    pub at: LonLat,
}

/// What was found for the background of maps, each list in the order of the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Backdrop {
    /// Parks, gardens, forests, lawns.
    pub parks: Vec<TaggedArea>,
    /// Watercourses and railways.
    pub lines: Vec<MapLine>,
    /// Named cities, wards, villages and other places.
    pub places: Vec<PointOfInterest>,
    /// The names of roads by the id of the way.
    pub road_names: Vec<(i64, String)>,
    /// Addresses, at most [`MOST_ADDRESSES`].
    pub addresses: Vec<Address>,
    /// Addresses beyond those.
    pub addresses_left_out: usize,
}

/// What an element is for the background of maps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Behind {
    pub(super) park: bool,
    pub(super) place: bool,
    pub(super) address: bool,
    /// As an open or closed way.
    pub(super) line: Option<LineKind>,
    /// As a way.
    pub(super) road: bool,
}

impl Behind {
    /// The keys that decide.
    pub(super) fn decides(key: &[u8]) -> bool {
        matches!(
            key,
            b"leisure"
                | b"landuse"
                | b"natural"
                | b"place"
                | b"addr:housenumber"
                | b"waterway"
                | b"railway"
                | b"highway"
        )
    }

    /// Takes a tag into account.
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        match key {
            b"leisure" => self.park |= matches!(value, b"park" | b"garden" | b"nature_reserve" | b"golf_course"),
            b"landuse" => self.park |= matches!(value, b"forest" | b"grass" | b"recreation_ground" | b"village_green"),
            b"natural" => self.park |= value == b"wood",
            b"place" => self.place |= importance(value).is_some(),
            b"addr:housenumber" => self.address = true,
            b"waterway" if matches!(value, b"river" | b"canal" | b"stream" | b"drain") => {
                self.line = Some(LineKind::Water);
            }
            b"railway" if matches!(value, b"rail" | b"light_rail" | b"subway" | b"narrow_gauge" | b"monorail") => {
                self.line = Some(LineKind::Rail);
            }
            b"highway" => self.road = true,
            _ => {}
        }
    }

    /// Whether an area is one for any of this.
    pub(super) fn area(self) -> bool {
        self.park || self.place || self.address
    }
}

/// How important a value of `place` is, 0 the most; `None` for what is no place that people look for.
fn importance(place: &[u8]) -> Option<u8> {
    Some(match place {
        b"city" => 0,
        b"town" => 1,
        b"suburb" | b"borough" => 2,
        b"quarter" | b"neighbourhood" => 3,
        b"village" => 4,
        b"hamlet" | b"isolated_dwelling" => 5,
        b"locality" | b"island" | b"islet" | b"square" | b"farm" => 6,
        _ => return None,
    })
}

/// A line as the first pass finds it.
pub(super) struct FoundLine {
    pub(super) kind: LineKind,
    pub(super) class: String,
    pub(super) name: Option<String>,
    /// Its run of node ids.
    pub(super) parts: Range<usize>,
}

impl FoundLine {
    /// A way that is a line of a kind; `None` for tracks beside railway lines and for what runs under the ground.
    pub(super) fn of(
        view: &View<'_>,
        tags: &[TagAt],
        kind: LineKind,
        parts: Range<usize>,
    ) -> Result<Option<FoundLine>, Trouble> {
        let (mut class, mut name) = (String::new(), None);
        for &(key, value) in tags {
            match (kind, view.bytes(key)?) {
                (LineKind::Rail, b"service") | (LineKind::Water, b"tunnel") => return Ok(None),
                (LineKind::Water, b"waterway") | (LineKind::Rail, b"railway") => class = view.text(value)?.to_owned(),
                (_, b"name") => name = Some(cleaned(view.text(value)?, MOST_NAME)),
                _ => {}
            }
        }
        Ok(Some(FoundLine { kind, class, name, parts }))
    }

    /// The line with its points; `None` with fewer than two.
    pub(super) fn with_points(self, points: Vec<Coord<f64>>) -> Option<MapLine> {
        let FoundLine { kind, class, name, .. } = self;
        (points.len() > 1).then_some(MapLine { kind, class, name, points: LineString(points) })
    }
}

/// The name of a road.
pub(super) fn road_name(view: &View<'_>, tags: &[TagAt]) -> Result<Option<String>, Trouble> {
    for &(key, value) in tags {
        if view.bytes(key)? == b"name" {
            return Ok(Some(cleaned(view.text(value)?, MOST_NAME)));
        }
    }
    Ok(None)
}

impl Backdrop {
    /// Adds a place or an address.
    pub(super) fn add(&mut self, behind: Behind, id: OsmId, at: LonLat, tags: &TagList) {
        if behind.place && tag(tags, "name").is_some() {
            self.places.push(super::find::point(id, at, tags.clone()));
        }
        if behind.address
            && let Some(text) = address(tags)
        {
            self.add_address(Address { text, at });
        }
    }

    fn add_address(&mut self, address: Address) {
        if self.addresses.len() < MOST_ADDRESSES {
            self.addresses.push(address);
        } else {
            self.addresses_left_out += 1;
        }
    }

    /// Adds what a later block found.
    pub(super) fn append(&mut self, block: Backdrop) {
        self.parks.extend(block.parks);
        self.lines.extend(block.lines);
        self.places.extend(block.places);
        self.road_names.extend(block.road_names);
        self.addresses_left_out += block.addresses_left_out;
        block.addresses.into_iter().for_each(|address| self.add_address(address));
    }

    /// How important a place is, 0 the most.
    pub fn importance(place: &PointOfInterest) -> u8 {
        tag(&place.tags, "place").and_then(|value| importance(value.as_bytes())).unwrap_or(u8::MAX)
    }
}

/// House number and street.
fn address(tags: &TagList) -> Option<String> {
    let number = tag(tags, "addr:housenumber")?.trim();
    let street = ["addr:street", "addr:place"].into_iter().find_map(|key| tag(tags, key))?.trim();
    // Some write the whole address into the street.
    let whole = street.strip_prefix(number).is_some_and(|rest| rest.starts_with([' ', ',']));
    let text = || if whole { street.to_owned() } else { format!("{number} {street}") };
    (!number.is_empty() && !street.is_empty()).then(text)
}
