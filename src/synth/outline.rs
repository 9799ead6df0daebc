//! A made-up outline of the city: a smooth swelling around the commune points, cut along the wide rivers.
//!
//! The city is drawn as three lands, so that no commune spreads over a wide river: west of the Red River, north of
//! the Red River and the Đuống, and between the two. Each land is as large as its communes together.

use super::facts::Facts;
use super::plane::{P, Points, area_scale, p, ring_area};
use super::rng::noise;
use super::water::{Course, Water};
use crate::error::{Fault, Result};
use geo::{Area, BooleanOps, Coord, LineString, MultiPolygon, Polygon};
use std::collections::HashMap;

/// A piece of the city between wide rivers, with the communes whose points lie in it.
#[derive(Debug, Clone)]
pub(crate) struct Land {
    pub ring: Points,
    pub communes: Vec<usize>,
}

/// Kilometres between the points at which the swelling is measured.
const STEP: f64 = 0.5;
/// How far beyond the commune points the map reaches, kilometres.
const MARGIN: f64 = 14.0;

/// Draws the lands.
pub(crate) fn draw(facts: &Facts, water: &Water, seed: u64) -> Result<Vec<Land>> {
    let sides = sides(water).ok_or_else(|| Fault::new("synth::facts", "the courses of the wide rivers are missing"))?;
    let mut lands = Vec::new();
    for side in &sides {
        let communes: Vec<usize> =
            (0..facts.communes.len()).filter(|&k| super::plane::in_ring(facts.communes[k].at, side)).collect();
        lands.push(Land { ring: swell(facts, &communes, side, seed)?, communes });
    }
    Ok(lands)
}

/// The three sides of the rivers as large rings: west, north, between.
fn sides(water: &Water) -> Option<[Points; 3]> {
    let course = |name: &str| water.courses.iter().find(|c: &&Course| c.name == name).map(|c| &c.line);
    let (red, da, duong) = (course("Sông Hồng")?, course("Sông Đà")?, course("Sông Đuống")?);
    let nearest = |q: P| (0..red.len()).min_by(|&a, &b| red[a].to(q).total_cmp(&red[b].to(q)));
    let (meets_da, meets_duong) = (nearest(*da.last()?)?, nearest(*duong.first()?)?);
    const FAR: f64 = 200.0;

    let mut west: Points = vec![p(da.first()?.x, -FAR)];
    west.extend(&da[..da.len() - 1]);
    west.extend(&red[meets_da..]);
    west.push(p(red.last()?.x, -FAR));

    let mut north: Points = vec![p(-FAR, FAR), p(-FAR, red.first()?.y)];
    north.extend(&red[..=meets_duong]);
    north.extend(&duong[1..]);
    north.extend([p(FAR, duong.last()?.y), p(FAR, FAR)]);

    let mut between: Points = red[meets_duong..].to_vec();
    between.extend([p(red.last()?.x, -FAR), p(FAR, -FAR), p(FAR, duong.last()?.y)]);
    between.extend(duong[1..].iter().rev());
    Some([west, north, between])
}

/// The part of one side that lies within a level of the swelling, the level chosen so that the area is right.
fn swell(facts: &Facts, communes: &[usize], side: &[P], seed: u64) -> Result<Points> {
    let at = |k: &usize| facts.communes[*k].at;
    let bound = |pick: fn(f64, f64) -> f64| communes.iter().map(at).reduce(|a, b| p(pick(a.x, b.x), pick(a.y, b.y)));
    let (Some(low), Some(high)) = (bound(f64::min), bound(f64::max)) else {
        return Err(Fault::new("synth::facts", "no commune lies on one side of the rivers").into());
    };
    // On the lattice of the whole map, so that the noise and the cells are the same for all lands.
    let snap = |v: f64| (v / STEP).floor() * STEP;
    let low = p(snap(low.x - MARGIN), snap(low.y - MARGIN));
    let columns = ((high.x + MARGIN - low.x) / STEP) as usize + 2;
    let rows = ((high.y + MARGIN - low.y) / STEP) as usize + 2;

    let mut field = Vec::with_capacity(columns * rows);
    for j in 0..rows {
        for i in 0..columns {
            let q = low + p(i as f64, j as f64) * STEP;
            let mut sum = 0.0;
            for k in communes {
                let c = &facts.communes[*k];
                let gap = q.to(c.at) - (c.area_km2 / std::f64::consts::PI).sqrt();
                sum += (-0.7 * gap).exp();
            }
            let ripple =
                0.9 * noise(seed ^ 0x0111, q.x / 5.0, q.y / 5.0) + 0.35 * noise(seed ^ 0x0222, q.x / 1.7, q.y / 1.7);
            field.push(-sum.max(1e-300).ln() / 0.7 + ripple);
        }
    }
    let side = polygon(side);
    let target: f64 = communes.iter().map(|&k| facts.communes[k].area_km2 * area_scale(facts.communes[k].at)).sum();
    let cut = |level: f64| {
        let rings = contour(&field, columns, rows, level);
        let to_map = |q: &P| low + *q * STEP;
        let outer: Vec<Polygon> = rings
            .iter()
            .filter(|r| ring_area(r) > 0.0)
            .map(|r| polygon(&r.iter().map(to_map).collect::<Points>()))
            .collect();
        let part = MultiPolygon(outer).intersection(&side);
        part.0.into_iter().max_by(|a, b| a.unsigned_area().total_cmp(&b.unsigned_area()))
    };
    let (mut less, mut more) = (-4.0, 10.0);
    for _ in 0..40 {
        let level = (less + more) / 2.0;
        let area = cut(level).map_or(0.0, |part| ring_area(&ring(part.exterior())).abs());
        if area < target { less = level } else { more = level }
    }
    let land = cut(more).ok_or_else(|| Fault::new("synth::outline", "the city's outline came out empty"))?;
    Ok(ring(land.exterior()))
}

/// A polygon of the flat map.
pub(crate) fn polygon(ring: &[P]) -> Polygon {
    Polygon::new(LineString(ring.iter().map(|q| Coord { x: q.x, y: q.y }).collect()), Vec::new())
}

/// The unclosed, counter-clockwise ring of a closed line.
pub(crate) fn ring(line: &LineString) -> Points {
    let mut ring: Points = line.0.iter().map(|c| p(c.x, c.y)).collect();
    ring.pop();
    if ring_area(&ring) < 0.0 {
        ring.reverse();
    }
    ring
}

/// Marching squares: the rings around values below the level, counter-clockwise outside, clockwise around holes, in
/// units of the lattice.
fn contour(field: &[f64], columns: usize, rows: usize, level: f64) -> Vec<Points> {
    // An edge of the lattice is named by its lower-left point and its direction.
    type Edge = (usize, usize, bool);
    let value = |i: usize, j: usize| field[j * columns + i] - level;
    let point = |(i, j, up): Edge| {
        let (a, b) = (value(i, j), if up { value(i, j + 1) } else { value(i + 1, j) });
        let t = (a / (a - b)).clamp(0.02, 0.98);
        if up { p(i as f64, j as f64 + t) } else { p(i as f64 + t, j as f64) }
    };
    let mut next: HashMap<Edge, Edge> = HashMap::new();
    let mut order: Vec<Edge> = Vec::new();
    for j in 0..rows - 1 {
        for i in 0..columns - 1 {
            let inside = [value(i, j), value(i + 1, j), value(i + 1, j + 1), value(i, j + 1)].map(|v| v < 0.0);
            // The sides of the cell counter-clockwise from the bottom; side k goes from corner k to corner k + 1.
            let sides: [Edge; 4] = [(i, j, false), (i + 1, j, true), (i, j + 1, false), (i, j, true)];
            // Walking the border counter-clockwise, the ring leaves the cell where inside turns to outside
            // and enters where outside turns to inside; the land stays on its left.
            for k in 0..4 {
                if inside[k] && !inside[(k + 1) % 4] {
                    // Leaves through side k; it came in through the side where this run of inside corners began.
                    let mut first = k;
                    while inside[(first + 3) % 4] {
                        first = (first + 3) % 4;
                    }
                    let enter = sides[(first + 3) % 4];
                    next.insert(sides[k], enter);
                    order.push(sides[k]);
                }
            }
        }
    }
    let mut rings = Vec::new();
    for start in order {
        let mut ring = Points::new();
        let mut edge = start;
        while let Some(to) = next.remove(&edge) {
            ring.push(point(edge));
            edge = to;
        }
        if ring.len() > 3 {
            rings.push(ring);
        }
    }
    rings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contour_of_a_disc() {
        // Distance from (10, 10) on a 21 × 21 lattice at level 6: a circle of radius 6, area 36 π = 113.1.
        let field: Vec<f64> = (0..441).map(|k| p(f64::from(k % 21), f64::from(k / 21)).to(p(10.0, 10.0))).collect();
        let rings = contour(&field, 21, 21, 6.0);
        assert_eq!(rings.len(), 1);
        assert!((ring_area(&rings[0]) - 113.1).abs() < 2.0, "{}", ring_area(&rings[0]));
    }
}
