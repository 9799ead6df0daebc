//! Rivers and lakes: drawn around the true courses, and kept clear of everything that is built later.

use super::facts::{Facts, Lake};
use super::plane::{P, Points, crossing, in_ring, left_at, p, smooth, to_line};
use super::rng::noise;

/// A sheet of water, or a piece of a long river.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    pub name: String,
    pub is_river: bool,
    pub ring: Points,
    low: P,
    high: P,
}

/// A river's centre line.
#[derive(Debug, Clone)]
pub(crate) struct Course {
    pub name: String,
    pub is_area: bool,
    pub half_width_km: f64,
    pub line: Points,
}

/// A bridge or ferry from bank to bank.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub name: String,
    pub is_ferry: bool,
    pub ends: [P; 2],
}

/// All water, and the ways over it.
#[derive(Debug, Clone)]
pub(crate) struct Water {
    pub sheets: Vec<Sheet>,
    pub courses: Vec<Course>,
    pub spans: Vec<Span>,
}

/// Points a piece of river: about 8 km.
const PIECE: usize = 32;

impl Water {
    /// Draws the water of the facts.
    pub fn draw(facts: &Facts, seed: u64) -> Water {
        let mut water = Water { sheets: Vec::new(), courses: Vec::new(), spans: Vec::new() };
        for (k, river) in facts.rivers.iter().enumerate() {
            let mut line = smooth(&river.course, 0.25);
            let last = line.len() - 1;
            for (i, q) in line.iter_mut().enumerate().take(last).skip(1) {
                // Bends that the rounded waypoints do not know; none at the ends, where rivers meet.
                let fade = (i.min(last - i) as f64 / 4.0).min(1.0) * if river.is_area { 0.12 } else { 0.35 };
                let at = *q;
                let bend = |salt: u64| noise(seed ^ (salt + k as u64), at.x / 2.5, at.y / 2.5) * fade;
                *q = at + p(bend(0xB0), bend(0xC0));
            }
            if river.is_area {
                water.sheets.extend(river_sheets(&river.name, &line, river.half_width_km, seed ^ k as u64));
            }
            water.courses.push(Course {
                name: river.name.clone(),
                is_area: river.is_area,
                half_width_km: river.half_width_km,
                line,
            });
        }
        for (k, lake) in facts.lakes.iter().enumerate() {
            water.sheets.push(Sheet::new(&lake.name, false, shore(lake, seed ^ (0x1A4E + k as u64))));
        }
        water.spans = facts.crossings.iter().filter_map(|c| water.span(&c.name, c.is_ferry, &c.river, c.at)).collect();
        water
    }

    /// The crossing of a river nearest to a place, square to the stream, both ends on dry land.
    fn span(&self, name: &str, is_ferry: bool, river: &str, at: P) -> Option<Span> {
        let of_river = self.courses.iter().filter(|c| c.name == river && c.is_area);
        let near = of_river.filter_map(|c| to_line(at, &c.line).map(|hit| (hit, c)));
        let ((_, k, t), course) = near.min_by(|a, b| a.0.0.total_cmp(&b.0.0))?;
        let middle = course.line[k].towards(course.line[k + 1], t);
        let across = left_at(&course.line, k);
        let bank = |side: f64| {
            let mut reach = course.half_width_km * 0.8;
            while self.is_wet(middle + across * (side * reach)) && reach < 3.0 {
                reach += 0.02;
            }
            middle + across * (side * (reach + 0.05))
        };
        Some(Span { name: name.to_owned(), is_ferry, ends: [bank(1.0), bank(-1.0)] })
    }

    /// In a river or lake.
    pub fn is_wet(&self, q: P) -> bool {
        self.sheets.iter().any(|s| s.holds(q))
    }

    /// In water or within this many kilometres of it, judged at eight points around.
    pub fn is_near(&self, q: P, margin_km: f64) -> bool {
        let ring = (0..8).map(|k| f64::from(k) * std::f64::consts::FRAC_PI_4);
        self.is_wet(q) || ring.into_iter().any(|a| self.is_wet(q + p(a.cos(), a.sin()) * margin_km))
    }

    /// Whether a straight piece of road would touch water.
    pub fn blocks(&self, a: P, b: P) -> bool {
        self.sheets.iter().any(|s| s.touches(a, b))
    }

    /// Moves a point of a road out of the water, to dry land on the side it is nearer to.
    pub fn push_out(&self, q: P, clear_km: f64) -> P {
        if !self.is_near(q, clear_km) {
            return q;
        }
        for step in 1..80 {
            let reach = f64::from(step) * 0.03;
            for k in 0..16 {
                let a = f64::from(k) * std::f64::consts::PI / 8.0;
                let there = q + p(a.cos(), a.sin()) * reach;
                if !self.is_near(there, clear_km) {
                    return there;
                }
            }
        }
        q
    }

    /// The small rivers, drawn as lines, that a straight piece of road crosses: the first share along it.
    pub fn stream_crossing(&self, a: P, b: P) -> Option<f64> {
        let streams = self.courses.iter().filter(|c| !c.is_area);
        let hits = streams.flat_map(|c| c.line.windows(2).filter_map(|w| crossing(a, b, w[0], w[1])));
        hits.map(|(t, _)| t).min_by(f64::total_cmp)
    }
}

impl Sheet {
    fn new(name: &str, is_river: bool, ring: Points) -> Sheet {
        let fold = |pick: fn(f64, f64) -> f64| {
            ring.iter().copied().reduce(|a, b| p(pick(a.x, b.x), pick(a.y, b.y))).unwrap_or(p(0.0, 0.0))
        };
        Sheet { name: name.to_owned(), is_river, low: fold(f64::min), high: fold(f64::max), ring }
    }

    fn holds(&self, q: P) -> bool {
        q.x >= self.low.x && q.x <= self.high.x && q.y >= self.low.y && q.y <= self.high.y && in_ring(q, &self.ring)
    }

    /// Whether a segment runs into this sheet.
    pub fn touches(&self, a: P, b: P) -> bool {
        let apart = a.x.max(b.x) < self.low.x
            || a.x.min(b.x) > self.high.x
            || a.y.max(b.y) < self.low.y
            || a.y.min(b.y) > self.high.y;
        if apart {
            return false;
        }
        let closing = self.ring.last().into_iter().zip(self.ring.first());
        let edges = self.ring.windows(2).map(|w| (w[0], w[1])).chain(closing.map(|(c, d)| (*c, *d)));
        let mut edges = edges;
        self.holds(a) || self.holds(b) || edges.any(|(c, d)| crossing(a, b, c, d).is_some())
    }
}

/// Cuts a river into closed pieces that share their ends.
fn river_sheets(name: &str, line: &[P], half_width_km: f64, seed: u64) -> Vec<Sheet> {
    let bank = |k: usize, side: f64| {
        let at = line[k];
        let wobble = 1.0 + 0.18 * noise(seed ^ if side > 0.0 { 0x1EF7 } else { 0x0416 }, at.x / 1.5, at.y / 1.5);
        at + left_at(line, k) * (side * half_width_km * wobble)
    };
    let mut sheets = Vec::new();
    let mut from = 0;
    while from + 1 < line.len() {
        // No crumb at the end.
        let to = if line.len() - 1 < from + PIECE * 3 / 2 { line.len() - 1 } else { from + PIECE };
        let right = (from..=to).map(|k| bank(k, -1.0));
        let left = (from..=to).rev().map(|k| bank(k, 1.0));
        sheets.push(Sheet::new(name, true, right.chain(left).collect()));
        from = to;
    }
    sheets
}

/// A lake's shore.
fn shore(lake: &Lake, seed: u64) -> Points {
    match (lake.half_axes_km, lake.points.first()) {
        (Some((east, north)), Some(&centre)) => (0..40)
            .map(|k| {
                let a = f64::from(k) * std::f64::consts::PI / 20.0;
                let arm = 1.0 + 0.3 * noise(seed, a.cos() * 1.5 + 7.0, a.sin() * 1.5 + 7.0);
                centre + p(a.cos() * east, a.sin() * north) * arm
            })
            .collect(),
        _ => {
            let mut stops = lake.points.clone();
            stops.extend(lake.points.first());
            let mut ring = smooth(&stops, 0.2);
            ring.pop();
            ring
        }
    }
}
