//! From longitude and latitude to the plane of a raster and back.
//!
//! Projections and datum shifts are those of `proj4rs`; definitions by EPSG code come from `crs-definitions`, which
//! gives what PROJ gave as text. Mollweide (ESRI:54009), in which GHS-POP is published, has no EPSG code.

use std::fmt;
use std::sync::Arc;

use proj4rs::Proj;
use proj4rs::transform::transform;

use crate::error::Fault;
use crate::units::LonLat;

/// A coordinate reference system: degrees of WGS 84, or a plane that `proj4rs` can reach from there.
#[derive(Clone)]
pub struct Crs {
    name: String,
    /// `None`: coordinates are degrees of WGS 84 already.
    plane: Option<Arc<Plane>>,
}

struct Plane {
    definition: Proj,
    wgs84: Proj,
}

impl Crs {
    /// WGS 84, longitude and latitude in degrees (EPSG:4326).
    pub fn wgs84() -> Crs {
        Crs { name: "EPSG:4326".into(), plane: None }
    }

    /// A system by its EPSG code.
    ///
    /// # Errors
    /// `population::crs` for a code that is not known or needs what is not at hand (a projection, a grid of datum
    /// shifts). The fault has no file yet.
    pub fn from_epsg(code: u16) -> Result<Crs, Fault> {
        // 4979 is 4326 with a height.
        if code == 4326 || code == 4979 {
            return Ok(Crs::wgs84());
        }
        let name = format!("EPSG:{code}");
        let Some(definition) = crs_definitions::from_code(code) else {
            return Err(unknown(&name, "its definition is not known"));
        };
        if let Some(why) = doubt(code, definition.proj4) {
            return Err(unknown(&name, why));
        }
        // A GeoTIFF has its first coordinate east whatever the order of the axes in the definition.
        let kept: Vec<&str> = definition.proj4.split_whitespace().filter(|p| !p.starts_with("+axis=")).collect();
        Crs::from_proj(name, &kept.join(" "))
    }

    /// Mollweide on the sphere of WGS 84's equatorial radius, in metres, about a central meridian in degrees;
    /// ESRI:54009 with 0.
    ///
    /// # Errors
    /// `population::crs` for a meridian that is no longitude.
    pub fn mollweide(central_meridian: f64) -> Result<Crs, Fault> {
        let name =
            if central_meridian == 0.0 { "ESRI:54009".into() } else { format!("Mollweide about {central_meridian}°") };
        if !(-180.0..=180.0).contains(&central_meridian) {
            return Err(unknown(&name, "its central meridian is no longitude"));
        }
        Crs::from_proj(name, &format!("+proj=moll +lon_0={central_meridian} +datum=WGS84 +units=m +no_defs"))
    }

    fn from_proj(name: String, text: &str) -> Result<Crs, Fault> {
        let definition = Proj::from_proj_string(text).map_err(|e| unknown(&name, &e.to_string()))?;
        let wgs84 = Proj::from_proj_string("+proj=longlat +datum=WGS84 +no_defs")
            .map_err(|e| unknown(&name, &e.to_string()))?;
        if definition.is_geocent() || !definition.has_inverse() || !definition.has_forward() {
            return Err(unknown(&name, "it is no plane that can be followed both ways"));
        }
        Ok(Crs { name, plane: Some(Arc::new(Plane { definition, wgs84 })) })
    }

    /// Its name: `EPSG:…`, `ESRI:54009`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether coordinates are degrees of WGS 84, so that nothing has to be transformed.
    pub fn is_wgs84(&self) -> bool {
        self.plane.is_none()
    }

    /// Whether coordinates are degrees, of whatever datum.
    pub fn is_degrees(&self) -> bool {
        self.plane.as_ref().is_none_or(|plane| plane.definition.is_latlong())
    }

    /// Metres in one unit of the plane; `None` where the unit is a degree.
    pub fn unit_m(&self) -> Option<f64> {
        self.plane.as_ref().filter(|p| !p.definition.is_latlong()).map(|p| p.definition.to_meter())
    }

    /// Coordinates in the plane (east, north); `None` where the projection does not reach.
    pub fn to_plane(&self, at: LonLat) -> Option<[f64; 2]> {
        let Some(plane) = &self.plane else { return Some([at.lon, at.lat]) };
        let mut point = (at.lon.to_radians(), at.lat.to_radians(), 0.0);
        transform(&plane.wgs84, &plane.definition, &mut point).ok()?;
        let scale = if plane.definition.is_latlong() { f64::to_degrees } else { |v| v };
        let found = [scale(point.0), scale(point.1)];
        found.iter().all(|v| v.is_finite()).then_some(found)
    }

    /// The place of coordinates in the plane (east, north); `None` where the projection has none.
    pub fn to_lonlat(&self, [x, y]: [f64; 2]) -> Option<LonLat> {
        let Some(plane) = &self.plane else { return Some(LonLat { lon: x, lat: y }) };
        let scale = if plane.definition.is_latlong() { f64::to_radians } else { |v| v };
        let mut point = (scale(x), scale(y), 0.0);
        transform(&plane.definition, &plane.wgs84, &mut point).ok()?;
        let found = LonLat { lon: point.0.to_degrees(), lat: point.1.to_degrees() };
        (found.lon.is_finite() && found.lat.is_finite()).then_some(found)
    }
}

impl fmt::Debug for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crs({})", self.name)
    }
}

/// Systems are equal when their names are: a name stands for one definition.
impl PartialEq for Crs {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// What to do about a raster in a system that is not read.
pub(super) const REPROJECT: &str = "rasters are read in EPSG:4326, in most projected EPSG systems and in Mollweide \
    (ESRI:54009); reproject with `gdalwarp -t_srs EPSG:4326 -r sum in.tif out.tif` (sum keeps the people)";

fn unknown(name: &str, why: &str) -> Fault {
    Fault::new("population::crs", format!("the raster is in {name}: {why}")).help(REPROJECT)
}

/// Why a definition is not to be trusted with people, if it is not.
fn doubt(code: u16, definition: &str) -> Option<&'static str> {
    let has = |key: &str| definition.split_whitespace().any(|p| p.starts_with(key));
    let axes = definition.split_whitespace().find_map(|p| p.strip_prefix("+axis="));
    if axes.is_some_and(|axes| axes != "enu" && axes != "neu") {
        return Some("its axes do not run east and north");
    }
    // Files and definitions differ in whether longitudes count from there or from Greenwich.
    if has("+pm=") {
        return Some("its longitudes do not count from Greenwich");
    }
    let tied = ["+datum=", "+towgs84=", "+nadgrids=", "+ellps=WGS84", "+ellps=GRS80"];
    if !tied.into_iter().any(has) {
        return Some("how its datum lies to WGS 84 is not known");
    }
    DOUBTFUL.binary_search(&code).is_ok().then_some("its definition lies over 100 m off")
}

/// Codes whose definition at hand lies over 100 m from what PROJ 9.5.1 gives in the middle of the area of use, without
/// grids of datum shifts; found by trying all. Mostly old datums, some definitions with slips. Ascending.
#[rustfmt::skip]
const DOUBTFUL: [u16; 96] = [
    2040, 2042, 2082, 2155, 2164, 2194, 2421, 2442, 2492, 2493, 2979, 3146, 3147, 3148, 3200, 3303, 3314, 3315,
    3330, 3332, 3833, 3837, 3838, 3973, 3974, 3975, 3985, 3986, 3987, 3988, 3989, 4055, 4132, 4142, 4161, 4179,
    4208, 4220, 4240, 4260, 4264, 4287, 4317, 4415, 4620, 4631, 4675, 4680, 4688, 4695, 4718, 4731, 5513, 5520,
    5631, 5670, 5671, 5680, 6200, 6996, 6997, 20248, 20348, 20357, 20358, 20823, 20824, 21423, 21463, 21483,
    22032, 22033, 22092, 22234, 22235, 22236, 23946, 24047, 24048, 26193, 26194, 26195, 26432, 27037, 27038,
    28402, 28403, 28462, 28463, 29220, 31267, 31268, 31277, 31278, 31279, 31700,
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// There within a millimetre (or 1e-8 degrees), and back within 2e-8 degrees, 2 mm: a datum shift by seven parameters
    /// is undone to that only.
    fn agrees(crs: &Crs, at: (f64, f64), plane: [f64; 2]) {
        let at = LonLat { lon: at.0, lat: at.1 };
        let found = crs.to_plane(at).unwrap();
        let near = if crs.is_degrees() { 1e-8 } else { 1e-3 };
        assert!((found[0] - plane[0]).abs() < near && (found[1] - plane[1]).abs() < near, "{crs:?} {found:?}");
        let back = crs.to_lonlat(found).unwrap();
        assert!((back.lon - at.lon).abs() < 2e-8 && (back.lat - at.lat).abs() < 2e-8, "{crs:?} {back:?}");
    }

    #[test]
    fn planes_are_those_of_pyproj() {
        // pyproj 3.7.2 (PROJ 9.5.1), Transformer.from_crs(4326, crs, always_xy=True).transform(lon, lat).
        let mollweide = Crs::mollweide(0.0).unwrap();
        assert_eq!((mollweide.name(), mollweide.unit_m()), ("ESRI:54009", Some(1.0)));
        agrees(&mollweide, (105.85, 21.03), [10_166_135.674_747_292, 2_577_791.294_095_139]);
        agrees(&mollweide, (-70.5, -33.4), [-6_317_691.073_948_943, -4_039_160.757_246_52]);
        agrees(&mollweide, (179.9, 72.0), [8_561_100.273_330_487, 7_938_373.745_301_367]);
        agrees(&mollweide, (0.0, 0.0), [0.0, 0.0]);
        let epsg = |code| Crs::from_epsg(code).unwrap();
        agrees(&epsg(32648), (105.85, 21.03), [588_324.249_254_24, 2_325_702.946_364_925]);
        agrees(&epsg(3857), (105.85, 21.03), [11_783_168.100_468_006, 2_395_456.127_103_678]);
        agrees(&epsg(3035), (8.5, 49.4), [4_212_109.945_908_923, 2_921_897.627_538_26]);
        agrees(&epsg(6933), (105.85, 21.03), [10_213_072.764_557_395, 2_624_539.973_490_313]);
        agrees(&epsg(2154), (2.35, 48.85), [652_301.564_830_528, 6_861_302.725_899_576]);
        agrees(&epsg(5070), (-90.0, 40.0), [507_398.536_898_666, 1_903_000.401_651_966]);
        // VN-2000 lies some 200 m off WGS 84.
        agrees(&epsg(3405), (105.85, 21.03), [588_128.027_639_175, 2_325_811.031_419_559]);
        agrees(&epsg(4756), (105.85, 21.03), [105.848_117_318, 21.030_985_936]);
        agrees(&epsg(4258), (8.5, 49.4), [8.5, 49.4]);
        // In US survey feet of 1200/3937 m.
        agrees(&epsg(2263), (-74.0, 40.7), [984_250.0, 194_305.338_941_152]);
        assert!((epsg(2263).unit_m().unwrap() - 1200.0 / 3937.0).abs() < 1e-9);
        assert!(epsg(4326).is_wgs84() && epsg(4258).is_degrees() && !epsg(4258).is_wgs84());
    }

    #[test]
    fn systems_out_of_reach_are_refused_by_name() {
        // Unknown, geocentric, unknown; axes to the west; longitudes from Rome; no datum; a grid of shifts that is not
        // there; 24 km off.
        for code in [1, 4978, 32767, 2048, 26591, 3408, 4267, 6996] {
            let fault = Crs::from_epsg(code).unwrap_err();
            assert_eq!(fault.code, "population::crs");
            assert!(fault.message.contains(&format!("EPSG:{code}")), "{}", fault.message);
        }
        assert!(DOUBTFUL.is_sorted());
        assert!(Crs::mollweide(f64::NAN).is_err());
        // Beyond the ellipse of the whole Earth there is no place.
        assert_eq!(Crs::mollweide(0.0).unwrap().to_lonlat([18_000_000.0, 5_000_000.0]), None);
    }

    proptest! {
        #[test]
        fn mollweide_leads_back(lon in -179.9f64..179.9, lat in -89.0f64..89.0) {
            let crs = Crs::mollweide(0.0).unwrap();
            let back = crs.to_lonlat(crs.to_plane(LonLat { lon, lat }).unwrap()).unwrap();
            prop_assert!((back.lon - lon).abs() < 1e-8 && (back.lat - lat).abs() < 1e-8, "{back:?}");
        }
    }
}
