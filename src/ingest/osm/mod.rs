//! Roads, water, marks on nodes and turn restrictions from an OpenStreetMap PBF extract.
//!
//! The file is read once: blobs in order, decoded in parallel, so that the result does not depend on the number of
//! threads. Nodes come before the ways that use them, so all are kept, 16 bytes each, as far as a budget of memory
//! goes; blocks of nodes beyond it are read again when it is known which nodes are wanted. Tags follow the OSM wiki's
//! *Key:highway*, *Key:access* and *Key:oneway* pages.

mod assemble;
mod block;
pub mod clip;
mod elements;
pub mod features;
mod frames;
mod marks;
pub mod named;
mod nodes;
mod restrictions;
mod scan;
mod tags;
#[cfg(test)]
mod tests;
mod wire;

use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;

use crate::error::{Error, Fault, Result};
use crate::units::LonLat;
use assemble::assemble;
use block::{Part, Read, decode};
use frames::{Frame, FramePlace, Frames, Unpacker};
use nodes::{NodeStore, NodeTable};
pub use restrictions::{TurnRestriction, Via};
pub use tags::Tags;

/// Memory for the nodes of a file, wanted or not: 16.7 million of them.
const NODE_BUDGET_BYTES: usize = 256 * 1024 * 1024;

/// Nodes of all ways together, so that indices fit in 32 bits.
const MAX_REFERENCES: usize = 1 << 31;

/// A way of the road network, or a ferry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoadWay {
    /// OSM id of the way.
    pub id: i64,
    /// Its run in [`OsmExtract::road_nodes`], at least two long.
    pub nodes: Range<u32>,
    /// Index of its tags in [`OsmExtract::tag_sets`].
    pub tags: u32,
}

/// A way that shows water, for the map only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaterWay {
    /// Indices of its nodes; the first equals the last where the way is an area.
    pub nodes: Vec<u32>,
    /// Whether it bounds an area of water (`natural=water`, `waterway=riverbank`), else a centre line.
    pub area: bool,
}

/// A node of a road with something on it that matters to those who pass: a barrier, a crossing, signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeMark {
    /// Index of the node.
    pub node: u32,
    /// Index of its tags in [`OsmExtract::mark_sets`].
    pub tags: u32,
}

/// What was read from an extract. A node is named by its index in [`node_ids`](Self::node_ids).
#[derive(Debug, Clone, PartialEq)]
pub struct OsmExtract {
    /// The distinct tag sets of the roads, in the order of their first use.
    pub tag_sets: Vec<Tags>,
    /// The distinct tag sets of the marks, in the order of their first use.
    pub mark_sets: Vec<Tags>,
    /// Ways of the road network with at least one node in the clip box, in file order.
    pub roads: Vec<RoadWay>,
    /// The nodes of all roads, one road after the other, without consecutive repeats.
    pub road_nodes: Vec<u32>,
    /// Water with at least one node in the clip box, in file order.
    pub water: Vec<WaterWay>,
    /// OSM ids of the nodes that roads and water use, ascending.
    pub node_ids: Vec<i64>,
    /// Where each node lies; `None` for a node that the file does not hold (cut off by the extract).
    pub places: Vec<Option<LonLat>>,
    /// Marks on nodes of roads, ascending by node, at most one a node.
    pub marks: Vec<NodeMark>,
    /// Turn restrictions whose parts are all in the extract, in file order.
    pub restrictions: Vec<TurnRestriction>,
    /// Restrictions on kept roads that are not among them: conditional, incomplete, of unknown kinds.
    pub restrictions_skipped: usize,
    /// Nodes of roads that the file does not hold.
    pub missing_nodes: usize,
}

impl OsmExtract {
    /// The nodes of a road, as indices.
    pub fn nodes_of(&self, road: &RoadWay) -> &[u32] {
        &self.road_nodes[road.nodes.start as usize..road.nodes.end as usize]
    }

    /// The tags of a road.
    pub fn tags_of(&self, road: &RoadWay) -> &Tags {
        &self.tag_sets[road.tags as usize]
    }
}

/// Reads the roads and the water that touch `clip` (west, south, east, north in degrees).
///
/// # Errors
/// The file cannot be read, is not PBF, is truncated or damaged, or holds no road within the box.
pub fn read_extract(path: &Path, clip: [f64; 4]) -> Result<OsmExtract> {
    read_within(path, clip, NODE_BUDGET_BYTES)
}

/// As [`read_extract`], with so much memory for nodes. The extract does not depend on it.
fn read_within(path: &Path, clip: [f64; 4], budget_bytes: usize) -> Result<OsmExtract> {
    let mut frames = Frames::open(path)?;
    let mut store = NodeStore::new(budget_bytes);
    let mut parts: Vec<Part> = Vec::new();
    let mut blocks = 0;
    for_each_block(
        path,
        Read::All,
        || frames.batch(),
        |at, mut part| {
            blocks += 1;
            store.add(std::mem::take(&mut part.nodes), at);
            if !part.only_nodes() {
                parts.push(part);
            }
        },
    )?;
    if blocks == 0 {
        return Err(Fault::new("osm::empty", "the file holds no data block")
            .file(path)
            .help("it is empty or not an OpenStreetMap PBF extract (.osm.pbf); fetch it again")
            .into());
    }
    if parts.iter().map(|p| p.refs.len()).sum::<usize>() > MAX_REFERENCES {
        return Err(Fault::new("osm::too-large", "the roads and the water of the file have more than 2 billion nodes")
            .file(path)
            .help("cut the file to the study area and its surroundings first, e.g. with `osmium extract`")
            .into());
    }
    let table =
        if store.later.is_empty() { store.into_table() } else { wanted_nodes(path, &mut frames, store, &parts)? };
    let any_road = parts.iter().any(|p| !p.roads.is_empty());
    let extract = assemble(parts, table, clip);
    if extract.roads.is_empty() {
        let [west, south, east, north] = clip;
        let message = if any_road {
            format!(
                "no road lies in the study area and its surroundings ({west:.3},{south:.3} to {east:.3},{north:.3})"
            )
        } else {
            "the file holds no road (no way with a `highway` tag)".to_owned()
        };
        return Err(Fault::new("osm::no-roads", message)
            .file(path)
            .help("use an OpenStreetMap extract that holds the roads of the study area")
            .into());
    }
    Ok(extract)
}

/// The nodes that ways use, where not all nodes of the file found room: their blocks are read again.
fn wanted_nodes(path: &Path, frames: &mut Frames, mut store: NodeStore, parts: &[Part]) -> Result<NodeTable> {
    let mut wanted: Vec<i64> = parts.iter().flat_map(|p| &p.refs).copied().collect();
    wanted.par_sort_unstable();
    wanted.dedup();
    let mut table = store.table_of(wanted);
    let mut later = std::mem::take(&mut store.later).into_iter();
    drop(store);
    for_each_block(path, Read::Nodes, || frames.again(&mut later), |_, part| table.place(&part.nodes))?;
    Ok(table)
}

/// Decodes the blocks of batch after batch in parallel, and hands the results over in file order.
fn for_each_block(
    path: &Path,
    read: Read,
    mut batch: impl FnMut() -> Result<Vec<Frame>, (usize, String)> + Send,
    mut take: impl FnMut(FramePlace, Part),
) -> Result<()> {
    let damaged = |(number, what)| damaged(path, number, what);
    let decoded = |frames: Vec<Frame>| -> Vec<Result<(FramePlace, Part), (usize, String)>> {
        frames
            .into_par_iter()
            .with_max_len(1)
            .map_init(Unpacker::new, |unpacker, Frame { at, bytes }| {
                let part = unpacker.unpack(&bytes).and_then(|raw| decode(raw, read));
                part.map(|part| (at, part)).map_err(|what| (at.number, what))
            })
            .collect()
    };
    let mut frames = batch().map_err(damaged)?;
    while !frames.is_empty() {
        // The next blobs are read while these are decoded.
        let (parts, next) = rayon::join(|| decoded(frames), &mut batch);
        for part in parts {
            let (at, part) = part.map_err(damaged)?;
            take(at, part);
        }
        frames = next.map_err(damaged)?;
    }
    Ok(())
}

fn damaged(path: &Path, block: usize, what: String) -> Error {
    Fault::new("osm::damaged", what)
        .file(path)
        .place(format!("data block {block}"))
        .help("the file must be a whole OpenStreetMap PBF extract (.osm.pbf); fetch it again")
        .into()
}
