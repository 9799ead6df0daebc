//! p-median: the least weighted cost of serving every row from its nearest of at most `p` sites.
//!
//! Greedy and interchange find a plan, a Lagrangian bound (`p_median_bound`) proves it or rules out most sites
//! and most far pairs, and the radius model (`p_median_radius`) decides what is left.

use std::collections::HashMap;

use super::answer::{self, Answer, Limits, Progress, Sense};
use super::cover::CostTable;
use super::p_center::{check_fixed, too_few};
use super::p_median_bound::Relaxation;
use super::p_median_radius::{Lists, Radius};
use super::p_median_search::Search;
use super::set_cover::{self, check_lengths, check_total};
use super::verify;
use crate::error::Result;

/// Steps of the Lagrangian bound: most instances settle in a few hundred.
const ROUNDS: usize = 1500;

/// Variables of a model that HiGHS handles with ease.
const MOST_AT_EASE: usize = 50_000;

/// A p-median problem.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// What it costs to serve each row from each site that can serve it.
    pub costs: &'a CostTable,
    /// The weight of each row. The sum of weight × (largest cost + 1) is at most [`super::LARGEST_TOTAL`].
    pub weights: &'a [u64],
    /// Sites that stand already: open at no choice, counted in `p`.
    pub fixed: &'a [bool],
    /// Sites that may be opened. Ignored for fixed sites.
    pub eligible: &'a [bool],
    /// The most sites in all, fixed ones included.
    pub p: usize,
}

/// Solves the problem: the objective is Σ weight · cost of the nearest open site, over all rows that some usable site
/// serves, each of which must be served. Rows that no usable site serves are left out and counted.
///
/// # Errors
/// [`crate::error::Error::Targets`] with code `optimise::fixed` where more than `p` sites are fixed, and with `optimise::infeasible`
/// where no `p` sites serve every row that can be served, with the least number that does; `optimise::time` where the
/// time ran out before any plan was found. `optimise::size`, `optimise::total`, `optimise::limits` for senseless input.
pub fn solve(problem: &Problem, limits: &Limits) -> Result<Answer> {
    let n = problem.costs.n_sites();
    check_lengths(n, &[("fixed", problem.fixed.len()), ("eligible", problem.eligible.len())])?;
    check_lengths(problem.costs.n_rows(), &[("weights", problem.weights.len())])?;
    let largest = problem.costs.largest_cost().saturating_add(1);
    check_total("weighted costs", problem.weights.iter().map(|&w| w.saturating_mul(largest)))?;
    check_fixed(problem.fixed, problem.p)?;

    let mut progress = Progress::begin(limits)?;
    let usable: Vec<bool> = (0..n).map(|s| problem.fixed[s] || problem.eligible[s]).collect();
    let clients = Clients::new(problem, &usable);
    let coverable_rows = clients.coverable_rows;
    let uncoverable_rows = problem.costs.n_rows() - coverable_rows;
    progress.note("merge", format!("{} rows in {}", problem.costs.n_rows(), clients.weights.len()));

    let mut search = Search::new(&clients.costs, &clients.weights, problem.fixed, &usable, problem.p);
    search.greedy(&|| progress.out_of_time());
    search.exchange(&|| progress.out_of_time());
    if search.unserved() > 0 {
        let cover = feasible(problem, &clients.costs, &progress)?;
        search.restart(&cover);
        search.exchange(&|| progress.out_of_time());
    }
    progress.note("search", format!("{} after interchanges", search.objective()));

    let mut bound = clients.floor();
    if search.objective() > bound && !progress.out_of_time() {
        let relaxation = Relaxation::new(&clients.costs, &clients.weights, problem.fixed, &usable, problem.p);
        let start = search.open().to_vec();
        let proven = relaxation.ascend(
            &start,
            ROUNDS,
            &mut |taken| {
                if let Some(taken) = taken {
                    search.try_from(taken, &|| progress.out_of_time());
                }
                search.objective()
            },
            &|| progress.out_of_time(),
        );
        bound = bound.max(proven.least);
        progress.tell(search.objective(), bound);
        progress.note("lagrange", format!("{}, bound {bound}", search.objective()));
        let upper = search.objective();
        if answer::gap(upper, bound.min(upper)) > progress.limits.gap && !progress.out_of_time() {
            let fixing = proven.fix(&relaxation, upper, search.open());
            let keep = |r: usize, cost: u64| proven.may_serve(r, clients.weights[r] * cost, upper);
            let lists = Lists::new(&clients.costs, &fixing.fixed, &fixing.usable, problem.p, search.open(), &keep);
            let radius = Radius::build(&lists, &clients.weights, &fixing.fixed, &fixing.usable, problem.p);
            let size = format!("{} variables, {} constraints", radius.model.n_vars(), radius.model.n_constraints());
            // The solver looks at the clock between steps, and those of a large model take long.
            let patience = if radius.model.n_vars() > MOST_AT_EASE { 0.5 } else { 1.0 };
            let time_s = progress.remaining_s().map(|time_s| patience * time_s);
            let start = radius.values(&lists, search.open());
            let floor = lists.floor(&clients.weights);
            let xs = radius.xs;
            if radius.model.n_vars() == 0 {
                // Nothing is left to decide: the plan known is the only one that can be the best.
                bound = upper;
            } else {
                let outcome = radius.model.solve(Some(start), &progress.limits, time_s)?;
                // What was ruled out costs at least `upper`.
                bound = outcome.bound.map_or(bound, |b| bound.max(upper.min(b.saturating_add(floor))));
                if let Some(values) = outcome.values {
                    let open = (0..n).map(|s| fixing.fixed[s] || xs[s].is_some_and(|x| values[x.0] > 0.5)).collect();
                    search.try_open(open);
                    search.exchange(&|| progress.out_of_time());
                }
            }
            progress.note("highs", format!("{size}: {}, bound {bound}", search.objective()));
        }
    }

    let chosen = (0..n as u32).filter(|&s| search.open()[s as usize]).collect();
    let objective = search.objective();
    let (bound, gap, status) = progress.judge(Sense::Minimise, objective, bound);
    let (steps, time_s) = progress.finish();
    let answer = Answer { chosen, objective, bound, gap, status, coverable_rows, uncoverable_rows, steps, time_s };
    verify::p_median(problem, &answer)?;
    Ok(answer)
}

/// Any set of at most p sites that serves every row, by way of the fewest that do.
fn feasible(problem: &Problem, costs: &CostTable, progress: &Progress) -> Result<Vec<u32>> {
    let limits = Limits { time_limit_s: progress.remaining_s().map(|s| s.max(0.001)), gap: 0.0, ..progress.limits };
    let ones = vec![1; costs.n_sites()];
    let fewest =
        set_cover::Problem { cover: costs.cover(), costs: &ones, fixed: problem.fixed, eligible: problem.eligible };
    let answer = set_cover::solve(&fewest, &limits)?;
    if answer.objective <= problem.p as u64 {
        return Ok(answer.chosen);
    }
    Err(too_few(&answer, problem.p))
}

/// The rows that must be served, equal ones merged, without the sites that are not usable.
struct Clients {
    costs: CostTable,
    weights: Vec<u64>,
    coverable_rows: usize,
}

impl Clients {
    fn new(problem: &Problem, usable: &[bool]) -> Self {
        let mut known: HashMap<Vec<(u32, u64)>, usize> = HashMap::new();
        let mut triples = Vec::new();
        let mut weights: Vec<u64> = Vec::new();
        let mut coverable_rows = 0;
        for (r, &weight) in problem.weights.iter().enumerate() {
            let row: Vec<_> = problem.costs.row(r).filter(|&(s, _)| usable[s as usize]).collect();
            if row.is_empty() {
                continue;
            }
            coverable_rows += 1;
            if let Some(&client) = known.get(&row) {
                weights[client] += weight;
            } else {
                triples.extend(row.iter().map(|&(s, cost)| (weights.len() as u32, s, cost)));
                known.insert(row, weights.len());
                weights.push(weight);
            }
        }
        let costs = CostTable::from_ordered(&triples, weights.len(), problem.costs.n_sites());
        Clients { costs, weights, coverable_rows }
    }

    /// The weighted cost where every row is served from its cheapest site: no plan costs less.
    fn floor(&self) -> u64 {
        let cheapest = |r: usize| self.costs.row(r).map(|(_, cost)| cost).min().unwrap_or(0);
        (0..self.weights.len()).map(|r| self.weights[r] * cheapest(r)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::optimise::Status;

    /// Four places on a line at 0, 1, 5 and 7; each is row and site, the cost is the distance.
    fn line() -> CostTable {
        let at = [0_u64, 1, 5, 7];
        let triples: Vec<_> =
            (0..4).flat_map(|r| (0..4).map(move |s| (r, s, at[r as usize].abs_diff(at[s as usize])))).collect();
        CostTable::from_triples(4, 4, &triples).unwrap()
    }

    #[test]
    fn medians_of_a_line() {
        let costs = line();
        let problem = Problem { costs: &costs, weights: &[1; 4], fixed: &[false; 4], eligible: &[true; 4], p: 1 };
        // One: at 1: 1 + 0 + 4 + 6 = 11; at 5: 5 + 4 + 0 + 2 = 11; at 0: 13; at 7: 15.
        let answer = solve(&problem, &Limits::default()).unwrap();
        assert_eq!((answer.objective, answer.bound, answer.status), (11, 11, Status::Optimal));
        // Two: one of {0, 1} and one of {5, 7}: 1 + 2 = 3. All four: 0.
        assert_eq!(solve(&Problem { p: 2, ..problem }, &Limits::default()).unwrap().objective, 3);
        assert_eq!(solve(&Problem { p: 4, ..problem }, &Limits::default()).unwrap().objective, 0);
        // Ten people at 0: one site there: 0 + 1 + 5 + 7 = 13.
        let answer = solve(&Problem { weights: &[10, 1, 1, 1], ..problem }, &Limits::default()).unwrap();
        assert_eq!((answer.chosen, answer.objective), (vec![0], 13));
        // The one at 7 stands: the second at 1: 1 + 0 + 2 + 0 = 3; at 0: 0 + 1 + 2 + 0 = 3.
        let fixed = &[false, false, false, true];
        let answer = solve(&Problem { fixed, p: 2, ..problem }, &Limits::default()).unwrap();
        assert_eq!(answer.objective, 3);
        assert!(matches!(solve(&Problem { fixed, p: 0, ..problem }, &Limits::default()), Err(Error::Targets(_))));
    }

    #[test]
    fn infeasible_asks_say_what_is_needed() {
        // Rows 0 and 1 share no site.
        let costs = CostTable::from_triples(2, 2, &[(0, 0, 1), (1, 1, 1)]).unwrap();
        let problem = Problem { costs: &costs, weights: &[1; 2], fixed: &[false; 2], eligible: &[true; 2], p: 1 };
        let Err(Error::Targets(fault)) = solve(&problem, &Limits::default()) else { panic!("one site cannot do it") };
        assert_eq!(fault.code, "optimise::infeasible");
        assert!(fault.help.unwrap().contains("at least 2 sites"));
        assert_eq!(solve(&Problem { p: 2, ..problem }, &Limits::default()).unwrap().objective, 2);
        // Row 1's only site may not open: it is left out and counted.
        let answer = solve(&Problem { eligible: &[true, false], ..problem }, &Limits::default()).unwrap();
        assert_eq!((answer.objective, answer.uncoverable_rows), (1, 1));
    }
}
