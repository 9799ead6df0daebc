//! Clips of made files with answers worked out by hand, and of real ones against the reader of roads.

use std::path::PathBuf;

use super::super::features::{Wanted, read_features};
use super::super::tests::{Block, EVERYWHERE, file};
use super::super::{OsmExtract, read_extract};
use super::*;
use crate::units::LonLat;

/// The ids in a file by kind, in its order.
fn ids(path: &Path) -> [Vec<i64>; 3] {
    let mut all: [Vec<i64>; 3] = Default::default();
    scan(path, None, |blocks| {
        for block in blocks {
            let found = with_block(&block.bytes, |view| {
                let mut found: [Vec<i64>; 3] = Default::default();
                view.nodes(|id, _, _| {
                    found[0].push(id);
                    Ok(())
                })?;
                view.ways(|id, _, _| {
                    found[1].push(id);
                    Ok(())
                })?;
                view.relations(|id, _, _| {
                    found[2].push(id);
                    Ok(())
                })?;
                Ok(found)
            });
            found.unwrap().into_iter().zip(&mut all).for_each(|(found, all)| all.extend(found));
        }
        Ok(())
    })
    .unwrap();
    all
}

/// Nodes 1 to 9 at 1 to 9 hundredths of a degree east; the region holds 3, 4 and 5.
fn blocks() -> [Vec<u8>; 3] {
    let nodes: Vec<_> =
        (1..10).map(|i| (i, i, 0, if i % 2 == 0 { &[("name", "x"), ("shop", "y")][..] } else { &[] })).collect();
    let ways = Block::new()
        .way(100, &[1, 2, 3], &[("highway", "primary")])
        .way(101, &[6, 7], &[("highway", "primary")])
        .way(102, &[7, 8], &[("natural", "water")])
        .way(103, &[4, 5, 99], &[("name", "Đường Láng")]);
    let relations = Block::new()
        .relation(1, &[('w', 102, "outer"), ('w', 103, "inner"), ('n', 9, "label")], &[("type", "multipolygon")])
        .relation(2, &[('w', 101, ""), ('w', 100, "")], &[("type", "route")])
        .relation(3, &[('r', 2, "part")], &[("type", "network")])
        .relation(4, &[('r', 3, "")], &[])
        .relation(5, &[('w', 101, ""), ('n', 6, "")], &[("type", "boundary")])
        .relation(6, &[('n', 3, "via"), ('w', 555, "to")], &[("type", "restriction")]);
    [Block::new().nodes(&nodes).bytes(), ways.bytes(), relations.bytes()]
}

#[test]
fn what_is_kept_by_hand() {
    let source = file(&blocks());
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("clip.osm.pbf");
    let region = Region::of_box([0.025, -1.0, 0.055, 1.0], 0.0);
    let clipped = clip(source.path(), &region, &out, false).unwrap();
    // Nodes 3, 4, 5; 1 and 2 for way 100; 7 and 8 for way 102, which relation 1 is not whole without; 9 for its label.
    // Node 99 is not in the file. Way 101 is not for route 2, which need not be whole. Relations 3 and 4 hold 2.
    let expected = [vec![1, 2, 3, 4, 5, 7, 8, 9], vec![100, 102, 103], vec![1, 2, 3, 4, 6]];
    assert_eq!(ids(&out), expected);
    let bytes = std::fs::metadata(&out).unwrap().len();
    assert_eq!(clipped, Clipped { nodes: 8, ways: 3, relations: 5, bytes });
    // Tags come through, and the file stands up to the other reader.
    let wanted =
        Wanted { points: vec![super::super::features::TagRule::parse("shop=y").unwrap()], ..Wanted::default() };
    let points = read_features(&out, EVERYWHERE, &wanted).unwrap().points;
    assert_eq!(points.iter().map(|p| p.at.lon).collect::<Vec<_>>(), [0.02, 0.04, 0.08]);
    assert!(points.iter().all(|p| p.name.as_deref() == Some("x")));
    assert_eq!(clip(source.path(), &region, &out, false).unwrap_err().faults()[0].code, "output::exists");
    // Clipped again it stays what it is.
    let again = home.path().join("again.osm.pbf");
    clip(&out, &region, &again, false).unwrap();
    assert_eq!(std::fs::read(&again).unwrap(), std::fs::read(&out).unwrap());
}

#[test]
fn what_cannot_be_clipped_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("clip.osm.pbf");
    let code = |blocks: &[Vec<u8>], bounds| {
        let source = file(blocks);
        clip(source.path(), &Region::of_box(bounds, 0.0), &out, false).unwrap_err().faults()[0].code
    };
    let [nodes, ways, relations] = blocks();
    assert_eq!(code(&blocks(), [50.0, 50.0, 51.0, 51.0]), "osm::outside");
    assert_eq!(code(&[ways.clone(), nodes.clone(), relations.clone()], EVERYWHERE), "osm::unsorted");
    assert_eq!(code(&[nodes.clone(), relations.clone(), ways.clone()], EVERYWHERE), "osm::unsorted");
    assert_eq!(code(&[nodes.clone(), nodes.clone()], EVERYWHERE), "osm::unsorted");
    assert_eq!(code(&[nodes, ways[..ways.len() - 1].to_vec()], EVERYWHERE), "osm::damaged");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

/// Clips and checks that the roads read from the clip are those read from the whole.
fn roads_stay(path: &Path, bounds: [f64; 4]) -> (OsmExtract, PathBuf, tempfile::TempDir) {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("clip.osm.pbf");
    clip(path, &Region::of_box(bounds, 0.0), &out, false).unwrap();
    let whole = read_extract(path, bounds).unwrap();
    assert!(read_extract(&out, bounds).unwrap() == whole, "{}: the roads differ", path.display());
    (whole, out, home)
}

#[test]
fn roads_of_a_clip_are_those_of_the_whole() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo/roads.osm.pbf");
    let (roads, out, _home) = roads_stay(&demo, [105.7, 20.9, 105.9, 21.1]);
    assert!(!roads.roads.is_empty() && std::fs::metadata(out).unwrap().len() < std::fs::metadata(&demo).unwrap().len());
    if let Some(path) = crate::ingest::testkit::shared("bench/porto_portugal.osm.pbf") {
        let (roads, ..) = roads_stay(&path, [-8.65, 41.13, -8.57, 41.18]);
        assert!(roads.roads.len() > 1000 && !roads.restrictions.is_empty());
    }
}

#[test]
fn a_polygon_and_its_buffer() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo/roads.osm.pbf");
    let area = crate::ingest::testkit::rectangle(105.7, 20.9, 105.8, 21.0);
    let region = Region::of_polygon(&area, 2000.0).unwrap();
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("clip.osm.pbf");
    clip(&demo, &region, &out, false).unwrap();
    let near = |at: &LonLat| region.contains(*at);
    let [whole, cut] = [&demo, &out].map(|path| read_extract(path, EVERYWHERE).unwrap());
    let count = |e: &OsmExtract| e.places.iter().flatten().filter(|at| near(at)).count();
    assert_eq!(count(&whole), count(&cut));
    assert!(cut.places.len() < whole.places.len() && count(&cut) * 2 > cut.places.len());
}

#[test]
fn ids_are_looked_up_as_by_a_search() {
    let mut draw = crate::testkit::Draw::new(3);
    for _ in 0..50 {
        let mut ids: Vec<i64> = (0..draw.below(40)).map(|_| draw.below(90) as i64 - 20).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut near = Near::new(&ids);
        let mut id = 0;
        for _ in 0..200 {
            id = if draw.below(4) == 0 { draw.below(100) as i64 - 25 } else { id + draw.below(5) as i64 - 2 };
            assert_eq!(near.holds(id), ids.binary_search(&id).is_ok(), "{id} in {ids:?}");
        }
    }
}

/// A made file: places of nodes in hundredths of a degree, nodes of ways, and relations with their members by kind. Ids of
/// nodes are odd, so that every other one is missing; ways begin at 100, relations at 1.
type Made = (Vec<(i64, i64)>, Vec<Vec<i64>>, Vec<(u8, Vec<(u8, i64)>)>);

fn made() -> impl proptest::strategy::Strategy<Value = Made> {
    use proptest::collection::vec;
    let nodes = vec((-20_i64..20, -20_i64..20), 1..40);
    let ways = vec(vec(1_i64..80, 1..6), 0..20);
    let relations = vec((0_u8..5, vec((0_u8..3, 0_i64..24), 0..5)), 0..12);
    (nodes, ways, relations)
}

const KINDS: [char; 3] = ['n', 'w', 'r'];
const TYPES: [&str; 5] = ["multipolygon", "boundary", "route", "restriction", "site"];

/// The id of a member.
fn member((kind, number): (u8, i64)) -> (usize, i64) {
    (usize::from(kind), number + [1, 100, 1][usize::from(kind)])
}

/// The blocks of a file, several of each kind, sorted.
fn blocks_of((nodes, ways, relations): &Made) -> Vec<Vec<u8>> {
    let nodes: Vec<_> = (0..).zip(nodes).map(|(i, &(lon, lat))| (2 * i + 1, lon, lat, &[][..])).collect();
    let mut blocks: Vec<Vec<u8>> = nodes.chunks(7).map(|some| Block::new().nodes(some).bytes()).collect();
    for some in (100..).zip(ways).collect::<Vec<_>>().chunks(4) {
        let tags = |id: i64| match id % 3 {
            0 => [("highway", "residential")],
            1 => [("natural", "water")],
            _ => [("name", "Đường Láng")],
        };
        let block = some.iter().fold(Block::new(), |block, (id, refs)| block.way(*id, refs, &tags(*id)));
        blocks.push(block.bytes());
    }
    for some in (1..).zip(relations).collect::<Vec<_>>().chunks(3) {
        let block = some.iter().fold(Block::new(), |block, (id, (of, members))| {
            let role = |i: usize| ["from", "via", "to"][i % 3];
            let members = members.iter().enumerate().map(|(i, m)| (member(*m), role(i)));
            let members: Vec<_> = members.map(|((kind, id), role)| (KINDS[kind], id, role)).collect();
            let tags = [("type", TYPES[usize::from(*of)]), ("restriction", "no_left_turn")];
            block.relation(*id, &members, &tags)
        });
        blocks.push(block.bytes());
    }
    blocks
}

/// What the rules at the head of this module keep, by sets: ids of nodes, ways and relations.
fn kept_by_sets((nodes, ways, relations): &Made, inside: impl Fn(i64, i64) -> bool) -> [Vec<i64>; 3] {
    use std::collections::BTreeSet;
    let all_nodes: BTreeSet<i64> = (0..nodes.len() as i64).map(|i| 2 * i + 1).collect();
    let within: BTreeSet<i64> = all_nodes
        .iter()
        .copied()
        .filter(|id| {
            let (lon, lat) = nodes[*id as usize / 2];
            inside(lon, lat)
        })
        .collect();
    let way = |id: i64| ways.get(usize::try_from(id - 100).ok()?);
    let through: BTreeSet<i64> =
        (100..100 + ways.len() as i64).filter(|&id| way(id).unwrap().iter().any(|n| within.contains(n))).collect();
    let holds = |m: &(u8, i64)| match member(*m) {
        (0, id) => within.contains(&id),
        (1, id) => through.contains(&id),
        _ => false,
    };
    let all = || (1_i64..).zip(relations);
    let direct: BTreeSet<i64> = all().filter(|(_, (_, m))| m.iter().any(holds)).map(|(id, _)| id).collect();
    let mut of_use = direct.clone();
    loop {
        let belong = |m: &(u8, i64)| m.0 == 2 && of_use.contains(&member(*m).1);
        let more: BTreeSet<i64> = all().filter(|(_, (_, m))| m.iter().any(belong)).map(|(id, _)| id).collect();
        if more.is_subset(&of_use) {
            break;
        }
        of_use.extend(more);
    }
    let (mut kept_nodes, mut kept_ways) = (within.clone(), through.clone());
    for id in &direct {
        let (of, members) = &relations[*id as usize - 1];
        for (kind, id) in members.iter().filter(|_| *of < 2).map(|m| member(*m)) {
            match kind {
                0 if all_nodes.contains(&id) => _ = kept_nodes.insert(id),
                1 if way(id).is_some() => _ = kept_ways.insert(id),
                _ => {}
            }
        }
    }
    for id in &kept_ways {
        kept_nodes.extend(way(*id).unwrap().iter().filter(|n| all_nodes.contains(n)));
    }
    [kept_nodes, kept_ways, of_use].map(|ids| ids.into_iter().collect())
}

proptest::proptest! {
    /// Of any file a clip keeps what the rules say; the roads in the region are those of the whole; and a clip of the clip
    /// holds the same.
    #[test]
    fn clips_keep_what_the_rules_say(made in made(), corner in (-20_i64..20, -20_i64..20), size in (1_i64..25, 1_i64..25)) {
        let source = file(&blocks_of(&made));
        let home = tempfile::tempdir().unwrap();
        let [out, again] = ["clip.osm.pbf", "again.osm.pbf"].map(|name| home.path().join(name));
        // Between the steps of the places, so that no node lies on its border.
        let edge = |hundredths: i64| hundredths as f64 / 100.0 - 0.005;
        let (west, south, east, north) = (corner.0, corner.1, corner.0 + size.0, corner.1 + size.1);
        let bounds = [edge(west), edge(south), edge(east), edge(north)];
        let region = Region::of_box(bounds, 0.0);
        let inside = |lon: i64, lat: i64| (west..east).contains(&lon) && (south..north).contains(&lat);
        let expected = kept_by_sets(&made, inside);
        let clipped = match clip(source.path(), &region, &out, false) {
            Ok(clipped) => clipped,
            Err(error) => {
                proptest::prop_assert_eq!(error.faults()[0].code, "osm::outside");
                proptest::prop_assert!(!made.0.iter().any(|&(lon, lat)| inside(lon, lat)));
                return Ok(());
            }
        };
        let counts = [clipped.nodes, clipped.ways, clipped.relations];
        proptest::prop_assert_eq!(counts, [0, 1, 2].map(|kind: usize| expected[kind].len()));
        proptest::prop_assert_eq!(ids(&out), expected);
        let roads = |path: &Path| read_extract(path, bounds).map_err(|error| error.faults()[0].code);
        proptest::prop_assert!(roads(&out) == roads(source.path()), "the roads differ");
        clip(&out, &region, &again, false).unwrap();
// Its strings may stand in another order.
        proptest::prop_assert_eq!(ids(&again), ids(&out));
        proptest::prop_assert!(roads(&again) == roads(&out), "the roads of a clip of the clip differ");
    }
}
