//! The problems that a rollout was chosen by, kept so that their proofs can be written down and checked by others.

use std::borrow::Cow;
use std::ops::Range;

use super::{Rollout, solve};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::optimise::certificate::{Certificate, Effort, of_phases, of_set_cover};
use crate::optimise::{Answer, ProofStep, Status, phases, set_cover};
use crate::stages::meter;
use crate::study::Study;

/// A problem as it was given to the optimiser, and what came of it. Sites and rows are those of the study.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Statement {
    /// The phases of the scenario that it decides.
    pub phases: Range<usize>,
    /// What was asked.
    pub asked: Asked,
    /// What was asked beside it, in words. The answer keeps it; multipliers leave it out, so what they prove holds with it
    /// all the more.
    pub also: Vec<String>,
    /// Why there are no multipliers for it, where there are none.
    pub no_multipliers: Option<Cow<'static, str>>,
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

/// Phases whose problem is not stated: another form of proof would be needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unstated {
    /// The phases of the scenario that it decides.
    pub phases: Range<usize>,
    /// What stands in the way.
    pub kind: UnstatedKind,
}

/// What a problem is for which no multipliers are sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnstatedKind {
    /// The worst boundary first, level by level.
    WorstFirst,
    /// One phase after another, forwards or backwards.
    Strategy,
    /// The worst of several cases.
    Robust,
}

impl UnstatedKind {
    /// As in `proof.json`.
    pub fn as_str(self) -> &'static str {
        match self {
            UnstatedKind::WorstFirst => "worst-first",
            UnstatedKind::Strategy => "strategy",
            UnstatedKind::Robust => "robust",
        }
    }

    /// Why there are no multipliers.
    pub fn why(self) -> &'static str {
        match self {
            UnstatedKind::WorstFirst => {
                "no multipliers: the worst boundary goes first, most people are served only then"
            }
            UnstatedKind::Strategy => "no multipliers: the phases are solved one after another",
            UnstatedKind::Robust => "no multipliers: the people served in the worst of several cases count",
        }
    }
}

/// All that was asked of the optimiser.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Problems {
    /// What is stated in full, in the order of the phases.
    pub stated: Vec<Statement>,
    /// The rest.
    pub unstated: Vec<Unstated>,
}

/// What was asked of the optimiser.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
            also: Vec::new(),
            no_multipliers: None,
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
            also: Vec::new(),
            no_multipliers: None,
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

/// Multipliers for every problem of a rollout that is stated, in their order; none where it says why.
///
/// # Errors
/// The cover sets of the study are not in order (an internal fault).
pub fn certify(study: &Study, plan: &Rollout) -> Result<Vec<Option<Certificate>>> {
    let certify = |(i, statement): (usize, &Statement)| {
        meter::say(format!("proof {} of {}", i + 1, plan.problems.stated.len()));
        if statement.no_multipliers.is_some() {
            return Ok(None);
        }
        let (fixed, costs) = (&statement.fixed, &statement.costs);
        Ok(Some(match &statement.asked {
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
        }))
    };
    plan.problems.stated.iter().enumerate().map(certify).collect()
}
