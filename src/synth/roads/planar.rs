//! Roads meet where they cross: lines become ways that share nodes.

use super::super::plane::{P, Points, crossing, p, to_segment};
use super::super::water::Water;
use super::network::{Network, Node, Way};
use super::{Class, Line};
use std::collections::HashMap;

/// Crossings closer than this to an existing node use it, kilometres.
const NEAR: f64 = 0.007;
/// Half the length of a bridge over a small river, kilometres.
const HALF_BRIDGE: f64 = 0.035;
/// Size of the squares in which crossings are sought, kilometres.
const SQUARE: f64 = 0.25;

/// Cuts roads over small rivers into road, bridge, road; drops small streets and paths at the bank.
pub(super) fn bridge_streams(water: &Water, lines: Vec<Line>) -> Vec<Line> {
    let mut done = Vec::new();
    let mut number = 0;
    for line in lines {
        if line.bridge || line.class == Class::Ferry || line.extra.iter().any(|e| e.0 == "junction") {
            done.push(line);
            continue;
        }
        let small = matches!(line.class, Class::Residential | Class::Alley | Class::Footway);
        let mut rest = Points::new();
        let mut pts = line.pts.clone();
        let mut k = 0;
        while k + 1 < pts.len() {
            let (a, b) = (pts[k], pts[k + 1]);
            rest.push(a);
            if let Some(t) = water.stream_crossing(a, b) {
                if !small {
                    let half = HALF_BRIDGE / a.to(b);
                    let (from, to) = (a.towards(b, (t - half).max(0.0)), a.towards(b, (t + half).min(1.0)));
                    if from != a {
                        rest.push(from);
                    }
                    number += 1;
                    let mut bridge = line.along(vec![from, to]).named(format!("Cầu số {number} (giả định)"));
                    bridge.bridge = true;
                    done.push(bridge);
                    // Go on from the far end of the bridge.
                    if to != b {
                        pts.insert(k + 1, to);
                    }
                }
                if rest.len() > 1 {
                    done.push(line.along(std::mem::take(&mut rest)));
                }
                rest.clear();
            }
            k += 1;
        }
        rest.extend(pts.last());
        if rest.len() > 1 {
            done.push(line.along(rest));
        }
    }
    done
}

struct Segment {
    line: usize,
    part: usize,
    ends: [u32; 2],
    at: [P; 2],
}

/// Joins all lines into one network: roads at grade share a node wherever they cross or touch.
pub(super) fn meet(lines: Vec<Line>) -> Network {
    let mut book = Book::default();
    let mut refs: Vec<Vec<u32>> = Vec::new();
    let mut segments: Vec<Segment> = Vec::new();
    for (l, line) in lines.iter().enumerate() {
        let ids: Vec<u32> = line.pts.iter().map(|q| book.node(*q)).collect();
        if line.at_grade() {
            for (part, w) in ids.windows(2).enumerate() {
                if w[0] != w[1] {
                    let at = [line.pts[part], line.pts[part + 1]];
                    segments.push(Segment { line: l, part, ends: [w[0], w[1]], at });
                }
            }
        }
        refs.push(ids);
    }
    let mut squares: HashMap<(i32, i32), Vec<u32>> = HashMap::new();
    let mut splits: HashMap<(usize, usize), Vec<(f64, u32)>> = HashMap::new();
    for i in 0..segments.len() {
        let covered = squares_of(segments[i].at);
        let mut others: Vec<u32> = covered.iter().filter_map(|s| squares.get(s)).flatten().copied().collect();
        others.sort_unstable();
        others.dedup();
        for j in others {
            join(&mut book, &mut splits, &segments[i], &segments[j as usize]);
        }
        for square in covered {
            squares.entry(square).or_default().push(i as u32);
        }
    }
    let mut network = Network::default();
    let mut number: HashMap<u32, u32> = HashMap::new();
    for (l, line) in lines.into_iter().enumerate() {
        let mut way: Vec<u32> = Vec::new();
        for (part, &id) in refs[l].iter().enumerate() {
            way.push(id);
            if let Some(on) = splits.get_mut(&(l, part)) {
                on.sort_by(|a, b| a.0.total_cmp(&b.0));
                way.extend(on.iter().map(|s| s.1));
            }
        }
        for id in &mut way {
            let root = book.root(*id);
            *id = *number.entry(root).or_insert_with(|| {
                network.nodes.push(Node { at: book.at[root as usize], signals: false });
                network.nodes.len() as u32 - 1
            });
        }
        way.dedup();
        if way.len() > 1 {
            network.ways.push(Way { refs: way, line });
        }
    }
    network
}

fn squares_of(at: [P; 2]) -> Vec<(i32, i32)> {
    let cell = |v: f64| (v / SQUARE).floor() as i32;
    let (low, high) = (
        p(at[0].x.min(at[1].x) - NEAR, at[0].y.min(at[1].y) - NEAR),
        p(at[0].x.max(at[1].x) + NEAR, at[0].y.max(at[1].y) + NEAR),
    );
    (cell(low.x)..=cell(high.x)).flat_map(|i| (cell(low.y)..=cell(high.y)).map(move |j| (i, j))).collect()
}

/// Finds where two segments touch or cross, and notes the shared node on both.
fn join(book: &mut Book, splits: &mut HashMap<(usize, usize), Vec<(f64, u32)>>, a: &Segment, b: &Segment) {
    if a.ends.iter().any(|e| b.ends.contains(e)) {
        return;
    }
    let mut touched = false;
    for (one, other) in [(a, b), (b, a)] {
        for k in 0..2 {
            let (distance, t) = to_segment(one.at[k], other.at[0], other.at[1]);
            if distance > NEAR {
                continue;
            }
            touched = true;
            // At an end of the other segment two nodes become one; within it, it gets a node.
            let end = (0..2).find(|&e| one.at[k].to(other.at[e]) <= NEAR);
            match end {
                Some(e) => book.unite(one.ends[k], other.ends[e]),
                None => splits.entry((other.line, other.part)).or_default().push((t, one.ends[k])),
            }
        }
    }
    if touched {
        return;
    }
    if let Some((t, u)) = crossing(a.at[0], a.at[1], b.at[0], b.at[1]) {
        let id = book.node(a.at[0].towards(a.at[1], t));
        splits.entry((a.line, a.part)).or_default().push((t, id));
        splits.entry((b.line, b.part)).or_default().push((u, id));
    }
}

/// Nodes by their place, with those that became one.
#[derive(Default)]
struct Book {
    by_place: HashMap<(i64, i64), u32>,
    at: Vec<P>,
    parent: Vec<u32>,
}

impl Book {
    /// The node at a place, to a tenth of a metre.
    fn node(&mut self, q: P) -> u32 {
        let key = ((q.x * 1e4).round() as i64, (q.y * 1e4).round() as i64);
        *self.by_place.entry(key).or_insert_with(|| {
            self.at.push(q);
            self.parent.push(self.parent.len() as u32);
            self.parent.len() as u32 - 1
        })
    }

    fn root(&mut self, mut k: u32) -> u32 {
        while self.parent[k as usize] != k {
            let up = self.parent[self.parent[k as usize] as usize];
            self.parent[k as usize] = up;
            k = up;
        }
        k
    }

    /// The older node stays, so that the places of bridge ends do not move.
    fn unite(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        let (keep, drop) = (a.min(b), a.max(b));
        self.parent[drop as usize] = keep;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(pts: Points) -> Line {
        Line::new(Class::Residential, pts)
    }

    #[test]
    fn a_cross_shares_its_middle() {
        // Two lines of two points crossing once: 5 nodes, both ways with 3 refs, the middle one shared.
        let n = meet(vec![line(vec![p(0.0, 0.0), p(1.0, 0.0)]), line(vec![p(0.5, -1.0), p(0.5, 1.0)])]);
        assert_eq!(n.nodes.len(), 5);
        assert_eq!(n.ways[0].refs.len(), 3);
        assert_eq!(n.ways[0].refs[1], n.ways[1].refs[1]);
    }

    #[test]
    fn an_end_near_a_line_is_tied_to_it_and_a_bridge_is_not() {
        // The end stops 5 m short of the line; the bridge passes over it.
        let mut bridge = line(vec![p(0.2, -1.0), p(0.2, 1.0)]);
        bridge.bridge = true;
        let n = meet(vec![line(vec![p(0.0, 0.0), p(1.0, 0.0)]), line(vec![p(0.5, 0.005), p(0.5, 1.0)]), bridge]);
        assert_eq!(n.ways[0].refs.len(), 3);
        assert_eq!(n.ways[0].refs[1], n.ways[1].refs[0]);
        assert_eq!(n.ways[2].refs.len(), 2);
    }
}
