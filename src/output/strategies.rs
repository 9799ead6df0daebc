//! `strategies.parquet`, and what the manifest and the summary say of the same.

use serde_json::{Value, json};

use super::table::Values;
use crate::rollout::{Rollout, StrategyPhase, StrategyPlan};
use crate::study::Study;

/// The rows of the table: those of the strategies that have a plan.
pub(super) fn rows(study: &Study, plan: &Rollout) -> Vec<Values> {
    let own = study.scenario.solve.strategy;
    let mut rows: Vec<(&StrategyPlan, usize, &StrategyPhase)> = Vec::new();
    for strategy in &plan.strategies {
        rows.extend(strategy.phases.iter().flatten().enumerate().map(|(t, phase)| (strategy, t, phase)));
    }
    vec![
        Values::text(rows.iter().map(|r| r.0.strategy.as_str())),
        Values::Flag(rows.iter().map(|r| r.0.strategy == own).collect()),
        Values::whole(rows.iter().map(|r| r.1 as u32 + 1)),
        Values::whole(rows.iter().map(|r| r.2.agents as u32)),
        Values::number(rows.iter().map(|r| r.2.covered.people())),
        Values::number(rows.iter().map(|r| r.2.person_days)),
        Values::text(rows.iter().map(|r| &*r.2.proof.problem)),
        Values::text(rows.iter().map(|r| &*r.2.proof.unit)),
        Values::number(rows.iter().map(|r| r.2.proof.objective)),
        Values::number(rows.iter().map(|r| r.2.proof.bound)),
        Values::number(rows.iter().map(|r| r.2.proof.gap)),
        Values::text(rows.iter().map(|r| &*r.2.proof.status)),
    ]
}

/// Person-days less than the joint plan's, and the same as a share of them; none where either has no plan.
pub fn price(plan: &Rollout, of: &StrategyPlan) -> Option<(f64, f64)> {
    let joint = plan.strategies.iter().find(|p| p.strategy == crate::scenario::Strategy::Joint)?.person_days()?;
    let less = joint - of.person_days()?;
    Some((less, if joint > 0.0 { less / joint } else { 0.0 }))
}

/// The strategies with their price, for JSON; empty where none are compared.
pub fn told(plan: &Rollout) -> Vec<Value> {
    let one = |of: &StrategyPlan| {
        let price = price(plan, of);
        json!({
            "strategy": of.strategy,
            "person_days": of.person_days(),
            "person_days_less_than_joint": price.map(|p| p.0),
            "share_less_than_joint": price.map(|p| p.1),
            "agents": of.phases.as_ref().ok().map(|phases| phases.iter().map(|p| p.agents).collect::<Vec<_>>()),
            "no_plan_because": of.phases.as_ref().err(),
        })
    };
    plan.strategies.iter().map(one).collect()
}
