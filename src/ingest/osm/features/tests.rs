//! Whole files with answers worked out by hand. Places are in hundredths of a degree.

use super::super::tests::{Block, EVERYWHERE, file};
use super::*;
use crate::ingest::testkit::rectangle;
use geo::{Area, CoordsIter};

const LAKE: &[(&str, &str)] = &[("type", "multipolygon"), ("natural", "water"), ("name", "Hồ Tây")];

/// Nodes 1 to 4: corners of a square of 10 from the origin; 5 to 8: one of 2 in it from (4, 4); 11 to 14: one of 3 from
/// (20, 0); 21 to 24: one of 1 from (30, 0).
fn corners() -> Block {
    let square = |first: i64, x: i64, y: i64, side: i64| {
        [(0, 0), (side, 0), (side, side), (0, side)]
            .into_iter()
            .zip(first..)
            .map(move |((dx, dy), id)| (id, x + dx, y + dy))
    };
    let all = square(1, 0, 0, 10).chain(square(5, 4, 4, 2)).chain(square(11, 20, 0, 3)).chain(square(21, 30, 0, 1));
    let nodes: Vec<_> = all.map(|(id, x, y)| (id, x, y, &[][..])).collect();
    Block::new().nodes(&nodes)
}

fn water() -> Wanted {
    Wanted { water: true, ..Wanted::default() }
}

fn read(blocks: &[Vec<u8>], wanted: &Wanted) -> Features {
    read_features(file(blocks).path(), EVERYWHERE, wanted).unwrap()
}

/// Square hundredths of a degree.
fn size(shape: &MultiPolygon<f64>) -> f64 {
    (shape.unsigned_area() * 1e4 * 1e6).round() / 1e6
}

#[test]
fn rings_of_pieces_in_any_direction_holes_and_two_outers() {
    // The large square in three pieces, one of them backwards; its hole; another square. Roles are left blank or wrong.
    let ways = Block::new()
        .way(100, &[1, 2, 3], &[])
        .way(101, &[4, 3], &[])
        .way(102, &[4, 1], &[])
        .way(103, &[5, 6, 7, 8, 5], &[])
        .way(104, &[11, 12, 13, 14, 11], &[]);
    let members = [('w', 104, "outer"), ('w', 102, ""), ('w', 103, "outer"), ('w', 101, "inner"), ('w', 100, "outer")];
    let relations = Block::new().relation(7, &members, LAKE);
    let blocks = [corners().bytes(), ways.bytes(), relations.bytes()];
    // Relations first, nodes last: the passes find them all the same.
    let turned: Vec<Vec<u8>> = blocks.iter().rev().cloned().collect();
    let found = read(&blocks, &water());
    assert_eq!(found, read(&turned, &water()));
    assert_eq!(found.broken, []);
    let [lake] = &found.water[..] else { panic!("{found:?}") };
    assert_eq!((lake.id.to_string().as_str(), tag(&lake.tags, "name")), ("relation/7", Some("Hồ Tây")));
    // 100 − 4 and 9.
    assert_eq!(lake.geometry.0.len(), 2);
    assert_eq!((size(&lake.geometry), lake.geometry.0[0].interiors().len()), (105.0, 1));
    assert_eq!(found.water_polygons(), std::slice::from_ref(&lake.geometry));
}

#[test]
fn every_tag_of_water_counts_and_nothing_else() {
    let ring = [1, 2, 3, 4, 1];
    let ways = Block::new()
        .way(1, &ring, &[("natural", "water")])
        .way(2, &ring, &[("waterway", "riverbank")])
        .way(3, &ring, &[("water", "pond")])
        .way(4, &ring, &[("landuse", "reservoir")])
        .way(5, &ring, &[("natural", "wood")])
        .way(6, &ring, &[("water", "no")])
        .way(7, &[1, 2, 3, 4], &[("natural", "water")]) // open
        .way(8, &[1, 2, 1], &[("natural", "water")]); // no ring
    // A multipolygon that is no area of ours, a relation that is no area.
    let relations = Block::new()
        .relation(1, &[('w', 1, "")], &[("type", "multipolygon"), ("landuse", "forest")])
        .relation(2, &[('w', 1, "")], &[("type", "waterway"), ("natural", "water")]);
    let found = read(&[corners().bytes(), ways.bytes(), relations.bytes()], &water());
    assert_eq!(found.water.iter().map(|w| w.id).collect::<Vec<_>>(), [1, 2, 3, 4].map(OsmId::Way));
    assert_eq!(found.broken, []);
}

#[test]
fn what_cannot_be_put_together_is_named_and_not_fatal() {
    let ways = Block::new()
        .way(100, &[1, 2, 3], &[])
        .way(101, &[3, 4, 1], &[])
        .way(102, &[5, 6, 7, 99, 5], &[("natural", "water")]) // node 99 beyond the extract
        .way(103, &[11, 12, 13, 14, 11], &[("natural", "water")]);
    let relations = Block::new()
        .relation(1, &[('w', 100, "outer"), ('w', 555, "outer")], LAKE)
        .relation(2, &[('w', 100, "outer")], LAKE)
        .relation(3, &[('n', 1, "label")], LAKE)
        .relation(4, &[('w', 100, "outer"), ('w', 101, "outer"), ('w', 101, "outer")], LAKE);
    let found = read(&[corners().bytes(), ways.bytes(), relations.bytes()], &water());
    assert_eq!(found.water.iter().map(|w| w.id).collect::<Vec<_>>(), [OsmId::Way(103), OsmId::Relation(4)]);
    let broken: Vec<_> = found.broken.iter().map(|b| (b.id.to_string(), b.why.as_str())).collect();
    let expected = [
        ("way/102", "node/99 is not in the file"),
        ("relation/1", "way/555 is not in the file"),
        ("relation/2", "a ring does not close at node/1"),
    ];
    // Relation 3 has no way, so nothing says that it lies in the box.
    assert_eq!(broken, expected.map(|(id, why)| (id.to_owned(), why)));
}

#[test]
fn the_box_keeps_what_touches_it_whole() {
    let ways = Block::new()
        .way(100, &[1, 2, 3, 4, 1], &[("natural", "water")])
        .way(101, &[11, 12, 13, 14, 11], &[("natural", "water")])
        .way(102, &[21, 22, 23], &[])
        .way(103, &[23, 24, 21], &[]);
    let relations = Block::new().relation(1, &[('w', 102, ""), ('w', 103, "")], LAKE);
    let sorted = [corners().bytes(), ways.bytes(), relations.bytes()];
    let mut turned = sorted.clone();
    turned.reverse();
    for blocks in [&sorted, &turned] {
        let within = |clip| {
            let found = read_features(file(blocks).path(), clip, &water()).unwrap();
            found.water.iter().map(|w| w.id.to_string()).collect::<Vec<_>>()
        };
        // Node 2 at 0.1 °E; the second square starts at 0.2 °E, the third at 0.3 °E.
        assert_eq!(within([0.09, -0.01, 0.11, 0.01]), ["way/100"]);
        assert_eq!(within([0.2, 0.0, 0.3, 0.03]), ["way/101", "relation/1"]);
        // In the middle of the first square there is no node; a relation is judged by its box.
        assert_eq!(within([0.05, 0.05, 0.06, 0.06]), Vec::<String>::new());
        assert_eq!(within([0.304, 0.004, 0.305, 0.005]), ["relation/1"]);
    }
}

#[test]
fn buildings_are_a_place_a_size_and_levels() {
    let ways = Block::new()
        .way(1, &[21, 22, 23, 24, 21], &[("building", "yes"), ("building:levels", "2.5")])
        .way(2, &[21, 22, 23, 24, 21], &[("building", "no")])
        .way(3, &[21, 22, 23, 21], &[("building", "house"), ("building:levels", "many")])
        .way(4, &[1, 2, 3, 4, 1], &[])
        .way(5, &[5, 6, 7, 8, 5], &[]);
    let with_yard = [("type", "multipolygon"), ("building", "school")];
    let relations = Block::new().relation(9, &[('w', 4, "outer"), ('w', 5, "inner")], &with_yard);
    let wanted = Wanted { buildings: true, ..Wanted::default() };
    let found = read(&[corners().bytes(), ways.bytes(), relations.bytes()], &wanted);
    let levels: Vec<_> = found.buildings.iter().map(|b| (b.id, b.levels)).collect();
    assert_eq!(levels, [(OsmId::Way(1), Some(2.5)), (OsmId::Way(3), None), (OsmId::Relation(9), None)]);
    // A square of 0.01°: 1,111.95 m each way at the equator, 1,236,434 m²; the triangle is half of it.
    let size = |i: usize| found.buildings[i].footprint_m2;
    assert!((size(0) - 1_236_434.0).abs() < 20.0, "{}", size(0));
    assert!((size(1) * 2.0 - size(0)).abs() < 1.0, "{}", size(1));
    // 100 − 4 such squares, and its middle.
    assert!((size(2) / size(0) - 96.0).abs() < 0.01, "{}", size(2));
    let at = found.buildings[2].at;
    assert!((at.lon - 0.05).abs() < 1e-9 && (at.lat - 0.05).abs() < 1e-9, "{at:?}");
}

#[test]
fn boundaries_by_level_with_what_names_them() {
    let ways = Block::new().way(100, &[1, 2, 3, 4, 1], &[]).way(101, &[11, 12, 13, 14, 11], &[]);
    let tags = |level| {
        vec![
            ("type", "boundary"),
            ("boundary", "administrative"),
            ("admin_level", level),
            ("name", "Phường Hoàn Kiếm"),
            ("name:en", "Hoan Kiem Ward"),
            ("population", "105,301"),
            ("ref", "70"),
            ("ref:gso", "00070"),
            ("wikidata", "Q1"),
        ]
    };
    let relations = Block::new()
        .relation(1, &[('w', 100, "outer"), ('n', 5, "admin_centre")], &tags("6"))
        .relation(2, &[('w', 101, "outer")], &tags("4"))
        .relation(3, &[('w', 101, "outer")], &tags("8"))
        .relation(
            4,
            &[('w', 101, "outer")],
            &[("type", "boundary"), ("boundary", "postal_code"), ("admin_level", "6")],
        );
    let wanted = Wanted { boundaries: vec![4, 6], ..Wanted::default() };
    let found = read(&[corners().bytes(), ways.bytes(), relations.bytes()], &wanted);
    assert_eq!(found.boundaries.iter().map(|b| b.admin_level).collect::<Vec<_>>(), [6, 4]);
    let ward = &found.boundaries[0];
    assert_eq!((ward.name.as_deref(), ward.name_en.as_deref()), (Some("Phường Hoàn Kiếm"), Some("Hoan Kiem Ward")));
    assert_eq!((ward.population, ward.wikidata.as_deref()), (Some(105_301), Some("Q1")));
    assert_eq!(ward.refs, [("ref", "70"), ("ref:gso", "00070")].map(|(k, v)| (k.to_owned(), v.to_owned())));
    assert_eq!((size(&ward.geometry), ward.geometry.coords_count()), (100.0, 5));
}

#[test]
fn the_background_of_maps() {
    let nodes = Block::new().nodes(&[
        (31, 1, 1, &[("place", "village"), ("name", "Làng Vòng"), ("name:en", "Vong")]),
        (32, 1, 1, &[("place", "village")]), // without a name
        (33, 2, 2, &[("addr:housenumber", "12"), ("addr:street", "Phố Huế")]),
        (34, 2, 2, &[("addr:housenumber", "12")]), // of no street
        (35, 2, 2, &[("place", "country"), ("name", "Việt Nam")]),
    ]);
    let ring = [1, 2, 3, 4, 1];
    let ways = Block::new()
        .way(100, &[1, 2, 3], &[("highway", "residential"), ("name", "Phố Huế")])
        .way(101, &[1, 2, 3], &[("waterway", "river"), ("name", "Sông Hồng")])
        .way(102, &[2, 99, 3], &[("railway", "rail")]) // node 99 beyond the extract
        .way(103, &[1, 2], &[("railway", "rail"), ("service", "yard")])
        .way(104, &[1, 2], &[("waterway", "stream"), ("tunnel", "culvert")])
        .way(105, &ring, &[("leisure", "park"), ("name", "Thống Nhất")])
        .way(106, &[1, 2, 3], &[("leisure", "park")]) // open
        .way(107, &[21, 22, 23, 24, 21], &[("addr:housenumber", "4"), ("addr:place", "Làng Vòng")])
        .way(108, &ring, &[("place", "suburb"), ("name", "Ba Đình")])
        .way(109, &[1, 2, 3], &[("highway", "path")])
        .way(110, &[5, 6, 7, 8, 5], &[]);
    // A forest with a clearing.
    let forest = [("type", "multipolygon"), ("landuse", "forest")];
    let relations = Block::new().relation(7, &[('w', 105, "outer"), ('w', 110, "inner")], &forest);
    let blocks = [corners().bytes(), nodes.bytes(), ways.bytes(), relations.bytes()];
    let wanted = Wanted { backdrop: true, ..Wanted::default() };
    let found = read(&blocks, &wanted);
    assert_eq!((found.water.len(), found.points.len(), found.broken.len()), (0, 0, 0));
    let Backdrop { parks, lines, places, road_names, addresses, addresses_left_out } = found.backdrop;
    let parks: Vec<_> = parks.iter().map(|p| (p.id, tag(&p.tags, "name"), size(&p.geometry))).collect();
    assert_eq!(parks, [(OsmId::Way(105), Some("Thống Nhất"), 100.0), (OsmId::Relation(7), None, 96.0)]);
    let lines: Vec<_> = lines.iter().map(|l| (l.kind, l.class.as_str(), l.name.as_deref(), l.points.0.len())).collect();
    assert_eq!(lines, [(LineKind::Water, "river", Some("Sông Hồng"), 3), (LineKind::Rail, "rail", None, 2)]);
    let named: Vec<_> = places.iter().map(|p| (p.id, p.name.as_deref(), Backdrop::importance(p))).collect();
    assert_eq!(named, [(OsmId::Node(31), Some("Làng Vòng"), 4), (OsmId::Way(108), Some("Ba Đình"), 2)]);
    assert_eq!(road_names, [(100, "Phố Huế".to_owned())]);
    let texts: Vec<_> = addresses.iter().map(|a| a.text.as_str()).collect();
    assert_eq!((texts, addresses_left_out), (vec!["12 Phố Huế", "4 Làng Vòng"], 0));
    assert!((addresses[1].at.lon - 0.305).abs() < 1e-9 && (addresses[1].at.lat - 0.005).abs() < 1e-9);

    // Only what touches the box: the last square alone.
    let there = read_features(file(&blocks).path(), [0.3, 0.0, 0.31, 0.01], &wanted).unwrap().backdrop;
    assert_eq!((there.road_names.len(), there.lines.len(), there.parks.len(), there.places.len()), (0, 0, 0, 0));
    assert_eq!(there.addresses.len(), 1);
}

#[test]
fn addresses_beyond_the_bound_are_counted() {
    let at = LonLat { lon: 105.0, lat: 21.0 };
    let some = |n: usize| Backdrop {
        addresses: (0..n).map(|i| Address { text: i.to_string(), at }).collect(),
        addresses_left_out: 1,
        ..Backdrop::default()
    };
    let mut all = some(150_000);
    all.append(some(60_000));
    // 150,000 + 60,000 − 200,000 = 10,000, and 1 + 1 that the parts had left out.
    assert_eq!((all.addresses.len(), all.addresses_left_out), (200_000, 10_002));
    assert_eq!(all.addresses[199_999].text, "49999");
}

fn post(name: &'static str) -> [(&'static str, &'static str); 2] {
    [("amenity", "post_office"), ("name", name)]
}

#[test]
fn points_are_nodes_and_middles_of_areas() {
    let nodes = Block::new().nodes(&[
        (31, 1, 2, &post("Bưu điện A")),
        (32, 1, 2, &[("amenity", "cafe")]),
        (33, 3, 3, &[("place", "village")]),
        (34, 3, 3, &[("place", "no")]),
    ]);
    let ways = Block::new().way(100, &[1, 2, 3, 4, 1], &post("B")).way(101, &[1, 2], &post("a line"));
    let rules = ["amenity=post_office;townhall", "place=*"].map(|t| TagRule::parse(t).unwrap());
    let wanted = Wanted { points: rules.to_vec(), ..Wanted::default() };
    let found = read(&[corners().bytes(), nodes.bytes(), ways.bytes()], &wanted);
    let points: Vec<_> = found.points.iter().map(|p| (p.id.to_string(), p.name.as_deref(), p.at)).collect();
    let at = |lon, lat| LonLat { lon, lat };
    assert_eq!(points.len(), 3, "{points:?}");
    assert_eq!(points[0], ("node/31".into(), Some("Bưu điện A"), at(0.01, 0.02)));
    assert_eq!(points[1], ("node/33".into(), None, at(0.03, 0.03)));
    assert_eq!((points[2].0.as_str(), points[2].1), ("way/100", Some("B")));
    assert!((points[2].2.lon - 0.05).abs() < 1e-9 && (points[2].2.lat - 0.05).abs() < 1e-9);
    for wrong in ["amenity", "=x", "amenity=", "amenity=a;;b"] {
        assert_eq!(TagRule::parse(wrong).unwrap_err().code, "osm::tag", "{wrong}");
    }
}

#[test]
fn sites_know_only_what_their_tags_say() {
    let full: &[_] = &[
        ("amenity", "post_office"),
        ("name", "Bưu điện Hà Đông"),
        ("operator", "Vietnam Post"),
        ("addr:housenumber", "4"),
        ("addr:street", "Quang Trung"),
        ("addr:district", "Hà Đông"),
    ];
    let nodes = Block::new().nodes(&[
        (1, 1, 1, full),
        (2, 2, 2, &[("amenity", "post_office")]),
        (3, 3, 3, &[("office", "it"), ("brand", "FPT")]),
        (4, 4, 4, &[("office", "government"), ("name", "UBND")]),
        (5, 90, 90, &post("far away")),
    ]);
    let rules = ["amenity=post_office", "office=*"].map(|t| TagRule::parse(t).unwrap());
    let file = file(&[nodes.bytes()]);
    let area = rectangle(0.0, 0.0, 0.5, 0.5);
    let sites = sites_from_osm(file.path(), &rules, Some(&area)).unwrap();
    let texts: Vec<_> = sites
        .iter()
        .map(|s| (s.id.as_str(), s.name.as_str(), s.organisation.as_deref(), s.operator.as_deref()))
        .collect();
    let expected = [
        ("node/1", "Bưu điện Hà Đông", Some("postal"), Some("Vietnam Post")),
        ("node/2", "OpenStreetMap (node/2)", Some("postal"), None),
        ("node/3", "FPT (node/3)", Some("it"), Some("FPT")),
        ("node/4", "UBND", None, None),
    ];
    assert_eq!(texts, expected);
    assert_eq!(sites[0].address.as_deref(), Some("4 Quang Trung, Hà Đông"));
    assert_eq!((sites[1].address.as_deref(), sites[1].position.as_deref(), sites[1].fixed), (None, Some("osm"), false));
    assert_eq!(sites_from_osm(file.path(), &rules, None).unwrap().len(), 5);
    let empty = sites_from_osm(file.path(), &default_site_tags(), Some(&rectangle(5.0, 5.0, 6.0, 6.0))).unwrap_err();
    assert_eq!(empty.faults()[0].code, "osm::no-sites");
}

/// Flips every bit of blocks that hold all kinds of elements: read or refused, never a panic.
#[test]
fn damaged_blocks_never_panic() {
    let nodes = corners().bytes();
    let rest = Block::new()
        .way(100, &[1, 2, 3], &[])
        .way(101, &[3, 4, 1], &[("building", "yes"), ("building:levels", "3")])
        .way(102, &[1, 2, 3, 4], &[("waterway", "river"), ("name", "Sông Hồng")])
        .way(103, &[1, 2], &[("highway", "primary"), ("name", "Phố Huế")])
        .relation(7, &[('w', 100, "outer"), ('w', 101, "")], LAKE)
        .bytes();
    let wanted = Wanted {
        water: true,
        buildings: true,
        boundaries: vec![4],
        relations: vec![7],
        points: default_site_tags(),
        backdrop: true,
    };
    let (mut refused, mut taken) = (0, 0);
    for (intact, damaged, nodes_damaged) in [(&rest, &nodes, true), (&nodes, &rest, false)] {
        for bit in (0..damaged.len() * 8).step_by(3) {
            let mut bytes = damaged.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let blocks = if nodes_damaged { [bytes, intact.clone()] } else { [intact.clone(), bytes] };
            let file = file(&blocks);
            let result = std::panic::catch_unwind(|| read_features(file.path(), [0.0, 0.0, 1.0, 1.0], &wanted));
            match result.unwrap_or_else(|_| panic!("bit {bit} makes the reader panic")) {
                Ok(_) => taken += 1,
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 30 && taken > 30, "{refused} refused, {taken} read");
}

#[test]
fn real_roads_hold_little_else() {
    let Some(path) = crate::ingest::testkit::shared("hanoi/roads-core-13-districts.osm.pbf") else { return };
    let wanted = Wanted {
        water: true,
        buildings: true,
        boundaries: vec![4, 6, 8],
        points: default_site_tags(),
        relations: vec![],
        backdrop: false,
    };
    let found = read_features(&path, EVERYWHERE, &wanted).unwrap();
    assert_eq!((found.boundaries.len(), found.broken.len()), (0, 0));
}
