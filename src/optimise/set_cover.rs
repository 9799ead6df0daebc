//! Location set covering (LSCP): the cheapest sites that cover every row which can be covered.
//!
//! minimise Σ cost_j · x_j  subject to  Σ_{j serves i} x_j ≥ 1 for each coverable row i,  x_j = 1 for fixed sites,
//! x_j ∈ {0, 1}. With all costs 1 it is the fewest sites (Toregas, Swain, ReVelle and Bergman 1971).

use super::answer::{Answer, Limits, Progress, Sense};
use super::cover::CoverTable;
use super::cover_search;
use super::reduce::{self, NO_CLASS};
use super::solver::{Model, Var};
use super::{LARGEST_TOTAL, verify};
use crate::error::{Fault, Result};

/// A set covering problem.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// Which sites serve which rows.
    pub cover: &'a CoverTable,
    /// The cost of each site, in any unit; the sum at most [`LARGEST_TOTAL`]. All 1 asks for the fewest sites.
    pub costs: &'a [u64],
    /// Sites that stand already: open at no choice, their cost counted in the objective.
    pub fixed: &'a [bool],
    /// Sites that may be opened. Ignored for fixed sites.
    pub eligible: &'a [bool],
}

impl Problem<'_> {
    /// One flag a site: fixed or eligible.
    pub fn usable(&self) -> Vec<bool> {
        self.fixed.iter().zip(self.eligible).map(|(&fixed, &eligible)| fixed || eligible).collect()
    }

    fn check(&self) -> Result<()> {
        let n = self.cover.n_sites();
        check_lengths(
            n,
            &[("costs", self.costs.len()), ("fixed", self.fixed.len()), ("eligible", self.eligible.len())],
        )?;
        check_total("costs", self.costs.iter().copied())
    }
}

/// Refuses slices that do not have one entry a site (or row).
pub(super) fn check_lengths(wanted: usize, given: &[(&str, usize)]) -> Result<()> {
    match given.iter().find(|(_, len)| *len != wanted) {
        None => Ok(()),
        Some((name, len)) => Err(Fault::new("optimise::size", format!("{len} {name} where {wanted} are needed"))
            .help("this is a fault in the caller")
            .into()),
    }
}

/// Refuses amounts whose sum is past [`LARGEST_TOTAL`].
pub(super) fn check_total(name: &str, amounts: impl Iterator<Item = u64>) -> Result<()> {
    let total: u128 = amounts.map(u128::from).sum();
    if total > u128::from(LARGEST_TOTAL) {
        return Err(Fault::new("optimise::total", format!("the {name} add up to {total}"))
            .help(format!("at most {LARGEST_TOTAL}; use a larger unit"))
            .into());
    }
    Ok(())
}

/// Solves the problem. The objective is the cost of all open sites, fixed ones included.
///
/// There is always an answer: rows that no usable site serves are left out and counted.
///
/// # Errors
/// `optimise::size`, `optimise::total`, `optimise::limits` for senseless input; `optimise::solver` and
/// `optimise::verify` for faults of our own.
pub fn solve(problem: &Problem, limits: &Limits) -> Result<Answer> {
    problem.check()?;
    let mut progress = Progress::begin(limits)?;
    let usable = problem.usable();
    let merged = reduce::merge(problem.cover, &[], &usable);
    let uncoverable_rows = merged.class_of.iter().filter(|&&class| class == NO_CLASS).count();
    progress.note("merge", format!("{} rows in {} classes", problem.cover.n_rows(), merged.cover.n_rows()));

    let left: Vec<_> = merged.cover.rows().filter(|row| !row.iter().any(|&s| problem.fixed[s as usize])).collect();
    let left = CoverTable::from_rows(left.iter().copied(), problem.cover.n_sites());
    let kernel = reduce::reduce_set_cover(&left, problem.costs);
    let mut parts = reduce::components(&left, &kernel);
    parts.sort_by_key(|(rows, _)| rows.len());
    progress.note(
        "reduce",
        format!(
            "{} sites forced, {} rows and {} sites left in {} parts after {} rounds",
            kernel.forced.len(),
            kernel.rows.len(),
            kernel.sites.len(),
            parts.len(),
            kernel.rounds
        ),
    );

    let mut open = problem.fixed.to_vec();
    kernel.forced.iter().for_each(|&s| open[s as usize] = true);
    let mut bound: u64 = (0..open.len()).filter(|&s| open[s]).map(|s| problem.costs[s]).sum();
    for (rows, sites) in &parts {
        let part = Part::new(&left, problem.costs, rows, sites);
        let start = part.search(&progress);
        let least = part.simple_bound();
        let start = cover_search::improve(&part.cover, &part.costs, start, least, progress.limits.seed, &|| {
            progress.out_of_time()
        });
        let (chosen, least) = part.prove(start, &mut progress)?;
        bound += least;
        chosen.iter().for_each(|&s| open[s as usize] = true);
    }

    let chosen: Vec<u32> = (0..open.len() as u32).filter(|&s| open[s as usize]).collect();
    let objective = chosen.iter().map(|&s| problem.costs[s as usize]).sum();
    let (bound, gap, status) = progress.judge(Sense::Minimise, objective, bound);
    let (steps, time_s) = progress.finish();
    let coverable_rows = problem.cover.n_rows() - uncoverable_rows;
    let answer = Answer { chosen, objective, bound, gap, status, coverable_rows, uncoverable_rows, steps, time_s };
    verify::set_cover(problem, &answer)?;
    Ok(answer)
}

/// One connected part of a kernel, renumbered from 0.
struct Part {
    sites: Vec<u32>,
    costs: Vec<u64>,
    cover: CoverTable,
}

impl Part {
    fn new(cover: &CoverTable, costs: &[u64], rows: &[u32], sites: &[u32]) -> Self {
        let rows: Vec<Vec<u32>> = rows
            .iter()
            .map(|&r| {
                let row = cover.row(r as usize).iter();
                row.filter_map(|s| sites.binary_search(s).ok().map(|at| at as u32)).collect()
            })
            .collect();
        Part {
            costs: sites.iter().map(|&s| costs[s as usize]).collect(),
            cover: CoverTable::from_rows(rows.iter().map(Vec::as_slice), sites.len()),
            sites: sites.to_vec(),
        }
    }

    fn cost(&self, open: &[bool]) -> u64 {
        (0..open.len()).filter(|&s| open[s]).map(|s| self.costs[s]).sum()
    }

    /// Greedy (least cost for each row newly covered), then: open a site, close all that this makes needless, keep it
    /// if it is cheaper. Returns one flag a site.
    fn search(&self, progress: &Progress) -> Vec<bool> {
        let by_site = self.cover.by_site();
        let mut times = vec![0_u32; self.cover.n_rows()];
        let mut open = vec![false; self.sites.len()];
        let set = |s: usize, to: bool, open: &mut [bool], times: &mut [u32]| {
            open[s] = to;
            for &r in by_site.rows(s) {
                if to { times[r as usize] += 1 } else { times[r as usize] -= 1 }
            }
        };
        let mut gains: Vec<u64> = (0..self.sites.len()).map(|s| by_site.rows(s).len() as u64).collect();
        while let Some(best) = (0..self.sites.len()).filter(|&s| gains[s] > 0).min_by(|&a, &b| {
            let (a_side, b_side) =
                (u128::from(self.costs[a]) * u128::from(gains[b]), u128::from(self.costs[b]) * u128::from(gains[a]));
            a_side.cmp(&b_side).then(gains[b].cmp(&gains[a])).then(a.cmp(&b))
        }) {
            for &r in by_site.rows(best) {
                if times[r as usize] == 0 {
                    self.cover.row(r as usize).iter().for_each(|&s| gains[s as usize] -= 1);
                }
            }
            set(best, true, &mut open, &mut times);
        }
        let mut by_cost: Vec<usize> = (0..self.sites.len()).collect();
        by_cost.sort_by_key(|&s| (std::cmp::Reverse(self.costs[s]), s));
        // Closes what is needless, dearest first, but never `keep`; returns what was closed.
        let close_needless = |keep: usize, open: &mut [bool], times: &mut [u32]| {
            let mut closed = Vec::new();
            for &s in &by_cost {
                if open[s] && s != keep && by_site.rows(s).iter().all(|&r| times[r as usize] > 1) {
                    set(s, false, open, times);
                    closed.push(s);
                }
            }
            closed
        };
        close_needless(usize::MAX, &mut open, &mut times);
        let mut improved = true;
        while improved && !progress.out_of_time() {
            improved = false;
            for k in 0..self.sites.len() {
                if open[k] || progress.out_of_time() {
                    continue;
                }
                set(k, true, &mut open, &mut times);
                let closed = close_needless(k, &mut open, &mut times);
                let saved: u64 = closed.iter().map(|&s| self.costs[s]).sum();
                if saved > self.costs[k] {
                    improved = true;
                } else {
                    closed.iter().for_each(|&s| set(s, true, &mut open, &mut times));
                    set(k, false, &mut open, &mut times);
                }
            }
        }
        open
    }

    /// Hands the part to the solver. Returns the cheapest cover known, in the sites' own numbers, and the least that
    /// any cover costs.
    fn prove(&self, start: Vec<bool>, progress: &mut Progress) -> Result<(Vec<u32>, u64)> {
        let found = self.cost(&start);
        let numbers = |open: &[bool]| (0..open.len()).filter(|&s| open[s]).map(|s| self.sites[s]).collect::<Vec<_>>();
        if progress.out_of_time() {
            progress.note("highs", format!("no time for a part of {} rows", self.cover.n_rows()));
            return Ok((numbers(&start), self.simple_bound()));
        }
        let mut model = Model::new(Sense::Minimise);
        let x: Vec<Var> = self
            .costs
            .iter()
            .map(|&cost| {
                let x = model.binary();
                model.reward(x, cost);
                x
            })
            .collect();
        for row in self.cover.rows() {
            model.at_least(row.iter().map(|&s| (x[s as usize], 1.0)), 1.0);
        }
        let values = start.iter().map(|&open| f64::from(u8::from(open))).collect();
        let outcome = model.solve(Some(values), &progress.limits, progress.remaining_s())?;
        let bound = outcome.bound.unwrap_or(0).max(self.simple_bound());
        let solved = outcome.values.map(|values| values.iter().map(|&v| v > 0.5).collect::<Vec<_>>());
        let best = solved
            .filter(|open| (0..self.cover.n_rows()).all(|r| self.cover.is_covered(r, open)) && self.cost(open) < found)
            .unwrap_or(start);
        progress.note(
            "highs",
            format!(
                "{} rows, {} sites: cost {} (search {found}), bound {bound}",
                self.cover.n_rows(),
                self.sites.len(),
                self.cost(&best)
            ),
        );
        Ok((numbers(&best), bound))
    }

    /// The dearest row: each row costs at least its cheapest site.
    fn simple_bound(&self) -> u64 {
        let cheapest = |row: &[u32]| row.iter().map(|&s| self.costs[s as usize]).min().unwrap_or(0);
        self.cover.rows().map(cheapest).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::Status;

    #[test]
    fn two_cheap_ones_or_one_dear_one() {
        // Site 2 serves all three rows for 5; sites 0 and 1 do it together for 2 + 2 = 4.
        let cover = CoverTable::from_pairs(3, 3, &[(0, 0), (1, 0), (1, 1), (2, 1), (0, 2), (1, 2), (2, 2)]).unwrap();
        let problem = Problem { cover: &cover, costs: &[2, 2, 5], fixed: &[false; 3], eligible: &[true; 3] };
        let answer = solve(&problem, &Limits::default()).unwrap();
        assert_eq!((answer.chosen, answer.objective, answer.bound), (vec![0, 1], 4, 4));
        assert_eq!(answer.status, Status::Optimal);
        // With site 2 fixed nothing else is needed; with site 0 forbidden only site 2 serves row 0.
        let fixed = solve(&Problem { fixed: &[false, false, true], ..problem }, &Limits::default()).unwrap();
        assert_eq!(fixed.chosen, [2]);
        let forbidden = solve(&Problem { eligible: &[false, true, true], ..problem }, &Limits::default()).unwrap();
        assert_eq!(forbidden.chosen, [2]);
        // Nobody may open: all rows are left out, and that costs nothing.
        let none = solve(&Problem { eligible: &[false; 3], ..problem }, &Limits::default()).unwrap();
        assert_eq!((none.objective, none.uncoverable_rows, none.status), (0, 3, Status::Optimal));
    }

    #[test]
    fn lists_of_other_lengths_and_endless_costs_are_refused() {
        let cover = CoverTable::from_pairs(1, 2, &[(0, 0), (0, 1)]).unwrap();
        let problem = Problem { cover: &cover, costs: &[1, 1], fixed: &[false; 2], eligible: &[true; 2] };
        for wrong in [
            Problem { costs: &[1], ..problem },
            Problem { fixed: &[false], ..problem },
            Problem { eligible: &[true; 3], ..problem },
            Problem { costs: &[u64::MAX, 1], ..problem },
            Problem { costs: &[super::super::LARGEST_TOTAL, 1], ..problem },
        ] {
            assert!(solve(&wrong, &Limits::default()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_odd_cycle_needs_branching() {
        // Rows {0,1} {1,2} {2,3} {3,4} {4,0}: the LP says 2.5, the answer is 3.
        let pairs: Vec<_> = (0..5).flat_map(|r| [(r, r), (r, (r + 1) % 5)]).collect();
        let cover = CoverTable::from_pairs(5, 5, &pairs).unwrap();
        let problem = Problem { cover: &cover, costs: &[1; 5], fixed: &[false; 5], eligible: &[true; 5] };
        let answer = solve(&problem, &Limits::default()).unwrap();
        assert_eq!((answer.objective, answer.status), (3, Status::Optimal));
    }
}
