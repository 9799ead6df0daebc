//! Every call of gandan that the comparison makes, so that a change of gandan's API is a change of this file only.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use gandan::access::batch::{Batch, LANES, within};
use gandan::access::isochrone::{Canvas, GRID_M, Scratch};
use gandan::access::legs::Legs;
use gandan::access::search::{Search, nearest_site};
use gandan::access::{Leg, cover};
use gandan::ingest::osm::{OsmExtract, read_extract};
use gandan::network::build::build_network;
use gandan::network::hierarchy::FAR_MS;
use gandan::network::modes::{Pace, SpeedSet, resolve_modes};
use gandan::network::{CLOSED, Mode, NO_PART, Network, Snap, Snapper};
use gandan::units::{Distance, LonLat, TravelTime};
use geo::MultiPolygon;

/// Walking pace of the access legs, in km/h.
pub const WALK_KMH: f64 = 4.8;
/// Farthest snap, in metres.
pub const SNAP_LIMIT_M: f64 = 500.0;
/// A cut-off that nothing within a city exceeds, in milliseconds.
pub const NO_CUTOFF_MS: u32 = CLOSED - 1;

/// The shipped modes; the motorcycle is the first.
pub fn modes() -> Vec<Mode> {
    resolve_modes(&BTreeMap::new(), SpeedSet::Average).expect("shipped modes")
}

/// The modes as other engines can follow them: no delays at nodes, the same speeds in town and country.
pub fn plain_modes() -> Vec<Mode> {
    let plain = |mut mode: Mode| {
        let settings = &mut mode.settings;
        settings.rural_kmh = settings.urban_kmh.clone();
        settings.delays_s = Default::default();
        mode
    };
    modes().into_iter().map(plain).collect()
}

/// Leaves out what other engines are not told: turn restrictions, and what stands on nodes.
pub fn plain(mut extract: OsmExtract) -> OsmExtract {
    extract.marks.clear();
    extract.restrictions.clear();
    extract
}

/// Reads an extract whole.
pub fn read(pbf: &Path) -> OsmExtract {
    read_extract(pbf, [-180.0, -90.0, 180.0, 90.0]).expect("a readable extract")
}

/// Builds the network of some modes.
pub fn build(extract: &OsmExtract, modes: &[Mode]) -> Network {
    build_network(extract, modes).expect("roads open to every mode")
}

/// OSM id of each road that a mode may use, with its speeds in km/h along and against its nodes (0: closed, or a ferry,
/// which has a time and no speed).
pub fn way_speeds(extract: &OsmExtract, mode: &Mode) -> Vec<(i64, f64, f64)> {
    let kmh = |pace| if let Some(Pace::Kmh(kmh)) = pace { kmh } else { 0.0 };
    let speeds = |way| -> Option<(i64, f64, f64)> {
        let open = mode.use_of(extract.tags_of(way), true)?;
        Some((way.id, kmh(open.forward), kmh(open.backward)))
    };
    extract.roads.iter().filter_map(speeds).collect()
}

/// Arcs of a mode in the direction of travel: from, to, milliseconds; ordered by `from`.
pub fn travel_arcs(network: &Network, mode: usize) -> Vec<(u32, u32, u32)> {
    let reversed = &network.modes[mode].reversed;
    let mut arcs = Vec::new();
    for to in 0..reversed.node_count() as u32 {
        for (&from, &ms) in reversed.neighbors_slice(to).iter().zip(reversed.edges_slice(to)) {
            arcs.push((from, to, ms));
        }
    }
    arcs.sort_unstable();
    arcs
}

/// Whether a junction is one node for every mode.
pub fn is_whole(network: &Network, junction: u32) -> bool {
    network.modes.iter().all(|graph| {
        let mut nodes = 0;
        graph.turns.for_each_beginning(junction, 0, |_| nodes += 1);
        nodes == 1
    })
}

/// Whether each junction lies in some part of the mode's network.
pub fn main_component(network: &Network, mode: usize) -> Vec<bool> {
    network.modes[mode].part.iter().map(|&part| part != NO_PART).collect()
}

/// Bytes of the routable graph of one mode, by part, counted from the lengths of the arrays. The hierarchy is what the
/// sweeps search instead.
pub fn graph_bytes(network: &Network, mode: usize) -> [(&'static str, usize); 4] {
    let (streets, graphs) = network.bytes();
    let places = size_of_val(&network.points[..]) + size_of_val(&network.nodes[..]);
    [
        ("arcs, times along streets, delays, parts", graphs[mode]),
        ("streets", streets - places),
        ("shapes and junctions", places),
        ("hierarchy (not counted)", network.hierarchies.get(mode).map_or(0, |h| h.bytes())),
    ]
}

/// Makes the hierarchy.
pub fn contract(network: &mut Network) {
    network.hierarchies.clear();
    network.contract();
}

/// The index for snapping.
pub fn snapper(network: &Network) -> Snapper<'_> {
    Snapper::new(network)
}

/// Hangs places on the roads of a mode; `None` for those too far from any.
pub fn hang(network: &Network, snapper: &Snapper, mode: usize, places: &[LonLat]) -> Vec<Option<Leg>> {
    Legs::new(network, snapper, places, Distance::from_metres(SNAP_LIMIT_M), WALK_KMH).bare(mode)
}

/// A place that is a junction itself: no walk. `street` is the number of a street that is not there, another for each
/// kind of place, since places of one street are ridden to along it.
pub fn at_junction(node: u32, street: u32) -> Leg {
    Leg {
        street,
        start: node,
        end: node,
        offset_mm: 0,
        access_ms: 0,
        from_start_ms: 0,
        to_end_ms: 0,
        from_end_ms: 0,
        to_start_ms: 0,
    }
}

/// A point on a street open to the mode, its share along it, with the leg of someone who stands there.
pub fn on_street(network: &Network, mode: usize, street: usize, share: f64) -> Option<(LonLat, Leg)> {
    let graph = &network.modes[mode];
    let s = &network.streets[street];
    if graph.forward_ms[street] == CLOSED && graph.backward_ms[street] == CLOSED {
        return None;
    }
    let shape = network.shape(s);
    let mut left = share * shape.windows(2).map(|p| p[0].metres_to(p[1])).sum::<f64>();
    let mut at = shape[0];
    for pair in shape.windows(2) {
        let metres = pair[0].metres_to(pair[1]);
        let part = if metres > 0.0 { (left / metres).clamp(0.0, 1.0) } else { 0.0 };
        at = LonLat {
            lon: pair[0].lon + (pair[1].lon - pair[0].lon) * part,
            lat: pair[0].lat + (pair[1].lat - pair[0].lat) * part,
        };
        left -= metres;
        if left <= 0.0 {
            break;
        }
    }
    let offset_mm = ((share * f64::from(s.length_mm)) as u32).min(s.length_mm);
    let snap = Snap { street: street as u32, offset_mm, access: Distance(0), at };
    Some((at, Leg::new(network, graph, &snap, WALK_KMH)))
}

/// Searches from each site in turn and hands over the search, which answers `node_ms`, `reached` and `place_ms`.
pub fn for_each_site(
    network: &Network,
    mode: usize,
    sites: &[Leg],
    cutoff_ms: u32,
    search: &mut Search,
    mut done: impl FnMut(usize, &Search),
) {
    for (i, &site) in sites.iter().enumerate() {
        search.run(&network.modes[mode], &[site], cutoff_ms);
        done(i, search);
    }
}

/// Sweeps from all sites, in batches of near ones; counts the junctions within the cut-off of each.
pub fn sweep_sites(network: &Network, mode: usize, sites: &[Leg], cutoff_ms: u32, batch: &mut Batch) -> usize {
    let hierarchy = network.hierarchies.get(mode);
    let junctions = network.nodes.len() as u32;
    // Junctions are numbered along a curve; as in `cover_sets`.
    let mut sites = sites.to_vec();
    sites.sort_by_key(|site| site.start);
    let cutoff = cutoff_ms.min(FAR_MS as u32 - 1) as i32;
    let mut reached = [0_u32; LANES];
    for chunk in sites.chunks(LANES) {
        batch.run(&network.modes[mode], hierarchy, chunk, cutoff_ms);
        batch.for_each_near(hierarchy, |node, times| {
            if node < junctions {
                for (count, &ms) in reached.iter_mut().zip(times) {
                    *count += u32::from(ms <= cutoff);
                }
            }
        });
    }
    reached.iter().map(|&n| n as usize).sum()
}

/// Times of every node to each site by sweeps, without a cut-off, as `done(site, times)`.
pub fn swept_times(
    network: &Network,
    mode: usize,
    sites: &[Leg],
    mut done: impl FnMut(usize, &mut dyn Iterator<Item = u32>),
) {
    let hierarchy = network.hierarchies.get(mode);
    let nodes = network.modes[mode].reversed.node_count() as u32;
    let mut batch = Batch::default();
    for (b, chunk) in sites.chunks(LANES).enumerate() {
        batch.run(&network.modes[mode], hierarchy, chunk, NO_CUTOFF_MS);
        for lane in 0..chunk.len() {
            let times = (0..nodes).map(|node| within(batch.node(hierarchy, node)[lane], NO_CUTOFF_MS));
            done(b * LANES + lane, &mut { times });
        }
    }
}

/// Nearest of some sites for every junction: index of the site and time.
pub fn nearest_of(network: &Network, mode: usize, sites: &[Leg], junctions: &[Option<Leg>]) -> Vec<Option<(u32, u32)>> {
    let sites: Vec<(u32, Leg)> = sites.iter().enumerate().map(|(i, &leg)| (i as u32, leg)).collect();
    nearest_site(&network.modes[mode], &sites, junctions)
}

/// Sites × cells within a time, walks included, of a network of one mode: (pairs, sum of their milliseconds).
pub fn cover(
    network: &Network,
    cells: (&[LonLat], Vec<Option<Leg>>),
    sites: (&[LonLat], Vec<Option<Leg>>),
    cutoff_ms: u32,
) -> (usize, u64) {
    let standard = cover::Standard { cutoff: TravelTime(cutoff_ms), radius: Distance(0), rule: cover::Rule::Time };
    let sets = cover::cover_sets(
        network,
        &cover::Hung { places: cells.0, legs: &[cells.1] },
        &cover::Hung { places: sites.0, legs: &[sites.1] },
        &standard,
    )
    .expect("nobody stops it");
    let total = (0..sets.rows()).flat_map(|row| sets.row(row)).map(|p| u64::from(p.travel_time_ms)).sum();
    (sets.pairs(), total)
}

/// Polygons of some bands (ascending minutes) around one site.
pub fn isochrones(
    network: &Network,
    canvas: &Canvas,
    mode: usize,
    site: Leg,
    minutes: &[f64],
    (search, scratch): &mut (Search, Scratch),
) -> Vec<MultiPolygon<f64>> {
    let bands: Vec<TravelTime> = minutes.iter().map(|&m| TravelTime::from_minutes(m)).collect();
    canvas.isochrones(network, &network.modes[mode], &[site], &bands, search, scratch).expect("isochrones")
}

/// What isochrones are drawn on, made once for a network.
pub fn canvas(network: &Network) -> Canvas {
    Canvas::new(network, GRID_M).expect("a network that fits on a canvas")
}

/// A stretch ridden on a trip: OSM id of its way, whether it is a bridge, metres, milliseconds.
pub type Ridden = (i64, bool, f64, u32);

/// The way of each segment between two places.
pub struct Ways(HashMap<[u64; 4], (i64, bool)>);

impl Ways {
    /// Of an extract.
    pub fn new(extract: &OsmExtract) -> Ways {
        let mut ways = HashMap::new();
        for road in &extract.roads {
            let bridge = extract.tags_of(road).get("bridge").is_some_and(|v| v != "no");
            for pair in extract.nodes_of(road).windows(2) {
                if let (Some(a), Some(b)) = (extract.places[pair[0] as usize], extract.places[pair[1] as usize]) {
                    ways.insert(Ways::key(a, b), (road.id, bridge));
                    ways.insert(Ways::key(b, a), (road.id, bridge));
                }
            }
        }
        Ways(ways)
    }

    fn key(a: LonLat, b: LonLat) -> [u64; 4] {
        [a.lon, a.lat, b.lon, b.lat].map(f64::to_bits)
    }

    /// The stretches of a street between two offsets in metres, in the order ridden; the time shared out by length.
    fn along(&self, network: &Network, street: u32, from_m: f64, to_m: f64, ms: u32) -> Vec<Ridden> {
        let shape = network.shape(&network.streets[street as usize]);
        let (low, high) = (from_m.min(to_m), from_m.max(to_m));
        let mut stretches: Vec<Ridden> = Vec::new();
        let mut before = 0.0;
        for pair in shape.windows(2) {
            let metres = pair[0].metres_to(pair[1]);
            let part = (before + metres).min(high) - f64::max(before, low);
            before += metres;
            if part <= 0.0 {
                continue;
            }
            let (way, bridge) = self.0.get(&Ways::key(pair[0], pair[1])).copied().unwrap_or_default();
            let time = (f64::from(ms) * part / (high - low)).round() as u32;
            match stretches.last_mut() {
                Some(last) if last.0 == way => {
                    last.2 += part;
                    last.3 += time;
                }
                _ => stretches.push((way, bridge, part, time)),
            }
        }
        if to_m < from_m {
            stretches.reverse();
        }
        stretches
    }
}

/// The fastest trip between two places on different streets: milliseconds without the walks, the walks, and the
/// stretches ridden. `None` where there is none. For networks without turn restrictions and barriers.
pub fn trip(
    network: &Network,
    ways: &Ways,
    snapper: &Snapper,
    from: LonLat,
    to: LonLat,
) -> Option<(u32, u32, Vec<Ridden>)> {
    let graph = &network.modes[0];
    let hung = hang(network, snapper, 0, &[from, to]);
    let (start, goal) = (hung[0]?, hung[1]?);
    let mut search = Search::default();
    search.run(graph, &[goal], NO_CUTOFF_MS);
    let walks = start.access_ms + goal.access_ms;
    let time = search.place_ms(&goal, &start);
    if time == CLOSED || start.street == goal.street {
        return None;
    }
    // Streets out of each junction, with the time along them.
    let mut out: Vec<Vec<(u32, u32, u32, bool)>> = vec![Vec::new(); network.nodes.len()];
    for (s, street) in network.streets.iter().enumerate() {
        for (a, b, ms, against) in
            [(street.from, street.to, graph.forward_ms[s], false), (street.to, street.from, graph.backward_ms[s], true)]
        {
            if ms != CLOSED {
                out[a as usize].push((b, ms, s as u32, against));
            }
        }
    }
    let length_m = |street: u32| f64::from(network.streets[street as usize].length_mm) / 1000.0;
    let offset_m = |leg: &Leg| f64::from(leg.offset_mm) / 1000.0;
    let by = |ms: u32, node: u32| ms.checked_add(search.node_ms(node)).unwrap_or(CLOSED);
    let mut at =
        if by(start.to_end_ms, start.end) <= by(start.to_start_ms, start.start) { start.end } else { start.start };
    let mut ridden = if at == start.end {
        ways.along(network, start.street, offset_m(&start), length_m(start.street), start.to_end_ms)
    } else {
        ways.along(network, start.street, offset_m(&start), 0.0, start.to_start_ms)
    };
    while let Some(&(next, ms, s, against)) =
        out[at as usize].iter().find(|&&(next, ms, ..)| by(ms, next) == search.node_ms(at) && by(ms, next) != CLOSED)
    {
        let ends = if against { (length_m(s), 0.0) } else { (0.0, length_m(s)) };
        ridden.extend(ways.along(network, s, ends.0, ends.1, ms));
        at = next;
    }
    ridden.extend(if at == goal.start && search.node_ms(at) == goal.from_start_ms.saturating_add(goal.access_ms) {
        ways.along(network, goal.street, 0.0, offset_m(&goal), goal.from_start_ms)
    } else {
        ways.along(network, goal.street, length_m(goal.street), offset_m(&goal), goal.from_end_ms)
    });
    let joined = ridden.into_iter().fold(Vec::new(), |mut all: Vec<Ridden>, next| {
        match all.last_mut() {
            Some(last) if last.0 == next.0 => {
                last.2 += next.2;
                last.3 += next.3;
            }
            _ => all.push(next),
        }
        all
    });
    Some((time - walks, walks, joined))
}
