//! The round province of a made-up covering problem: its cells, its people, and where the sites stand.

use std::f64::consts::{PI, TAU};

use rayon::prelude::*;

use super::super::rng::Rng;
use super::{AREA_KM2, PEOPLE};

/// Towns beside the large centre.
const TOWNS: usize = 15;
/// Of all sites that are not spread evenly, the share that stands where people are many; the others stand anywhere.
const SITES_AMONG_PEOPLE: f64 = 0.8;
/// Spread of the logarithm of a cell's people around what its place suggests.
const SIGMA: f64 = 0.95;
/// The golden angle, by which evenly spread sites turn.
const GOLDEN: f64 = 2.399_963_229_728_653;

/// The cells of a round province: those of a square lattice that lie nearest to its middle.
pub(super) struct Ground {
    /// Length of a cell's side, kilometres.
    pub side_km: f64,
    /// The lowest row of the lattice.
    pub lowest: i32,
    /// For each row of the lattice, from the lowest: its first column, and the number of its first cell. One more at
    /// the end, so that the cells of row k are `first[k].1..first[k + 1].1`. The columns of a row have no gap.
    pub first: Vec<(i32, u32)>,
    /// Columns and rows of the cells, from the lowest row and the first column.
    pub places: Vec<(i32, i32)>,
}

impl Ground {
    pub fn lay(cells: usize) -> Ground {
        let side_km = (AREA_KM2 / cells as f64).sqrt();
        let half = (cells as f64 / PI).sqrt() as i32 + 2;
        let mut places: Vec<(i32, i32)> =
            (-half..=half).flat_map(|row| (-half..=half).map(move |column| (column, row))).collect();
        // Equal distances by row and column, so that there is one answer only.
        places.sort_unstable_by_key(|&(column, row)| (column * column + row * row, row, column));
        places.truncate(cells);
        places.sort_unstable_by_key(|&(column, row)| (row, column));
        let lowest = places.first().map_or(0, |&(_, row)| row);
        let mut first: Vec<(i32, u32)> = Vec::new();
        for (k, &(column, row)) in places.iter().enumerate() {
            if first.len() as i32 <= row - lowest {
                first.push((column, k as u32));
            }
        }
        first.push((0, places.len() as u32));
        Ground { side_km, lowest, first, places }
    }

    /// Kilometres east and north of the middle.
    pub fn centre(&self, cell: u32) -> (f64, f64) {
        let (column, row) = self.places[cell as usize];
        (f64::from(column) * self.side_km, f64::from(row) * self.side_km)
    }

    /// The cell that holds a place.
    pub fn cell(&self, x: f64, y: f64) -> Option<u32> {
        let (column, row) = ((x / self.side_km).round() as i32, (y / self.side_km).round() as i32);
        let k = usize::try_from(row - self.lowest).ok().filter(|k| k + 1 < self.first.len())?;
        let (begin, cell) = self.first[k];
        let cell = cell + u32::try_from(column - begin).ok()?;
        (cell < self.first[k + 1].1).then_some(cell)
    }

    pub fn radius_km() -> f64 {
        (AREA_KM2 / PI).sqrt()
    }
}

/// How thickly each cell is settled, in no unit: a large centre in the middle, towns, and farms everywhere.
pub(super) fn density(ground: &Ground, seed: u64) -> Vec<f64> {
    let mut rng = Rng::stream(seed, 0xC0_5E11);
    // Place, height and width in kilometres of each hump.
    let mut humps = vec![(0.0, 0.0, 45.0, 4.8)];
    for rank in 1..=TOWNS {
        let (turn, away) = (rng.range(0.0, TAU), Ground::radius_km() * 0.95 * rng.unit().sqrt());
        humps.push((away * turn.cos(), away * turn.sin(), 11.0 * (rank as f64).powf(-0.3), rng.range(1.3, 3.3)));
    }
    let at = |cell: u32| {
        let (x, y) = ground.centre(cell);
        let hump = |&(hx, hy, height, width): &(f64, f64, f64, f64)| height * (-(x - hx).hypot(y - hy) / width).exp();
        1.0 + humps.iter().map(hump).sum::<f64>()
    };
    (0..ground.places.len() as u32).into_par_iter().map(at).collect()
}

/// The people of each cell, in thousandths, which sum to [`PEOPLE`] exactly.
pub(super) fn settle(density: &[f64], seed: u64) -> Vec<u64> {
    let mut rng = Rng::stream(seed, 0xC0_9E09);
    let mut raw: Vec<f64> = Vec::with_capacity(density.len());
    while raw.len() < density.len() {
        // Box and Muller: two independent normal numbers from two even ones.
        let (length, turn) = ((-2.0 * (1.0 - rng.unit()).ln()).sqrt(), TAU * rng.unit());
        for normal in [length * turn.cos(), length * turn.sin()] {
            if let Some(density) = density.get(raw.len()) {
                raw.push(density * (SIGMA * normal).exp());
            }
        }
    }
    // Rounding the running sum, not each value, keeps the sum.
    let scale = PEOPLE as f64 * 1000.0 / raw.iter().sum::<f64>();
    let (mut sum, mut before) = (0.0, 0);
    let mut weights = Vec::with_capacity(raw.len());
    for value in raw {
        sum += value * scale;
        let now = sum.round() as u64;
        weights.push(now - before);
        before = now;
    }
    if let Some(last) = weights.last_mut() {
        *last = (*last + PEOPLE * 1000).saturating_sub(before);
    }
    weights
}

/// Sites in cells of their own, most of them where many people live.
pub(super) fn draw_sites(density: &[f64], sites: usize, seed: u64) -> Vec<u32> {
    let mut rng = Rng::stream(seed, 0xC0_517E);
    let mut sum = 0.0;
    let sums: Vec<f64> = density
        .iter()
        .map(|d| {
            sum += d;
            sum
        })
        .collect();
    let mut taken = vec![false; density.len()];
    let mut at = Vec::with_capacity(sites);
    while at.len() < sites {
        let cell = if rng.chance(SITES_AMONG_PEOPLE) {
            let mark = rng.range(0.0, sum);
            sums.partition_point(|&s| s <= mark).min(density.len() - 1)
        } else {
            rng.below(density.len())
        };
        if !std::mem::replace(&mut taken[cell], true) {
            at.push(cell as u32);
        }
    }
    at
}

/// Sites in cells of their own, evenly over the province: on a spiral whose turns are equally far apart (Vogel 1979),
/// each moved by up to half the distance to the next.
pub(super) fn spread_sites(ground: &Ground, sites: usize, seed: u64) -> Vec<u32> {
    let mut rng = Rng::stream(seed, 0xC0_DE5E);
    let mut taken = vec![false; ground.places.len()];
    let mut at = Vec::with_capacity(sites);
    let step = 0.5 * (AREA_KM2 / sites as f64).sqrt();
    for k in 0..sites {
        let away = Ground::radius_km() * ((k as f64 + 0.5) / sites as f64).sqrt();
        let turn = k as f64 * GOLDEN;
        let near = (0..100).find_map(|_| {
            let (dx, dy) = (rng.range(-step, step), rng.range(-step, step));
            ground.cell(away * turn.cos() + dx, away * turn.sin() + dy).filter(|&cell| !taken[cell as usize])
        });
        // In a crowded corner any free cell will do; at least every second cell is free.
        let cell = near.unwrap_or_else(|| {
            loop {
                let cell = rng.below(taken.len());
                if !taken[cell] {
                    break cell as u32;
                }
            }
        });
        taken[cell as usize] = true;
        at.push(cell);
    }
    at
}
