//! What a rollout must keep beside its numbers of sites and its budgets: sites that must stand by some phase, sites that
//! close, floors of covered weight, and numbers of floors.
//!
//! for each floor f of phase t: Σ_i weight_{f,i} · y_{i,t} ≥ least_f;  x_{j,t} = 1 from the phase on by whose end j must
//! stand;  x_{j,t} = 0 from the phase on in which j closes. Else sites that stand go on standing.

use super::{Phase, Problem, stands};
use crate::error::{Error, Fault, Result};
use crate::optimise::set_cover::check_lengths;

/// Covered weight that must be reached by the end of a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Floor {
    /// The phase, from 0.
    pub phase: u32,
    /// The rows that count, each once, and how much each does; the sum at most [`crate::optimise::LARGEST_TOTAL`].
    pub rows: Vec<(u32, u64)>,
    /// The covered weight of these rows must be at least this.
    pub least: u64,
}

/// At least `at_least` of some floors must hold, whichever; all of one phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The floors.
    pub floors: Vec<Floor>,
    /// How many of them.
    pub at_least: usize,
}

/// Constraints of a rollout beside those of its phases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SideConstraints {
    /// For each site, the phase by whose end it must stand, or none. No entry at all where there is none.
    pub open_by: Vec<Option<u32>>,
    /// For each site, the phase from which on it stands no more, or none. No entry at all where there is none.
    pub closes_in: Vec<Option<u32>>,
    /// Covered weight that must be reached.
    pub floors: Vec<Floor>,
    /// Floors of which some number must hold.
    pub counts: Vec<Count>,
}

impl SideConstraints {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.only_floors() && self.floors.is_empty() && self.counts.is_empty()
    }

    /// Whether nothing is asked of single sites.
    pub(super) fn only_floors(&self) -> bool {
        !self.open_by.iter().chain(&self.closes_in).any(Option::is_some)
    }

    pub(super) fn closes(&self, s: usize) -> Option<usize> {
        self.closes_in.get(s).copied().flatten().map(|t| t as usize)
    }

    /// For each site, the phase in which it opens at the latest: the last one until `open_by` that allows it.
    pub(in crate::optimise) fn due(&self, problem: &Problem, s: usize) -> Option<usize> {
        let by = self.open_by.get(s).copied().flatten().filter(|_| !problem.fixed[s])? as usize;
        (0..=by).rev().find(|&t| problem.phases[t].allowed[s])
    }

    /// Refuses what has no meaning, and what the phases leave no room for.
    pub(super) fn check(&self, problem: &Problem) -> Result<()> {
        let n = problem.fixed.len();
        let last = problem.phases.len() as u32;
        let bad = |message: String, help: &str| Err(Fault::new("optimise::side", message).help(help).into());
        for (name, list) in [("entries `open_by`", &self.open_by), ("entries `closes_in`", &self.closes_in)] {
            if !list.is_empty() {
                check_lengths(n, &[(name, list.len())])?;
            }
            if list.iter().flatten().any(|&t| t >= last) {
                return bad(format!("{name} name a phase that is not there"), "phases are numbered from 0");
            }
        }
        let floors = self.floors.iter().chain(self.counts.iter().flat_map(|c| &c.floors));
        for floor in floors {
            let total: u128 = floor.rows.iter().map(|&(_, w)| u128::from(w)).sum();
            let out = floor.rows.iter().any(|&(r, _)| r as usize >= problem.cover.n_rows());
            let mut rows: Vec<u32> = floor.rows.iter().map(|r| r.0).collect();
            rows.sort_unstable();
            if floor.phase >= last || out || total > u128::from(crate::optimise::LARGEST_TOTAL) {
                return bad("a floor names a phase or row that is not there, or is too large".into(), "mend it");
            }
            if !rows.is_sorted_by(|a, b| a < b) {
                return bad("a floor names a row twice".into(), "name each row once");
            }
        }
        if self.counts.iter().any(|c| c.floors.iter().any(|f| f.phase != c.floors[0].phase)) {
            return bad("floors that are counted together are of several phases".into(), "count them phase by phase");
        }
        if let Some(count) = self.counts.iter().find(|c| c.at_least > c.floors.len()) {
            let message = format!("{} of {} floors", count.at_least, count.floors.len());
            return bad(message, "ask for at most as many floors as there are");
        }
        for s in 0..n {
            let by = self.open_by.get(s).copied().flatten().filter(|_| !problem.fixed[s]);
            let opens = self.due(problem, s);
            if by.is_some() && opens.is_none() {
                let message = format!("site {s} must stand by phase {}, but may not open until then", by.unwrap_or(0));
                return Err(Error::Targets(Fault::new("optimise::open-by", message).help("allow it in some phase")));
            }
            if self.closes(s).is_some_and(|closes| by.is_some_and(|by| closes <= by as usize)) {
                let message = format!("site {s} must stand by a phase before which it closes");
                return bad(message, "a site may close in a later phase than the one by which it must stand");
            }
        }
        self.check_forced(problem)
    }

    /// What must stand in each phase must fit into it; then opening nothing else keeps every number and budget.
    fn check_forced(&self, problem: &Problem) -> Result<()> {
        for (t, phase) in problem.phases.iter().enumerate() {
            let forced = self.forced_at(problem, t);
            let count = forced.iter().filter(|&&f| f).count();
            if count > phase.open_total {
                let message = format!("{count} sites must stand in phase {}, but only {} may", t + 1, phase.open_total);
                let help = format!("the number counts the sites that must stand: allow at least {count}");
                return Err(Error::Targets(Fault::new("optimise::fixed", message).help(help)));
            }
            let cost: u64 = problem.costs.iter().zip(&forced).filter(|(_, f)| **f).map(|(c, _)| *c).sum();
            if let Some(budget) = phase.budget.filter(|&budget| cost > budget) {
                let message =
                    format!("the sites that must stand in phase {} cost {cost}, but the budget is {budget}", t + 1);
                let help = format!("the budget counts them (in the units of the cost): allow at least {cost}");
                return Err(Error::Targets(Fault::new("optimise::fixed", message).help(help)));
            }
        }
        Ok(())
    }

    /// One flag a site: whether it stands in phase `t` in every plan.
    pub(super) fn forced_at(&self, problem: &Problem, t: usize) -> Vec<bool> {
        let stays = |s: usize| self.closes(s).is_none_or(|closes| t < closes);
        let due = |s: usize| problem.fixed[s] || self.due(problem, s).is_some_and(|due| due <= t);
        (0..problem.fixed.len()).map(|s| due(s) && stays(s)).collect()
    }

    /// One flag a site: whether it may stand in phase `t`.
    pub(super) fn possible_at(&self, problem: &Problem, t: usize) -> Vec<bool> {
        let stays = |s: usize| self.closes(s).is_none_or(|closes| t < closes);
        let may = |s: usize| problem.fixed[s] || problem.phases[..=t].iter().any(|phase: &Phase| phase.allowed[s]);
        (0..problem.fixed.len()).map(|s| may(s) && stays(s)).collect()
    }

    /// `closes_in` with one entry a site.
    pub(super) fn closings(&self, n_sites: usize) -> Vec<Option<u32>> {
        if self.closes_in.is_empty() { vec![None; n_sites] } else { self.closes_in.clone() }
    }
}

impl Floor {
    /// The weight of its rows that the standing sites (one flag a site) cover.
    pub fn covered(&self, cover: &crate::optimise::CoverTable, standing: &[bool]) -> u64 {
        self.rows.iter().filter(|&&(r, _)| cover.is_covered(r as usize, standing)).map(|&(_, w)| w).sum()
    }

    pub(super) fn holds(&self, cover: &crate::optimise::CoverTable, standing: &[bool]) -> bool {
        self.covered(cover, standing) >= self.least
    }
}

/// What a schedule breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Broken {
    /// Too many sites stand in a phase, or they cost too much.
    TooMuch(usize),
    /// A floor, by position.
    Floor(usize),
    /// A number of floors, by position.
    Count(usize),
}

/// Everything that a schedule breaks of the numbers, budgets, floors and counts.
pub(super) fn broken(problem: &Problem, side: &SideConstraints, opened_in: &[Option<u32>]) -> Vec<Broken> {
    let closes = side.closings(opened_in.len());
    let at: Vec<Vec<bool>> = (0..problem.phases.len()).map(|t| stands(opened_in, &closes, t)).collect();
    let mut found = Vec::new();
    for (t, phase) in problem.phases.iter().enumerate() {
        let standing = || (0..opened_in.len()).filter(|&s| at[t][s]);
        let cost: u64 = standing().map(|s| problem.costs[s]).sum();
        if standing().count() > phase.open_total || phase.budget.is_some_and(|budget| cost > budget) {
            found.push(Broken::TooMuch(t));
        }
    }
    let holds = |floor: &Floor| floor.holds(problem.cover, &at[floor.phase as usize]);
    found.extend(side.floors.iter().enumerate().filter(|(_, f)| !holds(f)).map(|(i, _)| Broken::Floor(i)));
    let kept = |count: &Count| count.floors.iter().filter(|f| holds(f)).count() >= count.at_least;
    found.extend(side.counts.iter().enumerate().filter(|(_, c)| !kept(c)).map(|(i, _)| Broken::Count(i)));
    found
}
