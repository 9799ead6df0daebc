//! Whole files: made ones with answers worked out by hand, the demo city, damaged bytes.

use std::io::Write;
use std::path::{Path, PathBuf};

use osmpbfreader::fileformat::{Blob, BlobHeader};
use osmpbfreader::osmformat::relation::MemberType;
use osmpbfreader::osmformat::{DenseNodes, Node, PrimitiveBlock, PrimitiveGroup, Relation, StringTable, Way};
use protobuf::Message;

use super::*;
use crate::testkit::Draw;

pub(super) const EVERYWHERE: [f64; 4] = [-180.0, -90.0, 180.0, 90.0];

/// A node: id, hundredths of a degree east and north, tags.
pub(super) type TestNode<'a> = (i64, i64, i64, &'a [(&'a str, &'a str)]);

/// Builds the message of a block.
pub(super) struct Block {
    texts: Vec<String>,
    group: PrimitiveGroup,
}

impl Block {
    pub(super) fn new() -> Self {
        Block { texts: vec![String::new()], group: PrimitiveGroup::new() }
    }

    fn text(&mut self, text: &str) -> u32 {
        let at = self.texts.iter().position(|t| t == text).unwrap_or_else(|| {
            self.texts.push(text.to_owned());
            self.texts.len() - 1
        });
        at as u32
    }

    fn pairs(&mut self, tags: &[(&str, &str)]) -> (Vec<u32>, Vec<u32>) {
        tags.iter().map(|(k, v)| (self.text(k), self.text(v))).unzip()
    }

    pub(super) fn nodes(mut self, nodes: &[TestNode<'_>]) -> Self {
        let mut dense = DenseNodes::new();
        let mut last = (0, 0, 0);
        for &(id, lon, lat, tags) in nodes {
            let (lon, lat) = (lon * 100_000, lat * 100_000); // steps of 100 nanodegrees
            dense.id.push(id - last.0);
            dense.lon.push(lon - last.1);
            dense.lat.push(lat - last.2);
            last = (id, lon, lat);
            for (key, value) in tags {
                let pair = [self.text(key) as i32, self.text(value) as i32];
                dense.keys_vals.extend(pair);
            }
            dense.keys_vals.push(0);
        }
        self.group.dense = Some(dense).into();
        self
    }

    pub(super) fn way(mut self, id: i64, nodes: &[i64], tags: &[(&str, &str)]) -> Self {
        let mut way = Way::new();
        way.set_id(id);
        (way.keys, way.vals) = self.pairs(tags);
        way.refs = nodes.iter().scan(0, |last, &n| Some(n - std::mem::replace(last, n))).collect();
        self.group.ways.push(way);
        self
    }

    /// A relation `type=restriction` with its members as (role, id); `via` is a node below id 100.
    fn restriction(mut self, id: i64, members: &[(&str, i64)], tags: &[(&str, &str)]) -> Self {
        let mut relation = Relation::new();
        relation.set_id(id);
        let tags: Vec<_> = [("type", "restriction")].iter().chain(tags).copied().collect();
        (relation.keys, relation.vals) = self.pairs(&tags);
        let mut last = 0;
        for &(role, member) in members {
            relation.roles_sid.push(self.text(role) as i32);
            relation.memids.push(member - last);
            last = member;
            let kind = if role == "via" && member < 100 { MemberType::NODE } else { MemberType::WAY };
            relation.types.push(kind.into());
        }
        self.group.relations.push(relation);
        self
    }

    /// A relation with its members as (kind, id, role): kind is `n`, `w` or `r`.
    pub(super) fn relation(mut self, id: i64, members: &[(char, i64, &str)], tags: &[(&str, &str)]) -> Self {
        let mut relation = Relation::new();
        relation.set_id(id);
        (relation.keys, relation.vals) = self.pairs(tags);
        let mut last = 0;
        for &(kind, member, role) in members {
            relation.roles_sid.push(self.text(role) as i32);
            relation.memids.push(member - last);
            last = member;
            let kind = match kind {
                'n' => MemberType::NODE,
                'w' => MemberType::WAY,
                _ => MemberType::RELATION,
            };
            relation.types.push(kind.into());
        }
        self.group.relations.push(relation);
        self
    }

    pub(super) fn message(self) -> PrimitiveBlock {
        let mut table = StringTable::new();
        table.s = self.texts.into_iter().map(String::into_bytes).collect();
        let mut block = PrimitiveBlock::new();
        block.stringtable = Some(table).into();
        block.primitivegroup.push(self.group);
        block
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        self.message().write_to_bytes().unwrap()
    }
}

/// A file of these blocks.
pub(super) fn file(blocks: &[Vec<u8>]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for block in blocks {
        let mut blob = Blob::new();
        blob.set_raw(block.clone());
        let blob = blob.write_to_bytes().unwrap();
        let mut header = BlobHeader::new();
        header.set_type("OSMData".into());
        header.set_datasize(blob.len() as i32);
        let header = header.write_to_bytes().unwrap();
        file.write_all(&(header.len() as u32).to_be_bytes()).unwrap();
        file.write_all(&header).unwrap();
        file.write_all(&blob).unwrap();
    }
    file
}

fn extract(blocks: &[Vec<u8>]) -> OsmExtract {
    read_extract(file(blocks).path(), EVERYWHERE).unwrap()
}

/// Nodes 1 to 9 at 1 to 9 hundredths of a degree east, without tags.
fn row() -> Block {
    let nodes: Vec<_> = (1..10).map(|i| (i, i, 0, &[][..])).collect();
    Block::new().nodes(&nodes)
}

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo/roads.osm.pbf")
}

#[test]
fn ways_that_are_alike_share_their_tags() {
    let first = Block::new()
        .way(100, &[3, 2, 2, 1], &[("highway", "primary"), ("name", "A"), ("oneway", "yes"), ("maxspeed", "60")])
        .way(101, &[5, 6], &[("highway", "service"), ("name", "B")])
        .way(102, &[1, 9], &[("building", "yes")]);
    let second = Block::new()
        .way(103, &[6, 7], &[("maxspeed", "60"), ("highway", "primary"), ("oneway", "yes"), ("name", "C")])
        .way(104, &[7, 8], &[("route", "ferry"), ("duration", "00:20")])
        .way(105, &[4, 4], &[("highway", "service")])
        .way(106, &[1, 2, 3, 1], &[("natural", "water")])
        .way(107, &[1, 3], &[("waterway", "river")]);
    let read = extract(&[row().bytes(), first.bytes(), second.bytes()]);
    // Node 4 is named only by a way of one node, 9 only by a building: neither is kept.
    assert_eq!(read.node_ids, [1, 2, 3, 5, 6, 7, 8]);
    let ids: Vec<i64> = read.roads.iter().map(|r| r.id).collect();
    assert_eq!(ids, [100, 101, 103, 104]);
    let tags: Vec<u32> = read.roads.iter().map(|r| r.tags).collect();
    assert_eq!(tags, [0, 1, 0, 2]);
    let primary = [("maxspeed", "60".to_owned()), ("oneway", "yes".to_owned())];
    assert_eq!(read.tag_sets[0], Tags { class: "primary".into(), other: primary.to_vec() });
    assert_eq!(read.tag_sets[1], Tags { class: "service".into(), other: vec![] });
    assert_eq!((read.tag_sets[2].class.as_str(), read.tag_sets[2].get("duration")), ("ferry", Some("00:20")));
    assert_eq!(read.tag_sets.len(), 3);
    // Of 3, 2, 2, 1 the repeat is dropped.
    assert_eq!(read.nodes_of(&read.roads[0]), [2, 1, 0]);
    assert_eq!(read.nodes_of(&read.roads[3]), [5, 6]);
    assert_eq!(read.places[6], Some(LonLat { lon: 0.08, lat: 0.0 }));
    let area = WaterWay { nodes: vec![0, 1, 2, 0], area: true };
    assert_eq!(read.water, [area, WaterWay { nodes: vec![0, 2], area: false }]);
    assert_eq!(read.missing_nodes, 0);
}

#[test]
fn marks_are_what_one_passes_on_a_road() {
    let access = ("motorcycle", "yes");
    let nodes = Block::new().nodes(&[
        (1, 1, 0, &[("highway", "traffic_signals"), ("traffic_signals:direction", "forward"), access]),
        (2, 2, 0, &[access, ("barrier", "gate"), ("name", "North gate")]),
        (3, 3, 0, &[("highway", "bus_stop"), ("direction", "forward")]),
        (4, 4, 0, &[("highway", "crossing"), ("crossing", "zebra")]),
        (5, 5, 0, &[("barrier", "gate")]), // on no road
        (6, 6, 0, &[("railway", "level_crossing")]),
        (7, 7, 0, &[("railway", "switch")]),
        (8, 8, 0, &[("barrier", "gate"), access]),
    ]);
    let ways = Block::new().way(100, &[8, 7, 6, 4, 3, 2, 1], &[("highway", "service")]).way(
        101,
        &[5, 9],
        &[("waterway", "canal")],
    );
    let read = extract(&[nodes.bytes(), ways.bytes()]);
    assert_eq!(read.node_ids, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let marks: Vec<(u32, u32)> = read.marks.iter().map(|m| (m.node, m.tags)).collect();
    assert_eq!(marks, [(0, 0), (1, 1), (3, 2), (5, 3), (7, 1)]);
    let tags = |set: usize| read.mark_sets[set].other.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>();
    assert_eq!(tags(0), ["highway=traffic_signals", "traffic_signals:direction=forward"]);
    assert_eq!(tags(1), ["barrier=gate", "motorcycle=yes"]);
    assert_eq!(tags(2), ["crossing=zebra", "highway=crossing"]);
    assert_eq!(tags(3), ["railway=level_crossing"]);
    assert_eq!(read.mark_sets.len(), 4);
    // Node 9 is not in the file, but water alone asks for it.
    assert_eq!((read.places[8], read.missing_nodes), (None, 0));
}

#[test]
fn restrictions_are_kept_with_all_their_parts() {
    let road = [("highway", "residential")];
    let ways = Block::new().way(100, &[1, 2], &road).way(101, &[2, 3], &road).way(102, &[3, 4], &road).way(
        103,
        &[5, 6],
        &[("building", "yes")],
    );
    let no_left = [("restriction", "no_left_turn")];
    let relations = Block::new()
        .restriction(1, &[("from", 100), ("via", 2), ("to", 101)], &no_left)
        .restriction(2, &[("from", 102), ("via", 101), ("to", 100)], &[("restriction:motorcycle", "only_u_turn")])
        .restriction(3, &[("from", 100), ("via", 2), ("to", 103)], &no_left) // 103 is no road
        .restriction(4, &[("from", 100), ("via", 77), ("to", 101)], &no_left) // no such node
        .restriction(5, &[("from", 500), ("via", 2), ("to", 501)], &no_left) // elsewhere: not counted
        .restriction(6, &[("from", 100), ("via", 2), ("to", 101)], &[("restriction:conditional", "no_entry @ (Su)")])
        .restriction(7, &[("from", 500), ("via", 2), ("to", 501)], &[("restriction:conditional", "no_exit @ (Su)")]);
    let read = extract(&[row().bytes(), ways.bytes(), relations.bytes()]);
    let plain = TurnRestriction {
        id: 1,
        only: false,
        u_turn: false,
        from_way: 100,
        via: Via::Node(1),
        to_way: 101,
        binds: vec![],
        except: vec![],
    };
    let along = TurnRestriction {
        id: 2,
        only: true,
        u_turn: true,
        from_way: 102,
        via: Via::Ways(vec![101]),
        to_way: 100,
        binds: vec!["motorcycle".into()],
        except: vec![],
    };
    assert_eq!(read.restrictions, [plain, along]);
    assert_eq!(read.restrictions_skipped, 3); // 3, 4 and 6
}

#[test]
fn a_road_may_lack_nodes_and_the_box_decides_by_those_that_are_there() {
    let road = [("highway", "residential")];
    let ways = Block::new().way(100, &[50, 1, 2, -7], &road).way(101, &[8, 9, 60], &road).way(102, &[70, 71], &road);
    let blocks = [row().bytes(), ways.bytes()];
    let read = extract(&blocks);
    // Road 102 has no node with a place, so none in any box.
    assert_eq!(read.roads.iter().map(|r| r.id).collect::<Vec<_>>(), [100, 101]);
    assert_eq!(read.node_ids, [-7, 1, 2, 8, 9, 50, 60]);
    assert_eq!(read.nodes_of(&read.roads[0]), [5, 1, 2, 0]);
    assert_eq!(read.places.iter().filter(|p| p.is_none()).count(), 3);
    assert_eq!(read.missing_nodes, 3);
    // 0.015 to 0.025 °E holds node 2 alone.
    let clipped = read_extract(file(&blocks).path(), [0.015, -1.0, 0.025, 1.0]).unwrap();
    assert_eq!(clipped.node_ids, [-7, 1, 2, 50]);
    assert_eq!((clipped.roads.len(), clipped.missing_nodes), (1, 2));
}

#[test]
fn nodes_outside_dense_lists_and_after_the_ways_are_found() {
    let mut nodes = Block::new();
    let (key, value) = (nodes.text("barrier"), nodes.text("bollard"));
    for (id, lon) in [(2, 300_000), (1, 100_000)] {
        let mut node = Node::new();
        node.set_id(id);
        node.set_lon(lon);
        node.set_lat(-50);
        (node.keys, node.vals) = (vec![key], vec![value]);
        nodes.group.nodes.push(node);
    }
    let mut nodes = nodes.message();
    nodes.set_granularity(1000); // steps of a millionth of a degree
    nodes.set_lon_offset(5_000_000_000);
    let ways = Block::new().way(100, &[1, 2], &[("highway", "residential")]);
    let read = extract(&[ways.bytes(), nodes.write_to_bytes().unwrap()]);
    let places = [LonLat { lon: 5.1, lat: -0.00005 }, LonLat { lon: 5.3, lat: -0.00005 }];
    assert_eq!(read.places, places.map(Some));
    assert_eq!(read.marks, [NodeMark { node: 0, tags: 0 }, NodeMark { node: 1, tags: 0 }]);
}

#[test]
fn lists_that_are_not_packed_are_read_by_the_full_parser() {
    let ways = Block::new().way(100, &[1, 2, 3], &[("highway", "residential")]).bytes();
    let usual = extract(&[row().bytes(), ways.clone()]);
    // Way 100 as bytes: field 3 of the group, then its fields id, keys, vals, refs (1, 1, 1 as 2, 2, 2).
    let packed = [0x1a, 13, 0x08, 100, 0x12, 1, 1, 0x1a, 1, 2, 0x42, 3, 2, 2, 2];
    let at = ways.windows(packed.len()).position(|w| w == packed).unwrap();
    // The same with each step of the refs in a field of its own (number 8, kind 0).
    let single = [0x1a, 14, 0x08, 100, 0x12, 1, 1, 0x1a, 1, 2, 0x40, 2, 0x40, 2, 0x40, 2];
    let mut unusual = [&ways[..at], &single, &ways[at + packed.len()..]].concat();
    // The group just before is a byte longer as well.
    assert_eq!(unusual[at - 2..at], [0x12, 15]);
    unusual[at - 1] = 16;
    assert_eq!(extract(&[row().bytes(), unusual]), usual);
}

#[test]
fn memory_and_threads_do_not_change_the_extract() {
    let whole = read_extract(&demo(), EVERYWHERE).unwrap();
    for budget_bytes in [0, 200_000, 400_000] {
        assert!(read_within(&demo(), EVERYWHERE, budget_bytes).unwrap() == whole, "{budget_bytes} bytes");
    }
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert!(pool.install(|| read_extract(&demo(), EVERYWHERE)).unwrap() == whole, "{threads} threads");
        assert!(pool.install(|| read_within(&demo(), EVERYWHERE, 0)).unwrap() == whole, "{threads} threads");
    }
}

#[test]
fn real_roads_are_read_alike_whatever_the_memory() {
    let Some(path) = crate::ingest::testkit::shared("bench/porto_portugal.osm.pbf") else { return };
    let whole = read_extract(&path, EVERYWHERE).unwrap();
    assert!(read_within(&path, EVERYWHERE, 1_000_000).unwrap() == whole);
    // Tags are interned, nodes ascend, every restriction's node lies on its roads' nodes.
    assert!(whole.tag_sets.len() * 10 < whole.roads.len());
    assert!(whole.node_ids.is_sorted_by(|a, b| a < b) && whole.marks.is_sorted_by(|a, b| a.node < b.node));
    let touches = |way: i64, node: u32| {
        let road = whole.roads.iter().find(|r| r.id == way).unwrap();
        whole.nodes_of(road).contains(&node)
    };
    let over_nodes = whole.restrictions.iter().filter_map(|r| match r.via {
        Via::Node(node) => Some(touches(r.from_way, node) && touches(r.to_way, node)),
        Via::Ways(_) => None,
    });
    let touching: Vec<bool> = over_nodes.collect();
    // Mappers err now and then: nearly all is enough to show that ids and indices are not mixed up.
    assert!(touching.len() > 100 && touching.iter().filter(|t| **t).count() * 100 > touching.len() * 95);
}

#[test]
fn only_what_touches_the_box_is_kept() {
    let everywhere = read_extract(&demo(), EVERYWHERE).unwrap();
    // West of 105.5 °E lies less than half of the demo city.
    let west = read_extract(&demo(), [105.0, 20.0, 105.5, 22.0]).unwrap();
    assert!(west.roads.len() * 2 < everywhere.roads.len() && !west.roads.is_empty());
    let touches =
        |w: &RoadWay| west.nodes_of(w).iter().filter_map(|&n| west.places[n as usize]).any(|p| p.lon <= 105.5);
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
        let result = std::panic::catch_unwind(|| read_extract(file.path(), EVERYWHERE));
        let read = result.unwrap_or_else(|_| panic!("seed {seed}: bit flipped at {at} makes the reader panic"));
        refused += usize::from(read.is_err());
    }
    assert!(refused > 60, "{refused} of 120 refused");
}

#[test]
fn damaged_blocks_are_read_or_refused_but_never_panic() {
    // Without compression, so that no checksum guards the messages themselves.
    let ways = Block::new()
        .way(100, &[1, 2, 3], &[("highway", "residential"), ("surface", "asphalt")])
        .way(101, &[3, 4, 5], &[("natural", "water")])
        .restriction(1, &[("from", 100), ("via", 2), ("to", 100)], &[("restriction", "no_u_turn")]);
    let nodes = Block::new().nodes(&[(1, 1, 0, &[]), (2, 2, 0, &[("barrier", "gate")]), (3, 300, 0, &[])]);
    let blocks = [nodes.bytes(), ways.bytes()];
    let (mut refused, mut read) = (0, 0);
    for block in &blocks {
        for at in 0..block.len() * 8 {
            let mut damaged = block.clone();
            damaged[at / 8] ^= 1 << (at % 8);
            for what in [Read::All, Read::Nodes] {
                let result = std::panic::catch_unwind(|| decode(&damaged, what).map(|_| ()));
                match result.unwrap_or_else(|_| panic!("bit {at} makes the reader panic")) {
                    Ok(()) => read += 1,
                    Err(_) => refused += 1,
                }
            }
            // The whole reader as well, now and then.
            if at % 7 == 0 {
                let other = if std::ptr::eq(block, &blocks[0]) { &blocks[1] } else { &blocks[0] };
                let file = file(&[damaged, other.clone()]);
                let result = std::panic::catch_unwind(|| read_extract(file.path(), EVERYWHERE).map(|_| ()));
                assert!(result.is_ok(), "bit {at} makes the reader panic");
            }
        }
    }
    assert!(refused > 100 && read > 100, "{refused} refused, {read} read");
}
