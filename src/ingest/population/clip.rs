//! How much of each pixel lies in the study area: exact areas, not samples.
//!
//! The area's rings are cut along pixel borders, first into rows, then into columns, by halving. A ring cut by a
//! straight line (Sutherland and Hodgman, 1974) may run along the cut more than once, but those runs cancel in the
//! signed area and its first moments, which are all that is asked for. The work grows with the corners of the outline
//! and the pixels on it; pixels in the inside are found as whole blocks.

use std::ops::Range;

use crate::error::Result;
use crate::ingest::geotiff::Grid;

/// A share closer than this to 0 or 1 is 0 or 1: float rounding of the cuts.
const ROUNDING: f64 = 1e-9;

/// A pixel that lies in the study area, wholly or in part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PixelShare {
    pub(super) column: u32,
    /// The part of the pixel's area in the study area: over 0, and exactly 1 for the whole.
    pub(super) share: f64,
    /// A place in that part, in pixels from the pixel's north-west corner, 0 to 1: its centre of gravity, or where that
    /// lies outside the part, the middle of a wide stretch of it; (0.5, 0.5) for the whole.
    pub(super) centre: (f64, f64),
}

/// A closed line of corners x, y; the last is not repeated.
pub(super) type Ring = Vec<[f64; 2]>;

/// Visits each row of the grid that meets the area, from north to south, with its pixels from west to east. The rings
/// are those of [`super::plane::rings`] in the grid's plane.
///
/// # Errors
/// Whatever the visitor returns.
pub(super) fn for_each_row(
    rings: &[Ring],
    grid: &Grid,
    mut visit: impl FnMut(u32, &[PixelShare]) -> Result<()>,
) -> Result<()> {
    // In pixels from the north-west corner, x east and y south: a mirror, so that rings are turned round to keep the sign
    // of their area.
    let in_pixels = |ring: &Ring| ring.iter().rev().map(|&p| grid.in_pixels(p)).collect();
    let rings = rings.iter().map(in_pixels).collect();
    let (west, rings) = split(rings, 0, f64::from(grid.width));
    drop(rings);
    let (_, rings) = split(west, 0, 0.0);
    let (north, _) = split(rings, 1, f64::from(grid.height));
    let (_, rings) = split(north, 1, 0.0);
    let mut pixels = Vec::new();
    rows(rings, 0..grid.height, &mut |row, rings| {
        pixels.clear();
        let columns = extent(&rings, 0, grid.width);
        columns_of(rings, columns, f64::from(row), &mut pixels);
        if pixels.is_empty() { Ok(()) } else { visit(row, &pixels) }
    })
}

/// Cuts rings into the parts below and above `at` on an axis (0 = x, 1 = y). Parts without area are dropped.
pub(super) fn split(rings: Vec<Ring>, axis: usize, at: f64) -> (Vec<Ring>, Vec<Ring>) {
    let (mut low, mut high) = (Vec::new(), Vec::new());
    for ring in rings {
        if ring.iter().all(|p| p[axis] <= at) {
            low.push(ring);
        } else if ring.iter().all(|p| p[axis] >= at) {
            high.push(ring);
        } else {
            low.push(cut(&ring, axis, at, |v| v <= at));
            high.push(cut(&ring, axis, at, |v| v >= at));
        }
    }
    // A ring pressed flat onto the cut, or left with fewer than 3 points, has no area.
    let solid = |ring: &Ring| ring.len() > 2 && ring.iter().any(|p| p[axis] != at);
    low.retain(solid);
    high.retain(solid);
    (low, high)
}

/// The part of a ring on one side of a line, by Sutherland and Hodgman.
fn cut(ring: &Ring, axis: usize, at: f64, inside: impl Fn(f64) -> bool) -> Ring {
    let mut out = Ring::with_capacity(ring.len());
    let Some(mut from) = ring.last().copied() else { return out };
    for &to in ring {
        if inside(from[axis]) != inside(to[axis]) {
            let part = (at - from[axis]) / (to[axis] - from[axis]);
            let mut crossing = [0.0; 2];
            crossing[axis] = at;
            crossing[1 - axis] = from[1 - axis] + part * (to[1 - axis] - from[1 - axis]);
            out.push(crossing);
        }
        if inside(to[axis]) {
            out.push(to);
        }
        from = to;
    }
    out
}

fn rows(rings: Vec<Ring>, range: Range<u32>, visit: &mut impl FnMut(u32, Vec<Ring>) -> Result<()>) -> Result<()> {
    let used = extent(&rings, 1, range.end);
    let range = range.start.max(used.start)..range.end.min(used.end);
    if rings.is_empty() || range.is_empty() {
        return Ok(());
    }
    if range.len() == 1 {
        return visit(range.start, rings);
    }
    let middle = range.start + (range.end - range.start) / 2;
    let (north, south) = split(rings, 1, f64::from(middle));
    rows(north, range.start..middle, visit)?;
    rows(south, middle..range.end, visit)
}

fn columns_of(rings: Vec<Ring>, range: Range<u32>, row: f64, out: &mut Vec<PixelShare>) {
    if rings.is_empty() || range.is_empty() {
        return;
    }
    let origin = [f64::from(range.start), row];
    let sums = rings.iter().map(|ring| moments(ring, origin)).fold((0.0, 0.0, 0.0), add);
    let whole = f64::from(range.end - range.start);
    if (sums.0 - whole).abs() <= ROUNDING {
        out.extend(range.map(|column| PixelShare { column, share: 1.0, centre: (0.5, 0.5) }));
        return;
    }
    if range.len() == 1 {
        if sums.0 > ROUNDING {
            let centre = place_in(&rings, origin, (sums.1 / sums.0, sums.2 / sums.0));
            let centre = (centre.0.clamp(0.0, 1.0), centre.1.clamp(0.0, 1.0));
            out.push(PixelShare { column: range.start, share: sums.0.min(1.0), centre });
        }
        return;
    }
    let middle = range.start + (range.end - range.start) / 2;
    let (west, east) = split(rings, 0, f64::from(middle));
    columns_of(west, range.start..middle, row, out);
    columns_of(east, middle..range.end, row, out);
}

/// The centre of gravity of rings if they hold it, else the middle of their widest stretch from west to east among 16
/// heights (or, where these miss a thin part, the heights between its corners). All about the origin.
pub(super) fn place_in(rings: &[Ring], origin: [f64; 2], centre: (f64, f64)) -> (f64, f64) {
    let (x, y) = (centre.0 + origin[0], centre.1 + origin[1]);
    if stretches(rings, y).iter().any(|&(west, east)| west < x && x < east) {
        return centre;
    }
    let heights = || rings.iter().flatten().map(|p| p[1]);
    let north = heights().fold(f64::INFINITY, f64::min);
    let south = heights().fold(f64::NEG_INFINITY, f64::max);
    let levels = (0..16).map(|i| north + (south - north) * (f64::from(i) + 0.5) / 16.0);
    let mut best = (0.0, centre);
    // A cut ring may run along the cut far beyond its part, which may then lie between all 16 heights: but never between
    // all the middles between corners.
    let mut corners: Vec<f64> = heights().collect();
    corners.sort_by(f64::total_cmp);
    let between = corners.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0);
    for (i, y) in levels.chain(between).enumerate() {
        if i >= 16 && best.0 > 0.0 {
            break;
        }
        for (west, east) in stretches(rings, y) {
            // Clearly wider only, so that rounding does not choose between equals.
            if east - west > best.0 * (1.0 + ROUNDING) {
                best = (east - west, ((west + east) / 2.0 - origin[0], y - origin[1]));
            }
        }
    }
    best.1
}

/// From where to where rings hold the line at height `y`, by counting crossings.
fn stretches(rings: &[Ring], y: f64) -> Vec<(f64, f64)> {
    let mut crossings = Vec::new();
    for ring in rings {
        let Some(mut from) = ring.last() else { continue };
        for to in ring {
            if (from[1] <= y) != (to[1] <= y) {
                crossings.push(from[0] + (y - from[1]) / (to[1] - from[1]) * (to[0] - from[0]));
            }
            from = to;
        }
    }
    crossings.sort_by(f64::total_cmp);
    crossings.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
}

fn add(a: (f64, f64, f64), b: (f64, f64, f64)) -> (f64, f64, f64) {
    (a.0 + b.0, a.1 + b.1, a.2 + b.2)
}

/// Signed area of a ring and the first moments of that area in x and y, all about an origin near the ring (so that few
/// digits cancel).
pub(super) fn moments(ring: &Ring, origin: [f64; 2]) -> (f64, f64, f64) {
    let Some(last) = ring.last() else { return (0.0, 0.0, 0.0) };
    let about = |p: &[f64; 2]| (p[0] - origin[0], p[1] - origin[1]);
    let (mut x0, mut y0) = about(last);
    let (mut area, mut mx, mut my) = (0.0, 0.0, 0.0);
    for point in ring {
        let (x1, y1) = about(point);
        let cross = x0 * y1 - x1 * y0;
        area += cross;
        mx += cross * (x0 + x1);
        my += cross * (y0 + y1);
        (x0, y0) = (x1, y1);
    }
    (area / 2.0, mx / 6.0, my / 6.0)
}

/// Signed area of a ring, positive where it runs anticlockwise (x east, y north).
pub(super) fn area_of(ring: &Ring) -> f64 {
    moments(ring, ring.first().copied().unwrap_or_default()).0
}

/// The pixels that the rings touch on an axis, within 0 to `limit`.
fn extent(rings: &[Ring], axis: usize, limit: u32) -> Range<u32> {
    let values = || rings.iter().flatten().map(|p| p[axis]);
    let low = values().fold(f64::INFINITY, f64::min);
    let high = values().fold(f64::NEG_INFINITY, f64::max);
    // `as` saturates, so infinities of an empty list give an empty range.
    (low.floor() as u32).min(limit)..(high.ceil() as u32).min(limit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use geo::MultiPolygon;

    use super::super::plane;
    use super::*;
    use crate::ingest::geotiff::Crs;
    use crate::ingest::testkit::{polygon, rectangle, ring};

    /// Pixels of 1 degree from 0° E, 10° N: pixel (x, y) has its north-west corner at longitude x, latitude 10 - y.
    const GRID: Grid = Grid { width: 10, height: 10, west: 0.0, north: 10.0, pixel_width: 1.0, pixel_height: 1.0 };

    fn pixels(area: &MultiPolygon<f64>) -> Vec<(u32, PixelShare)> {
        let mut all = Vec::new();
        for_each_row(&plane::rings(area, &Crs::wgs84()).unwrap(), &GRID, |row, pixels| {
            all.extend(pixels.iter().map(|p| (row, *p)));
            Ok(())
        })
        .unwrap();
        all
    }

    #[test]
    fn a_box_off_the_grid_lines() {
        // 1.5 to 3.0 east, 8.25 to 10 north: columns 1 (half) and 2 (whole), rows 0 (whole) and 1 (three quarters).
        let found = pixels(&rectangle(1.5, 8.25, 3.0, 10.0));
        let pixel = |column, share, x, y| PixelShare { column, share, centre: (x, y) };
        assert_eq!(
            found,
            [
                (0, pixel(1, 0.5, 0.75, 0.5)),
                (0, pixel(2, 1.0, 0.5, 0.5)),
                (1, pixel(1, 0.375, 0.75, 0.375)),
                (1, pixel(2, 0.75, 0.5, 0.375)),
            ]
        );
    }

    #[test]
    fn a_triangle_has_its_centroid_at_a_third() {
        // Half of pixel (0, 0), with the right angle at its south-west corner: a third of the way from there.
        let found = pixels(&MultiPolygon(vec![polygon(&[(0.0, 9.0), (1.0, 9.0), (0.0, 10.0)])]));
        assert_eq!(found.len(), 1);
        let PixelShare { share, centre, .. } = found[0].1;
        assert_eq!(share, 0.5);
        assert!((centre.0 - 1.0 / 3.0).abs() < 1e-12 && (centre.1 - 2.0 / 3.0).abs() < 1e-12, "{centre:?}");
    }

    #[test]
    fn a_hole_is_left_out_whatever_its_direction() {
        let hole = [(3.0, 3.0), (7.0, 3.0), (7.0, 7.0), (3.0, 7.0)];
        for reversed in [false, true] {
            let mut outline = polygon(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]);
            let mut corners = hole.to_vec();
            if reversed {
                corners.reverse();
            }
            outline.interiors_push(ring(&corners));
            let found = pixels(&MultiPolygon(vec![outline]));
            // 100 - 16 whole pixels and no parts.
            assert_eq!(found.len(), 84);
            assert!(found.iter().all(|(_, p)| p.share == 1.0));
        }
    }

    #[test]
    fn two_parts_in_one_pixel_and_parts_off_the_grid() {
        // Two strips of a tenth of pixel (0, 0); the second sticks out west of the grid.
        let first = polygon(&[(0.4, 9.0), (0.5, 9.0), (0.5, 10.0), (0.4, 10.0)]);
        let second = polygon(&[(-5.0, 9.0), (0.1, 9.0), (0.1, 10.0), (-5.0, 10.0)]);
        let found = pixels(&MultiPolygon(vec![first, second]));
        assert_eq!(found.len(), 1);
        assert!((found[0].1.share - 0.2).abs() < 1e-12);
        // Their common centre of gravity, (0.45 + 0.05) / 2 = 0.25, lies in neither, so the middle of one is taken.
        let x = found[0].1.centre.0;
        assert!((x - 0.05).abs() < 1e-12 || (x - 0.45).abs() < 1e-12, "{x}");
        assert!(pixels(&rectangle(20.0, 0.0, 21.0, 1.0)).is_empty());
    }

    #[test]
    fn a_comb_whose_teeth_leave_the_row() {
        // A u of three boxes: two teeth of 0.2 by 1 in row 0 on a bar of 1 by 1 in row 1.
        let comb = polygon(&[
            (0.0, 8.0),
            (1.0, 8.0),
            (1.0, 10.0),
            (0.8, 10.0),
            (0.8, 9.0),
            (0.2, 9.0),
            (0.2, 10.0),
            (0.0, 10.0),
        ]);
        let found = pixels(&MultiPolygon(vec![comb]));
        assert!((found[0].1.share - 0.4).abs() < 1e-12);
        assert_eq!((found[1].0, found[1].1.share), (1, 1.0));
    }

    #[test]
    fn slivers_have_a_place_of_their_own() {
        // Found by chance: a star of 19 corners, all 0.3 from the middle but for three, that leaves slivers in pixels.
        let mut radii = [0.3; 19];
        (radii[7], radii[8], radii[9]) = (1.846_867_153_229_01, 0.578_348_591_312_016_1, 1.050_185_134_195_699_8);
        places_lie_in_the_star(&radii).unwrap();
    }

    /// Shares add up to the area of the star, and every place lies in it.
    fn places_lie_in_the_star(radii: &[f64]) -> Result<(), TestCaseError> {
        let n = radii.len() as f64;
        let corners: Vec<(f64, f64)> = radii
            .iter()
            .enumerate()
            .map(|(i, r)| {
                let turn = std::f64::consts::TAU * i as f64 / n;
                (5.0 + r * turn.cos(), 5.0 + r * turn.sin())
            })
            .collect();
        let area = MultiPolygon(vec![polygon(&corners)]);
        let found = pixels(&area);
        let sum: f64 = found.iter().map(|(_, p)| p.share).sum();
        prop_assert!((sum - geo::Area::unsigned_area(&area)).abs() < 1e-6, "{sum}");
        prop_assert!(found.iter().all(|(_, p)| p.share > 0.0 && p.share <= 1.0));
        for (row, p) in &found {
            let at = geo::Point::new(f64::from(p.column) + p.centre.0, 10.0 - f64::from(*row) - p.centre.1);
            // A hair's width for slivers.
            let off = geo::Distance::distance(&geo::Euclidean, &area, &at);
            prop_assert!(off < 1e-6, "{at:?} lies {off} outside, {p:?}");
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        /// A star polygon of any shape within the grid: shares add up to its area, and every place lies in it.
        #[test]
        fn shares_add_up_to_the_area(radii in prop::collection::vec(0.3f64..5.0, 3..24)) {
            places_lie_in_the_star(&radii)?;
        }

        /// Wards that tile an area: their shares of every pixel add up to 1.
        #[test]
        fn wards_tile_their_pixels(
            xs in prop::collection::vec(0.5f64..9.5, 4),
            ys in prop::collection::vec(0.5f64..9.5, 4),
        ) {
            // The grid of 10 by 10 cut into four by two bent lines that cross in one point.
            let (x, y) = (xs[0], ys[0]);
            let wards = [
                vec![(0.0, 0.0), (xs[1], 0.0), (x, y), (0.0, ys[1])],
                vec![(xs[1], 0.0), (10.0, 0.0), (10.0, ys[2]), (x, y)],
                vec![(10.0, ys[2]), (10.0, 10.0), (xs[2], 10.0), (x, y)],
                vec![(xs[2], 10.0), (0.0, 10.0), (0.0, ys[1]), (x, y)],
            ];
            let mut sums = [0.0; 100];
            for ward in wards {
                for (row, p) in pixels(&MultiPolygon(vec![polygon(&ward)])) {
                    sums[(row * 10 + p.column) as usize] += p.share;
                }
            }
            // Parts below a billionth of a pixel are dropped, at most four times.
            prop_assert!(sums.iter().all(|s| (s - 1.0).abs() < 1e-8), "{sums:?}");
        }
    }
}
