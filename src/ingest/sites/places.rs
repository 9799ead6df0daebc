//! What is likely wrong with a place that is not where it should be.
//!
//! A coordinate is not corrected here: the likely cause is named, with the place that was probably meant, and a human
//! decides.

use std::path::Path;

use geo::indexed::IntervalTreeMultiPolygon;
use geo::{BoundingRect, Contains, Coord, MultiPolygon, Point};
use proj4rs::Proj;

use super::Site;
use crate::error::Fault;
use crate::ingest::water::Water;
use crate::units::{Distance, LonLat};

/// The likely cause of an odd place.
#[derive(Debug, Clone, PartialEq)]
pub enum Cause {
    /// Both are 0, or nearly: the place was never filled in.
    ZeroZero,
    /// Longitude and latitude are swapped.
    Swapped,
    /// A minus sign, or the hemisphere, is missing or too much.
    Sign {
        /// The place with the sign turned.
        meant: LonLat,
    },
    /// A decimal point is lost or misplaced.
    DecimalPoint {
        /// The place with the point moved.
        meant: LonLat,
    },
    /// Metres of a projection were given for degrees.
    Metres {
        /// The projection, e.g. `UTM zone 48N`; two where both fit.
        system: String,
        /// The place in degrees.
        meant: LonLat,
    },
    /// Degrees, minutes and seconds were written as if they were decimals: 21.0142 for 21°01'42".
    DegreesMinutesSeconds {
        /// The place in decimal degrees.
        meant: LonLat,
    },
    /// It simply lies elsewhere: in the sea, or in another province.
    Elsewhere {
        /// Great-circle distance to the border of the study area; saturates at 4,294 km.
        distance: Distance,
    },
    /// It lies in a lake or a river.
    InWater,
    /// No road lies near.
    OffRoad {
        /// Great-circle distance to the nearest road.
        distance: Distance,
    },
}

impl Cause {
    /// Stable code for tables.
    pub fn code(&self) -> &'static str {
        match self {
            Cause::ZeroZero => "zero",
            Cause::Swapped => "swapped",
            Cause::Sign { .. } => "sign",
            Cause::DecimalPoint { .. } => "decimal_point",
            Cause::Metres { .. } => "metres",
            Cause::DegreesMinutesSeconds { .. } => "degrees_minutes_seconds",
            Cause::Elsewhere { .. } => "elsewhere",
            Cause::InWater => "in_water",
            Cause::OffRoad { .. } => "off_road",
        }
    }

    /// The cause in English, as the help of a fault.
    pub fn english(&self) -> String {
        match self {
            Cause::ZeroZero => "the place was probably never filled in: both numbers are 0".into(),
            Cause::Swapped => "its lon and lat seem to be swapped".into(),
            Cause::Sign { meant } => {
                format!("a minus sign (the hemisphere) seems to be wrong: {} is inside", told(meant))
            }
            Cause::DecimalPoint { meant } => {
                format!("a decimal point seems to be lost or misplaced: {} is inside", told(meant))
            }
            Cause::Metres { system, meant } => {
                format!("these seem to be metres in {system}; in degrees that is {}, inside", told(meant))
            }
            Cause::DegreesMinutesSeconds { meant } => {
                format!("degrees, minutes and seconds seem to be written as decimals: {} is inside", told(meant))
            }
            Cause::Elsewhere { .. } => "correct its place, leave it out, or widen the study area".into(),
            Cause::InWater => "it lies in water; move it to its building".into(),
            Cause::OffRoad { distance } => {
                format!("the nearest road is {:.0} m away; check its place, or the roads there", distance.metres())
            }
        }
    }

    /// The cause in Vietnamese.
    pub fn vietnamese(&self) -> String {
        match self {
            Cause::ZeroZero => "có lẽ chưa nhập tọa độ: cả hai số đều bằng 0".into(),
            Cause::Swapped => "kinh độ và vĩ độ có vẻ bị đảo chỗ".into(),
            Cause::Sign { meant } => format!("dấu âm (bán cầu) có vẻ sai: {} nằm trong vùng", told(meant)),
            Cause::DecimalPoint { meant } => {
                format!("dấu thập phân có vẻ bị mất hoặc sai chỗ: {} nằm trong vùng", told(meant))
            }
            Cause::Metres { system, meant } => {
                format!("có vẻ là tọa độ mét theo {system}; đổi ra độ là {}, nằm trong vùng", told(meant))
            }
            Cause::DegreesMinutesSeconds { meant } => {
                format!("có vẻ độ, phút, giây bị viết như số thập phân: {} nằm trong vùng", told(meant))
            }
            Cause::Elsewhere { distance } => format!(
                "cách vùng nghiên cứu {:.1} km; hãy sửa tọa độ, bỏ điểm này hoặc mở rộng vùng",
                distance.metres() / 1000.0
            ),
            Cause::InWater => "nằm trên mặt nước; hãy chuyển về đúng tòa nhà".into(),
            Cause::OffRoad { distance } => {
                format!("đường gần nhất cách {:.0} m; hãy kiểm tra tọa độ hoặc dữ liệu đường", distance.metres())
            }
        }
    }

    /// A warning of this cause for a site, `sites::in-water`, `sites::off-road` or `sites::outside`.
    pub fn warning(&self, site: &Site, file: &Path) -> Fault {
        let LonLat { lon, lat } = site.at;
        let (code, found) = match self {
            Cause::InWater => ("sites::in-water", format!("lon {lon}, lat {lat} lies in water")),
            Cause::OffRoad { distance } => (
                "sites::off-road",
                format!("lon {lon}, lat {lat} lies {:.0} m from the nearest road", distance.metres()),
            ),
            Cause::Elsewhere { distance } => (
                "sites::outside",
                format!("lon {lon}, lat {lat} lies {:.1} km outside the study area", distance.metres() / 1000.0),
            ),
            _ => ("sites::outside", format!("lon {lon}, lat {lat} lies outside the study area")),
        };
        Fault::new(code, found).file(file).place(format!("site {} ({})", site.id, site.name)).help(self.english())
    }
}

fn told(at: &LonLat) -> String {
    format!("lon {:.6}, lat {:.6}", at.lon, at.lat)
}

/// The study area, prepared to be asked about many places.
pub struct Surroundings<'a> {
    area: &'a MultiPolygon<f64>,
    inside: IntervalTreeMultiPolygon<f64>,
    /// Projections whose metres people give for degrees here, with their names.
    systems: Vec<(String, Proj)>,
    wgs84: Option<Proj>,
}

impl<'a> Surroundings<'a> {
    /// Of a study area in degrees.
    pub fn new(area: &'a MultiPolygon<f64>) -> Self {
        let centre = area.bounding_rect().map_or(Coord { x: 0.0, y: 0.0 }, |bounds| bounds.center());
        Surroundings {
            area,
            inside: IntervalTreeMultiPolygon::new(area),
            systems: systems_of(centre),
            wgs84: Proj::from_proj_string("+proj=longlat +datum=WGS84 +no_defs").ok(),
        }
    }

    /// Whether the place lies inside the area.
    pub fn holds(&self, at: LonLat) -> bool {
        self.inside.contains(&Point::new(at.lon, at.lat))
    }

    /// Great-circle distance from the place to the border of the area in metres; infinite for an empty area.
    pub fn metres_to_border(&self, at: LonLat) -> f64 {
        metres_to_border(at, self.area)
    }

    /// The place that metres of a projection used here mean, with the projection's name, when it lies inside. Where two
    /// projections fit, both are named, since only their owner can tell; the place is that of the first.
    fn meant_by_metres(&self, x: f64, y: f64) -> Option<(String, LonLat)> {
        let wgs84 = self.wgs84.as_ref()?;
        for (x, y) in [(x, y), (y, x)] {
            let fits = self.systems.iter().filter_map(|(name, system)| {
                let mut point = (x, y, 0.0);
                proj4rs::transform::transform(system, wgs84, &mut point).ok()?;
                let meant = LonLat { lon: point.0.to_degrees(), lat: point.1.to_degrees() };
                (meant.lon.is_finite() && meant.lat.is_finite() && self.holds(meant)).then_some((name, meant))
            });
            let mut fits = fits.take(2);
            if let Some((name, meant)) = fits.next() {
                let or = fits.next().map_or_else(String::new, |(other, _)| format!(" or {other}"));
                return Some((format!("{name}{or}"), meant));
            }
        }
        None
    }
}

/// The projections that places near the area's centre come in: UTM of its zone and the next ones, and in Viet Nam VN-2000
/// of 3 and 6 degrees.
fn systems_of(centre: Coord<f64>) -> Vec<(String, Proj)> {
    let zone = ((centre.x + 180.0) / 6.0).floor().clamp(0.0, 59.0) as i32 + 1;
    let (south, letter) = if centre.y < 0.0 { (" +south", 'S') } else { ("", 'N') };
    let mut texts: Vec<(String, String)> = [zone, zone - 1, zone + 1]
        .into_iter()
        .filter(|zone| (1..=60).contains(zone))
        .map(|zone| {
            let text = format!("+proj=utm +zone={zone}{south} +datum=WGS84 +units=m +no_defs");
            (format!("UTM zone {zone}{letter}"), text)
        })
        .collect();
    if (102.0..=118.0).contains(&centre.x) && (6.0..=24.0).contains(&centre.y) {
        let shift = "+towgs84=-191.90441429,-39.30318279,-111.45032835,-0.00928836,0.01975479,-0.00427372,0.252906278";
        // Each province has a central meridian of its own; Hà Nội's is 105° E.
        for meridian in ["105", "105.5", "105.75", "106", "104.5", "104", "106.25", "107", "107.75", "108", "103"] {
            let text = format!(
                "+proj=tmerc +lat_0=0 +lon_0={meridian} +k=0.9999 +x_0=500000 +y_0=0 +ellps=WGS84 {shift} +units=m +no_defs"
            );
            texts.push((format!("VN-2000 (meridian {meridian}°, 3°)"), text));
        }
    }
    texts.into_iter().filter_map(|(name, text)| Some((name, Proj::from_proj_string(&text).ok()?))).collect()
}

/// The likely cause of an odd place: outside the study area for a reason that can be guessed, or in water. `None` for a
/// place that is inside and dry. `at` may hold any finite numbers, also such as are no degrees.
pub fn diagnose_place(at: LonLat, area: &Surroundings<'_>, water: Option<&Water>) -> Option<Cause> {
    if area.holds(at) {
        return water.is_some_and(|water| water.holds(at)).then_some(Cause::InWater);
    }
    let LonLat { lon, lat } = at;
    if lon.abs() < 0.01 && lat.abs() < 0.01 {
        return Some(Cause::ZeroZero);
    }
    let try_place = |lon: f64, lat: f64| {
        let meant = LonLat { lon, lat };
        area.holds(meant).then_some(meant)
    };
    if try_place(lat, lon).is_some() {
        return Some(Cause::Swapped);
    }
    if let Some(meant) = [(-lon, lat), (lon, -lat), (-lon, -lat)].into_iter().find_map(|(x, y)| try_place(x, y)) {
        return Some(Cause::Sign { meant });
    }
    let metric = lon.abs() >= 1000.0 && lat.abs() >= 1000.0;
    if let Some((system, meant)) = metric.then(|| area.meant_by_metres(lon, lat)).flatten() {
        return Some(Cause::Metres { system, meant });
    }
    if let Some(meant) = moved_points(lon, lat).into_iter().find_map(|(x, y)| try_place(x, y)) {
        return Some(Cause::DecimalPoint { meant });
    }
    let as_minutes = [(minutes(lon), minutes(lat)), (minutes(lon), Some(lat)), (Some(lon), minutes(lat))];
    let as_minutes = as_minutes.into_iter().filter_map(|(x, y)| Some((x?, y?)));
    if let Some(meant) = as_minutes.into_iter().find_map(|(x, y)| try_place(x, y)) {
        return Some(Cause::DegreesMinutesSeconds { meant });
    }
    Some(Cause::Elsewhere { distance: Distance::from_metres(area.metres_to_border(at)) })
}

/// The place with the decimal point of one or both numbers moved, the fewest moves first.
fn moved_points(lon: f64, lat: f64) -> Vec<(f64, f64)> {
    let mut moves: Vec<(i32, i32)> = (-9..=9).flat_map(|x| (-9..=9).map(move |y| (x, y))).collect();
    moves.retain(|&both| both != (0, 0));
    moves.sort_by_key(|&(x, y): &(i32, i32)| (x.abs() + y.abs(), x, y));
    let moved = |value: f64, by: i32| if by < 0 { value / 10_f64.powi(-by) } else { value * 10_f64.powi(by) };
    moves.into_iter().map(|(x, y)| (moved(lon, x), moved(lat, y))).collect()
}

/// The value of a number that was meant as degrees, then two digits of minutes, then seconds: 21.0142 is 21°01'42".
/// `None` where minutes or seconds would be 60 or more.
fn minutes(value: f64) -> Option<f64> {
    let degrees = value.abs().trunc();
    let minutes = ((value.abs() - degrees) * 100.0 + 1e-9).trunc();
    let seconds = ((value.abs() - degrees) * 100.0 - minutes) * 100.0;
    (minutes < 60.0 && (-1e-6..60.0).contains(&seconds))
        .then(|| (degrees + minutes / 60.0 + seconds.max(0.0) / 3600.0).copysign(value))
}

/// Decimal degrees of a text such as `21°01'42"N`, `105 51 08 E` or `21°1.7'`; `None` where it is no such text.
pub(super) fn degrees_minutes_seconds(text: &str) -> Option<f64> {
    let text = text.trim();
    let marked = text.contains(['°', 'º', '\'', '′', '’', '"', '″', '”']);
    let numbers: Vec<f64> = text
        .split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .filter(|part| !part.is_empty())
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    let letters: String = text.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_uppercase()).collect();
    let bare = text.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || matches!(c, '.' | ':' | '-'));
    if !marked && letters.is_empty() && (!bare || numbers.len() < 2 || text.get(1..).is_some_and(|t| t.contains('-'))) {
        return None;
    }
    let west_or_south = match letters.as_str() {
        "" | "N" | "E" | "B" => text.starts_with('-'),
        "S" | "W" => true,
        _ => return None,
    };
    let (degrees, minutes, seconds) = match *numbers.as_slice() {
        [d] if marked || !letters.is_empty() => (d, 0.0, 0.0),
        [d, m] => (d, m, 0.0),
        [d, m, s] => (d, m, s),
        _ => return None,
    };
    let sound = degrees <= 180.0 && minutes < 60.0 && seconds < 60.0;
    let value = degrees + minutes / 60.0 + seconds / 3600.0;
    sound.then_some(if west_or_south { -value } else { value })
}

/// Great-circle distance to the nearest point of the border, found on a plane about the place: exact near the area, a
/// fair figure far from it. Infinite for an empty area.
fn metres_to_border(from: LonLat, area: &MultiPolygon<f64>) -> f64 {
    let squeeze = from.lat.to_radians().cos();
    let on_plane = |c: Coord<f64>| ((c.x - from.lon) * squeeze, c.y - from.lat);
    let mut nearest: Option<(f64, LonLat)> = None;
    let rings = area.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
    for line in rings.flat_map(geo::LineString::lines) {
        let (a, b) = (on_plane(line.start), on_plane(line.end));
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let length2 = dx * dx + dy * dy;
        let part = if length2 > 0.0 { (-(a.0 * dx + a.1 * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
        let (x, y) = (a.0 + part * dx, a.1 + part * dy);
        let distance2 = x * x + y * y;
        if nearest.is_none_or(|(best, _)| distance2 < best) {
            let delta = line.delta();
            nearest =
                Some((distance2, LonLat { lon: line.start.x + part * delta.x, lat: line.start.y + part * delta.y }));
        }
    }
    nearest.map_or(f64::INFINITY, |(_, at)| from.metres_to(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::testkit::{polygon, rectangle};

    fn cause(lon: f64, lat: f64) -> Option<Cause> {
        // A box around Hà Nội.
        let area = rectangle(105.3, 20.6, 106.0, 21.4);
        diagnose_place(LonLat { lon, lat }, &Surroundings::new(&area), None)
    }

    fn near(cause: Option<Cause>, code: &str, lon: f64, lat: f64) {
        let cause = cause.unwrap();
        assert_eq!(cause.code(), code, "{cause:?}");
        let (Cause::Sign { meant }
        | Cause::DecimalPoint { meant }
        | Cause::Metres { meant, .. }
        | Cause::DegreesMinutesSeconds { meant }) = &cause
        else {
            panic!("{cause:?}")
        };
        assert!((meant.lon - lon).abs() < 1e-4 && (meant.lat - lat).abs() < 1e-4, "{meant:?}");
        assert!(cause.english().contains("lon 105.8") && cause.vietnamese().contains("lon 105.8"), "{cause:?}");
    }

    #[test]
    fn each_slip_is_named() {
        assert_eq!(cause(105.85, 21.03), None);
        assert_eq!(cause(0.0, 0.0), Some(Cause::ZeroZero));
        assert_eq!(cause(21.03, 105.85), Some(Cause::Swapped));
        near(cause(105.85, -21.03), "sign", 105.85, 21.03);
        near(cause(-105.85, 21.03), "sign", 105.85, 21.03);
        near(cause(1058.52, 21.03), "decimal_point", 105.852, 21.03);
        near(cause(10.5852, 21.03), "decimal_point", 105.852, 21.03);
        near(cause(105.852, 2.103), "decimal_point", 105.852, 21.03);
        near(cause(105852.0, 21028.0), "decimal_point", 105.852, 21.028);
        near(cause(105_852_300.0, 21_028_700.0), "decimal_point", 105.8523, 21.0287);
    }

    #[test]
    fn metres_are_told_with_their_system() {
        // Hoàn Kiếm lake, 105.8523 E 21.0287 N, by EPSG:32648 (by pyproj): 588564.026, 2325560.334.
        let utm = cause(588_564.026, 2_325_560.334);
        near(utm.clone(), "metres", 105.8523, 21.0287);
        let named = |cause| if let Some(Cause::Metres { system, .. }) = cause { system } else { String::new() };
        assert_eq!(named(utm), "UTM zone 48N or VN-2000 (meridian 105°, 3°)");
        // VN-2000 of meridian 107.75° E (by pyproj, with the seven parameters of 2007): only that one lies inside.
        let cadastral = cause(302_532.133, 2_327_306.167);
        near(cadastral.clone(), "metres", 105.8523, 21.0287);
        assert_eq!(named(cadastral), "VN-2000 (meridian 107.75°, 3°)");
        // Northing first.
        near(cause(2_325_560.334, 588_564.026), "metres", 105.8523, 21.0287);
    }

    #[test]
    fn minutes_and_seconds_as_decimals() {
        // 21°01'42" is 21 + 1/60 + 42/3600 = 21.028333.
        assert!((minutes(21.0142).unwrap() - 21.028_333).abs() < 1e-6);
        assert_eq!(minutes(21.75), None);
        // A narrow area: 21.0142 lies south of it, 21.0283 within; 105.51 is meant as 105.85.
        let area = rectangle(105.84, 21.02, 105.86, 21.04);
        let found = diagnose_place(LonLat { lon: 105.51, lat: 21.0142 }, &Surroundings::new(&area), None);
        near(found, "degrees_minutes_seconds", 105.85, 21.028_333);
        for (text, degrees) in [
            ("21°01'42\"N", 21.028_333),
            ("105° 51′ 08″ E", 105.852_222),
            ("21 01 42", 21.028_333),
            ("21°1.7'", 21.028_333),
            ("33º52'S", -33.866_667),
            ("21.5°", 21.5),
        ] {
            assert!((degrees_minutes_seconds(text).unwrap() - degrees).abs() < 1e-6, "{text}");
        }
        for text in ["east", "1,000", "21°75'", "", "12-03-2024-5", "105E8523X"] {
            assert_eq!(degrees_minutes_seconds(text), None, "{text}");
        }
    }

    #[test]
    fn elsewhere_is_told_with_its_distance() {
        // 1° north of the border: 111.195 km.
        let found = cause(105.5, 22.4).unwrap();
        let Cause::Elsewhere { distance } = found else { panic!("{found:?}") };
        assert!((distance.metres() - 111_195.0).abs() < 1.0, "{distance:?}");
    }

    #[test]
    fn lakes_are_wet_and_their_shores_dry() {
        let lake = polygon(&[(105.85, 21.02), (105.86, 21.02), (105.86, 21.03), (105.85, 21.03)]);
        let water = Water::new([MultiPolygon(vec![lake])]);
        assert!(water.holds(LonLat { lon: 105.855, lat: 21.025 }));
        assert!(!water.holds(LonLat { lon: 105.85, lat: 21.025 }));
        let area = rectangle(105.3, 20.6, 106.0, 21.4);
        let around = Surroundings::new(&area);
        let wet = diagnose_place(LonLat { lon: 105.855, lat: 21.025 }, &around, Some(&water));
        assert_eq!(wet, Some(Cause::InWater));
        assert_eq!(diagnose_place(LonLat { lon: 105.9, lat: 21.025 }, &around, Some(&water)), None);
        let site =
            Site { id: "a".into(), name: "A".into(), at: LonLat { lon: 105.855, lat: 21.025 }, ..Site::default() };
        let warning = Cause::InWater.warning(&site, Path::new("s.csv"));
        assert_eq!(warning.to_string(), "s.csv: site a (A): lon 105.855, lat 21.025 lies in water");
        let far = Cause::OffRoad { distance: Distance::from_metres(812.4) }.warning(&site, Path::new("s.csv"));
        assert!(far.message.ends_with("lies 812 m from the nearest road"), "{far}");
    }
}
