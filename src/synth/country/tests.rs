//! The finished files, read back by other means than they were written with.

use super::*;
use geo::{Area, BoundingRect, Contains, Coord, Intersects, Line, LineString, MultiPolygon, Polygon, Validation};
use osmpbfreader::{OsmObj, OsmPbfReader, Tags};
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::sync::OnceLock;
use tiff::decoder::{Decoder, DecodingResult};

fn make_into(folder: &Path, people: f64, density: f64, seed: u64) -> CountrySummary {
    let options = CountryOptions::new(people, Some(density), seed).unwrap();
    let listen = |_: crate::stages::Event| {};
    make(folder, &options, &mut Stages::new(&listen)).unwrap()
}

/// A small country: 400,000 people on 1,333 km², some towns, many villages.
fn country() -> &'static (tempfile::TempDir, CountrySummary) {
    static COUNTRY: OnceLock<(tempfile::TempDir, CountrySummary)> = OnceLock::new();
    COUNTRY.get_or_init(|| {
        let home = tempfile::tempdir().unwrap();
        let summary = make_into(home.path(), 4e5, 300.0, 11);
        (home, summary)
    })
}

/// A large city with others around it: 5 million people on 4,167 km², with motorways.
fn city() -> &'static (tempfile::TempDir, CountrySummary) {
    static CITY: OnceLock<(tempfile::TempDir, CountrySummary)> = OnceLock::new();
    CITY.get_or_init(|| {
        let home = tempfile::tempdir().unwrap();
        let summary = make_into(home.path(), 5e6, 1200.0, 2);
        (home, summary)
    })
}

fn polygons(folder: &Path, name: &str) -> Vec<(serde_json::Value, MultiPolygon)> {
    let text = fs::read_to_string(folder.join(name)).unwrap();
    let collection: serde_json::Value = serde_json::from_str(&text).unwrap();
    let ring = |r: &serde_json::Value| -> LineString {
        let place = |c: &serde_json::Value| Coord { x: c[0].as_f64().unwrap(), y: c[1].as_f64().unwrap() };
        LineString(r.as_array().unwrap().iter().map(place).collect())
    };
    let shape = |g: &serde_json::Value| {
        assert_eq!(g["type"], "Polygon", "a commune or district hangs together");
        let mut rings = g["coordinates"].as_array().unwrap().iter().map(ring);
        MultiPolygon(vec![Polygon::new(rings.next().unwrap(), rings.collect())])
    };
    let features = collection["features"].as_array().unwrap();
    features.iter().map(|f| (f["properties"].clone(), shape(&f["geometry"]))).collect()
}

struct Pbf {
    at: HashMap<i64, Coord>,
    points: Vec<(Coord, Tags)>,
    ways: Vec<(Vec<i64>, Tags)>,
}

fn pbf(folder: &Path) -> Pbf {
    let mut pbf = Pbf { at: HashMap::new(), points: Vec::new(), ways: Vec::new() };
    for o in OsmPbfReader::new(File::open(folder.join("roads.osm.pbf")).unwrap()).iter() {
        match o.unwrap() {
            OsmObj::Node(n) => {
                let at = Coord { x: n.lon(), y: n.lat() };
                assert!(pbf.at.insert(n.id.0, at).is_none(), "node {} twice", n.id.0);
                if !n.tags.is_empty() {
                    pbf.points.push((at, n.tags));
                }
            }
            OsmObj::Way(w) => pbf.ways.push((w.nodes.iter().map(|n| n.0).collect(), w.tags)),
            OsmObj::Relation(_) => panic!("there are no relations"),
        }
    }
    pbf
}

impl Pbf {
    fn line(&self, way: &[i64]) -> LineString {
        way.iter().map(|n| self.at[n]).collect()
    }
}

fn is_road(tags: &Tags) -> bool {
    tags.contains_key("highway") || tags.contains("route", "ferry")
}

#[test]
fn the_same_seed_gives_the_same_bytes_whatever_the_threads() {
    let folders: Vec<tempfile::TempDir> = [(1, 7), (2, 7), (2, 8)]
        .into_iter()
        .map(|(threads, seed)| {
            let home = tempfile::tempdir().unwrap();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| make_into(home.path(), 5e4, 2600.0, seed));
            home
        })
        .collect();
    let mut names: Vec<_> = fs::read_dir(folders[0].path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names.len(), 8);
    for name in names {
        let [one, two, other] = [0, 1, 2].map(|k: usize| fs::read(folders[k].path().join(&name)).unwrap());
        assert!(one == two, "{name:?} depends on the threads");
        assert!(one != other, "{name:?} does not depend on the seed");
    }
}

#[test]
fn sums_are_exact_by_commune_and_over_all() {
    for (people, density) in [(4e5, 300.0), (1000.0, 300.0), (30_001.0, 5000.0)] {
        let own = tempfile::tempdir().unwrap();
        let folder = if people == 4e5 { country().0.path() } else { own.path() };
        if people != 4e5 {
            make_into(folder, people, density, 5);
        }
        let mut decoder = Decoder::new(File::open(folder.join("population.tif")).unwrap()).unwrap();
        let tie = decoder.get_tag_f64_vec(tiff::tags::Tag::ModelTiepointTag).unwrap();
        let scale = decoder.get_tag_f64_vec(tiff::tags::Tag::ModelPixelScaleTag).unwrap();
        let columns = decoder.dimensions().unwrap().0 as usize;
        let DecodingResult::F32(values) = decoder.read_image().unwrap() else { panic!("not float32") };
        let communes = polygons(folder, "communes.geojson");
        let boxes: Vec<geo::Rect> = communes.iter().map(|c| c.1.bounding_rect().unwrap()).collect();
        let mut sums = vec![0u64; communes.len()];
        for (k, &value) in values.iter().enumerate() {
            let (column, row) = ((k % columns) as f64, (k / columns) as f64);
            let centre = geo::Point::new(tie[3] + (column + 0.5) * scale[0], tie[4] - (row + 0.5) * scale[1]);
            match (0..communes.len()).find(|&c| boxes[c].contains(&centre) && communes[c].1.contains(&centre)) {
                Some(c) => {
                    assert!(value >= 0.0 && value.fract() == 0.0, "{value}");
                    sums[c] += value as u64;
                }
                None => assert_eq!(value, -99_999.0),
            }
        }
        for (commune, sum) in communes.iter().zip(&sums) {
            assert_eq!(commune.0["population"].as_u64().unwrap(), *sum, "{}", commune.0["code"]);
        }
        assert_eq!(sums.iter().sum::<u64>(), people as u64);
        let districts = polygons(folder, "districts.geojson");
        assert_eq!(districts.iter().map(|d| d.0["population"].as_u64().unwrap()).sum::<u64>(), people as u64);
    }
}

#[test]
fn communes_are_valid_and_tile_the_country() {
    let (home, summary) = country();
    let [communes, districts, whole] =
        ["communes.geojson", "districts.geojson", "study_area.geojson"].map(|n| polygons(home.path(), n));
    assert_eq!((communes.len(), districts.len()), (summary.communes, summary.districts));
    let area = whole[0].1.unsigned_area();
    for level in [&communes, &districts, &whole] {
        // A border is walked once each way by neighbours, never twice the same way, so nothing overlaps along it; with
        // equal sums of areas nothing overlaps elsewhere and nothing is left out.
        let mut edges = HashSet::new();
        for (properties, shape) in level {
            assert!(shape.is_valid(), "{properties}");
            assert!(shape.signed_area() > 0.0);
            let rings = shape.0.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
            for line in rings.flat_map(|r| r.lines()) {
                let micro = |c: Coord| ((c.x * 1e6).round() as i64, (c.y * 1e6).round() as i64);
                assert!(edges.insert((micro(line.start), micro(line.end))));
            }
        }
        let sum: f64 = level.iter().map(|f| f.1.unsigned_area()).sum();
        assert!((sum / area - 1.0).abs() < 1e-9, "{sum} {area}");
    }
    assert!((summary.area_km2 / 1333.3 - 1.0).abs() < 0.01, "{}", summary.area_km2);
    // About 13,000 people each: the middle one between 8,000 and 20,000, and none without people.
    let [least, middle, most] = summary.commune_people;
    assert!(least > 1000 && (8000..=20_000).contains(&middle) && most < 60_000, "{:?}", summary.commune_people);
    let codes: HashSet<String> = communes.iter().map(|c| c.0["code"].to_string()).collect();
    assert_eq!(codes.len(), communes.len());
}

#[test]
fn roads_cross_water_on_bridges_and_ferries_only_and_stay_at_home() {
    stay_dry(country());
    stay_dry(city());
}

fn stay_dry((home, summary): &(tempfile::TempDir, CountrySummary)) {
    let pbf = pbf(home.path());
    let territory = polygons(home.path(), "study_area.geojson").remove(0).1;
    assert_eq!((pbf.at.len() as u64, pbf.ways.len() as u64), (summary.nodes, summary.ways));
    let is_water = |t: &Tags| t.contains("natural", "water");
    let sheets: Vec<Polygon> =
        pbf.ways.iter().filter(|w| is_water(&w.1)).map(|w| Polygon::new(pbf.line(&w.0), vec![])).collect();
    let rivers: Vec<LineString> =
        pbf.ways.iter().filter(|w| w.1.contains("waterway", "river")).map(|w| pbf.line(&w.0)).collect();
    assert!(sheets.len() > rivers.len() && rivers.len() >= summary.rivers && summary.rivers > 3);
    for sheet in &sheets {
        assert!(sheet.exterior().is_closed());
    }
    let (mut bridges, mut ferries, mut roads) = (0, 0, 0);
    for (way, tags) in pbf.ways.iter().filter(|w| is_road(&w.1)) {
        let line = pbf.line(way);
        assert!(line.0.len() >= 2 && line.0.iter().all(|c| territory.contains(c)), "{tags:?}");
        let bounds = line.bounding_rect().unwrap();
        let wet = |l: &LineString| l.bounding_rect().unwrap().intersects(&bounds) && l.intersects(&line);
        if tags.contains("bridge", "yes") {
            bridges += 1;
            assert_eq!(rivers.iter().filter(|r| wet(r)).count(), 1, "a bridge over one river");
        } else if tags.contains("route", "ferry") {
            ferries += 1;
            assert_eq!(rivers.iter().filter(|r| wet(r)).count(), 1, "a ferry over one river");
        } else {
            roads += 1;
            let near = sheets.iter().filter(|s| s.bounding_rect().unwrap().intersects(&bounds));
            for sheet in near {
                assert!(!line.lines().any(|l: Line| sheet.intersects(&l)), "in the water: {tags:?} {line:?}");
            }
        }
    }
    assert_eq!((bridges, ferries), (summary.roads.bridges, summary.roads.ferries));
    assert_eq!(bridges + roads, summary.roads.road_ways);
    assert!(bridges > 5, "{bridges}");
    for (at, tags) in &pbf.points {
        assert!(territory.contains(at), "{tags:?}");
    }
    let kinds = [("amenity", "post_office"), ("amenity", "marketplace"), ("place", "town"), ("place", "village")];
    for (key, value) in kinds {
        assert!(pbf.points.iter().any(|p| p.1.contains(key, value)), "no {value}");
    }
}

#[test]
fn all_places_hang_together_but_islands_cut_off() {
    hang_together(country());
    hang_together(city());
    let summary = &city().1;
    assert!(summary.motorways >= 1 && summary.roads.motorway_km > 12.0, "{summary:?}");
    assert!(summary.roads.oneway_ways * 50 > summary.roads.road_ways, "{summary:?}");
}

fn hang_together((home, summary): &(tempfile::TempDir, CountrySummary)) {
    let pbf = pbf(home.path());
    let mut graph = petgraph::graph::DiGraph::<i64, ()>::new();
    let mut number = HashMap::new();
    let (mut oneways, mut degree) = (0, HashMap::<i64, u32>::new());
    for (way, tags) in pbf.ways.iter().filter(|w| is_road(&w.1)) {
        let oneway = tags.contains("oneway", "yes");
        oneways += u64::from(oneway);
        for pair in way.windows(2) {
            let ends = [pair[0], pair[1]].map(|n| *number.entry(n).or_insert_with(|| graph.add_node(n)));
            graph.add_edge(ends[0], ends[1], ());
            if !oneway {
                graph.add_edge(ends[1], ends[0], ());
            }
            for n in pair {
                *degree.entry(*n).or_default() += 1;
            }
        }
    }
    let components = petgraph::algo::kosaraju_scc(&graph);
    let main: HashSet<i64> = components.iter().max_by_key(|c| c.len()).unwrap().iter().map(|&n| graph[n]).collect();
    // Every node of the lattice is on a way, and nothing but the islands cut off lies outside the main part: with one
    // way streets counted in their direction.
    let cut_off: Vec<Coord> = number.keys().filter(|n| !main.contains(n)).map(|n| pbf.at[n]).collect();
    assert!(summary.islands_cut_off >= 1 && summary.islands_with_ferry >= 1, "{summary:?}");
    assert!(!cut_off.is_empty() && cut_off.len() * 50 < main.len(), "{} {}", cut_off.len(), main.len());
    let road_nodes: Vec<(i64, Coord)> = number.keys().map(|n| (*n, pbf.at[n])).collect();
    let places: Vec<Coord> = pbf.points.iter().filter(|p| p.1.contains_key("place")).map(|p| p.0).collect();
    let mut lost = 0;
    let cell = |c: &Coord| ((c.x * 250.0).floor() as i64, (c.y * 250.0).floor() as i64);
    let mut near: HashMap<(i64, i64), Vec<(i64, Coord)>> = HashMap::new();
    for (n, at) in road_nodes {
        near.entry(cell(&at)).or_default().push((n, at));
    }
    for place in &places {
        let far = |c: &Coord| (c.x - place.x).hypot(c.y - place.y);
        let (x, y) = cell(place);
        let around = (x - 1..=x + 1).flat_map(|x| (y - 1..=y + 1).map(move |y| (x, y)));
        let nodes = around.filter_map(|k| near.get(&k)).flatten();
        let nearest = nodes.min_by(|a, b| far(&a.1).total_cmp(&far(&b.1))).unwrap();
        assert!(far(&nearest.1) < 0.004, "a place without a road: {place:?}");
        lost += usize::from(!main.contains(&nearest.0));
    }
    assert!(lost >= 1 && lost <= summary.islands_cut_off, "{lost}");
    assert_eq!(oneways, summary.roads.oneway_ways);
    assert!(oneways * 100 > summary.roads.road_ways, "{oneways}");
    let ends = degree.values().filter(|d| **d == 1).count() as u64;
    assert_eq!(ends, summary.roads.dead_ends);
    assert!(ends > 500);
}

#[test]
fn roads_meet_in_nodes_and_nowhere_else() {
    let pbf = pbf(country().0.path());
    let cell = |c: Coord| ((c.x * 500.0).floor() as i64, (c.y * 500.0).floor() as i64);
    let mut near: HashMap<(i64, i64), Vec<usize>> = HashMap::new();
    let mut segments: Vec<(i64, i64)> = Vec::new();
    for (way, _) in pbf.ways.iter().filter(|w| w.1.contains_key("highway") && !is_motorway(&w.1)) {
        for w in way.windows(2) {
            let (a, b) = (cell(pbf.at[&w[0]]), cell(pbf.at[&w[1]]));
            for x in a.0.min(b.0)..=a.0.max(b.0) {
                for y in a.1.min(b.1)..=a.1.max(b.1) {
                    near.entry((x, y)).or_default().push(segments.len());
                }
            }
            segments.push((w[0], w[1]));
        }
    }
    let left = |a: Coord, b: Coord, c: Coord| (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
    let mut seen = HashSet::new();
    for &(a, b) in &segments {
        assert!(a != b && seen.insert((a.min(b), a.max(b))), "a street twice: {a} {b}");
    }
    for list in near.values() {
        for (k, &s) in list.iter().enumerate() {
            for &t in &list[k + 1..] {
                let ((a, b), (c, d)) = (segments[s], segments[t]);
                if a == c || a == d || b == c || b == d {
                    continue;
                }
                let [p, q, r, s] = [a, b, c, d].map(|n| pbf.at[&n]);
                let cross = left(p, q, r) * left(p, q, s) < 0.0 && left(r, s, p) * left(r, s, q) < 0.0;
                assert!(!cross, "{p:?}–{q:?} crosses {r:?}–{s:?}");
            }
        }
    }
}

fn is_motorway(tags: &Tags) -> bool {
    tags.get("highway").is_some_and(|v| v.starts_with("motorway"))
}

#[test]
fn sites_lie_in_their_communes() {
    let (home, summary) = country();
    let communes = polygons(home.path(), "communes.geojson");
    let mut ids = HashSet::new();
    let mut served = HashSet::new();
    for (name, count) in [("sites.csv", summary.sites), ("fixed_sites.csv", summary.fixed_sites)] {
        let rows: Vec<HashMap<String, String>> =
            csv::Reader::from_path(home.path().join(name)).unwrap().deserialize().map(|r| r.unwrap()).collect();
        assert_eq!(rows.len(), count);
        for row in rows {
            let at = geo::Point::new(row["lon"].parse::<f64>().unwrap(), row["lat"].parse::<f64>().unwrap());
            let commune = communes.iter().find(|c| c.0["code"] == row["ward_code"].as_str()).unwrap();
            assert!(commune.1.contains(&at), "{} is not in {}", row["id"], row["ward_code"]);
            assert!(row["name"].ends_with("(giả định)") && ids.insert(row["id"].clone()));
            served.insert(row["ward_code"].clone());
        }
    }
    assert_eq!(served.len(), summary.communes);
}

#[test]
fn the_scenario_is_ready() {
    let (home, summary) = country();
    let scenario = crate::scenario::Scenario::read(&home.path().join("scenario.toml")).unwrap();
    assert!(scenario.synthetic && scenario.phases.len() == 3);
    let listed: HashSet<&str> = summary.files.iter().map(|f| f.0.as_str()).collect();
    assert_eq!(listed.len(), 8);
    for (name, bytes) in &summary.files {
        assert_eq!(fs::metadata(home.path().join(name)).unwrap().len(), *bytes, "{name}");
    }
}

#[test]
fn lines_of_the_lattice_do_not_fold() {
    for seed in 0..4 {
        let frame = frame::Frame::new(600.0, seed);
        let mut flags = frame.land(600.0);
        let rivers = rivers::draw(&frame, &mut flags, 2);
        let fertile = settle::fertility(&frame);
        let settled = settle::settle(&frame, &mut flags, &fertile, &rivers.islands, 200_000, 333.0);
        let ground = routes::Ground { frame: &frame, flags: &flags, fertile: &fertile, rivers: &rivers };
        let roads = routes::build(&ground, &settled, &rivers.islands).unwrap();
        let borders = borders::draw(&frame, &flags, &settled.people, 0.01);
        let shape = shape::lay(&ground, &roads, &borders.owner);
        assert_eq!(shape::folded(&shape, &flags), [0usize; 0], "seed {seed}");
    }
}

#[test]
fn numbers_out_of_range_are_refused() {
    let code = |people: f64, density: Option<f64>| {
        CountryOptions::new(people, density, 1).map_err(|e| e.faults()[0].code).map(|o| o.density)
    };
    assert_eq!(code(999.0, None), Err("synth::people"));
    assert_eq!(code(2.1e9, None), Err("synth::people"));
    assert_eq!(code(1000.5, None), Err("synth::people"));
    assert_eq!(code(f64::NAN, None), Err("synth::people"));
    assert_eq!(code(1e6, Some(0.0)), Err("synth::density"));
    assert_eq!(code(1e6, Some(f64::NAN)), Err("synth::density"));
    // 2e9 at 50 per km² are 40 million km², more than any land.
    assert_eq!(code(2e9, Some(50.0)), Err("synth::area"));
    assert_eq!(code(1e6, None), Ok(2600.0));
    assert!((code(1e8, None).unwrap() - 300.0).abs() < 1e-9);
}
