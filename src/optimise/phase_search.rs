//! Greedy and local search for nested maximal covering: always an answer, often the best one, never a proof.

use super::cover::CoverTable;
use super::exchange::Exchange;

/// The slot of a site that never opens.
pub(crate) const NEVER: usize = usize::MAX;

/// One stage of the search: a run of phases with the same open sites. Fixed sites and what they cover are taken out.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) cover: CoverTable,
    pub(crate) weights: Vec<u64>,
    pub(crate) allowed: Vec<bool>,
    pub(crate) may_open: usize,
    pub(crate) may_spend: Option<u64>,
}

/// A plan under improvement: the stage in which each site opens.
pub(crate) struct Search<'a> {
    stages: &'a [Stage],
    costs: &'a [u64],
    slots: Vec<usize>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(stages: &'a [Stage], costs: &'a [u64]) -> Self {
        Search { stages, costs, slots: vec![NEVER; costs.len()] }
    }

    pub(crate) fn slots(&self) -> &[usize] {
        &self.slots
    }

    fn open_in(&self, t: usize) -> Vec<bool> {
        self.slots.iter().map(|&slot| slot <= t).collect()
    }

    /// The covered weight, over all stages.
    pub(crate) fn objective(&self) -> u64 {
        (0..self.stages.len())
            .map(|t| self.stages[t].cover.covered_weight(&self.stages[t].weights, &self.open_in(t)))
            .sum()
    }

    fn is_feasible(&self, slots: &[usize]) -> bool {
        let in_time = slots.iter().enumerate().all(|(s, &slot)| slot == NEVER || self.stages[slot].allowed[s]);
        in_time
            && self.stages.iter().enumerate().all(|(t, stage)| {
                let open = || (0..slots.len()).filter(|&s| slots[s] <= t);
                open().count() <= stage.may_open
                    && stage.may_spend.is_none_or(|most| open().map(|s| self.costs[s]).sum::<u64>() <= most)
            })
    }

    /// Takes over a plan where it is feasible and better.
    pub(crate) fn try_slots(&mut self, slots: Vec<usize>) {
        if self.is_feasible(&slots) {
            let other = Search { slots, ..*self };
            if other.objective() > self.objective() {
                self.slots = other.slots;
            }
        }
    }

    /// Descends from another plan, where that is feasible, and takes over what comes of it where that is better.
    pub(crate) fn try_from(&mut self, slots: Vec<usize>, stop: &dyn Fn() -> bool) {
        if self.is_feasible(&slots) {
            let mut other = Search { slots, ..*self };
            other.exchange(stop);
            if other.objective() > self.objective() {
                self.slots = other.slots;
            }
        }
    }

    /// Stage by stage, opens what adds most over this and all later stages; with a budget also by gain for the money,
    /// and keeps the better of the two.
    pub(crate) fn greedy(&mut self, stop: &dyn Fn() -> bool) {
        self.greedy_by(false, stop);
        if self.stages.iter().any(|stage| stage.may_spend.is_some()) {
            let mut other = Search::new(self.stages, self.costs);
            other.greedy_by(true, stop);
            self.try_slots(other.slots);
        }
    }

    fn greedy_by(&mut self, for_the_money: bool, stop: &dyn Fn() -> bool) {
        let by_site: Vec<_> = self.stages.iter().map(|stage| stage.cover.by_site()).collect();
        let mut covered: Vec<Vec<bool>> = self.stages.iter().map(|stage| vec![false; stage.cover.n_rows()]).collect();
        // gains[t][s]: what opening `s` in stage `t` adds to stages `t` and later.
        let mut gains: Vec<Vec<u64>> = self.stages.iter().map(|stage| vec![0; stage.allowed.len()]).collect();
        for (t, stage) in self.stages.iter().enumerate() {
            for (row, weight) in stage.cover.rows().zip(&stage.weights) {
                row.iter().for_each(|&s| (0..=t).for_each(|from| gains[from][s as usize] += weight));
            }
        }
        let (mut opened, mut spent) = (0, 0);
        for t in 0..self.stages.len() {
            let stage = &self.stages[t];
            while opened < stage.may_open && !stop() {
                let price = |s: usize| if for_the_money { u128::from(self.costs[s].max(1)) } else { 1 };
                let best = (0..self.costs.len())
                    .filter(|&s| {
                        let fits = stage.may_spend.is_none_or(|most| spent + self.costs[s] <= most);
                        self.slots[s] == NEVER && stage.allowed[s] && gains[t][s] > 0 && fits
                    })
                    .max_by(|&a, &b| {
                        let (a_side, b_side) = (u128::from(gains[t][a]) * price(b), u128::from(gains[t][b]) * price(a));
                        a_side.cmp(&b_side).then(b.cmp(&a))
                    });
                let Some(best) = best else { break };
                self.slots[best] = t;
                opened += 1;
                spent += self.costs[best];
                for later in t..self.stages.len() {
                    for &r in by_site[later].rows(best) {
                        if !std::mem::replace(&mut covered[later][r as usize], true) {
                            let weight = self.stages[later].weights[r as usize];
                            let row = self.stages[later].cover.row(r as usize);
                            row.iter().for_each(|&s| (0..=later).for_each(|from| gains[from][s as usize] -= weight));
                        }
                    }
                }
            }
        }
    }

    /// Best-improvement local search over three moves until none helps: a site takes another's place in time (two open
    /// sites change places, or a closed one replaces an open one), opens earlier, or opens at all.
    pub(crate) fn exchange(&mut self, stop: &dyn Fn() -> bool) {
        while !stop() {
            let around: Vec<Exchange> = (self.stages.iter().enumerate())
                .map(|(t, stage)| Exchange::of_cover(&stage.cover, &stage.weights, &self.open_in(t)))
                .collect();
            let Some(slots) = self.best_move(&around) else { break };
            self.slots = slots;
        }
    }

    /// Iterated local search: changes a few places at random, descends again, keeps what is better. The course of chance
    /// is fixed by `seed`, and the number of rounds by the size of the problem, not by the clock, so that runs repeat;
    /// `stop` ends it early.
    ///
    /// The sites that come in are drawn from `pool`.
    pub(crate) fn shake(&mut self, seed: u32, pool: &[usize], stop: &dyn Fn() -> bool) {
        let pairs: usize = self.stages.iter().map(|stage| stage.cover.n_pairs()).sum();
        let rounds = (40_000_000 / pairs.max(1)).clamp(20, 1000);
        if pool.is_empty() {
            return;
        }
        let mut chance = u64::from(seed).wrapping_add(0x9e37_79b9_7f4a_7c15);
        // Xorshift; never 0 again once it is not.
        let mut below = |n: usize| {
            chance ^= chance << 13;
            chance ^= chance >> 7;
            chance ^= chance << 17;
            (chance % n.max(1) as u64) as usize
        };
        let mut best = self.objective();
        for round in 0..rounds {
            let open: Vec<usize> = (0..self.slots.len()).filter(|&s| self.slots[s] != NEVER).collect();
            if open.is_empty() || stop() {
                return;
            }
            let before = self.slots.clone();
            for _ in 0..2 + round % 3 {
                let mut slots = self.slots.clone();
                slots.swap(open[below(open.len())], pool[below(pool.len())]);
                if self.is_feasible(&slots) {
                    self.slots = slots;
                }
            }
            self.exchange(stop);
            let found = self.objective();
            if found >= best {
                best = found;
            } else {
                self.slots = before;
            }
        }
    }

    fn best_move(&self, around: &[Exchange]) -> Option<Vec<usize>> {
        let n = self.slots.len();
        let last = self.stages.len();
        let mut moves: Vec<(i64, usize, usize)> = Vec::new();
        for k in 0..n {
            let until = self.slots[k].min(last);
            // Opens `k` in stage `from` at the earliest; `n + from` stands for the move.
            let mut gain = 0;
            for from in (0..until).rev() {
                gain += around[from].gain(k);
                if gain > 0 && self.stages[from].allowed[k] {
                    moves.push((gain, n + from, k));
                }
            }
            for j in (0..n).filter(|&j| self.slots[j] < until) {
                let from = self.slots[j];
                if !self.stages[from].allowed[k] || until < last && !self.stages[until].allowed[j] {
                    continue;
                }
                let gain: i64 = (from..until).map(|t| around[t].swap(j, k)).sum();
                if gain > 0 {
                    moves.push((gain, j, k));
                }
            }
        }
        moves.sort_unstable_by_key(|&(gain, j, k)| (std::cmp::Reverse(gain), j, k));
        moves.into_iter().find_map(|(_, j, k)| {
            let mut slots = self.slots.clone();
            if j < n {
                slots.swap(j, k)
            } else {
                slots[k] = j - n
            }
            self.is_feasible(&slots).then_some(slots)
        })
    }

    /// Keeps every site closed that adds nothing, in any stage; the highest number first.
    pub(crate) fn close_needless(&mut self) {
        let mut times: Vec<Vec<u32>> = (self.stages.iter().enumerate())
            .map(|(t, stage)| {
                let open = self.open_in(t);
                let serving = |row: &[u32]| row.iter().filter(|&&s| open[s as usize]).count() as u32;
                stage.cover.rows().map(serving).collect()
            })
            .collect();
        let by_site: Vec<_> = self.stages.iter().map(|stage| stage.cover.by_site()).collect();
        for s in (0..self.slots.len()).rev().filter(|&s| self.slots[s] != NEVER).collect::<Vec<_>>() {
            let stages = self.slots[s]..self.stages.len();
            let needless = stages.clone().all(|t| by_site[t].rows(s).iter().all(|&r| times[t][r as usize] > 1));
            if needless {
                for t in stages {
                    by_site[t].rows(s).iter().for_each(|&r| times[t][r as usize] -= 1);
                }
                self.slots[s] = NEVER;
            }
        }
    }
}
