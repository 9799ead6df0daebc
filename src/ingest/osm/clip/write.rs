//! Kept elements of blocks, and blocks made of them.

use std::collections::HashMap;
use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};
use osmpbfreader::fileformat::{Blob, BlobHeader};
use osmpbfreader::osmformat::{
    DenseInfo, DenseNodes, Info, PrimitiveBlock, PrimitiveGroup, Relation, StringTable, Way,
};
use protobuf::{Message, MessageField};

use super::super::elements::Kind;
use super::super::frames::not_protobuf;

/// Elements a block, as all writers keep to.
const BLOCK_ELEMENTS: usize = 8000;

/// A node with where it lies in steps of 1e-7 degree.
struct KeptNode {
    id: i64,
    lon: i64,
    lat: i64,
    /// Keys and values in turn.
    tags: Vec<u32>,
    info: Option<Info>,
}

/// Kept elements of one kind from one block; their texts are places in `strings`.
pub(super) struct Piece {
    pub(super) kind: Kind,
    strings: Vec<Vec<u8>>,
    nodes: Vec<KeptNode>,
    ways: Vec<Way>,
    relations: Vec<Relation>,
}

impl Piece {
    /// How many elements it holds.
    pub(super) fn len(&self) -> usize {
        self.nodes.len() + self.ways.len() + self.relations.len()
    }

    fn empty(kind: Kind) -> Piece {
        Piece { kind, strings: Vec::new(), nodes: Vec::new(), ways: Vec::new(), relations: Vec::new() }
    }
}

/// The elements of a block that `keep` says yes to, kinds in the order nodes, ways, relations.
pub(super) fn kept(bytes: &[u8], keep: impl Fn(Kind, i64) -> bool) -> Result<Vec<Piece>, String> {
    let mut block = PrimitiveBlock::parse_from_bytes(bytes).map_err(|e| not_protobuf(&e))?;
    let (granularity, lon_offset, lat_offset) =
        (i64::from(block.granularity()), block.lon_offset(), block.lat_offset());
    let step = |offset: i64, value: i64| {
        let nano = offset.wrapping_add(granularity.wrapping_mul(value));
        nano.saturating_add(if nano < 0 { -50 } else { 50 }) / 100
    };
    let dates = i64::from(block.date_granularity());
    let in_seconds = |timestamp: i64| if dates == 1000 { timestamp } else { timestamp.saturating_mul(dates) / 1000 };
    let mut pieces = [Piece::empty(Kind::Node), Piece::empty(Kind::Way), Piece::empty(Kind::Relation)];
    let set_date = |info: &mut MessageField<Info>| {
        if let Some(info) = info.as_mut()
            && let Some(timestamp) = info.timestamp
        {
            info.timestamp = Some(in_seconds(timestamp));
        }
    };
    for group in &mut block.primitivegroup {
        for mut node in std::mem::take(&mut group.nodes) {
            if keep(Kind::Node, node.id()) {
                set_date(&mut node.info);
                pieces[0].nodes.push(KeptNode {
                    id: node.id(),
                    lon: step(lon_offset, node.lon()),
                    lat: step(lat_offset, node.lat()),
                    tags: node.keys.iter().zip(&node.vals).flat_map(|(k, v)| [*k, *v]).collect(),
                    info: node.info.into_option(),
                });
            }
        }
        if let Some(dense) = group.dense.as_ref() {
            dense_nodes(dense, |mut node| {
                if keep(Kind::Node, node.id) {
                    (node.lon, node.lat) = (step(lon_offset, node.lon), step(lat_offset, node.lat));
                    if let Some(info) = &mut node.info {
                        info.timestamp = info.timestamp.map(in_seconds);
                    }
                    pieces[0].nodes.push(node);
                }
            })?;
        }
        for mut way in std::mem::take(&mut group.ways) {
            if keep(Kind::Way, way.id()) {
                set_date(&mut way.info);
                pieces[1].ways.push(way);
            }
        }
        for mut relation in std::mem::take(&mut group.relations) {
            if keep(Kind::Relation, relation.id()) {
                set_date(&mut relation.info);
                pieces[2].relations.push(relation);
            }
        }
    }
    let strings = block.stringtable.take().unwrap_or_default().s;
    let mut pieces: Vec<Piece> = pieces.into_iter().filter(|piece| piece.len() > 0).collect();
    let last = pieces.len().saturating_sub(1);
    for (i, piece) in pieces.iter_mut().enumerate() {
        if i < last {
            piece.strings.clone_from(&strings);
        } else {
            piece.strings = strings;
            break;
        }
    }
    Ok(pieces)
}

/// The nodes of a dense list, with `lon` and `lat` as they are stored.
fn dense_nodes(dense: &DenseNodes, mut take: impl FnMut(KeptNode)) -> Result<(), String> {
    let count = dense.id.len();
    if dense.lat.len() != count || dense.lon.len() != count {
        return Err("its nodes have more ids than places, or fewer".into());
    }
    let info = dense.denseinfo.as_ref();
    let (mut id, mut lat, mut lon) = (0_i64, 0_i64, 0_i64);
    let (mut timestamp, mut changeset, mut uid, mut user) = (0_i64, 0_i64, 0_i32, 0_i32);
    let mut pairs = dense.keys_vals.iter();
    for i in 0..count {
        id = id.wrapping_add(dense.id[i]);
        lat = lat.wrapping_add(dense.lat[i]);
        lon = lon.wrapping_add(dense.lon[i]);
        let mut tags = Vec::new();
        while let Some(&key) = pairs.next().filter(|key| **key != 0) {
            tags.extend([key as u32, *pairs.next().ok_or("a node has a key without a value")? as u32]);
        }
        let info = info.and_then(|all| {
            let version = *all.version.get(i)?;
            let mut info = Info::new();
            info.version = Some(version);
            info.timestamp = all.timestamp.get(i).map(|step| {
                timestamp = timestamp.wrapping_add(*step);
                timestamp
            });
            info.changeset = all.changeset.get(i).map(|step| {
                changeset = changeset.wrapping_add(*step);
                changeset
            });
            info.uid = all.uid.get(i).map(|step| {
                uid = uid.wrapping_add(*step);
                uid
            });
            info.user_sid = all.user_sid.get(i).map(|step| {
                user = user.wrapping_add(*step);
                user as u32
            });
            info.visible = all.visible.get(i).copied();
            Some(info)
        });
        take(KeptNode { id, lon, lat, tags, info });
    }
    Ok(())
}

/// Puts pieces together to blocks of one kind, each of some thousand elements where there are so many.
#[derive(Default)]
pub(super) struct Packer {
    open: Vec<Piece>,
    elements: usize,
}

impl Packer {
    /// Takes the next pieces and gives what is full, each list to be a block.
    pub(super) fn add(&mut self, pieces: impl IntoIterator<Item = Piece>) -> Vec<Vec<Piece>> {
        let mut full = Vec::new();
        for piece in pieces {
            let other = self.open.first().is_some_and(|first| first.kind != piece.kind);
            if !self.open.is_empty() && (other || self.elements + piece.len() > BLOCK_ELEMENTS) {
                full.extend(self.finish());
            }
            self.elements += piece.len();
            self.open.push(piece);
        }
        full
    }

    /// What is left.
    pub(super) fn finish(&mut self) -> Option<Vec<Piece>> {
        self.elements = 0;
        Some(std::mem::take(&mut self.open)).filter(|open| !open.is_empty())
    }
}

/// The texts of a new block.
struct Texts<'a> {
    places: HashMap<&'a [u8], u32>,
    texts: Vec<&'a [u8]>,
}

impl<'a> Texts<'a> {
    /// The place of a text of `piece`.
    fn place(&mut self, strings: &'a [Vec<u8>], at: u32) -> Result<u32, String> {
        let text = strings.get(at as usize).ok_or("a text lies outside its string table")?.as_slice();
        Ok(*self.places.entry(text).or_insert_with(|| {
            self.texts.push(text);
            self.texts.len() as u32 - 1
        }))
    }
}

/// The bytes of a frame with a block of these pieces, which are all of one kind.
pub(super) fn encode(pieces: &mut [Piece]) -> Result<Vec<u8>, String> {
    let owned: Vec<Vec<Vec<u8>>> = pieces.iter_mut().map(|piece| std::mem::take(&mut piece.strings)).collect();
    let mut texts = Texts { places: HashMap::from([(&b""[..], 0)]), texts: vec![b""] };
    let mut group = PrimitiveGroup::new();
    let mut dense = Dense::default();
    for (piece, strings) in pieces.iter_mut().zip(&owned) {
        for node in &piece.nodes {
            dense.add(node, |at| texts.place(strings, at))?;
        }
        let mut renumber = |list: &mut Vec<u32>| -> Result<(), String> {
            list.iter_mut().try_for_each(|at| texts.place(strings, *at).map(|new| *at = new))
        };
        for way in &mut piece.ways {
            renumber(&mut way.keys)?;
            renumber(&mut way.vals)?;
        }
        for relation in &mut piece.relations {
            renumber(&mut relation.keys)?;
            renumber(&mut relation.vals)?;
        }
        let infos = piece.ways.iter_mut().map(|w| &mut w.info).chain(piece.relations.iter_mut().map(|r| &mut r.info));
        for info in infos.filter_map(|info| info.as_mut()) {
            info.user_sid = info.user_sid.map(|at| texts.place(strings, at)).transpose()?;
        }
        for role in piece.relations.iter_mut().flat_map(|relation| &mut relation.roles_sid) {
            let at = u32::try_from(*role).map_err(|_| "a role lies outside its string table")?;
            *role = texts.place(strings, at)? as i32;
        }
        group.ways.append(&mut piece.ways);
        group.relations.append(&mut piece.relations);
    }
    if dense.any {
        group.dense = MessageField::some(dense.finish());
    }
    let mut table = StringTable::new();
    table.s = texts.texts.iter().map(|text| text.to_vec()).collect();
    let mut block = PrimitiveBlock::new();
    block.stringtable = MessageField::some(table);
    block.primitivegroup = vec![group];
    frame("OSMData", &block)
}

/// Nodes as the differences from one to the next.
#[derive(Default)]
struct Dense {
    nodes: DenseNodes,
    info: DenseInfo,
    last: (i64, i64, i64),
    last_info: (i64, i64, i32, i32),
    any: bool,
    tagged: bool,
    /// Whether every node so far has all of an info, and whether any says if it is visible.
    informed: bool,
    seen: bool,
}

impl Dense {
    fn add(&mut self, node: &KeptNode, mut place: impl FnMut(u32) -> Result<u32, String>) -> Result<(), String> {
        self.nodes.id.push(node.id.wrapping_sub(self.last.0));
        self.nodes.lon.push(node.lon.wrapping_sub(self.last.1));
        self.nodes.lat.push(node.lat.wrapping_sub(self.last.2));
        self.last = (node.id, node.lon, node.lat);
        for &at in &node.tags {
            self.nodes.keys_vals.push(place(at)? as i32);
        }
        self.nodes.keys_vals.push(0);
        self.tagged |= !node.tags.is_empty();
        let blank = Info::new();
        let info = node.info.as_ref().unwrap_or(&blank);
        self.informed = (self.informed || !self.any) && node.info.is_some();
        self.seen |= info.visible.is_some();
        self.any = true;
        let (timestamp, changeset, uid) = (info.timestamp(), info.changeset(), info.uid());
        let user = place(info.user_sid())? as i32;
        self.info.version.push(info.version());
        self.info.timestamp.push(timestamp.wrapping_sub(self.last_info.0));
        self.info.changeset.push(changeset.wrapping_sub(self.last_info.1));
        self.info.uid.push(uid.wrapping_sub(self.last_info.2));
        self.info.user_sid.push(user.wrapping_sub(self.last_info.3));
        self.info.visible.push(info.visible.unwrap_or(true));
        self.last_info = (timestamp, changeset, uid, user);
        Ok(())
    }

    fn finish(mut self) -> DenseNodes {
        if !self.tagged {
            self.nodes.keys_vals.clear();
        }
        // The history of all nodes is told, or of none: there is no sign for a node without one.
        if self.informed {
            if !self.seen {
                self.info.visible.clear();
            }
            self.nodes.denseinfo = MessageField::some(self.info);
        }
        self.nodes
    }
}

/// A frame: the length of its header, the header, the packed message.
pub(super) fn frame(kind: &str, message: &impl Message) -> Result<Vec<u8>, String> {
    let fault = |e: &dyn std::fmt::Display| format!("it cannot be written ({e})");
    let raw = message.write_to_bytes().map_err(|e| fault(&e))?;
    let mut zlib = ZlibEncoder::new(Vec::with_capacity(raw.len() / 2), Compression::new(6));
    zlib.write_all(&raw).map_err(|e| fault(&e))?;
    let mut blob = Blob::new();
    blob.set_raw_size(i32::try_from(raw.len()).map_err(|e| fault(&e))?);
    blob.set_zlib_data(zlib.finish().map_err(|e| fault(&e))?);
    let blob = blob.write_to_bytes().map_err(|e| fault(&e))?;
    let mut header = BlobHeader::new();
    header.set_type(kind.to_owned());
    header.set_datasize(i32::try_from(blob.len()).map_err(|e| fault(&e))?);
    let header = header.write_to_bytes().map_err(|e| fault(&e))?;
    Ok([&(header.len() as u32).to_be_bytes()[..], &header, &blob].concat())
}
