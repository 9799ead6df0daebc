//! One data block: its nodes, the ways that matter, the marks on nodes, the turn restrictions.
//!
//! The lists that fill a file (dense nodes, ways) are read in place; the rest by `osmpbfreader`'s messages.

use std::ops::Range;

use osmpbfreader::osmformat::{PrimitiveBlock, Relation};
use protobuf::Message;

use super::elements::{Dense, MAX_ELEMENT_BYTES, Size, View, dense_count, lone_node};
use super::frames::not_protobuf;
use super::marks::Mark;
use super::nodes::{Nodes, Place};
use super::restrictions::{Found, find};
use super::tags::{BlockSets, HIGHWAY, KEYS, NATURAL, ROUTE, Strings, TYPE, Tags, UNKNOWN, WATERWAY, pair};
use super::wire::{Fields, Packed, Unusual, Value, once};

/// A road as it stands in a block.
pub(super) struct BlockRoad {
    pub(super) id: i64,
    /// Its run in [`Part::refs`].
    pub(super) refs: Range<u32>,
    /// Its number in [`Part::tag_sets`].
    pub(super) tags: u32,
}

/// Water as it stands in a block.
pub(super) struct BlockWater {
    /// Its run in [`Part::refs`].
    pub(super) refs: Range<u32>,
    pub(super) area: bool,
}

/// What is kept of a block.
#[derive(Default)]
pub(super) struct Part {
    pub(super) nodes: Nodes,
    /// Node ids of the kept ways, without consecutive repeats.
    pub(super) refs: Vec<i64>,
    pub(super) roads: Vec<BlockRoad>,
    pub(super) water: Vec<BlockWater>,
    pub(super) tag_sets: Vec<Tags>,
    /// Node ids with their numbers in `mark_sets`.
    pub(super) marks: Vec<(i64, u32)>,
    pub(super) mark_sets: Vec<Tags>,
    pub(super) restrictions: Vec<Found>,
}

impl Part {
    /// Whether nothing but nodes was kept.
    pub(super) fn only_nodes(&self) -> bool {
        self.refs.is_empty() && self.marks.is_empty() && self.restrictions.is_empty()
    }
}

/// What is to be read of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// Everything.
    All,
    /// Nothing but ids and places of nodes.
    Nodes,
}

/// Decodes a block from the bytes of its message.
pub(super) fn decode(bytes: &[u8], read: Read) -> Result<Part, String> {
    let size = Size::of(bytes)?;
    decode_usual(bytes, read).or_else(|trouble| match trouble {
        Trouble::Wrong(what) => Err(what),
        // Laid out in another way than writers do, or damaged: the full parser tells which, and lays it out anew.
        Trouble::Unusual => {
            size.check_for_full_parser(bytes)?;
            let block = PrimitiveBlock::parse_from_bytes(bytes).map_err(|e| not_protobuf(&e))?;
            let bytes = block.write_to_bytes().map_err(|e| not_protobuf(&e))?;
            decode_usual(&bytes, read).map_err(|trouble| match trouble {
                Trouble::Wrong(what) => what,
                Trouble::Unusual => "it is not valid protobuf".to_owned(),
            })
        }
    })
}

/// Why a block was not decoded.
pub(super) enum Trouble {
    /// Laid out in a way that the quick reader does not take.
    Unusual,
    /// What is wrong.
    Wrong(String),
}

impl From<Unusual> for Trouble {
    fn from(_: Unusual) -> Self {
        Trouble::Unusual
    }
}

impl From<&str> for Trouble {
    fn from(what: &str) -> Self {
        Trouble::Wrong(what.to_owned())
    }
}

impl From<protobuf::Error> for Trouble {
    fn from(error: protobuf::Error) -> Self {
        Trouble::Wrong(not_protobuf(&error))
    }
}

fn decode_usual(bytes: &[u8], read: Read) -> Result<Part, Trouble> {
    let View { texts: strings, grid, groups } = View::open(bytes)?;
    let mut decoder = Decoder {
        strings: Strings::new(strings),
        grid,
        pairs: Vec::new(),
        tag_sets: BlockSets::default(),
        mark_sets: BlockSets::default(),
        part: Part::default(),
    };
    for group in groups {
        let mut dense = None;
        for field in Fields(group) {
            match field? {
                (1, Value::Bytes(node)) => decoder.node(node, read)?,
                (2, Value::Bytes(nodes)) => {
                    once(&mut dense, ())?;
                    decoder.dense(nodes, read)?;
                }
                (3, Value::Bytes(way)) if read == Read::All => decoder.way(way)?,
                (4, Value::Bytes(relation)) if read == Read::All => decoder.relation(relation)?,
                _ => {}
            }
        }
    }
    Ok(Part { tag_sets: decoder.tag_sets.finish(), mark_sets: decoder.mark_sets.finish(), ..decoder.part })
}

/// How the coordinates of a block are stored.
pub(super) struct Grid {
    /// Step in nanodegrees.
    pub(super) granularity: i64,
    /// In nanodegrees.
    pub(super) lon_offset: i64,
    pub(super) lat_offset: i64,
}

impl Grid {
    #[inline]
    pub(super) fn place(&self, lon: i64, lat: i64) -> Place {
        let nano = |offset: i64, value: i64| offset.wrapping_add(self.granularity.wrapping_mul(value));
        Place::from_nanodegrees(nano(self.lon_offset, lon), nano(self.lat_offset, lat))
    }
}

struct Decoder<'a> {
    strings: Strings<'a>,
    grid: Grid,
    /// The kept tags of the element at hand, as [`pair`]s.
    pairs: Vec<u64>,
    tag_sets: BlockSets,
    mark_sets: BlockSets,
    part: Part,
}

impl Decoder<'_> {
    fn node(&mut self, bytes: &[u8], read: Read) -> Result<(), Trouble> {
        let node = lone_node(bytes)?;
        self.part.nodes.ids.push(node.id());
        self.part.nodes.places.push(self.grid.place(node.lon(), node.lat()));
        if read == Read::All {
            let mut mark = Mark::new(&mut self.pairs);
            for (&key, &value) in node.keys.iter().zip(&node.vals) {
                mark.tag(&self.strings, u64::from(key), u64::from(value))?;
            }
            if mark.counts() {
                let set = self.mark_sets.number(&self.strings, None, &mut self.pairs)?;
                self.part.marks.push((node.id(), set));
            }
        }
        Ok(())
    }

    fn dense(&mut self, bytes: &[u8], read: Read) -> Result<(), Trouble> {
        let lists = Dense::open(bytes)?;
        let signed = |list| Packed(list).signed();
        let Nodes { ids: all, places } = &mut self.part.nodes;
        let first = all.len();
        let count = dense_count(&lists)?;
        all.reserve(count);
        places.reserve(count);
        let (mut id, mut lat, mut lon) = (0_i64, 0_i64, 0_i64);
        for ((id_step, lat_step), lon_step) in signed(lists.ids).zip(signed(lists.lats)).zip(signed(lists.lons)) {
            id = id.wrapping_add(id_step?);
            lat = lat.wrapping_add(lat_step?);
            lon = lon.wrapping_add(lon_step?);
            all.push(id);
            places.push(self.grid.place(lon, lat));
        }
        if read == Read::Nodes {
            return Ok(());
        }
        // Key and value of each tag of a node, then a zero; then the next node.
        let mut tags = Packed(lists.tags);
        for &node in &all[first..] {
            let mut mark = Mark::new(&mut self.pairs);
            while let Some(key) = tags.next().transpose()?.filter(|&key| key != 0) {
                let value = tags.next().ok_or(Unusual)??;
                mark.tag(&self.strings, key, value)?;
            }
            if mark.counts() {
                let set = self.mark_sets.number(&self.strings, None, &mut self.pairs)?;
                self.part.marks.push((node, set));
            }
        }
        Ok(())
    }

    fn way(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let (mut id, mut keys, mut values, mut refs) = (None, None, None, None);
        for field in Fields(bytes) {
            match field? {
                (1, Value::Number(n)) => id = Some(n as i64),
                (2, Value::Bytes(list)) => once(&mut keys, list)?,
                (3, Value::Bytes(list)) => once(&mut values, list)?,
                (8, Value::Bytes(list)) => once(&mut refs, list)?,
                (2 | 3 | 8, Value::Number(_)) => return Err(Trouble::Unusual),
                _ => {}
            }
        }
        let id = id.ok_or(Unusual)?;
        let (mut highway, mut ferry, mut area_water, mut line_water) = (None, None, false, false);
        self.pairs.clear();
        for (key, value) in Packed(keys.unwrap_or_default()).zip(Packed(values.unwrap_or_default())) {
            let (key, value) = (self.strings.key(key?)?, value?);
            let text = self.strings.bytes(value)?;
            match key {
                UNKNOWN => {}
                HIGHWAY => highway = Some(value),
                ROUTE if text == b"ferry" => ferry = Some(value),
                NATURAL => area_water |= text == b"water",
                WATERWAY => {
                    area_water |= text == b"riverbank";
                    line_water |= matches!(text, b"river" | b"canal");
                }
                key if KEYS[usize::from(key)].on_way => self.pairs.push(pair(key, value)),
                _ => {}
            }
        }
        let class = highway.or(ferry);
        if class.is_none() && !area_water && !line_water {
            return Ok(());
        }
        let all = &mut self.part.refs;
        let first = all.len();
        let mut node = 0_i64;
        for step in Packed(refs.unwrap_or_default()).signed() {
            node = node.checked_add(step?).ok_or("a way's node ids overflow")?;
            // A node named twice in a row adds no road.
            if all.len() == first || all.last() != Some(&node) {
                all.push(node);
            }
        }
        let nodes = &all[first..];
        let closed = nodes.first() == nodes.last() && nodes.len() >= 4;
        if nodes.len() < 2 || (class.is_none() && !closed && !line_water) {
            all.truncate(first);
            return Ok(());
        }
        // A block of at most 32 MiB has fewer than 2^32 of them.
        let refs = first as u32..all.len() as u32;
        if class.is_some() {
            let tags = self.tag_sets.number(&self.strings, class, &mut self.pairs)?;
            self.part.roads.push(BlockRoad { id, refs, tags });
        } else {
            self.part.water.push(BlockWater { refs, area: area_water && closed });
        }
        Ok(())
    }

    fn relation(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let (mut keys, mut values) = (None, None);
        for field in Fields(bytes) {
            match field? {
                (2, Value::Bytes(list)) => once(&mut keys, list)?,
                (3, Value::Bytes(list)) => once(&mut values, list)?,
                (2 | 3, Value::Number(_)) => return Err(Trouble::Unusual),
                _ => {}
            }
        }
        // Most relations are routes and areas with many members: only restrictions are read whole.
        let mut restricts = false;
        for (key, value) in Packed(keys.unwrap_or_default()).zip(Packed(values.unwrap_or_default())) {
            restricts |= self.strings.key(key?)? == TYPE && self.strings.bytes(value?)? == b"restriction";
        }
        if restricts {
            if bytes.len() > MAX_ELEMENT_BYTES {
                return Err("a turn restriction is larger than the 1 MiB allowed".into());
            }
            find(&Relation::parse_from_bytes(bytes)?, &self.strings, &mut self.part.restrictions)?;
        }
        Ok(())
    }
}
