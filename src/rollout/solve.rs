//! From a study to the sites of each phase.

use super::Proof;
use super::certify::Statement;
use super::robust::Stood;
use crate::error::{Faults, Result};
use crate::network::CLOSED;
use crate::optimise::answer::{Limits, ProofStep};
use crate::optimise::cover::{CostTable, CoverTable, open_flags};
use crate::optimise::{phases, robust, set_cover, tidy};
use crate::scenario::Opens;
use crate::stages::go_on;
use crate::study::{Study, check_budgets};
use crate::units::Persons;

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

/// Who counts in a phase, and what it may open.
pub(super) struct PhaseScope {
    pub(super) in_scope: Vec<bool>,
    pub(super) site_in_scope: Vec<bool>,
    pub(super) allowed: Vec<bool>,
    pub(super) days: u64,
}

/// Chooses the sites of every phase, and tells what was asked of the optimiser.
pub(super) fn choose(study: &Study) -> Result<(Vec<Choice>, Vec<Statement>)> {
    let mut chooser = Chooser::new(study)?;
    let mut t = 0;
    while t < chooser.scopes.len() {
        go_on()?;
        t = match study.scenario.phases[t].opens {
            Opens::Nothing => chooser.pass(t),
            Opens::FewestForAll => chooser.fewest_for_all(t)?,
            Opens::MostPeople => chooser.most_people(t)?,
        };
    }
    Ok((chooser.choices, chooser.problems))
}

/// What all phases share, and how far the choice has come.
struct Chooser<'a> {
    study: &'a Study,
    scopes: Vec<PhaseScope>,
    /// Travel time by demand row and site that serves it; its cover sets are those of every problem.
    times: CostTable,
    /// Every site costs the same.
    costs: Vec<u64>,
    fixed: Vec<bool>,
    limits: Limits,
    /// The cases whose worst counts, if any.
    stood: Stood,
    /// What stands after the phases chosen so far.
    open: Vec<bool>,
    choices: Vec<Choice>,
    problems: Vec<Statement>,
}

impl<'a> Chooser<'a> {
    fn new(study: &'a Study) -> Result<Self> {
        let fixed: Vec<bool> = study.sites.iter().map(|s| s.site.fixed).collect();
        let n_fixed = fixed.iter().filter(|&&fixed| fixed).count();
        check_budgets(&study.scenario, n_fixed)?;
        let solve = &study.scenario.solve;
        Ok(Chooser {
            study,
            scopes: (0..study.scenario.phases.len()).map(|t| phase_scope(study, t)).collect::<Result<_>>()?,
            times: time_table(study)?,
            costs: vec![1; study.sites.len()],
            stood: Stood::new(study)?,
            open: fixed.clone(),
            fixed,
            limits: Limits { time_limit_s: Some(solve.time_limit_s), gap: solve.gap, ..Limits::default() },
            choices: Vec::new(),
            problems: Vec::new(),
        })
    }

    /// A phase that opens nothing. Like its siblings returns the next phase to choose.
    fn pass(&mut self, t: usize) -> usize {
        self.take(t, self.open.clone(), nothing_to_open());
        t + 1
    }

    fn fewest_for_all(&mut self, t: usize) -> Result<usize> {
        let scope = &self.scopes[t];
        let stands = !self.stood.tables.is_empty();
        let rows = match stands {
            true => self.stood.stacked(self.open.len(), |row| scope.in_scope[row])?,
            false => cover_table(self.study, |row| scope.in_scope[row])?,
        };
        let problem =
            set_cover::Problem { cover: &rows, costs: &self.costs, fixed: &self.open, eligible: &scope.allowed };
        let answer = set_cover::solve(&problem, &self.limits)?;
        self.problems.push(Statement::fewest_for_all(t, &problem, &answer));
        let alone = set_cover::solve(&set_cover::Problem { fixed: &self.fixed, ..problem }, &self.limits)?;
        let mut next = open_flags(self.open.len(), &answer.chosen);
        // An exchange that leaves the normal case as it is may hurt another.
        if self.study.scenario.solve.fill_by_travel_time && !stands {
            self.shorten(&mut next, t);
        }
        let proof = Proof {
            problem: match stands {
                true => "fewest sites that serve everyone whom a candidate can serve, in every case",
                false => "fewest sites that serve everyone whom a candidate can serve",
            },
            unit: "sites",
            objective: answer.objective as f64,
            bound: answer.bound as f64,
            gap: answer.gap,
            status: answer.status.as_str(),
            alone_bound: Some(alone.bound as f64),
            steps: told(&answer.steps),
        };
        self.take(t, next, proof);
        Ok(t + 1)
    }

    /// The phases from `first` up to the next that must serve all, as one joint problem.
    fn most_people(&mut self, first: usize) -> Result<usize> {
        let asked = &self.study.scenario.phases;
        let end = (first..asked.len()).find(|&t| asked[t].opens == Opens::FewestForAll).unwrap_or(asked.len());
        let problem_phases = self.joint_phases(first..end);
        let problem = phases::Problem {
            cover: self.times.cover(),
            costs: &self.costs,
            fixed: &self.open,
            phases: &problem_phases,
        };
        let unit = if self.study.is_weighted() { "weighted person-days" } else { "person-days" };
        let stands = !self.stood.tables.is_empty();
        let (plan, mut steps) = if stands {
            let cases = &self.stood.tables;
            let asked = robust::Problem { cases, costs: &self.costs, fixed: &self.open, phases: &problem_phases };
            let answer = robust::solve(&asked, &self.limits)?;
            let told = self.stood.told(&answer, unit);
            (answer.plan, told)
        } else {
            let plan = phases::solve(&problem, &self.limits)?;
            self.problems.push(Statement::most_people(first..end, &problem, &plan));
            (plan, Vec::new())
        };
        steps.extend(told(&plan.steps));
        let mut proofs = Vec::new();
        for (i, asked) in asked[first..end].iter().enumerate() {
            if asked.opens == Opens::Nothing {
                proofs.push(nothing_to_open());
                continue;
            }
            let alone = phases::solve_alone(&problem, i, &self.limits)?;
            proofs.push(Proof {
                problem: match stands {
                    true => "most people served in the worst case, weighed by days, all such phases together",
                    false => "most people served, weighed by days, all such phases together",
                },
                unit,
                objective: Persons(plan.objective).people(),
                bound: Persons(plan.bound).people(),
                gap: plan.gap,
                status: plan.status.as_str(),
                alone_bound: Some(Persons(alone.bound).people()),
                steps: steps.clone(),
            });
        }
        let mut sets: Vec<Vec<bool>> =
            (0..end - first).map(|i| open_flags(self.open.len(), &plan.open_at(i))).collect();
        if self.study.scenario.solve.fill_by_travel_time {
            self.fill(&mut sets, &problem_phases, first);
        }
        for ((t, set), proof) in (first..end).zip(sets).zip(proofs) {
            self.take(t, set, proof);
        }
        Ok(end)
    }

    fn joint_phases(&self, block: std::ops::Range<usize>) -> Vec<phases::Phase> {
        let mut most = self.open.iter().filter(|&&o| o).count();
        block
            .map(|t| {
                let (asked, scope) = (&self.study.scenario.phases[t], &self.scopes[t]);
                most = most.max(asked.agents.map_or(0, |agents| agents as usize));
                let opens = asked.opens == Opens::MostPeople;
                phases::Phase {
                    weights: self.weights(t),
                    multiplier: scope.days,
                    allowed: if opens { scope.allowed.clone() } else { vec![false; self.open.len()] },
                    open_total: most,
                    budget: None,
                }
            })
            .collect()
    }

    /// What each demand row counts, 0 for those whom the phase is not judged by.
    fn weights(&self, t: usize) -> Vec<u64> {
        let rows = self.study.row_weight.iter().zip(&self.scopes[t].in_scope);
        rows.map(|(&weight, &inside)| if inside { weight } else { 0 }).collect()
    }

    /// Uses up what a phase may open where coverage cannot grow any more: each further agent goes where it shortens
    /// travel most. Never more in a phase than all later phases leave room for.
    fn fill(&self, sets: &mut [Vec<bool>], asked: &[phases::Phase], first: usize) {
        let count = |set: &[bool]| set.iter().filter(|&&o| o).count();
        for i in 0..sets.len() {
            let room = (i..sets.len()).map(|l| asked[l].open_total.saturating_sub(count(&sets[l]))).min().unwrap_or(0);
            let (weights, allowed) = (&asked[i].weights, &asked[i].allowed);
            let extra = tidy::nearest_fill(&self.times, weights, self.times.cover(), &indices(&sets[i]), allowed, room);
            for set in &mut sets[i..] {
                for &site in &extra {
                    set[site as usize] = true;
                }
            }
        }
        // Swapping would break the nesting of several phases; with one it cannot. It may hurt other cases.
        if let ([only], true) = (&mut *sets, self.stood.tables.is_empty()) {
            self.shorten(only, first);
        }
    }

    /// Swaps newly opened sites for others that serve the same people with less travel.
    fn shorten(&self, set: &mut Vec<bool>, t: usize) {
        let (weights, allowed) = (self.weights(t), &self.scopes[t].allowed);
        let better =
            tidy::improve_by_swaps(&self.times, &weights, self.times.cover(), &indices(set), &self.open, allowed);
        *set = open_flags(set.len(), &better);
    }

    /// Settles a phase.
    fn take(&mut self, t: usize, open: Vec<bool>, proof: Proof) {
        let scope = &self.scopes[t];
        let new = indices(&open.iter().zip(&self.open).map(|(&now, &then)| now && !then).collect::<Vec<_>>());
        let opened = super::explain::opening_order(self.study, &self.open, new, &scope.in_scope);
        self.choices.push(Choice {
            open: indices(&open),
            opened,
            proof,
            in_scope: scope.in_scope.clone(),
            site_in_scope: scope.site_in_scope.clone(),
        });
        self.open = open;
    }
}

/// Whether the phases of a study can be solved at all: their budgets and their scopes.
///
/// # Errors
/// All that is wrong with them: `phases::…`, `scope::…`.
pub fn check_phases(study: &Study) -> Result<()> {
    let mut faults = Faults::default();
    let n_fixed = study.sites.iter().filter(|s| s.site.fixed).count();
    faults.keep(check_budgets(&study.scenario, n_fixed))?;
    for t in 0..study.scenario.phases.len() {
        faults.keep(phase_scope(study, t))?;
    }
    faults.finish()
}

pub(super) fn phase_scope(study: &Study, t: usize) -> Result<PhaseScope> {
    let phase = &study.scenario.phases[t];
    let n_modes = study.modes.len();
    let rows = study.row_persons.len();
    let (in_scope, site_in_scope): (Vec<bool>, Vec<bool>) = match &phase.scope {
        None => (vec![true; rows], vec![true; study.sites.len()]),
        Some(scope) => {
            let (layer, inside) = study.scope_features(scope)?;
            let belongs = |feature: Option<u32>| feature.is_some_and(|f| inside[f as usize]);
            (
                (0..rows).map(|row| belongs(study.cell_boundary[layer][row / n_modes])).collect(),
                study.sites.iter().map(|s| belongs(s.boundary[layer])).collect(),
            )
        }
    };
    let allowed = site_in_scope.iter().zip(&study.sites).map(|(&inside, site)| inside && site.usable).collect();
    Ok(PhaseScope { in_scope, site_in_scope, allowed, days: days(study, t) })
}

/// The days that a phase counts for: until the next begins, until its own end, or a year.
pub(super) fn days(study: &Study, t: usize) -> u64 {
    let phase = &study.scenario.phases[t];
    let next = study.scenario.phases.get(t + 1).map(|p| p.starts);
    let days = match (next, phase.ends) {
        (Some(next), _) => phase.starts.days_to(next),
        (None, Some(ends)) => phase.starts.days_to(ends) + 1,
        (None, None) => OPEN_END_DAYS as i64,
    };
    days.max(1) as u64
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
        problem: "opens nothing",
        unit: "sites",
        objective: 0.0,
        bound: 0.0,
        gap: 0.0,
        status: "nothing_to_open",
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
