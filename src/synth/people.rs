//! A made-up population grid whose sums by commune are the official numbers.

use super::communes::{Region, holds};
use super::facts::Facts;
use super::plane::{P, p};
use super::rng::noise;
use super::roads::{Network, corners};
use super::water::Water;

/// Pixels a degree: 15 arc-seconds, about 430 m × 460 m here.
pub(crate) const PER_DEGREE: i64 = 240;

/// People on a grid of whole arc-second pixels, row by row from the north-west.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    /// West edge, in pixels east of Greenwich.
    pub west: i64,
    /// North edge, in pixels north of the equator.
    pub north: i64,
    pub columns: usize,
    pub rows: usize,
    /// The commune that holds the pixel's centre.
    pub commune: Vec<Option<usize>>,
    /// Whole people; 0 outside the city.
    pub people: Vec<u32>,
}

impl Grid {
    /// The centre of a pixel.
    pub fn centre(&self, k: usize) -> P {
        let (column, row) = (k % self.columns, k / self.columns);
        let lon = (self.west as f64 + column as f64 + 0.5) / PER_DEGREE as f64;
        let lat = (self.north as f64 - row as f64 - 0.5) / PER_DEGREE as f64;
        P::from_degrees(lon, lat)
    }

    /// The pixel that holds a place.
    pub fn pixel(&self, q: P) -> Option<usize> {
        let (lon, lat) = q.degrees();
        let column = (lon * PER_DEGREE as f64).floor() as i64 - self.west;
        let row = self.north - (lat * PER_DEGREE as f64).ceil() as i64;
        let inside = column >= 0 && row >= 0 && column < self.columns as i64 && row < self.rows as i64;
        inside.then(|| row as usize * self.columns + column as usize)
    }
}

/// Spreads the people of every commune over its dry pixels, after the streets where they live.
pub(crate) fn spread(facts: &Facts, water: &Water, communes: &[Vec<Region>], network: &Network, seed: u64) -> Grid {
    let mut grid = lay(communes);
    for k in 0..grid.people.len() {
        let q = grid.centre(k);
        grid.commune[k] = (0..communes.len()).find(|&c| holds(&communes[c], q));
    }
    let homes = homes(&grid, network);
    let weight = |k: usize, q: P| {
        if water.is_wet(q) {
            return 0.0;
        }
        // Taller houses and longer lanes here than there.
        let taste = (0.45 * noise(seed ^ 0x9E09, q.x / 1.1, q.y / 1.1)).exp();
        // Less than in proportion, since where streets are many they are also short of houses.
        homes[k].powf(0.8) * taste
    };
    for (c, commune) in facts.communes.iter().enumerate() {
        let pixels: Vec<usize> = (0..grid.people.len()).filter(|&k| grid.commune[k] == Some(c)).collect();
        let mut weights: Vec<f64> = pixels.iter().map(|&k| weight(k, grid.centre(k))).collect();
        if weights.iter().sum::<f64>() <= 0.0 {
            weights.fill(1.0);
        }
        for (&k, people) in pixels.iter().zip(shares(commune.population, &weights)) {
            grid.people[k] = people as u32;
        }
    }
    grid
}

/// An empty grid around all communes, with a pixel to spare on each side.
fn lay(communes: &[Vec<Region>]) -> Grid {
    let boxes = communes.iter().map(|c| corners(c));
    let (low, high) = boxes.fold((p(f64::INFINITY, f64::INFINITY), p(f64::NEG_INFINITY, f64::NEG_INFINITY)), |a, b| {
        (p(a.0.x.min(b.0.x), a.0.y.min(b.0.y)), p(a.1.x.max(b.1.x), a.1.y.max(b.1.y)))
    });
    let ((west, south), (east, north)) = (low.degrees(), high.degrees());
    let down = |v: f64| (v * PER_DEGREE as f64).floor() as i64 - 1;
    let up = |v: f64| (v * PER_DEGREE as f64).ceil() as i64 + 1;
    let (columns, rows) = ((up(east) - down(west)) as usize, (up(north) - down(south)) as usize);
    Grid {
        west: down(west),
        north: up(north),
        columns,
        rows,
        commune: vec![None; columns * rows],
        people: vec![0; columns * rows],
    }
}

/// Kilometres of inhabited street in and around each pixel, each class by how many live along it.
fn homes(grid: &Grid, network: &Network) -> Vec<f64> {
    let mut own = vec![0.0; grid.people.len()];
    for way in &network.ways {
        let thick = way.class().homes();
        if thick == 0.0 || way.line.bridge {
            continue;
        }
        for w in way.refs.windows(2) {
            let (a, b) = (network.nodes[w[0] as usize].at, network.nodes[w[1] as usize].at);
            let pieces = (a.to(b) / 0.05).ceil().max(1.0);
            for s in 0..pieces as usize {
                if let Some(k) = grid.pixel(a.towards(b, (s as f64 + 0.5) / pieces)) {
                    own[k] += thick * a.to(b) / pieces;
                }
            }
        }
    }
    // Lanes too small to be drawn reach a little into the pixels around.
    let mut homes = own.clone();
    for (k, home) in homes.iter_mut().enumerate() {
        let (column, row) = ((k % grid.columns) as i64, (k / grid.columns) as i64);
        for (dx, dy) in [(-1, 0), (1, 0), (0, -1), (0, 1)] {
            let (x, y) = (column + dx, row + dy);
            if x >= 0 && y >= 0 && x < grid.columns as i64 && y < grid.rows as i64 {
                *home += 0.06 * own[y as usize * grid.columns + x as usize];
            }
        }
    }
    homes
}

/// Splits a whole number by weights into whole numbers with the same sum (largest remainders, the earlier first).
pub(crate) fn shares(total: u64, weights: &[f64]) -> Vec<u64> {
    let sum: f64 = weights.iter().sum();
    let exact: Vec<f64> = weights.iter().map(|w| total as f64 * w / sum).collect();
    let mut parts: Vec<u64> = exact.iter().map(|e| e.floor() as u64).collect();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|&a, &b| exact[b].fract().total_cmp(&exact[a].fract()).then(a.cmp(&b)));
    let missing = total.saturating_sub(parts.iter().sum()) as usize;
    for &k in order.iter().take(missing) {
        parts[k] += 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn largest_remainders_by_hand() {
        // 10 by 1 : 1 : 1 is 3.33 each: 3, 3, 3 and the tenth to the first. 7 by 1 : 3 is 1.75 and 5.25: 2 and 5.
        assert_eq!(shares(10, &[1.0, 1.0, 1.0]), [4, 3, 3]);
        assert_eq!(shares(7, &[1.0, 3.0]), [2, 5]);
    }
}
