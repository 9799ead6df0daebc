//! The population grid: whole people in pixels, and the commune of each pixel.

use super::super::mesh::Vertex;
use super::frame::{Frame, LAND};
use super::shape::Shape;
use std::cmp::Ordering;

/// Pixels a degree, the finest first: 3, 7.5, 15 and 30 arc-seconds.
const PER_DEGREE: [i64; 4] = [1200, 480, 240, 120];
/// The finest grid with about so many pixels at most is taken.
const MOST_PIXELS: f64 = 3e6;
/// No commune.
pub(crate) const NOBODY: u32 = u32::MAX;

/// The grid, row by row from the north-west.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    pub per_degree: i64,
    /// West edge, in pixels east of Greenwich.
    pub west: i64,
    /// North edge, in pixels north of the equator.
    pub north: i64,
    pub columns: usize,
    pub rows: usize,
    /// The commune that holds the pixel's centre, or [`NOBODY`].
    pub commune: Vec<u32>,
    /// Whole people; 0 outside.
    pub people: Vec<u32>,
}

/// The least and greatest longitude and latitude of all land, millionths of a degree.
pub(crate) fn bounds(shape: &Shape, flags: &[u8]) -> (Vertex, Vertex) {
    let wide = shape.frame.wide;
    let mut low = (i32::MAX, i32::MAX);
    let mut high = (i32::MIN, i32::MIN);
    for f in (0..flags.len()).filter(|&f| flags[f] & LAND != 0) {
        for c in [f, f + 1, f + wide, f + wide + 1] {
            let at = shape.at[c];
            low = (low.0.min(at.0), low.1.min(at.1));
            high = (high.0.max(at.0), high.1.max(at.1));
        }
    }
    (low, high)
}

/// Pixels a degree for a country: the finest grid that is not too large.
pub(crate) fn resolution(frame: &Frame, flags: &[u8]) -> i64 {
    let land = (0..flags.len()).filter(|&f| flags[f] & LAND != 0).map(|f| frame.xy(f));
    let (mut low, mut high) = ((usize::MAX, usize::MAX), (0, 0));
    for (x, y) in land {
        low = (low.0.min(x), low.1.min(y));
        high = (high.0.max(x), high.1.max(y));
    }
    finest(high.0.saturating_sub(low.0) as f64 * frame.cell_km, high.1.saturating_sub(low.1) as f64 * frame.cell_km)
}

/// The finest grid for a box of so many kilometres.
fn finest(wide_km: f64, tall_km: f64) -> i64 {
    let pixels = |per: i64| wide_km * tall_km / (super::super::plane::KM_PER_DEGREE / per as f64).powi(2);
    let fits = PER_DEGREE.into_iter().find(|&per| pixels(per) <= MOST_PIXELS);
    fits.unwrap_or(PER_DEGREE[PER_DEGREE.len() - 1])
}

impl Grid {
    /// An empty grid around the land, with a pixel to spare on each side.
    pub fn lay(bounds: (Vertex, Vertex), per_degree: i64) -> Grid {
        let floor = |v: i32| (i64::from(v) * per_degree).div_euclid(1_000_000);
        let ((west, south), (east, north)) = bounds;
        let (west, south) = (floor(west) - 1, floor(south) - 1);
        let (east, north) = (floor(east) + 2, floor(north) + 2);
        let (columns, rows) = ((east - west) as usize, (north - south) as usize);
        let n = columns * rows;
        Grid { per_degree, west, north, columns, rows, commune: vec![NOBODY; n], people: vec![0; n] }
    }

    /// The pixel that holds a place given in millionths of a degree.
    fn pixel(&self, at: (f64, f64)) -> usize {
        let per = self.per_degree as f64 / 1e6;
        let column = (at.0 * per).floor() as i64 - self.west;
        let row = self.north - 1 - (at.1 * per).floor() as i64;
        row as usize * self.columns + column as usize
    }

    /// Finds the commune of every pixel's centre. Faces are filled one by one, exactly as their corners lie.
    pub fn own(&mut self, shape: &Shape, owner: &[u32]) {
        let wide = shape.frame.wide;
        for f in (0..owner.len()).filter(|&f| owner[f] != NOBODY) {
            let ring = [f, f + 1, f + wide + 1, f + wide].map(|c| shape.at[c]);
            let span = |pick: fn(&Vertex) -> i32| {
                let all = ring.iter().map(|v| f64::from(pick(v)));
                (all.clone().fold(f64::INFINITY, f64::min), all.fold(f64::NEG_INFINITY, f64::max))
            };
            let ((west, east), (south, north)) = (span(|v| v.0), span(|v| v.1));
            let per = self.per_degree as f64 / 1e6;
            // Pixels whose centre lies between the least and the greatest.
            let first = |v: f64| (v * per - 0.5).ceil() as i64;
            let past = |v: f64| (v * per - 0.5).floor() as i64 + 1;
            for row in first(south)..past(north) {
                for column in first(west)..past(east) {
                    let centre = ((column as f64 + 0.5) / per, (row as f64 + 0.5) / per);
                    if holds(&ring, centre) {
                        let k = (self.north - 1 - row) as usize * self.columns + (column - self.west) as usize;
                        self.commune[k] = owner[f];
                    }
                }
            }
        }
    }

    /// Spreads the people over the pixels after the faces where they live; the sum is exact.
    pub fn fill(&mut self, shape: &Shape, flags: &[u8], living: &[f32], total: u64) {
        let mut weights = vec![0f32; self.people.len()];
        let height = shape.frame.cell_km / super::super::plane::KM_PER_DEGREE * self.per_degree as f64;
        let samples = (height * 1.5).ceil().clamp(2.0, 6.0) as usize;
        let share = 1.0 / (samples * samples) as f32;
        for f in (0..living.len()).filter(|&f| living[f] > 0.0 && flags[f] & LAND != 0) {
            for k in 0..samples * samples {
                let at = |n: usize| (n as f64 + 0.5) / samples as f64;
                let pixel = self.pixel(shape.inside(f, at(k % samples), at(k / samples)));
                if self.commune[pixel] != NOBODY {
                    weights[pixel] += living[f] * share;
                }
            }
        }
        apportion(total, &weights, &mut self.people);
    }

    /// People by commune.
    pub fn sums(&self, communes: usize) -> Vec<u64> {
        let mut sums = vec![0u64; communes];
        for (&commune, &people) in self.commune.iter().zip(&self.people) {
            if commune != NOBODY {
                sums[commune as usize] += u64::from(people);
            }
        }
        sums
    }
}

/// Even–odd test of a point in a ring of four.
fn holds(ring: &[Vertex; 4], q: (f64, f64)) -> bool {
    let mut inside = false;
    let mut a = ring[3];
    for &b in ring {
        // The lower end first, so that both faces beside an edge reckon alike.
        let (low, high) = if a.1 < b.1 { (a, b) } else { (b, a) };
        if (f64::from(low.1) > q.1) != (f64::from(high.1) > q.1) {
            let share = (q.1 - f64::from(low.1)) / f64::from(high.1 - low.1);
            if q.0 < f64::from(low.0) + share * f64::from(high.0 - low.0) {
                inside = !inside;
            }
        }
        a = b;
    }
    inside
}

/// Splits a whole number by weights into whole numbers with the same sum (largest remainders, the earlier first).
fn apportion(total: u64, weights: &[f32], parts: &mut [u32]) {
    let sum: f64 = weights.iter().map(|&w| f64::from(w)).sum();
    let exact = |k: usize| total as f64 * f64::from(weights[k]) / sum;
    let mut given = 0u64;
    for (k, part) in parts.iter_mut().enumerate() {
        *part = if sum > 0.0 { exact(k).floor() as u32 } else { 0 };
        given += u64::from(*part);
    }
    let mut rest: Vec<u32> = (0..parts.len() as u32).filter(|&k| weights[k as usize] > 0.0).collect();
    let missing = (total.saturating_sub(given) as usize).min(rest.len());
    if missing > 0 && missing < rest.len() {
        let order = |a: &u32, b: &u32| -> Ordering {
            exact(*b as usize).fract().total_cmp(&exact(*a as usize).fract()).then(a.cmp(b))
        };
        rest.select_nth_unstable_by(missing, order);
    }
    for &k in &rest[..missing] {
        parts[k as usize] += 1;
    }
}

/// How many square kilometres a pixel covers in the middle of the country.
pub(crate) fn pixel_km2(frame: &Frame, per_degree: i64) -> f64 {
    let side = super::super::plane::KM_PER_DEGREE / per_degree as f64;
    let lat = frame.degrees((0.0, 0.0)).1;
    side * side * lat.to_radians().cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn largest_remainders_by_hand() {
        // 10 by 1 : 1 : 1 is 3.33 each: 3, 3, 3 and the tenth to the first. 7 by 1 : 0 : 3 is 1.75, 0 and 5.25: 2, 0, 5.
        let split = |total, weights: &[f32]| {
            let mut parts = vec![0; weights.len()];
            apportion(total, weights, &mut parts);
            parts
        };
        assert_eq!(split(10, &[1.0, 1.0, 1.0]), [4, 3, 3]);
        assert_eq!(split(7, &[1.0, 0.0, 3.0]), [2, 0, 5]);
    }

    #[test]
    fn pixels_fit_the_size() {
        // 11.12 km or a tenth of a degree: 120² pixels of 3″. Ten degrees: 2,400² of 15″ is too much, 1,200² of 30″ is
        // not. Seven: 1,680² of 15″ is 2.8 million.
        assert_eq!(finest(11.12, 11.12), 1200);
        assert_eq!(finest(778.4, 778.4), 240);
        assert_eq!(finest(1112.0, 1112.0), 120);
    }

    #[test]
    fn a_centre_is_in_one_of_two_neighbours() {
        let (a, b) = ([(0, 0), (10, 1), (11, 10), (0, 10)], [(10, 1), (20, 0), (20, 10), (11, 10)]);
        for k in 0..100 {
            let q = (10.0 + f64::from(k) / 100.0, 0.5 + f64::from(k) / 11.0);
            assert!(holds(&a, q) as u8 + holds(&b, q) as u8 <= 1);
        }
        assert!(holds(&a, (5.0, 5.0)) && !holds(&b, (5.0, 5.0)) && holds(&b, (15.0, 5.0)));
    }
}
