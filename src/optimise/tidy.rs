//! A second objective that leaves the first one untouched: nearness.
//!
//! Where everyone coverable is covered by fewer sites than may be opened, or where several plans cover equally many,
//! the spare freedom is used to bring agents nearer. These are heuristics **for the second objective only**: greedy
//! filling and swaps to a local optimum, deterministic, without a bound. The first objective's proof stands, because
//! filling only adds sites and a swap is made only where no covered weight falls.

use super::cover::{CostTable, CoverTable};
use super::exchange::Exchange;

/// Opens up to `extra` more sites, each time the one that lowers the weighted cost most.
///
/// * `costs`, `weights`: what it costs each row to reach each site, and how much each row counts
/// * `penalty`: the cost of a row without any open site, at least the largest cost of the table; the sum of
///   weight × penalty must stay below [`super::LARGEST_TOTAL`]
/// * `keep_open`: the sites that are open; `allowed`: the sites that may be opened, one flag a site
///
/// Returns all open sites, ascending. Stops early where no site lowers the cost. Covered weight never falls, since
/// nothing is closed.
pub fn nearest_fill(
    costs: &CostTable,
    weights: &[u64],
    penalty: u64,
    keep_open: &[u32],
    allowed: &[bool],
    extra: usize,
) -> Vec<u32> {
    let penalty = penalty.max(costs.largest_cost());
    let mut open = vec![false; costs.n_sites()];
    keep_open.iter().for_each(|&s| open[s as usize] = true);
    for _ in 0..extra {
        let around = Exchange::of_costs(costs, weights, penalty, &open);
        let closed = (0..open.len()).filter(|&k| allowed[k] && !open[k] && around.gain(k) > 0);
        let Some(best) = closed.max_by_key(|&k| (around.gain(k), std::cmp::Reverse(k))) else { break };
        open[best] = true;
    }
    numbers(&open)
}

/// What a swap must not worsen, and where it may look.
#[derive(Debug, Clone, Copy)]
pub struct Keep<'a> {
    /// Which sites serve which rows, for covered weight.
    pub cover: &'a CoverTable,
    /// Vectors with one weight a row (one a phase, say): the covered sum of none of them may fall.
    pub weights: &'a [&'a [u64]],
    /// Sites that must stay open, one flag a site.
    pub must_stay: &'a [bool],
    /// Sites that may be opened, one flag a site.
    pub allowed: &'a [bool],
}

/// Swaps open sites for closed ones while that lowers the weighted cost and no covered weight of `keep` falls; the best
/// swap first, the lower numbers where two are level. `costs`, `weights` and `penalty` are as in [`nearest_fill`]; the
/// rows of `keep.cover` may be others (merged ones, say).
///
/// Returns all open sites, ascending, as many as were given.
pub fn improve_by_swaps(costs: &CostTable, weights: &[u64], penalty: u64, open: &[u32], keep: &Keep) -> Vec<u32> {
    let penalty = penalty.max(costs.largest_cost());
    let mut flags = vec![false; costs.n_sites()];
    open.iter().for_each(|&s| flags[s as usize] = true);
    loop {
        let nearer = Exchange::of_costs(costs, weights, penalty, &flags);
        let covered: Vec<_> = keep.weights.iter().map(|w| Exchange::of_cover(keep.cover, w, &flags)).collect();
        let mut best = (0, 0, 0);
        for &j in nearer.open().iter().filter(|&&j| !keep.must_stay[j as usize]) {
            let j = j as usize;
            for k in (0..flags.len()).filter(|&k| keep.allowed[k] && !flags[k]) {
                let gain = nearer.swap(j, k);
                if gain > best.0 && covered.iter().all(|covered| covered.swap(j, k) >= 0) {
                    best = (gain, j, k);
                }
            }
        }
        if best.0 == 0 {
            return numbers(&flags);
        }
        flags[best.1] = false;
        flags[best.2] = true;
    }
}

/// Weighted cost of serving each row from its nearest open site, `penalty` where it has none.
pub fn weighted_cost(costs: &CostTable, weights: &[u64], penalty: u64, open: &[u32]) -> u64 {
    let mut flags = vec![false; costs.n_sites()];
    open.iter().for_each(|&s| flags[s as usize] = true);
    (0..weights.len()).map(|r| weights[r] * costs.nearest(r, &flags).map_or(penalty, |(_, cost)| cost)).sum()
}

fn numbers(open: &[bool]) -> Vec<u32> {
    (0..open.len() as u32).filter(|&s| open[s as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows at 0, 4, 10 and sites at 0, 5, 10, 4 on a line; the cost is the distance.
    fn line() -> CostTable {
        let (rows, sites) = ([0_u64, 4, 10], [0_u64, 5, 10, 4]);
        let triples: Vec<_> =
            (0..3).flat_map(|r| (0..4).map(move |s| (r, s, rows[r as usize].abs_diff(sites[s as usize])))).collect();
        CostTable::from_triples(3, 4, &triples).unwrap()
    }

    #[test]
    fn fills_by_least_cost() {
        let costs = line();
        // Site 1 (at 5) stands: 5 + 1 + 5 = 11. Site 0 saves 5, site 2 saves 5, site 3 saves 1 + 1 (row 0 at 4): 0 is
        // first, then 2, then 3 saves row 1's 1.
        assert_eq!(nearest_fill(&costs, &[1; 3], 20, &[1], &[true; 4], 1), [0, 1]);
        assert_eq!(nearest_fill(&costs, &[1; 3], 20, &[1], &[true; 4], 2), [0, 1, 2]);
        assert_eq!(nearest_fill(&costs, &[1; 3], 20, &[1], &[false, true, true, true], 1), [1, 2]);
        // Once everyone stands at a site nothing more is opened.
        assert_eq!(nearest_fill(&costs, &[1; 3], 20, &[0, 2, 3], &[true; 4], 1), [0, 2, 3]);
        // With none open the penalty counts: 0 costs 14, 1: 11, 2: 16, 3: 10.
        assert_eq!(nearest_fill(&costs, &[1; 3], 20, &[], &[true; 4], 1), [3]);
        assert_eq!(weighted_cost(&costs, &[1; 3], 20, &[3]), 10);
        assert_eq!(weighted_cost(&costs, &[1; 3], 20, &[]), 60);
    }

    #[test]
    fn swaps_keep_what_is_covered() {
        let costs = line();
        // Sites 0 and 3 cover row 0, sites 0 and 1 row 1, so that only site 0 covers both.
        let cover = CoverTable::from_pairs(2, 4, &[(0, 0), (0, 3), (1, 0), (1, 1)]).unwrap();
        let free: &[&[u64]] = &[];
        let keep = Keep { cover: &cover, weights: free, must_stay: &[false; 4], allowed: &[true; 4] };
        // Nothing to keep: 14 at site 0 falls to 10 at site 3.
        assert_eq!(improve_by_swaps(&costs, &[1; 3], 20, &[0], &keep), [3]);
        // Both rows must stay covered: only site 0 does that.
        assert_eq!(improve_by_swaps(&costs, &[1; 3], 20, &[0], &Keep { weights: &[&[1, 1]], ..keep }), [0]);
        // Row 0 alone: site 3 covers it too. Row 1 alone: site 1 (11) is the best that covers it.
        assert_eq!(improve_by_swaps(&costs, &[1; 3], 20, &[0], &Keep { weights: &[&[1, 0]], ..keep }), [3]);
        assert_eq!(improve_by_swaps(&costs, &[1; 3], 20, &[0], &Keep { weights: &[&[0, 1]], ..keep }), [1]);
        let stay = &[true, false, false, false];
        assert_eq!(improve_by_swaps(&costs, &[1; 3], 20, &[0], &Keep { must_stay: stay, ..keep }), [0]);
    }
}
