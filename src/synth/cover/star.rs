//! The area that a site of a made-up covering problem serves.

use std::f64::consts::TAU;

use super::super::rng::Rng;
use super::REACH_KM;
use super::land::Ground;

/// Waves around the compass that make up a reach.
const WAVES: usize = 5;
/// The area that a site serves: how far it reaches in each direction.
pub(super) struct Star {
    /// The least reach, as a share of the most.
    least: f64,
    /// Height and turn of the waves around the compass: the k-th has k + 1 crests. The heights sum to 1.
    waves: [(f64, f64); WAVES],
}

impl Star {
    pub fn of(seed: u64, site: usize) -> Star {
        let mut rng = Rng::stream(seed, 0xC0_57A2_0000 + site as u64);
        let least = rng.range(0.34, 0.68);
        let mut waves = std::array::from_fn(|k| (rng.unit() / (1.0 + 0.4 * k as f64), rng.range(0.0, TAU)));
        let sum: f64 = waves.iter().map(|w| w.0).sum::<f64>().max(1e-9);
        waves.iter_mut().for_each(|w| w.0 /= sum);
        Star { least, waves }
    }

    /// How far the site reaches in a direction, given in radians from the east, kilometres.
    fn reach_km(&self, direction: f64) -> f64 {
        let wave = |(k, &(height, turn)): (usize, &(f64, f64))| height * ((k + 1) as f64 * direction + turn).cos();
        let swing: f64 = self.waves.iter().enumerate().map(wave).sum();
        REACH_KM * (self.least + (1.0 - self.least) * (0.5 + 0.5 * swing))
    }

    /// The cells whose middle lies within reach of the middle of the site's cell, rising.
    pub fn cells(&self, ground: &Ground, at: u32) -> Vec<u32> {
        let (column, row) = ground.places[at as usize];
        let span = (REACH_KM / ground.side_km) as i32 + 1;
        let mut served = Vec::new();
        for other in row - span..=row + span {
            let Some(k) = usize::try_from(other - ground.lowest).ok().filter(|k| k + 1 < ground.first.len()) else {
                continue;
            };
            let ((begin, cell), end) = (ground.first[k], ground.first[k + 1].1);
            let dy = f64::from(other - row) * ground.side_km;
            for cell in cell + (column - span - begin).max(0) as u32..end {
                let over = ground.places[cell as usize].0 - column;
                if over > span {
                    break;
                }
                let dx = f64::from(over) * ground.side_km;
                if dx.hypot(dy) <= self.reach_km(dy.atan2(dx)) {
                    served.push(cell);
                }
            }
        }
        served
    }
}
