//! From a study to the sites of each phase.
//!
//! Phases fall into blocks: each begins with one that opens something; those of `most-people` that follow one another are
//! one block, the others are blocks of their own; phases that open nothing belong to the block before them.

mod asked;
mod blocks;
mod compare;
mod infeasible;
mod second;

use std::ops::Range;

use super::Proof;
use super::certify::Problems;
use super::robust::Stood;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::network::CLOSED;
use crate::optimise::answer::{Limits, ProofStep};
use crate::optimise::cover::{CostTable, CoverTable};
use crate::scenario::{Opens, Strategy};
use crate::stages::checkpoint::Keep;
use crate::stages::{go_on, meter};
use crate::study::{Study, check_budgets};

pub use asked::check_phases;
pub(super) use asked::{Named, PhaseScope, costs, days, milli, scopes};
pub use compare::{StrategyPhase, StrategyPlan};

use compare::compare;

/// What was chosen for a phase.
pub(super) struct Choice {
    pub open: Vec<u32>,
    pub opened: Vec<u32>,
    pub proof: Proof,
    pub in_scope: Vec<bool>,
    pub site_in_scope: Vec<bool>,
}

/// Days that the last phase counts for where it has no end.
const OPEN_END_DAYS: u64 = 365;

/// Chooses the sites of every phase by the scenario's strategy, and by all of them where it asks for the comparison; tells
/// what was asked of the optimiser for the first.
pub(super) fn choose(study: &Study, keep: Keep) -> Result<(Vec<Choice>, Problems, Vec<StrategyPlan>)> {
    let ground = Ground::new(study, keep)?;
    let settings = &study.scenario.solve;
    let mut settled = ground.settle(settings.strategy)?;
    let compared = match settings.compare_strategies {
        true => compare(&ground, settings.strategy, &settled)?,
        false => Vec::new(),
    };
    let problems = std::mem::take(&mut settled.problems);
    Ok((ground.choices(settled), problems, compared))
}

/// What all phases and strategies share.
struct Ground<'a> {
    study: &'a Study,
    named: Named,
    scopes: Vec<PhaseScope>,
    /// Travel time by demand row and site that serves it; its cover sets are those of every problem.
    times: CostTable,
    /// Thousandths of money where some phase has a budget, else 1 a site.
    costs: Vec<u64>,
    fixed: Vec<bool>,
    limits: Limits,
    /// The cases whose worst counts, if any.
    stood: Stood,
    /// Keeps what takes long.
    keep: Keep<'a>,
}

/// What stands in each phase, one flag a site, with its proof, and what was asked.
#[derive(Default, Serialize, Deserialize)]
struct Settled {
    sets: Vec<Vec<bool>>,
    proofs: Vec<Proof>,
    problems: Problems,
}

impl Settled {
    /// Adds the block that follows.
    fn extend(&mut self, part: Settled) {
        self.sets.extend(part.sets);
        self.proofs.extend(part.proofs);
        self.problems.stated.extend(part.problems.stated);
        self.problems.unstated.extend(part.problems.unstated);
    }
}

impl<'a> Ground<'a> {
    fn new(study: &'a Study, keep: Keep<'a>) -> Result<Self> {
        let fixed: Vec<bool> = study.sites.iter().map(|s| s.site.fixed).collect();
        let n_fixed = fixed.iter().filter(|&&fixed| fixed).count();
        check_budgets(&study.scenario, n_fixed)?;
        let solve = &study.scenario.solve;
        let named = Named::of(study);
        Ok(Ground {
            scopes: scopes(study, &named)?,
            times: time_table(study)?,
            costs: costs(study)?,
            fixed,
            limits: Limits { time_limit_s: Some(solve.time_limit_s), gap: solve.gap, ..Limits::default() },
            stood: Stood::new(study)?,
            named,
            study,
            keep,
        })
    }

    /// The blocks, and before them the phases that open nothing.
    fn blocks(&self) -> Vec<Range<usize>> {
        let asked = &self.study.scenario.phases;
        let mut blocks: Vec<Range<usize>> = Vec::new();
        for (t, phase) in asked.iter().enumerate() {
            match blocks.last_mut() {
                Some(last) if phase.opens == Opens::Nothing => last.end = t + 1,
                Some(last) if phase.opens == Opens::MostPeople && asked[last.start].opens == Opens::MostPeople => {
                    last.end = t + 1;
                }
                None if phase.opens == Opens::Nothing => {}
                _ => blocks.push(t..t + 1),
            }
        }
        blocks
    }

    /// What stands in the phase before `t` and has not closed by `t`.
    fn standing_before(&self, sets: &[Vec<bool>], t: usize) -> Vec<bool> {
        let before = t.checked_sub(1).map_or(&self.fixed, |before| &sets[before]);
        (0..before.len()).map(|s| before[s] && self.named.stays(s, t)).collect()
    }

    /// Settles every phase by a strategy.
    fn settle(&self, strategy: Strategy) -> Result<Settled> {
        let n_phases = self.scopes.len();
        let blocks = self.blocks();
        let first = blocks.first().map_or(n_phases, |block| block.start);
        let mut settled = Settled::default();
        for t in 0..first {
            settled.sets.push(self.standing_before(&settled.sets, t));
            settled.proofs.push(nothing_to_open());
        }
        if strategy == Strategy::Backward {
            let mut later: Option<Vec<bool>> = None;
            let mut found = Vec::new();
            for block in blocks.iter().rev() {
                go_on()?;
                let base = self.sure_before(block.start);
                let part = self
                    .keep
                    .keep(&self.say(strategy, block), || self.block(block, base, strategy, later.as_deref()))?;
                later = part.sets.first().cloned();
                found.push(part);
            }
            for part in found.into_iter().rev() {
                settled.extend(part);
            }
        } else {
            for block in &blocks {
                go_on()?;
                let base = self.standing_before(&settled.sets, block.start);
                let part = self.keep.keep(&self.say(strategy, block), || self.block(block, base, strategy, None))?;
                settled.extend(part);
            }
        }
        self.check_promises(&settled.sets)?;
        Ok(settled)
    }

    /// Tells whoever watches what is being settled, and how it is called.
    fn say(&self, strategy: Strategy, block: &Range<usize>) -> String {
        let phases = match block.len() {
            1 => format!("phase {}", block.start + 1),
            _ => format!("phases {} to {}", block.start + 1, block.end),
        };
        let text = format!("{phases} of {}, {}", self.scopes.len(), strategy.as_str());
        meter::say(text.clone());
        text
    }

    /// What stands at the start of phase `t` in every plan: fixed sites, and those that earlier phases name.
    fn sure_before(&self, t: usize) -> Vec<bool> {
        let sure = |s: usize| self.fixed[s] || self.named.open_by[s].is_some_and(|by| by < t);
        (0..self.fixed.len()).map(|s| sure(s) && self.named.stays(s, t)).collect()
    }

    fn choices(&self, settled: Settled) -> Vec<Choice> {
        let mut choices = Vec::new();
        let mut before = self.fixed.clone();
        for (t, (open, proof)) in settled.sets.into_iter().zip(settled.proofs).enumerate() {
            let scope = &self.scopes[t];
            let new = indices(&open.iter().zip(&before).map(|(&now, &then)| now && !then).collect::<Vec<_>>());
            let opened = super::explain::opening_order(self.study, &before, new, &scope.in_scope);
            choices.push(Choice {
                open: indices(&open),
                opened,
                proof,
                in_scope: scope.in_scope.clone(),
                site_in_scope: scope.site_in_scope.clone(),
            });
            before = open;
        }
        choices
    }

    /// What each demand row counts, 0 for those whom the phase is not judged by.
    fn weights(&self, t: usize) -> Vec<u64> {
        let rows = self.study.row_weight.iter().zip(&self.scopes[t].in_scope);
        rows.map(|(&weight, &inside)| if inside { weight } else { 0 }).collect()
    }

    fn cost(&self, set: &[bool]) -> u64 {
        self.costs.iter().zip(set).filter(|(_, on)| **on).map(|(cost, _)| *cost).sum()
    }

    /// How a phase is called in messages.
    fn called(&self, t: usize) -> String {
        format!("phases[{}] ({})", t + 1, self.study.scenario.phases[t].name.en)
    }
}

/// Travel time by demand row and site that serves it; where only the radius does, the standard's limit stands in.
fn time_table(study: &Study) -> Result<CostTable> {
    let cover = cover_table(study, |_| true)?;
    let limit = study.standard.cutoff.0;
    let times = (0..study.cover.rows())
        .flat_map(|row| study.cover.row(row))
        .map(|p| u64::from(if p.travel_time_ms == CLOSED { limit } else { p.travel_time_ms }))
        .collect();
    CostTable::new(cover, times)
}

/// The cover sets as the optimiser takes them, rows that do not count left empty.
pub(super) fn cover_table(study: &Study, counts: impl Fn(usize) -> bool) -> Result<CoverTable> {
    let mut offsets = vec![0];
    let mut sites = Vec::with_capacity(study.cover.pairs());
    for row in 0..study.cover.rows() {
        if counts(row) {
            sites.extend(study.cover.row(row).iter().map(|p| p.site));
        }
        offsets.push(sites.len());
    }
    CoverTable::from_parts(offsets, sites, study.sites.len())
}

fn nothing_to_open() -> Proof {
    Proof {
        problem: "opens nothing".into(),
        unit: "sites".into(),
        objective: 0.0,
        bound: 0.0,
        gap: 0.0,
        status: "nothing_to_open".into(),
        alone_bound: None,
        steps: Vec::new(),
    }
}

fn told(steps: &[ProofStep]) -> Vec<String> {
    steps.iter().map(|s| format!("{}: {}", s.step, s.found)).collect()
}

fn indices(flags: &[bool]) -> Vec<u32> {
    (0_u32..).zip(flags).filter(|(_, on)| **on).map(|(i, _)| i).collect()
}

fn count(set: &[bool]) -> usize {
    set.iter().filter(|&&on| on).count()
}
