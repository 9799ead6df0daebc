//! The mixed integer model of capacitated location, in its strong form (x_ij ≤ y_j).

use super::{Kind, Problem, Table};
use crate::optimise::answer::Sense;
use crate::optimise::solver::{Model, Var, gcd};

/// Past this many pairs the single rules x_ij ≤ y_j are left out: they would outgrow the solver.
const MOST_STRONG: usize = 300_000;

/// What the model minimises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aim {
    /// Fixed and serving cost, with at most this need left unserved.
    Cost { unserved: u64 },
    /// The need left unserved.
    Unserved,
    /// The number of sites, all rows served.
    Sites,
}

/// The model with its variables.
pub(crate) struct Capacitated {
    pub(crate) model: Model,
    /// How many units of the model's objective make one unit of the problem's.
    pub(crate) parts: u64,
    ys: Vec<Option<Var>>,
    /// One for each pair of each row.
    xs: Vec<Vec<Option<Var>>>,
    /// The share of each row that is left unserved, where that is allowed.
    zs: Vec<Option<Var>>,
}

impl Capacitated {
    /// `fixed` and `usable` say which sites are open in any case and which may be. `short` are sets of sites that are known to have too little room.
    pub(crate) fn build(
        problem: &Problem,
        table: &Table,
        aim: Aim,
        short: &[Vec<bool>],
        (fixed, usable): (&[bool], &[bool]),
    ) -> Self {
        let mut model = Model::new(Sense::Minimise);
        let parts = if matches!(aim, Aim::Cost { .. }) { table.parts(problem) } else { 1 };
        let ys: Vec<Option<Var>> = usable.iter().map(|&usable| usable.then(|| model.binary())).collect();
        for (s, y) in ys.iter().enumerate() {
            let Some(y) = *y else { continue };
            match aim {
                Aim::Cost { .. } => model.reward(y, problem.site_costs[s] * parts),
                Aim::Sites => model.reward(y, 1),
                Aim::Unserved => {}
            }
            if fixed[s] {
                model.at_least([(y, 1.0)], 1.0);
            }
        }
        if let (Some(p), true) = (problem.p, aim != Aim::Sites) {
            model.at_most(ys.iter().flatten().map(|&y| (y, 1.0)), p as f64);
        }
        let strong = table.rows.iter().map(Vec::len).sum::<usize>() <= MOST_STRONG;
        // Up to a million in all, so that the solver's tolerance of 10⁻⁶ is at most one part in 10¹².
        let total: u64 = table.needs.iter().sum();
        let unit = (total as f64 / 1e6).max(1.0);
        let mut loads: Vec<Vec<(Var, f64)>> = vec![Vec::new(); ys.len()];
        let (mut xs, mut zs, mut left_over) = (Vec::new(), vec![None; table.rows.len()], Vec::new());
        let spare = match aim {
            Aim::Cost { unserved } => unserved,
            Aim::Unserved => total,
            Aim::Sites => 0,
        };
        for (r, row) in table.rows.iter().enumerate() {
            let need = table.needs[r] as f64 / unit;
            let mut serving = Vec::new();
            for pair in row {
                let Some(y) = ys[pair.site as usize] else {
                    serving.push(None);
                    continue;
                };
                let x = if problem.kind == Kind::Whole { model.binary() } else { model.share() };
                if matches!(aim, Aim::Cost { .. }) {
                    model.reward(x, pair.cost * table.weights[r] * parts);
                }
                if strong {
                    model.at_most([(x, 1.0), (y, -1.0)], 0.0);
                }
                loads[pair.site as usize].push((x, need));
                serving.push(Some(x));
            }
            let mut all: Vec<(Var, f64)> = serving.iter().flatten().map(|&x| (x, 1.0)).collect();
            if spare > 0 {
                let z = if problem.kind == Kind::Whole { model.binary() } else { model.share() };
                zs[r] = Some(z);
                left_over.push((z, need));
                all.push((z, 1.0));
                if aim == Aim::Unserved {
                    model.reward(z, table.needs[r]);
                }
            }
            model.at_least(all, 1.0);
            xs.push(serving);
        }
        if matches!(aim, Aim::Cost { .. }) && spare > 0 {
            model.at_most(left_over, spare as f64 / unit);
        }
        let hold = |s: usize| table.capacities[s].min(total) as f64 / unit;
        for (s, load) in loads.into_iter().enumerate() {
            if let Some(y) = ys[s] {
                model.at_most(load.into_iter().chain([(y, -hold(s))]), 0.0);
            }
        }
        // Follows from the others, but the solver cuts better with it.
        if aim != Aim::Unserved {
            let holding = (0..ys.len()).filter_map(|s| ys[s].map(|y| (y, hold(s))));
            model.at_least(holding, (total - spare.min(total)) as f64 / unit);
        }
        for open in short {
            model.at_least((0..ys.len()).filter(|&s| !open[s]).filter_map(|s| ys[s]).map(|y| (y, 1.0)), 1.0);
        }
        // Split rows make objectives that are no multiple of the coefficients' divisor: a variable that stays 0 tells
        // the model the true step.
        let step = model.share();
        model.at_most([(step, 1.0)], 0.0);
        model.reward(step, table.step(problem, aim, parts));
        Capacitated { model, parts, ys, xs, zs }
    }

    /// The model's solution for a plan.
    pub(crate) fn values(&self, table: &Table, open: &[bool], flows: &[(u32, u32, u64)]) -> Vec<f64> {
        let mut values = vec![0.0; self.model.n_vars()];
        for z in self.zs.iter().flatten() {
            values[z.0] = 1.0;
        }
        for (s, y) in self.ys.iter().enumerate() {
            if let Some(y) = y {
                values[y.0] = f64::from(u8::from(open[s]));
            }
        }
        for &(r, s, amount) in flows {
            let row = &table.rows[r as usize];
            if let Some(at) = row.iter().position(|pair| pair.site == s) {
                let share = amount as f64 / table.needs[r as usize] as f64;
                if let Some(x) = self.xs[r as usize][at] {
                    values[x.0] = share;
                }
                if let Some(z) = self.zs[r as usize] {
                    values[z.0] = (values[z.0] - share).max(0.0);
                }
            }
        }
        values
    }

    /// The model, and what reads its solution.
    pub(crate) fn into_parts(self) -> (Model, Reader) {
        (self.model, Reader { ys: self.ys, xs: self.xs })
    }
}

/// Reads a solution of the model.
pub(crate) struct Reader {
    ys: Vec<Option<Var>>,
    xs: Vec<Vec<Option<Var>>>,
}

impl Reader {
    /// The open sites and, of each row, the site that serves most of it.
    pub(crate) fn read(&self, table: &Table, values: &[f64]) -> (Vec<bool>, Vec<Option<u32>>) {
        let open = self.ys.iter().map(|y| y.is_some_and(|y| values[y.0] > 0.5)).collect();
        let most = |(row, xs): (&Vec<super::Pair>, &Vec<Option<Var>>)| {
            let shares = row.iter().zip(xs).filter_map(|(pair, x)| x.map(|x| (pair.site, values[x.0])));
            shares.filter(|&(_, share)| share > 0.5).max_by(|a, b| a.1.total_cmp(&b.1)).map(|(site, _)| site)
        };
        (open, table.rows.iter().zip(&self.xs).map(most).collect())
    }
}

impl Table {
    /// 1 where every cost is a whole number of units however rows are split, else 1,000 where that fits.
    fn parts(&self, problem: &Problem) -> u64 {
        if problem.kind == Kind::Whole || self.whole_prices() {
            return 1;
        }
        let most = self.most(problem).saturating_mul(1000);
        if most <= u128::from(crate::optimise::LARGEST_TOTAL) { 1000 } else { 1 }
    }

    fn step(&self, problem: &Problem, aim: Aim, parts: u64) -> u64 {
        if !matches!(aim, Aim::Cost { .. }) {
            return 1;
        }
        if parts > 1 || !self.whole_prices() {
            return 1;
        }
        let prices = self.rows.iter().enumerate().flat_map(|(r, row)| {
            let each = self.weights[r] / self.needs[r].max(1);
            row.iter().map(move |pair| pair.cost * each)
        });
        problem.site_costs.iter().copied().chain(prices).fold(0, gcd).max(1)
    }
}
