//! From the parts of the blocks to the extract: finds the nodes of the ways, clips, and numbers what is left.

use rayon::prelude::*;

use super::block::Part;
use super::nodes::{Finder, NodeTable, Place};
use super::restrictions::{Found, Via};
use super::tags::{BlockSets, FileSets, Tags};
use super::{NodeMark, OsmExtract, RoadWay, WaterWay};

/// Index of a node that is not in the table.
const ABSENT: u32 = u32::MAX;
/// What uses a node.
const BY_ROAD: u8 = 1;
const BY_WATER: u8 = 2;

/// Puts the extract together: of the ways those with a node in the clip box (west, south, east, north in degrees).
pub(super) fn assemble(mut parts: Vec<Part>, mut table: NodeTable, clip: [f64; 4]) -> OsmExtract {
    let mut at = found(&parts, &table);
    let absent = absent_ids(&parts, &at);
    if !absent.is_empty() {
        table.add_missing(&absent);
        at = found(&parts, &table);
    }
    clip_ways(&mut parts, &at, &table, clip);

    let mut uses = vec![0_u8; table.ids.len()];
    for (part, at) in parts.iter().zip(&at) {
        for road in &part.roads {
            for &node in &at[range(&road.refs)] {
                uses[node as usize] |= BY_ROAD;
            }
        }
        for water in &part.water {
            for &node in &at[range(&water.refs)] {
                uses[node as usize] |= BY_WATER;
            }
        }
    }
    let (mut node_ids, mut places, mut missing_nodes) = (Vec::new(), Vec::new(), 0);
    let mut index = vec![ABSENT; uses.len()];
    for (i, &used) in uses.iter().enumerate().filter(|(_, used)| **used != 0) {
        index[i] = node_ids.len() as u32;
        node_ids.push(table.ids[i]);
        let place = table.places[i].degrees();
        missing_nodes += usize::from(place.is_none() && used & BY_ROAD != 0);
        places.push(place);
    }

    let (mut roads, mut road_nodes, mut water) = (Vec::new(), Vec::new(), Vec::new());
    let mut tag_sets = FileSets::default();
    for (part, at) in parts.iter_mut().zip(&at) {
        let mut sets = Renumbered::of(&mut part.tag_sets);
        for road in &part.roads {
            let start = road_nodes.len() as u32;
            road_nodes.extend(at[range(&road.refs)].iter().map(|&n| index[n as usize]));
            let tags = sets.number(road.tags, &mut tag_sets);
            roads.push(RoadWay { id: road.id, nodes: start..road_nodes.len() as u32, tags });
        }
        for way in &part.water {
            let nodes = at[range(&way.refs)].iter().map(|&n| index[n as usize]).collect();
            water.push(WaterWay { nodes, area: way.area });
        }
    }
    let (marks, mark_sets) = marks(&mut parts, &table, &uses, &index);
    let mut extract = OsmExtract {
        tag_sets: tag_sets.finish(),
        mark_sets,
        roads,
        road_nodes,
        water,
        node_ids,
        places,
        marks,
        restrictions: Vec::new(),
        restrictions_skipped: 0,
        missing_nodes,
    };
    restrict(&mut extract, parts.into_iter().flat_map(|p| p.restrictions).collect());
    extract
}

fn range(refs: &std::ops::Range<u32>) -> std::ops::Range<usize> {
    refs.start as usize..refs.end as usize
}

/// For each part, the index in the table of each of its references.
fn found(parts: &[Part], table: &NodeTable) -> Vec<Vec<u32>> {
    let finder = Finder::new(&table.ids);
    let find_all = |part: &Part| -> Vec<u32> {
        let mut near = 0;
        let find = |&id: &i64| match finder.find(id, near) {
            Some(i) => {
                near = i;
                i as u32
            }
            None => ABSENT,
        };
        part.refs.iter().map(find).collect()
    };
    parts.par_iter().with_max_len(1).map(find_all).collect()
}

/// The distinct ids that are not in the table, ascending.
fn absent_ids(parts: &[Part], at: &[Vec<u32>]) -> Vec<i64> {
    let of = |(part, at): (&Part, &Vec<u32>)| -> Vec<i64> {
        part.refs.iter().zip(at).filter(|(_, i)| **i == ABSENT).map(|(&id, _)| id).collect()
    };
    let mut absent: Vec<i64> = parts.iter().zip(at).flat_map(of).collect();
    absent.sort_unstable();
    absent.dedup();
    absent
}

/// Drops the ways without a node in the box.
fn clip_ways(parts: &mut [Part], at: &[Vec<u32>], table: &NodeTable, clip: [f64; 4]) {
    let [west, south, east, north] = clip;
    let inside = |place: Place| {
        place.degrees().is_some_and(|p| p.lon >= west && p.lon <= east && p.lat >= south && p.lat <= north)
    };
    parts.par_iter_mut().zip(at).for_each(|(part, at)| {
        let touches = |refs: &std::ops::Range<u32>| at[range(refs)].iter().any(|&i| inside(table.places[i as usize]));
        part.roads.retain(|way| touches(&way.refs));
        part.water.retain(|way| touches(&way.refs));
    });
}

/// The numbers in the file of the tag sets of a block, given at their first use.
struct Renumbered<'a> {
    sets: &'a mut [Tags],
    numbers: Vec<Option<u32>>,
}

impl<'a> Renumbered<'a> {
    fn of(block: &'a mut BlockSets) -> Self {
        let sets = &mut block.sets[..];
        Renumbered { numbers: vec![None; sets.len()], sets }
    }

    fn number(&mut self, set: u32, file: &mut FileSets) -> u32 {
        let set = set as usize;
        *self.numbers[set].get_or_insert_with(|| file.number(std::mem::take(&mut self.sets[set])))
    }
}

/// The marks on nodes of roads, and their tag sets.
fn marks(parts: &mut [Part], table: &NodeTable, uses: &[u8], index: &[u32]) -> (Vec<NodeMark>, Vec<Tags>) {
    let finder = Finder::new(&table.ids);
    let mut file_sets = FileSets::default();
    let (mut marks, mut near) = (Vec::new(), 0);
    for part in parts {
        let mut sets = Renumbered::of(&mut part.mark_sets);
        for &(id, set) in &part.marks {
            let Some(i) = finder.find(id, near) else { continue };
            near = i;
            if uses[i] & BY_ROAD != 0 {
                marks.push(NodeMark { node: index[i], tags: sets.number(set, &mut file_sets) });
            }
        }
    }
    // Of a node given twice the later one wins, as for its place.
    marks.reverse();
    marks.sort_by_key(|m| m.node);
    marks.dedup_by_key(|m| m.node);
    (marks, file_sets.finish())
}

/// Keeps the restrictions whose parts are all in the extract, and counts those on its roads that are not.
fn restrict(extract: &mut OsmExtract, found: Vec<Found>) {
    if found.is_empty() {
        return;
    }
    let mut ids: Vec<i64> = extract.roads.iter().map(|r| r.id).collect();
    ids.sort_unstable(); // nearly always sorted already
    let kept = |way: &i64| ids.binary_search(way).is_ok();
    for found in found {
        match found {
            Found::Skipped { rules, ways } => {
                extract.restrictions_skipped += if ways.iter().any(kept) { rules } else { 0 };
            }
            Found::Turn { mut turn, via_node } => {
                let mut ways = vec![turn.from_way, turn.to_way];
                if let Via::Ways(via) = &turn.via {
                    ways.extend(via);
                }
                let node = via_node.map(|id| extract.node_ids.binary_search(&id).ok());
                if ways.iter().all(kept) && node != Some(None) {
                    if let Some(Some(node)) = node {
                        turn.via = Via::Node(node as u32);
                    }
                    extract.restrictions.push(turn);
                } else if ways.iter().any(kept) {
                    extract.restrictions_skipped += 1;
                }
            }
        }
    }
}
