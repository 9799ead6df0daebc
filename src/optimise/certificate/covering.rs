//! Multipliers for maximal covering over phases.

use super::volume::{self, Dual};
use super::{Certificate, Effort, to_rows};
use crate::optimise::cover::CoverTable;
use crate::optimise::phases::Problem;
use crate::optimise::reduce::{self, NO_CLASS};

/// Multipliers that prove how much a plan can serve, given the objective of one that was found. The problem must be one
/// that [`crate::optimise::phases::solve`] accepts.
///
/// A maximal covering problem is one of a single phase.
pub fn of_phases(problem: &Problem, objective: u64, effort: Effort) -> Certificate {
    let scale = if problem.phases.iter().any(|p| p.budget.is_some()) { 1_000_000 } else { 1 };
    let stages = stages(problem);
    let mut dual = Covering::new(problem, &stages, scale);
    // Without multipliers the bound is all that can be served; where the plan serves that, nothing is left to prove.
    let nothing = vec![0; dual.limits.len()];
    let even: Vec<f64> = dual.start();
    let target = objective as f64 * scale as f64;
    let found = volume::minimise(&mut dual, even, target, effort.0);
    let rounded: Vec<u64> =
        found.iter().zip(&dual.limits).map(|(u, &limit)| u.round().clamp(0.0, limit) as u64).collect();
    let proved = [rounded, nothing].into_iter().map(|u| (dual.prove(&u), u)).min_by_key(|(proof, _)| proof.value);
    let (proof, u) = proved.unwrap_or_else(|| (dual.prove(&[]), Vec::new()));
    let in_units = |value: i128| u64::try_from(value.max(0) / i128::from(scale)).unwrap_or(u64::MAX);

    let n_phases = problem.phases.len();
    let (mut site_prices, mut cost_prices) = (vec![0; n_phases], vec![0; n_phases]);
    let mut multipliers = vec![Vec::new(); n_phases];
    for (at, stage) in stages.iter().enumerate() {
        // Where nothing opens after the first phase of a stage, its limits hold for the others by themselves.
        site_prices[stage.phases.start] = proof.site_prices[at];
        cost_prices[stage.phases.start] = proof.cost_prices[at];
        let rows = stage.multipliers(problem, &u[stage.offset..stage.offset + stage.weights.len()]);
        stage.phases.clone().for_each(|t| multipliers[t] = rows.clone());
    }
    let (mut closed, mut open) = (Vec::new(), Vec::new());
    for s in (0..problem.fixed.len()).filter(|&s| !problem.fixed[s]) {
        let Some(best) = proof.best[s] else { continue };
        if in_units(proof.value + best.min(0)) < objective {
            closed.push(s as u32);
        } else if in_units(proof.value - best.max(0)) < objective {
            open.push(s as u32);
        }
    }
    Certificate { scale, multipliers, site_prices, cost_prices, bound: in_units(proof.value), closed, open }
}

/// Phases that share their open sites and their weights.
struct Stage {
    phases: std::ops::Range<usize>,
    /// The multipliers of its phases in all.
    days: u64,
    allowed: Vec<bool>,
    /// Sites and cost that may be open beyond the fixed ones.
    room: u64,
    money: Option<u64>,
    /// Classes of rows that no fixed site serves and some site may, with their weights.
    cover: CoverTable,
    weights: Vec<u64>,
    /// The class of each row of the table in `cover`; `NO_CLASS` for those that fixed sites serve or none can.
    class_of: Vec<u32>,
    /// Whether no site can serve a row by then.
    hopeless: Vec<bool>,
    /// Weight that the fixed sites serve.
    constant: u64,
    /// Where its variables begin.
    offset: usize,
}

impl Stage {
    /// The multipliers of the raw rows. A row that nobody can serve takes its whole weight, so that it counts nothing.
    fn multipliers(&self, problem: &Problem, of_class: &[u64]) -> Vec<u64> {
        let weights = &problem.phases[self.phases.start].weights;
        let mut rows = to_rows(&self.class_of, of_class, |row| weights[row]);
        for (row, _) in self.hopeless.iter().enumerate().filter(|(_, hopeless)| **hopeless) {
            rows[row] = weights[row];
        }
        rows
    }
}

fn stages(problem: &Problem) -> Vec<Stage> {
    let n = problem.fixed.len();
    let n_fixed = problem.fixed.iter().filter(|&&f| f).count() as u64;
    let fixed_cost: u64 = (0..n).filter(|&s| problem.fixed[s]).map(|s| problem.costs[s]).sum();
    let mut usable = problem.fixed.to_vec();
    let mut stages: Vec<Stage> = Vec::new();
    for (t, phase) in problem.phases.iter().enumerate() {
        let allowed: Vec<bool> = (0..n).map(|s| phase.allowed[s] && !problem.fixed[s]).collect();
        if let Some(last) = stages.last_mut()
            && !allowed.contains(&true)
            && problem.phases[last.phases.start].weights == phase.weights
        {
            last.phases.end = t + 1;
            last.days += phase.multiplier;
            continue;
        }
        usable.iter_mut().zip(&allowed).for_each(|(usable, &allowed)| *usable |= allowed);
        let merged = reduce::merge(problem.cover, &[&phase.weights], &usable);
        let mut number = vec![NO_CLASS; merged.cover.n_rows()];
        let (mut kept, mut constant) = (Vec::new(), 0);
        for (class, row) in merged.cover.rows().enumerate() {
            if row.iter().any(|&s| problem.fixed[s as usize]) {
                constant += merged.weights[0][class];
            } else if merged.weights[0][class] > 0 {
                number[class] = kept.len() as u32;
                kept.push(class);
            }
        }
        let offset = stages.last().map_or(0, |last| last.offset + last.weights.len());
        stages.push(Stage {
            phases: t..t + 1,
            days: phase.multiplier,
            allowed,
            room: (phase.open_total as u64).saturating_sub(n_fixed),
            money: phase.budget.map(|budget| budget.saturating_sub(fixed_cost)),
            cover: CoverTable::from_rows(kept.iter().map(|&class| merged.cover.row(class)), n),
            weights: kept.iter().map(|&class| merged.weights[0][class]).collect(),
            hopeless: merged.class_of.iter().map(|&class| class == NO_CLASS).collect(),
            class_of: merged.class_of.iter().map(|&c| number.get(c as usize).copied().unwrap_or(NO_CLASS)).collect(),
            constant,
            offset,
        });
    }
    stages
}

/// What whole multipliers prove, in 1/scale.
struct Proof {
    value: i128,
    site_prices: Vec<u64>,
    cost_prices: Vec<u64>,
    /// For each site that may open, the value of its best opening, whether above 0 or not.
    best: Vec<Option<i128>>,
}

/// The bound as a function of the multipliers of all stages, each time with the best prices for them.
struct Covering<'a> {
    problem: &'a Problem<'a>,
    stages: &'a [Stage],
    scale: f64,
    limits: Vec<f64>,
    /// `scale · days · U` by stage and site.
    worth: Vec<Vec<f64>>,
    site_prices: Vec<f64>,
    cost_prices: Vec<f64>,
    /// Whether prices lie half way to the last site within the limit, as good a bound that tells more of both.
    between: bool,
}

impl<'a> Covering<'a> {
    fn new(problem: &'a Problem, stages: &'a [Stage], scale: u64) -> Self {
        Covering {
            problem,
            stages,
            scale: scale as f64,
            limits: stages.iter().flat_map(|s| s.weights.iter().map(|&w| w as f64)).collect(),
            worth: vec![vec![0.0; problem.fixed.len()]; stages.len()],
            site_prices: vec![0.0; stages.len()],
            cost_prices: vec![0.0; stages.len()],
            between: false,
        }
    }

    /// A row that many sites serve is mostly served: its multiplier begins low.
    fn start(&self) -> Vec<f64> {
        let of = |stage: &Stage| -> Vec<f64> {
            stage.weights.iter().zip(stage.cover.rows()).map(|(&w, row)| w as f64 / row.len() as f64).collect()
        };
        self.stages.iter().flat_map(of).collect()
    }

    fn weigh(&mut self, u: &[f64]) {
        for (stage, worth) in self.stages.iter().zip(&mut self.worth) {
            worth.fill(0.0);
            let of_stage = &u[stage.offset..stage.offset + stage.weights.len()];
            for (row, &u) in stage.cover.rows().zip(of_stage).filter(|(_, u)| **u > 0.0) {
                row.iter().for_each(|&s| worth[s as usize] += u);
            }
            let unit = self.scale * stage.days as f64;
            worth.iter_mut().for_each(|worth| *worth *= unit);
        }
        self.price();
    }

    /// What a site is worth if it opens in each stage, `None` where it may not.
    fn openings(&self, s: usize) -> impl Iterator<Item = Option<f64>> {
        let mut sum = 0.0;
        let mut values = vec![None; self.stages.len()];
        for (t, stage) in self.stages.iter().enumerate().rev() {
            sum += self.worth[t][s] - self.site_prices[t] - self.cost_prices[t] * self.problem.costs[s] as f64;
            values[t] = stage.allowed[s].then_some(sum);
        }
        values.into_iter()
    }

    /// Makes the bound as small as one price after the other can: each is the value of the first site that the limit
    /// leaves no room for.
    fn price(&mut self) {
        let alone = self.stages.len() == 1 && self.stages[0].money.is_none();
        for _ in 0..if alone { 1 } else { 3 } {
            for t in (0..self.stages.len()).rev() {
                self.site_prices[t] = self.best_price(t, self.site_prices[t], self.stages[t].room, |_| 1);
                if let Some(money) = self.stages[t].money {
                    self.cost_prices[t] = self.best_price(t, self.cost_prices[t], money, |s| self.problem.costs[s]);
                }
            }
        }
    }

    /// The best price in stage `t` of what each site takes of a limit, all other prices as they are.
    fn best_price(&self, t: usize, now: f64, limit: u64, takes: impl Fn(usize) -> u64) -> f64 {
        let mut ratios: Vec<(f64, u64)> = Vec::new();
        for s in (0..self.problem.fixed.len()).filter(|&s| takes(s) > 0) {
            // Opened by this stage, and what else it might do: open later or never.
            let (mut by_now, mut else_worth) = (f64::NEG_INFINITY, 0.0_f64);
            for (at, value) in self.openings(s).enumerate() {
                let Some(value) = value else { continue };
                if at <= t {
                    by_now = by_now.max(value + now * takes(s) as f64);
                } else {
                    else_worth = else_worth.max(value);
                }
            }
            if by_now > else_worth {
                ratios.push(((by_now - else_worth) / takes(s) as f64, takes(s)));
            }
        }
        ratios.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut left, mut before) = (limit, None);
        for (ratio, takes) in ratios {
            match left.checked_sub(takes) {
                Some(rest) => (left, before) = (rest, Some(ratio)),
                // Where the limit is used up exactly, any price from this ratio to the one before is as good.
                None if self.between && left == 0 => return (ratio + before.unwrap_or(ratio)) / 2.0,
                None => return ratio,
            }
        }
        0.0
    }

    /// The bound of whole multipliers, exactly, with prices rounded to whole numbers.
    fn prove(&mut self, u: &[u64]) -> Proof {
        self.between = true;
        self.weigh(&u.iter().map(|&u| u as f64).collect::<Vec<_>>());
        self.between = false;
        let whole = |prices: &[f64]| prices.iter().map(|p| p.round() as u64).collect::<Vec<u64>>();
        let (site_prices, cost_prices) = (whole(&self.site_prices), whole(&self.cost_prices));
        let scale = self.scale as i128;
        let n = self.problem.fixed.len();
        let mut value = 0;
        let mut sums = vec![0_i128; n];
        let mut best: Vec<Option<i128>> = vec![None; n];
        for (t, stage) in self.stages.iter().enumerate().rev() {
            let of_stage = &u[stage.offset..stage.offset + stage.weights.len()];
            let unit = scale * i128::from(stage.days);
            let left: u64 = stage.weights.iter().zip(of_stage).map(|(w, u)| w - u).sum();
            value += unit * i128::from(left + stage.constant);
            value += i128::from(site_prices[t]) * i128::from(stage.room);
            value += i128::from(cost_prices[t]) * i128::from(stage.money.unwrap_or(0));
            for (row, &u) in stage.cover.rows().zip(of_stage).filter(|(_, u)| **u > 0) {
                row.iter().for_each(|&s| sums[s as usize] += unit * i128::from(u));
            }
            for s in (0..n).filter(|&s| !self.problem.fixed[s]) {
                sums[s] -= i128::from(site_prices[t]) + i128::from(cost_prices[t]) * i128::from(self.problem.costs[s]);
                if stage.allowed[s] {
                    best[s] = Some(best[s].map_or(sums[s], |before| before.max(sums[s])));
                }
            }
        }
        value += best.iter().flatten().map(|best| best.max(&0)).sum::<i128>();
        Proof { value, site_prices, cost_prices, best }
    }
}

impl Dual for Covering<'_> {
    fn limits(&self) -> &[f64] {
        &self.limits
    }

    fn value(&mut self, u: &[f64], slope: &mut [f64]) -> f64 {
        self.weigh(u);
        let n = self.problem.fixed.len();
        // The stage from which on each site is open.
        let mut from = vec![usize::MAX; n];
        let mut total = 0.0;
        for (s, from) in from.iter_mut().enumerate() {
            let mut best = 0.0;
            for (t, value) in self.openings(s).enumerate() {
                if let Some(value) = value.filter(|&value| value > best) {
                    (best, *from) = (value, t);
                }
            }
            total += best;
        }
        for (t, stage) in self.stages.iter().enumerate() {
            total += self.site_prices[t] * stage.room as f64 + self.cost_prices[t] * stage.money.unwrap_or(0) as f64;
            let unit = self.scale * stage.days as f64;
            let (mut left, range) = (stage.constant as f64, stage.offset..stage.offset + stage.weights.len());
            for ((row, slope), (u, limit)) in
                stage.cover.rows().zip(&mut slope[range.clone()]).zip(u[range.clone()].iter().zip(&self.limits[range]))
            {
                left += limit - u;
                let open = row.iter().filter(|&&s| from[s as usize] <= t).count();
                *slope = unit * (open as f64 - 1.0);
            }
            total += unit * left;
        }
        total
    }

    fn work(&self) -> u64 {
        self.stages.iter().map(|stage| 2 * stage.cover.n_pairs() as u64).sum()
    }
}

#[cfg(test)]
mod tests;
