//! Laying streets: numbers for junctions, points and marks for streets.

use rayon::prelude::*;

use super::hilbert::hilbert_order;
use super::streets::{Chain, Piece};
use super::{Marks, Street};
use crate::ingest::osm::OsmExtract;
use crate::units::LonLat;

/// Streets laid by one thread at a time.
const CHUNK: usize = 4096;

/// Streets laid between junctions, in the order of the network.
pub(super) struct Laid {
    pub(super) nodes: Vec<LonLat>,
    pub(super) streets: Vec<Street>,
    pub(super) points: Vec<LonLat>,
    /// For each street, its chain.
    pub(super) chain_of: Vec<u32>,
    /// For each node of the extract, its junction, or [`u32::MAX`].
    pub(super) junction_of: Vec<u32>,
    /// Where they pass marked nodes.
    pub(super) marked: Vec<Marked>,
}

pub(super) fn lay(extract: &OsmExtract, pieces: &[Piece], chains: &[Chain], length_mm: &[u32], marks: &Marks) -> Laid {
    let mut junction_of = vec![u32::MAX; extract.node_ids.len()];
    let mut ends = Vec::with_capacity(chains.len());
    let (mut met, mut places) = (Vec::new(), Vec::new());
    for chain in chains {
        let mut pair = [0_u32; 2];
        let (Some(&first), Some(&last)) = (chain.first(), chain.last()) else { continue };
        for (slot, (p, at_last)) in pair.iter_mut().zip([(first.0, first.1), (last.0, !last.1)]) {
            let piece = &pieces[p as usize];
            let node = extract.road_nodes[if at_last { piece.last } else { piece.first } as usize];
            *slot = node;
            if std::mem::replace(&mut junction_of[node as usize], 0) == u32::MAX {
                met.push(node);
                places.push(extract.places[node as usize].unwrap_or_default());
            }
        }
        ends.push(pair);
    }
    let order = hilbert_order(&places);
    for (new, &old) in order.iter().enumerate() {
        junction_of[met[old as usize] as usize] = new as u32;
    }
    let nodes = order.iter().map(|&i| places[i as usize]).collect();
    let mut by_street: Vec<(u32, u32, u32)> = ends
        .iter()
        .enumerate()
        .map(|(c, pair)| (junction_of[pair[0] as usize], junction_of[pair[1] as usize], c as u32))
        .collect();
    by_street.par_sort_unstable();
    let laid: Vec<Stretch> = by_street
        .par_chunks(CHUNK)
        .map(|chunk| {
            let mut stretch = Stretch::default();
            chunk.iter().for_each(|&(from, to, c)| {
                stretch.lay(extract, pieces, &chains[c as usize], (from, to), length_mm, marks);
            });
            stretch
        })
        .collect();
    let mut streets = Vec::with_capacity(chains.len());
    let mut points = Vec::with_capacity(laid.iter().map(|s| s.points.len()).sum());
    let mut marked = Vec::with_capacity(laid.iter().map(|s| s.marked.len()).sum());
    for stretch in laid {
        let (first_street, first_point) = (streets.len() as u32, points.len() as u32);
        streets.extend(stretch.streets.into_iter().map(|mut street| {
            street.points = street.points.start + first_point..street.points.end + first_point;
            street
        }));
        points.extend(stretch.points);
        marked.extend(stretch.marked.into_iter().map(|m| Marked { street: m.street + first_street, ..m }));
    }
    let chain_of = by_street.into_iter().map(|(_, _, c)| c).collect();
    Laid { nodes, streets, points, chain_of, junction_of, marked }
}

/// Some streets, counted from the first of them.
#[derive(Default)]
struct Stretch {
    streets: Vec<Street>,
    points: Vec<LonLat>,
    marked: Vec<Marked>,
}

impl Stretch {
    fn lay(
        &mut self,
        extract: &OsmExtract,
        pieces: &[Piece],
        chain: &Chain,
        (from, to): (u32, u32),
        length_mm: &[u32],
        marks: &Marks,
    ) {
        let (street, first_point) = (self.streets.len() as u32, self.points.len() as u32);
        let first_mark = self.marked.len();
        let mut offset = 0_u64;
        let mut end = u32::MAX;
        for (k, &(p, against)) in chain.iter().enumerate() {
            let Piece { first, last, .. } = pieces[p as usize];
            // The first node of a piece is the last of the piece before.
            for step in u32::from(k > 0)..=last - first {
                let i = if against { last - step } else { first + step } as usize;
                if step > 0 {
                    // The length of a step stands with the earlier of its nodes.
                    offset += u64::from(length_mm[if against { i } else { i - 1 }]);
                }
                end = extract.road_nodes[i];
                self.points.push(extract.places[end as usize].unwrap_or_default());
                let tags = marks.of_node[end as usize];
                if tags != u32::MAX {
                    let (offset_mm, first) = (u32::try_from(offset).unwrap_or(u32::MAX), k == 0 && step == 0);
                    self.marked.push(Marked { street, offset_mm, tags, against, first, last: false });
                }
            }
        }
        let length_mm = u32::try_from(offset).unwrap_or(u32::MAX - 1).max(1);
        for mark in &mut self.marked[first_mark..] {
            mark.offset_mm = mark.offset_mm.min(length_mm);
        }
        let end_is_marked = marks.of_node.get(end as usize).is_some_and(|&tags| tags != u32::MAX);
        if let Some(mark) = self.marked[first_mark..].last_mut().filter(|_| end_is_marked) {
            (mark.last, mark.offset_mm) = (true, length_mm);
        }
        let points = first_point..self.points.len() as u32;
        self.streets.push(Street { from, to, length_mm, class: 0, bridge: false, points });
    }
}

/// A marked node on a street.
pub(super) struct Marked {
    pub(super) street: u32,
    pub(super) offset_mm: u32,
    /// Index of its set of tags.
    pub(super) tags: u32,
    /// Whether the street runs against the way there.
    pub(super) against: bool,
    /// Whether it is the street's first or last point.
    pub(super) first: bool,
    pub(super) last: bool,
}
