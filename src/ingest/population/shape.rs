//! The shape of a demand cell on the ground.

use geo::{Coord, GeodesicArea, LineString, Polygon};
use h3o::{CellIndex, LatLng};

use serde::{Deserialize, Serialize};

use crate::units::LonLat;

/// Semi-major axis of WGS 84 in metres, and its flattening.
const WGS84_A_M: f64 = 6_378_137.0;
const WGS84_F: f64 = 1.0 / 298.257_223_563;

/// The outline of a demand cell about its centre.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum CellShape {
    /// A place without extent.
    Point,
    /// A pixel: the corners are the centre ± `u` ± `v`.
    Parallelogram {
        /// From the centre to the middle of the east side: degrees of longitude and of latitude.
        u: [f64; 2],
        /// From the centre to the middle of the north side: degrees of longitude and of latitude.
        v: [f64; 2],
    },
    /// A cell of the H3 grid, mostly a hexagon.
    Hexagon {
        /// Its H3 index.
        index: u64,
    },
}

impl CellShape {
    /// The closed outline about a centre, anticlockwise, the first corner repeated at the end; empty for a point.
    pub fn outline(&self, centre: LonLat) -> Vec<LonLat> {
        match *self {
            CellShape::Point => Vec::new(),
            CellShape::Parallelogram { u, v } => {
                let corner = |(a, b): (f64, f64)| LonLat {
                    lon: centre.lon + a * u[0] + b * v[0],
                    lat: centre.lat + a * u[1] + b * v[1],
                };
                [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0)].map(corner).to_vec()
            }
            CellShape::Hexagon { index } => CellIndex::try_from(index).map(h3_outline).unwrap_or_default(),
        }
    }

    /// The whole area on the ellipsoid of WGS 84 in square metres, also of what lies outside the study area; 0 for a
    /// point. Exact for pixels along the meridians, else between geodesics from corner to corner.
    pub fn area_m2(&self, centre: LonLat) -> f64 {
        match *self {
            CellShape::Point => 0.0,
            CellShape::Parallelogram { u: [half_lon, 0.0], v: [0.0, half_lat] } => {
                let band = authalic_m2(centre.lat + half_lat) - authalic_m2(centre.lat - half_lat);
                (2.0 * half_lon).to_radians() * band
            }
            _ => {
                let outline = self.outline(centre).into_iter().map(|p| Coord { x: p.lon, y: p.lat }).collect();
                Polygon::new(LineString(outline), vec![]).geodesic_area_unsigned()
            }
        }
    }

    /// The width that refining goes by, in metres: the longer side of a pixel along the meridians, the square root of the
    /// area of another pixel (a projection may shear it), and the distance of opposite sides of a hexagon.
    pub(super) fn width_m(&self, centre: LonLat) -> f64 {
        match *self {
            CellShape::Point => 0.0,
            CellShape::Parallelogram { u: [half_lon, 0.0], v: [0.0, half_lat] } => {
                let (east_m, north_m) = metres_a_degree(centre.lat);
                (2.0 * half_lon * east_m).max(2.0 * half_lat * north_m)
            }
            CellShape::Parallelogram { .. } => self.area_m2(centre).sqrt(),
            // A regular hexagon has the area √3/2 · width².
            CellShape::Hexagon { .. } => (self.area_m2(centre) * 2.0 / 3f64.sqrt()).sqrt(),
        }
    }
}

/// Metres of a degree of longitude and of one of latitude at a latitude, on the ellipsoid of WGS 84.
fn metres_a_degree(lat: f64) -> (f64, f64) {
    let e2 = WGS84_F * (2.0 - WGS84_F);
    let (sin, cos) = lat.to_radians().sin_cos();
    let w2 = 1.0 - e2 * sin * sin;
    let across = WGS84_A_M / w2.sqrt();
    ((across * cos).to_radians(), (WGS84_A_M * (1.0 - e2) / (w2 * w2.sqrt())).to_radians())
}

/// Area on the ellipsoid between the equator and a latitude, for one radian of longitude (Snyder, 1987, formula 3-12).
fn authalic_m2(lat: f64) -> f64 {
    let e2 = WGS84_F * (2.0 - WGS84_F);
    let e = e2.sqrt();
    let sin = lat.to_radians().sin();
    WGS84_A_M.powi(2) * (1.0 - e2) / 2.0 * (sin / (1.0 - e2 * sin * sin) + (e * sin).atanh() / e)
}

/// The closed outline of an H3 cell, anticlockwise, across the antimeridian without a jump.
fn h3_outline(cell: CellIndex) -> Vec<LonLat> {
    let centre = LatLng::from(cell).lng();
    let near = |lon: f64| lon - ((lon - centre) / 360.0).round() * 360.0;
    let mut outline: Vec<LonLat> =
        cell.boundary().iter().map(|p| LonLat { lon: near(p.lng()), lat: p.lat() }).collect();
    outline.extend(outline.first().copied());
    outline
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_has_the_area_of_its_geodesic_outline() {
        let centre = LonLat { lon: 105.85, lat: 21.03 };
        let shape = CellShape::Parallelogram { u: [0.005, 0.0], v: [0.0, 0.005] };
        // geographiclib (Karney, 2013) by pyproj 3.7.2: Geod(ellps="WGS84").geometry_area_perimeter of the outline, 1,000
        // points on each side: 1,150,903.3 m².
        let area = shape.area_m2(centre);
        assert!((area - 1_150_903.3).abs() < 0.5, "{area}");
        // A hair of shear, so that the geodesic way is taken: sides of 1 km differ from parallels by millimetres.
        let sheared = CellShape::Parallelogram { u: [0.005, 1e-15], v: [0.0, 0.005] };
        assert!((sheared.area_m2(centre) - area).abs() < 2.0);
        // The whole Earth: 510,065,621.724 km².
        let earth = CellShape::Parallelogram { u: [180.0, 0.0], v: [0.0, 90.0] };
        assert!((earth.area_m2(LonLat { lon: 0.0, lat: 0.0 }) / 1e6 - 510_065_621.724).abs() < 0.001);
        assert_eq!(CellShape::Point.area_m2(centre), 0.0);
    }

    #[test]
    fn widths_are_those_of_the_ellipsoid() {
        // At 21.03° N a degree is 103,949.6 m east and 110,717.4 m north (pyproj Geod.inv).
        let (east_m, north_m) = metres_a_degree(21.03);
        assert!((east_m - 103_949.6).abs() < 0.5 && (north_m - 110_717.4).abs() < 0.5, "{east_m} {north_m}");
        let shape = CellShape::Parallelogram { u: [0.005, 0.0], v: [0.0, 0.002] };
        assert!((shape.width_m(LonLat { lon: 105.0, lat: 21.03 }) - 103_949.6 / 100.0).abs() < 0.01);
    }

    #[test]
    fn outlines_are_closed_and_anticlockwise() {
        let centre = LonLat { lon: 105.85, lat: 21.03 };
        // h3 4.5.0 (Python): latlng_to_cell(21.03, 105.85, 8); cell_to_boundary gives the first corner below.
        let index = 0x88415cb4e5fffff;
        for shape in [
            CellShape::Parallelogram { u: [0.005, 0.001], v: [-0.002, 0.005] },
            CellShape::Hexagon { index },
            // Resolution 2 across the antimeridian.
            CellShape::Hexagon { index: 0x827eb7fffffffff },
        ] {
            let ring = shape.outline(centre);
            assert_eq!(ring.first(), ring.last());
            let twice: f64 = ring.windows(2).map(|w| w[0].lon * w[1].lat - w[1].lon * w[0].lat).sum();
            assert!(twice > 0.0, "{shape:?}");
            assert!(ring.windows(2).all(|w| (w[0].lon - w[1].lon).abs() < 30.0), "{shape:?}");
        }
        assert!(CellShape::Point.outline(centre).is_empty());
        let hexagon = CellShape::Hexagon { index };
        let found = hexagon.outline(centre);
        assert!(
            (found[0].lon - 105.855_739_157).abs() < 1e-7 && (found[0].lat - 21.026_835_300).abs() < 1e-7,
            "{found:?}"
        );
        // pyproj Geod.polygon_area_perimeter of that boundary.
        assert!((hexagon.area_m2(centre) - 804_804.9).abs() < 0.5, "{}", hexagon.area_m2(centre));
    }
}
