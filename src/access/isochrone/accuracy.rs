//! How true isochrones are to the network they were drawn from.

use geo::{BoundingRect, MultiPolygon};
use serde::Serialize;

use crate::access::reach::Reach;
use crate::units::{EARTH_RADIUS_M, LonLat, TravelTime};

/// Distance between tested places along a street, in metres.
pub const TEST_EVERY_M: f64 = 50.0;

/// How far around the largest polygon places are tested, in metres.
pub const TEST_AROUND_M: f64 = 3000.0;

/// How many of the tested places of a network lie on the right side of an isochrone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Accuracy {
    /// Places within the time.
    pub within: u32,
    /// Of these, places inside the polygons.
    pub within_inside: u32,
    /// Places beyond the time, unreachable ones too.
    pub beyond: u32,
    /// Of these, places outside the polygons.
    pub beyond_outside: u32,
}

impl Accuracy {
    /// Share of the places within the time that lie inside; `None` where there are none.
    pub fn inside_share(&self) -> Option<f64> {
        (self.within > 0).then(|| f64::from(self.within_inside) / f64::from(self.within))
    }

    /// Share of the places beyond the time that lie outside; `None` where there are none.
    pub fn outside_share(&self) -> Option<f64> {
        (self.beyond > 0).then(|| f64::from(self.beyond_outside) / f64::from(self.beyond))
    }
}

/// Tests a place every [`TEST_EVERY_M`] along all streets of the mode in the box of the largest polygon and
/// [`TEST_AROUND_M`] around it, band by band. The reach must be known up to the longest band.
pub fn accuracy(reach: &Reach, bands: &[TravelTime], shapes: &[MultiPolygon<f64>]) -> Vec<Accuracy> {
    let mut found = vec![Accuracy::default(); shapes.len()];
    let Some(area) = shapes.iter().rev().find_map(BoundingRect::bounding_rect) else { return found };
    let lat = TEST_AROUND_M / EARTH_RADIUS_M.to_radians();
    let lon = lat / area.max().y.abs().max(area.min().y.abs()).min(89.0).to_radians().cos();
    let (west, east) = (area.min().x - lon, area.max().x + lon);
    let (south, north) = (area.min().y - lat, area.max().y + lat);
    let strips: Vec<Strips> = shapes.iter().map(Strips::new).collect();
    let network = reach.network();
    for (s, street) in network.streets.iter().enumerate() {
        let Some(times) = reach.street(s) else { continue };
        let mut before = 0.0;
        let mut next = TEST_EVERY_M / 2.0;
        for pair in network.shape(street).windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let metres = a.metres_to(b);
            while next < before + metres {
                let part = (next - before) / metres;
                let at = LonLat { lon: a.lon + (b.lon - a.lon) * part, lat: a.lat + (b.lat - a.lat) * part };
                if (west..=east).contains(&at.lon) && (south..=north).contains(&at.lat) {
                    let ms = times.ms((next * 1000.0) as u32);
                    for ((count, band), strips) in found.iter_mut().zip(bands).zip(&strips) {
                        let inside = strips.hold(at);
                        if ms <= band.0 {
                            count.within += 1;
                            count.within_inside += u32::from(inside);
                        } else {
                            count.beyond += 1;
                            count.beyond_outside += u32::from(!inside);
                        }
                    }
                }
                next += TEST_EVERY_M;
            }
            before += metres;
        }
    }
    found
}

/// The edges of polygons by strips of latitude, so that a place is compared with few of them.
struct Strips {
    south: f64,
    per_degree: f64,
    edges: Vec<Vec<[f64; 4]>>,
}

impl Strips {
    fn new(shape: &MultiPolygon<f64>) -> Strips {
        let rings = || shape.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
        let count = rings().map(|r| r.0.len()).sum::<usize>().clamp(1, 1 << 16);
        let (south, north) = shape.bounding_rect().map_or((0.0, 0.0), |r| (r.min().y, r.max().y));
        let mut strips =
            Strips { south, per_degree: count as f64 / (north - south).max(1e-9), edges: vec![Vec::new(); count + 1] };
        for line in rings().flat_map(|r| r.lines()) {
            let (low, high) = (line.start.y.min(line.end.y), line.start.y.max(line.end.y));
            for strip in strips.of(low)..=strips.of(high) {
                strips.edges[strip].push([line.start.x, line.start.y, line.end.x, line.end.y]);
            }
        }
        strips
    }

    fn of(&self, lat: f64) -> usize {
        (((lat - self.south) * self.per_degree) as usize).min(self.edges.len() - 1)
    }

    /// Whether a place is inside: a ray to the east crosses an odd number of edges.
    fn hold(&self, at: LonLat) -> bool {
        let crosses = |&&[x1, y1, x2, y2]: &&[f64; 4]| {
            (y1 > at.lat) != (y2 > at.lat) && at.lon < x1 + (at.lat - y1) / (y2 - y1) * (x2 - x1)
        };
        self.edges[self.of(at.lat)].iter().filter(crosses).count() % 2 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Leg, search::Search};
    use crate::testkit::line_city;

    #[test]
    fn places_are_counted_by_hand() {
        // A road of 1 km, 36 km/h, site at its start: 20 places at 25, 75, … 975 m. 40 s reach 400 m: 8 places (25 to 375).
        // The polygon goes from 60 m to 500 m: of these it misses the one at 25 m, and of the other 12 it holds 425 and
        // 475 m.
        let city = line_city(&[(1000.0, true)], 36.0);
        let site = Leg::at(&city, &city.modes[0], 0, 0.0);
        let mut search = Search::default();
        let reach = Reach::new(&city, &city.modes[0], &[site], 100_000, &mut search);
        let degrees = |m: f64| m / EARTH_RADIUS_M.to_radians();
        let rect = geo::Rect::new((degrees(60.0), -0.001), (degrees(500.0), 0.001));
        let shape = MultiPolygon(vec![rect.to_polygon()]);
        let found = accuracy(&reach, &[TravelTime(40_000)], &[shape]);
        assert_eq!(found, [Accuracy { within: 8, within_inside: 7, beyond: 12, beyond_outside: 10 }]);
        assert_eq!(found[0].inside_share(), Some(7.0 / 8.0));
        assert_eq!(found[0].outside_share(), Some(10.0 / 12.0));
        assert_eq!((Accuracy::default().inside_share(), Accuracy::default().outside_share()), (None, None));
    }

    #[test]
    fn places_far_from_the_polygon_and_beyond_bends_by_hand() {
        // At 60° north a degree of longitude is half as long. A road of 8 km: 4 km east, then 4 km north; 36 km/h.
        let mut city = line_city(&[(8000.0, true)], 36.0);
        let degrees = |m: f64| m / EARTH_RADIUS_M.to_radians();
        let at = |east: f64, north: f64| LonLat { lon: 2.0 * degrees(east), lat: 60.0 + degrees(north) };
        city.points = vec![at(0.0, 0.0), at(4000.0, 0.0), at(4000.0, 4000.0)];
        city.streets[0].points = 0..3;
        city.nodes = vec![city.points[0], city.points[2]];
        let site = Leg::at(&city, &city.modes[0], 0, 0.0);
        let mut search = Search::default();
        let reach = Reach::new(&city, &city.modes[0], &[site], 800_000, &mut search);
        let rect = |west: f64, south: f64, east: f64, north: f64| {
            let (a, b) = (at(west, south), at(east, north));
            MultiPolygon(vec![geo::Rect::new((a.lon, a.lat), (b.lon, b.lat)).to_polygon()])
        };
        // The longer band's polygon ends at 1010 m east and 600 m north: tested are places up to 4010 m east, so all on
        // the first part of the road (25 to 3975 m, 80 places), and up to 3600 m north (4025 to 7575 m, 72 places).
        // Within 100 s: 1000 m, 20 places, of which the first polygon (to 810 m) holds 16. Within 500 s: 5000 m, 100
        // places, of which the second holds those to 975 m, 20.
        let shapes = [rect(-10.0, -100.0, 810.0, 100.0), rect(-10.0, -100.0, 1010.0, 600.0)];
        let found = accuracy(&reach, &[TravelTime(100_000), TravelTime(500_000)], &shapes);
        let expected = [(20, 16, 132, 132), (100, 20, 52, 52)];
        let expected = expected.map(|(within, within_inside, beyond, beyond_outside)| Accuracy {
            within,
            within_inside,
            beyond,
            beyond_outside,
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn strips_agree_with_geo() {
        use crate::testkit::Draw;
        use geo::{Contains, Point, polygon};
        let shape = MultiPolygon(vec![polygon!(
            exterior: [(x: 0.0, y: 0.0), (x: 10.0, y: 1.0), (x: 7.0, y: 9.0), (x: 5.0, y: 3.0), (x: 2.0, y: 8.0)],
            interiors: [[(x: 3.0, y: 2.0), (x: 3.0, y: 4.0), (x: 4.0, y: 2.5)]],
        )]);
        let strips = Strips::new(&shape);
        let mut draw = Draw::new(7);
        for _ in 0..5000 {
            // Odd thousandths meet no edge and no corner.
            let mut any = || (draw.below(12_000) * 2 + 1) as f64 / 2000.0 - 1.0003;
            let at = LonLat { lon: any(), lat: any() };
            assert_eq!(strips.hold(at), shape.contains(&Point::new(at.lon, at.lat)), "{at:?}");
        }
    }
}
