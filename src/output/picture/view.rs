//! A part of the Earth on a picture, with its water and streets.

use super::{Picture, Rgb, Spot};
use crate::network::Network;
use crate::units::{EARTH_RADIUS_M, LonLat};

/// The colour of water.
pub const WATER: Rgb = [190, 214, 232];
const MAIN_ROADS: [&str; 6] = ["motorway", "trunk", "primary", "motorway_link", "trunk_link", "primary_link"];
const MIDDLE_ROADS: [&str; 4] = ["secondary", "tertiary", "secondary_link", "tertiary_link"];

/// The part of the Earth on a picture: equirectangular, true to scale at the middle latitude, north up.
pub struct View {
    west: f64,
    north: f64,
    per_lon: f64,
    per_lat: f64,
    /// Width of the picture in pixels.
    pub width: usize,
    /// Height of the picture in pixels.
    pub height: usize,
}

impl View {
    /// The longer side has so many pixels.
    const PIXELS: f64 = 1600.0;

    /// The picture of a box (west, south, east, north in degrees) with some room around it.
    pub fn around([west, south, east, north]: [f64; 4]) -> View {
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

    /// Where a place lies on the picture.
    pub fn spot(&self, place: LonLat) -> Spot {
        [(place.lon - self.west) * self.per_lon, (self.north - place.lat) * self.per_lat]
    }

    /// Whether a spot lies on the picture, or just beside it.
    pub fn holds(&self, at: Spot) -> bool {
        (-50.0..=self.width as f64 + 50.0).contains(&at[0]) && (-50.0..=self.height as f64 + 50.0).contains(&at[1])
    }

    /// A round length in metres of at most a fifth of the picture, and its pixels.
    pub fn scale(&self) -> (f64, f64) {
        let pixels_per_m = self.per_lat / EARTH_RADIUS_M.to_radians();
        let most = self.width as f64 / 5.0 / pixels_per_m;
        let ten = 10_f64.powf(most.log10().floor());
        let metres = [5.0, 2.0, 1.0].into_iter().map(|n| n * ten).find(|m| *m <= most).unwrap_or(ten);
        (metres, metres * pixels_per_m)
    }

    /// Draws water: areas, and the middle lines of rivers.
    pub fn water(&self, picture: &mut Picture, shapes: &[(Vec<LonLat>, bool)]) {
        for (points, area) in shapes {
            let shape = self.spots(points);
            if *area {
                picture.fill([&shape[..]], WATER, 1.0);
            } else {
                picture.stroke([&shape[..]], 2.0, WATER, 1.0);
            }
        }
    }

    /// Draws streets, the greater ones thicker.
    pub fn streets(&self, picture: &mut Picture, network: &Network) {
        for (width, named) in [(0.7, &[][..]), (1.3, &MIDDLE_ROADS[..]), (2.4, &MAIN_ROADS[..])] {
            let is = |class: &str| match named {
                [] => !MIDDLE_ROADS.contains(&class) && !MAIN_ROADS.contains(&class),
                named => named.contains(&class),
            };
            let streets = network.streets.iter().filter(|s| is(&network.classes[usize::from(s.class)]));
            let lines: Vec<Vec<Spot>> = streets
                .map(|s| self.spots(network.shape(s)))
                .filter(|line| line.iter().any(|&at| self.holds(at)))
                .collect();
            picture.stroke(lines.iter().map(Vec::as_slice), width, [70, 70, 70], 0.5);
        }
    }

    /// Places as spots.
    pub fn spots(&self, points: &[LonLat]) -> Vec<Spot> {
        points.iter().map(|&p| self.spot(p)).collect()
    }
}
