//! Greedy and interchange (Teitz and Bart 1968) for p-median.

use super::cover::CostTable;
use super::exchange::Exchange;

/// A set of open sites under improvement. While rows are unserved, serving them comes before cost.
pub(crate) struct Search<'a> {
    costs: &'a CostTable,
    weights: &'a [u64],
    fixed: &'a [bool],
    usable: &'a [bool],
    p: usize,
    ones: Vec<u64>,
    penalty: u64,
    open: Vec<bool>,
}

impl<'a> Search<'a> {
    /// Every row of `costs` has at least one usable site and none that is not.
    pub(crate) fn new(
        costs: &'a CostTable,
        weights: &'a [u64],
        fixed: &'a [bool],
        usable: &'a [bool],
        p: usize,
    ) -> Self {
        let penalty = costs.largest_cost() + 1;
        Search { costs, weights, fixed, usable, p, ones: vec![1; weights.len()], penalty, open: fixed.to_vec() }
    }

    pub(crate) fn open(&self) -> &[bool] {
        &self.open
    }

    /// The number of rows that no open site serves.
    pub(crate) fn unserved(&self) -> usize {
        unserved(self.costs, &self.open)
    }

    /// The weighted cost of the rows that are served.
    pub(crate) fn objective(&self) -> u64 {
        weighted_cost(self.costs, self.weights, &self.open)
    }

    /// Begins again from `chosen`, filled up to p.
    pub(crate) fn restart(&mut self, chosen: &[u32]) {
        self.open = self.fixed.to_vec();
        chosen.iter().for_each(|&s| self.open[s as usize] = true);
        self.greedy(&|| false);
    }

    /// Takes over a set where it serves everyone at less cost.
    pub(crate) fn try_open(&mut self, open: Vec<bool>) {
        let fits = open.iter().filter(|&&open| open).count() <= self.p;
        if fits && unserved(self.costs, &open) == 0 && weighted_cost(self.costs, self.weights, &open) < self.objective()
        {
            self.open = open;
        }
    }

    /// Fills up another set, exchanges from there, and keeps what was before where that is not better.
    pub(crate) fn try_from(&mut self, open: Vec<bool>, stop: &dyn Fn() -> bool) {
        let before = std::mem::replace(&mut self.open, open);
        self.greedy(stop);
        self.exchange(stop);
        let found = std::mem::replace(&mut self.open, before);
        self.try_open(found);
    }

    /// Gains for rows served, then for cost.
    fn around(&self) -> (Exchange, Exchange) {
        (
            Exchange::of_cover(self.costs.cover(), &self.ones, &self.open),
            Exchange::of_costs(self.costs, self.weights, self.penalty, &self.open),
        )
    }

    fn closed(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.open.len()).filter(|&s| self.usable[s] && !self.open[s])
    }

    /// Opens the best site until p are open or none helps.
    pub(crate) fn greedy(&mut self, stop: &dyn Fn() -> bool) {
        while self.open.iter().filter(|&&open| open).count() < self.p && !stop() {
            let (served, saved) = self.around();
            let best = self.closed().max_by_key(|&k| (served.gain(k), saved.gain(k), std::cmp::Reverse(k)));
            let Some(best) = best.filter(|&k| served.gain(k) > 0 || saved.gain(k) > 0) else { break };
            self.open[best] = true;
        }
    }

    /// Makes the best exchange until none helps.
    pub(crate) fn exchange(&mut self, stop: &dyn Fn() -> bool) {
        while !stop() {
            let (served, saved) = self.around();
            let mut best = ((0, 0), 0, 0);
            for &j in saved.open().iter().filter(|&&j| !self.fixed[j as usize]) {
                for k in self.closed() {
                    let gain = (served.swap(j as usize, k), saved.swap(j as usize, k));
                    if gain > best.0 {
                        best = (gain, j as usize, k);
                    }
                }
            }
            if best.0 == (0, 0) {
                break;
            }
            self.open[best.1] = false;
            self.open[best.2] = true;
        }
    }
}

fn unserved(costs: &CostTable, open: &[bool]) -> usize {
    (0..costs.n_rows()).filter(|&r| !costs.cover().is_covered(r, open)).count()
}

fn weighted_cost(costs: &CostTable, weights: &[u64], open: &[bool]) -> u64 {
    (0..weights.len()).map(|r| weights[r] * costs.nearest(r, open).map_or(0, |(_, cost)| cost)).sum()
}
