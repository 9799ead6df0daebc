//! Are these rings a polygon? Checked before anything is counted inside them.
//!
//! `geo`'s own validation compares every segment of a ring with every other; outlines of provinces have hundreds of
//! thousands of segments, so this one goes through an R-tree and stops at the first fault.

use geo::algorithm::kernels::{Kernel, Orientation, RobustKernel};
use geo::coordinate_position::{CoordPos, CoordinatePosition};
use geo::{BoundingRect, Coord, Intersects, Line, LineString, MultiPolygon, Polygon};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

/// What is wrong with the shape, with a place in it, or `None` when it is sound.
///
/// The rings are oriented: outlines anticlockwise, holes clockwise.
///
/// Sound means: every ring has at least 3 different corners, does not cross, touch or retrace itself, and crosses no
/// other ring; holes lie inside their outline; the parts of a multipolygon do not overlap. Rings may touch each other
/// at points or along lines.
pub(crate) fn defect(shape: &MultiPolygon<f64>) -> Option<String> {
    let rings: Vec<&LineString<f64>> =
        shape.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors())).collect();
    let mut segments: Vec<Segment> = Vec::new();
    for (ring_index, ring) in rings.iter().enumerate() {
        let lines: Vec<Line<f64>> = ring.lines().filter(|l| l.start != l.end).collect();
        if lines.len() < 3 {
            return Some(format!("a ring{} has fewer than 3 different corners", near(ring.0.first())));
        }
        let last = lines.len() - 1;
        segments.extend(lines.into_iter().enumerate().map(|(index, line)| Segment {
            ring: ring_index,
            index,
            last,
            line,
        }));
    }
    crossing(&segments).or_else(|| nesting(shape))
}

#[derive(Clone, Copy)]
struct Segment {
    ring: usize,
    index: usize,
    /// The index of the ring's last segment, whose end is the start of segment 0.
    last: usize,
    line: Line<f64>,
}

fn crossing(segments: &[Segment]) -> Option<String> {
    let envelope = |s: &Segment| AABB::from_corners([s.line.start.x, s.line.start.y], [s.line.end.x, s.line.end.y]);
    let tree = RTree::bulk_load(
        segments
            .iter()
            .enumerate()
            .map(|(i, s)| GeomWithData::new(Rectangle::from_aabb(envelope(s)), i))
            .collect::<Vec<_>>(),
    );
    for (i, a) in segments.iter().enumerate() {
        // The tree's order is not the file's: the lowest partner is named, so that a message never changes.
        let partner = tree
            .locate_in_envelope_intersecting(envelope(a))
            .map(|found| found.data)
            .filter(|&j| j > i && clash(a, &segments[j]))
            .min();
        if partner.is_some() {
            return Some(format!("its outline crosses itself{}", near(Some(&a.line.start))));
        }
    }
    None
}

/// Whether two segments, `a` before `b`, may not lie in one polygon.
fn clash(a: &Segment, b: &Segment) -> bool {
    if a.ring != b.ring {
        return properly_cross(a.line, b.line) || same_side(a.line, b.line);
    }
    if b.index == a.index + 1 {
        return retraces(a.line, b.line);
    }
    if a.index == 0 && b.index == b.last {
        return retraces(b.line, a.line);
    }
    a.line.intersects(&b.line)
}

/// Whether the second segment, which starts where the first ends, runs back over it.
fn retraces(first: Line<f64>, second: Line<f64>) -> bool {
    turns_back(first.start, first.end, second.end)
}

/// Whether the way from `a` over `b` to `c` runs back over itself at `b`.
pub(super) fn turns_back(a: Coord<f64>, b: Coord<f64>, c: Coord<f64>) -> bool {
    let (d1, d2) = (b - a, c - b);
    RobustKernel::orient2d(a, b, c) == Orientation::Collinear && d1.x * d2.x + d1.y * d2.y < 0.0
}

/// Whether each segment has the other's ends strictly on different sides.
fn properly_cross(a: Line<f64>, b: Line<f64>) -> bool {
    let side = |l: Line<f64>, p: Coord<f64>| RobustKernel::orient2d(l.start, l.end, p);
    let split =
        |s1: Orientation, s2: Orientation| s1 != s2 && s1 != Orientation::Collinear && s2 != Orientation::Collinear;
    split(side(a, b.start), side(a, b.end)) && split(side(b, a.start), side(b, a.end))
}

/// Whether two segments share a piece and run the same way, so that both rings have their inner side there. Neighbours
/// that share a border, and a hole on the border of its outline or filled by an island, run opposite ways.
fn same_side(a: Line<f64>, b: Line<f64>) -> bool {
    let on_a = |p: Coord<f64>| RobustKernel::orient2d(a.start, a.end, p) == Orientation::Collinear;
    let (d, e) = (a.delta(), b.delta());
    if d.x * e.x + d.y * e.y <= 0.0 || !on_a(b.start) || !on_a(b.end) {
        return false;
    }
    // Along the axis on which they are longer, both run the same way: they overlap when each starts before the other ends.
    let along = |c: Coord<f64>| if d.x.abs() > d.y.abs() { c.x * d.x.signum() } else { c.y * d.y.signum() };
    along(a.start) < along(b.end) && along(b.start) < along(a.end)
}

/// Rings that do not cross may still lie where they should not.
fn nesting(shape: &MultiPolygon<f64>) -> Option<String> {
    for part in shape {
        let outline = Polygon::new(part.exterior().clone(), vec![]);
        for hole in part.interiors() {
            if side_of(hole, &outline) == CoordPos::Outside {
                return Some(format!("a hole{} lies outside its outline", near(hole.0.first())));
            }
        }
    }
    let boxes: Vec<_> = shape.iter().map(|p| p.bounding_rect()).collect();
    for (i, a) in shape.iter().enumerate() {
        for (j, b) in shape.iter().enumerate() {
            let meet = match (boxes[i], boxes[j]) {
                (Some(first), Some(second)) => i != j && first.intersects(&second),
                _ => false,
            };
            if meet && side_of(b.exterior(), a) == CoordPos::Inside {
                return Some(format!("two of its parts overlap{}", near(b.exterior().0.first())));
            }
        }
    }
    None
}

/// Where a ring that crosses no ring of the polygon lies: decided by its first corner off the polygon's border.
fn side_of(ring: &LineString<f64>, polygon: &Polygon<f64>) -> CoordPos {
    ring.coords()
        .map(|c| polygon.coordinate_position(c))
        .find(|at| *at != CoordPos::OnBoundary)
        .unwrap_or(CoordPos::OnBoundary)
}

fn near(place: Option<&Coord<f64>>) -> String {
    place.map_or_else(String::new, |c| format!(" near {:.6}, {:.6}", c.x, c.y))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::testkit::{polygon, ring};

    fn of(polygons: Vec<Polygon<f64>>) -> Option<String> {
        defect(&MultiPolygon(polygons))
    }

    #[test]
    fn a_square_with_a_hole_is_sound() {
        let mut square = polygon(&[(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)]);
        square.interiors_push(ring(&[(1.0, 1.0), (1.0, 2.0), (2.0, 2.0), (2.0, 1.0)]));
        assert_eq!(of(vec![square]), None);
    }

    #[test]
    fn a_bow_tie_crosses_itself() {
        let found = of(vec![polygon(&[(0.0, 0.0), (2.0, 2.0), (2.0, 0.0), (0.0, 2.0)])]);
        assert_eq!(found.unwrap(), "its outline crosses itself near 0.000000, 0.000000");
    }

    #[test]
    fn a_spike_and_a_self_touch_are_refused() {
        // The spike runs from (2,1) up to (2,3) and back.
        assert!(of(vec![polygon(&[(0., 0.), (2., 0.), (2., 1.), (2., 3.), (2., 1.), (0., 1.)])]).is_some());
        // (1,0) is touched by the corner of the notch.
        assert!(of(vec![polygon(&[(0., 0.), (2., 0.), (2., 2.), (1., 0.), (0., 2.)])]).is_some());
    }

    #[test]
    fn collinear_and_repeated_corners_are_sound() {
        assert_eq!(of(vec![polygon(&[(0., 0.), (1., 0.), (1., 0.), (2., 0.), (2., 2.), (0., 2.)])]), None);
    }

    #[test]
    fn two_corners_are_no_ring() {
        assert!(of(vec![polygon(&[(0.0, 0.0), (1.0, 1.0)])]).unwrap().contains("fewer than 3"));
    }

    #[test]
    fn a_hole_outside_and_overlapping_parts_are_refused() {
        let square = polygon(&[(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)]);
        let mut holed = square.clone();
        holed.interiors_push(ring(&[(5.0, 5.0), (6.0, 5.0), (6.0, 6.0)]));
        assert!(of(vec![holed]).unwrap().contains("outside its outline"));
        let inner = polygon(&[(1.0, 1.0), (2.0, 1.0), (2.0, 2.0)]);
        assert!(of(vec![square.clone(), inner.clone()]).unwrap().contains("overlap"));
        // An island in a lake of the other part does not overlap it.
        let mut lake = square;
        lake.interiors_push(ring(&[(0.5, 0.5), (3.0, 0.5), (3.0, 3.0), (0.5, 3.0)]));
        assert_eq!(of(vec![lake, inner]), None);
    }

    #[test]
    fn parts_that_overlap_along_their_sides_are_refused() {
        // No corner of one lies strictly inside the other, and no sides cross: a strip of 1 × 2 is common to both.
        let west = polygon(&[(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)]);
        let east = polygon(&[(1.0, 0.0), (3.0, 0.0), (3.0, 2.0), (1.0, 2.0)]);
        assert!(of(vec![west.clone(), east]).is_some());
        assert!(of(vec![west.clone(), west.clone()]).is_some(), "the same part twice");
        // A hole on the border of its outline, and a hole filled by an island, overlap nothing.
        let mut notched = west.clone();
        notched.interiors_push(ring(&[(0.0, 0.5), (0.0, 1.0), (1.0, 1.0), (1.0, 0.5)]));
        assert_eq!(of(vec![notched]), None);
        let mut holed = west;
        holed.interiors_push(ring(&[(0.5, 0.5), (0.5, 1.0), (1.0, 1.0), (1.0, 0.5)]));
        let island = polygon(&[(0.5, 0.5), (1.0, 0.5), (1.0, 1.0), (0.5, 1.0)]);
        assert_eq!(of(vec![holed, island]), None);
    }

    #[test]
    fn parts_that_share_a_side_are_sound() {
        let west = polygon(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]);
        let east = polygon(&[(1.0, 0.0), (2.0, 0.0), (2.0, 1.0), (1.0, 1.0)]);
        assert_eq!(of(vec![west, east]), None);
    }
}
