//! The plans of all strategies side by side.

use super::{Ground, Settled, count};
use crate::error::{Error, Result};
use crate::rollout::Proof;
use crate::scenario::Strategy;
use crate::units::Persons;

/// The plan of a strategy, phase by phase.
#[derive(Debug, Clone)]
pub struct StrategyPlan {
    /// Which.
    pub strategy: Strategy,
    /// Its phases; why there are none where the strategy cannot give what is asked.
    pub phases: Result<Vec<StrategyPhase>, String>,
}

/// A phase of it.
#[derive(Debug, Clone)]
pub struct StrategyPhase {
    /// Agents that stand at its end.
    pub agents: usize,
    /// People of its scope who are served at its end.
    pub covered: Persons,
    /// Those people times the days until the next phase.
    pub person_days: f64,
    /// What was asked of the solver, and how good the answer is.
    pub proof: Proof,
}

impl StrategyPlan {
    /// People served in scope times days, over all phases; none where there is no such plan.
    pub fn person_days(&self) -> Option<f64> {
        self.phases.as_ref().ok().map(|phases| phases.iter().map(|phase| phase.person_days).sum())
    }
}

/// Settles the phases by every other strategy too.
pub(super) fn compare(ground: &Ground, own: Strategy, settled: &Settled) -> Result<Vec<StrategyPlan>> {
    let mut plans = Vec::new();
    for strategy in Strategy::ALL {
        let phases = if strategy == own {
            Ok(ground.measured(settled))
        } else {
            match ground.settle(strategy) {
                Ok(other) => Ok(ground.measured(&other)),
                // Another strategy may not give what is asked; that is what the comparison is for.
                Err(Error::Targets(fault)) => Err(fault.to_string()),
                Err(other) => return Err(other),
            }
        };
        plans.push(StrategyPlan { strategy, phases });
    }
    Ok(plans)
}

impl Ground<'_> {
    fn measured(&self, settled: &Settled) -> Vec<StrategyPhase> {
        let phase = |(t, (set, proof)): (usize, (&Vec<bool>, &Proof))| {
            let scope = &self.scopes[t];
            let persons = &self.study.row_persons;
            let served = |row: &usize| scope.in_scope[*row] && self.times.cover().is_covered(*row, set);
            let covered: Persons = (0..persons.len()).filter(served).map(|row| persons[row]).sum();
            let person_days = covered.people() * scope.days as f64;
            StrategyPhase { agents: count(set), covered, person_days, proof: proof.clone() }
        };
        settled.sets.iter().zip(&settled.proofs).enumerate().map(phase).collect()
    }
}
