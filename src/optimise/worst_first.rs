//! The worst-off groups of rows first: lexicographic max–min of the groups' covered shares, then most weight.
//!
//! Of all sets of sites those are kept whose worst group has the largest share; of these, those in which fewest groups
//! have no more than that; of these, those whose next share is largest, and so on; at last the one that covers most.
//!
//! Every level is proven by a model that asks "how many groups can be above this share, if at least so many stay at or
//! above each share settled before?". While that is all of them, the share rises to the worst that was found; otherwise
//! the level is settled together with the number of groups that stay on it. Shares are compared as exact fractions.

use super::answer::{Answer, Limits, ProofStep, Status};
use super::phases::{self, Aim, Count, Floor, Problem, SideConstraints};
use crate::error::{Fault, Result};

/// Rows that are looked at together, each once, with their weight; the sum above 0.
pub type Group = Vec<(u32, u64)>;

/// A share of a group's weight, as a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Covered weight.
    pub covered: u64,
    /// All weight, above 0.
    pub of: u64,
}

impl Share {
    /// As a number from 0 to 1.
    pub fn value(self) -> f64 {
        self.covered as f64 / self.of as f64
    }

    fn cmp(self, other: Share) -> std::cmp::Ordering {
        let product = |a: u64, b: u64| u128::from(a) * u128::from(b);
        product(self.covered, other.of).cmp(&product(other.covered, self.of))
    }

    /// The least covered weight of `all` that is this share at least, or more than it.
    fn least(self, all: u64, more: bool) -> u64 {
        let product = u128::from(self.covered) * u128::from(all);
        let of = u128::from(self.of);
        let least = if more { product / of + 1 } else { product.div_ceil(of) };
        least.min(u128::from(u64::MAX)) as u64
    }
}

/// A level that is settled.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// The best share that the worst of the groups not settled before can have.
    pub share: Share,
    /// How many groups must stay at that share or below, those of the levels before included.
    pub groups_up_to: usize,
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct WorstFirst {
    /// The open sites with the covered weight as objective, among all sets that keep the levels.
    pub answer: Answer,
    /// The levels that are proven, from the worst on.
    pub levels: Vec<Level>,
    /// Whether every group's level is settled; else those above the last level were left to the most weight.
    pub complete: bool,
}

/// The most levels that are settled one by one; the rest is left to the most weight, and that is told.
pub const MOST_LEVELS: usize = 8;

/// Solves a problem of one phase.
///
/// # Errors
/// As [`phases::solve_with`]; `optimise::phases` where there is more than one phase, `optimise::group` for a group
/// without weight.
pub fn solve(problem: &Problem, side: &SideConstraints, groups: &[Group], limits: &Limits) -> Result<WorstFirst> {
    if problem.phases.len() != 1 {
        let message = format!("{} phases where one is wanted", problem.phases.len());
        return Err(Fault::new("optimise::phases", message).help("this is a fault in the caller").into());
    }
    let all: Vec<u64> = groups.iter().map(|group| group.iter().map(|row| row.1).sum()).collect();
    if let Some(empty) = all.iter().position(|&all| all == 0) {
        let message = format!("group {empty} has no weight");
        return Err(Fault::new("optimise::group", message).help("leave such groups out").into());
    }
    let begun = std::time::Instant::now();
    let left = |part: f64| {
        let left = limits.time_limit_s.map(|all| ((all - begun.elapsed().as_secs_f64()) * part).max(0.001));
        Limits { time_limit_s: left, gap: 0.0, ..limits.clone() }
    };
    // The plan that serves most is the first incumbent.
    let first = phases::solve_with(problem, side, &left(0.25))?;
    let mut steps: Vec<ProofStep> = Vec::new();
    let mut note = |step: &str, found: String| {
        steps.push(ProofStep { step: step.into(), found, at_s: begun.elapsed().as_secs_f64() });
    };
    let flags = |chosen: &[u32]| super::cover::open_flags(problem.fixed.len(), chosen);
    let shares = |standing: &[bool]| -> Vec<Share> {
        let of = |(group, &all): (&Group, &u64)| {
            let floor = Floor { phase: 0, rows: group.clone(), least: 0 };
            Share { covered: floor.covered(problem.cover, standing), of: all }
        };
        let mut shares: Vec<Share> = groups.iter().zip(&all).map(of).collect();
        shares.sort_by(|a, b| a.cmp(*b));
        shares
    };
    let at = |share: Share, more: bool| -> Vec<Floor> {
        let of = |(group, &all): (&Group, &u64)| Floor { phase: 0, rows: group.clone(), least: share.least(all, more) };
        groups.iter().zip(&all).map(of).collect()
    };
    let mut incumbent = shares(&flags(&first.open_at(0)));
    let mut asked = side.clone();
    let mut levels: Vec<Level> = Vec::new();
    let (mut complete, mut out_of_time) = (true, false);
    let mut settled = 0;
    while settled < groups.len() {
        if levels.len() == MOST_LEVELS {
            complete = false;
            note("levels", format!("{MOST_LEVELS} are settled, the others left to the most weight"));
            break;
        }
        let wanted = groups.len() - settled;
        let mut share = incumbent[settled];
        // Halving first, so that the share need not climb person by person.
        let mut no_more = 1.0;
        let mut is_proven = true;
        let up_to = loop {
            if share.covered == share.of {
                break groups.len();
            }
            let middle = (share.value() + no_more) / 2.0;
            let jump = no_more - share.value() > 0.01;
            let floors =
                if jump { at(Share { covered: (middle * 1e6) as u64, of: 1_000_000 }, true) } else { at(share, true) };
            // Nobody may fall below what is reached while the number above it is sought.
            let mut now = asked.clone();
            now.counts.push(Count { floors: at(share, false), at_least: wanted });
            let sought = phases::best(problem, &now, Aim::FloorsMet(&floors), &left(0.5))?;
            let met = sought.value.unwrap_or(0) as usize;
            if let Some(standing) = sought.standing.as_ref().filter(|_| met >= wanted) {
                incumbent = shares(standing);
                share = incumbent[settled];
            } else if !sought.is_proven() {
                is_proven = false;
                break settled;
            } else if jump {
                no_more = middle;
            } else {
                // The incumbent of the next level has the fewest groups on this one.
                if let Some(standing) = &sought.standing {
                    incumbent = shares(standing);
                }
                break groups.len() - met;
            }
        };
        if !is_proven {
            (complete, out_of_time) = (false, true);
            note("levels", format!("the time ran out at a share of {:.4}", share.value()));
            asked.counts.push(Count { floors: at(share, false), at_least: wanted });
            break;
        }
        asked.counts.push(Count { floors: at(share, false), at_least: wanted });
        if up_to < groups.len() {
            asked.counts.push(Count { floors: at(share, true), at_least: groups.len() - up_to });
        }
        note(
            "level",
            format!(
                "{wanted} of {} groups can have {:.4} or more, {} more",
                groups.len(),
                share.value(),
                groups.len() - up_to
            ),
        );
        levels.push(Level { share, groups_up_to: up_to });
        settled = up_to;
    }
    let plan = phases::solve_with(problem, &asked, &left(1.0))?;
    let chosen = plan.open_at(0);
    steps.extend(plan.steps.iter().cloned());
    let status = if out_of_time { Status::TimeLimit } else { plan.status };
    let answer = Answer {
        chosen,
        objective: plan.objective,
        bound: plan.bound,
        gap: plan.gap,
        status,
        coverable_rows: plan.coverable_rows,
        uncoverable_rows: plan.uncoverable_rows,
        steps,
        time_s: begun.elapsed().as_secs_f64(),
    };
    Ok(WorstFirst { answer, levels, complete })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::CoverTable;
    use crate::optimise::phases::Phase;

    fn solve_with(cover: &CoverTable, p: usize, weights: &[u64], groups: &[Group]) -> WorstFirst {
        let n = cover.n_sites();
        let phases =
            [Phase { weights: weights.to_vec(), multiplier: 1, allowed: vec![true; n], open_total: p, budget: None }];
        let problem = Problem { cover, costs: &vec![1; n], fixed: &vec![false; n], phases: &phases };
        solve(&problem, &SideConstraints::default(), groups, &Limits::default()).unwrap()
    }

    #[test]
    fn the_worst_group_comes_first() {
        // Site 0 serves the four rows of the large group, site 1 half of the small group and one large row, site 2 the
        // other half of the small one.
        let cover = CoverTable::from_pairs(6, 3, &[(0, 0), (1, 0), (2, 0), (3, 0), (0, 1), (4, 1), (5, 2)]).unwrap();
        let weights = [10, 10, 10, 10, 1, 1];
        let groups: [Group; 2] = [(0..4).map(|r| (r, 10)).collect(), vec![(4, 1), (5, 1)]];
        // Most people with two: sites 0 and 1 (41). Shares are then 1 and 1/2. Sites 0 and 2: the same shares, 41 too;
        // sites 1 and 2: 1/4 and 1. So the worst share is 1/2.
        let found = solve_with(&cover, 2, &weights, &groups);
        assert_eq!((found.answer.objective, found.complete), (41, true));
        assert_eq!(found.levels[0], Level { share: Share { covered: 1, of: 2 }, groups_up_to: 1 });
        // With one site most people is site 0 (40): shares 1 and 0. Site 1: 1/4 and 1/2, which lifts the worst.
        let found = solve_with(&cover, 1, &weights, &groups);
        assert_eq!((found.answer.chosen.as_slice(), found.answer.objective), (&[1][..], 11));
        let shares: Vec<f64> = found.levels.iter().map(|level| level.share.value()).collect();
        assert_eq!(shares, [0.25, 0.5]);
        assert_eq!(found.answer.status, Status::Optimal);
    }

    #[test]
    fn equals_brute_force_on_sorted_shares() {
        let mut chance = 0x9e37_79b9_u64;
        let mut below = |n: u64| {
            chance ^= chance << 13;
            chance ^= chance >> 7;
            chance ^= chance << 17;
            chance % n
        };
        for case in 0..120 {
            let (n_rows, n_sites) = (4 + below(8) as u32, 2 + below(4) as u32);
            let pairs: Vec<(u32, u32)> =
                (0..n_rows).flat_map(|r| (0..n_sites).map(move |s| (r, s))).filter(|_| below(3) == 0).collect();
            let cover = CoverTable::from_pairs(n_rows as usize, n_sites as usize, &pairs).unwrap();
            let weights: Vec<u64> = (0..n_rows).map(|_| 1 + below(9)).collect();
            let mut groups: Vec<Group> = vec![Vec::new(); 4];
            (0..n_rows).for_each(|r| groups[below(4) as usize].push((r, weights[r as usize])));
            groups.retain(|group| !group.is_empty());
            let p = below(u64::from(n_sites) + 1) as usize;
            // Shares are compared by cross products, so that no rounding decides.
            let rank = |set: u32| -> (Vec<(u64, u64)>, u64) {
                let served = |r: u32| cover.row(r as usize).iter().any(|s| set >> s & 1 == 1);
                let of = |g: &Group| {
                    (g.iter().filter(|(r, _)| served(*r)).map(|(_, w)| w).sum(), g.iter().map(|(_, w)| w).sum())
                };
                let mut shares: Vec<(u64, u64)> = groups.iter().map(of).collect();
                shares.sort_by(|a, b| (a.0 * b.1).cmp(&(b.0 * a.1)));
                (shares, (0..n_rows).filter(|&r| served(r)).map(|r| weights[r as usize]).sum())
            };
            let order = |a: &(Vec<(u64, u64)>, u64), b: &(Vec<(u64, u64)>, u64)| {
                let by_share = a.0.iter().zip(&b.0).map(|(a, b)| (a.0 * b.1).cmp(&(b.0 * a.1)));
                by_share.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then).then(a.1.cmp(&b.1))
            };
            let sets = (0..1_u32 << n_sites).filter(|set| set.count_ones() as usize <= p);
            let best = sets.map(rank).max_by(order).unwrap();
            let found = solve_with(&cover, p, &weights, &groups);
            let set = found.answer.chosen.iter().fold(0, |set, s| set | 1 << s);
            assert_eq!(order(&rank(set), &best), std::cmp::Ordering::Equal, "case {case}: {found:?}, best {best:?}");
        }
    }
}
