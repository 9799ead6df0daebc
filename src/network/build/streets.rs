//! From ways to streets: pieces between junctions, joined where nothing else meets them.

use super::kinds::Kinds;
use crate::ingest::osm::OsmExtract;

/// A piece of a way between two nodes at which streets may end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    /// Index of the way.
    pub(super) way: u32,
    /// Where it begins and ends among the nodes of all ways, both included.
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) kind: u32,
}

impl Piece {
    /// The node at its beginning (0) or its end (1).
    fn node(&self, extract: &OsmExtract, side: u32) -> u32 {
        extract.road_nodes[if side == 0 { self.first } else { self.last } as usize]
    }
}

/// Pieces one after another, each with whether it is walked against its way.
pub(super) type Chain = Vec<(u32, bool)>;

/// Cuts the ways where they meet, end, or where `keep` asks for it. A node that the extract lacks breaks a way.
pub(super) fn cut(extract: &OsmExtract, kinds: &Kinds, keep: &[bool]) -> Vec<Piece> {
    // Ends count twice, so that the end of a way is a junction even where no other way meets it.
    let mut uses = vec![0_u8; extract.node_ids.len()];
    let used = || (0..extract.roads.len() as u32).filter_map(|w| kinds.of_way[w as usize].map(|kind| (w, kind)));
    for (way, _) in used() {
        let range = &extract.roads[way as usize].nodes;
        for i in range.clone() {
            let count = &mut uses[extract.road_nodes[i as usize] as usize];
            *count = count.saturating_add(if i == range.start || i + 1 == range.end { 2 } else { 1 });
        }
    }
    let mut pieces = Vec::new();
    for (way, kind) in used() {
        let mut first = None;
        for i in extract.roads[way as usize].nodes.clone() {
            let node = extract.road_nodes[i as usize] as usize;
            if extract.places[node].is_none() {
                first = None;
            } else if uses[node] >= 2 || keep[node] {
                if let Some(first) = first {
                    pieces.push(Piece { way, first, last: i, kind });
                }
                first = Some(i);
            }
        }
    }
    pieces
}

/// Joins pieces of one kind at nodes where only the two of them end. Each piece is in one chain, walked the way of the
/// first of them.
pub(super) fn join(extract: &OsmExtract, kinds: &Kinds, pieces: &[Piece], keep: &[bool]) -> Vec<Chain> {
    // The ends (twice the piece, plus the side) at each node: how many, and the last two.
    let mut count = vec![0_u8; keep.len()];
    let mut ends = vec![[u32::MAX; 2]; keep.len()];
    for (p, piece) in pieces.iter().enumerate() {
        for side in [0, 1] {
            let node = piece.node(extract, side) as usize;
            ends[node][usize::from(count[node] & 1)] = p as u32 * 2 + side;
            count[node] = count[node].saturating_add(1);
            if count[node] > 2 {
                count[node] = 3;
            }
        }
    }
    // The kind of a piece walked towards the node at this end.
    let towards = |end: u32| {
        let kind = pieces[(end / 2) as usize].kind;
        if end % 2 == 1 { kind } else { kinds.kinds[kind as usize].reverse }
    };
    // The end of another piece that goes on from this end.
    let goes_on = |end: u32| -> Option<u32> {
        let node = pieces[(end / 2) as usize].node(extract, end % 2) as usize;
        let [a, b] = ends[node];
        let other = if a == end { b } else { a };
        let kind = &kinds.kinds[towards(end) as usize];
        let same = count[node] == 2 && !keep[node] && other / 2 != end / 2 && kind.joins;
        (same && kind.reverse == towards(other)).then_some(other)
    };
    let mut chains = Vec::new();
    let mut taken = vec![false; pieces.len()];
    for start in 0..pieces.len() as u32 {
        if taken[start as usize] {
            continue;
        }
        taken[start as usize] = true;
        let mut walk = |mut end: u32| {
            let mut chain = Chain::new();
            while let Some(next) = goes_on(end) {
                if std::mem::replace(&mut taken[(next / 2) as usize], true) {
                    break; // round a ring, back at the start
                }
                chain.push((next / 2, next % 2 == 1));
                end = next ^ 1;
            }
            chain
        };
        let onwards = walk(start * 2 + 1);
        let back = walk(start * 2);
        let mut chain: Chain = back.into_iter().rev().map(|(p, against)| (p, !against)).collect();
        chain.push((start, false));
        chain.extend(onwards);
        chains.push(chain);
    }
    chains
}
