//! The finished files, read back by other means than they were written with.

use super::{City, CityOptions, make};
use geo::{
    BoundingRect, ChamberlainDuquetteArea, Contains, Coord, Intersects, Line, LineString, MultiPolygon, Validation,
};
use osmpbfreader::{OsmObj, OsmPbfReader};
use std::collections::{HashMap, HashSet};
use std::io::Cursor;
use std::sync::OnceLock;
use tiff::decoder::{Decoder, DecodingResult};

fn city() -> &'static City {
    static CITY: OnceLock<City> = OnceLock::new();
    CITY.get_or_init(|| make(&CityOptions::default()).unwrap())
}

fn file<'a>(city: &'a City, name: &str) -> &'a [u8] {
    &city.files.iter().find(|f| f.0 == name).unwrap().1
}

struct Feature {
    properties: geojson::JsonObject,
    shape: MultiPolygon,
}

fn features(city: &City, name: &str) -> Vec<Feature> {
    let text = std::str::from_utf8(file(city, name)).unwrap();
    let collection: geojson::FeatureCollection = text.parse::<geojson::GeoJson>().unwrap().try_into().unwrap();
    let feature = |f: geojson::Feature| {
        let value: serde_json::Value = serde_json::from_str(&f.geometry.as_ref().unwrap().to_string()).unwrap();
        let polygons = match value["type"].as_str().unwrap() {
            "Polygon" => vec![value["coordinates"].clone()],
            _ => value["coordinates"].as_array().unwrap().clone(),
        };
        let ring = |r: &serde_json::Value| -> LineString {
            let place = |c: &serde_json::Value| Coord { x: c[0].as_f64().unwrap(), y: c[1].as_f64().unwrap() };
            LineString(r.as_array().unwrap().iter().map(place).collect())
        };
        let polygon = |p: &serde_json::Value| {
            let mut rings = p.as_array().unwrap().iter().map(ring);
            geo::Polygon::new(rings.next().unwrap(), rings.collect())
        };
        Feature { shape: MultiPolygon(polygons.iter().map(polygon).collect()), properties: f.properties.unwrap() }
    };
    collection.features.into_iter().map(feature).collect()
}

fn objects(bytes: &[u8]) -> Vec<OsmObj> {
    OsmPbfReader::new(Cursor::new(bytes)).iter().map(|o| o.unwrap()).collect()
}

/// The pixels, and the columns in a row.
fn pixels(bytes: &[u8]) -> (Vec<f32>, usize) {
    let mut decoder = Decoder::new(Cursor::new(bytes)).unwrap();
    let (columns, _) = decoder.dimensions().unwrap();
    match decoder.read_image().unwrap() {
        DecodingResult::F32(values) => (values, columns as usize),
        _ => panic!("not float32"),
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_another_city() {
    let again = make(&CityOptions::default()).unwrap();
    for (a, b) in city().files.iter().zip(&again.files) {
        assert!(a == b, "{} differs", a.0);
    }
    let other = make(&CityOptions { seed: 7 }).unwrap();
    assert_ne!(file(city(), "roads.osm.pbf"), file(&other, "roads.osm.pbf"));
    // The sums hold for any seed.
    assert_eq!(other.summary.population, 8_807_523);
    assert_eq!(features(&other, "communes.geojson").iter().filter(|f| !f.shape.is_valid()).count(), 0);
}

#[test]
fn every_commune_has_its_official_people_to_the_person() {
    let mut decoder = Decoder::new(Cursor::new(file(city(), "population.tif"))).unwrap();
    let tie = decoder.get_tag_f64_vec(tiff::tags::Tag::ModelTiepointTag).unwrap();
    let scale = decoder.get_tag_f64_vec(tiff::tags::Tag::ModelPixelScaleTag).unwrap();
    assert_eq!(decoder.get_tag_ascii_string(tiff::tags::Tag::GdalNodata).unwrap(), "-99999");
    let (values, columns) = pixels(file(city(), "population.tif"));
    let communes = features(city(), "communes.geojson");
    let mut sums = vec![0u64; communes.len()];
    for (k, &people) in values.iter().enumerate() {
        let (column, row) = ((k % columns) as f64, (k / columns) as f64);
        let centre = geo::Point::new(tie[3] + (column + 0.5) * scale[0], tie[4] - (row + 0.5) * scale[1]);
        let holder = communes
            .iter()
            .position(|c| c.shape.bounding_rect().unwrap().contains(&centre) && c.shape.contains(&centre));
        match holder {
            Some(c) => {
                assert!(people >= 0.0 && people.fract() == 0.0, "{people}");
                sums[c] += people as u64;
            }
            None => assert_eq!(people, -99_999.0),
        }
    }
    for (commune, sum) in communes.iter().zip(sums) {
        assert_eq!(commune.properties["population"].as_u64().unwrap(), sum, "{}", commune.properties["name"]);
    }
}

#[test]
fn borders_are_valid_have_their_areas_and_leave_no_gap() {
    let (communes, districts) = (features(city(), "communes.geojson"), features(city(), "districts.geojson"));
    let study_area = features(city(), "study_area.geojson");
    assert_eq!((communes.len(), districts.len(), study_area.len()), (126, 30, 1));
    for f in communes.iter().chain(&districts).chain(&study_area) {
        assert!(f.shape.is_valid(), "{}", f.properties["name"]);
        // Counter-clockwise outside: the signed area is positive.
        assert!(f.shape.0.iter().all(|p| p.chamberlain_duquette_signed_area() > 0.0));
    }
    let area = |f: &Feature| f.shape.chamberlain_duquette_unsigned_area() / 1e6;
    for f in &communes {
        let official = f.properties["area_km2"].as_f64().unwrap();
        let off = area(f) / official - 1.0;
        assert!(off.abs() < 0.025, "{}: {} km² for {official}", f.properties["name"], area(f));
    }
    let whole = area(&study_area[0]);
    assert!((whole / 3359.77 - 1.0).abs() < 0.01, "{whole}");
    // A border is walked once each way by neighbours, never twice the same way: nothing overlaps along borders. With
    // the same sum of areas at every level nothing overlaps elsewhere, and nothing is left out.
    let mut edges = HashSet::new();
    for f in &communes {
        for line in
            f.shape.0.iter().flat_map(|p| p.exterior().lines().chain(p.interiors().iter().flat_map(|r| r.lines())))
        {
            let micro = |v: f64| (v * 1e6).round() as i64;
            assert!(edges.insert((micro(line.start.x), micro(line.start.y), micro(line.end.x), micro(line.end.y))));
        }
    }
    for level in [&communes, &districts] {
        let sum: f64 = level.iter().map(area).sum();
        assert!((sum / whole - 1.0).abs() < 1e-9, "{sum} {whole}");
    }
    let people: u64 = districts.iter().map(|d| d.properties["population"].as_u64().unwrap()).sum();
    assert_eq!(people, 8_807_523);
    assert_eq!(districts.iter().filter(|d| d.properties["urban"] == true).count(), 12);
}

#[test]
fn roads_read_back_whole_and_cross_water_only_on_bridges_and_ferries() {
    let objects = objects(file(city(), "roads.osm.pbf"));
    let mut at: HashMap<i64, Coord> = HashMap::new();
    let mut signals = 0;
    for o in &objects {
        if let OsmObj::Node(n) = o {
            assert!(at.insert(n.id.0, Coord { x: n.lon(), y: n.lat() }).is_none(), "node {} twice", n.id.0);
            signals += usize::from(n.tags.contains("highway", "traffic_signals"));
        }
    }
    let (mut lines, mut water): (Vec<(LineString, String)>, Vec<geo::Polygon>) = (Vec::new(), Vec::new());
    let (mut bridges, mut oneways, mut classes) = (HashSet::new(), 0, HashSet::new());
    for o in &objects {
        let OsmObj::Way(w) = o else { continue };
        // Every reference resolves.
        let line: LineString = w.nodes.iter().map(|n| at[&n.0]).collect();
        assert!(line.0.len() >= 2);
        if w.tags.contains("natural", "water") {
            assert!(line.is_closed());
            water.push(geo::Polygon::new(line, Vec::new()));
        } else if w.tags.contains("bridge", "yes") {
            bridges.insert(w.tags["name"].to_string());
        } else if let Some(class) = w.tags.get("highway") {
            classes.insert(class.to_string());
            oneways += usize::from(w.tags.contains("oneway", "yes"));
            lines.push((line, format!("{:?}", w.tags)));
        } else {
            assert!(w.tags.contains("route", "ferry") || w.tags.contains("waterway", "river"), "{:?}", w.tags);
        }
    }
    assert!(signals > 50 && oneways > 100 && water.len() > 20, "{signals} {oneways} {}", water.len());
    for class in ["motorway", "motorway_link", "trunk", "residential", "service", "footway", "path", "track"] {
        assert!(classes.contains(class), "no {class}");
    }
    for bridge in
        ["Cầu Thăng Long", "Cầu Nhật Tân", "Cầu Long Biên", "Cầu Chương Dương", "Cầu Vĩnh Tuy", "Cầu Thanh Trì"]
    {
        assert!(bridges.contains(bridge), "{bridge} is missing");
    }
    for sheet in &water {
        assert!(sheet.is_valid(), "a sheet of water crosses itself");
        let bounds = sheet.bounding_rect().unwrap();
        for (line, tags) in lines.iter().filter(|l| bounds.intersects(&l.0.bounding_rect().unwrap())) {
            assert!(!line.lines().any(|l: Line| sheet.intersects(&l)), "in the water: {tags}");
        }
    }
}

#[test]
fn most_of_the_network_hangs_together_both_ways_but_one_piece_is_cut_off() {
    let mut graph = petgraph::graph::DiGraph::<(), ()>::new();
    let mut number = HashMap::new();
    for o in &objects(file(city(), "roads.osm.pbf")) {
        let OsmObj::Way(w) = o else { continue };
        if !w.tags.contains_key("highway") && !w.tags.contains("route", "ferry") {
            continue;
        }
        for pair in w.nodes.windows(2) {
            let ends = [pair[0], pair[1]].map(|n| *number.entry(n.0).or_insert_with(|| graph.add_node(())));
            graph.add_edge(ends[0], ends[1], ());
            if !w.tags.contains("oneway", "yes") {
                graph.add_edge(ends[1], ends[0], ());
            }
        }
    }
    let components = petgraph::algo::kosaraju_scc(&graph);
    let largest = components.iter().map(Vec::len).max().unwrap();
    assert!(largest * 10 >= graph.node_count() * 9, "{largest} of {}", graph.node_count());
    assert!((25_000..=50_000).contains(&graph.node_count()), "{}", graph.node_count());
    assert!(petgraph::algo::connected_components(&graph) > 1, "nothing is cut off");
}

#[test]
fn sites_are_in_their_communes_and_some_are_unfit() {
    let communes = features(city(), "communes.geojson");
    let read = |name: &str| -> Vec<HashMap<String, String>> {
        csv::Reader::from_reader(file(city(), name)).deserialize().map(|r| r.unwrap()).collect()
    };
    let (sites, fixed) = (read("sites.csv"), read("fixed_sites.csv"));
    assert_eq!((sites.len(), fixed.len()), (300, 30));
    let mut served = HashSet::new();
    let mut ids = HashSet::new();
    for site in sites.iter().chain(&fixed) {
        assert!(ids.insert(&site["id"]) && site["name"].ends_with("(giả định)"));
        let at = geo::Point::new(site["lon"].parse::<f64>().unwrap(), site["lat"].parse::<f64>().unwrap());
        let commune = communes.iter().find(|c| c.properties["code"] == site["ward_code"].as_str()).unwrap();
        // The door may stand a few metres over the border.
        let near = geo::Rect::new((at.x() - 0.005, at.y() - 0.005), (at.x() + 0.005, at.y() + 0.005));
        assert!(commune.shape.intersects(&near), "{} is not in {}", site["id"], site["ward_code"]);
        served.insert(site["ward_code"].clone());
    }
    assert_eq!(served.len(), 126);
    let unfit = sites.iter().filter(|s| s.values().any(|v| v == "false") && s["fast_internet"] == "false").count();
    let unknown = sites.iter().filter(|s| s["scanner"].is_empty() || s["copier"].is_empty()).count();
    assert!((1..60).contains(&unfit) && (1..60).contains(&unknown), "{unfit} {unknown}");
}

#[test]
fn the_files_are_small() {
    assert!(file(city(), "roads.osm.pbf").len() <= 1_500_000);
    assert!(city().files.iter().map(|f| f.1.len()).sum::<usize>() <= 3_000_000);
}

/// The demo runs from the files in `data/demo`: they are what the generator makes. Compared by content, since another
/// compressor may write other bytes, and only where they were made, since sines differ in the last digit elsewhere.
#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
fn the_shipped_files_are_up_to_date() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo");
    for (name, made) in &city().files {
        let shipped = std::fs::read(folder.join(name)).unwrap();
        let same = match *name {
            "roads.osm.pbf" => objects(&shipped) == objects(made),
            "population.tif" => pixels(&shipped) == pixels(made),
            _ => shipped == *made,
        };
        assert!(same, "data/demo/{name} is not what `gandan synth` makes: run it again with --out data/demo");
    }
}
