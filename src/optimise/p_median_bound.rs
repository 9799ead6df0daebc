//! A Lagrangian bound for p-median, and what it rules out (Beasley 1993).
//!
//! The rule that every row is served once is priced: λ_i is what serving row i is worth. For any λ
//!
//! L(λ) = Σ_i λ_i + the sum of the most negative ρ_j over at most p sites,  ρ_j = Σ_i min(0, weight_i · cost_ij − λ_i)
//!
//! is a lower bound, in the best case that of the linear relaxation of the strong model. λ is found by deflected
//! subgradient steps (Camerini, Fratta and Maffioli 1975) in floating point; the bound that is claimed, and all that
//! is ruled out with it, is computed once more in exact integers, so no rounding can spoil a proof.

use super::cover::CostTable;

/// λ and what follows from it count in this part of a unit of weighted cost.
const PARTS: i128 = 1 << 10;

/// The problem in the form that the bound is computed on.
pub(crate) struct Relaxation<'a> {
    costs: &'a CostTable,
    weights: &'a [u64],
    fixed: &'a [bool],
    usable: &'a [bool],
    /// Sites that may be opened beside the fixed ones.
    free: usize,
    /// Pairs of every row, from near to far.
    offsets: Vec<usize>,
    sites: Vec<u32>,
    prices: Vec<f64>,
}

/// A proven bound and the prices behind it.
pub(crate) struct Bound {
    /// No plan costs less.
    pub(crate) least: u64,
    lambda: Vec<i128>,
    total: i128,
    rho: Vec<i128>,
    taken: Vec<bool>,
    /// ρ of the last site taken, 0 where fewer than allowed were worth it, and of the first one left.
    last_taken: i128,
    first_left: i128,
}

/// What a plan better than the best one known can look like.
pub(crate) struct Fixing {
    /// Fixed sites, and those that every better plan opens.
    pub(crate) fixed: Vec<bool>,
    /// Sites that a better plan may open, fixed ones and those of the best plan known included.
    pub(crate) usable: Vec<bool>,
}

impl<'a> Relaxation<'a> {
    /// `p` counts the fixed sites; pairs with sites that are not usable are ignored.
    pub(crate) fn new(
        costs: &'a CostTable,
        weights: &'a [u64],
        fixed: &'a [bool],
        usable: &'a [bool],
        p: usize,
    ) -> Self {
        let mut x = Relaxation {
            costs,
            weights,
            fixed,
            usable,
            free: p.saturating_sub(fixed.iter().filter(|&&fixed| fixed).count()),
            offsets: vec![0],
            sites: Vec::with_capacity(costs.cover().n_pairs()),
            prices: Vec::with_capacity(costs.cover().n_pairs()),
        };
        let mut row: Vec<(u64, u32)> = Vec::new();
        for (r, &weight) in weights.iter().enumerate() {
            row.clear();
            row.extend(costs.row(r).filter(|&(s, _)| usable[s as usize]).map(|(s, cost)| (cost, s)));
            row.sort_unstable();
            x.sites.extend(row.iter().map(|&(_, s)| s));
            x.prices.extend(row.iter().map(|&(cost, _)| (weight * cost) as f64));
            x.offsets.push(x.sites.len());
        }
        x
    }

    /// Raises the bound from the prices around `open`, for at most `rounds` steps. `look` is shown the sites taken every
    /// now and then and returns the least cost of any plan known.
    pub(crate) fn ascend(
        &self,
        open: &[bool],
        rounds: usize,
        look: &mut dyn FnMut(Option<Vec<bool>>) -> u64,
        stop: &dyn Fn() -> bool,
    ) -> Bound {
        let n_rows = self.weights.len();
        let mut upper = look(None);
        let mut lambda: Vec<f64> = (0..n_rows).map(|r| self.first_price(r, open)).collect();
        let mut best = (f64::NEG_INFINITY, lambda.clone());
        let mut bound: Option<Bound> = None;
        let (mut direction, mut pace, mut idle) = (vec![0.0_f64; n_rows], 1.5, 0);
        let mut rho = vec![0.0_f64; self.usable.len()];
        for round in 0..rounds {
            if stop() {
                break;
            }
            let (total, taken) = self.price(&lambda, &mut rho);
            if total > best.0 {
                best.0 = total;
                best.1.copy_from_slice(&lambda);
                idle = 0;
                if total > upper as f64 - 1.0 {
                    let exact = self.exactly(&lambda);
                    let closed = exact.least >= upper;
                    bound = Some(exact);
                    if closed {
                        break;
                    }
                }
            } else {
                idle += 1;
                if idle % 15 == 0 {
                    pace *= 0.5;
                    if pace < 1e-3 {
                        break;
                    }
                }
            }
            if round % 60 == 59 {
                upper = upper.min(look(Some(taken.clone())));
            }
            // 1 − how many of the sites taken serve the row below its price.
            let slope: Vec<f64> = (0..n_rows)
                .map(|r| {
                    let pairs = self.pairs(r).take_while(|&(_, price)| price < lambda[r]);
                    1.0 - pairs.filter(|&(s, _)| taken[s as usize]).count() as f64
                })
                .collect();
            let square = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>();
            let along: f64 = slope.iter().zip(&direction).map(|(a, b)| a * b).sum();
            let keep = if along < 0.0 { (-1.5 * along / square(&direction)).min(10.0) } else { 0.0 };
            direction.iter_mut().zip(&slope).for_each(|(d, s)| *d = s + keep * *d);
            let length = square(&direction);
            if length == 0.0 {
                break;
            }
            let step = pace * (upper as f64 - total).max(1e-9 * upper as f64) / length;
            for r in 0..n_rows {
                let least = self.prices.get(self.offsets[r]).copied().unwrap_or(0.0);
                lambda[r] = (lambda[r] + step * direction[r]).max(least);
            }
        }
        let last = self.exactly(&best.1);
        match bound {
            Some(bound) if bound.least >= last.least => bound,
            _ => last,
        }
    }

    fn pairs(&self, r: usize) -> impl Iterator<Item = (u32, f64)> + '_ {
        let range = self.offsets[r]..self.offsets[r + 1];
        self.sites[range.clone()].iter().copied().zip(self.prices[range].iter().copied())
    }

    /// Half-way between the price of the nearest open site and that of the second.
    fn first_price(&self, r: usize, open: &[bool]) -> f64 {
        let mut prices = self.pairs(r).filter(|&(s, _)| open[s as usize]).map(|(_, price)| price);
        let first = prices.next().unwrap_or(0.0);
        (first + prices.next().unwrap_or(first)) / 2.0
    }

    /// L(λ), the sites taken (fixed ones included) and, in `rho`, what each is worth.
    fn price(&self, lambda: &[f64], rho: &mut [f64]) -> (f64, Vec<bool>) {
        rho.iter_mut().for_each(|rho| *rho = 0.0);
        for (r, &worth) in lambda.iter().enumerate() {
            for (s, price) in self.pairs(r) {
                if price >= worth {
                    break;
                }
                rho[s as usize] += price - worth;
            }
        }
        let mut taken = self.fixed.to_vec();
        let mut free: Vec<usize> = (0..rho.len()).filter(|&s| self.usable[s] && !taken[s] && rho[s] < 0.0).collect();
        free.sort_by(|&a, &b| rho[a].total_cmp(&rho[b]).then(a.cmp(&b)));
        free.truncate(self.free);
        free.iter().for_each(|&s| taken[s] = true);
        let saved: f64 = (0..rho.len()).filter(|&s| taken[s]).map(|s| rho[s]).sum();
        (lambda.iter().sum::<f64>() + saved, taken)
    }

    /// The bound of these prices in exact integers.
    fn exactly(&self, lambda: &[f64]) -> Bound {
        // Prices are at most 2⁶¹, so 2⁷¹ parts: sums of 2³² rows stay below 2¹²⁷.
        let lambda: Vec<i128> = lambda.iter().map(|&l| (l * PARTS as f64).round() as i128).collect();
        let mut rho = vec![0_i128; self.usable.len()];
        for (r, &worth) in lambda.iter().enumerate() {
            for (s, cost) in self.costs.row(r).filter(|&(s, _)| self.usable[s as usize]) {
                rho[s as usize] += (parts(self.weights[r] * cost) - worth).min(0);
            }
        }
        let mut free: Vec<usize> = (0..rho.len()).filter(|&s| self.usable[s] && !self.fixed[s]).collect();
        free.sort_by_key(|&s| (rho[s], s));
        let mut taken = self.fixed.to_vec();
        free.iter().take(self.free).for_each(|&s| taken[s] = true);
        let saved: i128 = (0..rho.len()).filter(|&s| taken[s]).map(|s| rho[s]).sum();
        let total = lambda.iter().sum::<i128>() + saved;
        let of = |at: Option<usize>| at.and_then(|at| free.get(at)).map_or(0, |&s| rho[s]);
        Bound {
            least: round_up(total),
            last_taken: of(self.free.checked_sub(1)),
            first_left: of(Some(self.free)),
            lambda,
            total,
            rho,
            taken,
        }
    }
}

fn parts(amount: u64) -> i128 {
    i128::from(amount) * PARTS
}

/// Whole units, rounded up: every plan's cost is whole.
fn round_up(total: i128) -> u64 {
    u64::try_from(-(-total).div_euclid(PARTS)).unwrap_or(0)
}

impl Bound {
    /// What is left of the sites for a plan that costs less than `upper`, the cost of `known`.
    pub(crate) fn fix(&self, relaxation: &Relaxation, upper: u64, known: &[bool]) -> Fixing {
        let (mut fixed, mut usable) = (relaxation.fixed.to_vec(), relaxation.usable.to_vec());
        for s in (0..usable.len()).filter(|&s| relaxation.usable[s] && !relaxation.fixed[s]) {
            if self.taken[s] {
                // Without it the next one comes in.
                let without = self.total - self.rho[s] + if relaxation.free > 0 { self.first_left } else { 0 };
                fixed[s] |= known[s] && round_up(without) >= upper;
            } else {
                let with = self.total - self.last_taken + self.rho[s];
                usable[s] &= known[s] || round_up(with) < upper;
            }
        }
        Fixing { fixed, usable }
    }

    /// Whether a plan that costs less than `upper` can serve row `r` at weighted cost `price`.
    pub(crate) fn may_serve(&self, r: usize, price: u64, upper: u64) -> bool {
        round_up(self.total + (parts(price) - self.lambda[r]).max(0)) < upper
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places on a line at 0, 1, 10 and 11, each a row and a site, p = 2: the best plan costs 1 + 1 = 2.
    #[test]
    fn two_pairs_on_a_line() {
        let at = [0_u64, 1, 10, 11];
        let triples: Vec<_> =
            (0..4).flat_map(|r| (0..4).map(move |s| (r, s, at[r as usize].abs_diff(at[s as usize])))).collect();
        let costs = CostTable::from_triples(4, 4, &triples).unwrap();
        let relaxation = Relaxation::new(&costs, &[1; 4], &[false; 4], &[true; 4], 2);
        let open = [true, false, true, false];
        // By hand: λ = 1 for all: each site is worth −1 (itself); L = 4 − 2 = 2.
        let bound = relaxation.exactly(&[1.0; 4]);
        assert_eq!((bound.least, bound.total), (2, 2 * PARTS));
        // A row served at 10 costs at least 2 + (10 − 1) = 11.
        assert!(bound.may_serve(0, 10, 12) && !bound.may_serve(0, 10, 11));
        assert_eq!(relaxation.ascend(&open, 200, &mut |_| 2, &|| false).least, 2);
        // λ = 0: nothing is worth anything.
        assert_eq!(relaxation.exactly(&[0.0; 4]).least, 0);
    }

    #[test]
    fn what_is_ruled_out_by_hand() {
        // One site of three: rows at 0, 0 and 9 units; site 0 serves all at 0, 0, 9, site 2 at 9, 9, 0, site 1 at 20.
        let triples: Vec<_> = [[0, 20, 9], [0, 20, 9], [9, 20, 0]]
            .iter()
            .enumerate()
            .flat_map(|(r, row)| (0..3).map(move |s| (r as u32, s, row[s as usize])))
            .collect();
        let costs = CostTable::from_triples(3, 3, &triples).unwrap();
        let relaxation = Relaxation::new(&costs, &[1; 3], &[false; 3], &[true; 3], 1);
        // λ = (9, 9, 9): ρ = (−18, 0, −9), L = 27 − 18 = 9, which is what site 0 costs.
        let bound = relaxation.exactly(&[9.0; 3]);
        assert_eq!(bound.least, 9);
        // Against 10: without site 0 it is 27 − 9 = 18 and with site 1 it is 27 + 0, with site 2 27 − 9 = 18.
        let fixing = bound.fix(&relaxation, 10, &[true, false, false]);
        assert_eq!((fixing.fixed, fixing.usable), (vec![true, false, false], vec![true, false, false]));
        // Against 19 only site 1 is out.
        let fixing = bound.fix(&relaxation, 19, &[true, false, false]);
        assert_eq!((fixing.fixed, fixing.usable), (vec![false; 3], vec![true, false, true]));
    }
}
