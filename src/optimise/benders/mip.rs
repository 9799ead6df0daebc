//! What is left once many variables are settled, as one model for the solver.

use std::collections::HashMap;

use super::super::answer::{Progress, Sense};
use super::super::solver::{Model, Var, gcd};
use super::nested::{NONE, Nested, Set};
use crate::error::Result;

/// The plans that respect a domain, rows merged over the variables that are still free.
pub(crate) struct Left {
    /// What is covered whatever the free variables are.
    constant: u64,
    /// Stage, free variables that serve, and weight.
    rows: Vec<(Vec<u32>, u64)>,
    /// Weight that a free variable alone serves.
    gains: HashMap<u32, u64>,
}

impl Left {
    pub(crate) fn new(nested: &Nested, domain: &[Set]) -> Self {
        let mut left = Left { constant: 0, rows: Vec::new(), gains: HashMap::new() };
        for (t, stage) in nested.stages.iter().enumerate() {
            let mut known: HashMap<Vec<u32>, usize> = HashMap::new();
            let mut free = Vec::new();
            for (row, &weight) in stage.cover.rows().zip(&stage.weights) {
                free.clear();
                let mut open = false;
                for v in row.iter().map(|&s| nested.of[t][s as usize]).filter(|&v| v != NONE) {
                    match domain[v as usize] {
                        Set::Open => open = true,
                        Set::Free => free.push(v),
                        Set::Closed => {}
                    }
                }
                match free[..] {
                    _ if open => left.constant += weight,
                    [] => {}
                    [only] => *left.gains.entry(only).or_default() += weight,
                    _ => {
                        if let Some(&at) = known.get(&free) {
                            left.rows[at].1 += weight;
                        } else {
                            known.insert(free.clone(), left.rows.len());
                            left.rows.push((free.clone(), weight));
                        }
                    }
                }
            }
        }
        left
    }

    /// Rows that take a variable of their own.
    pub(crate) fn n_rows(&self) -> usize {
        self.rows.len()
    }

    /// Hands the model to the solver, starting from the plan `start` where it lies in the domain. Returns the best plan
    /// found, by stage of opening, and a bound on all plans in the domain.
    pub(crate) fn solve(
        &self,
        nested: &Nested,
        domain: &[Set],
        start: &[usize],
        time_s: Option<f64>,
        progress: &Progress,
    ) -> Result<(Option<Vec<usize>>, Option<u64>)> {
        let mut model = Model::new(Sense::Maximise);
        let x: Vec<Option<Var>> = domain.iter().map(|&set| (set == Set::Free).then(|| model.binary())).collect();
        let free = |v: u32| x[v as usize];
        let mut gains: Vec<_> = self.gains.iter().map(|(&v, &gain)| (v, gain)).collect();
        gains.sort_unstable();
        for (v, gain) in gains {
            if let Some(x) = free(v) {
                model.reward(x, gain);
            }
        }
        let mut ys = Vec::with_capacity(self.rows.len());
        for (serving, weight) in &self.rows {
            let y = model.share();
            model.reward(y, *weight);
            ys.push(y);
            model.at_most(serving.iter().filter_map(|&v| free(v)).map(|x| (x, -1.0)).chain([(y, 1.0)]), 0.0);
        }
        for (stage, of) in nested.stages.iter().zip(&nested.of) {
            let open = || of.iter().enumerate().filter(|&(_, &v)| v != NONE && domain[v as usize] == Set::Open);
            let maybe =
                || of.iter().enumerate().filter_map(|(s, &v)| (v != NONE).then(|| free(v)).flatten().map(|x| (s, x)));
            let most = stage.may_open.saturating_sub(open().count());
            if maybe().count() > most {
                model.at_most(maybe().map(|(_, x)| (x, 1.0)), most as f64);
            }
            if let Some(most) = stage.may_spend {
                let spent: u64 = open().map(|(s, _)| nested.costs[s]).sum();
                let budget = most.saturating_sub(spent);
                let step = nested.costs.iter().fold(0, |a, &b| gcd(a, b)).max(1);
                let unit = ((budget / step) as f64 / 1e6).max(1.0);
                let amount = |cost: u64| (cost / step) as f64 / unit;
                for (_, x) in maybe().filter(|&(s, _)| nested.costs[s] > budget) {
                    model.at_most([(x, 1.0)], 0.0);
                }
                let affordable = maybe().filter(|&(s, _)| nested.costs[s] <= budget);
                model.at_most(affordable.map(|(s, x)| (x, amount(nested.costs[s]))), amount(budget));
            }
        }
        for pair in nested.chain.iter().flat_map(|chain| chain.windows(2)) {
            if let (Some(before), Some(after)) = (free(pair[0]), free(pair[1])) {
                model.at_most([(before, 1.0), (after, -1.0)], 0.0);
            }
        }
        let values = nested.values(start);
        let fits = domain.iter().zip(&values).all(|(&set, &value)| match set {
            Set::Free => true,
            Set::Open => value > 0.5,
            Set::Closed => value < 0.5,
        });
        let start = fits.then(|| {
            let mut all = vec![0.0; model.n_vars()];
            for (x, value) in x.iter().zip(&values) {
                if let Some(x) = x {
                    all[x.0] = *value;
                }
            }
            for ((serving, _), y) in self.rows.iter().zip(&ys) {
                let served = serving.iter().any(|&v| values[v as usize] > 0.5);
                all[y.0] = f64::from(u8::from(served));
            }
            all
        });
        let outcome = model.solve(start, &progress.limits, time_s)?;
        let slots = outcome.values.map(|values| {
            nested.slots(|v| match domain[v as usize] {
                Set::Open => true,
                Set::Closed => false,
                Set::Free => free(v).is_some_and(|x| values[x.0] > 0.5),
            })
        });
        Ok((slots, outcome.bound.map(|bound| bound + self.constant)))
    }
}
