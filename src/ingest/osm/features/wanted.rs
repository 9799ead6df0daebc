//! What a caller wants of a file, and whether an element is it.

use super::super::block::Trouble;
use super::super::elements::{TagAt, View};
use super::backdrop::Behind;
use crate::error::{Fault, Result};

/// What to read of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Areas of water: `natural=water`, `waterway=riverbank`, `water=*`, `landuse=reservoir`.
    pub water: bool,
    /// Buildings: `building=*` but `no`.
    pub buildings: bool,
    /// Administrative boundaries of these `admin_level`s.
    pub boundaries: Vec<u8>,
    /// Relations that are wanted as boundaries whatever their tags, by id.
    pub relations: Vec<i64>,
    /// Points of interest: elements with any of these tags.
    pub points: Vec<TagRule>,
    /// The background of maps. Areas of water are asked for by themselves.
    pub backdrop: bool,
}

/// A tag to look for: `key=value`, or `key=*` for any value but `no`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagRule {
    /// The key.
    pub key: String,
    /// The values, any of which will do; empty for any value but `no`.
    pub values: Vec<String>,
}

impl TagRule {
    /// From text such as `amenity=post_office`, `amenity=post_office;townhall` or `place=*`.
    ///
    /// # Errors
    /// It has no key or no value.
    pub fn parse(text: &str) -> Result<TagRule, Fault> {
        let wrong = || {
            Fault::new("osm::tag", format!("`{text}` is not a tag")).help(
                "write key=value, e.g. amenity=post_office, several values with `;` between them, or key=* for any",
            )
        };
        let (key, values) = text.split_once('=').ok_or_else(wrong)?;
        let values: Vec<&str> = values.split(';').map(str::trim).collect();
        if key.trim().is_empty() || values.iter().any(|v| v.is_empty()) {
            return Err(wrong());
        }
        let values = if values == ["*"] { Vec::new() } else { values.into_iter().map(str::to_owned).collect() };
        Ok(TagRule { key: key.trim().to_owned(), values })
    }

    fn fits(&self, key: &[u8], value: &[u8]) -> bool {
        self.key.as_bytes() == key
            && if self.values.is_empty() { value != b"no" } else { self.values.iter().any(|v| v.as_bytes() == value) }
    }
}

/// What an element is wanted for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Uses {
    pub(super) water: bool,
    pub(super) building: bool,
    /// Its `admin_level`.
    pub(super) boundary: Option<u8>,
    pub(super) point: bool,
    pub(super) behind: Behind,
}

impl Uses {
    /// Whether an area is wanted.
    pub(super) fn area(self) -> bool {
        self.water || self.building || self.boundary.is_some() || self.point || self.behind.area()
    }

    /// Whether its tags are kept.
    pub(super) fn tags(self) -> bool {
        self.water || self.boundary.is_some() || self.point || self.behind.area()
    }
}

/// The wishes held against the strings of one block.
pub(super) struct Sieve<'a> {
    wanted: &'a Wanted,
    view: &'a View<'a>,
    /// For each string of the block whether it is a key that decides anything.
    deciding: Vec<bool>,
}

impl<'a> Sieve<'a> {
    pub(super) fn new(wanted: &'a Wanted, view: &'a View<'a>) -> Self {
        let decides = |text: &&[u8]| match *text {
            b"natural" | b"waterway" | b"water" | b"landuse" if wanted.water => true,
            b"building" if wanted.buildings => true,
            b"boundary" if !wanted.boundaries.is_empty() => true,
            text if wanted.backdrop && Behind::decides(text) => true,
            text => wanted.points.iter().any(|rule| rule.key.as_bytes() == text),
        };
        Sieve { wanted, view, deciding: view.texts().iter().map(decides).collect() }
    }

    /// Whether some string of the block is a key that decides anything: if not, no element is wanted.
    pub(super) fn any(&self) -> bool {
        self.deciding.iter().any(|d| *d)
    }

    /// What an element with these tags is wanted for.
    pub(super) fn uses(&self, tags: &[TagAt]) -> Result<Uses, Trouble> {
        let mut uses = Uses::default();
        if !tags.iter().any(|&(key, _)| self.deciding.get(key as usize).copied().unwrap_or(false)) {
            return Ok(uses);
        }
        let mut administrative = false;
        for &(key, value) in tags {
            let (key, value) = (self.view.bytes(key)?, self.view.bytes(value)?);
            uses.water |= self.wanted.water
                && match key {
                    b"natural" => value == b"water",
                    b"waterway" => value == b"riverbank",
                    b"landuse" => value == b"reservoir",
                    b"water" => value != b"no",
                    _ => false,
                };
            uses.building |= self.wanted.buildings && key == b"building" && value != b"no";
            administrative |= key == b"boundary" && value == b"administrative";
            if self.wanted.backdrop {
                uses.behind.add(key, value);
            }
            uses.point |= self.wanted.points.iter().any(|rule| rule.fits(key, value));
        }
        if administrative && let Some(level) = self.value(tags, b"admin_level")? {
            let level = std::str::from_utf8(level).ok().and_then(|text| text.parse().ok());
            uses.boundary = level.filter(|level| self.wanted.boundaries.contains(level));
        }
        Ok(uses)
    }

    /// The value of a key.
    pub(super) fn value(&self, tags: &[TagAt], key: &[u8]) -> Result<Option<&'a [u8]>, Trouble> {
        for &(at, value) in tags {
            if self.view.bytes(at)? == key {
                return self.view.bytes(value).map(Some);
            }
        }
        Ok(None)
    }
}
