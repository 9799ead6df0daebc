//! OSM PBF: the network and the water as nodes and ways.

use super::super::mesh::{Vertex, vertex};
use super::super::plane::P;
use super::super::roads::Network;
use super::super::water::Water;
use crate::error::{Fault, Result};
use flate2::{Compression, write::ZlibEncoder};
use osmpbfreader::{fileformat, osmformat};
use protobuf::{Message, MessageField};
use std::collections::{BTreeMap, HashMap};
use std::io::Write;

/// Nodes or ways a block, at most.
const BLOCK: usize = 8000;

/// A node as it stands in the file: millionths of a degree, and signals or not. Ids are positions plus one.
type FileNode = (Vertex, bool);
type FileWay = (Vec<i64>, Vec<(&'static str, String)>);

/// The bytes of the file, and the number of nodes and ways in it.
pub(crate) fn encode(network: &Network, water: &Water, seed: u64) -> Result<(Vec<u8>, usize, usize)> {
    let (nodes, ways) = collect(network, water);
    let mut file = Vec::new();
    let span = |pick: fn(&Vertex) -> i32| {
        let all = nodes.iter().map(|n| i64::from(pick(&n.0)) * 1000);
        (all.clone().min().unwrap_or(0), all.max().unwrap_or(0))
    };
    let ((left, right), (bottom, top)) = (span(|v| v.0), span(|v| v.1));
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
    header.set_source(format!("synthetic, gandan synth seed {seed}"));
    put(&mut file, "OSMHeader", &header)?;
    for (k, chunk) in nodes.chunks(BLOCK).enumerate() {
        put(&mut file, "OSMData", &node_block(chunk, (k * BLOCK) as i64 + 1))?;
    }
    for (k, chunk) in ways.chunks(BLOCK).enumerate() {
        put(&mut file, "OSMData", &way_block(chunk, (k * BLOCK) as i64 + 1))?;
    }
    Ok((file, nodes.len(), ways.len()))
}

/// Numbers the nodes of roads first, then those of the water.
fn collect(network: &Network, water: &Water) -> (Vec<FileNode>, Vec<FileWay>) {
    let mut nodes: Vec<FileNode> = network.nodes.iter().map(|n| (vertex(n.at), n.signals)).collect();
    let mut ways: Vec<FileWay> =
        network.ways.iter().map(|w| (w.refs.iter().map(|&r| i64::from(r) + 1).collect(), w.tags())).collect();
    let mut ids: HashMap<Vertex, i64> = HashMap::new();
    let mut draw = |pts: &[P]| -> Vec<i64> {
        let id = |q: &P| {
            *ids.entry(vertex(*q)).or_insert_with(|| {
                nodes.push((vertex(*q), false));
                nodes.len() as i64
            })
        };
        pts.iter().map(id).collect()
    };
    for sheet in &water.sheets {
        let mut refs = draw(&sheet.ring);
        refs.extend(refs.first().copied());
        let kind = if sheet.is_river { "river" } else { "lake" };
        ways.push((refs, vec![("natural", "water".into()), ("water", kind.into()), ("name", sheet.name.clone())]));
    }
    for course in &water.courses {
        ways.push((draw(&course.line), vec![("waterway", "river".into()), ("name", course.name.clone())]));
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
    for (k, ((lon, lat), signals)) in nodes.iter().enumerate() {
        let at = (i64::from(*lon) * 10, i64::from(*lat) * 10);
        dense.id.push(if k == 0 { first_id } else { 1 });
        dense.lon.push(at.0 - last.0);
        dense.lat.push(at.1 - last.1);
        last = at;
        if *signals {
            dense.keys_vals.push(strings.id("highway") as i32);
            dense.keys_vals.push(strings.id("traffic_signals") as i32);
        }
        dense.keys_vals.push(0);
    }
    if nodes.iter().all(|n| !n.1) {
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

/// Appends one blob: the length of its header, the header, the compressed block.
fn put(file: &mut Vec<u8>, kind: &str, block: &impl Message) -> Result<()> {
    let fault = |what: String| Fault::new("synth::write", format!("cannot write an OSM block: {what}"));
    let raw = block.write_to_bytes().map_err(|e| fault(e.to_string()))?;
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
    zlib.write_all(&raw).map_err(|e| fault(e.to_string()))?;
    let mut blob = fileformat::Blob::new();
    blob.set_raw_size(raw.len() as i32);
    blob.set_zlib_data(zlib.finish().map_err(|e| fault(e.to_string()))?);
    let blob = blob.write_to_bytes().map_err(|e| fault(e.to_string()))?;
    let mut header = fileformat::BlobHeader::new();
    header.set_type(kind.to_owned());
    header.set_datasize(blob.len() as i32);
    let header = header.write_to_bytes().map_err(|e| fault(e.to_string()))?;
    file.extend((header.len() as u32).to_be_bytes());
    file.extend(header);
    file.extend(blob);
    Ok(())
}
