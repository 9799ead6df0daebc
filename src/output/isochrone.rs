//! Isochrones as a file of their own: GeoJSON, GeoParquet or a picture, by the ending of its name.

use std::fs;
use std::path::Path;

use geo::{BoundingRect, MapCoords, MultiPolygon};
use geojson::{Feature, FeatureCollection, GeoJson, Geometry};
use serde_json::json;

use super::draw::view::{Mark, View};
use super::draw::{self, Paint, Rgb, Shape, Svg};
use super::schema;
use super::table::{self, Values};
use crate::access::isochrone::Accuracy;
use crate::error::{Fault, Result};
use crate::files::PendingFile;
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
    Picture(draw::Format),
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
            _ => draw::Format::of(path).map(Format::Picture).ok_or_else(|| {
                Fault::new("isochrone::format", "the name tells no format that gandan writes")
                    .file(path)
                    .help("let it end in .geojson, .parquet, .png or .svg")
                    .into()
            }),
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
            Format::Picture(format) => fs::write(file.path(), draw::bytes(self.picture(), format, 1.0)?)
                .map_err(|e| Fault::io("write the isochrones", file.path(), &e))?,
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

    fn picture(&self) -> Svg {
        let sites = self.sites.iter().map(|p| [p.lon, p.lat, p.lon, p.lat]);
        let bounds = self
            .bounds()
            .into_iter()
            .chain(sites)
            .reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])])
            .unwrap_or_default();
        let view = View::around(bounds);
        let mut minutes: Vec<f64> = self.bands.iter().map(|b| b.minutes).collect();
        minutes.sort_by(f64::total_cmp);
        minutes.dedup();
        let list: Vec<String> = minutes.iter().map(|m| format!("{m}")).collect();
        let title = format!("Travel time to {} places by {}", self.sites.len(), self.mode);
        let mut svg = view.land("en", &title, &format!("What lies within {} minutes.", list.join(", ")));
        view.water(&mut svg, self.water);
        // The longest band first, so that the shorter ones lie upon it.
        for (i, m) in minutes.iter().enumerate().rev() {
            let colour = band_colour(i, minutes.len());
            for band in self.bands.iter().filter(|b| b.minutes == *m) {
                let mut shape = Shape::new();
                for ring in band.shape.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors())) {
                    shape.ring(ring.coords().map(|c| view.spot(LonLat { lon: c.x, lat: c.y })));
                }
                svg.shape(&shape, Paint::fill(colour).opacity(0.75));
            }
        }
        view.streets(&mut svg, self.network);
        for &site in self.sites {
            view.dot(&mut svg, site, 6.5, [200, 30, 30]);
        }
        let rows: Vec<(Mark, String)> = minutes
            .iter()
            .enumerate()
            .map(|(i, m)| (Mark::Area(band_colour(i, minutes.len())), format!("within {m} min")))
            .collect();
        view.key(&mut svg, &format!("Travel time, {}", self.mode), &rows, self.attribution);
        svg
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_tell_the_format() {
        assert_eq!(Format::of(Path::new("a/b.GeoJSON")).unwrap(), Format::GeoJson);
        assert_eq!(Format::of(Path::new("b.parquet")).unwrap(), Format::Parquet);
        assert_eq!(Format::of(Path::new("b.png")).unwrap(), Format::Picture(draw::Format::Png));
        assert_eq!(Format::of(Path::new("b.svg")).unwrap(), Format::Picture(draw::Format::Svg));
        assert_eq!(Format::of(Path::new("b.shp")).unwrap_err().faults()[0].code, "isochrone::format");
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
