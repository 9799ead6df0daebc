//! Rivers: rain runs down made-up land to the coast, and where enough comes together there is a river.
//!
//! A river passes from face to face under the edges between them. Only there may a road cross it, on a bridge.

use super::super::rng::noise;
use super::frame::{Frame, ISLAND, LAND, OPEN, RIVER, WET_EAST, WET_NORTH, shake, unit};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

/// Half the width of the largest river, in cells. Nodes stay farther from a river than this.
const HALF_WIDTH: f64 = 0.2;
/// No direction: the sea, or no land.
const NONE: u8 = 4;

/// The rivers of a country.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rivers {
    /// Each river from its spring down, with its arms around islands.
    pub reaches: Vec<Reach>,
    /// The islands.
    pub islands: Vec<Island>,
    /// How large the river in a face is, 1 to 255; 0 where there is none.
    pub size: Vec<u8>,
}

/// A river, or an arm of one: the faces it passes, downstream.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    pub faces: Vec<u32>,
    /// Half its width in each face, in cells.
    pub half_width: Vec<f32>,
    /// The first face belongs to another river, from which this one parts.
    pub parts: bool,
    /// The last face belongs to another river, which this one joins.
    pub joins: bool,
}

/// An island between two arms.
#[derive(Debug, Clone)]
pub(crate) struct Island {
    /// The corners on it, ascending.
    pub corners: Vec<u32>,
    /// The one edge that a ferry serves: the corner it belongs to and its direction (0 east, 2 north).
    pub ferry: Option<(u32, usize)>,
}

/// The four neighbours by side: east, north, west, south.
fn beside(frame: &Frame, c: usize) -> [usize; 4] {
    [c + 1, c + frame.wide, c - 1, c - frame.wide]
}

/// Draws rivers into the flags. `area_km2` of rain make a river; `islands` are tried for.
pub(crate) fn draw(frame: &Frame, flags: &mut [u8], islands: usize) -> Rivers {
    let (down, order) = drain(frame, flags);
    let mut rain = vec![0u32; flags.len()];
    for &c in order.iter().rev() {
        let c = c as usize;
        rain[c] += 1;
        if down[c] < NONE {
            rain[beside(frame, c)[usize::from(down[c])]] += rain[c];
        }
    }
    let faces = order.len() as f64;
    // A river drains 250 km² or more; a small country has one all the same.
    let enough = (250.0 / (frame.cell_km * frame.cell_km)).min(faces * 0.06).max(12.0) as u32;
    let mut rivers = Rivers { size: vec![0; flags.len()], ..Rivers::default() };
    let largest = f64::from(rain.iter().copied().max().unwrap_or(1)).max(2.0);
    let strength = |rain: u32| (f64::from(rain) / largest).sqrt().clamp(0.12, 1.0);
    let mut main: HashMap<usize, usize> = HashMap::new();
    let mut wet: Vec<usize> = Vec::new();
    for &c in order.iter().rev() {
        let c = c as usize;
        if rain[c] < enough {
            continue;
        }
        wet.push(c);
        flags[c] |= RIVER;
        rivers.size[c] = (strength(rain[c]) * 255.0) as u8;
        if down[c] < NONE {
            let next = beside(frame, c)[usize::from(down[c])];
            cross(frame, flags, c, next);
            let best = main.entry(next).or_insert(c);
            if rain[c] > rain[*best] {
                *best = c;
            }
        }
    }
    // `wet` runs upstream to downstream; a spring is a face that no river enters.
    for &spring in wet.iter().filter(|c| !main.contains_key(c)) {
        let mut reach = Reach { faces: vec![spring as u32], half_width: Vec::new(), parts: false, joins: false };
        let mut c = spring;
        while down[c] < NONE && !reach.joins {
            let next = beside(frame, c)[usize::from(down[c])];
            reach.joins = main.get(&next) != Some(&c);
            reach.faces.push(next as u32);
            c = next;
        }
        let width = |k: usize| HALF_WIDTH * strength(rain[k]).max(0.15);
        let last = width(reach.faces.iter().rev().nth(usize::from(reach.joins)).map_or(spring, |&c| c as usize));
        reach.half_width = reach.faces.iter().map(|&c| width(c as usize).min(last) as f32).collect();
        rivers.reaches.push(reach);
    }
    rivers.reaches.sort_by_key(|r| Reverse(r.faces.len()));
    part(frame, flags, &mut rivers, islands);
    rivers
}

/// Marks the edge between two neighbouring faces as crossed by a river.
fn cross(frame: &Frame, flags: &mut [u8], a: usize, b: usize) {
    let (low, high) = (a.min(b), a.max(b));
    if high == low + frame.wide {
        flags[high] |= WET_EAST;
    } else {
        flags[high] |= WET_NORTH;
    }
}

/// Whether a river runs under the edge between two neighbouring faces.
fn crossed(frame: &Frame, flags: &[u8], a: usize, b: usize) -> bool {
    let (low, high) = (a.min(b), a.max(b));
    flags[high] & if high == low + frame.wide { WET_EAST } else { WET_NORTH } != 0
}

/// Which way each face drains, and the faces from the coast up (priority flood, Barnes et al. 2014). The rain leaves
/// by one coast only, so that rivers are long.
fn drain(frame: &Frame, flags: &[u8]) -> (Vec<u8>, Vec<u32>) {
    let salt = frame.salt(0x817E);
    let turn = unit(salt, 0) * std::f64::consts::TAU;
    let (sin, cos) = turn.sin_cos();
    let reach = frame.wide.max(frame.tall) as f64;
    let slope = |c: usize| {
        let (x, y) = frame.xy(c);
        ((x as f64 * cos + y as f64 * sin) / reach, x as f64, y as f64)
    };
    let height = frame.each(|c| {
        let (up, x, y) = slope(c);
        let wave = |k: u64, cells: f64| noise(salt ^ k, x / cells, y / cells);
        let hills =
            0.5 * wave(1, reach / 5.0) + 0.22 * wave(2, reach / 14.0) + 0.1 * wave(3, 40.0) + 0.06 * wave(4, 9.0);
        ((up + hills + 8.0 + 0.02 * shake(salt, c)) * 1e8) as u32
    });
    // What a basin without an outlet rises by from face to face: its river winds through it along soft ground.
    let rise = frame.each(|c| {
        let (x, y) = frame.xy(c);
        let soft = |k: u64, cells: f64| noise(salt ^ k, x as f64 / cells, y as f64 / cells);
        let hard = 1.5 * soft(5, 7.0) + 1.2 * soft(6, 26.0) + 0.6 * shake(salt ^ 7, c);
        (hard.exp() * 1e8 / reach) as u32 + 1
    });
    let mut down = vec![u8::MAX; flags.len()];
    let mut heap = BinaryHeap::new();
    // The coast that lies lower than most.
    let coast: Vec<usize> = (0..flags.len())
        .filter(|&c| flags[c] & LAND != 0 && beside(frame, c).iter().any(|&n| flags[n] & LAND == 0))
        .collect();
    let mut ups: Vec<f64> = coast.iter().map(|&c| slope(c).0).collect();
    ups.sort_by(f64::total_cmp);
    let limit = ups.get(ups.len() / 3).copied().unwrap_or(0.0);
    for &c in coast.iter().filter(|&&c| slope(c).0 <= limit) {
        down[c] = NONE;
        heap.push(Reverse((height[c], c as u32)));
    }
    let mut order = Vec::new();
    while let Some(Reverse((level, c))) = heap.pop() {
        order.push(c);
        for (k, n) in beside(frame, c as usize).into_iter().enumerate() {
            if flags[n] & LAND != 0 && down[n] == u8::MAX {
                down[n] = [2, 3, 0, 1][k];
                heap.push(Reverse((height[n].max(level.saturating_add(rise[n])), n as u32)));
            }
        }
    }
    (down, order)
}

/// Parts the larger rivers around islands.
fn part(frame: &Frame, flags: &mut [u8], rivers: &mut Rivers, wanted: usize) {
    let salt = frame.salt(0x15_1A);
    let long: Vec<usize> =
        (0..rivers.reaches.len().min(4 * wanted)).filter(|&r| rivers.reaches[r].faces.len() > 15).collect();
    if long.is_empty() {
        return;
    }
    for attempt in 0..wanted * 30 {
        if rivers.islands.len() >= wanted {
            return;
        }
        let draw = |k: u64| unit(salt ^ k, attempt);
        let reach = &rivers.reaches[long[(draw(1).powi(2) * long.len() as f64) as usize]];
        let span = 7 + (draw(2) * 9.0) as usize;
        // The lower half, where the river is wide.
        let n = reach.faces.len();
        let start = 2 + n / 5 + (draw(3) * n as f64 * 0.8) as usize;
        if start + span + 3 > n {
            continue;
        }
        let stretch = reach.faces[start..=start + span].to_vec();
        let half_width = reach.half_width[start] * 0.8;
        let Some(arm) = second_arm(frame, flags, &stretch) else { continue };
        let size = rivers.size[stretch[0] as usize];
        let before: Vec<(usize, u8)> = near(frame, &stretch, 14).map(|c| (c, flags[c])).collect();
        for w in arm.windows(2) {
            flags[w[1] as usize] |= RIVER;
            cross(frame, flags, w[0] as usize, w[1] as usize);
        }
        let Some(corners) = enclosed(frame, flags, &stretch) else {
            for (c, f) in before {
                flags[c] = f;
            }
            continue;
        };
        for &c in &arm {
            rivers.size[c as usize] = size;
        }
        for &c in &corners {
            flags[c as usize] |= ISLAND;
        }
        // Every second one has a ferry.
        let ferry = (rivers.islands.len() % 2 == 1).then(|| ferry_edge(frame, flags, &corners)).flatten();
        rivers.islands.push(Island { corners, ferry });
        let half_width = vec![half_width; arm.len()];
        rivers.reaches.push(Reach { faces: arm, half_width, parts: true, joins: true });
    }
}

/// The faces in a box around some faces, `margin` wider on each side.
fn near(frame: &Frame, faces: &[u32], margin: usize) -> impl Iterator<Item = usize> + use<> {
    let xs = faces.iter().map(|&c| c as usize % frame.wide);
    let ys = faces.iter().map(|&c| c as usize / frame.wide);
    let (left, right) = (xs.clone().min().unwrap_or(0), xs.max().unwrap_or(0));
    let (low, high) = (ys.clone().min().unwrap_or(0), ys.max().unwrap_or(0));
    let (wide, tall) = (frame.wide, frame.tall);
    let columns = left.saturating_sub(margin)..(right + margin + 1).min(wide);
    let rows = low.saturating_sub(margin)..(high + margin + 1).min(tall);
    rows.flat_map(move |y| columns.clone().map(move |x| y * wide + x))
}

/// A second way for the water from the first face of a stretch to the last, two faces of land or more beside the first way.
fn second_arm(frame: &Frame, flags: &[u8], stretch: &[u32]) -> Option<Vec<u32>> {
    let (first, last) = (*stretch.first()?, *stretch.last()?);
    // Three faces apart, but for the first steps from both ends.
    let apart = |c: usize| {
        let (x, y) = frame.xy(c);
        stretch.iter().enumerate().all(|(k, &r)| {
            let (u, v) = frame.xy(r as usize);
            x.abs_diff(u).max(y.abs_diff(v)) >= k.min(stretch.len() - 1 - k).min(3)
        })
    };
    let free = |c: usize| {
        let around = [c + 1, c - 1, c + frame.wide, c - frame.wide];
        flags[c] & LAND != 0
            && flags[c] & RIVER == 0
            && around.iter().all(|&n| flags[n] & LAND != 0 && (flags[n] & RIVER == 0 || stretch.contains(&(n as u32))))
            && apart(c)
    };
    let allowed: HashMap<usize, bool> = near(frame, stretch, 10).map(|c| (c, c > frame.wide && free(c))).collect();
    let mut from: HashMap<u32, u32> = HashMap::from([(first, first)]);
    let mut queue = VecDeque::from([first]);
    while let Some(c) = queue.pop_front() {
        if c == last {
            let mut arm = vec![last];
            while let Some(&c) = arm.last().filter(|&&c| c != first) {
                arm.push(from[&c]);
            }
            arm.reverse();
            return (arm.len() <= 3 * stretch.len() && arm.len() > 4).then_some(arm);
        }
        for n in beside(frame, c as usize) {
            let through = allowed.get(&n) == Some(&true) || (n as u32 == last && c != first);
            // Not back over an edge that the first arm uses.
            let open = through && !crossed(frame, flags, c as usize, n);
            if open && !from.contains_key(&(n as u32)) {
                from.insert(n as u32, c);
                queue.push_back(n as u32);
            }
        }
    }
    None
}

/// The corners between the two arms.
fn enclosed(frame: &Frame, flags: &[u8], stretch: &[u32]) -> Option<Vec<u32>> {
    let most = 4 * stretch.len() * stretch.len();
    let middle = stretch[stretch.len() / 2] as usize;
    for start in [middle, middle + 1, middle + frame.wide, middle + frame.wide + 1] {
        let mut found = vec![start as u32];
        let mut seen: std::collections::HashSet<usize> = std::collections::HashSet::from([start]);
        let mut k = 0;
        let mut whole = true;
        while whole && k < found.len() && found.len() <= most {
            let c = found[k] as usize;
            k += 1;
            // At the coast, or on another island: not between these two arms.
            whole = flags[c] & (OPEN | ISLAND) == OPEN;
            if !whole {
                break;
            }
            let open = [
                (flags[c] & WET_EAST == 0, c + 1),
                (flags[c] & WET_NORTH == 0, c + frame.wide),
                (flags[c - 1] & WET_EAST == 0, c - 1),
                (flags[c - frame.wide] & WET_NORTH == 0, c - frame.wide),
            ];
            for (dry, n) in open {
                if dry && seen.insert(n) {
                    found.push(n as u32);
                }
            }
        }
        if whole && found.len() <= most && found.len() >= 9 {
            found.sort_unstable();
            return Some(found);
        }
    }
    None
}

/// An edge from the island over the water.
fn ferry_edge(frame: &Frame, flags: &[u8], corners: &[u32]) -> Option<(u32, usize)> {
    let ashore = |c: usize| flags[c] & (OPEN | ISLAND) == OPEN;
    let edges = corners.iter().flat_map(|&c| {
        let c = c as usize;
        [
            (flags[c] & WET_EAST != 0 && ashore(c + 1), c, 0),
            (flags[c] & WET_NORTH != 0 && ashore(c + frame.wide), c, 2),
            (flags[c - 1] & WET_EAST != 0 && ashore(c - 1), c - 1, 0),
            (flags[c - frame.wide] & WET_NORTH != 0 && ashore(c - frame.wide), c - frame.wide, 2),
        ]
    });
    let all: Vec<(u32, usize)> = edges.filter(|e| e.0).map(|e| (e.1 as u32, e.2)).collect();
    all.get(all.len() / 2).copied()
}
