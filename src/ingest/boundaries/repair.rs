//! From the rings of a file to sound polygons: what is broken is repaired where that is safe, and told, else refused.
//!
//! Safe is what hardly changes which places lie inside: closing a ring whose ends nearly meet, taking out spikes and
//! rings without any width, parting rings that touch or cross themselves where less than 1 % of the area changes.

use geo::orient::{Direction, Orient};
use geo::{Area, BooleanOps, ChamberlainDuquetteArea, Coord, LineString, MultiPolygon, Polygon, unary_union};
use geojson::{GeometryValue, Position};

use super::rings;
use crate::error::Fault;
use crate::units::LonLat;

/// The widest gap that is closed between a ring's ends, as a share of the ring's length.
const WIDEST_GAP: f64 = 0.05;
/// The largest change of a feature's area by untangling its rings.
const LARGEST_CHANGE: f64 = 0.01;
/// The largest share of the outlines that is no area but rounding.
const NO_AREA: f64 = 1e-12;

/// What was done to the rings of one feature.
#[derive(Default)]
struct Mends {
    /// The widest gap closed in metres, and how many.
    closed: Option<(f64, usize)>,
    spikes: usize,
    flat: usize,
}

/// The polygons of a geometry, checked, repaired and oriented, and what was repaired. The fault has no file or place yet.
pub(super) fn shape_of(geometry: Option<GeometryValue>) -> Result<(MultiPolygon<f64>, Option<String>), Fault> {
    let polygons = match geometry {
        Some(GeometryValue::Polygon { coordinates }) => vec![coordinates],
        Some(GeometryValue::MultiPolygon { coordinates }) => coordinates,
        other => {
            let found = other.map_or("none", |g| g.type_name());
            return Err(Fault::new("boundaries::geometry", format!("the geometry is {found}"))
                .help("an area needs a Polygon or a MultiPolygon"));
        }
    };
    let mut mends = Mends::default();
    let mut parts = Vec::new();
    let mut flat = Vec::new();
    let mut before_km2 = 0.0;
    for rings in &polygons {
        let mut rings = rings.iter().map(|ring| ring_of(ring, &mut mends));
        let exterior = rings.next().unwrap_or_else(|| Err(empty()))?;
        let holes: Vec<LineString<f64>> = rings.collect::<Result<_, Fault>>()?;
        before_km2 += ring_km2(&exterior) - holes.iter().map(ring_km2).sum::<f64>();
        let (exterior, holes) = (without_spikes(exterior, &mut mends), without_flat(holes, &mut mends));
        let part = Polygon::new(exterior, holes);
        if has_width(part.exterior()) { &mut parts } else { &mut flat }.push(part);
    }
    // A part without width is left out beside others; alone it is what the file holds, and refused below.
    if parts.is_empty() {
        parts = flat;
    } else {
        mends.flat += flat.len();
    }
    if parts.is_empty() {
        return Err(empty());
    }
    let shape = MultiPolygon(parts).orient(Direction::Default);
    let (shape, tangle) = match rings::defect(&shape) {
        None => (shape, None),
        Some(defect) => (untangle(&shape, &defect, before_km2)?, Some(defect)),
    };
    let outlines: f64 = shape.iter().map(|part| ring_area(part.exterior())).sum();
    if shape.unsigned_area() <= outlines * NO_AREA {
        return Err(Fault::new("boundaries::empty", "its holes fill its outline, so that nothing lies inside")
            .help("leave the feature out, or draw the outline without what is cut out of it"));
    }
    let note = mends.told(tangle).map(|told| {
        let after_km2 = shape.chamberlain_duquette_unsigned_area() / 1e6;
        format!("{told}; its area was {before_km2:.6} km² and is {after_km2:.6} km²")
    });
    Ok((shape, note))
}

impl Mends {
    /// What was done, or `None` where nothing was.
    fn told(&self, tangle: Option<String>) -> Option<String> {
        let mut told = Vec::new();
        if let Some((metres, rings)) = self.closed {
            told.push(format!("closed {rings} ring(s) whose ends lay up to {metres:.1} m apart"));
        }
        if self.spikes > 0 {
            told.push(format!("took out {} spike(s)", self.spikes));
        }
        if self.flat > 0 {
            told.push(format!("left out {} ring(s) without any width", self.flat));
        }
        if let Some(defect) = tangle {
            told.push(format!("parted rings, since {defect}"));
        }
        (!told.is_empty()).then(|| told.join("; "))
    }
}

fn empty() -> Fault {
    Fault::new("boundaries::empty", "the geometry has no coordinates").help("leave the feature out or draw its outline")
}

/// A closed ring, its corners as they stand in the file.
fn ring_of(ring: &[Position], mends: &mut Mends) -> Result<LineString<f64>, Fault> {
    let mut corners = ring
        .iter()
        .map(|position| match position.as_slice() {
            [x, y, ..] if (-180.0..=180.0).contains(x) && (-90.0..=90.0).contains(y) => Ok(Coord { x: *x, y: *y }),
            [x, y, ..] => {
                let cause = if (-90.0..=90.0).contains(x) && (-180.0..=180.0).contains(y) {
                    "latitude seems to stand first; write longitude, latitude"
                } else {
                    "these seem to be projected metres; reproject with `ogr2ogr -t_srs EPSG:4326`"
                };
                Err(Fault::new("boundaries::coordinates", format!("{x}, {y} is no place on the Earth in degrees"))
                    .help(format!("longitudes run from -180 to 180, latitudes from -90 to 90; {cause}")))
            }
            _ => Err(Fault::new("boundaries::coordinates", "a position has fewer than two numbers")
                .help("a position is [longitude, latitude]")),
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    let (Some(&first), Some(&last)) = (corners.first(), corners.last()) else { return Err(empty()) };
    if first != last {
        let gap_m = metres(first, last);
        let length_m: f64 = corners.windows(2).map(|pair| metres(pair[0], pair[1])).sum();
        if gap_m > WIDEST_GAP * length_m {
            let found = format!(
                "a ring starts at {}, {} and ends at {}, {}, {gap_m:.0} m apart",
                first.x, first.y, last.x, last.y
            );
            let help = "the last position of a ring must repeat the first (RFC 7946, section 3.1.6); gaps of up to 5 % \
                        of a ring's length are closed";
            return Err(Fault::new("boundaries::rings", found).help(help));
        }
        let (widest, rings) = mends.closed.unwrap_or((0.0, 0));
        mends.closed = Some((widest.max(gap_m), rings + 1));
        corners.push(first);
    }
    Ok(LineString(corners))
}

fn metres(a: Coord<f64>, b: Coord<f64>) -> f64 {
    LonLat { lon: a.x, lat: a.y }.metres_to(LonLat { lon: b.x, lat: b.y })
}

fn ring_area(ring: &LineString<f64>) -> f64 {
    Polygon::new(ring.clone(), vec![]).unsigned_area()
}

fn ring_km2(ring: &LineString<f64>) -> f64 {
    Polygon::new(ring.clone(), vec![]).chamberlain_duquette_unsigned_area() / 1e6
}

/// The ring without corners where it turns back on itself; the ring itself where there is none.
fn without_spikes(ring: LineString<f64>, mends: &mut Mends) -> LineString<f64> {
    let mut corners: Vec<Coord<f64>> = Vec::with_capacity(ring.0.len());
    let mut spikes = 0;
    // The last corner repeats the first.
    for &corner in ring.0.iter().take(ring.0.len().saturating_sub(1)) {
        corners.push(corner);
        spikes += settle(&mut corners);
    }
    // Spikes at the seam: the ring is turned by one corner until both its ends are quiet.
    loop {
        let n = corners.len();
        if n < 3 {
            break;
        }
        if corners[n - 1] == corners[0] {
            corners.pop();
        } else if rings::turns_back(corners[n - 2], corners[n - 1], corners[0]) {
            corners.pop();
            spikes += 1;
        } else if rings::turns_back(corners[n - 1], corners[0], corners[1]) {
            corners.remove(0);
            spikes += 1;
        } else {
            break;
        }
    }
    if spikes == 0 {
        return ring;
    }
    mends.spikes += spikes;
    corners.extend(corners.first().copied());
    LineString(corners)
}

/// Takes repeated corners and spikes from the end of a line; how many spikes there were.
fn settle(corners: &mut Vec<Coord<f64>>) -> usize {
    let mut spikes = 0;
    loop {
        match *corners.as_slice() {
            [.., a, b] if a == b => {
                corners.pop();
            }
            [.., a, b, c] if rings::turns_back(a, b, c) => {
                corners.truncate(corners.len() - 2);
                corners.push(c);
                spikes += 1;
            }
            _ => return spikes,
        }
    }
}

fn without_flat(holes: Vec<LineString<f64>>, mends: &mut Mends) -> Vec<LineString<f64>> {
    let count = holes.len();
    let kept: Vec<_> = holes.into_iter().map(|hole| without_spikes(hole, mends)).filter(has_width).collect();
    mends.flat += count - kept.len();
    kept
}

/// Whether the ring has at least three different corners in a row.
fn has_width(ring: &LineString<f64>) -> bool {
    ring.lines().filter(|line| line.start != line.end).count() >= 3
}

/// The shape with its rings parted where they touch or cross: what lies an odd number of times within an outline and in
/// no hole.
fn untangle(shape: &MultiPolygon<f64>, defect: &str, before_km2: f64) -> Result<MultiPolygon<f64>, Fault> {
    let nothing = MultiPolygon::<f64>(vec![]);
    let plain = |ring: &LineString<f64>| Polygon::new(ring.clone(), vec![]).union(&nothing);
    let parts: Vec<MultiPolygon<f64>> = shape
        .iter()
        .map(|part| {
            let holes: Vec<MultiPolygon<f64>> = part.interiors().iter().map(plain).collect();
            plain(part.exterior()).difference(&unary_union(&holes))
        })
        .collect();
    let parted = unary_union(&parts).orient(Direction::Default);
    let after_km2 = parted.chamberlain_duquette_unsigned_area() / 1e6;
    let change = (after_km2 - before_km2).abs() / before_km2.abs().max(after_km2);
    let sound = !parted.0.is_empty() && rings::defect(&parted).is_none();
    if sound && change < LARGEST_CHANGE {
        return Ok(parted);
    }
    let help = if sound {
        format!(
            "repair the polygon, for example with `ogr2ogr -makevalid` or QGIS \"Fix geometries\"; it is not done here, \
             since its area would go from {before_km2:.6} to {after_km2:.6} km²"
        )
    } else {
        "repair the polygon, for example with `ogr2ogr -makevalid` or QGIS \"Fix geometries\"".to_owned()
    };
    Err(Fault::new("boundaries::rings", defect).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shape and the note of a polygon with these rings, longitude and latitude in degrees.
    fn of(rings: &[&[(f64, f64)]]) -> Result<(MultiPolygon<f64>, Option<String>), Fault> {
        let coordinates = rings.iter().map(|ring| ring.iter().map(|&at| Position::from(at)).collect()).collect();
        shape_of(Some(GeometryValue::Polygon { coordinates }))
    }

    fn plane_area(shape: &MultiPolygon<f64>) -> f64 {
        shape.unsigned_area()
    }

    #[test]
    fn a_sound_ring_has_no_note_whatever_its_winding() {
        // Clockwise, with a corner twice and one on a straight side.
        let (shape, note) = of(&[&[(0., 0.), (0., 1.), (0., 1.), (0., 2.), (2., 2.), (2., 0.), (0., 0.)]]).unwrap();
        assert_eq!((note, plane_area(&shape)), (None, 4.0));
        use geo::Winding;
        assert!(shape.0[0].exterior().is_ccw());
    }

    #[test]
    fn a_small_gap_is_closed_and_a_wide_one_refused() {
        // Near the equator a degree is 111,195 m: a gap of 0.1° in a ring of 7.9° is 1.3 %.
        let (shape, note) = of(&[&[(0., 0.), (2., 0.), (2., 2.), (0., 2.), (0., 0.1)]]).unwrap();
        assert_eq!(plane_area(&shape), 4.0);
        assert!(
            note.as_ref().unwrap().starts_with("closed 1 ring(s) whose ends lay up to 11119.5 m apart; "),
            "{note:?}"
        );
        // 0.5° of 7.5° is 6.7 %.
        let wide = of(&[&[(0., 0.), (2., 0.), (2., 2.), (0., 2.), (0., 0.5)]]).unwrap_err();
        assert_eq!(wide.code, "boundaries::rings");
        assert!(wide.message.contains("55598 m apart"), "{wide}");
    }

    #[test]
    fn spikes_go_and_the_area_stays() {
        // Up from (2,1) to (2,3) and back; then one whose tip is the first corner; then one on a spike.
        for ring in [
            &[(0., 0.), (2., 0.), (2., 1.), (2., 3.), (2., 1.), (0., 1.), (0., 0.)][..],
            &[(-1., 0.), (2., 0.), (2., 1.), (0., 1.), (0., 0.), (-1., 0.)],
            &[(0., 0.), (-1., 0.), (0., 0.), (2., 0.), (2., 1.), (0., 1.), (0., 0.)],
            &[(0., 0.), (2., 0.), (2., 1.), (3., 2.), (3., 4.), (3., 2.), (2., 1.), (0., 1.), (0., 0.)],
        ] {
            let (shape, note) = of(&[ring]).unwrap();
            assert_eq!(plane_area(&shape), 2.0, "{ring:?}");
            assert!(note.as_ref().unwrap().contains("spike(s)"), "{note:?}");
        }
        // Nothing but a spike is no area.
        assert_eq!(of(&[&[(0., 0.), (1., 0.), (2., 0.), (0., 0.)]]).unwrap_err().code, "boundaries::rings");
    }

    #[test]
    fn a_flat_hole_is_left_out() {
        let square = &[(0., 0.), (4., 0.), (4., 4.), (0., 4.), (0., 0.)][..];
        let (shape, note) = of(&[square, &[(1., 1.), (2., 2.), (1., 1.)]]).unwrap();
        assert!(shape.0[0].interiors().is_empty());
        assert!(note.unwrap().contains("left out 1 ring(s) without any width"));
    }

    /// Found by `whatever_is_let_in_is_sound`.
    #[test]
    fn a_hole_as_large_as_its_outline_leaves_nothing() {
        let ring = &[(5., 2.), (0., 0.), (3., 2.), (5., 2.)][..];
        let turned = &[(0., 0.), (5., 2.), (3., 2.), (0., 0.)][..];
        for rings in [[ring, ring], [ring, turned]] {
            let fault = of(&rings).unwrap_err();
            assert_eq!(
                (fault.code, fault.message.contains("fill its outline")),
                ("boundaries::empty", true),
                "{fault}"
            );
        }
        // Two holes side by side do it too.
        let square = &[(0., 0.), (2., 0.), (2., 1.), (0., 1.), (0., 0.)][..];
        let half = |west: f64| [(west, 0.), (west, 1.), (west + 1., 1.), (west + 1., 0.), (west, 0.)];
        assert_eq!(of(&[square, &half(0.), &half(1.)]).unwrap_err().code, "boundaries::empty");
        assert!(of(&[square, &half(0.)]).is_ok());
    }

    #[test]
    fn a_ring_that_touches_itself_is_parted() {
        // A square of 4 with a notch that ends in the corner (1,0) of its base: 4 less the triangle of 2 is 2.
        let (shape, note) = of(&[&[(0., 0.), (1., 0.), (2., 0.), (2., 2.), (1., 0.), (0., 2.), (0., 0.)]]).unwrap();
        assert!((plane_area(&shape) - 2.0).abs() < 1e-6, "{}", plane_area(&shape));
        assert_eq!(shape.0.len(), 2);
        assert!(note.unwrap().contains("parted rings, since its outline crosses itself near"));
    }

    #[test]
    fn a_small_bow_tie_is_parted_and_a_large_one_refused() {
        // The square of 2 × 2 with a loop of 0.1 × 0.1 / 2 beyond its corner: the ends of two sides are swapped.
        let (shape, note) =
            of(&[&[(0., 0.), (2., 0.), (2., 1.9), (1.9, 2.1), (2.0, 2.1), (1.9, 1.95), (0., 2.), (0., 0.)]]).unwrap();
        assert!((plane_area(&shape) - 3.95).abs() < 0.06, "{}", plane_area(&shape));
        assert!(note.unwrap().contains("km²"));
        let large = of(&[&[(0., 0.), (2., 2.), (2., 0.), (0., 2.), (0., 0.)]]).unwrap_err();
        assert_eq!(large.message, "its outline crosses itself near 0.000000, 0.000000");
        assert!(large.help.unwrap().contains("its area would go from 0.0"));
    }

    #[test]
    fn a_hole_outside_does_not_become_land() {
        // The hole of 0.1 × 0.1 lies apart: 1600 times smaller than the square, it is forgotten.
        let square = &[(0., 0.), (4., 0.), (4., 4.), (0., 4.), (0., 0.)][..];
        let (shape, note) = of(&[square, &[(5., 1.), (5., 1.1), (5.1, 1.1), (5.1, 1.), (5., 1.)]]).unwrap();
        assert!((plane_area(&shape) - 16.0).abs() < 1e-6);
        assert!(note.unwrap().contains("a hole near 5.000000, 1.000000 lies outside its outline"));
    }

    #[test]
    fn parts_that_overlap_a_little_become_one() {
        let ring = |(west, south): (f64, f64), (east, north): (f64, f64)| {
            let corners = [(west, south), (east, south), (east, north), (west, north), (west, south)];
            vec![corners.map(Position::from).to_vec()]
        };
        // 2 × 2 and 2 × 1 share 0.01 × 1: 6 by the parts, 5.99 together, 0.17 % less.
        let coordinates = vec![ring((0., 0.), (2., 2.)), ring((1.99, 0.5), (3.99, 1.5))];
        let (shape, note) = shape_of(Some(GeometryValue::MultiPolygon { coordinates })).unwrap();
        assert!((plane_area(&shape) - 5.99).abs() < 1e-6, "{}", plane_area(&shape));
        assert_eq!(shape.0.len(), 1);
        assert!(note.is_some());
    }

    proptest::proptest! {
        /// Rings on a small grid touch, cross and retrace themselves in every way: what comes out is sound, and its area
        /// is that of the rings but for 1 %.
        #[test]
        fn whatever_is_let_in_is_sound(
            outer in proptest::collection::vec((0_i32..6, 0_i32..6), 3..12),
            hole in proptest::collection::vec((0_i32..6, 0_i32..6), 0..7),
        ) {
            let closed = |ring: &[(i32, i32)]| -> Vec<Position> {
                ring.iter().chain(ring.first()).map(|&(x, y)| Position::from([f64::from(x), f64::from(y)])).collect()
            };
            let mut coordinates = vec![closed(&outer)];
            if !hole.is_empty() {
                coordinates.push(closed(&hole));
            }
            if let Ok((shape, _)) = shape_of(Some(GeometryValue::Polygon { coordinates })) {
                assert_eq!(rings::defect(&shape), None);
                assert!(plane_area(&shape) > 0.0);
            }
        }
    }
}
