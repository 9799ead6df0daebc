//! Where the pixels lie: the GeoTIFF tags, read strictly.
//!
//! Key and tag numbers are those of the OGC GeoTIFF standard 1.1 (19-008r4).

use crate::error::{Fault, Result};

const KEY_MODEL_TYPE: u16 = 1024;
const KEY_RASTER_TYPE: u16 = 1025;
const KEY_CITATION: u16 = 1026;
const KEY_GEODETIC_CRS: u16 = 2048;
const KEY_GEODETIC_CITATION: u16 = 2049;
const KEY_PROJECTED_CRS: u16 = 3072;
const KEY_PROJECTED_CITATION: u16 = 3073;
/// The value of [`KEY_RASTER_TYPE`] by which coordinates are those of pixel centres.
const PIXEL_IS_POINT: u16 = 2;
/// The location value of a text key: it lies in the GeoAsciiParams tag.
const ASCII_PARAMS: u16 = 34737;

/// A north-up grid of pixels in degrees, WGS 84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// Pixels from west to east.
    pub width: u32,
    /// Pixels from north to south.
    pub height: u32,
    /// Longitude of the west edge.
    pub west: f64,
    /// Latitude of the north edge.
    pub north: f64,
    /// Width of a pixel in degrees, positive.
    pub pixel_lon: f64,
    /// Height of a pixel in degrees, positive.
    pub pixel_lat: f64,
}

impl Grid {
    /// Longitude of the east edge.
    pub fn east(&self) -> f64 {
        self.west + f64::from(self.width) * self.pixel_lon
    }

    /// Latitude of the south edge.
    pub fn south(&self) -> f64 {
        self.north - f64::from(self.height) * self.pixel_lat
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

impl GeoTags {
    /// The grid of an image of this size. The faults have no file yet.
    pub(super) fn grid(&self, width: u32, height: u32) -> Result<Grid, Fault> {
        self.check_crs()?;
        let (mut west, mut north, pixel_lon, pixel_lat) = self.corner()?;
        if self.key(KEY_RASTER_TYPE) == Some(PIXEL_IS_POINT) {
            west -= pixel_lon / 2.0;
            north += pixel_lat / 2.0;
        }
        let grid = Grid { width, height, west, north, pixel_lon, pixel_lat };
        // Global rasters may stick out by half a pixel or by rounding.
        let sound = grid.west >= -181.0 && grid.east() <= 361.0 && grid.south() >= -91.0 && grid.north <= 91.0;
        if sound {
            return Ok(grid);
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

    /// West edge, north edge, pixel width and height, all finite, the last two positive.
    fn corner(&self) -> Result<(f64, f64, f64, f64), Fault> {
        let place = match (&self.matrix, &self.scale, &self.tie) {
            (_, Some(scale), Some(tie)) if scale.len() >= 2 && tie.len() == 6 => {
                let (dx, dy) = (scale[0], scale[1]);
                (tie[3] - tie[0] * dx, tie[4] + tie[1] * dy, dx, dy)
            }
            (Some(m), _, _) if m.len() == 16 => {
                if m[1] != 0.0 || m[4] != 0.0 {
                    return Err(Fault::new("population::rotated", "the raster is rotated or sheared")
                        .help("rewrite it north-up with `gdalwarp -t_srs EPSG:4326`"));
                }
                (m[3], m[7], m[0], -m[5])
            }
            _ => {
                return Err(Fault::new("population::georeference", "the raster does not say where its pixels lie")
                    .help("it needs ModelPixelScale with one ModelTiepoint, or ModelTransformation; see `gdalinfo`"));
            }
        };
        let (west, north, dx, dy) = place;
        if ![west, north, dx, dy].iter().all(|v| v.is_finite()) || dx <= 0.0 || dy <= 0.0 {
            return Err(Fault::new(
                "population::georeference",
                format!("pixels of {dx} by {dy} degrees from {west}, {north} are not north-up"),
            )
            .help("rewrite it north-up with `gdalwarp -t_srs EPSG:4326`"));
        }
        Ok(place)
    }

    fn check_crs(&self) -> Result<(), Fault> {
        let model = self.key(KEY_MODEL_TYPE);
        let geodetic = self.key(KEY_GEODETIC_CRS);
        let projected = self.key(KEY_PROJECTED_CRS);
        if geodetic == Some(4326) && projected.is_none() && matches!(model, None | Some(2)) {
            return Ok(());
        }
        let (code, citation) = match model {
            Some(1) => (projected, KEY_PROJECTED_CITATION),
            _ => (projected.or(geodetic), KEY_GEODETIC_CITATION),
        };
        let citation = self.text(citation).or_else(|| self.text(KEY_CITATION));
        let found = match (code, citation) {
            (Some(code), Some(citation)) if code != 32767 => format!("EPSG:{code} ({citation})"),
            (Some(code), None) if code != 32767 => format!("EPSG:{code}"),
            (_, Some(citation)) => format!("its own CRS \"{citation}\""),
            (Some(_), None) => "its own CRS".into(),
            (None, None) => return Err(Fault::new("population::crs", "the raster names no CRS").help(REPROJECT)),
        };
        Err(Fault::new("population::crs", format!("the raster is in {found}")).help(REPROJECT))
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

    fn text(&self, id: u16) -> Option<String> {
        let entry = self.entries().find(|e| e[0] == id && e[1] == ASCII_PARAMS)?;
        let (start, count) = (usize::from(entry[3]), usize::from(entry[2]));
        let text = self.ascii.get(start..start + count)?;
        let text: String = text.trim_end_matches(['|', '\0']).chars().filter(|c| !c.is_control()).take(80).collect();
        (!text.is_empty()).then_some(text)
    }
}

const REPROJECT: &str = "population rasters are read in EPSG:4326 only; reproject with \
    `gdalwarp -t_srs EPSG:4326 -r sum` (sum keeps the people)";

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
        let grid = tags(&WGS).grid(4, 8).unwrap();
        let expected = Grid { width: 4, height: 8, west: 105.0, north: 21.0, pixel_lon: 0.5, pixel_lat: 0.25 };
        assert_eq!(grid, expected);
        // 105 + 4 · 0.5 and 21 - 8 · 0.25
        assert_eq!((grid.east(), grid.south()), (107.0, 19.0));
    }

    #[test]
    fn pixel_is_point_lies_half_a_pixel_off() {
        let grid = tags(&[WGS[0], WGS[1], [1025, 0, 1, 2]]).grid(4, 8).unwrap();
        assert_eq!((grid.west, grid.north), (104.75, 21.125));
    }

    #[test]
    fn a_tie_point_inside_the_raster_is_followed_back() {
        let mut t = tags(&WGS);
        t.tie = Some(vec![2.0, 4.0, 0.0, 105.0, 21.0, 0.0]);
        // 2 pixels of 0.5 west of 105, 4 pixels of 0.25 north of 21
        let grid = t.grid(4, 8).unwrap();
        assert_eq!((grid.west, grid.north), (104.0, 22.0));
    }

    #[test]
    fn a_transformation_is_read_and_a_sheared_one_refused() {
        let mut t = tags(&WGS);
        (t.scale, t.tie) = (None, None);
        let mut m = vec![0.0; 16];
        (m[0], m[3], m[5], m[7], m[15]) = (0.5, 105.0, -0.25, 21.0, 1.0);
        t.matrix = Some(m.clone());
        assert_eq!(t.grid(4, 8).unwrap(), tags(&WGS).grid(4, 8).unwrap());
        m[1] = 0.01;
        t.matrix = Some(m.clone());
        assert_eq!(t.grid(4, 8).unwrap_err().code, "population::rotated");
        (m[1], m[5]) = (0.0, 0.25);
        t.matrix = Some(m);
        assert_eq!(t.grid(4, 8).unwrap_err().code, "population::georeference");
    }

    #[test]
    fn another_crs_is_named() {
        let message = |keys: &[[u16; 4]]| {
            let fault = tags(keys).grid(4, 8).unwrap_err();
            assert_eq!(fault.code, "population::crs");
            fault.message
        };
        let utm = [[1024, 0, 1, 1], [1026, 34737, 22, 0], [2048, 0, 1, 4326], [3072, 0, 1, 32648]];
        assert_eq!(message(&utm), "the raster is in EPSG:32648 (WGS 84 / UTM zone 48N)");
        assert_eq!(message(&[[1024, 0, 1, 2], [2048, 0, 1, 4269]]), "the raster is in EPSG:4269");
        let own = [[1024, 0, 1, 1], [3072, 0, 1, 32767], [1026, 34737, 22, 0]];
        assert_eq!(message(&own), "the raster is in its own CRS \"WGS 84 / UTM zone 48N\"");
        assert_eq!(message(&[]), "the raster names no CRS");
        // A directory cut short, and a text that points outside its tag.
        assert_eq!(message(&[[1024, 0, 1, 1], [1026, 34737, 9999, 60000]]), "the raster names no CRS");
    }

    #[test]
    fn degrees_beyond_the_earth_are_refused() {
        let mut t = tags(&WGS);
        t.tie = Some(vec![0.0, 0.0, 0.0, 587_000.0, 2_325_000.0, 0.0]);
        assert_eq!(t.grid(4, 8).unwrap_err().code, "population::extent");
        t.scale = Some(vec![f64::NAN, 1.0]);
        assert_eq!(t.grid(4, 8).unwrap_err().code, "population::georeference");
    }
}
