//! From the ways of a relation to polygons.
//!
//! As in the OSM wiki's *Relation:multipolygon*: pieces are joined by their end nodes in any order and direction, and
//! geometry alone says which rings are outlines and which are holes, since roles are often wrong.

use std::collections::HashMap;

use geo::coordinate_position::{CoordPos, coord_pos_relative_to_ring};
use geo::orient::{Direction, Orient};
use geo::{BoundingRect, Coord, LineString, MultiPolygon, Polygon};
use rstar::RTree;
use rstar::primitives::{GeomWithData, Rectangle};

use crate::units::{EARTH_RADIUS_M, LonLat};

/// Stretches looked at to tell on which side of nodes where rings touch the area lies; beyond it any side will do.
const MAX_LOOKS: usize = 200_000_000;

/// Joins pieces (node ids of ways) to rings of at least three nodes, the last node the first again. No ring passes a
/// node twice, and rings that meet at a node touch there and do not cross: `place` tells where nodes lie. Stretches that
/// two pieces share cancel, so that areas given side by side become one.
///
/// # Errors
/// The node at which a ring stays open.
pub(super) fn join(pieces: &[&[i64]], place: impl Fn(i64) -> Option<Coord<f64>>) -> Result<Vec<Vec<i64>>, i64> {
    let pieces = parted(pieces);
    let mut ends: HashMap<i64, Vec<(usize, bool)>> = HashMap::new();
    for (i, piece) in pieces.iter().enumerate() {
        for at_end in [false, true] {
            ends.entry(if at_end { piece[piece.len() - 1] } else { piece[0] }).or_default().push((i, at_end));
        }
    }
    let mut looks = MAX_LOOKS;
    // Which end of a piece follows which.
    let mut next = vec![[(0, false); 2]; pieces.len()];
    for (&node, ends) in &mut ends {
        if ends.len() % 2 == 1 {
            continue;
        }
        if ends.len() > 2 {
            // Neighbours by direction: no pair lies on both sides of another. Of the two ways to pair neighbours the one
            // that has the area between them: so a hole that touches its outline twice parts the area.
            let mut turned: Vec<(f64, (usize, bool))> =
                ends.iter().map(|&end| (direction(node, end, &pieces, &place), end)).collect();
            turned.sort_by(|a, b| a.0.total_cmp(&b.0));
            let between = (turned[0].0 + turned[1].0) / 2.0;
            *ends = turned.into_iter().map(|(_, end)| end).collect();
            looks = looks.saturating_sub(pieces.len());
            if looks > 0 && !faces_area(node, between, &pieces, &place) {
                ends.rotate_left(1);
            }
        }
        for pair in ends.chunks_exact(2) {
            next[pair[0].0][usize::from(pair[0].1)] = pair[1];
            next[pair[1].0][usize::from(pair[1].1)] = pair[0];
        }
    }
    // The least node, so that the answer does not depend on the order of a map.
    if let Some(open) = ends.iter().filter(|(_, ends)| ends.len() % 2 == 1).map(|(node, _)| *node).min() {
        return Err(open);
    }
    let mut used = vec![false; pieces.len()];
    let mut rings = Vec::new();
    for first in 0..pieces.len() {
        let (mut piece, mut at_end, mut walk) = (first, true, Vec::new());
        while !std::mem::replace(&mut used[piece], true) {
            // Left by its end, a piece was walked forwards.
            if at_end {
                walk.extend(&pieces[piece][usize::from(!walk.is_empty())..]);
            } else {
                walk.extend(pieces[piece].iter().rev().skip(usize::from(!walk.is_empty())));
            }
            let (following, entered_at_end) = next[piece][usize::from(at_end)];
            (piece, at_end) = (following, !entered_at_end);
        }
        cut_at_repeats(&walk, &mut rings);
    }
    Ok(rings)
}

/// Whether the area lies just beside a node in a direction off all stretches there: a ray leaves it an odd number of times.
fn faces_area(node: i64, direction: f64, pieces: &[Vec<i64>], place: impl Fn(i64) -> Option<Coord<f64>>) -> bool {
    let Some(origin) = place(node) else { return true };
    let (sin, cos) = direction.sin_cos();
    // Along the ray and across it.
    let seen = |id: i64| {
        let step = place(id)? - origin;
        Some((step.x * cos + step.y * sin, step.y * cos - step.x * sin))
    };
    let mut odd = false;
    for stretch in pieces.iter().flat_map(|piece| piece.windows(2)).filter(|s| !s.contains(&node)) {
        if let (Some(a), Some(b)) = (seen(stretch[0]), seen(stretch[1])) {
            let crosses = (a.1 > 0.0) != (b.1 > 0.0) && a.0 - a.1 * (b.0 - a.0) / (b.1 - a.1) > 0.0;
            odd ^= crosses;
        }
    }
    odd
}

/// In which direction a piece leaves a node.
fn direction(
    node: i64,
    (piece, at_end): (usize, bool),
    pieces: &[Vec<i64>],
    place: impl Fn(i64) -> Option<Coord<f64>>,
) -> f64 {
    let piece = &pieces[piece];
    let other = if at_end { piece[piece.len() - 2] } else { piece[1] };
    let step = place(other).zip(place(node)).map_or(Coord { x: 0.0, y: 0.0 }, |(to, from)| to - from);
    step.y.atan2(step.x)
}

/// Pieces without repeats of a node in a row. Where stretches occur more than once or rings touch, the pieces are cut
/// into single stretches, and of each those that occur an odd number of times stay, once.
fn parted(pieces: &[&[i64]]) -> Vec<Vec<i64>> {
    let mut pieces: Vec<Vec<i64>> = pieces.iter().map(|piece| piece.to_vec()).collect();
    pieces.iter_mut().for_each(|piece| piece.dedup());
    pieces.retain(|piece| piece.len() >= 2);
    let ends = |w: &[i64]| (w[0].min(w[1]), w[0].max(w[1]));
    let mut stretches: Vec<(i64, i64)> = pieces.iter().flat_map(|piece| piece.windows(2)).map(ends).collect();
    stretches.sort_unstable();
    let mut nodes: Vec<i64> = stretches.iter().flat_map(|&(a, b)| [a, b]).collect();
    nodes.sort_unstable();
    if stretches.windows(2).all(|w| w[0] != w[1]) && nodes.windows(3).all(|w| w[0] != w[2]) {
        return pieces;
    }
    let odd = stretches.chunk_by(|a, b| a == b).filter(|same| same.len() % 2 == 1);
    odd.map(|same| vec![same[0].0, same[0].1]).collect()
}

/// Cuts a closed walk into rings that pass no node twice.
fn cut_at_repeats(walk: &[i64], rings: &mut Vec<Vec<i64>>) {
    let (mut path, mut place): (Vec<i64>, HashMap<i64, usize>) = (Vec::new(), HashMap::new());
    for &node in walk {
        if let Some(&from) = place.get(&node) {
            let mut ring = path[from..].to_vec();
            path[from + 1..].iter().for_each(|passed| {
                place.remove(passed);
            });
            path.truncate(from + 1);
            if ring.len() >= 3 {
                ring.push(node);
                rings.push(ring);
            }
        } else {
            place.insert(node, path.len());
            path.push(node);
        }
    }
}

/// Makes polygons of closed rings: a ring within an even number of others is an outline, within an odd number a hole of
/// the smallest around it. Outlines run anticlockwise, holes clockwise; the largest outline comes first.
pub(super) fn nest(mut rings: Vec<LineString<f64>>) -> MultiPolygon<f64> {
    rings.retain(|ring| doubled_area(ring) != 0.0);
    rings.sort_by(|a, b| doubled_area(b).abs().total_cmp(&doubled_area(a).abs())); // stable: the order is the file's
    let boxes = rings.iter().enumerate().filter_map(|(i, ring)| {
        let bounds = ring.bounding_rect()?;
        let corners = Rectangle::from_corners([bounds.min().x, bounds.min().y], [bounds.max().x, bounds.max().y]);
        Some(GeomWithData::new(corners, i))
    });
    let tree = RTree::bulk_load(boxes.collect());
    let mut depth = vec![0_usize; rings.len()];
    let mut outline: Vec<usize> = (0..rings.len()).collect();
    for i in 0..rings.len() {
        let Some(corner) = rings[i].0.first() else { continue };
        let around = tree.locate_all_at_point([corner.x, corner.y]).map(|found| found.data);
        // Larger rings stand before smaller ones, so the last one around is the smallest.
        if let Some(parent) = around.filter(|&j| j < i && holds(&rings[j], &rings[i])).max() {
            depth[i] = depth[parent] + 1;
            outline[i] = if depth[i] % 2 == 1 { parent } else { i };
        }
    }
    let mut holes: HashMap<usize, Vec<LineString<f64>>> = HashMap::new();
    let mut outlines = Vec::new();
    for (i, ring) in rings.into_iter().enumerate() {
        if depth[i] % 2 == 1 {
            holes.entry(outline[i]).or_default().push(ring);
        } else {
            outlines.push((i, ring));
        }
    }
    let polygon = |(i, ring)| Polygon::new(ring, holes.remove(&i).unwrap_or_default());
    MultiPolygon(outlines.into_iter().map(polygon).collect()).orient(Direction::Default)
}

/// Whether a ring lies within another that it does not cross: the first corner, or middle of a side, off the line of
/// the other decides.
fn holds(outer: &LineString<f64>, inner: &LineString<f64>) -> bool {
    let middles = inner.lines().map(|l| Coord { x: (l.start.x + l.end.x) / 2.0, y: (l.start.y + l.end.y) / 2.0 });
    for at in inner.coords().copied().chain(middles) {
        match coord_pos_relative_to_ring(at, outer) {
            CoordPos::Inside => return true,
            CoordPos::Outside => return false,
            CoordPos::OnBoundary => {}
        }
    }
    false
}

/// Twice the signed area of a ring in square degrees, from its first corner so that nothing is lost to cancellation.
fn doubled_area(ring: &LineString<f64>) -> f64 {
    let Some(&origin) = ring.0.first() else { return 0.0 };
    ring.lines().map(|l| cross(l.start - origin, l.end - origin)).sum()
}

fn cross(a: Coord<f64>, b: Coord<f64>) -> f64 {
    a.x * b.y - b.x * a.y
}

/// The area in m² on the sphere and the centroid of a shape, drawn flat around its middle latitude: to a part in a
/// thousand for shapes up to some 100 km. `None` for a shape without area.
pub(super) fn measure(shape: &MultiPolygon<f64>) -> Option<(f64, LonLat)> {
    let bounds = shape.bounding_rect()?;
    let middle = bounds.center();
    let (mut area, mut moment) = (0.0, Coord { x: 0.0, y: 0.0 });
    for ring in shape.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors())) {
        for line in ring.lines() {
            let (a, b) = (line.start - middle, line.end - middle);
            let part = cross(a, b);
            area += part;
            moment = moment + (a + b) * part;
        }
    }
    let degree_m = EARTH_RADIUS_M.to_radians();
    let area_m2 = area / 2.0 * degree_m * degree_m * middle.y.to_radians().cos();
    let centre = middle + moment / (3.0 * area);
    (area > 0.0).then_some((area_m2, LonLat { lon: centre.x, lat: centre.y }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::testkit::ring;

    /// A ring from its least node on, in the direction of the lesser neighbour.
    fn normal(ring: &[i64]) -> Vec<i64> {
        let open = &ring[..ring.len() - 1];
        let least = (0..open.len()).min_by_key(|&i| open[i]).unwrap();
        let turned: Vec<i64> = open[least..].iter().chain(&open[..least]).copied().collect();
        if turned[1] < turned[turned.len() - 1] {
            turned
        } else {
            std::iter::once(turned[0]).chain(turned[1..].iter().rev().copied()).collect()
        }
    }

    /// Nodes lie on a parabola: no three on a line.
    fn rings(pieces: &[&[i64]]) -> Result<Vec<Vec<i64>>, i64> {
        let place = |id: i64| Some(Coord { x: id as f64, y: (id * id) as f64 });
        let mut rings: Vec<_> = join(pieces, place)?.iter().map(|r| normal(r)).collect();
        rings.sort();
        Ok(rings)
    }

    #[test]
    fn pieces_in_any_order_and_direction() {
        // 1-2-3, 5-4-3 backwards, 1-6-5 backwards: one ring of six.
        assert_eq!(rings(&[&[1, 2, 3], &[5, 4, 3], &[1, 6, 5]]), Ok(vec![vec![1, 2, 3, 4, 5, 6]]));
        // Two rings at once, one of a single closed piece, a node named twice in a row.
        assert_eq!(rings(&[&[1, 2, 2, 3], &[7, 8, 9, 7], &[3, 1]]), Ok(vec![vec![1, 2, 3], vec![7, 8, 9]]));
        assert_eq!(rings(&[&[1, 2, 3], &[3, 4]]), Err(1));
        assert_eq!(rings(&[]), Ok(vec![]));
    }

    #[test]
    fn rings_that_touch_are_parted_at_the_node() {
        // Two triangles at node 1: one piece from 1 round both, or pieces that invite to change over.
        assert_eq!(rings(&[&[1, 2, 3, 1, 4, 5, 1]]), Ok(vec![vec![1, 2, 3], vec![1, 4, 5]]));
        assert_eq!(rings(&[&[2, 1], &[1, 4, 5], &[5, 1], &[1, 3, 2]]), Ok(vec![vec![1, 2, 3], vec![1, 4, 5]]));
    }

    #[test]
    fn rings_that_touch_twice_do_not_cross() {
        // A square from (0, 0) to (4, 4), nodes 1 to 4, and in it a slim rhombus from corner 1 to corner 3 by 5 (3, 1)
        // and 6 (1, 3). Two triangles with a strip between are left, joined only at the corners.
        let places = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0), (3.0, 1.0), (1.0, 3.0)];
        let place = |id: i64| places.get(id as usize - 1).map(|&(x, y)| Coord { x, y });
        let pieces: [&[i64]; 4] = [&[1, 2, 3], &[1, 5, 3], &[3, 6, 1], &[3, 4, 1]];
        let mut rings: Vec<_> = join(&pieces, place).unwrap().iter().map(|r| normal(r)).collect();
        rings.sort();
        assert_eq!(rings, [[1, 2, 3, 5], [1, 4, 3, 6]]);
        let shape = nest(rings.iter().map(|r| r.iter().chain(&r[..1]).filter_map(|&id| place(id)).collect()).collect());
        // The square is 16; half of it 8, less the triangle 1-5-3 of 4 · 2 / 2 = 4, twice.
        assert_eq!(shape.iter().map(|p| doubled_area(p.exterior()) / 2.0).collect::<Vec<_>>(), [4.0, 4.0]);
    }

    #[test]
    fn shared_stretches_cancel() {
        // Squares 1-2-3-4 and 2-5-6-3 share 2-3: together they are the hexagon.
        assert_eq!(rings(&[&[1, 2, 3, 4, 1], &[2, 5, 6, 3, 2]]), Ok(vec![vec![1, 2, 5, 6, 3, 4]]));
        // The same way twice is nothing.
        assert_eq!(rings(&[&[1, 2, 3, 1], &[1, 2, 3, 1]]), Ok(vec![]));
    }

    fn square(x: f64, y: f64, side: f64) -> LineString<f64> {
        ring(&[(x, y), (x, y + side), (x + side, y + side), (x + side, y), (x, y)])
    }

    #[test]
    fn holes_go_to_the_smallest_outline_around() {
        // A lake 10 wide with an island 6 wide, on it a pond 2 wide; another lake beside it.
        let shape =
            nest(vec![square(4.0, 4.0, 2.0), square(0.0, 0.0, 10.0), square(20.0, 0.0, 3.0), square(2.0, 2.0, 6.0)]);
        let parts: Vec<_> = shape.iter().map(|p| (p.exterior().0[0].x, p.interiors().len())).collect();
        assert_eq!(parts, [(0.0, 1), (20.0, 0), (4.0, 0)]);
        // 100 − 36 + 9 + 4 square degrees; outlines count up, holes down.
        let area: f64 =
            shape.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors())).map(doubled_area).sum();
        assert_eq!(area / 2.0, 77.0);
        // A hole that touches its outline in a corner.
        let touching = nest(vec![square(0.0, 0.0, 4.0), square(0.0, 0.0, 1.0)]);
        assert_eq!((touching.0.len(), touching.0[0].interiors().len()), (1, 1));
    }

    #[test]
    fn measures_by_hand() {
        // 0.001° square at 60° N: 111.195 m by 111.195 · cos 60.0005° = 55.596 m, 6,182.1 m².
        let (area_m2, centre) = measure(&nest(vec![square(10.0, 60.0, 0.001)])).unwrap();
        assert!((area_m2 - 6182.1).abs() < 0.5, "{area_m2}");
        assert!((centre.lon - 10.0005).abs() < 1e-9 && (centre.lat - 60.0005).abs() < 1e-9, "{centre:?}");
        // An L of three unit squares, (0,0), (1,0), (0,1): the centroid is at (5/6, 5/6).
        let l = ring(&[(0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (1.0, 1.0), (1.0, 2.0), (0.0, 2.0), (0.0, 0.0)]);
        let (_, centre) = measure(&nest(vec![l])).unwrap();
        assert!((centre.lon - 5.0 / 6.0).abs() < 1e-12 && (centre.lat - 5.0 / 6.0).abs() < 1e-12, "{centre:?}");
        assert_eq!(measure(&MultiPolygon(vec![])), None);
    }
}
