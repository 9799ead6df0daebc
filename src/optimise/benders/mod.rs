//! Exact nested maximal covering at scale: Benders decomposition with a branch and bound of our own.
//!
//! The linear relaxation is solved over the sites alone ([`master`]), stabilised by in-out separation (Ben-Ameur and
//! Neto 2007). Its duals, rounded to whole numbers, give a bound that owes nothing to the solver's tolerances ([`dual`])
//! and settle every variable that cannot differ in a better plan. What is left goes to the solver as one small model
//! ([`mip`]) where it is small, else to the tree ([`branch`]).

mod branch;
mod dual;
mod inner;
mod master;
mod mip;
mod nested;

use super::answer::{self, Progress, tolerance};
use super::phase_search::{NEVER, Search, Stage};
use super::reduce;
use crate::error::Result;
use dual::{price, settle};
use master::{Groups, Master, Relaxed};
use nested::{Nested, Set};

/// Groups of rows with a cut of their own: more make fewer rounds of larger linear programs.
const MOST_GROUPS: usize = 300;
/// Rows of their own variable up to which what is left is handed to the solver.
const SMALL: usize = 4_000;

/// Improves the plan of `search` and bounds all plans; returns the bound on what the stages cover.
pub(crate) fn solve(stages: &[Stage], costs: &[u64], search: &mut Search, progress: &mut Progress) -> Result<u64> {
    solve_from(stages, costs, search, progress, SMALL)
}

/// As [`solve`], with the number of rows up to which what is left goes to the solver.
fn solve_from(
    stages: &[Stage],
    costs: &[u64],
    search: &mut Search,
    progress: &mut Progress,
    small: usize,
) -> Result<u64> {
    let nested = Nested::new(stages, costs);
    let mut best = search.objective();
    let mut bound = nested.total;
    let groups = Groups::new(&nested, costs.len().clamp(8, MOST_GROUPS));
    let Ok(mut master) = Master::new(&nested, &groups) else {
        progress.note("benders", "the solver refused the relaxation");
        return Ok(bound);
    };
    let mut domain = nested.domain();
    if master.set_domain(&domain, &[]).is_err() {
        return Ok(bound);
    }
    let Some((relaxed, rounds)) = relax(&mut master, &nested, search, progress) else { return Ok(bound) };
    let multipliers = master.multipliers(&relaxed);
    let Some(priced) = price(&nested, &multipliers, &domain) else { return Ok(best) };
    search.try_from(branch::round(&nested, &relaxed.x), &|| progress.out_of_time());
    if (search.objective() as f64) < relaxed.objective - 0.5 {
        search_among_favoured(&nested, &relaxed.x, search, progress);
    }
    best = best.max(search.objective());
    bound = bound.min(priced.bound).max(best);
    progress.tell(best, bound);
    let settled = settle(&nested, &priced, best + tolerance(best), &mut domain);
    let left = domain.iter().filter(|&&set| set == Set::Free).count();
    progress.note(
        "relaxation",
        format!(
            "bound {bound} after {rounds} rounds, {} cuts, {} simplex steps; {left} of {} variables left",
            master.n_cuts(),
            master.iterations,
            nested.n_vars()
        ),
    );
    if settled.is_none() {
        return Ok(best);
    }
    let gap = progress.limits.gap;
    if progress.out_of_time() || answer::gap(best, bound) <= gap {
        return Ok(bound);
    }
    if left == 0 {
        // One plan is left that may be better.
        search.try_slots(nested.slots(|v| domain[v as usize] == Set::Open));
        return Ok(search.objective().max(best));
    }
    let rest = mip::Left::new(&nested, &domain);
    if rest.n_rows() <= small {
        let (slots, proven) = rest.solve(&nested, &domain, search.slots(), progress.remaining_s(), progress)?;
        if let Some(slots) = slots {
            search.try_slots(slots);
        }
        best = best.max(search.objective());
        bound = proven.map_or(bound, |proven| proven.min(bound)).max(best);
        progress.note("highs", format!("{} rows, {left} variables left: {best}, bound {bound}", rest.n_rows()));
        return Ok(bound);
    }
    let cuts = master.useful(&relaxed);
    let grown = {
        let stop = |bound: u64, best: u64| {
            if bound != u64::MAX {
                progress.tell(best, bound);
            }
            progress.out_of_time() || (bound != u64::MAX && answer::gap(best, bound) <= gap)
        };
        let mut improve = |slots: Vec<usize>| {
            search.try_from(slots, &|| progress.out_of_time());
            search.objective()
        };
        branch::grow(&nested, &groups, &cuts, (bound, domain), best, &mut improve, &stop)
    };
    search.exchange(&|| progress.out_of_time());
    best = best.max(search.objective());
    bound = bound.min(grown.bound.max(best));
    progress.note("tree", format!("{} nodes, {} open: {best}, bound {bound}", grown.nodes, grown.open));
    Ok(bound)
}

/// Solves the linear relaxation, as nearly as serves: past a small part of what is open between plan and bound,
/// branching brings more than further rounds. Returns it with the number of rounds.
fn relax(master: &mut Master, nested: &Nested, search: &Search, progress: &Progress) -> Option<(Relaxed, usize)> {
    let best = search.objective() as f64;
    progress.tell(search.objective(), nested.total);
    let mut inner = inner::inner(nested, &nested.values(search.slots()), &|| progress.out_of_time());
    let mut inner_value = 0.0;
    let mut rounds = 0;
    while let Ok(Some(relaxed)) = master.solve() {
        rounds += 1;
        let upper = relaxed.objective;
        // For whoever watches: a bound to within the solver's tolerances.
        progress.tell(search.objective(), (upper as u64).clamp(search.objective(), nested.total));
        let mut added = 0;
        // Between a known good place and the relaxation's own, cuts are deep; at its own place alone they zigzag.
        let shares: &[f64] = if rounds == 1 { &[0.0] } else { &[0.5, 1.0] };
        for &share in shares {
            let between = relaxed.x.iter().zip(&inner).map(|(&out, &inn)| share * out + (1.0 - share) * inn);
            let x: Vec<f64> = between.collect();
            let (cuts, value) = master.separate(&x, &relaxed, (upper * 1e-10).max(0.5));
            if value > inner_value {
                (inner, inner_value) = (x, value);
            }
            added += cuts.len();
            if cuts.into_iter().try_for_each(|cut| master.add(cut)).is_err() {
                return None;
            }
            if added > 0 {
                break;
            }
        }
        let close = (upper * 1e-9).max((upper - best) * 0.01);
        if added == 0 || upper - inner_value <= close || progress.out_of_time() {
            return Some((relaxed, rounds));
        }
    }
    None
}

/// Searches anew among the sites for which the relaxation speaks: few sites make few different rows, so that many more
/// plans can be tried in the same time.
fn search_among_favoured(nested: &Nested, x: &[f64], search: &mut Search, progress: &Progress) {
    let favoured: Vec<bool> = (0..nested.costs.len())
        .map(|s| search.slots()[s] != NEVER || nested.chain[s].iter().any(|&v| x[v as usize] > 0.01))
        .collect();
    let stages: Vec<Stage> = (nested.stages.iter())
        .map(|stage| {
            let mut merged = reduce::merge(&stage.cover, &[&stage.weights], &favoured);
            Stage {
                cover: merged.cover,
                weights: merged.weights.swap_remove(0),
                allowed: stage.allowed.iter().zip(&favoured).map(|(&allowed, &f)| allowed && f).collect(),
                may_open: stage.may_open,
                may_spend: stage.may_spend,
            }
        })
        .collect();
    let mut among = Search::new(&stages, nested.costs);
    among.try_slots(search.slots().to_vec());
    let pool: Vec<usize> = (0..favoured.len()).filter(|&s| favoured[s]).collect();
    among.shake(progress.limits.seed, &pool, &|| progress.out_of_time());
    search.try_slots(among.slots().to_vec());
}

#[cfg(test)]
mod tests;
