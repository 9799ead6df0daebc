//! The lattice on which a made-up country stands, and the land it covers.
//!
//! Corners of the lattice may become junctions, its edges and diagonals roads, its faces blocks of houses, water or
//! fields. One index serves a corner and the face to the north-east of it: `y · wide + x`, from the south-west.

use super::super::rng::{mix, noise};
use rayon::prelude::*;

/// Faces longer than this would hide villages, shorter ones cost memory: kilometres.
const LONGEST_CELL_KM: f64 = 0.3;
/// The same for small towns.
const SHORTEST_CELL_KM: f64 = 0.15;
/// A small town has about this many faces.
const FEWEST_FACES: f64 = 3000.0;
/// The largest country has about this many, whatever its size: the bound on memory.
const MOST_FACES: f64 = 40e6;
/// How much longer than wide the land is.
const ASPECT: f64 = 1.5;
/// Half the box around the land, in half axes of its ellipse.
const MARGIN: f64 = 1.5;
/// The middle of every made-up country, degrees.
const MIDDLE: (f64, f64) = (106.0, 18.0);
/// Kilometres a degree of latitude.
const KM_PER_DEGREE: f64 = super::super::plane::KM_PER_DEGREE;

/// The face belongs to the country.
pub(crate) const LAND: u8 = 1;
/// All four faces around the corner are land, and every such corner can be reached from every other.
pub(crate) const OPEN: u8 = 2;
/// A river runs through the face.
pub(crate) const RIVER: u8 = 4;
/// A river runs under the edge to the east of the corner.
pub(crate) const WET_EAST: u8 = 8;
/// A river runs under the edge to the north of the corner.
pub(crate) const WET_NORTH: u8 = 16;
/// The corner lies on a river island that no bridge reaches.
pub(crate) const ISLAND: u8 = 32;
/// A lake lies in the face.
pub(crate) const LAKE: u8 = 64;
/// Houses and streets fill the face.
pub(crate) const BUILT: u8 = 128;

/// The lattice.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub seed: u64,
    /// Length of an edge before the lattice bends.
    pub cell_km: f64,
    /// The same, so that the bent land has its area.
    pub true_km: f64,
    /// Corners in a row; the last of a row has no face.
    pub wide: usize,
    /// Rows of corners.
    pub tall: usize,
}

impl Frame {
    /// The lattice for an area of so many square kilometres.
    pub fn new(area_km2: f64, seed: u64) -> Frame {
        let cell_km = (area_km2 / FEWEST_FACES).sqrt().clamp(SHORTEST_CELL_KM, LONGEST_CELL_KM);
        let cell_km = cell_km.max((area_km2 / MOST_FACES).sqrt());
        let faces = area_km2 / (cell_km * cell_km);
        let (a, b, turn) = ellipse(faces, seed);
        let half = |u: f64, v: f64| (MARGIN * (u * u + v * v).sqrt()).ceil() as usize + 4;
        let (sin, cos) = turn.sin_cos();
        let (wide, tall) = (2 * half(a * cos, b * sin) + 1, 2 * half(a * sin, b * cos) + 1);
        Frame { seed, cell_km, true_km: cell_km, wide, tall }
    }

    /// Corners, and so the length of every table by corner.
    pub fn len(&self) -> usize {
        self.wide * self.tall
    }

    /// Column and row.
    pub fn xy(&self, c: usize) -> (usize, usize) {
        (c % self.wide, c / self.wide)
    }

    /// A stream of numbers for one purpose.
    pub fn salt(&self, purpose: u64) -> u64 {
        mix(self.seed ^ purpose.wrapping_mul(0x9FB2_1C65_1E98_DF25))
    }

    /// Where a corner lies before roads draw it this way or that: in cells from the middle. Lines of the lattice bend
    /// with the land, so that towns differ in the direction of their streets.
    pub fn wish(&self, c: usize) -> (f64, f64) {
        let (x, y) = self.xy(c);
        let (x, y) = (x as f64, y as f64);
        let bend = |salt: u64| {
            let s = self.salt(salt);
            1.5 * noise(s, x / 14.0, y / 14.0) + 8.0 * noise(s ^ 1, x / 60.0, y / 60.0) + 0.12 * shake(s, c)
        };
        let middle = (self.wide as f64 / 2.0, self.tall as f64 / 2.0);
        (x - middle.0 + bend(0xBE), y - middle.1 + bend(0xED))
    }

    /// Degrees of a place given in cells from the middle: longitude, latitude. Areas are true (sinusoidal).
    pub fn degrees(&self, at: (f64, f64)) -> (f64, f64) {
        let lat = MIDDLE.1 + at.1 * self.true_km / KM_PER_DEGREE;
        (MIDDLE.0 + at.0 * self.true_km / (KM_PER_DEGREE * lat.to_radians().cos()), lat)
    }

    /// Draws the lattice together or apart so that the land has the wanted area.
    pub fn fit(&mut self, flags: &[u8], area_km2: f64) {
        let wide = self.wide;
        // Twice the area of each face by its diagonals; summed in order, whatever the threads.
        let twice = self.each(|f| {
            if flags[f] & LAND == 0 {
                return 0.0;
            }
            let [a, b, c, d] = [f, f + 1, f + wide + 1, f + wide].map(|c| self.wish(c));
            (c.0 - a.0) * (d.1 - b.1) - (c.1 - a.1) * (d.0 - b.0)
        });
        let cells = twice.iter().sum::<f64>() / 2.0;
        self.true_km = (area_km2 / cells.max(1.0)).sqrt();
    }

    /// Calls a function for every corner, in parallel, and gathers what it gives in order.
    pub fn each<T: Send>(&self, f: impl Fn(usize) -> T + Sync + Send) -> Vec<T> {
        (0..self.len()).into_par_iter().with_min_len(4096).map(f).collect()
    }

    /// Which faces are land: an ellipse with a ragged coast, in one piece without holes, of about the wanted area.
    pub fn land(&self, area_km2: f64) -> Vec<u8> {
        let faces = area_km2 / (self.cell_km * self.cell_km);
        let (a, b, turn) = ellipse(faces, self.seed);
        let (sin, cos) = turn.sin_cos();
        let salt = self.salt(0xC0A5);
        let field = self.each(|c| {
            let (x, y) = self.xy(c);
            let edge = x < 2 || y < 2 || x + 4 > self.wide || y + 4 > self.tall;
            let (x, y) = (x as f64 - self.wide as f64 / 2.0, y as f64 - self.tall as f64 / 2.0);
            let (u, v) = ((x * cos + y * sin) / a, (y * cos - x * sin) / b);
            let ragged: f64 = (0..6)
                .map(|k| {
                    let scale = 1.6 * f64::from(1 << k);
                    0.30 / 1.75f64.powi(k) * noise(salt ^ k as u64, u * scale * 1.2, v * scale)
                })
                .sum();
            if edge { f32::INFINITY } else { ((u * u + v * v).sqrt() + ragged) as f32 }
        });
        // Islets are lost and holes filled, so the first try is off by some per cent.
        let mut aim = faces;
        let mut flags = Vec::new();
        for _ in 0..4 {
            flags = self.below(&field, aim as usize);
            let got = flags.iter().filter(|f| **f != 0).count() as f64;
            aim *= (faces / got.max(1.0)).clamp(0.5, 2.0);
        }
        self.open_corners(&mut flags);
        flags
    }

    /// The piece of land that so many of the lowest faces make, without holes.
    fn below(&self, field: &[f32], faces: usize) -> Vec<u8> {
        let mut sorted = field.to_vec();
        let nth = faces.min(sorted.len() - 1);
        let limit = *sorted.select_nth_unstable_by(nth, f32::total_cmp).1;
        let mut flags: Vec<u8> = field.iter().map(|&v| if v < limit { LAND } else { 0 }).collect();
        self.keep_largest(&mut flags, LAND);
        self.fill_holes(&mut flags);
        flags
    }

    /// Keeps the flag only in the largest piece of neighbours by side.
    fn keep_largest(&self, flags: &mut [u8], flag: u8) {
        let mut piece = vec![0u32; flags.len()];
        let mut sizes = vec![0usize];
        let mut stack = Vec::new();
        for c in 0..flags.len() {
            if flags[c] & flag == 0 || piece[c] != 0 {
                continue;
            }
            let name = sizes.len() as u32;
            sizes.push(0);
            piece[c] = name;
            stack.push(c);
            while let Some(c) = stack.pop() {
                sizes[name as usize] += 1;
                for n in [c + 1, c - 1, c + self.wide, c - self.wide] {
                    if flags[n] & flag != 0 && piece[n] == 0 {
                        piece[n] = name;
                        stack.push(n);
                    }
                }
            }
        }
        let largest = (1..sizes.len()).max_by_key(|&k| (sizes[k], usize::MAX - k)).unwrap_or(0) as u32;
        for (f, p) in flags.iter_mut().zip(&piece) {
            if *p != largest {
                *f &= !flag;
            }
        }
    }

    /// What the sea does not reach is land.
    fn fill_holes(&self, flags: &mut [u8]) {
        let mut sea = vec![false; flags.len()];
        let mut stack = vec![0usize];
        sea[0] = true;
        while let Some(c) = stack.pop() {
            let (x, y) = self.xy(c);
            let around = [(x + 1 < self.wide, c + 1), (x > 0, c.wrapping_sub(1)), (y + 1 < self.tall, c + self.wide)];
            for (inside, n) in around.into_iter().chain([(y > 0, c.wrapping_sub(self.wide))]) {
                if inside && !sea[n] && flags[n] & LAND == 0 {
                    sea[n] = true;
                    stack.push(n);
                }
            }
        }
        for (f, s) in flags.iter_mut().zip(&sea) {
            if !s {
                *f |= LAND;
            }
        }
    }

    /// Marks the corners that roads may use.
    fn open_corners(&self, flags: &mut [u8]) {
        for c in self.wide + 1..flags.len() {
            if [c, c - 1, c - self.wide, c - self.wide - 1].iter().all(|&f| flags[f] & LAND != 0) {
                flags[c] |= OPEN;
            }
        }
        self.keep_largest(flags, OPEN);
    }
}

/// Half axes in cells, and the turn of the first from the east.
fn ellipse(faces: f64, seed: u64) -> (f64, f64, f64) {
    let r = (faces / std::f64::consts::PI).sqrt();
    let turn = (mix(seed ^ 0x7E11) >> 11) as f64 / (1u64 << 53) as f64 * std::f64::consts::PI;
    (r * ASPECT.sqrt(), r / ASPECT.sqrt(), turn)
}

/// A number in `[0, 1)` that belongs to a place.
pub(crate) fn unit(salt: u64, c: usize) -> f64 {
    (mix(salt ^ mix(c as u64)) >> 11) as f64 / (1u64 << 53) as f64
}

/// A number in `[-1, 1)` that belongs to a place.
pub(crate) fn shake(salt: u64, c: usize) -> f64 {
    2.0 * unit(salt, c) - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn land_has_its_area_in_one_piece_and_stays_off_the_edge() {
        let frame = Frame::new(500.0, 7);
        let flags = frame.land(500.0);
        let faces = flags.iter().filter(|f| **f & LAND != 0).count() as f64;
        let area = faces * frame.cell_km * frame.cell_km;
        assert!((area / 500.0 - 1.0).abs() < 0.01, "{area}");
        for (c, f) in flags.iter().enumerate() {
            let (x, y) = frame.xy(c);
            assert!(*f == 0 || (x > 1 && y > 1 && x + 2 < frame.wide && y + 2 < frame.tall));
        }
    }

    #[test]
    fn places_in_degrees_keep_areas() {
        // A cell of 0.3 km anywhere: width times height on the sphere is 0.09 km².
        let frame = Frame { seed: 1, cell_km: 0.3, true_km: 0.3, wide: 11, tall: 11 };
        for at in [(0.0, 0.0), (800.0, 1500.0), (-900.0, -2000.0)] {
            let (a, b) = (frame.degrees(at), frame.degrees((at.0 + 1.0, at.1)));
            let c = frame.degrees((at.0, at.1 + 1.0));
            let width = (b.0 - a.0) * KM_PER_DEGREE * a.1.to_radians().cos();
            let height = (c.1 - a.1) * KM_PER_DEGREE;
            assert!((width * height - 0.09).abs() < 1e-9, "{}", width * height);
        }
    }
}
