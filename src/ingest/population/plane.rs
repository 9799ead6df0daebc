//! The study area's outline in the plane of a population source.

use geo::{Coord, LineString, MultiPolygon};
use rayon::prelude::*;

use super::clip::{Ring, area_of};
use crate::ingest::geotiff::Crs;
use crate::units::LonLat;

/// How far a straight line in the plane may run from the edge it stands for, in metres. An edge of the outline is
/// straight in longitude and latitude, as GeoJSON has it.
const TOLERANCE_M: f64 = 0.05;
/// The same in degrees, for planes of degrees.
const TOLERANCE_DEG: f64 = 5e-7;
/// Edges shorter than this, in degrees (some 100 m), are not bent by more than a few millimetres in any projection.
const SHORT_DEG: f64 = 0.001;
/// Edges longer than this are halved whatever the test of their middle says: an S lies straight in its middle.
const LONG_DEG: f64 = 0.25;
/// Halvings of one edge at most.
const DEPTH: u32 = 16;

/// The rings of an area in a plane (x east, y north), outlines with positive and holes with negative area; the last point
/// of a ring is not repeated. `None` where the area reaches beyond what the plane can show.
pub(super) fn rings(area: &MultiPolygon<f64>, crs: &Crs) -> Option<Vec<Ring>> {
    let all: Vec<(&LineString<f64>, f64)> = area
        .iter()
        .flat_map(|p| std::iter::once((p.exterior(), 1.0)).chain(p.interiors().iter().map(|hole| (hole, -1.0))))
        .collect();
    all.into_par_iter().map(|(ring, sign)| in_plane(ring, sign, crs)).collect()
}

fn in_plane(ring: &LineString<f64>, sign: f64, crs: &Crs) -> Option<Ring> {
    let mut points = Ring::with_capacity(ring.0.len());
    if crs.is_wgs84() {
        points.extend(ring.coords().map(|c| [c.x, c.y]));
    } else {
        let tolerance = crs.unit_m().map_or(TOLERANCE_DEG, |unit_m| TOLERANCE_M / unit_m);
        let mut before: Option<(Coord, [f64; 2])> = None;
        for &to in ring.coords() {
            let at = plane_of(crs, to)?;
            if let Some(from) = before {
                follow(crs, tolerance, from, (to, at), DEPTH, &mut points)?;
            }
            points.push(at);
            before = Some((to, at));
        }
    }
    if points.len() > 1 && points.first() == points.last() {
        points.pop();
    }
    if area_of(&points) * sign < 0.0 {
        points.reverse();
    }
    Some(points)
}

fn plane_of(crs: &Crs, at: Coord) -> Option<[f64; 2]> {
    crs.to_plane(LonLat { lon: at.x, lat: at.y })
}

/// Adds the points between two corners that keep the straight pieces near the true edge. Both directions of an edge
/// give the same points, so that neighbours still share it.
fn follow(
    crs: &Crs,
    tolerance: f64,
    from: (Coord, [f64; 2]),
    to: (Coord, [f64; 2]),
    depth: u32,
    out: &mut Ring,
) -> Option<()> {
    let length_deg = (to.0.x - from.0.x).abs().max((to.0.y - from.0.y).abs());
    if depth == 0 || length_deg <= SHORT_DEG {
        return Some(());
    }
    let middle = Coord { x: (from.0.x + to.0.x) / 2.0, y: (from.0.y + to.0.y) / 2.0 };
    let at = plane_of(crs, middle)?;
    let off = [at[0] - (from.1[0] + to.1[0]) / 2.0, at[1] - (from.1[1] + to.1[1]) / 2.0];
    if length_deg > LONG_DEG || off[0].hypot(off[1]) > tolerance {
        follow(crs, tolerance, from, (middle, at), depth - 1, out)?;
        out.push(at);
        follow(crs, tolerance, (middle, at), to, depth - 1, out)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use geo::{Contains, Distance, Euclidean, Point};

    use super::*;
    use crate::ingest::testkit::{polygon, rectangle, ring};

    #[test]
    fn long_edges_are_followed_within_a_metre() {
        // 10 degrees a side, slanted; in Mollweide the straight chord of a slanted edge lies kilometres off.
        let corners = [(100.0, 10.0), (110.0, 14.0), (106.0, 24.0), (96.0, 20.0)];
        for crs in [Crs::mollweide(0.0).unwrap(), Crs::from_epsg(32648).unwrap(), Crs::from_epsg(3405).unwrap()] {
            let found = rings(&MultiPolygon(vec![polygon(&corners)]), &crs).unwrap();
            assert!((50..10_000).contains(&found[0].len()), "{}", found[0].len());
            let line =
                LineString(found[0].iter().chain(found[0].first()).map(|p| Coord { x: p[0], y: p[1] }).collect());
            for (a, b) in corners.iter().zip(corners.iter().cycle().skip(1)) {
                for i in 0..997 {
                    let part = f64::from(i) / 997.0;
                    let at = LonLat { lon: a.0 + part * (b.0 - a.0), lat: a.1 + part * (b.1 - a.1) };
                    let [x, y] = crs.to_plane(at).unwrap();
                    let off_m = Euclidean.distance(&Point::new(x, y), &line);
                    assert!(off_m < 0.2, "{crs:?}: {at:?} is {off_m} m off");
                }
            }
        }
    }

    #[test]
    fn outlines_are_positive_and_holes_negative() {
        let mut outline = polygon(&[(100.0, 10.0), (100.0, 12.0), (102.0, 12.0), (102.0, 10.0)]);
        outline.interiors_push(ring(&[(100.5, 10.5), (101.0, 10.5), (101.0, 11.0), (100.5, 11.0)]));
        assert!(outline.contains(&Point::new(101.5, 11.5)));
        let area = MultiPolygon(vec![outline]);
        for crs in [Crs::wgs84(), Crs::mollweide(0.0).unwrap()] {
            let found = rings(&area, &crs).unwrap();
            assert!(area_of(&found[0]) > 0.0 && area_of(&found[1]) < 0.0);
        }
    }

    #[test]
    fn what_a_plane_cannot_show_is_none() {
        assert_eq!(rings(&rectangle(0.0, -95.0, 1.0, 0.0), &Crs::mollweide(0.0).unwrap()), None);
    }
}
