//! OpenStreetMap extracts, through every reader of them.

use gandan::ingest::osm::clip::{Region, clip};
use gandan::ingest::osm::features::{TagRule, Wanted, default_site_tags, read_features, sites_from_osm};
use gandan::ingest::osm::{OsmExtract, named::ways_named, read_extract};
use gandan::network::build::build_network;
use gandan::network::modes::{SpeedSet, resolve_modes};

use super::frames::pbf_of;
use super::{Scratch, Tally, must};

/// The whole Earth: west, south, east, north in degrees.
const EVERYWHERE: [f64; 4] = [-180.0, -90.0, 180.0, 90.0];

/// A PBF file, or a `PrimitiveBlock` of one.
///
/// # Panics
/// Something that must hold does not.
pub fn pbf(scratch: &Scratch, bytes: &[u8]) -> Tally {
    let path = scratch.put("roads.osm.pbf", &pbf_of(bytes));
    let mut tally = Tally::default();
    let extract = tally.judge(read_extract(&path, EVERYWHERE));
    let readable = extract.is_some();
    if let Some(extract) = extract {
        is_sound(&extract);
        let modes = must(resolve_modes(&Default::default(), SpeedSet::default()));
        if let Some(mut network) = tally.judge(build_network(&extract, &modes)) {
            assert!(network.streets.iter().all(|s| s.length_mm >= 1), "a street without length");
            let ends = |s: &gandan::network::Street| s.from.max(s.to) as usize;
            assert!(network.streets.iter().all(|s| ends(s) < network.nodes.len()), "a street that ends nowhere");
            network.contract();
        }
    }
    let every = TagRule { key: "amenity".into(), values: Vec::new() };
    let wanted = Wanted {
        water: true,
        buildings: true,
        boundaries: (0..=12).collect(),
        relations: vec![1, 7],
        points: vec![every],
        backdrop: true,
    };
    if let Some(found) = tally.judge(read_features(&path, EVERYWHERE, &wanted)) {
        for building in &found.buildings {
            assert!(building.footprint_m2 >= 0.0, "{building:?}");
        }
        for point in &found.points {
            assert!(point.at.lon.abs() <= 180.0 && point.at.lat.abs() <= 90.0, "{point:?}");
        }
    }
    tally.judge(sites_from_osm(&path, &default_site_tags(), None));
    tally.judge(ways_named(&path, &["Đường 1".to_owned()]));
    let out = scratch.folder().join("clipped.osm.pbf");
    let region = Region::of_box([105.0, 20.0, 106.0, 22.0], 1000.0);
    if tally.judge(clip(&path, &region, &out, true)).is_some()
        && readable
        && let Err(error) = read_extract(&out, EVERYWHERE)
    {
        // What was sound stays so; that no road lies in the region is no damage.
        assert!(error.faults().iter().all(|f| f.code == "osm::no-roads"), "the clipped file: {error}");
    }
    tally
}

fn is_sound(extract: &OsmExtract) {
    let nodes = extract.node_ids.len();
    assert_eq!(extract.places.len(), nodes);
    assert!(extract.node_ids.windows(2).all(|w| w[0] < w[1]), "ids out of order");
    for road in &extract.roads {
        assert!(extract.nodes_of(road).iter().all(|&n| (n as usize) < nodes), "a road over no node");
        extract.tags_of(road);
    }
    for place in extract.places.iter().flatten() {
        assert!(place.lon.abs() <= 180.0 && place.lat.abs() <= 90.0, "{place:?}");
    }
    assert!(extract.marks.iter().all(|mark| (mark.node as usize) < nodes), "a mark on no node");
}
