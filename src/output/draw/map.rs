//! Static maps as SVG for print: a frame in tenths of a millimetre, compact paths, a scale bar, a north arrow, and
//! numbered markers that do not hide one another's numbers.

use std::fmt::Write;

use geo::{Coord, Geometry, LineString, Simplify};

use crate::units::EARTH_RADIUS_M;

/// Detail kept of lines and outlines: a tenth of a millimetre on paper.
const DETAIL: f64 = 1.0;
/// The least that a map spans, in degrees: some 100 m.
const LEAST_SPAN: f64 = 0.001;

/// West, south, east and north in degrees.
pub type Bounds = [f64; 4];

/// Bounds that hold nothing yet.
pub const NOWHERE: Bounds = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];

/// Bounds that hold a place too; places that are no numbers are left out.
pub fn with_place(bounds: Bounds, lon: f64, lat: f64) -> Bounds {
    if !(lon.is_finite() && lat.is_finite()) {
        return bounds;
    }
    [bounds[0].min(lon), bounds[1].min(lat), bounds[2].max(lon), bounds[3].max(lat)]
}

/// Where places of the earth lie on the paper: an equirectangular projection that is true along its middle parallel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    west: f64,
    north: f64,
    per_lon: f64,
    per_lat: f64,
    /// Width in tenths of a millimetre.
    pub width: f64,
    /// Height in tenths of a millimetre.
    pub height: f64,
}

impl Frame {
    /// A frame around bounds, with a margin of 2 %, as large as fits into so many tenths of a millimetre. `None` where
    /// the bounds hold nothing.
    pub fn around(bounds: Bounds, most_width: f64, most_height: f64) -> Option<Frame> {
        let [west, south, east, north] = bounds;
        if !(west <= east && south <= north && west >= -360.0 && east <= 360.0 && south >= -90.0 && north <= 90.0) {
            return None;
        }
        let middle = [(west + east) / 2.0, (south + north) / 2.0];
        // Near a pole a degree of longitude is next to nothing; no map of people lies there.
        let narrowing = middle[1].to_radians().cos().max(0.01);
        let span = [(east - west).max(LEAST_SPAN) * 1.04, (north - south).max(LEAST_SPAN) * 1.04];
        let per_lat = (most_width / (span[0] * narrowing)).min(most_height / span[1]);
        let per_lon = per_lat * narrowing;
        Some(Frame {
            west: middle[0] - span[0] / 2.0,
            north: middle[1] + span[1] / 2.0,
            per_lon,
            per_lat,
            width: (span[0] * per_lon).round().max(1.0),
            height: (span[1] * per_lat).round().max(1.0),
        })
    }

    /// The spot of a place: tenths of a millimetre from the top left corner to the right and down.
    pub fn spot(&self, lon: f64, lat: f64) -> [f64; 2] {
        [(lon - self.west) * self.per_lon, (self.north - lat) * self.per_lat]
    }

    /// Metres on the ground of a tenth of a millimetre.
    pub fn metres(&self) -> f64 {
        EARTH_RADIUS_M.to_radians() / self.per_lat
    }

    /// Whether a spot lies in the frame.
    pub fn holds(&self, [x, y]: [f64; 2]) -> bool {
        (0.0..=self.width).contains(&x) && (0.0..=self.height).contains(&y)
    }

    /// Lines, outlines and points as the data of an SVG path; what lies wholly outside the frame is left out.
    pub fn path(&self, shape: &Geometry<f64>) -> String {
        let mut path = String::new();
        self.add(shape, &mut path);
        path
    }

    fn add(&self, shape: &Geometry<f64>, path: &mut String) {
        match shape {
            Geometry::Line(l) => self.line(&LineString::new(vec![l.start, l.end]), false, path),
            Geometry::LineString(line) => self.line(line, false, path),
            Geometry::MultiLineString(lines) => lines.iter().for_each(|l| self.line(l, false, path)),
            Geometry::Polygon(area) => self.area(area, path),
            Geometry::MultiPolygon(areas) => areas.iter().for_each(|a| self.area(a, path)),
            Geometry::GeometryCollection(all) => all.iter().for_each(|g| self.add(g, path)),
            _ => {}
        }
    }

    fn area(&self, area: &geo::Polygon<f64>, path: &mut String) {
        self.line(area.exterior(), true, path);
        area.interiors().iter().for_each(|ring| self.line(ring, true, path));
    }

    fn line(&self, line: &LineString<f64>, closed: bool, path: &mut String) {
        let spots: Vec<Coord<f64>> = line
            .coords()
            .filter(|c| c.x.is_finite() && c.y.is_finite())
            .map(|c| {
                let [x, y] = self.spot(c.x, c.y);
                Coord { x, y }
            })
            .collect();
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for c in &spots {
            (low, high) = ([low[0].min(c.x), low[1].min(c.y)], [high[0].max(c.x), high[1].max(c.y)]);
        }
        if !(low[0] <= self.width && low[1] <= self.height && high[0] >= 0.0 && high[1] >= 0.0) {
            return;
        }
        // Rings of less than half a millimetre are specks.
        if closed && high[0] - low[0] < 5.0 && high[1] - low[1] < 5.0 {
            return;
        }
        // Far outside of the frame nothing is seen; the limit keeps numbers short.
        let limit = |v: f64, most: f64| v.clamp(-2.0 * most, 3.0 * most);
        let kept = LineString::new(spots).simplify(DETAIL);
        let steps =
            kept.coords().map(|c| [limit(c.x, self.width).round() as i64, limit(c.y, self.height).round() as i64]);
        write_steps(steps, closed, path);
    }
}

/// Adds a line of whole places as short relative steps.
fn write_steps(places: impl Iterator<Item = [i64; 2]>, closed: bool, path: &mut String) {
    let (start, mut at, mut first_step) = (path.len(), None::<[i64; 2]>, true);
    for to in places {
        // Writing into a string cannot fail.
        let _ = match at {
            None => write!(path, "M{} {}", to[0], to[1]),
            Some(from) if from == to => Ok(()),
            Some(from) => {
                let letter = if std::mem::take(&mut first_step) { "l" } else { " " };
                let [dx, dy] = [to[0] - from[0], to[1] - from[1]];
                // A minus separates by itself.
                let _ = write!(path, "{}{dx}", if dx < 0 && letter == " " { "" } else { letter });
                write!(path, "{}{dy}", if dy < 0 { "" } else { " " })
            }
        };
        at = Some(to);
    }
    if first_step {
        // A line without length shows nothing.
        path.truncate(start);
    } else if closed {
        path.push('z');
    }
}

/// The longest of 1, 2 or 5 times a power of ten metres that is at most `most` metres long.
pub fn scale_length_m(most: f64) -> f64 {
    if !(most.is_finite() && most > 0.0) {
        return 1.0;
    }
    let ten = 10_f64.powf(most.log10().floor());
    [5.0, 2.0].map(|n| n * ten).into_iter().find(|l| *l <= most).unwrap_or(ten)
}

/// A scale bar at a spot (its left end, its lower edge), at most `most` tenths of a millimetre long. The label is told
/// by its length in metres.
pub fn scale_bar(frame: &Frame, at: [f64; 2], most: f64, label: impl Fn(f64) -> String) -> String {
    let metres = scale_length_m(most * frame.metres());
    let length = metres / frame.metres();
    let (x, y, half) = (at[0], at[1], length / 2.0);
    format!(
        "<g font-family=\"Arial,sans-serif\" font-size=\"26\"><rect x=\"{:.0}\" y=\"{:.0}\" width=\"{:.0}\" height=\"58\" fill=\"#fff\" \
         fill-opacity=\".8\"/><rect x=\"{x:.0}\" y=\"{:.0}\" width=\"{length:.1}\" height=\"10\" fill=\"#fff\" \
         stroke=\"#000\" stroke-width=\"2\"/><rect x=\"{x:.0}\" y=\"{:.0}\" width=\"{half:.1}\" height=\"10\"/>\
         <text x=\"{x:.0}\" y=\"{:.0}\">0</text><text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{}</text></g>",
        x - 12.0,
        y - 50.0,
        length + 24.0,
        y - 10.0,
        y - 10.0,
        y - 18.0,
        x + length,
        y - 18.0,
        label(metres)
    )
}

/// A north arrow whose tip is at a spot; `letter` stands under it.
pub fn north_arrow([x, y]: [f64; 2], letter: &str) -> String {
    format!(
        "<g class=\"north\"><path d=\"M{x:.0} {y:.0}l22 64-22-14-22 14z\" fill=\"#fff\" stroke=\"#000\" \
         stroke-width=\"3\"/><path d=\"M{x:.0} {y:.0}l22 64-22-14z\"/><text x=\"{x:.0}\" y=\"{:.0}\" \
         text-anchor=\"middle\" class=\"halo\">{letter}</text></g>",
        y + 100.0
    )
}

/// A place with a number or a name, and how far from it (tenths of a millimetre) the text must stay.
#[derive(Debug, Clone, PartialEq)]
pub struct Marked {
    /// Its spot.
    pub at: [f64; 2],
    /// Its text; safe for SVG.
    pub text: String,
    /// How wide the text is.
    pub width: f64,
    /// The radius of its marker.
    pub radius: f64,
}

/// For each marked place the spot of its text (its left end, its base line) beside the marker, where one is free of
/// other markers and of the texts before it. The order is that of importance; `height` is that of a line.
pub fn label_spots(frame: &Frame, marked: &[Marked], height: f64) -> Vec<Option<[f64; 2]>> {
    // Rectangles by square of a coarse lattice, so that a thousand places stay quick.
    let side = 100.0_f64;
    let mut taken: std::collections::HashMap<(i64, i64), Vec<[f64; 4]>> = std::collections::HashMap::new();
    let squares = |r: &[f64; 4]| {
        let [l, t, rr, b] = r.map(|v| (v / side).floor().clamp(-1e6, 1e6) as i64);
        (l..=rr).flat_map(move |x| (t..=b).map(move |y| (x, y)))
    };
    let meets = |a: &[f64; 4], b: &[f64; 4]| a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
    for m in marked {
        let r = [m.at[0] - m.radius, m.at[1] - m.radius, m.at[0] + m.radius, m.at[1] + m.radius];
        for square in squares(&r) {
            taken.entry(square).or_default().push(r);
        }
    }
    let mut spots = Vec::with_capacity(marked.len());
    for m in marked {
        let [x, y] = m.at;
        let (r, w, h) = (m.radius + 3.0, m.width, height);
        let tries = [
            [x + r, y - h / 2.0],
            [x - r - w, y - h / 2.0],
            [x - w / 2.0, y - r - h],
            [x - w / 2.0, y + r],
            [x + r * 0.7, y - r * 0.7 - h],
            [x + r * 0.7, y + r * 0.7],
            [x - r * 0.7 - w, y - r * 0.7 - h],
            [x - r * 0.7 - w, y + r * 0.7],
        ];
        let free = tries.into_iter().map(|[l, t]| [l, t, l + w, t + h]).find(|rect| {
            frame.holds([rect[0], rect[1]])
                && frame.holds([rect[2], rect[3]])
                && squares(rect).all(|s| taken.get(&s).is_none_or(|others| !others.iter().any(|o| meets(rect, o))))
        });
        if let Some(rect) = free {
            for square in squares(&rect) {
                taken.entry(square).or_default().push(rect);
            }
        }
        // Letters stand on their base line, a fifth of the line above its lower edge.
        spots.push(free.map(|rect| [rect[0], rect[3] - h * 0.2]));
    }
    spots
}

#[cfg(test)]
mod tests {
    use geo::{MultiLineString, line_string, polygon};

    use super::*;

    fn frame() -> Frame {
        // Two degrees each way at the equator into 208 × 208: 104 a degree with the margin of 2 % on each side.
        Frame::around([0.0, -1.0, 2.0, 1.0], 208.0, 208.0).unwrap()
    }

    #[test]
    fn places_by_hand() {
        let frame = frame();
        assert_eq!((frame.width, frame.height), (208.0, 208.0));
        // Per degree 208 / (2 × 1.04) = 100; the west edge lies 0.04 degrees out.
        let [x, y] = frame.spot(1.0, 0.5);
        assert!((x - 104.0).abs() < 1e-9 && (y - 54.0).abs() < 1e-9, "{x} {y}");
        // A degree of latitude is 111,195 m (6,371,008.8 m × π / 180) on 100 tenths.
        assert!((frame.metres() - 1111.95).abs() < 0.01, "{}", frame.metres());
    }

    #[test]
    fn frames_keep_the_shape_of_the_ground() {
        // At 60° north a degree of longitude is half a degree of latitude: 2 × 1 degrees is a square on the ground.
        let frame = Frame::around([10.0, 59.5, 12.0, 60.5], 500.0, 1000.0).unwrap();
        assert_eq!((frame.width, frame.height), (500.0, 500.0));
        assert!(Frame::around(NOWHERE, 100.0, 100.0).is_none());
        assert!(Frame::around([f64::NAN; 4], 100.0, 100.0).is_none());
        let point = Frame::around([105.0, 21.0, 105.0, 21.0], 100.0, 100.0).unwrap();
        assert!(point.holds(point.spot(105.0, 21.0)));
    }

    #[test]
    fn paths_are_short_steps() {
        // (0, 0) is (4, 104) on paper; (1, 0) is (104, 104); (1, 1) is (104, 4).
        let path = frame().path(&Geometry::LineString(line_string![(x: 0., y: 0.), (x: 1., y: 0.), (x: 1., y: 1.)]));
        assert_eq!(path, "M4 104l100 0 0-100");
        let square = polygon![(x: 0., y: 0.), (x: 1., y: 0.), (x: 1., y: 1.), (x: 0., y: 1.)];
        assert_eq!(frame().path(&Geometry::Polygon(square)), "M4 104l100 0 0-100-100 0 0 100z");
        let away = line_string![(x: 50., y: 0.), (x: 51., y: 0.)];
        let nothing = line_string![(x: 1., y: 0.), (x: 1., y: 0.)];
        let lines = MultiLineString::new(vec![away, nothing]);
        assert_eq!(frame().path(&Geometry::MultiLineString(lines)), "");
    }

    #[test]
    fn scales_by_hand() {
        assert_eq!((scale_length_m(12_000.0), scale_length_m(4_999.0), scale_length_m(1.0)), (10_000.0, 2_000.0, 1.0));
        assert_eq!((scale_length_m(0.0), scale_length_m(f64::NAN)), (1.0, 1.0));
        // At most 90 tenths are 100,076 m here; 100 km fit: 89.9 tenths.
        let bar = scale_bar(&frame(), [10.0, 190.0], 90.0, |m| format!("{} km", m / 1000.0));
        assert!(bar.contains(">100 km<") && bar.contains("width=\"89.9\""), "{bar}");
    }

    #[test]
    fn labels_never_meet() {
        let frame = Frame::around([0.0, 0.0, 1.0, 1.0], 1000.0, 1000.0).unwrap();
        let mut draw = crate::testkit::Draw::new(11);
        let place = |at: [f64; 2]| Marked { at, text: "88".into(), width: 40.0, radius: 14.0 };
        let marked: Vec<Marked> = (0..200).map(|_| place([draw.below(1000) as f64, draw.below(1000) as f64])).collect();
        let spots = label_spots(&frame, &marked, 30.0);
        let rects: Vec<[f64; 4]> =
            spots.iter().flatten().map(|[x, y]| [*x, y + 6.0 - 30.0, x + 40.0, y + 6.0]).collect();
        assert!(rects.len() > 50, "{}", rects.len());
        let meets = |a: &[f64; 4], b: &[f64; 4]| {
            a[0] + 1e-6 < b[2] && b[0] + 1e-6 < a[2] && a[1] + 1e-6 < b[3] && b[1] + 1e-6 < a[3]
        };
        for (i, a) in rects.iter().enumerate() {
            assert!(rects[..i].iter().all(|b| !meets(a, b)));
            assert!(
                marked.iter().all(|m| { !meets(a, &[m.at[0] - 14.0, m.at[1] - 14.0, m.at[0] + 14.0, m.at[1] + 14.0]) })
            );
        }
        // A lone place has its text on the right: 14 + 3 from the middle, the base line 9 below it.
        assert_eq!(label_spots(&frame, &[place([500.0, 500.0])], 30.0), [Some([517.0, 509.0])]);
    }
}
