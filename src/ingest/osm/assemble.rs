//! From the parts of the blocks to the extract: finds the nodes of the ways, clips, and numbers what is left.

use std::ops::Range;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use rayon::prelude::*;

use super::block::{BlockWater, Part};
use super::nodes::{Finder, NodeTable, Place};
use super::restrictions::{Found, Via};
use super::tags::{FileSets, Tags};
use super::{NodeMark, OsmExtract, RoadWay, WaterWay};
use crate::units::LonLat;

/// Index of a node that is not in the table.
const ABSENT: u32 = u32::MAX;

/// Puts the extract together: of the ways those with a node in the clip box (west, south, east, north in degrees).
pub(super) fn assemble(mut parts: Vec<Part>, mut table: NodeTable, clip: [f64; 4]) -> OsmExtract {
    let mut used = Used::find(&mut parts, &table, clip);
    if used.absent.iter().any(|ids| !ids.is_empty()) {
        table.add_missing(std::mem::take(&mut used.absent).concat());
        used = Used::find(&mut parts, &table, clip);
    }
    let Used { at, by_road, by_water, .. } = used;
    let ((index, node_ids, places), (roads, tag_sets)) =
        rayon::join(|| number_nodes(&table, &by_road, &by_water), || number_roads(&parts));
    let missing = |(i, road): (usize, &AtomicBool)| table.places[i] == Place::NOWHERE && road.load(Relaxed);
    let missing_nodes = by_road.iter().enumerate().filter(|&used| missing(used)).count();

    let renumber = |at: &[u32], refs: &Range<u32>, nodes: &mut Vec<u32>| {
        nodes.extend(at[range(refs)].iter().map(|&n| index[n as usize]));
    };
    let of_part = |(part, at): (&Part, &Vec<u32>)| -> (Vec<u32>, Vec<WaterWay>) {
        let mut nodes = Vec::with_capacity(part.roads.iter().map(|r| r.refs.len()).sum());
        for road in &part.roads {
            renumber(at, &road.refs, &mut nodes);
        }
        let water = |way: &BlockWater| {
            let mut nodes = Vec::with_capacity(way.refs.len());
            renumber(at, &way.refs, &mut nodes);
            WaterWay { nodes, area: way.area }
        };
        (nodes, part.water.iter().map(water).collect())
    };
    let (of_parts, (marks, mark_sets)) = rayon::join(
        || parts.par_iter().zip(&at).with_max_len(1).map(of_part).collect::<Vec<_>>(),
        || marks(&parts, &table, &by_road, &index),
    );
    let (road_nodes, water): (Vec<_>, Vec<_>) = of_parts.into_iter().unzip();
    let mut extract = OsmExtract {
        tag_sets,
        mark_sets,
        roads,
        road_nodes: road_nodes.concat(),
        water: water.into_iter().flatten().collect(),
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

fn range(refs: &Range<u32>) -> Range<usize> {
    refs.start as usize..refs.end as usize
}

/// Which nodes the ways use.
struct Used {
    /// For each part, the index in the table of each of its references.
    at: Vec<Vec<u32>>,
    /// For each part, the ids of its kept ways that are not in the table.
    absent: Vec<Vec<i64>>,
    /// For each node of the table, whether a kept road uses it.
    by_road: Vec<AtomicBool>,
    /// For each node of the table, whether kept water uses it.
    by_water: Vec<AtomicBool>,
}

impl Used {
    /// Finds the nodes of all ways, and drops the ways without a node in the box.
    fn find(parts: &mut [Part], table: &NodeTable, clip: [f64; 4]) -> Self {
        let [west, south, east, north] = clip;
        let inside = |&i: &u32| {
            let place = table.places.get(i as usize).and_then(|place| place.degrees());
            place.is_some_and(|p| p.lon >= west && p.lon <= east && p.lat >= south && p.lat <= north)
        };
        let flags = || (0..table.ids.len()).map(|_| AtomicBool::new(false)).collect::<Vec<_>>();
        let (by_road, by_water) = (flags(), flags());
        let finder = Finder::new(&table.ids);
        let find_all = |part: &mut Part| {
            let mut near = 0;
            let find = |&id: &i64| match finder.find(id, near) {
                Some(i) => {
                    near = i;
                    i as u32
                }
                None => ABSENT,
            };
            let at: Vec<u32> = part.refs.iter().map(find).collect();
            part.roads.retain(|way| at[range(&way.refs)].iter().any(inside));
            part.water.retain(|way| at[range(&way.refs)].iter().any(inside));
            let mut absent = Vec::new();
            let uses = part.roads.iter().map(|way| (&way.refs, &by_road));
            for (refs, by) in uses.chain(part.water.iter().map(|way| (&way.refs, &by_water))) {
                for i in range(refs) {
                    match by.get(at[i] as usize) {
                        Some(used) => used.store(true, Relaxed),
                        None => absent.push(part.refs[i]),
                    }
                }
            }
            (at, absent)
        };
        let (at, absent) = parts.par_iter_mut().with_max_len(1).map(find_all).unzip();
        Used { at, absent, by_road, by_water }
    }
}

/// The index in the extract of each node of the table that is used, the ids and places of those.
fn number_nodes(
    table: &NodeTable,
    by_road: &[AtomicBool],
    by_water: &[AtomicBool],
) -> (Vec<u32>, Vec<i64>, Vec<Option<LonLat>>) {
    let mut kept = 0;
    let number = |(road, water): (&AtomicBool, &AtomicBool)| {
        let used = road.load(Relaxed) || water.load(Relaxed);
        kept += u32::from(used);
        if used { kept - 1 } else { ABSENT }
    };
    let index: Vec<u32> = by_road.iter().zip(by_water).map(number).collect();
    let (mut ids, mut places) = (Vec::with_capacity(kept as usize), Vec::with_capacity(kept as usize));
    for (i, _) in index.iter().enumerate().filter(|(_, index)| **index != ABSENT) {
        ids.push(table.ids[i]);
        places.push(table.places[i].degrees());
    }
    (index, ids, places)
}

/// The roads of all parts, with the tag sets that they use.
fn number_roads(parts: &[Part]) -> (Vec<RoadWay>, Vec<Tags>) {
    let mut file_sets = FileSets::default();
    let mut roads = Vec::with_capacity(parts.iter().map(|p| p.roads.len()).sum());
    let mut end = 0;
    for part in parts {
        let mut sets = Renumbered::of(&part.tag_sets);
        for road in &part.roads {
            let start = end;
            end += road.refs.len() as u32;
            roads.push(RoadWay { id: road.id, nodes: start..end, tags: sets.number(road.tags, &mut file_sets) });
        }
    }
    (roads, file_sets.finish())
}

/// The numbers in the file of the tag sets of a block, given at their first use.
struct Renumbered<'a> {
    sets: &'a [Tags],
    numbers: Vec<Option<u32>>,
}

impl<'a> Renumbered<'a> {
    fn of(sets: &'a [Tags]) -> Self {
        Renumbered { numbers: vec![None; sets.len()], sets }
    }

    fn number(&mut self, set: u32, file: &mut FileSets<'a>) -> u32 {
        let set = set as usize;
        *self.numbers[set].get_or_insert_with(|| file.number(&self.sets[set]))
    }
}

/// The marks on nodes of roads, and their tag sets.
fn marks(parts: &[Part], table: &NodeTable, by_road: &[AtomicBool], index: &[u32]) -> (Vec<NodeMark>, Vec<Tags>) {
    let mut file_sets = FileSets::default();
    let (mut marks, mut near) = (Vec::new(), 0);
    for part in parts {
        let mut sets = Renumbered::of(&part.mark_sets);
        for &(id, set) in &part.marks {
            let Some(i) = table.find_next(id, &mut near) else { continue };
            if by_road[i].load(Relaxed) {
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
