//! gandan's side of the comparison with peers: measures its own work on one extract, writes the same graph and places
//! for the peers, and prints one JSON object. `benches/peers/compare.py` runs it and the peers; see its README.
//!
//! ```text
//! peers PBF OUT [--sites CSV] [--repeat N] [--sources N]
//! peers PBF OUT --trips CSV [--mode NAME]
//! peers cover FOLDER [--phases P,P,…] [--time-limit S] [--threads N] [--repeat N]
//! peers population RASTER ZONES [--code COLUMN] [--official COLUMN] [--box W,S,E,N] [--repeat N]
//! ```
//! With `--trips` it routes those trips (name, from_lon, from_lat, to_lon, to_lat), writes the speeds, and measures
//! nothing.

#![allow(clippy::expect_used, clippy::print_stdout)] // a bench may fail loudly and prints its result

#[path = "peers/api.rs"]
mod api;
#[path = "peers/cover.rs"]
mod cover;
#[path = "peers/plain.rs"]
mod plain;
#[path = "peers/population.rs"]
mod population;
#[path = "peers/tables.rs"]
mod tables;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use gandan::access::Leg;
use gandan::access::search::Search;
use gandan::ingest::osm::OsmExtract;
use gandan::network::{Mode, Network};
use gandan::units::LonLat;
use geo::CoordsIter;
use serde_json::{Value, json};

use tables::{ids, number, whole};

const MOTORCYCLE: usize = 0;
const CUTOFF_MS: u32 = 30 * 60_000;
const SITES: usize = 106;
const CELLS: usize = 5000;
const BANDS_MIN: [f64; 3] = [10.0, 20.0, 30.0];
/// Numbers of streets that no network has, for places that are junctions.
const NO_STREET: [u32; 2] = [1 << 30, (1 << 30) + 1];
/// Sites and points on which the truth of isochrones is measured.
const ACCURACY_SITES: usize = 8;
const ACCURACY_POINTS: usize = 6000;

struct Options {
    pbf: PathBuf,
    out: PathBuf,
    sites: Option<PathBuf>,
    trips: Option<PathBuf>,
    mode: String,
    repeat: usize,
    sources: usize,
}

fn main() {
    // `cargo bench` adds `--bench`.
    let mut args = std::env::args().skip(1).filter(|a| a != "--bench").peekable();
    if args.next_if(|a| a == "population").is_some() {
        match population::Options::parse(args) {
            Some(options) => println!("{:#}", population::measure(&options)),
            None => println!(
                "usage: peers population RASTER ZONES [--code COLUMN] [--official COLUMN] [--box W,S,E,N] [--repeat N]"
            ),
        }
        return;
    }
    if args.next_if(|a| a == "cover").is_some() {
        match cover::Options::parse(args) {
            Some(options) => println!("{:#}", cover::measure(&options)),
            None => {
                println!("usage: peers cover FOLDER [--phases P,P,…] [--time-limit S] [--threads N] [--repeat N]");
            }
        }
        return;
    }
    let Some(options) = options(args) else {
        println!("usage: peers PBF OUT [--sites CSV] [--repeat N] [--sources N] | PBF OUT --trips CSV [--mode NAME]");
        return;
    };
    std::fs::create_dir_all(&options.out).expect("a folder to write to");
    let result = match &options.trips {
        Some(trips) => route_trips(&options, trips),
        None => measure(&options),
    };
    println!("{result:#}");
}

fn options(mut args: impl Iterator<Item = String>) -> Option<Options> {
    let (pbf, out) = (args.next()?.into(), args.next()?.into());
    let mut options =
        Options { pbf, out, sites: None, trips: None, mode: "motorcycle".into(), repeat: 5, sources: 200 };
    while let Some(name) = args.next() {
        let value = args.next()?;
        match name.as_str() {
            "--sites" => options.sites = Some(value.into()),
            "--trips" => options.trips = Some(value.into()),
            "--mode" => options.mode = value,
            "--repeat" => options.repeat = value.parse().ok()?,
            "--sources" => options.sources = value.parse().ok()?,
            _ => return None,
        }
    }
    Some(options)
}

/// Runs some work several times: least and median seconds, and the last result.
fn timed<T>(repeat: usize, mut work: impl FnMut() -> T) -> (Value, T) {
    let mut seconds = Vec::with_capacity(repeat.max(1));
    let mut last = None;
    for _ in 0..repeat.max(1) {
        drop(last.take());
        let start = Instant::now();
        last = Some(black_box(work()));
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_unstable_by(f64::total_cmp);
    let times = json!({ "min_s": seconds[0], "median_s": seconds[seconds.len() / 2], "runs": seconds.len() });
    (times, last.expect("at least one run"))
}

fn measure(options: &Options) -> Value {
    let (repeat, out) = (options.repeat, &options.out);
    let modes = api::modes();
    // Reading and building, with all threads, as `osmium` reads with its own.
    let (parse_one, _) = timed(repeat, || api::build(&api::read(&options.pbf), &modes[..1]));
    let (parse_all, mut network) = timed(repeat, || api::build(&api::read(&options.pbf), &modes));
    let (contract_all, ()) = timed(repeat, || api::contract(&mut network));
    let extract = api::plain(api::read(&options.pbf));
    let plain_modes = api::plain_modes();
    for (m, mode) in modes.iter().enumerate() {
        write_speeds(out, &extract, &plain_modes[m]);
        write_arcs(out, &format!("arcs_{}.parquet", mode.id), &api::travel_arcs(&network, m));
    }
    dump_times(options, &network, &modes.iter().map(|m| m.id.as_str()).collect::<Vec<_>>());

    let mut alone = api::build(&api::read(&options.pbf), &modes[..1]);
    api::contract(&mut alone);
    let bytes = api::graph_bytes(&alone, 0);
    let full_arcs = api::travel_arcs(&alone, 0).len();
    drop(alone);

    // From here on only the motorcycle, on its own network without delays and restrictions, on one thread.
    let mut network = api::build(&extract, &plain_modes[..1]);
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let (contract_one, ()) = one_thread.install(|| timed(repeat, || api::contract(&mut network)));
    let mut result = one_thread.install(|| measure_searches(options, &network));
    result["graph_bytes"] = bytes.iter().map(|&(part, n)| (part.to_owned(), json!(n))).collect();
    result["full_arcs"] = json!(full_arcs);
    result["contract_four_modes"] = contract_all;
    result["contract_one_mode"] = contract_one;
    result["file"] = json!(options.pbf.file_name().map(|f| f.to_string_lossy()));
    result["modes"] = json!(modes.iter().map(|m| &m.id).collect::<Vec<_>>());
    result["threads"] = json!(rayon::current_num_threads());
    result["parse_one_mode"] = parse_one;
    result["parse_four_modes"] = parse_all;
    result
}

fn measure_searches(options: &Options, network: &Network) -> Value {
    let (repeat, out) = (options.repeat, &options.out);
    let n_nodes = network.nodes.len();
    let arcs = api::travel_arcs(network, MOTORCYCLE);
    write_arcs(out, "arcs.parquet", &arcs);
    write_places(out, "nodes.parquet", &network.nodes, Vec::new());

    let (index, snapper) = timed(1, || api::snapper(network));
    let mut draw = Draw(20_241_215);
    let hang = |places: &[LonLat]| api::hang(network, &snapper, MOTORCYCLE, places);
    let offices = options.sites.as_deref().map(read_places).unwrap_or_default();
    let mut sites: Vec<LonLat> =
        offices.iter().zip(hang(&offices)).filter(|(_, leg)| leg.is_some()).map(|(&place, _)| place).collect();
    sites.truncate(SITES);
    let real_sites = sites.len();
    fill(&mut sites, SITES, network, &mut draw, &hang);
    let mut cells = Vec::new();
    fill(&mut cells, CELLS, network, &mut draw, &hang);
    let site_legs: Vec<Leg> = hang(&sites).into_iter().flatten().collect();
    let cell_legs: Vec<Leg> = hang(&cells).into_iter().flatten().collect();
    write_places(out, "sites.parquet", &sites, leg_columns(&site_legs));
    write_places(out, "cells.parquet", &cells, leg_columns(&cell_legs));

    // Sites → junctions: each site stands at a junction, so that peers do the same work.
    let at: Vec<Leg> = site_legs.iter().map(|leg| api::at_junction(leg.start, NO_STREET[0])).collect();
    let mut search = Search::default();
    let mut reach = |cutoff_ms| {
        timed(repeat, || {
            let mut reached = 0_usize;
            api::for_each_site(network, MOTORCYCLE, &at, cutoff_ms, &mut search, |_, s| reached += s.reached().len());
            reached
        })
    };
    let (search_30, reached_30) = reach(CUTOFF_MS);
    let (search_all, reached_all) = reach(api::NO_CUTOFF_MS);
    let mut batch = Default::default();
    let mut swept = |cutoff_ms| timed(repeat, || api::sweep_sites(network, MOTORCYCLE, &at, cutoff_ms, &mut batch));
    let (sweep_30, swept_30) = swept(CUTOFF_MS);
    let (sweep_all, swept_all) = swept(api::NO_CUTOFF_MS);
    assert_eq!((reached_30, reached_all), (swept_30, swept_all), "sweeps and searches reach other junctions");
    let rows = plain::Rows::reversed(n_nodes, &arcs);
    let plain =
        |cutoff_ms| timed(repeat, || site_legs.iter().map(|leg| rows.dijkstra(leg.start, cutoff_ms).1).sum::<usize>());
    let (plain_30, settled_30) = plain(CUTOFF_MS);
    let (plain_all, settled_all) = plain(api::NO_CUTOFF_MS);
    assert_eq!((reached_30, reached_all), (settled_30, settled_all), "gandan and plain Dijkstra reach other junctions");

    // Sites × cells, snapping and walks included; the index of streets stands ready, as OSRM's does.
    let cover =
        |cutoff_ms| timed(repeat, || api::cover(network, (&cells, hang(&cells)), (&sites, hang(&sites)), cutoff_ms));
    let (cover_30, (pairs_30, _)) = cover(CUTOFF_MS);
    let (cover_all, (pairs_all, _)) = cover(api::NO_CUTOFF_MS);
    dump_matrix(out, network, &site_legs, &cell_legs);

    let hundred = &at[..at.len().min(100)];
    let junctions: Vec<Option<Leg>> = (0..n_nodes as u32).map(|v| Some(api::at_junction(v, NO_STREET[1]))).collect();
    let (nearest, found) = timed(repeat, || api::nearest_of(network, MOTORCYCLE, hundred, &junctions));
    let mut raw = tables::Raw::new(out, "nearest.u32");
    raw.push(found.iter().map(|f| f.map_or(u32::MAX, |(_, ms)| ms)));
    raw.finish();

    let mut search = Default::default();
    let (laying, canvas) = timed(repeat.min(3), || api::canvas(network));
    let (isochrones, vertices) = timed(repeat.min(3), || {
        site_legs
            .iter()
            .map(|&leg| api::isochrones(network, &canvas, MOTORCYCLE, leg, &BANDS_MIN, &mut search))
            .map(|shapes| shapes.iter().map(CoordsIter::coords_count).sum::<usize>())
            .sum::<usize>()
    });
    dump_accuracy(out, network, &site_legs, &mut draw);

    json!({
        "junctions": n_nodes,
        "arcs": arcs.len(),
        "main_junctions": api::main_component(network, MOTORCYCLE).iter().filter(|&&m| m).count(),
        "sites": site_legs.len(),
        "real_sites": real_sites,
        "cells": cell_legs.len(),
        "search_30": search_30, "reached_30": reached_30,
        "search_all": search_all, "reached_all": reached_all,
        "sweep_30": sweep_30, "sweep_all": sweep_all,
        "plain_30": plain_30, "plain_all": plain_all,
        "snap_index": index,
        "cover_30": cover_30, "pairs_30": pairs_30,
        "cover_all": cover_all, "pairs_all": pairs_all,
        "nearest": nearest, "nearest_sites": hundred.len(),
        "isochrones": isochrones, "vertices": vertices, "canvas": laying,
    })
}

/// Times of every junction to some sources, for each mode, without a cut-off: `times_MODE.u32`, a row a source.
fn dump_times(options: &Options, network: &Network, modes: &[&str]) {
    let mut draw = Draw(200);
    let n_nodes = network.nodes.len() as u32;
    // Not at junctions that a turn restriction splits: whoever arrives there may stand in any of their nodes.
    let drawn = std::iter::repeat_with(|| draw.below(n_nodes as usize) as u32);
    let sources: Vec<u32> = drawn.filter(|&node| api::is_whole(network, node)).take(options.sources).collect();
    tables::write(&options.out, "sources.parquet", vec![whole("node", sources.iter().copied())]);
    let legs: Vec<Leg> = sources.iter().map(|&node| api::at_junction(node, NO_STREET[0])).collect();
    for (m, mode) in modes.iter().enumerate() {
        let mut raw = tables::Raw::new(&options.out, &format!("times_{mode}.u32"));
        // By sweeps, and every tenth source by a search of its own as well.
        let mut search = Search::default();
        api::swept_times(network, m, &legs, |i, times| {
            let times: Vec<u32> = times.collect();
            if i % 10 == 0 {
                api::for_each_site(network, m, &legs[i..=i], api::NO_CUTOFF_MS, &mut search, |_, s| {
                    let same = times.iter().enumerate().all(|(node, &ms)| s.node_ms(node as u32) == ms);
                    assert!(same, "sweep and search differ, mode {mode}, source {i}");
                });
            }
            raw.push(times);
        });
        raw.finish();
    }
}

/// Times of every cell to every site without the walks, for the comparison with OSRM: `matrix.u32`, a row a site.
fn dump_matrix(out: &Path, network: &Network, sites: &[Leg], cells: &[Leg]) {
    let mut raw = tables::Raw::new(out, "matrix.u32");
    let mut search = Search::default();
    let unwalked = |leg: &Leg| Leg { access_ms: 0, ..*leg };
    let sites: Vec<Leg> = sites.iter().map(unwalked).collect();
    let cells: Vec<Leg> = cells.iter().map(unwalked).collect();
    api::for_each_site(network, MOTORCYCLE, &sites, api::NO_CUTOFF_MS, &mut search, |site, s| {
        raw.push(cells.iter().map(|cell| s.place_ms(&sites[site], cell)));
    });
    raw.finish();
}

/// Points on the network with their times to a few sites, and gandan's polygons for these.
fn dump_accuracy(out: &Path, network: &Network, sites: &[Leg], draw: &mut Draw) {
    let sites = &sites[..sites.len().min(ACCURACY_SITES)];
    let main = api::main_component(network, MOTORCYCLE);
    // Drawn by length, so that a metre of road counts as a metre.
    let mut until = Vec::with_capacity(network.streets.len());
    let mut total = 0_u64;
    for street in &network.streets {
        let counts = main[street.from as usize] && main[street.to as usize];
        total += if counts { u64::from(street.length_mm) } else { 0 };
        until.push(total);
    }
    let mut points = Vec::with_capacity(ACCURACY_POINTS);
    for _ in 0..ACCURACY_POINTS * 2 {
        let at = draw.below(total as usize) as u64;
        let street = until.partition_point(|&u| u <= at);
        points.extend(api::on_street(network, MOTORCYCLE, street, draw.share()));
    }
    points.truncate(ACCURACY_POINTS);
    let mut search = Search::default();
    let mut columns = Vec::new();
    api::for_each_site(network, MOTORCYCLE, sites, api::NO_CUTOFF_MS, &mut search, |site, s| {
        let times = points.iter().map(|(_, leg)| s.place_ms(&sites[site], leg));
        columns.push(whole(&format!("site_{site}"), times));
    });
    let places: Vec<LonLat> = points.iter().map(|(at, _)| *at).collect();
    write_places(out, "points.parquet", &places, columns);
    let canvas = api::canvas(network);
    let mut search = Default::default();
    let mut features = Vec::new();
    for (i, &site) in sites.iter().enumerate() {
        let shapes = api::isochrones(network, &canvas, MOTORCYCLE, site, &BANDS_MIN, &mut search);
        for (shape, minutes) in shapes.iter().zip(BANDS_MIN) {
            let geometry: geojson::Geometry = shape.into();
            features.push(json!({
                "type": "Feature", "geometry": geometry, "properties": { "site": i, "minutes": minutes },
            }));
        }
    }
    let all = json!({ "type": "FeatureCollection", "features": features });
    std::fs::write(out.join("isochrones.geojson"), all.to_string()).expect("room on the disk");
}

fn route_trips(options: &Options, trips: &Path) -> Value {
    let mode: Vec<_> = api::plain_modes().into_iter().filter(|m| m.id == options.mode).collect();
    let extract = api::plain(api::read(&options.pbf));
    write_speeds(&options.out, &extract, mode.first().expect("a mode of that name"));
    let network = api::build(&extract, &mode);
    let snapper = api::snapper(&network);
    let ways = api::Ways::new(&extract);
    let mut routes = Vec::new();
    for row in read_rows(trips) {
        let coordinate = |key: &str| row.get(key).and_then(|v| v.parse::<f64>().ok()).expect("a coordinate");
        let from = LonLat { lon: coordinate("from_lon"), lat: coordinate("from_lat") };
        let to = LonLat { lon: coordinate("to_lon"), lat: coordinate("to_lat") };
        let route = api::trip(&network, &ways, &snapper, from, to);
        routes.push(json!({
            "name": row.get("name"),
            "time_s": route.as_ref().map(|r| f64::from(r.0) / 1000.0),
            "walks_s": route.as_ref().map(|r| f64::from(r.1) / 1000.0),
            "ways": route.map(|r| r.2),
        }));
    }
    json!(routes)
}

/// Adds places up to 100 m off random streets until `n` hang on the network.
fn fill(
    places: &mut Vec<LonLat>,
    n: usize,
    network: &Network,
    draw: &mut Draw,
    hang: &impl Fn(&[LonLat]) -> Vec<Option<Leg>>,
) {
    for _ in 0..n * 100 {
        if places.len() >= n {
            return;
        }
        let p = network.points[draw.below(network.points.len())];
        let mut off = || (draw.share() - 0.5) * 200.0 / 111_195.0;
        let place = LonLat { lon: p.lon + off() / p.lat.to_radians().cos(), lat: p.lat + off() };
        if hang(&[place])[0].is_some() {
            places.push(place);
        }
    }
}

fn write_speeds(out: &Path, extract: &OsmExtract, mode: &Mode) {
    let speeds = api::way_speeds(extract, mode);
    let columns = vec![
        ids("way_id", speeds.iter().map(|s| s.0)),
        number("forward_kmh", speeds.iter().map(|s| s.1)),
        number("backward_kmh", speeds.iter().map(|s| s.2)),
    ];
    tables::write(out, &format!("speeds_{}.parquet", mode.id), columns);
}

fn write_arcs(out: &Path, file: &str, arcs: &[(u32, u32, u32)]) {
    let columns = vec![
        whole("from", arcs.iter().map(|a| a.0)),
        whole("to", arcs.iter().map(|a| a.1)),
        whole("ms", arcs.iter().map(|a| a.2)),
    ];
    tables::write(out, file, columns);
}

fn write_places(out: &Path, file: &str, places: &[LonLat], more: Vec<polars::prelude::Column>) {
    let mut columns = vec![number("lon", places.iter().map(|p| p.lon)), number("lat", places.iter().map(|p| p.lat))];
    columns.extend(more);
    tables::write(out, file, columns);
}

fn leg_columns(legs: &[Leg]) -> Vec<polars::prelude::Column> {
    vec![
        whole("start", legs.iter().map(|l| l.start)),
        whole("end", legs.iter().map(|l| l.end)),
        whole("access_ms", legs.iter().map(|l| l.access_ms)),
        whole("from_start_ms", legs.iter().map(|l| l.from_start_ms)),
        whole("to_end_ms", legs.iter().map(|l| l.to_end_ms)),
        whole("from_end_ms", legs.iter().map(|l| l.from_end_ms)),
        whole("to_start_ms", legs.iter().map(|l| l.to_start_ms)),
    ]
}

fn read_rows(path: &Path) -> Vec<std::collections::HashMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).expect("a table of places");
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

fn read_places(path: &Path) -> Vec<LonLat> {
    let number = |text: Option<&String>| text.and_then(|v| v.parse::<f64>().ok());
    read_rows(path)
        .iter()
        .filter_map(|row| Some(LonLat { lon: number(row.get("lon"))?, lat: number(row.get("lat"))? }))
        .collect()
}

/// A repeatable source of numbers: SplitMix64 (Steele, Lea, Flood, 2014).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// A number from 0 up to 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
