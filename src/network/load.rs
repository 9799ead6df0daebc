//! The network of a file of roads: from the cache, or read and built.

use std::path::Path;

use super::build::build_network;
use super::cache::{Cache, Key, Roads};
use super::{Mode, Network};
use crate::error::Result;
use crate::ingest::osm::{OsmExtract, WaterWay, read_extract};
use crate::memory::{BASE_BYTES, Estimate, resident_bytes};
use crate::stages::Stages;
use crate::units::{EARTH_RADIUS_M, LonLat, TravelTime};

/// Loads the roads within `clip` (west, south, east, north in degrees) as a network for the modes, with hierarchies if
/// they pay for so many sites.
///
/// # Errors
/// The file cannot be read or is damaged, no road lies in the box, or none is open to a mode.
pub fn load_roads(
    file: &Path,
    clip: [f64; 4],
    modes: &[Mode],
    sites: usize,
    cache: Option<&Cache>,
    stages: &mut Stages,
) -> Result<Roads> {
    let size =
        |n: &Network| format!("{} junctions, {} streets, {:.0} km", n.nodes.len(), n.streets.len(), n.length_km());
    let mut key = None;
    if let Some(cache) = cache {
        let look = || {
            let made = Key::new(file, clip, modes)?;
            let roads = cache.load(&made);
            key = Some((cache, made));
            Ok(roads)
        };
        let found = |roads: &Option<Roads>| match roads {
            Some(roads) => format!("{}, from an earlier run", size(&roads.network)),
            None => "this network has not been built before".to_owned(),
        };
        let mut roads = stages.run("look for network", look, found)?;
        if let Some(roads) = roads.as_mut().filter(|r| r.network.hierarchies.is_empty()) {
            contract(&mut roads.network, sites, stages)?;
            if !roads.network.hierarchies.is_empty() {
                keep(key.as_ref(), roads, stages)?;
            }
        }
        if let Some(roads) = roads {
            return Ok(roads);
        }
    }
    let extract = stages.run(
        "read roads",
        || read_extract(file, clip),
        |e: &OsmExtract| format!("{} ways, {} water shapes", e.roads.len(), e.water.len()),
    )?;
    stages.expect_memory(|| of_extract(&extract, modes.len()))?;
    let network = stages.run("build network", || build_network(&extract, modes), size)?;
    let mut roads = Roads { network, water: water_shapes(&extract) };
    drop(extract);
    contract(&mut roads.network, sites, stages)?;
    keep(key.as_ref(), &roads, stages)?;
    Ok(roads)
}

/// Bytes of a network for each node of its roads and mode, at the worst moment: with its hierarchies, while it is written
/// down for later runs.
const NODE_BYTES: u64 = 150;

/// What building a network takes, from what was read of its roads.
fn of_extract(extract: &OsmExtract, modes: usize) -> Estimate {
    let nodes = extract.road_nodes.len() as u64;
    let before = resident_bytes().unwrap_or(BASE_BYTES);
    let mut estimate = Estimate::default();
    estimate.add("read roads", before, "so far".into());
    let bytes = before + nodes * NODE_BYTES * modes as u64;
    estimate.add("build network", bytes, format!("{nodes} nodes of roads, {modes} modes"));
    estimate
}

/// A box (west, south, east, north in degrees) widened by what the fastest mode rides within a time, so that detours
/// outside count.
pub fn reach_box(inner: [f64; 4], modes: &[Mode], longest: TravelTime) -> [f64; 4] {
    let fastest_kmh = modes.iter().map(Mode::fastest_kmh).fold(0.0, f64::max);
    let reach_m = fastest_kmh / 3.6 * longest.seconds();
    let [west, south, east, north] = inner;
    let lat = reach_m / EARTH_RADIUS_M.to_radians();
    let lon = lat / south.abs().max(north.abs()).min(89.0).to_radians().cos();
    [west - lon, south - lat, east + lon, north + lat]
}

fn contract(network: &mut Network, sites: usize, stages: &mut Stages) -> Result<()> {
    if !network.contraction_pays(sites) {
        return Ok(());
    }
    stages.run(
        "contract network",
        || {
            network.contract();
            Ok(network.hierarchies.iter().map(|h| h.arcs()).sum::<usize>())
        },
        |arcs| format!("{arcs} arcs in hierarchies"),
    )?;
    Ok(())
}

/// Keeps a network for later runs. A cache that cannot be written is told of and otherwise ignored.
fn keep(key: Option<&(&Cache, Key)>, roads: &Roads, stages: &mut Stages) -> Result<()> {
    let Some((cache, key)) = key else { return Ok(()) };
    stages.run(
        "keep network",
        || Ok(cache.store(key, roads).err()),
        |error| match error {
            None => "for later runs".to_owned(),
            Some(error) => format!("not kept: {error}"),
        },
    )?;
    Ok(())
}

fn water_shapes(extract: &OsmExtract) -> Vec<(Vec<LonLat>, bool)> {
    let shape = |w: &WaterWay| -> (Vec<LonLat>, bool) {
        (w.nodes.iter().filter_map(|&n| extract.places[n as usize]).collect(), w.area)
    };
    extract.water.iter().map(shape).filter(|(points, area)| points.len() >= if *area { 4 } else { 2 }).collect()
}
