//! Isochrones: polygons of what lies within a travel time of sites, for eyes only.
//!
//! The streets are laid once on a lattice of squares ([`Canvas`]). For a site each square takes the least time on any
//! street in it, squares near a reached street but without one of their own the walk from it, and marching squares draw
//! the line between lattice points (W. E. Lorensen, H. E. Cline, *Marching cubes*, SIGGRAPH 1987; C. Maple, *Geometric
//! design and space planning using the marching squares and marching cube algorithms*, 2003). An unreached street keeps
//! its square out however near a fast road is, and what no street comes near (a river, open fields) stays open.
//! [`accuracy()`] measures how true the result is.

mod accuracy;
mod contour;
mod grid;

use geo::MultiPolygon;

use super::Leg;
use super::reach::Reach;
use super::search::{Search, sum};
use crate::error::Result;
use crate::network::{ModeGraph, Network};
use crate::units::TravelTime;
pub use accuracy::{Accuracy, TEST_AROUND_M, TEST_EVERY_M, accuracy};
pub use grid::Canvas;
use grid::Grid;

/// The side of a grid square in metres.
///
/// Measured on Hà Nội, Porto and the demo city for 5 to 30 minutes: at 35 m every site and band kept the bar of 99 % of
/// the places within inside and 97 % of those beyond outside; at 50 m some bands had 96 % outside.
pub const GRID_M: f64 = 35.0;

/// How far from a reached street places without a street of their own count as within reach, in metres.
pub const WALK_M: f64 = 140.0;

impl Canvas {
    /// Polygons within each of `bands` (ascending) of the nearest of `sites`; nested, valid, right-hand rule.
    ///
    /// # Errors
    /// The area within reach has too many squares.
    pub fn isochrones(
        &self,
        network: &Network,
        graph: &ModeGraph,
        sites: &[Leg],
        bands: &[TravelTime],
        search: &mut Search,
        scratch: &mut Scratch,
    ) -> Result<Vec<MultiPolygon<f64>>> {
        self.draw(&Reach::new(network, graph, sites, cutoff_ms(bands), search), bands, scratch)
    }

    /// As [`Canvas::isochrones`], from times that are known up to [`cutoff_ms`] of the bands.
    ///
    /// # Errors
    /// The area within reach has too many squares.
    pub fn draw(&self, reach: &Reach, bands: &[TravelTime], scratch: &mut Scratch) -> Result<Vec<MultiPolygon<f64>>> {
        let Scratch { ms, points } = scratch;
        let Some(grid) = Grid::new(self, reach, WALK_M, ms)? else {
            return Ok(vec![MultiPolygon(vec![]); bands.len()]);
        };
        Ok(bands.iter().map(|band| contour::polygons(&grid, band.0, points)).collect())
    }
}

/// A drawing's memory, kept by a thread from one site to the next.
#[derive(Debug, Default)]
pub struct Scratch {
    ms: Vec<i32>,
    points: Vec<contour::Point>,
}

/// How far a search must go for some bands: a little beyond the longest, so that its line is drawn as the others are.
pub fn cutoff_ms(bands: &[TravelTime]) -> u32 {
    sum(bands.iter().map(|b| b.0).max().unwrap_or(0), contour::JUMP_MS as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::line_city;
    use crate::units::EARTH_RADIUS_M;
    use geo::{BoundingRect, Contains, Validation};

    #[test]
    fn bands_are_nested_valid_and_hold_what_they_reach() {
        // A straight road of 10 km, 36 km/h, site in the middle: 100 s reach 1 km, 300 s reach 3 km each way.
        let city = line_city(&[(1000.0, true); 10], 36.0);
        let site = Leg::at(&city, &city.modes[0], 5, 0.0);
        let bands = [TravelTime(100_000), TravelTime(300_000)];
        let canvas = Canvas::new(&city, 50.0).unwrap();
        let shapes = canvas
            .isochrones(&city, &city.modes[0], &[site], &bands, &mut Search::default(), &mut Scratch::default())
            .unwrap();
        let metres_per_degree = EARTH_RADIUS_M.to_radians();
        for (shape, (reach_m, height_m)) in shapes.iter().zip([(1000.0, 266.67), (3000.0, 350.0)]) {
            assert!(shape.is_valid(), "{shape:?}");
            for offset_m in [-reach_m, 0.0, reach_m] {
                let point = geo::Point::new((5000.0 + offset_m) / metres_per_degree, 0.0);
                assert!(shape.contains(&point), "{offset_m} m is within reach of {reach_m} m");
            }
            // At most a square beyond.
            let rect = shape.bounding_rect().unwrap();
            let half_width_m = rect.width() * metres_per_degree / 2.0;
            assert!((reach_m..reach_m + 50.0).contains(&half_width_m), "{half_width_m}");
            // In 100 s one walks 133.3 m to either side. 140 m are 3 squares at most, and half a square to what is open.
            assert!(
                (rect.height() * metres_per_degree - height_m).abs() < 0.1,
                "{}",
                rect.height() * metres_per_degree
            );
            // Right-hand rule: exteriors run counter-clockwise.
            use geo::Winding;
            assert!(shape.iter().all(|p| p.exterior().is_ccw()));
        }
    }

    #[test]
    fn a_band_does_not_depend_on_the_others() {
        let city = line_city(&[(700.0, true); 10], 20.0);
        let site = Leg::at(&city, &city.modes[0], 3, 120.0);
        let canvas = Canvas::new(&city, 35.0).unwrap();
        let draw = |bands: &[u32]| {
            let bands: Vec<_> = bands.iter().map(|&b| TravelTime(b)).collect();
            canvas
                .isochrones(&city, &city.modes[0], &[site], &bands, &mut Search::default(), &mut Scratch::default())
                .unwrap()
        };
        assert_eq!(draw(&[100_000])[0], draw(&[100_000, 400_000])[0]);
    }

    #[test]
    fn a_street_that_is_not_reached_stays_out() {
        // The second street leads away from the site only: whoever is on it cannot come back.
        let city = line_city(&[(2000.0, true), (2000.0, false)], 36.0);
        let site = Leg::at(&city, &city.modes[0], 0, 1900.0);
        let bands = [TravelTime(300_000)];
        let canvas = Canvas::new(&city, 50.0).unwrap();
        let shapes = canvas
            .isochrones(&city, &city.modes[0], &[site], &bands, &mut Search::default(), &mut Scratch::default())
            .unwrap();
        let holds = |m: f64| shapes[0].contains(&geo::Point::new(m / EARTH_RADIUS_M.to_radians(), 0.0));
        assert!(holds(1000.0) && holds(2000.0));
        assert!(!holds(2080.0) && !holds(2500.0));
    }

    #[test]
    fn nothing_reached_is_an_empty_shape() {
        let city = line_city(&[(1000.0, true)], 36.0);
        let mut site = Leg::at(&city, &city.modes[0], 0, 500.0);
        site.access_ms = 200_000;
        let canvas = Canvas::new(&city, GRID_M).unwrap();
        let bands = [TravelTime(100_000)];
        let shapes = canvas
            .isochrones(&city, &city.modes[0], &[site], &bands, &mut Search::default(), &mut Scratch::default())
            .unwrap();
        assert!(shapes[0].0.is_empty());
    }
}
