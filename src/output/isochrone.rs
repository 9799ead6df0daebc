//! Isochrones as a file of their own: GeoJSON, GeoParquet or a picture, by the ending of its name.

use std::fs;
use std::path::Path;

use geo::{BoundingRect, MapCoords, MultiPolygon};
use geojson::{Feature, FeatureCollection, GeoJson, Geometry};
use serde_json::json;

use super::file::PendingFile;
use super::picture::{Picture, Rgb, Spot};
use super::schema;
use super::table::{self, Values};
use crate::access::isochrone::Accuracy;
use crate::error::{Fault, Result};
use crate::network::Network;
use crate::units::{EARTH_RADIUS_M, LonLat};

/// A band of travel time around a site, or around all.
#[derive(Debug)]
pub struct Band {
    /// Id of the site, `all` for all together.
    pub site: String,
    /// Longest travel time in minutes.
    pub minutes: f64,
    /// What lies within it.
    pub shape: MultiPolygon<f64>,
    /// How true it is to the network.
    pub accuracy: Accuracy,
}

impl Band {
    /// Area of the polygons in km², on the plane around their middle latitude.
    pub fn area_km2(&self) -> f64 {
        use geo::Area;
        let Some(rect) = self.shape.bounding_rect() else { return 0.0 };
        let km_per_degree = EARTH_RADIUS_M.to_radians() / 1000.0;
        self.shape.unsigned_area() * km_per_degree * km_per_degree * rect.center().y.to_radians().cos()
    }
}

/// What is drawn, and what a picture shows with it.
pub struct Isochrones<'a> {
    /// Travel mode.
    pub mode: &'a str,
    /// Bands in the order of the file.
    pub bands: &'a [Band],
    /// Where the sites stand.
    pub sites: &'a [LonLat],
    /// Roads, for a picture.
    pub network: &'a Network,
    /// Shapes of water, for a picture: points, and whether they bound an area.
    pub water: &'a [(Vec<LonLat>, bool)],
    /// Whose data this is.
    pub attribution: &'a str,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 7946.
    GeoJson,
    /// GeoParquet 1.1.
    Parquet,
    /// A picture.
    Png,
}

impl Format {
    /// By the ending of a name.
    ///
    /// # Errors
    /// The ending is none of those known.
    pub fn of(path: &Path) -> Result<Format> {
        let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        match ending.as_deref() {
            Some("geojson" | "json") => Ok(Format::GeoJson),
            Some("parquet" | "geoparquet") => Ok(Format::Parquet),
            Some("png") => Ok(Format::Png),
            _ => Err(Fault::new("isochrone::format", "the name tells no format that gandan writes")
                .file(path)
                .help("let it end in .geojson, .parquet or .png")
                .into()),
        }
    }
}

impl Isochrones<'_> {
    /// Writes the file whole or not at all.
    ///
    /// # Errors
    /// The name has no known ending, something stands there that may not be replaced, or the disk refuses.
    pub fn write(&self, path: &Path, force: bool) -> Result<()> {
        let format = Format::of(path)?;
        let file = PendingFile::begin(path, force)?;
        match format {
            Format::GeoJson => fs::write(file.path(), self.geojson().to_string())
                .map_err(|e| Fault::io("write the isochrones", file.path(), &e))?,
            Format::Parquet => table::write_as(file.path(), &schema::ISOCHRONE, self.values())?,
            Format::Png => self.picture().save(file.path())?,
        }
        crate::stages::go_on()?;
        file.commit()
    }

    /// RFC 7946, 7 decimals (1 cm).
    fn geojson(&self) -> GeoJson {
        let rounded = |shape: &MultiPolygon<f64>| shape.map_coords(|c| geo::Coord { x: seven(c.x), y: seven(c.y) });
        let feature = |band: &Band| {
            let shape = rounded(&band.shape);
            let properties = json!({
                "site": band.site,
                "mode": self.mode,
                "minutes": band.minutes,
                "area_km2": (band.area_km2() * 1e4).round() / 1e4,
                "accuracy": {
                    "places_within": band.accuracy.within,
                    "inside_share": band.accuracy.inside_share(),
                    "places_beyond": band.accuracy.beyond,
                    "outside_share": band.accuracy.outside_share(),
                },
            });
            Feature {
                bbox: shape.bounding_rect().map(|r| vec![r.min().x, r.min().y, r.max().x, r.max().y]),
                geometry: Some(Geometry::from(&shape)),
                properties: properties.as_object().cloned(),
                ..Feature::default()
            }
        };
        let bbox = self.bounds().map(|b| b.map(seven).to_vec());
        let about =
            json!({ "generator": concat!("gandan ", env!("CARGO_PKG_VERSION")), "attribution": self.attribution });
        GeoJson::FeatureCollection(FeatureCollection {
            features: self.bands.iter().map(feature).collect(),
            bbox,
            foreign_members: about.as_object().cloned(),
        })
    }

    fn values(&self) -> Vec<Values> {
        let bands = self.bands;
        vec![
            Values::text(bands.iter().map(|b| b.site.clone())),
            Values::text(bands.iter().map(|_| self.mode)),
            Values::number(bands.iter().map(|b| b.minutes)),
            Values::number(bands.iter().map(Band::area_km2)),
            Values::Number(bands.iter().map(|b| b.accuracy.inside_share()).collect()),
            Values::Number(bands.iter().map(|b| b.accuracy.outside_share()).collect()),
            Values::Geometry(bands.iter().map(|b| b.shape.clone().into()).collect()),
        ]
    }

    /// West, south, east and north of all polygons.
    fn bounds(&self) -> Option<[f64; 4]> {
        let boxes = self.bands.iter().filter_map(|b| b.shape.bounding_rect());
        boxes
            .map(|r| [r.min().x, r.min().y, r.max().x, r.max().y])
            .reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])])
    }

    fn picture(&self) -> Picture {
        let sites = self.sites.iter().map(|p| [p.lon, p.lat, p.lon, p.lat]);
        let bounds = self
            .bounds()
            .into_iter()
            .chain(sites)
            .reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])])
            .unwrap_or_default();
        let view = View::around(bounds);
        let mut picture = Picture::new(view.width, view.height, [250, 249, 246]);
        let spots = |points: &[LonLat]| -> Vec<Spot> { points.iter().map(|&p| view.spot(p)).collect() };
        for (points, area) in self.water {
            let shape = spots(points);
            if *area {
                picture.fill([&shape[..]], WATER, 1.0);
            } else {
                picture.stroke([&shape[..]], 2.0, WATER, 1.0);
            }
        }
        // The longest band first, so that the shorter ones lie upon it.
        let mut minutes: Vec<f64> = self.bands.iter().map(|b| b.minutes).collect();
        minutes.sort_by(f64::total_cmp);
        minutes.dedup();
        for (i, m) in minutes.iter().enumerate().rev() {
            for band in self.bands.iter().filter(|b| b.minutes == *m) {
                let rings = band.shape.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
                let rings: Vec<Vec<Spot>> =
                    rings.map(|r| r.coords().map(|c| view.spot(LonLat { lon: c.x, lat: c.y })).collect()).collect();
                picture.fill(rings.iter().map(Vec::as_slice), band_colour(i, minutes.len()), 0.75);
            }
        }
        for (width, named) in [(0.7, &[][..]), (1.3, &MIDDLE_ROADS[..]), (2.4, &MAIN_ROADS[..])] {
            let is = |class: &str| match named {
                [] => !MIDDLE_ROADS.contains(&class) && !MAIN_ROADS.contains(&class),
                named => named.contains(&class),
            };
            let streets = self.network.streets.iter().filter(|s| is(&self.network.classes[usize::from(s.class)]));
            let lines: Vec<Vec<Spot>> = streets
                .map(|s| spots(self.network.shape(s)))
                .filter(|line| line.iter().any(|&at| view.holds(at)))
                .collect();
            picture.stroke(lines.iter().map(Vec::as_slice), width, [70, 70, 70], 0.5);
        }
        for &site in self.sites {
            picture.dot(view.spot(site), 8.0, [255; 3]);
            picture.dot(view.spot(site), 5.5, [200, 30, 30]);
        }
        self.legend(&mut picture, &view, &minutes);
        picture
    }

    /// Bands, scale and source, on a strip of the lower left corner.
    fn legend(&self, picture: &mut Picture, view: &View, minutes: &[f64]) {
        let (size, line, left) = (15.0, 26.0, 20.0);
        let label = |m: f64| format!("{m} min");
        let (metres, bar) = view.scale();
        let scale = if metres >= 1000.0 { format!("{} km", metres / 1000.0) } else { format!("{metres} m") };
        let mut texts: Vec<String> = minutes.iter().map(|&m| label(m)).collect();
        texts.push(self.mode.to_owned());
        let source = (!self.attribution.is_empty()).then_some(self.attribution);
        let widest = texts.iter().map(|t| Picture::text_width(t, size) + 36.0);
        let widest = widest.fold(bar + 12.0 + Picture::text_width(&scale, size), f64::max);
        let widest = source.map_or(widest, |s| widest.max(Picture::text_width(s, 9.0)));
        let lines = minutes.len() as f64 + 2.0;
        let bottom = view.height as f64 - 14.0;
        let top = bottom - lines * line - if source.is_some() { 20.0 } else { 0.0 } - 14.0;
        let panel =
            [[left - 10.0, top], [left - 10.0, bottom], [left + widest + 12.0, bottom], [left + widest + 12.0, top]];
        picture.fill([&panel[..]], [255; 3], 0.88);
        let mut base = top + line;
        picture.write(self.mode, [left, base], size, INK);
        for (i, &m) in minutes.iter().enumerate() {
            base += line;
            let swatch = [[left, base - size], [left, base], [left + 26.0, base], [left + 26.0, base - size]];
            picture.fill([&swatch[..]], band_colour(i, minutes.len()), 0.9);
            picture.write(&label(m), [left + 36.0, base], size, INK);
        }
        base += line;
        picture.stroke(
            [&[[left, base - size], [left, base], [left + bar, base], [left + bar, base - size]][..]],
            2.0,
            INK,
            1.0,
        );
        picture.write(&scale, [left + bar + 12.0, base], size, INK);
        if let Some(source) = source {
            picture.write(source, [left, base + 20.0], 9.0, INK);
        }
    }
}

const INK: Rgb = [40, 40, 40];
const WATER: Rgb = [190, 214, 232];
const MAIN_ROADS: [&str; 6] = ["motorway", "trunk", "primary", "motorway_link", "trunk_link", "primary_link"];
const MIDDLE_ROADS: [&str; 4] = ["secondary", "tertiary", "secondary_link", "tertiary_link"];

/// From the shortest band to the longest: the scale viridis (S. van der Walt, N. Smith), which grows evenly lighter and
/// reads the same to the colour-blind.
fn band_colour(index: usize, bands: usize) -> Rgb {
    const SCALE: [Rgb; 5] = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
    let part = (index as f64 + 1.0) / (bands as f64 + 0.5) * 4.0;
    let first = (part as usize).min(3);
    let rest = part - first as f64;
    [0, 1, 2].map(|c| (f64::from(SCALE[first][c]) * (1.0 - rest) + f64::from(SCALE[first + 1][c]) * rest).round() as u8)
}

fn seven(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}

/// The part of the Earth on a picture: equirectangular, true to scale at the middle latitude, north up.
struct View {
    west: f64,
    north: f64,
    per_lon: f64,
    per_lat: f64,
    width: usize,
    height: usize,
}

impl View {
    /// The longer side has so many pixels.
    const PIXELS: f64 = 1600.0;

    fn around([west, south, east, north]: [f64; 4]) -> View {
        let shrink = ((south + north) / 2.0).to_radians().cos().max(0.01);
        // At least 2 km, and some room on all sides.
        let least = 2000.0 / EARTH_RADIUS_M.to_radians();
        let (wide, high) = (((east - west) * shrink).max(least) * 1.1, (north - south).max(least) * 1.1);
        let per_lat = View::PIXELS / wide.max(high);
        View {
            west: (west + east) / 2.0 - wide / shrink / 2.0,
            north: (south + north) / 2.0 + high / 2.0,
            per_lon: per_lat * shrink,
            per_lat,
            // Room for the legend on long pictures.
            width: ((wide * per_lat).ceil() as usize).max(600),
            height: ((high * per_lat).ceil() as usize).max(400),
        }
    }

    fn spot(&self, place: LonLat) -> Spot {
        [(place.lon - self.west) * self.per_lon, (self.north - place.lat) * self.per_lat]
    }

    fn holds(&self, at: Spot) -> bool {
        (-50.0..=self.width as f64 + 50.0).contains(&at[0]) && (-50.0..=self.height as f64 + 50.0).contains(&at[1])
    }

    /// A round length in metres of at most a fifth of the picture, and its pixels.
    fn scale(&self) -> (f64, f64) {
        let pixels_per_m = self.per_lat / EARTH_RADIUS_M.to_radians();
        let most = self.width as f64 / 5.0 / pixels_per_m;
        let ten = 10_f64.powf(most.log10().floor());
        let metres = [5.0, 2.0, 1.0].into_iter().map(|n| n * ten).find(|m| *m <= most).unwrap_or(ten);
        (metres, metres * pixels_per_m)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_tell_the_format() {
        assert_eq!(Format::of(Path::new("a/b.GeoJSON")).unwrap(), Format::GeoJson);
        assert_eq!(Format::of(Path::new("b.parquet")).unwrap(), Format::Parquet);
        assert_eq!(Format::of(Path::new("b.png")).unwrap(), Format::Png);
        assert_eq!(Format::of(Path::new("b.shp")).unwrap_err().faults()[0].code, "isochrone::format");
    }

    #[test]
    fn the_view_is_north_up_and_true_to_scale() {
        // 0.2° by 0.1° at 60° north: as wide as high.
        let view = View::around([10.0, 59.95, 10.2, 60.05]);
        assert!(view.width.abs_diff(1600) <= 1 && view.height.abs_diff(1600) <= 1);
        let (west, east) = (view.spot(LonLat { lon: 10.0, lat: 60.0 }), view.spot(LonLat { lon: 10.2, lat: 60.0 }));
        let north = view.spot(LonLat { lon: 10.1, lat: 60.05 });
        // A twentieth of 1.1 sides is room on either side.
        assert!((west[0] - 1600.0 / 22.0).abs() < 1.0 && (east[0] - 1600.0 * 21.0 / 22.0).abs() < 1.0);
        assert!((north[1] - 1600.0 / 22.0).abs() < 1.0, "{north:?}");
        // 0.11° are 12,231 m on 1,600 pixels; a fifth of that is 2,446 m.
        let (metres, pixels) = view.scale();
        assert_eq!(metres, 2000.0);
        assert!((pixels - 2000.0 / 12_231.46 * 1600.0).abs() < 0.1, "{pixels}");
    }

    #[test]
    fn areas_by_hand() {
        // A hundredth of a degree square at the equator: 1.11195 km a side.
        let rect = geo::Rect::new((0.0, -0.005), (0.01, 0.005));
        let shape = MultiPolygon(vec![rect.to_polygon()]);
        let band = Band { site: "1".into(), minutes: 5.0, shape, accuracy: Accuracy::default() };
        assert!((band.area_km2() - 1.236_434).abs() < 1e-5, "{}", band.area_km2());
    }
}
