//! A Lagrangian bound for capacitated location, and the sites it decides (Cornuejols, Sridharan and Thizy 1991).
//!
//! The rule that every row is served is priced with λ_i; what is left is one fractional knapsack a site:
//! L(λ) = Σ_i λ_i + Σ_j min(0, site_cost_j + min Σ_i (weight_i · cost_ij − λ_i) · x_ij) with Σ_i need_i · x_ij ≤ capacity_j,
//! 0 ≤ x ≤ 1, over at most p sites. λ is sought in floating point and the bound computed in integers, rounded down.

use super::{Problem, Table};

/// λ counts in this part of a unit of cost.
const PARTS: i128 = 1 << 10;

/// A proven bound, for plans that leave nothing unserved.
pub(crate) struct Bound {
    /// No such plan costs less.
    pub(crate) least: u64,
    total: i128,
    rho: Vec<i128>,
    taken: Vec<bool>,
    /// ρ of the last site taken where only `p` may be, of the first one left; 0 where there is no such limit.
    last_taken: i128,
    first_left: i128,
}

/// Subgradient steps over the rows of each site.
pub(crate) struct Relaxation<'a> {
    problem: &'a Problem<'a>,
    table: &'a Table,
    /// Row and cost of all its weight, for each site.
    by_site: Vec<Vec<(u32, u64)>>,
    /// Σ need.
    needed: u64,
}

impl<'a> Relaxation<'a> {
    pub(crate) fn new(problem: &'a Problem, table: &'a Table) -> Self {
        let mut by_site = vec![Vec::new(); table.usable.len()];
        for (r, row) in table.rows.iter().enumerate() {
            row.iter().for_each(|pair| by_site[pair.site as usize].push((r as u32, pair.cost * table.weights[r])));
        }
        Relaxation { problem, table, by_site, needed: table.needs.iter().sum() }
    }

    /// Raises the bound; `look` is shown the sites taken now and then and returns the least cost of any plan known.
    pub(crate) fn ascend(
        &self,
        rounds: usize,
        look: &mut dyn FnMut(Option<&[bool]>) -> u64,
        stop: &dyn Fn() -> bool,
    ) -> Bound {
        let n_rows = self.table.rows.len();
        let cheapest = |r: usize| self.table.rows[r].iter().map(|pair| pair.cost).min().unwrap_or(0);
        let mut lambda: Vec<f64> = (0..n_rows).map(|r| (cheapest(r) * self.table.weights[r]) as f64 * 1.2).collect();
        let mut best = (f64::NEG_INFINITY, lambda.clone());
        let mut direction = vec![0.0_f64; n_rows];
        let (mut upper, mut pace, mut idle) = (look(None), 1.5, 0);
        for round in 0..rounds {
            if stop() {
                break;
            }
            let (total, taken, slope) = self.price(&lambda);
            if total > best.0 {
                best.0 = total;
                best.1.copy_from_slice(&lambda);
                idle = 0;
                if total > upper as f64 - 1.0 && self.exactly(&lambda).least >= upper {
                    break;
                }
            } else {
                idle += 1;
                if idle % 12 == 0 {
                    pace *= 0.5;
                    if pace < 1e-3 {
                        break;
                    }
                }
            }
            if round % 80 == 79 {
                upper = upper.min(look(Some(&taken)));
            }
            let square = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>();
            let along: f64 = slope.iter().zip(&direction).map(|(a, b)| a * b).sum();
            let keep = if along < 0.0 { (-1.5 * along / square(&direction)).min(10.0) } else { 0.0 };
            direction.iter_mut().zip(&slope).for_each(|(d, s)| *d = s + keep * *d);
            let length = square(&direction);
            if length == 0.0 {
                break;
            }
            let step = pace * (upper as f64 - total).max(1e-9 * upper as f64) / length;
            lambda.iter_mut().zip(&direction).for_each(|(l, d)| *l = (*l + step * d).max(0.0));
        }
        self.exactly(&best.1)
    }

    /// L(λ), the sites taken, and for each row 1 − how much of it they serve.
    fn price(&self, lambda: &[f64]) -> (f64, Vec<bool>, Vec<f64>) {
        let mut rho = vec![0.0_f64; self.by_site.len()];
        let mut shares: Vec<Vec<(u32, f64)>> = vec![Vec::new(); rho.len()];
        for s in (0..rho.len()).filter(|&s| self.table.usable[s]) {
            let value = |&(r, cost): &(u32, u64)| (r, cost as f64 - lambda[r as usize]);
            let mut items: Vec<(u32, f64)> = self.by_site[s].iter().map(value).filter(|item| item.1 < 0.0).collect();
            let each = |item: &(u32, f64)| item.1 / self.table.needs[item.0 as usize] as f64;
            items.sort_unstable_by(|a, b| each(a).total_cmp(&each(b)).then(a.0.cmp(&b.0)));
            let mut room = self.table.capacities[s] as f64;
            rho[s] = self.problem.site_costs[s] as f64;
            for (r, value) in items {
                if room <= 0.0 {
                    break;
                }
                let share = (room / self.table.needs[r as usize] as f64).min(1.0);
                room -= share * self.table.needs[r as usize] as f64;
                rho[s] += share * value;
                shares[s].push((r, share));
            }
        }
        let mut taken = self.problem.fixed.to_vec();
        let mut free: Vec<usize> = self.free().filter(|&s| rho[s] < 0.0).collect();
        free.sort_by(|&a, &b| rho[a].total_cmp(&rho[b]).then(a.cmp(&b)));
        free.truncate(self.room_for());
        free.iter().for_each(|&s| taken[s] = true);
        let mut total: f64 = lambda.iter().sum();
        let mut slope = vec![1.0; lambda.len()];
        for s in (0..rho.len()).filter(|&s| taken[s]) {
            total += rho[s];
            shares[s].iter().for_each(|&(r, share)| slope[r as usize] -= share);
        }
        (total, taken, slope)
    }

    fn free(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.by_site.len()).filter(|&s| self.table.usable[s] && !self.problem.fixed[s])
    }

    /// How many sites may be opened beside the fixed ones.
    fn room_for(&self) -> usize {
        let fixed = self.problem.fixed.iter().filter(|&&fixed| fixed).count();
        self.problem.p.map_or(usize::MAX, |p| p.saturating_sub(fixed))
    }

    fn exactly(&self, lambda: &[f64]) -> Bound {
        let lambda: Vec<i128> = lambda.iter().map(|&l| (l * PARTS as f64).round() as i128).collect();
        let mut rho = vec![0_i128; self.by_site.len()];
        for s in (0..rho.len()).filter(|&s| self.table.usable[s]) {
            let value =
                |&(r, cost): &(u32, u64)| (self.table.needs[r as usize], i128::from(cost) * PARTS - lambda[r as usize]);
            let mut items: Vec<(u64, i128)> = self.by_site[s].iter().map(value).filter(|item| item.1 < 0).collect();
            // The best value for its need first. Ratios are rounded down to parts of a 2³²-th, so two that are level may
            // stand in the wrong order: that hides less than a part for each unit of room.
            items.sort_unstable_by_key(ratio);
            let mut room = self.table.capacities[s];
            rho[s] = i128::from(self.problem.site_costs[s]) * PARTS;
            for (need, value) in items {
                if need <= room {
                    room -= need;
                    rho[s] += value;
                } else {
                    rho[s] += (ratio(&(need, value)) * i128::from(room)).div_euclid(RATIO);
                    break;
                }
            }
            rho[s] -= i128::from(self.table.capacities[s].min(self.needed)).div_euclid(RATIO) + 1;
        }
        let mut free: Vec<usize> = self.free().collect();
        free.sort_by_key(|&s| (rho[s], s));
        let worth = free.iter().filter(|&&s| rho[s] < 0).count().min(self.room_for());
        let mut taken = self.problem.fixed.to_vec();
        free[..worth].iter().for_each(|&s| taken[s] = true);
        let saved: i128 = (0..rho.len()).filter(|&s| taken[s]).map(|s| rho[s]).sum();
        let total = lambda.iter().sum::<i128>() + saved;
        let full = worth == self.room_for();
        let of = |at: Option<usize>| at.and_then(|at| free.get(at)).filter(|_| full).map_or(0, |&s| rho[s].min(0));
        Bound {
            least: round_up(total),
            last_taken: of(worth.checked_sub(1)),
            first_left: of(Some(worth)),
            total,
            rho,
            taken,
        }
    }
}

/// Ratios of value to need count in this part.
const RATIO: i128 = 1 << 32;

/// Value for one unit of need, rounded down.
fn ratio(&(need, value): &(u64, i128)) -> i128 {
    (value * RATIO).div_euclid(i128::from(need.max(1)))
}

fn round_up(total: i128) -> u64 {
    u64::try_from(-(-total).div_euclid(PARTS)).unwrap_or(0)
}

impl Bound {
    /// The sites that every plan below `upper`, the cost of `known`, opens, and those that it may open.
    pub(crate) fn fix(&self, problem: &Problem, table: &Table, upper: u64, known: &[bool]) -> (Vec<bool>, Vec<bool>) {
        let (mut fixed, mut usable) = (problem.fixed.to_vec(), table.usable.clone());
        for s in (0..usable.len()).filter(|&s| table.usable[s] && !problem.fixed[s]) {
            if self.taken[s] {
                fixed[s] |= known[s] && round_up(self.total - self.rho[s] + self.first_left) >= upper;
            } else {
                usable[s] &= known[s] || round_up(self.total - self.last_taken + self.rho[s]) < upper;
            }
        }
        (fixed, usable)
    }
}
