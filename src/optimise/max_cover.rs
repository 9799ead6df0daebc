//! Maximal covering (MCLP): the most weight with at most `p` sites, or within a budget, or both.
//!
//! maximise Σ weight_i · y_i  subject to  y_i ≤ Σ_{j serves i} x_j,  Σ x_j ≤ p,  Σ cost_j · x_j ≤ budget,  x_j = 1 for
//! fixed sites, x_j ∈ {0, 1}, 0 ≤ y_i ≤ 1 (Church and ReVelle 1974). It is [`super::phases`] with a single phase.

use super::answer::{Answer, Limits};
use super::cover::CoverTable;
use super::phases::{self, Phase};
use super::verify;
use crate::error::Result;

/// A maximal covering problem.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// Which sites serve which rows.
    pub cover: &'a CoverTable,
    /// The weight of each row; the sum at most [`super::LARGEST_TOTAL`].
    pub weights: &'a [u64],
    /// The cost of each site; only `budget` looks at it.
    pub costs: &'a [u64],
    /// Sites that stand already: open at no choice, counted in `p` and in the budget.
    pub fixed: &'a [bool],
    /// Sites that may be opened. Ignored for fixed sites.
    pub eligible: &'a [bool],
    /// The most sites in all, fixed ones included.
    pub p: Option<usize>,
    /// The most cost in all, fixed sites included, in the unit of `costs`.
    pub budget: Option<u64>,
}

impl Problem<'_> {
    /// The same question as the only phase of a rollout.
    pub fn phase(&self) -> Phase {
        Phase {
            weights: self.weights.to_vec(),
            multiplier: 1,
            allowed: self.eligible.to_vec(),
            open_total: self.p.unwrap_or(self.cover.n_sites()),
            budget: self.budget,
        }
    }
}

/// Solves the problem. At most `p` sites are opened: one that adds nothing stays closed.
///
/// # Errors
/// [`crate::error::Error::Targets`] with code `optimise::fixed` where the fixed sites alone are more than `p` or cost
/// more than the budget; `optimise::size`, `optimise::total`, `optimise::limits` for senseless input.
pub fn solve(problem: &Problem, limits: &Limits) -> Result<Answer> {
    let phases = [problem.phase()];
    let plan = phases::solve(
        &phases::Problem { cover: problem.cover, costs: problem.costs, fixed: problem.fixed, phases: &phases },
        limits,
    )?;
    let answer = Answer {
        chosen: plan.open_at(0),
        objective: plan.objective,
        bound: plan.bound,
        gap: plan.gap,
        status: plan.status,
        coverable_rows: plan.coverable_rows,
        uncoverable_rows: plan.uncoverable_rows,
        steps: plan.steps,
        time_s: plan.time_s,
    };
    verify::max_cover(problem, &answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::optimise::Status;

    /// Six rows of weight 1, 2, 4, …, 32, so that a sum shows which were reached.
    fn cover() -> CoverTable {
        // Site 0: rows 0–3 (15); site 1: rows 2, 4 (20); site 2: rows 3, 5 (40); site 3: row 5 (32).
        let pairs = [(0, 0), (1, 0), (2, 0), (3, 0), (2, 1), (4, 1), (3, 2), (5, 2), (5, 3)];
        CoverTable::from_pairs(6, 4, &pairs).unwrap()
    }

    const WEIGHTS: [u64; 6] = [1, 2, 4, 8, 16, 32];

    fn problem(cover: &CoverTable) -> Problem<'_> {
        Problem {
            cover,
            weights: &WEIGHTS,
            costs: &[1, 1, 10, 4],
            fixed: &[false; 4],
            eligible: &[true; 4],
            p: Some(2),
            budget: None,
        }
    }

    #[test]
    fn most_weight_with_two() {
        let cover = cover();
        // Sites 1 and 2: rows 2, 3, 4, 5 = 60. (0 and 2: 47; 0 and 1: 31; 0 and 3: 47.)
        let answer = solve(&problem(&cover), &Limits::default()).unwrap();
        assert_eq!((answer.chosen, answer.objective, answer.bound), (vec![1, 2], 60, 60));
        assert_eq!(answer.status, Status::Optimal);
    }

    #[test]
    fn most_weight_within_a_budget() {
        let cover = cover();
        // Site 2 alone costs 10. Within 6: sites 0, 1 and 3 = all 63.
        let asked = Problem { p: None, budget: Some(6), ..problem(&cover) };
        let answer = solve(&asked, &Limits::default()).unwrap();
        assert_eq!((answer.chosen, answer.objective), (vec![0, 1, 3], 63));
        // Within 5: sites 1 and 3 = 52, or 0 and 3 = 47.
        let answer = solve(&Problem { budget: Some(5), ..asked }, &Limits::default()).unwrap();
        assert_eq!((answer.chosen, answer.objective), (vec![1, 3], 52));
    }

    #[test]
    fn fixed_sites_count_and_needless_ones_stay_closed() {
        let cover = cover();
        let fixed = &[false, false, false, true];
        // Site 3 stands; one more: site 1 gives 52, site 0 gives 47.
        let answer = solve(&Problem { fixed, ..problem(&cover) }, &Limits::default()).unwrap();
        assert_eq!((answer.chosen, answer.objective), (vec![1, 3], 52));
        // Three sites 0, 1 and 2 cover everything; a fourth adds nothing.
        let answer = solve(&Problem { p: Some(4), ..problem(&cover) }, &Limits::default()).unwrap();
        assert_eq!((answer.chosen.len(), answer.objective), (3, 63));
        // p counts the fixed ones, so 0 cannot be had.
        let error = solve(&Problem { fixed, p: Some(0), ..problem(&cover) }, &Limits::default()).unwrap_err();
        assert!(matches!(error, Error::Targets(_)), "{error}");
        let error = solve(&Problem { fixed, budget: Some(3), ..problem(&cover) }, &Limits::default()).unwrap_err();
        assert!(matches!(error, Error::Targets(_)), "{error}");
    }
}
