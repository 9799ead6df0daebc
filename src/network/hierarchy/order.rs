//! The order in which junctions are contracted: nested dissection by inertial flow.
//!
//! A small set of junctions (a separator) cuts the network into two parts of similar size; they come last, the parts
//! are ordered in the same way before them. Separators are found by *inertial flow*: the outermost quarters of the
//! junctions along a line are joined to a source and a sink, and a smallest cut between them is taken (Schild, Sommer,
//! *On Balanced Separators in Road Networks*, SEA 2015); the flow is that of Dinic (1970). What hangs on one or two
//! junctions only is contracted first, since that can never hurt.

use std::collections::VecDeque;

use rayon::join;
use rayon::prelude::*;

use crate::stages::stopping;
use crate::units::LonLat;

/// Parts of at most this many junctions are not cut further.
const LEAF: usize = 8;
/// Share of the junctions at either end of a line that are joined to the source and to the sink.
const END_SHARE: f64 = 0.25;
/// Parts of at least this many junctions are ordered side by side.
const PARALLEL: usize = 1000;

/// Junctions in the order of their contraction, the first contracted first.
///
/// `edges` are unordered pairs; loops and repeats are allowed. The order does not depend on the number of threads.
pub fn dissection_order(places: &[LonLat], edges: impl Iterator<Item = (u32, u32)>) -> Vec<u32> {
    let mut neighbours: Vec<Vec<u32>> = vec![Vec::new(); places.len()];
    for (a, b) in edges {
        if a != b {
            neighbours[a as usize].push(b);
            neighbours[b as usize].push(a);
        }
    }
    for list in &mut neighbours {
        list.sort_unstable();
        list.dedup();
    }
    let mut order = contract_low_degrees(&mut neighbours);
    let part = Part::of_rest(places, &neighbours, &order);
    drop(neighbours);
    order.extend(dissect(part));
    order
}

/// Takes out junctions with at most two neighbours, over and over, joining the two: dead ends and chains.
fn contract_low_degrees(neighbours: &mut [Vec<u32>]) -> Vec<u32> {
    let mut order = Vec::new();
    let mut taken = vec![false; neighbours.len()];
    let mut queue: VecDeque<u32> =
        (0..neighbours.len() as u32).filter(|&n| neighbours[n as usize].len() <= 2).collect();
    while let Some(node) = queue.pop_front() {
        if std::mem::replace(&mut taken[node as usize], true) {
            continue;
        }
        order.push(node);
        let around = std::mem::take(&mut neighbours[node as usize]);
        for &other in &around {
            let list = &mut neighbours[other as usize];
            list.retain(|&n| n != node);
            if let Some(&third) = around.iter().find(|&&n| n != other)
                && !list.contains(&third)
            {
                list.push(third);
            }
            if list.len() <= 2 {
                queue.push_back(other);
            }
        }
    }
    order
}

/// A part of the network that is still to be ordered, in compressed rows with local numbers.
struct Part {
    /// Junctions of the network.
    ids: Vec<u32>,
    /// East and north, in the same measure.
    at: Vec<[f64; 2]>,
    first: Vec<u32>,
    to: Vec<u32>,
}

impl Part {
    fn of_rest(places: &[LonLat], neighbours: &[Vec<u32>], taken: &[u32]) -> Part {
        let mut local = vec![0_u32; places.len()];
        for &node in taken {
            local[node as usize] = u32::MAX;
        }
        let ids: Vec<u32> = (0..places.len() as u32).filter(|&n| local[n as usize] != u32::MAX).collect();
        for (i, &id) in ids.iter().enumerate() {
            local[id as usize] = i as u32;
        }
        let middle = ids.iter().map(|&n| places[n as usize].lat).sum::<f64>() / ids.len().max(1) as f64;
        let shrink = middle.to_radians().cos();
        let at = ids.iter().map(|&n| [places[n as usize].lon * shrink, places[n as usize].lat]).collect();
        let (mut first, mut to) = (vec![0], Vec::new());
        for &id in &ids {
            let start = to.len();
            to.extend(neighbours[id as usize].iter().map(|&n| local[n as usize]));
            to[start..].sort_unstable();
            first.push(to.len() as u32);
        }
        Part { ids, at, first, to }
    }

    fn len(&self) -> usize {
        self.ids.len()
    }

    fn neighbours(&self, node: usize) -> &[u32] {
        &self.to[self.first[node] as usize..self.first[node + 1] as usize]
    }

    /// The parts of the nodes with each label below `count`, with the edges within each.
    fn split(&self, label: &[u32], count: u32) -> Vec<Part> {
        let mut local = vec![0_u32; self.len()];
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); count as usize];
        for (node, &of) in label.iter().enumerate() {
            if let Some(list) = members.get_mut(of as usize) {
                local[node] = list.len() as u32;
                list.push(node as u32);
            }
        }
        let part = |(of, list): (usize, Vec<u32>)| {
            let (mut first, mut to) = (vec![0], Vec::new());
            for &n in &list {
                let same = self.neighbours(n as usize).iter().filter(|&&m| label[m as usize] as usize == of);
                to.extend(same.map(|&m| local[m as usize]));
                first.push(to.len() as u32);
            }
            let ids = list.iter().map(|&n| self.ids[n as usize]).collect();
            let at = list.iter().map(|&n| self.at[n as usize]).collect();
            Part { ids, at, first, to }
        };
        members.into_iter().enumerate().map(part).collect()
    }

    /// The connected component of each node, and how many there are.
    fn components(&self) -> (Vec<u32>, u32) {
        let mut label = vec![u32::MAX; self.len()];
        let mut count = 0;
        let mut stack = Vec::new();
        for start in 0..self.len() {
            if label[start] != u32::MAX {
                continue;
            }
            label[start] = count;
            stack.push(start as u32);
            while let Some(node) = stack.pop() {
                for &next in self.neighbours(node as usize) {
                    if label[next as usize] == u32::MAX {
                        label[next as usize] = count;
                        stack.push(next);
                    }
                }
            }
            count += 1;
        }
        (label, count)
    }
}

/// Orders a part; its separator comes last. Halves shrink by at least a quarter each time, so the depth is bounded by
/// the logarithm of the size.
fn dissect(part: Part) -> Vec<u32> {
    // Any order will do for a run that is being stopped: nothing comes of it.
    if part.len() <= LEAF || stopping() {
        let mut order: Vec<usize> = (0..part.len()).collect();
        order.sort_by_key(|&n| (part.neighbours(n).len(), part.ids[n]));
        return order.into_iter().map(|n| part.ids[n]).collect();
    }
    let (label, count) = part.components();
    if count > 1 {
        // Components are many only where the network is in pieces; each is a part of its own.
        return part.split(&label, count).into_iter().flat_map(dissect_connected).collect();
    }
    dissect_connected(part)
}

fn dissect_connected(part: Part) -> Vec<u32> {
    if part.len() <= LEAF || stopping() {
        return dissect(part);
    }
    let label = best_cut(&part);
    let sides = part.split(&label, 2);
    let separator: Vec<u32> = (0..part.len()).filter(|&n| label[n] == CUT).map(|n| part.ids[n]).collect();
    let parallel = part.len() >= PARALLEL;
    drop(part);
    let mut order: Vec<u32> = if parallel {
        sides.into_par_iter().map(dissect).flatten_iter().collect()
    } else {
        sides.into_iter().flat_map(dissect).collect()
    };
    order.extend(separator);
    order
}

const SIDE_A: u32 = 0;
const SIDE_B: u32 = 1;
const CUT: u32 = 2;

/// The best of the cuts along four lines: fewest separating junctions for the size of the smaller side.
fn best_cut(part: &Part) -> Vec<u32> {
    let lines = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]];
    let cut = |line: &[f64; 2]| {
        let label = cut_along(part, *line);
        let count = |side| label.iter().filter(|&&l| l == side).count();
        let score = count(CUT) as f64 / count(SIDE_A).min(count(SIDE_B)).max(1) as f64;
        (score, label)
    };
    let (two, four) = if part.len() >= PARALLEL {
        join(|| best(lines[..2].iter().map(cut)), || best(lines[2..].iter().map(cut)))
    } else {
        (best(lines[..2].iter().map(cut)), best(lines[2..].iter().map(cut)))
    };
    best([two, four].into_iter()).1
}

/// The first of those with the least score.
fn best(cuts: impl Iterator<Item = (f64, Vec<u32>)>) -> (f64, Vec<u32>) {
    cuts.reduce(|a, b| if b.0 < a.0 { b } else { a }).unwrap_or_default()
}

/// Cuts a connected part between its ends along a line.
fn cut_along(part: &Part, line: [f64; 2]) -> Vec<u32> {
    let n = part.len();
    let mut along: Vec<(f64, u32)> =
        part.at.iter().enumerate().map(|(i, p)| (p[0] * line[0] + p[1] * line[1], i as u32)).collect();
    along.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let k = ((n as f64 * END_SHARE) as usize).max(1);
    let mut flow = Flow::new(part);
    for &(_, node) in &along[..k] {
        flow.end[node as usize] = SOURCE;
    }
    for &(_, node) in &along[n - k..] {
        flow.end[node as usize] = SINK;
    }
    flow.run();
    let from_source = flow.reach(SOURCE);
    let from_sink = flow.reach(SINK);
    let size = |side: &[bool]| side.iter().filter(|&&s| s).count();
    // Both are smallest cuts: the one nearer to halves is taken.
    let (a, b) = (size(&from_source), size(&from_sink));
    let in_a: Vec<bool> =
        if a.abs_diff(n / 2) <= b.abs_diff(n / 2) { from_source } else { from_sink.iter().map(|s| !s).collect() };
    // The junctions at either side of the cut edges separate; the fewer are taken.
    let at_border = |side: bool| {
        (0..n).filter(|&v| in_a[v] == side && part.neighbours(v).iter().any(|&u| in_a[u as usize] != side)).count()
    };
    let from = at_border(true) <= at_border(false);
    (0..n)
        .map(|v| {
            let border = in_a[v] == from && part.neighbours(v).iter().any(|&u| in_a[u as usize] != from);
            match (border, in_a[v]) {
                (true, _) => CUT,
                (false, true) => SIDE_A,
                (false, false) => SIDE_B,
            }
        })
        .collect()
}

const SOURCE: u8 = 1;
const SINK: u8 = 2;

/// Dinic's maximum flow with capacity 1 on every edge, either way.
struct Flow<'a> {
    part: &'a Part,
    /// Whether a node is joined to the source or the sink.
    end: Vec<u8>,
    /// For each arc of the part, the flow along it: −1, 0 or 1; its opposite carries the negative.
    flow: Vec<i8>,
    opposite: Vec<u32>,
    level: Vec<u32>,
    next: Vec<u32>,
}

impl<'a> Flow<'a> {
    fn new(part: &'a Part) -> Self {
        // Rows are sorted and hold each neighbour once: visiting the arcs by ascending tail fills the rows of their
        // heads in order.
        let n = part.len();
        let mut opposite = vec![0_u32; part.to.len()];
        let mut place: Vec<u32> = part.first[..n].to_vec();
        for v in 0..n {
            for arc in part.first[v]..part.first[v + 1] {
                let head = part.to[arc as usize] as usize;
                opposite[arc as usize] = place[head];
                place[head] += 1;
            }
        }
        Flow { part, end: vec![0; n], flow: vec![0; part.to.len()], opposite, level: vec![0; n], next: vec![0; n] }
    }

    fn run(&mut self) {
        while self.layer() {
            self.next.copy_from_slice(&self.part.first[..self.part.len()]);
            for start in 0..self.part.len() {
                if self.end[start] == SOURCE {
                    while self.augment(start as u32) {}
                }
            }
        }
    }

    /// Numbers the nodes by their distance from the source where flow can still go; whether the sink is reached.
    fn layer(&mut self) -> bool {
        self.level.fill(u32::MAX);
        let mut queue: Vec<u32> = (0..self.part.len() as u32).filter(|&v| self.end[v as usize] == SOURCE).collect();
        for &v in &queue {
            self.level[v as usize] = 0;
        }
        let mut head = 0;
        let mut found = false;
        while head < queue.len() {
            let v = queue[head] as usize;
            head += 1;
            if self.end[v] == SINK {
                found = true;
                continue;
            }
            for arc in self.part.first[v] as usize..self.part.first[v + 1] as usize {
                let u = self.part.to[arc] as usize;
                if self.flow[arc] < 1 && self.level[u] == u32::MAX {
                    self.level[u] = self.level[v] + 1;
                    queue.push(u as u32);
                }
            }
        }
        found
    }

    /// Sends one unit from a source along ascending levels, with an explicit stack.
    fn augment(&mut self, start: u32) -> bool {
        let mut path: Vec<u32> = Vec::new();
        let mut v = start as usize;
        loop {
            if self.end[v] == SINK {
                for &arc in &path {
                    self.flow[arc as usize] += 1;
                    self.flow[self.opposite[arc as usize] as usize] -= 1;
                }
                return true;
            }
            let mut step = None;
            while self.next[v] < self.part.first[v + 1] {
                let arc = self.next[v] as usize;
                let u = self.part.to[arc] as usize;
                if self.flow[arc] < 1 && self.level[u] == self.level[v] + 1 {
                    step = Some((arc as u32, u));
                    break;
                }
                self.next[v] += 1;
            }
            match step {
                Some((arc, u)) => {
                    path.push(arc);
                    v = u;
                }
                None => {
                    let Some(arc) = path.pop() else { return false };
                    v = self.part.to[self.opposite[arc as usize] as usize] as usize;
                    self.next[v] += 1;
                }
            }
        }
    }

    /// Nodes that the source still reaches, or that still reach the sink.
    fn reach(&self, end: u8) -> Vec<bool> {
        let mut reached: Vec<bool> = self.end.iter().map(|&e| e == end).collect();
        let mut stack: Vec<u32> = (0..self.part.len() as u32).filter(|&v| reached[v as usize]).collect();
        while let Some(v) = stack.pop() {
            for arc in self.part.first[v as usize] as usize..self.part.first[v as usize + 1] as usize {
                let u = self.part.to[arc] as usize;
                let arc = if end == SOURCE { arc } else { self.opposite[arc] as usize };
                if self.flow[arc] < 1 && !reached[u] {
                    reached[u] = true;
                    stack.push(u as u32);
                }
            }
        }
        reached
    }
}
