//! The lattice on which the times of the streets are laid.

use crate::access::reach::{Reach, StreetTimes};
use crate::error::{Fault, Result};
use crate::network::Network;
use crate::units::{EARTH_RADIUS_M, LonLat};

/// No street lies by this lattice point.
const OPEN: i32 = i32::MAX;
/// Only streets that are not reached lie by this lattice point.
pub(super) const UNREACHED: i32 = i32::MAX - 1;

/// The most lattice points that are laid out: 256 MiB of times.
const MOST_POINTS: i64 = 1 << 26;

/// The most squares that the streets of a network cross: 3 GiB of crossings.
const MOST_CROSSINGS: usize = 1 << 28;

/// Rows and columns of the grid that stay unreached on each side, so that every ring closes within it.
const MARGIN: i32 = 2;

/// A street that crosses more squares than this widens the grid only by those that are reached.
const LONG_STREET: usize = 64;

/// Time to walk a metre at 4.8 km/h, in milliseconds.
const WALK_MS_PER_M: f64 = 750.0;

/// The squares of a lattice that the streets of a network cross: what all isochrones on it have in common.
///
/// A square lies around its lattice point. The lattice is one of longitude and latitude, aligned to whole steps from
/// 0°, with squares that measure the same both ways at the middle latitude of the network.
#[derive(Debug)]
pub struct Canvas {
    side_m: f64,
    step_lon: f64,
    step_lat: f64,
    /// Where the crossings of each street begin; one more entry at the end.
    first: Vec<u32>,
    crossings: Vec<Crossing>,
    /// The lattice points west, south, east and north of all squares that each street crosses.
    boxes: Vec<[i32; 4]>,
}

/// A square that a street crosses.
#[derive(Debug)]
struct Crossing {
    x: i32,
    y: i32,
    /// Distance from the street's first point to where it leaves the square.
    out_mm: u32,
}

impl Canvas {
    /// Lays the streets of a network on squares of `side_m` metres.
    ///
    /// # Errors
    /// The streets cross too many squares of that size.
    pub fn new(network: &Network, side_m: f64) -> Result<Canvas> {
        let (south, north) = network.nodes.iter().fold((90.0_f64, -90.0_f64), |(s, n), p| (s.min(p.lat), n.max(p.lat)));
        let step_lat = side_m / EARTH_RADIUS_M.to_radians();
        let step_lon = step_lat / ((south + north) / 2.0).to_radians().cos().max(0.01);
        let mut canvas = Canvas {
            side_m,
            step_lon,
            step_lat,
            first: Vec::with_capacity(network.streets.len() + 1),
            crossings: Vec::new(),
            boxes: Vec::with_capacity(network.streets.len()),
        };
        for street in &network.streets {
            canvas.first.push(canvas.crossings.len() as u32);
            let shape = network.shape(street);
            let squares: f64 = shape.windows(2).map(|p| canvas.steps(p[0], p[1])).sum();
            if canvas.crossings.len() as f64 + squares > MOST_CROSSINGS as f64 {
                return Err(Fault::new(
                    "isochrone::too-large",
                    format!("the roads cross too many squares of {side_m} m"),
                )
                .help("give larger squares, or an extract of a smaller area")
                .into());
            }
            canvas.lay(shape, street.length_mm);
        }
        canvas.first.push(canvas.crossings.len() as u32);
        Ok(canvas)
    }

    /// Side of a square in metres.
    pub fn side_m(&self) -> f64 {
        self.side_m
    }

    fn to_steps(&self, place: LonLat) -> [f64; 2] {
        [place.lon / self.step_lon, place.lat / self.step_lat]
    }

    /// At least as many steps as a line takes to cross from square to square, less one.
    fn steps(&self, a: LonLat, b: LonLat) -> f64 {
        (a.lon - b.lon).abs() / self.step_lon + (a.lat - b.lat).abs() / self.step_lat + 2.0
    }

    fn lay(&mut self, shape: &[LonLat], length_mm: u32) {
        let points = || shape.iter().map(|&p| self.to_steps(p));
        let pieces = || points().zip(points().skip(1)).map(|(a, b)| (a, b, (b[0] - a[0]).hypot(b[1] - a[1])));
        // Steps are of one length north and east, so shares of steps are shares of the street.
        let mm_per_step = f64::from(length_mm) / pieces().map(|(_, _, steps)| steps).sum::<f64>().max(1e-9);
        let mut crossings = Vec::new();
        let mut before = 0.0;
        let mut ends = [i32::MAX, i32::MAX, i32::MIN, i32::MIN];
        for (a, b, steps) in pieces() {
            cross_squares(a, b, |x, y, part| {
                let out_mm = (((before + steps * part) * mm_per_step) as u32).min(length_mm);
                match crossings.last_mut() {
                    // The street bends within the square.
                    Some(Crossing { x: px, y: py, out_mm: out }) if (*px, *py) == (x, y) => *out = out_mm,
                    _ => crossings.push(Crossing { x, y, out_mm }),
                }
                ends = [ends[0].min(x), ends[1].min(y), ends[2].max(x), ends[3].max(y)];
            });
            before += steps;
        }
        self.crossings.append(&mut crossings);
        self.boxes.push(ends);
    }

    fn crossings(&self, street: usize) -> &[Crossing] {
        &self.crossings[self.first[street] as usize..self.first[street + 1] as usize]
    }
}

/// Visits the squares that a street crosses with the least time on it within each.
fn times_of(crossings: &[Crossing], times: &StreetTimes, mut visit: impl FnMut(i32, i32, i32)) {
    let mut in_mm = 0;
    let mut in_ms = times.ms(0);
    for &Crossing { x, y, out_mm } in crossings {
        let out_ms = times.ms(out_mm);
        // No place in between is nearer than the nearer end, but for a site on the street itself.
        let mut least = in_ms.min(out_ms);
        for site_mm in times.site_offsets_mm() {
            if (in_mm..=out_mm).contains(&site_mm) {
                least = least.min(times.ms(site_mm));
            }
        }
        visit(x, y, least.min(UNREACHED as u32) as i32);
        (in_mm, in_ms) = (out_mm, out_ms);
    }
}

/// Visits every square that a line crosses, in order, with the part of the line at which it leaves it, 1 at the last.
///
/// J. Amanatides, A. Woo, *A fast voxel traversal algorithm for ray tracing*, Eurographics 1987.
fn cross_squares(a: [f64; 2], b: [f64; 2], mut visit: impl FnMut(i32, i32, f64)) {
    let square = |p: [f64; 2]| ((p[0] + 0.5).floor() as i32, (p[1] + 0.5).floor() as i32);
    let ((mut x, mut y), (last_x, last_y)) = (square(a), square(b));
    let axis = |from: f64, to: f64, at: i32| {
        let d = to - from;
        // Squares end half a step on either side of their lattice point.
        let border = f64::from(at) + if d > 0.0 { 0.5 } else { -0.5 };
        (if d == 0.0 { f64::INFINITY } else { (border - from) / d }, 1.0 / d.abs())
    };
    let (mut out_x, per_x) = axis(a[0], b[0], x);
    let (mut out_y, per_y) = axis(a[1], b[1], y);
    // Counted, so that no rounding leads past the last square.
    let (mut left_x, mut left_y) = (last_x.abs_diff(x), last_y.abs_diff(y));
    while left_x > 0 || left_y > 0 {
        if left_y == 0 || (left_x > 0 && out_x < out_y) {
            visit(x, y, out_x.clamp(0.0, 1.0));
            x += (last_x - x).signum();
            out_x += per_x;
            left_x -= 1;
        } else {
            visit(x, y, out_y.clamp(0.0, 1.0));
            y += (last_y - y).signum();
            out_y += per_y;
            left_y -= 1;
        }
    }
    visit(x, y, 1.0);
}

/// Times at the points of a part of the lattice, row by row from the south-west.
#[derive(Debug)]
pub(super) struct Grid<'a> {
    canvas: &'a Canvas,
    west: i32,
    south: i32,
    pub(super) width: usize,
    pub(super) height: usize,
    /// Milliseconds, signed because common processors compare those faster; at least [`UNREACHED`] at points that are not reached. The outermost row and column on each side
    /// are not reached.
    pub(super) ms: &'a mut Vec<i32>,
}

impl<'a> Grid<'a> {
    /// Lays the times of the streets on the lattice; `None` where no street is reached.
    ///
    /// A point's time is the least on any street in the square around it. A point without a street in its square has
    /// that of the nearest reached one and the walk from there, if that is at most `walk_m` metres.
    ///
    /// # Errors
    /// The reached area has too many squares.
    pub(super) fn new(
        canvas: &'a Canvas,
        reach: &Reach,
        walk_m: f64,
        ms: &'a mut Vec<i32>,
    ) -> Result<Option<Grid<'a>>> {
        let streets = canvas.boxes.len();
        let rings = (walk_m / canvas.side_m).round() as usize;
        let mut ends = [i32::MAX, i32::MAX, i32::MIN, i32::MIN];
        let mut widen = |b: [i32; 4]| {
            ends = [ends[0].min(b[0]), ends[1].min(b[1]), ends[2].max(b[2]), ends[3].max(b[3])];
        };
        for s in 0..streets {
            let Some(times) = reach.street(s).filter(StreetTimes::is_reached) else { continue };
            let crossings = canvas.crossings(s);
            if crossings.len() <= LONG_STREET {
                widen(canvas.boxes[s]);
            } else {
                times_of(crossings, &times, |x, y, ms| {
                    if ms < UNREACHED {
                        widen([x, y, x, y]);
                    }
                });
            }
        }
        let [west, south, east, north] = ends;
        if west > east {
            return Ok(None);
        }
        let margin = MARGIN + rings as i32;
        let width = i64::from(east) - i64::from(west) + 1 + 2 * i64::from(margin);
        let height = i64::from(north) - i64::from(south) + 1 + 2 * i64::from(margin);
        if width * height > MOST_POINTS {
            let message = format!("{width} × {height} squares of {} m are too many for an isochrone", canvas.side_m);
            return Err(Fault::new("isochrone::too-large", message)
                .help("give fewer minutes or larger squares")
                .into());
        }
        let (width, height) = (width as usize, height as usize);
        ms.clear();
        ms.resize(width * height, OPEN);
        let mut grid = Grid { canvas, west: west - margin, south: south - margin, width, height, ms };
        for (s, own) in canvas.boxes.iter().enumerate() {
            if own[2] < west || own[0] > east || own[3] < south || own[1] > north {
                continue;
            }
            let Some(times) = reach.street(s) else { continue };
            if times.is_reached() {
                times_of(canvas.crossings(s), &times, |x, y, ms| grid.mark(x, y, ms));
            } else {
                canvas.crossings(s).iter().for_each(|c| grid.mark(c.x, c.y, UNREACHED));
            }
        }
        grid.walk(rings);
        Ok(Some(grid))
    }

    #[inline]
    fn mark(&mut self, x: i32, y: i32, ms: i32) {
        // What lies west or south wraps round to far more than the width or height.
        let (x, y) = (x.wrapping_sub(self.west) as u32 as usize, y.wrapping_sub(self.south) as u32 as usize);
        if x < self.width && y < self.height {
            let time = &mut self.ms[y * self.width + x];
            *time = ms.min(*time);
        }
    }

    /// Time to walk from a point to its neighbour.
    pub(super) fn step_ms(&self) -> i32 {
        (self.canvas.side_m * WALK_MS_PER_M) as i32
    }

    /// Lets points without a street take the time of a neighbour and the walk from there, so many times.
    fn walk(&mut self, rings: usize) {
        let (step_ms, width) = (self.step_ms(), self.width);
        let inner = width - 2;
        // The rows below and here as they were; the row above has not changed yet.
        let (mut below, mut here) = (vec![OPEN; width], vec![OPEN; width]);
        for _ in 0..rings {
            below.copy_from_slice(&self.ms[..width]);
            for y in 1..self.height - 1 {
                let (target, above) = self.ms[y * width..][..2 * width].split_at_mut(width);
                here.copy_from_slice(target);
                let (target, above, below_here) =
                    (&mut target[1..][..inner], &above[1..][..inner], &below[1..][..inner]);
                let (west, middle, east) = (&here[..inner], &here[1..][..inner], &here[2..][..inner]);
                // Without checks and branches, so that the compiler reckons several points at once.
                let sides = west.iter().zip(east).zip(below_here.iter().zip(above));
                for ((target, &middle), ((west, east), (below, above))) in target.iter_mut().zip(middle).zip(sides) {
                    let nearest = *west.min(east).min(below).min(above);
                    let walked = if nearest < UNREACHED { nearest.wrapping_add(step_ms) } else { OPEN };
                    *target = if middle == OPEN { walked } else { middle };
                }
                std::mem::swap(&mut below, &mut here);
            }
        }
    }

    /// The column and row on the whole lattice of a point of the grid.
    pub(super) fn lattice_point(&self, at: usize) -> [i32; 2] {
        [self.west + (at % self.width) as i32, self.south + (at / self.width) as i32]
    }

    /// Longitude and latitude at a column and row of the lattice.
    pub(super) fn place(&self, [x, y]: [f64; 2]) -> (f64, f64) {
        (x * self.canvas.step_lon, y * self.canvas.step_lat)
    }
}

#[cfg(test)]
impl Canvas {
    /// A grid of given times on a lattice of 0.01°, and nothing around it.
    pub(super) fn blank() -> Canvas {
        Canvas::of_side(1.0)
    }

    /// The same with squares that take as long to walk as some of `side_m` metres.
    pub(super) fn of_side(side_m: f64) -> Canvas {
        Canvas { side_m, step_lon: 0.01, step_lat: 0.01, first: vec![0], crossings: vec![], boxes: vec![] }
    }

    /// A grid of given times with its south-west at 0°, 0°; `None` is unreached.
    pub(super) fn grid<'a>(&'a self, rows: &[Vec<Option<i32>>], ms: &'a mut Vec<i32>) -> Grid<'a> {
        *ms = rows.iter().flatten().map(|ms| ms.unwrap_or(UNREACHED)).collect();
        Grid { canvas: self, west: 0, south: 0, width: rows[0].len(), height: rows.len(), ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Draw;

    #[test]
    fn a_bent_street_by_hand() {
        // 240 m east and then 120 m north, 100 m north of the equator, on squares of 100 m: borders at 50, 150 and 250 m.
        // The bend lies in the third square, which the street leaves 50 m north of it.
        let mut city = crate::testkit::line_city(&[(360.0, true)], 36.0);
        let degrees = |m: f64| m / EARTH_RADIUS_M.to_radians();
        let at = |east: f64, north: f64| LonLat { lon: degrees(east), lat: degrees(north) };
        city.points = vec![at(0.0, 100.0), at(240.0, 100.0), at(240.0, 220.0)];
        city.streets[0].points = 0..3;
        city.nodes = vec![city.points[0], city.points[2]];
        let canvas = Canvas::new(&city, 100.0).unwrap();
        let found: Vec<_> = canvas.crossings(0).iter().map(|c| (c.x, c.y, (c.out_mm + 500) / 1000)).collect();
        assert_eq!(found, [(0, 1, 50), (1, 1, 150), (2, 1, 290), (2, 2, 360)]);
        assert_eq!((canvas.boxes[0], canvas.side_m()), ([0, 1, 2, 2], 100.0));
    }

    #[test]
    fn squares_are_told_beforehand() {
        // Roads are refused by this number before memory is taken for them, so it must not be less than there are.
        let canvas = Canvas::blank();
        for seed in 0..500 {
            let mut draw = Draw::new(seed);
            let mut place = || LonLat { lon: draw.below(900) as f64 / 1000.0, lat: draw.below(900) as f64 / 1000.0 };
            let (a, b) = (place(), place());
            let mut squares = 0;
            cross_squares(canvas.to_steps(a), canvas.to_steps(b), |_, _, _| squares += 1);
            let told = canvas.steps(a, b);
            assert!(told + 1.0 >= f64::from(squares) && told <= f64::from(squares) + 3.0, "{told}, {squares}");
        }
    }

    #[test]
    fn squares_along_a_line_by_hand() {
        // From (0.2, 0) to (2.2, 1): squares end at x = 0.5, 1.5 and y = 0.5. The line is at x = 0.5 after 0.15 of it, at
        // y = 0.5 (x = 1.2) after 0.5, at x = 1.5 after 0.65.
        let mut found = Vec::new();
        cross_squares([0.2, 0.0], [2.2, 1.0], |x, y, part| found.push((x, y, (part * 1000.0).round())));
        assert_eq!(found, [(0, 0, 150.0), (1, 0, 500.0), (1, 1, 650.0), (2, 1, 1000.0)]);
    }

    #[test]
    fn lines_go_from_square_to_neighbouring_square() {
        for seed in 0..500 {
            let mut draw = Draw::new(seed);
            // Quarters hit borders and corners exactly.
            let mut place = || [draw.below(40) as f64 / 4.0 - 5.0, draw.below(40) as f64 / 4.0 - 5.0];
            let (a, b) = (place(), place());
            let mut found: Vec<(i32, i32, f64)> = Vec::new();
            cross_squares(a, b, |x, y, part| found.push((x, y, part)));
            let steps = |p: (i32, i32, f64), q: (i32, i32, f64)| (p.0 - q.0).abs() + (p.1 - q.1).abs();
            assert!(found.windows(2).all(|p| steps(p[0], p[1]) == 1 && p[0].2 <= p[1].2), "seed {seed}: {found:?}");
            let last = found.last().unwrap();
            assert_eq!(*last, ((b[0] + 0.5).floor() as i32, (b[1] + 0.5).floor() as i32, 1.0), "seed {seed}");
            // Where it leaves a square lies on the border of that square.
            for &(x, y, part) in &found {
                let (px, py) = (a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part);
                let off = (px - f64::from(x)).abs().max((py - f64::from(y)).abs());
                assert!(off <= 0.5 + 1e-9, "seed {seed}: {found:?}");
            }
        }
    }

    #[test]
    fn walking_fills_what_no_street_comes_near_but_no_unreached_street() {
        // One reached point of 5 s, an unreached street two steps east, squares of 1 m: 750 ms a step.
        let canvas = Canvas::blank();
        let mut ms = Vec::new();
        let mut grid = canvas.grid(&vec![vec![None; 9]; 5], &mut ms);
        grid.ms.fill(OPEN);
        grid.ms[2 * 9 + 3] = 5_000;
        grid.ms[2 * 9 + 5] = UNREACHED;
        grid.walk(2);
        let row = &grid.ms[2 * 9..][..9];
        assert_eq!(row, [OPEN, 6_500, 5_750, 5_000, 5_750, UNREACHED, OPEN, OPEN, OPEN]);
        // Diagonally two steps; the outermost rows stay open.
        assert_eq!(grid.ms[9 + 2], 6_500);
        assert!(grid.ms[..9].iter().all(|&ms| ms == OPEN));
    }
}
