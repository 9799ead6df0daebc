//! A flat map in kilometres around Hà Nội, and the plane geometry that the generator needs.

use std::ops::{Add, Mul, Sub};

/// Longitude of the map's origin, degrees.
const ORIGIN_LON: f64 = 105.65;
/// Latitude of the map's origin and of its true scale, degrees.
const ORIGIN_LAT: f64 = 21.0;
/// Kilometres a degree of latitude, on the sphere of [`crate::units::EARTH_RADIUS_M`].
pub(crate) const KM_PER_DEGREE: f64 = 111.195_08;

/// A point on the flat map, kilometres east and north of the origin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct P {
    pub x: f64,
    pub y: f64,
}

/// A line or an unclosed ring.
pub(crate) type Points = Vec<P>;

impl Add for P {
    type Output = P;
    fn add(self, o: P) -> P {
        p(self.x + o.x, self.y + o.y)
    }
}

impl Sub for P {
    type Output = P;
    fn sub(self, o: P) -> P {
        p(self.x - o.x, self.y - o.y)
    }
}

impl Mul<f64> for P {
    type Output = P;
    fn mul(self, k: f64) -> P {
        p(self.x * k, self.y * k)
    }
}

/// Short for the constructor.
pub(crate) fn p(x: f64, y: f64) -> P {
    P { x, y }
}

impl P {
    /// From degrees.
    pub fn from_degrees(lon: f64, lat: f64) -> P {
        let shrink = ORIGIN_LAT.to_radians().cos();
        p((lon - ORIGIN_LON) * KM_PER_DEGREE * shrink, (lat - ORIGIN_LAT) * KM_PER_DEGREE)
    }

    /// In degrees: longitude, latitude.
    pub fn degrees(self) -> (f64, f64) {
        let shrink = ORIGIN_LAT.to_radians().cos();
        (ORIGIN_LON + self.x / (KM_PER_DEGREE * shrink), ORIGIN_LAT + self.y / KM_PER_DEGREE)
    }

    pub fn dot(self, o: P) -> f64 {
        self.x * o.x + self.y * o.y
    }

    pub fn cross(self, o: P) -> f64 {
        self.x * o.y - self.y * o.x
    }

    pub fn length(self) -> f64 {
        self.dot(self).sqrt()
    }

    pub fn to(self, o: P) -> f64 {
        (self - o).length()
    }

    /// The unit vector of the same direction; zero stays zero.
    pub fn unit(self) -> P {
        let l = self.length();
        if l > 0.0 { self * (1.0 / l) } else { self }
    }

    /// A quarter turn to the left.
    pub fn left(self) -> P {
        p(-self.y, self.x)
    }

    /// The point at `t` of the way to another.
    pub fn towards(self, o: P, t: f64) -> P {
        self + (o - self) * t
    }
}

/// How much larger an area looks on the flat map than on the sphere, at this place.
pub(crate) fn area_scale(at: P) -> f64 {
    ORIGIN_LAT.to_radians().cos() / at.degrees().1.to_radians().cos()
}

/// Where the segments `a`–`b` and `c`–`d` cross: the shares along each, both in `[0, 1]`.
pub(crate) fn crossing(a: P, b: P, c: P, d: P) -> Option<(f64, f64)> {
    let (r, s) = (b - a, d - c);
    let denominator = r.cross(s);
    if denominator.abs() < 1e-15 {
        return None;
    }
    let t = (c - a).cross(s) / denominator;
    let u = (c - a).cross(r) / denominator;
    ((0.0..=1.0).contains(&t) && (0.0..=1.0).contains(&u)).then_some((t, u))
}

/// Distance from a point to a segment, and the share along the segment of the nearest point.
pub(crate) fn to_segment(q: P, a: P, b: P) -> (f64, f64) {
    let d = b - a;
    let l2 = d.dot(d);
    let t = if l2 > 0.0 { ((q - a).dot(d) / l2).clamp(0.0, 1.0) } else { 0.0 };
    (q.to(a.towards(b, t)), t)
}

/// The nearest place on a line: distance, index of the segment, share along it. `None` for fewer than two points.
pub(crate) fn to_line(q: P, line: &[P]) -> Option<(f64, usize, f64)> {
    let mut best: Option<(f64, usize, f64)> = None;
    for (k, w) in line.windows(2).enumerate() {
        let (d, t) = to_segment(q, w[0], w[1]);
        if best.is_none_or(|b| d < b.0) {
            best = Some((d, k, t));
        }
    }
    best
}

/// Even–odd test of a point in an unclosed ring.
pub(crate) fn in_ring(q: P, ring: &[P]) -> bool {
    let mut inside = false;
    let Some(mut a) = ring.last().copied() else { return false };
    for &b in ring {
        if (a.y > q.y) != (b.y > q.y) && q.x < a.x + (q.y - a.y) / (b.y - a.y) * (b.x - a.x) {
            inside = !inside;
        }
        a = b;
    }
    inside
}

/// Signed area of an unclosed ring, positive when counter-clockwise.
pub(crate) fn ring_area(ring: &[P]) -> f64 {
    let Some(mut a) = ring.last().copied() else { return 0.0 };
    let mut twice = 0.0;
    for &b in ring {
        twice += a.cross(b);
        a = b;
    }
    twice / 2.0
}

/// The length of a line.
pub(crate) fn length(line: &[P]) -> f64 {
    line.windows(2).map(|w| w[0].to(w[1])).sum()
}

/// A smooth line through the given points (Catmull–Rom), with a point about every `step`; the given points stay.
pub(crate) fn smooth(stops: &[P], step: f64) -> Points {
    let mut line = Points::new();
    for k in 0..stops.len().saturating_sub(1) {
        let (b, c) = (stops[k], stops[k + 1]);
        // Tangents no longer than the shorter neighbour allows, so that short pieces beside long ones do not loop.
        let a = if k > 0 { stops[k - 1] } else { b };
        let d = stops.get(k + 2).copied().unwrap_or(c);
        let span = b.to(c);
        let tangent = |from: P, to: P| (to - from).unit() * span;
        let (m0, m1) = (tangent(a, c), tangent(b, d));
        let pieces = (span / step).ceil().max(1.0) as usize;
        for s in 0..pieces {
            let t = s as f64 / pieces as f64;
            let (t2, t3) = (t * t, t * t * t);
            let at = b * (2.0 * t3 - 3.0 * t2 + 1.0)
                + m0 * (t3 - 2.0 * t2 + t)
                + c * (-2.0 * t3 + 3.0 * t2)
                + m1 * (t3 - t2);
            line.push(at);
        }
    }
    line.extend(stops.last());
    line
}

/// The unit vector to the left of a line at one of its points.
pub(crate) fn left_at(line: &[P], k: usize) -> P {
    let before = line[k.saturating_sub(1)];
    let after = line[(k + 1).min(line.len() - 1)];
    (after - before).unit().left()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_there_and_back() {
        let (lon, lat) = P::from_degrees(105.85, 21.03).degrees();
        assert!((lon - 105.85).abs() < 1e-12 && (lat - 21.03).abs() < 1e-12);
    }

    #[test]
    fn crossing_of_two_diagonals() {
        // The diagonals of the unit square meet in the middle of both.
        assert_eq!(crossing(p(0.0, 0.0), p(1.0, 1.0), p(0.0, 1.0), p(1.0, 0.0)), Some((0.5, 0.5)));
        assert_eq!(crossing(p(0.0, 0.0), p(1.0, 0.0), p(0.0, 1.0), p(1.0, 1.0)), None);
    }

    #[test]
    fn square_area_and_inside() {
        let square = [p(0.0, 0.0), p(2.0, 0.0), p(2.0, 2.0), p(0.0, 2.0)];
        assert_eq!(ring_area(&square), 4.0);
        assert!(in_ring(p(1.0, 1.0), &square) && !in_ring(p(3.0, 1.0), &square));
    }

    #[test]
    fn smooth_line_keeps_its_stops() {
        let stops = [p(0.0, 0.0), p(1.0, 1.0), p(2.0, 0.0)];
        let line = smooth(&stops, 0.25);
        assert!(stops.iter().all(|s| line.contains(s)));
        assert!(line.windows(2).all(|w| w[0].to(w[1]) < 0.5));
    }
}
