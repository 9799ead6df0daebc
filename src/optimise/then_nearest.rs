//! A second objective behind a first one, lexicographically: of all plans that keep the first objective, the one with
//! the least weighted cost, with a bound of its own.
//!
//! minimise Σ weight_i · (cost of the nearest open site, or the penalty where none serves row i)  subject to
//! covered weight ≥ least_covered,  Σ site_cost_j · x_j ≤ most_cost,  Σ x_j ≤ p,  x_j = 1 for fixed sites.
//!
//! Adding and swapping sites finds a plan. Without the coverage it is a p-median problem, whose Lagrangian bound
//! (`p_median_bound`) rules out most sites and far pairs; the radius model with the coverage decides the rest.
//! [`super::tidy`] does the first part alone, without a bound.

use std::collections::HashMap;

use super::answer::{self, Answer, Limits, Progress, Sense};
use super::cover::{CostTable, CoverTable, open_flags};
use super::exchange::Exchange;
use super::p_median_bound::Relaxation;
use super::p_median_radius::{Lists, Radius};
use super::reduce;
use super::set_cover::{check_lengths, check_total};
use super::solver::{Var, gcd};
use super::verify;
use crate::error::{Fault, Result};

/// Steps of the Lagrangian bound.
const ROUNDS: usize = 1500;

/// Past this many levels the model would outgrow the solver: the Lagrangian bound stands alone.
const MOST_LEVELS: usize = 2_000_000;

/// The second objective and what the first one asks for.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// What it costs to serve each row from each site.
    pub costs: &'a CostTable,
    /// How much each row of `costs` counts. The sum of weight × (penalty + 1) is at most [`super::LARGEST_TOTAL`].
    pub weights: &'a [u64],
    /// The cost of a row that no open site serves; at least the largest cost of the table.
    pub penalty: u64,
    /// Which sites cover which rows; the rows may be others than those of `costs`.
    pub cover: &'a CoverTable,
    /// The weight of each row of `cover`. All 1 and `least_covered` their number asks for all to be covered.
    pub cover_weights: &'a [u64],
    /// The least weight to cover.
    pub least_covered: u64,
    /// The cost of each site; only `most_cost` looks at it.
    pub site_costs: &'a [u64],
    /// The most that all open sites may cost, fixed ones included.
    pub most_cost: Option<u64>,
    /// The most sites in all, fixed ones included.
    pub p: Option<usize>,
    /// Sites that stand already.
    pub fixed: &'a [bool],
    /// Sites that may be opened. Ignored for fixed sites.
    pub eligible: &'a [bool],
}

impl Problem<'_> {
    fn usable(&self) -> Vec<bool> {
        self.fixed.iter().zip(self.eligible).map(|(&fixed, &eligible)| fixed || eligible).collect()
    }

    fn site_cost(&self, open: &[bool]) -> u64 {
        (0..open.len()).filter(|&s| open[s]).map(|s| self.site_costs[s]).sum()
    }

    fn weighted_cost(&self, open: &[bool]) -> u64 {
        let cost = |r: usize| self.costs.nearest(r, open).map_or(self.penalty, |(_, cost)| cost.min(self.penalty));
        (0..self.weights.len()).map(|r| self.weights[r] * cost(r)).sum()
    }

    /// Whether the first objective is kept.
    fn keeps(&self, open: &[bool]) -> bool {
        self.cover.covered_weight(self.cover_weights, open) >= self.least_covered
            && self.p.is_none_or(|p| open.iter().filter(|&&open| open).count() <= p)
            && self.most_cost.is_none_or(|most| self.site_cost(open) <= most)
    }

    /// No plan has more sites than this: `p`, or as many of the cheapest as the cost allows.
    fn most_sites(&self, usable: &[bool]) -> usize {
        let all = usable.iter().filter(|&&usable| usable).count();
        let Some(most) = self.most_cost else { return self.p.unwrap_or(all).min(all) };
        let mut left = most.saturating_sub(self.site_cost(self.fixed));
        let mut free: Vec<u64> =
            (0..usable.len()).filter(|&s| usable[s] && !self.fixed[s]).map(|s| self.site_costs[s]).collect();
        free.sort_unstable();
        let affordable = free.into_iter().take_while(|&cost| {
            let fits = cost <= left;
            left = left.saturating_sub(cost);
            fits
        });
        let count = self.fixed.iter().filter(|&&fixed| fixed).count() + affordable.count();
        count.min(self.p.unwrap_or(all))
    }
}

/// Solves the problem, beginning from `start`, a plan that keeps the first objective. The objective counts the penalty
/// of rows that no open site serves; `coverable_rows` are rows of `costs`.
///
/// # Errors
/// `optimise::first` where `start` does not keep the first objective; `optimise::size`, `optimise::total`,
/// `optimise::limits` for senseless input; `optimise::solver` and `optimise::verify` for faults of our own.
pub fn solve(problem: &Problem, start: &[u32], limits: &Limits) -> Result<Answer> {
    let n = problem.costs.n_sites();
    let by_site = [
        ("sites of the cover table", problem.cover.n_sites()),
        ("site costs", problem.site_costs.len()),
        ("fixed", problem.fixed.len()),
        ("eligible", problem.eligible.len()),
    ];
    check_lengths(n, &by_site)?;
    check_lengths(problem.costs.n_rows(), &[("weights", problem.weights.len())])?;
    check_lengths(problem.cover.n_rows(), &[("weights of the cover table", problem.cover_weights.len())])?;
    let largest = problem.penalty.max(problem.costs.largest_cost()).saturating_add(1);
    check_total("weighted costs", problem.weights.iter().map(|&w| w.saturating_mul(largest)))?;
    check_total("covered weights", problem.cover_weights.iter().copied())?;
    check_total("site costs", problem.site_costs.iter().copied())?;
    let mut best = open_flags(n, start);
    let usable = problem.usable();
    if !problem.keeps(&best) || (0..n).any(|s| best[s] && !usable[s] || problem.fixed[s] && !best[s]) {
        return Err(Fault::new("optimise::first", "the plan to begin with does not keep the first objective")
            .help("this is a fault in the caller")
            .into());
    }
    let mut progress = Progress::begin(limits)?;
    let rest = Rest::new(problem, &usable);
    let before = problem.weighted_cost(&best);
    rest.improve(&mut best, &progress);
    progress.note("swaps", format!("{before} before, {} after", problem.weighted_cost(&best)));

    let mut bound = rest.floor();
    if bound < problem.weighted_cost(&best) && !progress.out_of_time() {
        bound = bound.max(rest.prove(&mut best, &mut progress)?);
    }
    let objective = problem.weighted_cost(&best);
    let chosen = (0..n as u32).filter(|&s| best[s as usize]).collect();
    let (bound, gap, status) = progress.judge(Sense::Minimise, objective, bound);
    let (steps, time_s) = progress.finish();
    let servable = |r: usize| problem.costs.cover().is_covered(r, &usable);
    let coverable_rows = (0..problem.costs.n_rows()).filter(|&r| servable(r)).count();
    let uncoverable_rows = problem.costs.n_rows() - coverable_rows;
    let answer = Answer { chosen, objective, bound, gap, status, coverable_rows, uncoverable_rows, steps, time_s };
    verify::then_nearest(problem, &answer)?;
    Ok(answer)
}

/// The rows that usable sites can serve, equal ones merged, with one more site that serves everyone at the penalty.
struct Rest<'a> {
    problem: &'a Problem<'a>,
    costs: CostTable,
    weights: Vec<u64>,
    fixed: Vec<bool>,
    usable: Vec<bool>,
    /// Most sites, the added one included.
    p: usize,
    /// The weighted cost of the rows that nobody can serve.
    constant: u64,
}

impl<'a> Rest<'a> {
    fn new(problem: &'a Problem, usable: &[bool]) -> Self {
        let n = usable.len();
        let mut known: HashMap<Vec<(u32, u64)>, usize> = HashMap::new();
        let (mut triples, mut weights, mut constant) = (Vec::new(), Vec::<u64>::new(), 0);
        for (r, &weight) in problem.weights.iter().enumerate().filter(|&(_, &weight)| weight > 0) {
            let pairs = problem.costs.row(r).filter(|&(s, cost)| usable[s as usize] && cost < problem.penalty);
            let row: Vec<(u32, u64)> = pairs.chain([(n as u32, problem.penalty)]).collect();
            if row.len() == 1 {
                constant += weight * problem.penalty;
                continue;
            }
            if let Some(&client) = known.get(&row) {
                weights[client] += weight;
            } else {
                triples.extend(row.iter().map(|&(s, cost)| (weights.len() as u32, s, cost)));
                known.insert(row, weights.len());
                weights.push(weight);
            }
        }
        let with = |flags: &[bool]| [flags, &[true]].concat();
        Rest {
            problem,
            costs: CostTable::from_ordered(&triples, weights.len(), n + 1),
            weights,
            fixed: with(problem.fixed),
            usable: with(usable),
            p: problem.most_sites(usable) + 1,
            constant,
        }
    }

    fn floor(&self) -> u64 {
        let cheapest = |r: usize| self.costs.row(r).map(|(_, cost)| cost).min().unwrap_or(0);
        self.constant + (0..self.weights.len()).map(|r| self.weights[r] * cheapest(r)).sum::<u64>()
    }

    /// Adds and swaps sites while the weighted cost falls and the first objective is kept; the best step first.
    fn improve(&self, open: &mut [bool], progress: &Progress) {
        let problem = self.problem;
        let n = open.len();
        while !progress.out_of_time() {
            let with = [&*open, &[true]].concat();
            let nearer = Exchange::of_costs(&self.costs, &self.weights, problem.penalty, &with);
            let covered = Exchange::of_cover(problem.cover, problem.cover_weights, open);
            let spare = problem.cover.covered_weight(problem.cover_weights, open).saturating_sub(problem.least_covered);
            let count = open.iter().filter(|&&open| open).count();
            let money = problem.most_cost.map(|most| most - problem.site_cost(open));
            let fits = |more: u64, less: u64| money.is_none_or(|money| more <= money + less);
            let mut best = (0, None, 0);
            for k in (0..n).filter(|&k| self.usable[k] && !open[k]) {
                let may_add = problem.p.is_none_or(|p| count < p) && fits(problem.site_costs[k], 0);
                if may_add && nearer.gain(k) > best.0 {
                    best = (nearer.gain(k), None, k);
                }
                for &j in covered.open().iter().filter(|&&j| !self.fixed[j as usize]) {
                    let j = j as usize;
                    let gain = nearer.swap(j, k);
                    if gain > best.0
                        && covered.swap(j, k) >= -(spare as i64)
                        && fits(problem.site_costs[k], problem.site_costs[j])
                    {
                        best = (gain, Some(j), k);
                    }
                }
            }
            if best.0 == 0 {
                return;
            }
            if let Some(j) = best.1 {
                open[j] = false;
            }
            open[best.2] = true;
        }
    }

    fn take(&self, best: &mut Vec<bool>, open: Vec<bool>, progress: &Progress) {
        let mut open = open;
        if self.problem.keeps(&open) {
            self.improve(&mut open, progress);
            if self.problem.weighted_cost(&open) < self.problem.weighted_cost(best) {
                *best = open;
            }
        }
    }

    /// Returns a proven bound, and better plans on the way in `best`.
    fn prove(&self, best: &mut Vec<bool>, progress: &mut Progress) -> Result<u64> {
        let n = best.len();
        let relaxation = Relaxation::new(&self.costs, &self.weights, &self.fixed, &self.usable, self.p);
        let start = [&**best, &[true]].concat();
        let upper = |best: &[bool]| self.problem.weighted_cost(best) - self.constant;
        let proven = relaxation.ascend(
            &start,
            ROUNDS,
            &mut |taken| {
                if let Some(taken) = taken {
                    self.take(best, taken[..n].to_vec(), progress);
                }
                upper(best)
            },
            &|| progress.out_of_time(),
        );
        let mut bound = proven.least;
        progress.note("lagrange", format!("{}, bound {}", upper(best) + self.constant, bound + self.constant));
        let mut short: Vec<Vec<bool>> = Vec::new();
        while bound < upper(best) && short.len() < 100 {
            let most = upper(best);
            if answer::gap(most, bound) <= progress.limits.gap || progress.out_of_time() {
                break;
            }
            let known = [&**best, &[true]].concat();
            let fixing = proven.fix(&relaxation, most, &known);
            let keep = |r: usize, cost: u64| proven.may_serve(r, self.weights[r] * cost, most);
            // 0 of them: costs may keep a plan from opening as many sites as `p` says.
            let lists = Lists::new(&self.costs, &fixing.fixed, &fixing.usable, 0, &known, &keep);
            if lists.n_levels() > MOST_LEVELS {
                progress.note("highs", format!("{} levels are too many for the model", lists.n_levels()));
                break;
            }
            let mut radius = Radius::build(&lists, &self.weights, &fixing.fixed, &fixing.usable, self.p);
            if radius.model.n_vars() == 0 {
                bound = most;
                break;
            }
            let mut values = radius.values(&lists, &known);
            let xs = radius.xs.clone();
            self.constrain(&mut radius, &fixing.fixed, &fixing.usable, best, &mut values);
            for open in &short {
                let outside = (0..n).filter(|&s| !open[s]).filter_map(|s| xs[s]);
                radius.model.at_least(outside.map(|x| (x, 1.0)), 1.0);
            }
            let size = format!("{} variables, {} constraints", radius.model.n_vars(), radius.model.n_constraints());
            let outcome = radius.model.solve(Some(values), &progress.limits, progress.remaining_s())?;
            let floor = lists.floor(&self.weights);
            bound = outcome.bound.map_or(bound, |b| bound.max(most.min(b.saturating_add(floor))));
            progress.note("highs", format!("{size}: bound {}", bound + self.constant));
            let Some(values) = outcome.values else { break };
            let open: Vec<bool> = (0..n).map(|s| fixing.fixed[s] || xs[s].is_some_and(|x| values[x.0] > 0.5)).collect();
            let covered = self.problem.cover.covered_weight(self.problem.cover_weights, &open);
            if covered >= self.problem.least_covered {
                self.take(best, open, progress);
                break;
            }
            progress.note("short", "a plan that is short by a rounding was ruled out");
            short.push(open);
        }
        Ok(bound + self.constant)
    }

    /// Adds to the radius model that the first objective is kept, and to `values` what the known plan makes of it.
    fn constrain(&self, radius: &mut Radius, fixed: &[bool], usable: &[bool], known: &[bool], values: &mut Vec<f64>) {
        let problem = self.problem;
        let n = known.len();
        let merged = reduce::merge(problem.cover, &[problem.cover_weights], &usable[..n]);
        let coverable: u64 = merged.weights[0].iter().sum();
        let stands = |row: &[u32]| row.iter().any(|&s| fixed[s as usize]);
        let mut needed = problem.least_covered;
        let unit = (coverable as f64 / 1e6).max(1.0);
        let mut terms: Vec<(Var, f64)> = Vec::new();
        for (row, &weight) in merged.cover.rows().zip(&merged.weights[0]).filter(|&(_, &weight)| weight > 0) {
            if stands(row) {
                needed = needed.saturating_sub(weight);
                continue;
            }
            let serving: Vec<(Var, f64)> =
                row.iter().filter_map(|&s| radius.xs[s as usize]).map(|x| (x, 1.0)).collect();
            if problem.least_covered == coverable {
                radius.model.at_least(serving, 1.0);
                continue;
            }
            let y = radius.model.share();
            values.push(f64::from(u8::from(row.iter().any(|&s| known[s as usize]))));
            radius.model.at_least(serving.into_iter().chain([(y, -1.0)]), 0.0);
            terms.push((y, weight as f64 / unit));
        }
        if problem.least_covered < coverable && needed > 0 {
            radius.model.at_least(terms, needed as f64 / unit);
        }
        if let Some(most) = problem.most_cost {
            let standing: u64 = (0..n).filter(|&s| fixed[s]).map(|s| problem.site_costs[s]).sum();
            let left = most.saturating_sub(standing);
            let step = problem.site_costs.iter().fold(0, |a, &b| gcd(a, b)).max(1);
            let unit = ((left / step) as f64 / 1e6).max(1.0);
            let amount = |cost: u64| (cost / step) as f64 / unit;
            let spent = (0..n).filter_map(|s| radius.xs[s].map(|x| (x, amount(problem.site_costs[s]))));
            let spent: Vec<(Var, f64)> = spent.collect();
            radius.model.at_most(spent, amount(left));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::Status;

    /// Rows at 0, 4 and 10, sites at 0, 5, 10 and 4 on a line; the cost is the distance, and a site covers within 6.
    #[test]
    fn the_nearest_of_equal_plans() {
        let (rows, sites) = ([0_u64, 4, 10], [0_u64, 5, 10, 4]);
        let pairs = |within: u64| -> Vec<(u32, u32, u64)> {
            let all = (0..3_u32).flat_map(|r| (0..4_u32).map(move |s| (r, s)));
            let far = all.map(|(r, s)| (r, s, rows[r as usize].abs_diff(sites[s as usize])));
            far.filter(|&(_, _, cost)| cost <= within).collect()
        };
        let costs = CostTable::from_triples(3, 4, &pairs(100)).unwrap();
        let reach = CostTable::from_triples(3, 4, &pairs(6)).unwrap();
        let problem = Problem {
            costs: &costs,
            weights: &[1; 3],
            penalty: 100,
            cover: reach.cover(),
            cover_weights: &[1; 3],
            least_covered: 3,
            site_costs: &[1; 4],
            most_cost: Some(1),
            p: None,
            fixed: &[false; 4],
            eligible: &[true; 4],
        };
        // One site that covers all: at 5 (5 + 1 + 5 = 11) or at 4 (4 + 0 + 6 = 10).
        let answer = solve(&problem, &[1], &Limits::default()).unwrap();
        assert_eq!((answer.chosen, answer.objective, answer.bound), (vec![3], 10, 10));
        assert_eq!(answer.status, Status::Optimal);
        // Two sites: {0 or 4} and 10: 0 + 4 + 0 or 4 + 0 + 0 = 4; all of them cover all.
        let two = Problem { most_cost: None, p: Some(2), ..problem };
        assert_eq!(solve(&two, &[1], &Limits::default()).unwrap().objective, 4);
        // Weights 9, 1, 1 pull a single site to 0 (0 + 4 + 10 = 14), which leaves the row at 10 uncovered: at 4 it is 42.
        let heavy = Problem { weights: &[9, 1, 1], ..problem };
        assert_eq!(solve(&heavy, &[1], &Limits::default()).unwrap().objective, 42);
        assert_eq!(solve(&Problem { least_covered: 2, ..heavy }, &[1], &Limits::default()).unwrap().objective, 14);
        // A plan that does not keep the first objective is no start.
        assert!(solve(&problem, &[0], &Limits::default()).is_err());
    }
}
