//! Solving rollouts with side constraints, and the questions that an infeasible ask raises.

use super::side::{Floor, SideConstraints, broken};
use super::side_model::{Goal, seek};
use super::{Phase, Plan, Problem, told};
use crate::error::{Error, Fault, Result};
use crate::optimise::answer::{Answer, Limits, Progress};
use crate::optimise::{max_cover, verify};

/// Solves the joint problem with side constraints: exactly, through one model for HiGHS. Where only floors are asked, the
/// plan without them is sought first; where it keeps them, it is the answer.
///
/// # Errors
/// [`Error::Targets`]: `optimise::fixed` and `optimise::open-by` where the sites that must stand do not fit,
/// `optimise::floors` where no plan keeps the floors, `optimise::time` where the time ran out before one was found.
/// `optimise::side` for senseless constraints, and as [`super::solve`].
pub fn solve_with(problem: &Problem, side: &SideConstraints, limits: &Limits) -> Result<Plan> {
    if side.is_empty() {
        return super::solve(problem, limits);
    }
    problem.check_with(side)?;
    let mut progress = Progress::begin(limits)?;
    let mut most = u64::MAX;
    if side.only_floors() {
        let mut plan = super::solve(problem, limits)?;
        if broken(problem, side, &plan.opened_in).is_empty() {
            plan.steps.push(crate::optimise::ProofStep {
                step: "floors".into(),
                found: "the plan found without the floors keeps all of them".into(),
                at_s: progress.elapsed_s(),
            });
            return Ok(plan);
        }
        most = plan.bound;
        progress.note("without floors", format!("bound {most}, but some floor is not kept"));
    }
    let found = seek(problem, side, Goal::People, &progress)?;
    let Some(mut opened_in) = found.opened_in else {
        return Err(unmet(&progress));
    };
    close_needless(problem, side, &mut opened_in);
    let all: u64 = problem.phases.iter().map(|p| p.multiplier * p.weights.iter().sum::<u64>()).sum();
    let bound = found.bound.unwrap_or(all).min(most).min(all);
    progress.note("highs", format!("{}: bound {bound}", found.told));
    let usable = usable(problem, side);
    let coverable = (0..problem.cover.n_rows()).filter(|&r| problem.cover.is_covered(r, &usable)).count();
    let plan = told(problem, &side.closings(usable.len()), opened_in, bound, coverable, progress);
    verify::phases_with(problem, side, &plan)?;
    Ok(plan)
}

fn unmet(progress: &Progress) -> Error {
    if progress.out_of_time() {
        let time_s = progress.limits.time_limit_s.unwrap_or_default();
        let message = format!("no plan that keeps what is asked was found within {time_s} s");
        let help = "whether there is one is not known; raise the time limit, or ask for less";
        return Error::Targets(Fault::new("optimise::time", message).help(help));
    }
    let message = "no plan reaches the covered weight that is asked for within what may be opened";
    let help = "allow more sites or more budget, or ask for less";
    Error::Targets(Fault::new("optimise::floors", message).help(help))
}

/// One flag a site: whether it may stand in some phase.
fn usable(problem: &Problem, side: &SideConstraints) -> Vec<bool> {
    let mut usable = vec![false; problem.fixed.len()];
    for t in 0..problem.phases.len() {
        usable.iter_mut().zip(side.possible_at(problem, t)).for_each(|(usable, may)| *usable |= may);
    }
    usable
}

/// Keeps every site closed that adds nothing and that nothing asks for; the highest number first.
fn close_needless(problem: &Problem, side: &SideConstraints, opened_in: &mut [Option<u32>]) {
    let closes = side.closings(opened_in.len());
    let objective = |opened_in: &[Option<u32>]| -> u64 {
        let at = |(t, phase): (usize, &Phase)| {
            phase.multiplier * problem.cover.covered_weight(&phase.weights, &super::stands(opened_in, &closes, t))
        };
        problem.phases.iter().enumerate().map(at).sum()
    };
    let best = objective(opened_in);
    for s in (0..opened_in.len()).rev() {
        if opened_in[s].is_none() || problem.fixed[s] || side.due(problem, s).is_some() {
            continue;
        }
        let before = opened_in[s].take();
        if objective(opened_in) < best || !broken(problem, side, opened_in).is_empty() {
            opened_in[s] = before;
        }
    }
}

/// A phase by itself: what must stand in it as fixed sites, everything that may stand by then as allowed.
#[derive(Debug, Clone)]
pub struct Alone {
    fixed: Vec<bool>,
    phases: [Phase; 1],
}

impl Alone {
    /// Phase `t` of a problem, as if any site that may stand in it might be chosen for it alone.
    ///
    /// # Errors
    /// As [`solve_with`] for senseless input; `optimise::phases` where there is no phase `t`.
    pub fn new(problem: &Problem, side: &SideConstraints, t: usize) -> Result<Alone> {
        problem.check_with(side)?;
        let Some(phase) = problem.phases.get(t) else {
            let message = format!("there is no phase {t} (numbered from 0)");
            return Err(Fault::new("optimise::phases", message).help("this is a fault in the caller").into());
        };
        let allowed = side.possible_at(problem, t);
        Ok(Alone { fixed: side.forced_at(problem, t), phases: [Phase { allowed, multiplier: 1, ..phase.clone() }] })
    }

    /// Without its limits of number and budget.
    pub fn unlimited(mut self) -> Alone {
        self.phases[0].open_total = self.fixed.len();
        self.phases[0].budget = None;
        self
    }

    /// With other weights of the rows.
    pub fn weighing(mut self, rows: &[(u32, u64)]) -> Alone {
        self.phases[0].weights.fill(0);
        rows.iter().for_each(|&(r, weight)| self.phases[0].weights[r as usize] = weight);
        self
    }

    /// As a problem over the tables of the one it was made from.
    pub fn problem<'a>(&'a self, of: &Problem<'a>) -> Problem<'a> {
        Problem { cover: of.cover, costs: of.costs, fixed: &self.fixed, phases: &self.phases }
    }

    /// The most covered weight.
    ///
    /// # Errors
    /// As [`max_cover::solve`].
    pub fn most(&self, of: &Problem, limits: &Limits) -> Result<Answer> {
        let phase = &self.phases[0];
        let problem = max_cover::Problem {
            cover: of.cover,
            weights: &phase.weights,
            costs: of.costs,
            fixed: &self.fixed,
            eligible: &phase.allowed,
            p: Some(phase.open_total),
            budget: phase.budget,
        };
        max_cover::solve(&problem, limits)
    }
}

/// What was sought of a set of sites, and the bound on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sought {
    /// One flag a site: what stands in the last phase; none where no plan keeps what is asked, or none was found.
    pub standing: Option<Vec<bool>>,
    /// Its value, recomputed: sites, cost, or floors met.
    pub value: Option<u64>,
    /// No plan does better, where anything was proven.
    pub bound: Option<u64>,
    /// Whether the time ran out.
    pub out_of_time: bool,
}

impl Sought {
    /// Whether the value is proven best.
    pub fn is_proven(&self) -> bool {
        self.value.is_some() && self.value == self.bound
    }
}

/// What is sought by [`best`].
#[derive(Debug, Clone, Copy)]
pub enum Aim<'a> {
    /// Fewest sites in the last phase.
    Fewest,
    /// Least cost of the sites that stand in the last phase.
    Cheapest,
    /// Most of these floors met.
    FloorsMet(&'a [Floor]),
    /// Most of the weight that these floors ask for: Σ min(covered, least).
    Reach(&'a [Floor]),
}

/// The best plan for an aim under the side constraints.
///
/// # Errors
/// As [`solve_with`], but a plan that does not exist is an answer here.
pub fn best(problem: &Problem, side: &SideConstraints, aim: Aim, limits: &Limits) -> Result<Sought> {
    problem.check_with(side)?;
    let progress = Progress::begin(limits)?;
    let goal = match aim {
        Aim::Fewest => Goal::Fewest,
        Aim::Cheapest => Goal::Cheapest,
        Aim::FloorsMet(floors) => Goal::FloorsMet(floors),
        Aim::Reach(floors) => Goal::Reach(floors),
    };
    let found = seek(problem, side, goal, &progress)?;
    let closes = side.closings(problem.fixed.len());
    let at = |opened_in: &[Option<u32>], t: usize| super::stands(opened_in, &closes, t);
    let last = problem.phases.len() - 1;
    let value = found.opened_in.as_ref().map(|opened_in| {
        let standing = at(opened_in, last);
        let held = |floor: &Floor| floor.covered(problem.cover, &at(opened_in, floor.phase as usize)).min(floor.least);
        match aim {
            Aim::Fewest => standing.iter().filter(|&&on| on).count() as u64,
            Aim::Cheapest => problem.costs.iter().zip(&standing).filter(|(_, on)| **on).map(|(c, _)| *c).sum(),
            Aim::FloorsMet(floors) => floors.iter().filter(|f| held(f) == f.least).count() as u64,
            Aim::Reach(floors) => floors.iter().map(held).sum(),
        }
    });
    let bound = match (aim, found.bound, value) {
        (Aim::Fewest | Aim::Cheapest, Some(bound), Some(value)) => Some(bound.min(value)),
        (_, Some(bound), Some(value)) => Some(bound.max(value)),
        (_, bound, _) => bound,
    };
    let standing = found.opened_in.map(|opened_in| at(&opened_in, last));
    Ok(Sought { standing, value, bound, out_of_time: progress.out_of_time() })
}
