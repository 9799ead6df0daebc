//! OSM PBF: the network and the water as nodes and ways.

use super::super::mesh::{Vertex, vertex};
use super::super::plane::P;
use super::super::roads::Network;
use super::super::water::Water;
use crate::error::{Fault, Result};
use flate2::{Compression, write::ZlibEncoder};
use osmpbfreader::{fileformat, osmformat};
use protobuf::{Message, MessageField};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io::Write;

/// Nodes or ways a block, at most.
pub(crate) const BLOCK: usize = 8000;

/// Tags in the order in which they are written.
pub(crate) type FileTags = Vec<(&'static str, Cow<'static, str>)>;
/// A node as it stands in the file: millionths of a degree, and its tags. Ids are positions plus one.
pub(crate) type FileNode = (Vertex, FileTags);
/// A way: the ids of its nodes, and its tags.
pub(crate) type FileWay = (Vec<i64>, FileTags);

/// The bytes of the file, and the number of nodes and ways in it.
pub(crate) fn encode(network: &Network, water: &Water, seed: u64) -> Result<(Vec<u8>, usize, usize)> {
    let (nodes, ways) = collect(network, water);
    let mut file = Vec::new();
    let span = |pick: fn(&Vertex) -> i32| {
        let all = nodes.iter().map(|n| i64::from(pick(&n.0)) * 1000);
        (all.clone().min().unwrap_or(0), all.max().unwrap_or(0))
    };
    let ((left, right), (bottom, top)) = (span(|v| v.0), span(|v| v.1));
    file.extend(header_blob([left, bottom, right, top], format!("synthetic, gandan synth seed {seed}"))?);
    let best = Compression::best();
    for (k, chunk) in nodes.chunks(BLOCK).enumerate() {
        file.extend(blob("OSMData", &node_block(chunk, (k * BLOCK) as i64 + 1), best)?);
    }
    for (k, chunk) in ways.chunks(BLOCK).enumerate() {
        file.extend(blob("OSMData", &way_block(chunk, (k * BLOCK) as i64 + 1), best)?);
    }
    Ok((file, nodes.len(), ways.len()))
}

/// The first blob of a file: its box (west, south, east, north in nanodegrees) and where it comes from.
pub(crate) fn header_blob([left, bottom, right, top]: [i64; 4], source: String) -> Result<Vec<u8>> {
    let mut bbox = osmformat::HeaderBBox::new();
    bbox.set_left(left);
    bbox.set_right(right);
    bbox.set_top(top);
    bbox.set_bottom(bottom);
    let mut header = osmformat::HeaderBlock::new();
    header.bbox = MessageField::some(bbox);
    header.required_features = vec!["OsmSchema-V0.6".into(), "DenseNodes".into()];
    header.optional_features = vec!["Sort.Type_then_ID".into()];
    header.set_writingprogram("gandan synth".into());
    header.set_source(source);
    blob("OSMHeader", &header, Compression::best())
}

/// A blob of nodes with ids from `first_id` on.
pub(crate) fn node_blob(nodes: &[FileNode], first_id: i64, level: Compression) -> Result<Vec<u8>> {
    blob("OSMData", &node_block(nodes, first_id), level)
}

/// A blob of ways with ids from `first_id` on.
pub(crate) fn way_blob(ways: &[FileWay], first_id: i64, level: Compression) -> Result<Vec<u8>> {
    blob("OSMData", &way_block(ways, first_id), level)
}

/// Numbers the nodes of roads first, then those of the water.
fn collect(network: &Network, water: &Water) -> (Vec<FileNode>, Vec<FileWay>) {
    let signals = |on: bool| if on { vec![("highway", "traffic_signals".into())] } else { Vec::new() };
    let mut nodes: Vec<FileNode> = network.nodes.iter().map(|n| (vertex(n.at), signals(n.signals))).collect();
    let tags = |tags: Vec<(&'static str, String)>| tags.into_iter().map(|(k, v)| (k, Cow::from(v))).collect();
    let mut ways: Vec<FileWay> =
        network.ways.iter().map(|w| (w.refs.iter().map(|&r| i64::from(r) + 1).collect(), tags(w.tags()))).collect();
    let mut ids: HashMap<Vertex, i64> = HashMap::new();
    let mut draw = |pts: &[P]| -> Vec<i64> {
        let id = |q: &P| {
            *ids.entry(vertex(*q)).or_insert_with(|| {
                nodes.push((vertex(*q), Vec::new()));
                nodes.len() as i64
            })
        };
        pts.iter().map(id).collect()
    };
    for sheet in &water.sheets {
        let mut refs = draw(&sheet.ring);
        refs.extend(refs.first().copied());
        let kind = if sheet.is_river { "river" } else { "lake" };
        ways.push((
            refs,
            vec![("natural", "water".into()), ("water", kind.into()), ("name", sheet.name.clone().into())],
        ));
    }
    for course in &water.courses {
        ways.push((draw(&course.line), vec![("waterway", "river".into()), ("name", course.name.clone().into())]));
    }
    (nodes, ways)
}

/// The strings of a block; the first is empty, as the format wants.
#[derive(Default)]
struct Strings(BTreeMap<String, u32>, Vec<Vec<u8>>);

impl Strings {
    fn id(&mut self, text: &str) -> u32 {
        if self.1.is_empty() {
            self.1.push(Vec::new());
        }
        if let Some(&id) = self.0.get(text) {
            return id;
        }
        let id = self.1.len() as u32;
        self.0.insert(text.to_owned(), id);
        self.1.push(text.as_bytes().to_vec());
        id
    }

    fn table(mut self) -> MessageField<osmformat::StringTable> {
        self.id("");
        let mut table = osmformat::StringTable::new();
        table.s = self.1;
        MessageField::some(table)
    }
}

fn node_block(nodes: &[FileNode], first_id: i64) -> osmformat::PrimitiveBlock {
    let mut strings = Strings::default();
    let mut dense = osmformat::DenseNodes::new();
    // Units of 100 nanodegrees (the default granularity), differences from node to node.
    let mut last = (0i64, 0i64);
    for (k, ((lon, lat), tags)) in nodes.iter().enumerate() {
        let at = (i64::from(*lon) * 10, i64::from(*lat) * 10);
        dense.id.push(if k == 0 { first_id } else { 1 });
        dense.lon.push(at.0 - last.0);
        dense.lat.push(at.1 - last.1);
        last = at;
        for (key, value) in tags {
            dense.keys_vals.push(strings.id(key) as i32);
            dense.keys_vals.push(strings.id(value) as i32);
        }
        dense.keys_vals.push(0);
    }
    if nodes.iter().all(|n| n.1.is_empty()) {
        dense.keys_vals.clear();
    }
    let mut group = osmformat::PrimitiveGroup::new();
    group.dense = MessageField::some(dense);
    block(strings, group)
}

fn way_block(ways: &[FileWay], first_id: i64) -> osmformat::PrimitiveBlock {
    let mut strings = Strings::default();
    let mut group = osmformat::PrimitiveGroup::new();
    for (k, (refs, tags)) in ways.iter().enumerate() {
        let mut way = osmformat::Way::new();
        way.set_id(first_id + k as i64);
        for (key, value) in tags {
            way.keys.push(strings.id(key));
            way.vals.push(strings.id(value));
        }
        let mut last = 0;
        for &r in refs {
            way.refs.push(r - last);
            last = r;
        }
        group.ways.push(way);
    }
    block(strings, group)
}

fn block(strings: Strings, group: osmformat::PrimitiveGroup) -> osmformat::PrimitiveBlock {
    let mut block = osmformat::PrimitiveBlock::new();
    block.stringtable = strings.table();
    block.primitivegroup = vec![group];
    block
}

/// One blob: the length of its header, the header, the compressed block.
fn blob(kind: &str, block: &impl Message, level: Compression) -> Result<Vec<u8>> {
    let fault = |what: String| Fault::new("synth::write", format!("cannot write an OSM block: {what}"));
    let raw = block.write_to_bytes().map_err(|e| fault(e.to_string()))?;
    let mut zlib = ZlibEncoder::new(Vec::with_capacity(raw.len() / 2), level);
    zlib.write_all(&raw).map_err(|e| fault(e.to_string()))?;
    let mut blob = fileformat::Blob::new();
    blob.set_raw_size(raw.len() as i32);
    blob.set_zlib_data(zlib.finish().map_err(|e| fault(e.to_string()))?);
    let blob = blob.write_to_bytes().map_err(|e| fault(e.to_string()))?;
    let mut header = fileformat::BlobHeader::new();
    header.set_type(kind.to_owned());
    header.set_datasize(blob.len() as i32);
    let header = header.write_to_bytes().map_err(|e| fault(e.to_string()))?;
    let mut file = Vec::with_capacity(4 + header.len() + blob.len());
    file.extend((header.len() as u32).to_be_bytes());
    file.extend(header);
    file.extend(blob);
    Ok(file)
}
