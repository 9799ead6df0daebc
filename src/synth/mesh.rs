//! Polygons that share their borders exactly, on a lattice of millionths of a degree.

use super::plane::{P, p};
use super::rng::mix;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A vertex in millionths of a degree: longitude, latitude. About 0.1 m.
pub(crate) type Vertex = (i32, i32);
/// An unclosed ring.
pub(crate) type Ring = Vec<Vertex>;

/// A polygon: the outer ring counter-clockwise, the holes clockwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub outer: Ring,
    pub holes: Vec<Ring>,
}

/// The nearest vertex of the lattice.
pub(crate) fn vertex(q: P) -> Vertex {
    let (lon, lat) = q.degrees();
    ((lon * 1e6).round() as i32, (lat * 1e6).round() as i32)
}

/// The vertex on the flat map.
pub(crate) fn point(v: Vertex) -> P {
    P::from_degrees(f64::from(v.0) / 1e6, f64::from(v.1) / 1e6)
}

/// Twice the signed area of a ring, in squared millionths of a degree; exact.
pub(crate) fn twice_area(ring: &[Vertex]) -> i64 {
    let mut sum = 0i64;
    for k in 0..ring.len() {
        let (a, b) = (ring[k], ring[(k + 1) % ring.len()]);
        // Relative to the first vertex, so that the products stay small.
        let (o, rel) = (ring[0], |v: Vertex, o: Vertex| (i64::from(v.0 - o.0), i64::from(v.1 - o.1)));
        let (a, b) = (rel(a, o), rel(b, o));
        sum += a.0 * b.1 - a.1 * b.0;
    }
    sum
}

/// Makes rings that meet only nearly meet exactly: vertices closer than `reach` become one, and vertices that lie on
/// another ring's edge are put into that edge.
pub(crate) fn weld(rings: &mut Vec<Ring>, reach: i32) {
    let mut all: Vec<Vertex> = rings.iter().flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    let mut becomes: HashMap<Vertex, Vertex> = HashMap::new();
    let mut kept: BTreeSet<Vertex> = BTreeSet::new();
    for &v in &all {
        let near = kept.range((v.0 - reach, i32::MIN)..).take_while(|w| w.0 <= v.0 + reach);
        let twin = near.copied().find(|w| (w.1 - v.1).abs() <= reach);
        if twin.is_none() {
            kept.insert(v);
        }
        becomes.insert(v, twin.unwrap_or(v));
    }
    for ring in rings.iter_mut() {
        for v in ring.iter_mut() {
            *v = becomes[v];
        }
        let mut noded = Ring::new();
        for k in 0..ring.len() {
            let (a, b) = (ring[k], ring[(k + 1) % ring.len()]);
            if a == b {
                continue;
            }
            noded.push(a);
            let mut on: Vec<(i64, Vertex)> = Vec::new();
            let (dx, dy) = (i64::from(b.0 - a.0), i64::from(b.1 - a.1));
            let l2 = dx * dx + dy * dy;
            for &v in kept.range((a.0.min(b.0) - reach, i32::MIN)..(a.0.max(b.0) + reach + 1, i32::MIN)) {
                if v == a || v == b || v.1 < a.1.min(b.1) - reach || v.1 > a.1.max(b.1) + reach {
                    continue;
                }
                let (ex, ey) = (i64::from(v.0 - a.0), i64::from(v.1 - a.1));
                let along = ex * dx + ey * dy;
                let off = (ex * dy - ey * dx) as f64 / (l2 as f64).sqrt();
                if along > 0 && along < l2 && off.abs() <= f64::from(reach) {
                    on.push((along, v));
                }
            }
            on.sort_unstable();
            noded.extend(on.into_iter().map(|(_, v)| v));
        }
        noded.dedup();
        *ring = noded;
    }
    rings.retain(|r| r.len() >= 3 && twice_area(r) != 0);
}

/// The union of rings that share borders exactly: borders walked both ways vanish.
pub(crate) fn dissolve<'a>(rings: impl IntoIterator<Item = &'a Ring>) -> Vec<Shape> {
    let mut edges: BTreeSet<(Vertex, Vertex)> = BTreeSet::new();
    for ring in rings {
        for k in 0..ring.len() {
            let (a, b) = (ring[k], ring[(k + 1) % ring.len()]);
            if !edges.remove(&(b, a)) {
                edges.insert((a, b));
            }
        }
    }
    let mut from: BTreeMap<Vertex, Vec<Vertex>> = BTreeMap::new();
    for &(a, b) in &edges {
        from.entry(a).or_default().push(b);
    }
    let mut rings: Vec<Ring> = Vec::new();
    while let Some((&start, _)) = from.iter().find(|(_, out)| !out.is_empty()) {
        let mut ring = vec![start];
        let mut before: Option<Vertex> = None;
        let mut at = start;
        while let Some(out) = from.get_mut(&at).filter(|out| !out.is_empty()) {
            // Where rings touch in a point, the sharpest turn to the left keeps them apart.
            let pick = match before {
                Some(b) if out.len() > 1 => {
                    let turn = |c: &Vertex| {
                        let (u, v) = (point(at) - point(b), point(*c) - point(at));
                        u.cross(v).atan2(u.dot(v))
                    };
                    (0..out.len()).max_by(|&i, &j| turn(&out[i]).total_cmp(&turn(&out[j]))).unwrap_or(0)
                }
                _ => 0,
            };
            let to = out.remove(pick);
            if to == start {
                break;
            }
            ring.push(to);
            before = Some(at);
            at = to;
        }
        if ring.len() >= 3 {
            rings.push(ring);
        }
    }
    assemble(rings)
}

/// Sorts rings into outer rings and the holes in them.
fn assemble(rings: Vec<Ring>) -> Vec<Shape> {
    let (outers, holes): (Vec<Ring>, Vec<Ring>) = rings.into_iter().partition(|r| twice_area(r) > 0);
    let mut shapes: Vec<Shape> = outers.into_iter().map(|outer| Shape { outer, holes: Vec::new() }).collect();
    shapes.sort_by_key(|s| -twice_area(&s.outer));
    for hole in holes {
        let on_map = |r: &Ring| r.iter().map(|v| point(*v)).collect::<Vec<P>>();
        let middle = hole.iter().map(|v| point(*v)).fold(p(0.0, 0.0), |a, b| a + b * (1.0 / hole.len() as f64));
        if let Some(shape) = shapes.iter_mut().rev().find(|s| super::plane::in_ring(middle, &on_map(&s.outer))) {
            shape.holes.push(hole);
        }
    }
    shapes
}

/// Bends a long straight border into a winding one with the same ends and the same area on both sides, and the same
/// whichever way it is walked. Returns the vertices strictly between the ends. `strength` 1 is the usual.
pub(crate) fn wind(a: Vertex, b: Vertex, seed: u64, strength: f64) -> Vec<Vertex> {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    let (q, r) = (point(low), point(high));
    let span = q.to(r);
    let pieces = (span / 0.4).round() as usize;
    if pieces < 2 || strength <= 0.0 {
        return Vec::new();
    }
    let mut hash =
        mix(seed ^ mix(low.0 as u64) ^ mix((low.1 as u64) << 20) ^ mix((high.0 as u64) << 40 ^ high.1 as u64));
    let mut draw = || {
        hash = mix(hash.wrapping_add(0x9E37_79B9_7F4A_7C15));
        (hash >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    // Sines over whole periods: as much is taken from one side as is given back.
    let waves = [draw() * 0.05, draw() * 0.035, draw() * 0.025, draw() * 0.015];
    let across = (r - q).left();
    let mut between: Vec<Vertex> = (1..pieces)
        .map(|k| {
            let t = k as f64 / pieces as f64;
            let bend: f64 =
                waves.iter().zip(1..).map(|(w, f)| w * (std::f64::consts::TAU * t * f64::from(f)).sin()).sum();
            vertex(q.towards(r, t) + across * (bend * strength))
        })
        .collect();
    if a > b {
        between.reverse();
    }
    between
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(x: i32, y: i32, side: i32) -> Ring {
        vec![(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
    }

    #[test]
    fn two_squares_become_one() {
        // Side by side: 10 × 20, twice the area 400, and the shared border gone.
        let shapes = dissolve(&[square(0, 0, 10), square(10, 0, 10)]);
        assert_eq!(shapes.len(), 1);
        assert_eq!(twice_area(&shapes[0].outer), 400);
        assert_eq!(shapes[0].outer.len(), 6);
    }

    #[test]
    fn a_ring_of_squares_has_a_hole() {
        let cells: Vec<Ring> =
            (0..9).filter(|k| *k != 4).map(|k| square(k % 3 * 10 + 105_650_000, k / 3 * 10 + 21_000_000, 10)).collect();
        let shapes = dissolve(&cells);
        assert_eq!(shapes.len(), 1);
        assert_eq!(shapes[0].holes.len(), 1);
        assert_eq!(twice_area(&shapes[0].holes[0]), -200);
    }

    #[test]
    fn weld_puts_a_vertex_into_the_edge_it_lies_on() {
        let mut rings = vec![square(0, 0, 100), vec![(101, 50), (200, 50), (200, 101), (100, 101)]];
        weld(&mut rings, 2);
        assert!(rings[0].contains(&(101, 50)), "{rings:?}");
        let corner = rings[0][3];
        assert!(rings[1].contains(&corner) || rings[1].contains(&(100, 101)));
    }

    #[test]
    fn winding_is_the_same_both_ways_and_keeps_the_area() {
        let (a, b) = ((105_650_000, 21_000_000), (105_690_000, 21_010_000));
        let there = wind(a, b, 7, 1.0);
        let mut back = wind(b, a, 7, 1.0);
        back.reverse();
        assert_eq!(there, back);
        assert!(there.len() > 5);
        // The area between the chord and the line, in square degrees·10⁻¹²: nothing but rounding, against a chord
        // of 41,231 units and a bend of thousands.
        let mut ring = vec![a];
        ring.extend(there);
        ring.push(b);
        assert!(twice_area(&ring).abs() < 400_000, "{}", twice_area(&ring));
    }
}
