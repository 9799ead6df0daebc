//! Which edges of the lattice are roads: between cities first, then towns, then villages, each along what stands.
//!
//! For each level one search runs from all its places at once. Where two searches meet there is a way between two
//! places; those ways stay that are not worse than a way through a third place (the relative neighbourhood graph) or
//! that are needed to hold everything together (the least spanning tree). This takes n log n steps, not n².

use super::frame::{BUILT, Frame, ISLAND, LAKE, LAND, OPEN, RIVER, WET_EAST, WET_NORTH, shake, unit};
use super::rivers::{Island, Rivers};
use super::settle::{Rank, Settled};
use crate::error::Result;
use crate::stages::go_on;
use std::cmp::Reverse;
use std::collections::HashMap;

/// Classes of road as they stand in [`Roads::edges`]; 0 is no road.
pub(crate) const TRUNK: u8 = 1;
pub(crate) const PRIMARY: u8 = 2;
pub(crate) const SECONDARY: u8 = 3;
pub(crate) const TERTIARY: u8 = 4;
pub(crate) const UNCLASSIFIED: u8 = 5;
pub(crate) const RESIDENTIAL: u8 = 6;

const FAR: u32 = u32::MAX;
/// More than any step costs, in hundredths of a cell.
const BUCKETS: usize = 4096;
/// No way back: a source, or never reached.
const ROOT: u8 = 8;

/// The roads.
#[derive(Debug, Clone)]
pub(crate) struct Roads {
    /// For each corner the class of the edge to the east, north-east, north and north-west.
    pub edges: Vec<[u8; 4]>,
    /// Edges that are ferries: corner and direction, ascending.
    pub ferries: Vec<(u32, usize)>,
}

/// What the searches need to know of the land.
pub(crate) struct Ground<'a> {
    pub frame: &'a Frame,
    pub flags: &'a [u8],
    pub fertile: &'a [u8],
    pub rivers: &'a Rivers,
}

impl Ground<'_> {
    /// The corner at the other end: directions 0 to 7 counter-clockwise from the east.
    pub fn end(&self, c: usize, direction: usize) -> usize {
        let w = self.frame.wide;
        match direction {
            0 => c + 1,
            1 => c + w + 1,
            2 => c + w,
            3 => c + w - 1,
            4 => c - 1,
            5 => c - w - 1,
            6 => c - w,
            _ => c - w + 1,
        }
    }

    /// An edge as the corner that keeps it and a direction below 4.
    pub fn edge(&self, c: usize, direction: usize) -> (usize, usize) {
        if direction < 4 { (c, direction) } else { (self.end(c, direction), direction - 4) }
    }

    /// Whether a river runs under an edge.
    pub fn wet(&self, c: usize, direction: usize) -> bool {
        let (c, direction) = self.edge(c, direction);
        (direction == 0 && self.flags[c] & WET_EAST != 0) || (direction == 2 && self.flags[c] & WET_NORTH != 0)
    }

    /// What an edge costs, in hundredths of a cell of flat road; none where no road can be.
    fn cost(&self, roads: &Roads, c: usize, direction: usize) -> Option<u32> {
        let (flags, wide) = (self.flags, self.frame.wide);
        let n = self.end(c, direction);
        if flags[n] & OPEN == 0 {
            return None;
        }
        let (at, way) = self.edge(c, direction);
        // No bridge reaches an island, also not from another.
        let ashore = (flags[c] | flags[n]) & ISLAND == 0 || !self.wet(at, way);
        if !ashore && roads.ferries.binary_search(&(at as u32, way)).is_err() {
            return None;
        }
        let mut cost = if way % 2 == 0 { 100.0 } else { 141.4 };
        if way % 2 == 1 {
            let face = if way == 1 { at } else { at - 1 };
            if flags[face] & (LAND | RIVER | LAKE) != LAND {
                return None;
            }
            // Not through the blocks of a town.
            if flags[face] & BUILT != 0 {
                cost *= 1.25;
            }
        }
        cost *= match roads.edges[at][way] {
            0 => 1.0 + 1.2 * (1.0 - f64::from(self.fertile[c]) / 255.0) + 0.12 * shake(self.frame.seed, at * 4 + way),
            TRUNK | PRIMARY => 0.45,
            SECONDARY => 0.5,
            _ => 0.55,
        };
        // A bridge that stands is used again; a new one is dear, over a large river most of all.
        if self.wet(at, way) && roads.edges[at][way] == 0 {
            let size = if way == 0 {
                self.rivers.size[at].min(self.rivers.size[at - wide])
            } else {
                self.rivers.size[at].min(self.rivers.size[at - 1])
            };
            cost += 400.0 + 6.0 * f64::from(size);
        }
        Some(cost as u32)
    }
}

/// Distances from many sources at once.
pub(crate) struct Search {
    cost: Vec<u32>,
    /// The source, by its number.
    from: Vec<u32>,
    /// The direction back towards the source.
    back: Vec<u8>,
}

impl Search {
    fn run(ground: &Ground, price: &impl Fn(usize, usize) -> Option<u32>, sources: &[u32]) -> Result<Search> {
        let n = ground.flags.len();
        let mut search = Search { cost: vec![FAR; n], from: vec![FAR; n], back: vec![ROOT; n] };
        // Steps are short, so a ring of buckets serves as the queue: one for each cost from now on.
        let mut buckets: Vec<Vec<u32>> = vec![Vec::new(); BUCKETS];
        let mut waiting = 0usize;
        for (k, &c) in sources.iter().enumerate() {
            if search.cost[c as usize] == FAR {
                search.cost[c as usize] = 0;
                search.from[c as usize] = k as u32;
                buckets[0].push(c);
                waiting += 1;
            }
        }
        let mut cost = 0u32;
        while waiting > 0 {
            if cost.is_multiple_of(1 << 10) {
                go_on()?;
            }
            let mut bucket = std::mem::take(&mut buckets[cost as usize % BUCKETS]);
            waiting -= bucket.len();
            for c in bucket.drain(..).map(|c| c as usize) {
                // Reached at less cost since.
                if search.cost[c] != cost {
                    continue;
                }
                for direction in 0..8 {
                    let n = ground.end(c, direction);
                    // No step is free: what costs no more than this place cannot get cheaper through it.
                    if search.cost[n] <= cost {
                        continue;
                    }
                    let Some(step) = price(c, direction) else { continue };
                    let step = step.clamp(1, BUCKETS as u32 - 1);
                    if cost + step < search.cost[n] {
                        search.cost[n] = cost + step;
                        search.from[n] = search.from[c];
                        search.back[n] = ((direction + 4) % 8) as u8;
                        buckets[(cost + step) as usize % BUCKETS].push(n as u32);
                        waiting += 1;
                    }
                }
            }
            // Keeps what it has allotted.
            buckets[cost as usize % BUCKETS] = bucket;
            cost += 1;
        }
        Ok(search)
    }

    /// The source that a corner is nearest to, by its number.
    pub fn source(&self, c: usize) -> usize {
        self.from[c] as usize
    }

    /// The corners from one back to its source, both included.
    pub fn way_back(&self, ground: &Ground, mut c: usize) -> Vec<usize> {
        let mut way = vec![c];
        while self.back[c] < ROOT {
            c = ground.end(c, usize::from(self.back[c]));
            way.push(c);
        }
        way
    }

    /// Makes the way from a corner back to its source a road, as far as it is not yet one of this search.
    fn trace(&self, ground: &Ground, roads: &mut Roads, seen: &mut [bool], mut c: usize, class: u8) {
        while self.back[c] < ROOT && !seen[c] {
            seen[c] = true;
            let direction = usize::from(self.back[c]);
            pave(ground, roads, c, direction, class);
            c = ground.end(c, direction);
        }
    }
}

/// Makes an edge a road of this class, unless it is one of a higher class.
fn pave(ground: &Ground, roads: &mut Roads, c: usize, direction: usize, class: u8) {
    let (c, direction) = ground.edge(c, direction);
    let edge = &mut roads.edges[c][direction];
    if *edge == 0 || *edge > class {
        *edge = class;
    }
}

/// Makes the roads.
pub(crate) fn build(ground: &Ground, settled: &Settled, islands: &[Island]) -> Result<Roads> {
    let mut ferries: Vec<(u32, usize)> = islands.iter().filter_map(|i| i.ferry).collect();
    ferries.sort_unstable();
    let mut roads = Roads { edges: vec![[0; 4]; ground.flags.len()], ferries };
    let hubs = hubs(ground, settled);
    for class in [TRUNK, PRIMARY, SECONDARY, TERTIARY] {
        let sources: Vec<u32> = hubs.iter().filter(|h| h.1 <= class).map(|h| h.0).collect();
        if sources.len() > 1 {
            connect(ground, &mut roads, &sources, class)?;
        }
    }
    streets(ground, &mut roads);
    join(ground, &mut roads)?;
    Ok(roads)
}

/// The places that roads of each class join: the corner and the highest class that leads there.
fn hubs(ground: &Ground, settled: &Settled) -> Vec<(u32, u8)> {
    let frame = ground.frame;
    let mut hubs: Vec<(u32, u8)> = Vec::new();
    for (k, place) in settled.places.iter().enumerate() {
        let class = match place.rank {
            // Also small countries have a few main roads.
            _ if k < 4 && place.rank < Rank::Island => TRUNK,
            Rank::City => TRUNK,
            Rank::Town if place.people >= 20_000.0 || k < 20 => PRIMARY,
            Rank::Town => SECONDARY,
            Rank::Village | Rank::Island => TERTIARY,
        };
        hubs.push((place.corner, class));
        // Large towns have quarters, joined by main streets.
        for (spacing_km, class) in [(4.5, PRIMARY), (1.6, SECONDARY)] {
            let step = spacing_km / frame.cell_km;
            if place.radius < step || place.rank > Rank::Town {
                continue;
            }
            let (cx, cy) = frame.xy(place.corner as usize);
            let n = (1.3 * place.radius / step).ceil() as i64;
            for (i, j) in (-n..=n).flat_map(|j| (-n..=n).map(move |i| (i, j))) {
                let draw = |salt: u64| {
                    0.33 * shake(
                        frame.salt(salt),
                        (place.corner as usize) ^ (((i + 512) as usize) << 32 | ((j + 512) as usize) << 42),
                    )
                };
                let at = |c: usize, k: i64, salt: u64| (c as f64 + (k as f64 + draw(salt)) * step).max(0.0) as usize;
                let (x, y) = (at(cx, i, 0xA1), at(cy, j, 0xA2));
                let c = y.min(frame.tall - 2) * frame.wide + x.min(frame.wide - 2);
                if (i, j) != (0, 0) && ground.flags[c] & (OPEN | BUILT | ISLAND) == OPEN | BUILT {
                    hubs.push((c as u32, class));
                }
            }
        }
    }
    // The highest class of a corner stands first.
    hubs.sort_by_key(|h| (h.1, h.0));
    let mut seen = std::collections::HashSet::new();
    hubs.retain(|h| ground.flags[h.0 as usize] & OPEN != 0 && seen.insert(h.0));
    hubs
}

/// Joins the sources with roads of a class.
fn connect(ground: &Ground, roads: &mut Roads, sources: &[u32], class: u8) -> Result<()> {
    let (search, meetings) = links(ground, &|c, direction| ground.cost(roads, c, direction), sources)?;
    let mut seen = vec![false; ground.flags.len()];
    for (c, direction) in meetings {
        pave(ground, roads, c, direction, class);
        search.trace(ground, roads, &mut seen, c, class);
        search.trace(ground, roads, &mut seen, ground.end(c, direction), class);
    }
    Ok(())
}

/// Which sources to join: the edges where the searches from both meet, the cheapest first.
pub(crate) fn links(
    ground: &Ground,
    price: &impl Fn(usize, usize) -> Option<u32>,
    sources: &[u32],
) -> Result<(Search, Vec<(usize, usize)>)> {
    let search = Search::run(ground, price, sources)?;
    // The cheapest meeting of each two sources: its cost, and the edge where it is.
    let mut meetings: HashMap<(u32, u32), (u32, u32, u8)> = HashMap::new();
    for c in 0..ground.flags.len() {
        if search.cost[c] == FAR {
            continue;
        }
        for direction in 0..4 {
            let n = ground.end(c, direction);
            if search.from.get(n).is_none_or(|&f| f == FAR || f == search.from[c]) {
                continue;
            }
            let Some(step) = price(c, direction) else { continue };
            let (a, b) = (search.from[c].min(search.from[n]), search.from[c].max(search.from[n]));
            let met = (search.cost[c] + step + search.cost[n], c as u32, direction as u8);
            meetings.entry((a, b)).and_modify(|m| *m = (*m).min(met)).or_insert(met);
        }
    }
    let mut links: Vec<(u32, u32, u32, u32, u8)> =
        meetings.iter().map(|(&(a, b), &(cost, c, direction))| (cost, a, b, c, direction)).collect();
    links.sort_unstable();
    let mut around: Vec<Vec<(u32, u32)>> = vec![Vec::new(); sources.len()];
    for &(cost, a, b, ..) in &links {
        around[a as usize].push((b, cost));
        around[b as usize].push((a, cost));
    }
    let mut pieces = Pieces::new(sources.len());
    let mut kept = Vec::new();
    for &(cost, a, b, c, direction) in &links {
        let needed = pieces.join(a, b);
        let through_a_third = around[a as usize].iter().any(|&(third, first)| {
            let second = meetings.get(&(third.min(b), third.max(b))).map_or(FAR, |m| m.0);
            first.max(second) < cost
        });
        if needed || !through_a_third {
            kept.push((c as usize, usize::from(direction)));
        }
    }
    Ok((search, kept))
}

/// Streets along all sides of built faces.
fn streets(ground: &Ground, roads: &mut Roads) {
    let wide = ground.frame.wide;
    for f in 0..ground.flags.len() {
        if ground.flags[f] & BUILT != 0 {
            for (c, direction) in [(f, 0), (f, 2), (f + 1, 2), (f + wide, 0)] {
                pave(ground, roads, c, direction, RESIDENTIAL);
            }
        }
    }
}

/// Joins what still hangs on nothing to the rest, islands left out.
fn join(ground: &Ground, roads: &mut Roads) -> Result<()> {
    let mut pieces = Pieces::new(ground.flags.len());
    for c in 0..ground.flags.len() {
        for direction in 0..4 {
            if roads.edges[c][direction] != 0 {
                pieces.join(c as u32, ground.end(c, direction) as u32);
            }
        }
    }
    let used = |roads: &Roads, c: usize| {
        (0..8).any(|d| {
            let inside = c > ground.frame.wide && c + ground.frame.wide + 1 < ground.flags.len();
            inside && {
                let (c, d) = ground.edge(c, d);
                roads.edges[c][d] != 0
            }
        })
    };
    let corners: Vec<u32> = (0..ground.flags.len() as u32).filter(|&c| used(roads, c as usize)).collect();
    let mut sizes: HashMap<u32, usize> = HashMap::new();
    for &c in &corners {
        *sizes.entry(pieces.root(c)).or_default() += 1;
    }
    let Some(largest) = sizes.iter().max_by_key(|(root, n)| (**n, Reverse(**root))).map(|(root, _)| *root) else {
        return Ok(());
    };
    if sizes.len() == 1 {
        return Ok(());
    }
    let main: Vec<u32> = corners.iter().copied().filter(|&c| pieces.root(c) == largest).collect();
    let search = Search::run(ground, &|c, direction| ground.cost(roads, c, direction), &main)?;
    let mut nearest: HashMap<u32, (u32, u32)> = HashMap::new();
    for &c in &corners {
        let (root, cost) = (pieces.root(c), search.cost[c as usize]);
        if root != largest && cost != FAR {
            nearest.entry(root).and_modify(|m| *m = (*m).min((cost, c))).or_insert((cost, c));
        }
    }
    let mut starts: Vec<(u32, u32)> = nearest.into_values().collect();
    starts.sort_unstable();
    let mut seen = vec![false; ground.flags.len()];
    for (_, c) in starts {
        search.trace(ground, roads, &mut seen, c as usize, UNCLASSIFIED);
    }
    Ok(())
}

/// Union–find.
pub(crate) struct Pieces(Vec<u32>);

impl Pieces {
    pub fn new(n: usize) -> Pieces {
        Pieces((0..n as u32).collect())
    }

    pub fn root(&mut self, mut k: u32) -> u32 {
        while self.0[k as usize] != k {
            self.0[k as usize] = self.0[self.0[k as usize] as usize];
            k = self.0[k as usize];
        }
        k
    }

    /// Joins two; `false` if they were one already.
    pub fn join(&mut self, a: u32, b: u32) -> bool {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b) as usize] = a.min(b);
        a != b
    }
}

/// Whether the roads between villages in a block of the country are lanes.
pub(crate) fn is_lane(frame: &Frame, block: usize) -> bool {
    unit(frame.salt(0x1A7E), block) < 0.4
}
