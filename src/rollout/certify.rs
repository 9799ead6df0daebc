//! The problems that a rollout was chosen by, kept so that their proofs can be written down and checked by others.

use std::ops::Range;

use super::{Rollout, solve};
use crate::error::Result;
use crate::optimise::certificate::{Certificate, Effort, of_phases, of_set_cover};
use crate::optimise::{Answer, ProofStep, Status, phases, set_cover};
use crate::study::Study;

/// A problem as it was given to the optimiser, and what came of it. Sites and rows are those of the study.
#[derive(Debug, Clone)]
pub struct Statement {
    /// The phases of the scenario that it decides.
    pub phases: Range<usize>,
    /// What was asked.
    pub asked: Asked,
    /// Sites that stood before.
    pub fixed: Vec<bool>,
    /// The cost of each site; all 1 where sites are counted.
    pub costs: Vec<u64>,
    /// Sites, or thousandths of a person times days.
    pub objective: u64,
    /// What no plan can beat.
    pub bound: u64,
    /// The distance between the two as a share of the larger.
    pub gap: f64,
    /// What is known of the answer.
    pub status: Status,
    /// How it was found and proved.
    pub steps: Vec<ProofStep>,
    /// Wall-clock seconds.
    pub time_s: f64,
}

/// What was asked of the optimiser.
#[derive(Debug, Clone)]
pub enum Asked {
    /// The most people, weighed by days, over one or several phases; one entry a phase.
    MostPeople(Vec<phases::Phase>),
    /// The fewest sites that serve everyone in scope whom one can serve; with the sites that may open.
    FewestForAll(Vec<bool>),
}

impl Statement {
    /// A problem over phases and its answer.
    pub(super) fn most_people(phases: Range<usize>, problem: &phases::Problem, plan: &phases::Plan) -> Self {
        Statement {
            phases,
            asked: Asked::MostPeople(problem.phases.to_vec()),
            fixed: problem.fixed.to_vec(),
            costs: problem.costs.to_vec(),
            objective: plan.objective,
            bound: plan.bound,
            gap: plan.gap,
            status: plan.status,
            steps: plan.steps.clone(),
            time_s: plan.time_s,
        }
    }

    /// A set covering problem and its answer.
    pub(super) fn fewest_for_all(phase: usize, problem: &set_cover::Problem, answer: &Answer) -> Self {
        Statement {
            phases: phase..phase + 1,
            asked: Asked::FewestForAll(problem.eligible.to_vec()),
            fixed: problem.fixed.to_vec(),
            costs: problem.costs.to_vec(),
            objective: answer.objective,
            bound: answer.bound,
            gap: answer.gap,
            status: answer.status,
            steps: answer.steps.clone(),
            time_s: answer.time_s,
        }
    }
}

/// Multipliers for every problem of a rollout, in their order.
///
/// # Errors
/// The cover sets of the study are not in order (an internal fault).
pub fn certify(study: &Study, plan: &Rollout) -> Result<Vec<Certificate>> {
    let certify = |statement: &Statement| {
        let (fixed, costs) = (&statement.fixed, &statement.costs);
        Ok(match &statement.asked {
            Asked::MostPeople(phases) => {
                let cover = solve::cover_table(study, |_| true)?;
                let problem = phases::Problem { cover: &cover, costs, fixed, phases };
                of_phases(&problem, statement.objective, Effort::default())
            }
            Asked::FewestForAll(eligible) => {
                let in_scope = &plan.phases[statement.phases.start].in_scope;
                let cover = solve::cover_table(study, |row| in_scope[row])?;
                let problem = set_cover::Problem { cover: &cover, costs, fixed, eligible };
                of_set_cover(&problem, statement.objective, Effort::default())
            }
        })
    };
    plan.problems.iter().map(certify).collect()
}
