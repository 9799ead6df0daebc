//! A small seeded generator, so that the same seed gives the same city everywhere.

/// SplitMix64 (Steele, Lea, Flood 2014): one 64-bit word of state, passes BigCrush, and is the same on every machine.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    /// A stream of its own for one purpose, so that a change in one stage leaves the others alone.
    pub fn stream(seed: u64, purpose: u64) -> Self {
        let mut rng = Rng(seed ^ purpose.wrapping_mul(0xA076_1D64_78BD_642F));
        rng.next();
        rng
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// Even in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Even in `[low, high)`.
    pub fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Even in `0..n`; 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { (self.next() % n as u64) as usize }
    }

    /// True with the given chance.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }
}

/// The finaliser of SplitMix64, also used to draw numbers that belong to a place and not to an order of work.
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number in `[-1, 1)` that belongs to a lattice point.
fn lattice(seed: u64, i: i64, j: i64) -> f64 {
    let h = mix(seed ^ mix((i as u64).wrapping_mul(0x9E37_79B9) ^ mix(j as u64)));
    (h >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// Smooth value noise in `[-1, 1)` with features about one unit wide.
pub(crate) fn noise(seed: u64, x: f64, y: f64) -> f64 {
    let (i, j) = (x.floor(), y.floor());
    let ease = |t: f64| t * t * (3.0 - 2.0 * t);
    let (u, v) = (ease(x - i), ease(y - j));
    let (i, j) = (i as i64, j as i64);
    let low = lattice(seed, i, j) * (1.0 - u) + lattice(seed, i + 1, j) * u;
    let high = lattice(seed, i, j + 1) * (1.0 - u) + lattice(seed, i + 1, j + 1) * u;
    low * (1.0 - v) + high * v
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_words_of_splitmix64() {
        // The published test vector of SplitMix64 for the seed 1234567.
        let mut rng = Rng(1_234_567);
        assert_eq!(rng.next(), 6_457_827_717_110_365_317);
        assert_eq!(rng.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn noise_is_smooth_and_bounded() {
        for k in 0..1000 {
            let x = f64::from(k) * 0.037;
            let n = noise(5, x, 1.3);
            assert!((-1.0..1.0).contains(&n));
            // The steepest slope of the easing curve is 1.5 over a difference of at most 2.
            assert!((noise(5, x + 0.001, 1.3) - n).abs() <= 0.0031);
        }
    }
}
