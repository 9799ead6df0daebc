//! Communes and districts: faces shared out so that every commune has about as many people, and their outlines.

use super::super::mesh::{Shape as Polygon, Vertex, twice_area};
use super::super::rng::noise;
use super::frame::{Frame, LAND, RIVER, shake};
use super::people::NOBODY;
use super::shape::Shape;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// People in a usual commune.
const COMMUNE: f64 = 13_000.0;
/// Communes in a usual district.
const DISTRICT: f64 = 18.0;
/// A commune is no smaller than so many pixels of the population grid, or it might hold no centre of any.
const FEWEST_PIXELS: f64 = 7.0;

/// The communes and districts.
#[derive(Debug, Clone)]
pub(crate) struct Borders {
    /// The commune of each face, or [`NOBODY`].
    pub owner: Vec<u32>,
    /// The district of each commune; communes of a district stand together.
    pub district: Vec<u32>,
    /// The seat of each commune, a face.
    pub seats: Vec<u32>,
    pub districts: usize,
}

/// Shares out the land.
pub(crate) fn draw(frame: &Frame, flags: &[u8], living: &[f32], pixel_km2: f64) -> Borders {
    let cell_km2 = frame.cell_km * frame.cell_km;
    // Crowded faces count no more than this, so that no commune gets too small.
    let cap = (COMMUNE / (FEWEST_PIXELS * pixel_km2) * cell_km2) as f32;
    let weight = |f: usize| living[f].min(cap);
    let mut faces: Vec<(u32, f32)> =
        (0..living.len()).filter(|&f| living[f] > 0.0).map(|f| (f as u32, weight(f))).collect();
    let sum: f64 = faces.iter().map(|f| f64::from(f.1)).sum();
    let mut seats = Vec::new();
    bisect(frame, &mut faces, ((sum / COMMUNE).round() as usize).max(1), &mut seats);
    let salt = frame.salt(0xB0_4D);
    let step = frame.each(|f| {
        let (x, y) = frame.xy(f);
        let rough = 1.0 + 0.35 * noise(salt, x as f64 / 7.0, y as f64 / 7.0) + 0.1 * shake(salt, f);
        let river = if flags[f] & RIVER != 0 { 250.0 } else { 0.0 };
        ((30.0 + 12.0 * f64::from(weight(f)).sqrt() + river) * rough) as f32
    });
    let mut speed = vec![1.0f32; seats.len()];
    let mut owner = grow(frame, flags, &step, &seats, &speed);
    // Those that got too many give way to those that got too few.
    for _ in 0..3 {
        let mut got = vec![0f64; seats.len()];
        for f in (0..owner.len()).filter(|&f| owner[f] != NOBODY) {
            got[owner[f] as usize] += f64::from(weight(f));
        }
        for (speed, got) in speed.iter_mut().zip(&got) {
            let ratio = (got / COMMUNE).clamp(0.3, 3.0) as f32;
            *speed = (*speed * ratio.powf(0.45)).clamp(0.25, 4.0);
        }
        owner = grow(frame, flags, &step, &seats, &speed);
    }
    let (district, districts) = group(frame, &owner, &seats);
    renumber(owner, district, seats, districts)
}

/// Splits weighted faces into `parts` groups of about equal weight by halving, and keeps the middle of each.
fn bisect(frame: &Frame, faces: &mut [(u32, f32)], parts: usize, seats: &mut Vec<u32>) {
    if faces.is_empty() {
        return;
    }
    let place = |f: &(u32, f32)| frame.xy(f.0 as usize);
    if parts <= 1 || faces.len() == 1 {
        let sum: f64 = faces.iter().map(|f| f64::from(f.1)).sum();
        let mean = |pick: fn((usize, usize)) -> usize| {
            faces.iter().map(|f| f64::from(f.1) * pick(place(f)) as f64).sum::<f64>() / sum.max(1e-9)
        };
        let (x, y) = (mean(|p| p.0), mean(|p| p.1));
        let far = |f: &(u32, f32)| (place(f).0 as f64 - x).hypot(place(f).1 as f64 - y);
        seats.extend(faces.iter().min_by(|a, b| far(a).total_cmp(&far(b)).then(a.0.cmp(&b.0))).map(|f| f.0));
        return;
    }
    let span = |pick: fn((usize, usize)) -> usize| {
        let all = faces.iter().map(|f| pick(place(f)));
        all.clone().max().unwrap_or(0) - all.min().unwrap_or(0)
    };
    let wide = span(|p| p.0) >= span(|p| p.1);
    faces.sort_unstable_by_key(|f| {
        let (x, y) = place(f);
        if wide { (x, y) } else { (y, x) }
    });
    let left = parts / 2;
    let goal = faces.iter().map(|f| f64::from(f.1)).sum::<f64>() * left as f64 / parts as f64;
    let mut sum = 0.0;
    let cut = faces.iter().position(|f| {
        sum += f64::from(f.1);
        sum >= goal
    });
    let cut = (cut.unwrap_or(0) + 1).clamp(1, faces.len() - 1);
    let (low, high) = faces.split_at_mut(cut);
    bisect(frame, low, left, seats);
    bisect(frame, high, parts - left, seats);
}

/// Grows all communes from their seats at once: slowly where people are many, hardly over rivers.
fn grow(frame: &Frame, flags: &[u8], step: &[f32], seats: &[u32], speed: &[f32]) -> Vec<u32> {
    let mut owner = vec![NOBODY; flags.len()];
    let mut cost = vec![u32::MAX; flags.len()];
    let mut heap = BinaryHeap::new();
    for (k, &f) in seats.iter().enumerate() {
        if cost[f as usize] != 0 {
            cost[f as usize] = 0;
            heap.push(Reverse((0u32, f, k as u32)));
        }
    }
    while let Some(Reverse((at, f, k))) = heap.pop() {
        let f = f as usize;
        if owner[f] != NOBODY {
            continue;
        }
        owner[f] = k;
        for n in [f + 1, f - 1, f + frame.wide, f - frame.wide] {
            if flags[n] & LAND == 0 || owner[n] != NOBODY {
                continue;
            }
            let next = at.saturating_add((step[n] * speed[k as usize]) as u32 + 1);
            if next < cost[n] {
                cost[n] = next;
                heap.push(Reverse((next, n as u32, k)));
            }
        }
    }
    owner
}

/// Groups neighbouring communes into districts.
fn group(frame: &Frame, owner: &[u32], seats: &[u32]) -> (Vec<u32>, usize) {
    let mut around: Vec<Vec<u32>> = vec![Vec::new(); seats.len()];
    for f in 0..owner.len() {
        for n in [f + 1, f + frame.wide] {
            let (Some(&b), a) = (owner.get(n), owner[f]) else { continue };
            if a != b && a != NOBODY && b != NOBODY {
                around[a as usize].push(b);
                around[b as usize].push(a);
            }
        }
    }
    for list in &mut around {
        list.sort_unstable();
        list.dedup();
    }
    let mut points: Vec<(u32, f32)> = seats.iter().map(|&f| (f, 1.0)).collect();
    let mut heads = Vec::new();
    bisect(frame, &mut points, ((seats.len() as f64 / DISTRICT).round() as usize).max(1), &mut heads);
    let commune_of: HashMap<u32, usize> = seats.iter().enumerate().map(|(k, &f)| (f, k)).collect();
    let mut district = vec![NOBODY; seats.len()];
    let mut heap: BinaryHeap<Reverse<(u32, usize, u32)>> = BinaryHeap::new();
    for (d, f) in heads.iter().enumerate() {
        heap.push(Reverse((0, commune_of[f], d as u32)));
    }
    while let Some(Reverse((far, k, d))) = heap.pop() {
        if district[k] != NOBODY {
            continue;
        }
        district[k] = d;
        for &n in &around[k] {
            let ((x, y), (u, v)) = (frame.xy(seats[k] as usize), frame.xy(seats[n as usize] as usize));
            let step = ((x as f64 - u as f64).hypot(y as f64 - v as f64) * 16.0) as u32 + 60;
            heap.push(Reverse((far + step, n as usize, d)));
        }
    }
    (district, heads.len())
}

/// Numbers the communes by district, so that those of a district stand together.
fn renumber(mut owner: Vec<u32>, district: Vec<u32>, seats: Vec<u32>, districts: usize) -> Borders {
    let mut order: Vec<usize> = (0..seats.len()).collect();
    order.sort_by_key(|&k| (district[k], seats[k]));
    let mut new = vec![0u32; seats.len()];
    for (n, &k) in order.iter().enumerate() {
        new[k] = n as u32;
    }
    for o in owner.iter_mut().filter(|o| **o != NOBODY) {
        *o = new[*o as usize];
    }
    Borders {
        owner,
        district: order.iter().map(|&k| district[k]).collect(),
        seats: order.iter().map(|&k| seats[k]).collect(),
        districts,
    }
}

/// The faces of each group, one after another, and where each group begins.
pub(crate) fn sort_faces(owner: &[u32], groups: usize) -> (Vec<u32>, Vec<usize>) {
    let mut starts = vec![0usize; groups + 1];
    for &o in owner.iter().filter(|&&o| o != NOBODY) {
        starts[o as usize + 1] += 1;
    }
    for k in 0..groups {
        starts[k + 1] += starts[k];
    }
    let mut next = starts.clone();
    let mut faces = vec![0u32; starts[groups]];
    for (f, &o) in owner.iter().enumerate().filter(|(_, o)| **o != NOBODY) {
        faces[next[o as usize]] = f as u32;
        next[o as usize] += 1;
    }
    (faces, starts)
}

/// The outline of faces that hang together by their sides: one outer ring, and holes that touch it in corners at most.
pub(crate) fn outline(shape: &Shape, faces: impl Iterator<Item = u32>, same: impl Fn(usize) -> bool) -> Polygon {
    let wide = shape.frame.wide;
    // Sides of the outline with the faces to their left: the corner each leaves from, and its direction.
    let mut sides: Vec<(u32, u8)> = Vec::new();
    for f in faces {
        let f = f as usize;
        let around = [(f - wide, f, 0u8), (f + 1, f + 1, 1), (f + wide, f + wide + 1, 2), (f - 1, f + wide, 3)];
        sides.extend(around.iter().filter(|(n, ..)| !same(*n)).map(|&(_, c, direction)| (c as u32, direction)));
    }
    sides.sort_unstable();
    let mut done = vec![false; sides.len()];
    let step = |c: u32, direction: u8| match direction {
        0 => c + 1,
        1 => c + wide as u32,
        2 => c - 1,
        _ => c - wide as u32,
    };
    let mut polygon = Polygon { outer: Vec::new(), holes: Vec::new() };
    for start in 0..sides.len() {
        if done[start] {
            continue;
        }
        let mut ring: Vec<Vertex> = Vec::new();
        let mut at = start;
        loop {
            done[at] = true;
            let (c, direction) = sides[at];
            ring.push(shape.at[c as usize]);
            let next = step(c, direction);
            let first = sides.partition_point(|s| s.0 < next);
            let leaving = (first..sides.len()).take_while(|&k| sides[k].0 == next && k < first + 2);
            // Where two faces touch in a corner only, the sharper turn to the right keeps rings simple.
            let right = (direction + 3) % 4;
            let Some(way) = leaving.max_by_key(|&k| (sides[k].1 == right, Reverse(k))) else { break };
            at = way;
            if at == start || done[at] {
                break;
            }
        }
        if twice_area(&ring) > 0 && polygon.outer.is_empty() {
            polygon.outer = ring;
        } else {
            polygon.holes.push(ring);
        }
    }
    polygon
}

/// The area of a polygon in square kilometres.
pub(crate) fn area_km2(polygon: &Polygon) -> f64 {
    let side = super::super::plane::KM_PER_DEGREE / 1e6;
    let area = |ring: &[Vertex]| {
        let lats = ring.iter().map(|v| f64::from(v.1));
        let lat = lats.sum::<f64>() / ring.len().max(1) as f64 / 1e6;
        twice_area(ring) as f64 / 2.0 * side * side * lat.to_radians().cos()
    };
    area(&polygon.outer) + polygon.holes.iter().map(|h| area(h)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlines_of_faces_that_touch_in_a_corner_are_simple() {
        // A ring of eight faces around a hole, less the north-east one: the hole and the outside touch in a corner.
        let frame = Frame { seed: 1, cell_km: 0.3, true_km: 0.3, wide: 7, tall: 7 };
        let at = (0..49).map(|c| (c % 7 * 100, c / 7 * 100)).collect();
        let shape = Shape { frame: &frame, at };
        let faces: Vec<u32> = vec![16, 17, 18, 23, 25, 30, 31];
        let polygon = outline(&shape, faces.iter().copied(), |f| faces.contains(&(f as u32)));
        // The 3 × 3 square less its corner has twice 8 squares, the hole one, clockwise.
        assert_eq!(twice_area(&polygon.outer), 2 * 8 * 10_000);
        assert_eq!(polygon.holes.len(), 1);
        assert_eq!(twice_area(&polygon.holes[0]), -2 * 10_000);
    }

    #[test]
    fn halving_gives_equal_parts() {
        // 16 faces of weight 1 in a row, four parts: four seats, one in each quarter.
        let frame = Frame { seed: 1, cell_km: 0.3, true_km: 0.3, wide: 20, tall: 7 };
        let mut faces: Vec<(u32, f32)> = (0..16).map(|x| (40 + x, 1.0)).collect();
        let mut seats = Vec::new();
        bisect(&frame, &mut faces, 4, &mut seats);
        assert_eq!(seats.iter().map(|s| (s - 40) / 4).collect::<Vec<_>>(), [0, 1, 2, 3]);
    }
}
