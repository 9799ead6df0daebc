//! The network as nodes and ways, and the finishing touches.

use super::super::plane::{P, crossing, left_at, length, p};
use super::super::rng::Rng;
use super::{Class, Ground, Line};
use std::collections::HashMap;

/// A node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub at: P,
    /// Has traffic signals.
    pub signals: bool,
}

/// A way: the nodes in order, and the line it came from for its class and names.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub refs: Vec<u32>,
    pub line: Line,
}

/// The network.
#[derive(Debug, Clone, Default)]
pub(crate) struct Network {
    pub nodes: Vec<Node>,
    pub ways: Vec<Way>,
}

impl Way {
    /// The class.
    pub fn class(&self) -> Class {
        self.line.class
    }

    /// The OSM tags.
    pub fn tags(&self) -> Vec<(&'static str, String)> {
        let mut tags: Vec<(&'static str, String)> =
            self.class().tags().iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
        let line = &self.line;
        for (key, value) in [("name", &line.name), ("ref", &line.reference)] {
            if !value.is_empty() {
                tags.push((key, value.clone()));
            }
        }
        if line.oneway {
            tags.push(("oneway", "yes".into()));
        }
        if line.bridge {
            tags.push(("bridge", "yes".into()));
            tags.push(("layer", "1".into()));
        }
        tags.extend(line.extra.iter().cloned());
        tags
    }
}

impl Network {
    fn at(&self, id: u32) -> P {
        self.nodes[id as usize].at
    }

    /// Takes away what other roads have inside roundabouts.
    pub fn open_roundabouts(&mut self) {
        let rings: Vec<(P, f64)> = self
            .ways
            .iter()
            .filter(|w| is_roundabout(w))
            .map(|w| {
                let pts: Vec<P> = w.refs.iter().map(|&r| self.at(r)).collect();
                let (mut low, mut high) = (pts[0], pts[0]);
                for q in &pts {
                    low = p(low.x.min(q.x), low.y.min(q.y));
                    high = p(high.x.max(q.x), high.y.max(q.y));
                }
                (low.towards(high, 0.5), (high.x - low.x).min(high.y - low.y) / 2.0)
            })
            .collect();
        let mut ways = Vec::new();
        for way in std::mem::take(&mut self.ways) {
            if is_roundabout(&way) || way.line.bridge {
                ways.push(way);
                continue;
            }
            let mut refs: Vec<u32> = Vec::new();
            for w in way.refs.windows(2) {
                let middle = self.at(w[0]).towards(self.at(w[1]), 0.5);
                if rings.iter().any(|(centre, radius)| middle.to(*centre) < radius * 0.9) {
                    if refs.len() > 1 {
                        ways.push(Way { refs: std::mem::take(&mut refs), line: way.line.clone() });
                    }
                    refs.clear();
                } else {
                    if refs.is_empty() {
                        refs.push(w[0]);
                    }
                    refs.push(w[1]);
                }
            }
            if refs.len() > 1 {
                ways.push(Way { refs, line: way.line });
            }
        }
        self.ways = ways;
    }

    /// Blind alleys off the local streets, where there is room.
    pub fn add_alleys(&mut self, ground: &Ground) {
        let cell = |q: P| ((q.x / 0.2).floor() as i32, (q.y / 0.2).floor() as i32);
        let mut near: HashMap<(i32, i32), Vec<(P, P)>> = HashMap::new();
        let put = |near: &mut HashMap<(i32, i32), Vec<(P, P)>>, a: P, b: P| {
            let (i, j) = (cell(a), cell(b));
            for x in i.0.min(j.0) - 1..=i.0.max(j.0) + 1 {
                for y in i.1.min(j.1) - 1..=i.1.max(j.1) + 1 {
                    near.entry((x, y)).or_default().push((a, b));
                }
            }
        };
        for way in &self.ways {
            for w in way.refs.windows(2) {
                put(&mut near, self.at(w[0]), self.at(w[1]));
            }
        }
        let mut rng = Rng::stream(ground.seed, 0xA11E);
        let mut alleys = Vec::new();
        for k in 0..self.ways.len() {
            if self.ways[k].class() != Class::Residential || self.ways[k].line.island {
                continue;
            }
            let pts: Vec<P> = self.ways[k].refs.iter().map(|&r| self.at(r)).collect();
            let mut inserts = Vec::new();
            for i in 0..pts.len() - 1 {
                if !rng.chance(0.12) || pts[i].to(pts[i + 1]) < 0.05 {
                    continue;
                }
                let root = pts[i].towards(pts[i + 1], rng.range(0.3, 0.7));
                let side = if rng.chance(0.5) { 1.0 } else { -1.0 };
                let aim =
                    left_at(&pts[i..=i + 1], 0) * (side * rng.range(0.035, 0.09)) + p(rng.range(-0.01, 0.01), 0.0);
                let (start, end) = (root + aim * 0.1, root + aim * 1.15);
                let blocked =
                    near.get(&cell(root)).into_iter().flatten().any(|(a, b)| crossing(start, end, *a, *b).is_some());
                if blocked || ground.water.blocks(root, end) || ground.water.stream_crossing(root, end).is_some() {
                    continue;
                }
                let tip = root + aim;
                put(&mut near, root, tip);
                let first = self.nodes.len() as u32;
                self.nodes.extend([root, tip].map(|at| Node { at, signals: false }));
                inserts.push((i + 1, first));
                let name = self.ways[k].line.name.clone();
                let line = Line::new(Class::Alley, Vec::new()).named(format!("{name} - ngách {}", inserts.len()));
                alleys.push(Way { refs: vec![first, first + 1], line });
            }
            for (i, id) in inserts.into_iter().rev() {
                self.ways[k].refs.insert(i, id);
            }
        }
        self.ways.extend(alleys);
    }

    /// Drops what hangs on nothing, but not what is cut off on purpose, and numbers the nodes anew from west to east.
    pub fn drop_scraps(&mut self) {
        let mut parent: Vec<u32> = (0..self.nodes.len() as u32).collect();
        fn root(parent: &mut [u32], mut k: u32) -> u32 {
            while parent[k as usize] != k {
                parent[k as usize] = parent[parent[k as usize] as usize];
                k = parent[k as usize];
            }
            k
        }
        for way in &self.ways {
            for w in way.refs.windows(2) {
                let (a, b) = (root(&mut parent, w[0]), root(&mut parent, w[1]));
                parent[a as usize] = b;
            }
        }
        let mut sizes: HashMap<u32, usize> = HashMap::new();
        for k in 0..parent.len() as u32 {
            *sizes.entry(root(&mut parent, k)).or_default() += 1;
        }
        let largest = sizes.iter().max_by_key(|(k, n)| (**n, **k)).map(|(k, _)| *k);
        self.ways.retain(|w| w.line.island || Some(root(&mut parent, w.refs[0])) == largest);
        let mut used: Vec<u32> = self.ways.iter().flat_map(|w| w.refs.iter().copied()).collect();
        used.sort_unstable();
        used.dedup();
        // Neighbours in the file are neighbours on the ground, which makes it smaller.
        let strip = |q: P| (q.x / 2.0).floor() as i64;
        used.sort_by(|&a, &b| {
            let (a, b) = (self.at(a), self.at(b));
            strip(a).cmp(&strip(b)).then(a.y.total_cmp(&b.y)).then(a.x.total_cmp(&b.x))
        });
        let number: HashMap<u32, u32> = used.iter().enumerate().map(|(new, &old)| (old, new as u32)).collect();
        self.nodes = used.iter().map(|&k| self.nodes[k as usize]).collect();
        for way in &mut self.ways {
            for id in &mut way.refs {
                *id = number[id];
            }
        }
    }

    /// For each node whether it lies in the largest strongly connected component of the ways that motor traffic uses.
    pub fn strongly_connected(&self) -> Vec<bool> {
        let n = self.nodes.len();
        let (mut out, mut back) = (vec![Vec::new(); n], vec![Vec::new(); n]);
        for way in &self.ways {
            for w in way.refs.windows(2) {
                let (a, b) = (w[0] as usize, w[1] as usize);
                out[a].push(b);
                back[b].push(a);
                if !way.line.oneway {
                    out[b].push(a);
                    back[a].push(b);
                }
            }
        }
        let reach = |start: usize, arcs: &[Vec<usize>]| {
            let mut seen = vec![false; n];
            let mut stack = vec![start];
            seen[start] = true;
            while let Some(k) = stack.pop() {
                for &to in &arcs[k] {
                    if !seen[to] {
                        seen[to] = true;
                        stack.push(to);
                    }
                }
            }
            seen
        };
        // The busiest junction is surely in the largest component of a connected city.
        let Some(start) = (0..n).max_by_key(|&k| out[k].len().min(back[k].len())) else { return Vec::new() };
        let (forth, back) = (reach(start, &out), reach(start, &back));
        forth.iter().zip(&back).map(|(a, b)| *a && *b).collect()
    }

    /// Streets that one-way traffic would leave without a way in or out become two-way.
    pub fn mend_one_ways(&mut self) {
        for _ in 0..6 {
            let strong = self.strongly_connected();
            let mut mended = false;
            for way in &mut self.ways {
                let fixed = matches!(way.class(), Class::Motorway | Class::MotorwayLink) || is_roundabout(way);
                if way.line.oneway && !fixed && way.refs.iter().any(|&r| !strong[r as usize]) {
                    way.line.oneway = false;
                    mended = true;
                }
            }
            if !mended {
                break;
            }
        }
    }

    /// Signals, speed limits, lanes and surfaces, on some.
    pub fn furnish(&mut self, ground: &Ground) {
        let mut rng = Rng::stream(ground.seed, 0xF0_0F);
        let mut meets: Vec<[u16; 2]> = vec![[0, 0]; self.nodes.len()];
        for way in &self.ways {
            let large = (Class::Trunk..=Class::Tertiary).contains(&way.class()) && !way.line.bridge;
            for (k, &r) in way.refs.iter().enumerate() {
                let arms = if k == 0 || k + 1 == way.refs.len() { 1 } else { 2 };
                meets[r as usize][usize::from(large)] += arms;
            }
        }
        let core = P::from_degrees(105.84, 21.02);
        for (node, arms) in self.nodes.iter_mut().zip(&meets) {
            let likely = if node.at.to(core) < 9.0 { 0.6 } else { 0.25 };
            node.signals = arms[1] >= 3 && rng.chance(likely);
        }
        for way in &mut self.ways {
            let class = way.class();
            let known = |way: &Way, key: &str| way.line.extra.iter().any(|e| e.0 == key);
            let mut add = |way: &mut Way, chance: f64, key: &'static str, value: &str| {
                if rng.chance(chance) && !way.line.extra.iter().any(|e| e.0 == key) {
                    way.line.extra.push((key, value.to_owned()));
                }
            };
            if known(way, "junction") {
                continue;
            }
            match class {
                Class::Trunk => {
                    add(way, 0.7, "maxspeed", "80");
                    add(way, 1.0, "lanes", "4");
                    add(way, 0.8, "surface", "asphalt");
                }
                Class::Primary | Class::Secondary => {
                    add(way, 0.4, "maxspeed", if class == Class::Primary { "60" } else { "50" });
                    add(way, 0.5, "surface", "asphalt");
                }
                Class::Tertiary | Class::Unclassified => {
                    add(way, 0.1, "maxspeed", "40");
                    add(way, 0.3, "surface", "concrete");
                }
                Class::Residential => add(way, 0.05, "surface", "concrete"),
                _ => {}
            }
        }
    }

    /// Kilometres of way, ferries left out.
    pub fn kilometres(&self) -> f64 {
        let roads = self.ways.iter().filter(|w| w.class() != Class::Ferry);
        roads.map(|w| length(&w.refs.iter().map(|&r| self.at(r)).collect::<Vec<P>>())).sum()
    }
}

fn is_roundabout(way: &Way) -> bool {
    way.line.extra.iter().any(|e| e.0 == "junction")
}
