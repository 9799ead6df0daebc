//! Phases one after another, as plans are often made, to be compared with the joint plan: what each costs is the price of
//! not looking at all phases together.

use super::answer::{Answer, Limits, ProofStep, Status};
use super::phases::{self, Count, Floor, Phase, Problem, SideConstraints};
use crate::error::Result;

/// One phase of a plan that was made phase by phase.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// One flag a site: whether it stands in the phase.
    pub standing: Vec<bool>,
    /// The covered weight of the phase.
    pub covered: u64,
    /// The most that the phase could have covered, given what was decided before it.
    pub bound: u64,
    /// (bound − covered) / bound, 0 where both are 0.
    pub gap: f64,
    /// What is known of the phase's choice.
    pub status: Status,
    /// How it was found and proved.
    pub steps: Vec<ProofStep>,
}

impl Step {
    fn of(standing: Vec<bool>, answer: Answer) -> Step {
        let Answer { objective, bound, gap, status, steps, .. } = answer;
        Step { standing, covered: objective, bound, gap, status, steps }
    }
}

/// From the first phase to the last: each takes most weight by itself, keeping what stands.
///
/// # Errors
/// As [`phases::solve_with`]; a phase may ask for what the choices before it have made impossible.
pub fn greedy(problem: &Problem, side: &SideConstraints, limits: &Limits) -> Result<Vec<Step>> {
    let n = problem.fixed.len();
    let mut standing = problem.fixed.to_vec();
    let mut steps: Vec<Step> = Vec::new();
    for (t, phase) in problem.phases.iter().enumerate() {
        let stays = |s: usize| side.closes_in.get(s).copied().flatten().is_none_or(|closes| t < closes as usize);
        let due = |s: usize| side.due(problem, s) == Some(t);
        let fixed: Vec<bool> = (0..n).map(|s| (standing[s] || due(s)) && stays(s)).collect();
        let allowed = (0..n).map(|s| phase.allowed[s] && stays(s)).collect();
        let alone = [Phase { allowed, multiplier: 1, ..phase.clone() }];
        let alone = Problem { fixed: &fixed, phases: &alone, ..*problem };
        let plan = phases::solve_with(&alone, &of_phase(side, t as u32), limits)?;
        plan.opened_in.iter().zip(&mut standing).for_each(|(opened, standing)| *standing = opened.is_some());
        steps.push(Step::of(standing.clone(), answer(plan)));
    }
    Ok(steps)
}

/// From the last phase to the first: the last takes most weight over all plans there are, each earlier one over all plans
/// that end in what was taken.
///
/// # Errors
/// As [`phases::solve_with`].
pub fn backward(problem: &Problem, side: &SideConstraints, limits: &Limits) -> Result<Vec<Step>> {
    let n = problem.fixed.len();
    let mut later: Option<Vec<bool>> = None;
    let mut steps: Vec<Step> = Vec::new();
    for t in (0..problem.phases.len()).rev() {
        let mut asked = side.clone();
        asked.floors.retain(|floor| floor.phase as usize <= t);
        asked.counts.retain(|count| count.floors.first().is_none_or(|floor| floor.phase as usize <= t));
        let clip = |list: &mut Vec<Option<u32>>| list.iter_mut().for_each(|at| *at = at.filter(|&at| at as usize <= t));
        clip(&mut asked.open_by);
        clip(&mut asked.closes_in);
        let mut phases: Vec<Phase> = problem.phases[..=t].to_vec();
        phases.iter_mut().take(t).for_each(|phase| phase.weights.fill(0));
        phases[t].multiplier = 1;
        if let Some(later) = &later {
            // A site that has closed by then says nothing of whether it stood before.
            let gone = |s: usize| side.closes_in.get(s).copied().flatten().is_some_and(|at| at as usize <= t + 1);
            for s in (0..n).filter(|&s| !later[s] && !gone(s)) {
                phases.iter_mut().for_each(|phase| phase.allowed[s] = false);
            }
            // What stands in the next phase but may not open in it must stand already.
            let early = |s: &usize| later[*s] && !problem.fixed[*s] && !problem.phases[t + 1].allowed[*s];
            let early: Vec<usize> = (0..n).filter(early).collect();
            if !early.is_empty() && asked.open_by.is_empty() {
                asked.open_by = vec![None; n];
            }
            for s in early {
                asked.open_by[s] = Some(asked.open_by[s].unwrap_or(u32::MAX).min(t as u32));
            }
        }
        let plan = phases::solve_with(&Problem { phases: &phases, ..*problem }, &asked, limits)?;
        let mut standing = vec![false; n];
        plan.open_at(t).iter().for_each(|&s| standing[s as usize] = true);
        later = Some(standing.clone());
        steps.push(Step::of(standing, answer(plan)));
    }
    steps.reverse();
    Ok(steps)
}

/// A plan of which only one phase counts.
fn answer(plan: phases::Plan) -> Answer {
    Answer {
        chosen: Vec::new(),
        objective: plan.objective,
        bound: plan.bound,
        gap: plan.gap,
        status: plan.status,
        coverable_rows: plan.coverable_rows,
        uncoverable_rows: plan.uncoverable_rows,
        steps: plan.steps,
        time_s: plan.time_s,
    }
}

/// The floors of a phase, for the phase by itself.
fn of_phase(side: &SideConstraints, t: u32) -> SideConstraints {
    let own = |floor: &Floor| (floor.phase == t).then(|| Floor { phase: 0, ..floor.clone() });
    let count = |count: &Count| {
        let floors: Vec<Floor> = count.floors.iter().filter_map(own).collect();
        (!floors.is_empty()).then_some(Count { floors, at_least: count.at_least })
    };
    SideConstraints {
        floors: side.floors.iter().filter_map(own).collect(),
        counts: side.counts.iter().filter_map(count).collect(),
        ..SideConstraints::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::CoverTable;

    /// Rows of weight 4, 4, 3, 3; site 0 serves rows 0 and 1 (8), sites 1 and 2 serve rows 0, 2 (7) and 1, 3 (7).
    fn cover() -> CoverTable {
        CoverTable::from_pairs(4, 3, &[(0, 0), (1, 0), (0, 1), (2, 1), (1, 2), (3, 2)]).unwrap()
    }

    #[test]
    fn each_strategy_by_hand() {
        let cover = cover();
        let phase = |open_total, multiplier| Phase {
            weights: vec![4, 4, 3, 3],
            multiplier,
            allowed: vec![true; 3],
            open_total,
            budget: None,
        };
        let sum = |steps: &[Step], phases: &[Phase]| -> u64 {
            steps.iter().zip(phases).map(|(step, phase)| step.covered * phase.multiplier).sum()
        };
        let none = SideConstraints::default();
        // One site for 1 day, then two for 5: greedy takes site 0 (8), then 8 + 3: 8 + 55 = 63. Backward takes sites 1 and
        // 2 (14) last, either (7) first: 7 + 70 = 77, which is the joint optimum too.
        let phases = [phase(1, 1), phase(2, 5)];
        let problem = Problem { cover: &cover, costs: &[1; 3], fixed: &[false; 3], phases: &phases };
        assert_eq!(sum(&greedy(&problem, &none, &Limits::default()).unwrap(), &phases), 63);
        assert_eq!(sum(&backward(&problem, &none, &Limits::default()).unwrap(), &phases), 77);
        assert_eq!(phases::solve(&problem, &Limits::default()).unwrap().objective, 77);
        // 5 days, then 1: greedy 40 + 11 = 51, backward 35 + 14 = 49.
        let phases = [phase(1, 5), phase(2, 1)];
        let problem = Problem { phases: &phases, ..problem };
        assert_eq!(sum(&greedy(&problem, &none, &Limits::default()).unwrap(), &phases), 51);
        assert_eq!(sum(&backward(&problem, &none, &Limits::default()).unwrap(), &phases), 49);
    }

    #[test]
    fn backward_keeps_what_may_not_open_later() {
        let cover = cover();
        // Site 0 may open at first only, sites 1 and 2 at last only, two in all: 1 and 2 give 14, 0 and 1 give 11.
        let phase = |allowed: [bool; 3], open_total| Phase {
            weights: vec![4, 4, 3, 3],
            multiplier: 1,
            allowed: allowed.to_vec(),
            open_total,
            budget: None,
        };
        let phases = [phase([true, false, false], 1), phase([false, true, true], 2)];
        let problem = Problem { cover: &cover, costs: &[1; 3], fixed: &[false; 3], phases: &phases };
        let steps = backward(&problem, &SideConstraints::default(), &Limits::default()).unwrap();
        assert_eq!(steps.iter().map(|s| s.covered).collect::<Vec<_>>(), [0, 14]);
        // Site 0 must stand at the end: then it stands from the first phase on, 8, and 8 + 3 at last.
        let side = SideConstraints { open_by: vec![Some(1), None, None], ..SideConstraints::default() };
        let steps = backward(&problem, &side, &Limits::default()).unwrap();
        assert_eq!(steps.iter().map(|s| s.covered).collect::<Vec<_>>(), [8, 11]);
    }
}
