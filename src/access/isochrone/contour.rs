//! Marching squares: the polygons around the lattice points within a time.
//!
//! The line crosses an edge of the lattice where one of its two points is within the band and the other is not, at most
//! once and never at a lattice point, and joins crossings within each square; where two opposite points of a square are
//! within, they are kept apart. So rings neither cross nor touch. They are traced with the inside on the left, so that
//! outer rings run counter-clockwise and holes clockwise (RFC 7946). Lattice points within the band that are joined along
//! edges make one polygon: its first ring in the order of rows is the outer one, all others of it are holes.

use geo::{LineString, MultiPolygon, Polygon};

use super::grid::{Grid, UNREACHED};

/// Where the outer of two neighbours is so far beyond the band the line runs halfway between them, whether its time is
/// known or not: that depends on the longer bands that are drawn with it.
pub(super) const JUMP_MS: i32 = 60_000;

/// The line keeps this part of an edge away from lattice points.
const CLEAR: f64 = 0.05;

/// What is known of a point of the grid.
pub(super) type Point = u8;
const OUTSIDE: Point = 0;
const INSIDE: Point = 1;
/// Inside, and a ring has crossed the edge to the west.
const TRACED: Point = 2;

/// Points of the lattice in one row, side by side and all within the band.
struct Run {
    /// Index of the first in the grid.
    first: usize,
    /// Index past the last.
    end: usize,
    /// Another run of the same polygon, or itself.
    parent: u32,
}

/// What lies within `band_ms`. `points` is scratch.
pub(super) fn polygons(grid: &Grid, band_ms: u32, points: &mut Vec<Point>) -> MultiPolygon<f64> {
    let band_ms = i32::try_from(band_ms).unwrap_or(i32::MAX).min(UNREACHED - 1);
    points.clear();
    points.extend(grid.ms.iter().map(|&ms| if ms <= band_ms { INSIDE } else { OUTSIDE }));
    let mut runs = runs(points, grid.width);
    join(&mut runs, grid.width);
    let mut tracer = Tracer { grid, points, band_ms };
    // For each run that stands for its polygon, where the polygon stands in the list.
    let mut polygon_of: Vec<Option<usize>> = vec![None; runs.len()];
    let mut polygons: Vec<Vec<LineString<f64>>> = Vec::new();
    for r in 0..runs.len() {
        let first = runs[r].first;
        if tracer.points[first] == TRACED {
            continue;
        }
        let ring = tracer.ring(first);
        let root = root(&mut runs, r as u32) as usize;
        match polygon_of[root] {
            None => {
                polygon_of[root] = Some(polygons.len());
                polygons.push(ring.into_iter().collect());
            }
            // An outer ring too small to be drawn leaves its place empty, and so small a polygon has no hole.
            Some(p) => polygons[p].extend(ring),
        }
    }
    let whole = |mut rings: Vec<LineString<f64>>| {
        (!rings.is_empty()).then(|| {
            let outer = rings.remove(0);
            Polygon::new(outer, rings)
        })
    };
    MultiPolygon(polygons.into_iter().filter_map(whole).collect())
}

fn runs(points: &[Point], width: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    // The outermost points are outside, so that no run goes from row to row.
    let mut before = OUTSIDE;
    for (block, at) in points.chunks(BLOCK).zip((0..).step_by(BLOCK)) {
        // Most blocks are all inside or all outside.
        if block.iter().fold(0, |differ, &point| differ | (point ^ before)) == 0 {
            continue;
        }
        for (i, &point) in block.iter().enumerate() {
            if point != before {
                if point == INSIDE {
                    runs.push(Run { first: at + i, end: at + i, parent: runs.len() as u32 });
                } else if let Some(run) = runs.last_mut() {
                    run.end = at + i;
                }
                before = point;
            }
        }
    }
    debug_assert!(runs.iter().all(|r| r.first / width == (r.end - 1) / width));
    runs
}

/// Points compared at once.
const BLOCK: usize = 32;

/// Joins the runs of neighbouring rows that have a column in common.
fn join(runs: &mut [Run], width: usize) {
    let mut below = 0;
    for here in 0..runs.len() {
        // Shifted a row up, runs that end before this one begins are past.
        while runs[below].end + width <= runs[here].first {
            below += 1;
        }
        let mut other = below;
        while runs[other].first + width < runs[here].end && other < here {
            let (a, b) = (root(runs, here as u32), root(runs, other as u32));
            runs[a.max(b) as usize].parent = a.min(b);
            other += 1;
        }
    }
}

fn root(runs: &mut [Run], mut run: u32) -> u32 {
    while runs[run as usize].parent != run {
        let above = runs[runs[run as usize].parent as usize].parent;
        runs[run as usize].parent = above;
        run = above;
    }
    run
}

struct Tracer<'a> {
    grid: &'a Grid<'a>,
    points: &'a mut [Point],
    band_ms: i32,
}

impl Tracer<'_> {
    /// The ring that crosses the edge west of a point within the band; `None` for one around a single lattice point.
    fn ring(&mut self, first: usize) -> Option<LineString<f64>> {
        let width = self.grid.width as isize;
        // Steps east, north, west, south.
        let ahead = [1, width, -1, -width];
        // On the left the inside, on the right the outside: southward past the western end of a run.
        let (mut left, mut right, mut heading) = (first, first - 1, 3);
        let mut ring: Vec<[f64; 2]> = Vec::new();
        let mut crossings = 0;
        loop {
            if heading == 3 {
                self.points[left] = TRACED;
            }
            crossings += 1;
            let crossing = self.crossing(left, right);
            match ring[..] {
                [.., a, ref mut b] if straight(a, *b, crossing) => *b = crossing,
                _ => ring.push(crossing),
            }
            let far_left = left.wrapping_add_signed(ahead[heading]);
            let far_right = right.wrapping_add_signed(ahead[heading]);
            if self.points[far_left] == OUTSIDE {
                right = far_left;
                heading = (heading + 1) % 4;
            } else if self.points[far_right] == OUTSIDE {
                (left, right) = (far_left, far_right);
            } else {
                left = far_right;
                heading = (heading + 3) % 4;
            }
            if left == first && heading == 3 {
                break;
            }
        }
        if crossings <= 4 {
            return None;
        }
        ring.push(ring[0]);
        Some(ring.into_iter().map(|crossing| self.grid.place(crossing)).collect())
    }

    /// Where the line crosses the edge from a point within the band to a neighbour that is not, in steps of the lattice.
    fn crossing(&self, left: usize, right: usize) -> [f64; 2] {
        let (inner, outer) = (self.grid.ms[left], self.grid.ms[right]);
        // Half a millisecond past the band: no time is as long.
        let part = (f64::from(self.band_ms - inner) + 0.5) / f64::from(outer - inner);
        let part = if outer - self.band_ms > JUMP_MS {
            0.5
        } else if outer - inner >= self.grid.step_ms().min(JUMP_MS) {
            // No street leads there, or hardly: the square of the inner point is held whole.
            part.max(0.5)
        } else {
            part
        };
        let part = part.clamp(CLEAR, 1.0 - CLEAR);
        let [x, y] = self.grid.lattice_point(left);
        let [right_x, right_y] = self.grid.lattice_point(right);
        [f64::from(x) + f64::from(right_x - x) * part, f64::from(y) + f64::from(right_y - y) * part]
    }
}

/// Whether three crossings lie on one line.
fn straight(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> bool {
    ((b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])).abs() < 1e-9
}

#[cfg(test)]
mod tests {
    use geo::{Contains, Validation, Winding};

    use super::*;
    use crate::access::isochrone::Canvas;
    use crate::testkit::Draw;

    const X: Option<i32> = None;

    fn area_steps(shape: &MultiPolygon<f64>) -> f64 {
        use geo::Area;
        shape.unsigned_area() / 1e-4
    }

    #[test]
    fn a_ring_road_keeps_its_hole() {
        // Times far below the band, unreached all around: the line runs halfway. Outer: a square of 4 steps less its 4
        // cut corners of 1/8; hole: a square of 2 steps less its cut corners of 1/8.
        let o = Some(0);
        let rows = vec![
            vec![X; 6],
            vec![X, o, o, o, o, X],
            vec![X, o, X, X, o, X],
            vec![X, o, X, X, o, X],
            vec![X, o, o, o, o, X],
            vec![X; 6],
        ];
        let (canvas, mut ms, mut points) = (Canvas::blank(), Vec::new(), Vec::new());
        let shape = polygons(&canvas.grid(&rows, &mut ms), 600_000, &mut points);
        assert_eq!((shape.0.len(), shape.0[0].interiors().len()), (1, 1));
        assert!((area_steps(&shape) - (16.0 - 0.5 - (4.0 - 0.5))).abs() < 1e-9, "{}", area_steps(&shape));
    }

    #[test]
    fn the_line_follows_the_times() {
        // A band of 20 s between points of 10 s and of 30 s (half a millisecond is added): half of the edge.
        let (a, b) = (Some(10_000), Some(30_000));
        let rows = vec![vec![b; 5], vec![b, a, a, a, b], vec![b; 5]];
        let (canvas, mut ms, mut points) = (Canvas::blank(), Vec::new(), Vec::new());
        let shape = polygons(&canvas.grid(&rows, &mut ms), 20_000, &mut points);
        let east = shape.0[0].exterior().coords().map(|c| c.x).fold(0.0, f64::max);
        assert!((east - 0.035).abs() < 1e-6, "{east}");
    }

    #[test]
    fn lines_are_drawn_with_few_points() {
        // A block of 6 × 3 points: an octagon, whose ring begins within a side and ends there again.
        let rows: Vec<Vec<Option<i32>>> =
            (0..5).map(|y| (0..8).map(|x| (x % 7 > 0 && y % 4 > 0).then_some(0)).collect()).collect();
        let (canvas, mut ms, mut points) = (Canvas::blank(), Vec::new(), Vec::new());
        let shape = polygons(&canvas.grid(&rows, &mut ms), 600_000, &mut points);
        assert_eq!((shape.0.len(), shape.0[0].exterior().0.len()), (1, 10));
        // The line runs half a step outside: 6 × 3 steps less four corners of 1/8.
        assert!((area_steps(&shape) - 17.5).abs() < 1e-9, "{}", area_steps(&shape));
    }

    #[test]
    fn the_line_lies_between_points_by_their_times() {
        // Squares of 100 m take 75 s to walk, so times that differ by less are ridden. A cross of 10 s among 40 s, 30 s,
        // 50 s and 25 s (west, east, south, north), a band of 20 s and half a millisecond.
        let t = |s: i32| Some(s * 1000);
        let rows = vec![
            vec![X; 7],
            vec![X, t(50), t(50), t(50), t(50), t(50), X],
            vec![X, t(40), t(10), t(10), t(10), t(30), X],
            vec![X, t(40), t(10), t(10), t(10), t(30), X],
            vec![X, t(25), t(25), t(25), t(25), t(25), X],
            vec![X; 7],
        ];
        let (canvas, mut ms, mut points) = (Canvas::of_side(100.0), Vec::new(), Vec::new());
        let shape = polygons(&canvas.grid(&rows, &mut ms), 20_000, &mut points);
        let coords: Vec<(f64, f64)> = shape.0[0].exterior().coords().map(|c| (c.x * 100.0, c.y * 100.0)).collect();
        let least = |axis: fn(&(f64, f64)) -> f64| coords.iter().map(axis).fold(f64::MAX, f64::min);
        let most = |axis: fn(&(f64, f64)) -> f64| coords.iter().map(axis).fold(f64::MIN, f64::max);
        let found = [least(|c| c.0), most(|c| c.0), least(|c| c.1), most(|c| c.1)];
        let part = |of: f64| 10_000.5 / of;
        let expected = [2.0 - part(3e4), 4.0 + part(2e4), 2.0 - part(4e4), 3.0 + part(1.5e4)];
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        }
        // Within walking time a point takes the whole of its square: at the least half way, though 10/75 is less.
        let rows = vec![vec![t(69); 5], vec![t(69), t(10), t(10), t(10), t(69)], vec![t(69); 5]];
        let canvas = Canvas::of_side(50.0);
        let shape = polygons(&canvas.grid(&rows, &mut ms), 20_000, &mut points);
        let east = shape.0[0].exterior().coords().map(|c| c.x * 100.0).fold(0.0, f64::max);
        assert!((east - 3.5).abs() < 1e-9, "{east}");
        // More than a minute past the band the line runs half way, however long the walk; a minute past it by the times:
        // 90 of 150 s and half a millisecond. Never nearer to a point than a twentieth: 90 of 91 s would be.
        for (outer, expected) in [(165, 3.5), (160, 3.0 + 90_000.5 / 150_000.0), (101, 3.95)] {
            let o = t(outer);
            let rows = vec![vec![o; 5], vec![o, t(10), t(10), t(10), o], vec![o; 5]];
            let canvas = Canvas::of_side(500.0);
            let shape = polygons(&canvas.grid(&rows, &mut ms), 100_000, &mut points);
            let east = shape.0[0].exterior().coords().map(|c| c.x * 100.0).fold(0.0, f64::max);
            assert!((east - expected).abs() < 1e-9, "{east} is not {expected}");
        }
    }

    #[test]
    fn what_meets_at_corners_is_kept_apart_and_specks_are_dropped() {
        let o = Some(0);
        let rows = vec![vec![X; 8], vec![X, o, o, X, X, X, X, X], vec![X, X, X, o, o, X, o, X], vec![X; 8]];
        let (canvas, mut ms, mut points) = (Canvas::blank(), Vec::new(), Vec::new());
        let shape = polygons(&canvas.grid(&rows, &mut ms), 600_000, &mut points);
        assert_eq!(shape.0.len(), 2);
        assert!(shape.is_valid());
    }

    #[test]
    fn random_times_give_valid_nested_right_handed_polygons_of_the_right_points() {
        for seed in 0..300 {
            let mut draw = Draw::new(seed);
            let (width, height) = (4 + draw.below(14), 4 + draw.below(14));
            let reached = 1 + draw.below(9);
            let mut rows = vec![vec![X; width]; height];
            for row in &mut rows[1..height - 1] {
                for time in &mut row[1..width - 1] {
                    *time = (draw.below(10) < reached).then(|| draw.below(300) as i32 * 1000);
                }
            }
            let (canvas, mut ms, mut points) = (Canvas::blank(), Vec::new(), Vec::new());
            let grid = canvas.grid(&rows, &mut ms);
            let bands = [60_000, 90_000, 200_000, 290_000];
            let shapes = bands.map(|band| polygons(&grid, band, &mut points));
            for (band, shape) in bands.iter().zip(&shapes) {
                // As written: 7 decimals.
                use geo::MapCoords;
                let written =
                    shape.map_coords(|c| geo::Coord { x: (c.x * 1e7).round() / 1e7, y: (c.y * 1e7).round() / 1e7 });
                assert!(written.is_valid(), "seed {seed}, band {band}: {written:?}");
                for polygon in shape {
                    assert!(
                        polygon.exterior().is_ccw() && polygon.interiors().iter().all(Winding::is_cw),
                        "seed {seed}"
                    );
                }
                for (y, row) in rows.iter().enumerate() {
                    for (x, time) in row.iter().enumerate() {
                        let within = |x: usize, y: usize| rows[y][x].is_some_and(|ms| ms <= *band as i32);
                        // Specks and holes of a single point are not drawn.
                        let border = x == 0 || y == 0 || x == width - 1 || y == height - 1;
                        let alone = !border && {
                            let around = [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)];
                            let diagonal = [(x - 1, y - 1), (x + 1, y - 1), (x - 1, y + 1), (x + 1, y + 1)];
                            if within(x, y) {
                                around.iter().all(|&(x, y)| !within(x, y))
                            } else {
                                around.iter().chain(&diagonal).all(|&(x, y)| within(x, y))
                            }
                        };
                        let inside = shape.contains(&geo::Point::new(x as f64 * 0.01, y as f64 * 0.01));
                        assert_eq!(inside, within(x, y) != alone, "seed {seed}, band {band}, ({x}, {y}): {time:?}");
                    }
                }
            }
            // Nested: the larger holds the corners of the smaller and a little inside of each.
            for pair in shapes.windows(2) {
                let rings = pair[0].iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
                for c in rings.flat_map(|r| r.coords()) {
                    use geo::Intersects;
                    let near = geo::Point::new(c.x, c.y);
                    let held = pair[1].intersects(&near)
                        || [(1e-7, 0.0), (-1e-7, 0.0), (0.0, 1e-7), (0.0, -1e-7)]
                            .iter()
                            .any(|d| pair[1].contains(&geo::Point::new(c.x + d.0, c.y + d.1)));
                    assert!(held, "seed {seed}: {c:?}");
                }
            }
        }
    }
}
