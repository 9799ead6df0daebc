//! What lies within a box, or within so many metres of a polygon.

use geo::{BoundingRect, MultiPolygon};
use rstar::{AABB, PointDistance, RTree};

use crate::units::{EARTH_RADIUS_M, LonLat};

/// Cells a side of the raster that answers most questions at once.
const CELLS: usize = 256;

/// The region that an extract is clipped to.
pub struct Region {
    /// West, south, east, north in degrees, the buffer included.
    bounds: [f64; 4],
    shape: Option<Shape>,
}

/// What a cell of the raster is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    Inside,
    Outside,
    /// The edge of the region passes: each place must be looked at.
    Mixed,
}

struct Shape {
    /// Sides of the polygon in metres on a plane around its middle.
    sides: RTree<rstar::primitives::Line<[f64; 2]>>,
    east_m: f64,
    middle: LonLat,
    metres_per_degree: [f64; 2],
    buffer_m: f64,
    cells: Vec<Cell>,
    /// Of a cell in degrees.
    step: [f64; 2],
}

impl Region {
    /// A box: west, south, east, north in degrees, widened by `buffer_m`.
    pub fn of_box(bounds: [f64; 4], buffer_m: f64) -> Region {
        Region { bounds: widened(bounds, buffer_m), shape: None }
    }

    /// All within `buffer_m` metres of a polygon (degrees), measured on a plane around its middle: to a part in a
    /// hundred for cities and provinces. `None` for a polygon without corners.
    pub fn of_polygon(polygon: &MultiPolygon<f64>, buffer_m: f64) -> Option<Region> {
        let own = polygon.bounding_rect()?;
        let bounds = widened([own.min().x, own.min().y, own.max().x, own.max().y], buffer_m);
        let middle = LonLat { lon: own.center().x, lat: own.center().y };
        let degree_m = EARTH_RADIUS_M.to_radians();
        let metres_per_degree = [degree_m * middle.lat.to_radians().cos().max(1e-6), degree_m];
        let flat = |x: f64, y: f64| [(x - middle.lon) * metres_per_degree[0], (y - middle.lat) * metres_per_degree[1]];
        let rings = polygon.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
        let sides = rings
            .flat_map(|ring| ring.lines())
            .map(|line| rstar::primitives::Line::new(flat(line.start.x, line.start.y), flat(line.end.x, line.end.y)));
        let step = [(bounds[2] - bounds[0]) / CELLS as f64, (bounds[3] - bounds[1]) / CELLS as f64];
        let mut shape = Shape {
            sides: RTree::bulk_load(sides.collect()),
            east_m: flat(own.max().x, 0.0)[0] + 1.0,
            middle,
            metres_per_degree,
            buffer_m,
            cells: Vec::new(),
            step,
        };
        let half_m = f64::hypot(step[0] * metres_per_degree[0], step[1] * metres_per_degree[1]) / 2.0;
        let cell = |i: usize| {
            let centre = LonLat {
                lon: bounds[0] + ((i % CELLS) as f64 + 0.5) * step[0],
                lat: bounds[1] + ((i / CELLS) as f64 + 0.5) * step[1],
            };
            // No place of the cell is farther from its centre than half the diagonal.
            match shape.distance_m(centre) - buffer_m {
                d if d + half_m < 0.0 => Cell::Inside,
                d if d - half_m > 0.0 => Cell::Outside,
                _ => Cell::Mixed,
            }
        };
        shape.cells = (0..CELLS * CELLS).map(cell).collect();
        Some(Region { bounds, shape: Some(shape) })
    }

    /// West, south, east, north in degrees.
    pub fn bounds(&self) -> [f64; 4] {
        self.bounds
    }

    /// Whether a place lies in the region, its edge included.
    pub fn contains(&self, at: LonLat) -> bool {
        let [west, south, east, north] = self.bounds;
        if !((west..=east).contains(&at.lon) && (south..=north).contains(&at.lat)) {
            return false;
        }
        let Some(shape) = &self.shape else { return true };
        let cell = |offset: f64, step: f64| ((offset / step) as usize).min(CELLS - 1);
        let i = cell(at.lat - south, shape.step[1]) * CELLS + cell(at.lon - west, shape.step[0]);
        match shape.cells.get(i) {
            Some(Cell::Inside) => true,
            Some(Cell::Outside) => false,
            _ => shape.distance_m(at) <= shape.buffer_m,
        }
    }
}

impl Shape {
    /// Distance to the edge of the polygon in metres, negative inside.
    fn distance_m(&self, at: LonLat) -> f64 {
        let point = [
            (at.lon - self.middle.lon) * self.metres_per_degree[0],
            (at.lat - self.middle.lat) * self.metres_per_degree[1],
        ];
        let Some(nearest) = self.sides.nearest_neighbor(point) else { return f64::INFINITY };
        let distance = nearest.distance_2(&point).sqrt();
        // A ray to the east crosses the sides an odd number of times from within.
        let ray = AABB::from_corners(point, [self.east_m.max(point[0]), point[1]]);
        let crosses = |line: &&rstar::primitives::Line<[f64; 2]>| {
            let ([ax, ay], [bx, by]) = (line.from, line.to);
            (ay > point[1]) != (by > point[1]) && ax + (point[1] - ay) / (by - ay) * (bx - ax) > point[0]
        };
        let inside = self.sides.locate_in_envelope_intersecting(ray).filter(crosses).count() % 2 == 1;
        if inside { -distance } else { distance }
    }
}

/// A box widened by metres on each side, within the Earth.
fn widened([west, south, east, north]: [f64; 4], buffer_m: f64) -> [f64; 4] {
    let lat = buffer_m / EARTH_RADIUS_M.to_radians();
    let (south, north) = ((south - lat).max(-90.0), (north + lat).min(90.0));
    let lon = lat / south.abs().max(north.abs()).to_radians().cos().max(1e-6);
    [(west - lon).max(-180.0), south, (east + lon).min(180.0), north]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::testkit::{polygon, rectangle, ring};
    use crate::testkit::Draw;

    #[test]
    fn a_box_is_widened_by_metres() {
        // 11,119.5 m are 0.1° of latitude, and 0.2° of longitude at 60°.
        let region = Region::of_box([10.0, 59.0, 11.0, 59.9], 11_119.508);
        let [west, south, east, north] = region.bounds();
        for (found, expected) in [(west, 9.8), (south, 58.9), (east, 11.2), (north, 60.0)] {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        assert!(region.contains(LonLat { lon: 9.81, lat: 59.99 }) && !region.contains(LonLat { lon: 9.79, lat: 59.5 }));
    }

    #[test]
    fn the_raster_says_what_each_place_says() {
        let mut shape = rectangle(105.0, 20.0, 106.0, 20.5);
        shape.0[0].interiors_push(ring(&[(105.4, 20.2), (105.6, 20.2), (105.6, 20.4), (105.4, 20.4), (105.4, 20.2)]));
        shape.0.push(polygon(&[(106.2, 20.0), (106.4, 20.0), (106.3, 20.3)]));
        for buffer_m in [0.0, 5_000.0] {
            let region = Region::of_polygon(&shape, buffer_m).unwrap();
            let mut draw = Draw::new(7);
            let (mut inside, mut outside) = (0, 0);
            for _ in 0..20_000 {
                let at = LonLat {
                    lon: 104.9 + draw.below(1_000_000) as f64 * 1.7e-6,
                    lat: 19.9 + draw.below(1_000_000) as f64 * 0.7e-6,
                };
                let truth = region.shape.as_ref().unwrap().distance_m(at) <= buffer_m;
                assert_eq!(region.contains(at), truth, "{at:?}");
                if buffer_m == 0.0 {
                    assert_eq!(truth, geo::Intersects::intersects(&shape, &geo::Point::new(at.lon, at.lat)), "{at:?}");
                }
                inside += i32::from(truth);
                outside += i32::from(!truth);
            }
            assert!(inside > 1000 && outside > 1000);
            // The middle of the hole is some 10 km from its sides; a buffer does not reach it.
            assert!(!region.contains(LonLat { lon: 105.5, lat: 20.3 }));
            // 3 km west of the west side: 3,000 / 104,300 m a degree there = 0.0288°.
            assert_eq!(region.contains(LonLat { lon: 105.0 - 0.0288, lat: 20.2 }), buffer_m > 0.0);
        }
    }
}
