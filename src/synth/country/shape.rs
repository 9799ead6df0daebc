//! Where exactly everything lies: corners drawn by roads and rivers, and places inside edges and faces.

use super::super::mesh::Vertex;
use super::frame::{Frame, LAND, RIVER, shake};
use super::rivers::{Reach, Rivers};
use super::routes::{Ground, Roads, UNCLASSIFIED};
use rayon::prelude::*;

/// The corners in millionths of a degree; (0, 0) far from any land.
pub(crate) struct Shape<'a> {
    pub frame: &'a Frame,
    pub at: Vec<Vertex>,
}

/// A place in cells as one in millionths of a degree.
fn micro(frame: &Frame, at: (f64, f64)) -> Vertex {
    let (lon, lat) = frame.degrees(at);
    ((lon * 1e6).round() as i32, (lat * 1e6).round() as i32)
}

/// Lays the corners. A corner where a road passes moves towards the middle of its two neighbours on that road, so that
/// roads bend and do not zigzag; so do corners on coasts and borders where no road passes; a corner beside a river moves
/// away from it.
pub(crate) fn lay<'a>(ground: &Ground<'a>, roads: &Roads, owner: &[u32]) -> Shape<'a> {
    let frame = ground.frame;
    let touches = |c: usize, flag: u8| {
        let around = [c, c.wrapping_sub(1), c.wrapping_sub(frame.wide), c.wrapping_sub(frame.wide + 1)];
        around.map(|f| ground.flags.get(f).is_some_and(|v| v & flag != 0))
    };
    let wish = frame.each(|c| {
        let w = if touches(c, LAND) == [false; 4] { (f64::NAN, f64::NAN) } else { frame.wish(c) };
        (w.0 as f32, w.1 as f32)
    });
    let at = frame.each(|c| {
        let w = wish[c];
        if w.0.is_nan() {
            return (0, 0);
        }
        let mut at = (f64::from(w.0), f64::from(w.1));
        let mut pull = |a: usize, b: usize| {
            let (a, b) = (wish[a], wish[b]);
            let pull = (0.25 * f64::from(a.0 + b.0 - 2.0 * w.0), 0.25 * f64::from(a.1 + b.1 - 2.0 * w.1));
            let cap = (0.3 / pull.0.hypot(pull.1).max(1e-9)).min(1.0);
            at = (at.0 + cap * pull.0, at.1 + cap * pull.1);
        };
        let by_river = touches(c, RIVER);
        if by_river != [false; 4] {
            // The faces of a corner lie to its north-east, north-west, south-east and south-west.
            for (wet, (dx, dy)) in by_river.into_iter().zip([(1.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)]) {
                if wet {
                    at = (at.0 - 0.1 * dx, at.1 - 0.1 * dy);
                }
            }
        } else {
            let class = |d: usize| {
                let (c, d) = ground.edge(c, d);
                roads.edges[c][d]
            };
            let main = (0..8).map(class).filter(|&v| v != 0).min().unwrap_or(0);
            let arms: Vec<usize> = match main {
                0 => border_arms(frame, owner, c),
                1..=UNCLASSIFIED => (0..8).filter(|&d| class(d) == main).collect(),
                _ => Vec::new(),
            };
            if let [a, b] = arms.as_slice() {
                pull(ground.end(c, *a), ground.end(c, *b));
            }
        }
        micro(frame, at)
    });
    let mut shape = Shape { frame, at };
    // Where lines bend so much that a face gets a hollow corner, its corners go back to where they were.
    for _ in 0..4 {
        let hollow = folded(&shape, ground.flags);
        if hollow.is_empty() {
            break;
        }
        for f in hollow {
            for c in [f, f + 1, f + frame.wide, f + frame.wide + 1] {
                shape.at[c] = micro(frame, (f64::from(wish[c].0), f64::from(wish[c].1)));
            }
        }
    }
    shape
}

/// The directions in which a border or coast leaves a corner.
fn border_arms(frame: &Frame, owner: &[u32], c: usize) -> Vec<usize> {
    let w = frame.wide;
    // The faces on both sides of the edge to the east, north, west and south.
    let sides = [(0, c, c - w), (2, c, c - 1), (4, c - 1, c - w - 1), (6, c - w, c - w - 1)];
    sides.iter().filter(|(_, a, b)| owner[*a] != owner[*b]).map(|s| s.0).collect()
}

impl Shape<'_> {
    /// A place in a face, by shares of its width and height from its south-west corner.
    pub fn inside(&self, face: usize, u: f64, v: f64) -> (f64, f64) {
        let corners = [face, face + 1, face + self.frame.wide, face + self.frame.wide + 1].map(|c| self.at[c]);
        let weights = [(1.0 - u) * (1.0 - v), u * (1.0 - v), (1.0 - u) * v, u * v];
        corners.iter().zip(weights).fold((0.0, 0.0), |s, (c, w)| (s.0 + w * f64::from(c.0), s.1 + w * f64::from(c.1)))
    }

    /// The same in whole millionths, shaken by a share of the face that belongs to the place.
    pub fn place(&self, face: usize, u: f64, v: f64, loose: f64, name: usize) -> Vertex {
        let salt = self.frame.salt(0x9_1ACE);
        let key = face * 256 + name;
        let at = self.inside(face, u + loose * shake(salt, key), v + loose * shake(salt ^ 1, key));
        (at.0.round() as i32, at.1.round() as i32)
    }

    /// A place on the edge from corner `a` to corner `b`.
    pub fn along(&self, a: usize, b: usize, share: f64, name: usize) -> Vertex {
        let (p, q) = (self.at[a], self.at[b]);
        let (dx, dy) = (f64::from(q.0 - p.0), f64::from(q.1 - p.1));
        let side = 0.015 * shake(self.frame.salt(0xA10), a * 64 + b * 8 + name);
        let at = (f64::from(p.0) + dx * share - dy * side, f64::from(p.1) + dy * share + dx * side);
        (at.0.round() as i32, at.1.round() as i32)
    }

    /// The middle of the edge between two neighbouring faces.
    fn gate(&self, a: usize, b: usize) -> (f64, f64) {
        let (low, high) = (a.min(b), a.max(b));
        let other = if high == low + self.frame.wide { high + 1 } else { high + self.frame.wide };
        let (p, q) = (self.at[high], self.at[other]);
        (f64::from(p.0 + q.0) / 2.0, f64::from(p.1 + q.1) / 2.0)
    }

    /// The course of a river with half its width in millionths of a degree of latitude at each place.
    pub fn course(&self, reach: &Reach, main: &Joints) -> (Vec<(f64, f64)>, Vec<f64>) {
        let faces: Vec<usize> = reach.faces.iter().map(|&f| f as usize).collect();
        let mut line = Vec::with_capacity(faces.len() + 1);
        let end = |f: usize, shared: bool| match main.get(&(f as u32)).filter(|_| shared) {
            // The chord of the other river in this face is met in its middle.
            Some(&(before, after)) => {
                let (a, b) = (self.gate(before as usize, f), self.gate(f, after as usize));
                ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0)
            }
            None => self.inside(f, 0.5, 0.5),
        };
        line.push(end(faces[0], reach.parts));
        line.extend(faces.windows(2).map(|w| self.gate(w[0], w[1])));
        line.push(end(faces[faces.len() - 1], reach.joins));
        let unit = self.frame.cell_km / super::super::plane::KM_PER_DEGREE * 1e6;
        let width = |k: usize| unit * f64::from(reach.half_width[k.min(reach.half_width.len() - 1)]);
        let widths = (0..line.len()).map(width).collect();
        (line, widths)
    }
}

/// For faces where rivers part or meet: the faces before and after it on the river that keeps its name.
pub(crate) type Joints = std::collections::HashMap<u32, (u32, u32)>;

/// The joints of all rivers. A face that a river only joins is not on that river.
pub(crate) fn joints(rivers: &Rivers) -> Joints {
    let mut joints = Joints::new();
    for reach in rivers.reaches.iter().filter(|r| !r.parts) {
        let own = reach.faces.len() - usize::from(reach.joins);
        for k in 1..own {
            if let Some(&after) = reach.faces.get(k + 1) {
                joints.insert(reach.faces[k], (reach.faces[k - 1], after));
            }
        }
    }
    joints
}

/// The water on both sides of a course as a ring, not closed.
pub(crate) fn banks(line: &[(f64, f64)], widths: &[f64]) -> Vec<Vertex> {
    let lat = line.first().map_or(0.0, |p| p.1) / 1e6;
    let shrink = lat.to_radians().cos();
    let normal = |k: usize| {
        let (a, b) = (line[k.saturating_sub(1)], line[(k + 1).min(line.len() - 1)]);
        let (dx, dy) = ((b.0 - a.0) * shrink, b.1 - a.1);
        let l = dx.hypot(dy).max(1e-9);
        (-dy / l / shrink, dx / l)
    };
    let offset = |k: usize, side: f64| {
        let n = normal(k);
        ((line[k].0 + side * widths[k] * n.0).round() as i32, (line[k].1 + side * widths[k] * n.1).round() as i32)
    };
    let right = (0..line.len()).map(|k| offset(k, -1.0));
    let mut ring: Vec<Vertex> = right.chain((0..line.len()).rev().map(|k| offset(k, 1.0))).collect();
    ring.dedup();
    ring
}

/// A lake in a face: eight-sided, a third of the face at most.
pub(crate) fn lake(shape: &Shape, face: usize) -> Vec<Vertex> {
    (0..12)
        .map(|k| {
            let turn = f64::from(k) / 12.0 * std::f64::consts::TAU;
            let r = 0.26 + 0.07 * shake(shape.frame.salt(0x1A), face * 16 + k as usize);
            shape.place(face, 0.5 + r * turn.cos(), 0.5 + r * turn.sin(), 0.0, 0)
        })
        .collect()
}

/// Faces whose corners do not turn left all around: streets inside might cross their sides.
pub(crate) fn folded(shape: &Shape, flags: &[u8]) -> Vec<usize> {
    let left = |a: Vertex, b: Vertex, c: Vertex| {
        let (u, v) = ((i64::from(b.0 - a.0), i64::from(b.1 - a.1)), (i64::from(c.0 - a.0), i64::from(c.1 - a.1)));
        u.0 * v.1 - u.1 * v.0 > 0
    };
    let hollow = |f: usize| {
        let q = [f, f + 1, f + shape.frame.wide + 1, f + shape.frame.wide].map(|c| shape.at[c]);
        !(0..4).all(|k| left(q[k], q[(k + 1) % 4], q[(k + 2) % 4]))
    };
    let all = (0..flags.len()).into_par_iter().with_min_len(4096);
    all.filter(|&f| flags[f] & LAND != 0 && hollow(f)).collect()
}
