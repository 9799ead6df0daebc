//! From a study to the sites of each phase.

use super::Proof;
use crate::error::{Error, Fault, Result};
use crate::network::CLOSED;
use crate::optimise::answer::{Limits, ProofStep};
use crate::optimise::cover::{CostTable, CoverTable};
use crate::optimise::{phases, set_cover, tidy};
use crate::scenario::Opens;
use crate::stages::go_on;
use crate::study::Study;
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
struct PhaseScope {
    in_scope: Vec<bool>,
    site_in_scope: Vec<bool>,
    allowed: Vec<bool>,
    days: u64,
}

/// Chooses the sites of every phase.
pub(super) fn choose(study: &Study) -> Result<Vec<Choice>> {
    let n_sites = study.sites.len();
    let fixed: Vec<bool> = study.sites.iter().map(|s| s.site.fixed).collect();
    let n_fixed = fixed.iter().filter(|&&f| f).count();
    check_budgets(study, n_fixed)?;
    let scopes = (0..study.scenario.phases.len()).map(|t| phase_scope(study, t)).collect::<Result<Vec<_>>>()?;
    let costs = vec![1_u64; n_sites];
    let cover = table(study, |_| true)?;
    let limits = Limits {
        time_limit_s: Some(study.scenario.solve.time_limit_s),
        gap: study.scenario.solve.gap,
        ..Limits::default()
    };

    let mut choices: Vec<Choice> = Vec::new();
    let mut open = fixed.clone();
    let mut t = 0;
    while t < scopes.len() {
        go_on()?;
        let phase = &study.scenario.phases[t];
        match phase.opens {
            Opens::Nothing => {
                choices.push(choice(study, &open, &open, &scopes[t], nothing_to_open()));
                t += 1;
            }
            Opens::FewestForAll => {
                let rows = table(study, |row| scopes[t].in_scope[row])?;
                let problem =
                    set_cover::Problem { cover: &rows, costs: &costs, fixed: &open, eligible: &scopes[t].allowed };
                let answer = set_cover::solve(&problem, &limits)?;
                let alone = set_cover::solve(&set_cover::Problem { fixed: &fixed, ..problem }, &limits)?;
                let mut next = flags(n_sites, &answer.chosen);
                if study.scenario.solve.fill_by_travel_time {
                    shorten(study, &cover, &mut next, &open, &scopes[t])?;
                }
                let proof = Proof {
                    problem: "fewest sites that serve everyone whom a candidate can serve",
                    unit: "sites",
                    objective: answer.objective as f64,
                    bound: answer.bound as f64,
                    gap: answer.gap,
                    status: answer.status.as_str(),
                    alone_bound: Some(alone.bound as f64),
                    steps: told(&answer.steps),
                };
                choices.push(choice(study, &next, &open, &scopes[t], proof));
                open = next;
                t += 1;
            }
            Opens::MostPeople => {
                let end = block_end(study, t);
                open = joint_block(study, t..end, &scopes, &open, &cover, &costs, &limits, &mut choices)?;
                t = end;
            }
        }
    }
    Ok(choices)
}

/// A phase can only allow fewer agents than stand already by mistake.
fn check_budgets(study: &Study, n_fixed: usize) -> Result<()> {
    let mut faults = Vec::new();
    for (i, phase) in study.scenario.phases.iter().enumerate() {
        if let Some(agents) = phase.agents.filter(|&a| (a as usize) < n_fixed) {
            let message = format!("{agents} agents are fewer than the {n_fixed} fixed sites that stand already");
            faults.push(
                Fault::new("phases::agents", message)
                    .place(format!("phases[{}].agents ({})", i + 1, phase.name.en))
                    .help(format!("the number counts all that stand at the phase's end: give {n_fixed} or more")),
            );
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::Input(faults)) }
}

fn phase_scope(study: &Study, t: usize) -> Result<PhaseScope> {
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
    let next = study.scenario.phases.get(t + 1).map(|p| p.starts);
    let days = match (next, phase.ends) {
        (Some(next), _) => phase.starts.days_to(next),
        (None, Some(ends)) => phase.starts.days_to(ends) + 1,
        (None, None) => OPEN_END_DAYS as i64,
    };
    Ok(PhaseScope { in_scope, site_in_scope, allowed, days: days.max(1) as u64 })
}

/// The end of the run of phases from `t` on that are solved together.
fn block_end(study: &Study, t: usize) -> usize {
    let phases = &study.scenario.phases;
    (t..phases.len()).find(|&i| phases[i].opens == Opens::FewestForAll).unwrap_or(phases.len())
}

#[allow(clippy::too_many_arguments)] // one joint problem needs all that the phases share
fn joint_block(
    study: &Study,
    block: std::ops::Range<usize>,
    scopes: &[PhaseScope],
    open: &[bool],
    cover: &CoverTable,
    costs: &[u64],
    limits: &Limits,
    choices: &mut Vec<Choice>,
) -> Result<Vec<bool>> {
    let standing = open.iter().filter(|&&o| o).count();
    let mut most = standing;
    let problem_phases: Vec<phases::Phase> = block
        .clone()
        .map(|t| {
            let asked = &study.scenario.phases[t];
            let opens = asked.opens == Opens::MostPeople;
            most = most.max(asked.agents.map_or(0, |a| a as usize));
            let weight = |(row, persons): (usize, &Persons)| if scopes[t].in_scope[row] { persons.0 } else { 0 };
            phases::Phase {
                weights: study.row_persons.iter().enumerate().map(weight).collect(),
                multiplier: scopes[t].days,
                allowed: if opens { scopes[t].allowed.clone() } else { vec![false; open.len()] },
                open_total: most,
                budget: None,
            }
        })
        .collect();
    let problem = phases::Problem { cover, costs, fixed: open, phases: &problem_phases };
    let plan = phases::solve(&problem, limits)?;
    let mut sets: Vec<Vec<bool>> = (0..block.len()).map(|i| flags(open.len(), &plan.open_at(i))).collect();
    if study.scenario.solve.fill_by_travel_time {
        fill(study, cover, &mut sets, open, &problem_phases, scopes, block.start)?;
    }
    let mut before = open.to_vec();
    for (i, t) in block.enumerate() {
        let proof = if study.scenario.phases[t].opens == Opens::Nothing {
            nothing_to_open()
        } else {
            let alone = phases::solve_alone(&problem, i, limits)?;
            Proof {
                problem: "most people served, weighed by days, all such phases together",
                unit: "person-days",
                objective: Persons(plan.objective).people(),
                bound: Persons(plan.bound).people(),
                gap: plan.gap,
                status: plan.status.as_str(),
                alone_bound: Some(Persons(alone.bound).people()),
                steps: told(&plan.steps),
            }
        };
        choices.push(choice(study, &sets[i], &before, &scopes[t], proof));
        before = sets[i].clone();
    }
    Ok(before)
}

/// Uses up what a phase may open where coverage cannot grow any more: each further agent goes where it shortens travel
/// most. Never more in a phase than all later phases leave room for.
fn fill(
    study: &Study,
    cover: &CoverTable,
    sets: &mut [Vec<bool>],
    standing: &[bool],
    asked: &[phases::Phase],
    scopes: &[PhaseScope],
    first: usize,
) -> Result<()> {
    let times = time_table(study)?;
    let count = |set: &[bool]| set.iter().filter(|&&o| o).count();
    for i in 0..sets.len() {
        let room = (i..sets.len()).map(|l| asked[l].open_total.saturating_sub(count(&sets[l]))).min().unwrap_or(0);
        let extra = tidy::nearest_fill(&times, &asked[i].weights, cover, &indices(&sets[i]), &asked[i].allowed, room);
        for set in &mut sets[i..] {
            for &site in &extra {
                set[site as usize] = true;
            }
        }
    }
    // Swapping would break the nesting of several phases; with one it cannot.
    if let [only] = sets {
        shorten(study, cover, only, standing, &scopes[first])?;
    }
    Ok(())
}

/// Swaps newly opened sites for others that serve the same people with less travel.
fn shorten(study: &Study, cover: &CoverTable, set: &mut [bool], standing: &[bool], scope: &PhaseScope) -> Result<()> {
    let times = time_table(study)?;
    let weights: Vec<u64> =
        study.row_persons.iter().zip(&scope.in_scope).map(|(p, &inside)| if inside { p.0 } else { 0 }).collect();
    let better = tidy::improve_by_swaps(&times, &weights, cover, &indices(set), standing, &scope.allowed);
    set.fill(false);
    for site in better {
        set[site as usize] = true;
    }
    Ok(())
}

/// Travel time by demand row and site that serves it; where only the radius does, the standard's limit stands in.
fn time_table(study: &Study) -> Result<CostTable> {
    let cover = table(study, |_| true)?;
    let limit = study.standard.cutoff.0;
    let times = (0..study.cover.rows())
        .flat_map(|row| study.cover.row(row))
        .map(|p| u64::from(if p.travel_time_ms == CLOSED { limit } else { p.travel_time_ms }))
        .collect();
    CostTable::new(cover, times)
}

/// The cover sets as the optimiser takes them, rows that do not count left empty.
fn table(study: &Study, counts: impl Fn(usize) -> bool) -> Result<CoverTable> {
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

fn choice(study: &Study, open: &[bool], before: &[bool], scope: &PhaseScope, proof: Proof) -> Choice {
    let new = indices(&open.iter().zip(before).map(|(&now, &then)| now && !then).collect::<Vec<_>>());
    let opened = super::explain::opening_order(study, before, new, &scope.in_scope);
    Choice {
        open: indices(open),
        opened,
        proof,
        in_scope: scope.in_scope.clone(),
        site_in_scope: scope.site_in_scope.clone(),
    }
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

fn flags(n: usize, sites: &[u32]) -> Vec<bool> {
    let mut flags = vec![false; n];
    for &site in sites {
        flags[site as usize] = true;
    }
    flags
}

fn indices(flags: &[bool]) -> Vec<u32> {
    (0_u32..).zip(flags).filter(|(_, on)| **on).map(|(i, _)| i).collect()
}
