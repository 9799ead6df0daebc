//! Backup coverage (Hogan and ReVelle 1986): rows that two open sites serve keep a site when one of them fails.
//!
//! * **BACOP1**, [`Goal::CoverAll`]: with at most p sites, every coverable row covered once, the most weight twice:
//!   maximise Σ weight_i · u_i  subject to  Σ_{j serves i} x_j ≥ 1 + u_i,  Σ x_j ≤ p,  0 ≤ u_i ≤ 1.
//! * **BACOP2**, [`Goal::Weighted`]: the first and the second coverage weighed against each other:
//!   maximise Σ weight_i · (once · y_i + twice · u_i)  subject to  Σ_{j serves i} x_j ≥ y_i + u_i,  u_i ≤ y_i,  Σ x_j ≤ p.
//!
//! u_i need be binary only where the second coverage is worth more than the first; else y_i fills up first by itself.

use super::answer::{Answer, Limits, Progress, Sense};
use super::cover::{CoverTable, SiteRows, open_flags};
use super::p_center::{check_fixed, too_few};
use super::reduce::{self, NO_CLASS};
use super::set_cover::{self, check_lengths, check_total};
use super::solver::{Model, Var};
use super::verify;
use crate::error::Result;

/// A backup covering problem.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// Which sites serve which rows.
    pub cover: &'a CoverTable,
    /// The weight of each row. The sum, times both worths of [`Goal::Weighted`], at most [`super::LARGEST_TOTAL`].
    pub weights: &'a [u64],
    /// Sites that stand already: open at no choice, counted in `p`.
    pub fixed: &'a [bool],
    /// Sites that may be opened. Ignored for fixed sites.
    pub eligible: &'a [bool],
    /// The most sites in all, fixed ones included.
    pub p: usize,
    /// What is maximised.
    pub goal: Goal,
}

/// What backup coverage is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// BACOP1: every coverable row is covered; the objective is the weight covered at least twice.
    CoverAll,
    /// BACOP2: the objective is `once` · weight covered at least once + `twice` · weight covered at least twice.
    Weighted {
        /// What one unit of weight is worth once it is covered.
        once: u64,
        /// What it is worth more when it is covered twice.
        twice: u64,
    },
}

/// Solves the problem. At most `p` sites are opened: one that adds nothing stays closed.
///
/// # Errors
/// [`crate::error::Error::Targets`] with code `optimise::fixed` where more than `p` sites are fixed, and under
/// [`Goal::CoverAll`] with `optimise::infeasible` where `p` sites cannot cover every coverable row, with the least number
/// that can, or `optimise::time`. `optimise::size`, `optimise::total`, `optimise::limits` for senseless input.
pub fn solve(problem: &Problem, limits: &Limits) -> Result<Answer> {
    let n = problem.cover.n_sites();
    check_lengths(n, &[("fixed", problem.fixed.len()), ("eligible", problem.eligible.len())])?;
    check_lengths(problem.cover.n_rows(), &[("weights", problem.weights.len())])?;
    let (once, twice) = match problem.goal {
        Goal::CoverAll => (0, 1),
        Goal::Weighted { once, twice } => (once, twice),
    };
    let worth = once.saturating_add(twice);
    check_total("weights times what they are worth", problem.weights.iter().map(|&w| w.saturating_mul(worth)))?;
    check_fixed(problem.fixed, problem.p)?;
    let mut progress = Progress::begin(limits)?;
    let usable: Vec<bool> = (0..n).map(|s| problem.fixed[s] || problem.eligible[s]).collect();
    let merged = reduce::merge(problem.cover, &[problem.weights], &usable);
    let uncoverable_rows = merged.class_of.iter().filter(|&&class| class == NO_CLASS).count();
    progress.note("merge", format!("{} rows in {} classes", problem.cover.n_rows(), merged.cover.n_rows()));

    let all = problem.goal == Goal::CoverAll;
    let table = Table { cover: &merged.cover, weights: &merged.weights[0], once, twice, all, usable: &usable };
    let mut search = Search::new(&table, problem);
    search.fill(&progress);
    search.exchange(&progress);
    if all && search.uncovered() > 0 {
        let ones = vec![1; n];
        let fewest =
            set_cover::Problem { cover: problem.cover, costs: &ones, fixed: problem.fixed, eligible: problem.eligible };
        let time_limit_s = progress.remaining_s().map(|s| s.max(0.001));
        let fewest = set_cover::solve(&fewest, &Limits { time_limit_s, gap: 0.0, ..progress.limits.clone() })?;
        if fewest.objective > problem.p as u64 {
            return Err(too_few(&fewest, problem.p));
        }
        search.restart(&open_flags(n, &fewest.chosen));
        search.fill(&progress);
        search.exchange(&progress);
    }
    let most = table.most(&search, problem);
    let mut bound = most;
    progress.note("search", format!("{}, at most {most}", search.value()));
    if search.value() < most && !progress.out_of_time() {
        let (model, xs) = table.model(problem);
        let size = format!("{} variables, {} constraints", model.n_vars(), model.n_constraints());
        let start = table.values(&search.open, &model, &xs);
        let outcome = model.solve(Some(start), &progress.limits, progress.remaining_s())?;
        bound = outcome.bound.map_or(most, |b| b.min(most));
        if let Some(values) = outcome.values {
            let open: Vec<bool> =
                (0..n).map(|s| xs[s].is_some_and(|x| values[x.0] > 0.5) || problem.fixed[s]).collect();
            search.try_open(open, problem.p);
            search.exchange(&progress);
        }
        progress.note("highs", format!("{size}: {}, bound {bound}", search.value()));
    }
    search.close_needless();

    let chosen = (0..n as u32).filter(|&s| search.open[s as usize]).collect();
    let objective = search.value();
    let (bound, gap, status) = progress.judge(Sense::Maximise, objective, bound);
    let (steps, time_s) = progress.finish();
    let coverable_rows = problem.cover.n_rows() - uncoverable_rows;
    let answer = Answer { chosen, objective, bound, gap, status, coverable_rows, uncoverable_rows, steps, time_s };
    verify::backup_cover(problem, &answer)?;
    Ok(answer)
}

/// The merged rows and what covering them is worth.
struct Table<'a> {
    cover: &'a CoverTable,
    weights: &'a [u64],
    once: u64,
    twice: u64,
    all: bool,
    usable: &'a [bool],
}

impl Table<'_> {
    fn worth(&self, r: usize, times: u32) -> u64 {
        let once = if times >= 1 { self.once } else { 0 };
        self.weights[r] * (once + if times >= 2 { self.twice } else { 0 })
    }

    /// No plan is worth more than every row served by as many sites as there are (and as `p` allows).
    fn most(&self, search: &Search, problem: &Problem) -> u64 {
        if (0..self.usable.len()).all(|s| !self.usable[s] || search.open[s]) {
            return search.value();
        }
        let times = |row: &[u32]| row.len().min(problem.p) as u32;
        self.cover.rows().enumerate().map(|(r, row)| self.worth(r, times(row))).sum()
    }

    /// The variables: one for each usable site in order, then y and u of each row in order.
    fn model(&self, problem: &Problem) -> (Model, Vec<Option<Var>>) {
        let mut model = Model::new(Sense::Maximise);
        let xs: Vec<Option<Var>> = self.usable.iter().map(|&usable| usable.then(|| model.binary())).collect();
        for x in (0..xs.len()).filter(|&s| problem.fixed[s]).filter_map(|s| xs[s]) {
            model.at_least([(x, 1.0)], 1.0);
        }
        model.at_most(xs.iter().flatten().map(|&x| (x, 1.0)), problem.p as f64);
        for (row, &weight) in self.cover.rows().zip(self.weights) {
            let serving = || row.iter().filter_map(|&s| xs[s as usize]).map(|x| (x, 1.0));
            let y = model.share();
            let u = if self.twice > self.once && !self.all { model.binary() } else { model.share() };
            model.reward(y, weight * self.once);
            model.reward(u, weight * self.twice);
            if self.all {
                model.at_least([(y, 1.0)], 1.0);
            } else {
                model.at_least([(y, 1.0), (u, -1.0)], 0.0);
            }
            model.at_least(serving().chain([(y, -1.0), (u, -1.0)]), 0.0);
        }
        (model, xs)
    }

    fn values(&self, open: &[bool], model: &Model, xs: &[Option<Var>]) -> Vec<f64> {
        let mut values = Vec::with_capacity(model.n_vars());
        values.extend((0..xs.len()).filter(|&s| xs[s].is_some()).map(|s| f64::from(u8::from(open[s]))));
        for row in self.cover.rows() {
            let times = row.iter().filter(|&&s| open[s as usize]).count();
            values.extend([f64::from(u8::from(times >= 1)), f64::from(u8::from(times >= 2))]);
        }
        values
    }
}

/// A set of open sites with how often each row is served. Under [`Goal::CoverAll`] rows covered come before worth.
struct Search<'a> {
    table: &'a Table<'a>,
    by_site: SiteRows,
    fixed: &'a [bool],
    p: usize,
    open: Vec<bool>,
    times: Vec<u32>,
}

impl<'a> Search<'a> {
    fn new(table: &'a Table, problem: &Problem<'a>) -> Self {
        let mut search = Search {
            table,
            by_site: table.cover.by_site(),
            fixed: problem.fixed,
            p: problem.p,
            open: Vec::new(),
            times: Vec::new(),
        };
        search.restart(problem.fixed);
        search
    }

    fn restart(&mut self, open: &[bool]) {
        self.open = open.to_vec();
        let times = |row: &[u32]| row.iter().filter(|&&s| open[s as usize]).count() as u32;
        self.times = self.table.cover.rows().map(times).collect();
    }

    fn value(&self) -> u64 {
        self.times.iter().enumerate().map(|(r, &times)| self.table.worth(r, times)).sum()
    }

    fn uncovered(&self) -> usize {
        self.times.iter().filter(|&&times| times == 0).count()
    }

    /// What one more site at `s` (or, where it is open, `s` itself) brings: rows where all must be covered, then worth.
    fn gain(&self, s: usize) -> (usize, u64) {
        let before = |r: usize| self.times[r] - u32::from(self.open[s]);
        let rows = || self.by_site.rows(s).iter().map(|&r| r as usize);
        let new = if self.table.all { rows().filter(|&r| before(r) == 0).count() } else { 0 };
        (new, rows().map(|r| self.table.worth(r, before(r) + 1) - self.table.worth(r, before(r))).sum())
    }

    fn set(&mut self, s: usize, to: bool) {
        self.open[s] = to;
        for &r in self.by_site.rows(s) {
            if to { self.times[r as usize] += 1 } else { self.times[r as usize] -= 1 }
        }
    }

    fn best_closed(&self) -> Option<usize> {
        let closed = (0..self.open.len()).filter(|&k| self.table.usable[k] && !self.open[k]);
        closed.max_by_key(|&k| (self.gain(k), self.by_site.rows(k).len(), std::cmp::Reverse(k)))
    }

    /// Opens the best site until p are open. One site alone brings nothing twice, so needless ones are opened too.
    fn fill(&mut self, progress: &Progress) {
        while self.open.iter().filter(|&&open| open).count() < self.p && !progress.out_of_time() {
            let Some(best) = self.best_closed() else { break };
            self.set(best, true);
        }
    }

    /// Puts the best closed site for an open one while that brings more.
    fn exchange(&mut self, progress: &Progress) {
        let mut improved = true;
        while improved {
            improved = false;
            for j in (0..self.open.len()).filter(|&j| !self.fixed[j]) {
                if progress.out_of_time() {
                    return;
                }
                if !self.open[j] {
                    continue;
                }
                self.set(j, false);
                let best = self.best_closed().filter(|&k| self.gain(k) > self.gain(j));
                improved |= best.is_some();
                self.set(best.unwrap_or(j), true);
            }
        }
    }

    /// Closes sites that bring nothing.
    fn close_needless(&mut self) {
        for s in (0..self.open.len()).filter(|&s| !self.fixed[s]) {
            if self.open[s] && self.gain(s) == (0, 0) {
                self.set(s, false);
            }
        }
    }

    /// Takes over a plan where it is allowed and worth more.
    fn try_open(&mut self, open: Vec<bool>, p: usize) {
        let (before, value) = (self.open.clone(), self.value());
        self.restart(&open);
        let allowed = open.iter().filter(|&&open| open).count() <= p && !(self.table.all && self.uncovered() > 0);
        if !allowed || self.value() <= value {
            self.restart(&before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::optimise::Status;

    /// Rows of 1, 2, 4, 8. Site 0: rows 0 and 1; site 1: rows 2 and 3; site 2: rows 1 and 2; site 3: row 3.
    fn cover() -> CoverTable {
        CoverTable::from_pairs(4, 4, &[(0, 0), (1, 0), (2, 1), (3, 1), (1, 2), (2, 2), (3, 3)]).unwrap()
    }

    #[test]
    fn bacop1_covers_all_then_twice() {
        let cover = cover();
        let problem = Problem {
            cover: &cover,
            weights: &[1, 2, 4, 8],
            fixed: &[false; 4],
            eligible: &[true; 4],
            p: 3,
            goal: Goal::CoverAll,
        };
        // 0 and 1 cover all. The third: site 3 covers row 3 twice (8), site 2 rows 1 and 2 (6).
        let answer = solve(&problem, &Limits::default()).unwrap();
        assert_eq!((answer.chosen, answer.objective, answer.bound), (vec![0, 1, 3], 8, 8));
        assert_eq!(answer.status, Status::Optimal);
        // All four: rows 1, 2, 3 twice: 14. Two: nothing twice. One cannot cover all: at least 2.
        assert_eq!(solve(&Problem { p: 4, ..problem }, &Limits::default()).unwrap().objective, 14);
        assert_eq!(solve(&Problem { p: 2, ..problem }, &Limits::default()).unwrap().objective, 0);
        let Err(Error::Targets(fault)) = solve(&Problem { p: 1, ..problem }, &Limits::default()) else { panic!() };
        assert!(fault.help.unwrap().contains("at least 2 sites"));
    }

    #[test]
    fn bacop2_weighs_both() {
        let cover = cover();
        let problem = |once, twice| Problem {
            cover: &cover,
            weights: &[1, 2, 4, 8],
            fixed: &[false; 4],
            eligible: &[true; 4],
            p: 2,
            goal: Goal::Weighted { once, twice },
        };
        let solve = |once, twice| solve(&problem(once, twice), &Limits::default()).unwrap();
        // Only the first counts: 0 and 1 cover all 15. Only the second: 1 and 3 cover row 3 twice: 8.
        assert_eq!((solve(1, 0).objective, solve(0, 1).objective), (15, 8));
        assert_eq!(solve(0, 1).chosen, [1, 3]);
        // 2 : 1: 30 for all once; 1 and 3: 2 · 12 + 8 = 32; 1 and 2: 2 · 14 + 4 = 32.
        assert_eq!(solve(2, 1).objective, 32);
    }
}
