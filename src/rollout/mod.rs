//! The rollout: which sites open in which phase, proved, ordered and explained.
//!
//! Phases that open for most people are solved together as one joint nested problem, weighing people by the days until
//! the next phase. A phase that opens the fewest sites for all, or lifts the worst-off boundary first, is solved with what
//! already stands kept open.

pub mod capacity;
pub mod certify;
pub mod equity;
pub mod explain;
pub mod frontier;
pub mod groups;
pub mod indicators;
mod robust;
pub mod sensitivity;
mod solve;
#[cfg(test)]
mod tests;
pub mod today;
pub mod uncovered;

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::error::{Fault, Result};
use crate::optimise::cover::open_flags;
use crate::stages::checkpoint::Keep;
use crate::stages::meter;
use crate::study::Study;
use crate::units::Persons;

pub use indicators::{AreaIndicators, PhaseIndicators, RowState};
pub use solve::{StrategyPhase, StrategyPlan, check_phases};
pub use uncovered::UncoveredPlace;

/// The plan of a study.
pub struct Rollout {
    /// One entry for each phase of the scenario.
    pub phases: Vec<PhasePlan>,
    /// Agents in the order of their opening, fixed sites first.
    pub agents: Vec<Agent>,
    /// Counters, waits and loads, where the scenario asks for them.
    pub capacity: Option<capacity::Capacity>,
    /// What was asked of the optimiser; phases that open nothing alone ask nothing.
    pub problems: certify::Problems,
    /// What the offices of today do by themselves; `None` without any.
    pub today: Option<today::Today>,
    /// Who is not served at the end, grouped into places, most people first.
    pub uncovered: Vec<UncoveredPlace>,
    /// The plans of all strategies, where the scenario asks to compare them; else empty.
    pub strategies: Vec<StrategyPlan>,
}

/// What a phase comes to.
pub struct PhasePlan {
    /// Sites that stand at its end, ascending.
    pub open: Vec<u32>,
    /// Sites that open in it, in the order of their opening.
    pub opened: Vec<u32>,
    /// How good the choice is.
    pub proof: Proof,
    /// Which demand rows it is judged by.
    pub in_scope: Vec<bool>,
    /// How each demand row fares at its end.
    pub rows: Vec<RowState>,
    /// Its indicators for the whole study area and for its scope.
    pub indicators: PhaseIndicators,
    /// How the members of each group of the study fare.
    pub groups: Vec<groups::GroupIndicators>,
}

/// The proof of a phase's choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// What was asked of the solver.
    pub problem: Cow<'static, str>,
    /// Unit of `objective` and `bound`: `sites`, `people`, `person-days`, `weighted …` where groups have weights.
    pub unit: Cow<'static, str>,
    /// What the plan reaches; of all phases solved together where they are.
    pub objective: f64,
    /// What no plan can beat.
    pub bound: f64,
    /// The distance between the two as a share of the larger.
    pub gap: f64,
    /// `optimal`, `gap_reached`, `time_limit`, `unproven`, or `nothing_to_open`.
    pub status: Cow<'static, str>,
    /// The best that this phase could reach if it did not have to keep what earlier phases opened: people covered, or
    /// sites needed. The difference is the price of nesting.
    pub alone_bound: Option<f64>,
    /// What was proved by which step.
    pub steps: Vec<String>,
}

/// A chosen site.
#[derive(Debug, Clone)]
pub struct Agent {
    /// Index of the site.
    pub site: u32,
    /// Index of the phase in which it opens; fixed sites stand from the first on.
    pub phase: usize,
    /// Index of the phase from whose start on it stands no more.
    pub closes: Option<usize>,
    /// Position in the order of opening, from 1; fixed sites share 0.
    pub order: u32,
    /// People whom no earlier agent serves.
    pub persons_marginal: Persons,
    /// People served by it and all before it.
    pub persons_cumulative: Persons,
    /// People whom no other agent serves at the end of the last phase.
    pub persons_only: Persons,
    /// People to whom it is the nearest agent at the end of the last phase: its load.
    pub persons_nearest: Persons,
}

impl Rollout {
    /// Solves a study.
    ///
    /// # Errors
    /// A scope matches nothing, the solver fails; [`crate::error::Error::Targets`] where the phases ask for what cannot be
    /// had, with what could be.
    pub fn solve(study: &Study) -> Result<Rollout> {
        Self::solve_keeping(study, Keep::NOTHING)
    }

    /// As [`Rollout::solve`], each block of phases that takes long being kept.
    ///
    /// # Errors
    /// As [`Rollout::solve`].
    pub fn solve_keeping(study: &Study, keep: Keep) -> Result<Rollout> {
        let (choices, problems, strategies) = solve::choose(study, keep)?;
        let opened: BTreeSet<u32> = choices.iter().flat_map(|c| c.open.iter().copied()).collect();
        meter::say("checking by a second search");
        let served = indicators::served_under_all_speeds(study, &opened);
        let mut phases = Vec::with_capacity(choices.len());
        for choice in choices {
            let rows = indicators::row_states(study, &choice.open, &served);
            check_against_cover(study, &choice.open, &rows)?;
            let indicators = indicators::of_phase(study, &choice.open, &rows, &choice.in_scope, &choice.site_in_scope);
            let groups = groups::of_groups(study, &rows);
            let solve::Choice { open, opened, proof, in_scope, .. } = choice;
            phases.push(PhasePlan { open, opened, proof, in_scope, rows, indicators, groups });
        }
        meter::say("agents and counters");
        let agents = explain::agents(study, &phases);
        let uncovered = phases.last().map_or(Vec::new(), |last| uncovered::places(study, last));
        let capacity = capacity::of_plan(study, &phases)?;
        let today = today::today(study);
        Ok(Rollout { phases, agents, capacity, problems, today, uncovered, strategies })
    }
}

/// Verifies coverage by two computations that share no code: the cover sets that the optimiser saw, found site by site,
/// and the nearest agent of each row, found by one search from all agents together.
fn check_against_cover(study: &Study, open: &[u32], rows: &[RowState]) -> Result<()> {
    let is_open = open_flags(study.sites.len(), open);
    for (row, state) in rows.iter().enumerate() {
        let by_sets = study.cover.row(row).iter().any(|p| is_open[p.site as usize]);
        if by_sets != state.covered {
            let cell = row / study.modes.len();
            let message =
                format!("the plan's coverage of demand row {row} (cell {cell}) does not stand up to verification");
            return Err(Fault::new("internal::verify", message)
                .help("nothing was written; please report this with the scenario")
                .into());
        }
    }
    Ok(())
}
