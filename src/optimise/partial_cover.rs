//! Partial covering: the cheapest sites that cover at least a given weight (the partial set covering problem; Daskin and
//! Owen 1999).
//!
//! minimise Σ cost_j · x_j  subject to  Σ weight_i · y_i ≥ least_weight,  y_i ≤ Σ_{j serves i} x_j,  x_j = 1 for fixed
//! sites,  x_j ∈ {0, 1}, 0 ≤ y_i ≤ 1.
//!
//! The solver's arithmetic may let a plan through that is short by less than its tolerance. Each of its plans is counted
//! again in integers; one that is short adds the rule that at least one site outside it opens, and the model is solved
//! again.

use super::answer::{Answer, Limits, Progress, Sense};
use super::cover::{CoverTable, SiteRows};
use super::reduce::{self, NO_CLASS};
use super::set_cover::{check_lengths, check_total};
use super::solver::{Model, Var};
use super::verify;
use crate::error::{Error, Fault, Result};

/// A partial covering problem.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// Which sites serve which rows.
    pub cover: &'a CoverTable,
    /// The weight of each row; the sum at most [`super::LARGEST_TOTAL`].
    pub weights: &'a [u64],
    /// The cost of each site, in any unit; the sum at most [`super::LARGEST_TOTAL`].
    pub costs: &'a [u64],
    /// Sites that stand already: open at no choice, their cost counted in the objective.
    pub fixed: &'a [bool],
    /// Sites that may be opened. Ignored for fixed sites.
    pub eligible: &'a [bool],
    /// The least weight to cover, in the unit of `weights`.
    pub least_weight: u64,
}

/// The weight that is `share` (0 to 1) of the sum of `weights`, rounded up: covering it is covering the share.
pub fn share_of(weights: &[u64], share: f64) -> u64 {
    let total: u64 = weights.iter().sum();
    // Millionths of millionths, so that 0.95 of 100 is 95 although 0.95 is not a binary fraction.
    let parts = (share.clamp(0.0, 1.0) * 1e12).round() as u128;
    u64::try_from((u128::from(total) * parts).div_ceil(1_000_000_000_000)).unwrap_or(total)
}

/// Solves the problem. The objective is the cost of all open sites, fixed ones included.
///
/// # Errors
/// [`Error::Targets`] with code `optimise::infeasible` where all usable sites together cover less, with what they do
/// cover; `optimise::size`, `optimise::total`, `optimise::limits` for senseless input; `optimise::solver` and
/// `optimise::verify` for faults of our own.
pub fn solve(problem: &Problem, limits: &Limits) -> Result<Answer> {
    let n = problem.cover.n_sites();
    check_lengths(
        n,
        &[("costs", problem.costs.len()), ("fixed", problem.fixed.len()), ("eligible", problem.eligible.len())],
    )?;
    check_lengths(problem.cover.n_rows(), &[("weights", problem.weights.len())])?;
    check_total("costs", problem.costs.iter().copied())?;
    check_total("weights", problem.weights.iter().copied())?;
    let mut progress = Progress::begin(limits)?;
    let usable: Vec<bool> = (0..n).map(|s| problem.fixed[s] || problem.eligible[s]).collect();
    let merged = reduce::merge(problem.cover, &[problem.weights], &usable);
    let uncoverable_rows = merged.class_of.iter().filter(|&&class| class == NO_CLASS).count();
    let coverable: u64 = merged.weights[0].iter().sum();
    if coverable < problem.least_weight {
        return Err(too_much(problem, coverable));
    }
    progress.note("merge", format!("{} rows in {} classes", problem.cover.n_rows(), merged.cover.n_rows()));

    let rest = Rest::new(problem, &merged.cover, &merged.weights[0], &usable);
    let mut best = rest.search(&progress);
    let found = rest.cost(&best);
    let mut bound = rest.simple_bound();
    progress.note("search", format!("cost {} beside the fixed sites, at least {bound}", found));
    let mut short: Vec<Vec<bool>> = Vec::new();
    while bound < rest.cost(&best) && !progress.out_of_time() && short.len() < 100 {
        let model = rest.model(&short);
        let size = format!("{} variables, {} constraints", model.n_vars(), model.n_constraints());
        let outcome = model.solve(Some(rest.values(&best)), &progress.limits, progress.remaining_s())?;
        bound = bound.max(outcome.bound.unwrap_or(0)).min(rest.cost(&best));
        let solved: Option<Vec<bool>> = outcome.values.map(|values| (0..n).map(|s| rest.is_open(s, &values)).collect());
        progress.note("highs", format!("{size}: bound {bound}"));
        let Some(open) = solved else { break };
        if rest.covered(&open) >= rest.needed {
            if rest.cost(&open) < rest.cost(&best) {
                best = open;
            }
            break;
        }
        progress.note("short", "a plan that is short by a rounding was ruled out");
        short.push(open);
    }

    let chosen: Vec<u32> = (0..n as u32).filter(|&s| problem.fixed[s as usize] || best[s as usize]).collect();
    let objective = chosen.iter().map(|&s| problem.costs[s as usize]).sum();
    let fixed_cost: u64 = (0..n).filter(|&s| problem.fixed[s]).map(|s| problem.costs[s]).sum();
    let (bound, gap, status) = progress.judge(Sense::Minimise, objective, bound + fixed_cost);
    let (steps, time_s) = progress.finish();
    let coverable_rows = problem.cover.n_rows() - uncoverable_rows;
    let answer = Answer { chosen, objective, bound, gap, status, coverable_rows, uncoverable_rows, steps, time_s };
    verify::partial_cover(problem, &answer)?;
    Ok(answer)
}

fn too_much(problem: &Problem, coverable: u64) -> Error {
    let total: u64 = problem.weights.iter().sum();
    let percent = |part: u64| 100.0 * part as f64 / total.max(1) as f64;
    let (asked, most) = (percent(problem.least_weight), percent(coverable));
    let message = format!("{asked:.4} % of the weight cannot be covered");
    let help = format!("all usable sites together cover {most:.4} %: ask for no more, or add sites or pairs");
    Error::Targets(Fault::new("optimise::infeasible", message).help(help))
}

/// What the fixed sites leave: classes of rows and the free sites that serve them.
struct Rest<'a> {
    costs: &'a [u64],
    free: Vec<bool>,
    cover: CoverTable,
    weights: Vec<u64>,
    by_site: SiteRows,
    /// The weight still to be covered.
    needed: u64,
}

impl<'a> Rest<'a> {
    fn new(problem: &Problem<'a>, cover: &CoverTable, weights: &[u64], usable: &[bool]) -> Self {
        let stands = |row: &[u32]| row.iter().any(|&s| problem.fixed[s as usize]);
        let standing: u64 = cover.rows().zip(weights).filter(|(row, _)| stands(row)).map(|(_, w)| w).sum();
        let left = || cover.rows().zip(weights).filter(|&(row, &weight)| weight > 0 && !stands(row));
        let rest = CoverTable::from_rows(left().map(|(row, _)| row), cover.n_sites());
        Rest {
            costs: problem.costs,
            free: usable.iter().zip(problem.fixed).map(|(&usable, &fixed)| usable && !fixed).collect(),
            weights: left().map(|(_, &weight)| weight).collect(),
            by_site: rest.by_site(),
            cover: rest,
            needed: problem.least_weight.saturating_sub(standing),
        }
    }

    fn cost(&self, open: &[bool]) -> u64 {
        (0..open.len()).filter(|&s| open[s]).map(|s| self.costs[s]).sum()
    }

    fn covered(&self, open: &[bool]) -> u64 {
        self.cover.covered_weight(&self.weights, open)
    }

    /// Greedy by cost for each weight that is still needed, then: open a site, close what that makes needless, keep it
    /// if it is cheaper.
    fn search(&self, progress: &Progress) -> Vec<bool> {
        let mut plan =
            Plan { rest: self, open: vec![false; self.free.len()], times: vec![0; self.weights.len()], sum: 0 };
        while plan.sum < self.needed {
            let missing = self.needed - plan.sum;
            let gain = |s: usize| u128::from(plan.gain(s).min(missing));
            let closed = (0..self.free.len()).filter(|&s| self.free[s] && !plan.open[s]);
            let gains: Vec<(usize, u128)> = closed.map(|s| (s, gain(s))).filter(|&(_, gain)| gain > 0).collect();
            let best = gains.into_iter().min_by(|&(a, gain_a), &(b, gain_b)| {
                let (left, right) = (u128::from(self.costs[a]) * gain_b, u128::from(self.costs[b]) * gain_a);
                left.cmp(&right).then(gain_b.cmp(&gain_a)).then(a.cmp(&b))
            });
            let Some((best, _)) = best else { break };
            plan.set(best, true);
        }
        plan.close_needless(usize::MAX);
        let mut improved = true;
        while improved {
            improved = false;
            for k in (0..self.free.len()).filter(|&k| self.free[k]) {
                if progress.out_of_time() {
                    return plan.open;
                }
                if plan.open[k] {
                    continue;
                }
                plan.set(k, true);
                let closed = plan.close_needless(k);
                if closed.iter().map(|&s| self.costs[s]).sum::<u64>() > self.costs[k] {
                    improved = true;
                } else {
                    closed.iter().for_each(|&s| plan.set(s, true));
                    plan.set(k, false);
                }
            }
        }
        plan.open
    }

    /// Each site at its best: the cheapest weights, as if no two sites served the same row, the last one in part.
    fn simple_bound(&self) -> u64 {
        let gain = |s: usize| self.by_site.rows(s).iter().map(|&r| self.weights[r as usize]).sum::<u64>();
        let mut sites: Vec<(u64, u64)> =
            (0..self.free.len()).filter(|&s| self.free[s]).map(|s| (self.costs[s], gain(s))).collect();
        sites.retain(|&(_, gain)| gain > 0);
        sites.sort_by(|a, b| (u128::from(a.0) * u128::from(b.1)).cmp(&(u128::from(b.0) * u128::from(a.1))));
        let (mut missing, mut bound) = (self.needed, 0);
        for (cost, gain) in sites {
            if missing == 0 {
                break;
            }
            let taken = gain.min(missing);
            missing -= taken;
            let part = (u128::from(cost) * u128::from(taken)).div_ceil(u128::from(gain));
            bound += u64::try_from(part).unwrap_or(cost);
        }
        bound
    }

    /// `short` are sets of sites that are known to cover too little. The variables are the free sites in order, then
    /// one for each row.
    fn model(&self, short: &[Vec<bool>]) -> Model {
        let mut model = Model::new(Sense::Minimise);
        let xs = self.xs(|cost| {
            let x = model.binary();
            model.reward(x, cost);
            x
        });
        // Up to a million in all, so that the tolerance of 10⁻⁶ is at most one part in 10¹².
        let total: u64 = self.weights.iter().sum();
        let unit = (total as f64 / 1e6).max(1.0);
        let mut terms = Vec::new();
        for (row, &weight) in self.cover.rows().zip(&self.weights) {
            let serving = || row.iter().filter_map(|&s| xs[s as usize]);
            let y = model.share();
            model.at_most(serving().map(|x| (x, -1.0)).chain([(y, 1.0)]), 0.0);
            terms.push((y, weight as f64 / unit));
        }
        model.at_least(terms, self.needed as f64 / unit);
        for open in short {
            let outside = (0..open.len()).filter(|&s| !open[s]).filter_map(|s| xs[s]);
            model.at_least(outside.map(|x| (x, 1.0)), 1.0);
        }
        model
    }

    fn xs(&self, mut var: impl FnMut(u64) -> Var) -> Vec<Option<Var>> {
        (0..self.free.len()).map(|s| self.free[s].then(|| var(self.costs[s]))).collect()
    }

    fn values(&self, open: &[bool]) -> Vec<f64> {
        let sites = (0..open.len()).filter(|&s| self.free[s]).map(|s| open[s]);
        let rows = (0..self.weights.len()).map(|r| self.cover.is_covered(r, open));
        sites.chain(rows).map(|one| f64::from(u8::from(one))).collect()
    }

    fn is_open(&self, s: usize, values: &[f64]) -> bool {
        let at = self.free[..s].iter().filter(|&&free| free).count();
        self.free[s] && values[at] > 0.5
    }
}

/// A set of open sites with how often each row is served.
struct Plan<'a> {
    rest: &'a Rest<'a>,
    open: Vec<bool>,
    times: Vec<u32>,
    sum: u64,
}

impl Plan<'_> {
    fn set(&mut self, s: usize, to: bool) {
        self.open[s] = to;
        for &r in self.rest.by_site.rows(s) {
            let times = &mut self.times[r as usize];
            if to {
                self.sum += if *times == 0 { self.rest.weights[r as usize] } else { 0 };
                *times += 1;
            } else {
                *times -= 1;
                self.sum -= if *times == 0 { self.rest.weights[r as usize] } else { 0 };
            }
        }
    }

    /// The weight of the rows of `s` that are served `times` times.
    fn weight_at(&self, s: usize, times: u32) -> u64 {
        let rows = self.rest.by_site.rows(s).iter().filter(|&&r| self.times[r as usize] == times);
        rows.map(|&r| self.rest.weights[r as usize]).sum()
    }

    fn gain(&self, s: usize) -> u64 {
        self.weight_at(s, 0)
    }

    /// Closes sites that are not needed for the weight, dearest first, but never `keep`.
    fn close_needless(&mut self, keep: usize) -> Vec<usize> {
        let mut open: Vec<usize> = (0..self.open.len()).filter(|&s| self.open[s] && s != keep).collect();
        open.sort_by_key(|&s| (std::cmp::Reverse(self.rest.costs[s]), s));
        open.retain(|&s| {
            let needless = self.sum - self.weight_at(s, 1) >= self.rest.needed;
            if needless {
                self.set(s, false);
            }
            needless
        });
        open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::Status;

    /// Rows of 1, 2, 4, 8; site 0 serves all but the first for 3, site 1 the last for 1, site 2 the first two for 1.
    fn cover() -> CoverTable {
        CoverTable::from_pairs(4, 3, &[(1, 0), (2, 0), (3, 0), (3, 1), (0, 2), (1, 2)]).unwrap()
    }

    #[test]
    fn just_enough_and_no_more() {
        let cover = cover();
        let problem = Problem {
            cover: &cover,
            weights: &[1, 2, 4, 8],
            costs: &[3, 1, 1],
            fixed: &[false; 3],
            eligible: &[true; 3],
            least_weight: 8,
        };
        let solve = |problem: Problem| solve(&problem, &Limits::default()).unwrap();
        // 8: site 1. 11: sites 1 and 2 for 2. 12: site 0 alone (14) for 3. 15: sites 0 and 2 for 4. 0: none.
        for (least_weight, cost, chosen) in
            [(8, 1, vec![1]), (11, 2, vec![1, 2]), (12, 3, vec![0]), (15, 4, vec![0, 2]), (0, 0, vec![])]
        {
            let answer = solve(Problem { least_weight, ..problem });
            assert_eq!((answer.objective, answer.bound, answer.chosen), (cost, cost, chosen), "{least_weight}");
            assert_eq!(answer.status, Status::Optimal);
        }
        // Site 2 stands and counts: 3 of the 12; 9 more by site 0, 4 in all.
        let answer = solve(Problem { fixed: &[false, false, true], least_weight: 12, ..problem });
        assert_eq!((answer.objective, answer.chosen), (4, vec![0, 2]));
        // Without site 0 the row of 4 cannot be had: 11 of 15 is 73.3333 %.
        let asked = Problem { eligible: &[false, true, true], least_weight: 12, ..problem };
        let Err(Error::Targets(fault)) = super::solve(&asked, &Limits::default()) else { panic!("it cannot be had") };
        assert!(fault.help.unwrap().contains("73.3333 %"));
    }

    #[test]
    fn shares_are_rounded_up() {
        assert_eq!(share_of(&[60, 40], 0.95), 95);
        assert_eq!(share_of(&[10], 0.95), 10);
        assert_eq!(share_of(&[10], 0.0), 0);
        assert_eq!(share_of(&[3, 4], 1.0), 7);
    }
}
