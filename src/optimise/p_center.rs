//! p-center: the least worst cost of serving every row from its nearest of at most `p` sites (Hakimi 1964).
//!
//! The answer is one of the costs of the table, and `p` sites serve everyone at cost D or less if and only if the pairs
//! of at most D have a set cover of `p` sites (Minieka 1970; Daskin 1995). So the distinct costs are searched by halves,
//! each step one set covering problem. Weights only say who counts: rows of weight 0 do not.

use super::answer::{self, Answer, Limits, Progress, Sense, Status};
use super::cover::{CostTable, CoverTable};
use super::set_cover::{self, check_lengths};
use super::verify;
use crate::error::{Error, Fault, Result};

/// A p-center problem.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// What it costs to serve each row from each site that can serve it.
    pub costs: &'a CostTable,
    /// The weight of each row; rows of weight 0 do not count.
    pub weights: &'a [u64],
    /// Sites that stand already: open at no choice, counted in `p`.
    pub fixed: &'a [bool],
    /// Sites that may be opened. Ignored for fixed sites.
    pub eligible: &'a [bool],
    /// The most sites in all, fixed ones included.
    pub p: usize,
}

impl Problem<'_> {
    fn usable(&self) -> Vec<bool> {
        self.fixed.iter().zip(self.eligible).map(|(&fixed, &eligible)| fixed || eligible).collect()
    }
}

/// Solves the problem: the objective is the largest cost of the nearest open site over all rows that count and that some
/// usable site serves, each of which must be served; 0 where there is no such row. Rows that no usable site serves are
/// left out and counted.
///
/// # Errors
/// [`Error::Targets`] with code `optimise::fixed` where more than `p` sites are fixed, with `optimise::infeasible` where
/// no `p` sites serve every row that counts, with the least number that does, and with `optimise::time` where the time
/// ran out before any plan was found. `optimise::size`, `optimise::limits` for senseless input.
pub fn solve(problem: &Problem, limits: &Limits) -> Result<Answer> {
    let n = problem.costs.n_sites();
    check_lengths(n, &[("fixed", problem.fixed.len()), ("eligible", problem.eligible.len())])?;
    check_lengths(problem.costs.n_rows(), &[("weights", problem.weights.len())])?;
    check_fixed(problem.fixed, problem.p)?;
    let mut progress = Progress::begin(limits)?;
    let usable = problem.usable();
    let served = |r: usize| problem.costs.row(r).any(|(s, _)| usable[s as usize]);
    let coverable_rows = (0..problem.costs.n_rows()).filter(|&r| served(r)).count();
    let who: Vec<usize> = (0..problem.costs.n_rows()).filter(|&r| problem.weights[r] > 0 && served(r)).collect();

    // Nobody can be served nearer than from the best usable site.
    let cheapest = |&r: &usize| problem.costs.row(r).filter(|&(s, _)| usable[s as usize]).map(|(_, cost)| cost).min();
    let floor = who.iter().filter_map(cheapest).max().unwrap_or(0);
    let mut levels: Vec<u64> = vec![floor];
    for &r in &who {
        levels
            .extend(problem.costs.row(r).filter(|&(s, cost)| usable[s as usize] && cost > floor).map(|(_, cost)| cost));
    }
    levels.sort_unstable();
    levels.dedup();
    progress.note("levels", format!("{} costs from {floor} up for {} rows", levels.len(), who.len()));

    let ask = Ask { problem, who: &who };
    let (mut chosen, mut high) = ask.fewest_at_any(&levels, &mut progress)?;
    // Everything below `low` is proven to be too near.
    let mut low = 0;
    let mut aim = None;
    while low < high && answer::gap(levels[high], levels[low]) > progress.limits.gap && !progress.out_of_time() {
        let middle = aim.take().unwrap_or(low + (high - low) / 2);
        match ask.within(levels[middle], &mut progress)? {
            Within::Yes(open) => {
                high = ask.level(&levels, &open);
                chosen = open;
            }
            Within::No => low = middle + 1,
            // The solver stopped with a gap: try a little farther out, where it is easier.
            Within::Unknown if middle + 1 < high => aim = Some(middle + (high - middle).div_ceil(2)),
            Within::Unknown => break,
        }
    }
    let objective = levels[high];
    let bound = levels[low.min(high)];
    let (bound, gap, mut status) = progress.judge(Sense::Minimise, objective, bound);
    if status == Status::Unproven && progress.out_of_time() {
        status = Status::TimeLimit;
    }
    let (steps, time_s) = progress.finish();
    let uncoverable_rows = problem.costs.n_rows() - coverable_rows;
    let answer = Answer { chosen, objective, bound, gap, status, coverable_rows, uncoverable_rows, steps, time_s };
    verify::p_center(problem, &answer)?;
    Ok(answer)
}

/// Refuses more fixed sites than may be open.
pub(super) fn check_fixed(fixed: &[bool], p: usize) -> Result<()> {
    let n_fixed = fixed.iter().filter(|&&fixed| fixed).count();
    if n_fixed > p {
        let message = format!("{n_fixed} sites are fixed, but only {p} may be open");
        let help = format!("p counts the fixed sites: ask for at least {n_fixed}");
        return Err(Error::Targets(Fault::new("optimise::fixed", message).help(help)));
    }
    Ok(())
}

enum Within {
    Yes(Vec<u32>),
    No,
    Unknown,
}

struct Ask<'a> {
    problem: &'a Problem<'a>,
    who: &'a [usize],
}

impl Ask<'_> {
    /// The fewest sites that serve all who count at cost `most` or less.
    fn fewest(&self, most: u64, progress: &Progress) -> Result<Option<Answer>> {
        let usable = self.problem.usable();
        let mut rows: Vec<Vec<u32>> = Vec::with_capacity(self.who.len());
        for &r in self.who {
            let row = self.problem.costs.row(r).filter(|&(s, cost)| usable[s as usize] && cost <= most);
            rows.push(row.map(|(s, _)| s).collect());
        }
        if rows.iter().any(Vec::is_empty) {
            return Ok(None);
        }
        let cover = CoverTable::from_rows(rows.iter().map(Vec::as_slice), self.problem.costs.n_sites());
        let ones = vec![1; cover.n_sites()];
        let fewest = set_cover::Problem {
            cover: &cover,
            costs: &ones,
            fixed: self.problem.fixed,
            eligible: self.problem.eligible,
        };
        let time_limit_s = progress.remaining_s().map(|s| s.max(0.001));
        Ok(Some(set_cover::solve(&fewest, &Limits { time_limit_s, gap: 0.0, ..progress.limits.clone() })?))
    }

    fn within(&self, most: u64, progress: &mut Progress) -> Result<Within> {
        let p = self.problem.p as u64;
        let Some(answer) = self.fewest(most, progress)? else { return Ok(Within::No) };
        let said = if answer.objective <= p {
            Within::Yes(answer.chosen)
        } else if answer.bound > p {
            Within::No
        } else {
            Within::Unknown
        };
        progress.note("cover", format!("cost {most}: {} sites, at least {}", answer.objective, answer.bound));
        Ok(said)
    }

    /// A first plan, and the level of its worst row.
    fn fewest_at_any(&self, levels: &[u64], progress: &mut Progress) -> Result<(Vec<u32>, usize)> {
        let farthest = levels.last().copied().unwrap_or(0);
        let Some(answer) = self.fewest(farthest, progress)? else { return Ok((Vec::new(), 0)) };
        if answer.objective <= self.problem.p as u64 {
            let level = self.level(levels, &answer.chosen);
            return Ok((answer.chosen, level));
        }
        Err(too_few(&answer, self.problem.p))
    }

    /// The place of a plan's worst cost among the levels.
    fn level(&self, levels: &[u64], chosen: &[u32]) -> usize {
        let open = super::cover::open_flags(self.problem.costs.n_sites(), chosen);
        let nearest = |&r: &usize| self.problem.costs.nearest(r, &open).map(|(_, cost)| cost);
        let worst = self.who.iter().filter_map(nearest).max().unwrap_or(0);
        levels.partition_point(|&level| level < worst)
    }
}

/// Why no `p` sites serve everyone, from the fewest that do; or that the time ran out before this was known.
pub(super) fn too_few(fewest: &Answer, p: usize) -> Error {
    if fewest.bound > p as u64 {
        let needed = match fewest.objective == fewest.bound {
            true => format!("at least {}", fewest.objective),
            false => format!("at least {} and at most {}", fewest.bound, fewest.objective),
        };
        let message = format!("no {p} sites serve every row that can be served");
        let help = format!("that takes {needed} sites: ask for more, or add pairs with a high cost for far sites");
        return Error::Targets(Fault::new("optimise::infeasible", message).help(help));
    }
    let message = format!("the time ran out before {p} sites that serve every row were found");
    let help = format!("allow more time, or at least {} sites", fewest.objective);
    Error::Targets(Fault::new("optimise::time", message).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn centers_of_a_line() {
        // Places at 0, 1, 5 and 7, each row and site; the cost is the distance.
        let at = [0_u64, 1, 5, 7];
        let triples: Vec<_> =
            (0..4).flat_map(|r| (0..4).map(move |s| (r, s, at[r as usize].abs_diff(at[s as usize])))).collect();
        let costs = CostTable::from_triples(4, 4, &triples).unwrap();
        let problem = Problem { costs: &costs, weights: &[1; 4], fixed: &[false; 4], eligible: &[true; 4], p: 1 };
        // One: at 5 the worst is 5 (at 1: 6, at 0 and 7: 7). Two: {0 or 1} and {5 or 7}: at 1 and 5: 2, at 0 and 5: 2.
        let answer = solve(&problem, &Limits::default()).unwrap();
        assert_eq!((answer.chosen, answer.objective, answer.status), (vec![2], 5, Status::Optimal));
        assert_eq!(solve(&Problem { p: 2, ..problem }, &Limits::default()).unwrap().objective, 2);
        assert_eq!(solve(&Problem { p: 3, ..problem }, &Limits::default()).unwrap().objective, 1);
        assert_eq!(solve(&Problem { p: 4, ..problem }, &Limits::default()).unwrap().objective, 0);
        // Nobody lives at 0: from 5 the worst is 4, as good as it gets.
        let answer = solve(&Problem { weights: &[0, 1, 1, 1], ..problem }, &Limits::default()).unwrap();
        assert_eq!(answer.objective, 4);
        // Site 0 stands and p = 1: row 3 is 7 away.
        let fixed = &[true, false, false, false];
        assert_eq!(solve(&Problem { fixed, ..problem }, &Limits::default()).unwrap().objective, 7);
        assert!(matches!(solve(&Problem { fixed, p: 0, ..problem }, &Limits::default()), Err(Error::Targets(_))));
        // Nobody counts.
        let answer = solve(&Problem { weights: &[0; 4], p: 0, ..problem }, &Limits::default()).unwrap();
        assert_eq!((answer.chosen.len(), answer.objective), (0, 0));
    }

    #[test]
    fn infeasible_asks_say_what_is_needed() {
        // Rows 0 and 1 share no site.
        let costs = CostTable::from_triples(2, 2, &[(0, 0, 1), (1, 1, 1)]).unwrap();
        let problem = Problem { costs: &costs, weights: &[1; 2], fixed: &[false; 2], eligible: &[true; 2], p: 1 };
        let Err(Error::Targets(fault)) = solve(&problem, &Limits::default()) else { panic!("one site cannot do it") };
        assert_eq!(fault.code, "optimise::infeasible");
        assert!(fault.help.unwrap().contains("at least 2 sites"));
    }
}
