//! Where the pixels lie: the GeoTIFF tags, read strictly.
//!
//! Key and tag numbers are those of the OGC GeoTIFF standard 1.1 (19-008r4).

use super::crs::{Crs, REPROJECT};
use crate::error::{Fault, Result, shown};

const KEY_MODEL_TYPE: u16 = 1024;
const KEY_RASTER_TYPE: u16 = 1025;
const KEY_CITATION: u16 = 1026;
const KEY_GEODETIC_CRS: u16 = 2048;
const KEY_GEODETIC_CITATION: u16 = 2049;
const KEY_ANGULAR_UNIT: u16 = 2054;
const KEY_PROJECTED_CRS: u16 = 3072;
const KEY_PROJECTED_CITATION: u16 = 3073;
const KEY_LINEAR_UNIT: u16 = 3076;
/// The value of a key whose meaning stands in other keys.
const USER_DEFINED: u16 = 32767;
/// The value of [`KEY_RASTER_TYPE`] by which coordinates are those of pixel centres.
const PIXEL_IS_POINT: u16 = 2;
/// The location value of a text key: it lies in the GeoAsciiParams tag.
const ASCII_PARAMS: u16 = 34737;
/// Mollweide in the numbers of ESRI, which some writers put where an EPSG code belongs.
const ESRI_MOLLWEIDE: u16 = 54009;
/// The two numbers of the degree among units of angle.
const DEGREES: [u16; 2] = [9102, 9122];

/// A north-up grid of pixels in the plane of its CRS.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// Pixels from west to east.
    pub width: u32,
    /// Pixels from north to south.
    pub height: u32,
    /// The west edge, in units of the CRS: degrees or mostly metres.
    pub west: f64,
    /// The north edge, in units of the CRS.
    pub north: f64,
    /// Width of a pixel in units of the CRS, positive.
    pub pixel_width: f64,
    /// Height of a pixel in units of the CRS, positive.
    pub pixel_height: f64,
}

impl Grid {
    /// The east edge, in units of the CRS.
    pub fn east(&self) -> f64 {
        self.west + f64::from(self.width) * self.pixel_width
    }

    /// The south edge, in units of the CRS.
    pub fn south(&self) -> f64 {
        self.north - f64::from(self.height) * self.pixel_height
    }

    /// Coordinates in the plane, in units of the CRS, as pixels from the north-west corner: east, south.
    pub fn in_pixels(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [(x - self.west) / self.pixel_width, (self.north - y) / self.pixel_height]
    }

    /// Pixels from the north-west corner (east, south) as coordinates in the plane, in units of the CRS.
    pub fn in_plane(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [self.west + x * self.pixel_width, self.north - y * self.pixel_height]
    }
}

/// The raw georeferencing tags of an image.
#[derive(Debug, Default)]
pub(super) struct GeoTags {
    pub(super) directory: Option<Vec<u16>>,
    pub(super) ascii: String,
    /// ModelPixelScale: x, y, z.
    pub(super) scale: Option<Vec<f64>>,
    /// ModelTiepoint: i, j, k, x, y, z for each point.
    pub(super) tie: Option<Vec<f64>>,
    /// ModelTransformation: a 4 by 4 matrix by rows.
    pub(super) matrix: Option<Vec<f64>>,
}

/// What the tags say.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GeoReference {
    pub(super) grid: Grid,
    pub(super) crs: Crs,
    /// The first row of the file is the southernmost.
    pub(super) south_up: bool,
}

impl GeoTags {
    /// Where an image of this size lies. The faults have no file yet.
    pub(super) fn reference(&self, width: u32, height: u32) -> Result<GeoReference, Fault> {
        let crs = self.crs()?;
        let (west, first, pixel_width, step) = self.corner()?;
        let half = if self.key(KEY_RASTER_TYPE) == Some(PIXEL_IS_POINT) { 0.5 } else { 0.0 };
        let (west, first) = (west - half * pixel_width, first - half * step);
        let south_up = step > 0.0;
        let north = if south_up { first + f64::from(height) * step } else { first };
        let grid = Grid { width, height, west, north, pixel_width, pixel_height: step.abs() };
        // Global rasters may stick out by half a pixel or by rounding.
        let sound = grid.west >= -181.0 && grid.east() <= 361.0 && grid.south() >= -91.0 && grid.north <= 91.0;
        if sound || !crs.is_degrees() {
            return Ok(GeoReference { grid, crs, south_up });
        }
        let found = format!(
            "the raster spans {} to {} east and {} to {} north, which are not degrees",
            grid.west,
            grid.east(),
            grid.south(),
            grid.north
        );
        Err(Fault::new("population::extent", found).help(REPROJECT))
    }

    /// West edge, edge of the first row, pixel width, and the step north from row to row (negative where the first row
    /// is the northernmost); all finite, the last two not 0.
    fn corner(&self) -> Result<(f64, f64, f64, f64), Fault> {
        let place = match (&self.matrix, &self.scale, &self.tie) {
            (_, Some(scale), Some(tie)) if scale.len() >= 2 && tie.len() == 6 => {
                let (dx, dy) = (scale[0], scale[1]);
                if dy < 0.0 {
                    // Writers mean either by it, so a guess could put the north in the south.
                    return Err(Fault::new("population::georeference", format!("the height of a pixel is {dy}")).help(
                        "ModelPixelScale is positive by the standard; say what is north with `gdal_translate -a_ullr`",
                    ));
                }
                (tie[3] - tie[0] * dx, tie[4] + tie[1] * dy, dx, -dy)
            }
            (Some(m), _, _) if m.len() == 16 => {
                if m[1] != 0.0 || m[4] != 0.0 {
                    return Err(Fault::new("population::rotated", "the raster is rotated or sheared")
                        .help("rewrite it north-up with `gdalwarp -t_srs EPSG:4326 -r sum in.tif out.tif`"));
                }
                (m[3], m[7], m[0], m[5])
            }
            _ => {
                return Err(Fault::new("population::georeference", "the raster does not say where its pixels lie")
                    .help("it needs ModelPixelScale with one ModelTiepoint, or ModelTransformation; see `gdalinfo`"));
            }
        };
        let (west, north, dx, dy) = place;
        if ![west, north, dx, dy].iter().all(|v| v.is_finite()) || dx <= 0.0 || dy == 0.0 {
            return Err(Fault::new(
                "population::georeference",
                format!("pixels of {dx} by {dy} from {west}, {north} cannot be placed"),
            )
            .help("pixels need a width and a height, and the first column in the west; see `gdalinfo`"));
        }
        Ok(place)
    }

    fn crs(&self) -> Result<Crs, Fault> {
        let crs = self.named_crs()?;
        let unit_fits = match (self.key(KEY_LINEAR_UNIT), crs.unit_m()) {
            (Some(9001), Some(unit_m)) => (unit_m - 1.0).abs() < 1e-12,
            (Some(9002), Some(unit_m)) => (unit_m - 0.3048).abs() < 1e-9,
            (Some(9003), Some(unit_m)) => (unit_m - 1200.0 / 3937.0).abs() < 1e-9,
            (None | Some(USER_DEFINED), Some(_)) | (_, None) => true,
            (Some(_), Some(_)) => false,
        };
        let angle = self.key(KEY_ANGULAR_UNIT).filter(|_| crs.is_degrees());
        if !unit_fits || angle.is_some_and(|unit| !DEGREES.contains(&unit)) {
            let unit = angle.or(self.key(KEY_LINEAR_UNIT)).unwrap_or_default();
            let found = format!("the raster is in {}, but in units of its own (EPSG:{unit})", crs.name());
            return Err(Fault::new("population::crs", found).help(REPROJECT));
        }
        Ok(crs)
    }

    fn named_crs(&self) -> Result<Crs, Fault> {
        let model = self.key(KEY_MODEL_TYPE);
        let geodetic = self.key(KEY_GEODETIC_CRS);
        let projected = self.key(KEY_PROJECTED_CRS);
        let citations =
            || [KEY_PROJECTED_CITATION, KEY_CITATION].into_iter().filter_map(|key| self.text(key, usize::MAX));
        if projected == Some(ESRI_MOLLWEIDE)
            || (projected.is_none_or(|code| code == USER_DEFINED)
                && citations().any(|text| text.to_ascii_lowercase().contains("mollweide")))
        {
            return mollweide(citations());
        }
        match (model, projected, geodetic) {
            (None | Some(1), Some(code), _) | (Some(USER_DEFINED), Some(code), _) if code != USER_DEFINED => {
                Crs::from_epsg(code).map_err(|fault| self.with_citation(fault, KEY_PROJECTED_CITATION))
            }
            (None | Some(2), None, Some(code)) if code != USER_DEFINED => {
                Crs::from_epsg(code).map_err(|fault| self.with_citation(fault, KEY_GEODETIC_CITATION))
            }
            _ => Err(self.own_crs()),
        }
    }

    fn with_citation(&self, mut fault: Fault, key: u16) -> Fault {
        if let Some(text) = self.text(key, 80).or_else(|| self.text(KEY_CITATION, 80)) {
            fault.message = shown(format!("{} (it calls itself \"{text}\")", fault.message));
        }
        fault
    }

    /// The fault of a raster whose CRS has no code.
    fn own_crs(&self) -> Fault {
        let keys = [KEY_PROJECTED_CITATION, KEY_CITATION, KEY_GEODETIC_CITATION];
        let found = match keys.into_iter().find_map(|key| self.text(key, 80)) {
            Some(text) => format!("the raster is in its own CRS \"{text}\""),
            None if self.entries().next().is_some() => "the raster is in its own CRS".into(),
            None => "the raster names no CRS".into(),
        };
        Fault::new("population::crs", found).help(REPROJECT)
    }

    /// Number, location, count and value of each entry of the key directory.
    fn entries(&self) -> impl Iterator<Item = &[u16]> {
        let all = self.directory.as_deref().unwrap_or_default();
        let count = all.get(3).copied().unwrap_or(0);
        all.chunks_exact(4).skip(1).take(count.into())
    }

    fn key(&self, id: u16) -> Option<u16> {
        self.entries().find(|e| e[0] == id && e[1] == 0).map(|e| e[3])
    }

    /// A text without control characters, at most `most` characters of it.
    fn text(&self, id: u16, most: usize) -> Option<String> {
        let entry = self.entries().find(|e| e[0] == id && e[1] == ASCII_PARAMS)?;
        let (start, count) = (usize::from(entry[3]), usize::from(entry[2]));
        let text = self.ascii.get(start..start + count)?;
        let text: String = text.trim_end_matches(['|', '\0']).chars().filter(|c| !c.is_control()).take(most).collect();
        (!text.is_empty()).then_some(text)
    }
}

/// Mollweide as its citations say: ESRI:54009 where they give no parameters.
fn mollweide(mut citations: impl Iterator<Item = String>) -> Result<Crs, Fault> {
    let Some(text) = citations.find(|text| text.contains("PROJECTION[")) else { return Crs::mollweide(0.0) };
    let number = |key: &str| {
        let rest = text.split_once(&format!("PARAMETER[\"{key}\","))?.1;
        rest.split_once(']')?.0.trim().parse::<f64>().ok()
    };
    let shifted = ["False_Easting", "False_Northing"].iter().any(|key| number(key).is_some_and(|v| v != 0.0));
    let metres = text.contains("UNIT[\"Meter\",1.0]") || text.contains("UNIT[\"metre\",1]");
    if shifted || !metres {
        let found = "the raster is in a Mollweide projection with an origin or a unit of its own";
        return Err(Fault::new("population::crs", found).help(REPROJECT));
    }
    Crs::mollweide(number("Central_Meridian").unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(keys: &[[u16; 4]]) -> GeoTags {
        let mut directory = vec![1, 1, 0, keys.len() as u16];
        directory.extend(keys.iter().flatten());
        GeoTags {
            directory: Some(directory),
            ascii: "WGS 84 / UTM zone 48N|WGS 84|".into(),
            scale: Some(vec![0.5, 0.25, 0.0]),
            tie: Some(vec![0.0, 0.0, 0.0, 105.0, 21.0, 0.0]),
            matrix: None,
        }
    }

    const WGS: [[u16; 4]; 2] = [[1024, 0, 1, 2], [2048, 0, 1, 4326]];

    #[test]
    fn pixel_is_area() {
        let grid = tags(&WGS).reference(4, 8).unwrap().grid;
        let expected = Grid { width: 4, height: 8, west: 105.0, north: 21.0, pixel_width: 0.5, pixel_height: 0.25 };
        assert_eq!(grid, expected);
        // 105 + 4 · 0.5 and 21 - 8 · 0.25
        assert_eq!((grid.east(), grid.south()), (107.0, 19.0));
    }

    #[test]
    fn pixel_is_point_lies_half_a_pixel_off() {
        let grid = tags(&[WGS[0], WGS[1], [1025, 0, 1, 2]]).reference(4, 8).unwrap().grid;
        assert_eq!((grid.west, grid.north), (104.75, 21.125));
    }

    #[test]
    fn a_tie_point_inside_the_raster_is_followed_back() {
        let mut t = tags(&WGS);
        t.tie = Some(vec![2.0, 4.0, 0.0, 105.0, 21.0, 0.0]);
        // 2 pixels of 0.5 west of 105, 4 pixels of 0.25 north of 21
        let grid = t.reference(4, 8).unwrap().grid;
        assert_eq!((grid.west, grid.north), (104.0, 22.0));
    }

    #[test]
    fn a_transformation_is_read_and_a_sheared_one_refused() {
        let mut t = tags(&WGS);
        (t.scale, t.tie) = (None, None);
        let mut m = vec![0.0; 16];
        (m[0], m[3], m[5], m[7], m[15]) = (0.5, 105.0, -0.25, 21.0, 1.0);
        t.matrix = Some(m.clone());
        assert_eq!(t.reference(4, 8).unwrap(), tags(&WGS).reference(4, 8).unwrap());
        m[1] = 0.01;
        t.matrix = Some(m.clone());
        assert_eq!(t.reference(4, 8).unwrap_err().code, "population::rotated");
        // South-up: the first row begins at 19 and the eighth ends at 19 + 8 · 0.25 = 21.
        (m[1], m[5], m[7]) = (0.0, 0.25, 19.0);
        t.matrix = Some(m.clone());
        let found = t.reference(4, 8).unwrap();
        assert!(found.south_up && !tags(&WGS).reference(4, 8).unwrap().south_up);
        assert_eq!(found.grid, tags(&WGS).reference(4, 8).unwrap().grid);
        // A point lies in the middle of its pixel: the south edge is half a pixel lower.
        t.directory = tags(&[WGS[0], WGS[1], [1025, 0, 1, 2]]).directory;
        let grid = t.reference(4, 8).unwrap().grid;
        assert_eq!((grid.west, grid.south(), grid.north), (104.75, 18.875, 20.875));
        m[5] = 0.0;
        t.matrix = Some(m);
        assert_eq!(t.reference(4, 8).unwrap_err().code, "population::georeference");
        let mut t = tags(&WGS);
        t.scale = Some(vec![0.5, -0.25, 0.0]);
        assert_eq!(t.reference(4, 8).unwrap_err().code, "population::georeference");
    }

    #[test]
    fn codes_and_citations_name_the_crs() {
        let name = |keys: &[[u16; 4]], ascii: &str| {
            let tags = GeoTags { ascii: ascii.into(), ..tags(keys) };
            tags.reference(4, 8).map(|found| found.crs.name().to_owned())
        };
        assert_eq!(name(&[[1024, 0, 1, 1], [3072, 0, 1, 32648], [3076, 0, 1, 9001]], "").unwrap(), "EPSG:32648");
        assert_eq!(name(&[[1024, 0, 1, 2], [2048, 0, 1, 4258], [2054, 0, 1, 9102]], "").unwrap(), "EPSG:4258");
        // As GDAL 3 writes ESRI:54009.
        let esri = "World_Mollweide|ESRI PE String = PROJCS[\"World_Mollweide\",PROJECTION[\"Mollweide\"],\
            PARAMETER[\"False_Easting\",0.0],PARAMETER[\"Central_Meridian\",0.0],UNIT[\"Meter\",1.0]]|";
        let keys = |count| [[1024, 0, 1, 32767], [1026, 34737, 16, 0], [2048, 0, 1, 32767], [3073, 34737, count, 16]];
        assert_eq!(name(&keys(esri.len() as u16 - 16), esri).unwrap(), "ESRI:54009");
        let moved = esri.replace("Meridian\",0.0", "Meridian\",105.0");
        assert_eq!(name(&keys(moved.len() as u16 - 16), &moved).unwrap(), "Mollweide about 105°");
        let moved = esri.replace("Easting\",0.0", "Easting\",7.0");
        assert_eq!(name(&keys(moved.len() as u16 - 16), &moved).unwrap_err().code, "population::crs");
        // As other writers do.
        assert_eq!(name(&[[1024, 0, 1, 1], [3072, 0, 1, 54009]], "").unwrap(), "ESRI:54009");
        // Metres by one key and feet by another, and grads.
        assert_eq!(
            name(&[[1024, 0, 1, 1], [3072, 0, 1, 32648], [3076, 0, 1, 9002]], "").unwrap_err().code,
            "population::crs"
        );
        assert_eq!(
            name(&[[1024, 0, 1, 2], [2048, 0, 1, 4326], [2054, 0, 1, 9105]], "").unwrap_err().code,
            "population::crs"
        );
    }

    #[test]
    fn another_crs_is_named() {
        let message = |keys: &[[u16; 4]]| {
            let fault = tags(keys).reference(4, 8).unwrap_err();
            assert_eq!(fault.code, "population::crs");
            fault.message
        };
        // No such projected system, and a geocentric one.
        let odd = [[1024, 0, 1, 1], [1026, 34737, 22, 0], [2048, 0, 1, 4326], [3072, 0, 1, 9]];
        let expected =
            "the raster is in EPSG:9: its definition is not known (it calls itself \"WGS 84 / UTM zone 48N\")";
        assert_eq!(message(&odd), expected);
        assert!(message(&[[1024, 0, 1, 2], [2048, 0, 1, 4978]]).contains("EPSG:4978"));
        let own = [[1024, 0, 1, 1], [3072, 0, 1, 32767], [1026, 34737, 22, 0]];
        assert_eq!(message(&own), "the raster is in its own CRS \"WGS 84 / UTM zone 48N\"");
        assert_eq!(message(&[]), "the raster names no CRS");
        // A directory cut short, and a text that points outside its tag.
        assert_eq!(message(&[[1024, 0, 1, 1], [1026, 34737, 9999, 60000]]), "the raster is in its own CRS");
    }

    #[test]
    fn degrees_beyond_the_earth_are_refused() {
        let mut t = tags(&WGS);
        t.tie = Some(vec![0.0, 0.0, 0.0, 587_000.0, 2_325_000.0, 0.0]);
        assert_eq!(t.reference(4, 8).unwrap_err().code, "population::extent");
        t.scale = Some(vec![f64::NAN, 1.0]);
        assert_eq!(t.reference(4, 8).unwrap_err().code, "population::georeference");
    }
}
