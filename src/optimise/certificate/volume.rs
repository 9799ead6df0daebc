//! The volume algorithm: a subgradient method whose direction is a running mean of subgradients.

use crate::stages::meter;

/// A convex function to be made small, of variables each within 0 and its own limit.
pub(super) trait Dual {
    /// The largest value of each variable.
    fn limits(&self) -> &[f64];
    /// Its value at `u`; puts a subgradient into `slope`.
    fn value(&mut self, u: &[f64], slope: &mut [f64]) -> f64;
    /// What one evaluation costs, in pairs looked at.
    fn work(&self) -> u64;
}

/// Weight of the newest subgradient in the mean.
const NEWEST: f64 = 0.1;

/// Most evaluations, whatever the work.
const MOST_ROUNDS: u64 = 600;

/// Looks for a `u` with a small value, from `u` on, and stops at `target`, below which the value cannot go.
pub(super) fn minimise(dual: &mut impl Dual, mut u: Vec<f64>, target: f64, work: u64) -> Vec<f64> {
    let n = u.len();
    let mut mean = vec![0.0; n];
    let mut best = dual.value(&u, &mut mean);
    let mut at_best = mean.clone();
    let (mut next, mut slope) = (vec![0.0; n], vec![0.0; n]);
    let (mut pace, mut worse) = (1.0, 0_u32);
    let rounds = (work / dual.work().max(1)).clamp(20, MOST_ROUNDS);
    meter::expect(rounds as usize, "rounds at most");
    for _ in 0..rounds {
        meter::advance(1);
        // A variable at its end that would go beyond it is no way down.
        let free = |i: usize, mean: &[f64]| if mean[i] > 0.0 { u[i] > 0.0 } else { u[i] < dual.limits()[i] };
        let norm_of = |mean: &[f64]| -> f64 { (0..n).filter(|&i| free(i, mean)).map(|i| mean[i] * mean[i]).sum() };
        let mut norm = norm_of(&mean);
        if norm <= 0.0 {
            // The mean leads nowhere; if the subgradient itself does not either, nothing is smaller.
            mean.copy_from_slice(&at_best);
            norm = norm_of(&mean);
        }
        let above = best - target;
        if above <= 0.0 || norm <= 0.0 {
            break;
        }
        let step = pace * above / norm;
        for i in 0..n {
            next[i] = (u[i] - step * mean[i]).clamp(0.0, dual.limits()[i]);
        }
        let found = dual.value(&next, &mut slope);
        let along: f64 = (0..n).map(|i| mean[i] * slope[i]).sum();
        for i in 0..n {
            mean[i] += NEWEST * (slope[i] - mean[i]);
        }
        if found < best {
            best = found;
            at_best.copy_from_slice(&slope);
            std::mem::swap(&mut u, &mut next);
            worse = 0;
            if along > 0.0 {
                pace = f64::min(pace * 1.1, 2.0);
            }
        } else {
            worse += 1;
            if worse >= 10 {
                pace *= 0.66;
                worse = 0;
            }
        }
    }
    u
}

#[cfg(test)]
mod tests {
    use super::*;

    /// max(|x − 3|, |y − 7|) with y ≤ 5: least 2, for x from 1 to 5 and y = 5.
    struct Kink([f64; 2]);

    impl Dual for Kink {
        fn limits(&self) -> &[f64] {
            &self.0
        }
        fn value(&mut self, u: &[f64], slope: &mut [f64]) -> f64 {
            let (dx, dy) = (u[0] - 3.0, u[1] - 7.0);
            slope.copy_from_slice(&if dx.abs() > dy.abs() { [dx.signum(), 0.0] } else { [0.0, dy.signum()] });
            dx.abs().max(dy.abs())
        }
        fn work(&self) -> u64 {
            1
        }
    }

    #[test]
    fn it_finds_the_least_value_within_the_limits() {
        let u = minimise(&mut Kink([10.0, 5.0]), vec![0.0, 0.0], 0.0, 10_000);
        let value = Kink([10.0, 5.0]).value(&u, &mut [0.0; 2]);
        assert!((2.0..2.01).contains(&value), "{u:?}");
    }
}
