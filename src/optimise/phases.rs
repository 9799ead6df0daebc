//! Nested maximal covering over several phases, as one joint problem.
//!
//! maximise Σ_t multiplier_t · Σ_i weight_{i,t} · y_{i,t}  subject to
//! y_{i,t} ≤ Σ_{j serves i} x_{j,t};  x_{j,t} ≥ x_{j,t−1}, equal where j may not be opened in t;
//! Σ_j x_{j,t} ≤ open_total_t;  Σ_j cost_j · x_{j,t} ≤ budget_t;  x_{j,t} = 1 for fixed sites;  x binary, 0 ≤ y ≤ 1.
//!
//! [`SideConstraints`] ask for more: sites that must stand, sites that close, floors of covered weight ([`solve_with`]).
//!
//! Before the model is built, phases in which nothing may be opened join the one before them, each phase's rows merge
//! over the sites that can be open by then, rows of fixed sites become a constant, and a row that a single site serves
//! becomes part of that site's gain.

pub mod side;
mod side_model;
mod side_solve;

use serde::{Deserialize, Serialize};

use super::answer::{Answer, Limits, Progress, ProofStep, Sense, Status};
use super::benders;
use super::cover::CoverTable;
use super::phase_search::{NEVER, Search, Stage};
use super::reduce::{self, NO_CLASS};
use super::set_cover::{check_lengths, check_total};
use super::{LARGEST_TOTAL, max_cover, verify};
use crate::error::{Error, Fault, Result};

pub use side::{Count, Floor, SideConstraints};
pub use side_solve::{Aim, Alone, Sought, best, solve_with};

/// One phase of a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// The weight of each row in this phase, 0 for rows outside its scope.
    pub weights: Vec<u64>,
    /// What one unit of covered weight is worth in this phase: the days it lasts, say.
    pub multiplier: u64,
    /// Sites that may be opened in this phase, one flag a site. Ignored for fixed sites.
    pub allowed: Vec<bool>,
    /// The most sites open by the end of the phase, fixed ones included. Must not fall from phase to phase.
    pub open_total: usize,
    /// The most that all open sites may cost, fixed ones included; must not fall from phase to phase.
    pub budget: Option<u64>,
}

/// A rollout problem.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// Which sites serve which rows.
    pub cover: &'a CoverTable,
    /// The cost of each site; only budgets look at it.
    pub costs: &'a [u64],
    /// Sites open from the start.
    pub fixed: &'a [bool],
    /// The phases in order of time, at least one.
    pub phases: &'a [Phase],
}

/// The answer to a rollout problem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// For each site, the phase in which it opens (0 for fixed ones), or none.
    pub opened_in: Vec<Option<u32>>,
    /// For each site that opens, the phase from which on it stands no more, or none.
    pub closes_in: Vec<Option<u32>>,
    /// The covered weight of each phase, without its multiplier.
    pub covered: Vec<u64>,
    /// Σ multiplier · covered.
    pub objective: u64,
    /// No plan can do better than this.
    pub bound: u64,
    /// (bound − objective) / bound, 0 where both are 0.
    pub gap: f64,
    /// What is known of the plan.
    pub status: Status,
    /// Rows that some site can serve in some phase.
    pub coverable_rows: usize,
    /// The other rows.
    pub uncoverable_rows: usize,
    /// How it was found and proved.
    pub steps: Vec<ProofStep>,
    /// Wall-clock seconds.
    pub time_s: f64,
}

impl Plan {
    /// The sites open in phase `t`, ascending.
    pub fn open_at(&self, t: usize) -> Vec<u32> {
        (0_u32..).zip(stands(&self.opened_in, &self.closes_in, t)).filter(|(_, on)| *on).map(|(s, _)| s).collect()
    }
}

impl Problem<'_> {
    fn check(&self) -> Result<()> {
        self.check_sizes(false)?;
        self.check_fixed()
    }

    /// As [`Problem::check`], with side constraints. Where sites close, totals may fall.
    fn check_with(&self, side: &SideConstraints) -> Result<()> {
        self.check_sizes(side.closes_in.iter().any(Option::is_some))?;
        side.check(self)
    }

    fn check_sizes(&self, totals_may_fall: bool) -> Result<()> {
        let n = self.cover.n_sites();
        check_lengths(n, &[("costs", self.costs.len()), ("fixed", self.fixed.len())])?;
        check_total("costs", self.costs.iter().copied())?;
        let bad = |message: String, help: &str| Error::from(Fault::new("optimise::phases", message).help(help));
        if self.phases.is_empty() {
            return Err(bad("there is no phase".into(), "give at least one"));
        }
        let mut total = 0_u128;
        for (t, phase) in self.phases.iter().enumerate() {
            check_lengths(n, &[("flags `allowed`", phase.allowed.len())])?;
            check_lengths(self.cover.n_rows(), &[("weights", phase.weights.len())])?;
            total += phase.weights.iter().map(|&w| u128::from(w)).sum::<u128>() * u128::from(phase.multiplier);
            let falls = !totals_may_fall
                && t > 0
                && (phase.open_total < self.phases[t - 1].open_total
                    || phase.budget.unwrap_or(u64::MAX) < self.phases[t - 1].budget.unwrap_or(u64::MAX));
            if falls {
                let message = format!("phase {} allows fewer sites or less money than the one before it", t + 1);
                return Err(bad(message, "totals count from the start, and open sites stay open: they must not fall"));
            }
        }
        if total > u128::from(LARGEST_TOTAL) {
            let message = format!("weights times multipliers add up to {total}");
            return Err(Fault::new("optimise::total", message).help(format!("at most {LARGEST_TOTAL}")).into());
        }
        Ok(())
    }

    /// The fixed sites alone must fit into the first phase.
    fn check_fixed(&self) -> Result<()> {
        let fixed = self.fixed.iter().filter(|&&fixed| fixed).count();
        let cost: u64 = self.costs.iter().zip(self.fixed).filter(|(_, fixed)| **fixed).map(|(&cost, _)| cost).sum();
        let first = &self.phases[0];
        if fixed > first.open_total {
            let message = format!("{fixed} sites are fixed, but only {} may be open", first.open_total);
            let help = format!("the number counts the fixed sites: allow at least {fixed}");
            return Err(Error::Targets(Fault::new("optimise::fixed", message).help(help)));
        }
        if let Some(budget) = first.budget.filter(|&budget| cost > budget) {
            let message = format!("the fixed sites cost {cost} in all, but the budget is {budget}");
            let help = format!("the budget counts the fixed sites (in the units of the cost): allow at least {cost}");
            return Err(Error::Targets(Fault::new("optimise::fixed", message).help(help)));
        }
        Ok(())
    }

    /// Runs of phases that share their open sites: each begins with a phase in which something may open.
    fn runs(&self) -> Vec<std::ops::Range<usize>> {
        let opens = |t: usize| (0..self.fixed.len()).any(|s| self.phases[t].allowed[s] && !self.fixed[s]);
        let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
        for t in 0..self.phases.len() {
            match runs.last_mut() {
                Some(run) if !opens(t) => run.end = t + 1,
                _ => runs.push(t..t + 1),
            }
        }
        runs
    }
}

/// Solves the joint problem.
///
/// # Errors
/// [`Error::Targets`] with code `optimise::fixed` where the fixed sites do not fit; `optimise::phases`,
/// `optimise::size`, `optimise::total`, `optimise::limits` for senseless input; `optimise::solver` and
/// `optimise::verify` for faults of our own.
pub fn solve(problem: &Problem, limits: &Limits) -> Result<Plan> {
    problem.check()?;
    let mut progress = Progress::begin(limits)?;
    let runs = problem.runs();
    let (stages, constant, coverable_rows) = stages(problem, &runs, &mut progress);
    let (slots, bound) = solve_stages(&stages, problem.costs, constant, &mut progress)?;
    let opened_in: Vec<Option<u32>> = (0..problem.fixed.len())
        .map(|s| match slots[s] {
            _ if problem.fixed[s] => Some(0),
            NEVER => None,
            stage => Some(runs[stage].start as u32),
        })
        .collect();
    let plan = told(problem, &vec![None; problem.fixed.len()], opened_in, bound, coverable_rows, progress);
    verify::phases(problem, &plan)?;
    Ok(plan)
}

/// Solves the nested stages without further constraints. Returns the stage in which each site opens, and the bound on
/// the covered weight of all stages together with `constant`, which fixed sites cover.
fn solve_stages(stages: &[Stage], costs: &[u64], constant: u64, progress: &mut Progress) -> Result<(Vec<usize>, u64)> {
    let mut search = Search::new(stages, costs);
    search.greedy(&|| progress.out_of_time());
    let greedy = constant + search.objective();
    search.exchange(&|| progress.out_of_time());
    let exchanged = constant + search.objective();
    let most = constant + stages.iter().map(|stage| stage.weights.iter().sum::<u64>()).sum::<u64>();
    progress.note("search", format!("greedy {greedy}, after exchanges {exchanged}"));

    let mut bound = most;
    if exchanged < most && !progress.out_of_time() {
        bound = most.min(constant + benders::solve(stages, costs, &mut search, progress)?);
    }
    search.close_needless();
    Ok((search.slots().to_vec(), bound))
}

/// The plan with its objective recomputed on the raw rows.
fn told(
    problem: &Problem,
    closes_in: &[Option<u32>],
    opened_in: Vec<Option<u32>>,
    bound: u64,
    coverable_rows: usize,
    progress: Progress,
) -> Plan {
    let closes_in: Vec<_> = closes_in.iter().zip(&opened_in).map(|(c, o)| c.filter(|_| o.is_some())).collect();
    let covered: Vec<u64> = (0..problem.phases.len())
        .map(|t| problem.cover.covered_weight(&problem.phases[t].weights, &stands(&opened_in, &closes_in, t)))
        .collect();
    let objective = problem.phases.iter().zip(&covered).map(|(phase, covered)| phase.multiplier * covered).sum();
    let (bound, gap, status) = progress.judge(Sense::Maximise, objective, bound);
    let (steps, time_s) = progress.finish();
    let uncoverable_rows = problem.cover.n_rows() - coverable_rows;
    Plan {
        opened_in,
        closes_in,
        covered,
        objective,
        bound,
        gap,
        status,
        coverable_rows,
        uncoverable_rows,
        steps,
        time_s,
    }
}

/// One flag a site: whether it stands in phase `t`.
fn stands(opened_in: &[Option<u32>], closes_in: &[Option<u32>], t: usize) -> Vec<bool> {
    let stands =
        |(o, c): (&Option<u32>, &Option<u32>)| o.is_some_and(|o| o as usize <= t) && c.is_none_or(|c| t < c as usize);
    opened_in.iter().zip(closes_in).map(stands).collect()
}

/// Solves phase `t` alone, as if nothing had been opened before it but any site allowed until then might have been: no
/// plan covers more in that phase than this answer's bound. The objective is covered weight, without the multiplier.
///
/// # Errors
/// As [`solve`]; `optimise::phases` where there is no phase `t`.
pub fn solve_alone(problem: &Problem, t: usize, limits: &Limits) -> Result<Answer> {
    problem.check()?;
    let Some(phase) = problem.phases.get(t) else {
        let message = format!("there is no phase {t} (numbered from 0)");
        return Err(Fault::new("optimise::phases", message).help("this is a fault in the caller").into());
    };
    let eligible: Vec<bool> =
        (0..problem.fixed.len()).map(|s| problem.phases[..=t].iter().any(|phase| phase.allowed[s])).collect();
    let alone = max_cover::Problem {
        cover: problem.cover,
        weights: &phase.weights,
        costs: problem.costs,
        fixed: problem.fixed,
        eligible: &eligible,
        p: Some(phase.open_total),
        budget: phase.budget,
    };
    max_cover::solve(&alone, limits)
}

/// The merged table of each run of phases, what the fixed sites cover in all of them, and the number of coverable rows.
fn stages(problem: &Problem, runs: &[std::ops::Range<usize>], progress: &mut Progress) -> (Vec<Stage>, u64, usize) {
    let n = problem.fixed.len();
    // The value of a row in each run; then rows merge once over all usable sites, and again in each stage.
    let values: Vec<Vec<u64>> = runs
        .iter()
        .map(|run| {
            let value = |r: usize| problem.phases[run.clone()].iter().map(|p| p.multiplier * p.weights[r]).sum();
            (0..problem.cover.n_rows()).map(value).collect()
        })
        .collect();
    let usable: Vec<bool> =
        (0..n).map(|s| problem.fixed[s] || problem.phases.iter().any(|phase| phase.allowed[s])).collect();
    let vectors: Vec<&[u64]> = values.iter().map(Vec::as_slice).collect();
    let merged = reduce::merge(problem.cover, &vectors, &usable);
    let coverable_rows = merged.class_of.iter().filter(|&&class| class != NO_CLASS).count();

    let n_fixed = problem.fixed.iter().filter(|&&fixed| fixed).count();
    let fixed_cost: u64 = (0..n).filter(|&s| problem.fixed[s]).map(|s| problem.costs[s]).sum();
    let mut constant = 0;
    let mut reachable = vec![false; n];
    let mut stages = Vec::new();
    for (run, values) in runs.iter().zip(&merged.weights) {
        let allowed: Vec<bool> = (0..n).map(|s| problem.phases[run.start].allowed[s] && !problem.fixed[s]).collect();
        reachable.iter_mut().zip(&allowed).for_each(|(reachable, &allowed)| *reachable |= allowed);
        let mut left = values.clone();
        for (class, row) in merged.cover.rows().enumerate() {
            if row.iter().any(|&s| problem.fixed[s as usize]) {
                constant += left[class];
                left[class] = 0;
            }
        }
        let again = reduce::merge(&merged.cover, &[&left], &reachable);
        let kept: Vec<usize> = (0..again.cover.n_rows()).filter(|&c| again.weights[0][c] > 0).collect();
        stages.push(Stage {
            cover: CoverTable::from_rows(kept.iter().map(|&c| again.cover.row(c)), n),
            weights: kept.iter().map(|&c| again.weights[0][c]).collect(),
            allowed,
            // Totals never fall, so the first phase of a run is the tightest, and `check` has seen to the fixed ones.
            may_open: problem.phases[run.start].open_total - n_fixed,
            may_spend: problem.phases[run.start].budget.map(|budget| budget - fixed_cost),
        });
    }
    let sizes: Vec<String> = stages.iter().map(|stage| stage.cover.n_rows().to_string()).collect();
    let n_rows = problem.cover.n_rows();
    let n_classes = merged.cover.n_rows();
    progress.note("merge", format!("{n_rows} rows in {n_classes} classes; {} a stage", sizes.join(", ")));
    (stages, constant, coverable_rows)
}

#[cfg(test)]
mod tests;
