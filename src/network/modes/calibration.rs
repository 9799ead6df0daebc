//! The computation behind the shipped speeds: trips over the real roads of Hà Nội's core, timed with the very rules of
//! this folder, average what was measured on the street. Skipped where the data are not at hand.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::path::{Path, PathBuf};

use osmpbfreader::{OsmObj, OsmPbfReader};

use super::{Mode, Passing, SpeedSet, resolve_modes};
use crate::ingest::osm::Tags;
use crate::network::urban::{UrbanGrid, counts};
use crate::testkit::Draw;
use crate::units::LonLat;

const TRIPS: usize = 150;

/// What was lost at a node, for the count of stops along a trip.
#[derive(Clone, Copy, Default, PartialEq)]
enum Stop {
    #[default]
    Nothing,
    Signals,
    SignalledCrossing,
}

struct Roads {
    places: Vec<LonLat>,
    nodes: Vec<Tags>,
    stops: Vec<Stop>,
    /// Tags, node indices, built-up surroundings by piece.
    ways: Vec<(Tags, Vec<u32>, bool)>,
    grid: UrbanGrid,
}

/// The shared file, or `None` with the reason printed.
#[allow(clippy::print_stderr)]
fn shared(file: &str) -> Option<PathBuf> {
    let root = std::env::var_os("GANDAN_SHARED").map_or_else(|| Path::new("../shared").to_owned(), PathBuf::from);
    let path = root.join("data").join(file);
    if !path.exists() {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

#[allow(clippy::print_stderr)]
fn read(path: &Path) -> Roads {
    let text =
        |class: &str, tags: &osmpbfreader::Tags| Tags::new(class, tags.iter().map(|(k, v)| (k.as_str(), v.as_str())));
    let mut reader = OsmPbfReader::new(std::fs::File::open(path).unwrap());
    let (mut index, mut places, mut nodes) = (HashMap::new(), Vec::new(), Vec::new());
    let mut ways = Vec::new();
    for object in reader.iter().map(Result::unwrap) {
        match object {
            OsmObj::Node(node) => {
                index.insert(node.id, places.len() as u32);
                places.push(LonLat { lon: node.lon(), lat: node.lat() });
                nodes.push(text("", &node.tags));
            }
            OsmObj::Way(way) => {
                let Some(class) = way.tags.get("highway") else { continue };
                let refs: Vec<u32> = way.nodes.iter().filter_map(|id| index.get(id).copied()).collect();
                ways.push((text(class, &way.tags), refs));
            }
            OsmObj::Relation(_) => {}
        }
    }
    let middle = |a: LonLat, b: LonLat| LonLat { lon: f64::midpoint(a.lon, b.lon), lat: f64::midpoint(a.lat, b.lat) };
    let ends = |p: &[u32]| (places[p[0] as usize], places[p[1] as usize]);
    let counted = ways.iter().filter(|(tags, _)| counts(&tags.class));
    let pieces: Vec<(LonLat, f64)> =
        counted.flat_map(|(_, refs)| refs.windows(2).map(ends).map(|(a, b)| (middle(a, b), a.metres_to(b)))).collect();
    let started = std::time::Instant::now();
    let grid = UrbanGrid::new(pieces.iter().copied());
    eprintln!("surroundings of {} pieces of road in {:?}", pieces.len(), started.elapsed());
    let ways = ways
        .into_iter()
        .filter(|(_, refs)| refs.len() > 1)
        .map(|(tags, refs)| {
            let urban = grid.urban(&tags, places[refs[refs.len() / 2] as usize]);
            (tags, refs, urban)
        })
        .collect();
    let stops = nodes
        .iter()
        .map(|tags| match (tags.get("highway"), tags.get("crossing")) {
            (Some("traffic_signals"), _) => Stop::Signals,
            (_, Some("traffic_signals")) => Stop::SignalledCrossing,
            _ => Stop::Nothing,
        })
        .collect();
    Roads { places, nodes, stops, ways, grid }
}

/// An arc: its end, milliseconds on the link, milliseconds lost at its end, millimetres, whether it is built up.
type Arc = (u32, u32, u32, u32, bool);

fn arcs(roads: &Roads, mode: &Mode) -> Vec<Vec<Arc>> {
    let mut out = vec![Vec::new(); roads.places.len()];
    let passing: Vec<Passing> = roads.nodes.iter().map(|tags| mode.passing(tags)).collect();
    for (tags, refs, urban) in &roads.ways {
        let Some(u) = mode.use_of(tags, *urban) else { continue };
        let lengths: Vec<u32> =
            refs.windows(2).map(|p| roads.places[p[0] as usize].distance(roads.places[p[1] as usize]).0).collect();
        let whole = lengths.iter().map(|l| u64::from(*l)).sum();
        for (pair, length) in refs.windows(2).zip(lengths) {
            let mut add = |from: u32, to: u32, pace: super::Pace, ahead: bool| {
                if let Passing::Delay { forward_ms, backward_ms } = passing[to as usize] {
                    let lost = if ahead { forward_ms } else { backward_ms };
                    out[from as usize].push((to, pace.travel_ms(length, whole), lost, length, *urban));
                }
            };
            if let Some(pace) = u.forward {
                add(pair[0], pair[1], pace, true);
            }
            if let Some(pace) = u.backward {
                add(pair[1], pair[0], pace, false);
            }
        }
    }
    out
}

/// What a set of trips adds up to.
#[derive(Debug, Default)]
struct Sum {
    trips: usize,
    km: f64,
    urban_km: f64,
    hours: f64,
    lost_hours: f64,
    signals: usize,
    signalled_crossings: usize,
    /// Signals and signalled crossings less than 60 m apart along the trip, taken as one junction, where at least one
    /// is a signal.
    junctions: usize,
}

/// Fastest trips between random junction pairs 1 to 6 km apart, the same pairs for every mode and set.
fn trips(roads: &Roads, mode: &Mode) -> Sum {
    let arcs = arcs(roads, mode);
    let mut draw = Draw::new(20_402);
    let mut sum = Sum::default();
    for _ in 0..TRIPS * 10 {
        let (from, to) = (draw.below(arcs.len()), draw.below(arcs.len()));
        let apart = roads.places[from].metres_to(roads.places[to]);
        if sum.trips < TRIPS && (1_000.0..6_000.0).contains(&apart) {
            search(roads, &arcs, from as u32, to as u32, &mut sum);
        }
    }
    sum
}

fn search(roads: &Roads, arcs: &[Vec<Arc>], from: u32, to: u32, sum: &mut Sum) {
    let mut best = vec![u32::MAX; arcs.len()];
    let mut came = vec![None; arcs.len()];
    let mut queue = BinaryHeap::from([Reverse((0_u32, from))]);
    best[from as usize] = 0;
    while let Some(Reverse((ms, node))) = queue.pop() {
        if node == to {
            break;
        }
        if ms > best[node as usize] {
            continue;
        }
        for arc in &arcs[node as usize] {
            let at = ms + arc.1 + arc.2;
            if at < best[arc.0 as usize] {
                best[arc.0 as usize] = at;
                came[arc.0 as usize] = Some((node, *arc));
                queue.push(Reverse((at, arc.0)));
            }
        }
    }
    if best[to as usize] == u32::MAX {
        return;
    }
    sum.trips += 1;
    sum.hours += f64::from(best[to as usize]) / 3.6e6;
    let mut node = to;
    // Metres since the last stop, and whether the junction it belongs to has been counted.
    let (mut since_m, mut counted) = (f64::MAX, false);
    while let Some((before, arc)) = came[node as usize] {
        if roads.stops[node as usize] != Stop::Nothing {
            counted &= since_m < 60.0;
            since_m = 0.0;
            if roads.stops[node as usize] == Stop::Signals {
                sum.signals += usize::from(arc.2 > 0);
                sum.junctions += usize::from(!counted && arc.2 > 0);
                counted |= arc.2 > 0;
            } else {
                sum.signalled_crossings += 1;
            }
        }
        since_m += f64::from(arc.3) / 1e3;
        sum.km += f64::from(arc.3) / 1e6;
        sum.urban_km += if arc.4 { f64::from(arc.3) / 1e6 } else { 0.0 };
        sum.lost_hours += f64::from(arc.2) / 3.6e6;
        node = before;
    }
}

#[test]
#[allow(clippy::print_stderr)]
fn trips_in_the_core_average_what_was_measured() {
    let Some(path) = shared("hanoi/roads-core-13-districts.osm.pbf") else { return };
    let roads = read(&path);
    let mut speeds = BTreeMap::new();
    eprintln!(
        "| mode | set | km/h | km a trip | built up | time lost at nodes | per km: signalled junctions | signals | signalled crossings |"
    );
    for set in [SpeedSet::Average, SpeedSet::OffPeak, SpeedSet::Peak, SpeedSet::Rain] {
        for mode in resolve_modes(&BTreeMap::new(), set).unwrap() {
            let s = trips(&roads, &mode);
            eprintln!(
                "| {} | {set:?} | {:.2} | {:.1} | {:.0} % | {:.1} % | {:.2} | {:.2} | {:.2} |",
                mode.id,
                s.km / s.hours,
                s.km / s.trips as f64,
                100.0 * s.urban_km / s.km,
                100.0 * s.lost_hours / s.hours,
                s.junctions as f64 / s.km,
                s.signals as f64 / s.km,
                s.signalled_crossings as f64 / s.km,
            );
            assert_eq!(s.trips, TRIPS, "{}", mode.id);
            speeds.insert((mode.id, set), s.km / s.hours);
        }
    }
    let of = |id: &str, set| speeds[&(id.to_owned(), set)];
    // Measured: 20.4 km/h, the mean of the Hà Nội motorcycle driving cycle.
    let average = of("motorcycle", SpeedSet::Average);
    assert!((average - 20.4).abs() < 0.2, "{average}");
    for id in ["motorcycle", "car", "bicycle", "foot"] {
        let sets = [SpeedSet::OffPeak, SpeedSet::Average, SpeedSet::Peak].map(|set| of(id, set));
        assert!(sets.is_sorted_by(|a, b| a >= b), "{id}: {sets:?}");
        assert!(of(id, SpeedSet::Rain) < of(id, SpeedSet::Average), "{id}");
    }
}

#[test]
#[allow(clippy::print_stderr)]
fn the_city_is_built_up_with_its_river_and_its_fringe_is_not() {
    let Some(path) = shared("hanoi/roads-core-13-districts.osm.pbf") else { return };
    let grid = read(&path).grid;
    for (place, lon, lat, urban) in [
        ("Hoàn Kiếm lake", 105.8522, 21.0285, true),
        ("Long Biên bridge", 105.8590, 21.0437, true),
        ("Chương Dương bridge", 105.8620, 21.0345, true),
        ("Vĩnh Tuy bridge", 105.8790, 21.0080, true),
        ("Thanh Trì bridge, at the edge", 105.8990, 20.9930, false),
        ("Nhật Tân bridge, at the edge", 105.8215, 21.0930, false),
        ("Thăng Long bridge, at the edge", 105.7835, 21.0990, false),
        ("bank of the Red River, Vạn Phúc", 105.9050, 20.9250, false),
    ] {
        assert_eq!(grid.urban_at(LonLat { lon, lat }), urban, "{place}");
    }
}
