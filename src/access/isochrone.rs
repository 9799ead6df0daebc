//! Isochrones: polygons of what lies within a travel time of sites, for eyes only.
//!
//! Times are laid on a grid over the reached streets: every point of a street gives its time to the four corners of
//! the square it lies in, these give theirs to their neighbours with the walk of one square added, and marching squares
//! draw the line (Maple, *Geometric design and space planning using the marching squares and marching cube algorithms*,
//! 2003). So each reached point of the network lies inside, the polygon goes at most two squares beyond, and what no
//! street comes near (a river, open fields) stays open.

use contour::ContourBuilder;
use geo::{MultiPolygon, Orient, orient::Direction};

use super::Leg;
use super::search::{Search, sum};
use crate::error::{Fault, Result};
use crate::network::{CLOSED, ModeGraph, Network, partial_ms};
use crate::units::{EARTH_RADIUS_M, LonLat, TravelTime};

/// The side of a grid square in metres.
pub const GRID_M: f64 = 125.0;

/// Time to walk the side of a square, at 4.8 km/h.
const WALK_MS: f64 = GRID_M * 750.0;

/// Polygons within each of `bands` (ascending) of the nearest of `sites`; nested, valid, right-hand rule.
///
/// # Errors
/// The contour cannot be drawn (an internal fault: report it).
pub fn isochrones(
    network: &Network,
    graph: &ModeGraph,
    sites: &[Leg],
    bands: &[TravelTime],
    search: &mut Search,
) -> Result<Vec<MultiPolygon<f64>>> {
    let Some(&farthest) = bands.last() else { return Ok(Vec::new()) };
    search.run(graph, sites, farthest.0);
    let mut samples = Vec::new();
    for node in search.reached() {
        samples.push((network.nodes[graph.turns.junction(*node) as usize], search.node_ms(*node)));
    }
    for street in 0..network.streets.len() {
        sample_street(network, graph, street, sites, search, farthest.0, &mut samples);
    }
    let Some(grid) = Grid::around(&samples) else { return Ok(vec![MultiPolygon(vec![]); bands.len()]) };
    // Unreached corners lie a walk of one square beyond the farthest band, so that the line stays near the reached.
    let beyond = f64::from(farthest.0) + WALK_MS;
    let mut times = vec![beyond; grid.width * grid.height];
    for &(place, ms) in &samples {
        let (x, y) = grid.square(place);
        for corner in
            [y * grid.width + x, y * grid.width + x + 1, (y + 1) * grid.width + x, (y + 1) * grid.width + x + 1]
        {
            times[corner] = times[corner].min(f64::from(ms));
        }
    }
    times = walked_once(&grid, &times);
    // The contour encloses what is at least the threshold: negated, what is at most the band.
    for time in &mut times {
        *time = -*time;
    }
    let thresholds: Vec<f64> = bands.iter().map(|b| -f64::from(b.0)).collect();
    // The builder takes a value to lie in the middle of its square.
    let contours = ContourBuilder::new(grid.width, grid.height, true)
        .x_origin(grid.west - grid.step_lon / 2.0)
        .y_origin(grid.south - grid.step_lat / 2.0)
        .x_step(grid.step_lon)
        .y_step(grid.step_lat)
        .contours(&times, &thresholds)
        .map_err(|e| Fault::new("internal::contour", format!("an isochrone could not be drawn: {e}")))?;
    Ok(contours.into_iter().map(|c| c.into_inner().0.orient(Direction::Default)).collect())
}

/// Each corner's time, or that of a neighbour and the walk from there.
fn walked_once(grid: &Grid, times: &[f64]) -> Vec<f64> {
    let mut walked = times.to_vec();
    // The margin keeps the neighbours of reached corners within the grid.
    for y in 1..grid.height - 1 {
        for x in 1..grid.width - 1 {
            let here = y * grid.width + x;
            for (there, steps) in [
                (here - 1, 1.0),
                (here + 1, 1.0),
                (here - grid.width, 1.0),
                (here + grid.width, 1.0),
                (here - grid.width - 1, std::f64::consts::SQRT_2),
                (here - grid.width + 1, std::f64::consts::SQRT_2),
                (here + grid.width - 1, std::f64::consts::SQRT_2),
                (here + grid.width + 1, std::f64::consts::SQRT_2),
            ] {
                walked[here] = walked[here].min(times[there] + steps * WALK_MS);
            }
        }
    }
    walked
}

/// Adds points of a street, at most half a square apart, with their times, where within `cutoff_ms`.
fn sample_street(
    network: &Network,
    graph: &ModeGraph,
    s: usize,
    sites: &[Leg],
    search: &Search,
    cutoff_ms: u32,
    samples: &mut Vec<(LonLat, u32)>,
) {
    let street = &network.streets[s];
    let (start, end) = (search.node_ms(street.from), search.node_ms(street.to));
    let own: Vec<&Leg> = sites.iter().filter(|l| l.street as usize == s).collect();
    if start == CLOSED && end == CLOSED && own.is_empty() {
        return;
    }
    let (forward, backward) = (graph.forward_ms[s], graph.backward_ms[s]);
    let mut before = 0.0;
    for pair in network.shape(street).windows(2) {
        let metres = pair[0].metres_to(pair[1]);
        let steps = (metres / (GRID_M / 2.0)).ceil().max(1.0) as u32;
        for step in 0..=steps {
            let part = f64::from(step) / f64::from(steps);
            let offset = (((before + metres * part) * 1000.0) as u32).min(street.length_mm);
            let to_end = partial_ms(forward, street.length_mm - offset, street.length_mm);
            let to_start = partial_ms(backward, offset, street.length_mm);
            let mut ms = sum(to_end, end).min(sum(to_start, start));
            for site in &own {
                let here = Leg {
                    offset_mm: offset,
                    access_ms: 0,
                    from_start_ms: partial_ms(forward, offset, street.length_mm),
                    to_end_ms: to_end,
                    from_end_ms: partial_ms(backward, street.length_mm - offset, street.length_mm),
                    to_start_ms: to_start,
                    ..**site
                };
                ms = ms.min(here.along_street_ms(site).map_or(CLOSED, |t| sum(t, site.access_ms)));
            }
            if ms <= cutoff_ms {
                let (a, b) = (pair[0], pair[1]);
                let place = LonLat { lon: a.lon + (b.lon - a.lon) * part, lat: a.lat + (b.lat - a.lat) * part };
                samples.push((place, ms));
            }
        }
        before += metres;
    }
}

/// A lattice of points; `west`, `south` is the first. Aligned to whole steps, so that near sites share the lattice.
struct Grid {
    west: f64,
    south: f64,
    step_lon: f64,
    step_lat: f64,
    width: usize,
    height: usize,
}

impl Grid {
    fn around(samples: &[(LonLat, u32)]) -> Option<Grid> {
        let (first, _) = samples.first()?;
        let (mut west, mut south, mut east, mut north) = (first.lon, first.lat, first.lon, first.lat);
        for (p, _) in samples {
            west = west.min(p.lon);
            east = east.max(p.lon);
            south = south.min(p.lat);
            north = north.max(p.lat);
        }
        let step_lat = GRID_M / EARTH_RADIUS_M.to_radians();
        // The width of a square changes with the latitude band of one degree, not with the samples.
        let step_lon = step_lat / ((south + north) / 2.0).round().to_radians().cos().max(0.01);
        // Three squares of margin keep the border unreached after the walk of one.
        let column = |lon: f64| (lon / step_lon).floor();
        let row = |lat: f64| (lat / step_lat).floor();
        Some(Grid {
            west: (column(west) - 3.0) * step_lon,
            south: (row(south) - 3.0) * step_lat,
            step_lon,
            step_lat,
            width: (column(east) - column(west)) as usize + 8,
            height: (row(north) - row(south)) as usize + 8,
        })
    }

    /// Column and row of the lattice point south-west of a place.
    fn square(&self, p: LonLat) -> (usize, usize) {
        let x = ((p.lon - self.west) / self.step_lon) as usize;
        let y = ((p.lat - self.south) / self.step_lat) as usize;
        (x.min(self.width - 2), y.min(self.height - 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::line_city;
    use geo::{BoundingRect, Contains, Validation};

    #[test]
    fn bands_are_nested_valid_and_hold_what_they_reach() {
        // A straight road of 10 km, 36 km/h, site in the middle: 100 s reach 1 km, 300 s reach 3 km each way.
        let city = line_city(&[(1000.0, true); 10], 36.0);
        let site = Leg::at(&city, &city.modes[0], 5, 0.0);
        let bands = [TravelTime(100_000), TravelTime(300_000)];
        let shapes = isochrones(&city, &city.modes[0], &[site], &bands, &mut Search::default()).unwrap();
        let metres_per_degree = EARTH_RADIUS_M.to_radians();
        for (shape, reach_m) in shapes.iter().zip([1000.0, 3000.0]) {
            assert!(shape.is_valid(), "{shape:?}");
            for offset_m in [-reach_m, 0.0, reach_m] {
                let point = geo::Point::new((5000.0 + offset_m) / metres_per_degree, 0.0);
                assert!(shape.contains(&point), "{offset_m} m is within reach of {reach_m} m");
            }
            // At most two squares beyond, with the slack of interpolation.
            let rect = shape.bounding_rect().unwrap();
            let half_width_m = rect.width() * metres_per_degree / 2.0;
            assert!((reach_m..reach_m + 3.0 * GRID_M).contains(&half_width_m), "{half_width_m}");
            assert!(rect.height() * metres_per_degree <= 6.0 * GRID_M);
            // Right-hand rule: exteriors run counter-clockwise.
            use geo::Winding;
            assert!(shape.iter().all(|p| p.exterior().is_ccw()));
        }
        assert!(shapes[0].iter().all(|p| p.exterior().coords().all(|c| {
            use geo::Intersects;
            shapes[1].intersects(&geo::Point::from(*c))
        })));
    }

    #[test]
    fn nothing_reached_is_an_empty_shape() {
        let city = line_city(&[(1000.0, true)], 36.0);
        let mut site = Leg::at(&city, &city.modes[0], 0, 500.0);
        site.access_ms = 200_000;
        let shapes =
            isochrones(&city, &city.modes[0], &[site], &[TravelTime(100_000)], &mut Search::default()).unwrap();
        assert!(shapes[0].0.is_empty());
    }
}
