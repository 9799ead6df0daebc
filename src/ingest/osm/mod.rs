//! Roads and water from an OpenStreetMap PBF extract.
//!
//! The file is read twice: first the ways that matter, then the coordinates of the nodes that those ways use. Blobs
//! are read in order and decoded in parallel, so that the result does not depend on the number of threads.
//! Tags follow the OSM wiki's *Key:highway*, *Key:access* and *Key:oneway* pages.

mod frames;

use std::path::Path;

use osmpbfreader::osmformat::{PrimitiveBlock, PrimitiveGroup};
use rayon::prelude::*;

use crate::error::{Error, Fault, Result};
use crate::units::LonLat;
use frames::Frames;

/// Blobs decoded at once: bounds the memory of a read to this many blocks.
const BATCH: usize = 32;

/// A way of the road network, or a ferry, with the tags that travel depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoadWay {
    /// OSM id of the way.
    pub id: i64,
    /// OSM ids of its nodes, in order, at least two.
    pub nodes: Vec<i64>,
    /// The value of `highway`, or `ferry`.
    pub class: String,
    /// The other tags that matter to some mode, in file order.
    pub tags: Vec<(String, String)>,
}

impl RoadWay {
    /// The value of a tag.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }
}

/// A way that shows water, for the map only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaterWay {
    /// OSM ids of its nodes; the first equals the last where the way is an area.
    pub nodes: Vec<i64>,
    /// Whether it bounds an area of water (`natural=water`, `waterway=riverbank`), else a centre line.
    pub area: bool,
}

/// Coordinates of the used nodes.
#[derive(Debug, Default)]
pub struct NodeTable {
    ids: Vec<i64>,
    places: Vec<Option<LonLat>>,
}

impl NodeTable {
    /// Where a node lies; `None` for a node that no kept way uses, or that the file does not hold.
    pub fn get(&self, id: i64) -> Option<LonLat> {
        self.ids.binary_search(&id).ok().and_then(|i| self.places[i])
    }
}

/// What was read from an extract.
#[derive(Debug)]
pub struct OsmExtract {
    /// Ways of the road network with at least one node in the clip box.
    pub roads: Vec<RoadWay>,
    /// Water with at least one node in the clip box.
    pub water: Vec<WaterWay>,
    /// Coordinates of their nodes.
    pub nodes: NodeTable,
    /// Nodes that kept ways name but the file does not hold (cut off by the extract).
    pub missing_nodes: usize,
}

/// Keys kept with a road; every other tag is dropped while decoding.
const KEPT_KEYS: &[&str] = &[
    "access",
    "vehicle",
    "motor_vehicle",
    "motorcycle",
    "motorcar",
    "bicycle",
    "foot",
    "oneway",
    "oneway:bicycle",
    "oneway:motorcycle",
    "junction",
    "maxspeed",
    "motorroad",
    "service",
    "surface",
    "bridge",
    "tunnel",
    "name",
    "lanes",
    "duration",
    "area",
];

/// Reads the roads and the water that touch `clip` (west, south, east, north in degrees).
///
/// # Errors
/// The file cannot be read, is not PBF, is truncated or damaged, or holds no road within the box.
pub fn read_extract(path: &Path, clip: [f64; 4]) -> Result<OsmExtract> {
    let mut roads = Vec::new();
    let mut water = Vec::new();
    for_each_block(
        path,
        |block| decode_ways(block).map_err(str::to_owned),
        |(r, w)| {
            roads.extend(r);
            water.extend(w);
        },
    )?;

    let mut ids: Vec<i64> = roads.iter().flat_map(|w: &RoadWay| w.nodes.iter().copied()).collect();
    ids.extend(water.iter().flat_map(|w: &WaterWay| w.nodes.iter().copied()));
    ids.par_sort_unstable();
    ids.dedup();
    let mut places = vec![None; ids.len()];
    for_each_block(
        path,
        |block| Ok(decode_nodes(block, &ids)),
        |found| {
            for (i, place) in found {
                places[i] = Some(place);
            }
        },
    )?;
    let nodes = NodeTable { ids, places };

    let [west, south, east, north] = clip;
    let inside =
        |id: &i64| nodes.get(*id).is_some_and(|p| p.lon >= west && p.lon <= east && p.lat >= south && p.lat <= north);
    let any_road = !roads.is_empty();
    roads.retain(|w: &RoadWay| w.nodes.iter().any(inside));
    water.retain(|w: &WaterWay| w.nodes.iter().any(inside));
    if roads.is_empty() {
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
    let missing_nodes = roads.iter().flat_map(|w| &w.nodes).filter(|&&id| nodes.get(id).is_none()).count();
    Ok(OsmExtract { roads, water, nodes, missing_nodes })
}

/// Decodes every data block in parallel and hands the results over in file order.
fn for_each_block<T: Send>(
    path: &Path,
    decode: impl Fn(&PrimitiveBlock) -> Result<T, String> + Sync,
    mut take: impl FnMut(T),
) -> Result<()> {
    let mut frames = Frames::open(path)?;
    let mut block_number = 0;
    loop {
        let mut batch = Vec::with_capacity(BATCH);
        while batch.len() < BATCH {
            let blob = frames.next_data().map_err(|what| damaged(path, block_number + batch.len(), &what))?;
            let Some(blob) = blob else { break };
            batch.push(blob);
        }
        if batch.is_empty() {
            break;
        }
        let decoded: Vec<Result<T, String>> =
            batch.into_par_iter().map(|blob| frames::block(blob).and_then(|block| decode(&block))).collect();
        for result in decoded {
            take(result.map_err(|what| damaged(path, block_number, &what))?);
            block_number += 1;
        }
    }
    if block_number == 0 {
        return Err(Fault::new("osm::empty", "the file holds no data block")
            .file(path)
            .help("it is empty or not an OpenStreetMap PBF extract (.osm.pbf); fetch it again")
            .into());
    }
    Ok(())
}

fn damaged(path: &Path, block: usize, what: &str) -> Error {
    Fault::new("osm::damaged", what)
        .file(path)
        .place(format!("data block {}", block + 1))
        .help("the file must be a whole OpenStreetMap PBF extract (.osm.pbf); fetch it again")
        .into()
}

type Ways = (Vec<RoadWay>, Vec<WaterWay>);

fn decode_ways(block: &PrimitiveBlock) -> Result<Ways, &'static str> {
    let strings = &block.stringtable.s;
    let text = |i: u32| -> Result<&str, &'static str> {
        let bytes = strings.get(i as usize).ok_or("a tag points outside its string table")?;
        std::str::from_utf8(bytes).map_err(|_| "a tag is not UTF-8")
    };
    let (mut roads, mut water) = (Vec::new(), Vec::new());
    for way in block.primitivegroup.iter().flat_map(|g: &PrimitiveGroup| &g.ways) {
        let (mut highway, mut ferry, mut area_water, mut line_water) = (None, false, false, false);
        for (&k, &v) in way.keys.iter().zip(&way.vals) {
            match (text(k)?, text(v)?) {
                ("highway", class) => highway = Some(class),
                ("route", "ferry") => ferry = true,
                ("natural", "water") | ("waterway", "riverbank") => area_water = true,
                ("waterway", "river" | "canal") => line_water = true,
                _ => {}
            }
        }
        let class = highway.or(ferry.then_some("ferry"));
        if class.is_none() && !area_water && !line_water {
            continue;
        }
        let mut id = 0_i64;
        let mut nodes: Vec<i64> = Vec::with_capacity(way.refs.len());
        for delta in &way.refs {
            id = id.checked_add(*delta).ok_or("a way's node ids overflow")?;
            // A node named twice in a row adds no road.
            if nodes.last() != Some(&id) {
                nodes.push(id);
            }
        }
        if nodes.len() < 2 {
            continue;
        }
        if let Some(class) = class {
            let mut tags = Vec::new();
            for (&k, &v) in way.keys.iter().zip(&way.vals) {
                let (k, v) = (text(k)?, text(v)?);
                if KEPT_KEYS.contains(&k) {
                    tags.push((k.to_owned(), v.to_owned()));
                }
            }
            roads.push(RoadWay { id: way.id(), nodes, class: class.to_owned(), tags });
        } else {
            let closed = nodes.first() == nodes.last() && nodes.len() >= 4;
            if closed || line_water {
                water.push(WaterWay { nodes, area: area_water && closed });
            }
        }
    }
    Ok((roads, water))
}

/// The nodes of a block that are among the sorted `wanted` ids, as (index in `wanted`, place).
fn decode_nodes(block: &PrimitiveBlock, wanted: &[i64]) -> Vec<(usize, LonLat)> {
    let granularity = i64::from(block.granularity());
    let (lon_offset, lat_offset) = (block.lon_offset(), block.lat_offset());
    let degrees = |offset: i64, value: i64| {
        // Nanodegrees, rounded to OSM's own resolution of 1e-7 degree.
        let nano = offset.wrapping_add(granularity.wrapping_mul(value));
        (nano as f64 / 100.0).round() / 1e7
    };
    let mut found = Vec::new();
    let mut keep = |id: i64, lon: i64, lat: i64| {
        if let Ok(i) = wanted.binary_search(&id) {
            let place = LonLat { lon: degrees(lon_offset, lon), lat: degrees(lat_offset, lat) };
            if place.lon.abs() <= 180.0 && place.lat.abs() <= 90.0 {
                found.push((i, place));
            }
        }
    };
    for group in &block.primitivegroup {
        for node in &group.nodes {
            keep(node.id(), node.lon(), node.lat());
        }
        let dense = &group.dense;
        let (mut id, mut lat, mut lon) = (0_i64, 0_i64, 0_i64);
        for ((did, dlat), dlon) in dense.id.iter().zip(&dense.lat).zip(&dense.lon) {
            id = id.wrapping_add(*did);
            lat = lat.wrapping_add(*dlat);
            lon = lon.wrapping_add(*dlon);
            keep(id, lon, lat);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Draw;

    fn demo() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo/roads.osm.pbf")
    }

    #[test]
    fn only_what_touches_the_box_is_kept() {
        let everywhere = read_extract(&demo(), [-180.0, -90.0, 180.0, 90.0]).unwrap();
        // West of 105.5 °E lies less than half of the demo city.
        let west = read_extract(&demo(), [105.0, 20.0, 105.5, 22.0]).unwrap();
        assert!(west.roads.len() * 2 < everywhere.roads.len() && !west.roads.is_empty());
        let touches = |w: &RoadWay| w.nodes.iter().filter_map(|&id| west.nodes.get(id)).any(|p| p.lon <= 105.5);
        assert!(west.roads.iter().all(touches));
        let nowhere = read_extract(&demo(), [0.0, 0.0, 1.0, 1.0]).unwrap_err();
        assert_eq!(nowhere.faults()[0].code, "osm::no-roads");
    }

    #[test]
    fn damaged_bytes_are_read_or_refused_but_never_panic() {
        let whole = std::fs::read(demo()).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut refused = 0;
        for seed in 0..120 {
            let mut draw = Draw::new(seed);
            let mut damaged = whole.clone();
            // The first frames hold most of the structure: half of the damage goes there.
            let reach = if seed % 2 == 0 { 400 } else { damaged.len() };
            let at = draw.below(reach);
            damaged[at] ^= 1 << draw.below(8);
            std::fs::write(file.path(), &damaged).unwrap();
            let result = std::panic::catch_unwind(|| read_extract(file.path(), [-180.0, -90.0, 180.0, 90.0]));
            let read = result.unwrap_or_else(|_| panic!("seed {seed}: bit flipped at {at} makes the reader panic"));
            refused += usize::from(read.is_err());
        }
        assert!(refused > 60, "{refused} of 120 refused");
    }
}
