//! Snapping: the nearest point on a street that a mode may use and that leads somewhere.

use rstar::RTree;
use rstar::primitives::{GeomWithData, Line};

use super::Network;
use crate::units::{Distance, EARTH_RADIUS_M, LonLat};

/// Where a place meets the network of one mode.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Snap {
    /// Index of the street.
    pub street: u32,
    /// Distance from the street's first point, along its shape.
    pub offset_mm: u32,
    /// Straight distance from the place to the street, walked.
    pub access: Distance,
    /// The point on the street.
    pub at: LonLat,
}

/// Where a place meets the roads of a mode.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Snapped {
    /// The nearest point of a street that the mode may use and that lies in a part of its network.
    pub snap: Option<Snap>,
    /// A street that is nearer and open to the mode but leads nowhere: see [`super::islands`].
    pub cut_off: Option<u32>,
}

/// A segment in local metres with (street, number of the segment in its shape).
type Segment = GeomWithData<Line<[f64; 2]>, (u32, u32)>;

/// An R-tree over the segments of all streets.
pub struct Snapper<'a> {
    network: &'a Network,
    tree: RTree<Segment>,
    plane: Plane,
}

/// Metres east and north of a place in the middle of the network (equirectangular; nearest points only, distances are
/// taken on the sphere).
#[derive(Debug, Clone, Copy)]
struct Plane {
    origin: LonLat,
    metres_per_lon: f64,
    metres_per_lat: f64,
}

impl Plane {
    fn new(points: &[LonLat]) -> Self {
        let n = points.len().max(1) as f64;
        let origin = LonLat {
            lon: points.iter().map(|p| p.lon).sum::<f64>() / n,
            lat: points.iter().map(|p| p.lat).sum::<f64>() / n,
        };
        let metres_per_lat = EARTH_RADIUS_M.to_radians();
        Plane { origin, metres_per_lon: metres_per_lat * origin.lat.to_radians().cos(), metres_per_lat }
    }

    fn project(&self, p: LonLat) -> [f64; 2] {
        [(p.lon - self.origin.lon) * self.metres_per_lon, (p.lat - self.origin.lat) * self.metres_per_lat]
    }
}

impl<'a> Snapper<'a> {
    /// Indexes the streets of a network.
    pub fn new(network: &'a Network) -> Self {
        let plane = Plane::new(&network.nodes);
        let mut segments = Vec::with_capacity(network.points.len());
        for (s, street) in network.streets.iter().enumerate() {
            for (i, pair) in network.shape(street).windows(2).enumerate() {
                let line = Line::new(plane.project(pair[0]), plane.project(pair[1]));
                segments.push(Segment::new(line, (s as u32, i as u32)));
            }
        }
        Snapper { network, tree: RTree::bulk_load(segments), plane }
    }

    /// For each mode, where a place meets its roads, at most `limit` away; of equally near streets the one with the
    /// lowest index.
    pub fn snap(&self, place: LonLat, limit: Distance) -> Vec<Snapped> {
        let modes = &self.network.modes;
        let point = self.plane.project(place);
        // The plane is off by well under 1 % over a province: search a little farther, then judge on the sphere.
        let reach2 = (limit.metres() * 1.02 + 1.0).powi(2);
        let mut best: Vec<Option<(f64, u32, u32)>> = vec![None; modes.len()];
        let mut found = vec![Snapped::default(); modes.len()];
        for (segment, distance2) in self.tree.nearest_neighbor_iter_with_distance_2(point) {
            let done = |b: &Option<(f64, u32, u32)>| b.is_some_and(|(d, _, _)| distance2 > d);
            if distance2 > reach2 || best.iter().all(done) {
                break;
            }
            let (s, i) = segment.data;
            for ((best, found), graph) in best.iter_mut().zip(&mut found).zip(modes) {
                if graph.usable[s as usize] {
                    if best.is_none_or(|(d, bs, bi)| distance2 <= d && (s, i) < (bs, bi)) {
                        *best = Some((distance2, s, i));
                    }
                } else if best.is_none() && found.cut_off.is_none() && graph.is_open(s) {
                    found.cut_off = Some(s);
                }
            }
        }
        for (found, best) in found.iter_mut().zip(best) {
            let snap = best.map(|(_, s, i)| self.on_segment(place, point, s, i));
            found.snap = snap.filter(|snap| snap.access <= limit);
        }
        found
    }

    fn on_segment(&self, place: LonLat, point: [f64; 2], s: u32, i: u32) -> Snap {
        let street = &self.network.streets[s as usize];
        let shape = self.network.shape(street);
        let i = i as usize;
        let (a, b) = (shape[i], shape[i + 1]);
        let (pa, pb) = (self.plane.project(a), self.plane.project(b));
        let (dx, dy) = (pb[0] - pa[0], pb[1] - pa[1]);
        let length2 = dx * dx + dy * dy;
        let along = if length2 > 0.0 {
            (((point[0] - pa[0]) * dx + (point[1] - pa[1]) * dy) / length2).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let at = LonLat { lon: a.lon + (b.lon - a.lon) * along, lat: a.lat + (b.lat - a.lat) * along };
        let before: u64 = shape[..=i].windows(2).map(|p| u64::from(p[0].distance(p[1]).0)).sum();
        let offset = before + u64::from(a.distance(at).0);
        Snap {
            street: s,
            offset_mm: u32::try_from(offset).unwrap_or(u32::MAX).min(street.length_mm),
            access: place.distance(at),
            at,
        }
    }
}
