//! Recomputes every answer from the raw table, by code that shares nothing with the code that found it.
//!
//! Bounds are checked against the objective only: a bound's proof is the solver's.

use super::answer::Answer;
use super::cover::{CostTable, CoverTable};
use super::phases::Plan;
use super::{backup_cover, capacitated, max_cover, p_center, p_median, partial_cover, phases, set_cover, then_nearest};
use crate::error::{Fault, Result};

fn differs(what: impl Into<String>) -> crate::error::Error {
    Fault::new("optimise::verify", what)
        .help("the answer is not what it claims to be: this is a fault in gandan; please report it with the tables")
        .into()
}

/// The open flags of `chosen`, if it ascends strictly, holds all fixed sites and no other than usable ones.
fn flags(chosen: &[u32], fixed: &[bool], eligible: &[bool]) -> Result<Vec<bool>> {
    let mut open = vec![false; fixed.len()];
    let mut before = None;
    for &s in chosen {
        if before.is_some_and(|before| before >= s) || s as usize >= open.len() {
            return Err(differs(format!("site {s} is out of order or out of range")));
        }
        if !fixed[s as usize] && !eligible[s as usize] {
            return Err(differs(format!("site {s} is open though it is not eligible")));
        }
        open[s as usize] = true;
        before = Some(s);
    }
    match (0..open.len()).find(|&s| fixed[s] && !open[s]) {
        Some(s) => Err(differs(format!("site {s} is closed though it is fixed"))),
        None => Ok(open),
    }
}

fn covered(cover: &CoverTable, weights: &[u64], open: &[bool]) -> u64 {
    let mut sum = 0;
    for (r, weight) in weights.iter().enumerate() {
        for &s in cover.row(r) {
            if open[s as usize] {
                sum += weight;
                break;
            }
        }
    }
    sum
}

fn cost(costs: &[u64], open: &[bool]) -> u64 {
    let mut sum = 0;
    for s in 0..costs.len() {
        if open[s] {
            sum += costs[s];
        }
    }
    sum
}

fn same(what: &str, found: u64, claimed: u64) -> Result<()> {
    if found == claimed { Ok(()) } else { Err(differs(format!("{what} is {found}, not {claimed}"))) }
}

fn counts(cover: &CoverTable, usable: &[bool], coverable: usize, uncoverable: usize) -> Result<()> {
    let found = (0..cover.n_rows()).filter(|&r| cover.row(r).iter().any(|&s| usable[s as usize])).count();
    same("the number of coverable rows", found as u64, coverable as u64)?;
    same("the number of uncoverable rows", (cover.n_rows() - found) as u64, uncoverable as u64)
}

fn beyond(better: u64, worse: u64) -> Result<()> {
    if better >= worse { Ok(()) } else { Err(differs(format!("the bound passes the objective: {better} < {worse}"))) }
}

/// Checks an answer to a set covering problem.
///
/// # Errors
/// `optimise::verify` where the objective, the counts, the bound's side or feasibility differ from the claim.
pub fn set_cover(problem: &set_cover::Problem, answer: &Answer) -> Result<()> {
    let open = flags(&answer.chosen, problem.fixed, problem.eligible)?;
    let usable = problem.usable();
    for r in 0..problem.cover.n_rows() {
        let row = problem.cover.row(r);
        if row.iter().any(|&s| usable[s as usize]) && !row.iter().any(|&s| open[s as usize]) {
            return Err(differs(format!("row {r} is not covered")));
        }
    }
    same("the cost", cost(problem.costs, &open), answer.objective)?;
    counts(problem.cover, &usable, answer.coverable_rows, answer.uncoverable_rows)?;
    beyond(answer.objective, answer.bound)
}

/// Checks an answer to a maximal covering problem; errors as in [`set_cover()`].
pub fn max_cover(problem: &max_cover::Problem, answer: &Answer) -> Result<()> {
    let open = flags(&answer.chosen, problem.fixed, problem.eligible)?;
    same("the covered weight", covered(problem.cover, problem.weights, &open), answer.objective)?;
    if problem.p.is_some_and(|p| answer.chosen.len() > p) {
        return Err(differs(format!("{} sites are open, too many", answer.chosen.len())));
    }
    if problem.budget.is_some_and(|budget| cost(problem.costs, &open) > budget) {
        return Err(differs("the budget is overspent"));
    }
    let usable: Vec<bool> = (0..open.len()).map(|s| problem.fixed[s] || problem.eligible[s]).collect();
    counts(problem.cover, &usable, answer.coverable_rows, answer.uncoverable_rows)?;
    beyond(answer.bound, answer.objective)
}

/// Checks a plan over phases; errors as in [`set_cover()`].
pub fn phases(problem: &phases::Problem, plan: &Plan) -> Result<()> {
    phases_with(problem, &phases::SideConstraints::default(), plan)
}

/// Checks a plan over phases with side constraints; errors as in [`set_cover()`].
pub fn phases_with(problem: &phases::Problem, side: &phases::SideConstraints, plan: &Plan) -> Result<()> {
    let n = problem.fixed.len();
    same("the number of sites", n as u64, plan.opened_in.len() as u64)?;
    same("the number of sites that may close", n as u64, plan.closes_in.len() as u64)?;
    same("the number of phases", problem.phases.len() as u64, plan.covered.len() as u64)?;
    let closes = |s: usize| side.closes_in.get(s).copied().flatten();
    for s in 0..n {
        let opened = plan.opened_in[s].map(|t| t as usize);
        let right = match opened {
            _ if problem.fixed[s] => opened == Some(0),
            Some(t) => problem.phases.get(t).is_some_and(|phase| phase.allowed[s]),
            None => true,
        };
        if !right {
            return Err(differs(format!("site {s} may not open in {opened:?}")));
        }
        if plan.closes_in[s] != closes(s).filter(|_| opened.is_some()) {
            return Err(differs(format!("site {s} closes in {:?}, not in {:?}", plan.closes_in[s], closes(s))));
        }
        let late = |by: u32| !problem.fixed[s] && opened.is_none_or(|t| t > by as usize);
        if side.open_by.get(s).copied().flatten().is_some_and(late) {
            return Err(differs(format!("site {s} opens too late, in {opened:?}")));
        }
    }
    let mut objective = 0;
    for (t, phase) in problem.phases.iter().enumerate() {
        let stands = |s: usize| {
            let since = plan.opened_in[s].is_some_and(|from| from as usize <= t);
            since && closes(s).is_none_or(|until| (until as usize) > t)
        };
        let open: Vec<bool> = (0..n).map(stands).collect();
        let count = open.iter().filter(|&&open| open).count();
        if count > phase.open_total {
            return Err(differs(format!("{count} sites are open in phase {t}, too many")));
        }
        if phase.budget.is_some_and(|budget| cost(problem.costs, &open) > budget) {
            return Err(differs(format!("the budget of phase {t} is overspent")));
        }
        let kept = |floor: &phases::Floor| {
            let mut sum = 0;
            for &(r, weight) in &floor.rows {
                if problem.cover.row(r as usize).iter().any(|&s| open[s as usize]) {
                    sum += weight;
                }
            }
            sum >= floor.least
        };
        if let Some(i) = side.floors.iter().position(|floor| floor.phase as usize == t && !kept(floor)) {
            return Err(differs(format!("floor {i} of phase {t} is not kept")));
        }
        for (i, asked) in side.counts.iter().enumerate() {
            // All floors of a count are of one phase.
            if asked.floors.first().is_some_and(|floor| floor.phase as usize == t)
                && asked.floors.iter().filter(|floor| kept(floor)).count() < asked.at_least
            {
                return Err(differs(format!("fewer floors hold than count {i} asks for")));
            }
        }
        let found = covered(problem.cover, &phase.weights, &open);
        same(&format!("the covered weight of phase {t}"), found, plan.covered[t])?;
        objective += phase.multiplier * found;
    }
    same("the objective", objective, plan.objective)?;
    let usable: Vec<bool> = (0..n)
        .map(|s| {
            let stays = |t: usize| closes(s).is_none_or(|until| until as usize > t);
            let may = |t: usize| problem.phases[t].allowed[s] && stays(t);
            problem.fixed[s] && stays(0) || (0..problem.phases.len()).any(may)
        })
        .collect();
    counts(problem.cover, &usable, plan.coverable_rows, plan.uncoverable_rows)?;
    beyond(plan.bound, plan.objective)
}

/// Checks an answer to a p-median problem; errors as in [`set_cover()`].
pub fn p_median(problem: &p_median::Problem, answer: &Answer) -> Result<()> {
    let open = flags(&answer.chosen, problem.fixed, problem.eligible)?;
    if answer.chosen.len() > problem.p {
        return Err(differs(format!("{} sites are open, too many", answer.chosen.len())));
    }
    let usable: Vec<bool> = (0..open.len()).map(|s| problem.fixed[s] || problem.eligible[s]).collect();
    same("the weighted cost", weighted_cost(problem.costs, problem.weights, &open, &usable)?, answer.objective)?;
    counts(problem.costs.cover(), &usable, answer.coverable_rows, answer.uncoverable_rows)?;
    beyond(answer.objective, answer.bound)
}

/// Checks an answer to a p-center problem; errors as in [`set_cover()`].
pub fn p_center(problem: &p_center::Problem, answer: &Answer) -> Result<()> {
    let open = flags(&answer.chosen, problem.fixed, problem.eligible)?;
    if answer.chosen.len() > problem.p {
        return Err(differs(format!("{} sites are open, too many", answer.chosen.len())));
    }
    let usable: Vec<bool> = (0..open.len()).map(|s| problem.fixed[s] || problem.eligible[s]).collect();
    let mut worst = 0;
    for r in 0..problem.costs.n_rows() {
        let of = |among: &[bool]| problem.costs.row(r).filter(|&(s, _)| among[s as usize]).map(|(_, cost)| cost).min();
        match (of(&open), of(&usable)) {
            _ if problem.weights[r] == 0 => {}
            (Some(cost), _) => worst = worst.max(cost),
            (None, Some(_)) => return Err(differs(format!("row {r} is not served"))),
            (None, None) => {}
        }
    }
    same("the worst cost", worst, answer.objective)?;
    counts(problem.costs.cover(), &usable, answer.coverable_rows, answer.uncoverable_rows)?;
    beyond(answer.objective, answer.bound)
}

/// Checks an answer to a partial covering problem; errors as in [`set_cover()`].
pub fn partial_cover(problem: &partial_cover::Problem, answer: &Answer) -> Result<()> {
    let open = flags(&answer.chosen, problem.fixed, problem.eligible)?;
    let found = covered(problem.cover, problem.weights, &open);
    if found < problem.least_weight {
        return Err(differs(format!("the covered weight is {found}, less than {}", problem.least_weight)));
    }
    same("the cost", cost(problem.costs, &open), answer.objective)?;
    let usable: Vec<bool> = (0..open.len()).map(|s| problem.fixed[s] || problem.eligible[s]).collect();
    counts(problem.cover, &usable, answer.coverable_rows, answer.uncoverable_rows)?;
    beyond(answer.objective, answer.bound)
}

/// Checks an answer to a backup covering problem; errors as in [`set_cover()`].
pub fn backup_cover(problem: &backup_cover::Problem, answer: &Answer) -> Result<()> {
    let open = flags(&answer.chosen, problem.fixed, problem.eligible)?;
    if answer.chosen.len() > problem.p {
        return Err(differs(format!("{} sites are open, too many", answer.chosen.len())));
    }
    let usable: Vec<bool> = (0..open.len()).map(|s| problem.fixed[s] || problem.eligible[s]).collect();
    let (mut once, mut twice) = (0, 0);
    for (r, weight) in problem.weights.iter().enumerate() {
        let mut serving = 0;
        let mut servable = false;
        for &s in problem.cover.row(r) {
            servable |= usable[s as usize];
            serving += u32::from(open[s as usize]);
        }
        if serving == 0 && servable && problem.goal == backup_cover::Goal::CoverAll {
            return Err(differs(format!("row {r} is not covered")));
        }
        once += if serving >= 1 { *weight } else { 0 };
        twice += if serving >= 2 { *weight } else { 0 };
    }
    let worth = match problem.goal {
        backup_cover::Goal::CoverAll => twice,
        backup_cover::Goal::Weighted { once: first, twice: second } => first * once + second * twice,
    };
    same("the objective", worth, answer.objective)?;
    counts(problem.cover, &usable, answer.coverable_rows, answer.uncoverable_rows)?;
    beyond(answer.bound, answer.objective)
}

/// Checks a plan of a capacitated location problem; errors as in [`set_cover()`].
pub fn capacitated(problem: &capacitated::Problem, plan: &capacitated::Plan) -> Result<()> {
    let open = flags(&plan.chosen, problem.fixed, problem.eligible)?;
    if problem.p.is_some_and(|p| plan.chosen.len() > p) {
        return Err(differs(format!("{} sites are open, too many", plan.chosen.len())));
    }
    let mut room = problem.capacities.to_vec();
    let mut left = problem.needs.to_vec();
    let (mut whole, mut rest) = (u128::from(cost(problem.site_costs, &open)), 0.0);
    for &(r, s, amount) in &plan.flows {
        let row = r as usize;
        let pair = problem.costs.row(row).find(|&(site, _)| site == s);
        let Some((_, cost)) = pair.filter(|_| open[s as usize]) else {
            return Err(differs(format!("row {r} is served from site {s}, which is closed or cannot serve it")));
        };
        if problem.kind == capacitated::Kind::Whole && amount != problem.needs[row] {
            return Err(differs(format!("row {r} is split")));
        }
        let (Some(room_left), Some(need_left)) = (room[s as usize].checked_sub(amount), left[row].checked_sub(amount))
        else {
            return Err(differs(format!("site {s} or row {r} has more than it can take")));
        };
        (room[s as usize], left[row]) = (room_left, need_left);
        let price = u128::from(problem.weights[row]) * u128::from(cost) * u128::from(amount);
        whole += price / u128::from(problem.needs[row]);
        rest += (price % u128::from(problem.needs[row])) as f64 / problem.needs[row] as f64;
    }
    let whole = whole + (rest - 1e-6_f64).ceil().max(0.0) as u128;
    if whole != u128::from(plan.objective) {
        return Err(differs(format!("the cost is {whole}, not {}", plan.objective)));
    }
    let (mut unserved, mut coverable, mut uncoverable) = (Vec::new(), 0, 0);
    for r in (0..left.len()).filter(|&r| problem.needs[r] > 0) {
        if !problem.costs.row(r).any(|(s, _)| problem.fixed[s as usize] || problem.eligible[s as usize]) {
            uncoverable += 1;
            continue;
        }
        coverable += 1;
        if left[r] > 0 {
            unserved.push((r as u32, left[r]));
        }
    }
    same("the number of coverable rows", coverable, plan.coverable_rows as u64)?;
    same("the number of uncoverable rows", uncoverable, plan.uncoverable_rows as u64)?;
    same("what is unserved", unserved.iter().map(|&(_, left)| left).sum(), plan.unserved_total)?;
    if unserved != plan.unserved || (!problem.allow_overflow && plan.unserved_total > 0) {
        return Err(differs("the rows left unserved are others than claimed"));
    }
    beyond(plan.unserved_total, plan.unserved_bound)?;
    beyond(plan.objective, plan.bound)
}

/// Checks an answer to a second objective and that it keeps the first; errors as in [`set_cover()`].
pub fn then_nearest(problem: &then_nearest::Problem, answer: &Answer) -> Result<()> {
    let open = flags(&answer.chosen, problem.fixed, problem.eligible)?;
    let found = covered(problem.cover, problem.cover_weights, &open);
    if found < problem.least_covered {
        return Err(differs(format!("the covered weight is {found}, less than {}", problem.least_covered)));
    }
    if problem.p.is_some_and(|p| answer.chosen.len() > p) {
        return Err(differs(format!("{} sites are open, too many", answer.chosen.len())));
    }
    if problem.most_cost.is_some_and(|most| cost(problem.site_costs, &open) > most) {
        return Err(differs("the sites cost too much"));
    }
    let mut sum = 0;
    for (r, weight) in problem.weights.iter().enumerate() {
        let mut least = problem.penalty;
        for (s, cost) in problem.costs.row(r) {
            if open[s as usize] && cost < least {
                least = cost;
            }
        }
        sum += weight * least;
    }
    same("the weighted cost", sum, answer.objective)?;
    let usable: Vec<bool> = (0..open.len()).map(|s| problem.fixed[s] || problem.eligible[s]).collect();
    counts(problem.costs.cover(), &usable, answer.coverable_rows, answer.uncoverable_rows)?;
    beyond(answer.objective, answer.bound)
}

fn weighted_cost(costs: &CostTable, weights: &[u64], open: &[bool], usable: &[bool]) -> Result<u64> {
    let mut sum = 0;
    for (r, weight) in weights.iter().enumerate() {
        let mut nearest = None;
        let mut servable = false;
        for (s, cost) in costs.row(r) {
            servable |= usable[s as usize];
            if open[s as usize] && nearest.is_none_or(|nearest| cost < nearest) {
                nearest = Some(cost);
            }
        }
        match nearest {
            Some(cost) => sum += weight * cost,
            None if servable => return Err(differs(format!("row {r} is not served"))),
            None => {}
        }
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::Limits;

    /// Breaks a sound answer in every way there is; each must be noticed.
    #[test]
    fn false_claims_are_noticed() {
        let cover = CoverTable::from_pairs(3, 3, &[(0, 0), (1, 0), (1, 1), (2, 1)]).unwrap();
        let problem =
            set_cover::Problem { cover: &cover, costs: &[1, 2, 4], fixed: &[false; 3], eligible: &[true, true, false] };
        let sound = set_cover::solve(&problem, &Limits::default()).unwrap();
        assert_eq!(sound.chosen, [0, 1]);
        let broken = [
            Answer { objective: 4, ..sound.clone() },
            Answer { bound: 4, ..sound.clone() },
            Answer { chosen: vec![0], objective: 1, bound: 1, ..sound.clone() },
            Answer { chosen: vec![0, 1, 2], objective: 7, ..sound.clone() },
            Answer { chosen: vec![1, 0], ..sound.clone() },
            Answer { chosen: vec![0, 1, 3], ..sound.clone() },
            Answer { uncoverable_rows: 1, ..sound.clone() },
        ];
        for answer in broken {
            assert!(set_cover(&problem, &answer).is_err(), "{answer:?}");
        }
        let fixed = set_cover::Problem { fixed: &[false, false, true], ..problem };
        assert!(set_cover(&fixed, &sound).is_err());

        let problem = max_cover::Problem {
            cover: &cover,
            weights: &[1, 2, 4],
            costs: &[1, 2, 4],
            fixed: &[false; 3],
            eligible: &[true, true, false],
            p: Some(1),
            budget: Some(2),
        };
        let sound = max_cover::solve(&problem, &Limits::default()).unwrap();
        assert_eq!((sound.chosen.as_slice(), sound.objective), (&[1][..], 6));
        let broken = [
            Answer { objective: 7, bound: 7, ..sound.clone() },
            Answer { bound: 5, ..sound.clone() },
            Answer { chosen: vec![0, 1], objective: 7, bound: 7, ..sound.clone() },
        ];
        for answer in broken {
            assert!(max_cover(&problem, &answer).is_err(), "{answer:?}");
        }
        assert!(max_cover(&max_cover::Problem { budget: Some(1), ..problem }, &sound).is_err());
    }
}
